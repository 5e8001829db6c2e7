"""The page of retention on logs that leave little to say: each answer is a sentence, and the rest stands."""

import json
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from memory_dataset import MemoryDataset, blocks_of, models_of
from regulars.clv import BetaGeoFitter, ModelsRecord
from regulars.finding import UNUSABLE
from regulars.history.customers import COLUMNS
from regulars.purchases import Purchases
from regulars.simulate.jars import jar_lines
from regulars.simulate.logs import order_log

WITHOUT = ("calls", "base", "states", "needs", "worth", "last", "judged")  # sections that need a model
ALWAYS = ("calls", "cohorts", "groups", "base", "states", "needs", "worth", "last", "judged", "closed")


@pytest.fixture(scope="module")
def record() -> ModelsRecord:
    """What the value stage leaves: a model fitted elsewhere, for logs too small to fit one on."""
    orders = order_log(customers=300, seed=1)
    table = Purchases.of(orders).summary(date(2025, 12, 31))
    model = BetaGeoFitter().fit(table["frequency"], table["recency"], table["T"])
    return models_of(bg_nbd=model)


def value_of(orders: pd.DataFrame, end, record: ModelsRecord) -> pd.DataFrame:
    """A value table of the right shape; its money is by rule of thumb."""
    table = Purchases.of(orders).summary(end)
    model = BetaGeoFitter()
    model.params_ = record.orders.params_
    history = (table["frequency"], table["recency"], table["T"])
    alive, orders_to_come = model.conditional_probability_alive(*history), np.asarray(model.predict(52, *history))
    table = table.assign(p_alive=alive, p_active=model.probability_active(13, *history), spend_per_order=30.0)
    table["clv"] = 9 * orders_to_come
    table["value_if_alive"] = table["clv"] / table["p_alive"]
    table["value_at_risk"] = table["value_if_alive"] - table["clv"]
    return table.assign(clv_low=0.5 * table["clv"], clv_high=1.5 * table["clv"], tier="small")


def page(orders: pd.DataFrame, end, record: ModelsRecord, monkeypatch, tmp_path, but=(), untold="", **more) -> dict:
    """Run the notebook on a log, and on more tables; its report and what it saved."""
    orders = orders.assign(ordered_at=pd.to_datetime(orders["ordered_at"]))
    value = value_of(orders, end, record)
    if untold:  # what the value stage leaves where the orders allow no model
        record = replace(record, entries={}, champion=None, untold=untold)
        value[[name for name in value if name.startswith(("p_", "clv", "value_"))]] = np.nan
    segments = value[["customer_id"]].assign(segment="loyal", cluster="none")
    found = {"value": value, "segments": segments}
    shop = MemoryDataset({"orders": orders, **more}, end, name="cdnow", found=found, models=record)
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    scope = shop.run("05_retention.ipynb", monkeypatch)
    blocks = blocks_of(scope["report"])
    words = " ".join(str(block.get(name, "")) for block in blocks for name in ("title", "lead", "text", "caption"))
    assert blocks[-1]["kind"] == "footer", "the page ends"
    told = {block["id"] for block in blocks if block["kind"] == "section"}
    assert told >= {f"retention-section-{name}" for name in ALWAYS if name not in but}, "the rest stands"
    return {"words": words, "saved": shop.found["retention"], "scope": scope}


def log_of(*rows) -> pd.DataFrame:
    return pd.DataFrame([(*row, 10.0) for row in rows], columns=["customer_id", "ordered_at", "amount"])


def regular(customers: int, first: str, gap: int, times: int) -> pd.DataFrame:
    start = pd.Timestamp(first)
    return log_of(
        *((f"c{i:03d}", start + pd.Timedelta(days=i % 20 + gap * k)) for i in range(customers) for k in range(times))
    )


def usual(seed: int = 2, customers: int = 400) -> pd.DataFrame:
    return order_log(customers=customers, seed=seed)


def contracts_of(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "started_at", "ended_at"])
    frame = frame.assign(started_at=pd.to_datetime(frame["started_at"]), ended_at=pd.to_datetime(frame["ended_at"]))
    return frame.assign(contract_id=[f"k{number}" for number in range(len(frame))])


def test_a_usual_log_says_everything(record, monkeypatch, tmp_path):
    levers = [{"lever": "retention", "elasticity": 1.5, "elasticity_low": 1.2, "elasticity_high": 1.9}]
    made = page(usual(), "2025-12-31", replace(record, elasticities=levers), monkeypatch, tmp_path)
    assert re.search(r"The base grew by \d+ \(\d+–\d+\) customers in 3 months: 53 were won", made["words"])
    assert "beside published averages (Gupta, Lehmann and Stuart 2004" in made["words"]
    assert "Of last month's customers" in made["words"]
    assert "has not been tested" in made["words"]
    assert "paired bootstrap" in made["words"]
    assert "Whether the jar is nearly empty cannot be told: it takes order lines" in made["words"]
    assert made["scope"]["agreed"]["holds"].all()
    assert made["saved"]["p_never"].notna().any()


def test_orders_that_allow_no_model_leave_what_needs_none(record, monkeypatch, tmp_path):
    """The first screen says why, each section that needs a model says so, and nothing is told of any customer."""
    why = "These orders cannot be modelled: there is one customer only; supply more customers, or a longer history."
    made = page(usual(), "2025-12-31", record, monkeypatch, tmp_path, but=WITHOUT, untold=why)
    assert "who is leaving is not told" in made["words"] and why in made["words"]
    sections, told = made["scope"]["report"].told.sections, made["scope"]["report"].told
    stands = {key for key, finding in sections.items() if finding.verdict != UNUSABLE}
    assert stands == {"cohorts", "groups", "kept", "contracts", "costs", "closed"}
    assert {sections[key].facts["why"] for key in set(sections) - stands} == {why}
    assert [tile.key for tile in told.tiles] == list(told.metrics) == ["second"]
    assert not told.actions and not told.modelled
    assert made["saved"].drop(columns="customer_id").isna().all(axis=None)


