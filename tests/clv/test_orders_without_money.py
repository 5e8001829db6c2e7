"""A log of orders without money as a whole value page: orders are foretold, and nothing is said of money."""

import numpy as np
import pytest

from memory_dataset import MemoryDataset, blocks_of
from odd_logs import ordinary

CUSTOMERS, DAYS, AHEAD = 600, 700, 365


@pytest.mark.full
@pytest.mark.usefixtures("id_key")
def test_a_log_of_counts_foretells_its_orders_without_any_setting(monkeypatch):
    log = ordinary(np.random.default_rng(1), customers=CUSTOMERS, days=DAYS).assign(amount=0.0)
    orders = log.assign(order_id=[f"o{number}" for number in range(len(log))]).astype({"customer_id": "string"})
    shop = MemoryDataset({"orders": orders}, changes={"zero_spend_is_purchase": False, "interval_draws": 60})
    assert len(shop.purchases()) == len(log.drop_duplicates(["customer_id", "ordered_at"]))
    report = shop.run("02_value.ipynb", monkeypatch)["report"]
    ahead = report.told.answer.facts["ahead"]
    # the rates that were planted, drawn before all else; days with an order are counted
    rate = np.random.default_rng(1).gamma(1.0, 1 / 40, CUSTOMERS)
    assert ahead.low < AHEAD * (1 - np.exp(-rate)).sum() < ahead.high
    assert report.told.answer.verdict == "counted" and report.told.sections["trust"].frames["folds"]["came"].sum() > 0
    blocks = blocks_of(report)
    assert "should order" in next(block["title"] for block in blocks if block["kind"] == "answer")
    titles = " ".join(block["title"] for block in blocks if block["kind"] == "section")
    assert "€" not in titles and "margin" not in titles
