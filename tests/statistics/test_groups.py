"""Groups beside each other: Welch's test of each against the rest, few false alarms, small groups hidden."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regulars.errors import UserError
from regulars.labels import Change
from regulars.statistics.groups import compare_means


def drawn(seed=1, effect=0.0, groups=6, size=80):
    rng = np.random.default_rng(seed)
    names = pd.Series(np.repeat([f"g{n}" for n in range(groups)], size))
    values = pd.Series(rng.gamma(2.0, 30.0, len(names)))
    return values + effect * (names == "g0"), names


def test_each_group_against_the_rest_is_welch():
    values, names = drawn()
    told = compare_means(values, names).set_index("group")
    raw = {}
    for name in told.index:
        own, rest = values[names == name], values[names != name]
        test = stats.ttest_ind(own, rest, equal_var=False)
        raw[name] = test.pvalue
        ends = test.confidence_interval(0.9)
        assert told.loc[name, "difference"] == pytest.approx(own.mean() - rest.mean())
        assert told.loc[name, ["difference_low", "difference_high"]].tolist() == pytest.approx([ends.low, ends.high])
    adjusted = stats.false_discovery_control(np.array([raw[name] for name in told.index]))
    assert told["p_adjusted"].tolist() == pytest.approx(adjusted.tolist())


def test_without_a_difference_few_pages_tell_one():
    told = [(compare_means(*drawn(seed))["verdict"] != Change.UNCLEAR).any() for seed in range(300)]
    assert np.mean(told) <= 0.13  # of 10 %


def test_a_difference_is_found():
    told = compare_means(*drawn(effect=30.0)).set_index("group")
    assert told.loc["g0", "verdict"] == Change.UP


def test_small_groups_are_neither_told_nor_counted():
    values, names = drawn(groups=2)
    more = pd.concat([values, pd.Series([1e6] * 4)], ignore_index=True)
    of = pd.concat([names, pd.Series(["tiny"] * 4)], ignore_index=True)
    told = compare_means(more, of)
    assert told["group"].tolist() == ["g0", "g1"]
    assert told["mean"].max() < 1000
    with pytest.raises(UserError, match="nothing to compare"):
        compare_means(values[:80], names[:80])
