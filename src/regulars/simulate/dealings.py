"""What goes on beside orders: contacts in both directions, and the prospects of the sales desk."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import shifted_share, stream
from regulars.simulate.text import clock, iso_day, iso_minute, money

YEAR = 365.25
# contacts that the firm makes per customer and year: share of the customers, drawn regardless of what they are worth
FIRM_CONTACTS = {0.0: 0.60, 1.5: 0.25, 6.0: 0.12, 14.0: 0.03}
QUESTION_SHARE = 0.18  # of orders after which the customer gets in touch, within three weeks
# share of contacts and cost of one in the retailer's currency
FIRM_CHANNELS = {"email": (0.5, 0.2), "phone": (0.4, 4.0), "visit": (0.1, 35.0)}
CUSTOMER_CHANNELS = {"email": (0.3, 1.5), "phone": (0.35, 4.0), "chat": (0.2, 1.8), "web": (0.15, 0.1)}
FIRM_PURPOSES = {"offer": 0.55, "follow-up": 0.35, "planning": 0.10}
CUSTOMER_PURPOSES = {"delivery": 0.45, "product": 0.35, "invoice": 0.20}
COST_SPREAD = 0.25
CONNECTED = (0.4, 0.3)  # share of the firm's calls that reach somebody at the start of the day; more at its end
STAFF = tuple(f"S{number:02d}" for number in range(1, 9))
WON_SHARE = 0.12  # of customers who had been a prospect of the sales desk
LEAD_DAYS, CLOSING_DAYS = 30.0, 50.0  # mean days from the first note to the first order; to a decision
PROSPECTS_PER_CUSTOMER = 0.25  # prospects who never bought, per customer
DISQUALIFIED_SHARE = 0.25  # of prospects decided without an order
OPTIMISM = 0.9  # log-odds by which stated chances of winning exceed true ones
SOURCES, COMPETITORS = ("fair", "web form", "recommendation", "cold call"), ("Brightway", "Hearth & Co", "none")
KEY_FACTORS = ("price", "delivery time", "range", "personal contact")


@dataclass(frozen=True)
class Dealings:
    """Raw tables of contacts and prospects, and what the truth keeps of them."""

    contacts: pd.DataFrame
    prospects: pd.DataFrame
    truth: dict


def draw_dealings(retailer: Retailer, base: Base, orders: Orders, seed: int) -> Dealings:
    """Draw contacts and prospects; both move no purchase, and who is called does not hang on what a customer is worth.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    orders : Orders
        Those of the observation.
    seed : int

    Returns
    -------
    Dealings
    """
    contacts, level = _contacts(retailer, base, orders, stream(seed, "contacts"), seed=seed)
    prospects, told = _prospects(retailer, base, stream(seed, "prospects"))
    truth = {
        "contacts": {
            "firm_contacts_per_year": [{"per_year": rate, "share": share} for rate, share in FIRM_CONTACTS.items()],
            "depends_on_value": False,
            "connected_share": CONNECTED,
            "question_share": QUESTION_SHARE,
            "costs": {name: cost for name, (_, cost) in (FIRM_CHANNELS | CUSTOMER_CHANNELS).items()},
            "customers_by_rate": {f"{rate:g}": int((level == rate).sum()) for rate in FIRM_CONTACTS},
        },
        "prospects": told,
    }
    return Dealings(contacts, prospects, truth)


def _contacts(retailer, base: Base, orders: Orders, rng, *, seed):
    n = base.rate.size
    level = rng.choice(list(FIRM_CONTACTS), n, p=list(FIRM_CONTACTS.values()))
    tenure = retailer.days - base.first_moment
    count = rng.poisson(level * tenure / YEAR)
    called = np.repeat(np.arange(n), count)
    out = base.first_moment[called] + rng.random(called.size) * tenure[called]
    asks = rng.random(orders.moment.size) < QUESTION_SHARE
    back = orders.moment[asks] + rng.exponential(7.0, asks.sum()).clip(max=21)
    asking, back = orders.customer[asks][back < retailer.days], back[back < retailer.days]
    frames = [
        _side(called, out, "company", FIRM_CHANNELS, FIRM_PURPOSES, rng),
        _side(asking, back, "customer", CUSTOMER_CHANNELS, CUSTOMER_PURPOSES, rng),
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.sort_values(["moment", "customer", "initiator"], kind="stable", ignore_index=True)
    live = frame["channel"].isin(["phone", "chat"]).to_numpy()
    incoming = (frame["initiator"] == "customer").to_numpy()
    minutes = rng.gamma(2.0, 3.0, len(frame))
    offered = rng.exponential(70.0, len(frame))
    rng.random(len(frame))  # what was drawn here once; the numbers that follow stay where they were
    patience, reached = _patience(retailer, frame, seed)
    # whoever hangs up has waited as long as patience lasted, not as long as the queue would have taken
    waited = np.minimum(offered, patience)
    outgoing = (frame["initiator"] == "company").to_numpy() & (frame["channel"] == "phone").to_numpy()
    answered = np.where(incoming & live, offered <= patience, np.where(outgoing, reached, True))
    owner = rng.integers(0, len(STAFF), n)[frame["customer"].to_numpy()]
    table = pd.DataFrame(
        {
            "contact_no": [f"N{number}" for number in range(700001, 700001 + len(frame))],
            "customer": base.customer_id[frame["customer"].to_numpy()].astype(object),
            "at": iso_minute(clock(retailer.first_day, frame["moment"].to_numpy())),
            "channel": frame["channel"],
            "initiator": frame["initiator"],
            "purpose": frame["purpose"],
            "staff": np.where(frame["channel"] == "web", "", np.array(STAFF, object)[owner]),
            "cost": money(frame["cost"].to_numpy()),
            "minutes": np.where(live & answered, np.char.mod("%.1f", minutes), ""),
            "wait_seconds": np.where(live & incoming, np.char.mod("%.0f", waited), ""),
            "answered": np.where(answered, "yes", "no"),
            "self_service": np.where(frame["channel"] == "web", "yes", "no"),
        }
    )
    return table, level


def _patience(retailer, frame, seed):
    """Seconds for which each caller would wait; whether a call of the firm's reaches the customer, mornings least."""
    rng = stream(seed, "patience")
    patience = rng.exponential(retailer.patience_seconds, len(frame))
    return patience, rng.random(len(frame)) < CONNECTED[0] + CONNECTED[1] * np.mod(frame["moment"].to_numpy(), 1)


