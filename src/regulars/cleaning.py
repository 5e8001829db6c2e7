"""Raw tables to clean tables, rejected rows with their reasons, and the ledger that accounts for every row.

Each table goes through the same steps: read the text, merge exact duplicates, reject what cannot be used, net
cancellations against sales. The ledger is then held against the raw rows by anti-joins: every raw row is found in
exactly one of the four heaps, and their money adds up to the raw money.
"""

from dataclasses import dataclass, field
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pandas as pd

from regulars import netting, parsing
from regulars.catalog import TABLES, About, Column, about_from_ledger
from regulars.errors import UserError
from regulars.labels import Fate, Reason
from regulars.sources import OPEN_TABLES, ROW, Mapping, RawTable, load_mapping, read_manifest, read_raw

AMOUNT_TYPE = "decimal(38, 8)"
EARLIEST_YEAR = 1900
ORDER_TABLES = ("orders", "order_lines")
EVENT_DATES = {"surveys": "answered_at", "tickets": "opened_at"}
REJECTED_COLUMNS = (
    "table",
    "row",
    "fate",
    "reason",
    "order_id",
    "product_id",
    "ordered_at",
    "quantity",
    "amount",
    "raw",
)


class LedgerError(RuntimeError):
    """The ledger does not add up: a fault of the program, never of the data."""


@dataclass(frozen=True)
class Cleaned:
    """What cleaning a dataset gives.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Clean tables by name, with the columns of `regulars.catalog.CLEAN_TABLES`.
    rejected : pandas.DataFrame
        Every raw row that did not arrive as it came: table, row (counted from 1 in the raw table), fate, reason,
        order_id, product_id, ordered_at, quantity, amount (what the reason took or left apart), raw (the row as it
        came, as JSON; it may hold personal data).
    ledger : dict
        ``dataset`` and ``tables``, as written to ledger.json; amounts are exact decimals.
    about : About
    """

    tables: dict[str, pd.DataFrame] = field(repr=False)
    rejected: pd.DataFrame = field(repr=False)
    ledger: dict = field(repr=False)
    about: About


@dataclass(frozen=True)
class _Heaps:
    """One table after cleaning, in the engine: what is kept, and every row with its fate."""

    kept: ir.Table
    fates: ir.Table  # row, fate, reason, amount_raw, amount_kept, then what examples show
    rows: ir.Table  # every raw row, read
    raw: RawTable
    found: dict[str, int]


def clean(dataset: str, settings: dict | None = None) -> Cleaned:
    """Clean all tables of a dataset.

    Parameters
    ----------
    dataset : str
        A dataset that has been ingested.
    settings : dict, optional
        Of the engine: ``memory_gb``, ``threads``.

    Returns
    -------
    Cleaned

    Raises
    ------
    UserError
        Where a value cannot be read, or nothing is left; names file, column, row and value.
    """
    mapping = load_mapping(dataset)
    manifest = read_manifest(dataset)
    return clean_tables(mapping, {name: read_raw(mapping, name, manifest) for name in mapping.tables}, settings)


def clean_tables(mapping: Mapping, raw: dict[str, RawTable], settings: dict | None = None) -> Cleaned:
    """Clean raw tables that have been read already; see `clean`."""
    engine = _connect(settings or {})
    heaps: dict[str, _Heaps] = {}
    for name in sorted(mapping.tables, key=_turn):
        heaps[name] = _clean_one(engine, mapping, raw[name], heaps)
    main = "order_lines" if "order_lines" in heaps else "orders"
    if not heaps[main].kept.count().execute():
        raise UserError(_nothing_left(heaps[main]))
    tables = {}
    for name, heap in heaps.items():
        tables[name] = _frame(heap.kept, name)
    if "orders" not in heaps:
        tables["orders"] = _frame(orders_from_lines(heaps["order_lines"].kept), "orders")
    accounts = {name: _account(heap, name) for name, heap in heaps.items()}
    _check_frames(tables, accounts)
    ledger = {"dataset": _dataset_block(mapping, tables["orders"], heaps, accounts[main]), "tables": accounts}
    rejected = pd.concat([_rejected(heap, name) for name, heap in heaps.items()], ignore_index=True)
    return Cleaned(tables, rejected, ledger, about_from_ledger(ledger))


