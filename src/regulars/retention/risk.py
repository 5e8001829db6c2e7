"""What may be lost: bands of the chance of an order, the money at risk, and the customers worth a call."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.active import active_ends
from regulars.finding import may_refuse, shows
from regulars.labels import CustomerState
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate, z_value

LIST_COLUMNS = (
    "customer_id", "last_ordered_at", "frequency", "spend", "p_alive", "p_active", "clv", "value_if_alive",
    "value_at_risk", "tier", "segment", "customer_state", "silence_days", "usual_days",
)  # fmt: skip


def can_tell_alive(value: pd.DataFrame) -> pd.Series:
    """Whether the model can tell if the customer is still one.

    BG/NBD lets customers leave only after a repeat purchase, so that it gives every one-time buyer P(alive) = 1,
    however long the silence. For them the money at risk would be zero by construction, which says nothing.

    Parameters
    ----------
    value : pandas.DataFrame
        ``frequency``, ``p_alive``, one row per customer.

    Returns
    -------
    pandas.Series of bool
        One per row.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284.

    Examples
    --------
    >>> can_tell_alive(pd.DataFrame({"frequency": [0, 0, 3], "p_alive": [1.0, 0.6, 1.0]})).tolist()
    [False, True, True]
    """
    return ~((value["frequency"] == 0) & (value["p_alive"] >= 1)).astype(bool)


QUIET = (CustomerState.SLIPPING, CustomerState.DORMANT)


def is_quiet(value: pd.DataFrame) -> pd.Series:
    """Whether each customer is slipping or dormant: not lost yet, and silent for too long.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_state``, one row per customer.

    Returns
    -------
    pandas.Series of bool
        One per row.

    Examples
    --------
    >>> is_quiet(pd.DataFrame({"customer_state": ["active", "dormant", "lost"]})).tolist()
    [False, True, False]
    """
    return value["customer_state"].isin([state.value for state in QUIET])


def _is_gone(value: pd.DataFrame, min_alive: float) -> pd.Series:
    """Whether a call comes too late: lost by the own rhythm, or silent with too small a chance of being there still."""
    lost = value["customer_state"] == CustomerState.LOST.value
    return lost | (is_quiet(value) & value["p_alive"].lt(min_alive))


@shows
class Risk(NamedTuple):
    """What customers who may have left would bring on top of what is expected, by whether a call may still help.

    None of it is in the margin to come, which counts each customer with the chance of being one.

    Parameters
    ----------
    reachable : Estimate
        Of customers who are slipping or dormant, with at least the least chance of being one; n counts them.
    gone : Estimate
        Of those who are lost, or silent with less than that chance.
    early : Estimate
        Of all others, whose silence is not long for them. The three sum to that of all customers.
    listed : float
        Value at risk of those on the call list.
    listed_share : float
        `listed` of `reachable`.
    untold : int
        One-time buyers of whom the model cannot tell whether they are alive; nothing of theirs is in these sums.
    """

    reachable: Estimate
    gone: Estimate
    early: Estimate
    listed: float
    listed_share: float
    untold: int


@may_refuse
def money_at_risk(value: pd.DataFrame, listed: pd.DataFrame, *, min_alive: float, certainty: Certainty) -> Risk:
    """How much money is at risk, how much of it can still be reached, and how much of that a call list holds.

    Parameters
    ----------
    value : pandas.DataFrame
        ``frequency``, ``p_alive``, ``value_at_risk``, ``customer_state``, one row per customer.
    listed : pandas.DataFrame
        As `at_risk` gave it with the same `min_alive`.
    min_alive : float
        Least chance of still being a customer at which a call may help.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's.

    Returns
    -------
    Risk

    Examples
    --------
    >>> sure = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    >>> value = pd.DataFrame({"customer_id": ["a", "b", "c"], "frequency": [2, 3, 0], "p_alive": [0.4, 0.01, 1.0],
    ...                       "value_at_risk": [30.0, 50.0, 0.0], "customer_state": ["dormant", "lost", "new"]})
    >>> risk = money_at_risk(value, at_risk(value, min_alive=0.1), min_alive=0.1, certainty=sure)
    >>> risk.reachable.value, risk.gone.value, risk.listed_share, risk.untold
    (30.0, 50.0, 1.0, 1)
    """
    gone = _is_gone(value, min_alive)
    quiet = is_quiet(value) & ~gone
    parts = (risk_total(value[mask], certainty) for mask in (quiet, gone, ~quiet & ~gone))
    total, untold = float(listed["value_at_risk"].sum()), int((~can_tell_alive(value)).sum())
    reachable, lost, early = parts
    return Risk(reachable, lost, early, total, total / reachable.value if reachable.value else float("nan"), untold)


@may_refuse
def active_bands(
    value: pd.DataFrame, edges: Sequence[float] = (0.0, 0.2, 0.5, 0.8, 1.0), *, level: float = 0.9
) -> pd.DataFrame:
    """How many customers are how likely to order soon, and what money hangs on them.

    Parameters
    ----------
    value : pandas.DataFrame
        ``p_active``, ``p_alive``, ``frequency``, ``clv``, ``value_at_risk``, one row per customer.
    edges : sequence of float
        Ends of the bands, ascending from 0 to 1. A band includes its lower end, the last one also its upper.
    level : float
        Of the interval of the number who will order.

    Returns
    -------
    pandas.DataFrame
        One row per band, the lowest first: ``band_low``, ``band_high``, ``customers``, ``customers_share``,
        ``one_time_untold`` (one-time buyers of whom the model cannot tell whether they are alive),
        ``expected_active`` with ``expected_active_low`` and ``expected_active_high`` (customers who will order, as
        the sum of independent chances; the model's own error is not in it), ``clv``, ``value_at_risk`` (currency).

    Raises
    ------
    ValueError
        Where the edges do not ascend from 0 to 1.

    Examples
    --------
    >>> value = pd.DataFrame({"p_active": [0.1, 0.5, 1.0], "p_alive": [1.0, 0.8, 0.9], "frequency": [0, 2, 3],
    ...                       "clv": [1.0, 5.0, 9.0], "value_at_risk": [0.0, 2.0, 1.0]})
    >>> active_bands(value, (0, 0.5, 1))[["customers", "one_time_untold", "value_at_risk"]].to_numpy().tolist()
    [[1.0, 1.0, 0.0], [2.0, 0.0, 3.0]]
    """
    ends = np.asarray(edges, dtype=float)
    if len(ends) < 2 or ends[0] != 0 or ends[-1] != 1 or (np.diff(ends) <= 0).any():
        raise ValueError(f"edges ascend from 0 to 1; these are {ends.tolist()}")
    chance = value["p_active"].to_numpy(float)
    place = np.clip(np.searchsorted(ends, chance, side="right") - 1, 0, len(ends) - 2)
    parts = pd.DataFrame(
        {
            "customers": 1,
            "one_time_untold": ~can_tell_alive(value).to_numpy(),
            "expected_active": chance,
            "variance": chance * (1 - chance),
            "clv": value["clv"].to_numpy(float),
            "value_at_risk": value["value_at_risk"].to_numpy(float),
        }
    )
    table = parts.groupby(place).sum().reindex(range(len(ends) - 1), fill_value=0)
    reach = z_value(level) * np.sqrt(table.pop("variance"))
    table["expected_active_low"] = (table["expected_active"] - reach).clip(lower=0)
    table["expected_active_high"] = np.minimum(table["expected_active"] + reach, table["customers"])
    table["customers_share"] = table["customers"] / max(len(value), 1)
    table["band_low"], table["band_high"] = ends[:-1], ends[1:]
    columns = [
        "band_low", "band_high", "customers", "customers_share", "one_time_untold", "expected_active",
        "expected_active_low", "expected_active_high", "clv", "value_at_risk",
    ]  # fmt: skip
    return table.astype({"customers": int, "one_time_untold": int}).reset_index(drop=True)[columns]


@may_refuse
def at_risk(value: pd.DataFrame, n: int = 50, *, min_alive: float = 0.0) -> pd.DataFrame:
    """Whom to call first: the customers with the most money at risk, of those who are slipping or dormant.

    One model makes the list: the state, the chance of being a customer still and the money are all of the own rhythm of
    BG/NBD, and value at risk = (1 − P(alive)) × value if alive.

    Parameters
    ----------
    value : pandas.DataFrame
        Columns of the value table, and ``customer_state``; ``tier``, ``segment`` and others in `LIST_COLUMNS` are
        carried along where present.
    n : int
        Length of the list.
    min_alive : float
        Customers with a smaller chance of being one still are left out: a call comes too late for them.

    Returns
    -------
    pandas.DataFrame
        At most `n` rows by ``value_at_risk`` (currency: discounted margin over the horizon if alive, less what is
        expected as things stand), the highest first, equal ones by id; those with nothing at risk, and one-time
        buyers of whom the model cannot tell whether they are alive, are not on it. ``rank`` counts from 1.

    Examples
    --------
    >>> value = pd.DataFrame({"customer_id": ["a", "b", "c"], "frequency": [0, 2, 3], "p_alive": [1.0, 0.4, 0.9],
    ...                       "value_at_risk": [0.0, 30.0, 10.0], "customer_state": "slipping"})
    >>> at_risk(value)[["rank", "customer_id", "value_at_risk"]].to_numpy().tolist()
    [[1, 'b', 30.0], [2, 'c', 10.0]]
    """
    chosen = can_tell_alive(value) & value["value_at_risk"].gt(0) & is_quiet(value) & ~_is_gone(value, min_alive)
    tellable = value[chosen]
    ranked = tellable.sort_values(["value_at_risk", "customer_id"], ascending=[False, True], kind="stable").head(n)
    ranked = ranked[[name for name in LIST_COLUMNS if name in ranked]].reset_index(drop=True)
    ranked.insert(0, "rank", range(1, len(ranked) + 1))
    return ranked


@may_refuse
def expected_active(value: pd.DataFrame, certainty: Certainty) -> Estimate:
    """How many customers will order within the window of ``p_active``.

    Parameters
    ----------
    value : pandas.DataFrame
        ``p_active``, one row per customer.
    certainty : Certainty
        Level of the interval, and what no model sees of a total's.

    Returns
    -------
    Estimate
        Sum of the chances; n is the number of customers. The interval joins luck, Σ p (1 − p), and the level, which
        moves how many order less than what they order (`regulars.clv.active`).

    Examples
    --------
    >>> sure = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)
    >>> result = expected_active(pd.DataFrame({"p_active": [0.5] * 100}), sure)
    >>> round(result.value, 1), round(result.low, 1), round(result.high, 1), result.n
    (50.0, 41.8, 58.2, 100)
    """
    chance = value["p_active"].to_numpy(float)
    total, known = float(chance.sum()), len(chance)
    low, high = active_ends(total, float((chance * (1 - chance)).sum()), known, certainty)
    return Estimate(total, float(low), float(high), known)


def risk_total(value: pd.DataFrame, certainty: Certainty) -> Estimate:
    """Money at risk over all customers of whom the model can tell.

    Parameters
    ----------
    value : pandas.DataFrame
        ``frequency``, ``p_alive``, ``value_at_risk``, one row per customer.
    certainty : Certainty
        Level of the interval, and what no model sees of a total's level; where that is 0 there is no interval.

    Returns
    -------
    Estimate
        Currency; n is the number of customers with something at risk.

    Examples
    --------
    >>> value = pd.DataFrame({"frequency": [0, 2], "p_alive": [1.0, 0.4], "value_at_risk": [0.0, 30.0]})
    >>> total = risk_total(value, Certainty(level=0.9, level_uncertainty=0.1, seed=0, draws=0))
    >>> total.value, total.n
    (30.0, 1)
    """
    tellable = value.loc[can_tell_alive(value) & value["value_at_risk"].gt(0), "value_at_risk"]
    total = float(tellable.sum())
    if not certainty.level_uncertainty:
        return Estimate(total, n=len(tellable))
    reach = z_value(certainty.level) * certainty.level_uncertainty * total
    return Estimate(total, max(total - reach, 0.0), total + reach, len(tellable))
