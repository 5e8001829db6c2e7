"""What a setting may be beyond its kind: between which ends a number lies, what a text or a list must hold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated


@dataclass(frozen=True)
class Within:
    """Ends of a number.

    Parameters
    ----------
    low, high : float
        Smallest and largest that is allowed.
    above : bool
        Whether ``low`` itself is not.

    Examples
    --------
    >>> Within(0, 1).admits(1), Within(0, 1, above=True).admits(0), Within(0).admits(-1)
    (True, False, False)
    >>> str(Within(0, 1)), str(Within(0, 1, above=True)), str(Within(1))
    ('from 0 to 1', 'above 0 and up to 1', 'from 1')
    """

    low: float
    high: float = math.inf
    above: bool = False

    def admits(self, value) -> bool:
        """Whether a number lies between the ends."""
        return (value > self.low if self.above else value >= self.low) and value <= self.high

    def __str__(self) -> str:
        """The ends in words."""
        first = f"above {self.low:,.10g}" if self.above else f"from {self.low:,.10g}"
        return first if math.isinf(self.high) else f"{first} {'and up to' if self.above else 'to'} {self.high:,.13g}"


@dataclass(frozen=True)
class Filled:
    """A text, list or mapping that is not empty.

    Examples
    --------
    >>> Filled().admits(" "), Filled().admits("overall")
    (False, True)
    """

    def admits(self, value) -> bool:
        """Whether there is something in it."""
        return bool(value.strip() if isinstance(value, str) else value)

    def __str__(self) -> str:
        """In words."""
        return "that is not empty"


@dataclass(frozen=True)
class OfLength:
    """A list of so many entries.

    Examples
    --------
    >>> OfLength(2).admits(["with", "without"]), str(OfLength(2))
    (True, 'of 2 entries')
    """

    length: int

    def admits(self, value) -> bool:
        """Whether it has so many."""
        return len(value) == self.length

    def __str__(self) -> str:
        """In words."""
        return f"of {self.length} entries"


Seed = Annotated[int, Within(0, 2**32 - 1)]
Level = Annotated[float, Within(0.5, 0.999)]
Days = Annotated[int, Within(1, 36500)]
Months = Annotated[int, Within(1, 600)]
Count = Annotated[int, Within(1, 10**9)]
Draws = Annotated[int, Within(1, 10**5)]
Share = Annotated[float, Within(0, 1)]
PartOf = Annotated[float, Within(0, 1, above=True)]
Money = Annotated[float, Within(0, 10**12)]
Above = Annotated[float, Within(0, 10**9, above=True)]
Points = Annotated[float, Within(0, 100)]
Name = Annotated[str, Filled()]


def rising(values: Mapping[str, float], strictly: bool = True) -> dict[str, str]:
    """What is wrong with settings that must rise in the order in which they are given.

    Parameters
    ----------
    values : mapping
        Name to value.
    strictly : bool
        Whether two may not be the same.

    Returns
    -------
    dict
        Name of the first that does not to what is wrong with it; empty where nothing is.

    Examples
    --------
    >>> rising({"lost_below": 0.1, "dormant_below": 0.05})
    {'lost_below': 'is 0.1, which must be below dormant_below (0.05)'}
    >>> rising({"small_loss": 20, "large_loss": 20}, strictly=False)
    {}
    """
    for (name, low), (other, high) in pairwise(values.items()):
        if low > high or (strictly and low == high):
            rule = "must be below" if strictly else "must not be above"
            return {name: f"is {low:.10g}, which {rule} {other} ({high:.10g})"}
    return {}
