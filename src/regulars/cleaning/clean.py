"""Raw tables to clean tables, rejected rows with their reasons, and the ledger that accounts for every row.

Each table goes through the same steps: read the text, merge exact duplicates, reject what cannot be used, net
cancellations against sales. The ledger is then held against the raw rows by anti-joins: every raw row is found in
exactly one of the four heaps, and their money adds up to the raw money.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import chain
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from regulars import catalog
from regulars.catalog.about_dataset import About, about_from_ledger
from regulars.catalog.tables import TABLES, Column
from regulars.cleaning import netting, validation
from regulars.engine.embedded import PART_ROWS, connect, even, in_parts
from regulars.errors import UserError
from regulars.labels import Fate, Reason
from regulars.paths import output_root
from regulars.sources import parsing
from regulars.sources.mapping import OPEN_TABLES, Mapping, load_mapping
from regulars.sources.raw import ROW, RawTable, read_manifest, read_raw

AMOUNT_TYPE = "decimal(38, 8)"
WIDE_TYPE = "decimal(38, 4)"
RATE_TYPE = "decimal(38, 8)"
EARLIEST_YEAR = 1900
WIDE = 1000  # columns
UNIT_SEPARATOR = "\x1f"
ENGINE_NAMES = {"pyspark": "spark"}
ORDER_TABLES = ("orders", "order_lines")
EVENT_DATES = {"surveys": "answered_at", "tickets": "opened_at", "ticket_events": "at", "units": "sold_at",
               "contacts": "at", "prospects": "created_at", "mystery_visits": "visited_at",
               "lost_reasons": "lost_at"}  # fmt: skip
REJECTED_KINDS = {
    "table": pa.string(),
    "row": pa.int64(),
    "fate": pa.string(),
    "reason": pa.string(),
    "order_id": pa.string(),
    "product_id": pa.string(),
    "ordered_at": pa.timestamp("us"),
    "quantity": pa.float64(),
    "amount": catalog.MONEY,
    "raw": pa.string(),
}
# of a column that a table needs, that may be empty and that the mapping does not name: missing in every row
COLUMN_TYPES = {"text": "string", "date": "timestamp", "timestamp": "timestamp", "money": parsing.MONEY_TYPE,
                "float": "float64", "int": "int64", "bool": "boolean"}  # fmt: skip
Reasons = list[tuple[Reason, ir.BooleanValue]]


@ibis.udf.scalar.builtin(signature=((None,), "string"))
def to_json(row):
    """JSON of a row, by the function of that name which engines have."""


class LedgerError(RuntimeError):
    """The ledger does not add up: a fault of the program, never of the data."""


@dataclass(frozen=True)
class Cleaned:
    """What cleaning a dataset gives; its rows lie in the engine.

    Parameters
    ----------
    kept : dict of str to ibis Table
        Clean tables by name, with the columns of `regulars.catalog.CLEAN_TABLES`, in no order; money exact.
    changed : dict of str to ibis Table
        Of each table that has any, the raw rows that did not arrive as they came: table, row (counted from 1 in the raw
        table), fate, reason, order_id, product_id, ordered_at, quantity, amount (what the reason took or left apart,
        in the dataset's currency), raw (the row as it came, as JSON; it may hold personal data).
    ledger : dict
        ``dataset`` and ``tables``, as written to ledger.json; amounts are exact decimals.
    about : About
    """

    kept: dict[str, ir.Table] = field(repr=False)
    changed: dict[str, ir.Table] = field(repr=False)
    ledger: dict = field(repr=False)
    about: About

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The clean tables as frames, sorted by their keys, money as float64: for few rows, or who looks at all."""
        return {name: _frame(rows.order_by(list(TABLES[name].key)).to_pyarrow()) for name, rows in self.kept.items()}

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """The rows that did not arrive as they came as one frame, in the order in which they came."""
        frames = [_frame(rows.order_by(ROW).to_pyarrow()) for rows in self.changed.values()]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(REJECTED_KINDS))


@dataclass(frozen=True)
class _Raw:
    """One raw table in the engine: its text, and the same rows read."""

    source: RawTable
    text: ir.Table  # row, c0, c1 …
    rows: ir.Table  # row, our columns, _unreadable; for orders also quantity, unit_price, amount_raw

    @property
    def name(self) -> str:
        return self.source.name


@dataclass(frozen=True)
class _Heaps:
    """One table after cleaning, in the engine: what is kept, and every row with its fate."""

    raw: _Raw
    kept: ir.Table
    fates: ir.Table  # row, fate, reason, amount_raw, amount_kept
    found: dict[str, int]


