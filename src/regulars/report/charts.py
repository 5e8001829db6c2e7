"""Charts: frames in, plotly figures out, in one form: one idea each, direct labels, intervals, no legend, no frame.

Text comes from the caller, already in the page's language: titles of axes as text (``report.word("axis.months")``),
numbers through functions (``report.format("percent")``). Colour means the same on every page: ``NOW`` blue, ``BEFORE``
grey, ``RISK`` orange, ``GAIN`` green, ``OTHER`` purple; in grey print dashes and markers tell lines apart.
Nothing is drawn by WebGL or as a picture, so the page's strict policy holds and print is sharp.
"""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

NOW, BEFORE, RISK, GAIN, OTHER = "#0072b2", "#8a94a0", "#d55e00", "#00795a", "#8b5fbf"
HUES = (NOW, BEFORE, RISK, GAIN, OTHER)
DASHES = dict(zip(HUES, ("solid", "solid", "dash", "dot", "dashdot"), strict=True))
# text in a light colour is hard to read: labels take a darker shade of the same hue
LABEL_SHADES = {BEFORE: "#5b6470", RISK: "#b94f00"}
INK, SOFT, GRID, TINT = "#1b1f24", "#5b6470", "#e3e6ea", "#f6f7f9"
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", '
    '"Noto Sans CJK SC", sans-serif'
)
SIZE, LABEL_SIZE = 12, 13
TOP, BOTTOM, LEFT, RIGHT = 34, 46, 16, 24
Words = Callable[[object], str]


