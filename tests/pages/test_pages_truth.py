"""What the demo's pages tell beside what its simulator knows: what is there, and nothing where there is nothing."""

import json

import numpy as np
import pandas as pd
import pytest

import walk
from places import ROOT
from regulars.catalog import path

DEMO = ROOT / "reports" / "demo"
TRUTH = ROOT / "data" / "raw" / "demo"
pytestmark = pytest.mark.skipif(
    not (DEMO / "told" / "retention.json").exists() or not (TRUTH / "truth_customers.csv").exists(),
    reason="the demo's reports are not built here: run make reports",
)


@pytest.fixture(scope="module")
def pages():
    return walk.Pages(DEMO)


@pytest.fixture(scope="module")
def truth():
    dates = ["left_on", "first_ordered_on", "last_ordered_on"]
    return pd.read_csv(TRUTH / "truth_customers.csv", parse_dates=dates)


def section(pages, stage, key):
    return next(one for one in pages.told[stage]["sections"] if one["key"] == key)


def holds(fact, value) -> bool:
    return fact["low"] <= value <= fact["high"]


def test_who_stopped_and_who_is_still_a_customer(pages, truth):
    facts = section(pages, "retention", "base")["facts"]
    left = (truth["left_on"] > "2026-03-31").sum()
    won = (truth["first_ordered_on"] > "2026-03-31").sum()
    assert facts["won"] == won
    assert holds(facts["stopped"], left) and holds(facts["ratio"], won / left) and holds(facts["net"], won - left)
    assert holds(facts["alive"], truth["is_alive"].sum())


def test_how_many_of_the_best_are_among_the_best(pages, truth):
    facts = section(pages, "value", "pyramid")["facts"]
    value = pd.read_parquet(path("scored.value", "demo")).merge(truth, on="customer_id")
    worth = value["rate_per_week"] * value["mean_spend"] * value["is_alive"]
    top = value.loc[worth.nlargest(facts["top"]).index]
    right = (top["tier"] == "vip").mean()
    error = np.sqrt(right * (1 - right) / facts["top"])
    assert facts["belongs"] == pytest.approx(right, abs=1.645 * error)


def test_revenue_is_bridged_by_whose_it_was(pages, truth):
    steps = pages.table("value", "revenue.steps").set_index("step")["amount"]
    orders = pd.read_parquet(path("orders", "demo"))
    new = truth.loc[truth["first_ordered_on"] > "2025-06-30", "customer_id"]
    now = orders["ordered_at"] >= "2025-07-01"
    theirs = orders.loc[now & orders["customer_id"].isin(new), "amount"].astype(float).sum()
    assert steps["new"] == pytest.approx(theirs)


def test_margin_is_that_of_the_costs(pages):
    lines = pd.read_parquet(path("order_lines", "demo"))
    many = lines["quantity"].astype(float)
    revenue, cost = ((many * lines[name].astype(float)).sum() for name in ("unit_price", "unit_cost"))
    assert pages.look_up("value", "tile.worth", "margin") == pytest.approx(1 - cost / revenue, abs=0.001)


def test_products_below_cost_are_those_planted(pages):
    planted = json.loads((TRUTH / "truth.json").read_text())["products"]
    worst = pages.table("segments", "products.worst")
    assert set(worst.loc[worst["loses"], "product_id"]) == set(planted["below_cost"])


def test_no_groups_are_told_where_none_are_planted(pages):
    assert section(pages, "segments", "clusters")["verdict"] == "none"


def test_contacts_that_do_nothing_are_told_to_pay_nothing(pages):
    assert json.loads((TRUTH / "truth.json").read_text())["campaigns"]["effect_on_purchases"] == 0
    for action in pages.told["retention"]["actions"]:
        assert action["net"]["low"] <= 0
