"""What the retention page opens with, and what it says is to be done."""

import numpy as np
import pandas as pd

from regulars.finding import Action, Finding, FirstScreen, Tile, refused, sums
from regulars.retention.calls import Calls, weekly_calls
from regulars.retention.hindsight import LookBack
from regulars.retention.kept import Kept
from regulars.retention.risk import Risk, can_tell_alive, is_quiet
from regulars.statistics.intervals import Estimate

UNTOLD = "untold"  # verdict of the answer where the orders allow no model
UNSEEN = "unseen"  # the orders are a sample: not even who comes back

# of what is at stake, to be saved before an untested contact pays: beyond it not even a test is worth its cost
MOST_TO_TRY = 0.5


def first_screen(
    again: Estimate,
    kept: Kept,
    *,
    month: LookBack,
    calls: Calls,
    risk: Risk,
    months: int,
    second_order_days: int,
) -> FirstScreen:
    """Who was kept, what is at risk, how many calls to make, who comes back for a second order.

    Parameters
    ----------
    again : Estimate or Refusal
        Share with a second order within `second_order_days`.
    kept : Kept
        Of `regulars.retention.kept_change`.
    month : LookBack
        What would have been told of `kept` a month ago.
    calls : Calls
        Of the list.
    risk : Risk
        Money that can be reached, and that is gone.
    months : int
        Horizon of the margin.
    second_order_days : int
        After the first order.

    Returns
    -------
    FirstScreen
        The verdict of the answer is that of the change in `kept`, or ``untold``: where the orders allow no model, the
        second order is all that can be told; ``unseen`` where not even that can be.
    """
    within = {"days": second_order_days}
    if (sampled := refused(again)) is not None:
        return FirstScreen(Finding(UNSEEN, {"why": sampled.why}))
    second = Tile("second", again, "percent", indicator="repurchase", facts=within)
    if (no := refused(month, calls, risk)) is not None:
        return FirstScreen(Finding(UNTOLD, {"again": again, "why": no.why, **within}), [second])
    horizon = {"months": months}
    earlier = {"before": kept.before, "forecast": month.kept_forecast}
    facts = {"kept": kept.now, "risk": risk.reachable, "gone": risk.gone, "reachable": risk.reachable.n}
    facts |= {"calls": calls.number, "worth": calls.worth, **earlier, **horizon}
    tiles = [
        Tile("kept", kept.now, "percent", kept.change, mark=kept.mark, indicator="retention", facts=earlier),
        Tile("risk", risk.reachable, "money_short", indicator="risk", facts=horizon),
        Tile("calls", Estimate(calls.number), "count", calls.verdict, facts=calls.facts),
        second,
    ]
    return FirstScreen(Finding(kept.change, facts), tiles)


def to_do(
    value: pd.DataFrame,
    listed: pd.DataFrame,
    calls: Calls,
    *,
    months: int,
    min_alive: float,
    reminder_cost: float,
    effect: Estimate,
) -> list[Action]:
    """What is to be done: calls and reminders, with what control groups tell of their gain.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_id``, ``customer_state``, ``value_at_risk``, ``frequency``, ``p_alive``, one row per customer.
    listed : pandas.DataFrame
        ``customer_id`` of those on the call list.
    calls : Calls
        Of the list.
    months : int
        Horizon of the margin.
    min_alive : float
        Least chance of still being a customer at which a contact may help, as on the list.
    reminder_cost : float
        Of one reminder, currency.
    effect : Estimate
        Of a contact, as for `regulars.retention.weekly_calls`.

    Returns
    -------
    list of Action
        Empty where the orders allow no model.

    Examples
    --------
    >>> from regulars.finding import Refusal
    >>> none = Refusal("there is one customer only.")
    >>> to_do(none, none, none, months=12, min_alive=0.1, reminder_cost=5.0, effect=Estimate(0.1))
    []
    """
    if refused(value, listed, calls) is not None:
        return []
    reachable = is_quiet(value) & can_tell_alive(value) & value["p_alive"].ge(min_alive)
    others = value[reachable & ~value["customer_id"].isin(listed["customer_id"])]
    reminders = weekly_calls(others, contact_cost=reminder_cost, effect=effect)
    both = {"call": calls, "remind": reminders}
    return [action for key, each in both.items() for action in _actions(key, each, months, int(reachable.sum()))]


def _actions(key: str, calls: Calls, months: int, quiet: int) -> list[Action]:
    """With gain, cost and net where control groups tell the gain; else to be tried, where so many quiet can tell."""
    facts = {"customers": calls.number, "worth": calls.worth, "months": months}
    if not calls.number:
        return []
    if np.isfinite(calls.gain.value):
        return [Action(key, facts=facts, **sums(calls.gain, calls.cost))]
    untried = {"spent": calls.cost, "part": calls.pays, "needed": calls.needed}
    return [Action(key, "untested", facts | untried)] if calls.pays <= MOST_TO_TRY and calls.needed <= quiet else []
