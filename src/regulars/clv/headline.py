"""Which forecast a page may open with: by rules on past hold-outs, never by eye."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd

from regulars.clv.backtesting import COMBINED, Fold, forecast_now
from regulars.clv.combining import poisson_deviance
from regulars.clv.fold_metrics import metrics_by_model, point_and_ends
from regulars.clv.in_memory import Scored
from regulars.clv.level import Level
from regulars.clv.uncertainty import holding
from regulars.clv.value import DAYS_PER_MONTH
from regulars.clv.verdicts import FoldVerdict, HeadlineVerdict
from regulars.errors import UserError
from regulars.finding import may_refuse
from regulars.labels import Season
from regulars.purchases import Purchases
from regulars.rounding import round_significant
from regulars.settings import Economics
from regulars.statistics.intervals import Estimate, z_value

NAIVE = "naive"
HISTORY = 0.4  # of the horizon, that must lie before a test at the horizon told
SHORTER = 2 / 3  # of a shorter test's length, that must lie before it
SEASON_DAYS = 45  # by which two stretches may begin apart in the year and still share a season
JUDGED = ("deviance", "rmse")
ALIKE = 1e-3  # of a customer's forecast, by which two may part and be one forecast still


@dataclass(frozen=True, repr=False)
class Headline:
    """The forecast that the page opens with, and why.

    Parameters
    ----------
    model : str
        Its name: the reference, the candidate, or ``naive``.
    verdict : HeadlineVerdict
        Candidate: it beat the reference beyond noise on as many folds as the rule asks for. Naive: neither beat the
        naive rate.
    folds : int
        Judged.
    wins, losses : int
        Folds in which the candidate was better than the reference beyond noise, and worse.
    beat_naive : int
        Folds in which the reference or the candidate was better than the naive rate beyond noise.
    folds_needed : int
        Wins that the rule asks for.
    comparisons : pandas.DataFrame
        cutoff, model, against, metric, value, low, high: model minus the one that it is held against, paired.
    """

    model: str
    verdict: HeadlineVerdict
    folds: int
    wins: int
    losses: int
    beat_naive: int
    folds_needed: int
    comparisons: pd.DataFrame

    def __repr__(self) -> str:
        """The model, and the counts behind the choice."""
        return (
            f"{self.model} ({self.verdict}), judged on {self.folds} hold-outs: the candidate beat the reference beyond "
            f"noise on {self.wins} ({self.folds_needed} are asked for) and lost on {self.losses}; a model beat the "
            f"naive rate on {self.beat_naive}"
        )


def rolling_cutoffs(observation_start, observation_end, holdout_days: int, folds: int = 3) -> list[pd.Timestamp]:
    """Cutoffs whose hold-outs follow one another without overlap up to the end of the data, earliest first.

    Parameters
    ----------
    observation_start, observation_end : date
        First and last day observed.
    holdout_days : int
        Length of each hold-out.
    folds : int
        At most; a cutoff with less history before it than half a hold-out is left out.

    Returns
    -------
    list of pandas.Timestamp

    Examples
    --------
    >>> [str(cutoff.date()) for cutoff in rolling_cutoffs("1997-01-01", "1998-06-30", 180)]
    ['1997-07-05', '1998-01-01']
    """
    start, end = (pd.Timestamp(day).normalize() for day in (observation_start, observation_end))
    cutoffs = [end - timedelta(days=int(holdout_days) * number) for number in range(folds, 0, -1)]
    return [cutoff for cutoff in cutoffs if (cutoff - start).days >= holdout_days / 2]


def horizon_tests(
    observation_start, observation_end, horizon_days: int, holdout_days: int, most: int = 3
) -> list[tuple[pd.Timestamp, int]]:
    """Tests of a forecast at the horizon that it is told for, or at the longest that the history allows.

    Parameters
    ----------
    observation_start, observation_end : date
        First and last day observed.
    horizon_days : int
        For which the forecast is told.
    holdout_days : int
        Length of the tests that are made anyway; none is added that is no longer.
    most : int
        Tests at most; they follow one another without overlap up to the end of the data.

    Returns
    -------
    list of (pandas.Timestamp, int)
        Cutoff and days that follow it, the earliest first. Before each cutoff lie `HISTORY` times as many at
        least, before one that is shorter than the horizon `SHORTER` times as many.

    Examples
    --------
    >>> [(str(cutoff.date()), days) for cutoff, days in horizon_tests("1997-01-01", "1998-06-30", 365, 180)]
    [('1997-06-30', 365)]
    >>> [(str(cutoff.date()), days) for cutoff, days in horizon_tests("2010-12-01", "2011-12-09", 365, 180)]
    [('2011-04-30', 223)]
    >>> horizon_tests("2010-12-01", "2011-05-01", 365, 180)
    []
    """
    start, end = (pd.Timestamp(day).normalize() for day in (observation_start, observation_end))
    cutoffs = [end - timedelta(days=int(horizon_days) * number) for number in range(most, 0, -1)]
    tests = [(cutoff, int(horizon_days)) for cutoff in cutoffs if (cutoff - start).days >= HISTORY * horizon_days]
    if not tests:
        longest = min(int((end - start).days / (1 + SHORTER)), int(horizon_days))
        tests = [(end - timedelta(days=longest), longest)]
    return [test for test in tests if test[1] > holdout_days]


def _wins(verdicts: pd.Series, folds_needed: int) -> bool:
    """Whether one beats another on as many folds as it takes, and on more than it loses."""
    wins, losses = (int((verdicts == sign).sum()) for sign in (1, -1))
    return wins >= folds_needed and wins > losses


def choose_headline(
    folds: Iterable[Fold],
    *,
    candidate: str = COMBINED,
    reference: str = "bg_nbd",
    rules: tuple[str, ...] = (NAIVE,),
    folds_needed: int = 2,
    strict: bool = False,
    level: float = 0.9,
    bootstraps: int = 200,
    seed: int = 0,
) -> Headline:
    """Decide between the reference, the candidate and the naive rate from what came after past cutoffs.

    The candidate wins a fold where the interval of its Poisson deviance less the reference's lies below zero and
    its RMSE is not worse beyond noise; it becomes the headline with ``folds_needed`` wins that outnumber its
    losses. The naive rate becomes the headline where neither model wins more folds against it than it loses. Another
    rule of thumb does where it wins against both as the candidate would have to. Intervals are paired: both forecasts
    are judged on the same resampled customers.

    Parameters
    ----------
    folds : iterable of Fold
        As `regulars.clv.backtest_folds` gives them; each holds the candidate, the reference and ``naive``.
    candidate, reference : str
        Names of the two models between which is decided.
    rules : tuple of str
        Rules of thumb: the first is the naive rate, which one of the two has to beat; another is told where it is
        better than both, as a candidate would have to be.
    folds_needed : int
        Wins that the candidate needs, or all where there are fewer folds: it is borne out by many logs. A rule of thumb
        is not, and always needs as many.
    strict : bool
        Raise where the naive rate would become the headline.
    level : float
        Of the paired intervals.
    bootstraps, seed : int
        Resamples of the customers, and what they are drawn by.

    Returns
    -------
    Headline

    Raises
    ------
    UserError
        Under ``strict``, where nothing beats the naive rate.
    """
    folds = list(folds)
    against_rules = [(model, rule) for rule in rules for model in (reference, candidate)]
    rivals = ((candidate, reference), *against_rules)
    resampled = {"level": level, "bootstraps": bootstraps, "seed": seed}
    found = [row for fold in folds for row in _apart(fold, rivals, **resampled)]
    table = pd.DataFrame(found, columns=["cutoff", "model", "against", "metric", "value", "low", "high"])
    first, others = rules[0], rules[1:]
    verdicts = {pair: _verdicts(table, *pair) for pair in rivals}
    against_reference = verdicts[candidate, reference]
    wins, losses = (int((against_reference == sign).sum()) for sign in (1, -1))
    beats = {model: int(verdicts[model, first].sum()) > 0 for model in (reference, candidate)}
    beat_naive = int(np.maximum(verdicts[reference, first] > 0, verdicts[candidate, first] > 0).sum())
    winning = [
        rule for rule in others if all(_wins(-verdicts[model, rule], folds_needed) for model in (reference, candidate))
    ]
    unbeaten = winning or ([] if any(beats.values()) else [first])
    better = _wins(against_reference, min(folds_needed, len(folds)))
    verdict = (
        HeadlineVerdict.NAIVE if unbeaten
        else HeadlineVerdict.CANDIDATE if better and beats[candidate] else HeadlineVerdict.REFERENCE
    )  # fmt: skip
    if strict and verdict == HeadlineVerdict.NAIVE:
        when = ", ".join(str(fold.cutoff.date()) for fold in folds)
        raise UserError(
            f"params.yaml: value.strict is true, and after {when} no model forecast better than each customer's past "
            "rate carried on: set it to false to go on with that rate, or supply a longer history."
        )
    rule = min(unbeaten, key=lambda rule: _mean_deviance(folds, rule), default=first)
    model = dict(zip(HeadlineVerdict, (candidate, reference, rule), strict=True))[verdict]
    return Headline(model, verdict, len(folds), wins, losses, beat_naive, folds_needed, table)


def _mean_deviance(folds: list[Fold], name: str) -> float:
    """Poisson deviance of a forecast of orders, over all folds."""
    found = [
        poisson_deviance(fold.customers["holdout_orders"].to_numpy(float), fold.orders[name].to_numpy(float)).mean()
        for fold in folds
    ]
    return float(np.mean(found))


def _apart(fold, rivals, *, level, bootstraps, seed):
    """Rows of paired differences in the judged metrics of orders."""
    names = list(dict.fromkeys(name for pair in rivals for name in pair))
    missing = [name for name in names if name not in fold.orders]
    if missing:
        raise ValueError(f"cutoff {fold.cutoff.date()}: the folds lack a forecast by {missing[0]}; add it to models.")
    only = replace(fold, orders=fold.orders[names], p_order=fold.p_order[names], spend=fold.spend[names])
    found = metrics_by_model(only, bootstraps, seed, ("orders",))
    for model, against in rivals:
        if np.allclose(fold.orders[model], fold.orders[against], rtol=ALIKE, atol=ALIKE**2):
            yield from ((fold.cutoff, model, against, metric, 0.0, 0.0, 0.0) for metric in JUDGED)
            continue
        for metric in JUDGED:
            apart = found[model, "orders"][metric] - found[against, "orders"][metric]
            yield (fold.cutoff, model, against, metric, *point_and_ends(apart, level))


def _verdicts(table, model, against) -> np.ndarray:
    """Per fold: 1 where the model's deviance is better beyond noise and its RMSE not worse, -1 where it is worse."""
    rows = table[(table["model"] == model) & (table["against"] == against)]
    high, low = (rows.pivot(index="cutoff", columns="metric", values=end) for end in ("high", "low"))
    won, lost = (high["deviance"] < 0) & ~(low["rmse"] > 0), low["deviance"] > 0
    return won.to_numpy().astype(int) - lost.to_numpy().astype(int)


