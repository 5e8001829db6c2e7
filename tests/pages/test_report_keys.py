"""The declared pages and their wording agree: all that a page declares is worded, and all that is worded is said."""

import re
from enum import StrEnum
from pathlib import Path

import pandas as pd
import pytest

import pages
import report_sample
import wording_keys
from places import ROOT
from regulars import labels
from regulars.catalog.tables import CLEAN_TABLES
from regulars.finding import snake
from regulars.pages import index
from regulars.pages.declared import FILES, PAGES
from regulars.report import charts
from regulars.report.formats import COUNTED, SPANS
from regulars.report.layout import Page, Section, Word, chart, section, table
from regulars.report.wording import Wording, WordingError
from regulars.told import INDICATORS

MACHINERY = ("page", "tile", "table", "index", "format", "unit")
BUILT = [page for page in pages.built(ROOT) if page[1] != "index"]
# what is no knob: a whole, a coin, a published rule, folklore that the page warns of, and when a case is stuck
FIXED_SHARES = ("add up to 100%", "rule of 85%", "Trade folklore says 90%", "nine of ten others")
every_page = pytest.mark.parametrize("stage", PAGES)
every_language = pytest.mark.parametrize("language", wording_keys.LANGUAGES)


def known(language: str = "en") -> Wording:
    return wording_keys.Heard(language)


@every_language
@every_page
def test_all_that_a_page_declares_is_worded(stage, language):
    assert wording_keys.unworded(PAGES[stage], language) == []


@every_language
@every_page
def test_every_sentence_of_a_page_can_be_said(stage, language):
    page, names = PAGES[stage], wording_keys.names_in(stage)
    rest = {key for key in known(language).keys if key.startswith(f"{stage}.")} - wording_keys.heard(page, language)
    assert [key for key in sorted(rest) if not wording_keys.may_be_said(key, page, names)] == []


@every_language
def test_every_shared_word_is_used(language):
    words, names = known(language), wording_keys.names_in(*PAGES)
    heard = set().union(*(wording_keys.heard(page, language) for page in PAGES.values()))
    enums = {snake(item.__name__) for item in vars(labels).values() if isinstance(item, type) and item is not StrEnum}
    kinds = wording_keys.label_kinds(words, PAGES.values()) | enums
    used = {
        "column": lambda key, *rest: key in heard,
        "axis": lambda key, *rest: key in heard,
        "chapter": lambda key, name: key in heard or name == Section("", {}).chapter,
        "term": lambda key, name, *rest: name in names,
        "not_supplied": lambda key, name, *rest: name == "unusable" or wording_keys.is_needed(name, PAGES.values()),
        "label": lambda key, kind, member: kind in kinds and (member in names or not member),
    }
    shared = [key for key in words.keys if key.split(".")[0] not in {*PAGES, *MACHINERY}]
    assert [key for key in shared if not used[key.split(".")[0]](key, *key.split(".", 2)[1:])] == []


def test_the_machinery_uses_all_of_its_words():
    folders = wording_keys.SOURCE / "report", wording_keys.SOURCE / "pages"
    files = [path for folder in folders for kind in ("*.py", "templates/*.j2") for path in folder.glob(kind)]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    built = {f"page.{stage}" for stage in FILES} | {f"unit.{one}" for one in (*SPANS, *COUNTED)}
    built |= {"tile.interval_n", "tile.interval", "tile.n", *(f"page.actions.{sum}" for sum in ("gain", "cost", "net"))}
    built |= wording_keys.heard(index.PAGE, "en") | {f"index.indicator.{name}" for name in INDICATORS}
    built |= {f"index.{section.key}.title" for section in index.PAGE.sections}
    for key in known().keys:
        if key.split(".")[0] in MACHINERY and key not in built:
            assert re.search(rf"['\"]{re.escape(key)}['\"]", source), f"nothing says {key}"


def test_each_page_has_its_wording_beside_it():
    rooms = {*MACHINERY, "chapter", "term", "column", "label", "axis", "not_supplied"}
    assert {key.split(".")[0] for key in known().keys} <= rooms | set(PAGES)
    folder = wording_keys.SOURCE / "pages"
    for stage, page in PAGES.items():
        text = (folder / f"{Path(page.file).stem}.en.po").read_text(encoding="utf-8")
        own = set(re.findall(r'^msgid "(.+)"$', text, re.M))
        assert {key for key in known().keys if key.startswith(f"{stage}.")} <= own
        assert {key.split(".")[0] for key in own} <= {stage, "label", "term", "column", "axis", "not_supplied"}


