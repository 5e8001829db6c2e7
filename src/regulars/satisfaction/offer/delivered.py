"""Delivered value: what an offer gives the customer less what it costs the customer, beside a competitor's."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from regulars.errors import UntoldError, UserError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.satisfaction.survey.indices import mean
from regulars.settings import Offer, SatisfactionSettings
from regulars.statistics.intervals import Estimate, to_row

GAINS = ("product", "service", "personnel", "image")
COSTS = ("money", "time", "energy", "effort")
PARTS = GAINS + COSTS
OURS = "us"  # what one's own offer is called in params.yaml


class DeliveredVerdict(StrEnum):
    """Our delivered value beside the best competitor's.

    As customers judge it: more or less beyond noise, unclear within it, asked without a competitor. As managers state
    it: ahead, behind, level, or alone without a competitor.
    """

    MORE = "more"
    LESS = "less"
    UNCLEAR = "unclear"
    ASKED = "asked"
    AHEAD = "ahead"
    BEHIND = "behind"
    LEVEL = "level"
    ALONE = "alone"


def asked_of_offers(offer: Offer) -> set[str]:
    """Items that ask for the parts of delivered value, of all offers.

    Parameters
    ----------
    offer : Offer
        Its ``delivered``.

    Returns
    -------
    set[str]

    Examples
    --------
    >>> asked_of_offers(Offer(kano={}, delivered={"us": {"product": "product_us"}}))
    {'product_us'}
    """
    return {item for parts in offer.delivered.values() for item in parts.values()}


def delivered_value(offers: pd.DataFrame | Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Net value and ratio of offers: (product + service + personnel + image) − (money + time + energy + effort).

    Parameters
    ----------
    offers : mapping or pandas.DataFrame
        Offer to its eight parts (a frame: offer × part), all in one unit, each at least 0. A part that plays no role is
        given as 0, never left out.

    Returns
    -------
    pandas.DataFrame
        By offer: the eight parts, ``gains``, ``costs``, ``net`` (gains − costs) and ``ratio`` (gains/costs; NaN where
        nothing is to be paid in any form).

    Raises
    ------
    UserError
        That names the offer and the part that is missing, unknown or negative.

    References
    ----------
    Kotler, P. (2000), Marketing Management, 10th ed., ch. 2 (customer delivered value).

    Examples
    --------
    >>> ours = dict(product=50, service=20, personnel=10, image=10, money=40, time=5, energy=5, effort=10)
    >>> delivered_value({"us": ours})[["net", "ratio"]].loc["us"].tolist()
    [30.0, 1.5]
    """
    rows = offers.to_dict("index") if isinstance(offers, pd.DataFrame) else offers
    for offer, parts in rows.items():
        for part in (*PARTS, *parts):
            value = parts.get(part)
            if part not in PARTS:
                raise UserError(f"Delivered value of {offer}: '{part}' is no part; name {', '.join(PARTS)}.")
            if not isinstance(value, int | float) or not value >= 0:
                raise UserError(f"Delivered value of {offer}: {part} is {value}; give a number of at least 0.")
    table = pd.DataFrame({offer: {part: float(parts[part]) for part in PARTS} for offer, parts in rows.items()}).T
    table["gains"], table["costs"] = table[list(GAINS)].sum(axis=1), table[list(COSTS)].sum(axis=1)
    table["net"] = table["gains"] - table["costs"]
    table["ratio"] = table["gains"].where(table["costs"] > 0) / table["costs"]
    return table.rename_axis("offer")


def value_bridge(parts: pd.Series) -> pd.DataFrame:
    """From the first gain to the net value, step by step, as a waterfall shows it.

    Parameters
    ----------
    parts : pandas.Series
        One row of `delivered_value`.

    Returns
    -------
    pandas.DataFrame
        ``part``, ``amount`` (costs are negative), ``is_total``.

    Examples
    --------
    >>> ours = dict(product=50, service=20, personnel=10, image=10, money=40, time=5, energy=5, effort=10)
    >>> value_bridge(delivered_value({"us": ours}).loc["us"])["amount"].tolist()
    [50.0, 20.0, 10.0, 10.0, 90.0, -40.0, -5.0, -5.0, -10.0, 30.0]
    """
    steps = [(part, parts[part], False) for part in GAINS] + [("gains", parts["gains"], True)]
    steps += [(part, -parts[part], False) for part in COSTS] + [("net", parts["net"], True)]
    return pd.DataFrame(steps, columns=["part", "amount", "is_total"])


