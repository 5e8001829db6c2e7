"""Models of contract length: published numbers, an independent search, simulation, bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import betaln

from regulars.clv import BetaDiscreteWeibullFitter, ShiftedBetaGeoFitter, duration_dependence
from regulars.clv.shifted_beta_geo import renewals

# customers left of 1,000 after 0-7 years, Fader & Hardie (2007), J. Interactive Marketing 21
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]


def log_likelihood(survivors, alpha, beta, c=1.0) -> float:
    """Written from the definition, one cohort: Σ lost ln P(T = t) + left ln S(T)."""
    periods = np.arange(len(survivors)) ** c
    survival = np.exp(betaln(alpha, beta + periods) - betaln(alpha, beta))
    return float(-np.diff(survivors) @ np.log(-np.diff(survival)) + survivors[-1] * np.log(survival[-1]))


class TestShiftedBetaGeo:
    def test_the_published_maximum(self):
        model = ShiftedBetaGeoFitter().fit(REGULAR)
        assert model.log_likelihood_ == pytest.approx(-1680.26518846, abs=1e-7)
        np.testing.assert_allclose(model.params_, [0.7040772985, 1.1820430262], rtol=1e-8)
        printed = [0.220085, 0.204411, 0.191190, 0.179865, 0.170037]
        np.testing.assert_allclose(model.survival(np.arange(8, 13)), printed, atol=5e-7)
        assert model.gradient_norm_ < 1e-8

    def test_the_other_published_cohort(self):
        model = ShiftedBetaGeoFitter().fit(HIGH_END)
        assert model.params_.round(3).tolist() == [0.668, 3.806]
        assert round(model.log_likelihood_, 1) == -1611.2

    def test_likelihood_is_that_of_the_definition(self):
        model = ShiftedBetaGeoFitter().fit(REGULAR)
        assert model.log_likelihood_ == pytest.approx(log_likelihood(REGULAR, *model.params_), abs=1e-9)

    def test_derl_as_published(self):
        model = ShiftedBetaGeoFitter()
        model.params_ = pd.Series({"alpha": 3.8, "beta": 15.2})
        exact = [3.309818421, 3.451000329, 3.586543657, 3.716811539, 3.842134024]
        np.testing.assert_allclose(model.derl([1, 2, 3, 4, 5], 0.1), exact, rtol=1e-9)

    @given(st.floats(0.05, 20), st.floats(0.05, 20), st.integers(1, 40), st.floats(0.02, 0.5))
    @settings(max_examples=60, deadline=None)
    def test_derl_is_the_sum_that_it_stands_for(self, alpha, beta, n, rate):
        model = ShiftedBetaGeoFitter()
        model.params_ = pd.Series({"alpha": alpha, "beta": beta})
        later = np.arange(3000.0)
        expected = (model.survival(n + later) / model.survival(n - 1) * (1 + rate) ** -later).sum()
        assert model.derl(n, rate) == pytest.approx(expected, rel=1e-8)

    def test_cohorts_of_different_age_are_one_likelihood(self):
        table = np.array([REGULAR, [500, 320, 240, *[np.nan] * 5]])
        model = ShiftedBetaGeoFitter().fit(table)
        both = log_likelihood(REGULAR, *model.params_) + log_likelihood([500, 320, 240], *model.params_)
        assert model.log_likelihood_ == pytest.approx(both, abs=1e-9)
        assert model.customers_ == 1500

    def test_simulated_customers_are_recovered_within_their_errors(self):
        rng = np.random.default_rng(7)
        churn = rng.beta(0.8, 2.5, 40_000)
        left_in = rng.geometric(churn)
        model = ShiftedBetaGeoFitter().fit([(left_in > t).sum() for t in range(9)])
        z = (model.params_ - [0.8, 2.5]) / model.standard_errors_
        assert z.abs().max() < 3
        assert model.survival(20) == pytest.approx((left_in > 20).mean(), abs=0.01)

    def test_retention_rises_though_nobody_changes(self):
        rates = ShiftedBetaGeoFitter().fit(REGULAR).retention_rate(np.arange(1, 30))
        assert (np.diff(rates) > 0).all()

    def test_customers_who_are_all_alike_are_named(self):
        alike = [round(1_000 * 0.8**t) for t in range(8)]
        model = ShiftedBetaGeoFitter().fit(alike)
        assert [finding.code for finding in model.findings_] == ["homogeneous_renewal"]
        assert model.retention_rate(3) == pytest.approx(0.8, abs=2e-3)


class TestBetaDiscreteWeibull:
    @pytest.mark.parametrize("survivors", [REGULAR, HIGH_END])
    def test_maximum_is_that_of_another_search(self, survivors):
        model = BetaDiscreteWeibullFitter().fit(survivors)
        other = minimize(
            lambda logs: -log_likelihood(survivors, *np.exp(logs)), [0.0, 0.5, 0.0], method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 5000, "maxfev": 5000},
        )  # fmt: skip
        assert model.log_likelihood_ == pytest.approx(-other.fun, abs=1e-7)
        np.testing.assert_allclose(model.params_, np.exp(other.x), rtol=1e-4)

    def test_derivatives_are_those_of_the_value(self):
        model, kept = BetaDiscreteWeibullFitter(), np.array(REGULAR[1:], float)
        lost, at = -np.diff(REGULAR).astype(float), np.log([0.5, 1.4, 1.2])
        _, gradient, hessian = model._likelihood(at, kept, lost)
        numeric = approx_fprime(at, lambda logs: model._likelihood(logs, kept, lost)[0], 1e-7)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-4)
        slopes = approx_fprime(at, lambda logs: model._likelihood(logs, kept, lost)[1], 1e-7)
        np.testing.assert_allclose(hessian, slopes, rtol=1e-4)

    def test_duration_dependence_is_found_where_it_is(self):
        rng = np.random.default_rng(3)
        churn, uniform = rng.beta(1.0, 4.0, 30_000), rng.random(30_000)
        for c, found in ((1.0, False), (1.5, True)):
            # S(t) = (1 - churn)^(t^c): the first t at which the uniform is no longer below it
            left_in = np.ceil((np.log(uniform) / np.log1p(-churn)) ** (1 / c))
            result = duration_dependence([(left_in > t).sum() for t in range(10)])
            assert (result.p_value < 0.01) == found
            assert result.c.low < c < result.c.high

    def test_too_few_periods(self):
        with pytest.raises(ValueError, match="2 periods were watched; whether the chance of leaving changes"):
            duration_dependence([100, 60, 40])


class TestBadInput:
    @pytest.mark.parametrize(
        ("survivors", "sentence"),
        [
            ([100], "survivors need at least two numbers"),
            ([], "survivors need at least two numbers"),
            ([100, 110], "row 0: 110 survivors after 1 periods are more than the 100 before; nobody comes back"),
            ([100, np.nan, 50], "may be missing at the end of a cohort only"),
            ([100, -1], "row 1: the number of survivors is -1"),
            ([100, 100, 100], "nobody has left in the periods given"),
        ],
    )
    def test_each_gets_a_sentence(self, survivors, sentence):
        with pytest.raises(ValueError, match=sentence):
            ShiftedBetaGeoFitter().fit(survivors)

    def test_arguments_out_of_range(self):
        model = ShiftedBetaGeoFitter().fit(REGULAR)
        with pytest.raises(ValueError, match="the first renewal is number 1"):
            model.derl(0, 0.1)
        with pytest.raises(ValueError, match="must be more than 0"):
            model.derl(1, 0.0)
        with pytest.raises(ValueError, match="counted 0, 1, 2"):
            model.survival(1.5)
        with pytest.raises(ValueError, match="not been fitted"):
            ShiftedBetaGeoFitter().survival(1)

    def test_numbers_at_risk_add_cohorts_up(self):
        assert renewals([[100, 60, 40], [80, 50, np.nan]])["at_risk"].tolist() == [180, 60]
