"""What the pages say: formats in several languages, plurals, and errors that name key and fact."""

from datetime import date
from enum import StrEnum
from string import Formatter

import numpy as np
import pandas as pd
import pytest
from babel.messages.pofile import read_po

from regulars import labels
from regulars.finding import decode_facts, encode_facts, snake
from regulars.labels import CustomerState, Tier
from regulars.pages.declared import FOLDERS
from regulars.report.formats import Peers
from regulars.report.wording import MODIFIERS, Wording, WordingError, catalogues, formats
from regulars.statistics.intervals import Estimate

NAN = float("nan")

GERMAN = r"""
msgid ""
msgstr ""
"Language: de_DE\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "format.missing"
msgstr "k. A."

msgid "format.interval"
msgstr "{low} bis {high}"

msgid "format.interval.negative"
msgstr "{low} bis {high}"

msgid "format.interval.unit_once"
msgstr "percent"

msgid "format.with_interval"
msgstr "{value} ({interval})"

msgid "format.scales"
msgstr "1000000:Mio. 1000000000:Mrd."

msgid "format.money_short"
msgstr "{sign}{number} {scale} {symbol}"

msgid "unit.days"
msgid_plural "number"
msgstr[0] "{number} Tag"
msgstr[1] "{number} Tage"
"""

CHINESE = r"""
msgid ""
msgstr ""
"Language: zh_Hans_CN\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=1; plural=0;\n"

msgid "format.missing"
msgstr "无"

msgid "format.interval"
msgstr "{low}～{high}"

msgid "format.interval.negative"
msgstr "{low}至{high}"

msgid "format.interval.unit_once"
msgstr "percent money_short"

msgid "format.with_interval"
msgstr "{value}（{interval}）"

msgid "format.scales"
msgstr "10000:万 100000000:亿"

msgid "format.money_short"
msgstr "{sign}{number}{scale}元"

msgid "unit.points"
msgstr "{number}个百分点"

msgid "unit.days"
msgid_plural "number"
msgstr[0] "{number}天"

msgid "calls"
msgid_plural "customers"
msgstr[0] "联系{customers:count}位顾客"
"""

POLISH = r"""
msgid ""
msgstr ""
"Language: pl_PL\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "format.missing"
msgstr "b.d."

msgid "calls"
msgid_plural "customers"
msgstr[0] "{customers:count} klient"
msgstr[1] "{customers:count} klienci"
msgstr[2] "{customers:count} klientów"
"""


@pytest.fixture
def english() -> Wording:
    return Wording("en", currency="GBP")


@pytest.fixture
def write(tmp_path):
    def written(content: str, currency: str = "EUR") -> Wording:
        (tmp_path / "xx.po").write_text(content.strip() + "\n", encoding="utf-8")
        return Wording("xx", currency=currency, folders=[tmp_path])

    return written


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (1204, "count", "1,204"),
        (1203.5, "count", "1,204"),
        (np.int64(7), "count", "7"),
        (-3, "count", "−3"),
        (412_345.6, "money", "£412,346"),
        (24.658616, "money", "£24.66"),
        (24.658616, "money0", "£25"),
        (-5.2, "money", "−£5.20"),
        (412_345.6, "money_short", "£412k"),
        (12_400, "money_short", "£12.4k"),
        (9_500, "money_short", "£9,500"),
        (1_240_000, "money_short", "£1.24m"),
        (3.2e9, "money_short", "£3.20bn"),
        (-412_000, "money_short", "−£412k"),
        (21_400, "count_short", "21.4k"),
        (0.7142, "percent", "71%"),
        (0.7142, "percent1", "71.4%"),
        (8_568.3 / 6_256.4 - 1, "percent1:signed", "+37.0%"),  # a published table of growth, to one decimal
        (10_508.7 / 8_568.3 - 1, "percent1:signed", "+22.6%"),
        (12_543.5 / 10_508.7 - 1, "percent1:signed", "+19.4%"),
        (0.004, "percent", "0.4%"),
        (0.9996, "percent", "99.96%"),
        (0.0, "percent", "0%"),
        (1, "percent", "100%"),
        (0.031, "points", "3.1 points"),
        (0.031, "points:signed", "+3.1 points"),
        (-0.031, "points:signed", "−3.1 points"),
        (-0.031, "points:abs", "3.1 points"),
        (3.14159, "number", "3.14"),
        (31.4159, "number", "31.4"),
        (3.14159, "number3", "3.142"),
        (1, "days", "1 day"),
        (35, "days", "35 days"),
        (1.5, "weeks", "1.5 weeks"),
        (date(2026, 6, 30), "date", "30 June 2026"),
        ("2026-06-30", "date_short", "30 Jun 2026"),
        (pd.Timestamp("2026-06-30 14:05"), "month", "June 2026"),
        (np.datetime64("2026-06-30"), "month_short", "Jun 2026"),
        (pd.Period("2026-06", "M"), "month", "June 2026"),
        ("2026-06", "year", "2026"),
        (Tier.VIP, "label", "VIP"),
        ("vip", "label:tier", "VIP"),
        (CustomerState.LOST, "", "Lost"),
        ("Mugs & cups", "", "Mugs & cups"),
    ],
)
def test_english_formats(english, value, spec, text):
    assert english.format(value, spec) == text


