"""Which drivers explain satisfaction: shares of R² by Shapley's rule, with the chance of each rank."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from regulars.errors import UserError

MOST_DRIVERS = 14  # two to this power regressions


def lmg_shares(y, X: pd.DataFrame) -> pd.Series:
    """Share of the variance of y that each regressor explains: its gain in R², averaged over all orders of entry.

    Parameters
    ----------
    y : array of float
        One per respondent.
    X : pandas.DataFrame
        Respondents × regressors. Rows with a gap, in y or X, are left out.

    Returns
    -------
    pandas.Series
        By column of X; they sum to R². None is negative.

    Raises
    ------
    UserError
        For a constant y or regressor, more than 14 regressors, or no more complete rows than regressors.

    References
    ----------
    Lindeman, R. H., Merenda, P. F. and Gold, R. Z. (1980), Introduction to Bivariate and Multivariate Analysis, 119 ff.
    Grömping, U. (2007), The American Statistician 61, 139-147.

    Examples
    --------
    >>> X = pd.DataFrame({"a": [1., 2, 3, 4, 5, 6], "b": [1., -1, 1, 1, -1, 1]})
    >>> lmg_shares(2 * X["a"], X).round(3).tolist()
    [1.0, 0.0]
    """
    table = _complete(y, X)
    matrix = np.corrcoef(table, rowvar=False)[None]
    shares = lmg_of(matrix, 0, np.arange(1, table.shape[1]))
    return pd.Series(shares[0], index=X.columns, name="share")


def driver_shares(
    y,
    X: pd.DataFrame,
    *,
    draws: int = 400,
    level: float = 0.9,
    seed: int = 0,
) -> pd.DataFrame:
    """Shares of `lmg_shares` with bootstrap intervals and the chance of each rank.

    Parameters
    ----------
    y : array of float
        What is explained, one value per respondent.
    X : pandas.DataFrame
        Respondents × drivers; rows with a gap are left out.
    draws : int
        Of the bootstrap.
    level : float
        Of the intervals, made of the draws' quantiles moved by the bootstrap's bias, never below zero.
    seed : int
        Of all that is drawn at random.

    Returns
    -------
    pandas.DataFrame
        ``driver``, ``share`` with limits, ``rank`` (1 the largest), ``rank_first`` (probability of being the largest),
        ``rank_kept`` (probability of this very rank), ``n``, the largest first.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> X = pd.DataFrame(rng.normal(size=(120, 2)), columns=["a", "b"])
    >>> driver_shares(X["a"] + 0.3 * X["b"] + rng.normal(size=120), X, draws=100)["rank_first"].tolist()
    [1.0, 0.0]
    """
    table = _complete(y, X)
    rng, n = np.random.default_rng(seed), len(table)
    counts = np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(draws)])
    counts = np.vstack([np.ones((1, n)), counts])
    centred = table - table.mean(axis=0)
    mean = counts @ centred / n
    products = np.einsum("bn,ni,nj->bij", counts, centred, centred, optimize=True) / n
    covariance = products - mean[:, :, None] * mean[:, None, :]
    spread = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 1e-300))
    shares = lmg_of(covariance / spread[:, :, None] / spread[:, None, :], 0, np.arange(1, table.shape[1]))
    return _ranked(shares, X.columns, level, n)


def _ranked(shares: np.ndarray, names, level: float, n: int) -> pd.DataFrame:
    point, drawn = shares[0], shares[1:]
    bias = np.median(drawn, axis=0) - point
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0) - bias
    ranks = np.argsort(np.argsort(-shares, axis=1, kind="stable"), axis=1, kind="stable") + 1
    table = pd.DataFrame(
        {
            "driver": pd.array([str(name) for name in names], dtype="string"),
            "share": point,
            "share_low": np.maximum(np.minimum(low, point), 0.0),
            "share_high": np.minimum(np.maximum(high, point), 1.0),
            "rank": ranks[0],
            "rank_first": (ranks[1:] == 1).mean(axis=0),
            "rank_kept": (ranks[1:] == ranks[0]).mean(axis=0),
            "n": n,
        }
    )
    return table.sort_values(["rank", "driver"], ignore_index=True)


def lmg_of(correlations: np.ndarray, target: int, sources: np.ndarray) -> np.ndarray:
    """Shares of a stack of correlation matrices.

    Parameters
    ----------
    correlations : numpy.ndarray
        Draws × variables × variables.
    target : int
        Place of what is explained.
    sources : array of int
        Places of the regressors.

    Returns
    -------
    numpy.ndarray
        Draws × regressors.
    """
    size, draws = len(sources), len(correlations)
    if size > MOST_DRIVERS:
        raise UserError(f"{size} drivers are too many to share R² among: give at most {MOST_DRIVERS}.")
    explained: dict[tuple[int, ...], np.ndarray] = {(): np.zeros(draws)}
    for count in range(1, size + 1):
        for chosen in combinations(range(size), count):
            places = np.asarray(sources)[list(chosen)]
            among, with_target = correlations[:, places][:, :, places], correlations[:, places, target]
            slopes = np.linalg.pinv(among, rcond=1e-10, hermitian=True) @ with_target[..., None]
            explained[chosen] = (slopes[..., 0] * with_target).sum(axis=1)
    shares = np.zeros((draws, size))
    for chosen, r_squared in explained.items():
        weight = factorial(len(chosen)) * factorial(size - len(chosen) - 1) if len(chosen) < size else 0
        for one in set(range(size)) - set(chosen):
            joined = tuple(sorted((*chosen, one)))
            shares[:, one] += weight / factorial(size) * (explained[joined] - r_squared)
    return shares


def _complete(y, X: pd.DataFrame) -> np.ndarray:
    table = np.column_stack([np.asarray(y, dtype=float), X.to_numpy(dtype=float, na_value=np.nan)])
    table = table[~np.isnan(table).any(axis=1)]
    if len(table) <= table.shape[1]:
        raise UserError(f"{len(table)} complete answers are too few to share R² among {X.shape[1]} drivers: add some.")
    flat = np.ptp(table, axis=0) == 0
    if flat.any():
        name = ["what is to be explained", *(f"driver '{name}'" for name in X.columns)][int(flat.argmax())]
        raise UserError(f"All answers are the same in {name}: leave it out.")
    return table
