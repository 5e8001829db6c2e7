"""How far a forecast can be trusted: every model put back to earlier days, and the one that may be told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from regulars.clv.backtest_table import scorecard
from regulars.clv.backtesting import COMBINED, LeftOut, backtest_folds
from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.coverage import Coverage, holdout_coverage
from regulars.clv.fold_metrics import score_folds
from regulars.clv.headline import NAIVE, Headline, choose_headline, fold_totals, rolling_cutoffs
from regulars.clv.verdicts import FoldVerdict, HeadlineVerdict, TrustVerdict
from regulars.errors import UntoldError, UserError
from regulars.finding import Remark, may_refuse
from regulars.labels import Miss
from regulars.purchases import Purchases
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate

PLACES = ("first", "second", "third")  # of the misses that are told in a sentence
RIGHT = 0.005  # a miss below this share is told as none


@dataclass(frozen=True, repr=False)
class Trust:
    """How far a forecast can be trusted: what it said on past days, and what came.

    Parameters
    ----------
    headline : Headline
        Which forecast may be told.
    totals : pandas.DataFrame
        Of the headline's model, per cutoff, as `fold_totals` gives them.
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
    """

    headline: Headline
    totals: pd.DataFrame
    scores: pd.DataFrame
    coverage: Coverage
    combination: str
    left_out: list[LeftOut]
    drawn_from: int = 0

    @property
    def scored_customers(self) -> int:
        """Customers known at the last cutoff."""
        return int(self.totals["customers"].iloc[-1])

    @property
    def days(self) -> int:
        """Length of each hold-out."""
        last = self.totals.iloc[-1]
        return (last["until"] - last["cutoff"]).days

    @property
    def last(self) -> "LastTest":
        """The hold-out that ends with the data."""
        row = self.totals.iloc[-1]
        forecast = Estimate(*(float(row[name]) for name in ("expected", "low", "high")), int(row["customers"]))
        is_naive = self.headline.verdict == HeadlineVerdict.NAIVE
        verdict = FoldVerdict.NAIVE if is_naive else FoldVerdict(row["verdict"])
        return LastTest(
            row["cutoff"].date(), forecast, int(row["came"]), float(row["miss"]), float(row["naive"]), verdict
        )

    @property
    def worst_miss(self) -> float:
        """Largest miss of a total among the hold-outs, as a share of what came, without its sign."""
        return float(self.totals["miss"].abs().max())

    @property
    def misses(self) -> list[Remark]:
        """How far each total was off, the last three of them: one remark to be said, and one per cutoff left out.

        The first has as its code how many there are; its facts are ``first``, ``second`` … (shares of what came) and
        ``first_way`` … (`regulars.labels.Miss`).
        """
        known = self.totals["miss"].dropna().iloc[-len(PLACES) :]
        facts: dict = {"days": self.days}
        for place, miss in zip(PLACES, known, strict=False):
            way = Miss.RIGHT if abs(miss) < RIGHT else Miss.LOW if miss < 0 else Miss.HIGH
            facts |= {place: float(miss), f"{place}_way": way}
        told = [Remark(f"last_{len(known)}", facts)] if len(known) else []
        if self.drawn_from:
            told.append(Remark("sampled", {"customers": self.scored_customers, "base": self.drawn_from}))
        return told + [Remark(one.code, {"cutoff": one.cutoff.date()}) for one in self.left_out]

    @property
    def scorecard(self) -> pd.DataFrame:
        """Each model's scores on the last hold-out, as `regulars.clv.backtest_table.scorecard` lays them out."""
        return scorecard(self.scores)

    @property
    def verdict(self) -> TrustVerdict:
        """Whether every total lay in its interval."""
        return TrustVerdict.INSIDE if (self.totals["verdict"] == FoldVerdict.INSIDE).all() else TrustVerdict.OUTSIDE

    def __repr__(self) -> str:
        """The headline, and what was forecast and came on the last hold-out."""
        then = self.last
        return (
            f"{self.headline}\nlast hold-out, from {then.cutoff}: {then.forecast.value:,.0f} orders forecast "
            f"({then.forecast.low:,.0f} to {then.forecast.high:,.0f}), {then.came:,} came: {then.verdict}"
        )


@dataclass(frozen=True)
class LastTest:
    """What was forecast for the last hold-out, and what came.

    Parameters
    ----------
    cutoff : date
        Last day that the forecast knew.
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
    """

    cutoff: date
    forecast: Estimate
    came: int
    miss: float
    naive: float
    verdict: FoldVerdict


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
    try:
        judged, left_out = backtest_folds(
            purchases, cutoffs, holdout_days, list(models), observation_end=observation_end, time_unit=time_unit
        )
    except ValueError as error:
        raise UntoldError(f"No forecast can be judged on past orders: {error}") from error
    level, seed = certainty.level, certainty.seed
    headline = choose_headline(
        judged, folds_needed=folds_needed, strict=strict, level=level, bootstraps=bootstraps, seed=seed
    )
    return Trust(
        headline=headline,
        totals=fold_totals(
            judged, headline.model, holdout_days, level=level, level_uncertainty=certainty.level_uncertainty
        ),
        scores=score_folds(judged[-1:], level=level, bootstraps=bootstraps, seed=seed),
        coverage=holdout_coverage(judged, holdout_days, time_unit=time_unit, fitter=fitter, level=level, seed=seed),
        combination=judged[-1].combination,
        left_out=left_out,
        drawn_from=purchases.drawn_from,
    )
