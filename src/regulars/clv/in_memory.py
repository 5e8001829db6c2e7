"""The table of the value stage: one row per customer, what to expect of each and how sure."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.spend import SpendChoice, Winsorised, choose_spend_model, winsorise
from regulars.clv.uncertainty import predictive_intervals
from regulars.clv.value import lifetime_value
from regulars.errors import UntoldError
from regulars.rounding import round_significant
from regulars.statistics.intervals import Estimate

HISTORY = ["customer_id", "first_ordered_at", "last_ordered_at", "frequency", "recency", "T", "monetary_value", "spend"]


@dataclass(frozen=True)
class Scored:
    """What customers will bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer: the columns of the RFM summary, then spend_per_order, spend_is_prior, p_alive, p_active,
        expected_orders and clv with their intervals, value_if_alive, value_at_risk.
    orders_total, clv_total : Estimate
        Of all customers over the horizon, with an interval that includes what no model sees of a total's level.
    """

    customers: pd.DataFrame
    orders_total: Estimate
    clv_total: Estimate


@dataclass(frozen=True)
class Models:
    """What has been learnt from a base of customers.

    Parameters
    ----------
    orders : BetaGeoFitter
    spend_choice : SpendChoice
        The model of spend, and whether spend goes with frequency.
    capped : Winsorised
        Mean spend of each customer as the models see it, and what has been taken off the largest.
    """

    orders: BetaGeoFitter
    spend_choice: SpendChoice
    capped: Winsorised

    @property
    def spend(self) -> GammaGammaFitter:
        """The model of spend that the data call for."""
        return self.spend_choice.model

    @property
    def fitted(self) -> dict:
        """Both models by the names under which they are kept."""
        return {"bg_nbd": self.orders, "gamma_gamma": self.spend}


def fit_models(summary: pd.DataFrame, spend_outliers: float = 0.0, interval_level: float = 0.9) -> Models:
    """Fit the reference models of orders and of spend.

    Spend is learnt from the customers with a paid repeat order: of one-time buyers it is not known.

    Parameters
    ----------
    summary : pandas.DataFrame
        As `regulars.purchases.Purchases.summary` gives it.
    spend_outliers : float
        Share of those customers whose mean spend is brought down to the largest of the others.
    interval_level : float
        Of what is told about the choice of the model of spend.

    Returns
    -------
    Models

    Raises
    ------
    UntoldError
        Where the orders do not allow a fit: too few customers, or nobody who came back.
    """
    frequency = summary["frequency"].to_numpy()
    capped = winsorise(frequency, summary["monetary_value"], spend_outliers)
    paid = capped.monetary_value > 0
    _refuse_few(len(summary), int((frequency > 0).sum()), int(paid.sum()))
    try:
        orders = BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
        spend = choose_spend_model(frequency[paid], capped.monetary_value[paid], level=interval_level)
        return Models(orders, spend, capped)
    except ValueError as error:
        raise UntoldError(f"These orders cannot be modelled: {error}") from error


def _refuse_few(customers: int, back: int, paid: int) -> None:
    """Say in words what a fitter would say of rows."""
    short = None
    if customers < 2:
        short = "there is one customer only, and how customers differ is learnt from many"
    elif not back:
        short = f"none of the {customers} customers ordered on a second day"
    elif paid < 2:
        short = "fewer than two customers paid for a repeat order, so that spend per order cannot be told"
    if short:
        raise UntoldError(f"These orders cannot be modelled: {short}; supply more customers, or a longer history.")


def score_customers(
    summary: pd.DataFrame,
    models: Models,
    *,
    margin: float,
    annual_discount_rate: float,
    horizon_months: float,
    active_within_days: float,
    time_unit: str,
    interval_level: float = 0.9,
    draws: int = 400,
    level_uncertainty: float = 0.12,
    customer_level: float | None = None,
    seed: int = 0,
) -> Scored:
    """Expected orders, lifetime value and the value at risk of every customer.

    Parameters
    ----------
    summary : pandas.DataFrame
        As `regulars.purchases.Purchases.summary` gives it.
    models : Models
        Fitted on these customers.
    margin, annual_discount_rate, horizon_months, active_within_days, time_unit
        As for `regulars.clv.lifetime_value`.
    interval_level, draws, level_uncertainty, customer_level, seed
        As for `regulars.clv.predictive_intervals`.

    Returns
    -------
    Scored
    """
    columns = _columns(summary, models)
    economics = {
        "margin": margin,
        "annual_discount_rate": annual_discount_rate,
        "months": horizon_months,
        "time_unit": time_unit,
    }
    value = lifetime_value(models.orders, models.spend, *columns, active_within_days=active_within_days, **economics)
    sure = predictive_intervals(
        models.orders, models.spend, *columns, level=interval_level, draws=draws, seed=seed,
        level_uncertainty=level_uncertainty, customer_level=customer_level, **economics,
    )  # fmt: skip
    customers = pd.concat([summary[HISTORY], value.drop(columns="discounted_orders"), sure.customers], axis=1)
    customers["value_at_risk"] = at_risk(customers["value_if_alive"], customers["clv"])
    return Scored(customers, sure.orders_total, sure.clv_total)


def at_risk(value_if_alive, clv) -> np.ndarray:
    """Difference of both as they are written: of nearly equal numbers the digits behind those are noise.

    Examples
    --------
    >>> at_risk([10.0, 1 / 3], [9.0, 1 / 3 - 1e-14]).tolist()
    [1.0, 0.0]
    """
    return round_significant(value_if_alive) - round_significant(clv)


def _columns(summary: pd.DataFrame, models: Models) -> tuple:
    seen = summary.assign(monetary_value=models.capped.monetary_value)
    return tuple(seen[name] for name in ("frequency", "recency", "T", "monetary_value"))


def spend_choice_effect(summary: pd.DataFrame, models: Models, *, margin, annual_discount_rate, horizon_months, **unit):
    """By how much the choice of the model of spend moves the value of all customers together.

    Parameters
    ----------
    summary, models
        As for `score_customers`.
    margin, annual_discount_rate, horizon_months
        As there.
    **unit
        time_unit, active_within_days, as there.

    Returns
    -------
    float
        Value under the model chosen ÷ value under plain Gamma-Gamma − 1; 0 where that was chosen.
    """
    if models.spend_choice.is_independent:
        return 0.0
    columns = _columns(summary, models)
    economics = {"margin": margin, "annual_discount_rate": annual_discount_rate, "months": horizon_months, **unit}
    chosen, plain = (
        lifetime_value(models.orders, spend, *columns, **economics)["clv"].sum()
        for spend in (models.spend, models.spend_choice.plain)
    )
    return float(chosen / plain - 1)
