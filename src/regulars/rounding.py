"""Floats as they are written: 10 significant digits, so that every processor writes the same bytes."""

import math
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

import numpy as np
import pandas as pd

SIGNIFICANT_DIGITS = 10
FEW = 100  # values that go through text one by one
EXACT_POWER = 22  # 10²² is the largest power of ten that a float holds exactly
EXACT = np.array([float(10**power) for power in range(EXACT_POWER + 1)])
HALF = 1e-4  # nearer than this to a half, the scaled number may lie on its other side


def round_significant(values, digits: int = SIGNIFICANT_DIGITS):
    """Round to significant digits; what is missing or infinite stays as it is.

    Parameters
    ----------
    values : float or array of float
    digits : int

    Returns
    -------
    float or numpy.ndarray
        Of the shape that came.

    Examples
    --------
    >>> round_significant(123456.7890123456)
    123456.789
    >>> round_significant([0.1 + 0.2, float("nan")]).tolist()
    [0.3, nan]
    """
    array = np.asarray(values, dtype=float)
    rounded = (_through_text if array.size < FEW else _by_scaling)(array.ravel(), digits)
    return float(rounded[0]) if array.ndim == 0 else rounded.reshape(array.shape)


def _through_text(values: np.ndarray, digits: int) -> np.ndarray:
    return np.array([float(f"%.{digits - 1}e" % value) for value in values], dtype=float)


def _by_scaling(values: np.ndarray, digits: int) -> np.ndarray:
    """Same as `_through_text`, to the last bit: whole numbers below 2⁵³ and powers of ten up to 10²² are exact.

    Their quotient is then the float nearest to the decimal number. What the scaling leaves in doubt, near a half, at a
    power of ten or beyond those powers, goes through text. Whole numbers of so few digits are what they are.
    """
    size = np.abs(values)
    as_it_is = ~np.isfinite(values) | ((size < 10.0**digits) & (np.rint(values) == values))
    if as_it_is.any():
        rounded, rest = values.copy(), np.flatnonzero(~as_it_is)
        if rest.size:
            rounded[rest] = _by_scaling(values[rest], digits)
        return rounded
    with np.errstate(all="ignore"):
        power = digits - 1 - np.floor(np.log10(size))  # ten to it makes a whole number of so many digits
        usable = np.isfinite(power) & (np.abs(power) <= EXACT_POWER)
        up, down = (EXACT[np.where(usable, np.maximum(sign * power, 0), 0).astype(int)] for sign in (1, -1))
        scaled = values * up / down
        whole = np.rint(scaled)
        rounded = whole / up * down
        sure = usable & (np.abs(np.abs(scaled - whole) - 0.5) > HALF) & (np.abs(whole) >= 10.0 ** (digits - 1))
    doubtful = np.flatnonzero(~sure)
    rounded[doubtful] = _through_text(values[doubtful], digits)
    return rounded


def round_frame(frame: pd.DataFrame, digits: int = SIGNIFICANT_DIGITS) -> pd.DataFrame:
    """Round every float column of a frame to significant digits."""
    floats = [name for name in frame if pd.api.types.is_float_dtype(frame[name])]
    return frame.assign(**{name: round_significant(frame[name].to_numpy(float), digits) for name in floats})


def six_digits(value) -> str:
    """A number as an analyst reads it, with at most six digits but for what is whole.

    Examples
    --------
    >>> six_digits(1 / 3), six_digits(12), six_digits(1234567.8)
    ('0.333333', '12', '1234568')
    """
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"


def plain(value):
    """Turn a value into what JSON can hold: rounded floats, null for what is missing, text for dates and labels.

    Examples
    --------
    >>> plain({"share": np.float64(1 / 3), "n": np.int64(7), "missing": float("nan")})
    {'share': 0.3333333333, 'n': 7, 'missing': None}
    """
    match value:
        case None | bool() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return plain(value.value)
        case np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case Decimal():
            return float(value)  # exact on every processor, so nothing is rounded off
        case float() | np.floating():
            return round_significant(float(value)) if math.isfinite(value) else None
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple() | np.ndarray() | pd.Series() | pd.Index():
            return [plain(item) for item in value]
        case _ if value is pd.NaT or value is pd.NA:
            return None
        case _ if hasattr(value, "isoformat"):
            text = value.isoformat()
            return text.removesuffix("T00:00:00")
        case _ if hasattr(value, "_asdict"):
            return plain(value._asdict())
    raise TypeError(f"a {type(value).__name__} has no form in JSON")
