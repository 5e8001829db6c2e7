"""Wrong settings: each is one sentence that names file, section, key, value and what is allowed, before a run."""

import shutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest

from regulars.errors import UserError
from regulars.settings import STAGE_SETTINGS, StageSettings, load, stage_settings
from regulars.settings.bounds import Within
from removal import faults_of, run_from, small_shop, together, tried

# what somebody writes by mistake, or out of curiosity
WRITTEN = (
    None, "", " ", "abc", "0.3", "30 %", "2026-01-01", True, [], [None], ["abc"], {}, {"a": None}, {1: 2}, -1, -0.001,
    0, 0.5, 1.5, 10**12, 10**30, 1e308, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
CONTENT = load()


def settings_of(kind: type, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Place and annotation of every setting of a class, those of groups one by one."""
    hints = get_type_hints(kind, include_extras=True)
    common = {one.name for one in fields(StageSettings)} if kind is not StageSettings else {"source"}
    for one in fields(kind):
        if one.name not in common:
            hint = hints[one.name]
            inside = isinstance(hint, type) and is_dataclass(hint)
            yield from settings_of(hint, (*place, one.name)) if inside else [((*place, one.name), hint)]


EVERY = [*settings_of(StageSettings, ("common",))]
EVERY += [one for stage, kind in STAGE_SETTINGS.items() for one in settings_of(kind, (stage,))]


def with_value(place: tuple[str, ...], value) -> dict:
    """The project's settings with one of them overridden for demo."""
    part: dict = {place[-1]: value}
    for name in reversed(place[1:-1]):
        part = {name: part}
    demo = {**CONTENT["datasets"]["demo"], place[0]: part}
    return CONTENT | {"datasets": {"demo": demo}}


def said_of(place: tuple[str, ...], value) -> str:
    """The sentence that refuses a value; empty where it is taken."""
    stage = place[0] if place[0] in STAGE_SETTINGS else "value"
    try:
        stage_settings(stage, "demo", content=with_value(place, value))
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("place", "hint"), EVERY, ids=[".".join(place) for place, _ in EVERY])
def test_what_is_no_setting_is_refused_in_one_sentence(place, hint):
    told = [said for value in WRITTEN if (said := said_of(place, value))]
    assert len(told) > 2, "with a hundred settings these are hundreds"
    for said in told:
        assert said.startswith("params.yaml: ") and said.endswith(".") and "\n" not in said
        assert place[-1] in said and place[0] in said
        assert " is " in said or "which is not a setting" in said or " names " in said or " lets " in said


def test_a_wrong_group_and_a_name_that_is_none_are_refused():
    for place, _ in EVERY:
        content = with_value((*place[:-1], f"{place[-1]}_"), 1)
        with pytest.raises(UserError, match="which is not a setting there"):
            stage_settings(place[0] if place[0] in STAGE_SETTINGS else "value", "demo", content=content)


def ends_of(hint) -> list:
    """Smallest and largest number that a setting may be; nothing of a setting that is none."""
    if get_origin(hint) is not Annotated:
        return []
    bare, *bounds = get_args(hint)
    within = next((bound for bound in bounds if isinstance(bound, Within)), None)
    if within is None or bare not in (int, float):
        return []
    low = within.low + (1e-6 if within.above else 0)
    return [bare(low)] + ([bare(within.high)] if within.high < 10**6 else [])


TRIED = [(place, value) for place, hint in EVERY for value in ends_of(hint)]
SEED, PARTS = 20261201, 8
COSTLY = {"draws", "interval_draws", "cluster_bootstraps", "clusters_max", "backtest_folds"}  # at their upper ends


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return small_shop(tmp_path_factory.mktemp("shop"))


@pytest.mark.full
@pytest.mark.parametrize("part", range(PARTS))
def test_the_ends_of_what_is_allowed_make_pages(shop, tmp_path, part):
    """Ends of different sections at once; one that others refuse, which stand as they are, is refused in a sentence."""

    def run(group) -> list[str]:
        faults = run_from(tried(dict(group), shop, tmp_path / "shop"), tmp_path / "shop")
        shutil.rmtree(tmp_path / "shop")
        return faults

    allowed = [end for end in TRIED if not (end[0][-1] in COSTLY and end[1] > 20) and not said_of(*end)]
    groups = together(allowed, lambda end: end[0][:-1], SEED)
    found = {}
    for group in groups[part::PARTS]:
        found |= faults_of(group, run)
    assert found == {}
