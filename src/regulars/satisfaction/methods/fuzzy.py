"""Fuzzy comprehensive evaluation: weights and memberships composed by four operators, which need not agree."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError

GRADES = ("very_low", "low", "middle", "high", "very_high")
# operator to (how a weight meets a membership, how the factors are put together)
OPERATORS = {
    "min_max": (np.minimum, "max"),
    "product_max": (np.multiply, "max"),
    "min_sum": (np.minimum, "sum"),
    "product_sum": (np.multiply, "sum"),
}


class Evaluation(NamedTuple):
    """Outcome of the evaluation.

    Parameters
    ----------
    memberships : pandas.DataFrame
        One row per operator (min_max, product_max, min_sum, product_sum), one column per grade.
    chosen : pandas.Series
        Grade of the largest membership, by operator; the lower one where two are equal.
    operator : str
        The one that the verdict rests on.
    grade : str
        Its choice.
    score : float
        Its mean of the grades' values, weighted by their memberships.
    disagree : bool
        Whether the four operators choose different grades.
    """

    memberships: pd.DataFrame
    chosen: pd.Series
    operator: str
    grade: str
    score: float
    disagree: bool


def fuzzy_evaluation(weights, membership, operator: str = "product_sum", values=None) -> Evaluation:
    """Compose weights and memberships, B = W ∘ R, by four operators, and say whether they choose the same grade.

    Parameters
    ----------
    weights : array of float, factors
        W: of the factors; not negative, made to sum to 1.
    membership : array of float, factors × grades
        R: degree, 0 to 1, to which each factor has each grade; the grades from worst to best. A frame names both.
    operator : {"min_max", "product_max", "min_sum", "product_sum"}
        M(∧,∨): max of min(w, r); M(·,∨): max of w·r; M(∧,⊕): sum of min(w, r), at most 1; M(·,+): sum of w·r, the
        weighted average. All four are computed; this one the verdict rests on.
    values : array of float, optional
        What each grade is worth in the score; equal steps from 0 to 100 without it.

    Returns
    -------
    Evaluation

    Raises
    ------
    UserError
        Where a weight is negative, a membership lies outside 0 to 1, or shapes do not fit.

    References
    ----------
    Wang, P. Z. (1983), Fuzzy Set Theory and Its Applications (in Chinese), Shanghai; the four operators as usually
    taught with the method.

    Examples
    --------
    >>> R = [[.2, .5, .3], [.1, .3, .6], [.0, .4, .6], [.3, .4, .3]]
    >>> found = fuzzy_evaluation([.4, .3, .2, .1], R)
    >>> found.memberships.loc["product_sum"].round(2).tolist()
    [0.14, 0.41, 0.45]
    >>> found.chosen.to_dict()
    {'min_max': '2', 'product_max': '2', 'min_sum': '2', 'product_sum': '3'}
    """
    if operator not in OPERATORS:
        raise UserError(f"'{operator}' is no operator of the fuzzy evaluation: name one of {', '.join(OPERATORS)}.")
    names = list(membership.columns) if isinstance(membership, pd.DataFrame) else None
    R, W = np.asarray(membership, dtype=float), np.asarray(weights, dtype=float)
    if R.ndim != 2 or W.shape != R.shape[:1]:
        raise UserError(f"{W.size} weights do not fit memberships of the shape {R.shape}: one weight for each row.")
    if not (np.isfinite(W).all() and (W >= 0).all() and W.sum() > 0):
        raise UserError("Weights of the fuzzy evaluation must be numbers of at least 0, and not all 0.")
    if not ((R >= 0) & (R <= 1 + 1e-9)).all():
        raise UserError("Memberships of the fuzzy evaluation must lie between 0 and 1.")
    grades = [str(name) for name in (names or range(1, R.shape[1] + 1))]
    W = W / W.sum()
    found = {}
    for name, (meet, join) in OPERATORS.items():
        met = meet(W[:, None], R)
        found[name] = met.max(axis=0) if join == "max" else np.minimum(met.sum(axis=0), 1.0)
    table = pd.DataFrame(found, index=grades).T
    chosen = pd.Series([grades[int(np.argmax(np.round(row, 12)))] for row in table.to_numpy()], index=table.index)
    worth = np.linspace(0, 100, len(grades)) if values is None else np.asarray(values, dtype=float)
    B = table.loc[operator].to_numpy()
    score = float(B @ worth / B.sum()) if B.sum() > 0 else float("nan")
    return Evaluation(table, chosen, operator, str(chosen[operator]), score, chosen.nunique() > 1)


def memberships(scores: pd.DataFrame, grades: Sequence[str] = GRADES, sample_weights=None) -> pd.DataFrame:
    """Degree to which each factor has each grade, from the answers: the mean over respondents.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per respondent, one column per factor, 0 to 100; missing ones are left out.
    grades : sequence of str
        From worst to best; their centres stand evenly from 0 to 100, and a score between two centres belongs to both,
        the nearer one the more.
    sample_weights : array of float, optional
        Of the respondents.

    Returns
    -------
    pandas.DataFrame
        Factor × grade; rows sum to 1. NaN for a factor that nobody answered.

    Examples
    --------
    >>> memberships(pd.DataFrame({"quality": [75.0, 100.0, 90.0]})).round(3).loc["quality"].tolist()
    [0.0, 0.0, 0.0, 0.467, 0.533]
    """
    centres = np.linspace(0, 100, len(grades))
    step = centres[1] - centres[0]
    values = scores.to_numpy(dtype=float)
    weight = np.ones(len(values)) if sample_weights is None else np.asarray(sample_weights, dtype=float)
    known = ~np.isnan(values)
    near = np.clip(1 - np.abs(np.where(known, values, 0)[:, :, None] - centres) / step, 0, 1)
    total = weight @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.einsum("r,rf,rfg->fg", weight, known.astype(float), near) / total[:, None]
    return pd.DataFrame(share, index=list(scores.columns), columns=list(grades))
