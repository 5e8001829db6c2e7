"""How far a forecast can be trusted: every model put back to earlier days, and the one that may be told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from regulars.clv.backtest_table import MONEY_METRICS, by_decile, scorecard
from regulars.clv.backtesting import COMBINED, RULES, Fold, LeftOut, backtest_folds
from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.coverage import Coverage, holdout_coverage
from regulars.clv.fold_metrics import score_folds
from regulars.clv.headline import (
    NAIVE,
    Headline,
    choose_headline,
    fold_totals,
    horizon_tests,
    rolling_cutoffs,
    season_of,
)
from regulars.clv.value import DAYS_PER_MONTH
from regulars.clv.verdicts import FoldVerdict, HeadlineVerdict, TrustVerdict
from regulars.errors import UntoldError, UserError
from regulars.finding import Remark, may_refuse
from regulars.labels import Held, Miss, Season
from regulars.purchases import Purchases
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate

PLACES = ("first", "second", "third")  # of the misses that are told in a sentence
RIGHT = 0.005  # a miss below this share is told as none
TOLD = "told"  # in the scorecard: the forecast that the page tells
AS_LONG = 0.97  # of the horizon: a test that lacks a few days of it stands for it


@dataclass(frozen=True)
class PastTest:
    """What was forecast for a stretch of the past, and what came.

    Parameters
    ----------
    cutoff : date
        Last day that the forecast knew.
    days : int
        That followed it.
    forecast : Estimate
        Orders of the customers known then.
    came : int
        Orders of these customers that came.
    miss : float
        forecast / came − 1.
    naive : float
        What each customer's past orders per unit of time, carried on, would have said.
    verdict : FoldVerdict
        Low: more came than the interval holds. Naive: the headline is the naive rate itself.
    held : Held
        Whether what came lay in the interval.
    """

    cutoff: date
    days: int
    forecast: Estimate
    came: int
    miss: float
    naive: float
    verdict: FoldVerdict
    held: Held

    @property
    def way(self) -> Miss:
        """On which side of what came the forecast lay."""
        return Miss.RIGHT if abs(self.miss) < RIGHT else Miss.LOW if self.miss < 0 else Miss.HIGH


@dataclass(frozen=True, repr=False)
class Trust:
    """How far a forecast can be trusted: what it said on past days, and what came.

    Parameters
    ----------
    headline : Headline
        Which forecast may be told.
    totals : pandas.DataFrame
        Of the headline's model, per test, as `fold_totals` gives them, with ``season`` (`Season`): hold-outs that
        follow one another, the last of which ends with the data.
    scores : pandas.DataFrame
        Of every model on the last hold-out, as `regulars.clv.backtest` gives them.
    coverage : Coverage
        Of the intervals of single customers.
    combination : {"fixed", "shape"}
        Which kind of combined forecast was judged at the last cutoff.
    left_out : list of LeftOut
        A sentence for each cutoff that could not be used.
    drawn_from : int
        Customers of whom a sample was judged; 0: all were.
    at_horizon : pandas.DataFrame
        As ``totals``, of the tests at the horizon told, or at the longest that the history allows; may be empty.
    horizon_days : int
        The horizon told; 0: that of the hold-outs.
    deciles : pandas.DataFrame
        Orders and money told and come on the last hold-out, as `regulars.clv.backtest_table.by_decile` has them.
    """

    headline: Headline
    totals: pd.DataFrame
    scores: pd.DataFrame
    coverage: Coverage
    combination: str | None
    left_out: list[LeftOut]
    drawn_from: int = 0
    at_horizon: pd.DataFrame = field(default_factory=pd.DataFrame)
    horizon_days: int = 0
    deciles: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def scored_customers(self) -> int:
        """Customers known at the last cutoff."""
        return int(self.totals["customers"].iloc[-1])

    @property
    def days(self) -> int:
        """Length of each hold-out."""
        return int(self.totals["days"].iloc[-1])

    @property
    def tests(self) -> pd.DataFrame:
        """Every test, those of the hold-outs first: as ``totals``."""
        return pd.concat([self.totals, self.at_horizon], ignore_index=True) if len(self.at_horizon) else self.totals

    @property
    def last(self) -> PastTest:
        """The hold-out that ends with the data."""
        return self._test(self.totals.iloc[-1])

    @property
    def longest(self) -> PastTest:
        """The latest of the longest tests: at the horizon told, where the history allows it."""
        return self._test(self.tests.iloc[-1])

    @property
    def worst(self) -> PastTest:
        """The test that missed most, by the logarithm of forecast over what came."""
        known = self.tests[(self.tests["came"] > 0) & (self.tests["expected"] > 0)]
        if not len(known):
            return self.longest
        miss = np.abs(np.log(known["expected"].to_numpy(float) / known["came"].to_numpy(float)))
        return self._test(known.iloc[int(np.argmax(miss))])

    @property
    def is_tested(self) -> bool:
        """Whether a test was as long as the horizon told, but for a few days."""
        return int(self.tests["days"].max()) >= AS_LONG * self.horizon_days

    def _test(self, row: pd.Series) -> PastTest:
        forecast = Estimate.of((row[name] for name in ("expected", "low", "high")), int(row["customers"]))
        is_naive = self.headline.verdict == HeadlineVerdict.NAIVE
        found = FoldVerdict(row["verdict"])
        return PastTest(
            cutoff=row["cutoff"].date(),
            days=int(row["days"]),
            forecast=forecast,
            came=int(row["came"]),
            miss=float(row["miss"]),
            naive=float(row["naive"]),
            verdict=FoldVerdict.NAIVE if is_naive else found,
            held=Held.INSIDE if found == FoldVerdict.INSIDE else Held.OUTSIDE,
        )

    @property
    def misses(self) -> list[Remark]:
        """How far each total was off, the last three of them: one remark to be said, and one per cutoff left out.

        The first has as its code how many there are; its facts are ``first``, ``second`` … (shares of what came) and
        ``first_way`` … (`regulars.labels.Miss`). Then whether the horizon told was tested, and by which season.
        """
        known = self.totals[self.totals["miss"].notna()].iloc[-len(PLACES) :]
        facts: dict = {"days": self.days}
        for place, (_, row) in zip(PLACES, known.iterrows(), strict=False):
            test = self._test(row)
            facts |= {place: test.miss, f"{place}_way": test.way}
        told = [Remark(f"last_{len(known)}", facts)] if len(known) else []
        if self.horizon_days:
            longest = self.longest
            facts = {"tested": longest.days, "horizon": round(self.horizon_days / DAYS_PER_MONTH)}
            told.append(Remark("tested" if self.is_tested else "untested", facts | {"cutoff": longest.cutoff}))
            if not self.is_tested:
                season = Season(self.tests["season"].iloc[-1])
                told.append(Remark("season_same" if season == Season.SAME else "season_other"))
        if self.drawn_from:
            told.append(Remark("sampled", {"customers": self.scored_customers, "base": self.drawn_from}))
        return told + [Remark(one.code, {"cutoff": one.cutoff.date()}) for one in self.left_out]

    @property
    def scorecard(self) -> pd.DataFrame:
        """Each model's scores on the last hold-out, as `regulars.clv.backtest_table.scorecard` lays them out."""
        return scorecard(self.scores)

    @property
    def money_scorecard(self) -> pd.DataFrame:
        """The same of money: each model's orders times spend per order, beside the revenue of the period before."""
        return scorecard(self.scores, "spend", MONEY_METRICS)

    @property
    def verdict(self) -> TrustVerdict:
        """Whether every total lay in its interval."""
        return TrustVerdict.INSIDE if (self.tests["verdict"] == FoldVerdict.INSIDE).all() else TrustVerdict.OUTSIDE

    def __repr__(self) -> str:
        """The headline, and what was forecast and came on the last hold-out."""
        then = self.last
        return (
            f"{self.headline}\nlast hold-out, from {then.cutoff}: {then.forecast.value:,.0f} orders forecast "
            f"({then.forecast.low:,.0f} to {then.forecast.high:,.0f}), {then.came:,} came: {then.verdict}"
        )


