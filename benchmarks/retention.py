"""The retention stage's library path on many customers, step by step: ``python benchmarks/retention.py [CUSTOMERS]``.

Orders are simulated (three per customer on average), written to Parquet outside the timing and read back inside it.
Bounds, on two idle cores: 60 seconds and 6 GB for 1,000,000 customers. Where other work keeps the machine busy, the
seconds of processor time are what can be compared.
"""

import argparse
import os
import resource
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from regulars import retention
from regulars.clv import BetaGeoFitter
from regulars.purchases import Purchases, month_before
from regulars.retention import sections
from regulars.settings import Certainty
from regulars.simulate.logs import order_log
from regulars.statistics import survival

END = date(2025, 12, 31)
SECONDS, GIGABYTES = 60, 6
STEPS: list[tuple[str, float, float]] = []


@contextmanager
def step(name):
    """Time one step, in seconds of the clock and of the processors."""
    wall, used = time.perf_counter(), time.process_time()
    yield
    STEPS.append((name, time.perf_counter() - wall, time.process_time() - used))
    print(f"{name:<44}{STEPS[-1][1]:8.1f} s{STEPS[-1][2]:8.1f} s of processor", flush=True)


def value_of(table, model):
    """What the value stage hands over; its money is by rule of thumb."""
    history = tuple(table[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    alive = np.asarray(model.conditional_probability_alive(*history))
    clv = 9 * np.asarray(model.predict(52, *history))
    return table.assign(
        p_alive=alive, p_active=np.asarray(model.probability_active(13, *history)), clv=clv, spend_per_order=30.0,
        clv_low=0.5 * clv, clv_high=1.5 * clv,
        value_if_alive=clv / alive, value_at_risk=clv / alive - clv,
    )  # fmt: skip


def run(file):
    """Everything that the stage computes where orders are all there is."""
    with step("orders from Parquet"):
        orders = pd.read_parquet(file)
    with step("purchases"):
        purchases = Purchases.of(orders)
    table = purchases.summary(END)
    model = BetaGeoFitter().fit(table["frequency"], table["recency"], table["T"])
    value = value_of(table, model)
    rhythm, sure = retention.rhythm_of(model), Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    with step("states"):
        value = retention.with_states(value, retention.customer_states(purchases, END, rhythm))
    with step("next order of every customer"):
        dated = retention.next_order(model, value, END)
        retention.dated_share(dated, value["frequency"])
    cutoff = month_before(END)
    with step("forecasts of a month ago and of 90 days"):
        retention.look_back(model, purchases, END, cutoff=cutoff, certainty=sure)
        retention.judge(model, purchases, END, days=90, fixed_days=90, certainty=sure)
    with step("ledger and revenue"):
        ledger = retention.customer_ledger(retention.presence(purchases, END, rhythm), END)
        retention.revenue_retention(purchases, END, 90)
    with step("risk, win-back, a point of retention"):
        listed, due = retention.at_risk(value), retention.due_this_week(dated, value, END)
        retention.money_at_risk(value, listed, min_alive=0.1, certainty=sure)
        costs = retention.campaign_costs(None, None, purchases, END, within_days=90)
        retention.weekly_calls(listed, due, contact_cost=5.0, effect=costs.effect)
        retention.point_of_retention(value, purchases, END, days=90, certainty=sure)
        retention.win_back(value, purchases, END, rhythm, contact_cost=5.0)
    with step("time to the second order, cohorts compared"):
        times = retention.time_to_second_order(purchases, END)
        second = survival.kaplan_meier(times["days"], times["returned"])
        comparison = retention.compare_cohorts(times, 180)
    with step("groups compared"):
        waiting = retention.groupings(orders, purchases, times, END, within_days=180)
        retention.compare_groups(waiting, 180)
    with step("triangles, what the page tells of cohorts"):
        both = retention.triangles(purchases, END)
        mixture, again = retention.mixture_curves(both), second.share_by(90)
        spans = {"days": 180, "within_days": 90, "most": 12}
        sections.tell_cohorts(times, both, comparison, mixture, again=again, **spans)
    with step("transitions, identities"):
        moves = retention.state_transitions(purchases, cutoff, value, rhythm)
        rules = {"thresholds": rhythm.thresholds, "months": 12, "certainty": sure}
        sections.tell_states(value, moves, cutoff=cutoff, observation_end=END, **rules)
        bands = retention.active_bands(value)
        retention.reconciled(purchases, value, times=times, second=second, both=both, ledger=ledger, bands=bands)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("customers", type=int, nargs="?", default=1_000_000)
    customers = parser.parse_args().customers
    with tempfile.TemporaryDirectory() as folder:
        log = order_log(customers=customers, seed=1, r=0.5, alpha=9.0)
        print(f"{customers:,} customers, {len(log):,} orders")
        log.to_parquet(Path(folder, "orders.parquet"))
        del log
        run(Path(folder, "orders.parquet"))
    wall, used = (sum(row[place] for row in STEPS) for place in (1, 2))
    load = ", ".join(f"{minutes:.1f}" for minutes in os.getloadavg())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"all: {wall:.1f} s ({used:.1f} s of processor), bound {SECONDS}; peak {peak:.2f} GB, bound {GIGABYTES}")
    print(f"load of the machine over 1, 5 and 15 minutes: {load}")
