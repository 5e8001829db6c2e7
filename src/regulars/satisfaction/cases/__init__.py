"""Complaints and service cases: how many, how handled, what becomes of them, what they cost."""

from regulars.lazy import exports

_HOMES = {
    "iceberg": ("complaint_iceberg",),
    "service": (
        "control_chart",
        "ticket_times",
    ),
    "trail": ("status_trail",),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
