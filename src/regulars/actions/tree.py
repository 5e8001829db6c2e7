"""A tree in words that tells customers apart by what they will do, or by how far they may be trusted."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2

from regulars.actions.uplift import leaf_rules
from regulars.errors import UntoldError, UserError
from regulars.finding import NotSupplied, may_refuse, shows
from regulars.statistics.intervals import Estimate, wilson
from regulars.statistics.ranking import areas_under_curve, paired_auc

MAX_LEAVES, MIN_LEAF, MIN_SHARE = 6, 30, 0.05
RESAMPLES = 500
SEED = 20261122
LEAKS_FROM = 0.97  # area under the curve of one field alone: it knows the outcome rather than foretelling it
# what no customer is to be judged by, whatever it would tell
SENSITIVE = re.compile(
    r"relig|church|ethnic|race(?!s)|racial|politic|party_member|union_member|health|disab|sexual|orientation|genetic"
    r"|宗教|民族|种族|健康|政治"
)
FINE_BINS = 7


@shows
class Stability(NamedTuple):
    """How far two samples differ in how they are made up.

    Parameters
    ----------
    value : float
        Population stability index.
    limit : float
        That chance alone exceeds in one of twenty samples of these sizes; NaN where only shares are known.
    p_value : float
        Of Pearson's χ² test that both are samples of one population.
    """

    value: float
    limit: float
    p_value: float


def population_stability(before, after) -> Stability:
    """Population stability index of two samples, beside what chance alone makes of it.

    The customary ".1 is a small shift" supposes thousands: at 300 against 300 in ten groups it is exceeded in one of
    twelve samples that do not differ. PSI × nm/(n + m) is nearly χ² with groups − 1 degrees of freedom.

    Parameters
    ----------
    before, after : sequence of float
        Counts by group, or shares that sum to 1.

    Returns
    -------
    Stability

    Raises
    ------
    UserError
        Where they have not the same groups.

    References
    ----------
    Yurdakul, B. and Naranjo, J. (2020), J. Risk Model Validation 14 (4).

    Examples
    --------
    >>> round(population_stability([0.25] * 4, [0.1, 0.2, 0.3, 0.4]).value, 10)
    0.2282174096
    """
    e, a = np.asarray(before, float), np.asarray(after, float)
    if e.shape != a.shape:
        raise UserError(f"The samples have {e.size} and {a.size} groups: give a count for each group of both.")
    n, m, groups = e.sum(), a.sum(), int(((e + a) > 0).sum())
    used = (e + a) > 0
    e, a = e[used], a[used]
    counted = n > 1.5 and m > 1.5
    if counted and ((e == 0) | (a == 0)).any():  # half a customer, so that an empty group has a logarithm
        e, a = e + 0.5, a + 0.5
    p, q = e / e.sum(), a / a.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(((q - p) * np.log(q / p)).sum())
    if not counted or groups < 2:
        return Stability(value, float("nan"), float("nan"))
    limit = float(chi2.ppf(0.95, groups - 1) * (n + m) / (n * m))
    seen = np.array([before, after], float)[:, used]
    expected = seen.sum(axis=1)[:, None] * seen.sum(axis=0) / seen.sum()
    return Stability(value, limit, float(chi2.sf(((seen - expected) ** 2 / expected).sum(), groups - 1)))


def weight_of_evidence(values, bad) -> pd.DataFrame:
    """By value: ``good``, ``bad`` (counts), ``woe`` = ln(share of the good / share of the bad), ``part`` of the IV.

    Examples
    --------
    >>> weight_of_evidence(["a", "a", "b", "b"], [0, 1, 0, 1])["woe"].tolist()
    [0.0, 0.0]
    """
    bad = np.asarray(bad, bool)
    of = pd.Series(np.asarray(values, object)).astype("string").fillna("missing")
    table = pd.DataFrame({"value": of, "bad": bad, "good": ~bad}).groupby("value")[["good", "bad"]].sum().astype(float)
    counts = table + 0.5 if (table == 0).to_numpy().any() else table
    good, lost = counts["good"] / counts["good"].sum(), counts["bad"] / counts["bad"].sum()
    return table.assign(woe=np.log(good / lost), part=(good - lost) * np.log(good / lost)).reset_index()


def information_value(values, bad) -> float:
    """How much a field tells of the outcome: below .02 nothing, above .5 too good to be true without a look.

    Parameters
    ----------
    values : array
        Groups; numbers with more than seven distinct values are cut into sevenths.
    bad : array of bool

    Returns
    -------
    float

    Raises
    ------
    UserError
        Where all, or none, are bad.

    References
    ----------
    Siddiqi, N. (2006), Credit Risk Scorecards, ch. 6.

    Examples
    --------
    >>> round(information_value(["a"] * 4 + ["b"] * 4, [1, 1, 1, 0, 1, 0, 0, 0]), 4)
    1.0986
    """
    bad = np.asarray(bad, bool)
    if not 0 < bad.sum() < bad.size:
        raise UserError(f"Of {bad.size} outcomes {int(bad.sum())} are bad: both kinds are needed.")
    return float(weight_of_evidence(_grouped(values), bad)["part"].sum())


def _grouped(values) -> pd.Series:
    of = pd.Series(values).reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(of) and not pd.api.types.is_bool_dtype(of) and of.nunique() > FINE_BINS:
        return pd.qcut(of.astype(float), FINE_BINS, labels=False, duplicates="drop").astype("string")
    return of.astype("string")


class Kept(NamedTuple):
    """Fields that a tree may ask about, and those that it may not.

    Parameters
    ----------
    fields : list of str
    refused : pandas.DataFrame
        ``field`` and ``why``: sensitive, known_after (somebody said so, or it all but is the outcome), constant.
    """

    fields: list[str]
    refused: pd.DataFrame


def fields_allowed(features: pd.DataFrame, outcome, known_after: Sequence[str] = ()) -> Kept:
    """Leave out what may not be asked, or could not be when the decision is taken.

    Parameters
    ----------
    features : pandas.DataFrame
    outcome : array of bool
    known_after : sequence of str
        Fields that are known only after the outcome.

    Returns
    -------
    Kept

    Examples
    --------
    >>> found = fields_allowed(pd.DataFrame({"religion": ["a", "b"] * 50, "age": range(100)}), [0, 1] * 50)
    >>> found.fields, found.refused["why"].tolist()
    (['age'], ['sensitive'])
    """
    bad, refused, fields = np.asarray(outcome, bool), [], []
    for name in features:
        values = features[name]
        if SENSITIVE.search(str(name).lower()):
            refused.append((name, "sensitive"))
        elif name in known_after:
            refused.append((name, "known_after"))
        elif values.nunique(dropna=False) < 2:
            refused.append((name, "constant"))
        elif _alone(values, bad) >= LEAKS_FROM:
            refused.append((name, "known_after"))
        else:
            fields.append(name)
    return Kept(fields, pd.DataFrame(refused, columns=["field", "why"]).astype("string"))


def _alone(values: pd.Series, bad: np.ndarray) -> float:
    """Area under the curve of one field by itself, told by halves so that many rare values do not feign it."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        number = values.astype(float).to_numpy()
        known = np.isfinite(number)
        if 0 < bad[known].sum() < known.sum():
            area = float(areas_under_curve(number[known][:, None], bad[known])[0][0])
            return max(area, 1 - area)
    groups = _grouped(values).fillna("missing").to_numpy()
    even = np.arange(bad.size) % 2 == 0
    rates = pd.Series(bad[even].astype(float)).groupby(groups[even]).mean()
    score = pd.Series(groups[~even]).map(rates).fillna(float(bad[even].mean())).to_numpy(float)
    judged = bad[~even]
    if not 0 < judged.sum() < judged.size:
        return 0.5
    return float(areas_under_curve(score[:, None], judged)[0][0])


