"""Charts of one row per class: bars, dots with intervals, waterfalls, shares."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from regulars.report import drawing
from regulars.report.charts.curves import plot_margin
from regulars.report.drawing import BEFORE, GAIN, NOW, RISK, Words, plain_words, strong

ROW, TALL_ROW = 34, 42


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
        error_x=whiskers(frame, value, low, high),
        marker={
            "color": [drawing.faded(hue, 0.8) for hue in row_hues(frame[category], colours)],
            "line": {"width": 0},
        },
        text=row_hover(frame, category, value, low, high, label, x_format),
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
    places, hues = _places(frame), row_hues(frame[category], colours)
    traces = []
    if low is not None:
        for place, hue, ends in zip(places, hues, frame[[low, high]].to_numpy(float).tolist(), strict=True):
            line = {"color": drawing.faded(hue, 0.45), "width": 5}
            traces.append(go.Scatter(x=ends, y=[place, place], mode="lines", line=line, hoverinfo="skip"))
    if before is not None:
        tick = {"symbol": "line-ns", "size": 15, "line": {"color": BEFORE, "width": 3}}
        traces.append(go.Scatter(x=frame[before].tolist(), y=places, mode="markers", marker=tick, hoverinfo="skip"))
    points = {"size": 11, "color": hues, "line": {"color": "#fff", "width": 1.5}}
    hover = row_hover(frame, category, value, low, high, label, x_format)
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
    margin = {**plot_margin([]), "l": drawing.LEFT + drawing.widest(vertical["ticktext"])}
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


def row_hues(names: pd.Series, colours: Mapping[str, str] | str) -> list[str]:
    return [colours if isinstance(colours, str) else colours.get(name, NOW) for name in names]


def _row_height(names: Sequence[str]) -> int:
    return TALL_ROW if any("<br>" in name for name in names) else ROW


def _row_axis(names: Sequence[str]) -> dict:
    places = list(range(len(names)))[::-1]
    own = {"showgrid": False, "tickfont": {"size": drawing.LABEL_SIZE, "color": drawing.INK}}
    return drawing.axis(places, [drawing.wrapped(name) for name in names], [-0.6, len(names) - 0.4], **own)


def row_hover(frame, category, value, low, high, label, words) -> list[str]:
    return [
        f"{label(row[category])}: {words(row[value])}{drawing.interval_words(words, row, low, high)}"
        for row in frame.to_dict("records")
    ]


def whiskers(frame: pd.DataFrame, value: str, low: str | None, high: str | None) -> dict | None:
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
