"""Cleaning: dirty logs worked by hand, the ledger's identity over random ones, and the real logs."""

import csv
import json
from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import Phase

from regulars import catalog, cleaning
from regulars.cleaning import process
from regulars.cleaning.ledger import LedgerError
from regulars.engine.embedded import connect
from regulars.errors import UserError
from regulars.labels import Fate
from regulars.sources.ingest import ingest
from regulars.sources.mapping import load_mapping
from regulars.sources.raw import read_manifest, read_raw

D = Decimal
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # half a second a run: shrinking would take minutes
FATES = [fate.value for fate in Fate]


def sentence(run) -> str:
    with pytest.raises(UserError) as caught:
        run()
    text = str(caught.value)
    assert "\n" not in text
    return text


def adds_up(ledger: dict) -> None:
    for account in ledger["tables"].values():
        for part in ("rows", "amount"):
            if part in account:
                assert sum(account[part][fate] for fate in FATES) == account[part]["raw"]
        if "amount" in account:
            assert account["amount"]["netted"] == 0
        for fate in ("merged", "netted", "rejected"):
            of_fate = [reason for reason in account["reasons"].values() if reason["fate"] == fate]
            assert sum(reason["rows"] for reason in of_fate) == account["rows"][fate]


# ---- worked by hand --------------------------------------------------------------------------------------------

LINES = """\
order,customer,day,product,qty,price
A1,ann,2024-01-05 10:00,mug,10,2.50
A1,ann,2024-01-05 10:00,pen,3,1.00
A1,ann,2024-01-05 10:00,pen,3,1.00
A2,bob,2024-01-06 09:00,mug,4,2.50
CA2,bob,2024-01-06 09:12,mug,-4,2.50
A3,ann,2024-02-01 12:00,jug,5,8.00
CA3,ann,2024-02-03 12:00,jug,-2,8.00
CA4,cat,2024-02-04 12:00,jug,-1,8.00
A5,,2024-02-05 12:00,mug,1,2.50
A6,dan,2024-02-06 12:00,POST,1,4.95
A7,dan,2024-02-07 12:00,gift,1,0.00
A8,dan,2025-01-01 00:00,mug,1,2.50
A9,dan,2024-02-09 12:00,mug,1,-2.50
A10,dan,2024-02-10 12:00,mug,0,2.50
A11,dan,2024-02-11 12:00,mug,2,2.505
A11,eve,2024-02-11 12:00,mug,1,2.50
A12,test,2024-02-12 12:00,mug,1,99.00
A13,dan,,mug,1,2.50
A14,eve,1899-12-31,mug,1,2.50
"""
RULES = """\
cancellations: {order_id_prefix: C}
non_products: {codes: [post]}
test_orders: {customer_ids: [test]}
zero_amount: reject
"""


@pytest.fixture
def worked(shop):
    shop.lines(LINES, RULES)
    return shop.clean()


def test_every_row_has_one_fate(worked):
    account = worked.ledger["tables"]["order_lines"]
    assert account["rows"] == {"raw": 19, "kept": 5, "merged": 1, "netted": 3, "rejected": 10}
    assert account["reasons"] == {
        "reduced_by_return": {"fate": "kept", "rows": 1, "amount": D(16)},
        "unmatched_credit": {"fate": "kept", "rows": 1, "amount": D(-8)},
        "exact_duplicate": {"fate": "merged", "rows": 1, "amount": D(3)},
        "cancelled_sale": {"fate": "netted", "rows": 1, "amount": D(10)},
        "cancellation": {"fate": "netted", "rows": 1, "amount": D(-10)},
        "return_of_part": {"fate": "netted", "rows": 1, "amount": D(-16)},
        "missing_customer": {"fate": "rejected", "rows": 1, "amount": D("2.5")},
        "test_order": {"fate": "rejected", "rows": 1, "amount": D(99)},
        "missing_value": {"fate": "rejected", "rows": 1, "amount": D("2.5")},
        "date_out_of_range": {"fate": "rejected", "rows": 1, "amount": D("2.5")},
        "after_observation": {"fate": "rejected", "rows": 1, "amount": D("2.5")},
        "non_product": {"fate": "rejected", "rows": 1, "amount": D("4.95")},
        "zero_quantity": {"fate": "rejected", "rows": 1, "amount": D(0)},
        "negative_price": {"fate": "rejected", "rows": 1, "amount": D("-2.5")},
        "zero_amount": {"fate": "rejected", "rows": 1, "amount": D(0)},
        "order_of_two_customers": {"fate": "rejected", "rows": 1, "amount": D("2.5")},
    }


