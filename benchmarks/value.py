"""The value and the segments stage's library path on many customers: ``python benchmarks/value.py [--customers N]``.

Orders are those of ``benchmarks/scale.py`` (three per customer, the same file on every machine), with a product each.
The steps are those of the notebooks, in their order, each stage in a process of its own: from orders in Parquet to the
last finding, without drawing and without writing pages. Bounds, on two idle cores: 45 seconds and 6 GB per stage for
1,000,000 customers. Where other work keeps the machine busy, the seconds of processor time are what can be compared.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START, END = date(2024, 1, 1), date(2025, 12, 31)
SECONDS, GIGABYTES = 45, 6
LEVEL, SEED, CELL = 0.9, 20261122, 5


@contextmanager
def step(name):
    """Time one step, in seconds of the clock and of the processors, and tell the most memory so far."""
    wall, used = time.perf_counter(), time.process_time()
    yield
    wall, used = time.perf_counter() - wall, time.process_time() - used
    print(f"{name:<46}{wall:8.1f} s{used:8.1f} s of processor{peak():7.2f} GB", flush=True)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def write_orders(folder: Path, customers: int) -> None:
    from scale import ORDERS, connect

    path = folder / "orders.parquet"
    connect("3GB", folder).execute(ORDERS.format(customers=customers, order="ORDER BY ordered_at", path=path))


def read_orders(folder: Path):
    import pyarrow.parquet as pq

    from regulars import catalog
    from regulars.engine.embedded import in_pandas

    frame = in_pandas(pq.read_table(folder / "orders.parquet"))
    frame.insert(0, "order_id", frame.index.astype(str))
    return catalog.typed(frame, "orders")


def value(folder: Path) -> None:
    """Everything that the value stage computes where orders are all there is."""
    from regulars import catalog, clv, segments
    from regulars.clv import sections
    from regulars.finding import NOT_SUPPLIED, Finding
    from regulars.history import hold_months
    from regulars.purchases import Purchases, by_number, month_before
    from regulars.rounding import plain
    from regulars.settings import stage_settings

    s = stage_settings("value")
    told = {"economics": s.economics, "certainty": s.certainty}
    with step("orders from Parquet"):
        orders = read_orders(folder)
    with step("purchases, RFM summary"):
        orders, ids = by_number(orders)
        log = Purchases.of(orders, ids, zero_spend_is_purchase=s.zero_spend_is_purchase)
        summary = log.summary(END, s.time_unit)
    with step("models of orders and spend"):
        models = clv.fit_models(summary, spend_outliers=s.spend_outliers, level=s.interval_level)
        netting = clv.day_netting_bias(models.orders, time_unit=s.time_unit, seed=s.seed)
    with step("forecasts judged on the past"):
        part = log.sample(s.judged_customers, s.seed)
        trust = clv.judge_forecasts(
            part,
            END,
            s.holdout_days,
            certainty=s.certainty,
            folds=s.backtest_folds,
            folds_needed=s.folds_needed,
            strict=s.strict,
            time_unit=s.time_unit,
        )
    with step("every customer scored, with intervals"):
        reference = clv.score_customers(models, customer_levels=trust.coverage.customer_levels, **told)
    with step("the headline's forecast followed"):
        scored = clv.follow_headline(
            reference, trust.headline, log, observation_end=END, economics=s.economics, learn_from=part
        )
    with step("P(active) calibrated, tiers and their chance"):
        active = clv.calibrate_p_active(part, END, s.active_within_days, time_unit=s.time_unit, level=s.interval_level)
        scored = scored.calibrated(active)
        customers = segments.on_pyramid(scored.customers, models, s.tier_shares)
    with step("a newcomer"):
        newcomer = clv.new_customer(models.orders, models.spend, len(summary), economics=s.economics)
    with step("concentration"):
        top = clv.compare_concentration(customers["spend"], customers["clv"], seed=s.seed)
        sections.tell_concentration(top, customers, draws=s.interval_draws)
    with step("customer equity"):
        coming = clv.forecast_acquisition(summary["first_ordered_at"], START, END, s.horizon_months, seed=s.seed)
        first = clv.first_order_spend(orders, END)
        equity = clv.customer_equity(scored.clv_total, coming, models.orders, models.spend, first_spend=first, **told)
        sections.tell_equity(equity, clv.elasticities(equity, summary, models.orders, models.spend, **told))
    with step("cohorts, month by month"):
        cohorts = clv.forecast_cohorts(orders, scored, models, coming, observation_end=END, **told)
        found = sections.tell_cohorts(cohorts, Finding(NOT_SUPPLIED), summary)
    with step("months told earlier"):
        hold_months(orders, date(2025, 6, 30), found.frames["months"].head(6).assign(with_new=True), END)
    with step("pyramid"):
        values = (clv.values_at(log, day, models, economics=s.economics) for day in (month_before(END), END))
        before, now = (segments.assign_tiers(each, s.tier_shares) for each in values)
        segments.tell_pyramid(customers, now=now, before=before, pseudonyms=lambda ids: ids, min_cell=CELL, **told)
    with step("how revenue moved"):
        sections.tell_revenue(clv.revenue_move(orders, START, END, s.revenue_days))
    with step("fit, tracking, remarks"):
        fit = clv.frequency_check(models.orders, summary["frequency"], summary["T"])
        track = clv.tracking(models.orders, log, END, s.time_unit)
        remarks = clv.remarks(models, netting, economics=s.economics)
        sections.tell_buying(newcomer, customers, fit=fit, track=track, remarks=remarks, economics=s.economics)
    customers.to_parquet(folder / "value.parquet")
    about = catalog.About("many", "Many", "EUR", True, "UTC", START, END, (), 1, 1)
    record = clv.models_record(models.fitted, s, about, champion="bg_nbd", months_ahead=cohorts.record)
    (folder / "models.json").write_text(json.dumps(plain(record.to_json())), encoding="utf-8")


def order_lines(orders, products: int = 400):
    """One line per order, of a product drawn by its number, with a cost that some products do not earn."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(1)
    product = np.floor(products * rng.beta(0.6, 1.2, len(orders))).astype(int)
    lines = orders[["order_id", "customer_id", "ordered_at"]].assign(
        product_id=pd.Series(np.char.add("P", product.astype(str)), index=orders.index, dtype="string"),
        quantity=1.0,
        unit_price=orders["amount"],
        unit_cost=(orders["amount"] * (0.5 + 0.55 * product / products)).round(2),
    )
    return lines.assign(category=pd.Series(np.char.add("C", (product % 10).astype(str)), dtype="string"))


