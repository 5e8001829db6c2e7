"""Gamma-Gamma: spend per order differs between customers, and from order to order.

Spend per order ~ Gamma(p, ν) with ν ~ Gamma(q, v) across customers, independent of how often they order. Given x orders
of mean m, ν ~ Gamma(q + p·x, v + x·m).

References
----------
Fader, P. S. and Hardie, B. G. S. (2013), "The Gamma-Gamma Model of Monetary Value", brucehardie.com/notes/025.
"""

import numpy as np
import pandas as pd
from scipy.special import betainc, gammaincinv, gammaln, polygamma, psi

from regulars.clv._fitter import USUAL_LEVEL, FitNote, Fitter, l2_penalty, prepared, to_logs
from regulars.clv._inputs import (
    _refuse,
    check_frequency,
    check_lengths,
    check_unique,
    check_weights,
    common_index,
    vector,
)
from regulars.clv._lifetimes import lifetimes
from regulars.showing import picture
from regulars.statistics.distinct import distinct_rows


class _Objective:
    """Log-likelihood of weighted (frequency, mean spend) with gradient and Hessian in log-parameters."""

    def __init__(self, x, m, weights):
        self.total, self.w, self.wx = x * m, weights, weights * x
        self.levels, self.which = np.unique(x, return_inverse=True)
        self.count = np.bincount(self.which, weights)
        self.log_m = weights @ np.log(m)

    def __call__(self, log_params):
        p, q, v = params = np.exp(log_params)
        n, px = self.count, p * self.levels
        w, wx = self.w, self.wx
        inverse = 1 / (self.total + v)
        part = self.total * inverse  # of x·m in x·m + v
        shares, spreads = wx @ np.log(part), w @ np.log1p(self.total / v)  # the latter of log(x·m + v) − log v
        value = n @ (gammaln(px + q) - gammaln(px) - gammaln(q)) + p * shares - q * spreads - self.log_m
        psi_sum, psi_px = psi(px + q), psi(px)
        # log(part)'s derivative by v is −inverse, that of the spread is inverse − 1/v = −part/v
        ends, parts = wx @ inverse, w @ part
        gradient = np.array(
            [
                n @ (self.levels * (psi_sum - psi_px)) + shares,
                n @ (psi_sum - psi(q)) - spreads,
                q * parts / v - p * ends,
            ]
        )
        tri_sum = polygamma(1, px + q)
        h = np.empty((3, 3))
        h[0, 0] = n @ (self.levels**2 * (tri_sum - polygamma(1, px)))
        h[0, 1] = h[1, 0] = n @ (self.levels * tri_sum)
        h[1, 1] = n @ (tri_sum - polygamma(1, q))
        h[0, 2] = h[2, 0] = -ends
        h[1, 2] = h[2, 1] = parts / v
        h[2, 2] = p * (wx @ inverse**2) - q * (parts / v + w @ (part * inverse)) / v
        return to_logs(params, value, gradient, h)


