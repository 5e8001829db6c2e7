"""From expected orders and spend to customer lifetime value: discounted contribution over a horizon."""

import numpy as np
import pandas as pd

from regulars.clv._fitter import prepared
from regulars.clv._inputs import check_unique, vector
from regulars.finding import may_refuse
from regulars.frames import check_unit, unit_of
from regulars.purchases import UNIT_DAYS
from regulars.settings import Economics
from regulars.statistics.distinct import distinct_rows

DAYS_PER_MONTH = UNIT_DAYS["month"]  # a twelfth of 365.25 days
ACTIVE_WITHIN = 90  # days, of P(active), which no lifetime value rests on


def units(months: float = 0.0, time_unit: str = "week", days: float = 0.0) -> float:
    """Length of a period of months and days in the unit of the data.

    Parameters
    ----------
    months : float
        Of 30.4375 days each.
    time_unit : {"day", "week", "month"}
        Of the answer.
    days : float
        Added to the months.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Where the unit is none of the three, or the period is negative.

    Examples
    --------
    >>> units(12, "day"), units(days=90, time_unit="week")
    (365.25, 12.857142857142858)
    """
    if time_unit not in UNIT_DAYS:
        raise ValueError(f"time_unit is {time_unit!r}; it is one of {', '.join(UNIT_DAYS)}.")
    length = (months * DAYS_PER_MONTH + days) / UNIT_DAYS[time_unit]
    if not (np.isfinite(length) and length >= 0):
        raise ValueError(f"the horizon is {months} months and {days} days; it must be 0 or more.")
    return length


def continuous_rate(annual_discount_rate: float, time_unit: str) -> float:
    """Continuous discount rate per unit of time that takes (1 + annual rate) off in a year.

    Parameters
    ----------
    annual_discount_rate : float
        Share per year, 0 or more.
    time_unit : {"day", "week", "month"}
        Of the answer.

    Returns
    -------
    float

    Examples
    --------
    >>> round(float(np.exp(continuous_rate(0.1, "week") * 365.25 / 7)), 12)
    1.1
    """
    if not (np.isfinite(annual_discount_rate) and annual_discount_rate >= 0):
        raise ValueError(f"annual_discount_rate is {annual_discount_rate}; it is a share per year, 0 or more.")
    return float(np.log1p(annual_discount_rate) / units(12, time_unit))


def check_margin(margin: float) -> None:
    """Refuse a contribution that is no share of revenue."""
    if not np.isfinite(margin) or not -1 <= margin <= 1:
        raise ValueError(f"margin is {margin}; it is the contribution as a share of revenue, at most 1.")


def has_spend(frequency, monetary_value):
    """Whether the customer's own repeat spend is known; where not, the mean of all stands in as a prior."""
    return (np.asarray(frequency) > 0) & (np.nan_to_num(np.asarray(monetary_value, float)) > 0)


def expected_spend(spend_model, frequency, monetary_value):
    """Spend per order to be expected: the customer's own, shrunk; the mean of all where there is none (a prior).

    Parameters
    ----------
    spend_model : GammaGammaFitter
        Fitted.
    frequency : array
        Repeat orders of each customer.
    monetary_value : array
        Mean spend of each; 0 or NaN where there is none.

    Returns
    -------
    numpy.ndarray
        Money per order.
    """
    own = has_spend(frequency, monetary_value)
    x = np.where(own, frequency, 0.0)
    m = np.where(own, monetary_value, 0.0)
    return np.asarray(spend_model.conditional_expected_average_profit(x, m), dtype=float)


