"""What a page is declared with: its sections in order, and of each how its charts and tables look.

A page is declared once, in ``regulars/pages/<page>.py``. What only the data can tell (which bar is picked out) comes
with the finding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from regulars.report.columns import as_formats


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
        Column to format, as `regulars.report.wording` explains.
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


@dataclass(frozen=True)
class Section:
    """One section of a page.

    Parameters
    ----------
    key : str
        Of the finding that it shows.
    parts : mapping
        Name of each of the finding's frames that is shown, in order, to how it looks.
    needs : str, optional
        Table without which nothing can be told; its own key where absent. Several sections that need the same say so
        once.
    """

    key: str
    parts: Mapping[str, Chart | Table]
    needs: str | None = None


def section(key: str, needs: str | None = None, **parts: Chart | Table) -> Section:
    """Declare a section; parameters as of `Section`, its charts and tables by name.

    Examples
    --------
    >>> section("tiers", steps=table(["tier", "customers"])).parts["steps"].columns
    {'tier': 'label:tier', 'customers': 'count'}
    """
    return Section(key, parts, needs)


@dataclass(frozen=True)
class Page:
    """One page: the stage whose findings it shows, its file, its sections in order.

    Parameters
    ----------
    stage : str
        Prefix of its wording.
    file : str
        Name in ``reports/<dataset>/``.
    sections : sequence of Section
    """

    stage: str
    file: str
    sections: Sequence[Section] = ()

    def section(self, key: str) -> Section | None:
        """The section of that key, or None."""
        return next((section for section in self.sections if section.key == key), None)
