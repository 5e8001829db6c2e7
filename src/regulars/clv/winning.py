"""What winning a customer has cost, and what the customers won last spent on the day of their first order."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from regulars.labels import Purpose
from regulars.purchases import day_number
from regulars.statistics.intervals import Estimate, z_value

COST_DAYS = 365  # of the latest campaigns whose cost is counted
UNKNOWN = Estimate(float("nan"))


def first_order_spend(orders: pd.DataFrame, observation_end, days: int = 365, level: float = 0.9) -> Estimate:
    """Mean spend on the day of the first order, of the customers won last.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_end : date
        Last day observed.
    days : int
        How long ago they were won at most.
    level : float
        Of the intervals.

    Returns
    -------
    Estimate
        Currency; n customers. NaN where nobody was won.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [10.0, 99.0, 20.0],
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-01-05"])})
    >>> first_order_spend(orders, "2025-03-01").value
    15.0
    """
    spend = first_order_spends(orders, observation_end, days)
    if not len(spend):
        return UNKNOWN
    error = z_value(level) * float(spend.std(ddof=1)) / np.sqrt(len(spend)) if len(spend) > 1 else np.nan
    mean = float(spend.mean())
    return Estimate(mean, mean - error, mean + error, len(spend))


def first_order_spends(orders: pd.DataFrame, observation_end, days: int = 365) -> np.ndarray:
    """Spend on the day of the first order, of each customer won last.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_end : date
        Last day observed.
    days : int
        How long ago they were won at most.

    Returns
    -------
    numpy.ndarray
        Currency, one number per customer.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [10.0, 99.0, 20.0],
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-01-05"])})
    >>> first_order_spends(orders, "2025-03-01").tolist()
    [10.0, 20.0]
    """
    day = orders["ordered_at"].to_numpy("datetime64[D]").astype(np.int64)
    customer, people = pd.factorize(orders["customer_id"])
    amount, never = orders["amount"].to_numpy(float), np.iinfo(np.int64).max
    began = np.full(len(people), never)
    paid = amount >= 0
    np.minimum.at(began, customer[paid], day[paid])
    recent = (began > day_number(observation_end) - int(days)) & (began < never)
    on_it = recent[customer] & (day == began[customer])
    return np.bincount(customer[on_it], amount[on_it], len(people))[recent]


def acquisition_cost(campaigns: pd.DataFrame | None, first_orders, observation_end, level: float = 0.9) -> Estimate:
    """What winning a customer has cost: cost of the campaigns that aim at it, over the customers won while they ran.

    Customers who would have come by themselves are among them, so it is the mean cost and not that of one more.

    Parameters
    ----------
    campaigns : pandas.DataFrame or None
        starts_at, ends_at, purpose, actual_cost or planned_cost, as the catalog has them.
    first_orders : pandas.Series of datetime
        Of every customer.
    observation_end : date
        Last day observed.
    level : float
        Of the interval, by Student's t over the campaigns (ratio estimator).

    Returns
    -------
    Estimate
        Currency per customer; n campaigns. NaN where there is no such campaign, or none whose cost is known.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., sec. 6.4.

    Examples
    --------
    >>> campaigns = pd.DataFrame({"purpose": ["acquire"] * 2, "actual_cost": [30.0, 10.0],
    ...     "starts_at": pd.to_datetime(["2025-01-01", "2025-02-01"]),
    ...     "ends_at": pd.to_datetime(["2025-01-31", "2025-02-28"])})
    >>> acquisition_cost(campaigns, pd.Series(pd.to_datetime(["2025-01-05", "2025-02-05"])), "2025-03-01").value
    20.0
    """
    table = acquisition_campaigns(campaigns, first_orders, observation_end)
    won, spent = table["won"].to_numpy(float), table["cost"].to_numpy(float)
    if not won.sum():
        return UNKNOWN
    ratio = float(spent.sum() / won.sum())
    if len(won) < 2:
        return Estimate(ratio, n=len(won))
    rest = spent - ratio * won
    error = float(np.sqrt(len(won) / (len(won) - 1) * (rest @ rest)) / won.sum())
    reach = float(stdtrit(len(won) - 1, (1 + level) / 2)) * error
    return Estimate(ratio, max(ratio - reach, 0.0), ratio + reach, len(won))


def acquisition_campaigns(campaigns: pd.DataFrame | None, first_orders, observation_end) -> pd.DataFrame:
    """Campaigns of the latest year that aim at winning customers: what each cost and whom it won.

    Parameters
    ----------
    campaigns : pandas.DataFrame or None
        starts_at, ends_at, purpose, actual_cost or planned_cost; those that are not over are left out.
    first_orders : pandas.Series of datetime
        Of every customer.
    observation_end : date
        Last day observed.

    Returns
    -------
    pandas.DataFrame
        One row per campaign: ``cost`` (actual, else planned), ``won`` (customers who came while it ran; a customer who
        came while several ran counts in equal parts for each).

    Examples
    --------
    >>> campaigns = pd.DataFrame({"purpose": ["acquire"] * 2, "actual_cost": [30.0, 10.0],
    ...     "starts_at": pd.to_datetime(["2025-01-01", "2025-01-15"]),
    ...     "ends_at": pd.to_datetime(["2025-01-31", "2025-02-28"])})
    >>> came = pd.Series(pd.to_datetime(["2025-01-05", "2025-01-20", "2025-02-05"]))
    >>> acquisition_campaigns(campaigns, came, "2025-03-01")["won"].tolist()
    [1.5, 1.5]
    """
    if campaigns is None or not {"purpose", "ends_at"} <= set(campaigns):
        return pd.DataFrame({"cost": [], "won": []})
    cost = pd.Series(np.nan, index=campaigns.index)
    for name in ("actual_cost", "planned_cost"):
        cost = cost.fillna(campaigns[name].astype(float)) if name in campaigns else cost
    end = pd.Timestamp(observation_end).normalize()
    of = (campaigns["purpose"] == Purpose.ACQUIRE) & cost.notna() & campaigns["ends_at"].between(
        end - pd.Timedelta(days=COST_DAYS), end
    )  # fmt: skip
    days = np.sort(pd.Series(first_orders).dt.normalize().to_numpy())
    begins, ends = (campaigns.loc[of, name].to_numpy().astype(days.dtype) for name in ("starts_at", "ends_at"))
    inside = [slice(*at) for at in zip(
        np.searchsorted(days, begins, "left"), np.searchsorted(days, ends, "right"), strict=True
    )]  # fmt: skip
    running = np.zeros(len(days))
    for part in inside:
        running[part] += 1
    won = [float((1 / running[part]).sum()) for part in inside]
    return pd.DataFrame({"cost": cost[of].to_numpy(float), "won": np.array(won, float)})