def clean(dataset: str, settings: dict | None = None) -> Cleaned:
    """Clean all tables of a dataset.

    Parameters
    ----------
    dataset : str
        A dataset that has been ingested.
    settings : dict, optional
        Of the engine, ``memory_gb`` and ``threads``, in place of those of ``params.yaml``.

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
    return clean_tables(mapping, lambda name: read_raw(mapping, name, manifest), settings)


def clean_tables(mapping: Mapping, read: Callable[[str], RawTable], settings: dict | None = None) -> Cleaned:
    """Clean raw tables, each read when it is its turn; see `clean`."""
    engine = connect(settings)
    heaps: dict[str, _Heaps] = {}
    for name in sorted(mapping.tables, key=_turn):
        heaps[name] = _clean_one(engine, mapping, _narrow(mapping, read(name)), heaps)
    accounts = {name: _account(heap) for name, heap in heaps.items()}
    main = order_log(heaps)
    if not accounts[main]["rows"][Fate.KEPT]:
        raise UserError(_nothing_left(heaps[main], accounts[main]))
    kept = {name: _clean_table(heap.kept, name) for name, heap in heaps.items()}
    if "orders" not in heaps:
        kept["orders"] = _clean_table(orders_from_lines(heaps["order_lines"].kept), "orders").cache()
    orders = _check_tables(kept, accounts)
    name = ENGINE_NAMES.get(engine.name, engine.name)
    ledger = {"dataset": _dataset_block(mapping, orders, accounts[main], name), "tables": accounts}
    changed = {name: _changed(heap) for name, heap in heaps.items() if accounts[name]["reasons"]}
    return Cleaned(kept, changed, ledger, about_from_ledger(ledger))


def clean_orders(engine, mapping: Mapping, raw: RawTable) -> tuple[ir.Table, dict]:
    """Clean the order log alone and leave it in the engine, however large it is.

    Parameters
    ----------
    engine : ibis backend
        From `regulars.engine.connect`.
    mapping : Mapping
    raw : RawTable
        ``orders``, or ``order_lines`` where there are no orders; see `order_log`.

    Returns
    -------
    orders : ibis Table
        order_id, customer_id, ordered_at, amount (decimal), in no order.
    account : dict
        The table's part of the ledger, held against the raw rows as in `clean`.

    Raises
    ------
    UserError
        As for `clean`.
    """
    if raw.name == "orders" and mapping.tables["orders"]["without_lines"] == "reject":
        raise UserError(
            f"{mapping.file}: tables.orders.without_lines asks for order_lines, which are not read where orders alone "
            "are scored; build the pages, or set it to keep."
        )
    heaps = _clean_one(engine, mapping, _narrow(mapping, raw), {})
    account = _account(heaps)
    if not account["rows"][Fate.KEPT]:
        raise UserError(_nothing_left(heaps, account))
    orders = orders_from_lines(heaps.kept) if raw.name == "order_lines" else heaps.kept
    return orders.select("order_id", "customer_id", "ordered_at", amount=orders.amount_kept), account


def save(cleaned: Cleaned) -> list[Path]:
    """Write the clean tables, each checked by the engine against its schema, ``rejected.parquet`` and ``ledger.json``.

    Rows come from the engine in parts, in the order of the tables' keys, and go to disk.

    Returns
    -------
    list of pathlib.Path
        The files, in ``data/clean/<dataset>/``.
    """
    dataset = cleaned.about.name
    folder = Path("data", "clean", dataset)
    files = [
        validation.save(rows.order_by(list(TABLES[name].key)), name, dataset) for name, rows in cleaned.kept.items()
    ]
    rejected = output_root() / folder / "rejected.parquet"
    nothing = pa.schema(list(REJECTED_KINDS.items())).empty_table()
    parts = (part for rows in cleaned.changed.values() for part in in_parts(rows.order_by(ROW)))
    whole = even(chain([nothing], (part.cast(nothing.schema) for part in parts)), PART_ROWS)
    validation.write_parts(whole, rejected, REJECTED_KINDS)
    return [*files, rejected, catalog.write_json(cleaned.ledger, folder / "ledger.json")]


def order_log(tables: Collection[str]) -> str:
    """Table that says what customers spent: orders where they are supplied, else order_lines."""
    return "orders" if "orders" in tables else "order_lines"


def _turn(name: str) -> tuple[bool, bool, str]:
    """Lines and their orders first, then the items of a survey before its answers."""
    return name not in ORDER_TABLES, name != "survey_items", name


def _narrow(mapping: Mapping, source: RawTable) -> RawTable:
    """A table of very many columns with those that the mapping does not name in one: engines plan each by itself."""
    if len(source.header) <= WIDE or isinstance(source.data, ir.Table):
        return source
    table = mapping.tables[source.name]
    named = {str(spec.get("column")) for spec in table["columns"].values()} | set(table["void"])
    kept = [name for name in source.header if name in named]
    others = [name for name in source.header if name not in named]
    columns = [source.data.column(source.engine_column(name)) for name in (*kept, *others)]
    joined = pc.binary_join_element_wise(*columns[len(kept) :], UNIT_SEPARATOR)
    texts = [*columns[: len(kept)], joined]
    data = pa.table([*texts, source.data.column(ROW)], names=[*(f"c{i}" for i in range(len(texts))), ROW])
    return replace(source, data=data, header=(*kept, UNIT_SEPARATOR.join(others)))


def _clean_one(engine, mapping: Mapping, source: RawTable, done: dict[str, _Heaps]) -> _Heaps:
    raw = _read(engine, mapping, source)
    table = mapping.tables[raw.name]
    has_orders = raw.name in ORDER_TABLES
    if raw.name == "orders" and table["without_lines"] == "reject":
        raw = replace(raw, rows=_lines_looked_up(raw.rows, done["order_lines"].raw.rows))
    reasons = _order_reasons(mapping, raw) if has_orders else _other_reasons(mapping, raw, done)
    found = _found(raw.rows, reasons)
    if mapping.on_unreadable == "stop" and Reason.UNREADABLE in found:
        _stop_at_unreadable(mapping, raw)
    if has_orders:
        _one_currency(mapping, raw)

    reason = ibis.cases(*((condition, reason.value) for reason, condition in reasons), else_=ibis.null("string"))
    judged = raw.rows.mutate(_reason=reason)
    heaps = []
    if table["duplicates"] == "merge" and Reason.EXACT_DUPLICATE in found:
        heaps.append((judged.filter(judged._twin), Fate.MERGED, ibis.literal(Reason.EXACT_DUPLICATE.value)))
        judged = judged.filter(~judged._twin)
    if set(found) - {Reason.EXACT_DUPLICATE}:
        rejected = judged.filter(judged._reason.notnull())
        heaps.append((rejected, Fate.REJECTED, rejected._reason))
        judged = judged.filter(judged._reason.isnull())
    kept = judged.cache() if heaps else raw.rows

    if raw.name == "order_lines":
        kept, strangers = _one_customer_per_order(kept)
        kept, netted = _net(kept, by_unit=True)
        heaps += [*strangers, *netted]
    elif raw.name == "orders":
        kept, netted = _net(kept, by_unit=False)
        kept, repeated = _one_per_key(mapping, raw, kept, table["repeated_key"])
        heaps += [*netted, *repeated]
    else:
        kept, repeated = _one_per_key(mapping, raw, kept, table["repeated_key"])
        heaps += repeated
    heaps.append((kept, Fate.KEPT, kept._netting if has_orders else ibis.null("string")))
    fates = ibis.union(*(_fate(*heap) for heap in heaps)).cache() if len(heaps) > 1 else _fate(*heaps[0])
    return _Heaps(raw, kept, fates, found)


def _lines_looked_up(orders: ir.Table, lines: ir.Table) -> ir.Table:
    """Orders with ``_lineless``: whether no line, as it came, bears their id."""
    known = lines.select(_known=lines.order_id).distinct()
    joined = orders.left_join(known, orders.order_id == known._known)
    return joined.mutate(_lineless=joined._known.isnull() & joined.order_id.notnull()).drop("_known").cache()


def _found(rows: ir.Table, reasons: Reasons) -> dict[str, int]:
    """How many raw rows show each sign, whatever became of them: the signs overlap, the fates do not."""
    signs = [(Reason.EXACT_DUPLICATE, rows._twin), *reasons]
    counts = rows.aggregate(**{reason.value: condition.cast("int64").sum() for reason, condition in signs})
    return {reason: int(count) for reason, count in counts.to_pyarrow().to_pylist()[0].items() if count}


# ---- reading the columns ---------------------------------------------------------------------------------------


def _column(table: str, name: str) -> Column:
    return TABLES[table].column(name) or Column(name, "text", required=False, nullable=True)


def _can_fail(column: Column) -> bool:
    """Whether there are texts that the column cannot take."""
    return column.kind != "text" or bool(column.choices)


def _text(source: ir.Table, raw: RawTable, table: dict, spec: dict) -> ir.StringValue:
    """Text of one of our columns, mapped as the mapping says; null where it is missing."""
    if "row_number" in spec:
        return source[ROW].cast("string")
    if "constant" in spec:
        return ibis.literal(str(spec["constant"]))
    text = source[raw.engine_column(str(spec["column"]))]
    if spec.get("case"):
        text = text.upper() if spec["case"] == "upper" else text.lower()
    missing = _listed(table["format"].get("missing", []))
    text = ibis.ifelse(text.isin(["", *missing]), ibis.null("string"), text) if missing else text.nullif("")
    values = {str(key): str(value) for key, value in spec.get("values", {}).items()}
    return text.substitute(values) if values else text


def _listed(given) -> list[str]:
    return [str(item) for item in (given if isinstance(given, list) else [given])]


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
    if column.choices:
        return ibis.ifelse(text.isin(column.choices), text, ibis.null("string"))
    return parsing.number_id(text) if spec.get("number_id") else text


def _read(engine, mapping: Mapping, source: RawTable) -> _Raw:
    """Bring a raw table into the engine and read its columns, all in one pass."""
    table = mapping.tables[source.name]
    here = not isinstance(source.data, ir.Table)
    name = ibis.util.gen_name(f"raw_{source.name}")  # the engine may hold the table of an earlier run
    text = engine.create_table(name, source.data, temp=True) if here else source.data
    values, unreadable = {}, []
    malformed = ibis.literal(False)
    for target, spec in table["columns"].items():
        given = _text(text, source, table, spec)
        column = _column(source.name, target)
        values[target] = _typed(given, column, table, spec)
        fails = given.notnull() & values[target].isnull()
        if _can_fail(column):
            unreadable.append(fails)
        elif spec.get("number_id") and target == "customer_id":
            malformed = fails
    values |= {
        column.name: ibis.null(COLUMN_TYPES[column.kind]) for column in TABLES[source.name].columns
        if column.required and column.nullable and column.name not in values
    }  # fmt: skip
    if "currency" in values:
        values = _converted(mapping, values)
    void = [text[source.engine_column(column)].isin(_listed(these)) for column, these in table["void"].items()]
    read = text.select(
        ROW, **values, _unreadable=ibis.or_(*unreadable), _malformed=malformed, _void=ibis.or_(False, *void)
    )
    firsts = text.group_by([f"c{i}" for i in range(len(source.header))]).aggregate(_first=text[ROW].min())
    read = read.left_join(firsts.select("_first"), read[ROW] == firsts._first)
    read = read.mutate(_twin=read._first.isnull()).drop("_first")
    if source.name in ORDER_TABLES:
        read = _as_lines(read, source.name, table)
    if source.name == "surveys" and "kind" not in values:
        read = read.mutate(kind=ibis.literal("perceived"))
    return _Raw(replace(source, data=text), text, read.cache())  # what came is in the engine now, and let go here


def _converted(mapping: Mapping, values: dict[str, ir.Value]) -> dict[str, ir.Value]:
    """Money of other currencies in the dataset's, by the rate of its day; null where there is none."""
    if not mapping.rates:
        return values
    code, day = values["currency"].upper(), values["ordered_at"].date()
    rules = [(code.isnull() | (code == mapping.currency), ibis.literal(Decimal(1)).cast(RATE_TYPE))]
    for currency, steps in mapping.rates.items():
        for since, rate in sorted(steps, key=lambda step: step[0] or date.min, reverse=True):
            holds = code == currency if since is None else (code == currency) & (day >= since)
            rules.append((holds, ibis.literal(rate).cast(RATE_TYPE)))
    rate = ibis.cases(*rules, else_=ibis.null(RATE_TYPE))

    def exchanged(money: ir.DecimalValue) -> ir.DecimalValue:
        return (money.cast(RATE_TYPE) * rate).round(4).cast(parsing.MONEY_TYPE)

    money = {name: exchanged(values[name]) for name in ("amount", "cost", "unit_price", "unit_cost") if name in values}
    # whether there was a rate is asked of the currency, so that a missing amount is not taken for a missing rate
    return values | money | {"_rate": rate}


