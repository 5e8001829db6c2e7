"""Logs that forecasts are usually not made for: each gets a range that is wide enough, and a sentence that says why."""

import numpy as np
import pandas as pd
import pytest

from regulars.clv import read_level
from regulars.clv.acquisition import forecast_acquisition
from regulars.clv.backtesting import forecast_fold
from regulars.clv.headline import fold_totals
from regulars.clv.limits import level_remarks
from regulars.clv.trust import judge_forecasts
from regulars.purchases import Purchases
from regulars.settings import Certainty

START = pd.Timestamp("2022-01-01")
SURE = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
DAYS = 900


def shop(pace, born=lambda rng, n: rng.integers(0, DAYS // 2, n), customers=700, days=DAYS, seed=5):
    """Customers who order by a common pace (of days), times a rate of their own, from their first day on."""
    rng = np.random.default_rng(seed)
    first = np.minimum(born(rng, customers), days - 1)
    rate = rng.gamma(1.2, 0.015 / 1.2, customers)
    came = rng.random((customers, days)) < np.minimum(rate[:, None] * pace(np.arange(days))[None, :], 0.8)
    came &= np.arange(days)[None, :] > first[:, None]
    who, day = np.nonzero(came)
    log = pd.DataFrame({"who": np.r_[np.arange(customers), who], "day": np.r_[first, day]})
    when = START + pd.to_timedelta(log["day"], "D")
    return Purchases.of(pd.DataFrame({"customer_id": log["who"].astype("string"), "ordered_at": when, "amount": 20.0}))


def steady(day):
    return np.ones(day.size)


def told(purchases, days=DAYS, horizon=365):
    end = START + pd.Timedelta(days=days - 1)
    level = read_level(purchases, end, horizon)
    trust = judge_forecasts(
        purchases, end, 120, certainty=SURE, bootstraps=10, horizon_days=horizon, uncertainty="auto"
    )
    return level, trust


@pytest.fixture(scope="module")
def calm():
    return told(shop(steady))


BAD = {
    "tenfold growth": lambda day: 10 ** (day / DAYS),
    "a gap of four months": lambda day: np.where((day > 600) & (day < 720), 0.0, 1.0),
    "closed for a month": lambda day: np.where((day > 700) & (day < 730), 0.0, 1.0),
    "dies": lambda day: np.where(day > 700, np.exp(-(day - 700) / 40), 1.0),
    "a strong season": lambda day: np.exp(0.9 * np.cos(2 * np.pi * day / 365)),
}


@pytest.mark.parametrize("pace", BAD.values(), ids=BAD)
def test_what_no_model_expects_widens_the_range(pace, calm):
    level, trust = told(shop(pace))
    assert level.spread > 1.1 * calm[0].spread
    assert "unsteady" in [remark.code for remark in level_remarks(level)]
    assert "unsteady" not in [remark.code for remark in level_remarks(calm[0])]
    assert np.isfinite(trust.tests[["expected", "low", "high"]].to_numpy(float)).all()
    assert (trust.tests["low"] < trust.tests["expected"]).all()


GROWING = {"born": lambda rng, n: (DAYS * np.log1p(9 * rng.random(n)) / np.log(10)).astype(int)}  # tenfold by the end
ONE_DAY = {"born": lambda rng, n: np.zeros(n, dtype=int)}
FUTURE = {
    "a gap of four months": (BAD["a gap of four months"], {}, DAYS),
    "closed for a month": (BAD["closed for a month"], {}, DAYS),
    "dies": (lambda day: np.where(day > 700, np.maximum(np.exp(-(day - 700) / 40), 1e-3), 1.0), {}, DAYS),
    "a strong season": (BAD["a strong season"], {}, DAYS),
    "tenfold growth that goes on": (BAD["tenfold growth"], {}, DAYS),
    "tenfold growth that ends": (lambda day: 10 ** (np.minimum(day, DAYS) / DAYS), {}, DAYS),
    "a base that grows tenfold": (steady, GROWING, DAYS),
    "a base won in one day": (steady, ONE_DAY, DAYS),
    "one season": (lambda day: np.exp(0.4 * np.cos(2 * np.pi * day / 365)), {}, 400),
    "a history shorter than the horizon": (steady, {}, 240),
}


@pytest.mark.parametrize(("pace", "more", "known"), FUTURE.values(), ids=FUTURE)
def test_the_range_holds_what_comes_in_the_year_after(pace, more, known):
    purchases = shop(pace, days=known + 365, **more)
    end = START + pd.Timedelta(days=known - 1)
    fold = forecast_fold(
        purchases, end, 365, ["combined"], observation_end=end + pd.Timedelta(days=365), uncertainty="auto"
    )
    total = fold_totals([fold], "combined", 365).iloc[0]
    assert total["verdict"] == "inside"
    assert total["low"] < total["expected"] < total["high"]


def test_a_pace_that_collapses_is_followed():
    level = read_level(shop(BAD["dies"]), START + pd.Timedelta(days=DAYS - 1), 365)
    assert level.shift < -1.5  # less than a fifth of what the whole history would say
    assert level.spread > 1.5


def test_a_trend_is_followed_in_part_where_all_signs_agree_and_there_is_more_than_a_year():
    up, down = (read_level(shop(lambda day, k=k: 3 ** (k * day / DAYS)), START + pd.Timedelta(days=DAYS - 1), 365)
                for k in (1, -1))  # fmt: skip
    assert up.trend > 0.1 and down.trend < -0.1
    assert "trend" in [remark.code for remark in level_remarks(up)]
    first_year = read_level(shop(lambda day: 3 ** (day / 365), days=365), START + pd.Timedelta(days=364), 365)
    assert first_year.trend == 0.0, "in the first year nothing parts a trend from a season"
    assert "trend" not in [remark.code for remark in level_remarks(first_year)]


def test_a_history_shorter_than_the_horizon_is_told_to_be_untested(calm):
    level, trust = told(shop(steady, days=240), days=240)
    assert level.spread > 1.5 * calm[0].spread
    assert not trust.is_tested
    assert "untested" in [remark.code for remark in trust.misses]
    assert "season_unseen" in [remark.code for remark in level_remarks(level)]


def test_one_season_is_told_to_be_unseen():
    level = read_level(shop(FUTURE["one season"][0], days=400), START + pd.Timedelta(days=399), 365)
    assert "season_unseen" in [remark.code for remark in level_remarks(level)]


def test_a_base_won_in_one_day_is_forecast_without_newcomers():
    level, trust = told(shop(steady, **ONE_DAY))
    assert level.signs.start == 0.0  # nobody came later: the log did not begin late
    assert forecast_acquisition(pd.Series([START] * 9), START, START + pd.Timedelta(days=DAYS)).verdict == "one_cohort"
    assert trust.is_tested
    assert abs(trust.longest.miss) < 0.25
