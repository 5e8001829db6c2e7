"""The report of one notebook: blocks, files, the page made of them, and what is refused."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest

import report_sample
from regulars.finding import Finding
from regulars.report import Report, charts, layout
from regulars.report.blocks import BLOCK_TYPE, PLOTLY_TYPE, bar_range, plain_figure
from regulars.report.render import (
    PageError,
    block_html,
    notebook_blocks,
    render_blocks,
    render_index,
    render_page,
)
from regulars.report.wording import WordingError
from regulars.statistics.intervals import Estimate


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    return tmp_path


@pytest.fixture
def report(folder) -> Report:
    """A report with nothing said yet."""
    words = report_sample.wording_folder(folder / "wording")
    return Report("retention", report_sample.ABOUT, wording_folder=words, layout=dict(report_sample.LAYOUT))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The finished sample: its report, its folder, its page."""
    folder = tmp_path_factory.mktemp("sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGULARS_STAGING", str(folder))
        report = report_sample.build(folder / "wording")
    html = render_blocks(report.blocks, wording_folder=folder / "wording")
    return SimpleNamespace(report=report, folder=folder, html=html, words=folder / "wording")


def notebook(blocks, *more) -> dict:
    """Executed notebook that displayed these blocks, one per cell, and more outputs in its last cell."""
    cells = []
    for block in blocks:
        block = dict(block)
        figure = {PLOTLY_TYPE: block.pop("figure")} if "figure" in block else {}
        data = {BLOCK_TYPE: block, **figure, "text/html": block_html(block)}
        output = nbformat.v4.new_output("display_data", data)
        cells.append(nbformat.v4.new_code_cell("report.say()", outputs=[output]))
    cells.append(nbformat.v4.new_markdown_cell("For the analyst only."))
    cells.append(nbformat.v4.new_code_cell("# the last\nprint(1)", outputs=list(more)))
    return nbformat.v4.new_notebook(cells=cells)


class Tags(HTMLParser):
    """Elements of a page with their attributes, and the text of scripts and styles."""

    def __init__(self, html: str):
        super().__init__()
        self.found, self.texts, self.ids = [], {"script": [], "style": []}, []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.found.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag in self.texts and attrs.get("type") != "application/json":
            self.texts[tag].append("")

    def handle_data(self, data):
        tag, attrs = self.found[-1] if self.found else ("", {})
        if tag in self.texts and attrs.get("type") != "application/json":
            self.texts[tag][-1] += data

    def handle_endtag(self, tag):
        if tag in self.texts:
            self.found.append(("/" + tag, {}))

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.found if name == tag]


# ---- the page ----


def test_the_page_has_one_of_each_and_everything_in_order(sample):
    tags = Tags(sample.html)
    assert len(tags.all("h1")) == len(tags.all("main")) == len(tags.all("nav")) == 1
    assert len(tags.ids) == len(set(tags.ids))
    assert tags.all("html")[0]["lang"] == "en-GB"
    assert tags.all("a")[0] == {"class": "skip", "href": "#answer"}
    order = [
        "orders to 30 June 2026",
        "Simulated data",
        "<h1>",
        'class="lead"',
        'class="tiles',
        "Are newer customers better or worse?",
        "Does the forecast hold?",
        "What should we do?",
        "What the words mean",
        "Source: orders of Example Ltd, 1 January 2024 to 30 June 2026.",
        "412,880 rows in, 401,207 kept, 11,673 set aside, each with its reason",
        "Models: BG/NBD and Gamma-Gamma, chosen on 3 hold-outs.",
    ]
    places = [sample.html.index(text) for text in order]
    assert places == sorted(places)
    current = [attrs for attrs in tags.all("a") if attrs.get("aria-current") == "page"]
    assert [attrs["href"] for attrs in current] == ["retention.html"]
    assert "For the analyst only" not in sample.html


def test_charts_have_words_for_those_who_do_not_see_them(sample):
    charts_of = [attrs for attrs in Tags(sample.html).all("div") if attrs.get("class") == "chart"]
    assert len(charts_of) == report_sample.FIGURES
    for attrs in charts_of:
        assert attrs["role"] == "img"
        assert re.search(r"\d", attrs["aria-label"]), attrs["aria-label"]
    assert sample.html.count("<figcaption>") == sample.html.count("<details>") == report_sample.FIGURES


