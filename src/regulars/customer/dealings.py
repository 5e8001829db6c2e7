"""Everything that happened between a firm and one customer, in order of time."""

from collections.abc import Iterable, Mapping

import pandas as pd

from regulars.catalog.tables import TABLES, Table

DATED = ("date", "timestamp")
# column of which a row is dated, where it is not the first date that it has
WHEN = {"activities": ("done_at", "planned_at"), "campaign_contacts": ("contacted_at", "starts_at")}
# what ends later, and is told again on that day
ENDS = {"contracts": "ended_at", "memberships": "left_at", "tickets": "resolved_at", "prospects": "decided_at"}
# table whose rows are parts of another's dealing, by the key that they share
PART_OF = {
    "order_lines": ("orders", "order_id"),
    "ticket_events": ("tickets", "ticket_id"),
    "prospect_events": ("prospects", "prospect_id"),
}
AT_THE_END = ("reason", "outcome", "stage")
TOGETHER = {"surveys": "response_id", "identities": "source"}  # rows that were one dealing
MONEY = {"orders": "amount"}  # money that changed hands, so that it adds up to what the customer spent
BY = ("owner", "staff", "actor")
COLUMNS = ("at", "moment", "table", "row", "dealing", "amount", "channel", "by", "about")


def timeline(rows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every row that is about a customer, in order of time.

    Parameters
    ----------
    rows : mapping
        Clean table to its rows, as of `regulars.customer.rows_of`.

    Returns
    -------
    pandas.DataFrame
        At least one line per row, what is undated last: ``at`` (NaT: undated); ``moment`` (column of which the date is;
        a row that ends later has a second line on that day); ``table``; ``row`` (its key); ``dealing`` (what it is
        part of: lines of an order, answers of a survey, steps of a case); ``amount`` (of orders, net of returns);
        ``channel``; ``by`` (who acted for the firm); ``about`` (everything else that the row says).

    Examples
    --------
    >>> orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "ordered_at": pd.to_datetime(["2026-03-01"]),
    ...                        "amount": [9.5], "channel": ["web"]})
    >>> contracts = pd.DataFrame({"contract_id": ["7"], "customer_id": ["a"], "monthly_fee": [5.0],
    ...                           "started_at": pd.to_datetime(["2026-02-01"]),
    ...                           "ended_at": pd.to_datetime(["2026-04-01"])})
    >>> told = timeline({"orders": orders, "contracts": contracts})
    >>> told[["moment", "row", "amount"]]
           moment row  amount
    0  started_at   7     NaN
    1  ordered_at   1     9.5
    2    ended_at   7     NaN
    >>> told["about"].tolist()
    ['monthly fee 5; ended at 2026-04-01', '', '']
    """
    lines = [line for name, frame in rows.items() for line in _lines(TABLES[name], frame)]
    frame = pd.DataFrame(lines, columns=[*COLUMNS, "_place"])
    kinds = dict.fromkeys(("moment", "table", "row", "dealing", "channel", "by", "about"), "string")
    frame = frame.astype(kinds | {"at": "datetime64[us]", "amount": "float64"})
    order = ["at", "_place", "row", "moment"]  # on one day: as the catalogue has the tables
    return frame.sort_values(order, kind="stable", ignore_index=True).drop(columns="_place")


def folded(lines: pd.DataFrame) -> pd.DataFrame:
    """One line per dealing, with all that its parts say; the newest first, what is undated last.

    Parameters
    ----------
    lines : pandas.DataFrame
        Of `timeline`.

    Returns
    -------
    pandas.DataFrame
        ``at``, ``moment``, ``table``, ``dealing``, ``amount``, ``channel``, ``by``, ``about`` (of the dealing itself,
        then of each part), ``rows`` (how many rows of tables it holds).
    """
    own = lines["table"] + " " + lines["row"] == lines["dealing"]
    ends = own & lines["moment"].isin(list(ENDS.values()))
    # the end of a dealing is a line of its own; whatever else belongs to it stands beside its beginning
    grouped = lines.assign(_end=ends, _own=own).sort_values("_own", ascending=False, kind="stable")
    told = []
    for (dealing, is_end), part in grouped.groupby(["dealing", "_end"], sort=False):
        first, details = part.iloc[0], part["about"][part["about"] != ""].tolist()
        told.append(
            {name: first[name] for name in ("at", "moment", "table", "channel", "by")}
            | {"dealing": dealing, "amount": part["amount"].sum(min_count=1), "rows": 0 if is_end else len(part)}
            | {"about": first["about"] if is_end else "\n".join(details)}
        )
    columns = ["at", "moment", "table", "dealing", "amount", "channel", "by", "about", "rows"]
    frame = pd.DataFrame(told, columns=columns)
    return frame.sort_values("at", ascending=False, kind="stable", na_position="last", ignore_index=True)


def _lines(table: Table, frame: pd.DataFrame) -> Iterable[dict]:
    """Lines of a table's rows."""
    dates = [column.name for column in table.columns if column.kind in DATED and column.name in frame]
    starts = [name for name in WHEN.get(table.name, ()) if name in frame] or dates
    parent, shared = PART_OF.get(table.name, (table.name, TOGETHER.get(table.name)))
    for row in frame.to_dict("records"):
        known = {name: value for name, value in row.items() if not pd.isna(value)}
        key = " · ".join(said(known[name]) for name in table.key if name in known)
        moment = next((name for name in starts if name in known), None)
        who = next((name for name in BY if name in known), None)
        apart = {MONEY.get(table.name), "channel", who, "customer_id", shared, moment}
        # of a part its key tells which step or item it is, unless it is only a number
        apart = apart - {*table.key} | {shared} if shared and len(table.key) > 1 else apart | {*table.key}
        line = {
            "table": table.name,
            "row": key,
            "dealing": f"{parent} {said(known[shared]) if shared in known else key}",
            "amount": known.get(MONEY.get(table.name)),
            "channel": known.get("channel"),
            "by": known.get(who),
            "_place": list(TABLES).index(table.name),
        }
        yield line | {"at": known.get(moment), "moment": moment, "about": _about(known, set(known) - apart)}
        end = ENDS.get(table.name)
        if end in known and end != moment:
            yield line | {"at": known[end], "moment": end, "about": _about(known, AT_THE_END), "amount": None}


def _about(known: Mapping, names: Iterable[str]) -> str:
    """What a row says in some of its columns, in their order."""
    return "; ".join(f"{name.replace('_', ' ')} {said(value)}" for name, value in known.items() if name in names)


def said(value) -> str:
    """A value of a table as text: dates without an idle time of day, numbers without idle decimals.

    Examples
    --------
    >>> said(pd.Timestamp("2026-03-01")), said(pd.Timestamp("2026-03-01 09:30")), said(2.0), said(True), said("tea")
    ('2026-03-01', '2026-03-01 09:30', '2', 'yes', 'tea')
    """
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
