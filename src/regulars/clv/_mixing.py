"""Averages over a beta distribution by quadrature with positive terms: nothing overflows, nothing cancels."""

from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import expit

GAUSS = 24  # nodes of the rule for smooth integrands
NEGLIGIBLE = 42.0  # −log of what is left out


def _softplus(y):
    return np.logaddexp(0.0, y)


def _log_density(y, a, b):
    """Log density of logit(p), p ~ Beta(a, b), without its constant."""
    return -a * _softplus(-y) - b * _softplus(y)


def _reach(a, b, sign, limit):
    """How far from the mode the density has fallen by exp(−NEGLIGIBLE), up to `limit`."""
    mode = np.log(a) - np.log(b)
    top = _log_density(mode, a, b)
    near, far = np.zeros_like(mode), np.broadcast_to(np.maximum(limit, 0.0), mode.shape).copy()
    for _ in range(50):
        middle = (near + far) / 2
        low = top - _log_density(mode + sign * middle, a, b) < NEGLIGIBLE
        near, far = np.where(low, middle, near), np.where(low, far, middle)
    return far


def beta_nodes(a, b, sharpest=1.0):
    """Nodes and weights such that Σ weights·g(nodes) is the mean of g over Beta(a, b), for g smooth on the logit scale.

    The trapezoidal rule on logit(p) converges exponentially because the density is analytic there; both tails, in which
    the density is a pure exponential and g constant, are summed as geometric series. The weights are normalised by
    their own sum, so that no beta function is needed.

    Parameters
    ----------
    a, b : array of shape (n,)
        Parameters of the beta distributions, positive.
    sharpest : float
        g(p) may be taken as constant where p·sharpest is below 1e-15.

    Returns
    -------
    p, q, weights : arrays of shape (n, nodes)
        p, 1 − p and the weights, which sum to 1 in every row.

    Examples
    --------
    >>> p, q, w = beta_nodes(np.array([0.8]), np.array([2.4]))
    >>> abs(float((w * p).sum()) - 0.8 / 3.2) < 1e-14
    True
    """
    a, b = np.broadcast_arrays(np.atleast_1d(np.asarray(a, float)), np.atleast_1d(np.asarray(b, float)))
    mode = np.log(a) - np.log(b)
    lowest = -(36.0 + np.log(np.maximum(1.0, np.maximum(b, sharpest))))
    left = _reach(a, b, -1.0, mode - np.minimum(lowest, mode - 2.0))
    right = _reach(a, b, 1.0, np.maximum(37.0 + np.log(np.maximum(1.0, a)) - mode, 2.0))
    # the error is the density's Fourier transform at k = 2π/step, at worst |Γ(a + ik)|/Γ(a): below 1e-12 for these k
    root = np.sqrt(a * b / (a + b))
    width = 2 * np.pi / np.maximum(21 + 4 * root, 9 * root)
    count = int(np.ceil((left + right) / width).max()) + 1
    width = (left + right) / (count - 1)
    y = (mode - left)[:, None] + width[:, None] * np.arange(count)
    log_weights = _log_density(y, a[:, None], b[:, None])
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    weights[:, 0] /= -np.expm1(-a * width)
    weights[:, -1] /= -np.expm1(-b * width)
    weights /= weights.sum(axis=1, keepdims=True)
    return expit(y), expit(-y), weights


@lru_cache(maxsize=20_000)
def _gauss(a: float, b: float):
    """Gauss-Jacobi nodes and weights for Beta(a, b), from the eigenvalues of its recurrence (Golub and Welsch 1969)."""
    n = np.arange(1.0, GAUSS)
    s = a + b - 2
    middle = 2 * n + s
    diagonal = np.concatenate([[a / (a + b)], (2 * n * (n + s + 1) + a * s) / (middle * (middle + 2))])
    squares = n * (n + b - 1) * (n + a - 1) / (middle**2 * (middle + 1))
    # the factor (n + s)/(2n + s − 1) is 1 for n = 1, also where both are 0
    squares[1:] *= (n[1:] + s) / (middle[1:] - 1)
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(squares))
    return nodes, vectors[0] ** 2


def gauss_nodes(a: float, b):
    """Nodes and weights such that Σ weights·g(nodes) is the mean of g over Beta(a, b), for g nearly a polynomial in p.

    Returns
    -------
    p, weights : arrays of shape (n, GAUSS)

    Examples
    --------
    >>> p, w = gauss_nodes(0.8, [2.4])
    >>> abs(float((w * p).sum()) - 0.8 / 3.2) < 1e-14
    True
    """
    found = [_gauss(float(a), float(value)) for value in b]
    return np.array([nodes for nodes, _ in found]), np.array([weights for _, weights in found])


def nearly_polynomial(R, w):
    """Where (1 − (1 + p·w)^−R)/p on [0, 1] needs no more than the Gauss rule, by the size of it on Bernstein ellipses.

    On the ellipse through −share/w it is below (1 − share)^−R; the rule's error is that over ρ^(2·GAUSS).
    """
    best = np.full(np.broadcast(R, w).shape, -np.inf)
    for share in (0.2, 0.4, 0.6, 0.8):
        reach = share / np.maximum(w, 1e-6)
        log_rho = np.log1p(2 * reach + 2 * np.sqrt(reach * (1 + reach)))
        best = np.maximum(best, 2 * GAUSS * log_rho + R * np.log1p(-share))
    return best > 30.0
