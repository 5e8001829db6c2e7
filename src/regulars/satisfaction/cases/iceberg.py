"""The silent part: dissatisfied customers who did not complain, who comes back after a complaint, and who hears of it.

Published numbers stand here as priors with their source; a firm's own figure is always beside them.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from regulars.errors import UserError
from regulars.labels import Outcome
from regulars.statistics.cells import too_small
from regulars.statistics.intervals import Estimate, wilson

# share of the dissatisfied who complain, as teaching texts tell it (one complaint for 25 dissatisfied customers; others
# print 27); weight in customers
PRIOR_RATE, PRIOR_WEIGHT = 0.04, 2.0
# people who are told of a bad experience, as two such texts have it: (usual number, share of tellers who tell more, how
# many these tell). A range, never a number
TOLD_LOW, TOLD_HIGH = (9.5, 0.13, 20.0), (10.0, 0.20, 20.0)
# intent to buy again after a loss under $5 / over $100, from a published study of complaints
PUBLISHED = {
    "no_complaint": (0.37, 0.09),
    Outcome.NOT_SATISFIED.value: (0.46, 0.19),
    Outcome.RESOLVED.value: (0.70, 0.54),
    Outcome.RESOLVED_QUICKLY.value: (0.95, 0.82),
}


class Iceberg(NamedTuple):
    """How many are dissatisfied, and how many of them say nothing.

    Parameters
    ----------
    silent, dissatisfied : Estimate
        Customers; n is that of the surveyed behind the rate.
    rate : Estimate
        Share of the dissatisfied who complain; n is the surveyed dissatisfied.
    complainants : int
        Customers who complained.
    counted : Estimate
        Those of them who are dissatisfied; n is the surveyed who complained.
    prior : float
        Published rate, which weighs as `prior_weight` customers.
    prior_weight : float
    is_prior_only : bool
        No surveyed dissatisfied customer complained: the upper end rests on the prior alone.
    """

    silent: Estimate
    dissatisfied: Estimate
    rate: Estimate
    complainants: int
    counted: Estimate
    prior: float
    prior_weight: float
    is_prior_only: bool


def complaint_iceberg(
    complainants: int,
    surveyed_complained: int,
    surveyed_dissatisfied: int,
    *,
    satisfied_complained: int = 0,
    prior_rate: float = PRIOR_RATE,
    prior_weight: float = PRIOR_WEIGHT,
    level: float = 0.9,
    draws: int = 20_000,
    seed: int = 0,
) -> Iceberg:
    """Silent dissatisfied = complaints ÷ complaint rate: how many are dissatisfied and did not say so.

    The rate p has a Beta distribution: the firm's own surveyed dissatisfied customers over a weak prior. Given p and
    the complainants C, the silent ones are negative binomial (C successes of probability p).

    Parameters
    ----------
    complainants : int
        Customers who complained (C).
    surveyed_complained, surveyed_dissatisfied : int
        Of the dissatisfied among those who answered a survey, how many complained, and how many there are.
    satisfied_complained : int
        Surveyed complainants who are *not* dissatisfied: the same part of C is taken off.
    prior_rate, prior_weight : float
        Published rate and the number of customers that it weighs.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    draws : int
        Of the simulation behind the interval.
    seed : int
        Of all that is drawn at random.

    Returns
    -------
    Iceberg

    Raises
    ------
    UserError
        Where a count is negative or more complained than there are.

    Examples
    --------
    >>> told = complaint_iceberg(200, 25, 100)
    >>> 500 < told.silent.value < 700, told.silent.low < told.silent.value < told.silent.high
    (True, True)
    """
    _check_counts(complainants, surveyed_complained, surveyed_dissatisfied, satisfied_complained)
    a = surveyed_complained + prior_rate * prior_weight
    b = surveyed_dissatisfied - surveyed_complained + (1 - prior_rate) * prior_weight
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = betaincinv(a, b, tails)
    rate = Estimate(a / (a + b), float(low), float(high), surveyed_dissatisfied)
    if complainants == 0:
        nothing = Estimate(float("nan"), n=surveyed_dissatisfied)
        return Iceberg(nothing, nothing, rate, 0, nothing, prior_rate, prior_weight, surveyed_complained == 0)
    rng = np.random.default_rng(seed)
    p = np.maximum(rng.beta(a, b, draws), 1e-9)
    of_them = np.full(draws, complainants)
    if satisfied_complained:
        part = rng.beta(surveyed_complained + 0.5, satisfied_complained + 0.5, draws)
        of_them = np.maximum(rng.binomial(complainants, part), 1)
    silent = rng.poisson(np.minimum(rng.gamma(of_them, (1 - p) / p), 1e15))  # negative binomial, without its overflow
    n = surveyed_dissatisfied
    return Iceberg(
        Estimate.of((np.median(silent), *np.quantile(silent, tails)), n),
        Estimate.of((np.median(silent + of_them), *np.quantile(silent + of_them, tails)), n),
        rate,
        complainants,
        Estimate.of((np.median(of_them), *np.quantile(of_them, tails)), surveyed_complained + satisfied_complained),
        prior_rate,
        prior_weight,
        surveyed_complained == 0,
    )


def _check_counts(complainants, complained, dissatisfied, satisfied):
    told = {"complainants": complainants, "surveyed_complained": complained, "satisfied_complained": satisfied}
    for name, value in (told | {"surveyed_dissatisfied": dissatisfied}).items():
        if value < 0 or int(value) != value:
            raise UserError(f"{name} is {value}: it counts customers, so give a whole number, 0 or more.")
    if complained > dissatisfied:
        raise UserError(
            f"surveyed_complained is {complained}, more than the {dissatisfied} surveyed who are dissatisfied: count "
            "only complaints of these."
        )


def people_told(usual: float, more_share: float, more: float) -> float:
    """People whom one dissatisfied customer tells on average, where some tell more than the others.

    Parameters
    ----------
    usual, more : float
        People told by most, and by those who tell more.
    more_share : float
        Share of these.

    Returns
    -------
    float

    Examples
    --------
    >>> people_told(10, 0.2, 20)
    12.0
    """
    return (1 - more_share) * usual + more_share * more


def word_of_mouth(
    dissatisfied: Estimate, low: float = people_told(*TOLD_LOW), high: float = people_told(*TOLD_HIGH)
) -> Estimate:
    """People who hear of a bad experience: dissatisfied customers times a published range; a range, not an estimate.

    Parameters
    ----------
    dissatisfied : Estimate
        How many customers are: of `complaint_iceberg`.
    low, high : float
        People whom one dissatisfied customer tells: teaching texts have 10.9 and 12.0 on average.

    Returns
    -------
    Estimate
        Its value is missing on purpose; the ends are those of both ranges together.

    Examples
    --------
    >>> word_of_mouth(Estimate(100, 80, 120, 50)).high
    1440.0
    """
    return Estimate(float("nan"), float(dissatisfied.low * low), float(dissatisfied.high * high), dissatisfied.n)


def retention_after_complaint(
    tickets: pd.DataFrame,
    orders: pd.DataFrame,
    observation_end,
    *,
    within_days: int = 180,
    small_loss: float = 20.0,
    large_loss: float = 100.0,
    level: float = 0.9,
    min_cell: int = 1,
) -> pd.DataFrame:
    """Who ordered again after a complaint, by how it ended and how much was lost, beside the published table.

    What was ordered counts from the day on which the case was closed, so that nothing before it can pass for its
    effect. Each customer counts once, with the latest complaint that can be followed: those of one customer are not
    independent, and would make the intervals too narrow. Groups differ in more than the outcome (confounding): who is
    lost anyway may complain differently.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``customer_id``, ``resolved_at``, ``outcome``, ``amount_at_stake``.
    orders : pandas.DataFrame
        ``customer_id``, ``ordered_at``.
    observation_end : date
        Last day of the data.
    within_days : int
        An order within so many days counts; cases closed later than that before the end are left out.
    small_loss, large_loss : float
        Currency: a loss below the first is small, above the second large, else medium.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    min_cell : int
        Cells with fewer customers have no share.

    Returns
    -------
    pandas.DataFrame
        ``outcome``, ``loss`` (small, medium, large), ``n``, ``returned``, ``share`` with limits, ``published`` (missing
        for a medium loss).
    """
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    window = pd.Timedelta(days=within_days)
    seen = tickets[tickets["outcome"].notna() & (tickets["resolved_at"] + window <= end)]
    seen = seen.dropna(subset=["amount_at_stake", "customer_id"])  # who is not known cannot be followed
    if (seen["amount_at_stake"] < 0).any():
        row = seen[seen["amount_at_stake"] < 0].iloc[0]
        raise UserError(
            f"Table tickets, ticket {row.get('ticket_id', '?')}: amount_at_stake is {row['amount_at_stake']:g}; an "
            "amount lost is 0 or more: correct it."
        )
    asked = seen[["customer_id", "resolved_at", "outcome", "amount_at_stake"]].sort_values("resolved_at", kind="stable")
    asked = asked.drop_duplicates("customer_id", keep="last")
    asked = asked.assign(resolved_at=asked["resolved_at"].astype("datetime64[us]"), customer_id=asked["customer_id"])
    later = orders[["customer_id", "ordered_at"]].sort_values("ordered_at")
    later = later.assign(ordered_at=later["ordered_at"].astype("datetime64[us]"))
    found = pd.merge_asof(
        asked, later, left_on="resolved_at", right_on="ordered_at", by="customer_id", direction="forward",
        allow_exact_matches=False, tolerance=window,
    )  # fmt: skip
    amount = found["amount_at_stake"].astype(float)
    loss = np.select([amount < small_loss, amount > large_loss], ["small", "large"], "medium")
    cells = found.assign(loss=loss, returned=found["ordered_at"].notna()).groupby(["outcome", "loss"])["returned"]
    outcomes = [Outcome.NOT_SATISFIED.value, Outcome.RESOLVED.value, Outcome.RESOLVED_QUICKLY.value]
    index = pd.MultiIndex.from_product([outcomes, ["small", "medium", "large"]], names=["outcome", "loss"])
    table = cells.agg(n="size", returned="sum").reindex(index, fill_value=0).reset_index()
    table[["n", "returned"]] = table[["n", "returned"]].astype(int)
    small = too_small(table["n"], min_cell, np.zeros(len(table)), table["outcome"], table["loss"])
    shown = (table["n"] > 0) & ~small
    table["share"] = (table["returned"] / table["n"].where(table["n"] > 0)).where(shown)
    low, high = wilson(table["returned"], table["n"], level)
    table["share_low"], table["share_high"] = np.where(shown, low, np.nan), np.where(shown, high, np.nan)
    place = {"small": 0, "large": 1}
    table["published"] = [
        PUBLISHED[o][place[s]] if s in place else float("nan")
        for o, s in zip(table["outcome"], table["loss"], strict=True)
    ]
    return table
