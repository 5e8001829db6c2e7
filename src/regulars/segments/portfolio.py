"""Who is most valuable, who could grow, who costs more than they bring; and how closely each should be looked after."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binom

from regulars.errors import UntoldError
from regulars.finding import Finding
from regulars.labels import PortfolioClass, Tier
from regulars.segments.findings import NO_VALUE
from regulars.segments.summary import group_summary
from regulars.settings.stages import COUNTS, LEVELS, MARGINS, PortfolioRules
from regulars.statistics.intervals import Estimate, share

if TYPE_CHECKING:
    from regulars.clv.record import ModelsRecord

YEAR = 365.25
DRAWS = 200
BLOCK = 50_000


def potential(clv: pd.Series, segment: pd.Series, quantile: float = 0.75, level: float = 0.9) -> pd.DataFrame:
    """What each customer could become: the value of a good customer of the same segment.

    Parameters
    ----------
    clv : pandas.Series
        Expected value, currency.
    segment : pandas.Series
        On the same index.
    quantile : float
        Which of the peers is taken as good.
    level : float
        Of the interval of that quantile (order statistics, no assumption on the shape).

    Returns
    -------
    pandas.DataFrame
        ``potential``, ``growth`` (potential − clv, never below 0), with ``growth_low``, ``growth_high`` for the
        quantile's interval.

    References
    ----------
    Hahn, G. J. and Meeker, W. Q. (1991), Statistical Intervals, sec. 5.2 (quantiles by order statistics).

    Examples
    --------
    >>> potential(pd.Series([0.0, 10.0, 20.0, 30.0, 40.0]), pd.Series(["a"] * 5))["growth"].tolist()
    [30.0, 20.0, 10.0, 0.0, 0.0]
    """
    code, names = pd.factorize(segment)
    worth, ends = clv.to_numpy(float), np.full((len(names) + 1, 3), np.nan)  # the last for those without a segment
    for one in range(len(names)):
        ordered = np.sort(worth[code == one])
        low, high = binom.ppf([(1 - level) / 2, (1 + level) / 2], len(ordered), quantile).astype(int)
        last = len(ordered) - 1
        ends[one] = np.quantile(ordered, quantile), ordered[min(max(low - 1, 0), last)], ordered[min(high, last)]
    value, low, high = (pd.Series(column[code], index=segment.index) for column in ends.T)
    return pd.DataFrame(
        {
            "potential": value,
            "growth": (value - clv).clip(lower=0),
            "growth_low": (low - clv).clip(lower=0),
            "growth_high": (high - clv).clip(lower=0),
        }
    )


def cost_to_serve(contacts: pd.DataFrame, customers: pd.DataFrame, observation_end, months: float) -> pd.Series:
    """What contacts with each customer will cost over the horizon, if they go on as in the last year.

    Parameters
    ----------
    contacts : pandas.DataFrame
        customer_id, at, cost (currency; missing costs count as the mean of their channel).
    customers : pandas.DataFrame
        customer_id, first_ordered_at.
    observation_end : date
    months : float
        Horizon.

    Returns
    -------
    pandas.Series
        Currency, by the index of `customers`; NaN for all where no contact has a cost.
    """
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    if "cost" not in contacts or contacts["cost"].notna().sum() == 0:
        return pd.Series(np.nan, index=customers.index, name="cost_to_serve")
    cost = contacts["cost"].fillna(contacts.groupby("channel")["cost"].transform("mean"))
    recent = contacts["at"] >= end - pd.Timedelta(days=365)
    total = cost[recent].groupby(contacts.loc[recent, "customer_id"]).sum()
    known = ((end - customers["first_ordered_at"]).dt.days.clip(lower=30, upper=365)) / YEAR
    spent = customers["customer_id"].map(total).fillna(0.0).astype(float)  # no contact in a year observed: a true zero
    return (spent / known * months / 12).rename("cost_to_serve")


def probability_below(
    customers: pd.DataFrame,
    cost: pd.Series,
    models: "ModelsRecord",
    seed: int = 0,
    draws: int = DRAWS,
    level: float = 0.9,
) -> pd.Series:
    """Chance that a customer brings less margin over the horizon than it costs to serve.

    Parameters
    ----------
    customers : pandas.DataFrame
        frequency, recency, T, monetary_value, clv_low.
    cost : pandas.Series
        Over the horizon, currency, on the same index.
    models : ModelsRecord
        Models of orders and spend, margin, discount rate and horizon.
    seed, draws : int
        Futures drawn per customer for whom it is open.
    level : float
        Of the interval that ``clv_low`` begins.

    Returns
    -------
    pandas.Series
        Between 0 and 1; NaN where the cost is not known. A customer who costs nothing is never below zero; one whose
        `clv_low` exceeds the cost falls below it with less than (1 − `level`) / 2, and is given this bound.

    Notes
    -----
    Futures are drawn as `regulars.clv.predictive_intervals` draws them: a rate and a lifetime, orders, spend.
    """
    result = pd.Series(np.where(cost.isna(), np.nan, 0.0), index=customers.index, name="p_below_zero")
    sure = (cost > 0) & (customers["clv_low"] > cost)
    result[sure] = (1 - level) / 2
    open_ = np.flatnonzero((cost > 0) & ~sure)
    if not len(open_):
        return result
    from regulars.clv.value import continuous_rate, if_alive, units

    orders, spend, economics = models.orders, models.spend, models.economics
    horizon = units(economics.horizon_months, economics.time_unit)
    rate = continuous_rate(economics.annual_discount_rate, economics.time_unit)
    streams = np.random.SeedSequence(seed)
    for start in range(0, len(open_), BLOCK):
        part = customers.iloc[open_[start : start + BLOCK]]
        limit = cost.iloc[open_[start : start + BLOCK]].to_numpy(float)
        rng = np.random.default_rng(streams.spawn(1)[0])
        x, t_x, T = (part[name].to_numpy(float) for name in ("frequency", "recency", "T"))
        m = part["monetary_value"].fillna(0.0).to_numpy(float)
        expected, discounted = if_alive(orders, x, t_x, T, horizon, rate)
        factor = economics.margin * np.divide(discounted, expected, out=np.ones_like(x), where=expected > 0)
        below = np.zeros(len(part))
        for _ in range(draws):
            drawn = orders._draw_orders(rng, horizon, x, t_x, T)
            worth = np.zeros(len(part))
            some = np.flatnonzero(drawn > 0)
            worth[some] = spend._draw_spend(rng, drawn[some], x[some], m[some]) * factor[some]
            below += worth < limit
        result.iloc[open_[start : start + BLOCK]] = below / draws
    return result


def portfolio_classes(customers: pd.DataFrame, rules: PortfolioRules) -> pd.Series:
    """Class of each customer.

    The most valuable are the first by ``clv``; of the others, those below zero with more than the given probability
    are below zero; of the rest the first by ``growth`` are most growable; all others are steady.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``customer_id``, ``clv``, ``growth``, ``p_below_zero`` (NaN: unknown, never below zero).
    rules : PortfolioRules

    Returns
    -------
    pandas.Series
        Values of `regulars.labels.PortfolioClass`, named ``portfolio_class``.
    """
    n = len(customers)
    by_id = customers["customer_id"].argsort(kind="stable").to_numpy()  # of equals the first by id comes first

    def from_the_top(name: str) -> np.ndarray:
        return by_id[np.argsort(-customers[name].to_numpy(float)[by_id], kind="stable")]

    result = pd.Series(PortfolioClass.STEADY.value, index=customers.index, name="portfolio_class", dtype="string")
    top = from_the_top("clv")[: round(n * rules.most_valuable_share)]
    loses = (customers["p_below_zero"] > rules.below_zero_probability).to_numpy(bool)
    left = (customers["growth"] > 0).to_numpy(bool) & ~loses
    left[top] = False
    by_growth = from_the_top("growth")
    by_growth = by_growth[left[by_growth]]
    result[loses] = PortfolioClass.BELOW_ZERO.value
    result.iloc[by_growth[: round(n * rules.most_growable_share)]] = PortfolioClass.MOST_GROWABLE.value
    result.iloc[top] = PortfolioClass.MOST_VALUABLE.value
    return result


def portfolio_finding(
    customers: pd.DataFrame, named: Callable, models: "ModelsRecord", level: float = 0.9, min_cell: int = 1
) -> Finding:
    """Tell who is most valuable, who could grow and who costs more than they bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        portfolio_class, spend, clv and its interval, potential, growth and its interval, cost_to_serve, p_below_zero.
    named : callable
        From customer ids to what stands for each on a list, such as `regulars.privacy.pseudonyms`.
    models : ModelsRecord
        For the uncertainty of a total.
    level, min_cell
        Of the intervals; smallest class shown.

    Returns
    -------
    Finding
        Verdict ``costs`` where costs to serve are known, else ``no_costs``.
    """
    if customers["clv"].isna().all():
        raise UntoldError(NO_VALUE)
    order = [name.value for name in PortfolioClass]
    table = group_summary(customers, "portfolio_class", order, level, models.certainty.level_uncertainty, min_cell)
    groups = customers.groupby(customers["portfolio_class"].astype(object))
    sums = groups[["growth", "growth_low", "growth_high", "cost_to_serve"]].sum(min_count=1)
    table = table.join(sums.reindex(table["portfolio_class"].astype(object)).set_axis(table.index))
    table["net"] = table["clv"] - table["cost_to_serve"]
    grow = customers[customers["portfolio_class"] == PortfolioClass.MOST_GROWABLE.value]
    ends = grow[["growth", "growth_low", "growth_high"]].sum()
    known = bool(customers["cost_to_serve"].notna().any())
    best = customers["portfolio_class"] == PortfolioClass.MOST_VALUABLE.value
    below = (customers["portfolio_class"] == PortfolioClass.BELOW_ZERO.value).astype(bool)
    who = grow.assign(customer=np.asarray(named(grow["customer_id"]))).sort_values(
        ["growth", "customer_id"], ascending=[False, True]
    )
    facts = {
        "best": int(best.sum()),
        "growable": len(grow),
        "growth": Estimate(*(float(x) for x in ends), n=len(grow)),
        "months": models.horizon_months,
    }
    if known:
        facts |= {
            "below": share(int(below.sum()), len(customers), level),
            "cost": float(customers.loc[below, "cost_to_serve"].sum()),
        }
    frames = {
        "classes": table,
        "growable": who[["customer", "segment", "clv", "potential", "growth", "orders"]].reset_index(drop=True),
    }
    if not known:
        return Finding("no_costs", facts, frames)
    return Finding("costs" if below.any() else "none_below", facts, frames)


def recommended_levels(customers: pd.DataFrame, rules: PortfolioRules) -> pd.DataFrame:
    """How closely each tier should be looked after, from how many customers it has and what each should bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        tier, clv.
    rules : PortfolioRules

    Returns
    -------
    pandas.DataFrame
        One row per tier from the top: ``tier``, ``customers``, ``customers_share``, ``clv_per_customer``, ``count``
        (many, medium, few), ``margin`` (high, medium, low), ``relationship_level``.
    """
    groups = customers.groupby(customers["tier"].astype(object))["clv"].agg(["size", "mean"])
    groups = groups.reindex([tier.value for tier in Tier if tier.value in groups.index])
    part, mean = groups["size"] / len(customers), customers["clv"].mean()
    times = groups["mean"] / mean if mean > 0 else groups["mean"] * np.nan
    count = np.select([part >= rules.many_from, part <= rules.few_to], ["many", "few"], "medium")
    margin = np.select([times >= rules.high_from, ~(times >= rules.low_below)], ["high", "low"], "medium")
    return pd.DataFrame(
        {
            "tier": pd.Series(groups.index, dtype="string"),
            "customers": groups["size"].to_numpy(),
            "customers_share": part.to_numpy(),
            "clv_per_customer": groups["mean"].to_numpy(),
            "count": count,
            "margin": margin,
            "relationship_level": [rules.levels[m][c] for m, c in zip(margin, count, strict=True)],
        }
    )


def actual_levels(
    contacts: pd.DataFrame, customers: pd.DataFrame, observation_end, rules: PortfolioRules
) -> pd.DataFrame:
    """How closely each customer was looked after in the last year.

    Basic: no contact at all. Reactive: the firm called at less than the rate of ``accountable``, or the customer alone
    got in touch. From there on by the contacts per year that the firm made.

    Parameters
    ----------
    contacts : pandas.DataFrame
        customer_id, at, initiator (company, customer) [, cost].
    customers : pandas.DataFrame
        customer_id, first_ordered_at.
    observation_end : date
    rules : PortfolioRules

    Returns
    -------
    pandas.DataFrame
        By the index of `customers`: ``actual_level``, ``firm_contacts`` (per year), ``firm_cost`` (currency per year;
        NaN where unknown).
    """
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    recent = contacts[(contacts["at"] >= end - pd.Timedelta(days=365)) & (contacts["at"] < end)]
    own = recent[recent["initiator"] == "company"]
    years = (end - customers["first_ordered_at"]).dt.days.clip(lower=90, upper=365) / 365
    ids = customers["customer_id"]
    firm = ids.map(own["customer_id"].value_counts()).fillna(0).astype(float) / years
    asked = ids.isin(recent["customer_id"])
    bounds = rules.contacts_per_year
    actual = np.select(
        [*(firm >= bounds[name] for name in ("partnership", "proactive", "accountable")), asked],
        ["partnership", "proactive", "accountable", "reactive"],
        "basic",
    )
    cost = own.groupby("customer_id")["cost"].sum() if "cost" in own else pd.Series(dtype=float)
    yearly = ids.map(cost).fillna(0.0).astype(float) / years if "cost" in own else pd.Series(np.nan, index=ids.index)
    return pd.DataFrame(
        {"actual_level": pd.Series(actual, index=ids.index, dtype="string"), "firm_contacts": firm, "firm_cost": yearly}
    )


def relationship_finding(
    customers: pd.DataFrame, contacts, observation_end, rules: PortfolioRules, level=0.9
) -> Finding:
    """Tell where customers are looked after less, or more, than they are worth.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, first_ordered_at, tier, clv.
    contacts : pandas.DataFrame or None
    observation_end : date
    rules : PortfolioRules
    level : float

    Returns
    -------
    Finding
        Verdict ``mismatch`` or ``matched``; ``no_contacts`` with the recommended levels alone where no contacts are
        supplied.

    Notes
    -----
    Money of a mismatch: the margin to come of those who get less than recommended (at stake, not lost), and of those
    who get more, what the contacts above the recommended level's last contact cost in a year.
    """
    if customers["clv"].isna().all():
        raise UntoldError(NO_VALUE)
    wanted = recommended_levels(customers, rules)
    nine = pd.DataFrame([{"margin": m} | {c: rules.levels[m][c] for c in COUNTS} for m in MARGINS])
    if contacts is None:
        return Finding("no_contacts", {}, {"recommended": wanted, "cells": nine})
    rank = {name: k for k, name in enumerate(LEVELS)}
    now = actual_levels(contacts, customers, observation_end, rules)
    target = customers["tier"].astype(object).map(dict(zip(wanted["tier"], wanted["relationship_level"], strict=True)))
    gap = now["actual_level"].map(rank).astype(int) - target.map(rank).astype(int)
    bounds = rules.contacts_per_year
    # a reactive or basic customer needs no call; else nothing is too much up to where the next level begins
    enough = dict.fromkeys(LEVELS, 0.0) | {
        "accountable": bounds["proactive"], "proactive": bounds["partnership"], "partnership": np.inf
    }  # fmt: skip
    last = target.map(enough).astype(float)
    calls = now["firm_contacts"]
    beyond = ((calls - last) / calls.where(calls > 0)).clip(lower=0).fillna(0.0).where(np.isfinite(last), 0.0)
    # who asks without having been called costs no call: that is no closer care than recommended
    above = (gap > 0) & (beyond > 0)
    frame = pd.DataFrame(
        {
            "tier": customers["tier"].astype(object),
            "below": gap < 0,
            "matching": (gap >= 0) & ~above,
            "above": above,
            "clv_below": customers["clv"].where(gap < 0, 0.0),
            "cost_above": (now["firm_cost"] * beyond).where(above, 0.0),
        }
    )
    sums = frame.groupby("tier").sum(min_count=1)
    table = wanted.join(sums.reindex(wanted["tier"].astype(object)).set_axis(wanted.index))
    counts = {name: int(frame[name].sum()) for name in ("below", "above", "matching")}
    table = table.astype(dict.fromkeys(counts, int))
    cross = pd.crosstab(customers["tier"].astype(object), now["actual_level"].astype(object), normalize="index")
    cross = cross.reindex(index=wanted["tier"].astype(object), columns=list(LEVELS), fill_value=0.0)
    actual = cross.rename_axis(index="tier", columns="actual_level").stack().rename("share").reset_index()
    facts = {
        "below": share(counts["below"], len(frame), level),
        "above": share(counts["above"], len(frame), level),
        "clv_below": float(frame["clv_below"].sum()),
        "cost_above": float(frame["cost_above"].sum(min_count=1)),
    }
    verdict = "mismatch" if counts["below"] + counts["above"] else "matched"
    return Finding(verdict, facts, {"actual": actual, "tiers": table, "recommended": wanted, "cells": nine})


def with_portfolio(
    customers: pd.DataFrame, contacts, models: "ModelsRecord", rules: PortfolioRules, end, seed=0, level=0.9
):
    """Customers with what their class hangs on, and the class.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, segment, first_ordered_at, clv, clv_low, frequency, recency, T, monetary_value.
    contacts : pandas.DataFrame or None
        Without them no cost to serve is known.
    models : ModelsRecord
        What the value stage found.
    rules : PortfolioRules
    end : date
    seed, level
        Of the futures drawn; of the interval of the potential.

    Returns
    -------
    pandas.DataFrame
        With ``cost_to_serve``, ``potential``, ``growth``, ``growth_low``, ``growth_high``, ``p_below_zero``,
        ``portfolio_class``.
    """
    if contacts is None:
        cost = pd.Series(np.nan, index=customers.index, name="cost_to_serve")
    else:
        cost = cost_to_serve(contacts, customers, end, models.horizon_months)
    known = customers.assign(cost_to_serve=cost)
    if models.untold:
        none = dict.fromkeys(("potential", "growth", "growth_low", "growth_high", "p_below_zero"), np.nan)
        return known.assign(**none, portfolio_class=pd.Series(pd.NA, known.index, dtype="string"))
    known = known.join(potential(customers["clv"], customers["segment"], rules.peer_quantile, level))
    known["p_below_zero"] = probability_below(customers, cost, models, seed, level=level)
    return known.assign(portfolio_class=portfolio_classes(known, rules))
