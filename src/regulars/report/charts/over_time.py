"""Charts of columns over time, beside each other or stacked."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regulars.report import drawing
from regulars.report.charts.curves import band_traces, plot_margin, upright_line
from regulars.report.charts.rows import row_hover, whiskers
from regulars.report.drawing import Words, plain_words


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
    height: int = drawing.HEIGHT,
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
        hover = row_hover(frame.assign(_at=texts), "_at", name, *ends, str, y_format)
        traces.append(
            go.Bar(
                x=(places + (i - (len(values) - 1) / 2) * width).tolist(),
                y=frame[name].tolist(),
                width=width * 0.92,
                error_y=whiskers(frame, name, *ends),
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
        plot_margin(vertical["ticktext"], top=drawing.TOP + (20 if key else 0)),
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
    height: int = drawing.HEIGHT,
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
        traces + band_traces(total, "_middle", low, high, drawing.INK, "linear"),
        height,
        plot_margin(vertical["ticktext"], top=drawing.TOP + 20),
        drawing.paper_height(height),
        annotations=[drawing.y_axis_title(y_title, 32), *drawing.key(names)],
        shapes=[] if pd.isna(first) else [upright_line(drawing.plain_x([first])[0])],
        barmode="relative",
        xaxis=drawing.x_axis(days, x_format, x_title),
        yaxis=vertical,
    )


def _told_line(told: pd.DataFrame, x: str, y: str, low: str, high: str) -> list[go.Scatter]:
    line = {"color": drawing.INK, "width": 2, "dash": "dash"}
    places = {"x": drawing.plain_x(told[x]), "y": told[y].tolist()}
    band = band_traces(told, x, low, high, drawing.INK, "linear")
    return [*band, go.Scatter(**places, mode="lines+markers", line=line, marker={"size": 5}, hoverinfo="skip")]
