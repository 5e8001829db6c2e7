"""Weights for non-response: those who answered stand for all customers by their recency, frequency and spend."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.satisfaction.survey.answers import among
from regulars.statistics.intervals import Estimate, wilson

MOST_ROUNDS = 500
CLOSE = 1e-10


class Raked(NamedTuple):
    """Weights of those who answered.

    Parameters
    ----------
    weights : pandas.Series
        By respondent; their mean is 1.
    effective_n : float
        (Σw)²/Σw²: how many equally weighted answers tell as much (Kish).
    largest : float
        Largest weight.
    uncovered : float
        Share of customers in cells in which nobody answered: no weight can stand for them.
    """

    weights: pd.Series
    effective_n: float
    largest: float
    uncovered: float


def rfm_cells(customers: pd.DataFrame, bands: int = 5) -> pd.DataFrame:
    """Recency, frequency and spend of customers in bands of equal size.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``T``, ``recency`` (their difference is how long ago the last order was), ``frequency``, ``spend``.
    bands : int
        Most bands of each; equal values are never parted, so there may be fewer.

    Returns
    -------
    pandas.DataFrame
        ``recency``, ``frequency``, ``spend``: number of the band from 0, on the index of `customers`.

    Examples
    --------
    >>> people = pd.DataFrame({"T": [9, 9, 9, 9], "recency": [0, 3, 6, 9], "frequency": [0, 0, 1, 4],
    ...                        "spend": [10, 20, 30, 40]})
    >>> rfm_cells(people, bands=2).to_numpy().tolist()
    [[1, 0, 0], [1, 0, 0], [0, 1, 1], [0, 1, 1]]
    """
    quiet = customers["T"] - customers["recency"]
    parts = {"recency": quiet, "frequency": customers["frequency"], "spend": customers["spend"]}
    return pd.DataFrame({name: _band(values.astype(float), bands) for name, values in parts.items()})


def _band(values: pd.Series, bands: int) -> pd.Series:
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bands + 1)[1:-1]))
    found = np.searchsorted(edges, values, side="left")
    return pd.Series(np.unique(found, return_inverse=True)[1], index=values.index)


def rake(population: pd.DataFrame, answered: pd.Index) -> Raked:
    """Weights under which those who answered have the same shares in every band as all customers.

    Parameters
    ----------
    population : pandas.DataFrame
        One row per customer, one column per margin (as `rfm_cells` gives them).
    answered : pandas.Index
        Customers who answered, each once; those not in `population` are left out.

    Returns
    -------
    Raked

    Raises
    ------
    UserError
        Where nobody of the population answered.

    References
    ----------
    Deming, W. E. and Stephan, F. F. (1940), Annals of Mathematical Statistics 11, 427-444.
    Kish, L. (1965), Survey Sampling, ch. 11 (the effective number).

    Examples
    --------
    >>> people = pd.DataFrame({"frequency": [0, 0, 0, 1]}, index=list("abcd"))
    >>> rake(people, pd.Index(["a", "d"])).weights.tolist()
    [1.5, 0.5]
    """
    answered = answered[among(answered, population.index)]
    if not len(answered):
        raise UserError("Table surveys: nobody who answered is a customer with orders, so answers cannot be weighted.")
    told = population.loc[answered]
    covered = np.ones(len(population), dtype=bool)
    for name in population:
        covered &= population[name].isin(told[name].unique()).to_numpy()
    everyone = population[covered]
    wanted = {name: everyone[name].value_counts(normalize=True) for name in population}
    weight = np.ones(len(told))
    for _ in range(MOST_ROUNDS):
        before = weight.copy()
        for name, share in wanted.items():
            have = pd.Series(weight).groupby(told[name].to_numpy()).sum() / weight.sum()
            weight = weight * told[name].map(share / have).to_numpy(float)
        weight /= weight.mean()
        if np.abs(weight - before).max() < CLOSE:
            break
    return Raked(
        pd.Series(weight, index=answered, name="weight"),
        float(weight.sum() ** 2 / np.sum(weight**2)),
        float(weight.max()),
        float(1 - covered.mean()),
    )


def weighted_share(flags: pd.Series, weights: pd.Series, level: float = 0.9) -> Estimate:
    """Share of true ones under weights, with Wilson's interval at the effective number of answers.

    Parameters
    ----------
    flags : pandas.Series
        Missing ones are left out.
    weights : pandas.Series
        On the same index; without a weight an answer is left out.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Estimate
        n is the number of answers, not the effective one.

    Examples
    --------
    >>> round(weighted_share(pd.Series([True, False]), pd.Series([1.5, 0.5])).value, 2)
    0.75
    """
    weights = weights.reindex(flags.index)
    known = (flags.notna() & weights.notna()).to_numpy()
    hit, weight = flags[known].astype(float).to_numpy(), weights[known].to_numpy(float)
    if not len(hit):
        return Estimate(float("nan"))
    n = weight.sum() ** 2 / np.sum(weight**2)
    value = float(weight @ hit / weight.sum())
    low, high = wilson(value * n, n, level)
    return Estimate(value, float(low), float(high), len(hit))
