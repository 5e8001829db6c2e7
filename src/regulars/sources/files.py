"""Files read as text: delimited, Excel and Parquet, each value as it stands there."""

import csv
import datetime as dt
import gzip
import io
import re
import zlib
from collections import deque
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from regulars.errors import UserError
from regulars.sources.encodings import find_encoding

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")


def read_text(file: Path, form: dict, label: str, zone: str = "UTC") -> tuple[tuple[str, ...], pa.Table]:
    """Read a file with every value as text without blanks around it, a missing one as the empty text.

    Parameters
    ----------
    file : Path
        .csv .tsv .txt, plain or .gz; .xlsx; .parquet.
    form : dict
        The ``format`` section of the table's mapping.
    label : str
        How messages name the file.
    zone : str
        Time zone in which moments that have one are written.

    Returns
    -------
    header : tuple of str
        Names of the columns in the file.
    data : pyarrow.Table
        Columns ``c0``, ``c1`` …, all text.

    Raises
    ------
    UserError
        Where the file cannot be read as what it claims to be.
    """
    if not file.is_file():
        raise UserError(f"{label} is not there: run the ingest stage again.")
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes[-1:] == [".parquet"]:
        header, data = _read_parquet(file, label, zone)
    elif suffixes[-1:] == [".xlsx"]:
        header, data = _read_excel(file, form, label)
    elif any(suffix in TEXT_SUFFIXES for suffix in suffixes[-2:]):
        header, data = _read_delimited(file, form, label, "\t" if ".tsv" in suffixes[-2:] else ",")
    else:
        raise UserError(f"{label}: files of this kind are not read; supply .csv, .tsv, .txt, .xlsx or .parquet.")
    _refuse_twins(header, label)
    return header, pa.table([pc.utf8_trim_whitespace(column) for column in data.columns], names=data.column_names)


def _refuse_twins(header: tuple[str, ...], label: str) -> None:
    seen = set()
    for name in header:
        if name.casefold() in seen:
            raise UserError(f"{label} has the column '{name}' twice; rename one of them.")
        seen.add(name.casefold())


def _engine_names(count: int) -> list[str]:
    return [f"c{i}" for i in range(count)]


def _read_delimited(file: Path, form: dict, label: str, default: str) -> tuple[tuple[str, ...], pa.Table]:
    delimiter = {"tab": "\t", "whitespace": "\t"}.get(form.get("delimiter", default), form.get("delimiter", default))
    quote = form.get("quote", '"')
    text = _text_of(file, form, label)
    skipped = form.get("skip_rows", 0)
    text = "".join(text.splitlines(keepends=True)[skipped:]) if skipped else text
    if not text.strip():
        raise UserError(f"{label} is empty; supply a file with a header and rows.")
    _refuse_open_quote(text, delimiter, quote, label, skipped)
    first = _first_row(text, delimiter, quote)
    has_header = form.get("header", True)
    header = tuple(name.strip() for name in first) if has_header else tuple(f"column{i + 1}" for i in range(len(first)))
    names = _engine_names(len(header))
    try:
        data, broken = _read_arrow(text, names, has_header, delimiter, quote)
        if broken:  # only a single thread counts its rows
            data, broken = _read_arrow(text, names, has_header, delimiter, quote, use_threads=False)
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise UserError(f"{label} cannot be read as a delimited text: {str(error).splitlines()[0]}") from None
        data, broken = pa.table({name: pa.array([], pa.string()) for name in names}), []
    if broken:
        row = broken[0]
        raise UserError(
            f"{label}, row {row.number - int(has_header)} below the header, has {row.actual_columns} values where the "
            f"header has {row.expected_columns} ({row.text[:60]!r}); mend the row, or the delimiter, quote and "
            "skip_rows in the mapping."
        )
    return header, data


def _refuse_open_quote(text: str, delimiter: str, quote: str, label: str, skipped: int) -> None:
    """Stop where a quote opens and never closes: all rows after it would be taken for one value."""
    if quote == "none" or text.count(quote) % 2 == 0:
        return
    begins = rf"(?:\A|(?<=[{re.escape(delimiter)}\r\n]))"
    quoted = re.escape(quote)
    fields = re.finditer(rf"{begins}{quoted}(?:[^{quoted}]|{quoted}{quoted})*+{quoted}?", text)
    last = next(iter(deque(fields, maxlen=1)), None)
    if last and last.end() == len(text) and last[0].count(quote) % 2:
        line = text.count("\n", 0, last.start()) + 1 + skipped
        raise UserError(
            f"{label}, line {line}: the quote before {last[0][1:21].splitlines()[0]!r} never closes; close it, or name "
            "another quote (or none) in the mapping."
        )


