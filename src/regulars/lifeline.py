"""Stop means stop: a signal, or the death of the process that waits for this one, ends all that it has started.

``python -m regulars.lifeline ARGUMENTS`` is DVC with that promise.
"""

import json
import os
import runpy
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread

import psutil

PART_VARIABLE = "REGULARS_PART_OF"  # set for what a build starts: it ends with the build, and says nothing itself
SIGNALS = {signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])}
LOOK = 0.5  # seconds between looks at whether anybody still waits for this process
GRACE = 3.0  # seconds for what was started to end by itself
STOPPED = "regulars: stopped; earlier outputs stand."
HAS_SOCKET_FILES = os.name == "posix"
CAN_WAIT = hasattr(signal, "sigtimedwait")  # not on macOS and Windows, where Python's own handling is left as it is

UNINTERRUPTED = Lock()  # held while outputs change places: the end waits for it
ENDING = Event()  # set where it has begun: what the others say on their way out is of no interest
_leftovers: list[Path] = []


def hold(ended: Callable[[], None] | None = None) -> None:
    """From now on a signal ends this process, with all that it has started and what it keeps aside, within seconds.

    Signals are taken by a thread of their own: a notebook that runs, or a library that waits, does not hold them up.

    Parameters
    ----------
    ended : callable, optional
        Called before the end.
    """
    if not CAN_WAIT:
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    Thread(target=_wait, args=(os.getppid(), ended), daemon=True).start()


def _wait(parent: int, ended) -> None:
    is_part = bool(os.environ.get(PART_VARIABLE))
    while True:
        came = signal.sigtimedwait(SIGNALS, LOOK)
        if came or (is_part and os.getppid() != parent):
            break
    ENDING.set()
    UNINTERRUPTED.acquire(timeout=GRACE)
    end_children(0 if _leftovers and is_part else GRACE)
    for place in _leftovers:
        shutil.rmtree(place, ignore_errors=True)
    if ended:
        ended()
    if not is_part:
        print(STOPPED, file=sys.stderr, flush=True)
    os._exit(128 + (came.si_signo if came else signal.SIGTERM))


def end_children(grace: float = GRACE) -> None:
    """End every process that this one has started, and theirs: asked first, then without asking."""
    started = psutil.Process().children(recursive=True)
    for ask in (psutil.Process.terminate, psutil.Process.kill)[0 if grace else 1 :]:
        for process in started:
            try:
                ask(process)
            except psutil.NoSuchProcess:
                continue
        _, started = psutil.wait_procs(started, timeout=grace or GRACE)


@contextmanager
def kept_aside(*places: Path) -> Iterator[None]:
    """Folders that are removed at the end, also where it is a signal."""
    _leftovers.extend(places)
    try:
        yield
    finally:
        for place in places:
            _leftovers.remove(place)
            shutil.rmtree(place, ignore_errors=True)


def own_folder() -> Path:
    """A new folder for what lies aside, named by this process; those of processes that were killed are cleared away."""
    base = Path("/tmp" if HAS_SOCKET_FILES else tempfile.gettempdir())  # paths of sockets must be short
    for left in base.glob("regulars-*-*"):
        number = left.name.split("-")[1]
        if number.isdigit() and not _typed(int(number)):
            shutil.rmtree(left, ignore_errors=True)  # another user's stays
    return Path(tempfile.mkdtemp(prefix=f"regulars-{os.getpid()}-", dir=base))


def clear_lock(lock: Path) -> None:
    """Take out of DVC's list of who works on what all that a killed build has left there.

    DVC would stop for good at a file that was cut short, and at a process that has died where nobody has buried it yet
    (a container without an init never does) or another has its number.
    """
    try:
        held = json.loads(lock.read_text(encoding="utf-8"))
        writing, reading = held.get("write", {}), held.get("read", {})
        write = {place: one for place, one in writing.items() if _works(one["pid"])}
        read = {place: [one for one in several if _works(one["pid"])] for place, several in reading.items()}
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        lock.unlink(missing_ok=True)
        return
    if (write, read) != (writing, reading):
        lock.write_text(json.dumps({"write": write, "read": read}), encoding="utf-8")


def _works(number: int) -> bool:
    """Whether a process is one of DVC's, or of ours, and has not ended."""
    typed = _typed(number)
    return "dvc" in typed or "regulars" in typed


def _typed(number: int) -> str:
    """The command line of a process that has not ended; empty where it has, though nobody has buried it."""
    try:
        process = psutil.Process(number)
        return "" if process.status() == psutil.STATUS_ZOMBIE else " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
    except psutil.AccessDenied:
        return "another user's dvc"


@contextmanager
def alone(lock: Path, waiting: str) -> Iterator[None]:
    """Work that one process at a time may do; another says so and waits. The lock goes with its process.

    Parameters
    ----------
    lock : Path
        A file; where its folder cannot be made there is no lock.
    waiting : str
        Sentence of the one that waits.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(waiting, file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        os.set_inheritable(file.fileno(), True)  # DVC holds it too: a next build waits until all of this one has ended
        yield


if __name__ == "__main__":
    hold()
    runpy.run_module("dvc", run_name="__main__", alter_sys=True)
