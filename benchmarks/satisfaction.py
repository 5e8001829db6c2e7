"""Seconds and memory of the path model, the index and the whole stage: `python benchmarks/satisfaction.py`.

The stage is its library path, step by step as notebook 04 calls it: 200,000 respondents x 24 items in four waves, with
their orders, cases and mystery visits. `--answers N` takes another number of respondents.
"""

import argparse
import os
import resource
import time
from contextlib import contextmanager
from datetime import date

import numpy as np
import pandas as pd

from regulars import satisfaction
from regulars.labels import Segment
from regulars.purchases import Purchases
from regulars.satisfaction import satisfaction_index, sections
from regulars.satisfaction.index import path_model, survey_model
from regulars.settings import Economics, stage_settings
from regulars.simulate.answers import CONSTRUCTS, ITEMS, SINGLE, construct_correlations

RESPONDENTS, WAVES, ORDERS_EACH = 200_000, 4, 3
END = date(2026, 6, 30)
DAYS = 900
MANAGERS = {
    "factors": ["quality", "value", "image", "expectation"],
    "rankings": {"Sales": ["value", "quality", "image", "expectation"]},
    "pairwise": [[1, 0.5, 2, 4], [2, 1, 3, 5], [0.5, 0.33, 1, 2], [0.25, 0.2, 0.5, 1]],
}


def respondents(n: int, seed: int = 1) -> pd.DataFrame:
    """Answers to the demo's 24 items, drawn from its path model; three in a hundred missing."""
    rng = np.random.default_rng(seed)
    constructs = rng.multivariate_normal(np.zeros(len(CONSTRUCTS)), construct_correlations(), n)
    columns = {}
    for item in ITEMS:
        told = item.loading * constructs[:, CONSTRUCTS.index(SINGLE.get(item.construct, item.construct))]
        score = item.mean + item.sd * (told + np.sqrt(1 - item.loading**2) * rng.normal(size=n))
        columns[item.item] = np.clip(np.round(score), *item.scale)
    table = pd.DataFrame(columns)
    return table.mask(rng.random(table.shape) < 0.03)


def described() -> pd.DataFrame:
    """The items with their construct, scale and wording."""
    return pd.DataFrame(
        {
            "item": [item.item for item in ITEMS],
            "construct": [item.construct for item in ITEMS],
            "scale_min": [float(item.scale[0]) for item in ITEMS],
            "scale_max": [float(item.scale[1]) for item in ITEMS],
            "wording": [item.wording for item in ITEMS],
        }
    ).astype({"item": "string", "construct": "string", "wording": "string"})


