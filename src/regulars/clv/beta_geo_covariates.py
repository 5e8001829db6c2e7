"""BG/NBD with covariates that do not change: who buys more often, and who stops sooner, by what is known of them.

For customer i with covariates s_i: α_i = α₀ exp(−γ₁′s_i) and a_i = a₀ exp(γ₂′s_i), so that exp(γ₁) multiplies the
purchase rate and exp(γ₂) the first parameter of dropout, per unit of the covariate. The likelihood of one customer is
that of `regulars.clv.beta_geo` at (r, α_i, a_i, b).

Where the covariate was measured at a survey date T₀, what came before cannot be an effect of the score, and those who
had left answered less often than those who had not. Given the history (x₀, t_x₀) up to T₀ and that the customer
answered, the likelihood is L_ρ(x, t_x, T) / L_ρ(x₀, t_x₀, T₀), where ρ is how often those who had left answer, as a
share of how often the others do, and L_ρ has its term of those who stopped before T₀ multiplied by ρ: ρ = 0 is left
truncation (only customers answer), ρ = 1 answers that have nothing to do with leaving.

References
----------
Fader, P. S. and Hardie, B. G. S. (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models.
Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284.
"""

import numpy as np
import pandas as pd

from regulars.clv._fitter import Fitted, _inverse
from regulars.clv._inputs import (
    Rows,
    _refuse,
    check_history,
    check_lengths,
    check_unique,
    check_weights,
    common_index,
    vector,
)
from regulars.clv._orders import OrderFitter
from regulars.clv.beta_geo import BLOCK, PARAMETERS, BetaGeoFitter, _Objective
from regulars.showing import forest
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.newton import maximise

WIDEST = 8.0  # largest effect of one standard deviation, as a log
_PAIRS = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)]


