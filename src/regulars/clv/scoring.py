"""The table of the value stage: one row per customer, what to expect of each and how sure."""

from dataclasses import dataclass

import pandas as pd

from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.uncertainty import predictive_intervals
from regulars.clv.value import lifetime_value
from regulars.errors import UserError
from regulars.intervals import Estimate

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


def fit_models(summary: pd.DataFrame) -> tuple[BetaGeoFitter, GammaGammaFitter]:
    """Fit the reference models of orders and of spend.

    Parameters
    ----------
    summary : pandas.DataFrame
        As `regulars.rfm.rfm_summary` gives it.

    Returns
    -------
    (BetaGeoFitter, GammaGammaFitter)
        Spend is learnt from the customers with a paid repeat order: of one-time buyers it is not known.

    Raises
    ------
    UserError
        Where the orders do not allow a fit: too few customers, or nobody who came back.
    """
    repeaters = summary[summary["monetary_value"] > 0]
    try:
        orders = BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
        return orders, GammaGammaFitter().fit(repeaters["frequency"], repeaters["monetary_value"])
    except ValueError as error:
        raise UserError(f"These orders cannot be modelled: {error}") from error


def score_customers(
    summary: pd.DataFrame,
    model,
    spend_model,
    *,
    margin: float,
    annual_discount_rate: float,
    horizon_months: float,
    active_within_days: float,
    time_unit: str,
    interval_level: float = 0.9,
    draws: int = 400,
    level_uncertainty: float = 0.12,
    seed: int = 0,
) -> Scored:
    """Expected orders, lifetime value and the value at risk of every customer.

    Parameters
    ----------
    summary : pandas.DataFrame
        As `regulars.rfm.rfm_summary` gives it.
    model, spend_model : fitters
        Of orders and of spend, fitted.
    margin, annual_discount_rate, horizon_months, active_within_days, time_unit
        As for `regulars.clv.lifetime_value`.
    interval_level, draws, level_uncertainty, seed
        As for `regulars.clv.predictive_intervals`.

    Returns
    -------
    Scored
    """
    columns = (summary["frequency"], summary["recency"], summary["T"], summary["monetary_value"])
    economics = {
        "margin": margin,
        "annual_discount_rate": annual_discount_rate,
        "months": horizon_months,
        "time_unit": time_unit,
    }
    value = lifetime_value(model, spend_model, *columns, active_within_days=active_within_days, **economics)
    sure = predictive_intervals(
        model, spend_model, *columns, level=interval_level, draws=draws, seed=seed,
        level_uncertainty=level_uncertainty, **economics,
    )  # fmt: skip
    customers = pd.concat([summary[HISTORY], value.drop(columns="discounted_orders"), sure.customers], axis=1)
    customers["value_at_risk"] = customers["value_if_alive"] - customers["clv"]
    return Scored(customers, sure.orders_total, sure.clv_total)
