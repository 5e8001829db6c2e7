"""What is asked, whether the knowledge base has it, and what customers had to ask twice."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import Finding, Remark, tells
from regulars.satisfaction.cases.tickets import FEW_CASES, Cases
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import difference, from_row, share, wilson

AGAIN_DAYS = 30  # the same customer with the same question within so many days asks twice
QUESTION, ABOUT = "question_id", ("category", "cause")  # the latter stands in where questions are not named


class KnowledgeVerdict(StrEnum):
    """Whether a question is asked twice more often than the others together, beyond chance among all of them."""

    TWICE = "twice"
    ALIKE = "alike"
    FEW = "few"


def questions_asked(tickets: pd.DataFrame, by: tuple[str, ...], days: int = AGAIN_DAYS, level: float = 0.9):
    """Every question: how often it came, was in the knowledge base, and had to be asked twice.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``customer_id``, ``opened_at``, the columns `by`; ``in_knowledge_base``, ``resolved_at`` where recorded.
    by : tuple of str
        Columns that name the question.
    days : int
        The same customer with the same question within so many days asks twice.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        ``question`` (`by`, side by side), ``n`` (cases), ``twice`` (cases that asked again), ``share`` of them with
        limits, ``known`` (share with an answer in the knowledge base; missing where it is not recorded), ``hours``
        (median until resolved, of those closed), ``differs`` (from all others together, by Bonferroni's correction);
        what was asked twice most often first.

    Examples
    --------
    >>> log = pd.DataFrame({"customer_id": ["a", "a", "b"], "category": ["late", "late", "broken"],
    ...                     "opened_at": pd.to_datetime(["2026-01-01", "2026-01-20", "2026-01-20"])})
    >>> questions_asked(log, ("category",))[["question", "n", "twice", "share"]].to_numpy().tolist()
    [['late', 2, 1, 0.5], ['broken', 1, 0, 0.0]]
    """
    key = ["customer_id", "question"]
    log = tickets.dropna(subset=list(by)).astype({"customer_id": object})
    log = log.assign(question=log[list(by)].astype(object).agg(" · ".join, axis=1) if len(log) else "")
    log = log.sort_values([*key, "opened_at"], kind="stable")
    same = log[key].eq(log[key].shift()).all(axis=1) & log["customer_id"].notna()
    again = (same & (log["opened_at"].diff() <= pd.Timedelta(days=days))).to_numpy(bool)
    hours = (log["resolved_at"] - log["opened_at"]).dt.total_seconds() / 3600 if "resolved_at" in log else np.nan
    known = log["in_knowledge_base"].astype(float) if "in_knowledge_base" in log else np.nan
    log = log.assign(_again=again, _hours=hours, _known=known)
    table = log.groupby("question", sort=True).agg(
        n=("_again", "size"), twice=("_again", "sum"), known=("_known", "mean"), hours=("_hours", "median")
    )  # fmt: skip
    table = table.reset_index().astype({"question": "string", "twice": int})
    table["share"] = table["twice"] / table["n"]
    table["share_low"], table["share_high"] = wilson(table["twice"], table["n"], level)
    strict = 1 - (1 - level) / max(len(table), 1)
    all_n, all_twice = int(table["n"].sum()), int(table["twice"].sum())
    gaps = [
        difference(share(k, n, strict), share(all_twice - k, all_n - n, strict))
        for k, n in zip(table["twice"], table["n"], strict=True)
    ]
    table["differs"] = [bool(gap.low > 0) for gap in gaps]
    return table.sort_values(["twice", "n", "question"], ascending=[False, False, True], ignore_index=True)


@tells
def tell_knowledge(cases: Cases, settings: SatisfactionSettings) -> Finding:
    """Which questions customers had to ask twice, and which of them the knowledge base answers: a table to search.

    Parameters
    ----------
    cases : Cases
        Cases of any kind; the question is ``question_id``, and where that is not recorded what a case is about
        (``category``) and where it comes from (``cause``).
    settings : SatisfactionSettings
        Its ``interval_level``; questions of fewer cases than ``privacy_min_cell`` are not shown.

    Returns
    -------
    Finding
        Verdict a `KnowledgeVerdict`; frame ``questions``, as of `questions_asked`.
    """
    tickets, level = cases.tickets, settings.interval_level
    filled = set(tickets.columns[tickets.notna().any()])
    by = (QUESTION,) if QUESTION in filled else tuple(name for name in ABOUT if name in filled)
    if not by:
        raise UntoldError("Table tickets has no question_id, no category and no cause: supply what each case asks.")
    table = questions_asked(tickets, by, level=level)
    asked = int(table["n"].sum())
    facts: dict[str, object] = {"cases": asked, "within": AGAIN_DAYS}
    shown = large_enough(table, "n", settings.privacy_min_cell).reset_index(drop=True)
    remarks = [] if "in_knowledge_base" in filled else [Remark("unrecorded")]
    remarks += [] if QUESTION in filled else [Remark("unnamed")]
    if asked < FEW_CASES or shown.empty:
        return Finding(KnowledgeVerdict.FEW, facts | {"few": FEW_CASES}, {"questions": shown}, remarks=remarks)
    apart = shown[shown["differs"]]
    first = (apart if len(apart) else shown).sort_values("share", ascending=False, kind="stable").iloc[0]
    facts["again"] = share(int(table["twice"].sum()), asked, level)
    facts |= {"questions": len(table), "question": str(first["question"]), "first": from_row(first, "share")}
    verdict = KnowledgeVerdict.TWICE if len(apart) else KnowledgeVerdict.ALIKE
    return Finding(verdict, facts, {"questions": shown}, remarks=remarks)
