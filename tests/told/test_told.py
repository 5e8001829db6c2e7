"""What a stage tells: read again the same, told once, without a word of any language; and what a kernel shows of it."""

import csv
import json
import os
import re
from dataclasses import replace
from datetime import date
from enum import Enum

import nbformat
import numpy as np
import pandas as pd
import pytest

import report_sample
from regulars import runner
from regulars.catalog.places import write_csv
from regulars.errors import UntoldError, UserError
from regulars.finding import UNUSABLE, Finding, Refusal, Remark, decode_facts, encode_facts, may_refuse, refused, tells
from regulars.labels import Tier
from regulars.pages.build import write_pages
from regulars.pages.declared import FOLDERS
from regulars.report.interactive import PLOTLY_TYPE
from regulars.report.wording import Wording
from regulars.statistics.intervals import Estimate
from regulars.told import Report, Tile, ToldError, kinds, read_frame, read_told, table_file

NAN = float("nan")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for variable in ("REGULARS_ROOT", "REGULARS_STAGING"):
        monkeypatch.setenv(variable, str(tmp_path))
    return tmp_path


@pytest.fixture
def report(folder) -> Report:
    return Report("value", report_sample.ABOUT)


# ---- what is told is read again ----


def same(fact, again) -> bool:
    """Whether a fact came back: enums by name and member, dates as their text, missing numbers as missing."""
    if isinstance(fact, Estimate):
        ends = [(getattr(fact, name), getattr(again, name)) for name in ("value", "low", "high")]
        return fact.n == again.n and all(one == other or (one != one and other != other) for one, other in ends)
    if isinstance(fact, Enum):
        return (type(again).__name__, again.value) == (type(fact).__name__, fact.value)
    if isinstance(fact, date):
        return again == fact.isoformat()
    if isinstance(fact, float) and fact != fact:
        return again is None
    return (type(again) is not float and again == fact) or again == pytest.approx(fact, rel=1e-9)


FACTS = {
    "kept": Estimate(0.71, 0.696, 0.724, 4210),
    "bare": Estimate(12.5),
    "unknown": Estimate(NAN, NAN, NAN, 0),
    "tier": Tier.VIP,
    "until": date(2026, 6, 30),
    "missing": NAN,
    "nothing": None,
    "count": 1140,
    "share": 1 / 3,
    "is_whole": True,
    "name": "Mugs & cups",
}


def test_all_that_is_told_is_read_again(report):
    table = pd.DataFrame({"segment": ["new"], "customers": [3]})
    report.answer("high", **FACTS)
    report.tile(
        "worth", FACTS["kept"], "percent", "up", mark="good", indicator="equity", months=12, until=date(2026, 1, 1)
    )
    report.tile("past", 3, on_page=False)
    report.say("note", tier=Tier.VIP)
    report.say_each("miss", [Remark("low", {"days": 90}), Remark("high")])
    report.tell(
        Finding("grows", FACTS, {"bridge": table}, {"bridge": {"marks": {"2026-01-01": "x"}}},
                {"bridge": {"customers": "number0"}}, [Remark("levers", {"kept": FACTS["kept"]})], key="equity"),
        Finding(None, key="past"),
    )  # fmt: skip
    report.action("call", "many", brings=FACTS["kept"])
    report.term("clv", "interval", months=12)
    report.close(modelled=False, first="BG/NBD")
    told = read_told("example", "value")
    assert told.page == report.told.page
    assert (told.page["start"], told.page["level"], told.page["orders_sampled"]) == ("2024-01-01", 0.9, False)
    for one, again in (
        (report.told.answer.facts, told.answer.facts),
        (FACTS, told.sections["equity"].facts),
        (report.told.tiles[0].facts, told.tiles[0].facts),
        (report.told.actions[0].facts, told.actions[0].facts),
    ):
        assert list(again) == list(one)
        assert [name for name in one if not same(one[name], again[name])] == []
    assert told.answer.verdict == "high"
    assert replace(told.tiles[0], facts={}) == Tile("worth", FACTS["kept"], "percent", "up", "good", "equity")
    assert (told.tiles[1].unit, told.tiles[1].on_page, told.tiles[1].estimate.value) == ("count", False, 3)
    assert [(one.code, list(one.facts)) for one in told.paragraphs] == [
        ("note", ["tier"]), ("miss.low", ["days"]), ("miss.high", []),
    ]  # fmt: skip
    assert list(told.sections) == ["equity", "past"]
    equity = told.sections["equity"]
    assert (equity.key, equity.verdict, told.sections["past"].verdict) == ("equity", "grows", None)
    assert equity.shown == {"bridge": {"marks": {"2026-01-01": "x"}}}
    assert equity.columns == {"bridge": {"customers": "number0"}}
    assert equity.remarks == [Remark("levers", {"kept": FACTS["kept"]})]
    assert (told.actions[0].key, told.actions[0].verdict) == ("call", "many")
    assert (told.terms, told.term_facts) == (["clv", "interval"], {"months": 12})
    assert (told.modelled, told.model_facts) == (False, {"first": "BG/NBD"})


