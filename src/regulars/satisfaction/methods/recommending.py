"""Recommendation, top answers and effort wave by wave, and whether they foretell orders."""

from collections.abc import Mapping
from enum import StrEnum

import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.labels import Change
from regulars.purchases import Purchases
from regulars.satisfaction.methods.repurchase import Foretold, ForetoldVerdict, foretell, repurchases
from regulars.satisfaction.survey.answers import item_answers
from regulars.satisfaction.survey.indices import csat, mean, nps, recommendation, top_box
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.satisfaction.survey.wide import factor_scores
from regulars.settings import SatisfactionSettings
from regulars.statistics.control import control_limits, needed_answers
from regulars.statistics.intervals import Estimate, against, from_row

LIMITS = {"recommendation": "nps", "overall": "csat", "effort": "ces"}  # short names of the measures by wave
HALF_WIDTH = 5.0  # points: half the interval that ``needed`` answers give


class RecommendVerdict(StrEnum):
    """Whether recommendation foretells orders better than every other score (yes), or worse than the best (no).

    None: no score is better than a coin; few: too few customers can be followed.
    """

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"
    NONE = "none"
    FEW = "few"


def nps_points(scores: pd.Series) -> pd.Series:
    """What each answer gives to the recommendation score: 100 for a promoter, −100 for a detractor, else 0.

    Parameters
    ----------
    scores : pandas.Series
        Answers from 0 to 10.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> nps_points(pd.Series([10, 8, 3])).tolist()
    [100.0, 0.0, -100.0]
    """
    points = {"promoter": 100.0, "passive": 0.0, "detractor": -100.0}
    return recommendation(scores).map(points).astype("float64")


