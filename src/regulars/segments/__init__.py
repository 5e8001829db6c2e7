"""Who the customers are: RFM scores and named segments, tiers of the pyramid, clusters, summaries per group.

The names below are loaded when they are first used, so that a stage that needs the pyramid alone neither imports
scikit-learn nor depends on the files of the other rooms.
"""

from importlib import import_module

_HOMES = {
    "rfm": ("RULES", "name_segments", "rfm_scores"),
    "tiers": ("assign_tiers", "tier_thresholds"),
    "clusters": ("Clustering", "find_clusters"),
    "summary": ("cross_table", "group_summary"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
