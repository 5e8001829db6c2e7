"""The engine that runs Ibis expressions, its limits, and the way of frames into it and out of it.

By default it is DuckDB, embedded. Where ``engine.url`` names Spark, `regulars score` and cleaning run there; what
works on frames in memory (the models of the pages) stays with DuckDB.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.errors import UserError
from regulars.paths import project_root
from regulars.settings import ENGINE_SECTION, load

if TYPE_CHECKING:
    import ibis.expr.types as ir


INT64_DIGITS = 18  # of a decimal that is a whole number of 64 bits
PART_ROWS = 1_048_576  # that come here at a time: as many as Arrow puts into one row group of a Parquet file
EMBEDDED, SPARK = "duckdb://", "spark://"
WANTED = {
    "timeout_seconds": "a number of seconds from 1",
    "memory_gb": "a number of gigabytes from 0.1",
    "threads": "a number of processors, or 0 for all",
}
SPILL_FOLDER = Path(".staging", "spill")  # of the project: what does not fit into memory


def limits() -> dict:
    """The section ``engine`` of ``params.yaml``: ``url``, ``timeout_seconds``, ``memory_gb`` and ``threads``.

    Empty where there is none.

    Raises
    ------
    UserError
        Where it names another setting, ``url`` is of no engine that is known, or a limit is no number above zero
        (threads: 0 for all).
    """
    file = project_root() / "params.yaml"
    return dict(_limits(file, file.stat().st_mtime_ns)) if file.is_file() else {}


@cache
def _limits(file: Path, _changed: int) -> dict:
    found = load(file).get(ENGINE_SECTION) or {}
    least = {"timeout_seconds": 1, "memory_gb": 0.1, "threads": 0}
    for name, value in found.items():
        if name == "url":
            if not isinstance(value, str) or not (value == EMBEDDED or value.startswith(SPARK)):
                raise UserError(f"params.yaml: engine.url is {value!r}; it may be {EMBEDDED} or {SPARK}host:port.")
            continue
        if name not in least:
            known = ", ".join(["url", *least])
            raise UserError(f"params.yaml: engine names '{name}', which is not a setting there; it has {known}.")
        whole = name != "threads" or isinstance(value, int)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least[name] or not whole:
            raise UserError(f"params.yaml: engine.{name} is {value!r}; give {WANTED[name]}.")
    return found


def connect(settings: dict | None = None):
    """The engine that the project names: embedded DuckDB within its limits, or Spark.

    Parameters
    ----------
    settings : dict, optional
        ``url``, ``timeout_seconds``, ``memory_gb`` and ``threads`` in place of those of ``params.yaml``.

    Returns
    -------
    ibis backend
        In UTC, so that no date hangs on where it runs.

    Raises
    ------
    UserError
        Where Spark does not answer, or cannot be spoken to from here.
    """
    settings = limits() if settings is None else settings
    if settings.get("url", EMBEDDED).startswith(SPARK):
        from regulars.engine.spark import PATIENCE
        from regulars.engine.spark import connect as connect_spark

        return connect_spark(settings["url"], "params.yaml: engine.url", settings.get("timeout_seconds", PATIENCE))
    return embedded(settings)


@contextmanager
def sentences(label: str) -> Iterator[None]:
    """Turn what Spark finds wrong, wherever it is asked, into one sentence that begins with ``label``."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("pyspark", "py4j"):
            raise
        from regulars.engine.spark import sentence

        raise UserError(f"{label}: {sentence(error)}") from None


def embedded(settings: dict | None = None):
    """DuckDB in this process within the limits of the project; what does not fit is spilled to disk."""
    settings = limits() if settings is None else settings
    own = {name: value for name, value in settings.items() if name in ("memory_gb", "threads")}
    return _connected(tuple(sorted(own.items())), project_root(), os.getpid())


@lru_cache(maxsize=4)
def _connected(settings: tuple, root: Path, _process: int):
    """One engine per process and settings: to start one takes a tenth of a second."""
    import ibis

    settings = dict(settings)
    engine = ibis.duckdb.connect()
    statements = ["SET TimeZone = 'UTC'"]
    if memory := settings.get("memory_gb"):
        spill = root / SPILL_FOLDER
        spill.parent.mkdir(exist_ok=True)
        folder = str(spill).replace("'", "''")
        statements += [f"SET memory_limit = '{float(memory)}GB'", f"SET temp_directory = '{folder}'"]
    if threads := settings.get("threads"):
        statements.append(f"SET threads = {int(threads)}")
    engine.raw_sql("; ".join(statements))
    return engine


def as_table(frame: pd.DataFrame) -> "ir.Table":
    """Frame as an Ibis table in memory.

    Through Arrow: Ibis' own way of reading pandas frames asks for an option that pandas 4 removes.
    """
    import ibis

    return ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False))


def bring(beside: "ir.Table", table: pa.Table) -> "ir.Table":
    """Rows that Python made, as a table of the engine that another table lies in."""
    import ibis

    return beside.get_backend().create_table(ibis.util.gen_name("regulars"), table, temp=True)


