"""How satisfied customers are: gap, recommendation, top boxes, index per customer, waves, complaints."""

from regulars.lazy import exports

_HOMES = {
    "answers": ("check_answers", "item_answers", "with_wave"),
    "gap": ("gap_states", "gaps", "respondent_gaps", "state_shares"),
    "indices": (
        "by_group", "csat", "customer_satisfaction", "groups_differ", "mean", "nps", "rate", "recommendation",
        "top_box",
    ),
    "waves": ("wave_changes", "wave_finding"),
    "complaints": (
        "complaint_rate", "complaint_shares", "only_complaints", "outcome_shares", "resolution_table",
        "resolution_times",
    ),
}  # fmt: skip
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
