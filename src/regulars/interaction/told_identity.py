"""What the page tells of one identity and one answer."""

from enum import StrEnum

import numpy as np

from regulars.finding import Finding, Remark, tells
from regulars.interaction.consistency import Consistency
from regulars.interaction.outcomes import FALSE_PAGES
from regulars.interaction.steps import Known
from regulars.labels import Change
from regulars.statistics.intervals import Estimate, from_row


class IdentityVerdict(StrEnum):
    """Whether customers may be known under several ids."""

    SOME = "some"
    NONE = "none"


@tells
def tell_identity(known: Known, level: float = 0.9) -> Finding:
    """Who may be one person under several ids, and what counting each once would change.

    Parameters
    ----------
    known : Known
        Of `known_people`.
    level : float

    Returns
    -------
    Finding
        Verdict an `IdentityVerdict`; frames ``merged``, ``rules``, ``placeholders``.
    """
    found = known.candidates
    pairs = found.pairs[~found.pairs["contradicts"]]
    before, after = known.merged.iloc[0], known.merged.iloc[1]
    facts = {
        "customers": found.customers, "pairs": len(pairs), "households": int(found.pairs["contradicts"].sum()),
        "before": from_row(before, "share", n="customers"),
        "after": from_row(after, "share", n="customers"), "fewer": int(before["customers"] - after["customers"]),
        "spend_before": float(before["spend_per_customer"]), "spend_after": float(after["spend_per_customer"]),
    }  # fmt: skip
    remarks = []
    if known.judged:
        remarks.append(Remark("judged", dict(known.judged)))
    if len(found.placeholders):
        top = found.placeholders.iloc[0]
        remarks.append(
            Remark(
                "placeholder",
                {"kind": top["kind"], "customers": int(top["customers"]), "values": len(found.placeholders)},
            )
        )
    if found.chains:
        remarks.append(Remark("chains", {"chains": found.chains}))
    if pairs.empty:
        return Finding(IdentityVerdict.NONE, {"customers": found.customers}, {"merged": known.merged}, remarks=remarks)
    rules = (
        pairs["rules"].str.split("+", regex=False).explode().value_counts().rename_axis("rule").reset_index(name="n")
    )
    rules = rules.sort_values(["n", "rule"], ascending=[False, True], ignore_index=True).astype({"rule": "string"})
    return Finding(IdentityVerdict.SOME, facts, {"merged": known.merged, "rules": rules}, remarks=remarks)


class RecordsVerdict(StrEnum):
    """Whether sources say different things of one customer."""

    CONTRADICT = "contradict"
    AGREE = "agree"
    ONE = "one"  # one source only


@tells
def tell_records(known: Known) -> Finding:
    """What each source knows, and where two of them contradict each other.

    Parameters
    ----------
    known : Known
        Of `known_people`.

    Returns
    -------
    Finding
        Verdict a `RecordsVerdict`; frames ``complete``, ``contradictions``.
    """
    complete, table = known.complete, known.contradicting
    least = complete.loc[complete["share"].idxmin()]
    facts = {"sources": int(complete["source"].nunique()), "least_source": least["source"], "least_kind": least["kind"],
             "least": from_row(least, "share", n="records")}  # fmt: skip
    frames = {"complete": complete.drop(columns="tied"), "contradictions": table}
    if complete["source"].nunique() < 2 or table.empty:
        return Finding(RecordsVerdict.ONE, facts, {"complete": frames["complete"]})
    wrong = table[table["share"] > 0]
    if wrong.empty:
        return Finding(RecordsVerdict.AGREE, facts, frames)
    worst = wrong.iloc[0]
    facts |= {
        "kind": worst["kind"],
        "source": worst["source"],
        "other": worst["other"],
        "differ": from_row(worst, "share"),
    }
    return Finding(RecordsVerdict.CONTRADICT, facts, frames)


class AnswersVerdict(StrEnum):
    """Whether departments answer differently."""

    DIFFER = "differ"
    ALIKE = "alike"


@tells
def tell_answers(found: Consistency) -> Finding:
    """Whether customers hear the same whoever is asked, are asked twice, and can go on where they ended.

    Parameters
    ----------
    found : Consistency
        Of `consistency`.

    Returns
    -------
    Finding
        Verdict an `AnswersVerdict`; frames ``departments``, ``questions``.
    """
    table = found.departments.sort_values(["share", "department"], ignore_index=True)
    facts = {"agreement": found.agreement, "false_pages": FALSE_PAGES}
    frames = {"departments": table, "questions": found.questions}
    remarks = []
    if found.picked_up.n:
        remarks.append(Remark("dialogues", {"picked_up": found.picked_up, "asked_twice": found.asked_twice}))
    if not np.isnan(found.until_right.value):
        remarks.append(Remark("until_right", {"until_right": found.until_right}))
    if len(found.questions):
        remarks.append(Remark("age", {"age": found.knowledge_days, "questions": len(found.questions)}))
    low = table[table["change"] == Change.DOWN]
    if low.empty:
        return Finding(AnswersVerdict.ALIKE, facts, frames, remarks=remarks)
    worst = low.iloc[0]
    facts |= {"department": worst["department"], "usual": from_row(worst, "share")}
    return Finding(AnswersVerdict.DIFFER, facts, frames, remarks=remarks)


def agreement_of(found) -> Estimate:
    """Chance that two departments say the same, for the first screen; NaN where that is not known."""
    return found.agreement if isinstance(found, Consistency) else Estimate(float("nan"))
