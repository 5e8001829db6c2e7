"""Who stands on which step of the customer pyramid, how surely, who moved, and what moving some up would bring."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import gammainc, gammaincinv

from regulars.finding import Finding
from regulars.labels import Step, Tier
from regulars.segments.summary import group_summary
from regulars.segments.tiers import tier_thresholds
from regulars.settings import Certainty
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.intervals import Estimate

MOVED_UP = 0.02  # of the customers of a step: the published question of what moving so many up would bring
INACTIVE_BELOW = 0.05  # expected orders over the horizon, below which a customer stands beside the pyramid
NODES = 8  # of the distribution of spend
EXACT = 50_000  # customers; of more, those of one kind share a curve of so many points, right to five digits
CURVE = 2000
DRAWS = 200  # of customers from the step above, behind the interval of moving up


def tier_probability(customers: pd.DataFrame, r: float, p: float, q: float) -> pd.Series:
    """Chance that a customer belongs on the step of the pyramid on which the expected value puts him.

    A customer's long-run rate of ordering and spend per order are not known; what has been seen leaves a gamma
    distribution of the rate and an inverse gamma distribution of the spend, whose means the expected value uses. The
    chance that rate × spend lies between the thresholds of the step is high for a VIP by rate, who has been seen often,
    and low for a VIP by luck, whose few orders were large or close together. Who has left belongs at the base.

    Parameters
    ----------
    customers : pandas.DataFrame
        tier, clv, p_alive, frequency, spend_is_prior, as the value stage has them.
    r : float
        Shape of the rate in BG/NBD.
    p, q : float
        Shapes of Gamma-Gamma: of the spend of one customer's orders, and of what differs between customers.

    Returns
    -------
    pandas.Series
        Between 0 and 1, on the same index; NaN for those who are expected to bring nothing, or a loss.

    Notes
    -----
    λ | x ~ gamma(r + x), ν | x ~ gamma(q + p x); the spend is integrated over `NODES` midpoints of its distribution.
    The thresholds and the chance of leaving are taken as known.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284. Schmittlein, D. C. and
    Peterson, R. A. (1994), Marketing Science 13, 41-67 (posterior of a single customer's rate).

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "small", "small"], "clv": [100.0, 1.0, 1.0], "p_alive": 1.0,
    ...     "frequency": [50, 0, 0], "spend_is_prior": [False, True, True]})
    >>> tier_probability(customers, 1.0, 6.0, 4.0).round(2).tolist()
    [0.48, 1.0, 1.0]
    """
    bottoms = tier_thresholds(customers["clv"], customers["tier"]).set_index("tier")["threshold"]
    floors, tops, above = {}, {}, np.inf
    for step in map(str, Tier):
        is_base = step == Tier.SMALL
        floors[step], tops[step] = 0.0 if is_base else bottoms[step], above
        above = above if np.isnan(bottoms[step]) else bottoms[step]
    names = customers["tier"].astype(object)
    alive = np.clip(customers["p_alive"].to_numpy(float), 1e-12, 1.0)
    if_alive = customers["clv"].to_numpy(float) / alive
    if_alive = np.where(if_alive > 0, if_alive, np.nan)
    orders = customers["frequency"].to_numpy(float)
    own = np.where(customers["spend_is_prior"], 0.0, orders)
    (x, of), back = distinct_rows(orders, own)
    back = np.arange(len(orders)) if isinstance(back, slice) else back
    levels = (np.arange(NODES) + 0.5) / NODES
    spend = 1 / np.maximum(gammaincinv((q + p * of)[:, None], levels), 1e-12)
    spend = spend / spend.mean(axis=1, keepdims=True)
    edges = names.map(floors).to_numpy(float), names.map(tops).to_numpy(float)
    below, within = (_below(edge, if_alive, spend, r + x, back) for edge in edges)
    gone = np.where(names == Tier.SMALL, 1 - alive, 0.0)
    chance = np.where(np.isnan(if_alive), np.nan, np.clip(alive * (within - below) + gone, 0.0, 1.0))
    return pd.Series(chance, index=customers.index, name="tier_probability")


def _below(edge, mean, spend, shape, kinds):
    """Chance that rate × spend lies below the edge: the rate gamma distributed, spends around 1 equally likely.

    `spend` and `shape` hang on the kind of a customer: number of orders, and of those whose spend is known.
    """
    chance = np.where(np.isposinf(edge), 1.0, 0.0)
    open_ = np.flatnonzero((edge > 0) & np.isfinite(edge) & np.isfinite(mean))
    at, kind = edge[open_] * shape[kinds[open_]] / mean[open_], kinds[open_]
    if open_.size <= EXACT:
        of = spend[kind]
        chance[open_] = np.mean([gammainc(shape[kind], at / of[:, node]) for node in range(of.shape[1])], axis=0)
        return chance
    # customers of one kind share a curve, which is read off where it has been reckoned
    order = np.argsort(kind, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(kind[order])) + 1):
        one, places = kind[some[0]], np.log(np.maximum(at[some], 1e-300))
        grid = np.linspace(places.min(), places.max(), CURVE) if places.size > CURVE else places
        curve = np.mean([gammainc(shape[one], np.exp(grid) / level) for level in spend[one]], axis=0)
        chance[open_[some]] = np.interp(places, grid, curve) if places.size > CURVE else curve
    return chance


def add_inactive(customers: pd.DataFrame) -> pd.Series:
    """Step of each customer, with those who will hardly order again beside the pyramid as ``inactive``.

    Parameters
    ----------
    customers : pandas.DataFrame
        tier, as `assign_tiers` gives it, and expected_orders over the horizon; the chance of an order is not above it.

    Returns
    -------
    pandas.Series
        Values of `regulars.labels.Step`; only those at the base can be inactive.

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "small", "small"], "expected_orders": [0.01, 0.01, 0.3]})
    >>> add_inactive(customers).tolist()
    ['vip', 'inactive', 'small']
    """
    quiet = (customers["tier"] == Tier.SMALL) & (customers["expected_orders"] < INACTIVE_BELOW)
    return customers["tier"].astype(object).mask(quiet, str(Step.INACTIVE))


def moving_up(customers: pd.DataFrame, share: float = MOVED_UP, level: float = 0.9, seed: int = 0) -> pd.DataFrame:
    """What moving a share of each step's customers one step up would bring, were they then worth what is usual there.

    Parameters
    ----------
    customers : pandas.DataFrame
        tier and clv.
    share : float
        Of the customers of a step; at least one moves.
    level, seed
        Of the interval: whom it would be, and whom of the step above they would be like, is drawn.

    Returns
    -------
    pandas.DataFrame
        One row per step below the top with customers on it and above it: tier, to, customers (moved), gain,
        gain_low, gain_high (currency of value to come).

    References
    ----------
    Curry, J. and Curry, A. (2000), The Customer Marketing Method, ch. 3.

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "large", "large"], "clv": [100.0, 30.0, 10.0]})
    >>> moving_up(customers)[["tier", "to", "customers", "gain"]].to_numpy().tolist()
    [['large', 'vip', 1, 80.0]]
    """
    rng, rows = np.random.default_rng(seed), []
    steps = [str(tier) for tier in Tier]
    values = {step: customers.loc[customers["tier"] == step, "clv"].to_numpy(float) for step in steps}
    for upper, lower in pairwise(steps):
        above, below = values[upper], values[lower]
        if not len(above) or not len(below):
            continue
        moved = max(1, int(share * len(below) + 0.5))
        gain = moved * (above.mean() - below.mean())
        drawn = [rng.choice(above, moved).sum() - rng.choice(below, moved).sum() for _ in range(DRAWS)]
        # the mean of the step above is itself one of few customers
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        rows.append((lower, upper, moved, float(gain), float(low), float(high)))
    return pd.DataFrame(rows, columns=["tier", "to", "customers", "gain", "gain_low", "gain_high"])


def migration(now: pd.Series, before: pd.Series) -> pd.DataFrame:
    """From which step of the last period customers came to the one on which they stand.

    Parameters
    ----------
    now, before : pandas.Series
        Step of each customer, indexed by customer; who is missing in `before` is ``new`` now.

    Returns
    -------
    pandas.DataFrame
        Long: before, now, customers, n (of the step before), share (customers of n);
        shares of a row sum to 1, customers to all of `now`.

    Raises
    ------
    ValueError
        Where a customer of `before` is missing now: the two are of different datasets.

    Examples
    --------
    >>> moved = migration(pd.Series({"a": "vip", "b": "small"}), pd.Series({"a": "small"}))
    >>> moved[moved["customers"] > 0][["before", "now", "customers"]].to_numpy().tolist()
    [['small', 'vip', 1], ['new', 'small', 1]]
    """
    at = before.index.get_indexer(now.index)
    if (at >= 0).sum() < len(before):
        gone = before.index.difference(now.index)
        raise ValueError(f"customer {gone[0]!r} stood on a step before and is not among the customers now")
    steps = [str(step) for step in Step]
    then, stands = (pd.Categorical(one.astype(object), steps).codes.astype(np.int64) for one in (before, now))
    origin = np.full(len(now), steps.index(str(Step.NEW)))
    origin[at >= 0] = then[at[at >= 0]]
    pairs = np.bincount(origin * len(steps) + stands, minlength=len(steps) ** 2).reshape(len(steps), len(steps))
    table = pd.DataFrame(pairs, steps, steps).loc[pairs.any(axis=1), pairs.any(axis=0)]
    long = table.rename_axis(index="before", columns="now").stack().rename("customers").reset_index()
    long["n"] = long.groupby("before")["customers"].transform("sum")
    long["share"] = long["customers"] / long["n"]
    return long


def with_best(pyramid: Finding, best: pd.DataFrame, months: int, days: int) -> Finding:
    """The pyramid with the most valuable customers beside it.

    Parameters
    ----------
    pyramid : Finding
        Of `pyramid_finding`.
    best : pandas.DataFrame
        customer (pseudonym), last_ordered_at, spend, expected_orders and clv with their ends, p_active.
    months, days : int
        Horizon, and days of P(active).
    """
    facts = {**pyramid.facts, "months": months, "days": days}
    return replace(pyramid, facts=facts, frames={**pyramid.frames, "best": best})


def top_step(pyramid: Finding) -> dict:
    """What is told of the customers on the top step, of `pyramid_finding`; nothing of too few to be shown."""
    if not len(pyramid.frames["steps"]):
        return {}
    top = pyramid.frames["steps"].iloc[0]
    return {"customers": top["customers"], "share": top["clv_share"], "at_stake": top["clv"]}


def pyramid_finding(
    customers: pd.DataFrame,
    tiers_now: pd.Series,
    tiers_before: pd.Series,
    *,
    margin: float,
    level: float = 0.9,
    level_uncertainty: float = 0.0,
    min_cell: int = 1,
    seed: int = 0,
    **_,
) -> Finding:
    """The pyramid with those who are inactive, who moved since the last period, and what moving up would bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        tier, tier_probability, expected_orders, spend, clv, clv_low, clv_high.
    tiers_now, tiers_before : pandas.Series
        Tier now and in the last period by the same model, indexed by customer.
    margin : float
        Contribution as a share of past revenue.
    level, level_uncertainty, min_cell
        As for `group_summary`; moves of fewer customers are left out.
    seed : int

    Returns
    -------
    Finding
        Verdict ``rate`` where the chance that those of the top step belong there is above one half on average,
        ``luck`` where not, ``single`` where all stand on one step or none on the top one, ``loss`` where they bring
        none; frames ``steps``, ``up``, ``migration``.
    """
    seen = customers.assign(step=add_inactive(customers))
    order = [str(step) for step in Step if step != Step.NEW]
    certainty = Certainty(level, level_uncertainty, seed, DRAWS)
    table = group_summary(seen, "step", order, certainty=certainty, min_cell=min_cell)
    groups = seen.groupby("step")
    table["threshold"] = table["step"].map(groups["clv"].min())
    table["margin"] = margin * table["spend"]
    table["belongs"] = table["step"].map(groups["tier_probability"].mean())
    table.loc[table["step"] == Step.INACTIVE, "belongs"] = np.nan  # beside the pyramid there is no threshold
    top = customers[customers["tier"] == Tier.VIP]
    up = moving_up(customers, level=level, seed=seed)
    if customers["clv"].sum() <= 0:
        return Finding("loss", {"customers": len(customers)}, {"steps": table})
    bought = {"bought": float(customers["spend"].sum()), "each": float(customers["spend"].mean())}
    if not len(top) or not len(up):
        return Finding("single", {"customers": len(customers)} | bought, {"steps": table})
    largest = up.loc[up["gain"].idxmax()]
    gain = Estimate(largest["gain"], largest["gain_low"], largest["gain_high"], int(largest["customers"]))
    facts = {"top": len(top), "belongs": float(top["tier_probability"].mean()), "gain": gain, "share": MOVED_UP}
    facts |= bought | {"of": largest["tier"], "to": largest["to"], "moved": int(largest["customers"])}
    moves = migration(tiers_now, tiers_before)
    known, rank = moves[moves["before"] != Step.NEW], {str(step): place for place, step in enumerate(Step)}
    climbed = known["before"].map(rank) - known["now"].map(rank)
    facts |= {
        name: int(known.loc[of, "customers"].sum()) for name, of in (("rose", climbed > 0), ("fell", climbed < 0))
    }
    shown = moves[moves["customers"] >= max(min_cell, 1)].reset_index(drop=True)
    verdict = "rate" if facts["belongs"] > 0.5 else "luck"
    return Finding(verdict, facts, {"steps": table, "up": up, "migration": shown})
