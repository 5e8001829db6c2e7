"""BG/NBD with covariates: derivatives, identities with BG/NBD, recovery of known effects, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoCovariateFitter, BetaGeoFitter
from regulars.clv._inputs import Rows
from regulars.clv.beta_geo_covariates import _CovariateObjective
from regulars.simulate.purchasing import bg_nbd_customers
from regulars.simulate.streams import stream


def shop(seed, n=2000, rate=0.25, dropout=-0.5):
    rng = stream(seed, "satisfaction")
    score, T = rng.standard_normal(n), rng.uniform(30, 104, n)
    told = bg_nbd_customers(
        n, 0.9, 9.0, 0.9, b=2.6, T=T, seed=seed, score=score, rate_effect=rate, dropout_effect=dropout
    )
    return told, score


def at_survey(told, rng, share=0.5):
    """History of each customer at a moment of its own, made consistent with the whole."""
    frequency, recency, T = (told[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    x0 = np.minimum(frequency, rng.integers(0, 4, len(told)))
    t0 = np.where(x0 > 0, np.where(x0 == frequency, recency, recency * share), 0.0)
    return x0, t0, np.where(x0 == frequency, (recency + T) / 2, recency * 0.8)


@pytest.mark.parametrize("answer_if_left", [None, 1.0, 0.3, 0.0])
def test_the_derivatives_are_those_of_the_value(answer_if_left):
    told, score = shop(1, 500)
    told = told.assign(score=score).sort_values("frequency", kind="stable")
    before = None
    rows = Rows(*(told[name].to_numpy(float) for name in ("frequency", "recency", "T")), np.ones(500), None)
    if answer_if_left is not None:
        before = Rows(*at_survey(told, np.random.default_rng(1)), np.ones(500), None)
    scores = np.column_stack([told["score"], np.cos(np.arange(500))])
    f = _CovariateObjective(rows, scores, np.ones(500), before, answer_if_left or 0.0)
    point, step = np.array([0.1, 2.0, 0.2, 1.0, 0.2, 0.05, -0.3, 0.1]), 1e-5 * np.eye(8)
    _, gradient, hessian = f(point)
    numeric = [(f(point + e)[0] - f(point - e)[0]) / 2e-5 for e in step]
    curved = np.array([(f(point + e)[1] - f(point - e)[1]) / 2e-5 for e in step])
    assert gradient == pytest.approx(numeric, rel=1e-5, abs=1e-4)
    assert np.abs(curved - hessian).max() < 1e-7 * np.abs(hessian).max()


def test_at_effects_of_zero_it_is_bg_nbd():
    told, score = shop(2, 1500)
    plain = BetaGeoFitter().fit(told.frequency, told.recency, told["T"])
    f = _CovariateObjective(plain._rows, np.ones((plain._rows.x.size, 1)), plain._rows.weights)
    assert f([*np.log(plain.params_), 0.0, 0.0])[0] == pytest.approx(plain.log_likelihood_, abs=1e-8)
    model = BetaGeoCovariateFitter().fit(told.frequency, told.recency, told["T"], {"s": score})
    assert model.log_likelihood_ > plain.log_likelihood_
    history = (told.frequency, told.recency, told["T"])
    one = [model.at([s]).log_likelihood(*(values[i : i + 1] for values in history)) for i, s in enumerate(score)]
    assert float(np.sum(np.concatenate(one))) == pytest.approx(model.log_likelihood_, abs=1e-6)


def test_weights_stand_for_customers_and_the_unit_of_a_covariate_changes_nothing_else():
    told, score = shop(3, 800)
    twice = pd.concat([told, told])
    columns = [twice[name].to_numpy() for name in ("frequency", "recency", "T")]
    model = BetaGeoCovariateFitter().fit(*columns, {"s": np.tile(score, 2)})
    weighted = BetaGeoCovariateFitter().fit(
        told.frequency, told.recency, told["T"], {"s": 50 + 20 * score}, weights=np.full(800, 2.0)
    )
    assert weighted.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-10)
    assert weighted.params_["rate_s"] * 20 == pytest.approx(model.params_["rate_s"], rel=1e-6)
    assert weighted.standard_errors_["dropout_s"] * 20 == pytest.approx(model.standard_errors_["dropout_s"], rel=1e-6)
    assert weighted.at([50.0]).params_.to_numpy() == pytest.approx(model.at([0.0]).params_.to_numpy(), rel=1e-6)


def runs(seeds, **effects):
    """Estimate and standard error of both effects for each seed."""
    for seed in seeds:
        told, score = shop(seed, 2000, **effects)
        model = BetaGeoCovariateFitter().fit(told.frequency, told.recency, told["T"], {"s": score})
        yield [
            (model.params_[name] - true, model.standard_errors_[name])
            for name, true in (("rate_s", effects["rate"]), ("dropout_s", effects["dropout"]))
        ]


def judged(seeds, **effects):
    error, spread = np.moveaxis(np.array(list(runs(seeds, **effects))), 2, 0)
    return error.mean(axis=0), (np.abs(error) <= 1.959964 * spread).mean(axis=0), error.std(axis=0)


def test_known_effects_come_back():
    bias, covered, spread = judged(range(24), rate=0.25, dropout=-0.5)
    assert (np.abs(bias) < 0.01 + 3 * spread / np.sqrt(24)).all()
    assert (covered >= 0.8).all()


@pytest.mark.full
@pytest.mark.parametrize("effects", [{"rate": 0.25, "dropout": -0.5}, {"rate": 0.0, "dropout": 0.0}])
def test_four_hundred_retailers(effects):
    bias, covered, _ = judged(range(400), **effects)
    assert (np.abs(bias) < 0.01).all()
    assert ((covered >= 0.925) & (covered <= 0.975)).all()


@pytest.mark.parametrize(
    ("covariates", "sentence"),
    [
        ({"s": np.ones(6)}, "the same for all"),
        ({"s": [1, 2, 3, 4, 5, np.nan]}, "row 5: s is nan"),
        ({"s": [1, 2, 3]}, "different lengths"),
        ({}, "there is no covariate"),
        ({"s": [1, 2, 3, 4, 5, 6], "t": [2, 4, 6, 8, 10, 12]}, "tell one another"),
    ],
)
def test_what_it_refuses(covariates, sentence):
    with pytest.raises(ValueError, match=sentence):
        BetaGeoCovariateFitter().fit([2, 1, 0, 0, 4, 1], [30, 2, 0, 0, 35, 20], [39, 39, 39, 38, 38, 37], covariates)
