"""What the interaction stage costs on a million contacts of a million customers, and `regulars identities` on as many.

python benchmarks/interaction.py [customers] [--identities]
"""

import resource
import sys
import time
from contextlib import contextmanager

import numpy as np
import pandas as pd

from regulars import interaction
from regulars.commands.identities import COLUMNS, proposals
from regulars.interaction.identity import judged
from regulars.simulate.base import draw_base, draw_orders
from regulars.simulate.persons import draw_identities
from regulars.simulate.retailer import Retailer

END = pd.Timestamp("2026-06-30")
CHANNELS, PURPOSES = ("phone", "chat", "email", "web", "store"), ("delivery", "product", "invoice")


@contextmanager
def timed(what: str):
    start = time.perf_counter()
    yield
    print(f"  {what:<28} {time.perf_counter() - start:6.1f} s   {_gigabytes():4.1f} GB at most so far", flush=True)


def _gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def contact_log(n: int, customers: int, rng) -> pd.DataFrame:
    """Contacts as a clean table holds them."""
    day = END - pd.to_timedelta(rng.integers(0, 140, n), unit="D")
    at = day + pd.to_timedelta(np.round(9 * 3600 + rng.beta(1.5, 1.8, n) * 9 * 3600), unit="s")
    channel = rng.integers(0, 5, n)
    phone, known = channel == 0, rng.random(n) < 0.6
    wait = np.minimum(rng.exponential(70, n), rng.exponential(240, n))
    answered = ~phone | (rng.random(n) < 0.9)
    question = rng.integers(0, 12, n)
    who = np.char.add("K", (10001 + rng.integers(0, customers, n)).astype(str))

    def text(names, code):
        return pd.array(np.array(names, object)[code], dtype="string")

    return pd.DataFrame(
        {
            "contact_id": pd.array(np.arange(n).astype(str), dtype="string"),
            "customer_id": pd.Series(who, dtype="string").where(known),
            "at": at, "channel": text(CHANNELS, channel),
            "initiator": text(("customer", "company"), (rng.random(n) < 0.2).astype(int)),
            "purpose": text(PURPOSES, rng.integers(0, 3, n)),
            "content": text(("product", "information"), rng.integers(0, 2, n)),
            "staff": text([f"A{k}" for k in range(40)], rng.integers(0, 40, n)), "cost": rng.gamma(4, 1, n),
            "minutes": np.where(phone & answered, rng.gamma(2, 2.5, n), np.nan),
            "wait_seconds": np.where(phone, wait, np.nan), "answered": pd.array(answered, dtype="boolean"),
            "self_service": pd.array(channel == 3, dtype="boolean"),
            "score": np.where(rng.random(n) < 0.3, rng.integers(0, 101, n), np.nan),
            "mood": text(("comfortable", "angry"), rng.integers(0, 2, n)),
            "transfers": pd.array(rng.binomial(2, 0.1, n), "Int64"),
            "resolved": pd.array(rng.random(n) < 0.6, dtype="boolean"),
            "ticket_id": pd.array(np.char.add("V", rng.integers(0, n // 2, n).astype(str)), dtype="string"),
            "question_id": text([f"Q{k}" for k in range(12)], question),
            "department": text(("service", "sales", "accounts"), rng.integers(0, 3, n)),
            "answer_id": text([f"Q{k}-{a}" for k in range(12) for a in range(3)], 3 * question + (rng.random(n) < 0.2)),
        }
    )  # fmt: skip


def main(customers: int, with_identities: bool) -> None:
    rng = np.random.default_rng(1)
    retailer = Retailer()
    base = draw_base(retailer, customers, 1)
    orders = draw_orders(retailer, base, 1)
    seen = orders.moment < retailer.days
    orders = type(orders)(orders.customer[seen], orders.moment[seen], orders.worth[seen], orders.dropped_at)
    made = draw_identities(retailer, base, orders, 1)
    identities = made.identities.rename(columns={"customer": "customer_id"}).astype("string")
    contacts = contact_log(customers, customers, rng)
    moment = (retailer.first_day.astype("datetime64[s]") + (orders.moment * 86400).astype("timedelta64[s]")).astype(
        "datetime64[us]"
    )
    bought = pd.DataFrame({"customer_id": pd.array(base.customer_id[orders.customer], "string"), "ordered_at": moment})
    ids = pd.Series(base.customer_id, dtype="string")
    count = np.bincount(orders.customer, minlength=customers)
    value = pd.DataFrame({"customer_id": ids, "frequency": count - 1, "spend": 50.0 * count})
    print(f"{len(contacts):,} contacts, {customers:,} customers, {len(bought):,} orders, {len(identities):,} marks")
    whole = time.perf_counter()
    with timed("channels"):
        interaction.channel_table(contacts)
    with timed("touch points"):
        interaction.touch_points(contacts, END)
    with timed("calls, patience, staffing"):
        calls = interaction.calls_of(contacts)
        patient = interaction.patience(calls["wait_seconds"], calls["answered"])
        interaction.staffing(interaction.arrivals(calls), patient.mean_seconds, share=0.8, within_seconds=20)
    with timed("problems"):
        interaction.problems(contacts, orders=bought, end=END)
    with timed("frequency"):
        interaction.frequency_response(contacts, bought, END)
    with timed("best channels"):
        interaction.best_channels(contacts, ids)
    with timed("journeys"):
        interaction.journeys(contacts, bought, END)
    with timed("consistency, agents"):
        interaction.consistency_of(contacts, END)
        interaction.agents(contacts)
    with timed("identity by rules"):
        interaction.known_people(identities, value, {"identity": made.truth})
    print(f"the stage's steps together: {time.perf_counter() - whole:.1f} s")
    if with_identities:
        with timed("regulars identities"):
            pairs, why = proposals(identities, pd.DataFrame(columns=list(COLUMNS)))
        print(len(pairs), why, judged(pairs[pairs["contradicts"] == "no"], made.truth["same_person"]))


if __name__ == "__main__":
    named = [word for word in sys.argv[1:] if word.isdigit()]
    main(int(named[0]) if named else 1_000_000, "--identities" in sys.argv)
