"""What each group of customers counts, brought in and will bring."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from regulars.labels import Segment
from regulars.settings import Certainty
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, z_value

ALONE = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)  # of customers alone, whatever moves them all


def group_summary(
    customers: pd.DataFrame,
    by: str,
    order: Sequence[str] | None = None,
    *,
    certainty: Certainty = ALONE,
    min_cell: int = 1,
    observation_end=None,
) -> pd.DataFrame:
    """Count, revenue so far and future value of each group, with their shares.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer: the column `by`, ``spend`` and, where they can be told, ``clv``,
        ``clv_low``, ``clv_high`` and ``value_at_risk`` (currency).
    by : str
        Column with the group: ``segment``, ``tier``, ``cluster`` ….
    order : sequence of str, optional
        Groups in the order in which they are shown; those without customers are left out. Alphabetical without it.
    certainty : Certainty
        Level of ``clv_low`` and ``clv_high``, of the customers and of the sums, and the standard deviation of the level
        of any total that no model sees. Nine in ten, and none, where it is not given.
    min_cell : int
        Groups with fewer customers are left out; shares are of all customers.
    observation_end : date, optional
        Adds ``days_since_order``, the median days since the last order, from ``last_ordered_at``.

    Returns
    -------
    pandas.DataFrame
        One row per group: the column `by`, ``customers``, ``customers_share``, ``spend``, ``spend_share``,
        ``spend_per_customer`` and, where known, ``clv``, ``clv_low``, ``clv_high``, ``clv_share``,
        ``clv_per_customer``, ``value_at_risk``, ``days_since_order``. The shares over all groups sum to 1; those of
        money have an interval (`share_of`): ``spend_share_low``, ``spend_share_high`` …

    Notes
    -----
    The interval of a sum takes the customers' own uncertainties as independent and the level as shared: its
    variance is Σ((high − low) / 2z)² + (level uncertainty · Σ clv)². Of a sum above zero it is that
    of its logarithm, relative to the sum.

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "small", "small"], "spend": [60.0, 30.0, 10.0]})
    >>> group_summary(customers, "tier", order=["vip", "small"])[["tier", "customers", "spend_share"]].values.tolist()
    [['vip', 1, 0.6], ['small', 2, 0.4]]
    """
    groups = _groups(customers[by])
    grouped = customers.groupby(groups, observed=True, sort=True)
    table = pd.DataFrame({"customers": grouped.size(), "spend": grouped["spend"].sum()})
    table["customers_share"] = table["customers"] / len(customers)
    table = table.join(_shares(customers["spend"], groups, certainty.level))
    table["spend_per_customer"] = table["spend"] / table["customers"]
    if "clv" in customers and customers["clv"].notna().any():
        table["clv"] = grouped["clv"].sum()
        table["clv_low"], table["clv_high"] = _ends(table["clv"], _spread(customers, groups, certainty))
        table = table.join(_shares(customers["clv"], groups, certainty.level))
        table["clv_per_customer"] = table["clv"] / table["customers"]
    if "value_at_risk" in customers and customers["value_at_risk"].notna().any():
        table["value_at_risk"] = grouped["value_at_risk"].sum()
    if observation_end is not None:
        end = pd.Timestamp(observation_end).normalize()
        silence = (end - customers["last_ordered_at"].dt.normalize()).dt.days
        table["days_since_order"] = silence.groupby(groups, observed=True).median()
    table = large_enough(table, "customers", min_cell)
    table.index = table.index.astype(object)
    if order is not None:
        table = table.reindex([name for name in order if name in table.index])
    return table.rename_axis(by).reset_index().astype({by: "string"})


def largest_first(table: pd.DataFrame) -> pd.DataFrame:
    """Groups by what they should bring or, where that is not known, by what they brought.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `group_summary`.

    Returns
    -------
    pandas.DataFrame
        The same rows, the largest first.

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "small"], "spend": [10.0, 60.0]})
    >>> largest_first(group_summary(customers, "tier", ["vip", "small"]))["tier"].tolist()
    ['small', 'vip']
    """
    return table.sort_values("clv" if "clv" in table else "spend", ascending=False)


def share_of(values: pd.Series, mask: pd.Series, level: float = 0.9) -> Estimate:
    """Share of a total that some customers hold, as it would vary had other customers of the same kind come.

    Parameters
    ----------
    values : pandas.Series
        One per customer, in currency.
    mask : pandas.Series of bool
        Which customers, on the same index.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        Between 0 and 1; n is the number of those customers. NaN where the total is zero.

    Notes
    -----
    The share is a ratio of two sums over customers; its variance is Σ (c (g − s))² / (Σ c)², with c the value of a
    customer, g whether the customer is counted and s the share (linearised ratio). What moves all alike cancels.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., sec. 6.3.

    Examples
    --------
    >>> result = share_of(pd.Series([30.0, 10.0, 10.0]), pd.Series([True, False, False]))
    >>> round(result.value, 2), round(result.low, 2), round(result.high, 2), result.n
    (0.6, 0.12, 1.0, 1)
    """
    table = _shares(values, mask.astype(bool), level)
    n = int(mask.sum())
    if True not in table.index:
        return Estimate(0.0 if values.sum() else float("nan"), n=0)
    return Estimate.of(table.loc[True], n)


def _groups(labels: pd.Series) -> pd.Series:
    """Labels as categories: text is compared once, and not again for every sum."""
    return labels.astype(object).astype("category")


def _shares(values: pd.Series, groups: pd.Series, level: float) -> pd.DataFrame:
    """Share of each group of a sum over customers, with its interval."""
    column, values = values.name, values.astype(float)
    sums, squares = (each.groupby(groups, observed=True).sum() for each in (values, values**2))
    total = values.sum()
    share = sums / total if total else sums * np.nan
    variance = (1 - 2 * share) * squares + share**2 * squares.sum()
    reach = z_value(level) * np.sqrt(variance.clip(lower=0)) / abs(total) if total else sums * np.nan
    return pd.DataFrame(
        {
            f"{column}_share": share,
            f"{column}_share_low": (share - reach).clip(lower=0),
            f"{column}_share_high": (share + reach).clip(upper=1),
        }
    )


def _spread(customers: pd.DataFrame, groups: pd.Series, certainty: Certainty) -> pd.Series:
    z = z_value(certainty.level)
    total = customers["clv"].groupby(groups, observed=True).sum()
    if "clv_low" not in customers:
        return total * np.nan
    own = (((customers["clv_high"] - customers["clv_low"]) / (2 * z)) ** 2).groupby(groups, observed=True).sum()
    return z * np.sqrt(own + (certainty.level_uncertainty * total) ** 2)


def _ends(total: pd.Series, spread: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Of a sum above zero by its logarithm, as the total of all has it (`regulars.clv.uncertainty.spread_interval`)."""
    reach = np.exp(spread / total.where(total > 0))
    low, high = (total / reach).fillna(total - spread), (total * reach).fillna(total + spread)
    return low, high


