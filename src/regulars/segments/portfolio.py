"""Who is most valuable, who could grow, who costs more than they bring."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binom

from regulars.finding import may_refuse
from regulars.labels import PortfolioClass
from regulars.segments.groups import need_value
from regulars.segments.summary import group_summary
from regulars.settings import Certainty, PortfolioRules
from regulars.statistics.log_start import YEAR, full_since

if TYPE_CHECKING:
    from regulars.clv.record import ModelsRecord

DRAWS = 200
BLOCK = 50_000


def potential(clv: pd.Series, segment: pd.Series, *, quantile: float = 0.75, level: float = 0.9) -> pd.DataFrame:
    """What each customer could become: the value of a good customer of the same segment.

    Parameters
    ----------
    clv : pandas.Series
        Expected value, currency.
    segment : pandas.Series
        Of each customer, on the same index.
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
    """What contacts with each customer will cost over the horizon, if they cost as much as in the last year.

    Where the log of what one side begins by one channel is full only from a day of that year on, its contacts count
    from that day on, at the rate of the days since.

    Parameters
    ----------
    contacts : pandas.DataFrame
        customer_id, at, channel, cost (currency; missing costs count as the mean of their channel) [, initiator].
    customers : pandas.DataFrame
        customer_id.
    observation_end : date
        Last day observed.
    months : float
        Horizon.

    Returns
    -------
    pandas.Series
        Currency, by the index of `customers`; NaN for all where no contact has a cost.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"]})
    >>> contacts = pd.DataFrame({"customer_id": ["a"], "at": pd.to_datetime(["2026-01-01"]), "cost": [6.0]})
    >>> cost_to_serve(contacts.assign(channel="phone"), customers, "2026-06-30", 6).round(2).tolist()
    [3.0, 0.0]
    """
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    if "cost" not in contacts or contacts["cost"].notna().sum() == 0:
        return pd.Series(np.nan, index=customers.index, name="cost_to_serve")
    cost = contacts["cost"].fillna(contacts.groupby("channel")["cost"].transform("mean"))
    recent = (contacts["at"] >= end - pd.Timedelta(days=YEAR)) & (contacts["at"] < end)
    logs = [contacts[name] for name in ("initiator", "channel") if name in contacts]
    yearly = cost[recent].astype(float)
    for _, at in contacts.loc[recent, "at"].groupby([log[recent] for log in logs]):
        since = full_since(at, observation_end)
        if since is not pd.NaT:
            yearly[at.index] *= np.where(at >= since, pd.Timedelta(days=YEAR) / (end - since), 0.0)
    total = yearly.groupby(contacts.loc[recent, "customer_id"]).sum()
    spent = customers["customer_id"].map(total).fillna(0.0).astype(float)  # no contact in a year observed: a true zero
    return (spent * months / 12).rename("cost_to_serve")


def probability_below(
    customers: pd.DataFrame,
    cost: pd.Series,
    models: "ModelsRecord",
    *,
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
    seed : int
        Of the futures drawn.
    draws : int
        Futures per customer for whom it is open.
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

    Examples
    --------
    >>> customers = pd.DataFrame({"clv_low": [50.0, 5.0]})
    >>> probability_below(customers, pd.Series([10.0, 0.0]), models=None).round(3).tolist()
    [0.05, 0.0]
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
            drawn = orders.draw_orders(rng, horizon, x, t_x, T)
            worth = np.zeros(len(part))
            some = np.flatnonzero(drawn > 0)
            worth[some] = spend.draw_spend(rng, drawn[some], x[some], m[some]) * factor[some]
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
        How many are most valuable, and most growable; from which chance a customer is below zero.

    Returns
    -------
    pandas.Series
        Values of `regulars.labels.PortfolioClass`, named ``portfolio_class``, on the index of `customers`.

    Examples
    --------
    >>> from regulars.settings import stage_settings
    >>> customers = pd.DataFrame({"customer_id": list("abcdefghij"), "clv": range(10), "growth": 0.0,
    ...                           "p_below_zero": [0.9] + [0.0] * 9})
    >>> portfolio_classes(customers, stage_settings("segments").portfolio).tolist()[:2]
    ['below_zero', 'steady']
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


def with_portfolio(
    customers: pd.DataFrame,
    contacts: pd.DataFrame | None,
    models: "ModelsRecord",
    *,
    rules: PortfolioRules,
    end,
    certainty: Certainty,
) -> pd.DataFrame:
    """Customers with what their class hangs on, and the class.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, segment, first_ordered_at, clv, clv_low, frequency, recency, T, monetary_value.
    contacts : pandas.DataFrame or None
        Of `cost_to_serve`; without them no cost to serve is known.
    models : ModelsRecord
        What the value stage found.
    rules : PortfolioRules
        How classes are cut.
    end : date
        Last day observed.
    certainty : Certainty
        Level of the customers' intervals, and the seed of the futures drawn.

    Returns
    -------
    pandas.DataFrame
        With ``cost_to_serve``, ``cost_of_ours`` (of the contacts that the firm began), ``potential``, ``growth``,
        ``growth_low``, ``growth_high`` (currency),
        ``p_below_zero``, ``portfolio_class``; all but the cost are missing where the orders allow no model.
    """
    if contacts is None:
        cost = pd.Series(np.nan, index=customers.index, name="cost_to_serve")
        own = cost
    else:
        cost = cost_to_serve(contacts, customers, end, models.horizon_months)
        ours = contacts[contacts["initiator"] == "company"] if "initiator" in contacts else contacts
        own = cost_to_serve(ours, customers, end, models.horizon_months)
    known = customers.assign(cost_to_serve=cost, cost_of_ours=own)
    if models.untold:
        none = dict.fromkeys(("potential", "growth", "growth_low", "growth_high", "p_below_zero"), np.nan)
        return known.assign(**none, portfolio_class=pd.Series(pd.NA, known.index, dtype="string"))
    level = certainty.level
    known = known.join(potential(customers["clv"], customers["segment"], quantile=rules.peer_quantile, level=level))
    known["p_below_zero"] = probability_below(customers, cost, models, seed=certainty.seed, level=level)
    return known.assign(portfolio_class=portfolio_classes(known, rules))


@may_refuse
def portfolio_table(customers: pd.DataFrame, *, certainty: Certainty, min_cell: int = 1) -> pd.DataFrame:
    """What each class of the portfolio should bring, could bring more, and costs.

    Parameters
    ----------
    customers : pandas.DataFrame
        Of `with_portfolio`.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's level.
    min_cell : int
        Classes of fewer customers are left out.

    Returns
    -------
    pandas.DataFrame or Refusal
        Of `group_summary` by ``portfolio_class``, with ``growth``, ``growth_low``, ``growth_high``, ``cost_to_serve``
        and ``net`` (clv less cost), currency; a cost that is not known is NaN. Why not, where nobody's value is known.
    """
    need_value(customers)
    table = group_summary(customers, "portfolio_class", list(PortfolioClass), certainty=certainty, min_cell=min_cell)
    groups = customers.groupby(customers["portfolio_class"].astype(object))
    sums = groups[["growth", "growth_low", "growth_high", "cost_to_serve"]].sum(min_count=1)
    table = table.join(sums.reindex(table["portfolio_class"].astype(object)).set_axis(table.index))
    return table.assign(net=table["clv"] - table["cost_to_serve"])
