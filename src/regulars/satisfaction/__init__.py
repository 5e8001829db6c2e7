"""How satisfied customers are, what moves it, what becomes of complaints, and what all of it is worth.

Examples
--------
From the answers to an index and what moves it; ``notebooks/04_satisfaction.ipynb`` tells all of it::

    import regulars
    from regulars import satisfaction

    shop = regulars.open("demo")
    settings, tables = shop.settings("satisfaction"), shop.tables
    answers = satisfaction.sound_answers(tables["surveys"], tables["survey_items"])
    survey = satisfaction.survey_of(answers)        # one row per respondent and wave, 0 to 100
    survey.scores                                   # satisfaction of each customer

    index = satisfaction.measure_index(survey, settings)
    index.by_wave                                   # the index from 0 to 100 with intervals, wave by wave
    index.effects                                   # points of the index per point of each driver

    cases = satisfaction.sound_cases(tables["tickets"])
    satisfaction.ticket_times(cases.tickets, shop.end).table    # hours until half are answered, and resolved

A survey
    ``sound_answers``, ``survey_of``: a ``Survey`` with ``wide`` answers and ``satisfaction`` by respondent and wave;
    ``survey_waves(survey, settings)``, ``with_index``, ``measure_of``: every measure wave by wave;
    ``nps(scores)``, ``csat(scores, scale_max)``, ``rate(flags)``: an `Estimate` each; ``gaps(surveys)``: perceived less
    expected; ``customer_satisfaction``, ``answers_of``: 0 to 100 by respondent; ``sampling_plan``: whom to ask next.
The index
    ``path_model(answers, model)``: partial least squares, with paths, weights, loadings, quality; ``survey_model``: the
    model that a survey allows; ``satisfaction_index(answers, model, items)``: with bootstrap intervals;
    ``driver_shares(y, X)``: shares of R² with the chance of each rank.
Four ways to measure, on the same answers
    ``rake`` (weights for non-response), ``ahp``, ``expert_weights`` and ``fuzzy_evaluation``, ``principal_components``,
    ``ordered_logit``; ``four_ways`` side by side; ``foretell(scores, bought)``: which says beforehand who orders again.
Loyalty, branches, offers
    ``loyalty_of``: attitude × behaviour, with the chance of each type; ``variance_between(scores, groups)``;
    ``kano_table(answers, pairs)``; ``delivered_value(offers)``.
Cases
    ``sound_cases(tickets)``; ``ticket_times``: open cases censored; ``status_trail``: stays, illegal transitions;
    ``complaint_iceberg``: the silent part; ``control_chart(counts, sizes)``.
In money
    ``value_lost_to_dissatisfaction(purchases, scores, spend_per_order, end)``: satisfaction → pace and dropout → value.
Steps of the stage, of a survey and the settings
    ``measure_index``, ``measure_loyalty``, ``measure_benefits``, ``measure_worth``, ``overall_drivers``,
    ``compare_ways``, ``foretell_orders``, ``second_order``, ``feature_answers``, ``offer_answers``, ``branch_of``,
    ``visits_of``, ``voices``, ``followed``, ``repurchases``, ``score_customers``.

Where the data allow no answer a step hands on a `regulars.finding.Refusal`, which says why. What the page tells is made
by `regulars.satisfaction.sections`; estimators of single steps stand in the rooms ``survey``, ``index``, ``methods``,
``offer`` and ``cases``.
"""

from regulars.lazy import exports

_HOMES = {
    "cases.iceberg": ("complaint_iceberg",),
    "cases.service": ("control_chart", "ticket_times"),
    "cases.tickets": ("sound_cases",),
    "cases.trail": ("status_trail",),
    "index.drivers": ("driver_shares",),
    "index.index": ("satisfaction_index",),
    "index.pls": ("path_model",),
    "index.structure": ("survey_model",),
    "index.told": ("with_index",),
    "index.worth": ("value_lost_to_dissatisfaction",),
    "methods.components": ("principal_components",),
    "methods.fuzzy": ("fuzzy_evaluation",),
    "methods.hierarchy": ("ahp", "expert_weights"),
    "methods.methods": ("four_ways",),
    "methods.ordered": ("ordered_logit",),
    "methods.repurchase": ("followed", "foretell", "repurchases"),
    "offer.delivered": ("delivered_value",),
    "offer.kano": ("kano_table",),
    "sections": ("sections",),
    "steps": (
        "compare_ways",
        "feature_answers",
        "foretell_orders",
        "measure_benefits",
        "measure_index",
        "measure_loyalty",
        "measure_worth",
        "offer_answers",
        "overall_drivers",
        "score_customers",
        "second_order",
    ),
    "survey.answers": ("sound_answers",),
    "survey.between": ("branch_of", "variance_between", "visits_of"),
    "survey.gap": ("gaps",),
    "survey.indices": ("answers_of", "csat", "customer_satisfaction", "nps", "rate"),
    "survey.listening": ("voices",),
    "survey.loyalty": ("loyalty_of",),
    "survey.questionnaire": ("survey_of",),
    "survey.raking": ("rake",),
    "survey.sampling": ("sampling_plan",),
    "survey.waves": ("measure_of", "survey_waves"),
}
__getattr__, __dir__, _ = exports(__name__, _HOMES)  # no __all__: help() then shows what stands above
