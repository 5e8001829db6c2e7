"""Fits: derivatives, simulate and recover, boundaries, bad input, and code written for `lifetimes`."""

import numpy as np
import pandas as pd
import pytest

from regulars.clv import (
    BetaGeoFitter,
    GammaGammaFitter,
    ModifiedBetaGeoFitter,
    NBDFitter,
    ParetoNBDFitter,
    RegularBetaGeoFitter,
)
from regulars.clv import beta_geo as beta_geo_module
from regulars.clv import gamma_gamma as gamma_gamma_module
from regulars.clv import nbd as nbd_module
from regulars.clv import pareto_nbd as pareto_module
from regulars.clv._inputs import distinct
from regulars.clv._lifetimes import lifetimes

ORDER_FITTERS = [BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter, NBDFitter, lambda: RegularBetaGeoFitter(2)]
IDS = ["bg", "mbg", "pareto", "nbd", "regular_k2"]


def simulate(seed, n, length, rate, stop, at_birth=0, k=1):
    """Histories by the story: times between orders, and a chance to stop after each."""
    rng = np.random.default_rng(seed)
    lam, p = rate(rng, n), np.clip(stop(rng, n), 1e-12, 1.0)
    T = length * rng.uniform(0.7, 1.0, n)
    times = np.cumsum(rng.gamma(k, 1.0, (300, n)) / lam, axis=0)
    times[np.arange(300)[:, None] >= rng.geometric(p) - at_birth] = np.inf
    seen = times <= T
    x = seen.sum(axis=0)
    return x, np.where(seen, times, 0.0).max(axis=0), T


def gamma(r, alpha):
    return lambda rng, n: rng.gamma(r, 1 / alpha, n)


def beta(a, b):
    return lambda rng, n: rng.beta(a, b, n)


def rows():
    x, t_x, T = simulate(1, 300, 40, gamma(0.5, 5.0), beta(0.8, 2.5))
    return distinct(x.astype(float), t_x, T)


@pytest.mark.parametrize(
    ("objective", "point"),
    [
        (lambda: beta_geo_module._Objective(rows(), 1, 0), [0.3, 5.0, 0.9, 2.0]),
        (lambda: beta_geo_module._Objective(rows(), 1, 1), [0.6, 5.0, 0.9, 2.0]),
        (lambda: beta_geo_module._Objective(rows(), 3, 1), [0.6, 2.0, 0.9, 2.0]),
        (lambda: pareto_module._Objective(rows()), [0.6, 9.0, 0.7, 12.0]),
        (lambda: nbd_module._Objective(rows()), [0.6, 9.0]),
        (
            lambda: gamma_gamma_module._Objective(
                np.array([1.0, 2, 2, 7]), np.array([0.5, 1, 2, 1.3]), np.array([1.0, 3, 1, 2])
            ),
            [5.0, 3.0, 0.7],
        ),
    ],
    ids=["bg", "mbg", "regular_k3", "pareto", "nbd", "gamma_gamma"],
)
def test_derivatives_against_differences(objective, point):
    function, point = objective(), np.log(point)
    _, gradient, hessian = function(point)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12)
    for i, step in enumerate(1e-5 * np.eye(len(point))):
        up, down = function(point + step), function(point - step)
        scale = np.abs(gradient).max()
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-6 * scale)
        np.testing.assert_allclose(hessian[i], (up[1] - down[1]) / 2e-5, atol=1e-6 * np.abs(hessian).max())


