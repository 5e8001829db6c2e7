"""What built pages say, sentence by sentence: faults of a kind that no reader should find anywhere."""

import re

import pytest

import pages
from places import ROOT
from regulars.pages.declared import PAGES
from regulars.report.layout import Chart

BUILT = [page for page in pages.built(ROOT) if page[1] != "index"]
SENTENCES = ("title", "lead", "card", "text", "brings", "owner", "by", "state", "note", "nothing")
FAULTS = {
    "nothing counted": r"(?<![\d.,:–−(])\b0 (?!seconds|where)(?:of|[a-z]{3,})\b",
    "a missing number": r"\bn/a\b",
    "percent apart from its number": r"\d %|\bper cent\b|\bpct\b",
    "one of several": r"(?<![\d.,])\b1 (?!is\b|was\b|has\b|does\b|lies\b|makes\b)[a-z]+s\b",
    "more digits than anybody knows": r"\d\.\d{3,}",
    "empty, or doubled": r"\(\s*\)|“\s*”|\.\.|,,| [,.;:)]|  ",
    "a day as machines write it": r"\b\d{4}-\d\d-\d\d\b",
    "a name as machines write it": r"(?<![“./\w])\b[a-z]+_[a-z_]+\b(?![”.])",
}
pytestmark = pytest.mark.skipif(not BUILT, reason="no reports are built here: run make reports")


def sentences(dataset: str, stage: str):
    """All that the blocks of a page say in words, headings of tables and captions aside."""
    for block in pages.blocks_of(ROOT, dataset, stage):
        if block["kind"] != "not_supplied":  # names tables and columns to supply
            yield from (str(block[part]) for part in SENTENCES if block.get(part))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("dataset", "stage"), BUILT)
def test_no_sentence_has_it(dataset, stage, fault):
    found = [text for text in sentences(dataset, stage) if re.search(FAULTS[fault], text)]
    assert found == []


@pytest.mark.parametrize("stage", PAGES)
def test_the_numbers_of_a_chart_are_those_that_it_draws(stage):
    """Across its columns a table has the value that the chart draws, and beside them nothing that differs by cell."""
    for section in PAGES[stage].sections:
        for name, looks in section.parts.items():
            if isinstance(looks, Chart) and looks.across:
                drawn = looks.shown.get("value", looks.shown.get("y"))
                assert list(looks.columns)[-1] == drawn, f"{stage}.{section.key}.{name}"
