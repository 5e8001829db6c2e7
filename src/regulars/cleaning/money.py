"""The money of each row of an order log: what the file says, what is added to it and taken off, and its sign.

Orders and their lines come in one form: ``quantity`` (negative where the row gives money back), ``unit_price`` (never
below zero but where the file says so of one piece), ``amount_raw``. An order is one piece at its amount.
"""

from functools import reduce
from operator import add
from typing import Any

import ibis
import ibis.expr.types as ir

from regulars.cleaning.heaps import AMOUNT_TYPE, WIDE_TYPE
from regulars.cleaning.netting import QUANTITY_TYPE
from regulars.sources import parsing
from regulars.sources.mapping import LINE_TOTAL, REFUNDED

LARGEST = 10**14  # of an amount of money
PLUS, LESS = "_plus", "_less"  # begin the names of what is added to an amount, and of what is taken off
WRITTEN = "_written"
ADJUSTED = ("_refunded", "_added", "_left_out", "_turned")  # what makes the amount of a row another than the file's


def line_amount(quantity: ir.DecimalValue, unit_price: ir.DecimalValue) -> ir.DecimalValue:
    """Exact product of a quantity and a price."""
    # wide before they are multiplied: DuckDB keeps the width of the factors
    return (quantity.cast(WIDE_TYPE) * unit_price.cast(WIDE_TYPE)).cast(AMOUNT_TYPE)


def with_money(read: ir.Table, name: str, table: dict) -> ir.Table:
    """Rows of an order log with their quantity, unit price and amount.

    Parameters
    ----------
    read : ibis table
        Columns as the mapping names them.
    name : str
        ``orders`` or ``order_lines``.
    table : dict
        Of `regulars.sources.mapping.Mapping.tables`.

    Returns
    -------
    ibis table
        With quantity, unit_price, amount_raw, ``_says_credit``; where the mapping says more of its money than a price
        or an amount, also ``_written`` (as the file says it), ``_exact`` (whether quantity × unit_price is the amount)
        and what made the difference: ``_refunded, _added, _left_out, _turned``.
    """
    if name == "order_lines" and "line_id" not in read.columns:
        read = read.mutate(line_id=read.row.cast("string"))
    beside = [column for column in read.columns if column in (REFUNDED, LINE_TOTAL) or column.startswith((PLUS, LESS))]
    if not beside:
        return _plain(read, name, table)
    written = _written(read, name)
    # what a column leaves empty is nothing; an amount that is missing stays so
    says_credit = _says_credit(read, table)
    refunded, added, left_out = (_sum(read, begin) for begin in (REFUNDED, PLUS, LESS))
    net = (written + added - left_out - refunded).cast(AMOUNT_TYPE)
    is_credit = says_credit | (net < 0) | ((read.quantity < 0) if name == "order_lines" else False)
    amount = ibis.ifelse(is_credit, -net.abs(), net)
    pieces = read.quantity.abs() if name == "order_lines" else ibis.literal(1)
    pieces = ibis.ifelse(amount.isnull(), ibis.null(QUANTITY_TYPE), pieces.cast(QUANTITY_TYPE))
    price = ibis.ifelse(pieces == 0, 0.0, amount.abs().cast("float64") / pieces.cast("float64").nullif(0))
    if name == "orders":
        price = amount.abs()
    price = price.round(4).try_cast(parsing.MONEY_TYPE)
    if name == "order_lines" and LINE_TOTAL not in read.columns:
        price = ibis.ifelse(read.unit_price < 0, read.unit_price, price)  # of one piece, and so a fault
    lines = read.mutate(
        quantity=ibis.ifelse(is_credit, -pieces, pieces).cast(QUANTITY_TYPE), unit_price=price,
        _says_credit=says_credit, _written=written, _refunded=-refunded, _added=added, _left_out=-left_out,
        _turned=amount - net, _amount=amount,
    )  # fmt: skip
    if name == "orders":
        lines = lines.mutate(product_id=ibis.literal(""))
    exact = (line_amount(lines.quantity.abs(), lines.unit_price) == lines._amount.abs()).fill_null(False)
    return _bounded(lines.mutate(_exact=exact), lines._amount).drop("_amount")


