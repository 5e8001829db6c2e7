"""Complaints: how many, about what, how they ended, and how long it took, with open ones counted right."""

import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.labels import Outcome, SalePhase
from regulars.satisfaction.cases.tickets import FEW, FEW_CASES, Cases, need_closing
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough, too_small
from regulars.statistics.intervals import Estimate, from_row, share, wilson
from regulars.statistics.survival import Curve, kaplan_meier


def ending_table(tickets: pd.DataFrame, observation_end, level: float = 0.9, min_cell: int = 1) -> pd.DataFrame:
    """How complaints ended and how long it took, category by category, for a table.

    Parameters
    ----------
    tickets : pandas.DataFrame
        Complaints: ``category``, ``outcome``, ``opened_at``, ``resolved_at``.
    observation_end : date
        Last day of the data.
    level : float
        Of the intervals.
    min_cell : int
        Categories with fewer complaints are left out.

    Returns
    -------
    pandas.DataFrame
        One row per category, most complaints first: ``category``, ``n`` (complaints), ``open``, for each outcome its
        share of the closed ones with ``_low`` and ``_high``, and ``median_days`` with ``_low`` and ``_high``.
    """
    long = outcome_shares(tickets, "category", level)
    wide = long.pivot(index="category", columns="outcome", values=["share", "share_low", "share_high"])
    wide.columns = [f"{outcome}{part.removeprefix('share')}" for part, outcome in wide.columns]
    still = tickets["outcome"].isna().groupby(tickets["category"].astype(object)).sum().astype(int).rename("open")
    table = resolution_table(tickets, observation_end, level=level, min_cell=min_cell)
    table = table.merge(still, left_on="category", right_index=True).merge(wide, on="category", how="left")
    return table.sort_values(["n", "category"], ascending=[False, True], ignore_index=True)


def complaint_rate(tickets: pd.DataFrame, customers: int, level: float = 0.9) -> Estimate:
    """Share of customers who complained at least once.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``customer_id``.
    customers : int
        All customers.
    level : float
        Of Wilson's interval.

    Returns
    -------
    Estimate
        Between 0 and 1. Those who are dissatisfied and silent are not in it.

    Examples
    --------
    >>> complaint_rate(pd.DataFrame({"customer_id": ["a", "a", "b"]}), customers=10).value
    0.2
    """
    return share(int(tickets["customer_id"].nunique()), customers, level)


def complaint_shares(
    tickets: pd.DataFrame, by: str = "category", level: float = 0.9, order: list[str] | None = None
) -> pd.DataFrame:
    """What the complaints are about: count and share of each category, cause or channel.

    Parameters
    ----------
    tickets : pandas.DataFrame
        One row per complaint, with the column `by`; those without an entry are left out of the shares.
    by : str
        Column of the groups.
    level : float
        Of Wilson's intervals.
    order : list of str, optional
        Order of the rows; the most frequent first without it.

    Returns
    -------
    pandas.DataFrame
        The column `by`, ``tickets``, ``n`` (all with an entry), ``share``, ``share_low``, ``share_high``. The
        shares sum to 1.

    Examples
    --------
    >>> complaint_shares(pd.DataFrame({"category": ["late", "late", "broken", "late"]}))["share"].tolist()
    [0.75, 0.25]
    """
    counts = tickets[by].dropna().astype(object).value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if order is not None:
        counts = counts.reindex(order, fill_value=0)
    table = counts.rename("tickets").rename_axis(by).reset_index().astype({by: "string"})
    n = int(table["tickets"].sum())
    table["n"] = n
    table["share"] = table["tickets"] / n if n else float("nan")
    table["share_low"], table["share_high"] = wilson(table["tickets"], table["n"], level)
    return table


def pareto(tickets: pd.DataFrame, by: str = "cause", level: float = 0.9) -> pd.DataFrame:
    """Causes by how many cases they make, with the share that they and all above them make together.

    Parameters
    ----------
    tickets : pandas.DataFrame
        One row per complaint, with the column `by`.
    by : str
        Column of causes.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> pareto(pd.DataFrame({"cause": ["late", "late", "late", "broken"]}))["cumulative"].tolist()
    [0.75, 1.0]
    """
    table = complaint_shares(tickets, by, level)
    return table.assign(cumulative=table["share"].cumsum())


