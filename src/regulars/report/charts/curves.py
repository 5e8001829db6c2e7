"""Curves with their bands, and the Lorenz curve."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from regulars.report import drawing
from regulars.report.drawing import (
    DASHES,
    GAP,
    LINE_HEIGHT,
    SIZE,
    SOFT,
    WIDE,
    Axis,
    Drawing,
    Line,
    Text,
    Words,
    plain_words,
)

CURVE = 2.4  # pixels
NEAR_END = 40  # pixels before the last end, within which a curve is named there as well


def lines(
    frame: pd.DataFrame,
    x: str,
    y: str,
    by: str | None = None,
    *,
    low: str | None = None,
    high: str | None = None,
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
    ordered: bool = False,
    width: int = WIDE,
) -> Drawing:
    """Curves with their interval as a band, named at their ends beside the last value, or above where names are long.

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
    ordered : bool
        Whether the curves have an order, as cohorts have: they are shades of one hue, the last the darkest.
    width : int
        Pixels for which it is laid out.

    Returns
    -------
    regulars.report.drawing.Drawing
    """
    groups = _groups(frame, by)
    hue = drawing.sequence(list(groups)) if ordered else drawing.hues(list(groups), colours)
    ends = {name: _end(part, x, y) for name, part in groups.items() if part[y].notna().any()}
    named, key = _end_words(ends, hue, label, y_format, width)
    notes, top = drawing.head(key, y_title, width)
    shown = pd.concat([frame[column] for column in (y, low, high) if column], ignore_index=True).dropna()
    vertical = drawing.y_axis(shown.tolist(), y_format, from_zero)
    left, right = beside(vertical), drawing.RIGHT + drawing.strong_width(named)
    if x_step and np.ptp(frame[x]) < 2 * x_step:
        x_step = None  # a step or none would be marked
    level = drawing.x_axis(frame[x], x_format, width - left - right, x_step)
    tall = plot_height(width)
    scales = (width - left - right) / np.ptp(level.span), tall / np.ptp(vertical.span)
    bands = [] if low is None else [band(part, x, low, high, hue=hue[name], step=step) for name, part in groups.items()]
    curves = {name: _curve(part, x, y, hue[name], step) for name, part in groups.items()}
    signs = [sign for at, text in (marks or {}).items() for sign in _sign(at, text, (level, vertical), scales[0])]
    return drawing.framed(
        [*notes, *signs, *bands, *curves.values(), *_end_labels(ends, named, curves, scales)],
        level,
        vertical,
        width=width,
        tall=tall,
        title=x_title,
        left=left,
        right=right,
        top=top + GAP,
        hover=partial(_hover, groups, x, y, low, high, x_format, y_format, label),
    )


def plot_height(width: float) -> float:
    """Pixels that the upright axis spans."""
    return 145 + width / 7


def _groups(frame: pd.DataFrame, by: str | None) -> dict:
    return {None: frame} if by is None else dict(list(frame.groupby(by, sort=False, observed=True)))


def beside(vertical: Axis) -> float:
    """Room for the ticks of the upright axis."""
    return drawing.widest(vertical.texts, SIZE) + GAP


def _curve(part: pd.DataFrame, x: str, y: str, hue: str, step: bool = False) -> Line:
    places = drawing.days(part[x]), part[y].astype(float).tolist()
    return Line(*(drawing.steps(*places) if step else places), hue, CURVE, DASHES.get(hue, "solid"))


def band(part: pd.DataFrame, x: str, low: str, high: str, *, hue: str, step: bool = False) -> drawing.Area:
    """Interval of a curve, where it has one."""
    part = part.dropna(subset=[low, high])
    at, sides = drawing.days(part[x]), [part[side].astype(float).tolist() for side in (low, high)]
    if step:
        (across, bottom), (_, top) = (drawing.steps(at, side) for side in sides)
        return drawing.Area(across, bottom, top, hue)
    return drawing.Area(at, *sides, hue)


def _hover(groups, x, y, low, high, x_format, y_format, label) -> list[tuple]:
    spots = []
    for name, part in groups.items():
        first = "" if name is None else f"{label(name)}\n"
        words = [
            f"{first}{x_format(row[x])}: {drawing.with_ends(y_format, row, y, low, high)}"
            for row in part.to_dict("records")
        ]
        spots += zip(drawing.days(part[x]), part[y].astype(float), words, strict=True)
    return spots


def _end(part: pd.DataFrame, x: str, y: str) -> tuple[float, float]:
    """Last known place of a curve."""
    last = part.dropna(subset=[y]).iloc[[-1]]
    return drawing.days(last[x])[0], float(last[y].iloc[0])


def _end_words(ends: Mapping, hue: Mapping, label: Words, y_format: Words, width: float) -> tuple[list[str], dict]:
    """What stands where each curve ends, and a key if names have no room there."""
    values = drawing.texts(y_format, [value for _, value in ends.values()])
    if None in ends:
        return values, {}
    words = [f"{label(name)} {text}" for name, text in zip(ends, values, strict=True)]
    if drawing.strong_width(words) <= drawing.LONGEST_NAME * width:
        return words, {}
    return values, {label(name): (hue[name], DASHES.get(hue[name], "solid")) for name in ends}


def _end_labels(ends: Mapping, words: Sequence[str], curves: Mapping, scales: tuple[float, float]) -> list[Text]:
    """Words where each curve ends: behind the chart, apart from each other, or clear of the curves that go on."""
    furthest = max((at for at, _ in ends.values()), default=0)
    texts = dict(zip(ends, words, strict=True))
    last = [name for name, (at, _) in ends.items() if (furthest - at) * scales[0] <= NEAR_END]
    wanted = [ends[name][1] * scales[1] for name in last]
    notes = []
    for name, want, to in zip(last, wanted, drawing.apart(wanted, LINE_HEIGHT), strict=True):
        place = {"dx": 8, "dy": round(want - to, 1)}
        notes.append(
            Text(
                texts[name], furthest, ends[name][1], drawing.ink_of(curves[name].hue), **place, strong=True, halo=True
            )
        )
    taken = []
    for name in (name for name in ends if name not in last):
        (at, value), reach = ends[name], drawing.strong_width([texts[name]]) / scales[0]
        within = at + reach <= furthest
        beside = (at, at + reach) if within else (at - reach, at)
        others = [curve for other, curve in curves.items() if other != name or not within]
        dy = _clear_of([*others, *taken], beside, value, scales[1])
        taken.append(Line(beside, [value - dy / scales[1]] * 2, curves[name].hue))
        look = {"dx": 4 if within else 0, "dy": dy, "anchor": "start" if within else "end"}
        notes.append(Text(texts[name], at, value, drawing.ink_of(curves[name].hue), **look, strong=True, halo=True))
    return notes


def _clear_of(lines: Sequence[Line], beside: tuple[float, float], value: float, scale: float) -> float:
    """Pixels, up or down, by which words beside a place do not stand on a line; as far as can be, where all do."""
    x = np.linspace(*beside, 12)
    # how far below the place each line runs there; where it has ended it is nowhere
    known = [(np.asarray(line.x, float), np.asarray(line.y, float)) for line in lines]
    runs = [(value - np.interp(x, *places, left=np.nan, right=np.nan)) * scale for places in known]
    runs = np.concatenate([[], *runs])
    room = {dy: float(np.abs(runs[~np.isnan(runs)] - dy).min(initial=1e9)) for dy in (-14, 14, -22, 22, -30, 30)}
    return next((dy for dy, clear in room.items() if clear >= 11), max(room, key=room.get))


def upright(at, ends: Sequence[float], dash: str = "solid") -> Line:
    """Line at a place of the level axis."""
    return Line(drawing.days([at]) * 2, list(ends), SOFT, dash=dash)


def _sign(at, text: str, axes: tuple[Axis, Axis], scale: float) -> tuple[Line, Text]:
    """Place on the level axis with its word, on the side that has room; a place comes as text from what is told."""
    level, vertical = axes
    (place,) = drawing.days([pd.Timestamp(at) if level.dates else at])
    fits = place + (drawing.text_width(text) + 4) / scale <= level.span[1]
    side = {"dx": 4} if fits else {"dx": -4, "anchor": "end"}
    return upright(place, vertical.span), Text(text, place, vertical.span[1], SOFT, dy=8, halo=True, **side)


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
    width: int = WIDE,
) -> Drawing:
    """Who carries how much: share of the value held by the top share of customers, beside equal shares.

    Parameters
    ----------
    frame : pandas.DataFrame
        Per point the share of customers, from the most valuable down, and the share of value that they hold.
    x, y : str
        Columns of shares, both from 0 to 1.
    by : str, optional
        Column that tells two curves apart (past revenue, future value).
    x_title, y_title, x_format, y_format, label, colours, width
        As in `lines`.
    equal : str
        Word for the diagonal, where all customers are worth the same.
    mark : float
        Share of customers at which the curves are read off and named.

    Returns
    -------
    regulars.report.drawing.Drawing

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
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    vertical = Axis(ticks, drawing.texts(y_format, ticks), (0, 1.02), grid=True)
    level = Axis(ticks, drawing.texts(x_format, ticks), (0, 1))
    title, top = drawing.head({}, y_title, width)
    left, right = beside(vertical), drawing.widest(level.texts, SIZE) / 2 + 2
    # words below the diagonal, at its end without the words of the curves; where it ends, the longer the lower
    end = 1 - (drawing.widest([equal]) + 10) / (width - left - right)
    below = 0.3 if min(read.values()) > 0.5 else min(0.8, end)
    return drawing.framed(
        [
            *title,
            Line([0, 1], [0, 1], drawing.FAINT, 1.2),
            Text(equal, below, below, SOFT, dx=10, dy=14),
            upright(mark, (0, max(read.values())), "dot"),
            *(_curve(part, x, y, hue[name]) for name, part in groups.items()),
            *(drawing.Dot(mark, value, 9, hue[name]) for name, value in read.items()),
            *_lorenz_labels(read, mark, hue, label, y_format),
        ],
        level,
        vertical,
        width=width,
        tall=plot_height(width) + 30,
        title=x_title,
        left=left,
        right=right,
        top=top,
        hover=partial(_hover, groups, x, y, None, None, x_format, y_format, label),
    )


def _lorenz_labels(read: Mapping, mark: float, hue: Mapping, label: Words, y_format: Words) -> list[Text]:
    """Name and value of each curve at the mark, the upper curve's first: below both curves there is room on a phone."""
    notes = []
    for line, name in enumerate(sorted(read, key=read.get, reverse=True)):
        words = y_format(read[name]) if name is None else f"{label(name)} {y_format(read[name])}"
        place = {"dx": 8, "dy": 11 + 18 * line}
        notes.append(Text(words, mark, min(read.values()), hue[name], **place, strong=True, halo=True))
    return notes
