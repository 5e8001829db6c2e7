"""Why a row is rejected: what is missing, out of range, no product, a test, unknown."""

import ibis
import ibis.expr.types as ir

from regulars.catalog.tables import TABLES, Column
from regulars.cleaning.heaps import Heaps, Raw
from regulars.labels import Reason
from regulars.sources.mapping import Mapping

Reasons = list[tuple[Reason, ir.BooleanValue]]
EARLIEST_YEAR = 1900
NEVER_NEGATIVE = ("cost", "minutes", "wait_seconds", "response_hours", "transfers")  # of a contact
EVENT_DATES = {"surveys": "answered_at", "tickets": "opened_at", "ticket_events": "at", "units": "sold_at",
               "contacts": "at", "shifts": "from", "prospects": "created_at", "mystery_visits": "visited_at",
               "lost_reasons": "lost_at", "prospect_events": "at", "recall": "asked_at",
               "credit": "observed_at"}  # fmt: skip


def order_reasons(mapping: Mapping, raw: Raw) -> Reasons:
    """Reasons to reject an order or a line, in the order in which they are tried."""
    table, rows = mapping.tables[raw.name], raw.rows
    required = [rows.order_id, rows.ordered_at, rows.product_id, rows.quantity, rows.unit_price]
    reasons: Reasons = [(Reason.UNREADABLE, rows._unreadable), *_customer_reasons(rows)]
    if table["guests"]:
        nobody = [str(name).lower() for name in table["guests"]]
        reasons.append((Reason.GUEST, rows.customer_id.lower().isin(nobody)))
    if table["test_orders"]:
        reasons.append((Reason.TEST_ORDER, _is_test(table["test_orders"], rows)))
    if "_lineless" in rows.columns:
        reasons.append((Reason.ORDER_WITHOUT_LINES, rows._lineless))
    if table["void"] or table["only"]:
        reasons.append((Reason.VOID_ORDER, rows._void))
    reasons += [
        (Reason.MISSING_VALUE, ibis.or_(*(column.isnull() for column in required))),
        *_date_reasons(mapping, rows.ordered_at),
    ]
    if table["non_products"]:
        reasons.append((Reason.NON_PRODUCT, _is_non_product(table["non_products"], rows.product_id)))
    reasons += [(Reason.ZERO_QUANTITY, rows.quantity == 0), (Reason.NEGATIVE_PRICE, rows.unit_price < 0)]
    if not table["cancellations"].get("negative_quantity", True):
        reasons.append((Reason.NEGATIVE_QUANTITY, (rows.quantity < 0) & ~rows._says_credit))
    if table["zero_amount"] == "reject":
        reasons.append((Reason.ZERO_AMOUNT, rows.amount_raw == 0))
    return [(reason, condition.fill_null(False)) for reason, condition in reasons]


def _customer_reasons(rows: ir.Table) -> Reasons:
    return [
        (Reason.MISSING_CUSTOMER, rows.customer_id.isnull() & ~rows._malformed),
        (Reason.MALFORMED_CUSTOMER, rows.customer_id.isnull() & rows._malformed),
    ]


def _date_reasons(mapping: Mapping, moment: ir.TimestampValue) -> Reasons:
    reasons: Reasons = [(Reason.DATE_OUT_OF_RANGE, moment.year() < EARLIEST_YEAR)]
    if mapping.observation_start:
        reasons.append((Reason.BEFORE_OBSERVATION, moment.date() < mapping.observation_start))
    if mapping.observation_end:
        reasons.append((Reason.AFTER_OBSERVATION, moment.date() > mapping.observation_end))
    return reasons


def _is_test(rule: dict, rows: ir.Table) -> ir.BooleanValue:
    conditions = []
    if rule.get("customer_ids"):
        conditions.append(rows.customer_id.isin([str(item) for item in rule["customer_ids"]]))
    if rule.get("order_id_pattern"):
        conditions.append(rows.order_id.re_search(f"^({rule['order_id_pattern']})$"))
    return ibis.or_(*conditions)


def _is_non_product(rule: dict, product: ir.StringValue) -> ir.BooleanValue:
    conditions = []
    if rule.get("codes"):
        conditions.append(product.upper().isin([str(item).upper() for item in rule["codes"]]))
    if rule.get("pattern"):
        conditions.append(product.re_search(f"^({rule['pattern']})$"))
    return ibis.or_(*conditions)


def other_reasons(mapping: Mapping, raw: Raw, done: dict[str, Heaps]) -> Reasons:
    """Reasons to reject a row of a table that holds no orders."""
    name, rows = raw.name, raw.rows
    needed = [
        rows[column.name].isnull() for column in TABLES[name].columns
        if column.required and not column.nullable and column.name != "customer_id"
    ]  # fmt: skip
    reasons: Reasons = []
    if mapping.tables[name]["void"] or mapping.tables[name]["only"]:
        # before what cannot be read: rows below a header say by their status that they are none
        reasons.append((Reason.VOID_ORDER, rows._void))
    reasons.append((Reason.UNREADABLE, rows._unreadable))
    if (customer := TABLES[name].column("customer_id")) and not customer.nullable:
        reasons += _customer_reasons(rows)
    if needed:
        reasons.append((Reason.MISSING_VALUE, ibis.or_(*needed)))
    if name in EVENT_DATES and EVENT_DATES[name] in rows.columns:
        reasons += _date_reasons(mapping, rows[EVENT_DATES[name]])
    if name == "surveys" and "survey_items" in done:
        reasons += _score_reasons(rows, done["survey_items"].kept)
    if name == "contacts":
        measured = [rows[one] < 0 for one in NEVER_NEGATIVE if one in rows.columns]
        reasons += [(Reason.NEGATIVE_VALUE, ibis.or_(*measured))] if measured else []
    if name == "shifts":
        reasons.append((Reason.ENDS_BEFORE_IT_STARTS, rows["to"] <= rows["from"]))
    if name == "tickets" and "resolved_at" in rows.columns:
        reasons.append((Reason.ENDS_BEFORE_IT_STARTS, rows.resolved_at < rows.opened_at))
    bounds = [_outside(rows[one.name], one) for one in TABLES[name].columns if _is_bounded(one, rows)]
    if bounds:
        reasons.append((Reason.VALUE_OUT_OF_RANGE, ibis.or_(*bounds)))
    return [(reason, condition.fill_null(False)) for reason, condition in reasons]


def _is_bounded(column: Column, rows: ir.Table) -> bool:
    return column.name in rows.columns and (column.low is not None or column.high is not None)


def _outside(value: ir.NumericValue, column: Column) -> ir.BooleanValue:
    """Whether a value lies outside what the catalogue allows; none is missing here."""
    sides = [value < column.low] if column.low is not None else []
    sides += [value > column.high] if column.high is not None else []
    return ibis.or_(*sides).fill_null(False)


def _score_reasons(rows: ir.Table, items: ir.Table) -> Reasons:
    scales = items.select("item", "scale_min", "scale_max").order_by("item").to_pyarrow().to_pylist()
    known = rows.item.isin([scale["item"] for scale in scales])
    bounds = ibis.or_(
        *(
            (rows.item == scale["item"]) & ((rows.score < scale["scale_min"]) | (rows.score > scale["scale_max"]))
            for scale in scales
        )
    )
    return [(Reason.UNKNOWN_ITEM, ~known), (Reason.SCORE_OUT_OF_RANGE, bounds)]
