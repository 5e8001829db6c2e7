"""Layouts as they come out of shops and reports, each read without SQL; and what is no row, said."""

import gzip
import io
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.errors import UserError
from regulars.labels import Reason
from regulars.sources.discovery import new_dataset

LOG = "order,customer,day,total\n1,ann,2024-01-05,10.00\n2,bob,2024-01-06,12.50\n"
DAY = "2024-01-05"


def amounts(shop, content, extra: str = "", name: str = "orders.csv") -> list[float]:
    shop.orders(content, extra, name=name)
    return shop.clean().tables["orders"]["amount"].tolist()


def refused(run) -> str:
    with pytest.raises(UserError) as told:
        run()
    return str(told.value)


# ---- what stands around the rows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("\n\n" + LOG, "{}"),  # blank first lines
        ("Report\nof May\n" + LOG, "{skip_rows: 2}"),
        (LOG.replace("1,ann", "No,Who,When,Paid\n1,ann"), "{skip_below: 1}"),
        (LOG + "Total,,,22.50\n", "{footer: 1}"),
        (LOG + 'Total,,,22.50\n\n"Made by: A.\nAnalyst"\n', "{footer: Total}"),
        (LOG + "\nTotal,,,22.50\n\nMade by A.\n", "{footer: 2}"),
        (LOG.replace("total\n", "total,,total\n").replace(".00", ".00,x,7").replace(".50", ".50,y,8"), "{}"),
        (LOG.replace(",", "||"), '{delimiter: "||"}'),
        (LOG.replace(",", "\x01"), '{delimiter: "\\x01"}'),
        (LOG.replace(",", "§"), '{delimiter: "§"}'),
        (LOG.replace(",", "::").replace("ann", '"a::n"'), '{delimiter: "::"}'),
        ('order,"customer",day,total\n1,\'007,2024-01-05,="10.00"\n2,"=""009""",2024-01-06,=12.50\n', "{}"),
        (LOG.replace("10.00", "1.0E+01"), "{}"),
        (LOG.replace("2,bob", "2,?"), '{missing: "?"}'),
    ],
)  # fmt: skip
def test_what_stands_around_the_rows_is_no_row(shop, content, form):
    kept = amounts(shop, content, f"format: {form}")
    assert kept == ([10] if "?" in form else [10, 12.5])


def test_a_header_of_several_rows_and_of_broken_lines(shop):
    content = 'order,"customer\n(id)",day,money\n,,,total\n1,ann,2024-01-05,10\n2,bob,2024-01-06,12.5\n'
    shop.orders(content, "format: {header_rows: 2}")
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(text.replace("customer_id: customer", "customer_id: customer (id)").replace("total", "money total"))
    assert shop.clean().tables["orders"]["amount"].tolist() == [10, 12.5]


def test_lines_that_are_no_rows_are_told(shop):
    shop.orders("Report\n" + LOG + "Total,,,22.50\n", "format: {skip_rows: 1, footer: 1}")
    assert shop.clean().ledger["tables"]["orders"]["passed_over"] == {"above": 1, "footer": 1}


def test_a_footer_that_nobody_named_is_told_how_to_name(shop):
    shop.orders(LOG + "3,cat,2024-01-07,1\nTotal,,,23.50\nMade by A.\n")
    assert "write footer: 2 under format (the row of totals above them is one of those)" in refused(shop.ingest)


def test_a_place_counts_from_the_header_whatever_was_passed_over(shop):
    shop.orders("Report\n" + LOG.replace("12.50", "many"), "format: {skip_rows: 1}")
    assert "row 2 below the header, column 'total': 'many'" in refused(shop.clean)


# ---- files -----------------------------------------------------------------------------------------------------


def workbook(**sheets) -> bytes:
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer) as book:
        for name, text in sheets.items():
            pd.read_csv(io.StringIO(text)).to_excel(book, sheet_name=name, index=False)
    return buffer.getvalue()


