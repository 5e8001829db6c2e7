"""Time until something happens, where for some it has not happened yet: Kaplan–Meier and the log-rank test."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.showing import Shown, picture
from regulars.statistics.intervals import Estimate, wilson, z_value


@dataclass(frozen=True, repr=False)
class Curve(Shown):
    """Kaplan–Meier estimate of one group.

    Parameters
    ----------
    times : numpy.ndarray
        Times at which something happened, ascending.
    survival, low, high : numpy.ndarray
        Share to whom it has not happened after each of those times, and its pointwise interval.
    at_risk, events : numpy.ndarray
        How many were still under observation just before, and to how many it happened then.
    n : int
        Individuals.
    horizon : float
        Longest time under observation: nothing is said beyond it.
    """

    times: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    n: int
    horizon: float

    def __repr__(self) -> str:
        """How many it follows, to how many it happened and the median time."""
        median = self.quantile()
        told = f"median time {median}" if median.value == median.value else "less than half within the horizon"
        return f"Curve: n = {self.n}, events = {int(np.sum(self.events))}, horizon = {self.horizon:g}, {told}"

    def _frames(self) -> dict[str, pd.DataFrame]:
        return {"curve": self.frame()}

    def plot(self, x_title: str = "time", y_title: str = "share to whom it has happened"):
        """The curve with its band, as `regulars.showing.picture` draws it."""
        return picture("lines", self.frame(), x="time", y="share", low="share_low", high="share_high", step=True,
                       x_title=x_title, y_title=y_title, y_format="{:.0%}".format)  # fmt: skip

    def knows(self, time: float) -> bool:
        """Whether anything can be said of `time`: somebody was watched for so long, or all had had it before."""
        return self.n > 0 and (time <= self.horizon or (len(self.survival) > 0 and self.survival[-1] <= 0))

    def share_by(self, time: float) -> Estimate:
        """Share to whom it has happened by `time`; NaN beyond the horizon, unless it had happened to all by then.

        Examples
        --------
        >>> round(kaplan_meier([1, 2, 3, 4], [1, 1, 0, 1]).share_by(2).value, 6)
        0.5
        """
        if not self.knows(time):
            return Estimate(float("nan"), n=self.n)
        place = np.searchsorted(self.times, time, side="right") - 1
        if place < 0:
            return Estimate(0.0, 0.0, 0.0, self.n)
        survival, low, high = self.survival[place], self.low[place], self.high[place]
        return Estimate(float(1 - survival), float(1 - high), float(1 - low), self.n)

    def quantile(self, probability: float = 0.5) -> Estimate:
        """Time by which it has happened to the share `probability`: the first time at which the curve is down there.

        The interval runs from the first time at which the lower band is down to the first at which the upper one is
        (Brookmeyer and Crowley 1982, Biometrics 38); what is not reached within the horizon is NaN.

        Examples
        --------
        >>> kaplan_meier([1, 2, 3, 4], [1, 1, 0, 1]).quantile().value
        2.0
        """
        ends = []
        for curve in (self.survival, self.low, self.high):
            down = np.flatnonzero(curve <= 1 - probability + 1e-12)
            ends.append(float(self.times[down[0]]) if len(down) else float("nan"))
        return Estimate.of(ends, self.n)

    def frame(self) -> pd.DataFrame:
        """The curve as a table from time 0 on: ``time``, ``share`` (happened), its limits, ``at_risk``, ``events``."""
        start = pd.DataFrame(
            {"time": [0.0], "share": 0.0, "share_low": 0.0, "share_high": 0.0, "at_risk": [self.n], "events": [0]}
        )
        steps = pd.DataFrame(
            {
                "time": self.times.astype(float),
                "share": 1 - self.survival,
                "share_low": 1 - self.high,
                "share_high": 1 - self.low,
                "at_risk": self.at_risk.astype(int),
                "events": self.events.astype(int),
            }
        )
        return pd.concat([start, steps], ignore_index=True)


def kaplan_meier(durations, events, level: float = 0.9) -> Curve:
    """Share to whom something has not yet happened, by time, counting those right who were observed for a short time.

    Parameters
    ----------
    durations : array of float
        Time until it happened, or until observation ended.
    events : array of bool
        Whether it happened; false where observation ended first (censored).
    level : float
        Of the pointwise interval.

    Returns
    -------
    Curve

    Raises
    ------
    ValueError
        Where a duration is negative or missing.

    Notes
    -----
    The estimate and Greenwood's standard error are statsmodels' (`SurvfuncRight`). The interval is on the log(−log)
    scale, so that it stays within 0 and 1; where the curve is at 0 there is none on that scale, and Wilson's
    interval of 0 out of those at risk stands in, as far as it lies below the limit of the step before, which holds
    later as well.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), J. American Statistical Association 53, 457-481.
    Kalbfleisch, J. D. and Prentice, R. L. (1980), The Statistical Analysis of Failure Time Data, sec. 1.4.

    Examples
    --------
    >>> kaplan_meier([1, 2, 2, 3, 4, 5], [1, 1, 0, 1, 0, 1]).survival.round(4).tolist()
    [0.8333, 0.6667, 0.4444, 0.0]
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    durations = np.asarray(durations, dtype=float)
    events = np.asarray(events, dtype=float)
    if not np.isfinite(durations).all() or (durations < 0).any():
        raise ValueError("durations are numbers from 0 on, none missing")
    empty = np.array([])
    if len(durations) == 0 or events.sum() == 0:
        horizon = float(durations.max()) if len(durations) else 0.0
        return Curve(empty, empty, empty, empty, empty, empty, len(durations), horizon)
    with np.errstate(divide="ignore", invalid="ignore"):
        fit = SurvfuncRight(durations, events)
        survival, error = np.asarray(fit.surv_prob), np.asarray(fit.surv_prob_se)
        reach = z_value(level) * error / (survival * np.log(survival))
        low, high = survival ** np.exp(-reach), survival ** np.exp(reach)
    at_zero = survival <= 0
    low = np.where(at_zero, 0.0, low)
    before = np.append(1.0, high[:-1])
    high = np.where(at_zero, np.fmin(wilson(np.zeros(len(survival)), np.asarray(fit.n_risk), level)[1], before), high)
    return Curve(
        np.asarray(fit.surv_times, dtype=float), survival, low, high, np.asarray(fit.n_risk), np.asarray(fit.n_events),
        len(durations), float(durations.max()),
    )  # fmt: skip


