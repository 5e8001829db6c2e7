"""What customers expect at each stage of the relationship, said or unsaid, and what was delivered."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import NOT_SUPPLIED, Finding, Remark, tells
from regulars.labels import Change, NeedKind, RelationStage
from regulars.satisfaction.survey.gap import gaps
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.statistics.groups import compare_means
from regulars.statistics.intervals import from_row, z_value

FEWEST = 30  # respondents of a stage to an item
PARTS = ("expected", "perceived", "gap")


class StageNeedsVerdict(StrEnum):
    """Whether what is delivered differs by stage, beside what was expected."""

    DIFFER = "differ"
    ALIKE = "alike"
    ONE_STAGE = "one_stage"


def stage_needs(both: pd.DataFrame, stage: pd.Series, satisfaction: pd.Series, *, level: float = 0.9) -> pd.DataFrame:
    """Of each stage and item, what was expected and delivered, and whether the expectation is basic or hidden.

    Parameters
    ----------
    both : pandas.DataFrame
        ``customer_id``, ``item``, ``expected``, ``perceived`` (0 to 100), one row per customer and item.
    stage : pandas.Series
        `regulars.labels.RelationStage` by customer_id.
    satisfaction : pandas.Series
        0 to 100, by customer_id.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per stage and item of 30 respondents or more: ``relation_stage``, ``item``, ``need``
        (`regulars.labels.NeedKind`), ``n``, ``expected``, ``perceived`` (means), ``gap`` (of the two) with limits.
        Basic: at least as much is expected as of the stage's items in the mean. Hidden: less is, and yet satisfaction
        goes along with what is delivered (correlation above 0 by its interval, Fisher's z). Other: neither.

    Examples
    --------
    >>> both = pd.DataFrame({"customer_id": [str(k) for k in range(30)], "item": "speed", "expected": 80.0,
    ...                      "perceived": [50.0, 70.0] * 15})
    >>> told = stage_needs(both, pd.Series("growth", both["customer_id"]), pd.Series(dtype=float))
    >>> told[["relation_stage", "need", "n", "gap"]].to_numpy().tolist()
    [['growth', 'basic', 30, -20.0]]
    """
    both = both.assign(relation_stage=both["customer_id"].map(stage), satisfied=both["customer_id"].map(satisfaction))
    both = both.assign(gap=both["perceived"] - both["expected"]).dropna(subset=["relation_stage", "gap"])
    rows, z = [], z_value(level)
    for (name, item), part in both.groupby(["relation_stage", "item"], sort=True):
        n = len(part)
        if n < FEWEST:
            continue
        reach = z * float(part["gap"].std(ddof=1)) / n**0.5
        row = {"relation_stage": str(name), "item": str(item), "n": n} | {k: float(part[k].mean()) for k in PARTS}
        rows.append(row | {"gap_low": row["gap"] - reach, "gap_high": row["gap"] + reach, "moves": _moves(part, z)})
    names = ["relation_stage", "item", "need", "n", "expected", "perceived", "gap", "gap_low", "gap_high"]
    if not rows:
        return pd.DataFrame(columns=names)
    table = pd.DataFrame(rows)
    usual = table.groupby("relation_stage")["expected"].transform("mean")
    basic = table["expected"] >= usual - 1e-9
    table["need"] = str(NeedKind.OTHER)
    table.loc[~basic & table["moves"], "need"] = str(NeedKind.HIDDEN)
    table.loc[basic, "need"] = str(NeedKind.BASIC)
    order = {stage.value: place for place, stage in enumerate(RelationStage)}
    table = table.assign(order=table["relation_stage"].map(order)).sort_values(["order", "gap", "item"])
    return table[names].reset_index(drop=True)


def _moves(part: pd.DataFrame, z: float) -> bool:
    """Whether satisfaction goes along with what is delivered, beyond chance."""
    known = part.dropna(subset="satisfied")
    if len(known) < FEWEST or not known["perceived"].std() > 0 or not known["satisfied"].std() > 0:
        return False
    r = np.clip(known["perceived"].corr(known["satisfied"]), -1 + 1e-12, 1 - 1e-12)
    return bool(np.arctanh(r) > z / np.sqrt(len(known) - 3))


@tells
def tell_stage_needs(survey: Survey, customer_id: pd.Series, relations: pd.DataFrame, *, level: float = 0.9) -> Finding:
    """What customers of each stage expect and get, and whether that differs by stage beyond chance.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    customer_id : pandas.Series
        Of the customers.
    relations : pandas.DataFrame
        ``relation_stage``, on the same index: of `regulars.segments.relation_stages`.
    level : float
        Of the intervals.

    Returns
    -------
    Finding
        Verdict a `StageNeedsVerdict`, ``not_supplied`` where nobody was asked what he expects; frame ``items``.
    """
    both = gaps(survey.surveys)
    if both.empty:
        return Finding(NOT_SUPPLIED)
    stage = relations["relation_stage"].set_axis(customer_id)
    both = both[both["wave"] == both["wave"].max()].dropna(subset="customer_id")
    if both.empty:
        raise UntoldError("No answer of the last wave names its customer: supply customer_id in the table surveys.")
    scale = survey.items.drop_duplicates("item").set_index("item")[["scale_min", "scale_max"]].astype(float)
    low, high = (both["item"].map(scale[end]) for end in ("scale_min", "scale_max"))
    both = both.assign(**{name: (both[name] - low) / (high - low) * 100 for name in ("expected", "perceived")})
    table = stage_needs(both, stage, survey.scores, level=level)
    if table.empty:
        raise UntoldError(f"No stage has {FEWEST} respondents who said what they expect and what they got: ask more.")
    worst = table.loc[table["gap"].idxmin()]
    table.insert(1, "wording", table["item"].map(survey.wordings))
    facts = {"stage": worst["relation_stage"], "worst": str(survey.wordings[worst["item"]])}
    facts |= {"gap": from_row(worst, "gap"), "need": worst["need"]}
    for kind in (NeedKind.BASIC, NeedKind.HIDDEN):
        facts[kind.value] = int((table["need"] == kind.value).sum())
    facts |= {"cells": len(table), "fewest": FEWEST}
    if table["relation_stage"].nunique() < 2:
        return Finding(StageNeedsVerdict.ONE_STAGE, facts, {"items": table.drop(columns="item")})
    apart = _apart(both.assign(gap=both["perceived"] - both["expected"]), stage, table, level)
    verdict = StageNeedsVerdict.DIFFER if apart else StageNeedsVerdict.ALIKE
    remarks = [Remark("apart", {"apart": apart})] if apart else []
    return Finding(verdict, facts, {"items": table.drop(columns="item")}, remarks=remarks)


def _apart(both: pd.DataFrame, stage: pd.Series, table: pd.DataFrame, level: float) -> int:
    """How many gaps of a stage lie apart from those of the others, all comparisons allowed for."""
    counts = table.groupby("item")["relation_stage"].nunique()
    items = counts.index[counts > 1]
    strict = 1 - (1 - level) / max(len(items), 1)
    found = 0
    for item in items:
        part = both[both["item"] == item]
        told = compare_means(part["gap"], part["customer_id"].map(stage), level=strict, least=FEWEST)
        found += int((told["verdict"] != Change.UNCLEAR).sum())
    return found
