"""How well a score ranks customers by whether they order, and whether it does so better than another."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from regulars.labels import Beside
from regulars.statistics.intervals import Estimate, z_value

DRAWS = 500  # bootstraps of the customers
MOST = 30_000  # customers from which on a sample of so many is resampled


class Ranked(NamedTuple):
    """Areas under the curve of two scores of the same customers, and their difference.

    Parameters
    ----------
    first, second, gap : Estimate
        Chance that a customer who ordered stands above one who did not (AUC), and `first` − `second`; n counts all.
    """

    first: Estimate
    second: Estimate
    gap: Estimate


def paired_auc(happened, first, second, level: float = 0.9) -> Ranked:
    """Areas under the curve of two scores, with intervals that know that the customers are the same.

    Parameters
    ----------
    happened : array of bool
        Who ordered.
    first, second : array of float
        Scores, higher for those more likely to; equal ones count half.
    level : float

    Returns
    -------
    Ranked
        Missing where everybody ordered, or nobody.

    References
    ----------
    DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988), Biometrics 44, 837-845.

    Examples
    --------
    >>> found = paired_auc([1, 1, 0, 0], [4, 3, 2, 1], [1, 1, 1, 1])
    >>> found.first.value, found.second.value, found.gap.value
    (1.0, 0.5, 0.5)
    """
    came = np.asarray(happened, bool)
    n, ordered, others = came.size, int(came.sum()), int((~came).sum())
    if min(ordered, others) == 0:
        nothing = Estimate(float("nan"), n=n)
        return Ranked(nothing, nothing, nothing)
    areas, covariance = areas_under_curve(np.column_stack([first, second]).astype(float), came)

    def estimate(weights) -> Estimate:
        value, reach = float(weights @ areas), float(z_value(level) * np.sqrt(max(weights @ covariance @ weights, 0.0)))
        return Estimate(value, value - reach, value + reach, n)

    one, two = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    return Ranked(estimate(one), estimate(two), estimate(one - two))


def areas_under_curve(scores: np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area under the receiver operating curve of each column, and the covariance of these areas (DeLong).

    Parameters
    ----------
    scores : numpy.ndarray, n × scores
    outcome : numpy.ndarray of bool, n

    Returns
    -------
    (areas, covariance)

    Examples
    --------
    >>> areas_under_curve(np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([False, True, False, True]))[0].tolist()
    [0.75]
    """
    yes, no = scores[outcome], scores[~outcome]
    m, k = len(yes), len(no)
    ranks = np.apply_along_axis(rankdata, 0, scores)
    placed_yes = (ranks[outcome] - np.apply_along_axis(rankdata, 0, yes)) / k
    placed_no = 1 - (ranks[~outcome] - np.apply_along_axis(rankdata, 0, no)) / m
    covariance = np.atleast_2d(np.cov(placed_yes.T)) / m + np.atleast_2d(np.cov(placed_no.T)) / k
    return placed_yes.mean(axis=0), covariance


def _resampled(counts: np.ndarray, draws: int, seed: int) -> Iterator[np.ndarray]:
    """How many customers of each kind there are in each bootstrap: as if each of them were drawn by itself."""
    rng, n = np.random.default_rng(seed), int(counts.sum())
    for _ in range(draws):
        yield rng.multinomial(n, counts / n).astype(float)


def _sampled(n: int, most: int, seed: int) -> np.ndarray | slice:
    """Customers that are looked at: all, or so many at random."""
    return slice(None) if n <= most else np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def _between(value: float, drawn, level: float, n: int) -> Estimate:
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(value), float(low), float(high), n)


class _Kinds(NamedTuple):
    """Customers of whom all scores, and whether they came, are equal: alike in every bootstrap."""

    came: np.ndarray
    places: dict[str, np.ndarray]  # of each score: place in its order, 2 · rank + whether they came
    counts: np.ndarray

    @classmethod
    def of(cls, came: np.ndarray, scores: Mapping[str, np.ndarray]) -> "_Kinds":
        ranks = {name: np.unique(score, return_inverse=True)[1] for name, score in scores.items()}
        table = pd.DataFrame({**ranks, "came": came.astype(int)})
        kinds = table.groupby(list(table), sort=True).size().rename("n").reset_index()
        flag = kinds["came"].to_numpy()
        return cls(flag, {name: 2 * kinds[name].to_numpy() + flag for name in scores}, kinds["n"].to_numpy())

    def areas(self, counts: np.ndarray) -> dict[str, float]:
        """Area under the curve of each score, of so many customers of each kind."""
        return {name: _area(np.bincount(place, counts)) for name, place in self.places.items()}


def _area(sums: np.ndarray) -> float:
    """Area under the curve of customers who did not come, and who did, alternating, in order of a score."""
    pairs = np.append(sums, np.zeros(len(sums) % 2)).reshape(-1, 2)
    no, yes = pairs.T
    of = yes.sum() * no.sum()
    return float(yes @ (np.cumsum(no) - no / 2) / of) if of else float("nan")


