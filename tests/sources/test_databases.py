"""Tables from a database: the same clean data as from files, one sentence for each fault, no secret anywhere."""

import hashlib
import traceback

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from postgres import PASSWORD
from regulars.errors import UserError
from regulars.sources import databases
from regulars.sources.mapping import load_mapping

ROWS = [(1, "ann", "2024-01-05 10:30", "10.00"), (2, "bob; DROP TABLE orders", "2024-01-06 23:59", "12.50")]


def sentence(run) -> str:
    with pytest.raises(UserError) as caught:
        run()
    told = str(caught.value)
    assert "\n" not in told
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    return told


@pytest.fixture
def database(postgres, monkeypatch):
    """The server with one table of orders."""
    monkeypatch.setenv("CRM_PASSWORD", PASSWORD)
    postgres.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    make_orders(postgres, "orders")
    return postgres


def make_orders(server, name: str) -> None:
    values = ", ".join(f"({n}, '{who}', '{day}', {total})" for n, who, day, total in ROWS)
    server.sql(
        f'CREATE TABLE "{name}" ("order" int PRIMARY KEY, customer text, day timestamp, total numeric(12, 2));'
        f'INSERT INTO "{name}" VALUES {values};'
    )


# ---- PostgreSQL ------------------------------------------------------------------------------------------------


def test_orders_of_a_database(shop, database):
    orders = shop.table(database.url).clean().tables["orders"]
    assert orders["customer_id"].tolist() == ["ann", "bob; DROP TABLE orders"]
    assert orders["amount"].tolist() == [10, 12.5]
    assert orders["ordered_at"].tolist() == [pd.Timestamp("2024-01-05 10:30"), pd.Timestamp("2024-01-06 23:59")]


def test_rows_come_in_the_same_order_however_the_table_was_filled(shop, database):
    shop.table(database.url).ingest()
    file = shop.folder / "data/raw/shop/orders/orders.parquet"
    first = file.read_bytes()
    database.sql('UPDATE orders SET total = total WHERE "order" = 1; VACUUM FULL orders;')
    assert database.sql('SELECT "order" FROM orders').split() == ["2", "1"], "the row has not moved: nothing is shown"
    shop.ingest()
    assert file.read_bytes() == first


def test_a_table_without_a_key_has_an_order_too(shop, database):
    database.sql("CREATE TABLE copies AS SELECT * FROM orders; INSERT INTO copies VALUES (10, 'ann', '2024-01-07', 1);")
    shop.table(database.url, "table: copies").ingest()
    file = shop.folder / "data/raw/shop/orders/orders.parquet"
    assert pq.read_table(file)["order"].to_pylist() == ["1", "10", "2"]
    shop.table(database.url, "table: copies\n    order_by: order").ingest()
    assert pq.read_table(file)["order"].to_pylist() == ["1", "2", "10"]


def test_moments_with_a_zone_are_told_in_the_dataset_s(shop, database):
    database.sql("ALTER TABLE orders ALTER day TYPE timestamptz USING day AT TIME ZONE 'UTC'")
    days = shop.table(database.url).clean().tables["orders"]["ordered_at"]
    assert days.tolist() == [pd.Timestamp("2024-01-05 11:30"), pd.Timestamp("2024-01-07 00:59")]


def test_exact_numbers_stay_exact(shop, database):
    database.sql("INSERT INTO orders VALUES (3, 'cat', '2024-01-08', 9999999999.99)")
    ledger = shop.table(database.url).clean().ledger
    assert str(ledger["tables"]["orders"]["amount"]["raw"]).startswith("10000000022.49")


def test_a_query(shop, database):
    query = "query: 'SELECT \"order\", upper(customer) AS customer, day, total FROM orders WHERE total > 11 -- large'"
    assert shop.table(database.url, query).clean().tables["orders"]["customer_id"].tolist() == [
        "BOB; DROP TABLE ORDERS"
    ]


