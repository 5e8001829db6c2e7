"""Settings: shared ones, the stage's own, the dataset's overrides, what is tried; what is wrong is refused."""

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from typing import get_type_hints

import pytest
import yaml

from regulars.errors import UserError
from regulars.settings import (
    STAGE_SETTINGS,
    Certainty,
    Economics,
    StageSettings,
    datasets,
    load,
    resolve,
    stage_settings,
)
from regulars.settings.shown import Source, comments, lines_of, units

SETTINGS = {
    "common": {"seed": 1, "interval_level": 0.9},
    "value": {"margin": 0.3, "horizon_months": 12},
    "retention": {"states": {"new_days": 90, "lost_below": 0.01}},
    "datasets": {
        "shop": {"common": {"seed": 2}, "value": {"margin": 0.4}, "retention": {"states": {"new_days": 30}}},
        "plain": None,
    },
}


def test_overrides_win_over_the_stage_and_the_stage_over_nothing():
    assert resolve("value", "shop", SETTINGS) == {
        "seed": 2, "interval_level": 0.9, "margin": 0.4, "horizon_months": 12,
    }  # fmt: skip
    assert resolve("value", "plain", SETTINGS)["margin"] == 0.3
    assert resolve("retention", "shop", SETTINGS)["states"] == {"new_days": 30, "lost_below": 0.01}


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"value": {"margins": 1}}, r"datasets\.shop\.value names 'margins', .*did you mean 'margin'\?"),
        ({"valeu": {}}, r"datasets\.shop names 'valeu', .*did you mean 'value'\?"),
        (
            {"value": {"margin": "abc"}},
            r"^params\.yaml: datasets\.shop\.value\.margin is 'abc'; give a number above 0 and up to 1 \(share of",
        ),
        ({"value": {"margin": True}}, r"value\.margin is True; give a number"),
        ({"value": {"margin": float("nan")}}, r"value\.margin is nan; give a number"),
        (
            {"value": {"horizon_months": 1.5}},
            r"horizon_months is 1\.5; give a whole number from 1 to 120 \(months\)\.",
        ),
        ({"value": {"time_unit": "year"}}, r"value\.time_unit is 'year'; give one of day, week, month"),
        (
            {"value": {"tier_shares": [0.2, "b"]}},
            r"tier_shares is \[0\.2, 'b'\]; give a list of which each is a number",
        ),
        ({"value": {"strict": 1}}, r"value\.strict is 1; give true or false\."),
        (
            {"value": {"margin": -0.1}},
            r"margin is -0\.1; give a number above 0 and up to 1 \(share of revenue\)\.$",
        ),
        ({"value": {"tier_shares": [0.5, 0.5]}}, r"is \[0\.5, 0\.5\]; give a list of which each is .* of 4 entries"),
        ({"common": {"seed": None}}, r"common\.seed is empty; give a whole number from 0 to 4,294,967,295\.$"),
        ({"common": {"interval_level": 1}}, r"interval_level is 1; give a number from 0\.5 to 0\.999 \(share\)\.$"),
        ({"value": [1]}, r"datasets\.shop\.value is \[1\]; give names with a value each\."),
        (
            {"common": {"seed": "one"}},
            r"datasets\.shop\.common\.seed is 'one'; give a whole number from 0 to ",
        ),
    ],
)
def test_a_wrong_override_is_refused(overrides, sentence):
    with pytest.raises(UserError, match=sentence):
        resolve("value", "shop", SETTINGS | {"datasets": {"shop": overrides}})


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ({"new_day": 1}, r"params\.yaml: retention\.states names 'new_day', .*did you mean 'new_days'\?"),
        (
            {"new_days": "x"},
            r"params\.yaml: retention\.states\.new_days is 'x'; give a whole number from 1 to .* \(days\)\.",
        ),
        (3, r"retention\.states is 3; give names with a value each\."),
    ],
)
def test_a_group_of_settings_is_checked_too(states, sentence):
    with pytest.raises(UserError, match=sentence):
        resolve("retention", "plain", SETTINGS | {"retention": {"states": states}})


def test_unknown_dataset_and_stage():
    with pytest.raises(UserError, match=r"no dataset 'shoop' \(it has: shop, plain\)"):
        resolve("value", "shoop", SETTINGS)
    with pytest.raises(UserError, match="no section 'valued'"):
        resolve("valued", "shop", SETTINGS)


def test_broken_files_name_the_line(tmp_path):
    path = tmp_path / "params.yaml"
    with pytest.raises(UserError, match=r"params\.yaml is not there"):
        load(path)
    path.write_text("datasets:\n  a: [1\n  b: 2\n")
    with pytest.raises(UserError, match=r"params\.yaml, line 3: this is not valid YAML"):
        load(path)
    path.write_text("value: {}\n")
    with pytest.raises(UserError, match="no section 'datasets'"):
        load(path)


