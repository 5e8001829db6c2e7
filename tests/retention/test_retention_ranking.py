"""Areas under the curve against their definition and the published ones on the CDNOW master log."""

from importlib import resources

import numpy as np
import pandas as pd
import pytest

from regulars.clv import ParetoNBDFitter
from regulars.purchases import Purchases
from regulars.statistics.ranking import beside, flagged_beside, paired_auc

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
    assert beside([True, True], {"a": np.array([1, 2]), "b": np.array([1, 2])}, "b").empty


class TestBeside:
    def test_bootstrap_and_delong_agree(self):
        rng = np.random.default_rng(5)
        truth = rng.normal(size=2000)
        came = rng.random(2000) < 1 / (1 + np.exp(-truth))
        scores = {"one": truth + rng.normal(size=2000), "plain": np.round(truth + 2 * rng.normal(size=2000))}
        found, exact = beside(came, scores, "plain", draws=1000).iloc[0], paired_auc(came, *scores.values())
        assert found["auc"] == pytest.approx(exact.first.value, abs=1e-12)
        assert found["gap"] == pytest.approx(exact.gap.value, abs=1e-12)
        for name, by in (("auc", exact.first), ("gap", exact.gap)):
            assert found[f"{name}_low"] == pytest.approx(by.low, abs=0.003)
            assert found[f"{name}_high"] == pytest.approx(by.high, abs=0.003)
        assert found["verdict"] == "better"

    def test_two_scores_alike_are_told_apart_in_one_of_ten_samples(self):
        rng, found = np.random.default_rng(6), 0
        for seed in range(200):
            truth = rng.normal(size=200)
            came = rng.random(200) < 1 / (1 + np.exp(-truth))
            scores = {"one": truth + rng.normal(size=200), "plain": truth + rng.normal(size=200)}
            found += beside(came, scores, "plain", draws=200, seed=seed)["verdict"].iloc[0] != "alike"
        assert 0.05 <= found / 200 <= 0.16

    def test_a_sample_is_judged_where_there_are_more(self):
        rng = np.random.default_rng(7)
        score = rng.normal(size=5000)
        found = beside(rng.normal(size=5000) < score, {"one": score, "plain": -score}, "plain", draws=50, most=1000)
        assert found["n"].eq(1000).all()


class TestFlagged:
    def test_by_hand(self):
        away = np.array([True, True, True, False, False])
        found = flagged_beside(away, [1, 1, 0, 0, 1], [0, 0, 1, 0, 0])
        assert found.caught == pytest.approx({"own": 2 / 3, "fixed": 1 / 3})
        assert found.wrong == {"own": 0.5, "fixed": 0}
        assert (found.own.value, found.fixed.value) == pytest.approx((2 / 3 - 1 / 2, 1 / 3))
        assert found.gap.value == pytest.approx(-1 / 6)

    def test_the_own_rhythm_wins_where_rhythms_differ_and_loses_where_it_is_noise(self):
        """Half the customers order weekly, half every four months; some of either have left, up to two years ago."""
        rng = np.random.default_rng(8)
        n = 4000
        pace = np.where(rng.random(n) < 0.5, 7.0, 120.0)
        left = rng.random(n) < 0.3
        silence = np.where(left, rng.uniform(0, 730, n), rng.exponential(pace))
        chance = np.exp(-silence / pace)
        assert flagged_beside(left, chance < 0.05, silence > 90).gap.low > 0
        assert flagged_beside(left, rng.random(n) < 0.3, silence > 90).gap.high < 0

    def test_two_rules_alike_are_told_apart_in_one_of_ten_samples(self):
        rng, found = np.random.default_rng(9), 0
        for seed in range(200):
            away = rng.random(300) < 0.5
            own, fixed = (rng.random(300) < np.where(away, 0.6, 0.3) for _ in range(2))
            gap = flagged_beside(away, own, fixed, draws=200, seed=seed).gap
            found += not gap.low <= 0 <= gap.high
        assert 0.05 <= found / 200 <= 0.16

    def test_nobody_or_everybody_flagged_says_nothing(self):
        for flags in ([0, 0, 0], [1, 1, 1]):
            assert np.isnan(flagged_beside([1, 0, 1], [1, 0, 0], flags).gap.value)
            assert np.isnan(flagged_beside([1, 0, 1], flags, [1, 0, 0]).gap.value)


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
    past = Purchases.of(known, zero_spend_is_purchase=True).summary(CUTOFF)
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
