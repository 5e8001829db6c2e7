"""Pareto/NBD: orders at random until the customer stops, unseen, at a random time.

Orders have rate λ ~ Gamma(r, α), the lifetime is exponential with rate μ ~ Gamma(s, β):

L = Γ(r+x)/Γ(r) · α^r · β^s · { (α+T)^−(r+x) (β+T)^−s + s ∫ (α+u)^−(r+x) (β+u)^−(s+1) du over [t_x, T] }.

The integral is over the unknown time of stopping. Gauss-Legendre quadrature in y, u + c = (t_x + c) e^y with
c = min(α, β), has positive terms only and no overflow; the derivatives are averages over the same terms.

References
----------
Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987), Management Science 33, 1-24.
"""

import numpy as np
from scipy.special import betaln, exprel

from regulars.clv._fitter import to_logs
from regulars.clv._inputs import Rows
from regulars.clv._lifetimes import generate_data, lifetimes
from regulars.clv._mixing import beta_nodes
from regulars.clv._orders import HISTORY, OrderFitter, parts
from regulars.statistics.distinct import distinct_rows

RULES = {count: np.polynomial.legendre.leggauss(count) for count in (20, 64, 256)}
SHORT, LONG = 6.0, 15.0  # integrals over fewer scales than this need the smaller rule, over more the larger one
NEGLIGIBLE = 45.0  # −log of what is left out of an integral


def _length(start, end, shift, decay):
    """Length of the path in y that matters, for an integrand that falls at least as exp(−decay·y)."""
    length = np.log1p((end - start) / (start + shift))
    return np.where(decay > 0, np.minimum(length, NEGLIGIBLE / np.maximum(decay, 1e-300)), length)


def _path(start, shift, length, count):
    """Times along the path, and log weights: arrays of shape (n, count) from arrays of shape (n,)."""
    nodes, weights = RULES[count]
    y = length[:, None] * (nodes + 1) / 2
    with np.errstate(divide="ignore"):
        scale = np.log(length * (start + shift))[:, None]
    return start[:, None] + (start + shift)[:, None] * np.expm1(y), scale + np.log(weights / 2) + y


def _blocks(length, decay):
    """Indices of rows with the size of the rule that they need, in blocks that stay within the cache."""
    short, long = length * np.maximum(np.abs(decay), 1.0) < SHORT, length > LONG
    for count, which in ((20, short), (64, ~short & ~long), (256, long)):
        chosen = np.flatnonzero(which)
        for part in parts(chosen.size, 8 * count):
            yield chosen[part], count


class _Objective:
    """Log-likelihood of weighted rows with gradient and Hessian in log-parameters."""

    def __init__(self, rows: Rows):
        self.rows = rows
        self.x = rows.x.astype(np.int64)
        self.count = np.bincount(self.x, rows.weights)

    def __call__(self, log_params):
        params = np.exp(log_params)
        r = params[0]
        n = self.count
        j = r + np.arange(len(n) - 1)
        value = n @ _sums(np.log(j))
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        gradient[0] = n @ _sums(1 / j)
        hessian[0, 0] = -(n @ _sums(1 / j**2))
        stopped = _stopped(*params, self.rows.x, self.rows.t_x, self.rows.T)
        for part, count in _blocks(*stopped[1:]):
            v, g, h = self._times(part, count, stopped, *params)
            value, gradient, hessian = value + v, gradient + g, hessian + h
        return to_logs(params, value, gradient, hessian)

    def _times(self, part, count, stopped, r, alpha, s, beta):
        x, t_x, T, w = (a[part] for a in (self.rows.x, self.rows.t_x, self.rows.T, self.rows.weights))
        u, grown_a, grown_b, log_terms = _terms(r, alpha, s, beta, x, t_x, T, stopped[0], stopped[1][part], count)
        top = log_terms.max(axis=1, keepdims=True)
        share = np.exp(log_terms - top)
        total = share.sum(axis=1, keepdims=True)
        share /= total
        value = w @ (top + np.log(total))[:, 0]
        # derivatives of each term by r, α, s, β; e is 0 for the customer alive at T (first column), 1 for the others
        e = np.ones(u.shape[1])
        e[0] = 0.0
        per_a, per_b = 1 / (alpha + u), 1 / (beta + u)
        slope_a, slope_b = (r + x)[:, None] * per_a, (s + e) * per_b
        first = (-grown_a, r / alpha - slope_a, e / s - grown_b, s / beta - slope_b)
        second = {
            (0, 1): u / alpha * per_a,
            (1, 1): slope_a * per_a - r / alpha**2,
            (2, 2): np.broadcast_to(-e / s**2, u.shape),
            (2, 3): u / beta * per_b,
            (3, 3): slope_b * per_b - s / beta**2,
        }
        mean = np.array([np.einsum("nu,nu->n", share, f) for f in first])
        share *= w[:, None]
        centred = [f - m[:, None] for f, m in zip(first, mean, strict=True)]
        hessian = np.empty((4, 4))
        for i in range(4):
            weighted = share * centred[i]
            for k in range(i, 4):
                spread = np.einsum("nu,nu->", weighted, centred[k])
                if (i, k) in second:
                    spread += np.einsum("nu,nu->", share, second[i, k])
                hessian[i, k] = hessian[k, i] = spread
        return value, mean @ w, hessian


