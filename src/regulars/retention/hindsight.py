"""Were we right last time: what would have been told some time ago, beside what came."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.calibration import calibrate_p_active, reliability_table
from regulars.finding import Finding, may_refuse, shows, tells
from regulars.labels import Change, Ranking
from regulars.purchases import Purchases, day_number, month_before, unit_days
from regulars.retention.dates import dates_calibration, next_order, next_order_pit
from regulars.retention.risk import expected_active
from regulars.retention.states import rhythm_chance, rhythm_of
from regulars.settings import Certainty, DateRules
from regulars.statistics.intervals import Estimate, against, share
from regulars.statistics.ranking import Flagged, beside, flagged_beside

if TYPE_CHECKING:
    from regulars.clv import BetaGeoFitter

NOTHING = Estimate(float("nan"), n=0)
NO_WINDOWS = {"inside": NOTHING, "early": NOTHING, "late": NOTHING}


class HindsightVerdict(StrEnum):
    """How an earlier forecast did."""

    HELD = "held"
    OVER = "over"
    UNDER = "under"
    UNKNOWN = "unknown"


class RuleVerdict(StrEnum):
    """Which told leavers better: the best fixed number of days, or each customer's own rhythm."""

    OWN = "own"
    FIXED = "fixed"
    ALIKE = "alike"
    UNKNOWN = "unknown"  # one of the rules flagged nobody, or everybody
    TOO_SHORT = "too_short"


def hindsight_verdict(forecast: Estimate, came: float) -> HindsightVerdict:
    """Whether what came lies within the interval of what was forecast.

    Parameters
    ----------
    forecast : Estimate
        With its interval; missing where there was none.
    came : float
        In the same unit.

    Returns
    -------
    HindsightVerdict
        ``over`` and ``under``: more, or less, was forecast than came.

    Examples
    --------
    >>> hindsight_verdict(Estimate(90.0, 80.0, 100.0), 70.0)
    <HindsightVerdict.OVER: 'over'>
    """
    verdicts = {
        Change.UP: HindsightVerdict.OVER,
        Change.DOWN: HindsightVerdict.UNDER,
        Change.UNCLEAR: HindsightVerdict.HELD,
    }
    return verdicts.get(against(forecast, came), HindsightVerdict.UNKNOWN)


class Past(NamedTuple):
    """What was known on a day, what a model made of it, and what came until the end of the data.

    Parameters
    ----------
    cutoff : pandas.Timestamp
        That day.
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
        Of orders, fitted on what was known.
    """

    cutoff: pd.Timestamp
    horizon: int
    table: pd.DataFrame
    gaps: np.ndarray
    days_until: np.ndarray
    chance: np.ndarray
    model: "BetaGeoFitter"

    @property
    def came(self) -> np.ndarray:
        """Who ordered."""
        return np.isfinite(self.days_until)

    @property
    def history(self) -> tuple[np.ndarray, ...]:
        """Frequency, recency and T."""
        return tuple(self.table[name].to_numpy(float) for name in ("frequency", "recency", "T"))

    def forecast(self, certainty: Certainty, who=slice(None)) -> Estimate:
        """Customers who were to order."""
        return expected_active(pd.DataFrame({"p_active": self.chance[who]}), certainty)


def past_of(model, purchases: Purchases, observation_end, *, cutoff, time_unit: str, level: float) -> Past | None:
    """Forecast of a day in the past; None where there was too little history for one."""
    then, end = day_number(cutoff), day_number(observation_end)
    seen = purchases.until(cutoff)
    if not len(seen) or end <= then:
        return None
    table = seen.summary(cutoff, time_unit)
    if not (table["frequency"] > 0).any() or not table["T"].max() > 0:
        return None
    known = purchases.known(cutoff)
    until = purchases.until(observation_end).next_days(known, np.full(len(known), then)) - then
    active = calibrate_p_active(seen, cutoff, end - then, fitter=type(model), time_unit=time_unit, level=level)
    chance = active.probabilities["p_active"].to_numpy()
    return Past(pd.Timestamp(cutoff), end - then, table, seen.first_gaps, until, chance, active.model)


