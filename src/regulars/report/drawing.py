"""A chart as it is described, once for both of its renderers: marks, axes and words, laid out for one width.

`regulars.report.svg` draws it for a page, `regulars.report.interactive` for a live kernel. Places are numbers of the
axes (dates as days, see `days`) and, where an axis has nothing to say, pixels from the upper left corner.
"""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from regulars.rounding import plain

# the same colour for the same thing on every page; pairwise apart for colour-blind eyes, as a test computes
NOW, BEFORE, RISK, GAIN, OTHER = "#0072b2", "#8a94a0", "#d55e00", "#009e73", "#882255"
HUES = (NOW, BEFORE, OTHER, GAIN, RISK)
INK, SOFT, GRID, FAINT, ON = "#1b1f24", "#5b6470", "#e3e6ea", "#c9ced5", "#ffffff"
GIVEN = (NOW, BEFORE, OTHER, GAIN, INK)  # hues that series take where none is chosen: orange means loss or risk
DASHES = {NOW: "solid", BEFORE: "solid", OTHER: "dashdot", GAIN: "dot", RISK: "dash", INK: "dash"}
SIZE, LABEL_SIZE, SMALL = 12, 13, 11
WIDE, NARROW = 690, 350  # pixels of a chart on a desktop and on paper, and on a phone
TOP, BOTTOM, RIGHT, GAP = 14, 46, 14, 8
LINE_HEIGHT = 17
LONGEST_NAME = 0.31  # of the width, beside the marks
STEPS = 9  # shades of a heat map
LIGHTEST = 3  # of them, for a series in a sequence

Words = Callable[[object], str]


# ---- marks ----


@dataclass(frozen=True)
class Line:
    """Places joined by a line; a missing one is a gap."""

    x: Sequence
    y: Sequence
    hue: str
    width: float = 1
    dash: str = "solid"
    opacity: float = 1


@dataclass(frozen=True)
class Area:
    """Band between two lines."""

    x: Sequence
    low: Sequence
    high: Sequence
    hue: str
    opacity: float = 0.17


@dataclass(frozen=True)
class Box:
    """Bar, column or cell; ``edged`` sets it off from its neighbours, ``shaded`` is dark enough for words on it."""

    x: tuple[float, float]
    y: tuple[float, float]
    hue: str
    opacity: float = 1
    edged: bool = False
    shaded: bool = False


@dataclass(frozen=True)
class Dot:
    """Circle of a size in pixels."""

    x: float
    y: float
    size: float
    hue: str
    opacity: float = 1


@dataclass(frozen=True)
class Text:
    """Words whose middle line is at a place, moved by pixels; a place of None is the edge of the chart.

    A ``sample`` of a box or of a dash before them makes an entry of a key; ``halo`` keeps what is below from them.
    """

    text: str
    x: float | None
    y: float | None
    hue: str = INK
    dx: float = 0
    dy: float = 0
    anchor: str = "start"
    size: float = LABEL_SIZE
    strong: bool = False
    halo: bool = False
    turned: bool = False
    sample: str | None = None
    sample_hue: str | None = None


@dataclass(frozen=True)
class Axis:
    """Ticks in words between two ends."""

    ticks: Sequence[float] = ()
    texts: Sequence[str] = ()
    span: tuple[float, float] = (0, 1)
    grid: bool = False
    dates: bool = False


@dataclass(frozen=True)
class Drawing:
    """A chart of one width.

    Parameters
    ----------
    marks : sequence
        In the order in which they are drawn.
    x, y : Axis
    width, height : float
        Pixels.
    left, right, top, bottom : float
        Pixels around what the axes span.
    hover : callable
        Makes what a live chart tells of places: (x, y, text) of each.
    """

    marks: Sequence
    x: Axis
    y: Axis
    width: float
    height: float
    left: float
    right: float = RIGHT
    top: float = TOP
    bottom: float = BOTTOM
    hover: Callable[[], Sequence[tuple]] = field(default=tuple, compare=False)

    @cached_property
    def scales(self) -> tuple[float, float]:
        """Pixels per unit of each axis."""
        across, up = self.x.span[1] - self.x.span[0], self.y.span[1] - self.y.span[0]
        return (self.width - self.left - self.right) / across, (self.height - self.top - self.bottom) / up

    def place(self, x: float | None, y: float | None) -> tuple[float, float]:
        """Pixels of a place."""
        return (
            0.0 if x is None else self.left + (x - self.x.span[0]) * self.scales[0],
            0.0 if y is None else self.height - self.bottom - (y - self.y.span[0]) * self.scales[1],
        )


def steps(x: Sequence[float], y: Sequence[float]) -> tuple[list, list]:
    """Places of a value that holds until the next one.

    Examples
    --------
    >>> steps([0, 2, 5], [1.0, 0.5, 0.2])
    ([0, 2, 2, 5, 5], [1.0, 1.0, 0.5, 0.5, 0.2])
    """
    twice = [at for at in x for _ in range(2)][1:]
    return twice, [value for value in y for _ in range(2)][:-1]


