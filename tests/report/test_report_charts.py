"""Charts: hues that everyone can tell apart, labels that do not collide, and what a chart refuses."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import report_sample
from regulars.report import charts, drawing
from regulars.report.blocks import plain_figure

WORDS = {"x_title": "weeks", "y_title": "orders"}

# Machado, Oliveira & Fernandes (2009), IEEE TVCG 15: full protanopia, deuteranopia and tritanopia, on linear RGB
SIGHT = {
    "usual": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def rgb(hue: str) -> np.ndarray:
    return np.array([int(hue[i : i + 2], 16) for i in (1, 3, 5)])


def lab(linear: np.ndarray) -> np.ndarray:
    ratio = TO_XYZ @ np.clip(linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def seen(hue: str, sight) -> np.ndarray:
    share = rgb(hue) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return lab(np.array(sight) @ linear)


@pytest.mark.parametrize("sight", SIGHT)
def test_hues_are_apart_for_every_eye(sight):
    for one, other in combinations(drawing.HUES, 2):
        assert np.linalg.norm(seen(one, SIGHT[sight]) - seen(other, SIGHT[sight])) > 15, (one, other)


def test_words_in_and_on_hues_can_be_read():
    for hue in drawing.HUES:
        contrast = 1.05 / (drawing.luminance(rgb(drawing.shade(hue))) + 0.05)
        assert contrast >= 4.5, hue  # WCAG 2.2, level AA
        assert 1.05 / (drawing.luminance(rgb(hue)) + 0.05) >= 3, hue  # for lines and bars


@pytest.mark.parametrize("share", np.linspace(0, 1, 41))
def test_numbers_in_a_heat_map_can_be_read(share):
    fill, ink = drawing.depth(share)
    cell = drawing.luminance([int(part) for part in fill[4:-1].split(",")]) + 0.05
    text = drawing.luminance(rgb("#ffffff" if ink == "#fff" else ink)) + 0.05
    assert max(cell, text) / min(cell, text) >= 4


def test_dashes_tell_lines_apart_in_grey():
    assert len(set(drawing.DASHES.values())) == 4
    grey = {hue: drawing.luminance(rgb(hue)) for hue in drawing.HUES if drawing.DASHES[hue] == "solid"}
    assert abs(grey[drawing.NOW] - grey[drawing.BEFORE]) > 0.1


def curves(*ends: float) -> pd.DataFrame:
    rows = [{"curve": f"c{i}", "week": w, "orders": end * w / 10} for i, end in enumerate(ends) for w in range(11)]
    return pd.DataFrame(rows)


def labels(figure) -> list:
    return [note for note in figure.layout.annotations if note.font.weight == 600]


def test_labels_at_the_ends_do_not_collide():
    figure = charts.lines(curves(50, 50.1, 50.2, 80), "week", "orders", "curve", **WORDS)
    inner = figure.layout.meta["print_height"] - drawing.TOP - drawing.BOTTOM
    scale = inner / np.ptp(figure.layout.yaxis.range)
    places = sorted(note.y * scale + note.yshift for note in labels(figure))
    assert min(np.diff(places)) >= drawing.LINE_HEIGHT - 0.2
    assert [note.text for note in labels(figure)] == ["c0 50", "c1 50.1", "c2 50.2", "c3 80"]


def test_of_two_series_the_first_is_before_and_the_second_now():
    figure = charts.lines(curves(50, 80), "week", "orders", "curve", **WORDS)
    assert [trace.line.color for trace in figure.data] == [charts.BEFORE, charts.NOW]
    figure = charts.lines(curves(50, 80), "week", "orders", "curve", colours={"c1": charts.RISK}, **WORDS)
    assert [trace.line.color for trace in figure.data] == [charts.NOW, charts.RISK]
    assert [trace.line.color for trace in charts.lines(curves(50), "week", "orders", **WORDS).data] == [charts.NOW]


def test_five_hues_and_no_more():
    assert len(charts.lines(curves(1, 2, 3, 4, 5), "week", "orders", "curve", **WORDS).data) == 5
    with pytest.raises(ValueError, match="6 series in one chart: at most 5"):
        charts.lines(curves(1, 2, 3, 4, 5, 6), "week", "orders", "curve", **WORDS)
    with pytest.raises(ValueError, match="3 Lorenz curves in one chart"):
        charts.lorenz(curves(1, 1, 1), "week", "orders", "curve", equal="all alike", **WORDS)


def test_a_curve_without_values_has_no_label():
    frame = curves(50, 80)
    frame.loc[frame["curve"] == "c1", "orders"] = float("nan")
    assert [note.text for note in labels(charts.lines(frame, "week", "orders", "curve", **WORDS))] == ["c0 50"]


def test_bands_are_drawn_where_there_is_an_interval():
    frame = report_sample.tracking()
    figure = charts.lines(frame, "month", "orders", "curve", "orders_low", "orders_high", **WORDS)
    fills = [trace for trace in figure.data if trace.fill == "tonexty"]
    assert [len(trace.x) for trace in fills] == [30, 0]
    hover = figure.data[-1].text[0]
    assert "nan" not in hover and "(" not in hover


def test_a_waterfall_adds_up_or_stops():
    frame = pd.DataFrame(
        {"step": ["raw", "merged", "added", "kept"], "rows": [100, -30, 5, 75], "is_total": [True, False, False, True]}
    )
    figure = charts.waterfall(frame, "step", "rows", "is_total", x_title="rows")
    assert figure.data[0].base == (0.0, 100.0, 70.0, 0.0)
    assert figure.data[0].x == (100.0, -30.0, 5.0, 75.0)
    assert [note.text for note in labels(figure)] == ["100", "-30", "5", "75"]
    with pytest.raises(ValueError, match="the steps lead to 75, but 'kept' is 74"):
        charts.waterfall(frame.replace(75, 74), "step", "rows", "is_total", x_title="rows")


def test_a_lorenz_curve_is_read_off_at_the_mark():
    figure = charts.lorenz(report_sample.concentration(), "customers", "value", "curve", equal="all alike", **WORDS)
    assert dict(zip(["past", "future"], figure.data[-1].y, strict=True)) == pytest.approx(
        {"past": 0.2**0.3, "future": 0.2**0.42}
    )


def test_shares_are_stacked_from_zero_to_one():
    figure = charts.shares(report_sample.satisfaction(), "segment", "state", "share", x_title="share")
    ends = [[base + width for base, width in zip(trace.base, trace.x, strict=True)] for trace in figure.data]
    assert ends[-1] == pytest.approx([1, 1, 1])
    assert figure.data[0].base == (0.0, 0.0, 0.0)


def test_a_triangle_has_a_number_in_every_cell_and_n_beside_every_row():
    frame = report_sample.triangle()
    figure = charts.heatmap(
        frame, "cohort", "age", "share", n="n", open_cell="is_open", x_title="months", y_title="first order in · n"
    )
    assert len(figure.layout.shapes) == len(figure.layout.annotations) - 1 == len(frame) == len(figure.data[0].x)
    assert figure.layout.yaxis.ticktext[0] == "2025-07 · 420"
    assert sum(shape.line.dash == "dot" for shape in figure.layout.shapes) == frame["is_open"].sum() == 11


def test_columns_side_by_side_do_not_overlap():
    frame = pd.DataFrame({"class": ["0", "1"], "a": [3, 4], "b": [2, 5], "b_low": [1, 4], "b_high": [3, 6]})
    figure = charts.columns(frame, "class", {"a": "A", "b": "B"}, **WORDS)
    left, right = figure.data
    assert left.x[0] + left.width / 2 < right.x[0] - right.width / 2
    assert right.error_y.array == (1, 1)
    assert [trace.marker.color for trace in figure.data] == [
        drawing.faded(h, 0.85) for h in (charts.BEFORE, charts.NOW)
    ]


def test_a_map_of_bubbles_holds_every_interval_and_keeps_its_names_apart():
    frame = pd.DataFrame({"driver": ["price", "staff", "web"], "x": [60.0, 60.5, 75.0], "y": [0.4, 0.41, 0.1],
                          "size": [1.0, 4.0, 0.0]})  # fmt: skip
    for name, reach in (("x", 2.0), ("y", 0.05)):
        frame[f"{name}_low"], frame[f"{name}_high"] = frame[name] - reach, frame[name] + reach
    ends = {name: (f"{name}_low", f"{name}_high") for name in ("x", "y")}
    figure = charts.bubbles(frame, "driver", "x", "y", "size", ends, **WORDS)
    for name, axis in (("x", figure.layout.xaxis), ("y", figure.layout.yaxis)):
        assert axis.range[0] <= frame[f"{name}_low"].min() and frame[f"{name}_high"].max() <= axis.range[1]
    names = {note.text: note for note in figure.layout.annotations if note.text in set(frame["driver"])}
    scale = (figure.layout.height - drawing.TOP - drawing.BOTTOM) / (
        figure.layout.yaxis.range[1] - figure.layout.yaxis.range[0]
    )
    heights = [names[name].y * scale + names[name].yshift for name in ("price", "staff")]
    assert abs(heights[0] - heights[1]) >= drawing.LINE_HEIGHT - 1
    marks = figure.data[-1].marker.size
    assert marks[1] > marks[0] > marks[2]


def test_a_long_name_at_the_edge_of_a_map_stays_inside():
    frame = pd.DataFrame({"driver": ["delivery on the promised day", "b", "staff who know their trade well"],
                          "x": [0.02, 0.5, 0.98], "y": [0.1, 0.5, 0.9], "size": 1.0})  # fmt: skip
    for name in ("x", "y"):
        frame[f"{name}_low"] = frame[f"{name}_high"] = frame[name]
    ends = {name: (f"{name}_low", f"{name}_high") for name in ("x", "y")}
    figure = charts.bubbles(frame, "driver", "x", "y", "size", ends, **WORDS)
    first, last = figure.layout.xaxis.range
    for note in figure.layout.annotations:
        if note.text in set(frame["driver"]):
            at = (note.x - first) / (last - first) * drawing.NARROWEST_AXIS + note.xshift
            half = drawing.strong_width([note.text]) / 2
            assert half - 1 <= at <= drawing.NARROWEST_AXIS - half + 1


def test_no_chart_needs_webgl_a_picture_or_a_legend():
    report_kinds = [
        charts.lines(curves(1, 2), "week", "orders", "curve", **WORDS),
        charts.bars(report_sample.segments(), "segment", "customers", x_title="customers"),
        charts.dots(report_sample.segments(), "segment", "share", "share_low", "share_high", x_title="share"),
        charts.heatmap(report_sample.triangle(), "cohort", "age", "share", x_title="months", y_title="first order in"),
    ]
    for figure in report_kinds:
        plain = plain_figure(figure)
        assert {trace["type"] for trace in plain["data"]} <= {"scatter", "bar"}
        assert plain["layout"]["template"]["layout"]["showlegend"] is False
        assert "<b>" not in str(plain)


@pytest.mark.parametrize("high", [1e-9, 0.004, 0.57, 1, 7, 99, 1e6])
def test_ticks_are_round_and_cover_the_range(high):
    ticks = drawing.nice_ticks(0, high)
    assert ticks[0] == 0 and ticks[-1] >= high * (1 - 1e-9)
    assert 3 <= len(ticks) <= 7


def test_ticks_of_long_and_short_times():
    assert len(drawing.month_ticks("1997-01-01", "1997-01-20")) == 1
    assert len(drawing.month_ticks("1900-01-01", "2026-06-30")) <= 7


def test_long_names_are_wrapped_and_get_room():
    frame = pd.DataFrame({"name": ["Customers whose number nobody can read"], "n": [3]})
    figure = charts.bars(frame, "name", "n", x_title="n")
    assert figure.layout.yaxis.ticktext == ("Customers whose number<br>nobody can read",)
    assert figure.layout.margin.l < 230
    assert figure.layout.height > charts.bars(frame.assign(name="short"), "name", "n", x_title="n").layout.height
