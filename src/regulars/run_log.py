"""What a run did, kept in ``logs/``: a file to read and one to compute with, of each run of the commands that compute.

They hold times, versions, settings that differ from the defaults, the stages that ran with their memory, what became of
the rows, and every line that was said. None of it is an output of the pipeline.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO

from regulars import __version__
from regulars.errors import UserError
from regulars.paths import project_root
from regulars.settings import STAGE_SETTINGS, load, resolve
from regulars.settings.shown import COMMON, as_tuple, plainly

FOLDER = "logs"
KEPT = 200  # runs; earlier ones go
OWNER_ONLY = 0o700  # what is said of a fault may quote a cell of the data
PACKAGES = ("dvc", "duckdb", "pandas", "numpy", "scipy", "pyarrow", "papermill")
DONE, DATA, USAGE, MACHINE = 0, 1, 2, 3
OUTCOMES = {
    DONE: "done",
    DATA: "data or settings are not as they must be",
    USAGE: "the command was not understood",
    MACHINE: "the machine, or the program, failed",
}
RUNNING, STOPPED = "running, or killed", "stopped by a signal"


def peak_memory_mb() -> float | None:
    """Most memory, in MB, that this process or the largest it waited for has held; None where it is not counted."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(most / unit, 1)


class Heard:
    """A stream that keeps what is written to it, line by line.

    Parameters
    ----------
    stream : file
    keep : callable
        Takes a line.
    before : callable, optional
        Called before anything is written.
    shown : bool
        False: kept alone.
    """

    def __init__(self, stream: TextIO, keep: Callable[[str], None], before=None, shown: bool = True):
        self._stream, self._keep, self._before, self._shown, self._part = stream, keep, before, shown, ""

    def write(self, text: str) -> int:
        """Pass on, and keep each line once it is whole."""
        *lines, self._part = (self._part + text).split("\n")
        for line in lines:
            self._keep(line)
        if not self._shown:
            return len(text)
        if self._before:
            self._before()
        return self._stream.write(text)

    def __getattr__(self, name):
        return getattr(self._stream, name)


class RunLog:
    """The log of one run, written when it begins and again when it ends.

    Parameters
    ----------
    command : str
        Name of the command.
    arguments : iterable of str
        As they were typed.
    datasets : callable, optional
        Gives the names of the datasets concerned; asked at the end.
    """

    def __init__(self, command: str, arguments: Iterable[str] = (), datasets: Callable[[], list[str]] = list):
        self.stages: list[dict] = []
        self._said: list[dict] = []
        self._datasets, self._begun = datasets, time.monotonic()
        started = datetime.now(UTC)
        self._told: dict[str, Any] = {
            "command": ["regulars", *arguments],
            "started": started.isoformat(timespec="seconds"),
            "ended": None,
            "seconds": None,
            "outcome": RUNNING,
            "exit_code": None,
            "versions": {"regulars": __version__, "python": platform.python_version()}
            | {name: _version(name) for name in PACKAGES},
            "platform": platform.platform(),
        }
        self._place = project_root() / FOLDER / f"{started:%Y-%m-%dT%H%M%SZ}-{command}-{os.getpid()}"
        self._write()

    def said(self, line: str) -> None:
        """Keep a line that was said on the terminal."""
        self._said.append({"second": round(time.monotonic() - self._begun, 1), "line": line})

    def stopped(self) -> None:
        """The run is ended by a signal."""
        self._close(STOPPED, None)

    def ended(self, code: int) -> None:
        """The run has ended by itself."""
        datasets = []
        with suppress(UserError):  # it has been said already
            datasets = self._datasets()
        self._told["settings_that_differ"] = {one: _differing(one) for one in datasets}
        self._told["rows"] = {one: _rows(one) for one in datasets}
        self._close(OUTCOMES.get(code, STOPPED), code)

    def _close(self, outcome: str, code: int | None) -> None:
        seconds = round(time.monotonic() - self._begun, 1)
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        self._told |= {"ended": ended, "seconds": seconds, "outcome": outcome, "exit_code": code}
        self._told |= {"peak_memory_mb": peak_memory_mb(), "stages": self.stages, "said": self._said}
        self._write()

    def _write(self) -> None:
        with suppress(OSError):  # where nothing can be written the run is what counts
            if not self._place.parent.is_dir():
                self._place.parent.mkdir()
                self._place.parent.chmod(OWNER_ONLY)
            told = json.dumps(self._told, indent=1, ensure_ascii=False)
            for ending, content in {".json": told, ".txt": self._text()}.items():
                self._place.with_name(self._place.name + ending).write_text(content + "\n", encoding="utf-8")
            for file in sorted(self._place.parent.glob("*-*.*"))[: -2 * KEPT]:
                file.unlink(missing_ok=True)

    def _text(self) -> str:
        told = self._told
        ran = f"{told['started']} to {told['ended'] or '?'}" + (f", {told['seconds']} s" if told["ended"] else "")
        versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items() if number)
        lines = [" ".join(told["command"]), ran, told["outcome"], f"{versions}; {told['platform']}"]
        for dataset, settings in told.get("settings_that_differ", {}).items():
            lines += [
                f"{dataset}: {name} is {one['value']}, by default {one['default']}" for name, one in settings.items()
            ]
        for dataset, tables in told.get("rows", {}).items():
            for table, fates in tables.items():
                lines.append(f"{dataset}: {table}: " + ", ".join(f"{count:,} {fate}" for fate, count in fates.items()))
        for stage in told.get("stages", ()):
            memory = f", {stage['peak_memory_mb']:,.0f} MB" if stage.get("peak_memory_mb") else ""
            lines.append(f"{stage['dataset']}: {stage['stage']}: {stage['seconds']:.1f} s{memory}")
        if told.get("peak_memory_mb"):
            lines.append(f"largest process: {told['peak_memory_mb']:,.0f} MB")
        return "\n".join([*lines, *(f"{one['second']:8.1f} s  {one['line']}" for one in told.get("said", ()))])


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _differing(dataset: str) -> dict[str, dict[str, str]]:
    """Settings of a dataset that are others than those of every dataset, as ``params.yaml`` writes them."""
    found = {}
    with suppress(UserError):
        content = load()
        for stage in STAGE_SETTINGS:
            default = _flat({**(content.get(COMMON) or {}), **(content.get(stage) or {})})
            for name, value in _flat(resolve(stage, dataset, content)).items():
                if value != default.get(name):
                    told = {"value": value, "default": default.get(name)}
                    found[f"{stage}.{name}"] = {which: plainly(as_tuple(one)) for which, one in told.items()}
    return found


def _flat(settings: Mapping, before: str = "") -> dict[str, Any]:
    """Every setting by its name, those of a group by both names.

    Examples
    --------
    >>> _flat({"margin": 0.3, "states": {"quiet": 2}})
    {'margin': 0.3, 'states.quiet': 2}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        is_group = isinstance(value, Mapping) and value
        found |= _flat(value, f"{before}{name}.") if is_group else {f"{before}{name}": value}
    return found


def _rows(dataset: str) -> dict[str, dict[str, int]]:
    """What became of the rows of each table, as the ledger has it; nothing where there is none."""
    ledger = project_root() / "data" / "clean" / dataset / "ledger.json"
    try:
        tables = json.loads(ledger.read_text(encoding="utf-8"))["tables"]
    except (OSError, ValueError, KeyError):
        return {}
    return {name: table["rows"] for name, table in tables.items()}