def _as_lines(read: ir.Table, name: str, table: dict) -> ir.Table:
    """Orders and order lines in one form: quantity, unit_price, amount_raw; an order is one piece at its amount.

    What the mapping calls a cancellation counts as negative, whichever sign it is written with.
    """
    prefix = table["cancellations"].get("order_id_prefix")
    says_credit = read.order_id.startswith(prefix).fill_null(False) if prefix else ibis.literal(False)
    if "is_return" in read.columns:
        says_credit = says_credit | read.is_return.fill_null(False)
    if name == "orders":
        sign = ibis.ifelse(says_credit | (read.amount < 0), -1, 1)
        quantity = ibis.ifelse(read.amount.isnull(), ibis.null("int64"), sign)
        lines = read.mutate(product_id=ibis.literal(""), unit_price=read.amount.abs().cast(parsing.MONEY_TYPE))
    else:
        quantity = ibis.ifelse(says_credit, -read.quantity.abs(), read.quantity)
        lines = read if "line_id" in read.columns else read.mutate(line_id=read[ROW].cast("string"))
    lines = lines.mutate(quantity=quantity.cast(netting.QUANTITY_TYPE), _says_credit=says_credit)
    amount = _amount(lines.quantity, lines.unit_price)
    return lines.mutate(amount_raw=amount.fill_null(ibis.literal(0).cast(AMOUNT_TYPE)))


