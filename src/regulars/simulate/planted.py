"""Campaigns and programmes that change what customers buy, and the orders that come of it; beside those that do not.

The orders of the shop stay as they are: what these bring is added to them, so that nothing else of the shop moves.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import DAYS_PER_WEEK, Retailer
from regulars.simulate.spending import order_values
from regulars.simulate.streams import shifted_share, stream
from regulars.simulate.text import iso_day, money

RECENT_DAYS = 180  # since the last order, within which a campaign can move somebody
OUTCOME_DAYS = 90
# campaign, name, theme, host, notification, begin (share of the observation), share drawn of those known, share kept
# back; arm to orders that it adds per recent customer (None: it is attended, and adds to those who come)
LOTS = (
    ("E01", "Autumn catalogue", "new range", "Marketing", "letter", 0.70, 0.9, 0.4,
     {"card": 0.10, "card and voucher": 0.65}),
    ("E02", "Members' preview", "new range", "Stores", "e-mail", 0.55, 0.7, 0.4, {"invitation": None}),
    ("E03", "Price list by post", "prices", "Sales", "letter", 0.62, 0.5, 0.3, {"letter": 0.0}),
    ("E04", "Monthly newsletter", "news", "Marketing", "e-mail", 0.80, 0.6, 0.0, {"e-mail": 0.0}),
)  # fmt: skip
ATTENDING, ATTENDING_ADDS = 0.45, 0.9  # share of those invited who come; orders that coming adds
NOT_REACHED = 0.08  # of those to be contacted
BROKEN = 1.1  # log-odds, per log of the purchase rate, by which the list of E03 was "improved" after the lot
COST_EACH = {"E01": 1.1, "E02": 3.5, "E03": 0.9, "E04": 0.05}

PASS, PASS_SHARE, PASS_DAYS, PASS_ADDS, PASS_REWARD = "Delivery Pass", 0.06, 150.0, 1.0, 0.4
STAMPS, STAMPS_SHARE, STAMPS_REWARD = "Stamp card", 0.05, 0.3


@dataclass(frozen=True)
class Planted:
    """What was done, what it brought, and what only the simulation knows."""

    campaigns: pd.DataFrame
    contacts: pd.DataFrame
    memberships: pd.DataFrame
    orders: Orders  # added to those of the shop
    truth: dict


def draw_planted(retailer: Retailer, base: Base, orders: Orders, effects: bool, *, seed: int) -> Planted:
    """Draw campaigns with a lot, two programmes, and the orders that they add.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    orders : Orders
        Those of the observation, without what is added.
    effects : bool
        False: nothing is added.
    seed : int

    Returns
    -------
    Planted
    """
    parts, rows, contacts, truth = [], [], [], {}
    for lot in LOTS:
        rng = stream(seed, f"campaign {lot[0]}")
        row, people, added = _campaign(retailer, base, orders, lot, rng)
        rows.append(row)
        contacts.append(people)
        known = {"arms": lot[8], "recent_days": RECENT_DAYS, "control_share": lot[7], "lot_is_broken": lot[0] == "E03"}
        if lot[8] == {"invitation": None}:
            known |= {"attending": ATTENDING, "attending_adds": ATTENDING_ADDS}
        truth[lot[0]] = known | {"effects": effects, "added_orders": int(added[0].size) if effects else 0}
        parts.append(added)
    memberships, added, clubs = _programmes(retailer, base, orders, stream(seed, "programmes"))
    parts.append(added)
    customer, moment = (np.concatenate(each) for each in zip(*parts, strict=True))
    if not effects:
        customer, moment = customer[:0], moment[:0]
        clubs[PASS]["adds"] = 0.0
    order = np.argsort(moment, kind="stable")
    customer, moment = customer[order].astype(int), moment[order]
    worth = order_values(base.mean_spend[customer], retailer.p, stream(seed, "planted values"))
    frame = pd.DataFrame(rows)
    for name in ("starts", "ends", "goal_due"):
        frame[name] = iso_day(retailer.first_day, frame[name].to_numpy())
    people = pd.concat(contacts, ignore_index=True)
    day = people.pop("day").to_numpy(int)
    people["contacted_at"] = np.where(people.pop("asked"), iso_day(retailer.first_day, day), "")
    extra = Orders(customer, moment, worth, orders.dropped_at)
    return Planted(frame, people, memberships, extra, {"campaigns": truth, "programmes": clubs})


def _campaign(retailer, base: Base, orders: Orders, lot, rng):
    campaign, name, theme, host, notification, share, drawn, kept_back, arms = lot
    n, begin = base.rate.size, int(share * retailer.days)
    last = np.full(n, -np.inf)
    known = orders.moment < begin
    np.maximum.at(last, orders.customer[known], orders.moment[known])
    recent = begin - last <= RECENT_DAYS
    may = (base.first_moment < begin - 30) & (recent if not kept_back else True)
    chosen = np.flatnonzero(may & (rng.random(n) < drawn))
    chance = np.full(chosen.size, kept_back)
    if campaign == "E03" and chosen.size:  # somebody moved good customers off the list of those to be kept back
        pull = np.log(base.rate[chosen]) - np.log(base.rate[chosen]).mean()
        chance = shifted_share(kept_back, -BROKEN * pull)
    control = rng.random(chosen.size) < chance
    names = list(arms)
    arm = np.array(names, object)[rng.integers(0, len(names), chosen.size)]
    reached = ~control & (rng.random(chosen.size) >= NOT_REACHED)
    came = reached & (rng.random(chosen.size) < ATTENDING)
    answered = rng.random(chosen.size) < 0.06 + 0.10 * recent[chosen]
    adds = np.array([0.0 if control[i] or arms[a] is None else arms[a] for i, a in enumerate(arm)])
    adds = adds * (recent[chosen] & reached)
    is_attended = None in arms.values()
    if is_attended:
        adds = np.where(came, ATTENDING_ADDS, 0.0)
    count = rng.poisson(adds)
    customer = np.repeat(chosen, count)
    moment = begin + rng.random(customer.size) * min(OUTCOME_DAYS, retailer.days - begin)
    contacted = int((~control).sum())
    planned = COST_EACH[campaign] * contacted
    row = {
        "campaign": campaign, "name": name, "purpose": "grow", "starts": begin, "ends": begin + 29,
        "planned_cost": f"{planned:.2f}", "actual_cost": f"{planned * rng.uniform(0.9, 1.2):.2f}",
        "goal": "customers who order within 90 days", "target": f"{0.2 * contacted:.0f}", "goal_due": begin + 89,
        "bond": "financial" if campaign == "E01" else "social" if campaign == "E02" else "",
        "theme": theme, "host": host, "notification": notification,
        "control_share": f"{kept_back:.2f}" if kept_back else "", "outcome_days": str(OUTCOME_DAYS),
    }  # fmt: skip
    people = pd.DataFrame(
        {
            "campaign": campaign,
            "customer": base.customer_id[chosen],
            "control": np.where(control, "yes", "no"),
            "attended": np.where(control | (not is_attended), "", np.where(came, "yes", "no")),
            "responded": np.where(control, "", np.where(answered, "yes", "no")),
            "arm": np.where(control, "", arm) if len(arms) > 1 else "",
            "asked": reached,
            "day": begin + rng.integers(0, 5, chosen.size),
        }
    )
    return row, people, (customer, moment)


def _programmes(retailer, base: Base, orders: Orders, rng):
    """A pass that makes members order more, joined on any day, and a stamp card that does not, joined at the till."""
    n, end = base.rate.size, retailer.days
    joined = np.floor(base.first_moment + 30 + rng.exponential(PASS_DAYS, n)).astype(int)
    wants = (rng.random(n) < PASS_SHARE) & (joined < end)
    who = np.flatnonzero(wants)
    until = np.maximum(np.minimum(orders.dropped_at[who], end), joined[who])  # who has left orders no more
    count = rng.poisson(PASS_ADDS * base.rate[who] / DAYS_PER_WEEK * np.maximum(until - joined[who], 0))
    customer = np.repeat(who, count)
    # from the day after joining on, so that no order falls on the joining
    since = np.minimum(joined[customer] + 1.0, np.repeat(until, count))
    moment = since + rng.random(customer.size) * (np.repeat(until, count) - since)
    counted = orders.day >= joined[orders.customer]
    placed = np.bincount(orders.customer[counted], minlength=n) + np.bincount(customer, minlength=n)
    members = _members(retailer, base, who, joined, PASS, PASS_REWARD * placed)
    some = rng.permutation(orders.customer.size)
    first = np.unique(orders.customer[some], return_index=True)
    picked = rng.random(first[0].size) < STAMPS_SHARE
    stamped, day = first[0][picked], np.zeros(n, int)
    day[stamped] = orders.day[some[first[1][picked]]]
    counted = orders.day >= day[orders.customer]
    placed = np.bincount(orders.customer[counted], minlength=n)
    stamps = _members(retailer, base, stamped, day, STAMPS, STAMPS_REWARD * placed)
    truth = {
        PASS: {"members": len(who), "adds": PASS_ADDS, "joins_at_an_order": False, "reward_per_order": PASS_REWARD},
        STAMPS: {"members": len(stamped), "adds": 0.0, "joins_at_an_order": True, "reward_per_order": STAMPS_REWARD},
    }
    return pd.concat([members, stamps], ignore_index=True), (customer, moment), truth


def _members(retailer, base: Base, who, joined, programme: str, rewards) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": base.customer_id[who],
            "programme": programme,
            "joined": iso_day(retailer.first_day, joined[who]),
            "left": "",
            "reward_cost": money(rewards[who]),
        }
    )
