"""From orders to frequency, recency, T and monetary value, by exact days, as Ibis expressions for any engine."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.engine.embedded import as_frame, as_table
from regulars.errors import UserError

if TYPE_CHECKING:
    import ibis.expr.types as ir

COLUMNS = ("customer_id", "ordered_at", "amount")  # of the order log, from which everything here is made
UNIT_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375}  # a month is a twelfth of 365.25 days


def unit_days(time_unit: str) -> float:
    """Days in one time unit.

    Raises
    ------
    UserError
        Where the unit is none of day, week and month.

    Examples
    --------
    >>> unit_days("week")
    7.0
    """
    if time_unit not in UNIT_DAYS:
        raise UserError(f"params.yaml: value.time_unit is '{time_unit}': write one of {', '.join(UNIT_DAYS)}.")
    return UNIT_DAYS[time_unit]


def month_before(day) -> pd.Timestamp:
    """Day of the last period: the same day of the month before, from the last day of a month the last of that before.

    Examples
    --------
    >>> month_before("2026-06-30").date().isoformat(), month_before("2026-03-30").date().isoformat()
    ('2026-05-31', '2026-02-28')
    """
    day = pd.Timestamp(day).normalize()
    return day - pd.offsets.MonthEnd(1) if day.is_month_end else day - pd.DateOffset(months=1)


def purchase_days(orders: "ir.Table", *, zero_spend_is_purchase: bool = False) -> "ir.Table":
    """Purchase occasions: one row per customer and day with positive net spend.

    Parameters
    ----------
    orders : ibis Table
        Columns customer_id, ordered_at, amount.
    zero_spend_is_purchase : bool
        Count days whose net spend is exactly zero as well, as the published CDNOW numbers do.

    Returns
    -------
    ibis Table
        customer_id, day, amount (net spend of the day, exact decimal).
    """
    # decimals: an engine's sum of floats depends on the order in which threads finish
    days = orders.group_by(orders.customer_id, day=orders.ordered_at.cast("date")).aggregate(
        amount=orders.amount.cast("decimal(18, 4)").sum().cast("decimal(18, 4)")
    )
    return days.filter(days.amount >= 0 if zero_spend_is_purchase else days.amount > 0)


def purchase_log(orders: pd.DataFrame, *, zero_spend_is_purchase: bool = False) -> pd.DataFrame:
    """Purchase occasions as a frame.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    zero_spend_is_purchase : bool
        As for `rfm_summary`.

    Returns
    -------
    pandas.DataFrame
        One row per customer and purchase day, sorted: customer_id, day (date), amount (net spend of the day).

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "ordered_at": pd.to_datetime(["2024-01-01 09:00", "2024-01-01 17:00"]),
    ...     "amount": [10.0, 20.0]})
    >>> purchase_log(orders)
      customer_id        day  amount
    0           a 2024-01-01    30.0
    """
    table = as_table(orders[["customer_id", "ordered_at", "amount"]])
    days = purchase_days(table, zero_spend_is_purchase=zero_spend_is_purchase)
    return as_frame(days.mutate(amount=days.amount.cast("float64")).order_by("customer_id", "day"))


@cache
def _first_amount():
    """Amount of the earliest day: of a customer's days no two are the same, so that none has to be sorted."""
    import ibis

    @ibis.udf.agg.builtin(name="min_by", signature=(("decimal(18, 4)", "date"), "decimal(18, 4)"))
    def first_amount(amount, day):
        """DuckDB's and Spark's own."""

    return first_amount


