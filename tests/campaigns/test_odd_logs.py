"""Odd order logs: each ends in pages, or in one sentence of cleaning that says what is wrong with it."""

import pytest

from odd_logs import KINDS, odd_log
from removal import NAMED, lay_out, project, run_stages, unsayable

pytestmark = pytest.mark.usefixtures("id_key")

ALL, DRAWN = 100, (1, 3, 6, 7, 8, 11, 55)
SAYS = ("ingest", "clean")  # stages that may refuse a log
MISSING = "run `regulars reports"  # what a stage says where an earlier one left nothing: no sentence on the log


def ends_well(number: int, folder) -> str:
    """What went wrong with an odd log; nothing where it has its pages, or a sentence."""
    _, rows = odd_log(number)
    lay_out(folder, {"orders": rows})
    with project(folder):
        stage, fault = run_stages("ingest")
    if fault:
        return "" if stage in SAYS and ": UserError: " in fault and MISSING not in fault else fault
    return "; ".join(said for page in sorted((folder / "reports" / NAMED).glob("*.html")) for said in unsayable(page))


@pytest.mark.parametrize("number", DRAWN)
def test_an_odd_log_ends_in_pages_or_in_a_sentence(tmp_path, number):
    assert ends_well(number, tmp_path) == ""


@pytest.mark.full
@pytest.mark.parametrize("kind", range(len(KINDS)), ids=list(KINDS))
def test_a_hundred_odd_logs_end_in_pages_or_in_a_sentence(tmp_path, kind):
    numbers = range(kind, ALL, len(KINDS))
    assert {number: fault for number in numbers if (fault := ends_well(number, tmp_path / str(number)))} == {}
