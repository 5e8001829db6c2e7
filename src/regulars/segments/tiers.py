"""The customer pyramid: a few customers at the top, most at the base, by expected value."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from regulars.finding import may_refuse
from regulars.labels import Tier

SHARES = (0.01, 0.04, 0.15, 0.80)


@may_refuse
def assign_tiers(
    values: pd.Series, shares: Sequence[float] = SHARES, tie_breaker: pd.Series | None = None
) -> pd.Series:
    """Step of the pyramid on which each customer stands.

    Customers are ordered by value, the highest first. The steps end at the customer counts nearest to the
    cumulated shares (halves upwards), so that the steps add up to all customers. Equal values are ordered by the
    tie breaker, then by index, so that the same customers always give the same steps.

    Parameters
    ----------
    values : pandas.Series
        One value per customer, in currency: expected (``clv``) or past (``spend``).
    shares : sequence of float
        Share of the customers on each step from the top; one per `regulars.labels.Tier`, summing to 1.
    tie_breaker : pandas.Series, optional
        On the same index; the higher stands above.

    Returns
    -------
    pandas.Series
        Values of `regulars.labels.Tier`, named ``tier``, on the same index.

    Raises
    ------
    ValueError
        Where a value is missing, or the shares are not four that sum to 1.

    References
    ----------
    Curry, J. and Curry, A. (2000), The Customer Marketing Method (pyramid of 1, 4, 15 and 80 %).

    Examples
    --------
    >>> assign_tiers(pd.Series(range(2125))).value_counts().to_dict()
    {'small': 1700, 'medium': 319, 'large': 85, 'vip': 21}
    """
    steps = list(Tier)
    if len(shares) != len(steps) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares are {len(steps)} numbers that sum to 1, from the top; these are {list(shares)}")
    if values.isna().any():
        raise ValueError(f"row {values.index[values.isna()][0]}: a customer without a value has no step")
    by_index = np.arange(len(values)) if values.index.is_monotonic_increasing else values.index.argsort(kind="stable")
    keys = [-values.to_numpy(float)[by_index]]
    if tie_breaker is not None:
        keys.insert(0, -tie_breaker.reindex(values.index).to_numpy(float)[by_index])
    order = by_index[np.lexsort(keys)]
    # the small shift keeps 0.05 · n from falling below its half through binary fractions
    ends = np.floor(np.cumsum(shares) * len(values) + 0.5 + 1e-9).astype(int)
    place = np.searchsorted(ends, np.arange(len(values)), side="right").clip(max=len(steps) - 1)
    step = np.empty(len(values), dtype=np.int64)
    step[order] = place
    labels = pd.array([step.value for step in steps], dtype="string").take(step)
    return pd.Series(labels, index=values.index, name="tier")


def tier_thresholds(values: pd.Series, tiers: pd.Series) -> pd.DataFrame:
    """Counts, thresholds and totals of the steps of a pyramid.

    Parameters
    ----------
    values : pandas.Series
        What the steps were made by, in currency.
    tiers : pandas.Series
        As `assign_tiers` gives them.

    Returns
    -------
    pandas.DataFrame
        One row per step from the top: ``tier``, ``customers``, ``customers_share``, ``threshold`` (the lowest value
        on the step), ``value`` (sum), ``value_share``. A step without customers has no threshold.

    Examples
    --------
    >>> values = pd.Series([100.0, 10.0, 5.0, 4.0, 1.0])
    >>> tier_thresholds(values, assign_tiers(values))[["tier", "customers", "threshold", "value"]].to_numpy().tolist()
    [['vip', 0, nan, 0.0], ['large', 0, nan, 0.0], ['medium', 1, 100.0, 100.0], ['small', 4, 1.0, 20.0]]
    """
    grouped = values.groupby(tiers.to_numpy(dtype=object))
    table = pd.DataFrame({"customers": grouped.size(), "threshold": grouped.min(), "value": grouped.sum()})
    table = table.reindex([tier.value for tier in Tier])
    table = table.fillna({"customers": 0, "value": 0.0}).astype({"customers": int})
    table["customers_share"] = table["customers"] / max(len(values), 1)
    table["value_share"] = table["value"] / values.sum() if values.sum() else np.nan
    table = table.rename_axis("tier").reset_index().astype({"tier": "string"})
    return table[["tier", "customers", "customers_share", "threshold", "value", "value_share"]]