def archive(**files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in files.items():
            packed.writestr(f"{name}.csv", text)
    return buffer.getvalue()


SECOND = LOG.replace("\n1,", "\n3,").replace("\n2,", "\n4,")


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.xlsx", workbook(May=LOG, June=SECOND, Notes="a\n1\n"), '{sheet: "*"}'),
        ("a.xlsx", workbook(Notes="a\n1\n", May=LOG, June=SECOND), "{sheet: [May, June]}"),
        ("a.zip", archive(may=LOG, june=SECOND), "{}"),
        ("a.zip", archive(may=LOG.replace(",", ";"), june=SECOND.replace(",", ";")), "{delimiter: ;}"),
    ],
    ids=["all sheets", "two sheets", "zip", "zip by semicolons"],  # the bytes of an archive hold its moment
)
def test_parts_of_equal_columns_are_one_table(shop, name, content, form):
    assert amounts(shop, content, f"format: {form}", name) == [10, 12.5, 10, 12.5]


def test_columns_may_stand_in_another_order(shop):
    shop.write("b.csv", "day,total,customer,order\n2024-02-01,5,cat,9\n")
    shop.orders(LOG)
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(text.replace("path: orders.csv", "path: [orders.csv, b.csv]"))
    assert shop.clean().tables["orders"]["amount"].tolist() == [10, 12.5, 5]


def test_sheets_of_equal_columns_are_asked_about_and_others_told(shop):
    shop.orders(workbook(May=LOG, June=SECOND), name="a.xlsx")
    assert "has 2 sheets of the same columns ('May', 'June'): write sheet: \"*\"" in refused(shop.ingest)
    shop.orders(workbook(May=LOG, Notes="a\n1\n"), name="b.xlsx")
    assert shop.clean().ledger["tables"]["orders"]["passed_over"] == {"sheets": ["Notes"]}


@pytest.mark.parametrize("name", ["a.zip", "b.xls"])
def test_files_that_cannot_be_opened(shop, name):
    shop.orders(b"nothing of the kind", name=name)
    assert "unpack it" in (told := refused(shop.ingest)) or "save it as .xlsx" in told


@pytest.mark.parametrize("head", ['"order,customer,day,total', "order,customer,day," + "t" * 200_000])
def test_a_header_that_does_not_end(shop, head):
    rows = "".join(f"{n},ann,{DAY},10\n" for n in range(10_000))
    shop.orders(f"{head}\n{rows}")
    assert "orders.csv, line 1: a value there has over 131,072 characters" in refused(shop.ingest)


def test_parquet_with_lists_records_and_bytes(shop):
    table = pa.table({
        "order": ["1", "2"], "customer": ["ann", "bob"], "day": [DAY, DAY], "total": [10.0, 12.5],
        "tags": [["a"], []], "who": [{"x": 1}, {"x": 2}], "photo": [b"\xff\xfe", b"\x00"],
    })  # fmt: skip
    pq.write_table(table, shop.folder / "orders.parquet")
    content = (shop.folder / "orders.parquet").read_bytes()
    assert amounts(shop, content, name="orders.parquet") == [10, 12.5]
    shop.map((shop.folder / "data/sources/shop.yaml").read_text().replace("amount: total", "amount: tags"))
    assert "holds lists, records or bytes; map one of plain values" in refused(shop.ingest)
    for damaged in (content[:200] + b"\x00" * 200 + content[400:], content.replace(b"bob", b"b\xacb")):
        shop.orders(damaged, name="orders.parquet")
        assert "is damaged; supply it again" in refused(shop.ingest)


def test_gbk_is_read_as_what_it_grew_into(shop):
    content = gzip.compress(LOG.replace("ann", "李㐀").encode("gb18030"), mtime=0)
    assert amounts(shop, content, "format: {encoding: gbk}", "orders.csv.gz") == [10, 12.5]


# ---- orders whose rows hang together ---------------------------------------------------------------------------


LINES = """\
title: Shop
currency: EUR
simulated: false
observation_end: last_order_day
tables:
  order_lines:
    path: lines.csv
    columns: {order_id: no, customer_id: who, ordered_at: day, product_id: sku, quantity: n, unit_price: price}
"""


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (["7,ann,2024-01-05,sent,A,1,2", "7,,,,B,2,3", "8,bob,2024-01-06,sent,A,1,2"], "{by: no}"),
        (["7,ann,2024-01-05,sent,A,1,2", ",,,,B,2,3", "8,bob,2024-01-06,sent,A,1,2"], "{columns: [no, who, day]}"),
    ],
)
def test_what_stands_on_the_first_line_holds_for_the_others(shop, rows, rule):
    shop.write("lines.csv", "\n".join(["no,who,day,state,sku,n,price", *rows]) + "\n")
    shop.map(f"{LINES}    fill_down: {rule}\n")
    orders = shop.clean().tables["orders"]
    assert orders.set_index("customer_id")["amount"].to_dict() == {"ann": 8, "bob": 2}


