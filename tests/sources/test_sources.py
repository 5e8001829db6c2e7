"""Bringing data in: mappings that are right, and one sentence for each thing that is not."""

import gzip
import hashlib
import json
import re

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.errors import UserError
from regulars.sources.files import read_text
from regulars.sources.mapping import load_mapping, source_schema

ORDERS = "order,customer,day,total\n1,ann,2024-01-05,10.00\n2,bob,2024-01-06,12.50\n"


def sentence(run) -> str:
    with pytest.raises(UserError) as caught:
        run()
    text = str(caught.value)
    assert "\n" not in text
    return text


# ---- what comes in ---------------------------------------------------------------------------------------------


def test_files_are_kept_as_they_came(shop):
    shop.orders(ORDERS)
    manifest = shop.ingest()
    raw = shop.folder / "data/raw/shop"
    assert (raw / "orders/orders.csv").read_text() == ORDERS
    entry = {"file": "orders/orders.csv", "rows": 2, "sha256": hashlib.sha256(ORDERS.encode()).hexdigest()}
    assert manifest["tables"] == {"orders": {"rows": 2, "files": [entry]}}
    assert json.loads((raw / "manifest.json").read_text()) == manifest


def test_the_manifest_has_no_clock(shop):
    shop.orders(ORDERS)
    shop.ingest()
    first = (shop.folder / "data/raw/shop/manifest.json").read_bytes()
    shop.ingest()
    assert (shop.folder / "data/raw/shop/manifest.json").read_bytes() == first


def test_a_glob_brings_in_every_file_in_order(shop):
    shop.orders(ORDERS, name="b.csv")
    shop.write("a.csv", "order,customer,day,total\n0,cat,2024-01-01,1\n")
    shop.map((shop.folder / "data/sources/shop.yaml").read_text().replace("path: b.csv", 'path: "?.csv"'))
    assert [entry["file"] for entry in shop.ingest()["tables"]["orders"]["files"]] == ["orders/a.csv", "orders/b.csv"]
    assert shop.clean().tables["orders"]["customer_id"].tolist() == ["cat", "ann", "bob"]


@pytest.mark.parametrize("name", ["cdnow", "demo"])
def test_the_mappings_of_the_project_are_right(root, monkeypatch, name):
    monkeypatch.setenv("REGULARS_ROOT", str(root))
    assert load_mapping(name).simulated == (name == "demo")


def test_every_key_is_documented():
    schema = source_schema()

    def undocumented(part, path):
        for key, value in part.get("properties", {}).items():
            if "description" not in value and "$ref" not in value:
                yield f"{path}.{key}"
            yield from undocumented(value, f"{path}.{key}")
        for key in ("items", "additionalProperties"):
            if isinstance(part.get(key), dict):
                yield from undocumented(part[key], path)
        for value in part.get("oneOf", []):
            yield from undocumented(value, path)

    assert not list(undocumented(schema, "source"))
    assert not list(undocumented(schema["$defs"]["table"], "table"))


# ---- kinds of files --------------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_not_part_of_the_first_column(shop):
    shop.orders(b"\xef\xbb\xbf" + ORDERS.encode())
    assert len(shop.clean().tables["orders"]) == 2


@pytest.mark.parametrize("encoding", ["latin-1", "gb18030", "utf-16"])
def test_a_declared_encoding_is_read(shop, encoding):
    name = {"latin-1": "Zoë", "gb18030": "李雷", "utf-16": "Żaneta"}[encoding]
    shop.orders(ORDERS.replace("ann", name).encode(encoding), f"format: {{encoding: {encoding}}}")
    assert name in shop.clean().tables["orders"]["customer_id"].tolist()