@shows
class LookBack(NamedTuple):
    """A forecast as it would have been told, beside what came.

    Parameters
    ----------
    verdict : HindsightVerdict
        Of `forecast` against `came`; ``unknown`` where there was too little history for a forecast.
    cutoff : pandas.Timestamp
        Last day that the forecast knew.
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

    verdict: HindsightVerdict
    cutoff: pd.Timestamp
    forecast: Estimate = NOTHING
    came: float = float("nan")
    kept_forecast: Estimate = NOTHING
    kept: Estimate = NOTHING
    hits: Estimate = NOTHING
    top: Estimate = NOTHING


@may_refuse
def look_back(
    model,
    purchases: Purchases,
    observation_end,
    *,
    cutoff,
    certainty: Certainty,
    time_unit: str = "week",
    rules: DateRules | None = None,
    list_length: int = 50,
) -> LookBack:
    """Make the forecast of a day in the past anew, from what was known then, and hold it against what came.

    Parameters
    ----------
    model : fitter
        Of orders: one of its kind is fitted on what was known then.
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end, cutoff : date
        End of what is known now, and of what was known then.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's.
    time_unit : {"day", "week", "month"}
        Of the model.
    rules : DateRules, optional
        When a date was worth telling; the usual ones without them.
    list_length : int
        Customers on a list.

    Returns
    -------
    LookBack

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> from regulars.simulate import order_log
    >>> purchases = Purchases.of(order_log(customers=300, seed=2))
    >>> sure = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    >>> month = look_back(BetaGeoFitter(), purchases, "2025-12-31", cutoff="2025-11-30", certainty=sure)
    >>> month.verdict, month.forecast.n, month.came
    (<HindsightVerdict.HELD: 'held'>, 286, 53.0)
    """
    level = certainty.level
    past = past_of(model, purchases, observation_end, cutoff=cutoff, time_unit=time_unit, level=level)
    if past is None:
        return LookBack(HindsightVerdict.UNKNOWN, pd.Timestamp(cutoff))
    forecast, came = past.forecast(certainty), past.came
    recent = (past.table["last_ordered_at"] > month_before(cutoff)).to_numpy()
    alive = np.asarray(past.model.conditional_probability_alive(*past.history))
    known = past.table.assign(p_alive=alive)
    dates = next_order(past.model, known, cutoff, days_per_unit=unit_days(time_unit), rules=rules)
    likely = np.argsort(-past.chance, kind="stable")[:list_length]
    return LookBack(
        hindsight_verdict(forecast, came.sum()),
        past.cutoff,
        forecast,
        float(came.sum()),
        _as_share(past.forecast(certainty, recent)),
        _share(came[recent], level),
        _hits(dates, past, level),
        _share(came[likely], level),
    )


def _as_share(total: Estimate) -> Estimate:
    n = total.n
    return Estimate(total.value / n, total.low / n, total.high / n, n) if n else NOTHING


def _share(happened: np.ndarray, level: float) -> Estimate:
    return share(int(happened.sum()), len(happened), level)


def _hits(dates: pd.DataFrame, past: Past, level: float) -> Estimate:
    low, high = ((dates[name] - past.cutoff).dt.days.to_numpy(float) for name in ("next_order_low", "next_order_high"))
    due = dates["call_by"].notna().to_numpy() & (high <= past.horizon)
    return _share(((past.days_until >= low) & (past.days_until <= high))[due], level)


@tells
def tell_last(month: LookBack, agreed: pd.DataFrame) -> Finding:
    """Tell whether we were right last time, and that all figures come from the same orders.

    Parameters
    ----------
    month : LookBack
        Of `look_back` at a month ago.
    agreed : pandas.DataFrame
        Identities that were checked: of `regulars.retention.reconciled`.

    Returns
    -------
    Finding
        Its verdict is a `HindsightVerdict`; frame ``agreed``.
    """
    facts: dict[str, object] = {"identities": len(agreed)}
    if month.verdict is not HindsightVerdict.UNKNOWN:
        facts |= {"cutoff": month.cutoff, "forecast": month.forecast, "came": month.came, "n": month.forecast.n}
        facts |= {"kept": month.kept, "kept_forecast": month.kept_forecast, "hits": month.hits, "top": month.top}
    return Finding(month.verdict, facts, {"agreed": agreed})


@shows
class Judged(NamedTuple):
    """How rankings, rules and dates did on the days kept back for them.

    Parameters
    ----------
    verdict : RuleVerdict
        By the interval of the gap between the two rules.
    cutoff : pandas.Timestamp
        Last day that was known.
    days : int
        Kept back.
    fixed_days : int
        Of silence after which the best fixed rule calls a customer gone: best on one half of the customers, judged on
        the other.
    forecast : Estimate
        Customers who were to order by then; n counts all known.
    came : float
        Those who did.
    rules : pandas.DataFrame
        Every fixed rule on the half of the customers by whom the best was chosen: ``days``, ``caught``, ``wrong``
        (shares flagged of those who stayed away, and of those who came), ``score`` (caught − wrong).
    rankings : pandas.DataFrame
        Of `regulars.statistics.ranking.beside`: each score beside plain recency.
    flagged : Flagged
        Of `regulars.statistics.ranking.flagged_beside`: what each rule caught.
    windows : mapping
        As `dates_calibration`: where the next order fell in the window told for it; ``inside``, ``early``, ``late``.
    reliability : pandas.DataFrame
        Customers in groups of like chance: ``n``, ``predicted``, ``observed`` with ``observed_low`` and
        ``observed_high`` (Wilson).
    window_level : float
        Share of the next orders that was to fall in their windows.
    """

    verdict: RuleVerdict
    cutoff: pd.Timestamp
    days: int
    fixed_days: int
    forecast: Estimate = NOTHING
    came: float = float("nan")
    rules: pd.DataFrame = pd.DataFrame()
    rankings: pd.DataFrame = pd.DataFrame()
    flagged: Flagged = Flagged(NOTHING, NOTHING, NOTHING, {}, {})
    windows: Mapping[str, Estimate] = NO_WINDOWS
    reliability: pd.DataFrame = pd.DataFrame()
    window_level: float = DateRules.window_level

    @property
    def window_facts(self) -> dict[str, Estimate | float]:
        """Where the next order fell in its window, and the share that was to fall inside (``window``)."""
        return {**self.windows, "window": self.window_level}


@may_refuse
def judge(
    model,
    purchases: Purchases,
    observation_end,
    *,
    days: int,
    fixed_days: Sequence[int],
    certainty: Certainty,
    time_unit: str = "week",
    rules: DateRules | None = None,
    gone_below: float = 0.05,
) -> Judged:
    """Judge rankings, fixed rules and the dates on the last days, from what was known before them.

    The own rhythm is held against the best fixed rule: which one that is, is learnt from every second customer, and
    both are judged on the others, so that the choice favours neither.

    Parameters
    ----------
    model : fitter
        Of orders: one of its kind is fitted on what was known then.
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Last day of the data.
    days : int
        Kept back.
    fixed_days : sequence of int
        Days of silence after which a fixed rule calls a customer gone: those to choose from.
    certainty : Certainty
        Level of the intervals, what no model sees of a total's, and the seed of places and bootstraps.
    time_unit : {"day", "week", "month"}
        Of the model.
    rules : DateRules, optional
        Of which the width of the windows is used; the usual ones without them.
    gone_below : float
        Chance of so long a silence in the own rhythm below which the rhythm calls a customer gone.

    Returns
    -------
    Judged
        ``too_short`` where there was too little history, ``unknown`` where a rule flagged nobody or everybody.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> from regulars.simulate import order_log
    >>> purchases = Purchases.of(order_log(customers=300, seed=2))
    >>> sure = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    >>> judge(BetaGeoFitter(), purchases, "2025-12-31", days=90, fixed_days=[60, 90, 180], certainty=sure).verdict
    <RuleVerdict.ALIKE: 'alike'>
    """
    cutoff = pd.Timestamp(observation_end).normalize() - pd.Timedelta(days=days)
    level, seed = certainty.level, certainty.seed
    past = past_of(model, purchases, observation_end, cutoff=cutoff, time_unit=time_unit, level=level)
    if past is None:
        return Judged(RuleVerdict.TOO_SHORT, cutoff, days, 0)
    unit, came = unit_days(time_unit), past.came
    chance, silence = _own_rhythm(past, time_unit), np.rint((past.history[2] - past.history[1]) * unit)
    order = np.random.default_rng(seed).permutation(len(came))
    learn, test = order[::2], order[1::2]
    fixed = _fixed_rules(~came[learn], silence[learn], fixed_days)
    best = int(fixed.loc[fixed["score"].idxmax(), "days"])
    flagged = flagged_beside(~came[test], chance[test] < gone_below, silence[test] > best, level=level, seed=seed)
    places = next_order_pit(past.model, past.table, past.days_until, horizon_days=days, days_per_unit=unit, seed=seed)
    window_level = (rules or DateRules()).window_level
    reliability = reliability_table(past.chance, came, level=level).drop(columns="predicted_raw")
    return Judged(
        _rule(flagged.gap),
        cutoff,
        days,
        best,
        past.forecast(certainty),
        float(came.sum()),
        fixed,
        beside(came, _scores(past, chance, silence, days / unit), Ranking.RECENCY, level=level, seed=seed),
        flagged,
        dates_calibration(places, window_level=window_level, level=level),
        reliability.rename(columns={"low": "observed_low", "high": "observed_high"}),
        window_level,
    )


def _fixed_rules(away: np.ndarray, silence: np.ndarray, candidates: Sequence[int]) -> pd.DataFrame:
    """Each fixed rule: the share that it flags of those who stayed away, and of those who came."""
    flags = silence[:, None] > np.asarray(candidates)[None, :]
    caught, wrong = (
        flags[rows].mean(axis=0) if rows.any() else np.full(len(candidates), np.nan) for rows in (away, ~away)
    )
    score = np.nan_to_num(caught - wrong)
    return pd.DataFrame({"days": list(candidates), "caught": caught, "wrong": wrong, "score": score})


def _own_rhythm(past: Past, time_unit: str) -> np.ndarray:
    """Chance of the silence of each customer on that day."""
    rhythm, (frequency, recency, age) = rhythm_of(past.model, time_unit=time_unit), past.history
    unit = rhythm.days_per_unit
    return rhythm_chance(frequency, recency * unit, age * unit, gaps_days=past.gaps, rhythm=rhythm)


def _scores(past: Past, chance: np.ndarray, silence: np.ndarray, ahead: float) -> dict[str, np.ndarray]:
    model, history = past.model, past.history
    return {
        Ranking.P_ACTIVE: np.asarray(model.probability_active(ahead, *history)),
        Ranking.EXPECTED_ORDERS: np.asarray(model.conditional_expected_number_of_purchases_up_to_time(ahead, *history)),
        Ranking.OWN_RHYTHM: chance,
        Ranking.RECENCY: -silence,
    }


def _rule(gap: Estimate) -> RuleVerdict:
    verdicts = {Change.UP: RuleVerdict.OWN, Change.DOWN: RuleVerdict.FIXED, Change.UNCLEAR: RuleVerdict.ALIKE}
    return verdicts.get(against(gap), RuleVerdict.UNKNOWN)


@tells
def tell_judged(judged: Judged) -> Finding:
    """What told best who would stay.

    Parameters
    ----------
    judged : Judged
        Of `judge`.

    Returns
    -------
    Finding
        Its verdict is a `RuleVerdict`; frames ``rankings`` and ``reliability``.
    """
    if judged.verdict is RuleVerdict.TOO_SHORT:
        return Finding(judged.verdict, {"days": judged.days})
    facts = {"days": judged.days, "cutoff": judged.cutoff, "fixed_days": judged.fixed_days, **judged.window_facts}
    facts |= {"forecast": judged.forecast, "came": judged.came, "n": judged.forecast.n}
    facts["held"] = hindsight_verdict(judged.forecast, judged.came)
    if judged.verdict is not RuleVerdict.UNKNOWN:
        flagged = judged.flagged
        facts |= {"gap": flagged.gap, "own": flagged.own, "fixed": flagged.fixed}
        for rule in ("own", "fixed"):
            facts |= {f"{rule}_caught": flagged.caught[rule], f"{rule}_wrong": flagged.wrong[rule]}
    frames = {"rules": judged.rules} | ({"rankings": judged.rankings} if len(judged.rankings) else {})
    return Finding(judged.verdict, facts, frames | {"reliability": judged.reliability})
