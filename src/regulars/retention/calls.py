"""How many calls to make this week, what they should bring, and from when on they pay."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

import pandas as pd

from regulars.finding import Finding, may_refuse, shown, tells
from regulars.labels import Change
from regulars.retention.risk import Risk
from regulars.statistics.intervals import Estimate, against


class CallsVerdict(StrEnum):
    """What may be said of this week's calls."""

    MEASURED = "measured"  # control groups have shown that contacts keep customers
    ASSUMED = "assumed"  # they have not, or there are none: only from when on calls pay can be told
    TOO_DEAR = "too_dear"  # calling those on the list costs more than all that is at risk with them
    NONE = "none"  # nobody is on the list


class Calls(NamedTuple):
    """Calls to make this week.

    Parameters
    ----------
    verdict : CallsVerdict
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

    verdict: CallsVerdict
    number: int
    listed: int
    due: int
    worth: float
    cost: float
    pays: float
    brings: Estimate

    __repr__ = shown

    @property
    def facts(self) -> dict:
        """What a sentence on the worth of these calls needs."""
        told = {
            CallsVerdict.MEASURED: {"brings": self.brings},
            CallsVerdict.ASSUMED: {"pays": self.pays},
            CallsVerdict.TOO_DEAR: {"cost": self.cost},
        }
        return {"worth": self.worth} | told[self.verdict] if self.verdict in told else {}


@may_refuse
def weekly_calls(listed: pd.DataFrame, due: pd.DataFrame, *, contact_cost: float, effect: Estimate) -> Calls:
    """Count this week's calls and say what they should bring.

    Parameters
    ----------
    listed : pandas.DataFrame
        Of `regulars.retention.at_risk`: ``customer_id``, ``value_at_risk``.
    due : pandas.DataFrame
        Of `regulars.retention.due_this_week`: ``customer_id``.
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
    >>> due, effect = pd.DataFrame({"customer_id": ["b", "c"]}), Estimate(0.2, 0.1, 0.3, 90)
    >>> calls = weekly_calls(listed, due, contact_cost=5.0, effect=effect)
    >>> calls.number, calls.pays, calls.brings.value
    (3, 0.1, 20.0)
    """
    n, others = len(listed), int((~due["customer_id"].isin(listed["customer_id"])).sum())
    worth, cost = float(listed["value_at_risk"].sum()), contact_cost * n
    brings = Estimate(float("nan"), n=effect.n)
    verdict = CallsVerdict.ASSUMED
    if not n:
        verdict = CallsVerdict.NONE
    elif cost >= worth:
        verdict = CallsVerdict.TOO_DEAR
    elif against(effect) is Change.UP:
        verdict = CallsVerdict.MEASURED
        brings = Estimate(*(worth * end for end in (effect.value, effect.low, effect.high)), n=effect.n)
    number = others if verdict is CallsVerdict.TOO_DEAR else n + others
    return Calls(verdict, number, n, others, worth, cost, cost / worth if worth > 0 else float("nan"), brings)


@tells
def tell_calls(
    calls: Calls,
    risk: Risk,
    listed: pd.DataFrame,
    *,
    pseudonyms: Callable[[pd.Series], pd.Series],
    customers: int,
    months: int,
    min_alive: float,
) -> Finding:
    """Whom to call first, and whether that pays.

    Parameters
    ----------
    calls : Calls
        Of `weekly_calls`.
    risk : Risk
        Of `regulars.retention.money_at_risk`.
    listed : pandas.DataFrame
        Of `regulars.retention.at_risk`.
    pseudonyms : callable
        Gives what stands for each customer on the page.
    customers : int
        All there are.
    months : int
        Horizon of the margin.
    min_alive : float
        Least chance of still being a customer on the list.

    Returns
    -------
    Finding
        Its verdict is a `CallsVerdict`; frame ``list``.
    """
    facts = {"untold": risk.untold, "untold_share": risk.untold / max(customers, 1)}
    if calls.verdict is CallsVerdict.NONE:
        return Finding(calls.verdict, facts)
    facts |= {"listed": calls.listed, "share": risk.listed_share, "months": months, "min_alive": min_alive}
    facts |= {"gone": risk.gone, "n": risk.gone.n, "due": calls.due, "cost": calls.cost, **calls.facts}
    return Finding(calls.verdict, facts, {"list": under_pseudonyms(listed, pseudonyms)})


def under_pseudonyms(listed: pd.DataFrame, pseudonyms: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    """A list of customers as a page may show it.

    Parameters
    ----------
    listed : pandas.DataFrame
        With ``customer_id``.
    pseudonyms : callable
        Gives what stands for each customer.

    Returns
    -------
    pandas.DataFrame
        The same with ``customer``, the pseudonym, in its place.

    Examples
    --------
    >>> under_pseudonyms(pd.DataFrame({"rank": [1], "customer_id": ["real"]}), lambda ids: ids.str[:1] + "…")
       rank customer
    0     1       r…
    """
    return listed.assign(customer_id=pseudonyms(listed["customer_id"])).rename(columns={"customer_id": "customer"})