class GammaGammaFitter(Fitter, lifetimes.GammaGammaFitter):
    """Mean spend per order of each customer, shrunk towards the mean of all.

    A drop-in for ``lifetimes.GammaGammaFitter``.

    Parameters
    ----------
    penalizer_coef : float
        Coefficient of an l2 penalty on the parameters; 0 is maximum likelihood.
    level : float
        Of the intervals in ``summary``.

    Examples
    --------
    >>> model = GammaGammaFitter().fit([1, 2, 3, 5, 2], [20.0, 35.0, 28.0, 60.0, 41.0])
    >>> sorted(model.params_.index)
    ['p', 'q', 'v']
    """

    _names: tuple[str, ...] = ("p", "q", "v")

    def __init__(self, penalizer_coef=0.0, level=USUAL_LEVEL):
        """Store the coefficient of the penalty, and the level of the intervals."""
        self.penalizer_coef, self.level = penalizer_coef, level

    def fit(
        self,
        frequency,
        monetary_value,
        weights=None,
        initial_params=None,
        verbose=False,
        tol=1e-7,
        index=None,
        q_constraint=False,
        **kwargs,
    ):
        """Fit by maximum likelihood; give customers with repeat orders only.

        Parameters
        ----------
        frequency : array_like
            Number of orders whose mean is ``monetary_value``; 1 or more.
        monetary_value : array_like
            Mean spend per order, positive.
        weights : array_like, optional
            Number of customers that each row stands for.
        initial_params : array_like, optional
            Logs of p, q, v to start from.
        q_constraint : bool
            Hold q at 1 or above.
        verbose, tol, **kwargs
            Taken for the sake of code written for `lifetimes`.
        index : array_like, optional
            Customer ids, the index of ``data``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Naming the first row and value that cannot be.
        """
        if index is None:
            index = common_index(frequency=frequency, monetary_value=monetary_value)
        else:
            check_unique(index)
        x, m = vector(frequency, "frequency"), vector(monetary_value, "monetary_value")
        check_lengths(frequency=x, monetary_value=m)
        check_frequency(x, index)
        _refuse(
            x < 1, x, index, "{where}: frequency is {value:g}; spend is fitted on customers with a repeat order only."
        )
        _refuse(
            ~(np.isfinite(m) & (m > 0)), m, index, "{where}: monetary_value is {value}; the model needs positive spend."
        )
        weights_given, weights = weights, check_weights(weights, x, index)
        if len(x) < 2 or weights.sum() < 2:
            raise ValueError(
                "fewer than two customers have a repeat order; spend per customer cannot be fitted on them."
            )
        self._fit_rows(x, m, weights, initial_params, q_constraint)
        counts = np.ones(len(x), dtype=int) if weights_given is None else np.asarray(weights_given)
        self.data = pd.DataFrame({"monetary_value": m, "frequency": x, "weights": counts}, index=index)
        return self

    def _fit_rows(self, x, m, weights, initial_params=None, q_constraint=False):
        unit = float(np.average(m, weights=weights))  # money enters as multiples of the mean
        likelihood = _Objective(x, m / unit, weights)
        customers = float(weights.sum())
        penalty = l2_penalty(self.penalizer_coef, customers, [1.0, 1.0, unit])
        lower, upper = np.log([1e-4, 1.0 if q_constraint else 1e-4, 1e-7]), np.log([1e5, 1e4, 1e7])

        def objective(log_params):
            found = likelihood(log_params)
            if not self.penalizer_coef:
                return found
            return tuple(a - b for a, b in zip(found, penalty(log_params), strict=True))

        starts = [np.log(start) for start in ([2.0, 3.0, 1.0], [6.0, 4.0, 0.5], [1.0, 10.0, 9.0], [50.0, 2.0, 0.02])]
        if initial_params is not None:
            starts.insert(0, np.asarray(initial_params, float) - [0.0, 0.0, np.log(unit)])
        optimum = self._search(objective, starts, lower, upper)
        self._limits = (lower, upper)
        self._learn(optimum, customers, penalty, 1.0, 0.0)
        # back into money: the density of m is that of m / unit, divided by unit
        self.log_likelihood_ -= customers * np.log(unit)
        for name in ("AIC_", "BIC_"):
            setattr(self, name, getattr(self, name) + 2 * customers * np.log(unit))
        self._negative_log_likelihood_ += np.log(unit)
        self._into_money(unit)
        return self

    def _into_money(self, unit: float):
        times = pd.Series([1.0, 1.0, unit], index=list(self._names))
        self.params_ = self.params_ * times
        self.standard_errors_ = self.standard_errors_ * times
        self.variance_matrix_ = self.variance_matrix_ * np.outer(times, times)

    def _find(self, optimum):
        q = np.exp(optimum.point[1])
        found = []
        if q <= 1:
            found.append(
                FitNote(
                    "no_mean_spend",
                    f"Spend differs so much between customers (q = {q:.3g}, not above 1) that the model has no "
                    "mean: customers "
                    "without a repeat order get no value from it; winsorise the spend or use the observed mean.",
                )
            )
        if not optimum.free.all():
            names = [name for name, free in zip(self._names, optimum.free, strict=True) if not free]
            found.append(
                FitNote(
                    "spend_at_limit",
                    f"The likelihood of spend is flat ({', '.join(names)} at a limit of the search): customers, or "
                    "their orders, hardly "
                    "differ in spend; means per customer stay usable, the parameters are not.",
                )
            )
        return found

    def plot(self):
        """Customers by mean spend per order, as they are and as the model has them: shares below each amount.

        Given x orders of mean M, x·M/(v + x·M) has the distribution Beta(p·x, q).
        """
        x, m, w = (self.data[name].to_numpy(float) for name in ("frequency", "monetary_value", "weights"))
        p, q = self._unload_params("p", "q")
        at = np.unique(np.quantile(m, np.linspace(0.01, 0.99, 60)))
        actual = [w @ (m <= amount) / w.sum() for amount in at]
        (x1, v1), place = distinct_rows(x, self._spend_scale(x))
        weight = w if isinstance(place, slice) else np.bincount(place, w)
        model = [weight @ betainc(p * x1, q, x1 * amount / (v1 + x1 * amount)) / w.sum() for amount in at]
        frame = pd.concat(
            [pd.DataFrame({"spend": at, "share": y, "of": name}) for name, y in (("model", model), ("actual", actual))]
        )
        return picture("lines", frame, x="spend", y="share", by="of", x_title="mean spend per order",
                       y_title="share of customers below", y_format="{:.0%}".format)  # fmt: skip

    @staticmethod
    def _customers_of(summary: pd.DataFrame) -> pd.DataFrame:
        return summary.loc[summary["monetary_value"] > 0, ["monetary_value", "frequency"]]

    def _spend_scale(self, x):
        """Scale v of the spend of customers with x repeat orders behind them."""
        return np.full(np.shape(x), float(self.params_["v"]))

    @property
    def population_mean(self) -> float:
        """Mean spend per order over all customers without a repeat order yet; infinite for q ≤ 1."""
        p, q, v = self._unload_params("p", "q", "v")
        return p * v / (q - 1) if q > 1 else np.inf

    def population_interval(self, level: float = 0.9) -> tuple[float, float]:
        """Interval that holds the mean spend per order of a customer of whom nothing is known: the prior's width.

        Parameters
        ----------
        level : float
            Of the intervals.

        Returns
        -------
        (low, high) : tuple of float
            Money per order.

        Examples
        --------
        >>> model = GammaGammaFitter()
        >>> model.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
        >>> [round(end, 2) for end in model.population_interval()]
        [13.07, 79.26]
        """
        p, q, v = self._unload_params("p", "q", "v")
        low, high = gammaincinv(q, [(1 + level) / 2, (1 - level) / 2])
        return float(p * v / low), float(p * v / high)

    def draw_spend(self, rng, orders, x, m):
        """Spend of so many orders by customers with x orders of mean m behind them (m = 0: no spend known)."""
        p, q = self._unload_params("p", "q")
        own = np.where(m > 0, x, 0.0)
        rate = rng.standard_gamma(q + p * own) / (self._spend_scale(own) + own * m)
        return rng.standard_gamma(p * orders) / rate

    def conditional_expected_average_profit(self, frequency=None, monetary_value=None):
        """Mean spend per order to be expected of each customer.

        Parameters
        ----------
        frequency, monetary_value : array_like, optional
            Number of orders and their mean spend; without orders the spend is ignored and the mean of all customers
            returned. The data of the fit by default.

        Returns
        -------
        array_like
            Money per order.
        """
        frequency = self.data["frequency"] if frequency is None else frequency
        monetary_value = self.data["monetary_value"] if monetary_value is None else monetary_value
        p, q = self._unload_params("p", "q")
        x, m = np.asarray(frequency, float), np.asarray(monetary_value, float)
        total = np.where(x > 0, x * np.where(x > 0, m, 0.0), 0.0)
        shape = p * x + q - 1  # at 0 and below the mean is infinite
        with np.errstate(divide="ignore"):
            answer = np.where(shape > 0, p * (self._spend_scale(x) + total) / shape, np.inf)
        index = next((s.index for s in (frequency, monetary_value) if isinstance(s, pd.Series)), None)
        return pd.Series(answer, index=index) if index is not None else answer[()]

    def customer_lifetime_value(
        self,
        transaction_prediction_model,
        frequency,
        recency,
        T,
        monetary_value,
        time=12,
        discount_rate=0.01,
        freq="D",
    ):
        """Lifetime value by `lifetimes`' recipe; `regulars.clv.lifetime_value` says what it discounts, and how.

        A month is 30 days (``freq="D"``), 4.345 weeks (``"W"``), 720 hours (``"H"``) or 1 month (``"M"``); the orders
        of month i are divided by (1 + discount_rate)^i. There is no margin.

        Parameters
        ----------
        transaction_prediction_model : fitter
            Of orders.
        frequency, recency, T, monetary_value : array_like
            History and mean spend of each customer.
        time : int
            Months.
        discount_rate : float
            Per month.
        freq : {"D", "W", "M", "H"}
            Unit of recency and T.

        Returns
        -------
        pandas.Series
            Money, named clv.
        """
        factor = {"W": 4.345, "M": 1.0, "D": 30.0, "H": 720.0}
        if freq not in factor:
            raise ValueError(f"freq is {freq!r}; it says the unit of T and is one of D, W, M, H.")
        names = ("frequency", "recency", "T")
        index = common_index(frequency=frequency, recency=recency, T=T, monetary_value=monetary_value)
        (x, t_x, T), _ = prepared(frequency, recency, T, names=names)
        (x1, t_x1, T1), back = distinct_rows(x, t_x, T)
        discounted, before = np.zeros(x1.size), 0.0
        for month in range(1, int(time) + 1):
            so_far = np.asarray(transaction_prediction_model.predict(month * factor[freq], x1, t_x1, T1))
            discounted += (so_far - before) / (1 + discount_rate) ** month
            before = so_far
        discounted = discounted[back]
        spend = np.asarray(self.conditional_expected_average_profit(x, np.asarray(monetary_value, float)))
        return pd.Series(spend * discounted, index=index, name="clv")


