"""Credits of an order log set against its sales: by the order that they name, as the latest equal sale, as money."""

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from regulars.cleaning import netting
from regulars.cleaning.heaps import AMOUNT_TYPE, count_rows
from regulars.cleaning.money import line_amount
from regulars.labels import Reason
from regulars.sources import parsing
from regulars.sources.raw import ROW

UNIT_SEPARATOR = "\x1f"
NOT_IN_UNITS = "\x1e"  # begins the product of a row of which no part can be taken in units


def settle(rows: ir.Table, table: dict, *, by_unit: bool) -> ir.Table:
    """Rows with what is left of them once money that came back is set against the sales that it undoes.

    Parameters
    ----------
    rows : ibis table
        Of `regulars.cleaning.money.with_money`: row, order_id, customer_id, product_id, quantity, unit_price,
        amount_raw, ordered_at; ``_of`` where refunds name their order.
    table : dict
        Of `regulars.sources.mapping.Mapping.tables`.
    by_unit : bool
        Whether a return may take a part of the units of a sale; False for orders.

    Returns
    -------
    ibis table
        The same rows with quantity_left (0: nothing is left), amount_kept and ``_netting`` (the reason why they are not
        as they came, or null).
    """
    if not count_rows(rows.filter(rows.quantity < 0)):
        return rows.mutate(quantity_left=rows.quantity, amount_kept=rows.amount_raw, _netting=ibis.null("string"))
    as_money = table["refunds"]["unmatched"] == "spend"
    if by_unit and not as_money and not {"_of", "_exact"} & set(rows.columns):
        left = netting.net(rows).cache()
        joined = rows.left_join(left, ROW).drop(f"{ROW}_right")
        joined = joined.mutate(quantity_left=ibis.coalesce(joined.quantity_left, joined.quantity))
        return _judged(joined.mutate(amount_kept=line_amount(joined.quantity_left, joined.unit_price)))
    left = _touched(rows)
    for step in _steps(rows, by_unit=by_unit, as_money=as_money):
        left = step(left).cache()
    found = left.select(ROW, "money", "quantity_left", "is_pair")
    joined = rows.left_join(found, ROW).drop(f"{ROW}_right")
    joined = joined.mutate(
        quantity_left=ibis.coalesce(joined.quantity_left, joined.quantity),
        amount_kept=ibis.coalesce(joined.money, joined.amount_raw),
    ).drop("money")
    return _judged(_repriced(joined))


def _judged(rows: ir.Table) -> ir.Table:
    """Rows with the reason why they are not as they came."""
    is_credit, gone = rows.quantity < 0, rows.quantity_left == 0
    reason = ibis.cases(
        (gone & ~is_credit, Reason.CANCELLED_SALE.value),
        (gone & rows.is_pair, Reason.CANCELLATION.value),
        (gone, Reason.RETURN_OF_PART.value),
        (is_credit, Reason.UNMATCHED_CREDIT.value),
        ((rows.quantity_left < rows.quantity) | (rows.amount_kept < rows.amount_raw), Reason.REDUCED_BY_RETURN.value),
        else_=ibis.null("string"),
    )
    return rows.mutate(_netting=reason).cache()


def _repriced(rows: ir.Table) -> ir.Table:
    """Rows whose money fell while their quantity stayed, at the price that is left."""
    price = rows.amount_kept.abs().cast("float64") / rows.quantity_left.abs().cast("float64").nullif(0)
    same = line_amount(rows.quantity_left, rows.unit_price) == rows.amount_kept
    price = ibis.ifelse(same, rows.unit_price, price.round(4).try_cast(parsing.MONEY_TYPE))
    return rows.mutate(unit_price=price.fill_null(rows.unit_price))


# ---- in money ---------------------------------------------------------------------------------------------------


def _touched(rows: ir.Table) -> ir.Table:
    """Rows that a credit may touch: of its customer, and of the order that it names; with the money of each."""
    credits = rows.filter(rows.quantity < 0)
    near = rows.semi_join(credits, "customer_id")
    if "_of" in rows.columns:
        named = credits.filter(credits._of.notnull()).select(order_id=credits._of)
        near = ibis.union(near, rows.semi_join(named, "order_id").anti_join(near.select(ROW), ROW))
    exact = near._exact if "_exact" in near.columns else ibis.literal(True)
    return near.select(
        ROW, "order_id", "customer_id", "product_id", "quantity", "unit_price", "ordered_at", "amount_raw",
        named=near._of if "_of" in near.columns else ibis.null("string"), exact=exact,
        money=near.amount_raw.cast(AMOUNT_TYPE), quantity_left=near.quantity, is_pair=ibis.literal(False),
    ).cache()  # fmt: skip


