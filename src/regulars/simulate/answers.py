"""Survey waves: what customers who answer say, from a path model of satisfaction with known coefficients."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base
from regulars.simulate.retailer import DAYS_PER_WEEK, Retailer
from regulars.simulate.streams import shifted_share, stream
from regulars.simulate.text import iso_day

CONSTRUCTS = ("image", "expectation", "quality", "value", "satisfaction", "complaints", "loyalty")
# the arrows of the European Customer Satisfaction Index; every construct has variance 1
PATHS = {
    ("image", "expectation"): 0.50,
    ("expectation", "quality"): 0.55,
    ("expectation", "value"): 0.05,
    ("quality", "value"): 0.55,
    ("image", "satisfaction"): 0.20,
    ("expectation", "satisfaction"): 0.05,
    ("quality", "satisfaction"): 0.50,
    ("value", "satisfaction"): 0.20,
    ("satisfaction", "complaints"): 0.50,
    ("image", "loyalty"): 0.20,
    ("satisfaction", "loyalty"): 0.50,
    ("complaints", "loyalty"): 0.05,
}


@dataclass(frozen=True)
class Item:
    """One question: its construct, scale, mean and SD of the score before rounding, and its loading.

    `expected_mean` is the mean of what customers say they expect; None where they are not asked.
    """

    item: str
    construct: str
    wording: str
    mean: float
    sd: float = 1.7
    loading: float = 0.85
    expected_mean: float | None = None
    scale: tuple[int, int] = (1, 10)


ITEMS = (
    Item("image1", "image", "It is a shop that can be trusted.", 7.6),
    Item("image2", "image", "It is well established.", 7.3, loading=0.78),
    Item("image3", "image", "It cares about its customers.", 7.0),
    Item("image4", "image", "It is different from other shops.", 6.4, loading=0.70),
    Item("expectation1", "expectation", "Before my first order I expected good products.", 7.9),
    Item("expectation2", "expectation", "I expected that the shop would meet my needs.", 7.6),
    Item("expectation3", "expectation", "I expected that hardly anything would go wrong.", 7.2, loading=0.75),
    Item("quality1", "quality", "The products are well made.", 7.5, expected_mean=7.7),
    Item("quality2", "quality", "Deliveries arrive when promised.", 6.6, expected_mean=8.1),
    Item("quality3", "quality", "Staff are helpful and friendly.", 7.8, expected_mean=7.4),
    Item("quality4", "quality", "The web site makes ordering easy.", 7.2, expected_mean=7.6),
    Item("value1", "value", "Given the quality, the prices are fair.", 6.5, expected_mean=7.2),
    Item("value2", "value", "Given the prices, the quality is good.", 6.9, expected_mean=7.3),
    Item("satisfaction1", "satisfaction", "All in all I am satisfied with the shop.", 7.4, loading=0.90),
    Item("satisfaction2", "satisfaction", "The shop meets my expectations.", 7.1),
    Item("satisfaction3", "satisfaction", "The shop is close to my idea of a perfect one.", 6.5),
    Item("complaints1", "complaints", "Complaints are taken seriously.", 6.7),
    Item("complaints2", "complaints", "When something goes wrong it is put right quickly.", 6.4),
    Item("loyalty1", "loyalty", "I will order here again.", 7.6),
    Item("loyalty2", "loyalty", "I would stay if another shop were a little cheaper.", 5.8, sd=2.1, loading=0.70),
    Item("loyalty3", "loyalty", "I tell friends about the shop.", 6.3, sd=2.0),
    Item("recommendation", "recommendation", "Would you recommend us to a friend?", 7.6, sd=2.1, scale=(0, 10)),
    Item("overall", "overall", "Overall, how satisfied are you with us?", 3.9, sd=0.85, scale=(1, 5)),
    Item("effort", "effort", "How easy was it to get what you needed?", 5.2, sd=1.3, loading=0.6, scale=(1, 7)),
)
SINGLE = {"recommendation": "loyalty", "overall": "satisfaction", "effort": "quality"}  # what drives the single items
NOT_ANSWERED = 0.03  # of items, within an answered questionnaire
ANONYMOUS = 0.06  # of questionnaires
ANSWER_WITHIN_DAYS = 14


@dataclass(frozen=True)
class Surveys:
    """The raw tables, and what the truth keeps of them."""

    surveys: pd.DataFrame
    survey_items: pd.DataFrame
    truth: dict


def total_effects() -> pd.DataFrame:
    """Effect of one SD of each construct (row) on each (column), over all paths; one on the diagonal."""
    direct = pd.DataFrame(0.0, index=CONSTRUCTS, columns=CONSTRUCTS)
    for (source, target), weight in PATHS.items():
        direct.loc[source, target] = weight
    identity = np.eye(len(CONSTRUCTS))
    return pd.DataFrame(np.linalg.inv(identity - direct.to_numpy()), index=CONSTRUCTS, columns=CONSTRUCTS)


def construct_correlations() -> np.ndarray:
    """Correlations of the constructs that the paths imply, the disturbances filling each variance up to 1."""
    names = list(CONSTRUCTS)
    correlation = np.eye(len(names))
    for position, target in enumerate(names):
        weights = np.array([PATHS.get((source, target), 0.0) for source in names[:position]])
        with_earlier = weights @ correlation[:position, :position]
        correlation[position, :position] = correlation[:position, position] = with_earlier
    return correlation


def draw_surveys(retailer: Retailer, base: Base, dropped_at, seed: int) -> Surveys:
    """Ask everybody who has been a customer for a month, wave by wave; a minority answers.

    Those who have not left answer more often, and so do, a little, the satisfied. In each wave satisfaction is
    √ρ s + √(1 − ρ) e; the other constructs follow from it as the path model demands.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    dropped_at : numpy.ndarray
        Moment at which each customer leaves.
    seed : int

    Returns
    -------
    Surveys
    """
    rng = stream(seed, "surveys")
    waves = _wave_days(retailer)
    customer, wave, invited = _who_answers(retailer, base, dropped_at, waves, rng)
    constructs = _constructs(retailer, base.satisfaction[customer], rng)
    shift = retailer.last_wave_quality_shift * total_effects().loc["quality"].to_numpy()
    constructs += np.where(wave == len(waves) - 1, 1.0, 0.0)[:, None] * shift
    day = waves[wave] + rng.integers(0, ANSWER_WITHIN_DAYS, customer.size)
    labels = np.array([_wave_label(retailer.first_day + wave_day) for wave_day in waves])
    order = np.lexsort((customer, day))
    customer, wave, day, constructs = customer[order], wave[order], day[order], constructs[order]
    anonymous = rng.random(customer.size) < ANONYMOUS
    response = np.array([f"R{number}" for number in range(20001, 20001 + customer.size)])
    name = np.where(anonymous, "", base.customer_id[customer])
    rows = _scores(constructs, rng)
    date = iso_day(retailer.first_day, day)
    behind = dict(zip(response[anonymous].tolist(), base.customer_id[customer[anonymous]].tolist(), strict=True))
    frame = pd.DataFrame(
        {
            "response_no": response[rows.respondent],
            "customer": name[rows.respondent],
            "date": date[rows.respondent],
            "wave": labels[wave][rows.respondent],
            "item": rows.item,
            "kind": rows.kind,
            "score": rows.score.astype(str),
        }
    )
    truth = {
        "paths": [{"source": source, "target": target, "weight": weight} for (source, target), weight in PATHS.items()],
        "items": {item.item: {"construct": item.construct, "mean": item.mean, "sd": item.sd, "loading": item.loading,
                              "expected_mean": item.expected_mean} for item in ITEMS},
        "single_items_follow": SINGLE,
        "waves": [{"wave": label, "from_day": int(start), "invited": int(asked), "answered": int((wave == k).sum()),
                   "quality_shift": retailer.last_wave_quality_shift if k == len(waves) - 1 else 0.0}
                  for k, (label, start, asked) in enumerate(zip(labels.tolist(), waves, invited, strict=True))],
        "anonymous": behind,
        "not_answered_share": NOT_ANSWERED,
    }  # fmt: skip
    return Surveys(frame, _items(), truth)


def _wave_days(retailer) -> np.ndarray:
    last = retailer.days - retailer.last_wave_before_end * DAYS_PER_WEEK
    first = retailer.first_wave * DAYS_PER_WEEK
    return np.arange(first, last + 1, retailer.weeks_between_waves * DAYS_PER_WEEK)


def _wave_label(day) -> str:
    return f"{str(day)[:4]}H{1 if int(str(day)[5:7]) <= 6 else 2}"


def _who_answers(retailer, base, dropped_at, waves, rng):
    customers, numbers, invited = [], [], []
    for number, day in enumerate(waves):
        asked = np.flatnonzero(base.first_moment < day - 30)
        share = np.where(dropped_at[asked] > day, retailer.answer_share_alive, retailer.answer_share_dropped)
        chance = shifted_share(share, retailer.answer_satisfaction * base.satisfaction[asked])
        answering = asked[rng.random(asked.size) < chance]
        customers.append(answering)
        numbers.append(np.full(answering.size, number))
        invited.append(asked.size)
    none = [np.empty(0, int)]
    return np.concatenate(customers or none), np.concatenate(numbers or none), invited


def _constructs(retailer, s, rng) -> np.ndarray:
    """All constructs given satisfaction: normal, with the correlations of the path model."""
    share = retailer.satisfaction_reliability
    satisfaction = np.sqrt(share) * s + np.sqrt(1 - share) * rng.standard_normal(s.size)
    correlation = construct_correlations()
    at = CONSTRUCTS.index("satisfaction")
    with_satisfaction = correlation[:, at]
    rest = correlation - np.outer(with_satisfaction, with_satisfaction)
    others = [position for position in range(len(CONSTRUCTS)) if position != at]
    noise = np.zeros((s.size, len(CONSTRUCTS)))
    noise[:, others] = rng.standard_normal((s.size, len(others))) @ np.linalg.cholesky(rest[np.ix_(others, others)]).T
    return satisfaction[:, None] * with_satisfaction + noise


@dataclass(frozen=True)
class _Scores:
    respondent: np.ndarray
    item: np.ndarray
    kind: np.ndarray
    score: np.ndarray


def _scores(constructs, rng) -> _Scores:
    """Scores on the scale: mean + SD (loading × construct + error), rounded and clipped; in the order of asking."""
    columns, names, kinds = [], [], []
    expectation = constructs[:, CONSTRUCTS.index("expectation")]
    for item in ITEMS:
        construct = constructs[:, CONSTRUCTS.index(SINGLE.get(item.construct, item.construct))]
        asked = [("perceived", item.mean, construct)]
        if item.expected_mean is not None:
            asked.append(("expected", item.expected_mean, expectation))
        for kind, mean, driver in asked:
            error = rng.standard_normal(driver.size)
            score = mean + item.sd * (item.loading * driver + np.sqrt(1 - item.loading**2) * error)
            columns.append(np.clip(np.round(score), *item.scale).astype(int))
            names.append(item.item)
            kinds.append(kind)
    table = np.array(columns).T
    respondent, question = np.nonzero(rng.random(table.shape) >= NOT_ANSWERED)
    return _Scores(respondent, np.array(names)[question], np.array(kinds)[question], table[respondent, question])


def _items() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item": [item.item for item in ITEMS],
            "construct": [item.construct for item in ITEMS],
            "scale_min": [str(item.scale[0]) for item in ITEMS],
            "scale_max": [str(item.scale[1]) for item in ITEMS],
            "wording": [item.wording for item in ITEMS],
        }
    )