class TiltedGammaGammaFitter(GammaGammaFitter):
    """Gamma-Gamma in which spend per order goes with the number of orders, for data that are not independent in it.

    The mean of spend is μ · tilt^d(x), d = log2((1 + x)/2) for x ≥ 1 repeat orders and 0 for none: tilt is the factor
    by which spend per order changes when the number of orders doubles; 1 is `GammaGammaFitter`. It comes from a
    regression of the mean with log link, because the likelihood of the gamma-gamma model mistakes skewness for
    dependence; p, q and v are those of the spend divided by tilt^d. One-time buyers are given the level of buyers with
    one repeat order: extrapolated further down, CDNOW's would have been forecast a quarter too low.

    Parameters
    ----------
    penalizer_coef : float
        Of the l2 penalty on the parameters; 0 leaves maximum likelihood as it is.

    Examples
    --------
    >>> model = TiltedGammaGammaFitter()
    >>> model.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44, "tilt": 1.1})
    >>> model.conditional_expected_average_profit([0, 1, 3], [0.0, 30.0, 30.0]).round(2)
    array([35.22, 31.59, 31.11])
    """

    _names: tuple[str, ...] = ("p", "q", "v", "tilt")

    def _fit_rows(self, x, m, weights, initial_params=None, q_constraint=False):
        d = _doublings(x)
        log_tilt, error = _mean_slope(d, m, weights)
        plain = GammaGammaFitter(self.penalizer_coef, self.level)
        plain._fit_rows(x, m / np.exp(log_tilt * d), weights, initial_params, q_constraint)
        self.__dict__.update(vars(plain))
        self.log_likelihood_ -= float(weights @ (log_tilt * d))
        self.AIC_ = 8 - 2 * self.log_likelihood_
        self.BIC_ = 4 * np.log(self.customers_) - 2 * self.log_likelihood_
        names, tilt = list(self._names), np.exp(log_tilt)
        self.params_["tilt"], self.standard_errors_["tilt"] = tilt, tilt * error
        grown = np.zeros((4, 4))
        grown[:3, :3], grown[3, 3] = self.log_variance_matrix_.to_numpy(), error**2
        self.log_variance_matrix_ = pd.DataFrame(grown, index=names, columns=names)
        self.variance_matrix_ = self.log_variance_matrix_ * np.outer(self.params_, self.params_)

    def _spend_scale(self, x):
        v, tilt = self._unload_params("v", "tilt")
        return v * tilt ** _doublings(x)


def _doublings(x):
    """How often the number of orders has doubled since the first repeat order."""
    return np.log2(np.maximum(1 + np.asarray(x, float), 2) / 2)


def _mean_slope(d, m, weights) -> tuple[float, float]:
    """Slope of log E(m) in d by quasi-Poisson regression, with a standard error that holds for any variance of m."""
    X = np.column_stack([np.ones_like(d), d])
    beta = np.array([np.log(np.average(m, weights=weights)), 0.0])
    if np.ptp(d) == 0:
        return 0.0, 0.0
    for _ in range(50):
        mean = np.exp(X @ beta)
        bread = np.linalg.inv((X.T * (weights * mean)) @ X)
        step = bread @ (X.T @ (weights * (m - mean)))
        beta = beta + step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-13:
            break
    covariance = bread @ ((X.T * (weights * (m - mean) ** 2)) @ X) @ bread
    return float(beta[1]), float(np.sqrt(covariance[1, 1]))