def _amount(quantity: ir.DecimalValue, unit_price: ir.DecimalValue) -> ir.DecimalValue:
    # wide before they are multiplied: DuckDB keeps the width of the factors
    return (quantity.cast(WIDE_TYPE) * unit_price.cast(WIDE_TYPE)).cast(AMOUNT_TYPE)


def _stop_at_unreadable(mapping: Mapping, raw: _Raw) -> None:
    first = raw.rows.filter(raw.rows._unreadable).order_by(ROW).limit(1).to_pyarrow().to_pylist()
    if not first:
        return
    row = first[0]
    table = mapping.tables[raw.name]
    text = raw.text.filter(raw.text[ROW] == row[ROW])
    given = {target: _text(text, raw.source, table, spec) for target, spec in table["columns"].items()}
    texts = text.select(**given).to_pyarrow().to_pylist()[0]
    target = next(
        name for name in given
        if _can_fail(_column(raw.name, name)) and texts[name] is not None and row[name] is None
    )  # fmt: skip
    column = _column(raw.name, target)
    choices = " or ".join(column.choices)
    what, mend = {
        "text": (choices, f"map it to {choices} under values"),
        "date": ("date", "name its date_format"),
        "timestamp": ("date", "name its date_format"),
        "bool": ("truth value", "map it to true or false under values"),
    }.get(column.kind, ("number", "name its decimal and thousands marks"))
    value = "a value that is not shown" if column.personal else f"{texts[target][:60]!r}"
    raise UserError(
        f"{raw.source.place(row[ROW])}, column '{table['columns'][target].get('column', target)}': {value} cannot be "
        f"read as {'' if choices else 'a '}{what}; mend it, or in {mapping.file} {mend} or set on_unreadable to reject."
    )


