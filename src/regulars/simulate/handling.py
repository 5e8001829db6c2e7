"""How cases are handled: owners, promises, transfers, remedies, the trail of each case; units repaired."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import iso_day, iso_minute, money

OWNERS = tuple(f"A{number:02d}" for number in range(1, 11))
PROMISED_HOURS = {"complaint": 72.0, "service": 48.0}
PROMISED_SHARE = 0.8
TRANSFERS = 0.35  # per case
REMEDIES = {"refund": 0.4, "replacement": 0.3, "repair": 0.15, "apology": 0.15}
GRANTED_SHARE = 0.7
ESCALATED_SHARE, ESCALATED_IF_LATE = 0.04, 0.25  # of cases resolved before and after the fifth day
KNOWN_SHARE = 0.6  # of cases to which the knowledge base has an answer; it makes nothing quicker
WAITING_SHARE = 0.3  # of cases in which the customer is waited for
SKIPPED_SHARE = 0.02  # of closed cases that were never in progress: the process does not allow it
UNIT_CATEGORIES = 1  # the first so many categories are sold with a warranty
WARRANTY_DAYS = 365
REPAIRED_SHARE, REPAIR_COST = 0.03, 0.4  # of units within a warranty; share of the price
PROCESS = {
    "open": ["in progress"],
    "in progress": ["waiting", "closed"],
    "waiting": ["in progress"],
    "closed": [],
}


@dataclass(frozen=True)
class Handling:
    """Tickets with what was done about them, their events, units, and what the truth keeps."""

    tickets: pd.DataFrame
    events: pd.DataFrame
    units: pd.DataFrame
    truth: dict


def leaving_after(retailer: Retailer, tickets: pd.DataFrame, base: Base, seed: int) -> np.ndarray:
    """Moment at which each customer leaves over the outcome of a case, in days since the start; infinite: never.

    When a complaint is closed, the customer leaves at once with the probability that goes with its outcome.
    """
    moment = np.full(base.rate.size, np.inf)
    chance = retailer.leave_after()
    if not any(chance.values()):
        return moment
    closed = tickets[(tickets["type"] == "complaint") & (tickets["outcome"] != "")]
    leaves = stream(seed, "outcomes").random(len(closed)) < closed["outcome"].map(chance).to_numpy(float)
    position = pd.Series(np.arange(base.customer_id.size), index=base.customer_id)
    start = np.datetime64(retailer.first_day, "m")
    days = (_moments(closed["resolved"]) - start).astype(float) / 1440
    np.minimum.at(moment, position[closed["customer"]].to_numpy()[leaves], days[leaves])
    return moment


def draw_handling(
    retailer: Retailer, base: Base, orders: Orders, lines: pd.DataFrame, *, tickets: pd.DataFrame, seed: int
) -> Handling:
    """Draw how each case was handled; parameters as `regulars.simulate.cases.draw_tickets`, and its tickets."""
    rng = stream(seed, "handling")
    n = len(tickets)
    opened, first, end = (_moments(tickets[name]) for name in ("opened", "first_response", "resolved"))
    hours = np.where(np.isnat(end), np.inf, (end - opened).astype(float) / 60)
    promised = opened + (60 * tickets["type"].map(PROMISED_HOURS).to_numpy(float)).astype("timedelta64[m]")
    promised[rng.random(n) >= PROMISED_SHARE] = np.datetime64("NaT")
    wished = rng.choice(list(REMEDIES), n, p=list(REMEDIES.values()))
    other = rng.choice(list(REMEDIES), n, p=list(REMEDIES.values()))
    granted = rng.random(n) < GRANTED_SHARE
    is_complaint, is_closed = (tickets["type"] == "complaint").to_numpy(), ~np.isnat(end)
    refused = np.where(other == wished, "declined", other)
    late = hours > 5 * 24
    served = tickets.assign(
        owner=rng.choice(OWNERS, n),
        transfers=rng.poisson(TRANSFERS, n).astype(str),
        promised=iso_minute(promised),
        remedy_wished=np.where(is_complaint, wished, ""),
        verdict=np.where(is_complaint & is_closed, np.where(granted, wished, refused), ""),
        escalated_to=np.where(rng.random(n) < np.where(late, ESCALATED_IF_LATE, ESCALATED_SHARE), "supervisor", ""),
        in_knowledge_base=np.where(rng.random(n) < KNOWN_SHARE, "yes", "no"),
    )
    events, skipped = _events(served, opened, first, end, rng)
    units, unit_truth = _units(retailer, orders, lines, stream(seed, "units"))
    truth = {
        "promised_hours": PROMISED_HOURS,
        "transfers_per_case": TRANSFERS,
        "remedy_granted_share": GRANTED_SHARE,
        "knowledge_base": {"hit_share": KNOWN_SHARE, "effect_on_hours": 0.0},
        "owners_differ": False,
        "process": PROCESS,
        "skipped_in_progress": skipped,
        "leave_after_outcome": retailer.leave_after(),
        "units": unit_truth,
    }
    return Handling(served, events, units, truth)


def _moments(text) -> np.ndarray:
    return np.array([value.replace(" ", "T") or "NaT" for value in text], dtype="datetime64[m]")


def _events(tickets, opened, first, end, rng):
    """Trail of each case: open, in progress, now and then waiting and in progress again, closed."""
    n = len(tickets)
    skips = (rng.random(n) < SKIPPED_SHARE) & ~np.isnat(end)
    length = (end - first).astype("timedelta64[m]").astype(float)
    waits = (rng.random(n) < WAITING_SHARE) & ~np.isnat(end) & ~np.isnat(first) & ~skips & (length > 10)
    leave, back = np.sort(rng.uniform(0.1, 0.9, (2, n)), axis=0)
    pause = np.where(waits, length, 0)
    out = first + np.floor(pause * leave).astype("timedelta64[m]")
    again = first + (np.floor(pause * leave) + 1 + np.floor(pause * (back - leave) / 2)).astype("timedelta64[m]")
    nothing = np.datetime64("NaT", "m")
    steps = [
        ("open", opened),
        ("in progress", np.where(skips, nothing, first)),
        ("waiting", np.where(waits, out, nothing)),
        ("in progress", np.where(waits, again, nothing)),
        ("closed", end),
    ]
    number = np.arange(n)
    frame = pd.concat(
        [pd.DataFrame({"case": number, "step": k, "at": at, "status": name}) for k, (name, at) in enumerate(steps)]
    ).dropna(subset=["at"])
    frame = frame.sort_values(["case", "step"], kind="stable")
    case = frame["case"].to_numpy()
    names, owners = tickets["ticket_no"].to_numpy(), tickets["owner"].to_numpy()
    events = pd.DataFrame(
        {
            "ticket_no": names[case],
            "at": iso_minute(frame["at"].to_numpy("datetime64[m]")),
            "status": frame["status"].to_numpy(),
            "actor": np.where(frame["step"] == 0, "customer", owners[case]),
        }
    )
    return events, names[skips].tolist()


def _units(retailer, orders, lines, rng):
    """Pieces sold with a warranty, and which of them were repaired within it."""
    kinds = pd.unique(lines["category"])
    covered = sorted(kinds)[:UNIT_CATEGORIES]
    sold = lines[lines["category"].isin(covered)]
    pieces = np.repeat(np.arange(len(sold)), sold["quantity"].to_numpy(int))
    day = np.floor(orders.moment[sold["document"].to_numpy()[pieces]]).astype(int)
    after = rng.integers(1, WARRANTY_DAYS, pieces.size)
    fails = (rng.random(pieces.size) < REPAIRED_SHARE) & (day + after < retailer.days)
    cost = sold["price"].to_numpy()[pieces] * REPAIR_COST * rng.uniform(0.5, 1.5, pieces.size)
    units = pd.DataFrame(
        {
            "unit": [f"U{number}" for number in range(50001, 50001 + pieces.size)],
            "product": sold["product"].to_numpy()[pieces],
            "sold": iso_day(retailer.first_day, day),
            "warranty_until": iso_day(retailer.first_day, day + WARRANTY_DAYS),
            "repaired": np.where(fails, iso_day(retailer.first_day, day + after), ""),
            "repair_cost": np.where(fails, money(cost), ""),
        }
    )
    truth = {"categories": covered, "units": len(units), "repaired": int(fails.sum()), "share": REPAIRED_SHARE}
    return units, truth
