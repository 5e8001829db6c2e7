"""The combined forecast: what it reaches, when a shape is learnt, and that nothing leaks into it."""

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoFitter
from regulars.clv.backtesting import backtest_folds, forecast_fold, forecast_now
from regulars.clv.combining import Cut, _boost, combine_fixed, stack_weights
from regulars.clv.fold_metrics import score_folds
from regulars.purchases import Purchases

CDNOW = {"zero_spend_is_purchase": True}
CUTOFF, DAYS = "1997-09-30", 273


@pytest.fixture(scope="module")
def master_fold(cdnow_master):
    return forecast_fold(Purchases.of(cdnow_master, **CDNOW), CUTOFF, DAYS, ["bg_nbd", "fixed", "combined"])


@pytest.fixture(scope="module")
def reached(master_fold):
    return score_folds([master_fold], bootstraps=10).set_index(["unit", "model", "metric"])["value"].sort_index()


def test_what_the_learnt_shape_reaches_on_the_master_log(master_fold, reached):
    assert master_fold.combination == "shape"
    orders = reached["orders", "combined"]
    assert orders["rmse"] <= 1.722
    assert orders["correlation"] >= 0.673
    assert orders["deviance"] <= 1.60
    assert orders["auc"] >= 0.767
    assert orders["brier"] <= 0.1621
    assert orders["log_loss"] <= 0.502
    assert abs(orders["bias_pct"]) <= 17
    assert reached["spend", "combined", "correlation"] >= 0.668
    assert reached["spend", "combined", "top_decile_capture"] >= 0.516


def test_published_accuracy_of_the_fixed_average_on_the_master_log(reached):
    """BG/NBD .512, 1.733, .6688; fixed −9.6 %, 1.720, .6735, 1.591, .768, .1620, .501."""
    fixed = reached["orders", "fixed"]
    assert fixed["bias_pct"] == pytest.approx(-9.6, abs=0.05)
    assert fixed["rmse"] == pytest.approx(1.720, abs=5e-4)
    assert fixed["correlation"] == pytest.approx(0.6735, abs=5e-5)
    assert fixed["deviance"] == pytest.approx(1.591, abs=5e-4)
    assert fixed["auc"] == pytest.approx(0.768, abs=6e-4)
    assert fixed["brier"] == pytest.approx(0.1620, abs=5e-5)
    assert fixed["log_loss"] == pytest.approx(0.501, abs=5e-4)


def test_level_of_the_shape_is_that_of_the_models(cdnow_master, master_fold):
    parts = forecast_fold(Purchases.of(cdnow_master, **CDNOW), CUTOFF, DAYS, ["pareto_nbd", "mbg_nbd"]).orders
    assert master_fold.regularity == 1
    assert master_fold.orders["combined"].sum() == pytest.approx(parts.mean(axis=1).sum(), rel=1e-12)
    assert master_fold.p_order["combined"].between(0, 1).all()


def test_few_repeat_orders_are_not_enough_for_a_shape(cdnow_sample):
    fold = forecast_fold(Purchases.of(cdnow_sample, **CDNOW), CUTOFF, DAYS, ["combined", "fixed"])
    assert fold.customers["frequency"].sum() == 2457
    assert fold.combination == "fixed"
    pd.testing.assert_series_equal(fold.orders["combined"], fold.orders["fixed"], check_names=False)


def test_no_leakage_into_the_shape(cdnow_sample):
    """Whatever is done to the days after the cutoff, no combination moves."""
    rng = np.random.default_rng(4)
    later = cdnow_sample["ordered_at"] > CUTOFF
    scrambled = cdnow_sample.copy()
    scrambled.loc[later, "customer_id"] = rng.permutation(cdnow_sample.loc[later, "customer_id"].to_numpy())
    scrambled.loc[later, "amount"] = rng.lognormal(3, 2, later.sum())
    days = pd.to_timedelta(rng.integers(1, DAYS + 1, later.sum()), "D")
    scrambled.loc[later, "ordered_at"] = pd.Timestamp(CUTOFF) + days
    models = ["shape", "fixed", "recency"]
    before, after = (
        forecast_fold(Purchases.of(log, **CDNOW), CUTOFF, DAYS, models, observation_end="1998-06-30")
        for log in (cdnow_sample, scrambled)
    )
    for name in ("orders", "p_order", "spend"):
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name), check_exact=True)
    assert not before.customers["holdout_orders"].equals(after.customers["holdout_orders"])


