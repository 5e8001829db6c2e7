"""Who stands on which step of the customer pyramid, how surely, who moved, and what moving some up would bring."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammainc, gammaincinv

from regulars.finding import Finding, Remark, may_refuse, tells
from regulars.labels import Step, Tier
from regulars.segments.summary import group_summary
from regulars.segments.tiers import assign_tiers, tier_thresholds
from regulars.settings import Certainty, Economics
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.intervals import Estimate, from_row

MOVED_UP = 0.02  # of the customers of a step: the published question of what moving so many up would bring
MORE = 0.5  # more profit at the same cost, which teaching says such moves make
INACTIVE_BELOW = 0.05  # expected orders over the horizon, below which a customer stands beside the pyramid
NODES = 8  # of the distribution of spend
EXACT = 50_000  # customers; of more, those of one kind share a curve of so many points, right to five digits
CURVE = 2000
JUDGED = 5000  # customers, evenly from the top to the bottom, by whom thresholds are found
REACH, HALVINGS = 8.0, 9  # of that search: times the expected threshold at most, and steps, which leave 0.8 %
DRAWS = 200  # of customers from the step above, behind the interval of moving up


class PyramidVerdict(StrEnum):
    """Whether those at the top belong there."""

    RATE = "rate"  # by their habits
    LUCK = "luck"
    SINGLE = "single"  # too few steps to tell
    LOSS = "loss"  # customers bring none


def tier_probability(customers: pd.DataFrame, r: float, p: float, q: float) -> pd.Series:
    """Chance that a customer belongs on the step of the pyramid on which the expected value puts him.

    A customer's long-run rate of ordering and spend per order are not known; what has been seen leaves a gamma
    distribution of the rate and an inverse gamma distribution of the spend, whose means the expected value uses. The
    chance that rate × spend ranks among as many as the step holds is high for a VIP by rate, who has been seen often,
    and low for a VIP by luck, whose few orders were large or close together. Who has left belongs at the base.

    Parameters
    ----------
    customers : pandas.DataFrame
        tier, clv, p_alive, frequency, spend_is_prior, as the value stage has them.
    r : float
        Shape of the rate in BG/NBD.
    p : float
        Shape of Gamma-Gamma for the spend of one customer's orders.
    q : float
        Shape of Gamma-Gamma for what differs between customers.

    Returns
    -------
    pandas.Series
        Between 0 and 1, on the same index; NaN for those who are expected to bring nothing, or a loss.

    Notes
    -----
    λ | x ~ gamma(r + x), ν | x ~ gamma(q + p x); the spend is integrated over `NODES` midpoints of its distribution.
    A step ends where as many customers are to be expected above as stand there, so that the chances to stand at the top
    or higher sum to the number of customers there: expected values, drawn to the mean, lie closer together than true
    ones, and their own threshold would be passed by more. The chance of leaving is taken as known.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284. Schmittlein, D. C. and
    Peterson, R. A. (1994), Marketing Science 13, 41-67 (posterior of a single customer's rate).

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "small", "small"], "clv": [100.0, 1.0, 1.0], "p_alive": 1.0,
    ...     "frequency": [50, 0, 0], "spend_is_prior": [False, True, True]})
    >>> tier_probability(customers, 1.0, 6.0, 4.0).round(2).tolist()
    [1.0, 1.0, 1.0]
    """
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
    part = np.argsort(if_alive, kind="stable")[:: -(-len(if_alive) // JUDGED)]  # by whom thresholds are found
    bottoms = tier_thresholds(customers["clv"], customers["tier"]).set_index("tier")["threshold"]
    floors, tops, above, wanted = {}, {}, np.inf, 0.0
    for step in map(str, Tier):
        wanted += float((names == step).sum()) * len(part) / max(len(names), 1)
        is_base = step == Tier.SMALL or np.isnan(bottoms[step])
        floors[step], tops[step] = 0.0, above
        if not is_base and bottoms[step] > 0:
            floors[step] = above = _passed_by(
                wanted, bottoms[step], if_alive[part], alive[part], spend=spend, shape=r + x, kinds=back[part]
            )
    edges = names.map(floors).to_numpy(float), names.map(tops).to_numpy(float)
    below, within = (_below(edge, if_alive, spend, r + x, back) for edge in edges)
    gone = np.where(names == Tier.SMALL, 1 - alive, 0.0)
    chance = np.where(np.isnan(if_alive), np.nan, np.clip(alive * (within - below) + gone, 0.0, 1.0))
    return pd.Series(chance, index=customers.index, name="tier_probability")


def _passed_by(wanted: float, near: float, if_alive, alive, *, spend, shape, kinds) -> float:
    """Value that as many customers are expected to pass, by halving an interval around one, on the log scale."""
    low, high = np.log(near / REACH), np.log(near * REACH)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        passed = alive * (1 - _below(np.full(len(if_alive), np.exp(middle)), if_alive, spend, shape, kinds))
        low, high = (middle, high) if np.nansum(np.where(np.isnan(if_alive), 0.0, passed)) > wanted else (low, middle)
    return float(np.exp((low + high) / 2))


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
    level : float
        Of the interval.
    seed : int
        Whom it would be, and whom of the step above they would be like, is drawn.

    Returns
    -------
    pandas.DataFrame
        One row per step below the top with customers on it and above it: tier, to, customers (moved), gain,
        gain_low, gain_high (currency of value to come); half, half_low, half_high: how many would have to move for half
        as much value again as all customers have, half_share: of those on the step (missing where, by the upper limit,
        all of the step might not be enough).

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
    wanted = MORE * customers["clv"].sum()
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
        half, most, least = (wanted * moved / end if end > 0 else np.nan for end in (gain, low, high))
        if not most <= len(below):
            half = most = least = np.nan
        rows.append((lower, upper, moved, float(gain), float(low), float(high), half, least, most, half / len(below)))
    names = ["tier", "to", "customers", "gain", "gain_low", "gain_high", "half", "half_low", "half_high", "half_share"]
    return pd.DataFrame(rows, columns=names)


def migration(now: pd.Series, before: pd.Series) -> pd.DataFrame:
    """From which step of the last period customers came to the one on which they stand.

    Parameters
    ----------
    now : pandas.Series
        Step of each customer, indexed by customer.
    before : pandas.Series
        The same in the last period; who is missing there is ``new`` now.

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


