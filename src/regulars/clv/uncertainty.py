"""How sure a forecast is: intervals per customer and of totals."""

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.clv.value import (
    check_margin,
    check_units,
    continuous_rate,
    expected_spend,
    has_spend,
    histories,
    if_alive,
    units,
)
from regulars.finding import shows
from regulars.rounding import round_significant
from regulars.settings import Certainty, Economics
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.intervals import Estimate, z_value

if TYPE_CHECKING:
    from regulars.clv._orders import OrderFitter
    from regulars.clv.gamma_gamma import GammaGammaFitter

BLOCK = 20_000  # histories simulated at a time
DRAWN_DIGITS = 9  # of drawn parameters: what lies behind differs from one processor to the next
MOST_HISTORIES = 200_000  # distinct ones; of more, those that are alike share their futures
ALL = slice(None)
WIDEST = 2.0  # no parameter is drawn from a wider distribution than this, on the log scale


@dataclass(frozen=True)
class CustomerLevels:
    """Levels at which intervals of single customers have to be computed to hold what is stated.

    Parameters
    ----------
    begins : tuple of int
        Repeat orders from which each group begins, the first at 0.
    levels : tuple of float
        Of each group.

    Examples
    --------
    >>> CustomerLevels((0, 2), (0.8, 0.95)).of([0, 1, 2, 9]).tolist()
    [0.8, 0.8, 0.95, 0.95]
    """

    begins: tuple[int, ...]
    levels: tuple[float, ...]

    def of(self, frequency) -> np.ndarray:
        """Level of customers with so many repeat orders."""
        place = np.searchsorted(self.begins, np.asarray(frequency, float), side="right") - 1
        return np.asarray(self.levels)[place]


@shows
@dataclass(frozen=True)
class Uncertainty:
    """Intervals per customer, and of the totals.

    Parameters
    ----------
    customers : pandas.DataFrame
        expected_orders_low, expected_orders_high (orders), clv_low, clv_high (money): what a single customer will
        do lies between them with the probability `level`. A scored table has them as `holding` gives them.
    orders_total, clv_total : Estimate
        Over all customers, with n customers.
    level : float
        Of the intervals.
    """

    customers: pd.DataFrame
    orders_total: Estimate
    clv_total: Estimate
    level: float


def parameter_draws(model, draws: int, rng) -> np.ndarray:
    """Parameters drawn from their approximate distribution, normal on the log scale.

    Parameters
    ----------
    model : fitter
        With its covariance in log-parameters; without one the estimates are given as they are.
    draws : int
        How many.
    rng : numpy.random.Generator
        For the normal numbers.

    Returns
    -------
    numpy.ndarray
        Of shape (draws, parameters).
    """
    names = list(model.params_.index)
    center = np.log(model.params_.to_numpy(float))
    noise = rng.standard_normal((draws, len(names)))
    covariance = getattr(model, "log_variance_matrix_", None)
    if covariance is None:
        return round_significant(np.exp(np.broadcast_to(center, noise.shape)), DRAWN_DIGITS)
    variance, axes = np.linalg.eigh(covariance.to_numpy(float))
    axes = axes * np.where(axes.sum(axis=0) < 0, -1.0, 1.0)  # the sign of an eigenvector is arbitrary; fix it
    spread = np.minimum(np.sqrt(np.maximum(variance, 0.0)), WIDEST)
    return round_significant(np.exp(center + (noise * spread) @ axes.T), DRAWN_DIGITS)


def with_params(model, values):
    """Shallow copy of a model at other parameters."""
    other = copy.copy(model)
    other.params_ = pd.Series(values, index=model.params_.index)
    return other


