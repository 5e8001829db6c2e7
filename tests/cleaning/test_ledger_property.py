"""Random dirty logs: the ledger, every row's fate and every amount are those worked row by row in plain Python."""

from collections import defaultdict
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import worked_ledger as worked
from regulars import cleaning
from regulars.engine.embedded import fetch
from regulars.errors import UserError
from regulars.sources.mapping import parse_mapping
from regulars.sources.raw import ROW, RawTable

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a second a run: shrinking would take minutes
FAST = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
LINE_COLUMNS = ("order", "customer", "day", "product", "quantity", "price", "state", "money")
ORDER_COLUMNS = ("order", "customer", "day", "total", "state", "money")
SURE_LINE = ("S1", "sure", "2024-01-01", "mug", "1", "2.5", "sent", "EUR")
SURE_ORDER = ("S1", "sure", "2024-01-01", "2.5", "sent", "EUR")

# drawn often: few customers, products and prices, so that returns find sales and lines meet in one order
IDS = st.sampled_from(["1", "2", "3", "4", "C1", "C2", "T9", ""])
CUSTOMERS = st.sampled_from(["ann", "ann", "bob", "bob", "cat", "", "test"])
DAYS = st.sampled_from(
    ["2024-01-05 10:00", "2024-01-06", "2024-02-01", "2024-03-01 12:30", "2024-12-31 23:59", "2025-01-01", "", "soon"]
)
PRICES = st.sampled_from(["2.50", "2.50", "1", "0", "-1", "0.333", "(2.00)", "", "NaN"])
STATES, MONEY = (
    st.sampled_from(["sent", "sent", "sent", "void", "lost", ""]),
    st.sampled_from(["EUR", "EUR", "usd", "GBP", ""]),
)
LINES = st.tuples(
    IDS, CUSTOMERS, DAYS, st.sampled_from(["mug", "mug", "jug", "POST", ""]),
    st.sampled_from(["1", "2", "3", "-1", "-2", "3.5", "0", "", "many"]), PRICES, STATES, MONEY,
)  # fmt: skip
ORDERS = st.tuples(
    IDS, CUSTOMERS, DAYS, st.sampled_from(["2.50", "2.50", "-2.50", "4", "-4", "0", "", "NaN"]), STATES, MONEY
)


@st.composite
def log(draw, cells, sure: tuple):
    """A log with one row that is surely kept, and with copies of some of its rows."""
    rows = [sure, *draw(st.lists(cells, min_size=30, max_size=120))]
    places = draw(st.lists(st.integers(0, len(rows) - 1), max_size=10))
    return [*rows, *(rows[place] for place in places)]


@st.composite
def trade(draw):
    """Sales and what comes back of them, in whole and in part, on later days and on the same."""
    rows = [SURE_LINE]
    for number in range(draw(st.integers(5, 25))):
        size = draw(st.integers(1, 6))
        customer, product, price = draw(
            st.tuples(*map(st.sampled_from, (["ann", "bob"], ["mug", "jug"], ["2.50", "1"])))
        )
        day = draw(st.integers(1, 20))
        rows.append((str(number), customer, f"2024-03-{day:02}", product, str(size), price, "sent", "EUR"))
        for back in draw(st.lists(st.integers(1, 6), max_size=2)):
            later = min(day + draw(st.integers(0, 5)), 28)
            rows.append((f"C{number}", customer, f"2024-03-{later:02}", product, str(-back), price, "sent", "EUR"))
    return draw(st.permutations(rows))


def raw(name: str, columns: tuple, rows: list[tuple]) -> RawTable:
    cells = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    data = pa.table([*cells, pa.array(range(1, len(rows) + 1))], names=[*(f"c{i}" for i in range(len(columns))), ROW])
    return RawTable(name, data, columns, ((f"{name}.csv", len(rows)),))


def mapping(**tables):
    content = {"title": "Random", "currency": "EUR", "time_zone": "UTC", "simulated": True, "on_unreadable": "reject",
               "observation_end": "2024-12-31", "rates": worked.WRITTEN_RATES, "tables": tables}  # fmt: skip
    return parse_mapping(content, "random")


LINE_TABLE = {
    "path": "x.csv",
    "columns": {"order_id": "order", "customer_id": "customer", "ordered_at": "day", "product_id": "product",
                "quantity": "quantity", "unit_price": "price", "currency": "money"},
} | worked.LINE_RULES  # fmt: skip
ORDER_TABLE = {
    "path": "y.csv",
    "columns": {"order_id": "order", "customer_id": "customer", "ordered_at": "day", "amount": "total",
                "currency": "money"},
} | worked.RULES  # fmt: skip


def holds(cleaned: cleaning.Cleaned, name: str, rows: list[worked.Row]) -> None:
    """The ledger per reason, in rows and in money, and beside it every single row."""
    account, expected = cleaned.ledger["tables"][name], worked.account(rows)
    assert {part: account[part] for part in expected} == expected
    for part in ("rows", "amount"):
        assert sum(account[part][fate] for fate in ("kept", "merged", "netted", "rejected")) == account[part]["raw"]
    assert account["amount"]["netted"] == 0
    # every row that changed is listed once with its fate and its text, and no other
    changed = fetch(cleaned.changed[name]).to_pylist() if name in cleaned.changed else []
    listed = {row["row"]: (row["fate"], row["reason"]) for row in changed}
    assert len(listed) == len(changed)
    assert listed == {row.number: (row.fate, row.reason) for row in rows if row.reason}