@pytest.mark.parametrize(
    ("make", "names", "truth", "settings"),
    [
        (BetaGeoFitter, ("r", "alpha", "a", "b"), (0.6, 6.0, 0.8, 2.5), {}),
        (ModifiedBetaGeoFitter, ("r", "alpha", "a", "b"), (0.8, 6.0, 0.9, 2.0), {"at_birth": 1}),
        (lambda: RegularBetaGeoFitter(2), ("r", "alpha", "a", "b"), (0.8, 3.0, 0.9, 2.0), {"at_birth": 1, "k": 2}),
    ],
    ids=["bg", "mbg", "regular_k2"],
)
def test_recovers_the_truth(make, names, truth, settings):
    x, t_x, T = simulate(11, 20_000, 52, gamma(*truth[:2]), beta(*truth[2:]), **settings)
    fitter = make().fit(x, t_x, T)
    off = (fitter.params_[list(names)] - np.array(truth)) / fitter.standard_errors_[list(names)]
    assert np.abs(off).max() < 3
    assert fitter.gradient_norm_ < 1e-8
    assert fitter.findings_ == []


def test_pareto_recovers_the_truth():
    rng = np.random.default_rng(4)
    n, truth = 20_000, (0.6, 8.0, 0.7, 12.0)
    lam, life = rng.gamma(0.6, 1 / 8.0, n), rng.exponential(1.0, n) * 12.0 / rng.gamma(0.7, 1.0, n)
    T = rng.uniform(30, 60, n)
    times = np.cumsum(rng.exponential(1.0, (300, n)) / lam, axis=0)
    seen = times <= np.minimum(T, life)
    fitter = ParetoNBDFitter().fit(seen.sum(axis=0), np.where(seen, times, 0).max(axis=0), T)
    assert np.abs((fitter.params_ - np.array(truth)) / fitter.standard_errors_).max() < 3


def test_gamma_gamma_recovers_the_truth():
    rng = np.random.default_rng(8)
    x = rng.integers(1, 9, 20_000)
    nu = rng.gamma(3.7, 1 / 15.0, x.size)
    m = rng.gamma(6.0 * x) / nu / x
    fitter = GammaGammaFitter().fit(x, m)
    assert np.abs((fitter.params_ - np.array([6.0, 3.7, 15.0])) / fitter.standard_errors_).max() < 3


@pytest.mark.parametrize("make", ORDER_FITTERS, ids=IDS)
def test_weights_stand_for_repeated_rows(make):
    x, t_x, T = (np.round(v, 1) for v in simulate(2, 400, 40, gamma(0.5, 5.0), beta(0.8, 2.5)))
    frame = pd.DataFrame({"x": x, "t_x": t_x, "T": T}).groupby(["x", "t_x", "T"]).size().reset_index(name="n")
    whole = make().fit(x, t_x, T)
    short = make().fit(frame["x"], frame["t_x"], frame["T"], weights=frame["n"])
    np.testing.assert_allclose(whole.params_, short.params_, rtol=1e-9)
    np.testing.assert_allclose(whole.standard_errors_, short.standard_errors_, rtol=1e-7)
    assert whole.log_likelihood_ == pytest.approx(short.log_likelihood_, rel=1e-13)
    assert whole.log_likelihood_ == pytest.approx(whole.log_likelihood(x, t_x, T).sum(), rel=1e-12)


@pytest.mark.parametrize("make", ORDER_FITTERS, ids=IDS)
def test_a_change_of_unit_changes_times_only(make):
    x, t_x, T = simulate(3, 600, 40, gamma(0.5, 5.0), beta(0.8, 2.5))
    weeks, days = make().fit(x, t_x, T), make().fit(x, t_x * 7, T * 7)
    for name in weeks.params_.index:
        factor = 7.0 if name in ("alpha", "beta") else 1.0
        assert days.params_[name] == pytest.approx(factor * weeks.params_[name], rel=1e-7)
    # each order has a density in time; for k > 1 the likelihood is short of the density of the times between
    densities = x.sum() * getattr(weeks, "_k", 1)
    assert days.log_likelihood_ == pytest.approx(weeks.log_likelihood_ - densities * np.log(7), rel=1e-10)
    np.testing.assert_allclose(days.predict(70, x, t_x * 7, T * 7), weeks.predict(10, x, t_x, T), rtol=1e-7)