def _template() -> go.layout.Template:
    axis = {
        "showgrid": False, "zeroline": False, "showline": False, "fixedrange": True, "automargin": False,
        "gridcolor": GRID, "ticks": "", "tickfont": {"size": SIZE, "color": SOFT},
        "title": {"font": {"size": SIZE, "color": SOFT}, "standoff": 10},
    }  # fmt: skip
    layout = {
        "font": {"family": FONT, "size": SIZE, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False, "dragmode": False, "hovermode": "closest",
        "hoverlabel": {"bgcolor": "#fff", "bordercolor": GRID, "font": {"size": LABEL_SIZE, "color": INK}},
        "xaxis": axis, "yaxis": {**axis, "showgrid": True},
    }  # fmt: skip
    return go.layout.Template(layout=layout)


def plain_words(value) -> str:
    """Number as it is, where the caller gives no format."""
    return f"{value:,.6g}" if isinstance(value, int | float | np.number) else str(value)


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values that cover a range, about so many.

    Examples
    --------
    >>> nice_ticks(0, 0.57)
    [0.0, 0.2, 0.4, 0.6]
    """
    span = (high - low) or abs(high) or 1.0
    raw = span / max(about - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(m for m in (1, 2, 2.5, 5, 10) if raw <= m * power * (1 + 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.10g}") for i in range(first, max(last, first + 1) + 1)]


def month_ticks(first, last, about: int = 7) -> list[pd.Timestamp]:
    """Starts of months that lie in a range of dates, at most about so many.

    Examples
    --------
    >>> [str(day.date()) for day in month_ticks("1997-01-01", "1998-06-30")]
    ['1997-01-01', '1997-04-01', '1997-07-01', '1997-10-01', '1998-01-01', '1998-04-01']
    """
    months = pd.period_range(first, last, freq="M")
    step = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120) if len(months) / step <= about)
    starts = [m.to_timestamp() for m in months if (m.year * 12 + m.month - 1) % step == 0]
    return [day for day in starts if pd.Timestamp(first) <= day <= pd.Timestamp(last)]


def text_width(text: str, size: float = LABEL_SIZE) -> float:
    """Width of a text in pixels, roughly; Chinese characters are as wide as high."""
    wide = sum(1.0 if unicodedata.east_asian_width(character) in "WF" else 0.56 for character in str(text))
    return wide * size


def _figure(traces, height: int, margin: Mapping, **layout) -> go.Figure:
    return go.Figure(
        data=traces, layout=go.Layout(template=_template(), height=height, margin={"pad": 4, **margin}, **layout)
    )


def _shade(colour: str) -> str:
    return LABEL_SHADES.get(colour, colour)


def _faded(colour: str, share: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def _note(text: str, x, y, colour: str = INK, **more) -> dict:
    defaults = {"showarrow": False, "font": {"size": LABEL_SIZE, "color": colour}, "align": "left"}
    return {"text": text, "x": x, "y": y, **defaults, **more}


def _axis_note(text: str) -> dict:
    """Title of the vertical axis: level, above its ticks, where it can be read without turning the head."""
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": 0, "yshift": 12}
    return _note(text, 0, 1, **place, name="y-title") | {"font": {"size": SIZE, "color": SOFT}}


def _apart(positions: Sequence[float], gap: float) -> list[float]:
    """Move positions as little as needed so that neighbours are at least a gap apart."""
    order = np.argsort(positions, kind="stable")
    placed = np.asarray(positions, dtype=float)[order]
    for _ in range(60):
        moved = False
        for i in range(1, len(placed)):
            overlap = gap - (placed[i] - placed[i - 1])
            if overlap > 1e-6:
                placed[i - 1] -= overlap / 2
                placed[i] += overlap / 2
                moved = True
        if not moved:
            break
    result = np.empty(len(placed))
    result[order] = placed
    return result.tolist()


def _colours(names: Sequence, colours: Mapping | None) -> dict:
    if len(names) > len(HUES):
        raise ValueError(f"{len(names)} series in one chart: at most {len(HUES)} can be told apart by their hue.")
    chosen = {name: (colours or {}).get(name) for name in names}
    free = [hue for hue in HUES if hue not in chosen.values()]
    return {name: colour or free.pop(0) for name, colour in chosen.items()}


def _ends(values: pd.Series | None) -> list:
    return [] if values is None else values.dropna().tolist()


def _axis_ticks(values, words: Words, is_x: bool = False, floor: float | None = None):
    """Tick values, their texts and the range of an axis that shows these values."""
    values = pd.Series(values).dropna()
    if pd.api.types.is_datetime64_any_dtype(values):
        ticks = month_ticks(values.min(), values.max())
        return ticks, [words(tick) for tick in ticks], [values.min(), values.max()]
    low, high = float(values.min()), float(values.max())
    low = min(low, floor) if floor is not None else low
    ticks = nice_ticks(low, high, 8 if is_x else 5)
    if is_x:
        ticks = [tick for tick in ticks if low <= tick <= high]
        return ticks, [words(tick) for tick in ticks], [low, high]
    return ticks, [words(tick) for tick in ticks], [ticks[0], ticks[-1]]


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
    from_zero: bool = True,
    step: bool = False,
    height: int = 340,
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
        Columns with the ends of the interval.
    x_title, y_title : str
        What the axes show, in words with units.
    x_format, y_format : callable
        Word a value: ``report.format("percent")``.
    label : callable
        Words the name of a curve.
    colours : mapping, optional
        Name of a curve to ``NOW``, ``BEFORE``, ``RISK``, ``GAIN`` or ``OTHER``; in this order where not given.
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
    groups = {None: frame} if by is None else dict(list(frame.groupby(by, sort=False)))
    colour = _colours(list(groups), colours)
    seen = [*_ends(frame[y]), *_ends(frame.get(low)), *_ends(frame.get(high))]
    y_ticks, y_texts, y_range = _axis_ticks(seen, y_format, floor=0.0 if from_zero else None)
    x_ticks, x_texts, x_range = _axis_ticks(frame[x], x_format, is_x=True)
    traces, names, ends = [], [], []
    shape = "hv" if step else "linear"
    for name, part in groups.items():
        hue = colour[name]
        if low is not None:
            band = part.dropna(subset=[low, high])
            common = {"x": band[x], "mode": "lines", "line": {"width": 0, "shape": shape}, "hoverinfo": "skip"}
            traces.append(go.Scatter(y=band[low], **common))
            traces.append(go.Scatter(y=band[high], fill="tonexty", fillcolor=_faded(hue, 0.17), **common))
    for name, part in groups.items():
        hue = colour[name]
        shown = "" if name is None else f"{label(name)}<br>"
        hover = [
            f"{shown}{x_format(row[x])}: {y_format(row[y])}"
            + (f" ({y_format(row[low])}–{y_format(row[high])})" if low is not None else "")
            for row in part.to_dict("records")
        ]
        traces.append(
            go.Scatter(
                x=part[x], y=part[y], mode="lines", text=hover, hoverinfo="text",
                line={"color": hue, "width": 2.4, "dash": DASHES[hue], "shape": shape},
            )
        )  # fmt: skip
        last = part.dropna(subset=[y]).iloc[-1]
        names.append(y_format(last[y]) if name is None else f"{label(name)} {y_format(last[y])}")
        ends.append((last[x], float(last[y]), _shade(hue)))
    inner = height - TOP - BOTTOM
    scale = inner / (y_range[1] - y_range[0])
    wanted = [end[1] * scale for end in ends]
    placed = _apart(wanted, 17)
    notes = [
        _note(f"<b>{text}</b>", end[0], end[1], end[2], xanchor="left", yanchor="middle", xshift=8, yshift=at - want)
        for text, end, at, want in zip(names, ends, placed, wanted, strict=True)
    ]
    margin = {
        "t": TOP, "b": BOTTOM,
        "l": LEFT + max(text_width(text, SIZE) for text in y_texts),
        "r": RIGHT + max(text_width(text) for text in names) * 1.06,
    }  # fmt: skip
    return _figure(
        traces, height, margin,
        annotations=[*notes, _axis_note(y_title)],
        xaxis={"title": {"text": x_title}, "tickvals": x_ticks, "ticktext": x_texts, "range": x_range},
        yaxis={"tickvals": y_ticks, "ticktext": y_texts, "range": y_range},
    )  # fmt: skip