@every_language
def test_every_language_says_the_same(language):
    assert set(known(language).keys) == set(known("en").keys)


@every_language
def test_every_clean_table_has_a_name_on_the_page(language):
    assert [table.name for table in CLEAN_TABLES if not known(language).has(f"label.table.{table.name}")] == []


# ---- figures come as facts ----


def test_percent_is_spelled_in_one_way():
    words = known("en")
    assert [key for key in words.keys if any(re.search(r"\d\s%|per cent", text) for text in words.written(key))] == []


@every_language
def test_no_sentence_repeats_a_setting_in_digits(language):
    words, found = known(language), []
    for key in words.keys:
        for text in words.written(key):
            for fixed in FIXED_SHARES:
                text = text.replace(fixed, "")
            if re.search(r"\d\s?%|\b(one|nine|nine times) (in|of|out of) ten\b", re.sub(r"\{.*?\}", "", text)):
                found.append(key)
    assert found == [], "say {level:percent}, or bring the share as a fact"


def test_the_level_is_that_of_the_stage():
    for level, words in ((0.9, "with 90% intervals"), (0.8, "with 80% intervals")):
        writer = wording_keys.writer(PAGES["satisfaction"], "en")
        writer.wording.context["level"] = level
        assert words in writer.word("waves.table.caption")


# ---- columns ----


@pytest.mark.skipif(not BUILT, reason="no reports are built here: run make reports")
@pytest.mark.parametrize(("dataset", "stage"), BUILT)
def test_columns_stand_in_their_frames(dataset, stage):
    pages.assert_columns_stand_in_their_frames(PAGES[stage], pages.told_of(ROOT, dataset, stage))


def test_columns_of_the_sample_stand_in_their_frames(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    pages.assert_columns_stand_in_their_frames(report_sample.PAGE, report_sample.record().told)


# ---- the loop itself ----


def test_what_is_declared_and_not_worded_is_named():
    page = Page(
        "value",
        "value.html",
        (
            section("pyramid", steps=table(["tier", "customers"])),
            section(
                "moods",
                map=chart(charts.columns, {"mood": "text", "n": "count"}, x="mood", values=["n"], names=(Word("sad"),)),
            ),
        ),
    )
    told = wording_keys.unworded(page, "en")
    wanted = ("moods.question", "moods.title", "moods.map.caption", "moods.map.column.mood", "moods.map.alt",
              "moods.map.x", "value.sad")  # fmt: skip
    assert [key for key in wanted if not any(key in line for line in told)] == []
    assert len(told) == len(wanted), "the pyramid is worded"
    with pytest.raises(WordingError, match=r"value\.moods\.question"):
        wording_keys.heard(page, "en")


def test_what_nothing_can_say_is_found():
    page = Page("value", "value.html", (section("who", needs="surveys"), section("past")))
    names = wording_keys.Names('report.tile("worth", worth, verdict="up")\nFinding("more", remarks=f"last_{n}")')
    said = ("value.models", "value.tile.worth", "value.tile.worth.up", "value.tile.worth.note", "value.who.title.more",
            "value.who.sure", "value.who.remark.last_3", "value.not_supplied.surveys", "value.not_supplied.past",
            "value.answer.more.lead", "value.worth")  # fmt: skip
    assert [key for key in said if not wording_keys.may_be_said(key, page, names)] == []
    never = ("value.models.more", "value.tile.worth.down", "value.who.title.less", "value.who.remark.first_3",
             "value.who.curve.alt", "value.not_supplied.who", "value.answer.less", "value.past.question.more",
             "value.nothing")  # fmt: skip
    assert [key for key in never if wording_keys.may_be_said(key, page, names)] == []


def test_columns_that_a_chart_takes_are_read_from_its_declaration():
    looks = chart(charts.dots, {"lever": "text", "gain": "money:with_interval"}, category="lever", value="gain",
                  low="gain_low", high="gain_high", before="was")  # fmt: skip
    assert wording_keys.shown_columns(looks) == {"lever", "gain", "gain_low", "gain_high", "was"}
    assert wording_keys.shown_columns(table({"lever": "text"}, total=["n"])) == {"lever", "n"}
    assert set(pd.DataFrame(columns=["lever"])) == wording_keys.shown_columns(table({"lever": "text"}))