def outcome_shares(tickets: pd.DataFrame, by: str | None = None, level: float = 0.9, min_cell: int = 1) -> pd.DataFrame:
    """How complaints ended, for all or for each category; open ones have no outcome and are counted apart.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``outcome`` (a `regulars.labels.Outcome`, missing while open), and the column `by`.
    by : str, optional
        Column of the groups.
    level : float
        Of Wilson's intervals.
    min_cell : int
        Groups with fewer closed complaints are left out, and one more where a difference would tell of them.

    Returns
    -------
    pandas.DataFrame
        One row per group and outcome: the column `by` (absent without it), ``outcome``, ``tickets``, ``n``
        (closed), ``open``, ``share``, ``share_low``, ``share_high``. The shares of a group sum to 1.

    Examples
    --------
    >>> table = outcome_shares(pd.DataFrame({"outcome": ["resolved", "not_satisfied", None]}))
    >>> table[["tickets", "n", "open"]].to_numpy().tolist()
    [[0, 2, 1], [1, 2, 1], [1, 2, 1]]
    """
    groups = tickets[by].astype(object) if by else pd.Series("", index=tickets.index)
    closed = tickets["outcome"].notna()
    names = [outcome.value for outcome in Outcome]
    table = pd.crosstab(groups[closed], tickets.loc[closed, "outcome"].astype(object)).reindex(
        columns=names, fill_value=0
    )
    table = table[~too_small(table.sum(axis=1), min_cell, [0] * len(table))]
    sizes, still = table.sum(axis=1), (~closed).groupby(groups).sum()
    key = by or "group"
    long = table.rename_axis(index=key, columns="outcome").stack().rename("tickets").reset_index()
    long["n"], long["open"] = long[key].map(sizes).astype(int), long[key].map(still).astype(int)
    long["share"] = long["tickets"] / long["n"]
    long["share_low"], long["share_high"] = wilson(long["tickets"], long["n"], level)
    long = long.astype({"outcome": "string", key: "string"})
    return long if by else long.drop(columns=key)


def resolution_table(
    tickets: pd.DataFrame, observation_end, by: str = "category", *, level: float = 0.9, min_cell: int = 1
) -> pd.DataFrame:
    """Median days until a complaint is closed, category by category.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``opened_at``, ``resolved_at`` (missing while open), and the column `by`.
    observation_end : date
        Last day of the data, included.
    by : str
        Column of the groups.
    level : float
        Of the intervals of the medians.
    min_cell : int
        Groups with fewer complaints are left out.

    Returns
    -------
    pandas.DataFrame
        The column `by`, ``n``, ``median_days`` with ``median_days_low`` and ``median_days_high``; the slowest first.

    Examples
    --------
    >>> tickets = pd.DataFrame({"opened_at": pd.to_datetime(["2026-01-01", "2026-01-02"]), "category": ["late", "late"],
    ...                         "resolved_at": pd.to_datetime(["2026-01-03", "2026-01-05"])})
    >>> resolution_table(tickets, "2026-01-31")[["category", "n", "median_days"]].to_numpy().tolist()
    [['late', 2, 2.0]]
    """
    curves = resolution_times(tickets, observation_end, by, level)
    sizes = [curve.n for curve in curves.values()]
    hidden = too_small(sizes, min_cell, [0] * len(sizes))
    medians = {name: curve.quantile() for (name, curve), away in zip(curves.items(), hidden, strict=True) if not away}
    table = pd.DataFrame(
        [(name, m.n, m.value, m.low, m.high) for name, m in medians.items()],
        columns=[by, "n", "median_days", "median_days_low", "median_days_high"],
    ).astype({by: "string"})
    return table.sort_values(["median_days", by], ascending=[False, True], ignore_index=True)


