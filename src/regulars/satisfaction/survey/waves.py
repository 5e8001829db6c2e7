"""Whether it changed: every measure wave by wave, and one wave against another, beyond noise."""

from typing import NamedTuple

import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import Finding, may_refuse, tells
from regulars.labels import Change, SatisfactionState
from regulars.satisfaction.survey.answers import item_answers, with_wave
from regulars.satisfaction.survey.gap import gap_states, gaps, respondent_gaps
from regulars.satisfaction.survey.indices import (
    by_group,
    latest_of,
    mean_score,
    nps,
    rate,
    top_box,
)
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import Estimate, change, difference

MEASURES = ("satisfaction", "dissatisfied", "nps", "csat")
ENDS = ("value", "low", "high")


class Latest(NamedTuple):
    """A measure in the latest wave with enough answers, beside the wave before."""

    now: Estimate
    before: Estimate
    change: Change
    more_is: str = "good"  # or bad

    @property
    def mark(self) -> str | None:
        """Whether the change is good or bad; None where there is none."""
        worse = {"good": "bad", "bad": "good"}[self.more_is]
        return {Change.UP: self.more_is, Change.DOWN: worse}.get(self.change)


@may_refuse
def survey_waves(survey: Survey, settings: SatisfactionSettings) -> pd.DataFrame:
    """Satisfaction, dissatisfaction, recommendation and top answers, wave by wave.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    settings : SatisfactionSettings
        Its ``recommend_item`` and ``overall_item`` (a measure whose item is not in the survey is left out),
        ``csat_top_box``, ``tolerance_steps``, and ``min_answers``: with fewer a wave is marked as not enough.

    Returns
    -------
    pandas.DataFrame
        One row per measure and wave: ``measure`` (satisfaction, dissatisfied, nps, csat), ``wave``, ``date`` (the last
        answer in the wave), ``n``, ``value``, ``low``, ``high``, ``enough``, and the change against the wave before
        as `wave_changes` gives it. Satisfaction is 0 to 100, nps −100 to 100, the others are shares. Dissatisfied:
        the respondent's mean gap lies below the tolerance.
    """
    satisfied, level = survey.satisfaction, settings.interval_level
    everyone = respondent_gaps(gaps(survey.surveys))
    states = gap_states(everyone["gap"], settings.tolerance_steps)
    recommend, overall = (item_answers(survey.surveys, i) for i in (settings.recommend_item, settings.overall_item))
    top = float(survey.items.set_index("item")["scale_max"].get(settings.overall_item, 0))
    at_top = top_box(overall["score"], top, settings.csat_top_box)
    measured = {
        "satisfaction": (satisfied["satisfaction"], satisfied["wave"], mean_score),
        "dissatisfied": (states == SatisfactionState.DISSATISFIED, everyone["wave"], rate),
        "nps": (recommend["score"], recommend["wave"], nps),
        "csat": (at_top, overall["wave"], rate),
    }
    last_answer = with_wave(survey.surveys).groupby("wave")["answered_at"].max()
    parts = [
        wave_changes(by_group(values, groups, measure, level=level, min_answers=settings.min_answers)).assign(
            measure=name
        )
        for name, (values, groups, measure) in measured.items()
        if len(values)
    ]
    if not parts:
        raise UntoldError(
            "No answer is to a question of satisfaction, to one that was asked as expected too, or to the overall "
            "question: name their items in survey_items."
        )
    table = pd.concat(parts, ignore_index=True).rename(columns={"group": "wave"})
    table["date"] = table["wave"].map(last_answer)
    return table[["measure", "wave", "date", *(c for c in table if c not in ("measure", "wave", "date"))]]


def measure_of(waves: pd.DataFrame, name: str) -> pd.DataFrame:
    """Waves of one measure with its ends named after it: ``wave``, ``date``, ``n``, ``<name>``, ``<name>_low`` ….

    Parameters
    ----------
    waves : pandas.DataFrame
        Of `survey_waves`.
    name : str
        A measure: satisfaction, dissatisfied, nps or csat.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> waves = pd.DataFrame({"measure": ["nps"], "wave": ["w1"], "value": [10.0], "low": [0.0], "high": [20.0]})
    >>> list(measure_of(waves, "nps"))
    ['wave', 'nps', 'nps_low', 'nps_high']
    """
    renamed = {"value": name, "low": f"{name}_low", "high": f"{name}_high"}
    chosen = waves[waves["measure"] == name].drop(columns="measure").reset_index(drop=True)
    return chosen.rename(columns=renamed)


def waves_side_by_side(waves: pd.DataFrame) -> pd.DataFrame:
    """One row per wave, the latest first, with all measures and their ends, for a table.

    Parameters
    ----------
    waves : pandas.DataFrame
        As `survey_waves` gives it.

    Returns
    -------
    pandas.DataFrame
        ``wave``, ``date``, ``n`` (of the first measure) and per measure ``<name>``, ``<name>_low``, ``<name>_high``.
    """
    names = list(waves["measure"].unique())
    table = measure_of(waves, names[0])[["wave", "date", "n"]]
    for name in names:
        part = measure_of(waves, name)
        table = table.merge(part[["wave", name, f"{name}_low", f"{name}_high"]], on="wave", how="left")
    for name in MEASURES:  # what the survey does not ask is missing, not left out
        if name not in table:
            table[[name, f"{name}_low", f"{name}_high"]] = float("nan")
    return table.iloc[::-1].reset_index(drop=True)


