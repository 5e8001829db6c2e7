"""What is offered: features by Kano's classes, and delivered value."""

from regulars.lazy import exports

_HOMES = {
    "delivered": ("delivered_value",),
    "kano": ("kano_table",),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