def resolution_times(
    tickets: pd.DataFrame, observation_end, by: str | None = None, level: float = 0.9
) -> dict[str, Curve]:
    """Time until a complaint is closed, by Kaplan–Meier, open ones censored at the end of the data.

    Leaving open complaints out would make the slow ones vanish, and the median with them too short.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``opened_at``, ``resolved_at`` (missing while open), and the column `by`.
    observation_end : date
        Last day of the data, included.
    by : str, optional
        Column of the groups.
    level : float
        Of the intervals.

    Returns
    -------
    dict of str to Curve
        Group (``""`` without `by`) to its curve in days; `Curve.quantile` gives the median with its interval.

    Examples
    --------
    >>> tickets = pd.DataFrame({"opened_at": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"]),
    ...                         "resolved_at": pd.to_datetime(["2026-01-03", None, "2026-01-04"])})
    >>> resolution_times(tickets, "2026-01-05")[""].quantile().value
    2.0
    """
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    seen = tickets[tickets["opened_at"] < end]
    closed = seen["resolved_at"].notna() & (seen["resolved_at"] < end)
    until = seen["resolved_at"].where(closed, end)
    days = ((until - seen["opened_at"]).dt.total_seconds() / 86400).clip(lower=0)
    groups = seen[by].astype(object) if by else pd.Series("", index=seen.index)
    names = sorted(groups.dropna().unique())
    return {name: kaplan_meier(days[groups == name], closed[groups == name], level) for name in names}


@tells
def tell_phase(cases: Cases, settings: SatisfactionSettings) -> Finding:
    """When in a sale things go wrong: before it, during it or after it.

    Parameters
    ----------
    cases : Cases
        Complaints with their ``sale_phase``.
    settings : SatisfactionSettings
        Its ``interval_level``; phases of fewer complaints than ``privacy_min_cell`` are left out.

    Returns
    -------
    Finding
        Without a verdict, or few; frame ``phases``: ``sale_phase``, ``tickets``, ``share`` with limits, ``n``.
    """
    complaints, level = cases.complaints, settings.interval_level
    if "sale_phase" not in complaints or not complaints["sale_phase"].notna().any():
        raise UntoldError("Table tickets has no sale_phase: supply when each arose, before, during or after.")
    table = complaint_shares(complaints, "sale_phase", level, order=list(SalePhase))
    first = table.loc[table["tickets"].idxmax()]
    part = from_row(first, "share")
    if part.n < FEW_CASES:
        return Finding(FEW, {"cases": part.n, "few": FEW_CASES})
    shown = large_enough(table, "tickets", settings.privacy_min_cell).reset_index(drop=True)
    return Finding(None, {"phase": str(first["sale_phase"]), "part": part}, {"phases": shown})


@tells
def tell_complaints(cases: Cases, customers: int, end, settings: SatisfactionSettings) -> Finding:
    """What customers complain about, how it ends and how long it takes.

    Parameters
    ----------
    cases : Cases
        Of `sound_cases`.
    customers : int
        All customers.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``privacy_min_cell``: categories with fewer complaints are not shown.

    Returns
    -------
    Finding
        Without a verdict, or `FEW`: nothing is told of so few that chance makes the shares; not supplied where cases
        are, and none of them is a complaint. Frames ``causes``, ``endings`` and, where causes are recorded, ``pareto``.
    """
    complaints, level, min_cell = cases.complaints, settings.interval_level, settings.privacy_min_cell
    if len(cases.tickets) and not len(complaints):
        return Finding(NOT_SUPPLIED)
    if len(complaints) < FEW_CASES:
        return Finding(FEW, {"cases": len(complaints), "few": FEW_CASES})
    need_closing(complaints)
    causes = complaint_shares(complaints, level=level)
    causes = large_enough(causes, "tickets", min_cell).reset_index(drop=True)
    if causes.empty:
        raise UntoldError("No complaint says what it is about: supply the category of each in the table tickets.")
    ended = outcome_shares(complaints, level=level).set_index("outcome")
    facts = {
        "category": str(causes["category"].iloc[0]),
        "part": from_row(causes.iloc[0], "share"),
        "rate": complaint_rate(complaints, customers, level),
        "unhappy": from_row(ended.loc[Outcome.NOT_SATISFIED], "share"),
        "quickly": from_row(ended.loc[Outcome.RESOLVED_QUICKLY], "share"),
        "open": int(ended.loc[Outcome.NOT_SATISFIED, "open"]),
        "median": resolution_times(complaints, end, level=level)[""].quantile(),
    }
    frames = {"causes": causes, "endings": ending_table(complaints, end, level, min_cell)}
    if "cause" in complaints and complaints["cause"].notna().any():
        table = pareto(complaints, "cause", level)
        frames["pareto"] = large_enough(table, "tickets", min_cell).reset_index(drop=True)
    return Finding(None, facts, frames)
