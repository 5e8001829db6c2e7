"""Predictions held against 40-digit arithmetic, for parameters and histories of every kind."""

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from regulars.clv import BetaGeoFitter, ModifiedBetaGeoFitter, NBDFitter, ParetoNBDFitter, RegularBetaGeoFitter

RELATIVE = 1e-9
quick = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(50):
        yield


def between(low, high):
    """Numbers spread evenly on the log scale."""
    return st.floats(np.log(low), np.log(high)).map(lambda y: float(np.exp(y)))


near_one = st.sampled_from([1.0, 1 + 1e-3, 1 + 1e-6, 1 + 1e-9, 1 - 1e-5])
counts = st.sampled_from([0, 0, 1, 2, 3, 7, 20, 60, 5000])


@st.composite
def histories(draw):
    x, T = draw(counts), draw(between(0.02, 2000.0))
    t_x = 0.0 if x == 0 else T * draw(st.one_of(st.just(1.0), st.floats(0.0, 1.0)))
    return x, t_x, T


beta_geo = st.tuples(between(0.01, 50), between(0.05, 200), st.one_of(between(0.01, 50), near_one), between(0.02, 100))
pareto = st.tuples(between(0.01, 50), between(0.05, 200), st.one_of(between(0.01, 50), near_one), between(0.05, 500))


def at(fitter, names, values):
    fitter.params_ = pd.Series(dict(zip(names, values, strict=True)))
    return fitter


def close(got, want):
    """Within the stated error; what is too small for double precision need only be small."""
    got = float(np.asarray(got).item())
    assert np.isfinite(got)
    if want < mpf("1e-290"):
        return got < 1e-280
    return abs(mpf(got) - want) <= mpf(RELATIVE) * abs(want) or abs(mpf(got) - want) <= mpf("1e-14")


def exact_beta_geo(params, x, t_x, T, t, birth):
    """P(alive) and expected orders by the closed forms (Fader, Hardie & Lee 2005, equations 8 to 10)."""
    r, alpha, a, b = map(mpf, params)
    if abs(a - 1) < mpf("1e-25"):
        a += mpf("1e-25")  # the closed form has a removable singularity there
    t_x, T, t, m, R = mpf(t_x), mpf(T), mpf(t), x + birth, r + x
    dead = a / (b + m - 1) * ((alpha + T) / (alpha + t_x)) ** R if m else mpf(0)
    c, z = a + b + m - 1, t / (alpha + T + t)
    orders = c / (a - 1) * (1 - (1 - z) ** R * mpmath.hyp2f1(R, b + m, c, z))
    return 1 / (1 + dead), orders


@quick
@given(beta_geo, histories(), between(1e-6, 3000.0), st.sampled_from([0, 1]))
def test_beta_geo(params, history, t, birth):
    x, t_x, T = history
    fitter = at((BetaGeoFitter, ModifiedBetaGeoFitter)[birth](), ("r", "alpha", "a", "b"), params)
    with mp.workdps(80):
        alive, orders = exact_beta_geo(params, x, t_x, T, t, birth)
        quiet = ((mpf(params[1]) + T) / (mpf(params[1]) + T + t)) ** (mpf(params[0]) + x)
        assert close(fitter.conditional_probability_alive(x, t_x, T), alive)
        assert close(fitter.predict(t, x, t_x, T), alive * orders)
        assert close(fitter.probability_active(t, x, t_x, T), alive * (1 - quiet))


def exact_pareto(params, x, t_x, T):
    """P(alive) with the integral over the time of stopping done by mpmath."""
    r, alpha, s, beta = map(mpf, params)
    t_x, T, R = mpf(t_x), mpf(T), r + x
    shift = min(alpha, beta)
    fall = R * (t_x + shift) / (alpha + t_x) + (s + 1) * (t_x + shift) / (beta + t_x) - 1
    end = mpmath.log((T + shift) / (t_x + shift))
    end = min(end, 90 / fall) if fall > 0 else end

    def density(y):
        u = (t_x + shift) * mpmath.exp(y) - shift
        return s * (u + shift) * ((alpha + T) / (alpha + u)) ** R * ((beta + T) / (beta + u)) ** s / (beta + u)

    return 1 / (1 + mpmath.quad(density, mpmath.linspace(0, end, 2 + int(3 * end)))) if end > 0 else mpf(1)


@settings(quick, max_examples=25)
@given(pareto, histories(), between(1e-6, 3000.0))
def test_pareto_nbd(params, history, t):
    x, t_x, T = history
    fitter = at(ParetoNBDFitter(), ("r", "alpha", "s", "beta"), params)
    with mp.workdps(30):
        alive = exact_pareto(params, x, t_x, T)
        r, alpha, s, beta = map(mpf, params)
        s = s + mpf("1e-15") if s == 1 else s
        orders = (r + x) * (beta + T) / (alpha + T) / (s - 1) * (1 - ((beta + T) / (beta + T + t)) ** (s - 1))
        assert close(fitter.conditional_probability_alive(x, t_x, T), alive)
        assert close(fitter.predict(t, x, t_x, T), alive * orders)


