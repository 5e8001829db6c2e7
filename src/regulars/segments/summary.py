"""What each group of customers counts, brought in and will bring."""

import numpy as np
import pandas as pd
from scipy.stats import norm


def group_summary(
    customers: pd.DataFrame,
    by: str,
    order: list[str] | None = None,
    level: float = 0.9,
    level_uncertainty: float = 0.0,
    min_cell: int = 1,
) -> pd.DataFrame:
    """Count, revenue so far and future value of each group, with their shares.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer: the column `by`, ``spend`` and, where the value stage has run, ``clv``,
        ``clv_low``, ``clv_high`` and ``value_at_risk`` (currency).
    by : str
        Column with the group: ``segment``, ``tier``, ``cluster`` ….
    order : list of str, optional
        Groups in the order in which they are shown; those without customers are left out. Alphabetical without it.
    level : float
        Confidence level of ``clv_low`` and ``clv_high``, of the customers and of the sums.
    level_uncertainty : float
        Standard deviation of the level of any total, as a share, that no model sees.
    min_cell : int
        Groups with fewer customers are left out, and so is what would give them away: shares are of all customers.

    Returns
    -------
    pandas.DataFrame
        One row per group: the column `by`, ``customers``, ``customers_share``, ``spend``, ``spend_share``,
        ``spend_per_customer`` and, where known, ``clv``, ``clv_low``, ``clv_high``, ``clv_share``,
        ``clv_per_customer``, ``value_at_risk``. The shares over all groups sum to 1.

    Notes
    -----
    The interval of a sum takes the customers' own uncertainties as independent and the level as shared: its
    variance is Σ((high − low) / 2z)² + (`level_uncertainty` · Σ clv)².

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "small", "small"], "spend": [60.0, 30.0, 10.0]})
    >>> group_summary(customers, "tier", order=["vip", "small"])[["tier", "customers", "spend_share"]].values.tolist()
    [['vip', 1, 0.6], ['small', 2, 0.4]]
    """
    grouped = customers.groupby(customers[by].astype(object), sort=True)
    table = pd.DataFrame({"customers": grouped.size(), "spend": grouped["spend"].sum()})
    table["customers_share"] = table["customers"] / len(customers)
    table["spend_share"] = _shares(table["spend"])
    table["spend_per_customer"] = table["spend"] / table["customers"]
    if "clv" in customers:
        table["clv"] = grouped["clv"].sum()
        spread = _spread(customers, by, level, level_uncertainty)
        table["clv_low"], table["clv_high"] = table["clv"] - spread, table["clv"] + spread
        table["clv_share"] = _shares(table["clv"])
        table["clv_per_customer"] = table["clv"] / table["customers"]
    if "value_at_risk" in customers:
        table["value_at_risk"] = grouped["value_at_risk"].sum()
    table = table[table["customers"] >= min_cell]
    if order is not None:
        table = table.reindex([name for name in order if name in table.index])
    return table.rename_axis(by).reset_index().astype({by: "string"})


def _shares(sums: pd.Series) -> pd.Series:
    total = sums.sum()
    return sums / total if total else sums * np.nan


def _spread(customers: pd.DataFrame, by: str, level: float, level_uncertainty: float) -> pd.Series:
    z = norm.ppf((1 + level) / 2)
    groups = customers[by].astype(object)
    total = customers.groupby(groups)["clv"].sum()
    if "clv_low" not in customers:
        return total * np.nan
    own = (((customers["clv_high"] - customers["clv_low"]) / (2 * z)) ** 2).groupby(groups).sum()
    return z * np.sqrt(own + (level_uncertainty * total) ** 2)


def cross_table(customers: pd.DataFrame, rows: str, columns: str, row_order: list, column_order: list) -> pd.DataFrame:
    """How many customers of each group stand in each group of another kind.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer with both columns.
    rows, columns : str
        Names of the columns.
    row_order, column_order : list
        Groups in the order in which they are shown; those of `rows` without customers are left out.

    Returns
    -------
    pandas.DataFrame
        Customers (int), one row per group of `rows`, one column per group of `columns`; absent pairs are 0, and the
        sum of all cells is the number of customers.

    Examples
    --------
    >>> customers = pd.DataFrame({"tier": ["vip", "small", "small"], "segment": ["loyal", "loyal", "lost"]})
    >>> cross_table(customers, "segment", "tier", ["loyal", "lost"], ["vip", "small"]).values.tolist()
    [['loyal', 1, 1], ['lost', 0, 1]]
    """
    table = pd.crosstab(customers[rows].astype(object), customers[columns].astype(object))
    table = table.reindex(index=[r for r in row_order if r in table.index], columns=column_order, fill_value=0)
    return table.rename_axis(columns=None).rename_axis(rows).reset_index().astype({rows: "string"})
