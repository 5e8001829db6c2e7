"""Raw tables to clean tables, rejected rows with their reasons, and the ledger that accounts for every row.

Each table goes through the same steps: read the text, merge exact duplicates, reject what cannot be used, net
cancellations against sales. The ledger is then held against the raw rows by anti-joins: every raw row is found in
exactly one of the four heaps, and their money adds up to the raw money.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
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
from regulars.catalog.tables import TABLES
from regulars.cleaning import validation
from regulars.cleaning.doubts import outsized_customer, refuse_doubtful, refuse_lone_end
from regulars.cleaning.heaps import AMOUNT_TYPE, ORDER_TABLES, Heaps, Raw, count_rows, order_log, with_fate
from regulars.cleaning.ledger import ENGINE_NAMES, account_of, check_tables, dataset_block, nothing_left
from regulars.cleaning.money import line_amount
from regulars.cleaning.one_person import decided, records_of_one_person, under_one_id
from regulars.cleaning.order_figures import by_day
from regulars.cleaning.owners import OwnerChange, read_owner_changes, with_owners
from regulars.cleaning.reading import (
    UNIT_SEPARATOR,
    WIDE,
    read_typed,
    refuse_mixed_currencies,
    refuse_mixed_signs,
    stop_at_unreadable,
    to_json,
)
from regulars.cleaning.reasons import Reasons, order_reasons, other_reasons
from regulars.cleaning.settling import settle
from regulars.engine.embedded import PART_ROWS, connect, even, in_parts
from regulars.errors import UserError
from regulars.labels import Fate, Reason
from regulars.paths import output_root
from regulars.sources import parsing
from regulars.sources.mapping import ITEM, OPEN_TABLES, SCORE, Mapping, columns_named, load_mapping
from regulars.sources.raw import ROW, RawTable, read_manifest, read_raw
from regulars.sources.refunds import REFUND_OF

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
        What the dataset says of itself from now on.
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
    cleaned = clean_tables(
        mapping, lambda name: read_raw(mapping, name, manifest), settings, owners=read_owner_changes(dataset)
    )
    gone = {name: table["forgotten"] for name, table in manifest["tables"].items() if "forgotten" in table}
    if gone:  # rows that came and are not among the raw ones, since their customers are to be forgotten
        cleaned.ledger["forgotten"] = gone
    return cleaned


def clean_tables(
    mapping: Mapping,
    read: Callable[[str], RawTable],
    settings: dict | None = None,
    owners: Sequence[OwnerChange] = (),
) -> Cleaned:
    """Clean raw tables, each read when it is its turn.

    Parameters
    ----------
    mapping : Mapping
        What is mapped to what, and the rules.
    read : callable
        From the name of a table to its raw rows.
    settings : dict, optional
        Of the engine, as for `clean`.
    owners : sequence of OwnerChange
        Who takes over what, of all tables.

    Returns
    -------
    Cleaned

    Raises
    ------
    UserError
        As `clean`.
    """
    engine = connect(settings)
    heaps: dict[str, Heaps] = {}
    for name in sorted(mapping.tables, key=_turn):
        changes = [change for change in owners if change.table == name]
        heaps[name] = _clean_one(engine, mapping, _narrow(mapping, read(name)), heaps, changes)
    accounts = {name: account_of(heap) for name, heap in heaps.items()}
    main = order_log(heaps)
    if not accounts[main]["rows"][Fate.KEPT]:
        raise UserError(nothing_left(heaps[main], accounts[main]))
    kept = {name: _clean_table(heap.kept, name) for name, heap in heaps.items()}
    if "orders" not in heaps:
        kept["orders"] = _clean_table(orders_from_lines(heaps["order_lines"].kept), "orders").cache()
        _refuse_huge(kept["orders"])
    _refuse_lone_end(mapping, heaps[main], kept["orders"])
    orders = check_tables(kept, accounts)
    if largest := outsized_customer(kept["orders"]):
        accounts[main]["largest_customer"] = largest
    name = ENGINE_NAMES.get(engine.name, engine.name)
    ledger = {"dataset": dataset_block(mapping, orders, accounts[main], name), "tables": accounts}
    changed = {name: _changed(heap) for name, heap in heaps.items() if accounts[name]["reasons"]}
    return Cleaned(kept, changed, ledger, about_from_ledger(ledger))


def clean_orders(engine, mapping: Mapping, raw: RawTable) -> tuple[ir.Table, dict]:
    """Clean the order log alone and leave it in the engine, however large it is.

    Parameters
    ----------
    engine : ibis backend
        From `regulars.engine.connect`.
    mapping : Mapping
        What is mapped to what, and the rules.
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
    account = account_of(heaps)
    if not account["rows"][Fate.KEPT]:
        raise UserError(nothing_left(heaps, account))
    orders = orders_from_lines(heaps.kept) if raw.name == "order_lines" else heaps.kept
    _refuse_lone_end(mapping, heaps, orders)
    return orders.select("order_id", "customer_id", "ordered_at", amount=orders.amount_kept), account


