"""What the page tells of the desk that handles cases: how many come, who keeps promises, and which goods fail."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.finding import Finding, attempted
from regulars.satisfaction.cases.complaints import complaint_story, only_complaints
from regulars.satisfaction.cases.cost import returned_finding, service_finding
from regulars.satisfaction.cases.service import (
    FEW_CASES,
    breach_forecast,
    control_chart,
    defects,
    escalations,
    first_contact,
    knowledge_base,
    on_time_by_owner,
    pareto,
    promises_kept,
    remedies,
    sound_tickets,
    ticket_faults,
    ticket_volume,
    transfers,
    warranty_cost,
)
from regulars.satisfaction.cases.trail import status_trail
from regulars.satisfaction.survey.told import complaints_told
from regulars.segments.products import descriptions
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import Estimate, from_row

MONTHS, FEW_MONTHS = 24, 6
ROWS = 8  # of a table on a page


class Cases(NamedTuple):
    """All that the page tells of complaints and cases: the findings of six sections."""

    complaints: Finding
    service: Finding
    returned: Finding
    flow: Finding
    desk: Finding
    goods: Finding

    @property
    def are_enough(self) -> bool:
        """Whether there are enough cases, and complaints among them, to say what to do."""
        return self.complaints.verdict != "few" and self.service.verdict != "few"


def cases_told(
    tables: Mapping[str, pd.DataFrame],
    orders: pd.DataFrame,
    customers: pd.DataFrame,
    observation_end,
    settings: SatisfactionSettings,
    orders_sampled: bool = False,
    level: float = 0.9,
    min_cell: int = 1,
) -> Cases:
    """Tell of complaints and cases all that the tables supplied allow.

    Parameters
    ----------
    tables : mapping
        ``tickets`` and, where they are supplied, ``ticket_events``, ``order_lines`` and ``units``.
    orders : pandas.DataFrame
        Clean table.
    customers : pandas.DataFrame
        ``customer_id``, ``satisfaction`` (missing without an answer), one row per customer.
    observation_end : date
    settings : SatisfactionSettings
    orders_sampled : bool
        Whether the log is a sample of the orders: who comes back is not told then.
    level, min_cell
        As everywhere.

    Returns
    -------
    Cases
    """
    tickets, shown = tables["tickets"], {"level": level, "min_cell": min_cell}
    scores = customers if customers["satisfaction"].notna().any() else None
    goods = {"lines": tables.get("order_lines"), "units": tables.get("units")}
    followed = None if orders_sampled else orders
    return Cases(
        _complaints(tickets, len(customers), observation_end, level, min_cell),
        service_finding(tickets, observation_end, settings, scores=scores, level=level),
        attempted(returned_finding, tickets, followed, observation_end, settings, **shown),
        flow_finding(tickets, orders, observation_end, settings.handling.resolution_hours, level),
        desk_finding(tickets, observation_end, settings, events=tables.get("ticket_events"), **shown),
        goods_finding(tickets, observation_end, **goods, level=level),
    )


def _complaints(tickets, customers, observation_end, level, min_cell):
    """What is complained of and how it ends; nothing is told of so few that chance makes the shares."""
    complaints = only_complaints(sound_tickets(tickets))
    if len(complaints) < FEW_CASES:
        return Finding("few", {"cases": len(complaints), "few": FEW_CASES})
    told = complaints_told(complaint_story(complaints, customers, observation_end, level, min_cell))
    if "cause" not in complaints or complaints["cause"].isna().all():
        return told
    causes = pareto(complaints, "cause", level)
    return replace(told, frames={**told.frames, "pareto": causes[causes["tickets"] >= min_cell].reset_index(drop=True)})


def flow_finding(
    tickets: pd.DataFrame, orders: pd.DataFrame, observation_end, resolution_hours: float = 48.0, level: float = 0.9
) -> Finding:
    """Whether more complaints come than usual: complaints per thousand orders by month on a u chart, and the backlog.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``opened_at``, ``resolved_at`` and, where kinds are told apart, ``kind``: only complaints count in the chart,
        all cases in the backlog.
    orders : pandas.DataFrame
        ``ordered_at``: the units at risk.
    observation_end : date
        Months that it cuts are left out of the chart.
    resolution_hours : float
        Hours promised, for the forecast of next week's breaches.
    level : float

    Returns
    -------
    Finding
        Verdict ``up`` or ``down`` (the last full month lies outside the limits of three sigma), ``moved`` (an earlier
        month did), ``steady``, or ``few``.

    References
    ----------
    Montgomery, D. C. (2019), Introduction to Statistical Quality Control, ch. 7.

    Examples
    --------
    >>> days = pd.date_range("2025-01-01", "2025-12-31")
    >>> orders = pd.DataFrame({"ordered_at": days.repeat(10)})
    >>> log = pd.DataFrame({"opened_at": days[::2], "resolved_at": days[::2]})
    >>> flow_finding(log, orders, "2025-12-31").verdict
    'steady'
    """
    end = pd.Timestamp(observation_end).normalize()
    table = _complaints_by_month(tickets, orders, end)
    if len(table) < FEW_MONTHS or table["complaints"].sum() < FEW_CASES:
        cases = int(table["complaints"].sum()) if len(table) else 0
        return Finding("few", {"cases": cases, "months": len(table), "few": FEW_CASES, "least": FEW_MONTHS})
    limits = control_chart(table["complaints"], table["orders"], "u")
    for name in ("rate", "centre", "low", "high"):
        table[name] = 1000 * limits[name].to_numpy()
    table["is_outside"] = limits["is_outside"].to_numpy()
    last, outside = table.iloc[-1], table[table["is_outside"]]
    verdict = "steady" if outside.empty else "moved"
    if last["is_outside"]:
        verdict = "up" if last["rate"] > last["centre"] else "down"
    backlog = ticket_volume(tickets, end, "MS")
    facts = {
        "rate": float(last["rate"]),
        "usual": float(last["centre"]),
        "month": last["month"],
        "outside": len(outside),
        "months": len(table),
        "complaints": int(table["complaints"].sum()),
        "open": int(backlog["backlog"].iloc[-1]),
        "age": float(backlog["mean_age_days"].iloc[-1]),
        "breaches": breach_forecast(tickets, end + pd.Timedelta(days=1), resolution_hours, level=level),
    }
    if verdict == "moved":
        facts |= {"moved": outside.iloc[-1]["month"], "moved_rate": float(outside.iloc[-1]["rate"])}
    backlog = backlog.assign(month=backlog["period"] - pd.Timedelta(seconds=1)).tail(ROWS)
    return Finding(verdict, facts, {"line": _usual_and_now(table), "backlog": backlog.reset_index(drop=True)})


def _complaints_by_month(tickets, orders, end):
    """Complaints and orders of each full month since the first complaint, the latest `MONTHS` of them."""
    opened = only_complaints(tickets)["opened_at"].dt.to_period("M")
    ordered = orders["ordered_at"].dt.to_period("M")
    if opened.empty:
        return pd.DataFrame({"month": [], "complaints": [], "orders": []})
    last = end.to_period("M") if end.is_month_end else end.to_period("M") - 1
    # the month of the first complaint is whole only where the log of cases began with it: it starts the month after
    months = pd.period_range(max(opened.min() + 1, last - MONTHS + 1), last, freq="M")
    table = pd.DataFrame(
        {
            "month": months.to_timestamp(),
            "complaints": opened.value_counts().reindex(months, fill_value=0).to_numpy(int),
            "orders": ordered.value_counts().reindex(months, fill_value=0).to_numpy(int),
        }
    )
    return table[table["orders"] > 0].reset_index(drop=True)


def _usual_and_now(table):
    """The chart's two curves: what is usual, with the limits of chance, and what came."""
    usual = table.assign(series="usual", per_thousand=table["centre"])
    now = table.assign(series="now", per_thousand=table["rate"], low=np.nan, high=np.nan)
    columns = ["month", "series", "per_thousand", "low", "high", "complaints", "orders"]
    return pd.concat([usual, now], ignore_index=True)[columns].astype({"series": "string"})