def test_money_adds_up_to_the_last_decimal(worked):
    # kept: 25 + 3 + (40 - 16) - 8 + 5.01
    assert worked.ledger["tables"]["order_lines"]["amount"] == {
        "raw": D("165.96"),
        "kept": D("49.01"),
        "merged": D(3),
        "netted": D(0),
        "rejected": D("113.95"),
    }
    adds_up(worked.ledger)


def test_orders_are_summed_up_from_lines(worked):
    orders = worked.tables["orders"].set_index("order_id")
    assert orders["amount"].to_dict() == {"A1": 28.0, "A11": 5.01, "A3": 24.0, "CA4": -8.0}
    assert orders["is_return"].to_dict() == {"A1": False, "A11": False, "A3": False, "CA4": True}
    assert orders.loc["A1", "ordered_at"] == pd.Timestamp("2024-01-05 10:00")


def test_lines_hold_what_is_left(worked):
    lines = worked.tables["order_lines"].set_index("line_id")
    assert lines["quantity"].to_dict() == {"1": 10, "2": 3, "6": 3, "8": -1, "15": 2}


def test_rows_that_changed_are_listed_with_their_reason(worked):
    rejected = worked.rejected
    assert len(rejected) == 1 + 1 + 1 + 3 + 10
    row = rejected.set_index("row").loc[6]
    assert (row["fate"], row["reason"], row["amount"]) == ("kept", "reduced_by_return", 16)
    assert json.loads(row["raw"])["product"] == "jug"
    assert json.loads(rejected.set_index("row").loc[9, "raw"])["customer"] == ""


def test_signs_are_counted_whatever_became_of_the_row(worked):
    found = worked.ledger["tables"]["order_lines"]["found"]
    assert found["exact_duplicate"] == 1
    assert found["zero_amount"] == 2  # one of them was rejected for its quantity


def test_about_comes_from_the_ledger(worked, shop):
    assert worked.about == catalog.About(
        "shop",
        "Corner Shop",
        "EUR",
        False,
        "Europe/Berlin",
        date(2024, 1, 5),
        date(2024, 12, 31),
        ("order_lines",),
        19,
        5,
    )
    catalog.write_json(worked.ledger, "data/clean/shop/ledger.json")
    assert catalog.about("shop") == worked.about


def test_clean_tables_keep_their_schemas(worked, shop):
    for name, frame in worked.tables.items():
        catalog.save(frame, name, "shop")
        assert len(catalog.load(name, "shop")) == len(frame)


def test_some_columns_are_read_as_all_are(worked, shop):
    catalog.save(worked.tables["order_lines"], "order_lines", "shop")
    whole, some = catalog.load("order_lines", "shop"), ("customer_id", "ordered_at", "unit_price")
    pd.testing.assert_frame_equal(catalog.load("order_lines", "shop", columns=some), whole[list(some)])


def test_a_table_is_saved_in_the_order_of_its_key_and_never_with_a_key_twice(shop):
    rows = pd.DataFrame(
        {
            "ticket_id": ["b", "a", "a", "a"],
            "at": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-01", "2024-01-01"]),
            "status": ["open", "open", "open", "closed"],
        }
    )
    written = pd.read_parquet(catalog.save(rows, "ticket_events", "shop"))
    expected = rows.sort_values(["ticket_id", "at", "status"], ignore_index=True)
    assert written.astype(str).to_numpy().tolist() == expected.astype(str).to_numpy().tolist()
    with pytest.raises(UserError, match="ticket_events"):
        catalog.save(pd.concat([rows, rows[:1]], ignore_index=True), "ticket_events", "shop")


def test_the_same_rows_give_the_same_bytes(shop):
    shop.lines(LINES, RULES)
    written = []
    for _ in range(2):
        cleaned = shop.clean()
        files = [catalog.save(frame, name, "shop").read_bytes() for name, frame in sorted(cleaned.tables.items())]
        files.append(catalog.write_parquet(cleaned.rejected, "data/clean/shop/rejected.parquet").read_bytes())
        files.append(catalog.write_json(cleaned.ledger, "data/clean/shop/ledger.json").read_bytes())
        written.append(files)
    assert written[0] == written[1]


