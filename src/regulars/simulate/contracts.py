"""Subscriptions and club memberships: who takes them, when they end and why; neither moves a purchase."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import iso_day, money

SUBSCRIBED_SHARE = 0.3  # of customers, some time after the first order, if the data last so long
DAYS_TO_SUBSCRIBE = 120.0  # mean, exponential
ALPHA, BETA = 0.7, 5.0  # chance θ of ending at each monthly renewal ~ Beta(α, β), the same for all of a customer's life
FEES = (5.0, 8.0)  # per month, small and large plan
LARGE_SHARE = 0.3
PLAN_CHANGE = 0.01  # chance, per month, of going to the other plan
REASONS = {"too dear": 0.35, "not used enough": 0.3, "service": 0.2, "moved away": 0.1, "payment failed": 0.05}
OVERLAPPING_SHARE, REVERSED_SHARE = 0.008, 0.004  # of contracts: a second one drawn up too early; dates swapped

PROGRAMME = "Regulars' Club"
MEMBER_SHARE = 0.25  # at the median purchase rate
MEMBER_RATE = 1.0  # log-odds of joining per log unit of the purchase rate: members buy more, but not because they are
DAYS_TO_JOIN = 90.0
MEMBER_LEAVES_PER_YEAR = 0.08
REWARD_PER_ORDER = 0.75


@dataclass(frozen=True)
class Contracts:
    """Contracts and memberships as exported, with what only the simulation knows."""

    contracts: pd.DataFrame
    memberships: pd.DataFrame
    truth: dict


def draw_contracts(retailer: Retailer, base: Base, orders: Orders, seed: int) -> Contracts:
    """Draw the subscriptions to free delivery and the members of the club."""
    contracts, truth = _subscriptions(retailer, base, stream(seed, "contracts"))
    memberships, members = _memberships(retailer, base, orders, stream(seed, "memberships"))
    return Contracts(contracts, memberships, {"contracts": truth, "memberships": members})


def _subscriptions(retailer, base: Base, rng):
    n = base.rate.size
    start = np.floor(base.first_moment + rng.exponential(DAYS_TO_SUBSCRIBE, n)).astype(int)
    wants = rng.random(n) < SUBSCRIBED_SHARE
    theta = rng.beta(ALPHA, BETA, n)
    months = rng.geometric(np.maximum(theta, 1e-9))  # ends at this renewal, 1, 2 …
    large = rng.random(n) < LARGE_SHARE
    switch = rng.geometric(PLAN_CHANGE, n)  # goes to the other plan at this renewal, if still there
    reason = rng.choice(list(REASONS), n, p=list(REASONS.values()))
    twice, swapped = rng.random(n) < OVERLAPPING_SHARE, rng.random(n) < REVERSED_SHARE
    who = np.flatnonzero(wants & (start < retailer.days))
    last_day = retailer.first_day + retailer.days - 1
    begin = (retailer.first_day + start[who]).astype("datetime64[D]")
    ended = _months_later(begin, months[who])
    other = _months_later(begin, switch[who])
    changes = (switch[who] < months[who]) & (other <= last_day)
    fee = np.where(large[who], FEES[1], FEES[0])
    first = _contract_frame(who, begin, np.where(changes, other, ended), fee, np.where(changes, "", reason[who]))
    second = _contract_frame(who, other, ended, sum(FEES) - fee, reason[who])[changes]
    early = _months_later(begin, np.maximum(months[who] - 1, 0))  # a new contract a month before the old one ends
    double = twice[who] & ~changes & (months[who] > 1) & (ended <= last_day)
    third = _contract_frame(who, early, ended, fee, reason[who])[double]
    table = pd.concat([first, second, third]).sort_values(["who", "started"], kind="stable", ignore_index=True)
    table["contract"] = [f"S{number}" for number in range(70001, 70001 + len(table))]
    runs = table["ended"].to_numpy() > last_day
    back = (swapped[table["who"]]) & ~runs & (table["started"] < table["ended"]).to_numpy()
    started = np.where(back, table["ended"], table["started"]).astype("datetime64[D]")
    until = np.where(back, table["started"], table["ended"]).astype("datetime64[D]")
    frame = pd.DataFrame(
        {
            "contract": table["contract"],
            "customer": base.customer_id[table["who"]],
            "started": started.astype(str),
            "ended": np.where(runs, "", until.astype(str)),
            "reason": np.where(runs, "", table["reason"]),
            "monthly_fee": money(table["fee"]),
            "term_months": "1",
        }
    )
    truth = {
        "model": "shifted beta-geometric, by month", "alpha": ALPHA, "beta": BETA, "customers": len(who),
        "reasons": REASONS, "plan_change_per_month": PLAN_CHANGE, "effect_on_purchases": 0.0,
        "overlapping": table["contract"][_overlaps(table)].tolist(), "reversed": table["contract"][back].tolist(),
    }  # fmt: skip
    return frame, truth


def _contract_frame(who, started, ended, fee, reason) -> pd.DataFrame:
    return pd.DataFrame({"who": who, "started": started, "ended": ended, "fee": fee, "reason": reason})


def _overlaps(table: pd.DataFrame) -> np.ndarray:
    before = table.groupby("who")["ended"].shift()
    return (table["started"] < before).to_numpy()


def _months_later(day, months) -> np.ndarray:
    """Same day of a later month; its last day where it is too short."""
    month = day.astype("datetime64[M]")
    later = month + np.minimum(months, 1200)
    last = (later + 1).astype("datetime64[D]") - 1
    return np.minimum(later.astype("datetime64[D]") + (day - month.astype("datetime64[D]")), last)


def _memberships(retailer, base: Base, orders: Orders, rng):
    n = base.rate.size
    pull = MEMBER_RATE * (np.log(base.rate) - np.median(np.log(base.rate)))
    odds = MEMBER_SHARE / (1 - MEMBER_SHARE) * np.exp(pull)
    wants = rng.random(n) < odds / (1 + odds)
    joined = np.floor(base.first_moment + rng.exponential(DAYS_TO_JOIN, n)).astype(int)
    left = joined + 1 + np.floor(rng.exponential(365.25 / MEMBER_LEAVES_PER_YEAR, n)).astype(int)
    who = np.flatnonzero(wants & (joined < retailer.days))
    until = np.where(left < retailer.days, left, retailer.days)
    counted = (orders.day >= joined[orders.customer]) & (orders.day < until[orders.customer])
    rewards = REWARD_PER_ORDER * np.bincount(orders.customer[counted], minlength=n)
    frame = pd.DataFrame(
        {
            "customer": base.customer_id[who],
            "programme": PROGRAMME,
            "joined": iso_day(retailer.first_day, joined[who]),
            "left": np.where(left[who] < retailer.days, iso_day(retailer.first_day, left[who]), ""),
            "reward_cost": money(rewards[who]),
        }
    )
    truth = {
        "members": len(who), "joining_per_log_rate": MEMBER_RATE, "leaves_per_year": MEMBER_LEAVES_PER_YEAR,
        "reward_per_order": REWARD_PER_ORDER, "effect_on_purchases": 0.0,
    }  # fmt: skip
    return frame, truth
