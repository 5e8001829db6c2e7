"""What the rows themselves contradict: a build that would be wrong without a word stops, and says what to write.

Each doubt names a key of the mapping by which somebody who knows better says so.
"""

import re
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from regulars.cleaning.heaps import Raw, count_rows, order_log
from regulars.cleaning.order_figures import EDGE_DAYS, GAP_ORDERS
from regulars.errors import UserError
from regulars.sources import parsing
from regulars.sources.mapping import LINE_TOTAL, REFUNDED, Mapping, columns_named, listed
from regulars.sources.meaning import NO_MONEY, NO_SALE, NOBODY, REFUND_NAMES, STATUS_MOST, STATUS_NAMES, is_total
from regulars.sources.raw import ROW

GUEST_SHARE, GUEST_ROWS = 0.02, 10  # from which an id that stands for nobody is no accident
LONGEST_NOBODY = 20  # characters of an id that are looked at for it
OUTSIZED_SHARE, OUTSIZED_ORDERS, OUTSIZED_TIMES = 0.05, 20, 5  # of all orders; at least; times those of the next one
BULK_DAYS, BULK_ORDERS = 10, 50  # with fewer before a gap nothing says what is usual
LONE_SHARE, LONE_ORDERS = 0.005, 3  # of the orders that may stand behind a gap for it to be a mistyped date


def refuse_doubtful(mapping: Mapping, raw: Raw) -> None:
    """Stop where an order log says something that its mapping passes over and that would move every number.

    Parameters
    ----------
    mapping : Mapping
    raw : Raw

    Raises
    ------
    UserError
        Names the column, what it holds, and what to write, whichever way it is meant.
    """
    if raw.name == order_log(mapping.tables):
        _refuse_neglected_refunds(mapping, raw)
        _refuse_neglected_status(mapping, raw)
    _refuse_totals_as_prices(mapping, raw)
    _refuse_missing_zeros(mapping, raw)
    _refuse_nobody(mapping, raw)


def _file(raw: Raw) -> str:
    return raw.source.files[0][0]


def _unnamed(mapping: Mapping, raw: Raw, names: str) -> list[str]:
    named = columns_named(mapping.tables[raw.name])
    return [name for name in raw.source.header if name not in named and re.search(names, name)]


def _that_count(raw: Raw) -> ir.Table:
    """Text of the rows that no status of the mapping rules out."""
    counted = raw.rows.filter(~raw.rows._void.fill_null(False) & raw.rows.quantity.notnull())
    return raw.text.semi_join(counted.select(ROW), ROW)


def _refuse_neglected_refunds(mapping: Mapping, raw: Raw) -> None:
    table = mapping.tables[raw.name]
    if REFUNDED in table["columns"] or table["refunds"].get("of"):
        return
    for name in _unnamed(mapping, raw, REFUND_NAMES):
        if re.search(NO_MONEY, name):
            continue
        rows, form = _that_count(raw), table["format"]
        text = rows[raw.source.engine_column(name)]
        money = parsing.read_number(text, form.get("decimal", "."), form.get("thousands"))
        found = rows.aggregate(
            rows=(money != 0).sum(), total=money.abs().sum(), unread=((text != "") & money.isnull()).sum()
        ).to_pyarrow().to_pylist()[0]  # fmt: skip
        if found["rows"] and not found["unread"]:
            raise UserError(
                f"{_file(raw)}: column '{name}' holds {found['total'].normalize():f} in {found['rows']} rows, and "
                f"{mapping.file} does not say whether that came back: under tables.{raw.name}.columns write refunded: "
                f'"{name}", or refunded: {{constant: 0}} where the amounts are net of it.'
            )


