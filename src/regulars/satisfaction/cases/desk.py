"""The desk that handles cases: whether more come than usual, and how well it serves."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding, Remark, tells
from regulars.labels import Change
from regulars.satisfaction.cases.service import (
    breach_forecast,
    control_chart,
    cost_of_further,
    escalations,
    first_contact,
    knowledge_base,
    on_time_by_owner,
    promises_kept,
    remedies,
    ticket_volume,
    transfers,
)
from regulars.satisfaction.cases.tickets import FEW_CASES, Cases, need_closing
from regulars.satisfaction.cases.trail import status_trail
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, against, from_row

MONTHS, FEW_MONTHS = 24, 6
ROWS = 8  # of a table on a page


class FlowVerdict(StrEnum):
    """Whether more complaints come than usual.

    Up, down: the last full month lies outside the limits of three sigma. Moved: an earlier month did.
    """

    UP = "up"
    DOWN = "down"
    MOVED = "moved"
    STEADY = "steady"
    FEW = "few"


@tells
def tell_flow(cases: Cases, orders: pd.DataFrame, end, settings: SatisfactionSettings) -> Finding:
    """Whether more complaints come than usual: complaints per thousand orders by month on a u chart, and the backlog.

    Parameters
    ----------
    cases : Cases
        Complaints count in the chart, all cases in the backlog.
    orders : pandas.DataFrame
        ``ordered_at``: the units at risk.
    end : date
        Last day of the data; months that it cuts are left out of the chart.
    settings : SatisfactionSettings
        Its ``handling.resolution_hours``, for the forecast of next week's breaches.

    Returns
    -------
    Finding
        Verdict a `FlowVerdict`; frames ``line`` and ``backlog``.

    References
    ----------
    Montgomery, D. C. (2019), Introduction to Statistical Quality Control, ch. 7.
    """
    end = pd.Timestamp(end).normalize()
    table = complaints_by_month(cases.complaints, orders, end)
    if len(table) < FEW_MONTHS or table["complaints"].sum() < FEW_CASES:
        seen = int(table["complaints"].sum()) if len(table) else 0
        return Finding(FlowVerdict.FEW, {"cases": seen, "months": len(table), "few": FEW_CASES, "least": FEW_MONTHS})
    last, outside = table.iloc[-1], table[table["is_outside"]]
    need_closing(cases.tickets)
    backlog = ticket_volume(cases.tickets, end, "MS")
    hours, tomorrow = settings.handling.resolution_hours, end + pd.Timedelta(days=1)
    facts = {
        "rate": float(last["rate"]),
        "usual": float(last["centre"]),
        "month": last["month"],
        "outside": len(outside),
        "months": len(table),
        "complaints": int(table["complaints"].sum()),
        "open": int(backlog["backlog"].iloc[-1]),
        "age": float(backlog["mean_age_days"].iloc[-1]),
        "breaches": breach_forecast(cases.tickets, tomorrow, hours, level=settings.interval_level),
    }
    verdict = _flow(table)
    if verdict is FlowVerdict.MOVED:
        facts |= {"moved": outside.iloc[-1]["month"], "moved_rate": float(outside.iloc[-1]["rate"])}
    backlog = backlog.assign(month=backlog["period"] - pd.Timedelta(seconds=1)).tail(ROWS)
    return Finding(verdict, facts, {"line": usual_and_now(table), "backlog": backlog.reset_index(drop=True)})


def _flow(table: pd.DataFrame) -> FlowVerdict:
    last = table.iloc[-1]
    if last["is_outside"]:
        return FlowVerdict.UP if last["rate"] > last["centre"] else FlowVerdict.DOWN
    return FlowVerdict.MOVED if table["is_outside"].any() else FlowVerdict.STEADY


def complaints_by_month(complaints: pd.DataFrame, orders: pd.DataFrame, end) -> pd.DataFrame:
    """Complaints and orders of each full month since the first complaint, with the limits of a u chart.

    Parameters
    ----------
    complaints : pandas.DataFrame
        ``opened_at``.
    orders : pandas.DataFrame
        ``ordered_at``.
    end : date
        Last day of the data.

    Returns
    -------
    pandas.DataFrame
        One row per month with orders, at most 24: ``month`` (first day), ``complaints``, ``orders`` and, per thousand
        orders, ``rate``, ``centre``, ``low``, ``high``; ``is_outside``.
    """
    opened, end = complaints["opened_at"].dt.to_period("M"), pd.Timestamp(end)
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
    table = table[table["orders"] > 0].reset_index(drop=True)
    limits = control_chart(table["complaints"], table["orders"], "u")
    thousands = {name: 1000 * limits[name].to_numpy() for name in ("rate", "centre", "low", "high")}
    return table.assign(**thousands, is_outside=limits["is_outside"].to_numpy())


def usual_and_now(table: pd.DataFrame) -> pd.DataFrame:
    """The chart's two curves, of `complaints_by_month`: what is usual, with the limits of chance, and what came.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `complaints_by_month`.

    Returns
    -------
    pandas.DataFrame
        ``month``, ``series`` (usual, now), ``per_thousand``, ``low``, ``high`` (missing of what came), ``complaints``,
        ``orders``.
    """
    usual = table.assign(series="usual", per_thousand=table["centre"])
    now = table.assign(series="now", per_thousand=table["rate"], low=np.nan, high=np.nan)
    columns = ["month", "series", "per_thousand", "low", "high", "complaints", "orders"]
    return pd.concat([usual, now], ignore_index=True)[columns].astype({"series": "string"})


class DeskVerdict(StrEnum):
    """Whether an owner keeps promises more or less often than the others together, beyond chance.

    Unknown: no owner is recorded. Unpromised: no promise is.
    """

    DIFFER = "differ"
    ALIKE = "alike"
    UNKNOWN = "unknown"
    UNPROMISED = "unpromised"
    FEW = "few"


@tells
def tell_desk(
    cases: Cases,
    events: pd.DataFrame | None,
    end,
    settings: SatisfactionSettings,
    *,
    contacts: pd.DataFrame | None = None,
) -> Finding:
    """How well the desk serves: promises kept by each owner, first contacts, remedies, knowledge, and the process.

    Parameters
    ----------
    cases : Cases
        What the columns of its tickets do not tell is left out.
    events : pandas.DataFrame or None
        Clean table ``ticket_events``: the trail of each case.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``process`` and ``handling.call_back_cost``; groups with fewer cases than ``privacy_min_cell`` are left out.
    contacts : pandas.DataFrame or None
        As of `cost_of_further`: where they show what a further contact has cost, that counts and no assumption.

    Returns
    -------
    Finding
        Verdict a `DeskVerdict`, or not supplied where neither promises nor anything else of the desk is recorded;
        frames ``shares``, ``owners``, ``remedies``, ``trail``, ``faults``.
    """
    tickets, level, min_cell = cases.tickets, settings.interval_level, settings.privacy_min_cell
    faults = list(cases.faults)
    trail = None
    if events is not None and len(events):
        trail = status_trail(events, settings.process, end, tickets=tickets, level=level)
        faults += trail.faults
    frames = {"faults": pd.DataFrame({"fault": faults}, dtype="string")} if faults else {}
    if len(tickets) < FEW_CASES:
        return Finding(DeskVerdict.FEW, {"cases": len(tickets), "few": FEW_CASES}, frames)
    need_closing(tickets)
    columns = set(tickets.columns[tickets.notna().any()])
    shares = _shares(tickets, columns, end, trail, level)
    frames |= {"shares": _as_table(shares)} if shares else {}
    missing, cost = Estimate(float("nan")), cost_of_further(contacts)
    cost = settings.handling.call_back_cost if np.isnan(cost) else cost
    facts = {
        "kept": shares.get("kept", missing),
        "at_once": shares.get("at_once", missing),
        "call_backs": missing,
        "each": cost,
        "stuck": len(trail.stuck) if trail else None,
    }
    if "contacts" in columns:
        facts["call_backs"] = first_contact(tickets, cost, level)["cost"]
    if trail is not None:
        frames["trail"] = trail.dwell
    if {"requested_remedy", "verdict"} <= columns:
        table = remedies(tickets, level)
        frames["remedies"] = large_enough(table, "n", min_cell).reset_index(drop=True)
    if "promised_at" not in columns:
        return Finding(DeskVerdict.UNPROMISED if frames else NOT_SUPPLIED, {}, frames)
    owners = on_time_by_owner(tickets, end, level, min_cell) if "owner" in columns else pd.DataFrame()
    if owners.empty:
        return Finding(DeskVerdict.UNKNOWN, {"cases": len(tickets), "kept": shares["kept"]}, frames)
    frames["owners"] = _ends(owners)
    apart = owners[owners["differs"]]
    told = apart.iloc[0] if len(apart) else owners.iloc[0]
    facts |= {"owner": str(told["owner"]), "owner_kept": from_row(told, "share"), "owners": len(owners)}
    saved = knowledge_base(tickets, level=level).hours_saved if "in_knowledge_base" in columns else missing
    code = {Change.UP: "sooner", Change.DOWN: "later", Change.UNCLEAR: "as_soon"}.get(against(saved))
    remarks = [Remark(code, {"saved": saved})] if code else []
    return Finding(DeskVerdict.DIFFER if len(apart) else DeskVerdict.ALIKE, facts, frames, remarks=remarks)


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
        told["known"] = knowledge_base(tickets, level=level).hit_rate
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
