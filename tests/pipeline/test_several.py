"""Several datasets in one project: each is built, closed and removed by itself."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from regulars import cli
from regulars.cli import main
from regulars.commands.remove import CACHE, PLACES, remove
from regulars.errors import UserError
from regulars.settings import NOT_STAGES

MAPPING = """\
title: {name}
currency: EUR
simulated: true
observation_end: last_order_day
tables:
  orders:
    path: orders.csv
    columns: {{order_id: order, customer_id: {customer}, ordered_at: day, amount: paid}}
"""


@pytest.fixture
def project(tmp_path, monkeypatch, root):
    """Three datasets: of one a question is open, of another a setting is wrong."""
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.setenv("REGULARS_ID_KEY", "a long random text of these tests")
    content = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    sections = [name for name in content if name not in NOT_STAGES]
    content["datasets"] = {name: {section: {} for section in sections} for name in ("sound", "asked", "wrong")}
    content["datasets"]["wrong"]["retention"] = {"contact_cost": -5}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    (tmp_path / "orders.csv").write_text("order,customer,day,paid\n1,a,2026-01-05,10\n", encoding="utf-8")
    (tmp_path / "data/sources").mkdir(parents=True)
    for name in content["datasets"]:
        text = MAPPING.format(name=name, customer='"?"' if name == "asked" else "customer")
        (tmp_path / f"data/sources/{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_one_dataset_at_fault_leaves_the_others_built(project, monkeypatch, capsys):
    built = []
    monkeypatch.setattr(cli, "_reproduce", lambda targets, log, threads: built.append(targets) or 0)
    assert main(["reports"]) == 1
    assert built == [["scores@sound", "pages@sound"]]
    shown = capsys.readouterr()
    assert "sound: open reports/sound/index.html" in shown.out
    first, second, last = shown.err.splitlines()
    assert first.startswith("regulars: asked: data/sources/asked.yaml: tables.orders.columns.customer_id is still a ")
    assert second.startswith("regulars: wrong: params.yaml: datasets.wrong.retention.contact_cost is -5; give a number")
    assert last == "regulars: asked, wrong: not built, for the reason above; the others are up to date."


def test_a_stage_that_fails_is_named_last(project, monkeypatch, capsys):
    monkeypatch.setattr(cli, "_reproduce", lambda targets, log, threads: 3)
    assert main(["reports"]) == 3
    assert capsys.readouterr().err.splitlines()[-1].startswith("regulars: sound, asked, wrong: not built")
    assert main(["reports", "sound"]) == 3


def test_what_all_datasets_share_is_refused_once(project, capsys):
    content = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    content["common"]["privacy_min_cell"] = -1
    (project / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    assert main(["reports"]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("regulars: params.yaml: common.privacy_min_cell is -1; give a whole number from 1 to ")


def test_what_is_closed_for_one_dataset_is_no_other_ones_business(root):
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    kept = ("data/history", "data/plans", "data/lots")
    deps = {dep for stage in stages.values() for dep in stage["do"]["deps"] if dep.startswith(kept)}
    assert deps == {f"{folder}/${{key}}" for folder in kept}
    planned = [name for name, stage in stages.items() if "data/plans/${key}" in stage["do"]["deps"]]
    assert planned == ["cycle"]  # whoever writes into a plan fits no model again


@pytest.mark.parametrize("name", ["no", "on", "yes", "off", "null", "true", "2025", "a b", "", "x" * 80])
def test_a_name_that_yaml_reads_as_something_else_is_refused(project, name):
    (project / "params.yaml").write_text(f"datasets:\n  {name or chr(34) * 2}: {{}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"params\.yaml: datasets: .*cannot name a dataset.*take"):
        cli.datasets_named()


def cached(folder: Path, content: bytes) -> str:
    md5 = hashlib.md5(content).hexdigest()
    place = folder / CACHE / md5[:2] / md5[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return md5


def test_a_dataset_is_removed_with_all_that_was_made_of_it(project):
    for place in PLACES:
        for name in ("sound", "asked"):
            here = project / place.format(name)
            if here.suffix:
                here.parent.mkdir(parents=True, exist_ok=True)
                here.touch()
            else:
                here.mkdir(parents=True, exist_ok=True)
                (here / "file").write_text(name, encoding="utf-8")
    own, shared = cached(project, b"own"), cached(project, b"shared")
    stages = {
        f"ingest@{name}": {"cmd": f"regulars run ingest {name}", "outs": [{"path": name, "md5": md5} for md5 in outs]}
        for name, outs in {"sound": (own, shared), "asked": (shared,)}.items()
    }
    (project / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}), encoding="utf-8")
    gone = remove("sound", project)
    assert gone[:2] == ["its entry in params.yaml", "its stages in dvc.lock, and 1 files of DVC's cache"]
    assert set(gone[2:]) == {place.format("sound") for place in PLACES}
    left = [path for path in project.rglob("*") if "sound" in path.name]
    assert left == []
    assert all((project / place.format("asked")).exists() for place in PLACES)
    assert list(yaml.safe_load((project / "params.yaml").read_text())["datasets"]) == ["asked", "wrong"]
    assert list(yaml.safe_load((project / "dvc.lock").read_text())["stages"]) == ["ingest@asked"]
    assert [path.read_bytes() for path in (project / CACHE).rglob("*") if path.is_file()] == [b"shared"]
    assert (project / "orders.csv").is_file(), "the firm's own files are not ours"
    with pytest.raises(UserError, match=r"There is no dataset 'sound' \(there are: asked, wrong\)"):
        remove("sound", project)


def test_the_last_dataset_can_be_removed_too(project):
    for name in ("sound", "asked", "wrong"):
        remove(name, project)
    assert yaml.safe_load((project / "params.yaml").read_text())["datasets"] == {}
    assert json.loads(json.dumps(cli.datasets_named())) == []