def test_large_money_is_exact_on_disk(shop):
    shop.orders("order,customer,day,total\n1,ann,2024-01-05,12345678901.2345\n2,ann,2024-01-06,0.0001\n")
    cleaned = shop.clean()
    file = catalog.save(cleaned.tables["orders"], "orders", "shop")
    assert pa.parquet.read_table(file)["amount"].to_pylist() == [D("12345678901.2345"), D("0.0001")]
    catalog.write_json(cleaned.ledger, "data/clean/shop/ledger.json")
    ledger = json.loads((shop.folder / "data/clean/shop/ledger.json").read_text(), parse_float=D)
    assert ledger["tables"]["orders"]["amount"]["kept"] == D("12345678901.2346")


# ---- rules -----------------------------------------------------------------------------------------------------


def test_duplicates_are_kept_where_the_mapping_says_so(shop):
    rows = "order,customer,day,total\n1,ann,2024-01-05,10\n1,ann,2024-01-05,10\n"
    shop.orders(rows)
    assert len(shop.clean().tables["orders"]) == 1
    shop.orders(rows, "duplicates: keep\nrepeated_key: first")
    assert shop.clean().ledger["tables"]["orders"]["reasons"]["repeated_key"]["rows"] == 1


def test_text_is_trimmed_before_rows_are_compared(shop):
    shop.orders("order,customer,day,total\n1, ann,2024-01-05,10\n1,ann ,2024-01-05,10\n")
    orders = shop.clean().tables["orders"]
    assert orders["customer_id"].tolist() == ["ann"]


def test_orders_without_lines_are_netted_whole(shop):
    shop.orders(
        "order,customer,day,total\n1,ann,2024-01-05,50\n2,ann,2024-01-06,30\n3,ann,2024-01-07,-50\n4,ann,2024-01-08,-9\n"
    )
    cleaned = shop.clean()
    assert cleaned.tables["orders"]["amount"].tolist() == [21]  # 9 of no sale's size came off what ann spent
    assert cleaned.ledger["tables"]["orders"]["reasons"]["reduced_by_return"] == {
        "fate": "kept",
        "rows": 1,
        "amount": 9,
    }
    shop.map((shop.folder / "data/sources/shop.yaml").read_text() + "    refunds: {unmatched: keep}\n")
    kept = shop.clean()
    assert kept.tables["orders"]["amount"].tolist() == [30, -9]
    assert kept.ledger["tables"]["orders"]["reasons"]["unmatched_credit"]["amount"] == -9


def test_a_refund_under_the_number_of_its_order_is_netted(shop):
    shop.orders("order,customer,day,total\n1,ann,2024-01-05,50\n1,ann,2024-01-09,-50\n2,bob,2024-01-06,30\n")
    assert shop.clean().tables["orders"]["order_id"].tolist() == ["2"]


def test_a_cancellation_counts_as_negative_whatever_its_sign(shop):
    shop.lines(
        "order,customer,day,product,qty,price\nA1,ann,2024-01-05,mug,1,2\nCA1,ann,2024-01-06,mug,1,2\nA2,ann,2024-01-07,mug,1,2\n",
        "cancellations: {order_id_prefix: C}",
    )
    assert shop.clean().tables["orders"]["order_id"].tolist() == ["A2"]


def test_negative_quantities_that_are_no_returns_are_rejected(shop):
    shop.lines(
        "order,customer,day,product,qty,price\nA1,ann,2024-01-05,mug,2,2\nA2,ann,2024-01-06,mug,-1,2\n",
        "cancellations: {negative_quantity: false}",
    )
    assert shop.clean().ledger["tables"]["order_lines"]["reasons"]["negative_quantity"]["amount"] == -2


def test_ids_as_the_mapping_says(shop):
    shop.lines(
        "order,customer,day,product,qty,price\n1,17850.0,2024-01-05,mug,1,2\n2,017850,2024-01-06,MUG,1,2\n3,x,2024-01-07,mug,1,2\n"
        "4,12,2024-01-07,mug,1,2\n"
    )
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    text = text.replace(
        "customer_id: customer", "customer_id: {column: customer, number_id: true, values: {12: 17850}}"
    )
    shop.map(text.replace("product_id: product", "product_id: {column: product, case: upper}"))
    cleaned = shop.clean()
    assert cleaned.tables["order_lines"]["customer_id"].unique().tolist() == ["17850"]
    assert cleaned.tables["order_lines"]["product_id"].unique().tolist() == ["MUG"]
    assert cleaned.ledger["tables"]["order_lines"]["reasons"]["malformed_customer"]["rows"] == 1


