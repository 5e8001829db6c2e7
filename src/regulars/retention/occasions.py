"""Purchase occasions, the one set of facts under every figure on retention, and who is kept from period to period."""

from typing import NamedTuple

import pandas as pd

from regulars.intervals import Estimate, change, share
from regulars.labels import Change
from regulars.rfm import purchase_log


def purchase_occasions(orders: pd.DataFrame, *, zero_spend_is_purchase: bool = False) -> pd.DataFrame:
    """Days on which customers bought, numbered: what cohorts, survival and states all count, as frequency does.

    Parameters
    ----------
    orders : pandas.DataFrame
        ``customer_id``, ``ordered_at``, ``amount``, one row per order.
    zero_spend_is_purchase : bool
        Whether a day with a net spend of exactly zero counts; the value stage's setting.

    Returns
    -------
    pandas.DataFrame
        One row per customer and purchase day, sorted: ``customer_id``, ``day`` (date), ``amount`` (net spend of the
        day, currency), ``occasion`` (0 for the customer's first), ``first_day``.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "a", "b"],
    ...     "ordered_at": pd.to_datetime(["2026-01-05", "2026-01-05", "2026-02-01", "2026-01-09"]),
    ...     "amount": [10.0, 5.0, 7.0, 0.0]})
    >>> purchase_occasions(orders)[["customer_id", "amount", "occasion"]].to_numpy().tolist()
    [['a', 15.0, 0], ['a', 7.0, 1]]
    """
    days = purchase_log(orders, zero_spend_is_purchase=zero_spend_is_purchase)
    per_customer = days.groupby("customer_id", sort=False)
    return days.assign(occasion=per_customer.cumcount(), first_day=per_customer["day"].transform("min"))


class Kept(NamedTuple):
    """Share of customers kept from one window to the next, beside the same share one window earlier."""

    now: Estimate
    before: Estimate
    change: Change

    @property
    def mark(self) -> str | None:
        """Whether the change is good or bad; None where there is none beyond noise."""
        return {Change.UP: "good", Change.DOWN: "bad"}.get(self.change)


def kept_change(occasions: pd.DataFrame, end, days: int, level: float = 0.9) -> Kept:
    """Whether customers are kept better or worse than one window ago, beyond noise; parameters as `kept_share`.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a", "a", "b"],
    ...                      "day": pd.to_datetime(["2026-01-01", "2026-02-10", "2026-01-20"])})
    >>> kept_change(days, "2026-03-01", 30).change
    <Change.UNKNOWN: 'unknown'>
    """
    now = kept_share(occasions, end, days, level)
    before = kept_share(occasions, pd.Timestamp(end) - pd.Timedelta(days=days), days, level)
    return Kept(now, before, change(now, before))


def kept_share(occasions: pd.DataFrame, end, days: int, level: float = 0.9) -> Estimate:
    """Share of the customers who bought in one window that bought in the next one, too.

    Parameters
    ----------
    occasions : pandas.DataFrame
        As `purchase_occasions` gives them.
    end : date
        Last day of the second window.
    days : int
        Length of both windows.
    level : float
        Of Wilson's interval.

    Returns
    -------
    Estimate
        Share between 0 and 1; n is the number who bought in the first window. NaN where the data start after it does.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a", "a", "b"],
    ...                      "day": pd.to_datetime(["2026-01-01", "2026-02-10", "2026-01-20"])})
    >>> kept = kept_share(days, "2026-03-01", 30)
    >>> kept.value, kept.n
    (0.5, 2)
    """
    end = pd.Timestamp(end).normalize()
    length = pd.Timedelta(days=days)
    middle, start = end - length, end - 2 * length
    if occasions.empty or occasions["day"].min() > start + pd.Timedelta(days=1):
        return Estimate(float("nan"))
    before = occasions.loc[occasions["day"].gt(start) & occasions["day"].le(middle), "customer_id"].unique()
    after = occasions.loc[occasions["day"].gt(middle) & occasions["day"].le(end), "customer_id"].unique()
    return share(int(pd.Index(before).isin(after).sum()), len(before), level)
