"""Settings tried on the whole pipeline, aside: every stage that they concern, and pages beside the official ones."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from regulars.errors import UserError
from regulars.paths import STAGING_VARIABLE, project_root, read_first
from regulars.settings import places_of, stage_settings
from regulars.stages import STAGES

RECORD = "what_if.json"  # in the folder of what was tried: the settings, and what it was computed from
RERUN = [name for name in STAGES if name != "ingest"]


def folder_of(dataset: str, changes: Mapping) -> Path:
    """Folder of what some settings give, below ``scratch/``."""
    told = json.dumps(dict(changes), sort_keys=True, default=str)
    return project_root() / "scratch" / f"{dataset}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def carried(dataset: str, changes: Mapping) -> Path | None:
    """Folder in which these settings have been carried through the present data; None where they have not.

    While they are being carried through it is the folder in the making, so that each stage reads what the stages before
    it have just made.
    """
    folder = folder_of(dataset, changes)
    if os.environ.get(STAGING_VARIABLE) == str(folder):
        return folder
    record = folder / RECORD
    if not record.is_file():
        return None
    return folder if json.loads(record.read_text(encoding="utf-8")) == _record(dataset, changes) else None


def _record(dataset: str, changes: Mapping) -> dict:
    """What the result of a trial depends on: its settings, and the cleaned data."""
    ledger = project_root() / "data" / "clean" / dataset / "ledger.json"
    content = ledger.read_bytes() if ledger.is_file() else b""
    told = {stage: repr(stage_settings(stage, dataset, changes)) for stage in RERUN}
    settings = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return {"ledger": hashlib.sha256(content).hexdigest(), "settings": settings}


def carry_through(dataset: str, changes: Mapping, differing: Mapping[str, str]) -> Path:
    """Run every stage that some settings concern, and those after it, and make the pages; nothing official changes.

    Parameters
    ----------
    dataset : str
    changes : mapping
        Settings to try instead.
    differing : mapping
        Those that differ from ``params.yaml``.

    Returns
    -------
    pathlib.Path
        The index of the pages.

    Raises
    ------
    UserError
        Where nothing differs, or the dataset's pages are not built yet.
    """
    if not differing:
        raise UserError(f"{dataset} is opened with the settings of params.yaml: name one to try, such as margin=0.4.")
    if not (project_root() / "data" / "clean" / dataset / "ledger.json").is_file():
        raise UserError(f"{dataset} is not built yet: run `regulars reports {dataset}` first.")
    folder = folder_of(dataset, changes)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    concerned = [RERUN.index(stage) for stage in places_of(changes) if stage in RERUN]
    with _aside(folder):
        for stage in RERUN[min(concerned, default=0) :]:
            _run(stage, dataset, changes, folder)
    (folder / RECORD).write_text(json.dumps(_record(dataset, changes)), encoding="utf-8")
    return folder / "reports" / dataset / "index.html"


@contextmanager
def _aside(folder: Path):
    before = os.environ.get(STAGING_VARIABLE)
    os.environ[STAGING_VARIABLE] = str(folder)
    try:
        with read_first(folder):
            yield
    finally:
        if before is None:
            del os.environ[STAGING_VARIABLE]
        else:
            os.environ[STAGING_VARIABLE] = before


def _run(name: str, dataset: str, changes: Mapping, folder: Path) -> None:
    stage = STAGES[name]
    if stage.notebook:
        from regulars.runner import execute

        target = folder / f"reports/{dataset}/executed/{name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        source = project_root() / "notebooks" / stage.notebook
        execute(source, target, {"dataset": dataset, "changes": dict(changes)}, project_root())
        return
    module, function = (stage.entry or "").split(":")
    getattr(import_module(module), function)(dataset, vars(stage_settings(name, dataset, changes)))
