"""Charts of two dimensions: bubbles and heat maps."""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from regulars.report import drawing
from regulars.report.charts.curves import beside, plot_height
from regulars.report.charts.rows import row_hues
from regulars.report.drawing import (
    GAP,
    LINE_HEIGHT,
    NOW,
    SIZE,
    SMALL,
    SOFT,
    WIDE,
    Axis,
    Drawing,
    Text,
    Words,
    plain_words,
)

CELL = 26  # pixels of height


def bubbles(
    frame: pd.DataFrame,
    category: str,
    x: str,
    y: str,
    *,
    size: str,
    ends: Mapping[str, tuple[str, str]],
    x_title: str,
    y_title: str,
    x_format: Words = plain_words,
    y_format: Words = plain_words,
    label: Words = str,
    colours: Mapping[str, str] | str = NOW,
    width: int = WIDE,
) -> Drawing:
    """Map of points with their intervals both ways as lines, their size as an area, and their names beside them.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per bubble.
    category, x, y, size : str
        Columns of names, of the two numbers, and of what the area stands for (not negative); the smallest where it is
        missing.
    ends : mapping
        Column, x or y, to the columns with the ends of its interval.
    x_title, y_title : str
        What the axes measure, in words with units.
    x_format, y_format : callable
        Word a value.
    label : callable
        Words a category.
    colours : str or mapping
        As in `bars`.
    width : int
        Pixels for which it is laid out.

    Returns
    -------
    regulars.report.drawing.Drawing
    """
    hues = row_hues(frame[category], colours)
    across, up = _map_ticks(frame, x, ends), _map_ticks(frame, y, ends)
    vertical = Axis(up, drawing.texts(y_format, up), (up[0], up[-1]), grid=True)
    title, top = drawing.head({}, y_title, width)
    left, tall = beside(vertical), plot_height(width) + 20
    room = width - left - drawing.RIGHT
    ticks = across[:: 1 + (len(across) - 1) // drawing.fitting(x_format(across[-1]), room)]
    level = Axis(ticks, drawing.texts(x_format, ticks), (across[0], across[-1]), grid=True)
    marks = []
    for row, hue in zip(frame.to_dict("records"), hues, strict=True):
        both = ([row[e] for e in ends[x]], [row[y]] * 2), ([row[x]] * 2, [row[e] for e in ends[y]])
        marks += [drawing.Line(*places, hue, 2, opacity=0.4) for places in both]
    most = max(float(frame[size].max()), 1e-12)
    sizes = (8 + 26 * np.sqrt(frame[size].fillna(0.0).clip(lower=0).to_numpy(float) / most)).tolist()
    points = list(zip(frame[x].astype(float), frame[y].astype(float), sizes, strict=True))
    marks += [drawing.Dot(*point, hue, 0.75) for point, hue in zip(points, hues, strict=True)]
    names = [label(name) for name in frame[category]]
    scales = room / (across[-1] - across[0]), tall / (up[-1] - up[0])

    def hover() -> list[tuple]:
        words = zip(points, names, drawing.texts(x_format, frame[x]), drawing.texts(y_format, frame[y]), strict=True)
        return [(at, up, f"{name}\n{x_title}: {one}\n{y_title}: {other}") for (at, up, _), name, one, other in words]

    return drawing.framed(
        [*title, *marks, *_map_labels(points, names, scales, level.span, room)],
        level,
        vertical,
        width=width,
        tall=tall,
        title=x_title,
        left=left,
        top=top,
        hover=hover,
    )


def _map_ticks(frame: pd.DataFrame, column: str, ends: Mapping) -> list[float]:
    """Ticks that hold the points and their intervals."""
    numbers = frame[[column, *ends[column]]].astype(float)
    least, most = float(numbers.min().min()), float(numbers.max().max())
    room = 0.06 * (most - least)
    return drawing.nice_ticks(least - room, most + room)


def _map_labels(points, names: Sequence[str], scales, span, room: float) -> list[Text]:
    """Names above their bubbles, moved up where they would stand on one another, aside where they would stick out."""
    taken, notes = [], []
    for place in sorted(range(len(points)), key=lambda i: points[i][1]):
        x, y, size = points[place]
        words = drawing.wrapped(names[place], 0.45 * room)
        at, width = (x - span[0]) * scales[0], drawing.strong_width([words])
        tall = LINE_HEIGHT * drawing.line_count([words])
        middle = float(np.clip(at, width / 2, max(width / 2, room - width / 2)))
        height = y * scales[1] + size / 2 + 2 + tall / 2
        for other, other_width, other_at, other_tall in sorted(taken, key=lambda spot: spot[2]):
            close = abs(middle - other) < (width + other_width) / 2 + 2
            if close and abs(height - other_at) < (tall + other_tall) / 2:
                height = other_at + (tall + other_tall) / 2
        taken.append((middle, width, height, tall))
        shift = {"dx": round(middle - at), "dy": round(y * scales[1] - height)}
        notes.append(Text(words, x, y, **shift, anchor="middle", strong=True, halo=True))
    return notes


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
    signed: bool = False,
    width: int = WIDE,
) -> Drawing:
    """Table of shaded cells with their numbers: the triangle of cohorts, or a profile of clusters.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per cell; cells that are not there stay white.
    row, column, value : str
        Columns of the frame; rows and columns keep the order in which they come, but columns that are numbers stand in
        theirs, every second or third of them where all have no room.
    x_title, y_title : str
        What columns and rows are, in words; with ``n``, also what stands beside a row ("first order in · n").
    cell_format, row_label, column_label : callable
        Word what stands in a cell and beside it.
    n, n_format : str and callable, optional
        Column with the number behind a row; it stands beside the row's name.
    open_cell : str, optional
        Column that is true for cells whose time is not over yet: drawn with a dotted edge.
    top : float, optional
        Value of the deepest shade; the largest value where not given.
    signed : bool
        Whether cells below zero have shades of their own.
    width : int
        Pixels for which it is laid out.

    Returns
    -------
    regulars.report.drawing.Drawing
    """
    cells = frame.dropna(subset=[value]).to_dict("records")
    rows, across = list(dict.fromkeys(frame[row])), list(dict.fromkeys(frame[column]))
    texts = drawing.texts(cell_format, [cell[value] for cell in cells])
    behind = {cell[row]: f" ·\N{NO-BREAK SPACE}{n_format(cell[n])}" for cell in cells} if n else {}
    told = [row_label(name) + behind.get(name, "") for name in rows]
    needed = drawing.widest(texts, SMALL) + 2
    names, left = _row_names(told, needed * len(across), width)
    across = _columns_with_room(across, needed, width - left)
    room = (width - left) / max(len(across), 1)  # of one cell
    at, down = {name: i for i, name in enumerate(across)}, {name: i for i, name in enumerate(reversed(rows))}
    shown = [(cell, text) for cell, text in zip(cells, texts, strict=True) if cell[column] in at]
    places = [(at[cell[column]], down[cell[row]]) for cell, _ in shown]
    shades = _shades([cell[value] for cell, _ in shown], max((abs(c[value]) for c in cells), default=1.0), top, signed)
    boxes = [
        drawing.Box((x - 0.5, x + 0.5), (y - 0.5, y + 0.5), shade, edged=True)
        for (x, y), shade in zip(places, shades, strict=True)
    ]
    words = [
        word
        for (_, text), place, shade in zip(shown, places, shades, strict=True)
        for word in _cell_words(text, place, shade, room)
    ]
    edges = [_outline(*at) for (cell, _), at in zip(shown, places, strict=True) if open_cell and cell[open_cell]]

    def hover() -> list[tuple]:
        said = [f"{row_label(cell[row])}, {column_label(cell[column])}: {text}" for cell, text in shown]
        counted = [f" (n = {n_format(cell[n])})" if n else "" for cell, _ in shown]
        return [(*at, one + more) for at, one, more in zip(places, said, counted, strict=True)]

    titles, above = _corner(x_title, y_title, left, width)
    heads, tall = _heads([column_label(name) for name in across], len(rows) - 0.5, room)
    high = max(CELL, LINE_HEIGHT * drawing.line_count(names) + 6)
    beside_rows = [
        Text(name, None, down[key], dx=left - GAP, anchor="end", size=SIZE)
        for name, key in zip(names, rows, strict=True)
    ]
    by_shade = [sorted(marks, key=lambda mark: mark.hue) for marks in (boxes, words)]
    return Drawing(
        [*titles, *by_shade[0], *edges, *by_shade[1], *heads, *beside_rows],
        Axis(span=(-0.5, max(len(across), 1) - 0.5)),
        Axis(span=(-0.5, len(rows) - 0.5)),
        width,
        above + tall + high * len(rows) + 4,
        left=left,
        right=1,
        top=above + tall,
        bottom=4,
        hover=hover,
    )


