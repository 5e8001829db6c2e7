"""Run the satisfaction notebook on tables given in memory; what its page says, and what it saves."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import wording_keys
from regulars import catalog
from regulars.catalog import files as catalog_files
from regulars.purchases import Purchases
from regulars.report.render import render_blocks
from regulars.simulate.answers import CONSTRUCTS, ITEMS, SINGLE, construct_correlations
from regulars.simulate.logs import order_log

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "04_satisfaction.ipynb"
START, END = date(2024, 1, 1), date(2025, 12, 31)
RECORD = {
    "zero_spend_is_purchase": False, "horizon_months": 12, "margin": 0.3, "annual_discount_rate": 0.1,
    "time_unit": "week", "in_memory_rows": 0,
}  # fmt: skip
ABOUT = catalog.About("tiny", "Tiny", "EUR", True, "UTC", START, END, (), 1, 1)
AFTER_PARAMETERS = "from regulars import catalog"


class Page(NamedTuple):
    """What came of a run: sentences by kind of block, all of them, the page's HTML, the table saved, the scope."""

    words: str
    lines: list[str]
    sections: list[str]
    html: str
    saved: pd.DataFrame
    scope: dict

    def frame(self, key: str) -> pd.DataFrame:
        """Frame of a section, as "section.frame"."""
        section, name = key.split(".")
        return self.scope["parts"][section].frames[name]


def run(tables: dict[str, pd.DataFrame], monkeypatch, tmp_path, about=ABOUT, **settings) -> Page:
    """Run it on clean tables; `settings` take the place of parameters (of a mapping those named)."""
    orders = tables["orders"]
    value = tables.get("scored.value", value_of(orders, about.observation_end))
    segments = value[["customer_id"]].assign(segment="loyal", cluster="none")
    loaded = {"scored.value": value, "scored.segments": segments} | tables
    supplied = tuple(name for name in tables if not name.startswith("scored."))
    saved: dict[str, pd.DataFrame] = {}
    monkeypatch.setattr(catalog, "about", lambda name, in_memory_rows=0: replace(about, supplied=supplied))
    monkeypatch.setattr(catalog_files, "about", catalog.about)
    monkeypatch.setattr(catalog, "load", lambda name, dataset, share=1.0: loaded[name].copy())
    monkeypatch.setattr(catalog_files, "load", catalog.load)
    monkeypatch.setattr(
        catalog, "load_supplied",
        lambda dataset, *names, share=1.0: {name: loaded[name].copy() for name in names if name in supplied},
    )  # fmt: skip
    monkeypatch.setattr(catalog, "read_json", lambda name: json.loads(json.dumps(RECORD)))
    monkeypatch.setattr(catalog, "save", lambda frame, name, dataset: saved.update({name: frame}))
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    code = wording_keys.notebook_code(NOTEBOOK)
    assert code.count(AFTER_PARAMETERS) == 1
    given = "".join(
        f"{name} = {f'{name} | ' if isinstance(chosen, dict) and name != 'model' else ''}{chosen!r}\n"
        for name, chosen in {"draws": 40, **settings}.items()
    )
    scope: dict = {"display": lambda *shown: None}
    exec(compile(code.replace(AFTER_PARAMETERS, given + AFTER_PARAMETERS), str(NOTEBOOK), "exec"), scope)
    checked = catalog.validate(
        catalog.typed(saved["scored.satisfaction"], "scored.satisfaction"), "scored.satisfaction"
    )
    blocks = scope["report"].blocks
    words = " ".join(str(block.get(name, "")) for block in blocks for name in ("title", "lead", "text", "caption"))
    lines = [block["text"] for block in blocks if block["kind"] == "not_supplied"]
    titles = [block["title"] for block in blocks if block["kind"] == "section"]
    return Page(words, lines, titles, render_blocks(blocks), checked, scope)


def value_of(orders: pd.DataFrame, end) -> pd.DataFrame:
    """What the stage reads of the value table."""
    table = Purchases.of(orders).summary(end)
    spend = orders.groupby("customer_id")["amount"].agg(["sum", "mean"]).reindex(table["customer_id"])
    return table.assign(spend=spend["sum"].to_numpy(), spend_per_order=spend["mean"].to_numpy())


def survey_tables(customers: int = 240, seed: int = 3, waves: int = 2) -> dict[str, pd.DataFrame]:
    """Orders, and a survey of the demo's 24 items that each customer answers in one of the waves; some expected."""
    rng = np.random.default_rng(seed)
    orders = order_log(customers=customers, seed=seed, start=str(START), end=str(END))
    names = np.sort(orders["customer_id"].unique())
    constructs = rng.multivariate_normal(np.zeros(len(CONSTRUCTS)), construct_correlations(), len(names))
    wave = np.arange(len(names)) % waves
    people = pd.DataFrame(
        {"response_id": [f"R{k}" for k in range(len(names))], "customer_id": names,
         "answered_at": pd.Timestamp("2025-01-10") + pd.to_timedelta(120 * wave, "D"),
         "wave": [f"2025-{k + 1}" for k in wave]}
    )  # fmt: skip
    parts = []
    for item in ITEMS:
        told = constructs[:, CONSTRUCTS.index(SINGLE.get(item.construct, item.construct))]
        for kind in ("perceived", "expected")[: 2 if item.expected_mean else 1]:
            score = item.mean + item.sd * (
                item.loading * told + np.sqrt(1 - item.loading**2) * rng.normal(size=len(names))
            )
            score = np.clip(np.round(score + (kind == "expected")), *item.scale).astype(float)
            parts.append(people.assign(item=item.item, kind=kind, score=score))
    text = dict.fromkeys(("response_id", "customer_id", "wave", "item", "kind"), "string")
    items = pd.DataFrame(
        {"item": [item.item for item in ITEMS], "construct": [item.construct for item in ITEMS],
         "scale_min": [float(item.scale[0]) for item in ITEMS], "scale_max": [float(item.scale[1]) for item in ITEMS],
         "wording": [item.wording for item in ITEMS]}
    )  # fmt: skip
    surveys = pd.concat(parts, ignore_index=True).astype(text)
    return {
        "orders": orders, "surveys": surveys,
        "survey_items": items.astype({"item": "string", "construct": "string", "wording": "string"}),
    }  # fmt: skip
