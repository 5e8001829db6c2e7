"""What campaigns cost the actions stage: 50 of them, five million contacts, a million customers.

python benchmarks/actions.py [customers]
"""

import resource
import sys
import time
from contextlib import contextmanager

import numpy as np
import pandas as pd

from regulars import actions
from regulars.engine.embedded import as_table
from regulars.purchases import Purchases
from regulars.settings import stage_settings
from regulars.simulate.base import draw_base, draw_orders
from regulars.simulate.retailer import Retailer

CAMPAIGNS, DRAWN, KEPT_BACK = 50, 0.1, 0.1  # each asks one customer in ten, and keeps back one in ten of those


@contextmanager
def timed(what: str):
    start, processor = time.perf_counter(), time.process_time()
    yield
    took, worked = time.perf_counter() - start, time.process_time() - processor
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  {what:<28} {took:6.1f} s, {worked:6.1f} of processor   {most:4.1f} GB at most so far", flush=True)


def shop_of(customers: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Timestamp]:
    """Orders, campaigns and whom each drew."""
    retailer, rng = Retailer(), np.random.default_rng(1)
    base = draw_base(retailer, customers, 1)
    drawn = draw_orders(retailer, base, 1)
    seen = drawn.moment < retailer.days
    moment = retailer.first_day.astype("datetime64[s]") + (drawn.moment[seen] * 86400).astype("timedelta64[s]")
    ids = np.asarray(base.customer_id)
    orders = pd.DataFrame(
        {
            "customer_id": pd.array(ids[drawn.customer[seen]], "string"),
            "ordered_at": moment.astype("datetime64[us]"),
            "amount": np.round(drawn.worth[seen], 2),
        }
    )
    end, size = pd.Timestamp(retailer.end), int(DRAWN * customers)
    names = [f"C{k:02d}" for k in range(CAMPAIGNS)]
    starts = end.normalize() - pd.to_timedelta(rng.integers(95, 500, CAMPAIGNS), unit="D")
    campaigns = pd.DataFrame(
        {"campaign_id": pd.array(names, "string"), "name": pd.array(names, "string"), "starts_at": starts,
         "purpose": pd.array(rng.choice(["keep", "win_back"], CAMPAIGNS), "string"), "control_share": KEPT_BACK,
         "actual_cost": rng.uniform(0.5, 2.0, CAMPAIGNS) * size}
    )  # fmt: skip
    picked = np.concatenate([rng.choice(customers, size, replace=False) for _ in names])
    of = np.repeat(np.arange(CAMPAIGNS), size)
    is_control = rng.random(picked.size) < KEPT_BACK
    contacts = pd.DataFrame(
        {"campaign_id": campaigns["campaign_id"].take(of).array, "customer_id": pd.array(ids[picked], "string"),
         "contacted_at": pd.Series(starts[of]).where(~is_control), "is_control": is_control}
    )  # fmt: skip
    return orders, campaigns, contacts, end


def main(customers: int) -> None:
    rules = stage_settings("actions", "cdnow").campaigns
    orders, campaigns, contacts, end = shop_of(customers)
    print(f"{customers:,} customers, {len(orders):,} orders, {len(campaigns)} campaigns, {len(contacts):,} contacts")
    purchases, held = Purchases.of(orders), [as_table(frame) for frame in (contacts, orders)]
    whole = time.perf_counter()
    with timed("who ordered"):
        watched = actions.watch_campaigns(campaigns, *held, end, outcome_days=rules.outcome_days)
    with timed("effects"):
        judged = actions.judge_campaigns(watched, margin=0.3, rules=rules, level=0.9, seed=1)
    with timed("plans, overlaps"):
        actions.plans(watched)
    with timed("without a control"):
        actions.without_control(watched, orders, level=0.9)
    with timed("features on the eve"):
        features = actions.features_on_eve(purchases, contacts, campaigns)
    with timed("whom next"):
        actions.whom_next(judged, watched, features, margin=0.3, level=0.9, groups_min=rules.groups_min)
    print(f"together: {time.perf_counter() - whole:.1f} s")
    beyond = judged.told["verdict"].isin(["up", "down"]).sum()
    print(f"{len(judged.told)} effects told, {beyond} of them beyond noise, where none is planted")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
