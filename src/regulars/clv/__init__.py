"""What customers will order, what that is worth, and how sure it is.

Fitters of orders, all with the interface of `lifetimes`
    ``BetaGeoFitter()``, ``ModifiedBetaGeoFitter()``, ``RegularBetaGeoFitter(k)``, ``ParetoNBDFitter()``,
    ``NBDFitter()``
    ``BetaGeoCovariateFitter()``: ``fit(frequency, recency, T, covariates)``, BG/NBD whose rate and dropout depend on
    covariates; ``at(covariates)`` gives the ``BetaGeoFitter`` of customers who have these
Fitters of spend
    ``GammaGammaFitter()``, ``TiltedGammaGammaFitter()`` (spend goes with frequency)

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
    ``next_order_quantile(share, frequency, recency, T, given_order=False)``: time by which the next order has come;
    ``probability_never(frequency, recency, T)``;
    ``simulate_orders(T, seed)``: orders of new customers by the story of the model.

Contracts
    ``ShiftedBetaGeoFitter()``, ``BetaDiscreteWeibullFitter()``: ``fit(survivors)`` (alive after 0, 1, 2 … periods),
    ``survival(t)``, ``retention_rate(t)``, ``derl(renewals, discount_rate)`` (shifted beta-geometric);
    ``duration_dependence(survivors, level)``: whether differences between customers explain it all.

Value
    ``lifetime_value(model, spend_model, frequency, recency, T, monetary_value, *, margin, annual_discount_rate, months,
    time_unit, active_within_days=None)``: a frame with expected_orders, p_alive, spend_per_order, spend_is_prior,
    discounted_orders, clv, value_if_alive [, p_active];
    ``choose_spend_model(frequency, monetary_value)``: a ``SpendChoice`` with model, is_independent, correlation, tilt;
    ``winsorise(frequency, monetary_value, share)``: a ``Winsorised`` with monetary_value, cap, customers, money.

Uncertainty
    ``predictive_intervals(model, spend_model, frequency, recency, T, monetary_value, *, margin, annual_discount_rate,
    months, time_unit, level=0.9, draws=400, seed=0, level_uncertainty=0.12)``: an ``Uncertainty`` with ``customers``
    (expected_orders_low, expected_orders_high, clv_low, clv_high), ``orders_total`` and ``clv_total`` (``Estimate``);
    ``bootstrap(model, draws=200, seed=0)``: parameters of resampled customers;
    ``day_netting_bias(model, *, time_unit)``: a ``NettingBias`` with table (fitted, bias, standard_error, corrected)
    and is_material.

Trust
    ``backtest(purchases, cutoffs, horizon_days, models=None, *, observation_end, time_unit, …)``: a frame with cutoff,
    model, unit, metric, value, low, high; its parts are ``backtest_folds``, ``score_folds`` and ``compare_folds``
    (paired differences to a reference);
    ``forecast_now(purchases, observation_end, horizon_days, model="combined", …)``: customer_id, expected_orders and
    p_order;
    ``judge_forecasts(purchases, observation_end, holdout_days, …)``: all of what follows in one call, a ``Trust`` with
    headline, totals, scores, coverage;
    ``choose_headline(folds, …)``: a ``Headline`` with model, verdict, wins, losses, beat_naive, comparisons;
    ``rolling_cutoffs(observation_start, observation_end, holdout_days, folds)``; ``fold_totals(folds, model, …)``: what
    was forecast and what came; ``with_headline(scored, forecast)``: scores that follow another forecast of orders;
    ``holdout_coverage(folds, horizon_days, …)``: a ``Coverage`` with table, real, widened and customer_level;
    ``calibrate_p_active(purchases, observation_end, active_within_days, *, time_unit)``: a ``Calibration`` with
    probabilities (customer_id, p_active_raw, p_active), reliability, scores, is_calibrated and reason.

A stage in a few steps
    ``fit_models(summary)`` and ``score_customers(summary, models, …)``: from the RFM summary to one row per customer;
    ``judge_forecasts``: the same methods put back; ``new_customer``: what to expect of a newcomer;
    ``frequency_check`` and ``tracking`` (``buying_finding``): counted beside expected; ``concentration_finding``: who
    carries it;
    ``remarks``: what must be said beside the numbers; ``models_record``: all of it, for ``clv.json``;
    ``forecast_cohorts``: each cohort so far and month by month ahead, of ``months_ahead``: revenue, orders and active
    customers with fans; ``told_months_finding``: such months as they were told earlier, against what came;
    ``whole_base``: totals of all customers, where a part of them is in memory;
    ``untold_base``: what is known where the orders allow no model.

As data
    ``model_entry(model)`` and ``restore_models(record, *, time_unit, data=None)``: to JSON and back, checked.
"""

from regulars.lazy import exports

_HOMES = {
    "checks": ("buying_finding", "frequency_check", "tracking"),
    "past": ("values_at",),
    "acquisition": ("Acquisition", "forecast_acquisition"),
    "equity": ("Equity", "acquisition_cost", "customer_equity", "elasticities", "equity_story"),
    "cohort_revenue": ("CohortForecast", "cohort_names", "forecast_cohorts", "past_by_cohort"),
    "month_by_month": ("MonthByMonth", "months_ahead"),
    "told_months": ("told_months_finding",),
    "concentration": ("concentration_finding", "concentration_told", "gini_estimate", "lorenz_curves", "top_share"),
    "newcomer": ("NewCustomer", "new_customer"),
    "record": ("ModelsRecord", "assumptions", "models_record"),
    "limits": ("one_time_buyers", "remarks"),
    "in_memory": ("Models", "Scored", "fit_models", "score_customers", "spend_choice_effect"),
    "_fitter": ("Finding",),
    "backtesting": ("Fold", "backtest", "backtest_folds", "compare_folds", "forecast_now", "score_folds"),
    "combining": ("Combination", "choose_regularity", "combine"),
    "beta_discrete_weibull": ("BetaDiscreteWeibullFitter", "DurationDependence", "duration_dependence"),
    "beta_geo": ("BetaGeoFitter", "ModifiedBetaGeoFitter", "RegularBetaGeoFitter"),
    "beta_geo_covariates": ("BetaGeoCovariateFitter",),
    "netting_bias": ("NettingBias", "day_netting_bias"),
    "shifted_beta_geo": ("ShiftedBetaGeoFitter",),
    "resampling": ("bootstrap",),
    "saved": ("data_hash", "model_entry", "restore_models"),
    "spend": ("SpendChoice", "Winsorised", "choose_spend_model", "winsorise"),
    "calibration": ("Calibration", "calibrate_p_active", "reliability_table"),
    "coverage": ("Coverage", "holdout_coverage"),
    "headline": (
        "Headline",
        "Trust",
        "LastTest",
        "choose_headline",
        "follow_headline",
        "fold_totals",
        "judge_forecasts",
        "rolling_cutoffs",
        "with_headline",
    ),
    "gamma_gamma": ("GammaGammaFitter", "TiltedGammaGammaFitter"),
    "nbd": ("NBDFitter",),
    "pareto_nbd": ("ParetoNBDFitter",),
    "untold": ("WITHOUT_MODEL", "Untold", "untold_base"),
    "uncertainty": ("Uncertainty", "predictive_intervals"),
    "value": ("lifetime_value",),
    "whole": ("Whole", "whole_base"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
