"""Who stays and who leaves: cohorts, time to the next order, states by each customer's own rhythm, value at risk.

The names below are loaded when they are first used, so that a stage imports, and depends on, only the rooms it needs.
"""

from importlib import import_module

_HOMES = {
    "occasions": ("kept_share", "purchase_days"),
    "cohorts": ("cohort_retention", "pooled_retention"),
    "survival": ("Curve", "kaplan_meier", "log_rank", "time_to_second_order"),
    "findings": ("cohort_finding", "compare_cohorts"),
    "states": ("customer_states", "silence_probability"),
    "risk": ("active_bands", "at_risk", "can_tell_alive", "risk_total"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
