"""Who is slipping: the states in money, and from which state customers went to which."""

from dataclasses import asdict

import pandas as pd

from regulars.finding import Finding, tells
from regulars.labels import CustomerState
from regulars.retention.risk import is_quiet
from regulars.segments.summary import group_summary, share_of
from regulars.settings import Certainty, Thresholds


@tells
def tell_states(
    value: pd.DataFrame,
    moves: pd.DataFrame,
    *,
    cutoff,
    observation_end,
    thresholds: Thresholds,
    months: int,
    certainty: Certainty,
    min_cell: int = 1,
) -> Finding:
    """Who is slipping: the states in money, and from which state customers went to which.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_state``, ``clv`` with limits, ``value_at_risk``, ``last_ordered_at``, one row per customer.
    moves : pandas.DataFrame
        Of `regulars.retention.state_transitions` since `cutoff`; empty where nobody was known then.
    cutoff : date
        Day of the states before.
    observation_end : date
        Day of the states now.
    thresholds : Thresholds
        Where one state ends and the next begins.
    months : int
        Horizon of the margin.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's.
    min_cell : int
        States of fewer customers are not shown.

    Returns
    -------
    Finding
        Without a verdict; frames ``table`` and, where there were any, ``moves``.
    """
    quiet = is_quiet(value)
    future = share_of(value["clv"], quiet, certainty.level)
    table = group_summary(
        value,
        "customer_state",
        [state.value for state in CustomerState],
        certainty=certainty,
        min_cell=min_cell,
        observation_end=observation_end,
    )
    facts = {"quiet": future.n, "share": float(quiet.mean()), "future": future, "months": months}
    facts |= asdict(thresholds)
    if moves.empty:
        return Finding(None, facts, {"table": table})
    return Finding(None, facts | {"cutoff": pd.Timestamp(cutoff)}, {"table": table, "moves": moves})
