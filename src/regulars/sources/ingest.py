"""Bring a dataset's tables in as they came: copied, or drawn by the simulator, and counted."""

import hashlib
import importlib.util
import shutil
from pathlib import Path

from regulars.catalog.places import write_json
from regulars.errors import UserError
from regulars.paths import output_root, project_root
from regulars.privacy import forgotten_file
from regulars.sources.forgotten import Forgotten
from regulars.sources.mapping import Mapping, load_mapping
from regulars.sources.raw import raw_folder, read_files, read_manifest


def ingest(dataset: str, settings: dict) -> dict:
    """Copy a dataset's tables as they came, check that they can be read, and write down what came.

    Parameters
    ----------
    dataset : str
    settings : dict
        The stage's settings; ``seed`` is what a simulator starts from.

    Returns
    -------
    dict
        What ``manifest.json`` holds: ``source``, and for each table its ``rows`` and ``files`` (each with file,
        rows, sha256).

    Raises
    ------
    UserError
        Where a file is absent, empty or unreadable, or lacks a column of the mapping.
    """
    mapping = load_mapping(dataset)
    target = output_root() / raw_folder(dataset)
    target.mkdir(parents=True, exist_ok=True)
    simulated = _simulate(mapping, settings, target)
    tables = {}
    gone = Forgotten(mapping)
    for name, table in mapping.tables.items():
        copies = simulated[name] if name in simulated else _copy(mapping, name, table, target)
        back = _copies(_glob(table["refunds"]["path"], _refunds(mapping, name)), f"{name}/refunds", target) if (
            "path" in table["refunds"]
        ) else []  # fmt: skip
        as_they_came = [_sha256(target / copy) for copy in (*copies, *back)]
        copies, left_out = gone.taken_out(name, target, copies)
        back = gone.refunds_taken_out(name, target, back) if back else back
        read = read_files(mapping, name, target, copies, refunds=back)
        files = [
            {"file": copy, "rows": rows, "sha256": sha256}
            for copy, (_, rows), sha256 in zip((*copies, *back), read.files, as_they_came, strict=True)
        ]
        tables[name] = {"rows": read.rows, "files": files[: len(copies)]}
        tables[name] |= ({"refunds": files[len(copies) :]} if back else {}) | (
            {"forgotten": left_out} if left_out else {}
        )
    manifest = {"source": mapping.source, "simulated": mapping.simulated, "tables": tables} | _forgetting(dataset)
    write_json(manifest, raw_folder(dataset) / "manifest.json")
    return manifest


def has_changed(dataset: str) -> bool:
    """Whether the files that a dataset is read from are others than those last brought in.

    They lie outside the pipeline, so that no stage can watch them: asked before a run. A database is read again every
    time, since nothing tells from outside whether its rows are the same; where they are, no later stage runs.

    Returns
    -------
    bool
        False where nothing has been brought in yet: the pipeline knows that by itself.

    Raises
    ------
    UserError
        Where the mapping, or a file that it names, is not there.
    """
    mapping = load_mapping(dataset)
    if not (project_root() / raw_folder(dataset) / "manifest.json").is_file():
        return False
    manifest = read_manifest(dataset)
    tables = manifest["tables"]
    if {name: manifest[name] for name in ("forgetting",) if name in manifest} != _forgetting(dataset):
        return True
    return any("url" in table for table in mapping.tables.values()) or any(
        [_sha256(file) for file in _glob(given["path"], key)]
        != [entry["sha256"] for entry in tables.get(name, {}).get(kind, [])]
        for name, table in mapping.tables.items()
        for kind, given, key in (
            ("files", table, f"{mapping.file}: tables.{name}"), ("refunds", table["refunds"], _refunds(mapping, name)),
        )
        if "path" in given
    )  # fmt: skip


def _refunds(mapping: Mapping, name: str) -> str:
    """What messages call the place of the mapping that names a file of refunds."""
    return f"{mapping.file}: tables.{name}.refunds"


def _forgetting(dataset: str) -> dict[str, str]:
    """Which list of those who are to be forgotten was applied; nothing where there is none."""
    file = forgotten_file(dataset)
    return {"forgetting": _sha256(file)} if file.is_file() else {}


def _simulate(mapping: Mapping, settings: dict, target: Path) -> dict[str, list[str]]:
    wanted = {name: table["simulator"] for name, table in mapping.tables.items() if "simulator" in table}
    if not wanted:
        return {}
    from regulars.simulate import demo

    made = demo(seed=settings["seed"], **mapping.simulator)
    truth = made.pop("truth", None)
    if truth is not None:
        write_json(truth, raw_folder(mapping.name) / "truth.json")
    for name in [name for name in made if name.startswith("truth")]:
        made.pop(name).to_csv(target / f"{name}.csv", index=False, lineterminator="\n")
    for name, source in wanted.items():
        if source not in made:
            raise UserError(
                f"{mapping.file}: tables.{name}.simulator: the simulator makes no table '{source}'; "
                f"it makes {', '.join(made)}."
            )
        made[source].to_csv(target / f"{name}.csv", index=False, lineterminator="\n")
    return {name: [f"{name}.csv"] for name in wanted}


def _copy(mapping: Mapping, name: str, table: dict, target: Path) -> list[str]:
    key = f"{mapping.file}: tables.{name}"
    if "url" in table:
        from regulars.sources.databases import copy_table

        copy = f"{name}/{name}.parquet"
        (target / name).mkdir(exist_ok=True)
        copy_table(table, mapping.time_zone, target / copy, key)
        return [copy]
    if "rows" in table:
        import pandas as pd

        (target / name).mkdir(exist_ok=True)
        pd.DataFrame(table["rows"], dtype="object").to_csv(
            target / name / f"{name}.csv", index=False, lineterminator="\n"
        )
        return [f"{name}/{name}.csv"]
    sources = [_resource(table["resource"], key)] if "resource" in table else _glob(table["path"], key)
    return _copies(sources, name, target)


def _copies(sources: list, folder: str, target: Path) -> list[str]:
    """Copies of files in a folder of the raw tables."""
    names = [source.name for source in sources]
    copies = []
    for source in sources:
        # files of the same name from several folders must not overwrite each other
        unique = names.count(source.name) == 1
        copy = f"{folder}/{source.name}" if unique else f"{folder}/{len(copies) + 1}-{source.name}"
        (target / folder).mkdir(parents=True, exist_ok=True)
        with source.open("rb") as given, (target / copy).open("wb") as kept:
            shutil.copyfileobj(given, kept)
        copies.append(copy)
    return copies


def _resource(resource: dict, key: str):
    package, file = resource["package"], resource["file"]
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise UserError(f"{key}.resource: the Python package '{package}' is not installed; install it.")
    # by its loader: importlib.resources.files would import the package, which takes seconds and may fail
    found = spec.loader.get_resource_reader(package).files().joinpath(file)
    if not found.is_file():
        raise UserError(f"{key}.resource: the package '{package}' has no file '{file}'; name one that it has.")
    return found


def _glob(patterns, key: str) -> list[Path]:
    found = []
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        path = Path(str(pattern)).expanduser()
        base, relative = (Path(path.anchor), path.relative_to(path.anchor)) if path.is_absolute() else (None, path)
        base = base or project_root()
        matches = sorted(file for file in base.glob(str(relative)) if file.is_file())
        if not matches:
            raise UserError(f"{key}.path: there is no file '{pattern}'; paths start at the project's folder.")
        found += [match for match in matches if match not in found]
    return found


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
