"""A logistic curve in one variable."""

import numpy as np
from scipy.special import expit

RIDGE = 1e-6  # keeps a perfectly separating curve from growing without end


def fit_logistic(z, happened, iterations: int = 100) -> tuple[float, float]:
    """Intercept and slope of P(happened) = expit(intercept + slope·z), by maximum likelihood.

    Parameters
    ----------
    z : array
        What the probability hangs on.
    happened : array of bool
        Whether it came.

    Returns
    -------
    (intercept, slope) : tuple of float

    Examples
    --------
    >>> z, happened = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 0, 1, 1], bool)
    >>> [round(value, 4) for value in fit_logistic(z, happened)]
    [-0.6931, 1.3863]
    """
    z, y = np.asarray(z, float), np.asarray(happened, float)
    middle, unit = z.mean(), z.std() or 1.0
    X = np.column_stack([np.ones_like(z), (z - middle) / unit])
    share = np.clip(y.mean(), 1e-6, 1 - 1e-6)
    beta = np.array([np.log(share / (1 - share)), 0.0])
    for _ in range(iterations):
        p = expit(X @ beta)
        gradient = X.T @ (y - p) - RIDGE * beta
        step = np.linalg.solve((X.T * (p * (1 - p))) @ X + RIDGE * np.eye(2), gradient)
        step *= min(1.0, 4.0 / max(np.abs(step).max(), 1e-300))
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            break
    slope = beta[1] / unit
    return float(beta[0] - slope * middle), float(slope)
