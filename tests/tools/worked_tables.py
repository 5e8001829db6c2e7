"""Random rows of every table that holds no orders, and what becomes of each, worked row by row in plain Python."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from regulars.catalog import CLEAN_TABLES
from regulars.catalog.tables import Column, Table

NOT_HERE = ("orders", "order_lines")  # their rows are worked in `worked_ledger`
TABLES = [table for table in CLEAN_TABLES if table.name not in NOT_HERE]
FIRST_IS_KEPT = ("surveys",)  # of rows that share a key; of other tables the last
OBSERVED_UNTIL = datetime(2024, 12, 31, 23, 59, 59)
HAPPENED = {"surveys": "answered_at", "tickets": "opened_at", "ticket_events": "at", "units": "sold_at",
            "contacts": "at", "shifts": "from", "prospects": "created_at", "mystery_visits": "visited_at",
            "lost_reasons": "lost_at", "prospect_events": "at", "recall": "asked_at",
            "credit": "observed_at"}  # fmt: skip
NEVER_NEGATIVE = ("cost", "minutes", "wait_seconds", "response_hours", "transfers")
SPANS = {"shifts": ("from", "to", True), "tickets": ("opened_at", "resolved_at", False)}
SCALES = {"q1": (1, 5), "q2": (0, 10)}
DAYS = ("2024-01-05", "2024-01-05 10:00", "2024-01-05 17:30:01", "2024-02-29", "2024-12-31 23:59", "2025-03-01",
        "1890-01-01", "2024-02-30", "soon", "")  # fmt: skip
POOLS = {
    "text": ("a", "a", "b", "b", "c", "é", "=1+1", "q1", "q2", ""),
    "date": DAYS,
    "timestamp": DAYS,
    "float": ("1", "2", "3.5", "0", "-1", "7", "1.2345678901", "many", ""),
    "int": ("1", "2", "3", "0", "-1", "2.5", "many", ""),
    "money": ("1", "2.50", "£3", "(2.00)", "-4", "0", "NaN", ""),
    "bool": ("yes", "no", "1", "0", "TRUE", "perhaps", ""),
}
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
UNREADABLE = object()


@dataclass
class Row:
    """A row that came, with what its texts say."""

    number: int
    texts: tuple[str, ...]
    values: dict[str, object]
    fate: str = "kept"
    reason: str | None = None

    def set(self, fate: str, reason: str) -> None:
        self.fate, self.reason = fate, reason


def texts_of(table: Table, random: Random, rows: int, log: int) -> list[tuple[str, ...]]:
    """Rows of a table, dirty in every way that its columns admit, and copies of some of them.

    The first column of the key ends in the number of the log, so that rows of several logs share no key.
    """
    drawn = [tuple(_text(column, random) for column in table.columns) for _ in range(rows)]
    if table.name == "survey_items":
        drawn = [(item, "level", str(low), str(high), "How was it?") for item, (low, high) in SCALES.items()]
    else:
        key = [column.name for column in table.columns].index(table.key[0])
        drawn = [(*row[:key], row[key] and f"{row[key]} {log}", *row[key + 1 :]) for row in drawn]
    return [*drawn, *random.choices(drawn, k=rows // 6)]


def _text(column: Column, random: Random) -> str:
    if random.random() < 0.6:  # mostly sound, so that most rows reach the later reasons
        sound = {"text": "abc", "date": DAYS[:4], "timestamp": DAYS[:4], "bool": ("yes", "no")}.get(column.kind, "12")
        sound = tuple(map(str, column.choices)) or (tuple(SCALES) if column.name == "item" else sound)
        return random.choice([*sound])
    return random.choice(POOLS[column.kind])


def worked(table: Table, texts: Sequence[tuple[str, ...]]) -> list[Row]:
    """What becomes of each row."""
    rows, seen, owner = [], set(), {}
    for number, text in enumerate(texts, start=1):
        values = {column.name: _value(column, cell) for column, cell in zip(table.columns, text, strict=True)}
        row = Row(number, text, values)
        rows.append(row)
        if text in seen:
            row.set("merged", "exact_duplicate")
        elif reason := _reason(table, values):
            row.set("rejected", reason)
        seen.add(text)
    for row in rows:
        if row.fate != "kept":
            continue
        key = tuple(_key(table, row, name) for name in table.key)
        if table.name in FIRST_IS_KEPT and key in owner:
            row.set("rejected", "repeated_key")
            continue
        if key in owner:
            owner[key].set("rejected", "repeated_key")
        owner[key] = row
    return rows


def _key(table: Table, row: Row, name: str):
    value = row.values[name]
    return value.date() if table.column(name).kind == "date" else value


def _value(column: Column, text: str):
    """What a text says; None: nothing."""
    if not text:
        return None
    match column.kind:
        case "date" | "timestamp":
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                return UNREADABLE
        case "bool":
            return True if text.lower() in TRUE else False if text.lower() in FALSE else UNREADABLE
        case "text":
            return text if not column.choices or text in column.choices else UNREADABLE
    plain = text.replace("£", "").replace("(", "-").replace(")", "")
    try:
        number = Decimal(plain)
    except ArithmeticError:
        return UNREADABLE
    if number.is_nan() or (column.kind == "int" and number != int(number)):
        return UNREADABLE
    return number


def _reason(table: Table, values: dict) -> str | None:
    """Why a row cannot be used, as the reasons are tried."""
    customer = table.column("customer_id")
    needed = [one.name for one in table.columns if one.required and not one.nullable and one.name != "customer_id"]
    day = values.get(HAPPENED.get(table.name, ""))
    tried = {
        "unreadable": any(value is UNREADABLE for value in values.values()),
        "missing_customer": bool(customer) and not customer.nullable and values["customer_id"] is None,
        "missing_value": any(values[name] is None for name in needed),
        "date_out_of_range": lambda: day is not None and day.year < 1900,
        "after_observation": lambda: day is not None and day > OBSERVED_UNTIL,
        "unknown_item": lambda: table.name == "surveys" and values["item"] not in SCALES,
        "score_out_of_range": lambda: table.name == "surveys" and not _within(values["score"], *SCALES[values["item"]]),
        "negative_value": lambda: table.name == "contacts" and not all(_within(values[one]) for one in NEVER_NEGATIVE),
        "ends_before_it_starts": lambda: table.name in SPANS and _backwards(values, *SPANS[table.name]),
        "value_out_of_range": lambda: not all(_within(values[one.name], one.low, one.high) for one in table.columns),
    }
    return next((reason for reason, holds in tried.items() if (holds() if callable(holds) else holds)), None)


def _within(value, low=0, high=None) -> bool:
    if value is None or not isinstance(value, Decimal):
        return True
    return (-math.inf if low is None else low) <= value <= (math.inf if high is None else high)


def _backwards(values: dict, start: str, end: str, at_once: bool) -> bool:
    if values[start] is None or values[end] is None:
        return False
    return values[end] < values[start] or (at_once and values[end] == values[start])
