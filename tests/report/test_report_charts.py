"""Charts: hues that everyone can tell apart, labels that do not collide, what is drawn, and what a chart refuses."""

import re
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest

import report_sample
from regulars.report import charts, drawing
from regulars.report.charts.curves import CURVE
from regulars.report.drawing import NARROW, WIDE, Area, Axis, Box, Dot, Drawing, Line, Text
from regulars.report.interactive import figure, plain_figure
from regulars.report.svg import PAINTS, SHADES, cell_colours, luminance, style, svg, thinned
from regulars.report.tables import worded_table
from regulars.report.wording import Wording

WORDS = {"x_title": "weeks", "y_title": "orders"}
WIDTHS = pytest.mark.parametrize("width", [WIDE, NARROW])
PAPER = {"day": "#ffffff", "night": "#14181d"}

# Machado, Oliveira & Fernandes (2009), IEEE TVCG 15: full protanopia, deuteranopia and tritanopia, on linear RGB
SIGHT = {
    "usual": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def paint(hue: str, mode: str) -> tuple[str, str]:
    """Colour of a mark and of words."""
    return PAINTS[hue][1 + (mode == "night")]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one) + 0.05, luminance(other) + 0.05), reverse=True)
    return light / dark


def lab(linear: np.ndarray) -> np.ndarray:
    ratio = TO_XYZ @ np.clip(linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def seen(colour: str, sight) -> np.ndarray:
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return lab(np.array(sight) @ linear)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("mode", PAPER)
def test_hues_are_apart_for_every_eye(sight, mode):
    for one, other in combinations(drawing.HUES, 2):
        apart = seen(paint(one, mode)[0], SIGHT[sight]) - seen(paint(other, mode)[0], SIGHT[sight])
        assert np.linalg.norm(apart) > 15, (one, other)


@pytest.mark.parametrize("mode", PAPER)
def test_words_in_and_on_hues_can_be_read(mode):
    """WCAG 2.2, level AA: words 4.5, also of what is written on a bar; lines and bars 3."""
    for hue in (*drawing.HUES, drawing.INK, drawing.SOFT):
        mark, words = paint(hue, mode)
        assert contrast(words, PAPER[mode]) >= 4.5, hue
        assert contrast(words, paint(drawing.ON, mode)[1]) >= 4.5, hue
        assert contrast(mark, PAPER[mode]) >= 3, hue


@pytest.mark.parametrize("mode", PAPER)
@pytest.mark.parametrize("kind", SHADES)
def test_numbers_in_a_heat_map_can_be_read(kind, mode):
    cells = [cell_colours(kind, step, mode == "night") for step in range(drawing.STEPS + 1)]
    assert all(contrast(*cell) >= 4.5 for cell in cells)
    depths = [contrast(fill, PAPER[mode]) for fill, _ in cells]
    assert depths == sorted(depths) and len(set(depths)) == drawing.STEPS + 1, "the more, the further from the paper"


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("mode", PAPER)
@pytest.mark.parametrize("count", [2, 3, 4])
def test_series_in_a_sequence_are_apart_for_every_eye_and_in_grey(count, mode, sight):
    fills = [cell_colours("s", int(hue[1:]), mode == "night")[0] for hue in drawing.sequence(range(count)).values()]
    for one, other in pairwise(fills):
        apart = seen(one, SIGHT[sight]) - seen(other, SIGHT[sight])
        assert np.linalg.norm(apart) > 12
        assert abs(apart[0]) > 9, "lightness, which is all that grey paper has"
    lightness = [seen(fill, SIGHT[sight])[0] for fill in fills]
    assert lightness == sorted(lightness, reverse=mode == "day"), "one direction"


def test_lines_that_luminance_does_not_tell_apart_have_other_dashes():
    """On grey paper, which is printed by day."""
    for one, other in combinations(drawing.GIVEN, 2):
        lightness = [seen(paint(hue, "day")[0], SIGHT["usual"])[0] for hue in (one, other)]
        assert abs(lightness[0] - lightness[1]) > 9 or drawing.DASHES[one] != drawing.DASHES[other], (one, other)


def test_orange_is_never_given_only_chosen():
    assert drawing.RISK not in drawing.hues(list("abcde"), None).values()
    assert drawing.hues(["lost", "won"], {"lost": drawing.RISK})["lost"] == drawing.RISK
    assert drawing.RISK not in drawing.sequence(list("abcd")).values()


def test_every_colour_of_a_chart_is_in_the_style_by_day_and_by_night():
    names = [name for name, *_ in PAINTS.values()] + [f"{kind}{step}" for kind in SHADES for step in range(10)]
    for night in (False, True):
        assert re.findall(r"\.chart \.(\w+)\{--c:#[0-9a-f]{6};--t:#[0-9a-f]{6}\}", style(night)) == names
    assert len(set(names)) == len(names)


def test_dashes_tell_lines_apart_in_grey():
    assert len(set(drawing.DASHES.values())) == 4
    solid = [hue for hue in drawing.HUES if drawing.DASHES[hue] == "solid"]
    assert solid == [drawing.NOW, drawing.BEFORE]
    assert abs(luminance(drawing.NOW) - luminance(drawing.BEFORE)) > 0.1


def test_cohorts_are_shades_the_oldest_the_lightest_and_newcomers_are_a_gain():
    days = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01"])
    rows = [
        {"start": day, "cohort": name, "revenue": 5.0, "is_forecast": i == 2, "low": None, "high": None}
        for i, day in enumerate(days)
        for name in ("2023", "2024", "> today")
        if name != "> today" or i == 2
    ]
    drawn = charts.stacked(
        pd.DataFrame(rows), "start", "revenue", "cohort", low="low", high="high", border="forecast →", **WORDS
    )
    assert [mark.hue for mark in drawn.marks if isinstance(mark, drawing.Box)][-1] == drawing.GAIN
    key = {mark.text: (mark.hue, mark.sample_hue) for mark in drawn.marks if getattr(mark, "sample", None)}
    assert key == {"2023": (drawing.INK, "s3"), "2024": (drawing.INK, "s9"), "> today": (drawing.GAIN, drawing.GAIN)}
    (word,) = [mark for mark in drawn.marks if isinstance(mark, drawing.Text) and mark.text == "forecast →"]
    assert word.x == drawing.days([days[2]])[0] and word.anchor == "end", "left of the line, over what has come"


# ---- words in their places ----


def curves(*ends: float) -> pd.DataFrame:
    rows = [{"curve": f"c{i}", "week": w, "orders": end * w / 10} for i, end in enumerate(ends) for w in range(11)]
    return pd.DataFrame(rows)


def of(chart: Drawing, kind: type) -> list:
    return [mark for mark in chart.marks if isinstance(mark, kind)]


def texts(chart: Drawing) -> list[str]:
    return [mark.text for mark in of(chart, Text)]


def labels(chart: Drawing) -> list[Text]:
    """Words that stand out, but for the key."""
    return [mark for mark in of(chart, Text) if mark.strong and not mark.sample]


def key(chart: Drawing) -> dict[str, str]:
    return {mark.text: mark.sample_hue for mark in of(chart, Text) if mark.sample}


def drawn_curves(chart: Drawing) -> list[Line]:
    return [line for line in of(chart, Line) if line.width == CURVE]


def middle(chart: Drawing, mark: Text) -> tuple[float, float]:
    x, y = chart.place(mark.x, mark.y)
    return x + mark.dx, y + mark.dy


@WIDTHS
def test_labels_at_the_ends_do_not_collide(width):
    chart = charts.lines(curves(50, 50.1, 50.2, 80), "week", "orders", "curve", **WORDS, width=width)
    places = sorted(middle(chart, mark)[1] for mark in labels(chart))
    assert min(np.diff(places)) >= drawing.LINE_HEIGHT - 0.2
    assert [mark.text for mark in labels(chart)] == ["c0 50", "c1 50.1", "c2 50.2", "c3 80"]


def test_long_names_of_curves_stand_above_them_with_their_dashes_and_values_at_the_ends():
    frame = curves(50, 80).replace({"c0": "customers of January 2025", "c1": "customers of March 2025"})
    chart = charts.lines(frame, "week", "orders", "curve", **WORDS, width=NARROW)
    assert key(chart) == {"customers of January 2025": charts.BEFORE, "customers of March 2025": charts.NOW}
    assert [mark.text for mark in labels(chart)] == ["50", "80"]
    assert chart.right < 50


@WIDTHS
def test_a_curve_that_ends_early_is_named_clear_of_those_that_go_on(width):
    frame = curves(50, 52)
    frame = frame[(frame["curve"] == "c1") | (frame["week"] <= 4)]
    chart = charts.lines(frame, "week", "orders", "curve", **WORDS, width=width)
    early = next(mark for mark in labels(chart) if mark.text == "c0 20")
    x, y = middle(chart, early)
    span = np.linspace(0, drawing.strong_width([early.text]), 9)
    other = drawn_curves(chart)[1]
    for at in x + span if early.anchor == "start" else x - span:
        week = (at - chart.left) / chart.scales[0]
        assert abs(chart.place(None, np.interp(week, other.x, other.y))[1] - y) >= 8


def test_of_two_series_the_first_is_before_and_the_second_now():
    chart = charts.lines(curves(50, 80), "week", "orders", "curve", **WORDS)
    assert [line.hue for line in drawn_curves(chart)] == [charts.BEFORE, charts.NOW]
    chart = charts.lines(curves(50, 80), "week", "orders", "curve", colours={"c1": charts.RISK}, **WORDS)
    assert [line.hue for line in drawn_curves(chart)] == [charts.NOW, charts.RISK]
    assert [line.hue for line in drawn_curves(charts.lines(curves(50), "week", "orders", **WORDS))] == [charts.NOW]


def test_five_hues_and_no_more():
    assert len(drawn_curves(charts.lines(curves(1, 2, 3, 4, 5), "week", "orders", "curve", **WORDS))) == 5
    with pytest.raises(ValueError, match="6 series in one chart: at most 5"):
        charts.lines(curves(1, 2, 3, 4, 5, 6), "week", "orders", "curve", **WORDS)
    with pytest.raises(ValueError, match="3 Lorenz curves in one chart"):
        charts.lorenz(curves(1, 1, 1), "week", "orders", "curve", equal="all alike", **WORDS)


def test_a_curve_without_values_has_no_label():
    frame = curves(50, 80)
    frame.loc[frame["curve"] == "c1", "orders"] = float("nan")
    assert [mark.text for mark in labels(charts.lines(frame, "week", "orders", "curve", **WORDS))] == ["c0 50"]


def test_bands_are_drawn_where_there_is_an_interval():
    frame = report_sample.tracking()
    chart = charts.lines(frame, "month", "orders", "curve", low="orders_low", high="orders_high", **WORDS)
    assert [len(area.x) for area in of(chart, Area)] == [30, 0]
    told = [text for _, _, text in chart.hover()]
    assert len(told) == 60 and "(" in told[0]
    assert "nan" not in told[-1] and "(" not in told[-1]


def test_what_a_chart_tells_of_a_place_is_what_its_table_says():
    frame = pd.DataFrame({"name": ["a", "b"], "n": [-3.05, 0.36], "low": [-14.93, 0.33], "high": [3.78, 0.39]})
    words = Wording("en", currency="GBP")
    for spec, said in {"money": "a: −£3.05 (−14.93 to 3.78)", "percent": "b: 36% (33–39)"}.items():
        chart = charts.dots(frame, "name", "n", "low", high="high", x_title="n", x_format=words.formatter(spec))
        table = worded_table(frame.rename(columns={"low": "n_low", "high": "n_high"}), {"n": f"{spec}:with_interval"},
                             words, str)  # fmt: skip
        told = [text for _, _, text in chart.hover()]
        assert said in told
        if spec == "percent":
            assert said.partition(": ")[2] in [row[0] for row in table["rows"]]
    plain = charts.dots(frame, "name", "n", "low", high="high", x_title="n").hover()[1][2]
    assert plain == "b: 0.36 (0.33–0.39)"


def test_places_that_only_the_data_know_have_a_sign():
    frame = report_sample.tracking()
    chart = charts.lines(frame, "month", "orders", "curve", marks={"2025-12-31": "from here"}, **WORDS)
    sign = next(mark for mark in of(chart, Text) if mark.text == "from here")
    (day,) = drawing.days([pd.Timestamp("2025-12-31")])
    assert sign.x == day and [day, day] in [line.x for line in of(chart, Line)]


@WIDTHS
def test_a_waterfall_adds_up_or_stops(width):
    frame = pd.DataFrame(
        {"step": ["raw", "merged", "added", "kept"], "rows": [100, -30, 5, 75], "is_total": [True, False, False, True]}
    )
    chart = charts.waterfall(frame, "step", "rows", "is_total", x_title="rows", width=width)
    assert [box.x for box in of(chart, Box)] == [(0, 100), (100, 70), (70, 75), (0, 75)]
    assert [box.hue for box in of(chart, Box)] == [charts.NOW, charts.RISK, charts.GAIN, charts.NOW]
    assert [mark.text for mark in labels(chart)] == ["100", "-30", "5", "75"]
    with pytest.raises(ValueError, match="the steps lead to 75, but 'kept' is 74"):
        charts.waterfall(frame.replace(75, 74), "step", "rows", "is_total", x_title="rows")


def test_a_lorenz_curve_is_read_off_at_the_mark():
    chart = charts.lorenz(report_sample.concentration(), "customers", "value", "curve", equal="all alike", **WORDS)
    assert [(dot.hue, dot.y) for dot in of(chart, Dot)] == [
        (charts.BEFORE, pytest.approx(0.2**0.3)),
        (charts.NOW, pytest.approx(0.2**0.42)),
    ]
    assert {dot.x for dot in of(chart, Dot)} == {0.2}


@WIDTHS
def test_shares_are_stacked_from_zero_to_one(width):
    chart = charts.shares(report_sample.satisfaction(), "segment", "state", "share", x_title="share", width=width)
    boxes = of(chart, Box)
    first, second, last = boxes[:3], boxes[3:6], boxes[6:]
    assert [box.x[0] for box in first] == [0, 0, 0]
    assert [box.x[1] for box in first] == pytest.approx([box.x[0] for box in second])
    assert [box.x[1] for box in last] == pytest.approx([1, 1, 1])
    assert all(low < high for low, high in (box.x for box in boxes))


@WIDTHS
def test_a_triangle_has_a_number_in_every_cell_and_n_beside_every_row(width):
    frame = report_sample.triangle()
    looks = {"x_title": "months", "y_title": "first order in · n", "cell_format": "{:.0%}".format, "width": width}
    chart = charts.heatmap(frame, "cohort", "age", "share", n="n", open_cell="is_open", **looks)
    every = 1 if width == WIDE else 2
    shown = frame[(frame["age"] - 1) % every == 0]
    cells = [mark for mark in of(chart, Text) if re.fullmatch(r"s\d", mark.hue)]
    assert len(of(chart, Box)) == len(cells) == len(shown) == len(chart.hover())
    assert "2025-07 ·\N{NO-BREAK SPACE}420" in [mark.text for mark in of(chart, Text)]
    assert sum(line.dash == "dot" for line in of(chart, Line)) == shown["is_open"].sum()
    assert frame["is_open"].sum() == 11
    deepest = max(of(chart, Box), key=lambda box: box.hue)
    top = shown.loc[shown["share"].idxmax()]
    assert deepest.hue == "s9" and sum(deepest.x) / 2 == (top["age"] - 1) / every


def test_columns_of_a_scale_stand_in_its_order_and_those_of_names_as_they_come():
    frame = pd.DataFrame({"row": ["a", "a", "b"], "score": [3, 5, 1], "name": ["z", "a", "m"], "value": 1.0})
    looks = {"x_title": "x", "y_title": "y"}
    for column, heads in (("score", ["1", "3", "5"]), ("name", ["z", "a", "m"])):
        chart = charts.heatmap(frame, "row", column, "value", **looks)
        placed = {mark.x: mark.text for mark in of(chart, Text) if mark.text in heads and mark.y == 1.5}
        assert [placed[at] for at in sorted(placed)] == heads


def test_long_heads_of_narrow_columns_are_turned():
    frame = pd.DataFrame({"row": "a", "column": [f"Partnership {i}" for i in range(6)], "value": np.arange(6.0)})
    for width, turned in ((WIDE, 0), (NARROW, 6)):
        chart = charts.heatmap(frame, "row", "column", "value", x_title="x", y_title="y", width=width)
        assert sum(mark.turned for mark in of(chart, Text)) == turned


def test_a_number_that_has_no_room_in_its_cell_is_shortened_or_left_to_the_table():
    frame = pd.DataFrame({"row": "a", "column": [f"c{i}" for i in range(9)], "value": [1.0, 0.123, *[0.05] * 7]})
    looks = {"x_title": "x", "y_title": "y", "width": NARROW, "cell_format": "{:.1%}".format}
    chart = charts.heatmap(frame, "row", "column", "value", **looks)
    assert len(of(chart, Box)) == 9
    words = [mark.text for mark in of(chart, Text)]
    assert "100%" in words and "5.0%" in words and "100.0%" not in words


@WIDTHS
def test_columns_side_by_side_do_not_overlap(width):
    frame = pd.DataFrame({"class": ["0", "1"], "a": [3, 4], "b": [2, 5], "b_low": [1, 4], "b_high": [3, 6]})
    chart = charts.columns(frame, "class", {"a": "A", "b": "B"}, **WORDS, width=width)
    bands = sorted(box.x for box in of(chart, Box))
    assert all(one[1] < other[0] for one, other in pairwise(bands))
    whiskers = [(min(y for y in line.y if y), max(y for y in line.y if y)) for line in of(chart, Line)]
    assert whiskers == [(1, 3), (4, 6)]
    assert [box.hue for box in of(chart, Box)] == [charts.BEFORE] * 2 + [charts.NOW] * 2
    assert key(chart) == {"A": charts.BEFORE, "B": charts.NOW}


def test_months_are_stacked_and_what_is_forecast_is_paler():
    start = pd.to_datetime(["2026-01-01", "2026-02-01"] * 2)
    frame = pd.DataFrame({"start": start, "revenue": [5.0, 6.0, 2.0, -3.0], "cohort": ["a", "a", "b", "b"]})
    frame = frame.assign(is_forecast=[False, True] * 2, low=[np.nan, 2.0] * 2, high=[np.nan, 9.0] * 2)
    chart = charts.stacked(frame, "start", "revenue", "cohort", low="low", high="high", **WORDS)
    assert [(box.y, box.opacity) for box in of(chart, Box)] == [
        ((0, 5), 0.9), ((0, 6), 0.45), ((5, 7), 0.9), ((0, -3), 0.45)
    ]  # fmt: skip
    assert [(area.low, area.high) for area in of(chart, Area)] == [([2.0], [9.0])]
    (border,) = drawing.days([pd.Timestamp("2026-02-01")])
    assert [line.x for line in of(chart, Line)] == [[border, border]]


def bubble_frame(names, x, y, size) -> tuple[pd.DataFrame, dict]:
    frame = pd.DataFrame({"driver": names, "x": x, "y": y, "size": size})
    for name, reach in (("x", 0.02), ("y", 0.05)):
        frame[f"{name}_low"], frame[f"{name}_high"] = frame[name] - reach, frame[name] + reach
    return frame, {name: (f"{name}_low", f"{name}_high") for name in ("x", "y")}


@WIDTHS
def test_a_map_of_bubbles_holds_every_interval_and_keeps_its_names_apart_and_inside(width):
    names = ["delivery on the promised day", "price", "staff", "staff who know their trade well"]
    frame, ends = bubble_frame(names, [0.02, 0.5, 0.51, 0.98], [0.1, 0.4, 0.41, 0.9], [1.0, 4.0, 0.0, 1.0])
    chart = charts.bubbles(frame, "driver", "x", "y", size="size", ends=ends, **WORDS, width=width)
    for name, axis in (("x", chart.x), ("y", chart.y)):
        assert axis.span[0] <= frame[f"{name}_low"].min() and frame[f"{name}_high"].max() <= axis.span[1]
    boxes = []
    for mark in labels(chart):
        x, y = middle(chart, mark)
        half, tall = drawing.strong_width([mark.text]) / 2, drawing.line_count([mark.text]) * drawing.LINE_HEIGHT / 2
        assert chart.left - 1 <= x - half and x + half <= width
        boxes.append((x - half, x + half, y - tall, y + tall))
    assert len(boxes) == 4
    for one, other in combinations(boxes, 2):
        across, up = (min(one[i + 1], other[i + 1]) - max(one[i], other[i]) for i in (0, 2))
        assert across <= 1 or up <= 1
    sizes = [dot.size for dot in of(chart, Dot)]
    assert sizes[1] > sizes[0] == sizes[3] > sizes[2]


@pytest.mark.parametrize("high", [1e-9, 0.004, 0.57, 1, 7, 99, 1e6])
def test_ticks_are_round_and_cover_the_range(high):
    ticks = drawing.nice_ticks(0, high)
    assert ticks[0] == 0 and ticks[-1] >= high * (1 - 1e-9)
    assert 3 <= len(ticks) <= 7


def test_ticks_of_long_and_short_times():
    assert len(drawing.month_ticks("1997-01-01", "1997-01-20")) == 1
    assert len(drawing.month_ticks("1900-01-01", "2026-06-30")) <= 7
    assert len(drawing.month_ticks("1997-01-05", "1998-06-28", about=2)) == 2


def test_names_of_rows_stand_beside_their_marks_or_above_where_they_are_long():
    frame = pd.DataFrame({"name": ["Customers whose number nobody can read"], "n": [3]})
    chart, short = (charts.bars(rows, "name", "n", x_title="n") for rows in (frame, frame.assign(name="short")))
    assert "Customers whose number\nnobody can read" in texts(chart)
    assert short.left < chart.left < 230 and short.height < chart.height
    above = charts.bars(frame, "name", "n", x_title="n", width=NARROW)
    name = next(mark for mark in of(above, Text) if mark.text == "Customers whose number nobody can read")
    (bar,) = of(above, Box)
    assert above.left < 30
    assert middle(above, name)[1] + drawing.LINE_HEIGHT / 2 <= above.place(None, bar.y[0])[1]


def test_chinese_takes_its_room_and_breaks_anywhere():
    assert drawing.text_width("客户", 10) == 20
    words = "Given the prices, the quality is good: " * 30  # adds up without a rest, on every Python
    assert drawing.text_width(words, 100) == sum(round(drawing.text_width(letter, 100)) for letter in words)
    assert drawing.wrapped("最近没有下单的高价值客户", 60).count("\n") == 2
    frame = pd.DataFrame({"name": ["最近没有下单的高价值客户", "新客户"], "n": [3, 5]})
    for width in (WIDE, NARROW):
        chart = charts.bars(frame, "name", "n", x_title="客户数", width=width)
        names = [text for text in texts(chart) if "客户" in text and text != "客户数"]
        assert chart.left >= drawing.widest(names)


@WIDTHS
def test_one_place_or_nothing_but_zeros_can_be_drawn(width):
    one = pd.DataFrame({"week": [3], "orders": [5.0], "name": ["a"], "day": pd.to_datetime(["2026-01-01"])})
    drawn = [charts.lines(one, x, "orders", **WORDS, width=width) for x in ("week", "day")]
    nothing = one.assign(orders=0.0)
    drawn += [draw(nothing, "name", "orders", x_title="orders", width=width) for draw in (charts.bars, charts.dots)]
    drawn += [charts.columns(nothing, "name", {"orders": "Orders"}, **WORDS, width=width)]
    drawn += [charts.heatmap(nothing, "name", "week", "orders", x_title="week", y_title="name", width=width)]
    for chart in drawn:
        assert "<text" in svg(chart, "wide")
        assert 0 < chart.scales[0] < np.inf and 0 < chart.scales[1] < np.inf


# ---- the drawing as SVG ----


def square(*marks, **axis) -> Drawing:
    return Drawing(marks, Axis(**axis), Axis(), width=100, height=100, left=0, right=0, top=0, bottom=0)


def test_each_mark_becomes_its_path():
    chart = square(
        Box((0, 0.5), (0, 0.25), charts.NOW, 0.8),
        Box((0.5, 1), (0, 0.5), charts.NOW, 0.8),
        Line([0, 0.5, None, 0.5, 1], [0, 0.5, None, 0, 0.25], charts.RISK, 2.4, "dash"),
        Area([0, 1], [0, 0], [0.5, 1], charts.GAIN),
        Dot(0.5, 0.5, 8, charts.BEFORE),
        Text("a & b", 0.5, 0.5, dx=-3, anchor="end", size=drawing.SIZE),
    )
    assert re.sub(r"^<svg.*?>|</svg>$", "", svg(chart, "wide")) == (
        '<path class="a n" fill-opacity="0.8" d="M0 75h50v25h-50zM50 50h50v50h-50z"/>'
        '<path class="l r" stroke-width="2.4" stroke-dasharray="7 4" d="M0 100l50-50M50 100l50-25"/>'
        '<path class="a g" fill-opacity="0.17" d="M0 100l100 0 0-100-100 50z"/>'
        '<path class="a x b" d="M46 50a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"/>'
        '<g class="i e"><text x="47" y="54.3">a &amp; b</text></g>'
    )


def test_what_has_no_number_is_not_drawn():
    nan = float("nan")
    nothing = [Box((0, 0), (0, 1), charts.NOW), Dot(nan, 0, 8, charts.NOW), Line([nan], [1], charts.NOW)]
    assert "<path" not in svg(square(*nothing, Area([], [], [], charts.NOW)), "wide")


def test_ticks_stand_below_and_beside_with_their_grid():
    chart = Drawing([], Axis([0, 1], ["no", "one"]), Axis([0.5], ["half"], grid=True), 200, 100, left=40, right=10)
    drawn = svg(chart, "narrow")
    assert 'class="narrow" viewBox="0 0 200 100"' in drawn
    assert '<path class="l q" d="M40 34H190"/>' in drawn
    assert '<g class="m"><text x="40" y="71">no</text><text x="188.5" y="71">one</text></g>' in drawn, (
        "moved inwards at the edge"
    )
    assert '<g class="e"><text x="33" y="38">half</text></g>' in drawn


def test_a_curve_loses_points_but_not_its_shape():
    x = np.linspace(0, 600, 2000)
    points = list(zip(x, 100 * np.sin(x / 60), strict=True))
    kept = thinned(points)
    assert len(kept) < 150
    off = np.interp(x, *zip(*kept, strict=True)) - [y for _, y in points]
    assert np.abs(off).max() < 0.4, "0.2 pixels across the line"


def every_kind(width: int) -> list[Drawing]:
    share = {"low": "share_low", "high": "share_high", "x_title": "share"}
    looks = {"x_title": "months", "y_title": "first order in"}
    return [
        charts.lines(curves(1, 2), "week", "orders", "curve", **WORDS, width=width),
        charts.lines(curves(1, 2), "week", "orders", "curve", step=True, **WORDS, width=width),
        charts.bars(report_sample.segments(), "segment", "share", **share, width=width),
        charts.dots(report_sample.segments(), "segment", "share", **share, width=width),
        charts.heatmap(report_sample.triangle(), "cohort", "age", "share", **looks, width=width),
        charts.columns(report_sample.histogram(), "class", {"expected": "a", "came": "b"}, **WORDS, width=width),
    ]


@WIDTHS
def test_a_drawing_has_no_style_of_its_own_and_the_same_bytes_twice(width):
    for chart, again in zip(every_kind(width), every_kind(width), strict=True):
        drawn = svg(chart, "wide")
        assert drawn == svg(again, "wide")
        assert not re.search(r"style|<script|href|url\(|nan|None|e-\d", drawn)
        assert len(drawn) < 12_000
        assert set(re.findall(r"#[0-9a-f]{6}", drawn)) == set(), "colours are classes, which the style decides"


# ---- the drawing as a live figure ----


def test_a_live_chart_shows_the_same_and_answers_the_mouse():
    for chart in every_kind(WIDE):
        plain = plain_figure(chart)
        assert {trace["type"] for trace in plain["data"]} <= {"scatter", "bar"}, "no WebGL, no picture"
        assert plain["layout"]["showlegend"] is False
        assert "<b>" not in str(plain)
        words = [note["text"].replace("<br>", "\n") for note in plain["layout"]["annotations"]]
        assert words == [
            ("━ " if mark.sample == "solid" else "■ " if mark.sample else "") + mark.text for mark in of(chart, Text)
        ]
        assert plain["data"][-1]["text"] == [text.replace("\n", "<br>") for _, _, text in chart.hover()]


def test_a_live_bar_is_where_the_drawing_has_it():
    frame = pd.DataFrame({"name": ["a", "b"], "n": [3.0, 5.0]})
    trace = next(t for t in figure(charts.bars(frame, "name", "n", x_title="n")).data if t.type == "bar")
    assert [(x - w / 2, x + w / 2) for x, w in zip(trace.x, trace.width, strict=True)] == [(0, 3), (0, 5)]
    assert [base + y / 2 for base, y in zip(trace.base, trace.y, strict=True)] == pytest.approx([1, 0])
