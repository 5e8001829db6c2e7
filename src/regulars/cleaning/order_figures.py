"""The orders in figures: their range, day by day, gaps in time, and whether there is enough to conclude from.

Rows are counted and summed where they lie, by the engine; what comes here has a row per day.
"""

from datetime import date
from enum import StrEnum

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from regulars.settings import CleanSettings

GAP_ORDERS = 20.0  # orders that one would have expected in a stretch without any, for it to be called a gap
EDGE_DAYS = 56  # on either side of a stretch, whose orders say how many it should have had
WEEK = 7


class Sufficiency(StrEnum):
    """What there has to be enough of."""

    CUSTOMERS = "customers"
    DAYS = "days"
    RECENT = "recent"
    REPEATERS = "repeaters"


def figures(orders: ir.Table) -> pd.DataFrame:
    """The range of an order log, in one row.

    Parameters
    ----------
    orders : ibis Table
        customer_id, ordered_at, amount.

    Returns
    -------
    pandas.DataFrame
        orders, customers (who have bought: not those who only returned, or whose days come to nothing), first, last
        (day), least, median, mean, most (amount of an order).

    Examples
    --------
    >>> from regulars.engine.embedded import as_table
    >>> log = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [1.0, 2.0, 6.0],
    ...                     "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-05", "2024-03-01"])})
    >>> figures(as_table(log))[["orders", "customers", "median", "mean"]].to_numpy().tolist()
    [[3.0, 2.0, 2.0, 3.0]]
    """
    amount, moment = orders.amount.cast("float64"), orders.ordered_at
    row = orders.aggregate(
        orders=orders.count(), first=moment.min(), last=moment.max(),
        least=amount.min(), median=amount.median(), mean=amount.mean(), most=amount.max(),
    ).to_pyarrow().to_pandas()  # fmt: skip
    row.insert(1, "customers", _customers(orders))
    return row.assign(first=row["first"].dt.normalize(), last=row["last"].dt.normalize())


def _customers(orders: ir.Table) -> int:
    """Customers with a day on which they bought; one of free goods is one here, as far as later stages take it so."""
    days = orders.group_by("customer_id", day=orders.ordered_at.date()).aggregate(
        net=orders.amount.sum(), least=orders.amount.min()
    )
    bought = days.filter((days.net > 0) | ((days.net == 0) & (days.least >= 0)))
    return int(bought.customer_id.nunique().to_pyarrow().as_py())


def by_day(orders: ir.Table) -> pd.DataFrame:
    """Orders and revenue of each day that has any.

    Parameters
    ----------
    orders : ibis Table
        ordered_at, amount.

    Returns
    -------
    pandas.DataFrame
        day, orders, revenue (currency); in order of time.

    Examples
    --------
    >>> from regulars.engine.embedded import as_table
    >>> log = pd.DataFrame({"amount": [1.0, 2.0], "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-01"])})
    >>> by_day(as_table(log))[["orders", "revenue"]].to_numpy().tolist()
    [[2.0, 3.0]]
    """
    dated = orders.select("amount", day=orders.ordered_at.date())
    days = dated.group_by("day").aggregate(orders=dated.count(), revenue=dated.amount.sum().cast("float64"))
    table = days.order_by("day").to_pyarrow().to_pandas(date_as_object=False)
    return table.astype({"day": "datetime64[us]"})


def daily_orders(days: pd.DataFrame, start: date, end: date) -> pd.Series:
    """Orders of each day, days without any included.

    Parameters
    ----------
    days : pandas.DataFrame
        Of `by_day`.
    start : datetime.date
        First day observed.
    end : datetime.date
        Last day observed.

    Returns
    -------
    pandas.Series of int
        By day.

    Examples
    --------
    >>> days = pd.DataFrame({"day": pd.to_datetime(["2024-01-02"]), "orders": [3]})
    >>> daily_orders(days, date(2024, 1, 1), date(2024, 1, 3)).tolist()
    [0, 3, 0]
    """
    return days.set_index("day")["orders"].reindex(pd.date_range(start, end, freq="D"), fill_value=0)