@pytest.mark.parametrize("customer", ["99999999999999999999999", "客户", "007", "o'neil; DROP TABLE orders", '"'])
def test_any_text_is_an_id(shop, customer):
    shop.orders('order,customer,day,total\n1,"' + customer.replace('"', '""') + '",2024-01-05,10\n')
    assert shop.clean().tables["orders"]["customer_id"].tolist() == [customer]


def test_texts_that_mean_missing(shop):
    shop.orders("order,customer,day,total\n1,NA,2024-01-05,10\n2,ann,2024-01-06,10\n", "format: {missing: [NA]}")
    assert shop.clean().ledger["tables"]["orders"]["reasons"]["missing_customer"]["rows"] == 1


def test_the_observation_begins_and_ends_where_the_mapping_says(shop):
    shop.orders(
        "order,customer,day,total\n1,a,2023-12-31 23:59,1\n2,a,2024-01-01,1\n3,a,2024-01-31 23:59,1\n4,a,2024-02-01,1\n"
    )
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(text.replace("last_order_day", "2024-01-31\nobservation_start: 2024-01-01"))
    cleaned = shop.clean()
    assert cleaned.tables["orders"]["order_id"].tolist() == ["2", "3"]
    assert set(cleaned.ledger["tables"]["orders"]["reasons"]) == {"before_observation", "after_observation"}


def with_lines_beside(shop, rule: str = "") -> None:
    """Four orders with what was paid for them, and the goods of three of them."""
    shop.write(
        "lines.csv",
        "order,customer,day,product,qty,price,state\n1,ann,2024-01-05,mug,2,2,sent\n1,ann,2024-01-05,jug,1,5,sent\n"
        "2,bob,2024-01-06,mug,1,2,void\n3,cat,2024-01-07,mug,1,2,sent\n",
    )
    shop.orders(
        "order,customer,day,total,state\n1,ann,2024-01-05,11.50,sent\n2,bob,2024-01-06,3,void\n"
        "3,cat,2024-01-07,3.50,sent\n4,dan,2024-01-08,7,sent\n",
        f"""\
        void: {{state: [void, lost]}}
        {rule}
        """,
    )
    lines = """
  order_lines:
    path: lines.csv
    columns: {order_id: order, customer_id: customer, ordered_at: day, product_id: product, quantity: qty,
              unit_price: price}
    void: {state: void}
"""
    mapping = shop.folder / "data/sources/shop.yaml"
    mapping.write_text(mapping.read_text().rstrip() + lines)


def test_orders_and_their_lines_have_each_their_ledger(shop):
    """What was paid holds freight, which no line has: the sums differ, and the orders' is what customers spent."""
    with_lines_beside(shop, "without_lines: reject")
    cleaned = shop.clean()
    adds_up(cleaned.ledger)
    accounts = cleaned.ledger["tables"]
    assert accounts["orders"]["reasons"] == {
        "order_without_lines": {"fate": "rejected", "rows": 1, "amount": D(7)},
        "void_order": {"fate": "rejected", "rows": 1, "amount": D(3)},
    }
    assert accounts["order_lines"]["reasons"] == {"void_order": {"fate": "rejected", "rows": 1, "amount": D(2)}}
    assert cleaned.tables["orders"]["amount"].tolist() == [11.5, 3.5]
    assert cleaned.tables["order_lines"]["unit_price"].tolist() == [2, 5, 2]
    assert cleaned.about.rows_raw == 4
    mapping = load_mapping("shop")
    with pytest.raises(UserError, match=r"orders\.without_lines asks for order_lines, which are not read where orders"):
        cleaning.clean_orders(connect(), mapping, read_raw(mapping, "orders", read_manifest("shop")))


def test_an_order_without_lines_is_kept_unless_the_mapping_says_otherwise(shop):
    with_lines_beside(shop)
    assert shop.clean().tables["orders"]["order_id"].tolist() == ["1", "3", "4"]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("void: {status: x}", "has no column 'status', which data/sources/shop.yaml names under orders.void"),
        ("void: {}", "tables.orders.void"),
        ("without_lines: reject", "tables.orders.without_lines: there is no table order_lines to look in; map it."),
    ],
)
def test_rules_on_void_orders_that_do_not_do(shop, rule, told):
    shop.orders("order,customer,day,total\n1,ann,2024-01-05,10\n", rule)
    assert told in sentence(shop.clean)


