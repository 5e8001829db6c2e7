"""The engine that runs Ibis expressions, and the way of frames into it and out of it."""

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    import ibis.expr.types as ir


def as_table(frame: pd.DataFrame) -> "ir.Table":
    """Frame as an Ibis table in memory.

    Through Arrow: Ibis' own way of reading pandas frames asks for an option that pandas 4 removes.
    """
    import ibis

    return ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False))


def as_frame(expression: "ir.Table") -> pd.DataFrame:
    """Run an expression on an embedded DuckDB; text comes back as ``string``, dates as ``datetime64``."""
    import ibis

    result = ibis.duckdb.connect().to_pyarrow(expression)
    frame = result.to_pandas(date_as_object=False)
    texts = [field.name for field in result.schema if pa.types.is_string(field.type)]
    dates = [field.name for field in result.schema if pa.types.is_date(field.type)]
    return frame.astype(dict.fromkeys(texts, "string") | dict.fromkeys(dates, "datetime64[us]"))