def test_a_verdict_of_an_enum_is_read_as_its_text(report):
    report.answer(Finding(Tier.VIP))
    report.tell(Finding(Tier.SMALL, key="pyramid"))
    report.close()
    told = read_told("example", "value")
    assert (told.answer.verdict, told.sections["pyramid"].verdict) == ("vip", "small")


def test_a_stage_that_has_not_run_is_named(folder):
    with pytest.raises(UserError, match=r"reports/shop/told/value\.json is not there: run `regulars reports`"):
        read_told("shop", "value")
    with pytest.raises(UserError, match=r"reports/shop/told/value\.json is not there: run `regulars reports`"):
        write_pages("shop", {"language": "en"})


FRAME = pd.DataFrame(
    {
        "day": pd.to_datetime(["2026-01-05", None, "2026-03-01"]),
        "moment": pd.to_datetime(["2026-01-05 14:30", "2026-01-06 00:00", None]),
        "orders": [3, 0, -7],
        "gaps": pd.array([1, None, 9_007_199_254_740_993], dtype="Int64"),
        "share": [1 / 3, NAN, 1e-12],
        "whole": [1.0, 2.0, 3.0],
        "is_total": [True, False, True],
        "maybe": pd.array([True, None, False], dtype="boolean"),
        "segment": ["new", "a, \"quoted\" one", "n/a"],
        "product": ["0012", None, "NaN"],
        "tier": pd.Categorical(["vip", "small", "vip"]),
    }
)  # fmt: skip


def test_a_frame_is_read_with_the_types_it_had(report, folder):
    report.tell(Finding(None, {}, {"rows": FRAME}, key="equity"))
    file = folder / "reports/example" / table_file("value", "equity", "rows")
    again = read_frame(file, kinds(FRAME))
    assert list(again) == list(FRAME)
    assert again["day"].tolist() == FRAME["day"].tolist() or again["day"].equals(
        FRAME["day"].astype(again["day"].dtype)
    )
    assert again["moment"].iloc[0] == pd.Timestamp("2026-01-05 14:30") and pd.isna(again["moment"].iloc[2])
    assert again["orders"].dtype == "int64" and again["orders"].tolist() == [3, 0, -7]
    assert again["gaps"].dtype == "Int64" and again["gaps"].tolist() == [1, pd.NA, 9_007_199_254_740_993]
    assert again["share"].dtype == again["whole"].dtype == "float64"
    assert again["share"].tolist() == pytest.approx([0.3333333333, NAN, 1e-12], nan_ok=True)
    assert again["is_total"].dtype == bool and again["is_total"].tolist() == [True, False, True]
    assert again["maybe"].dtype == "boolean" and again["maybe"].isna().tolist() == [False, True, False]
    assert again["segment"].tolist() == FRAME["segment"].tolist()
    assert again["product"].isna().tolist() == [False, True, False], "what reads like a missing value is text"
    assert again["product"].dropna().tolist() == ["0012", "NaN"]
    assert again["tier"].tolist() == ["vip", "small", "vip"]