class _CovariateObjective(_Objective):
    """Log-likelihood with gradient and Hessian in (log r, log α₀, log a₀, log b, γ₁ …, γ₂ …); rows sorted by x."""

    def __init__(self, rows: Rows, scores, squares, before: Rows | None = None, answer_if_left: float = 1.0):
        super().__init__(rows, 1, 0)
        self.scores, self.squares = scores, squares
        self.width = scores.shape[1]
        self.offset, self.past = np.zeros(rows.x.size), None
        if before is not None:
            with np.errstate(divide="ignore"):
                left = np.log(answer_if_left)
            self.offset = np.where(before.x == rows.x, left, 0.0)  # who ordered after the survey had not left
            self.past = _CovariateObjective(before, scores, squares)
            self.past.offset = np.full(rows.x.size, left)

    def __call__(self, point):
        value, gradient, hessian, _ = self.sums(point)
        return value, gradient, hessian

    def sums(self, point, outer: bool = False):
        """Weighted value, gradient, Hessian and, where asked for, Σ w² · score · scoreᵀ."""
        size = 4 + 2 * self.width
        value, gradient, hessian, meat = 0.0, np.zeros(size), np.zeros((size, size)), np.zeros((size, size))
        for start in range(0, len(self.x), BLOCK):
            part = slice(start, start + BLOCK)
            w, designs = self.rows.weights[part], self._designs(part)
            rows, params = self._by_row(part, point)
            first = [p * g for p, g in zip(params, rows[1:5], strict=True)]
            value += w @ rows[0]
            scores = np.zeros((w.size, size))
            for g, (columns, design) in zip(first, designs, strict=True):
                scores[:, columns] += g[:, None] * design
            gradient += w @ scores
            for (i, j), h in zip(_PAIRS, rows[5:], strict=True):
                h = params[i] * params[j] * h + (first[i] if i == j else 0.0)
                block = (designs[i][1] * (w * h)[:, None]).T @ designs[j][1]
                hessian[np.ix_(designs[i][0], designs[j][0])] += block
                if i != j:
                    hessian[np.ix_(designs[j][0], designs[i][0])] += block.T
            if outer:
                meat += (scores * self.squares[part][:, None]).T @ scores
        return value, gradient, hessian, meat

    def _designs(self, part):
        """Columns of the point that each of r, α, a, b depends on, and the derivatives of its log by them."""
        s, k = self.scores[part], self.width
        one = np.ones((len(s), 1))
        return (
            ([0], one),
            ([1, *range(4, 4 + k)], np.hstack([one, -s])),
            ([2, *range(4 + k, 4 + 2 * k)], np.hstack([one, s])),
            ([3], one),
        )

    def _by_row(self, part, point):
        """Value, four derivatives and ten second derivatives of each row by (r, α_i, a_i, b), and these four."""
        s, k = self.scores[part], self.width
        r, b = np.exp(point[0]), np.exp(point[3])
        alpha = np.exp(point[1] - s @ point[4 : 4 + k])
        a = np.exp(point[2] + s @ point[4 + k :])
        rows = self._terms(part, r, alpha, a, b)
        if self.past is not None:
            rows -= self.past._terms(part, r, alpha, a, b)
        return rows, (r, alpha, a, b)

    def _terms(self, part, r, alpha, a, b):
        rows = self._counts(self.x[part], r, alpha, a, b)
        for line, values in enumerate(self._rows(part, r, alpha, a, b)):
            rows[line] += values
        return rows

    def _log_stop(self, a, drop, part):
        return np.log(a * drop[self.x[part]]) + self.offset[part]

    @staticmethod
    def _counts(x, r, alpha, a, b):
        """What depends on the frequency but not on the times, row by row; quick where x ascends."""
        out = np.zeros((15, x.size))
        out[0], out[2], out[9] = -x * np.log(alpha), -x / alpha, x / alpha**2
        order = None if (np.diff(x) >= 0).all() else np.argsort(x, kind="stable")
        sorted_x, sorted_a = (x, a) if order is None else (x[order], a[order])
        sums = np.zeros((7, x.size))  # value, r, rr, a (and minus b's part), aa = ab, b, bb
        for i in range(int(sorted_x[-1]) if x.size else 0):
            tail = slice(int(np.searchsorted(sorted_x, i, side="right")), None)
            ab, bb = 1 / (sorted_a[tail] + b + i), 1 / (b + i)
            sums[0, tail] += np.log((r + i) * (b + i) * ab)
            sums[1, tail] += 1 / (r + i)
            sums[2, tail] -= 1 / (r + i) ** 2
            sums[3, tail] -= ab
            sums[4, tail] += ab**2
            sums[5, tail] += bb - ab
            sums[6, tail] += ab**2 - bb**2
        if order is not None:
            back = np.empty_like(order)
            back[order] = np.arange(order.size)
            sums = sums[:, back]
        for line, source in ((0, 0), (1, 1), (5, 2), (3, 3), (12, 4), (13, 4), (4, 5), (14, 6)):
            out[line] += sums[source]
        return out


