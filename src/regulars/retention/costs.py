"""What winning and keeping a customer costs, and what referrals bring, where campaigns and referrals are supplied."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.winning import acquisition_campaigns, acquisition_cost
from regulars.finding import NOT_SUPPLIED, Finding, shows, tells
from regulars.labels import Change, CostOrigin, Purpose
from regulars.purchases import Purchases, dates_of, day_numbers
from regulars.statistics.intervals import Estimate, against, difference, share, z_value
from regulars.statistics.trials import ALARM, kept_as_planned, pool, share_gap

FOLK = 5.0  # "five times dearer to win than to keep": a saying without a study behind it
NOTHING = Estimate(float("nan"), n=0)


class CostsVerdict(StrEnum):
    """Whether contacts have kept customers."""

    PROVED = "proved"  # beyond noise, against control groups
    UNPROVED = "unproved"
    UNTOLD = "untold"  # there are no campaigns of both kinds, with contacts


class ReferralsVerdict(StrEnum):
    """Whether customers who were referred are worth more than others."""

    MORE = "more"
    LESS = "less"
    ALIKE = "alike"
    UNTOLD = "untold"  # nobody known was referred


@shows
class ContactCost(NamedTuple):
    """What one contact costs.

    Parameters
    ----------
    each : float
        Currency.
    origin : CostOrigin
        Whether the firm's own contacts show it, its campaigns, or nothing.
    n : int
        Contacts that show it.
    """

    each: float
    origin: CostOrigin
    n: int = 0


@shows
class Costs(NamedTuple):
    """What it costs to win a customer, to contact one to keep, and to keep one who would have been missed.

    Parameters
    ----------
    win : Estimate
        What winning a customer has cost, as `regulars.clv.acquisition_cost` tells it on the value page; n campaigns.
    won : int
        Customers who came while these campaigns ran; those who would have come anyway are among them.
    contact : Estimate
        Cost of campaigns that keep, per customer contacted; n counts those. It is no estimate and has no interval.
    effect : Estimate
        Share who ordered among the contacted, less that among the control groups: of each campaign as the actions
        page tells it, the mean over campaigns (random effects); n counts the controls.
    keep : Estimate
        Cost of one customer more who ordered; missing where the effect is not beyond noise.
    ratio : Estimate
        `win` over `contact`.
    campaigns : int
        Supplied; where there are none all else is missing.
    """

    win: Estimate
    won: int
    contact: Estimate
    effect: Estimate
    keep: Estimate
    ratio: Estimate
    campaigns: int


def campaign_costs(
    campaigns: pd.DataFrame | None,
    contacts: pd.DataFrame | None,
    purchases: Purchases,
    observation_end,
    *,
    within_days: int,
    level: float = 0.9,
) -> Costs:
    """Cost to acquire against cost to keep, per customer.

    Parameters
    ----------
    campaigns : pandas.DataFrame or None
        ``campaign_id``, ``starts_at``; ``ends_at``, ``purpose``, ``actual_cost``, ``planned_cost``, ``outcome_days``
        and ``control_share`` (as planned) where supplied. The planned cost stands in where the actual one is missing.
        None where not supplied.
    contacts : pandas.DataFrame or None
        ``campaign_id``, ``customer_id``, ``is_control``; None where not supplied.
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Campaigns that were not over by then are left out.
    within_days : int
        From the first day on, in which an order counts, with and without contact alike, where the campaign does not
        say its own ``outcome_days``.
    level : float
        Of the intervals.

    Returns
    -------
    Costs
    """
    if campaigns is None:
        return Costs(NOTHING, 0, NOTHING, NOTHING, NOTHING, NOTHING, 0)
    end = pd.Timestamp(observation_end).normalize()
    table = campaigns.reindex(columns=["campaign_id", "starts_at", "ends_at", "purpose", "actual_cost", "planned_cost",
                                       "outcome_days", "control_share"])  # fmt: skip
    table["cost"] = table["actual_cost"].astype(float).fillna(table["planned_cost"].astype(float))
    table["until"] = pd.to_datetime(table["ends_at"]).fillna(table["starts_at"])
    table = table[(table["until"] <= end) & table["cost"].notna()]
    first = dates_of(purchases.first_days)
    win, won = acquisition_cost(campaigns, first, end, level), acquisition_campaigns(campaigns, first, end)["won"].sum()
    kept = table[table["purpose"] == Purpose.KEEP.value]
    contact, effect, keep = NOTHING, NOTHING, NOTHING
    if contacts is not None and len(kept):
        reached = contacts.merge(kept.drop(columns=["purpose", "cost"]), on="campaign_id")
        treated = reached[~reached["is_control"].astype(bool)]
        if len(treated):
            spent = float(kept.loc[kept["campaign_id"].isin(treated["campaign_id"]), "cost"].sum())
            contact = Estimate(spent / len(treated), n=len(treated))
            effect = _effect(reached, purchases, end, within_days=within_days, level=level)
            if against(effect) is Change.UP:
                ends = (contact.value / part for part in (effect.value, effect.high, effect.low))
                keep = Estimate.of(ends, effect.n)
    ratio = Estimate.of((part / contact.value for part in (win.value, win.low, win.high)), win.n)
    return Costs(win, round(won), contact, effect, keep, ratio, len(campaigns))


def _effect(reached: pd.DataFrame, purchases: Purchases, end, *, within_days: int, level: float) -> Estimate:
    """Gap between the shares who ordered, as the actions page counts them, of lots that were drawn as planned."""
    days = pd.to_numeric(reached["outcome_days"]).astype(float).fillna(within_days).clip(lower=1)
    begin = reached["starts_at"].dt.normalize()
    last = begin + pd.to_timedelta(days - 1, unit="D")
    seen, begin, last = (part[last <= end] for part in (reached, begin, last))
    came = purchases.next_days(purchases.places(seen["customer_id"]), day_numbers(begin) - 1) <= day_numbers(last)
    gaps, errors, kept_back = [], [], 0
    for _, group in seen.assign(came=came).groupby("campaign_id", sort=True):
        control = group["is_control"].astype(bool)
        treated, controls = int((~control).sum()), int(control.sum())
        as_planned = kept_as_planned(controls, treated, planned=group["control_share"].iloc[0])
        if min(treated, controls) < 2 or as_planned < ALARM:
            continue
        ordered = int(group.loc[~control, "came"].sum()), int(group.loc[control, "came"].sum())
        gap = share_gap(ordered[0], treated, ordered[1], controls, level=level)
        gaps.append(gap.value)
        errors.append((gap.high - gap.low) / (2 * z_value(level)))
        kept_back += controls
    mean = pool(gaps, errors, level).effect
    return Estimate(mean.value, mean.low, mean.high, kept_back)


@tells
def tell_costs(costs: Costs, *, within_days: int) -> Finding:
    """Cost to win against cost to keep, beside the folk number.

    Parameters
    ----------
    costs : Costs
        Of `campaign_costs`.
    within_days : int
        After a campaign's start, in which orders counted there.

    Returns
    -------
    Finding
        Its verdict is a `CostsVerdict`, or ``not_supplied`` without any campaigns.
    """
    if not costs.campaigns:
        return Finding(NOT_SUPPLIED)
    if not np.isfinite(costs.ratio.value):
        return Finding(CostsVerdict.UNTOLD)
    facts = {"win": costs.win, "contact": costs.contact, "ratio": costs.ratio, "folk": FOLK, "effect": costs.effect}
    facts |= {"days": within_days, "won": costs.won, "reached": costs.contact.n}
    if against(costs.effect) is Change.UP:
        return Finding(CostsVerdict.PROVED, facts | {"keep": costs.keep})
    return Finding(CostsVerdict.UNPROVED, facts)


@shows
class Referred(NamedTuple):
    """How many customers refer others, and what those are worth.

    Parameters
    ----------
    rate : Estimate
        Share of all customers who have referred at least one.
    brought : Estimate
        Share of all customers who were referred.
    worth, others : Estimate
        Mean expected margin (currency) of a customer who was referred, and of one who was not.
    gap : Estimate
        `worth` − `others`.
    per_referrer : float
        Expected margin of those whom one referring customer has brought, on average.
    """

    rate: Estimate
    brought: Estimate
    worth: Estimate
    others: Estimate
    gap: Estimate
    per_referrer: float


def referral_value(referrals: pd.DataFrame, value: pd.DataFrame, *, level: float = 0.9) -> Referred:
    """Referral rate and value of the referred.

    Parameters
    ----------
    referrals : pandas.DataFrame
        ``referrer_id``, ``referred_id``; who has not ordered counts on neither side.
    value : pandas.DataFrame
        ``customer_id``, ``clv``.
    level : float
        Of the intervals: Wilson's, and those of means.

    Returns
    -------
    Referred

    Examples
    --------
    >>> value = pd.DataFrame({"customer_id": list("abcd"), "clv": [1.0, 2.0, 6.0, 8.0]})
    >>> found = referral_value(pd.DataFrame({"referrer_id": ["a", "a"], "referred_id": ["c", "d"]}), value)
    >>> found.rate.value, found.worth.value, found.gap.value, found.per_referrer
    (0.25, 7.0, 5.5, 14.0)
    """
    worth = value.set_index("customer_id")["clv"].astype(float)
    is_referred = worth.index.isin(referrals["referred_id"])
    n, referrers = len(worth), int(worth.index.isin(referrals["referrer_id"]).sum())
    won, others = _mean(worth[is_referred], level), _mean(worth[~is_referred], level)
    total = float(worth[is_referred].sum())
    return Referred(
        share(referrers, n, level), share(int(is_referred.sum()), n, level), won, others, difference(won, others),
        total / referrers if referrers else float("nan"),
    )  # fmt: skip


def _mean(values: pd.Series, level: float) -> Estimate:
    n = len(values)
    if n < 2:
        return Estimate(float(values.mean()) if n else float("nan"), n=n)
    mean, reach = float(values.mean()), float(z_value(level) * values.std() / np.sqrt(n))
    return Estimate(mean, mean - reach, mean + reach, n)


@tells
def tell_referrals(referrals: pd.DataFrame | None, value: pd.DataFrame, *, level: float = 0.9) -> Finding:
    """Who refers, and whether the referred are worth more.

    Parameters
    ----------
    referrals : pandas.DataFrame or None
        ``referrer_id``, ``referred_id``; None where not supplied.
    value : pandas.DataFrame
        ``customer_id``, ``clv``, one row per customer.
    level : float
        Of the intervals, and so of the verdict.

    Returns
    -------
    Finding
        Its verdict is a `ReferralsVerdict`, or ``not_supplied``.
    """
    if referrals is None:
        return Finding(NOT_SUPPLIED)
    found = referral_value(referrals, value, level=level)
    moved = against(found.gap)
    if moved is Change.UNKNOWN:
        return Finding(ReferralsVerdict.UNTOLD)
    verdicts = {Change.UP: ReferralsVerdict.MORE, Change.DOWN: ReferralsVerdict.LESS}
    return Finding(verdicts.get(moved, ReferralsVerdict.ALIKE), found._asdict())