@shows
class ResponseTree(NamedTuple):
    """A tree, built on one half of the customers and tried on another of the same structure.

    Parameters
    ----------
    leaves : pandas.DataFrame
        By leaf, worst first: ``rule`` in words, ``share_of_all``, ``built_n``, ``built`` (rate where it was made),
        ``n``, ``events``, ``rate`` with ``rate_low`` and ``rate_high`` (where it is tried), ``lift``, ``gain``
        (share of all events in this leaf and those before it).
    auc, brier, log_loss : tuple of float
        Of the half it was built on, and of the other.
    validation : Estimate
        Area under the curve on the other half, with its interval.
    logistic : Estimate
        The same of a logistic score, which nobody can read.
    cost : Estimate
        What being readable costs: `logistic` − `validation`.
    ks : float
        Largest gap between the curves of the two outcomes, on the other half.
    same_first, same_second : float
        Share of resamples with the same first question, and with the same first and second.
    balance : pandas.DataFrame
        Of each field: ``field``, ``psi``, ``limit``, ``p_value``.
    refused : pandas.DataFrame
        Fields that it may not ask about, and why.
    values : pandas.DataFrame
        ``field`` and ``information_value``, the strongest first.
    customers : pandas.DataFrame
        One row per customer: ``score`` (rate of the leaf, as built) and ``is_built`` (which half).
    """

    leaves: pd.DataFrame
    auc: tuple[float, ...]
    brier: tuple[float, ...]
    log_loss: tuple[float, ...]
    validation: Estimate
    logistic: Estimate
    cost: Estimate
    ks: float
    same_first: float
    same_second: float
    balance: pd.DataFrame
    refused: pd.DataFrame
    values: pd.DataFrame
    customers: pd.DataFrame