def desk_finding(
    tickets: pd.DataFrame,
    observation_end,
    settings: SatisfactionSettings,
    *,
    events: pd.DataFrame | None = None,
    level: float = 0.9,
    min_cell: int = 1,
) -> Finding:
    """How well the desk serves: promises kept by each owner, first contacts, remedies, knowledge, and the process.

    Parameters
    ----------
    tickets : pandas.DataFrame
        All kinds of cases; what its columns do not tell is left out.
    observation_end : date
    settings : SatisfactionSettings
    events : pandas.DataFrame, optional
        Clean table ``ticket_events``: the trail of each case.
    level, min_cell
        As everywhere.

    Returns
    -------
    Finding
        Verdict ``differ`` (an owner keeps promises more or less often than the others together, beyond chance),
        ``alike``, ``unknown`` (no owner is recorded), ``unpromised`` (no promise is) or ``few``.

    Examples
    --------
    >>> from regulars.settings import stage_settings
    >>> promised = stage_settings("satisfaction")
    >>> log = pd.DataFrame({"ticket_id": ["1"], "opened_at": pd.to_datetime(["2026-01-01"])})
    >>> desk_finding(log, "2026-01-31", promised).verdict
    'few'
    """
    faults, tickets = ticket_faults(tickets, settings.process), sound_tickets(tickets)
    trail = None
    if events is not None and len(events):
        trail = status_trail(events, settings.process, observation_end, tickets=tickets, level=level)
        faults += trail.faults
    frames = {"faults": pd.DataFrame({"fault": faults}, dtype="string")} if faults else {}
    if len(tickets) < FEW_CASES:
        return Finding("few", {"cases": len(tickets), "few": FEW_CASES}, frames)
    columns = set(tickets.columns[tickets.notna().any()])
    shares = _shares(tickets, columns, observation_end, trail, level)
    frames["shares"] = _as_table(shares)
    missing = Estimate(float("nan"))
    facts = {
        "cases": len(tickets),
        "kept": shares.get("kept", missing),
        "at_once": shares.get("at_once", missing),
        "call_backs": missing,
        "each": settings.handling.call_back_cost,
        "saved": missing,
        "stuck": len(trail.stuck) if trail else None,
    }
    if "contacts" in columns:
        facts["call_backs"] = first_contact(tickets, settings.handling.call_back_cost, level)["cost"]
    if "in_knowledge_base" in columns:
        facts["saved"] = knowledge_base(tickets, level=level).hours_saved
    if trail is not None:
        frames["trail"] = trail.dwell
    if {"requested_remedy", "verdict"} <= columns:
        table = remedies(tickets, level)
        frames["remedies"] = table[table["n"] >= min_cell].reset_index(drop=True)
    if "promised_at" not in columns:
        return Finding("unpromised", {}, frames)
    owners = on_time_by_owner(tickets, observation_end, level, min_cell) if "owner" in columns else pd.DataFrame()
    if owners.empty:
        return Finding("unknown", {"cases": len(tickets), "kept": shares["kept"]}, frames)
    frames["owners"] = _ends(owners)
    apart = owners[owners["differs"]]
    told = apart.iloc[0] if len(apart) else owners.iloc[0]
    facts |= {"owner": str(told["owner"]), "owner_kept": from_row(told, "share"), "owners": len(owners)}
    return Finding("differ" if len(apart) else "alike", facts, frames)