def test_one_cohort(record, monkeypatch, tmp_path):
    made = page(regular(60, "2025-01-01", 40, 6), "2025-12-31", record, monkeypatch, tmp_path)
    assert "Whether newer customers are better cannot be told" in made["words"]
    assert "Nobody new since January 2025" in made["words"]


def test_one_order_each(record, monkeypatch, tmp_path):
    made = page(regular(60, "2025-01-01", 40, 1), "2025-12-31", record, monkeypatch, tmp_path)
    assert "Dates cannot be told here" in made["words"]
    assert "a month ago there was too little history" in made["words"]
    assert "What a point of retention is worth over 12 months cannot be told" in made["words"]
    assert "Nobody need be called" in made["words"]
    assert made["saved"]["p_never"].isna().all()
    assert made["saved"]["call_by"].isna().all()


def test_no_repeat_buyer(record, monkeypatch, tmp_path):
    """Several orders on one day are one purchase: many orders, many cohorts, and nobody ever came back."""
    once = pd.concat([regular(30, f"2025-0{month}-01", 1, 1) for month in (1, 3, 5, 7)], ignore_index=True)
    once["customer_id"] = [f"c{number:03d}" for number in range(len(once))]
    made = page(pd.concat([once, once], ignore_index=True), "2025-12-31", record, monkeypatch, tmp_path)
    assert "Dates cannot be told here" in made["words"]
    assert "Newer customers come back like older ones: 0%" in made["words"]
    assert "a month ago there was too little history" in made["words"]
    assert made["scope"]["again"].value == 0


def test_all_orders_in_one_month(record, monkeypatch, tmp_path):
    made = page(regular(60, "2025-03-01", 5, 2), "2025-03-28", record, monkeypatch, tmp_path)
    assert "What the base did cannot be told: there is not one whole month" in made["words"]
    assert "a month ago there was too little history" in made["words"]
    assert "273 days before the end there was too little history" in made["words"]


def test_two_customers_in_windows_longer_than_the_data(record, monkeypatch, tmp_path):
    orders = log_of(("a", "2025-01-01"), ("a", "2025-02-10"), ("b", "2025-01-20"))
    made = page(orders, "2025-02-28", record, monkeypatch, tmp_path)
    assert np.isnan(made["scope"]["kept"].before.value)
    assert "What a point of retention is worth over 12 months cannot be told" in made["words"]
    assert "there was too little history" in made["words"]


def test_contracts_that_end_before_they_start_and_overlap(record, monkeypatch, tmp_path):
    ends = pd.Timestamp("2025-01-15") + pd.to_timedelta(np.arange(40) * 7, unit="D")
    rows = [(f"c{i:03d}", "2025-01-01", end) for i, end in enumerate(ends)]
    rows += [(f"d{i:03d}", "2025-01-01", None) for i in range(40)]
    rows += [("e1", "2025-06-01", "2025-05-01"), ("e2", "2025-06-01", "2025-01-01")]  # end before they start
    rows += [("d000", "2025-03-01", None), ("d001", "2025-02-01", "2025-04-01"), ("d002", "2025-05-05", None)]
    made = page(usual(), "2025-12-31", record, monkeypatch, tmp_path, contracts=contracts_of(*rows))
    assert "contracts that end before they start (2)" in made["words"]
    assert "overlap an earlier one of the same customer and are taken together with it (3)" in made["words"]
    assert "The other figures on this page do not use them." in made["words"]


def test_contracts_none_of_which_can_be_used(record, monkeypatch, tmp_path):
    bad = contracts_of(*((f"c{i}", "2025-06-01", "2025-05-01") for i in range(5)))
    made = page(usual(), "2025-12-31", record, monkeypatch, tmp_path, contracts=bad)
    assert "contracts that end before they start (5)" in made["words"]


def test_saved_forecasts_of_another_dataset_are_one_sentence(record, monkeypatch, tmp_path):
    folder = tmp_path / "data" / "history" / "cdnow" / "2025-11-30"
    folder.mkdir(parents=True)
    (folder / "told.json").write_text(json.dumps({"dataset": "demo", "observation_end": "2025-11-30"}))
    (folder / "customers.csv").write_text(",".join(COLUMNS) + "\n")
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.setenv("REGULARS_ID_KEY", "a key for the tests")  # there is no source that is shipped in that folder
    orders = usual()
    said = "data/history/cdnow/2025-11-30/told.json: dataset is 'demo', not 'cdnow': the file belongs elsewhere"
    assert said in page(orders, "2025-12-31", record, monkeypatch, tmp_path, but=("closed",))["words"]


def test_order_lines_sharpen_the_call_by_date(record, monkeypatch, tmp_path):
    lines = jar_lines(customers=120, seed=9)
    orders = lines.groupby(["order_id", "customer_id", "ordered_at"], as_index=False).agg(amount=("quantity", "sum"))
    made = page(orders, "2025-12-31", record, monkeypatch, tmp_path, order_lines=lines)
    assert re.search(r"twice the quantity lasts (1\.9|2\.0)\d \(", made["words"])
    assert "Of these, whose date comes from what they took last" in made["words"]
    assert made["saved"]["call_by"].notna().mean() > 0.3
