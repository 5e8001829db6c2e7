"""One stage: settings are checked, noise is refused, outputs are swapped in only when all of them are there."""

import io
import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from regulars import cli, runner
from regulars.cli import main
from regulars.errors import UserError
from regulars.stages import Stage

WRITE = """
from regulars import catalog
catalog.write_json({"margin": 0.4, "third": 1 / 3}, f"models/{dataset}/tiny.json")
"""
TINY = Stage("tiny", ("models/{dataset}/tiny.json", "reports/{dataset}/executed/tiny.ipynb"), notebook="tiny.ipynb")


def notebook_of(*cells: str, parameters: str = "dataset = 'another'\nchanges = {}"):
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    first = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    notebook.cells = [first, *(nbformat.v4.new_code_cell(cell) for cell in cells)]
    return notebook


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Folder with one stage and one dataset; returns a function that writes the stage's notebook."""
    settings = {"common": {"seed": 1}, "tiny": {"margin": 0.4}, "datasets": {"shop": {"tiny": {}}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "notebooks").mkdir()
    for name in ("REGULARS_ROOT", "REGULARS_STAGING", "IPYTHONDIR", "JUPYTER_PREFER_ENV_PATH", "PYTHONHASHSEED"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # the runner sets them: put them back afterwards
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.setitem(runner.STAGES, "tiny", TINY)

    def write(*cells, **options):
        nbformat.write(notebook_of(*cells, **options), tmp_path / "notebooks" / "tiny.ipynb")
        return tmp_path

    return write


def test_stage_runs_with_its_settings_and_owns_what_it_wrote(project):
    root = project(WRITE)
    runner.run_stage("tiny", "shop")
    assert json.loads((root / "models/shop/tiny.json").read_text()) == {"margin": 0.4, "third": 0.3333333333}
    executed = (root / "reports/shop/executed/tiny.ipynb").read_text()
    assert 'dataset = \\"shop\\"' in executed, "all that is injected is the name of the dataset"
    assert executed.count("changes") == 1
    assert "papermill" not in executed
    assert not (root / ".staging" / "shop.tiny").exists()


def test_same_run_gives_the_same_bytes(project):
    root = project(WRITE, "print(object())", "object()")
    executed = root / "reports/shop/executed/tiny.ipynb"
    runner.run_stage("tiny", "shop")
    first = executed.read_bytes()
    runner.run_stage("tiny", "shop")
    assert executed.read_bytes() == first
    assert "object at 0x…" in executed.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"common": {"seeds": 1}}, r"params\.yaml: common names 'seeds', .*did you mean 'seed'\?"),
        ({"datasets": {"shop": {"tiny": {"margins": 1}}}}, r"datasets\.shop\.tiny names 'margins', .*mean 'margin'\?"),
        ({"datasets": {"shop": {"common": {"seed": "one"}}}}, r"common\.seed is 'one'; give a whole number"),
    ],
)
def test_wrong_settings_stop_a_stage_before_it_runs(project, settings, sentence):
    root = project("1 / 0")
    before = yaml.safe_load((root / "params.yaml").read_text())
    (root / "params.yaml").write_text(yaml.safe_dump(before | settings))
    with pytest.raises(UserError, match=sentence):
        runner.run_stage("tiny", "shop")


@pytest.mark.parametrize(
    ("cell", "kind", "sentence"),
    [
        ("import warnings; warnings.warn('careful')", RuntimeError, r"tiny\.ipynb, cell 3: it wrote .*careful"),
        ("from regulars.errors import UserError\nraise UserError('a: no rows.')", UserError, r"^a: no rows\.$"),
        ("1 / 0", Exception, "division by zero"),
        ("from regulars import catalog; catalog.write_json({}, 'models/other.json')", RuntimeError, "does not own"),
    ],
)  # fmt: skip
def test_failure_leaves_the_last_good_outputs(project, cell, kind, sentence):
    root = project(WRITE)
    runner.run_stage("tiny", "shop")
    before = {path: path.read_bytes() for path in root.rglob("*.json")}
    project(WRITE.replace("0.4", "0.8"), cell)
    with pytest.raises(kind, match=sentence):
        runner.run_stage("tiny", "shop")
    assert {path: path.read_bytes() for path in root.rglob("*.json")} == before


def test_a_stage_that_writes_too_little_is_refused(project):
    root = project("pass")
    with pytest.raises(RuntimeError, match=r"did not write \['models/shop/tiny\.json'\]"):
        runner.run_stage("tiny", "shop")
    assert not (root / "models").exists()


def test_swap_replaces_a_folder_whole(tmp_path):
    old, new = tmp_path / "root/tables/tiny", tmp_path / "staging/tables/tiny"
    for folder, name in ((old, "stale.csv"), (new, "fresh.csv")):
        folder.mkdir(parents=True)
        (folder / name).write_text("x")
    runner.swap_in(tmp_path / "staging", tmp_path / "root", ["tables/tiny/"])
    assert [path.name for path in old.iterdir()] == ["fresh.csv"]


