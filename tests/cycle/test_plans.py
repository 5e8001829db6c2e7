"""Plans: made with fifteen cells, read as people write them, refused in a sentence where they say what is not."""

import pandas as pd
import pytest

from places import ROOT
from regulars.commands.close_month import _actions, known_cells, told_pages
from regulars.cycle import new_plan, parse_plan, plan_text, read_plans
from regulars.errors import UserError
from regulars.labels import PlanArea, PlanStep

GOOD = """
dataset: demo
month: 2026-07
made_from: 2026-06-30
cells:
  - {area: customer, step: plan, text: Call the ten, owner: no, due: 2026-07-10, indicator: kept,
     expected_change: {low: 0.02, high: 0.05}}
corrective:
  - {indicator: complaints, month: 2026-06, cause: A late parcel service, action: Change it, owner: Ann}
"""


def test_a_new_plan_has_fifteen_cells_and_reads_back():
    known = {
        ("customer", "analyse"): {"text": 'Kept 37 %: "as before" #1', "figure": "37% (35–40)"},
        ("market", "plan"): {"text": "Autumn campaign", "indicator": "orders", "change_low": 0.01, "change_high": 0.03},
    }
    off = [{"indicator": "complaints", "month": pd.Timestamp("2026-06-01")}]
    made = new_plan("demo", "2026-06-30", known, off)
    assert [(a, s) for a in PlanArea for s in PlanStep] == list(
        made.cells[["area", "step"]].itertuples(index=False, name=None)
    )
    read = parse_plan(plan_text(made, "Demo: Ltd\n# x"), "data/plans/demo/2026-07.yaml", "demo")
    pd.testing.assert_frame_equal(read.cells, made.cells)
    pd.testing.assert_frame_equal(read.corrective, made.corrective)
    assert read.month == pd.Period("2026-07") and str(read.made_from) == "2026-06-30"


def test_a_plan_that_people_have_written():
    plan = parse_plan(GOOD, "2026-07.yaml", "demo")
    cell = plan.cells.iloc[0]
    assert cell["owner"] == "no"  # a name, not a truth value
    assert (cell["change_low"], cell["change_high"], str(cell["due"].date())) == (0.02, 0.05, "2026-07-10")
    assert plan.corrective["cause"].tolist() == ["A late parcel service"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("indicator: kept", "indicator: keep"), "'keep' is no figure that is watched; did you mean 'kept'"),
        (("owner: no", "onwer: no"), "cells.1: 'onwer' is not a key here; did you mean 'owner'"),
        (("due: 2026-07-10", "due: 2026-02-30"), "cells.1.due: 2026-02-30 is no day"),
        (("due: 2026-07-10", "due: soon"), "cells.1.due: 'soon' is not what is wanted here. Write a day"),
        (("low: 0.02", "low: much"), "cells.1.expected_change.low: 'much' is not what is wanted here. Write a share"),
        (("low: 0.02", "low: 0.2"), "low 0.2 lies above high 0.05"),
        (("area: customer", "area: client"), "cells.1.area: 'client' is not what is wanted here. Write customer"),
        (("month: 2026-07\n", "month: 2026-06\n"), "name the file 2026-06.yaml"),
        (("made_from: 2026-06-30", "made_from: 2026-07-15"), "plan a month to come"),
        (("dataset: demo", "dataset: other"), "the plan belongs elsewhere"),
        (("cells:", "cell:"), "'cell' is not a key here; did you mean 'cells'"),
        (("indicator: kept,", ""), "name the indicator that shall move"),
        (("cells:", "cells: ["), "is not YAML"),
        (("month: 2026-06,", "month: June,"), "corrective.1.month: 'June' is not what is wanted here. Write the month"),
    ],
)
def test_what_a_plan_cannot_say_is_refused_in_a_sentence(change, sentence):
    assert change[0] in GOOD
    with pytest.raises(UserError) as error:
        parse_plan(GOOD.replace(*change), "data/plans/demo/2026-07.yaml", "demo")
    told = str(error.value)
    assert told.startswith("data/plans/demo/2026-07.yaml") and sentence in told
    assert "\n" not in told


def test_plans_are_read_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    assert read_plans("demo") == []
    folder = tmp_path / "data/plans/demo"
    folder.mkdir(parents=True)
    for month, end in (("2026-08", "2026-07-31"), ("2026-07", "2026-06-30")):
        made = plan_text(new_plan("demo", end, {}), "Demo")
        (folder / f"{month}.yaml").write_text(made, encoding="utf-8")
    assert [str(plan.month) for plan in read_plans("demo")] == ["2026-07", "2026-08"]


@pytest.fixture(scope="module")
def told():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGULARS_ROOT", str(ROOT))
        pages = told_pages("demo")
    return pages or pytest.skip("demo is not built here: run `make reports`")


def test_a_plan_opens_with_what_the_pages_say(told):
    months = told["cycle"].sections["months"].frames["all"].sort_values("month")
    cells = known_cells(told, months, "en")
    for area, stage in (("customer", "retention"), ("brand", "satisfaction"), ("market", "actions")):
        assert cells[area, "analyse"]["text"] and cells[area, "analyse"]["figure"], stage
    doing = {place: cell for place, cell in cells.items() if place[1] in ("plan", "carry_out")}
    assert doing and all(cell["text"] and cell["owner"] and cell["indicator"] for cell in doing.values())
    expected = [cell for cell in doing.values() if cell.get("change_low", float("nan")) > 0]
    assert expected and all(
        cell["indicator"] == "revenue" and cell["change_low"] <= cell["change_high"] for cell in expected
    )
    made = new_plan("demo", "2026-06-30", cells)
    read = parse_plan(plan_text(made, "Demo"), "2026-07.yaml", "demo")
    assert read.cells["text"].notna().sum() == len(cells)


def test_what_was_to_be_done_is_kept_with_its_sums(told):
    kept = _actions(told)
    assert {one["stage"] for one in kept} >= {"retention", "value"}
    assert all(set(one) == {"stage", "key", "verdict", "facts"} for one in kept)
    assert any("net" in one["facts"] for one in kept)