def test_every_order_on_one_day_by_one_customer(shop):
    shop.orders("order,customer,day,total\n1,a,2024-01-31,1\n")
    about = shop.clean().about
    assert about.observation_start == about.observation_end == date(2024, 1, 31)


OTHERS = """\
title: Corner Shop
currency: EUR
time_zone: Europe/Berlin
simulated: false
observation_end: 2024-12-31
tables:
  orders:
    path: orders.csv
    columns: {order_id: order, customer_id: customer, ordered_at: day, amount: total}
  customers:
    path: customers.csv
    columns: {customer_id: id, birth_year: born, consent: ok, hobby: hobby}
  survey_items:
    path: items.csv
    columns: {item: item, construct: construct, scale_min: low, scale_max: high, wording: text}
  surveys:
    path: surveys.csv
    columns: {response_id: id, customer_id: customer, answered_at: day, item: item, score: score}
  tickets:
    path: tickets.csv
    columns:
      ticket_id: id
      customer_id: customer
      opened_at: opened
      resolved_at: resolved
      category: category
      cause: {constant: company}
      channel: {constant: phone}
      urgency: {constant: normal}
      status: status
      outcome: {column: outcome, values: {ok: resolved, bad: not_satisfied}}
"""


@pytest.fixture
def others(shop):
    shop.write("orders.csv", "order,customer,day,total\n1,ann,2024-01-05,10\n")
    shop.write("customers.csv", "id,born,ok,hobby\nann,1980,yes,chess\nann,1981,no,go\n,1990,yes,\nbob,,,\n")
    shop.write("items.csv", "item,construct,low,high,text\nq1,quality,1,10,Is it good?\n")
    shop.write(
        "surveys.csv",
        "id,customer,day,item,score\n1,ann,2024-02-01,q1,7\n1,ann,2024-02-01,q1,8\n2,,2024-02-02,q1,10\n"
        "3,ann,2024-02-03,q1,11\n4,ann,2024-02-04,q2,5\n5,ann,2024-02-05,q1,\n6,ann,2025-02-05,q1,5\n",
    )
    shop.write(
        "tickets.csv",
        "id,customer,opened,resolved,category,status,outcome\nt1,ann,2024-03-01,2024-03-02,late,closed,ok\n"
        "t2,,2024-03-01,,late,open,\nt3,ann,2024-03-05,2024-03-02,late,closed,bad\n",
    )
    shop.map(OTHERS)
    return shop


def test_a_table_of_which_every_row_is_rejected_is_kept_empty(others):
    others.write("tickets.csv", "id,customer,opened,resolved,category,status,outcome\nt2,,2025-03-01,,late,open,\n")
    cleaned = others.clean()
    adds_up(cleaned.ledger)
    assert cleaned.ledger["tables"]["tickets"]["rows"]["kept"] == 0
    cleaning.save(cleaned)  # nothing of it breaks a rule


def test_other_tables_have_ledgers_of_their_own(others):
    cleaned = others.clean()
    adds_up(cleaned.ledger)
    reasons = {name: {code: reason["rows"] for code, reason in account["reasons"].items()}
               for name, account in cleaned.ledger["tables"].items()}  # fmt: skip
    assert reasons == {
        "orders": {},
        "customers": {"missing_customer": 1, "repeated_key": 1},
        "survey_items": {},
        "surveys": {
            "missing_value": 1,
            "after_observation": 1,
            "unknown_item": 1,
            "score_out_of_range": 1,
            "repeated_key": 1,
        },
        "tickets": {"missing_customer": 1, "ends_before_it_starts": 1},
    }


def test_other_tables_are_typed(others):
    tables = others.clean().tables
    assert tables["customers"].set_index("customer_id")["hobby"].to_dict()["ann"] == "go"  # the latest row
    assert tables["surveys"]["score"].tolist() == [7, 10]  # the first answer
    assert tables["surveys"]["customer_id"].isna().tolist() == [False, True]
    assert tables["surveys"]["kind"].unique().tolist() == ["perceived"]
    assert tables["tickets"]["outcome"].tolist() == ["resolved"]
    for name, frame in tables.items():
        catalog.save(frame, name, "shop")


