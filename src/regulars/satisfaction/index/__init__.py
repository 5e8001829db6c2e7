"""The satisfaction index by a path model, its drivers, and what a point of it is worth."""

from regulars.lazy import exports

_HOMES = {
    "drivers": ("driver_shares",),
    "pls": ("path_model",),
    "structure": ("survey_model",),
    "worth": ("value_lost_to_dissatisfaction",),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