def test_an_empty_frame_keeps_its_columns_and_types(report, folder):
    empty = FRAME.head(0)
    report.tell(Finding(None, {}, {"rows": empty}, key="equity"))
    again = read_frame(folder / "reports/example" / table_file("value", "equity", "rows"), kinds(empty))
    assert list(again) == list(empty) and again.empty
    assert again.dtypes.map(str).loc[["orders", "share", "is_total"]].tolist() == ["int64", "float64", "bool"]
    assert pd.api.types.is_datetime64_any_dtype(again["day"])


def test_a_sum_of_small_steps_is_withheld_and_named_also_when_told_again(folder):
    steps = pd.DataFrame({"step": ["before", "new", "now"], "customers": [9, 2, 11], "is_total": [True, False, True]})
    finding, sections = Finding(None, {"net": 0.5}, {"steps": steps}, key="equity"), []
    for _ in range(2):
        report = Report("value", report_sample.ABOUT, least=5)
        report.answer("high")
        report.tell(*(sections or [finding]))
        report.close()
        sections = list(read_told("example", "value").sections.values())
        assert (dict(sections[0].frames), list(sections[0].withheld)) == ({}, ["steps"])
    assert not (folder / "reports/example" / table_file("value", "equity", "steps")).exists()


def test_reading_what_was_read_and_told_again_gives_the_same_bytes(report, folder, monkeypatch):
    report.answer("high")
    report.tell(Finding("grows", FACTS, {"rows": FRAME, "none": FRAME.head(0)}, key="equity"))
    report.close()
    told = read_told("example", "value")
    again = Report("value", report_sample.ABOUT)
    monkeypatch.setenv("REGULARS_STAGING", str(folder / "again"))
    again.answer(told.answer)
    again.tell(*told.sections.values())
    again.close()
    first = {path.relative_to(folder): path.read_bytes() for path in (folder / "reports").rglob("*.*")}
    assert len(first) == 5
    for path, content in first.items():
        assert (folder / "again" / path).read_bytes() == content, path


# ---- what is refused ----


def test_nothing_is_told_twice(report):
    report.answer("high")
    with pytest.raises(ToldError, match=r"the stage value answers twice"):
        report.answer("low")
    report.tell(Finding(None, key="equity"))
    with pytest.raises(ToldError, match=r"the stage value tells the section 'equity' twice"):
        report.tell(Finding(None, key="equity"))
    with pytest.raises(ToldError, match=r"a finding of value has no key: its maker is to be marked with `tells`"):
        report.tell(Finding(None))
    report.metric("ratio", 1.5, "number")
    with pytest.raises(ToldError, match=r"the metric 'ratio' of value is recorded twice"):
        report.metric("ratio", 1.5, "number")
    with pytest.raises(ToldError, match=r"the metric 'ratio' of value is recorded twice"):
        report.tile("ratio", 1.5, "number")


def test_four_tiles_and_the_known_indicators(report):
    with pytest.raises(ToldError, match=r"'profit' is no indicator of the index: name one of satisfaction"):
        report.tile("kept", 0.5, "percent", indicator="profit")
    for number in range(4):
        report.tile(f"tile{number}", 0.5, "percent")
    with pytest.raises(ToldError, match=r"the page of value has 4 tiles already; 'again' is one too many"):
        report.tile("again", 0.5, "percent")
    report.tile("beside", 0.5, "percent", indicator="retention", on_page=False)
    assert len(report.told.tiles) == 5


def test_a_stage_needs_an_answer(report, folder):
    with pytest.raises(ToldError, match=r"the stage value has no answer: call report\.answer first"):
        report.close()
    assert not list(folder.rglob("*.json"))


# ---- no word of any language ----


def texts(content) -> list[str]:
    """All strings below a piece of JSON, keys included."""
    if isinstance(content, dict):
        return [text for key, value in content.items() for text in (key, *texts(value))]
    if isinstance(content, list):
        return [text for value in content for text in texts(value)]
    return [content] if isinstance(content, str) else []