def _connect(settings: dict):
    engine = ibis.duckdb.connect()
    engine.raw_sql("SET TimeZone = 'UTC'")
    if "memory_gb" in settings:
        engine.raw_sql(f"SET memory_limit = '{float(settings['memory_gb'])}GB'")
    if "threads" in settings:
        engine.raw_sql(f"SET threads = {int(settings['threads'])}")
    return engine


def _turn(name: str) -> tuple[bool, bool, str]:
    """Orders first, for they fix the end of observation; items of a survey before its answers."""
    return name not in ORDER_TABLES, name != "survey_items", name


# ---- reading the columns ---------------------------------------------------------------------------------------


def _column(table: str, name: str) -> Column:
    return TABLES[table].column(name) or Column(name, "text", required=False, nullable=True)


def _text(source: ir.Table, raw: RawTable, table: dict, spec: dict) -> ir.StringValue:
    """Text of one of our columns, trimmed, mapped as the mapping says; null where it is missing."""
    if "row_number" in spec:
        return source[ROW].cast("string")
    if "constant" in spec:
        return ibis.literal(str(spec["constant"]))
    text = source[raw.engine_column(str(spec["column"]))].strip()
    if spec.get("case"):
        text = text.upper() if spec["case"] == "upper" else text.lower()
    missing = table["format"].get("missing", [])
    missing = [str(item) for item in (missing if isinstance(missing, list) else [missing])]
    text = ibis.ifelse(text.isin(["", *missing]), ibis.null("string"), text)
    values = {str(key): str(value) for key, value in spec.get("values", {}).items()}
    return text.substitute(values) if values else text


def _typed(text: ir.StringValue, column: Column, table: dict, spec: dict) -> ir.Value:
    """Value of the column's kind; null where the text is missing or cannot be read."""
    form = table["format"]
    match column.kind:
        case "date" | "timestamp":
            return parsing.read_timestamp(text, spec.get("date_format", table["date_format"]))
        case "money" | "float":
            return parsing.read_number(text, form.get("decimal", "."), form.get("thousands"))
        case "int":
            number = parsing.read_number(text, form.get("decimal", "."), form.get("thousands"))
            return ibis.ifelse(number == number.floor(), number, ibis.null(parsing.MONEY_TYPE)).cast("int64")
        case "bool":
            return parsing.read_bool(text)
    return parsing.number_id(text) if spec.get("number_id") else text


def _parse(engine, mapping: Mapping, raw: RawTable) -> ir.Table:
    """Raw table with our columns beside the text, ``_text_<column>`` where reading can fail."""
    source = engine.create_table(f"raw_{raw.name}", raw.data, temp=True)
    table = mapping.tables[raw.name]
    texts, values = {}, {}
    for target, spec in table["columns"].items():
        text = _text(source, raw, table, spec)
        column = _column(raw.name, target)
        if column.kind != "text" or spec.get("number_id"):
            texts[f"_text_{target}"] = text
        values[target] = (text, column, spec)
    staged = source.mutate(**texts)
    read = {
        target: _typed(staged[f"_text_{target}"] if f"_text_{target}" in texts else text, column, table, spec)
        for target, (text, column, spec) in values.items()
    }
    parsed = staged.mutate(**read)
    unreadable = [
        parsed[f"_text_{target}"].notnull() & parsed[target].isnull()
        for target in read
        if f"_text_{target}" in texts and not _is_id(raw.name, target)
    ]
    return parsed.mutate(_unreadable=ibis.or_(*unreadable)).cache()


def _is_id(table: str, column: str) -> bool:
    return _column(table, column).kind == "text"


def _stop_at_unreadable(mapping: Mapping, raw: RawTable, parsed: ir.Table) -> None:
    first = parsed.filter(parsed._unreadable).order_by(ROW).limit(1).to_pyarrow().to_pylist()
    if not first:
        return
    row = first[0]
    for target, spec in mapping.tables[raw.name]["columns"].items():
        text = row.get(f"_text_{target}")
        if text is None or row[target] is not None:
            continue
        column = _column(raw.name, target)
        what = {"date": "date", "timestamp": "date", "bool": "truth value"}.get(column.kind, "number")
        value = "a value that is not shown" if column.personal else f"{text[:60]!r}"
        mend = {
            "date": "name its date_format in the mapping",
            "number": "name its decimal and thousands marks in the mapping",
            "truth value": "map it to true or false under values",
        }[what]
        raise UserError(
            f"{raw.place(row[ROW])}, column '{spec['column']}': {value} cannot be read as a {what}; "
            f"mend it, {mend} ({mapping.file}), or set on_unreadable: reject."
        )


