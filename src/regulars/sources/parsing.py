"""Text to dates, numbers and truth values, as Ibis expressions that any engine runs; null where it cannot be read."""

import re

import ibis
import ibis.expr.types as ir

from regulars.sources.date_formats import date_pattern, seconds_ahead

MONEY_TYPE = "decimal(18, 4)"
WIDE_MONEY_TYPE = "decimal(38, 4)"
CURRENCY_SIGNS = "£$€¥￥₹"
SIGN = f"[{CURRENCY_SIGNS}]"
BLANK = r"[\s\x{00A0}\x{202F}]"
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
ISO = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$"
ZONE = r" ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"
ISO_WITH_ZONE = rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}[T ]\d{{1,2}}:\d{{2}}(:\d{{2}}(\.\d{{1,9}})?)?{ZONE}"
MILLISECONDS_FROM = 1e11  # a count since 1970 so large is no longer one of seconds (year 5138)
WIDE_DIGITS, DIGITS = "０１２３４５６７８９．，－", "0123456789.,-"  # as Chinese and Japanese keyboards write them
POWERS = {"万": 10_000, "亿": 100_000_000}
WITH_POWER = r"^[-+]?[0-9]{1,14}(\.[0-9]+)?[eE][-+]?[0-9]{1,2}$"  # as spreadsheets show long numbers
SIMPLE_NUMBER = r"^[-+]?[0-9]{1,14}(\.[0-9]+)?$"
TRUE_TEXTS = ("true", "t", "yes", "y", "1")
FALSE_TEXTS = ("false", "f", "no", "n", "0")


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp"), "timestamp('UTC')"))
def _known_as(zone, moment):
    """Instant of a moment that is told in a zone, by DuckDB."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
def _told_in(zone, instant):
    """Moment of an instant as a zone tells it, by DuckDB."""


@ibis.udf.scalar.builtin(name="from_utc_timestamp", signature=(("timestamp", "string"), "timestamp"))
def _from_utc(moment, zone):
    """Moment of UTC as a zone tells it, by Spark."""


def in_zone(moment: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """Moment that is told in UTC, as a time zone tells it.

    Parameters
    ----------
    moment : ibis timestamp expression
        Without a time zone.
    zone : str
        IANA name.

    Returns
    -------
    ibis timestamp expression
        Without a time zone.
    """
    if zone == "UTC":
        return moment
    if moment.get_backend().name == "pyspark":
        return _from_utc(moment, zone)
    return _told_in(zone, _known_as("UTC", moment))


def read_timestamp(text: ir.StringValue, formats, zone: str = "UTC") -> ir.TimestampValue:
    """Date and time of day from text, by the first of several formats that reads it.

    Parameters
    ----------
    text : ibis string expression
    formats : str or list of str
        ``iso``, ``excel``, ``epoch`` or patterns such as ``%d/%m/%Y %H:%M``.
    zone : str
        Time zone in which moments are told that say how far they are from UTC; the others stay as they are written.

    Returns
    -------
    ibis timestamp expression
        Without a time zone; null where no format reads the text or the day is not in the calendar.
    """
    names = [formats] if isinstance(formats, str) else list(formats)
    if any("年" in name for name in names):
        text = text.translate(WIDE_DIGITS, DIGITS)
    return ibis.coalesce(*(_read_one(text, name, zone) for name in names), ibis.null("timestamp"))


def _read_one(text: ir.StringValue, form: str, zone: str) -> ir.TimestampValue:
    if form == "iso":
        bare = text.re_replace(ZONE, "")
        written = ibis.ifelse(text.re_search(ISO_WITH_ZONE), bare.try_cast("timestamp"), ibis.null("timestamp"))
        plain = ibis.ifelse(text.re_search(ISO), text.try_cast("timestamp"), ibis.null("timestamp"))
        return ibis.coalesce(plain, in_zone(written - _ahead(text), zone))
    if form in ("epoch", "excel"):
        serial = text.try_cast("float64")
        seconds = serial if form == "epoch" else (serial - 25_569) * 86_400  # Excel's day 25,569 is 1970-01-01
        seconds = ibis.ifelse(seconds.abs() >= MILLISECONDS_FROM, seconds / 1000, seconds)
        bounded = ibis.ifelse(seconds.abs() < MILLISECONDS_FROM, seconds, ibis.null("float64"))
        whole = bounded.round().cast("int64")
        if form == "excel":
            return whole.as_timestamp("s").cast("timestamp")
        # by hand: what engines make of a count has a zone already
        return in_zone(ibis.timestamp("1970-01-01") + whole.as_interval("s"), zone)
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
    if "zone" in groups:
        return in_zone(read - _ahead(text.re_extract(pattern, groups["zone"])), zone)
    if (ahead := seconds_ahead(form)) is not None:
        return in_zone(read - ibis.literal(ahead).as_interval("s"), zone)
    return read


def _ahead(text: ir.StringValue) -> ir.IntervalValue:
    """How far the zone at the end of a text is ahead of UTC."""
    offset = r"[+-](\d{2}):?(\d{2})?$"
    hours, minutes = (text.re_extract(offset, group).nullif("").try_cast("int64").fill_null(0) for group in (1, 2))
    size = (hours * 60 + minutes) * 60
    return ibis.ifelse(text.re_search(r"-\d{2}(:?\d{2})?$"), -size, size).as_interval("s")


def read_number(text: ir.StringValue, decimal: str = ".", thousands: str | None = None) -> ir.DecimalValue:
    """Exact number of four decimals from text.

    One currency sign is passed over, before or behind the number, and blanks between groups of three digits;
    ``(12.00)`` and ``12.00-`` are negative; ``１２．５`` is 12.5, ``1.2万`` is 12,000 and ``1.2E+03`` is 1,200.

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
    with_power = ibis.ifelse(bare.re_search(WITH_POWER), bare.try_cast("float64"), ibis.null("float64"))
    dressed = ibis.coalesce(dressed, with_power.try_cast(MONEY_TYPE))
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