# ---- exports of months that overlap, without a number of the order ---------------------------------------------------

MONTHS = """\
title: Shop
currency: EUR
simulated: false
observation_end: last_order_day
tables:
  orders:
    path: [may.csv, june.csv, july.csv]
    duplicates: keep
    columns: {order_id: {row_number: true}, customer_id: who, ordered_at: day, amount: total}
"""


@pytest.mark.parametrize(
    ("may", "june", "july", "real"),
    [
        # June's export begins with the last two days of May's, and July's has all of June again
        (["bob,2024-05-01,5", "ann,2024-05-31,2", "ann,2024-05-31,2"],
         ["ann,2024-05-31,2", "ann,2024-05-31,2", "ann,2024-06-01,2"],
         ["ann,2024-06-01,2", "cat,2024-07-01,9"], [5, 2, 2, 2, 9]),
        # two coffees of one day are two, and the third that a later file has is one more
        (["ann,2024-06-01,2"] * 2, ["ann,2024-06-01,2"] * 3, ["ann,2024-06-01,2"], [2, 2, 2]),
        # nothing overlaps
        (["ann,2024-05-01,2"], ["ann,2024-06-01,2"] * 2, ["ann,2024-07-01,2"], [2, 2, 2, 2]),
    ],
)  # fmt: skip
def test_rows_of_overlapping_months_count_once(shop, may, june, july, real):
    files = {"may": may, "june": june, "july": july}
    for name, rows in files.items():
        shop.write(f"{name}.csv", "\n".join(["who,day,total", *rows]) + "\n")
    shop.map(MONTHS)
    cleaned = shop.clean()
    assert sorted(cleaned.tables["orders"]["amount"]) == sorted(real)
    account = cleaned.ledger["tables"]["orders"]
    again = sum(map(len, files.values())) - len(real)
    assert account["rows"]["merged"] == again
    assert set(account["reasons"]) == ({Reason.IN_EARLIER_FILE} if again else set())


def test_a_mapping_is_suggested_of_months_that_overlap(shop):
    rows = [f"c{n % 7},2024-05-{n + 1:02d},{n}.50" for n in range(31)]
    shop.write("params.yaml", "common:\n  seed: 1\ndatasets:\n  old: {}\n")
    for name, part in (("a", rows[:20]), ("b", rows[15:])):
        shop.write(f"{name}.csv", "\n".join(["customer,date,amount", *part]) + "\n")
    proposal = new_dataset("shop", [str(shop.folder / f"{name}.csv") for name in "ab"], "EUR")
    assert proposal.questions == []
    assert any("5 rows stand in an earlier file as well" in line for line in proposal.concluded)
    assert len(shop.clean().tables["orders"]) == 31


def test_a_void_order_takes_its_lines_and_its_refund_with_it(shop):
    rows = ["7,ann,2024-01-05,void,A,1,2,", "7,ann,2024-01-05,,B,2,3,", "8,bob,2024-01-06,sent,A,1,2,",
            "9,ann,2024-01-09,sent,A,-1,2,7", "10,ann,2024-01-02,sent,A,1,2,"]  # fmt: skip
    shop.write("lines.csv", "\n".join(["no,who,day,state,sku,n,price,of", *rows]) + "\n")
    shop.map(f"{LINES}    void: {{state: void}}\n    refunds: {{of: of}}\n")
    cleaned = shop.clean()
    assert cleaned.ledger["tables"]["order_lines"]["reasons"] == {
        Reason.VOID_ORDER: {"fate": "rejected", "rows": 3, "amount": 6}
    }
    assert cleaned.tables["orders"]["order_id"].tolist() == ["10", "8"]


def test_further_rows_of_an_order_merge_where_they_say_the_same(shop):
    rows = LOG + "1,ann,2024-01-05,\n2,bob,2024-01-06,12.50\n"
    assert amounts(shop, rows.replace("total\n", "total,line\n").replace("00\n", "00,a\n").replace("50\n", "50,a\n")
                   .replace(",\n", ",,b\n"), "repeated_key: merge") == [10, 12.5]  # fmt: skip
    shop.orders(LOG + "1,ann,2024-01-05,11\n", "repeated_key: merge")
    assert "'1' came before in another row" in refused(shop.clean)


