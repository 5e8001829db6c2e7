"""What all charts have in common: hues, template, ticks, words and labels, and the figure that holds them."""

import math
import textwrap
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regulars.rounding import plain

# the same colour for the same thing on every page; pairwise apart for colour-blind eyes, as a test computes
NOW, BEFORE, RISK, GAIN, OTHER = "#0072b2", "#8a94a0", "#d55e00", "#009e73", "#882255"
HUES = (NOW, BEFORE, OTHER, GAIN, RISK)
DASHES = {NOW: "solid", BEFORE: "solid", OTHER: "dashdot", GAIN: "dot", RISK: "dash"}
# words in a light colour are hard to read, and so are white words on it: both take a darker shade of the same hue
SHADES = {BEFORE: "#5b6470", RISK: "#b94f00", GAIN: "#00795a"}
INK, SOFT, GRID = "#1b1f24", "#5b6470", "#e3e6ea"
# shades of a heat map, from nothing to the most, and below zero from nothing to the least
PALE, DEEP = (238, 244, 249), (0, 76, 122)
PALE_BELOW, DEEP_BELOW = (252, 240, 230), (150, 62, 0)
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", '
    '"Noto Sans CJK SC", sans-serif'
)
SIZE, LABEL_SIZE = 12, 13
TOP, BOTTOM, LEFT, RIGHT = 34, 46, 16, 24
HEIGHT = 340  # of a chart, pixels
LINE_HEIGHT = 17
ON_PAPER = 0.72
LONGEST_LINE = 26
NARROWEST_AXIS = 420

Words = Callable[[object], str]


# ---- figure ----


def figure(traces: Sequence, height: int, margin: Mapping, print_height: int | None = None, **layout) -> go.Figure:
    """Figure in the project's form; ``print_height`` is its height on paper, which the page's script reads."""
    return go.Figure(
        data=list(traces),
        layout=go.Layout(
            template=_template(),
            height=height,
            margin={"pad": 4, **{side: round(size) for side, size in margin.items()}},
            meta={"print_height": print_height or height},
            **layout,
        ),
    )


def paper_height(height: int) -> int:
    """Height on paper of a chart that may be squeezed."""
    return round(ON_PAPER * height)


def _template() -> go.layout.Template:
    axis = {
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "fixedrange": True,
        "automargin": False,
        "gridcolor": GRID,
        "ticks": "",
        "tickangle": 0,
        "tickfont": {"size": SIZE, "color": SOFT},
        "title": {"font": {"size": SIZE, "color": SOFT}, "standoff": 10},
    }
    layout = {
        "font": {"family": FONT, "size": SIZE, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "#fff", "bordercolor": GRID, "font": {"size": LABEL_SIZE, "color": INK}},
        "xaxis": axis,
        "yaxis": {**axis, "showgrid": True},
    }
    return go.layout.Template(layout=layout)


def axis(ticks: Sequence, texts: Sequence[str], span: Sequence, title: str | None = None, **more) -> dict:
    """Axis with these ticks in these words."""
    return {
        "tickvals": list(ticks),
        "ticktext": list(texts),
        "range": list(span),
        **({"title": {"text": title}} if title else {}),
        **more,
    }


# ---- colours ----


def hues(names: Sequence, chosen: Mapping | None) -> dict:
    """Hue of each series: the chosen one, else blue; of two, grey for the first (before) and blue for the second (now).

    Raises
    ------
    ValueError
        Where there are more series than hues.

    Examples
    --------
    >>> hues(["January", "March"], None) == {"January": BEFORE, "March": NOW}
    True
    """
    if len(names) > len(HUES):
        raise ValueError(f"{len(names)} series in one chart: at most {len(HUES)} can be told apart by their hue.")
    usual = dict(zip(names, (BEFORE, NOW), strict=True)) if len(names) == 2 and not chosen else {}
    known = {name: (chosen or {}).get(name) or usual.get(name) for name in names}
    free = iter([hue for hue in HUES if hue not in known.values()])
    return {name: hue or next(free) for name, hue in known.items()}


def shade(hue: str) -> str:
    """Shade of a hue that words can be written in, or on."""
    return SHADES.get(hue, hue)


