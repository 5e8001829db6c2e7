"""Ways to measure satisfaction, side by side on the same answers."""

from regulars.lazy import exports

_HOMES = {
    "components": ("principal_components",),
    "fuzzy": ("fuzzy_evaluation",),
    "hierarchy": (
        "ahp",
        "expert_weights",
    ),
    "methods": ("four_ways",),
    "ordered": ("ordered_logit",),
    "repurchase": ("foretell",),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