def _one_currency(mapping: Mapping, raw: _Raw) -> None:
    if "currency" not in raw.rows.columns:
        return
    other = raw.rows.filter(raw.rows.currency.upper() != mapping.currency)
    if mapping.rates:
        other = other.filter(other._rate.isnull() & other.ordered_at.notnull())
    for row in other.order_by(ROW).limit(1).select(ROW, "currency", "ordered_at").to_pyarrow().to_pylist():
        known = f"has no rate for it on {row['ordered_at']:%Y-%m-%d}" if mapping.rates else f"says {mapping.currency}"
        raise UserError(
            f"{raw.source.place(row[ROW])}: the currency is {row['currency']!r}, but {mapping.file} {known}; name what "
            "one unit of it is worth under rates, or make a dataset of each currency."
        )


# ---- reasons ---------------------------------------------------------------------------------------------------


def _order_reasons(mapping: Mapping, raw: _Raw) -> Reasons:
    """Reasons to reject an order or a line, in the order in which they are tried."""
    table, rows = mapping.tables[raw.name], raw.rows
    required = [rows.order_id, rows.ordered_at, rows.product_id, rows.quantity, rows.unit_price]
    reasons: Reasons = [(Reason.UNREADABLE, rows._unreadable), *_customer_reasons(rows)]
    if table["test_orders"]:
        reasons.append((Reason.TEST_ORDER, _is_test(table["test_orders"], rows)))
    if "_lineless" in rows.columns:
        reasons.append((Reason.ORDER_WITHOUT_LINES, rows._lineless))
    if table["void"]:
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


def _other_reasons(mapping: Mapping, raw: _Raw, done: dict[str, _Heaps]) -> Reasons:
    """Reasons to reject a row of a table that holds no orders."""
    name, rows = raw.name, raw.rows
    needed = [
        rows[column.name].isnull() for column in TABLES[name].columns
        if column.required and not column.nullable and column.name != "customer_id"
    ]  # fmt: skip
    reasons: Reasons = [(Reason.UNREADABLE, rows._unreadable)]
    if (customer := TABLES[name].column("customer_id")) and not customer.nullable:
        reasons += _customer_reasons(rows)
    if needed:
        reasons.append((Reason.MISSING_VALUE, ibis.or_(*needed)))
    if name in EVENT_DATES:
        reasons += _date_reasons(mapping, rows[EVENT_DATES[name]])
    if name == "surveys" and "survey_items" in done:
        reasons += _score_reasons(rows, done["survey_items"].kept)
    if name == "tickets" and "resolved_at" in rows.columns:
        reasons.append((Reason.ENDS_BEFORE_IT_STARTS, rows.resolved_at < rows.opened_at))
    return [(reason, condition.fill_null(False)) for reason, condition in reasons]


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


# ---- the steps -------------------------------------------------------------------------------------------------


