"""How long contracts last: the shifted-beta-geometric model of Fader and Hardie, with the worth of what is left."""

import numpy as np
import pandas as pd
from scipy.special import betaln, hyp2f1

from regulars.clv._fitter import FLAT, USUAL_LEVEL, FitNote, Fitter, to_logs
from regulars.clv._inputs import _refuse
from regulars.showing import picture

LOWEST, HIGHEST = np.log(1e-6), np.log(1e6)
TERMS = 20_000  # of the sum that stands in where the hypergeometric function has no value


class RenewalFitter(Fitter):
    """Fit on the numbers still there after 0, 1, 2 … renewal periods; a mixin of the models of contract length.

    A subclass gives ``_names``, ``_start``, ``_log_survival`` (ln S(t)) and ``_likelihood`` (of the numbers kept and
    lost in each period).
    """

    _start: tuple[float, ...] = ()

    def __init__(self, level=USUAL_LEVEL):
        """Store the level of the intervals in ``summary``."""
        self.level = level

    def fit(self, survivors):
        """Fit by maximum likelihood.

        Parameters
        ----------
        survivors : array_like
            Customers alive at 0, 1, 2 … periods of one cohort; or a table with one cohort in each row, NaN where a
            cohort is not yet so old. Each number is at most the one before it.

        Returns
        -------
        self
            With ``params_``, ``standard_errors_``, ``log_likelihood_`` (total), ``AIC_``, ``BIC_``, ``findings_``
            and ``data`` (``period``, ``at_risk``, ``kept``: all that the likelihood needs).

        Raises
        ------
        ValueError
            Naming the first number that cannot be.
        """
        self.data = renewals(survivors)
        kept, lost = self.data["kept"].to_numpy(float), (self.data["at_risk"] - self.data["kept"]).to_numpy(float)
        if not lost.sum():
            raise ValueError("nobody has left in the periods given; how long customers stay cannot be told from them.")
        limits = np.full(len(self._names), LOWEST), np.full(len(self._names), HIGHEST)
        self._limits = limits
        optimum = self._search(lambda logs: self._likelihood(logs, kept, lost), [np.log(self._start)], *limits)
        nothing = np.zeros(len(self._names))
        customers = float(self.data["entered"].sum())
        self._learn(optimum, customers, lambda logs: (0.0, nothing, np.diag(nothing)), 1.0, 0.0)
        return self

    def _find(self, optimum):
        flat = np.sqrt(np.diag(self.log_variance_matrix_.to_numpy())) > FLAT
        unknown = ~optimum.free | flat
        if not unknown.any():
            return []
        return [
            FitNote(
                "homogeneous_renewal",
                "The data do not show that customers differ in how likely they are to leave "
                f"({' and '.join(np.array(self._names)[unknown])} cannot be told): one rate for all fits as well.",
            )
        ]

    def plot(self):
        """Share still there after each period, as it was and as the model has it."""
        periods = self.data["period"].to_numpy(float)
        kept = np.append(1.0, (self.data["kept"] / self.data["at_risk"]).cumprod())
        at = np.append(0.0, periods)
        frame = pd.concat(
            [
                pd.DataFrame({"period": at, "share": share, "of": name})
                for name, share in (("model", self.survival(at)), ("actual", kept))
            ]
        )
        return picture("lines", frame, x="period", y="share", by="of", x_title="periods since the beginning",
                       y_title="share still there", y_format="{:.0%}".format)  # fmt: skip

    def survival(self, t):
        """Share of a cohort still there after t periods.

        Parameters
        ----------
        t : array_like
            Whole periods, 0 or more.

        Returns
        -------
        numpy.ndarray or float
        """
        periods = np.asarray(t, float)
        if (periods < 0).any() or (periods != np.floor(periods)).any():
            raise ValueError(f"t is {t}; renewal periods are counted 0, 1, 2 ….")
        return np.exp(self._log_survival(periods))[()]

    def retention_rate(self, t):
        """Share of those there after t − 1 periods who are still there after t; 1, 2, 3 … for t."""
        periods = np.asarray(t, float)
        if (periods < 1).any():
            raise ValueError(f"t is {t}; the first renewal is number 1.")
        return np.exp(self._log_survival(periods) - self._log_survival(periods - 1))[()]


