"""Simulated shops for the studies of how far a forecast of a total may be off: order logs whose future is known.

Every shop has customers who differ in their rate of ordering, a way in which they leave (never, at a rate in time that
is common to all or differs, or after an order), a season, a trend, a level that wanders, and new customers who come at
a rate that grows or falls; its log may begin long after the shop did. A kind of shop has one of these in excess.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.purchases import PARTS, Purchases, dates_of, day_number

SURGE = "surge"  # the pace of all rises or falls by .3 to 1 of a logarithm a year: beyond what is learnt from
KINDS = ("cohort", "order_dropout", "time_dropout", "mixed_dropout", "season", "trend", "wander", "regular")
YEAR = 365.25
START = "2015-01-01"


@dataclass(frozen=True)
class World:
    """A log of purchase days, sorted by customer and day, and when it is cut.

    ``customer`` and ``day`` have a row per purchase day from day 0 of the log on; what lies after ``history`` days is
    the future, ``horizon`` days of it are to be forecast.
    """

    kind: str
    customer: np.ndarray
    day: np.ndarray
    history: int
    horizon: int
    age: float


def simulate(kind: str, rng, customers: int = 1500, history: int | None = None, horizon: int | None = None) -> World:
    """One shop of a kind."""
    if history is None:
        history = int(np.exp(rng.uniform(np.log(120), np.log(1300))))
    if horizon is None:
        horizon = int(np.clip(history * np.exp(rng.uniform(np.log(0.25), np.log(1.6))), 60, 730))
    cohort = kind == "cohort"
    age = 0.0 if cohort or rng.random() < 0.3 else rng.uniform(0.3, 6.0)  # years before the log begins
    growth = rng.normal(0.0, 0.25)
    season = rng.uniform(0.3, 0.8) if kind == "season" else abs(rng.normal(0.0, 0.25))
    phase, sharp = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 1.0)
    trend = rng.normal(0.0, 0.2 if kind == "trend" else 0.07)
    if kind == SURGE:
        trend = rng.uniform(0.3, 1.0) * rng.choice([-1.0, 1.0])
    wander = rng.uniform(0.03, 0.08) if kind == "wander" else abs(rng.normal(0.0, 0.02))

    # common intensity by day, from the shop's first day to the end of what is forecast
    days = np.arange(int(-age * YEAR), history + horizon + 1)
    angle = 2 * np.pi * days / YEAR + phase
    steps = np.cumsum(rng.normal(0.0, wander, days.size // 30 + 2))[(days - days[0]) // 30]
    log_level = season * (np.cos(angle) + sharp * np.cos(2 * angle) / 2) + trend * days / YEAR + steps
    log_level -= log_level[(days > 0) & (days <= history)].mean()
    level = np.exp(log_level)
    grown = np.concatenate([[0.0], np.cumsum(level)])

    # first orders
    if cohort:
        born = rng.uniform(0, min(90, history / 2), customers)
    else:
        won = np.exp(growth * days / YEAR + rng.uniform(0, 1) * log_level) * (days <= history)
        born = np.interp(rng.random(customers), np.cumsum(won) / won.sum(), days - days[0]) + days[0]
    yearly = np.exp(rng.uniform(np.log(0.8), np.log(12.0)))
    shape = np.exp(rng.uniform(np.log(0.35), np.log(2.5)))
    rate = rng.gamma(shape, yearly / YEAR / shape, customers)

    # leaving: a share per year, at a rate in time; or after an order
    lost = rng.uniform(0.05, 0.7)
    death = np.full(customers, np.inf)
    after_order = kind == "order_dropout" or (
        kind != "time_dropout" and kind != "mixed_dropout" and rng.random() < 0.35
    )
    hazard = -np.log1p(-lost) / YEAR
    if not after_order:
        mixed = kind == "mixed_dropout" or rng.random() < 0.4
        s = np.exp(rng.uniform(np.log(0.4), np.log(3.0)))
        each = rng.gamma(s, hazard / s, customers) if mixed else hazard
        death = born + rng.standard_exponential(customers) / np.maximum(each, 1e-12)
    end = np.minimum(death, history + horizon)

    def operational(t):
        return np.interp(t - days[0], np.arange(grown.size), grown)

    width = np.maximum(operational(end) - operational(born), 0.0)
    regular = 2 if kind == "regular" else 1
    count = rng.poisson(rate * regular * width)
    who = np.repeat(np.arange(customers), count)
    at = operational(born)[who] + rng.random(who.size) * width[who]
    order = np.lexsort((at, who))
    who, at = who[order], at[order]
    starts = np.cumsum(count) - count
    place = np.arange(who.size) - starts[who]
    if regular == 2:
        offset = rng.integers(0, 2, customers)
        kept = (place + offset[who]) % 2 == 1
        who, at = who[kept], at[kept]
        place = np.arange(who.size) - np.searchsorted(who, who)
    if after_order:
        a = np.exp(rng.uniform(np.log(0.3), np.log(3.0)))
        mean = np.clip(lost / max(yearly, 1.0), 0.01, 0.5)
        chance = rng.beta(a, a * (1 - mean) / mean, customers)
        last = rng.geometric(np.clip(chance, 1e-9, 1.0))
        kept = place < last[who]
        who, at = who[kept], at[kept]
    when = np.interp(at, grown, np.arange(grown.size)) + days[0]
    customer, day = np.concatenate([np.arange(customers), who]), np.floor(np.concatenate([born, when])).astype(int)
    seen = (day >= 0) & (day < history + horizon)
    key = np.unique(customer[seen].astype(np.int64) * 100_000 + day[seen])
    return World(kind, key // 100_000, (key % 100_000).astype(int), history, horizon, age)


def purchases_of(world: World, rng) -> Purchases:
    """The log as purchases; customers differ in what they spend, and spend drifts by some percent a year."""
    found, code = np.unique(world.customer, return_inverse=True)
    ids = pd.Series([f"{number:06}" for number in found], dtype="string", name="customer_id")
    first, drift = day_number(START), rng.normal(0.0, 0.04)
    own = rng.normal(3.0, 0.6, found.size)[code]
    spent = np.exp(own + rng.normal(0.0, 0.5, code.size) + drift * world.day / YEAR)
    ends = dates_of(np.array([first, first + world.history + world.horizon - 1]))
    money = np.rint(spent * PARTS).astype(np.int64)
    return Purchases(ids, code, world.day + first, money, *ends)