def test_hostile_names_of_tables_and_columns(shop, database):
    table, column = 'x"; DROP TABLE orders; --', "a'); DELETE FROM orders; --\""
    quoted = [name.replace('"', '""') for name in (table, column)]
    database.sql(f'CREATE TABLE "{quoted[0]}" AS SELECT "order", day, total, customer AS "{quoted[1]}" FROM orders')
    mapping = yaml.safe_load((shop.table(database.url).folder / "data/sources/shop.yaml").read_text())
    mapping["tables"]["orders"]["table"] = table
    mapping["tables"]["orders"]["columns"]["customer_id"] = column
    shop.map(yaml.safe_dump(mapping))
    assert shop.clean().tables["orders"]["customer_id"].tolist() == ["ann", "bob; DROP TABLE orders"]
    assert database.sql("SELECT count(*) FROM orders").strip() == "2"


def test_nothing_is_written_to_the_database(shop, database):
    database.sql("CREATE FUNCTION harm() RETURNS int LANGUAGE sql AS 'DELETE FROM orders RETURNING 1'")
    query = "query: 'SELECT harm() AS \"order\", customer, day, total FROM orders'"
    assert "read-only transaction" in sentence(shop.table(database.url, query).ingest)
    assert database.sql("SELECT count(*) FROM orders").strip() == "2"


def test_a_large_table_never_lies_in_memory_whole(shop, database, monkeypatch):
    monkeypatch.setattr(databases, "BATCH_ROWS", 1000)
    database.sql(
        "INSERT INTO orders SELECT n, 'c' || n % 97, '2024-01-01'::timestamp + n * interval '1 min', n % 100 "
        "FROM generate_series(3, 50000) n"
    )
    shop.table(database.url).ingest()
    written = pq.ParquetFile(shop.folder / "data/raw/shop/orders/orders.parquet").metadata
    assert [written.row_group(i).num_rows for i in range(written.num_row_groups)] == [1000] * 50


def test_demo_from_a_database_is_demo_from_files(shop, database, root, monkeypatch):
    """The simulated retailer, its tables loaded as text into PostgreSQL: byte-equal clean tables."""
    from regulars import cleaning
    from regulars.sources.ingest import ingest

    demo = yaml.safe_load((root / "data/sources/demo.yaml").read_text())
    demo["simulator"]["customers"] = 400
    demo |= {"observation_start": "2023-07-01", "observation_end": "2026-06-30"}

    def build() -> dict[str, str]:
        shop.map(yaml.safe_dump(demo))
        ingest("shop", {"seed": 20261122})
        cleaning.save(cleaning.clean("shop"))
        folder = shop.folder / "data/clean/shop"
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}

    from_files = build()
    for name, table in demo["tables"].items():
        file = shop.folder / f"data/raw/shop/{name}.csv"
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
        columns = ", ".join(f'"{column}" text' for column in frame)
        database.sql(f'CREATE TABLE "{name}" (n serial PRIMARY KEY, {columns})')
        names = ", ".join(f'"{column}"' for column in frame)
        form = f"FORMAT csv, HEADER, FORCE_NOT_NULL ({names})"
        database.sql(f'COPY "{name}" ({names}) FROM STDIN WITH ({form});\n{file.read_text()}\\.\n')
        del table["simulator"]
        # without the key, by which a row written twice would differ from itself
        table |= {"url": database.url, "query": f'SELECT {names} FROM "{name}" ORDER BY n'}
    from_database = build()
    assert from_files.keys() >= {"orders.parquet", "order_lines.parquet", "tickets.parquet", "surveys.parquet"}
    assert from_database == from_files


# ---- what can go wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("table: odrers", "the database has no table 'odrers' that this user may read; did you mean 'orders'?"),
        ("table: orders\n    schema: sales", "no table 'orders' in the schema 'sales'"),
        ("table: orders\n    order_by: nr", "order_by: there is no column 'nr'"),
        ("query: SELECT nothing FROM orders", "there is no such column"),
        ("query: SELECT * FROM nowhere", "there is no such table"),
        ("query: SELEC 1", "the query is not valid SQL there"),
        ("query: SELECT 1 AS a, 2 AS a", "two columns of the query have the same name"),
    ],
)
def test_what_is_not_there(shop, database, source, told):
    text = sentence(shop.table(database.url, source).ingest)
    assert text.startswith("data/sources/shop.yaml: tables.orders")
    assert told in text


