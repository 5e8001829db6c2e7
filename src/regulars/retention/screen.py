"""What the retention page opens with, and what it says is to be done."""

import pandas as pd

from regulars.finding import Action, Finding, FirstScreen, Tile, refused
from regulars.retention.calls import Calls
from regulars.retention.hindsight import LookBack
from regulars.retention.kept import Kept
from regulars.retention.risk import Risk
from regulars.retention.slipping import is_quiet
from regulars.statistics.intervals import Estimate

UNTOLD = "untold"  # verdict of the answer where the orders allow no model


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
    again : Estimate
        Share with a second order within `second_order_days`.
    kept : Kept
        Of `regulars.retention.kept_change`.
    month : LookBack
        What would have been told of `kept` a month ago.
    calls : Calls
        Of this week.
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
        second order is all that can be told.
    """
    within = {"days": second_order_days}
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


def to_do(value: pd.DataFrame, calls: Calls, *, again: Estimate, months: int, second_order_days: int) -> list[Action]:
    """What is to be done: calls, reminders, second orders.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_state``, ``value_at_risk`` (currency), one row per customer.
    calls : Calls
        Of this week; where there are none, nobody is to be called.
    again : Estimate
        Share with a second order within `second_order_days`.
    months : int
        Horizon of the margin.
    second_order_days : int
        After the first order.

    Returns
    -------
    list of Action
        Empty where the orders allow no model.
    """
    if refused(value, calls) is not None:
        return []
    quiet = is_quiet(value)
    at_stake = value.loc[quiet, "value_at_risk"].sum()
    actions = [
        Action("remind", facts={"customers": quiet.sum(), "at_stake": at_stake}),
        Action("second", facts={"share": again, "days": second_order_days}),
    ]
    call = Action("call", facts={"customers": calls.number, "worth": calls.worth, "months": months})
    return [call, *actions] if calls.number else actions
