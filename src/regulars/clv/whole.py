"""What all customers together will bring, where the page is made from a part of them."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from regulars.clv.headline import times
from regulars.clv.in_memory import Scored
from regulars.finding import may_refuse, shows
from regulars.settings import Certainty, Economics
from regulars.statistics.intervals import Estimate

if TYPE_CHECKING:
    import ibis.expr.types as ir


@shows
@dataclass(frozen=True, repr=False)
class Whole:
    """All customers of a base.

    Parameters
    ----------
    customers : int
        How many.
    orders_total, clv_total : Estimate
        Of all of them over the horizon.
    """

    customers: int
    orders_total: Estimate
    clv_total: Estimate


@may_refuse
def whole_base(
    scored: Scored,
    by_reference: Scored,
    *,
    orders: "ir.Table",
    share: float,
    observation_end: date,
    economics: Economics,
    certainty: Certainty,
    zero_spend_is_purchase: bool = False,
) -> Whole:
    """Totals over every customer, also where only a share of them is in memory.

    All are scored in the engine by BG/NBD, the reference; where the page tells another forecast, the totals move by
    the ratio of the two among the customers in memory, which carries hardly any chance: the same customers are in both.

    Parameters
    ----------
    scored : Scored
        Customers in memory by the forecast that the page tells.
    by_reference : Scored
        The same by BG/NBD.
    orders : ibis Table
        customer_id, ordered_at, amount of all customers; not touched where ``share`` is 1.
    share : float
        Of the customers in memory.
    observation_end : date
        Last day observed.
    economics : Economics
        Margin, annual discount rate, horizon and time unit.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's level.
    zero_spend_is_purchase : bool
        Whether a day with a net spend of exactly zero is a purchase day.

    Returns
    -------
    Whole

    Examples
    --------
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    >>> total = Estimate(5.0, 4.0, 6.0, 2)
    >>> part = Scored(None, total, total)
    >>> whole_base(part, part, orders=None, share=1.0, observation_end=date(2024, 12, 31), economics=economics,
    ...            certainty=certainty).customers
    2
    """
    if share >= 1:
        return Whole(scored.clv_total.n, scored.orders_total, scored.clv_total)
    from regulars.clv.in_engine import score_in_engine

    found = score_in_engine(
        orders,
        observation_end,
        economics=economics,
        certainty=certainty,
        zero_spend_is_purchase=zero_spend_is_purchase,
    )
    totals = [
        times(whole, told.value / reference.value if reference.value else 1.0)
        for whole, told, reference in (
            (found.orders_total, scored.orders_total, by_reference.orders_total),
            (found.clv_total, scored.clv_total, by_reference.clv_total),
        )
    ]
    return Whole(found.customers, *totals)
