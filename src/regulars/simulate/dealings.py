"""What goes on beside orders: contacts in both directions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import clock, iso_minute, money

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


@dataclass(frozen=True)
class Dealings:
    """Raw table of contacts, and what the truth keeps of it."""

    contacts: pd.DataFrame
    truth: dict


def draw_dealings(retailer: Retailer, base: Base, orders: Orders, seed: int) -> Dealings:
    """Draw contacts; they move no purchase, and who is called does not hang on what a customer is worth.

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
    truth = {
        "contacts": {
            "firm_contacts_per_year": [{"per_year": rate, "share": share} for rate, share in FIRM_CONTACTS.items()],
            "depends_on_value": False,
            "connected_share": CONNECTED,
            "question_share": QUESTION_SHARE,
            "costs": {name: cost for name, (_, cost) in (FIRM_CHANNELS | CUSTOMER_CHANNELS).items()},
            "customers_by_rate": {f"{rate:g}": int((level == rate).sum()) for rate in FIRM_CONTACTS},
        },
    }
    return Dealings(contacts, truth)


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
