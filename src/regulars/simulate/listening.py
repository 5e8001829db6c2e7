"""What a shop hears beside surveys and complaints: mystery visits to its branches, reasons of lost customers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.labels import ServiceLevel
from regulars.simulate.answers import ITEMS
from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import iso_day

BRANCHES = ("Camden", "Leeds", "Cardiff", "Glasgow", "Bristol", "Salford")
STAFF_PER_BRANCH = 4
VISITS_PER_BRANCH_AND_MONTH = 2
VISITED_ITEMS = ("quality1", "quality3", "quality4", "complaints1")
BRANCH_SD, STAFF_SD, VISIT_SD, ITEM_SD = 0.0, 0.8, 0.9, 1.1  # points of the items' scales, 1 to 10
# share of encounters on each level; it hangs on nothing
LEVELS = {
    ServiceLevel.BASIC: 0.42,
    ServiceLevel.SATISFYING: 0.41,
    ServiceLevel.EXCEEDING: 0.14,
    ServiceLevel.UNFORGETTABLE: 0.03,
}
ASKED_SHARE = 0.25  # of customers who have left, who are reached and say why
ASKED_AFTER_DAYS = (30, 120)
REASONS = {"late deliveries": 0.34, "price": 0.24, "moved away": 0.14, "better offer elsewhere": 0.18, "staff": 0.10}


@dataclass(frozen=True)
class Heard:
    """Raw tables of mystery visits and lost customers, and what the truth keeps of them."""

    mystery_visits: pd.DataFrame
    lost_reasons: pd.DataFrame
    truth: dict


def draw_heard(retailer: Retailer, base: Base, orders: Orders, seed: int) -> Heard:
    """Draw mystery visits and what lost customers say; both move nothing else.

    Agents differ (`STAFF_SD`), branches do not beyond their agents; reasons hang on nothing.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    orders : Orders
        Those of the observation, with the moment at which each customer left.
    seed : int

    Returns
    -------
    Heard
    """
    visits, staff = _visits(retailer, stream(seed, "mystery visits"))
    lost = _lost(retailer, base, orders.dropped_at, stream(seed, "lost reasons"))
    truth = {
        "mystery_visits": {
            "branch_sd": BRANCH_SD,
            "staff_sd": STAFF_SD,
            "visit_sd": VISIT_SD,
            "item_sd": ITEM_SD,
            "staff_effects": staff,
            "levels": {level.value: share for level, share in LEVELS.items()},
        },
        "lost_reasons": {"asked_share": ASKED_SHARE, "reasons": REASONS},
    }
    return Heard(visits, lost, truth)


def _visits(retailer, rng):
    months = retailer.days // 30
    n = len(BRANCHES) * months * VISITS_PER_BRANCH_AND_MONTH
    branch = np.repeat(np.arange(len(BRANCHES)), n // len(BRANCHES))
    day = np.sort(rng.integers(0, retailer.days, n))
    branch = rng.permutation(branch)
    staff = branch * STAFF_PER_BRANCH + rng.integers(0, STAFF_PER_BRANCH, n)
    effect = STAFF_SD * rng.standard_normal(len(BRANCHES) * STAFF_PER_BRANCH)
    names = np.array([f"{BRANCHES[k // STAFF_PER_BRANCH]} {k % STAFF_PER_BRANCH + 1}" for k in range(effect.size)])
    level = rng.choice([kind.value for kind in LEVELS], n, p=list(LEVELS.values()))
    means = {item.item: item.mean for item in ITEMS}
    at_visit = effect[staff] + VISIT_SD * rng.standard_normal(n)
    score = at_visit[:, None] + np.array([means[item] for item in VISITED_ITEMS])
    score = np.clip(np.round(score + ITEM_SD * rng.standard_normal(score.shape)), 1, 10).astype(int)
    each = np.repeat(np.arange(n), len(VISITED_ITEMS))
    visit = np.array([f"M{number}" for number in range(60001, 60001 + n)])
    frame = pd.DataFrame(
        {
            "visit": visit[each],
            "date": iso_day(retailer.first_day, day)[each],
            "branch": np.array(BRANCHES)[branch][each],
            "staff": names[staff][each],
            "item": np.tile(VISITED_ITEMS, n),
            "score": score.ravel().astype(str),
            "level": level[each],
        }
    )
    return frame, dict(zip(names.tolist(), effect.tolist(), strict=True))


def _lost(retailer, base, dropped_at, rng):
    after = rng.integers(*ASKED_AFTER_DAYS, dropped_at.size)
    asked = rng.random(dropped_at.size) < ASKED_SHARE
    reason = rng.choice(list(REASONS), dropped_at.size, p=list(REASONS.values()))
    told = np.floor(np.where(np.isfinite(dropped_at), dropped_at, np.inf) + after)
    rows = np.flatnonzero(asked & (told < retailer.days))
    rows = rows[np.argsort(told[rows], kind="stable")]
    return pd.DataFrame(
        {
            "customer": base.customer_id[rows],
            "date": iso_day(retailer.first_day, told[rows].astype(int)),
            "reason": reason[rows],
        }
    )
