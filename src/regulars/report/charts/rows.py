"""Charts of one row per class: bars, dots with intervals, waterfalls, shares."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import pandas as pd

from regulars.report import drawing
from regulars.report.drawing import BEFORE, GAIN, GAP, NOW, RISK, WIDE, Axis, Drawing, Text, Words, plain_words

ROW, HALF_BAR = 34, 10  # pixels
WORDS_FROM = 9  # pixels from an end to the words behind it
FACT = 0.8  # of its colour has a bar that says one thing


def bars(
    frame: pd.DataFrame,
    category: str,
    value: str,
    low: str | None = None,
    *,
    high: str | None = None,
    x_title: str,
    x_format: Words = plain_words,
    label: Words = str,
    colours: Mapping[str, str] | str = NOW,
    text: str | None = None,
    width: int = WIDE,
) -> Drawing:
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
    width : int
        Pixels for which it is laid out.

    Returns
    -------
    regulars.report.drawing.Drawing
    """
    rows = _rows_of([label(name) for name in frame[category]], width)
    hues = row_hues(frame[category], colours)
    marks = [
        drawing.Box((0.0, end), rows.thick(place, HALF_BAR), hue, FACT)
        for end, place, hue in zip(_known(frame[value]), rows.places, hues, strict=True)
    ]
    if low is not None:
        ends = frame[[low, high]].to_numpy(float).tolist()
        marks += [drawing.whisker(end, place, 4 * rows.pixel) for end, place in zip(ends, rows.places, strict=True)]
    words = frame[text].tolist() if text else drawing.texts(x_format, frame[value])
    hover = partial(_hover, frame, rows, category, value, low, high, label, x_format)
    return _drawn(rows, marks, _ends(frame, value, low, high), words, x_title, x_format, hover=hover)


