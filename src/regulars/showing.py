"""How results show themselves: as text, as tables in a live kernel, and as pictures.

In the pipeline, which nobody watches, nothing is drawn: a stage does not depend on how something looks.
"""

import os
from collections.abc import Mapping
from html import escape
from importlib import import_module

import pandas as pd

from regulars.paths import STAGING_VARIABLE

ROWS = 10  # of a table, as it is shown


def html(text: str, frames: Mapping[str, pd.DataFrame] | None = None) -> str | None:
    """A result as a live kernel shows it: its text, and the first rows of its tables; None in the pipeline.

    JupyterLab would typeset what stands between two dollar signs as mathematics: the class keeps it from that.

    Parameters
    ----------
    text : str
    frames : mapping, optional
        Heading to table.

    Returns
    -------
    str or None

    Examples
    --------
    >>> html("worth <$12>")
    '<div class="mathjax_ignore"><pre>worth &lt;$12&gt;</pre></div>'
    """
    if os.environ.get(STAGING_VARIABLE):
        return None
    parts = [f"<pre>{escape(text, quote=False)}</pre>"]
    for name, frame in (frames or {}).items():
        more = f", {ROWS} of {len(frame):,} rows" if len(frame) > ROWS else ""
        table = frame.head(ROWS).to_html(border=0, na_rep="", float_format=lambda value: f"{value:.6g}")
        parts.append(f"<p><b>{escape(name)}</b>{more}</p>{table}")
    return f'<div class="mathjax_ignore">{"".join(parts)}</div>'


def picture(kind: str, frame: pd.DataFrame, **looks):
    """A frame drawn for whoever looks at it in a live kernel.

    Parameters
    ----------
    kind : str
        A function of `regulars.report.charts`.
    frame : pandas.DataFrame
    **looks
        What that function takes.

    Returns
    -------
    regulars.report.interactive.Picture or pandas.DataFrame
        A plotly figure with ``.save("x.svg")``; the frame in the pipeline.
    """
    if os.environ.get(STAGING_VARIABLE):
        return frame
    # loaded by a live kernel alone: no stage depends on how something looks
    draw = getattr(import_module("regulars.report.charts"), kind)
    return import_module("regulars.report.interactive").figure(draw(frame, **looks))


def forest(estimates: Mapping, x_title: str, from_zero: bool = False):
    """Estimates one below the other, each with its interval.

    Parameters
    ----------
    estimates : mapping
        Name to `regulars.statistics.intervals.Estimate`, or to another (value, low, high).
    x_title : str
        What they measure.
    from_zero : bool
        Whether the axis begins at zero.

    Returns
    -------
    regulars.report.interactive.Picture or pandas.DataFrame
        As of `picture`.
    """
    rows = [(str(name), *_three(told)) for name, told in estimates.items()]
    frame = pd.DataFrame(rows, columns=["name", "value", "low", "high"])
    return picture("dots", frame, category="name", value="value", low="low", high="high", x_title=x_title,
                   x_format="{:.3g}".format, from_zero=from_zero)  # fmt: skip


def _three(told) -> tuple[float, float, float]:
    return (told.value, told.low, told.high) if hasattr(told, "value") else tuple(told)[:3]


class Shown:
    """Mixin of results that show themselves in a notebook: their text, and their tables where `_frames` names any.

    Examples
    --------
    >>> class Answer(Shown):
    ...     def __repr__(self):
    ...         return "42"
    >>> Answer()._repr_html_()
    '<div class="mathjax_ignore"><pre>42</pre></div>'
    """

    __slots__ = ()

    def _frames(self) -> dict[str, pd.DataFrame]:
        return {}

    def _repr_html_(self) -> str | None:
        return html(repr(self), self._frames())
