"""A chart as a plotly figure, for those who look at it in a live kernel: the same drawing, with its hover."""

from itertools import groupby
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from regulars.errors import UserError
from regulars.report import svg
from regulars.report.drawing import (
    GRID,
    INK,
    LABEL_SIZE,
    SIZE,
    SOFT,
    Area,
    Axis,
    Box,
    Dot,
    Drawing,
    Line,
    Text,
)
from regulars.report.svg import colours
from regulars.rounding import plain

PLOTLY_TYPE = "application/vnd.plotly.v1+json"
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", '
    '"Noto Sans CJK SC", sans-serif'
)
MILLISECONDS = 86_400_000  # of a day
SAMPLES = {"box": "■", "solid": "━", "dash": "╍", "dot": "┅", "dashdot": "┅"}


class Picture(go.Figure):
    """A chart that answers the mouse, and that can be saved as the pages print it, without a browser."""

    _printed: Drawing | None = None

    def __repr__(self) -> str:
        """Short where plotly would write out every number."""
        return f"<regulars.Picture of {len(self.data)} traces: .show(), or .save('x.svg')>"

    def save(self, path: str | Path) -> Path:
        """Write it to a file.

        Parameters
        ----------
        path : str or Path
            ``x.svg`` for print: as a page shows it, whatever has been changed by plotly's own means; ``x.html`` for
            the chart that answers the mouse, in a file that needs no network.

        Returns
        -------
        Path
            Of the file.

        Raises
        ------
        UserError
            Where the name ends otherwise.
        """
        path = Path(path)
        if path.suffix not in (".html", ".svg") or (path.suffix == ".svg" and self._printed is None):
            raise UserError(f"A picture is not saved as '{path.name}': end its name with .svg, for print, or .html.")
        path.parent.mkdir(parents=True, exist_ok=True)  # scratch/, which a new clone does not have yet
        if path.suffix == ".html":
            self.write_html(path)
        else:
            path.write_text(svg.document(self._printed), encoding="utf-8")
        return path


def figure(chart: Drawing) -> Picture:
    """Chart that answers the mouse.

    Parameters
    ----------
    chart : regulars.report.drawing.Drawing

    Returns
    -------
    Picture
        A plotly figure.
    """
    traces = []
    for kind, marks in groupby((mark for mark in chart.marks if not isinstance(mark, Text)), type):
        traces += _TRACES[kind](chart, list(marks))
    hover = chart.hover()
    if hover:
        x, y, words = zip(*hover, strict=True)
        marker = {"size": 14, "opacity": 0}
        told = {"text": [_safe(text) for text in words], "hoverinfo": "text"}
        traces.append(go.Scatter(x=_dates(chart, x), y=list(y), mode="markers", marker=marker, **told))
    margin = {"l": chart.left, "r": chart.right, "t": chart.top, "b": chart.bottom, "pad": 4}
    layout = {
        "font": {"family": FONT, "size": SIZE, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "#fff", "bordercolor": GRID, "font": {"size": LABEL_SIZE, "color": INK}},
        "barmode": "overlay",
        "height": round(chart.height),
        "margin": {side: round(size) for side, size in margin.items()},
        "xaxis": _axis(chart, chart.x, chart.x.dates),
        "yaxis": _axis(chart, chart.y, dates=False),
        "annotations": [_note(chart, mark) for mark in chart.marks if isinstance(mark, Text)],
    }
    made = Picture(data=traces, layout=layout)
    made._printed = chart
    return made


def plain_figure(chart: Drawing) -> dict:
    """Chart as plotly's JSON with rounded floats and plain lists, the same bytes for the same numbers."""
    made = figure(chart)
    # the whole figure's own JSON packs arrays into base64, with every last bit
    traces, layout = [trace.to_plotly_json() for trace in made.data], made.layout.to_plotly_json()
    return {"data": plain(traces), "layout": plain(layout)}


