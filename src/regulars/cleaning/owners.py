"""Owners changed in bulk: who takes over what, as a file of changes says that stands beside the sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from regulars.catalog.places import edited_rows
from regulars.catalog.tables import TABLES
from regulars.engine.embedded import bring
from regulars.errors import UserError
from regulars.labels import Reason
from regulars.paths import project_root
from regulars.sources.raw import ROW

FOLDER = Path("data", "edits")
COLUMNS = ("table", "id", "from", "owner")
OWNED = ("prospects", "tickets", "activities", "customers")  # tables whose rows have an owner


@dataclass(frozen=True)
class OwnerChange:
    """One row of the file: the owner of one row, or of all that somebody has had, is somebody else from now on."""

    place: str
    table: str
    id: str
    before: str
    owner: str


def owners_file(dataset: str) -> Path:
    """Path from the project's root."""
    return FOLDER / f"{dataset}.owners.csv"


def read_owner_changes(dataset: str) -> list[OwnerChange]:
    """Changes of owners of a dataset, in their order; none where there is no file.

    Raises
    ------
    UserError
        That names file, row and what is wrong.
    """
    relative = owners_file(dataset)
    file = project_root() / relative
    if not file.is_file():
        return []
    rows = edited_rows(file)
    found = []
    for number, row in enumerate(rows, start=1):
        place = f"{relative.as_posix()}, row {number}"
        if set(row) != set(COLUMNS) or None in row.values():
            raise UserError(f"{place}: the columns are {', '.join(COLUMNS)}; write each row with all of them.")
        values = {name: str(row[name]).strip() for name in COLUMNS}
        if values["table"] not in OWNED:
            raise UserError(
                f"{place}, column table: '{values['table']}' has no owners; name one of {', '.join(OWNED)}."
            )
        if not values["owner"] or not (values["id"] or values["from"]):
            raise UserError(f"{place}: say who has it from now on (owner), and of which row (id) or of whom (from).")
        found.append(OwnerChange(place, values["table"], values["id"], values["from"], values["owner"]))
    return found


def with_owners(rows: ir.Table, name: str, changes: Sequence[OwnerChange]) -> ir.Table:
    """Kept rows with their owners as the changes say, and ``_edited``: the reason of those that changed.

    Parameters
    ----------
    rows : ibis Table
        Kept rows of a table: ``row``, its key, ``owner``.
    name : str
    changes : sequence of OwnerChange
        Of this table; later ones see what earlier ones did.

    Returns
    -------
    ibis Table

    Raises
    ------
    UserError
        Where a change names a row that is not there, or the table has no column ``owner``.
    """
    key = TABLES[name].key[0]
    if "owner" not in rows.columns:
        raise UserError(f"{changes[0].place}: {name} is supplied without a column owner; map one first.")
    held = rows.select(ROW, key=rows[key].cast("string"), owner=rows.owner).order_by(ROW).to_pyarrow()
    number, keys, owners = (held[column].to_pylist() for column in (ROW, "key", "owner"))
    place, was = {one: at for at, one in enumerate(keys)}, list(owners)
    for change in changes:
        if change.id and change.id not in place:
            raise UserError(f"{change.place}, column id: {name} has no '{change.id}'; take it from the file's own ids.")
        at = [place[change.id]] if change.id else [i for i, owner in enumerate(owners) if owner == change.before]
        for one in at:
            if not change.before or owners[one] == change.before:
                owners[one] = change.owner
    moved = [at for at in range(len(owners)) if owners[at] != was[at]]
    if not moved:
        return rows.mutate(_edited=ibis.null("string"))
    told = pa.table(
        {
            ROW: pa.array([number[at] for at in moved], pa.int64()),
            "_owner": pa.array([owners[at] for at in moved], pa.string()),
        }
    )
    changed = rows.left_join(bring(rows, told), ROW).drop(f"{ROW}_right")
    changed = changed.mutate(
        owner=ibis.coalesce(changed._owner, changed.owner),
        _edited=ibis.ifelse(changed._owner.notnull(), Reason.OWNER_CHANGED.value, ibis.null("string")),
    )
    return changed.drop("_owner").cache()
