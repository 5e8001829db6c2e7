"""Clean tables to Parquet, and their check by the engine: no table passes through a frame of pandas on the way."""

from functools import cache
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.catalog import ARROW_TYPES, TABLES, Column, limits_of, rule_broken
from regulars.engine import embedded
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


def save(table: pa.Table, name: str, dataset: str) -> Path:
    """Write a clean table, sorted by its key already, and check it.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of the table in `regulars.catalog.TABLES`, then what else it carries.
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
    pq.write_table(as_written(table, name), unchecked, compression="zstd")
    try:
        check(unchecked, name)
        return unchecked.replace(target)
    finally:
        unchecked.unlink(missing_ok=True)


def as_written(table: pa.Table, name: str) -> pa.Table:
    """Table with the types of the catalogue, floats rounded to 10 significant digits."""
    arrays = {}
    for given in table.column_names:
        column = TABLES[name].column(given)
        kind = ARROW_TYPES[column.kind] if column else table.schema.field(given).type
        arrays[given] = _rounded(table[given].cast(kind)) if pa.types.is_floating(kind) else table[given].cast(kind)
    return pa.table(arrays)


def _rounded(values: pa.ChunkedArray) -> pa.Array:
    numbers = np.asarray(values.to_numpy(), dtype=float)
    return pa.array(round_significant(numbers), type=pa.float64(), from_pandas=True)