def _count(table: ir.Table) -> int:
    return table.count().to_pyarrow().as_py()


def _one_customer_per_order(lines: ir.Table):
    """Lines of the customer whose line comes first in each order, and the heap of the others."""
    owners = lines.group_by("order_id").aggregate(
        _owner=lines.customer_id.argmin(lines[ROW]), _customers=lines.customer_id.nunique()
    )
    shared = owners.filter(owners._customers > 1).select("order_id", "_owner").cache()
    if not _count(shared):
        return lines, []
    joined = lines.inner_join(shared, "order_id")
    strangers = joined.filter(joined.customer_id != joined._owner).select(ROW).cache()
    heap = (lines.semi_join(strangers, ROW), Fate.REJECTED, ibis.literal(Reason.ORDER_OF_TWO_CUSTOMERS.value))
    return lines.anti_join(strangers, ROW), [heap]


def _one_per_key(mapping: Mapping, raw: _Raw, rows: ir.Table, rule: str):
    """Rows of which each has its own key, and the heap of those that are left out for it."""
    key = list(TABLES[raw.name].key)
    keys = rows.group_by(key).aggregate(_times=rows.count())
    if not _count(keys.filter(keys._times > 1)):
        return rows, []
    chosen = rows.group_by(key).aggregate(row=rows[ROW].max() if rule == "last" else rows[ROW].min())
    left_out = rows.select(ROW).anti_join(chosen.select(ROW), ROW).cache()
    repeated = rows.semi_join(left_out, ROW)
    if rule == "stop":
        _stop_at_repeated_key(mapping, raw, repeated)
    return rows.anti_join(left_out, ROW), [(repeated, Fate.REJECTED, ibis.literal(Reason.REPEATED_KEY.value))]


def _stop_at_repeated_key(mapping: Mapping, raw: _Raw, repeated: ir.Table) -> None:
    key = TABLES[raw.name].key
    row = repeated.order_by(ROW).limit(1).select(ROW, *key).to_pyarrow().to_pylist()[0]
    shown = ", ".join(f"{name} {row[name]!r}" for name in key)
    raise UserError(
        f"{raw.source.place(row[ROW])}: {shown} came before in another row; if each row is a line of an order, map the "
        f"file to order_lines, or set repeated_key to first or last in {mapping.file}."
    )


def _net(rows: ir.Table, by_unit: bool):
    """Kept rows with ``quantity_left`` and ``amount_kept`` beside what came, and the heap of those that are undone."""
    if not _count(rows.filter(rows.quantity < 0)):
        whole = rows.mutate(quantity_left=rows.quantity, amount_kept=rows.amount_raw, _netting=ibis.null("string"))
        return whole, []
    left = netting.net(rows, by_unit).cache()
    joined = rows.left_join(left, ROW).drop(f"{ROW}_right")
    joined = joined.mutate(quantity_left=ibis.coalesce(joined.quantity_left, joined.quantity))
    is_credit = joined.quantity < 0
    gone = joined.quantity_left == 0
    reason = ibis.cases(
        (gone & ~is_credit, Reason.CANCELLED_SALE.value),
        (gone & joined.is_pair, Reason.CANCELLATION.value),
        (gone, Reason.RETURN_OF_PART.value),
        (is_credit, Reason.UNMATCHED_CREDIT.value),
        (joined.quantity_left < joined.quantity, Reason.REDUCED_BY_RETURN.value),
        else_=ibis.null("string"),
    )
    judged = joined.mutate(_netting=reason, amount_kept=_amount(joined.quantity_left, joined.unit_price)).cache()
    netted = judged.filter(judged.quantity_left == 0)
    return judged.filter(judged.quantity_left != 0), [(netted, Fate.NETTED, netted._netting)]


def _fate(heap: ir.Table, fate: Fate, reason: ir.StringValue) -> ir.Table:
    def money(name: str):
        return heap[name].cast(AMOUNT_TYPE) if name in heap.columns else ibis.null(AMOUNT_TYPE)

    kept = money("amount_kept") if fate is Fate.KEPT else ibis.null(AMOUNT_TYPE)
    return heap.select(
        heap[ROW], fate=ibis.literal(fate.value), reason=reason, amount_raw=money("amount_raw"), amount_kept=kept
    )