def test_what_is_missing_is_named():
    with pytest.raises(UserError, match=r"params\.yaml: section 'value' does not set 'privacy_min_cell': add it there"):
        stage_settings("value", "shop", content=SETTINGS)
    with pytest.raises(UserError, match=r"no settings of a stage 'valued': name one of ingest, clean, value"):
        stage_settings("valued", "cdnow")


def own_fields(kind) -> dict:
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind) if one.name != "source"}


@pytest.mark.parametrize("section", ["common", *STAGE_SETTINGS])
def test_every_setting_stands_in_the_file_with_a_reason_and_in_its_class_with_a_meaning(root, section):
    text = (root / "params.yaml").read_text(encoding="utf-8")
    content, told = yaml.safe_load(text), comments(text)
    kind = StageSettings if section == "common" else STAGE_SETTINGS[section]
    common = set() if section == "common" else set(own_fields(StageSettings))

    def walk(kind, here, path):
        known = {name: hint for name, hint in own_fields(kind).items() if name not in common}
        assert set(here) == set(known), path
        for name, hint in known.items():
            assert (*path, name) in told, f"{'.'.join((*path, name))} has no comment that says why"
            assert name in units(kind), f"{kind.__name__}.{name} has no line in the docstring"
            if is_dataclass(hint):
                walk(hint, here[name], (*path, name))

    walk(kind, content[section], (section,))


def test_every_dataset_names_every_stage():
    settings = load()
    for name in datasets(settings):
        assert set(settings["datasets"][name]) >= {"common", *STAGE_SETTINGS}, "dvc.yaml reads each of these sections"


def test_an_object_cannot_be_changed_and_knows_what_travels_together():
    value = stage_settings("value", "cdnow", {"margin": 0.25})
    with pytest.raises(FrozenInstanceError):
        value.margin = 0.3
    assert value.economics == Economics(0.25, 0.1, 12, "week", 90)
    assert value.certainty == Certainty(0.9, 0.12, 20261122, 250)
    assert value.zero_spend_is_purchase and not stage_settings("value", "demo").zero_spend_is_purchase
    assert value.tier_shares == (0.01, 0.04, 0.15, 0.80)
    states = stage_settings("retention", "demo", {"states": {"new_days": 30}}).states
    assert (states.new_days, states.lost_below) == (30, 0.01), "of a group those named"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"marginn": 1},
            r"^changes: no stage has a setting 'marginn'; did you mean 'margin'\?$",
        ),
        ({"xyz": 1}, r"^changes: no stage has a setting 'xyz'; known are active_bands, "),
        ({"value.list_length": 1}, r"no stage has a setting 'value\.list_length'; "),
        (
            {"satisfaction_construct": "x"},
            r"is a setting of satisfaction and of retention and of cycle: write satisfaction\.satisfaction_construct",
        ),
        ({"margin": "abc"}, r"^changes: margin is 'abc'; give a number above 0 and up to 1 \(share of revenue\)\.$"),
        ({"value.margin": [1]}, r"^changes: margin is \[1\]; give a number"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        stage_settings("value", "cdnow", changes)


def test_a_model_that_is_none_is_refused():
    with pytest.raises(UserError, match=r"^changes: model is 'acsi2'; give ecsi or names with a value each"):
        stage_settings("satisfaction", "cdnow", {"model": "acsi2"})


def test_a_change_to_a_name_of_two_sections_and_to_a_shared_one():
    changes = {"retention.satisfaction_construct": "trust", "seed": 7}
    assert stage_settings("retention", "demo", changes).satisfaction_construct == "trust"
    assert stage_settings("satisfaction", "demo", changes).satisfaction_construct == "satisfaction"
    assert {stage_settings(stage, "demo", changes).seed for stage in STAGE_SETTINGS} == {7}


def test_settings_show_value_unit_reason_and_what_differs():
    value = stage_settings("value", "cdnow", {"margin": 0.25})
    lines = {line.name: line for line in lines_of(value)}
    assert lines["margin"].unit == "share of revenue"
    assert lines["margin"].reason.startswith("contribution per unit of revenue")
    assert lines["zero_spend_is_purchase"].reason == "as in the published numbers on this log", "the dataset's own"
    assert lines["seed"].reason == "the one seed of everything random"
    assert {name for name, line in lines.items() if line.is_changed} == {
        "margin", "zero_spend_is_purchase", "revenue_days",
    }  # fmt: skip
    html, text = value._repr_html_(), repr(value)
    assert "<b>0.25</b>" in html and "● params.yaml, every dataset: 0.3" in html
    assert "contribution per unit of revenue" in html
    assert "  margin                  0.25" in text and text.startswith("ValueSettings value, cdnow\n")
    retention = stage_settings("retention", "cdnow")
    assert "states.lost_below" in repr(retention) and "the same, 1 in 100" in retention._repr_html_()


def test_settings_without_a_file_are_shown_too():
    value = replace(stage_settings("value", "cdnow"), source=None, margin=0.1)
    assert "margin" in repr(value) and "●" not in repr(value)
    shown = replace(value, source=Source("value", "", {"margin": "<b>"}))
    assert "&lt;b&gt;" in shown._repr_html_()
