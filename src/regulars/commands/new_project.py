"""A project of one's own outside the clone: ``regulars init FOLDER`` lays it out, of what the installed library brings.

Its ``dvc.yaml`` is the clone's, with a fingerprint of each room of the installed library (``data/library/``) in place
of the library's files: after an upgrade of the library those stages run again whose rooms have changed, and no others.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from regulars.commands.remove import without_dataset
from regulars.errors import UserError
from regulars.paths import HISTORY, LOTS, PLANS

PACKAGE = Path(__file__).parents[1]
SHARED = "share/regulars/"  # where the wheel puts what a project begins with
LIBRARY = "data/library"
IN_CLONE = re.compile(r"^( +- )src/regulars/(\w+)(?:\.py)?$", re.M)
IN_PROJECT = re.compile(rf"^ +- {LIBRARY}/(\w+)\.txt$", re.M)
LIST_OF_FILES = "library, as imported (python tools/imports.py --write)"
EXAMPLE, OTHER_EXAMPLE = "demo", "cdnow"
PIPELINE, SETTINGS = "dvc.yaml", "params.yaml"
SCHEMA = "src/regulars/sources/source.schema.json"  # of mappings: editors complete from where it lies in a clone
# of the library's version, and renewed with it; the rest is the project's own
RENEWED = (PIPELINE, "notebooks/*.ipynb", "tools/jupyter_server_config.py")
BEGUN = (*RENEWED, SETTINGS, ".gitignore", ".dvcignore", ".dvc/config", "data/*/README.md", "explore/README.md",
         f"data/sources/{EXAMPLE}.yaml")  # fmt: skip
README = """\
# What our customers are worth

