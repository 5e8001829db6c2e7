"""Contracts: bad ones by hand, the published cohort out of dates, and the Telco customers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regulars.clv import ShiftedBetaGeoFitter
from regulars.retention import contract_spells, contract_story, survivors_of

TELCO = Path(__file__).resolve().parents[2] / "shared" / "data" / "telco_churn" / "telco_ibm_7043.csv"
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def contracts_of(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "started_at", "ended_at"])
    return frame.assign(started_at=pd.to_datetime(frame["started_at"]), ended_at=pd.to_datetime(frame["ended_at"]))


class TestSpells:
    def test_wrong_and_overlapping_contracts_are_counted_and_the_rest_stands(self):
        found = contract_spells(
            contracts_of(
                ("backwards", "2025-03-01", "2025-02-01"),
                ("overlap", "2025-01-01", "2025-03-15"), ("overlap", "2025-03-01", None),
                ("inside", "2025-01-01", "2025-05-15"), ("inside", "2025-02-01", "2025-03-01"),
                ("again", "2025-01-01", "2025-02-15"), ("again", "2025-05-01", None),
                ("future", "2026-01-01", None),
                ("runs", "2025-01-01", "2026-02-01"),
            ),
            "2025-06-30",
        )  # fmt: skip
        assert (found.reversed, found.overlapping, found.later, found.returned) == (1, 2, 1, 1)
        table = found.spells.set_index("customer_id")
        assert table["periods"].to_dict() == {"again": 2, "inside": 5, "overlap": 5, "runs": 5}
        assert table["has_ended"].to_dict() == {"again": True, "inside": True, "overlap": False, "runs": False}

    def test_a_life_after_the_second_gap_is_left_out_as_well(self):
        found = contract_spells(
            contracts_of(
                ("a", "2025-01-01", "2025-01-20"), ("a", "2025-03-01", "2025-03-20"), ("a", "2025-03-10", None)
            ),
            "2025-06-30",
        )
        assert (found.returned, found.overlapping) == (2, 0)
        assert found.spells["periods"].tolist() == [1]

    def test_the_published_cohort_out_of_dates(self):
        start, ended = pd.Timestamp("2018-01-01"), -np.diff(REGULAR)
        ends = [start + pd.DateOffset(years=year) + pd.DateOffset(days=200) for year in range(7)]
        rows = [(f"{year}-{i}", start, ends[year]) for year in range(7) for i in range(ended[year])]
        rows += [(f"stays-{i}", start, None) for i in range(REGULAR[-1])]
        spells = contract_spells(contracts_of(*rows), "2025-01-02", 12).spells
        model = ShiftedBetaGeoFitter().fit(survivors_of(spells["periods"], spells["has_ended"]))
        assert model.log_likelihood_ == pytest.approx(-1680.26518846, abs=1e-7)

    def test_nobody_left(self):
        spells = contract_spells(contracts_of(("a", "2025-01-01", None)), "2025-06-30").spells
        with pytest.raises(ValueError, match="nobody has left in the periods given"):
            contract_story(spells, 0.1)


@pytest.fixture(scope="module")
def telco():
    if not TELCO.is_file():
        pytest.skip("the Telco data are not beside the project")
    table = pd.read_csv(TELCO)
    # who is new this month has passed no renewal and tells nothing yet
    table = table[table["tenure"] > 0]
    spells = pd.DataFrame({"periods": table["tenure"], "has_ended": table["Churn"].eq("Yes")})
    return spells, contract_story(spells, 0.1)


class TestTelco:
    def test_customers_and_losses_are_those_of_the_file(self, telco):
        spells, story = telco
        assert len(spells) == 7032
        assert spells["has_ended"].sum() == 1869
        assert story.curve.events.sum() == 1869

    def test_the_simple_model_is_rejected_and_the_general_one_fits_what_was_seen(self, telco):
        _, story = telco
        assert story.dependence.p_value < 1e-6
        seen = story.table[story.table["period"].between(1, 60)]
        off = (seen["projected"] - seen["seen"]).abs()
        assert off.max() < 0.02
        assert off.mean() < (seen["simple"] - seen["seen"]).abs().mean()
        assert story.table.loc[story.table["period"] > 72, "seen"].isna().all()
        assert story.to_come > 12
