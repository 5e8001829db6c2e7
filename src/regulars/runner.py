"""Run one stage: its notebook with its settings, or its function; check, scrub, and swap the outputs in."""

import importlib
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

from regulars.errors import UntoldError, UserError
from regulars.lazy import leave_out_slow_checker
from regulars.lifeline import HAS_SOCKET_FILES, UNINTERRUPTED, kept_aside, own_folder
from regulars.paths import ROOT_VARIABLE, STAGING_VARIABLE, make_room_for, project_root
from regulars.settings import resolve
from regulars.stages import STAGES

RUN_LOG_VARIABLE = "REGULARS_RUN_LOG"
# two kernels that start at the same moment may be given the same port, but never the same file
WITH_REAL_IDS, OWNER_ONLY = ("data/raw/", "data/clean/", "data/scored/"), 0o700
REAL_IDS = re.compile(r"\b(customer_id|referrer_id|referred_id|referred_by|other_id)\b")
ROWS_OF_CUSTOMERS = "rows of single customers: shown in a live notebook only"
LONG_NUMBER = re.compile(r"-?\b\d+\.\d{9,}(e[+-]?\d+)?\b")
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def run_stage(stage_name: str, dataset: str) -> float:
    """Run a stage of the pipeline for one dataset.

    The outputs are written aside and take the place of the earlier ones only when all of them are there: a stage
    that fails or is killed leaves the last good ones standing.

    Parameters
    ----------
    stage_name : str
        A name in `regulars.stages.STAGES`.
    dataset : str
        A name under ``datasets`` in ``params.yaml``.

    Returns
    -------
    float
        Seconds it took.

    Raises
    ------
    UserError
        Where settings or data are not as they must be.
    """
    started = time.perf_counter()
    if stage_name not in STAGES:
        raise UserError(f"There is no stage '{stage_name}': name one of {', '.join(STAGES)}.")
    stage = STAGES[stage_name]
    root = project_root()
    settings = resolve(stage.name, dataset)  # refuses what is wrong there before anything runs
    staging = root / ".staging" / f"{dataset}.{stage.name}"
    finish_swap(root, stage.owned(dataset))
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    make_room_for(dataset)
    os.environ |= {ROOT_VARIABLE: str(root), STAGING_VARIABLE: str(staging)}
    with kept_aside(staging):
        if stage.notebook:
            _run_notebook(stage.name, root / "notebooks" / stage.notebook, dataset, staging)
        else:
            module, function = (stage.entry or "").split(":")
            getattr(importlib.import_module(module), function)(dataset, settings)
        with UNINTERRUPTED:
            swap_in(staging, root, stage.owned(dataset))
    seconds = time.perf_counter() - started
    _log_run(stage.name, dataset, seconds)
    return seconds


def _log_run(stage_name: str, dataset: str, seconds: float) -> None:
    log = os.environ.get(RUN_LOG_VARIABLE)
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"dataset": dataset, "stage": stage_name, "seconds": seconds}) + "\n")


def swap_in(staging: Path, root: Path, outputs: list[str]) -> None:
    """Put the outputs that were written aside in the place of the earlier ones.

    Parameters
    ----------
    staging, root : Path
        Folder written to, and folder whose layout it mirrors.
    outputs : list of str
        Relative paths that the stage owns; a folder ends in ``/``.

    Raises
    ------
    RuntimeError
        Where the stage wrote something else, or not all: then nothing has been moved.
    """
    written = {path.relative_to(staging).as_posix() for path in staging.rglob("*") if path.is_file()}
    folders = tuple(output for output in outputs if output.endswith("/"))
    files = [output for output in outputs if not output.endswith("/")]
    stray = sorted(name for name in written if name not in files and not name.startswith(folders or ("\0",)))
    absent = [name for name in files if name not in written]
    if stray or absent:
        raise RuntimeError(f"the stage wrote what it does not own {stray} or did not write {absent}")
    for output in outputs:
        source, target = staging / output, root / output
        target.parent.mkdir(parents=True, exist_ok=True)
        if not output.endswith("/"):
            _close(target.parent, output)
            source.replace(target)
            continue
        source.mkdir(parents=True, exist_ok=True)
        _close(source, output)
        earlier = _earlier(target)
        if target.exists():  # a folder cannot take the place of another at once: kept beside until the new one stands
            target.rename(earlier)
        source.replace(target)
        shutil.rmtree(earlier, ignore_errors=True)


def _close(folder: Path, output: str) -> None:
    """A dataset's own folder of what holds real ids: nobody else on the machine sees its inside."""
    if output.startswith(WITH_REAL_IDS):
        folder.chmod(OWNER_ONLY)


