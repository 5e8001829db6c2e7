"""A notebook run by hand through papermill: what the pipeline computes, or what its `changes` ask for, in scratch/."""

import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest

from places import ROOT
from regulars.stages import STAGES

STORIES = {name: stage for name, stage in STAGES.items() if stage.notebook}
KEY = "a key for the tests"
NAMED = re.compile(rb"C-[0-9A-Z]{12}")  # pseudonyms hang on the key of whoever built the pages


def is_built(stage: str, dataset: str) -> None:
    """Skip a test that holds a notebook against what the pipeline has not made yet."""
    if not (ROOT / "reports" / dataset / "metrics" / f"{stage}.json").is_file():
        pytest.skip(f"the pages of {dataset} are not built here")


LAST = "cycle"  # of the stages with a notebook: only pages are made of what it tells


@pytest.fixture
def by_hand(tmp_path):
    """Run a notebook in a project whose outputs are those of the pipeline, and which has a ``scratch/`` of its own."""
    for name in ("params.yaml", "dvc.yaml", "notebooks", "data", "models", "reports"):
        (tmp_path / name).symlink_to(ROOT / name)

    def run(stage: str, dataset: str, changes: str = ""):
        is_built(stage, dataset)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REGULARS_")}
        environment = kept | {"PYTHONPATH": str(ROOT / "src"), "REGULARS_ID_KEY": KEY}
        command = [sys.executable, "-m", "papermill", f"notebooks/{STORIES[stage].notebook}", "out.ipynb",
                   "-p", "dataset", dataset, *(["-y", changes] if changes else []), "--no-progress-bar"]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return done, tmp_path / "scratch"

    return run


def content(file) -> bytes:
    """Bytes of a file, without the names that hang on a key."""
    return NAMED.sub(b"C-", file.read_bytes()) if file.suffix in (".csv", ".json") else file.read_bytes()


@pytest.mark.full
@pytest.mark.parametrize("dataset", ["cdnow", "demo"])
@pytest.mark.parametrize("stage", STORIES)
def test_it_computes_what_the_pipeline_does(by_hand, stage, dataset):
    done, scratch = by_hand(stage, dataset)
    assert done.returncode == 0, done.stderr[-2000:]
    owned = [path for path in STORIES[stage].owned(dataset) if not path.endswith((".html", ".ipynb"))]
    files = [file for path in owned for file in ((ROOT / path).rglob("*") if path.endswith("/") else [ROOT / path])]
    hands_on = [path for path in owned if path.startswith(("data/", "models/"))]
    assert hands_on or stage == LAST, "it hands something on"
    for file in files:
        name = file.relative_to(ROOT)
        assert content(scratch / name) == content(file), name
    written = {file.relative_to(scratch).as_posix() for file in scratch.rglob("*") if file.is_file()}
    assert written == {file.relative_to(ROOT).as_posix() for file in files}


def test_changes_are_tried_and_the_pipeline_s_own_stays(by_hand):
    is_built("value", "demo")
    before = (ROOT / "models/demo/clv.json").read_bytes()
    done, scratch = by_hand("value", "demo", "{changes: {margin: 0.25, interval_draws: 50}}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert (ROOT / "models/demo/clv.json").read_bytes() == before
    told = json.loads((scratch / "models/demo/clv.json").read_text(encoding="utf-8"))
    # the pipeline's is known by the costs supplied; one that is tried takes its place
    assert told["margin"] == 0.25
    known = json.loads(before)["margin"]
    assert known == pytest.approx(0.352, abs=0.005)
    less, usual = (
        pd.read_parquet(folder / "data/scored/demo/value.parquet").set_index("customer_id")["clv"]
        for folder in (scratch, ROOT)
    )
    pd.testing.assert_series_equal(less * known / 0.25, usual, rtol=1e-8)


def test_a_change_that_names_nothing_is_one_sentence(by_hand):
    done, scratch = by_hand("value", "demo", "{changes: {margins: 0.25}}")
    assert done.returncode != 0
    assert "UserError: changes: no stage has a setting 'margins'; did you mean 'margin'?" in done.stderr
    assert not scratch.exists()