def whisker(ends: Sequence[float], at: float, cap: float, upright: bool = False) -> Line:
    """Interval along the level axis, or along the other, with a cap to both sides of so much at each end."""
    low, high = ends
    along, across = [low, low, None, high, high, None, low, high], [at - cap, at + cap, None] * 2 + [at, at]
    return Line(*((across, along) if upright else (along, across)), INK, 1.3)


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
    if len(names) > len(GIVEN):
        raise ValueError(f"{len(names)} series in one chart: at most {len(GIVEN)} can be told apart by their hue.")
    usual = dict(zip(names, (BEFORE, NOW), strict=True)) if len(names) == 2 and not chosen else {}
    known = {name: (chosen or {}).get(name) or usual.get(name) for name in names}
    free = iter([hue for hue in GIVEN if hue not in known.values()])
    return {name: hue or next(free) for name, hue in known.items()}


def sequence(names: Sequence) -> dict:
    """Shades of one hue for series that have an order, such as cohorts: the first the lightest.

    Examples
    --------
    >>> sequence(["2024", "2025", "2026"])
    {'2024': 's3', '2025': 's6', '2026': 's9'}
    """
    if len(names) < 2:
        return dict.fromkeys(names, NOW)
    apart = (STEPS - LIGHTEST) / (len(names) - 1)
    return {name: f"s{round(LIGHTEST + apart * i)}" for i, name in enumerate(names)}


def ink_of(hue: str) -> str:
    """Hue of words that name a series: its own, or ink where it is a shade.

    Examples
    --------
    >>> ink_of("s3") == INK, ink_of(RISK) == RISK
    (True, True)
    """
    return hue if hue in HUES else INK


def depth(share: float) -> str:
    """Shade of a heat map's cell, from nothing to the most, or below zero from nothing to the least.

    Examples
    --------
    >>> depth(0.0), depth(1.0), depth(-0.4)
    ('s0', 's9', 'd4')
    """
    step = round(STEPS * abs(share))
    return f"d{step}" if share < 0 and step else f"s{step}"


# ---- words ----


def plain_words(value) -> str:
    """Number or day as it is, where the caller gives no format."""
    return f"{value:,.6g}" if isinstance(value, int | float | np.number) else str(plain(value))


def texts(words: Words, values) -> list[str]:
    """Word values that stand beside each other; a page's own formats then give all the same decimals."""
    together = getattr(words, "all", None)
    return together(values) if together else [words(value) for value in values]


def text_width(text: str, size: float = LABEL_SIZE) -> float:
    """Width in pixels of the longest line of a text, rather too much than too little: fonts differ.

    Chinese characters are as wide as high; the others as in DejaVu Sans, the widest of those that are usual.
    """
    # in whole hundredths: from Python 3.12 on fractions add up to another last digit
    return max(sum(map(_hundredths, line)) for line in str(text).split("\n")) * size / 100


def _hundredths(character: str) -> int:
    """Of the height."""
    if _is_wide(character):
        return 100
    if character in "il.,:;'|!jtfrI ()[]·\N{NO-BREAK SPACE}":
        return 42
    if character in "−+±=<>≤≥≠~":
        return 84
    return 100 if character in "%MWmw@—→" else 77 if character.isupper() else 64


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def widest(words: Sequence[str], size: float = LABEL_SIZE) -> float:
    """Width of the widest of several texts."""
    return max((text_width(text, size) for text in words), default=0.0)


def strong_width(words: Sequence[str]) -> float:
    """Width of the widest of several texts that stand out."""
    return 1.1 * widest(words)


def wrapped(text: str, width: float, size: float = LABEL_SIZE) -> str:
    r"""Text in lines of so many pixels; a word that is longer stays whole, Chinese breaks anywhere.

    Examples
    --------
    >>> wrapped("Rows without a customer that nobody can place", 210)
    'Rows without a customer\nthat nobody can place'
    >>> wrapped("按客户的订单", 40)
    '按客户\n的订单'
    """
    lines, rest = [""], str(text)
    for word in rest.split(" "):
        pieces, start = [], 0
        for at, character in enumerate(word):
            if _is_wide(character):
                pieces += [word[start : at + 1]]
                start = at + 1
        pieces += [word[start:]] if word[start:] else []
        for number, piece in enumerate(pieces):
            joint = " " if number == 0 and lines[-1] else ""
            if lines[-1] and text_width(lines[-1] + joint + piece, size) > width:
                lines.append(piece)
            else:
                lines[-1] += joint + piece
    return "\n".join(lines)


def line_count(words: Sequence[str]) -> int:
    """Lines of the text that has the most."""
    return max((text.count("\n") + 1 for text in words), default=1)