def _shares(tickets, columns, observation_end, trail, level):
    """Every share of the desk that the columns tell, in the order in which a case meets it."""
    told = {}
    if "contacts" in columns:
        told["at_once"] = first_contact(tickets, 0.0, level)["resolved_at_once"]
    if "promised_at" in columns:
        told["kept"] = promises_kept(tickets, observation_end, level)
    if "transfers" in columns:
        told["owner_kept"] = transfers(tickets, level)["first_owner_kept"]
    if "escalated_to" in columns:
        told["escalated"] = escalations(tickets, level)
    if "in_knowledge_base" in columns:
        known = knowledge_base(tickets, level=level)
        told |= {"known": known.hit_rate, "asked_twice": known.asked_twice}
    if trail is not None:
        told["illegal"] = trail.illegal_cases
    return told


def _as_table(shares):
    rows = [(name, told.value, told.low, told.high, told.n) for name, told in shares.items()]
    table = pd.DataFrame(rows, columns=["measure", "share", "share_low", "share_high", "n"])
    return table.astype({"measure": "string"})


def _ends(table):
    """The worst and the best of a sorted table, as many as a page holds."""
    if len(table) <= ROWS:
        return table
    half = ROWS // 2
    return pd.concat([table.head(half), table.tail(half)], ignore_index=True)


