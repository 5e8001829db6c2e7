"""What customers will order, what that is worth, and how sure it is.

Fitters of orders, all with the interface of `lifetimes`
    ``BetaGeoFitter()``, ``ModifiedBetaGeoFitter()``, ``RegularBetaGeoFitter(k)``, ``ParetoNBDFitter()``,
    ``NBDFitter()``
Fitter of spend
    ``GammaGammaFitter()``

Each has ``fit(frequency, recency, T, weights=None)`` (spend: ``fit(frequency, monetary_value, weights=None)``) and,
once fitted, ``params_``, ``standard_errors_``, ``variance_matrix_``, ``confidence_intervals_``, ``summary``,
``log_likelihood_``, ``AIC_``, ``BIC_``, ``gradient_norm_``, ``condition_number_`` and
``findings_`` (a list of ``Finding(code, sentence)``).

Questions to a fitter of orders, all for arrays of histories and any t ≥ 0 in the unit of the data
    ``predict(t, frequency, recency, T)``: expected orders;
    ``conditional_probability_alive(frequency, recency, T)``;
    ``probability_active(t, frequency, recency, T)``: at least one order;
    ``probability_of_no_order(…)``: its complement;
    ``conditional_probability_of_n_purchases_up_to_time(n, t, frequency, recency, T)``;
    ``discounted_expected_orders(t, frequency, recency, T, rate)``, also for t = infinity;
    ``expected_number_of_purchases_up_to_time(t)``: of a new customer.

Value
    ``lifetime_value(model, spend_model, frequency, recency, T, monetary_value, *, margin, annual_discount_rate, months,
    time_unit, active_within_days=None)``: a frame with expected_orders, p_alive, spend_per_order, spend_is_prior,
    discounted_orders, clv, value_if_alive [, p_active].

Uncertainty
    ``predictive_intervals(model, spend_model, frequency, recency, T, monetary_value, *, margin, annual_discount_rate,
    months, time_unit, level=0.9, draws=400, seed=0, level_uncertainty=0.12)``: an ``Uncertainty`` with ``customers``
    (expected_orders_low, expected_orders_high, clv_low, clv_high), ``orders_total`` and ``clv_total`` (``Estimate``).
"""

from regulars.clv._fitter import Finding
from regulars.clv.beta_geo import BetaGeoFitter, ModifiedBetaGeoFitter, RegularBetaGeoFitter
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.nbd import NBDFitter
from regulars.clv.pareto_nbd import ParetoNBDFitter
from regulars.clv.uncertainty import Uncertainty, predictive_intervals
from regulars.clv.value import lifetime_value

__all__ = [
    "BetaGeoFitter",
    "Finding",
    "GammaGammaFitter",
    "ModifiedBetaGeoFitter",
    "NBDFitter",
    "ParetoNBDFitter",
    "RegularBetaGeoFitter",
    "Uncertainty",
    "lifetime_value",
    "predictive_intervals",
]
