"""How a file is written: its encoding, its delimiter, whether its first row names the columns."""

import csv
import io
import re
import tempfile
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from regulars.errors import UserError
from regulars.sources.databases import copy_table
from regulars.sources.delimited import unzipped
from regulars.sources.discovery import values
from regulars.sources.discovery.systems import system_of
from regulars.sources.encodings import find_encoding
from regulars.sources.files import EVERY_SHEET, TEXT_SUFFIXES, first_in_zip, read_text

TABLE_ROWS = 100_000  # of a database table that are looked at
LOOKED_AT = 200  # rows that the delimiter is judged by
START = 2_000_000  # characters of a file that these rows are taken from
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
MOSTLY = 0.8
FOOTER_LINES = 40  # at the end of a file that are looked at
TOTAL_WORDS = r"(?i)(grand )?total|sum|summe|gesamt|合计|总计|somme|totale"


@dataclass(frozen=True)
class Inspected:
    """A file that can be read, and how.

    Parameters
    ----------
    source : dict
        ``path``, or ``url`` and ``table``: where the mapping finds it.
    label : str
        What messages call it.
    form : dict
        The ``format`` section that reads it.
    header : tuple of str
    data : pyarrow.Table
        Columns ``c0``, ``c1`` …, all text.
    concluded, unsure : tuple of str
        What its bytes show, and what somebody has to look at.
    wordings : tuple of str
        What each column asks, where a row below the header says it.
    """

    source: dict
    label: str
    form: dict
    header: tuple[str, ...]
    data: pa.Table = field(repr=False)
    concluded: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()

    @property
    def is_ascii(self) -> bool:
        """Whether its bytes are the same in every encoding."""
        return "encoding ascii" in self.concluded

    def column(self, name: str) -> pa.ChunkedArray:
        """Values of a column of the file."""
        return self.data.column(self.header.index(name))


def inspect_file(file: Path, written: str) -> Inspected:
    """Find out how a file is written, and read it.

    Parameters
    ----------
    file : Path
    written : str
        Its path as the mapping has it.

    Returns
    -------
    Inspected

    Raises
    ------
    UserError
        Where there is nothing in it that can be read.
    """
    if not file.is_file():
        raise UserError(f"{written} is not there; name a file that is.")
    form, concluded, unsure = {}, [], []
    if file.suffix.lower() == ".xlsx":
        form, concluded, unsure = _sheet(file, written)
    elif any(suffix.lower() in TEXT_SUFFIXES for suffix in file.suffixes[-2:]):
        form, concluded, unsure = _text_form(unzipped(file, written), file, written)
    elif file.suffix.lower() == ".zip":
        form, concluded, unsure = _text_form(first_in_zip(file, written), file, written)
    read = read_text(file, form, written)
    header, data = read.header, read.data
    if not data.num_rows:
        raise UserError(f"{written} has a header and no rows; name a file that has some.")
    return Inspected(
        {"path": written},
        file.name,
        form,
        header,
        data,
        tuple(concluded),
        tuple(unsure),
        _wordings(file, form, written),
    )


def _wordings(file: Path, form: dict, written: str) -> tuple[str, ...]:
    """The row below the header of a questionnaire, which says what each column asks."""
    if not form.get("skip_below"):
        return ()
    above = {key: value for key, value in form.items() if key != "skip_below"}
    first = read_text(file, above | {"missing": []}, written).data.slice(0, 1).to_pylist()
    return tuple(first[0].values()) if first else ()


def inspect_table(url: str, table: str) -> Inspected:
    """Look at the first rows of a table of a database.

    Parameters
    ----------
    url : str
        As the mapping will have it: the password in an environment variable.
    table : str

    Returns
    -------
    Inspected
    """
    source = {"url": url, "table": table}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "table.parquet")
        copy_table(source, "UTC", file, f"table {table}", limit=TABLE_ROWS)
        read = read_text(file, {}, f"table {table}")
        header, data = read.header, read.data
    if not data.num_rows:
        raise UserError(f"table {table} has no rows; name a table that has some.")
    unsure = [f"only its first {TABLE_ROWS:,} rows were looked at"] if data.num_rows == TABLE_ROWS else []
    return Inspected(source, table, {}, header, data, (), tuple(unsure))


