# made of __init__.py by python tools/stubs.py --write; see regulars.customer

from .account import Customer as Customer
from .account import customer_of as customer_of
from .dealings import folded as folded
from .dealings import timeline as timeline
from .file import FIELDS as FIELDS
from .file import customer_file as customer_file
from .page import write_page as write_page
from .rows import NAMED_BY as NAMED_BY
from .rows import rows_of as rows_of
from .rows import whose as whose
