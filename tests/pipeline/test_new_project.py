"""A project of one's own, outside the clone: laid out, renewed, and built by a library installed from its wheel."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from places import ROOT
from regulars.cli import main
from regulars.commands import new_project
from regulars.commands.new_project import BEGUN, begin, fingerprint, record_library, renew
from regulars.errors import UserError
from regulars.settings import check_settings

IN_WHEEL = ("src", "notebooks", "explore", "tools", "data/sources", ".dvc/config", "pyproject.toml", "README.md",
            "LICENSE", "params.yaml", "dvc.yaml", ".dvcignore", ".gitignore")  # fmt: skip


@pytest.fixture
def project(tmp_path):
    return begin(tmp_path / "my shop ü", "1.2.3")


def test_it_has_what_the_pipeline_needs(project, monkeypatch):
    pipeline = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))
    deps = {dep for stage in pipeline["stages"].values() for dep in stage["do"]["deps"]}
    assert not [dep for dep in deps if dep.startswith("src/")]
    brought = {dep for dep in deps if dep.startswith(("notebooks/", "data/library/", "data/sources/", "data/history/"))}
    assert len(brought) > 40
    assert [dep for dep in brought if not (project / dep.replace("${key}", "demo")).exists()] == []
    of_clone = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for name, stage in pipeline["stages"].items():
        assert len(stage["do"]["deps"]) == len(of_clone[name]["do"]["deps"])
        assert stage["do"] | {"deps": 0} == of_clone[name]["do"] | {"deps": 0}
    settings = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    assert list(settings["datasets"]) == ["demo"]
    monkeypatch.setenv("REGULARS_ROOT", str(project))
    check_settings("demo")
    assert "1.2.3" in (project / "README.md").read_text(encoding="utf-8")
    assert (project / ".git").is_dir() and "analytics = false" in (project / ".dvc/config").read_text(encoding="utf-8")


def test_what_belongs_to_the_project_stays_when_it_is_renewed(project):
    (project / "params.yaml").write_text("datasets: {}\n", encoding="utf-8")
    (project / "notebooks/02_value.ipynb").write_text("of an earlier version", encoding="utf-8")
    assert renew(project) == ["notebooks/02_value.ipynb"]
    assert (project / "notebooks/02_value.ipynb").read_bytes() == (ROOT / "notebooks/02_value.ipynb").read_bytes()
    assert (project / "params.yaml").read_text(encoding="utf-8") == "datasets: {}\n"
    assert renew(project) == []


def test_a_room_that_has_changed_changes_its_record_alone(project, tmp_path, monkeypatch):
    assert record_library(project) == []
    library = tmp_path / "other" / "regulars"
    shutil.copytree(new_project.PACKAGE, library, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(new_project, "PACKAGE", library)
    assert record_library(project) == [], "the same bytes in another place"
    with (library / "clv" / "equity.py").open("a", encoding="utf-8") as file:
        file.write("# another version\n")
    assert record_library(project) == ["data/library/clv.txt"]
    shutil.rmtree(library / "retention")
    with pytest.raises(UserError, match=r"no retention: run `regulars init --renew \.`"):
        record_library(project)


def test_a_fingerprint_is_of_names_and_bytes(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, name in ((one, "a.py"), (two, "b.py")):
        (folder / "__pycache__").mkdir(parents=True)
        (folder / name).write_text("x")
        (folder / "__pycache__" / f"{folder.name}.pyc").write_text(folder.name)
    assert fingerprint(one) != fingerprint(two), "another name"
    (two / "b.py").rename(two / "a.py")
    assert fingerprint(one) == fingerprint(two), "what is compiled does not count"
    assert fingerprint(one / "a.py") != fingerprint(one)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["{full}"], "is not empty: name a new folder"), (["--renew", "{empty}"], "has no dvc.yaml and params.yaml")],
)
def test_what_cannot_be_is_one_sentence(tmp_path, capsys, arguments, sentence):
    for name in ("full/inside", "empty"):
        (tmp_path / name).mkdir(parents=True)
    places = {name: str(tmp_path / name) for name in ("full", "empty")}
    assert main(["init", *(one.format(**places) for one in arguments)]) == 1
    assert sentence in capsys.readouterr().err


def test_the_clone_itself_is_no_project_and_records_nothing():
    with pytest.raises(UserError, match="holds the library itself"):
        renew(ROOT)
    assert record_library(ROOT) == [] and not (ROOT / "data/library").exists()


def test_the_wheel_brings_all_that_a_project_begins_with():
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    brought = {path for patterns in declared["data-files"].values() for one in patterns for path in ROOT.glob(one)}
    assert brought == {path for one in BEGUN for path in ROOT.glob(one)}
    kinds = {path.suffix for path in (ROOT / "src/regulars").rglob("*") if path.is_file() and path.suffix}
    declared_kinds = {Path(one.replace("py.", "*.")).suffix for one in declared["package-data"]["regulars"]}
    assert kinds - {".py", ".pyc"} == declared_kinds


@pytest.mark.full
def test_a_project_is_built_by_an_installed_wheel(tmp_path):
    """In an environment of its own, which borrows what the library needs from this one, and not the library."""
    source, wheels, own = tmp_path / "source", tmp_path / "wheels", tmp_path / "own"
    for name in (*IN_WHEEL, *(path.relative_to(ROOT).as_posix() for path in ROOT.glob("data/*/README.md"))):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, source / name)
    wheels.mkdir()
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(wheels)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGULARS_", "PYTHON"))}
    bound = {"env": kept | {"PATH": f"{python.parent}{os.pathsep}{os.defpath}"}, "capture_output": True, "text": True}
    (wheel,) = wheels.glob("*.whl")
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    done = subprocess.run(install, **bound)
    assert done.returncode == 0, done.stderr
    (site,) = (tmp_path / "venv" / "lib").glob("python3*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")

    def ran(*arguments, cwd=own):
        done = subprocess.run([python, "-m", *arguments], cwd=cwd, **bound)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert ran("regulars.cli", "init", str(own), cwd=tmp_path).startswith(f"{own} is a project.")
    mapping = yaml.safe_load((own / "data/sources/demo.yaml").read_text(encoding="utf-8"))
    mapping["simulator"]["customers"] = 600
    (own / "data/sources/demo.yaml").write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    (own / "data/keys").mkdir()
    (own / "data/keys/demo").write_text("as a build records it\n", encoding="utf-8")
    ran("dvc", "repro", "--quiet", "ingest@demo", "clean@demo")
    assert (own / "data/clean/demo/ledger.json").is_file() and (own / "reports/demo/told/clean.json").is_file()
    assert "up to date" in ran("dvc", "status", "ingest@demo", "clean@demo")
    record = own / "data/library/cleaning.txt"
    assert record.read_text(encoding="utf-8").strip() == fingerprint(ROOT / "src/regulars/cleaning")
    record.write_text("another version\n", encoding="utf-8")
    told = ran("dvc", "status", "ingest@demo", "clean@demo")
    assert "clean@demo" in told and "ingest@demo" not in told
