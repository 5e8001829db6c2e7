# made of __init__.py by python tools/stubs.py --write; see regulars.simulate

from .logs import order_log as order_log
from .purchasing import bg_nbd_customers as bg_nbd_customers
from .purchasing import pareto_nbd_customers as pareto_nbd_customers
from .retailer import Retailer as Retailer
from .shop import demo as demo
from .spending import gamma_gamma_spend as gamma_gamma_spend
from .streams import stream as stream