def holding(customers: pd.DataFrame) -> pd.DataFrame:
    """Ranges of single customers that hold what is expected of them: the one rule for all scored tables.

    A range is that of a customer's future. Of one who is likelier than the level never to order again, nothing is the
    whole of it, although a little is expected on average: such a range goes up to what is expected. Where no order is
    within the range, neither is money.

    Parameters
    ----------
    customers : pandas.DataFrame
        expected_orders and clv with ``_low`` and ``_high``.

    Returns
    -------
    pandas.DataFrame
        The same, no range smaller than before.

    Examples
    --------
    >>> rare = pd.DataFrame({"expected_orders": [0.03, 2.0], "expected_orders_low": 0.0, "clv": [0.4, 20.0],
    ...                      "expected_orders_high": [0.0, 5.0], "clv_low": 0.0, "clv_high": [0.0, 60.0]})
    >>> holding(rare)[["expected_orders_high", "clv_high"]].to_numpy().tolist()
    [[0.03, 0.4], [5.0, 60.0]]
    """
    ends = {}
    for name in ("expected_orders", "clv"):
        ends[f"{name}_low"] = np.minimum(customers[f"{name}_low"], customers[name])
        ends[f"{name}_high"] = np.maximum(customers[f"{name}_high"], customers[name])
    ends["clv_low"] = np.where(ends["expected_orders_low"] > 0, ends["clv_low"], np.minimum(ends["clv_low"], 0.0))
    return customers.assign(**ends)


def total_spread(model, total) -> float:
    """Standard error of total(model) that comes from the model's parameters, by the delta method in log-parameters.

    Parameters
    ----------
    model : fitter
        Fitted, with its covariance.
    total : callable
        From a model to a number.
    """
    covariance = getattr(model, "log_variance_matrix_", None)
    if covariance is None:
        return 0.0
    covariance = covariance.to_numpy(float)
    params, step = model.params_.to_numpy(float), 1e-3
    slope = np.zeros(len(params))
    for i in np.flatnonzero(np.diag(covariance) > 0):
        up, down = params.copy(), params.copy()
        up[i] *= np.exp(step)
        down[i] *= np.exp(-step)
        slope[i] = (total(with_params(model, up)) - total(with_params(model, down))) / (2 * step)
    return float(np.sqrt(max(slope @ covariance @ slope, 0.0)))


def spread_interval(value: float, relative: float, level: float, n: int) -> Estimate:
    """Interval of a positive total whose logarithm has a given standard deviation."""
    z = z_value(level)
    return Estimate(float(value), float(value * np.exp(-z * relative)), float(value * np.exp(z * relative)), int(n))


def _ends(draws, levels):
    """Lower and upper end over the last axis, a level per row, rounded outwards: counts are discrete."""
    count, ends = draws.shape[1], np.empty((2, len(draws)))
    for level in np.unique(levels):
        rows = np.flatnonzero(levels == level)
        low = int(np.floor((1 - level) / 2 * count))
        high = count - 1 - low
        ends[:, rows] = np.partition(draws[rows], (low, high), axis=1)[:, [low, high]].T
    return ends