def response_tree(
    features: pd.DataFrame,
    outcome,
    *,
    strata: Sequence[str] = (),
    known_after: Sequence[str] = (),
    max_leaves: int = MAX_LEAVES,
    min_leaf: int = MIN_LEAF,
    resamples: int = RESAMPLES,
    level: float = 0.9,
    seed: int = SEED,
) -> ResponseTree:
    """Grow a tree on every second customer, in order of outcome and strongest fields, and try it on the others.

    Parameters
    ----------
    features : pandas.DataFrame
        Fields known when the decision is taken, numbers or texts, one row per customer.
    outcome : array of bool
        What is to be told: a bad debt, an answer.
    strata : sequence of str
        Fields in whose order the halves are made; the two with the largest information value where empty.
    known_after : sequence of str
        Fields that are left out since they are known only afterwards.
    max_leaves, min_leaf : int
        At most so many leaves of at least so many customers, and of a twentieth.
    resamples : int
        Trees grown anew, to see how often the same questions come first.
    level : float
    seed : int

    Returns
    -------
    ResponseTree

    Raises
    ------
    UserError
        Where there is one outcome only, too few customers, or no field that may be asked about.

    References
    ----------
    Breiman, L., Friedman, J., Olshen, R. and Stone, C. (1984), Classification and Regression Trees.

    Examples
    --------
    >>> n = np.arange(800)
    >>> found = response_tree(pd.DataFrame({"age": n % 50}), (n % 50 < 10) & (n % 3 > 0), max_leaves=2, resamples=5)
    >>> found.leaves["rule"].tolist()
    ['age ≤ 9', 'age > 9']
    """
    bad = np.asarray(outcome, bool)
    features = features.reset_index(drop=True)
    if not 0 < bad.sum() < bad.size:
        raise UserError(f"Of {bad.size} outcomes {int(bad.sum())} are of one kind: a tree needs both.")
    if bad.size < 4 * min_leaf or min(bad.sum(), (~bad).sum()) < min_leaf:
        raise UserError(
            f"{bad.size} customers with {int(bad.sum())} such outcomes are too few for a tree: "
            f"{4 * min_leaf} with {min_leaf} of each kind are needed."
        )
    allowed = fields_allowed(features, bad, known_after)
    if not allowed.fields:
        raise UserError("There is no field left that may be asked about: supply some that are known beforehand.")
    features = features[allowed.fields]
    told = [(name, information_value(features[name], bad)) for name in features]
    values = pd.DataFrame(told, columns=["field", "information_value"])
    values = values.sort_values("information_value", ascending=False, kind="stable", ignore_index=True)
    order = strata or values["field"].head(2)
    built = structure_halves(features, bad, list(order))
    coded = _coded(features)
    least = max(min_leaf, int(np.ceil(MIN_SHARE * built.sum())))
    tree = _grown(coded[built], bad[built], max_leaves, least)
    score, of = tree.predict_proba(coded)[:, 1], tree.apply(coded)
    straight = _logistic(coded, bad, built)
    judged = ~built
    ranked = paired_auc(bad[judged], straight[judged], score[judged], level)
    firsts = _stability(tree, coded[built], bad[built], max_leaves, least, resamples=resamples, seed=seed)
    rules = leaf_rules(tree.tree_, coded)
    both = [(bad[half], score[half]) for half in (built, judged)]
    return ResponseTree(
        _leaves(rules, of, bad, built, level=level),
        tuple(_auc(*one) for one in both),
        tuple(float(np.mean((p - y) ** 2)) for y, p in both),
        tuple(_log_loss(*one) for one in both),
        ranked.second, ranked.first, ranked.gap,
        _ks(*both[1]), *firsts, _balance(features, built), allowed.refused, values,
        pd.DataFrame({"score": score, "is_built": built}),
    )  # fmt: skip


