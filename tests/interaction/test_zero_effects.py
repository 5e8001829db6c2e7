"""Whole worlds: with nothing planted hardly a page claims anything, with all of it planted what is there is found."""

import numpy as np
import pandas as pd
import pytest

from regulars import interaction
from regulars.interaction import sections
from regulars.settings import stage_settings
from regulars.simulate.base import draw_base, draw_orders
from regulars.simulate.centre import draw_centre
from regulars.simulate.dealings import draw_dealings
from regulars.simulate.retailer import Retailer

SETTINGS = stage_settings("interaction", "cdnow")
NUMBERS = ("cost", "minutes", "wait_seconds", "score", "transfers", "response_hours")
NAMES = {"contact_no": "contact_id", "customer": "customer_id", "ticket": "ticket_id", "question": "question_id",
         "answer": "answer_id"}  # fmt: skip
CLAIMS = {"solved": ("up", "down"), "moods": ("differ",), "owner": ("up", "down"), "problems": ("up", "down"),
          "frequency": ("up", "down"), "agents": ("outside",), "answers": ("differ",),
          "best": ("own", "segment")}  # fmt: skip


def world(seed: int, *, effects: bool, customers: int = 1200, calls_per_hour: float = 40.0):
    """Contacts and orders of a simulated firm, typed as clean tables are."""
    retailer = Retailer(interaction_effects=effects, calls_per_hour=calls_per_hour)
    base = draw_base(retailer, customers, seed)
    orders = draw_orders(retailer, base, seed)
    seen = orders.moment < retailer.days
    orders = type(orders)(orders.customer[seen], orders.moment[seen], orders.worth[seen], orders.dropped_at)
    raw = pd.concat(
        [draw_dealings(retailer, base, orders, seed).contacts, draw_centre(retailer, base, seed).contacts],
        ignore_index=True,
    ).rename(columns=NAMES)
    raw = raw.astype("string").replace("", pd.NA)
    typed = {name: pd.to_numeric(raw[name]).astype(float) for name in NUMBERS}
    typed |= {name: raw[name].map({"yes": True, "no": False}).astype("boolean") for name in ("answered", "resolved")}
    typed |= {"self_service": raw["self_service"].eq("yes"), "at": pd.to_datetime(raw["at"].astype(object))}
    moment = retailer.first_day.astype("datetime64[s]") + (orders.moment * 86400).astype("timedelta64[s]")
    moment = moment.astype("datetime64[us]")
    bought = pd.DataFrame({"customer_id": pd.array(base.customer_id[orders.customer], "string"), "ordered_at": moment})
    return raw.assign(**typed), bought, retailer.end, pd.Series(base.customer_id, dtype="string")


def told_of(seed: int, **how) -> dict:
    contacts, orders, end, ids = world(seed, **how)
    found = [
        sections.tell_solved(interaction.channel_table(contacts)),
        sections.tell_moods(contacts),
        sections.tell_owner(contacts),
        sections.tell_problems(interaction.problems(contacts, orders=orders, end=end), SETTINGS),
        sections.tell_frequency(interaction.frequency_response(contacts, orders, end)),
        sections.tell_agents(interaction.agents(contacts)),
        sections.tell_answers(interaction.consistency_of(contacts, end)),
        sections.tell_best(interaction.best_channels(contacts, ids)),
    ]
    return {one.key: one for one in found}


def claimed(told: dict) -> list[str]:
    claims = [key for key, verdicts in CLAIMS.items() if told[key].verdict in verdicts]
    moved = any(remark.code == "back_moved" for remark in told["problems"].remarks)
    return claims + ["back"] * moved


def test_what_is_planted_is_found():
    told = told_of(3, effects=True, customers=2500, calls_per_hour=50.0)
    assert {"solved", "moods", "owner", "problems", "agents", "answers"} <= set(claimed(told))
    assert told["moods"].facts["mood"] == "angry"
    assert told["answers"].facts["department"] == "accounts"
    assert told["agents"].facts["agent"] == "C02"
    assert told["problems"].facts["points"].low < -6 < told["problems"].facts["points"].high
    assert "frequency" not in claimed(told), "contacts of the firm move no order"


def test_of_six_worlds_without_effects_hardly_one_claims():
    """One in twenty may: two of six come once in thirty times."""
    worlds = [claimed(told_of(seed, effects=False)) for seed in range(1, 7)]
    assert sum(map(bool, worlds)) <= 1, worlds


@pytest.mark.full
def test_of_a_hundred_pages_without_effects_at_most_five_claim_something():
    worlds = [claimed(told_of(seed, effects=False)) for seed in range(1000, 2000)]
    assert np.mean([bool(claims) for claims in worlds]) <= 0.05, [claims for claims in worlds if claims]
