"""Curves with their bands, and the Lorenz curve."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regulars.report import drawing
from regulars.report.drawing import Words, note, plain_words, strong


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
    height: int = drawing.HEIGHT,
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
        for trace in band_traces(part.dropna(subset=[low, high]), x, low, high, hue[name], shape)
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
        plot_margin(vertical["ticktext"], room),
        drawing.paper_height(height),
        annotations=[*labels, *_mark_notes(marks or {}), drawing.y_axis_title(y_title)],
        shapes=[upright_line(at) for at in marks or {}],
        xaxis=drawing.x_axis(frame[x], x_format, x_title, x_step),
        yaxis=vertical,
    )


def _groups(frame: pd.DataFrame, by: str | None) -> dict:
    return {None: frame} if by is None else dict(list(frame.groupby(by, sort=False, observed=True)))


def plot_margin(tick_texts: Sequence[str], right: float = 0.0, top: float = drawing.TOP) -> dict:
    left = drawing.LEFT + drawing.widest(tick_texts, drawing.SIZE)
    return {"t": top, "b": drawing.BOTTOM, "l": left, "r": drawing.RIGHT + right}


def band_traces(part: pd.DataFrame, x: str, low: str, high: str, hue: str, shape: str) -> list[go.Scatter]:
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


def upright_line(at, top: float = 1, yref: str = "paper", dash: str = "solid") -> dict:
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
        plot_margin(y_texts),
        drawing.paper_height(height),
        annotations=[
            note(equal, 0.62, 0.62, drawing.SOFT, **diagonal),
            *_lorenz_labels(read, mark, hue, label, y_format),
            drawing.y_axis_title(y_title),
        ],
        shapes=[upright_line(mark, max(read.values()), "y", "dot")],
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
