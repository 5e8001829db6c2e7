"""Order logs that arrive damaged, mislabelled or laid out as nobody expects: each is made of its number alone."""

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from random import Random

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

HEAD = ["order", "customer", "day", "total"]
COMPRESSED = (".csv.gz", ".zip", ".xlsx", ".parquet")


def rows_of(random: Random, number: int = 40) -> list[list[str]]:
    return [
        [
            str(n),
            f"c{random.randrange(12)}",
            f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}",
            f"{random.randrange(1, 9999) / 100}",
        ]
        for n in range(1, number + 1)
    ]


def text_of(rows: list[list[str]], head=HEAD, mark: str = ",", end: str = "\n") -> str:
    return "".join(mark.join(row) + end for row in [head, *rows])


def written(rows: list[list[str]], kind: str) -> bytes:
    """A sound file of a kind."""
    text = text_of(rows)
    target = io.BytesIO()
    match kind:
        case ".csv.gz":
            return gzip.compress(text.encode(), mtime=0)
        case ".zip":
            return zipped({"orders.csv": text})
        case ".xlsx":
            book = openpyxl.Workbook()
            for row in [HEAD, *rows]:
                book.active.append(row)
            return saved(book)
        case ".parquet":
            pq.write_table(pa.table(dict(zip(HEAD, map(list, zip(*rows, strict=True)), strict=True))), target)
        case _:
            return text.encode()
    return target.getvalue()


def zipped(files: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name), content)  # without the time
    return target.getvalue()


def saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    with zipfile.ZipFile(target) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    return zipped(
        {name: re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2024-01-01T00:00:00Z", part) for name, part in parts.items()}
    )


def cut_short(random):
    """The copy ended early."""
    kind = random.choice([".csv", *COMPRESSED])
    whole = written(rows_of(random), kind)
    return kind, whole[: random.randrange(1, len(whole))]


def bytes_changed(random):
    """A bad disk."""
    kind = random.choice([".csv", *COMPRESSED])
    whole = bytearray(written(rows_of(random), kind))
    for _ in range(random.randrange(1, 20)):
        whole[random.randrange(len(whole))] = random.randrange(256)
    return kind, bytes(whole)


def other_name(random):
    """One kind of file under the name of another."""
    kind, name = random.sample([".csv", *COMPRESSED], 2)
    return name, written(rows_of(random), kind)


def no_table(random):
    """A picture, a page, a program, noise."""
    noise = random.randbytes(500)
    things = [
        b"\x89PNG\r\n\x1a\n" + noise,
        b"<!DOCTYPE html><table><tr><td>1</table>",
        b"\x7fELF" + noise,
        noise,
        b"{}",
    ]
    return random.choice([".csv", ".tsv", *COMPRESSED]), random.choice(things)


def other_encoding(random):
    """Not as most systems write."""
    rows = rows_of(random)
    rows[3][1] = random.choice(["Zoë", "李雷", "Жанна", "😀"])
    for encoding in random.sample(["utf-16", "utf-16-le", "utf-32", "latin-1", "gb18030", "cp1251", "utf-7"], 7):
        try:
            return ".csv", text_of(rows).encode(encoding)
        except UnicodeEncodeError:
            continue
    raise AssertionError


def other_delimiter(random):
    return random.choice([".csv", ".txt", ".tsv"]), text_of(rows_of(random), mark=random.choice("|;^~\t \x01")).encode()


def other_ends_of_lines(random):
    text = text_of(rows_of(random)).splitlines()
    return ".csv", "".join(
        line + random.choice(["\r", "\n", "\r\n", "\r\r\n", "\x85", "\u2028"]) for line in text
    ).encode()


def odd_header(random):
    """No header, blank cells, names twice, a line break in one, blank lines above."""
    heads = [rows_of(random, 1)[0], ["", *HEAD[1:]], ["order", "order", *HEAD[2:]], ['"or\nder"', *HEAD[1:]],
             [" order ", "CUSTOMER", "Day", "total "], ["", "", "", ""], ["\ufefforder", *HEAD[1:]]]  # fmt: skip
    return ".csv", ("\n" * random.randrange(3) + text_of(rows_of(random), head=random.choice(heads))).encode()


def ragged(random):
    rows = rows_of(random)
    for _ in range(random.randrange(1, 5)):
        row = random.choice(rows)
        row.append("more") if random.random() < 0.5 else row.pop()
    return ".csv", text_of(rows).encode()


def quotes(random):
    rows = rows_of(random)
    random.choice(rows)[random.randrange(4)] = random.choice(['"open', 'a"b', '""', '"a" b', "'", '"a""', '"""'])
    return ".csv", text_of(rows).encode()


def steering(random):
    rows = rows_of(random)
    random.choice(rows)[random.randrange(4)] += random.choice("\0\x1b\x07\x08\x1a\u202e\ufeff\u200b")
    return ".csv", text_of(rows).encode()


def nothing(random):
    """No byte, no row, no column."""
    kind = random.choice([".csv", *COMPRESSED])
    if kind in (".csv", ".csv.gz", ".zip"):
        text = random.choice(["", "\n", " \n \n", "\ufeff", text_of([]), ",,,\n,,,\n"])
        return kind, {
            ".csv": text.encode(),
            ".csv.gz": gzip.compress(text.encode(), mtime=0),
            ".zip": zipped({"a.csv": text}),
        }[kind]
    return kind, b"" if random.random() < 0.3 else written([], kind) if kind == ".xlsx" else parquet_of({})


def odd_archive(random):
    """Nothing inside, something else, several, a path that leads out, an archive in an archive."""
    text = text_of(rows_of(random))
    inside = [{}, {"read.me": "x"}, {"a.csv": text, "b.csv": text}, {"../../out.csv": text},
              {"a.csv": "x", "b.csv": text}, {"a.zip": "PK"}, {"__MACOSX/._a.csv": "x", "a.csv": text}]  # fmt: skip
    return ".zip", zipped(random.choice(inside))


def odd_sheet(random):
    """Formulas, errors, merged cells, true dates beside text, an empty first sheet, a title above."""
    book = openpyxl.Workbook()
    sheet, what = book.active, random.randrange(6)
    if what == 0:
        book.create_sheet("Orders")
        sheet = book["Orders"]
    if what == 1:
        sheet.append(["Orders of 2024"])
    for row in [HEAD, *rows_of(random)]:
        sheet.append(row)
    cell = sheet.cell(random.randrange(3, 20), random.randrange(1, 5))
    if what == 2:
        cell.value = random.choice(["=1/0", "=cmd|' /c calc'!A0", "#N/A", "#REF!", True, 1e300, "=HYPERLINK(A1)"])
    if what == 3:
        sheet.merge_cells("A3:B4")
    if what == 4:
        sheet.delete_cols(random.randrange(1, 5))
    return ".xlsx", saved(book)


def parquet_of(columns: dict) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def odd_columns(random):
    """Parquet whose mapped columns are lists, structs, bytes, all missing, durations, times of day."""
    columns = dict(zip(HEAD, map(list, zip(*rows_of(random), strict=True)), strict=True))
    column = random.choice(HEAD)
    odd = [pa.array([[1]] * 40), pa.array([{"a": 1}] * 40), pa.array([b"\xff\x00"] * 40), pa.nulls(40),
           pa.array([1] * 40, pa.duration("s")), pa.array([1] * 40, pa.time32("s")), pa.array([float("nan")] * 40),
           pa.array(["x"] * 40).dictionary_encode(), pa.array([2**63] * 40, pa.uint64()), pa.array([True] * 40),
           pa.array([1] * 40, pa.timestamp("ns", "Asia/Tokyo"))]  # fmt: skip
    return ".parquet", parquet_of(columns | {column: random.choice(odd)})


def odd_values(random):
    """Question marks, words, numbers of computers, money that is none."""
    rows = rows_of(random)
    odd = ["?", "NULL", "n/a", "1e3", "1E-7", "١٢", "12 50", "1e400", "0x1F", "1_000", "-", "--", "1.2.3", "9" * 40,
           "∞", "31/02/2024", "24:00", "2024-W05", "45321", "1e18", "true", "£10", "10 USD", "(5)", "½"]  # fmt: skip
    for _ in range(random.randrange(1, 12)):
        random.choice(rows)[random.randrange(4)] = random.choice(odd)
    return ".csv", text_of(rows).encode()


def huge(random):
    """A cell of a megabyte, thousands of columns, thousands of quotes."""
    rows = rows_of(random)
    what = random.randrange(3)
    if what == 1:
        return ".csv", text_of(
            [row + ["y"] * 3000 for row in rows], head=[*HEAD, *(f"x{n}" for n in range(3000))]
        ).encode()
    rows[5][1] = "x" * 1_000_000 if what == 0 else '"' * 5001
    return ".csv", text_of(rows).encode()


KINDS: tuple[Callable, ...] = (
    cut_short, bytes_changed, other_name, no_table, other_encoding, other_delimiter, other_ends_of_lines, odd_header,
    ragged, quotes, steering, nothing, odd_archive, odd_sheet, odd_columns, odd_values, huge,
)  # fmt: skip


def wrong_file(number: int) -> tuple[str, str, bytes]:
    """The wrong file of a number: its kind, how its name ends, and what is in it."""
    make = KINDS[number % len(KINDS)]
    return make.__name__, *make(Random(number))
