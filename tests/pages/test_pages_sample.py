"""The sample page in a browser: what every page must be at both widths and on paper."""

import re

import pandas as pd
import pytest
from pypdf import PdfReader

import report_sample
from browser import DESKTOP, PHONE, browser, needs_browser, visit
from regulars.report import charts
from regulars.report.drawing import NARROW, WIDE
from regulars.report.render import page_style
from regulars.report.svg import svg
from regulars.report.wording import FOLDER
from regulars.told import read_told
from report_sample import FIGURES, IN_FRONT

A4 = (595, 842)  # points


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Files of the sample page, of one without charts and of an index."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGULARS_ROOT", str(folder))
        patch.setenv("REGULARS_STAGING", str(folder))
        writer = report_sample.build(folder / "wording")
        told = read_told("example", "retention")
    plain = [block for block in writer.blocks if block["kind"] != "figure"]
    pages = {
        "sample": report_sample.html_of(writer),
        "detail": report_sample.pages_of(writer)[1],
        "plain": report_sample.html_of(writer, plain),
        "index": report_sample.index_of(told, writer.blocks, (FOLDER, folder / "wording")),
    }
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


@needs_browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize(
    ("name", "charts"), [("sample", IN_FRONT), ("detail", FIGURES - IN_FRONT), ("plain", 0), ("index", 0)]
)
def test_a_page_is_whole_and_silent(chromium, sample, name, charts, width):
    with visit(chromium, sample[name], width) as seen:
        seen.assert_whole(charts)
        assert seen.evaluate("() => document.documentElement.lang") == "en-GB"


@needs_browser
def test_what_is_wide_scrolls_in_its_own_box_and_is_a_table(chromium, sample):
    with visit(chromium, sample["detail"], PHONE) as seen:
        wide = seen.evaluate(
            "() => Array.from(document.querySelectorAll('.scroll')).filter(b => b.scrollWidth > b.clientWidth + 1)"
            ".map(b => [getComputedStyle(b).overflowX, b.tabIndex, b.querySelectorAll('table').length])"
        )
        assert wide and all(box == ["auto", 0, 1] for box in wide)


@needs_browser
@pytest.mark.parametrize(
    ("width", "name"), [(DESKTOP, "wide"), (900, "wide"), (721, "wide"), (720, "narrow"), (PHONE, "narrow")]
)
def test_charts_are_laid_out_for_the_window(chromium, sample, width, name):
    with visit(chromium, sample["detail"], width) as seen:
        shown = "svg => svg.getClientRects().length"
        names = (
            f"() => Array.from(document.querySelectorAll('.chart svg')).filter({shown}).map(svg => svg.classList[0])"
        )
        assert seen.evaluate(names) == [name] * (FIGURES - IN_FRONT)
        assert seen.overflow() <= 0


@needs_browser
@pytest.mark.parametrize(("width", "window"), [(WIDE, DESKTOP), (NARROW, PHONE)])
def test_charts_in_chinese_keep_their_words_apart(chromium, tmp_path, width, window):
    """Characters are as wide as high, and a name breaks anywhere."""
    names = ["最近没有下单的高价值客户群体", "新客户", "冠军客户", "需要关注的客户"]
    rows = pd.DataFrame({"name": names, "n": [3.0, 5.0, 4.0, 2.0]})
    moves = rows.merge(rows, how="cross", suffixes=("", "_now"))
    curves = report_sample.curves().replace({"January 2025": names[0], "March 2025": names[3]})
    titles = {"x_title": "首次下单以来的月份数", "y_title": "再次下单的客户所占比例"}
    drawn = [
        charts.bars(rows, "name", "n", x_title="客户数量（每月）", width=width),
        charts.lines(curves, "age", "share", "cohort", **titles, width=width),
        charts.heatmap(moves, "name", "name_now", "n_now", **titles, width=width),
    ]
    name = "wide" if width == WIDE else "narrow"
    boxes = "".join(f'<div class="chart">{svg(chart, name)}</div>' for chart in drawn)
    page = tmp_path / "chinese.html"
    page.write_text(
        f'<html lang="zh"><meta charset="utf-8"><style>{page_style()}</style>{boxes}</html>', encoding="utf-8"
    )
    with visit(chromium, page, window) as seen:
        assert seen.drawn_charts() == 3
        assert seen.clipped_texts() == [] == seen.colliding_texts()


