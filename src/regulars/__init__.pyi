# made of __init__.py by python tools/stubs.py --write; see regulars

from .dataset import open as open

__version__: str
