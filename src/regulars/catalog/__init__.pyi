# made of __init__.py by python tools/stubs.py --write; see regulars.catalog

from .about_dataset import About as About
from .about_dataset import about as about
from .about_dataset import about_from_ledger as about_from_ledger
from .files import in_engine as in_engine
from .files import load as load
from .files import save as save
from .places import exists as exists
from .places import path as path
from .places import read_json as read_json
from .places import write_csv as write_csv
from .places import write_json as write_json
from .places import write_parquet as write_parquet
from .schemas import limits_of as limits_of
from .schemas import rule_broken as rule_broken
from .schemas import schema as schema
from .schemas import typed as typed
from .schemas import validate as validate
from .tables import ARROW_TYPES as ARROW_TYPES
from .tables import CLEAN_TABLES as CLEAN_TABLES
from .tables import Column as Column
from .tables import JOINED_TASTES as JOINED_TASTES
from .tables import MONEY as MONEY
from .tables import PANDAS_TYPES as PANDAS_TYPES
from .tables import SCORED_TABLES as SCORED_TABLES
from .tables import TABLES as TABLES
from .tables import Table as Table
