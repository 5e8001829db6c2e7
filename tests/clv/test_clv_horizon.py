"""Forecasts are tested at the horizon that they are told for, and what they cannot be tested for is said."""

from datetime import date

import pandas as pd
import pytest

from regulars.clv.acquisition import forecast_acquisition, settling
from regulars.clv.headline import horizon_tests, season_of
from regulars.clv.trust import judge_forecasts
from regulars.purchases import Purchases
from regulars.settings import Certainty
from regulars.simulate.logs import order_log

SURE = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
YEAR = 365


def judged(customers=250, years=2, **more):
    log = order_log(customers=customers, seed=2)
    end = log["ordered_at"].max().normalize()
    log = log[log["ordered_at"] > end - pd.Timedelta(days=YEAR * years)]
    return judge_forecasts(Purchases.of(log), end, 120, certainty=SURE, bootstraps=20, horizon_days=YEAR, **more)


def test_a_year_is_tested_over_a_year_where_the_history_allows_it():
    assert [days for _, days in horizon_tests(date(2020, 1, 1), date(2025, 1, 1), YEAR, 180)] == [YEAR] * 3
    found = judged()
    assert found.is_tested
    assert found.longest.days == YEAR
    assert found.at_horizon["season"].tolist() == ["whole"]
    assert found.longest.came == found.tests["came"].iloc[-1]
    assert [remark.code for remark in found.misses[1:]] == ["tested"]


def test_a_short_history_is_told_to_be_untested_at_the_horizon():
    found = judged(years=1)
    assert not found.is_tested
    assert 120 < found.longest.days < YEAR
    codes = [remark.code for remark in found.misses]
    assert codes[1] == "untested"
    assert codes[2] in ("season_same", "season_other")


def test_the_worst_test_is_the_one_furthest_off_on_a_scale_of_ratios():
    found = judged()
    ratio = (found.tests["expected"] / found.tests["came"]).apply(lambda ratio: max(ratio, 1 / ratio))
    assert found.worst.cutoff == found.tests["cutoff"].iloc[ratio.argmax()].date()
    assert found.worst.held == ("inside" if found.worst.verdict == "inside" else "outside")


@pytest.mark.parametrize(
    ("cutoff", "days", "season"),
    [
        ("2024-12-31", 180, "same"),
        ("2024-07-04", 180, "other"),
        ("2024-12-31", 365, "whole"),
        ("2023-12-31", 90, "same"),
    ],
)
def test_the_season_of_a_test_is_told(cutoff, days, season):
    assert season_of(cutoff, days, date(2025, 12, 31)) == season


def first_orders(per_month):
    days = [pd.Timestamp("2023-01-01") + pd.Timedelta(days=30.4375 * month + 10) for month in range(len(per_month))]
    return pd.Series(days).repeat(per_month)


def test_customers_who_were_there_before_the_log_are_no_newcomers():
    late = [900, 500, 300, 200, 120] + [100] * 20
    found = forecast_acquisition(first_orders(late), "2023-01-01", "2025-01-30")
    assert settling(late) == 4  # the fifth has no more than noise
    assert found.verdict == "unclear"
    assert found.total.value == pytest.approx(1200, rel=0.1)
    assert forecast_acquisition(first_orders(late[:14]), "2023-01-01", "2024-02-29").verdict == "short"
    assert settling([100] * 24) == 3
