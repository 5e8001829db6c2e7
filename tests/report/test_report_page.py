"""The report of one notebook: blocks, files, the page made of them, and what is refused."""

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pandas as pd
import pytest

import report_sample
from regulars import showing
from regulars.finding import UNUSABLE, Finding, Remark
from regulars.pages import live
from regulars.pages.index import render_index
from regulars.report import charts
from regulars.report.blocks import bar_range
from regulars.report.charts.curves import CURVE
from regulars.report.drawing import Box, Line
from regulars.report.interactive import PLOTLY_TYPE, plain_figure
from regulars.report.layout import Page, Section, section, table
from regulars.report.render import PageError, block_html
from regulars.report.wording import FOLDER, Wording, WordingError
from regulars.report.writer import Writer
from regulars.statistics.intervals import Estimate
from regulars.told import read_told


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for variable in ("REGULARS_ROOT", "REGULARS_STAGING"):
        monkeypatch.setenv(variable, str(tmp_path))
    return tmp_path


@pytest.fixture
def writer(folder) -> Writer:
    """A writer that has written nothing yet."""
    return report_sample.writer(folder / "wording")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The finished sample: its writer, what was told, its folder, its page."""
    folder = tmp_path_factory.mktemp("sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGULARS_ROOT", str(folder))
        patch.setenv("REGULARS_STAGING", str(folder))
        writer = report_sample.build(folder / "wording")
        told = read_told("example", "retention")
    folders = (FOLDER, folder / "wording")
    front, detail = report_sample.pages_of(writer)
    return SimpleNamespace(writer=writer, told=told, folder=folder, html=front, detail=detail, folders=folders)


class Tags(HTMLParser):
    """Elements of a page with their attributes, and the text of styles."""

    def __init__(self, html: str):
        super().__init__()
        self.found, self.styles, self.ids = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.found.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "style":
            self.styles.append("")

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "style":
            self.styles[-1] += data

    def handle_endtag(self, tag):
        if tag == "style":
            self.found.append(("/style", {}))

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.found if name == tag]


# ---- the page ----


def test_the_page_has_one_of_each_and_everything_in_order(sample):
    tags = Tags(sample.html)
    assert len(tags.all("h1")) == len(tags.all("main")) == 1 and len(tags.all("nav")) == 3
    assert len(tags.ids) == len(set(tags.ids))
    assert tags.all("html")[0]["lang"] == "en-GB"
    assert tags.all("a")[0] == {"class": "skip", "href": "#answer"}
    order = [
        "Example Ltd · orders to 30 June 2026</p>",
        "Simulated data: Example Ltd does not exist",
        "<h1>",
        'class="lead"',
        'class="tiles',
        'class="contents"',
        "2 things pay by more than noise",
        '<p class="question">Are newer customers better or worse?',
        '<p class="question">Does the forecast hold?',
        "Checked, nothing beyond noise:",
        "What the words mean",
        "Source: orders of Example Ltd, 1 January 2024 to 30 June 2026.",
        "401,207 of 412,880 rows kept, 11,673 set aside, each with its reason",
        "Models: see the details.",
    ]
    places = [sample.html.index(text) for text in order]
    assert places == sorted(places)
    current = [attrs for attrs in tags.all("a") if attrs.get("aria-current") == "page"]
    assert [attrs["href"] for attrs in current] == ["retention.html"]


def test_charts_have_words_for_those_who_do_not_see_them(sample):
    both = sample.html + sample.detail
    charts_of = [attrs for attrs in Tags(both).all("div") if attrs.get("class") == "chart"]
    assert len(charts_of) == report_sample.FIGURES
    for attrs in charts_of:
        assert attrs["role"] == "img"
        assert re.search(r"\d", attrs["aria-label"]), attrs["aria-label"]
    assert both.count("<figcaption>") == both.count("<details>") == report_sample.FIGURES


def test_tables_say_what_their_headings_head(sample):
    both = sample.html + sample.detail
    heads = Tags(both).all("th")
    assert heads and all(attrs.get("scope") in ("col", "row") for attrs in heads)
    assert both.count("<table") == both.count("<thead")
    assert both.count("<caption>") == report_sample.FIGURES + 3  # a table, and one on both levels


def test_the_policy_names_exactly_the_style_of_the_page_and_there_is_no_script(sample):
    tags = Tags(sample.html)
    policy = next(attrs["content"] for attrs in tags.all("meta") if attrs.get("http-equiv"))
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == "'none'" and not tags.all("script"), "what stands in front has none at all"
    assert rules["style-src"].split() == [_hash(text) for text in tags.styles]
    assert "unsafe" not in policy
    assert not [attrs for _, attrs in tags.found if "style" in attrs or any(name.startswith("on") for name in attrs)]
    assert not [attrs for _, attrs in tags.found if "src" in attrs]


def test_the_details_run_the_one_script_that_sorts_tables_and_no_other(sample):
    (script,) = re.findall(r"<script>(.*?)</script>", sample.detail, re.S)
    assert f"script-src {_hash(script)};" in html.unescape(sample.detail)
    assert len(script.encode()) < 2_000 and sample.detail.count("<script") == 1
    assert 'class="sorts"' in sample.detail and 'class="sorts"' not in sample.html
    assert not re.search(r"\son\w+=|style=|src=", sample.detail)


def test_every_sheet_says_what_it_is(folder):
    real = report_sample.html_of(report_sample.build(folder / "wording", simulated=False, title='A</style> "B" Ltd'))
    assert "@top-left{content:" in real and "counter(pages)" in real
    assert real.count("</style>") == 1, "a title cannot end the style"
    assert r"A\3c \2f style\3e " in real and "Simulated data" not in real


def test_a_key_figure_has_its_line_over_time(sample):
    tiles = {block["label"]: block["line"] for block in sample.writer.blocks if block["kind"] == "tile"}
    line = tiles["Last month’s forecast of orders"]
    assert line["words"] == "Orders so far: 644 in Jan 2024, 14,740 in Jun 2026"
    assert line["path"].startswith("M0.0 22.0L") and line["path"].endswith("100.0 2.0")
    assert [words for words in tiles.values() if words] == [line], "the others have no series"
    assert sample.html.count('class="spark"') == 1


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_a_page_is_light_enough_to_be_mailed(sample):
    assert len(sample.html.encode()) < 120_000
    plain = [block for block in sample.writer.blocks if block["kind"] != "figure"]
    assert len(report_sample.html_of(sample.writer, plain).encode()) < 30_000


def test_numbers_on_the_page_are_those_of_the_tables(sample):
    tables = sample.folder / "reports/example/tables/retention"
    files = {path.name for path in tables.glob("*.csv")} - {"figures.csv"}  # what sentences alone state
    both = sample.html + sample.detail
    linked = {attrs["href"] for attrs in Tags(both).all("a") if attrs["href"].endswith(".csv")}
    assert linked == {f"tables/retention/{name}" for name in files}
    assert len(files) == report_sample.FIGURES + 2
    listed = pd.read_csv(tables / "who.list.csv")
    assert len(listed) == 50
    assert f"£{listed['value_at_risk'].sum():,.0f}" in both
    assert f"£{listed['value_at_risk'][0]:,.0f}" in both
    curve = next(block for block in sample.writer.blocks if block.get("id") == "retention-cohorts-curves")
    for width in ("wide", "narrow"):
        drawn = [mark.y for mark in curve[width].marks if isinstance(mark, Line) and mark.width == CURVE]
        told = pd.read_csv(tables / "cohorts.curves.csv")["share"].tolist()
        assert [value for line in drawn for value in line] == pytest.approx(told)


def test_the_same_input_gives_the_same_bytes(sample, folder):
    again = report_sample.build(folder / "wording")
    assert report_sample.pages_of(again) == (sample.html, sample.detail)
    files = [path for path in sorted((sample.folder / "reports").rglob("*")) if path.is_file()]
    assert len(files) == report_sample.FIGURES + 5  # two tables, figures of sentences, what is told, the metrics
    for path in files:
        assert path.read_bytes() == (folder / path.relative_to(sample.folder)).read_bytes()


def test_text_from_data_stays_text(writer):
    frame = pd.DataFrame({"segment": ['<script>alert(1)</script> & "co"', "a</script>"], "value_at_risk": [3, 2]})
    writer.answer("worse", kept=0.5, risk=1, customers=2, calls=3, gain=Estimate(1, 1, 1))
    writer.chart("told.bars", frame, columns={"segment": "text"}, worth=5)
    writer.close(first="x", second="y", holdouts=1)
    opened = {"kind": "section", "id": "told", "question": "?", "title": "!", "chapter": "", "front": False}
    opened |= {"shows": [], "nothing": None}
    html = report_sample.pages_of(writer, [writer.blocks[0], opened, *writer.blocks[1:]])[1]
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;co&#34;" in html
    assert "</script>" not in html
    drawn = [text for text in re.findall(r"<text[^>]*>([^<]*)<", html) if "alert" in text]
    assert len(drawn) == 2 and all(text.startswith("&lt;script&gt;alert(1)") for text in drawn), "once for each width"
    live_notes = plain_figure(writer.blocks[1]["wide"])["layout"]["annotations"]
    assert [note["text"][:14] for note in live_notes if "alert" in note["text"]] == ["&lt;script>ale"]


def test_real_data_are_called_real(folder):
    html = report_sample.html_of(report_sample.build(folder / "wording", simulated=False))
    assert "Real orders, none simulated." in html
    assert "Simulated data" not in html


def test_a_part_of_the_customers_is_called_one(sample, folder):
    told = "20% of the customers"
    assert told not in sample.html
    assert told in report_sample.html_of(report_sample.build(folder / "wording", share=0.2))


def test_a_page_needs_one_answer_and_one_end(sample):
    blocks = sample.writer.blocks

    def render(*some):
        return report_sample.html_of(sample.writer, list(some))

    with pytest.raises(PageError, match=r"retention makes no page: it has 0 of 'answer', and one is right"):
        render(*blocks[1:])
    with pytest.raises(PageError, match=r"has 2 of 'answer'"):
        render(blocks[0], *blocks)
    with pytest.raises(PageError, match=r"has 0 of 'close'"):
        render(*blocks[:-1])
    with pytest.raises(PageError, match=r"something follows its end"):
        render(blocks[0], blocks[-1], blocks[2])
    with pytest.raises(PageError, match=r"0 of 'answer'"):
        render()


# ---- sections ----


def test_a_finding_is_told_as_one_section(writer):
    rows = report_sample.listed(3)
    facts = {"listed": 3, "worth": rows["value_at_risk"].sum()}
    writer.tell("told", Finding("few", facts, {"states": rows, "bars": rows}))
    kinds = [(block["kind"], block.get("id")) for block in writer.blocks]
    assert kinds == [
        ("section", "retention-section-told"),
        ("text", None),
        ("figure", "retention-told-bars"),
        ("table", "retention-told-states"),
        ("sure", None),
    ]
    assert writer.blocks[0]["title"] == "Of all 3 it is the first"
    assert writer.blocks[-1]["text"] == "They are only 3."


def test_a_finding_without_a_frame_or_a_box_leaves_them_out(writer):
    writer.tell("told", Finding("few", {"listed": 3, "worth": 5.0}))
    assert [block["kind"] for block in writer.blocks] == ["section", "text", "sure"]


def test_what_a_table_that_may_not_be_shown_would_tell_is_no_fact_left_over(folder):
    writer, other = (report_sample.writer(folder / "wording") for _ in range(2))
    facts = {"gap": 0.1, "none": 1, "expected": 2}  # the last two stand in words of the histogram alone
    writer.tell("tracking", Finding(None, facts, withheld=["histogram"]))
    assert [block["kind"] for block in writer.blocks] == ["section"]
    with pytest.raises(WordingError, match=r"no sentence of retention\.tracking uses the fact 'came'"):
        other.tell("tracking", Finding(None, facts | {"came": 3}, withheld=["histogram"]))


def test_a_finding_tells_all_that_it_brings(writer):
    with pytest.raises(WordingError, match=r"no sentence of retention\.told uses the fact 'months'"):
        writer.tell("told", Finding("few", {"listed": 3, "worth": 5.0, "months": 12}))
    with pytest.raises(WordingError, match=r"retention declares no 'told\.rows' for the frame 'rows'"):
        writer.tell("told", Finding("few", {"listed": 3, "worth": 5.0}, {"rows": report_sample.listed(3)}))


def test_what_only_the_data_tell_goes_over_what_the_page_declares(writer):
    rows = report_sample.listed(3)
    shown, formats = {"bars": {"colours": charts.RISK}}, {"states": {"value_at_risk": "count"}}
    facts = {"listed": 3, "worth": 5.0}
    writer.tell("told", Finding("few", facts, {"states": rows, "bars": rows}, shown, formats))
    by_kind = {block["kind"]: block for block in writer.blocks}
    bars = [mark for mark in by_kind["figure"]["narrow"].marks if isinstance(mark, Box)]
    assert [mark.hue for mark in bars] == [charts.RISK] * 3
    assert by_kind["table"]["table"]["rows"][0] == ["Cannot lose", "2,400"]


def test_sections_stand_in_the_order_of_the_page(sample):
    told = replace(sample.told, sections=dict(reversed(sample.told.sections.items())))
    writer = Writer(report_sample.PAGE, told.page, sample.writer.wording)
    assert writer.write(told) == sample.writer.blocks


def test_a_section_that_no_page_declares_is_refused(writer, sample):
    with pytest.raises(WordingError, match=r"the page of retention declares no section 'extra'"):
        writer.write(replace(sample.told, sections={"extra": Finding(key="extra")}))
    with pytest.raises(WordingError, match=r"the page of retention declares no section 'extra'"):
        writer.tell("extra", Finding())


def test_what_is_not_there_or_unusable_is_one_line(writer):
    writer.page = Page("retention", "retention.html", (section("told"), Section("who", {}, needs="surveys")))
    for _ in range(2):
        writer.tell("who", Finding("not_supplied"))
    writer.tell("told", Finding(UNUSABLE, {"why": "there is one customer only."}))
    assert [block["kind"] for block in writer.blocks] == ["not_supplied", "not_supplied"], "the same is said once"
    assert writer.blocks[0]["text"] == writer.word("not_supplied.surveys")
    assert "Who is it?" in writer.blocks[1]["text"] and "there is one customer only." in writer.blocks[1]["text"]


def test_each_remark_is_a_paragraph_of_its_own(writer):
    one = Remark("text", {"old": 0.4, "new": 0.5})
    writer.say_each("cohorts", [one, one])
    said = [block["text"] for block in writer.blocks if block["kind"] == "text"]
    assert len(said) == 2
    assert said[0] == said[1] != ""


# ---- what a call refuses ----


def test_a_call_names_the_missing_key_or_fact(writer):
    with pytest.raises(WordingError, match=r"no entry 'retention\.answer\.wors' or 'answer\.wors'; did you mean"):
        writer.answer("wors")
    with pytest.raises(WordingError, match=r"'retention\.answer\.worse' needs the fact 'customers'"):
        writer.answer("worse", kept=1, risk=1, calls=3, gain=Estimate(1))
    with pytest.raises(WordingError, match=r"none of .*'retention\.answer\.worse\.lead'.* uses the fact 'months'"):
        writer.answer("worse", kept=1, risk=1, calls=3, gain=Estimate(1), customers=3, months=3)
    writer.page = Page("retention", "retention.html", (section("told", states=table({"colour": "text"})),))
    with pytest.raises(WordingError, match=r"retention\.told\.states: en\.po has no entry .* or 'column\.colour'"):
        writer.table("told.states", pd.DataFrame({"colour": ["red"]}))
    with pytest.raises(WordingError, match=r"the page of retention declares no chart 'told\.states'"):
        writer.chart("told.states", pd.DataFrame({"colour": ["red"]}))


def test_nothing_is_shown_twice(writer):
    writer.table("who.list", report_sample.listed())
    with pytest.raises(WordingError, match=r"'who\.list' is shown twice"):
        writer.table("who.list", report_sample.listed())


def test_tiles_show_value_interval_and_n(sample):
    tiles = [block for block in sample.writer.blocks if block["kind"] == "tile"]
    assert [tile["value"] for tile in tiles] == ["71%", "£412k", "38%", "1,962"]
    assert tiles[1]["under"].replace("\N{NO-BREAK SPACE}", " ") == "£371k–£455k · n = 1,140"
    assert tiles[1]["bar"]["words"] == "90% interval: £371k–£455k"
    assert [tile["mark"] for tile in tiles] == ["neutral", "bad", "good", "held"]
    assert tiles[3]["note"].startswith("came: 1,991")


@pytest.mark.parametrize(
    ("estimate", "unit", "expected"),
    [
        (Estimate(0.7, 0.6, 0.8), "percent1", (0.0, 1.0)),
        (Estimate(10.0, 5.0, 40.0), "money", (0.0, 44.0)),
        (Estimate(-0.1, -0.2, 0.05), "points", (-0.22000000000000003, 0.22000000000000003)),
        (Estimate(0.0, 0.0, 0.0), "count", (0.0, 1.0)),
    ],
)
def test_bars_of_tiles_hold_their_interval(estimate, unit, expected):
    assert bar_range(estimate, unit) == expected


def test_figures_are_plain_and_rounded():
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-01-01", "2026-03-05"]), "share": [1 / 3, float("nan")]})
    figure = plain_figure(charts.lines(frame, "day", "share", x_title="day", y_title="share"))
    assert figure["data"][0]["x"] == ["2026-01-01T00:00:00", "2026-03-05T00:00:00"]
    assert figure["data"][0]["y"] == [0.3333333333, None]
    assert "bdata" not in json.dumps(figure)


# ---- metrics and index ----


def test_metrics_and_what_is_told_hold_what_the_index_needs(sample):
    content = json.loads((sample.folder / "reports/example/metrics/retention.json").read_text(encoding="utf-8"))
    assert content["metrics"]["kept"] == {"value": 0.71, "low": 0.696, "high": 0.724, "n": 4210, "unit": "percent"}
    assert content["metrics"]["quick_ratio"]["value"] is None
    told = json.loads((sample.folder / "reports/example/told/retention.json").read_text(encoding="utf-8"))
    assert told["answer"]["verdict"] == "worse"
    assert told["answer"]["facts"]["risk"] == {"value": 412000.0, "low": 371000.0, "high": 455000.0, "n": 1140}
    assert [tile["indicator"] for tile in told["tiles"]] == ["retention", None, "repurchase", None]


def test_the_index_says_the_answers_anew(sample):
    html = report_sample.index_of(sample.told, sample.writer.blocks, sample.folders)
    assert "<h1>We kept 71% of last quarter’s customers" in html
    assert "71.0% of last quarter’s customers were kept (69.6–72.4%)" in html
    assert '<a href="retention.html">' in html
    assert html.index("Ordered again within 90 days") < html.index("Customers kept, last quarter")
    assert "£38k more than in May" not in html
    assert "Simulated data" in html
    assert "1 January 2024 to 30 June 2026" in html


def test_the_index_opens_with_the_surest_actions_and_names_the_indicators_that_are_absent(sample):
    html = report_sample.index_of(sample.told, sample.writer.blocks, sample.folders)
    order = ["<h1>", "2 things pay by more than noise", "Remind 640", "Call the 200", "What the reports answer",
             "How do customers see us", "or not enough: satisfaction, loyalty, word of mouth."]  # fmt: skip
    places = [html.index(text) for text in order]
    assert places == sorted(places)
    assert html.count('<a href="retention.html">Retention</a>') >= 3, "each action says on which page it stands"


def test_a_tile_may_stand_on_the_index_only(sample):
    first, *rest = sample.told.tiles
    told = replace(sample.told, tiles=[replace(first, on_page=False), *rest])
    writer = Writer(report_sample.PAGE, told.page, sample.writer.wording)
    writer.write(told)
    assert "Customers kept, last quarter" not in report_sample.html_of(writer)
    html = report_sample.index_of(told, writer.blocks, sample.folders)
    assert "Customers kept, last quarter" in html


def test_the_index_says_them_in_another_language(sample, tmp_path):
    files = [path for folder in sample.folders for path in folder.glob("*en.po")]
    for path in files:
        changed = path.read_text(encoding="utf-8").replace("Language: en_GB", "Language: de_DE")
        name = path.name.removesuffix("en.po") + "de.po"
        (tmp_path / name).write_text(changed.replace("We kept", "Behalten haben wir"), encoding="utf-8")
    german = Writer(report_sample.PAGE, sample.told.page, Wording("de", "GBP", [tmp_path]))
    html = report_sample.index_of(sample.told, german.write(sample.told), [tmp_path], "de")
    assert (
        "Behalten haben wir 71\N{NO-BREAK SPACE}% of last quarter’s customers, as expected; 412.000\N{NO-BREAK SPACE}£"
        in html
    )
    assert '<html lang="de-DE">' in html


def test_an_index_needs_an_answer(sample):
    with pytest.raises(PageError, match="the index of example has nothing to show"):
        render_index(report_sample.ABOUT, {}, {}, folders=sample.folders)


def test_blocks_show_themselves_in_jupyterlab(sample, writer):
    for block in sample.writer.blocks:
        assert "<" in block_html(block), block["kind"]
    from IPython.core.interactiveshell import InteractiveShell

    shown, rows = [], report_sample.listed(3)
    shell = InteractiveShell.instance()
    try:
        shell.display_pub.publish = lambda data, **more: shown.append(data)
        finding = Finding("few", {"listed": 3, "worth": 5.0}, {"states": rows, "bars": rows})
        live.show(writer, "tell", "told", finding)
    finally:
        InteractiveShell.clear_instance()
    told = [showing.live(block_html(block), writer.wording.say("table.search")) for block in writer.blocks]
    assert told == [data["text/html"] for data in shown if PLOTLY_TYPE not in data]
    # a chart comes before its caption
    assert [PLOTLY_TYPE in data for data in shown] == [False, False, True, False, False, False]
    assert "Of all 3 it is the first" in shown[0]["text/html"]
