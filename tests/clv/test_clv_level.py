"""How far totals may be off, by the signs of a log, and scenarios of dropout that a log cannot show."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter, read_level
from regulars.clv.active import active_ends, response
from regulars.clv.backtesting import forecast_fold, forecast_now
from regulars.clv.headline import with_headline
from regulars.clv.in_memory import Scored
from regulars.clv.level import level_of
from regulars.clv.limits import level_remarks
from regulars.clv.month_by_month import months_ahead
from regulars.clv.scenarios import TimedDropoutFitter, forecast_scenarios
from regulars.clv.signs import Signs, read_signs, season_ahead
from regulars.purchases import Purchases
from regulars.settings import Certainty
from regulars.simulate.logs import order_log
from regulars.statistics.intervals import Estimate

HISTORY = tuple(np.array(each, float) for each in ([2, 1, 0, 0, 4, 1], [30, 2, 0, 0, 35, 20], [39, 39, 39, 38, 38, 37]))
YEAR = Signs(365, 365, 4000, 12000, 0.0, 0.0, 0.0, 0.0, float("nan"), 0.05, 0.0)


def test_a_scenario_is_pareto_nbd_with_a_rate_of_leaving_that_is_the_same_for_all():
    model = TimedDropoutFitter(0.4).fit(*HISTORY)
    hazard = -np.log(0.6) / (365.25 / 7)
    x, t_x, T = HISTORY
    r, alpha = model.params_["r"], model.params_["alpha"]
    u = t_x[:, None] + (T - t_x)[:, None] * (np.arange(4000) + 0.5) / 4000
    there = np.exp(-hazard * T) * (alpha + T) ** -(r + x)
    gone = (hazard * np.exp(-hazard * u) * (alpha + u) ** -(r + x)[:, None]).mean(axis=1) * (T - t_x)
    np.testing.assert_allclose(model._alive(*HISTORY), there / (there + gone), atol=2e-3)
    expected = there / (there + gone) * (r + x) / (alpha + T) * -np.expm1(-hazard * 52) / hazard
    np.testing.assert_allclose(model.predict(52, *HISTORY), expected, rtol=5e-3)


def test_more_leave_in_a_scenario_fewer_orders_come():
    totals = [TimedDropoutFitter(yearly).fit(*HISTORY).predict(52, *HISTORY).sum() for yearly in (0.1, 0.25, 0.4, 0.6)]
    assert (np.diff(totals) < 0).all()
    one, two = (forecast_scenarios({yearly: 1.0}, 52.0, HISTORY, HISTORY)[0] for yearly in (0.1, 0.6))
    both = forecast_scenarios({0.1: 0.25, 0.6: 0.75}, 52.0, HISTORY, HISTORY)[0]
    np.testing.assert_allclose(both, one / 4 + two * 3 / 4)


def test_a_year_without_visible_dropout_gives_neither_that_all_are_there_nor_none():
    scored = pd.DataFrame({
        "customer_id": ["a", "b"], "expected_orders": [4.0, 1.0], "expected_orders_low": [1.0, 0.0],
        "expected_orders_high": [8.0, 3.0], "clv": [40.0, 10.0], "clv_low": [10.0, 0.0], "clv_high": [80.0, 30.0],
        "value_if_alive": [40.0, 10.0], "value_at_risk": [0.0, 0.0], "p_alive": [1.0, 1.0],
    })  # fmt: skip
    level = level_of(YEAR)
    assert level.is_mixed
    asked = tuple(np.array(each, float) for each in ([9, 1], [50, 5], [52, 52]))
    orders, _, alive = forecast_scenarios(level.scenarios, 52.0, HISTORY, asked)
    forecast = pd.DataFrame({"customer_id": ["a", "b"], "expected_orders": level.models * 4 + orders, "p_alive": alive})
    told = with_headline(Scored(scored, Estimate(5, 3, 8), Estimate(50, 30, 80)), forecast, level.models).customers
    assert ((told["p_alive"] > 0.3) & (told["p_alive"] < 0.999)).all()
    assert told["p_alive"].iloc[0] > told["p_alive"].iloc[1]
    most = np.maximum(scored["value_if_alive"], told["clv"])
    np.testing.assert_allclose(told["value_at_risk"], (1 - told["p_alive"]) * most)
    np.testing.assert_allclose(told["value_at_risk"], told["value_if_alive"] - told["clv"])
    assert (told["value_at_risk"] > 0).all()


def test_how_many_order_moves_less_than_what_they_order_and_never_beyond_all():
    """By hand: a half orders ln 2 a head; with twice as much e^(−2 ln 2) = a quarter does not order."""
    assert response(0.5, np.log(2)) == pytest.approx(0.75 / 0.5)
    unsure = Certainty(level=0.9, level_uncertainty=0.5, seed=0, draws=0)
    moved = np.exp(1.6448536 * 0.5)
    low, high = active_ends(500.0, 0.0, 1000, unsure, part=1.0)
    assert (low, high) == pytest.approx((1000 * (1 - 0.5 ** (1 / moved)), 1000 * (1 - 0.5**moved)))
    assert high / 500 < moved
    assert active_ends(990.0, 9.9, 1000, unsure)[1] <= 1000


def test_no_month_has_more_active_customers_than_there_are():
    orders, spend = BetaGeoFitter(), GammaGammaFitter()
    orders.params_ = pd.Series({"r": 2.0, "alpha": 1.0, "a": 0.1, "b": 9.0})
    spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    base = pd.DataFrame({"frequency": 30, "recency": 37.9, "T": 38.0, "monetary_value": np.full(100, 20.0)})
    found = months_ahead(
        base, ["a"] * 100, orders, spend, months=3, time_unit="week", draws=200, season=[0.6, -0.3, -0.3],
        orders_total=1500.0, level_uncertainty=0.4, month_uncertainty=0.2,
    )  # fmt: skip
    fan = found.fan
    assert (fan["customers_high"] <= 100).all() and (fan["customers"] <= 100).all()
    assert (fan["customers_low"] < fan["customers"]).all()
    assert (fan["orders_high"] / fan["orders"] > fan["customers_high"] / fan["customers"]).all()


def test_who_has_surely_left_is_worth_no_fortune_if_not():
    """Expected by another forecast, over a chance of next to nothing, would be a hundred times what anybody brings."""
    scored = pd.DataFrame({
        "customer_id": ["gone"], "expected_orders": [0.0001], "expected_orders_low": [0.0],
        "expected_orders_high": [1.0], "clv": [0.01], "clv_low": [0.0], "clv_high": [10.0],
        "value_if_alive": [250.0], "value_at_risk": [249.99], "p_alive": [1e-9],
    })  # fmt: skip
    forecast = pd.DataFrame({"customer_id": ["gone"], "expected_orders": [0.9], "p_alive": [1e-12]})
    told = with_headline(Scored(scored, Estimate(1, 0, 2), Estimate(1, 0, 2)), forecast, 0.7).customers.iloc[0]
    assert told["clv"] == pytest.approx(90)
    assert told["value_at_risk"] == pytest.approx(250, rel=1e-6)
    assert told["value_if_alive"] == pytest.approx(340, rel=1e-6)


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        ({"history_days": 200}, {"history_days": 800}),
        ({"swings": 0.4}, {"swings": 0.0}),
        ({"inner": 0.4}, {"inner": 0.0}),
        ({"drift": -0.4}, {"drift": 0.0}),
        ({"history_days": 180, "horizon_days": 90}, {"history_days": 900, "horizon_days": 90}),
    ],
)
def test_ranges_widen_with_what_makes_forecasts_miss(wider, narrower):
    assert level_of(replace(YEAR, **wider)).spread > level_of(replace(YEAR, **narrower)).spread


def test_with_history_scenarios_give_way_to_the_models():
    weights = [level_of(replace(YEAR, history_days=days)).models for days in (180, 365, 545, 730, 1460, 2900)]
    assert (np.diff(weights) > 0).all()
    assert weights[-1] > 0.8 > weights[0]


def test_a_number_overrides_the_spread_and_certainty_carries_it():
    level = level_of(YEAR, 0.3)
    assert level.spread == 0.3
    assert level.certainty(Certainty(0.9, 0.12, 1, 20)) == Certainty(0.9, 0.3, 1, 20)
    assert level.shift == level_of(YEAR).shift


def test_last_years_season_moves_the_level_of_a_part_of_a_year():
    high, low = (level_of(replace(YEAR, horizon_days=90, history_days=800, season=season)) for season in (0.4, -0.4))
    assert np.exp(high.shift - low.shift) == pytest.approx(np.exp(0.8), rel=0.25)


def seasonal(years=2, amplitude=0.8, customers=800, seed=3):
    rng = np.random.default_rng(seed)
    days = np.arange(365 * years)
    pace = np.exp(amplitude * np.cos(2 * np.pi * days / 365)) * 0.02
    rate = rng.gamma(1.5, 1 / 1.5, customers)
    who, day = np.nonzero(rng.random((customers, days.size)) < np.minimum(rate[:, None] * pace, 0.5))
    born = pd.DataFrame({"who": np.arange(customers), "day": rng.integers(0, 60, customers)})
    log = pd.concat([born, pd.DataFrame({"who": who, "day": day})])
    when = pd.Timestamp("2022-01-01") + pd.to_timedelta(log["day"], "D")
    return pd.DataFrame({"customer_id": log["who"].astype("string"), "ordered_at": when, "amount": 10.0})


def test_a_season_is_read_and_its_forecast_follows_it():
    log = Purchases.of(seasonal(years=2))
    signs = read_signs(log, "2023-06-30", 120)
    assert signs.season < -0.2  # the summer ahead is quiet
    assert signs.swings > 0.2
    found = forecast_fold(log, "2023-06-30", 120, ["bg_nbd"], uncertainty="auto")
    came = found.customers["holdout_orders"].sum()
    assert abs(np.log(found.told["bg_nbd"].sum() / came)) < abs(np.log(found.orders["bg_nbd"].sum() / came))


def test_customers_who_were_there_before_the_log_are_seen():
    log = order_log(customers=600, seed=4)
    cut = log[log["ordered_at"] >= log["ordered_at"].min() + pd.Timedelta(days=365)]
    late, early = (read_signs(Purchases.of(one), one["ordered_at"].max(), 180).start for one in (cut, log))
    assert late > early
    codes = [remark.code for remark in level_remarks(level_of(replace(YEAR, start=1.5)))]
    assert codes == ["scenarios", "season_unseen", "late_start"]


def test_what_is_told_now_is_what_a_test_would_have_told(cdnow_sample):
    log = Purchases.of(cdnow_sample, zero_spend_is_purchase=True)
    day = date(1997, 9, 30)
    level = read_level(log.until(day), day, 273)
    now = forecast_now(log.until(day), day, 273, "combined", level=level)
    fold = forecast_fold(log, day, 273, ["combined"], uncertainty="auto")
    assert (fold.level.scenarios, fold.level.shift, fold.level.spread) == (level.scenarios, level.shift, level.spread)
    np.testing.assert_allclose(now["expected_orders"], fold.told["combined"])
    rule = forecast_now(log.until(day), day, 273, "last_period", level=level)
    reference = forecast_now(log.until(day), day, 273, "bg_nbd", level=level)
    assert rule["expected_orders"].sum() == pytest.approx(reference["expected_orders"].sum())


def test_a_log_without_repeat_orders_is_left_to_its_models():
    once = pd.DataFrame({"customer_id": list("abc"), "ordered_at": pd.to_datetime(["2025-01-01"] * 3), "amount": 1.0})
    found = read_level(Purchases.of(once.astype({"customer_id": "string"})), "2025-06-30", 365)
    assert (found.models, found.scenarios, found.spread) == (1.0, None, 0.12)


def test_published_fits_stay_what_they_are(cdnow_sample):
    summary = Purchases.of(cdnow_sample, zero_spend_is_purchase=True).summary(date(1997, 9, 30))
    history = [summary[name] for name in ("frequency", "recency", "T")]
    assert BetaGeoFitter().fit(*history).log_likelihood_ == pytest.approx(-9582.42920667, abs=1e-6)
    assert ParetoNBDFitter().fit(*history).log_likelihood_ == pytest.approx(-9594.97617894, abs=1e-6)


def test_a_season_of_two_years_is_told_month_by_month_and_noise_is_not():
    log = Purchases.of(seasonal(years=3))
    ahead = season_ahead(log, "2024-06-30", 12)
    wave = np.cos(2 * np.pi * (np.arange(12) * 365 / 12 + 15 + 181) / 365)  # the pace of each month from July on
    assert np.corrcoef(ahead, wave)[0, 1] > 0.95
    assert ahead.max() - ahead.min() > 1.0
    assert not season_ahead(Purchases.of(seasonal(years=3, amplitude=0.0)), "2024-06-30", 12).any()
    assert not season_ahead(log, "2023-06-30", 12).any()  # less than two years


def test_months_follow_a_season_and_their_total_stays():
    orders, spend = BetaGeoFitter(), GammaGammaFitter()
    orders.params_ = pd.Series({"r": 0.5, "alpha": 8.0, "a": 0.8, "b": 4.0})
    spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    base = pd.DataFrame(
        {"frequency": [2, 0, 5] * 50, "recency": [30.0, 0, 35.0] * 50, "T": 38.0, "monetary_value": 20.0}
    )
    given = {"months": 6, "time_unit": "week", "draws": 200}
    plain = months_ahead(base, ["a"] * 150, orders, spend, **given)
    season = [0.4, 0.2, 0.0, -0.2, -0.4, 0.0]
    told = months_ahead(base, ["a"] * 150, orders, spend, season=season, **given)
    assert told.total("orders").value == pytest.approx(plain.total("orders").value)
    ratio = np.log(told.by_cohort["orders"] / plain.by_cohort["orders"])
    np.testing.assert_allclose(ratio - ratio.iloc[2], season, atol=1e-9)
    swinging = months_ahead(base, ["a"] * 150, orders, spend, month_uncertainty=0.5, **given)
    width = (swinging.fan["orders_high"] - swinging.fan["orders_low"]).mean()
    assert width > (plain.fan["orders_high"] - plain.fan["orders_low"]).mean()
    assert swinging.total("orders").high < told.total("orders").value * 3
