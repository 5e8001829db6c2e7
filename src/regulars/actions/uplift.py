"""Whom asking moves: groups, an honest tree, Qini, and whether choosing beats asking all or nobody."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.actions.effects import campaign_effect
from regulars.errors import UserError
from regulars.finding import shows
from regulars.statistics.intervals import Estimate, z_value

BOOTSTRAPS = 300
SEED = 20261122


def qini(score, treated, outcome) -> float:
    """Area between what is gained by asking the highest scores first and by asking at random.

    ∫₀¹ G(q) dq − G(1)/2, where G(q) is q times the difference between treated and control among the top share q, with
    straight lines between scores that are equal.

    Parameters
    ----------
    score : array of float
        Higher for those on whom asking is thought to do more.
    treated : array of bool
        By lot.
    outcome : array of float

    Returns
    -------
    float
        0 for a score that tells nothing, in the unit of the outcome per customer.

    References
    ----------
    Radcliffe, N. J. (2007), Direct Marketing Analytics J., 14-21.
    Yadlowsky, S. et al. (2025), J. American Statistical Association 120, 38-51.

    Examples
    --------
    >>> qini([1, 1, 0, 0], [True, False, True, False], [1.0, 0.0, 0.0, 0.0])
    0.125
    """
    score = np.asarray(score, float)
    _, rank = np.unique(-score, return_inverse=True)
    return _qini(rank, np.asarray(treated, bool), np.asarray(outcome, float))


def _qini(rank: np.ndarray, z: np.ndarray, y: np.ndarray) -> float:
    groups = rank.max() + 1
    n = np.bincount(rank, minlength=groups)
    one, one_n = np.cumsum(np.bincount(rank, y * z, groups)), np.cumsum(np.bincount(rank, z, groups))
    other, other_n = np.cumsum(np.bincount(rank, y * ~z, groups)), np.cumsum(np.bincount(rank, ~z, groups))
    q = np.append(0.0, np.cumsum(n) / rank.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.append(0.0, np.nan_to_num(one / one_n - other / other_n, posinf=0, neginf=0)) * q
    return float(np.trapezoid(gain, q) - gain[-1] / 2)


def qini_interval(
    score, treated, outcome, level: float = 0.9, *, draws: int = BOOTSTRAPS, seed: int = SEED
) -> Estimate:
    """Qini with limits from drawing the customers again, treated and controls apart.

    Examples
    --------
    >>> z, x = np.tile([True, False], 200), np.repeat([1.0, 0.0], 200)
    >>> qini_interval(x, z, 1.0 * (z & (x > 0))).low > 0
    True
    """
    z, y = np.asarray(treated, bool), np.asarray(outcome, float)
    _, rank = np.unique(-np.asarray(score, float), return_inverse=True)
    rng, sides = np.random.default_rng(seed), (np.flatnonzero(z), np.flatnonzero(~z))
    drawn = []
    for _ in range(draws):
        again = np.concatenate([rng.choice(side, side.size) for side in sides])
        drawn.append(_qini(rank[again], z[again], y[again]))
    value, reach = _qini(rank, z, y), z_value(level) * float(np.std(drawn, ddof=1))
    return Estimate(value, value - reach, value + reach, int(sides[1].size))


@shows
class UpliftTree(NamedTuple):
    """A tree that tells customers apart by what asking does to them, judged on those it was not made of.

    Parameters
    ----------
    qini : float
        Mean of `halves`.
    halves : tuple of float
        Qini of the tree made of the first half on the second, and the other way round.
    in_sample : tuple of float
        Qini of each tree on the rows it was made of: what it would seem to be worth.
    leaves : pandas.DataFrame
        Of the tree made of the first half: ``rule`` in words, ``built`` (its effect there), ``effect`` with
        ``effect_low``, ``effect_high``, ``standard_error`` and ``n`` of the second.
    score : pandas.DataFrame
        ``score`` of every row, by the tree made without it.
    """

    qini: float
    halves: tuple[float, ...]
    in_sample: tuple[float, ...]
    leaves: pd.DataFrame
    score: pd.DataFrame


def uplift_tree(
    features: pd.DataFrame,
    treated,
    outcome,
    *,
    first=None,
    max_depth: int = 2,
    min_leaf: int = 1000,
    level: float = 0.9,
) -> UpliftTree:
    """Grow an honest uplift tree: one half of the rows makes it, the other judges it, and in turn.

    Parameters
    ----------
    features : pandas.DataFrame
        Numbers known before the lot, one row per customer.
    treated : array of bool
    outcome : array of float
    first : array of bool, optional
        Rows of the first half; every second one from the first on where absent.
    max_depth : int
    min_leaf : int
        Least rows of a leaf.
    level : float

    Returns
    -------
    UpliftTree

    Raises
    ------
    UserError
        Where a half has too few customers on one side.

    Notes
    -----
    A regression tree on the transformed outcome y (t − p) / (p (1 − p)), whose mean in a leaf is the effect there.

    References
    ----------
    Athey, S. and Imbens, G. (2016), PNAS 113, 7353-7360.

    Examples
    --------
    >>> n = 4000
    >>> x, z = pd.DataFrame({"new": (np.arange(n) // 4) % 2}), np.arange(n) % 4 < 2
    >>> tree = uplift_tree(x, z, 1.0 * (z & (x["new"] == 1)), min_leaf=100)
    >>> round(tree.qini, 3), tree.leaves["rule"].tolist()
    (0.125, ['new ≤ 0', 'new > 0'])
    """
    z, y = np.asarray(treated, bool), np.asarray(outcome, float)
    even = np.arange(z.size) % 2 == 0 if first is None else np.asarray(first, bool)
    for half in (even, ~even):
        if min((z & half).sum(), (~z & half).sum()) < 2:
            raise UserError(
                f"A tree of {z.size} customers is not told: half of them has no two treated and two controls."
            )
    x = features.to_numpy(float)
    score, halves, inside, leaves = np.full(z.size, np.nan), [], [], None
    for build in (even, ~even):
        tree = _grown(x[build], z[build], y[build], max_depth=max_depth, min_leaf=min_leaf)
        of, judged = tree.apply(x), ~build
        built = {leaf: _leaf_gap(y, z, build & (of == leaf)) for leaf in np.unique(of)}
        said = pd.Series(of).map(built).to_numpy(float)
        score[judged] = said[judged]
        halves.append(qini(said[judged], z[judged], y[judged]))
        inside.append(qini(said[build], z[build], y[build]))
        if leaves is None:
            rules = leaf_rules(tree.tree_, features)
            rows = [
                (rules[leaf], built[leaf], *_leaf_effect(y, z, judged & (of == leaf), level)) for leaf in sorted(built)
            ]
            names = ["rule", "built", "effect", "effect_low", "effect_high", "standard_error", "n"]
            leaves = pd.DataFrame(rows, columns=names)
    return UpliftTree(float(np.mean(halves)), tuple(halves), tuple(inside), leaves, pd.DataFrame({"score": score}))


def halves_of(features: pd.DataFrame, here, first, told: tuple, min_leaf: int, max_depth: int = 2) -> np.ndarray:
    """Effects told of all rows by the trees of `uplift_tree`, each by the one made without its half.

    Parameters
    ----------
    features : pandas.DataFrame
        Of all rows.
    here : array of bool
        Rows of the two sides that the trees are made of.
    first : array of bool
        Of all rows: the first half.
    told : tuple
        Treated and outcome of the rows of `here`.
    min_leaf, max_depth : int
    """
    x, score, (z, y) = features.to_numpy(float), np.full(len(features), np.nan), told
    half = np.asarray(first, bool)[here]
    for build, judged in ((half, ~np.asarray(first, bool)), (~half, np.asarray(first, bool))):
        tree = _grown(x[here][build], z[build], y[build], max_depth=max_depth, min_leaf=min_leaf)
        of = tree.apply(x[here])
        gaps = {leaf: _leaf_gap(y, z, build & (of == leaf)) for leaf in np.unique(of)}
        score[judged] = pd.Series(tree.apply(x[judged])).map(gaps).fillna(0.0).to_numpy()
    return score


def _grown(x, z, y, *, max_depth: int, min_leaf: int):
    from sklearn.tree import DecisionTreeRegressor

    p = z.mean()
    tree = DecisionTreeRegressor(max_depth=max_depth, min_samples_leaf=min_leaf, random_state=0)
    return tree.fit(x, y * (z - p) / (p * (1 - p)))


def _leaf_gap(y, z, here) -> float:
    one, other = here & z, here & ~z
    return float(y[one].mean() - y[other].mean()) if one.any() and other.any() else 0.0


def _leaf_effect(y, z, here, level: float) -> tuple:
    if min((here & z).sum(), (here & ~z).sum()) < 2:
        return (*[float("nan")] * 4, int(here.sum()))
    found = campaign_effect(y[here], z[here], level=level)
    return found.estimate, found.low, found.high, found.standard_error, int(here.sum())


def in_words(name: str) -> str:
    """Name of a field as a reader takes it.

    Examples
    --------
    >>> in_words("job_years")
    'job years'
    """
    return str(name).replace("_", " ")


def leaf_rules(tree, values: pd.DataFrame) -> dict[int, str]:
    """Each leaf of a fitted scikit-learn tree in words: of each field that it asks about, what is left of it.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
    values : pandas.DataFrame
        What the tree asks about, of all that it is put to; a column "field = value" is 1 where that is so, else 0.

    Returns
    -------
    dict of int to str
        Leaf to its rule.
    """
    rules: dict[int, str] = {}
    open_nodes: list[tuple[int, dict[str, tuple[float, float]]]] = [(0, {})]
    while open_nodes:
        node, left = open_nodes.pop()
        if tree.children_left[node] < 0:
            rules[node] = ", ".join(_limits(name, *ends) for name, ends in left.items()) or "all"
            continue
        name = values.columns[tree.feature[node]]
        cut, (low, high) = round_cut(values[name], float(tree.threshold[node])), left.get(name, (-np.inf, np.inf))
        open_nodes.append((int(tree.children_left[node]), left | {name: (low, min(high, cut))}))
        open_nodes.append((int(tree.children_right[node]), left | {name: (max(low, cut), high)}))
    return rules


def _limits(name: str, low: float, high: float) -> str:
    said = in_words(name)
    if " = " in said:
        return said if low > -np.inf else said.replace(" = ", " ≠ ", 1)
    above, most = f"{low:.10g}", f"{high:.10g}"
    if low > -np.inf and high < np.inf:
        return f"{above} < {said} ≤ {most}"
    return f"{said} > {above}" if low > -np.inf else f"{said} ≤ {most}"


def round_cut(values, cut: float) -> float:
    """Roundest number that parts values as a threshold does: a tree cuts halfway between two of them.

    Parameters
    ----------
    values : array of float
        All that are parted.
    cut : float

    Returns
    -------
    float

    Examples
    --------
    >>> [round_cut([112.4, 117.65, 117.7, 130], cut) for cut in (117.675, 115.025, 123.85)]
    [117.68, 115.0, 120.0]
    >>> round_cut([0, 1], 0.5), round_cut([12, 18, 24], 21)
    (0.0, 20.0)
    """
    values = np.asarray(values, float)
    below, above = values[values <= cut], values[values > cut]
    if not below.size or not above.size:
        return cut
    low, high = float(below.max()), float(above.min())
    for power in range(int(np.ceil(np.log10(max(abs(low), abs(high))))), -10, -1):
        step = 10.0**power
        for many in (round(cut / step), np.ceil(low / step)):
            number = round(float(many) * step, max(-power, 0))
            if low <= number < high:
                return number + 0.0
    return cut


class PolicyValue(NamedTuple):
    """What a rule of whom to ask would bring per customer.

    Parameters
    ----------
    estimate, standard_error : float
    scores : numpy.ndarray
        Of each customer; the difference of two rules is the mean of the difference of their scores.
    """

    estimate: float
    standard_error: float
    scores: np.ndarray

    def __repr__(self) -> str:
        """The value and its error."""
        return f"PolicyValue({self.estimate:.6g}, standard error {self.standard_error:.6g}, n = {len(self.scores)})"

    def against(self, other: "PolicyValue", level: float = 0.9) -> Estimate:
        """Value of the rule less that of another, on the same customers."""
        gap = self.scores - other.scores
        value, reach = float(gap.mean()), z_value(level) * float(gap.std(ddof=1)) / np.sqrt(gap.size)
        return Estimate(value, value - reach, value + reach, int(gap.size))


def policy_value(policy, arm, outcome, shares: Mapping | None = None, *, features=None, learnt_on=None) -> PolicyValue:
    """Value of a rule, from customers whose treatment was drawn by lot.

    Parameters
    ----------
    policy : array
        Arm that the rule would give each customer.
    arm : array
        Arm that the lot gave.
    outcome : array of float
    shares : mapping, optional
        Arm to its chance in the lot; as seen where absent.
    features : pandas.DataFrame or array, optional
        Where given, a straight line per arm takes out what they explain (augmented; doubly robust).
    learnt_on : tuple, optional
        Features, arm and outcome of other customers, of whom these lines are made; the same ones where absent.

    Returns
    -------
    PolicyValue

    References
    ----------
    Dudík, M., Erhan, D., Langford, J. and Li, L. (2014), Statistical Science 29, 485-511.

    Examples
    --------
    >>> policy_value(["a", "a"], ["a", "b"], [4.0, 9.0]).estimate
    4.0
    """
    policy, arm, y = np.asarray(policy, object), np.asarray(arm, object), np.asarray(outcome, float)
    arms = sorted(set(arm))
    seen = {one: float((arm == one).mean()) for one in arms}
    chance = pd.Series(arm).map(dict(shares or seen)).to_numpy(float)
    unknown = set(policy) - set(arms)
    if unknown:
        raise UserError(f"The rule gives '{min(unknown)}', which the lot gave to nobody: its value cannot be told.")
    same = policy == arm
    scores = np.where(same, y / chance, 0.0)
    if features is not None:
        x0, arm0, y0 = (features, arm, y) if learnt_on is None else learnt_on
        x0, arm0, y0 = np.asarray(x0, float), np.asarray(arm0, object), np.asarray(y0, float)
        x, told = np.asarray(features, float), np.zeros(y.size)
        for one in arms:
            line = np.linalg.lstsq(_with_one(x0[arm0 == one]), y0[arm0 == one], rcond=None)[0]
            told = np.where(policy == one, _with_one(x) @ line, told)
        scores = told + np.where(same, (y - told) / chance, 0.0)
    error = float(scores.std(ddof=1) / np.sqrt(scores.size))
    return PolicyValue(float(scores.mean()), error, scores)


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(x)), x])
