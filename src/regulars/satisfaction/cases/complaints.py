"""Complaints: how many, about what, how they ended, and how long it took, with open ones counted right."""

from typing import NamedTuple

import pandas as pd

from regulars.labels import Outcome
from regulars.statistics.intervals import Estimate, from_row, share, wilson
from regulars.statistics.survival import Curve, kaplan_meier

COMPLAINT = "complaint"


class ComplaintStory(NamedTuple):
    """What complaints tell.

    Parameters
    ----------
    causes, endings : pandas.DataFrame
        Of `complaint_shares` and `ending_table`.
    category : str
        The most frequent one.
    part : Estimate
        Its share.
    rate : Estimate
        Share of customers who complained.
    unhappy, quickly : Estimate
        Shares of closed complaints that ended without satisfaction, and that were resolved quickly.
    tickets, open : int
        Complaints that ended without satisfaction, and that are open.
    median : Estimate
        Days until half of the complaints are closed.
    """

    causes: pd.DataFrame
    endings: pd.DataFrame
    category: str
    part: Estimate
    rate: Estimate
    unhappy: Estimate
    quickly: Estimate
    tickets: int
    open: int
    median: Estimate


def complaint_story(
    tickets: pd.DataFrame, customers: int, observation_end, level: float = 0.9, min_cell: int = 1
) -> ComplaintStory:
    """What customers complain about, how it ends and how long it takes.

    Parameters
    ----------
    tickets : pandas.DataFrame
        Complaints, as `only_complaints` gives them.
    customers : int
        All customers.
    observation_end : date
        Last day of the data.
    level : float
        Of the intervals.
    min_cell : int
        Categories with fewer complaints are left out.

    Returns
    -------
    ComplaintStory

    Raises
    ------
    ValueError
        Where there is no complaint.
    """
    if tickets.empty:
        raise ValueError("there is no complaint to tell of")
    causes = complaint_shares(tickets, level=level)
    causes = causes[causes["tickets"] >= min_cell].reset_index(drop=True)
    ended = outcome_shares(tickets, level=level).set_index("outcome")
    worst = ended.loc[Outcome.NOT_SATISFIED]
    return ComplaintStory(
        causes,
        ending_table(tickets, observation_end, level, min_cell),
        str(causes["category"].iloc[0]),
        from_row(causes.iloc[0], "share"),
        complaint_rate(tickets, customers, level),
        from_row(worst, "share"),
        from_row(ended.loc[Outcome.RESOLVED_QUICKLY], "share"),
        int(worst["tickets"]),
        int(worst["open"]),
        resolution_times(tickets, observation_end, level=level)[""].quantile(),
    )


def ending_table(tickets: pd.DataFrame, observation_end, level: float = 0.9, min_cell: int = 1) -> pd.DataFrame:
    """How complaints ended and how long it took, category by category, for a table; parameters as `complaint_story`.

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


def only_complaints(tickets: pd.DataFrame) -> pd.DataFrame:
    """Tickets that are complaints: those whose ``kind`` says so, or all where the table does not tell kinds apart.

    Examples
    --------
    >>> only_complaints(pd.DataFrame({"ticket_id": ["1", "2"], "kind": ["complaint", "service"]}))["ticket_id"].tolist()
    ['1']
    """
    return tickets[tickets["kind"] == COMPLAINT] if "kind" in tickets else tickets


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


def outcome_shares(tickets: pd.DataFrame, by: str | None = None, level: float = 0.9, min_cell: int = 1) -> pd.DataFrame:
    """How complaints ended, for all or for each category; open ones have no outcome and are counted apart.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``outcome`` (a `regulars.labels.Outcome`, missing while open), and the column `by`.
    by : str, optional
    level : float
        Of Wilson's intervals.
    min_cell : int
        Groups with fewer closed complaints are left out.

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
    table = table[table.sum(axis=1) >= min_cell]
    sizes, still = table.sum(axis=1), (~closed).groupby(groups).sum()
    key = by or "group"
    long = table.rename_axis(index=key, columns="outcome").stack().rename("tickets").reset_index()
    long["n"], long["open"] = long[key].map(sizes).astype(int), long[key].map(still).astype(int)
    long["share"] = long["tickets"] / long["n"]
    long["share_low"], long["share_high"] = wilson(long["tickets"], long["n"], level)
    long = long.astype({"outcome": "string", key: "string"})
    return long if by else long.drop(columns=key)


def resolution_table(
    tickets: pd.DataFrame, observation_end, by: str = "category", level: float = 0.9, min_cell: int = 1
) -> pd.DataFrame:
    """Median days until a complaint is closed, category by category.

    Parameters
    ----------
    tickets, observation_end, by, level
        As for `resolution_times`.
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
    medians = {name: curve.quantile() for name, curve in curves.items() if curve.n >= min_cell}
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