def weekly_orders(days: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """Orders and revenue of each whole week, counted back from the end.

    Parameters
    ----------
    days : pandas.DataFrame
        Of `by_day`.
    start : datetime.date
        First day observed.
    end : datetime.date
        Last day observed.

    Returns
    -------
    pandas.DataFrame
        week_end (last day of the week), orders, revenue (currency).

    Examples
    --------
    >>> days = pd.DataFrame({"day": pd.to_datetime(["2024-01-08"]), "orders": [3], "revenue": [9.0]})
    >>> weekly_orders(days, date(2024, 1, 1), date(2024, 1, 14))["orders"].tolist()
    [0, 3]
    """
    last = pd.Timestamp(end)
    weeks_back = (last - days["day"]).dt.days // WEEK
    weeks = (last - pd.Timestamp(start)).days // WEEK + 1
    whole = ((last - pd.Timestamp(start)).days + 1) // WEEK
    grouped = days.groupby(weeks_back)[["orders", "revenue"]].sum().reindex(range(weeks), fill_value=0)
    grouped = grouped.head(max(whole, 1)).iloc[::-1]
    week_end = last - pd.to_timedelta(grouped.index.to_numpy() * WEEK, unit="D")
    return pd.DataFrame(
        {"week_end": week_end, "orders": grouped["orders"].to_numpy(), "revenue": grouped["revenue"].to_numpy()}
    )


def gaps(days: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """Stretches without a single order that are too long to be chance.

    What one would have expected in a stretch is the level of the eight weeks before it or after it, whichever is lower,
    times each weekday's share, so that a shop that is closed on Sundays has no gap every week, and a long gap does not
    hide itself.

    Parameters
    ----------
    days : pandas.DataFrame
        Of `by_day`.
    start : datetime.date
        First day observed.
    end : datetime.date
        Last day observed.

    Returns
    -------
    pandas.DataFrame
        first_day, last_day, days, expected (orders); in order of time. Empty where there is no gap.

    Examples
    --------
    >>> busy = pd.date_range("2024-01-01", "2024-03-31").difference(pd.date_range("2024-02-05", "2024-02-11"))
    >>> found = gaps(pd.DataFrame({"day": busy, "orders": 10}), date(2024, 1, 1), date(2024, 3, 31))
    >>> found[["first_day", "days"]].astype(str).to_numpy().tolist()
    [['2024-02-05', '7']]
    """
    counts = daily_orders(days, start, end).astype(float)
    by_weekday = counts.groupby(counts.index.day_of_week).transform("mean") / max(counts.mean(), 1e-12)
    quiet = counts.eq(0)
    stretch = (quiet != quiet.shift()).cumsum()[quiet]
    table = pd.DataFrame({"day": stretch.index, "share": by_weekday[quiet]}).groupby(stretch.to_numpy()).agg(
        first_day=("day", "min"), last_day=("day", "max"), days=("day", "size"), share=("share", "sum")
    )  # fmt: skip
    table["expected"] = table.pop("share") * _level_beside(counts, table)
    return table[table["expected"] >= GAP_ORDERS].reset_index(drop=True)


def _level_beside(counts: pd.Series, stretches: pd.DataFrame) -> np.ndarray:
    """Orders per day beside each stretch: of the quieter side, where there are two."""
    up_to = np.concatenate([[0.0], counts.cumsum().to_numpy()])
    first = counts.index.get_indexer(stretches["first_day"])
    after = counts.index.get_indexer(stretches["last_day"]) + 1
    begin, end = np.maximum(first - EDGE_DAYS, 0), np.minimum(after + EDGE_DAYS, len(counts))
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = np.stack([(up_to[first] - up_to[begin]) / (first - begin), (up_to[end] - up_to[after]) / (end - after)])
    return np.nanmin(np.where(np.isfinite(sides), sides, np.nan), axis=0) if len(stretches) else np.array([])


def sufficiency(orders: ir.Table, start: date, end: date, settings: CleanSettings) -> pd.DataFrame:
    """Whether there is enough to conclude from: customers, days, a recent order, customers who came often.

    Parameters
    ----------
    orders : ibis Table
        customer_id, ordered_at, amount.
    start : datetime.date
        First day observed.
    end : datetime.date
        Last day observed.
    settings : CleanSettings
        Fewest customers and days observed, most days from the last order to the end, and orders from which a customer
        came often; at least one such customer is needed.

    Returns
    -------
    pandas.DataFrame
        check (`Sufficiency`), value, needed, is_met. ``recent`` has days: its value must not exceed what is needed.

    Examples
    --------
    >>> from regulars.engine.embedded import as_table
    >>> log = pd.DataFrame({"customer_id": ["a"] * 3, "amount": 1.0,
    ...                     "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-05", "2024-03-01"])})
    >>> from regulars.settings import stage_settings
    >>> sufficiency(as_table(log), date(2024, 1, 1), date(2024, 3, 10), stage_settings("clean"))["is_met"].tolist()
    [False, False, True, True]
    """
    by_customer = orders.group_by("customer_id").aggregate(
        bought=orders.count(where=orders.amount >= 0), last=orders.ordered_at.max()
    )
    found = by_customer.aggregate(
        last=by_customer.last.max(),
        often=by_customer.count(where=by_customer.bought >= settings.min_orders),
    ).to_pyarrow().to_pylist()[0]  # fmt: skip
    rows = [
        (Sufficiency.CUSTOMERS, _customers(orders), settings.min_customers),
        (Sufficiency.DAYS, (end - start).days + 1, settings.min_days),
        (Sufficiency.RECENT, (end - found["last"].date()).days, settings.max_quiet_days),
        (Sufficiency.REPEATERS, found["often"], 1),
    ]
    table = pd.DataFrame(rows, columns=["check", "value", "needed"]).astype({"check": "string"})
    at_most = table["check"] == Sufficiency.RECENT
    met = np.where(at_most, table["value"] <= table["needed"], table["value"] >= table["needed"])
    return table.assign(is_met=met)
