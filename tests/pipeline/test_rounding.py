"""Rounding to significant digits says what decimal text says, to the last bit, one by one and in bulk."""

import numpy as np
import pandas as pd
import pytest

from regulars.rounding import round_frame, round_significant


def by_text(values, digits):
    return np.array([float(f"{value:.{digits - 1}e}") for value in values])


@pytest.mark.parametrize("digits", [1, 6, 10, 15])
def test_bulk_is_the_same_as_text(digits):
    rng = np.random.default_rng(3)
    halves = (rng.integers(10 ** (digits - 1), 10**digits, 5_000) + 0.5) * 10.0 ** rng.integers(-30, 12, 5_000)
    awkward = [0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 2.675, 999999999.95]
    values = np.concatenate(
        [
            rng.lognormal(0, 4, 20_000),
            -rng.lognormal(5, 30, 20_000),
            rng.integers(0, 10**12, 5_000) / 4,
            np.round(rng.lognormal(3, 1, 5_000), 2),
            halves,
            10.0 ** np.arange(-320, 308),
            np.nextafter(10.0 ** np.arange(-300, 300), 0),
            awkward,
        ]
    )
    found = round_significant(values, digits)
    np.testing.assert_array_equal(found.view(np.int64), by_text(values, digits).view(np.int64))
    np.testing.assert_array_equal(round_significant(found, digits), found)


def test_shapes_stay():
    assert round_significant(1 / 3) == 0.3333333333
    assert round_significant(np.full((40, 5), 2 / 3)).shape == (40, 5)
    assert round_significant([]).shape == (0,)
    frame = pd.DataFrame({"a": [1 / 3] * 200, "n": range(200)})
    assert round_frame(frame)["a"].unique().tolist() == [0.3333333333]
    assert round_frame(frame)["n"].equals(frame["n"])
