"""Recommendation score, top-box share, satisfaction per customer, and each of them by group."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd
from scipy.special import chdtrc, stdtrit

from regulars.finding import Finding, tells
from regulars.labels import Recommendation, Segment
from regulars.satisfaction.survey.answers import shaped
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, share, z_value

SCALE = (0.0, 100.0)  # of scores and indices


def recommendation(scores: pd.Series) -> pd.Series:
    """Promoter (9, 10), passive (7, 8) or detractor (0 to 6), by the answer to "would you recommend us?".

    Parameters
    ----------
    scores : pandas.Series
        From 0 to 10. A missing score stays missing.

    Returns
    -------
    pandas.Series
        Values of `regulars.labels.Recommendation`, on the same index.

    Raises
    ------
    ValueError
        Where a score lies outside 0 to 10.

    References
    ----------
    Reichheld, F. F. (2003), Harvard Business Review 81(12), 46-54.

    Examples
    --------
    >>> recommendation(pd.Series([10, 8, 6])).tolist()
    ['promoter', 'passive', 'detractor']
    """
    scores = pd.Series(scores)
    if ((scores < 0) | (scores > 10)).any():
        raise ValueError("recommendation is asked from 0 to 10")
    names = np.select(
        [scores >= 9, scores >= 7],
        [Recommendation.PROMOTER.value, Recommendation.PASSIVE.value],
        default=Recommendation.DETRACTOR.value,
    )
    return pd.Series(names, index=scores.index, dtype="string").where(scores.notna())


def nps(scores, level: float = 0.9) -> Estimate:
    """Net promoter score: share of promoters less share of detractors, in points from −100 to 100.

    Parameters
    ----------
    scores : array of float
        From 0 to 10, one per respondent; missing ones are left out.
    level : float
        Of the adjusted-Wald interval: 3 answers more, ¾ of them promoters and ¾ detractors.

    Returns
    -------
    Estimate
        NaN without answers.

    References
    ----------
    Agresti, A. and Min, Y. (2005), Biometrics 61, 515-523 (the adjustment, for matched proportions).
    Rocks, B. (2016), The American Statistician 70, 365-372 (intervals for this score).

    Examples
    --------
    >>> result = nps([10] * 60 + [8] * 20 + [3] * 20, level=0.95)
    >>> round(result.value, 2), round(result.low, 2), round(result.high, 2), result.n
    (40.0, 23.38, 54.29, 100)
    """
    groups = recommendation(pd.Series(scores).dropna())
    n = len(groups)
    if n == 0:
        return Estimate(float("nan"))
    promoters = int((groups == Recommendation.PROMOTER).sum())
    detractors = int((groups == Recommendation.DETRACTOR).sum())
    p, d = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    reach = z_value(level) * np.sqrt((p + d - (p - d) ** 2) / (n + 3))
    centre = p - d
    low, high = max(centre - reach, -1.0), min(centre + reach, 1.0)
    return Estimate(100 * (promoters - detractors) / n, float(100 * low), float(100 * high), n)


def top_box(scores: pd.Series, scale_max: float, boxes: int = 2) -> pd.Series:
    """Whether an answer lies in the top boxes of its scale; missing stays missing.

    Parameters
    ----------
    scores : pandas.Series
        Answers on the item's scale.
    scale_max : float
        Upper end of the scale.
    boxes : int
        Top boxes that count, each one point wide.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> top_box(pd.Series([10.0, 9.0, 8.0]), scale_max=10).tolist()
    [True, True, False]
    """
    return (scores > scale_max - boxes).astype("boolean").where(scores.notna())


def csat(scores, scale_max: float, boxes: int = 2, level: float = 0.9) -> Estimate:
    """Share of answers in the top boxes of the scale, with Wilson's interval.

    Parameters
    ----------
    scores : array of float
        One per respondent; missing ones are left out.
    scale_max : float
        Upper end of the scale; boxes are one point wide.
    boxes : int
        Top boxes that count, each one point wide.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Estimate
        Share between 0 and 1.

    Examples
    --------
    >>> csat([5, 4, 3, 1], scale_max=5).value
    0.5
    """
    return rate(top_box(pd.Series(scores, dtype=float), scale_max, boxes), level)


def rate(flags: pd.Series, level: float = 0.9) -> Estimate:
    """Share of true ones among those known, with Wilson's interval.

    Parameters
    ----------
    flags : pandas.Series
        True, false or missing, one per respondent.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> rate(pd.Series([True, False, None], dtype="boolean")).value
    0.5
    """
    known = pd.Series(flags).dropna().astype(bool)
    return share(int(known.sum()), len(known), level)


def mean(values: pd.Series, level: float = 0.9) -> Estimate:
    """Mean of the known values with Student's interval; no interval for a single one.

    Parameters
    ----------
    values : pandas.Series
        Missing ones are left out.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> result = mean(pd.Series([60.0, 70.0, 80.0]), level=0.95)
    >>> result.value, round(result.low, 2), round(result.high, 2)
    (70.0, 45.16, 94.84)
    """
    known = pd.Series(values).dropna().to_numpy(dtype=float)
    n = len(known)
    if n == 0:
        return Estimate(float("nan"))
    if n == 1:
        return Estimate(float(known[0]), n=1)
    reach = float(stdtrit(n - 1, (1 + level) / 2) * known.std(ddof=1) / np.sqrt(n))
    return Estimate(float(known.mean()), float(known.mean()) - reach, float(known.mean()) + reach, n)


def mean_score(scores: pd.Series, level: float = 0.9) -> Estimate:
    """`mean` of scores from 0 to 100, with an interval that ends where the scale does.

    Parameters
    ----------
    scores : pandas.Series
        From 0 to 100; missing ones are left out.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> mean_score(pd.Series([100.0, 100.0, 75.0])).high
    100.0
    """
    told = mean(scores, level)
    return replace(told, low=float(np.clip(told.low, *SCALE)), high=float(np.clip(told.high, *SCALE)))


def latest_of(enough: np.ndarray) -> int:
    """Place of the latest wave with enough answers; of the last where none has.

    Parameters
    ----------
    enough : numpy.ndarray of bool
        Whether each wave, the first first, has enough answers.

    Returns
    -------
    int

    Examples
    --------
    >>> latest_of(np.array([True, True, False])), latest_of(np.array([False, False]))
    (1, 1)
    """
    told = np.flatnonzero(enough)
    return int(told[-1]) if len(told) else len(enough) - 1


def by_group(
    values: pd.Series,
    groups: pd.Series,
    measure: Callable[[pd.Series, float], Estimate],
    *,
    level: float = 0.9,
    min_answers: int = 0,
    order: list[str] | None = None,
) -> pd.DataFrame:
    """One measure for each group of respondents.

    Parameters
    ----------
    values : pandas.Series
        One per respondent: scores for `nps`, flags for `rate`, numbers for `mean`.
    groups : pandas.Series
        Group of each, on the same index: wave, segment, tier …; those without a group are left out.
    measure : callable
        (values, level) → Estimate.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    min_answers : int
        With fewer answers a group keeps its numbers but is marked as not enough to interpret.
    order : list of str, optional
        Groups in the order shown; those without answers are left out. Sorted by name without it.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``n``, ``value``, ``low``, ``high``, ``enough``.

    Examples
    --------
    >>> by_group(pd.Series([10, 0, 9]), pd.Series(["w1", "w1", "w2"]), nps)[["group", "n", "value"]].to_numpy().tolist()
    [['w1', 2, 0.0], ['w2', 1, 100.0]]
    """
    known = values.notna() & groups.notna()
    names = sorted(groups[known].unique()) if order is None else [g for g in order if (groups[known] == g).any()]
    found = [measure(values[known & (groups == name)], level) for name in names]
    return pd.DataFrame(
        {
            "group": pd.Series(names, dtype="string"),
            "n": pd.Series([estimate.n for estimate in found], dtype="int64"),
            "value": pd.Series([estimate.value for estimate in found], dtype="float64"),
            "low": pd.Series([estimate.low for estimate in found], dtype="float64"),
            "high": pd.Series([estimate.high for estimate in found], dtype="float64"),
            "enough": pd.Series([estimate.n >= min_answers for estimate in found], dtype="bool"),
        }
    )


def ends_of(table: pd.DataFrame, by: str = "group") -> dict[str, object]:
    """Lowest and highest group with enough answers, for a title: ``lowest``, ``highest`` and their values.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `by_group`.
    by : str
        Column of the groups.

    Returns
    -------
    dict[str, object]

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["new", "loyal"], "value": [60.0, 70.0], "low": [58.0, 68.0],
    ...                       "high": [62.0, 72.0], "n": [50, 60], "enough": True})
    >>> ends = ends_of(table)
    >>> ends["lowest"], ends["low"].value, ends["highest"], ends["high"].n
    ('new', 60.0, 'loyal', 60)
    """
    told = table[table["enough"]]
    if told.empty:
        return {}
    rows = {"low": told.loc[told["value"].idxmin()], "high": told.loc[told["value"].idxmax()]}
    found = {k: Estimate(float(r["value"]), float(r["low"]), float(r["high"]), int(r["n"])) for k, r in rows.items()}
    return found | {"lowest": str(rows["low"][by]), "highest": str(rows["high"][by])}


class GroupsVerdict(StrEnum):
    """Whether groups differ by more than noise; few: fewer than two can be compared."""

    DIFFER = "differ"
    ALIKE = "alike"
    FEW = "few"


def groups_differ(table: pd.DataFrame, level: float = 0.9) -> GroupsVerdict:
    """Whether groups differ by more than noise: their values scatter more than their intervals allow.

    Parameters
    ----------
    table : pandas.DataFrame
        As `by_group` gives it; groups without enough answers or without an interval do not count.
    level : float
        That of the intervals and of the verdict.

    Returns
    -------
    GroupsVerdict

    References
    ----------
    Cochran, W. G. (1954), Biometrics 10, 101-129 (Q, here with the intervals' half widths over z as standard errors).

    Examples
    --------
    >>> two = pd.DataFrame({"value": [60.0, 70.0], "low": [58.0, 68.0], "high": [62.0, 72.0], "enough": True})
    >>> groups_differ(two), groups_differ(two.assign(value=[60.0, 61.0]))
    (<GroupsVerdict.DIFFER: 'differ'>, <GroupsVerdict.ALIKE: 'alike'>)
    """
    told = table[table["enough"] & (table["high"] > table["low"])]
    if len(told) < 2:
        return GroupsVerdict.FEW
    error = (told["high"] - told["low"]) / (2 * z_value(level))
    weight = error**-2.0
    centre = (weight * told["value"]).sum() / weight.sum()
    scatter = (weight * (told["value"] - centre) ** 2).sum()
    return GroupsVerdict.DIFFER if chdtrc(len(told) - 1, scatter) < 1 - level else GroupsVerdict.ALIKE


@tells
def tell_who(scores: pd.Series, segment: pd.Series, settings: SatisfactionSettings) -> Finding:
    """Which segment is more or less satisfied than the others, beyond noise.

    Parameters
    ----------
    scores : pandas.Series
        Satisfaction (0 to 100) by customer_id, of those who answered.
    segment : pandas.Series
        `regulars.labels.Segment` of every customer, by customer_id.
    settings : SatisfactionSettings
        Its ``min_answers`` and ``privacy_min_cell``: with fewer a segment is not compared, and not shown.

    Returns
    -------
    Finding
        Verdict a `GroupsVerdict`; frame ``segments``.
    """
    level, scores = settings.interval_level, scores.reindex(segment.index)
    table = by_group(scores, segment, mean_score, level=level, min_answers=settings.min_answers, order=list(Segment))
    table = table.rename(columns={"group": "segment"})
    verdict = groups_differ(table, level)
    ends = {} if verdict is GroupsVerdict.FEW else ends_of(table, "segment")
    facts = {"least": settings.min_answers}
    shown = large_enough(table, "n", settings.privacy_min_cell)
    shown = shown.rename(columns={"low": "value_low", "high": "value_high"})
    if shown.empty:
        return Finding(GroupsVerdict.FEW, facts)
    return Finding(verdict, facts | {"all": mean_score(scores, level)} | ends, {"segments": shown})


def customer_satisfaction(
    surveys: pd.DataFrame, survey_items: pd.DataFrame, construct: str = "satisfaction", latest: bool = True
) -> pd.DataFrame:
    """Satisfaction of each respondent from 0 to 100: the mean of the items of the construct, each on its own scale.

    Parameters
    ----------
    surveys : pandas.DataFrame
        Columns of the surveys table; perceived answers count.
    survey_items : pandas.DataFrame
        ``item``, ``construct``, ``scale_min``, ``scale_max``.
    construct : str
        Which items.
    latest : bool
        One row per respondent, from the latest wave answered; otherwise one per respondent and wave.

    Returns
    -------
    pandas.DataFrame
        ``respondent``, ``customer_id`` (missing where anonymous), ``wave``, ``answered_at`` (the latest answer in
        the wave), ``items`` (number answered), ``satisfaction`` (0–100), sorted by respondent and wave. Items left
        unanswered are not filled in.

    Notes
    -----
    Every item weighs the same. Other weights move the mean by a point or more: print the rule with the number.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["s1", "s2"], "construct": "satisfaction",
    ...                       "scale_min": [1.0, 1.0], "scale_max": [10.0, 5.0]})
    >>> answers = pd.DataFrame({"response_id": "r", "customer_id": "a", "answered_at": pd.Timestamp("2026-01-01"),
    ...                         "item": ["s1", "s2"], "kind": "perceived", "score": [10.0, 3.0]})
    >>> customer_satisfaction(answers, items)["satisfaction"].tolist()
    [75.0]
    """
    items = survey_items[survey_items["construct"] == construct].set_index("item")
    told = shaped(surveys[surveys["item"].isin(items.index).to_numpy()])
    ends = items[~items.index.duplicated()].reindex(told.scores.columns)
    low, high = ends["scale_min"].to_numpy(float), ends["scale_max"].to_numpy(float)
    scaled = (100 * (told.scores - low) / (high - low)).set_axis(told.people.index)
    table = told.people.assign(items=scaled.notna().sum(axis=1), satisfaction=scaled.mean(axis=1))
    columns = ["respondent", "customer_id", "wave", "answered_at", "items", "satisfaction"]
    table = table[columns].reset_index(drop=True)
    return latest_satisfaction(table) if latest else table


def latest_satisfaction(every: pd.DataFrame) -> pd.DataFrame:
    """Of each respondent the latest wave, of `customer_satisfaction` of every wave.

    Parameters
    ----------
    every : pandas.DataFrame
        One row per respondent and wave.

    Returns
    -------
    pandas.DataFrame
    """
    ordered = every.sort_values(["respondent", "answered_at", "wave"])
    return ordered.drop_duplicates("respondent", keep="last").reset_index(drop=True)


def answers_of(tables, construct: str = "satisfaction") -> pd.DataFrame | None:
    """Every answer on satisfaction, where surveys are supplied: `customer_satisfaction` of each wave.

    Parameters
    ----------
    tables : mapping
        Clean tables by name; without ``surveys`` and ``survey_items`` there is nothing to tell.
    construct : str
        Whose items make the satisfaction.

    Returns
    -------
    pandas.DataFrame or None

    Examples
    --------
    >>> answers_of({}) is None
    True
    """
    if not {"surveys", "survey_items"} <= set(tables):
        return None
    return customer_satisfaction(tables["surveys"], tables["survey_items"], construct, latest=False)
