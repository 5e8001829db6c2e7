"""Areas under the curve against their definition and the published ones on the CDNOW master log."""

from importlib import resources

import numpy as np
import pandas as pd
import pytest

from regulars.clv import ParetoNBDFitter
from regulars.retention import paired_auc
from regulars.rfm import rfm_summary

CUTOFF = pd.Timestamp("1997-09-30")


def test_it_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(1)
    came, score = rng.random(60) < 0.4, rng.integers(0, 5, 60).astype(float)
    pairs = [(a > b) + (a == b) / 2 for a in score[came] for b in score[~came]]
    assert paired_auc(came, score, -score).first.value == pytest.approx(np.mean(pairs))
    assert paired_auc(came, score, -score).second.value == pytest.approx(1 - np.mean(pairs))


def test_intervals_of_the_difference_cover_nothing_where_there_is_nothing():
    """Two scores that are equally good, and alike: their difference is found in one of ten samples."""
    rng, found = np.random.default_rng(2), 0
    for _ in range(300):
        truth = rng.normal(size=150)
        came = rng.random(150) < 1 / (1 + np.exp(-truth))
        gap = paired_auc(came, truth + rng.normal(size=150), truth + rng.normal(size=150)).gap
        found += not gap.low <= 0 <= gap.high
    assert 0.06 <= found / 300 <= 0.15


def test_nothing_to_rank():
    assert np.isnan(paired_auc([True, True], [1, 2], [1, 2]).gap.value)


def test_pareto_nbd_on_the_master_log():
    """Published for the 39-week hold-out: P(active) .763, expected orders .769, plain recency .759."""
    with resources.files("lifetimes").joinpath("datasets/CDNOW_master.txt").open() as file:
        log = pd.read_csv(file, sep=r"\s+")
    orders = pd.DataFrame(
        {
            "customer_id": log["customer_id"].astype(str),
            "ordered_at": pd.to_datetime(log["date"].astype(str)),
            "amount": log["total_sales"] if "total_sales" in log else log.iloc[:, -1],
        }
    )
    known = orders[orders["ordered_at"] <= CUTOFF]
    past = rfm_summary(known, CUTOFF, zero_spend_is_purchase=True)
    later = orders.loc[orders["ordered_at"] > CUTOFF, "customer_id"].unique()
    came = past["customer_id"].isin(later).to_numpy()
    history = tuple(past[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    model = ParetoNBDFitter().fit(*history)
    active = np.asarray(model.probability_active(39.0, *history))
    expected = np.asarray(model.conditional_expected_number_of_purchases_up_to_time(39.0, *history))
    recency = -(history[2] - history[1])
    one, other = paired_auc(came, active, recency), paired_auc(came, expected, recency)
    assert one.first.value == pytest.approx(0.763, abs=5e-4)
    assert other.first.value == pytest.approx(0.769, abs=5e-4)
    assert one.second.value == pytest.approx(0.759, abs=5e-4)
    assert other.gap.low > 0