def answered_value(answers: pd.DataFrame, parts: Mapping[str, str], level: float = 0.9) -> dict[str, Estimate]:
    """An offer's delivered value as customers judge it, with intervals.

    Parameters
    ----------
    answers : pandas.DataFrame
        One row per respondent, one column per item, all on one scale from 0 (nothing). Who left out one of the eight is
        left out.
    parts : mapping
        Each of the eight parts to the item that asks for it.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    dict
        Each part, ``gains``, ``costs``, ``net`` (Student's intervals of means) and ``ratio`` (of the means; interval by
        the delta method on the log, NaN where nothing is to be paid).

    Raises
    ------
    UserError
        That names the part or the item that is missing.

    References
    ----------
    Kotler, P. (2000), Marketing Management, 10th ed., ch. 2.
    Cochran, W. G. (1977), Sampling Techniques, ch. 6 (ratios).

    Examples
    --------
    >>> answers = pd.DataFrame({part: [50.0, 60.0] for part in PARTS} | {"time": [10.0, 30.0]})
    >>> found = answered_value(answers, {part: part for part in PARTS})
    >>> found["net"].value, round(found["ratio"].value, 3), found["net"].n
    (35.0, 1.189, 2)
    """
    known = _judged(answers, parts)
    sums = known.assign(gains=known[list(GAINS)].sum(axis=1), costs=known[list(COSTS)].sum(axis=1))
    told = {name: mean(sums[name], level) for name in (*PARTS, "gains", "costs")}
    return told | {"net": mean(sums["gains"] - sums["costs"], level), "ratio": _ratio(sums, level)}


def _judged(answers: pd.DataFrame, parts: Mapping[str, str]) -> pd.DataFrame:
    """Answers to the eight parts, of those who judged all."""
    for part in (*PARTS, *parts):
        if part not in PARTS:
            raise UserError(f"Delivered value: '{part}' is no part; name {', '.join(PARTS)}.")
        if parts.get(part) not in answers:
            raise UserError(
                f"Delivered value: the item '{parts.get(part)}' for {part} is not in the survey; correct the name or "
                "ask for it."
            )
    return answers[[parts[part] for part in PARTS]].set_axis(list(PARTS), axis=1).dropna()


def _ratio(sums: pd.DataFrame, level: float) -> Estimate:
    n, gains, costs = len(sums), sums["gains"].mean(), sums["costs"].mean()
    if n < 2 or not (gains > 0 and costs > 0):
        return Estimate(gains / costs if costs > 0 else float("nan"), n=n)
    # what each respondent pulls the log of the ratio by
    pull = sums["gains"] / gains - sums["costs"] / costs
    reach = float(stdtrit(n - 1, (1 + level) / 2) * pull.std(ddof=1) / np.sqrt(n))
    value = gains / costs
    return Estimate(float(value), float(value * np.exp(-reach)), float(value * np.exp(reach)), n)


class Against(NamedTuple):
    """An offer beside a competitor's, as the same respondents judge both.

    Parameters
    ----------
    gap : Estimate
        Mean of our net value less the competitor's, respondent by respondent.
    bridge : pandas.DataFrame
        From the competitor's net value to ours, part by part: ``part``, ``amount`` with limits (what customers give
        counts with a minus sign), ``is_total``, ``n``.
    """

    gap: Estimate
    bridge: pd.DataFrame


def against(answers: pd.DataFrame, ours: Mapping[str, str], theirs: Mapping[str, str], level: float = 0.9) -> Against:
    """Compare two offers on the respondents who judged both.

    Parameters
    ----------
    answers, level
        As `answered_value`.
    ours, theirs : mapping
        The eight parts of each offer to their items.

    Returns
    -------
    Against
        Student's intervals of paired differences, so that who rates everything high does not blur the gap.

    Raises
    ------
    UserError
        As `answered_value`, and where nobody judged both.

    Examples
    --------
    >>> answers = pd.DataFrame({f"{who}_{part}": [50.0, 60.0, 70.0] for who in ("us", "them") for part in PARTS})
    >>> answers["them_money"] += [4.0, 5.0, 6.0]
    >>> items = {who: {part: f"{who}_{part}" for part in PARTS} for who in ("us", "them")}
    >>> found = against(answers, items["us"], items["them"])
    >>> found.gap.value, found.bridge["amount"].tolist()
    (5.0, [-5.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0])
    """
    own, other = _judged(answers, ours), _judged(answers, theirs)
    both = own.index.intersection(other.index)
    if not len(both):
        raise UserError("Delivered value: nobody judged both offers; ask those who know the competitor for both.")
    sign = pd.Series({part: 1.0 if part in GAINS else -1.0 for part in PARTS})
    own, other = own.loc[both] * sign, other.loc[both] * sign
    step = own - other
    rows = [("rival_net", other.sum(axis=1), True), *((part, step[part], False) for part in PARTS)]
    rows.append(("our_net", own.sum(axis=1), True))
    table = []
    for part, values, is_total in rows:
        told = mean(values, level)
        table.append((part, told.value, told.low, told.high, is_total, told.n))
    names = ["part", "amount", "amount_low", "amount_high", "is_total", "n"]
    return Against(mean(step.sum(axis=1), level), pd.DataFrame(table, columns=names))


