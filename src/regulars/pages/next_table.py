"""Which table a firm had best supply next: what is not told for want of it, the cheapest first."""

from collections.abc import Mapping

import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding
from regulars.pages.declared import PAGES
from regulars.report.wording import Wording
from regulars.told import Told

# what it takes to supply a table, the cheapest first: more columns of the system that has the orders, an export of
# another one, a note of what happens from now on, people who have to be asked
EFFORTS = {
    "index.effort.beside": ("order_lines", "customers"),
    "index.effort.lies": ("tickets", "contacts", "memberships", "contracts", "campaigns", "campaign_contacts",
                          "prospects", "activities", "credit", "identities", "shifts", "units"),
    "index.effort.noted": ("referrals", "lost_reasons", "interaction_plan"),
    "index.effort.asked": ("surveys", "wallet", "recall", "mystery_visits"),
}  # fmt: skip
# what sections call what they need, where it is not a table's name
TABLE_OF = {"jar": "order_lines", "costs": "campaigns"}
INDICATORS_OF = {"surveys": ("satisfaction", "loyalty", "word_of_mouth")}
ROWS, QUESTIONS = 5, 3  # that the index shows, beside what would give an indicator


def lacking_tables(told: Mapping[str, Told]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Tables for want of which something is not told, the one to supply next first.

    Parameters
    ----------
    told : mapping
        Stage to what it told.

    Returns
    -------
    list of (str, str, list of (str, str))
        Table, what it takes (a key of `EFFORTS`), and stage and key of each section that it would fill. The cheapest
        first; of those that cost the same the one that fills most sections, then as the catalogue of efforts has them.
    """
    wanted: dict[str, list[tuple[str, str]]] = {}
    for stage, one in told.items():
        for key, finding in one.sections.items():
            if finding.verdict == NOT_SUPPLIED and (section := PAGES[stage].section(key)):
                needs = finding.facts.get("table") or section.needs or key
                wanted.setdefault(TABLE_OF.get(needs, needs), []).append((stage, key))
    return [
        (table, effort, wanted[table])
        for effort, tables in EFFORTS.items()
        for table in sorted(tables, key=lambda name: -len(wanted.get(name, ())))
        if table in wanted
    ]


def tell_lacking(told: Mapping[str, Told], wording: Wording, absent: list[str]) -> tuple[Finding, list[str]] | None:
    """What is missing and what one would learn by supplying it; None where nothing is.

    Parameters
    ----------
    told : mapping
    wording : Wording
    absent : list of str
        Indicators that the index does not tell.

    Returns
    -------
    (Finding, list of str) or None
        Facts: table (the next), effort, questions (how many it answers). Frame ``tables``: table, effort, tells: the
        first rows, and those that give an indicator. Then the names of all others.
    """
    lacking = lacking_tables(told)
    if not lacking:
        return None
    rows = [
        (wording.label(table, "table"), wording.say(effort), _tells(table, sections, wording, absent))
        for table, effort, sections in lacking
    ]
    frame = pd.DataFrame(rows, columns=["table", "effort", "tells"], dtype="string")
    facts = {"table": rows[0][0], "effort": rows[0][1], "questions": len(lacking[0][2])}
    given = [any(name in absent for name in INDICATORS_OF.get(table, ())) for table, _, _ in lacking]
    shown = pd.Series(given) | (frame.index < ROWS)
    return Finding(None, facts, {"tables": frame[shown]}), frame.loc[~shown, "table"].tolist()


def _tells(table: str, sections: list[tuple[str, str]], wording: Wording, absent: list[str]) -> str:
    """Questions that a table would answer, in words, after the indicators that it would give."""
    keys = [f"{stage}.{key}.question" for stage, key in sections]
    asked = dict.fromkeys(wording.say(key) for key in keys if not wording.placeholders(key) - set(wording.context))
    given = [wording.say(f"index.indicator.{name}") for name in INDICATORS_OF.get(table, ()) if name in absent]
    told = [wording.say("index.lacking.indicators", names=", ".join(given))] if given else []
    told += list(asked)[:QUESTIONS]
    more = len(sections) - min(len(asked), QUESTIONS)
    return " ".join([*told, wording.say("index.lacking.more", more=more)] if more else told)
