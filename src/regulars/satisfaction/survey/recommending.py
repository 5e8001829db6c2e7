"""Recommendation, top answers and effort wave by wave, and whether they foretell orders."""

from collections.abc import Mapping

import pandas as pd

from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, Finding
from regulars.purchases import Purchases
from regulars.satisfaction.methods.methods import factor_scores
from regulars.satisfaction.methods.repurchase import foretell, repurchases
from regulars.satisfaction.survey.answers import item_answers
from regulars.satisfaction.survey.indices import csat, mean, nps, recommendation, top_box
from regulars.statistics.control import control_limits, needed_answers
from regulars.statistics.intervals import Estimate, from_row

LIMITS = {"recommendation": "nps", "overall": "csat", "effort": "ces"}  # short names of the measures by wave


def nps_points(scores: pd.Series) -> pd.Series:
    """What each answer gives to the recommendation score: 100 for a promoter, −100 for a detractor, else 0.

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
    half_width: float = 5.0,
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
    least : int
        Answers below which a wave is not judged.

    Returns
    -------
    measures : pandas.DataFrame
        One row per measure: ``score`` (of `regulars.labels.Method`), ``n``, ``value`` of the last wave with limits, in
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
        scale = ends.loc[items[score], ["scale_min", "scale_max"]].astype(float)
        points, told = _points(score, answers["score"], *scale, top_boxes)
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


def recommend_finding(
    surveys: pd.DataFrame,
    survey_items: pd.DataFrame,
    every: pd.DataFrame,
    purchases: Purchases | None,
    observation_end,
    *,
    items: Mapping[str, str],
    constructs: Mapping[str, str],
    within_days: int = 180,
    top_boxes: int = 2,
    half_width: float = 5.0,
    level: float = 0.9,
    min_answers: int = 30,
) -> Finding:
    """Is "would you recommend us?" the one number: three measures under control, and what else foretells as well.

    Parameters
    ----------
    surveys, survey_items : pandas.DataFrame
    every : pandas.DataFrame
        As ``wide_answers(…, latest=False)`` gives them.
    purchases : regulars.purchases.Purchases or None
        None where the log is a sample of the orders.
    observation_end : date
    items : mapping
        ``recommendation``, and where asked ``overall`` and ``effort``, to their items.
    constructs : mapping
        Scores of several items (``satisfaction``, ``loyalty``) to their constructs.
    within_days : int
        Orders after the answer that count.
    top_boxes : int
        Boxes of the scale of ``overall`` that count as satisfied.
    half_width : float
        Points of the recommendation score, of the share of top answers and of effort.
    level : float
    min_answers : int
        Answers below which a wave is not judged.

    Returns
    -------
    Finding
        Verdict ``yes`` (recommendation foretells better than every other), ``no`` (another is better than all),
        ``unclear``, ``none`` or ``few``; not supplied without the item.
    """
    if items.get("recommendation") not in set(survey_items["item"]):
        return Finding(NOT_SUPPLIED)
    measures, waves = wave_measures(
        surveys, survey_items, items, top_boxes, half_width=half_width, level=level, least=min_answers
    )
    if "recommendation" not in waves:
        raise UserError(f"Table surveys, item {items['recommendation']}: nobody answered it.")
    now = measures.iloc[0]
    there = {name: item for name, item in items.items() if item in every}
    scores = pd.DataFrame({name: every[item] for name, item in there.items()})
    asked = set(survey_items["construct"])
    known = {name: construct for name, construct in constructs.items() if construct in asked}
    several = factor_scores(every, survey_items, list(known.values()))
    scores = scores.join(several.set_axis(list(known), axis=1))
    followed = repurchases(every[["customer_id", "answered_at"]].join(scores), purchases, observation_end, within_days)
    told = foretell(followed[list(scores)], followed["bought"], level)
    facts = {"nps": from_row(now, "value"), "needed": int(now["needed"]), "half_width": half_width,
             "days": within_days, "customers": told.n, "least": min_answers} | _outside(measures)  # fmt: skip
    frames = {"measures": measures} | {LIMITS[score]: limits for score, limits in waves.items()}
    verdict = told.verdict
    if len(told.table):
        first = told.table.iloc[0]
        own = told.table.set_index("score").loc["recommendation"]
        facts |= {
            "best": told.best,
            "auc": from_row(first, "auc"),
            "own": from_row(own, "auc"),
        }
        frames["foretell"] = told.table
        verdict = {"best": "yes" if told.best == "recommendation" else "no"}.get(verdict, verdict)
    return Finding(verdict, facts, frames)


def _outside(measures: pd.DataFrame) -> dict:
    """Waves judged, and outside their limits, of each measure by its short name; 0 of 0 for what is not asked."""
    told = measures.set_index("score").reindex(list(LIMITS))[["waves", "outside"]].fillna(0).astype(int)
    return {f"{LIMITS[score]}_{name}": int(row[name]) for score, row in told.iterrows() for name in told}
