"""Who the customers are in the eyes of several systems: names, phones, cards; some persons under two ids."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import REGIONS, Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream

GIVEN = [
    "Amelia",
    "Oliver",
    "Isla",
    "George",
    "Ava",
    "Harry",
    "Mia",
    "Noah",
    "Ivy",
    "Jack",
    "Lily",
    "Leo",
    "Rosie",
    "Charlie",
    "Sophia",
    "Oscar",
    "Grace",
    "Jacob",
    "Freya",
    "Henry",
    "Willow",
    "Thomas",
    "Florence",
    "William",
    "Emily",
    "Alfie",
    "Ella",
    "Joshua",
    "Evie",
    "Freddie",
    "Poppy",
    "Archie",
    "Charlotte",
    "Ethan",
    "Elsie",
    "Isaac",
    "Alice",
    "Alexander",
    "Sienna",
    "Joseph",
    "Daisy",
    "Edward",
    "Sophie",
    "Samuel",
    "Phoebe",
    "Daniel",
    "Maya",
    "Lucas",
    "Harriet",
    "Logan",
    "Matilda",
    "Max",
    "Ruby",
    "James",
    "Ellie",
    "Benjamin",
    "Imogen",
    "Mason",
    "Nancy",
    "Harrison",
]
ONSETS = [
    "Ash",
    "Bar",
    "Brad",
    "Cal",
    "Car",
    "Clay",
    "Dal",
    "Den",
    "Ever",
    "Fair",
    "Gran",
    "Hal",
    "Hart",
    "Hol",
    "Kem",
    "Lang",
    "Mar",
    "Nor",
    "Pen",
    "Rad",
    "Sher",
    "Stan",
    "Thorn",
    "Wal",
    "Whit",
]
ENDINGS = ["ton", "ley", "ford", "well", "by", "ham", "wood", "field", "worth", "combe"]
STREETS = ["High", "Station", "Church", "Park", "Mill", "Green", "Victoria", "Albert", "King", "Queen"]
# source: kinds that it knows, with the share of its records that hold each
SOURCES = {
    "shop": (0.97, {"name": 0.99, "email": 0.92, "phone": 0.7, "postcode": 0.95, "address": 0.9}),
    "club": (0.35, {"name": 1.0, "birth": 0.85, "card": 1.0, "postcode": 0.9}),
    "centre": (0.25, {"name": 0.9, "phone": 0.95}),
}
TYPO, NEW_PHONE, NEW_EMAIL, MOVED = 0.2, 0.25, 0.35, 0.15  # of values under the second id
HOUSEHOLDS = 0.04  # of customers who share home, surname and phone with another
PLACEHOLDER, PLACEHOLDER_SHARE = "0000000000", 0.015
CHANGED = 0.03  # of values that a second source has otherwise
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


@dataclass(frozen=True)
class Identities:
    """What the systems know of each customer id, and which ids are one person."""

    identities: pd.DataFrame
    truth: dict


def draw_identities(retailer: Retailer, base: Base, orders: Orders, seed: int) -> Identities:
    """Draw what each source knows; a share of the persons (``second_id_share``) has come back under another id.

    Both ids are among the simulated customers: of the same region and year of birth, the second from after the last
    order of the first. So nobody's orders change, and whoever merges the two sees one customer who came back.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    orders : Orders
    seed : int

    Returns
    -------
    Identities
    """
    rng = stream(seed, "identities")
    first, second = _pairs(retailer, base, orders, rng)
    person = _persons(base, rng)
    kept, joined = _households(person, np.concatenate([first, second]), rng)
    copied = {name: values[first].copy() for name, values in person.items()}
    copied = _retyped(copied, rng)
    for name, values in copied.items():
        person[name][second] = values
    rows = [_source(base, person, source, rng=rng) for source in SOURCES]
    frame = pd.concat(rows, ignore_index=True)
    ids = base.customer_id
    truth = {
        "same_person": [[str(ids[a]), str(ids[b])] for a, b in zip(first, second, strict=True)],
        "households": [[str(ids[a]), str(ids[b])] for a, b in zip(kept, joined, strict=True)],
        "placeholder_phone": PLACEHOLDER,
    }
    return Identities(frame, truth)


def _pairs(retailer, base: Base, orders: Orders, rng):
    n = base.rate.size
    last = (
        np.maximum.reduceat(orders.moment[np.argsort(orders.customer, kind="stable")], _starts(orders, n)) if n else []
    )
    group = pd.factorize(pd.MultiIndex.from_arrays([base.region, base.birth_year]))[0]
    place = np.lexsort((base.first_moment, group))
    earlier, later = place[:-1], place[1:]
    fits = (group[earlier] == group[later]) & (np.asarray(last)[earlier] + 1 < base.first_moment[later])
    candidates = np.flatnonzero(fits & (base.birth_year[earlier] > 0))
    chosen = np.sort(rng.permutation(candidates)[: 2 * round(retailer.second_id_share * n)])
    apart = chosen[np.diff(chosen, prepend=-2) > 1][: round(retailer.second_id_share * n)]
    return earlier[apart], later[apart]


def _starts(orders, n):
    return np.searchsorted(np.sort(orders.customer), np.arange(n))


def _persons(base: Base, rng) -> dict[str, np.ndarray]:
    n = base.rate.size
    surnames = np.array([start + end for start in ONSETS for end in ENDINGS], object)
    streets = np.array(STREETS, object)
    given, surname = rng.choice(np.array(GIVEN, object), n), rng.choice(surnames, n)
    year = np.where(base.birth_year > 0, base.birth_year, rng.integers(1940, 2006, n))
    birth = year.astype("U4").astype("datetime64[Y]").astype("datetime64[D]") + rng.integers(0, 365, n)
    region = pd.Categorical(base.region, list(REGIONS)).codes
    area = np.array([name[:2].upper() for name in REGIONS], object)[region]
    digits = rng.integers(0, 10**9, n)
    number = np.char.zfill(digits.astype(str), 9)
    handle = np.char.lower(np.char.add(np.char.add(given.astype(str), "."), surname.astype(str)))
    return {
        "given": given,
        "surname": surname,
        "birth": birth.astype(str).astype(object),
        "postcode": area + rng.integers(1, 60, n).astype(str).astype(object) + " " + rng.integers(1, 10,
        n).astype(str) + "AB", "address": rng.integers(1, 180, n).astype(str).astype(object) + " " +
        rng.choice(streets, n) + " Street", "phone": np.char.add("07", number).astype(object),
        "email": np.char.add(handle, np.char.add(rng.integers(1, 9999, n).astype(str), "@example.com")).astype(object),
        "card": _cards(10**6, n),
    }  # fmt: skip


def _cards(first, n) -> np.ndarray:
    return np.array([f"B{number:08d}" for number in range(first, first + n)], object)


def _households(person, taken, rng):
    """Pairs who live together: two people, whatever they share."""
    n = person["given"].size
    free = rng.permutation(np.setdiff1d(np.arange(n), taken))[: 2 * (round(HOUSEHOLDS * n) // 2)]
    kept, joined = free[::2][: free.size // 2], free[1::2]
    for name in ("surname", "postcode", "address", "phone"):
        person[name][joined] = person[name][kept]
    alike = joined[person["given"][joined] == person["given"][kept]]
    person["given"][alike] = [GIVEN[(GIVEN.index(name) + 1) % len(GIVEN)] for name in person["given"][alike]]
    return kept, joined


def _retyped(person, rng) -> dict[str, np.ndarray]:
    """The same persons as somebody else typed them, some with a new phone, address or mailbox."""
    n = person["given"].size
    for name in ("given", "surname", "postcode", "phone", "email"):
        slips = np.flatnonzero(rng.random(n) < TYPO / 2)
        person[name][slips] = [_slip(text, rng) for text in person[name][slips]]
    renewed = rng.random(n) < NEW_PHONE
    person["phone"][renewed] = [f"07{number:09d}" for number in rng.integers(0, 10**9, renewed.sum())]
    renewed = rng.random(n) < NEW_EMAIL
    person["email"][renewed] = [f"{text.split('@')[0]}@example.org" for text in person["email"][renewed]]
    moved = rng.random(n) < MOVED
    person["address"][moved] = [f"{number} Mill Street" for number in rng.integers(1, 180, moved.sum())]
    return person | {"card": _cards(2 * 10**6, n)}


def _slip(text: str, rng) -> str:
    """One slip of the fingers: two letters swapped, one left out, one wrong."""
    at, kind = int(rng.integers(1, max(len(text) - 1, 2))), int(rng.integers(0, 3))
    if kind == 0:
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    letter = str(rng.integers(0, 10)) if text[at : at + 1].isdigit() else str(LETTERS[rng.integers(0, 26)])
    return text[:at] + (letter if kind == 1 else "") + text[at + 1 :]


def _source(base: Base, person, source, *, rng) -> pd.DataFrame:
    share, kinds = SOURCES[source]
    n = base.rate.size
    is_known = rng.random(n) < share
    name = person["given"] + np.array([" "], object) + person["surname"]
    frames = []
    for kind, holds in kinds.items():
        value = (name if kind == "name" else person[kind]).copy()
        if source != "shop":
            other = np.flatnonzero(rng.random(n) < CHANGED)
            value[other] = [
                _slip(text, rng) if kind != "birth" else f"{text[:8]}{rng.integers(10, 29)}" for text in value[other]
            ]
        if kind == "phone":
            value[rng.random(n) < PLACEHOLDER_SHARE] = PLACEHOLDER
        rows = np.flatnonzero(is_known & (rng.random(n) < holds))
        frames.append(pd.DataFrame({"row": rows, "kind": kind, "value": value[rows]}))
    frame = pd.concat(frames, ignore_index=True).sort_values(["row", "kind"], kind="stable", ignore_index=True)
    row = frame["row"].to_numpy()
    return pd.DataFrame(
        {
            "source": source,
            "external_id": np.char.add(source[0].upper(), (100_001 + row).astype(str)),
            "customer": base.customer_id[row],
            "kind": frame["kind"],
            "value": frame["value"],
        }
    )


def draw_plan(retailer: Retailer) -> pd.DataFrame:
    """Interaction plan of the firm's last year, as somebody keeps it: one record has no goal to check."""
    start = np.datetime64(retailer.end, "D") - 180
    due = (start + np.array([90, 120, 150, 200, 240])).astype(str)
    return pd.DataFrame(
        {
            "plan": [f"L{number}" for number in range(1, 6)],
            "object": ["champions", "at_risk", "new", "loyal", "hibernating"],
            "goal": ["keep", "win back", "second order", "two more orders", "be remembered"],
            "target": ["0.9", "0.1", "0.4", "2", ""],
            "due": [*due[:4], ""],
            "theme": ["early access", "we miss you", "welcome", "club evening", "greetings"],
            "structure": ["series", "single", "series", "single", "single"],
            "format": ["call", "letter", "message", "event", "message"],
            "budget": ["4000", "2500", "1500", "6000", ""],
            "budget_basis": ["tasks", "share of sales", "tasks", "tasks", ""],
            "channel": ["phone", "email", "email", "visit", "email"],
            "times_per_year": ["6", "4", "3", "1", "12"],
            "reached": ["0.86", "0.08", "", "", ""],
            "problems": ["two agents ill", "", "", "", ""],
            "novelty": ["", "letters beat mails", "", "", ""],
        }
    )
