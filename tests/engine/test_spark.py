"""Spark runs the same expressions as DuckDB and finds the same, row for row and to the cent."""

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from regulars import cleaning
from regulars.commands import score_everybody as score_in_place
from regulars.engine import embedded as engine
from regulars.errors import UserError
from regulars.purchases_in_engine import rfm_expression
from regulars.sources.ingest import ingest
from regulars.sources.mapping import load_mapping
from regulars.sources.raw import read_manifest, read_raw
from spark_cluster import UNSWEPT

pytestmark = [UNSWEPT, pytest.mark.usefixtures("sockets")]
EMBEDDED = {"url": engine.EMBEDDED}


def sentence(run) -> str:
    with pytest.raises(UserError) as caught:
        run()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def warehouse(shop, root, cluster):
    """A project whose engine is the cluster, and the raw tables of a dataset of ours as tables that lie there."""

    def fill(dataset: str, customers: int = 0) -> str:
        content = yaml.safe_load((root / f"data/sources/{dataset}.yaml").read_text())
        name = "order_lines" if "order_lines" in content["tables"] else "orders"
        content["tables"] = {name: content["tables"][name]}
        if customers:
            content["simulator"]["customers"] = customers
        shop.map(yaml.safe_dump(content))
        shop.write("params.yaml", (root / "params.yaml").read_text().replace("  demo:", "  shop: {}\n  demo:", 1))
        ingest("shop", {"seed": 20261122})
        raw = read_raw(load_mapping("shop"), name, read_manifest("shop"))
        file = shop.folder / "lake.parquet"
        pq.write_table(raw.data.drop([raw.data.column_names[-1]]).rename_columns(list(raw.header)), file)
        there = {
            key: part for key, part in content["tables"][name].items() if key not in ("resource", "simulator", "format")
        }
        content["tables"][name] = there | {"url": cluster.url, "query": f"SELECT * FROM parquet.`{file}`"}
        content["observation_end"] = str(content["observation_end"])
        return yaml.safe_dump(content)

    return fill


