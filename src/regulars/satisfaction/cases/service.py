"""How cases are served: times with open ones counted right, promises, first contacts, owners, knowledge, causes."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, difference, from_row, share, wilson, z_value
from regulars.statistics.survival import Curve, kaplan_meier

RESPONSE_HOURS, RESOLUTION_HOURS = 12.0, 48.0


class TicketTimes(NamedTuple):
    """How long customers wait.

    Parameters
    ----------
    response, resolution : dict of str to Curve
        Group (``""`` without one) to its Kaplan–Meier curve in hours.
    table : pandas.DataFrame
        ``group``, ``n``, ``open``, ``median_response_hours`` and ``median_resolution_hours`` with limits.
    sla : pandas.DataFrame
        ``step`` (response, resolution), ``hours`` (promised), ``n``, ``share`` within them with limits, ``overdue``
        (open cases that are over it already).
    breaches : Estimate
        Cases that will miss the time promised for the resolution next week, with a predictive interval.
    """

    response: dict[str, Curve]
    resolution: dict[str, Curve]
    table: pd.DataFrame
    sla: pd.DataFrame
    breaches: Estimate


def ticket_times(
    tickets: pd.DataFrame,
    observation_end,
    *,
    by: str | None = None,
    response_hours: float = RESPONSE_HOURS,
    resolution_hours: float = RESOLUTION_HOURS,
    weeks: int = 8,
    level: float = 0.9,
) -> TicketTimes:
    """Time to the first response and to the resolution, by Kaplan–Meier with open tickets censored, and promises kept.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``opened_at``, ``resolved_at`` (missing while open) and, where they are known, ``first_response_at`` and
        ``promised_at``.
    observation_end : date
        Last day of the data, included: open cases are censored there.
    by : str, optional
        Column of groups.
    response_hours, resolution_hours : float
        Hours within which a case is to be answered and resolved; a case with a promised date is to be resolved by it.
    weeks : int
        The forecast rests on so many past weeks.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    TicketTimes

    Raises
    ------
    UserError
        Where a ticket was resolved or answered before it was opened.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), J. American Statistical Association 53, 457-481.

    Examples
    --------
    >>> log = pd.DataFrame({"opened_at": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"]),
    ...                     "resolved_at": pd.to_datetime(["2026-01-02", None, "2026-01-05"])})
    >>> told = ticket_times(log, "2026-01-31")
    >>> told.table[["n", "open", "median_resolution_hours"]].to_numpy().tolist()
    [[3.0, 1.0, 72.0]]
    """
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    seen = tickets[tickets["opened_at"] < end]
    groups = seen[by].astype(object) if by else pd.Series("", index=seen.index)
    names = sorted(groups.dropna().unique())
    resolution_wait, resolved = _waits(seen, "resolved_at", end)
    wanted = {"resolution": (resolution_wait, resolved, resolution_hours)}
    if "first_response_at" in seen:
        wanted = {"response": (*_waits(seen, "first_response_at", end), response_hours)} | wanted
    curves = {
        step: {name: kaplan_meier(wait[groups == name], done[groups == name], level) for name in names}
        for step, (wait, done, _) in wanted.items()
    }
    rows = []
    for name in names:
        row = {"group": name, "n": int((groups == name).sum()), "open": int((~resolved[groups == name]).sum())}
        for step in wanted:
            middle = curves[step][name].quantile()
            key = f"median_{step}_hours"
            row |= {key: middle.value, f"{key}_low": middle.low, f"{key}_high": middle.high}
        rows.append(row)
    promised = (due_at(seen, resolution_hours) - seen["opened_at"]).dt.total_seconds() / 3600
    sla = [
        _kept_within(step, wait, done, hours, promised if step == "resolution" else hours, level)
        for step, (wait, done, hours) in wanted.items()
    ]
    return TicketTimes(
        curves.get("response", {}),
        curves["resolution"],
        pd.DataFrame(rows).astype({"group": "string"}) if rows else pd.DataFrame({"group": []}),
        pd.DataFrame(sla),
        breach_forecast(seen, end, resolution_hours, weeks=weeks, level=level),
    )


def _waits(tickets, column, end):
    """Hours until it happened or observation ended, and whether it happened."""
    done = tickets[column].notna() & (tickets[column] < end)
    hours = (tickets[column].where(done, end) - tickets["opened_at"]).dt.total_seconds() / 3600
    if (hours < 0).any():
        row = tickets[hours < 0].iloc[0]
        raise UserError(
            f"Table tickets, ticket {row.get('ticket_id', '?')}: {column} is {row[column]}, before it was opened "
            f"({row['opened_at']}): correct one of the two."
        )
    return hours, done


def due_at(tickets: pd.DataFrame, hours: float) -> pd.Series:
    """When each case is to be resolved: by its own promised date, else so many hours after it was opened.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``opened_at`` and, where it is known, ``promised_at``.
    hours : float
        Where no date was promised.

    Returns
    -------
    pandas.Series
        Never before the case was opened.

    Examples
    --------
    >>> log = pd.DataFrame({"opened_at": pd.to_datetime(["2026-01-01", "2026-01-01"]),
    ...                     "promised_at": pd.to_datetime(["2026-01-04", None])})
    >>> due_at(log, 48).dt.day.tolist()
    [4, 3]
    """
    usual = tickets["opened_at"] + pd.Timedelta(hours=hours)
    if "promised_at" not in tickets:
        return usual
    return pd.to_datetime(tickets["promised_at"]).fillna(usual).clip(lower=tickets["opened_at"])


def _kept_within(step, wait, done, hours, limit, level):
    # in parts of what was promised, so that cases with promises of their own stand on one curve
    part = wait / np.maximum(limit, 1 / 3600)
    told = kaplan_meier(part, done, level).share_by(1.0) if len(wait) else Estimate(float("nan"))
    overdue = int((~done & (wait > limit)).sum())
    row = {"step": step, "hours": hours, "n": told.n, "share": told.value, "share_low": told.low}
    return row | {"share_high": told.high, "overdue": overdue}


def breach_forecast(
    tickets: pd.DataFrame, end, hours: float = RESOLUTION_HOURS, *, weeks: int = 8, level: float = 0.9
) -> Estimate:
    """Cases that will miss their time in the seven days after `end`: the rate of past weeks, with its Poisson noise.

    A case breaches at the moment at which its time is over and it is still open. The interval holds both the
    uncertainty of the rate (Gamma) and the noise of a week (so the count is negative binomial).

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``opened_at``, ``resolved_at`` and, where it is known, ``promised_at``.
    end : timestamp
        First moment that was not observed.
    hours, weeks, level
        As `ticket_times`.

    Returns
    -------
    Estimate
        n is the breaches of the past weeks.
    """
    from scipy.stats import nbinom

    limit = due_at(tickets, hours)
    missed = (tickets["resolved_at"].isna() | (tickets["resolved_at"] > limit)) & (limit < end)
    first = tickets["opened_at"].min()
    length = min(float(weeks), max((end - first).total_seconds() / 604800, 1.0)) if len(tickets) else float(weeks)
    count = int((missed & (limit >= end - pd.Timedelta(weeks=length))).sum())
    spread = nbinom(count + 0.5, length / (length + 1))
    return Estimate(count / length, float(spread.ppf((1 - level) / 2)), float(spread.ppf((1 + level) / 2)), count)


def ticket_volume(tickets: pd.DataFrame, observation_end, freq: str = "W") -> pd.DataFrame:
    """Cases opened, closed and in the backlog at the end of each period, with the mean age of the backlog in days.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``opened_at``, ``resolved_at`` (missing while open).
    observation_end : date
        Last day of the data.
    freq : str
        Length of a period, as pandas writes it: W, MS ….

    Returns
    -------
    pandas.DataFrame
        ``period`` (last moment), ``opened``, ``closed``, ``backlog``, ``mean_age_days``; opened − closed, summed up, is
        the backlog.
    """
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    opened = np.sort(tickets["opened_at"].to_numpy("datetime64[s]"))
    order = np.argsort(tickets["resolved_at"].to_numpy("datetime64[s]"))  # NaT last
    closed = tickets["resolved_at"].to_numpy("datetime64[s]")[order]
    closed_opened = tickets["opened_at"].to_numpy("datetime64[s]")[order][~np.isnat(closed)].astype(float)
    closed = closed[~np.isnat(closed)]
    first = pd.Timestamp(opened[0]).normalize() if len(opened) else end - pd.Timedelta(days=1)
    edges = pd.date_range(first, end, freq=freq).union(pd.DatetimeIndex([end]))
    edges = edges[edges > first].to_numpy("datetime64[s]")
    came, went = np.searchsorted(opened, edges), np.searchsorted(closed, edges)
    starts = np.concatenate([[0.0], np.cumsum(opened.astype(float))])
    gone = np.concatenate([[0.0], np.cumsum(closed_opened)])
    backlog = came - went
    with np.errstate(divide="ignore", invalid="ignore"):
        age = (edges.astype(float) * backlog - (starts[came] - gone[went])) / backlog / 86400
    return pd.DataFrame(
        {
            "period": edges,
            "opened": np.diff(came, prepend=0),
            "closed": np.diff(went, prepend=0),
            "backlog": backlog,
            "mean_age_days": np.where(backlog > 0, age, np.nan),
        }
    )


def control_chart(counts, sizes, kind: str = "p") -> pd.DataFrame:
    """Shewhart's chart of a share (p) or of cases per unit (u): centre, limits of three sigma, and what lies outside.

    Parameters
    ----------
    counts : array_like
        Cases of each period.
    sizes : array_like
        Of how many (p: customers or orders, each with a case or not; u: units at risk, each with any number of cases).
    kind : {"p", "u"}
        p of shares, u of cases per unit.

    Returns
    -------
    pandas.DataFrame
        ``rate``, ``centre``, ``low``, ``high``, ``is_outside``.

    References
    ----------
    Montgomery, D. C. (2019), Introduction to Statistical Quality Control, ch. 7.

    Examples
    --------
    >>> control_chart([10, 12, 40], [100, 100, 100])["is_outside"].tolist()
    [False, False, True]
    """
    counts, sizes = np.asarray(counts, float), np.asarray(sizes, float)
    if kind not in ("p", "u"):
        raise ValueError(f"kind is {kind!r}: a control chart is of a share (p) or of cases per unit (u).")
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = counts.sum() / sizes.sum()
        sigma = np.sqrt(centre * ((1 - centre) if kind == "p" else 1.0) / sizes)
        rate = counts / sizes
    low, high = np.maximum(centre - 3 * sigma, 0), centre + 3 * sigma
    high = np.minimum(high, 1) if kind == "p" else high
    outside = (rate < low) | (rate > high)
    return pd.DataFrame({"rate": rate, "centre": centre, "low": low, "high": high, "is_outside": outside})


def first_contact(tickets: pd.DataFrame, cost_per_contact: float, level: float = 0.9) -> dict[str, Estimate]:
    """First-contact resolution, contacts per closed case, and what the call backs cost.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``contacts`` (1 or more), ``resolved_at``; only closed cases count.
    cost_per_contact : float
        Currency of one call back.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    dict of str to Estimate
        ``resolved_at_once`` (share), ``call_backs`` (per case) and ``cost`` (currency, of all closed cases).
    """
    contacts = tickets.loc[tickets["resolved_at"].notna(), "contacts"].dropna().astype(float)
    n, extra = len(contacts), contacts - 1
    if not n:
        nothing = Estimate(float("nan"))
        return {"resolved_at_once": nothing, "call_backs": nothing, "cost": nothing}
    half = z_value(level) * extra.std(ddof=1) / np.sqrt(n) if n > 1 else float("nan")
    mean = float(extra.mean())
    each = Estimate(mean, max(mean - half, 0.0), mean + half, n)
    total = [n * cost_per_contact * value for value in (each.value, each.low, each.high)]
    return {"resolved_at_once": share(int((contacts == 1).sum()), n, level), "call_backs": each,
            "cost": Estimate.of(total, n)}  # fmt: skip


def cost_of_further(contacts: pd.DataFrame | None) -> float:
    """Mean cost of a contact after the first about the same case; NaN where contacts do not show it.

    Parameters
    ----------
    contacts : pandas.DataFrame or None
        ``ticket_id``, ``at``, ``cost`` and, where it is known, ``initiator``: those of customers count.

    Returns
    -------
    float

    Examples
    --------
    >>> log = pd.DataFrame({"ticket_id": ["a", "a", "b", None], "at": pd.to_datetime(["2026-01-01", "2026-01-02"] * 2),
    ...                     "cost": [3.0, 2.0, 9.0, 9.0]})
    >>> cost_of_further(log)
    2.0
    """
    if contacts is None or not {"ticket_id", "cost", "at"} <= set(contacts):
        return float("nan")
    named = contacts[contacts["ticket_id"].notna()].sort_values("at", kind="stable")
    if "initiator" in named:
        named = named[named["initiator"] == "customer"]
    return float(named.loc[named.duplicated("ticket_id"), "cost"].dropna().astype(float).mean())


def promises_kept(tickets: pd.DataFrame, observation_end, level: float = 0.9) -> Estimate:
    """Share of cases resolved by the promised moment, of all whose promise is due; open ones over it are broken.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``promised_at``, ``resolved_at`` (missing while open).
    observation_end : date
        Last day of the data.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Estimate
    """
    judged = _promised(tickets, observation_end)
    return share(int(judged["kept"].sum()), len(judged), level)


def _promised(tickets, observation_end):
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    due = tickets[tickets["promised_at"].notna() & (tickets["promised_at"] < end)]
    return due.assign(kept=(due["resolved_at"] <= due["promised_at"]).fillna(False).astype(bool))


def on_time_by_owner(tickets: pd.DataFrame, observation_end, level: float = 0.9, min_cell: int = 1) -> pd.DataFrame:
    """Share of promises kept by each owner of cases, the worst first, with whether the interval leaves the others out.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``owner``, ``promised_at``, ``resolved_at`` (missing while open).
    observation_end : date
        Last day of the data.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    min_cell : int
        Owners with fewer promises are left out.

    Returns
    -------
    pandas.DataFrame
        ``owner``, ``n``, ``kept``, ``share`` with limits, ``differs`` (from all others together, by Bonferroni's
        correction over the owners).
    """
    judged = _promised(tickets, observation_end).dropna(subset=["owner"])
    table = judged.groupby(judged["owner"].astype(object))["kept"].agg(n="size", kept="sum").rename_axis("owner")
    table = large_enough(table, "n", min_cell).reset_index()
    table["kept"] = table["kept"].astype(int)
    table["share"] = table["kept"] / table["n"]
    table["share_low"], table["share_high"] = wilson(table["kept"], table["n"], level)
    strict = 1 - (1 - level) / max(len(table), 1)
    all_n, all_kept = int(table["n"].sum()), int(table["kept"].sum())
    gaps = [
        difference(share(k, n, strict), share(all_kept - k, all_n - n, strict))
        for k, n in zip(table["kept"], table["n"], strict=True)
    ]
    table["differs"] = [bool(gap.low > 0 or gap.high < 0) for gap in gaps]
    return table.sort_values(["share", "owner"], ignore_index=True)


def transfers(tickets: pd.DataFrame, level: float = 0.9) -> dict[str, Estimate]:
    """Share of cases that their first owner kept, and transfers per case.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``transfers``: how often each case was handed over.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    dict[str, Estimate]
    """
    count = tickets["transfers"].dropna().astype(float)
    n = len(count)
    half = z_value(level) * count.std(ddof=1) / np.sqrt(n) if n > 1 else float("nan")
    mean = float(count.mean()) if n else float("nan")
    return {
        "first_owner_kept": share(int((count == 0).sum()), n, level),
        "per_case": Estimate(mean, max(mean - half, 0.0), mean + half, n),
    }


def remedies(tickets: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """What complainants wished and what they got: ``requested_remedy``, ``n``, ``granted``, ``share`` with limits.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``requested_remedy``, ``verdict`` (what was granted).
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    pandas.DataFrame
    """
    judged = tickets.dropna(subset=["requested_remedy", "verdict"])
    same = judged["requested_remedy"].astype(object) == judged["verdict"].astype(object)
    table = same.groupby(judged["requested_remedy"].astype(object)).agg(n="size", granted="sum").reset_index()
    table["granted"] = table["granted"].astype(int)
    table["share"] = table["granted"] / table["n"]
    table["share_low"], table["share_high"] = wilson(table["granted"], table["n"], level)
    return table.sort_values(["n", "requested_remedy"], ascending=[False, True], ignore_index=True)


def escalations(tickets: pd.DataFrame, level: float = 0.9) -> Estimate:
    """Share of cases that were passed up (``escalated_to`` is filled).

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``escalated_to``: missing where a case was not passed up.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Estimate
    """
    return share(int(tickets["escalated_to"].notna().sum()), len(tickets), level)


class Knowledge(NamedTuple):
    """What the knowledge base does: ``hit_rate``, ``hours_saved`` (matched difference)."""

    hit_rate: Estimate
    hours_saved: Estimate


def knowledge_base(
    tickets: pd.DataFrame, match: tuple[str, ...] = ("category", "urgency"), level: float = 0.9
) -> Knowledge:
    """Hit rate of the knowledge base, and how much sooner cases with an answer in it are resolved, like with like.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``in_knowledge_base``, ``opened_at``, ``resolved_at`` and those to match on.
    match : tuple of str
        Cases are compared within equal values of these, cells weighted by their hits; the difference is of mean log
        hours, so that few endless cases do not decide, and told in hours at the median of the cases without a hit.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Knowledge
        ``hours_saved`` is positive where hits are quicker.
    """
    known = tickets.dropna(subset=["in_knowledge_base"])
    hit = known["in_knowledge_base"].astype(bool)
    rate = share(int(hit.sum()), len(known), level)
    closed = known["resolved_at"].notna()
    hours = (known["resolved_at"] - known["opened_at"]).dt.total_seconds() / 3600
    frame = known.assign(_log=np.log(np.maximum(hours, 1 / 60)), _hit=hit)[closed]
    cells = frame.groupby([*match, "_hit"], observed=True)["_log"].agg(["mean", "var", "size"]).unstack("_hit")
    saved = Estimate(float("nan"), n=int(closed.sum()))
    if {("mean", True), ("mean", False)} <= set(cells.columns):
        cells = cells[(cells["size"] > 1).all(axis=1)]
        weight = cells["size"][True] / max(cells["size"][True].sum(), 1)
        gap = float((weight * (cells["mean"][False] - cells["mean"][True])).sum())
        noise = sum(cells["var"][side] / cells["size"][side] for side in (True, False))
        half = z_value(level) * float(np.sqrt((weight**2 * noise).sum()))
        middle = float(np.exp(frame.loc[~frame["_hit"], "_log"].median()))
        if len(cells):
            ends = [middle * -np.expm1(-value) for value in (gap, gap - half, gap + half)]
            saved = Estimate.of(ends, int(cells["size"].sum().sum()))
    return Knowledge(rate, saved)


def handling_steps(tickets: pd.DataFrame, times: TicketTimes, level: float = 0.9) -> pd.DataFrame:
    """Steps of handling by the share of cases in which each fails: the first row is the one to fix.

    Parameters
    ----------
    tickets : pandas.DataFrame
        Clean table: what of ``contacts``, ``transfers``, ``requested_remedy``, ``verdict`` is recorded.
    times : TicketTimes
        Of `ticket_times`.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    pandas.DataFrame
        ``step`` (response, resolution, call_back, transfer, remedy), ``share`` failing with limits, ``n``; those that
        the data do not tell are absent; the worst first.
    """
    rows = []
    for _, row in times.sla.iterrows():
        told = from_row(row, "share")
        rows.append((row["step"], Estimate(1 - told.value, 1 - told.high, 1 - told.low, told.n)))
    if "contacts" in tickets and tickets["contacts"].notna().any():
        n = int(tickets["contacts"].notna().sum())
        rows.append(("call_back", share(int((tickets["contacts"] > 1).sum()), n, level)))
    if "transfers" in tickets and tickets["transfers"].notna().any():
        n = int(tickets["transfers"].notna().sum())
        rows.append(("transfer", share(int((tickets["transfers"] > 0).sum()), n, level)))
    if {"requested_remedy", "verdict"} <= set(tickets):
        judged = tickets.dropna(subset=["requested_remedy", "verdict"])
        if len(judged):
            refused = judged["requested_remedy"].astype(object) != judged["verdict"].astype(object)
            rows.append(("remedy", share(int(refused.sum()), len(judged), level)))
    table = pd.DataFrame(
        [(step, told.value, told.low, told.high, told.n) for step, told in rows],
        columns=["step", "share", "share_low", "share_high", "n"],
    ).astype({"step": "string"})
    return table.sort_values(["share", "step"], ascending=[False, True], ignore_index=True)
