"""What an operator sees of a run: exit codes, silence where asked, the log of it, and how far it has come."""

import io
import json
import os
import stat
import sys
import tomllib

import pytest
import yaml

from regulars import cli, progress, run_log
from regulars.cli import main
from regulars.errors import UserError
from regulars.settings import NOT_STAGES


@pytest.fixture
def project(tmp_path, monkeypatch, root):
    """Two datasets, one of which wants another margin; nothing is built."""
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.delenv("REGULARS_DEBUG", raising=False)
    content = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    sections = [name for name in content if name not in NOT_STAGES]
    content["datasets"] = {name: {section: {} for section in sections} for name in ("shop", "other")}
    content["datasets"]["shop"]["value"] = {"margin": 0.45}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    ledger = {"tables": {"orders": {"rows": {"raw": 7, "kept": 5, "merged": 1, "netted": 0, "rejected": 1}}}}
    (tmp_path / "data/clean/shop").mkdir(parents=True)
    (tmp_path / "data/clean/shop/ledger.json").write_text(json.dumps(ledger), encoding="utf-8")
    return tmp_path


def logs(folder) -> list[dict]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted((folder / "logs").glob("*.json"))]


def test_a_run_is_logged_in_full(project, monkeypatch):
    monkeypatch.setattr(cli, "run_stage", lambda stage, dataset: 1.25)
    assert main(["run", "scores", "shop"]) == 0
    (told,) = logs(project)
    assert told["command"] == ["regulars", "run", "scores", "shop"]
    assert (told["outcome"], told["exit_code"]) == ("done", 0)
    assert told["started"] <= told["ended"] and told["seconds"] >= 0
    assert told["versions"]["python"] == sys.version.split()[0] and told["versions"]["pandas"]
    default = yaml.safe_load((project / "params.yaml").read_text())["value"]["margin"]
    assert told["settings_that_differ"] == {"shop": {"value.margin": {"value": "0.45", "default": f"{default:g}"}}}
    assert told["rows"]["shop"]["orders"] == {"raw": 7, "kept": 5, "merged": 1, "netted": 0, "rejected": 1}
    (stage,) = told["stages"]
    assert (stage["dataset"], stage["stage"], stage["seconds"]) == ("shop", "scores", 1.25)
    assert 5 < stage["peak_memory_mb"] < 1e5
    assert [one["line"].split() for one in told["said"]] == [
        ["shop", "scores", "begins"],
        ["shop", "scores", "1.2", "s"],
    ]
    (text,) = (project / "logs").glob("*.txt")
    assert "shop: orders: 7 raw, 5 kept, 1 merged, 0 netted, 1 rejected" in text.read_text(encoding="utf-8")
    assert f"shop: value.margin is 0.45, by default {default:g}" in text.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "code", "outcome"),
    [
        (UserError("orders.csv, row 7: the amount is missing."), 1, "data or settings are not as they must be"),
        (OSError(28, "No space left on device"), 3, "the machine, or the program, failed"),
        (ZeroDivisionError("division by zero"), 3, "the machine, or the program, failed"),
    ],
)
def test_each_kind_of_failure_has_its_code_and_its_sentence_is_kept(project, monkeypatch, capsys, error, code, outcome):
    def fail(stage, dataset):
        raise error

    monkeypatch.setattr(cli, "run_stage", fail)
    assert main(["--quiet", "run", "scores", "shop"]) == code
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith("regulars: ") and shown.err.count("\n") == 1
    (told,) = logs(project)
    assert (told["outcome"], told["exit_code"]) == (outcome, code)
    assert told["said"][-1]["line"] == shown.err.rstrip("\n")