def _refuse_neglected_status(mapping: Mapping, raw: Raw) -> None:
    for name in _unnamed(mapping, raw, STATUS_NAMES):
        rows = _that_count(raw)
        counts = rows.group_by(_said=rows[raw.source.engine_column(name)]).aggregate(_rows=rows.count())
        values = counts.order_by(ibis.desc("_rows"), "_said").limit(STATUS_MOST + 1).to_pyarrow().to_pylist()
        doubtful = [value["_said"] for value in values if re.search(NO_SALE, value["_said"])]
        if doubtful and len(values) <= STATUS_MOST:
            told = ", ".join(f"{value['_said'] or 'nothing'} {value['_rows']}" for value in values[:8])
            raise UserError(
                f"{_file(raw)}: column '{name}' says which rows are sales ({told}), and {mapping.file} does not: under "
                f'tables.{raw.name} write void: {{"{name}": [{", ".join(doubtful)}]}} with those that are none, or '
                f'void: {{"{name}": []}} where all of them count.'
            )


def _refuse_totals_as_prices(mapping: Mapping, raw: Raw) -> None:
    """Stop where the price of a line grows as its quantity does: it is the money of all its pieces."""
    spec = mapping.tables[raw.name]["columns"].get("unit_price", {})
    if raw.name != "order_lines" or "column" not in spec or LINE_TOTAL in raw.rows.columns or spec.get("each"):
        return
    rows = raw.rows.filter((raw.rows.quantity > 0) & (raw.rows.unit_price > 0))
    if mapping.tables["order_lines"]["columns"]["quantity"].get("constant"):
        return
    sizes = rows.group_by("quantity").aggregate(
        rows=rows.count(), price=rows.unit_price.cast("float64").ln().mean().exp()
    )
    sizes = sizes.order_by(ibis.desc("rows"), "quantity").limit(10).to_pyarrow().to_pandas().astype(float)
    if is_total(sizes):
        one, several = sizes.loc[sizes["quantity"] == 1], sizes.loc[sizes["quantity"] > 1]
        shown = ", ".join(
            f"{price:.2f} for {size:g}" for size, price in zip(several["quantity"], several["price"], strict=True)
        )
        raise UserError(
            f"{_file(raw)}: '{spec['column']}' grows as the quantity does ({one['price'].iloc[0]:.2f} for 1, {shown}), "
            f"so it seems to be the money of the whole line: in {mapping.file} write line_total: "
            f'"{spec["column"]}" in place of unit_price, or unit_price: {{column: "{spec["column"]}", each: true}}.'
        )


def _refuse_missing_zeros(mapping: Mapping, raw: Raw) -> None:
    """Stop where a 0 that the format takes for a missing id would take orders for nothing with it."""
    table = mapping.tables[raw.name]
    zeros = [text for text in listed(table["format"].get("missing", [])) if re.fullmatch(r"0+([.,]0*)?", text)]
    columns = (table["columns"].get(target, {}).get("column") for target in ("amount", "unit_price", LINE_TOTAL))
    for name in filter(None, columns if zeros else ()):
        counted = raw.text.semi_join(raw.rows.filter(~raw.rows._void & raw.rows.customer_id.notnull()).select(ROW), ROW)
        rows = count_rows(counted.filter(counted[raw.source.engine_column(name)].isin(zeros)))
        if rows:
            raise UserError(
                f"{_file(raw)}: column '{name}' has '{zeros[0]}' in {rows} rows of customers, and format.missing in "
                f"{mapping.file} takes that for missing: where it stands for buyers without an account write guests: "
                f'["{zeros[0]}"] under tables.{raw.name} in its place, and void: {{"{name}": ["{zeros[0]}"]}} where '
                "orders for nothing are none."
            )


def _refuse_nobody(mapping: Mapping, raw: Raw) -> None:
    """Stop where many orders belong to an id that stands for nobody."""
    table, rows = mapping.tables[raw.name], raw.rows
    if table["guests"] is not None:
        return
    nobody = rows.filter((rows.customer_id.length() <= LONGEST_NOBODY) & rows.customer_id.re_search(NOBODY))
    counts = nobody.group_by("customer_id").aggregate(rows=nobody.count())
    least = max(GUEST_ROWS, GUEST_SHARE * raw.source.rows)
    for one in counts.order_by(ibis.desc("rows"), "customer_id").limit(1).to_pyarrow().to_pylist():
        if one["rows"] >= least:
            raise UserError(
                f"{_file(raw)}: {one['rows']} of {raw.source.rows} rows have the customer '{one['customer_id']}', that "
                f"seems to stand for guests: in {mapping.file} map customer_id to a column that tells them apart, "
                f'such as the e-mail, or under tables.{raw.name} write guests: ["{one["customer_id"]}"] to leave them '
                "out, or guests: [] where it is a customer."
            )


