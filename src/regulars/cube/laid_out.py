"""A cube as it lies on the table: some levels down, some across, margins first; drilled, rotated and sliced anew."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from html import escape

import pandas as pd

from regulars.cube.aggregating import MEASURES, PEOPLE, aggregate, measures_of
from regulars.cube.facts import Facts
from regulars.errors import UserError

ALL = "(all)"  # a margin: over every member
HIDDEN = "–"
FORMATS = {"orders": "{:,.0f}", "customers": "{:,.0f}", "quantity": "{:,.10g}"}  # all others are money
MONEY = "{:,.2f}"


class Cube:
    """Measures by some levels down and others across, every margin with them; each method hands out a cube of its own.

    Parameters
    ----------
    facts : Facts
    rows, columns : str or sequence of str
        Levels laid down and across, of one hierarchy from coarse to fine.
    measures : str or sequence of str
        Of `regulars.cube.measures_of`.
    where : mapping, optional
        Level to the member, or the list of members, to which it is cut.

    Raises
    ------
    UserError
        Where a level, a member or a measure is not there, or levels of one hierarchy do not stand from coarse to fine.

    Examples
    --------
    >>> from regulars.engine.embedded import as_table
    >>> rows = as_table(pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "order_id": ["1", "2", "3"], "spend": [1.0, 2.0, 4.0],
    ...     "year": ["2024", "2025", "2025"], "month": ["2024-12", "2025-01", "2025-02"], "region": ["N", "N", "S"]}))
    >>> facts = Facts(rows, (("year", "month"), ("region",)), frozenset({"year", "month"}), least=1)
    >>> cube = Cube(facts, "year", "region", "customers")
    >>> cube.table().astype(int, errors="ignore")
    measure customers
    region      (all)    N    S
    year
    (all)         2.0  1.0  1.0
    2024          1.0  1.0  NaN
    2025          2.0  1.0  1.0

    Somebody who bought in both years is one customer: the margin is counted anew, it is no sum.

    >>> cube.drill("year", "2025").rotate().slice(region="S").table().index.tolist()
    ['(all)', 'S']
    >>> cube.drill("month")
    Traceback (most recent call last):
    regulars.errors.UserError: 'month' does not lie in the cube: there are year, region.
    """

    def __init__(
        self,
        facts: Facts,
        rows: str | Sequence[str] = (),
        columns: str | Sequence[str] = (),
        measures: str | Sequence[str] = ("spend",),
        *,
        where: Mapping[str, str | list] | None = None,
    ):
        self.facts, self.rows, self.columns = facts, _several(rows), _several(columns)
        self.measures, self.where = _several(measures), dict(where or {})
        for one in self.measures:
            if one not in measures_of(facts):
                raise UserError(f"{facts.name} has no measure '{one}': there are {', '.join(measures_of(facts))}.")
        self._chains = _chains(facts, self.rows, self.columns)
        self._cut = facts.where(self.where)

    # ---- another view of the same ----

    def drill(self, level: str, member: str | None = None) -> "Cube":
        """Lay the next finer level in place of one, as quarters in place of years.

        Parameters
        ----------
        level : str
            One that lies in the cube.
        member : str, optional
            Of this member alone.

        Raises
        ------
        UserError
            Where it does not lie in the cube, or nothing is finer.
        """
        cube = self._moved(level, 1)
        return cube.slice(**{level: member}) if member is not None else cube

    def roll_up(self, level: str) -> "Cube":
        """Lay the next coarser level in place of one; the coarsest leaves the cube."""
        return self._moved(level, -1)

    def rotate(self) -> "Cube":
        """Let rows and columns change places."""
        return self._other(rows=self.columns, columns=self.rows)

    def slice(self, **where: str | list | None) -> "Cube":
        """Cut to members, computed anew; None takes a cut back.

        Parameters
        ----------
        **where
            Level to the member, or a list of members.
        """
        return self._other(where={level: one for level, one in {**self.where, **where}.items() if one is not None})

    def show(self, *measures: str) -> "Cube":
        """Tell other measures."""
        return self._other(measures=measures)

    # ---- what it holds ----

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row per cell, margins among them.

        A column for each level (null: over all of its members), the measures, and ``hidden``: whether the cell is of
        fewer than ``privacy_min_cell`` customers, or one by which such could be told; its measures are then missing.
        """
        frame = aggregate(self._cut, self._chains, self.measures)
        shown = {one: frame[one].mask(frame["hidden"]) for one in self.measures}
        frame = frame.assign(**shown)
        return frame if PEOPLE in self.measures else frame.drop(columns=PEOPLE)

    def table(self) -> pd.DataFrame:
        """The cube as it is shown: members down and across, ``(all)`` first; what is hidden or empty is missing."""
        return self._pivot(self.measures)

    def _pivot(self, values: Iterable[str]) -> pd.DataFrame:
        cells, values = self.cells, list(values)
        for side in (self.rows, self.columns):  # a margin is over the last levels of a side
            known = cells[list(side)].notna().to_numpy()
            cells = cells[(known[:, 1:] <= known[:, :-1]).all(axis=1)]
        levels = [*self.rows, *self.columns]
        labels = cells[levels].astype(object).where(cells[levels].notna(), ALL)
        if not levels:
            return cells[values].set_axis([ALL]).rename_axis(columns="measure")
        keyed = cells[values].set_index(pd.MultiIndex.from_frame(labels)).rename_axis(columns="measure")
        wide = keyed.unstack(list(self.columns)) if self.rows else keyed.T.unstack().to_frame().T
        if not self.rows:
            wide = wide.set_axis([ALL]).reorder_levels(["measure", *self.columns], axis=1)
        elif len(self.rows) == 1:
            wide.index = wide.index.get_level_values(0)
        across = sorted(wide.columns, key=lambda one: _order(one, values))
        return wide.reindex(sorted(wide.index, key=_order))[across]

    def __repr__(self) -> str:
        """Laid out as text."""
        return self.table().to_string()

    def _repr_html_(self) -> str:
        table, hidden = self.table(), self._pivot(["hidden"])
        shown = pd.DataFrame(index=table.index, columns=table.columns, dtype=object)
        for at, name in enumerate(table.columns):
            measure = name[0] if isinstance(name, tuple) else name
            is_hidden = hidden[("hidden", *name[1:]) if isinstance(name, tuple) else "hidden"].eq(True)
            told = table.iloc[:, at].map(FORMATS.get(measure, MONEY).format).where(table.iloc[:, at].notna(), "")
            shown.isetitem(at, told.mask(is_hidden, HIDDEN))
        cut = "; ".join(f"{level}: {', '.join(_several(one))}" for level, one in self.where.items())
        note = (
            f"{HIDDEN} stands for fewer than {self.facts.least} customers, or for a cell by which such could be told."
        )
        return (
            f'<div class="mathjax_ignore">{f"<p>{escape(cut)}</p>" if cut else ""}{shown.to_html()}'
            f"<p>{note if self.cells['hidden'].any() else ''}</p></div>"
        )

    def _moved(self, level: str, by: int) -> "Cube":
        lying = (*self.rows, *self.columns)
        if level not in lying:
            raise UserError(f"'{level}' does not lie in the cube: there are {', '.join(lying) or 'no levels'}.")
        hierarchy = self.facts.hierarchy_of(level)
        place = hierarchy.index(level) + by
        if place >= len(hierarchy):
            raise UserError(f"Nothing is finer than {level}: its hierarchy is {', '.join(hierarchy)}.")
        other = [hierarchy[place]] if place >= 0 and hierarchy[place] not in lying else []

        def moved(side: tuple[str, ...]) -> list[str]:
            return [new for one in side for new in (other if one == level else [one])]

        return self._other(rows=moved(self.rows), columns=moved(self.columns))

    def _other(self, **differing) -> "Cube":
        kept = {name: getattr(self, name) for name in ("rows", "columns", "measures", "where")}
        return Cube(self.facts, **{**kept, **differing})


def _several(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _order(name, values: Sequence[str] = tuple(MEASURES)):
    """Margins before members, members by name, measures as they were asked for."""
    parts = name if isinstance(name, tuple) else (name,)
    return tuple((0, values.index(one)) if one in values else (one != ALL, one) for one in parts)


def _chains(facts: Facts, rows: Sequence[str], columns: Sequence[str]) -> list[list[str]]:
    chains: dict[tuple[str, ...], list[str]] = {}
    side_of: dict[tuple[str, ...], int] = {}
    for side, names in enumerate((rows, columns)):
        for level in names:
            hierarchy = facts.hierarchy_of(level)
            chain = chains.setdefault(hierarchy, [])
            if chain and (side_of[hierarchy] != side or hierarchy.index(chain[-1]) >= hierarchy.index(level)):
                raise UserError(
                    f"'{chain[-1]}' and '{level}' are of one hierarchy: lay both down or both across, each once, in "
                    f"this order: {', '.join(hierarchy)}."
                )
            chain.append(level)
            side_of[hierarchy] = side
    return list(chains.values())