@may_refuse
def judge_forecasts(
    purchases: Purchases,
    observation_end,
    holdout_days: int,
    *,
    certainty: Certainty,
    folds: int = 3,
    folds_needed: int = 2,
    strict: bool = False,
    time_unit: str = "week",
    fitter: Callable = BetaGeoFitter,
    models: Iterable[str] = ("bg_nbd", COMBINED, NAIVE, "recency", "last_period"),
    bootstraps: int = 200,
    horizon_days: int = 0,
    uncertainty: float | str | None = None,
) -> Trust:
    """Judge every forecast on hold-outs that follow one another up to the end of the data, and pick the headline.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers, or of a sample where they are many.
    observation_end : date
        Last day observed.
    holdout_days : int
        Length of each hold-out.
    certainty : Certainty
        Level of the intervals, what no model sees of a total's level, seed.
    folds : int
        Hold-outs at most; a cutoff with less history before it than half a hold-out is left out.
    folds_needed : int
        In which the combined forecast must beat the reference beyond noise to become the headline.
    strict : bool
        Stop where nothing beats each customer's past rate carried on.
    time_unit : {"day", "week", "month"}
        In which the models count.
    fitter : callable
        Makes the model whose intervals for single customers are judged.
    models : iterable of str
        Names as for `regulars.clv.backtest`; bg_nbd, combined and naive are among them.
    bootstraps : int
        Resamples of the customers behind the intervals of the scores.
    horizon_days : int
        For which the forecast is told: the headline is also put to tests of that length, or of the longest that the
        history allows; 0: the hold-outs are enough.
    uncertainty : float or "auto", optional
        Of the level, as `regulars.clv.read_level` takes it: forecasts are judged as they are told, with scenarios of
        dropout and the level that each cutoff's signs teach. By default as models and rules say, with the certainty's.

    Returns
    -------
    Trust
        A `regulars.finding.Refusal` where no cutoff has the customers that a model needs.

    Raises
    ------
    UserError
        Where the hold-out is too long for the history, or under ``strict``.

    Examples
    --------
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
    >>> judge_forecasts(purchases, "2025-12-31", 90, certainty=certainty, folds=2, bootstraps=20)
    bg_nbd (reference), judged on 2 hold-outs: ...
    last hold-out, from 2025-10-02: 112 orders forecast (86 to 146), 108 came: inside
    """
    cutoffs = rolling_cutoffs(purchases.first, observation_end, holdout_days, folds)
    if not cutoffs:
        raise UserError(
            f"params.yaml: value.holdout_days is {holdout_days}, and the orders are too few days long to keep back so "
            "many and half as many before them: give a shorter hold-out or a longer history."
        )
    models = list(models)
    try:
        judged, left_out = backtest_folds(
            purchases,
            cutoffs,
            holdout_days,
            models,
            observation_end=observation_end,
            time_unit=time_unit,
            uncertainty=uncertainty,
        )
    except ValueError as error:
        raise UntoldError(f"No forecast can be judged on past orders: {error}") from error
    level, seed = certainty.level, certainty.seed
    headline = choose_headline(
        [fold.as_judged() for fold in judged],
        rules=tuple(rule for rule in (NAIVE, "last_period") if rule in models),
        folds_needed=folds_needed,
        strict=strict,
        level=level,
        bootstraps=bootstraps,
        seed=seed,
    )
    ranges = {"level": level, "level_uncertainty": certainty.level_uncertainty}
    totals = _with_season(fold_totals(judged, headline.model, holdout_days, **ranges), observation_end)
    long = pd.DataFrame()
    if horizon_days:
        found = [
            fold_totals([fold], headline.model, days, **ranges)
            for cutoff, days in horizon_tests(purchases.first, observation_end, horizon_days, holdout_days)
            for fold in _folds_of(purchases, cutoff, days, headline.model, observation_end, time_unit, uncertainty)
        ]
        long = _with_season(pd.concat(found, ignore_index=True), observation_end) if found else long
    last = with_told(judged[-1], headline.model)
    return Trust(
        headline=headline,
        totals=totals,
        scores=score_folds([last], level=level, bootstraps=bootstraps, seed=seed),
        coverage=holdout_coverage(judged, holdout_days, time_unit=time_unit, fitter=fitter, level=level),
        combination=judged[-1].combination,
        left_out=left_out,
        drawn_from=purchases.drawn_from,
        at_horizon=long,
        horizon_days=horizon_days,
        deciles=by_decile(last, TOLD if TOLD in last.orders else headline.model),
    )


