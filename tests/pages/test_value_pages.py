"""The page of value on data that leave little to say: each answer is a sentence, and the rest stands."""

import json
import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from memory_dataset import MemoryDataset, blocks_of
from regulars import catalog
from regulars.catalog.tables import JOINED_TASTES
from regulars.customer_table import joined
from regulars.errors import UserError
from regulars.pages.declared import writer_of
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


def test_a_usual_log_says_everything(firm):
    made = firm(usual())
    value = made.value()
    for words in (
        "Customer equity is what all customers together are worth", "The customer pyramid ranks customers",
        "Lifetime purchases are what they have bought so far", "A cohort is all customers who first ordered",
        "The Gini coefficient, 0 where all customers are alike", "were kept from the models (a hold-out)",
        "In the coming month", "What earlier months told is not drawn: none is saved",
    ):  # fmt: skip
        assert words in value, words
    assert [row["month"] for row in made.shop.models.months_ahead] == list(range(1, 13))
    assert {"equity", "revenue", "worth"} <= set(made_metrics(made, "value"))


def made_metrics(made: Firm, stage: str) -> dict:
    return json.loads((made.folder / f"reports/tiny/metrics/{stage}.json").read_text(encoding="utf-8"))["metrics"]


def often(customers: int) -> pd.DataFrame:
    """Orders of the customers who ordered most often."""
    log = usual()
    return log[log["customer_id"].isin(log["customer_id"].value_counts().index[:customers])]


def once() -> pd.DataFrame:
    """Customers who came once; three in one month, too few to be shown."""
    first = usual().drop_duplicates("customer_id")
    month = first["ordered_at"].dt.to_period("M")
    rare = month == month[month < month.max()].value_counts().idxmin()
    moved = rare & (rare.cumsum() > 3)
    return first.assign(ordered_at=first["ordered_at"].where(~moved, first["ordered_at"] + pd.Timedelta(days=31)))


@pytest.mark.parametrize(
    ("orders", "opens", "why"),
    [
        (often(1), "We cannot tell what the base is worth: it is one customer", "there is one customer only"),
        (once(), "Customers buy once: 0.0% of our 250 customers", "0 (0.0%) ordered on a second day"),
    ],
    ids=["one customer", "nobody came back"],
)
def test_orders_that_allow_no_model(firm, orders, opens, why):
    """Every page is made: what hangs on a model is one sentence, the rest stands, and nothing missing is a zero."""
    customers = orders["customer_id"].nunique()
    made = firm(orders.reset_index(drop=True), order_lines=lines_of(orders, 6))
    value = made.value()
    assert opens in value and why in value
    assert ("supply more customers" in value) == (customers == 1), "more who buy once would tell no more"
    assert value.count(why) == 3, "the answer, a line in front and one in the details"
    assert not any("BG/NBD" in words for words in blocks_of(made.scope["report"])[-1]["source"]), "none was fitted"
    spent = made.scope["report"].told.metrics
    assert spent["spent"]["value"] == pytest.approx(orders["amount"].sum())
    assert spent["customers"]["value"] == customers
    for part in (
        "with the customers still to come",
        "Who carries it",
        "do they belong there",
        "trust this",
        "customers buy",
    ):
        assert re.search(f"Not told: (“[^”]*”, )*“[^”]*{part}[^”]*”", value), part
    hidden = "it would say what fewer than 5 customers did"
    assert ("Revenue of the last 180 days" in value, hidden in value) == (customers > 1, customers == 1)
    assert "what is to come is not foretold" in value and "What earlier months told is not drawn" in value
    past = made.scope["report"].told.sections["cohorts"].frames["past"]
    counted = made.scope["cohorts"].past["customers"]
    assert list(past) == ["start", "cohort", "revenue", "is_forecast", "low", "high"], "nobody reads who is counted"
    assert len(past) <= ((counted == 0) | (counted >= 5)).sum() < len(counted), "no cell of one to four"
    made.segments()
    retention = made.page("05_retention.ipynb")
    assert "who is leaving is not told" in retention and why in retention and "watched for a short time" in retention
    made.page("04_satisfaction.ipynb")
    made.shop.records["data/raw/tiny/truth.json"] = {}
    made.page("06_interaction.ipynb")
    scored = joined(made.shop.found["value"], {
        name: made.shop.found[name] for name in ("segments", "satisfaction", "retention", "interaction")
    })  # fmt: skip
    columns = [column.name for column in catalog.TABLES["scored.customers"].columns]
    assert list(scored) == [name for name in columns if name not in JOINED_TASTES], "tastes were not handed in"
    assert len(scored) == customers and scored["spend"].sum() == pytest.approx(orders["amount"].sum())
    untold = ["p_alive", "p_active", "expected_orders", "clv", "clv_low", "clv_high", "value_at_risk", "tier",
              "portfolio_class", "customer_state", "next_order_median", "best_channel"]  # fmt: skip
    assert scored[untold].isna().all(axis=None)
    assert scored[["segment", "cluster", "lifecycle_stage"]].notna().all(axis=None)
    stages = ("value", "segments", "satisfaction", "retention", "interaction")
    told = {stage: read_told("tiny", stage) for stage in stages}
    written = {stage: writer_of(one.page, "en").write(one) for stage, one in told.items()}
    assert opens in render_index(made.shop.about, told, written), "the index opens with it too"


