"""Whether stated chances are right: isotonic reliability, and what makes up the Brier score."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from regulars.errors import UserError


class Reliability(NamedTuple):
    """How stated chances fare against what came.

    Parameters
    ----------
    miscalibration : float
        What the Brier score would lose if each chance were put right without changing the order (0: none to lose).
    discrimination : float
        What ordering them gains over saying the base rate of all.
    uncertainty : float
        Brier score of the base rate: what there is to know.
    brier : float
        Mean squared error: `miscalibration` − `discrimination` + `uncertainty`.
    n : int
    """

    miscalibration: float
    discrimination: float
    uncertainty: float
    brier: float
    n: int


def calibration_of_chances(stated, won) -> Reliability:
    """Split the Brier score of stated chances: the stable way, by isotonic regression (CORP).

    Parameters
    ----------
    stated : array of float
        Chances, 0 to 1.
    won : array of bool
        Whether it came.

    Returns
    -------
    Reliability
        NaN without any.

    Raises
    ------
    UserError
        Where a chance is none.

    References
    ----------
    Dimitriadis, T., Gneiting, T. and Jordan, A. I. (2021), PNAS 118 (8), e2016191118.

    Examples
    --------
    >>> found = calibration_of_chances([0.1] * 3 + [0.3] * 4 + [0.7] * 3, [0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    >>> round(found.brier, 6), round(found.miscalibration, 6), round(found.uncertainty, 6)
    (0.226, 0.016476, 0.24)
    """
    p, y = _chances(stated, won)
    if not p.size:
        return Reliability(*(float("nan"),) * 4, n=0)
    right = recalibrated(p, y)
    base = y.mean()
    brier, fitted, uncertainty = (float(np.mean((chance - y) ** 2)) for chance in (p, right, base))
    return Reliability(brier - fitted, uncertainty - fitted, uncertainty, brier, int(p.size))


def recalibrated(stated, won, asked=None) -> np.ndarray:
    """Chances put right: the shares who won, smoothed so that a higher chance never gets a lower share.

    Parameters
    ----------
    stated : array of float
    won : array of bool
    asked : array of float, optional
        Chances to put right by what those teach, in between by a straight line; the same where absent.

    Returns
    -------
    numpy.ndarray

    References
    ----------
    Ayer, M. et al. (1955), Annals of Mathematical Statistics 26, 641-647 (pool adjacent violators).

    Examples
    --------
    >>> recalibrated([1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 0, 0, 1, 0, 1, 1]).round(3).tolist()
    [0.0, 0.333, 0.333, 0.333, 0.5, 0.5, 1.0, 1.0]
    """
    seen = pd.DataFrame({"p": np.asarray(stated, float), "y": np.asarray(won, float)})
    levels = seen.groupby("p")["y"].agg(["mean", "size"])
    fit = isotonic_regression(levels["mean"], weights=levels["size"]).x
    return np.interp(seen["p"] if asked is None else np.asarray(asked, float), levels.index, fit)


def out_of_fold(stated, won, folds: int = 2) -> np.ndarray:
    """Each chance put right by what the others teach: row i belongs to fold i modulo `folds`.

    Examples
    --------
    >>> out_of_fold([0.5] * 4, [1, 0, 1, 0]).tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    p, y = _chances(stated, won)
    fold, right = np.arange(p.size) % folds, np.full(p.size, np.nan)
    for one in range(folds):
        here = fold == one
        if here.any() and (~here).any():
            right[here] = recalibrated(p[~here], y[~here], p[here])
    return right


def _chances(stated, won) -> tuple[np.ndarray, np.ndarray]:
    p, y = np.asarray(stated, float), np.asarray(won, float)
    if p.size and not ((p >= 0) & (p <= 1)).all():
        raise UserError(f"A stated chance is {p[~((p >= 0) & (p <= 1))][0]:g}: chances lie between 0 and 1.")
    return p, y
