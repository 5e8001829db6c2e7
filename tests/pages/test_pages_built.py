"""The pages that stand in reports/, where the project has been built: whole in a browser, true to their tables."""

import pytest

import pages
from browser import browser, needs_browser
from places import ROOT

BUILT = pages.built(ROOT)
pytestmark = pytest.mark.skipif(not BUILT, reason="no reports are built here: run make reports")


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


@needs_browser
@pytest.mark.parametrize(("dataset", "stage"), BUILT)
def test_whole_in_a_browser(chromium, dataset, stage):
    pages.assert_whole_in_browser(chromium, ROOT, dataset, stage)


@pytest.mark.parametrize(("dataset", "stage"), [page for page in BUILT if page[1] != "index"])
def test_figures_are_those_of_the_tables(dataset, stage):
    tables = pages.assert_figures_are_those_of_the_tables(ROOT, dataset, stage)
    # without a survey, or contacts, there is nothing to show on that page
    told = pages.told_of(ROOT, dataset, stage).sections.values()
    assert tables > 0 or not any(found.frames for found in told)
