"""Checks of a fitted model against the published CDNOW figures."""

from datetime import date

import pandas as pd
import pytest

from regulars.clv import BetaGeoFitter
from regulars.clv.checks import frequency_check, tracking
from regulars.clv.holdout import forecast_verdict, holdout_check, holdout_path
from regulars.intervals import Estimate
from regulars.rfm import holdout_split, purchase_log, rfm_summary

CUTOFF, END = date(1997, 9, 30), date(1998, 6, 30)


@pytest.fixture(scope="module")
def summary(cdnow_sample):
    return rfm_summary(cdnow_sample, CUTOFF, zero_spend_is_purchase=True)


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
    days = cdnow_sample.assign(day=cdnow_sample["ordered_at"].dt.normalize())
    days = days[["customer_id", "day"]].drop_duplicates()
    table = tracking(model, days, END)
    weeks = table.iloc[19:25]
    assert weeks["came"].tolist() == [1359, 1414, 1484, 1517, 1573, 1672]
    expected = [1312.4589, 1387.3475, 1460.3932, 1531.7150, 1601.4194, 1669.6017]
    assert weeks["expected"].tolist() == pytest.approx(expected, abs=5e-4)


def test_unit_of_time_does_not_matter(cdnow_sample, model):
    by_day = rfm_summary(cdnow_sample, CUTOFF, "day", zero_spend_is_purchase=True)
    daily = BetaGeoFitter().fit(by_day["frequency"], by_day["recency"], by_day["T"])
    days = cdnow_sample.assign(day=cdnow_sample["ordered_at"].dt.normalize())[["customer_id", "day"]].drop_duplicates()
    pd.testing.assert_frame_equal(tracking(daily, days, END, "day"), tracking(model, days, END), rtol=1e-7)


def test_holdout_path_ends_at_the_published_totals(cdnow_sample, model):
    """Hold-out of 39 weeks (values by Newton's method): BG/NBD 1653.4087, naive rate 2930.10, actual 1,882."""
    split = holdout_split(cdnow_sample, CUTOFF, END, zero_spend_is_purchase=True)
    days = purchase_log(cdnow_sample, zero_spend_is_purchase=True)
    total = Estimate(1653.4, 1653.4 * 0.8, 1653.4 / 0.8)
    path = holdout_path(model, split, days, CUTOFF, END, total)
    by_series = {name: part.reset_index(drop=True) for name, part in path.groupby("series")}
    last = {name: part.iloc[-1] for name, part in by_series.items()}
    assert [len(part) for part in by_series.values()] == [39, 39, 39]
    assert last["came"]["week_end"] == pd.Timestamp(END)
    assert last["forecast"]["orders"] == pytest.approx(1653.4087, abs=5e-5)
    assert last["naive"]["orders"] == pytest.approx(2930.10, abs=5e-3)
    assert last["came"]["orders"] == 1882 == split["holdout_orders"].sum()
    # the band of the whole is the one that was given; earlier weeks are less certain
    forecast = by_series["forecast"]
    assert [forecast["low"].iloc[-1], forecast["high"].iloc[-1]] == pytest.approx([total.low, total.high], rel=1e-4)
    assert ((forecast["high"] / forecast["orders"]).diff().dropna() < 0).all()
    assert path[path["series"] != "forecast"][["low", "high"]].isna().all(axis=None)


def test_verdict_names_the_forecast_not_the_customers():
    assert [forecast_verdict(Estimate(100, 80, 120), came) for came in (79, 80, 120, 121)] == [
        "high", "inside", "inside", "low",
    ]  # fmt: skip


def test_whole_check_on_the_published_holdout(cdnow_sample):
    economics = {"margin": 0.3, "annual_discount_rate": 0.1, "active_within_days": 90, "time_unit": "week"}
    futures = {"interval_level": 0.9, "draws": 50, "level_uncertainty": 0.12, "seed": 1}
    check = holdout_check(cdnow_sample, END, 273, zero_spend_is_purchase=True, economics=economics, futures=futures)
    assert check.cutoff == CUTOFF
    assert check.came == 1882
    assert check.forecast.value == pytest.approx(1653.4087, abs=5e-4)
    assert check.miss == pytest.approx(-0.1215, abs=5e-5)
    assert check.verdict == "inside"
    assert check.forecast.low < check.came < check.forecast.high