def fold_totals(
    folds: Iterable[Fold],
    model: str,
    horizon_days: int,
    *,
    level: float = 0.9,
    level_uncertainty: float = 0.12,
) -> pd.DataFrame:
    """Total of each fold's forecast beside what came.

    Parameters
    ----------
    folds : iterable of Fold
        As `regulars.clv.backtesting.backtest_folds` gives them.
    model : str
        Whose forecast.
    horizon_days : int
        Length of what is forecast.
    level : float
        Of the interval of the total.
    level_uncertainty : float
        Standard deviation of a total's level that no model sees, as a share; chance adds to it, as large as the
        customers' own misses are. Folds with a level of their own are told by that.

    Returns
    -------
    pandas.DataFrame
        cutoff, until (dates), customers, expected, low, high, came (orders), days (between the dates), miss
        (expected / came − 1; NaN where nothing came), verdict: ``inside`` the interval, or the forecast was too ``low``
        or too ``high``, naive (what past rates carried on would have said; NaN where they were not asked).
    """
    z, rows = z_value(level), []
    for fold in folds:
        y = fold.customers["holdout_orders"].to_numpy(float)
        f = (fold.orders if fold.told is None else fold.told)[model].to_numpy(float)
        unseen = level_uncertainty if fold.level is None else fold.level.spread
        expected, came = float(f.sum()), int(y.sum())
        chance = float(np.sqrt(((y - f) ** 2).sum())) / expected if expected > 0 else 0.0
        spread = float(np.exp(z * np.hypot(unseen, chance)))
        low, high = expected / spread, expected * spread
        rows.append(
            {
                "cutoff": fold.cutoff,
                "until": fold.cutoff + timedelta(days=int(horizon_days)),
                "customers": len(y),
                "expected": expected,
                "low": low,
                "high": high,
                "came": came,
                "days": int(horizon_days),
                "miss": expected / came - 1 if came else np.nan,
                "verdict": str(_verdict(came, low, high)),
                "naive": float(fold.orders[NAIVE].sum()) if NAIVE in fold.orders else np.nan,
            }
        )
    return pd.DataFrame(rows)


