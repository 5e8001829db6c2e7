"""Were we right last time: what would have been told some time ago, beside what came."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.calibration import calibrate_p_active, reliability_table
from regulars.finding import Finding
from regulars.intervals import Estimate, share
from regulars.retention.dates import DateRules, dates_calibration, next_order, next_order_pit
from regulars.retention.occasions import Kept, kept_change
from regulars.retention.risk import expected_active
from regulars.rfm import month_before, rfm_summary, unit_days


class HindsightFinding(StrEnum):
    """How an earlier forecast did."""

    HELD = "held"
    OVER = "over"
    UNDER = "under"
    UNKNOWN = "unknown"


class Told(NamedTuple):
    """A forecast as it would have been told, beside what came.

    Parameters
    ----------
    cutoff : pandas.Timestamp
        Last day that the forecast knew.
    finding : HindsightFinding
        ``held``: what came lies within the interval; ``over``, ``under``: more, or less, was forecast than came;
        ``unknown``: there was too little history for a forecast.
    forecast : Estimate
        Customers who were to order; n counts those known then.
    came : float
        Customers of those who did.
    kept_forecast, kept : Estimate
        Share of the customers who had bought in the window before that were to buy, and that did; the interval of the
        forecast is for the share to be seen.
    reliability : pandas.DataFrame
        Customers in groups of like chance: ``n``, ``predicted``, ``observed`` with ``observed_low`` and
        ``observed_high`` (Wilson).
    dates : dict
        As `dates_calibration`: where the next order fell in the window told for it.
    hits : Estimate
        Of the customers who had a call-by date, those who ordered within their window or before the end of the data;
        n counts those whose window is over.
    """

    cutoff: pd.Timestamp
    finding: HindsightFinding
    forecast: Estimate
    came: float
    kept_forecast: Estimate
    kept: Estimate
    reliability: pd.DataFrame
    dates: dict[str, Estimate]
    hits: Estimate

    @property
    def facts(self) -> dict:
        """What the sentence of this finding needs."""
        if self.finding is HindsightFinding.UNKNOWN:
            return {}
        return {"forecast": self.forecast, "came": self.came, "n": self.forecast.n}

    def telling(self, agreed: pd.DataFrame) -> Finding:
        """What the page tells, with the identities that were checked beside it."""
        facts = {"cutoff": self.cutoff, "identities": len(agreed), **self.facts}
        reliability = {"reliability": self.reliability} if len(self.reliability) else {}
        return Finding(self.finding, facts, reliability | {"agreed": agreed})


def told_before(
    fitter,
    orders: pd.DataFrame,
    occasions: pd.DataFrame,
    observation_end,
    cutoff,
    window_days: int,
    *,
    time_unit: str = "week",
    zero_spend_is_purchase: bool = False,
    level_uncertainty: float = 0.0,
    rules: DateRules | None = None,
    level: float = 0.9,
    seed: int = 0,
) -> Told:
    """Make the forecast of a day in the past anew, from what was known then, and hold it against what came.

    Parameters
    ----------
    fitter : callable
        Makes an unfitted model of orders.
    orders, occasions : pandas.DataFrame
        The log, and `regulars.retention.purchase_occasions` of it.
    observation_end, cutoff : date
        End of what is known now, and of what was known then.
    window_days : int
        Length of the window before the cutoff that says who was to be kept.
    time_unit, zero_spend_is_purchase
        As in the value stage.
    level_uncertainty : float
        As for `expected_active`.
    rules : DateRules, optional
    level : float
    seed : int
        Of the places in the predicted distributions.

    Returns
    -------
    Told
    """
    end, cutoff = pd.Timestamp(observation_end).normalize(), pd.Timestamp(cutoff).normalize()
    horizon, unit = int((end - cutoff).days), unit_days(time_unit)
    settings = {"time_unit": time_unit, "zero_spend_is_purchase": zero_spend_is_purchase}
    known = orders[orders["ordered_at"] < cutoff + pd.Timedelta(days=1)]
    past = rfm_summary(known, cutoff, **settings) if len(known) else pd.DataFrame()
    if past.empty or not (past["frequency"] > 0).any() or not past["T"].max() > 0:
        return _unknown(cutoff)
    after = occasions[(occasions["day"] > cutoff) & (occasions["day"] <= end)]
    first = after.groupby("customer_id")["day"].min().reindex(past["customer_id"].array)
    days_until = (first - cutoff).dt.days.to_numpy(float)
    came = np.isfinite(days_until)
    active = calibrate_p_active(known, cutoff, horizon, fitter=fitter, level=level, **settings)
    chance = active.probabilities.set_index("customer_id")["p_active"].reindex(past["customer_id"].array).to_numpy()
    forecast = expected_active(pd.DataFrame({"p_active": chance}), level_uncertainty, level)
    recent = (past["last_ordered_at"] > cutoff - pd.Timedelta(days=window_days)).to_numpy()
    history = tuple(past[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    model = fitter().fit(*history)
    places = next_order_pit(model, past, days_until, horizon, unit, seed)
    alive = np.asarray(model.conditional_probability_alive(*history))
    dates = next_order(model, past.assign(p_alive=alive), cutoff, unit, rules)
    return Told(
        cutoff,
        _finding(forecast, came.sum()),
        forecast,
        float(came.sum()),
        _as_share(expected_active(pd.DataFrame({"p_active": chance[recent]}), level_uncertainty, level)),
        _kept(came[recent], level),
        _reliability(chance, came, level),
        dates_calibration(places, (rules or DateRules()).window_level, level),
        _hits(dates, first.to_numpy(), end, level),
    )


def _finding(forecast: Estimate, came: float) -> HindsightFinding:
    if forecast.low <= came <= forecast.high:
        return HindsightFinding.HELD
    return HindsightFinding.OVER if forecast.value > came else HindsightFinding.UNDER


def _reliability(chance: np.ndarray, came: np.ndarray, level: float) -> pd.DataFrame:
    table = reliability_table(chance, came, level=level).drop(columns="predicted_raw")
    return table.rename(columns={"low": "observed_low", "high": "observed_high"})


def _as_share(total: Estimate) -> Estimate:
    n = total.n
    return Estimate(total.value / n, total.low / n, total.high / n, n) if n else Estimate(float("nan"), n=0)


def _kept(came: np.ndarray, level: float) -> Estimate:
    return share(int(came.sum()), len(came), level) if len(came) else Estimate(float("nan"), n=0)


def _hits(dates: pd.DataFrame, first: np.ndarray, end: pd.Timestamp, level: float) -> Estimate:
    due = dates["call_by"].notna() & (dates["next_order_high"] <= end)
    inside = (first >= dates["next_order_low"].to_numpy()) & (first <= dates["next_order_high"].to_numpy())
    return _kept((inside & due.to_numpy())[due.to_numpy()], level)


def _unknown(cutoff) -> Told:
    nothing = Estimate(float("nan"), n=0)
    empty = pd.DataFrame(columns=["n", "predicted", "observed", "observed_low", "observed_high"], dtype=float)
    dates = dict.fromkeys(("inside", "early", "late"), nothing)
    return Told(cutoff, HindsightFinding.UNKNOWN, nothing, float("nan"), nothing, nothing, empty, dates, nothing)


class LookBack(NamedTuple):
    """What would have been told a month ago, and one window ago, with what came of it.

    Parameters
    ----------
    month, window : Told
    kept : regulars.retention.occasions.Kept
    """

    month: Told
    window: Told
    kept: Kept


def look_back(fitter, orders, occasions, observation_end, window_days: int, **settings) -> LookBack:
    """Make the forecasts of a month ago and of one window ago anew; parameters and settings as for `told_before`."""
    end = pd.Timestamp(observation_end).normalize()
    days = (month_before(end), end - pd.Timedelta(days=window_days))
    log = (fitter, orders, occasions, end)
    month, window = (told_before(*log, day, window_days, **settings) for day in days)
    return LookBack(month, window, kept_change(occasions, end, window_days, settings.get("level", 0.9)))
