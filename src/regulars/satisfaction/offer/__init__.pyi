# made of __init__.py by python tools/stubs.py --write; see regulars.satisfaction.offer

from .delivered import delivered_value as delivered_value
from .kano import kano_table as kano_table
