"""Every section stands alone: whatever is taken from a shop, every stage ends and every page is made."""

import random
import shutil

import pytest

from removal import Removal, apart, faults_of, removals, run_from, small_shop, take_away

SEED, DRAWN, PARTS = 20261130, 2, 16
ONCE_FATAL = (  # ended a stage once; together, as they meet different tables
    ("surveys", "item", "one_value"), ("tickets", "category", "blank"), ("order_lines", "order_id", "same"),
    ("contacts", "customer_id", "same"), ("units", "repaired_at", "gone"), ("prospect_events", "stage", "one_value"),
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return small_shop(tmp_path_factory.mktemp("shop"))


def faults_without(removed, shop, folder) -> dict[str, list[str]]:
    """What goes wrong in a shop without some things, by what is missing."""

    def run(group) -> list[str]:
        faults = run_from(take_away(group, shop, folder), folder)
        shutil.rmtree(folder)
        return faults

    return faults_of(removed, run)


@pytest.mark.parametrize("number", range(DRAWN))
def test_a_shop_without_something_has_its_pages(shop, tmp_path, number):
    together = [group for group in apart(removals(shop), SEED) if len(group) > 1]
    group = random.Random(SEED).sample(together, DRAWN)[number]
    assert faults_without(group, shop, tmp_path / "shop") == {}


def test_what_once_ended_a_stage_is_told(shop, tmp_path):
    assert faults_without([Removal(*one) for one in ONCE_FATAL], shop, tmp_path / "shop") == {}
    more = ("survey_items", "construct", "one_value"), ("contacts", "answered", "one_value"), (
        "prospect_events", "win_probability", "gone"), ("tickets", "resolved_at", "gone"), (
        "campaigns", "purpose", "blank")  # fmt: skip
    assert faults_without([Removal(*one) for one in more], shop, tmp_path / "shop") == {}
    for one in (("surveys", "customer_id", "blank"), ("orders", "ordered_at", "one_value")):
        assert faults_without([Removal(*one)], shop, tmp_path / "shop") == {}


@pytest.mark.full
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_is_taken_away_the_pages_are_made(shop, tmp_path, part):
    found = {}
    for group in apart(removals(shop), SEED)[part::PARTS]:
        found |= faults_without(group, shop, tmp_path / "shop")
    assert found == {}
