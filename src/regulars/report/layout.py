"""How a page shows its charts and tables: which chart, which columns, how they look; kept out of the notebooks.

The layout of a page is ``regulars/pages/<page>.py``, a mapping from the key of a chart or table to what is said
here. What only the data can tell (which bar is picked out) the notebook gives beside the frame.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

from regulars.report.columns import as_formats

PAGE_OF = {"clean": "quality"}  # where a page is not called as its stage


class Word(str):
    """Key of a text that a chart shows, said when the chart is drawn: ``equal=Word("concentration.equal")``."""


@dataclass(frozen=True)
class Chart:
    """How one chart looks.

    Parameters
    ----------
    draw : callable
        A function of `regulars.report.charts`.
    columns : mapping
        Column to format, as `Report.table` takes it.
    shown : mapping
        What the function takes besides the frame.
    across : str, optional
        Column whose values become the headings of the table below the chart.
    """

    draw: Callable
    columns: Mapping[str, str]
    shown: Mapping
    across: str | None = None


@dataclass(frozen=True)
class Table:
    """How one table looks: column to format, the columns that add up, and how many rows a page shows if not the usual.

    More rows than usual are for a table of one row per class, where the last row is no less asked for than the first.
    """

    columns: Mapping[str, str]
    total: Sequence[str] = field(default=())
    rows: int | None = None


def chart(draw: Callable, columns: Mapping[str, str] | Sequence[str], across: str | None = None, **shown) -> Chart:
    """Say how a chart looks; parameters as of `Chart`, columns that look as usual by their names alone.

    Examples
    --------
    >>> chart(print, ["tier", "customers"], category="tier").columns
    {'tier': 'label:tier', 'customers': 'count'}
    """
    return Chart(draw, as_formats(columns), shown, across)


def table(columns: Mapping[str, str] | Sequence[str], total: Sequence[str] = (), rows: int | None = None) -> Table:
    """Say how a table looks; parameters as of `Table`, columns that look as usual by their names alone."""
    return Table(as_formats(columns), tuple(total), rows)


def layout_of(stage: str) -> Mapping[str, Chart | Table]:
    """Layout of a stage's page; empty where it has none.

    Examples
    --------
    >>> type(layout_of("value")["pyramid.steps"]).__name__, layout_of("nothing")
    ('Table', {})
    """
    name = f"regulars.pages.{PAGE_OF.get(stage, stage)}"
    return import_module(name).LAYOUT if find_spec(name) else {}