def test_columns_that_may_be_empty_need_no_mapping(others):
    """Who answered, and what became of a case, may not be known at all: missing in every row, as missing is."""
    text = others.folder / "data/sources/shop.yaml"
    mapping = text.read_text().replace("response_id: id, customer_id: customer,", "response_id: id,")
    text.write_text("\n".join(line for line in mapping.splitlines() if "outcome:" not in line and "cause:" not in line))
    cleaned = others.clean()
    assert cleaned.tables["surveys"]["customer_id"].isna().all()
    assert cleaned.tables["tickets"][["outcome", "cause"]].isna().all().all()
    assert cleaning.save(cleaned)
    adds_up(cleaned.ledger)


def test_a_value_that_is_not_one_of_the_choices(others):
    text = (others.folder / "tickets.csv").read_text()
    (others.folder / "tickets.csv").write_text(text.replace(",ok", ",great"))
    said = sentence(others.clean)
    assert "tickets.csv, row 1 below the header, column 'outcome': 'great' cannot be read as" in said
    assert "map it to" in said


# ---- one sentence for each fault -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "value", "what"),
    [
        ("3,cat,31/02/2020,5", "day", "31/02/2020", "date"),
        ("3,cat,2024-02-30,5", "day", "2024-02-30", "date"),
        ("3,cat,1706745600,5", "day", "1706745600", "date"),
        ('3,cat,2024-01-07,"1.234,56"', "total", "1.234,56", "number"),
        ("3,cat,2024-01-07,NaN", "total", "NaN", "number"),
        ("3,cat,2024-01-07,1e400", "total", "1e400", "number"),
    ],
)
def test_what_cannot_be_read_is_named(shop, row, column, value, what):
    shop.orders(f"order,customer,day,total\n1,ann,2024-01-05,10\n2,bob,2024-01-06,12\n{row}\n")
    said = sentence(shop.clean)
    assert said.startswith(
        f"data/raw/shop/orders/orders.csv, row 3 below the header, column '{column}': {value!r} cannot"
    )
    assert f"be read as a {what}" in said


def test_the_file_is_named_where_there_are_several(shop):
    shop.orders("order,customer,day,total\n1,ann,2024-01-05,10\n")
    shop.write("more.csv", "order,customer,day,total\n2,ann,2024-01-06,10\n3,ann,soon,10\n")
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(text.replace("path: orders.csv", "path: [orders.csv, more.csv]"))
    assert sentence(shop.clean).startswith(
        "data/raw/shop/orders/more.csv, row 2 below the header, column 'day': 'soon'"
    )


def test_personal_values_are_not_shown(others):
    text = (others.folder / "customers.csv").read_text()
    (others.folder / "customers.csv").write_text(text.replace("1980", "12 May 1980"))
    said = sentence(others.clean)
    assert "column 'born': a value that is not shown cannot be read as a number" in said
    assert "1980" not in said


def test_what_cannot_be_read_may_be_rejected_instead(shop):
    shop.orders("order,customer,day,total\n1,ann,soon,10\n2,bob,2024-01-06,12\n3,bob,2024-01-07,lots\n")
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map("on_unreadable: reject\n" + text)
    cleaned = shop.clean()
    assert cleaned.ledger["tables"]["orders"]["reasons"]["unreadable"] == {"fate": "rejected", "rows": 2, "amount": 10}
    adds_up(cleaned.ledger)


def test_all_customers_missing(shop):
    shop.orders("order,customer,day,total\n1,,2024-01-05,10\n2,,2024-01-06,12\n")
    said = sentence(shop.clean)
    assert "no row of orders is left after cleaning; 2 of 2 rows are rejected as 'missing_customer'" in said


def test_an_order_number_twice(shop):
    shop.orders("order,customer,day,total\n1,ann,2024-01-05,10\n1,ann,2024-01-05,12\n")
    said = sentence(shop.clean)
    assert "orders.csv, row 2 below the header: order_id '1' came before in another row" in said


def test_a_mix_of_currencies(shop):
    shop.orders("order,customer,day,total,money\n1,ann,2024-01-05,10,eur\n2,ann,2024-01-06,10,USD\n")
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(text.replace("amount: total", "amount: total, currency: money"))
    assert "row 2 below the header: the currency is 'USD', but data/sources/shop.yaml says EUR" in sentence(shop.clean)


