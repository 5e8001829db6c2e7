"""Lifetime value, its uncertainty, spend, and what day-netting does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from memory_dataset import ECONOMICS
from regulars.clv import (
    BetaGeoFitter,
    GammaGammaFitter,
    ModifiedBetaGeoFitter,
    NBDFitter,
    ParetoNBDFitter,
    RegularBetaGeoFitter,
    TiltedGammaGammaFitter,
    day_netting_bias,
    fit_models,
    lifetime_value,
    predictive_intervals,
    score_customers,
)
from regulars.clv.in_memory import OrdersOnly
from regulars.clv.resampling import bootstrap
from regulars.clv.spend import choose_spend_model, winsorise
from regulars.purchases import Purchases
from regulars.settings import Certainty

ORDERS = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
HISTORY = (np.array([2.0, 0, 7, 1]), np.array([30.0, 0, 38, 2]), np.array([39.0, 39, 39, 38]))
MONEY = np.array([22.0, np.nan, 40.0, 18.0])
SURE = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=100)


def table_of(x, t_x, T, m) -> pd.DataFrame:
    return pd.DataFrame({"frequency": x, "recency": t_x, "T": T, "monetary_value": m})


BASE = table_of(*HISTORY, MONEY)


def at(fitter, params):
    fitter.params_ = pd.Series(params, dtype=float)
    return fitter


@pytest.fixture
def models():
    return at(BetaGeoFitter(), ORDERS), at(GammaGammaFitter(), SPEND)


def customers(n=600, seed=3, weeks=40):
    """Histories with spend, from BG/NBD and Gamma-Gamma."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(0.7, 1, n) * weeks
    orders = at(BetaGeoFitter(), {"r": 0.6, "alpha": 5.0, "a": 0.8, "b": 2.5}).simulate_orders(T, seed)
    x = np.bincount(orders["customer"], minlength=n).astype(float)
    t_x = np.zeros(n)
    np.maximum.at(t_x, orders["customer"], orders["time"])
    m = np.where(x > 0, rng.gamma(6.0 * np.maximum(x, 1)) / rng.gamma(3.7, 1 / 15.0, n) / np.maximum(x, 1), np.nan)
    return x, t_x, T, m


# ---- value ---------------------------------------------------------------------------------------------------------


def test_value_is_margin_times_spend_times_discounted_orders(models):
    orders, spend = models
    table = lifetime_value(orders, spend, BASE, economics=ECONOMICS)
    # Riemann–Stieltjes sum over short steps, a year being 365.25 days
    edges = np.linspace(0, 365.25 / 7, 20_001)
    for i in range(4):
        reached = orders.predict(edges, *(column[i] for column in HISTORY))
        middle = (edges[1:] + edges[:-1]) / 2
        discounted = np.diff(reached) @ 1.1 ** (-middle * 7 / 365.25)
        assert table["discounted_orders"][i] == pytest.approx(discounted, rel=1e-7)
    np.testing.assert_allclose(table["clv"], 0.3 * table["spend_per_order"] * table["discounted_orders"], rtol=1e-12)
    np.testing.assert_allclose(table["clv"], table["value_if_alive"] * table["p_alive"], rtol=1e-12)
    np.testing.assert_allclose(table["expected_orders"], orders.predict(365.25 / 7, *HISTORY), rtol=1e-12)
    assert table["spend_is_prior"].tolist() == [False, True, False, False]
    assert table["spend_per_order"][1] == pytest.approx(spend.population_mean)


def test_the_unit_of_time_changes_nothing(models):
    orders, spend = models
    weekly = lifetime_value(orders, spend, BASE, economics=ECONOMICS)
    x, t_x, T = HISTORY
    by_day = at(BetaGeoFitter(), ORDERS | {"alpha": 4.4 * 7})
    daily = lifetime_value(
        by_day, spend, table_of(x, t_x * 7, T * 7, MONEY), economics=replace(ECONOMICS, time_unit="day")
    )
    pd.testing.assert_frame_equal(weekly, daily, rtol=1e-10)
    month = 7 / 30.4375
    by_month = at(BetaGeoFitter(), ORDERS | {"alpha": 4.4 * month})
    monthly = lifetime_value(
        by_month, spend, table_of(x, t_x * month, T * month, MONEY), economics=replace(ECONOMICS, time_unit="month")
    )
    pd.testing.assert_frame_equal(weekly, monthly, rtol=1e-10)


