"""Groups of customers beside each other: which differ from all others by more than noise."""

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit
from scipy.stats import false_discovery_control

from regulars.errors import UserError
from regulars.labels import Change


def compare_means(values: pd.Series, groups: pd.Series, *, level: float = 0.9, least: int = 5) -> pd.DataFrame:
    """Mean of each group, and how far it lies from that of everybody else.

    Parameters
    ----------
    values : pandas.Series
        One per customer: money, a count, or true and false; missing ones are left out.
    groups : pandas.Series
        The group of each, on the same index; customers without one are left out.
    level : float
        Of the intervals.
    least : int
        Members below which a group is not told, nor taken for one of the others' groups.

    Returns
    -------
    pandas.DataFrame
        One row per group, the largest first: ``group``, ``n``, ``mean`` with ``mean_low`` and ``mean_high``;
        ``difference`` from the mean of all others with its ends (Welch); ``p_adjusted`` over all groups
        (Benjamini–Hochberg); ``verdict`` (`regulars.labels.Change`), which follows from that: at most one in ten of the
        differences told (at a level of 0.9) is none.

    Raises
    ------
    UserError
        Where fewer than two groups are large enough, or the values are no numbers.

    References
    ----------
    Welch, B. L. (1947), Biometrika 34, 28-35. Benjamini, Y. and Hochberg, Y. (1995), J. Royal Statistical Society B 57,
    289-300.

    Examples
    --------
    >>> told = compare_means(pd.Series([1.0, 2, 3, 4, 5, 11, 12, 13, 14, 15]), pd.Series(["a"] * 5 + ["b"] * 5))
    >>> told[["group", "n", "mean", "difference", "verdict"]].values.tolist()
    [['a', 5, 3.0, -10.0, 'down'], ['b', 5, 13.0, 10.0, 'up']]
    """
    known = values.notna() & groups.notna()
    try:
        y, of = values[known].astype(float), groups[known].astype(str)
    except (TypeError, ValueError):
        raise UserError(
            f"'{values.name}' is no number, of which there is no mean: name money, a count or a share."
        ) from None
    sizes = of.value_counts()
    large = sizes[sizes >= least].index
    if len(large) < 2:
        raise UserError(f"Fewer than two groups have {least} customers or more: there is nothing to compare.")
    here = of.isin(large)
    y, of = y[here], of[here]
    told = y.groupby(of).agg(["size", "mean", "var"])
    told = told.loc[sorted(told.index, key=lambda name: (-told.loc[name, "size"], name))]
    n, mean = told["size"].to_numpy(float), told["mean"].to_numpy()
    total, squares = y.sum(), float((y**2).sum())
    # of all others: from the sums, so that no group is gone through twice
    m = n.sum() - n
    rest = (total - n * mean) / m
    within = told["var"].to_numpy() * (n - 1) + n * mean**2
    spread = np.maximum((squares - within - m * rest**2) / (m - 1), 0.0)
    own, other = told["var"].to_numpy() / n, spread / m
    error = np.sqrt(own + other)
    with np.errstate(divide="ignore", invalid="ignore"):
        free = (own + other) ** 2 / (own**2 / (n - 1) + other**2 / (m - 1))
        p = np.where(error > 0, 2 * stdtr(free, -np.abs(mean - rest) / error), np.where(mean == rest, 1.0, 0.0))
    adjusted = false_discovery_control(np.nan_to_num(p, nan=1.0))
    reach, alone = stdtrit(free, (1 + level) / 2) * error, stdtrit(n - 1, (1 + level) / 2) * np.sqrt(own)
    gap = mean - rest
    moved = [Change.UP if d > 0 else Change.DOWN for d in gap]
    return pd.DataFrame(
        {
            "group": told.index.to_numpy(),
            "n": told["size"].to_numpy(),
            "mean": mean,
            "mean_low": mean - alone,
            "mean_high": mean + alone,
            "difference": gap,
            "difference_low": gap - reach,
            "difference_high": gap + reach,
            "p_adjusted": adjusted,
            "verdict": [one if q <= 1 - level else Change.UNCLEAR for one, q in zip(moved, adjusted, strict=True)],
        }
    )
