"""Charts: frames in, plotly figures out, in one form: one idea each, direct labels, intervals, no legend, no frame.

Text comes from the caller, already in the page's language: titles of axes as text (``report.word("axis.months")``),
numbers through functions (``report.format("percent")``). Colour means the same on every page: ``NOW`` blue, ``BEFORE``
grey, ``RISK`` orange, ``GAIN`` green, ``OTHER`` wine; in grey print dashes, places and words tell series apart.
Nothing is drawn by WebGL or as a picture, so the page's strict policy holds and print is sharp.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regulars.report import drawing
from regulars.report.drawing import BEFORE, GAIN, NOW, OTHER, RISK, Words, note, plain_words, strong

# hues of the series that several pages draw
SERIES = {"past": BEFORE, "naive": BEFORE, "future": NOW, "forecast": NOW, "expected": NOW, "came": GAIN}

__all__ = [
    "BEFORE",
    "GAIN",
    "NOW",
    "OTHER",
    "RISK",
    "bars",
    "columns",
    "dots",
    "heatmap",
    "lines",
    "lorenz",
    "shares",
    "stacked",
    "waterfall",
]
HEIGHT = 340
ROW, TALL_ROW = 34, 42


# ---- lines ----


def lines(
    frame: pd.DataFrame,
    x: str,
    y: str,
    by: str | None = None,
    low: str | None = None,
    high: str | None = None,
    *,
    x_title: str,
    y_title: str,
    x_format: Words = plain_words,
    y_format: Words = plain_words,
    label: Words = str,
    colours: Mapping[str, str] | None = None,
    marks: Mapping | None = None,
    x_step: float | None = None,
    from_zero: bool = True,
    step: bool = False,
    height: int = HEIGHT,
) -> go.Figure:
    """Curves with their interval as a band, named at their right ends together with their last value.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per point; drawn in the frame's order.
    x, y : str
        Columns of numbers or dates, and of numbers.
    by : str, optional
        Column that tells curves apart, at most five.
    low, high : str, optional
        Columns with the ends of the interval; missing where a curve has none.
    x_title, y_title : str
        What the axes show, in words with units.
    x_format, y_format : callable
        Word a value: ``report.format("percent")``.
    label : callable
        Words the name of a curve.
    colours : mapping, optional
        Name of a curve to ``NOW``, ``BEFORE``, ``RISK``, ``GAIN`` or ``OTHER``; of two, the first is grey and the
        second blue where nothing is given.
    marks : mapping, optional
        Places on the horizontal axis, each with a word: a thin upright line ("forecast from here").
    x_step : float, optional
        Distance of the ticks of a horizontal axis of numbers: 3 for months.
    from_zero : bool
        Whether the vertical axis starts at zero.
    step : bool
        Whether the value holds until the next point, as survival curves do.
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    groups = _groups(frame, by)
    hue = drawing.hues(list(groups), colours)
    shape = "hv" if step else "linear"
    bands = [
        trace
        for name, part in groups.items()
        if low is not None
        for trace in _band(part.dropna(subset=[low, high]), x, low, high, hue[name], shape)
    ]
    curves = [
        go.Scatter(
            x=drawing.plain_x(part[x]),
            y=part[y].tolist(),
            mode="lines",
            line={"color": hue[name], "width": 2.4, "dash": drawing.DASHES[hue[name]], "shape": shape},
            text=_curve_hover(part, name, x, y, low, high, x_format, y_format, label),
            hoverinfo="text",
        )
        for name, part in groups.items()
    ]
    shown = pd.concat([frame[column] for column in (y, low, high) if column], ignore_index=True).dropna()
    vertical = drawing.y_axis(shown.tolist(), y_format, from_zero)
    scale = (drawing.paper_height(height) - drawing.TOP - drawing.BOTTOM) / np.ptp(vertical["range"])
    labels, room = _end_labels(groups, x, y, hue, label, y_format, scale)
    return drawing.figure(
        bands + curves,
        height,
        _margin(vertical["ticktext"], room),
        drawing.paper_height(height),
        annotations=[*labels, *_mark_notes(marks or {}), drawing.y_axis_title(y_title)],
        shapes=[_upright(at) for at in marks or {}],
        xaxis=drawing.x_axis(frame[x], x_format, x_title, x_step),
        yaxis=vertical,
    )


def _groups(frame: pd.DataFrame, by: str | None) -> dict:
    return {None: frame} if by is None else dict(list(frame.groupby(by, sort=False, observed=True)))


def _margin(tick_texts: Sequence[str], right: float = 0.0, top: float = drawing.TOP) -> dict:
    left = drawing.LEFT + drawing.widest(tick_texts, drawing.SIZE)
    return {"t": top, "b": drawing.BOTTOM, "l": left, "r": drawing.RIGHT + right}


