"""Some of the customers in figures: the group from which most is to come, the largest, those of some segments."""

from typing import NamedTuple

import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import may_refuse, shows
from regulars.labels import Segment
from regulars.segments.summary import share_of
from regulars.statistics.intervals import Estimate, from_row

GONE_QUIET = (Segment.AT_RISK, Segment.CANNOT_LOSE)
NO_VALUE = "It needs what customers will bring, which these orders do not allow to tell: see the value page."


@shows
class Group(NamedTuple):
    """One group of customers in figures.

    Parameters
    ----------
    group : str
        Its name.
    customers : int
        In it.
    share : float
        Of all customers.
    worth : Estimate
        Value to come, currency.
    future : Estimate
        Share of the value to come of all.
    past : Estimate
        Share of the revenue so far of all.
    """

    group: str
    customers: int
    share: float
    worth: Estimate
    future: Estimate
    past: Estimate


@shows
class Part(NamedTuple):
    """Some of the customers in figures.

    Parameters
    ----------
    customers : int
        How many.
    past : Estimate
        Share of the revenue so far of all.
    future : Estimate
        Share of the value to come of all.
    worth : float
        Value to come, currency.
    at_risk : float
        What they would bring if all were still customers, less what they should bring, currency.
    """

    customers: int
    past: Estimate
    future: Estimate
    worth: float
    at_risk: float


def need_value(customers: pd.DataFrame) -> None:
    """Make sure that what customers will bring is known.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``clv``, or a summary of it.

    Raises
    ------
    UntoldError
        Where nobody's is.

    Examples
    --------
    >>> need_value(pd.DataFrame({"clv": [float("nan"), 3.0]}))
    """
    if "clv" not in customers or customers["clv"].isna().all():
        raise UntoldError(NO_VALUE)


@may_refuse
def leading_group(table: pd.DataFrame, by: str) -> Group:
    """Group from which most value is to come.

    Parameters
    ----------
    table : pandas.DataFrame
        As `regulars.segments.group_summary` gives it, with ``clv``.
    by : str
        Its column of groups.

    Returns
    -------
    Group or Refusal
        Why not, where the table has no row, or nobody's value to come is known.

    Examples
    --------
    >>> from regulars.segments import group_summary
    >>> customers = pd.DataFrame({"segment": ["new", "lost"], "spend": [5.0, 9.0], "clv": [8.0, 1.0]})
    >>> leading_group(group_summary(customers, "segment"), "segment").group
    'new'
    >>> leading_group(group_summary(customers[["segment", "spend"]], "segment"), "segment")
    It cannot be told: It needs what customers will bring, which these orders do not allow to tell: see the value page.
    """
    if "clv" not in table:
        raise UntoldError(NO_VALUE)
    return _group(table, by, "clv")


@may_refuse
def largest_group(table: pd.DataFrame, by: str) -> Group:
    """Group with the most customers.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `regulars.segments.group_summary`, with ``clv``.
    by : str
        Its column of groups.

    Returns
    -------
    Group or Refusal
        Why not, where the table has no row.

    Examples
    --------
    >>> from regulars.segments import group_summary
    >>> customers = pd.DataFrame({"segment": ["new", "lost", "lost"], "spend": 9.0, "clv": [8.0, 1.0, 1.0]})
    >>> largest_group(group_summary(customers, "segment"), "segment").group
    'lost'
    """
    return _group(table, by, "customers")


def _group(table: pd.DataFrame, by: str, largest: str) -> Group:
    if table.empty:
        raise UntoldError(
            f"The orders have too few customers: every {by} has fewer customers than the smallest that may be shown; "
            "set common.privacy_min_cell in params.yaml lower, or supply a longer history."
        )
    row = table.loc[table[largest].idxmax()]
    worth, future, past = (from_row(row, name, "customers") for name in ("clv", "clv_share", "spend_share"))
    return Group(str(row[by]), int(row["customers"]), float(row["customers_share"]), worth, future, past)


def part_of(customers: pd.DataFrame, segments: tuple[Segment, ...], level: float = 0.9) -> Part:
    """What customers of some segments brought and should bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``segment``, ``spend``, ``clv``, ``value_at_risk``, one row per customer.
    segments : tuple of Segment
        Which: `GONE_QUIET` or others.
    level : float
        Of the intervals of the shares.

    Returns
    -------
    Part

    Examples
    --------
    >>> customers = pd.DataFrame({"segment": ["at_risk", "loyal"], "spend": [30.0, 70.0], "clv": [1.0, 9.0],
    ...                           "value_at_risk": [5.0, 2.0]})
    >>> quiet = part_of(customers, GONE_QUIET)
    >>> quiet.customers, quiet.past.value, quiet.future.value, quiet.at_risk
    (1, 0.3, 0.1, 5.0)
    """
    mask = customers["segment"].isin([segment.value for segment in segments]).astype(bool)
    past, future = (share_of(customers[name], mask, level) for name in ("spend", "clv"))
    sums = customers.loc[mask, ["clv", "value_at_risk"]].sum()
    return Part(int(mask.sum()), past, future, float(sums["clv"]), float(sums["value_at_risk"]))
