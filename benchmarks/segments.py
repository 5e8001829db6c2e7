"""Seconds and memory of the segments stage's library work at a million customers: `python benchmarks/segments.py`."""

import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from regulars import segments
from regulars.labels import Segment, Tier
from regulars.rfm import Purchases

CUSTOMERS, ORDERS, PRODUCTS = 1_000_000, 3_000_000, 400
END = pd.Timestamp("2026-06-30")


def base(seed: int = 1):
    """Orders, one line each, and what the value stage would have found of each customer."""
    rng = np.random.default_rng(seed)
    ids = np.char.add("K", np.char.zfill(np.arange(CUSTOMERS).astype(str), 7))
    code = np.concatenate([np.arange(CUSTOMERS), (CUSTOMERS * rng.beta(0.5, 1, ORDERS - CUSTOMERS)).astype(int)])
    lines = pd.DataFrame(
        {
            "customer_id": pd.Series(ids[code], dtype="string"),
            "order_id": pd.Series(np.arange(ORDERS).astype(str), dtype="string"),
            "ordered_at": END - pd.to_timedelta(rng.integers(0, 1095, ORDERS), unit="D"),
            "product_id": pd.Series(np.char.add("P", rng.integers(0, PRODUCTS, ORDERS).astype(str)), dtype="string"),
            "quantity": 1.0,
            "unit_price": rng.gamma(4, 10, ORDERS).round(2),
        }
    )
    lines["unit_cost"] = (lines["unit_price"] * rng.uniform(0.5, 1.05, ORDERS)).round(2)
    lines["category"] = pd.Series("C", index=lines.index).str.cat(lines["product_id"].str[-1]).astype("string")
    return lines, lines[["customer_id", "ordered_at"]].assign(amount=lines["unit_price"])


def valued(log: Purchases, seed: int = 2) -> pd.DataFrame:
    """Customers as the value stage hands them over, with made-up values."""
    rng = np.random.default_rng(seed)
    customers = log.summary(END, "week")
    clv = rng.gamma(0.5, 60, len(customers))
    customers = customers.assign(clv=clv, clv_low=0.0, clv_high=3 * clv, value_at_risk=0.5 * clv)
    return customers.assign(tier=segments.assign_tiers(customers["clv"]))


def main() -> None:
    """Measure step by step, and print one line each."""
    settings = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["segments"]
    ladder = segments.LadderRules(**settings["ladder"])
    rules, asked = segments.PortfolioRules(**settings["portfolio"]), segments.ProductRules(**settings["products"])
    rates = {"bg_nbd": {"parameters": {"r": 0.8, "alpha": 8.0}}}
    models = {"models": rates, "time_unit": "week", "horizon_months": 12, "level_uncertainty": 0.12}
    lines, orders = base()
    log = Purchases.of(orders)
    customers = valued(log)
    started, cpu = time.perf_counter(), time.process_time()
    last = [started]

    def told(name: str) -> None:
        now = time.perf_counter()
        print(f"{name:45s} {now - last[0]:6.1f} s", flush=True)
        last[0] = now

    scores = segments.rfm_scores(customers)
    customers["segment"] = segments.name_segments(scores)
    told("scores and segments")
    found = segments.find_clusters(segments.cluster_features(customers, END), 6, 20, 1)
    customers["cluster"] = found.labels
    told("clusters")
    stood = segments.ladder_at(log, END, ladder)
    customers = segments.with_portfolio(customers.join(stood, on="customer_id"), None, models, rules, END)
    segments.portfolio_finding(customers, customers["customer_id"], models)
    segments.relationship_finding(customers, None, END, rules)
    told("portfolio")
    segments.explain_labels(customers.join(scores).assign(**segments.cluster_features(customers, END)))
    told("three facts behind each label")
    segments.drift_finding(log, customers, found, END, list(Segment))
    told("drift")
    segments.ladder_finding(stood, log, END, ladder)
    segments.relation_finding(segments.relations_by(models, customers, log, END), customers)
    told("ladder and relationship")
    segments.products_finding(lines, customers.set_index("customer_id")["tier"], list(Tier), asked)
    told("margin by product and customer")
    segments.baskets_finding(lines, asked)
    told("baskets")
    segments.tastes_of(customers["customer_id"], lines)
    segments.preferences_finding(lines, END, 90)
    told("tastes, next product, hold-out")
    seconds, memory = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"all {seconds:.1f} s, {time.process_time() - cpu:.1f} s of processor, at most {memory:.1f} GB with the data")


if __name__ == "__main__":
    main()