def tables_of(n: int, seed: int = 2) -> dict[str, pd.DataFrame]:
    """Clean tables of so many respondents, each a customer: surveys with what some expected, orders, cases, visits."""
    rng = np.random.default_rng(seed)
    names = np.char.add("K", np.arange(n).astype(str)).astype(object)
    day = pd.Timestamp(END) - pd.to_timedelta(rng.integers(1, DAYS, n), "D")
    answers = respondents(n).assign(
        response_id=np.char.add("R", np.arange(n).astype(str)).astype(object), customer_id=names, answered_at=day,
        wave=(4 - ((pd.Timestamp(END) - day).days * WAVES) // DAYS).astype(str),
    )  # fmt: skip
    keys = ["response_id", "customer_id", "answered_at", "wave"]
    long = answers.melt(id_vars=keys, var_name="item", value_name="score").dropna(subset="score")
    expected = long[long["item"].isin(["quality1", "quality2", "value1"])]
    expected = expected.assign(
        kind="expected", score=(expected["score"] + rng.integers(0, 2, len(expected))).clip(upper=10)
    )
    surveys = pd.concat([long.assign(kind="perceived"), expected], ignore_index=True)
    text = ("response_id", "customer_id", "wave", "item", "kind")
    count = 1 + rng.poisson(ORDERS_EACH - 1, n)
    who = np.repeat(np.arange(n), count)
    at = pd.Timestamp(END) - pd.to_timedelta(rng.integers(0, DAYS, len(who)), "D")
    orders = pd.DataFrame(
        {"customer_id": pd.array(names[who], "string"), "ordered_at": at, "amount": rng.gamma(4, 15, len(who))}
    )
    cases = rng.choice(n, n // 10, replace=False)
    opened = pd.Timestamp(END) - pd.to_timedelta(rng.integers(30, DAYS, len(cases)), "D")
    tickets = pd.DataFrame(
        {"ticket_id": np.arange(len(cases)).astype(str), "customer_id": pd.array(names[cases], "string"),
         "opened_at": opened, "kind": "complaint", "category": rng.choice(["late", "broken", "bill"], len(cases))}
    )  # fmt: skip
    visits = pd.DataFrame(
        {"visit_id": np.repeat(np.arange(2000), 3).astype(str),
         "item": np.tile(["quality1", "quality3", "quality4"], 2000),
         "score": rng.integers(4, 11, 6000).astype(float), "branch": np.repeat(rng.integers(0, 6, 2000), 3).astype(str)}
    )  # fmt: skip
    visits["staff"] = visits["branch"] + "-" + np.repeat(rng.integers(0, 4, 2000), 3).astype(str)
    people = pd.DataFrame({"customer_id": pd.array(names, "string"), "region": rng.choice(list("ABCDEFG"), n)})
    return {
        "surveys": surveys.astype(dict.fromkeys(text, "string")), "survey_items": described(), "orders": orders,
        "tickets": tickets, "mystery_visits": visits, "customers": people.assign(consent=rng.random(n) < 0.6),
        "value": _value(orders, names),
    }  # fmt: skip


def _value(orders: pd.DataFrame, names) -> pd.DataFrame:
    """What the scored table of the value stage has and this stage reads."""
    told = orders.groupby("customer_id").agg(
        first=("ordered_at", "min"), last=("ordered_at", "max"), orders=("amount", "size"), spend=("amount", "sum")
    )
    told = told.reindex(pd.Index(names, dtype="string"))
    week = pd.Timedelta(days=7)
    return pd.DataFrame(
        {"customer_id": told.index, "frequency": told["orders"].to_numpy() - 1,
         "recency": ((told["last"] - told["first"]) / week).to_numpy(),
         "T": ((pd.Timestamp(END) - told["first"]) / week).to_numpy(), "spend": told["spend"].to_numpy(),
         "spend_per_order": (told["spend"] / told["orders"]).to_numpy()}
    )  # fmt: skip


@contextmanager
def step(name: str):
    """Say how long something took by the clock and in processor time, and the peak of memory so far."""
    started, used = time.perf_counter(), time.process_time()
    yield
    clock, used = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{name:58s} {clock:8.3f} s {used:8.3f} s of processor {peak:6.2f} GB", flush=True)


def timed(name: str, work, times: int) -> None:
    """Do it several times and say how long one took."""
    with step(f"{name}, {times} times"):
        for _ in range(times):
            work()


def stage(tables: dict[str, pd.DataFrame]) -> None:
    """The library path of the stage, step by step as the notebook has it."""
    settings = stage_settings("satisfaction", changes={"managers": MANAGERS})
    orders, value, visits, tickets = (tables[name] for name in ("orders", "value", "mystery_visits", "tickets"))
    ids = pd.Index(tables["customers"]["customer_id"], name="customer_id")
    names = [segment.value for segment in Segment][:6]
    segment = pd.Series(np.take(names, np.arange(len(ids)) % 6), index=ids)
    spend = value.set_index("customer_id")["spend_per_order"]
    economics = Economics(
        margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week", active_within_days=90
    )  # fmt: skip
    with step("answers checked and brought into shape"):
        survey = satisfaction.survey_of(satisfaction.sound_answers(tables["surveys"], tables["survey_items"]))
    with step("purchases"):
        purchases = Purchases.of(orders)
    with step("index, drivers and quality, 200 bootstraps"):
        index = satisfaction.measure_index(survey, settings)
    with step("every measure, wave by wave"):
        waves = satisfaction.with_index(satisfaction.survey_waves(survey, settings), index)
    with step("loyalty type of each customer"):
        loyalty = satisfaction.measure_loyalty(survey, purchases, END, settings)
        scored = satisfaction.score_customers(ids.to_series(), survey, loyalty)
    with step("benefits of loyalty"):
        benefits = satisfaction.measure_benefits(
            survey, loyalty, orders=orders, lines=None, referrals=None, end=END, settings=settings
        )
    with step("branches and mystery visits"):
        branch, seen = satisfaction.branch_of(tables["customers"]), satisfaction.visits_of(visits, survey.items)
    with step("ordered logit"):
        drivers = satisfaction.overall_drivers(survey, settings)
    with step("four ways"):
        ways = satisfaction.compare_ways(survey, value, segment, branch, settings=settings)
    with step("which foretells"):
        foretold = satisfaction.foretell_orders(survey, purchases, END, settings)
    with step("who ordered again"):
        followed = satisfaction.repurchases(survey.satisfaction, purchases, END, settings.handling.return_days)
    with step("satisfaction in money"):
        lost = satisfaction.measure_worth(
            survey, purchases, spend, end=END, economics=economics, settings=settings
        )  # fmt: skip
    with step("listening channels"):
        heard = satisfaction.voices(survey, settings.tolerance_steps, tickets=tickets, visits=visits)
    answered = satisfaction.rate(scored["satisfaction"].notna())
    people = tables["customers"]
    makers = {
        "satisfied": lambda: sections.tell_satisfied(index),
        "why": lambda: sections.tell_why(index),
        "measured": lambda: sections.tell_measured(index),
        "waves": lambda: sections.tell_waves(waves, answered, settings),
        "who": lambda: sections.tell_who(survey.scores, segment, settings),
        "gap": lambda: sections.tell_gap(survey, settings),
        "loyalty": lambda: sections.tell_loyalty(loyalty, settings),
        "benefits": lambda: sections.tell_benefits(benefits, settings),
        "between": lambda: sections.tell_between(survey.scores, branch, seen, settings),
        "importance": lambda: sections.tell_importance(drivers, settings.managers, settings),
        "channels": lambda: sections.tell_channels(heard, len(ids), settings),
        "levels": lambda: sections.tell_levels(seen, settings),
        "switching": lambda: sections.tell_switching(followed, settings),
        "cases": lambda: sections.tell_cases(survey.latest_satisfaction, tickets, settings),
        "methods": lambda: sections.tell_methods(ways, foretold, settings),
        "recommend": lambda: sections.tell_recommend(survey, purchases, END, settings),
        "sample": lambda: sections.tell_sample(survey, segment, people, names=ids.to_series(), settings=settings),
        "worth": lambda: sections.tell_worth(lost, economics, settings),
        "levers": lambda: sections.tell_levers(index, lost, economics, settings),
    }
    findings = {}
    for name, make in makers.items():
        with step(f"section {name}"):
            findings[name] = make()
    print({name: found.verdict for name, found in findings.items()})


def main() -> None:
    """Measure, and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=RESPONDENTS, help="respondents of the whole stage")
    chosen = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before the start")
    small = respondents(250)
    items = described()
    model = survey_model("ecsi", items)
    full = small.fillna(small.mean().round())
    timed("path model, 250 x 24, with gaps", lambda: path_model(small, model), 20)
    timed("path model, 250 x 24, complete", lambda: path_model(full, model), 20)
    for name, answers in (("with gaps", small), ("complete", full)):
        with step(f"index with 1,000 bootstraps, 250 x 24, {name}"):
            satisfaction_index(answers, model, items, draws=1000)
    tables = tables_of(chosen.answers)
    with step(f"whole stage: {chosen.answers:,} respondents, {len(tables['surveys']):,} answers"):
        stage(tables)
    print(f"load average {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
