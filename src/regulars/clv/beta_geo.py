"""BG/NBD, MBG/NBD and MBG/CNBD-k: a customer may stop after an order.

One likelihood serves all three. Orders follow one another after Erlang-k times with rate λ (k = 1: a Poisson process),
λ ~ Gamma(r, α); after each repeat order the customer stops with probability p ~ Beta(a, b); in the modified models that
can also happen at the first order. With m = x (BG) or x + 1 (modified), R = r + kx:

L = Γ(R)/Γ(r) · α^r · (b)_m/(a+b)_m · { S·(α+T)^−R + a/(b+m−1)·(α+t_x)^−R [if m > 0] },
S = Σ_{j<k} (R)_j/j! · ((T−t_x)/(α+T))^j.

References
----------
Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284.
Batislam, E. P., Denizel, M. and Filiztekin, A. (2007), Int. J. of Research in Marketing 24, 201-209.
Reutterer, T., Platzer, M. and Schröder, N. (2021), Int. J. of Research in Marketing 38, 194-215.
"""

import numpy as np
from scipy.special import betainc, betaln, expit

from regulars.clv._fitter import USUAL_LEVEL, to_logs
from regulars.clv._inputs import Rows
from regulars.clv._lifetimes import generate_data, lifetimes
from regulars.clv._mixing import beta_nodes, gauss_nodes, nearly_polynomial
from regulars.clv._orders import HISTORY, OrderFitter, parts
from regulars.statistics.distinct import distinct_rows

BLOCK = 8192  # rows worked on at a time: what a processor keeps at hand
PARAMETERS = ("r", "alpha", "a", "b")


def _phases(R, u, k):
    """Log S of the module's formula and its derivatives by R and u: S, R, u, RR, Ru, uu (zeros for k = 1)."""
    zero = np.zeros_like(u)
    if k == 1:
        return zero, zero, zero, zero, zero, zero
    c, c1, c2 = np.ones_like(R), zero, zero
    S, S_R, S_u, S_RR, S_Ru, S_uu = np.ones_like(R), zero, zero, zero, zero, zero
    power, power1, power2 = np.ones_like(u), zero, zero  # u^j, j·u^(j−1), j(j−1)·u^(j−2)
    for j in range(1, k):
        c, c1, c2 = c * (R + j - 1) / j, (c1 * (R + j - 1) + c) / j, (c2 * (R + j - 1) + 2 * c1) / j
        power, power1, power2 = power * u, power1 * u + power, power2 * u + 2 * power1
        S, S_R, S_RR = S + c * power, S_R + c1 * power, S_RR + c2 * power
        S_u, S_Ru, S_uu = S_u + c * power1, S_Ru + c1 * power1, S_uu + c * power2
    return (
        np.log(S),
        S_R / S,
        S_u / S,
        S_RR / S - (S_R / S) ** 2,
        S_Ru / S - S_R * S_u / S**2,
        S_uu / S - (S_u / S) ** 2,
    )


def _sums_below(values):
    """[0, v0, v0+v1, …]."""
    return np.concatenate([[0.0], np.cumsum(values)])