def _shades(values: Sequence[float], most: float, top: float | None, signed: bool) -> list[str]:
    """Shade of each value, of the largest or of what is given as such; below zero only where there are signs."""
    most, least = (most if top is None else top) or 1.0, -1.0 if signed else 0.0
    return [drawing.depth(min(max(value / most, least), 1.0)) for value in values]


def _cell_words(text: str, place: tuple[float, float], shade: str, room: float) -> list[Text]:
    """Number of a cell, if need be smaller, or without a nought behind the point; none where it has no room at all."""
    shorter = re.sub(r"[.,]0(?=\D*$)", "", text)
    for words, size in ((text, SIZE), (text, SMALL), (shorter, SMALL)):
        if drawing.text_width(words, size) + 2 <= room:
            return [Text(words, *place, shade, anchor="middle", size=size)]
    return []


def _row_names(names: Sequence[str], cells: float, width: float) -> tuple[list[str], float]:
    """Names beside the rows and their room: in shorter lines where all cells then have room for their numbers."""
    fits = [[drawing.wrapped(name, share * width, SIZE) for name in names] for share in (0.36, 0.24)]
    rooms = [drawing.widest(lines, SIZE) + GAP for lines in fits]
    shorter = int(rooms[0] + cells > width >= rooms[1] + cells)
    return fits[shorter], rooms[shorter]