@pytest.mark.parametrize(
    "orders",
    [
        at(ModifiedBetaGeoFitter(), ORDERS),
        at(RegularBetaGeoFitter(2), ORDERS),
        at(ParetoNBDFitter(), {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}),
        at(NBDFitter(), {"r": 0.38, "alpha": 12.1}),
    ],
    ids=["mbg", "regular_k2", "pareto", "nbd"],
)
def test_every_model_gives_a_value(orders):
    table = lifetime_value(orders, at(GammaGammaFitter(), SPEND), BASE, economics=ECONOMICS)
    edges = np.linspace(0, 365.25 / 7, 2001)
    reached = orders.predict(edges, *(column[2] for column in HISTORY))
    discounted = np.diff(reached) @ 1.1 ** (-(edges[1:] + edges[:-1]) / 2 * 7 / 365.25)
    assert table["discounted_orders"][2] == pytest.approx(discounted, rel=1e-6)


def test_no_discount_and_no_horizon(models):
    free = lifetime_value(*models, BASE, economics=replace(ECONOMICS, annual_discount_rate=0.0))
    np.testing.assert_allclose(free["discounted_orders"], free["expected_orders"], rtol=1e-14)
    nothing = lifetime_value(*models, BASE, economics=replace(ECONOMICS, horizon_months=0))
    assert (nothing[["expected_orders", "clv", "value_if_alive"]] == 0).all(axis=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margin": 30}, "margin is 30; it is the contribution as a share of revenue"),
        ({"annual_discount_rate": -0.1}, "annual_discount_rate is -0.1"),
        ({"horizon_months": -1}, "the horizon is -1 months"),
        ({"time_unit": "W"}, "time_unit is 'W'; it is one of day, week, month"),
    ],
)
def test_settings_that_cannot_be_are_refused(models, change, message):
    with pytest.raises(ValueError, match=message):
        lifetime_value(*models, BASE, economics=replace(ECONOMICS, **change))


def test_a_customer_stands_in_one_row(models):
    with pytest.raises(ValueError, match="row 2: customer 'a' occurs more than once"):
        lifetime_value(*models, BASE.set_axis(["a", "b", "a", "d"]), economics=ECONOMICS)


# ---- uncertainty ---------------------------------------------------------------------------------------------------


def test_intervals_are_the_same_again_and_hold_the_expectation():
    x, t_x, T, m = customers()
    own = x > 0
    fitted = BetaGeoFitter().fit(x, t_x, T), GammaGammaFitter().fit(x[own], m[own])
    base, settings = table_of(x, t_x, T, m), {"economics": ECONOMICS, "certainty": replace(SURE, seed=5)}
    first, second = (predictive_intervals(*fitted, base, **settings) for _ in range(2))
    pd.testing.assert_frame_equal(first.customers, second.customers, check_exact=True)
    assert first.clv_total == second.clv_total
    table = lifetime_value(*fitted, base, economics=ECONOMICS)
    assert first.clv_total.value == pytest.approx(table["clv"].sum(), rel=1e-12)
    assert first.orders_total.value == pytest.approx(table["expected_orders"].sum(), rel=1e-12)
    assert (first.customers["expected_orders_low"] <= table["expected_orders"]).all()
    assert (first.customers["clv_low"] <= first.customers["clv_high"]).all()
    other = predictive_intervals(*fitted, base, economics=ECONOMICS, certainty=replace(SURE, seed=6))
    assert not other.customers.equals(first.customers)


def test_a_total_is_never_surer_than_its_level():
    x, t_x, T, m = customers()
    own = x > 0
    fitted = BetaGeoFitter().fit(x, t_x, T), GammaGammaFitter().fit(x[own], m[own])
    base, certainty = table_of(x, t_x, T, m), replace(SURE, draws=50)
    sure = predictive_intervals(*fitted, base, economics=ECONOMICS, certainty=certainty)
    assert np.log(sure.clv_total.high / sure.clv_total.low) > 2 * 1.6448 * 0.12
    certainty = replace(certainty, level_uncertainty=0.0)
    surer = predictive_intervals(*fitted, base, economics=ECONOMICS, certainty=certainty)
    assert surer.clv_total.high < sure.clv_total.high
    assert surer.clv_total.n == len(x)


