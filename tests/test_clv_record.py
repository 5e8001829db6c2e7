"""The record of the models tells what the numbers mean; the scorecard reads a backtest."""

import pandas as pd
import pytest

from regulars.clv import BetaGeoFitter
from regulars.clv.record import UNIT_KEYS, models_record
from regulars.clv.scorecard import scorecard

CONTEXT = dict.fromkeys(UNIT_KEYS, "told")


@pytest.fixture(scope="module")
def model():
    """Six customers, two of them alike."""
    return BetaGeoFitter().fit([0, 0, 1, 2, 5, 3], [0, 0, 10, 8, 30, 20], [39, 39, 30, 38, 37, 26])


def test_record_holds_parameters_errors_and_counts(model):
    record = models_record({"bg_nbd": model}, champion="bg_nbd", **CONTEXT)
    entry = record["models"]["bg_nbd"]
    assert entry["parameters"] == model.params_.to_dict()
    assert entry["standard_errors"].keys() == entry["parameters"].keys()
    assert (entry["customers"], entry["distinct_rows"]) == (6, 5)
    assert record["champion"] == "bg_nbd"
    assert CONTEXT.items() <= record.items()


def test_record_refuses_a_champion_that_was_not_fitted_and_numbers_without_units(model):
    with pytest.raises(ValueError, match="champion 'pareto_nbd' is none of the models bg_nbd"):
        models_record({"bg_nbd": model}, champion="pareto_nbd", **CONTEXT)
    with pytest.raises(ValueError, match="'currency' is missing"):
        models_record({"bg_nbd": model}, champion="bg_nbd", **{k: v for k, v in CONTEXT.items() if k != "currency"})


def test_scorecard_has_a_row_per_model_and_shares_for_percent():
    rows = [("bg_nbd", "bias_pct", -12.0), ("bg_nbd", "auc", 0.77), ("naive", "bias_pct", 55.0), ("naive", "auc", 0.7)]
    scores = pd.DataFrame(rows, columns=["model", "metric", "value"]).assign(unit="orders")
    scores = scores.assign(low=scores["value"], high=scores["value"])
    table = scorecard(scores, metrics=("bias_pct", "auc")).set_index("model")
    assert table.loc["bg_nbd", ["bias", "bias_low", "auc"]].tolist() == [-0.12, -0.12, 0.77]
    assert table.loc["naive", "bias"] == 0.55