def fetch(expression: "ir.Table") -> pa.Table:
    """Run an expression where its tables lie and bring its rows here: for few rows, never for customers."""
    return expression.to_pyarrow()


def in_parts(expression: "ir.Table") -> Iterator[pa.Table]:
    """Run an expression where its tables lie and bring its rows here, `PART_ROWS` at a time; at least one part."""
    place = expression.get_backend()
    if place.name != "duckdb":
        yield from even([expression.to_pyarrow()], PART_ROWS)
        return
    place._run_pre_execute_hooks(expression)  # Ibis' own reader asks for what DuckDB 2 calls by another name
    reader = place.con.sql(place.compile(expression)).to_arrow_reader(PART_ROWS)
    yield from even(
        chain([reader.schema.empty_table()], (pa.Table.from_batches([batch]) for batch in reader)), PART_ROWS
    )


def even(parts: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in parts of equal size, however they were cut.

    Examples
    --------
    >>> [part.num_rows for part in even([pa.table({"a": [7.0] * n}) for n in (1, 4, 2)], 3)]
    [3, 3, 1]
    >>> [part.num_rows for part in even([pa.table({"a": []})], 3)]
    [0]
    """
    waiting, is_first = None, True
    for part in parts:
        waiting = part if waiting is None else pa.concat_tables([waiting, part])
        while waiting.num_rows >= rows:
            yield waiting.slice(0, rows).combine_chunks()
            waiting, is_first = waiting.slice(rows), False
    if waiting is not None and (waiting.num_rows or is_first):
        yield waiting.combine_chunks()


def set_aside(expression: "ir.Table", path: Path, by: str | None = None) -> None:
    """Have DuckDB put rows on disk as Parquet, where they would not fit into memory.

    Parameters
    ----------
    expression : ibis Table
    path : Path
        A file; a folder with ``by``.
    by : str, optional
        Column by which rows are dealt out to folders of their own.
    """
    expression.to_parquet(path, **({"partition_by": by, "overwrite": True} if by else {}))


def as_frame(expression: "ir.Table") -> pd.DataFrame:
    """Run an expression on an embedded DuckDB; text comes back as ``string``, dates as ``datetime64``."""
    return in_pandas(embedded().to_pyarrow(expression))


def kept(table: "ir.Table") -> "ir.Table":
    """The rows of an expression as a table of the embedded engine, so that it is not computed at each question."""
    import ibis

    return embedded().create_table(ibis.util.gen_name("regulars"), table, temp=True)


def ask(table: "ir.Table", select: str) -> pd.DataFrame:
    """Run a query in DuckDB's own words over a table, which is called ``rows`` there: what Ibis has no words for.

    Parameters
    ----------
    table : ibis Table
        Of the embedded engine.
    select : str
        Such as ``SELECT count(*) AS n FROM rows GROUP BY GROUPING SETS ((a), ())``.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> ask(as_table(pd.DataFrame({"a": [1, 1, 2]})), "SELECT count(DISTINCT a) AS n FROM rows")["n"].tolist()
    [2]
    """
    place = embedded()
    place._run_pre_execute_hooks(table)  # tables in memory are known to the engine from here on
    return in_pandas(place.con.sql(f"WITH rows AS ({place.compile(table)}) {select}").to_arrow_table())


def in_pandas(table: pa.Table) -> pd.DataFrame:
    """Rows of Arrow as a frame: text as ``string``, dates as ``datetime64``, exact money as the nearest float.

    Examples
    --------
    >>> from decimal import Decimal
    >>> rows = pa.table({"who": ["a"], "amount": pa.array([Decimal("0.07")], pa.decimal128(18, 4))})
    >>> in_pandas(rows).dtypes.astype(str).to_dict(), in_pandas(rows)["amount"].tolist()
    ({'who': 'string', 'amount': 'float64'}, [0.07])
    """
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal128(field.type) and field.type.precision <= INT64_DIGITS:
            table = table.set_column(place, field.name, _floats(table.column(place)))
    frame = table.to_pandas(date_as_object=False, types_mapper={pa.string(): pd.StringDtype()}.get)
    dates = [field.name for field in table.schema if pa.types.is_date(field.type)]
    return frame.astype(dict.fromkeys(dates, "datetime64[us]"))


def _floats(column: pa.ChunkedArray) -> pa.Array:
    """Decimals as the nearest floats: Arrow's own cast misses some by a bit, and Python's objects take long.

    A decimal of so few digits is a whole number of 64 bits, whose lower half holds it; up to 2⁵³, its quotient by a
    power of ten is the nearest float.
    """
    if not column.num_chunks:
        return pa.array([], pa.float64())
    array = pa.concat_arrays(column.chunks)
    start, stop = array.offset, array.offset + len(array)
    whole = np.frombuffer(array.buffers()[1], np.int64)[2 * start : 2 * stop : 2]
    return pa.array(whole / 10.0**column.type.scale, mask=array.is_null().to_numpy(zero_copy_only=False))
