"""What the rows of an order log say beside their columns: cancellations, lines that are no goods, copies, currency."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from regulars.sources.discovery.columns import NAMES, Found, Profile
from regulars.sources.discovery.files import Inspected, same_name
from regulars.sources.discovery.values import SIGN_CURRENCIES
from regulars.sources.mapping import LINE_TOTAL
from regulars.sources.meaning import NO_MONEY, NO_SALE, NOBODY, REFUND_NAMES, STATUS_MOST, STATUS_NAMES
from regulars.sources.parsing import CURRENCY_SIGNS

NEARLY_ALL = 0.95
HALF = 0.5
FEW_CODES = 3
REFUND_FILE = r"(?i)refund|return|credit.?note|chargeback|storno|gutschrift|retoure|退款|erstatt|rembours|devoluc"
FEWEST = 5  # rows that a rule is read off
GUEST_SHARE = 0.02  # of the rows from which an id that stands for nobody is asked about
TOLD_IN_UTC = r"\b(UTC|GMT)\b"  # of the name of a column
OFFSET = r"(?P<before>.*\d)\s*(?P<offset>Z|[+-]\d{2}:?\d{2})"  # a moment that says its distance from UTC
# clocks of which one may show what the moments of a log show; those that agree there give the same days
ZONES = (
    "Europe/London", "Europe/Berlin", "Europe/Athens", "Europe/Istanbul", "Asia/Jerusalem", "Africa/Lagos",
    "Africa/Johannesburg", "Africa/Nairobi", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok",
    "Asia/Shanghai", "Asia/Tokyo", "Australia/Perth", "Australia/Adelaide", "Australia/Brisbane", "Australia/Sydney",
    "Pacific/Auckland", "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
    "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "America/Halifax", "America/St_Johns",
    "America/Mexico_City", "America/Bogota", "America/Sao_Paulo", "America/Santiago",
)  # fmt: skip
CURRENCY_WORDS = r"(?i)(?:^|[\W_])(eur|usd|gbp|chf|cny|jpy|inr|brl|cad|aud|sek|nok|dkk|pln)(?:$|[\W_])"


def cancellation_prefix(found: Found) -> tuple[str, int] | None:
    """Letters that begin the order ids of nearly nothing but negative rows, and how many rows those are."""
    ids, counts = found.values("order_id"), found.values("quantity") or found.values("amount")
    if ids is None or counts is None:
        return None
    letters = pc.struct_field(pc.extract_regex(pa.array(ids, pa.string()), "^(?P<letters>[A-Za-z]+)"), "letters")
    negative = pc.match_substring_regex(pa.array(counts, pa.string()), r"^\s*[-(]|-\s*$")
    rows = pa.table({"letters": letters, "negative": pc.cast(negative, pa.int64())}).group_by("letters")
    for group in rows.aggregate([("negative", "sum"), ("negative", "count")]).to_pylist():
        times, undone = group["negative_count"], group["negative_sum"]
        if group["letters"] and FEWEST <= times < len(ids) / 2 and undone >= NEARLY_ALL * times:
            return group["letters"], times
    return None


def status(found: Found) -> tuple[str, list[tuple[str, int]], list[str]] | None:
    """A column that says which rows are sales: its values with their rows, and those that seem to be none."""
    used = {spec.get("column") for spec in found.columns.values()}
    for name in found.file.header:
        if name in used or not re.search(STATUS_NAMES, name):
            continue
        counts = Counter(found.file.column(name).to_pylist()).most_common()
        doubtful = [value for value, _ in counts if re.search(NO_SALE, value)]
        if doubtful and len(counts) <= STATUS_MOST:
            return name, counts, doubtful
    return None


def nobody(found: Found) -> tuple[str, int] | None:
    """A customer id that seems to stand for nobody and has many rows."""
    counts = Counter(value for value in found.values("customer_id") or () if value)
    likely = max(FEWEST, GUEST_SHARE * found.file.data.num_rows)
    return next((pair for pair in counts.most_common() if pair[1] >= likely and re.search(NOBODY, pair[0])), None)


def refunds_of(found: Found) -> str | None:
    """Column in which rows below zero, and no others, name another row's order."""
    ids = found.values("order_id")
    amounts = next(filter(None, map(found.values, ("amount", LINE_TOTAL, "quantity"))), None)
    if ids is None or amounts is None:
        return None
    known, below = set(ids), [bool(re.match(r"\s*[-(]", amount)) for amount in amounts]
    for name in found.other:
        pairs = zip(found.file.column(name).to_pylist(), below, strict=True)
        named = [(value, undoes) for value, undoes in pairs if value]
        are_known = sum(value in known for value, _ in named) >= HALF * len(named)
        if len(named) >= FEWEST and are_known and all(undoes for _, undoes in named):
            return name
    return None


def refunds_in(file: Inspected, log: Found) -> dict[str, str] | None:
    """Columns of a file of refunds whose rows name orders of a log; None where it is none."""
    if not re.search(REFUND_FILE, " ".join([Path(file.label).name, *file.header])):
        return None
    profile, known = Profile(file), set(log.values("order_id") or ()) - {""}
    columns = {}
    for name in file.header:
        plain, there = same_name(name), profile.distinct(name)
        if "of" not in columns and there and sum(one in known for one in there) >= NEARLY_ALL * len(there):
            columns["of"] = name
        elif profile.dates(name).found:
            # a day that is written as the orders' are; else that of the order stands
            same = "ordered_at" in log.dates and profile.dates(name).formats == log.dates["ordered_at"].formats
            if same and "ordered_at" not in columns:
                columns["ordered_at"] = name
        elif profile.numbers(name).found and not re.search(NO_MONEY, name):
            is_money = re.search(REFUND_NAMES, name) or any(re.fullmatch(one, plain) for one in NAMES["amount"])
            if is_money and "amount" not in columns:
                columns["amount"] = name
    return columns if {"of", "amount"} <= set(columns) else None


