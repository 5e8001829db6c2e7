"""Numbers in words: the units of the formats, with the decimals and the scale that fit all that stand together.

Each unit is a function of the wording, the value, the decimals (None where the size decides), the numbers beside it and
whether the unit itself is left out (bare); all give text in the wording's language.
"""

import math
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, partial

import numpy as np
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_name,
    get_currency_precision,
    get_currency_symbol,
)

from regulars.rounding import round_significant

MINUS = "−"
MOST_IN_SCALE, LEAST_IN_SCALE = 10, 0.1  # of a scale: numbers that share the next smaller one lose no digit there
SPANS = ("days", "weeks", "months", "years")
COUNTED = (  # things that a number is told of: 1 customer, 4,996 customers
    "customers", "orders", "products", "groups", "rows", "answers", "questions", "cases", "complaints", "contacts",
    "calls", "tests",
)  # fmt: skip


def is_missing(value) -> bool:
    """Whether a value is absent in any of the ways that data have: None, NaN, NaT, NA; so is infinity, in words.

    Examples
    --------
    >>> [is_missing(value) for value in (None, float("nan"), float("inf"), np.datetime64("NaT"), 0, "")]
    [True, True, True, True, False, False]
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, float | np.floating):
        return not math.isfinite(value)
    return isinstance(value, np.datetime64) and bool(np.isnat(value))


def rounded(value: float, decimals: int) -> Decimal:
    """Value with so many decimals, halves away from zero, never minus zero.

    Examples
    --------
    >>> str(rounded(2.5, 0)), str(rounded(-0.0004, 2)), str(rounded(1.005, 2))
    ('3', '0.00', '1.01')
    """
    exact = Decimal(repr(round_significant(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return abs(exact) if exact == 0 else exact


class Peers:
    """Numbers that stand beside each other (a column, an axis, an interval), and what decides their decimals."""

    def __init__(self, values: Iterable):
        self.values = [float(value) for value in values if not is_missing(value)]

    @cached_property
    def largest(self) -> float:
        """Largest of them, by size."""
        return max(map(abs, self.values), default=0.0)

    @cached_property
    def smallest(self) -> float:
        """Smallest of them that is not 0, by size."""
        return min((abs(value) for value in self.values if value), default=0.0)

    @cached_property
    def are_whole(self) -> bool:
        """Whether none has a fraction."""
        return all(value.is_integer() for value in self.values)

    @cached_property
    def percent_decimals(self) -> int:
        """Decimals with which no share reads as 0% or 100% that is neither; at most two, so many for all."""
        if not any(_misleads(share, 0) for share in self.values):
            return 0
        return 2 if _misleads(max(self.values, key=abs), 1) else 1

    def scaled_decimals(self, scale: float) -> int:
        """Decimals that leave three digits to the largest of them in that scale, none where all are whole in it."""
        if all(float(round_significant(value / scale)).is_integer() for value in self.values):
            return 0
        size = self.largest / scale
        return 0 if size >= 100 else 1 if size >= 10 else 2


def _misleads(share: float, decimals: int) -> bool:
    is_bound = math.isclose(share, 1) or math.isclose(share, 0, abs_tol=1e-9)
    near_bound = not 0.006 < abs(share) < 0.994
    return near_bound and not is_bound and float(rounded(100 * share, decimals)) in (0, 100)


def decimal(words, value: float, decimals: int) -> str:
    """Plain number with the language's separators and a fixed number of decimals."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return _signed(format_decimal(rounded(value, decimals), pattern, locale=words.locale))


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _count(words, value, decimals, peers, bare):
    return decimal(words, value, decimals or 0)


def _many(words, value, decimals, peers, bare):
    return _count(words, value, decimals, peers, bare) if value else words.fill("format.none")


def _number(words, value, decimals, peers, bare):
    if decimals is None:
        size = peers.largest
        usual = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 3
        decimals = 0 if peers.are_whole else usual
    return decimal(words, value, decimals)


