"""How far the work has come: told by whoever works, shown on one line of the terminal by whoever waits."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TextIO

FOLDER_VARIABLE = "REGULARS_PROGRESS"  # folder in which whoever works says how far it is
WORK_VARIABLE = "REGULARS_WORK"  # what is worked at, such as "demo value"; a kernel inherits it
EVERY = 0.2  # seconds between two tellings, and between two looks
BAR = 16  # characters
_told = {"at": 0.0}


def tell(what: str, done: int, total: int | None = None) -> None:
    """Say how far a loop has come; nothing happens where nobody looks, and most of many calls are passed over.

    Parameters
    ----------
    what : str
        What is counted, such as ``rows of orders``.
    done : int
    total : int, optional
        Where it is known.
    """
    folder, now = os.environ.get(FOLDER_VARIABLE), time.monotonic()
    if not folder or (now - _told["at"] < EVERY and done != total):
        return
    _told["at"] = now
    work = os.environ.get(WORK_VARIABLE, "")
    file = _file(folder, work)
    with suppress(OSError):  # a full disk is said by whoever needs it
        aside = file.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps({"work": work, "what": what, "done": done, "total": total}), encoding="utf-8")
        aside.replace(file)


def _file(folder: str, work: str) -> Path:
    return Path(folder, f"{work.replace(' ', '.') or 'work'}.json")


@contextmanager
def work(name: str) -> Iterator[None]:
    """What is told within it belongs to this work, and is no longer shown once it has ended."""
    before = os.environ.get(WORK_VARIABLE)
    os.environ[WORK_VARIABLE] = name
    try:
        yield
    finally:
        if folder := os.environ.get(FOLDER_VARIABLE):
            _file(folder, name).unlink(missing_ok=True)
        if before is None:
            del os.environ[WORK_VARIABLE]
        else:
            os.environ[WORK_VARIABLE] = before


def watch_cells() -> None:
    """Let papermill tell which cell of a notebook it has come to."""
    if FOLDER_VARIABLE not in os.environ:
        return
    from regulars.lazy import leave_out_slow_checker

    leave_out_slow_checker()
    from papermill.engines import NBClientEngine, papermill_engines

    class Watched(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **options):
            begin, total = nb_man.cell_start, len(nb_man.nb.cells)

            def cell_start(cell, cell_index=None, **more):
                tell("cells", (cell_index or 0) + 1, total)
                return begin(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register(None, Watched)


def line_of(told: list[dict], width: int) -> str:
    """What is told by all who work, on one line.

    Examples
    --------
    >>> line_of([{"work": "demo value", "what": "cells", "done": 8, "total": 16}], 80)
    'demo value [########........] 8 of 16 cells'
    >>> line_of([{"work": "shop ingest", "what": "rows of orders", "done": 200000, "total": None}], 80)
    'shop ingest: 200,000 rows of orders'
    """
    parts = []
    for one in told:
        if total := one["total"]:
            full = min(BAR * one["done"] // total, BAR)
            text = f"{one['work']} [{'#' * full}{'.' * (BAR - full)}] {one['done']:,} of {total:,} {one['what']}"
        else:
            text = f"{one['work']}: {one['done']:,} {one['what']}"
        parts.append(text)
    return " | ".join(parts)[: max(width - 1, 0)]


class Line:
    """The line, drawn anew while the work goes on.

    Parameters
    ----------
    folder : Path
        In which `tell` writes.
    screen : file
        The terminal.
    """

    def __init__(self, folder: Path, screen: TextIO):
        self._folder, self._screen = folder, screen
        self._drawn, self._ended, self._lock = "", Event(), Lock()
        self._thread = Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> "Line":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._thread.join()
        self.clear()

    def clear(self) -> None:
        """Leave the line to others who write; it comes back by itself."""
        with self._lock:
            self._put("")

    def draw(self) -> None:
        """Show what is told now."""
        told = []
        for file in sorted(self._folder.glob("*.json")):
            with suppress(OSError, ValueError):  # it has just ended
                told.append(json.loads(file.read_text(encoding="utf-8")))
        with self._lock:
            self._put(line_of(told, shutil.get_terminal_size().columns))

    def _go_on(self) -> None:
        while not self._ended.wait(EVERY):
            self.draw()

    def _put(self, text: str) -> None:
        if text == self._drawn:
            return
        rest = " " * max(len(self._drawn) - len(text), 0)
        self._screen.write(f"\r{text}{rest}\r{text}")
        self._screen.flush()
        self._drawn = text


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody looks, so that a line may be drawn over."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def shown(folder: Path, *, quiet: bool = False) -> Iterator[Line | None]:
    """Show on the terminal how far the work has come within it; nothing where there is no terminal.

    Parameters
    ----------
    folder : Path
        Empty; whoever works within it writes there.
    quiet : bool

    Yields
    ------
    Line or None
        To be cleared before anything else is written.
    """
    screen = sys.stderr
    if quiet or FOLDER_VARIABLE in os.environ or not is_terminal(screen):
        yield None
        return
    os.environ[FOLDER_VARIABLE] = str(folder)
    try:
        with Line(folder, screen) as line:
            yield line
    finally:
        del os.environ[FOLDER_VARIABLE]