def with_ends(words: Words, row: Mapping, value: str, low: str | None, high: str | None) -> str:
    """Value of a row with its interval in brackets, as a page's own formats put it in tables; alone without one."""
    if low is None or pd.isna(row[low]) or pd.isna(row[high]):
        return words(row[value])
    together = getattr(words, "with_interval", None)
    if together:
        return together(row[value], row[low], row[high])
    return f"{words(row[value])} ({words(row[low])}–{words(row[high])})"


def head(names: Mapping[str, tuple[str, str]], title: str, width: float) -> tuple[list[Text], float]:
    """What stands above a chart, and the room that it takes: the title of the upright axis and a key without a box.

    Parameters
    ----------
    names : mapping
        Series to its hue and its sample, "box" or a dash.
    title : str
        Level, where it can be read without turning the head; none if empty.
    width : float
        Of the chart, pixels.
    """
    words, at, top = [], 0.0, 8.0
    if title:
        title = wrapped(title, width, SIZE)
        lines = line_count([title])
        words.append(Text(title, None, None, SOFT, dy=top + (lines - 1) * LINE_HEIGHT / 2, size=SIZE))
        top += lines * LINE_HEIGHT + 3
    for text, (hue, sample) in names.items():
        room = (15 if sample == "box" else 27) + strong_width([text])
        if at and at + room > width:
            at, top = 0.0, top + LINE_HEIGHT + 2
        sampled = {"strong": True, "sample": sample, "sample_hue": hue}
        words.append(Text(text, None, None, ink_of(hue), dx=round(at), dy=top, **sampled))
        at += room + 14
    return words, top + (LINE_HEIGHT + 3 if names else 0) + 2


def framed(
    marks: Sequence,
    level: Axis,
    upright: Axis,
    *,
    width: float,
    tall: float,
    title: str,
    left: float,
    right: float = RIGHT,
    top: float,
    hover: Callable[[], Sequence[tuple]],
) -> Drawing:
    """Drawing whose level axis has its title below its ticks.

    Parameters
    ----------
    marks : sequence
    level, upright : Axis
    width, left, right, top : float
        As of `Drawing`.
    tall : float
        Pixels that the upright axis spans.
    title : str
        Of the level axis.
    hover : callable
    """
    title = wrapped(title, width, SIZE)
    half, more = text_width(title, SIZE) / 2, (line_count([title]) - 1) * LINE_HEIGHT
    middle = min(max((left + width - right) / 2, half), width - half)
    words = Text(title, None, upright.span[0], SOFT, dx=middle, dy=36 + more / 2, anchor="middle", size=SIZE)
    height, bottom = top + tall + BOTTOM + more, BOTTOM + more
    return Drawing([*marks, words], level, upright, width, height, left, right, top, bottom, hover)


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
    months = [m for m in pd.period_range(first, last, freq="M") if m.to_timestamp() >= pd.Timestamp(first)]
    for step in (1, 2, 3, 6, 12, 24, 60, 120, 240):
        starts = [m.to_timestamp() for m in months if (m.year * 12 + m.month - 1) % step == 0]
        if len(starts) <= about:
            break
    return starts


def y_axis(values: Sequence[float], words: Words, from_zero: bool = True) -> Axis:
    """Vertical axis that shows these values between round ticks."""
    low, high = min(values), max(values)
    ticks = nice_ticks(min(low, 0.0) if from_zero else low, high)
    return Axis(ticks, texts(words, ticks), (ticks[0], ticks[-1]), grid=True)


def x_axis(values: pd.Series, words: Words, room: float, step: float | None = None) -> Axis:
    """Horizontal axis that ends where the values end, with ticks at round numbers or at starts of months.

    Parameters
    ----------
    values : pandas.Series
        Numbers or dates.
    words : callable
        Words a tick.
    room : float
        Pixels that the axis has.
    step : float, optional
        Distance of ticks.
    """
    values = values.dropna()
    low, high = values.min(), values.max()
    if pd.api.types.is_datetime64_any_dtype(values):
        ticks = month_ticks(low, high, about=min(7, fitting(words(low), room)))
        return Axis(days(ticks), texts(words, ticks), _apart_ends(*days([low, high])), dates=True)
    low, high = float(low), float(high)
    most = fitting(words(high), room)
    if step:
        while (high - low) / step + 1 > most:
            step *= 2
        ticks = [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    else:
        ticks = nice_ticks(low, high, about=min(8, most))
        ticks = [tick for tick in ticks if low <= tick <= high]
    return Axis(ticks, texts(words, ticks), _apart_ends(low, high))


def _apart_ends(low: float, high: float) -> tuple[float, float]:
    """Ends of an axis, around the place where there is one only."""
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def fitting(text: str, room: float) -> int:
    """Number of such texts that fit side by side below a chart."""
    return max(2, int(room / (text_width(text, SIZE) + 16)))


def days(values) -> list[float]:
    """Dates as days since 1970; numbers as they are."""
    values = list(values)
    if values and isinstance(values[0], pd.Timestamp):
        return [(value - pd.Timestamp(0)) / pd.Timedelta(days=1) for value in values]
    return [float(value) for value in values]