def log_rank(durations, events, groups) -> tuple[float, float]:
    """Log-rank test of whether two or more groups have one curve in common.

    Parameters
    ----------
    durations, events : array
        As for `kaplan_meier`.
    groups : array
        Group of each individual.

    Returns
    -------
    (statistic, p_value) : tuple of float
        χ² with (groups − 1) degrees of freedom; NaN with fewer than two groups or where nothing happened.

    References
    ----------
    Mantel, N. (1966), Cancer Chemotherapy Reports 50, 163-170.

    Examples
    --------
    >>> statistic, p = log_rank([1, 2, 2, 3, 4, 5], [1, 1, 0, 1, 0, 1], ["a", "a", "a", "b", "b", "b"])
    >>> round(statistic, 4), round(p, 4)
    (2.4694, 0.1161)
    """
    from statsmodels.duration.survfunc import survdiff

    codes, names = pd.factorize(np.asarray(groups), sort=True)
    events = np.asarray(events, dtype=float)
    if len(names) < 2 or events.sum() == 0:
        return float("nan"), float("nan")
    try:
        statistic, p_value = survdiff(np.asarray(durations, dtype=float), events, codes)
    except np.linalg.LinAlgError:  # a group that was never at risk when something happened
        return float("nan"), float("nan")
    return float(statistic), float(p_value)
