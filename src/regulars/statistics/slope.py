"""What goes with one more of something: least squares, its errors robust to uneven spread and to rows of one group."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

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


def clustered(columns, y, groups=None, level: float = 0.9) -> list[Estimate]:
    """Least squares of rows that belong together: what comes out once each group has been left out tells the error.

    Parameters
    ----------
    columns : array of float, (n, k)
        With a column of ones where there is to be an intercept.
    y : array of float, (n,)
    groups : array, optional
        Which rows belong together; each row of none by itself, and every row without.
    level : float
        Of the intervals: Student's, with one degree of freedom less than there are groups.

    Returns
    -------
    list of Estimate
        One per column; n counts the rows.

    References
    ----------
    MacKinnon, J. G., Nielsen, M. Ø. and Webb, M. D. (2023), Journal of Econometrics 232, 272-299 (CV3, the jackknife).

    Examples
    --------
    >>> mean = clustered([[1.0], [1.0], [1.0]], [1.0, 2.0, 6.0])[0]
    >>> mean.value, round(mean.high - mean.value, 4)  # Student's limits of a mean
    (3.0, 4.4604)
    """
    x, y = np.asarray(columns, float), np.asarray(y, float)
    n, wide = x.shape
    codes = np.arange(n) if groups is None else pd.factorize(np.asarray(groups))[0]
    codes = np.where(codes < 0, codes.max(initial=-1) + 1 + np.cumsum(codes < 0), codes)
    codes = np.unique(codes, return_inverse=True)[1]
    square = np.stack([np.bincount(codes, x[:, i] * x[:, j]) for i in range(wide) for j in range(wide)], axis=1)
    square = square.reshape(-1, wide, wide)
    product = np.stack([np.bincount(codes, column * y) for column in x.T], axis=1)
    whole, count = square.sum(axis=0), len(square)
    told = np.linalg.pinv(whole) @ product.sum(axis=0)
    rest = whole - square
    solvable = np.linalg.det(rest) > 1e-9 * np.linalg.det(whole)  # else one group alone tells a column
    left = np.zeros((count, wide))
    left[solvable] = np.linalg.solve(rest[solvable], (product.sum(axis=0) - product)[solvable][..., None])[..., 0]
    error = np.sqrt((count - 1) / count * ((left - told) ** 2).sum(axis=0))
    reach = stdtrit(max(count - 1, 1), (1 + level) / 2) * error
    return [Estimate(float(b), float(b - e), float(b + e), n) for b, e in zip(told, reach, strict=True)]