class _Objective:
    """Log-likelihood of weighted rows with gradient and Hessian in log-parameters."""

    def __init__(self, rows: Rows, k: int, at_birth: int):
        self.rows, self.k, self.at_birth = rows, k, at_birth
        self.x = rows.x.astype(np.int64)
        self.count = np.bincount(self.x, rows.weights)  # customers by frequency
        self.levels = np.arange(len(self.count))

    def __call__(self, log_params):
        params = np.exp(log_params)
        sums = self._levels(*params) @ self.count
        for start in range(0, len(self.x), BLOCK):
            part = slice(start, start + BLOCK)
            weights = self.rows.weights[part]
            sums += [weights @ values for values in self._rows(part, *params)]
        return self.in_logs(params, sums)

    def by_row(self, log_params):
        """Value, gradient and upper triangle of the Hessian of every row, by parameters: array of shape (15, rows)."""
        params = np.exp(log_params)
        return self._levels(*params)[:, self.x] + np.array(list(self._rows(slice(None), *params)))

    def _levels(self, r, alpha, a, b):
        """What depends on the frequency alone, for each frequency: value, 4 derivatives, 10 second derivatives."""
        k, x = self.k, self.levels
        at, m = k * x, x + self.at_birth
        j, i = r + np.arange(at[-1]), np.arange(m[-1])
        ab, bb = a + b + i, b + i
        zero = np.zeros(len(x))
        mixed = _sums_below(1 / ab**2)[m]
        return np.array(
            [
                _sums_below(np.log(j))[at] - at * np.log(alpha) - _sums_below(np.log1p(a / bb))[m],
                *(_sums_below(1 / j)[at], -at / alpha, -_sums_below(1 / ab)[m], _sums_below(a / (ab * bb))[m]),
                *(-_sums_below(1 / j**2)[at], zero, zero, zero),
                *(at / alpha**2, zero, zero),
                *(mixed, mixed),
                _sums_below(1 / ab**2 - 1 / bb**2)[m],
            ]
        )

    def _rows(self, part, r, alpha, a, b):
        """What depends on the times: log of the alive term plus log(1 + dead term / alive term), and derivatives."""
        x, t_x, T, k = self.x[part], self.rows.t_x[part], self.rows.T[part], self.k
        R, quiet = r + k * x, T - t_x
        end, last = alpha + T, alpha + t_x
        m = self.levels + self.at_birth
        drop = np.where(m > 0, 1 / np.maximum(b + m - 1, b), 0.0)  # by frequency; 0 where nobody can have stopped
        with np.errstate(divide="ignore"):
            log_stop = self._log_stop(a, drop, part)
        drop = drop[x]
        log_S = S_R = S_RR = L_a = L_ra = L_aa = 0.0
        if k > 1:
            u = quiet / end
            log_S, S_R, S_u, S_RR, S_Ru, S_uu = _phases(R, u, k)
            # derivatives of log S by alpha, through u
            u1, u2 = -u / end, 2 * u / end**2
            L_a, L_ra, L_aa = S_u * u1, S_Ru * u1, S_uu * u1**2 + S_u * u2
        since_start = np.log1p(T / alpha)
        since_last = np.log1p(quiet / last)
        odds = R * since_last - log_S + log_stop
        small = np.exp(-np.abs(odds))
        dead = np.where(odds > 0, 1.0, small) / (1 + small)
        v = dead * (1 - dead)
        # derivatives of the odds
        between = -quiet / (end * last)  # 1/(α+T) − 1/(α+t_x)
        d_r, d_a = since_last - S_R, R * between - L_a
        since = T / (alpha * end)  # 1/α − 1/(α+T)
        yield log_S - R * since_start + np.maximum(odds, 0.0) + np.log1p(small)
        yield S_R - since_start + dead * d_r
        yield R * since + L_a + dead * d_a
        yield dead / a
        yield -dead * drop
        yield (1 - dead) * S_RR + v * d_r**2
        yield since + L_ra + dead * (between - L_ra) + v * d_r * d_a
        yield v * d_r / a
        yield -v * d_r * drop
        both = 1 / end + 1 / last
        yield -R * since * (1 / end + 1 / alpha) + L_aa - dead * (R * between * both + L_aa) + v * d_a**2
        yield v * d_a / a
        yield -v * d_a * drop
        yield (v - dead) / a**2
        yield -v * drop / a
        yield (dead + v) * drop**2

    def _log_stop(self, a, drop, part):
        return np.log(a * drop)[self.x[part]]

    @staticmethod
    def in_logs(params, sums):
        """Value, gradient and Hessian in log-parameters from summed derivatives by parameters."""
        hessian = np.empty((4, 4))
        hessian[np.triu_indices(4)] = sums[5:]
        hessian.T[np.triu_indices(4)] = sums[5:]
        return to_logs(params, sums[0], sums[1:5], hessian)