def structure_halves(features: pd.DataFrame, outcome, strata: Sequence[str]) -> np.ndarray:
    """Which rows build: every second one in the order of outcome, some fields and place, so that no seed decides.

    Examples
    --------
    >>> structure_halves(pd.DataFrame({"x": [2, 1, 2, 1]}), [0, 0, 0, 0], ["x"]).tolist()
    [True, True, False, False]
    """
    keys = pd.DataFrame({"_outcome": np.asarray(outcome).astype(int)})
    for name in strata:
        column = features[name].reset_index(drop=True)
        keys[name] = column if pd.api.types.is_numeric_dtype(column) else column.astype("string")
    order = keys.sort_values(list(keys), kind="stable").index.to_numpy()
    built = np.zeros(len(keys), dtype=bool)
    built[order[::2]] = True
    return built


def _coded(features: pd.DataFrame) -> pd.DataFrame:
    """Numbers as they are, texts as yes or no for each value; a missing number is the middle one, and said so."""
    parts = []
    for name in features:
        column = features[name]
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            number = column.astype(float)
            parts.append(number.fillna(number.median()).rename(name))
            if number.isna().any():
                parts.append(number.isna().astype(float).rename(f"{name} = ?"))
        else:
            said = column.astype("string").fillna("?")
            parts.append(pd.get_dummies(said, prefix=name, prefix_sep=" = ").astype(float))
    return pd.concat(parts, axis=1)


def _grown(x, y, leaves: int, least: int):
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=least, random_state=0).fit(x, y)


def _logistic(coded: pd.DataFrame, bad, built) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=1000))
    return model.fit(coded[built], bad[built]).predict_proba(coded)[:, 1]


def _leaves(rules: Mapping, of, bad, built, *, level: float) -> pd.DataFrame:
    rows = []
    for leaf in sorted(rules):
        here, there = built & (of == leaf), ~built & (of == leaf)
        n, events = int(there.sum()), int(bad[there].sum())
        low, high = wilson(events, n, level)
        rate = events / n if n else float("nan")
        rows.append((rules[leaf], int(here.sum()), float(bad[here].mean()), n, events, rate, low, high))
    names = ["rule", "built_n", "built", "n", "events", "rate", "rate_low", "rate_high"]
    table = pd.DataFrame(rows, columns=names).sort_values("built", ascending=False, kind="stable", ignore_index=True)
    base = bad[~built].mean()
    return table.assign(
        share_of_all=table["n"] / table["n"].sum(),
        lift=table["rate"] / base,
        gain=table["events"].cumsum() / max(table["events"].sum(), 1),
    )


