"""Delimited text: what stands above, between and below its rows, and the rows, each value as it stands there."""

import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from regulars.errors import UserError, printable
from regulars.sources.encodings import find_encoding

START = 1_000_000  # characters in which the header has to end
UNIT_SEPARATOR = "\x1f"  # in place of a delimiter that is more than one byte
WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030"}  # what exports of that name are written in
UTF8 = ("utf-8", "utf8")
NAMED = {"tab": "\t", "\\t": "\t", "whitespace": "\t"}
# what keeps a spreadsheet from counting: ="0012", =7, '0012, '=1+1
GUARDS = (("=", r'^="([^"]*)"$'), ("=", r"^=([0-9.+-]+)$"), ("'", r"^'([-=+@\t\r0-9].*)$"))


@dataclass(frozen=True)
class Lines:
    """A text cut into its parts."""

    header: tuple[str, ...]
    body: str
    above: int  # lines of the text before its rows
    footer: int  # filled lines below them


def read_delimited(content: bytes, form: dict, label: str) -> tuple[tuple[str, ...], pa.Table, dict]:
    """Rows of a delimited text.

    Parameters
    ----------
    content : bytes
    form : dict
        The ``format`` section of the table's mapping, with a delimiter.
    label : str
        How messages name the file.

    Returns
    -------
    header : tuple of str
    data : pyarrow.Table
        Columns ``c0``, ``c1`` …, all text.
    passed_over : dict
        How many lines are no rows, by where they stand: above, below (the header), footer.
    """
    text, delimiter, quote = _plain(text_of(content, form, label), form)
    lines = _cut(text, form, delimiter, quote, label)
    _refuse_open_quote(lines.body, delimiter, quote, label, lines.above)
    names = [f"c{i}" for i in range(len(lines.header))]
    try:
        data, broken = _read_arrow(lines.body, names, delimiter, quote)
        if broken:  # only a single thread counts its rows
            data, broken = _read_arrow(lines.body, names, delimiter, quote, use_threads=False)
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise UserError(f"{label} cannot be read as a delimited text: {str(error).splitlines()[0]}") from None
        data, broken = pa.table({name: pa.array([], pa.string()) for name in names}), []
    if broken:
        raise UserError(_broken(broken, lines, data, label))
    passed = {"above": form.get("skip_rows", 0), "below": form.get("skip_below", 0), "footer": lines.footer}
    return lines.header, unprotected(data), {place: count for place, count in passed.items() if count}


def text_of(content: bytes, form: dict, label: str) -> str:
    """Text of a file by the encoding that its mapping names.

    Raises
    ------
    UserError
        Where a byte is none of that encoding, or the encoding is not known.
    """
    encoding = form.get("encoding", "utf-8").lower().replace("_", "-")
    encoding = WIDER.get(encoding, encoding)
    try:
        text = content.decode("utf-8-sig" if encoding in UTF8 else encoding)
    except LookupError:
        raise UserError(f"{label}: the mapping names the encoding '{encoding}', which is not known.") from None
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        row = content[:start].count(b"\n")
        raise UserError(
            f"{label}, line {row + 1}, is not {encoding} (byte {content[start]:#04x}); "
            f"name its encoding in the mapping: it looks like {find_encoding(content)[0]}."
        ) from None
    if "\0" in text:
        row = text[: text.index("\0")].count("\n")
        raise UserError(f"{label}, line {row + 1}, holds a NUL character; is it a text file?")
    return text.lstrip("\ufeff")


def unzipped(file: Path, label: str) -> bytes:
    """Bytes of a file, without gzip where its name ends with .gz."""
    try:
        return gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise UserError(f"{label} is not a gzip file, or is cut short; supply it again.") from None