def _read_arrow(text: str, names: list[str], has_header: bool, delimiter: str, quote: str, use_threads: bool = True):
    """Rows of a delimited text, and those that have too few or too many values."""
    from pyarrow import csv as arrow_csv

    broken = []

    def note(row):
        broken.append(row)
        return "skip"

    data = arrow_csv.read_csv(
        pa.py_buffer(text.encode()),
        arrow_csv.ReadOptions(column_names=names, skip_rows=int(has_header), use_threads=use_threads),
        arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=False if quote == "none" else quote,
            newlines_in_values=True,
            invalid_row_handler=note,
        ),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    return data, broken


def _first_row(text: str, delimiter: str, quote: str) -> list[str]:
    quoting = {"quoting": csv.QUOTE_NONE} if quote == "none" else {"quotechar": quote}
    return next(csv.reader(io.StringIO(text[:1_000_000], newline=""), delimiter=delimiter, **quoting))


def _text_of(file: Path, form: dict, label: str) -> str:
    encoding = form.get("encoding", "utf-8")
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise UserError(f"{label} is not a gzip file, or is cut short; supply it again.") from None
    try:
        text = content.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise UserError(f"{label}: the mapping names the encoding '{encoding}', which is not known.") from None
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n")
        raise UserError(
            f"{label}, line {row + 1}, is not {encoding} (byte {content[error.start]:#04x}); "
            f"name its encoding in the mapping: it looks like {find_encoding(content)[0]}."
        ) from None
    if "\0" in text:
        row = text[: text.index("\0")].count("\n")
        raise UserError(f"{label}, line {row + 1}, holds a NUL character; is it a text file?")
    if form.get("delimiter") == "whitespace":
        text = "\n".join("\t".join(line.split()) for line in text.splitlines())
    return text


def _read_parquet(file: Path, label: str, zone: str) -> tuple[tuple[str, ...], pa.Table]:
    import pyarrow.parquet as pq

    try:
        data = pq.read_table(file)
    except pa.ArrowInvalid:
        raise UserError(f"{label} is not a Parquet file, or is damaged; supply it again.") from None
    header = tuple(data.column_names)
    texts = [_as_text(column, zone) for column in data.columns]
    return header, pa.table(texts, names=_engine_names(len(header)))


def _as_text(column: pa.ChunkedArray, zone: str) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        if column.type.tz:
            column = pc.local_timestamp(column.cast(pa.timestamp(column.type.unit, tz=zone)))
        column = column.cast(pa.timestamp("s"), safe=False)
    texts = column.cast(pa.string())
    if pa.types.is_floating(column.type):
        # 1e-05 and 1e+15, which no export to text would hold
        powers = pc.match_substring(texts, "e").combine_chunks()
        plain = [f"{value:.10f}" for value in column.filter(powers).to_pylist()]
        texts = pc.replace_with_mask(texts.combine_chunks(), pc.fill_null(powers, False), pa.array(plain, pa.string()))
        texts = pa.chunked_array([texts])
    return pc.fill_null(texts, "")


def _read_excel(file: Path, form: dict, label: str) -> tuple[tuple[str, ...], pa.Table]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, KeyError, OSError):
        raise UserError(f"{label} is not an Excel workbook, or is damaged; save it again as .xlsx.") from None
    sheet = form.get("sheet", book.sheetnames[0])
    if sheet not in book.sheetnames:
        raise UserError(f"{label} has no sheet '{sheet}'; it has {', '.join(book.sheetnames)}.")
    rows = [[_cell_text(value) for value in row] for row in book[sheet].iter_rows(values_only=True)]
    rows = [row for row in rows if any(row)][form.get("skip_rows", 0) :]
    if not rows:
        raise UserError(f"{label}, sheet '{sheet}', is empty; supply a sheet with a header and rows.")
    has_header = form.get("header", True)
    header = tuple(rows[0]) if has_header else tuple(f"column{i + 1}" for i in range(len(rows[0])))
    body = rows[int(has_header) :]
    columns = [pa.array([row[i] for row in body], pa.string()) for i in range(len(header))]
    return header, pa.table(columns, names=_engine_names(len(header)))


def _cell_text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value).strip()