@may_refuse
def lifetime_value(
    model, spend_model, customers: pd.DataFrame, *history, economics: Economics | None = None, **assumptions
) -> pd.DataFrame:
    """What each customer is worth: discounted contribution of the orders to be expected over the horizon.

    ``clv`` = margin × spend per order × Σ of expected orders, each discounted continuously from now at the annual rate.
    ``value_if_alive`` is the same given that the customer is alive now, so that ``value_if_alive − clv`` is at risk.

    Parameters
    ----------
    model : fitter of orders
        Fitted, in the time unit of the economics.
    spend_model : GammaGammaFitter
        Fitted.
    customers : pandas.DataFrame
        One row per customer: frequency (repeat orders, x in the literature), recency and T (t_x and T, time unit),
        monetary_value (m, mean spend per repeat order; 0 or NaN where there is none).
    *history : array_like
        Recency, T and monetary_value, where `customers` are the frequencies alone.
    economics : Economics
        Margin, annual discount rate, horizon (a month has 30.4375 days) and time unit.
    **assumptions
        In place of it: margin, annual_discount_rate, months and time_unit.

    Returns
    -------
    pandas.DataFrame
        One row per customer, on the same index: expected_orders, p_alive, spend_per_order (money), spend_is_prior,
        discounted_orders, clv, value_if_alive (money).

    Raises
    ------
    ValueError
        Where a history or a setting cannot be, or a customer stands in two rows.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter, GammaGammaFitter
    >>> orders, spend = BetaGeoFitter(), GammaGammaFitter()
    >>> orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    >>> base = pd.DataFrame({"frequency": [2, 0], "recency": [30.43, 0], "T": 38.86, "monetary_value": [22.35, 0]})
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> worth = lifetime_value(orders, spend, base, economics=economics)
    >>> worth[["expected_orders", "spend_per_order", "clv", "spend_is_prior"]].round(4)
       expected_orders  spend_per_order      clv  spend_is_prior
    0           1.5631          24.6637  11.0689           False
    1           0.2528          35.2190   2.5536            True
    """
    if history:
        names = ("frequency", "recency", "T", "monetary_value")
        customers = pd.DataFrame(dict(zip(names, (customers, *history), strict=True)))
    economics = economics or Economics(
        horizon_months=assumptions.pop("months"), active_within_days=ACTIVE_WITHIN, **assumptions
    )
    check_margin(economics.margin)
    check_units("lifetime_value", model, customers, economics)
    x, t_x, T, spent = histories(customers)
    horizon = units(economics.horizon_months, economics.time_unit)
    rate = continuous_rate(economics.annual_discount_rate, economics.time_unit)
    alive = model._alive(x, t_x, T)
    orders, discounted = if_alive(model, x, t_x, T, horizon, rate)
    spend = expected_spend(spend_model, x, spent)
    worth = economics.margin * spend * discounted
    return pd.DataFrame(
        {
            "expected_orders": alive * orders,
            "p_alive": alive,
            "spend_per_order": spend,
            "spend_is_prior": ~has_spend(x, spent),
            "discounted_orders": alive * discounted,
            "clv": alive * worth,
            "value_if_alive": worth,
        },
        index=customers.index,
    )


def check_units(where: str, model, customers: pd.DataFrame, economics: Economics) -> None:
    """Refuse customers, a model and economics in different units of time, as far as they say theirs."""
    fitted = getattr(model, "time_unit_", None)
    check_unit(where, summary=unit_of(customers), model=fitted, economics=economics.time_unit)


def histories(customers: pd.DataFrame) -> tuple[np.ndarray, ...]:
    """Frequency, recency, T and mean spend of customers as arrays, every impossible one refused.

    Parameters
    ----------
    customers : pandas.DataFrame
        frequency, recency, T, monetary_value; as for `lifetime_value`.

    Raises
    ------
    ValueError
        That names the first row.

    Examples
    --------
    >>> histories(pd.DataFrame({"frequency": [2], "recency": [3.0], "T": [4.0], "monetary_value": [9.0]}))
    (array([2.]), array([3.]), array([4.]), array([9.]))
    """
    check_unique(customers.index)
    names = ("frequency", "recency", "T")
    history, _ = prepared(*(vector(customers[name], name) for name in names), names=names)
    return *history, vector(customers["monetary_value"], "monetary_value")


def if_alive(model, x, t_x, T, horizon, rate):
    """Expected and discounted orders over the horizon given alive, computed once per distinct history."""
    columns = (x, T) if getattr(model, "_memoryless", False) else (x, t_x, T)
    found, back = distinct_rows(*columns)
    x1, T1 = found[0], found[-1]
    t_x1 = found[1] if len(found) == 3 else T1
    t = np.full(x1.size, horizon)
    orders = model.orders_if_alive(t, x1, t_x1, T1)
    discounted = model.discounted_if_alive(t, x1, t_x1, T1, rate)
    return orders[back], discounted[back]
