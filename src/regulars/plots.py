"""Frames drawn for whoever looks at them in a live kernel; in the pipeline, which nobody watches, left as they are.

Axes are called as the columns are. The pages draw their own charts, in words (`regulars.pages`).
"""

import os
from importlib import import_module

import pandas as pd

from regulars.finding import Refusal
from regulars.paths import STAGING_VARIABLE


def lines(frame: pd.DataFrame, x: str, y: str, by: str | None = None, **looks):
    """Curves of ``y`` over ``x``, one for each value of ``by``.

    Parameters
    ----------
    frame : pandas.DataFrame
    x, y, by : str
        Its columns.
    **looks
        What `regulars.report.charts.lines` takes besides: ``low`` and ``high`` (ends of a band), ``step`` ….

    Returns
    -------
    plotly.graph_objects.Figure or pandas.DataFrame
        The frame in the pipeline.
    """
    return _drawn("lines", frame, x=x, y=y, by=by, x_title=_words(x), y_title=_words(y), **looks)


def columns(frame: pd.DataFrame, x: str, values: list[str], **looks):
    """Columns of several values beside each other; parameters as of `lines`."""
    named = {name: _words(name) for name in values}
    return _drawn("columns", frame, x=x, values=named, x_title=_words(x), y_title=" and ".join(named.values()), **looks)


def dots(frame: pd.DataFrame, category: str, value: str, **looks):
    """One value per category, with its interval where ``low`` and ``high`` name its ends; parameters as of `lines`."""
    return _drawn("dots", frame, category=category, value=value, x_title=_words(value), **looks)


def bars(frame: pd.DataFrame, category: str, value: str, **looks):
    """One bar per category; parameters as of `dots`."""
    return _drawn("bars", frame, category=category, value=value, x_title=_words(value), **looks)


def _words(column: str) -> str:
    return column.replace("_", " ")


def _drawn(kind: str, frame: pd.DataFrame, **looks):
    if isinstance(frame, Refusal) or os.environ.get(STAGING_VARIABLE):
        return frame
    # loaded by a live kernel alone: no stage depends on how something looks
    draw = getattr(import_module("regulars.report.charts"), kind)
    return import_module("regulars.report.interactive").figure(draw(frame, **looks))