@may_refuse
def on_pyramid(customers: pd.DataFrame, models, shares: Sequence[float]) -> pd.DataFrame:
    """Scored customers with the step on which each stands, and the chance to belong there.

    Parameters
    ----------
    customers : pandas.DataFrame
        clv, spend (decides between equal values), p_alive, frequency, spend_is_prior.
    models : regulars.clv.in_memory.Models
        Whose shapes say how sure a customer's rate and spend are.
    shares : sequence of float
        Share of the customers on each step from the top.

    Returns
    -------
    pandas.DataFrame
        With tier (`regulars.labels.Tier`) and tier_probability.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> orders, spend = pd.Series({"r": 1.0}), pd.Series({"p": 6.0, "q": 4.0})
    >>> models = SimpleNamespace(orders=SimpleNamespace(params_=orders), spend=SimpleNamespace(params_=spend))
    >>> customers = pd.DataFrame({"clv": [100.0] + [1.0] * 99, "spend": 1.0, "p_alive": 1.0, "frequency": 5,
    ...                           "spend_is_prior": False})
    >>> on_pyramid(customers, models, (0.01, 0.04, 0.15, 0.8))["tier"].value_counts().to_dict()
    {'small': 80, 'medium': 15, 'large': 4, 'vip': 1}
    """
    tier = assign_tiers(customers["clv"], shares, tie_breaker=customers["spend"])
    customers = customers.assign(tier=tier)
    r, (p, q) = models.orders.params_["r"], models.spend.params_[["p", "q"]]
    return customers.assign(tier_probability=tier_probability(customers, r, p, q))


@tells
def tell_pyramid(
    customers: pd.DataFrame,
    *,
    now: pd.Series,
    before: pd.Series,
    earned: pd.Series,
    pseudonyms: Callable,
    economics: Economics,
    certainty: Certainty,
    min_cell: int = 1,
) -> Finding:
    """Who is at the top and whether they belong there, who moved since, and what moving some up would bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, tier, tier_probability, expected_orders, spend, clv, with the ends of their intervals, p_active,
        last_ordered_at.
    now : pandas.Series
        Tier now by the models' values, indexed by customer.
    before : pandas.Series
        Tier in the last period by the same models, indexed by customer.
    earned : pandas.Series
        Margin so far, indexed by customer.
    pseudonyms : callable
        From customer ids to what stands for them on a page.
    economics : Economics
        Horizon and days of P(active).
    certainty : Certainty
        Level of the intervals, what no model sees of a total's level, seed.
    min_cell : int
        Steps and moves of fewer customers are left out.

    Returns
    -------
    Finding
        Verdict `PyramidVerdict`; frames ``steps``, ``best`` and, where steps are told apart, ``up`` and ``migration``.
    """
    steps = _steps(customers, earned, certainty, min_cell)
    frames = {"steps": steps, "best": best_customers(customers, pseudonyms)}
    facts: dict[str, Any] = {
        "customers": len(customers),
        "months": economics.horizon_months,
        "days": economics.active_within_days,
    }
    facts |= _shares_of_steps(customers["tier"])
    if customers["clv"].sum() <= 0:
        return Finding(PyramidVerdict.LOSS, facts, frames)
    facts |= {"bought": float(customers["spend"].sum()), "each": float(customers["spend"].mean())}
    top = customers[customers["tier"] == Tier.VIP]
    # beside the pyramid nobody moves up
    up = moving_up(customers.assign(tier=add_inactive(customers)), level=certainty.level, seed=certainty.seed)
    if not len(top) or not len(up):
        return Finding(PyramidVerdict.SINGLE, facts, frames)
    del facts["customers"]
    largest = up.loc[up["gain"].idxmax()]
    moves = migration(now, before)
    facts |= {
        "top": len(top),
        "belongs": float(top["tier_probability"].mean()),
        "gain": from_row(largest, "gain", n="customers"),
        "share": MOVED_UP,
        "of": largest["tier"],
        "to": largest["to"],
        "moved": int(largest["customers"]),
        **_rose_and_fell(moves),
    }
    shown = moves[moves["customers"] > 0].reset_index(drop=True)
    remarks = _half_as_much_again(up, float(customers["clv"].sum()))
    return Finding(_verdict(facts["belongs"]), facts, {**frames, "up": up, "migration": shown}, remarks=remarks)


