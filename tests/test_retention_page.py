"""The page of retention on logs that leave little to say: each answer is a sentence, and the rest stands."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wording_keys
from regulars import catalog
from regulars.clv import BetaGeoFitter, model_entry
from regulars.rfm import rfm_summary
from regulars.simulate.logs import order_log

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "05_retention.ipynb"


@pytest.fixture(scope="module")
def record() -> dict:
    """What the value stage leaves: a model fitted elsewhere, for logs too small to fit one on."""
    orders = order_log(customers=300, seed=1)
    table = rfm_summary(orders, date(2025, 12, 31))
    model = BetaGeoFitter().fit(table["frequency"], table["recency"], table["T"])
    return {
        "zero_spend_is_purchase": False, "horizon_months": 12, "level_uncertainty": 0.12, "margin": 0.3,
        "annual_discount_rate": 0.1, "time_unit": "week", "active_within_days": 90, "champion": "bg_nbd",
        "models": {"bg_nbd": model_entry(model)}, "in_memory_rows": 0,
    }  # fmt: skip


def value_of(orders: pd.DataFrame, end, record: dict) -> pd.DataFrame:
    """A value table of the right shape; its money is by rule of thumb."""
    table = rfm_summary(orders, end)
    model = BetaGeoFitter()
    model.params_ = pd.Series(record["models"]["bg_nbd"]["parameters"])
    history = (table["frequency"], table["recency"], table["T"])
    alive, orders_to_come = model.conditional_probability_alive(*history), np.asarray(model.predict(52, *history))
    table = table.assign(p_alive=alive, p_active=model.probability_active(13, *history), spend_per_order=30.0)
    table["clv"] = 9 * orders_to_come
    table["value_if_alive"] = table["clv"] / table["p_alive"]
    table["value_at_risk"] = table["value_if_alive"] - table["clv"]
    return table.assign(clv_low=0.5 * table["clv"], clv_high=1.5 * table["clv"], tier="small")


def page(orders: pd.DataFrame, end, record: dict, monkeypatch, tmp_path) -> dict:
    """Run the notebook on a log; its report and what it saved."""
    orders = orders.assign(ordered_at=pd.to_datetime(orders["ordered_at"]))
    value = value_of(orders, end, record)
    segments = value[["customer_id"]].assign(segment="loyal", cluster="none")
    tables, saved = {"orders": orders, "scored.value": value, "scored.segments": segments}, {}
    about = catalog.About(
        "tiny", "Tiny", "EUR", True, "UTC", orders["ordered_at"].min().date(), pd.Timestamp(end).date(), ("orders",), 1,
        1,
    )  # fmt: skip
    monkeypatch.setattr(catalog, "about", lambda name, in_memory_rows=0: about)
    monkeypatch.setattr(catalog, "load", lambda name, dataset, share=1.0: tables[name].copy())
    monkeypatch.setattr(catalog, "read_json", lambda name: json.loads(json.dumps(record)))
    monkeypatch.setattr(catalog, "save", lambda frame, name, dataset: saved.update({name: frame}))
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    scope: dict = {}
    exec(compile(wording_keys.notebook_code(NOTEBOOK), str(NOTEBOOK), "exec"), scope)
    checked = catalog.validate(catalog.typed(saved["scored.retention"], "scored.retention"), "scored.retention")
    words = " ".join(str(block.get(name, "")) for block in scope["report"].blocks for name in ("title", "text"))
    return {"words": words, "saved": checked, "scope": scope}


def log_of(*rows) -> pd.DataFrame:
    return pd.DataFrame([(*row, 10.0) for row in rows], columns=["customer_id", "ordered_at", "amount"])


def regular(customers: int, first: str, gap: int, times: int) -> pd.DataFrame:
    start = pd.Timestamp(first)
    return log_of(
        *((f"c{i:03d}", start + pd.Timedelta(days=i % 20 + gap * k)) for i in range(customers) for k in range(times))
    )


def test_a_usual_log_says_everything(record, monkeypatch, tmp_path):
    made = page(order_log(customers=400, seed=2), "2025-12-31", record, monkeypatch, tmp_path)
    assert "The base grew by" in made["words"] or "The base held" in made["words"]
    assert "Published studies say" in made["words"]
    assert made["scope"]["agreed"]["holds"].all()
    assert made["saved"]["p_never"].notna().any()


def test_one_cohort(record, monkeypatch, tmp_path):
    made = page(regular(60, "2025-01-01", 40, 6), "2025-12-31", record, monkeypatch, tmp_path)
    assert "Whether newer customers are better cannot be told" in made["words"]
    assert "Nobody new since January 2025" in made["words"]


def test_one_order_each(record, monkeypatch, tmp_path):
    made = page(regular(60, "2025-01-01", 40, 1), "2025-12-31", record, monkeypatch, tmp_path)
    assert "Dates cannot be told here" in made["words"]
    assert "a month ago there was too little history" in made["words"]
    assert "What a point of retention is worth over 12 months cannot be told" in made["words"]
    assert made["saved"]["p_never"].isna().all()
    assert made["saved"]["call_by"].isna().all()


def test_all_orders_in_one_month(record, monkeypatch, tmp_path):
    made = page(regular(60, "2025-03-01", 5, 2), "2025-03-28", record, monkeypatch, tmp_path)
    assert "What the base did cannot be told: there is not one whole month" in made["words"]
    assert "a month ago there was too little history" in made["words"]


def test_two_customers_in_a_window_longer_than_the_data(record, monkeypatch, tmp_path):
    orders = log_of(("a", "2025-01-01"), ("a", "2025-02-10"), ("b", "2025-01-20"))
    made = page(orders, "2025-02-28", record, monkeypatch, tmp_path)
    assert np.isnan(made["scope"]["kept"].now.value)
    assert "What a point of retention is worth over 12 months cannot be told" in made["words"]