def _steps(rows: ir.Table, *, by_unit: bool, as_money: bool) -> list[Callable[[ir.Table], ir.Table]]:
    """What credits are tried against, one after the other."""
    steps = []
    if "_of" in rows.columns:
        if by_unit:
            steps.append(
                lambda left: _taken(left, _with(left.named, left.product_id), _with(left.order_id, left.product_id))
            )
        steps.append(lambda left: _taken(left, left.named, left.order_id))
    if not by_unit:  # a credit among orders may bear the number of the order that it undoes
        steps.append(lambda left: _taken(left, *2 * (_with(left.order_id, left.customer_id),)))
    steps.append(lambda left: _by_sale(left, by_unit))
    if as_money:
        steps.append(lambda left: _taken(left, left.customer_id, left.customer_id, in_time=True))
    return steps


def _with(key: ir.StringValue, other: ir.StringValue) -> ir.StringValue:
    return key + UNIT_SEPARATOR + other


def _taken(left: ir.Table, of_credit: ir.StringValue, of_sale: ir.StringValue, *, in_time: bool = False) -> ir.Table:
    """What is left once credits took money from the latest sales of their key."""
    keyed = left.mutate(_key=ibis.ifelse(left.quantity < 0, of_credit, of_sale))
    open_rows = keyed.filter(keyed.money != 0)
    found = netting.net_money(open_rows, open_rows._key, in_time=in_time)
    joined = left.left_join(found.rename(_pair="is_pair"), ROW).drop(f"{ROW}_right")
    money = ibis.coalesce(joined.money_left, joined.money)
    gone = (money == 0) & (joined.money != 0)
    return joined.mutate(
        money=money,
        quantity_left=ibis.ifelse(gone, 0, joined.quantity_left).cast(netting.QUANTITY_TYPE),
        is_pair=joined.is_pair | joined._pair.fill_null(False),
    ).drop("money_left", "_pair")


def _by_sale(left: ir.Table, by_unit: bool) -> ir.Table:
    """What is left once credits took the latest equal sales, unit by unit where rows come in units."""
    whole = left.exact & (left.money == left.amount_raw) & by_unit
    pieces = left.mutate(_whole=whole, _price=ibis.ifelse(whole, left.unit_price.cast(AMOUNT_TYPE), left.money.abs()))
    pieces = pieces.filter((pieces.money != 0) | (pieces.amount_raw == 0))
    one = ibis.ifelse(pieces.quantity < 0, -1, 1).cast(netting.QUANTITY_TYPE)
    events = pieces.select(
        ROW, "customer_id", "ordered_at",
        product_id=ibis.ifelse(pieces._whole, pieces.product_id, ibis.literal(NOT_IN_UNITS) + pieces.product_id),
        unit_price=pieces._price,
        quantity=ibis.ifelse(pieces._whole, pieces.quantity, one),
    )  # fmt: skip
    found = netting.net(events, by_unit).select(ROW, _left="quantity_left", _pair="is_pair")
    priced = events.select(ROW, _price="unit_price").left_join(found, ROW).drop(f"{ROW}_right")
    joined = left.left_join(priced, ROW).drop(f"{ROW}_right")
    whole = joined.exact & (joined.money == joined.amount_raw) & by_unit
    money = ibis.ifelse(
        whole, line_amount(joined._left, joined.unit_price), ibis.ifelse(joined._left == 0, 0, joined.money)
    )
    found = joined._left.notnull()
    quantity = ibis.ifelse(whole | (joined._left == 0), joined._left, joined.quantity_left)
    return joined.mutate(
        money=ibis.ifelse(found, money, joined.money).cast(AMOUNT_TYPE),
        quantity_left=ibis.ifelse(found, quantity, joined.quantity_left).cast(netting.QUANTITY_TYPE),
        is_pair=joined.is_pair | joined._pair.fill_null(False),
    ).drop("_price", "_left", "_pair")