def _band(part: pd.DataFrame, x: str, low: str, high: str, hue: str, shape: str) -> list[go.Scatter]:
    edge = {"x": drawing.plain_x(part[x]), "mode": "lines", "line": {"width": 0, "shape": shape}, "hoverinfo": "skip"}
    filled = {"fill": "tonexty", "fillcolor": drawing.faded(hue, 0.17)}
    return [go.Scatter(y=part[low].tolist(), **edge), go.Scatter(y=part[high].tolist(), **edge, **filled)]


def _curve_hover(part, name, x, y, low, high, x_format, y_format, label) -> list[str]:
    first = "" if name is None else f"{label(name)}<br>"
    return [
        f"{first}{x_format(row[x])}: {y_format(row[y])}{drawing.interval_words(y_format, row, low, high)}"
        for row in part.to_dict("records")
    ]


def _end_labels(groups, x, y, hue, label, y_format, scale) -> tuple[list[dict], float]:
    """Name and last value of each curve where it ends, apart also on paper, and the room that they take."""
    lasts = {name: part.dropna(subset=[y]) for name, part in groups.items()}
    lasts = {name: part.iloc[-1] for name, part in lasts.items() if len(part)}
    frame_end = max((last[x] for last in lasts.values()), default=None)
    values = [float(last[y]) for last in lasts.values()]
    names = ["" if name is None else f"{label(name)} " for name in lasts]
    words = [name + text for name, text in zip(names, drawing.texts(y_format, values), strict=True)]
    wanted = [value * scale for value in values]
    placed = drawing.apart(wanted, drawing.LINE_HEIGHT)
    ends = drawing.plain_x([last[x] for last in lasts.values()])
    # where a curve ends before the others its name stands a line higher, clear of those that go on
    lifts = [drawing.LINE_HEIGHT if last[x] < frame_end else 0 for last in lasts.values()]
    notes = [
        strong(
            text,
            end,
            value,
            drawing.shade(hue[name]),
            xanchor="left",
            yanchor="middle",
            xshift=8,
            yshift=round(at - want + lift, 1),
        )
        for name, text, end, value, at, want, lift in zip(
            lasts, words, ends, values, placed, wanted, lifts, strict=True
        )
    ]
    return notes, drawing.strong_width(words)


def _upright(at, top: float = 1, yref: str = "paper", dash: str = "solid") -> dict:
    at = drawing.plain_x([at])[0]
    line = {"color": drawing.SOFT, "width": 1, "dash": dash}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": top, "yref": yref, "line": line}


def _mark_notes(marks: Mapping) -> list[dict]:
    beside = {"yref": "paper", "xanchor": "left", "yanchor": "top", "xshift": 4}
    return [note(text, drawing.plain_x([at])[0], 1, drawing.SOFT, **beside) for at, text in marks.items()]


def lorenz(
    frame: pd.DataFrame,
    x: str,
    y: str,
    by: str | None = None,
    *,
    x_title: str,
    y_title: str,
    x_format: Words = plain_words,
    y_format: Words = plain_words,
    label: Words = str,
    equal: str,
    mark: float = 0.2,
    colours: Mapping[str, str] | None = None,
    height: int = 380,
) -> go.Figure:
    """Who carries how much: share of the value held by the top share of customers, beside equal shares.

    Parameters
    ----------
    frame : pandas.DataFrame
        Per point the share of customers, from the most valuable down, and the share of value that they hold.
    x, y : str
        Columns of shares, both from 0 to 1.
    by : str, optional
        Column that tells two curves apart (past revenue, future value).
    x_title, y_title, x_format, y_format, label, colours, height
        As in `lines`.
    equal : str
        Word for the diagonal, where all customers are worth the same.
    mark : float
        Share of customers at which the curves are read off and named.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        Where there are more than two curves.
    """
    groups = _groups(frame, by)
    if len(groups) > 2:
        raise ValueError(f"{len(groups)} Lorenz curves in one chart: two can be compared.")
    hue = drawing.hues(list(groups), colours)
    read = {name: float(np.interp(mark, part[x], part[y])) for name, part in groups.items()}
    traces = [
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", line={"color": "#c9ced5", "width": 1.2}),
        *(
            go.Scatter(
                x=part[x].tolist(),
                y=part[y].tolist(),
                mode="lines",
                line={"color": hue[name], "width": 2.4, "dash": drawing.DASHES[hue[name]]},
                text=_curve_hover(part, name, x, y, None, None, x_format, y_format, label),
                hoverinfo="text",
            )
            for name, part in groups.items()
        ),
        go.Scatter(
            x=[mark] * len(read),
            y=list(read.values()),
            mode="markers",
            marker={"size": 9, "color": [hue[name] for name in read], "line": {"color": "#fff", "width": 2}},
            hoverinfo="skip",
        ),
    ]
    diagonal = {"xanchor": "left", "yanchor": "top", "xshift": 10, "yshift": -6}
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    y_texts = drawing.texts(y_format, ticks)
    return drawing.figure(
        traces,
        height,
        _margin(y_texts),
        drawing.paper_height(height),
        annotations=[
            note(equal, 0.62, 0.62, drawing.SOFT, **diagonal),
            *_lorenz_labels(read, mark, hue, label, y_format),
            drawing.y_axis_title(y_title),
        ],
        shapes=[_upright(mark, max(read.values()), "y", "dot")],
        xaxis=drawing.axis(ticks, drawing.texts(x_format, ticks), [0, 1], x_title),
        yaxis=drawing.axis(ticks, y_texts, [0, 1.02]),
    )


