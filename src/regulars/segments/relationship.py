"""How closely each customer is looked after, and should be, by number and margin of those alike (after Kotler)."""

import numpy as np
import pandas as pd

from regulars.finding import may_refuse
from regulars.labels import RelationshipLevel, Tier
from regulars.segments.groups import need_value
from regulars.settings import PortfolioRules
from regulars.settings.stages import COUNTS, LEVELS, MARGINS

# levels that the firm's own contacts make, the closest first
CALLED = (RelationshipLevel.PARTNERSHIP, RelationshipLevel.PROACTIVE, RelationshipLevel.ACCOUNTABLE)


def recommended_levels(customers: pd.DataFrame, rules: PortfolioRules) -> pd.DataFrame:
    """How closely each tier should be looked after, from how many customers it has and what each should bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        tier, clv.
    rules : PortfolioRules
        From which share a step is many or few, from which margin it is high or low, and the level of each pair.

    Returns
    -------
    pandas.DataFrame
        One row per tier from the top: ``tier``, ``customers``, ``customers_share``, ``clv_per_customer``, ``count``
        (many, medium, few), ``margin`` (high, medium, low), ``relationship_level``.

    References
    ----------
    Kotler, P., Marketing Management (levels of relationship marketing, by margin and number of customers).

    Examples
    --------
    >>> from regulars.settings import stage_settings
    >>> customers = pd.DataFrame({"tier": ["vip"] + ["small"] * 19, "clv": [100.0] + [1.0] * 19})
    >>> recommended_levels(customers, stage_settings("segments").portfolio)["relationship_level"].tolist()
    ['partnership', 'basic']
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


def actual_levels(customers: pd.DataFrame, contacts: pd.DataFrame, end, rules: PortfolioRules) -> pd.DataFrame:
    """How closely each customer was looked after in the last year.

    Basic: no contact at all. Reactive: the firm called at less than the rate of ``accountable``, or the customer alone
    got in touch. From there on by the contacts per year that the firm made.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, first_ordered_at.
    contacts : pandas.DataFrame
        customer_id, at, initiator (company, customer) [, cost].
    end : date
        Last day observed.
    rules : PortfolioRules
        From how many contacts per year a level is reached.

    Returns
    -------
    pandas.DataFrame
        By the index of `customers`: ``actual_level``, ``firm_contacts`` (per year), ``firm_cost`` (currency, of the
        last year; NaN where unknown).

    Examples
    --------
    >>> from regulars.settings import stage_settings
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "first_ordered_at": pd.to_datetime(["2024-01-01"] * 2)})
    >>> contacts = pd.DataFrame({"customer_id": ["a"], "at": pd.to_datetime(["2026-01-01"]), "initiator": "customer"})
    >>> actual_levels(customers, contacts, "2026-06-30", stage_settings("segments").portfolio)["actual_level"].tolist()
    ['reactive', 'basic']
    """
    after = pd.Timestamp(end).normalize() + pd.Timedelta(days=1)
    recent = contacts[(contacts["at"] >= after - pd.Timedelta(days=365)) & (contacts["at"] < after)]
    own = recent[recent["initiator"] == "company"]
    years = (after - customers["first_ordered_at"]).dt.days.clip(lower=90, upper=365) / 365
    ids = customers["customer_id"]
    firm = ids.map(own["customer_id"].value_counts()).fillna(0).astype(float) / years
    asked = ids.isin(recent["customer_id"])
    bounds = rules.contacts_per_year
    actual = np.select(
        [*(firm >= bounds[name] for name in CALLED), asked],
        [*CALLED, RelationshipLevel.REACTIVE],
        RelationshipLevel.BASIC,
    )
    cost = own.groupby("customer_id")["cost"].sum() if "cost" in own else pd.Series(dtype=float)
    yearly = ids.map(cost).fillna(0.0).astype(float) if "cost" in own else pd.Series(np.nan, index=ids.index)
    return pd.DataFrame(
        {"actual_level": pd.Series(actual, index=ids.index, dtype="string"), "firm_contacts": firm, "firm_cost": yearly}
    )


@may_refuse
def care_given(customers: pd.DataFrame, contacts: pd.DataFrame | None, *, end, rules: PortfolioRules) -> pd.DataFrame:
    """How closely each customer was looked after, beside how closely it is recommended.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, first_ordered_at, tier, clv.
    contacts : pandas.DataFrame or None
        As for `actual_levels`; None where they are not supplied.
    end : date
        Last day observed.
    rules : PortfolioRules
        Recommended levels, and contacts per year of each.

    Returns
    -------
    pandas.DataFrame or Refusal
        By the index of `customers`: ``tier``, ``recommended``, and with contacts ``actual_level``, ``below``,
        ``matching``, ``above`` (bool, one of them), ``clv_below`` (margin to come of those who get less, at stake, not
        lost), ``cost_above`` (currency, in the last year, of the contacts above the recommended level's last). Why not,
        where
        nobody's value is known.
    """
    need_value(customers)
    wanted = recommended_levels(customers, rules)
    target = customers["tier"].astype(object).map(dict(zip(wanted["tier"], wanted["relationship_level"], strict=True)))
    care = pd.DataFrame({"tier": customers["tier"].astype(object), "recommended": target})
    if contacts is None:
        return care
    rank = {name: k for k, name in enumerate(LEVELS)}
    now = actual_levels(customers, contacts, end, rules)
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
    return care.assign(
        actual_level=now["actual_level"],
        below=gap < 0,
        matching=(gap >= 0) & ~above,
        above=above,
        clv_below=customers["clv"].where(gap < 0, 0.0),
        cost_above=(now["firm_cost"] * beyond).where(above, 0.0),
    )


def level_table(rules: PortfolioRules) -> pd.DataFrame:
    """The rule: recommended level by margin per customer and number of customers.

    Parameters
    ----------
    rules : PortfolioRules
        With the level of each pair.

    Returns
    -------
    pandas.DataFrame
        One row per ``margin`` (high, medium, low): ``many``, ``medium``, ``few``.

    Examples
    --------
    >>> from regulars.settings import stage_settings
    >>> level_table(stage_settings("segments").portfolio).iloc[0].tolist()
    ['high', 'accountable', 'proactive', 'partnership']
    """
    return pd.DataFrame([{"margin": m} | {c: rules.levels[m][c] for c in COUNTS} for m in MARGINS])
