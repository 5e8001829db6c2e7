"""Charts of two dimensions: bubbles and heat maps."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regulars.report import drawing
from regulars.report.charts.rows import row_hues
from regulars.report.drawing import NOW, Words, note, plain_words, strong


def bubbles(
    frame: pd.DataFrame,
    category: str,
    x: str,
    y: str,
    size: str,
    ends: Mapping[str, tuple[str, str]],
    *,
    x_title: str,
    y_title: str,
    x_format: Words = plain_words,
    y_format: Words = plain_words,
    label: Words = str,
    colours: Mapping[str, str] | str = NOW,
) -> go.Figure:
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

    Returns
    -------
    plotly.graph_objects.Figure
    """
    hues = row_hues(frame[category], colours)
    across, up = _map_axis(frame, x, ends), _map_axis(frame, y, ends)
    traces = []
    for row, hue in zip(frame.to_dict("records"), hues, strict=True):
        line = {"color": drawing.faded(hue, 0.4), "width": 2}
        for places in (([row[e] for e in ends[x]], [row[y]] * 2), ([row[x]] * 2, [row[e] for e in ends[y]])):
            traces.append(go.Scatter(x=places[0], y=places[1], mode="lines", line=line, hoverinfo="skip"))
    most = max(float(frame[size].max()), 1e-12)
    areas = (8 + 26 * np.sqrt(frame[size].fillna(0.0).clip(lower=0).to_numpy(float) / most)).tolist()
    words = zip(frame[category], drawing.texts(x_format, frame[x]), drawing.texts(y_format, frame[y]), strict=True)
    hover = [f"{label(name)}<br>{x_title}: {one}<br>{y_title}: {other}" for name, one, other in words]
    marker = {"size": areas, "color": [drawing.faded(hue, 0.75) for hue in hues], "line": {"color": "#fff", "width": 1}}
    own = {"mode": "markers", "marker": marker, "text": hover, "hoverinfo": "text"}
    traces.append(go.Scatter(x=frame[x].tolist(), y=frame[y].tolist(), **own))
    names = [label(name) for name in frame[category]]
    up_words = drawing.texts(y_format, up)
    left = drawing.LEFT + drawing.widest(up_words)
    margin = {"t": drawing.TOP, "b": drawing.BOTTOM, "l": left, "r": drawing.RIGHT}
    return drawing.figure(
        traces,
        MAP_HEIGHT,
        margin,
        annotations=[*_map_labels(frame, x, y, names, areas, across, up), drawing.y_axis_title(y_title)],
        xaxis=drawing.axis(across, drawing.texts(x_format, across), [across[0], across[-1]], x_title, showgrid=True),
        yaxis=drawing.axis(up, up_words, [up[0], up[-1]]),
    )


MAP_HEIGHT = 360


def _map_axis(frame: pd.DataFrame, column: str, ends: Mapping) -> list[float]:
    """Ticks that hold the points and their intervals."""
    numbers = frame[[column, *ends[column]]].astype(float)
    least, most = float(numbers.min().min()), float(numbers.max().max())
    room = 0.06 * (most - least)
    return drawing.nice_ticks(least - room, most + room)