def customer_days(orders: "ir.Table", observation_end: date, *, zero_spend_is_purchase: bool = False) -> "ir.Table":
    """What is known of each customer, in whole days and exact money, to be run where the orders live.

    Parameters
    ----------
    orders : ibis Table
        Columns customer_id, ordered_at, amount.
    observation_end : date
        Last day observed; later orders are left out.
    zero_spend_is_purchase : bool
        As for `rfm_summary`.

    Returns
    -------
    ibis Table
        One row per customer with a purchase occasion: customer_id, first_ordered_at, last_ordered_at, frequency,
        recency_days, T_days (int32), monetary_value, spend (float64), as in `rfm_summary`.
    """
    import ibis

    end = ibis.literal(pd.Timestamp(observation_end).date(), type="date")
    # by the column as it is stored: an engine then knows from a file's statistics that nothing is later
    seen = orders.filter(orders.ordered_at < pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1))
    days = purchase_days(seen, zero_spend_is_purchase=zero_spend_is_purchase)
    # the first day's money is taken off again: no window over all purchase days, and a customer's days are unique
    known = days.group_by("customer_id").aggregate(
        first_ordered_at=days.day.min(),
        last_ordered_at=days.day.max(),
        occasions=days.count(),
        paid=(days.amount > 0).sum() if zero_spend_is_purchase else days.count(),  # else every occasion is paid
        first_amount=_first_amount()(days.amount, days.day),
        spend=days.amount.sum(),
    )
    paid_repeats = known.paid - (known.first_amount > 0).cast("int64")
    repeat_spend = (known.spend - known.first_amount).cast("float64")
    recency, age = (day.delta(known.first_ordered_at, unit="day") for day in (known.last_ordered_at, end))
    return known.select(
        "customer_id",
        "first_ordered_at",
        "last_ordered_at",
        frequency=(known.occasions - 1).cast("int32"),
        recency_days=recency.cast("int32"),
        T_days=age.cast("int32"),
        monetary_value=ibis.ifelse(paid_repeats > 0, repeat_spend / paid_repeats.cast("float64"), ibis.null("float64")),
        spend=known.spend.cast("float64"),
    )


def rfm_expression(
    orders: "ir.Table", observation_end: date, time_unit: str = "week", *, zero_spend_is_purchase: bool = False
) -> "ir.Table":
    """Expression behind `rfm_summary`, to be run where the orders live.

    Parameters and columns are those of `rfm_summary`; orders after ``observation_end`` are left out.
    """
    days_per_unit = unit_days(time_unit)
    known = customer_days(orders, observation_end, zero_spend_is_purchase=zero_spend_is_purchase)
    return known.select(
        "customer_id",
        "first_ordered_at",
        "last_ordered_at",
        frequency=known.frequency.cast("int64"),
        recency=known.recency_days.cast("float64") / days_per_unit,
        T=known.T_days.cast("float64") / days_per_unit,
        monetary_value=known.monetary_value,
        spend=known.spend,
    ).order_by("customer_id")


def rfm_summary(
    orders: pd.DataFrame, observation_end: date, time_unit: str = "week", *, zero_spend_is_purchase: bool = False
) -> pd.DataFrame:
    """How often, how recently and for how much each customer has bought.

    Parameters
    ----------
    orders : pandas.DataFrame
        One row per order: customer_id (text), ordered_at (timestamp), amount (money).
    observation_end : date
        Last day of the observation; later orders are left out.
    time_unit : {"day", "week", "month"}
        Unit of recency and T: exact days divided by its length, never calendar periods.
    zero_spend_is_purchase : bool
        Whether a day with a net spend of exactly zero is a purchase occasion.

    Returns
    -------
    pandas.DataFrame
        One row per customer with a purchase occasion, sorted by customer_id: first_ordered_at, last_ordered_at,
        frequency (repeat purchase days, x in the literature), recency (age at the last purchase, t_x), T (age at
        ``observation_end``), monetary_value (mean spend of the repeat days with positive spend; NaN where there is
        none), spend (past net spend of the purchase days, first one included).

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24, 275-284: the summary (x, t_x, T).

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "a", "b"],
    ...     "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-15"]),
    ...     "amount": [10.0, 20.0, 40.0, 5.0],
    ... })
    >>> rfm_summary(orders, date(2024, 1, 29))[["customer_id", "frequency", "recency", "T", "monetary_value"]]
      customer_id  frequency  recency    T  monetary_value
    0           a          2      2.0  4.0            30.0
    1           b          0      0.0  2.0             NaN
    """
    table = as_table(orders[["customer_id", "ordered_at", "amount"]])
    return as_frame(rfm_expression(table, observation_end, time_unit, zero_spend_is_purchase=zero_spend_is_purchase))