@settings(quick, max_examples=25)
@given(pareto, histories(), between(1e-3, 1000.0))
def test_no_order_is_a_ratio_of_likelihoods(params, history, t):
    """P(no order in t) = L(x, t_x, T + t) / L(x, t_x, T), which needs no other formula."""
    x, t_x, T = history
    for fitter, names in (
        (BetaGeoFitter(), ("r", "alpha", "a", "b")),
        (ModifiedBetaGeoFitter(), ("r", "alpha", "a", "b")),
        (RegularBetaGeoFitter(3), ("r", "alpha", "a", "b")),
        (ParetoNBDFitter(), ("r", "alpha", "s", "beta")),
    ):
        at(fitter, names, params)
        ratio = np.exp(fitter.log_likelihood(x, t_x, T + t) - fitter.log_likelihood(x, t_x, T))
        # the difference of two log-likelihoods of a heavy buyer keeps nine digits or so
        assert fitter.probability_of_no_order(t, x, t_x, T) == pytest.approx(ratio, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(
    "fitter",
    [
        at(BetaGeoFitter(), ("r", "alpha", "a", "b"), (0.25, 4.4, 0.8, 2.4)),
        at(ModifiedBetaGeoFitter(), ("r", "alpha", "a", "b"), (0.5, 6.0, 0.9, 1.6)),
        at(RegularBetaGeoFitter(2), ("r", "alpha", "a", "b"), (0.6, 2.3, 1.1, 1.6)),
        at(RegularBetaGeoFitter(3), ("r", "alpha", "a", "b"), (0.8, 1.7, 0.6, 3.0)),
        at(ParetoNBDFitter(), ("r", "alpha", "s", "beta"), (0.55, 10.6, 0.6, 11.7)),
        at(NBDFitter(), ("r", "alpha"), (0.38, 12.1)),
    ],
    ids=["bg", "mbg", "regular_k2", "regular_k3", "pareto", "nbd"],
)
@pytest.mark.parametrize("history", [(0, 0.0, 39.0), (3, 20.0, 39.0), (12, 38.5, 39.0), (1, 0.5, 39.0), (0, 0.0, 0.0)])
def test_distribution_of_orders_adds_up(fitter, history):
    """Probabilities sum to 1, and their mean is the expectation, which comes from another formula."""
    t = 26.0
    n = np.arange(400)
    mass = np.array([fitter.conditional_probability_of_n_purchases_up_to_time(i, t, *history) for i in n])
    assert mass.min() >= 0
    assert mass.sum() == pytest.approx(1, abs=1e-10)
    assert n @ mass == pytest.approx(fitter.predict(t, *history), rel=1e-9)
    assert mass[0] == pytest.approx(fitter.probability_of_no_order(t, *history), abs=1e-12)


def test_regular_orders_against_simulated_ones():
    """MBG/CNBD-3 for a given history, simulated by the story of the model and not by its formulas."""
    fitter = at(RegularBetaGeoFitter(3), ("r", "alpha", "a", "b"), (1.5, 2.0, 0.8, 2.5))
    rng = np.random.default_rng(5)
    size, T, t = 40_000, 12.0, 10.0
    rate = rng.gamma(1.5, 1 / 2.0, size)
    stop = rng.beta(0.8, 2.5, size)
    steps = rng.gamma(3.0, 1.0, (60, size)) / rate
    times = np.cumsum(steps, axis=0)
    lasts = rng.geometric(stop) - 1  # repeat orders before stopping
    times[np.arange(60)[:, None] >= lasts] = np.inf
    known, coming = (times <= T).sum(axis=0), ((times > T) & (times <= T + t)).sum(axis=0)
    for x in (0, 1, 3):
        chosen = known == x
        last = times[x - 1, chosen] if x else np.zeros(chosen.sum())
        expected = fitter.predict(t, np.full(last.size, x), last, np.full(last.size, T))
        error = coming[chosen].std() / np.sqrt(last.size)
        assert abs(coming[chosen].mean() - expected.mean()) < 4 * error


def test_nothing_is_ever_not_finite():
    """A grid of everything at once, vectorised."""
    x, share, T, t = np.meshgrid([0, 1, 5, 300, 5000], [0.0, 0.5, 1.0], [0.0, 1e-3, 1.0, 900.0], [0.0, 1e-9, 1.0, 1e5])
    x, T, t = x.ravel(), T.ravel(), t.ravel()
    t_x = np.where(x > 0, share.ravel() * T, 0.0)
    for a, b in ((0.3, 0.5), (1.0, 1.0), (1e-7, 1.0), (1e5, 1e5), (20.0, 0.01)):
        for fitter in (BetaGeoFitter(), ModifiedBetaGeoFitter(), RegularBetaGeoFitter(2)):
            at(fitter, ("r", "alpha", "a", "b"), (0.2, 4.0, a, b))
            for answer in (
                fitter.predict(t, x, t_x, T),
                fitter.conditional_probability_alive(x, t_x, T),
                fitter.probability_active(t, x, t_x, T),
            ):
                assert np.isfinite(answer).all()
                assert (answer >= 0).all()
        at(ParetoNBDFitter(), ("r", "alpha", "s", "beta"), (0.2, 4.0, a, b))


def test_discounted_orders_for_ever():
    """Pareto/NBD's DERT by the reference value; the other models by a long sum of short steps."""
    pareto = at(ParetoNBDFitter(), ("r", "alpha", "s", "beta"), (0.5629966, 12.5590370, 0.4081095, 10.5148048))
    dert = pareto.discounted_expected_orders(np.inf, 7, 35, 77.86, 0.0027)
    assert dert == pytest.approx(1.86418332807133, rel=1e-12)
    for fitter in (
        at(BetaGeoFitter(), ("r", "alpha", "a", "b"), (0.25, 4.4, 0.8, 2.4)),
        at(RegularBetaGeoFitter(2), ("r", "alpha", "a", "b"), (0.6, 2.3, 1.1, 1.6)),
    ):
        edges = np.linspace(0, 6_000, 12_001)
        reached = fitter.predict(edges, 3, 20.0, 39.0)
        middle = (edges[1:] + edges[:-1]) / 2
        by_steps = np.diff(reached) @ np.exp(-0.005 * middle)
        assert fitter.discounted_expected_orders(np.inf, 3, 20.0, 39.0, 0.005) == pytest.approx(by_steps, rel=1e-5)
        ever = fitter.discounted_expected_orders(52, 3, 20.0, 39.0, 0.0)
        assert ever == pytest.approx(fitter.predict(52, 3, 20.0, 39.0), rel=1e-12)


@pytest.mark.parametrize(
    ("fitter", "ever"),
    [
        (at(BetaGeoFitter(), ("r", "alpha", "a", "b"), (0.25, 4.4, 0.8, 2.4)), None),
        (at(RegularBetaGeoFitter(2), ("r", "alpha", "a", "b"), (0.6, 2.3, 1.1, 1.6)), None),
        (at(ParetoNBDFitter(), ("r", "alpha", "s", "beta"), (0.55, 10.6, 0.6, 11.7)), None),
        (at(ParetoNBDFitter(), ("r", "alpha", "s", "beta"), (0.3, 200.0, 2.5, 0.4)), None),
        (at(NBDFitter(), ("r", "alpha"), (0.38, 12.1)), 1.0),
    ],
    ids=["bg", "regular_k2", "pareto", "pareto_far", "nbd"],
)
def test_time_to_the_next_order(fitter, ever):
    x, t_x = np.array([0.0, 2, 5, 26, 3]), np.array([0.0, 30, 38.9, 30.9, 2])
    T = np.array([39.0, 39, 39, 31, 39])
    comes = 1 - fitter.probability_never(x, t_x, T)
    if ever is None:
        np.testing.assert_allclose(comes, fitter.probability_active(1e60, x, t_x, T), rtol=1e-9, atol=1e-12)
    else:
        np.testing.assert_allclose(comes, ever)
    for share in (0.05, 0.5, 0.9):
        of_all = fitter.next_order_quantile(share, x, t_x, T)
        assert (np.isinf(of_all) == (comes <= share)).all()
        finite = np.isfinite(of_all)
        reached = fitter.probability_active(of_all[finite], x[finite], t_x[finite], T[finite])
        np.testing.assert_allclose(reached, share, rtol=1e-9)
        of_those = fitter.next_order_quantile(share, x, t_x, T, given_order=True)
        np.testing.assert_allclose(fitter.probability_active(of_those, x, t_x, T), share * comes, rtol=1e-6, atol=1e-12)


def test_never_of_pareto_nbd_by_its_integral():
    fitter = at(ParetoNBDFitter(), ("r", "alpha", "s", "beta"), (0.3, 200.0, 2.5, 0.4))
    with mp.workdps(30):
        R, A, s, B = mpf("3.3"), mpf(240), mpf("2.5"), mpf("40.4")
        # the next order comes at u, and the customer has not stopped before
        comes = mpmath.quad(
            lambda y: mpmath.exp(y) * R * A**R * (A + mpmath.exp(y)) ** (-R - 1) * (B / (B + mpmath.exp(y))) ** s,
            mpmath.linspace(-40, 40, 81),
        )
        alive = float(fitter.conditional_probability_alive(3, 10, 40)[0])
        assert 1 - fitter.probability_never(3, 10, 40) == pytest.approx(alive * float(comes), rel=1e-9)
