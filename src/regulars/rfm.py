"""From orders to frequency, recency, T and monetary value, by exact days, as Ibis expressions for any engine."""

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from regulars.engine import as_frame, as_table
from regulars.errors import UserError

if TYPE_CHECKING:
    import ibis.expr.types as ir

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
        amount=orders.amount.cast("decimal(18, 4)").sum()
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


def rfm_expression(
    orders: "ir.Table", observation_end: date, time_unit: str = "week", *, zero_spend_is_purchase: bool = False
) -> "ir.Table":
    """Expression behind `rfm_summary`, to be run where the orders live.

    Parameters and columns are those of `rfm_summary`; orders after ``observation_end`` are left out.
    """
    import ibis

    days_per_unit = unit_days(time_unit)
    end = ibis.literal(pd.Timestamp(observation_end).date(), type="date")
    days = purchase_days(orders, zero_spend_is_purchase=zero_spend_is_purchase)
    days = days.filter(days.day <= end)
    days = days.mutate(first=days.day.min().over(ibis.window(group_by=days.customer_id)))
    is_paid_repeat = (days.day > days.first) & (days.amount > 0)
    table = days.group_by("customer_id").aggregate(
        first_ordered_at=days.day.min(),
        last_ordered_at=days.day.max(),
        occasions=days.count(),
        paid_repeats=is_paid_repeat.sum(),
        repeat_spend=days.amount.sum(where=is_paid_repeat),
        spend=days.amount.sum(),
    )
    recency_days = table.last_ordered_at.delta(table.first_ordered_at, unit="day")
    return table.select(
        "customer_id",
        "first_ordered_at",
        "last_ordered_at",
        frequency=(table.occasions - 1).cast("int64"),
        recency=recency_days.cast("float64") / days_per_unit,
        T=end.delta(table.first_ordered_at, unit="day").cast("float64") / days_per_unit,
        monetary_value=(table.paid_repeats > 0).ifelse(
            table.repeat_spend.cast("float64") / table.paid_repeats.cast("float64"), ibis.null("float64")
        ),
        spend=table.spend.cast("float64"),
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

    first, last = orders["ordered_at"].min(), pd.Timestamp(observation_end)
    if not first.normalize() <= pd.Timestamp(cutoff) < last:
        raise UserError(
            f"The cutoff {pd.Timestamp(cutoff).date()} lies outside the orders "
            f"({first.date()} to {last.date()}): name a day between them."
        )
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