def holdout_split(
    orders: pd.DataFrame,
    cutoff: date,
    observation_end: date,
    time_unit: str = "week",
    *,
    zero_spend_is_purchase: bool = False,
) -> pd.DataFrame:
    """What was known at a cutoff, beside what came afterwards.

    Parameters
    ----------
    orders, time_unit, zero_spend_is_purchase
        As for `rfm_summary`.
    cutoff : date
        Last day of the calibration period.
    observation_end : date
        Last day of the hold-out, included.

    Returns
    -------
    pandas.DataFrame
        `rfm_summary` as of the cutoff, with holdout_orders (purchase days after the cutoff) and holdout_spend.

    Raises
    ------
    UserError
        Where the cutoff leaves no calibration or no hold-out.
    """
    import ibis

    _check_cutoff(cutoff, observation_end, orders["ordered_at"].min())
    calibration = rfm_summary(orders, cutoff, time_unit, zero_spend_is_purchase=zero_spend_is_purchase)
    table = as_table(orders[["customer_id", "ordered_at", "amount"]])
    days = purchase_days(table, zero_spend_is_purchase=zero_spend_is_purchase)
    start, end = (ibis.literal(pd.Timestamp(day).date(), type="date") for day in (cutoff, observation_end))
    after = days.filter((days.day > start) & (days.day <= end))
    counted = after.group_by("customer_id").aggregate(
        holdout_orders=after.count().cast("int64"), holdout_spend=after.amount.sum().cast("float64")
    )
    joined = calibration.merge(as_frame(counted), on="customer_id", how="left", validate="one_to_one")
    # a customer without a purchase day in a period that was observed has bought nothing in it: a true zero
    return joined.fillna({"holdout_orders": 0, "holdout_spend": 0.0}).astype({"holdout_orders": "int64"})


def _check_cutoff(cutoff, observation_end, first):
    last = pd.Timestamp(observation_end)
    if not first.normalize() <= pd.Timestamp(cutoff) < last:
        raise UserError(
            f"The cutoff {pd.Timestamp(cutoff).date()} lies outside the orders "
            f"({first.date()} to {last.date()}): name a day between them."
        )


def log_of(orders: pd.DataFrame, *, zero_spend_is_purchase: bool = False) -> tuple["Purchases", pd.DataFrame]:
    """Purchase occasions of an order log, and the log with customers by number, which are compared faster than ids.

    Parameters
    ----------
    orders, zero_spend_is_purchase
        As for `purchase_log`.

    Returns
    -------
    (Purchases, pandas.DataFrame)
        The numbers are those of a first appearance, not places in ``Purchases.customers``.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["b", "a"], "ordered_at": pd.to_datetime(["2024-01-01"] * 2),
    ...     "amount": [10.0, 20.0]})
    >>> log, numbered = log_of(orders)
    >>> log.customers.tolist(), numbered["customer_id"].tolist()
    (['a', 'b'], [0, 1])
    """
    number, customers = pd.factorize(orders["customer_id"])
    log = Purchases.of_numbered(number, customers, orders, zero_spend_is_purchase=zero_spend_is_purchase)
    return log, orders.assign(customer_id=number)


PARTS = 10_000  # money is counted in whole ten-thousandths, as the engine's decimals are