def _plain(text: str, form: dict) -> tuple[str, str, str]:
    """Text with a delimiter of one byte, the delimiter and the quote."""
    quote, given = form.get("quote", '"'), form.get("delimiter", "")
    delimiter = NAMED.get(given, given)
    if given == "whitespace":
        text = "\n".join("\t".join(line.split()) for line in text.splitlines())
    if delimiter and len(delimiter.encode()) > 1:
        marks = re.escape(delimiter)
        if quote == "none" or quote not in text:
            text = text.replace(delimiter, UNIT_SEPARATOR)
        else:
            q = re.escape(quote)
            text = re.sub(rf"{q}[^{q}]*+{q}|({marks})", lambda m: UNIT_SEPARATOR if m[1] else m[0], text)
        delimiter = UNIT_SEPARATOR
    return text, delimiter, quote


def _cut(text: str, form: dict, delimiter: str, quote: str, label: str) -> Lines:
    skipped, start = form.get("skip_rows", 0), 0
    for _ in range(skipped):
        start = text.find("\n", start) + 1 or len(text)
    blank = re.compile(r"[ \t]*\r?\n").match
    while found := blank(text, start):
        start, skipped = found.end(), skipped + 1
    if not text[start:].strip():
        raise UserError(f"{label} is empty; supply a file with a header and rows.")
    has_header = form.get("header", True)
    named, passed = (form.get("header_rows", 1) if has_header else 0), form.get("skip_below", 0)
    try:
        records, length, lines = _records(text[start : start + START], delimiter, quote, max(named, 1) + passed)
    except csv.Error:
        most = f"{csv.field_size_limit():,}"
        raise UserError(
            f"{label}, line {skipped + 1}: a value there has over {most} characters, or its quote never closes; mend "
            "it, or name another quote (or none), or skip_rows, in the mapping."
        ) from None
    header = names_of(records[:named], len(records[0])) if has_header else numbered(len(records[0]))
    if has_header or passed:
        start, skipped = start + length, skipped + lines
    end, footer = _end(text, start, form.get("footer"), quote)
    return Lines(header, text[start:end], skipped, footer)


def _records(text: str, delimiter: str, quote: str, count: int) -> tuple[list[list[str]], int, int]:
    """The first records of a text, the characters and the lines that they take."""
    quoting = {"quoting": csv.QUOTE_NONE} if quote == "none" else {"quotechar": quote}
    length = 0

    def lines() -> Iterator[str]:
        nonlocal length
        for line in io.StringIO(text, newline=""):
            length += len(line)
            yield line

    reader, records = csv.reader(lines(), delimiter=delimiter, **quoting), []
    while len(records) < count and (record := next(reader, None)) is not None:
        records.append(record)
    return records, length, reader.line_num


def names_of(rows: list[list[str]], width: int) -> tuple[str, ...]:
    r"""Names of columns from the rows of a header: one each, none empty, none twice.

    Parameters
    ----------
    rows : list of list of str
        A name that stands over several columns stands over the first of them; the last row is the lowest.
    width : int

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> names_of([["Id", "Total\n(EUR)", "", "id"]], 4)
    ('Id', 'Total (EUR)', 'column3', 'id (2)')
    >>> names_of([["", "Sales", ""], ["Shop", "2023", "2024"]], 3)
    ('Shop', 'Sales 2023', 'Sales 2024')
    >>> names_of([["\ufeffId", "\x1b[31mDay"]], 2)  # a mark of order that stands late, a sign that steers a terminal
    ('Id', '[31mDay')
    """
    width = max([width, *map(len, rows)])
    filled = []
    for number, row in enumerate(rows):
        cells = [" ".join(printable(cell).replace("\ufeff", "").split()) for cell in row] + [""] * (width - len(row))
        if number < len(rows) - 1:
            for place in range(1, width):
                cells[place] = cells[place] or cells[place - 1]
        filled.append(cells)
    names, times = [], {}
    for place, parts in enumerate(zip(*filled, strict=True), start=1):
        name = " ".join(dict.fromkeys(part for part in parts if part)) or f"column{place}"
        key = name.casefold()
        times[key] = times.get(key, 0) + 1
        while times[key] > 1 and f"{name} ({times[key]})".casefold() in times:
            times[key] += 1
        name = f"{name} ({times[key]})" if times[key] > 1 else name
        times.setdefault(name.casefold(), 1)
        names.append(name)
    return tuple(names)


