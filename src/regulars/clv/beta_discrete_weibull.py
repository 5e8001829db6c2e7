"""Whether customers become more or less likely to leave the longer they stay: the beta-discrete-Weibull model."""

from typing import NamedTuple

import numpy as np
from scipy.special import betaln, digamma, polygamma
from scipy.stats import chi2

from regulars.clv._fitter import to_logs
from regulars.clv.shifted_beta_geo import RenewalFitter, ShiftedBetaGeoFitter
from regulars.finding import shows
from regulars.statistics.intervals import Estimate, z_value

BY_CHANCE = 0.01  # below such a chance a misfit is none of chance


class BetaDiscreteWeibullFitter(RenewalFitter):
    """As `ShiftedBetaGeoFitter`, with each customer's own chance of leaving rising (c > 1) or falling (c < 1) in time.

    The share still there after t periods is B(α, β + t^c) / B(α, β); at c = 1 it is the shifted beta-geometric.

    References
    ----------
    Fader, P. S., Hardie, B. G. S., Liu, Y., Davin, J. and Steenburgh, T. (2018), "How to project customer retention"
    revisited: the role of duration dependence, J. Interactive Marketing 43, 1-16.

    Examples
    --------
    >>> model = BetaDiscreteWeibullFitter().fit([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> model.log_likelihood_ >= ShiftedBetaGeoFitter().fit([1000, 631, 468, 382, 326, 289, 262, 241]).log_likelihood_
    True
    """

    _names = ("alpha", "beta", "c")
    _start = (1.0, 1.0, 1.0)

    def fit(self, survivors):
        """Fit by maximum likelihood, started from the shifted beta-geometric; parameters as there."""
        simple = ShiftedBetaGeoFitter().fit(survivors)
        self._start = (*simple.params_.clip(1e-4, 1e4), 1.0)
        return super().fit(survivors)

    def _likelihood(self, logs, kept, lost):
        params = np.exp(logs)
        value, slope, bend = _log_survival_with_derivatives(np.arange(len(kept) + 1.0), *params)
        step, d_step, dd_step = np.diff(value), np.diff(slope, axis=0), np.diff(bend, axis=0)
        gone = -np.expm1(step)  # chance of leaving in the period
        with np.errstate(divide="ignore", invalid="ignore"):
            total = kept @ step + np.where(lost > 0, lost * np.log(gone), 0.0).sum()
            pull = kept - np.where(lost > 0, lost * np.exp(step) / gone, 0.0)
            curve = np.where(lost > 0, lost * np.exp(step) / gone**2, 0.0)
        gradient = pull @ d_step
        hessian = np.einsum("t,tij->ij", pull, dd_step) - np.einsum("t,ti,tj->ij", curve, d_step, d_step)
        return to_logs(params, float(total), gradient, hessian)

    def _log_survival(self, periods):
        alpha, beta, c = self._unload_params(*self._names)
        return betaln(alpha, beta + periods**c) - betaln(alpha, beta)


def _log_survival_with_derivatives(periods, alpha, beta, c):
    """Logs of S(t), their gradients (one row per period) and Hessians in α, β, c."""
    aged = periods**c
    log_t = np.log(np.maximum(periods, 1.0))  # at t = 0 nothing depends on c
    growth = np.where(periods > 0, aged * log_t, 0.0)
    value = betaln(alpha, beta + aged) - betaln(alpha, beta)

    own, both = digamma(beta + aged), digamma(alpha + beta + aged)
    by_alpha = digamma(alpha + beta) - both
    by_beta = own - both + digamma(alpha + beta) - digamma(beta)
    by_age = own - both
    slope = np.stack([by_alpha, by_beta, by_age * growth], axis=1)

    own2, both2 = polygamma(1, beta + aged), polygamma(1, alpha + beta + aged)
    start2 = polygamma(1, alpha + beta)
    bend = np.empty((len(periods), 3, 3))
    bend[:, 0, 0] = bend[:, 0, 1] = bend[:, 1, 0] = start2 - both2
    bend[:, 1, 1] = own2 - both2 + start2 - polygamma(1, beta)
    bend[:, 0, 2] = bend[:, 2, 0] = -both2 * growth
    bend[:, 1, 2] = bend[:, 2, 1] = (own2 - both2) * growth
    bend[:, 2, 2] = (own2 - both2) * growth**2 + by_age * growth * log_t
    return value, slope, bend


@shows
class DurationDependence(NamedTuple):
    """Whether a customer's own chance of leaving changes with time.

    Parameters
    ----------
    c : Estimate
        Above 1: they become more likely to leave; below 1: less; n is the number of customers.
    p_value : float
        Of a likelihood ratio as large as this if c were 1.
    simple, general : fitter
        Shifted beta-geometric and beta-discrete-Weibull.
    dispersion : float
        By how much customers scatter about the more general model more than chance has it, as where contracts end at
        a few renewals only: Pearson's statistic over its degrees of freedom, and 1 where that is no more than chance.
        The interval and the test allow for it.
    """

    c: Estimate
    p_value: float
    simple: ShiftedBetaGeoFitter
    general: BetaDiscreteWeibullFitter
    dispersion: float = 1.0


def duration_dependence(survivors, level: float = 0.9) -> DurationDependence:
    """Test whether differences between customers alone explain how a cohort's retention changes.

    Parameters
    ----------
    survivors : array_like
        As `ShiftedBetaGeoFitter.fit` takes them, at least three periods after the start.
    level : float
        Of the interval of c, on its logarithm.

    Returns
    -------
    DurationDependence

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989), Generalized linear models, 2nd edition, sec. 4.5 (quasi-likelihood).

    Examples
    --------
    >>> found = duration_dependence([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> round(found.c.value, 2), found.p_value > 0.2
    (1.28, True)
    """
    simple, general = ShiftedBetaGeoFitter().fit(survivors), BetaDiscreteWeibullFitter().fit(survivors)
    periods = int((general.data["at_risk"] > 0).sum())
    if periods < 3:
        raise ValueError(f"{periods} periods were watched; whether the chance of leaving changes needs at least 3.")
    dispersion = _dispersion(general)
    ratio = max(2 * (general.log_likelihood_ - simple.log_likelihood_), 0.0) / dispersion
    c = float(general.params_["c"])
    p_value, from_one = float(chi2.sf(ratio, 1)), abs(float(np.log(c)))
    reach = z_value(level) * float(np.sqrt(dispersion * general.log_variance_matrix_.loc["c", "c"]))
    if ratio > 0 and (from_one > reach) != (p_value < 1 - level):  # far off the ratio is right
        reach = z_value(level) * from_one / float(np.sqrt(ratio))
    with np.errstate(over="ignore"):  # an exponent that the data leave open has no upper limit
        estimate = Estimate(c, float(c * np.exp(-reach)), float(c * np.exp(reach)), int(general.customers_))
    return DurationDependence(estimate, p_value, simple, general, dispersion)


def _dispersion(model) -> float:
    """Pearson's statistic of the renewals watched over its degrees of freedom; 1 where chance explains it."""
    watched = model.data[model.data["at_risk"] > 0]
    at_risk, kept = (watched[name].to_numpy(float) for name in ("at_risk", "kept"))
    stay = np.asarray(model.retention_rate(watched["period"].to_numpy()), float)
    variance = at_risk * stay * (1 - stay)
    told = variance > 0
    misfit = float(((kept - at_risk * stay)[told] ** 2 / variance[told]).sum())
    free = int(told.sum()) - len(model._names)
    return misfit / free if free > 0 and chi2.sf(misfit, free) < BY_CHANCE else 1.0