def odd_products(found: Found) -> list[tuple[str, int]]:
    """Codes without a digit where nearly all others have one, with their rows: postage, fees, corrections, perhaps."""
    codes = found.values("product_id")
    if codes is None:
        return []
    times = Counter(code for code in codes if code)
    odd = [(code, rows) for code, rows in times.most_common() if not re.search(r"\d", code)]
    share = sum(rows for _, rows in odd) / max(len(codes), 1)
    # postage may stand in every order, and is one code then
    are_few = len(odd) <= max(FEW_CODES, (1 - NEARLY_ALL) * len(times)) and share < HALF
    return odd if share < 1 - NEARLY_ALL or are_few else []


def copies(found: Found) -> int:
    """Rows that equal an earlier one in every column."""
    data = found.file.data
    return data.num_rows - data.group_by(data.column_names).aggregate([]).num_rows


def overlap(group: Sequence[Inspected]) -> int:
    """Rows that an earlier file of the same table has as well, each as often as it has it."""
    seen: Counter = Counter()
    again = 0
    for file in group:
        here = Counter(zip(*(column.to_pylist() for column in file.data.columns), strict=True))
        again += (seen & here).total()
        seen |= here
    return again


def inclusive_end(found: Found) -> str:
    """What shows that contracts end on the last day under contract, not on the first without; empty: nothing does."""
    if not {"started_at", "ended_at"} <= set(found.dates):
        return ""
    start, end = (_days(found, target) for target in ("started_at", "ended_at"))
    spells = pd.DataFrame({"customer": found.values("customer_id"), "start": start, "end": end})
    spells = spells.sort_values(["customer", "start"], kind="stable")
    gap = (spells.groupby("customer")["start"].shift(-1) - spells["end"]).dt.days
    follow, next_day = int(gap.isin([0, 1]).sum()), int((gap == 1).sum())
    if follow >= FEWEST:
        told = f"{next_day:,} of {follow:,} contracts that follow another start on the day after its end"
        return told if next_day >= NEARLY_ALL * follow else ""
    ends, starts = spells["end"].dropna(), spells["start"].dropna()
    if len(ends) >= FEWEST and ends.dt.is_month_end.mean() >= NEARLY_ALL <= starts.dt.is_month_start.mean():
        return "they start with a month and end on the last day of one"
    return ""


def _days(found: Found, target: str) -> pd.Series:
    """Days of a column of dates; missing where its formats read none."""
    texts = pd.Series(found.values(target), dtype="string")
    days = pd.Series(pd.NaT, texts.index, dtype="datetime64[us]")
    for form in found.dates[target].formats:
        days = days.fillna(pd.to_datetime(texts, format="ISO8601" if form == "iso" else form, errors="coerce"))
    return days.dt.normalize()


def zone(found: Found) -> tuple[str, str]:
    """Time zone whose clock a log's moments show, and what shows it; without the zone where it has to be asked.

    Both are empty where the moments name none: then they are told by the clock of whoever wrote them.
    """
    dates, column = found.dates.get("ordered_at"), found.columns.get("ordered_at", {}).get("column", "")
    if dates is None or not dates.formats:
        return "", ""
    texts = pd.Series(found.values("ordered_at"), dtype="string").str.strip().drop_duplicates()
    moments = texts.str.extract(f"^{OFFSET}$").dropna()
    written = moments["offset"].str.replace("Z", "+0000").str.replace(":", "")
    if "epoch" in dates.formats or re.search(TOLD_IN_UTC, column) or (len(written) and set(written) <= {"+0000"}):
        return "", f"times in '{column}' are told in UTC"
    if moments.empty:
        return "", ""
    shown = f"times in '{column}' are told at {' and '.join(sorted(set(written)))} from UTC"
    local = pd.to_datetime(moments["before"], format="ISO8601", errors="coerce")
    apart = pd.to_timedelta(written.str.replace(r"([+-]\d{2})(\d{2})", r"\1:\2:00", regex=True))
    instants = pd.DatetimeIndex(local - apart, tz="UTC")
    for name in ZONES:
        clock = instants.tz_convert(ZoneInfo(name)).tz_localize(None)
        if (clock == pd.DatetimeIndex(local)).all():
            return name, f"{shown}, as its clock shows"
    return "", shown


def repeats(found: Found, target: str) -> int:
    """Rows whose value of a column of ours came in an earlier row."""
    values = [value for value in found.values(target) or () if value]
    return len(values) - len(set(values))


def currency(found: Found) -> tuple[str, str]:
    """Currency code, and what shows it; both empty where nothing does, the code alone where several are there."""
    named = {value.upper() for value in found.values("currency") or () if value}
    if len(named) > 1:
        return "", _list(named)
    if named:
        (value,), where = named, f"column '{found.columns['currency']['column']}'"
        code = value if re.fullmatch("[A-Z]{3}", value) else SIGN_CURRENCIES.get(value, "")
        return (code, where) if code else ("", f"'{value}' in {where}")
    for target in ("amount", "unit_price"):
        name = found.columns.get(target, {}).get("column", "")
        if told := re.search(CURRENCY_WORDS, name):
            return told[1].upper(), f"the name of column '{name}'"
        beside = found.numbers[target].sign if target in found.numbers else ""
        if sign := beside or next((sign for sign in CURRENCY_SIGNS if sign in name), ""):
            return SIGN_CURRENCIES.get(sign, ""), f"the sign {sign} in column '{name}'"
    return "", ""


def _list(codes: set[str]) -> str:
    return f"{len(codes)} currencies: {', '.join(sorted(codes)[:8])}"