class BetaGeoCovariateFitter(Fitted):
    """BG/NBD in which the purchase rate and the dropout depend on covariates of the customer.

    Examples
    --------
    >>> from regulars.simulate.purchasing import bg_nbd_customers
    >>> score = np.random.default_rng(1).standard_normal(4000)
    >>> told = bg_nbd_customers(4000, 1.0, 8.0, 1.0, 3.0, T=60, seed=1, score=score, rate_effect=0.3)
    >>> model = BetaGeoCovariateFitter().fit(told.frequency, told.recency, told["T"], {"satisfaction": score})
    >>> bool(abs(model.params_["rate_satisfaction"] - 0.3) < 3 * model.standard_errors_["rate_satisfaction"])
    True
    """

    def fit(self, frequency, recency, T, covariates, weights=None, before=None, answer_if_left=1.0, robust=False):
        """Fit by maximum likelihood on the distinct rows, with analytic gradient and Hessian.

        Parameters
        ----------
        frequency, recency, T : array_like
            Repeat orders (x), time of the last one (t_x), length of the watch (T), as for `BetaGeoFitter`.
        covariates : pandas.DataFrame, mapping or array_like
            Customers × k; names of the columns name the effects (``x0``, ``x1`` … without names).
        weights : array_like, optional
            Customers that each row stands for, or inverse probabilities of having answered.
        before : (array_like, array_like, array_like), optional
            Frequency, recency and T as they were at the survey date (x₀, t_x₀, T₀): the likelihood is then conditional
            on this history.
        answer_if_left : float
            ρ: how often those who had left answer, as a share of how often customers do; 0 is left truncation.
        robust : bool
            Standard errors of the sandwich, which hold when weights are inverse probabilities.

        Returns
        -------
        self
            ``params_`` and ``standard_errors_`` (r, alpha, a, b at covariates of 0, then ``rate_<name>`` (γ₁) and
            ``dropout_<name>`` (γ₂), each per unit of the covariate), ``variance_matrix_`` of (log r, log α₀, log a₀,
            log b, γ₁, γ₂), ``confidence_intervals_``, ``log_likelihood_``, ``AIC_``, ``BIC_``, ``gradient_norm_``,
            ``customers_``.

        Raises
        ------
        ValueError
            Naming the first row and value that cannot be; or a covariate that is the same for all, or that others tell.
        """
        index = common_index(frequency=frequency, recency=recency, T=T, covariates=covariates)
        if index is not None:
            check_unique(index)
        x, t_x, T = check_history(frequency, recency, T, index)
        weights = check_weights(weights, x, index)
        OrderFitter._check_enough(x, T, weights)
        names, scores = _covariates(covariates, x, index)
        before = None if before is None else _before(before, x, T, index)
        # the search runs on covariates of mean 0 and SD 1
        mean = weights @ scores / weights.sum()
        spread = np.sqrt(weights @ (scores - mean) ** 2 / weights.sum())
        _check_spread(spread, scores, names)
        columns = (x, t_x, T, *scores.T, *(before or ()))
        kept, inverse = distinct_rows(*columns)
        inverse = np.arange(x.size) if isinstance(inverse, slice) else inverse
        order = np.argsort(kept[0], kind="stable")
        counts = np.bincount(inverse, weights, minlength=kept[0].size)[order]
        squares = np.bincount(inverse, weights**2, minlength=kept[0].size)[order]
        kept = [values[order] for values in kept]
        k = len(names)
        z = (np.column_stack(kept[3 : 3 + k]) - mean) / spread
        rows = Rows(kept[0], kept[1], kept[2], counts, inverse)
        told = None if before is None else Rows(*kept[3 + k :], counts, inverse)
        objective = _CovariateObjective(rows, z, squares, told, answer_if_left)
        plain = BetaGeoFitter()._fit_rows(rows)
        lower, upper = plain._limits
        edge = np.full(2 * k, WIDEST)
        start = np.concatenate([np.log(plain.params_.to_numpy()), np.zeros(2 * k)])
        found = maximise(objective, start, np.concatenate([lower, -edge]), np.concatenate([upper, edge]))
        self._learn(found, objective, names, mean, spread, rows.customers, robust)
        return self

    def _learn(self, found, objective, names, mean, spread, customers, robust):
        k = len(names)
        free = found.free
        covariance = np.zeros((found.point.size, found.point.size))
        bread = _inverse(-found.hessian[np.ix_(free, free)])
        if robust:
            meat = objective.sums(found.point, outer=True)[3][np.ix_(free, free)]
            bread = bread @ meat @ bread
        covariance[np.ix_(free, free)] = bread
        back = np.eye(found.point.size)
        rates, drops = np.arange(4, 4 + k), np.arange(4 + k, 4 + 2 * k)
        back[rates, rates] = back[drops, drops] = 1 / spread
        back[1, rates], back[2, drops] = mean / spread, -mean / spread
        point, covariance = back @ found.point, back @ covariance @ back.T
        self._names = [*PARAMETERS, *(f"rate_{name}" for name in names), *(f"dropout_{name}" for name in names)]
        self.covariates_ = list(names)
        self.point_ = point
        self.variance_matrix_ = pd.DataFrame(covariance, index=self._names, columns=self._names)
        scale = np.concatenate([np.exp(point[:4]), np.ones(2 * k)])
        self.params_ = pd.Series(np.concatenate([np.exp(point[:4]), point[4:]]), index=self._names)
        errors = np.sqrt(np.diag(covariance)) * scale
        self.standard_errors_ = pd.Series(np.where(errors > 0, errors, np.nan), index=self._names)
        self.customers_ = customers
        self.log_likelihood_ = float(found.value)
        self.gradient_norm_ = found.gradient_norm
        self.iterations_ = found.iterations
        self.AIC_ = 2 * point.size - 2 * self.log_likelihood_
        self.BIC_ = point.size * np.log(customers) - 2 * self.log_likelihood_

    def at(self, covariates, point=None) -> BetaGeoFitter:
        """`BetaGeoFitter` with the parameters of customers who have these covariates: it answers all its questions.

        Parameters
        ----------
        covariates : array_like
            One number per covariate.
        point : array_like, optional
            Other values of (log r, log α₀, log a₀, log b, γ₁, γ₂) than the fitted ones.
        """
        point = self.point_ if point is None else np.asarray(point, float)
        k, s = len(self.covariates_), np.atleast_1d(np.asarray(covariates, float))
        model = BetaGeoFitter()
        logs = [point[0], point[1] - s @ point[4 : 4 + k], point[2] + s @ point[4 + k :], point[3]]
        model.params_ = pd.Series(np.exp(logs), index=list(PARAMETERS))
        model.customers_ = self.customers_
        return model

    def plot(self):
        """Effects on rate and dropout, each per unit of its covariate, with their intervals."""
        effects = self.summary.iloc[len(PARAMETERS) :].drop(columns="se(coef)")
        return forest(effects.T.to_dict("list"), "effect per unit of the covariate")