# ---- money -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        (["A,3,10.00"], [10]),
        (["A,3,10.00", "A,-3,-10.00"], []),
        (["A,3,10.00", "A,3,-10.00"], []),  # a return, not a negative price
        (["A,3,10.00", "A,-3,10.00"], []),
        (["A,2,10.00", "A,-1,-5.00"], [5]),
    ],
)
def test_totals_of_lines(shop, rows, kept):
    content = [f"{n},ann,2024-01-0{n},{row}" for n, row in enumerate(rows, start=1)]
    shop.write("lines.csv", "\n".join(["no,who,day,sku,n,total", "90,zoe,2024-01-01,Z,1,1", *content]) + "\n")
    shop.map(LINES.replace("unit_price: price", "line_total: total"))
    cleaned = shop.clean()
    orders = cleaned.tables["orders"]
    assert orders.loc[orders["customer_id"] == "ann", "amount"].tolist() == kept
    account = cleaned.ledger["tables"]["order_lines"]["amount"]
    assert sum(account[fate] for fate in ("kept", "merged", "netted", "rejected")) == account["raw"]


def test_tax_and_shipping_go_in_and_out_by_one_key(shop):
    content = "order,customer,day,total,tax,shipping\n1,ann,2024-01-05,10,2,3\n2,bob,2024-01-06,20,,-1\n"
    shop.orders(content, "money: {plus: shipping, less: tax}")
    cleaned = shop.clean()
    assert cleaned.tables["orders"]["amount"].tolist() == [11, 19]
    account = cleaned.ledger["tables"]["orders"]
    assert account["written"] == 30
    assert {code: (part["rows"], part["amount"]) for code, part in account["adjusted"].items()} == {
        "added": (2, 2), "left_out": (1, -2),
    }  # fmt: skip


def test_a_cancellation_written_as_money_coming_in_is_told(shop):
    shop.orders(LOG + "C1,ann,2024-01-09,10.00\n", "cancellations: {order_id_prefix: C}")
    account = shop.clean().ledger["tables"]["orders"]
    assert account["written"] == 32.5
    assert account["adjusted"]["turned"] == {"rows": 1, "amount": -20}
    assert account["amount"]["raw"] == account["amount"]["kept"] == 12.5


FOR_NOTHING = "order,customer,day,total\n1,0,2024-01-05,10\n2,bob,2024-01-06,{}\n3,bob,2024-01-07,5\n4,0,2024-01-08,0\n"


@pytest.mark.parametrize(
    ("price", "rule", "kept"),
    [
        ("0.00", 'format: {missing: "0"}', {"2": 0, "3": 5}),  # an order for nothing is an order
        ("0", 'guests: ["0"]', {"2": 0, "3": 5}),
        ("0", 'guests: ["0"]\nvoid: {total: ["0"]}', {"3": 5}),
        ("7", 'format: {missing: "0"}', {"2": 7, "3": 5}),  # the guest's own price of 0 is no customer's
    ],
)
def test_a_customer_of_0_is_nobody_and_a_price_of_0_is_a_price(shop, price, rule, kept):
    shop.orders(FOR_NOTHING.format(price), rule)
    assert shop.clean().tables["orders"].set_index("order_id")["amount"].to_dict() == kept


def test_a_0_that_would_be_a_missing_price_is_told_how_to_mean(shop):
    shop.orders(FOR_NOTHING.format("0"), 'format: {missing: "0"}')
    assert "column 'total' has '0' in 1 rows of customers" in (told := refused(shop.clean))
    assert 'write guests: ["0"] under tables.orders in its place, and void: {"total": ["0"]}' in told
    lines = "no,who,day,sku,n,price\n1,0,2024-01-05,A,1,10\n2,bob,2024-01-06,B,1,0\n3,bob,2024-01-07,A,2,5\n"
    shop.write("lines.csv", lines)
    shop.map(f'{LINES}    format: {{missing: "0"}}\n')
    assert "column 'price' has '0' in 1 rows of customers" in refused(shop.clean)


