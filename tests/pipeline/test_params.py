"""Settings: shared ones, the stage's own, the dataset's overrides; unknown names are refused."""

import pytest
from regulars.params import datasets, load, resolve

from regulars.errors import UserError

SETTINGS = {
    "common": {"seed": 1, "language": "en"},
    "value": {"margin": 0.3, "horizon_months": 12},
    "datasets": {"shop": {"common": {"language": "zh"}, "value": {"margin": 0.4}}, "plain": None},
}


def test_overrides_win_over_the_stage_and_the_stage_over_nothing():
    assert resolve("value", "shop", SETTINGS) == {"seed": 1, "language": "zh", "margin": 0.4, "horizon_months": 12}
    assert resolve("value", "plain", SETTINGS)["margin"] == 0.3


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"value": {"margins": 1}}, r"datasets\.shop\.value names 'margins', .*did you mean 'margin'\?"),
        ({"valeu": {}}, r"datasets\.shop names 'valeu', .*did you mean 'value'\?"),
    ],
)
def test_a_misspelt_override_is_refused(overrides, sentence):
    with pytest.raises(UserError, match=sentence):
        resolve("value", "shop", SETTINGS | {"datasets": {"shop": overrides}})


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


def test_every_key_of_the_project_carries_a_comment(root):
    lines = (root / "params.yaml").read_text(encoding="utf-8").split("\ndatasets:")[0].splitlines()
    keys = [line for line in lines if line.startswith("  ") and ":" in line and not line.strip().startswith("#")]
    assert keys
    assert [line for line in keys if "#" not in line] == []


def test_every_dataset_names_every_stage():
    from regulars.stages import STAGES

    settings = load()
    for name in datasets(settings):
        assert set(settings["datasets"][name]) >= {"common", *STAGES}, "dvc.yaml reads each of these sections"
