"""How many calls to make this week, what they should bring, and from when on they pay."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.finding import Finding
from regulars.retention.risk import Risk
from regulars.statistics.intervals import Estimate


class CallsFinding(StrEnum):
    """What may be said of this week's calls."""

    MEASURED = "measured"  # control groups have shown that contacts keep customers
    ASSUMED = "assumed"  # they have not, or there are none: only from when on calls pay can be told
    TOO_DEAR = "too_dear"  # calling those on the list costs more than all that is at risk with them
    NONE = "none"  # nobody is on the list


class Calls(NamedTuple):
    """Calls to make this week.

    Parameters
    ----------
    finding : CallsFinding
    number : int
        Customers to call: those on the list unless that is too dear, and those whose call-by date falls into the week.
    listed, due : int
        Customers on the list; others who are due.
    worth : float
        Margin at risk with those on the list: what calls bring if every one of them stays because of the call.
    cost : float
        Of calling those on the list.
    pays : float
        Share of that margin that calls must save to cover their cost; more than 1 where they cannot.
    brings : Estimate
        Margin that calls should save, where control groups have shown what a contact does; else missing.
    """

    finding: CallsFinding
    number: int
    listed: int
    due: int
    worth: float
    cost: float
    pays: float
    brings: Estimate

    @property
    def facts(self) -> dict:
        """What a sentence on the worth of these calls needs."""
        told = {
            CallsFinding.MEASURED: {"brings": self.brings},
            CallsFinding.ASSUMED: {"pays": self.pays},
            CallsFinding.TOO_DEAR: {"cost": self.cost},
        }
        return {"worth": self.worth} | told[self.finding] if self.finding in told else {}

    def telling(self, risk: Risk, listed: pd.DataFrame, customers: int, months: int, min_alive: float) -> Finding:
        """What the page tells.

        Parameters
        ----------
        risk : Risk
        listed : pandas.DataFrame
            Of `regulars.retention.at_risk`, with pseudonyms as ``customer``.
        customers : int
            All customers.
        months : int
            Horizon of the margin.
        min_alive : float
            Least chance of still being a customer on the list.
        """
        facts = {"untold": risk.untold, "untold_share": risk.untold / max(customers, 1)}
        if self.finding is CallsFinding.NONE:
            return Finding(self.finding, facts)
        facts |= {"listed": self.listed, "share": risk.listed_share, "months": months, "min_alive": min_alive}
        facts |= {"gone": risk.gone, "n": risk.gone.n, "due": self.due, "cost": self.cost, **self.facts}
        return Finding(self.finding, facts, {"list": listed})


def calls_finding(listed: pd.DataFrame, due: pd.DataFrame, contact_cost: float, effect: Estimate) -> Calls:
    """Count this week's calls and say what they should bring.

    Parameters
    ----------
    listed, due : pandas.DataFrame
        Of `regulars.retention.at_risk` and `regulars.retention.call_list`: ``customer_id``, ``value_at_risk``.
    contact_cost : float
        Of one call, currency.
    effect : Estimate
        How many more of the contacted ordered than of the control groups, as a share; missing where not measured.
        What a call saves is taken to be as large.

    Returns
    -------
    Calls

    Examples
    --------
    >>> listed = pd.DataFrame({"customer_id": ["a", "b"], "value_at_risk": [60.0, 40.0]})
    >>> calls = calls_finding(listed, pd.DataFrame({"customer_id": ["b", "c"]}), 5.0, Estimate(0.2, 0.1, 0.3, 90))
    >>> calls.number, calls.pays, calls.brings.value
    (3, 0.1, 20.0)
    """
    others = int((~due["customer_id"].isin(listed["customer_id"])).sum())
    worth, cost = float(listed["value_at_risk"].sum()), contact_cost * len(listed)
    pays, brings = cost / worth if worth > 0 else float("nan"), Estimate(float("nan"), n=effect.n)
    finding = CallsFinding.ASSUMED if len(listed) else CallsFinding.NONE
    if len(listed) and cost >= worth:
        return Calls(CallsFinding.TOO_DEAR, others, len(listed), others, worth, cost, pays, brings)
    if len(listed) and np.isfinite(effect.low) and effect.low > 0:
        finding = CallsFinding.MEASURED
        brings = Estimate(*(worth * end for end in (effect.value, effect.low, effect.high)), n=effect.n)
    return Calls(finding, len(listed) + others, len(listed), others, worth, cost, pays, brings)