def _lorenz_labels(read: Mapping, mark: float, hue: Mapping, label: Words, y_format: Words) -> list[dict]:
    """Name and value of each curve at the mark, the upper curve's first: below both curves there is room on a phone."""
    notes = []
    for line, name in enumerate(sorted(read, key=read.get, reverse=True)):
        words = y_format(read[name]) if name is None else f"{label(name)} {y_format(read[name])}"
        place = {"xanchor": "left", "yanchor": "top", "xshift": 8, "yshift": -2 - 18 * line}
        notes.append(strong(words, mark, min(read.values()), drawing.shade(hue[name]), **place))
    return notes


# ---- rows: bars, dots, steps, shares ----


def bars(
    frame: pd.DataFrame,
    category: str,
    value: str,
    low: str | None = None,
    high: str | None = None,
    *,
    x_title: str,
    x_format: Words = plain_words,
    label: Words = str,
    colours: Mapping[str, str] | str = NOW,
    text: str | None = None,
) -> go.Figure:
    """Horizontal bars with their interval as a whisker and their value in words behind it.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per bar, the first on top.
    category, value : str
        Columns of names and numbers.
    low, high : str, optional
        Columns with the ends of the interval.
    x_title : str
        What the bars measure, in words with units.
    x_format : callable
        Words a value.
    label : callable
        Words a category.
    colours : str or mapping
        One hue for all, or category to hue (the rest is ``NOW``).
    text : str, optional
        Column of words to stand behind the bar instead of its value.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    trace = go.Bar(
        x=frame[value].tolist(),
        y=_places(frame),
        orientation="h",
        width=0.58,
        error_x=_whiskers(frame, value, low, high),
        marker={
            "color": [drawing.faded(hue, 0.8) for hue in _row_hues(frame[category], colours)],
            "line": {"width": 0},
        },
        text=_row_hover(frame, category, value, low, high, label, x_format),
        hoverinfo="text",
        textposition="none",
    )
    words = frame[text].tolist() if text else drawing.texts(x_format, frame[value])
    ends = [column for column in (value, low, high) if column]
    return _rows([trace], frame, category, ends, words, x_title, x_format, label)


def dots(
    frame: pd.DataFrame,
    category: str,
    value: str,
    low: str | None = None,
    high: str | None = None,
    before: str | None = None,
    *,
    x_title: str,
    x_format: Words = plain_words,
    label: Words = str,
    names: tuple[str, str] | None = None,
    colours: Mapping[str, str] | str = NOW,
    from_zero: bool = False,
) -> go.Figure:
    """Points with their interval as a line, one row each, and a grey mark for what it was before or elsewhere.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per point, the first on top.
    category, value, low, high, x_title, x_format, label, colours
        As in `bars`.
    before : str, optional
        Column with the value to compare with.
    names : (str, str), optional
        Words for the value and for what it is compared with; they stand above the chart.
    from_zero : bool
        Whether the axis starts at zero.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    places, hues = _places(frame), _row_hues(frame[category], colours)
    traces = []
    if low is not None:
        for place, hue, ends in zip(places, hues, frame[[low, high]].to_numpy(float).tolist(), strict=True):
            line = {"color": drawing.faded(hue, 0.45), "width": 5}
            traces.append(go.Scatter(x=ends, y=[place, place], mode="lines", line=line, hoverinfo="skip"))
    if before is not None:
        tick = {"symbol": "line-ns", "size": 15, "line": {"color": BEFORE, "width": 3}}
        traces.append(go.Scatter(x=frame[before].tolist(), y=places, mode="markers", marker=tick, hoverinfo="skip"))
    points = {"size": 11, "color": hues, "line": {"color": "#fff", "width": 1.5}}
    hover = _row_hover(frame, category, value, low, high, label, x_format)
    own = {"mode": "markers", "marker": points, "text": hover, "hoverinfo": "text"}
    traces.append(go.Scatter(x=frame[value].tolist(), y=places, **own))
    words = drawing.texts(x_format, frame[value])
    ends = [column for column in (value, low, high, before) if column]
    key = drawing.key(dict(zip(names, (NOW, BEFORE), strict=True))) if names else []
    return _rows(traces, frame, category, ends, words, x_title, x_format, label, from_zero, key)