@pytest.mark.parametrize(
    ("make", "ours"),
    [(BetaGeoFitter, lifetimes.BetaGeoFitter), (ModifiedBetaGeoFitter, lifetimes.ModifiedBetaGeoFitter)],
)
@pytest.mark.parametrize("penalty", [0.0, 0.01])
def test_same_maximum_as_lifetimes_also_with_its_penalty(make, ours, penalty):
    x, t_x, T = simulate(5, 800, 40, gamma(0.5, 5.0), beta(0.8, 2.5))
    theirs = ours(penalizer_coef=penalty).fit(x, t_x, T)
    mine = make(penalizer_coef=penalty).fit(x, t_x, T)
    np.testing.assert_allclose(mine.params_, theirs.params_, rtol=5e-3)
    assert mine._negative_log_likelihood_ == pytest.approx(theirs._negative_log_likelihood_, abs=1e-6)
    assert mine._negative_log_likelihood_ <= theirs._negative_log_likelihood_ + 1e-12
    np.testing.assert_allclose(mine._hessian_, theirs._hessian_, rtol=0.02, atol=1e-3)
    np.testing.assert_allclose(mine.standard_errors_, theirs.standard_errors_, rtol=0.02)


def test_a_start_may_be_given_as_in_lifetimes():
    x, t_x, T = simulate(5, 500, 40, gamma(0.5, 5.0), beta(0.8, 2.5))
    plain = BetaGeoFitter().fit(x, t_x, T)
    started = BetaGeoFitter().fit(x, t_x, T, initial_params=np.array([0.1, 0.1, 0.1, 0.1]), tol=1e-3, maxiter=5)
    np.testing.assert_allclose(plain.params_, started.params_, rtol=1e-9)


# ---- what the data cannot tell -------------------------------------------------------------------------------------


def codes(fitter):
    return [finding.code for finding in fitter.findings_]


@pytest.mark.parametrize("make", [BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter], ids=IDS[:3])
def test_nobody_drops_out(make):
    x, t_x, T = simulate(6, 3000, 52, gamma(1.2, 8.0), beta(1e-9, 1.0))
    fitter, nbd = make().fit(x, t_x, T), NBDFitter().fit(x, t_x, T)
    assert codes(fitter) == ["no_dropout"]
    assert "hardly any customer" in fitter.findings_[0].sentence
    assert -1e-6 < fitter.log_likelihood_ - nbd.log_likelihood_ < 3
    np.testing.assert_allclose(fitter.predict(26, x, t_x, T).sum(), nbd.predict(26, x, t_x, T).sum(), rtol=0.03)


@pytest.mark.parametrize("make", [BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter], ids=IDS[:3])
def test_customers_who_do_not_differ_in_dropout(make):
    x, t_x, T = simulate(7, 3000, 52, gamma(0.8, 6.0), lambda rng, n: np.full(n, 0.2))
    fitter = make().fit(x, t_x, T)
    assert codes(fitter) == ["homogeneous_dropout"]
    assert np.isfinite(fitter.predict(26, x, t_x, T)).all()


def test_too_short_a_window_of_rare_buyers():
    x, t_x, T = simulate(8, 2000, 10, gamma(0.3, 40.0), beta(0.8, 2.4))
    for make in ORDER_FITTERS:
        fitter = make().fit(x, t_x, T)
        assert fitter.gradient_norm_ < 1e-3
        assert np.isfinite(fitter.predict(26, x, t_x, T)).all()
        assert isinstance(fitter, NBDFitter) or codes(fitter)


@pytest.mark.parametrize("make", ORDER_FITTERS, ids=IDS)
def test_two_customers_are_few_but_fitted(make):
    fitter = make().fit([1, 0], [3.0, 0.0], [5.0, 5.0])
    assert np.isfinite(fitter.params_).all()
    assert np.isfinite(fitter.predict(10, [1, 0], [3.0, 0.0], [5.0, 5.0])).all()
    assert codes(fitter)