def _half_as_much_again(up: pd.DataFrame, worth: float) -> list[Remark]:
    """What the moves of all steps bring together beside what teaching says, and which move alone makes so much."""
    ends = (float(up[name].sum()) / worth for name in ("gain", "gain_low", "gain_high"))
    together = Estimate.of(ends, int(up["customers"].sum()))
    remarks = [Remark("together", {"together": together, "taught": MORE, "step_share": MOVED_UP})]
    possible = up.dropna(subset="half")
    if possible.empty:
        return [*remarks, Remark("half_never", {"taught": MORE})]
    easiest = possible.loc[possible["half"].idxmin()]
    facts = {"half": from_row(easiest, "half", n="customers"), "half_share": float(easiest["half_share"])}
    return [*remarks, Remark("half", facts | {"from_step": easiest["tier"], "to_step": easiest["to"], "taught": MORE})]


def _steps(customers: pd.DataFrame, earned: pd.Series, certainty: Certainty, min_cell: int) -> pd.DataFrame:
    """Each step, those who are inactive beside them: counts, threshold, revenue and margin so far, value to come."""
    seen = customers.assign(step=add_inactive(customers))
    order = [str(step) for step in Step if step != Step.NEW]
    table = group_summary(seen, "step", order, certainty=certainty, min_cell=min_cell)
    groups = seen.groupby("step")
    table["threshold"] = table["step"].map(groups["clv"].min())
    margin = seen["customer_id"].map(earned)
    table["margin"] = table["step"].map(margin.groupby(seen["step"]).sum())
    table["belongs"] = table["step"].map(groups["tier_probability"].mean())
    table.loc[table["step"] == Step.INACTIVE, "belongs"] = np.nan  # beside the pyramid there is no threshold
    return table


def best_customers(customers: pd.DataFrame, pseudonyms: Callable, number: int = 10) -> pd.DataFrame:
    """The customers worth most, under names that stand for them.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, clv, and spend, which decides between equal values.
    pseudonyms : callable
        From customer ids to names.
    number : int
        How many.

    Returns
    -------
    pandas.DataFrame
        ``customer`` in place of customer_id, and the other columns.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "clv": [1.0, 9.0], "spend": 5.0})
    >>> best_customers(customers, lambda ids: "C-" + ids, number=1).to_numpy().tolist()
    [['C-b', 9.0, 5.0]]
    """
    best = customers.nlargest(number, ["clv", "spend"]).reset_index(drop=True)
    best.insert(0, "customer", pseudonyms(best.pop("customer_id")))
    return best


def _shares_of_steps(tier: pd.Series) -> dict[str, float]:
    """Share of the customers on each step but the lowest, which holds the rest."""
    return {name: float((tier == step).mean()) for name, step in zip(("first", "second", "third"), Tier, strict=False)}


def _rose_and_fell(moves: pd.DataFrame) -> dict[str, int]:
    """How many stand higher, and lower, than in the last period."""
    known, rank = moves[moves["before"] != Step.NEW], {str(step): place for place, step in enumerate(Step)}
    climbed = known["before"].map(rank) - known["now"].map(rank)
    ways = {"rose": climbed > 0, "fell": climbed < 0}
    return {name: int(known.loc[of, "customers"].sum()) for name, of in ways.items()}


def _verdict(belongs: float) -> PyramidVerdict:
    """Whether those at the top are there by habit, from the chance to belong there that is told."""
    return PyramidVerdict.RATE if belongs > 0.5 else PyramidVerdict.LUCK