def wave_measures(
    surveys: pd.DataFrame,
    survey_items: pd.DataFrame,
    items: Mapping[str, str],
    top_boxes: int = 2,
    *,
    half_width: float = HALF_WIDTH,
    level: float = 0.9,
    least: int = 30,
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Recommendation (NPS), top answers (CSAT) and effort (CES): where each stands, and each wave within its limits.

    Parameters
    ----------
    surveys, survey_items : pandas.DataFrame
        Clean tables.
    items : mapping
        Any of ``recommendation``, ``overall`` and ``effort`` to its item; what the survey does not ask is left out.
    top_boxes : int
        Boxes of the scale of ``overall`` that count as satisfied.
    half_width : float
        Points: half the interval that ``needed`` answers give.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    least : int
        Answers below which a wave is not judged.

    Returns
    -------
    measures : pandas.DataFrame
        One row per measure: ``score``, ``n``, ``value`` of the last wave with limits, in
        points (NPS −100 to 100, CSAT in percent, CES the mean from 0 to 100), ``needed`` answers, ``waves`` judged,
        ``outside`` of their limits.
    waves : dict
        By measure: as `control_limits`, in the same points.

    References
    ----------
    Reichheld, F. (2003), Harvard Business Review 81(12), 46-54 (NPS).
    Dixon, M. et al. (2010), Harvard Business Review 88(7/8), 116-122 (CES).
    """
    rows, waves = [], {}
    ends = survey_items.drop_duplicates("item").set_index("item")
    for score in ("recommendation", "overall", "effort"):
        if items.get(score) not in ends.index:
            continue
        answers = item_answers(surveys, items[score])
        low, high = ends.loc[items[score], ["scale_min", "scale_max"]].astype(float)
        points, told = _points(score, answers["score"], low, high, top_boxes)
        limits = control_limits(points, answers["wave"], least=least)
        if limits.empty:
            continue
        now = told(answers.loc[(answers["wave"] == limits["wave"].iloc[-1]).to_numpy(), "score"], level)
        judged = limits["limit_low"].notna()
        rows.append(
            {"score": score, "n": now.n, "value": now.value, "value_low": now.low, "value_high": now.high,
             "needed": needed_answers(float(points.var(ddof=0)), half_width, level), "waves": int(judged.sum()),
             "outside": int(limits["is_outside"].sum())}
        )  # fmt: skip
        waves[score] = limits
    names = ["score", "n", "value", "value_low", "value_high", "needed", "waves", "outside"]
    return pd.DataFrame(rows, columns=names), waves


def _points(score, answers, low, high, top_boxes):
    """What each answer gives to a measure, in points, and how the measure of some answers is estimated."""
    if score == "recommendation":
        return nps_points(answers), nps
    if score == "overall":
        hits = 100 * top_box(answers, high, top_boxes).astype("Float64").astype("float64")
        return hits, lambda some, level: _percent(csat(some, high, top_boxes, level))
    scaled = 100 * (answers - low) / (high - low)
    return scaled, lambda some, level: mean(100 * (some - low) / (high - low), level)


def _percent(share: Estimate) -> Estimate:
    return Estimate(100 * share.value, 100 * share.low, 100 * share.high, share.n)


@tells
def tell_recommend(survey: Survey, purchases: Purchases, end, settings: SatisfactionSettings) -> Finding:
    """Is "would you recommend us?" the one number: three measures under control, and what else foretells as well.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``recommend_item``, ``overall_item`` and ``questions.effort_item``; the constructs of satisfaction and
        loyalty; ``csat_top_box``; ``handling.return_days``: days after the answer in which an order counts.

    Returns
    -------
    Finding
        Verdict a `RecommendVerdict`; not supplied where the question is not asked.
    """
    asked = {"recommendation": settings.recommend_item, "overall": settings.overall_item,
             "effort": settings.questions.effort_item}  # fmt: skip
    if asked["recommendation"] not in set(survey.items["item"]):
        return Finding(NOT_SUPPLIED)
    measures, waves = wave_measures(
        survey.surveys, survey.items, asked, settings.csat_top_box, level=settings.interval_level,
        least=settings.min_answers,
    )  # fmt: skip
    if "recommendation" not in waves:
        raise UntoldError(f"Table surveys, item {asked['recommendation']}: nobody answered it.")
    now, within_days = measures.iloc[0], settings.handling.return_days
    scores = _scores(survey, asked, settings)
    answered = survey.wide[["customer_id", "answered_at"]].join(scores)
    followed = repurchases(answered, purchases, end, within_days)
    told = foretell(followed[list(scores)], followed["bought"], settings.interval_level)
    facts = {"nps": from_row(now, "value"), "needed": int(now["needed"]), "half_width": HALF_WIDTH,
             "days": within_days, "customers": told.n, "least": settings.min_answers} | _outside(measures)  # fmt: skip
    frames = {"measures": measures} | {LIMITS[score]: limits for score, limits in waves.items()}
    if len(told.table):
        own = told.table.set_index("score").loc["recommendation"]
        facts |= {"best": told.best, "auc": from_row(told.table.iloc[0], "auc"), "own": from_row(own, "auc")}
        frames["foretell"] = told.table
    return Finding(_verdict(told), facts, frames)


def _scores(survey: Survey, asked: Mapping[str, str], settings: SatisfactionSettings) -> pd.DataFrame:
    """What each respondent told in each wave: single questions, and means of several."""
    single = pd.DataFrame({name: survey.wide[item] for name, item in asked.items() if item in survey.wide})
    constructs = {"satisfaction": settings.satisfaction_construct, "loyalty": settings.questions.loyalty_construct}
    known = {name: construct for name, construct in constructs.items() if construct in set(survey.items["construct"])}
    several = factor_scores(survey.wide, survey.items, list(known.values()))
    return single.join(several.set_axis(list(known), axis=1))


def _verdict(told: Foretold) -> RecommendVerdict:
    if told.best == "recommendation" and told.verdict is ForetoldVerdict.BEST:
        return RecommendVerdict.YES
    if told.verdict in (ForetoldVerdict.BEST, ForetoldVerdict.UNCLEAR):
        behind = from_row(told.table.set_index("score").loc["recommendation"], "behind")
        return RecommendVerdict.NO if against(behind) is Change.UP else RecommendVerdict.UNCLEAR
    return RecommendVerdict(told.verdict)


def _outside(measures: pd.DataFrame) -> dict:
    """Waves judged, and outside their limits, of each measure by its short name; 0 of 0 for what is not asked."""
    told = measures.set_index("score").reindex(list(LIMITS))[["waves", "outside"]].fillna(0).astype(int)
    return {f"{LIMITS[score]}_{name}": int(row[name]) for score, row in told.iterrows() for name in told}