@pytest.mark.parametrize(("dataset", "customers"), [pytest.param("cdnow", 0, marks=pytest.mark.full), ("demo", 1000)])
def test_raw_orders_become_the_same_scores(shop, warehouse, cluster, dataset, customers):
    there = warehouse(dataset, customers)
    here = score_in_place.score("shop", EMBEDDED)
    shop.map(there)
    found = score_in_place.score("shop", {"url": cluster.url})
    assert found.orders.get_backend().name == "pyspark"

    assert found.account == here.account
    end = load_mapping("shop").observation_end
    tables = [rfm_expression(part.orders, end).to_pyarrow().to_pandas() for part in (found, here)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert len(tables[0]) == found.found.customers > 900

    assert found.found.histories == here.found.histories < found.found.customers
    assert found.found.spenders == here.found.spenders
    written = str(shop.folder / "scores")
    score_in_place.write(found, written)
    assert "there is something already; name another place" in sentence(lambda: score_in_place.write(found, written))
    read = pq.read_table(written).to_pandas().sort_values("customer_id", ignore_index=True)
    scores = [part.found.scores.order_by("customer_id").to_pyarrow().to_pandas() for part in (found, here)]
    pd.testing.assert_frame_equal(*scores, rtol=1e-9)
    pd.testing.assert_frame_equal(read[["customer_id", "clv"]], scores[0][["customer_id", "clv"]])
    assert found.found.clv_total.value == pytest.approx(here.found.clv_total.value, rel=1e-9)


# ---- tables of a warehouse -------------------------------------------------------------------------------------

HOSTILE = 'who`; DROP TABLE orders; --"'
ORDERS = f"""\
SELECT * FROM VALUES
    (10, 'ann', TIMESTAMP '2024-01-05 23:30:00', 12.3456BD),
    (9, '  bob; DROP TABLE orders ', TIMESTAMP '2024-01-06 10:00:00', 2E7D),
    (11, NULL, TIMESTAMP '2024-01-07 10:00:00', 1.5BD)
AS t(`order`, `{HOSTILE.replace("`", "``")}`, day, total)"""


@pytest.fixture
def orders(shop, cluster):
    """A view of the warehouse with names and values of every kind, and its mapping."""
    place = engine.connect({"url": cluster.url})
    place._session.sql(ORDERS).createOrReplaceTempView("orders")
    content = yaml.safe_load((shop.table(cluster.url).folder / "data/sources/shop.yaml").read_text())
    content["tables"]["orders"]["columns"]["customer_id"] = HOSTILE
    shop.map(yaml.safe_dump(content))
    shop.write("params.yaml", "common: {seed: 1}\ningest: {}\nvalue: {}\ndatasets:\n  shop: {}\n")
    return shop


def test_a_table_is_copied_as_text_in_one_order(orders):
    orders.ingest()
    copied = pq.read_table(orders.folder / "data/raw/shop/orders/orders.parquet").to_pydict()
    assert list(copied) == ["order", HOSTILE, "day", "total"]
    assert copied["order"] == ["10", "11", "9"], "by all columns as text, as no key is named"
    assert copied[HOSTILE] == ["ann", "", "bob; DROP TABLE orders"]
    assert copied["day"][0] == "2024-01-06 00:30:00", "a moment, as the clocks of Berlin showed it"
    assert [float(text) for text in copied["total"]] == [12.3456, 1.5, 2e7]
    assert "E" not in "".join(copied["total"])
    text = (orders.folder / "data/sources/shop.yaml").read_text()
    orders.map(text.replace("table: orders", "table: orders\n    order_by: order"))
    orders.ingest()
    assert pq.read_table(orders.folder / "data/raw/shop/orders/orders.parquet")["order"].to_pylist() == [
        "9",
        "10",
        "11",
    ]


def test_cleaning_gives_the_same_tables_wherever_it_runs(shop, cluster):
    shop.lines(
        "order,customer,day,product,qty,price\n"
        "1,ann,05/01/2024 10:00,A,3,0.3333\n1,ann,05/01/2024 10:00,A,3,0.3333\nC2,ann,06/01/2024 10:00,A,-1,0.3333\n"
        "3,bob,07/01/2024 1:05,B,0.3333,1.2345\n4,,08/01/2024 10:00,B,1,1\n5,zoë,09/01/2024 10:00,POST,1,5\n"
        '6,bob,10/01/2024 10:00,B,-2,9.99\n7,"o\'neil",11/01/2024 10:00,A,1,(12.00)\n',
        "date_format: '%d/%m/%Y %H:%M'\ncancellations: {order_id_prefix: C}\nnon_products: {codes: [POST]}\n",
    )
    shop.ingest()
    here, there = (cleaning.clean("shop", {"url": url}) for url in (engine.EMBEDDED, cluster.url))
    assert there.ledger["dataset"].pop("engine") == "spark"
    assert here.ledger["dataset"].pop("engine") == "duckdb"
    assert there.ledger == here.ledger
    assert set(here.ledger["tables"]["order_lines"]["reasons"]) >= {
        "reduced_by_return",
        "exact_duplicate",
        "non_product",
    }
    pd.testing.assert_frame_equal(there.rejected, here.rejected)
    for name, table in here.tables.items():
        pd.testing.assert_frame_equal(there.tables[name], table)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("table: order", "there is no such table (Spark says: The table or view `order` cannot be found"),
        ("query: SELECT nothing FROM orders", "there is no such column (Spark says: "),
        ("query: SELEC 1", "the query is not valid SQL there (Spark says: "),
        ("table: orders\n    order_by: date", "order_by: there is no column 'date'; it may be order, "),
    ],
)
def test_what_the_warehouse_does_not_have(orders, cluster, source, told):
    text = sentence(orders.table(cluster.url, source).ingest)
    assert f"data/sources/shop.yaml: tables.orders: {told}".replace(": order_by", ".order_by") in text


def test_orders_in_spark_are_scored_by_spark_alone(orders, root):
    orders.write("params.yaml", (root / "params.yaml").read_text().replace("  demo:", "  shop: {}\n  demo:", 1))
    told = sentence(lambda: score_in_place.score("shop", EMBEDDED))
    assert "the orders lie in Spark at spark://127.0.0.1:" in told
    assert "where only Spark can work on them; name it in params.yaml as engine.url" in told