class _BetaGeometric(OrderFitter):
    """Everything the three models have in common; see the module."""

    _names = PARAMETERS
    _time_parameters = ("alpha",)
    _k = 1
    _at_birth = 0

    def _likelihood(self, rows: Rows):
        return _Objective(rows, self._k, self._at_birth)

    def _box(self, longest: float):
        return np.log([1e-6, 1e-7 * longest, 1e-7, 1e-7]), np.log([1e4, 1e6 * longest, 1e5, 1e5])

    def _starts(self, rows: Rows):
        """The rate that reproduces the number of orders, with moderate, small and large dropout."""
        orders, time = rows.weights @ rows.x, rows.weights @ rows.T
        rate = self._k * orders / time
        return [
            np.log([r, r / rate, a, b])
            for r, a, b in ((0.5, 0.6, 2.0), (1.0, 0.1, 2.0), (2.0, 2.0, 6.0), (0.2, 0.3, 0.6))
        ]

    @property
    def _memoryless(self):
        """Whether what follows, given alive, does not depend on the time since the last order."""
        return self._k == 1

    # ---- what a history says -----------------------------------------------------------------------------------

    def _odds_dead(self, x, t_x, T):
        """Log odds that the customer has stopped."""
        r, alpha, a, b = self._numbers()
        m = x + self._at_birth
        R = r + self._k * x
        log_S = _phases(R, (T - t_x) / (alpha + T), self._k)[0]
        return np.where(
            m > 0,
            R * np.log1p((T - t_x) / (alpha + t_x)) - log_S + np.log(a) - np.log(np.where(m > 0, b + m - 1, 1.0)),
            -np.inf,
        )

    def _alive(self, x, t_x, T):
        return expit(-self._odds_dead(x, t_x, T))

    def _phase_weights(self, x, t_x, T):
        """Probabilities that j = 0 … k−1 of the k phases up to the next order are over, given alive; and R + j."""
        r, alpha, _, _ = self._numbers()
        R = r + self._k * x
        u = (T - t_x) / (alpha + T)
        terms = [np.ones_like(u)]
        for j in range(1, self._k):
            terms.append(terms[-1] * u * (R + j - 1) / j)
        total = sum(terms)
        return [(term / total, R + j) for j, term in enumerate(terms)]

    def log_likelihood(self, frequency, recency, T):
        """Log-likelihood of each history at the fitted parameters, in the data's own unit of time.

        Parameters
        ----------
        frequency, recency, T : array_like
            History of each customer: x, t_x and T in the literature, in the unit of the data.

        Returns
        -------
        array_like
            One per history. For k > 1 it is short of a term that depends on the single times but not on parameters.
        """
        (x, t_x, T), restore = self._asked(frequency, recency, T, names=HISTORY)
        r, alpha, a, b = self._numbers()
        k, m = self._k, (x + self._at_birth).astype(int)
        R = r + k * x
        at = (k * x).astype(int)
        highest = int(at.max(initial=0))
        value = _sums_below(np.log((r + np.arange(highest)) / alpha))[at]
        value = value - _sums_below(np.log1p(a / (b + np.arange(m.max(initial=0)))))[m]
        value = value - R * np.log1p(T / alpha) + _phases(R, (T - t_x) / (alpha + T), k)[0]
        return restore(value + np.logaddexp(0.0, self._odds_dead(x, t_x, T)))

    # ---- what is to be expected --------------------------------------------------------------------------------

    def orders_if_alive(self, t, x, t_x, T):
        """Expected orders in the next t of a customer who is alive, row by row.

        They depend on frequency and T and, for k > 1, on how many of the k phases to the next order are over; ₂F₁ and
        its relatives are so evaluated once per distinct (frequency, T, t).
        """
        (x1, T1, t1), back = distinct_rows(x, T, t)
        by_phase = [self._orders_from_phase(j, x1, T1, t1)[back] for j in range(self._k)]
        if self._k == 1:
            return by_phase[0]
        shares = self._phase_weights(x, t_x, T)
        return sum(share * orders for (share, _), orders in zip(shares, by_phase, strict=True))

    def _orders_from_phase(self, j, x, T, t):
        """Mean over p ~ Beta(a, b + m) of the expected orders for a given p, by the rule that the row needs."""
        r, alpha, a, b = self._numbers()
        R, w = r + self._k * x + j, t / (alpha + T)
        levels, which = np.unique(x, return_inverse=True)
        easy = nearly_polynomial(R, w)
        answer = np.empty(x.size)
        for rows, rule in ((np.flatnonzero(easy), gauss_nodes), (np.flatnonzero(~easy), beta_nodes)):
            if not rows.size:
                continue
            used, here = np.unique(which[rows], return_inverse=True)
            shape = b + levels[used] + self._at_birth
            if rule is gauss_nodes:
                p, weights = rule(a, shape)
                q = 1 - p
            else:
                p, q, weights = rule(a, shape, sharpest=float((R * w)[rows].max()))
            given_p = self._given_p(j, p, q)
            for part in parts(rows.size, 4 * p.shape[1]):
                row = rows[part]
                answer[row] = given_p(here[part], weights[here[part]], R[row], w[row])
        return answer

    def _given_p(self, j, p, q):
        """Σ weights · expected orders given p; see the module.

        For k = 1 they are (1 − (1 + p·w)^−R)/p. For k > 1, with θ_n the k-th roots of q = 1 − p, they are
        Σ_n θ_n^(j+1) / (k q) · (1 − (1 + (1 − θ_n) w)^−R) / (1 − θ_n), from the eigenvalues of the phases.
        """
        if self._k == 1:

            def poisson(here, weights, R, w):
                node = p[here]
                return np.einsum("ij,ij->i", weights, -np.expm1(-R[:, None] * np.log1p(node * w[:, None])) / node)

            return poisson
        k = self._k
        log_q = np.where(p < 0.5, np.log1p(-np.minimum(p, 0.5)), np.log(np.maximum(q, 1e-300)))
        roots = []
        for n in range(k // 2 + 1):  # the others are their complex conjugates
            turn = 2j * np.pi * n / k
            short = -np.expm1(log_q / k) + 0j if n == 0 else 1 - np.exp(log_q / k + turn)
            factor = np.exp((j + 1 - k) * log_q / k + (j + 1) * turn) / (k * short)
            roots.append((short, factor if 2 * n in (0, k) else 2 * factor))

        def erlang(here, weights, R, w):
            total = 0.0
            for short, factor in roots:
                # 1 − (1 + short·w)^−R in real arithmetic: NumPy's complex log1p and expm1 lose the small numbers
                across, up = short.real[here] * w[:, None], short.imag[here] * w[:, None]
                size = -R[:, None] / 2 * np.log1p(2 * across + across**2 + up**2)
                angle = -R[:, None] * np.arctan2(up, 1 + across)
                real = 2 * np.exp(size) * np.sin(angle / 2) ** 2 - np.expm1(size)
                imaginary = -np.exp(size) * np.sin(angle)
                part = factor[here]
                total = total + np.einsum("ij,ij->i", weights, part.real * real - part.imag * imaginary)
            return np.maximum(total, 0.0)

        return erlang

    def _active(self, t, x, t_x, T):
        _, alpha, _, _ = self._numbers()
        w = t / (alpha + T)
        if self._k == 1:
            ((_, R),) = self._phase_weights(x, t_x, T)
            ordered = -np.expm1(-R * np.log1p(w))
        else:
            z = w / (1 + w)
            ordered = sum(
                share * betainc(self._k - j, R, z) for j, (share, R) in enumerate(self._phase_weights(x, t_x, T))
            )
        return self._alive(x, t_x, T) * ordered

    def _time_of(self, target, x, t_x, T):
        if self._k > 1:
            return super()._time_of(target, x, t_x, T)
        r, alpha, _, _ = self._numbers()
        with np.errstate(over="ignore"):  # a rate near zero: the time is longer than any number, and infinity says so
            return (alpha + T) * np.expm1(-np.log1p(-target / self._alive(x, t_x, T)) / (r + x))

    def _orders_at_least(self, n, t, x, t_x, T):
        """P(n orders or more in the next t | alive, nobody stops) for n ≥ 1, and P(exactly n)."""
        _, alpha, _, _ = self._numbers()
        k, w = self._k, t / (alpha + T)
        z = w / (1 + w)
        tail, point = np.zeros_like(z), np.zeros_like(z)
        for j, (share, R) in enumerate(self._phase_weights(x, t_x, T)):
            first = k * n - j
            tail += share * np.where(first > 0, betainc(np.maximum(first, 1), R, z), 1.0)
            for i in range(first, first + k):
                if i < 0:
                    continue
                with np.errstate(divide="ignore", invalid="ignore"):
                    log_mass = -np.log(R + i) - betaln(R, i + 1.0) - R * np.log1p(w) + (i * np.log(z) if i else 0.0)
                point += share * np.exp(log_mass)
        return tail, point

    def _mass(self, n, t, x, t_x, T):
        if n == 0:
            return 1 - self._active(t, x, t_x, T)
        _, _, a, b = self._numbers()
        b = b + x + self._at_birth
        _, point = self._orders_at_least(n, t, x, t_x, T)
        beyond, _ = self._orders_at_least(n + 1, t, x, t_x, T)
        # stayed through n − 1 orders; then either stopped at the n-th, or no further order came
        log_stay = -sum(np.log1p(a / (b + i)) for i in range(n - 1)) if n > 1 else np.zeros_like(b)
        stop = a / (a + b + n - 1)
        return self._alive(x, t_x, T) * np.exp(log_stay) * (point + stop * beyond)

    def _lives(self, rng, T):
        """Of each customer: rate of the phases, end of the watch, number of orders after which it stops; phases."""
        r, alpha, a, b = self._numbers()
        with np.errstate(divide="ignore"):
            rate = rng.gamma(r, 1 / alpha, T.size)
        last = rng.geometric(np.clip(rng.beta(a, b, T.size), 1e-12, 1.0)) - self._at_birth
        return np.maximum(rate, 1e-300), T, last, self._k

    # ---- simulation --------------------------------------------------------------------------------------------

    def draw_orders(self, rng, t, x, t_x, T):
        """One future of each history: how many orders come in the next t."""
        _, alpha, a, b = self._numbers()
        orders = np.zeros(x.size)
        alive = np.flatnonzero(rng.random(x.size) < self._alive(x, t_x, T))
        x, t_x, T = x[alive], t_x[alive], T[alive]
        phases = self._phase_weights(x, t_x, T)
        done = np.zeros(x.size)
        if self._k > 1:
            edges = np.cumsum([share for share, _ in phases], axis=0)
            done = (rng.random(x.size) > edges[:-1]).sum(axis=0)
        rate = rng.standard_gamma(phases[0][1] + done) / (alpha + T)
        coming = (done + rng.poisson(rate * t)) // self._k
        # the customer stops at the order that a geometric distribution tells; it matters from the second order on
        many = np.flatnonzero(coming > 1)
        p = rng.beta(a, b + x[many] + self._at_birth)
        last = rng.geometric(np.clip(p, 1e-12, 1.0))
        coming[many] = np.minimum(coming[many], last)
        orders[alive] = coming
        return orders


class BetaGeoFitter(_BetaGeometric, lifetimes.BetaGeoFitter):
    """BG/NBD: orders at random, and after each repeat order a chance to stop.

    A drop-in for ``lifetimes.BetaGeoFitter``: same signatures and attributes, exact numbers, standard errors.

    Parameters
    ----------
    penalizer_coef : float
        Coefficient of an l2 penalty on the parameters; 0 is maximum likelihood.
    level : float
        Of the intervals in ``summary``, .95 as in `lifetimes`.

    Examples
    --------
    >>> model = BetaGeoFitter().fit([2, 1, 0, 0, 4, 1], [30, 2, 0, 0, 35, 20], [39, 39, 39, 38, 38, 37])
    >>> sorted(model.params_.index)
    ['a', 'alpha', 'b', 'r']

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284.
    """

    def generate_new_data(self, size=1):
        """Simulate `size` customers over the T of the data, as `lifetimes` does."""
        return generate_data.beta_geometric_nbd_model(self.data["T"].to_numpy()[:size], *self._numbers(), size=size)


class ModifiedBetaGeoFitter(_BetaGeometric, lifetimes.ModifiedBetaGeoFitter):
    """MBG/NBD: as BG/NBD, but a customer may also stop right after the first order.

    Parameters
    ----------
    penalizer_coef : float
        Of the l2 penalty on the parameters; 0 leaves maximum likelihood as it is.

    References
    ----------
    Batislam, E. P., Denizel, M. and Filiztekin, A. (2007), Int. J. of Research in Marketing 24, 201-209.
    """

    _at_birth = 1

    def generate_new_data(self, size=1):
        """Simulate `size` customers over the T of the data, as `lifetimes` does."""
        return generate_data.modified_beta_geometric_nbd_model(
            self.data["T"].to_numpy()[:size], *self._numbers(), size=size
        )


class RegularBetaGeoFitter(_BetaGeometric, lifetimes.ModifiedBetaGeoFitter):
    """MBG/CNBD-k: as MBG/NBD, but orders come more regularly than at random.

    The times between a customer's orders have an Erlang distribution of order k; k = 1 is MBG/NBD.

    Parameters
    ----------
    k : int
        Regularity, 1 or more. Choose it by what it forecasts, not by its likelihood.
    penalizer_coef : float
        Of the l2 penalty on the parameters; 0 leaves maximum likelihood as it is.

    References
    ----------
    Reutterer, T., Platzer, M. and Schröder, N. (2021), Int. J. of Research in Marketing 38, 194-215.
    """

    _at_birth = 1

    def __init__(self, k=2, penalizer_coef=0.0, level=USUAL_LEVEL):
        """Store the regularity and the coefficient of the penalty."""
        if int(k) != k or k < 1:
            raise ValueError(f"k is {k}; the regularity is a whole number, 1 or more.")
        super().__init__(penalizer_coef, level)
        self.k = self._k = int(k)
