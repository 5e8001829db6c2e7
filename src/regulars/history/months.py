"""Months ahead as they were told when an earlier month was closed, held against what came."""

from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.clv.month_by_month import MEASURES
from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.history.closed import FOLDER, MONTHS, closed_days, read_summary, read_table
from regulars.purchases import months_on

ENDS = tuple(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high"))
COLUMNS = ("month", "start", "with_new", "share", *ENDS)
LOOK_BACK_DAYS = 366  # the earliest forecast within a year is drawn: it has most months to be held against


class EarlierVerdict(StrEnum):
    """Whether what was told earlier has come true."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    OPEN = "open"  # no month is over yet


def read_months(dataset: str, observation_end, *, share: float = 1.0) -> tuple[date, pd.DataFrame] | None:
    """Months ahead as they were told within the last year, by the earliest forecast that was saved in it.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    observation_end : date
        Only what was told before it.
    share : float
        Of the customers that the pages are made from; what was told must be of the same.

    Returns
    -------
    (date, pandas.DataFrame) or None
        The day on which it was told and one row per month ahead; None where nothing was saved.

    Raises
    ------
    UserError
        Where a file cannot be read, belongs elsewhere, or lacks a column.
    """
    days = closed_days(dataset, observation_end, file=MONTHS)
    if not days:
        return None
    since = (pd.Timestamp(observation_end) - pd.Timedelta(days=LOOK_BACK_DAYS)).date().isoformat()
    day = next((one for one in days if one >= since), days[-1])
    read_summary(dataset, day)  # refuses what belongs elsewhere
    months = read_table(dataset, day, MONTHS, columns=COLUMNS, dates=("start",))
    place = (FOLDER / dataset / day / MONTHS).as_posix()
    if months.empty:
        raise UserError(f"{place} has no rows: restore it.")
    if abs(float(months["share"].iloc[0]) - share) > 1e-9:
        raise UserError(
            f"{place} was made from {months['share'].iloc[0]:.3g} of the customers and the pages now from "
            f"{share:.3g}: their sums cannot be compared; close the month again with the present setting."
        )
    return date.fromisoformat(day), months


def hold_months(orders: pd.DataFrame, day, months: pd.DataFrame, observation_end) -> Finding:
    """Hold each month that was told and is over by now against what came in it.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount; credits reduce the revenue.
    day : date
        Last day that was known when it was told.
    months : pandas.DataFrame
        As `regulars.clv.cohort_revenue.CohortForecast.record` saves them: month (1, 2 …), start, with_new, and
        revenue, orders and customers with the ends of their intervals.
    observation_end : date
        Last day observed.

    Returns
    -------
    Finding
        Verdict `EarlierVerdict`: inside where the revenue of every month lay within what was told; frame ``months``
        with start, what was told and what came (``revenue_came`` …). Where only the customers of that day were told
        of, only theirs is counted.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [10.0, 30.0, 5.0],
    ...     "ordered_at": pd.to_datetime(["2025-01-05", "2025-02-10", "2025-02-11"])})
    >>> ends = {f"{name}{end}": [value] for name in MEASURES for end, value in (("", 20.0), ("_low", 0.0),
    ...     ("_high", 34.0))}
    >>> ahead = pd.DataFrame({"month": [1], "start": pd.to_datetime(["2025-02-01"]), "with_new": [True], **ends})
    >>> found = hold_months(orders, "2025-01-31", ahead, "2025-03-31")
    >>> found.verdict, found.facts["came"], found.frames["months"]["customers_came"].tolist()
    (<EarlierVerdict.OUTSIDE: 'outside'>, 35.0, [2.0])
    """
    day, end = pd.Timestamp(day).normalize(), pd.Timestamp(observation_end).normalize()
    starts, ends = (months_on(day + pd.Timedelta(days=1), months["month"] + more) for more in (-1, 0))
    over = ends <= end + pd.Timedelta(days=1)
    facts: dict = {"day": day.date()}
    if not over.any():
        return Finding(EarlierVerdict.OPEN, facts)
    ahead = months[over].assign(start=starts[over]).reset_index(drop=True)
    came = _came(orders, day, starts[over], ends[over], bool(months["with_new"].iloc[0]))
    table = pd.concat([ahead[["start", *ENDS]], came], axis=1)
    inside = (table["revenue_came"] >= table["revenue_low"]) & (table["revenue_came"] <= table["revenue_high"])
    facts |= {
        "months": len(table), "inside": int(inside.sum()),
        "told": float(table["revenue"].sum()), "came": float(table["revenue_came"].sum()),
    }  # fmt: skip
    verdict = EarlierVerdict.INSIDE if inside.all() else EarlierVerdict.OUTSIDE
    return Finding(verdict, facts, {"months": table})


def _came(orders, day, starts, ends, with_new: bool) -> pd.DataFrame:
    """Revenue, purchase days and customers who ordered, in each stretch."""
    at = orders["ordered_at"].dt.normalize()
    orders = orders.assign(day=at)[(at >= starts[0]) | (not with_new)]
    if not with_new:
        known = orders.loc[orders["day"] <= day, "customer_id"].unique()
        orders = orders[orders["customer_id"].isin(known)]
    stretch = np.searchsorted(starts, orders["day"].to_numpy(), side="right") - 1
    inside = (stretch >= 0) & (orders["day"].to_numpy() < ends.to_numpy()[np.maximum(stretch, 0)])
    orders, size = orders[inside].assign(stretch=stretch[inside]), len(starts)
    paid = orders[orders["amount"] >= 0]
    return pd.DataFrame(
        {
            "revenue_came": np.bincount(orders["stretch"], orders["amount"].astype(float), size),
            "orders_came": _counted(paid.drop_duplicates(["customer_id", "day"]), size),
            "customers_came": _counted(paid.drop_duplicates(["customer_id", "stretch"]), size),
        }
    )


def _counted(rows: pd.DataFrame, size: int) -> np.ndarray:
    return np.bincount(rows["stretch"], minlength=size).astype(float)


@tells
def tell_earlier(dataset: str, orders: pd.DataFrame, *, observation_end, share: float = 1.0) -> Finding:
    """Hold the months ahead that were told before against what came.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_end : date
        Last day of the data.
    share : float
        Of the customers that the pages are made from.

    Returns
    -------
    regulars.finding.Finding
        Of `hold_months`; ``not_supplied`` where nothing was saved, ``unusable`` where a
        file cannot be read, belongs elsewhere, or lacks a column.
    """
    saved = read_months(dataset, observation_end, share=share)
    return hold_months(orders, *saved, observation_end) if saved else Finding(NOT_SUPPLIED)
