"""Rates held against each other fairly: standardised to one mix, claimed only beyond the noise of all comparisons."""

import numpy as np
import pandas as pd

from regulars.labels import Change
from regulars.statistics.intervals import Estimate, against, difference, share, wilson
from regulars.statistics.slope import clustered

FALSE_PAGES = 0.05  # share of pages on which any claim of a difference may be chance
# families of claims on the page: channels, moods, transfers, further contacts (satisfaction, coming back), frequency,
# agents, departments, best channels, own calls
FAMILIES = 10
FEW = 30  # contacts of a group; fewer, and it is not compared
FEW_OF_CELL = 5  # contacts of one purpose by one channel


def claim_level(comparisons: int) -> float:
    """Level at which one of so many differences is claimed, so that few pages without any claim one.

    Examples
    --------
    >>> round(claim_level(1), 5)
    0.995
    """
    return 1 - FALSE_PAGES / FAMILIES / max(comparisons, 1)


def solved(contacts: pd.DataFrame) -> pd.DataFrame:
    """Customers' contacts of which it is known whether they were solved: ``resolved`` as a bool.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Clean table ``contacts``.

    Returns
    -------
    pandas.DataFrame
        Empty where the firm does not record it.
    """
    if "resolved" not in contacts:
        return contacts.iloc[:0].assign(resolved=pd.Series(dtype=bool))
    seen = contacts[(contacts["initiator"] == "customer") & contacts["resolved"].notna()]
    return seen.assign(resolved=seen["resolved"].astype(bool))


def standardised(frame: pd.DataFrame, group: str, stratum: str, *, level: float = 0.9) -> pd.DataFrame:
    """Share solved by group, as it is and as it would be if every group had the same mix of strata.

    The mix is that of all contacts. Strata of which a group has hardly any contact are left out for all, and how much
    of the mix is covered is told. The interval puts Wilson's intervals of the strata together (Zou and Donner 2008).

    Parameters
    ----------
    frame : pandas.DataFrame
        ``resolved`` (bool), the columns `group` and `stratum`.
    group, stratum : str
        What is compared, and what may not be mistaken for it.
    level : float

    Returns
    -------
    pandas.DataFrame
        Groups with at least 30 contacts: `group`, ``n``, ``raw`` with limits, ``share`` (standardised) with limits,
        ``covered`` (share of all contacts whose stratum counts).

    Examples
    --------
    >>> purpose = ["x"] * 80 + ["y"] * 20 + ["x"] * 20 + ["y"] * 80
    >>> log = pd.DataFrame({"channel": ["a"] * 100 + ["b"] * 100, "purpose": purpose,
    ...                     "resolved": [True] * 60 + [False] * 20 + [True] * 4 + [False] * 16
    ...                     + [True] * 17 + [False] * 3 + [True] * 24 + [False] * 56})
    >>> standardised(log, "channel", "purpose")[["raw", "share"]].round(3).to_numpy().tolist()
    [[0.64, 0.475], [0.41, 0.575]]
    """
    return _standardised(_cells(frame, group, stratum), group, level)


def _cells(frame: pd.DataFrame, group: str, stratum: str) -> pd.DataFrame:
    """Contacts by group and stratum: ``size``, ``sum`` (solved); groups with few contacts are left out."""
    other = frame[stratum].astype(object).fillna("other")
    seen = pd.DataFrame({"group": frame[group].astype(object), "stratum": other, "solved": frame["resolved"]})
    cells = seen.dropna(subset=["group"]).groupby(["group", "stratum"])["solved"].agg(["size", "sum"]).reset_index()
    cells = cells.assign(
        size=cells["size"].astype(float), sum=cells["sum"].astype(float), group=cells["group"].astype(str)
    )
    return cells[cells.groupby("group")["size"].transform("sum") >= FEW]


