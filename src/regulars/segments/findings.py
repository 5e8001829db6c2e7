"""Which finding a title may state of groups of customers."""

from typing import NamedTuple

import pandas as pd

from regulars.errors import UntoldError
from regulars.labels import Segment
from regulars.segments.summary import share_of
from regulars.statistics.intervals import Estimate, from_row

GONE_QUIET = (Segment.AT_RISK, Segment.CANNOT_LOSE)
NO_VALUE = "It needs what customers will bring, which these orders do not allow to tell: see the value page."
HAVE_BEGUN = (Segment.NEW, Segment.PROMISING, Segment.POTENTIAL_LOYAL)


class Group(NamedTuple):
    """One group of customers in figures.

    Parameters
    ----------
    group : str
    customers : int
    share : float
        Of all customers.
    worth : Estimate
        Value to come, currency.
    future, past : Estimate
        Shares of the value to come and of the revenue so far.
    """

    group: str
    customers: int
    share: float
    worth: Estimate
    future: Estimate
    past: Estimate


class Part(NamedTuple):
    """Some of the customers in figures.

    Parameters
    ----------
    customers : int
    past, future : Estimate
        Shares of the revenue so far and of the value to come.
    worth, at_risk : float
        Value to come, and value at risk, currency.
    """

    customers: int
    past: Estimate
    future: Estimate
    worth: float
    at_risk: float


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
    Group

    Raises
    ------
    UntoldError
        Where the table has no row, or nobody's value to come is known.
    """
    if "clv" not in table:
        raise UntoldError(NO_VALUE)
    return _group(table, by, "clv")


def largest_group(table: pd.DataFrame, by: str) -> Group:
    """Group with the most customers; parameters as `leading_group`."""
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
        Such as `GONE_QUIET` and `HAVE_BEGUN`.
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