def test_customers_who_do_not_differ_in_rate():
    x, t_x, T = simulate(9, 3000, 52, lambda rng, n: np.full(n, 0.1), beta(0.8, 2.4))
    assert "homogeneous_rate" in codes(BetaGeoFitter().fit(x, t_x, T))
    assert "homogeneous_rate" in codes(NBDFitter().fit([1] * 40, [3.0] * 40, [5.0] * 40))


def test_spend_without_a_mean():
    rng = np.random.default_rng(1)
    x = rng.integers(1, 6, 3000)
    m = rng.gamma(2.0 * x) / x / rng.gamma(0.7, 1.0, x.size)
    fitter = GammaGammaFitter().fit(x, m)
    assert fitter.params_["q"] < 1
    assert codes(fitter) == ["no_mean_spend"]
    assert fitter.population_mean == np.inf
    held = GammaGammaFitter().fit(x, m, q_constraint=True)
    assert held.params_["q"] >= 1
    assert held.log_likelihood_ <= fitter.log_likelihood_


def test_spend_that_does_not_differ():
    fitter = GammaGammaFitter().fit([1, 2, 3, 4], [10.0, 10.0, 10.0, 10.0])
    assert "spend_at_limit" in codes(fitter)
    np.testing.assert_allclose(fitter.conditional_expected_average_profit(), 10.0, rtol=1e-3)


def test_a_customer_won_on_the_last_day_is_valid():
    fitter = BetaGeoFitter().fit([2, 1, 0, 0, 3], [8.0, 4.0, 0.0, 0.0, 9.0], [10.0, 9.0, 10.0, 0.0, 10.0])
    assert np.isfinite(fitter.log_likelihood_)


# ---- bad input -----------------------------------------------------------------------------------------------------

GOOD = {"frequency": [2, 1, 0, 3], "recency": [8.0, 4.0, 0.0, 9.0], "T": [10.0, 9.0, 10.0, 10.0]}


@pytest.mark.parametrize("make", ORDER_FITTERS, ids=IDS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recency": [8.0, 4.0, 0.0, 11.0]}, r"row 3: recency is 11, more than T"),
        ({"frequency": [2, -1, 0, 3]}, r"row 1: frequency is -1"),
        ({"frequency": [2, 1.5, 0, 3]}, r"row 1: frequency is 1\.5; .* whole"),
        ({"frequency": [2, 1, np.nan, 3]}, r"row 2: frequency is nan"),
        ({"recency": [8.0, np.nan, 0.0, 9.0]}, r"row 1: recency is nan"),
        ({"T": [10.0, 9.0, np.inf, 10.0]}, r"row 2: T is inf"),
        ({"T": [10.0, 9.0, -1.0, 10.0]}, r"row 2: T is -1"),
        ({"recency": [8.0, 4.0, 2.0, 9.0]}, r"row 2: recency is 2 although frequency is 0"),
        ({"recency": [8.0, 4.0, 0.0]}, r"different lengths \(frequency 4, recency 3, T 4\)"),
        ({"frequency": [0] * 4, "recency": [0.0] * 4}, r"row 0: frequency is 0, as in all rows"),
        ({"frequency": [0] * 4, "recency": [0.0] * 4, "T": [0.0] * 4}, r"row 0: T is 0, as in all rows"),
        ({"weights": [1, 1, 0, 1]}, r"row 2: weight is 0"),
        ({"weights": [1, 1, 1]}, r"different lengths \(frequency 4, weights 3\)"),
        ({"index": ["a", "b", "a", "c"]}, r"row 2: customer 'a' occurs more than once"),
        ({"frequency": ["two", 1, 0, 3]}, r"frequency holds .* not a column of numbers"),
        ({"frequency": [1], "recency": [1.0], "T": [2.0]}, r"row 0: there is one customer only"),
        (
            {"frequency": [1], "recency": [1.0], "T": [2.0], "weights": [5]},
            r"row 0: it is the history of all customers",
        ),
        ({"frequency": [], "recency": [], "T": []}, r"no customers"),
    ],
)
def test_bad_input_names_row_and_value(make, change, message):
    with pytest.raises(ValueError, match=message):
        make().fit(**(GOOD | change))


