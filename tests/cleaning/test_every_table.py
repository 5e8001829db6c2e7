"""Random dirty rows of every table: each row's fate, the ledger and what is kept are those worked in plain Python."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars import cleaning
from regulars.engine.embedded import fetch
from regulars.paths import STAGING_VARIABLE
from regulars.sources.mapping import parse_mapping
from regulars.sources.raw import ROW, RawTable
from worked_tables import TABLES, texts_of, worked

SEED, ROWS = 20261130, 40
ORDERS = ("order_id", "customer_id", "ordered_at", "amount")
SURE = [("S1", "sure", "2024-01-01", "2.5"), ("S2", "sure", "2024-12-30", "2.5")]
TOGETHER, RUNS = 75, 6  # logs of each table that are cleaned together, and how often: 450 × 23 tables are over 10,000


def raw(name: str, columns: tuple, rows: list[tuple]) -> RawTable:
    cells = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    names = [*(f"c{i}" for i in range(len(columns))), ROW]
    return RawTable(
        name, pa.table([*cells, pa.array(range(1, len(rows) + 1))], names=names), columns, ((f"{name}.csv", len(rows)),)
    )


def cleaned_with(texts: dict[str, list[tuple]]) -> cleaning.Cleaned:
    columns = {"orders": ORDERS} | {table.name: tuple(column.name for column in table.columns) for table in TABLES}
    mapping = parse_mapping(
        {"title": "Random", "currency": "EUR", "time_zone": "UTC", "simulated": True, "on_unreadable": "reject",
         "observation_end": "2024-12-31",
         "tables": {name: {"path": f"{name}.csv", "columns": {one: one for one in columns[name]}} for name in columns}},
        "random",
    )  # fmt: skip
    rows = {"orders": SURE} | texts
    return cleaning.clean_tables(mapping, lambda name: raw(name, columns[name], rows[name]))


def plain(value):
    """A value as it is compared, whatever type the file gives it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return round(float(value), 4) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


def expected(table, row):
    found = {}
    for column in table.columns:
        value = row.values[column.name]
        found[column.name] = value.date() if column.kind == "date" and value is not None else plain(value)
    return found


def rows_hold(numbers: range, folder: Path) -> None:
    texts: dict[str, list[tuple]] = {table.name: [] for table in TABLES}
    for number in numbers:
        random = Random(SEED + number)
        for table in TABLES:
            texts[table.name] += texts_of(table, random, ROWS, number)
    cleaned = cleaned_with(texts)
    cleaning.save(cleaned)
    for table in TABLES:
        rows = worked(table, texts[table.name])
        account = cleaned.ledger["tables"][table.name]
        assert account["rows"]["raw"] == len(rows)
        fates = Counter(row.fate for row in rows)
        assert {fate: account["rows"][fate] for fate in ("kept", "merged", "rejected")} == {
            fate: fates[fate] for fate in ("kept", "merged", "rejected")
        }, table.name
        changed = fetch(cleaned.changed[table.name]).to_pylist() if table.name in cleaned.changed else []
        assert {row["row"]: (row["fate"], row["reason"]) for row in changed} == {
            row.number: (row.fate, row.reason) for row in rows if row.reason
        }, table.name
        file = folder / f"data/clean/random/{table.name}.parquet"
        kept = [{name: as_compared(value) for name, value in one.items()} for one in pq.read_table(file).to_pylist()]
        known = [expected(table, row) for row in rows if row.fate == "kept"]
        left, over = Counter(map(str, kept)), Counter(map(str, known))
        assert (left - over, over - left) == (Counter(), Counter()), table.name


def as_compared(value):
    return value if isinstance(value, date) and not isinstance(value, datetime) else plain(value)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(STAGING_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("run", [0, *(pytest.param(run, marks=pytest.mark.full) for run in range(1, RUNS))])
def test_every_row_of_every_table_is_accounted_for(folder, run):
    rows_hold(range(run * TOGETHER, (run + 1) * TOGETHER), folder)