@pytest.mark.parametrize("guest", ["0", "Guest"])
def test_ids_that_stand_for_nobody_are_asked_about_and_left_out(shop, guest):
    rows = "".join(f"{n},{guest if n % 2 else f'c{n}'},2024-01-{n % 28 + 1:02},5\n" for n in range(40))
    shop.orders(f"order,customer,day,total\n{rows}")
    assert f'write guests: ["{guest}"] to leave them out, or guests: [] where it is a customer' in refused(shop.clean)
    shop.orders(f"order,customer,day,total\n{rows}", f'guests: ["{guest}"]')
    assert shop.clean().ledger["tables"]["orders"]["reasons"][Reason.GUEST]["rows"] == 20
    shop.orders(f"order,customer,day,total\n{rows}", "guests: []")
    assert shop.clean().ledger["tables"]["orders"]["largest_customer"]["share"] == 0.5


@pytest.mark.parametrize(
    ("mistyped", "told"),
    [
        (["2034-04-28"], "order 'X0' of 2034-04-28 comes 3,652 days after the last of all others"),
        (["2025-04-20"], "order 'X0' of 2025-04-20 comes 357 days after"),  # 2024
        (["2042-01-01", "2042-01-03"], "order 'X1' of 2042-01-03 (and 1 more after 2024-04-28) comes 6,457 days after"),
    ],
)
def test_a_mistyped_date_is_named_and_does_not_end_the_data(shop, mistyped, told):
    rows = "".join(f"{n},c{n % 31},2024-0{n // 28 % 4 + 1}-{n % 28 + 1:02},5\n" for n in range(224))
    rows += "".join(f"X{n},c1,{day},5\n" for n, day in enumerate(mistyped))
    shop.orders(f"order,customer,day,total\n{rows}")
    assert told in (said := refused(shop.clean))
    assert "row 225 below the header, column 'day'" in said or len(mistyped) > 1
    mapping = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(mapping.replace("last_order_day", "2024-04-28"))
    cleaned = shop.clean()
    assert str(cleaned.about.observation_end) == "2024-04-28"
    assert len(cleaned.tables["orders"]) == 224


def test_a_price_that_grows_with_the_quantity_is_a_total(shop):
    rows = "".join(f"{n},c{n % 9},2024-01-{n % 28 + 1:02},P,{n % 3 + 1},{(n % 3 + 1) * 4}\n" for n in range(120))
    shop.write("lines.csv", f"no,who,day,sku,n,price\n{rows}")
    shop.map(LINES)
    assert 'write line_total: "price" in place of unit_price' in refused(shop.clean)
    shop.map(LINES.replace("unit_price: price", "unit_price: {column: price, each: true}"))
    assert shop.clean().ledger["tables"]["order_lines"]["amount"]["kept"] == 40 * 4 * (1 + 4 + 9)


# ---- answers side by side, and moments -------------------------------------------------------------------------


SURVEY = """
  surveys:
    path: survey.csv
    wide: {Q1: ease, Q2: price}
    columns: {response_id: id, customer_id: who, answered_at: at}
  survey_items:
    rows:
      - {item: ease, construct: effort, scale_min: 1, scale_max: 7, wording: "Was it easy?"}
      - {item: price, construct: value, scale_min: 1, scale_max: 5, wording: "Worth its price?"}
"""


@pytest.mark.parametrize(
    ("rows", "answers"),
    [
        ("1,ann,2024-01-05,7,5\n2,bob,2024-01-06,,3\n", {("1", "ease"): 7, ("1", "price"): 5, ("2", "price"): 3}),
        ("1,ann,2024-01-05,7,9\n", {("1", "ease"): 7}),  # 9 is off its scale
    ],
)
def test_a_questionnaire_with_a_row_per_respondent(shop, rows, answers):
    shop.orders(LOG)
    shop.write("survey.csv", f"id,who,at,Q1,Q2\n{rows}")
    shop.map((shop.folder / "data/sources/shop.yaml").read_text() + SURVEY)
    found = shop.clean().tables["surveys"]
    assert found.set_index(["response_id", "item"])["score"].to_dict() == answers


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-01-05T23:30:00Z", "iso"),
        ("2024-01-06 00:30:00 +0100", "iso"),
        ("2024-01-05 18:30:00-05:00", "iso"),
        ("05/01/2024 23:30 +0000", '"%d/%m/%Y %H:%M %z"'),
        ("05/01/2024 23:30 Z", '"%d/%m/%Y %H:%M Z"'),
        ("1704497400", "epoch"),
        ("1704497400000", "epoch"),
    ],
)
def test_moments_that_say_their_zone_are_told_in_the_dataset_s(shop, text, form):
    shop.orders(f"order,customer,day,total\n1,ann,{text},10\n", f"date_format: {form}")
    mapping = (shop.folder / "data/sources/shop.yaml").read_text()
    zone = next(line for line in mapping.splitlines() if line.startswith("time_zone"))
    shop.map(mapping.replace(zone, "time_zone: Asia/Tokyo"))
    assert shop.clean().tables["orders"]["ordered_at"].tolist() == [pd.Timestamp("2024-01-06 08:30")]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-05 23:30", "2024-01-06 08:30"),
        ("2024-01-05 23:30:00Z", "2024-01-06 08:30"),  # says it itself
        ("2024-01-06 00:30:00 +0100", "2024-01-06 08:30"),
        ("2024-01-05", "2024-01-05"),  # a day is a day
    ],
)
def test_times_under_a_header_that_says_utc_are_told_in_the_dataset_s_zone(shop, text, moment):
    shop.orders(f"order,customer,day,total\n1,ann,{text},10\n")
    mapping = (shop.folder / "data/sources/shop.yaml").read_text()
    zone = next(line for line in mapping.splitlines() if line.startswith("time_zone"))
    shop.map(mapping.replace(zone, "time_zone: Asia/Tokyo").replace(": day", ": {column: day, utc: true}"))
    assert shop.clean().tables["orders"]["ordered_at"].tolist() == [pd.Timestamp(moment)]


