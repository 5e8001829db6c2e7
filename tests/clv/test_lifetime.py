"""What customers bring to the end: against the closed horizon, against a known sum, by cohort."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from regulars import clv
from regulars.clv import sections
from regulars.clv._fitter import FitNote
from regulars.clv.lifetime import discounted_to_the_end
from regulars.clv.value import continuous_rate, lifetime_value
from regulars.purchases import Purchases
from regulars.settings import Certainty, Economics
from regulars.simulate.logs import order_log
from regulars.statistics.intervals import Estimate

END = "2025-12-31"
ECONOMICS = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week", active_within_days=90)
CERTAINTY = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)


@pytest.fixture(scope="module")
def models():
    return clv.fit_models(Purchases.of(order_log(customers=250, seed=2)).summary(END))


@pytest.fixture(scope="module")
def scored(models):
    return clv.score_customers(models, economics=ECONOMICS, certainty=CERTAINTY)


class Steady:
    """Orders at a steady rate until a constant hazard of leaving ends them: their discounted sum is λ / (μ + δ)."""

    _memoryless = False
    rate, hazard = 0.2, 0.03

    def orders_if_alive(self, t, x, t_x, T):
        return self.rate / self.hazard * -np.expm1(-self.hazard * np.asarray(t))


def test_a_constant_hazard_has_a_known_sum():
    one = (np.array([3.0]), np.array([9.0]), np.array([10.0]))
    for discount in (0.05, 0.02, 0.01):
        told = discounted_to_the_end(Steady(), *one, discount)[0]
        assert told == pytest.approx(Steady.rate / (Steady.hazard + discount), rel=2e-3)


def test_it_is_the_limit_of_longer_and_longer_horizons(models, scored):
    found = clv.lifetime_equity(models, scored, scored, END, economics=ECONOMICS, certainty=CERTAINTY)
    longer = [
        lifetime_value(
            models.orders, models.spend, models.customers, economics=replace(ECONOMICS, horizon_months=months)
        )["clv"].sum()
        for months in (60, 240, 1200)
    ]
    assert longer[0] < longer[1] < longer[2] and found.horizon.value < longer[0]
    assert found.total.value == pytest.approx(longer[2], rel=2e-3)
    assert found.total.low < found.total.value < found.total.high
    # never surer of all the years to come than of the first
    assert np.log(found.total.high / found.total.low) > np.log(found.horizon.high / found.horizon.low)


def test_cohorts_add_up_and_stand_beside_what_winning_costs(models, scored):
    cost = Estimate(7.0, 6.0, 8.0, 100)
    found = clv.lifetime_equity(models, scored, scored, END, cost=cost, economics=ECONOMICS, certainty=CERTAINTY)
    table = found.cohorts
    assert table["lifetime"].sum() == pytest.approx(found.total.value)
    assert table["clv"].sum() == pytest.approx(scored.customers["clv"].sum())
    assert table["customers"].sum() == len(scored.customers) and table["cohort"].is_monotonic_increasing
    spent = (table["brought"] * table["customers"]).sum()
    assert spent == pytest.approx(0.3 * scored.customers["spend"].sum())
    np.testing.assert_allclose(table["net_each"], table["brought"] + table["lifetime"] / table["customers"] - 7.0)
    last = pd.to_datetime(scored.customers["first_ordered_at"]) > pd.Timestamp("2024-12-31")
    assert 0 < found.new < 1 and last.any()
    told = sections.tell_lifetime(found, months=12)
    assert told.verdict == "with_cost" and "net_each" in told.frames["cohorts"]
    unknown = clv.lifetime_equity(models, scored, scored, END, economics=ECONOMICS, certainty=CERTAINTY, min_cell=30)
    told = sections.tell_lifetime(unknown, months=12)
    assert told.verdict == "no_cost" and "net_each" not in told.frames["uncosted"]
    assert (unknown.cohorts["customers"] >= 30).all() and len(unknown.cohorts) < len(table)


def test_the_headline_s_own_forecast_is_carried_on(models, scored):
    half = replace(scored, customers=scored.customers.assign(clv=scored.customers["clv"] / 2))
    whole = clv.lifetime_equity(models, scored, scored, END, economics=ECONOMICS, certainty=CERTAINTY)
    found = clv.lifetime_equity(models, scored, half, END, economics=ECONOMICS, certainty=CERTAINTY)
    assert found.total.value == pytest.approx(whole.total.value / 2)


def test_without_a_discount_rate_there_is_no_sum(models, scored):
    free = replace(ECONOMICS, annual_discount_rate=0.0)
    assert continuous_rate(0.0, "week") == 0
    refused = clv.lifetime_equity(models, scored, scored, END, economics=free, certainty=CERTAINTY)
    assert "annual_discount_rate" in refused.why
    assert sections.tell_lifetime(refused, months=12).verdict == "unusable"


def test_where_hardly_anyone_leaves_no_end_is_told(models, scored):
    """The sum would be the margin of a year over the rate of discount, whatever customers do."""

    stayers = replace(models, orders=SimpleNamespace(findings_=[FitNote("no_dropout", "")]))
    found = clv.lifetime_equity(stayers, scored, scored, END, economics=ECONOMICS, certainty=CERTAINTY)
    assert found.why.startswith("On these orders hardly anyone seems to leave")
