"""The page on customers, on data that leave little to say: each answer is a sentence, and the rest stands."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from memory_dataset import MemoryDataset, blocks_of, models_of
from regulars.clv import BetaGeoFitter, GammaGammaFitter
from regulars.finding import NOT_SUPPLIED, UNUSABLE
from regulars.labels import Segment
from regulars.pages.segments import PAGE
from regulars.purchases import Purchases
from regulars.segments import assign_tiers
from regulars.simulate.logs import order_log

END = date(2025, 12, 31)
NEEDS_VALUE = ("quiet", "tiers", "relationship", "portfolio", "relation")
PER_ORDER = 12.0  # margin to come that the value stage of these tests gives each order so far


def usual(customers=250, seed=2) -> pd.DataFrame:
    log = order_log(customers=customers, seed=seed)
    return log.assign(ordered_at=pd.to_datetime(log["ordered_at"]))


def often(customers: int) -> pd.DataFrame:
    """Orders of the customers who ordered most often."""
    log = usual()
    return log[log["customer_id"].isin(log["customer_id"].value_counts().index[:customers])].reset_index(drop=True)


def lines_of(orders: pd.DataFrame, products: int, cost: float = 0.6) -> pd.DataFrame:
    number = pd.Series(np.random.default_rng(1).integers(0, products, len(orders)), index=orders.index)
    return pd.DataFrame(
        {
            "order_id": pd.Series(range(len(orders)), index=orders.index).astype(str).astype("string"),
            "customer_id": orders["customer_id"].astype("string"), "ordered_at": orders["ordered_at"],
            "product_id": ("P" + number.astype(str)).astype("string"), "quantity": 1.0, "unit_price": orders["amount"],
            "unit_cost": cost * orders["amount"],
        }
    )  # fmt: skip


def valued(orders: pd.DataFrame) -> pd.DataFrame:
    """What a value stage leaves that gives every order so far the same margin to come."""
    customers = Purchases.of(orders).summary(END)
    clv = PER_ORDER * (customers["frequency"] + 1.0)
    customers = customers.assign(clv=clv, clv_low=0.8 * clv, clv_high=1.2 * clv, value_at_risk=0.1 * clv)
    return customers.assign(tier=assign_tiers(clv, tie_breaker=customers["spend"]))


@pytest.fixture(scope="module")
def models():
    known = Purchases.of(usual()).summary(END)
    some = known[known["monetary_value"] > 0]
    return models_of(
        bg_nbd=BetaGeoFitter().fit(known["frequency"], known["recency"], known["T"]),
        gamma_gamma=GammaGammaFitter().fit(some["frequency"], some["monetary_value"]),
    )


@pytest.fixture
def page(monkeypatch, tmp_path, models):
    """Run the stage on a firm whose customers are valued, or of whom nothing can be told; what it tells, its words."""
    for name in ("REGULARS_ROOT", "REGULARS_STAGING"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("REGULARS_ID_KEY", "a key for the tests")

    def run(orders, untold="", **tables):
        value, fitted = valued(orders), models
        if untold:
            missing = dict.fromkeys(("clv", "clv_low", "clv_high", "value_at_risk"), np.nan)
            value = value.assign(**missing, tier=pd.Series(pd.NA, value.index, dtype="string"))
            fitted = replace(models, untold=untold, champion=None, entries={})
        shop = MemoryDataset({"orders": orders, **tables}, END, found={"value": value}, models=fitted)
        report = shop.run("03_segments.ipynb", monkeypatch, cluster_bootstraps=5)["report"]
        assert list(shop.found["segments"]["customer_id"]) == list(value["customer_id"])
        assert set(report.told.sections) == {section.key for section in PAGE.sections}
        parts = ("title", "text", "caption", "label", "state", "word", "lead")
        words = " ".join(str(block[part]) for block in blocks_of(report) for part in parts if block.get(part))
        return report.told, words, shop

    return run


def test_a_usual_log(page):
    told, words, shop = page(usual())
    named = shop.found["segments"].merge(shop.value, on="customer_id")
    worth = named.groupby(named["segment"].astype(object))["clv"].sum()
    facts, best = told.answer.facts, worth.idxmax()
    assert (told.answer.verdict, facts["best"], facts["worth"].value) == (None, best, pytest.approx(worth[best]))
    assert facts["future"].value == pytest.approx(worth[best] / worth.sum())
    once = (shop.value["frequency"] == 0).mean()
    assert facts["once"].value == pytest.approx(once) and facts["once"].n == 250
    gone = named[named["segment"].isin([Segment.AT_RISK, Segment.CANNOT_LOSE])]
    assert (facts["quiet"], facts["quiet_past"].value) == (
        len(gone), pytest.approx(gone["spend"].sum() / named["spend"].sum()),
    )  # fmt: skip
    assert [tile.key for tile in told.tiles] == ["best", "best_share", "quiet", "once"]
    assert told.actions == []  # nothing has a sum without contacts and costs
    verdicts = {key: finding.verdict for key, finding in told.sections.items()}
    assert verdicts["groups"] in ("same", "other") and UNUSABLE not in verdicts.values()
    assert (verdicts["relationship"], verdicts["portfolio"], verdicts["ladder"]) == ("no_contacts", "no_costs", "known")
    for key in ("products", "profit", "baskets", "preferences", "arrivals", "difference", "record"):
        assert verdicts[key] == NOT_SUPPLIED
    assert words.count("supply order_lines") == 1 and words.count("supply customers") == 1
    assert "How long customers stand on each step" in words


def test_orders_that_allow_no_model(page):
    orders = usual().drop_duplicates("customer_id").reset_index(drop=True)
    why = "none of the 250 customers ordered on a second day"
    told, words, shop = page(orders, untold=why, order_lines=lines_of(orders, 6))
    assert told.answer.verdict == "untold" and "see the value page" in told.answer.facts["why"]
    assert (told.answer.facts["customers"], told.answer.facts["once"].value) == (250, 1.0)
    assert [tile.key for tile in told.tiles] == ["base", "once"] and told.actions == []
    unusable = {key for key, finding in told.sections.items() if finding.verdict == UNUSABLE}
    assert unusable == {*NEEDS_VALUE, "difference", "arrivals"}, "nobody came again by whom a list could be judged"
    spent = shop.value.merge(shop.found["segments"], on="customer_id").groupby("segment")["spend"].agg(["size", "sum"])
    largest = told.sections["groups"].facts
    assert told.sections["groups"].verdict == "past" and largest["largest"] == spent["size"].idxmax()
    assert largest["share"] == pytest.approx(spent["size"].max() / 250)
    assert largest["past"] == pytest.approx(spent["sum"][largest["largest"]] / spent["sum"].sum())
    products = told.sections["products"]
    assert (products.verdict, products.facts["products"]) == ("no_steps", 6)
    assert products.facts["revenue"] == pytest.approx(orders["amount"].sum())
    assert "which group of them will bring most is not told" in words and "6 products brought" in words
    assert shop.found["segments"]["portfolio_class"].isna().all()
    assert shop.found["segments"][["segment", "cluster", "lifecycle_stage"]].notna().all(axis=None)


@pytest.mark.parametrize("customers", [1, 2, 10])
def test_customers_too_few_for_groups_that_may_be_shown(page, customers):
    told, words, shop = page(often(customers))
    assert (told.answer.verdict, told.answer.facts["customers"]) == ("untold", customers)
    assert "every segment has fewer customers than the smallest that may be shown" in told.answer.facts["why"]
    assert told.sections["groups"].verdict == "few" and told.sections["tiers"].verdict == UNUSABLE
    assert told.sections["clusters"].verdict == "too_few"
    assert "There are too few customers for groups that may be shown" in words
    assert shop.found["segments"].notna().all(axis=None), "what is written for each customer is there"


def test_a_log_too_short_for_a_month(page):
    orders = usual()
    told, words, _ = page(orders[orders["ordered_at"] > "2025-12-05"].reset_index(drop=True))
    assert (told.sections["drift"].verdict, told.sections["ladder"].verdict) == ("no_past", "no_moves")
    assert set(told.sections["ladder"].frames) == {"steps", "climbs"}
    assert "the log is too short to count moves" in words


def test_a_single_segment(page):
    """Everybody ordered on the same three days for the same money: nobody is more recent, frequent or dear."""
    days = pd.to_datetime(["2025-02-01", "2025-06-01", "2025-11-30"])
    rows = [(f"c{i:03d}", day, 20.0) for i in range(80) for day in days]
    told, _, shop = page(pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"]))
    assert shop.found["segments"]["segment"].unique().tolist() == ["lost"], "nobody has less, so all score 1"
    assert (told.sections["groups"].verdict, told.sections["groups"].facts["share"]) == ("same", 1.0)
    assert (told.sections["drift"].verdict, told.sections["drift"].facts["same"]) == ("still", 1.0)
    assert told.sections["clusters"].verdict == "too_few"


@pytest.mark.parametrize(("cost", "verdict"), [(1.3, "losses"), (0.6, "no_losses")])
def test_goods_that_cost_more_than_they_bring(page, cost, verdict):
    orders = usual(120)
    told, words, _ = page(orders, order_lines=lines_of(orders, 12, cost))
    products = told.sections["products"]
    assert products.verdict == verdict
    assert products.facts["margin"] == pytest.approx((1 - cost) * orders["amount"].sum())
    assert products.facts.get("losing", 0) == (12 if cost > 1 else 0)
    assert told.sections["baskets"].verdict == "none", "products are drawn at random"
    assert "bought together" in words


def test_more_products_than_customers(page):
    orders = usual(60)
    lines = lines_of(orders, 5000)
    told, words, _ = page(orders, order_lines=lines)
    assert told.sections["products"].facts["products"] == lines["product_id"].nunique()
    assert told.sections["preferences"].verdict != UNUSABLE and "bought together" in words


def test_what_is_known_of_customers(page):
    orders = usual()
    ids = sorted(orders["customer_id"].unique())
    known = pd.DataFrame({"customer_id": pd.array(ids, dtype="string"), "region": ["north", None] * 125})
    told, words, _ = page(orders, customers=known)
    record = told.sections["record"]
    assert (record.verdict, record.facts["field"], record.facts["filled"].value) == ("gaps", "region", 0.5)
    assert "Of our customers 50% have the field “region” filled" in words
