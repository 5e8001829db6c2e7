"""What is missing and what one would learn by supplying it: the cheapest next table first."""

import pytest

from regulars.catalog.tables import CLEAN_TABLES
from regulars.finding import NOT_SUPPLIED, Finding
from regulars.pages.declared import FOLDERS, PAGES
from regulars.pages.next_table import EFFORTS, INDICATORS_OF, TABLE_OF, lacking_tables, tell_lacking
from regulars.report.wording import Wording
from regulars.told import INDICATORS, Told


def told_of(**sections):
    """Stage to what it told, from section to what it needs."""
    return {
        stage: Told({"stage": stage}, sections={
            key: Finding(NOT_SUPPLIED if needs is not None else "some", {"table": needs} if needs else {})
            for key, needs in found.items()
        })
        for stage, found in sections.items()
    }  # fmt: skip


@pytest.fixture
def words():
    return Wording("en", "EUR", FOLDERS)


def test_the_cheapest_comes_first_and_then_what_answers_most():
    told = told_of(
        satisfaction={"satisfied": "surveys", "why": "surveys", "complaints": "tickets"},
        interaction={"solved": "contacts", "moods": "contacts", "plan": "interaction_plan"},
        retention={"jar": "", "costs": "", "states": None},
        actions={"wallet": "wallet"},
        segments={"record": "customers"},
    )
    found = lacking_tables(told)
    assert [table for table, *_ in found] == ["order_lines", "customers", "contacts", "tickets", "campaigns",
                                              "interaction_plan", "surveys", "wallet"]  # fmt: skip
    assert found[2] == ("contacts", "index.effort.lies", [("interaction", "solved"), ("interaction", "moods")])
    efforts = [list(EFFORTS).index(effort) for _, effort, _ in found]
    assert efforts == sorted(efforts)


def test_it_says_what_one_would_learn_and_names_the_rest(words):
    told = told_of(
        satisfaction={"satisfied": "surveys", "why": "surveys", "complaints": "tickets"},
        interaction={"solved": "contacts", "identity": "identities"},
        retention={"contracts": "", "referrals": ""},
        actions={"wallet": "wallet", "clubs": "memberships"},
    )
    finding, others = tell_lacking(told, words, ["satisfaction", "loyalty"])
    table = finding.frames["tables"]
    names = ("tickets", "contacts", "memberships", "contracts", "identities", "surveys")
    assert table["table"].tolist() == [words.label(one, "table") for one in names]
    last = table.iloc[-1]
    assert last["tells"].startswith(
        "Among the five indicators: satisfaction, loyalty. How satisfied are our customers?"
    )
    assert last["effort"] == "asking people"
    assert others == ["Referrals", "Wallets"]
    assert finding.facts["questions"] == 1 and finding.facts["table"] == table["table"][0]
    assert finding.facts["effort"] == table["effort"][0]


def test_more_questions_than_are_said_are_counted(words):
    keys = [section.key for section in PAGES["interaction"].sections if section.needs == "contacts"]
    finding, others = tell_lacking(told_of(interaction=dict.fromkeys(keys, "contacts")), words, [])
    assert others == []
    assert finding.frames["tables"]["tells"][0].endswith(f"And {len(keys) - 3} more.")


def test_where_nothing_is_missing_nothing_is_said(words):
    assert tell_lacking(told_of(retention={"states": None}), words, []) is None


def test_every_table_that_a_section_needs_has_its_effort():
    listed = [table for tables in EFFORTS.values() for table in tables]
    assert len(listed) == len(set(listed))
    clean = {table.name for table in CLEAN_TABLES}
    assert set(listed) <= clean
    needed = {section.needs for page in PAGES.values() for section in page.sections} | set(TABLE_OF.values())
    assert needed & clean <= set(listed)
    assert {name for names in INDICATORS_OF.values() for name in names} <= set(INDICATORS)
