"""How many calls to make this week, what they should bring, and from when on they pay."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import pandas as pd

from regulars.finding import Finding, Remark, may_refuse, shows, tells
from regulars.labels import Change
from regulars.retention.costs import ContactCost
from regulars.retention.risk import Risk
from regulars.statistics.intervals import Estimate, against

POWER_90_80 = 1.645 + 0.842  # standard errors: an interval of 90 % that leaves zero out, in 80 % of tests


class CallsVerdict(StrEnum):
    """What may be said of this week's calls."""

    PAYS = "pays"  # control groups have shown that contacts keep customers, and what they save exceeds the cost
    UNSURE = "unsure"  # tested, but whether what they save covers the cost may be chance
    UNTESTED = "untested"  # there was no control group: only from when on calls pay can be told
    TOO_DEAR = "too_dear"  # calling those on the list costs more than all that is at risk with them
    NONE = "none"  # nobody is on the list


@shows
class Calls(NamedTuple):
    """The calls of a list, what they cost, and what they may save.

    Parameters
    ----------
    verdict : CallsVerdict
        By the interval of `gain` less `cost`.
    number : int
        Customers on the list.
    worth : float
        Value at risk of those on the list: what calls bring if every one of them stays because of the call.
    cost : float
        Of calling them.
    pays : float
        Share of that margin that calls must save to cover their cost; more than 1 where they cannot.
    gain : Estimate
        Margin that calls should save, where control groups tell what contacts do; else missing.
    needed : float
        Customers, half of them in a control group, whom a test takes to show what saves `pays`: so large a part of
        those who have left, as the chance to have left has it, would have to order because of the call.
    """

    verdict: CallsVerdict
    number: int
    worth: float
    cost: float
    pays: float
    gain: Estimate
    needed: float

    @property
    def facts(self) -> dict:
        """What a sentence on the worth of these calls needs."""
        facts: dict[str, dict[str, Any]] = {
            CallsVerdict.PAYS: {"gain": self.gain, "cost": self.cost},
            CallsVerdict.UNSURE: {"gain": self.gain, "cost": self.cost},
            CallsVerdict.UNTESTED: {"pays": self.pays, "cost": self.cost},
            CallsVerdict.TOO_DEAR: {"cost": self.cost},
        }
        return {"worth": self.worth} | facts[self.verdict] if self.verdict in facts else {}


@may_refuse
def weekly_calls(listed: pd.DataFrame, *, contact_cost: float, effect: Estimate) -> Calls:
    """Say what the calls of a list cost, and what they should save.

    Parameters
    ----------
    listed : pandas.DataFrame
        ``value_at_risk``, ``p_alive``: of `regulars.retention.at_risk`, or of others who are to be contacted.
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
    >>> listed = pd.DataFrame({"value_at_risk": [60.0, 40.0], "p_alive": [0.5, 0.7]})
    >>> calls = weekly_calls(listed, contact_cost=5.0, effect=Estimate(0.2, 0.12, 0.3, 90))
    >>> calls.verdict, calls.pays, calls.gain.value
    (<CallsVerdict.PAYS: 'pays'>, 0.1, 20.0)
    """
    n, worth = len(listed), float(listed["value_at_risk"].sum())
    cost = contact_cost * n
    pays = cost / worth if worth > 0 else float("nan")
    gain = Estimate(float("nan"), n=effect.n)
    verdict = CallsVerdict.UNTESTED
    if not n:
        verdict = CallsVerdict.NONE
    elif cost >= worth:
        verdict = CallsVerdict.TOO_DEAR
    elif against(effect) is not Change.UNKNOWN:
        gain = Estimate.of((worth * end for end in (effect.value, effect.low, effect.high)), n)
        verdict = CallsVerdict.PAYS if against(gain, cost) is Change.UP else CallsVerdict.UNSURE
    return Calls(verdict, n, worth, cost, pays, gain, _needed(pays * float((1 - listed["p_alive"]).mean())))


def _needed(effect: float) -> float:
    """Customers in two arms of a test that shows such a difference of two shares around a half four times in five.

    The nearer the shares lie to 0 or 1 the fewer it takes, so that this is the most.
    """
    return 4 * (POWER_90_80 / effect) ** 2 * 0.25 if effect > 0 else float("nan")


@tells
def tell_calls(
    calls: Calls,
    risk: Risk,
    listed: pd.DataFrame,
    *,
    contact: ContactCost,
    pseudonyms: Callable[[pd.Series], pd.Series],
    customers: int,
    months: int,
    min_alive: float,
) -> Finding:
    """Whom to call first, in which state they are, and whether calling pays.

    Parameters
    ----------
    calls : Calls
        Of `weekly_calls`.
    risk : Risk
        Of `regulars.retention.money_at_risk`.
    listed : pandas.DataFrame
        Of `regulars.retention.at_risk`.
    contact : ContactCost
        Of one call.
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
    untold = {"untold": risk.untold, "untold_share": risk.untold / max(customers, 1)}
    remarks = [Remark("untold", untold)] if risk.untold else []
    if calls.verdict is CallsVerdict.NONE:
        return Finding(calls.verdict, remarks=remarks)
    facts: dict[str, object] = {
        "listed": calls.number,
        "share": risk.listed_share,
        "months": months,
        "min_alive": min_alive,
    }
    facts |= {"gone": risk.gone, "n": risk.gone.n, "early": risk.early.value, "reachable": risk.reachable.value}
    facts |= {"each": contact.each, "origin": contact.origin}
    facts |= calls.facts
    if calls.verdict is CallsVerdict.UNTESTED:
        size = {"needed": calls.needed, "quiet": risk.reachable.n}
        remarks.insert(0, Remark("test" if calls.needed <= risk.reachable.n else "no_test", size))
    return Finding(calls.verdict, facts, {"list": under_pseudonyms(listed, pseudonyms)}, remarks=remarks)


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