def season_of(cutoff, days: int, observation_end) -> Season:
    """Whether what followed a cutoff lies in the season that follows the end of the data.

    Examples
    --------
    >>> [str(season_of(cutoff, days, "2025-12-31")) for cutoff, days in (("2025-01-01", 180), ("2025-07-04", 180))]
    ['same', 'other']
    >>> str(season_of("2024-12-31", 365, "2025-12-31"))
    'whole'
    """
    if days >= 365 - SEASON_DAYS:
        return Season.WHOLE
    apart = (pd.Timestamp(observation_end).normalize() - pd.Timestamp(cutoff)).days % 365.25
    return Season.SAME if min(apart, 365.25 - apart) <= SEASON_DAYS else Season.OTHER


def _verdict(came: float, low: float, high: float) -> FoldVerdict:
    """Whether what came lies in the interval of its forecast, or on which side the forecast was off."""
    return FoldVerdict.INSIDE if low <= came <= high else FoldVerdict.LOW if came > high else FoldVerdict.HIGH


@may_refuse
def follow_headline(
    scored: Scored,
    headline: Headline,
    purchases: Purchases,
    *,
    observation_end,
    economics: Economics,
    learn_from: Purchases | None = None,
    level: Level | None = None,
) -> Scored:
    """Scores by the model that the rule has picked: those of the reference as they are, or moved to its forecast.

    Parameters
    ----------
    scored : Scored
        By the reference model.
    headline : Headline
        Which model it is.
    purchases : Purchases
        Of the customers scored.
    observation_end : date
        Last day observed.
    economics : Economics
        Horizon of the scores, and time unit of the models.
    learn_from : Purchases, optional
        Customers on whom the forecast is learnt, such as a sample of many; all by default.
    level : Level, optional
        Scenarios of dropout that are told with the model, and the level it is moved to.

    Returns
    -------
    Scored

    Examples
    --------
    >>> headline = Headline("bg_nbd", HeadlineVerdict.REFERENCE, 2, 0, 0, 2, 2, pd.DataFrame())
    >>> scored = Scored(pd.DataFrame(), Estimate(2, 1, 4), Estimate(20, 10, 40))
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> follow_headline(scored, headline, None, observation_end="2025-12-31", economics=economics) is scored
    True
    """
    if headline.verdict == HeadlineVerdict.REFERENCE and level is None:
        return scored
    forecast = forecast_now(
        purchases,
        observation_end,
        round(economics.horizon_months * DAYS_PER_MONTH),
        headline.model,
        time_unit=economics.time_unit,
        learn_from=learn_from,
        level=level,
    )
    return with_headline(scored, forecast, 1.0 if level is None else level.models)


