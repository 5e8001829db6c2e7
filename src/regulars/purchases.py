"""Purchases: on which days each customer bought, the one set of facts under every count of orders."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import Refusal
from regulars.frames import TIME_UNIT, check_columns, check_filled, check_kinds, dates_in
from regulars.showing import Shown, picture

COLUMNS = ("customer_id", "ordered_at", "amount")  # of the order log, from which purchases are made
COLUMN_OPTIONS = ("customer_id_col", "datetime_col", "monetary_value_col")  # which name others, as `lifetimes` does
UNIT_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375}  # a month is a twelfth of 365.25 days
NONE = np.empty(0, dtype=np.int64)
PARTS = 10_000  # money is counted in whole ten-thousandths, as the engine's decimals are
SAMPLED = (
    "The order log is a sample (orders_sampled in its source), so that whether a customer orders again cannot be seen: "
    "supply all orders of the customers."
)


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
        raise UserError(f"time_unit is '{time_unit}': write one of {', '.join(UNIT_DAYS)}.")
    return UNIT_DAYS[time_unit]


def followed(log, orders_sampled: bool):
    """Purchases, or orders, by which customers can be followed: those given, unless they are a sample.

    Of a sample no rate of coming back is told, not even a careful one, since it would be that of the sample.

    Parameters
    ----------
    log : regulars.purchases.Purchases or pandas.DataFrame
        All of the dataset.
    orders_sampled : bool
        Whether the source says that its orders are a sample.

    Returns
    -------
    the log, or a Refusal that says why not

    Examples
    --------
    >>> followed("all orders", orders_sampled=False)
    'all orders'
    """
    return Refusal(SAMPLED) if orders_sampled else log


def month_before(day) -> pd.Timestamp:
    """Day of the last period: the same day of the month before, from the last day of a month the last of that before.

    Examples
    --------
    >>> month_before("2026-06-30").date().isoformat(), month_before("2026-03-30").date().isoformat()
    ('2026-05-31', '2026-02-28')
    """
    day = pd.Timestamp(day).normalize()
    return day - pd.offsets.MonthEnd(1) if day.is_month_end else day - pd.DateOffset(months=1)


def months_on(day, months) -> pd.DatetimeIndex:
    """Days that lie so many calendar months after a day (before it where negative); past a month's end its last day.

    Parameters
    ----------
    day : date
    months : sequence of int

    Returns
    -------
    pandas.DatetimeIndex
        In increasing order where the months are.

    Examples
    --------
    >>> months_on("2026-07-01", [-1, 0, 8]).strftime("%Y-%m-%d").tolist()
    ['2026-06-01', '2026-07-01', '2027-03-01']
    """
    day, (each, place) = pd.Timestamp(day).normalize(), np.unique(np.asarray(months, int), return_inverse=True)
    return pd.DatetimeIndex([day + pd.DateOffset(months=int(one)) for one in each]).as_unit("us")[place]


def day_number(day) -> int:
    """Days since 1970.

    Examples
    --------
    >>> day_number("1970-02-01")
    31
    """
    return int(np.datetime64(pd.Timestamp(day).date(), "D").astype(np.int64))


def day_numbers(moments) -> np.ndarray:
    """Days since 1970 of many moments; the time of day is left out.

    Examples
    --------
    >>> day_numbers(pd.Series(pd.to_datetime(["1970-02-01 00:00", "1970-02-01 18:00"]))).tolist()
    [31, 31]
    """
    return pd.to_datetime(moments).to_numpy("datetime64[D]").astype(np.int64)


def dates_of(days: np.ndarray) -> pd.Series:
    """Dates of days since 1970.

    Examples
    --------
    >>> dates_of(np.array([31])).tolist()
    [Timestamp('1970-02-01 00:00:00')]
    """
    return pd.Series(days.astype("datetime64[D]").astype("datetime64[us]"))


def by_number(orders: pd.DataFrame) -> tuple[pd.DataFrame, pd.Index]:
    """An order log with customers by number, as numbers are compared faster than ids, and the id of each number.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id and other columns.

    Returns
    -------
    (pandas.DataFrame, pandas.Index)
        The numbers are those of a first appearance, not places in ``Purchases.customers``.

    Examples
    --------
    >>> numbered, ids = by_number(pd.DataFrame({"customer_id": ["b", "a", "b"]}))
    >>> numbered["customer_id"].tolist(), list(ids)
    ([0, 1, 0], ['b', 'a'])
    """
    number, ids = pd.factorize(orders["customer_id"])
    return orders.assign(customer_id=number), ids


def _log(orders: pd.DataFrame, names: tuple[str, str, str], datetime_format: str | None) -> pd.DataFrame:
    """The three columns of an order log under the names that they have here, checked."""
    where = "Purchases.of"
    check_columns(orders, where, dict(zip(names, COLUMN_OPTIONS, strict=True)))
    log = orders[list(names)]
    check_kinds(log, where, {names[2]: "numbers"})
    check_filled(log, where)
    moments = dates_in(log[names[1]], where, datetime_format)
    return log.set_axis(COLUMNS, axis=1).assign(ordered_at=moments)


@dataclass(frozen=True, eq=False, repr=False)
class Purchases(Shown):
    """One row per customer and purchase day, as arrays: ids are compared once, when they are made.

    A purchase day is one with positive net spend or, where that was asked for, with none.

    Parameters
    ----------
    customers : pandas.Series
        Ids of those who ever bought, sorted.
    code, day, money : numpy.ndarray of int
        Of each purchase, sorted by customer and day: place in ``customers``, days since 1970, ten-thousandths.
    first, last : pandas.Timestamp
        Days of the first and of the last order in the log, purchase or not.
    drawn_from : int
        Customers of the log of which these are a sample; 0: these are all.
    credits : (numpy.ndarray, numpy.ndarray, numpy.ndarray) of int
        Code, day and money (below zero) of the days on which more came back than was bought: no purchases, but money
        that is no longer spent.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["b", "a", "a"], "ordered_at": pd.to_datetime(["2026-01-09", "2026-01-05", "2026-02-01"]),
    ...     "amount": [5.0, 10.0, 20.0]})
    >>> purchases = Purchases.of(orders)
    >>> purchases.customers.tolist(), purchases.frequency.tolist(), purchases.until("2026-01-31").frequency.tolist()
    (['a', 'b'], [1, 0], [0, 0])
    """

    customers: pd.Series
    code: np.ndarray
    day: np.ndarray
    money: np.ndarray
    first: pd.Timestamp
    last: pd.Timestamp
    drawn_from: int = 0
    credits: tuple[np.ndarray, np.ndarray, np.ndarray] = (NONE, NONE, NONE)

    @classmethod
    def of(
        cls,
        orders: pd.DataFrame,
        ids: pd.Index | None = None,
        *,
        zero_spend_is_purchase: bool = False,
        customer_id_col: str = "customer_id",
        datetime_col: str = "ordered_at",
        monetary_value_col: str = "amount",
        datetime_format: str | None = None,
    ) -> "Purchases":
        """Purchases of an order log.

        Parameters
        ----------
        orders : pandas.DataFrame
            One row per order: customer_id (text), ordered_at (timestamp), amount (money).
        ids : pandas.Index, optional
            Of `by_number`, where customers are numbered already.
        zero_spend_is_purchase : bool
            Whether a day with a net spend of exactly zero is a purchase day, as in the published CDNOW numbers.
        customer_id_col, datetime_col, monetary_value_col : str
            Names of the three columns, where yours are called otherwise.
        datetime_format : str, optional
            Of dates that are written as text or numbers, such as ``"%Y%m%d"``; text without one is read as pandas
            reads it. Of times with a zone the local day counts.

        Returns
        -------
        Purchases

        Raises
        ------
        UserError
            Where a column is not there, or holds something else than dates, or money, or nothing: it names the row.

        Examples
        --------
        >>> orders = pd.DataFrame({
        ...     "customer_id": ["a", "a", "a", "b"], "amount": [10.0, 5.0, 7.0, 0.0],
        ...     "ordered_at": pd.to_datetime(["2026-01-05", "2026-01-05", "2026-02-01", "2026-01-09"])})
        >>> Purchases.of(orders).frame()[["customer_id", "amount", "occasion"]].to_numpy().tolist()
        [['a', 15.0, 0], ['a', 7.0, 1]]
        >>> len(Purchases.of(orders, zero_spend_is_purchase=True))
        3
        """
        orders = _log(orders, (customer_id_col, datetime_col, monetary_value_col), datetime_format)
        number, ids = pd.factorize(orders["customer_id"]) if ids is None else (orders["customer_id"].to_numpy(), ids)
        ids = pd.Series(ids, dtype=ids.dtype, name="customer_id")
        if not len(orders):
            return cls(ids, NONE, NONE, NONE, pd.NaT, pd.NaT)
        in_order = ids.argsort(kind="stable").to_numpy()  # text by its code points, as an engine compares it
        rank = np.empty(len(ids), dtype=np.int64)
        rank[in_order] = np.arange(len(ids))
        day = day_numbers(orders["ordered_at"])
        money = np.rint(orders["amount"].to_numpy(float) * PARTS).astype(np.int64)
        first, last = int(day.min()), int(day.max())
        key = rank[number] * (last - first + 1) + (day - first)
        by_key = np.argsort(key)
        key = key[by_key]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        spent = np.add.reduceat(money[by_key], starts)
        counted = spent >= 0 if zero_spend_is_purchase else spent > 0
        code, since = np.divmod(key[starts], last - first + 1)
        known = np.bincount(code[counted], minlength=len(ids)) > 0  # others never bought
        customers = ids.iloc[in_order[known]].reset_index(drop=True)
        back = (spent < 0) & known[code]
        place = np.cumsum(known) - 1
        bought, credits = ((place[code[rows]], since[rows] + first, spent[rows]) for rows in (counted, back))
        begin, end = dates_of(np.array([first, last]))
        return cls(customers, *bought, begin, end, credits=credits)

    def __len__(self) -> int:
        """Purchase days of all customers."""
        return len(self.code)

    def __repr__(self) -> str:
        """Customers, purchase days and the stretch of the log."""
        if not len(self.code):
            return "Purchases: none"
        part = f" (drawn from {self.drawn_from:,})" if self.drawn_from else ""
        return (
            f"Purchases: {len(self.customers):,} customers{part}, {len(self):,} purchase days, "
            f"{self.first.date()} to {self.last.date()}"
        )

    def _frames(self) -> dict[str, pd.DataFrame]:
        return {"purchases": self.frame()}

    def plot(self):
        """Purchase days by week, first and repeated ones: whole weeks from the first day on."""
        weeks = (int(day_number(self.last)) + 1 - day_number(self.first)) // 7
        week = (self.day - day_number(self.first)) // 7
        counts = [np.bincount(week[(week < weeks) & rows], minlength=weeks) for rows in (self.is_first, ~self.is_first)]
        start = dates_of(day_number(self.first) + 7 * np.arange(weeks))
        series = zip(("first", "repeat"), counts, strict=True)
        frame = pd.concat([pd.DataFrame({"week": start, "purchases": n, "kind": kind}) for kind, n in series])
        return picture("lines", frame, x="week", y="purchases", by="kind", x_title="week from", y_title="purchase days",
                       x_format="{:%Y-%m-%d}".format)  # fmt: skip

    def until(self, day) -> "Purchases":
        """What was known at the end of a day: later purchases, and customers with no earlier ones, are left out."""
        end = pd.Timestamp(day).normalize()
        if self.last <= end:
            return self
        seen = self.day <= day_number(end)
        begins = np.diff(self.code[seen], prepend=-1) > 0
        kept = self.code[seen][begins]
        return replace(
            self,
            customers=self.customers.iloc[kept].reset_index(drop=True),
            code=np.cumsum(begins) - 1,
            day=self.day[seen],
            money=self.money[seen],
            last=min(self.last, end),
            credits=self._credits_of(kept, self.credits[1] <= day_number(end)),
        )

    def _credits_of(self, kept: np.ndarray, seen=True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Credits of some customers, whose new codes are their places among those kept."""
        place = np.full(len(self.customers), -1)
        place[kept] = np.arange(len(kept))
        code, day, money = self.credits
        inside = seen & (place[code] >= 0)
        return place[code[inside]], day[inside], money[inside]

    def sample(self, customers: int, seed: int = 0) -> "Purchases":
        """Purchases of so many customers drawn at random, or all where there are no more.

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
        return replace(self._part(chosen), drawn_from=len(self.customers))

    def among(self, customer_id: pd.Series) -> "Purchases":
        """Purchases of some customers alone; ids that are none of them count for nothing.

        Examples
        --------
        >>> orders = pd.DataFrame({"customer_id": list("abc"), "ordered_at": pd.to_datetime(["2024-01-01"] * 3)})
        >>> Purchases.of(orders.assign(amount=1.0)).among(pd.Series(["c", "a", "c", "x"])).customers.tolist()
        ['a', 'c']
        """
        places = np.unique(self.places(customer_id))
        return self._part(places[places >= 0])

    def _part(self, chosen: np.ndarray) -> "Purchases":
        """Those of the customers at some places, in order."""
        place = np.full(len(self.customers), -1)
        place[chosen] = np.arange(len(chosen))
        inside = place[self.code] >= 0
        return replace(
            self,
            customers=self.customers.iloc[chosen].reset_index(drop=True),
            code=place[self.code[inside]],
            day=self.day[inside],
            money=self.money[inside],
            credits=self._credits_of(chosen),
        )

    def frame(self) -> pd.DataFrame:
        """The purchases to be looked at.

        Returns
        -------
        pandas.DataFrame
            customer_id, day (date), amount (net spend of the day, currency), occasion (0 for the customer's first).
        """
        ids = self.customers.iloc[self.code].reset_index(drop=True)
        return pd.DataFrame(
            {"customer_id": ids, "day": dates_of(self.day), "amount": self.amount, "occasion": self.occasion}
        )

    # of each purchase

    @cached_property
    def amount(self) -> np.ndarray:
        """Net spend of each purchase day, currency."""
        return self.money / PARTS

    @property
    def returned(self) -> float:
        """Money of the days on which more came back than was bought, currency; above zero."""
        return float(-self.credits[2].sum() / PARTS)

    @property
    def occasion(self) -> np.ndarray:
        """Number of each purchase among those of its customer; 0 is the first."""
        return np.arange(len(self)) - self.starts[self.code]

    @property
    def gaps(self) -> np.ndarray:
        """Days since the customer's purchase before each; 0 for the first."""
        return np.where(self.is_first, 0, np.diff(self.day, prepend=0))

    @property
    def is_first(self) -> np.ndarray:
        """Whether each purchase is the customer's first."""
        return self._marked(self.starts)

    @property
    def is_last(self) -> np.ndarray:
        """Whether each purchase is the customer's last."""
        return self._marked(self.starts + self.frequency)

    def _marked(self, rows: np.ndarray) -> np.ndarray:
        marked = np.zeros(len(self), bool)
        marked[rows] = True
        return marked

    # of each customer

    @cached_property
    def starts(self) -> np.ndarray:
        """Row of each customer's first purchase."""
        return np.flatnonzero(np.diff(self.code, prepend=-1))

    @cached_property
    def frequency(self) -> np.ndarray:
        """Repeat purchase days of each customer."""
        return np.diff(self.starts, append=len(self)) - 1

    @cached_property
    def first_days(self) -> np.ndarray:
        """First purchase day of each customer, days since 1970."""
        return self.day[self.starts]

    @cached_property
    def last_days(self) -> np.ndarray:
        """Last purchase day of each customer, days since 1970."""
        return self.day[self.starts + self.frequency]

    @property
    def days_before_last(self) -> np.ndarray:
        """Last but one purchase day of each customer, days since 1970; of one-time buyers the only one."""
        return self.day[self.starts + np.maximum(self.frequency - 1, 0)]

    @property
    def first_gaps(self) -> np.ndarray:
        """Days between first and second purchase of those who came back."""
        return self.gaps[self.starts[self.frequency > 0] + 1]

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.customers)

    def places(self, customer_id: pd.Series | pd.Index) -> np.ndarray:
        """Place of each of some ids among the customers; −1 where it is none of them.

        Examples
        --------
        >>> orders = pd.DataFrame({"customer_id": ["a", "b"], "ordered_at": pd.to_datetime(["2026-01-05"] * 2)})
        >>> Purchases.of(orders.assign(amount=1.0)).places(pd.Series(["b", "c"])).tolist()
        [1, -1]
        """
        if len(self.customers) == len(customer_id) and (self.customers.to_numpy() == customer_id.to_numpy()).all():
            return np.arange(len(customer_id))  # the usual case, and by far the fastest
        return self._index.get_indexer(pd.Index(customer_id))

    def known(self, day) -> np.ndarray:
        """Places in ``customers`` of those who had bought by a day, in the order of `summary`."""
        return np.flatnonzero(self.first_days <= day_number(day))

    def between(self, after, until) -> np.ndarray:
        """Purchase days of each customer after one day and up to another, last one included."""
        return np.bincount(self.code[self._inside(after, until)], minlength=len(self.customers))

    def bought(self, after, until) -> np.ndarray:
        """Whether each customer bought after one day and up to another, last one included."""
        return self.between(after, until) > 0

    def _inside(self, after, until) -> np.ndarray:
        return (self.day > day_number(after)) & (self.day <= day_number(until))

    @cached_property
    def _keys(self) -> np.ndarray:
        """One number for customer and day of each purchase, sorted as they are."""
        return self.code * self._span + self.day - self._base

    @cached_property
    def _base(self) -> int:
        return int(self.day.min(initial=0)) - 1

    @cached_property
    def _span(self) -> int:
        return int(self.day.max(initial=0)) - self._base + 1

    def up_to(self, places: np.ndarray, days: np.ndarray) -> np.ndarray:
        """How many purchase days each of some customers had by a day of their own, last one included.

        Parameters
        ----------
        places : numpy.ndarray of int
            In ``customers``; −1 for somebody who is none of them, and has none.
        days : numpy.ndarray of int
            Days since 1970.

        Examples
        --------
        >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
        ...                        "ordered_at": pd.to_datetime(["1970-01-03", "1970-01-08", "1970-01-05"])})
        >>> Purchases.of(orders).up_to(np.array([0, 0, 1, -1]), np.array([2, 9, 3, 9])).tolist()
        [1, 2, 0, 0]
        """
        sought = places * self._span + np.clip(days - self._base, 0, self._span - 1)
        before = np.append(self.starts, 0)[places]  # somebody at −1 stands behind all customers
        return np.where(places >= 0, np.searchsorted(self._keys, sought, side="right") - before, 0)

    def next_days(self, places: np.ndarray, days: np.ndarray) -> np.ndarray:
        """Day of the first purchase of each of some customers after a day of their own; NaN where none came.

        Parameters
        ----------
        places, days
            As for `up_to`.

        Returns
        -------
        numpy.ndarray of float
            Days since 1970.

        Examples
        --------
        >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "amount": 1.0,
        ...                        "ordered_at": pd.to_datetime(["1970-01-03", "1970-01-08"])})
        >>> Purchases.of(orders).next_days(np.array([0, 0, -1]), np.array([2, 7, 2])).tolist()
        [7.0, nan, nan]
        """
        row = np.append(self.starts, 0)[places] + self.up_to(places, days)
        came = (places >= 0) & (row < np.append(self.starts[1:], [len(self), 0])[places])
        return np.where(came, np.append(self.day, 0)[np.where(came, row, -1)], np.nan)

    def summary(self, observation_end, time_unit: str = "week") -> pd.DataFrame:
        """How often, how recently and for how much each customer has bought.

        Parameters
        ----------
        observation_end : date
            Last day of the observation; later purchases are left out.
        time_unit : {"day", "week", "month"}
            Unit of recency and T: exact days divided by its length, never calendar periods.

        Returns
        -------
        pandas.DataFrame
            One row per customer with a purchase day, sorted by customer_id: first_ordered_at, last_ordered_at,
            frequency (repeat purchase days, x in the literature), recency (age at the last purchase, t_x), T (age at
            ``observation_end``), monetary_value (mean spend of the repeat days with positive spend; NaN where there
            is none), spend (past net money, the first purchase included and what came back later taken off). Its
            ``attrs["time_unit"]`` is the unit: models refuse times in another one.

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
        >>> table = Purchases.of(orders).summary("2024-01-29")
        >>> table[["customer_id", "frequency", "recency", "T", "monetary_value"]]
          customer_id  frequency  recency    T  monetary_value
        0           a          2      2.0  4.0            30.0
        1           b          0      0.0  2.0             NaN
        """
        days_per_unit, end, told = unit_days(time_unit), day_number(observation_end), self.until(observation_end)
        starts, money = told.starts, told.money
        spend, paid = (
            np.add.reduceat(each, starts) if starts.size else starts for each in (money, (money > 0).astype(np.int64))
        )
        first_money = money[starts]
        paid = paid - (first_money > 0)
        credits = np.bincount(told.credits[0], told.credits[2], starts.size)  # whole numbers: exact up to 2⁵³
        mean = np.divide((spend - first_money) / PARTS, paid, out=np.full(starts.size, np.nan), where=paid > 0)
        table = pd.DataFrame(
            {
                "customer_id": told.customers,
                "first_ordered_at": dates_of(told.first_days),
                "last_ordered_at": dates_of(told.last_days),
                "frequency": told.frequency,
                "recency": (told.last_days - told.first_days) / days_per_unit,
                "T": (end - told.first_days) / days_per_unit,
                "monetary_value": mean,
                "spend": (spend + credits) / PARTS,
            }
        )
        table.attrs[TIME_UNIT] = time_unit
        return table

    def split(self, cutoff, observation_end, time_unit: str = "week") -> pd.DataFrame:
        """What was known at a cutoff, beside what came afterwards.

        Parameters
        ----------
        cutoff : date
            Last day of the calibration period.
        observation_end : date
            Last day of the hold-out, included.
        time_unit : {"day", "week", "month"}
            As for `summary`.

        Returns
        -------
        pandas.DataFrame
            `summary` as of the cutoff, with holdout_orders (purchase days after the cutoff) and holdout_spend.

        Raises
        ------
        UserError
            Where the cutoff leaves no calibration or no hold-out.
        """
        last = pd.Timestamp(observation_end)
        if not self.first <= pd.Timestamp(cutoff) < last:
            raise UserError(
                f"The cutoff {pd.Timestamp(cutoff).date()} lies outside the orders "
                f"({self.first.date()} to {last.date()}): name a day between them."
            )
        after, known = self._inside(cutoff, observation_end), self.known(cutoff)
        # parts are whole numbers, and their sums are exact as floats up to 2⁵³
        money = np.bincount(self.code[after], self.money[after], len(self.customers))
        return self.summary(cutoff, time_unit).assign(
            # a customer without a purchase day in a period that was observed has bought nothing in it: a true zero
            holdout_orders=self.between(cutoff, observation_end)[known],
            holdout_spend=money[known] / PARTS,
        )