def _discount(orders, discounted):
    """What an order of the horizon is worth today, on average over when it comes."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(orders > 0, discounted / orders, 1.0)


def _alike(x, t_x, T, m):
    """Histories whose futures are drawn, and the place of each among them: all, or one of many that are alike.

    Above `MOST_HISTORIES` those count as one whose times lie in the same 1/24 of the longest and whose mean spends lie
    in the same quarter of a logarithm; frequencies up to 8 stay apart, larger ones share steps of a tenth.
    """
    if x.size <= MOST_HISTORIES:
        return (x, t_x, T, m), ALL
    often = np.where(x <= 8, x, 8 + np.floor(10 * np.log(np.maximum(x, 8) / 8)))
    longest = max(float(T.max()), 1e-300)
    money = np.where(m > 0, np.floor(4 * np.log(np.where(m > 0, m, 1.0))), -1e6)
    # one number for the four, in their order: sorted far faster than rows
    key = np.zeros(x.size, dtype=np.int64)
    for column in (often, np.floor(24 * t_x / longest), np.floor(24 * T / longest), money):
        found, code = np.unique(column, return_inverse=True)
        key = key * len(found) + code.ravel()
    _, place = np.unique(key, return_inverse=True)
    size = np.bincount(place)
    x2, t_x2, T2, m2 = (np.bincount(place, column) / size for column in (x, t_x, T, m))
    return (np.rint(x2), np.minimum(t_x2, T2), T2, m2), place


def predictive_intervals(
    model,
    spend_model,
    customers: pd.DataFrame,
    *,
    economics: Economics,
    certainty: Certainty,
    customer_levels: CustomerLevels | None = None,
) -> Uncertainty:
    """Intervals of what each customer will order and bring, and of the totals.

    Each draw takes parameters from their approximate distribution, then a rate, a lifetime, orders and spend for every
    distinct history; of more than 200,000 of them those that are alike share their futures, money in proportion to
    what is expected. A customer's interval so holds the uncertainty of the parameters and the chance of buying.
    For totals, chance averages out and the level of the whole forecast dominates, which no model sees: seasons, prices,
    competitors. The level's uncertainty stands for it; 0.12 is the least that hold-outs have shown.

    Parameters
    ----------
    model : fitter of orders
        Fitted; its covariance says how sure the parameters are.
    spend_model : GammaGammaFitter
        Fitted.
    customers : pandas.DataFrame
        One row per customer: frequency, recency, T, monetary_value, as for `lifetime_value`.
    economics : Economics
        Margin, annual discount rate, horizon and time unit.
    certainty : Certainty
        Probability that an interval should hold, what no model sees of a total's level, futures per customer, seed.
    customer_levels : CustomerLevels, optional
        Levels at which customers' intervals are computed so that they hold the one that is stated, as
        `regulars.clv.coverage.holdout_coverage` has found them on earlier hold-outs; that one itself by default.

    Returns
    -------
    Uncertainty

    Raises
    ------
    ValueError
        Where a history or a setting cannot be.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter, GammaGammaFitter
    >>> orders, spend = BetaGeoFitter(), GammaGammaFitter()
    >>> orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    >>> base = pd.DataFrame({"frequency": [2, 0], "recency": [30.43, 0], "T": 38.86, "monetary_value": [22.35, 0]})
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=400)
    >>> sure = predictive_intervals(orders, spend, base, economics=economics, certainty=certainty)
    >>> sure.customers[["expected_orders_low", "expected_orders_high"]].to_numpy().tolist()
    [[0.0, 5.0], [0.0, 1.0]]
    """
    check_margin(economics.margin)
    if not 0 < certainty.level < 1:
        raise ValueError(f"level is {certainty.level}; it is a probability, such as 0.9.")
    if not 0 <= certainty.level_uncertainty <= 1:
        raise ValueError(f"level_uncertainty is {certainty.level_uncertainty}; it is a share, such as 0.12.")
    if certainty.draws < 1:
        raise ValueError(f"draws is {certainty.draws}; at least one future is drawn, some hundred for an interval.")
    check_units("predictive_intervals", model, customers, economics)
    x, t_x, T, money = histories(customers)
    (x1, t_x1, T1, m1), back = distinct_rows(x, t_x, T, np.where(has_spend(x, money), money, 0.0))
    many = np.ones(x1.size) if isinstance(back, slice) else np.bincount(back, minlength=x1.size)
    expected = _Expected(model, spend_model, x1, t_x1, T1, m1, many, economics)
    levels = customer_levels or CustomerLevels((0,), (certainty.level,))
    found = expected.futures(certainty, levels)
    names = ("expected_orders_low", "expected_orders_high", "clv_low", "clv_high")
    ends = {name: values[back] for name, values in zip(names, found[:4], strict=True)}
    orders_total, clv_total = expected.totals(found[4:], certainty)
    return Uncertainty(pd.DataFrame(ends, index=customers.index), orders_total, clv_total, certainty.level)


@dataclass(frozen=True)
class _Expected:
    """What is expected of distinct histories, `many` customers each, and how far it may be off."""

    model: "OrderFitter"
    spend_model: "GammaGammaFitter"
    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    m: np.ndarray
    many: np.ndarray
    economics: Economics

    @property
    def horizon(self) -> float:
        return units(self.economics.horizon_months, self.economics.time_unit)

    @cached_property
    def alive(self) -> np.ndarray:
        return self.model._alive(self.x, self.t_x, self.T)

    def if_alive(self, x, t_x, T) -> tuple[np.ndarray, np.ndarray]:
        """Expected and discounted orders of customers who are there."""
        rate = continuous_rate(self.economics.annual_discount_rate, self.economics.time_unit)
        return if_alive(self.model, x, t_x, T, self.horizon, rate)

    @cached_property
    def brought(self) -> tuple[np.ndarray, np.ndarray]:
        """`if_alive` of these histories."""
        return self.if_alive(self.x, self.t_x, self.T)

    @cached_property
    def per_order(self) -> np.ndarray:
        return expected_spend(self.spend_model, self.x, self.m)

    def futures(self, certainty: Certainty, levels: CustomerLevels) -> np.ndarray:
        """Low and high of orders, low and high of money, and the variances of both: six rows."""
        rows, place = _alike(self.x, self.t_x, self.T, self.m)
        *drawn, m = rows
        streams = np.random.SeedSequence(certainty.seed)
        rng = np.random.default_rng(streams.spawn(1)[0])
        ordering, spending = (parameter_draws(each, certainty.draws, rng) for each in (self.model, self.spend_model))
        brought = self.brought if place is ALL else self.if_alive(*drawn)
        paid = self.economics.margin * _discount(*brought)
        found = np.empty((6, m.size))
        for start in range(0, m.size, BLOCK):
            part = slice(start, start + BLOCK)
            rng = np.random.default_rng(streams.spawn(1)[0])
            counts, worth = self._drawn(rng, ordering, spending, [column[part] for column in rows])
            worth *= paid[part, None]
            at = levels.of(rows[0][part])
            found[:, part] = *_ends(counts, at), *_ends(worth, at), counts.var(axis=1), worth.var(axis=1)
        found = found[:, place]
        if place is not ALL:  # money in proportion to what is expected of the customer's own orders
            own = self.per_order / expected_spend(self.spend_model, drawn[0], m)[place]
            found[2:4] *= own
            found[5] *= own**2
        return found

    def _drawn(self, rng, order_params, spend_params, rows) -> tuple[np.ndarray, np.ndarray]:
        """Orders, and the money that they bring, of some histories (rows) under each draw of the parameters."""
        *history, m = rows
        counts = np.empty((m.size, len(order_params)), dtype=np.int32)
        worth = np.zeros(counts.shape)
        for d, (of_orders, of_spend) in enumerate(zip(order_params, spend_params, strict=True)):
            came = with_params(self.model, of_orders).draw_orders(rng, self.horizon, *history)
            counts[:, d] = came
            some = np.flatnonzero(came > 0)
            spender = with_params(self.spend_model, of_spend)
            worth[some, d] = spender.draw_spend(rng, came[some], history[0][some], m[some])
        return counts, worth

    def totals(self, variances, certainty: Certainty) -> tuple[Estimate, Estimate]:
        """Orders and value of all customers together: chance, parameters and the level that no model sees."""
        margin, many, (orders, discounted) = self.economics.margin, self.many, self.brought
        (x, t_x, T), back = distinct_rows(self.x, self.t_x, self.T)
        back = np.arange(self.x.size) if isinstance(back, slice) else back
        by_count = np.bincount(back, many, minlength=x.size)
        by_money = np.bincount(back, many * self.per_order * margin * _discount(orders, discounted), minlength=x.size)
        each: dict[tuple, np.ndarray] = {}  # what is expected at moved parameters, asked for by orders and by money

        def expectation(weights):
            def total(other) -> float:
                params, t = tuple(other.params_), np.full(x.size, self.horizon)
                if params not in each:
                    each[params] = other._alive(x, t_x, T) * other.orders_if_alive(t, x, t_x, T)
                return float(weights @ each[params])

            return total

        def spend_total(other) -> float:
            return float(margin * ((many * self.alive * discounted) @ expected_spend(other, self.x, self.m)))

        def estimate(total, *errors) -> Estimate:
            n = int(many.sum())
            if not total > 0 or not np.isfinite(total):
                return Estimate(total, total, total, n)
            relative = np.sqrt(certainty.level_uncertainty**2 + sum((error / total) ** 2 for error in errors))
            return spread_interval(total, float(relative), certainty.level, n)

        chance = [float(np.sqrt(many @ variance)) for variance in variances]
        return (
            estimate(float(many @ (self.alive * orders)), chance[0], total_spread(self.model, expectation(by_count))),
            estimate(
                float(margin * (many @ (self.alive * discounted * self.per_order))),
                chance[1],
                total_spread(self.model, expectation(by_money)),
                total_spread(self.spend_model, spend_total),
            ),
        )