def test_what_is_told_holds_no_word_of_any_language(folder):
    report_sample.record()
    words = report_sample.writer(folder / "words").wording
    sentences = {string for key in words.keys for string in words.written(key) if " " in string}
    for name in ("told", "metrics"):
        content = json.loads((folder / f"reports/example/{name}/retention.json").read_text(encoding="utf-8"))
        content.get("page", {}).pop("title", None)
        said = texts(content)
        assert [text for text in said if words.has(text)] == [], "not even a key"
        assert [text for text in said if text in sentences] == []
        # beside names of files and columns: facts that the data give, and names of models
        spaced = {text for text in said if " " in text}
        assert spaced <= {"forecast from here"}, "a mark that the sample gives as data"


def test_the_same_bytes_twice(folder, monkeypatch):
    report_sample.record()
    monkeypatch.setenv("REGULARS_STAGING", str(folder / "again"))
    report_sample.record()
    files = {path.relative_to(folder) for path in (folder / "reports").rglob("*.*")}
    assert len(files) == report_sample.FIGURES + 5
    for path in files:
        assert (folder / path).read_bytes() == (folder / "again" / path).read_bytes(), path


# ---- findings and refusals ----


def test_an_estimate_and_a_label_survive_json():
    content = json.loads(json.dumps(encode_facts(FACTS)))
    again = decode_facts(content)
    assert content["tier"] == {"label": "tier", "member": "vip"}
    assert [name for name in FACTS if not same(FACTS[name], again[name])] == []
    assert decode_facts(encode_facts({"n": np.int64(4)})) == {"n": 4}


def test_a_finding_shows_itself_as_facts():
    finding = Finding("some", {"kept": Estimate(0.71, 0.7, 0.72, 9), "tier": Tier.VIP}, {"rows": FRAME[["orders"]]},
                      remarks=[Remark("few", {"n": 3})], key="worth")  # fmt: skip
    assert repr(finding).splitlines() == [
        "worth: some",
        "  kept = 0.71 (0.7 to 0.72), n = 9",
        "  tier = vip",
        "  remark few n = 3",
        "  table rows: 3 rows, orders",
    ]


def test_a_refusal_stays_one_whatever_is_asked_of_it():
    models = Refusal("there is one customer only.")
    assert models.orders["total"](3).summary is models
    assert not models
    assert repr(models) == "It cannot be told: there is one customer only."
    with pytest.raises(AttributeError):
        _ = models._repr_html_  # displays ask for this, and would show nothing
    assert refused(1, None, models) is models and refused(1, None) is None


def test_what_may_refuse_hands_on_why():
    calls = []

    @may_refuse
    def half(n, by=2):
        calls.append(n)
        if n < by:
            raise UntoldError("there is one customer only.")
        return n / by

    why = half(1)
    assert isinstance(why, Refusal) and why.why == "there is one customer only."
    assert half(why) is why and half(4, by=why) is why
    assert (half(4), calls) == (2.0, [1, 4]), "nothing is computed of what is refused"

    @may_refuse
    def broken():
        raise UserError("Table surveys: a column is missing.")

    with pytest.raises(UserError, match="a column is missing"):
        broken()


def test_a_maker_tells_its_section_or_why_not():
    @tells
    def tell_worth(answers):
        if not answers:
            raise UserError("Table surveys: nobody answered.")
        return Finding("some", {"answers": len(answers)})

    assert tell_worth([1]) == Finding("some", {"answers": 1}, key="worth")
    assert tell_worth([]) == Finding(UNUSABLE, {"why": "Table surveys: nobody answered."}, key="worth")
    assert tell_worth(Refusal("no model.")) == Finding(UNUSABLE, {"why": "no model."}, key="worth")
    assert tell_worth(answers=Refusal("no model.")).facts == {"why": "no model."}


# ---- what a kernel shows ----