def _plain(read: ir.Table, name: str, table: dict) -> ir.Table:
    """The usual log: an amount, or a quantity and a price."""
    says_credit = _says_credit(read, table)
    if name == "orders":
        sign = ibis.ifelse(says_credit | (read.amount < 0), -1, 1)
        quantity = ibis.ifelse(read.amount.isnull(), ibis.null("int64"), sign)
        lines = read.mutate(product_id=ibis.literal(""), unit_price=read.amount.abs().cast(parsing.MONEY_TYPE))
        written = read.amount
    else:
        quantity = ibis.ifelse(says_credit, -read.quantity.abs(), read.quantity)
        written = line_amount(read.quantity.cast(QUANTITY_TYPE), read.unit_price)
        lines = read
    told = {WRITTEN: written.cast(AMOUNT_TYPE)} if _can_turn(read, table) else {}
    lines = lines.mutate(quantity=quantity.cast(QUANTITY_TYPE), _says_credit=says_credit, **told)
    amount = line_amount(lines.quantity, lines.unit_price)
    return _bounded(lines.mutate(_turned=amount - lines[WRITTEN]) if told else lines, amount)


def _bounded(lines: ir.Table, amount: ir.DecimalValue) -> ir.Table:
    nothing = ibis.literal(0).cast(AMOUNT_TYPE)
    is_huge = (amount.abs() >= LARGEST).fill_null(False)
    counts = amount.notnull() & ~is_huge
    told = {
        name: ibis.ifelse(counts, lines[name].cast(AMOUNT_TYPE), nothing).fill_null(nothing)
        for name in (WRITTEN, *ADJUSTED) if name in lines.columns
    }  # fmt: skip
    return lines.mutate(
        amount_raw=ibis.ifelse(counts, amount, nothing), _unreadable=lines._unreadable | is_huge, **told
    )


def _says_credit(read: ir.Table, table: dict) -> ir.BooleanValue:
    """Whether the mapping calls a row a cancellation, whichever sign it is written with."""
    prefix = table["cancellations"].get("order_id_prefix")
    says = read.order_id.startswith(prefix).fill_null(False) if prefix else ibis.literal(False)
    return says | read.is_return.fill_null(False) if "is_return" in read.columns else says


def _can_turn(read: ir.Table, table: dict) -> bool:
    return bool(table["cancellations"].get("order_id_prefix")) or "is_return" in read.columns


def _written(read: ir.Table, name: str) -> ir.DecimalValue:
    if name == "orders":
        return read.amount.cast(AMOUNT_TYPE)
    by_price: Any = None
    if "unit_price" in read.columns:
        by_price = line_amount(read.quantity.cast(QUANTITY_TYPE), read.unit_price)
    if LINE_TOTAL not in read.columns:
        return by_price.round(4).cast(AMOUNT_TYPE)
    total = read[LINE_TOTAL].cast(AMOUNT_TYPE)
    # a return may be written as pieces below zero at a total above it
    total = ibis.ifelse((read.quantity < 0) & (total > 0), -total, total)
    return total if by_price is None else ibis.coalesce(total, by_price.round(4).cast(AMOUNT_TYPE))


def _sum(read: ir.Table, begin: str) -> ir.DecimalValue:
    """What columns that begin so add up to; what comes off has a size and no sign."""
    columns = [read[name].fill_null(0).cast(AMOUNT_TYPE) for name in read.columns if name.startswith(begin)]
    sizes = columns if begin == PLUS else [column.abs() for column in columns]
    return reduce(add, sizes, ibis.literal(0).cast(AMOUNT_TYPE)).cast(AMOUNT_TYPE)
