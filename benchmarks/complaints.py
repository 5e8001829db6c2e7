"""Seconds that complaints and the model with covariates take: `python benchmarks/complaints.py`."""

import time

import numpy as np
import pandas as pd

from regulars.clv import BetaGeoCovariateFitter
from regulars.satisfaction import sections, sound_cases
from regulars.satisfaction.cases import status_trail, ticket_times
from regulars.satisfaction.cases.iceberg import retention_after_complaint
from regulars.satisfaction.cases.service import knowledge_base, ticket_volume
from regulars.settings import stage_settings
from regulars.simulate.purchasing import bg_nbd_customers

TICKETS, EVENTS_PER_TICKET, CUSTOMERS = 50_000, 5, 1_000_000
PROCESS = {"open": ["in progress"], "in progress": ["waiting", "closed"], "waiting": ["in progress"], "closed": []}
STATES = ("open", "in progress", "waiting", "in progress", "closed")


def tickets_and_events(seed: int = 1):
    """Cases of two years with a trail of five steps each."""
    rng = np.random.default_rng(seed)
    end = np.datetime64("2026-07-01", "m")
    opened = end - rng.integers(60, 730 * 1440, TICKETS).astype("timedelta64[m]")
    steps = np.cumsum(rng.exponential(600, (TICKETS, EVENTS_PER_TICKET)).astype(int) + 1, axis=1)
    at = opened[:, None] + (steps - steps[:, :1]).astype("timedelta64[m]")
    at[at >= end] = np.datetime64("NaT")
    number = np.arange(TICKETS).astype(str)
    tickets = pd.DataFrame(
        {
            "ticket_id": number,
            "customer_id": rng.integers(0, 20_000, TICKETS).astype(str),
            "kind": "complaint",
            "opened_at": opened,
            "first_response_at": at[:, 1],
            "resolved_at": at[:, 4],
            "category": rng.choice(["late", "broken", "bill"], TICKETS),
            "urgency": rng.choice(["low", "high"], TICKETS),
            "contacts": 1 + rng.poisson(0.5, TICKETS),
            "outcome": np.where(np.isnat(at[:, 4]), None, rng.choice(["resolved", "not_satisfied"], TICKETS)),
            "amount_at_stake": rng.gamma(2, 30, TICKETS),
            "transfers": rng.poisson(0.3, TICKETS),
            "in_knowledge_base": rng.random(TICKETS) < 0.6,
        }
    )
    events = pd.DataFrame(
        {
            "ticket_id": np.repeat(number, EVENTS_PER_TICKET),
            "at": at.ravel(),
            "status": np.tile(STATES, TICKETS),
        }
    )
    orders = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 20_000, 200_000).astype(str),
            "ordered_at": end - rng.integers(0, 730 * 1440, 200_000).astype("timedelta64[m]"),
        }
    )
    return tickets, events.dropna(subset=["at"]), orders


def sections_of_cases(tickets, events, orders, settings) -> list:
    """All that the page tells of cases."""
    cases, day = sound_cases(tickets, settings.process), "2026-06-30"
    scored = pd.DataFrame({"customer_id": tickets["customer_id"].unique(), "satisfaction": float("nan")})
    return [
        sections.tell_complaints(cases, len(scored), day, settings),
        sections.tell_service(cases, scored, day, settings),
        sections.tell_returned(cases, orders, day, settings),
        sections.tell_flow(cases, orders, day, settings),
        sections.tell_desk(cases, events, day, settings),
        sections.tell_goods(cases, None, None, end=day, settings=settings),
    ]


def timed(name: str, work) -> None:
    """Do it and say how long it took."""
    started = time.perf_counter()
    work()
    print(f"{name:55s} {time.perf_counter() - started:6.2f} s")


def main() -> None:
    """Measure, and print one line each."""
    tickets, events, orders = tickets_and_events()
    day = "2026-06-30"
    timed("times of 50,000 tickets", lambda: ticket_times(tickets, day))
    timed(f"trail of {len(events):,} events", lambda: status_trail(events, PROCESS, day, tickets=tickets))
    timed("volume, backlog and ageing", lambda: ticket_volume(tickets, day))
    timed("knowledge base", lambda: knowledge_base(tickets))
    timed("who came back", lambda: retention_after_complaint(tickets, orders, day))
    settings = stage_settings("satisfaction")
    timed("all sections of cases", lambda: sections_of_cases(tickets, events, orders, settings))
    rng = np.random.default_rng(2)
    score, T = rng.standard_normal(CUSTOMERS), rng.uniform(30, 100, CUSTOMERS)
    told = bg_nbd_customers(
        CUSTOMERS, 1.0, 8.0, 1.0, b=3.0, T=T, seed=1, score=score, rate_effect=0.3, dropout_effect=-0.4
    )
    columns = (told["frequency"], told["recency"], told["T"], {"satisfaction": score})
    timed("covariate model, 1,000,000 distinct customers", lambda: BetaGeoCovariateFitter().fit(*columns))


if __name__ == "__main__":
    main()
