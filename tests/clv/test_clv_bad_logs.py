"""Logs that forecasts are usually not made for: each gets a range that is wide enough, and a sentence that says why."""

import numpy as np
import pandas as pd
import pytest

from regulars.clv import read_level
from regulars.clv.limits import level_remarks
from regulars.clv.trust import judge_forecasts
from regulars.purchases import Purchases
from regulars.settings import Certainty

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
    when = pd.Timestamp("2022-01-01") + pd.to_timedelta(log["day"], "D")
    return Purchases.of(pd.DataFrame({"customer_id": log["who"].astype("string"), "ordered_at": when, "amount": 20.0}))


def told(purchases, days=DAYS, horizon=365):
    end = pd.Timestamp("2022-01-01") + pd.Timedelta(days=days - 1)
    level = read_level(purchases, end, horizon)
    trust = judge_forecasts(
        purchases, end, 120, certainty=SURE, bootstraps=10, horizon_days=horizon, uncertainty="auto"
    )
    return level, trust


@pytest.fixture(scope="module")
def calm():
    return told(shop(lambda day: np.ones(day.size)))


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
    assert np.isfinite(trust.tests[["expected", "low", "high"]].to_numpy(float)).all()
    assert (trust.tests["low"] < trust.tests["expected"]).all()


def test_a_history_shorter_than_the_horizon_is_told_to_be_untested(calm):
    level, trust = told(shop(lambda day: np.ones(day.size), days=240), days=240)
    assert level.spread > 1.5 * calm[0].spread
    assert not trust.is_tested
    assert "untested" in [remark.code for remark in trust.misses]
    assert "season_unseen" in [remark.code for remark in level_remarks(level)]


def test_a_base_won_in_one_day_is_forecast_without_newcomers():
    level, trust = told(shop(lambda day: np.ones(day.size), born=lambda rng, n: np.zeros(n, dtype=int)))
    assert level.signs.start == 0.0  # nobody came later: the log did not begin late
    assert trust.is_tested
    assert abs(trust.longest.miss) < 0.25