# ---- the steps -------------------------------------------------------------------------------------------------


def _clean_one(engine, mapping: Mapping, raw: RawTable, done: dict[str, _Heaps]) -> _Heaps:
    table = mapping.tables[raw.name]
    parsed = _parse(engine, mapping, raw)
    if mapping.on_unreadable == "stop":
        _stop_at_unreadable(mapping, raw, parsed)
    rows = _as_lines(parsed, raw.name, table) if raw.name in ORDER_TABLES else _with_defaults(parsed, raw.name)
    if raw.name in ORDER_TABLES:
        _one_currency(mapping, raw, rows)
    reasons = (
        _order_reasons(mapping, table, rows)
        if raw.name in ORDER_TABLES
        else _other_reasons(mapping, raw.name, rows, done)
    )
    width = len(raw.header)
    twin = ibis.row_number().over(ibis.window(group_by=[f"c{i}" for i in range(width)], order_by=ROW)) > 0
    judged = rows.mutate(
        _reason=ibis.cases(*((condition, reason.value) for reason, condition in reasons), else_=ibis.null("string")),
        _twin=twin,
        _raw=_as_json(rows, raw),
    ).cache()
    is_merged = judged._twin & (table["duplicates"] == "merge")
    merged = judged.filter(is_merged)
    distinct = judged.filter(~is_merged)
    rejected = distinct.filter(distinct._reason.notnull())
    accepted = distinct.filter(distinct._reason.isnull())
    accepted, repeated = _one_per_key(mapping, raw, accepted, table["repeated_key"])
    heaps = [
        (merged, Fate.MERGED, ibis.literal(Reason.EXACT_DUPLICATE.value)),
        (rejected, Fate.REJECTED, rejected._reason),
        *repeated,
    ]
    found = _found(rows, judged, reasons)
    if raw.name not in ORDER_TABLES:
        heaps.append((accepted, Fate.KEPT, ibis.null("string")))
        return _Heaps(accepted, _fates(heaps), rows, raw, found)
    kept, netted = _net(accepted, by_unit=raw.name == "order_lines")
    heaps += [(kept, Fate.KEPT, kept._netting), (netted, Fate.NETTED, netted._netting)]
    return _Heaps(kept, _fates(heaps), rows, raw, found)


def _found(rows: ir.Table, judged: ir.Table, reasons) -> dict[str, int]:
    """How many raw rows show each sign, whatever became of them: the signs overlap, the fates do not."""
    signs = rows.aggregate(**{reason.value: condition.cast("int64").sum() for reason, condition in reasons})
    twins = judged._twin.cast("int64").sum().execute()
    return {Reason.EXACT_DUPLICATE.value: int(twins)} | signs.to_pyarrow().to_pylist()[0]


def _fates(heaps) -> ir.Table:
    return ibis.union(*(_fate(heap, fate, reason) for heap, fate, reason in heaps)).cache()


def _as_json(rows: ir.Table, raw: RawTable) -> ir.StringValue:
    return ibis.struct({name: rows[f"c{i}"] for i, name in enumerate(raw.header)}).cast("json").cast("string")


def _as_lines(parsed: ir.Table, name: str, table: dict) -> ir.Table:
    """Orders and order lines in one form: quantity, unit_price and amount; an order is one piece at its amount."""
    prefix = table["cancellations"].get("order_id_prefix")
    says_credit = parsed.order_id.startswith(prefix) if prefix else ibis.literal(False)
    if "is_return" in parsed.columns:
        says_credit = says_credit | parsed.is_return.fill_null(False)
    if name == "orders":
        sign = ibis.ifelse(says_credit | (parsed.amount < 0), -1, 1)
        parsed = parsed.mutate(
            product_id=ibis.literal(""),
            quantity=ibis.ifelse(parsed.amount.isnull(), ibis.null("int64"), sign).cast(netting.QUANTITY_TYPE),
            unit_price=parsed.amount.abs().cast(parsing.MONEY_TYPE),
        )
    else:
        quantity = ibis.ifelse(says_credit, -parsed.quantity.abs(), parsed.quantity)
        parsed = parsed.mutate(quantity=quantity.cast(netting.QUANTITY_TYPE))
        if "line_id" not in parsed.columns:
            parsed = parsed.mutate(line_id=parsed[ROW].cast("string"))
    amount = parsed.quantity.cast(AMOUNT_TYPE) * parsed.unit_price.cast(AMOUNT_TYPE)
    return parsed.mutate(
        says_credit=says_credit.fill_null(False), amount_raw=amount.cast(AMOUNT_TYPE).fill_null(Decimal(0))
    ).cache()


