"""How much of the value a few customers carry: Lorenz curve, Gini coefficient, share of the top customers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from regulars.clv.verdicts import ConcentrationVerdict
from regulars.finding import may_refuse, shows
from regulars.statistics.intervals import Estimate

CURVE_POINTS = 101
CHUNK = 4_000_000  # weights drawn at once, so that memory does not grow with the base
RESAMPLED = 50_000  # customers who are resampled, of more a part; intervals are then narrowed to the size of the base


def lorenz_curve(values, points: int = CURVE_POINTS, *, ranked_by=None) -> pd.DataFrame:
    """Cumulative share of the value carried by the most valuable customers.

    Parameters
    ----------
    values : array of float
        Value of each customer; together above zero.
    points : int
        Number of points of the curve.
    ranked_by : array of float, optional
        What customers are ranked by, where that is not the value itself: then it is a concentration curve.

    Returns
    -------
    pandas.DataFrame
        customer_share (from the most valuable down) and value_share, both from 0 to 1.

    References
    ----------
    Lorenz, M. O. (1905), Publications of the American Statistical Association 9, 209-219; drawn from the top.

    Examples
    --------
    >>> lorenz_curve([1, 1, 2, 4], points=3)
       customer_share  value_share
    0             0.0         0.00
    1             0.5         0.75
    2             1.0         1.00
    """
    ordered = _checked(values, ranked_by)
    shares = np.concatenate([[0.0], np.cumsum(ordered) / ordered.sum()])
    grid = np.linspace(0, 1, points)
    value_share = np.interp(grid * len(ordered), np.arange(len(ordered) + 1), shares)
    return pd.DataFrame({"customer_share": grid, "value_share": value_share})


def lorenz_curves(*, ranked_by=None, **values) -> pd.DataFrame:
    """Several curves below one another, all ranked alike.

    Parameters
    ----------
    ranked_by : array of float, optional
        What customers are ranked by; each curve's own values by default.
    **values : array of float
        Name of each curve to the value of each customer.

    Returns
    -------
    pandas.DataFrame
        customer_share, value_share, curve (its name).

    Examples
    --------
    >>> lorenz_curves(past=[1, 3], future=[1, 1])["curve"].unique().tolist()
    ['past', 'future']
    """
    return pd.concat(
        [lorenz_curve(of, ranked_by=ranked_by).assign(curve=name) for name, of in values.items()], ignore_index=True
    )


def gini(values) -> float:
    """Gini coefficient: 0 where all customers are worth the same, towards 1 where one is worth everything.

    Parameters
    ----------
    values : array of float
        Together above zero.

    Returns
    -------
    float

    References
    ----------
    Gini, C. (1912), Variabilita e mutabilita; as half the relative mean difference.

    Examples
    --------
    >>> gini([1, 1, 1, 1])
    0.0
    >>> gini([0, 0, 0, 1])
    0.75
    """
    ordered = _checked(values)
    return float(_Resamples(np.ones((1, len(ordered)))).gini(ordered)[0])


def top_share(
    values, top: float = 0.2, *, ranked_by=None, level: float = 0.9, draws: int = 200, seed: int = 0
) -> Estimate:
    """Share of the value that the most valuable customers carry, with a bootstrap interval.

    Parameters
    ----------
    values : array of float
        Together above zero.
    top : float
        Share of the customers, from the most valuable down.
    ranked_by : array of float, optional
        What customers are ranked by, where that is not the value itself: past spend, to ask how much of what is to
        come stays with those who brought most so far.
    level : float
        Level of the interval.
    draws : int
        Resamples of the customers (Poisson weights).
    seed : int
        Of what is drawn.

    Returns
    -------
    Estimate
        Between 0 and 1.

    Examples
    --------
    >>> top_share([1, 1, 2, 4, 2], top=0.2).value
    0.4
    """
    ordered = _checked(values, ranked_by)
    return _estimates([(ordered, top)], level, draws, seed)[0]


@shows
@dataclass(frozen=True, repr=False)
class Concentration:
    """What the customers who brought most so far brought, and should bring.

    Parameters
    ----------
    past, future : Estimate
        Share of past revenue, and of the value to come, of the top customers by past revenue.
    own : Estimate
        Share of the value to come of the top customers by that value.
    verdict : ConcentrationVerdict
        Whether the future share is beyond noise above or below the past one. Loss: customers bring less than they cost,
        and what is to come is a loss.
    past_gini, future_gini : Estimate
        Gini coefficients of past revenue and of the value to come.
    """

    past: Estimate
    future: Estimate
    own: Estimate
    verdict: ConcentrationVerdict
    past_gini: Estimate
    future_gini: Estimate


@may_refuse
def compare_concentration(
    spend, value, top: float = 0.2, *, level: float = 0.9, draws: int = 100, seed: int = 0
) -> Concentration:
    """Compare what the top customers by past revenue brought with what they should bring.

    Parameters
    ----------
    spend : array of float
        Past revenue of each customer; below zero for one who has returned more than was bought since the log begins.
    value : array of float
        Expected value of each customer; one below zero for everybody is a loss, and its shares are told as those of
        the loss.
    top : float
        Share of the customers, from the most valuable down.
    level : float
        Of the intervals.
    draws : int
        Resamples of the customers (Poisson weights).
    seed : int
        Of the resamples.

    Returns
    -------
    Concentration

    Examples
    --------
    >>> found = compare_concentration([1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], top=0.25)
    >>> found.past.value, found.future.value, found.own.value
    (0.4, 0.1, 0.4)
    """
    is_loss, value = loss_or_gain(value)
    by_spend, by_value, kept = _checked(spend), _checked(value), _checked(value, spend)
    asked = [(by_spend, top), (kept, top), (by_spend, None), (by_value, None), (by_value, top)]
    past, future, past_gini, future_gini, own = _estimates(asked, level, draws, seed)
    verdict = ConcentrationVerdict.LOSS if is_loss else _verdict(past, future)
    return Concentration(past, future, own, verdict, past_gini, future_gini)


def _verdict(past: Estimate, future: Estimate) -> ConcentrationVerdict:
    """Whether one interval lies beyond the other; both hang on the same customers."""
    if future.low > past.high:
        return ConcentrationVerdict.MORE
    return ConcentrationVerdict.LESS if future.high < past.low else ConcentrationVerdict.SAME


def loss_or_gain(value) -> tuple[bool, np.ndarray]:
    """Whether nobody brings anything, and the size of what each brings or costs."""
    value = np.asarray(value, dtype=float)
    is_loss = bool(len(value) and value.max() <= 0 and value.min() < 0)
    return is_loss, -value if is_loss else value


def _checked(values, ranked_by=None) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if len(values) == 0 or not np.isfinite(values).all() or values.sum() <= 0:
        raise ValueError("concentration needs values that are finite and together above zero")
    ranks = values if ranked_by is None else np.asarray(ranked_by, dtype=float)
    return values[np.argsort(-ranks, kind="stable")]


class _Resamples:
    """Resamples of the customers, one a row: how often each was drawn, by rank from the top.

    What hangs on the ranks alone is reckoned once for all values that are asked about.
    """

    def __init__(self, weights: np.ndarray):
        self.weights, self.customers = weights, np.cumsum(weights, axis=1)
        self.n = self.customers[:, -1]

    @cached_property
    def _by_rank(self) -> np.ndarray:
        """Weights times the mean rank from the bottom of each group of equal customers, in resampled customers."""
        return self.weights * (self.n[:, None] - self.customers + (self.weights + 1) / 2)

    def top(self, ordered: np.ndarray, top: float) -> np.ndarray:
        """Share of the top of each resample; the customer on the edge counts in part."""
        total, shares = self.weights @ ordered, np.empty(len(self.weights))
        for row, edge in enumerate(top * self.n):
            last = int(np.searchsorted(self.customers[row], edge - 1e-9))
            value = self.weights[row, : last + 1] @ ordered[: last + 1]
            shares[row] = value - (self.customers[row, last] - edge) * ordered[last]
        return np.divide(shares, total, out=np.full_like(total, np.nan), where=total > 0)

    def gini(self, ordered: np.ndarray) -> np.ndarray:
        """Gini coefficient of each resample."""
        total = self.weights @ ordered
        mean_rank = np.divide(self._by_rank @ ordered, total, out=np.full_like(total, np.nan), where=total > 0)
        return (2 * mean_rank - self.n - 1) / self.n


def _estimates(asked, level: float, draws: int, seed: int) -> list[Estimate]:
    """Estimates from the same resamples of the customers: of ordered values, each with a share of the top, or Gini."""

    def statistics(resamples):
        return [resamples.gini(ordered) if top is None else resamples.top(ordered, top) for ordered, top in asked]

    customers, everybody = len(asked[0][0]), asked
    themselves = statistics(_Resamples(np.ones((1, customers))))
    rng = np.random.default_rng(seed)
    found: list[list[np.ndarray]] = [[] for _ in asked]
    if customers > RESAMPLED:
        # each order of the customers is a list of its own, of which the same places are kept: every nth from the top
        part = np.sort(rng.choice(customers, RESAMPLED, replace=False))
        asked = [(ordered[part], top) for ordered, top in everybody]
    middles = statistics(_Resamples(np.ones((1, min(customers, RESAMPLED)))))
    size = max(1, CHUNK // len(asked[0][0]))
    for start in range(0, draws, size):
        drawn = _Resamples(rng.poisson(1.0, (min(size, draws - start), len(asked[0][0]))).astype(float))
        for values, told in zip(found, statistics(drawn), strict=True):
            values.append(told[np.isfinite(told)])  # a resample without any value says nothing
    estimates = []
    for own, middle, values in zip(themselves, middles, found, strict=True):
        resampled = np.concatenate([np.empty(0), *values])
        if customers > RESAMPLED:
            resampled = own[0] + np.sqrt(RESAMPLED / customers) * (resampled - middle[0])
        estimates.append(_estimate(own[0], resampled, level, customers))
    return estimates


def _estimate(value, resampled, level: float, n: int) -> Estimate:
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2]) if len(resampled) else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high), n)