def save(cleaned: Cleaned) -> list[Path]:
    """Write the clean tables, each checked by the engine against its schema, ``rejected.parquet`` and ``ledger.json``.

    Rows come from the engine in parts, in the order of the tables' keys, and go to disk.

    Parameters
    ----------
    cleaned : Cleaned
        Of `clean`.

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


def _turn(name: str) -> tuple[bool, bool, str]:
    """Lines and their orders first, then the items of a survey before its answers."""
    return name not in ORDER_TABLES, name != "survey_items", name


def _narrow(mapping: Mapping, source: RawTable) -> RawTable:
    """A table of very many columns with those that the mapping does not name in one: engines plan each by itself."""
    if len(source.header) <= WIDE or isinstance(source.data, ir.Table):
        return source
    named = set(columns_named(mapping.tables[source.name])) | {ITEM, SCORE, REFUND_OF}
    kept = [name for name in source.header if name in named]
    others = [name for name in source.header if name not in named]
    columns = [source.data.column(source.engine_column(name)) for name in (*kept, *others)]
    joined = pc.binary_join_element_wise(*columns[len(kept) :], UNIT_SEPARATOR)
    texts = [*columns[: len(kept)], joined]
    data = pa.table([*texts, source.data.column(ROW)], names=[*(f"c{i}" for i in range(len(texts))), ROW])
    return replace(source, data=data, header=(*kept, UNIT_SEPARATOR.join(others)))


def _clean_one(
    engine, mapping: Mapping, source: RawTable, done: dict[str, Heaps], owners: Sequence[OwnerChange] = ()
) -> Heaps:
    raw = under_one_id(engine, read_typed(engine, mapping, source), decided(mapping))
    table = mapping.tables[raw.name]
    has_orders = raw.name in ORDER_TABLES
    if raw.name == "orders" and table["without_lines"] == "reject":
        raw = replace(raw, rows=_lines_looked_up(raw.rows, done["order_lines"].raw.rows))
    if table["repeated_key"] == "merge":
        raw = replace(raw, rows=_further_lines(raw.rows))
    reasons = order_reasons(mapping, raw) if has_orders else other_reasons(mapping, raw, done)
    found = _found(raw.rows, reasons)
    if mapping.on_unreadable == "stop" and Reason.UNREADABLE in found:
        stop_at_unreadable(mapping, raw)
    if has_orders:
        refuse_mixed_currencies(mapping, raw)
        refuse_mixed_signs(mapping, raw)
        refuse_doubtful(mapping, raw)

    reason = ibis.cases(*((condition, reason.value) for reason, condition in reasons), else_=ibis.null("string"))
    judged = raw.rows.mutate(_reason=reason)
    heaps = []
    if table["duplicates"] == "merge" and Reason.EXACT_DUPLICATE in found:
        heaps.append((judged.filter(judged._twin), Fate.MERGED, ibis.literal(Reason.EXACT_DUPLICATE.value)))
        judged = judged.filter(~judged._twin)
    if "_again" in judged.columns:
        heaps.append((judged.filter(judged._again), Fate.MERGED, ibis.literal(Reason.IN_EARLIER_FILE.value)))
        judged = judged.filter(~judged._again)
    if "_further" in judged.columns:
        heaps.append((judged.filter(judged._further), Fate.MERGED, ibis.literal(Reason.FURTHER_LINE.value)))
        judged = judged.filter(~judged._further)
    if set(found) - {Reason.EXACT_DUPLICATE}:
        rejected = judged.filter(judged._reason.notnull())
        heaps.append((rejected, Fate.REJECTED, rejected._reason))
        judged = judged.filter(judged._reason.isnull())
    kept = judged.cache() if heaps else raw.rows

    if has_orders:
        kept, refunded = _refunded_whole(kept)
        heaps += refunded
    if raw.name == "order_lines":
        kept, strangers = _one_customer_per_order(kept)
        kept, netted = _settled(kept, table, by_unit=True)
        heaps += [*strangers, *netted]
    elif raw.name == "orders":
        kept, netted = _settled(kept, table, by_unit=False)
        kept, repeated = _one_per_key(mapping, raw, kept, table["repeated_key"])
        heaps += [*netted, *repeated]
    else:
        kept, merged = records_of_one_person(raw.name, kept)
        kept, repeated = _one_per_key(mapping, raw, kept, table["repeated_key"])
        heaps += [*merged, *repeated]
    kept = with_owners(kept, raw.name, owners) if owners else kept
    reasons_kept = kept._netting if has_orders else kept._edited if owners else ibis.null("string")
    heaps.append((kept, Fate.KEPT, reasons_kept))
    fates = ibis.union(*(with_fate(*heap) for heap in heaps)).cache() if len(heaps) > 1 else with_fate(*heaps[0])
    return Heaps(raw, kept, fates, found)


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


def _one_customer_per_order(lines: ir.Table):
    """Lines of the customer whose line comes first in each order, and the heap of the others."""
    owners = lines.group_by("order_id").aggregate(
        _owner=lines.customer_id.argmin(lines[ROW]), _customers=lines.customer_id.nunique()
    )
    shared = owners.filter(owners._customers > 1).select("order_id", "_owner").cache()
    if not count_rows(shared):
        return lines, []
    joined = lines.inner_join(shared, "order_id")
    strangers = joined.filter(joined.customer_id != joined._owner).select(ROW).cache()
    heap = (lines.semi_join(strangers, ROW), Fate.REJECTED, ibis.literal(Reason.ORDER_OF_TWO_CUSTOMERS.value))
    return lines.anti_join(strangers, ROW), [heap]


def _one_per_key(mapping: Mapping, raw: Raw, rows: ir.Table, rule: str):
    """Rows of which each has its own key, and the heap of those that are left out for it."""
    key = list(TABLES[raw.name].key)
    keys = rows.group_by(key).aggregate(_times=rows.count())
    if not count_rows(keys.filter(keys._times > 1)):
        return rows, []
    chosen = rows.group_by(key).aggregate(row=rows[ROW].max() if rule == "last" else rows[ROW].min())
    left_out = rows.select(ROW).anti_join(chosen.select(ROW), ROW).cache()
    repeated = rows.semi_join(left_out, ROW)
    if rule in ("stop", "merge"):
        _stop_at_repeated_key(mapping, raw, repeated)
    return rows.anti_join(left_out, ROW), [(repeated, Fate.REJECTED, ibis.literal(Reason.REPEATED_KEY.value))]


def _stop_at_repeated_key(mapping: Mapping, raw: Raw, repeated: ir.Table) -> None:
    key = TABLES[raw.name].key
    row = repeated.order_by(ROW).limit(1).select(ROW, *key).to_pyarrow().to_pylist()[0]
    shown = ", ".join(f"{name} {row[name]!r}" for name in key)
    raise UserError(
        f"{raw.source.place(row[ROW])}: {shown} came before in another row; if each row is a line of an order, map the "
        f"file to order_lines, or set repeated_key to first or last in {mapping.file}."
    )


def _settled(rows: ir.Table, table: dict, *, by_unit: bool):
    """Kept rows with ``quantity_left`` and ``amount_kept`` beside what came, and the heap of those that are undone."""
    judged = settle(rows, table, by_unit=by_unit)
    netted = judged.filter(judged.quantity_left == 0)
    if not count_rows(netted):
        return judged, []
    return judged.filter(judged.quantity_left != 0), [(netted, Fate.NETTED, netted._netting)]


def _refunded_whole(rows: ir.Table):
    """Rows of which something is left, and the heap of those whose own column says that all of it went back."""
    if "_refunded" not in rows.columns:
        return rows, []
    whole = (rows.amount_raw == 0) & (rows._refunded != 0)
    return rows.filter(~whole), [(rows.filter(whole), Fate.NETTED, ibis.literal(Reason.REFUNDED.value))]


def _further_lines(orders: ir.Table) -> ir.Table:
    """Orders with ``_further``: whether a row says the amount of its order once more, or none."""
    said = orders.filter(orders.order_id.notnull())
    first = said.group_by("order_id").aggregate(_at=said[ROW].min(), _amount=said.amount_raw.argmin(said[ROW])).cache()
    joined = orders.left_join(first, "order_id").drop("order_id_right")
    again = joined.quantity.isnull() | (joined.amount_raw == joined._amount)
    further = (joined[ROW] > joined._at) & again & ~joined._twin
    return joined.mutate(_further=further.fill_null(False)).drop("_at", "_amount").cache()


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
        cost = line_amount(lines.quantity_left, lines.unit_cost).sum()
        parts["cost"] = ibis.ifelse(lines.unit_cost.count() == lines.count(), cost, ibis.null(AMOUNT_TYPE))
    return lines.group_by("order_id").aggregate(**parts)


def _refuse_huge(orders: ir.Table) -> None:
    """Stop where the lines of an order add up to more than money can be."""
    for order in orders.filter(orders.amount.isnull()).limit(1).select("order_id").to_pyarrow().to_pylist():
        raise UserError(
            f"Table order_lines, order {order['order_id']!r}: its lines add up to more money than there is; mend one "
            "of them."
        )


def _refuse_lone_end(mapping: Mapping, log: Heaps, orders: ir.Table) -> None:
    if mapping.observation_end is None:
        amount = orders.amount if "amount" in orders.columns else orders.amount_kept
        refuse_lone_end(mapping, log.raw, log.kept, by_day(orders.select("ordered_at", amount=amount)))


def _clean_table(kept: ir.Table, name: str) -> ir.Table:
    """Clean table as it leaves the engine."""
    sources = {"quantity": "quantity_left", "amount": "amount_kept"} if name in ORDER_TABLES else {}
    kinds = {"money": parsing.MONEY_TYPE, "float": "float64"}
    chosen = {}
    for column in TABLES[name].columns:
        source = sources.get(column.name, column.name)
        if source in kept.columns:
            value = kept[source].round(4) if column.kind == "money" else kept[source]
            # what is more than money can be is missing, and the schema names its row
            chosen[column.name] = value.try_cast(kinds[column.kind]) if column.kind in kinds else value
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


def _changed(heaps: Heaps) -> ir.Table:
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
        (changed.fate.isin([Fate.KEPT.value, Fate.REJECTED.value]), changed.amount_kept.fill_null(changed.amount_raw)),
        else_=changed.amount_raw,
    )
    amount = amount.round(4).cast(parsing.MONEY_TYPE)
    shown = changed.mutate(table=ibis.literal(heaps.raw.name), amount=amount, raw=as_json)
    return shown.select(*REJECTED_KINDS)