def waterfall(
    frame: pd.DataFrame,
    category: str,
    amount: str,
    is_total: str,
    *,
    x_title: str,
    x_format: Words = plain_words,
    label: Words = str,
    colours: Mapping[str, str] | None = None,
) -> go.Figure:
    """From one total to another, step by step, from top to bottom.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per bar: totals as they are, steps with their sign.
    category, amount, is_total : str
        Columns of names, of numbers and of whether the row is a total.
    x_title, x_format, label
        As in `bars`.
    colours : mapping, optional
        Category to hue; else totals ``NOW``, steps down ``RISK``, steps up ``GAIN``.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        Where the steps do not lead from one total to the next.
    """
    names, steps, totals = frame[category].tolist(), frame[amount].astype(float).tolist(), frame[is_total].tolist()
    starts, ends = _levels(names, steps, totals)
    usual = [NOW if total else RISK if step < 0 else GAIN for step, total in zip(steps, totals, strict=True)]
    hues = [(colours or {}).get(name, hue) for name, hue in zip(names, usual, strict=True)]
    drawn = frame.assign(_from=starts, _to=ends)
    words = drawing.texts(x_format, frame[amount])
    trace = go.Bar(
        x=[end - start for start, end in zip(starts, ends, strict=True)],
        base=starts,
        y=_places(frame),
        orientation="h",
        width=0.58,
        marker={"color": [drawing.faded(hue, 0.8) for hue in hues], "line": {"color": hues, "width": 1}},
        text=[f"{label(name)}: {text}" for name, text in zip(names, words, strict=True)],
        hoverinfo="text",
        textposition="none",
    )
    figure = _rows([trace], drawn, category, ["_from", "_to"], words, x_title, x_format, label)
    line = {"color": drawing.SOFT, "width": 1}
    joints = [
        {"type": "line", "x0": end, "x1": end, "y0": place + 0.29, "y1": place - 1.29, "line": line, "layer": "below"}
        for end, place in zip(ends[:-1], _places(frame)[:-1], strict=True)
    ]
    return figure.update_layout(shapes=[*figure.layout.shapes, *joints])


def _levels(names: Sequence, steps: Sequence[float], totals: Sequence[bool]) -> tuple[list[float], list[float]]:
    level, starts, ends = 0.0, [], []
    for name, step, total in zip(names, steps, totals, strict=True):
        if total and starts and not math.isclose(step, level, rel_tol=1e-9, abs_tol=1e-6):
            raise ValueError(f"the steps lead to {level:,.10g}, but '{name}' is {step:,.10g}.")
        starts.append(0.0 if total else level)
        level = step if total else level + step
        ends.append(level)
    return starts, ends