def dots(
    frame: pd.DataFrame,
    category: str,
    value: str,
    low: str | None = None,
    *,
    high: str | None = None,
    before: str | None = None,
    x_title: str,
    x_format: Words = plain_words,
    label: Words = str,
    names: tuple[str, str] | None = None,
    colours: Mapping[str, str] | str = NOW,
    from_zero: bool = False,
    width: int = WIDE,
) -> Drawing:
    """Points with their interval as a line, one row each, and a grey mark for what it was before or elsewhere.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per point, the first on top.
    category, value, low, high, x_title, x_format, label, colours, width
        As in `bars`.
    before : str, optional
        Column with the value to compare with.
    names : (str, str), optional
        Words for the value and for what it is compared with; they stand above the chart.
    from_zero : bool
        Whether the axis starts at zero.

    Returns
    -------
    regulars.report.drawing.Drawing
    """
    key, top = drawing.head({names[0]: (NOW, "box"), names[1]: (BEFORE, "box")} if names else {}, "", width)
    rows = _rows_of([label(name) for name in frame[category]], width, top)
    hues, marks = row_hues(frame[category], colours), []
    if low is not None:
        ends = frame[[low, high]].to_numpy(float).tolist()
        marks += [
            drawing.Line(end, [place] * 2, hue, 5, opacity=0.45)
            for end, place, hue in zip(ends, rows.places, hues, strict=True)
        ]
    if before is not None:
        ticks = zip(frame[before].astype(float), rows.places, strict=True)
        marks += [drawing.Line([at, at], rows.thick(place, 7.5), BEFORE, 3) for at, place in ticks]
    points = zip(frame[value].astype(float), rows.places, hues, strict=True)
    marks += [drawing.Dot(at, place, 11, hue) for at, place, hue in points]
    words = drawing.texts(x_format, frame[value])
    hover = partial(_hover, frame, rows, category, value, low, high, label, x_format)
    beside = None if before is None else frame[before].astype(float)
    ends = _ends(frame, value, low, high)
    return _drawn(rows, [*key, *marks], ends, words, x_title, x_format, from_zero, hover, beside)


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
    width: int = WIDE,
) -> Drawing:
    """From one total to another, step by step, from top to bottom.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per bar: totals as they are, steps with their sign.
    category, amount, is_total : str
        Columns of names, of numbers and of whether the row is a total.
    x_title, x_format, label, width
        As in `bars`.
    colours : mapping, optional
        Category to hue; else totals ``NOW``, steps down ``RISK``, steps up ``GAIN``.

    Returns
    -------
    regulars.report.drawing.Drawing

    Raises
    ------
    ValueError
        Where the steps do not lead from one total to the next.
    """
    names, sizes, totals = frame[category].tolist(), frame[amount].astype(float).tolist(), frame[is_total].tolist()
    starts, ends = _levels(names, sizes, totals)
    usual = [NOW if total else RISK if size < 0 else GAIN for size, total in zip(sizes, totals, strict=True)]
    hues = [(colours or {}).get(name, hue) for name, hue in zip(names, usual, strict=True)]
    rows = _rows_of([label(name) for name in names], width)
    bands = [rows.thick(place, HALF_BAR) for place in rows.places]
    joints = [
        drawing.Line([end, end], [above[1], below[0]], drawing.SOFT)
        for end, (above, below) in zip(ends[:-1], pairwise(bands), strict=True)
    ]
    boxes = [
        drawing.Box((start, end), band, hue, FACT)
        for start, end, band, hue in zip(starts, ends, bands, hues, strict=True)
    ]
    words = drawing.texts(x_format, frame[amount])
    spots = [
        (end, place, f"{label(name)}: {text}")
        for end, place, name, text in zip(ends, rows.places, names, words, strict=True)
    ]
    levels = pd.DataFrame({"start": starts, "end": ends})
    return _drawn(rows, [*joints, *boxes], levels, words, x_title, x_format, hover=lambda: spots)


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
    width: int = WIDE,
) -> Drawing:
    """Bars that are cut into shares of one, the same parts in the same order in each.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per bar and part; at most five parts.
    category, part, share : str
        Columns of names and of shares between 0 and 1.
    x_title, x_format, label, width
        As in `bars`.
    part_label : callable
        Words the name of a part; the names stand above the chart in their colours.
    colours : mapping, optional
        Part to hue.

    Returns
    -------
    regulars.report.drawing.Drawing
    """
    names, parts = list(dict.fromkeys(frame[category])), list(dict.fromkeys(frame[part]))
    hue = drawing.hues(parts, colours)
    key, top = drawing.head({part_label(name): (hue[name], "box") for name in parts}, "", width)
    rows = _rows_of([label(name) for name in names], width, top)
    wide = frame.pivot(index=category, columns=part, values=share).reindex(index=names, columns=parts).fillna(0.0)
    ends = wide.cumsum(axis=1)
    boxes, words, hover = [], [], []
    for name in parts:
        for row, place, size, end in zip(names, rows.places, wide[name], ends[name], strict=True):
            band = rows.thick(place, HALF_BAR + 1)
            boxes.append(drawing.Box((end - size, end), band, hue[name], edged=True, shaded=True))
            text = x_format(size)
            hover.append((end - size / 2, place, f"{label(row)}, {part_label(name)}: {text}"))
            if size * rows.room >= drawing.strong_width([text]) + 6:
                words.append(Text(text, end - size / 2, place, drawing.ON, anchor="middle", strong=True))
    return _framed(rows, [*key, *boxes, *words], _row_axis((0.0, 1.0), x_format, rows.room), x_title, lambda: hover)


# ---- rows ----


@dataclass(frozen=True)
class Rows:
    """Where each row stands, the first on top, and its name: beside its mark, or above it where it is long.

    Attributes
    ----------
    places : list of float
        Middle of each mark; a row is one unit high.
    pixel : float
        Height of a pixel in those units.
    names : list of Text
    left, top, width : float
        Pixels.
    """

    places: list[float]
    pixel: float
    names: list[Text]
    left: float
    top: float
    width: float

    @property
    def room(self) -> float:
        """Pixels for marks and the words behind them."""
        return self.width - self.left - drawing.RIGHT

    def thick(self, place: float, half: float) -> tuple[float, float]:
        """Ends of a mark, upper first, whose half has so many pixels."""
        return place + half * self.pixel, place - half * self.pixel


def _rows_of(names: Sequence[str], width: float, top: float = GAP) -> Rows:
    longest = drawing.LONGEST_NAME * width
    beside, middles = [drawing.wrapped(name, longest) for name in names], list(range(len(names)))[::-1]
    left, lines = drawing.widest(beside), drawing.line_count(beside)
    if left <= longest and lines <= 2:
        pixel = 1 / max(ROW, drawing.LINE_HEIGHT * lines + GAP)
        told = [Text(name, None, at, dx=left, anchor="end") for name, at in zip(beside, middles, strict=True)]
        return Rows([float(at) for at in middles], pixel, told, left + GAP, top, width)
    above = [drawing.wrapped(name, width) for name in names]
    words = drawing.line_count(above) * drawing.LINE_HEIGHT
    row = words + 2 * HALF_BAR + 12
    told = [
        Text(name, None, at + (row / 2 - words / 2 - 3) / row, halo=True)
        for name, at in zip(above, middles, strict=True)
    ]
    return Rows([at - (row / 2 - HALF_BAR - 6) / row for at in middles], 1 / row, told, GAP, top, width)