def orders_from_lines(lines: ir.Table) -> ir.Table:
    """One row per order from clean lines.

    Parameters
    ----------
    lines : ibis table
        row, order_id, customer_id (one per order), ordered_at, quantity_left, amount_kept, and where they are
        supplied channel, unit_cost.

    Returns
    -------
    ibis table
        order_id, customer_id, ordered_at (of its first line), amount_kept (net), is_return (nothing but credits),
        channel (of its first line), cost (null where the cost of a line is not known).
    """
    parts = {
        "customer_id": lines.customer_id.min(),
        "ordered_at": lines.ordered_at.min(),
        "amount_kept": lines.amount_kept.sum(),
        "is_return": lines.quantity_left.max() < 0,
    }
    if "channel" in lines.columns:
        parts["channel"] = lines.channel.argmin(lines[ROW])
    if "unit_cost" in lines.columns:
        cost = _amount(lines.quantity_left, lines.unit_cost).sum()
        parts["cost"] = ibis.ifelse(lines.unit_cost.count() == lines.count(), cost, ibis.null(AMOUNT_TYPE))
    return lines.group_by("order_id").aggregate(**parts)


# ---- the ledger ------------------------------------------------------------------------------------------------


def _account(heaps: _Heaps) -> dict:
    """Ledger of one table, after it has been held against the raw rows."""
    _check_rows(heaps)
    fates = heaps.fates
    summed = fates.group_by("fate", "reason").aggregate(
        rows=fates.count(), raw=fates.amount_raw.sum(), kept=fates.amount_kept.sum()
    )
    turn = [*Fate], ["", *(reason.value for reason in Reason)]
    groups = sorted(
        summed.to_pyarrow().to_pylist(),
        key=lambda group: (turn[0].index(group["fate"]), turn[1].index(group["reason"] or "")),
    )
    has_money = heaps.raw.name in ORDER_TABLES
    counts = {fate.value: sum(group["rows"] for group in groups if group["fate"] == fate) for fate in Fate}
    account: dict = {"rows": {"raw": heaps.raw.source.rows} | counts}
    if sum(counts.values()) != heaps.raw.source.rows:
        raise LedgerError(f"table {heaps.raw.name}: the heaps hold another number of rows than the file")
    if has_money:
        account["amount"] = _amounts(heaps, groups)
    account["reasons"] = {
        group["reason"]: {"fate": group["fate"], "rows": group["rows"]}
        | ({"amount": _amount_of(group)} if has_money else {})
        for group in groups
        if group["reason"]
    }
    account["found"] = heaps.found
    return account


def _amounts(heaps: _Heaps, groups: list[dict]) -> dict[str, Decimal]:
    """Money by fate; raw money is summed from the rows as they were read, not from the heaps."""

    def total(fate: Fate, what: str) -> Decimal:
        return sum((group[what] or Decimal(0) for group in groups if group["fate"] == fate), Decimal(0))

    kept = total(Fate.KEPT, "kept")
    amounts = {
        "raw": heaps.raw.rows.amount_raw.sum().to_pyarrow().as_py() or Decimal(0),
        Fate.KEPT.value: kept,
        Fate.MERGED.value: total(Fate.MERGED, "raw"),
        # what returns took from sales that stay belongs to the pairs that undo each other
        Fate.NETTED.value: total(Fate.NETTED, "raw") + total(Fate.KEPT, "raw") - kept,
        Fate.REJECTED.value: total(Fate.REJECTED, "raw"),
    }
    parts = sum(amounts[fate.value] for fate in Fate)
    if parts != amounts["raw"]:
        raise LedgerError(f"table {heaps.raw.name}: raw money is {amounts['raw']}, its parts add up to {parts}")
    if amounts[Fate.NETTED]:
        raise LedgerError(f"table {heaps.raw.name}: what returns undid leaves {amounts[Fate.NETTED]}, not nothing")
    return amounts


def _amount_of(group: dict) -> Decimal:
    """Money of a reason: what a return took from a sale that stays, what a credit still takes away, or all of it."""
    raw, kept = group["raw"] or Decimal(0), group["kept"] or Decimal(0)
    return {Reason.REDUCED_BY_RETURN: raw - kept, Reason.UNMATCHED_CREDIT: kept}.get(group["reason"], raw)


def _check_rows(heaps: _Heaps) -> None:
    """Hold the heaps against the raw rows: none lost, none made up, none in two heaps."""
    raw, fates = heaps.raw.text.select(ROW), heaps.fates.select(ROW)
    counted = fates.group_by(ROW).aggregate(times=fates.count())
    faults = {
        "lost": raw.anti_join(fates, ROW),
        "made up": fates.anti_join(raw, ROW),
        "in two heaps": counted.filter(counted.times > 1).select(ROW),
    }
    found = ibis.union(*(rows.mutate(fault=ibis.literal(fault)) for fault, rows in faults.items()))
    for fault in found.order_by("fault", ROW).limit(1).to_pyarrow().to_pylist():
        raise LedgerError(f"table {heaps.raw.name}: row {fault[ROW]} is {fault['fault']}")