def beside(
    came, scores: Mapping[str, np.ndarray], reference: str, level=0.9, *, draws=DRAWS, seed=0, most=MOST
) -> pd.DataFrame:
    """Set scores beside a plain one: how well each ranks customers by whether they order, on the same customers.

    Parameters
    ----------
    came : array of bool
        Who ordered.
    scores : mapping of str to array of float
        Higher for those more likely to.
    reference : str
        The score that the others must beat.
    level : float
        Of the intervals, by a paired bootstrap: every score is judged on the same drawn customers.
    draws, seed : int
    most : int
        Of more customers so many are drawn at random and judged.

    Returns
    -------
    pandas.DataFrame
        One row per score, as they come: ``score``, ``auc`` with ``auc_low`` and ``auc_high``, ``gap`` (to the
        reference) with its limits (missing in the reference's own row), ``verdict`` (a `regulars.labels.Beside`),
        ``n``. Empty where everybody ordered, or nobody.

    References
    ----------
    Efron, B. and Tibshirani, R. J. (1993), An Introduction to the Bootstrap, ch. 8 and 13 (pairs, percentiles).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> truth = rng.normal(size=500)
    >>> found = beside(rng.normal(size=500) < truth, {"known": truth, "plain": rng.normal(size=500)}, "plain")
    >>> found["verdict"].tolist(), found["n"].tolist()
    (['better', 'reference'], [500, 500])
    """
    came = np.asarray(came, bool)
    chosen = _sampled(came.size, most, seed)
    came = came[chosen]
    n = came.size
    columns = ["score", "auc", "auc_low", "auc_high", "gap", "gap_low", "gap_high", "verdict", "n"]
    if not 0 < came.sum() < n:
        return pd.DataFrame(columns=columns)
    kinds = _Kinds.of(came, {name: np.asarray(score, float)[chosen] for name, score in scores.items()})
    seen = kinds.areas(kinds.counts)
    drawn = pd.DataFrame(map(kinds.areas, _resampled(kinds.counts, draws, seed)))
    rows = []
    for name in scores:
        auc, gap = _between(seen[name], drawn[name], level, n), Estimate(float("nan"), n=n)
        if name != reference:
            gap = _between(seen[name] - seen[reference], drawn[name] - drawn[reference], level, n)
        rows.append((name, auc.value, auc.low, auc.high, gap.value, gap.low, gap.high, _verdict(gap), n))
    return pd.DataFrame(rows, columns=columns)


def _verdict(gap: Estimate) -> str:
    if np.isnan(gap.value):
        return Beside.REFERENCE.value
    return (Beside.BETTER if gap.low > 0 else Beside.WORSE if gap.high < 0 else Beside.ALIKE).value


class Flagged(NamedTuple):
    """Leavers as a fixed rule and as each customer's own rhythm name them.

    Parameters
    ----------
    fixed, own : Estimate
        Share of those who stayed away that the rule had flagged, less the share of those who came (Youden's index: 0
        for a coin, 1 for a rule without error); n counts the customers judged.
    gap : Estimate
        `own` − `fixed`, on the same drawn customers.
    caught, wrong : dict
        By rule (``fixed``, ``own``): share flagged of those who stayed away, and of those who came.
    """

    fixed: Estimate
    own: Estimate
    gap: Estimate
    caught: dict[str, float]
    wrong: dict[str, float]


def flagged_beside(away, own, fixed, level=0.9, *, draws=DRAWS, seed=0) -> Flagged:
    """Hold a fixed number of days against each customer's own rhythm: which tells leavers from the others better.

    Parameters
    ----------
    away : array of bool
        Who did not order afterwards.
    own, fixed : array of bool
        Whom either rule had flagged as gone.
    level, draws, seed
        As for `beside`.

    Returns
    -------
    Flagged
        Missing where everybody came, or nobody, or where a rule flagged all or none.

    References
    ----------
    Youden, W. J. (1950), Index for rating diagnostic tests, Cancer 3, 32-35.

    Examples
    --------
    >>> found = flagged_beside([1, 1, 0, 0], own=[1, 1, 0, 0], fixed=[1, 0, 1, 0])
    >>> found.own.value, found.fixed.value, found.gap.value, found.caught["fixed"]
    (1.0, 0.0, 1.0, 0.5)
    """
    gone, *rules = (np.asarray(values, bool) for values in (away, own, fixed))
    n = gone.size
    if not all(0 < flags.sum() < n for flags in (gone, *rules)):
        nothing, unknown = Estimate(float("nan"), n=n), dict.fromkeys(("own", "fixed"), float("nan"))
        return Flagged(nothing, nothing, nothing, unknown, unknown)
    counts = np.bincount(4 * gone + 2 * rules[0] + rules[1], minlength=8)  # eight kinds of customers

    def shares(counts: np.ndarray) -> np.ndarray:
        """Share flagged of those who came, and of those who stayed away, by rule."""
        table = counts.reshape(2, 2, 2)
        with np.errstate(invalid="ignore"):
            return np.array([table[:, 1].sum(axis=1), table[:, :, 1].sum(axis=1)]) / table.sum(axis=(1, 2))

    seen = shares(counts)
    index = np.diff(seen, axis=1)[:, 0]
    drawn = np.array([np.diff(shares(drawn), axis=1)[:, 0] for drawn in _resampled(counts, draws, seed)])
    one, other = (_between(index[at], drawn[:, at], level, n) for at in (0, 1))
    gap = _between(index[0] - index[1], drawn[:, 0] - drawn[:, 1], level, n)
    wrong, caught = (dict(zip(("own", "fixed"), map(float, column), strict=True)) for column in seen.T)
    return Flagged(other, one, gap, caught, wrong)