def row_hues(names: pd.Series, colours: Mapping[str, str] | str) -> list[str]:
    return [colours if isinstance(colours, str) else colours.get(name, NOW) for name in names]


def row_hover(frame, category, value, low, high, label, words) -> list[str]:
    return [
        f"{label(row[category])}: {drawing.with_ends(words, row, value, low, high)}" for row in frame.to_dict("records")
    ]


def _hover(frame, rows: Rows, category, value, *words) -> list[tuple]:
    said = row_hover(frame, category, value, *words)
    return list(zip(_known(frame[value]), rows.places, said, strict=True))


def _known(values) -> list[float]:
    return pd.Series(values, dtype=float).fillna(0.0).tolist()


def _ends(frame: pd.DataFrame, *names: str | None) -> pd.DataFrame:
    return frame[[name for name in names if name]].astype(float)


def _drawn(
    rows: Rows,
    marks: Sequence,
    ends: pd.DataFrame,
    words: Sequence[str],
    x_title: str,
    x_format: Words,
    from_zero: bool = True,
    hover: Callable = tuple,
    beside: pd.Series | None = None,
) -> Drawing:
    """Rows with words behind the furthest of their ends; behind a mark beside them where words would stand on it."""
    behind = drawing.strong_width(words)
    every = ends if beside is None else ends.assign(_beside=beside)
    least, most = float(every.min().min()), float(every.max().max())
    reach = (min(least, 0.0), max(most, 0.0)) if from_zero else (least, most)
    axis = _row_axis(reach, x_format, rows.room - behind, thinner=not from_zero)
    # the axis ends with the marks, unless they all are where it begins
    span = (axis.ticks[0], max(most, axis.ticks[-2]) if most > axis.ticks[0] else axis.ticks[-1])
    kept = [(tick, text) for tick, text in zip(axis.ticks, axis.texts, strict=True) if tick <= span[1]]
    axis = Axis(*zip(*kept, strict=True), span, grid=True)
    zero = [drawing.Line([0.0, 0.0], [-0.5, len(rows.places) - 0.5], drawing.SOFT)]
    at = pd.Series(_known(ends.max(axis=1)))
    if beside is not None:
        pixel = (span[1] - span[0]) / max(rows.room - behind, 1)
        covered = at + [pixel * (WORDS_FROM + drawing.strong_width([text]) + 5) for text in words]
        mark = pd.Series(_known(beside))
        at = mark.where((mark > at - 4 * pixel) & (mark < covered), at)
    values = [
        Text(text, end, place, dx=WORDS_FROM, strong=True, halo=True)
        for text, end, place in zip(words, at.tolist(), rows.places, strict=True)
    ]
    marks = [*(zero if span[0] <= 0 <= span[1] else []), *marks, *values]
    return _framed(rows, marks, axis, x_title, hover, behind)


def _row_axis(reach: tuple[float, float], words: Words, room: float, thinner: bool = False) -> Axis:
    """Axis with as many ticks as have room for their words; thinner: fewer of the same, so that all start alike."""
    for about in (5, 4, 3, 2):
        ticks = drawing.nice_ticks(*reach, 5 if thinner else about)
        ticks = ticks[:: 6 - about] if thinner and len(ticks) > 6 - about else ticks
        texts = drawing.texts(words, ticks)
        if (drawing.widest(texts, drawing.SIZE) + 10) * (len(ticks) - 1) <= room:
            break
    return Axis(ticks, texts, (ticks[0], ticks[-1]), grid=True)


def _framed(rows: Rows, marks: Sequence, axis: Axis, x_title: str, hover: Callable, behind: float = 0) -> Drawing:
    side = drawing.widest(axis.texts, drawing.SIZE) / 2
    count = len(rows.places)
    return drawing.framed(
        [*marks, *rows.names],
        axis,
        Axis(span=(-0.5, count - 0.5)),
        width=rows.width,
        tall=count / rows.pixel,
        title=x_title,
        left=max(rows.left, side),
        right=max(drawing.RIGHT + behind, side),
        top=rows.top,
        hover=hover,
    )
