"""A simulated retailer with known truth, and the smaller generators that tests of the models use.

Everything is simulated event by event and never by the formulas of the fitters, so that a test may hold one against
the other. ``shop`` puts the demo retailer together; ``base`` draws customers and orders, ``products`` fills baskets,
``answers`` and ``cases`` are surveys and tickets, ``dirt`` soils the export; ``purchasing``, ``spending`` and ``logs``
are the generators for tests; ``retailer`` holds every parameter.
"""

from regulars.lazy import exports

_HOMES = {
    "shop": ("demo",),
    "retailer": ("Retailer",),
    "purchasing": ("bg_nbd_customers", "pareto_nbd_customers"),
    "spending": ("gamma_gamma_spend",),
    "logs": ("order_log",),
    "streams": ("stream",),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
