"""A base whose orders allow no model: what is known of it all the same, and why the rest is not told."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.clv.cohort_revenue import past_by_cohort
from regulars.clv.in_memory import HISTORY
from regulars.clv.record import ModelsRecord
from regulars.clv.value import has_spend
from regulars.finding import UNUSABLE, Finding
from regulars.statistics.intervals import Estimate, share

MODELLED = (
    "p_alive", "p_active", "expected_orders", "expected_orders_low", "expected_orders_high", "clv", "clv_low",
    "clv_high", "value_if_alive", "value_at_risk",
)  # fmt: skip
WITHOUT_MODEL = "It needs a model of these orders, and they allow none; why, stands at the top of this page."
PARTS = ("equity", "concentration", "pyramid", "trust", "buying")  # sections that a model tells


@dataclass(frozen=True)
class Untold:
    """A base without models.

    Parameters
    ----------
    why : str
        The sentence that says why there are none.
    summary : pandas.DataFrame
        As `regulars.purchases.Purchases.summary` gives it.
    past : pandas.DataFrame
        As `regulars.clv.cohort_revenue.past_by_cohort` gives it.
    again : Estimate
        Share of the customers who ordered on a second day.
    """

    why: str
    summary: pd.DataFrame
    past: pd.DataFrame
    again: Estimate

    @property
    def customers(self) -> pd.DataFrame:
        """One row per customer as scored ones have it: the history, and nothing where a model would say something."""
        known = self.summary[HISTORY]
        none = dict.fromkeys(("spend_per_order", *MODELLED, "tier_probability"), np.nan)
        prior = ~has_spend(known["frequency"], known["monetary_value"])
        return known.assign(**none, spend_is_prior=prior, tier=pd.Series(pd.NA, known.index, dtype="string"))

    @property
    def verdict(self) -> str:
        """With which sentence the page opens: ``one`` customer, or ``untold`` of more."""
        return "one" if len(self.summary) == 1 else "untold"

    @property
    def facts(self) -> dict:
        """What the first screen says: customers, the days on which they ordered, what they spent, and why no more."""
        days = int(self.summary["frequency"].sum()) + len(self.summary)
        known = {"orders": days, "spent": float(self.summary["spend"].sum()), "why": self.why}
        return known if self.verdict == "one" else known | {"customers": len(self.summary)}

    def record(self, **context) -> ModelsRecord:
        """What other stages find: units and assumptions, no model, and why."""
        return ModelsRecord(**context, untold=self.why)

    def parts(self, **others: Finding) -> dict[str, Finding]:
        """Every section of the page: those that a model tells say why they are not told; the past, and the others."""
        drawn = self.past.assign(is_forecast=False, low=np.nan, high=np.nan)
        facts = {"past": float(drawn["revenue"].sum()), "customers": len(self.summary)}
        why = Finding(UNUSABLE, {"why": WITHOUT_MODEL})
        return dict.fromkeys(PARTS, why) | {"past": Finding(None, facts, {"revenue": drawn})} | others


def untold_base(why: str, summary: pd.DataFrame, orders: pd.DataFrame, observation_end, level: float = 0.9) -> Untold:
    """What is known of customers without a model.

    Parameters
    ----------
    why : str
        Why there is none.
    summary : pandas.DataFrame
        As `regulars.purchases.Purchases.summary` gives it.
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_end : date
    level : float
        Of the interval of who ordered again.

    Returns
    -------
    Untold

    Examples
    --------
    >>> from regulars.purchases import Purchases
    >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "ordered_at": pd.to_datetime(["2025-01-05", "2025-02-01"]),
    ...                        "amount": [10.0, 20.0]}).astype({"customer_id": "string"})
    >>> summary = Purchases.of(orders).summary("2025-03-01")
    >>> base = untold_base("There is one customer only.", summary, orders, "2025-03-01")
    >>> base.verdict, base.facts["orders"], base.facts["spent"], base.customers["clv"].isna().all()
    ('one', 2, 30.0, np.True_)
    """
    again = share(int((summary["frequency"] > 0).sum()), len(summary), level)
    return Untold(why, summary, past_by_cohort(orders, observation_end), again)
