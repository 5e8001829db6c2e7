"""Weights that people judge: pairwise comparisons (analytic hierarchy process) and experts, with how far they agree."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2, rankdata, t

from regulars.errors import UserError

# Saaty (1980), The Analytic Hierarchy Process, p. 21: mean consistency index of random matrices, by their order from 1
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
ACCEPTABLE_RATIO = 0.1
ROUNDED_WITHIN = 0.025  # 0.14 for 1/7: what a reciprocal written with two digits may miss


class Hierarchy(NamedTuple):
    """Weights of pairwise comparisons.

    Parameters
    ----------
    weights : pandas.Series
        By what is compared; they sum to 1.
    lambda_max : float
        Largest eigenvalue; the order of the matrix where the judgements do not contradict each other.
    consistency_ratio : float
        (λmax − n)/(n − 1) over the random index of Saaty (1980).
    is_consistent : bool
        Whether the ratio is at most 0.1.
    """

    weights: pd.Series
    lambda_max: float
    consistency_ratio: float
    is_consistent: bool


def ahp(matrix, names: Sequence[str] | None = None) -> Hierarchy:
    """Weights from pairwise comparisons, and whether the comparisons contradict each other.

    Parameters
    ----------
    matrix : array of float, n × n
        How many times as important the row is as the column (a_ij); a_ji = 1/a_ij, ones on the diagonal. A frame
        names what is compared. Reciprocals written with two digits (0.33) count as what they mean.
    names : sequence of str, optional
        Names of what is compared; 1, 2 … without them.

    Returns
    -------
    Hierarchy
        Weights w with A w = λmax w.

    Raises
    ------
    UserError
        Where the matrix is not square, positive and reciprocal, or has more than 15 rows; it names the cell.

    References
    ----------
    Saaty, T. L. (1980), The Analytic Hierarchy Process, McGraw-Hill, ch. 1-3 and its table of the random index.

    Examples
    --------
    >>> found = ahp([[1, 3, 5], [1/3, 1, 3], [1/5, 1/3, 1]])
    >>> found.weights.round(3).tolist(), round(found.lambda_max, 4), round(found.consistency_ratio, 3)
    ([0.637, 0.258, 0.105], 3.0385, 0.033)
    """
    numbers = matrix.index if isinstance(matrix, pd.DataFrame) else range(1, len(matrix) + 1)
    names = [str(name) for name in (numbers if names is None else names)]
    values = _reciprocal(matrix, names)
    order = len(values)
    roots, vectors = np.linalg.eig(values)
    largest = int(np.argmax(roots.real))
    weights = np.abs(vectors[:, largest].real)
    lambda_max = float(roots[largest].real)
    index = RANDOM_INDEX[order - 1]
    ratio = max(lambda_max - order, 0.0) / (order - 1) / index if index else 0.0
    return Hierarchy(
        pd.Series(weights / weights.sum(), index=names, name="weight"), lambda_max, ratio, ratio <= ACCEPTABLE_RATIO
    )


def _reciprocal(matrix, names) -> np.ndarray:
    """The matrix with exact reciprocals; what is none is refused."""
    try:
        values = np.asarray(matrix, dtype=float)
    except (TypeError, ValueError):
        raise UserError("The matrix of pairwise comparisons is not square or holds what is no number.") from None
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not len(values) or len(names) != len(values):
        raise UserError(
            f"The matrix of pairwise comparisons of {len(names)} factors has the shape {values.shape}: give one row "
            "and one column for each factor."
        )
    if len(values) > len(RANDOM_INDEX):
        raise UserError(
            f"The matrix of pairwise comparisons has {len(values)} rows and at most {len(RANDOM_INDEX)} can be judged: "
            "group them."
        )
    for i in range(len(values)):
        for j in range(i + 1):
            pair = values[i, j], values[j, i]
            if not (min(pair) > 0 and np.isfinite(pair).all() and abs(pair[0] * pair[1] - 1) <= ROUNDED_WITHIN):
                raise UserError(
                    f"The matrix of pairwise comparisons is not reciprocal: {names[j]} against {names[i]} is "
                    f"{pair[1]:g} and {names[i]} against {names[j]} is {pair[0]:g}; one must be 1 over the other."
                )
    exact = np.where(values >= values.T, values, 1 / values.T)  # of a pair the one above 1 is what was judged
    np.fill_diagonal(exact, 1.0)
    return exact


class Agreement(NamedTuple):
    """Kendall's W: 1 where all judges rank alike, near 0 where they share nothing."""

    w: float
    p_value: float
    judges: int
    objects: int


