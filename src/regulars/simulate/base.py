"""The customers of the shop: who they are, when they came, what they are like, and every order they place."""

from dataclasses import dataclass

import numpy as np

from regulars.simulate.products import RANGE
from regulars.simulate.purchasing import purchases_until_dropout
from regulars.simulate.retailer import DAYS_PER_WEEK, Retailer, month_of_day
from regulars.simulate.spending import mean_spend, order_values
from regulars.simulate.streams import stream

# channel: share of new customers at the start, and how that share changes per year (log)
CHANNELS = {"search": (0.34, -0.10), "store": (0.28, -0.25), "social": (0.16, 0.35), "referral": (0.12, 0.10),
            "marketplace": (0.10, 0.20)}  # fmt: skip
# new customers by calendar month, January first: busy before Christmas, quiet in summer
SEASON = (0.85, 0.85, 0.95, 1.0, 1.0, 0.9, 0.8, 0.8, 1.0, 1.15, 1.45, 1.25)
REGIONS = {"London": 0.2, "South East": 0.2, "North West": 0.16, "Midlands": 0.18, "Yorkshire": 0.12, "Scotland": 0.08,
           "Wales": 0.06}  # fmt: skip
CONSENT_SHARE = 0.62


@dataclass(frozen=True)
class Base:
    """One entry per customer, in the order in which they joined."""

    customer_id: np.ndarray
    first_moment: np.ndarray  # days since the start of the observation, with the fraction of the day
    acquisition_channel: np.ndarray
    region: np.ndarray
    birth_year: np.ndarray  # −1: not told
    consent: np.ndarray
    days_registered: np.ndarray  # days between registering and the first order
    satisfaction: np.ndarray  # s: mean 0, SD 1
    rate: np.ndarray  # λ per week
    dropout: np.ndarray  # p
    mean_spend: np.ndarray
    taste: np.ndarray  # customer × category, rows sum to one


@dataclass(frozen=True)
class Orders:
    """One entry per order of a registered customer, by moment; orders beyond the observation are truth only."""

    customer: np.ndarray
    moment: np.ndarray  # days since the start of the observation
    worth: np.ndarray  # what the basket should be worth
    dropped_at: np.ndarray  # per customer: moment of leaving, infinite for those who never left

    @property
    def day(self) -> np.ndarray:
        """Whole days since the start."""
        return np.floor(self.moment).astype(int)


def expected_acquisition(retailer: Retailer) -> np.ndarray:
    """Share of all new customers by day and channel: a trend per channel times the season."""
    day = np.arange(retailer.days)
    share, trend = np.array(list(CHANNELS.values())).T
    season = np.array(SEASON)[month_of_day(retailer.first_day, day) - 1]
    weight = share * np.exp(trend * day[:, None] / 365.25) * season[:, None]
    return weight / weight.sum()


def draw_base(retailer: Retailer, customers: int, seed: int) -> Base:
    """Draw the customers: acquisition, attributes, and what each of them is like.

    Channel, region and age act on nothing: a pipeline that finds an effect of theirs has found noise.
    """
    rng = stream(seed, "acquisition")
    weight = expected_acquisition(retailer)
    cell = np.searchsorted(np.cumsum(weight.ravel()), rng.random(customers), side="right")
    day, channel = np.divmod(np.minimum(cell, weight.size - 1), len(CHANNELS))
    moment = day + rng.random(customers)
    order = np.argsort(moment, kind="stable")
    people = stream(seed, "people")
    s = stream(seed, "satisfaction").standard_normal(customers)
    s = (s - s.mean()) / (s.std() or 1.0)
    return Base(
        customer_id=np.array([f"K{number}" for number in range(10001, 10001 + customers)]),
        first_moment=moment[order],
        acquisition_channel=np.array(list(CHANNELS))[channel[order]],
        region=people.choice(list(REGIONS), customers, p=list(REGIONS.values())),
        birth_year=np.where(
            people.random(customers) < 0.04, -1, np.clip(people.normal(1978, 14, customers).round(), 1935, 2006)
        ).astype(int),
        consent=people.random(customers) < CONSENT_SHARE,
        days_registered=people.geometric(0.35, customers) - 1,
        satisfaction=s,
        rate=stream(seed, "rates").gamma(retailer.r, 1 / retailer.alpha, customers)
        * np.exp(retailer.rate_satisfaction * s),
        dropout=stream(seed, "dropouts").beta(
            retailer.a * np.exp(retailer.dropout_satisfaction * s), retailer.b, customers
        ),
        mean_spend=mean_spend(customers, retailer.p, retailer.q, retailer.v, rng=stream(seed, "mean spend")),
        taste=stream(seed, "taste").dirichlet(np.full(len(RANGE), 0.8), customers),
    )


PUSH_DAYS = 14.0  # within which a campaign brings its orders


def draw_orders(retailer: Retailer, base: Base, seed: int) -> Orders:
    """Let every customer buy, event by event, until leaving or until the simulated future ends."""
    rng = stream(seed, "purchases")
    until = retailer.days + retailer.future_weeks * DAYS_PER_WEEK
    bought = purchases_until_dropout(base.rate / DAYS_PER_WEEK, base.dropout, until - base.first_moment, rng)
    moment = base.first_moment[bought.customer] + bought.time
    worth = order_values(base.mean_spend[bought.customer], retailer.p, stream(seed, "order values"))
    customer, dropped_at = bought.customer, base.first_moment + bought.dropped_at
    if retailer.push_percent:
        more, at = _pushed(retailer, base, dropped_at, stream(seed, "push"))
        customer, moment = np.concatenate([customer, more]), np.concatenate([moment, at])
        worth = np.concatenate([worth, order_values(base.mean_spend[more], retailer.p, stream(seed, "push values"))])
    order = np.argsort(moment, kind="stable")
    return Orders(customer=customer[order], moment=moment[order], worth=worth[order], dropped_at=dropped_at)


def _pushed(retailer: Retailer, base: Base, dropped_at, rng) -> tuple[np.ndarray, np.ndarray]:
    """Customers who order once more for a campaign, within two weeks of its day."""
    day = retailer.day_of(retailer.push_on)
    there = np.flatnonzero((base.first_moment < day) & (dropped_at > day))
    more = there[rng.random(there.size) < retailer.push_percent / 100]
    return more, day + rng.random(more.size) * PUSH_DAYS
