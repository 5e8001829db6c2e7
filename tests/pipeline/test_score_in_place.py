"""Scoring where the orders lie, on the embedded engine, and what is said where it cannot be done; Spark: test_spark."""

import socket
import stat

import pandas as pd
import pyarrow.parquet as pq
import pytest

from regulars import cli
from regulars.commands import score_everybody as score_in_place
from regulars.engine import embedded as engine
from regulars.errors import UserError
from regulars.settings import stage_settings
from regulars.sources.mapping import load_mapping


@pytest.fixture
def shop_with_orders(shop, root):
    """240 customers, half of whom come back."""
    days = pd.date_range("2023-01-01", "2024-06-30", freq="D")
    rows = [
        (c, days[(c * 37 + k * (c % 11 + 5)) % 540], 10 + (c * 7 + k) % 23) for c in range(240) for k in range(c % 4)
    ]
    text = "".join(f"{n},c{c},{day:%Y-%m-%d},{total}\n" for n, (c, day, total) in enumerate(rows))
    shop.orders(f"order,customer,day,total\n{text}")
    shop.write("params.yaml", (root / "params.yaml").read_text().replace("  demo:", "  shop: {}\n  demo:", 1))
    shop.ingest()
    return shop


def told(run) -> str:
    with pytest.raises(UserError) as caught:
        run()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_command_scores_every_customer(shop_with_orders, capsys):
    assert cli.main(["score", "shop"]) == 0
    file = shop_with_orders.folder / "private/shop/scores.parquet"
    scores = pq.read_table(file).to_pandas()
    assert scores["customer_id"].nunique() == len(scores) == 180
    assert (scores["clv"] > 0).all()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600, "it holds real ids"
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "360 rows: 360 kept, 0 merged, 0 netted, 0 rejected."
    assert lines[1].startswith("180 customers, fitted on ")
    assert lines[-1] == f"{file}: the scores of each, under their real ids."


def test_totals_are_as_sure_as_logs_like_this_one_have_shown(shop_with_orders):
    scored = score_in_place.score("shop")
    assert scored.level.signs is not None
    assert scored.level.spread > 0.12, "a year and a half tells less of a year than the least that was ever seen"
    relative = (scored.found.orders_total.high - scored.found.orders_total.value) / scored.found.orders_total.value
    assert relative > 1.6449 * scored.level.spread
    settings = stage_settings("value", "shop", changes={"level_uncertainty": 0.5})
    last = scored.orders.ordered_at.max().to_pyarrow().as_py().date()
    some = score_in_place.level_of_some(scored.orders, last, settings)
    assert (some.spread, some.signs) == (0.5, scored.level.signs)


@pytest.mark.parametrize(
    ("url", "output", "sentence"),
    [
        ("duckdb://", "reports/shop/scores.parquet", "reports/ is passed on, and the scores hold real ids"),
        ("duckdb://", "s3a://bucket/scores", "s3a://bucket/scores: only Spark writes there; name a file, or a Spark"),
        ("spark://cluster:7077", "", "Spark's workers write the scores: name a folder or a URI that all of them see"),
    ],
)
def test_where_scores_may_be_written(shop_with_orders, url, output, sentence):
    assert sentence in told(lambda: score_in_place.destination("shop", output, {"url": url}))


def test_a_master_that_does_not_answer():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        sentence = told(lambda: engine.connect({"url": f"spark://127.0.0.1:{port}?spark.authenticate.secret=x"}))
    assert sentence == f"params.yaml: engine.url: no Spark master answers at 127.0.0.1:{port}; is it there?"


def test_a_url_without_a_host():
    assert "names no host; write spark://host:7077" in told(lambda: engine.connect({"url": "spark://"}))


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("fill_down: {by: order}", "tables.orders.fill_down: rows that lie in Spark do not stand above one another"),
        (
            "refunds: {path: back.csv, columns: {of: order, amount: back}}",
            "tables.orders.refunds.path: a file of refunds cannot be set beside rows in Spark",
        ),
    ],
)
def test_what_needs_the_rows_of_a_file_is_refused_of_spark(shop, rule, sentence):
    shop.table("spark://localhost:7077", f"table: orders\n    {rule}")
    mapping = load_mapping("shop")
    assert sentence in told(lambda: score_in_place._raw(None, mapping, "orders"))