def test_tables_say_what_their_headings_head(sample):
    heads = Tags(sample.html).all("th")
    assert heads and all(attrs.get("scope") in ("col", "row") for attrs in heads)
    assert sample.html.count("<table") == sample.html.count("<thead")
    assert sample.html.count("<caption>") == report_sample.FIGURES + 1


def test_the_policy_names_exactly_the_scripts_and_the_style_of_the_page(sample):
    tags = Tags(sample.html)
    policy = next(attrs["content"] for attrs in tags.all("meta") if attrs.get("http-equiv"))
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"].split() == [_hash(text) for text in tags.texts["script"]]
    assert rules["style-src"].split() == [_hash(text) for text in tags.texts["style"]]
    assert len(tags.texts["script"]) == 2
    assert "unsafe" not in policy
    assert not [attrs for _, attrs in tags.found if "style" in attrs or any(name.startswith("on") for name in attrs)]
    assert not [attrs for _, attrs in tags.found if "src" in attrs]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_plotly_comes_once_and_only_with_charts(sample):
    assert sample.html.count("plotly.js v") == 1
    plain = [block for block in sample.report.blocks if block["kind"] != "figure"]
    html = render_blocks(plain, wording_folder=sample.words)
    assert "<script" not in html
    assert "script-src 'none'" in Tags(html).all("meta")[1]["content"]
    assert len(html) < 50_000


def test_numbers_on_the_page_are_those_of_the_tables(sample):
    tables = sample.folder / "reports/example/tables/retention"
    files = {path.name for path in tables.glob("*.csv")}
    linked = {attrs["href"] for attrs in Tags(sample.html).all("a") if attrs["href"].endswith(".csv")}
    assert linked == {f"tables/retention/{name}" for name in files}
    assert len(files) == report_sample.FIGURES + 1
    listed = pd.read_csv(tables / "list.csv")
    assert len(listed) == 50
    assert f"£{listed['value_at_risk'].sum():,.0f}" in sample.html
    assert f"£{listed['value_at_risk'][0]:,.0f}" in sample.html
    charts_json = json.loads(re.search(r'id="charts">(.*?)</script>', sample.html, re.S).group(1))
    curve = next(chart for chart in charts_json if chart["id"] == "retention-cohorts-curves")
    drawn = [value for trace in curve["data"] if trace.get("text") for value in trace["y"]]
    assert drawn == pd.read_csv(tables / "cohorts.curves.csv")["share"].tolist()


