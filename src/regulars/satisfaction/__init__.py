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
    satisfaction.cases.ticket_times(cases.tickets, shop.end).table  # hours until half are answered, and resolved

A survey
    ``sound_answers``, ``survey_of``: a ``Survey`` with ``wide`` answers and ``satisfaction`` by respondent and wave;
    ``survey_waves(survey, settings)``, ``with_index``, ``measure_of``: every measure wave by wave; ``rate(flags)``: a
    share with its interval; ``answers_of``: 0 to 100 by respondent; ``satisfaction_index(answers, model, items)``.
Steps of the stage, of a survey and the settings
    ``measure_index``, ``measure_loyalty``, ``measure_benefits``, ``measure_worth``, ``overall_drivers``,
    ``compare_ways``, ``foretell_orders``, ``second_order``, ``feature_answers``, ``offer_answers``, ``branch_of``,
    ``visits_of``, ``voices``, ``repurchases``, ``score_customers``; of cases ``sound_cases``.
Estimators, in rooms of their own
    ``survey``: ``nps(scores)``, ``csat(scores, scale_max)``, ``customer_satisfaction``, ``gaps`` (perceived less
    expected), ``loyalty_of`` (attitude × behaviour, with the chance of each type), ``variance_between``, ``rake``
    (weights for non-response), ``sampling_plan`` (whom to ask next).
    ``index``: ``path_model(answers, model)`` by partial least squares; ``survey_model``, the one that a survey allows;
    ``driver_shares(y, X)``, shares of R²; ``value_lost_to_dissatisfaction``: satisfaction → pace and dropout → value.
    ``methods``: ``ahp``, ``expert_weights``, ``fuzzy_evaluation``, ``principal_components``, ``ordered_logit``;
    ``four_ways`` side by side; ``foretell(scores, bought)``: which says beforehand who orders again.
    ``offer``: ``kano_table(answers, pairs)``, ``delivered_value(offers)``. ``cases``: ``ticket_times`` (open cases
    censored), ``status_trail`` (illegal transitions), ``complaint_iceberg`` (the silent part), ``control_chart``.

Where the data allow no answer a step hands on a `regulars.finding.Refusal`, which says why. What the page tells is made
by `regulars.satisfaction.sections`.
"""

from regulars.lazy import exports

_HOMES = {
    "cases.tickets": ("sound_cases",),
    "folk": ("own_figures", "services_that_mend"),
    "index.index": ("satisfaction_index",),
    "index.told": ("with_index",),
    "methods.repurchase": ("repurchases",),
    "sections": ("sections",),
    "steps": (
        "compare_ways", "feature_answers", "foretell_orders", "measure_benefits", "measure_index", "measure_loyalty",
        "measure_worth", "offer_answers", "overall_drivers", "score_customers", "second_order",
    ),
    "survey.answers": ("sound_answers",),
    "survey.between": ("branch_of", "visits_of"),
    "survey.indices": ("answers_of", "rate"),
    "survey.listening": ("voices",),
    "survey.questionnaire": ("survey_of",),
    "survey.stage_needs": ("tell_stage_needs",),
    "survey.waves": ("measure_of", "survey_waves"),
}  # fmt: skip
__getattr__, __dir__ = exports(__name__, _HOMES)
