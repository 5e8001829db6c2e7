"""Months ahead as they were told at an earlier time, held against what came."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.clv.month_by_month import MEASURES
from regulars.clv.value import DAYS_PER_MONTH
from regulars.finding import Finding


class EarlierVerdict(StrEnum):
    """Whether what was told earlier has come true."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    OPEN = "open"  # no month is over yet


def hold_against(orders: pd.DataFrame, day, months: pd.DataFrame, observation_end) -> Finding:
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
    >>> told = pd.DataFrame({"month": [1], "start": pd.to_datetime(["2025-02-01"]), "with_new": [True], **ends})
    >>> found = hold_against(orders, "2025-01-31", told, "2025-03-31")
    >>> found.verdict, found.facts["came"], found.frames["months"]["customers_came"].tolist()
    (<EarlierVerdict.OUTSIDE: 'outside'>, 35.0, [2.0])
    """
    day, end = pd.Timestamp(day).normalize(), pd.Timestamp(observation_end).normalize()
    first = day + pd.Timedelta(days=1)
    edges = [
        first + pd.Timedelta(days=round(month * DAYS_PER_MONTH)) for month in range(int(months["month"].max()) + 1)
    ]
    starts, ends = (pd.DatetimeIndex([edges[int(m) + more] for m in months["month"]]) for more in (-1, 0))
    over = ends <= end + pd.Timedelta(days=1)
    facts: dict = {"day": day.date()}
    if not over.any():
        return Finding(EarlierVerdict.OPEN, facts)
    told = months[over].assign(start=starts[over]).reset_index(drop=True)
    came = _came(orders, day, starts[over], ends[over], bool(months["with_new"].iloc[0]))
    table = pd.concat([told[["start", *_columns()]], came], axis=1)
    inside = (table["revenue_came"] >= table["revenue_low"]) & (table["revenue_came"] <= table["revenue_high"])
    facts |= {
        "months": len(table), "inside": int(inside.sum()),
        "told": float(table["revenue"].sum()), "came": float(table["revenue_came"].sum()),
    }  # fmt: skip
    verdict = EarlierVerdict.INSIDE if inside.all() else EarlierVerdict.OUTSIDE
    return Finding(verdict, facts, {"months": table})


def _columns() -> list[str]:
    return [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]


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
