"""Which cells of a cube may not be told, so that no small one follows from the others, however they are combined."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import lsqr

from regulars.statistics.cells import too_small

SEED = 20
NEAR = 3  # sets away from a cell that is told, to look for one to be left out with it
NOTHING = 1e-6  # what is left of a direction that the sums determine is 10⁻¹² or so, of any other above a thousandth


@dataclass(frozen=True)
class Way:
    """One way of parting cells.

    Parameters
    ----------
    sets : numpy.ndarray of int
        The set of each cell: a whole and its parts; below zero where the cell is neither. No whole is without parts.
    is_whole : numpy.ndarray of bool
        Whether the cell is the whole of its set.
    overlapping : bool
        Whether somebody may be in several parts.
    """

    sets: np.ndarray
    is_whole: np.ndarray
    overlapping: bool = False


def untold(counts: np.ndarray, least: int, ways: Sequence[Way], depth: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Cells to be left out of a cube, the finest where there is a choice.

    From the whole down: of the parts of a whole that is shown, none or at least two are left out
    (`regulars.statistics.cells.too_small`), of one that is left out at least one is. Several wholes together may still
    determine a small cell, as equations do an unknown; then the smallest cell nearby is left out too, and where that
    does not help, all cells by the same levels.

    Parameters
    ----------
    counts : numpy.ndarray
        People in each cell.
    least : int
    ways : sequence of Way
    depth : numpy.ndarray of int
        By how many levels each cell is cut: the parts of a whole are one deeper.
    cuts : numpy.ndarray of int
        By which: the same number for cells by the same levels.

    Returns
    -------
    numpy.ndarray of bool

    References
    ----------
    Hundepool, A. et al. (2012), Statistical Disclosure Control, Wiley, ch. 4.

    Examples
    --------
    >>> shop = Way(np.zeros(4, int), np.array([True, False, False, False]))
    >>> untold(np.array([55, 3, 12, 40]), 5, [shop], np.array([0, 1, 1, 1]), np.array([0, 1, 1, 1])).tolist()
    [False, True, True, False]
    """
    hidden, given_up = np.zeros(len(counts), bool), np.zeros(len(counts), bool)
    is_small, here = (counts > 0) & (counts < least), 0
    while here <= depth.max():
        at = depth == here
        hidden |= _of_depth(hidden, at, counts, least, ways)
        # the sums over parts that are still to be settled are not known yet
        above = [Way(np.where(way.is_whole & (depth >= here), -1, way.sets), way.is_whole) for way in ways]
        told = determined(hidden, above) & is_small & ~given_up
        if not told.any():
            here += 1
        elif (beside := _beside(told, hidden, at, counts, ways)).any():
            hidden |= beside
        else:
            here = depth[told].min()  # what lies deeper is settled anew
            given_up |= np.isin(cuts, cuts[told])
            hidden |= given_up
    return hidden


def _beside(
    told: np.ndarray, hidden: np.ndarray, at: np.ndarray, counts: np.ndarray, ways: Sequence[Way]
) -> np.ndarray:
    """Cells to be left out with small ones that are told, the nearest."""
    around = told
    for _ in range(NEAR):
        if (beside := _smallest_beside(around, at & ~hidden, counts, ways)).any():
            return beside
        around = _hidden_beside(around, hidden, ways)
    return np.zeros(len(told), bool)