def test_misaligned_columns_are_refused():
    frame = pd.DataFrame(GOOD, index=list("abcd"))
    with pytest.raises(ValueError, match=r"do not belong to the same customers: row 0 is 'd' in one and 'a'"):
        BetaGeoFitter().fit(frame["frequency"], frame["recency"].iloc[::-1], frame["T"])
    twice = pd.DataFrame(GOOD, index=list("abca"))
    with pytest.raises(ValueError, match="row 3: customer 'a' occurs more than once"):
        BetaGeoFitter().fit(twice["frequency"], twice["recency"], twice["T"])


@pytest.mark.parametrize(
    ("frequency", "spend", "message"),
    [
        ([1, 2, 3], [10.0, 0.0, 5.0], r"row 1: monetary_value is 0"),
        ([1, 2, 3], [10.0, np.nan, 5.0], r"row 1: monetary_value is nan"),
        ([1, 0, 3], [10.0, 5.0, 5.0], r"row 1: frequency is 0; .* repeat order only"),
        ([1], [10.0], r"fewer than two customers"),
    ],
)
def test_bad_spend_names_row_and_value(frequency, spend, message):
    with pytest.raises(ValueError, match=message):
        GammaGammaFitter().fit(frequency, spend)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1.0, 1, 2.0, 5.0), "row 0: t is -1"),
        ((1.0, 1, 6.0, 5.0), "row 0: recency is 6, more than T"),
        ((1.0, np.nan, 2.0, 5.0), "row 0: frequency is nan"),
        ((1.0, [1, 2.5], [2.0, 2.0], [5.0, 5.0]), r"row 1: frequency is 2\.5"),
    ],
)
def test_bad_questions_name_row_and_value(arguments, message):
    fitter = BetaGeoFitter().fit(**GOOD)
    with pytest.raises(ValueError, match=message):
        fitter.predict(*arguments)


def test_questions_before_the_fit_are_refused():
    with pytest.raises(ValueError, match="BetaGeoFitter has not been fitted; call fit first"):
        BetaGeoFitter().predict(1, 1, 1, 2)
    with pytest.raises(ValueError, match="regularity is a whole number"):
        RegularBetaGeoFitter(k=1.5)


# ---- code written for lifetimes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (BetaGeoFitter, lifetimes.BetaGeoFitter),
        (ModifiedBetaGeoFitter, lifetimes.ModifiedBetaGeoFitter),
        (ParetoNBDFitter, lifetimes.ParetoNBDFitter),
    ],
)
def test_answers_as_lifetimes_does_wherever_it_is_finite(mine, theirs):
    x, t_x, T = simulate(12, 400, 40, gamma(0.5, 5.0), beta(0.8, 2.5))
    frame = pd.DataFrame({"x": x, "t_x": t_x, "T": T}, index=[f"c{i}" for i in range(len(x))])
    fitted = mine().fit(frame["x"], frame["t_x"], frame["T"], index=frame.index)
    other = theirs()
    other.params_ = fitted.params_
    columns = frame["x"], frame["t_x"], frame["T"]
    assert isinstance(fitted, theirs)
    for t in (1e-3, 1, 26):
        ours = fitted.conditional_expected_number_of_purchases_up_to_time(t, *columns)
        known = other.conditional_expected_number_of_purchases_up_to_time(t, *columns)
        assert type(ours) is type(known)
        pd.testing.assert_series_equal(ours, known, rtol=1e-7, atol=1e-12, check_names=False)
    np.testing.assert_allclose(
        fitted.conditional_probability_alive(*columns), other.conditional_probability_alive(*columns), rtol=1e-8
    )
    ages = np.array([1.0, 5.0, 20.0])
    np.testing.assert_allclose(
        fitted.expected_number_of_purchases_up_to_time(ages), other.expected_number_of_purchases_up_to_time(ages)
    )
    if theirs is lifetimes.ParetoNBDFitter:
        for n in (0, 1, 3):
            np.testing.assert_allclose(
                fitted.conditional_probability_of_n_purchases_up_to_time(n, 10, *columns),
                other.conditional_probability_of_n_purchases_up_to_time(n, 10, *(v.to_numpy() for v in columns)),
                rtol=1e-6,
            )
    elif theirs is lifetimes.BetaGeoFitter:
        for n in (0, 1, 3):
            known = other.probability_of_n_purchases_up_to_time(10, n)
            assert fitted.probability_of_n_purchases_up_to_time(10, n) == pytest.approx(known, rel=1e-10)
    fitted.data = other.data = fitted.data.head(3).assign(frequency=3, T=12.0)
    np.testing.assert_allclose(
        fitted.conditional_probability_alive_matrix(), other.conditional_probability_alive_matrix(), rtol=1e-8
    )


