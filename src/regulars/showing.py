"""How results show themselves: as text, as tables in a live kernel, and as pictures.

In the pipeline, which nobody watches, nothing is drawn: a stage does not depend on how something looks.
"""

import os
import re
import sys
from collections.abc import Mapping
from html import escape
from importlib import import_module

import pandas as pd

from regulars.paths import STAGING_VARIABLE

CELLS = 10_000  # of a table that a live kernel shows: more are slow to draw, and to sort
ROWS = 8  # of a table that needs no box of its own
TINY = 1e-6
DAY = re.compile(r"<(t[dh])>(\d{4}-\d\d-\d\d[\d:. ]*)</")
SEARCH = "Only rows that say …"
STYLE = """<style>
.regulars th button { all: unset; cursor: pointer; }
.regulars th button:hover { text-decoration: underline; }
.regulars .left, .regulars th[scope=row], .regulars th[scope=col]:first-child, .regulars caption { text-align: left; }
.regulars th[aria-sort] button::after { content: " ▲"; font-size: 9px; }
.regulars th[aria-sort=descending] button::after { content: " ▼"; }
.regulars .day { white-space: nowrap; }
.regulars .long { max-height: 330px; overflow: auto; }
.regulars .long thead th { position: sticky; top: 0; background: var(--jp-layout-color0, #fff); }
.regulars tr[hidden] { display: none; }
.regulars .spark { width: 92px; height: 24px; }
.regulars .spark path { fill: none; stroke: currentColor; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
</style>"""


def live(shown: str, search: str = SEARCH) -> str:
    """What a live kernel shows: tables of the class ``sorts`` sort by a click on a heading, long ones find rows.

    JupyterLab would typeset what stands between two dollar signs as mathematics: the class keeps it from that.

    Parameters
    ----------
    shown : str
        HTML.
    search : str
        Says what the field above a long table is for.
    """
    script = ""
    if "<table" in shown:
        # loaded by a live kernel alone: no stage depends on how something looks
        script = f"{STYLE}<script>{import_module('regulars.report.render').sorting()}</script>"
    return f'<div class="mathjax_ignore regulars" data-search="{escape(search)}">{shown}{script}</div>'


def html(text: str, frames: Mapping[str, pd.DataFrame] | None = None) -> str | None:
    """A result as a live kernel shows it: its text and its tables; None in the pipeline.

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
    >>> html("worth <$12>").partition(" data")[0]
    '<div class="mathjax_ignore regulars"'
    """
    if os.environ.get(STAGING_VARIABLE):
        return None
    parts = [f"<pre>{escape(text, quote=False)}</pre>"]
    for name, frame in (frames or {}).items():
        parts.append(f"<p><b>{escape(name)}</b></p>{table(frame, na_rep='', float_format='{:.6g}'.format)}")
    return live("".join(parts))


def table(frame: pd.DataFrame, **looks) -> str:
    """A frame as HTML: with one heading a column it sorts, and what is longer than a screen lies in a box.

    Parameters
    ----------
    frame : pandas.DataFrame
    **looks
        What `pandas.DataFrame.to_html` takes.

    Returns
    -------
    str

    Examples
    --------
    >>> "sorts" in table(pd.DataFrame({"n": [2, 1]})), "2,000 of 9,000" in table(pd.DataFrame([range(5)] * 9000))
    (True, True)
    """
    most = max(ROWS, CELLS // max(1, frame.shape[1]))
    more = f"<p>{most:,} of {len(frame):,} rows: no others are sorted or found</p>" if len(frame) > most else ""
    more = more if len(frame) else "<p>no rows</p>"
    plain = frame.columns.nlevels == frame.index.nlevels == 1  # else cells span several rows or columns
    looks = looks if "float_format" in looks else {"formatters": _without_powers(frame)} | looks
    made = frame.head(most).to_html(border=0, classes="sorts" if plain else None, **looks)
    made = DAY.sub(r'<\1 class="day">\2</', made)
    box = "long" if len(frame) > ROWS else "short"
    return f'<div class="{box}">{made}</div>{more}'


def _without_powers(frame: pd.DataFrame) -> dict:
    """How to write columns that pandas would write in powers of ten, for the sake of one tiny number."""
    floats = frame.select_dtypes("float64")
    tiny = ((floats.abs() > 0) & (floats.abs() < TINY)).any()
    return dict.fromkeys(tiny.index[tiny], lambda value: "NaN" if pd.isna(value) else f"{value:.6g}")


def show_frames() -> None:
    """Let the kernel in which this runs, if any, show every frame as `table` makes it; not in the pipeline."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and not os.environ.get(STAGING_VARIABLE):
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, lambda frame: live(table(frame)))


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
    >>> "<pre>42</pre>" in Answer()._repr_html_()
    True
    """

    __slots__ = ()

    def _frames(self) -> dict[str, pd.DataFrame]:
        return {}

    def _repr_html_(self) -> str | None:
        return html(repr(self), self._frames())