@pytest.mark.parametrize(
    ("estimate", "spec", "text"),
    [
        (Estimate(412_000, 371_000, 455_000), "money_short:interval", "£371k–£455k"),
        (Estimate(412_000, 371_000, 455_000), "money_short:with_interval", "£412k (371k–455k)"),
        (Estimate(0.19, 0.18, 0.2), "percent:interval", "18–20%"),
        (Estimate(0.19, 0.18, 0.2), "percent:with_interval", "19% (18–20)"),
        (Estimate(0.7102, 0.7098, 0.7131), "percent:interval", "71.0–71.3%"),
        (Estimate(0.01, -0.02, 0.04), "points:interval", "−2.0 to 4.0 points"),
        (Estimate(24.6, 9.5, 120.0), "money:with_interval", "£25 (10–120)"),
        (Estimate(35, NAN, NAN), "days:with_interval", "35 days"),
        (Estimate(35, NAN, NAN), "days:interval", "n/a"),
        (Estimate(NAN), "money", "n/a"),
        (Estimate(86_500, 69_800, 107_300), "money_short", "£87k"),  # as it stands before its interval
        (Estimate(0, 0, 310), "money_short:with_interval", "£0 (0–310)"),
    ],
)
def test_intervals(english, estimate, spec, text):
    assert english.format(estimate, spec) == text


@pytest.mark.parametrize("missing", [None, NAN, pd.NaT, pd.NA, np.datetime64("NaT")])
@pytest.mark.parametrize("spec", ["money", "percent", "count", "date", "days", "label:tier"])
def test_missing_is_worded(english, missing, spec):
    assert english.format(missing, spec) == "n/a"


def test_values_beside_each_other_share_decimals_and_scale(english):
    assert english.formatter("money_short").all([0, 48_800, 142_000]) == ["£0", "£49k", "£142k"]
    assert english.formatter("percent").all([0.004, 0.31]) == ["0.4%", "31.0%"]
    assert english.formatter("number").all([0, 0.25, 0.5]) == ["0.00", "0.25", "0.50"]
    assert english.formatter("month_short").all(["2026-01", "2026-02"]) == ["Jan 2026", "Feb 2026"]


def test_a_number_too_small_for_the_scale_beside_it_is_not_said_to_be_nothing(english):
    assert english.formatter("money_short").all([310, 142_000]) == ["£310", "£142k"]


def test_another_locale(write):
    german = write(GERMAN)
    assert german.lang == "de-DE"
    assert german.format(0.714, "percent") == "71\N{NO-BREAK SPACE}%"
    assert german.format(1234.5, "number1") == "1.234,5"
    assert german.format(24.658, "money") == "24,66\N{NO-BREAK SPACE}€"
    assert german.format(1_240_000, "money_short") == "1,24 Mio. €"
    assert german.format(412_000, "money_short") == "412.000\N{NO-BREAK SPACE}€"
    assert german.format(Estimate(0.19, 0.18, 0.2), "percent:interval") == "18 bis 20\N{NO-BREAK SPACE}%"
    assert german.format("2026-06-30", "date") == "30. Juni 2026"
    assert (german.format(1, "days"), german.format(35, "days")) == ("1 Tag", "35 Tage")
    assert german.format(None, "money") == "k. A."


def test_scales_of_ten_thousand(write):
    chinese = write(CHINESE, currency="CNY")
    assert chinese.format(412_000, "money_short") == "41.2万元"
    assert chinese.format(123_456_789, "money_short") == "1.23亿元"
    assert chinese.format(Estimate(412_000, 371_000, 455_000), "money_short:interval") == "37.1万～45.5万元"
    assert chinese.format(0.03, "points") == "3.0个百分点"
    assert chinese.format("2026-11", "month") == "2026年11月"
    assert chinese.format(1, "days") == "1天"
    assert chinese.say("calls", customers=1) == "联系1位顾客"


@pytest.mark.parametrize(("n", "text"), [(1, "1 klient"), (3, "3 klienci"), (5, "5 klientów"), (22, "22 klienci")])
def test_plurals_follow_the_language(write, n, text):
    assert write(POLISH).say("calls", customers=n) == text
    assert write(POLISH).say("calls", customers=Estimate(float(n), 0, 9)) == text


SENTENCES = r"""
msgid ""
msgstr ""
"Language: en_GB\n"
"Content-Type: text/plain; charset=UTF-8\n"

msgid "format.missing"
msgstr "n/a"

msgid "page.answer"
msgstr "We kept {kept:percent} ({kept.low:percent1}) of {title}"

msgid "page.bare"
msgstr "We kept {kept}"

msgid "page.wrong"
msgstr "We kept {kept:furlongs}"

msgid "page.empty"
msgstr ""
"""


