"""How sure a forecast is: intervals per customer and of totals."""

import copy
from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.clv.value import check_margin, continuous_rate, expected_spend, has_spend, histories, if_alive, units
from regulars.rounding import round_significant
from regulars.settings import Certainty, Economics
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.intervals import Estimate, z_value

BLOCK = 20_000  # histories simulated at a time
DRAWN_DIGITS = 9  # of drawn parameters: what lies behind differs from one processor to the next
MOST_HISTORIES = 200_000  # distinct ones; of more, those that are alike share their futures
ALL = slice(None)
WIDEST = 2.0  # no parameter is drawn from a wider distribution than this, on the log scale


@dataclass(frozen=True)
class Uncertainty:
    """Intervals per customer, and of the totals.

    Parameters
    ----------
    customers : pandas.DataFrame
        expected_orders_low, expected_orders_high (orders), clv_low, clv_high (money): what a single customer will
        do lies between them with the probability `level`.
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
    """Parameters drawn from their approximate distribution, normal on the log scale: one row per draw."""
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


def _ends(draws, level: float):
    """Lower and upper end over the last axis, rounded outwards: counts are discrete."""
    count = draws.shape[1]
    low = int(np.floor((1 - level) / 2 * count))
    high = min(count - 1 - low, count - 1)
    ordered = np.partition(draws, (low, high), axis=1)
    return ordered[:, low].astype(float), ordered[:, high].astype(float)


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
    customer_level: float | None = None,
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
    customer_level : float, optional
        Level at which customers' intervals are computed so that they hold the one that is stated, as
        `regulars.clv.coverage.holdout_coverage` has found it on an earlier hold-out; never below it, which it is by
        default.

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
    margin, level, draws = economics.margin, certainty.level, certainty.draws
    check_margin(margin)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it is a probability, such as 0.9.")
    wide = max(level, customer_level or level)
    x, t_x, T, money = histories(customers)
    m = np.where(has_spend(x, money), money, 0.0)
    horizon = units(economics.horizon_months, economics.time_unit)
    rate = continuous_rate(economics.annual_discount_rate, economics.time_unit)

    (x1, t_x1, T1, m1), back = distinct_rows(x, t_x, T, m)
    many = np.bincount(back, minlength=x1.size) if not isinstance(back, slice) else np.ones(x1.size)
    alive = model._alive(x1, t_x1, T1)
    orders, discounted = if_alive(model, x1, t_x1, T1, horizon, rate)
    per_order = expected_spend(spend_model, x1, m1)
    discount = _discount(orders, discounted)

    drawn, place = _alike(x1, t_x1, T1, m1)
    streams = np.random.SeedSequence(certainty.seed)
    rng = np.random.default_rng(streams.spawn(1)[0])
    order_params = parameter_draws(model, draws, rng)
    spend_params = parameter_draws(spend_model, draws, rng)
    paid = margin * (discount if place is ALL else _discount(*if_alive(model, *drawn[:3], horizon, rate)))
    found = np.empty((6, drawn[0].size))
    for start in range(0, drawn[0].size, BLOCK):
        part = slice(start, start + BLOCK)
        rng = np.random.default_rng(streams.spawn(1)[0])
        *history, m2 = (column[part] for column in drawn)
        counts = np.empty((m2.size, draws), dtype=np.int32)
        worth = np.zeros(counts.shape)
        for d in range(draws):
            came = with_params(model, order_params[d])._draw_orders(rng, horizon, *history)
            counts[:, d] = came
            some = np.flatnonzero(came > 0)
            spender = with_params(spend_model, spend_params[d])
            worth[some, d] = spender._draw_spend(rng, came[some], history[0][some], m2[some])
        worth *= paid[part, None]
        found[:, part] = *_ends(counts, wide), *_ends(worth, wide), counts.var(axis=1), worth.var(axis=1)
    found = found[:, place]
    if place is not ALL:  # money in proportion to what is expected of the customer's own orders
        own = per_order / expected_spend(spend_model, drawn[0], drawn[3])[place]
        found[2:4] *= own
        found[5] *= own**2
    names = ("expected_orders_low", "expected_orders_high", "clv_low", "clv_high")
    ends, (order_variance, worth_variance) = dict(zip(names, found[:4], strict=True)), found[4:]

    total_orders = float(many @ (alive * orders))
    total_worth = float(margin * (many @ (alive * discounted * per_order)))

    (x2, t_x2, T2), back2 = distinct_rows(x1, t_x1, T1)
    back2 = np.arange(x1.size) if isinstance(back2, slice) else back2
    by_count = np.bincount(back2, many, minlength=x2.size)
    by_money = np.bincount(back2, many * per_order * margin * discount, minlength=x2.size)

    each: dict[tuple, np.ndarray] = {}  # what is expected at moved parameters, asked for by orders and by money

    def expectation(weights):
        def total(other) -> float:
            params, t = tuple(other.params_), np.full(x2.size, horizon)
            if params not in each:
                each[params] = other._alive(x2, t_x2, T2) * other._orders_if_alive(t, x2, t_x2, T2)
            return float(weights @ each[params])

        return total

    def spend_total(other):
        return float(margin * ((many * alive * discounted) @ expected_spend(other, x1, m1)))

    chance_orders = float(np.sqrt(many @ order_variance))
    chance_worth = float(np.sqrt(many @ worth_variance))
    n = int(x.size)

    def estimate(total, *parts):
        if not total > 0 or not np.isfinite(total):
            return Estimate(total, total, total, n)
        relative = np.sqrt(certainty.level_uncertainty**2 + sum((part / total) ** 2 for part in parts))
        return spread_interval(total, float(relative), level, n)

    return Uncertainty(
        customers=pd.DataFrame({name: values[back] for name, values in ends.items()}, index=customers.index),
        orders_total=estimate(total_orders, chance_orders, total_spread(model, expectation(by_count))),
        clv_total=estimate(
            total_worth,
            chance_worth,
            total_spread(model, expectation(by_money)),
            total_spread(spend_model, spend_total),
        ),
        level=level,
    )
