"""All built pages against each other: a figure on two of them is one figure, and every one stands in a table."""

import pytest

import walk
from places import ROOT

BUILT = sorted(folder.parent for folder in ROOT.glob("reports/*/told"))
pytestmark = pytest.mark.skipif(not BUILT, reason="no reports are built here: run make reports")


@pytest.fixture(params=BUILT, ids=lambda folder: folder.name)
def pages(request):
    return walk.Pages(request.param)


@pytest.mark.parametrize(
    "walked",
    [
        walk.figures_stand_in_their_table,
        walk.what_stands_twice_is_the_same,
        walk.sums_have_their_parts,
        walk.totals_of_tables,
        walk.ends_enclose_values,
    ],
    ids=lambda function: function.__name__,
)
def test_pages_agree(pages, walked):
    count = walk.Count()
    walked(pages, count)
    print(f"{pages.folder.name} {walked.__name__}: {count.compared} figures compared")
    assert not count.wrong, "\n".join(count.wrong)
    assert count.compared


def test_most_figures_of_sections_can_be_worked_out_from_their_tables(pages):
    found, total = walk.figures_come_from_tables(pages)
    print(f"{pages.folder.name}: {found} of {total} figures of sections stand in, or sum up, a table of the section")
    assert found > total / 3
