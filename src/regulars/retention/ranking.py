"""How well a score ranks customers by whether they order, and whether it does so better than another."""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from regulars.intervals import Estimate, z_value


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
