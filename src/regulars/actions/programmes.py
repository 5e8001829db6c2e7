"""Programmes and clubs: members against what they would have done, and what the rewards cost."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from regulars.errors import UserError
from regulars.finding import NotSupplied, may_refuse, shows
from regulars.labels import Change
from regulars.purchases import Purchases, day_number, day_numbers
from regulars.statistics.intervals import Estimate, against, share, z_value

# days since the first order, in bands so narrow that rates hardly fall within one: they do, as customers leave
TENURE = (*range(0, 180, 15), *range(180, 361, 30), 450, 540, 730, 100_000)
EVE_DAYS = 30  # before joining, in which nothing may happen yet
ON_ORDER_MOST = 0.1  # share of joinings on the day of an order, above which joining is a part of ordering
FLAT_P = 0.05
MIN_MEMBERS = 30
YEAR = 365.25


class Headline(StrEnum):
    """Whether a club's effect may be told."""

    TOLD = "told"
    TREND = "trend"  # members ordered more, or less, already just before they joined
    ON_ORDER = "on_order"  # they join when they order, so that the order comes with the joining
    TOO_FEW = "too_few"


@shows
class Club(NamedTuple):
    """One programme.

    Parameters
    ----------
    programme : str
    members : int
    raw : Estimate
        Orders per year of members over those of all others: members were better customers before they joined.
    adjusted : Estimate
        The same with orders of the year after a day, members against others with the same history until that day.
    own : Estimate
        After joining over before, of members alone, at the same age as a customer.
    headline : Headline
    verdict : Change
        Of `own` against 1 where it is told.
    trend_p : float
        That members' rate in the 30 days before joining was as before.
    on_order : Estimate
        Share of joinings on the day of an order.
    rewards : pandas.DataFrame
        ``tier``, ``members``, ``spend`` and ``reward_cost`` (currency) since joining, ``reward_share`` of their margin.
    reward_cost : float
    break_even : float
        More orders, as a share, from which the rewards are paid for.
    needed : float
        Customers on each side of a lot that would show so many in four of five cases.
    """

    programme: str
    members: int
    raw: Estimate
    adjusted: Estimate
    own: Estimate
    headline: Headline
    verdict: Change
    trend_p: float
    on_order: Estimate
    rewards: pd.DataFrame
    reward_cost: float
    break_even: float
    needed: float


@may_refuse
def judge_clubs(
    memberships: pd.DataFrame | None,
    purchases: Purchases,
    observation_end,
    *,
    margin: float,
    level: float = 0.95,
    tiers: pd.DataFrame | None = None,
) -> list[Club] | NotSupplied:
    """Judge every programme in three ways, side by side.

    Parameters
    ----------
    memberships : pandas.DataFrame or None
        ``customer_id``, ``programme``, ``joined_at``; ``left_at``, ``reward_cost``. None where not supplied.
    purchases : Purchases
    observation_end : date
    margin : float
    level : float
        Of the intervals, and so of the verdict; over all programmes together.
    tiers : pandas.DataFrame, optional
        ``customer_id``, ``tier``.

    Returns
    -------
    list of Club or NotSupplied
    """
    if memberships is None:
        return NotSupplied("memberships")
    names = sorted(memberships["programme"].unique())
    each = 1 - (1 - level) / max(len(names), 1)
    return [
        judge_club(
            memberships[memberships["programme"] == name], purchases, observation_end,
            margin=margin, level=each, tiers=tiers, programme=str(name),
        )
        for name in names
    ]  # fmt: skip


