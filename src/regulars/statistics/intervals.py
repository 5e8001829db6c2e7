"""An estimate with its interval and n, and the interval of a share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtri

from regulars.labels import Change
from regulars.rounding import six_digits
from regulars.showing import Shown, html


@dataclass(frozen=True)
class Estimate(Shown):
    """A number, the interval that goes with it and how many observations stand behind it.

    Parameters
    ----------
    value : float
        The estimate; NaN where nothing can be said.
    low, high : float
        Ends of the interval; NaN where there is none.
    n : int
        Number of observations (customers, answers, tickets) behind it.

    Examples
    --------
    >>> print(Estimate(1 / 3, 0.2, 0.5, 40), Estimate(2.0), Estimate(float("nan")), sep=" | ")
    0.333333 (0.2 to 0.5), n = 40 | 2 | not known
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    n: int = 0

    @classmethod
    def of(cls, ends: Iterable[float], n: int = 0) -> Self:
        """Estimate of its value and the ends of its interval, in this order.

        Examples
        --------
        >>> Estimate.of(np.exp([0.0, -1.0, 1.0]).round(2), 12)
        Estimate(value=1.0, low=0.37, high=2.72, n=12)
        """
        value, low, high = (end if isinstance(end, int) else float(end) for end in ends)  # counts stay whole
        return cls(value, low, high, n)

    def __str__(self) -> str:
        """As an analyst reads it: the number, its interval, and n."""
        if self.value != self.value:
            return "not known"
        ends = f" ({six_digits(self.low)} to {six_digits(self.high)})" if self.low == self.low else ""
        return f"{six_digits(self.value)}{ends}" + (f", n = {self.n}" if self.n else "")

    def _repr_pretty_(self, printer, cycle) -> None:
        """In a notebook as it is printed."""
        printer.text(str(self))

    def _repr_html_(self) -> str | None:
        return html(str(self))


def z_value(level: float) -> float:
    """How many standard errors an interval of this level goes to each side, where the estimate is normal.

    Examples
    --------
    >>> round(z_value(0.9), 3)
    1.645
    """
    if level < 0 or level >= 1:
        raise ValueError(f"level is {level}; it is a probability, such as 0.9.")
    return float(ndtri((1 + level) / 2))


