"""Files with real ids: where they may lie, and that only their owner reads them."""

import os
from pathlib import Path

from regulars.errors import UserError
from regulars.paths import project_root

OWNER_ONLY = 0o600
SHARED = ("reports", "data", "models", "docs")


def private_place(output: Path | None, dataset: str, name: str) -> Path:
    """Where a file with real ids is written.

    Parameters
    ----------
    output : Path or None
        As asked for.
    dataset, name : str
        Default: ``private/<dataset>/<name>``, which neither git nor DVC looks at.

    Raises
    ------
    UserError
        Where it would land among what the pipeline publishes.
    """
    root = project_root()
    file = (output.expanduser() if output else root / "private" / dataset / name).absolute()
    for shared in SHARED:
        if file.resolve().is_relative_to(root / shared):
            raise UserError(f"{shared}/ is passed on, and the list holds real ids: write it elsewhere.")
    return file


def write_for_owner(file: Path, content: bytes) -> None:
    """Write a file that others never may read, not even while it is being written."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = file.with_name(f".{file.name}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY), "wb") as target:
        target.write(content)
    aside.replace(file)