def groups(folder: Path) -> None:
    """Everything that the segments stage computes where orders and their lines are all there is."""
    import pandas as pd

    from regulars import segments
    from regulars.clv import ModelsRecord
    from regulars.labels import Segment, Tier
    from regulars.purchases import Purchases, month_before
    from regulars.settings import Certainty, stage_settings

    s = stage_settings("segments")
    certainty = Certainty(level=LEVEL, level_uncertainty=0.12, seed=SEED, draws=0)
    bought = order_lines(read_orders(folder))  # made here, so not timed; a stage reads them
    with step("orders, values; purchases"):
        customers, orders = pd.read_parquet(folder / "value.parquet"), read_orders(folder)
        models = ModelsRecord.from_json(json.loads((folder / "models.json").read_text(encoding="utf-8")))
        log = Purchases.of(orders)
    with step("scores and segments"):
        scores = segments.rfm_scores(customers)
        customers["segment"] = segments.name_segments(scores)
    with step("clusters"):
        features = segments.cluster_features(customers, END)
        found = segments.find_clusters(
            features, clusters_max=s.clusters_max, bootstraps=s.cluster_bootstraps, seed=SEED
        )
        customers["cluster"] = found.labels
    with step("step of the ladder, portfolio"):
        ladder = segments.Ladder(s.ladder)
        stood = segments.ladder_at(log, END, ladder)
        customers = segments.with_portfolio(
            customers.join(stood, on="customer_id"), None, models, rules=s.portfolio, end=END, certainty=certainty
        )
    with step("three facts behind each label"):
        segments.explain_labels(customers.join(scores).assign(**features))
    money = {"certainty": certainty, "min_cell": CELL, "observation_end": END}
    with step("groups, tiers, cross table, map"):
        segments.group_summary(customers, "segment", list(Segment), **money)
        segments.group_summary(customers, "tier", list(Tier), **money)
        segments.cross_table(customers, "tier", "segment", row_order=list(Tier), column_order=list(Segment))
        segments.score_grid(customers, scores, min_cell=CELL)
    with step("drift"):
        segments.drift_since(month_before(END), log, customers, end=END, found=found, level=LEVEL, min_cell=CELL)
    with step("care, portfolio"):
        segments.care_given(customers, None, end=END, rules=s.portfolio)
        segments.portfolio_table(customers, certainty=certainty, min_cell=CELL)
    with step("ladder and relations"):
        segments.climbs(log, END, ladder, level=LEVEL)
        moves = segments.monthly_moves(log, END, ladder, months=s.ladder_months)
        counts = segments.transition_counts(moves)
        ahead = segments.monthly_moves(log, END, ladder, months=s.ladder_months, ahead=s.ladder_ahead)
        segments.ladder_forecast(stood["lifecycle_stage"], ahead, certainty=certainty)
        days = segments.days_on_step(stood, log, END, ladder)
        segments.time_on_steps(stood, days, counts, ladder, end=END, level=LEVEL, min_cell=CELL)
        relations = segments.relation_stages(customers, log, models, end=END, growth_from=s.ladder.growth_from)
        segments.relation_table(customers, relations, level=LEVEL)
    with step("order lines by number, tastes"):
        liked = segments.Liked.of(bought)
        segments.tastes_of(customers["customer_id"], liked)
    with step("margin by product and customer"):
        tiers = customers.set_index("customer_id")["tier"]
        margins = segments.product_margins(liked.coded, tiers, s.products)
        segments.margin_by_product(margins, s.products, liked.names)
        segments.margin_map(margins, liked.coded, tiers, liked.names)
        segments.offers(margins, liked.names, min_cell=CELL)
    with step("baskets"):
        baskets = segments.one_basket_each(liked.coded, s.products.baskets_max, seed=SEED)
        segments.basket_rules(baskets, s.products, level=LEVEL)
    with step("next product, hold-out"):
        segments.hit_rates(liked, END, days=s.next_product_days, level=LEVEL)
        segments.by_favourite(liked, min_cell=CELL)


STAGES = {"value": value, "segments": groups}


def one(name: str, folder: Path) -> None:
    wall, used = time.perf_counter(), time.process_time()
    STAGES[name](folder)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    told = f"{name + ' stage, all':<46}{wall:8.1f} s{used:8.1f} s of processor{peak():7.2f} GB"
    print(f"{told}   (bounds {SECONDS} s, {GIGABYTES} GB; load {os.getloadavg()[0]:.1f})\n", flush=True)


def main() -> None:
    """Measure each stage in a fresh process, and print one line per step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--stage", choices=list(STAGES), help="one of them; value must have run in the folder before")
    parser.add_argument("--folder", help="where orders and values lie, and stay; a temporary one by default")
    parser.add_argument("--one", choices=list(STAGES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, Path(options.folder))
        return
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(options.folder or aside)
        if not (folder / "orders.parquet").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            write_orders(folder, options.customers)
        for name in [options.stage] if options.stage else STAGES:
            subprocess.run([sys.executable, __file__, "--one", name, "--folder", str(folder)], check=True)


if __name__ == "__main__":
    main()
