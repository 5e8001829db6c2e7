"""What to expect of a customer who has just placed a first order."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.active import active_ends
from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.in_memory import Models, fit_models
from regulars.clv.uncertainty import spread_interval, total_spread
from regulars.clv.value import continuous_rate, units
from regulars.errors import UntoldError
from regulars.finding import Refusal, may_refuse, shows
from regulars.settings import Certainty, Economics
from regulars.statistics.intervals import Estimate, z_value

UNKNOWABLE = 2.0  # standard deviation of a logarithm, from which a range would span a factor of 700
OF_PARAMETERS = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)


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


@shows
class Learnt(NamedTuple):
    """Models of the customers whom the firm won while the log was kept.

    Parameters
    ----------
    orders : BetaGeoFitter
    spend : GammaGammaFitter
    customers : int
        Those they were fitted on.
    """

    orders: BetaGeoFitter
    spend: GammaGammaFitter
    customers: int


@may_refuse
def learnt_of_newcomers(
    summary: pd.DataFrame, models: Models, since, *, spend_outliers: float = 0.0
) -> Learnt | Refusal:
    """Models of newcomers: whom a log found there when it began is of the loyal of earlier years, and not like them.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row per customer: those of `regulars.clv.fit_models`, first_ordered_at.
    models : Models
        Of all customers: they serve where the log began with the firm.
    since : pandas.Timestamp or None
        Of `regulars.clv.newcomers_since`.
    spend_outliers : float
        As `models` had it.

    Returns
    -------
    Learnt or Refusal
        Refused where those won since are too few for a fit.
    """
    if since is None:
        return Learnt(models.orders, models.spend, len(summary))
    won = summary[summary["first_ordered_at"] >= since]
    own = fit_models(won, spend_outliers)
    return Learnt(own.orders, own.spend, len(won)) if own else own


@may_refuse
def new_customer(
    model, spend_model, customers: int, *, economics: Economics, certainty: Certainty = OF_PARAMETERS
) -> NewCustomer:
    """What to expect of a customer on the day of the first order: the mean over all whom the models have learnt from.

    The intervals are those of a mean of many newcomers: they hold the uncertainty of the models' parameters and, of
    what is to come, that of the level, which no model sees.

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
    certainty : Certainty
        Level of the intervals, and what no model sees of the total of orders; by default nothing.

    Returns
    -------
    NewCustomer or Refusal
        Refused where the parameters are known so badly that it might be anything.

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

    level = certainty.level
    z = z_value(level)

    def estimate(value: float, error: float) -> Estimate:
        return Estimate(value, float(value - z * error), float(value + z * error), customers)

    def share(value: float, error: float) -> Estimate:
        told = estimate(value, error)
        return Estimate(value, max(told.low, 0.0), min(told.high, 1.0), customers)

    per_order, orders = spend(spend_model), discounted(model)
    of_spend, of_orders = total_spread(spend_model, spend) / per_order, total_spread(model, discounted) / orders

    def to_come(value: float, *relative: float) -> Estimate:
        apart = math.hypot(*relative, certainty.level_uncertainty)
        if not apart < UNKNOWABLE:
            raise UntoldError("The orders do not tell what a new customer brings: supply a longer history.")
        return spread_interval(value, apart, level, customers)

    again, repeats = returns(model), repeat_orders(model)
    number = customers * np.array([again, total_spread(model, returns)])
    least, most = active_ends(number[0], number[1] ** 2, customers, certainty)
    return NewCustomer(
        returns=Estimate(again, float(least) / customers, float(most) / customers, customers),
        expected_orders=to_come(repeats, total_spread(model, repeat_orders) / repeats),
        spend_per_order=estimate(per_order, per_order * of_spend),
        clv=to_come(margin * per_order * orders, of_spend, of_orders),
        orders_per_year=estimate(rate_per_year(model), total_spread(model, rate_per_year)),
        leaves=share(leaves(model), total_spread(model, leaves)),
    )


def _number(value) -> float:
    return float(np.ravel(value)[0])