def _with_defaults(parsed: ir.Table, name: str) -> ir.Table:
    if name == "surveys" and "kind" not in parsed.columns:
        parsed = parsed.mutate(kind=ibis.literal("perceived"))
    return parsed


def _one_currency(mapping: Mapping, raw: RawTable, rows: ir.Table) -> None:
    if "currency" not in rows.columns:
        return
    other = rows.filter(rows.currency.upper() != mapping.currency).order_by(ROW).limit(1)
    for row in other.select(ROW, "currency").to_pyarrow().to_pylist():
        raise UserError(
            f"{raw.place(row[ROW])}: the currency is {row['currency']!r}, but {mapping.file} says {mapping.currency}; "
            "convert the money first, or split the dataset by currency."
        )


Reasons = list[tuple[Reason, ir.BooleanValue]]


def _order_reasons(mapping: Mapping, table: dict, rows: ir.Table) -> Reasons:
    """Reasons to reject an order or a line, in the order in which they are tried."""
    rule = table["cancellations"]
    required = [rows.order_id, rows.ordered_at, rows.product_id, rows.quantity, rows.unit_price]
    returns_by_sign = rule.get("negative_quantity", True)
    reasons: Reasons = [
        (Reason.UNREADABLE, rows._unreadable),
        *_customer_reasons(rows),
        *([(Reason.TEST_ORDER, _is_test(table["test_orders"], rows))] if table["test_orders"] else []),
        (Reason.MISSING_VALUE, ibis.or_(*(column.isnull() for column in required))),
        *_date_reasons(mapping, rows.ordered_at),
        *(
            [(Reason.NON_PRODUCT, _is_non_product(table["non_products"], rows.product_id))]
            if table["non_products"]
            else []
        ),
        (Reason.ZERO_QUANTITY, rows.quantity == 0),
        (Reason.NEGATIVE_PRICE, rows.unit_price < 0),
    ]
    if not returns_by_sign:
        reasons.append((Reason.NEGATIVE_QUANTITY, (rows.quantity < 0) & ~rows.says_credit))
    if table["zero_amount"] == "reject":
        reasons.append((Reason.ZERO_AMOUNT, rows.amount_raw == 0))
    return [(reason, condition.fill_null(False)) for reason, condition in reasons]


