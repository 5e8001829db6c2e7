"""Waiting for what may never answer: so many seconds and no longer, whatever the other side does."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
GRACE = 5  # seconds in which what is called off has to end
LOOKS = 4  # at the progress of some work within the seconds that it may stand still


class SilenceError(Exception):
    """Nothing came in time.

    Parameters
    ----------
    has_ended : bool
        Whether the work ended when it was called off; if not, it is left to itself.
    """

    def __init__(self, has_ended: bool):
        super().__init__("nothing came in time")
        self.has_ended = has_ended


def within(
    seconds: float,
    work: Callable[[], T],
    call_off: Callable[[], object] | None = None,
    too_late: Callable[[Future], object] | None = None,
) -> T:
    """What some work gives, if it gives it in time.

    The work is done in a thread of its own: a driver that waits for a server inside its own code cannot be
    interrupted, only left.

    Parameters
    ----------
    seconds : float
    work : callable
    call_off : callable, optional
        Asks the other side to stop; it may itself never return.
    too_late : callable, optional
        What to do with the future of work that ends after it was left.

    Raises
    ------
    SilenceError
        Where time runs out.

    Examples
    --------
    >>> within(1, lambda: 6 * 7)
    42
    >>> from threading import Event
    >>> stop = Event()
    >>> within(0.01, stop.wait, stop.set)
    Traceback (most recent call last):
    regulars.engine.patience.SilenceError: nothing came in time
    """
    answer: Future = Future()
    _aside(lambda: _do(work, answer))
    try:
        if wait([answer], seconds).done:
            return answer.result()
    except BaseException:  # somebody wants to stop; or the work failed, and there is nothing to call off
        if not answer.done():
            _end(answer, call_off, too_late)
        raise
    raise SilenceError(_end(answer, call_off, too_late))


def _do(work: Callable[[], T], answer: Future) -> None:
    try:
        answer.set_result(work())
    except BaseException as error:
        answer.set_exception(error)


def _end(answer: Future, call_off, too_late) -> bool:
    """Call the work off; whether it ended."""
    if call_off is not None:
        _aside(call_off)
        if wait([answer], GRACE).done:
            return True
    if too_late is not None:
        answer.add_done_callback(too_late)
    return False


def _aside(work: Callable[[], object]) -> None:
    def run():
        with suppress(Exception):
            work()

    # a daemon: the process ends whether the other side answers or not
    Thread(target=run, daemon=True).start()


@contextmanager
def watched(
    seconds: float, call_off: Callable[[], object], progress: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Call work off that stands still, for work that ends when it is called off.

    Parameters
    ----------
    seconds : float
        For which its progress may stay the same.
    call_off : callable
    progress : callable, optional
        Whatever differs where something has been done; without it the whole work has so many seconds.

    Raises
    ------
    SilenceError
        In place of what the work raises when it is called off.
    """
    done, called_off = Event(), Event()

    def watch():
        left, last = LOOKS, progress()
        while left and not done.wait(seconds / LOOKS):
            now = progress()
            left, last = (left - 1, last) if now == last else (LOOKS, now)
        while not left and not done.is_set():  # again, where the first call came between two parts of the work
            called_off.set()
            with suppress(Exception):
                call_off()
            done.wait(1)

    _aside(watch)
    try:
        yield
    except Exception:
        if called_off.is_set():
            raise SilenceError(has_ended=True) from None
        raise
    finally:
        done.set()