def test_a_query_that_takes_too_long(shop, database):
    query = "query: SELECT pg_sleep(20)::text AS nap, 1 AS x"
    url = f"{database.url}?options=-c%20statement_timeout%3D200"
    assert "took longer than the server allows" in sentence(shop.table(url, query).ingest)


def test_a_connection_that_breaks_leaves_what_was_there(shop, database):
    shop.table(database.url).ingest()
    manifest = (shop.folder / "data/raw/shop/manifest.json").read_bytes()
    query = "query: SELECT pg_terminate_backend(pg_backend_pid())::text AS gone"
    assert "the connection broke" in sentence(shop.table(database.url, query).ingest)
    assert (shop.folder / "data/raw/shop/manifest.json").read_bytes() == manifest


def test_a_database_that_refuses_the_password(shop, database, monkeypatch):
    monkeypatch.setenv("CRM_PASSWORD", "wrong-secret")
    text = sentence(shop.table(database.url).ingest)
    assert "it refuses the user or the password" in text
    assert "wrong-secret" not in text


def test_a_user_who_may_not_read(shop, database):
    database.sql("CREATE ROLE guest LOGIN PASSWORD 'guest-secret';")
    database.sql("GRANT USAGE ON SCHEMA public TO guest")
    url = database.url.replace("crm:${CRM_PASSWORD}", "guest:${GUEST_PASSWORD}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUEST_PASSWORD", "guest-secret")
        assert "has no table 'orders' that this user may read" in sentence(shop.table(url).ingest)
        text = sentence(shop.table(url, "query: SELECT * FROM orders").ingest)
    assert "the user may not read it; grant SELECT" in text


def test_no_secret_is_written_anywhere(shop, database):
    shop.table(database.url).clean()
    for file in shop.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert PASSWORD.encode() not in content
            assert b"p%40ss" not in content


def test_new_looks_at_tables(shop, database, monkeypatch):
    from regulars.sources.discovery import new_dataset

    shop.write("params.yaml", "clean: {}\ndatasets:\n  old:\n    clean: {}\n")
    url = database.url.replace("${CRM_PASSWORD}", "p%40ss%3A%2Fw%25rd%27x")
    proposal = new_dataset("shop", [url, "orders"], "EUR")
    assert "p%40ss" not in proposal.text
    table = load_mapping("shop").tables["orders"]
    assert (table["url"], table["table"]) == (database.url, "orders")
    assert proposal.questions == []


# ---- without a server ------------------------------------------------------------------------------------------


def test_a_database_that_is_not_there(shop, monkeypatch):
    monkeypatch.setenv("CRM_PASSWORD", PASSWORD)
    text = sentence(shop.table("postgresql://crm:${CRM_PASSWORD}@127.0.0.1:1/shop").ingest)
    assert text.startswith("data/sources/shop.yaml: tables.orders: it does not answer; is it there?")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://crm:${NO_SUCH}@h/x", "the environment variable NO_SUCH is not set"),
        ("postgresql://crm:secret@h/x", "the password stands in the file; take it from the environment"),
        ("postgresql://crm:secret/with@h/x", "the password stands in the file; take it from the environment"),
        ("postgresql://crm:${NO_SUCH}secret@h/x", "the password stands in the file; take it from the environment"),
        ("postgresql://crm@h/x?password=secret", "the password stands in the file; take it from the environment"),
        ("mysql://h/x", "databases of this kind are not read; it may be postgresql, postgres, duckdb"),
        ("duckdb://no.duckdb", "there is no file no.duckdb"),
    ],
)
def test_a_url_that_cannot_be_used(shop, url, told):
    text = sentence(shop.table(url).ingest)
    assert told in text
    assert "secret" not in text


def test_a_url_that_is_one_variable_hides_its_password(shop, monkeypatch):
    monkeypatch.setenv("SHOP_URL", "postgresql://crm:hunter2@127.0.0.1:notaport/shop")
    text = sentence(shop.table("${SHOP_URL}").ingest)
    assert "hunter2" not in text


def test_a_url_that_is_one_variable_shows_no_part_of_itself(shop, monkeypatch):
    """The mapping names the variable alone: user, host, port and database are as secret as the password."""
    monkeypatch.setenv("SHOP_URL", "postgresql://crmuser:hunter2@localhost:59999/salesdb?application_name=backoffice")
    text = sentence(shop.table("${SHOP_URL}").ingest)
    assert text.startswith("data/sources/shop.yaml: tables.orders: it does not answer; is it there?")
    assert not [part for part in ("crmuser", "hunter2", "localhost", "59999", "salesdb", "backoffice") if part in text]


