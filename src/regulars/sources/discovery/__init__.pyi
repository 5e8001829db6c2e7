# made of __init__.py by python tools/stubs.py --write; see regulars.sources.discovery

from .columns import Found as Found
from .columns import find_table as find_table
from .files import Inspected as Inspected
from .files import find_delimiter as find_delimiter
from .files import find_encoding as find_encoding
from .files import has_header as has_header
from .files import inspect_file as inspect_file
from .proposal import Proposal as Proposal
from .proposal import propose as propose
from .writing import new_dataset as new_dataset
from .writing import with_dataset as with_dataset
