"""Parameters under resampling of the customers: Poisson weights on the distinct rows, and a fit for each."""

from dataclasses import replace

import numpy as np
import pandas as pd

from regulars.statistics.newton import maximise

FEW_ROWS = 50_000  # up to so many distinct rows every resample is fitted to the end
BLOCK = 8  # resamples drawn at a time


def bootstrap(model, draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Parameters fitted to resampled customers, which trusts no formula for standard errors.

    A resample gives each customer a Poisson(1) weight; of customers with the same history only the sum matters, and
    that is Poisson with their number as its mean. Each fit starts from the fitted parameters. With very many rows it is
    one step of Newton's method with the resample's own gradient and Hessian: what a second step would change is of the
    order of the standard error squared.

    Parameters
    ----------
    model : fitter of orders
        Fitted.
    draws : int
        Number of resamples.
    seed : int
        Of what is drawn.

    Returns
    -------
    pandas.DataFrame
        One row per resample, a column per parameter.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> model = BetaGeoFitter().fit([2, 1, 0, 0, 4, 1], [30, 2, 0, 0, 35, 20], [39, 39, 39, 38, 38, 37])
    >>> bootstrap(model, draws=3).shape
    (3, 4)
    """
    if not hasattr(model, "_rows"):
        raise ValueError(f"{type(model).__name__} has no data to resample; fit it first.")
    if int(draws) != draws or draws < 1:
        raise ValueError(f"draws is {draws}; it is a whole number, 1 or more.")
    rng = np.random.default_rng(seed)
    rows, point = model._rows, np.log(model.params_.to_numpy(float))
    if len(rows.x) <= FEW_ROWS or not hasattr(model._likelihood(rows), "by_row"):
        found = [_refit(model, rows, rng.poisson(rows.weights), point) for _ in range(draws)]
    else:
        found = _one_step(model, rows, point, draws, rng)
    return pd.DataFrame(np.exp(found), columns=model.params_.index)


def _refit(model, rows, weights, point):
    kept = weights > 0
    resampled = replace(
        rows, x=rows.x[kept], t_x=rows.t_x[kept], T=rows.T[kept], weights=weights[kept].astype(float), inverse=None
    )
    return maximise(model._likelihood(resampled), point, *model._limits).point


def _one_step(model, rows, point, draws, rng):
    likelihood = model._likelihood(rows)
    params = np.exp(point)
    by_row = likelihood.by_row(point)
    found = []
    for start in range(0, draws, BLOCK):
        weights = rng.poisson(rows.weights, (min(BLOCK, draws - start), len(rows.x))).astype(float)
        for sums in weights @ by_row.T:
            _, gradient, hessian = likelihood.in_logs(params, sums)
            found.append(np.clip(point - np.linalg.solve(hessian, gradient), *model._limits))
    return np.array(found)