# ---- wrong use -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("wide: {total: ease}", "tables.orders.wide: only the answers of surveys are read so"),
        (
            "fill_down: {by: nothing}",
            "data/sources/shop.yaml names under orders.fill_down.by",
        ),
        ("fill_down: {}", "tables.orders.fill_down: {} is not what this key takes. What stands on the first"),
        ("money: {plus: nothing}", "names under orders.money.plus"),
        ("money: {more: total}", "tables.orders.money: 'more' is not a key here; it may be plus, less."),
        (
            "refunds: {unmatched: no}",
            "tables.orders.refunds.unmatched: 'no' is not what this key takes. What",
        ),
        (
            "guests: nobody",
            "tables.orders.guests: 'nobody' is not what this key takes. Customer ids",
        ),
        ("only: {nothing: x}", "names under orders.only"),
        (
            "format: {footer: 0}",
            "tables.orders.format.footer: 0 is not what this key takes. What stands",
        ),
        ('format: {footer: "("}', "tables.orders.format.footer: '(' is not a regular expression"),
        (
            "format: {header_rows: 0}",
            "tables.orders.format.header_rows: 0 is not what this key takes. How many",
        ),
    ],
)
def test_keys_in_the_wrong_place_say_what_they_take(shop, extra, told):
    shop.orders(LOG, extra)
    assert told in refused(shop.ingest)


@pytest.mark.parametrize(
    ("unit", "moment"), [("seconds", "10:01:30"), ("minutes", "11:30"), ("hours", "2024-01-09 04:00")]
)
def test_a_duration_runs_from_its_start(shop, unit, moment):
    shop.orders(LOG)
    shop.write("cases.csv", "no,who,since,took\n7,ann,2024-01-05 10:00,90\n8,bob,2024-01-06 10:00,\n")
    tickets = f"""
  tickets:
    path: cases.csv
    columns: {{ticket_id: no, customer_id: who, opened_at: since, status: {{constant: open}},
               resolved_at: {{column: took, after: opened_at, unit: {unit}}}}}
"""
    shop.map((shop.folder / "data/sources/shop.yaml").read_text() + tickets)
    found = shop.clean().tables["tickets"].set_index("ticket_id")["resolved_at"]
    assert found["7"] == pd.Timestamp(moment if "-" in moment else f"{DAY} {moment}")
    assert pd.isna(found["8"])


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            "{column: total, after: opened_at}",
            "a duration needs column, after (the column of ours",
        ),
        ("{column: total, after: status, unit: hours}", "'status' is no date of this table that the mapping has"),
        ("{column: total, after: opened_at, unit: weeks}", "is not what this key takes"),
    ],
)
def test_durations_run_from_a_date(shop, spec, told):
    shop.orders(LOG)
    tickets = f"""
  tickets:
    path: orders.csv
    columns: {{ticket_id: order, customer_id: customer, opened_at: day, status: order, resolved_at: {spec}}}
"""
    shop.map((shop.folder / "data/sources/shop.yaml").read_text() + tickets)
    assert told in refused(shop.ingest)