MONEY = """\
order,customer,day,total,money
1,ann,2024-01-05,10.00,EUR
2,bob,2024-01-31,10.00,usd
3,cat,2024-02-01,10.00,USD
4,dan,2024-02-02,3.33,GBP
5,eve,2024-02-03,7.00,
"""


def with_rates(shop, rates: str) -> None:
    shop.orders(MONEY)
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(text.replace("amount: total}", "amount: total, currency: money}") + f"rates: {rates}\n")


def test_other_currencies_are_converted_at_the_rate_of_their_day(shop):
    """10 dollars are 9.10 euros in January and 9.25 from February; 3.33 pounds at 1.17 are 3.8961."""
    with_rates(shop, "{USD: {2024-01-01: 0.91, 2024-02-01: 0.925}, GBP: 1.17}")
    cleaned = shop.clean()
    assert cleaned.tables["orders"]["amount"].tolist() == [10, 9.1, 9.25, 3.8961, 7]
    adds_up(cleaned.ledger)
    assert cleaned.ledger["tables"]["orders"]["amount"]["raw"] == D("39.2461")
    assert cleaned.ledger["dataset"]["rates"] == {
        "USD": {"2024-01-01": D("0.91"), "2024-02-01": D("0.925")}, "GBP": {"always": D("1.17")},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rates", "told"),
    [
        (
            "{USD: 0.9}",
            "row 4 below the header: the currency is 'GBP', but data/sources/shop.yaml has no rate for it on",
        ),
        ("{GBP: 1.17, USD: {2024-02-01: 0.9}}", "row 2 below the header: the currency is 'usd', but data/sources/shop"),
        ("{USD: 0}", "data/sources/shop.yaml: rates.USD"),
        ("{USD: -1}", "data/sources/shop.yaml: rates.USD"),
        ("{USD: 1e3}", "data/sources/shop.yaml: rates.USD"),
        ("{dollar: 1}", "data/sources/shop.yaml: rates"),
        ("{USD: {2024-02-30: 0.9}}", "data/sources/shop.yaml: rates.USD: '2024-02-30' is not a day of the calendar"),
    ],
)
def test_rates_that_do_not_do(shop, rates, told):
    with_rates(shop, rates)
    assert told in sentence(shop.clean)


def test_cleaning_before_ingest(shop):
    shop.orders("order,customer,day,total\n1,ann,2024-01-05,10\n")
    assert "data/raw/shop/manifest.json is not there" in sentence(lambda: cleaning.clean("shop"))


def test_a_heap_that_loses_a_row_is_noticed(shop, monkeypatch):
    shop.lines(LINES, RULES)
    original = process._settled
    monkeypatch.setattr(
        process, "_settled", lambda rows, table, by_unit: (original(rows, table, by_unit=by_unit)[0], [])
    )
    with pytest.raises(LedgerError, match="row 4 is lost"):
        shop.clean()


def test_a_heap_that_makes_up_money_is_noticed(shop, monkeypatch):
    shop.lines(LINES, RULES)
    original = process._settled

    def generous(rows, table, by_unit):
        kept, heaps = original(rows, table, by_unit=by_unit)
        return kept.mutate(amount_kept=kept.amount_kept + D(1)), heaps

    monkeypatch.setattr(process, "_settled", generous)
    with pytest.raises(LedgerError):
        shop.clean()


# ---- the logs that come with the project -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def into(tmp_path_factory):
    """Clean a dataset of the project in a folder of its own."""

    def run(name: str, content: str, seed: int = 20261122):
        folder = tmp_path_factory.mktemp(name)
        (folder / "data" / "sources").mkdir(parents=True)
        (folder / "data" / "sources" / f"{name}.yaml").write_text(content)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REGULARS_ROOT", str(folder))
            patch.setenv("REGULARS_STAGING", str(folder))
            ingest(name, {"seed": seed})
            return cleaning.clean(name), folder / "data" / "raw" / name

    return run


@pytest.fixture(scope="module")
def cdnow(into, root):
    return into("cdnow", (root / "data/sources/cdnow.yaml").read_text())[0]