@pytest.mark.parametrize(
    "orders",
    [
        at(BetaGeoFitter(), ORDERS),
        at(RegularBetaGeoFitter(3), ORDERS | {"r": 1.5}),
        at(ParetoNBDFitter(), {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}),
        at(NBDFitter(), {"r": 0.38, "alpha": 12.1}),
    ],
    ids=["bg", "regular_k3", "pareto", "nbd"],
)
def test_drawn_futures_have_the_exact_distribution(orders):
    """Simulated numbers of orders against the probabilities by formula, for one history."""
    rng = np.random.default_rng(1)
    history = 5.0, 33.0, 39.0
    drawn = orders.draw_orders(rng, 26.0, *(np.full(40_000, value) for value in history))
    for n in range(5):
        p = orders.conditional_probability_of_n_purchases_up_to_time(n, 26.0, *history)
        assert (drawn == n).mean() == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 40_000) + 1e-4)
    assert drawn.mean() == pytest.approx(orders.predict(26.0, *history), abs=4 * drawn.std() / 200)


@pytest.mark.parametrize(
    "orders",
    [
        at(BetaGeoFitter(), ORDERS),
        at(ModifiedBetaGeoFitter(), ORDERS),
        at(RegularBetaGeoFitter(2), ORDERS),
        at(ParetoNBDFitter(), {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}),
    ],
    ids=["bg", "mbg", "regular_k2", "pareto"],
)
def test_simulated_customers_order_as_expected(orders):
    T = np.linspace(5, 60, 30_000)
    found = orders.simulate_orders(T, seed=2)
    counts = np.bincount(found["customer"], minlength=T.size)
    error = counts.std() / np.sqrt(T.size)
    assert counts.mean() == pytest.approx(orders.expected_number_of_purchases_up_to_time(T).mean(), abs=4 * error)
    assert (found["time"] <= T[found["customer"]]).all()


def test_bootstrap_agrees_with_the_standard_errors(monkeypatch):
    from regulars.clv import resampling

    x, t_x, T, _ = customers(4000)
    fitted = BetaGeoFitter().fit(x, t_x, T)
    drawn = bootstrap(fitted, draws=120, seed=1)
    np.testing.assert_allclose(np.log(drawn).std(), np.sqrt(np.diag(fitted.log_variance_matrix_)), rtol=0.3)
    monkeypatch.setattr(resampling, "FEW_ROWS", 0)
    stepped = bootstrap(fitted, draws=120, seed=1)
    # the same resamples: one step ends within a fraction of a standard error of the end
    off = np.abs(np.log(stepped) - np.log(drawn)).mean() / np.sqrt(np.diag(fitted.log_variance_matrix_))
    assert off.max() < 0.1
    assert bootstrap(ParetoNBDFitter().fit(x[:200], t_x[:200], T[:200]), draws=2).shape == (2, 4)


# ---- spend ---------------------------------------------------------------------------------------------------------


def test_independence_of_frequency_and_spend():
    x, _, _, m = customers(4000)
    own = x > 0
    plain = choose_spend_model(x[own], m[own])
    assert plain.is_independent
    assert plain.tilt.low < 1 < plain.tilt.high
    assert plain.model is plain.plain
    bent = choose_spend_model(x[own], m[own] * x[own] ** 0.4)
    assert not bent.is_independent
    assert isinstance(bent.model, TiltedGammaGammaFitter)
    assert bent.tilt.low > 1
    assert bent.correlation.low > 0


def test_tilted_spend_recovers_means_by_frequency():
    rng = np.random.default_rng(4)
    x = rng.integers(1, 16, 30_000)
    base = rng.gamma(6.0 * x) / rng.gamma(3.7, 1 / 15.0, x.size) / x
    m = base * 1.2 ** np.log2((1 + x) / 2)
    fitter = TiltedGammaGammaFitter().fit(x, m)
    assert abs(fitter.params_["tilt"] - 1.2) < 3 * fitter.standard_errors_["tilt"]
    for count in (1, 3, 15):
        expected = fitter.conditional_expected_average_profit(x[x == count], m[x == count])
        assert expected.mean() == pytest.approx(m[x == count].mean(), rel=0.03)
    assert fitter.conditional_expected_average_profit(0, 0.0) == pytest.approx(fitter.population_mean)
    total = fitter.log_likelihood_
    assert total > GammaGammaFitter().fit(x, m).log_likelihood_


def test_width_of_the_prior():
    fitter = at(GammaGammaFitter(), SPEND)
    low, high = fitter.population_interval(0.9)
    means = SPEND["p"] / np.random.default_rng(1).gamma(SPEND["q"], 1 / SPEND["v"], 200_000)
    np.testing.assert_allclose(np.quantile(means, [0.05, 0.95]), [low, high], rtol=0.01)


