"""Streams of random numbers: one per subject, so that a new table never moves the numbers of another."""

from zlib import crc32

import numpy as np


def stream(seed: int, subject: str) -> np.random.Generator:
    """Stream of random numbers of one subject.

    Parameters
    ----------
    seed : int
        Non-negative.
    subject : str
        What is drawn: ``"acquisition"``, ``"baskets"`` …. Different subjects give independent streams.

    Returns
    -------
    numpy.random.Generator
        PCG64: the same numbers on every machine.

    Examples
    --------
    >>> stream(7, "orders").random() == stream(7, "orders").random()
    True
    >>> stream(7, "orders").random() == stream(7, "surveys").random()
    False
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(crc32(subject.encode()),))))


def shifted_share(share: float, log_odds):
    """Probability whose odds are those of `share` times exp(log_odds).

    Examples
    --------
    >>> float(shifted_share(0.2, 0.0)), float(shifted_share(0.25, np.log(3)).round(9))
    (0.2, 0.5)
    """
    odds = share / (1 - share) * np.exp(log_odds)
    return odds / (1 + odds)
