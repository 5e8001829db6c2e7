"""Whom to ask next: only where asking is known to pay, and only those of whom that can be told."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from regulars.actions.campaigns import Judged, Watched
from regulars.actions.effects import benjamini_hochberg, campaign_effect
from regulars.actions.uplift import UpliftTree, halves_of, policy_value, qini_interval, uplift_tree
from regulars.finding import Refusal, may_refuse, shows
from regulars.labels import Change
from regulars.purchases import Purchases
from regulars.statistics.intervals import Estimate, against

CONTROL = "control"
MOST_GROUPS = 12  # that are looked at, by their numbers of customers


class Ask(StrEnum):
    """Whom to ask next time."""

    CHOOSE = "choose"  # those whom the rule names: it beats both asking all and asking nobody
    ALL = "all"
    NOBODY = "nobody"
    UNCLEAR = "unclear"


@shows
class Asking(NamedTuple):
    """Whom to ask with one campaign, at its cost.

    Parameters
    ----------
    verdict : Ask
    campaign, arm : str
    cost_each : float
        Of one contact, currency.
    customers : int
        Drawn, on both sides.
    all_over_nobody, rule_over_all, rule_over_nobody : Estimate
        Margin less cost per customer drawn, of one way over another.
    groups : pandas.DataFrame
        ``group``, ``n``, ``effect`` with limits, ``others`` (effect on all others), ``p_adjusted`` (that both are one).
    tree : UpliftTree or None
    qini : Estimate
        Of the tree's score, on those it was not made of; NaN without a tree.
    asked : float
        Share that the rule would ask.
    """

    verdict: Ask
    campaign: str
    arm: str
    cost_each: float
    customers: int
    all_over_nobody: Estimate
    rule_over_all: Estimate
    rule_over_nobody: Estimate
    groups: pd.DataFrame
    tree: UpliftTree | None
    qini: Estimate
    asked: float


@may_refuse
def whom_next(
    judged: Judged,
    watched: Watched,
    features: pd.DataFrame,
    *,
    margin: float,
    level: float,
    groups_min: int,
) -> Asking | Refusal:
    """Take the campaign that gains most beyond noise, and ask whether choosing among customers would gain more.

    Parameters
    ----------
    judged : Judged
    watched : Watched
    features : pandas.DataFrame
        ``campaign_id``, ``customer_id``, and numbers known before the lot.
    margin : float
    level : float
    groups_min : int
        Customers of a group, or a leaf, whose own effect is told.

    Returns
    -------
    Asking or Refusal
        A refusal where no campaign has changed anything beyond noise.
    """
    up = judged.told[judged.told["verdict"] == Change.UP.value]
    if up.empty:
        return Refusal("No campaign has changed what customers spend by more than noise, so that nobody is named.")
    best = up.loc[(up["break_even"] - up["cost_each"].fillna(0)).idxmax()]
    rows = watched.fetch([best["campaign_id"]])
    rows = rows.loc[rows["arm"].isin([best["arm"], CONTROL]), ["campaign_id", "customer_id", "arm", "spend"]]
    rows = rows.merge(features, on=["campaign_id", "customer_id"], how="left")
    names = [name for name in features if name not in ("campaign_id", "customer_id")]
    known = rows[names].apply(pd.to_numeric, errors="coerce").astype(float)
    known = known.fillna(known.median()).fillna(0.0)
    each = float(best["cost_each"]) if np.isfinite(best["cost_each"]) else 0.0
    return ask(
        known, rows["arm"].to_numpy(object), rows["spend"].to_numpy(float),
        arms=[str(best["arm"])], costs=[each], margin=margin, level=level, groups_min=groups_min,
        campaign=str(best["name"]),
    )  # fmt: skip


def ask(
    features: pd.DataFrame,
    arm,
    outcome,
    *,
    arms: Sequence[str],
    costs: Sequence[float],
    margin: float,
    level: float = 0.9,
    groups_min: int = 200,
    campaign: str = "",
    first=None,
    best: str | None = None,
) -> Asking:
    """Hold "ask all", "ask nobody" and "ask those whom a rule names" against each other, on rows kept back.

    Parameters
    ----------
    features : pandas.DataFrame
        Numbers known before the lot.
    arm : array of str
        What the lot gave: one of `arms`, or ``control``.
    outcome : array of float
        Spend.
    arms : sequence of str
        Ways to ask, the one that gained most first.
    costs : sequence of float
        Of one contact in each way.
    margin : float
    level : float
    groups_min : int
    campaign : str
    first : array of bool, optional
        Rows of the first half; every second where absent.
    best : str, optional
        Arm that "ask all" means; the first of `arms` where absent.

    Returns
    -------
    Asking
    """
    arm, y = np.asarray(arm, object), np.asarray(outcome, float)
    best = best or arms[0]
    half = np.arange(arm.size) % 2 == 0 if first is None else np.asarray(first, bool)
    least = max(groups_min // 2, arm.size // 40)
    gains, tree, qini = np.full((arm.size, len(arms)), np.nan), None, Estimate(float("nan"))
    for place, (one, cost) in enumerate(zip(arms, costs, strict=True)):
        score, grown = _scores(features, arm, y, one, half, least, level)
        gains[:, place] = margin * score - cost
        if one == best:
            tree = grown
            here = np.isin(arm, [one, CONTROL])
            if grown is not None:
                qini = qini_interval(score[here], arm[here] == one, y[here], level)
    chosen = np.where(np.nanmax(gains, axis=1) > 0, np.array(arms, object)[np.nanargmax(gains, axis=1)], CONTROL)
    each = pd.Series(arm).map(dict(zip(arms, costs, strict=True))).fillna(0.0).to_numpy(float)
    money = margin * y - each
    every, nobody, rule = (
        policy_value(policy, arm, money, features=features)
        for policy in (np.full(arm.size, best, object), np.full(arm.size, CONTROL, object), chosen)
    )
    all_over, rule_all, rule_none = (
        every.against(nobody, level),
        rule.against(every, level),
        rule.against(nobody, level),
    )
    return Asking(
        _verdict(all_over, rule_all, rule_none), campaign, best, float(costs[list(arms).index(best)]), int(arm.size),
        all_over, rule_all, rule_none,
        group_effects(features, arm, y, best, level=level, groups_min=groups_min), tree, qini,
        float((chosen != CONTROL).mean()),
    )  # fmt: skip


def _verdict(all_over: Estimate, rule_all: Estimate, rule_none: Estimate) -> Ask:
    if against(rule_all) is Change.UP and against(rule_none) is Change.UP:
        return Ask.CHOOSE
    return {Change.UP: Ask.ALL, Change.DOWN: Ask.NOBODY}.get(against(all_over), Ask.UNCLEAR)


def _scores(features, arm, y, one: str, half, least: int, level: float):
    """Effect of one way on every row, told by the tree made without that row's half."""
    here = np.isin(arm, [one, CONTROL])
    z = arm[here] == one
    if min(z.sum(), (~z).sum()) < 2 * least:
        gap = campaign_effect(y[here], z).estimate
        return np.full(arm.size, gap), None
    grown = uplift_tree(features[here], z, y[here], first=half[here], min_leaf=least, level=level)
    score = np.full(arm.size, np.nan)
    score[here] = grown.score["score"]
    if not here.all():  # rows that the lot gave another way: the same trees tell them
        score[~here] = halves_of(features, here, half, (z, y[here]), least)[~here]
    return score, grown


