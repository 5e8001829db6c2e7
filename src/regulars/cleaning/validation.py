"""Clean tables to Parquet, and their check by the engine: no table passes through a frame of pandas on the way."""

from collections.abc import Iterable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.catalog.schemas import limits_of, rule_broken
from regulars.catalog.tables import ARROW_TYPES, TABLES, Column
from regulars.engine.embedded import embedded, in_parts
from regulars.errors import UserError
from regulars.paths import output_root
from regulars.rounding import round_significant

IBIS_TYPES = {
    "text": "string",
    "int": "int64",
    "float": "float64",
    "money": "decimal(18, 4)",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp(6)",
}
FILE_ROW = "file_row_number"  # DuckDB's own count of the rows of a file


@cache
def schema(name: str):
    """Schema of a clean table for the engine (pandera's Ibis backend): types, columns, missing values.

    Parameters
    ----------
    name : str
        A clean table in `regulars.catalog.TABLES`.

    Returns
    -------
    pandera.ibis.DataFrameSchema
        Without limits, which pandera 0.35 takes through frames, and without the key, which it seeks by a window over
        all rows; `check` asks for both by aggregates.
    """
    import pandera.ibis as pa_schema

    columns = {
        column.name: pa_schema.Column(
            ibis.dtype(IBIS_TYPES[column.kind]), nullable=column.nullable, required=column.required
        )
        for column in TABLES[name].columns
    }
    return pa_schema.DataFrameSchema(columns, name=name)


def check(file: Path, name: str) -> None:
    """Check a Parquet file against the schema of its table, in embedded DuckDB.

    Parameters
    ----------
    file : pathlib.Path
    name : str
        A clean table in `regulars.catalog.TABLES`.

    Raises
    ------
    UserError
        The sentence of `regulars.catalog.validate`: the table, the column, the first offending row and its value.
    """
    from pandera.errors import SchemaError, SchemaErrors

    rows = embedded().read_parquet(file, table_name=ibis.util.gen_name("checked"), file_row_number=True)
    if not rows.count().to_pyarrow().as_py():  # all was rejected: the engine would say that a value lacks, of no row
        return
    try:
        schema(name).validate(rows)
    except (SchemaError, SchemaErrors) as error:
        raise UserError(_sentence(rows, name, getattr(error, "schema_errors", [error])[0])) from None
    _check_limits(rows, name)
    key = list(TABLES[name].key)
    repeated = rows.group_by(key).aggregate(times=rows.count())
    if repeated.filter(repeated.times > 1).count().to_pyarrow().as_py():
        raise UserError(rule_broken(name, name, "multiple_fields_uniqueness"))


def _check_limits(rows: ir.Table, name: str) -> None:
    from pandera.pandas import Check

    columns = [column for column in TABLES[name].columns if column.name in rows.columns]
    rules = [(column, rule) for column in columns for rule in limits_of(column, Check)]
    if not rules:
        return
    counts = rows.aggregate(**{f"rule_{i}": _broken(rows, *rule).sum() for i, rule in enumerate(rules)})
    for (column, rule), count in zip(rules, counts.to_pyarrow().to_pylist()[0].values(), strict=True):
        if count:
            raise UserError(_at_first(rows, name, column, rule))


def _at_first(rows: ir.Table, name: str, column: Column, rule) -> str:
    broken = rows.filter(_broken(rows, column, rule)).order_by(FILE_ROW).limit(1)
    first = broken.select(row=FILE_ROW, value=column.name).to_pyarrow().to_pylist()[0]
    return rule_broken(name, column.name, rule, **first)


def _sentence(rows: ir.Table, name: str, error) -> str:
    column = TABLES[name].column(str(getattr(error.schema, "name", None)))
    if column is None or error.check != "not_nullable":
        return rule_broken(name, str(getattr(error.schema, "name", None)), error.check)
    return _at_first(rows, name, column, error.check)


def _broken(rows: ir.Table, column: Column, rule) -> ir.BooleanValue:
    """Whether a row breaks the rule."""
    value = rows[column.name]
    match rule if isinstance(rule, str) else rule.name:
        case "not_nullable":
            return value.isnull()
        case "greater_than_or_equal_to":
            return value < column.low
        case "less_than_or_equal_to":
            return value > column.high
    return value.notin([str(choice) for choice in column.choices])


def save(rows: ir.Table, name: str, dataset: str) -> Path:
    """Write a clean table, sorted by its key already, and check it.

    Parameters
    ----------
    rows : ibis Table
        Columns of the table in `regulars.catalog.TABLES`, then what else it carries; read in parts, however many.
    name, dataset : str

    Returns
    -------
    pathlib.Path
        The file written; the same bytes as `regulars.catalog.save` writes of the same rows.

    Raises
    ------
    UserError
        Where it breaks its schema; the file is not there then.
    """
    target = output_root() / TABLES[name].relative_path(dataset)
    target.parent.mkdir(parents=True, exist_ok=True)
    unchecked = target.with_name(f"{target.name}.unchecked")
    known = {column.name: ARROW_TYPES[column.kind] for column in TABLES[name].columns}
    try:
        write_parts(in_parts(rows), unchecked, known)
        check(unchecked, name)
        return unchecked.replace(target)
    finally:
        unchecked.unlink(missing_ok=True)


def write_parts(parts: Iterable[pa.Table], file: Path, kinds: dict[str, pa.DataType]) -> None:
    """Write rows that come in parts, floats rounded to 10 significant digits, the same bytes for the same rows.

    Parameters
    ----------
    parts : iterable of pyarrow.Table
        At least one; of `regulars.engine.embedded.PART_ROWS` rows but for the last.
    file : pathlib.Path
    kinds : dict
        Column to its type in the file; others keep theirs.
    """
    with ExitStack() as stack:
        writer = None
        for part in parts:
            plain = _plain(part, kinds)
            writer = writer or stack.enter_context(pq.ParquetWriter(file, plain.schema, compression="zstd"))
            writer.write_table(plain)


def _plain(part: pa.Table, kinds: dict[str, pa.DataType]) -> pa.Table:
    cast = {name: part[name].cast(kinds.get(name, part.schema.field(name).type)) for name in part.column_names}
    return pa.table(
        {name: _rounded(values) if pa.types.is_floating(values.type) else values for name, values in cast.items()}
    )


def _rounded(values: pa.ChunkedArray) -> pa.Array:
    numbers = np.asarray(values.to_numpy(), dtype=float)
    return pa.array(round_significant(numbers), type=pa.float64(), from_pandas=True)
