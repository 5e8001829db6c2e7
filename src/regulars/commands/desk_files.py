"""What the sales desk takes away: a calendar of visits and calls, and changes of owners."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from regulars.actions import plan_kept, sales_desk
from regulars.catalog.places import csv_text
from regulars.cleaning.owners import COLUMNS, OWNED, owners_file
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.finding import refused
from regulars.paths import project_root
from regulars.private_files import private_place, write_for_owner

LINE = 75  # bytes of a line, after which it is folded (RFC 5545)


@dataclass(frozen=True)
class Calendar:
    """A calendar that was written.

    Parameters
    ----------
    file : pathlib.Path
    activities, contacts : int
        Planned activities, and next contacts of prospects.
    """

    file: Path
    activities: int
    contacts: int


def as_calendar(rows: pd.DataFrame, dataset: str, stamp) -> str:
    """Days as an iCalendar file.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``uid``, ``day``, ``summary``, ``description``.
    dataset : str
    stamp : date
        Of every entry: the last day of the data, so that the same data give the same bytes.

    Returns
    -------
    str

    References
    ----------
    RFC 5545, Internet Calendaring and Scheduling Core Object Specification.

    Examples
    --------
    >>> day = pd.Timestamp("2026-07-01")
    >>> rows = pd.DataFrame({"uid": ["V1"], "day": [day], "summary": ["call"], "description": [""]})
    >>> as_calendar(rows, "demo", "2026-06-30").count("BEGIN:VEVENT")
    1
    """
    at = f"{pd.Timestamp(stamp):%Y%m%d}T000000Z"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Regulars//actions//EN", "CALSCALE:GREGORIAN"]
    for row in rows.itertuples():
        day = pd.Timestamp(row.day)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(row.uid)}@{_text(dataset)}",
            f"DTSTAMP:{at}",
            f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{day + pd.Timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_text(row.summary)}",
            *([f"DESCRIPTION:{_text(row.description)}"] if row.description else []),
            "END:VEVENT",
        ]
    return "\r\n".join(_folded(line) for line in [*lines, "END:VCALENDAR"]) + "\r\n"


def _text(value) -> str:
    return re.sub(r"([\\;,])", r"\\\1", str(value)).replace("\n", "\\n")


def _folded(line: str) -> str:
    """Lines of at most 75 bytes, never cut within a letter."""
    parts, size = [""], 0
    for letter in line:
        width = len(letter.encode())
        if size + width > LINE:
            parts.append(" ")
            size = 1
        parts[-1] += letter
        size += width
    return "\r\n".join(parts)


def write_calendar(dataset: str, output: Path | None = None, owner: str = "") -> Calendar:
    """Write what is planned after the end of the data, and every prospect's next contact.

    Parameters
    ----------
    dataset : str
    output : Path, optional
        Default: ``private/<dataset>/calendar.ics``.
    owner : str
        Of whom alone; of everybody where empty.

    Returns
    -------
    Calendar

    Raises
    ------
    UserError
        Where neither activities nor prospects are supplied.
    """
    shop = Dataset(dataset)
    plan = plan_kept(shop.tables.get("activities"), shop.end)
    desk = sales_desk(shop.tables.get("prospects"), shop.tables.get("prospect_events"), shop.end)
    if refused(plan) is not None and refused(desk) is not None:
        raise UserError(f"{dataset} has neither activities nor prospects: there is nothing to put into a calendar.")
    parts, counts = [], [0, 0]
    if refused(plan) is None:
        rows = _of(plan.ahead, owner)
        about = rows.get("prospect_id", pd.Series("", index=rows.index)).fillna("")
        said = [_joined(row, about[row.name]) for _, row in rows.iterrows()]
        counts[0] = len(rows)
        texts = rows.reindex(columns=["content", "person"]).astype("string").fillna("").agg(", ".join, axis=1)
        parts.append(pd.DataFrame({"uid": rows["activity_id"], "day": rows["planned_at"], "summary": said}
                                  | {"description": texts.str.strip(", ")}))  # fmt: skip
    if refused(desk) is None:
        rows = _of(desk.open.dropna(subset=["next_contact_at"]), owner)
        counts[1] = len(rows)
        parts.append(
            pd.DataFrame(
                {
                    "uid": "next-" + rows["prospect_id"].astype("string"),
                    "day": rows["next_contact_at"],
                    "summary": "next contact: "
                    + rows["prospect_id"].astype("string")
                    + rows["owner"].astype("string").map(lambda one: f" ({one})", na_action="ignore").fillna(""),
                    "description": rows["stage"].astype("string"),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True).sort_values(["day", "uid"], kind="stable")
    file = private_place(output, dataset, "calendar.ics")
    write_for_owner(file, as_calendar(table, dataset, shop.end).encode("utf-8"))
    return Calendar(file, *counts)


def _of(rows: pd.DataFrame, owner: str) -> pd.DataFrame:
    return rows[rows["owner"].eq(owner).fillna(False)] if owner else rows


def _joined(row: pd.Series, about: str) -> str:
    kind = row.get("kind")
    owner = row.get("owner")
    return " ".join(
        [str(kind) if pd.notna(kind) else "activity", str(about)] + ([f"({owner})"] if pd.notna(owner) else [])
    ).strip()


def change_owner(dataset: str, before: str, owner: str, *, table: str = "prospects", row: str = "") -> Path:
    """Add a change of owner to the dataset's file of edits; cleaning applies it, and the ledger counts it.

    Parameters
    ----------
    dataset : str
    before, owner : str
        Who has had it (may be empty where `row` is given), and who has it from now on.
    table : str
    row : str
        Id of one row; all that are with `before` where empty.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    UserError
        Where the table has no owners.
    """
    Dataset(dataset)
    if table not in OWNED:
        raise UserError(f"'{table}' has no owners: name one of {', '.join(OWNED)}.")
    if not owner or not (before or row):
        raise UserError("Say who has had it, or which row it is, and who has it from now on.")
    file = project_root() / owners_file(dataset)
    file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not file.exists()
    row_of_names = pd.DataFrame([[table, row, before, owner]], columns=list(COLUMNS), dtype=object)
    text = csv_text(row_of_names, exact=True)
    with file.open("a", encoding="utf-8", newline="") as target:
        target.write(text if is_new else text.partition("\n")[2])
    return file