def test_documented_examples_of_lifetimes():
    """The quick start of `lifetimes`, on a small log of its own shape, with our classes in place of its own."""
    from regulars.clv._lifetimes import utils

    rng = np.random.default_rng(3)
    log = pd.DataFrame({"id": rng.integers(0, 60, 400), "date": pd.Timestamp("2024-01-01")})
    log["date"] += pd.to_timedelta(np.sort(rng.integers(0, 300, 400)), "D")
    log["amount"] = rng.gamma(6.0, 5.0, 400).round(2)
    summary = utils.summary_data_from_transaction_data(log, "id", "date", monetary_value_col="amount")
    bgf = BetaGeoFitter(penalizer_coef=0.0)
    bgf.fit(summary["frequency"], summary["recency"], summary["T"])
    assert repr(bgf).startswith("<regulars.BetaGeoFitter: fitted with ")
    assert list(bgf.summary) == ["coef", "se(coef)", "lower 95% bound", "upper 95% bound"]
    summary["predicted_purchases"] = bgf.conditional_expected_number_of_purchases_up_to_time(
        1, summary["frequency"], summary["recency"], summary["T"]
    )
    individual = summary.iloc[20]
    assert bgf.predict(10, individual["frequency"], individual["recency"], individual["T"]) >= 0
    returning = summary[summary["frequency"] > 0]
    ggf = GammaGammaFitter(penalizer_coef=0)
    ggf.fit(returning["frequency"], returning["monetary_value"])
    assert ggf.conditional_expected_average_profit(summary["frequency"], summary["monetary_value"]).notna().all()
    clv = ggf.customer_lifetime_value(
        bgf, summary["frequency"], summary["recency"], summary["T"], summary["monetary_value"], time=12,
        discount_rate=0.01, freq="D",
    )  # fmt: skip
    theirs = utils._customer_lifetime_value(
        bgf, summary["frequency"], summary["recency"], summary["T"],
        ggf.conditional_expected_average_profit(summary["frequency"], summary["monetary_value"]), 12, 0.01, "D",
    )  # fmt: skip
    np.testing.assert_allclose(clv, theirs, rtol=1e-9)
    tracked = utils.expected_cumulative_transactions(bgf, log, "date", "id", 200)
    assert tracked["predicted"].is_monotonic_increasing
    again = bgf.generate_new_data(size=20)
    assert {"frequency", "recency", "T"} <= set(again)


def test_models_survive_pickling(tmp_path):
    fitter = BetaGeoFitter().fit(**GOOD)
    fitter.save_model(tmp_path / "model.pkl")
    other = BetaGeoFitter()
    other.load_model(tmp_path / "model.pkl")
    assert other.predict(3, 1, 2, 4) == fitter.predict(3, 1, 2, 4)


def test_the_next_order_of_hardly_anyone_is_told_without_a_warning():
    """Olist's sample has r = .002: the time by which half of one-time buyers order is longer than any number."""
    model = BetaGeoFitter()
    model.params_ = pd.Series({"r": 0.0005, "alpha": 0.1, "a": 1.5, "b": 30.0})
    assert model.next_order_quantile(0.5, [0], [0.0], [90.0], given_order=False).tolist() == [np.inf]