def _side(customer, moment, initiator, channels, purposes, rng) -> pd.DataFrame:
    names, (shares, costs) = list(channels), np.array(list(channels.values())).T
    place = rng.choice(len(names), customer.size, p=shares)
    return pd.DataFrame(
        {
            "customer": customer,
            "moment": moment,
            "initiator": initiator,
            "channel": np.array(names, object)[place],
            "purpose": rng.choice(np.array(list(purposes), object), customer.size, p=list(purposes.values())),
            "cost": costs[place] * rng.gamma(1 / COST_SPREAD**2, COST_SPREAD**2, customer.size),
        }
    )


def _prospects(retailer, base: Base, rng):
    n = base.rate.size
    won = np.flatnonzero(rng.random(n) < WON_SHARE)
    noted = base.first_moment[won] - rng.exponential(LEAD_DAYS, won.size)
    won, noted = won[noted >= 0], noted[noted >= 0]
    others = round(n * PROSPECTS_PER_CUSTOMER)
    created = np.concatenate([noted, rng.random(others) * retailer.days])
    customer = np.concatenate([won, np.full(others, -1)])
    decided = created + rng.exponential(CLOSING_DAYS, created.size)
    decided[: won.size] = base.first_moment[won]
    order = np.argsort(created, kind="stable")
    created, customer, decided = created[order], customer[order], decided[order]
    size = created.size
    is_won, is_open = customer >= 0, (customer < 0) & (decided >= retailer.days)
    step = np.clip((retailer.days - created) // 20, 0, 2).astype(int)
    closed = np.where(rng.random(size) < DISQUALIFIED_SHARE, "disqualified", "lost")
    stage = np.where(is_won, "won", np.where(is_open, np.array(["lead", "contacted", "quoted"])[step], closed))
    true_chance = is_won.mean() if size else WON_SHARE
    stated = shifted_share(min(true_chance, 0.99), OPTIMISM + 0.8 * is_won + 0.5 * rng.standard_normal(size))
    quoted = rng.lognormal(np.log(300), 0.7, size)
    shows_quote = np.isin(stage, ["won", "lost", "quoted"])
    due = created + rng.uniform(20, 90, size)
    next_contact = retailer.days + rng.integers(0, 30, size)
    decided_now = np.isin(stage, ["won", "lost"])
    table = pd.DataFrame(
        {
            "prospect": [f"P{number}" for number in range(30001, 30001 + size)],
            "created": iso_day(retailer.first_day, np.floor(created).astype(int)),
            "stage": stage,
            "source": rng.choice(SOURCES, size),
            "owner": rng.choice(STAFF, size),
            "win_probability": np.char.mod("%.2f", stated),
            "quoted": np.where(shows_quote, money(quoted), ""),
            "expected_close": iso_day(retailer.first_day, np.floor(due).astype(int)),
            "next_contact": np.where(is_open, iso_day(retailer.first_day, next_contact), ""),
            "competitor": np.where(decided_now, rng.choice(COMPETITORS, size), ""),
            "key_factor": np.where(decided_now, rng.choice(KEY_FACTORS, size), ""),
            "customer": np.where(is_won, base.customer_id[customer], ""),
        }
    )
    told = {
        "prospects": size,
        "won": int(is_won.sum()),
        "open": int(is_open.sum()),
        "won_share_of_decided": float(is_won.sum() / max((~is_open).sum(), 1)),
        "log_odds_of_optimism": OPTIMISM,
    }
    return table, told