def test_a_compressed_file_is_read(shop):
    shop.orders(gzip.compress(ORDERS.encode()), name="orders.csv.gz")
    assert len(shop.clean().tables["orders"]) == 2


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("{delimiter: ';', decimal: ','}", "order;customer;day;total\n1;ann;2024-01-05;1.000,50\n"),
        ("{delimiter: tab}", "order\tcustomer\tday\ttotal\n1\tann\t2024-01-05\t1000.50\n"),
        ("{delimiter: whitespace}", "  order  customer day total\r\n 1   ann 2024-01-05   1000.50\r\n"),
        ('{delimiter: "|", quote: none}', "order|customer|day|total\n1|ann|2024-01-05|1000.50\n"),
    ],
)
def test_other_delimiters_are_read(shop, form, text):
    shop.orders(text, f"format: {form}")
    if "decimal" in form:
        shop.orders(text, "format: {delimiter: ';', decimal: ',', thousands: '.'}")
    assert shop.clean().tables["orders"]["amount"].tolist() == [1000.5]


def test_quoted_text_may_hold_delimiters_quotes_and_line_breaks(shop):
    shop.orders('order,customer,day,total,note\n1,"o\'neil, ""jim""",2024-01-05,10,"two\nlines"\n2,b,2024-01-06,1,\n')
    assert shop.clean().tables["orders"]["customer_id"].tolist() == ['o\'neil, "jim"', "b"]


def test_a_file_without_a_header(shop):
    columns = "columns: {order_id: column1, customer_id: column2, ordered_at: column3, amount: column4}"
    shop.orders("1,ann,2024-01-05,10\n2,bob,2024-01-06,12.5\n", "format: {header: false}")
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(re.sub("columns: .*", columns, text))
    assert shop.clean().tables["orders"]["amount"].tolist() == [10, 12.5]


def test_a_title_above_the_header_is_passed_over(shop):
    title = 'Export of "1 April\n\n'
    shop.orders(title + ORDERS, "format: {skip_rows: 2}")
    assert shop.clean().tables["orders"]["amount"].tolist() == [10, 12.5]
    shop.orders(title + ORDERS + '3,"cat,2024-01-07,5\n', "format: {skip_rows: 2}")
    assert "orders.csv, line 6: the quote before 'cat,2024-01-07,5' never closes" in sentence(shop.ingest)
    shop.orders("a title\n" + ORDERS)
    assert "row 1 below the header, has 4 values where the header has 1" in sentence(shop.ingest)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", None])
def test_moments_of_parquet_with_a_zone_are_told_in_the_dataset_s(shop, zone):
    """The shop lies in Berlin, an hour ahead of UTC in winter and two in summer; a moment without a zone is its own."""
    here = pd.Series(pd.to_datetime(["2024-01-05 23:30", "2024-07-05 23:30"]))
    moments = here.dt.tz_localize("Europe/Berlin").dt.tz_convert(zone) if zone else here
    frame = pd.DataFrame({"order": ["1", "2"], "customer": ["ann", "ben"], "day": moments, "total": [10.0, 20.0]})
    pq.write_table(pa.Table.from_pandas(frame), shop.folder / "orders.parquet")
    shop.orders((shop.folder / "orders.parquet").read_bytes(), name="orders.parquet")
    ordered = shop.clean().kept["orders"].to_pyarrow().to_pandas()["ordered_at"]
    assert ordered.dt.hour.tolist() == [23, 23] and ordered.dt.day.tolist() == [5, 5]


def test_parquet_with_types(shop):
    frame = pd.DataFrame(
        {
            "order": [1, 2],
            "customer": pd.Categorical(["ann", "bob"]),
            "day": pd.to_datetime(["2024-01-05 10:30", "2024-01-06 00:00"]),
            "total": [10.1, 2e-1],
        }
    )
    pq.write_table(pa.Table.from_pandas(frame), shop.folder / "orders.parquet")
    shop.orders((shop.folder / "orders.parquet").read_bytes(), name="orders.parquet")
    orders = shop.clean().tables["orders"]
    assert orders["amount"].tolist() == [10.1, 0.2]
    assert orders["ordered_at"].tolist() == [pd.Timestamp("2024-01-05 10:30"), pd.Timestamp("2024-01-06")]


