"""Cells of a table that are too small to be shown, and those that must go with them."""

import numpy as np
import pandas as pd


def too_small(counts, least: int, *sets, overlapping=False, also=None) -> np.ndarray:
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
    overlapping : bool or sequence of bool
        Whether somebody may be in several cells of a set, as the buyers of several months, for all ways or for each: of
        two cells with three people each there may be three in all, so that one of those hidden has to be large by
        itself.
    also : array_like of bool, optional
        Cells that are left out anyhow.

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
    >>> too_small([3, 4, 12, 40], 5, ["all"] * 4, overlapping=True).tolist()
    [True, True, True, False]
    """
    counts = pd.Series(pd.to_numeric(pd.Series(list(counts)), errors="coerce").fillna(0).to_numpy(float))
    hidden = (counts > 0) & (counts < least)
    if also is not None:
        hidden |= np.asarray(also, bool)
    codes = [pd.Series(pd.factorize(_comparable(one))[0]) for one in sets]
    ways = list(zip(codes, np.broadcast_to(overlapping, len(codes)), strict=True))
    # empty cells come last: one beside a single hidden cell would leave that to be told by their sum
    order = counts.where(counts > 0, np.inf)
    more = bool(hidden.any())
    while more:
        more = False
        for code, overlap in ways:
            of_hidden = counts.where(hidden, 0).groupby(code)
            people = of_hidden.max() if overlap else of_hidden.sum()
            number = hidden.groupby(code).sum()
            short = (people > 0) & ((number < 2) | (people < least))
            empties = short & (number < 2)
            open_cells = order[~hidden & code.map(short) & ((counts > 0) | code.map(empties))]
            if len(open_cells):
                # of each such set the smallest cell, of equal ones the first
                first = open_cells.sort_values(kind="stable").groupby(code[open_cells.index]).head(1)
                hidden[first.index] = True
                more = True
    return hidden.to_numpy()


def _comparable(values):
    """Codes as they are, all else as text: labels of several kinds stand in one column."""
    return values if getattr(values, "dtype", None) == np.int64 else pd.Series(list(values)).astype(str)


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
