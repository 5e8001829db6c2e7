"""The published models' accuracy on the CDNOW hold-out, and honesty of the scores."""

from importlib import resources

import numpy as np
import pandas as pd
import pytest

from regulars.clv import backtest, calibrate_p_active
from regulars.clv.backtesting import backtest_folds, forecast_fold
from regulars.clv.calibration import reliability_table
from regulars.clv.fold_metrics import compare_folds, metrics, score_folds
from regulars.purchases import Purchases

MODELS = ("bg_nbd", "mbg_nbd", "pareto_nbd", "combined", "naive", "recency", "last_period")
CDNOW = {"zero_spend_is_purchase": True}


def read(name, **settings):
    with resources.files("lifetimes").joinpath(f"datasets/{name}").open() as file:
        log = pd.read_csv(file, sep=r"\s+", dtype=str, **settings)
    return pd.DataFrame(
        {
            "customer_id": log["customer_id"],
            "ordered_at": pd.to_datetime(log["date"]),
            "amount": log["amount"].astype(float),
        }
    )


@pytest.fixture(scope="module")
def sample():
    return read("CDNOW_sample.txt", header=None, names=["master", "customer_id", "date", "cds", "amount"])


@pytest.fixture(scope="module")
def fold(sample):
    return forecast_fold(Purchases.of(sample, **CDNOW), "1997-09-30", 273, MODELS)


@pytest.fixture(scope="module")
def scores(fold):
    table = score_folds([fold], bootstraps=50)
    return table.set_index(["unit", "model", "metric"])["value"].sort_index()


# Σ predicted, bias, MAE, RMSE, correlation of the published models on 39 weeks
PUBLISHED = {
    "naive": (2930.10, 55.69, 1.023669, 2.211918, 0.583943),
    "bg_nbd": (1653.4087, -12.15, 0.785454, 1.607982, 0.625647),
    "mbg_nbd": (1576.7283, -16.22, 0.764779, 1.607183, 0.627253),
    "pareto_nbd": (1665.5131, -11.50, 0.754523, 1.602848, 0.630223),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_published_accuracy(fold, scores, model):
    total, bias, mae, rmse, correlation = PUBLISHED[model]
    assert fold.customers["holdout_orders"].sum() == 1882
    assert fold.orders[model].sum() == pytest.approx(total, abs=0.005 if model == "naive" else 5e-5)
    assert scores["orders", model, "bias_pct"] == pytest.approx(bias, abs=0.005)
    assert scores["orders", model, "mae"] == pytest.approx(mae, abs=5e-7)
    assert scores["orders", model, "rmse"] == pytest.approx(rmse, abs=5e-7)
    assert scores["orders", model, "correlation"] == pytest.approx(correlation, abs=5e-7)


@pytest.mark.parametrize(
    ("model", "deviance", "auc", "brier", "log_loss"),
    [("bg_nbd", 1.599, 0.757, 0.1612, 0.506), ("pareto_nbd", 1.594, 0.771, 0.1619, 0.508)],
)
def test_chance_of_an_order(scores, model, deviance, auc, brier, log_loss):
    assert scores["orders", model, "deviance"] == pytest.approx(deviance, abs=5e-4)
    assert scores["orders", model, "auc"] == pytest.approx(auc, abs=5e-4)
    assert scores["orders", model, "brier"] == pytest.approx(brier, abs=5e-5)
    assert scores["orders", model, "log_loss"] == pytest.approx(log_loss, abs=5e-4)


def test_what_the_combined_forecast_reaches(fold, scores):
    reached = scores["orders", "combined"]
    assert reached["rmse"] <= 1.602
    assert reached["correlation"] >= 0.630
    assert reached["deviance"] <= 1.53
    assert reached["auc"] >= 0.776
    assert reached["brier"] <= 0.158
    assert reached["log_loss"] <= 0.490
    assert abs(reached["bias_pct"]) <= 14
    assert scores["spend", "combined", "correlation"] >= 0.560


def test_plain_recency_ranks_better_than_p_alive(fold, scores):
    assert scores["orders", "recency", "auc"] == pytest.approx(0.771, abs=5e-4)
    happened = fold.customers["holdout_orders"] > 0
    auc = metrics(happened, fold.orders["bg_nbd"], fold.orders["bg_nbd"])["auc"][0]
    assert auc == pytest.approx(0.773, abs=5e-4)


def test_spend(fold, scores):
    assert fold.customers["holdout_spend"].sum() == pytest.approx(70_976.39, abs=0.005)
    assert fold.spend["bg_nbd"].sum() == pytest.approx(59_931.63, abs=0.005)
    assert scores["spend", "bg_nbd", "mae"] == pytest.approx(30.4079, abs=5e-5)
    assert scores["spend", "bg_nbd", "correlation"] == pytest.approx(0.5647, abs=5e-5)
    assert scores["spend", "bg_nbd", "top_decile_capture"] == pytest.approx(0.5020, abs=5e-5)


def test_no_leakage(sample):
    """Whatever is done to the days after the cutoff, no forecast moves."""
    rng = np.random.default_rng(3)
    later = sample["ordered_at"] > "1997-09-30"
    scrambled = sample.copy()
    scrambled.loc[later, "customer_id"] = rng.permutation(sample.loc[later, "customer_id"])
    scrambled.loc[later, "amount"] = rng.lognormal(3, 2, later.sum())
    days = rng.integers(1, 273, later.sum())
    scrambled.loc[later, "ordered_at"] = pd.Timestamp("1997-09-30") + pd.to_timedelta(days, "D")
    scrambled.loc[scrambled.index[later][0], "ordered_at"] = pd.Timestamp("1998-06-30")
    models = (*MODELS, "regular_k2")
    before = forecast_fold(Purchases.of(sample, **CDNOW), "1997-09-30", 273, models)
    after = forecast_fold(Purchases.of(scrambled, **CDNOW), "1997-09-30", 273, models)
    for name in ("orders", "p_order", "spend"):
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name), check_exact=True)
    assert before.customers["holdout_orders"].sum() != after.customers["holdout_orders"].sum()