def goods_finding(
    tickets: pd.DataFrame,
    observation_end,
    *,
    lines: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    min_ordered: float = 50,
    level: float = 0.9,
) -> Finding:
    """Which products are complained of more than others, and what repairs within the warranty cost.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``product_id``; only complaints count.
    observation_end : date
    lines : pandas.DataFrame, optional
        ``product_id``, ``quantity`` and, where it is known, ``description``: what was ordered. Complaints are set
        beside the number of times that a product was ordered, not beside pieces: who orders a hundred complains once.
    units : pandas.DataFrame, optional
        Clean table ``units``.
    min_ordered : float
        Products that were ordered less often are left out: a single complaint would put them first.
    level : float

    Returns
    -------
    Finding
        Verdict ``high`` (a product is complained of more than chance explains), ``alike``, ``few`` (too few complaints
        name a product) or ``unnamed`` (none does, or what was ordered is not known).

    Examples
    --------
    >>> ordered = pd.DataFrame({"product_id": ["a", "b"] * 500, "quantity": 1})
    >>> log = pd.DataFrame({"product_id": ["a"] * 30 + ["b"] * 5})
    >>> goods_finding(log, "2026-01-31", lines=ordered).facts["product"]
    'a'
    """
    facts, frames = {}, {}
    if units is not None and len(units):
        facts |= _repairs(units, observation_end, level, frames)
    named = only_complaints(tickets)
    named = named.dropna(subset=["product_id"]) if "product_id" in named else named.head(0)
    if lines is None or named.empty:
        return Finding("unnamed", facts, frames)
    ordered = lines.loc[lines["quantity"] > 0, "product_id"].astype(object).value_counts()
    table = defects(named, ordered, level, min_ordered)
    facts["cases"] = len(named)
    if len(named) < FEW_CASES or table.empty:
        return Finding("few", facts | {"few": FEW_CASES}, frames)
    names = descriptions(lines)
    table["product"] = [f"{names[p]} ({p})" if p in names.index else p for p in table["product_id"]]
    high = table[table["is_high"]]
    table = pd.concat([high, table[~table["is_high"]]], ignore_index=True)
    frames["products"] = table.head(ROWS).astype({"product": "string"})
    first = table.iloc[0]
    facts |= {"product": str(first["product"]), "rate": from_row(first, "per_thousand"), "least": min_ordered}
    facts |= {"usual": float(1000 * table["complaints"].sum() / table["n"].sum()), "products": len(table)}
    return Finding("high", facts | {"high": len(high)}, frames) if len(high) else Finding("alike", facts, frames)


def _repairs(units, observation_end, level, frames):
    table = warranty_cost(units, observation_end, level)
    frames["units"] = table.head(ROWS).astype({"product_id": "string"})
    known = table["cost"].notna().any() and "repair_cost" in units
    return {
        "units": int(table["n"].sum()),
        "repaired": int(table["repaired"].sum()),
        "repair_cost": float(table["cost"].sum()) if known else None,
        "running": int(table["under_warranty"].sum()),
    }