def _percent(words, value, decimals, peers, bare):
    number = decimal(words, 100 * value, peers.percent_decimals if decimals is None else decimals)
    return number if bare else words.locale.percent_formats[None].pattern.replace("#,##0", number)


def _chance(words, value, decimals, peers, bare):
    """Share that chance would give: never nothing, which it cannot be."""
    decimals = 1 if decimals is None else decimals
    least = 10.0 ** -(decimals + 2)
    text = _percent(words, max(value, least), decimals, peers, bare)
    return words.fill("format.below", number=text) if 0 <= value < least / 2 else text


def _clock(words, value, decimals, peers, bare):
    minutes = round(60 * value)
    return f"{minutes // 60}:{minutes % 60:02d}"


def _points(words, value, decimals, peers, bare):
    number = decimal(words, 100 * value, 1 if decimals is None else decimals)
    return number if bare else words.fill("unit.points", number=number)


def _money(words, value, decimals, peers, bare):
    if decimals is None:
        decimals = 0 if peers.largest >= 100 else get_currency_precision(words.currency_code)
    if bare:
        return decimal(words, value, decimals)
    pattern = words.locale.currency_formats["standard"].pattern
    pattern = pattern.replace("0.00", "0." + "0" * decimals if decimals else "0")
    number = rounded(value, decimals)
    return _signed(format_currency(number, words.currency_code, pattern, locale=words.locale, currency_digits=False))


def _money_short(words, value, decimals, peers, bare):
    parts = _scaled(words, value, decimals, peers)
    if parts is None:
        return _money(words, value, decimals, peers, bare)
    if bare:
        return "".join(parts.values())
    currency = {"symbol": get_currency_symbol, "name": get_currency_name}
    names = {part: name(words.currency_code, locale=words.locale) for part, name in currency.items()}
    return words.fill("format.money_short", **parts, **names)


def _count_short(words, value, decimals, peers, bare):
    parts = _scaled(words, value, decimals, peers)
    return _count(words, value, decimals, peers, bare) if parts is None else "".join(parts.values())


def _scaled(words, value, decimals, peers) -> dict[str, str] | None:
    """Sign, number and scale; None for zero and where the numbers are too small for the language's scales."""
    scale, suffix = _scale(words, peers.largest * (1 + 1e-12))
    if peers.largest < MOST_IN_SCALE * scale and peers.smallest < LEAST_IN_SCALE * scale:
        # beside 1.28m, 3k would read 0.00m: 1,283k and 3k tell both
        scale, suffix = _scale(words, scale * (1 - 1e-12))
    if not suffix or value == 0:
        return None
    decimals = peers.scaled_decimals(scale) if decimals is None else decimals
    if not rounded(value / scale, decimals):  # beside £120k, £310 would read £0k
        return None
    return {"sign": MINUS if value < 0 else "", "number": decimal(words, abs(value) / scale, decimals), "scale": suffix}


def _scale(words, size: float) -> tuple[float, str]:
    chosen = (1.0, "")
    for entry in words.fill("format.scales").split():
        limit, _, suffix = entry.partition(":")
        # 1,240 reads better than 1.24k; 1.24m better than 1,240k
        if size >= float(limit) * (10 if float(limit) < 10_000 else 1):
            chosen = (float(limit), suffix)
    return chosen


def _span(unit, words, value, decimals, peers, bare):
    if decimals is None:
        decimals = 0 if peers.are_whole or peers.largest >= 10 else 1
    number = decimal(words, value, decimals)
    if bare:
        return number
    counted = 1 if decimals == 0 and rounded(value, 0) == 1 else 2
    return words.fill_counted(f"unit.{unit}", counted, number=number)


UNITS: dict[str, Callable] = {
    "count": _count,
    "many": _many,
    "number": _number,
    "percent": _percent,
    "chance": _chance,
    "clock": _clock,
    "points": _points,
    "money": _money,
    "money_short": _money_short,
    "count_short": _count_short,
    **{unit: partial(_span, unit) for unit in (*SPANS, *COUNTED)},
}