Made by `regulars init` ({version}). `params.yaml` holds every setting, `data/sources/` says where tables come from,
`notebooks/` tell the story, `dvc.yaml` is the pipeline; all of it is yours to keep in git.

    regulars reports demo                       # a simulated shop, to see what comes out: reports/demo/index.html
    regulars new shop exports/*.csv             # your own files: answer what it asks
    export REGULARS_ID_KEY=<a long random text> # customers appear under pseudonyms made with it
    regulars reports shop
    regulars remove demo
    jupyter lab --config=tools/jupyter_server_config.py

A newer library: `pip install --upgrade regulars`, then `regulars init --renew .` (notebooks and `dvc.yaml` of that
version; look at `git diff`) and `regulars upgrade` (settings and mappings). What has changed runs again with the next
`regulars reports`.
"""


def begin(folder: Path, version: str) -> Path:
    """Lay out a new project.

    Parameters
    ----------
    folder : Path
        Is made, or empty.
    version : str
        Of the library.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UserError
        Where there is something in it.
    """
    if folder.is_dir() and any(folder.iterdir()):
        renewed = f"or renew a project by `regulars init --renew {folder}`"
        raise UserError(f"{folder} is not empty: name a new folder, {renewed}.")
    _lay_out(folder, BEGUN)
    settings = folder / SETTINGS
    settings.write_text(without_dataset(settings.read_text(encoding="utf-8"), OTHER_EXAMPLE), encoding="utf-8")
    (folder / "README.md").write_text(README.format(version=version), encoding="utf-8")
    schema = folder / SCHEMA
    schema.parent.mkdir(parents=True)
    shutil.copyfile(PACKAGE.parent / Path(SCHEMA).relative_to("src"), schema)
    for kept in (HISTORY, PLANS, LOTS):
        (folder / kept / EXAMPLE).mkdir(parents=True)
        (folder / kept / EXAMPLE / ".gitkeep").touch()
    record_library(folder)
    _track(folder)
    return folder


def renew(folder: Path) -> list[str]:
    """Bring notebooks and pipeline of a project up to the installed library; settings, mappings and data stay.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of str
        What is another than before, as paths below the folder.

    Raises
    ------
    UserError
        Where the folder is no project, or is a clone of the library, which needs none of it.
    """
    pipeline = folder / PIPELINE
    if not pipeline.is_file() or not (folder / SETTINGS).is_file():
        raise UserError(f"{folder} has no {PIPELINE} and {SETTINGS}: make a project by `regulars init {folder}`.")
    if not IN_PROJECT.search(pipeline.read_text(encoding="utf-8")):
        raise UserError(f"{folder} holds the library itself: what git brings is up to date.")
    return sorted({*_lay_out(folder, RENEWED), *record_library(folder)})


def record_library(root: Path) -> list[str]:
    """Write what the rooms of the installed library are, where a project's stages depend on them.

    Parameters
    ----------
    root : Path
        Of a project; nothing happens in a clone of the library.

    Returns
    -------
    list of str
        Records that have changed.

    Raises
    ------
    UserError
        Where ``dvc.yaml`` names a room that the library does not have.
    """
    pipeline = root / PIPELINE
    names = set(IN_PROJECT.findall(pipeline.read_text(encoding="utf-8"))) if pipeline.is_file() else set()
    changed = []
    for name in sorted(names):
        room = PACKAGE / name if (PACKAGE / name).is_dir() else PACKAGE / f"{name}.py"
        if not room.exists():
            what = f"{PIPELINE} is of another version of the library, which has no {name}"
            raise UserError(f"{what}: run `regulars init --renew .`.")
        record, told = root / LIBRARY / f"{name}.txt", fingerprint(room) + "\n"
        if not record.is_file() or record.read_text(encoding="utf-8") != told:
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(told, encoding="utf-8")
            changed.append(record.relative_to(root).as_posix())
    return changed


def fingerprint(room: Path) -> str:
    """Of a room of the library, a file or a folder: the same wherever it is installed, another where a byte differs."""
    content = hashlib.sha256()
    inside = sorted(room.rglob("*")) if room.is_dir() else [room]
    for file in inside:
        if file.is_file() and "__pycache__" not in file.parts:
            own = hashlib.sha256(file.read_bytes()).hexdigest()
            content.update(f"{file.relative_to(room).as_posix()} {own}\n".encode())
    return content.hexdigest()


def _lay_out(folder: Path, parts: tuple[str, ...]) -> list[str]:
    """Copy what a project begins with; names of what was not there in these bytes."""
    changed = []
    for name, source in _brought(parts):
        content = source.read_bytes()
        if name == PIPELINE:
            content = of_project(content.decode("utf-8")).encode("utf-8")
        target = folder / name
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(name)
    return changed


def of_project(pipeline: str) -> str:
    r"""``dvc.yaml`` of a clone as a project has it: records of the library in the place of its files, one example.

    Examples
    --------
    >>> print(of_project("      - src/regulars/clv\n      reports/cdnow/tables/a.csv: [b]\n"))
          - data/library/clv.txt
    <BLANKLINE>
    """
    lines = (
        IN_CLONE.sub(rf"\1{LIBRARY}/\2.txt", pipeline).replace(LIST_OF_FILES, "library, as installed").splitlines(True)
    )
    return "".join(line for line in lines if f"/{OTHER_EXAMPLE}/" not in line)


def _brought(parts: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """What the library brings of these, by name: from its clone, or from where the wheel was installed."""
    clone = PACKAGE.parents[1]
    if (clone / "pyproject.toml").is_file() and (clone / PIPELINE).is_file():
        found = {path.relative_to(clone).as_posix(): path for part in parts for path in clone.glob(part)}
    else:
        found = {name: path for name, path in _installed() if any(Path(name).match(part) for part in parts)}
    if PIPELINE not in found:
        raise UserError("The library lacks what a project begins with: install it again by pip, from its wheel.")
    yield from sorted(found.items())


def _installed() -> Iterator[tuple[str, Path]]:
    try:
        listed = files("regulars") or []
    except PackageNotFoundError:
        return
    for one in listed:
        before, shared, name = one.as_posix().rpartition(SHARED)
        if shared and not before.strip("./"):
            yield name, Path(one.locate()).resolve()


def _track(folder: Path) -> None:
    """Begin a history, where git is there and the folder is in none; without git DVC is told so."""
    if shutil.which("git") is None:
        with (folder / ".dvc" / "config").open("a", encoding="utf-8") as config:
            config.write("    no_scm = true\n")
        return
    inside = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=folder, capture_output=True)
    if inside.returncode:
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