@pytest.mark.parametrize("arguments", [["no-such-command"], ["run", "value"], []])
def test_a_command_that_is_not_understood_ends_with_2(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_version_and_exit_codes_are_told(capsys, root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for asked, wanted in {
        "--version": f"regulars {project['version']}\n",
        "--help": "exit codes: 0 done; 1 data",
    }.items():
        with pytest.raises(SystemExit) as ended:
            main([asked])
        assert ended.value.code == 0
        assert wanted in capsys.readouterr().out
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert all(f"| {code} | " in readme for code in (0, 1, 2, 3))


@pytest.mark.parametrize("arguments", [["--quiet", "run", "scores", "shop"], ["run", "scores", "shop", "--quiet"]])
def test_quiet_says_nothing_and_the_log_still_knows(project, monkeypatch, capsys, arguments):
    monkeypatch.setattr(cli, "run_stage", lambda stage, dataset: 0.1)
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""
    assert len(logs(project)[0]["said"]) == 2


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (["ERROR: failed to reproduce 'value@shop': failed to run: regulars run value shop, exited with 1"], 1),
        (["ERROR: failed to reproduce 'value@shop': failed to run: regulars run value shop, exited with 3"], 3),
        (["ERROR: failed to reproduce 'value@shop': failed to run: regulars run value shop, exited with -9"], 3),
        (["ERROR: 'dvc.yaml' is invalid."], 3),
    ],
)
def test_what_a_stage_ended_with_is_what_the_build_ends_with(tmp_path, monkeypatch, capsys, said, code):
    """DVC itself ends with 255, whatever a stage ended with."""

    class Dvc:
        def __init__(self, *_, **__):
            self.stdout, self.stderr = io.StringIO(""), io.StringIO("\n".join(said) + "\n")

        def wait(self):
            return 255

    monkeypatch.setattr(cli.subprocess, "Popen", Dvc)
    assert cli._reproduce(["pages@shop"], tmp_path / "runs.jsonl") == code
    assert ("ended from outside" in capsys.readouterr().err) == ("-9" in said[0])


def test_a_stop_and_a_kill_leave_a_log_that_says_so(project):
    log = run_log.RunLog("reports", ["reports"])
    assert [told["outcome"] for told in logs(project)] == [run_log.RUNNING], "as a killed one would leave it"
    log.stopped()
    assert [(told["outcome"], told["exit_code"]) for told in logs(project)] == [(run_log.STOPPED, None)]


def test_logs_are_for_their_owner_and_the_oldest_go(project, monkeypatch):
    monkeypatch.setattr(run_log, "KEPT", 2)
    (project / "logs").mkdir(mode=0o700)
    for day in (1, 2, 3):
        for kind in ("json", "txt"):
            (project / f"logs/2020-01-0{day}T000000Z-reports-1.{kind}").touch()
    run_log.RunLog("reports")
    left = sorted(file.name.split("T")[0] for file in (project / "logs").iterdir())
    assert left[:2] == ["2020-01-03"] * 2 and len(left) == 4
    assert stat.S_IMODE((project / "logs").stat().st_mode) == 0o700


def test_where_no_log_can_be_written_the_run_goes_on(project, monkeypatch):
    (project / "logs").write_text("in the way")
    monkeypatch.setattr(cli, "run_stage", lambda stage, dataset: 0.1)
    assert main(["run", "scores", "shop"]) == 0


@pytest.mark.parametrize("file", [".gitignore", ".dvcignore"])
def test_neither_git_nor_dvc_looks_at_logs(root, file):
    assert {"/logs/", "logs"} & set((root / file).read_text(encoding="utf-8").split())


def test_a_line_on_a_terminal_is_drawn_over_and_gives_way(tmp_path, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setenv(progress.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(progress, "EVERY", 0)
    line = progress.Line(tmp_path, screen)
    with progress.work("shop ingest"):
        progress.tell("rows of orders", 250_000)
        line.draw()
        assert screen.getvalue().endswith("\rshop ingest: 250,000 rows of orders")
        progress.tell("cells", 3, 4)
        line.draw()
        assert screen.getvalue().endswith("\rshop ingest [############....] 3 of 4 cells")
        heard = []
        cli.Heard(screen, heard.append, line.clear).write("a word\n")
        assert screen.getvalue().endswith("\ra word\n") and heard == ["a word"]
    line.draw()
    assert screen.getvalue().endswith("\ra word\n"), "what has ended is no longer shown"


def test_without_a_terminal_nothing_is_told_or_drawn(tmp_path, monkeypatch):
    monkeypatch.delenv(progress.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress.shown(tmp_path) as line:
        progress.tell("cells", 1, 2)
        assert line is None and progress.FOLDER_VARIABLE not in os.environ
    assert sys.stderr.getvalue() == "" and list(tmp_path.iterdir()) == []