def test_the_same_input_gives_the_same_bytes(sample, tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    again = report_sample.build(tmp_path / "wording")
    assert render_blocks(again.blocks, wording_folder=tmp_path / "wording") == sample.html
    for path in sorted((sample.folder / "reports").rglob("*.*")):
        assert path.read_bytes() == (tmp_path / path.relative_to(sample.folder)).read_bytes()


def test_text_from_data_stays_text(report):
    frame = pd.DataFrame({"step": ['<script>alert(1)</script> & "co"', "a</script>"], "rows": [3, 2]})
    fig = charts.bars(frame, "step", "rows", x_title=report.word("axis.rows"))
    report.answer("worse", kept=0.5, risk=1, customers=2, calls=3, gain=Estimate(1, 1, 1))
    report.figure("who.ledger", fig, frame, columns={"step": "text", "rows": "count"}, raw=3, kept=2)
    report.close(first="x", second="y", holdouts=1)
    html = render_blocks(report.blocks, wording_folder=report.wording.folder)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;co&#34;" in html
    assert html.count("</script>") == 3
    label = report.blocks[1]["figure"]["layout"]["yaxis"]["ticktext"][0]
    assert label.startswith("&lt;script>alert")


def test_real_data_are_called_real(folder):
    report = report_sample.build(folder / "wording", simulated=False)
    html = render_blocks(report.blocks, wording_folder=folder / "wording")
    assert "Real orders, none simulated." in html
    assert "Simulated data" not in html


# ---- notebooks ----


def test_a_notebook_becomes_its_page(sample, tmp_path):
    made = notebook(sample.report.blocks, nbformat.v4.new_output("stream", name="stdout", text="checked\n"))
    assert render_page(made, wording_folder=sample.words) == sample.html
    path = tmp_path / "05_retention.ipynb"
    nbformat.write(made, path)
    assert render_page(path, wording_folder=sample.words) == sample.html


def test_a_notebook_that_failed_or_warned_is_refused(sample, tmp_path):
    cell = len(sample.report.blocks) + 2
    stderr = nbformat.v4.new_output("stream", name="stderr", text="\nUserWarning: something\n  at line 3\n")
    with pytest.raises(
        PageError, match=rf"05_retention, cell {cell} \(# the last\) wrote to stderr.*UserWarning: some"
    ):
        render_page(notebook(sample.report.blocks, stderr), name="05_retention", wording_folder=sample.words)
    error = nbformat.v4.new_output("error", ename="KeyError", evalue="'clv'", traceback=[])
    path = tmp_path / "05_retention.ipynb"
    nbformat.write(notebook(sample.report.blocks, error), path)
    with pytest.raises(PageError, match=rf"05_retention\.ipynb, cell {cell} .* failed: KeyError: 'clv'"):
        render_page(path, wording_folder=sample.words)


def test_a_page_needs_one_answer_and_one_end(sample):
    blocks = sample.report.blocks
    with pytest.raises(PageError, match=r"calls report\.answer 0 times, and once is right"):
        render_blocks(blocks[1:], wording_folder=sample.words)
    with pytest.raises(PageError, match=r"calls report\.answer 2 times"):
        render_blocks([blocks[0], *blocks], wording_folder=sample.words)
    with pytest.raises(PageError, match=r"02_value makes no page: it calls report\.close 0 times"):
        render_page(notebook(blocks[:-1]), name="02_value", wording_folder=sample.words)
    with pytest.raises(PageError, match=r"something follows report\.close"):
        render_blocks([blocks[0], blocks[-1], blocks[2]], wording_folder=sample.words)
    with pytest.raises(PageError, match=r"answer 0 times"):
        render_page(notebook([]), wording_folder=sample.words)


def test_blocks_are_read_in_the_order_of_the_cells(sample):
    assert notebook_blocks(notebook(sample.report.blocks), "x") == sample.report.blocks


def test_a_finding_is_told_as_one_section(report):
    rows = report_sample.listed(3)
    facts = {"listed": 3, "worth": rows["value_at_risk"].sum()}
    report.tell("told", Finding("few", facts, {"states": rows, "bars": rows}))
    kinds = [(block["kind"], block.get("id")) for block in report.blocks]
    assert kinds == [
        ("section", "retention-section-told"),
        ("text", None),
        ("figure", "retention-told-bars"),
        ("table", "retention-told-states"),
        ("sure", None),
    ]
    assert report.blocks[0]["title"] == "Of all 3 it is the first"
    assert report.blocks[-1]["text"] == "They are only 3."


def test_a_finding_without_a_frame_or_a_box_leaves_them_out(report):
    report.tell("told", Finding("few", {"listed": 3, "worth": 5.0}))
    assert [block["kind"] for block in report.blocks] == ["section", "text", "sure"]


def test_a_finding_tells_all_that_it_brings(report):
    with pytest.raises(WordingError, match=r"no sentence of retention\.told uses the fact 'months'"):
        report.tell("told", Finding("few", {"listed": 3, "worth": 5.0, "months": 12}))
    with pytest.raises(WordingError, match=r"has no 'told\.rows' for the frame 'rows'"):
        report.tell("told", Finding("few", {"listed": 3, "worth": 5.0}, {"rows": report_sample.listed(3)}))


# ---- what a call refuses ----


def test_a_call_names_the_missing_key_or_fact(report):
    with pytest.raises(WordingError, match=r"no entry 'retention\.answer\.wors' or 'answer\.wors'; did you mean"):
        report.answer("wors")
    with pytest.raises(WordingError, match=r"'retention\.answer\.worse' needs the fact 'customers'"):
        report.answer("worse", kept=1, risk=1, calls=3, gain=Estimate(1))
    with pytest.raises(WordingError, match=r"none of .*'retention\.answer\.worse\.lead'.* uses the fact 'months'"):
        report.answer("worse", kept=1, risk=1, calls=3, gain=Estimate(1), customers=3, months=3)
    with pytest.raises(WordingError, match=r"retention\.list: en\.po has no entry .* or 'column\.colour'"):
        report.layout["list"] = layout.table({"colour": "text"})
        report.table("list", pd.DataFrame({"colour": ["red"]}))


def test_nothing_is_shown_or_recorded_twice(report):
    report.metric("ratio", 1.5, "number")
    with pytest.raises(WordingError, match=r"the metric 'ratio' of retention is recorded twice"):
        report.metric("ratio", 1.5, "number")
    report.table("list", report_sample.listed())
    with pytest.raises(WordingError, match=r"'list' is shown twice"):
        report.table("list", report_sample.listed())


def test_four_tiles_and_the_known_indicators(report):
    with pytest.raises(WordingError, match=r"'profit' is no indicator of the index: name one of satisfaction"):
        report.tile("kept", 0.5, "percent", indicator="profit")
    report_sample.first_screen(report)
    with pytest.raises(WordingError, match=r"has 4 tiles already; 'again' is one too many"):
        report.tile("again", 0.5, "percent", days=90)


def test_each_remark_is_a_paragraph_of_its_own(report):
    one = SimpleNamespace(code="text", facts={"old": 0.4, "new": 0.5})
    report.say_each("cohorts", [one, one])
    said = [block["text"] for block in report.blocks if block["kind"] == "text"]
    assert len(said) == 2
    assert said[0] == said[1] != ""


def test_a_page_cannot_be_closed_without_an_answer(report):
    with pytest.raises(WordingError, match=r"the page of retention has no answer"):
        report.close(first="x", second="y", holdouts=1)


def test_tiles_show_value_interval_and_n(sample):
    tiles = [block for block in sample.report.blocks if block["kind"] == "tile"]
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
    assert figure["data"][0]["x"] == ["2026-01-01", "2026-03-05"]
    assert figure["data"][0]["y"] == [0.3333333333, None]
    assert "bdata" not in json.dumps(figure)


# ---- metrics and index ----


def test_metrics_hold_what_the_index_needs(sample):
    content = json.loads((sample.folder / "reports/example/metrics/retention.json").read_text(encoding="utf-8"))
    assert content["answer"]["keys"]["title"] == "retention.answer.worse"
    assert content["answer"]["facts"]["risk"] == {"value": 412000.0, "low": 371000.0, "high": 455000.0, "n": 1140}
    assert content["metrics"]["kept"] == {"value": 0.71, "low": 0.696, "high": 0.724, "n": 4210, "unit": "percent"}
    assert content["metrics"]["quick_ratio"]["value"] is None
    assert [tile["indicator"] for tile in content["tiles"]] == ["retention", None, "repurchase", None]


def test_the_index_says_the_answers_anew(sample):
    content = json.loads((sample.folder / "reports/example/metrics/retention.json").read_text(encoding="utf-8"))
    html = render_index(report_sample.ABOUT, {"retention": content}, wording_folder=sample.words)
    assert "<h1>We kept 71% of last quarter’s customers" in html
    assert "71.0% of last quarter’s customers were kept (69.6–72.4%)" in html
    assert '<a href="retention.html">' in html
    assert html.index("Ordered again within 90 days") < html.index("Customers kept, last quarter")
    assert "£38k more than in May" not in html
    assert "Simulated data" in html
    assert "1 January 2024 to 30 June 2026" in html


def test_the_index_says_them_in_another_language(sample, tmp_path):
    words = (sample.words / "en.po").read_text(encoding="utf-8")
    changed = words.replace("Language: en_GB", "Language: de_DE").replace("We kept", "Behalten haben wir")
    (tmp_path / "de.po").write_text(changed, encoding="utf-8")
    content = json.loads((sample.folder / "reports/example/metrics/retention.json").read_text(encoding="utf-8"))
    html = render_index(report_sample.ABOUT, {"retention": content}, language="de", wording_folder=tmp_path)
    assert (
        "Behalten haben wir 71\N{NO-BREAK SPACE}% of last quarter’s customers, as expected; 412.000\N{NO-BREAK SPACE}£"
        in html
    )
    assert '<html lang="de-DE">' in html


def test_an_index_needs_an_answer(sample):
    with pytest.raises(PageError, match="the index of example has nothing to show"):
        render_index(report_sample.ABOUT, {}, wording_folder=sample.words)


def test_blocks_show_themselves_in_jupyterlab(sample):
    for block in sample.report.blocks:
        assert "<" in block_html(block), block["kind"]
    shown = []
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.display_pub.publish = lambda data, **more: shown.append(data)
        sample.report._show({"kind": "text", "text": "Seen."}, {PLOTLY_TYPE: {"data": [], "layout": {}}})
    finally:
        InteractiveShell.clear_instance()
        sample.report.blocks.pop()
    assert shown[0][BLOCK_TYPE] == {"kind": "text", "text": "Seen."}
    assert set(shown[0]) == {BLOCK_TYPE, PLOTLY_TYPE, "text/html"}