def _customer_reasons(rows: ir.Table) -> Reasons:
    given = rows["_text_customer_id"] if "_text_customer_id" in rows.columns else rows.customer_id
    return [
        (Reason.MISSING_CUSTOMER, given.isnull()),
        (Reason.MALFORMED_CUSTOMER, given.notnull() & rows.customer_id.isnull()),
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


def _other_reasons(mapping: Mapping, name: str, rows: ir.Table, done: dict[str, _Heaps]) -> Reasons:
    """Reasons to reject a row of a table that holds no orders."""
    needed = [
        rows[column.name] for column in TABLES[name].columns
        if column.required and not column.nullable and column.name != "customer_id"
    ]  # fmt: skip
    reasons: Reasons = [(Reason.UNREADABLE, rows._unreadable)]
    if (column := TABLES[name].column("customer_id")) and not column.nullable:
        reasons += _customer_reasons(rows)
    reasons.append((Reason.MISSING_VALUE, ibis.or_(*(column.isnull() for column in needed))))
    if name in EVENT_DATES:
        reasons += _date_reasons(mapping, rows[EVENT_DATES[name]])
    if name == "surveys" and "survey_items" in done:
        reasons += _score_reasons(rows, done["survey_items"].kept)
    if name == "tickets" and "resolved_at" in rows.columns:
        reasons.append((Reason.ENDS_BEFORE_IT_STARTS, rows.resolved_at < rows.opened_at))
    return [(reason, condition.fill_null(False)) for reason, condition in reasons]


def _score_reasons(rows: ir.Table, items: ir.Table) -> Reasons:
    scales = items.select("item", "scale_min", "scale_max").to_pyarrow().to_pylist()
    known = [scale["item"] for scale in scales]
    outside = ibis.or_(
        *(
            (rows.item == scale["item"]) & ((rows.score < scale["scale_min"]) | (rows.score > scale["scale_max"]))
            for scale in scales
        )
    )
    return [(Reason.UNKNOWN_ITEM, rows.item.notin(known)), (Reason.SCORE_OUT_OF_RANGE, outside)]


def _one_per_key(mapping: Mapping, raw: RawTable, accepted: ir.Table, rule: str):
    """Rows of which each has its own key, and the heaps of those that are left out for it."""
    if raw.name == "order_lines":
        owner = ibis.window(group_by="order_id", order_by=ROW)
        marked = accepted.mutate(_owner=accepted.customer_id.first().over(owner)).cache()
        strangers = marked.filter(marked.customer_id != marked._owner)
        heap = (strangers, Fate.REJECTED, ibis.literal(Reason.ORDER_OF_TWO_CUSTOMERS.value))
        return marked.filter(marked.customer_id == marked._owner), [heap]
    key = list(TABLES[raw.name].key)
    turn = accepted[ROW].desc() if rule == "last" else accepted[ROW]
    marked = accepted.mutate(_turn=ibis.row_number().over(ibis.window(group_by=key, order_by=turn))).cache()
    repeated = marked.filter(marked._turn > 0)
    if rule == "stop":
        for row in repeated.order_by(ROW).limit(1).select(ROW, *key).to_pyarrow().to_pylist():
            shown = ", ".join(f"{name} {row[name]!r}" for name in key)
            raise UserError(
                f"{raw.place(row[ROW])}: {shown} came before in another row; if each row is a line of an order, "
                f"map the file to order_lines, or set repeated_key to first or last ({mapping.file})."
            )
    return marked.filter(marked._turn == 0), [
        (repeated, Fate.REJECTED, ibis.literal(Reason.REPEATED_KEY.value))
    ]  # fmt: skip


def _net(accepted: ir.Table, by_unit: bool) -> tuple[ir.Table, ir.Table]:
    """Kept and netted rows, ``quantity_left`` and ``amount_kept`` beside what came."""
    left = netting.net(accepted, by_unit).cache()
    joined = accepted.left_join(left, ROW).drop(f"{ROW}_right")
    joined = joined.mutate(quantity_left=ibis.coalesce(joined.quantity_left, joined.quantity))
    is_credit = joined.quantity < 0
    gone = joined.quantity_left == 0
    netting_reason = ibis.cases(
        (gone & ~is_credit, Reason.CANCELLED_SALE.value),
        (gone & joined.is_pair, Reason.CANCELLATION.value),
        (gone, Reason.RETURN_OF_PART.value),
        (is_credit, Reason.UNMATCHED_CREDIT.value),
        (joined.quantity_left < joined.quantity, Reason.REDUCED_BY_RETURN.value),
        else_=ibis.null("string"),
    )
    amount = joined.quantity_left.cast(AMOUNT_TYPE) * joined.unit_price.cast(AMOUNT_TYPE)
    judged = joined.mutate(_netting=netting_reason, amount_kept=amount.cast(AMOUNT_TYPE)).cache()
    gone = judged.quantity_left == 0
    return judged.filter(~gone), judged.filter(gone)


def _fate(heap: ir.Table, fate: Fate, reason: ir.StringValue) -> ir.Table:
    def or_null(name: str, kind: str):
        return heap[name].cast(kind) if name in heap.columns else ibis.null(kind)

    amount_kept = or_null("amount_kept", AMOUNT_TYPE) if fate is Fate.KEPT else ibis.null(AMOUNT_TYPE)
    return heap.select(
        heap[ROW],
        fate=ibis.literal(fate.value),
        reason=reason,
        amount_raw=or_null("amount_raw", AMOUNT_TYPE),
        amount_kept=amount_kept,
        order_id=or_null("order_id", "string"),
        product_id=or_null("product_id", "string"),
        ordered_at=or_null("ordered_at", "timestamp"),
        quantity=or_null("quantity", netting.QUANTITY_TYPE),
        raw=heap._raw,
    )


def orders_from_lines(lines: ir.Table) -> ir.Table:
    """One row per order from clean lines.

    Parameters
    ----------
    lines : ibis table
        order_id, customer_id, ordered_at, quantity_left, amount_kept.

    Returns
    -------
    ibis table
        order_id, customer_id, ordered_at (of its first line), amount_kept (net), is_return (nothing but credits).
    """
    return lines.group_by("order_id").aggregate(
        customer_id=lines.customer_id.min(),
        ordered_at=lines.ordered_at.min(),
        amount_kept=lines.amount_kept.sum(),
        is_return=lines.quantity_left.max() < 0,
    )


# ---- the ledger ------------------------------------------------------------------------------------------------


def _account(heaps: _Heaps, name: str) -> dict:
    """Ledger of one table, after it has been held against the raw rows."""
    raw = heaps.raw.data.num_rows
    fates = heaps.fates
    has_money = name in ORDER_TABLES
    grouped = fates.group_by("fate", "reason").aggregate(
        rows=fates.count(), raw=fates.amount_raw.sum(), kept=fates.amount_kept.sum()
    )
    groups = sorted(
        grouped.to_pyarrow().to_pylist(), key=lambda group: (list(Fate).index(group["fate"]), group["reason"] or "")
    )
    _check_rows(heaps, name)
    by_fate = {fate.value: [group for group in groups if group["fate"] == fate] for fate in Fate}
    rows = {"raw": raw} | {fate: sum(group["rows"] for group in part) for fate, part in by_fate.items()}
    account: dict = {"rows": rows}
    zero = Decimal(0)
    if has_money:
        money = {fate: sum((group["raw"] or zero for group in part), zero) for fate, part in by_fate.items()}
        kept = sum((group["kept"] or zero for group in by_fate[Fate.KEPT]), zero)
        netted = money[Fate.NETTED] + money[Fate.KEPT] - kept
        account["amount"] = {
            "raw": _raw_amount(heaps),
            "kept": kept,
            "merged": money[Fate.MERGED],
            "netted": netted,
            "rejected": money[Fate.REJECTED],
        }
        _check_money(account["amount"], name)
    account["reasons"] = {
        group["reason"]: {"fate": group["fate"], "rows": group["rows"]}
        | ({"amount": _amount_of(group)} if has_money else {})
        for group in groups
        if group["reason"]
    }
    account["found"] = {reason: count for reason, count in heaps.found.items() if count}
    return account


def _amount_of(group: dict) -> Decimal:
    """Money of a reason: what a return took from a sale that stays, what a credit still takes away, or all of it."""
    zero = Decimal(0)
    if group["reason"] == Reason.REDUCED_BY_RETURN:
        return (group["raw"] or zero) - (group["kept"] or zero)
    return (group["kept"] if group["reason"] == Reason.UNMATCHED_CREDIT else group["raw"]) or zero


def _raw_amount(heaps: _Heaps) -> Decimal:
    """Raw money, from the rows as they were read and not from the heaps."""
    return heaps.rows.amount_raw.sum().to_pyarrow().as_py() or Decimal(0)


def _check_rows(heaps: _Heaps, name: str) -> None:
    """Hold the heaps against the raw rows: none lost, none made up, none in two heaps."""
    raw = heaps.rows.select(ROW)
    fates = heaps.fates.select(ROW)
    lost = raw.anti_join(fates, ROW).count()
    made_up = fates.anti_join(raw, ROW).count()
    twice = fates.count() - fates[ROW].nunique()
    counts = fates.aggregate(twice=twice).mutate(lost=lost.as_scalar(), made_up=made_up.as_scalar())
    for what, count in counts.to_pyarrow().to_pylist()[0].items():
        if count:
            raise LedgerError(f"table {name}: {count} rows are {what.replace('_', ' ')} between raw and clean")
    if raw.count().execute() != heaps.raw.data.num_rows:
        raise LedgerError(f"table {name}: the engine holds another number of rows than the file")


def _check_money(amount: dict[str, Decimal], name: str) -> None:
    parts = sum(amount[fate.value] for fate in Fate)
    if parts != amount["raw"]:
        raise LedgerError(f"table {name}: raw money is {amount['raw']}, its parts add up to {parts}")
    if amount[Fate.NETTED]:
        raise LedgerError(f"table {name}: sales and returns that undo each other leave {amount[Fate.NETTED]}")


def _check_frames(tables: dict[str, pd.DataFrame], accounts: dict[str, dict]) -> None:
    """The tables that are handed over hold the money that the ledger says, to the fourth decimal."""
    for name in accounts:
        if len(tables[name]) != accounts[name]["rows"][Fate.KEPT]:
            raise LedgerError(f"table {name}: the clean table has another number of rows than the ledger")
    main = "order_lines" if "order_lines" in accounts else "orders"
    total = sum((Decimal(f"{value:.4f}") for value in tables["orders"]["amount"]), Decimal(0))
    tolerance = Decimal("0.00005") * len(tables["orders"])  # of rounding an order to four decimals
    if abs(total - accounts[main]["amount"][Fate.KEPT]) > tolerance:
        raise LedgerError(f"orders hold {total}, the ledger says {accounts[main]['amount'][Fate.KEPT]}")


def _dataset_block(mapping: Mapping, orders: pd.DataFrame, heaps: dict[str, _Heaps], main: dict) -> dict:
    return {
        "name": mapping.name,
        "title": mapping.title,
        "source": mapping.source,
        "currency": mapping.currency,
        "simulated": mapping.simulated,
        "time_zone": mapping.time_zone,
        "observation_start": mapping.observation_start or orders["ordered_at"].min().date(),
        "observation_end": mapping.observation_end or orders["ordered_at"].max().date(),
        "supplied": list(mapping.tables),
        "rows_raw": main["rows"]["raw"],
        "rows_kept": main["rows"][Fate.KEPT],
        "engine": "duckdb",
    }


# ---- what is handed over ---------------------------------------------------------------------------------------


def _frame(kept: ir.Table, name: str) -> pd.DataFrame:
    """Clean table as a frame, sorted by its key."""
    mapped = {"quantity": "quantity_left", "amount": "amount_kept"}
    known = {column.name: mapped.get(column.name, column.name) for column in TABLES[name].columns}
    if name not in ("orders", "order_lines"):
        known = {column.name: column.name for column in TABLES[name].columns}
    kinds = {column.name: column.kind for column in TABLES[name].columns}
    chosen = {target: kept[source] for target, source in known.items() if source in kept.columns}
    if name in OPEN_TABLES:
        chosen |= {c: kept[c] for c in kept.columns if c not in chosen and not c.startswith("_") and not _is_raw(c)}
    exact = {target: value.cast("float64") if kinds.get(target) in ("money", "float") else value
             for target, value in chosen.items()}  # fmt: skip
    return kept.select(**exact).order_by(list(TABLES[name].key)).to_pandas()


def _is_raw(column: str) -> bool:
    return column == ROW or (column[0] == "c" and column[1:].isdigit())


def _rejected(heaps: _Heaps, name: str) -> pd.DataFrame:
    """Rows that did not arrive as they came, in the order in which they came."""
    fates = heaps.fates
    changed = fates.filter(fates.reason.notnull())
    amount = ibis.cases(
        (changed.reason == Reason.REDUCED_BY_RETURN.value, changed.amount_raw - changed.amount_kept),
        (changed.reason == Reason.UNMATCHED_CREDIT.value, changed.amount_kept),
        else_=changed.amount_raw,
    )
    shown = changed.mutate(
        table=ibis.literal(name), amount=amount.cast("float64"), quantity=changed.quantity.cast("float64")
    )
    return shown.order_by(ROW).select(*REJECTED_COLUMNS).to_pandas()


def _nothing_left(heaps: _Heaps) -> str:
    fates = heaps.fates
    reasons = fates.group_by("reason").aggregate(rows=fates.count()).to_pyarrow().to_pylist()
    worst = max(reasons, key=lambda group: (group["rows"], group["reason"] or ""))
    file = heaps.raw.files[0][0]
    return (
        f"{file}: no row of {heaps.raw.name} is left after cleaning; {worst['rows']} of {heaps.raw.data.num_rows} rows "
        f"fall under '{worst['reason']}'; check the mapping of that column."
    )
