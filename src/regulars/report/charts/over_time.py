"""Charts of columns over time, beside each other or stacked."""

import math
from collections.abc import Mapping

import pandas as pd

from regulars.report import drawing
from regulars.report.charts.curves import band, beside, plot_height, upright
from regulars.report.charts.rows import row_hover
from regulars.report.drawing import WIDE, Axis, Box, Drawing, Words, plain_words

COLUMN = 26  # days of a month that its column covers


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
    marks: Mapping | None = None,
    width: int = WIDE,
) -> Drawing:
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
    x_title, y_title, x_format, y_format, width
        As in `lines`.
    colours : mapping, optional
        Column to hue; else ``NOW`` alone, or ``BEFORE`` and ``NOW`` for two.
    marks : mapping, optional
        Places on the horizontal axis, each with a word that stands beside its columns.

    Returns
    -------
    regulars.report.drawing.Drawing
    """
    hue = drawing.hues(list(values), colours)
    texts = [x_format(at) for at in frame[x]]
    thick = 0.74 / len(values)
    boxes, whiskers, spots, seen = [], [], {}, [0.0]
    for i, (name, word) in enumerate(values.items()):
        ends = [f"{name}_{end}" for end in ("low", "high")] if f"{name}_low" in frame else [None, None]
        middles = [place + (i - (len(values) - 1) / 2) * thick for place in range(len(frame))]
        heights = frame[name].astype(float).tolist()
        for column in (name, *ends):
            seen += frame[column].dropna().tolist() if column else []
        boxes += [
            Box((at - 0.46 * thick, at + 0.46 * thick), (0.0, height), hue[name], 0.85)
            for at, height in zip(middles, heights, strict=True)
            if height == height
        ]
        if ends[0]:
            sides = frame[ends].to_numpy(float).tolist()
            whiskers += [
                drawing.whisker(side, at, 0.12 * thick, upright=True) for at, side in zip(middles, sides, strict=True)
            ]
        spots[name] = (word, middles, heights, ends)
    key = {word: (hue[name], "box") for name, word in values.items()} if len(values) > 1 else {}
    vertical = drawing.y_axis(seen, y_format)
    left = beside(vertical)
    every = max(
        1, math.ceil(len(texts) / drawing.fitting(max(texts, key=len, default=""), width - left - drawing.RIGHT))
    )
    level = Axis(list(range(len(texts)))[::every], texts[::every], (-0.6, len(texts) - 0.4))

    def hover() -> list[tuple]:
        named, found = frame.assign(_at=texts), []
        for name, (word, middles, heights, ends) in spots.items():
            lines = row_hover(named, "_at", name, *ends, str, y_format)
            found += [(at, size, f"{word}, {line}") for at, size, line in zip(middles, heights, lines, strict=True)]
        return found

    words = (x_title, y_title, key)
    notes = _beside(frame[x], marks or {}, vertical.span[1])
    return _standing([*boxes, *whiskers, *notes], level, vertical, words=words, width=width, hover=hover)


def _beside(places: pd.Series, marks: Mapping, top: float) -> list:
    """Words beside the columns of some places, on the side that has more room."""
    found = []
    for at, text in marks.items():
        wanted = pd.Timestamp(at) if pd.api.types.is_datetime64_any_dtype(places) else at
        place = next((i for i, value in enumerate(places) if value == wanted), None)
        if place is not None:
            left = place >= len(places) / 2
            look = {"dx": -4, "anchor": "end"} if left else {"dx": 4}
            edge = place - 0.45 if left else place + 0.45
            found.append(drawing.Text(text, edge, top, drawing.SOFT, dy=9, halo=True, **look))
    return found


def _standing(marks, level: Axis, vertical: Axis, *, words: tuple[str, str, Mapping], width: int, hover) -> Drawing:
    """Drawing of columns below their key; words are the titles of the axes and the key."""
    x_title, y_title, key = words
    notes, top = drawing.head(key, y_title, width)
    size = {"width": width, "tall": plot_height(width), "left": beside(vertical), "top": top}
    return drawing.framed([*notes, *marks], level, vertical, title=x_title, hover=hover, **size)


def stacked(
    frame: pd.DataFrame,
    x: str,
    y: str,
    by: str,
    *,
    low: str,
    high: str,
    x_title: str,
    y_title: str,
    x_format: Words = plain_words,
    y_format: Words = plain_words,
    label: Words = str,
    is_forecast: str = "is_forecast",
    told: pd.DataFrame | None = None,
    told_word: str = "",
    border: str = "",
    width: int = WIDE,
) -> Drawing:
    """Amounts per month, the parts stacked in one order; what is forecast is paler, its total with a band.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per month and part; at most five parts, the first at the bottom.
    x, y, by : str
        Columns of dates (first days), amounts and parts.
    low, high : str
        Columns with the ends of the interval of a month's total; missing where it is known.
    x_title, y_title, x_format, y_format, label, width
        As in `lines`.
    is_forecast : str
        Column that says which months are forecast.
    told : pandas.DataFrame, optional
        What was forecast at an earlier time for months that are over by now: the columns ``x``, ``y``, ``low`` and
        ``high``, drawn as a dashed line with its band over what came.
    told_word : str
        What that line is called.
    border : str
        Word at the line where the forecast begins.

    Returns
    -------
    regulars.report.drawing.Drawing
    """
    hue = _part_hues(frame, by, is_forecast)
    key = {label(name): (hue[name], "box") for name in hue}
    boxes, spots = _stack(frame, x, y, by, is_forecast, hue)
    total = frame.groupby(x, as_index=False).agg({low: "first", high: "first"}).dropna()
    ends = [frame[frame[y] > 0].groupby(x)[y].sum().max(), frame[frame[y] < 0].groupby(x)[y].sum().min()]
    line = []
    if told is not None and len(told):
        earlier = _middle(told, x)
        line = _told_line(earlier, x, y, low, high)
        key, ends = key | {told_word: (drawing.INK, "dash")}, [*ends, *earlier[high]]
    vertical = drawing.y_axis([v for v in (0.0, *ends, *total[high]) if not pd.isna(v)], y_format)
    days = pd.concat([frame[x], frame[x] + pd.Timedelta(days=31)], ignore_index=True)
    level = drawing.x_axis(days, x_format, width - beside(vertical) - drawing.RIGHT)
    first = frame.loc[frame[is_forecast], x].min()
    edge = [] if pd.isna(first) else [upright(first, vertical.span)]
    if edge and border:
        look = {"dx": -6, "dy": 8, "anchor": "end", "halo": True}
        edge.append(drawing.Text(border, drawing.days([first])[0], vertical.span[1], drawing.SOFT, **look))
    ahead = band(_middle(total, x), x, low, high, hue=drawing.INK)

    def hover() -> list[tuple]:
        return [(at, up, f"{label(name)}\n{x_format(day)}: {y_format(size)}") for at, up, name, day, size in spots]

    words = (x_title, y_title, key)
    return _standing([*boxes, *line, ahead, *edge], level, vertical, words=words, width=width, hover=hover)


def _part_hues(frame: pd.DataFrame, by: str, is_forecast: str) -> dict:
    """Shades of one hue for parts with a past, the oldest the lightest; what is all still to come is a gain."""
    past = list(dict.fromkeys(frame.loc[~frame[is_forecast].astype(bool), by]))
    return drawing.sequence(past) | {name: drawing.GAIN for name in dict.fromkeys(frame[by]) if name not in past}


def _middle(frame: pd.DataFrame, x: str) -> pd.DataFrame:
    return frame.assign(**{x: frame[x] + pd.Timedelta(days=15)})


def _stack(frame: pd.DataFrame, x: str, y: str, by: str, is_forecast: str, hue: Mapping) -> tuple[list, list]:
    """Boxes, parts upon each other and below zero under each other, and what each is."""
    boxes, spots, reached = [], [], {}
    for name, part in frame.groupby(by, sort=False):
        for day, size, ahead in zip(part[x], part[y].astype(float), part[is_forecast], strict=True):
            if size != size:
                continue
            start = reached.get((day, size < 0), 0.0)
            reached[day, size < 0] = start + size
            at = drawing.days([day])[0] + 15
            band = (at - COLUMN / 2, at + COLUMN / 2)
            boxes.append(Box(band, (start, start + size), hue[name], 0.45 if ahead else 0.9))
            spots.append((at, start + size / 2, name, day, size))
    return boxes, spots


def _told_line(told: pd.DataFrame, x: str, y: str, low: str, high: str) -> list:
    days, values = drawing.days(told[x]), told[y].astype(float).tolist()
    dots = [drawing.Dot(at, value, 5, drawing.INK) for at, value in zip(days, values, strict=True)]
    return [band(told, x, low, high, hue=drawing.INK), drawing.Line(days, values, drawing.INK, 2, "dash"), *dots]
