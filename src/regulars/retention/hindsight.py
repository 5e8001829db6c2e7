"""Were we right last time: what would have been told some time ago, beside what came."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.calibration import calibrate_p_active, reliability_table
from regulars.finding import Finding
from regulars.labels import Ranking
from regulars.purchases import Purchases, day_number, month_before, unit_days
from regulars.retention.dates import DateRules, dates_calibration, next_order, next_order_pit
from regulars.retention.kept import Kept, kept_change
from regulars.retention.risk import expected_active
from regulars.retention.states import rhythm_chance
from regulars.statistics.intervals import Estimate, share
from regulars.statistics.ranking import Flagged, beside, flagged_beside

NOTHING = Estimate(float("nan"), n=0)


class HindsightFinding(StrEnum):
    """How an earlier forecast did."""

    HELD = "held"
    OVER = "over"
    UNDER = "under"
    UNKNOWN = "unknown"


class RuleFinding(StrEnum):
    """Which told leavers better: a fixed number of days, or each customer's own rhythm."""

    OWN = "own"
    FIXED = "fixed"
    ALIKE = "alike"
    UNKNOWN = "unknown"  # one of the rules flagged nobody, or everybody
    TOO_SHORT = "too_short"


@dataclass(frozen=True)
class PastSettings:
    """How forecasts of the past are made and judged.

    Parameters
    ----------
    time_unit : str
        As in the value stage.
    level_uncertainty : float
        As for `regulars.retention.expected_active`.
    rules : DateRules
    level : float
        Of the intervals.
    seed : int
        Of the places in the predicted distributions and of the bootstraps.
    gone_below : float
        Chance of so long a silence in the own rhythm below which the rhythm calls a customer gone.
    """

    time_unit: str = "week"
    level_uncertainty: float = 0.0
    rules: DateRules = field(default_factory=DateRules)
    level: float = 0.9
    seed: int = 0
    gone_below: float = 0.05


class Past(NamedTuple):
    """What was known on a day, what a model made of it, and what came until the end of the data.

    Parameters
    ----------
    cutoff : pandas.Timestamp
    horizon : int
        Days watched after it.
    table : pandas.DataFrame
        As `regulars.purchases.Purchases.summary` had it on that day.
    gaps : numpy.ndarray
        Days between first and second purchase of those who had come back by then.
    days_until : numpy.ndarray
        Days until the next purchase of each customer; NaN where none came.
    chance : numpy.ndarray
        Calibrated chance of one.
    model : fitter
    """

    cutoff: pd.Timestamp
    horizon: int
    table: pd.DataFrame
    gaps: np.ndarray
    days_until: np.ndarray
    chance: np.ndarray
    model: object

    @property
    def came(self) -> np.ndarray:
        """Who ordered."""
        return np.isfinite(self.days_until)

    @property
    def history(self) -> tuple[np.ndarray, ...]:
        """Frequency, recency and T."""
        return tuple(self.table[name].to_numpy(float) for name in ("frequency", "recency", "T"))

    def forecast(self, settings: PastSettings, who=slice(None)) -> Estimate:
        """Customers who were to order."""
        chances = pd.DataFrame({"p_active": self.chance[who]})
        return expected_active(chances, settings.level_uncertainty, settings.level)