def test_an_excel_sheet(shop):
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "about"
    sheet = book.create_sheet("log")
    sheet.append(["Orders of January"])
    sheet.append(["order", "customer", "day", "total"])
    sheet.append([1, 17850, pd.Timestamp("2024-01-05 10:30").to_pydatetime(), 10.5])
    sheet.append([2, "bob", "2024-01-06", 3])
    book.save(shop.folder / "orders.xlsx")
    shop.orders((shop.folder / "orders.xlsx").read_bytes(), "format: {sheet: log, skip_rows: 1}", name="orders.xlsx")
    orders = shop.clean().tables["orders"]
    assert orders["customer_id"].tolist() == ["17850", "bob"]
    assert orders["amount"].tolist() == [10.5, 3]


def test_a_field_of_a_megabyte_is_read(shop):
    shop.orders(f"order,customer,day,total,note\n1,ann,2024-01-05,10,{'x' * 1_000_000}\n")
    assert len(shop.clean().tables["orders"]) == 1


def test_hostile_names_stay_names(shop):
    hostile = 'total"; DROP TABLE raw_orders; --'
    shop.write("orders.csv", 'order,customer,c0,"total""; DROP TABLE raw_orders; --"\n1,ann\'; --,2024-01-05,10\n')
    shop.map(
        f"""\
        title: "x'; DROP TABLE y; --"
        currency: EUR
        time_zone: UTC
        simulated: false
        observation_end: last_order_day
        tables:
          orders:
            path: orders.csv
            columns: {{order_id: order, customer_id: customer, ordered_at: c0, amount: '{hostile}'}}
        """
    )
    orders = shop.clean().tables["orders"]
    assert orders["customer_id"].tolist() == ["ann'; --"]
    assert orders["amount"].tolist() == [10]


# ---- one sentence for each fault -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("title:", "titel:", "'titel' is not a key here; did you mean 'title'?"),
        ("    path:", "    paht:", "tables.orders: 'paht' is not a key here; did you mean 'path'?"),
        ("currency: EUR\n", "", "the key 'currency' is missing"),
        ("currency: EUR", "currency: euro", "currency: 'euro' is not what this key takes. ISO 4217 code"),
        ("simulated: false", "simulated: perhaps", "simulated: 'perhaps' is not what this key takes."),
        ("simulated: false", "simulated: no", "simulated: 'no' is not what this key takes."),
        ("title: Corner Shop", "title: 7", "title: 7 is not what this key takes."),
        ("last_order_day", "2024-02-30", "observation_end: '2024-02-30' is not a day of the calendar"),
        ("last_order_day", "soon", "observation_end: 'soon' is not what this key takes. Last day observed"),
        ("Europe/Berlin", "Berlin", "time_zone: 'Berlin' is not a time zone; write one like Europe/London."),
        ("amount: total", "amuont: total", "'amuont' is not a column of orders; did you mean 'amount'?"),
        (", amount: total", "", "tables.orders.columns: 'amount' is missing; say which column of the file it is."),
        ("  orders:", "  oders:", "'oders' is not a key here; did you mean 'orders'?"),
        ("path: orders.csv", "path: no.csv", "tables.orders.path: there is no file 'no.csv'"),
        ("path: orders.csv", "path: orders.csv\n    simulator: x", "name exactly one"),
        ("path: orders.csv", "date_format: '%d.%m'\n    path: orders.csv", "'%d.%m' is no date format (it has no ye"),
        ("path: orders.csv", "duplicates: drop\n    path: orders.csv", "tables.orders.duplicates: 'drop' is not what"),
        ("title: Corner Shop", "title: [Corner", "shop.yaml, line"),
        ("title: Corner Shop", "title: a\ntitle: b", "line 2: this is not valid YAML ('title' is given twice)"),
        ("title: Corner Shop", "title: &a x\nsource: *a", "line 2: this is not valid YAML (aliases are not read here)"),
        (
            "path: orders.csv",
            "resource: {package: nowhere, file: x.csv}",
            "tables.orders.resource: the Python package 'nowhere' is not installed; install it.",
        ),
        (
            "path: orders.csv",
            "resource: {package: regulars, file: x.csv}",
            "tables.orders.resource: the package 'regulars' has no file 'x.csv'",
        ),
    ],
)  # fmt: skip
def test_a_wrong_mapping(shop, old, new, expected):
    shop.orders(ORDERS)
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    assert old in text
    shop.map(text.replace(old, new, 1))
    text = sentence(shop.ingest)
    assert text.startswith("data/sources/shop.yaml")
    assert expected in text


