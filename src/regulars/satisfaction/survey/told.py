"""What the sections of the satisfaction page tell of scores, gaps, groups and complaints: a finding each."""

import pandas as pd

from regulars.finding import Finding
from regulars.satisfaction.cases.complaints import ComplaintStory
from regulars.satisfaction.survey.gap import gap_states, gaps, shortfalls
from regulars.satisfaction.survey.indices import by_group, ends_of, groups_differ, mean_score
from regulars.satisfaction.survey.waves import latest, measure_of, told_waves, waves_side_by_side
from regulars.statistics.intervals import Estimate, from_row


def waves_told(waves: pd.DataFrame, answered: Estimate, boxes: int) -> Finding:
    """Whether satisfaction changed from the wave before.

    Parameters
    ----------
    waves : pandas.DataFrame
        Of `regulars.satisfaction.survey_waves`.
    answered : Estimate
        Share of customers who have ever answered.
    boxes : int
        Top boxes that count as satisfied.

    Returns
    -------
    Finding
        Verdict a `regulars.labels.Change`; frames ``line`` and ``table``.
    """
    now, before, change, _ = latest(waves, "satisfaction")
    facts = {"now": now, "before": before, "answered": answered, "n": answered.n, "boxes": boxes}
    shown = told_waves(waves)
    line = measure_of(shown, "satisfaction").dropna(subset=["satisfaction"])
    return Finding(change, facts, {"line": line.reset_index(drop=True), "table": waves_side_by_side(shown)})


def gap_told(
    surveys: pd.DataFrame, survey_items: pd.DataFrame, tolerance_steps: float = 1, level: float = 0.9
) -> Finding:
    """Where customers get less than they expected, question by question, in the last wave that asked for both.

    Parameters
    ----------
    surveys, survey_items : pandas.DataFrame
        The clean tables.
    tolerance_steps : float
        Scale steps around zero that still count as satisfied.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    Finding
        Verdict ``asked``, with facts ``worst`` and ``short``, or ``not_asked`` where nobody was asked what they expect.
    """
    both = gaps(surveys)
    if both.empty:
        return Finding("not_asked")
    both["state"] = gap_states(both["gap"], tolerance_steps)
    short = shortfalls(both[both["wave"] == both["wave"].max()], survey_items, level)
    first = short.iloc[0]
    facts = {"worst": first["wording"], "short": from_row(first, "share"), "steps": tolerance_steps}
    return Finding("asked", facts, {"items": short})


def who_told(
    scores: pd.Series, groups: pd.Series, order: list, level: float = 0.9, min_answers: int = 30, min_cell: int = 1
) -> Finding:
    """Which segment is more or less satisfied than the others, beyond noise.

    Parameters
    ----------
    scores, groups : pandas.Series
        Satisfaction (0–100, missing without an answer) and segment of each customer.
    order : list of str
        Segments as shown.
    level : float
    min_answers : int
        With fewer a segment is not compared.
    min_cell : int
        With fewer it is not shown.

    Returns
    -------
    Finding
        Verdict ``differ``, ``alike`` or ``few``; frame ``segments``.
    """
    table = by_group(scores, groups, mean_score, level, min_answers, order).rename(columns={"group": "segment"})
    verdict = groups_differ(table, level)
    ends = {} if verdict == "few" else ends_of(table, "segment")
    shown = table[table["n"] >= min_cell].rename(columns={"low": "value_low", "high": "value_high"})
    if shown.empty:
        return Finding("few", {"least": min_answers})
    return Finding(verdict, {"all": mean_score(scores, level), "least": min_answers} | ends, {"segments": shown})


def complaints_told(story: ComplaintStory) -> Finding:
    """What customers complain about and how it ends, of `regulars.satisfaction.complaint_story`."""
    names = ("category", "part", "rate", "unhappy", "quickly", "open", "median")
    facts = {name: getattr(story, name) for name in names}
    return Finding(None, facts, {"causes": story.causes, "endings": story.endings})


def first_gap(finding: Finding) -> dict:
    """The question that falls short most often, for the action: facts ``worst`` and ``short``; empty if not asked."""
    return {name: finding.facts[name] for name in ("worst", "short") if name in finding.facts}
