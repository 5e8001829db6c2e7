"""Answers: sound ones, waves, gaps, groups, loyalty, and whom to ask next."""

from regulars.lazy import exports

_HOMES = {
    "between": ("variance_between",),
    "gap": ("gaps",),
    "indices": (
        "csat",
        "customer_satisfaction",
        "nps",
    ),
    "loyalty": ("loyalty_of",),
    "raking": ("rake",),
    "sampling": ("sampling_plan",),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
