"""Principal components of survey items, as many as carry more than chance would (Horn's parallel analysis)."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError


class Components(NamedTuple):
    """Principal components of the correlation matrix.

    Parameters
    ----------
    eigenvalues : pandas.DataFrame
        ``component`` (1 …), ``eigenvalue``, ``share`` and ``cumulative`` of the variance, ``chance`` (quantile of the
        eigenvalue in data without any correlation), ``is_kept``.
    kept : int
        Components that parallel analysis keeps: eigenvalue above chance, from the first on without a gap.
    kept_by_share : int
        Components that the rule "85 % of the variance" keeps.
    loadings : pandas.DataFrame
        Item × component kept; each points to the side where most items are high.
    means, deviations : pandas.Series
        By item: what standardises an answer.
    """

    eigenvalues: pd.DataFrame
    kept: int
    kept_by_share: int
    loadings: pd.DataFrame
    means: pd.Series
    deviations: pd.Series


def principal_components(
    answers: pd.DataFrame, *, draws: int = 200, quantile: float = 0.95, share: float = 0.85, seed: int = 0
) -> Components:
    """Components of the correlations between items, beside what chance alone would give.

    Parameters
    ----------
    answers : pandas.DataFrame
        Respondent × item; correlations are of the pairs that are both answered.
    draws : int
        Of random data with as many rows and columns.
    quantile : float
        Of the random eigenvalues that an eigenvalue must pass.
    share : float
        Of the older rule that components are kept until they carry this share of the variance.
    seed : int
        Of all that is drawn at random.

    Returns
    -------
    Components

    Raises
    ------
    UserError
        Where an item has no variance, or there are not more respondents than items; it names the item.

    References
    ----------
    Horn, J. L. (1965), Psychometrika 30, 179-185.
    Glorfeld, L. W. (1995), Educational and Psychological Measurement 55, 377-393 (the 95th percentile).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> common = rng.standard_normal((300, 1))
    >>> data = pd.DataFrame(common + rng.standard_normal((300, 6)), columns=list("abcdef"))
    >>> found = principal_components(data, draws=50)
    >>> found.kept, found.kept_by_share
    (1, 4)
    """
    values = answers.astype(float)
    # by the ends, since the standard deviation of equal answers may miss zero by its last bit
    flat = values.columns[~(values.max() > values.min())]
    if len(flat):
        raise UserError(
            f"Table surveys, item {flat[0]}: all answers are the same, or there are fewer than two; leave it out."
        )
    n, p = len(values.dropna(how="all")), values.shape[1]
    if n <= p:
        raise UserError(
            f"Table surveys: {n} respondents are too few for components of {p} items: more than {p} needed."
        )
    correlation = values.corr(min_periods=3).to_numpy()
    if np.isnan(correlation).any():
        raise UserError("Table surveys: two items were hardly ever answered by the same respondent; leave one out.")
    roots, vectors = np.linalg.eigh(correlation)
    roots, vectors = roots[::-1], vectors[:, ::-1]
    chance = np.quantile(_random_roots(n, p, draws, seed), quantile, axis=0)
    above = roots > chance
    kept = max(int(np.argmin(above)) if not above.all() else p, 1)
    cumulative = np.cumsum(roots) / p
    loadings = vectors[:, :kept] * np.sqrt(np.maximum(roots[:kept], 0))
    loadings = loadings * _signs(loadings)
    number = np.arange(1, p + 1)
    table = pd.DataFrame(
        {"component": number, "eigenvalue": roots, "share": roots / p, "cumulative": cumulative, "chance": chance}
    ).assign(is_kept=number <= kept)
    names = pd.Index(values.columns, name="item")
    by_share = int(np.argmax(cumulative >= share - 1e-12)) + 1
    return Components(
        table, kept, by_share, pd.DataFrame(loadings, names, number[:kept]), values.mean(), values.std(ddof=1)
    )


def component_scores(components: Components, answers: pd.DataFrame) -> pd.Series:
    """One score per respondent: the kept components, weighted by the variance that they carry.

    Parameters
    ----------
    components : Components
        Of `principal_components`.
    answers : pandas.DataFrame
        Respondent × item, the items of `components`. Where items were not answered the components are those that fit
        the answered ones best (least squares), so that nothing is filled in.

    Returns
    -------
    pandas.Series
        Standardised where all items are answered; missing for a respondent who answered fewer items than there are
        components.
    """
    items, loadings = components.loadings.index, components.loadings.to_numpy()
    z = ((answers[items].astype(float) - components.means) / components.deviations).to_numpy()
    known = ~np.isnan(z)
    roots = (loadings**2).sum(axis=0)
    direction = loadings / np.sqrt(roots)
    gram = np.einsum("nj,jk,jl->nkl", known.astype(float), direction, direction)
    right = np.where(known, z, 0) @ direction
    enough = known.sum(axis=1) > loadings.shape[1]
    gram[~enough] = np.eye(loadings.shape[1])
    found = np.linalg.solve(gram + 1e-9 * np.eye(len(roots)), right[:, :, None])[:, :, 0] / np.sqrt(roots)
    return pd.Series(np.where(enough, found @ (roots / roots.sum()), np.nan), index=answers.index, name="components")


def _signs(loadings: np.ndarray) -> np.ndarray:
    """The sign of each component that makes most of it positive; where that is a tie, its first item's."""
    total = np.round(loadings.sum(axis=0), 9)
    first = loadings[np.argmax(np.abs(loadings) > 1e-9, axis=0), np.arange(loadings.shape[1])]
    return np.where(np.where(total == 0, first, total) < 0, -1.0, 1.0)


def _random_roots(n: int, p: int, draws: int, seed: int) -> np.ndarray:
    """Eigenvalues of correlation matrices of n rows of p independent normal columns, from Bartlett's decomposition."""
    rng = np.random.default_rng(seed)
    lower = np.tril(rng.standard_normal((draws, p, p)), -1)
    at = np.arange(p)
    lower[:, at, at] = np.sqrt(rng.chisquare(n - 1 - at, (draws, p)))
    wishart = lower @ lower.transpose(0, 2, 1)
    scale = 1 / np.sqrt(wishart[:, at, at])
    return np.linalg.eigvalsh(wishart * scale[:, :, None] * scale[:, None, :])[:, ::-1]
