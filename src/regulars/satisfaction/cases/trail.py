"""The trail of a case through its states: how long each lasts, where cases are stuck, what the process forbids."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.frames import moments_of
from regulars.statistics.intervals import Estimate, share
from regulars.statistics.survival import kaplan_meier

START = ""


class Trail(NamedTuple):
    """What the trails of all cases say.

    Parameters
    ----------
    stays : pandas.DataFrame
        One row per stay of a case in a state: ``ticket_id``, ``status``, ``entered_at``, ``left_at`` (missing while it
        lasts), ``hours``, ``next_status``.
    dwell : pandas.DataFrame
        One row per state of the process: ``status``, ``n``, ``open``, ``median_hours`` with limits (Kaplan–Meier).
    stuck : pandas.DataFrame
        Cases that are in a state for longer than nine of ten stays there: ``ticket_id``, ``status``, ``hours``,
        ``limit_hours``; the longest first.
    illegal : pandas.DataFrame
        Transitions that the process does not allow: ``ticket_id``, ``at``, ``status``, ``next_status``.
    transitions : pandas.DataFrame
        ``status``, ``next_status``, ``n``, ``is_allowed``.
    illegal_cases : Estimate
        Share of cases with at least one transition that is not allowed.
    faults : list of str
        What is wrong with the log, one sentence each; such events are left out.
    """

    stays: pd.DataFrame
    dwell: pd.DataFrame
    stuck: pd.DataFrame
    illegal: pd.DataFrame
    transitions: pd.DataFrame
    illegal_cases: Estimate
    faults: list[str]


def status_trail(
    events: pd.DataFrame,
    process: Mapping[str, Sequence[str]],
    observation_end,
    *,
    tickets: pd.DataFrame | None = None,
    stuck_share: float = 0.9,
    level: float = 0.9,
) -> Trail:
    """Follow each case through its states.

    Parameters
    ----------
    events : pandas.DataFrame
        ``ticket_id``, ``at``, ``status``: one row per change of status, in any order. Of two events of a case at
        the same moment the one that comes first in the table is the earlier. The same status again is no transition.
    process : mapping
        State to the states that may follow it; a state without any ends a case. Cases start in the first state.
    observation_end : date
        Last day of the data: stays that last are censored there.
    tickets : pandas.DataFrame, optional
        ``ticket_id`` (and ``opened_at``), against which events are checked.
    stuck_share : float
        A case is stuck when its stay is longer than this share of all stays in the state.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Trail

    Examples
    --------
    >>> log = pd.DataFrame({"ticket_id": ["1", "1", "2", "2"], "status": ["open", "closed", "open", "busy"],
    ...                     "at": pd.to_datetime(["2026-01-01", "2026-01-03", "2026-01-01", "2026-01-02"])})
    >>> told = status_trail(log, {"open": ["busy"], "busy": ["closed"], "closed": []}, "2026-01-31")
    >>> told.illegal[["ticket_id", "status", "next_status"]].to_numpy().tolist()
    [['1', 'open', 'closed']]
    """
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    kept, faults = _sound(events, process, end, tickets)
    stays, first_wrong = _stays(kept, process, end)
    pairs = stays.dropna(subset=["next_status"])
    allowed = {(state, after) for state, follow in process.items() for after in follow}
    transitions = pairs.groupby(["status", "next_status"], sort=True).size().rename("n").reset_index()
    keys = list(zip(transitions["status"], transitions["next_status"], strict=True))
    transitions["is_allowed"] = pd.Series([key in allowed for key in keys], dtype=bool)
    wrong = transitions.loc[~transitions["is_allowed"], ["status", "next_status"]]
    illegal = pairs.merge(wrong, on=["status", "next_status"])[["ticket_id", "left_at", "status", "next_status"]]
    illegal = pd.concat([first_wrong, illegal.rename(columns={"left_at": "at"})], ignore_index=True)
    illegal = illegal.sort_values(["ticket_id", "at"], kind="stable", ignore_index=True)
    cases = int(stays["ticket_id"].nunique())
    dwell, limits = _dwell(stays, process, stuck_share, level)
    return Trail(
        stays,
        dwell,
        _stuck(stays, limits, process),
        illegal,
        transitions,
        share(int(illegal["ticket_id"].nunique()), cases, level),
        faults,
    )


def _sound(events, process, end, tickets):
    """Events that can be followed, sorted by case and moment, and a sentence for each kind that cannot."""
    faults, keep = [], np.ones(len(events), dtype=bool)

    def leave_out(bad, sentence):
        bad = np.asarray(bad, dtype=bool) & keep
        if bad.any():
            row = events[bad].iloc[0]
            faults.append(
                sentence.format(n=int(bad.sum()), ticket=row["ticket_id"], status=row["status"], at=row["at"])
            )
            keep[bad] = False

    leave_out(
        events["at"].isna(), "Table ticket_events: {n} events have no moment (first: ticket {ticket}): supply at."
    )
    unknown = ~events["status"].isin(list(process))
    leave_out(
        unknown,
        "Table ticket_events: {n} events have a status that the process does not know (first: ticket {ticket}, status "
        "{status!r}): add it to the process or correct it.",
    )
    leave_out(events["at"] >= end, "Table ticket_events: {n} events lie after the end of the data (ticket {ticket}).")
    if tickets is not None:
        leave_out(
            ~events["ticket_id"].isin(tickets["ticket_id"]),
            "Table ticket_events: {n} events belong to no ticket (first: {ticket}): supply the ticket or drop them.",
        )
        if "opened_at" in tickets:
            opened = moments_of(
                events["ticket_id"], tickets.drop_duplicates("ticket_id").set_index("ticket_id")["opened_at"]
            )
            leave_out(
                events["at"] < opened,
                "Table ticket_events: {n} events come before their ticket was opened (first: ticket {ticket}, {at}): "
                "correct the moment.",
            )
    kept = events[keep].drop_duplicates(["ticket_id", "at", "status"])
    kept = kept.reset_index(drop=True)
    kept["_row"] = np.arange(len(kept))
    backwards = kept["at"] < kept.groupby("ticket_id", sort=False)["at"].cummax()
    if backwards.any():
        row = kept[backwards].iloc[0]
        faults.append(
            f"Table ticket_events: {int(backwards.sum())} events stand out of order (first: ticket {row['ticket_id']}, "
            f"{row['at']}); they were put in the order of their moments."
        )
    return kept.sort_values(["ticket_id", "at", "_row"], kind="stable", ignore_index=True), faults


def _stays(kept, process, end):
    """Stays, and the cases whose first status is not where the process starts."""
    same_case = kept["ticket_id"].eq(kept["ticket_id"].shift())
    repeats = same_case & kept["status"].eq(kept["status"].shift())
    rows = kept[~repeats].reset_index(drop=True)
    goes_on = rows["ticket_id"].eq(rows["ticket_id"].shift(-1))
    stays = pd.DataFrame(
        {
            "ticket_id": rows["ticket_id"],
            "status": rows["status"],
            "entered_at": rows["at"],
            "left_at": rows["at"].shift(-1).where(goes_on),
            "next_status": rows["status"].shift(-1).where(goes_on),
        }
    )
    stays["hours"] = (stays["left_at"].fillna(end) - stays["entered_at"]).dt.total_seconds() / 3600
    first = ~rows["ticket_id"].eq(rows["ticket_id"].shift())
    begin = next(iter(process))
    wrong = rows[first & (rows["status"] != begin)]
    wrong = pd.DataFrame(
        {"ticket_id": wrong["ticket_id"], "at": wrong["at"], "status": START, "next_status": wrong["status"]}
    )
    return stays, wrong


def _dwell(stays, process, stuck_share, level):
    rows, limits = [], {}
    groups = dict(list(stays.groupby("status", sort=False)))
    for state, follow in process.items():
        group = groups.get(state)
        if group is None or not follow:
            continue
        left = group["left_at"].notna()
        curve = kaplan_meier(group["hours"], left, level)
        median, limits[state] = curve.quantile(), curve.quantile(stuck_share).value
        rows.append((state, len(group), int((~left).sum()), median.value, median.low, median.high))
    columns = ["status", "n", "open", "median_hours", "median_hours_low", "median_hours_high"]
    return pd.DataFrame(rows, columns=columns).astype({"status": "string"}), limits


def _stuck(stays, limits, process):
    last = stays[stays["left_at"].isna() & stays["status"].map(lambda state: bool(process[state]))]
    last = last.assign(limit_hours=last["status"].map(limits).astype(float))
    last = last[last["hours"] > last["limit_hours"]]
    table = last[["ticket_id", "status", "hours", "limit_hours"]]
    return table.sort_values(["hours", "ticket_id"], ascending=[False, True], ignore_index=True)