def score_grid(customers: pd.DataFrame, scores: pd.DataFrame, min_cell: int = 1) -> pd.DataFrame:
    """What a customer of each pair of scores has brought and should bring: the map that segments are cut out of.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``spend``, ``clv`` and ``segment``, one row per customer.
    scores : pandas.DataFrame
        ``r_score``, ``fm_score``, on the same index.
    min_cell : int
        Cells with fewer customers are left out.

    Returns
    -------
    pandas.DataFrame
        One row per pair, the most recent first: ``r_score``, ``fm_score``, ``segment``, ``customers``,
        ``spend_per_customer``, ``clv_per_customer`` (currency).

    Examples
    --------
    >>> customers = pd.DataFrame({"spend": [8.0, 4.0], "clv": [2.0, 1.0], "segment": ["new", "new"]})
    >>> scores = pd.DataFrame({"r_score": [5, 5], "fm_score": [1, 1]})
    >>> score_grid(customers, scores).to_numpy().tolist()
    [[5, 1, 'new', 2, 6.0, 1.5]]
    """
    keys = ["r_score", "fm_score"]
    cells = customers[["spend", "clv", "segment"]].join(scores[keys]).groupby(keys)
    grid = cells.agg(
        segment=("segment", "first"),
        customers=("clv", "size"),
        spend_per_customer=("spend", "mean"),
        clv_per_customer=("clv", "mean"),
    ).reset_index()
    grid = large_enough(grid, "customers", min_cell, *keys)
    return grid.sort_values(keys, ascending=[False, True], ignore_index=True)


def cross_table(
    customers: pd.DataFrame, rows: str, columns: str, *, row_order: Sequence[str], column_order: Sequence[str]
) -> pd.DataFrame:
    """How many customers of each group stand in each group of another kind.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer with both columns.
    rows : str
        Column whose groups become the rows.
    columns : str
        Column whose groups become the columns.
    row_order : sequence of str
        Groups of `rows` in the order shown; those without customers are left out.
    column_order : sequence of str
        Groups of `columns` in the order shown, all of them.

    Returns
    -------
    pandas.DataFrame
        Customers (int), one row per group of `rows`, one column per group of `columns`; absent pairs are 0, and the
        sum of all cells is the number of customers.

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "small", "small"], "segment": ["loyal", "loyal", "lost"]})
    >>> table = cross_table(
    ...     customers, "segment", "tier", row_order=["loyal", "lost"], column_order=["vip", "small"])
    >>> table.values.tolist()
    [['loyal', 1, 1], ['lost', 0, 1]]
    """
    table = pd.crosstab(customers[rows].astype(object), customers[columns].astype(object))
    table = table.reindex(index=[r for r in row_order if r in table.index], columns=list(column_order), fill_value=0)
    return table.rename_axis(columns=None).rename_axis(rows).reset_index().astype({rows: "string"})


def advice(named: pd.DataFrame) -> pd.DataFrame:
    """Segments with both names and what to do for each.

    Parameters
    ----------
    named : pandas.DataFrame
        ``segment``, ``customers``.

    Returns
    -------
    pandas.DataFrame
        ``segment``, ``chinese`` (its Chinese name), ``customers``, ``advice`` (the segment again, worded as
        ``label.segment_advice``).

    Examples
    --------
    >>> advice(pd.DataFrame({"segment": ["lost"], "customers": [3]})).values.tolist()
    [['lost', '已流失的顾客', 3, 'lost']]
    """
    chinese = [Segment(name).chinese for name in named["segment"]]
    return pd.DataFrame(
        {"segment": named["segment"], "chinese": chinese, "customers": named["customers"], "advice": named["segment"]}
    ).reset_index(drop=True)
