"""Statistics that several rooms need: intervals, survival, competing ends, reliability, ranking, control limits."""

from regulars.lazy import exports

_HOMES = {
    "competing": ("aalen_johansen",),
    "limits": ("laney_limits", "lights", "prediction_limits"),
    "reliability": ("calibration_of_chances", "out_of_fold", "recalibrated"),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
