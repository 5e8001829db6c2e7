"""The time to the second order, customer by customer and cohort by cohort."""

import numpy as np
import pandas as pd

from regulars.purchases import Purchases, day_number
from regulars.statistics.intervals import Estimate
from regulars.statistics.survival import kaplan_meier

NEARLY = 0.75


def cohort_curves(times: pd.DataFrame, most: int = 4, *, level: float = 0.9) -> pd.DataFrame:
    """Curves of the time to the second order, cohorts taken together until few enough can be told apart.

    Parameters
    ----------
    times : pandas.DataFrame
        ``cohort``, ``days``, ``returned``, ``age_days``, as `time_to_second_order` gives them.
    most : int
        Curves at most: cohorts are taken together by quarter, or by year, or all, where there are more.
    level : float
        Of the pointwise intervals.

    Returns
    -------
    pandas.DataFrame
        One row per curve and time: ``cohort`` (first day of the months taken together), ``grain`` (month, quarter,
        year or all), then as `Curve.frame`. Each curve ends where fewer than half of its customers have been watched
        for so long; where these ends are close to each other, all end at the first.
    """
    months = times["cohort"].dt.to_period("M")
    grains = {
        "month": months.dt.to_timestamp(),
        "quarter": times["cohort"].dt.to_period("Q").dt.to_timestamp(),
        "year": times["cohort"].dt.to_period("Y").dt.to_timestamp(),
        "all": pd.Series(times["cohort"].min(), index=times.index),
    }
    grain = next(name for name, groups in grains.items() if groups.nunique() <= most)
    watched = times["age_days"].groupby(grains[grain]).median()
    ends = watched.clip(upper=watched.min()) if watched.min() >= NEARLY * watched.max() else watched
    parts = []
    for start, part in times.groupby(grains[grain], sort=True):
        frame = kaplan_meier(part["days"], part["returned"], level).frame()
        parts.append(frame[frame["time"] <= ends[start]].assign(cohort=start, grain=grain, n=len(part)))
    return pd.concat(parts, ignore_index=True)


def time_to_second_order(purchases: Purchases, observation_end, *, unit: str = "month") -> pd.DataFrame:
    """Days from each customer's first purchase day to the second, or to the end of the data where none has come.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Last day of the data.
    unit : {"month", "quarter", "year"}
        Of the cohorts.

    Returns
    -------
    pandas.DataFrame
        One row per customer, sorted by id: ``customer_id``, ``cohort`` (first day of its period), ``days`` (float),
        ``returned`` (bool), ``age_days`` (since the first purchase, float).

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "amount": 1.0,
    ...     "ordered_at": pd.to_datetime(["2026-01-05", "2026-03-06", "2026-01-09"])})
    >>> time_to_second_order(Purchases.of(orders), "2026-01-31")[["days", "returned"]].to_numpy().tolist()
    [[26.0, False], [22.0, False]]
    """
    end, told = day_number(observation_end), purchases.until(observation_end)
    first, repeats = told.first_days, told.frequency > 0
    until = np.full(len(first), float(end))
    until[repeats] = told.day[told.starts[repeats] + 1]
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    cohort = first.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // months * months
    return pd.DataFrame(
        {
            "customer_id": told.customers,
            "cohort": cohort.astype("datetime64[M]").astype("datetime64[s]"),
            "days": until - first,
            "returned": repeats,
            "age_days": (end - first).astype(float),
        }
    )


def second_order_share(purchases: Purchases, observation_end, days: int, level: float = 0.9) -> Estimate:
    """Share of customers who order a second time within so many days, by Kaplan–Meier.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Last day of the data.
    days : int
        After the first order.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        Between 0 and 1; n counts all customers. Missing where nobody was watched for so long.
    """
    times = time_to_second_order(purchases, observation_end)
    return kaplan_meier(times["days"], times["returned"], level).share_by(days)