@tells
def tell_delivered(answers: pd.DataFrame, settings: SatisfactionSettings) -> Finding:
    """What customers get for what they give, beside a competitor: as they judge it, else as managers state it.

    Parameters
    ----------
    answers : pandas.DataFrame
        Respondent × item, all on one scale from 0 (nothing): what customers were asked of the parts of an offer.
    settings : SatisfactionSettings
        Its ``offer.delivered`` (offer to its eight parts, each with its item) or, where customers are not asked,
        ``managers.offers``; one's own offer is called ``us``.

    Returns
    -------
    Finding
        Verdict a `DeliveredVerdict`; frames ``bridge``, ``offers`` and, where the same respondents judge both,
        ``rival``. Not supplied where nobody tells.
    """
    asked, stated = settings.offer.delivered, settings.managers.offers
    if not asked and not stated:
        return Finding(NOT_SUPPLIED)
    if OURS not in (asked or stated):
        raise UserError(f"Delivered value names {', '.join(asked or stated)}: call your own offer '{OURS}'.")
    return _judged_by_customers(answers, asked, settings.interval_level) if asked else _stated(stated)


def _judged_by_customers(answers: pd.DataFrame, asked: Mapping[str, Mapping[str, str]], level: float) -> Finding:
    told = {offer: answered_value(answers, parts, level) for offer, parts in asked.items()}
    own = told[OURS]
    if own["net"].n < 2:
        raise UntoldError(
            f"Delivered value: {own['net'].n} respondents judged all eight parts of our offer; at least 2 are needed."
        )
    facts: dict[str, object] = {"net": own["net"], "ratio": own["ratio"]}
    bridge = value_bridge(pd.Series({name: estimate.value for name, estimate in own.items()}))
    for end, pick in (("low", 0), ("high", 1)):
        bridge[f"amount_{end}"] = [_ends(own[row.part], row.amount)[pick] for row in bridge.itertuples()]
    rows = [{"offer": offer, "n": found["net"].n} | _columns(found) for offer, found in told.items()]
    frames = {"bridge": bridge.assign(n=own["net"].n), "offers": pd.DataFrame(rows)}
    rivals = {offer: found["net"].value for offer, found in told.items() if offer != OURS and found["net"].n > 1}
    if not rivals:
        return Finding(DeliveredVerdict.ASKED, facts, frames)
    best = max(rivals, key=rivals.__getitem__)
    found = against(answers, asked[OURS], asked[best], level)
    facts |= {"rival": best, "gap": found.gap}
    low, high = found.gap.low, found.gap.high
    verdict = DeliveredVerdict.MORE if low > 0 else DeliveredVerdict.LESS if high < 0 else DeliveredVerdict.UNCLEAR
    return Finding(verdict, facts, frames | {"rival": found.bridge})


def _stated(offers: Mapping[str, Mapping[str, float]]) -> Finding:
    """Delivered value as managers state it, without an interval."""
    table = delivered_value(offers)
    facts: dict[str, object] = {name: Estimate(float(table.loc[OURS, name])) for name in ("net", "ratio")}
    none = {f"{name}_{end}": float("nan") for name in ("net", "ratio") for end in ("low", "high")}
    bridge = value_bridge(table.loc[OURS]).assign(amount_low=float("nan"), amount_high=float("nan"))
    frames = {"bridge": bridge, "offers": table.reset_index().assign(n=None, **none)}
    rivals = table.drop(index=OURS)
    if rivals.empty:
        return Finding(DeliveredVerdict.ALONE, facts, frames)
    best = str(rivals["net"].idxmax())
    gap = float(table.loc[OURS, "net"] - rivals.loc[best, "net"])
    facts |= {"rival": best, "gap": Estimate(abs(gap))}
    verdict = DeliveredVerdict.AHEAD if gap > 0 else DeliveredVerdict.BEHIND if gap < 0 else DeliveredVerdict.LEVEL
    return Finding(verdict, facts, frames)


def _ends(estimate: Estimate, amount: float) -> tuple[float, float]:
    """Ends of a step of the bridge: those of a cost change sides with its sign."""
    return (estimate.low, estimate.high) if amount >= 0 else (-estimate.high, -estimate.low)


def _columns(told: Mapping[str, Estimate]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, estimate in told.items():
        found |= to_row(estimate, name)
    return found
