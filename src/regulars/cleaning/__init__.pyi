# made of __init__.py by python tools/stubs.py --write; see regulars.cleaning

from .ledger_tables import copies_kept as copies_kept
from .ledger_tables import example_rows as example_rows
from .ledger_tables import main_account as main_account
from .ledger_tables import tables_overview as tables_overview
from .ledger_tables import waterfall as waterfall
from .ledger_tables import worst_reasons as worst_reasons
from .order_figures import by_day as by_day
from .order_figures import figures as figures
from .order_figures import gaps as gaps
from .order_figures import sufficiency as sufficiency
from .order_figures import weekly_orders as weekly_orders
from .process import Cleaned as Cleaned
from .process import clean as clean
from .process import clean_orders as clean_orders
from .process import clean_tables as clean_tables
from .process import save as save
from . import quality as quality
