# made of __init__.py by python tools/stubs.py --write; see regulars.cube

from .aggregating import aggregate as aggregate
from .aggregating import measures_of as measures_of
from .facts import Facts as Facts
from .facts import gather as gather
from .laid_out import Cube as Cube
