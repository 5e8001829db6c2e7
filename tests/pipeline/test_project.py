"""The project's own rules: layout, locks, arrows between rooms, stages against what they import."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import imports
from regulars.catalog.tables import TABLES
from regulars.dataset import Dataset
from regulars.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
START = ROOT / "notebooks" / "00_start.ipynb"  # belongs to no stage
# every room, from the ground up: one may import from those before it, never from those after it
ROOMS = (
    "errors", "frames", "lazy", "paths", "progress", "showing", "labels", "rounding", "settings", "privacy", "stages",
    "statistics", "finding", "cells", "engine", "catalog", "disclosure", "told", "simulate", "sources", "cleaning",
    "purchases", "purchases_in_engine", "clv", "segments", "retention", "satisfaction", "interaction", "actions",
    "cube", "report", "pages", "dataset", "plots", "lifetimes", "history", "cycle", "customer_table", "private_files",
    "customer", "lots", "commands", "lifeline", "runner", "what_if", "run_log", "cli",
)  # fmt: skip
# frames and numbers in, frames and numbers out
DOMAIN = (
    "statistics",
    "simulate",
    "purchases",
    "purchases_in_engine",
    "clv",
    "segments",
    "retention",
    "satisfaction",
    "interaction",
    "actions",
    "cube",
)


def room(module: str) -> str:
    """Room of a module: regulars.clv.beta_geo is in clv."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def rooms_imported(file: Path) -> set[str]:
    return {room(name) for name in imports.imported(ast.parse(file.read_text(encoding="utf-8")))} - {""}


def library_files() -> list[Path]:
    return sorted(imports.PACKAGE.rglob("*.py"))


def relative_room(file: Path) -> str:
    return file.relative_to(imports.PACKAGE).parts[0].removesuffix(".py")


def test_every_room_has_its_place():
    assert {relative_room(file) for file in library_files()} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("file", library_files(), ids=lambda file: file.relative_to(imports.PACKAGE).as_posix())
def test_arrows_run_one_way(file):
    here, reached = relative_room(file), rooms_imported(file)
    if here == "__init__":
        return
    above = set(ROOMS[ROOMS.index(here) + 1 :])
    assert not reached & above, "a room knows nothing of what stands on it"
    if here in DOMAIN:
        assert not reached & {"catalog", "report", "pages", "history"}, (
            "files and pages are no concern of a domain room"
        )
    if here == "report":
        assert not reached & set(DOMAIN) - {"statistics"}, "a page is made of what it is handed"


def test_no_module_imports_itself_in_a_circle():
    """Imports inside functions included: a circle is one wherever it is closed."""
    reached = {}
    for file in library_files():
        name = ".".join(file.relative_to(imports.SOURCE).with_suffix("").parts).removesuffix(".__init__")
        others = imports.imported(ast.parse(file.read_text(encoding="utf-8")))
        reached[name] = {other for other in others if not name.startswith(f"{other}.")} - {name}

    def circle(name, path):
        if name in path:
            return [*path[path.index(name) :], name]
        if name in clear:
            return []
        for other in sorted(reached.get(name, ())):
            if found := circle(other, [*path, name]):
                return found
        clear.add(name)
        return []

    clear: set[str] = set()
    assert [found for name in sorted(reached) if (found := circle(name, []))] == []


@pytest.mark.parametrize("file", library_files(), ids=lambda file: file.relative_to(imports.PACKAGE).as_posix())
def test_no_private_name_leaves_its_room(file):
    tree, here = ast.parse(file.read_text(encoding="utf-8")), relative_room(file)
    foreign = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("regulars.")
        if room(node.module) != here
    ]
    taken = [
        f"{node.module}.{alias.name}"
        for node in foreign
        for alias in node.names
        if any(part.startswith("_") for part in (*node.module.split("."), alias.name))
    ]
    assert taken == []


