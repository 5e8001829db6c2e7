"""Who stays and who leaves: cohorts, time to the next order, states by each customer's own rhythm, value at risk."""

from regulars.lazy import exports

_HOMES = {
    "kept": ("kept_change", "kept_share"),
    "cohorts": ("cohort_retention", "mixture_curves", "pooled_curve", "pooled_retention", "recent_cells", "triangles"),
    "costs": ("campaign_costs", "contact_effect", "costs_finding", "referral_value", "referrals_finding"),
    "groups": ("compare_groups", "groupings", "groups_finding", "restricted_mean", "since_day", "since_first_order"),
    "second_order": ("cohort_curves", "second_order_share", "time_to_second_order"),
    "findings": ("cohort_finding", "cohort_story", "compare_cohorts", "older_and_newer"),
    "states": (
        "Thresholds",
        "customer_states",
        "first_gap_probability",
        "rhythm_chance",
        "silence_probability",
    ),
    "base": (
        "base_finding",
        "base_story",
        "customer_ledger",
        "presence",
        "revenue_retention",
        "state_transitions",
    ),
    "consumption": ("Consumption", "consumption_finding", "learn_consumption", "sharpened"),
    "dates": ("DateRules", "call_list", "dates_calibration", "dates_finding", "next_order", "next_order_pit", "untold"),
    "hindsight": ("Judged", "PastSettings", "Told", "judged", "look_back", "told_before"),
    "calls": ("Calls", "calls_finding"),
    "slipping": ("is_quiet", "quiet_share", "slipping_finding"),
    "economics": ("Point", "beside_published", "point_of_retention", "win_back", "worth_story"),
    "reconcile": ("reconciled",),
    "saved": ("saved_finding",),
    "contracts": (
        "Contracts",
        "contract_spells",
        "contract_story",
        "contracts_finding",
        "leaving_reasons",
        "recurring_revenue",
        "survivors_of",
    ),
    "risk": ("active_bands", "at_risk", "can_tell_alive", "expected_active", "risk_finding", "risk_total"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