def shares(
    frame: pd.DataFrame,
    category: str,
    part: str,
    share: str,
    *,
    x_title: str,
    x_format: Words = plain_words,
    label: Words = str,
    part_label: Words = str,
    colours: Mapping[str, str] | None = None,
) -> go.Figure:
    """Bars that are cut into shares of one, the same parts in the same order in each.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per bar and part; at most five parts.
    category, part, share : str
        Columns of names and of shares between 0 and 1.
    x_title, x_format, label
        As in `bars`.
    part_label : callable
        Words the name of a part; the names stand above the chart in their colours.
    colours : mapping, optional
        Part to hue.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    names, parts = list(dict.fromkeys(frame[category])), list(dict.fromkeys(frame[part]))
    hue = drawing.hues(parts, colours)
    wide = frame.pivot(index=category, columns=part, values=share).reindex(index=names, columns=parts).fillna(0.0)
    ends = wide.cumsum(axis=1)
    places = _places(wide)
    traces, notes = [], []
    for name in parts:
        widths, starts = wide[name].tolist(), (ends[name] - wide[name]).tolist()
        texts = [x_format(width) for width in widths]
        traces.append(
            go.Bar(
                x=widths,
                base=starts,
                y=places,
                orientation="h",
                width=0.66,
                marker={"color": drawing.shade(hue[name]), "line": {"color": "#fff", "width": 2}},
                text=[f"{label(row)}, {part_label(name)}: {text}" for row, text in zip(names, texts, strict=True)],
                hoverinfo="text",
                textposition="none",
            )
        )
        notes += [
            strong(text, start + width / 2, place, "#fff", xanchor="center", yanchor="middle")
            for text, width, start, place in zip(texts, widths, starts, places, strict=True)
            if width >= 0.06
        ]
    ticks = [0, 0.25, 0.5, 0.75, 1.0]
    vertical = _row_axis([label(name) for name in names])
    margin = {**_margin([]), "l": drawing.LEFT + drawing.widest(vertical["ticktext"])}
    return drawing.figure(
        traces,
        drawing.TOP + drawing.BOTTOM + _row_height(vertical["ticktext"]) * len(names),
        margin,
        annotations=[*notes, *drawing.key({part_label(name): drawing.shade(hue[name]) for name in parts})],
        barmode="overlay",
        bargap=0,
        xaxis=drawing.axis(ticks, drawing.texts(x_format, ticks), [0, 1], x_title),
        yaxis=vertical,
    )


def _places(frame: pd.DataFrame) -> list[int]:
    """Height of each row, the first on top."""
    return list(range(len(frame)))[::-1]


def _row_hues(names: pd.Series, colours: Mapping[str, str] | str) -> list[str]:
    return [colours if isinstance(colours, str) else colours.get(name, NOW) for name in names]


def _row_height(names: Sequence[str]) -> int:
    return TALL_ROW if any("<br>" in name for name in names) else ROW


def _row_axis(names: Sequence[str]) -> dict:
    places = list(range(len(names)))[::-1]
    own = {"showgrid": False, "tickfont": {"size": drawing.LABEL_SIZE, "color": drawing.INK}}
    return drawing.axis(places, [drawing.wrapped(name) for name in names], [-0.6, len(names) - 0.4], **own)


def _row_hover(frame, category, value, low, high, label, words) -> list[str]:
    return [
        f"{label(row[category])}: {words(row[value])}{drawing.interval_words(words, row, low, high)}"
        for row in frame.to_dict("records")
    ]


def _whiskers(frame: pd.DataFrame, value: str, low: str | None, high: str | None) -> dict | None:
    if low is None:
        return None
    return {
        "type": "data",
        "symmetric": False,
        "color": drawing.INK,
        "thickness": 1.3,
        "width": 4,
        "array": (frame[high] - frame[value]).tolist(),
        "arrayminus": (frame[value] - frame[low]).tolist(),
    }


def _rows(
    traces: Sequence,
    frame: pd.DataFrame,
    category: str,
    ends: Sequence[str],
    words: Sequence[str],
    x_title: str,
    x_format: Words,
    label: Words,
    from_zero: bool = True,
    key: Sequence[dict] = (),
) -> go.Figure:
    """Figure of rows with their names to the left and words behind the furthest of their ends."""
    numbers = frame[list(ends)].astype(float)
    least, most = float(numbers.min().min()), float(numbers.max().max())
    ticks = drawing.nice_ticks(min(least, 0.0), max(most, 0.0)) if from_zero else drawing.nice_ticks(least, most)
    span = [ticks[0], max(most, ticks[-2])]
    ticks = [tick for tick in ticks if tick <= span[1]]
    vertical = _row_axis([label(name) for name in frame[category]])
    notes = [
        # behind an end below zero the words may cross the line at zero, which then gives way
        strong(text, end, place, xanchor="left", yanchor="middle", xshift=9, **({"bgcolor": "#fff"} if end < 0 else {}))
        for text, end, place in zip(words, numbers.max(axis=1).fillna(0.0).tolist(), _places(frame), strict=True)
    ]
    zero = {"type": "line", "x0": 0, "x1": 0, "y0": vertical["range"][0], "y1": vertical["range"][1]}
    top = drawing.TOP if key else 8
    left = drawing.LEFT + drawing.widest(vertical["ticktext"])
    return drawing.figure(
        traces,
        top + drawing.BOTTOM + _row_height(vertical["ticktext"]) * len(frame),
        {"t": top, "b": drawing.BOTTOM, "l": left, "r": drawing.RIGHT + drawing.strong_width(words)},
        annotations=[*notes, *key],
        bargap=0,
        shapes=[{**zero, "line": {"color": drawing.SOFT, "width": 1}}] if span[0] <= 0 <= span[1] else [],
        xaxis=drawing.axis(ticks, drawing.texts(x_format, ticks), span, x_title, showgrid=True),
        yaxis=vertical,
    )


# ---- bubbles ----


def bubbles(
    frame: pd.DataFrame,
    category: str,
    x: str,
    y: str,
    size: str,
    ends: Mapping[str, tuple[str, str]],
    *,
    x_title: str,
    y_title: str,
    x_format: Words = plain_words,
    y_format: Words = plain_words,
    label: Words = str,
    colours: Mapping[str, str] | str = NOW,
) -> go.Figure:
    """Map of points with their intervals both ways as lines, their size as an area, and their names beside them.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per bubble.
    category, x, y, size : str
        Columns of names, of the two numbers, and of what the area stands for (not negative); the smallest where it is
        missing.
    ends : mapping
        Column, x or y, to the columns with the ends of its interval.
    x_title, y_title : str
        What the axes measure, in words with units.
    x_format, y_format : callable
        Word a value.
    label : callable
        Words a category.
    colours : str or mapping
        As in `bars`.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    hues = _row_hues(frame[category], colours)
    across, up = _map_axis(frame, x, ends), _map_axis(frame, y, ends)
    traces = []
    for row, hue in zip(frame.to_dict("records"), hues, strict=True):
        line = {"color": drawing.faded(hue, 0.4), "width": 2}
        for places in (([row[e] for e in ends[x]], [row[y]] * 2), ([row[x]] * 2, [row[e] for e in ends[y]])):
            traces.append(go.Scatter(x=places[0], y=places[1], mode="lines", line=line, hoverinfo="skip"))
    most = max(float(frame[size].max()), 1e-12)
    areas = (8 + 26 * np.sqrt(frame[size].fillna(0.0).clip(lower=0).to_numpy(float) / most)).tolist()
    words = zip(frame[category], drawing.texts(x_format, frame[x]), drawing.texts(y_format, frame[y]), strict=True)
    hover = [f"{label(name)}<br>{x_title}: {one}<br>{y_title}: {other}" for name, one, other in words]
    marker = {"size": areas, "color": [drawing.faded(hue, 0.75) for hue in hues], "line": {"color": "#fff", "width": 1}}
    own = {"mode": "markers", "marker": marker, "text": hover, "hoverinfo": "text"}
    traces.append(go.Scatter(x=frame[x].tolist(), y=frame[y].tolist(), **own))
    names = [label(name) for name in frame[category]]
    up_words = drawing.texts(y_format, up)
    left = drawing.LEFT + drawing.widest(up_words)
    margin = {"t": drawing.TOP, "b": drawing.BOTTOM, "l": left, "r": drawing.RIGHT}
    return drawing.figure(
        traces,
        MAP_HEIGHT,
        margin,
        annotations=[*_map_labels(frame, x, y, names, areas, across, up), drawing.y_axis_title(y_title)],
        xaxis=drawing.axis(across, drawing.texts(x_format, across), [across[0], across[-1]], x_title, showgrid=True),
        yaxis=drawing.axis(up, up_words, [up[0], up[-1]]),
    )


