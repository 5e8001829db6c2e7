"""Cancellations and returns set against the sales that they undo, as window expressions that any engine runs.

Sales of the same customer, product and price are a stack: a return takes from the latest sale before it. Two passes:
first whole sales against returns of the same quantity, then what is left, unit by unit, so that a return may take a
part of a sale, or parts of several. What a return does not find is left over as an unmatched credit, which `net_money`
takes from what a key says: the order that it names, or the customer's latest sales.
"""

import ibis
import ibis.expr.types as ir

QUANTITY_TYPE = "decimal(18, 4)"


def net(rows: ir.Table, by_unit: bool = True) -> ir.Table:
    """Quantity that is left of each sale and of each return.

    Parameters
    ----------
    rows : ibis table
        row (unique), customer_id, product_id, unit_price (decimal, not negative), quantity (decimal, negative for
        returns), ordered_at. Sales come before returns of the same moment.
    by_unit : bool
        Whether a return may take a part of a sale; False for orders without lines, whose money has no units.

    Returns
    -------
    ibis table
        row, quantity_left (decimal; 0 where the row is undone), is_pair (whether the row was undone whole, by a
        row of the same quantity). Rows that no return can have touched are left out.
    """
    pair_key = ["customer_id", "product_id", "unit_price", "size"]
    events = rows.select(
        "row", "customer_id", "product_id", "unit_price", "quantity", "ordered_at",
        size=rows.quantity.abs(), is_credit=rows.quantity < 0,
    )  # fmt: skip
    touched = events.semi_join(
        events.filter(events.is_credit).select("customer_id", "product_id", "unit_price"),
        ["customer_id", "product_id", "unit_price"],
    ).cache()
    pairs = _pairs(touched, pair_key).cache()
    if not by_unit:
        return touched.left_join(pairs, "row").select(
            "row",
            quantity_left=ibis.ifelse(pairs.row.notnull(), _zero(), touched.quantity),
            is_pair=pairs.row.notnull(),
        )
    units = _units(touched.anti_join(pairs, "row"), ["customer_id", "product_id", "unit_price"])
    zero = ibis.literal(0).cast(rows.quantity.type())
    return ibis.union(pairs.select("row", quantity_left=zero, is_pair=ibis.literal(True)), units)


def net_money(rows: ir.Table, key: ir.StringValue, *, in_time: bool = True) -> ir.Table:
    """Money that is left of each row when credits take it from the latest sale of the same key before them.

    Parameters
    ----------
    rows : ibis table
        row (unique), money (decimal, negative for credits, never zero), ordered_at.
    key : ibis string expression
        Rows where it is missing are left alone.
    in_time : bool
        Whether a credit may only take from sales before it; a refund that names its order is never too early.

    Returns
    -------
    ibis table
        row, money_left, is_pair, as `net` has them.
    """
    events = rows.select(
        "row", "ordered_at", customer_id=key, product_id=ibis.literal(""), unit_price=ibis.literal(1),
        quantity=rows.money,
    )  # fmt: skip
    if not in_time:
        events = events.mutate(ordered_at=ibis.timestamp("2000-01-01"))
    return net(events.filter(events.customer_id.notnull())).rename(money_left="quantity_left")


def _zero():
    return ibis.literal(0).cast(QUANTITY_TYPE)


def _order(table: ir.Table) -> list:
    return [table.ordered_at, table.is_credit, table.row]


def _pairs(events: ir.Table, key: list[str]) -> ir.Table:
    """Rows of sales and returns that undo each other whole, last in, first out.

    Sales open a bracket and returns close one. At each depth of the stack openings and closings take turns, so the
    k-th return at a depth closes the k-th sale at that depth.
    """
    past = ibis.window(group_by=key, order_by=_order(events), preceding=None, following=0)
    step = ibis.ifelse(events.is_credit, -1, 1)
    balance = events.mutate(step=step, balance=step.sum().over(past))
    past = ibis.window(group_by=key, order_by=_order(balance), preceding=None, following=0)
    before = ibis.window(group_by=key, order_by=_order(balance), preceding=(None, 1))
    floors = balance.mutate(
        floor=ibis.least(balance.balance.min().over(past), 0),
        floor_before=ibis.least(ibis.coalesce(balance.balance.min().over(before), 0), 0),
    )
    found = floors.filter(~(floors.is_credit & (floors.balance < floors.floor_before)))
    levels = found.mutate(level=found.balance - found.floor + ibis.ifelse(found.is_credit, 1, 0))
    turns = levels.mutate(
        turn=ibis.row_number().over(
            ibis.window(group_by=[*key, "level", "is_credit"], order_by=_order(levels))
        ),
        returns=levels.is_credit.cast("int64").sum().over(ibis.window(group_by=[*key, "level"])),
    )  # fmt: skip
    return turns.filter(turns.turn < turns.returns).select("row")


def _units(events: ir.Table, key: list[str]) -> ir.Table:
    """What is left of each row when returns take units from the latest sale before them.

    The units of a sale lie between the height of the stack before and after it; they are taken once the stack falls
    below them.
    """
    past = ibis.window(group_by=key, order_by=_order(events), preceding=None, following=0)
    balance = events.mutate(balance=events.quantity.sum().over(past))
    past = ibis.window(group_by=key, order_by=_order(balance), preceding=None, following=0)
    before = ibis.window(group_by=key, order_by=_order(balance), preceding=(None, 1))
    floors = balance.mutate(
        floor=ibis.least(balance.balance.min().over(past), 0),
        floor_before=ibis.least(ibis.coalesce(balance.balance.min().over(before), 0), 0),
    )
    heights = floors.mutate(height=floors.balance - floors.floor)
    future = ibis.window(group_by=key, order_by=_order(heights), preceding=0, following=None)
    lows = heights.mutate(low=heights.height.min().over(future))
    left_of_sale = ibis.greatest(lows.low - (lows.height - lows.quantity), 0)
    left_of_credit = lows.floor - lows.floor_before
    return lows.select(
        "row",
        quantity_left=ibis.ifelse(lows.is_credit, left_of_credit, left_of_sale).cast(events.quantity.type()),
        is_pair=ibis.literal(False),
    )