@pytest.mark.parametrize("function", ["read_xlsx('a.xlsx')", "st_read('a.xlsx')", "'https://shop.example/a.csv'"])
def test_nothing_is_downloaded_for_a_query(shop, function):
    text = sentence(shop.table("duckdb://", f"query: SELECT * FROM {function}").ingest)
    assert "nothing is downloaded here; map the file by path" in text


@pytest.mark.parametrize("source", ["table: a\n    query: b", "schema: a\n    query: b", "order_by: a"])
def test_keys_that_do_not_go_together(shop, source):
    assert sentence(shop.table("duckdb://", source).ingest).startswith("data/sources/shop.yaml: tables.orders")


def test_a_duckdb_file_and_a_query_over_files(shop):
    import duckdb

    shop.write("a.csv", "order,customer,day\n1,ann,2024-01-05\n2,bob,2024-01-06\n")
    shop.write("b.csv", "order,total\n1,10.00\n2,12.50\n")
    files = "read_csv('a.csv', all_varchar = true) a JOIN read_csv('b.csv', all_varchar = true) b"
    query = f'query: SELECT * FROM {files} USING ("order")'
    joined = shop.table("duckdb://", query).clean().tables["orders"]
    with duckdb.connect(str(shop.folder / "w.duckdb")) as made:
        made.execute('CREATE TABLE orders ("order" int, customer text, day date, total decimal(10, 2))')
        made.execute("INSERT INTO orders VALUES (1, 'ann', '2024-01-05', 10.0)")
        made.execute("INSERT INTO orders VALUES (2, 'bob', '2024-01-06', 12.5)")
    pd.testing.assert_frame_equal(shop.table("duckdb://w.duckdb").clean().tables["orders"], joined)


OLIST = """\
title: Olist
currency: BRL
time_zone: America/Sao_Paulo
simulated: false
observation_end: last_order_day
tables:
  order_lines:
    url: duckdb://
    query: |
      SELECT o.order_id, c.customer_unique_id, o.order_purchase_timestamp, i.order_item_id, i.product_id, i.price
      FROM read_csv('{folder}/olist_orders_dataset.csv.gz', all_varchar = true) o
      LEFT JOIN read_csv('{folder}/olist_order_items_dataset.csv.gz', all_varchar = true) i USING (order_id)
      JOIN read_csv('{folder}/olist_customers_dataset.csv.gz', all_varchar = true) c USING (customer_id)
    columns:
      order_id: order_id
      customer_id: customer_unique_id
      ordered_at: order_purchase_timestamp
      product_id: product_id
      quantity: {{constant: 1}}
      unit_price: price
  surveys:
    url: duckdb://
    query: |
      SELECT r.review_id, r.review_score, r.review_creation_date, c.customer_unique_id
      FROM read_csv('{folder}/olist_order_reviews_dataset.csv.gz', all_varchar = true) r
      JOIN read_csv('{folder}/olist_orders_dataset.csv.gz', all_varchar = true) o USING (order_id)
      JOIN read_csv('{folder}/olist_customers_dataset.csv.gz', all_varchar = true) c USING (customer_id)
    columns:
      response_id: review_id
      customer_id: customer_unique_id
      answered_at: review_creation_date
      item: {{constant: overall}}
      score: review_score
"""


def test_olist(shop, shared_data):
    """Seven files joined by a query: every order is there, those without items are counted by their reason."""
    folder = shared_data / "olist"
    if not folder.is_dir():
        pytest.skip("the Olist files are not on this machine")
    shop.map(OLIST.format(folder=folder))
    cleaned = shop.clean()
    lines = cleaned.ledger["tables"]["order_lines"]
    assert cleaned.tables["orders"]["order_id"].nunique() == 15_000 - lines["reasons"]["missing_value"]["rows"]
    assert lines["rows"]["raw"] == lines["rows"]["kept"] + lines["rows"]["rejected"]
    assert cleaned.tables["surveys"]["score"].between(1, 5).all()