def test_command_line_prints_one_sentence_and_no_traceback(project, capsys, monkeypatch):
    project("from regulars.errors import UserError\nraise UserError('orders.csv, row 7: the amount is missing.')")
    monkeypatch.delenv("REGULARS_DEBUG", raising=False)

    assert main(["run", "tiny", "shop"]) == 1
    printed = capsys.readouterr()
    assert printed.err == "regulars: orders.csv, row 7: the amount is missing.\n"
    project("1 / 0")
    assert main(["run", "tiny", "shop"]) == 3
    unexpected = capsys.readouterr().err
    assert unexpected.startswith("regulars: this should not have happened: ZeroDivisionError: division by zero")
    assert "REGULARS_DEBUG=1" in unexpected
    assert len(unexpected.splitlines()) == 1
    monkeypatch.setenv("REGULARS_DEBUG", "1")
    with pytest.raises(Exception, match="division by zero"):
        main(["run", "tiny", "shop"])


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("import errno; raise OSError(errno.ENOSPC, 'No space left on device')", "the disk is full: free some space"),
        (
            "import duckdb; raise duckdb.IOException('Could not write file: No space left on device')",
            "the disk is full: free some space",
        ),
        (
            "import duckdb; raise duckdb.OutOfMemoryException('failed to allocate data')",
            "the engine needs more memory, or more disk for what does not fit: raise engine.memory_gb in params.yaml, "
            "or free some space",
        ),
    ],
)
def test_what_the_machine_lacks_is_told_from_a_notebook_too(project, capsys, cell, told):
    project(cell)
    assert main(["run", "tiny", "shop"]) == 3
    assert capsys.readouterr().err == f"regulars: {told}; earlier outputs stand.\n"


def test_a_swap_that_was_killed_between_its_steps_is_finished(tmp_path):
    earlier, target = tmp_path / "data/.tiny.earlier", tmp_path / "data/tiny"
    earlier.mkdir(parents=True)
    (earlier / "old.csv").write_text("old")
    runner.finish_swap(tmp_path, ["data/tiny/", "data/tiny.json"])
    assert (target / "old.csv").read_text() == "old" and not earlier.exists(), "the new one was not there yet"
    earlier.mkdir()
    (target / "old.csv").write_text("new")
    runner.finish_swap(tmp_path, ["data/tiny/"])
    assert (target / "old.csv").read_text() == "new" and not earlier.exists(), "the new one stood already"


def test_a_folder_is_never_half_there(tmp_path, monkeypatch):
    """Until the new folder stands the earlier one lies beside it, whole."""
    for place, text in (("root", "old"), ("staging", "new")):
        (tmp_path / place / "tables/tiny").mkdir(parents=True)
        (tmp_path / place / "tables/tiny/a.csv").write_text(text)
    real, seen = Path.replace, []

    def watched(self, target):
        seen.append((target.parent / ".tiny.earlier/a.csv").read_text())
        return real(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    runner.swap_in(tmp_path / "staging", tmp_path / "root", ["tables/tiny/"])
    assert seen == ["old"] and (tmp_path / "root/tables/tiny/a.csv").read_text() == "new"
    assert [path.name for path in (tmp_path / "root/tables").iterdir()] == ["tiny"]


def test_advice_of_dvc_does_not_reach_the_user(capsys):
    advice = """\
Stage 'value@shop' didn't change, skipping
Running stage 'clean@shop':
> regulars run clean shop
ERROR: '/shop/data/raw/shop' is busy, it is being blocked by:
  (PID 4711): regulars run ingest shop
If there are no processes with such PIDs, you can manually remove '.dvc/tmp/rwlock' and try again.
To track the changes with git, run:
\tgit add dvc.lock
Use `dvc push` to send your updates to remote storage.
Having any troubles? Hit us up at https://dvc.org/support, we are always happy to help!
ERROR: failed to reproduce 'clean@shop': failed to run: regulars run clean shop, exited with 1
"""
    failures = []
    cli._pass_on(io.StringIO(advice), sys.stdout, failures)
    assert failures == [1]
    assert capsys.readouterr().out == cli.OTHERWISE


def test_what_holds_real_ids_is_for_its_owner_alone(tmp_path):
    for place in ("data/raw/shop", "data/scored/shop", "reports/shop"):
        (tmp_path / "staging" / place).mkdir(parents=True)
        (tmp_path / "staging" / place / "a.csv").write_text("")
    runner.swap_in(tmp_path / "staging", tmp_path, ["data/raw/shop/", "data/scored/shop/a.csv", "reports/shop/a.csv"])
    modes = {place: (tmp_path / place).stat().st_mode & 0o077 for place in ("data/raw/shop", "data/scored/shop")}
    assert modes == dict.fromkeys(modes, 0)
    assert (tmp_path / "reports/shop").stat().st_mode & 0o055


def test_a_kept_notebook_shows_no_digits_of_the_processor_and_no_real_ids():
    import nbformat

    shown = (
        {"text/plain": "Signs(drift=-0.006240717568940952, n=3)"},
        {"text/html": "<th>customer_id</th><td>17850</td>"},
    )
    outputs = [nbformat.v4.new_output("execute_result", data=data) for data in shown]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=outputs)])
    notebook.metadata["kernelspec"] = {"name": "python3"}
    runner.scrub(notebook)
    assert [output["data"]["text/plain"] for output in notebook.cells[0]["outputs"]] == [
        "Signs(drift=-0.006240717569, n=3)",
        runner.ROWS_OF_CUSTOMERS,
    ]
    assert "17850" not in nbformat.writes(notebook)