def _sums(values):
    return np.concatenate([[0.0], np.cumsum(values)])


def _stopped(r, alpha, s, beta, x, t_x, T):
    """Shift, length and decay of the integral over the time of stopping."""
    shift = min(alpha, beta)
    decay = (r + x) * (t_x + shift) / (alpha + t_x) + (s + 1) * (t_x + shift) / (beta + t_x) - 1
    return shift, _length(t_x, T, shift, decay), decay


def _terms(r, alpha, s, beta, x, t_x, T, shift, length, count):
    """Times u, log(1 + u/α), log(1 + u/β) and the logs of the terms of L without Γ(r+x)/Γ(r).

    The first column is of the customer alive at T, the others of one who stopped at u.
    """
    path, log_weights = _path(t_x, shift, length, count)
    u = np.concatenate([T[:, None], path], axis=1)
    grown_a, grown_b = np.log1p(u / alpha), np.log1p(u / beta)
    log_terms = -(r + x)[:, None] * grown_a - s * grown_b - (x * np.log(alpha))[:, None]
    log_terms[:, 1:] += log_weights + np.log(s / beta) - grown_b[:, 1:]
    return u, grown_a, grown_b, log_terms


class ParetoNBDFitter(OrderFitter, lifetimes.ParetoNBDFitter):
    """Pareto/NBD: the customer stops at a time that nobody sees.

    A drop-in for ``lifetimes.ParetoNBDFitter``: same signatures and attributes, exact numbers, standard errors.

    Parameters
    ----------
    penalizer_coef : float
        Coefficient of an l2 penalty on the parameters; 0 is maximum likelihood.

    Examples
    --------
    >>> import pandas as pd
    >>> model = ParetoNBDFitter()
    >>> model.params_ = pd.Series({"r": 0.5534, "alpha": 10.5802, "s": 0.6061, "beta": 11.6562})
    >>> round(float(model.conditional_probability_alive(26, 30.86, 31)[0]), 12)
    0.997917766552

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987), Management Science 33, 1-24.
    """

    _names = ("r", "alpha", "s", "beta")
    _time_parameters = ("alpha", "beta")
    _memoryless = True

    def fit(
        self,
        frequency,
        recency,
        T,
        weights=None,
        iterative_fitting=1,
        initial_params=None,
        verbose=False,
        tol=1e-4,
        index=None,
        fit_method="Nelder-Mead",
        maxiter=2000,
        **kwargs,
    ):
        """Fit by maximum likelihood on the distinct rows.

        Parameters
        ----------
        frequency, recency, T, weights, index
            As for `BetaGeoFitter.fit`.
        initial_params : array_like, optional
            Parameters (not logs) with times divided by the longest T, as in `lifetimes`. Tried first.
        iterative_fitting, verbose, tol, fit_method, maxiter, **kwargs
            Taken for the sake of code written for `lifetimes`; Newton's method needs none of them.

        Returns
        -------
        self
        """
        return super().fit(frequency, recency, T, weights, initial_params, index=index)

    @staticmethod
    def _from_lifetimes(initial_params):
        return np.log(np.asarray(initial_params, float))

    def _likelihood(self, rows: Rows):
        return _Objective(rows)

    def _box(self, longest: float):
        return np.log([1e-6, 1e-7 * longest, 1e-7, 1e-7 * longest]), np.log([1e4, 1e6 * longest, 1e4, 1e6 * longest])

    def _starts(self, rows: Rows):
        time = rows.weights @ rows.T / rows.customers
        rate = rows.weights @ rows.x / rows.customers / time
        return [
            np.log([r, 0.5 * r / rate, s, b * time]) for r, s, b in ((0.5, 0.6, 0.4), (1.0, 0.3, 2.0), (2.0, 3.0, 5.0))
        ]

    # ---- what a history says -----------------------------------------------------------------------------------

    def _alive(self, x, t_x, T):
        alive, _ = self._histories(x, t_x, T)
        return alive

    def _histories(self, x, t_x, T):
        """P(alive) of each history, and its log-likelihood without Γ(r+x)/Γ(r)."""
        params = self._numbers()
        shift, length, decay = _stopped(*params, x, t_x, T)
        alive, total = np.empty(x.size), np.empty(x.size)
        for part, count in _blocks(length, decay):
            *_, terms = _terms(*params, x[part], t_x[part], T[part], shift, length[part], count)
            total[part] = np.logaddexp.reduce(terms, axis=1)
            alive[part] = np.exp(terms[:, 0] - total[part])
        return alive, total

    def log_likelihood(self, frequency, recency, T):
        """Log-likelihood of each history at the fitted parameters, in the data's own unit of time."""
        (x, t_x, T), restore = self._asked(frequency, recency, T, names=HISTORY)
        params = self._numbers()
        coefficient = _sums(np.log(params[0] + np.arange(int(x.max(initial=0)))))[x.astype(int)]
        return restore(coefficient + self._histories(x, t_x, T)[1])

    # ---- what is to be expected --------------------------------------------------------------------------------

    def _time_scale(self, T):
        return self._numbers()[3] + T

    def orders_if_alive(self, t, x, t_x, T):
        """Expected orders in the next t of a customer who is alive, row by row."""
        r, alpha, s, beta = self._numbers()
        length = np.log1p(t / (beta + T))
        return (r + x) / (alpha + T) * (beta + T) * length * exprel((1 - s) * length)

    def expected_number_of_purchases_up_to_time(self, t):
        """Repeat orders to be expected of a new customer in the first `t`."""
        return self.conditional_expected_number_of_purchases_up_to_time(t, t * 0, t * 0, t * 0)

    def _active(self, t, x, t_x, T):
        """∫ of the density of the next order: R A^R (A+u)^−(R+1) · (B/(B+u))^s over [0, t], A = α + T, B = β + T."""
        r, alpha, s, beta = self._numbers()
        answer = np.empty(x.size)
        A, B = alpha + T, beta + T
        shift = np.minimum(A, B)
        decay = (r + x + 1) * shift / A + s * shift / B - 1
        length = _length(np.zeros_like(A), t, shift, decay)
        for part, count in _blocks(length, decay):
            u, log_weights = _path(np.zeros(part.size), shift[part], length[part], count)
            R, a, b = (r + x[part])[:, None], A[part, None], B[part, None]
            answer[part] = np.exp(np.log(R / a) - (R + 1) * np.log1p(u / a) - s * np.log1p(u / b) + log_weights).sum(1)
        return self._alive(x, t_x, T) * np.minimum(answer, 1.0)

    def _ever(self, x, t_x, T):
        """R/(R+s) · mean of (B/(B·v + A·(1−v)))^s over v ~ Beta(R + s, 1), v = A/(A+u) for an order at u."""
        r, alpha, s, beta = self._numbers()
        (x1, T1), back = distinct_rows(x, T)
        answer = np.empty(x1.size)
        for part in parts(x1.size, 400):
            R, A, B = r + x1[part], alpha + T1[part], beta + T1[part]
            v, w, weights = beta_nodes(R + s, np.ones_like(R), sharpest=float(np.maximum(A / B, B / A).max()))
            ratio = np.log(B[:, None]) - np.log(B[:, None] * v + A[:, None] * w)
            answer[part] = R / (R + s) * np.einsum("ij,ij->i", weights, np.exp(s * ratio))
        return self._alive(x, t_x, T) * answer[back]

    def _mass(self, n, t, x, t_x, T):
        """The sum of n orders and alive at T + t, or n orders and stopped at T + u."""
        if n == 0:
            return 1 - self._active(t, x, t_x, T)
        r, alpha, s, beta = self._numbers()
        R, A, B = r + x, alpha + T, beta + T
        log_coefficient = -np.log(R + n) - betaln(R, n + 1.0)

        def log_mass(u, R, A):
            with np.errstate(divide="ignore"):
                return n * (np.log(u) - np.log(A + u)) - R * np.log1p(u / A)

        answer = np.exp(log_coefficient + log_mass(t, R, A) - s * np.log1p(t / B))
        shift = np.minimum(A, B)
        length = _length(np.zeros_like(A), t, shift, np.zeros_like(A))
        for part in parts(x.size, 8 * 64):
            u, log_weights = _path(np.zeros_like(shift[part]), shift[part], length[part], 64)
            stopped = np.log(s / B[part, None]) - (s + 1) * np.log1p(u / B[part, None])
            terms = log_coefficient[part, None] + log_mass(u, R[part, None], A[part, None]) + stopped + log_weights
            answer[part] += np.exp(terms).sum(axis=1)
        return self._alive(x, t_x, T) * answer

    def _lives(self, rng, T):
        """Of each customer: rate, end of the watch or life, number of orders after which it stops; phases."""
        r, alpha, s, beta = self._numbers()
        rate = rng.gamma(r, 1 / alpha, T.size)
        life = rng.standard_exponential(T.size) * beta / np.maximum(rng.standard_gamma(s, T.size), 1e-300)
        return np.maximum(rate, 1e-300), np.minimum(T, life), np.full(T.size, np.inf), 1

    # ---- simulation --------------------------------------------------------------------------------------------

    def draw_orders(self, rng, t, x, t_x, T):
        """One future of each history: how many orders come in the next t."""
        r, alpha, s, beta = self._numbers()
        orders = np.zeros(x.size)
        alive = np.flatnonzero(rng.random(x.size) < self._alive(x, t_x, T))
        rate = rng.standard_gamma(r + x[alive]) / (alpha + T[alive])
        with np.errstate(divide="ignore"):
            life = rng.standard_exponential(alive.size) * (beta + T[alive]) / rng.standard_gamma(s, alive.size)
        orders[alive] = rng.poisson(rate * np.minimum(life, t))
        return orders

    def generate_new_data(self, size=1):
        """Simulate `size` customers over the T of the data, as `lifetimes` does."""
        return generate_data.pareto_nbd_model(self.data["T"].to_numpy()[:size], *self._numbers(), size=size)