def wilson(successes, n, level: float = 0.9):
    """Interval of a share by Wilson's score method, which holds for small n and for shares near 0 and 1.

    Parameters
    ----------
    successes, n : int or array of int
        How many of how many. n = 0 gives NaN.
    level : float
        Confidence level.

    Returns
    -------
    (low, high) : tuple of float or of numpy.ndarray
        Shares between 0 and 1.

    References
    ----------
    Wilson, E. B. (1927), J. American Statistical Association 22, 209-212.

    Examples
    --------
    >>> low, high = wilson(0, 10, level=0.95)
    >>> round(float(low), 3), round(float(high), 3)
    (0.0, 0.278)
    >>> wilson(0, 7)[0], wilson(7, 7)[1]
    (0.0, 1.0)
    """
    k = np.asarray(successes, dtype=float)
    n = np.asarray(n, dtype=float)
    z = z_value(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / n
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # the ends at none and at all are exact, which the difference of two floats is not
    low = np.where(n > 0, np.where(k == 0, 0, np.clip(centre - half, 0, 1)), np.nan)
    high = np.where(n > 0, np.where(k == n, 1, np.clip(centre + half, 0, 1)), np.nan)
    return (float(low), float(high)) if low.ndim == 0 else (low, high)


def share(successes: int, n: int, level: float = 0.9) -> Estimate:
    """Share as an `Estimate` with Wilson's interval.

    Examples
    --------
    >>> share(3, 4).value
    0.75
    """
    low, high = wilson(successes, n, level)
    return Estimate(successes / n if n else float("nan"), low, high, int(n))


def median_interval(values, level: float = 0.9) -> tuple[float, float, float]:
    """Median with an interval from the order statistics, which supposes nothing of the distribution.

    Examples
    --------
    >>> median_interval(range(1, 12))
    (6.0, 3.0, 9.0)
    """
    ordered = np.sort(np.asarray(values, float))
    n = ordered.size
    if not n:
        return np.nan, np.nan, np.nan
    reach = z_value(level) * np.sqrt(n) / 2
    low, high = int(np.floor(n / 2 - reach)), int(np.ceil(n / 2 + reach)) - 1
    return float(np.median(ordered)), float(ordered[max(low, 0)]), float(ordered[min(high, n - 1)])


def from_row(row, name: str, n: str = "n") -> Estimate:
    """Estimate that stands in one row of a table: its columns ``name``, ``name_low``, ``name_high`` and `n`.

    Examples
    --------
    >>> from_row({"share": 0.5, "share_low": 0.4, "share_high": 0.6, "n": 70}, "share")
    Estimate(value=0.5, low=0.4, high=0.6, n=70)
    """
    return Estimate.of((row[column] for column in (name, f"{name}_low", f"{name}_high")), int(row[n]))


def to_row(told: Estimate, name: str) -> dict[str, float]:
    """Columns of a table that hold an estimate; the inverse of `from_row`.

    Examples
    --------
    >>> to_row(Estimate(0.5, 0.4, 0.6, 70), "share")
    {'share': 0.5, 'share_low': 0.4, 'share_high': 0.6}
    """
    return {name: told.value, f"{name}_low": told.low, f"{name}_high": told.high}


def difference(after: Estimate, before: Estimate) -> Estimate:
    """Difference of two independent estimates, with an interval made out of theirs.

    The distances from each estimate to its own limits are squared and added (method of variance estimates
    recovery), so that the interval of a difference of two Wilson shares is Newcombe's hybrid score interval, and
    skewed intervals stay skewed.

    Parameters
    ----------
    after, before : Estimate
        With intervals of the same level. Their difference is `after` − `before`.

    Returns
    -------
    Estimate
        n is that of the smaller of the two.

    References
    ----------
    Newcombe, R. G. (1998), Statistics in Medicine 17, 873-890, method 10.
    Zou, G. Y. and Donner, A. (2008), Statistics in Medicine 27, 1693-1702.

    Examples
    --------
    >>> change = difference(share(56, 70, level=0.95), share(48, 80, level=0.95))
    >>> round(change.value, 4), round(change.low, 4), round(change.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    value = after.value - before.value
    low = value - np.hypot(after.value - after.low, before.high - before.value)
    high = value + np.hypot(after.high - after.value, before.value - before.low)
    return Estimate(float(value), float(low), float(high), min(after.n, before.n))


def change(after: Estimate, before: Estimate) -> Change:
    """Whether the difference of two estimates is more than noise: its interval leaves zero out.

    Examples
    --------
    >>> change(share(56, 70), share(48, 80))
    <Change.UP: 'up'>
    >>> change(share(5, 7), share(6, 8))
    <Change.UNCLEAR: 'unclear'>
    """
    return against(difference(after, before))


def against(told: Estimate, value: float = 0.0) -> Change:
    """Whether an estimate lies above or below a value by more than noise: its interval leaves the value out.

    Parameters
    ----------
    told : Estimate
        With its interval.
    value : float
        What it is held against.

    Returns
    -------
    Change
        Up or down where the whole interval lies above or below the value; unknown without an interval.

    Examples
    --------
    >>> against(Estimate(0.2, 0.1, 0.3)), against(Estimate(0.2, 0.1, 0.3), 0.25), against(Estimate(0.2))
    (<Change.UP: 'up'>, <Change.UNCLEAR: 'unclear'>, <Change.UNKNOWN: 'unknown'>)
    """
    if np.isnan([told.low, told.high]).any():
        return Change.UNKNOWN
    return Change.UP if told.low > value else Change.DOWN if told.high < value else Change.UNCLEAR
