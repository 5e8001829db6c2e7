"""What to expect of a customer who has just placed a first order."""

from dataclasses import dataclass

import numpy as np

from regulars.clv.uncertainty import total_spread
from regulars.clv.value import continuous_rate, units
from regulars.statistics.intervals import Estimate, z_value


@dataclass(frozen=True)
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

    @property
    def facts(self) -> dict:
        """What a page says of such a customer."""
        return {
            "orders": self.expected_orders, "spend": self.spend_per_order, "worth": self.clv,
            "rate": self.orders_per_year, "leaves": self.leaves,
        }  # fmt: skip


def new_customer(
    model,
    spend_model,
    customers: int,
    horizon_months: float,
    interval_level: float = 0.9,
    *,
    margin: float,
    annual_discount_rate: float,
    time_unit: str,
    **_,
) -> NewCustomer:
    """Expectation over all customers that the models have learnt from, on the day of their first order.

    The intervals hold the uncertainty of the models' parameters: they are those of a mean of many newcomers.

    Parameters
    ----------
    model : BetaGeoFitter
        Fitted.
    spend_model : GammaGammaFitter
        Fitted.
    customers : int
        Number of customers behind the fit.
    horizon_months : float
    interval_level : float
    margin, annual_discount_rate, time_unit
        As for `regulars.clv.lifetime_value`; what else belongs to the economics of a base is left aside.

    Returns
    -------
    NewCustomer
    """
    horizon, rate = units(horizon_months, time_unit), continuous_rate(annual_discount_rate, time_unit)

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

    z = z_value(interval_level)

    def estimate(value: float, error: float) -> Estimate:
        return Estimate(value, float(value - z * error), float(value + z * error), customers)

    per_order, orders = spend(spend_model), discounted(model)
    of_spend, of_orders = total_spread(spend_model, spend) / per_order, total_spread(model, discounted) / orders
    worth = margin * per_order * orders
    return NewCustomer(
        returns=estimate(returns(model), total_spread(model, returns)),
        expected_orders=estimate(repeat_orders(model), total_spread(model, repeat_orders)),
        spend_per_order=estimate(per_order, per_order * of_spend),
        clv=estimate(worth, worth * float(np.hypot(of_spend, of_orders))),
        orders_per_year=estimate(rate_per_year(model), total_spread(model, rate_per_year)),
        leaves=estimate(leaves(model), total_spread(model, leaves)),
    )


def _number(value) -> float:
    return float(np.ravel(value)[0])