def renewals(survivors) -> pd.DataFrame:
    """Numbers at risk and kept in each period, cohorts added up.

    Parameters
    ----------
    survivors : array_like
        As `RenewalFitter.fit` takes them.

    Returns
    -------
    pandas.DataFrame
        ``period`` (1, 2 …), ``at_risk``, ``kept``, ``entered`` (customers who began; in the first row).

    Examples
    --------
    >>> renewals([[100, 60, 40], [80, 50, np.nan]])[["period", "at_risk", "kept"]].to_numpy().tolist()
    [[1.0, 180.0, 110.0], [2.0, 60.0, 40.0]]
    """
    table = np.atleast_2d(np.asarray(survivors, float))
    if table.shape[1] < 2 or not table.size:
        raise ValueError("survivors need at least two numbers: how many began, and how many were left a period later.")
    seen = np.isfinite(table)
    flat = table.ravel()
    _refuse(flat < 0, flat, None, "{where}: the number of survivors is {value:g}; it cannot be negative.")
    if (~seen[:, :-1] & seen[:, 1:]).any() or not seen[:, 0].all():
        raise ValueError("survivors may be missing at the end of a cohort only, where it is not yet so old.")
    rises = seen[:, 1:] & (np.nan_to_num(table[:, 1:]) > np.nan_to_num(table[:, :-1]))
    if rises.any():
        row, column = np.argwhere(rises)[0]
        raise ValueError(
            f"row {row}: {table[row, column + 1]:g} survivors after {column + 1} periods are more than the "
            f"{table[row, column]:g} before; nobody comes back into a cohort."
        )
    both = seen[:, 1:]
    at_risk = np.where(both, table[:, :-1], 0).sum(axis=0)
    kept = np.where(both, table[:, 1:], 0).sum(axis=0)
    entered = np.zeros(len(kept))
    entered[0] = table[:, 0].sum()
    return pd.DataFrame({"period": np.arange(1, len(kept) + 1), "at_risk": at_risk, "kept": kept, "entered": entered})


class ShiftedBetaGeoFitter(RenewalFitter):
    """Contracts that each customer ends at every renewal with a chance of the customer's own, Beta(α, β) across them.

    Nobody's own chance ever changes, and yet the retention rate of a cohort rises: those likely to leave go first.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2007), How to project customer retention, J. Interactive Marketing 21, 76-90.
    Fader, P. S. and Hardie, B. G. S. (2010), Customer-base valuation in a contractual setting: the perils of ignoring
    heterogeneity, Marketing Science 29, 85-93.

    Examples
    --------
    >>> model = ShiftedBetaGeoFitter().fit([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> model.params_.round(3).to_dict(), round(model.log_likelihood_, 1), float(round(model.survival(8), 3))
    ({'alpha': 0.704, 'beta': 1.182}, -1680.3, 0.22)
    """

    _names = ("alpha", "beta")
    _start = (1.0, 1.0)

    def _likelihood(self, logs, kept, lost):
        alpha, beta = np.exp(logs)
        earlier = np.arange(len(kept), dtype=float)
        both = kept + lost
        value = float(
            lost.sum() * np.log(alpha) + kept @ np.log(beta + earlier) - both @ np.log(alpha + beta + earlier)
        )
        shared, own = both / (alpha + beta + earlier), kept / (beta + earlier)
        gradient = np.array([lost.sum() / alpha - shared.sum(), own.sum() - shared.sum()])
        cross = (shared / (alpha + beta + earlier)).sum()
        hessian = np.full((2, 2), cross)
        hessian[0, 0] -= lost.sum() / alpha**2
        hessian[1, 1] -= (own / (beta + earlier)).sum()
        return to_logs(np.array([alpha, beta]), value, gradient, hessian)

    def _log_survival(self, periods):
        alpha, beta = self._unload_params("alpha", "beta")
        return betaln(alpha, beta + periods) - betaln(alpha, beta)

    def derl(self, renewals, discount_rate):
        """Discounted expected residual lifetime: renewals still to come, each worth less the later it comes.

        Parameters
        ----------
        renewals : array_like
            Renewals that the customer has made so far or is just about to be asked for: n − 1 were made, the n-th is
            due now and counts undiscounted; 1, 2, 3 ….
        discount_rate : float
            Per period, more than 0.

        Returns
        -------
        numpy.ndarray or float
            In periods' worth of margin.

        Examples
        --------
        >>> model = ShiftedBetaGeoFitter()
        >>> model.params_ = pd.Series({"alpha": 3.8, "beta": 15.2})
        >>> model.derl([1, 2, 3, 4, 5], 0.1).round(2).tolist()
        [3.31, 3.45, 3.59, 3.72, 3.84]
        """
        n = np.asarray(renewals, float)
        if (n < 1).any() or (n != np.floor(n)).any():
            raise ValueError(f"renewals is {renewals}; the first renewal is number 1.")
        if not discount_rate > 0:
            raise ValueError(f"discount_rate is {discount_rate}; it must be more than 0, or the sum may have no end.")
        alpha, beta = self._unload_params("alpha", "beta")
        due = (beta + n - 1) / (alpha + beta + n - 1)
        worth = due * hyp2f1(1, beta + n, alpha + beta + n, 1 / (1 + discount_rate))
        return np.where(np.isfinite(worth), worth, self._derl_sum(n, discount_rate))[()]

    def _derl_sum(self, n, discount_rate):
        later = np.arange(TERMS, dtype=float)
        logs = self._log_survival(n[..., None] + later) - self._log_survival(n - 1)[..., None]
        return np.exp(logs - later * np.log1p(discount_rate)).sum(axis=-1)