@dataclass(frozen=True)
class Purchases:
    """Purchase occasions in memory, from which summaries at many cutoffs are made without asking the engine again.

    Parameters
    ----------
    customers : pandas.Series
        Ids, sorted.
    code, day, money : numpy.ndarray of int
        Of each occasion, sorted by customer and day: position in ``customers``, days since 1970, ten-thousandths.
    first, last : pandas.Timestamp
        Days of the first and of the last order in the log, purchase or not.
    drawn_from : int
        Customers of the log of which these are a sample; 0: these are all.
    """

    customers: pd.Series
    code: np.ndarray
    day: np.ndarray
    money: np.ndarray
    first: pd.Timestamp
    last: pd.Timestamp
    drawn_from: int = 0

    @classmethod
    def of(cls, orders, *, zero_spend_is_purchase: bool = False) -> "Purchases":
        """Occasions of an order log; given occasions, the same.

        Parameters
        ----------
        orders : pandas.DataFrame or Purchases
            customer_id, ordered_at, amount; at least one row.
        zero_spend_is_purchase : bool
            As for `rfm_summary`.

        Returns
        -------
        Purchases

        Examples
        --------
        >>> orders = pd.DataFrame({
        ...     "customer_id": ["a", "a"], "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-15"]),
        ...     "amount": [10.0, 20.0]})
        >>> Purchases.of(orders).summary(date(2024, 1, 29))[["customer_id", "frequency", "recency", "T"]]
          customer_id  frequency  recency    T
        0           a          1      2.0  4.0
        """
        if isinstance(orders, cls):
            return orders
        numbered = pd.factorize(orders["customer_id"])
        return cls.of_numbered(*numbered, orders, zero_spend_is_purchase=zero_spend_is_purchase)

    @classmethod
    def of_numbered(cls, number, customers, orders, *, zero_spend_is_purchase: bool = False) -> "Purchases":
        """Occasions of an order log whose customers are numbered already; the same as `of`, and as `purchase_log`.

        Parameters
        ----------
        number : array of int
            Of each order, the place of its customer in ``customers``.
        customers : array
            Ids, each once.
        orders : pandas.DataFrame
            ordered_at, amount.
        zero_spend_is_purchase : bool
            As for `rfm_summary`.

        Returns
        -------
        Purchases
        """
        ids = pd.Series(customers, dtype=customers.dtype, name="customer_id")
        in_order = ids.argsort(kind="stable").to_numpy()  # text by its code points, as an engine compares it
        rank = np.empty(len(ids), dtype=np.int64)
        rank[in_order] = np.arange(len(ids))
        day = orders["ordered_at"].to_numpy("datetime64[D]").astype(np.int64)
        money = np.rint(orders["amount"].to_numpy(float) * PARTS).astype(np.int64)
        first, last = int(day.min()), int(day.max())
        key = rank[number] * (last - first + 1) + (day - first)
        by_key = np.argsort(key)
        key = key[by_key]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        spent = np.add.reduceat(money[by_key], starts)
        counted = spent >= 0 if zero_spend_is_purchase else spent > 0
        code, since = np.divmod(key[starts[counted]], last - first + 1)
        known = np.bincount(code, minlength=len(ids)) > 0  # others never bought
        span = (pd.Timestamp(np.datetime64(end, "D")).as_unit("us") for end in (first, last))
        return cls(
            ids.iloc[in_order[known]].reset_index(drop=True),
            (np.cumsum(known) - 1)[code],
            since + first,
            spent[counted],
            *span,
        )

    @classmethod
    def of_days(cls, days: pd.DataFrame) -> "Purchases":
        """Occasions of a frame of purchase days, which need no engine.

        Parameters
        ----------
        days : pandas.DataFrame
            customer_id, day, amount, as `purchase_log` gives them; at least one row.

        Returns
        -------
        Purchases
            ``first`` and ``last`` are those of purchase days.
        """
        code, customers = pd.factorize(days["customer_id"])
        number = days["day"].to_numpy("datetime64[D]").astype(np.int64)
        money = np.rint(days["amount"].to_numpy(float) * PARTS).astype(np.int64)
        customers = pd.Series(customers, dtype=days["customer_id"].dtype, name="customer_id")
        return cls(customers, code, number, money, days["day"].min(), days["day"].max())

    def __len__(self) -> int:
        """Occasions."""
        return len(self.code)

    def sample(self, customers: int, seed: int = 0) -> "Purchases":
        """Occasions of so many customers drawn at random, or all where there are no more.

        Parameters
        ----------
        customers : int
        seed : int

        Returns
        -------
        Purchases
            ``first`` and ``last`` stay those of the whole log.

        Examples
        --------
        >>> orders = pd.DataFrame({
        ...     "customer_id": list("abcd"), "ordered_at": pd.to_datetime(["2024-01-01"] * 4), "amount": [10.0] * 4})
        >>> part = Purchases.of(orders).sample(3)
        >>> len(part.customers), part.drawn_from, len(Purchases.of(orders).sample(9).customers)
        (3, 4, 4)
        """
        if len(self.customers) <= customers:
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self.customers), customers, replace=False))
        place = np.full(len(self.customers), -1)
        place[chosen] = np.arange(customers)
        inside = place[self.code] >= 0
        return Purchases(
            customers=self.customers.iloc[chosen].reset_index(drop=True),
            code=place[self.code[inside]],
            day=self.day[inside],
            money=self.money[inside],
            first=self.first,
            last=self.last,
            drawn_from=len(self.customers),
        )

    def occasions(self) -> pd.DataFrame:
        """One row per occasion, sorted by customer and day: customer_id (position in ``customers``), day."""
        days = pd.Series(self.day.astype("datetime64[D]")).astype("datetime64[us]")
        return pd.DataFrame({"customer_id": self.code, "day": days})

    def histories(self, day) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Place in ``customers``, occasions, and days of the first and last of them, of those who had ordered by a day.

        Examples
        --------
        >>> orders = pd.DataFrame({
        ...     "customer_id": ["a", "a"], "ordered_at": pd.to_datetime(["1970-01-03", "1970-01-08"]), "amount": 1.0})
        >>> [found.tolist() for found in Purchases.of(orders).histories("1970-01-05")]
        [[0], [1], [2], [2]]
        """
        seen = self.day <= day_number(day)
        code, days = self.code[seen], self.day[seen]
        starts = np.flatnonzero(np.diff(code, prepend=-1))
        occasions = np.diff(starts, append=code.size)
        return code[starts], occasions, days[starts], days[starts + occasions - 1]

    def summary(self, observation_end, time_unit: str = "week") -> pd.DataFrame:
        """Same as `rfm_summary`, to the last bit."""
        days_per_unit, end = unit_days(time_unit), day_number(observation_end)
        place, occasions, first, last = self.histories(observation_end)
        money = self.money[self.day <= end]
        starts = np.cumsum(occasions) - occasions
        spend, paid = (
            np.add.reduceat(each, starts) if starts.size else starts for each in (money, (money > 0).astype(np.int64))
        )
        first_money = money[starts]
        paid = paid - (first_money > 0)
        mean = np.divide((spend - first_money) / PARTS, paid, out=np.full(starts.size, np.nan), where=paid > 0)
        dates = {"first_ordered_at": first, "last_ordered_at": last}
        return pd.DataFrame(
            {
                "customer_id": self.customers.iloc[place].reset_index(drop=True),
                **{
                    name: pd.Series(days.astype("datetime64[D]")).astype("datetime64[us]")
                    for name, days in dates.items()
                },
                "frequency": occasions - 1,
                "recency": (last - first) / days_per_unit,
                "T": (end - first) / days_per_unit,
                "monetary_value": mean,
                "spend": spend / PARTS,
            }
        )

    def split(self, cutoff, observation_end, time_unit: str = "week") -> pd.DataFrame:
        """Same as `holdout_split`, to the last bit."""
        _check_cutoff(cutoff, observation_end, self.first)
        table = self.summary(cutoff, time_unit)
        counts, money = self.between(cutoff, observation_end)
        known = self.known(cutoff)
        return table.assign(holdout_orders=counts[known], holdout_spend=money[known] / PARTS)

    def known(self, day) -> np.ndarray:
        """Places in ``customers`` of those who had ordered by a day, in the order of `summary`."""
        return np.flatnonzero(np.bincount(self.code[self.day <= day_number(day)], minlength=len(self.customers)))

    def between(self, start, end) -> tuple[np.ndarray, np.ndarray]:
        """Occasions after one day and up to another, last one included, of every customer, and their money in parts."""
        inside = (self.day > day_number(start)) & (self.day <= day_number(end))
        counts = np.bincount(self.code[inside], minlength=len(self.customers))
        money = np.zeros(len(self.customers), dtype=np.int64)
        np.add.at(money, self.code[inside], self.money[inside])
        return counts, money


def day_number(day) -> int:
    """Days since 1970.

    Examples
    --------
    >>> day_number("1970-02-01")
    31
    """
    return int(np.datetime64(pd.Timestamp(day).date(), "D").astype(np.int64))
