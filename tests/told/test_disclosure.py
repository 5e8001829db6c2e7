"""No small group is told, neither in a cell nor by a difference: over all tables of a dataset that has been built."""

import numpy as np
import pandas as pd
import pytest

import pages
import report_sample
from differences import by_difference, read_off, side_by_side
from places import ROOT
from regulars.disclosure import SIDE_BY_SIDE, secret_facts, shown_frames
from regulars.finding import Finding
from regulars.paths import STAGING_VARIABLE
from regulars.statistics.cells import large_enough, too_small
from regulars.statistics.intervals import Estimate
from regulars.told import Report, read_told

BUILT = pages.built(ROOT)
LEAST = 5


class TestTheOneFunction:
    def test_what_is_small_goes_and_what_would_tell_it(self):
        assert too_small([2, 9, 30, 0], 5, ["all"] * 4).tolist() == [True, True, False, False]

    def test_two_small_ones_that_together_are_small_take_a_third(self):
        assert too_small([1, 2, 9, 30], 5, ["all"] * 4).tolist() == [True, True, True, False]

    def test_of_two_ways_to_add_up_neither_tells(self):
        cells = np.array([[90, 2, 40], [7, 80, 60], [11, 13, 17]])
        row, column = np.indices(cells.shape)
        hidden = too_small(cells.ravel(), 5, row.ravel(), column.ravel()).reshape(cells.shape)
        assert hidden[0, 1]
        for sums in (hidden.sum(axis=0), hidden.sum(axis=1)):
            assert set(sums) <= {0, 2, 3}

    def test_nothing_goes_where_nothing_is_small(self):
        table = pd.DataFrame({"segment": list("abc"), "customers": [5, 0, 700]})
        assert large_enough(table, "customers", 5) is not table
        assert large_enough(table, "customers", 5)["segment"].tolist() == ["a", "b", "c"]

    def test_an_empty_cell_does_not_tell_its_only_neighbour(self):
        assert too_small([9, 0, 3, 40], 5, ["a", "a", "b", "b"], ["x", "y", "x", "y"]).all()

    def test_steps_of_a_sum_are_left_out_as_a_whole(self):
        steps = pd.DataFrame({"step": ["before", "new", "now"], "amount": [9.0, 1.0, 10.0], "customers": [90, 2, 92]})
        assert shown_frames("base", {"revenue": steps.assign(is_total=[True, False, True])}, 5) == {}

    def test_a_share_of_few_is_no_rate(self):
        """Of 15 customers 1 became true, 10 latent, and 4 stayed; of 56 all but 11 stayed: what few did is blank."""
        moves = pd.DataFrame(
            [("true", 56, 45, 11, 0, 0), ("none", 15, 1, 10, 0, 4)],
            columns=["before", "n", "to_true", "to_latent", "to_spurious", "to_none"],
        )
        moves[["to_true", "to_latent", "to_spurious", "to_none"]] /= moves[["n"]].to_numpy()
        stayed = [45 / 56, 4 / 15]
        moves = moves.assign(stayed=stayed, stayed_low=stayed, stayed_high=stayed)
        shown = shown_frames("loyalty", {"migration": moves}, 5)["migration"]
        assert shown.loc[1, ["to_true", "to_none", "stayed"]].isna().all()
        assert shown["to_true"].isna()[0], "it would follow from the column"
        assert shown["to_latent"].tolist() == [11 / 56, 10 / 15]

    def test_what_a_withheld_sum_would_tell_no_fact_tells(self):
        steps = {"step": ["before", "back", "now"], "amount": [90.0, 7.5, 97.5], "customers": [90, 2, 92]}
        frames = {"steps": pd.DataFrame(steps).assign(is_total=[True, False, True])}
        facts = {"change": Estimate(-7.5, -8.0, -7.0), "now": 97.5, "cause": "back", "days": 2}
        assert secret_facts("revenue", facts, frames, 5) == ["change"]
        assert secret_facts("revenue", facts, frames, 1) == []

    def test_a_section_that_would_tell_of_few_says_so_instead(self, tmp_path, monkeypatch):
        monkeypatch.setenv(STAGING_VARIABLE, str(tmp_path))
        steps = pd.DataFrame({"step": ["before", "now"], "amount": [90.0, 97.5], "customers": [1, 1], "is_total": True})
        finding = Finding("one_cohort", {"before": 90.0, "now": 97.5}, {"steps": steps}, key="revenue")
        report = Report("value", report_sample.ABOUT, least=5)
        report.tell(finding)
        told = report.told.sections["revenue"]
        assert (told.verdict, dict(told.frames)) == ("unusable", {}) and "fewer than 5 customers" in told.facts["why"]

    def test_a_list_of_pseudonyms_stays(self):
        calls = pd.DataFrame({"customer": ["C-A"], "n": [1]})
        assert len(shown_frames("calls", {"list": calls}, 5)["list"]) == 1

    def test_money_of_few_orders_is_left_blank(self):
        weeks = pd.DataFrame({"week_end": ["a", "b", "c"], "orders": [2, 9, 30], "revenue": [1.0, 2.0, 3.0]})
        shown = shown_frames("gaps", {"weeks": weeks}, 5)["weeks"]
        assert shown["revenue"].isna().tolist() == [True, True, False]
        assert shown["orders"].tolist() == [2, 9, 30]

    @pytest.mark.parametrize("seed", range(40))
    def test_no_total_less_what_is_shown_is_small(self, seed):
        rng = np.random.default_rng(seed)
        shape = tuple(rng.integers(2, 9, 2))
        cells = rng.negative_binomial(0.5, 0.02, shape)
        row, column = np.indices(shape)
        hidden = too_small(cells.ravel(), LEAST, row.ravel(), column.ravel()).reshape(shape)
        for axis in (0, 1):
            rest, whole = np.where(hidden, cells, 0).sum(axis=axis), cells.sum(axis=axis)
            # a row or column that is small as a whole has no total that may be told
            assert not ((rest > 0) & (rest < LEAST) & (whole >= LEAST)).any()


@pytest.mark.skipif(not BUILT, reason="no reports are built here: run make reports")
@pytest.mark.parametrize("dataset", sorted({dataset for dataset, _ in BUILT}))
class TestWhatIsBuilt:
    @pytest.fixture
    def sections(self, dataset, monkeypatch):
        monkeypatch.setenv("REGULARS_ROOT", str(ROOT))
        told = [read_told(dataset, file.stem) for file in sorted((ROOT / "reports" / dataset / "told").glob("*.json"))]
        return {key: finding.frames for stage in told for key, finding in stage.sections.items()}

    @pytest.fixture
    def customers(self, dataset):
        from regulars.catalog.places import read_json

        return read_json(f"reports/{dataset}/metrics/clean.json")["metrics"]["customers"]["value"]

    def test_no_small_group_is_told(self, sections, customers):
        tables = {f"{key}.{name}": frame for key, frames in sections.items() for name, frame in frames.items()}
        assert len(tables) > 20
        assert read_off(tables, LEAST) == []
        assert by_difference(tables, customers, LEAST) == []
        for key, (cells, _) in SIDE_BY_SIDE.items():
            if key in tables:
                assert side_by_side(tables[key], [name for name in cells if name in tables[key]], LEAST) == []