def test_a_sentence_needs_its_key_and_its_facts_and_no_others(write):
    words = write(SENTENCES)
    words.context["title"] = "Example Ltd"
    kept = Estimate(0.71, 0.7, 0.72)
    assert words.say("page.answer", kept=kept) == "We kept 71% (70.0%) of Example Ltd"
    with pytest.raises(WordingError, match=r"xx\.po has no entry 'page\.answr'; did you mean 'page\.answer'\?"):
        words.say("page.answr", kept=kept)
    with pytest.raises(WordingError, match=r"no entry 'page\.empty'"):
        words.say("page.empty")
    with pytest.raises(WordingError, match=r"'page\.answer' needs the fact 'kept' \(given: none\)"):
        words.say("page.answer")
    with pytest.raises(WordingError, match=r"none of 'page\.answer' uses the fact 'lost'"):
        words.say("page.answer", kept=kept, lost=3)
    with pytest.raises(WordingError, match=r"'page\.bare' shows the number 0\.71 without a format"):
        words.say("page.bare", kept=0.71)
    with pytest.raises(
        WordingError, match=r"'page\.wrong': the format 'furlongs' does not fit 0\.71; formats are count"
    ):
        words.say("page.wrong", kept=0.71)
    with pytest.raises(WordingError, match=r"the format 'percent' needs a number, not 'many'"):
        words.say("page.answer", kept="many")


def test_facts_are_shared_by_the_sentences_of_one_call(english):
    parts = {"question": "page.actions.question", "title": "page.actions.title"}
    assert english.compose(parts, {"actions": 3})["title"] == "3 things pay by more than noise"
    assert english.compose(parts, {"actions": 1})["title"] == "One thing pays by more than noise"


def test_unknown_languages_labels_and_currencies(english):
    with pytest.raises(WordingError, match=r"no wording for the language 'xx' \(there is: .*en"):
        Wording("xx")
    with pytest.raises(WordingError, match=r"no entry 'label\.tier\.gold'"):
        english.label("gold", "tier")
    with pytest.raises(WordingError, match=r"'vip' is plain text: say which enum"):
        english.label("vip")
    with pytest.raises(WordingError, match="no currency is known"):
        Wording("en").format(3, "money")
    with pytest.raises(WordingError, match=r"the format 'date' needs a date, not 'soon'"):
        english.format("soon", "date")


def test_facts_survive_json(english):
    facts = {"kept": Estimate(1 / 3, 0.3, NAN, 7), "tier": Tier.VIP, "until": date(2026, 6, 30), "n": np.int64(4)}
    back = decode_facts(encode_facts(facts))
    assert (back["kept"].value, back["kept"].n, back["n"]) == (0.3333333333, 7, 4)
    assert english.label(back["tier"]) == "VIP"
    assert english.format(back["until"], "date") == "30 June 2026"
    assert english.format(back["kept"], "percent:interval") == "n/a"


def test_every_format_in_the_wording_exists():
    words = Wording("en", folders=FOLDERS)
    for key in words.keys:
        for string in words.written(key):
            for _, name, spec, conversion in Formatter().parse(string):
                if not name or not spec:
                    continue
                unit, *modifiers = spec.split(":")
                assert unit.rstrip("0123456789") in formats(), f"{key}: {spec}"
                assert unit == "label" or set(modifiers) <= set(MODIFIERS), f"{key}: {spec}"
                assert conversion is None, f"{key}: {name}"


def test_every_member_of_an_enum_is_worded():
    enums = [item for item in vars(labels).values() if isinstance(item, type) and issubclass(item, StrEnum)]
    members = {snake(enum.__name__): set(map(str, enum)) for enum in enums if enum is not StrEnum}
    wanted = {f"label.{kind}.{value}" for kind, values in members.items() for value in values}
    assert wanted - set(Wording("en", folders=FOLDERS).keys) == set()


def test_entries_are_written_once(write, tmp_path):
    files = [path for folder in FOLDERS for path in catalogues(folder, "en")]
    assert {path.name for path in files} >= {"en.po", "index.en.po", "quality.en.po", "value.en.po"}
    for path in files:
        keys = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("msgid ")]
        assert len(keys) == len(set(keys)), f"{path.name} has an entry twice"
        with path.open("rb") as file:
            assert read_po(file).locale is not None
    (tmp_path / "page.xx.po").write_text(SENTENCES.strip() + "\n", encoding="utf-8")
    with pytest.raises(WordingError, match=r"xx\.po: 'format\.missing' is worded in another file already"):
        write(SENTENCES)


def test_small_money_beside_large_is_not_told_as_nothing():
    words = Wording("en", currency="GBP")
    beside = Peers([1_283_000, 3_200, 1_286_200])
    assert [words.format(value, "money_short", beside) for value in beside.values] == [
        "£1,283k",
        "£3k",
        "£1,286k",
    ]
    assert words.format(1_283_000, "money_short", Peers([1_283_000, 1_050_000])) == "£1.28m"