def test_cutoffs_that_cannot_be_used_are_told_and_the_others_stand(sample):
    cutoffs = ["1990-01-01", "1997-01-01", "1997-09-30", "1998-05-01", "2001-01-01"]
    table = backtest(Purchases.of(sample, **CDNOW), cutoffs, 90, ["bg_nbd", "naive"], bootstraps=20)
    assert table["cutoff"].unique().tolist() == [pd.Timestamp("1997-09-30")]
    told = table.attrs["left_out"]
    assert [sentence[:18] for sentence in told] == [f"cutoff {cutoff}:" for cutoff in cutoffs if "09" not in cutoff]
    assert list(table) == ["cutoff", "model", "unit", "metric", "value", "low", "high"]
    with pytest.raises(ValueError, match="cutoff 1990-01-01"):
        backtest(Purchases.of(sample), ["1990-01-01"], 90)
    with pytest.raises(ValueError, match="no model named 'bg'"):
        backtest(Purchases.of(sample), ["1997-09-30"], 90, ["bg"])


def test_intervals_hold_the_value_and_are_the_same_again(fold):
    first, second = (score_folds([fold], bootstraps=100, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert (first["low"] <= first["value"]).mean() > 0.95
    assert (first["high"] >= first["value"]).mean() > 0.95


def test_differences_are_paired(fold):
    """Models that say nearly the same differ by far less than each of them is uncertain."""
    alone = score_folds([fold], bootstraps=100).set_index(["model", "unit", "metric"])
    apart = compare_folds([fold], bootstraps=100).set_index(["model", "unit", "metric"])
    key = ("mbg_nbd", "orders", "rmse")
    assert apart.loc[key, "value"] == pytest.approx(1.607183 - 1.607982, abs=2e-6)
    width = apart.loc[key, "high"] - apart.loc[key, "low"]
    assert width < 0.3 * (alone.loc[key, "high"] - alone.loc[key, "low"])


def test_area_under_the_curve_counts_ties_half():
    y, p = np.array([0, 0, 1, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.9, 0.2, 0.1])
    pairs = [(p[i] > p[j]) + 0.5 * (p[i] == p[j]) for i in np.flatnonzero(y) for j in np.flatnonzero(y == 0)]
    assert metrics(y, p, p)["auc"][0] == pytest.approx(np.mean(pairs))


def test_a_forecast_of_nothing_wins_by_mae_and_loses_by_deviance(fold, scores):
    y = fold.customers["holdout_orders"].to_numpy(float)
    nothing = metrics(y, np.zeros_like(y))
    assert nothing["mae"][0] == pytest.approx(0.7985, abs=5e-5)
    assert nothing["deviance"][0] > 2 * scores["orders", "bg_nbd", "deviance"]


def test_own_models_can_be_given(sample):
    from regulars.clv import RegularBetaGeoFitter

    folds, left_out = backtest_folds(
        Purchases.of(sample, **CDNOW), ["1997-09-30"], 90, {"mine": RegularBetaGeoFitter(4)}
    )
    assert list(folds[0].orders) == ["mine"]
    assert left_out == []


def test_calibration_recovers_a_bent_probability(sample):
    """A model that is made overconfident is straightened on the later cutoff."""
    from regulars.clv import BetaGeoFitter

    class Overconfident(BetaGeoFitter):
        def probability_active(self, t, frequency, recency, T):
            p = super().probability_active(t, frequency, recency, T)
            return p**2 / (p**2 + (1 - p) ** 2)

    found = calibrate_p_active(Purchases.of(sample, **CDNOW), "1998-06-30", 90, fitter=Overconfident)
    assert found.is_calibrated
    assert 0.3 < found.slope < 0.7  # squared odds need half the slope
    brier = found.scores.set_index("forecast")["brier"]
    assert brier["calibrated"] < brier["raw"]
    assert found.fitted_on < found.judged_on < pd.Timestamp("1998-06-30")
    assert found.reliability["n"].sum() == 2357
    np.testing.assert_allclose(found.apply(found.probabilities["p_active_raw"]), found.probabilities["p_active"])


def test_too_little_history_is_said(sample):
    found = calibrate_p_active(Purchases.of(sample, **CDNOW), "1997-04-30", 90)
    assert (found.is_calibrated, found.reason) == (False, "history")
    assert found.probabilities["p_active"].equals(found.probabilities["p_active_raw"])


def test_reliability_adds_up():
    rng = np.random.default_rng(2)
    p = rng.uniform(0, 1, 5000)
    table = reliability_table(p, rng.uniform(0, 1, 5000) < p)
    assert table["n"].sum() == 5000
    assert ((table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])).sum() >= 7


def test_rankings_do_not_hang_on_the_last_bits():
    """Scores that are equal but for rounding are ties, as on a processor that rounds otherwise."""
    rng = np.random.default_rng(8)
    y = rng.poisson(0.7, 4000).astype(float)
    f = np.round(0.5 * y + rng.gamma(2, 0.3, 4000), 1)
    shaken = f * (1 + rng.choice([-2, -1, 0, 1, 2], 4000) * 2.0**-52)
    plain, other = (metrics(y, values, -np.expm1(-values)) for values in (f, shaken))
    for name in ("auc", "top_decile_capture"):
        assert plain[name][0] == pytest.approx(other[name][0], rel=1e-12)