def kept_lines(cleaned: cleaning.Cleaned) -> dict:
    lines = fetch(cleaned.kept["order_lines"]).to_pylist()
    return {int(line["line_id"]): (Decimal(str(line["quantity"])), line["unit_price"]) for line in lines}


def spent(rows: list[worked.Row]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.fate == "kept":
            sums[row.order] += row.kept
    return dict(sums)


def in_orders(cleaned: cleaning.Cleaned) -> dict[str, Decimal]:
    orders = fetch(cleaned.kept["orders"].select("order_id", "amount")).to_pylist()
    assert len({order["order_id"] for order in orders}) == len(orders)
    return {order["order_id"]: order["amount"] for order in orders}


def agree(found: dict[str, Decimal], expected: dict[str, Decimal]) -> None:
    assert found.keys() == expected.keys()
    assert all(abs(found[key] - expected[key]) <= Decimal("0.00005") for key in expected)  # kept to four decimals


def lines_hold(texts: list[tuple]) -> None:
    rows = worked.lines(texts)
    cleaned = cleaning.clean_tables(mapping(order_lines=LINE_TABLE), lambda name: raw(name, LINE_COLUMNS, texts))
    holds(cleaned, "order_lines", rows)
    assert kept_lines(cleaned) == {row.number: (row.left, row.price) for row in rows if row.fate == "kept"}
    agree(in_orders(cleaned), spent(rows))


@FAST
@given(texts=log(LINES, SURE_LINE))
def test_lines_with_every_kind_of_dirt(texts):
    lines_hold(texts)


@FAST
@given(texts=trade())
def test_lines_with_many_returns(texts):
    lines_hold(texts)


@FAST
@given(texts=log(ORDERS, SURE_ORDER), rule=st.sampled_from(["first", "last"]))
def test_orders_with_every_kind_of_dirt(texts, rule):
    rows = worked.orders(texts, rule)
    table = ORDER_TABLE | {"repeated_key": rule}
    cleaned = cleaning.clean_tables(mapping(orders=table), lambda name: raw(name, ORDER_COLUMNS, texts))
    holds(cleaned, "orders", rows)
    agree(in_orders(cleaned), spent(rows))


RECEIPT_COLUMNS = ("order", "customer", "day", "total", "refunded", "tax", "state", "of")
SURE_RECEIPT = ("S1", "sure", "2024-01-01", "2.5", "", "", "sent", "")
RECEIPTS = st.tuples(
    IDS, CUSTOMERS, DAYS, st.sampled_from(["2.50", "2.50", "-2.50", "4", "-1", "-4", "0", "", "NaN"]),
    st.sampled_from(["", "", "0", "1", "-1", "2.50", "many"]), st.sampled_from(["", "", "0.21"]),
    st.sampled_from(["sent", "sent", "sent", "void", ""]), st.sampled_from(["", "", "1", "2", "3", "C1", "S1"]),
)  # fmt: skip
RECEIPT_TABLE = {
    "path": "z.csv",
    "columns": {"order_id": "order", "customer_id": "customer", "ordered_at": "day", "amount": "total",
                "refunded": "refunded"},
    "money": {"less": "tax"},
    "refunds": {"of": "of"},
    "repeated_key": "last",
} | worked.RULES  # fmt: skip


@FAST
@given(texts=log(RECEIPTS, SURE_RECEIPT))
def test_orders_whose_money_comes_back_in_every_way(texts):
    """By a column of the order, by a row that names it, by a row that names none."""
    rows = worked.receipts(texts)
    cleaned = cleaning.clean_tables(mapping(orders=RECEIPT_TABLE), lambda name: raw(name, RECEIPT_COLUMNS, texts))
    holds(cleaned, "orders", rows)
    agree(in_orders(cleaned), spent(rows))
    account = cleaned.ledger["tables"]["orders"]
    adjusted = sum((part["amount"] for part in account.get("adjusted", {}).values()), Decimal(0))
    assert account.get("written", account["amount"]["raw"]) + adjusted == account["amount"]["raw"]


@FAST
@given(texts=log(ORDERS, SURE_ORDER), lines=log(LINES, SURE_LINE))
def test_orders_and_their_lines_have_each_their_ledger(texts, lines):
    both = {"orders": (ORDER_COLUMNS, texts), "order_lines": (LINE_COLUMNS, lines)}
    tables = {
        "orders": ORDER_TABLE | {"repeated_key": "last", "without_lines": "reject"},
        "order_lines": LINE_TABLE,
    }
    cleaned = cleaning.clean_tables(mapping(**tables), lambda name: raw(name, *both[name]))
    rows = worked.orders(texts, "last", {line[0] for line in lines if line[0]})
    holds(cleaned, "orders", rows)
    holds(cleaned, "order_lines", worked.lines(lines))
    agree(in_orders(cleaned), spent(rows))


@FAST
@given(texts=log(LINES, SURE_LINE), place=st.integers(0, 20), code=st.sampled_from(["SEK", "gbp"]))
def test_a_currency_without_a_rate_stops_at_its_first_row(texts, place, code):
    """Money that has no rate on its day is never counted as if it had."""
    day = "2024-01-05" if code == "SEK" else "2023-12-31"
    texts[place] = ("1", "ann", day, "mug", "1", "2.50", "sent", code)
    with pytest.raises(UserError) as told:
        cleaning.clean_tables(mapping(order_lines=LINE_TABLE), lambda name: raw(name, LINE_COLUMNS, texts))
    assert f"order_lines.csv, row {texts.index(texts[place]) + 1} below the header: the currency is {code!r}" in str(
        told.value
    )