def test_forecasts_that_cannot_be_tested_are_not_told(firm):
    """Nobody came back before the last days: models can be fitted, and none of them held against what came."""
    first = pd.DataFrame({"customer_id": [f"c{i}" for i in range(60)], "ordered_at": "2025-01-05", "amount": 20.0})
    again = pd.DataFrame(
        {"customer_id": first["customer_id"][:20], "ordered_at": "2025-12-20", "amount": range(20, 40)}
    )
    made = firm(pd.concat([first, again], ignore_index=True))
    value = made.value()
    assert "We cannot tell what our 60 customers are worth" in value
    assert value.count("No forecast can be judged on past orders: cutoff 2025-10-02: no customer has a repeat") == 3
    assert made.scope["report"].told.actions == [] and made.shop.models.untold.startswith("No forecast can be judged")
    assert made.shop.found["value"]["clv"].isna().all()


def verdicts(made: Firm) -> dict:
    return {key: finding.verdict for key, finding in made.scope["report"].told.sections.items()}


@pytest.mark.parametrize(("customers", "equity", "rule"), [(2, "one_cohort", "last_period"), (10, "short", "naive")])
def test_customers_too_few_for_groups_that_may_be_shown(firm, customers, equity, rule):
    """No model is told: of ten none beats the past rate, and of two each told the last days' orders worse than
    the stretch before them does, beyond noise."""
    made = firm(often(customers).reset_index(drop=True))
    made.value()
    assert (made.scope["report"].told.answer.verdict, made.scope["trust"].headline.model) == ("naive", rule)
    assert (verdicts(made)["equity"], verdicts(made)["pyramid"]) == (equity, "single")
    assert made.shop.found["value"]["clv"].notna().all()


def test_equal_spends(firm):
    made = firm(usual().assign(amount=20.0))
    value = made.value()
    assert "Customers, or their orders, hardly differ in spend" in value
    assert "In the coming month" in value


def test_negative_margins(firm):
    """Costs that are known lie a tenth above what customers pay; to assume such a margin is refused."""
    made = firm(usual().assign(cost=lambda orders: 1.1 * orders["amount"]))
    with pytest.raises(UserError, match=re.escape("changes: margin is -0.1; give a number above 0 and up to 1")):
        made.value(margin=-0.1)
    value = made.value()
    assert made.scope["shop"].economics.margin == pytest.approx(-0.1)
    assert "should bring no margin, so that none stands at the top" in value
    assert "In the coming month" in value and "A cohort is all customers" in value


def test_a_single_segment(firm):
    """Everybody ordered on the same three days for the same money: nobody is more recent, frequent or dear."""
    days = pd.to_datetime(["2025-02-01", "2025-06-01", "2025-11-30"])
    orders = pd.DataFrame(
        [(f"c{i:03d}", day, 20.0) for i in range(80) for day in days], columns=["customer_id", "ordered_at", "amount"]
    )
    made = firm(orders)
    value = made.value()
    assert verdicts(made)["pyramid"] == "luck"
    assert "Luck more than habits put 1 customer at the top: a customer there is among the true top 1 with" in value


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
