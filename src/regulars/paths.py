"""Where the project stands, so that no file is looked for relative to the caller's folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

ROOT_VARIABLE = "REGULARS_ROOT"
STAGING_VARIABLE = "REGULARS_STAGING"
# of a project, with a folder per dataset: what was told in earlier months, what is planned, and lots that were drawn
HISTORY, PLANS, LOTS = Path("data", "history"), Path("data", "plans"), Path("data", "lots")
_FIRST: ContextVar[Path | None] = ContextVar("first", default=None)


def project_root() -> Path:
    """Folder that holds ``params.yaml``: the one named by ``REGULARS_ROOT``, or the nearest one upwards.

    papermill starts notebooks in the caller's folder and JupyterLab in ``notebooks/``; both find the same root.
    """
    named = os.environ.get(ROOT_VARIABLE)
    if named:
        return Path(named).resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "params.yaml").is_file() and (folder / "dvc.yaml").is_file():
            return folder
    return here


def make_room_for(dataset: str) -> None:
    """Make the folders of a dataset on which stages depend, be they empty, so that no other dataset's concern them."""
    for folder in (HISTORY, PLANS, LOTS):
        (project_root() / folder / dataset).mkdir(parents=True, exist_ok=True)


def output_root() -> Path:
    """Folder under which outputs are written, mirroring the project's layout.

    A pipeline stage writes aside, into the folder named by ``REGULARS_STAGING``, and the runner swaps the files in
    at the end. A notebook opened by hand writes into ``scratch/``, so that it never disturbs the pipeline's outputs.
    """
    staging = os.environ.get(STAGING_VARIABLE)
    return Path(staging) if staging else project_root() / "scratch"


@contextmanager
def read_first(folder: Path | None) -> Iterator[None]:
    """Within it, `found` looks in a folder that mirrors the project before it looks in the project."""
    token = _FIRST.set(folder)
    try:
        yield
    finally:
        _FIRST.reset(token)


def found(relative: Path | str) -> Path:
    """Where a file of the project is read: as the pipeline last left it, or as of `read_first`."""
    first = _FIRST.get()
    if first is not None and (first / relative).exists():
        return first / relative
    return project_root() / relative
