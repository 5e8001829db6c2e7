"""A dataset taken out of the project, with all that was made of it: ``regulars remove NAME``."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from regulars.errors import UserError
from regulars.paths import HISTORY, LOTS, PLANS, project_root
from regulars.settings.reading import DATASETS_SECTION, read

# where a dataset has a file or a folder of its own
PLACES = (
    "data/sources/{}.yaml", "data/raw/{}", "data/clean/{}", "data/scored/{}", f"{HISTORY.as_posix()}/{{}}",
    f"{PLANS.as_posix()}/{{}}", f"{LOTS.as_posix()}/{{}}", "models/{}", "reports/{}", "private/{}",
    "data/keys/{}", "data/forgotten/{}.txt", "data/identities/{}.csv",
)  # fmt: skip
LOCK = "dvc.lock"
CACHE = Path(".dvc", "cache", "files", "md5")


def remove(dataset: str, root: Path | None = None) -> list[str]:
    """Take a dataset out of ``params.yaml``, ``dvc.lock`` and DVC's cache, and delete its files.

    Parameters
    ----------
    dataset : str
    root : Path, optional
        Of the project.

    Returns
    -------
    list of str
        What is gone, a line each.

    Raises
    ------
    UserError
        Where there is nothing of that name, or ``params.yaml`` is laid out so that only a person can change it; then
        nothing is removed.
    """
    root = root or project_root()
    settings, lock = root / "params.yaml", root / LOCK
    known = read(settings)[DATASETS_SECTION]
    if not re.fullmatch(r"[\w-]+", dataset):
        raise UserError(f"'{dataset}' cannot be the name of a dataset (there are: {', '.join(known)}).")
    found = [root / place.format(dataset) for place in PLACES if (root / place.format(dataset)).exists()]
    if dataset not in known and not found:
        raise UserError(
            f"There is no dataset '{dataset}' (there are: {', '.join(known) or 'none'}): nothing is removed."
        )
    gone = []
    if dataset in known:
        content = without_dataset(settings.read_text(encoding="utf-8"), dataset)
        _write(settings, content)
        gone.append("its entry in params.yaml")
    if lock.is_file() and (freed := unlock(lock, dataset, root / CACHE)) is not None:
        gone.append(f"its stages in {LOCK}" + (f", and {freed} files of DVC's cache" if freed else ""))
    for place in found:
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        gone.append(place.relative_to(root).as_posix())
    for aside in (root / ".staging").glob(f"{dataset}.*"):
        shutil.rmtree(aside, ignore_errors=True)
    return gone


def without_dataset(content: str, dataset: str) -> str:
    r"""``params.yaml`` without one of its datasets; every other line stays as it is.

    Parameters
    ----------
    content : str
    dataset : str

    Returns
    -------
    str

    Raises
    ------
    UserError
        Where it is laid out in a way that cannot be taken from.

    Examples
    --------
    >>> print(without_dataset("datasets:\n  a:\n    value: {}\n  b: {}  # as it was\n", "a"))
    datasets:
      b: {}  # as it was
    <BLANKLINE>
    """
    before = yaml.safe_load(content)
    lines = content.splitlines(keepends=True)
    start = next(
        (i for i, line in enumerate(lines) if re.match(rf"""  (["']?){re.escape(dataset)}\1\s*:""", line)), None
    )
    if start is not None:
        end = start + 1
        while end < len(lines) and (not lines[end].strip() or re.match(r"   ", lines[end])):
            end += 1
        del lines[start:end]
    after = "".join(lines)
    left = {name: part for name, part in before[DATASETS_SECTION].items() if name != dataset}
    if not left:
        after = re.sub(rf"(?m)^{DATASETS_SECTION}:", f"{DATASETS_SECTION}: {{}}", after)
    try:
        same = yaml.safe_load(after) == before | {DATASETS_SECTION: left}
    except yaml.YAMLError:
        same = False
    if not same:
        raise UserError(
            f"params.yaml: '{DATASETS_SECTION}' is not laid out as one block; take '{dataset}' out by hand."
        )
    return after


def unlock(lock: Path, dataset: str, cache: Path) -> int | None:
    """Take a dataset's stages out of ``dvc.lock``; how many files of the cache only they had, None: there were none."""
    text = lock.read_text(encoding="utf-8")
    stages = (yaml.safe_load(text) or {}).get("stages") or {}
    own = {name: stage for name, stage in stages.items() if name.endswith(f"@{dataset}")}
    if not own:
        return None
    others = {name: stage for name, stage in stages.items() if name not in own}
    freed = _files_of(own, cache) - _files_of(others, cache)
    for name in own:
        text = re.sub(rf"(?m)^  {re.escape(name)}:\n(?:    .*\n|\n)*", "", text)
    _write(lock, text)
    for file in freed:
        file.unlink(missing_ok=True)
    return len(freed)


def _files_of(stages: Mapping[str, Mapping], cache: Path) -> set[Path]:
    """Files of the cache that hold the outputs of stages."""
    found = set()
    for out in (out for stage in stages.values() for out in stage.get("outs", ())):
        file = _cached(out["md5"], cache)
        if not file.is_file():
            continue
        found.add(file)
        if file.suffix == ".dir":
            found |= {_cached(one["md5"], cache) for one in json.loads(file.read_text(encoding="utf-8"))}
    return {file for file in found if file.is_file()}


def _cached(md5: str, cache: Path) -> Path:
    return cache / md5[:2] / md5[2:]


def _write(file: Path, content: str) -> None:
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(content, encoding="utf-8")
    aside.replace(file)
