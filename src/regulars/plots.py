"""Frames drawn for whoever looks at them in a live kernel; in the pipeline, which nobody watches, left as they are.

Axes are called as the columns are. The pages draw their own charts, in words (`regulars.pages`).
"""

import pandas as pd

from regulars.finding import Refusal
from regulars.rounding import plain, six_digits
from regulars.showing import picture


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
    regulars.report.interactive.Picture or pandas.DataFrame
        A plotly figure with ``.save("x.svg")``; the frame in the pipeline.
    """
    return _drawn("lines", frame, x=x, y=y, by=by, x_title=_words(x), y_title=_words(y), **looks)


def columns(frame: pd.DataFrame, x: str, values: list[str], **looks):
    """Columns of several values beside each other; parameters as of `lines`."""
    named = {name: _words(name) for name in values}
    return _drawn("columns", frame, x=x, values=named, x_title=_words(x), y_title=" and ".join(named.values()), **looks)


def dots(frame: pd.DataFrame, category: str, value: str, **looks):
    """One value per category, with its interval where ``low`` and ``high`` name its ends; parameters as of `lines`."""
    named = {"category": category, "label": _name, "x_title": _words(value)}
    return _drawn("dots", frame, value=value, **(named | looks))


def bars(frame: pd.DataFrame, category: str, value: str, **looks):
    """One bar per category; parameters as of `dots`."""
    named = {"category": category, "label": _name, "x_title": _words(value)}
    return _drawn("bars", frame, value=value, **(named | looks))


def _words(column: str) -> str:
    return column.replace("_", " ")


def _name(category) -> str:
    """A day without the hour at which it begins, a number with at most six digits."""
    told = plain(category)
    return six_digits(told) if isinstance(told, float) else str(told)


def _drawn(kind: str, frame: pd.DataFrame, **looks):
    return frame if isinstance(frame, Refusal) else picture(kind, frame, **looks)