def test_winsorising_is_told_in_money():
    x, m = np.array([1, 2, 1, 4, 0]), np.array([10.0, 20.0, 30.0, 168_469.6, np.nan])
    found = winsorise(x, m, share=0.25)
    assert found.money == pytest.approx(4 * (168_469.6 - 30.0))
    assert (found.cap, found.customers) == (30.0, 1)
    assert np.isnan(found.monetary_value[4])
    untouched = winsorise(x, m, share=0.0)
    assert (untouched.customers, untouched.money, untouched.cap) == (0, 0.0, np.inf)
    with pytest.raises(ValueError, match="share is 1"):
        winsorise(x, m, share=1)


# ---- day-netting ---------------------------------------------------------------------------------------------------


def test_counting_days_makes_frequent_buyers_look_slower():
    """Orders of daily buyers are merged by the day: the fitted rate falls, and the correction brings it back."""
    truth = at(BetaGeoFitter(), {"r": 2.0, "alpha": 0.6, "a": 0.5, "b": 6.0})
    rng = np.random.default_rng(2)
    T = rng.integers(100, 200, 6000) / 7
    orders = truth.simulate_orders(T, rng)
    orders["day"] = np.floor(orders["time"] * 7 + rng.random(6000)[orders["customer"]]) / 7
    days = (
        orders[orders["day"] > 0].drop_duplicates(["customer", "day"]).groupby("customer")["day"].agg(["size", "max"])
    )
    days = days.reindex(range(6000), fill_value=0)
    fitted = BetaGeoFitter().fit(days["size"], np.minimum(days["max"], T), pd.Series(T))
    found = day_netting_bias(fitted, time_unit="week", repeats=3)
    assert found.is_material
    rate = fitted.params_["r"] / fitted.params_["alpha"]
    corrected = found.corrected["r"] / found.corrected["alpha"]
    assert rate < 2.0 / 0.6
    assert abs(corrected - 2.0 / 0.6) < 0.5 * abs(rate - 2.0 / 0.6)


def test_rare_buyers_are_not_biased():
    x, t_x, T, _ = customers(1000, weeks=400)
    days = np.round(t_x * 7 * 3) / 7  # three times slower
    found = day_netting_bias(BetaGeoFitter().fit(x, np.minimum(days, T * 3), T * 3), time_unit="week", repeats=2)
    assert not found.is_material


# ---- proofs by many simulations ------------------------------------------------------------------------------------


def covered(low, high, truth):
    return (np.asarray(low) <= truth) & (truth <= np.asarray(high))


@pytest.mark.full
@pytest.mark.parametrize(
    ("make", "truth"),
    [
        (BetaGeoFitter, {"r": 0.6, "alpha": 5.0, "a": 0.8, "b": 2.5}),
        (ModifiedBetaGeoFitter, {"r": 0.8, "alpha": 5.0, "a": 0.9, "b": 2.5}),
        (ParetoNBDFitter, {"r": 0.6, "alpha": 5.0, "s": 0.8, "beta": 15.0}),
    ],
    ids=["bg", "mbg", "pareto"],
)
def test_coverage_in_a_thousand_simulations(make, truth):
    """90 % intervals of parameters and of totals hold the truth in 87 to 93 % of 1,000 simulated bases."""
    runs, n, horizon, z = 1000, 1500, 26.0, 1.6448536269514722
    model = at(make(), truth)
    rng = np.random.default_rng(20261122)
    inside, totals, pit, plain = [], [], [], []
    for _ in range(runs):
        T = rng.uniform(30, 60, n)
        orders = model.simulate_orders(T + horizon, rng)
        who, when = orders["customer"].to_numpy(), orders["time"].to_numpy()
        seen = when <= T[who]
        x = np.bincount(who[seen], minlength=n).astype(float)
        t_x = np.zeros(n)
        np.maximum.at(t_x, who[seen], when[seen])
        came = np.bincount(who[~seen], minlength=n)
        fitted = make().fit(x, t_x, T)
        error = np.sqrt(np.diag(fitted.log_variance_matrix_))
        inside.append(np.abs(np.log(fitted.params_ / pd.Series(truth))).to_numpy() <= z * error)
        spend = at(GammaGammaFitter(), SPEND)
        sure = predictive_intervals(
            fitted,
            spend,
            table_of(x, t_x, T, np.full(n, np.nan)),
            economics=replace(ECONOMICS, horizon_months=horizon * 7 / 30.4375),
            certainty=Certainty(level=0.9, level_uncertainty=0.0, seed=int(rng.integers(2**31)), draws=50),
        )
        totals.append(covered(sure.orders_total.low, sure.orders_total.high, came.sum()))
        # one customer per base, drawn at random: the place of what came in its predictive distribution
        i = int(rng.integers(n))
        chance = [
            fitted.conditional_probability_of_n_purchases_up_to_time(k, horizon, x[i], t_x[i], T[i])
            for k in range(came[i] + 1)
        ]
        pit.append(sum(chance[:-1]) + rng.random() * chance[-1])
        plain.append(
            covered(sure.customers["expected_orders_low"], sure.customers["expected_orders_high"], came).mean()
        )
    share = np.mean(inside, axis=0)
    assert ((share >= 0.87) & (share <= 0.93)).all(), share
    assert 0.87 <= np.mean(totals) <= 0.93, np.mean(totals)
    assert np.mean(plain) >= 0.90, np.mean(plain)
    # the randomised PIT is uniform: Kolmogorov–Smirnov at the 1 % level
    distance = np.abs(np.sort(pit) - (np.arange(runs) + 0.5) / runs).max() + 0.5 / runs
    assert distance < 1.63 / np.sqrt(runs), distance