GAPS = """
from datetime import date, timedelta
from types import SimpleNamespace
import pandas as pd
from regulars import cleaning
from regulars.cleaning.quality import tell_gaps
from regulars.pages.live import shower
from regulars.told import Report

start, end = date(2025, 1, 1), date(2025, 12, 31)
about = SimpleNamespace(name=dataset, title="Tiny", currency="EUR", simulated=True, observation_start=start,
                        observation_end=end, share=1.0, rows_raw=9, rows_kept=9, orders_sampled=False)
report = Report("clean", about, live=lambda page: shower(page, "en"))
days = pd.DataFrame({"day": pd.date_range(start, end)})
days = days[(days["day"] < "2025-06-01") | (days["day"] > "2025-06-20")].assign(orders=5, revenue=50.0)
report.tell(tell_gaps(cleaning.weekly_orders(days, start, end), cleaning.gaps(days, start, end)))
"""


def run_in_a_kernel(folder) -> list[dict]:
    """Run the cell as papermill does; what it displayed."""
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    parameters = nbformat.v4.new_code_cell("dataset = 'none'", metadata={"tags": ["parameters"]})
    notebook.cells = [parameters, nbformat.v4.new_code_cell(GAPS)]
    source = folder / "tiny.ipynb"
    nbformat.write(notebook, source)
    executed = runner.execute(source, folder / "executed.ipynb", {"dataset": "tiny"}, folder)
    return [output["data"] for cell in executed.cells for output in cell.get("outputs", []) if "data" in output]


@pytest.fixture
def kernel(folder, monkeypatch):
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTER_PREFER_ENV_PATH", "PYTHONHASHSEED"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # the runner sets them: put them back afterwards
    return folder


def test_a_live_kernel_shows_a_section_as_the_page_tells_it(kernel, monkeypatch):
    monkeypatch.delenv("REGULARS_STAGING")
    shown = run_in_a_kernel(kernel)
    html = "\n".join(data.get("text/html", "") for data in shown)
    assert "Is a stretch of time missing?" in html
    assert re.search(r"<h2>For one stretch of 20 days there is no order where \d+ were to be expected</h2>", html)
    assert sum(PLOTLY_TYPE in data for data in shown) == 1
    assert "<table>" in html and "1 June 2025" in html
    assert (kernel / "scratch/reports/tiny/tables/clean/gaps.list.csv").is_file(), "never where the pipeline writes"


def test_the_pipeline_shows_facts_and_frames_only(kernel):
    shown = run_in_a_kernel(kernel)
    assert shown[0] == {"text/plain": shown[0]["text/plain"]}
    first, *facts = shown[0]["text/plain"].splitlines()
    assert first == "gaps: some"
    assert {"  gaps = 1", "  days = 20", "  least = 0", "  most = 35"} <= set(facts)
    assert "  table list: 1 rows, first_day, last_day, days, expected" in facts
    assert len(shown) == 3, "the facts, and the first rows of each frame"
    assert not any(PLOTLY_TYPE in data for data in shown)
    words = Wording("en", folders=FOLDERS)
    sentences = [part for key in words.keys for string in words.written(key) for part in re.split(r"\{.*?\}", string)]
    said = "\n".join(text for data in shown for text in data.values())
    assert [part for part in sentences if len(part.split()) > 2 and part.strip() in said] == []


HOSTILE = ["=1+1", "+49 30 1", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=1", "''", "'tis", "＝1", "-5", "tea", ""]


def test_what_a_spreadsheet_would_compute_is_made_harmless_and_read_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    frame = pd.DataFrame({"name": pd.array(HOSTILE, "string"), "=head": range(len(HOSTILE)), "x": -1.5})
    file = write_csv(frame, "table.csv")
    cells = list(csv.reader(file.read_text(encoding="utf-8").splitlines(keepends=True)))
    assert cells[0] == ["name", "'=head", "x"]
    first = [row[0] for row in cells[1:] if row]
    assert not [text for text in first if re.match(r"[=+@\t\r＝]|-(?!\d+$)", text)]
    assert {row[2] for row in cells[1:] if len(row) == 3} == {"-1.5"}  # numbers are left as they are
    again = read_frame(file, kinds(frame))
    assert again["name"].tolist() == [text.replace("\r", "\n") for text in HOSTILE]
    assert again["=head"].tolist() == list(range(len(HOSTILE)))