def test_cdnow_is_kept_whole(cdnow, lifetimes_data):
    rows = [line.split() for line in (lifetimes_data / "CDNOW_master.txt").read_text().splitlines()[1:]]
    total = sum(D(row[3]) for row in rows)
    orders = cdnow.tables["orders"]
    account = cdnow.ledger["tables"]["orders"]
    assert account["rows"] == {"raw": 69_659, "kept": 69_659, "merged": 0, "netted": 0, "rejected": 0}
    assert account["amount"]["raw"] == account["amount"]["kept"] == total
    assert orders["customer_id"].nunique() == 23_570
    assert (orders["amount"] == 0).sum() == 80
    assert account["found"] == {"exact_duplicate": 255}
    assert orders["order_id"].is_unique
    assert orders.set_index("order_id").loc["3", ["customer_id", "amount"]].tolist() == ["00002", 77.0]
    assert cdnow.about.observation_start == date(1997, 1, 1)
    assert cdnow.about.observation_end == date(1998, 6, 30)
    assert not cdnow.about.simulated
    assert cdnow.rejected.empty


@pytest.fixture(scope="module")
def demo(into, root):
    text = (root / "data/sources/demo.yaml").read_text().replace("customers: 5000", "customers: 300")
    cleaned, raw = into("demo", text)
    return cleaned, raw, json.loads((raw / "truth.json").read_text())


def test_demo_dirt_ends_where_it_should(demo):
    cleaned, _, truth = demo
    adds_up(cleaned.ledger)
    dirt = truth["dirt"]["order_lines"]
    changed = cleaned.rejected[cleaned.rejected["table"] == "order_lines"].set_index("row")
    assert sorted(changed.index[changed["reason"] == "exact_duplicate"]) == dirt["duplicates"]["row"]
    missing = set(dirt["missing_customers"]["row"]) - set(dirt["duplicates"]["row"])
    assert set(changed.index[changed["reason"] == "missing_customer"]) == missing
    non_products = set(dirt["non_products"]["row"]) - set(dirt["duplicates"]["row"]) - missing
    assert set(changed.index[changed["reason"] == "non_product"]) == non_products
    ends = {"exact": "cancellation", "partial": "return_of_part", "none": "unmatched_credit"}
    for row, how in zip(dirt["cancellations"]["row"], dirt["cancellations"]["how"], strict=True):
        if row not in missing | set(dirt["duplicates"]["row"]):
            assert changed.loc[row, "reason"] == ends[how]


def test_demo_spend_is_what_customers_spent(demo):
    """Net of cancellations, without guests, postage and copies."""
    cleaned, raw, truth = demo
    dirt = truth["dirt"]["order_lines"]
    left_out = {row for kind in ("duplicates", "missing_customers", "non_products") for row in dirt[kind]["row"]}
    with (raw / "order_lines.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    spent = sum(D(row["qty"]) * D(row["price"]) for i, row in enumerate(rows, start=1) if i not in left_out)
    assert cleaned.ledger["tables"]["order_lines"]["amount"]["kept"] == spent
    assert cleaned.tables["orders"]["amount"].sum() == pytest.approx(float(spent), abs=0.005)


def test_demo_tables_are_all_there(demo):
    cleaned, _, truth = demo
    supplied = {"order_lines", "customers", "surveys", "survey_items", "tickets", "ticket_events", "units"}
    supplied |= {"contacts", "shifts", "identities", "interaction_plan"}
    supplied |= {"prospects", "prospect_events", "activities", "credit"}
    supplied |= {"wallet", "recall", "mystery_visits", "lost_reasons"}
    supplied |= {"contracts", "memberships", "referrals", "campaigns", "campaign_contacts"}
    assert set(cleaned.tables) == {"orders"} | supplied
    assert len(cleaned.tables["customers"]) == 300
    assert not cleaned.tables["orders"]["channel"].dropna().str.contains("[A-Z ]").any()
    assert not cleaned.tables["customers"]["region"].str.contains("^ | $").any()
    for name in ("customers", "surveys", "tickets", "contracts"):
        copies = len(truth["dirt"][name]["duplicates"]["row"])
        assert cleaned.ledger["tables"][name]["rows"]["merged"] == copies


def test_the_mappings_of_the_project_name_their_schema(root):
    for name in ("cdnow", "demo"):
        first = (root / f"data/sources/{name}.yaml").read_text().splitlines()[0]
        assert first == "# yaml-language-server: $schema=../../src/regulars/sources/source.schema.json"
        assert load_mapping(name).tables
