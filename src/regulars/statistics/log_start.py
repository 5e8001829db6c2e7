"""From which day on a log is full: many a log begins, or is kept by more people, within the year that is looked at."""

import numpy as np
import pandas as pd

YEAR = 365
LEAST_DAYS = 28  # that a log must cover from its start on
TIMES = 3.0  # as much a day from then on as before: less may be growth or a season
BEYOND = 10.0  # by which the logarithm of the likelihood must gain: of so many days one may differ by chance


def full_since(at: pd.Series, end) -> pd.Timestamp:
    """Day of the last year from which on a log holds several times as much as before it; NaT where there is none.

    The year is cut in two where two rates explain it best. It counts only where both halves of what follows hold at
    least half as much a day as the whole of it, so that a season is no start.

    Parameters
    ----------
    at : pandas.Series
        Moments logged.
    end : date
        Last day observed.

    Returns
    -------
    pandas.Timestamp

    Examples
    --------
    >>> few, many = pd.date_range("2025-07-05", "2026-02-08", freq="5D"), pd.date_range("2026-02-11", "2026-06-30")
    >>> full_since(pd.Series(few.append(many)), "2026-06-30")
    Timestamp('2026-02-11 00:00:00')
    >>> full_since(pd.Series(pd.date_range("2023-07-01", "2026-06-30")), "2026-06-30")
    NaT
    """
    start = pd.Timestamp(end).normalize() - pd.Timedelta(days=YEAR - 1)
    day = (at - start) // pd.Timedelta(days=1)
    a_day = np.bincount(day[day.between(0, YEAR - 1)].astype(int), minlength=YEAR)
    cut = np.arange(1, YEAR - LEAST_DAYS + 1)
    before = np.cumsum(a_day)[cut - 1]
    after, days = a_day.sum() - before, YEAR - cut
    whole = max(a_day.sum(), 1) / YEAR
    gain = sum(n * np.log(np.maximum(n, 1) / of / whole) for n, of in ((before, cut), (after, days)))
    gain = np.where(after / days >= TIMES * before / cut, gain, -np.inf)
    best = int(cut[gain.argmax()])
    halves = np.array_split(a_day[best:], 2)
    lasts = min(half.mean() for half in halves) >= a_day[best:].mean() / 2
    return start + pd.Timedelta(days=best) if gain.max() > BEYOND and lasts else pd.NaT
