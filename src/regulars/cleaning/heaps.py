"""What a table is on its way: rows as read, and the four heaps in which each of them ends."""

from collections.abc import Collection
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from regulars.labels import Fate
from regulars.sources.raw import ROW, RawTable

AMOUNT_TYPE = "decimal(38, 8)"
WIDE_TYPE = "decimal(38, 4)"
ORDER_TABLES = ("orders", "order_lines")


@dataclass(frozen=True)
class Raw:
    """One raw table in the engine: its text, and the same rows read."""

    source: RawTable
    text: ir.Table  # row, c0, c1 …
    rows: ir.Table  # row, our columns, _unreadable; for orders also quantity, unit_price, amount_raw

    @property
    def name(self) -> str:
        return self.source.name


@dataclass(frozen=True)
class Heaps:
    """One table after cleaning, in the engine: what is kept, and every row with its fate."""

    raw: Raw
    kept: ir.Table
    fates: ir.Table  # row, fate, reason, amount_raw, amount_kept (null where no return could touch the row)
    found: dict[str, int]


def order_log(tables: Collection[str]) -> str:
    """Table that says what customers spent: orders where they are supplied, else order_lines."""
    return "orders" if "orders" in tables else "order_lines"


def count_rows(table: ir.Table) -> int:
    return table.count().to_pyarrow().as_py()


def with_fate(heap: ir.Table, fate: Fate, reason: ir.StringValue) -> ir.Table:
    def money(name: str):
        return heap[name].cast(AMOUNT_TYPE) if name in heap.columns else ibis.null(AMOUNT_TYPE)

    # of a row that returns have touched before it was rejected, what they left is rejected
    kept = money("amount_kept") if fate in (Fate.KEPT, Fate.REJECTED) else ibis.null(AMOUNT_TYPE)
    return heap.select(
        heap[ROW], fate=ibis.literal(fate.value), reason=reason, amount_raw=money("amount_raw"), amount_kept=kept
    )