def test_a_missing_mapping(shop):
    assert "data/sources/shop.yaml is not there" in sentence(shop.ingest)


def test_a_mapping_that_is_not_a_mapping(shop):
    shop.map("- a\n- b\n")
    assert "data/sources/shop.yaml" in sentence(shop.ingest)


@pytest.mark.parametrize("content", ["", "\n\n", "  "])
def test_an_empty_file(shop, content):
    shop.orders(content)
    assert "data/raw/shop/orders/orders.csv is empty" in sentence(shop.ingest)


def test_a_header_and_no_rows(shop):
    shop.orders("order,customer,day,total\n")
    text = sentence(shop.ingest)
    assert "data/raw/shop/orders/orders.csv has a header and no rows: table orders is empty" in text


def test_a_mapped_column_that_is_not_in_the_file(shop):
    shop.orders(ORDERS.replace("total", "totals"))
    text = sentence(shop.ingest)
    assert "orders.csv has no column 'total', which data/sources/shop.yaml maps to orders.amount" in text
    assert "did you mean 'totals'?" in text


def test_the_wrong_delimiter(shop):
    shop.orders(ORDERS.replace(",", ";"))
    assert "has no column 'order'" in sentence(shop.ingest)


def test_the_second_column_of_a_name_is_told_by_its_turn(shop):
    shop.orders(ORDERS.replace("day", "Total"))
    assert "; it has order, customer, Total, total (2)." in sentence(shop.ingest)


def test_ragged_rows(shop):
    shop.orders(ORDERS + "3,cat,2024-01-07\n")
    text = sentence(shop.ingest)
    assert "row 3 below the header, has 3 values where the header has 4 ('3,cat,2024-01-07')" in text


def test_a_quote_that_never_closes(shop):
    shop.orders(ORDERS + '3,"cat,2024-01-07,5\n4,dan,2024-01-08,6\n')
    assert "data/raw/shop/orders/orders.csv" in sentence(shop.ingest)


def test_not_the_declared_encoding(shop):
    shop.orders(ORDERS.replace("bob", "Zoë").encode("latin-1"))
    text = sentence(shop.ingest)
    assert "orders.csv, line 3, is not utf-8 (byte 0xeb); name its encoding in the mapping" in text


def test_an_unknown_encoding(shop):
    shop.orders(ORDERS, "format: {encoding: klingon}")
    assert "names the encoding 'klingon', which is not known" in sentence(shop.ingest)


def test_nul_characters(shop):
    shop.orders(ORDERS.replace("bob", "b\0b"))
    assert "orders.csv, line 3, holds a NUL character" in sentence(shop.ingest)


@pytest.mark.parametrize("name", ["orders.parquet", "orders.xlsx"])
def test_a_file_that_is_not_what_its_name_says(shop, name):
    shop.orders(ORDERS, name=name)
    assert f"data/raw/shop/orders/{name} is not" in sentence(shop.ingest)


def test_a_kind_of_file_that_is_not_read(shop):
    shop.orders(ORDERS, name="orders.pdf")
    assert "files of this kind are not read; supply .csv" in sentence(shop.ingest)


def test_files_of_one_table_have_the_same_columns(shop):
    shop.orders(ORDERS)
    shop.write("more.csv", "order,customer,paid,day\n3,cat,1,2024-01-07\n")
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(text.replace("path: orders.csv", "path: [orders.csv, more.csv]"))
    assert "more.csv: its columns differ from those of data/raw/shop/orders/orders.csv" in sentence(shop.ingest)


def test_ten_thousand_columns(tmp_path):
    header = ",".join(f"c{i}" for i in range(10_000))
    (tmp_path / "wide.csv").write_text(f"{header}\n{header}\n")
    read = read_text(tmp_path / "wide.csv", {}, "wide.csv")
    names, data = read.header, read.data
    assert len(names) == 10_000
    assert data.num_rows == 1