MAP_HEIGHT = 360


def _map_axis(frame: pd.DataFrame, column: str, ends: Mapping) -> list[float]:
    """Ticks that hold the points and their intervals."""
    numbers = frame[[column, *ends[column]]].astype(float)
    least, most = float(numbers.min().min()), float(numbers.max().max())
    room = 0.06 * (most - least)
    return drawing.nice_ticks(least - room, most + room)


def _map_labels(frame, x: str, y: str, names, areas, across, up) -> list[dict]:
    """Names above their bubbles, moved up where they would stand on one another, aside where they would stick out."""
    wide = drawing.NARROWEST_AXIS / (across[-1] - across[0])
    high = (MAP_HEIGHT - drawing.BOTTOM - drawing.TOP) / (up[-1] - up[0])
    taken, notes = [], []
    for place in np.argsort(frame[y].to_numpy(float), kind="stable"):
        at, width = (float(frame[x].iloc[place]) - across[0]) * wide, drawing.strong_width([names[place]])
        left = float(np.clip(at, width / 2, max(width / 2, drawing.NARROWEST_AXIS - width / 2)))
        shift = areas[place] / 2 + 10
        bottom = float(frame[y].iloc[place]) * high
        for other_left, other_width, other_at in sorted(taken, key=lambda spot: spot[2]):
            close = abs(left - other_left) < (width + other_width) / 2
            if close and abs(bottom + shift - other_at) < drawing.LINE_HEIGHT:
                shift = other_at + drawing.LINE_HEIGHT - bottom
        taken.append((left, width, bottom + shift))
        spot = {"xanchor": "center", "yanchor": "middle", "xshift": round(left - at), "yshift": round(shift)}
        notes.append(strong(names[place], float(frame[x].iloc[place]), float(frame[y].iloc[place]), **spot))
    return notes


# ---- columns ----


