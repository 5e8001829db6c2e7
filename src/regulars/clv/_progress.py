"""A bar on the terminal for work that takes seconds per step; silent in notebooks, pipes and logs."""

import sys
from collections.abc import Iterable, Iterator

WIDTH = 30


def with_progress(steps: Iterable, name: str) -> Iterator:
    """Pass steps on, drawing a bar on standard error where that is a terminal.

    Parameters
    ----------
    steps : iterable
        What is gone through.
    name : str
        What the steps are, before the bar.

    Yields
    ------
    object
        The steps.

    Examples
    --------
    >>> list(with_progress("ab", "cutoffs"))
    ['a', 'b']
    """
    steps, stream = list(steps), sys.stderr
    shown = bool(steps) and stream is not None and stream.isatty()
    for done, step in enumerate(steps):
        if shown:
            stream.write(bar(name, done, len(steps)))
            stream.flush()
        yield step
    if shown:
        stream.write(bar(name, len(steps), len(steps)) + "\n")
        stream.flush()


def bar(name: str, done: int, total: int) -> str:
    """One state of the bar, over the one before.

    Examples
    --------
    >>> bar("cutoffs", 1, 3).strip()
    'cutoffs [##########                    ] 1 of 3'
    """
    filled = WIDTH * done // total
    return f"\r{name} [{'#' * filled}{' ' * (WIDTH - filled)}] {done} of {total}"
