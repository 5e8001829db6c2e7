"""Quality of service: five factors and 26 key factors, how customers judge each and how much goes with it."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding, Remark, tells
from regulars.labels import KeyFactor, QualityPlace, ServiceFactor
from regulars.satisfaction.survey.indices import mean_score
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import from_row, to_row
from regulars.statistics.slope import robust_slope

KEY, STATED = "key_", "_importance"  # items: key_<factor>, and key_<factor>_importance or <factor>_importance


class QualityVerdict(StrEnum):
    """Whether some part of the service both matters and is judged worse than the rest, beyond noise.

    Few: too few answers to judge any.
    """

    MEND = "mend"
    EVEN = "even"
    FEW = "few"


def asked_of_importance(items: pd.DataFrame) -> set[str]:
    """Items that ask how important a factor of the service is: they explain no satisfaction.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["key_dignity", "key_dignity_importance", "calm_importance"]})
    >>> sorted(asked_of_importance(items))
    ['calm_importance', 'key_dignity_importance']
    """
    known = {f"{KEY}{factor}{STATED}" for factor in KeyFactor} | {f"{factor}{STATED}" for factor in ServiceFactor}
    return known & set(items["item"])


def scores_of_factors(survey: Survey) -> dict[str, pd.DataFrame]:
    """Answers to the five factors and to the key factors, of the last wave of each respondent.

    Parameters
    ----------
    survey : Survey
        A factor is the mean of the items of the construct of its name (`regulars.labels.ServiceFactor`); a key factor
        the item ``key_<name>`` (`regulars.labels.KeyFactor`).

    Returns
    -------
    dict of str to pandas.DataFrame
        ``factors`` and ``keys``: respondents × those that were asked, 0 to 100.
    """
    answers, items = survey.latest, survey.items
    constructs = items[~items["item"].isin(asked_of_importance(items)) & items["item"].isin(answers.columns)]
    factors = {
        factor.value: answers[list(own)].mean(axis=1)
        for factor in ServiceFactor
        if len(own := constructs.loc[constructs["construct"] == factor, "item"].unique())
    }
    keys = {factor.value: answers[KEY + factor] for factor in KeyFactor if KEY + factor in answers}
    return {name: pd.DataFrame(told, index=answers.index) for name, told in (("factors", factors), ("keys", keys))}


def importance_and_performance(
    scores: pd.DataFrame, satisfaction: pd.Series, stated: pd.DataFrame, *, level: float = 0.9, min_answers: int = 30
) -> pd.DataFrame:
    """How customers judge each factor, how much satisfaction goes with it, and how important they call it.

    Parameters
    ----------
    scores : pandas.DataFrame
        Respondents × factors, 0 to 100.
    satisfaction : pandas.Series
        0 to 100, on the same index.
    stated : pandas.DataFrame
        Respondents × factors that were asked for their importance, 0 to 100.
    level : float
        Of the intervals; a place is told where both hold for all factors at once (Bonferroni).
    min_answers : int
        Factors with fewer answers are left out.

    Returns
    -------
    pandas.DataFrame
        ``factor``, ``n``, with limits ``performance`` (mean), ``effect`` (points of satisfaction that go with one point
        of it, that factor alone) and ``stated`` (mean importance; missing where nobody was asked), ``place``
        (`QualityPlace`: mend where it matters and is judged below the mean of all factors, keep where it matters and is
        judged above it, else open); those to mend first, then the strongest.
    """
    told = [name for name in scores if scores[name].notna().sum() >= min_answers]
    strict = 1 - (1 - level) / max(2 * len(told), 1)
    middle = float(scores[told].mean().mean()) if told else float("nan")
    rows = []
    for name in told:
        judged = mean_score(scores[name], level)
        row = {"factor": name, "n": judged.n} | to_row(judged, "performance")
        row |= to_row(robust_slope(scores[name], satisfaction, level=level), "effect")
        row |= to_row(mean_score(stated[name] if name in stated else pd.Series(dtype=float), level), "stated")
        matters = robust_slope(scores[name], satisfaction, level=strict).low > 0
        sure = mean_score(scores[name], strict)
        below, above = matters and sure.high < middle, matters and sure.low > middle
        row["place"] = (QualityPlace.MEND if below else QualityPlace.KEEP if above else QualityPlace.OPEN).value
        rows.append(row)
    names = [
        "factor",
        "n",
        *(f"{n}{e}" for n in ("performance", "effect", "stated") for e in ("", "_low", "_high")),
        "place",
    ]
    table = pd.DataFrame(rows, columns=names).astype({"factor": "string", "place": "string"})
    table["_last"] = table["place"] != QualityPlace.MEND
    table = table.sort_values(["_last", "effect", "factor"], ascending=[True, False, True], ignore_index=True)
    return table.drop(columns="_last")


@tells
def tell_quality(survey: Survey, settings: SatisfactionSettings) -> Finding:
    """Which part of the service matters and is judged worse than the rest; not supplied where no factor was asked.

    Parameters
    ----------
    survey : Survey
        With items of the five factors, of the key factors, or of both; their importance where it was asked.
    settings : SatisfactionSettings
        Its ``satisfaction_construct``, ``min_answers`` and ``interval_level``.

    Returns
    -------
    Finding
        Verdict a `QualityVerdict`; frames ``factors`` and ``keys``, as of `importance_and_performance`.
    """
    scores, level = scores_of_factors(survey), settings.interval_level
    if not any(len(told.columns) for told in scores.values()):
        return Finding(NOT_SUPPLIED)
    answers, items = survey.latest, survey.items
    own = [item for item in items.loc[items["construct"] == settings.satisfaction_construct, "item"] if item in answers]
    satisfaction = answers[list(dict.fromkeys(own))].mean(axis=1)
    frames = {}
    for name, prefix in (("factors", ""), ("keys", KEY)):
        asked = {factor: f"{prefix}{factor}{STATED}" for factor in scores[name]}
        stated = {factor: answers[item] for factor, item in asked.items() if item in answers}
        frames[name] = importance_and_performance(
            scores[name], satisfaction, pd.DataFrame(stated, index=answers.index),
            level=level, min_answers=settings.min_answers,
        )  # fmt: skip
    frames = {name: table for name, table in frames.items() if len(table)}
    facts = {"factors": scores["factors"].shape[1], "of": len(ServiceFactor)}
    facts |= {"keys": scores["keys"].shape[1], "of_keys": len(KeyFactor)}
    if not frames:
        return Finding(QualityVerdict.FEW, {"least": settings.min_answers})
    remarks = [] if np.isfinite([t["stated"].max() for t in frames.values()]).any() else [Remark("unstated")]
    table = frames["keys"] if "keys" in frames else frames["factors"]
    first = table.iloc[0]
    facts |= {"judged": from_row(first, "performance"), "effect": from_row(first, "effect")}
    facts |= {"mean": float(table["performance"].mean())}
    facts["factor"] = (KeyFactor if "keys" in frames else ServiceFactor)(first["factor"])
    verdict = QualityVerdict.MEND if first["place"] == QualityPlace.MEND else QualityVerdict.EVEN
    return Finding(verdict, facts, frames, remarks=remarks)