# ---- text files ------------------------------------------------------------------------------------------------


def _text_form(content: bytes, file: Path, written: str) -> tuple[dict, list[str], list[str]]:
    form, concluded, unsure = {}, [], []
    encoding, proof = find_encoding(content)
    if encoding not in ("utf-8", "ascii"):
        form["encoding"] = encoding
        if proof:
            unsure.append(f"its encoding was taken for {encoding}, which makes {proof!r} of one text: is that right?")
    concluded.append(f"encoding {encoding}")
    if "\0" in (text := content.decode(encoding, "replace")[:START]):
        return form, concluded, unsure  # reading it says where
    delimiter, rows = find_delimiter(text.lstrip("\ufeff"))
    default = "\t" if ".tsv" in [suffix.lower() for suffix in file.suffixes] else ","
    if delimiter != default:
        form["delimiter"] = {"\t": "tab"}.get(delimiter, delimiter)
    concluded.append(f"delimiter {DELIMITERS.get(delimiter, 'blanks')}")
    if above := lines_above(text.lstrip("\ufeff"), delimiter, rows):
        form["skip_rows"] = above
        unsure.append(f"the first {above} lines hold no table and are passed over: is the header the line below them?")
        width = _agreement(rows)[1]
        rows = rows[next(place for place, row in enumerate(rows) if len(row) == width) :]
    if not has_header(rows):
        form["header"] = False
        unsure.append("its first row holds values, so it names no columns: they are column1, column2 …")
        return form, concluded, unsure
    if known := system_of(rows[0]) if rows else None:
        form |= {"skip_below": known.below} if known.below else {}
    if below := lines_below(content.decode(encoding, "replace"), delimiter, len(rows[0]) if rows else 0):
        form["footer"] = below
        unsure.append(
            f"the last {below} filled lines hold no rows (totals, a signature) and are passed over: is it so?"
        )
    return form, concluded, unsure


def lines_below(text: str, delimiter: str, width: int) -> int:
    r"""How many filled lines stand below a table: of far fewer values than its rows, and a row of totals above them.

    Examples
    --------
    >>> lines_below("a,b,c,d\n1,2,3,4\n5,6,7,8\nTotal,,,12\n\nMade by: A. Analyst\n", ",", 4)
    2
    """
    if delimiter not in DELIMITERS or width < 3:
        return 0
    lines = [line for line in text[-START:].splitlines() if line.strip()][-FOOTER_LINES:]
    rows = [_values(line, delimiter) for line in lines]
    short = next((place for place, row in enumerate(reversed(rows)) if len(row) > width / 2), len(rows))
    if len(rows) <= short + 1:
        return 0
    last = rows[len(rows) - 1 - short]
    filled = [cell for cell in last if cell.strip()]
    is_total = len(last) == width and len(filled) <= width / 2 and re.match(TOTAL_WORDS, last[0].strip())
    return short + bool(is_total)


def find_delimiter(text: str) -> tuple[str, list[list[str]]]:
    r"""The character that parts a text into rows of equal length, and its first rows.

    Parameters
    ----------
    text : str

    Returns
    -------
    delimiter : str
        One of `DELIMITERS`, or whitespace.
    rows : list of list of str

    Examples
    --------
    >>> find_delimiter("a;b\n1,5;2\n")[0]
    ';'
    """
    found = {mark: _rows(text, mark) for mark in DELIMITERS}
    scores = {mark: _agreement(rows) for mark, rows in found.items()}
    best = max(scores, key=scores.get)
    if scores[best][1] > 1:
        return best, found[best]
    blanks = [line.split() for line in text.splitlines()[:LOOKED_AT] if line.strip()]
    return ("whitespace", blanks) if _agreement(blanks)[1] > 1 else (",", found[","])


