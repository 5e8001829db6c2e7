"""Campaigns and whom they contacted, with a control group drawn by lot; none of them moves a purchase."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders, expected_acquisition
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import shifted_share, stream
from regulars.simulate.text import iso_day

QUARTER_DAYS = 91
COST_PER_NEW_CUSTOMER = 16.0  # planned cost of winning one
CONTROL_SHARE = 0.2
QUIET_DAYS = 180  # without an order, for a win-back
SATISFACTION_RESPONSE = 0.3  # log-odds of responding per SD of satisfaction
# purpose, bond, share of those who may be contacted, cost of one contact, share who respond, share who attend, goal
CONTACTING = (
    ("Thank-you card", "keep", "social", 0.35, 1.2, 0.08, None, "customers who order again within 90 days"),
    ("Come-back voucher", "win_back", "financial", 0.5, 1.6, 0.05, None, "quiet customers who order again"),
    ("Customer evening", "keep", "social", 0.12, 9.0, 0.20, 0.11, "customers who order again within 90 days"),
    ("Delivery slots reserved", "grow", "structural", 0.25, 0.8, 0.10, None, "more loyalty"),
)
ORDERING_GOAL = 0.25


@dataclass(frozen=True)
class Campaigns:
    """Campaigns and contacts as exported, with what only the simulation knows."""

    campaigns: pd.DataFrame
    contacts: pd.DataFrame
    truth: dict


def draw_campaigns(retailer: Retailer, base: Base, orders: Orders, customers: int, *, seed: int) -> Campaigns:
    """Draw one advertising campaign a quarter, and from the second year on one a quarter that contacts customers."""
    rng = stream(seed, "campaigns")
    rows, contacts = [], []
    came = expected_acquisition(retailer).sum(axis=1) * customers
    for number, begin in enumerate(range(0, retailer.days - QUARTER_DAYS + 1, QUARTER_DAYS), start=1):
        end = begin + QUARTER_DAYS - 1
        expected = float(came[begin : end + 1].sum())
        rows.append(
            _row(f"A{number:02d}", "Advertising", "acquire", "", begin, end, COST_PER_NEW_CUSTOMER * expected,
                 "new customers", expected, end, rng)
        )  # fmt: skip
        if number > 4:
            kind = CONTACTING[(number - 5) % len(CONTACTING)]
            row, found = _contacting(f"C{number - 4:02d}", kind, begin + 14, base, orders, rng)
            rows.append(row)
            contacts.append(found)
    frame = pd.DataFrame(rows)
    for name in ("starts", "ends", "goal_due"):
        frame[name] = iso_day(retailer.first_day, frame[name].to_numpy())
    frame.loc[frame["purpose"] == "grow", ["target", "goal_due"]] = ""  # a goal that nobody can check
    people = pd.concat(contacts, ignore_index=True) if contacts else _no_contacts()
    day = people.pop("day").to_numpy(int)
    people["contacted_at"] = np.where(people["control"] == "yes", "", iso_day(retailer.first_day, day))
    truth = {
        "cost_per_new_customer": COST_PER_NEW_CUSTOMER, "control_share": CONTROL_SHARE, "effect_on_purchases": 0.0,
        "response_share": {kind[0]: kind[5] for kind in CONTACTING}, "response_per_sd": SATISFACTION_RESPONSE,
        "attending_share": {kind[0]: kind[6] for kind in CONTACTING if kind[6]},
    }  # fmt: skip
    return Campaigns(frame, people, truth)


def _row(campaign, name, purpose, bond, begin, end, planned, goal, target, due, rng) -> dict:
    actual = planned * rng.uniform(0.85, 1.25)
    return {
        "campaign": campaign, "name": name, "purpose": purpose, "starts": begin, "ends": end,
        "planned_cost": f"{planned:.2f}", "actual_cost": f"{actual:.2f}", "goal": goal, "target": f"{target:.0f}",
        "goal_due": due, "bond": bond, "control_share": f"{CONTROL_SHARE:.2f}" if bond else "",
    }  # fmt: skip


def _contacting(campaign, kind, begin, base: Base, orders: Orders, rng):
    name, purpose, bond, reached, cost, responds, attends, goal = kind
    n = base.rate.size
    last = np.full(n, -np.inf)
    known = orders.moment < begin
    np.maximum.at(last, orders.customer[known], orders.moment[known])
    quiet = begin - last > QUIET_DAYS
    may = (base.first_moment < begin - 30) & (quiet if purpose == "win_back" else ~quiet)
    chosen = np.flatnonzero(may & (rng.random(n) < reached))
    control = rng.random(chosen.size) < CONTROL_SHARE
    chance = shifted_share(responds, SATISFACTION_RESPONSE * base.satisfaction[chosen])
    answered, came = rng.random(chosen.size) < chance, rng.random(chosen.size) < (attends or 0.0)
    day = begin + rng.integers(0, 7, chosen.size)
    contacts = pd.DataFrame(
        {
            "campaign": campaign,
            "customer": base.customer_id[chosen],
            "control": np.where(control, "yes", "no"),
            "attended": np.where(control | (attends is None), "", np.where(came, "yes", "no")),
            "responded": np.where(control, "", np.where(answered, "yes", "no")),
            "day": day,
        }
    )
    contacted = int((~control).sum())
    target = ORDERING_GOAL * contacted
    row = _row(campaign, name, purpose, bond, begin, begin + 29, cost * contacted, goal, target, begin + 97, rng)
    return row, contacts


def _no_contacts() -> pd.DataFrame:
    return pd.DataFrame(columns=["campaign", "customer", "control", "attended", "responded", "day"], dtype=object)
