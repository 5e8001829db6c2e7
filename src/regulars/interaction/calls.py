"""Calls of a contact centre by weekday and half hour: how many come, who answers, who gives up, who is on duty."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.engine.embedded import as_frame
from regulars.errors import UserError
from regulars.statistics.intervals import Estimate, share, wilson, z_value

if TYPE_CHECKING:
    import ibis.expr.types as ir

HALF_HOUR = pd.Timedelta(minutes=30)
SLOTS = 48  # half hours of a day
FEW_A_DAY = 20.0  # calls; with fewer there is nothing to staff by


def calls_of(contacts: "pd.DataFrame | ir.Table") -> pd.DataFrame:
    """Calls that queued for an agent: customers' contacts with a wait, of the largest queue where there are several.

    Parameters
    ----------
    contacts : pandas.DataFrame or ibis.Table
        Clean table ``contacts``; in the engine where there are many: who is on duty answers all, not a part of them.

    Returns
    -------
    pandas.DataFrame
        ``at``, ``wait_seconds``, ``answered`` (bool), ``minutes`` (missing where unanswered), ``staff``, ``queue``,
        ``day``, ``weekday`` (0 Monday), ``slot`` (half hour of the day); by time.

    Raises
    ------
    UserError
        Where no wait is recorded.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-06-01 09:10", "2026-06-01 09:40"])
    >>> log = pd.DataFrame({"at": at, "channel": "phone", "initiator": "customer", "wait_seconds": [5.0, None],
    ...                     "answered": [True, True]})
    >>> calls_of(log)[["weekday", "slot"]].to_numpy().tolist()
    [[0, 18]]
    """
    missing = {"wait_seconds", "answered"} - set(contacts.columns)
    if missing:
        raise UserError(
            f"Table contacts has no {' and no '.join(sorted(missing))}: supply how long each caller waited."
        )
    seen = _queued(contacts)
    if "queue" in seen and seen["queue"].notna().any():
        largest = seen["queue"].value_counts().index[0]
        seen = seen[seen["queue"] == largest]
    elif len(seen):
        seen = seen[seen["channel"] == seen["channel"].value_counts().index[0]]
    if seen.empty:
        raise UserError("Table contacts: no contact says both its wait_seconds and whether it was answered.")
    empty = pd.Series(np.nan, index=seen.index)
    frame = pd.DataFrame(
        {
            "at": seen["at"],
            "wait_seconds": seen["wait_seconds"].astype(float),
            "answered": seen["answered"].astype(bool),
            "minutes": seen.get("minutes", empty).astype(float).where(seen["answered"].astype(bool)),
            "staff": seen.get("staff", pd.Series(pd.NA, index=seen.index, dtype="string")),
            "queue": seen.get("queue", pd.Series(pd.NA, index=seen.index, dtype="string")),
        }
    ).sort_values("at", kind="stable", ignore_index=True)
    return with_slots(frame)


def _queued(contacts: "pd.DataFrame | ir.Table") -> pd.DataFrame:
    """Contacts of customers of which both wait and answer are known."""
    if isinstance(contacts, pd.DataFrame):
        known = contacts["wait_seconds"].notna() & contacts["answered"].notna()
        return contacts[(contacts["initiator"] == "customer") & known]
    asked = ("at", "channel", "wait_seconds", "answered", "minutes", "staff", "queue")
    known = contacts.wait_seconds.notnull() & contacts.answered.notnull() & (contacts.initiator == "customer")
    rows = contacts.filter(known).order_by(["at", "contact_id"])
    return as_frame(rows.select(*(name for name in asked if name in contacts.columns)))


def with_slots(frame: pd.DataFrame) -> pd.DataFrame:
    """Frame with ``day``, ``weekday`` (0 Monday) and ``slot`` (half hour of the day) of its ``at``."""
    at = frame["at"]
    return frame.assign(
        day=at.dt.normalize(),
        weekday=at.dt.day_of_week.astype(int),
        slot=(at.dt.hour * 2 + at.dt.minute // 30).astype(int),
    )


def service(calls: pd.DataFrame, within_seconds: float, level: float = 0.9) -> dict[str, Estimate]:
    """How callers were served, with the service level in both of its definitions.

    Parameters
    ----------
    calls : pandas.DataFrame
        Of `calls_of`.
    within_seconds : float
    level : float
        Of the intervals.

    Returns
    -------
    dict of str to Estimate
        ``given_up`` (share of offered), ``within`` (answered within the seconds, of all offered), ``within_stayed``
        (the same, without those who hung up within the seconds), ``wait_median`` and ``wait_p90`` (seconds, of all
        offered), ``minutes`` (mean of a call).

    Examples
    --------
    >>> calls = pd.DataFrame({"wait_seconds": [5.0, 5.0, 60.0, 90.0], "answered": [True, False, True, False],
    ...                       "minutes": [3.0, None, 5.0, None]})
    >>> told = service(calls, 20)
    >>> told["within"].value, round(told["within_stayed"].value, 4), told["given_up"].value
    (0.25, 0.3333, 0.5)
    """
    wait, answered = calls["wait_seconds"].to_numpy(), calls["answered"].to_numpy()
    quick = int((answered & (wait <= within_seconds)).sum())
    stayed = int((answered | (wait > within_seconds)).sum())
    minutes = calls["minutes"].dropna()
    mean = float(minutes.mean())
    half = z_value(level) * minutes.std(ddof=1) / np.sqrt(len(minutes)) if len(minutes) > 1 else np.nan
    return {
        "given_up": share(int((~answered).sum()), len(calls), level),
        "within": share(quick, len(calls), level),
        "within_stayed": share(quick, stayed, level),
        "wait_median": _quantile(wait, 0.5, level),
        "wait_p90": _quantile(wait, 0.9, level),
        "minutes": Estimate(mean, float(mean - half), float(mean + half), len(minutes)),
    }  # fmt: skip


def _quantile(values, at: float, level: float) -> Estimate:
    """Quantile with an interval from the order statistics."""
    ordered = np.sort(values)
    n = ordered.size
    reach = z_value(level) * np.sqrt(n * at * (1 - at))
    low, high = int(np.floor(n * at - reach)), int(np.ceil(n * at + reach)) - 1
    ends = ordered[max(low, 0)], ordered[min(max(high, 0), n - 1)]
    return Estimate(float(np.quantile(ordered, at)), float(ends[0]), float(ends[1]), n)


def by_half_hour(calls: pd.DataFrame, within_seconds: float, level: float = 0.9, min_cell: int = 5) -> pd.DataFrame:
    """Offered, answered and given up by weekday and half hour.

    Parameters
    ----------
    calls : pandas.DataFrame
        Of `calls_of`.
    within_seconds : float
    level : float
        Of the interval of the share that gave up.
    min_cell : int
        Half hours with fewer calls are left out.

    Returns
    -------
    pandas.DataFrame
        ``weekday``, ``slot``, ``n`` (offered), ``answered``, ``given_up``, ``share`` (given up) with limits,
        ``within``, ``wait`` (mean seconds), ``minutes`` (mean of a call).
    """
    quick = calls["answered"] & (calls["wait_seconds"] <= within_seconds)
    table = calls.assign(quick=quick).groupby(["weekday", "slot"], as_index=False).agg(
        n=("answered", "size"), answered=("answered", "sum"), quick=("quick", "sum"), wait=("wait_seconds", "mean"),
        minutes=("minutes", "mean"),
    )  # fmt: skip
    table = table[table["n"] >= min_cell].reset_index(drop=True)
    given_up = (table["n"] - table["answered"]).astype(int)
    low, high = wilson(given_up, table["n"], level)
    return table.assign(
        answered=table["answered"].astype(int), given_up=given_up, share=given_up / table["n"], share_low=low,
        share_high=high, within=table["quick"] / table["n"],
    ).drop(columns="quick")  # fmt: skip


def on_duty(shifts: pd.DataFrame, days) -> pd.DataFrame:
    """Agents on duty by day and half hour; a half hour that a shift covers in part counts in part.

    Parameters
    ----------
    shifts : pandas.DataFrame
        ``staff``, ``from``, ``to``.
    days : array of datetime64
        Days that are looked at.

    Returns
    -------
    pandas.DataFrame
        ``day``, ``slot``, ``agents``; half hours without anybody are left out.

    Raises
    ------
    UserError
        Where a shift ends before it starts, or lasts longer than a day.

    Examples
    --------
    >>> shift = pd.DataFrame({"staff": ["a"], "from": pd.to_datetime(["2026-06-01 09:15"]),
    ...                       "to": pd.to_datetime(["2026-06-01 10:00"])})
    >>> on_duty(shift, pd.to_datetime(["2026-06-01"])).to_numpy()[:, 1:].tolist()
    [[18, 0.5], [19, 1.0]]
    """
    length = shifts["to"] - shifts["from"]
    wrong = shifts[(length <= pd.Timedelta(0)) | (length > pd.Timedelta(days=1))]
    if len(wrong):
        row = wrong.iloc[0]
        raise UserError(
            f"Table shifts, staff {row['staff']!r}: a shift from {row['from']:%Y-%m-%d %H:%M} to "
            f"{row['to']:%Y-%m-%d %H:%M} cannot be; correct it."
        )
    start = shifts["from"].to_numpy("datetime64[s]").astype(np.int64)
    end = shifts["to"].to_numpy("datetime64[s]").astype(np.int64)
    first, last = start // 1800, (end - 1) // 1800
    count = last - first + 1
    which = np.repeat(np.arange(len(shifts)), count)
    half = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[which]
    covered = (np.minimum(end[which], (half + 1) * 1800) - np.maximum(start[which], half * 1800)) / 1800
    table = pd.DataFrame({"half": half, "agents": covered}).groupby("half", as_index=False)["agents"].sum()
    day = pd.to_datetime(table["half"] // SLOTS, unit="D").astype("datetime64[us]")
    table = pd.DataFrame(
        {"day": day, "slot": (table["half"] % SLOTS).astype(int), "agents": table["agents"].astype(float)}
    )
    return table[table["day"].isin(pd.DatetimeIndex(days))].reset_index(drop=True)


def occupancy(calls: pd.DataFrame, shifts: pd.DataFrame, level: float = 0.9) -> Estimate:
    """Share of the agents' shifts that they spent in calls; its interval from the days.

    Parameters
    ----------
    calls : pandas.DataFrame
        Of `calls_of`.
    shifts : pandas.DataFrame
        Clean table ``shifts``.
    level : float

    Returns
    -------
    Estimate
        n is the days that have both.
    """
    worked = calls.groupby("day")["minutes"].sum()
    duty = on_duty(shifts, worked.index).groupby("day")["agents"].sum() * 30
    both = pd.concat([worked, duty], axis=1).dropna()
    both = both[both["agents"] > 0]
    if len(both) < 2:
        return Estimate(float("nan"), n=len(both))
    ratio = both["minutes"].sum() / both["agents"].sum()
    error = (both["minutes"] - ratio * both["agents"]).std(ddof=1) / both["agents"].mean() / np.sqrt(len(both))
    half = z_value(level) * error
    return Estimate(float(ratio), float(ratio - half), float(ratio + half), len(both))
