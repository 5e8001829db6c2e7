"""Every section stands alone: whatever is taken from a shop, every stage ends and every page is made."""

import random

import pytest

from removal import removals, run_from, small_shop, take_away

SEED, DRAWN, PARTS = 20261130, 30, 16


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return small_shop(tmp_path_factory.mktemp("shop"))


@pytest.mark.parametrize("number", range(DRAWN))
def test_a_shop_without_something_has_its_pages(shop, tmp_path, number):
    removal = random.Random(SEED).sample(removals(shop), DRAWN)[number]
    assert run_from(take_away(removal, shop, tmp_path), tmp_path) == [], str(removal)


@pytest.mark.full
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_is_taken_away_the_pages_are_made(shop, tmp_path, part):
    found = {}
    for removal in removals(shop)[part::PARTS]:
        folder = tmp_path / str(removal)
        if faults := run_from(take_away(removal, shop, folder), folder):
            found[str(removal)] = faults
    assert found == {}