@pytest.mark.parametrize("name", DOMAIN)
def test_domain_modules_are_pure(name):
    files = [file for file in library_files() if relative_room(file) == name]
    for file in files:
        source = file.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(print\(|import plotly|from plotly)", source, re.M), file
        assert "catalog" not in rooms_imported(file), f"{file} reads or writes files"
        assert "privacy" not in rooms_imported(file), f"{file} reads a key: notebooks hand over the names"
        assert not re.search(r"(?<!regulars)\.(to_csv|to_parquet|write_text|read_text|open)\(", source), file


def dvc_stages() -> dict:
    return yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def outs(stage: dict) -> dict[str, bool]:
    """Path of each output to whether it persists."""
    entries = [entry for kind in ("outs", "metrics") for entry in stage.get(kind, [])]
    return {path: options.get("persist", False) for entry in entries for path, options in entry.items()}


@pytest.mark.parametrize("name", STAGES)
def test_stage_depends_on_what_it_imports(name):
    deps = set(dvc_stages()[name]["do"]["deps"])
    listed = {dep for dep in deps if dep.startswith(("src/", "data/keys/"))}
    assert listed == set(imports.stage_files()[name]), "run python tools/imports.py --write"
    notebook = STAGES[name].notebook
    assert notebook is None or f"notebooks/{notebook}" in deps


CLEAN = "data/clean/${key}/"
ABOUT = {f"{CLEAN}ledger.json"}
# what a notebook reads by asking its dataset for it, as dvc.yaml writes it; a table of the clean layer is named
READ = {
    "about": ABOUT, "start": ABOUT, "end": ABOUT, "currency": ABOUT, "report": ABOUT, "tables": ABOUT,
    "purchases": {TABLES["orders"].relative_path("${key}").as_posix()},
    "economics": {TABLES["orders"].relative_path("${key}").as_posix()},
    "models": {"models/${key}/clv.json"},
    "truth": {"data/raw/${key}"},
    "conditions_missed": {"reports/${key}/metrics/clean.json"},
    "compare": {"data/scored/${key}/customers.parquet", f"{CLEAN}customers.parquet"},
    "customer": {CLEAN, "data/scored/${key}"},
    **{
        name: {TABLES[f"scored.{name}"].relative_path("${key}").as_posix()}
        for name in ("value", "segments", "satisfaction", "retention", "interaction", "preferences", "customers")
    },
}  # fmt: skip
READS_NOTHING = {"pages", "settings", "save", "save_models", "pseudonyms", "name", "changes", "cube", "cube_facts"}


def files_read(code: str) -> set[str]:
    """Files that a notebook reads through the dataset that it opens, as dvc.yaml writes them."""
    code = re.sub(r"\bshop\.report\([^)]*\babout=", "(", code)  # handed in, not read
    asked = set(re.findall(r"\bshop\.(\w+)", code)) - READS_NOTHING
    read = set().union(*(READ[name] for name in asked))
    for table in re.findall(r'\bshop\.tables(?:\[|\.load\(|\.in_engine\()"(\w+)"', code):
        read.add(TABLES[table].relative_path("${key}").as_posix())
    if re.search(r"\bshop\.tables(?!\[|\.load|\.in_engine)", code):
        read.add(CLEAN)  # whatever the firm supplied
    return read


def test_everything_that_can_be_asked_of_a_dataset_is_listed():
    asked = {name for name in dir(Dataset) if not name.startswith("_")} | {"name", "changes", "tables"}
    assert asked == set(READ) | READS_NOTHING


@pytest.mark.parametrize("stage", [stage for stage in STAGES.values() if stage.notebook], ids=lambda stage: stage.name)
def test_stage_depends_on_what_its_notebook_reads(stage):
    deps = {dep for dep in dvc_stages()[stage.name]["do"]["deps"] if not dep.startswith(("src/", "notebooks/"))}
    read = files_read(imports.notebook_code(ROOT / "notebooks" / stage.notebook))
    folders = {dep for dep in deps if "." not in dep.rsplit("/", 1)[-1]}
    missed = {file for file in read - deps if not file.startswith(tuple(f"{folder}/" for folder in folders))}
    assert missed == set()
    # what is listed and not read would rerun the stage for nothing; sources and raw data are read by the library
    assert {dep for dep in deps - folders - read if not dep.startswith("data/sources/")} == set()


@pytest.mark.parametrize("name", STAGES)
def test_stage_owns_the_same_outputs_for_dvc_and_for_the_runner(name):
    stage = dvc_stages()[name]["do"]
    owned = {path.rstrip("/").replace("{dataset}", "${key}") for path in STAGES[name].outputs}
    assert set(outs(stage)) == owned
    assert all(outs(stage).values()), "DVC deletes an output that does not persist before the stage runs"
    assert len(stage["desc"].split()) >= 5
    assert stage["params"] == ["common", name, "datasets.${key}.common", f"datasets.${{key}}.{name}"]


def test_one_stage_owns_each_output():
    paths = [path for stage in STAGES.values() for path in stage.outputs]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_reads_as_a_story(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["cells"][0]["cell_type"] == "markdown"
    told = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in told)
    cells = ["".join(cell["source"]) for cell in told]
    assert [line for cell in cells for line in cell.splitlines() if len(line) > 100] == []
    nodes = [node for cell in cells for node in ast.walk(ast.parse(cell))]
    # a dataset without a survey gives findings that say so, not skipped cells; what is defined belongs to a room
    kinds = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda, ast.If, ast.IfExp)
    assert not [ast.unparse(node) for node in nodes if isinstance(node, kinds)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and not ast.unparse(node.func).startswith("report.")]
    assert not [ast.unparse(call) for call in calls if len(call.args) > 4], "who reads it sees what is what by name"
    assert not [ast.unparse(call) for call in calls if any(isinstance(part, ast.Starred) for part in call.args)]
    ends = [ast.parse(cell).body[-1] for cell in cells[1:]]
    assert not [ast.unparse(end) for end in ends if not isinstance(end, ast.Expr)], "a cell ends in something to see"


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path != START], ids=lambda path: path.name)
def test_notebook_declares_dataset_language_and_changes_and_opens_with_them(path):
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    first, second, *_ = ("".join(cell["source"]) for cell in cells)
    assert [cell["metadata"].get("tags") for cell in cells] == [["parameters"], *[None] * (len(cells) - 1)]
    told = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(first).body}
    assert told == {"dataset": "cdnow", "language": "en", "changes": {}}
    assert all("  # " in line for line in first.splitlines()), "each says what it is"
    assert "\nshop = regulars.open(dataset, **changes)\n" in second
    stage = next(stage for stage in STAGES.values() if stage.notebook == path.name)
    assert f'settings = shop.settings("{stage.name}")\nsettings' in "\n".join("".join(c["source"]) for c in cells)


