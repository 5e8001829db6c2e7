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


def _texts(words: Words, values) -> list[str]:
    """Word values that stand beside each other; a page's own formats then give all the same decimals."""
    together = getattr(words, "all", None)
    return together(values) if together else [words(value) for value in values]


def text_width(text: str, size: float = LABEL_SIZE) -> float:
    """Width of a text in pixels, roughly; Chinese characters are as wide as high."""
    wide = sum(1.0 if unicodedata.east_asian_width(character) in "WF" else 0.56 for character in str(text))
    return wide * size


def _figure(traces, height: int, margin: Mapping, print_height: int | None = None, **layout) -> go.Figure:
    layout = {"template": _template(), "height": height, "margin": {"pad": 4, **margin}, **layout}
    # the page's script reads it when the page is printed
    return go.Figure(data=traces, layout=go.Layout(meta={"print_height": print_height or height}, **layout))


def _print_height(height: int) -> int:
    return round(0.72 * height)


def _shade(colour: str) -> str:
    return LABEL_SHADES.get(colour, colour)


def _faded(colour: str, share: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def _note(text: str, x, y, colour: str = INK, **more) -> dict:
    defaults = {"showarrow": False, "font": {"size": LABEL_SIZE, "color": colour}, "align": "left"}
    return {"text": text, "x": x, "y": y, **defaults, **more}


def _strong(text: str, x, y, colour: str = INK, **more) -> dict:
    # the weight is a property: plotly's <b> would set a style attribute, which the page's policy forbids
    return _note(text, x, y, **more) | {"font": {"size": LABEL_SIZE, "color": colour, "weight": 600}}


def _axis_note(text: str) -> dict:
    """Title of the vertical axis: level, above its ticks, where it can be read without turning the head."""
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": 0, "yshift": 12}
    return _note(text, 0, 1, **place, name="y-title") | {"font": {"size": SIZE, "color": SOFT}}


def _key(names: Mapping[str, str]) -> list[dict]:
    """Names of series in their colours, in one line above the chart: a legend without a box."""
    notes, shift = [], 0.0
    for text, colour in names.items():
        shape = _strong(
            "■", 0, 1, colour, xref="paper", yref="paper", xanchor="left", yanchor="bottom", xshift=shift, yshift=8
        )
        word = _strong(text, 0, 1, _shade(colour), xref="paper", yref="paper", xanchor="left", yanchor="bottom")
        notes += [shape, word | {"xshift": shift + 15, "yshift": 8}]
        shift += 15 + text_width(text) * 1.08 + 18
    return notes


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


def _points(values: pd.Series) -> list:
    """Values of the horizontal axis; dates as ISO text."""
    return [value.isoformat() if hasattr(value, "isoformat") else value for value in values.tolist()]


def _ends(values: pd.Series | None) -> list:
    return [] if values is None else values.dropna().tolist()


def _axis_ticks(values, words: Words, is_x: bool = False, floor: float | None = None, step: float | None = None):
    """Tick values, their texts and the range of an axis that shows these values."""
    values = pd.Series(values).dropna()
    if pd.api.types.is_datetime64_any_dtype(values):
        ticks = month_ticks(values.min(), values.max())
        return ticks, _texts(words, ticks), [values.min(), values.max()]
    low, high = float(values.min()), float(values.max())
    low = min(low, floor) if floor is not None else low
    if step:
        ticks = [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
        return ticks, _texts(words, ticks), [low, high]
    ticks = nice_ticks(low, high, 8 if is_x else 5)
    if is_x:
        ticks = [tick for tick in ticks if low <= tick <= high]
        return ticks, _texts(words, ticks), [low, high]
    return ticks, _texts(words, ticks), [ticks[0], ticks[-1]]


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
    groups = {None: frame} if by is None else dict(list(frame.groupby(by, sort=False)))
    colour = _colours(list(groups), colours)
    seen = [*_ends(frame[y]), *_ends(frame.get(low)), *_ends(frame.get(high))]
    y_ticks, y_texts, y_range = _axis_ticks(seen, y_format, floor=0.0 if from_zero else None)
    x_ticks, x_texts, x_range = _axis_ticks(frame[x], x_format, is_x=True, step=x_step)
    traces, names, ends = [], [], []
    shape = "hv" if step else "linear"
    for name, part in groups.items():
        hue = colour[name]
        if low is not None:
            band = part.dropna(subset=[low, high])
            common = {"x": _points(band[x]), "mode": "lines", "line": {"width": 0, "shape": shape}, "hoverinfo": "skip"}
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
                x=_points(part[x]), y=part[y], mode="lines", text=hover, hoverinfo="text",
                line={"color": hue, "width": 2.4, "dash": DASHES[hue], "shape": shape},
            )
        )  # fmt: skip
        last = part.dropna(subset=[y]).iloc[-1]
        names.append("" if name is None else f"{label(name)} ")
        ends.append((_points(pd.Series([last[x]]))[0], float(last[y]), _shade(hue)))
    names = [name + text for name, text in zip(names, _texts(y_format, [end[1] for end in ends]), strict=True)]
    # labels must also be apart on paper, where the chart is lower
    inner = _print_height(height) - TOP - BOTTOM
    scale = inner / (y_range[1] - y_range[0])
    wanted = [end[1] * scale for end in ends]
    placed = _apart(wanted, 17)
    notes = [
        _strong(text, end[0], end[1], end[2], xanchor="left", yanchor="middle", xshift=8, yshift=at - want)
        for text, end, at, want in zip(names, ends, placed, wanted, strict=True)
    ]
    rules = [
        {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": SOFT, "width": 1}}
        for at in marks or {}
    ]
    notes += [
        _note(text, at, 1, SOFT, yref="paper", xanchor="left", yanchor="top", xshift=4)
        for at, text in (marks or {}).items()
    ]
    margin = {
        "t": TOP, "b": BOTTOM,
        "l": LEFT + max(text_width(text, SIZE) for text in y_texts),
        "r": RIGHT + max(text_width(text) for text in names) * 1.06,
    }  # fmt: skip
    return _figure(
        traces, height, margin,
        annotations=[*notes, _axis_note(y_title)], print_height=_print_height(height),
        shapes=rules,
        xaxis={"title": {"text": x_title}, "tickvals": x_ticks, "ticktext": x_texts, "range": x_range},
        yaxis={"tickvals": y_ticks, "ticktext": y_texts, "range": y_range},
    )  # fmt: skip


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
    """
    groups = {None: frame} if by is None else dict(list(frame.groupby(by, sort=False)))
    if len(groups) > 2:
        raise ValueError(f"{len(groups)} Lorenz curves in one chart: two can be compared.")
    colour = _colours(list(groups), colours)
    read = {name: float(np.interp(mark, part[x], part[y])) for name, part in groups.items()}
    highest = max(read, key=lambda name: read[name])
    traces = [_diagonal()]
    notes = [_note(equal, 0.62, 0.62, SOFT, xanchor="left", yanchor="top", xshift=10, yshift=-6)]
    for name, part in groups.items():
        hue = colour[name]
        hover = [f"{x_format(a)}: {y_format(b)}" for a, b in zip(part[x], part[y], strict=True)]
        line = {"color": hue, "width": 2.4, "dash": DASHES[hue]}
        traces.append(go.Scatter(x=part[x], y=part[y], mode="lines", line=line, text=hover, hoverinfo="text"))
        point = {"size": 9, "color": hue, "line": {"color": "#fff", "width": 2}}
        traces.append(go.Scatter(x=[mark], y=[read[name]], mode="markers", marker=point, hoverinfo="skip"))
        text = y_format(read[name]) if name is None else f"{label(name)} {y_format(read[name])}"
        # the upper curve has room above it to the left, the lower one below it to the right
        above = name == highest and len(groups) == 2
        place = {"xanchor": "right", "yanchor": "bottom", "xshift": -6, "yshift": 4}
        if not above:
            place = {"xanchor": "left", "yanchor": "top", "xshift": 8, "yshift": -2}
        notes.append(_strong(text, mark, read[name], _shade(hue), **place))
    rule = {"type": "line", "x0": mark, "x1": mark, "y0": 0, "y1": max(read.values())}
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    margin = {"t": TOP, "b": BOTTOM, "l": LEFT + text_width(y_format(1.0), SIZE), "r": RIGHT}
    return _figure(
        traces, height, margin,
        annotations=[*notes, _axis_note(y_title)], print_height=_print_height(height),
        shapes=[{**rule, "line": {"color": SOFT, "width": 1, "dash": "dot"}}],
        xaxis={"title": {"text": x_title}, "tickvals": ticks, "ticktext": list(map(x_format, ticks)), "range": [0, 1]},
        yaxis={"tickvals": ticks, "ticktext": list(map(y_format, ticks)), "range": [0, 1.02]},
    )  # fmt: skip


def _diagonal() -> go.Scatter:
    return go.Scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", line={"color": "#c9ced5", "width": 1.2})


# ---- bars and dots ----

ROW = 34


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
    rows = frame.to_dict("records")
    hues = [colours if isinstance(colours, str) else colours.get(row[category], NOW) for row in rows]
    places = list(range(len(rows)))[::-1]
    error = None
    if low is not None:
        error = {
            "type": "data", "symmetric": False, "color": INK, "thickness": 1.4, "width": 4,
            "array": (frame[high] - frame[value]).tolist(), "arrayminus": (frame[value] - frame[low]).tolist(),
        }  # fmt: skip
    trace = go.Bar(
        x=frame[value].tolist(), y=places, orientation="h", width=0.58, error_x=error,
        marker={"color": [_faded(hue, 0.78) for hue in hues], "line": {"width": 0}},
        text=[_hover(row, category, value, low, high, label, x_format) for row in rows],
        hoverinfo="text", textposition="none",
    )  # fmt: skip
    words = frame[text].tolist() if text else _texts(x_format, frame[value])
    return _rows_figure([trace], rows, places, words, (category, value, low, high), x_title, x_format, label)


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
    rows = frame.to_dict("records")
    places = list(range(len(rows)))[::-1]
    hues = [colours if isinstance(colours, str) else colours.get(row[category], NOW) for row in rows]
    traces = []
    if low is not None:
        for row, place, hue in zip(rows, places, hues, strict=True):
            line = {"color": _faded(hue, 0.45), "width": 5}
            ends = [row[low], row[high]]
            traces.append(go.Scatter(x=ends, y=[place, place], mode="lines", line=line, hoverinfo="skip"))
    if before is not None:
        mark = {"symbol": "line-ns", "size": 15, "line": {"color": BEFORE, "width": 3}}
        traces.append(go.Scatter(x=frame[before].tolist(), y=places, mode="markers", marker=mark, hoverinfo="skip"))
    traces.append(
        go.Scatter(
            x=frame[value].tolist(), y=places, mode="markers",
            marker={"size": 11, "color": hues, "line": {"color": "#fff", "width": 1.5}},
            text=[_hover(row, category, value, low, high, label, x_format) for row in rows], hoverinfo="text",
        )
    )  # fmt: skip
    words = _texts(x_format, frame[value])
    columns = (category, value, low, high, before)
    figure = _rows_figure(
        traces, rows, places, words, columns, x_title, x_format, label, from_zero, TOP if names else 8
    )
    if names:
        figure.update_layout(
            annotations=[*figure.layout.annotations, *_key(dict(zip(names, (NOW, BEFORE), strict=True)))]
        )
    return figure


def _hover(row: Mapping, category: str, value: str, low, high, label: Words, words: Words) -> str:
    interval = f" ({words(row[low])}–{words(row[high])})" if low is not None else ""
    return f"{label(row[category])}: {words(row[value])}{interval}"


def _rows_figure(traces, rows, places, words, columns, x_title, x_format, label, from_zero=True, top=8) -> go.Figure:
    category, *numbers = columns
    seen = pd.Series([row[name] for row in rows for name in numbers if name], dtype=float).dropna()
    smallest, largest = float(seen.min()), float(seen.max())
    ticks = nice_ticks(min(smallest, 0.0), max(largest, 0.0)) if from_zero else nice_ticks(smallest, largest)
    span = [min(ticks[0], smallest), max(largest, ticks[-2])]
    ticks = [tick for tick in ticks if span[0] <= tick <= span[1]]
    names = [label(row[category]) for row in rows]
    ends = [max((row[name] for name in numbers if name and row[name] == row[name]), default=0.0) for row in rows]
    notes = [
        _strong(text, end, place, xanchor="left", yanchor="middle", xshift=9)
        for text, end, place in zip(words, ends, places, strict=True)
    ]
    rules = [{"type": "line", "x0": 0, "x1": 0, "y0": -0.6, "y1": len(rows) - 0.4, "line": {"color": SOFT, "width": 1}}]
    margin = {
        "t": top, "b": BOTTOM,
        "l": LEFT + max(text_width(name) for name in names) * 1.04,
        "r": RIGHT + max(text_width(text) for text in words) * 1.06,
    }  # fmt: skip
    return _figure(
        traces, top + BOTTOM + ROW * len(rows), margin,
        annotations=notes, bargap=0,
        shapes=rules if ticks[0] <= 0 <= ticks[-1] else [],
        xaxis={
            "title": {"text": x_title}, "tickvals": ticks, "ticktext": _texts(x_format, ticks),
            "range": span, "showgrid": True,
        },
        yaxis={
            "tickvals": places, "ticktext": names, "range": [-0.6, len(rows) - 0.4], "showgrid": False,
            "tickfont": {"size": LABEL_SIZE, "color": INK},
        },
    )  # fmt: skip


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
    level, starts, ends, hues = 0.0, [], [], []
    for row in frame.to_dict("records"):
        step = float(row[amount])
        if row[is_total]:
            if starts and not math.isclose(step, level, rel_tol=1e-9, abs_tol=1e-6):
                raise ValueError(f"the steps lead to {level:,.10g}, but '{row[category]}' is {step:,.10g}.")
            starts.append(0.0)
            level = step
        else:
            starts.append(level)
            level += step
        ends.append(level)
        usual = NOW if row[is_total] else RISK if step < 0 else GAIN
        hues.append((colours or {}).get(row[category], usual))
    rows = frame.assign(_end=np.maximum(starts, ends), _start=np.minimum(starts, ends)).to_dict("records")
    places = list(range(len(rows)))[::-1]
    trace = go.Bar(
        x=[end - start for start, end in zip(starts, ends, strict=True)], base=starts, y=places, orientation="h",
        width=0.58, marker={"color": [_faded(hue, 0.78) for hue in hues], "line": {"color": hues, "width": 1}},
        text=[f"{label(row[category])}: {x_format(row[amount])}" for row in rows],
        hoverinfo="text", textposition="none",
    )  # fmt: skip
    words = _texts(x_format, frame[amount])
    figure = _rows_figure([trace], rows, places, words, (category, "_end", "_start"), x_title, x_format, label)
    joints = [
        {
            "type": "line",
            "x0": end,
            "x1": end,
            "y0": place + 0.29,
            "y1": place - 1.29,
            "line": {"color": SOFT, "width": 1},
        }
        | {"layer": "below"}
        for end, place in list(zip(ends, places, strict=True))[:-1]
    ]
    return figure.update_layout(shapes=[*figure.layout.shapes, *joints])


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
    colour = _colours(parts, colours)
    wide = frame.pivot(index=category, columns=part, values=share).reindex(index=names, columns=parts).fillna(0.0)
    places = list(range(len(names)))[::-1]
    traces, notes, start = [], [], np.zeros(len(names))
    for name in parts:
        widths = wide[name].to_numpy(float)
        fill = _shade(colour[name])
        hover = [f"{label(row)}, {part_label(name)}: {x_format(w)}" for row, w in zip(names, widths, strict=True)]
        traces.append(
            go.Bar(
                x=widths, base=start.copy(), y=places, orientation="h", width=0.66, text=hover, hoverinfo="text",
                textposition="none", marker={"color": fill, "line": {"color": "#fff", "width": 2}},
            )
        )  # fmt: skip
        notes += [
            _strong(x_format(w), s + w / 2, place, "#fff", xanchor="center", yanchor="middle")
            for w, s, place in zip(widths, start, places, strict=True)
            if w >= 0.06
        ]
        start = start + widths
    ticks = [0, 0.25, 0.5, 0.75, 1.0]
    margin = {"t": TOP, "b": BOTTOM, "l": LEFT + max(text_width(label(name)) for name in names) * 1.04, "r": RIGHT}
    return _figure(
        traces, TOP + BOTTOM + ROW * len(names), margin,
        annotations=[*notes, *_key({part_label(name): colour[name] for name in parts})], barmode="overlay", bargap=0,
        xaxis={
            "title": {"text": x_title}, "tickvals": ticks, "ticktext": [x_format(t) for t in ticks], "range": [0, 1],
        },
        yaxis={
            "tickvals": places, "ticktext": [label(name) for name in names], "range": [-0.6, len(names) - 0.4],
            "showgrid": False, "tickfont": {"size": LABEL_SIZE, "color": INK},
        },
    )  # fmt: skip


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
    height: int = 340,
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
    usual = dict(zip(values, (BEFORE, NOW), strict=False)) if len(values) == 2 else {}
    colour = _colours(list(values), {**usual, **(colours or {})})
    places = np.arange(len(frame))
    texts = [x_format(at) for at in frame[x]]
    seen, traces, width = [0.0], [], 0.74 / len(values)
    for i, (name, word) in enumerate(values.items()):
        ends = [f"{name}_{end}" for end in ("low", "high")]
        has_ends = set(ends) <= set(frame)
        seen += _ends(frame[name]) + [end for column in ends if has_ends for end in _ends(frame[column])]
        error = {
            "type": "data", "symmetric": False, "color": INK, "thickness": 1.2, "width": 3,
            "array": (frame[ends[1]] - frame[name]).tolist(), "arrayminus": (frame[name] - frame[ends[0]]).tolist(),
        } if has_ends else None  # fmt: skip
        hover = [f"{word}, {at}: {y_format(v)}" for at, v in zip(texts, frame[name], strict=True)]
        traces.append(
            go.Bar(
                x=places + (i - (len(values) - 1) / 2) * width, y=frame[name].tolist(), width=width * 0.92,
                error_y=error, marker={"color": _faded(colour[name], 0.85), "line": {"width": 0}},
                text=hover, hoverinfo="text", textposition="none",
            )
        )  # fmt: skip
    ticks, tick_texts, span = _axis_ticks(seen, y_format, floor=0.0)
    every = max(1, math.ceil(max(text_width(text, SIZE) + 14 for text in texts) * len(texts) / 560))
    shown = list(range(0, len(texts), every))
    named = [_note(y_title, 0, 1)["text"]]
    key = _key({word: colour[name] for name, word in values.items()}) if len(values) > 1 else []
    title = _axis_note(named[0])
    if key:
        title |= {"yshift": 30}
    margin = {
        "t": TOP + (18 if key else 0),
        "b": BOTTOM,
        "r": RIGHT,
        "l": LEFT + max(text_width(t, SIZE) for t in tick_texts),
    }
    return _figure(
        traces, height, margin, annotations=[title, *key], barmode="overlay", bargap=0,
        print_height=_print_height(height),
        xaxis={
            "title": {"text": x_title}, "tickvals": shown, "ticktext": [texts[i] for i in shown],
            "range": [-0.6, len(texts) - 0.4],
        },
        yaxis={"tickvals": ticks, "ticktext": tick_texts, "range": span},
    )  # fmt: skip


# ---- heat map ----

PALE, DEEP = (238, 244, 249), (0, 76, 122)


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
) -> go.Figure:
    """Table of shaded cells with their numbers: the triangle of cohorts, or a profile of clusters.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per cell; cells that are not there stay white.
    row, column, value : str
        Columns of the frame; rows and columns keep the order in which they come.
    x_title, y_title : str
        What columns and rows are, in words.
    cell_format, row_label, column_label : callable
        Word what stands in a cell and beside it.
    n, n_format : str and callable, optional
        Column with the number behind a row; it stands beside the row's name.
    open_cell : str, optional
        Column that is true for cells whose time is not over yet: drawn with a dashed edge.
    top : float, optional
        Value of the deepest shade; the largest value where not given.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    rows, across = list(dict.fromkeys(frame[row])), list(dict.fromkeys(frame[column]))
    cells = frame.dropna(subset=[value])
    most = top if top is not None else float(cells[value].max())
    shapes, notes, points = [], [], {"x": [], "y": [], "text": []}
    size = 11 if len(across) > 12 else SIZE
    for cell in cells.to_dict("records"):
        at, down = across.index(cell[column]), len(rows) - 1 - rows.index(cell[row])
        depth = min(max(cell[value] / most, 0.0), 1.0) if most else 0.0
        waits = bool(open_cell and cell[open_cell])
        edge = {"color": SOFT, "width": 1, "dash": "dot"} if waits else {"color": "#fff", "width": 1.5}
        box = {"x0": at - 0.48, "x1": at + 0.48, "y0": down - 0.46, "y1": down + 0.46}
        shapes.append({"type": "rect", **box, "fillcolor": _depth(depth), "line": edge, "layer": "below"})
        ink = _ink_on(depth)
        notes.append(_note(cell_format(cell[value]), at, down, ink, font={"size": size, "color": ink}))
        behind = f" (n = {n_format(cell[n])})" if n else ""
        points["x"].append(at)
        points["y"].append(down)
        points["text"].append(
            f"{row_label(cell[row])}, {column_label(cell[column])}: {cell_format(cell[value])}{behind}"
        )
    trace = go.Scatter(**points, mode="markers", marker={"size": 22, "opacity": 0}, hoverinfo="text")
    behind = dict(zip(cells[row], cells[n], strict=True)) if n else {}
    names = [row_label(name) + (f" · {n_format(behind[name])}" if name in behind else "") for name in rows]
    margin = {"t": TOP + 12, "b": 14, "r": 8, "l": LEFT + max(text_width(name, SIZE) for name in names) * 1.04}
    return _figure(
        [trace], TOP + 30 + 26 * len(rows), margin,
        annotations=[*notes, _note(y_title, 0, 1, SOFT, **_corner(), font={"size": SIZE, "color": SOFT})],
        shapes=shapes,
        xaxis={
            "title": {"text": x_title}, "side": "top", "tickvals": list(range(len(across))),
            "ticktext": [column_label(name) for name in across], "range": [-0.5, len(across) - 0.5],
        },
        yaxis={
            "tickvals": list(range(len(rows)))[::-1], "ticktext": names, "range": [-0.5, len(rows) - 0.5],
            "showgrid": False, "tickfont": {"size": SIZE, "color": INK},
        },
    )  # fmt: skip


def _corner() -> dict:
    return {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom", "xshift": -8, "yshift": 6}


def _mixed(share: float) -> list[int]:
    return [round(pale + (deep - pale) * share) for pale, deep in zip(PALE, DEEP, strict=True)]


def _depth(share: float) -> str:
    return "rgb({},{},{})".format(*_mixed(share))


def _ink_on(share: float) -> str:
    """Black or white, whichever is easier to read on that shade (contrast as WCAG defines it)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (x / 255 for x in _mixed(share))]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05
    return "#fff" if 1.05 / light > light / 0.0612 else INK
