"""What retention is worth: a point of it in money, and when winning a customer back pays."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.finding import Finding, Remark, may_refuse, shows, tells
from regulars.labels import CustomerState, EquityLever
from regulars.purchases import Purchases
from regulars.retention.costs import ContactCost
from regulars.retention.risk import can_tell_alive
from regulars.retention.states import Rhythm, customer_states
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate, from_row, share, z_value

POINT = 0.01
MOST_TO_RETURN = 0.2  # of those called lost; from here on the name says too much
# per cent that the value of customers rises by when a driver improves by one per cent: Gupta, Lehmann and Stuart (2004)
PUBLISHED = {EquityLever.RETENTION: 5.0, EquityLever.MARGIN: 1.0, EquityLever.ACQUISITION_COST: 0.1}


class WorthVerdict(StrEnum):
    """Whether a point of retention can be valued."""

    TOLD = "told"
    UNKNOWN = "unknown"


@shows
class Point(NamedTuple):
    """What one point of the kept share is worth.

    Parameters
    ----------
    up : Estimate
        Margin that comes in if one point more of the customers is kept: currency, over the horizon of the value stage.
    down : Estimate
        Margin that goes if one point fewer is kept; positive.
    customers : float
        How many customers one point is.
    each : float
        Margin that one customer more who stays brings.
    elasticity : Estimate
        Per cent that the margin of these customers rises by when the kept share rises by one per cent of itself.
    n : int
        Customers who bought in the window before, and of whom the model can tell whether they are still customers.
    """

    up: Estimate
    down: Estimate
    customers: float
    each: float
    elasticity: Estimate
    n: int


@may_refuse
def point_of_retention(
    value: pd.DataFrame, purchases: Purchases, observation_end, *, days: int, certainty: Certainty
) -> Point:
    """Margin that hangs on one point of the share of customers kept from one window to the next.

    A customer kept who otherwise would not have been is taken from those not kept, and brings what such a customer
    brings if still there, less what is expected anyway: the value at risk. A customer fewer is taken from those kept,
    and takes along what is expected of such a customer.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_id``, ``frequency``, ``p_alive``, ``clv``, ``value_at_risk``.
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Last day of the second window.
    days : int
        Length of both windows.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's.

    Returns
    -------
    Point
        Missing where there was nobody to keep, or all or nobody was kept.

    Examples
    --------
    >>> value = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [3, 3], "p_alive": [0.9, 0.4],
    ...                       "clv": [80.0, 20.0], "value_at_risk": [5.0, 30.0]})
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-02-10"])})
    >>> sure = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    >>> point = point_of_retention(value, Purchases.of(orders), "2026-03-01", days=30, certainty=sure)
    >>> round(point.up.value, 6), round(point.down.value, 6), point.n
    (0.6, 1.6, 2)
    """
    end, window = pd.Timestamp(observation_end).normalize(), pd.Timedelta(days=days)
    seen = purchases.until(end)
    place = seen.places(value["customer_id"])
    # who is not among the customers yet stands at −1, behind all of them
    before, now = (np.append(seen.bought(day - window, day), False)[place] for day in (end - window, end))
    chosen = can_tell_alive(value).to_numpy() & before
    base, kept = value[chosen], now[chosen]
    n, share = len(base), float(kept.mean()) if len(base) else float("nan")
    gain, loss = _mean(base.loc[~kept, "value_at_risk"], certainty), _mean(base.loc[kept, "clv"], certainty)
    total = float(base["clv"].sum())
    scale = share / total if total else float("nan")
    return Point(_times(gain, POINT * n), _times(loss, POINT * n), POINT * n, gain.value, _times(gain, n * scale), n)


def beside_published(levers: Sequence[Mapping]) -> pd.DataFrame:
    """Elasticities of customer equity beside the published ones, all for an improvement by one per cent.

    Parameters
    ----------
    levers : sequence of mapping
        ``lever``, ``elasticity``, ``elasticity_low``, ``elasticity_high``, as `regulars.clv.elasticities` gives them.

    Returns
    -------
    pandas.DataFrame
        ``lever``, ``elasticity`` with limits (missing where it cannot be told), ``published``. A cost improves by
        falling, so that its sign is turned.

    References
    ----------
    Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004), Valuing customers, J. of Marketing Research 41, 7-18: 3 to 7 for
    retention, about 1 for margin, .02 to .32 for the acquisition cost.

    Examples
    --------
    >>> cost = {"lever": "acquisition_cost", "elasticity": -0.2, "elasticity_low": -0.3, "elasticity_high": -0.1}
    >>> beside_published([cost]).iloc[-1, 1:].astype(float).tolist()
    [0.2, 0.1, 0.3, 0.1]
    """
    known = {row["lever"]: row for row in levers}
    rows = []
    for lever, published in PUBLISHED.items():
        row = known.get(lever.value, {})
        ends = [row.get(f"elasticity{end}") for end in ("", "_low", "_high")]
        value, low, high = (float("nan") if end is None else float(end) for end in ends)
        if lever is EquityLever.ACQUISITION_COST:
            value, low, high = -value, -high, -low
        rows.append((lever.value, value, low, high, published))
    return pd.DataFrame(rows, columns=["lever", "elasticity", "elasticity_low", "elasticity_high", "published"])


def equity_by_point(total: float, point: Point, customers: int, *, certainty: Certainty) -> pd.DataFrame:
    """Margin to come of all customers if a point fewer, as many, or a point more of them are kept.

    Parameters
    ----------
    total : float
        Margin to come as things stand (currency).
    point : Point
        Of `point_of_retention`.
    customers : int
        Behind the total.
    certainty : Certainty
        Level of the intervals, and what no model sees of the total.

    Returns
    -------
    pandas.DataFrame
        ``step`` (fewer, same, more), ``equity`` and ``moved`` (currency) with limits, ``n``.

    Examples
    --------
    >>> sure, nothing = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0), Estimate(float("nan"))
    >>> table = equity_by_point(100.0, Point(Estimate(2.0), Estimate(3.0), 1.0, 2.0, nothing, 9), 10, certainty=sure)
    >>> table["equity"].tolist()
    [97.0, 100.0, 102.0]
    """
    reach = np.exp(z_value(certainty.level) * certainty.level_uncertainty)
    rows = []
    for step, moved in (("fewer", _times(point.down, -1)), ("same", Estimate(0.0, 0.0, 0.0)), ("more", point.up)):
        equity = total + moved.value
        low, high = sorted([moved.low, moved.high])
        rows.append(
            {
                "step": step, "equity": equity, "equity_low": equity / reach, "equity_high": equity * reach,
                "moved": moved.value, "moved_low": low, "moved_high": high, "n": customers,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _mean(values: pd.Series, certainty: Certainty) -> Estimate:
    n = len(values)
    if n < 2:
        return Estimate(float(values.mean()) if n else float("nan"), n=n)
    mean = float(values.mean())
    error = float(np.hypot(values.std() / np.sqrt(n), certainty.level_uncertainty * mean))
    reach = z_value(certainty.level) * error
    return Estimate(mean, max(mean - reach, 0.0), mean + reach, n)


def _times(estimate: Estimate, factor: float) -> Estimate:
    return Estimate.of((end * factor for end in (estimate.value, estimate.low, estimate.high)), estimate.n)


@may_refuse
def win_back(
    value: pd.DataFrame,
    purchases: Purchases,
    observation_end,
    rhythm: Rhythm,
    *,
    contact_cost: float,
    days: int = 90,
    min_cell: int = 1,
    level: float = 0.9,
) -> pd.DataFrame:
    """What winning back a silent customer brings, how many must answer for it to pay, and who comes back unasked.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_state``, ``frequency``, ``p_alive``, ``value_at_risk``.
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Last day of the data.
    rhythm : Rhythm
        In which customers order, and where one state ends and the next begins.
    contact_cost : float
        Of one contact, currency.
    days : int
        Time in which a customer comes back unasked.
    min_cell : int
        Fewest customers of whom a share is told.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row each for slipping, dormant and lost: ``customer_state``, ``customers`` (of whom the model can tell
        whether they have left), ``brings`` (mean value at risk, currency: what one brings who stays after all),
        ``break_even`` (share that must come back because of the contact for its cost to be covered; missing where
        even all of them would not cover it), ``unasked`` with ``unasked_low``, ``unasked_high`` and ``n`` (of
        those who had come back by then and were in that state `days` before the end, the share who have ordered since,
        by Wilson; as long silent on average as those who are in it now, unlike all silences on record, of which most
        were short).

    Examples
    --------
    >>> from regulars.simulate import order_log
    >>> from regulars.retention import customer_states
    >>> purchases, rhythm = Purchases.of(order_log(customers=200, seed=2)), Rhythm(0.9, 9.0)
    >>> states = customer_states(purchases, "2025-12-31", rhythm)
    >>> value = states.assign(frequency=1, p_alive=0.4, value_at_risk=20.0)
    >>> table = win_back(value, purchases, "2025-12-31", rhythm, contact_cost=5.0)
    >>> table["customer_state"].tolist(), table["break_even"].tolist()[-1]
    (['slipping', 'dormant', 'lost'], 0.25)
    """
    tellable = value[can_tell_alive(value)]
    ago = pd.Timestamp(observation_end).normalize() - pd.Timedelta(days=days)
    then = customer_states(purchases, ago, rhythm).dropna(subset="usual_days")  # those with a rhythm of their own
    then = then.set_index("customer_id")["customer_state"]
    came = pd.Series(purchases.bought(ago, observation_end), index=purchases.customers).reindex(then.index)
    rows = []
    for state in (CustomerState.SLIPPING, CustomerState.DORMANT, CustomerState.LOST):
        group = tellable.loc[tellable["customer_state"] == state.value, "value_at_risk"]
        brings = float(group.mean()) if len(group) else float("nan")
        needed = contact_cost / brings if brings > 0 else float("nan")
        silent = came[then == state.value]
        told = silent if len(silent) >= min_cell else silent.head(0)
        unasked = share(int(told.sum()), len(told), level)
        rows.append(
            {
                "customer_state": state.value, "customers": len(group), "brings": brings,
                "break_even": needed if needed <= 1 else float("nan"), "unasked": unasked.value,
                "unasked_low": unasked.low, "unasked_high": unasked.high, "n": unasked.n,
            }
        )  # fmt: skip
    return pd.DataFrame(rows).astype({"customer_state": "string"})


@tells
def tell_worth(
    point: Point,
    back: pd.DataFrame,
    value: pd.DataFrame,
    *,
    elasticities: Sequence[Mapping],
    contact: ContactCost,
    window_days: int,
    months: int,
    certainty: Certainty,
) -> Finding:
    """What retention is worth: a point of it, beside published averages, and when a win-back pays.

    Parameters
    ----------
    point : Point
        Of `point_of_retention`.
    back : pandas.DataFrame
        Of `win_back`.
    value : pandas.DataFrame
        ``clv`` (currency), one row per customer.
    elasticities : sequence of mapping
        Of customer equity, as the value stage recorded them; may be empty.
    contact : ContactCost
        Of one contact.
    window_days : int
        Length of the windows in which customers are kept.
    months : int
        Horizon of the margin.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's.

    Returns
    -------
    Finding
        Its verdict is a `WorthVerdict`; frames ``back`` and, where they can be told, ``levers`` and ``equity``.
    """
    facts: dict[str, object] = {
        "cost": contact.each,
        "origin": contact.origin,
        "days": window_days,
        "months": months,
        "n": point.n,
    }
    frames = {"back": back} | ({"levers": beside_published(elasticities)} if elasticities else {})
    lost = from_row(back[back["customer_state"] == CustomerState.LOST.value].iloc[0], "unasked")
    remarks = [Remark("return", {"lost": lost, "days": window_days})] if lost.low > MOST_TO_RETURN else []
    if not np.isfinite(point.up.value):
        return Finding(WorthVerdict.UNKNOWN, facts, frames, remarks=remarks)
    facts |= {"up": point.up, "customers": point.customers, "down": point.down, "each": point.each}
    equity = equity_by_point(float(value["clv"].sum()), point, len(value), certainty=certainty)
    facts |= {"elasticity": point.elasticity}
    return Finding(WorthVerdict.TOLD, facts, frames | {"equity": equity}, remarks=remarks)
