"""Where tables and records lie, and their bytes: the same for the same content."""

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from regulars.catalog.tables import TABLES
from regulars.errors import UserError, printable
from regulars.paths import found, output_root
from regulars.rounding import plain, round_frame

# what begins so a spreadsheet may compute; behind apostrophes, so that one that was there is told from ours
FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
RETURN = re.compile(r"\r\n?")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*%?")


def path(name: str, dataset: str) -> Path:
    """Absolute path of a table as the pipeline last left it."""
    return found(TABLES[name].relative_path(dataset))


def exists(name: str, dataset: str) -> bool:
    """Whether the dataset supplies this table."""
    return path(name, dataset).is_file()


def write_parquet(frame: pd.DataFrame, relative_path: Path | str, kinds: dict[str, pa.DataType] | None = None) -> Path:
    """Write a frame as Parquet, the same bytes for the same rows."""
    target = output_root() / relative_path
    target.parent.mkdir(parents=True, exist_ok=True)
    exact = [column for column, kind in (kinds or {}).items() if pa.types.is_decimal(kind) and column in frame]
    plain_frame = frame.reset_index(drop=True)
    plain_frame = round_frame(plain_frame.drop(columns=exact)).join(plain_frame[exact])[list(frame)]
    fields = [
        pa.field(column, (kinds or {}).get(column) or pa.Array.from_pandas(plain_frame[column]).type)
        for column in plain_frame
    ]
    arrays = [pa.Array.from_pandas(plain_frame[f.name], type=_castable(f.type)).cast(f.type) for f in fields]
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), target, compression="zstd")
    return target


def _castable(kind: pa.DataType) -> pa.DataType | None:
    return pa.timestamp("us") if pa.types.is_date(kind) else pa.float64() if pa.types.is_decimal(kind) else kind


def write_csv(frame: pd.DataFrame, relative_path: Path | str) -> Path:
    """Write a frame as CSV: plain names, floats with 10 significant digits, ISO dates."""
    target = output_root() / relative_path
    target.parent.mkdir(parents=True, exist_ok=True)
    rounded = round_frame(frame)
    floats = rounded.select_dtypes("float").columns
    safe = harmless(rounded)
    text = {
        shown: rounded[name].map(_shortest, na_action="ignore").astype("string")
        for name, shown in zip(rounded, safe, strict=True)
        if name in floats
    }
    safe.assign(**text).to_csv(target, index=False, lineterminator="\n", encoding="utf-8")
    return target


def harmless(frame: pd.DataFrame, exact: bool = False) -> pd.DataFrame:
    """Text and names of columns that a spreadsheet would take for a formula, with an apostrophe before them.

    Numbers stay, also those that came as text. `as_it_was` undoes it.

    Parameters
    ----------
    frame : pandas.DataFrame
    exact : bool
        Whether characters that steer a terminal stay: ids that are to be found again hold what they hold.

    Examples
    --------
    >>> harmless(pd.DataFrame({"name": ["=1+1", "'=1", "-5", "tea"], "n": [-1, 2, 3, 4]}))["name"].tolist()
    ["'=1+1", "''=1", '-5', 'tea']
    """

    def written(text: str) -> str:
        text = text if exact else printable(RETURN.sub("\n", text))  # a bare return would end the row
        return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text

    return _mapped(frame, written)


def csv_text(frame: pd.DataFrame, exact: bool = False) -> str:
    """A table that people open, and may write in, as CSV; `harmless`. `edited_rows` reads it again."""
    return harmless(frame, exact).to_csv(index=False, lineterminator="\n")


def as_it_was(frame: pd.DataFrame) -> pd.DataFrame:
    """Text and names of columns as they were before `harmless`.

    Examples
    --------
    >>> as_it_was(pd.DataFrame({"name": ["'=1+1", "''=1", "-5", "'tis"]}))["name"].tolist()
    ['=1+1', "'=1", '-5', "'tis"]
    """
    return _mapped(frame, text_as_it_was)


def text_as_it_was(text: str) -> str:
    """Text of a cell as it was before `harmless`."""
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text


def edited_rows(file: Path) -> list[dict[str, str]]:
    r"""Rows of a CSV file in which people write, with a spreadsheet or without: text as it was before `csv_text`.

    Examples
    --------
    >>> file = getfixture("tmp_path") / "owners.csv"
    >>> _ = file.write_text("from,owner\n'=1+1,-5\n")
    >>> edited_rows(file)
    [{'from': '=1+1', 'owner': '-5'}]
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    # a row that is too short or too long has cells that are no text: whoever reads it says so
    return [
        {name: text_as_it_was(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows
    ]


def _mapped(frame: pd.DataFrame, change) -> pd.DataFrame:
    def of(value):
        return change(value) if isinstance(value, str) else value

    texts = [name for name in frame if not is_numeric_dtype(frame[name]) and not is_datetime64_any_dtype(frame[name])]
    changed = {name: frame[name].map(of, na_action="ignore") for name in texts}
    return frame.assign(**changed).rename(columns=of)


def _shortest(value: float) -> str:
    return f"{value:.10g}"


def write_json(content, relative_path: Path | str) -> Path:
    """Write JSON: floats rounded to 10 significant digits, missing values as null, keys in the order given."""
    target = output_root() / relative_path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


def read_json(relative_path: Path | str):
    """Read JSON that the pipeline wrote.

    Raises
    ------
    UserError
        Where it is absent.
    """
    file = found(relative_path)
    if not file.is_file():
        raise UserError(f"{relative_path} is not there: run `regulars reports`.")
    return json.loads(file.read_text(encoding="utf-8"))
