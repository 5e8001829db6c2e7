"""How satisfied customers are: gap, recommendation, top boxes, index per customer, waves, complaints.

The names below are loaded when they are first used, so that a stage imports, and depends on, only the rooms it needs.
"""

from importlib import import_module

_HOMES = {
    "answers": ("check_answers", "item_answers", "with_wave"),
    "gap": ("gap_states", "gaps", "respondent_gaps", "state_shares"),
    "indices": ("by_group", "csat", "customer_satisfaction", "mean", "nps", "rate", "recommendation", "top_box"),
    "waves": ("wave_changes", "wave_finding"),
    "complaints": ("complaint_rate", "complaint_shares", "outcome_shares", "resolution_times"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
