"""Regulars: from an order log to what customers are worth, who they are, who is leaving and what to do.

>>> import regulars
>>> shop = regulars.open("demo", margin=0.25)    # doctest: +SKIP
"""

from regulars.lazy import exports

__version__ = "0.1.0"

_HOMES = {"dataset": ("open",)}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
