"""The pages of value and segments on data that leave little to say: each answer is a sentence, and the rest stands."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from memory_dataset import MemoryDataset, blocks_of
from regulars import catalog
from regulars.customer_table import joined
from regulars.pages.index import render_index
from regulars.report.drawing import Line
from regulars.simulate.logs import order_log
from regulars.told import read_told

END = date(2025, 12, 31)
QUICK = {"interval_draws": 30, "backtest_folds": 1, "folds_needed": 1, "holdout_days": 90, "revenue_days": 180}


class Firm:
    """A firm whose tables are given; its stages run in order, as the pipeline runs them."""

    def __init__(self, monkeypatch, tmp_path, orders: pd.DataFrame, **tables):
        self.shop = MemoryDataset({"orders": orders, **tables}, END)
        self.monkeypatch, self.folder = monkeypatch, tmp_path
        monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
        monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
        monkeypatch.setenv("REGULARS_ID_KEY", "a key for the tests")

    def page(self, name: str, **settings) -> str:
        """Run a notebook; all words of its page."""
        self.scope = self.shop.run(name, self.monkeypatch, **settings)
        parts = ("title", "text", "caption", "label", "state", "word", "lead")
        return " ".join(
            str(block[part]) for block in blocks_of(self.scope["report"]) for part in parts if block.get(part)
        )

    def value(self, **settings) -> str:
        return self.page("02_value.ipynb", **QUICK | settings)

    def segments(self, **settings) -> str:
        return self.page("03_segments.ipynb", cluster_bootstraps=5, **settings)


@pytest.fixture
def firm(monkeypatch, tmp_path):
    def make(orders, **tables) -> Firm:
        return Firm(monkeypatch, tmp_path, orders, **tables)

    return make


def usual(customers=250, seed=2) -> pd.DataFrame:
    return order_log(customers=customers, seed=seed)


def lines_of(orders: pd.DataFrame, products: int, cost: float = 0.6) -> pd.DataFrame:
    number = pd.Series(np.random.default_rng(1).integers(0, products, len(orders)), index=orders.index)
    return pd.DataFrame(
        {
            "order_id": pd.Series(range(len(orders)), index=orders.index).astype(str).astype("string"),
            "customer_id": orders["customer_id"].astype("string"),
            "ordered_at": pd.to_datetime(orders["ordered_at"]),
            "product_id": ("P" + number.astype(str)).astype("string"), "quantity": 1.0, "unit_price": orders["amount"],
            "unit_cost": cost * orders["amount"],
        }
    )  # fmt: skip


@pytest.fixture
def both(firm):
    """Both pages of a usual log, and the firm."""
    made = firm(usual())
    return made.value(), made.segments(), made


def test_a_usual_log_says_everything(both):
    value, segments, made = both
    for words in (
        "Customer equity is what all customers together are worth", "The customer pyramid ranks customers",
        "Lifetime purchases are what they have bought so far", "A cohort is all customers who first ordered",
        "The Gini coefficient, 0 where all customers are alike", "were kept back from the models (a hold-out)",
        "In the coming month", "What earlier months told is not drawn: none is saved",
    ):  # fmt: skip
        assert words in value, words
    assert "How long customers stand on each step" in segments
    assert [row["month"] for row in made.shop.models.months_ahead] == list(range(1, 13))
    assert {"equity", "revenue", "worth"} <= set(made_metrics(made, "value"))
    assert len(made.shop.found["segments"]) == len(made.shop.found["value"])


def made_metrics(made: Firm, stage: str) -> dict:
    return json.loads((made.folder / f"reports/tiny/metrics/{stage}.json").read_text(encoding="utf-8"))["metrics"]


def often(customers: int) -> pd.DataFrame:
    """Orders of the customers who ordered most often."""
    log = usual()
    return log[log["customer_id"].isin(log["customer_id"].value_counts().index[:customers])]


def once() -> pd.DataFrame:
    return usual().drop_duplicates("customer_id")


@pytest.mark.parametrize(
    ("orders", "opens", "why"),
    [
        (often(1), "We cannot tell what the base is worth: it is one customer", "there is one customer only"),
        (once(), "We cannot tell what our 250 customers are worth", "none of the 250 customers ordered on a second"),
    ],
    ids=["one customer", "nobody came back"],
)
def test_orders_that_allow_no_model(firm, orders, opens, why):
    """Every page is made: what hangs on a model is one sentence, the rest stands, and nothing missing is a zero."""
    customers = orders["customer_id"].nunique()
    made = firm(orders.reset_index(drop=True), order_lines=lines_of(orders, 6))
    value = made.value()
    assert opens in value and why in value and "supply more customers" in value
    assert value.count("It needs a model of these orders") == 5
    assert not any("BG/NBD" in words for words in blocks_of(made.scope["report"])[-1]["source"]), "none was fitted"
    spent = made.scope["report"].told.metrics
    assert spent["spent"]["value"] == pytest.approx(orders["amount"].sum()) and spent["customers"]["value"] == customers
    assert "“How far can you trust this?” is not told" in value and "Revenue of the last 180 days" in value
    assert "what is to come is not foretold" in value and "What earlier months told is not drawn" in value
    segments = made.segments()
    assert "which group of them will bring most is not told" in segments and "The ladder" in segments
    assert "6 products brought" in segments and "bought together" in segments
    retention = made.page("05_retention.ipynb")
    assert "who is leaving is not told" in retention and why in retention and "watched for a short time" in retention
    made.page("04_satisfaction.ipynb")
    scored = joined(made.shop.found["value"], {
        name: made.shop.found[name] for name in ("segments", "satisfaction", "retention")
    })  # fmt: skip
    assert list(scored) == [column.name for column in catalog.TABLES["scored.customers"].columns]
    assert len(scored) == customers and scored["spend"].sum() == pytest.approx(orders["amount"].sum())
    untold = ["p_alive", "p_active", "expected_orders", "clv", "clv_low", "clv_high", "value_at_risk", "tier",
              "portfolio_class", "customer_state", "next_order_median"]  # fmt: skip
    assert scored[untold].isna().all(axis=None)
    assert scored[["segment", "cluster", "lifecycle_stage"]].notna().all(axis=None)
    stages = ("value", "segments", "satisfaction", "retention")
    told = {stage: read_told("tiny", stage) for stage in stages}
    assert opens in render_index(made.shop.about, told), "the index opens with it too"


@pytest.mark.parametrize("customers", [2, 10])
def test_customers_too_few_for_groups_that_may_be_shown(firm, customers):
    made = firm(often(customers).reset_index(drop=True))
    value, segments = made.value(), made.segments()
    assert "What is the base worth" in value or "Customer equity" in value
    assert made.shop.found["value"]["clv"].notna().all()
    assert f"Customers so far: {customers}; which group of them will bring most is not told" in segments
    assert "every segment has fewer customers than the smallest that may be shown" in segments
    assert "There are too few customers for groups that may be shown" in segments and "The ladder" in segments
    assert made.shop.found["segments"].notna().all(axis=None), "what is written for each customer is there"


def test_equal_spends(firm):
    made = firm(usual().assign(amount=20.0))
    value, segments = made.value(), made.segments()
    assert "Customers, or their orders, hardly differ in spend" in value
    assert "In the coming month" in value and "The ladder" in segments


def test_negative_margins(firm):
    made = firm(usual())
    value, segments = made.value(margin=-0.1), made.segments()
    assert "should bring no margin, so that none stands at the top" in value
    assert "In the coming month" in value and "A cohort is all customers" in value
    assert "The ladder" in segments


def test_more_products_than_customers(firm):
    orders = usual(60)
    made = firm(orders, order_lines=lines_of(orders, 5000))
    made.value()
    words = made.segments()
    assert "bought together" in words and "The ladder" in words


def test_goods_that_all_cost_more_than_they_bring(firm):
    orders = usual(120)
    made = firm(orders, order_lines=lines_of(orders, 12, cost=1.3))
    made.value()
    words = made.segments()
    assert "The ladder" in words and "loss" in words


def test_a_single_segment(firm):
    """Everybody ordered on the same three days for the same money: nobody is more recent, frequent or dear."""
    days = pd.to_datetime(["2025-02-01", "2025-06-01", "2025-11-30"])
    orders = pd.DataFrame(
        [(f"c{i:03d}", day, 20.0) for i in range(80) for day in days], columns=["customer_id", "ordered_at", "amount"]
    )
    made = firm(orders)
    value, segments = made.value(), made.segments()
    assert "nobody stands out; no step is told apart" in value or "customers at the top" in value
    assert made.shop.found["segments"]["segment"].nunique() == 1
    assert "The ladder" in segments


def test_a_history_file_of_another_dataset(firm):
    made = firm(usual())
    place = made.folder / "data/history/tiny/2025-06-30"
    place.mkdir(parents=True)
    (place / "told.json").write_text('{"dataset": "cdnow", "observation_end": "2025-06-30"}', encoding="utf-8")
    (place / "months.csv").write_text("month\n1\n", encoding="utf-8")
    value = made.value()
    assert "data/history/tiny/2025-06-30/told.json: dataset is 'cdnow', not 'tiny': the file belongs elsewhere" in value
    assert "In the coming month" in value and "How far can you trust this?" not in value.split("In the coming month")[0]


def test_what_was_told_half_a_year_ago_is_drawn_beside_what_came(firm):
    made = firm(usual())
    made.value()
    told = pd.DataFrame(made.shop.models.months_ahead).assign(share=1.0)
    place = made.folder / "data/history/tiny/2025-06-30"
    place.mkdir(parents=True)
    (place / "told.json").write_text('{"dataset": "tiny", "observation_end": "2025-06-30"}', encoding="utf-8")
    told.to_csv(place / "months.csv", index=False)
    words = made.value()
    assert "told on 30 June 2025" in words and "What earlier months told is not drawn" not in words
    charts = [
        b for b in blocks_of(made.scope["report"]) if b["kind"] == "figure" and b["id"].startswith("value-cohorts")
    ]
    assert len(charts) == 3
    for chart in charts:
        dashed = [mark for mark in chart["wide"].marks if isinstance(mark, Line) and mark.dash == "dash"]
        assert len(dashed) == 1 and len(dashed[0].y) == 6
