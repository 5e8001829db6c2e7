"""Roots of covariances, and that what is drawn through them is the same whatever the processor computes with."""

import os
import subprocess
import sys

import numpy as np
import pytest

from regulars.statistics.roots import triangular_root

# what was drawn through eigenvectors, or searched for with numerical gradients
DRAWN = """
import numpy as np, pandas as pd
from regulars.clv import forecast_acquisition
from regulars.rounding import round_significant
from regulars.satisfaction.survey.loyalty import _rates
rng = np.random.default_rng(5)
days = pd.Series(pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 1095, 3000), unit="D"))
found = forecast_acquisition(days, "2023-01-01", "2025-12-31", draws=400)
years = rng.uniform(0.2, 1.0, 2000)
rates = _rates(rng.poisson(years * rng.gamma(1.5, 1 / 1.2, 2000)).astype(float), years)
print(round_significant([found.total.low, found.total.high, found.growth.low, found.growth.high, *rates]).tolist())
"""


@pytest.mark.parametrize("size", [1, 3, 12])
def test_it_is_choleskys_where_there_is_one(size):
    half = np.random.default_rng(size).standard_normal((size, size + 2))
    covariance = half @ half.T
    assert triangular_root(covariance) == pytest.approx(np.linalg.cholesky(covariance), rel=1e-9)


def test_what_has_no_variance_of_its_own_draws_nothing():
    root = triangular_root([[4.0, 0.0, 2.0], [0.0, 0.0, 0.0], [2.0, 0.0, 1.0]])
    assert root.tolist() == [[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]


def test_draws_are_the_same_with_any_kernel_of_linear_algebra_and_without_avx512(root):
    ways = [
        {"OPENBLAS_CORETYPE": "Haswell"},
        {"OPENBLAS_CORETYPE": "Nehalem"},
        {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"},
    ]
    command = [sys.executable, "-W", "ignore", "-c", DRAWN]
    told = [subprocess.run(command, env=os.environ | way, capture_output=True, text=True, check=True) for way in ways]
    assert told[0].stdout == told[1].stdout == told[2].stdout
    assert len(told[0].stdout) > 50
