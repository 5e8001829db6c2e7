"""Who is slipping: the states in money, and from which state customers went to which."""

from dataclasses import asdict

import pandas as pd

from regulars.finding import Finding
from regulars.labels import CustomerState
from regulars.retention.states import Thresholds
from regulars.segments.summary import group_summary, share_of
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate

QUIET = (CustomerState.SLIPPING, CustomerState.DORMANT)


def is_quiet(value: pd.DataFrame) -> pd.Series:
    """Whether each customer is slipping or dormant: not lost yet, and silent for too long.

    Examples
    --------
    >>> is_quiet(pd.DataFrame({"customer_state": ["active", "dormant", "lost"]})).tolist()
    [False, True, False]
    """
    return value["customer_state"].isin([state.value for state in QUIET])


def quiet_share(value: pd.DataFrame, level: float = 0.9) -> Estimate:
    """Share of the margin to come that hangs on customers who are slipping or dormant; n counts them."""
    return share_of(value["clv"], is_quiet(value), level)


def slipping_finding(
    value: pd.DataFrame,
    moves: pd.DataFrame,
    cutoff,
    thresholds: Thresholds,
    months: int,
    observation_end,
    doubt: float = 0.0,
    level: float = 0.9,
    min_cell: int = 1,
) -> Finding:
    """What the page tells of states.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_state``, ``clv`` with limits, ``value_at_risk``, ``last_ordered_at``.
    moves : pandas.DataFrame
        Of `regulars.retention.state_transitions` since `cutoff`.
    cutoff : date
    thresholds : Thresholds
    months : int
        Horizon of the margin.
    observation_end : date
    doubt : float
        Standard deviation of the level of any total, as a share, that no model sees.
    level : float
    min_cell : int
        States of fewer customers are not shown.

    Returns
    -------
    Finding
    """
    future = quiet_share(value, level)
    order = [state.value for state in CustomerState]
    certainty = Certainty(level, doubt, seed=0, draws=0)
    shown = {"certainty": certainty, "min_cell": min_cell, "observation_end": observation_end}
    table = group_summary(value, "customer_state", order, **shown)
    facts = {"quiet": future.n, "share": float(is_quiet(value).mean()), "future": future, "months": months}
    facts |= asdict(thresholds)
    if moves.empty:
        return Finding(None, facts, {"table": table})
    return Finding(None, facts | {"cutoff": pd.Timestamp(cutoff)}, {"table": table, "moves": moves})
