"""Check what comes into a fitter, and reduce it to distinct rows with weights."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Rows:
    """Distinct (frequency, recency, T) with the number of customers of each, sorted.

    ``inverse`` leads from every customer to its row.
    """

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    weights: np.ndarray
    inverse: np.ndarray

    @property
    def customers(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())


def _label(index, position: int) -> str:
    return f"row {position}" if index is None else f"row {position} (customer {index[position]!r})"


def _refuse(bad, values, index, message: str):
    """Raise a ValueError for the first row of `bad`; `message` has places for where and value."""
    bad = np.asarray(bad)
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        raise ValueError(message.format(where=_label(index, position), value=np.asarray(values)[position]))


def common_index(**columns):
    """Index shared by the pandas objects among the columns; None where none has more than a running number."""
    found, name_of = None, None
    for name, values in columns.items():
        if not isinstance(values, (pd.Series, pd.DataFrame)):
            continue
        index = values.index
        if found is None:
            found, name_of = index, name
        elif len(index) == len(found) and not index.equals(found):
            position = int(np.flatnonzero(np.asarray(index != found))[0])
            raise ValueError(
                f"{name} and {name_of} do not belong to the same customers: row {position} is "
                f"{index[position]!r} in one and {found[position]!r} in the other; align them first."
            )
    if found is not None:
        check_unique(found)
    return found


def check_unique(index):
    """Refuse an index in which a customer occurs twice."""
    index = pd.Index(index)
    if not index.is_unique:
        position = int(np.flatnonzero(index.duplicated())[0])
        raise ValueError(
            f"row {position}: customer {index[position]!r} occurs more than once; give one row per customer."
        )


def vector(values, name: str) -> np.ndarray:
    """One-dimensional float array of a column."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} holds {values!r:.60}, which is not a column of numbers.") from None
    if array.ndim > 1 and array.size != max(array.shape):
        raise ValueError(f"{name} has shape {array.shape}; give one number per customer.")
    return np.atleast_1d(array.squeeze()) if array.ndim != 1 else array


def check_lengths(**columns):
    """Refuse columns of different lengths."""
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"the columns have different lengths ({told}); give one value per customer in each.")


def check_frequency(x, index=None):
    """Refuse a frequency that is not a whole number ≥ 0."""
    _refuse(~np.isfinite(x), x, index, "{where}: frequency is {value}; it must be a whole number, 0 or more.")
    _refuse(x < 0, x, index, "{where}: frequency is {value:g}; it counts repeat orders and cannot be negative.")
    _refuse(x != np.floor(x), x, index, "{where}: frequency is {value:g}; it counts repeat orders and must be whole.")


def check_history(frequency, recency, T, index=None):
    """Float arrays of a customer's history, every impossible one refused by a ValueError naming the first row."""
    index = common_index(frequency=frequency, recency=recency, T=T) if index is None else index
    x, t_x, T = vector(frequency, "frequency"), vector(recency, "recency"), vector(T, "T")
    check_lengths(frequency=x, recency=t_x, T=T)
    check_frequency(x, index)
    for name, values in (("recency", t_x), ("T", T)):
        _refuse(~np.isfinite(values), values, index, f"{{where}}: {name} is {{value}}; it must be a finite number.")
        _refuse(values < 0, values, index, f"{{where}}: {name} is {{value:g}}; it cannot be negative.")
    _refuse(
        t_x > T, t_x, index, "{where}: recency is {value:g}, more than T; no order can come after the end of the data."
    )
    _refuse(
        (x == 0) & (t_x > 0),
        t_x,
        index,
        "{where}: recency is {value:g} although frequency is 0; without a repeat order it is 0.",
    )
    return x, t_x, T


def check_weights(weights, like, index=None) -> np.ndarray:
    """Weights as floats, one for each row; ones where none are given."""
    if weights is None:
        return np.ones(len(like))
    weights = vector(weights, "weights")
    check_lengths(frequency=like, weights=weights)
    _refuse(
        ~(np.isfinite(weights) & (weights > 0)),
        weights,
        index,
        "{where}: weight is {value}; it counts customers and must be positive.",
    )
    return weights


def _rising(x, t_x, T) -> bool:
    """Whether rows are distinct and sorted already."""
    more, same = np.diff(x) > 0, np.diff(x) == 0
    for column in (t_x, T):
        steps = np.diff(column)
        more, same = more | same & (steps > 0), same & (steps == 0)
    return bool(more.all())


def distinct(x, t_x, T, weights=None) -> Rows:
    """Distinct rows with their summed weights, sorted by frequency, recency and T.

    Examples
    --------
    >>> rows = distinct(np.array([1., 0., 1.]), np.array([2., 0., 2.]), np.array([5., 5., 5.]))
    >>> rows.x.tolist(), rows.weights.tolist(), rows.inverse.tolist()
    ([0.0, 1.0], [1.0, 2.0], [1, 0, 1])
    """
    if _rising(x, t_x, T):  # as an engine counts them
        return Rows(x, t_x, T, np.ones(len(x)) if weights is None else weights, np.arange(len(x)))
    code_r, values_r = pd.factorize(t_x, sort=True)
    code_T, values_T = pd.factorize(T, sort=True)
    key = (x.astype(np.int64) * len(values_r) + code_r) * len(values_T) + code_T
    inverse, keys = pd.factorize(key, sort=True)
    rest, column_T = np.divmod(keys, len(values_T))
    column_x, column_r = np.divmod(rest, len(values_r))
    counts = np.bincount(inverse, weights, minlength=len(keys)).astype(float)
    return Rows(column_x.astype(float), values_r[column_r], values_T[column_T], counts, inverse)
