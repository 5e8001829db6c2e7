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
    above, below = [], []
    for score in (np.asarray(first, float), np.asarray(second, float)):
        everybody = rankdata(score)
        above.append((everybody[came] - rankdata(score[came])) / others)
        below.append(1 - (everybody[~came] - rankdata(score[~came])) / ordered)
    areas = [float(part.mean()) for part in above]
    above, below = np.stack(above), np.stack(below)

    def estimate(weights, value) -> Estimate:
        parts = [
            (np.var(weights @ part, ddof=1) / part.shape[1] if part.shape[1] > 1 else 0.0) for part in (above, below)
        ]
        reach = float(z_value(level) * np.sqrt(sum(parts)))
        return Estimate(value, value - reach, value + reach, n)

    one, two = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    return Ranked(estimate(one, areas[0]), estimate(two, areas[1]), estimate(one - two, areas[0] - areas[1]))
