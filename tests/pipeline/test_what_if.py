"""Settings that are tried are carried through every stage they concern, aside; what is official stays as it is."""

import json

import pandas as pd
import pytest

import regulars
from places import ROOT
from regulars import what_if
from regulars.errors import UserError
from regulars.paths import found, project_root, read_first


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "data/clean/demo").mkdir(parents=True)
    (tmp_path / "data/clean/demo/ledger.json").write_text("{}", encoding="utf-8")
    return tmp_path


@pytest.fixture
def ran(monkeypatch):
    """Stages in place of which only their names are kept."""
    names = []

    def run(name, dataset, changes, folder):
        names.append(name)

    monkeypatch.setattr(what_if, "_run", run)
    return names


def test_what_is_read_comes_first_from_the_trial(project):
    for folder, text in ((project, "official"), (project / "scratch/x", "tried")):
        (folder / "models").mkdir(parents=True)
        (folder / "models/clv.json").write_text(text)
    (project / "models/other.json").write_text("official")
    with read_first(project / "scratch/x"):
        assert found("models/clv.json").read_text() == "tried"
        assert found("models/other.json").read_text() == "official"
    assert found("models/clv.json") == project_root() / "models/clv.json"


@pytest.mark.parametrize(
    ("changes", "first"),
    [({"margin": 0.4}, "value"), ({"contact_cost": 9.0}, "retention"), ({"min_days": 90}, "clean")],
)
def test_stages_that_a_setting_concerns_and_those_after_it_run(project, ran, changes, first):
    shop = regulars.open("demo", **changes)
    assert what_if.carried("demo", shop.changes) is None
    index = shop.pages()
    assert index.is_relative_to(project / "scratch")
    assert ran == what_if.RERUN[what_if.RERUN.index(first) :]
    assert what_if.carried("demo", shop.changes) == what_if.folder_of("demo", shop.changes)


def test_a_trial_of_other_data_or_settings_is_not_read(project, ran):
    shop = regulars.open("demo", margin=0.4)
    shop.pages()
    record = what_if.folder_of("demo", shop.changes) / what_if.RECORD
    assert json.loads(record.read_text())
    (project / "data/clean/demo/ledger.json").write_text('{"rows": 1}', encoding="utf-8")
    assert what_if.carried("demo", shop.changes) is None


def test_without_a_difference_or_a_build_there_is_nothing_to_try(project, ran):
    with pytest.raises(UserError, match="name one to try"):
        regulars.open("demo").pages()
    (project / "data/clean/demo/ledger.json").unlink()
    with pytest.raises(UserError, match="is not built yet"):
        regulars.open("demo", margin=0.4).pages()


def test_what_was_found_under_other_settings_is_said_to_be(project, ran, monkeypatch):
    monkeypatch.setattr(what_if.import_module("regulars.catalog"), "load", lambda *_: pd.DataFrame({"clv": [1.0]}))
    assert len(regulars.open("demo").value)
    with pytest.warns(UserWarning, match=r"value of demo is as params.yaml has it, and not of value.margin: .pages()"):
        assert len(regulars.open("demo", margin=0.4).value)
    regulars.open("demo", margin=0.4).pages()
    assert len(regulars.open("demo", margin=0.4).value)  # a warning would be an error


@pytest.mark.full
def test_the_margin_is_carried_through_to_the_pages(monkeypatch):
    monkeypatch.setenv("REGULARS_ROOT", str(ROOT))
    if not (ROOT / "reports/cdnow/index.html").is_file():
        pytest.skip("cdnow is not built here: run `make reports`")
    official = regulars.open("cdnow").value["clv"]
    shop = regulars.open("cdnow", margin=0.6)
    index = shop.pages()
    assert "margin" in index.read_text(encoding="utf-8")
    assert "What if" in (index.parent / "value.html").read_text(encoding="utf-8")
    pd.testing.assert_series_equal(shop.value["clv"], 2 * official, rtol=1e-8)
    assert regulars.open("cdnow").value["clv"].equals(official)
