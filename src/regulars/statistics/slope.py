"""What goes with one more of something: slopes of least squares with errors that hold where the spread differs."""

import numpy as np
import pandas as pd

from regulars.statistics.intervals import Estimate, z_value


def robust_slope(x, y, groups=None, level: float = 0.9) -> Estimate:
    """How much more of y goes with one more of x, among those of the same group.

    Parameters
    ----------
    x, y : array of float
        Of the same length; pairs of which one is missing are left out.
    groups : array, optional
        The mean of each group is taken off both, so that only differences within it count; all are one group without.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        With the standard error of White (HC1); n counts the pairs. Missing where x never differs, or of too few.

    References
    ----------
    White, H. (1980), Econometrica 48, 817-838.

    Examples
    --------
    >>> robust_slope([1, 2, 1, 2], [80.0, 70, 60, 50], ["a", "a", "b", "b"]).value
    -10.0
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    code = np.zeros(len(x), int) if groups is None else pd.factorize(np.asarray(groups)[known])[0]
    size = np.bincount(code)
    x, y = (part - (np.bincount(code, part) / size)[code] for part in (x, y))
    n, square, free = len(x), float(x @ x), len(x) - len(size) - 1
    if square <= 1e-9 or free < 1:
        return Estimate(float("nan"), n=n)
    slope = float(x @ y) / square
    error = np.sqrt(n / free * float((x**2) @ (y - slope * x) ** 2)) / square
    return Estimate(slope, float(slope - z_value(level) * error), float(slope + z_value(level) * error), n)