def _stability(tree, x, y, leaves: int, least: int, *, resamples: int, seed: int) -> tuple[float, float]:
    """How often resampled customers give the same first question, and the same first and second."""
    if not resamples:
        return float("nan"), float("nan")
    rng, x = np.random.default_rng(seed), x.to_numpy()
    seen, first, second = _questions(tree), 0, 0
    for _ in range(resamples):
        again = rng.integers(0, len(y), len(y))
        asked = _questions(_grown(x[again], y[again], leaves, least)) if 0 < y[again].sum() < len(y) else ()
        first += asked[:1] == seen[:1]
        second += asked[:2] == seen[:2]
    return first / resamples, second / resamples


def _questions(tree) -> tuple:
    """Features of the first question, and of the one that tells most after it."""
    grown = tree.tree_
    if grown.node_count == 1:
        return ()
    after = [node for node in (grown.children_left[0], grown.children_right[0]) if grown.children_left[node] >= 0]
    if not after:
        return (int(grown.feature[0]),)

    def told(node: int) -> float:
        below = (grown.children_left[node], grown.children_right[node])
        mass = grown.weighted_n_node_samples
        return float(mass[node] * grown.impurity[node] - sum(mass[one] * grown.impurity[one] for one in below))

    return int(grown.feature[0]), int(grown.feature[max(after, key=told)])


def _balance(features: pd.DataFrame, built) -> pd.DataFrame:
    rows = []
    for name in features:
        groups = _grouped(features[name]).fillna("?")
        counts = pd.crosstab(groups, built).reindex(columns=[True, False], fill_value=0)
        rows.append((name, *population_stability(counts[True], counts[False])))
    return pd.DataFrame(rows, columns=["field", "psi", "limit", "p_value"])


def _auc(y, p) -> float:
    return float(areas_under_curve(np.asarray(p, float)[:, None], np.asarray(y, bool))[0][0])


def _log_loss(y, p) -> float:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(y, np.log(p), np.log(1 - p))))


def _ks(y, p) -> float:
    order = np.argsort(p, kind="stable")
    y, p = np.asarray(y, bool)[order], p[order]
    gap = np.abs(np.cumsum(y) / y.sum() - np.cumsum(~y) / (~y).sum())
    return float(gap[np.append(np.diff(p) > 0, True)].max())


@may_refuse
def credit_tree(credit: pd.DataFrame | None, **rules) -> ResponseTree | NotSupplied:
    """Tree of the table ``credit``: its outcome, by every further column that is known beforehand.

    Parameters
    ----------
    credit : pandas.DataFrame or None
        ``customer_id``, ``outcome``, ``observed_at`` where supplied, and fields; texts of numbers are numbers.
    **rules
        Of `response_tree`.

    Returns
    -------
    ResponseTree or NotSupplied

    Examples
    --------
    >>> credit_tree(None)
    It cannot be told: what it needs is not supplied (credit).
    """
    if credit is None:
        return NotSupplied("credit")
    rows = credit.sort_values("customer_id", ignore_index=True)
    fields = rows.drop(columns=["customer_id", "outcome", "observed_at"], errors="ignore")
    if fields.empty or not len(fields.columns):
        raise UntoldError("Table credit has an outcome and no field to tell it by: map what applicants say.")
    try:
        return response_tree(fields.apply(_number), rows["outcome"].astype(bool), **rules)
    except UserError as error:
        raise UntoldError(f"Table credit: {error}") from None


def _number(values: pd.Series) -> pd.Series:
    """Numbers where all that is there are numbers."""
    told = pd.to_numeric(values.astype("string").str.strip().replace("", pd.NA), errors="coerce")
    return told.astype(float) if told.notna().sum() == values.notna().sum() and told.notna().any() else values