def judge_club(
    members: pd.DataFrame, purchases: Purchases, observation_end, *, margin, level=0.95, tiers=None, programme=""
) -> Club:
    """Judge one programme; parameters as of `judge_clubs`."""
    end = day_number(observation_end)
    first = members.sort_values("joined_at", kind="stable").drop_duplicates("customer_id")
    place = purchases.places(first["customer_id"])
    first, place = first[place >= 0], place[place >= 0]
    joined = day_numbers(first["joined_at"])
    left = first["left_at"] if "left_at" in first else pd.Series(pd.NaT, index=first.index)
    stays = np.where(left.isna(), end, np.minimum(day_numbers(left.fillna(pd.Timestamp(observation_end))), end))
    began = purchases.first_days[place]
    watched = (joined <= end) & (joined >= began)
    first, place, joined, stays, began = (each[watched] for each in (first, place, joined, stays, began))
    if len(first) < MIN_MEMBERS:
        raise UserError(
            f"{programme or 'The programme'} has {len(first)} members with an order: {MIN_MEMBERS} are needed."
        )
    days = _repeat_days(purchases, place)
    on_order = np.isin(joined * 2_000_000 + place, days["day"] * 2_000_000 + place[days["who"]])
    spells = _spells(days, joined, stays, began, end)
    own, trend_p = _own(spells, level)
    told = share(int(on_order.sum()), len(joined), level)
    headline = (
        Headline.ON_ORDER if told.value > ON_ORDER_MOST
        else Headline.TOO_FEW if not np.isfinite(own.low)
        else Headline.TREND if trend_p < FLAT_P
        else Headline.TOLD
    )  # fmt: skip
    rewards, cost, spent = _rewards(first, purchases, place, (joined, stays), tiers=tiers, margin=margin)
    break_even = cost / (margin * spent) if margin * spent > 0 else float("nan")
    return Club(
        programme, len(first),
        _raw(purchases, place, end, level), _adjusted(purchases, place, joined, end, level), own, headline,
        against(own, 1.0) if headline is Headline.TOLD else Change.UNKNOWN,
        trend_p, told, rewards, cost, break_even, _needed(purchases, break_even),
    )  # fmt: skip


def _repeat_days(purchases: Purchases, place: np.ndarray) -> dict[str, np.ndarray]:
    """Days of repeat orders of some customers: whose (position among them), and when."""
    position = np.full(len(purchases.customers), -1)
    position[place] = np.arange(place.size)
    repeat = ~purchases.is_first
    who = position[purchases.code[repeat]]
    return {"who": who[who >= 0], "day": purchases.day[repeat][who >= 0]}


def _spells(days, joined, stays, began, end) -> pd.DataFrame:
    """Time as a customer cut by age and by joining: who, age band, phase (before, eve, after), days, orders."""
    parts = []
    eve = np.maximum(joined - EVE_DAYS, began)
    for phase, since, until in (
        ("before", began, eve), ("eve", eve, joined), ("after", joined, np.maximum(stays, joined)),
    ):  # fmt: skip
        for band, (low, high) in enumerate(pairwise(TENURE)):
            start, stop = np.maximum(since, began + low), np.minimum(until, began + high)
            length = stop - start
            here = length > 0
            if not here.any():
                continue
            who, day = days["who"], days["day"]
            inside = (day > start[who]) & (day <= stop[who])
            orders = np.bincount(who[inside], minlength=joined.size)
            parts.append(
                pd.DataFrame({"who": np.flatnonzero(here), "band": band, "phase": phase}
                             | {"days": length[here], "orders": orders[here]})
            )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _own(spells: pd.DataFrame, level: float) -> tuple[Estimate, float]:
    """Rate after joining over before, at equal age, and the p-value that the eve of joining is like before."""
    n = int(spells["who"].nunique())
    by_phase = spells.groupby("phase")[["days", "orders"]].sum()
    if not {"before", "eve", "after"} <= set(by_phase.index) or (by_phase["orders"] < 5).any():
        nothing = Estimate(float("nan"), n=n)
        return nothing, float("nan")
    bands = spells.groupby("band")["orders"].transform("sum") > 0
    rows = spells[bands]
    columns = {"after": rows["phase"] == "after"}
    columns |= {f"band{band}": rows["band"] == band for band in sorted(rows["band"].unique())}
    beta, covariance = poisson(np.column_stack(list(columns.values())).astype(float), rows)
    reach = z_value(level) * np.sqrt(covariance[0, 0])
    own = Estimate.of((np.exp(beta[0] + sign * reach) for sign in (0, -1, 1)), n)
    early = rows[rows["phase"] != "after"]
    early = early[early.groupby("band")["orders"].transform("sum") > 0]  # a band in which nothing happened has no rate
    if not early.loc[early["phase"] == "eve", "orders"].any():
        return own, float("nan")
    bands = sorted(early["band"].unique())
    design = np.column_stack([early["phase"] == "eve", *(early["band"] == band for band in bands)]).astype(float)
    beta, covariance = poisson(design, early)
    return own, float(2 * norm.sf(abs(beta[0]) / np.sqrt(covariance[0, 0])))