def columns(
    frame: pd.DataFrame,
    x: str,
    values: Mapping[str, str],
    *,
    x_title: str,
    y_title: str,
    x_format: Words = plain_words,
    y_format: Words = plain_words,
    colours: Mapping[str, str] | None = None,
    height: int = HEIGHT,
) -> go.Figure:
    """Upright columns side by side: a histogram beside what was expected, or amounts per month.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per place on the horizontal axis, in its order.
    x : str
        Column of classes or months.
    values : mapping
        Columns to draw, each with its name in words; the first is drawn first. Intervals come from the columns of the
        same name and ``_low``, ``_high`` where there are any.
    x_title, y_title, x_format, y_format, height
        As in `lines`.
    colours : mapping, optional
        Column to hue; else ``NOW`` alone, or ``BEFORE`` and ``NOW`` for two.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    hue = drawing.hues(list(values), colours)
    places, texts = np.arange(len(frame)), [x_format(at) for at in frame[x]]
    width = 0.74 / len(values)
    traces, seen = [], [0.0]
    for i, (name, word) in enumerate(values.items()):
        ends = [f"{name}_{end}" for end in ("low", "high")] if f"{name}_low" in frame else [None, None]
        for column in (name, *ends):
            seen += frame[column].dropna().tolist() if column else []
        hover = _row_hover(frame.assign(_at=texts), "_at", name, *ends, str, y_format)
        traces.append(
            go.Bar(
                x=(places + (i - (len(values) - 1) / 2) * width).tolist(),
                y=frame[name].tolist(),
                width=width * 0.92,
                error_y=_whiskers(frame, name, *ends),
                marker={"color": drawing.faded(hue[name], 0.85), "line": {"width": 0}},
                text=[f"{word}, {line}" for line in hover],
                hoverinfo="text",
                textposition="none",
            )
        )
    key = drawing.key({word: hue[name] for name, word in values.items()}) if len(values) > 1 else []
    vertical = drawing.y_axis(seen, y_format)
    every = max(1, math.ceil((drawing.widest(texts, drawing.SIZE) + 14) * len(texts) / drawing.NARROWEST_AXIS))
    return drawing.figure(
        traces,
        height,
        _margin(vertical["ticktext"], top=drawing.TOP + (20 if key else 0)),
        drawing.paper_height(height),
        annotations=[drawing.y_axis_title(y_title, 32 if key else 12), *key],
        barmode="overlay",
        bargap=0,
        xaxis=drawing.axis(places[::every].tolist(), texts[::every], [-0.6, len(texts) - 0.4], x_title),
        yaxis=vertical,
    )


def stacked(
    frame: pd.DataFrame,
    x: str,
    y: str,
    by: str,
    low: str,
    high: str,
    *,
    x_title: str,
    y_title: str,
    x_format: Words = plain_words,
    y_format: Words = plain_words,
    label: Words = str,
    is_forecast: str = "is_forecast",
    told: pd.DataFrame | None = None,
    told_word: str = "",
    height: int = HEIGHT,
) -> go.Figure:
    """Amounts per month, the parts stacked in one order; what is forecast is paler, its total with a band.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per month and part; at most five parts, the first at the bottom.
    x, y, by : str
        Columns of dates (first days), amounts and parts.
    low, high : str
        Columns with the ends of the interval of a month's total; missing where it is known.
    x_title, y_title, x_format, y_format, label, height
        As in `lines`.
    is_forecast : str
        Column that says which months are forecast.
    told : pandas.DataFrame, optional
        What was forecast at an earlier time for months that are over by now: the columns ``x``, ``y``, ``low`` and
        ``high``, drawn as a dashed line with its band over what came.
    told_word : str
        What that line is called.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    hue = drawing.hues(list(dict.fromkeys(frame[by])), None)
    frame = frame.assign(_middle=frame[x] + pd.Timedelta(days=15))
    traces = [
        go.Bar(
            x=drawing.plain_x(part["_middle"]),
            y=part[y].tolist(),
            width=26 * 86_400_000,
            marker={
                "color": [drawing.faded(hue[name], 0.45 if ahead else 0.9) for ahead in part[is_forecast]],
                "line": {"width": 0},
            },
            text=[f"{label(name)}<br>{x_format(at)}: {y_format(v)}" for at, v in zip(part[x], part[y], strict=True)],
            hoverinfo="text",
            textposition="none",
        )
        for name, part in frame.groupby(by, sort=False)
    ]
    total = frame.groupby("_middle", as_index=False).agg({low: "first", high: "first"}).dropna()
    names = {label(name): hue[name] for name in hue}
    ends = [frame[frame[y] > 0].groupby(x)[y].sum().max(), frame[frame[y] < 0].groupby(x)[y].sum().min()]
    if told is not None and len(told):
        earlier = told.assign(_middle=told[x] + pd.Timedelta(days=15))
        traces += _told_line(earlier, "_middle", y, low, high)
        names, ends = names | {told_word: drawing.INK}, [*ends, *earlier[high]]
    vertical = drawing.y_axis([v for v in (0.0, *ends, *total[high]) if not pd.isna(v)], y_format)
    days = pd.concat([frame[x], frame[x] + pd.Timedelta(days=31)], ignore_index=True)
    first = frame.loc[frame[is_forecast], x].min()
    return drawing.figure(
        traces + _band(total, "_middle", low, high, drawing.INK, "linear"),
        height,
        _margin(vertical["ticktext"], top=drawing.TOP + 20),
        drawing.paper_height(height),
        annotations=[drawing.y_axis_title(y_title, 32), *drawing.key(names)],
        shapes=[] if pd.isna(first) else [_upright(drawing.plain_x([first])[0])],
        barmode="relative",
        xaxis=drawing.x_axis(days, x_format, x_title),
        yaxis=vertical,
    )