def _past(fitter, purchases: Purchases, observation_end, cutoff, settings: PastSettings) -> Past | None:
    """Forecast of a day in the past; None where there was too little history for one."""
    then, end = day_number(cutoff), day_number(observation_end)
    told = purchases.until(cutoff)
    if not len(told) or end <= then:
        return None
    table = told.summary(cutoff, settings.time_unit)
    if not (table["frequency"] > 0).any() or not table["T"].max() > 0:
        return None
    known = purchases.known(cutoff)
    until = purchases.until(observation_end).next_days(known, np.full(len(known), then)) - then
    active = calibrate_p_active(
        told, cutoff, end - then, fitter=fitter, time_unit=settings.time_unit, level=settings.level
    )
    chance = active.probabilities["p_active"].to_numpy()
    return Past(pd.Timestamp(cutoff), end - then, table, told.first_gaps, until, chance, active.model)


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
        Share of the customers who had bought in the month before that were to buy, and that did; the interval of the
        forecast is for the share to be seen.
    hits : Estimate
        Of the customers who had a call-by date, those who ordered within their window or before the end of the data;
        n counts those whose window is over.
    top : Estimate
        Of the customers who were most likely to order, as many as a list holds, those who did.
    """

    cutoff: pd.Timestamp
    finding: HindsightFinding
    forecast: Estimate
    came: float
    kept_forecast: Estimate
    kept: Estimate
    hits: Estimate
    top: Estimate

    def telling(self, agreed: pd.DataFrame) -> Finding:
        """What the page tells, with the identities that were checked beside it."""
        facts = {"identities": len(agreed)}
        if self.finding is not HindsightFinding.UNKNOWN:
            facts |= {"cutoff": self.cutoff, "forecast": self.forecast, "came": self.came, "n": self.forecast.n}
            facts |= {"kept": self.kept, "kept_forecast": self.kept_forecast, "hits": self.hits, "top": self.top}
        return Finding(self.finding, facts, {"agreed": agreed})


def told_before(
    fitter, purchases: Purchases, observation_end, cutoff, list_length: int = 50, settings: PastSettings | None = None
) -> Told:
    """Make the forecast of a day in the past anew, from what was known then, and hold it against what came.

    Parameters
    ----------
    fitter : callable
        Makes an unfitted model of orders.
    purchases : regulars.purchases.Purchases
    observation_end, cutoff : date
        End of what is known now, and of what was known then.
    list_length : int
        Customers on a list.
    settings : PastSettings, optional

    Returns
    -------
    Told
    """
    settings = settings or PastSettings()
    past = _past(fitter, purchases, observation_end, cutoff, settings)
    if past is None:
        return Told(
            pd.Timestamp(cutoff), HindsightFinding.UNKNOWN, NOTHING, float("nan"), NOTHING, NOTHING, NOTHING, NOTHING
        )
    forecast, came = past.forecast(settings), past.came
    recent = (past.table["last_ordered_at"] > month_before(cutoff)).to_numpy()
    alive = np.asarray(past.model.conditional_probability_alive(*past.history))
    dates = next_order(
        past.model, past.table.assign(p_alive=alive), cutoff, unit_days(settings.time_unit), settings.rules
    )
    likely = np.argsort(-past.chance, kind="stable")[:list_length]
    return Told(
        past.cutoff,
        _finding(forecast, came.sum()),
        forecast,
        float(came.sum()),
        _as_share(past.forecast(settings, recent)),
        _share(came[recent], settings.level),
        _hits(dates, past, settings.level),
        _share(came[likely], settings.level),
    )


def _finding(forecast: Estimate, came: float) -> HindsightFinding:
    if forecast.low <= came <= forecast.high:
        return HindsightFinding.HELD
    return HindsightFinding.OVER if forecast.value > came else HindsightFinding.UNDER


def _as_share(total: Estimate) -> Estimate:
    n = total.n
    return Estimate(total.value / n, total.low / n, total.high / n, n) if n else NOTHING


def _share(happened: np.ndarray, level: float) -> Estimate:
    return share(int(happened.sum()), len(happened), level) if len(happened) else NOTHING


def _hits(dates: pd.DataFrame, past: Past, level: float) -> Estimate:
    low, high = ((dates[name] - past.cutoff).dt.days.to_numpy(float) for name in ("next_order_low", "next_order_high"))
    due = dates["call_by"].notna().to_numpy() & (high <= past.horizon)
    return _share(((past.days_until >= low) & (past.days_until <= high))[due], level)


class Judged(NamedTuple):
    """How rankings, rules and dates did on the days kept back for them.

    Parameters
    ----------
    finding : RuleFinding
    cutoff : pandas.Timestamp
    days : int
    forecast : Estimate
        Customers who were to order by then; n counts all known.
    came : float
        Those who did.
    rankings : pandas.DataFrame
        Of `regulars.retention.beside`: each score beside plain recency.
    flagged : Flagged
        Of `regulars.retention.flagged_beside`.
    fixed_days : int
    dates : dict
        As `dates_calibration`: where the next order fell in the window told for it.
    reliability : pandas.DataFrame
        Customers in groups of like chance: ``n``, ``predicted``, ``observed`` with ``observed_low`` and
        ``observed_high`` (Wilson).
    window_level : float
        Share of the next orders that was to fall in their windows.
    """

    finding: RuleFinding
    cutoff: pd.Timestamp
    days: int
    forecast: Estimate
    came: float
    rankings: pd.DataFrame
    flagged: Flagged
    fixed_days: int
    dates: dict[str, Estimate]
    reliability: pd.DataFrame
    window_level: float = DateRules.window_level

    @property
    def window_facts(self) -> dict[str, Estimate | float]:
        """Where the next order fell in its window: ``inside``, ``early``, ``late``; missing without a forecast.

        And ``window``, the share that was to fall inside.
        """
        places = self.dates or dict.fromkeys(("inside", "early", "late"), NOTHING)
        return places | {"window": self.window_level}

    def telling(self) -> Finding:
        """What the page tells."""
        if self.finding is RuleFinding.TOO_SHORT:
            return Finding(self.finding, {"days": self.days})
        facts = {"days": self.days, "cutoff": self.cutoff, "fixed_days": self.fixed_days, **self.window_facts}
        facts |= {"forecast": self.forecast, "came": self.came, "n": self.forecast.n}
        if self.finding is not RuleFinding.UNKNOWN:
            facts |= {"gap": self.flagged.gap, "own": self.flagged.own, "fixed": self.flagged.fixed}
            for rule in ("own", "fixed"):
                facts |= {f"{rule}_caught": self.flagged.caught[rule], f"{rule}_wrong": self.flagged.wrong[rule]}
        frames = {"rankings": self.rankings} if len(self.rankings) else {}
        return Finding(self.finding, facts, frames | {"reliability": self.reliability})


def judged(
    fitter, purchases: Purchases, observation_end, days: int, fixed_days: int, settings: PastSettings | None = None
) -> Judged:
    """Judge rankings, the fixed rule and the dates on the last days, from what was known before them.

    Parameters
    ----------
    fitter, purchases, observation_end, settings
        As for `told_before`.
    days : int
        Kept back.
    fixed_days : int
        Days of silence after which the fixed rule calls a customer gone.

    Returns
    -------
    Judged
        ``too_short`` where there was too little history, ``unknown`` where a rule flagged nobody or everybody.
    """
    settings = settings or PastSettings()
    cutoff = pd.Timestamp(observation_end).normalize() - pd.Timedelta(days=days)
    past = _past(fitter, purchases, observation_end, cutoff, settings)
    if past is None:
        nothing, empty = Flagged(NOTHING, NOTHING, NOTHING, {}, {}), pd.DataFrame()
        return Judged(RuleFinding.TOO_SHORT, cutoff, days, NOTHING, float("nan"), empty, nothing, fixed_days, {}, empty)
    unit, history, model = unit_days(settings.time_unit), past.history, past.model
    silence = np.rint((history[2] - history[1]) * unit)
    rates = float(model.params_["r"]), float(model.params_["alpha"]), unit
    chance = rhythm_chance(history[0], history[1] * unit, history[2] * unit, past.gaps, *rates)
    ahead = days / unit
    scores = {
        Ranking.P_ACTIVE: np.asarray(model.probability_active(ahead, *history)),
        Ranking.EXPECTED_ORDERS: np.asarray(model.conditional_expected_number_of_purchases_up_to_time(ahead, *history)),
        Ranking.OWN_RHYTHM: chance,
        Ranking.RECENCY: -silence,
    }
    sure = {"level": settings.level, "seed": settings.seed}
    flagged = flagged_beside(~past.came, chance < settings.gone_below, silence > fixed_days, **sure)
    places = next_order_pit(model, past.table, past.days_until, days, unit, settings.seed)
    reliability = reliability_table(past.chance, past.came, level=settings.level).drop(columns="predicted_raw")
    return Judged(
        _rule(flagged.gap),
        cutoff,
        days,
        past.forecast(settings),
        float(past.came.sum()),
        beside(past.came, scores, Ranking.RECENCY, **sure),
        flagged,
        fixed_days,
        dates_calibration(places, settings.rules.window_level, settings.level),
        reliability.rename(columns={"low": "observed_low", "high": "observed_high"}),
        settings.rules.window_level,
    )


def _rule(gap: Estimate) -> RuleFinding:
    if np.isnan(gap.low):
        return RuleFinding.UNKNOWN
    return RuleFinding.OWN if gap.low > 0 else RuleFinding.FIXED if gap.high < 0 else RuleFinding.ALIKE


class LookBack(NamedTuple):
    """What would have been told a month ago, how rankings and rules did, and who was kept this month.

    Parameters
    ----------
    month : Told
    judged : Judged
    kept : regulars.retention.kept.Kept
    """

    month: Told
    judged: Judged
    kept: Kept


def look_back(
    fitter, purchases: Purchases, observation_end, judged_days: int, fixed_days: int, list_length: int = 50, **settings
) -> LookBack:
    """Make the forecasts of a month ago, and of the days kept back, anew.

    Parameters
    ----------
    fitter, purchases, observation_end, list_length
        As for `told_before`.
    judged_days, fixed_days : int
        As for `judged`.
    **settings
        Of `PastSettings`.

    Returns
    -------
    LookBack
    """
    end, chosen = pd.Timestamp(observation_end).normalize(), PastSettings(**settings)
    return LookBack(
        told_before(fitter, purchases, end, month_before(end), list_length, chosen),
        judged(fitter, purchases, end, judged_days, fixed_days, chosen),
        kept_change(purchases, end, chosen.level),
    )
