"""Run the satisfaction notebook on tables given in memory; what its page says, and what it saves."""

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from memory_dataset import MemoryDataset, blocks_of, models_of
from regulars import catalog
from regulars.finding import Finding
from regulars.pages.build import html_of
from regulars.purchases import Purchases
from regulars.simulate.answers import CONSTRUCTS, ITEMS, SINGLE, construct_correlations
from regulars.simulate.logs import order_log

NOTEBOOK = "04_satisfaction.ipynb"
START, END = date(2024, 1, 1), date(2025, 12, 31)
ABOUT = catalog.About("tiny", "Tiny", "EUR", True, "UTC", START, END, (), 1, 1)


class Page(NamedTuple):
    """What came of a run: words, lines of what is not supplied, titles, findings, HTML, the table saved, the scope."""

    words: str
    lines: list[str]
    titles: list[str]
    sections: dict[str, Finding]
    html: str
    saved: pd.DataFrame
    scope: dict

    def verdict_of(self, section: str) -> str:
        """Verdict of a section that was told."""
        return self.sections[section].verdict

    def frame(self, key: str) -> pd.DataFrame:
        """Frame of a section, as "section.frame"."""
        section, name = key.split(".")
        return self.sections[section].frames[name]


def run(tables: dict[str, pd.DataFrame], monkeypatch, tmp_path, about=ABOUT, **settings) -> Page:
    """Run it on clean tables; `settings` take the place of those of the project (of a group those named)."""
    value = value_of(tables["orders"], about.observation_end)
    segments = value[["customer_id"]].assign(segment="loyal", cluster="none")
    found = {"value": value, "segments": segments}
    shop = MemoryDataset(tables, name="cdnow", about=about, found=found, models=models_of())
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    scope = shop.run(NOTEBOOK, monkeypatch, **{"draws": 40, **settings})
    blocks = blocks_of(scope["report"])
    words = " ".join(str(block.get(name, "")) for block in blocks for name in ("title", "lead", "text", "caption"))
    lines = [block["text"] for block in blocks if block["kind"] == "not_supplied"]
    titles = [block["title"] for block in blocks if block["kind"] == "section"]
    told = scope["report"].told
    return Page(words, lines, titles, told.sections, "".join(html_of(told).values()), shop.found["satisfaction"], scope)


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