def _covariates(covariates, x, index):
    """Names and values (customers × k) of the covariates."""
    if isinstance(covariates, pd.Series):
        covariates = covariates.to_frame(covariates.name or "x0")
    if isinstance(covariates, dict):
        names, columns = list(covariates), [vector(values, str(name)) for name, values in covariates.items()]
    elif isinstance(covariates, pd.DataFrame):
        names = [str(name) for name in covariates]
        columns = [vector(covariates[name], str(name)) for name in covariates]
    else:
        array = np.asarray(covariates, float)
        array = array[:, None] if array.ndim == 1 else array
        names, columns = [f"x{i}" for i in range(array.shape[1])], list(array.T)
    if not columns:
        raise ValueError("there is no covariate; give at least one column, or use BetaGeoFitter.")
    for name, values in zip(names, columns, strict=True):
        check_lengths(frequency=x, **{name: values})
        _refuse(~np.isfinite(values), values, index, f"{{where}}: {name} is {{value}}; leave customers without it out.")
    return names, np.column_stack(columns)


def _before(before, x, T, index):
    """History at the survey date; it is part of the whole."""
    x0, t0, T0 = check_history(*before, index)
    check_lengths(frequency=x, frequency_before=x0)
    _refuse(x0 > x, x0, index, "{where}: frequency before the survey is {value:g}, more than frequency at the end.")
    _refuse(T0 > T, T0, index, "{where}: the survey is {value:g} after the first order, more than T.")
    return x0, t0, T0


def _check_spread(spread, scores, names):
    for name, size in zip(names, spread, strict=True):
        if not size > 0:
            raise ValueError(f"{name} is the same for all customers; an effect of it cannot be told: leave it out.")
    if len(names) > 1 and np.linalg.cond(np.corrcoef(scores.T)) > 1e10:
        raise ValueError(f"the covariates {', '.join(names)} tell one another exactly; leave one of them out.")
