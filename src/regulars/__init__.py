"""Regulars: from an order log to what customers are worth, who they are, who is leaving and what to do.

>>> import regulars
>>> regulars.open("demo", margin=0.25).settings("value").margin
0.25
"""

from typing import TYPE_CHECKING

from regulars.lazy import exports

if TYPE_CHECKING:
    from regulars.dataset import open as open

__version__ = "0.1.0"

_HOMES = {"dataset": ("open",)}
__getattr__, _, _ = exports(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), "open"})
