"""Checks of a fitted model against the published CDNOW figures."""

from datetime import date

import pandas as pd
import pytest

from regulars.clv import BetaGeoFitter, frequency_check, tracking
from regulars.clv.backtesting import backtest_folds
from regulars.clv.headline import fold_totals
from regulars.purchases import Purchases

CUTOFF, END = date(1997, 9, 30), date(1998, 6, 30)


@pytest.fixture(scope="module")
def summary(cdnow_sample):
    return Purchases.of(cdnow_sample, zero_spend_is_purchase=True).summary(CUTOFF)


@pytest.fixture(scope="module")
def model(summary):
    return BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])


def test_calibration_histogram(model, summary):
    table = frequency_check(model, summary["frequency"], summary["T"])
    assert table["customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    expected = [1407.6843, 460.3235, 192.4614, 101.1642, 59.8471, 38.1197, 25.5491, 71.8507]
    assert table["expected"].tolist() == pytest.approx(expected, abs=5e-4)
    assert table["expected"].sum() == pytest.approx(len(summary))


def test_cumulative_tracking(model, cdnow_sample):
    table = tracking(model, Purchases.of(cdnow_sample, zero_spend_is_purchase=True), END)
    weeks = table.iloc[19:25]
    assert weeks["came"].tolist() == [1359, 1414, 1484, 1517, 1573, 1672]
    expected = [1312.4589, 1387.3475, 1460.3932, 1531.7150, 1601.4194, 1669.6017]
    assert weeks["expected"].tolist() == pytest.approx(expected, abs=5e-4)


def test_unit_of_time_does_not_matter(cdnow_sample, model):
    purchases = Purchases.of(cdnow_sample, zero_spend_is_purchase=True)
    by_day = purchases.summary(CUTOFF, "day")
    daily = BetaGeoFitter().fit(by_day["frequency"], by_day["recency"], by_day["T"])
    both = tracking(daily, purchases, END, "day"), tracking(model, purchases, END)
    pd.testing.assert_frame_equal(*both, rtol=1e-7)


def test_last_test_on_the_published_holdout(cdnow_sample):
    """Hold-out of 39 weeks (values by Newton's method): BG/NBD 1653.4087, naive rate 2930.10, actual 1,882."""
    models = ["bg_nbd", "naive"]
    folds, _ = backtest_folds(
        Purchases.of(cdnow_sample, zero_spend_is_purchase=True), [CUTOFF], 273, models, observation_end=END
    )
    row = fold_totals(folds, "bg_nbd", 273).iloc[0]
    assert row["expected"] == pytest.approx(1653.4087, abs=5e-4)
    assert row["naive"] == pytest.approx(2930.10, abs=5e-3)
    assert row["came"] == 1882
    assert row["miss"] == pytest.approx(-0.1215, abs=5e-5)
    assert row["verdict"] == "inside"
    assert row["low"] < row["came"] < row["high"]