def locked(name: str) -> dict[str, str]:
    pattern = re.compile(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.M | re.I)
    return dict(pattern.findall((ROOT / name).read_text(encoding="utf-8")))


def requirement_name(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower()


def test_locks_hold_every_dependency_with_a_hash_and_no_host():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    run, test = locked("requirements.lock"), locked("requirements-test.lock")
    assert {requirement_name(line) for line in project["dependencies"]} <= set(run)
    extras = {
        name: {requirement_name(line) for line in lines} for name, lines in project["optional-dependencies"].items()
    }
    assert extras["test"] - {"regulars"} | extras["spark"] | extras["identity"] <= set(test)
    assert not (extras["spark"] | extras["identity"]) & set(run), "Spark is 400 MB, and few need either"
    tried = [line.rsplit(" ", 1)[1] for line in project["classifiers"]]
    assert tried == ["3.11", "3.12", "3.13"] and "Python 3.11, 3.12 or 3.13" in (ROOT / "README.md").read_text(
        encoding="utf-8"
    )
    assert run.items() <= test.items(), "both environments must hold the same versions"
    for name in ("requirements.lock", "requirements-test.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        names = re.findall(r"^([a-z0-9._-]+)==", text, re.M)
        assert len(names) == len(set(names)), "one version for every Python: only so do they give the same bytes"
        entries = [block for block in re.split(r"\n(?=\S)", text) if "==" in block]
        assert [block for block in entries if "--hash=sha256:" not in block] == []


@pytest.mark.full
def test_plain_pip_takes_the_lock(tmp_path):
    """As environment.yml and the README's recipe without make install it: in an environment of its own, dry."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path], check=True)
    pip = [tmp_path / "bin" / "python", "-m", "pip", "install", "--dry-run", "--quiet", "--require-hashes"]
    done = subprocess.run([*pip, "-r", ROOT / "requirements.lock"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_slow_checker_of_addresses_is_left_out():
    code = (
        "import sys; from regulars.sources.mapping import parse_mapping; from contextlib import suppress\n"
        "with suppress(Exception): parse_mapping({}, 'shop')\n"
        "import jsonschema; assert sys.modules['rfc3987_syntax'] is None"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_conda_environment_agrees_with_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python, pip, by_pip = environment["dependencies"]
    assert python == f"python{project['requires-python']}"
    assert pip == "pip"
    assert by_pip == {"pip": ["--require-hashes", "-r requirements.lock"]}
    assert environment["name"] == project["name"]
    recipe = (ROOT / "environment.yml").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for step in ("conda env create -f environment.yml", "conda run -n regulars pip install --no-deps -e ."):
        assert step in recipe and step in readme, "what is created without its project cannot run it"


def test_dvc_sends_nothing():
    text = (ROOT / ".dvc" / "config").read_text(encoding="utf-8")
    assert re.search(r"analytics = false", text)
    assert re.search(r"check_update = false", text)


def third_party_imports() -> set[str]:
    """Top-level packages that the library imports, anywhere."""
    import sys

    names = set()
    for file in library_files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"regulars"}


def test_what_is_imported_is_declared_and_its_licence_listed():
    from importlib.metadata import packages_distributions

    distributions = packages_distributions()
    needed = [{one.lower().replace(".", "-") for one in distributions[name]} for name in third_party_imports()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [line for name in ("spark", "identity", "cube") for line in project["optional-dependencies"][name]]
    declared = {requirement_name(line) for line in [*project["dependencies"], *optional]}
    assert [one for one in needed if not one & {*declared, "ipython"}] == []  # ipykernel brings IPython
    rows = re.findall(r"^\| ([a-z0-9-]+) \| ([A-Za-z0-9.-]+) \|", (ROOT / "LICENSES.md").read_text("utf-8"), re.M)
    assert {name for name, _ in rows} - {"package"} == declared
    assert {licence for _, licence in rows[1:]} <= {"MIT", "BSD-3-Clause", "Apache-2.0"}


@pytest.mark.xdist_group("together")
def test_what_shares_something_costly_runs_in_one_process(request):
    """Where pytest and pytest-xdist do not fit, groups are dropped without a word, and each builds all of it anew."""
    assert request.node.nodeid.endswith("@together") == ("PYTEST_XDIST_WORKER" in os.environ)
