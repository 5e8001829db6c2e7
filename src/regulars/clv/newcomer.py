"""What to expect of a customer who has just placed a first order."""

from dataclasses import dataclass

import numpy as np

from regulars.clv.uncertainty import total_spread
from regulars.clv.value import continuous_rate, units
from regulars.finding import may_refuse, shows
from regulars.settings import Economics
from regulars.statistics.intervals import Estimate, z_value


@shows
@dataclass(frozen=True, repr=False)
class NewCustomer:
    """A customer on the day of the first order.

    Parameters
    ----------
    returns : Estimate
        Share that orders again within the horizon.
    expected_orders : Estimate
        Repeat orders within the horizon.
    spend_per_order : Estimate
        Mean of all customers, in currency.
    clv : Estimate
        Discounted margin of the repeat orders, in currency: what winning such a customer may cost beyond the margin
        of the first order.
    orders_per_year : Estimate
        Mean rate of ordering while a customer stays.
    leaves : Estimate
        Share that leaves for good after the first repeat order.
    """

    returns: Estimate
    expected_orders: Estimate
    spend_per_order: Estimate
    clv: Estimate
    orders_per_year: Estimate
    leaves: Estimate


@may_refuse
def new_customer(model, spend_model, customers: int, *, economics: Economics, level: float = 0.9) -> NewCustomer:
    """What to expect of a customer on the day of the first order: the mean over all whom the models have learnt from.

    The intervals hold the uncertainty of the models' parameters: they are those of a mean of many newcomers.

    Parameters
    ----------
    model : BetaGeoFitter
        Fitted.
    spend_model : GammaGammaFitter
        Fitted.
    customers : int
        How many are behind the fit: n of every estimate.
    economics : Economics
        Margin, annual discount rate, horizon and time unit.
    level : float
        Of the intervals.

    Returns
    -------
    NewCustomer

    Examples
    --------
    >>> import pandas as pd
    >>> from regulars.clv import BetaGeoFitter, GammaGammaFitter
    >>> orders, spend = BetaGeoFitter(), GammaGammaFitter()
    >>> orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> found = new_customer(orders, spend, 2357, economics=economics)
    >>> round(found.returns.value, 3), round(found.clv.value, 2)
    (0.462, 14.73)
    """
    margin, time_unit = economics.margin, economics.time_unit
    horizon = units(economics.horizon_months, time_unit)
    rate = continuous_rate(economics.annual_discount_rate, time_unit)
    year = units(12, time_unit)

    # on the day of the first order frequency, recency and T are 0
    def returns(other) -> float:
        return _number(other.probability_active(horizon, 0, 0, 0))

    def repeat_orders(other) -> float:
        return _number(other.predict(horizon, 0, 0, 0))

    def discounted(other) -> float:
        return _number(other.discounted_expected_orders(horizon, 0, 0, 0, rate))

    def spend(other) -> float:
        return float(other.population_mean)

    def rate_per_year(other) -> float:
        return float(other.params_["r"] / other.params_["alpha"]) * year

    def leaves(other) -> float:
        return float(other.params_["a"] / (other.params_["a"] + other.params_["b"]))

    z = z_value(level)

    def estimate(value: float, error: float) -> Estimate:
        return Estimate(value, float(value - z * error), float(value + z * error), customers)

    def share(value: float, error: float) -> Estimate:
        told = estimate(value, error)
        return Estimate(value, max(told.low, 0.0), min(told.high, 1.0), customers)

    per_order, orders = spend(spend_model), discounted(model)
    of_spend, of_orders = total_spread(spend_model, spend) / per_order, total_spread(model, discounted) / orders
    worth = margin * per_order * orders
    return NewCustomer(
        returns=share(returns(model), total_spread(model, returns)),
        expected_orders=estimate(repeat_orders(model), total_spread(model, repeat_orders)),
        spend_per_order=estimate(per_order, per_order * of_spend),
        clv=estimate(worth, worth * float(np.hypot(of_spend, of_orders))),
        orders_per_year=estimate(rate_per_year(model), total_spread(model, rate_per_year)),
        leaves=share(leaves(model), total_spread(model, leaves)),
    )


def _number(value) -> float:
    return float(np.ravel(value)[0])
