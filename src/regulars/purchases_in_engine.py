"""From orders to purchase days and what is known of each customer, as Ibis expressions for any engine."""

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from regulars.purchases import unit_days

if TYPE_CHECKING:
    import ibis.expr.types as ir


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
    return _purchases(_days(orders), zero_spend_is_purchase)


def _days(orders: "ir.Table") -> "ir.Table":
    # decimals: an engine's sum of floats depends on the order in which threads finish
    return orders.group_by(orders.customer_id, day=orders.ordered_at.cast("date")).aggregate(
        amount=orders.amount.cast("decimal(18, 4)").sum().cast("decimal(18, 4)")
    )


def _purchases(days: "ir.Table", zero_spend_is_purchase: bool) -> "ir.Table":
    return days.filter(days.amount >= 0 if zero_spend_is_purchase else days.amount > 0)


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
        As for `purchase_days`.

    Returns
    -------
    ibis Table
        One row per customer with a purchase occasion: customer_id, first_ordered_at, last_ordered_at, frequency,
        recency_days, T_days (int32), monetary_value, spend (float64), as in `regulars.purchases.Purchases.summary`.
    """
    import ibis

    end = ibis.literal(pd.Timestamp(observation_end).date(), type="date")
    # by the column as it is stored: an engine then knows from a file's statistics that nothing is later
    seen = orders.filter(orders.ordered_at < pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1))
    every = _days(seen)
    days = _purchases(every, zero_spend_is_purchase)
    # the first day's money is taken off again: no window over all purchase days, and a customer's days are unique
    known = days.group_by("customer_id").aggregate(
        first_ordered_at=days.day.min(),
        last_ordered_at=days.day.max(),
        occasions=days.count(),
        paid=(days.amount > 0).sum() if zero_spend_is_purchase else days.count(),  # else every occasion is paid
        first_amount=_first_amount()(days.amount, days.day),
        bought=days.amount.sum(),
    )
    # days on which more came back than was bought are no purchases, but their money is no longer spent
    back = every.filter(every.amount < 0).group_by("customer_id").aggregate(back=lambda day: day.amount.sum())
    known = known.left_join(back, "customer_id").drop("customer_id_right")
    paid_repeats = known.paid - (known.first_amount > 0).cast("int64")
    repeat_spend = (known.bought - known.first_amount).cast("float64")
    recency, age = (day.delta(known.first_ordered_at, unit="day") for day in (known.last_ordered_at, end))
    return known.select(
        "customer_id",
        "first_ordered_at",
        "last_ordered_at",
        frequency=(known.occasions - 1).cast("int32"),
        recency_days=recency.cast("int32"),
        T_days=age.cast("int32"),
        monetary_value=ibis.ifelse(paid_repeats > 0, repeat_spend / paid_repeats.cast("float64"), ibis.null("float64")),
        spend=(known.bought + ibis.coalesce(known.back, 0)).cast("float64"),
    )


def rfm_expression(
    orders: "ir.Table", observation_end: date, time_unit: str = "week", *, zero_spend_is_purchase: bool = False
) -> "ir.Table":
    """How often, how recently and for how much each customer has bought, to be run where the orders live.

    Parameters
    ----------
    orders, observation_end, zero_spend_is_purchase
        As for `customer_days`.
    time_unit : {"day", "week", "month"}
        Unit of recency and T.

    Returns
    -------
    ibis Table
        Rows and columns of `regulars.purchases.Purchases.summary`, to the last bit.
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
