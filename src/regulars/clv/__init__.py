"""What customers will order, what that is worth, and how sure it is.

From an order log to the worth of every customer, and to whether that may be believed::

    purchases = Purchases.of(orders)                              # or shop.purchases() of a dataset
    summary = purchases.summary("1998-06-30", "week")             # frequency, recency, T, monetary_value

    models = clv.fit_models(summary)                              # BG/NBD of orders, Gamma-Gamma of spend
    models.orders.summary                                         # parameters with standard errors
    models.orders.plot()                                          # customers by repeat orders, told and come
    models.orders.predict(t=52, frequency=4, recency=25, T=30)    # one customer: orders in the next 52 weeks

    economics, certainty = settings.economics, settings.certainty     # of shop.settings("value")
    scored = clv.score_customers(models, economics=economics, certainty=certainty)
    scored.customers                                              # expected orders, clv, with intervals; one row each

    trust = clv.judge_forecasts(purchases, "1998-06-30", holdout_days=180, certainty=certainty)
    trust.scorecard                                               # every model on days that were kept back

Fitters, all with the interface of `lifetimes`, exact, with standard errors
    of orders, ``fit(frequency, recency, T, weights=None)``: ``BetaGeoFitter``, ``ModifiedBetaGeoFitter``,
    ``RegularBetaGeoFitter(k)``, ``ParetoNBDFitter``, ``NBDFitter``, and ``BetaGeoCovariateFitter``, whose rate and
    dropout depend on covariates; of spend, ``fit(frequency, monetary_value, weights=None)``: ``GammaGammaFitter``,
    ``TiltedGammaGammaFitter`` (spend goes with frequency); of contracts, ``fit(survivors)``: ``ShiftedBetaGeoFitter``,
    ``BetaDiscreteWeibullFitter``, ``duration_dependence``.
    Once fitted: ``params_``, ``standard_errors_``, ``summary``, ``findings_`` (what is unusual about the data) …;
    orders answer ``predict``, ``probability_active``, ``conditional_probability_alive``, ``next_order_quantile``,
    ``discounted_expected_orders``, ``simulate_orders``.
Value of customers
    ``worth_forecasting`` (whether customers come back at all), ``fit_models``, ``score_customers``, ``scored_table``;
    beneath them ``lifetime_value``, ``predictive_intervals``; ``values_at`` an earlier day; ``new_customer``,
    by ``learnt_of_newcomers``; ``whole_base`` where only a part is in memory.
Trust
    ``read_level`` says what many logs teach of one: a `Level` with scenarios of dropout and the spread of totals.
    ``judge_forecasts`` puts every model back to earlier days and picks the one that may be told, ``follow_headline``
    moves scores to it; ``backtest`` any models; ``calibrate_p_active``; ``frequency_check``, ``tracking`` and
    ``day_netting_bias`` hold the fit against the data, ``remarks`` says what a reader must know.
All of them together
    ``forecast_acquisition``, ``newcomers_since``, ``first_order_spend``, ``acquisition_cost``, ``customer_equity``,
    ``lifetime_equity`` (to the end, by cohort), ``elasticities``;
    ``payback_of`` a new customer, by ``margins_by_age`` and ``first_groups``; ``forecast_cohorts`` month by month
    (``months_in_words``); ``compare_concentration``; ``revenue_move``, by ``customer_revenue``; ``with_known_costs``
    and ``earned_so_far``: the margin, by the costs supplied; ``paid_orders`` where there is money at all.
Kept for later stages
    ``models_record`` makes a ``ModelsRecord``: models as plain data, with the ``assumptions`` behind the money.

Where the data allow no answer these functions hand on a `regulars.finding.Refusal`, which says why. What the page tells
is made by `regulars.clv.sections`; estimators of single steps stand in modules of their names (``spend``, ``coverage``,
``combining``, ``resampling`` …).
"""

from regulars.lazy import exports

_HOMES = {
    "acquisition": ("forecast_acquisition", "newcomers_since"),
    "beta_discrete_weibull": ("BetaDiscreteWeibullFitter", "duration_dependence"),
    "beta_geo": ("BetaGeoFitter", "ModifiedBetaGeoFitter", "RegularBetaGeoFitter"),
    "beta_geo_covariates": ("BetaGeoCovariateFitter",),
    "calibration": ("calibrate_p_active",),
    "checks": ("frequency_check", "tracking"),
    "cohort_revenue": ("forecast_cohorts",),
    "concentration": ("compare_concentration",),
    "equity": ("customer_equity",),
    "lifetime": ("lifetime_equity",),
    "fold_metrics": ("backtest",),
    "gamma_gamma": ("GammaGammaFitter", "TiltedGammaGammaFitter"),
    "headline": ("follow_headline",),
    "in_memory": ("fit_models", "paid_orders", "score_customers", "scored_table"),
    "level": ("Level", "read_level"),
    "levers": ("elasticities",),
    "limits": ("remarks",),
    "margins": ("earned_so_far", "with_known_costs"),
    "nbd": ("NBDFitter",),
    "netting_bias": ("day_netting_bias",),
    "month_by_month": ("months_in_words",),
    "newcomer": ("learnt_of_newcomers", "new_customer"),
    "once": ("worth_forecasting",),
    "pareto_nbd": ("ParetoNBDFitter",),
    "past": ("values_at",),
    "payback": ("first_groups", "margins_by_age", "payback_of"),
    "record": ("ModelsRecord", "assumptions", "models_record"),
    "revenue": ("customer_revenue", "revenue_move"),
    "shifted_beta_geo": ("ShiftedBetaGeoFitter",),
    "trust": ("judge_forecasts",),
    "uncertainty": ("predictive_intervals",),
    "value": ("lifetime_value",),
    "whole": ("whole_base",),
    "winning": ("acquisition_cost", "first_order_spend"),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
