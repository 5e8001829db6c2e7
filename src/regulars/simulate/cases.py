"""Complaints and service cases: who meets trouble, who says so, and what becomes of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.labels import Outcome
from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import shifted_share, stream
from regulars.simulate.text import clock, iso_minute, money

# category: (share, causes)
COMPLAINTS = {
    "delivery": (0.36, ("company: service",)),
    "product quality": (0.28, ("company: product", "company: product", "customer: product")),
    "returns": (0.14, ("company: service", "customer: service")),
    "staff": (0.12, ("company: service",)),
    "billing": (0.10, ("company: service", "customer: service")),
}
SERVICE = {
    "question": (0.55, ("customer: product", "customer: service")),
    "change of order": (0.30, ("customer: service",)),
    "spare part": (0.15, ("customer: product", "company: product")),
}
# urgency: (share, median hours to the first response, median further hours until resolved)
URGENCY = {"low": (0.30, 10.0, 60.0), "normal": (0.55, 6.0, 34.0), "high": (0.15, 2.5, 18.0)}
SPREAD_RESPONSE, SPREAD_RESOLUTION = 0.9, 1.0  # SD of the log of these hours
CHANNELS = {"phone": 0.38, "email": 0.34, "web": 0.20, "store": 0.08}
NOT_SATISFIED = {"complaint": 0.22, "service": 0.05}
QUICK_HOURS = 48.0
DAYS_UNTIL_NOTICED = 4.0


@dataclass(frozen=True)
class Tickets:
    """The raw table, which orders were a bad experience and which were complained of, and what the truth keeps."""

    tickets: pd.DataFrame
    is_bad: np.ndarray
    is_complained_of: np.ndarray
    settings: dict

    @property
    def truth(self) -> dict:
        """What only the simulation knows."""
        complaints = int((self.tickets["type"] == "complaint").sum())
        bad, complained = int(self.is_bad.sum()), int(self.is_complained_of.sum())
        return {
            "bad_experiences": bad,
            "complaints": complaints,
            "silent": bad - complained,
            "complained_after_the_end": complained - complaints,
            **self.settings,
        }

    def of(self, is_kept, tickets: pd.DataFrame) -> "Tickets":
        """The same without the orders that were not placed after all."""
        return Tickets(tickets, self.is_bad[is_kept], self.is_complained_of[is_kept], self.settings)


def draw_tickets(retailer: Retailer, base: Base, orders: Orders, lines: pd.DataFrame, *, seed: int) -> Tickets:
    """Draw what goes wrong with orders, who complains, and how each case is handled.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    orders : Orders
        Those within the observation.
    lines : pandas.DataFrame
        Sale lines of these orders: ``document`` (position of the order, ascending), ``product``, ``quantity``,
        ``price``.
    seed : int

    Returns
    -------
    Tickets
    """
    rng = stream(seed, "tickets")
    n = orders.customer.size
    s = base.satisfaction[orders.customer]
    worse = np.where(orders.moment >= retailer.day_of(retailer.worse_from), np.log(retailer.worse_times), 0.0)
    odds = retailer.bad_experience_satisfaction * s + worse
    bad = rng.random(n) < shifted_share(retailer.bad_experience_share, odds)
    complains = bad & (rng.random(n) < retailer.complaint_share)
    asks = rng.random(n) < retailer.service_share
    order = np.concatenate([np.flatnonzero(complains), np.flatnonzero(asks)])
    sort = np.repeat(["complaint", "service"], [complains.sum(), asks.sum()])
    opened = orders.moment[order] + rng.gamma(1.5, DAYS_UNTIL_NOTICED / 1.5, order.size)
    kept = np.flatnonzero(opened < retailer.days)
    kept = kept[np.argsort(opened[kept], kind="stable")]
    frame = _handled(retailer, base, orders, lines, order[kept], sort[kept], opened[kept], rng)
    settings = {
        "urgency": {name: {"share": share, "median_response_hours": first, "median_further_hours": further}
                    for name, (share, first, further) in URGENCY.items()},
        "not_satisfied_share": NOT_SATISFIED,
        "resolved_quickly_hours": QUICK_HOURS,
    }  # fmt: skip
    return Tickets(frame, bad, complains, settings)


def _handled(retailer, base, orders, lines, order, sort, opened, rng) -> pd.DataFrame:
    n = order.size
    category, cause = _category(sort, rng)
    urgency = rng.choice(list(URGENCY), n, p=[share for share, _, _ in URGENCY.values()])
    median_first, median_further = np.array([URGENCY[name][1:] for name in urgency]).reshape(n, 2).T
    first = median_first * np.exp(SPREAD_RESPONSE * rng.standard_normal(n))
    whole = first + median_further * np.exp(SPREAD_RESOLUTION * rng.standard_normal(n))
    whole = np.where(rng.random(n) < retailer.never_resolved_share, np.inf, whole)
    opened_at = clock(retailer.first_day, opened)
    end = (retailer.first_day + retailer.days).astype("datetime64[m]")
    responded_at, resolved_at = _later(opened_at, first, end), _later(opened_at, whole, end)
    is_closed = ~np.isnat(resolved_at)
    unhappy = rng.random(n) < np.where(sort == "complaint", NOT_SATISFIED["complaint"], NOT_SATISFIED["service"])
    happy_end = np.where(whole <= QUICK_HOURS, Outcome.RESOLVED_QUICKLY.value, Outcome.RESOLVED.value)
    outcome = np.where(unhappy, Outcome.NOT_SATISFIED.value, happy_end)
    about = _line_of(order, lines, rng)
    is_complaint = sort == "complaint"
    return pd.DataFrame(
        {
            "ticket_no": np.array([f"T{number}" for number in range(30001, 30001 + n)], object),
            "customer": base.customer_id[orders.customer[order]],
            "type": sort,
            "opened": iso_minute(opened_at),
            "first_response": iso_minute(responded_at),
            "resolved": iso_minute(resolved_at),
            "category": category,
            "cause": cause,
            "channel": rng.choice(list(CHANNELS), n, p=list(CHANNELS.values())),
            "urgency": urgency,
            "status": np.where(is_closed, "closed", np.where(np.isnat(responded_at), "open", "in progress")),
            "contacts": (1 + rng.poisson(np.where(whole > QUICK_HOURS, 0.8, 0.25))).astype(str),
            "outcome": np.where(is_closed, outcome, ""),
            "amount_at_stake": np.where(
                is_complaint, money((lines["quantity"] * lines["price"]).to_numpy()[about]), ""
            ),
            "product": lines["product"].to_numpy()[about],
        }
    )


def _category(sort, rng):
    category, cause = np.empty(sort.size, object), np.empty(sort.size, object)
    for name, table in (("complaint", COMPLAINTS), ("service", SERVICE)):
        rows = np.flatnonzero(sort == name)
        category[rows] = rng.choice(list(table), rows.size, p=[share for share, _ in table.values()])
        for kind, (_, causes) in table.items():
            those = rows[category[rows] == kind]
            cause[those] = rng.choice(causes, those.size)
    return category, cause


def _later(start, hours, end):
    """Moments so many hours later; missing where they lie at or beyond the end of the observation."""
    minutes = np.where(np.isfinite(hours), hours, 0) * 60
    moment = start + np.ceil(minutes).astype("timedelta64[m]")
    return np.where(np.isfinite(hours) & (moment < end), moment, np.datetime64("NaT", "m"))


def _line_of(order, lines, rng):
    """One line of each order, by chance."""
    first = np.searchsorted(lines["document"].to_numpy(), order)
    after = np.searchsorted(lines["document"].to_numpy(), order, side="right")
    return first + np.floor(rng.random(order.size) * (after - first)).astype(int)
