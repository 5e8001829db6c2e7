"""Distinct rows with their weights: what many share is worked out once."""

import numpy as np
import pandas as pd

FEW = 256  # rows, of which to find those that are alike takes longer than to compute each


def distinct_rows(*columns):
    """Distinct rows of some columns and the way back: what depends on them alone is computed once."""
    if columns[0].size < FEW:
        return columns, slice(None)
    key = np.zeros(columns[0].size, dtype=np.int64)
    width = 1
    for values in columns:
        code, found = pd.factorize(values)
        if width * len(found) > 2**62:
            return columns, slice(None)
        key = key * len(found) + code
        width *= len(found)
    inverse, _ = pd.factorize(key)
    first = np.full(inverse.max() + 1, key.size)
    np.minimum.at(first, inverse, np.arange(key.size))
    return tuple(values[first] for values in columns), inverse
