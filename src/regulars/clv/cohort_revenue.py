"""Revenue by acquisition cohort over time: what each brought, and what it and customers still to come will bring."""

import numpy as np
import pandas as pd

from regulars.clv.acquisition import Acquisition
from regulars.clv.equity import first_order_spend
from regulars.clv.value import DAYS_PER_MONTH, expected_spend, units
from regulars.finding import Finding
from regulars.intervals import Estimate, z_value

MOST_COHORTS = 4  # of the past; the fifth hue is that of customers still to come
DRAWS = 1000


def cohort_names(first_orders: pd.Series) -> pd.Series:
    """Cohort of each customer: the year of the first order, the quarter where all are of one year.

    Parameters
    ----------
    first_orders : pandas.Series of datetime

    Returns
    -------
    pandas.Series of str
        The oldest are one cohort, named ``≤`` and its last year, where there would be more than four.

    Examples
    --------
    >>> cohort_names(pd.Series(pd.to_datetime(["2020-05-01", "2021-03-01", "2022-01-01"]))).tolist()
    ['2020', '2021', '2022']
    >>> cohort_names(pd.Series(pd.to_datetime(["2020-05-01", "2020-01-01"]))).tolist()
    ['2020 Q2', '2020 Q1']
    """
    years = first_orders.dt.year
    if years.nunique() < 2:
        return years.astype(str) + " Q" + first_orders.dt.quarter.astype(str)
    oldest = years.max() - MOST_COHORTS + 1
    names = years.astype(str)
    return names.where(years > oldest, f"≤ {oldest}") if years.min() < oldest else names


def past_by_cohort(orders: pd.DataFrame, observation_end) -> pd.DataFrame:
    """Revenue, orders and customers who ordered, by cohort and stretch of 30.4375 days counted back from the end.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount; credits reduce the revenue.
    observation_end : date

    Returns
    -------
    pandas.DataFrame
        start (first day of the stretch), cohort, revenue, orders (days on which a customer ordered), customers: one row
        for every stretch and cohort; revenue adds up to the orders' amounts.
    """
    last = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    customer = pd.Series(pd.factorize(orders["customer_id"])[0], index=orders.index)
    day = orders["ordered_at"].dt.normalize()
    first = day.groupby(customer).transform("min")
    age = -(((last - day).dt.days - 0.5) / DAYS_PER_MONTH).astype(int)
    log = pd.DataFrame({"age": age, "cohort": cohort_names(first), "customer": customer, "day": day})
    log["revenue"], paid = orders["amount"], orders["amount"] >= 0
    keys = ["age", "cohort"]
    table = log.groupby(keys)[["revenue"]].sum()
    table["orders"] = log[paid].drop_duplicates(["customer", "day"]).groupby(keys).size()
    table["customers"] = log[paid].drop_duplicates(["customer", "age"]).groupby(keys).size()
    ages, names = range(int(age.min()), 1), sorted(log["cohort"].unique(), key=lambda name: name.lstrip("≤ "))
    table = table.reindex(pd.MultiIndex.from_product([ages, names], names=keys)).fillna(0.0).reset_index()
    return _dated(table, last, 1)


def cohort_finding(
    orders: pd.DataFrame, scored, models, acquisition: Acquisition, observation_end, months: int, time_unit: str,
    *, level: float = 0.9, seed: int = 0, **_,
) -> Finding:  # fmt: skip
    """Revenue of each cohort so far and over the horizon, with the interval of each month's total.

    Existing customers bring their expected orders times their expected spend per order. Customers to come bring their
    first order and the repeat orders of a newcomer at their age, for each drawn future of acquisition. The interval of
    a month holds three parts: the level of all forecasts (that of the total value, which includes what no model sees),
    acquisition, and the chance of the month itself: counts of orders given a rate that is known up to a gamma
    distribution with shape r + x, times spend per order. What one order differs from the customer's mean is left out,
    so that the interval of a month is narrow where there are few orders.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    scored : Scored
    models : Models
    acquisition : Acquisition
        Nobody is forecast to come where it knows nothing (``one_cohort``, ``short``).
    observation_end : date
    months : int
        Horizon.
    time_unit : str
    level, seed
        Of the intervals.

    Returns
    -------
    Finding
        Verdict ``with_new`` or ``existing_only``; frames ``revenue`` (start, cohort, revenue, is_forecast, total, low,
        high) and ``totals`` (start, revenue and orders with intervals, customers: those who ordered, of the past).
    """
    last = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    past = past_by_cohort(orders, observation_end)
    edges = np.array([units(month, time_unit) for month in range(months + 1)])
    known, rng = acquisition.is_known, np.random.default_rng(seed)
    by_name, spread = _existing(scored.customers, models, edges)
    # where the headline is another forecast than BG/NBD, months keep their shape and take its level
    factor = scored.orders_total.value / float(by_name["orders"].to_numpy().sum())
    by_name = {measure: table * factor for measure, table in by_name.items()}
    sums = {measure: table.sum(axis=0).to_numpy(float) for measure, table in by_name.items()}
    new, futures = _to_come(orders, models, acquisition, observation_end, edges) if known else ({}, {})
    common = rng.standard_normal((DRAWS, 1)) * _level_deviation(scored.clv_total, level)
    ends, totals = [(1 - level) / 2, (1 + level) / 2], {}
    for measure, expected in sums.items():
        drawn = expected * np.exp(common) + rng.standard_normal((DRAWS, months)) * np.sqrt(spread[measure])
        if known:
            drawn = drawn + futures[measure][np.arange(DRAWS) % len(futures[measure])] * np.exp(common)
        low, high = np.maximum(np.quantile(drawn, ends, axis=0), 0.0)
        point = expected + (new[measure] if known else 0.0)
        sum_low, sum_high = np.quantile(drawn.sum(axis=1), ends)
        totals[measure] = (point, low, high, Estimate(float(point.sum()), float(sum_low), float(sum_high)))
    revenue = by_name["revenue"].copy()
    if known:
        revenue.loc[f"> {last - pd.Timedelta(days=1):%Y-%m-%d}"] = new["revenue"]
    ahead = revenue.rename_axis("cohort").reset_index().melt("cohort", var_name="age", value_name="revenue")
    ahead = _dated(ahead.assign(age=ahead["age"].astype(int) + 1), last, 1).assign(is_forecast=True)
    return _told(past, ahead, totals, acquisition.verdict if not known else "with_new", months)


