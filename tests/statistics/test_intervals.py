import numpy as np
import pytest

from regulars.labels import Change
from regulars.statistics.intervals import Estimate, change, difference, share


def test_difference_of_shares_is_newcombes_hybrid_score_interval():
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10: examples a, b and d
    for (a, m), (b, n), expected in (
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ):
        gap = difference(share(a, m, 0.95), share(b, n, 0.95))
        assert (gap.low, gap.high) == pytest.approx(expected, abs=5e-5)
        assert gap.value == pytest.approx(a / m - b / n)
        assert gap.n == min(m, n)


def test_change_is_marked_only_where_the_interval_leaves_zero_out():
    low, high = Estimate(0.2, 0.15, 0.25, 100), Estimate(0.4, 0.35, 0.45, 100)
    assert change(high, low) is Change.UP
    assert change(low, high) is Change.DOWN
    assert change(low, low) is Change.UNCLEAR


def test_two_samples_of_one_population_rarely_seem_to_differ():
    rng = np.random.default_rng(7)
    found = [change(share(int(a), 300), share(int(b), 300)) for a, b in rng.binomial(300, 0.3, (1000, 2))]
    assert sum(verdict is not Change.UNCLEAR for verdict in found) / len(found) <= 0.12
