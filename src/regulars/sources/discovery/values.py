"""How the values of a column are written: as dates, as numbers, as ids. Readings are proved by the values, or asked."""

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from regulars.sources.date_formats import date_pattern
from regulars.sources.parsing import CURRENCY_SIGNS, ISO, ISO_WITH_ZONE, MONTHS

SCREENED = 50  # values that every format is tried on before the rest is looked at
MOST_SHAPES = 4  # ways of writing that one column of dates may mix
EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119
EPOCH_SECONDS = (10**8, 42 * 10**8)  # 1973 to 2103
EPOCH_MILLISECONDS = (10**12, 42 * 10**11)  # 2001 to 2103
MARKS = ("/", "-", ".", " ")
DAYS = (
    *(form.replace("/", mark) for mark in MARKS for form in ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d")),
    *(form.replace("/", mark) for mark in MARKS[:3] for form in ("%d/%m/%y", "%m/%d/%y", "%y/%m/%d")),
    *("%Y%m%d", "%d%m%Y", "%m%d%Y", "%Y 年 %m 月 %d 日"),
    *("%b-%d-%y", "%d-%b-%Y", "%d %b %Y", "%d. %b %Y", "%b %d, %Y", "%b %d %Y", "%d-%b-%y", "%d %b %y", "%y-%b-%d"),
)
CLOCKS = (
    "", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", ", %H:%M:%S", ", %I:%M:%S %p"
)  # fmt: skip
NUMBER = re.compile(r"[-+(]?[0-9][0-9., '\u00a0]*[)-]?")
POWERS = ("万", "亿")
SIGN_CURRENCIES = {"£": "GBP", "€": "EUR", "₹": "INR"}  # $ and ¥ stand for several


@dataclass(frozen=True)
class Dates:
    """What a column says when it is read as dates.

    Parameters
    ----------
    formats : tuple of str
        The formats that together read every value; empty where it must be asked, or where it holds no dates.
    choices : tuple of (str, datetime.date, datetime.date)
        Formats that each read every value, with the first and the last day that they give, where there are several.
    example : str
        A value that all choices read; or, where one format is proved, the value that proves it.
    """

    formats: tuple[str, ...] = ()
    choices: tuple[tuple[str, dt.date, dt.date], ...] = ()
    example: str = ""

    @property
    def found(self) -> bool:
        """Whether the column holds dates, in one reading or in several."""
        return bool(self.formats or self.choices)


@dataclass(frozen=True)
class Numbers:
    """What a column says when it is read as numbers.

    Parameters
    ----------
    found : bool
        Whether it holds numbers.
    decimal, thousands : str or None
        The marks, where the values prove them.
    is_open : bool
        Whether a mark may be either: ``1,234`` alone.
    example : str
    sign : str
        A currency sign that stands beside the numbers.
    is_negative : bool
        Whether any is below zero.
    """

    found: bool = False
    decimal: str | None = None
    thousands: str | None = None
    is_open: bool = False
    example: str = ""
    sign: str = ""
    is_negative: bool = False


def dates(values: Sequence[str], named_date: bool = True) -> Dates:
    """Formats that read a column's values, proved by them.

    Parameters
    ----------
    values : sequence of str
        Distinct values, none empty.
    named_date : bool
        Whether the column's name speaks of a date: only then are bare numbers taken for day or second counts.

    Returns
    -------
    Dates

    Examples
    --------
    >>> dates(["25/12/2023", "01/02/2024"]).formats
    ('%d/%m/%Y',)
    >>> [form for form, _, _ in dates(["04/08/2015", "01/02/2015"]).choices]
    ['%d/%m/%Y', '%m/%d/%Y']
    """
    values = [unicodedata.normalize("NFKC", value) for value in values]
    if not values:
        return Dates()
    if all(re.search(ISO, value) or re.search(ISO_WITH_ZONE, value) for value in values):
        return Dates(("iso",), example=values[0])
    if counted := _counted(values) if named_date else "":
        return Dates((counted,), example=values[0])
    readings = _readings(values)
    if readings:
        return _settled(readings, values)
    shapes: dict[str, list[str]] = {}
    for value in values:
        shapes.setdefault(re.sub(r"[A-Za-z]+", "A", re.sub(r"\d+", "9", value)), []).append(value)
    if not 1 < len(shapes) <= MOST_SHAPES:
        return Dates()
    parts = [dates(group, named_date=False) for group in shapes.values()]
    if not all(len(part.formats) == 1 for part in parts):
        return Dates()
    return Dates(tuple(dict.fromkeys(part.formats[0] for part in parts)), example=parts[0].example)


def _counted(values: list[str]) -> str:
    if not all(re.fullmatch(r"\d{5,13}(\.\d+)?", value) for value in values):
        return ""
    numbers = [float(value) for value in values]
    for form, (low, high) in (("excel", EXCEL_DAYS), ("epoch", EPOCH_SECONDS), ("epoch", EPOCH_MILLISECONDS)):
        if low <= min(numbers) and max(numbers) <= high and not _readings(values):
            return form
    return ""


@cache
def _pattern(form: str) -> tuple[re.Pattern, dict[str, int]]:
    pattern, groups = date_pattern(form)
    return re.compile(pattern), groups


def _readings(values: list[str]) -> dict[str, list[dt.date]]:
    """Formats that read every value as a day of the calendar, with those days."""
    named = [_with_month_numbers(value) for value in values]
    readings = {}
    for day in DAYS:
        texts = named if "%b" in day else values
        for clock in CLOCKS:
            if all(_read(day + clock, text) for text in texts[:SCREENED]):
                days = [_read(day + clock, text) for text in texts]
                if all(days):
                    readings[day + clock] = days
                break
    return readings


def _with_month_numbers(value: str) -> str:
    for number, month in enumerate(MONTHS, start=1):
        value = re.sub(rf"(?i)\b{month[:3]}({month[3:]})?\b\.?", str(number), value)
    return value


def _read(form: str, value: str) -> dt.date | None:
    pattern, groups = _pattern(form)
    match = pattern.match(value)
    if not match:
        return None
    year, month, day = (int(match[groups[part]]) for part in ("year", "month", "day"))
    if "%y" in form:
        year += 1900 if year >= 69 else 2000
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _settled(readings: dict[str, list[dt.date]], values: list[str]) -> Dates:
    """One reading where the values prove it; all of them where they do not."""
    # 2 April 2015 written 04-02-15: a log has more different days of the month than years
    plausible = {
        form: days for form, days in readings.items()
        if "%y" not in form or len({day.year for day in days}) <= len({day.day for day in days})
    } or readings  # fmt: skip
    # eight digits in a row: 20240105 is no day of the year 105
    plausible = {form: days for form, days in plausible.items() if min(days).year >= 1900} or plausible
    distinct = {tuple(days): form for form, days in reversed(plausible.items())}
    if len(distinct) == 1:
        form = next(reversed(distinct.values()))
        return Dates((form,), example=_proof(form, values))
    choices = [(form, min(days), max(days)) for days, form in reversed(distinct.items())]
    return Dates(choices=tuple(choices), example=values[0])


def _proof(form: str, values: list[str]) -> str:
    """A value that the format with day and month exchanged cannot read."""
    if "%m" not in form:  # the month is named
        return values[0]
    swapped = form.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")
    return next((value for value in values if swapped == form or not _read(swapped, value)), values[0])


def numbers(values: Sequence[str]) -> Numbers:
    """Marks in a column's numbers, proved by them.

    Parameters
    ----------
    values : sequence of str
        Distinct values, none empty.

    Returns
    -------
    Numbers

    Examples
    --------
    >>> numbers(["1.234,50", "12,5"]).decimal, numbers(["1,234"]).is_open
    (',', True)
    """
    signs, bare = set(), []
    for value in values:
        text = unicodedata.normalize("NFKC", value).strip()
        signs |= set(value) & set(CURRENCY_SIGNS)
        text = re.sub(rf"[{CURRENCY_SIGNS}]|{'|'.join(POWERS)}$|^[A-Z]{{3}} | [A-Z]{{3}}$", "", text).strip()
        if not NUMBER.fullmatch(text):
            return Numbers()
        bare.append(text)
    if not bare:
        return Numbers()
    facts = {"sign": min(signs, default=""), "is_negative": any(re.match(r"[-(]|.*-$", text) for text in bare)}
    for decimal, group in ((",", "."), (".", ",")):
        if proof := next((text for text in bare if _proves(text, decimal)), ""):
            # a blank or an apostrophe may group as well
            grouped = next((mark for mark in (group, " ", "'") if any(_grouped(text, mark) for text in bare)), None)
            return Numbers(True, decimal, grouped, example=proof, **facts)
    for mark in (",", "."):
        if proof := next((text for text in bare if text.count(mark) > 1), ""):
            return Numbers(True, "." if mark == "," else ",", mark, example=proof, **facts)
        if proof := next((text for text in bare if mark in text), ""):
            return Numbers(True, is_open=True, example=proof, **facts)
    return Numbers(True, ".", example=bare[0], **facts)


def _proves(text: str, decimal: str) -> bool:
    """Whether a mark can only be the decimal one: once, after any other, and not before three last digits alone."""
    other = "." if decimal == "," else ","
    if text.count(decimal) != 1:
        return False
    whole, part = text.strip("()-+ ").split(decimal)
    return other not in part and (len(part) != 3 or other in whole or len(whole) > 3 or whole in ("0", ""))


def _grouped(text: str, mark: str) -> bool:
    return bool(re.search(rf"\d{re.escape(mark)}\d{{3}}(\D|$)", text))


def is_number_id(values: Sequence[str]) -> bool:
    """Whether ids are numbers that an export has dressed up as ``17850.0``."""
    return all(re.fullmatch(r"\d+(\.0+)?", value) for value in values) and any("." in value for value in values)