def _standardised(cells: pd.DataFrame, group: str, level: float) -> pd.DataFrame:
    columns = [group, "n", "raw", "raw_low", "raw_high", "share", "share_low", "share_high", "covered"]
    if cells.empty:
        return pd.DataFrame(columns=columns)
    wide = cells.groupby(["group", "stratum"])[["size", "sum"]].sum()
    names = sorted(cells["group"].unique())
    size, good = (wide[name].unstack(fill_value=0.0).reindex(names).to_numpy() for name in ("size", "sum"))
    common = (size >= FEW_OF_CELL).all(axis=0)
    weight = size.sum(axis=0) * common
    covered = weight.sum() / size.sum()
    rows = []
    for place, name in enumerate(names):
        raw = share(int(good[place].sum()), int(size[place].sum()), level)
        told = _weighted(good[place][common], size[place][common], weight[common], level) if common.any() else raw
        rows.append((name, raw.n, raw.value, raw.low, raw.high, told.value, told.low, told.high, covered))
    return pd.DataFrame(rows, columns=columns).astype({group: "string"})


def _weighted(good, size, weight, level: float) -> Estimate:
    part = weight / weight.sum()
    rate = good / size
    low, high = (np.atleast_1d(end) for end in wilson(good, size, level))
    value = float((part * rate).sum())
    return Estimate(
        value,
        value - float(np.sqrt((part**2 * (rate - low) ** 2).sum())),
        value + float(np.sqrt((part**2 * (high - rate) ** 2).sum())),
        int(size.sum()),
    )


def differences(frame: pd.DataFrame, group: str, stratum: str, *, level: float = 0.9) -> pd.DataFrame:
    """Each group against all others together, at one mix of strata, and whether that is more than noise.

    Parameters
    ----------
    frame, group, stratum, level
        As for `standardised`.

    Returns
    -------
    pandas.DataFrame
        Those of `standardised`, and ``difference`` with limits (points of the share), ``raw_difference``, ``change``
        (`regulars.labels.Change`: beyond noise once all comparisons of the page are allowed for).
    """
    cells = _cells(frame, group, stratum)
    table = _standardised(cells, group, level)
    if len(table) < 2:
        return table.assign(difference=np.nan, difference_low=np.nan, difference_high=np.nan, raw_difference=np.nan,
                            change=Change.UNKNOWN.value)  # fmt: skip
    strict = claim_level(len(table))
    rows = []
    for name in table[group]:
        two = cells.assign(group=np.where(cells["group"] == name, "this", "others"))
        shown, sure = (_against_others(two, at) for at in (level, strict))
        raw = two.groupby("group")[["size", "sum"]].sum()
        raw = raw["sum"] / raw["size"]
        rows.append((shown.value, shown.low, shown.high, raw["this"] - raw["others"], against(sure).value))
    made = pd.DataFrame(
        rows, columns=["difference", "difference_low", "difference_high", "raw_difference", "change"]
    ).astype({"change": "string"})
    return pd.concat([table, made], axis=1)


def _against_others(two: pd.DataFrame, level: float) -> Estimate:
    both = _standardised(two, "group", level).set_index("group")
    ends = [
        Estimate(float(row["share"]), float(row["share_low"]), float(row["share_high"]), int(row["n"]))
        for row in (both.loc["this"], both.loc["others"])
    ]
    return difference(*ends)


def mean_of(values, level: float = 0.9) -> Estimate:
    """Mean with a t interval.

    Examples
    --------
    >>> told = mean_of([1.0, 2.0, 3.0])
    >>> told.value, round(told.low, 3)
    (2.0, 0.314)
    """
    from scipy.stats import t

    values = np.asarray(pd.Series(values).dropna(), float)
    n = values.size
    if n < 2:
        return Estimate(float(values.mean()) if n else float("nan"), n=n)
    half = t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
    return Estimate(float(values.mean()), float(values.mean() - half), float(values.mean() + half), n)


def slope(x, y, *, groups=None, level: float = 0.9) -> Estimate:
    """Change of `y` per unit of `x` (least squares), its interval from clusters, or from rows where there are none.

    Parameters
    ----------
    x, y : array of float
    groups : array, optional
        Rows that belong together.
    level : float

    Returns
    -------
    Estimate
        NaN where `x` does not vary.

    Examples
    --------
    >>> slope([1, 2, 3, 4], [2, 4, 6, 8]).value
    2.0
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    n, centred = x.size, x - x.mean() if x.size else x
    if n < 3 or not (centred**2).sum() > 0:
        return Estimate(float("nan"), n=n)
    who = None if groups is None else np.asarray(groups, dtype=object)[known]
    return clustered(np.stack([np.ones(n), centred], axis=1), y, who, level)[1]
