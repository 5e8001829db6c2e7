"""The sales desk: prospects, what was stated of them and when, and the plan of visits and calls."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import iso_day, money

STAFF = tuple(f"S{number:02d}" for number in range(1, 9))
WON_SHARE = 0.12  # of customers who had been a prospect of the sales desk
LEAD_DAYS, CLOSING_DAYS = 30.0, 50.0  # mean days from the first note to the first order; to a decision
PROSPECTS_PER_CUSTOMER = 0.25  # prospects who never bought, per customer
DISQUALIFIED_SHARE = 0.25  # of prospects decided without an order
OPTIMISM, NOISE, SPREAD = 0.9, 0.5, 1.2  # log-odds by which stated chances exceed true ones; their noise; true spread
SOURCES, COMPETITORS = ("fair", "web form", "recommendation", "cold call"), ("Brightway", "Hearth & Co", "none")
KEY_FACTORS = ("price", "delivery time", "range", "personal contact")
KEY_SOURCE, KEY_FACTOR, KEY_ODDS = "fair", "personal contact", 1.6  # what matters for those met at a fair alone
CLIENT_TYPES = ("cost", "strategic", "value", "relationship", "mixed")
CLASSES = ("A", "B", "C")
KINDS = ("visit", "call", "e-mail")
KEPT, LATE = 0.68, 0.17  # share of activities done on their day or the next, and later; the rest is missed


@dataclass(frozen=True)
class SalesDesk:
    """Raw tables of the sales desk, and what the truth keeps of them."""

    prospects: pd.DataFrame
    events: pd.DataFrame
    activities: pd.DataFrame
    truth: dict


def draw_sales_desk(retailer: Retailer, base: Base, effects: bool, seed: int) -> SalesDesk:
    """Draw prospects whose chance is drawn first, then stated, then decided.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    effects : bool
        False: what a prospect cares for moves no chance.
    seed : int

    Returns
    -------
    SalesDesk
    """
    rng, n = stream(seed, "prospects"), base.rate.size
    won = np.flatnonzero(rng.random(n) < WON_SHARE)
    noted = base.first_moment[won] - rng.exponential(LEAD_DAYS, won.size)
    won, noted = won[noted >= 0], noted[noted >= 0]
    others = round(n * PROSPECTS_PER_CUSTOMER)
    size = won.size + others
    desk = stream(seed, "sales desk")
    source, factor = desk.choice(SOURCES, size), desk.choice(KEY_FACTORS, size)
    odds = SPREAD * desk.standard_normal(size)
    if effects:
        odds += KEY_ODDS * ((source == KEY_SOURCE) & (factor == KEY_FACTOR))
    # who is won: so many of all, each with the odds that were drawn before (a logistic law above a common threshold)
    is_won = np.zeros(size, bool)
    is_won[np.argsort(-(odds + desk.logistic(size=size)), kind="stable")[: won.size]] = True
    level = _level(odds, won.size / max(size, 1))
    chance = 1 / (1 + np.exp(-(odds + level)))
    customer = np.full(size, -1)
    customer[is_won] = won
    created = np.empty(size)
    created[is_won] = noted
    created[~is_won] = rng.random(others) * retailer.days
    decided = created + rng.exponential(CLOSING_DAYS, size)
    decided[is_won] = base.first_moment[won]
    order = np.argsort(created, kind="stable")
    created, customer, decided, source, factor, odds, chance = (
        each[order] for each in (created, customer, decided, source, factor, odds, chance)
    )
    is_won, is_open = customer >= 0, (customer < 0) & (decided >= retailer.days)
    step = np.clip((retailer.days - created) // 20, 0, 2).astype(int)
    closed = np.where(rng.random(size) < DISQUALIFIED_SHARE, "disqualified", "lost")
    stage = np.where(is_won, "won", np.where(is_open, np.array(["lead", "contacted", "quoted"])[step], closed))
    told = np.clip(odds + level + OPTIMISM + NOISE * desk.standard_normal(size), -5, 5)
    first_told = np.clip(told + 0.4 * desk.standard_normal(size), -5, 5)
    stated, stated_first = (np.char.mod("%.2f", 1 / (1 + np.exp(-each))) for each in (told, first_told))
    quoted = rng.lognormal(np.log(300), 0.7, size)
    shows_quote = np.isin(stage, ["won", "lost", "quoted"])
    due = created + rng.uniform(20, 90, size)
    next_contact = retailer.days + desk.integers(-25, 30, size)  # some should have been contacted long ago
    last_contact = np.minimum(created + 0.6 * (np.minimum(decided, retailer.days - 1) - created), retailer.days - 1)
    decided_now = np.isin(stage, ["won", "lost"])
    owner = rng.choice(STAFF, size)
    number = np.array([f"P{number}" for number in range(30001, 30001 + size)], object)
    is_closed = ~is_open
    table = pd.DataFrame(
        {
            "prospect": number,
            "created": _day(retailer, created),
            "stage": stage,
            "source": source,
            "owner": owner,
            "win_probability": stated,
            "quoted": np.where(shows_quote, money(quoted), ""),
            "expected_close": _day(retailer, due),
            "next_contact": np.where(is_open, _day(retailer, np.maximum(next_contact, created + 1)), ""),
            "competitor": np.where(decided_now, rng.choice(COMPETITORS, size), ""),
            "key_factor": np.where(decided_now, factor, ""),
            "customer": np.where(is_won, base.customer_id[customer], ""),
            "decided": np.where(is_closed, _day(retailer, np.minimum(decided, retailer.days - 1)), ""),
            "client_type": desk.choice(CLIENT_TYPES, size),
            "customer_class": desk.choice(CLASSES, size, p=[0.2, 0.5, 0.3]),
            "last_contact": _day(retailer, last_contact),
        }
    )
    events = _events(retailer, table, created, decided, (stated_first, stated, money(quoted)))
    activities = _activities(retailer, table, created, decided, stream(seed, "activities"))
    truth = {
        "prospects": size,
        "won": int(is_won.sum()),
        "open": int(is_open.sum()),
        "won_share_of_decided": float(is_won.sum() / max((~is_open).sum(), 1)),
        "log_odds_of_optimism": OPTIMISM,
        "key": {"source": KEY_SOURCE, "factor": KEY_FACTOR, "log_odds": KEY_ODDS if effects else 0.0},
        "stated_before_the_decision": True,
        "mean_chance": float(chance.mean()) if size else None,
    }
    return SalesDesk(table, events, activities, truth)


def _level(odds: np.ndarray, share: float) -> float:
    """Log-odds to be added so that the mean chance is the share that is won."""
    if not odds.size:
        return 0.0
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-(odds + middle)))).mean() < share else (low, middle)
    return (low + high) / 2


def _day(retailer, moment) -> np.ndarray:
    return iso_day(retailer.first_day, np.floor(moment).astype(int))


def _events(retailer, table: pd.DataFrame, created, decided, said) -> pd.DataFrame:
    """One row per stage reached: what was stated then; nothing is stated at the decision."""
    stated_first, stated, quoted = said
    last = np.minimum(decided, retailer.days - 1)
    steps = []
    reached = {"lead": 0.0, "contacted": 1 / 3, "quoted": 2 / 3}
    place = table["stage"].map({"lead": 0, "contacted": 1, "quoted": 2}).fillna(2).to_numpy(int)
    for number, (stage, share) in enumerate(reached.items()):
        here = place >= number
        at = created + share * (last - created)
        chance, amount = (stated_first if number == 0 else stated), (quoted if number == 2 else np.full(len(table), ""))
        steps.append(_event_rows(table["prospect"], _day(retailer, at), stage, chance, amount)[here])
    closed = table["stage"].isin(["won", "lost", "disqualified"]).to_numpy()
    none = np.full(len(table), "")
    steps.append(_event_rows(table["prospect"], _day(retailer, last), table["stage"], none, none)[closed])
    events = pd.concat(steps).sort_index(kind="stable")
    # a day on which two stages were reached keeps both: they are rows of their own
    return events.drop_duplicates(["prospect", "at", "stage"]).reset_index(drop=True)


def _event_rows(prospect, at, stage, chance, amount) -> pd.DataFrame:
    return pd.DataFrame({"prospect": prospect, "at": at, "stage": stage, "win_probability": chance, "quoted": amount})


def _activities(retailer, table: pd.DataFrame, created, decided, rng) -> pd.DataFrame:
    count = rng.integers(1, 4, len(table))
    row = np.repeat(np.arange(len(table)), count)
    is_open = ~table["stage"].isin(["won", "lost", "disqualified"]).to_numpy()
    until = np.where(is_open, retailer.days + 40, np.minimum(decided, retailer.days - 1))
    planned = created[row] + rng.random(row.size) * np.maximum(until - created, 1)[row]
    kind, how = rng.choice(KINDS, row.size, p=[0.3, 0.5, 0.2]), rng.random(row.size)
    late = np.where(how < KEPT, rng.integers(0, 2, row.size), 2 + rng.integers(0, 20, row.size))
    done = np.floor(planned) + late
    is_done = (how < KEPT + LATE) & (done < retailer.days)
    order = np.argsort(planned, kind="stable")
    frame = pd.DataFrame(
        {
            "prospect": table["prospect"].to_numpy()[row],
            "customer": table["customer"].to_numpy()[row],
            "owner": table["owner"].to_numpy()[row],
            "kind": kind,
            "planned": _day(retailer, planned),
            "done": np.where(is_done, _day(retailer, done), ""),
            "person": rng.choice(["buyer", "manager", "owner"], row.size),
            "content": rng.choice(["needs", "offer", "price", "delivery"], row.size),
            "result": np.where(is_done, rng.choice(["next step agreed", "no decision", "declined"], row.size), ""),
        }
    ).iloc[order].reset_index(drop=True)  # fmt: skip
    frame.insert(0, "activity", [f"V{number}" for number in range(50001, 50001 + len(frame))])
    return frame