def poisson(x: np.ndarray, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Poisson regression of orders on days of exposure, with errors clustered by customer.

    Parameters
    ----------
    x : numpy.ndarray, rows × columns
    rows : pandas.DataFrame
        ``orders``, ``days``, ``who``.

    Returns
    -------
    (coefficients, covariance)

    Notes
    -----
    statsmodels' GLM gives the same; this one starts from sums and takes a hundredth of the time to import.

    Examples
    --------
    >>> rows = pd.DataFrame({"orders": [2, 4], "days": [1.0, 1.0], "who": [0, 1]})
    >>> poisson(np.array([[1.0, 0.0], [1.0, 1.0]]), rows)[0].round(4).tolist()
    [0.6931, 0.6931]
    """
    y, offset = rows["orders"].to_numpy(float), np.log(rows["days"].to_numpy(float))
    beta = np.zeros(x.shape[1])
    mean = y.sum() / np.exp(offset).sum()
    start = np.linalg.lstsq(x, np.full(len(y), np.log(mean)), rcond=None)[0]
    beta = start
    for _ in range(100):
        rate = np.exp(np.clip(x @ beta + offset, -50, 50))
        hessian = (x * rate[:, None]).T @ x
        step = np.linalg.lstsq(hessian, x.T @ (y - rate), rcond=None)[0]
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            break
    rate = np.exp(np.clip(x @ beta + offset, -50, 50))
    inverse = np.linalg.pinv((x * rate[:, None]).T @ x)
    who = rows["who"].to_numpy()
    scores = np.zeros((int(who.max()) + 1, x.shape[1]))
    np.add.at(scores, who, x * (y - rate)[:, None])
    clusters = np.unique(who).size
    return beta, inverse @ (scores.T @ scores) @ inverse * clusters / max(clusters - 1, 1)


def _raw(purchases: Purchases, place, end, level: float) -> Estimate:
    age = np.maximum(end - purchases.first_days, 1).astype(float)
    is_member = np.zeros(age.size, bool)
    is_member[place] = True
    rows = pd.DataFrame({"orders": purchases.frequency, "days": age, "who": np.arange(age.size)})
    return _ratio(np.column_stack([is_member, np.ones(age.size)]).astype(float), rows, int(is_member.sum()), level)


def _adjusted(purchases: Purchases, place, joined, end, level: float) -> Estimate:
    """Orders after the middle of the members' time, of members of that day against others of the same history."""
    cut = int(np.median(joined)) if joined.size else end
    cut = min(cut + 90, end - 90)
    known = purchases.first_days < cut - 1
    if cut < purchases.first_days.min() or known.sum() < 2 * MIN_MEMBERS:
        return Estimate(float("nan"), n=int(place.size))
    member = np.zeros(known.size, bool)
    member[place[joined <= cut]] = True
    before = purchases.day <= cut
    x = np.bincount(purchases.code[before], minlength=known.size) - 1
    last = np.full(known.size, -1.0)
    np.maximum.at(last, purchases.code[before], purchases.day[before])
    after = np.bincount(purchases.code[~before & (purchases.day <= end)], minlength=known.size)
    age = (cut - purchases.first_days[known]).astype(float)
    design = np.column_stack(
        [member[known], np.ones(age.size), np.log1p(x[known]), np.log1p(cut - last[known]), np.log1p(age)]
    ).astype(float)
    rows = pd.DataFrame({"orders": after[known], "days": float(end - cut), "who": np.arange(age.size)})
    if not rows["orders"].any() or not 0 < member[known].sum() < age.size:
        return Estimate(float("nan"), n=int(place.size))
    return _ratio(design, rows, int(member[known].sum()), level)


def _ratio(design, rows: pd.DataFrame, n: int, level: float) -> Estimate:
    beta, covariance = poisson(design, rows)
    reach = z_value(level) * np.sqrt(covariance[0, 0])
    return Estimate.of((np.exp(beta[0] + sign * reach) for sign in (0, -1, 1)), n)


def _rewards(first: pd.DataFrame, purchases: Purchases, place, window, *, tiers, margin: float):
    """Reward cost and spend since joining by tier: whether rewards keep good customers or are a burden."""
    joined, stays = window
    position = np.full(len(purchases.customers), -1)
    position[place] = np.arange(place.size)
    who = position[purchases.code]
    inside = (who >= 0) & (purchases.day > joined[who]) & (purchases.day <= stays[who])
    spend = np.bincount(who[inside], purchases.amount[inside], place.size)
    cost = first["reward_cost"].astype(float).to_numpy() if "reward_cost" in first else np.full(place.size, np.nan)
    rows = pd.DataFrame({"customer_id": first["customer_id"].to_numpy(), "spend": spend, "reward_cost": cost})
    names = ["tier", "members", "spend", "reward_cost", "reward_share"]
    whole = float(np.nansum(cost)) if np.isfinite(cost).any() else float("nan")
    if tiers is None or not np.isfinite(whole):
        return pd.DataFrame(columns=names), whole, float(spend.sum())
    joined_tiers = rows.merge(tiers[["customer_id", "tier"]], on="customer_id").dropna(subset=["tier"])
    table = joined_tiers.groupby("tier").agg(
        members=("customer_id", "size"), spend=("spend", "sum"), reward_cost=("reward_cost", "sum")
    )
    table = table.assign(reward_share=table["reward_cost"] / (margin * table["spend"]).where(table["spend"] > 0))
    return table.reset_index()[names], whole, float(spend.sum())


def _needed(purchases: Purchases, break_even: float) -> float:
    """Customers on each side of a lot over a year that would show the break-even ratio (orders are overdispersed)."""
    if not np.isfinite(break_even) or break_even <= 0:
        return float("nan")
    x = purchases.frequency.astype(float)
    mean = x.mean()
    if not mean > 0:
        return float("nan")
    spread = x.var(ddof=1) / mean**2  # squared coefficient of variation
    return float((z_value(0.95) + norm.ppf(0.8)) ** 2 * 2 * spread / np.log1p(break_even) ** 2)


FUNCTIONS = ("social", "communication", "service", "psychological", "promotion", "cohesion")
CONDITIONS = ("social_product", "repeat_buying", "deep_service", "reachable_target")


def checklist(functions: Mapping[str, bool | None], conditions: Mapping[str, bool | None]) -> pd.DataFrame:
    """Six functions of a club and four conditions for one to suit, as the firm answers them.

    Parameters
    ----------
    functions, conditions : mapping
        Name to yes, no, or nothing where nobody has answered.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (function, condition), ``point``, ``answer`` (yes, no, open).

    Examples
    --------
    >>> checklist({"social": True}, {})["answer"].head(2).tolist()
    ['yes', 'open']
    """
    rows = []
    for kind, points, given in (("function", FUNCTIONS, functions), ("condition", CONDITIONS, conditions)):
        for point in points:
            answer = given.get(point)
            rows.append((kind, point, "open" if answer is None else "yes" if answer else "no"))
    return pd.DataFrame(rows, columns=["kind", "point", "answer"])