def _told_line(told: pd.DataFrame, x: str, y: str, low: str, high: str) -> list[go.Scatter]:
    line = {"color": drawing.INK, "width": 2, "dash": "dash"}
    places = {"x": drawing.plain_x(told[x]), "y": told[y].tolist()}
    band = _band(told, x, low, high, drawing.INK, "linear")
    return [*band, go.Scatter(**places, mode="lines+markers", line=line, marker={"size": 5}, hoverinfo="skip")]


# ---- heat map ----


def heatmap(
    frame: pd.DataFrame,
    row: str,
    column: str,
    value: str,
    *,
    x_title: str,
    y_title: str,
    cell_format: Words = plain_words,
    row_label: Words = str,
    column_label: Words = str,
    n: str | None = None,
    n_format: Words = plain_words,
    open_cell: str | None = None,
    top: float | None = None,
    signed: bool = False,
) -> go.Figure:
    """Table of shaded cells with their numbers: the triangle of cohorts, or a profile of clusters.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per cell; cells that are not there stay white.
    row, column, value : str
        Columns of the frame; rows and columns keep the order in which they come.
    x_title, y_title : str
        What columns and rows are, in words; with ``n``, also what stands beside a row ("first order in · n").
    cell_format, row_label, column_label : callable
        Word what stands in a cell and beside it.
    n, n_format : str and callable, optional
        Column with the number behind a row; it stands beside the row's name.
    open_cell : str, optional
        Column that is true for cells whose time is not over yet: drawn with a dotted edge.
    top : float, optional
        Value of the deepest shade; the largest value where not given.
    signed : bool
        Whether cells below zero have shades of their own.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    cells = frame.dropna(subset=[value]).to_dict("records")
    rows, across = list(dict.fromkeys(frame[row])), list(dict.fromkeys(frame[column]))
    at, down = {name: i for i, name in enumerate(across)}, {name: i for i, name in enumerate(reversed(rows))}
    sizes = [abs(cell[value]) if signed else cell[value] for cell in cells]
    most = top if top is not None else max(sizes, default=1.0)
    least = -1.0 if signed else 0.0
    texts = drawing.texts(cell_format, [cell[value] for cell in cells])
    size = 11 if len(across) > 12 else drawing.SIZE
    shapes, notes, hover = [], [], []
    for cell, text in zip(cells, texts, strict=True):
        fill, ink = drawing.depth(min(max(cell[value] / most, least), 1.0) if most else 0.0)
        place = (at[cell[column]], down[cell[row]])
        shapes.append(_cell(*place, fill, bool(open_cell and cell[open_cell])))
        notes.append(note(text, *place, font={"size": size, "color": ink}))
        behind = f" (n = {n_format(cell[n])})" if n else ""
        hover.append(f"{row_label(cell[row])}, {column_label(cell[column])}: {text}{behind}")
    # shapes have no hover; plotly's own heat map would be a picture, which the page's policy forbids
    trace = go.Scatter(
        x=[at[cell[column]] for cell in cells],
        y=[down[cell[row]] for cell in cells],
        mode="markers",
        marker={"size": 22, "opacity": 0},
        text=hover,
        hoverinfo="text",
    )
    behind = {cell[row]: f" · {n_format(cell[n])}" for cell in cells} if n else {}
    names = [row_label(name) + behind.get(name, "") for name in rows]
    corner = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom", "xshift": -8, "yshift": 6}
    left = drawing.LEFT + drawing.widest([*names, y_title], drawing.SIZE)
    return drawing.figure(
        [trace],
        drawing.TOP + 30 + 26 * len(rows),
        {"t": drawing.TOP + 12, "b": 14, "l": left, "r": 8},
        annotations=[*notes, note(y_title, 0, 1, **corner, font={"size": drawing.SIZE, "color": drawing.SOFT})],
        shapes=shapes,
        xaxis=drawing.axis(
            at.values(), [column_label(name) for name in across], [-0.5, len(across) - 0.5], x_title, side="top"
        ),
        yaxis=drawing.axis(
            list(range(len(rows)))[::-1],
            names,
            [-0.5, len(rows) - 0.5],
            showgrid=False,
            tickfont={"size": drawing.SIZE, "color": drawing.INK},
        ),
    )


def _cell(at: int, down: int, fill: str, is_open: bool) -> dict:
    edge = {"color": drawing.SOFT, "width": 1, "dash": "dot"} if is_open else {"color": "#fff", "width": 1.5}
    box = {"x0": at - 0.48, "x1": at + 0.48, "y0": down - 0.46, "y1": down + 0.46}
    return {"type": "rect", **box, "fillcolor": fill, "line": edge, "layer": "below"}