def with_told(fold: Fold, model: str) -> Fold:
    """A fold with one forecast more, the one that is told."""
    if fold.told is None:
        return fold
    orders, before = fold.told[model], fold.orders[model].to_numpy()
    factor = np.divide(orders.to_numpy(), before, out=np.ones_like(before), where=before > 0)
    lifted = -np.expm1(factor * np.log1p(-np.minimum(fold.p_order[model].to_numpy(), 1 - 1e-12)))
    return replace(
        fold,
        orders=fold.orders.assign(**{TOLD: orders}),
        p_order=fold.p_order.assign(**{TOLD: lifted}),
        spend=fold.spend.assign(**{TOLD: fold.spend[model] * factor}),
    )


def _folds_of(purchases, cutoff, days, model, observation_end, time_unit, uncertainty) -> list:
    """The fold of one test, or none where it cannot be made."""
    names = list(dict.fromkeys((model, NAIVE) if model not in RULES else ("bg_nbd", model, NAIVE)))
    try:
        return backtest_folds(
            purchases,
            [cutoff],
            days,
            names,
            observation_end=observation_end,
            time_unit=time_unit,
            uncertainty=uncertainty,
        )[0]
    except ValueError:
        return []


def _with_season(totals: pd.DataFrame, observation_end) -> pd.DataFrame:
    seasons = [
        str(season_of(cutoff, days, observation_end))
        for cutoff, days in zip(totals["cutoff"], totals["days"], strict=True)
    ]
    return totals.assign(season=seasons)