def with_headline(scored: Scored, forecast: pd.DataFrame, models: float = 1.0) -> Scored:
    """Scores that follow another forecast of orders, customer by customer.

    Expected orders become the forecast's, and value goes with them: spend per order and discounting stay. Intervals of
    customers only ever widen, so that they hold what both forecasts say; those of totals move with the total.

    Parameters
    ----------
    scored : Scored
        By the reference model.
    forecast : pandas.DataFrame
        customer_id, expected_orders over the same horizon, as `regulars.clv.forecast_now` gives them; with scenarios of
        dropout, p_alive (their part).
    models : float
        Weight of the models beside scenarios of dropout; 1: there are none.

    Returns
    -------
    Scored
        ``p_alive`` and ``value_at_risk`` stay the reference model's: no other forecast knows who has left. Scenarios of
        dropout do: with them ``p_alive`` is mixed as the orders are, and ``value_at_risk`` is (1 − p_alive) × what the
        reference says a customer would bring who is still there, or what is expected where that is more.
        ``value_if_alive`` = ``clv`` + ``value_at_risk``: another forecast's value over a chance of next to nothing
        would be no sum of money.

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["a"], "expected_orders": [2.0], "expected_orders_low": [0.0], "expected_orders_high": [4.0],
    ...     "clv": [20.0], "clv_low": [0.0], "clv_high": [40.0], "value_if_alive": [25.0], "value_at_risk": [5.0]})
    >>> scored = Scored(customers, Estimate(2, 1, 4), Estimate(20, 10, 40))
    >>> other = with_headline(scored, pd.DataFrame({"customer_id": ["a"], "expected_orders": [1.0]}))
    >>> other.customers[["expected_orders", "expected_orders_high", "clv", "value_at_risk"]].to_numpy().tolist()
    [[1.0, 4.0, 10.0, 5.0]]
    >>> other.clv_total
    Estimate(value=10.0, low=5.0, high=20.0, n=0)
    """
    customers = scored.customers.copy()
    said = customers["customer_id"].map(forecast.set_index("customer_id")["expected_orders"])
    if said.isna().any():
        raise ValueError(f"customer {customers.loc[said.isna(), 'customer_id'].iloc[0]!r} has no forecast of orders.")
    before = customers["expected_orders"].to_numpy(float)
    factor = np.divide(said.to_numpy(float), before, out=np.zeros_like(before), where=before > 0)
    customers["expected_orders"] = said.to_numpy(float)
    nothing = customers["expected_orders_high"] < 1  # ranges that end at what the reference expected (`holding`)
    customers.loc[nothing, ["expected_orders_high", "clv_high"]] = 0.0
    for name in ("expected_orders", "clv"):
        low, high = (customers[f"{name}_{end}"].to_numpy(float) for end in ("low", "high"))
        moved_low, moved_high = low * factor, high * factor
        if name == "expected_orders":  # a number of orders is whole
            moved_low, moved_high = (round_significant(moved) for moved in (moved_low, moved_high))
            moved_low, moved_high = np.floor(moved_low), np.ceil(moved_high)
        customers[f"{name}_low"] = np.minimum(low, moved_low)
        customers[f"{name}_high"] = np.maximum(high, moved_high)
    worth = customers["clv"].to_numpy(float) * factor
    total, customers["clv"] = float(customers["clv"].sum()), worth
    if models < 1:
        part = customers["customer_id"].map(forecast.set_index("customer_id")["p_alive"]).to_numpy(float)
        customers["p_alive"] = np.clip(models * customers["p_alive"].to_numpy(float) + part, 0.0, 1.0)
        most = np.maximum(customers["value_if_alive"].to_numpy(float), worth)
        customers["value_at_risk"] = (1 - customers["p_alive"]) * most
    customers["value_if_alive"] = worth + customers["value_at_risk"]
    orders_ratio = float(said.sum() / before.sum()) if before.sum() > 0 else 1.0
    worth_ratio = float(worth.sum() / total) if total > 0 else 1.0
    return Scored(holding(customers), times(scored.orders_total, orders_ratio), times(scored.clv_total, worth_ratio))


def times(estimate: Estimate, factor: float) -> Estimate:
    """An estimate and the ends of its interval, times a factor."""
    return Estimate(estimate.value * factor, estimate.low * factor, estimate.high * factor, estimate.n)