def _check_tables(kept: dict[str, ir.Table], accounts: dict[str, dict]) -> dict:
    """The tables that are handed over hold the rows and the money that the ledger says; figures of the orders."""
    for name, account in accounts.items():
        if _count(kept[name]) != account["rows"][Fate.KEPT]:
            raise LedgerError(f"table {name}: the clean table has another number of rows than the ledger")
    main, orders = accounts[order_log(accounts)], kept["orders"]
    found = orders.aggregate(
        rows=orders.count(), amount=orders.amount.sum(), first=orders.ordered_at.min(), last=orders.ordered_at.max()
    )
    found = found.to_pyarrow().to_pylist()[0]
    tolerance = Decimal("0.00005") * found["rows"]  # an order is kept to four decimals
    if abs(found["amount"] - main["amount"][Fate.KEPT]) > tolerance:
        raise LedgerError(f"the orders hold {found['amount']}, the ledger says {main['amount'][Fate.KEPT]}")
    return found


def _dataset_block(mapping: Mapping, orders: dict, main: dict, engine: str) -> dict:
    return {
        "name": mapping.name,
        "title": mapping.title,
        "source": mapping.source,
        "currency": mapping.currency,
        "simulated": mapping.simulated,
        "time_zone": mapping.time_zone,
        "observation_start": mapping.observation_start or orders["first"].date(),
        "observation_end": mapping.observation_end or orders["last"].date(),
        "supplied": list(mapping.tables),
        "rows_raw": main["rows"]["raw"],
        "rows_kept": main["rows"][Fate.KEPT],
        "engine": engine,
    } | _only_where_told(mapping)


def _only_where_told(mapping: Mapping) -> dict:
    """The rates by which money was converted, as the mapping has them; whether the log is a sample of the orders."""
    rates = {code: {str(since or "always"): rate for since, rate in steps} for code, steps in mapping.rates.items()}
    return ({"rates": rates} if rates else {}) | ({"orders_sampled": True} if mapping.orders_sampled else {})


# ---- what is handed over ---------------------------------------------------------------------------------------


def _clean_table(kept: ir.Table, name: str) -> ir.Table:
    """Clean table as it leaves the engine."""
    sources = {"quantity": "quantity_left", "amount": "amount_kept"} if name in ORDER_TABLES else {}
    kinds = {"money": parsing.MONEY_TYPE, "float": "float64"}
    chosen = {}
    for column in TABLES[name].columns:
        source = sources.get(column.name, column.name)
        if source in kept.columns:
            value = kept[source].round(4) if column.kind == "money" else kept[source]
            chosen[column.name] = value.cast(kinds[column.kind]) if column.kind in kinds else value
    if name in OPEN_TABLES:
        chosen |= {c: kept[c] for c in kept.columns if c not in chosen and c != ROW and not c.startswith("_")}
    return kept.select(**chosen)


def _frame(table: pa.Table) -> pd.DataFrame:
    exact = [f.name for f in table.schema if pa.types.is_decimal(f.type)]
    for name in exact:
        table = table.set_column(
            table.column_names.index(name), name, table[name].cast("string").cast("float64")
        )  # by way of text: the nearest float
    return table.to_pandas()


def _changed(heaps: _Heaps) -> ir.Table:
    """Rows that did not arrive as they came."""
    fates = heaps.fates.filter(heaps.fates.reason.notnull())
    rows, text = heaps.raw.rows, heaps.raw.text
    wanted = {"order_id": "string", "product_id": "string", "ordered_at": "timestamp", "quantity": "float64"}
    details = rows.select(ROW, **{
        name: rows[name].cast(kind) if name in rows.columns else ibis.null(kind) for name, kind in wanted.items()
    })  # fmt: skip
    named = {name: text[f"c{i}"] for i, name in enumerate(heaps.raw.source.header)}
    changed = fates.inner_join(details, ROW).inner_join(text, ROW)
    as_json = to_json(ibis.struct({name: changed[f"c{i}"] for i, name in enumerate(named)}))
    amount = ibis.cases(
        (changed.reason == Reason.REDUCED_BY_RETURN.value, changed.amount_raw - changed.amount_kept),
        (changed.reason == Reason.UNMATCHED_CREDIT.value, changed.amount_kept),
        else_=changed.amount_raw,
    )
    amount = amount.round(4).cast(parsing.MONEY_TYPE)
    shown = changed.mutate(table=ibis.literal(heaps.raw.name), amount=amount, raw=as_json)
    return shown.select(*REJECTED_KINDS)


def _nothing_left(heaps: _Heaps, account: dict) -> str:
    reason, worst = max(account["reasons"].items(), key=lambda item: item[1]["rows"])
    return (
        f"{heaps.raw.source.files[0][0]}: no row of {heaps.raw.name} is left after cleaning; {worst['rows']} of "
        f"{account['rows']['raw']} rows are {worst['fate']} as '{reason}'; check the mapping of that column."
    )