def test_intervals_of_many_histories_come_from_those_that_are_alike(cdnow_master, monkeypatch):
    summary = Purchases.of(cdnow_master, zero_spend_is_purchase=True).summary("1998-06-30")
    models = fit_models(summary)
    settings = {"economics": ECONOMICS, "certainty": replace(SURE, draws=200)}
    plain = score_customers(models, **settings)
    soon = models.orders.probability_active(90 / 7, summary["frequency"], summary["recency"], summary["T"])
    np.testing.assert_allclose(plain.customers["p_active"], soon, rtol=1e-12)
    monkeypatch.setattr("regulars.clv.uncertainty.MOST_HISTORIES", 1000)
    shared = score_customers(models, **settings)
    for total in ("orders_total", "clv_total"):
        ours, theirs = getattr(shared, total), getattr(plain, total)
        assert ours.value == theirs.value
        assert np.log(ours.high / ours.low) == pytest.approx(np.log(theirs.high / theirs.low), rel=0.01)
    ours, theirs = shared.customers, plain.customers
    assert (ours["clv"] == theirs["clv"]).all()
    # ends of 200 draws are themselves uncertain by a tenth; sharing futures must not move them further on average
    for name in ("expected_orders_high", "clv_high"):
        assert ours[name].sum() == pytest.approx(theirs[name].sum(), rel=0.03)
        assert np.corrcoef(ours[name], theirs[name])[0, 1] > 0.97
    assert (ours["clv_low"] <= ours["clv_high"]).all()


NOTHING = pd.DataFrame({"frequency": [], "recency": [], "T": [], "monetary_value": []}, dtype=float)
CAME_BACK = pd.DataFrame({"frequency": [2, 1, 0], "recency": [4.0, 3.0, 0.0], "T": [5.0, 9.0, 7.0]})


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        (NOTHING, "No order has an amount above 0: name the column of amounts"),
        (CAME_BACK.assign(monetary_value=np.nan), "None of the customers who came back paid an amount"),
        (CAME_BACK.assign(monetary_value=[0.0, 0.0, np.nan]), "supply what each order was worth"),
        (CAME_BACK.assign(monetary_value=[9.0, 0.0, np.nan]), "fewer than two customers paid for a repeat order"),
        (CAME_BACK.head(1).assign(monetary_value=9.0), "there is one customer only"),
    ],
)
def test_a_log_that_cannot_be_modelled_is_told_what_to_supply(summary, told):
    assert told in fit_models(summary).why


def test_orders_without_money_are_foretold_by_the_same_model(cdnow_sample):
    """The published BG/NBD parameters and the same forecast, whatever an order brings."""
    paid = Purchases.of(cdnow_sample, zero_spend_is_purchase=True).summary("1997-09-30", "week")
    counted = Purchases.of(cdnow_sample.assign(amount=0.0), zero_spend_is_purchase=True).summary("1997-09-30", "week")
    with_money, models = fit_models(paid), fit_models(counted)
    assert isinstance(models, OrdersOnly) and models.orders.log_likelihood_ == with_money.orders.log_likelihood_
    assert models.orders.params_.round(4).tolist() == [0.2426, 4.4136, 0.7929, 2.4259]
    certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=1, draws=100)
    ahead = models.ahead(ECONOMICS, certainty)
    told = score_customers(with_money, economics=ECONOMICS, certainty=certainty).orders_total
    assert ahead.value == pytest.approx(told.value, rel=1e-9) and ahead.n == told.n == 2357
    assert (ahead.low, ahead.high) == pytest.approx((told.low, told.high), rel=0.02)
    assert "supply what each order was worth" in score_customers(models, economics=ECONOMICS, certainty=certainty).why
