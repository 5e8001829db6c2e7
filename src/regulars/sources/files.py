"""Files read as text: delimited, Excel and Parquet, each value as it stands there."""

import datetime as dt
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pyarrow as pa
import pyarrow.compute as pc

from regulars.errors import UserError
from regulars.sources.delimited import names_of, numbered, read_delimited, unzipped
from regulars.sources.mapping import listed

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
EVERY_SHEET = "*"


@dataclass(frozen=True)
class Text:
    """A file read with every value as text without blanks around it, a missing one as the empty text.

    Parameters
    ----------
    header : tuple of str
        Names of the columns in the file, each once.
    data : pyarrow.Table
        Columns ``c0``, ``c1`` …, all text.
    passed_over : dict
        What of the file is no row of the table: how many lines above, below (the header), footer; which sheets.
    without_text : frozenset of str
        Columns whose values are lists, records or bytes, which are read as empty.
    """

    header: tuple[str, ...]
    data: pa.Table = field(repr=False)
    passed_over: dict = field(default_factory=dict)
    without_text: frozenset[str] = frozenset()


def read_text(file: Path, form: dict, label: str, zone: str = "UTC") -> Text:
    """Read a file.

    Parameters
    ----------
    file : Path
        .csv .tsv .txt, plain, .gz or in a .zip; .xlsx; .parquet.
    form : dict
        The ``format`` section of the table's mapping.
    label : str
        How messages name the file.
    zone : str
        Time zone in which moments that have one are written.

    Returns
    -------
    Text

    Raises
    ------
    UserError
        Where the file cannot be read as what it claims to be.
    """
    if not file.is_file():
        raise UserError(f"{label} is not there: run the ingest stage again.")
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes[-1:] == [".parquet"]:
        read = _read_parquet(file, label, zone)
    elif suffixes[-1:] == [".xlsx"]:
        read = _read_excel(file, form, label)
    elif suffixes[-1:] == [".zip"]:
        read = _read_zip(file, form, label)
    elif any(suffix in TEXT_SUFFIXES for suffix in suffixes[-2:]):
        read = Text(*read_delimited(unzipped(file, label), _marked(form, suffixes), label))
    elif suffixes[-1:] == [".xls"]:
        raise UserError(f"{label}: workbooks of Excel 97 are not read; save it as .xlsx.")
    else:
        raise UserError(f"{label}: files of this kind are not read; supply .csv, .tsv, .txt, .xlsx or .parquet.")
    trimmed = [pc.utf8_trim_whitespace(column) for column in read.data.columns]
    return Text(read.header, pa.table(trimmed, names=read.data.column_names), read.passed_over, read.without_text)


def _marked(form: dict, suffixes: list[str]) -> dict:
    return {"delimiter": "\t" if ".tsv" in suffixes[-2:] else ","} | form


def one_below_the_other(parts: list[tuple[str, Text]]) -> Text:
    """Files, sheets or members of equal columns as one.

    Parameters
    ----------
    parts : list of (str, Text)
        How messages name each, and what it holds; columns may stand in another order.

    Raises
    ------
    UserError
        Where one has other columns than the first.
    """
    first, whole = parts[0]
    tables, passed = [], {}
    for label, part in parts:
        if set(part.header) != set(whole.header):
            odd = sorted(set(part.header) ^ set(whole.header))[:5]
            raise UserError(
                f"{label}: its columns differ from those of {first} ({', '.join(odd)}); give both the same, or map "
                "each to a table of its own."
            )
        places = [part.header.index(name) for name in whole.header]
        tables.append(pa.table([part.data.column(i) for i in places], names=whole.data.column_names))
        for place, found in part.passed_over.items():
            passed[place] = passed[place] + found if place in passed else found
    without_text = frozenset().union(*(part.without_text for _, part in parts))
    return Text(whole.header, pa.concat_tables(tables), passed, without_text)


def _engine_names(count: int) -> list[str]:
    return [f"c{i}" for i in range(count)]


def _read_zip(file: Path, form: dict, label: str) -> Text:
    """The delimited texts in an archive, which are parts of one table."""
    parts = []
    for name, content in _members(file, label).items():
        of = _marked(form, [suffix.lower() for suffix in Path(name).suffixes])
        parts.append((f"{label}, {name}", Text(*read_delimited(content, of, f"{label}, {name}"))))
    return one_below_the_other(parts)


def _members(file: Path, label: str) -> dict[str, bytes]:
    try:
        with ZipFile(file) as archive:
            names = sorted(
                name for name in archive.namelist()
                if Path(name).suffix.lower() in TEXT_SUFFIXES and not name.startswith("__MACOSX/")
            )  # fmt: skip
            contents = {name: archive.read(name) for name in names}
    except (BadZipFile, OSError, RuntimeError, NotImplementedError):
        raise UserError(f"{label} is not an archive that can be opened, or has a password; unpack it.") from None
    if not names:
        raise UserError(f"{label} holds no .csv, .tsv or .txt; unpack it, and name the files.")
    return contents


def first_in_zip(file: Path, label: str) -> bytes:
    """The first delimited text in an archive, by which the others are written as well."""
    return next(iter(_members(file, label).values()))


