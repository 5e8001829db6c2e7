"""NBD: orders at random, and nobody ever stops. The benchmark that a model with dropout has to beat.

References
----------
Ehrenberg, A. S. C. (1959), Applied Statistics 8, 26-41.
"""

import numpy as np
from scipy.special import betaln

from regulars.clv._fitter import to_logs
from regulars.clv._inputs import Rows
from regulars.clv._lifetimes import lifetimes
from regulars.clv._orders import HISTORY, OrderFitter


def _sums(values):
    return np.concatenate([[0.0], np.cumsum(values)])


class _Objective:
    """Log-likelihood of weighted rows with gradient and Hessian in log-parameters; recency plays no part."""

    def __init__(self, rows: Rows):
        self.rows = rows
        self.count = np.bincount(rows.x.astype(np.int64), rows.weights)

    def __call__(self, log_params):
        r, alpha = params = np.exp(log_params)
        w, x, T = self.rows.weights, self.rows.x, self.rows.T
        n, j = self.count, r + np.arange(len(self.count) - 1)
        end, grown, R = alpha + T, np.log1p(T / alpha), r + x
        value = n @ _sums(np.log(j)) - w @ (r * grown + x * np.log(end))
        gradient = np.array([n @ _sums(1 / j) - w @ grown, w @ (r / alpha - R / end)])
        mixed = w @ (T / (alpha * end))
        hessian = np.array([[-(n @ _sums(1 / j**2)), mixed], [mixed, w @ (R / end**2 - r / alpha**2)]])
        return to_logs(params, value, gradient, hessian)


class NBDFitter(OrderFitter, lifetimes.fitters.BaseFitter):
    """NBD: every customer orders at random for ever.

    Parameters
    ----------
    penalizer_coef : float
        Coefficient of an l2 penalty on the parameters; 0 is maximum likelihood.

    Examples
    --------
    >>> model = NBDFitter().fit([2, 1, 0, 0, 4, 1], [30, 2, 0, 0, 35, 20], [39, 39, 39, 38, 38, 37])
    >>> sorted(model.params_.index)
    ['alpha', 'r']
    """

    _names = ("r", "alpha")
    _time_parameters = ("alpha",)
    _memoryless = True

    def _likelihood(self, rows: Rows):
        return _Objective(rows)

    def _box(self, longest: float):
        return np.log([1e-6, 1e-7 * longest]), np.log([1e4, 1e6 * longest])

    def _starts(self, rows: Rows):
        rate = rows.weights @ rows.x / (rows.weights @ rows.T)
        return [np.log([r, r / rate]) for r in (0.5, 5.0)]

    def _alive(self, x, t_x, T):
        return np.ones(x.size)

    def log_likelihood(self, frequency, recency, T):
        """Log-likelihood of each history at the fitted parameters, in the data's own unit of time."""
        (x, _, T), restore = self._asked(frequency, recency, T, names=HISTORY)
        r, alpha = self._numbers()
        coefficient = _sums(np.log(r + np.arange(int(x.max(initial=0)))))[x.astype(int)]
        return restore(coefficient - r * np.log1p(T / alpha) - x * np.log(alpha + T))

    def orders_if_alive(self, t, x, t_x, T):
        """Expected orders in the next t of a customer who is alive, row by row."""
        r, alpha = self._numbers()
        return (r + x) / (alpha + T) * t

    def _active(self, t, x, t_x, T):
        r, alpha = self._numbers()
        return -np.expm1(-(r + x) * np.log1p(t / (alpha + T)))

    def _time_of(self, target, x, t_x, T):
        r, alpha = self._numbers()
        return (alpha + T) * np.expm1(-np.log1p(-target) / (r + x))

    def _mass(self, n, t, x, t_x, T):
        r, alpha = self._numbers()
        R, w = r + x, t / (alpha + T)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_power = n * np.log(w / (1 + w)) if n else 0.0
            log_mass = -np.log(R + n) - betaln(R, n + 1.0) - R * np.log1p(w) + log_power
        return np.exp(log_mass)

    def _lives(self, rng, T):
        """Of each customer: rate, end of the watch, number of orders after which it stops; phases."""
        r, alpha = self._numbers()
        return np.maximum(rng.gamma(r, 1 / alpha, T.size), 1e-300), T, np.full(T.size, np.inf), 1

    def draw_orders(self, rng, t, x, t_x, T):
        """One future of each history: how many orders come in the next t."""
        r, alpha = self._numbers()
        return rng.poisson(rng.standard_gamma(r + x) / (alpha + T) * t).astype(float)
