"""Netting: hand-worked customers, and a stack worked row by row in Python that the window expressions must equal."""

from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from regulars.cleaning import netting
from worked_ledger import stack

MONEY = pa.decimal128(18, 4)
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # half a second a run: shrinking would take minutes


@pytest.fixture(scope="module")
def engine():
    return ibis.duckdb.connect()


def net(engine, events, by_unit=True):
    """Quantity left and whether it was undone whole, by row, from (customer, product, price, quantity, hour)."""
    columns = list(zip(*events, strict=True))
    rows = pa.table(
        {
            "row": pa.array(range(1, len(events) + 1)),
            "customer_id": pa.array(columns[0]),
            "product_id": pa.array(columns[1]),
            "unit_price": pa.array([Decimal(price) for price in columns[2]], MONEY),
            "quantity": pa.array([Decimal(quantity) for quantity in columns[3]], MONEY),
            "ordered_at": pa.array([hour * 3_600_000_000 for hour in columns[4]], pa.timestamp("us")),
        }
    )
    left = netting.net(engine.create_table("events", rows, temp=True, overwrite=True), by_unit)
    return {row["row"]: (row["quantity_left"], row["is_pair"]) for row in left.to_pyarrow().to_pylist()}


def test_a_whole_return_takes_the_latest_equal_sale(engine):
    left = net(engine, [("a", "p", "2", 5, 1), ("a", "p", "2", 5, 2), ("a", "p", "2", -5, 3)])
    assert left == {1: (5, False), 2: (0, True), 3: (0, True)}


def test_a_sale_of_the_same_quantity_is_taken_before_a_later_one(engine):
    left = net(engine, [("a", "p", "2", 5, 1), ("a", "p", "2", 9, 2), ("a", "p", "2", -5, 3)])
    assert left == {1: (0, True), 2: (9, False), 3: (0, True)}


def test_a_partial_return_reduces_the_latest_sale(engine):
    left = net(engine, [("a", "p", "2", 4, 1), ("a", "p", "2", 10, 2), ("a", "p", "2", -3, 3)])
    assert left == {1: (4, False), 2: (7, False), 3: (0, False)}


def test_a_return_may_take_parts_of_several_sales(engine):
    left = net(engine, [("a", "p", "2", 4, 1), ("a", "p", "2", 10, 2), ("a", "p", "2", -12, 3)])
    assert left == {1: (2, False), 2: (0, False), 3: (0, False)}


def test_what_a_return_does_not_find_is_left_over(engine):
    left = net(engine, [("a", "p", "2", 4, 1), ("a", "p", "2", -10, 2), ("a", "p", "2", 8, 3)])
    assert left == {1: (0, False), 2: (-6, False), 3: (8, False)}


@pytest.mark.parametrize(
    "sale", [("b", "p", "2", 5, 1), ("a", "q", "2", 5, 1), ("a", "p", "3", 5, 1), ("a", "p", "2", 5, 9)]
)
def test_another_customer_product_or_price_or_a_later_sale_is_not_undone(engine, sale):
    left = net(engine, [sale, ("a", "p", "2", -5, 2)])
    assert left[2] == (-5, False)
    assert left.get(1, (5, False)) == (5, False)


def test_a_return_of_the_same_moment_counts_as_after_the_sale(engine):
    assert net(engine, [("a", "p", "2", -5, 1), ("a", "p", "2", 5, 1)]) == {1: (0, True), 2: (0, True)}


def test_orders_without_lines_are_only_undone_whole(engine):
    events = [("a", "", "50", 1, 1), ("a", "", "30", 1, 2), ("a", "", "50", -1, 3), ("a", "", "20", -1, 4)]
    assert net(engine, events, by_unit=False) == {1: (0, True), 3: (0, True), 4: (-1, False)}


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.just("p"),
        st.sampled_from(["1.5", "2"]),
        st.integers(-4, 4).filter(bool),
        st.integers(0, 50),
    ),
    min_size=20,
    max_size=200,
)


@settings(max_examples=8, deadline=None, phases=NO_SHRINKING)
@given(events=EVENTS)
def test_windows_equal_a_stack(engine, events):
    expected = stack(events)
    left = net(engine, events)
    for row, (quantity, is_pair) in expected.items():
        assert left.get(row, (Decimal(events[row - 1][3]), False)) == (quantity, is_pair)