def test_the_inner_holdout_ends_with_the_cutoff(cdnow_sample):
    window = Cut(Purchases.of(cdnow_sample, **CDNOW), pd.Timestamp(CUTOFF), DAYS, "week").inner
    assert window.days == 90  # a third of 272 days
    assert window.start + pd.Timedelta(days=window.days) == pd.Timestamp("1997-09-30")


def test_the_same_orders_give_the_same_shape_on_any_number_of_threads(cdnow_sample):
    from threadpoolctl import threadpool_limits

    forecasts = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            forecasts.append(forecast_fold(Purchases.of(cdnow_sample, **CDNOW), CUTOFF, DAYS, ["shape"]).orders)
    pd.testing.assert_frame_equal(*forecasts, check_exact=True)


def test_stack_finds_the_weights_that_made_the_orders():
    rng = np.random.default_rng(5)
    parts = rng.gamma(1.0, 1.0, (40_000, 3))
    weights = stack_weights(rng.poisson(parts @ [0.7, 0.0, 0.3]).astype(float), parts)
    np.testing.assert_allclose(weights, [0.7, 0.0, 0.3], atol=0.02)


def test_boosting_starts_from_the_forecast_and_finds_what_bends_it():
    """Orders are twice the forecast where a feature is high and half where it is low; without it, as forecast."""
    rng = np.random.default_rng(6)
    start, feature = rng.gamma(1.0, 1.0, 30_000) + 0.05, rng.uniform(0, 1, 30_000)
    factor = np.where(feature > 0.5, 2.0, 0.5)
    features = np.column_stack([feature, rng.uniform(0, 1, 30_000)])
    bent = _boost(features, start, rng.poisson(start * factor).astype(float))(features)
    assert np.abs(np.log(bent / factor)).mean() < 0.08
    plain = _boost(features, start, rng.poisson(start).astype(float))(features)
    assert np.abs(np.log(plain)).mean() < 0.05


def test_average_by_hand():
    parts = [np.array([1.0, 0.0]), np.array([2.0, 0.0]), np.array([5.0, 1.0])]
    np.testing.assert_allclose(combine_fixed(parts), [0.45 + 0.9 + 0.5, 0.1])


def test_forecast_of_the_days_to_come_is_the_one_that_was_judged(cdnow_sample):
    """At the cutoff of a fold, the forecast of now says what the fold said."""
    seen = cdnow_sample[cdnow_sample["ordered_at"] <= CUTOFF]
    fold = forecast_fold(Purchases.of(cdnow_sample, **CDNOW), CUTOFF, DAYS, ["combined"])
    now = forecast_now(Purchases.of(seen, **CDNOW), CUTOFF, DAYS)
    assert now["customer_id"].equals(fold.customers["customer_id"])
    np.testing.assert_array_equal(now["expected_orders"], fold.orders["combined"])
    np.testing.assert_array_equal(now["p_order"], fold.p_order["combined"])


def test_own_model_may_carry_the_name_of_a_combination(cdnow_sample):
    folds, _ = backtest_folds(Purchases.of(cdnow_sample, **CDNOW), [CUTOFF], 90, {"shape": BetaGeoFitter()})
    assert folds[0].combination is None


def test_many_numbers_are_summed_as_exactly_as_few():
    from math import fsum

    from regulars.clv.combining import MANY, _exact_sum

    values = np.random.default_rng(1).lognormal(0.0, 3.0, MANY + 7)
    exact = fsum(values)
    assert _exact_sum(values) == pytest.approx(exact, rel=1e-11)
    shuffled = np.random.default_rng(2).permutation(values)
    assert _exact_sum(shuffled) == _exact_sum(values), "no order of the numbers matters"
    assert _exact_sum(values[:100]) == fsum(values[:100])
