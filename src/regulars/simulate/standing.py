"""What customers spend elsewhere, whom people think of first, and who pays back what was lent."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import iso_day, money

ASKED = 0.22  # of customers with an order in the last year, asked what they spend elsewhere
SHARE = (2.0, 3.0)  # Beta law of the share of wallet
COMPETITORS = {"Brightway": 0.5, "Hearth & Co": 0.3, "other": 0.2}  # of what is spent elsewhere
RESPONDENTS = 800  # people asked whom they think of, per 5,000 customers
FIRST, NAMED = {"us": 0.18, "Brightway": 0.42, "Hearth & Co": 0.22}, {"us": 0.45, "Brightway": 0.7, "Hearth & Co": 0.5}
CREDITED = 0.25  # of customers, who may pay later
BAD = -1.7  # log-odds of not paying, before what follows
ARREARS, SHORT_JOB, LONG_TERM = 1.5, 0.8, 0.7  # log-odds added by earlier arrears, under a year in the job, long terms


@dataclass(frozen=True)
class Standing:
    """Raw tables, and what the truth keeps of them."""

    wallet: pd.DataFrame
    recall: pd.DataFrame
    credit: pd.DataFrame
    truth: dict


def draw_standing(retailer: Retailer, base: Base, orders: Orders, effects: bool, *, seed: int) -> Standing:
    """Draw wallets, recall and credit; none of them moves a purchase.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    orders : Orders
    effects : bool
        False: nothing that an applicant says tells whether the debt is paid.
    seed : int

    Returns
    -------
    Standing
    """
    wallet, told = _wallet(retailer, base, orders, stream(seed, "wallet"))
    recall, named = _recall(retailer, base, stream(seed, "recall"))
    credit, lent = _credit(retailer, base, effects, stream(seed, "credit"))
    return Standing(wallet, recall, credit, {"wallet": told, "recall": named, "credit": lent})


def _wallet(retailer, base: Base, orders: Orders, rng):
    n, year = base.rate.size, retailer.days - 365
    spent = np.bincount(orders.customer, orders.worth * (orders.moment >= year), minlength=n)
    asked, share = rng.random(n) < ASKED, rng.beta(*SHARE, n)
    parts = rng.dirichlet(2 * np.array(list(COMPETITORS.values())), n)
    who = np.flatnonzero(asked & (spent > 0))
    elsewhere = spent[who] / share[who] - spent[who]
    period = str((retailer.first_day + retailer.days - 1).astype("datetime64[Y]"))
    frames = [_wallet_rows(base, who, period, "us", spent[who])]
    frames += [
        _wallet_rows(base, who, period, name, elsewhere * parts[who, place]) for place, name in enumerate(COMPETITORS)
    ]
    table = pd.concat(frames).sort_values(["customer", "competitor"], kind="stable", ignore_index=True)
    total = spent[who].sum() / max((spent[who] + elsewhere).sum(), 1e-9)
    return table, {"customers": len(who), "share": float(total)}


def _wallet_rows(base: Base, who, period: str, name: str, spend) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": base.customer_id[who],
            "period": period,
            "competitor": name,
            "spend": money(np.maximum(spend, 0.0)),
        }
    )


def _recall(retailer, base: Base, rng):
    n = max(round(RESPONDENTS * base.rate.size / 5000), 1)
    who = np.array([f"Q{number}" for number in range(1, n + 1)], object)
    names = list(FIRST)
    draw = rng.random(n)
    edges = np.cumsum(list(FIRST.values()))
    first = np.searchsorted(edges, draw, side="right")  # beyond the last: nobody
    frames = []
    for place, name in enumerate(names):
        rest = (NAMED[name] - FIRST[name]) / (1 - FIRST[name])
        is_first = first == place
        named = is_first | (rng.random(n) < rest)
        frames.append(
            pd.DataFrame(
                {
                    "respondent": who,
                    "asked": iso_day(retailer.first_day, np.full(n, retailer.days - 60)),
                    "brand": name,
                    "named_first": np.where(is_first, "yes", "no"),
                    "named": np.where(named, "yes", "no"),
                }
            )
        )
    table = pd.concat(frames).sort_values(["respondent", "brand"], kind="stable", ignore_index=True)
    return table, {"respondents": n, "first": FIRST, "named": NAMED}


def _credit(retailer, base: Base, effects: bool, rng):
    n = base.rate.size
    who = np.flatnonzero((rng.random(n) < CREDITED) & (base.first_moment < retailer.days - 180))
    size = who.size
    arrears = rng.choice(["none", "once", "repeated"], size, p=[0.7, 0.2, 0.1])
    job = rng.gamma(1.3, 4.0, size)
    term = rng.choice([6, 12, 24, 36], size, p=[0.3, 0.35, 0.2, 0.15])
    amount = rng.lognormal(np.log(180), 0.6, size)
    housing = rng.choice(["rents", "owns", "with family"], size, p=[0.5, 0.35, 0.15])
    odds = np.full(size, BAD)
    if effects:
        odds += ARREARS * (arrears == "repeated") + ARREARS / 2 * (arrears == "once")
        odds += SHORT_JOB * (job < 1) + LONG_TERM * (term >= 24)
    bad = rng.random(size) < 1 / (1 + np.exp(-odds))
    reminders = np.where(bad, 2 + rng.poisson(1.0, size), rng.random(size) < 0.02)  # known only afterwards
    lent = base.first_moment[who] + rng.random(size) * (retailer.days - 150 - base.first_moment[who])
    table = pd.DataFrame(
        {
            "customer": base.customer_id[who],
            "outcome": np.where(bad, "yes", "no"),
            "observed": iso_day(retailer.first_day, np.floor(lent + 120).astype(int)),
            "arrears_before": arrears,
            "job_years": np.char.mod("%.1f", job),
            "term_months": term.astype(str),
            "credit_amount": money(amount),
            "housing": housing,
            "reminders_sent": reminders.astype(int).astype(str),
        }
    )
    truth = {
        "customers": size, "bad": int(bad.sum()), "known_after": ["reminders_sent"],
        "log_odds": {"arrears": ARREARS, "short_job": SHORT_JOB, "long_term": LONG_TERM} if effects else {},
    }  # fmt: skip
    return table, truth
