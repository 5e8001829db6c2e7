"""Cells of a table that are too small to be shown, and those that must go with them."""

import numpy as np
import pandas as pd


def too_small(counts, least: int, *sets) -> np.ndarray:
    """Cells to be left out: those of fewer than `least`, and what else keeps their sum from being told by a difference.

    Parameters
    ----------
    counts : array_like of int
        People in each cell. An empty cell tells of nobody, and stays where it tells nothing of its neighbours.
    least : int
        The smallest number that may be shown.
    *sets : array_like
        For each way in which cells add up to a total that may be known: the set of each cell, such as its row. Of a set
        with hidden cells at least two are hidden, of at least `least` people together.

    Returns
    -------
    numpy.ndarray of bool

    References
    ----------
    Hundepool, A. et al. (2012), Statistical Disclosure Control, Wiley, ch. 4 (threshold rule, secondary suppression).

    Examples
    --------
    >>> too_small([3, 40, 12, 0], 5, ["all"] * 4).tolist()
    [True, False, True, False]
    >>> too_small([3, 40, 12], 5).tolist()
    [True, False, False]
    """
    counts = pd.Series(pd.to_numeric(pd.Series(list(counts)), errors="coerce").fillna(0).to_numpy(float))
    hidden = (counts > 0) & (counts < least)
    codes = [pd.Series(pd.factorize(pd.Series(list(one)).astype(str))[0]) for one in sets]
    # empty cells come last: one beside a single hidden cell would leave that to be told by their sum
    order = counts.where(counts > 0, np.inf)
    more = bool(hidden.any())
    while more:
        more = False
        for code in codes:
            people, number = counts.where(hidden, 0).groupby(code).sum(), hidden.groupby(code).sum()
            short = (people > 0) & ((number < 2) | (people < least))
            empties = short & (number < 2)
            open_cells = order[~hidden & code.map(short) & ((counts > 0) | code.map(empties))]
            if len(open_cells):
                # of each such set the smallest cell, of equal ones the first
                first = open_cells.sort_values(kind="stable").groupby(code[open_cells.index]).head(1)
                hidden[first.index] = True
                more = True
    return hidden.to_numpy()


def large_enough(frame: pd.DataFrame, count: str, least: int, *labels: str) -> pd.DataFrame:
    """Rows of a table that may be shown, each a cell of one whole.

    Parameters
    ----------
    frame : pandas.DataFrame
    count : str
        Column with the number of people in the cell.
    least : int
    *labels : str
        Columns of which the rows with one value add up to a total too.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> large_enough(pd.DataFrame({"tier": ["a", "b", "c"], "n": [2, 9, 30]}), "n", 5)["tier"].tolist()
    ['c']
    """
    sets = [np.zeros(len(frame)), *(frame[label] for label in labels)]
    return frame[~too_small(frame[count], least, *sets)]