def faded(hue: str, share: float) -> str:
    """Hue that lets the grid shine through.

    Examples
    --------
    >>> faded(NOW, 0.5)
    'rgba(0,114,178,0.5)'
    """
    red, green, blue = (int(hue[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def depth(share: float) -> tuple[str, str]:
    """Shade of a heat map's cell, and the ink (black or white) that reads better on it, by WCAG's contrast.

    The share is one of the most; where it is negative, of the least.

    Examples
    --------
    >>> depth(0.0), depth(1.0)
    (('rgb(238,244,249)', '#1b1f24'), ('rgb(0,76,122)', '#fff'))
    """
    ends = (PALE, DEEP) if share >= 0 else (PALE_BELOW, DEEP_BELOW)
    mixed = [round(pale + (deep - pale) * abs(share)) for pale, deep in zip(*ends, strict=True)]
    fill, dark = luminance(mixed) + 0.05, luminance([int(INK[i : i + 2], 16) for i in (1, 3, 5)]) + 0.05
    return "rgb({},{},{})".format(*mixed), "#fff" if 1.05 / fill > fill / dark else INK


def luminance(rgb: Sequence[float]) -> float:
    """Relative luminance of a colour given by 0 to 255, as WCAG 2.2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (x / 255 for x in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# ---- words ----


def plain_words(value) -> str:
    """Number as it is, where the caller gives no format."""
    return f"{value:,.6g}" if isinstance(value, int | float | np.number) else str(value)


def texts(words: Words, values) -> list[str]:
    """Word values that stand beside each other; a page's own formats then give all the same decimals."""
    together = getattr(words, "all", None)
    return together(values) if together else [words(value) for value in values]


def text_width(text: str, size: float = LABEL_SIZE) -> float:
    """Width in pixels of the longest line of a text, rather too much than too little: fonts differ.

    Chinese characters are as wide as high.
    """
    lines = str(text).split("<br>")
    return max(sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.62 for c in line) for line in lines) * size


def widest(words: Sequence[str], size: float = LABEL_SIZE) -> float:
    """Width of the widest of several texts."""
    return max((text_width(text, size) for text in words), default=0.0)


def strong_width(words: Sequence[str]) -> float:
    """Width of the widest of several texts that stand out."""
    return 1.08 * widest(words)


def wrapped(text: str, width: int = LONGEST_LINE) -> str:
    """Long name in several lines.

    Examples
    --------
    >>> wrapped("Rows without a customer that nobody can place")
    'Rows without a customer<br>that nobody can place'
    """
    return "<br>".join(textwrap.wrap(text, width, break_long_words=False)) or text


def interval_words(words: Words, row: Mapping, low: str | None, high: str | None) -> str:
    """Interval in brackets, or nothing where there is none."""
    if low is None or pd.isna(row[low]) or pd.isna(row[high]):
        return ""
    return f" ({words(row[low])}–{words(row[high])})"


def note(text: str, x, y, colour: str = INK, **more) -> dict:
    """Words in a chart."""
    return {
        "text": text,
        "x": x,
        "y": y,
        "showarrow": False,
        "align": "left",
        "font": {"size": LABEL_SIZE, "color": colour},
        **more,
    }


def strong(text: str, x, y, colour: str = INK, **more) -> dict:
    """Words in a chart that stand out.

    The weight is a property: plotly's ``<b>`` would set a style attribute, which the page's policy forbids.
    """
    return note(text, x, y, **more) | {"font": {"size": LABEL_SIZE, "color": colour, "weight": 600}}


def y_axis_title(text: str, lift: int = 12) -> dict:
    """Title of the vertical axis: level, above its ticks, where it can be read without turning the head."""
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "yshift": lift}
    return note(text, 0, 1, **place, name="y-title", font={"size": SIZE, "color": SOFT})


def key(names: Mapping[str, str]) -> list[dict]:
    """Names of series in their colours, in one line above the chart: a legend without a box."""
    notes, shift = [], 0.0
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "yshift": 8}
    for text, hue in names.items():
        notes.append(strong("■", 0, 1, hue, **place, xshift=round(shift)))
        notes.append(strong(text, 0, 1, shade(hue), **place, xshift=round(shift + 15)))
        shift += 15 + strong_width([text]) + 14
    return notes


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Move places as little as needed so that neighbours are at least a gap apart.

    Examples
    --------
    >>> apart([10.0, 12.0, 50.0], 10)
    [6.0, 16.0, 50.0]
    """
    order = np.argsort(places, kind="stable")
    placed = np.asarray(places, dtype=float)[order]
    for _ in range(100):
        short = gap - np.diff(placed)
        if (short <= 1e-6).all():
            break
        push = np.clip(short, 0, None) / 2
        placed = placed - np.append(push, 0) + np.insert(push, 0, 0)
    result = np.empty(len(placed))
    result[order] = placed
    return result.tolist()


# ---- ticks ----


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values that cover a range, about so many.

    Examples
    --------
    >>> nice_ticks(0, 0.57)
    [0.0, 0.2, 0.4, 0.6]
    >>> nice_ticks(1, 17, about=8)
    [0.0, 5.0, 10.0, 15.0, 20.0]
    """
    span = (high - low) or abs(high) or 1.0
    raw = span / max(about - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    # steps of 2.5 would be rounded to 2, 5, 8, 10 where whole things are counted
    steps = (1, 2, 5, 10) if power == 1 else (1, 2, 2.5, 5, 10)
    step = power * next(m for m in steps if raw <= m * power * (1 + 1e-9))
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
    steps = (1, 2, 3, 6, 12, 24, 60, 120, 240)
    step = next((step for step in steps if len(months) / step <= about), steps[-1])
    starts = [m.to_timestamp() for m in months if (m.year * 12 + m.month - 1) % step == 0]
    return [day for day in starts if pd.Timestamp(first) <= day <= pd.Timestamp(last)]


def y_axis(values: Sequence[float], words: Words, from_zero: bool = True) -> dict:
    """Vertical axis that shows these values between round ticks."""
    low, high = min(values), max(values)
    ticks = nice_ticks(min(low, 0.0) if from_zero else low, high)
    return axis(ticks, texts(words, ticks), [ticks[0], ticks[-1]])


def x_axis(values: pd.Series, words: Words, title: str, step: float | None = None) -> dict:
    """Horizontal axis that ends where the values end, with ticks at round numbers or at starts of months."""
    values = values.dropna()
    low, high = values.min(), values.max()
    if pd.api.types.is_datetime64_any_dtype(values):
        ticks = month_ticks(low, high, about=min(7, _fitting(words(low))))
        return axis(plain_x(ticks), texts(words, ticks), plain_x([low, high]), title)
    low, high = float(low), float(high)
    if step:
        ticks = [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    else:
        ticks = nice_ticks(low, high, about=min(8, _fitting(words(high))))
        ticks = [tick for tick in ticks if low <= tick <= high]
    return axis(ticks, texts(words, ticks), [low, high], title)


def _fitting(text: str) -> int:
    """Number of such texts that fit side by side below the narrowest chart."""
    return max(2, int(NARROWEST_AXIS / (text_width(text, SIZE) + 16)))


def plain_x(values) -> list:
    """Values of an axis; dates as ISO text."""
    return [plain(value) for value in list(values)]
