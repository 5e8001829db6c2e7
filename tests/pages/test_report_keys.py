"""The wording and the notebooks agree: what is asked for is there, and what is there is said."""

import ast
import re
from enum import StrEnum

import pytest

import wording_keys
from regulars import labels
from regulars.report.formats import SPANS
from regulars.report.layout import layout_of
from regulars.report.render import PAGES
from regulars.report.wording import Wording, snake

STAGES = {re.sub(r"^\d+_", "", path.stem): path for path in sorted((wording_keys.NOTEBOOKS).glob("*.ipynb"))}
PAGE_STAGES = {stage for stage in PAGES if stage != "index"}
MACHINERY = ("page", "tile", "table", "index", "format", "unit")


@pytest.fixture(scope="module")
def known() -> list[str]:
    return Wording("en").keys


@pytest.fixture(scope="module")
def notebooks(known) -> dict[str, wording_keys.Usage]:
    code = {s: wording_keys.notebook_code(path) + "\n" + wording_keys.layout_code(s) for s, path in STAGES.items()}
    return {stage: wording_keys.usage(code[stage], stage, known) for stage in STAGES}


@pytest.mark.parametrize("stage", STAGES)
def test_every_key_that_a_notebook_uses_is_worded(notebooks, stage):
    assert notebooks[stage].missing == set()


@pytest.mark.parametrize("stage", STAGES)
def test_every_sentence_of_a_page_is_said(notebooks, known, stage):
    own = {key for key in known if key.split(".")[0] == stage}
    assert own - notebooks[stage].used == set()


@pytest.mark.parametrize("stage", STAGES)
def test_every_chart_and_table_of_a_layout_is_shown(stage):
    code, layout = wording_keys.notebook_code(STAGES[stage]), set(layout_of(stage))
    shown = set(re.findall(r"report\.(?:chart|table)\(\s*\"([a-z_.]+)\"", code))
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and hasattr(node.func, "attr")]
    told = {section.value for call in calls for section in wording_keys.told_sections(call)}
    assert shown | {place for place in layout if place.rpartition(".")[0] in told} == layout


def test_every_shared_word_is_used(notebooks, known):
    if not set(STAGES) >= PAGE_STAGES:
        pytest.skip(f"some notebooks are not there yet: {', '.join(sorted(PAGE_STAGES - set(STAGES)))}")
    used = set().union(*(usage.used for usage in notebooks.values()))
    enums = {snake(item.__name__) for item in vars(labels).values() if isinstance(item, type) and item is not StrEnum}
    shared = {key for key in known if key.split(".")[0] not in {*PAGE_STAGES, *MACHINERY}}
    assert {key for key in shared - used if key.split(".")[:1] != ["label"] or key.split(".")[1] not in enums} == set()


def test_the_machinery_uses_all_of_its_words(known):
    folder = wording_keys.REPORT
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in [*folder.glob("*.py"), *folder.glob("templates/*.j2")]
    )
    built = {f"page.{stage}" for stage in PAGES} | {f"unit.{span}" for span in SPANS}
    built |= {"tile.interval_n", "tile.interval", "tile.n"}
    for key in known:
        if key.split(".")[0] in MACHINERY and key not in built:
            assert re.search(rf"['\"]{re.escape(key)}['\"]", source), f"nothing says {key}"


def test_no_part_of_the_wording_is_for_an_unknown_page(known):
    rooms = {*PAGE_STAGES, *MACHINERY, "term", "column", "label", "axis", "not_supplied"}
    assert {key.split(".")[0] for key in known} <= rooms


CODE = """
report = Report("value", about)
report.answer(verdict=held, worth=worth)
report.tile("worth", worth, "money", verdict="up" if more else None)
report.section("who", verdict, top=0.2)
report.say("who.text")
report.chart("who.curve", frame)
report.term("clv", "interval")
report.action(todo.verdict, **todo.facts)
report.sure("who.sure", draws=3)
report.tell("equity", equity)
report.close()
LAYOUT = {
    "who.curve": chart(charts.bars, columns("tier", clv="money"), names=(Word("who.now"),)),
    "equity.bridge": table(columns("tier")),
}
"""


KNOWN = """
value.answer.held value.answer.held.lead value.answer.missed value.answer.missed.lead value.answer.missed.card
value.tile.worth value.tile.worth.up value.tile.worth.down value.who.question value.who.title.more value.who.text
value.who.curve.alt value.who.curve.caption term.clv term.clv.meaning term.interval column.clv value.column.tier
column.other label.tier.vip label.segment.new value.models axis.clv value.who.curve.x value.who.now
value.action.call value.action.call.brings value.action.call.owner value.equity.question value.equity.title.grows
value.equity.sure value.equity.bridge.caption
"""


def test_how_keys_are_read_from_code():
    known = KNOWN.split()
    found = wording_keys.usage(CODE, "value", known)
    assert set(known) - found.used == {"value.tile.worth.down", "column.other", "label.segment.new"}
    assert found.missing == {"value.term.interval.meaning", "value.who.sure"}