def _columns_with_room(names: list, cell: float, room: float) -> list:
    """Columns that have room for their numbers: of a scale, in its order, every second, third … one; else all."""
    if not all(isinstance(name, int | float | np.number) for name in names):
        return names
    return sorted(names)[:: max(1, math.ceil(cell * len(names) / room))]


def _outline(x: float, y: float) -> drawing.Line:
    left, right, low, high = x - 0.46, x + 0.46, y - 0.44, y + 0.44
    return drawing.Line([left, right, right, left, left], [low, low, high, high, low], SOFT, dash="dot")


def _corner(x_title: str, y_title: str, left: float, width: float) -> tuple[list[Text], float]:
    """Titles above a heat map: of its rows, and of its columns over them where both have room in one line."""
    down, across = f"{y_title} ↓", f"{x_title} →"
    if drawing.widest([down], SIZE) + drawing.widest([across], SIZE) + 16 <= width:
        at = max(left, drawing.widest([down], SIZE) + 16)
        return [
            Text(down, None, None, SOFT, dy=8, size=SIZE),
            Text(across, None, None, SOFT, dx=at, dy=8, size=SIZE),
        ], 18
    down, across = drawing.wrapped(down, width, SIZE), drawing.wrapped(across, width, SIZE)
    first, second = (drawing.line_count([text]) * LINE_HEIGHT for text in (down, across))
    titles = [
        Text(down, None, None, SOFT, dy=first / 2, size=SIZE),
        Text(across, None, None, SOFT, dy=first + second / 2, size=SIZE),
    ]
    return titles, first + second


def _heads(names: Sequence[str], top: float, room: float) -> tuple[list[Text], float]:
    """Names of columns above them, level where they fit, else turned."""
    level = [drawing.wrapped(name, room - 4, SIZE) for name in names]
    if drawing.widest(level, SIZE) <= room - 2:
        tall = drawing.line_count(level) * LINE_HEIGHT + 4
        return [
            Text(name, at, top, SOFT, dy=-tall / 2, anchor="middle", size=SIZE) for at, name in enumerate(level)
        ], tall
    turned = [Text(name, at, top, SOFT, dy=-5, size=SIZE, turned=True) for at, name in enumerate(names)]
    return turned, drawing.widest(names, SIZE) + 8
