"""What lies in ``docs/deploy/`` fits the project: commands, targets and files that it names are there."""

import json
import re
import runpy
import subprocess
import sys
import types
from pathlib import Path

import pytest
import yaml

from places import ROOT
from regulars.cli import COMPUTING

DEPLOY = ROOT / "docs" / "deploy"


def test_every_file_is_told():
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    files = {
        path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".pyc"
    }
    assert [file for file in files - {"README.md"} if f"`{file}`" not in readme] == []


def test_cron_runs_commands_that_are_there_and_closes_the_month_after_a_build():
    lines = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()
    times = [re.match(r"((?:\S+ ){5})(.*)", line).groups() for line in lines if re.match(r"[\d*]", line)]
    assert [when.split()[2] for when, _ in times] == ["*", "1"], "every night, and on the first of the month"
    for _, command in times:
        assert subprocess.run(["bash", "-n", "-c", command]).returncode == 0
        assert "%" not in command, "cron would read it as the end of the line"
    ran = [re.findall(r"regulars --quiet ([a-z-]+)", command) for _, command in times]
    assert ran == [["reports"], ["reports", "close-month"]] and {"reports", "close-month"} <= set(COMPUTING)


def test_the_image_is_made_of_files_that_are_there_and_that_its_context_lets_in():
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")
    let_in = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert "*" in ignored, "nobody's data gets into an image"
    assert [name for name in copied if not any(one.split("/")[0] == name for one in let_in)] == []
    assert [one for one in let_in if not list(ROOT.glob(one))] == []
    assert not {"data", "reports", "private", "models"} & set(let_in)


def test_the_devcontainer_names_what_is_there():
    told = json.loads((DEPLOY / "devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    target = told["postCreateCommand"].split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    (schema,) = told["customizations"]["vscode"]["settings"]["yaml.schemas"]
    assert (ROOT / schema).is_file()


def test_the_workflow_closes_the_month_on_its_first_day_after_the_build():
    told = yaml.safe_load((DEPLOY / "github-actions.yml").read_text(encoding="utf-8"))
    (schedule,) = told[True]["schedule"]  # YAML reads the key `on` so
    assert schedule["cron"].split()[2:] == ["1", "*", "*"]
    steps = told["jobs"]["reports"]["steps"]
    commands = "\n".join(step.get("run", "") for step in steps)
    assert commands.index("make reports") < commands.index("regulars close-month") < commands.index("dvc push")
    close = next(step for step in steps if "close-month" in step.get("run", ""))
    assert close["if"] == "github.event_name == 'schedule'"
    assert "secrets.REGULARS_ID_KEY" in told["env"]["REGULARS_ID_KEY"]
    for step in steps:
        if "run" in step:
            assert subprocess.run(["bash", "-n", "-c", step["run"]]).returncode == 0


class Task:
    """Stands for a task of Airflow: knows what it runs, and after which others."""

    def __init__(self, made: list, name: str, arguments: tuple):
        self.name, self.arguments, self.after = name, arguments, []
        made.append(self)

    def __rshift__(self, other: "Task") -> "Task":
        other.after.append(self.name)
        return other


class FailError(Exception):
    """Stands for what Airflow does not try again."""


@pytest.fixture
def dags(monkeypatch):
    """The two DAGs, by name: schedule and tasks; and the function that every task calls."""
    found, made = {}, []

    def dag(schedule, **_):
        def of(function):
            def build():
                made.clear()
                function()
                found[function.__name__] = (schedule, list(made))

            return build

        return of

    def task(**options):
        def of(function):
            found["function"], found["options"] = function, options
            return types.SimpleNamespace(override=lambda task_id: lambda *told: Task(made, task_id, told))

        return of

    settings = {"regulars_datasets": "shop, other", "regulars_project": "/srv/regulars"}
    variable = types.SimpleNamespace(get=lambda name, default=None: settings.get(name, default))
    sdk = {"dag": dag, "task": task, "Variable": variable}
    for name, parts in {
        "airflow": {},
        "airflow.sdk.exceptions": {"AirflowFailException": FailError},
        "airflow.sdk": sdk,
    }.items():
        module = types.ModuleType(name)
        vars(module).update(parts)
        monkeypatch.setitem(sys.modules, name, module)
    runpy.run_path(str(DEPLOY / "airflow_dag.py"))
    return found


def test_airflow_builds_each_dataset_and_closes_the_month_after_its_build(dags):
    schedule, nightly = dags["regulars_reports"]
    assert schedule.split()[2] == "*"
    assert [(one.arguments, one.after) for one in nightly] == [
        (("reports", "shop"), []),
        (("reports", "other"), ["reports_shop"]),
    ]
    schedule, monthly = dags["regulars_close_month"]
    assert schedule.split()[2] == "1"
    closing = [(one.arguments, one.after) for one in monthly if one.arguments[0] == "close-month"]
    assert closing == [(("close-month", "shop"), ["reports_shop"]), (("close-month", "other"), ["reports_other"])]


@pytest.mark.parametrize(("code", "raised"), [(0, None), (1, FailError), (2, FailError), (3, RuntimeError)])
def test_airflow_tries_again_what_the_machine_is_to_blame_for(dags, monkeypatch, capsys, code, raised):
    called = []

    def run(command, cwd, **_):
        called.append((command, cwd))
        return types.SimpleNamespace(returncode=code, stdout="what was said", stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    if raised:
        with pytest.raises(raised):
            dags["function"]("reports", "shop")
    else:
        dags["function"]("reports", "shop")
    assert called == [([str(Path("/srv/regulars/.venv/bin/regulars")), "reports", "shop"], "/srv/regulars")]
    assert dags["options"]["retries"] == 2
    assert "what was said" in capsys.readouterr().out, "it stands in the task's log"
