"""What a page is declared with: its sections in order, and of each how its charts and tables look.

A page is declared once, in ``regulars/pages/<page>.py``. What only the data can tell (which bar is picked out) comes
with the finding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from regulars.report.columns import as_formats

MOST_IN_FRONT = 7  # sections that a director reads
WORDS = "words"  # of a section in front that is told without a chart


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
    ``front`` names the columns that stand in front, where not all need be read there, and ``front_rows`` says how many
    rows do, if not the usual; the details have all of them. ``groups`` is a column of which each value heads its rows
    in front, where they stand together. ``if_known`` are columns that are left out where no row has a value: a stretch
    that nobody has been watched for, a table that was not supplied.
    """

    columns: Mapping[str, str]
    total: Sequence[str] = field(default=())
    rows: int | None = None
    front: Sequence[str] = ()
    front_rows: int | None = None
    groups: str | None = None
    if_known: Sequence[str] = ()

    def known(self, frame: pd.DataFrame, columns: Mapping[str, str] | None = None) -> dict[str, str]:
        """Columns to show of a frame, with formats over its own."""
        unknown = {name for name in self.if_known if frame[name].isna().all()}
        return {name: spec for name, spec in (self.columns | dict(columns or {})).items() if name not in unknown}


def chart(draw: Callable, columns: Mapping[str, str] | Sequence[str], across: str | None = None, **shown) -> Chart:
    """Say how a chart looks; parameters as of `Chart`, columns that look as usual by their names alone.

    Examples
    --------
    >>> chart(print, ["tier", "customers"], category="tier").columns
    {'tier': 'label:tier', 'customers': 'count'}
    """
    return Chart(draw, as_formats(columns), shown, across)


def table(
    columns: Mapping[str, str] | Sequence[str],
    total: Sequence[str] = (),
    rows: int | None = None,
    front: Sequence[str] = (),
    *,
    front_rows: int | None = None,
    groups: str | None = None,
    if_known: Sequence[str] = (),
) -> Table:
    """Say how a table looks; parameters as of `Table`, columns that look as usual by their names alone."""
    return Table(as_formats(columns), tuple(total), rows, tuple(front), front_rows, groups, tuple(if_known))


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
    front : bool or sequence of str
        Whether it stands in front: its title, one chart or table, and how sure. Names say which: the first of them that
        is told; True is the first of all, ``WORDS`` none. Whatever else it has
        stands in the details, linked, and so does all of a section that does not stand in front.
    chapter : str
        Of the details; wording ``<stage>.chapter.<chapter>`` or ``chapter.<chapter>``.
    nothing : sequence of str
        Verdicts that are findings of nothing: in front they are part of one closing line, in the words of
        ``<stage>.<key>.nothing``.
    unchecked : sequence of str
        Verdicts where there was nothing to check: with them a section stands in the details alone.
    instead_of : str, optional
        Key of a section in front: this one stands in front only where that one is not told, and counts as one with it.
    """

    key: str
    parts: Mapping[str, Chart | Table]
    needs: str | None = None
    front: bool | Sequence[str] = False
    chapter: str = "more"
    nothing: Sequence[str] = ()
    unchecked: Sequence[str] = ()
    instead_of: str | None = None

    @property
    def in_front(self) -> list[str]:
        """Names of the parts of which the first that is told stands in front."""
        return list(self.parts) if self.front is True else [name for name in self.front or () if name != WORDS]


def section(
    key: str,
    needs: str | None = None,
    *,
    front: bool | str | Sequence[str] = False,
    chapter: str = "more",
    nothing: str | Sequence[str] = (),
    unchecked: str | Sequence[str] = (),
    instead_of: str | None = None,
    **parts: Chart | Table,
) -> Section:
    """Declare a section; parameters as of `Section`, its charts and tables by name.

    Examples
    --------
    >>> tiers = section("tiers", front="steps", steps=table(["tier", "customers"]), best=table(["customer", "clv"]))
    >>> tiers.parts["steps"].columns, tiers.in_front
    ({'tier': 'label:tier', 'customers': 'count'}, ['steps'])
    """
    named = ((names,) if isinstance(names, str) else names for names in (front, nothing, unchecked))
    front, nothing, unchecked = named
    return Section(key, parts, needs, front, chapter, nothing, unchecked, instead_of)


@dataclass(frozen=True)
class Trend:
    """Line over time below a key figure, of what the stage tells anyway.

    Parameters
    ----------
    frame : str
        Section and name of the frame.
    at, value : str
        Columns of dates and of numbers; rows of one date are added up.
    unit : str
        A format of the wording.
    where : mapping
        Column to the value that a row must have to count.
    """

    frame: str
    at: str
    value: str
    unit: str
    where: Mapping[str, object] = field(default_factory=dict)

    def points(self, sections: Mapping) -> list[tuple[object, float]]:
        """Date and number, the oldest first, of told sections; fewer than two make no line."""
        section, _, name = self.frame.partition(".")
        frame = sections[section].frames.get(name) if section in sections else None
        if frame is None:
            return []
        for column, wanted in self.where.items():
            frame = frame[frame[column] == wanted]
        by_date = frame.dropna(subset=[self.value]).groupby(self.at)[self.value].sum()
        return list(zip(by_date.index, by_date.astype(float), strict=True)) if len(by_date) > 1 else []


@dataclass(frozen=True)
class Page:
    """One page, in front and in detail: the stage whose findings it shows, its file, its sections in order.

    Parameters
    ----------
    stage : str
        Prefix of its wording.
    file : str
        Name in ``reports/<dataset>/`` of what stands in front.
    sections : sequence of Section
        At most `MOST_IN_FRONT` of them in front, in this order; the details follow it within each chapter.
    trends : mapping
        Key of a tile to its line over time; what the line is: wording ``<stage>.tile.<key>.line``.
    scales : mapping
        Key of a tile to the ends of the scale that its bar stands for, where its unit does not say them.
    acts : bool
        Whether its stage can tell something to be done: if so and nothing pays, the page says that.

    Raises
    ------
    ValueError
        Where too many sections stand in front, or one names a part that it has not.
    """

    stage: str
    file: str
    sections: Sequence[Section] = ()
    trends: Mapping[str, Trend] = field(default_factory=dict)
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    acts: bool = True

    def __post_init__(self):
        front = [section for section in self.sections if section.front]
        if (many := len({section.instead_of or section.key for section in front})) > MOST_IN_FRONT:
            raise ValueError(f"the page of {self.stage} has {many} sections in front: at most {MOST_IN_FRONT}.")
        for section in front:
            unknown = [name for name in section.in_front if name not in section.parts]
            if unknown:
                raise ValueError(f"the page of {self.stage} declares no '{section.key}.{unknown[0]}' for its front.")

    @property
    def detail_file(self) -> str:
        """Name of what stands behind it.

        Examples
        --------
        >>> Page("value", "value.html").detail_file
        'value-detail.html'
        """
        return self.file.replace(".html", "-detail.html")

    def section(self, key: str) -> Section | None:
        """The section of that key, or None."""
        return next((section for section in self.sections if section.key == key), None)
