"""Text to dates, numbers and truth values, as Ibis expressions that any engine runs; null where it cannot be read."""

import re

import ibis
import ibis.expr.types as ir

from regulars.sources.date_formats import date_pattern

MONEY_TYPE = "decimal(18, 4)"
WIDE_MONEY_TYPE = "decimal(38, 4)"
CURRENCY_SIGNS = "£$€¥￥₹"
SIGN = f"[{CURRENCY_SIGNS}]"
BLANK = r"[\s\x{00A0}\x{202F}]"
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
ISO = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$"
WIDE_DIGITS, DIGITS = "０１２３４５６７８９．，－", "0123456789.,-"  # as Chinese and Japanese keyboards write them
POWERS = {"万": 10_000, "亿": 100_000_000}
SIMPLE_NUMBER = r"^[-+]?[0-9]{1,14}(\.[0-9]+)?$"
TRUE_TEXTS = ("true", "t", "yes", "y", "1")
FALSE_TEXTS = ("false", "f", "no", "n", "0")


def read_timestamp(text: ir.StringValue, formats) -> ir.TimestampValue:
    """Date and time of day from text, by the first of several formats that reads it.

    Parameters
    ----------
    text : ibis string expression
    formats : str or list of str
        ``iso``, ``excel``, ``epoch`` or patterns such as ``%d/%m/%Y %H:%M``.

    Returns
    -------
    ibis timestamp expression
        Without a time zone; null where no format reads the text or the day is not in the calendar.
    """
    names = [formats] if isinstance(formats, str) else list(formats)
    if any("年" in name for name in names):
        text = text.translate(WIDE_DIGITS, DIGITS)
    return ibis.coalesce(*(_read_one(text, name) for name in names), ibis.null("timestamp"))


def _read_one(text: ir.StringValue, form: str) -> ir.TimestampValue:
    if form == "iso":
        return ibis.ifelse(text.re_search(ISO), text.try_cast("timestamp"), ibis.null("timestamp"))
    if form in ("epoch", "excel"):
        serial = text.try_cast("float64")
        seconds = serial if form == "epoch" else (serial - 25_569) * 86_400  # Excel's day 25,569 is 1970-01-01
        bounded = ibis.ifelse(seconds.abs() < 1e11, seconds, ibis.null("float64"))
        return bounded.round().cast("int64").as_timestamp("s").cast("timestamp")
    pattern, groups = date_pattern(form)
    if "%b" in form or "%B" in form:
        for number, month in enumerate(MONTHS, start=1):
            text = text.re_replace(rf"(?i)\b{month[:3]}({month[3:]})?\b\.?", str(number))
    day = "-".join(rf"\{groups[part]}" for part in ("year", "month", "day"))
    clock = ":".join(rf"\{groups[part]}" if part in groups else "00" for part in ("hour", "minute", "second"))
    plain = text.re_replace(pattern, f"{day} {clock}")
    if "%y" in form:  # as POSIX has it: 69 to 99 are of the last century
        plain = ibis.ifelse(plain.left(2) >= "69", "19", "20") + plain
    read = ibis.ifelse(text.re_search(pattern), plain.try_cast("timestamp"), ibis.null("timestamp"))
    if "half" in groups:
        afternoon = text.re_extract(pattern, groups["half"]).lower().startswith("p")
        hours = ibis.ifelse(afternoon, 12, 0) - ibis.ifelse(read.hour() == 12, 12, 0)
        read = read + hours.as_interval("h")
    return read


def read_number(text: ir.StringValue, decimal: str = ".", thousands: str | None = None) -> ir.DecimalValue:
    """Exact number of four decimals from text.

    One currency sign is passed over, before or behind the number, and blanks between groups of three digits;
    ``(12.00)`` and ``12.00-`` are negative; ``１２．５`` is 12.5 and ``1.2万`` is 12,000.

    Parameters
    ----------
    text : ibis string expression
    decimal : str
        The decimal mark.
    thousands : str, optional
        The mark between groups of digits.

    Returns
    -------
    ibis decimal(18, 4) expression
        Null where the text is no number, or one too large to be money.
    """
    bare = text.translate(WIDE_DIGITS, DIGITS)
    bare = bare.re_replace(rf"^\s*([-+(]?){BLANK}*{SIGN}{BLANK}*", r"\1").re_replace(
        rf"{BLANK}*({SIGN}|元)({BLANK}*[-)]?)$", r"\2"
    )
    bare = bare.re_replace(rf"^([-+(]?){BLANK}+", r"\1").re_replace(rf"{BLANK}+([-)]?{BLANK}*)$", r"\1")
    spaced = rf"^[-+(]?\d{{1,3}}({BLANK}\d{{3}})+([.,]\d*)?[^\d\s]?$"
    bare = ibis.ifelse(bare.re_search(spaced), bare.re_replace(BLANK, ""), bare)
    bare = ibis.ifelse(text.re_search(f"{SIGN}.*{SIGN}"), "", bare)  # £10€ is no number
    if thousands and thousands != " ":
        groups = rf"^\D*\d{{1,3}}({re.escape(thousands)}\d{{3}})+(\D.*)?$"
        bare = ibis.ifelse(bare.re_search(groups), bare.replace(thousands, ""), bare)
    if decimal != ".":
        bare = ibis.ifelse(bare.contains("."), "", bare.replace(decimal, "."))
    bare = bare.re_replace(r"^\(([0-9.]+)\)$", r"-\1").re_replace(r"^([0-9.]+)-$", r"-\1")
    number = r"^[-+]?([0-9]{1,14}(\.[0-9]*)?|\.[0-9]+)$"
    power = ibis.cases(*((bare.endswith(sign), factor) for sign, factor in POWERS.items()), else_=1)
    bare = bare.re_replace(f"[{''.join(POWERS)}]$", "")
    dressed = ibis.ifelse(bare.re_search(number), bare.try_cast(MONEY_TYPE), ibis.null(MONEY_TYPE))
    dressed = (dressed.cast(WIDE_MONEY_TYPE) * power).try_cast(MONEY_TYPE)
    if decimal != "." or thousands == ".":
        return dressed
    return ibis.ifelse(text.re_search(SIMPLE_NUMBER), text.try_cast(MONEY_TYPE), dressed)


def read_bool(text: ir.StringValue) -> ir.BooleanValue:
    """Truth value from text: true, yes, y, t, 1 and their opposites in any case; null for anything else."""
    lower = text.lower()
    return ibis.cases(
        (lower.isin(TRUE_TEXTS), True), (lower.isin(FALSE_TEXTS), False), else_=ibis.null("boolean")
    )  # fmt: skip


def number_id(text: ir.StringValue) -> ir.StringValue:
    """Id that is a number, without leading zeros and without the ``.0`` of a float; null where it is no number."""
    pattern = r"^0*([0-9]+)(\.0*)?$"
    return ibis.ifelse(text.re_search(pattern), text.re_replace(pattern, r"\1"), ibis.null("string"))
