"""From expected orders and spend to customer lifetime value: discounted contribution over a horizon."""

import numpy as np
import pandas as pd

from regulars.clv._fitter import prepared
from regulars.clv._inputs import check_unique, common_index, vector
from regulars.statistics.distinct import distinct_rows

DAYS_PER_UNIT = {"day": 1.0, "week": 7.0, "month": 30.4375}
DAYS_PER_MONTH = 30.4375  # a twelfth of 365.25 days


def units(months: float = 0.0, time_unit: str = "week", days: float = 0.0) -> float:
    """Length of a period of months and days in the unit of the data.

    Examples
    --------
    >>> units(12, "day"), units(days=90, time_unit="week")
    (365.25, 12.857142857142858)
    """
    if time_unit not in DAYS_PER_UNIT:
        raise ValueError(f"time_unit is {time_unit!r}; it is one of {', '.join(DAYS_PER_UNIT)}.")
    length = (months * DAYS_PER_MONTH + days) / DAYS_PER_UNIT[time_unit]
    if not (np.isfinite(length) and length >= 0):
        raise ValueError(f"the horizon is {months} months and {days} days; it must be 0 or more.")
    return length


def continuous_rate(annual_discount_rate: float, time_unit: str) -> float:
    """Continuous discount rate per unit of time that takes (1 + annual rate) off in a year.

    Examples
    --------
    >>> round(float(np.exp(continuous_rate(0.1, "week") * 365.25 / 7)), 12)
    1.1
    """
    if not (np.isfinite(annual_discount_rate) and annual_discount_rate >= 0):
        raise ValueError(f"annual_discount_rate is {annual_discount_rate}; it is a share per year, 0 or more.")
    return float(np.log1p(annual_discount_rate) / units(12, time_unit))


def _check_margin(margin):
    if not np.isfinite(margin) or not -1 <= margin <= 1:
        raise ValueError(f"margin is {margin}; it is the contribution as a share of revenue, at most 1.")


def has_spend(frequency, monetary_value):
    """Whether the customer's own repeat spend is known; where not, the mean of all stands in as a prior."""
    return (np.asarray(frequency) > 0) & (np.nan_to_num(np.asarray(monetary_value, float)) > 0)


def expected_spend(spend_model, frequency, monetary_value):
    """Spend per order to be expected: the customer's own, shrunk; the mean of all where there is none (a prior)."""
    own = has_spend(frequency, monetary_value)
    x = np.where(own, frequency, 0.0)
    m = np.where(own, monetary_value, 0.0)
    return np.asarray(spend_model.conditional_expected_average_profit(x, m), dtype=float)


def lifetime_value(
    model,
    spend_model,
    frequency,
    recency,
    T,
    monetary_value,
    *,
    margin: float,
    annual_discount_rate: float,
    months: float,
    time_unit: str,
    active_within_days: float | None = None,
    index=None,
) -> pd.DataFrame:
    """What each customer is worth: discounted contribution of the orders to be expected over the horizon.

    ``clv`` = margin × spend per order × Σ of expected orders, each discounted continuously from now at the annual rate.
    ``value_if_alive`` is the same given that the customer is alive now, so that ``value_if_alive − clv`` is at risk.

    Parameters
    ----------
    model : fitter of orders
    spend_model : GammaGammaFitter
    frequency, recency, T : array_like
        In `time_unit`.
    monetary_value : array_like
        Mean spend per repeat order; 0 or NaN where there is none.
    margin : float
        Contribution as a share of revenue.
    annual_discount_rate : float
        Per year: 0.1 takes 10 % a year.
    months : float
        Horizon; a month has 30.4375 days.
    time_unit : {"day", "week", "month"}
        Unit of recency and T, in which the model was fitted.
    active_within_days : float, optional
        Adds ``p_active``, the probability of an order within so many days.
    index : array_like, optional
        Customer ids; by default the index of the columns.

    Returns
    -------
    pandas.DataFrame
        One row per customer: expected_orders, p_alive, spend_per_order (money), spend_is_prior, discounted_orders,
        clv, value_if_alive (money), and p_active where asked for.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter, GammaGammaFitter
    >>> orders, spend = BetaGeoFitter(), GammaGammaFitter()
    >>> orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    >>> worth = lifetime_value(orders, spend, [2, 0], [30.43, 0], [38.86, 38.86], [22.35, 0], margin=0.3,
    ...                        annual_discount_rate=0.1, months=12, time_unit="week")
    >>> worth[["expected_orders", "spend_per_order", "clv", "spend_is_prior"]].round(4)
       expected_orders  spend_per_order      clv  spend_is_prior
    0           1.5631          24.6637  11.0689           False
    1           0.2528          35.2190   2.5536            True
    """
    _check_margin(margin)
    if index is None:
        index = common_index(frequency=frequency, recency=recency, T=T, monetary_value=monetary_value)
    else:
        check_unique(index)
    (x, t_x, T), _ = prepared(
        vector(frequency, "frequency"), vector(recency, "recency"), vector(T, "T"), names=("frequency", "recency", "T")
    )
    horizon = units(months, time_unit)
    rate = continuous_rate(annual_discount_rate, time_unit)
    alive = model._alive(x, t_x, T)
    orders, discounted = if_alive(model, x, t_x, T, horizon, rate)
    spend = expected_spend(spend_model, x, vector(monetary_value, "monetary_value"))
    worth = margin * spend * discounted
    table = pd.DataFrame(
        {
            "expected_orders": alive * orders,
            "p_alive": alive,
            "spend_per_order": spend,
            "spend_is_prior": ~has_spend(x, monetary_value),
            "discounted_orders": alive * discounted,
            "clv": alive * worth,
            "value_if_alive": worth,
        },
        index=index,
    )
    if active_within_days is not None:
        table["p_active"] = model._active(
            np.full(x.size, units(days=active_within_days, time_unit=time_unit)), x, t_x, T
        )
    return table


def if_alive(model, x, t_x, T, horizon, rate):
    """Expected and discounted orders over the horizon given alive, computed once per distinct history."""
    columns = (x, T) if getattr(model, "_memoryless", False) else (x, t_x, T)
    found, back = distinct_rows(*columns)
    x1, T1 = found[0], found[-1]
    t_x1 = found[1] if len(found) == 3 else T1
    t = np.full(x1.size, horizon)
    orders = model._orders_if_alive(t, x1, t_x1, T1)
    discounted = model._discounted_if_alive(t, x1, t_x1, T1, rate)
    return orders[back], discounted[back]
