"""Refunds in a file of their own, with other columns than the orders, undo the orders that they name."""

import pytest

from regulars.errors import UserError
from regulars.labels import Reason

ORDERS = """\
no,who,day,status,paid
7,ann,2024-01-05,sent,20.00
8,bob,2024-01-06,sent,30.00
9,cat,2024-01-07,sent,40.00
10,ann,2024-02-01,void,50.00
11,ann,2024-02-03,sent,8.00
"""
MAPPING = """\
title: Shop
currency: EUR
simulated: false
observation_end: last_order_day
tables:
  orders:
    path: orders.csv
    columns: {order_id: no, customer_id: who, ordered_at: day, amount: paid}
    void: {status: void}
    refunds:
      path: refunds.csv
      columns: {of: Order, amount: Back}
"""


def lay_out(shop, refunds: str, mapping: str = MAPPING) -> None:
    shop.write("orders.csv", ORDERS)
    shop.write("refunds.csv", refunds)
    shop.map(mapping)


def spent(cleaned) -> dict[str, float]:
    return cleaned.tables["orders"].groupby("customer_id")["amount"].sum().to_dict()


def test_each_refund_reduces_the_order_that_it_names(shop):
    # in parts, twice the same, whole, of a void order, of an order that is not there; with a sign and without
    rows = ["r1,7,5.00", "r2,7,5.00", "r3,8,-30.00", "r4,10,50.00", "r5,99,1.00"]
    lay_out(shop, "\n".join(["Id,Order,Back", *rows]) + "\n")
    cleaned = shop.clean()
    assert spent(cleaned) == {"ann": 18.0, "cat": 40.0}
    account = cleaned.ledger["tables"]["orders"]
    assert account["rows"] == {"raw": 10, "kept": 3, "merged": 0, "netted": 4, "rejected": 3}
    reasons = {reason: told["rows"] for reason, told in account["reasons"].items()}
    assert reasons == {
        Reason.REDUCED_BY_RETURN: 1, Reason.RETURN_OF_PART: 2, Reason.CANCELLED_SALE: 1, Reason.CANCELLATION: 1,
        Reason.VOID_ORDER: 2, Reason.MISSING_CUSTOMER: 1,
    }  # fmt: skip
    lost = cleaned.rejected[cleaned.rejected["reason"] == Reason.MISSING_CUSTOMER]
    assert "r5; 99; 1.00" in lost["raw"].iloc[0]


def test_a_refund_that_came_twice_in_full_is_one(shop):
    lay_out(shop, "Id,Order,Back\nr1,7,5.00\nr1,7,5.00\n")
    assert spent(shop.clean())["ann"] == 15 + 8


def test_refunds_with_days_customers_and_marks_of_their_own(shop):
    rows = '"Order";"Back";"On";"Account"\n"99";"3,50";"2024-02-10";"ann"\n"9";"1.040,00";"2024-01-08";"cat"\n'
    mapping = MAPPING.replace(
        "columns: {of: Order, amount: Back}",
        'format: {delimiter: ";"}\n      columns: {of: Order, amount: Back, ordered_at: On, customer_id: Account}',
    )
    lay_out(shop, rows.replace("1.040,00", "40").replace("3,50", "3.5"), mapping)
    assert spent(shop.clean()) == {"ann": 24.5, "bob": 30.0}  # of an unknown order: from what ann spent before


def test_refunds_of_lines_reduce_their_order(shop):
    lines = "no,who,day,sku,n,price\n7,ann,2024-01-05,A,2,5\n7,ann,2024-01-05,B,1,9\n8,bob,2024-01-06,A,1,5\n"
    shop.write("lines.csv", lines)
    shop.write("refunds.csv", "Order,Back\n7,12\n8,5\n")
    table = MAPPING.replace("orders:\n    path: orders.csv", "order_lines:\n    path: lines.csv")
    table = table.replace("    void: {status: void}\n", "").replace(
        "amount: paid", "product_id: sku, quantity: n, unit_price: price"
    )
    shop.map(table)
    orders = shop.clean().tables["orders"].set_index("order_id")["amount"]
    assert orders.to_dict() == {"7": 7.0}


def test_the_number_of_an_order_is_read_as_the_orders_write_it(shop):
    mapping = MAPPING.replace("order_id: no,", "order_id: {column: no, number_id: true},")
    lay_out(shop, "Order,Back\n7.0,5.00\n0008,30\n", mapping)
    assert spent(shop.clean()) == {"ann": 23.0, "cat": 40.0}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ("amount: Back", "amount: Bak"),
            "has no column 'Bak', which data/sources/shop.yaml names under",
        ),
        (("of: Order, ", ""), "tables.orders.refunds.columns: the key 'of' is missing"),
        (("path: refunds.csv", "of: no\n      path: refunds.csv"), "of is a column of the table's own file"),
        (("path: refunds.csv", "path: nowhere.csv"), "tables.orders.refunds.path: there is no file 'nowhere.csv'"),
        (("order_id: no", "order_id: {row_number: true}"), "the orders have no number that a refund could name"),
    ],
)
def test_what_is_wrong_with_refunds_is_a_sentence(shop, change, sentence):
    lay_out(shop, "Order,Back\n7,5\n", MAPPING.replace(*change))
    with pytest.raises(UserError) as told:
        shop.clean()
    assert sentence in str(told.value) and "\n" not in str(told.value)


def test_money_that_cannot_be_read_names_the_file_of_refunds(shop):
    lay_out(shop, "Order,Back\n7,5\n8,five\n")
    with pytest.raises(UserError, match=r"orders/refunds/refunds.csv, row 2 below the header, column 'paid': '-five'"):
        shop.clean()
