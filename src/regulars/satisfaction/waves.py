"""Did it change? One wave against another, beyond noise."""

import pandas as pd

from regulars.intervals import Estimate, change, difference
from regulars.labels import Change


def wave_changes(by_wave: pd.DataFrame) -> pd.DataFrame:
    """Change of a measure from each wave to the next, and whether it is more than noise.

    Parameters
    ----------
    by_wave : pandas.DataFrame
        As `regulars.satisfaction.by_group` gives it, waves in their order: ``group``, ``n``, ``value``, ``low``,
        ``high``, ``enough``.

    Returns
    -------
    pandas.DataFrame
        The same with ``difference``, ``difference_low``, ``difference_high`` against the wave before, and
        ``change`` (a `regulars.labels.Change`). Missing in the first wave and where either has too few answers.

    Notes
    -----
    The waves are taken as independent samples. Where the same customers answer again, the interval is wider than it
    need be, and "more than noise" is said too seldom rather than too often.

    Examples
    --------
    >>> waves = pd.DataFrame({"group": ["2025", "2026"], "n": [400, 400], "value": [0.5, 0.7], "low": [0.46, 0.66],
    ...                       "high": [0.54, 0.74], "enough": True})
    >>> wave_changes(waves)["change"].tolist()
    [<NA>, 'up']
    """
    found = [_change(by_wave, place) for place in range(len(by_wave))]
    columns = ["difference", "difference_low", "difference_high", "change"]
    added = pd.DataFrame(found, columns=columns, index=by_wave.index)
    kinds = dict.fromkeys(columns[:3], "float64") | {"change": "string"}
    return by_wave.join(added.astype(kinds))


def wave_finding(by_wave: pd.DataFrame) -> Change:
    """Whether the latest wave differs from the one before; unknown where there are not two with enough answers.

    Examples
    --------
    >>> waves = pd.DataFrame({"group": ["2025", "2026"], "n": [40, 40], "value": [0.5, 0.55], "low": [0.4, 0.45],
    ...                       "high": [0.6, 0.65], "enough": True})
    >>> wave_finding(waves)
    <Change.UNCLEAR: 'unclear'>
    """
    last = wave_changes(by_wave)["change"].iloc[-1] if len(by_wave) > 1 else None
    return Change.UNKNOWN if last is None or pd.isna(last) else Change(last)


def _change(by_wave: pd.DataFrame, place: int) -> tuple:
    none = (float("nan"), float("nan"), float("nan"), None)
    if place == 0 or not by_wave["enough"].iloc[[place - 1, place]].all():
        return none
    after, before = (
        Estimate(row["value"], row["low"], row["high"], row["n"])
        for row in (by_wave.iloc[place], by_wave.iloc[place - 1])
    )
    gap = difference(after, before)
    return gap.value, gap.low, gap.high, change(after, before).value
