"""P(active) as a probability that can be printed: recalibrated on an earlier cutoff, judged on a later one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from regulars.clv._logistic import fit_logistic
from regulars.clv.backtesting import level_at, told_by
from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.combining import Cut
from regulars.clv.value import units
from regulars.finding import may_refuse, shows
from regulars.purchases import Purchases
from regulars.statistics.intervals import wilson

FEWEST = 50  # customers who ordered, and who did not, below which no curve is fitted


@shows
@dataclass(frozen=True)
class Calibration:
    """P(active) per customer, and how well it has done.

    Parameters
    ----------
    probabilities : pandas.DataFrame
        customer_id, p_active_raw (the model's), p_active (calibrated; the same where ``is_calibrated`` is false).
    intercept, slope : float
        logit(p_active) = intercept + slope · logit(p_active_raw); 0 and 1 without calibration.
    reliability : pandas.DataFrame
        Customers of the later cutoff in groups of like p_active: n, predicted, predicted_raw (means), observed (share
        who ordered), low, high (Wilson); empty with too little history.
    scores : pandas.DataFrame
        At the later cutoff: brier and log_loss of raw and calibrated.
    fitted_on, judged_on : pandas.Timestamp or None
        The two cutoffs.
    is_calibrated : bool
        Whether the curve is used.
    reason : str
        Why it is not: "" (it is), "history" (too short), "events" (too few), "no_gain" (raw did better).
    model : fitter
        Of what is known now, behind the raw probabilities.
    """

    probabilities: pd.DataFrame
    intercept: float
    slope: float
    reliability: pd.DataFrame
    scores: pd.DataFrame
    fitted_on: pd.Timestamp | None
    judged_on: pd.Timestamp | None
    is_calibrated: bool
    reason: str
    model: object = None

    def apply(self, p):
        """Calibrated probabilities of raw ones."""
        return _bend(np.asarray(p, float), self.intercept, self.slope)


def _logit(p):
    return logit(np.clip(p, 1e-12, 1 - 1e-12))


def _bend(p, intercept, slope):
    if intercept == 0 and slope == 1:
        return p
    return expit(intercept + slope * _logit(p))


def reliability_table(p, happened, raw=None, groups: int = 10, *, level: float = 0.9) -> pd.DataFrame:
    """Share who ordered among customers of like probability, with Wilson's interval.

    Parameters
    ----------
    p : array
        Probabilities.
    happened : array of bool
        Whether it came.
    raw : array, optional
        Probabilities before calibration.
    groups : int
        Of about equal size; equal probabilities stay together.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        n, predicted, predicted_raw, observed, low, high.

    Examples
    --------
    >>> reliability_table([0.1, 0.1, 0.8, 0.8], [False, False, True, True], groups=2)[["n", "predicted", "observed"]]
       n  predicted  observed
    0  2        0.1       0.0
    1  2        0.8       1.0
    """
    p, happened = np.asarray(p, float), np.asarray(happened, bool)
    edges = np.unique(np.quantile(p, np.linspace(0, 1, groups + 1)[1:-1], method="inverted_cdf"))
    table = pd.DataFrame({"p": p, "raw": p if raw is None else raw, "y": happened})
    table["group"] = np.searchsorted(edges, p, side="left")
    found = table.groupby("group").agg(
        n=("y", "size"), predicted=("p", "mean"), predicted_raw=("raw", "mean"), observed=("y", "mean"), k=("y", "sum")
    )
    low, high = wilson(found.pop("k").to_numpy(), found["n"].to_numpy(), level)
    return found.assign(low=low, high=high).reset_index(drop=True)


def _losses(p, happened):
    clipped = np.clip(p, 0.5 / len(p), 1 - 0.5 / len(p))
    return {
        "brier": float(((happened - p) ** 2).mean()),
        "log_loss": float(-np.log(np.where(happened, clipped, 1 - clipped)).mean()),
    }


@may_refuse
def calibrate_p_active(
    purchases: Purchases,
    observation_end,
    active_within_days: int,
    *,
    fitter: Callable = BetaGeoFitter,
    time_unit: str = "week",
    groups: int = 10,
    level: float = 0.9,
    uncertainty: float | str | None = None,
) -> Calibration:
    """Probability of an order within so many days, such that of the customers at 30 % about 30 % do order.

    The curve logit(calibrated) = intercept + slope · logit(raw) is fitted two windows before the end and judged one
    window before the end. It is used where it did better there than the raw probabilities (log loss); nothing after a
    cutoff enters the model of that cutoff.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers to be judged.
    observation_end : date
        Last day observed.
    active_within_days : int
        Length of the window.
    fitter : callable
        Makes an unfitted model of orders.
    time_unit : {"day", "week", "month"}
        Of recency and T, in which the models are fitted.
    groups : int
        Of the reliability table.
    level : float
        Of its intervals.
    uncertainty : float or "auto", optional
        Of the level, as `regulars.clv.read_level` takes it: where it is given the raw probabilities hold scenarios of
        dropout, and the level that each day's signs teach.

    Returns
    -------
    Calibration

    Examples
    --------
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> found = calibrate_p_active(purchases, "2025-12-31", 90)
    >>> found.is_calibrated, found.reason
    (False, 'no_gain')
    """
    end = pd.Timestamp(observation_end).normalize()
    window = timedelta(days=int(active_within_days))
    horizon = units(days=active_within_days, time_unit=time_unit)

    def fitted_at(table, day):
        history = tuple(table[name].to_numpy(float) for name in ("frequency", "recency", "T"))
        model = fitter().fit(*history)
        active = np.asarray(model.probability_active(horizon, *history))
        if uncertainty is None:
            return model, active
        cut = Cut(purchases, day, active_within_days, time_unit)
        return model, told_by(level_at(cut, uncertainty), cut, {"model": (active, active)})["model"][1]

    now = purchases.summary(end, time_unit)
    model, raw_now = fitted_at(now, end)
    earlier, later = end - 2 * window, end - window
    first = purchases.first

    def uncalibrated(reason):
        empty = pd.DataFrame(columns=["n", "predicted", "predicted_raw", "observed", "low", "high"], dtype=float)
        told = pd.DataFrame({"customer_id": now["customer_id"], "p_active_raw": raw_now, "p_active": raw_now})
        scores = pd.DataFrame(columns=["forecast", "brier", "log_loss"])
        return Calibration(told, 0.0, 1.0, empty, scores, None, None, False, reason, model)

    if earlier <= first:
        return uncalibrated("history")
    past = {cutoff: purchases.split(cutoff, cutoff + window, time_unit) for cutoff in (earlier, later)}
    happened = {cutoff: (table["holdout_orders"] > 0).to_numpy() for cutoff, table in past.items()}
    if any(min(y.sum(), (~y).sum()) < FEWEST for y in happened.values()):
        return uncalibrated("events")
    raw = {cutoff: fitted_at(table, cutoff)[1] for cutoff, table in past.items()}

    intercept, slope = fit_logistic(_logit(raw[earlier]), happened[earlier])
    bent = _bend(raw[later], intercept, slope)
    scores = pd.DataFrame(
        [
            {"forecast": "raw", **_losses(raw[later], happened[later])},
            {"forecast": "calibrated", **_losses(bent, happened[later])},
        ]
    )
    better = bool(slope > 0 and scores["log_loss"].iloc[1] < scores["log_loss"].iloc[0])
    if not better:
        intercept, slope, bent = 0.0, 1.0, raw[later]
    return Calibration(
        probabilities=pd.DataFrame(
            {
                "customer_id": now["customer_id"],
                "p_active_raw": raw_now,
                "p_active": _bend(raw_now, intercept, slope),
            }
        ),
        intercept=intercept,
        slope=slope,
        reliability=reliability_table(bent, happened[later], raw[later], groups, level=level),
        scores=scores,
        fitted_on=earlier,
        judged_on=later,
        is_calibrated=better,
        reason="" if better else "no_gain",
        model=model,
    )
