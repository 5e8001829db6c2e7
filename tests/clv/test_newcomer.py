"""A newcomer's expectations against the published BG/NBD values, and their intervals against parameter draws."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from memory_dataset import ECONOMICS
from regulars.clv import BetaGeoFitter, GammaGammaFitter, fit_models
from regulars.clv.level_table import TABLE
from regulars.clv.newcomer import learnt_of_newcomers, new_customer
from regulars.clv.sections import to_do
from regulars.clv.uncertainty import parameter_draws, with_params
from regulars.finding import Finding
from regulars.purchases import Purchases
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate

UNDISCOUNTED = replace(ECONOMICS, annual_discount_rate=0.0)


def test_published_parameters():
    """BG/NBD (.243, 4.414, .793, 2.426): no order in 39 weeks with probability .573786352096 (values by mpmath)."""
    orders, spend = BetaGeoFitter(), GammaGammaFitter()
    orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    months = 39 * 7 / 30.4375
    found = new_customer(orders, spend, 2357, economics=replace(UNDISCOUNTED, horizon_months=months))
    assert found.returns.value == pytest.approx(1 - 0.573786352096, rel=1e-11)
    assert found.spend_per_order.value == pytest.approx(6.25 * 15.44 / 2.74, rel=1e-12)
    # without discount the value is orders × spend × margin
    assert found.clv.value == pytest.approx(0.3 * found.expected_orders.value * found.spend_per_order.value, rel=1e-9)


def test_interval_agrees_with_drawn_parameters(lifetimes_data):
    table = pd.read_csv(lifetimes_data / "cdnow_customers_summary_with_transactions.csv", index_col="ID")
    table.columns = ["frequency", "recency", "T", "monetary_value"]
    orders = BetaGeoFitter().fit(table["frequency"], table["recency"], table["T"])
    repeaters = table[table["monetary_value"] > 0]
    spend = GammaGammaFitter().fit(repeaters["frequency"], repeaters["monetary_value"])
    found = new_customer(orders, spend, len(table), economics=UNDISCOUNTED)
    drawn = parameter_draws(orders, 300, np.random.default_rng(3))
    returns = [float(np.ravel(with_params(orders, row).probability_active(365.25 / 7, 0, 0, 0))[0]) for row in drawn]
    low, high = np.quantile(returns, [0.05, 0.95])
    assert found.returns.low == pytest.approx(low, abs=0.25 * (high - low))
    assert found.returns.high == pytest.approx(high, abs=0.25 * (high - low))
    assert found.returns.n == len(table)


def test_what_is_to_come_holds_what_no_model_sees_of_totals():
    """Parameters known exactly: the level alone; of the share who return that of their hazard (.71 of the level)."""
    orders, spend = BetaGeoFitter(), GammaGammaFitter()
    orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    unsure = Certainty(level=0.9, level_uncertainty=0.2, seed=0, draws=0)
    found = new_customer(orders, spend, 2357, economics=UNDISCOUNTED, certainty=unsure)
    for told in (found.clv, found.expected_orders):
        assert np.log([told.high / told.value, told.low / told.value]) == pytest.approx([0.329, -0.329], abs=1e-3)
    hazard = -np.log1p(-np.array([found.returns.low, found.returns.value, found.returns.high]))
    assert np.log(hazard[1:] / hazard[:-1]) == pytest.approx([0.329 * TABLE["active"]] * 2, abs=1e-3)
    plain = new_customer(orders, spend, 2357, economics=UNDISCOUNTED)
    assert (found.leaves, found.spend_per_order) == (plain.leaves, plain.spend_per_order), "nothing is to come there"


def test_newcomers_are_learnt_from_those_won_while_the_log_was_kept():
    """Loyal customers, found there at the start, order every tenth day; those won later seldom, and may leave."""
    rng = np.random.default_rng(5)
    rows = [(f"a{k}", day) for k in range(200) for day in np.cumsum(rng.exponential(10, 40)) if day < 300]
    for k in range(300):
        day, stays = rng.uniform(100, 280), True
        while day < 300 and stays:
            rows.append((f"b{k}", day))
            day, stays = day + rng.exponential(30), rng.random() > 0.3
    orders = pd.DataFrame(rows, columns=["customer_id", "day"]).assign(amount=20.0)
    orders["ordered_at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(orders["day"].astype(int), unit="D")
    summary = Purchases.of(orders).summary("2025-10-27")
    models = fit_models(summary)
    own = learnt_of_newcomers(summary, models, pd.Timestamp("2025-04-11"))
    assert own.customers == 300
    assert learnt_of_newcomers(summary, models, None) == (models.orders, models.spend, 500)
    both = [
        new_customer(one.orders, one.spend, 1, economics=UNDISCOUNTED).expected_orders.value for one in (models, own)
    ]
    assert both[1] < 5 < both[0]
    few = learnt_of_newcomers(summary, models, pd.Timestamp("2025-10-26"))
    assert not few and not new_customer(few.orders, few.spend, few.customers, economics=UNDISCOUNTED)


def test_pace_and_loss_in_words():
    orders, spend = BetaGeoFitter(), GammaGammaFitter()
    orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    found = new_customer(orders, spend, 2357, economics=UNDISCOUNTED)
    # E[λ] = r / α per week, a year being 365.25 days; E[p] = a / (a + b)
    assert found.orders_per_year.value == pytest.approx(0.243 / 4.414 * 365.25 / 7, rel=1e-12)
    assert found.leaves.value == pytest.approx(0.793 / 3.219, rel=1e-12)


def test_no_share_lies_outside_of_what_a_share_can_be(monkeypatch):
    """Where nobody leaves the parameters are known so badly that twice their error reaches below zero."""
    orders, spend = BetaGeoFitter(), GammaGammaFitter()
    orders.params_ = pd.Series({"r": 2.0, "alpha": 4.4, "a": 0.003, "b": 8.1})
    spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    monkeypatch.setattr("regulars.clv.newcomer.total_spread", lambda model, of: 0.5)
    found = new_customer(orders, spend, 2357, economics=UNDISCOUNTED)
    assert (found.leaves.low, found.returns.high) == (0.0, 1.0)
    assert found.leaves.low < found.leaves.value < found.leaves.high


def test_what_may_be_anything_is_refused(monkeypatch):
    orders, spend = BetaGeoFitter(), GammaGammaFitter()
    orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    monkeypatch.setattr("regulars.clv.newcomer.total_spread", lambda model, of: 1e6)
    found = new_customer(orders, spend, 2357, economics=UNDISCOUNTED)
    assert not found and "supply a longer history" in found.why


def test_what_winning_one_may_cost_holds_the_first_order():
    """60 follow, and 30 % of 50 came first; errors of 3 and 3 below, of 4 and 3 above, each learnt by itself."""
    pyramid = Finding(None, frames={"steps": pd.DataFrame({"customers": [5], "clv_share": [0.4], "clv": [900.0]})})
    newcomer = SimpleNamespace(clv=Estimate(60.0, 57.0, 64.0, 400))
    (_, acquire) = to_do(pyramid, newcomer, Estimate(50.0, 40.0, 60.0, 380), UNDISCOUNTED)
    worth = acquire.facts["worth"]
    assert (worth.value, worth.low, worth.high) == pytest.approx((75.0, 75 - 18**0.5, 80.0))
    (top,) = to_do(pyramid, newcomer, Estimate(float("nan"), n=0), UNDISCOUNTED)
    assert top.key == "top"