def _read_parquet(file: Path, label: str, zone: str) -> Text:
    import pyarrow.parquet as pq

    try:
        data = pq.read_table(file)
        data.validate(full=True)  # bytes that are no text would end the engine
        header = names_of([data.column_names], data.num_columns)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise UserError(f"{label} is not a Parquet file, or is damaged; supply it again.") from None
    texts = [_as_text(column, zone) for column in data.columns]
    without = frozenset(name for name, text in zip(header, texts, strict=True) if text is None)
    empty = pa.chunked_array([pa.repeat("", data.num_rows)])
    return Text(
        header,
        pa.table([empty if text is None else text for text in texts], names=_engine_names(len(header))),
        without_text=without,
    )


def _as_text(column: pa.ChunkedArray, zone: str) -> pa.ChunkedArray | None:
    """Values as text; None where they are lists, records or bytes that are no text."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        if column.type.tz:
            column = pc.local_timestamp(column.cast(pa.timestamp(column.type.unit, tz=zone)))
        column = column.cast(pa.timestamp("s"), safe=False)
    try:
        texts = column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        # 1e-05, 1e+15 and 1E+3, which no export to text would hold
        powers = pc.match_substring(texts, "e", ignore_case=True).combine_chunks()
        powers = pc.and_(powers, pc.is_finite(column.combine_chunks())) if pa.types.is_floating(column.type) else powers
        plain = [f"{value:.10f}" for value in column.filter(powers).to_pylist()]
        texts = pc.replace_with_mask(texts.combine_chunks(), pc.fill_null(powers, False), pa.array(plain, pa.string()))
        texts = pa.chunked_array([texts])
    return pc.fill_null(texts, "")


# ---- workbooks -------------------------------------------------------------------------------------------------


def open_workbook(file: Path, label: str):
    """A workbook, to be read row by row."""
    from openpyxl import load_workbook

    try:
        return load_workbook(io.BytesIO(file.read_bytes()), read_only=True, data_only=True)
    except (BadZipFile, KeyError, OSError, ValueError):
        raise UserError(f"{label} is not an Excel workbook, or is damaged; save it again as .xlsx.") from None


def _read_excel(file: Path, form: dict, label: str) -> Text:
    book = open_workbook(file, label)
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    named = listed(form["sheet"]) if "sheet" in form else []
    for name in named:
        if name not in (*sheets, EVERY_SHEET):
            raise UserError(f"{label} has no sheet '{name}'; it has {', '.join(sheets)}.")
    first = named[0] if named and named[0] != EVERY_SHEET else next(iter(sheets))
    twins = [name for name in sheets if name != first and named in ([], [EVERY_SHEET])]
    header = _header_of(sheets[first], form)
    twins = [name for name in twins if set(_header_of(sheets[name], form)) == set(header) and header]
    if twins and not named:
        every = ", ".join(f"'{name}'" for name in (first, *twins))
        raise UserError(
            f'{label} has {len(twins) + 1} sheets of the same columns ({every}): write sheet: "*" under format to read '
            "all of them, or name those that count."
        )
    wanted = named if named and named != [EVERY_SHEET] else [first, *twins]
    parts = [
        (f"{label}, sheet '{name}'", _read_sheet(sheets[name], form, f"{label}, sheet '{name}'")) for name in wanted
    ]
    whole = one_below_the_other(parts)
    left = [name for name in sheets if name not in wanted and next(_filled(sheets[name]), None)]
    passed = whole.passed_over | ({"sheets": left} if left else {})
    return Text(whole.header, whole.data, passed)


def _filled(sheet):
    """Rows of a sheet that hold something, as texts."""
    for row in sheet.iter_rows(values_only=True):
        texts = [_cell_text(value) for value in row]
        if any(texts):
            yield texts


def _header_of(sheet, form: dict) -> tuple[str, ...]:
    rows = _filled(sheet)
    for _ in range(form.get("skip_rows", 0)):
        next(rows, None)
    count = form.get("header_rows", 1) if form.get("header", True) else 1
    first = [row for _, row in zip(range(count), rows, strict=False)]
    if not first:
        return ()
    return names_of(first, len(first[0])) if form.get("header", True) else numbered(len(first[0]))


def _read_sheet(sheet, form: dict, label: str) -> Text:
    header = _header_of(sheet, form)
    if not header:
        raise UserError(f"{label}, is empty; supply a sheet with a header and rows.")
    above, below = form.get("skip_rows", 0), form.get("skip_below", 0)
    named = form.get("header_rows", 1) if form.get("header", True) else 0
    body = list(_filled(sheet))[above + named + below :]
    footer = form.get("footer")
    end = len(body) - footer if isinstance(footer, int) else len(body)
    if isinstance(footer, str):
        begins = re.compile(footer)
        end = next((i for i, row in enumerate(body) if begins.match(next(filter(None, row)))), end)
    passed = {"above": above, "below": below, "footer": len(body) - max(end, 0)}
    body = body[: max(end, 0)]
    width = len(header)
    columns = [pa.array([row[i] if i < len(row) else "" for row in body], pa.string()) for i in range(width)]
    data = pa.table(columns, names=_engine_names(width))
    return Text(header, data, {place: count for place, count in passed.items() if count})


def _cell_text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, float):
        text = repr(value)
        return f"{value:.10f}" if "e" in text else text
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value).strip()