def lines_above(text: str, delimiter: str, rows: list[list[str]]) -> int:
    r"""How many lines stand above a table: titles and blanks, which have fewer values than its rows.

    Examples
    --------
    >>> text = "Sales of 2024\n\na;b\n1;2\n3;4\n5;6\n7;8\n"
    >>> lines_above(text, *find_delimiter(text))
    2
    """
    width = _agreement(rows)[1]
    if delimiter not in DELIMITERS or width < 2 or not rows or len(rows[0]) >= width:
        return 0
    for place, line in enumerate(text.splitlines()):
        if len(_values(line, delimiter)) == width:
            return place
    return 0


def _values(line: str, delimiter: str) -> list[str]:
    """Values of one line; none where one is too long to be a title, a name or a total."""
    return next(iter(_rows(line, delimiter)), [])


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader, rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []
    try:
        for row in reader:
            rows += [row] if row else []
            if len(rows) == LOOKED_AT:
                break
    except csv.Error:  # a field that never ends, or is as long as a book: what came before it is enough
        pass
    return rows


def _agreement(rows: list[list[str]]) -> tuple[bool, int]:
    """Whether nearly all rows have the same number of values, more than one, and how many."""
    if not rows:
        return False, 0
    width, times = Counter(map(len, rows)).most_common(1)[0]
    agrees = times >= MOSTLY * len(rows) and width > 1
    return agrees, width if agrees else 0


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names columns: it holds neither numbers nor dates, and nothing twice or empty.

    Examples
    --------
    >>> has_header([["id", "paid"], ["1", "2.50"]]), has_header([["1", "2.50"], ["2", "3"]])
    (True, False)
    """
    cells = [cell.strip() for cell in rows[0]] if rows else []
    return not any(
        values.numbers([cell]).found or values.dates([cell], named_date=False).found for cell in cells if cell
    )


# ---- workbooks -------------------------------------------------------------------------------------------------


def _sheet(file: Path, written: str) -> tuple[dict, list[str], list[str]]:
    """The sheet with most rows; the others are named."""
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True)
    except (BadZipFile, KeyError, OSError):
        raise UserError(f"{written} is not an Excel workbook, or is damaged; save it again as .xlsx.") from None
    sizes = {sheet.title: sheet.max_row or 0 for sheet in book.worksheets}
    best = max(sizes, key=sizes.get)
    heads = {sheet.title: next(sheet.iter_rows(values_only=True, max_row=1), ()) for sheet in book.worksheets}
    first = book.sheetnames[0]
    twins = [name for name, head in heads.items() if any(head) and set(head) == set(heads[first])]
    if len(twins) > 1:
        rest = [name for name, size in sizes.items() if name not in twins and size > 1]
        told = [f"the sheets {', '.join(twins)} have the same columns and are read as one: is none of them a copy?"]
        told += [f"its sheets {', '.join(rest)} are not read"] if rest else []
        return {"sheet": EVERY_SHEET}, [f"{len(twins)} sheets"], told
    form = {} if best == book.sheetnames[0] else {"sheet": best}
    others = [name for name, size in sizes.items() if name != best and size > 1]
    unsure = [f"sheet '{best}' was taken; the others are {', '.join(others)}"] if others else []
    return form, [f"sheet '{best}'"], unsure


def same_name(text: str) -> str:
    """A column's name without what exports add to it: case, marks, width of letters, the clock of a time.

    Examples
    --------
    >>> same_name("CustomerID"), same_name("Ticket #"), same_name("Order-No."), same_name("Created (UTC)")
    ('customer_id', 'ticket', 'order_no', 'created')
    """
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"_(utc|gmt)$", "", re.sub(r"[\W_]+", "_", text.lower()).strip("_"))