def group_effects(
    features: pd.DataFrame, arm, outcome, best: str, *, level: float = 0.9, groups_min: int = 200
) -> pd.DataFrame:
    """Effect on the upper and lower half by each number known before, and whether the two differ beyond noise.

    Returns
    -------
    pandas.DataFrame
        ``group`` (a number), ``cut`` (its median; the group is above it), ``n``, ``effect`` with ``effect_low``,
        ``effect_high``, ``others`` with limits (effect below it),
        ``p_adjusted`` (Benjamini and Hochberg over all that were looked at).
    """
    arm, y = np.asarray(arm, object), np.asarray(outcome, float)
    here = np.isin(arm, [best, CONTROL])
    z, y, known = arm[here] == best, y[here], features[here].reset_index(drop=True)
    rows = []
    for name in list(known)[:MOST_GROUPS]:
        values = known[name].to_numpy(float)
        cut = 0.5 if set(np.unique(values)) <= {0.0, 1.0} else float(np.median(values))
        inside = values > cut
        sizes = [min((side & z).sum(), (side & ~z).sum()) for side in (inside, ~inside)]
        if min(inside.sum(), (~inside).sum()) < groups_min or min(sizes) < 2:
            continue
        one, other = (campaign_effect(y[side], z[side], level=level) for side in (inside, ~inside))
        error = np.hypot(one.standard_error, other.standard_error)
        p = float(2 * norm.sf(abs(one.estimate - other.estimate) / error)) if error > 0 else 1.0
        ends = (one.estimate, one.low, one.high, other.estimate, other.low, other.high)
        rows.append((name, cut, int(inside.sum()), *ends, p))
    table = pd.DataFrame(
        rows,
        columns=["group", "cut", "n", "effect", "effect_low", "effect_high", "others", "others_low", "others_high",
                 "p_adjusted"],
    )  # fmt: skip
    table["p_adjusted"] = benjamini_hochberg(table["p_adjusted"].to_numpy(float)) if len(table) else table["p_adjusted"]
    return table


def features_on_eve(
    purchases: Purchases, contacts: pd.DataFrame | None, campaigns: pd.DataFrame | None
) -> pd.DataFrame:
    """What was known of each drawn customer on the eve of the campaign.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
    contacts : pandas.DataFrame
        ``campaign_id``, ``customer_id``.
    campaigns : pandas.DataFrame
        ``campaign_id``, ``starts_at``.

    Returns
    -------
    pandas.DataFrame
        ``campaign_id``, ``customer_id``, ``days_since_order``, ``orders``, ``spend_per_order``, ``days_known``.
    """
    names = ["campaign_id", "customer_id", "days_since_order", "orders", "spend_per_order", "days_known"]
    if campaigns is None or contacts is None:
        return pd.DataFrame(columns=names)
    begins = pd.to_datetime(campaigns.set_index("campaign_id")["starts_at"])
    parts = []
    for campaign, rows in contacts.groupby("campaign_id", sort=True):
        if campaign not in begins.index:
            continue
        eve = begins[campaign].normalize() - pd.Timedelta(days=1)
        told = purchases.among(rows["customer_id"]).summary(eve, "day")
        parts.append(
            pd.DataFrame(
                {
                    "campaign_id": campaign,
                    "customer_id": told["customer_id"],
                    "days_since_order": told["T"] - told["recency"],
                    "orders": told["frequency"] + 1.0,
                    "spend_per_order": told["spend"] / (told["frequency"] + 1),
                    "days_known": told["T"],
                }
            )
        )
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    return table.astype({"campaign_id": "string", "customer_id": "string"})