def _earlier(target: Path) -> Path:
    return target.with_name(f".{target.name}.earlier")


def finish_swap(root: Path, outputs: list[str]) -> None:
    """Put back, or clear away, what a run that was killed while it swapped its outputs in has left beside them."""
    for output in outputs:
        target, earlier = root / output, _earlier(root / output)
        if output.endswith("/") and earlier.exists():
            shutil.rmtree(earlier) if target.exists() else earlier.rename(target)


def _run_notebook(stage: str, source: Path, dataset: str, staging: Path) -> None:
    target = staging / f"reports/{dataset}/executed/{stage}.ipynb"
    target.parent.mkdir(parents=True)
    notebook = execute(source, target, {"dataset": dataset}, source.parents[1])
    refuse_noise(notebook, source.name)
    say_faults(stage, dataset, staging)

    import nbformat

    scrub(notebook)
    target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def say_faults(stage_name: str, dataset: str, staging: Path) -> None:
    """Say on the terminal what failed in a stage through no fault of the data; its sections say so on the page."""
    told = staging / f"reports/{dataset}/told/{stage_name}.json"
    found = json.loads(told.read_text(encoding="utf-8")).get("faults", []) if told.is_file() else []
    for fault in found:
        text = f"regulars: {dataset}, {stage_name}: this should not have happened, and its page says so: {fault}"
        print(f"{text}; please report it.", file=sys.stderr)


def execute(source: Path, target: Path, parameters: dict, root: Path):
    """Run a notebook through papermill in a kernel of this environment.

    Parameters
    ----------
    source, target : Path
        Notebook to run, and where papermill keeps the executed one while it runs.
    parameters : dict
        Injected after the cell tagged ``parameters``.
    root : Path
        Working folder of the kernel.

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    UserError
        The notebook's own `UserError`, passed on.
    """
    leave_out_slow_checker()
    import papermill
    from traitlets.config import Config

    private = target.parent / ".ipython"
    sockets = own_folder()
    # the address is named here: by default every kernel of a folder would be given the same one
    own_sockets = {"transport": "ipc", "ip": str(sockets / "kernel")} if HAS_SOCKET_FILES else {}
    os.environ |= {
        "JUPYTER_RUNTIME_DIR": str(sockets),
        "JUPYTER_PREFER_ENV_PATH": "1",  # a kernel of that name in the user's folder may be another Python
        "IPYTHONDIR": str(private),  # no start-up files and no history of the user's
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
    }
    with kept_aside(sockets, private):
        try:
            return papermill.execute_notebook(
                str(source),
                str(target),
                parameters,
                kernel_name="python3",
                cwd=str(root),
                progress_bar=False,
                request_save_on_cell_execute=False,
                # the kernel's advice on its transport, and what it says when it is stopped; what a cell writes to
                # stderr is a different stream
                extra_arguments=["--log-level=CRITICAL"],
                # all is written by then; on its way out after an error DuckDB would list what is still in use
                shutdown_kernel="immediate",
                config=Config({"KernelManager": own_sockets}),
            )
        except papermill.PapermillExecutionError as error:
            if error.ename in (UserError.__name__, UntoldError.__name__):
                raise UserError(error.evalue) from error
            raise


def refuse_noise(notebook, name: str) -> None:
    """Refuse a report in which something was written to stderr: a warning on a page is a failed report.

    Raises
    ------
    RuntimeError
        That names the notebook and the cell and quotes the first line.
    """
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                line = "".join(output["text"]).strip().splitlines()[0]
                raise RuntimeError(f"{name}, cell {number}: it wrote a warning: {line}")


def scrub(notebook) -> None:
    """Take out of an executed notebook what differs from run to run, and rows of single customers.

    Times, addresses, ids of cells and the interpreter differ; real ids of customers are for a live notebook alone.
    """
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            if any(REAL_IDS.search("".join(shown.get(kind, ""))) for kind in ("text/plain", "text/html")):
                output["data"] = {"text/plain": ROWS_OF_CUSTOMERS}
            if output.get("output_type") == "stream":
                output["text"] = _same_everywhere("".join(output["text"]))
            elif "text/plain" in output.get("data", {}):
                output["data"]["text/plain"] = _same_everywhere("".join(output["data"]["text/plain"]))


def _same_everywhere(text: str) -> str:
    """Without addresses, and with numbers of no more digits than a processor does not decide."""
    return LONG_NUMBER.sub(lambda found: f"{float(found[0]):.10g}", ADDRESS.sub("0x…", text))
