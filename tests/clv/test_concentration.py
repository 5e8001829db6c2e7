"""Concentration of value against closed forms of the Pareto distribution and sums by hand."""

import numpy as np
import pytest

from regulars.clv.concentration import compare_concentration, gini, lorenz_curve, top_share


def pareto(alpha: float, n: int = 200_000) -> np.ndarray:
    """Quantiles of a Pareto distribution: a sample without sampling error."""
    return (1 - (np.arange(n) + 0.5) / n) ** (-1 / alpha)


def test_pareto_has_its_textbook_gini_and_top_share():
    """Pareto with exponent 3: G = 1/(2·3 − 1), and the top p holds p^(1 − 1/3)."""
    values = pareto(3.0)
    assert gini(values) == pytest.approx(1 / 5, abs=1e-4)
    assert top_share(values, 0.2, draws=1).value == pytest.approx(0.2 ** (2 / 3), abs=1e-4)
    curve = lorenz_curve(values).set_index("customer_share")["value_share"]
    assert curve.loc[0.5] == pytest.approx(0.5 ** (2 / 3), abs=1e-4)


def test_gini_equals_the_mean_difference():
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    pairs = np.abs(values[:, None] - values[None, :]).mean()
    assert gini(values) == pytest.approx(pairs / (2 * values.mean()), rel=1e-12)


def test_part_of_the_customer_on_the_edge_counts():
    # top 30 % of four customers: the first, and a fifth of the second
    assert top_share([4, 2, 1, 1], 0.3, draws=1).value == pytest.approx((4 + 0.2 * 2) / 8)


def test_ranked_by_something_else():
    """Four customers ranked by their past: the best of the past brings 1 of 10 to come."""
    to_come, past = [1, 4, 2, 3], [9, 5, 3, 2]
    assert top_share(to_come, 0.25, ranked_by=past, draws=1).value == pytest.approx(0.1)
    assert lorenz_curve(to_come, points=5, ranked_by=past)["value_share"].tolist() == [0, 0.1, 0.5, 0.7, 1]


def test_weights_mean_repeated_customers():
    """A resample by weights equals the statistic of the repeated values."""
    from regulars.clv.concentration import _Resamples

    ordered, weights = np.array([5.0, 3.0, 2.0]), np.array([[2.0, 0.0, 3.0]])
    repeated = np.repeat(ordered, [2, 0, 3])
    assert _Resamples(weights).gini(ordered)[0] == pytest.approx(gini(repeated))
    assert _Resamples(weights).top(ordered, 0.5)[0] == pytest.approx(top_share(repeated, 0.5, draws=1).value)


def test_interval_covers_the_truth_of_simulated_bases():
    rng = np.random.default_rng(5)
    truth = 0.5  # of exponential values
    hits = 0
    for run in range(100):
        values = rng.exponential(10, 400)
        estimate = compare_concentration(values, values, draws=200, seed=run).past_gini
        hits += estimate.low <= truth <= estimate.high
    assert 80 <= hits <= 97  # 90 of 100, within three standard errors


@pytest.mark.parametrize("values", [[], [0, 0], [1, -1], [1, np.nan]])
def test_what_cannot_be_ranked_is_refused(values):
    with pytest.raises(ValueError, match="finite and together above zero"):
        gini(values)


def test_who_returned_more_than_was_bought_counts_as_it_is():
    # 10 in all: the first of five brought 6, the last took back 2 of what was bought before the log begins
    found = compare_concentration([6.0, 4.0, 1.0, 1.0, -2.0], [1.0, 1.0, 1.0, 1.0, 1.0], draws=20)
    assert found.past.value == pytest.approx(0.6)
    assert lorenz_curve([6.0, 4.0, -2.0, 2.0], points=5)["value_share"].tolist() == [0.0, 0.6, 1.0, 1.2, 1.0]


def test_of_many_customers_a_part_is_resampled_and_intervals_are_as_wide(monkeypatch):
    rng = np.random.default_rng(4)
    spend = rng.lognormal(3.0, 1.2, 20_000)
    value = spend * rng.gamma(2.0, 0.5, spend.size)
    each = compare_concentration(spend, value, draws=400, seed=1)
    monkeypatch.setattr("regulars.clv.concentration.RESAMPLED", 4_000)
    some = compare_concentration(spend, value, draws=400, seed=1)
    for name in ("past", "future", "own", "past_gini", "future_gini"):
        one, other = getattr(each, name), getattr(some, name)
        assert other.value == one.value and other.n == one.n == 20_000
        assert (other.high - other.low) / (one.high - one.low) == pytest.approx(1.0, abs=0.25), name
        assert other.low < other.value < other.high


def test_a_loss_is_shared_out_as_value_is():
    found = compare_concentration([1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -4.0], top=0.25)
    assert found.verdict == "loss" and found.own.value == pytest.approx(0.4)