def outsized_customer(orders: ir.Table) -> dict | None:
    """Orders and spend of a customer who has so many of all that it may stand for several; None where nobody does."""
    by_customer = orders.group_by("customer_id").aggregate(
        orders=orders.count(), spend=orders.amount.sum().cast("float64")
    ).cache()  # fmt: skip
    first = by_customer.order_by(ibis.desc("orders"), "customer_id").limit(2).to_pyarrow().to_pylist()
    total = by_customer.orders.sum().to_pyarrow().as_py()
    largest, following = first[0], first[1]["orders"] if len(first) > 1 else 0
    if largest["orders"] < max(OUTSIZED_ORDERS, OUTSIZED_SHARE * total, OUTSIZED_TIMES * following):
        return None
    return {
        "orders": largest["orders"], "share": largest["orders"] / total, "spend": largest["spend"],
        "next": following,
    }  # fmt: skip


def refuse_lone_end(mapping: Mapping, raw: Raw, kept: ir.Table, days: pd.DataFrame) -> None:
    """Stop where the data would end with an order or two long after all others: most likely a mistyped year.

    Parameters
    ----------
    mapping : Mapping
    raw : Raw
    kept : ibis table
        Rows that count: row, ordered_at.
    days : pandas.DataFrame
        Of `regulars.cleaning.by_day`.

    Raises
    ------
    UserError
        Names the row and its date, unless the mapping names the day on which observation ends.
    """
    if mapping.observation_end is not None or (found := lone_end(days)) is None:
        return
    last, first_alone, orders = found
    alone = kept.filter(kept.ordered_at.date() >= first_alone).order_by(kept.ordered_at.desc(), ROW).limit(1)
    row = alone.select(ROW, "ordered_at", "order_id").to_pyarrow().to_pylist()[0]
    spec = mapping.tables[raw.name]["columns"]["ordered_at"]
    others = f" (and {orders - 1} more after {last})" if orders > 1 else ""
    raise UserError(
        f"{raw.source.place(row[ROW])}, column '{spec.get('column', 'ordered_at')}': order {row['order_id']!r} of "
        f"{row['ordered_at']:%Y-%m-%d}{others} comes {(first_alone - last).days:,} days after the last of all others; "
        f"mend the date if it is mistyped, or in {mapping.file} name the day of the export in place of last_order_day: "
        f"observation_end: {last} sets later orders aside, {row['ordered_at']:%Y-%m-%d} takes it for real."
    )


def lone_end(days: pd.DataFrame) -> tuple[date, date, int] | None:
    """The last day of the bulk, the first day behind it and the orders there, where a gap parts a few from all others.

    Examples
    --------
    >>> busy = pd.date_range("2024-01-01", "2024-03-31")
    >>> log = pd.DataFrame({"day": [*busy, pd.Timestamp("2052-04-01")], "orders": 2})
    >>> lone_end(log)
    (datetime.date(2024, 3, 31), datetime.date(2052, 4, 1), 2)
    >>> lone_end(log.head(-1)) is None
    True
    """
    day, orders = days["day"].to_numpy(), days["orders"].to_numpy()
    behind = orders[::-1].cumsum()[::-1]
    few = max(LONE_ORDERS, LONE_SHARE * orders.sum())
    for place in np.flatnonzero(behind <= few):
        if place < BULK_DAYS or orders[:place].sum() < BULK_ORDERS:
            continue
        silent = int((day[place] - day[place - 1]) / np.timedelta64(1, "D")) - 1
        since = day[place - 1] - np.timedelta64(EDGE_DAYS - 1, "D")
        level = orders[:place][day[:place] >= max(since, day[0])].sum() / min(
            EDGE_DAYS, int((day[place - 1] - day[0]) / np.timedelta64(1, "D")) + 1
        )
        if silent * level >= GAP_ORDERS and silent > EDGE_DAYS:
            last, first = (pd.Timestamp(value).date() for value in (day[place - 1], day[place]))
            return last, first, int(behind[place])
    return None
