"""How satisfied customers are: gap, recommendation, top boxes, index per customer, waves, complaints."""

from regulars.lazy import exports

_HOMES = {
    "cases.aftermath": ("cases_finding", "scores_after_cases"),
    "survey.answers": ("check_answers", "item_answers", "scores_by_item", "sound_answers", "with_wave"),
    "survey.gap": ("gap_states", "gaps", "respondent_gaps", "shortfalls", "state_shares"),
    "survey.indices": (
        "answers_of", "by_group", "csat", "customer_satisfaction", "customer_scores", "ends_of", "groups_differ",
        "mean", "nps", "rate", "recommendation", "top_box",
    ),
    "survey.waves": ("latest", "measure_of", "survey_waves", "wave_changes", "wave_finding", "waves_side_by_side"),
    "cases.complaints": (
        "complaint_rate", "complaint_shares", "complaint_story", "ending_table", "only_complaints", "outcome_shares",
        "resolution_table", "resolution_times",
    ),
    "cases.iceberg": ("Iceberg", "complaint_iceberg", "people_told", "retention_after_complaint", "word_of_mouth"),
    "cases.service": (
        "TicketTimes", "breach_forecast", "control_chart", "defects", "escalations", "first_contact",
        "handling_steps", "knowledge_base", "on_time_by_owner", "pareto", "promises_kept", "remedies", "sound_tickets",
        "ticket_faults", "ticket_times", "ticket_volume", "transfers", "warranty_cost",
    ),
    "cases.desk": ("cases_told", "desk_finding", "flow_finding", "goods_finding"),
    "cases.cost": ("first_to_mend", "returned_finding", "service_finding", "silent_part", "stake", "worth_finding"),
    "index.drivers": ("driver_shares", "lmg_shares"),
    "index.explained": ("Explained", "driver_to_fix", "explain", "first_screen", "levers_told", "with_index"),
    "index.index": ("SatisfactionIndex", "satisfaction_index"),
    "index.pls": ("PathModel", "path_model", "path_model_of"),
    "index.structure": ("structure_of", "survey_model"),
    "survey.told": ("complaints_told", "first_gap", "gap_told", "waves_told", "who_told"),
    "cases.trail": ("Trail", "status_trail"),
    "index.worth": (
        "Money", "ValueLost", "answers_of_the_left", "driver_worth", "histories_at", "money_of", "reliability_of",
        "value_lost_to_dissatisfaction",
    ),
    "methods.hierarchy": ("ahp", "expert_weights", "kendall_w", "points_of_ranking"),
    "methods.fuzzy": ("fuzzy_evaluation", "memberships"),
    "methods.components": ("component_scores", "principal_components"),
    "methods.ordered": ("ordered_logit",),
    "survey.raking": ("rake", "rfm_cells", "weighted_share"),
    "methods.repurchase": ("areas_under_curve", "folds_of", "foretell", "repurchases", "whole"),
    "methods.methods": (
        "Design", "Ranks", "factor_scores", "four_ways", "latest_answers", "methods_finding", "out_of_sample_scores",
        "rank_correlation",
        "respondent_scores", "usual_factors", "which_foretells", "wide_answers",
    ),
    "offer.delivered": (
        "Against", "against", "answered_value", "asked_finding", "delivered_finding", "delivered_value", "value_bridge",
    ),
    "offer.kano": (
        "kano_classes", "kano_coefficients", "kano_finding", "kano_table", "levels_finding", "service_levels",
    ),
    "survey.between": ("Visits", "agents_between_branches", "between_finding", "variance_between"),
    "survey.sampling": ("draw_sample", "sampling_finding", "sampling_plan"),
    "survey.recommending": ("nps_points", "recommend_finding", "wave_measures"),
    "survey.listening": (
        "channels_finding", "importance_finding", "listening_channels", "switching_finding", "switching_rates",
    ),
    "sections": ("KEPT", "SatisfactionSettings", "Survey"),
    "survey.loyalty": (
        "attitude", "behaviour", "benefits_finding", "benefits_of_loyalty", "cronbach_alpha",
        "loyalty_finding", "loyalty_of", "loyalty_types", "truly_loyal", "type_migration", "type_shares",
    ),
}  # fmt: skip
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
