"""What all customers together will bring, where the page is made from a part of them."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from regulars.clv.in_memory import Scored
from regulars.statistics.intervals import Estimate

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Whole:
    """All customers of a base.

    Parameters
    ----------
    customers : int
    orders_total, clv_total : Estimate
        Of all of them over the horizon.
    """

    customers: int
    orders_total: Estimate
    clv_total: Estimate

    @property
    def facts(self) -> dict:
        """What a page opens with."""
        return {"worth": self.clv_total, "customers": self.customers}

    def verdict(self, of_forecast: str) -> str:
        """With which sentence the page opens: that of the last test, or that customers bring less than they cost."""
        return "loss" if self.clv_total.value < 0 else of_forecast


def whole_base(
    scored: Scored, by_reference: Scored, orders: "ir.Table", share: float, observation_end: date, **settings
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
        Orders of all customers, as for `regulars.clv.in_engine.score_in_engine`; not touched where ``share`` is 1.
    share : float
        Of the customers in memory.
    observation_end : date
    **settings
        Of `regulars.clv.in_engine.score_in_engine`.

    Returns
    -------
    Whole

    Examples
    --------
    >>> total = Estimate(5.0, 4.0, 6.0, 2)
    >>> part = Scored(None, total, total)
    >>> whole_base(part, part, None, 1.0, date(2024, 12, 31)).customers
    2
    """
    if share >= 1:
        return Whole(scored.clv_total.n, scored.orders_total, scored.clv_total)
    from regulars.clv.in_engine import score_in_engine

    found = score_in_engine(orders, observation_end, **settings)
    totals = [
        _times(whole, told.value / reference.value if reference.value else 1.0)
        for whole, told, reference in (
            (found.orders_total, scored.orders_total, by_reference.orders_total),
            (found.clv_total, scored.clv_total, by_reference.clv_total),
        )
    ]
    return Whole(found.customers, *totals)


def _times(total: Estimate, factor: float) -> Estimate:
    return Estimate(total.value * factor, total.low * factor, total.high * factor, total.n)