def kendall_w(judgements) -> Agreement:
    """How far judges rank the same objects alike, corrected for ties.

    Parameters
    ----------
    judgements : array of float, judges × objects
        Ranks or scores; only their order within each judge counts.

    Returns
    -------
    Agreement
        The p-value is that of Friedman's χ² (W m (n − 1), n − 1 degrees of freedom), of no agreement at all. NaN with
        fewer than two judges or objects.

    References
    ----------
    Kendall, M. G. and Babington Smith, B. (1939), Annals of Mathematical Statistics 10, 275-287.

    Examples
    --------
    >>> kendall_w([[1, 2, 3], [1, 2, 3]]).w
    1.0
    """
    values = np.asarray(judgements, dtype=float)
    judges, objects = values.shape
    if judges < 2 or objects < 2:
        return Agreement(float("nan"), float("nan"), judges, objects)
    ranks = np.apply_along_axis(rankdata, 1, values)
    sums = ranks.sum(axis=0)
    ties = sum(float(np.sum(count**3 - count)) for count in (np.unique(row, return_counts=True)[1] for row in ranks))
    most = judges**2 * (objects**3 - objects) - judges * ties
    w = 12 * float(np.sum((sums - sums.mean()) ** 2)) / most if most > 0 else float("nan")
    return Agreement(w, float(chi2.sf(w * judges * (objects - 1), objects - 1)), judges, objects)


class ExpertWeights(NamedTuple):
    """Weights of several experts: ``table`` by factor (weight, weight_low, weight_high, n), and their agreement."""

    table: pd.DataFrame
    agreement: Agreement


def expert_weights(importance: pd.DataFrame, level: float = 0.9) -> ExpertWeights:
    """Weights from what several experts say is important, and whether they agree.

    Parameters
    ----------
    importance : pandas.DataFrame
        One row per expert, one column per factor: points given (any scale, not negative; more is more important).
    level : float
        Of Student's interval over experts.

    Returns
    -------
    ExpertWeights
        Each expert's points are made to sum to 1 before they are averaged, so that all experts count the same.

    Raises
    ------
    UserError
        Where points are negative or missing, or an expert gives none.

    Examples
    --------
    >>> told = expert_weights(pd.DataFrame({"quality": [3, 2], "price": [1, 2]}, index=["ann", "bob"]))
    >>> told.table["weight"].tolist()
    [0.625, 0.375]
    """
    points = importance.astype(float)
    wrong = points.isna().any(axis=1) | (points < 0).any(axis=1) | (points.sum(axis=1) <= 0)
    if wrong.any():
        raise UserError(
            f"Expert {points.index[wrong][0]}: importance needs a number of at least 0 for each of "
            f"{', '.join(map(str, points.columns))}, and not all 0."
        )
    shares = points.div(points.sum(axis=1), axis=0)
    n = len(shares)
    mean = shares.mean()
    reach = t.ppf((1 + level) / 2, n - 1) * shares.std(ddof=1) / np.sqrt(n) if n > 1 else mean * np.nan
    table = pd.DataFrame({"weight": mean, "weight_low": (mean - reach).clip(lower=0), "weight_high": mean + reach})
    return ExpertWeights(table.assign(n=n), kendall_w(points.to_numpy()))


def points_of_ranking(rankings: pd.DataFrame | dict[str, Sequence[str]]) -> pd.DataFrame:
    """Points of importance from rankings: the first of n gets n points, the last one.

    Parameters
    ----------
    rankings : mapping
        Expert to the factors in their order, the most important first; every expert ranks the same factors.

    Returns
    -------
    pandas.DataFrame
        One row per expert, one column per factor, as `expert_weights` takes it.

    Raises
    ------
    UserError
        Where two experts do not rank the same factors once each.

    Examples
    --------
    >>> points_of_ranking({"ann": ["quality", "price"], "bob": ["price", "quality"]}).to_numpy().tolist()
    [[2, 1], [1, 2]]
    """
    factors = list(next(iter(rankings.values())))
    for expert, ranking in rankings.items():
        if sorted(ranking) != sorted(set(factors)):
            raise UserError(
                f"Expert {expert} ranks {', '.join(ranking)}: each of {', '.join(factors)} must be ranked once."
            )
    return pd.DataFrame(
        [[len(factors) - list(ranking).index(factor) for factor in factors] for ranking in rankings.values()],
        index=list(rankings),
        columns=factors,
    )