def numbered(count: int) -> tuple[str, ...]:
    """Names of columns that have none.

    Examples
    --------
    >>> numbered(2)
    ('column1', 'column2')
    """
    return tuple(f"column{i + 1}" for i in range(count))


def _end(text: str, start: int, footer, quote: str) -> tuple[int, int]:
    """Where the rows end, and how many filled lines stand below them."""
    end = len(text)
    if footer is None:
        return end, 0
    if isinstance(footer, int):
        for _ in range(footer):
            end = text.rfind("\n", start, len(text[start:end].rstrip()) + start) + 1 or start
        return end, sum(bool(line.strip()) for line in text[end:].splitlines())
    opening = "" if quote == "none" else f"{re.escape(quote)}?"
    for found in re.finditer(rf"^{opening}(?:{footer})", text[start:], re.M):
        place = start + found.start()
        # not inside a value of several lines
        if quote == "none" or text.count(quote, start, place) % 2 == 0:
            return place, sum(bool(line.strip()) for line in text[place:].splitlines())
    return end, 0


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
        shown = (last[0][1:21].splitlines() or [""])[0]
        raise UserError(
            f"{label}, line {line}: the quote before {shown!r} never closes; close it, or name another quote (or none) "
            "in the mapping."
        )


def _read_arrow(text: str, names: list[str], delimiter: str, quote: str, *, use_threads: bool = True):
    """Rows of a delimited text, and those that have too few or too many values."""
    from pyarrow import csv as arrow_csv

    broken = []

    def note(row):
        broken.append(row)
        return "skip"

    data = arrow_csv.read_csv(
        pa.py_buffer(text.encode()),
        arrow_csv.ReadOptions(column_names=names, use_threads=use_threads),
        arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=False if quote == "none" else quote,
            newlines_in_values=True,
            invalid_row_handler=note,
        ),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    return data, broken


def _broken(broken: list, lines: Lines, data: pa.Table, label: str) -> str:
    row, rows = broken[0], data.num_rows + len(broken)
    told = (
        f"{label}, row {row.number} below the header, has {row.actual_columns} values where the header has "
        f"{row.expected_columns} ({row.text[:60]!r}); "
    )
    is_footer = all(2 * part.actual_columns <= part.expected_columns for part in broken)
    if is_footer and len(broken) == rows - row.number + 1 and row.number > 1:
        first = _totals(data, row.number)
        above = " (the row of totals above them is one of those)" if first else ""
        return (
            f"{told}it and what follows to the end is no row of the table: write footer: {len(broken) + bool(first)} "
            f"under format{above}, or mend it."
        )
    return f"{told}mend the row, or the delimiter, quote and skip_rows in the mapping."


def _totals(data: pa.Table, place: int) -> bool:
    """Whether the row before a place has a name and a number, and nothing else."""
    if place - 2 >= data.num_rows or place < 3:
        return False
    cells = [column[place - 2].as_py() for column in data.columns]
    return sum(bool(cell) for cell in cells) <= len(cells) / 2 and bool(re.match(r"[^\W\d]+", cells[0] or ""))


def unprotected(data: pa.Table) -> pa.Table:
    """Values without what keeps a spreadsheet from counting them: ``="0012"`` and ``'0012`` are 0012.

    Examples
    --------
    >>> unprotected(pa.table({"a": ['="0012"', "'-5", "'t is", "=7", "plain"]}))["a"].to_pylist()
    ['0012', '-5', "'t is", '7', 'plain']
    """
    for place, name in enumerate(data.column_names):
        column = data.column(place)
        guards = [guard for guard in GUARDS if pc.any(pc.starts_with(column, guard[0])).as_py()]
        for _, pattern in guards:
            column = pc.replace_substring_regex(column, pattern, r"\1")
        data = data.set_column(place, name, column) if guards else data
    return data
