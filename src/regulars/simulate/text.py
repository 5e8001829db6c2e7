"""Numbers and moments as the text that a shop system exports."""

import numpy as np
import pandas as pd

OPENS, CLOSES = 7 * 60, 22 * 60  # minutes after midnight


def minute_of_day(moment) -> np.ndarray:
    """Minute after midnight at which something of a moment (days, with fraction) is booked.

    The fraction of the day is spread over opening hours, more of it around the middle; the order in time is kept.

    Examples
    --------
    >>> minute_of_day([3.0, 3.5]).tolist()
    [420, 870]
    """
    fraction = 2 * np.mod(moment, 1) - 1
    return np.floor(OPENS + (CLOSES - OPENS) * (0.5 + 0.25 * (fraction + fraction**3))).astype(int)


def clock(first_day: np.datetime64, moment) -> np.ndarray:
    """Date and minute of moments counted in days from the first day."""
    day = np.floor(moment).astype(int)
    return (first_day + day).astype("datetime64[m]") + minute_of_day(moment).astype("timedelta64[m]")


def day_first(stamps) -> np.ndarray:
    """Text such as ``31/12/2024 14:05``."""
    return _formatted(stamps, "%d/%m/%Y %H:%M")


def iso_minute(stamps) -> np.ndarray:
    """Text such as ``2024-12-31 14:05``; what is missing becomes empty."""
    return _formatted(stamps, "%Y-%m-%d %H:%M")


def iso_day(first_day: np.datetime64, day) -> np.ndarray:
    """Text such as ``2024-12-31`` of days counted from the first."""
    return (first_day + np.asarray(day)).astype("datetime64[D]").astype(str)


def money(values) -> np.ndarray:
    """Text with two decimals; what is missing becomes empty.

    Examples
    --------
    >>> money([3.5, float("nan")]).tolist()
    ['3.50', '']
    """
    distinct, place = np.unique(np.asarray(values, float), return_inverse=True)
    text = ["" if np.isnan(value) else f"{value:.2f}" for value in distinct.tolist()]
    return np.array(text, object)[place]


def _formatted(stamps, pattern) -> np.ndarray:
    distinct, place = np.unique(np.asarray(stamps, "datetime64[m]"), return_inverse=True)
    text = pd.DatetimeIndex(distinct.astype("datetime64[s]")).strftime(pattern).fillna("")
    return text.to_numpy(object)[place]