@needs_browser
def test_tables_of_the_details_sort_and_search(chromium, sample):
    first = (
        "() => Array.from(document.querySelectorAll('.sorts tbody tr:not([hidden]) td:last-child'), c => c.textContent)"
    )
    with visit(chromium, sample["detail"]) as seen:
        before = seen.evaluate(first)
        assert len(before) == 50 and before[0] == "£2,400 (1,680–3,360)"
        seen.page.click(".sorts thead th:last-child button")
        assert seen.evaluate(first) == before[::-1], "the least first"
        assert seen.page.get_attribute(".sorts thead th:last-child", "aria-sort") == "ascending"
        seen.page.click(".sorts thead th:last-child button")
        assert seen.evaluate(first) == before
        seen.page.fill("input[type=search]", "CANNOT lose")
        assert 0 < len(seen.evaluate(first)) < 50
        assert seen.complaints == []


@needs_browser
def test_the_details_are_whole_without_a_script(chromium, sample):
    page = chromium.new_context(java_script_enabled=False, viewport={"width": DESKTOP, "height": 900}).new_page()
    page.goto(sample["detail"].as_uri())
    assert page.locator("table.sorts tbody tr").count() == 50
    assert page.locator("input").count() == 0, "no field that does nothing"
    assert page.locator(".chart svg.wide").first.is_visible()
    page.close()


@needs_browser
def test_a_resting_mouse_is_told_of_a_mark(chromium, sample):
    with visit(chromium, sample["sample"]) as seen:
        told = "() => Array.from(document.querySelectorAll('.chart .wide .v title'), t => t.textContent)"
        assert any("Cannot lose: £142k" in text for text in seen.evaluate(told))


@needs_browser
def test_charts_and_page_have_a_night(chromium, sample):
    """Words are light on a dark page; on paper the same visitor gets ink on white."""
    colours = """() => ["body", ".chart text"].map(where => {
      const style = getComputedStyle(document.querySelector(where));
      return where === "body" ? style.backgroundColor : style.fill;
    })"""
    with visit(chromium, sample["sample"]) as seen:
        day = seen.evaluate(colours)
        seen.page.emulate_media(color_scheme="dark")
        night = seen.evaluate(colours)
        seen.page.emulate_media(color_scheme="dark", media="print")
        assert [day, night, seen.evaluate(colours)] == [
            ["rgb(255, 255, 255)", "rgb(91, 100, 112)"],
            ["rgb(20, 24, 29)", "rgb(164, 173, 184)"],
            day,
        ]


@needs_browser
def test_the_policy_lets_nothing_else_in(chromium, sample):
    with visit(chromium, sample["sample"]) as seen:
        seen.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.intruder = 1';"
            " document.body.append(s); const i = new Image(); i.src = 'https://example.org/x.png';"
            " document.body.append(i); }"
        )
        seen.page.wait_for_timeout(100)
        assert seen.evaluate("() => window.intruder") is None
        assert sum("Content Security Policy" in complaint for complaint in seen.complaints) == 2


@needs_browser
def test_it_prints_on_a4_with_every_chart_and_all_numbers(chromium, sample, tmp_path):
    # labels at the right edge of charts, and in the details numbers that stand in closed boxes on the screen
    wanted = {"sample": ("January 2025 46%", "came 14.7k", "£142k", "How sure?"), "detail": ("412,880", "1,411")}
    for name, words in wanted.items():
        with visit(chromium, sample[name]) as seen:
            pdf = PdfReader(seen.pdf(tmp_path / "page.pdf"))
            assert seen.complaints == []
        assert all(tuple(round(side) for side in page.mediabox[2:]) == A4 for page in pdf.pages)
        text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pdf.pages))
        assert [some for some in words if some not in text] == []
        assert "The numbers of this chart" not in text
        assert len(pdf.pages) <= {"sample": 6, "detail": 7}[name]


@needs_browser
def test_charts_on_paper_are_whole(chromium, sample):
    with visit(chromium, sample["detail"], 680) as seen:  # what A4 leaves between its margins
        seen.page.emulate_media(media="print")
        assert seen.drawn_charts() == FIGURES - IN_FRONT
        # narrower than the sheet, so that a chart and what is said of it share one
        assert seen.evaluate("() => document.querySelector('.chart .wide').getBoundingClientRect().width") == 520
        assert seen.clipped_texts() == seen.colliding_texts() == []
