"""How many customers order, where the level of all orders is not sure: fewer than in proportion, and never all.

Who orders anyway does so when more orders come, too: a share s is −log(1 − s) orders a head, were they spread evenly,
and moves with those. By how much the hazard of ordering moves with the level of orders is learnt beside it
(`regulars.clv.level_table`).
"""

import numpy as np

from regulars.clv.level_table import TABLE
from regulars.settings import Certainty
from regulars.statistics.intervals import z_value

MOST = 0.995  # share who order, from which on a level moves hardly anything


def response(share, moved) -> np.ndarray:
    """Factor on a share of customers who order, where the logarithm of their rate of ordering moves.

    Parameters
    ----------
    share : array
        Who order; a share of 0 moves in proportion.
    moved : array
        Logarithm, of a shape that goes with it.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> response(np.array([0.0, 0.5, 0.995]), np.log(2.0)).round(3)
    array([2.   , 1.5  , 1.005])
    """
    hazard = -np.log1p(-np.clip(share, 1e-9, MOST))
    return np.expm1(-hazard * np.exp(moved)) / np.expm1(-hazard)


def active_ends(
    expected, variance, known, certainty: Certainty, part: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval of how many of the customers will order: chance, and the level that no model sees.

    Parameters
    ----------
    expected, variance : array
        Of the number, by the customers' own chances.
    known : array
        Customers there are.
    certainty : Certainty
        Level of the interval, and what no model sees of the total of orders.
    part : float, optional
        Of that, by which the hazard of ordering is unsure; by default as learnt.

    Returns
    -------
    (array, array)
        Between nobody and all.

    Examples
    --------
    >>> unsure = Certainty(level=0.9, level_uncertainty=0.3, seed=0, draws=0)
    >>> low, high = active_ends(900.0, 90.0, 1000, unsure, part=1.0)
    >>> round(float(low)), round(float(high))
    (754, 979)
    """
    share, reach = np.asarray(expected) / np.maximum(known, 1), z_value(certainty.level)
    moved = reach * certainty.level_uncertainty * (TABLE["active"] if part is None else part)
    low, high = (
        expected + sign * np.hypot(expected * (response(share, sign * moved) - 1), reach * np.sqrt(variance))
        for sign in (-1, 1)
    )
    return np.maximum(low, 0.0), np.minimum(high, known)