def _of_depth(hidden: np.ndarray, at: np.ndarray, counts: np.ndarray, least: int, ways: Sequence[Way]) -> np.ndarray:
    """Cells of one depth to be left out, those of the depth above them being settled."""
    where = np.flatnonzero(at)
    shown_wholes, hidden_wholes = [], []
    for way in ways:
        wholes, sets = way.is_whole & (way.sets >= 0), way.sets[where]
        is_part = (sets >= 0) & ~way.is_whole[where]
        of_hidden = np.isin(sets, way.sets[wholes & hidden])
        alone = -1 - np.arange(len(where))
        shown_wholes.append(np.where(is_part & ~of_hidden, sets, alone).astype(np.int64))
        hidden_wholes.append(np.where(is_part & of_hidden, sets, -1))
    overlapping, mine = [way.overlapping for way in ways], hidden[where]
    while True:
        mine = too_small(counts[where], least, *shown_wholes, overlapping=overlapping, also=mine)
        # a whole that is left out would be the sum of its parts, were none of them left out too
        bare = np.zeros(len(where), bool)
        for sets in hidden_wholes:
            parts = pd.DataFrame({"set": sets, "people": counts[where], "hidden": mine})[sets >= 0]
            parts = parts[~parts.groupby("set")["hidden"].transform("any").astype(bool)]
            bare[parts.sort_values("people", kind="stable").groupby("set").head(1).index] = True
        if not bare.any():
            break
        mine = mine | bare
    found = np.zeros(len(hidden), bool)
    found[where[mine]] = True
    return found


def determined(hidden: np.ndarray, ways: Sequence[Way]) -> np.ndarray:
    """Hidden cells whose value follows from the cells that are shown.

    The sums of every set are linear equations of the hidden cells. A cell is determined where no solution of the
    equations without a right side moves it: a random direction, less its projection on the equations, has a zero there.

    Examples
    --------
    >>> year = Way(np.array([0, 0, 0]), np.array([True, False, False]))
    >>> determined(np.array([False, False, True]), [year]).tolist()
    [False, False, True]
    >>> determined(np.array([False, True, True]), [year]).tolist()
    [False, False, False]
    """
    where = np.flatnonzero(hidden)
    found = np.zeros(len(hidden), bool)
    if not len(where):
        return found
    rows, signs, before = [], [], 0
    for way in ways:
        codes, _ = pd.factorize(way.sets[where])
        rows.append(np.where(way.sets[where] >= 0, codes + before, -1))
        signs.append(np.where(way.is_whole[where], -1.0, 1.0))
        before += codes.max() + 1
    row, sign = np.concatenate(rows), np.concatenate(signs)
    column = np.tile(np.arange(len(where)), len(ways))
    equations = csr_matrix((sign[row >= 0], (row[row >= 0], column[row >= 0])), (before, len(where)))
    direction = np.random.default_rng(SEED).normal(size=len(where))
    projected = lsqr(equations, equations @ direction, atol=1e-13, btol=1e-13, iter_lim=20 * len(where))[0]
    found[where] = np.abs(direction - projected) < NOTHING
    return found


def _hidden_beside(cells: np.ndarray, hidden: np.ndarray, ways: Sequence[Way]) -> np.ndarray:
    """Some cells, and hidden ones that share a set with one of them."""
    around = cells.copy()
    for way in ways:
        around |= hidden & (way.sets >= 0) & np.isin(way.sets, way.sets[cells & (way.sets >= 0)])
    return around


def _smallest_beside(cells: np.ndarray, is_open: np.ndarray, counts: np.ndarray, ways: Sequence[Way]) -> np.ndarray:
    """For each of some cells, the smallest open one in any of its sets; of equal ones the first."""
    chosen = np.zeros(len(counts), bool)
    beside: dict[Any, Any] = {}
    places = np.flatnonzero(is_open & (counts > 0))
    places = places[np.argsort(counts[places], kind="stable")]
    for way in ways:
        mine = places[way.sets[places] >= 0]
        sets, first = np.unique(way.sets[mine], return_index=True)  # the first of each is the smallest
        smallest = dict(zip(sets, mine[first], strict=True))
        for cell in np.flatnonzero(cells):
            if (other := smallest.get(way.sets[cell])) is not None:
                beside[cell] = min(beside.get(cell, other), other, key=lambda one: (counts[one], one))
    chosen[list(beside.values())] = True
    return chosen