def _told(past: pd.DataFrame, ahead: pd.DataFrame, totals: dict, verdict: str, months: int) -> Finding:
    before = past.groupby("start", as_index=False)[["revenue", "orders", "customers"]].sum()
    after = pd.DataFrame({"start": ahead["start"].drop_duplicates().to_numpy()})
    for measure, (point, low, high, _) in totals.items():
        after[measure], after[f"{measure}_low"], after[f"{measure}_high"] = point, low, high
    both = pd.concat([before, after], ignore_index=True).assign(is_forecast=lambda t: t["customers"].isna())
    drawn = pd.concat([past[["start", "cohort", "revenue"]].assign(is_forecast=False), ahead], ignore_index=True)
    fan = both.set_index("start")[["revenue_low", "revenue_high"]].rename(columns=lambda name: name.split("_")[1])
    drawn = drawn.merge(fan, left_on="start", right_index=True, how="left")
    coming = ahead.loc[ahead["cohort"].str.startswith(">"), "revenue"].sum()
    facts = {
        "months": months, "ahead": totals["revenue"][3], "orders": totals["orders"][3],
        "before": float(before["revenue"].tail(months).sum()), "n_before": int(min(months, len(before))),
        "past": float(before["revenue"].sum()),
    }  # fmt: skip
    frames = {"revenue": drawn, "totals": both}
    if verdict != "with_new":
        return Finding("existing_only", facts, frames)
    return Finding("with_new", facts | {"new_share": coming / totals["revenue"][3].value}, frames)


def _dated(table: pd.DataFrame, last: pd.Timestamp, first: int) -> pd.DataFrame:
    """Stretch 0 ends with the data; its first day instead of its number."""
    days = np.round((table["age"].to_numpy() - first) * DAYS_PER_MONTH)
    start = pd.Series(last + pd.to_timedelta(days, unit="D"), index=table.index).astype("datetime64[us]")
    return table.drop(columns="age").assign(start=start)


def _existing(customers: pd.DataFrame, models, edges: np.ndarray) -> tuple[dict, dict]:
    """Expected orders and revenue, cohort by month, and the variance of each month's sums."""
    x, t_x, T = (customers[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    money = np.asarray(expected_spend(models.spend, x, models.capped.monetary_value), float)
    alive = np.maximum(np.asarray(models.orders.conditional_probability_alive(x, t_x, T), float), 1e-12)
    shape = float(models.orders.params_["r"]) + x
    name = cohort_names(customers["first_ordered_at"])
    found: dict = {"revenue": [], "orders": []}
    spread: dict = {"revenue": [], "orders": []}
    done = np.zeros(len(x))
    for edge in edges[1:]:
        until = np.asarray(models.orders.predict(edge, x, t_x, T), float)
        mean, done = until - done, until
        counted = mean + mean**2 * ((1 + 1 / shape) / alive - 1)
        for measure, each in (("revenue", money), ("orders", np.ones(len(x)))):
            found[measure].append(pd.Series(mean * each).groupby(name.to_numpy()).sum())
            spread[measure].append(float(np.sum(counted * each**2)))
    tables = {measure: pd.concat(rows, axis=1, ignore_index=True) for measure, rows in found.items()}
    return tables, {measure: np.array(values) for measure, values in spread.items()}


def _to_come(orders, models, acquisition, observation_end, edges) -> tuple[dict, dict]:
    """Per month what customers to come bring: expected, and for each future of acquisition."""
    months = len(acquisition.path)
    half = np.concatenate([[0.0], (edges[1:] + edges[:-1]) / 2])[: months + 1]
    none = np.zeros(months + 1)
    repeat = np.diff(np.asarray(models.orders.predict(half, none, none, none), float))  # won mid-month on average
    first = first_order_spend(orders, observation_end).value
    newly = np.eye(1, months)[0]
    brings = {"orders": newly + repeat, "revenue": newly * first + repeat * float(models.spend.population_mean)}

    def over_time(won, each):
        return won @ np.array([np.concatenate([np.zeros(k), each[: months - k]]) for k in range(months)])

    return (
        {measure: over_time(acquisition.path, each) for measure, each in brings.items()},
        {measure: over_time(acquisition.draws, each) for measure, each in brings.items()},
    )


def _level_deviation(total: Estimate, level: float) -> float:
    return float(np.log(total.high / total.low) / (2 * z_value(level))) if total.low > 0 else 0.0
