"""What DVC shows of a build: a dozen figures of each dataset, and two pictures from tables that stages own."""

import json

import pandas as pd
import pytest
import yaml

from places import ROOT
from regulars.cli import main
from regulars.pages.build import HEADLINE, headline
from regulars.stages import STAGES

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
PLOTS = [(plot, file, column) for entry in PIPELINE["plots"] for plot in entry.values()
         for file, columns in plot["y"].items() for column in columns]  # fmt: skip


def recorded(dataset: str) -> dict:
    folder = ROOT / "reports" / dataset / "metrics"
    if not (folder / "value.json").is_file():
        pytest.skip(f"{dataset} is not built here: run `make reports`")
    return {file.stem: json.loads(file.read_text(encoding="utf-8"))["metrics"] for file in folder.glob("*.json")}


def test_one_file_of_a_dataset_is_a_metric():
    told = {name: [*metric] for name, stage in PIPELINE["stages"].items() for metric in stage["do"].get("metrics", ())}
    assert told == {"pages": ["reports/${key}/metrics.json"]}


def test_a_dozen_numbers_and_no_word():
    found = headline(recorded("demo"))
    assert {stage: tuple(figures) for stage, figures in found.items()} == HEADLINE, "a figure has another name now"
    values = [value for figures in found.values() for value in figures.values()]
    assert len(values) == 12
    assert all(isinstance(value, int | float) for value in values)


def test_what_a_dataset_does_not_have_is_left_out():
    found = headline(recorded("cdnow"))
    assert set(found) == {"clean", "value", "segments", "retention"}, "orders only: no survey and no contacts"
    assert found["clean"]["customers"] == 23570


@pytest.mark.parametrize(("plot", "file", "column"), PLOTS, ids=[file for _, file, _ in PLOTS])
def test_pictures_are_of_tables_that_a_stage_owns(plot, file, column):
    _, dataset, _, stage, _ = file.split("/")
    assert file.startswith(tuple(STAGES[stage].owned(dataset)))
    if not (ROOT / file).is_file():
        pytest.skip(f"{dataset} is not built here: run `make reports`")
    assert {plot["x"], column} <= set(pd.read_csv(ROOT / file, nrows=1))


def test_folders_that_stages_depend_on_can_be_tracked(tmp_path, monkeypatch):
    """An empty folder is in no clone and in no experiment, where DVC would then miss it."""
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    (tmp_path / "params.yaml").write_text("common:\n  seed: 1\nvalue: {}\ndatasets:\n  other: {}\n", encoding="utf-8")
    (tmp_path / "data/sources").mkdir(parents=True)
    rows = "".join(f"{n},c{n % 7},2025-{1 + n % 12:02d}-15,{n}.50\n" for n in range(1, 40))
    (tmp_path / "orders.csv").write_text(f"order_id,customer_id,ordered_at,amount\n{rows}", encoding="utf-8")
    assert main(["new", "shop", str(tmp_path / "orders.csv"), "--currency", "EUR"]) == 0
    deps = {dep.replace("${key}", "shop") for stage in PIPELINE["stages"].values() for dep in stage["do"]["deps"]}
    kept = {dep for dep in deps if dep.startswith(("data/history", "data/plans", "data/lots"))}
    assert len(kept) == 3 and all((tmp_path / folder / ".gitkeep").is_file() for folder in kept)
