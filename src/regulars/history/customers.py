"""What was told of customers when the last month was closed, held against what came since."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd

from regulars import privacy
from regulars.finding import Finding, tells
from regulars.history.closed import CUSTOMERS, closed_days, read_summary, read_table
from regulars.purchases import Purchases, dates_of, day_number
from regulars.retention.hindsight import hindsight_verdict
from regulars.statistics.intervals import Estimate, share

DATES = ("next_order_low", "next_order_median", "next_order_high", "call_by")
COLUMNS = ("customer", "p_active", "p_never", *DATES, "clv", "value_at_risk", "on_list")


class ClosedVerdict(StrEnum):
    """What may be said of the last month that was closed; once its window is over, how its forecast did."""

    NONE = "none"  # nothing has been saved
    OPEN = "open"  # the window of the forecast is not over


@dataclass(frozen=True)
class ClosedMonth:
    """What was told on a day.

    Parameters
    ----------
    day : datetime.date
        Last day that was known.
    within_days : int
        Window of the forecast.
    expected : Estimate
        Customers who were to order in it.
    customers : pandas.DataFrame
        One row per customer, by pseudonym: ``customer``, ``p_active``, ``p_never``, the dates, ``clv``,
        ``value_at_risk``, ``on_list``.
    """

    day: date
    within_days: int
    expected: Estimate
    customers: pd.DataFrame


def read_customers(dataset: str, observation_end) -> ClosedMonth | None:
    """What was told of customers last before a day.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    observation_end : date
        Only what was told before it.

    Returns
    -------
    ClosedMonth or None
        None where nothing has been saved.

    Raises
    ------
    UserError
        Where a file is of another dataset or another day than its folder says, or lacks a column.
    """
    days = closed_days(dataset, observation_end)
    if not days:
        return None
    summary = read_summary(dataset, days[-1])
    customers = read_table(dataset, days[-1], CUSTOMERS, columns=COLUMNS, dates=DATES)
    expected = Estimate(**summary["expected_active"])
    return ClosedMonth(date.fromisoformat(days[-1]), summary["active_within_days"], expected, customers)


def next_purchases(purchases: Purchases, day, *, dataset: str) -> pd.Series:
    """First purchase day of each customer after a day, by pseudonym.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    day : date
        Only what came after it.
    dataset : str
        Whose pseudonyms they are.

    Returns
    -------
    pandas.Series of datetime
        Of those who bought, with their pseudonyms as the index.
    """
    everyone = np.arange(len(purchases.customers))
    came = purchases.next_days(everyone, np.full(len(everyone), day_number(day)))
    later = np.isfinite(came)
    names = privacy.pseudonyms(purchases.customers[later], dataset)
    return dates_of(came[later].astype(np.int64)).set_axis(pd.Index(names.array, name="customer"))


def held_against(month: ClosedMonth, first: pd.Series, observation_end, *, level: float = 0.9) -> Finding:
    """Hold what was told on an earlier day against what came since.

    Parameters
    ----------
    month : ClosedMonth
        What was told.
    first : pandas.Series
        First purchase day after that day, by pseudonym.
    observation_end : date
        Last day of the data.
    level : float
        Of the intervals.

    Returns
    -------
    Finding
        ``open`` while the window of the forecast lasts; then a `regulars.retention.hindsight.HindsightVerdict`.
    """
    end, day, customers = pd.Timestamp(observation_end).normalize(), pd.Timestamp(month.day), month.customers
    until = day + pd.Timedelta(days=month.within_days)
    next_day = customers["customer"].map(first)
    came = int((next_day <= min(until, end)).sum())
    due = (customers["call_by"].notna() & (customers["next_order_high"] <= end)).to_numpy()
    inside = next_day.between(customers["next_order_low"], customers["next_order_high"]).to_numpy()
    on_list = customers["on_list"].astype(bool).to_numpy()
    facts = {
        "day": day, "within": month.within_days, "expected": month.expected.value, "came": came, "n": len(customers),
        "hits": share(int((inside & due).sum()), int(due.sum()), level),
        "listed": share(int((next_day.notna().to_numpy() & on_list).sum()), int(on_list.sum()), level),
    }  # fmt: skip
    return Finding(ClosedVerdict.OPEN if until > end else hindsight_verdict(month.expected, came), facts)


@tells
def tell_closed(dataset: str, purchases: Purchases, observation_end, *, level: float = 0.9) -> Finding:
    """What was really told when the last month was closed, beside what came.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Last day of the data.
    level : float
        Of the intervals.

    Returns
    -------
    Finding
        Of `held_against`; ``none`` where nothing has been saved; ``unusable``, with the sentence, where it cannot be
        used.
    """
    month = read_customers(dataset, observation_end)
    if month is None:
        return Finding(ClosedVerdict.NONE)
    return held_against(month, next_purchases(purchases, month.day, dataset=dataset), observation_end, level=level)
