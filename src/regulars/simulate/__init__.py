"""A simulated retailer with known truth, and the smaller generators that tests of the models use.

Everything is simulated event by event and never by the formulas of the fitters, so that a test may hold one against
the other. ``shop`` puts the demo retailer together; ``base`` draws customers and orders, ``products`` fills baskets,
``answers`` and ``cases`` are surveys and tickets, ``dirt`` soils the export; ``purchasing``, ``spending`` and ``logs``
are the generators for tests; ``retailer`` holds every parameter.
"""

from regulars.simulate.logs import order_log
from regulars.simulate.purchasing import bg_nbd_customers, pareto_nbd_customers
from regulars.simulate.retailer import Retailer
from regulars.simulate.shop import demo
from regulars.simulate.spending import gamma_gamma_spend
from regulars.simulate.streams import stream

__all__ = [
    "Retailer",
    "bg_nbd_customers",
    "demo",
    "gamma_gamma_spend",
    "order_log",
    "pareto_nbd_customers",
    "stream",
]
