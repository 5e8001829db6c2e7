"""Time until one of several ends, of which the first to come rules out the others: Aalen and Johansen's estimate."""

import numpy as np
import pandas as pd

from regulars.statistics.intervals import z_value

COLUMNS = ["time", "cause", "share", "share_low", "share_high", "at_risk", "events"]


def aalen_johansen(time, cause, level: float = 0.9) -> pd.DataFrame:
    """Share that has ended in each way, by time, where some have not ended yet.

    One minus Kaplan and Meier's curve with the other ends taken for censored would tell the share in a world in which
    nobody could end otherwise: of prospects, as if none could ever be lost.

    Parameters
    ----------
    time : array of float
        Until the end, or until observation ended.
    cause : array
        What the end was; 0, None or missing where it has not come yet (censored).
    level : float
        Of the pointwise interval, on the log(−log) scale, with the variance by the delta method.

    Returns
    -------
    pandas.DataFrame
        A row for each time at which something ended and each cause: ``time``, ``cause``, ``share`` (cumulative
        incidence) with ``share_low`` and ``share_high``, ``at_risk`` just before, ``events`` of that cause.

    Raises
    ------
    ValueError
        Where a time is negative or missing.

    References
    ----------
    Aalen, O. O. and Johansen, S. (1978), Scandinavian J. Statistics 5, 141-150.
    Marubini, E. and Valsecchi, M. G. (1995), Analysing Survival Data from Clinical Trials, ch. 10.

    Examples
    --------
    >>> found = aalen_johansen([2, 3, 3, 5], [1, 2, 0, 1])
    >>> found.loc[found["cause"] == 1, ["time", "share"]].to_numpy().tolist()
    [[2.0, 0.25], [3.0, 0.25], [5.0, 0.75]]
    """
    time = np.asarray(time, dtype=float)
    if not np.isfinite(time).all() or (time < 0).any():
        raise ValueError("times are numbers from 0 on, none missing")
    ends = pd.Series(np.asarray(cause, dtype=object))
    happened = ~(ends.isna() | ends.isin([0])).to_numpy()
    causes = sorted(set(ends[happened]))
    if not causes:
        return pd.DataFrame(columns=COLUMNS)
    times = np.unique(time[happened])
    at_risk = time.size - np.searchsorted(np.sort(time), times, side="left")
    place = np.searchsorted(times, time[happened])
    of = np.array([causes.index(one) for one in ends[happened]])
    events = np.zeros((len(causes), times.size))
    np.add.at(events, (of, place), 1)
    total = events.sum(axis=0)
    survival = np.cumprod(1 - total / at_risk)
    before = np.append(1.0, survival[:-1])
    frames = []
    for name, own in zip(causes, events, strict=True):
        share = np.cumsum(before * own / at_risk)
        low, high = _limits(share, _variance(share, before, own, total, at_risk), level)
        frames.append(
            pd.DataFrame(
                {"time": times, "cause": name, "share": share, "share_low": low, "share_high": high}
                | {"at_risk": at_risk, "events": own.astype(int)}
            )
        )
    return pd.concat(frames).sort_values(["time", "cause"], kind="stable", ignore_index=True)[COLUMNS]


def _variance(share, before, own, total, at_risk) -> np.ndarray:
    """Variance of the cumulative incidence at each time; the three sums are told apart so that each is one pass."""
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(at_risk > total, total / (at_risk * (at_risk - total)), 0.0)
    jump = before * own / at_risk**2
    own_part = np.cumsum(before**2 * own * (at_risk - own) / at_risk**3)
    a, b, c = np.cumsum(weight), np.cumsum(weight * share), np.cumsum(weight * share**2)
    d, e = np.cumsum(jump), np.cumsum(jump * share)
    return np.maximum(share**2 * a - 2 * share * b + c + own_part - 2 * (share * d - e), 0.0)


def _limits(share, variance, level: float):
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = z_value(level) * np.sqrt(variance) / (share * np.abs(np.log(share)))
        low, high = share ** np.exp(reach), share ** np.exp(-reach)
    edge = (share <= 0) | (share >= 1)
    return np.where(edge, share, low), np.where(edge, share, high)
