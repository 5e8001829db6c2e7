"""The plan of visits and calls: what was kept, what is missed, and what stands in the calendar."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.finding import NotSupplied, may_refuse, shows
from regulars.statistics.intervals import Estimate, share


@shows
class Plan(NamedTuple):
    """Planned and done activities.

    Parameters
    ----------
    kept : Estimate
        Share of those due that were done by the day after they were planned for.
    missed : int
        Due and not done.
    late_days : float
        Median days late of those done late.
    owners : pandas.DataFrame
        ``owner``, ``n`` (due), ``kept`` with limits, ``gap`` to all others with limits; no ranking.
    weeks : pandas.DataFrame
        ``week`` (its Monday), ``planned``, ``done``, ``missed``: of the weeks before the end of the data and after.
    months : pandas.DataFrame
        The same by ``month``.
    ahead : pandas.DataFrame
        What is planned after the end: the rows supplied, by day.
    mended : int
        Rows done on a day before they were entered as planned: they count as done, not as kept.
    """

    kept: Estimate
    missed: int
    late_days: float
    owners: pd.DataFrame
    weeks: pd.DataFrame
    months: pd.DataFrame
    ahead: pd.DataFrame
    mended: int


@may_refuse
def plan_kept(
    activities: pd.DataFrame | None, observation_end, *, level: float = 0.9, weeks: int = 8
) -> Plan | NotSupplied:
    """Hold the plan against what was done.

    Parameters
    ----------
    activities : pandas.DataFrame or None
        ``activity_id``, ``planned_at``, ``done_at``; ``owner``, ``kind``, ``person``, ``content``, ``result``,
        ``prospect_id``, ``customer_id`` where supplied.
    observation_end : date
    level : float
    weeks : int
        Looked at before the end, and as many after.

    Returns
    -------
    Plan or NotSupplied

    Examples
    --------
    >>> day = pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-20"])
    >>> found = plan_kept(pd.DataFrame({"activity_id": list("abc"), "planned_at": day,
    ...     "done_at": [day[0], pd.NaT, pd.NaT]}), "2026-01-10")
    >>> found.kept.value, found.missed, len(found.ahead)
    (0.5, 1, 1)
    """
    if activities is None:
        return NotSupplied("activities")
    end = pd.Timestamp(observation_end).normalize()
    rows = activities.assign(
        planned_at=pd.to_datetime(activities["planned_at"]).dt.normalize(),
        done_at=pd.to_datetime(activities["done_at"]).dt.normalize(),
        owner=activities.get("owner", pd.NA),
    )
    due = rows[rows["planned_at"] <= end]
    late = (due["done_at"] - due["planned_at"]).dt.days
    before = int((late < 0).sum())
    is_kept = late.between(0, 1)
    owners = _owners(due["owner"], is_kept, level)
    ahead = rows[(rows["planned_at"] > end) & rows["done_at"].isna()].sort_values(
        ["planned_at", "activity_id"], kind="stable", ignore_index=True
    )
    around = rows[(rows["planned_at"] - end).abs() <= pd.Timedelta(days=7 * weeks)]
    monday = around["planned_at"] - pd.to_timedelta(around["planned_at"].dt.day_of_week, unit="D")
    month = rows["planned_at"].dt.to_period("M").dt.start_time
    return Plan(
        share(int(is_kept.sum()), len(due), level),
        int(due["done_at"].isna().sum()),
        float(late[late > 1].median()) if (late > 1).any() else float("nan"),
        owners,
        _calendar(around, monday, "week", end),
        _calendar(rows, month, "month", end),
        ahead,
        before,
    )


def _calendar(rows: pd.DataFrame, when: pd.Series, name: str, end) -> pd.DataFrame:
    missed = (rows["planned_at"] <= end) & rows["done_at"].isna()
    table = pd.DataFrame({name: when, "planned": 1, "done": rows["done_at"].notna().astype(int), "missed": missed})
    return table.groupby(name)[["planned", "done", "missed"]].sum().astype("int64").reset_index()


def _owners(owner: pd.Series, is_kept: pd.Series, level: float) -> pd.DataFrame:
    from regulars.statistics.intervals import difference

    counts = is_kept.groupby(owner.astype("string")).agg(["size", "sum"])
    corrected = 1 - (1 - level) / max(len(counts), 1)
    rows, n, k = [], int(counts["size"].sum()), int(counts["sum"].sum())
    for name, row in counts.iterrows():
        own = share(int(row["sum"]), int(row["size"]), level)
        one = share(int(row["sum"]), int(row["size"]), corrected)
        rest = share(k - int(row["sum"]), n - int(row["size"]), corrected)
        gap = difference(one, rest) if rest.n else Estimate(np.nan)
        rows.append((name, own.n, own.value, own.low, own.high, gap.value, gap.low, gap.high))
    return pd.DataFrame(rows, columns=["owner", "n", "kept", "kept_low", "kept_high", "gap", "gap_low", "gap_high"])
