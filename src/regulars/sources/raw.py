"""Raw tables as the pipeline keeps them, and the manifest that says what came."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regulars.errors import UserError
from regulars.paths import project_root
from regulars.progress import tell
from regulars.sources.files import one_below_the_other, read_text
from regulars.sources.layout import laid_out
from regulars.sources.mapping import Mapping, columns_named
from regulars.sources.refunds import under_their_orders

if TYPE_CHECKING:
    import ibis.expr.types as ir


ROW = "row"


@dataclass(frozen=True)
class RawTable:
    """One table as it came: every value text, columns ``c0``, ``c1`` … and ``row``, counted from 1.

    The engine sees only our own column names, never those of the file, whatever they hold.

    Parameters
    ----------
    name : str
        Table name.
    data : pyarrow.Table or ibis Table
        Here, or where it lies in the engine.
    header : tuple of str
        Names of the columns in the file, in their order.
    files : tuple of (str, int)
        Path of each file from the project's root, and its number of rows.
    passed_over : dict
        What of the files is no row, as `regulars.sources.files.Text` has it.
    origin : pyarrow.Array, optional
        For each row the row of the files that it comes from, where that is another.
    """

    name: str
    data: "pa.Table | ir.Table" = field(repr=False)
    header: tuple[str, ...]
    files: tuple[tuple[str, int], ...]
    passed_over: dict = field(default_factory=dict)
    origin: pa.Array | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """How many rows came."""
        return len(self.origin) if self.origin is not None else sum(rows for _, rows in self.files)

    def engine_column(self, name: str) -> str:
        """Name in the engine of a column of the file."""
        return f"c{self.header.index(name)}"

    def place(self, row: int) -> str:
        """Where a row stands, in words: its file and its number below the header."""
        row = row if self.origin is None else self.origin[row - 1].as_py()
        for file, rows in self.files:
            if row <= rows:
                return f"{file}, row {row} below the header"
            row -= rows
        raise IndexError(row)


def raw_folder(dataset: str) -> Path:
    """Folder of a dataset's raw files, from the project's root."""
    return Path("data", "raw", dataset)


def _raw_label(dataset: str, file: str) -> str:
    return (raw_folder(dataset) / file).as_posix()


def read_manifest(dataset: str) -> dict:
    """What the ingest stage wrote down of a dataset's raw files.

    Raises
    ------
    UserError
        Where the dataset has not been ingested.
    """
    file = project_root() / raw_folder(dataset) / "manifest.json"
    if not file.is_file():
        raise UserError(f"{_raw_label(dataset, 'manifest.json')} is not there: run `regulars reports {dataset}`.")
    return json.loads(file.read_text(encoding="utf-8"))


def read_raw(mapping: Mapping, name: str, manifest: dict) -> RawTable:
    """Read one raw table as text, from where the pipeline keeps it.

    Parameters
    ----------
    mapping : Mapping
    name : str
        A table of the mapping.
    manifest : dict
        As `read_manifest` gives it.

    Returns
    -------
    RawTable

    Raises
    ------
    UserError
        Where the table was never ingested, or a file is absent, empty or unreadable, lacks a column of the mapping,
        or has other columns than the table's first file.
    """
    if name not in manifest["tables"]:
        raise UserError(f"data/raw/{mapping.name} has no table {name}: run the ingest stage again.")
    there = manifest["tables"][name]
    files, refunds = ([entry["file"] for entry in there.get(kind, [])] for kind in ("files", "refunds"))
    return read_files(mapping, name, project_root() / raw_folder(mapping.name), files, refunds=refunds)


def read_files(mapping: Mapping, name: str, folder: Path, files: list[str], *, refunds: Sequence[str] = ()) -> RawTable:
    """Read the files of a table as one, laid out as its mapping says.

    Parameters
    ----------
    mapping : Mapping
    name : str
        A table of the mapping.
    folder : Path
    files : list of str
        Their paths below the folder.
    refunds : sequence of str
        Paths of files of refunds that have columns of their own.

    Returns
    -------
    RawTable
    """
    table = mapping.tables[name]
    parts, back = (
        _read_each(mapping, name, folder, these, form=form)
        for these, form in ((files, table["format"]), (refunds, table["refunds"].get("format", table["format"])))
    )
    counts = tuple((label, part.data.num_rows) for label, part in (*parts, *back))
    whole = one_below_the_other(parts)
    check_header(mapping, name, whole.header, counts[0][0], without_text=whole.without_text)
    whole, origin = laid_out(whole, table)
    if back:
        money_back = one_below_the_other(back)
        _refuse_unknown(mapping, name, money_back.header, back[0][0])
        whole = under_their_orders(whole, money_back, table)
    data = whole.data.combine_chunks()
    if not data.num_rows:
        raise UserError(f"{counts[0][0]} has a header and no rows: table {name} is empty; supply rows or drop it.")
    data = data.append_column(ROW, pa.array(np.arange(1, data.num_rows + 1)))
    return RawTable(name, data, whole.header, counts, whole.passed_over, origin)


def _read_each(mapping: Mapping, name: str, folder: Path, files: Sequence[str], *, form: dict) -> list:
    """Each file under the name by which it is told, and its rows as text."""
    parts = []
    for file in files:
        label = _raw_label(mapping.name, file)
        parts.append((label, read_text(folder / file, form, label, mapping.time_zone)))
        tell(f"rows of {name}", sum(part.data.num_rows for _, part in parts))
    return parts


def _refuse_unknown(mapping: Mapping, name: str, header: tuple[str, ...], label: str) -> None:
    """Stop where a file of refunds lacks a column that the mapping names."""
    for target, column in mapping.tables[name]["refunds"]["columns"].items():
        if column not in header:
            close = get_close_matches(column, header, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(header[:20])}."
            raise UserError(
                f"{label} has no column '{column}', which {mapping.file} names under "
                f"{name}.refunds.columns.{target}; {hint}"
            )


def check_header(
    mapping: Mapping, name: str, header: tuple[str, ...], label: str, *, without_text: frozenset[str] = frozenset()
) -> None:
    """Stop where the mapping names a column that a table, called ``label``, does not have, or that holds no values."""
    for column, key in columns_named(mapping.tables[name]).items():
        where = (
            f"maps to {name}.{key.removeprefix('columns.')}"
            if key.startswith("columns.")
            else f"names under {name}.{key}"
        )
        named = f"which {mapping.file} {where}"
        if column in without_text:
            raise UserError(
                f"{label}: column '{column}', {named}, holds lists, records or bytes; map one of plain values."
            )
        if column not in header:
            close = get_close_matches(column, header, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(header[:20])}."
            if len(header) == 1 and re.search("[,;|\t]", header[0]):
                hint = f"its rows are read as one column, {header[0][:60]!r}: name its delimiter under format."
            raise UserError(f"{label} has no column '{column}', {named}; {hint}")
