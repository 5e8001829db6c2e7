"""How what was found shows itself in a notebook: a line per fact, with as many digits as one reads."""

import math
from dataclasses import fields

from regulars.finding import plain_fact
from regulars.statistics.intervals import Estimate


class Shown:
    """A dataclass whose display is a line per field that is shown (``repr=True``): estimates with interval and n."""

    def __repr__(self) -> str:
        """Name and value of each such field."""
        named = [field.name for field in fields(self) if field.repr]
        width = max(map(len, named))
        return "\n".join(f"{name:<{width}}  {_told(getattr(self, name))}" for name in named)


def _told(value) -> str:
    if isinstance(value, Estimate) and math.isnan(value.value):
        return "not known"
    return plain_fact(value)