def _axis(chart: Drawing, axis: Axis, dates: bool) -> dict:
    return {
        "tickvals": _dates(chart, axis.ticks) if dates else list(axis.ticks),
        "ticktext": [_safe(text) for text in axis.texts],
        "range": _dates(chart, axis.span) if dates else list(axis.span),
        "showgrid": axis.grid,
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,
        "tickangle": 0,
        "tickfont": {"size": SIZE, "color": SOFT},
    }


def _dates(chart: Drawing, places) -> list:
    """Places on the level axis; days as dates, as a reader of the figure expects them."""
    if not chart.x.dates:
        return list(places)
    return [None if at is None else (pd.Timestamp(0) + pd.Timedelta(days=at)).isoformat() for at in places]


def _rgba(hue: str, opacity: float, shaded: bool = False) -> str:
    colour = colours(hue)[shaded]
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def _lines(chart: Drawing, marks: list[Line]) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=_dates(chart, mark.x),
            y=list(mark.y),
            mode="lines",
            line={"color": _rgba(mark.hue, mark.opacity), "width": mark.width, "dash": mark.dash},
            hoverinfo="skip",
            cliponaxis=False,
        )
        for mark in marks
    ]


def _areas(chart: Drawing, marks: list[Area]) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=_dates(chart, [*mark.x, *list(mark.x)[::-1]]),
            y=[*mark.high, *list(mark.low)[::-1]],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=_rgba(mark.hue, mark.opacity),
            hoverinfo="skip",
        )
        for mark in marks
    ]


def _boxes(chart: Drawing, marks: list[Box]) -> list[go.Bar]:
    wide = MILLISECONDS if chart.x.dates else 1
    edge = {"color": "#fff", "width": [1.5 if mark.edged else 0 for mark in marks]}
    return [
        go.Bar(
            x=_dates(chart, [sum(mark.x) / 2 for mark in marks]),
            y=[mark.y[1] - mark.y[0] for mark in marks],
            base=[mark.y[0] for mark in marks],
            width=[abs(mark.x[1] - mark.x[0]) * wide for mark in marks],
            marker={"color": [_rgba(mark.hue, mark.opacity, mark.shaded) for mark in marks], "line": edge},
            hoverinfo="skip",
        )
    ]


def _dots(chart: Drawing, marks: list[Dot]) -> list[go.Scatter]:
    colours = [_rgba(mark.hue, mark.opacity) for mark in marks]
    look = {"size": [mark.size for mark in marks], "color": colours, "line": {"color": "#fff", "width": 1.5}}
    x, y = _dates(chart, [mark.x for mark in marks]), [mark.y for mark in marks]
    return [go.Scatter(x=x, y=y, mode="markers", marker=look, hoverinfo="skip", cliponaxis=False)]


_TRACES = {Line: _lines, Area: _areas, Box: _boxes, Dot: _dots}


def _note(chart: Drawing, mark: Text) -> dict:
    """Words in a chart."""
    x = ("paper", 0, mark.dx - chart.left) if mark.x is None else ("x", _dates(chart, [mark.x])[0], mark.dx)
    if mark.x is None and mark.anchor == "middle":  # of the axis, however wide the chart is drawn
        x = ("paper", 0.5, 0)
    y = ("paper", 1, chart.top - mark.dy) if mark.y is None else ("y", mark.y, -mark.dy)
    beside = {"start": "left", "middle": "center", "end": "right"}[mark.anchor]
    turned = {"textangle": -90, "xanchor": "center", "yanchor": "bottom"}
    return {
        "text": (f"{SAMPLES[mark.sample]} " if mark.sample else "") + _safe(mark.text),
        **dict(zip(("xref", "x", "xshift"), x, strict=True)),
        **dict(zip(("yref", "y", "yshift"), y, strict=True)),
        "showarrow": False,
        "align": "left",
        "font": {"size": mark.size, "color": colours(mark.hue)[1], "weight": 600 if mark.strong else 400},
        **(turned if mark.turned else {"xanchor": beside, "yanchor": "middle"}),
    }


def _safe(text: str) -> str:
    """Text as text: of the markup that plotly knows only the line break is made."""
    return text.replace("<", "&lt;").replace("\n", "<br>")