@tells
def tell_waves(waves: pd.DataFrame, answered: Estimate, settings: SatisfactionSettings) -> Finding:
    """Whether satisfaction changed from the wave before.

    Parameters
    ----------
    waves : pandas.DataFrame
        Of `survey_waves`, or of `regulars.satisfaction.with_index`.
    answered : Estimate
        Share of customers who have ever answered.
    settings : SatisfactionSettings
        Its ``csat_top_box``, the top boxes that count as satisfied, and ``tolerance_steps``.

    Returns
    -------
    Finding
        Verdict a `regulars.labels.Change`; frames ``line`` and ``table``.
    """
    now, before, change, _ = latest(waves, "satisfaction")
    facts = {"now": now, "before": before, "answered": answered, "n": answered.n, "boxes": settings.csat_top_box}
    facts["steps"] = settings.tolerance_steps
    shown = told_waves(waves)
    line = measure_of(shown, "satisfaction").dropna(subset=["satisfaction"])
    return Finding(change, facts, {"line": line.reset_index(drop=True), "table": waves_side_by_side(shown)})


def latest(waves: pd.DataFrame, name: str) -> Latest:
    """Measure in the latest wave with enough answers, beside the one before; NaN where the survey does not have it.

    Where no wave has enough answers it is that of the latest.

    Parameters
    ----------
    waves : pandas.DataFrame
        As `survey_waves` gives it.
    name : str
        A measure.

    Returns
    -------
    Latest
    """
    rows = waves[waves["measure"] == name]
    rows = rows.iloc[: latest_of(rows["enough"].to_numpy(bool)) + 1]
    found = [Estimate.of((row[end] for end in ENDS), int(row["n"])) for _, row in rows.tail(2).iterrows()]
    nothing = Estimate(float("nan"))
    now, before = (found or [nothing])[-1], found[0] if len(found) > 1 else nothing
    told = rows["change"].iloc[-1] if len(rows) else None
    verdict = Change.UNKNOWN if told is None or pd.isna(told) else Change(told)
    return Latest(now, before, verdict, "bad" if name == "dissatisfied" else "good")


def told_waves(waves: pd.DataFrame) -> pd.DataFrame:
    """Waves whose numbers are missing where a wave has too few answers; as they are where all have too few.

    Parameters
    ----------
    waves : pandas.DataFrame
        Of `survey_waves`.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> waves = pd.DataFrame({"measure": "nps", "wave": ["w1", "w2"], "value": [10.0, 90.0], "low": [0.0, 80.0],
    ...                       "high": [20.0, 99.0], "enough": [True, False]})
    >>> told_waves(waves)["value"].tolist()
    [10.0, nan]
    """
    if not waves["enough"].any():
        return waves
    return waves.assign(**{end: waves[end].where(waves["enough"]) for end in ENDS})


def wave_changes(by_wave: pd.DataFrame) -> pd.DataFrame:
    """Change of a measure from each wave to the next, and whether it is more than noise.

    Parameters
    ----------
    by_wave : pandas.DataFrame
        As `regulars.satisfaction.by_group` gives it, waves in their order: ``group``, ``n``, ``value``, ``low``,
        ``high``, ``enough``.

    Returns
    -------
    pandas.DataFrame
        The same with ``difference``, ``difference_low``, ``difference_high`` against the wave before, and
        ``change`` (a `regulars.labels.Change`). Missing in the first wave and where either has too few answers.

    Notes
    -----
    The waves are taken as independent samples. Where the same customers answer again, the interval is wider than it
    need be, and "more than noise" is said too seldom rather than too often.

    Examples
    --------
    >>> waves = pd.DataFrame({"group": ["2025", "2026"], "n": [400, 400], "value": [0.5, 0.7], "low": [0.46, 0.66],
    ...                       "high": [0.54, 0.74], "enough": True})
    >>> wave_changes(waves)["change"].tolist()
    [<NA>, 'up']
    """
    found = [_change(by_wave, place) for place in range(len(by_wave))]
    columns = ["difference", "difference_low", "difference_high", "change"]
    added = pd.DataFrame(found, columns=columns, index=by_wave.index)
    kinds = dict.fromkeys(columns[:3], "float64") | {"change": "string"}
    return by_wave.join(added.astype(kinds))


def _change(by_wave: pd.DataFrame, place: int) -> tuple:
    none = (float("nan"), float("nan"), float("nan"), None)
    if place == 0 or not by_wave["enough"].iloc[[place - 1, place]].all():
        return none
    after, before = (
        Estimate(row["value"], row["low"], row["high"], row["n"])
        for row in (by_wave.iloc[place], by_wave.iloc[place - 1])
    )
    gap = difference(after, before)
    return gap.value, gap.low, gap.high, change(after, before).value