def _map_labels(frame, x: str, y: str, names, areas, across, up) -> list[dict]:
    """Names above their bubbles, moved up where they would stand on one another, aside where they would stick out."""
    wide = drawing.NARROWEST_AXIS / (across[-1] - across[0])
    high = (MAP_HEIGHT - drawing.BOTTOM - drawing.TOP) / (up[-1] - up[0])
    taken, notes = [], []
    for place in np.argsort(frame[y].to_numpy(float), kind="stable"):
        at, width = (float(frame[x].iloc[place]) - across[0]) * wide, drawing.strong_width([names[place]])
        left = float(np.clip(at, width / 2, max(width / 2, drawing.NARROWEST_AXIS - width / 2)))
        shift = areas[place] / 2 + 10
        bottom = float(frame[y].iloc[place]) * high
        for other_left, other_width, other_at in sorted(taken, key=lambda spot: spot[2]):
            close = abs(left - other_left) < (width + other_width) / 2
            if close and abs(bottom + shift - other_at) < drawing.LINE_HEIGHT:
                shift = other_at + drawing.LINE_HEIGHT - bottom
        taken.append((left, width, bottom + shift))
        spot = {"xanchor": "center", "yanchor": "middle", "xshift": round(left - at), "yshift": round(shift)}
        notes.append(strong(names[place], float(frame[x].iloc[place]), float(frame[y].iloc[place]), **spot))
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
) -> go.Figure:
    """Table of shaded cells with their numbers: the triangle of cohorts, or a profile of clusters.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per cell; cells that are not there stay white.
    row, column, value : str
        Columns of the frame; rows and columns keep the order in which they come.
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

    Returns
    -------
    plotly.graph_objects.Figure
    """
    cells = frame.dropna(subset=[value]).to_dict("records")
    rows, across = list(dict.fromkeys(frame[row])), list(dict.fromkeys(frame[column]))
    at, down = {name: i for i, name in enumerate(across)}, {name: i for i, name in enumerate(reversed(rows))}
    sizes = [abs(cell[value]) if signed else cell[value] for cell in cells]
    most = top if top is not None else max(sizes, default=1.0)
    least = -1.0 if signed else 0.0
    texts = drawing.texts(cell_format, [cell[value] for cell in cells])
    size = 11 if len(across) > 12 else drawing.SIZE
    shapes, notes, hover = [], [], []
    for cell, text in zip(cells, texts, strict=True):
        fill, ink = drawing.depth(min(max(cell[value] / most, least), 1.0) if most else 0.0)
        place = (at[cell[column]], down[cell[row]])
        shapes.append(_cell(*place, fill, bool(open_cell and cell[open_cell])))
        notes.append(note(text, *place, font={"size": size, "color": ink}))
        behind = f" (n = {n_format(cell[n])})" if n else ""
        hover.append(f"{row_label(cell[row])}, {column_label(cell[column])}: {text}{behind}")
    # shapes have no hover; plotly's own heat map would be a picture, which the page's policy forbids
    trace = go.Scatter(
        x=[at[cell[column]] for cell in cells],
        y=[down[cell[row]] for cell in cells],
        mode="markers",
        marker={"size": 22, "opacity": 0},
        text=hover,
        hoverinfo="text",
    )
    behind = {cell[row]: f" · {n_format(cell[n])}" for cell in cells} if n else {}
    names = [row_label(name) + behind.get(name, "") for name in rows]
    corner = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom", "xshift": -8, "yshift": 6}
    left = drawing.LEFT + drawing.widest([*names, y_title], drawing.SIZE)
    return drawing.figure(
        [trace],
        drawing.TOP + 30 + 26 * len(rows),
        {"t": drawing.TOP + 12, "b": 14, "l": left, "r": 8},
        annotations=[*notes, note(y_title, 0, 1, **corner, font={"size": drawing.SIZE, "color": drawing.SOFT})],
        shapes=shapes,
        xaxis=drawing.axis(
            at.values(), [column_label(name) for name in across], [-0.5, len(across) - 0.5], x_title, side="top"
        ),
        yaxis=drawing.axis(
            list(range(len(rows)))[::-1],
            names,
            [-0.5, len(rows) - 0.5],
            showgrid=False,
            tickfont={"size": drawing.SIZE, "color": drawing.INK},
        ),
    )


def _cell(at: int, down: int, fill: str, is_open: bool) -> dict:
    edge = {"color": drawing.SOFT, "width": 1, "dash": "dot"} if is_open else {"color": "#fff", "width": 1.5}
    box = {"x0": at - 0.48, "x1": at + 0.48, "y0": down - 0.46, "y1": down + 0.46}
    return {"type": "rect", **box, "fillcolor": fill, "line": edge, "layer": "below"}
