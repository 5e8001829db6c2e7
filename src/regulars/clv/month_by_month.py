"""What the months ahead will bring, one by one: revenue, orders and active customers, with fans that contain chance.

Futures of customers are simulated order by order: who is still there, when the orders come, after which one a customer
stops, what each order brings. Customers still to be won come as the futures of acquisition say, each on a day of the
month, with a first order like those of the customers won last, and go on as the models say of a newcomer. To the chance
of such a future is added what is not known of the models' parameters, of what a first order brings, and of the level of
the whole forecast, which no model sees.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

from regulars.clv._mixing import beta_nodes, gauss_nodes, nearly_polynomial
from regulars.clv._orders import parts
from regulars.clv.acquisition import Acquisition
from regulars.clv.active import response
from regulars.clv.level_table import TABLE
from regulars.clv.uncertainty import parameter_draws, with_params
from regulars.clv.value import expected_spend, units
from regulars.rounding import round_significant
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.intervals import Estimate

if TYPE_CHECKING:
    from regulars.clv._orders import OrderFitter
    from regulars.clv.gamma_gamma import GammaGammaFitter

MEASURES = ("revenue", "orders", "customers")
DRAWS = 600  # futures
SIMULATED = 2000  # customers whose futures are simulated one by one; of more, these stand for the others
SLOPED = 400  # customers on whom it is reckoned how the parameters move what is expected
AT_A_TIME = 200_000  # customers simulated at a time
ARRIVALS = 8  # days of a month on which a newcomer may come, as nodes of a quadrature
MOST = 5.0  # by which what is not known of the parameters may move the logarithm of a mean
STEP = 1e-3  # by which the logarithm of a parameter is moved to see what it moves
SLOPE_DIGITS = 6  # of such a slope; those behind are noise, and differ from one processor to the next


@dataclass(frozen=True)
class MonthByMonth:
    """What each month ahead will bring.

    Parameters
    ----------
    by_cohort : pandas.DataFrame
        cohort, month (1, 2 …), revenue, orders, customers (those who will order in the month): what is expected.
    drawn : dict of str to numpy.ndarray
        Of revenue, orders and customers: possible futures, by cohort and month, of shape (draws, cohorts, months).
    level : float
        Of the intervals.
    n : int
        Customers there are today.
    """

    by_cohort: pd.DataFrame
    drawn: dict = field(repr=False)
    level: float
    n: int

    def _ends(self, drawn) -> np.ndarray:
        return np.maximum(np.quantile(drawn, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0), 0.0)

    @property
    def fan(self) -> pd.DataFrame:
        """Per month the total of each measure, with the ends of its interval."""
        table = self.by_cohort.groupby("month", as_index=False)[list(MEASURES)].sum()
        for name in MEASURES:
            table[f"{name}_low"], table[f"{name}_high"] = self._ends(self.drawn[name].sum(axis=1))
        return table

    @property
    def cohorts(self) -> pd.DataFrame:
        """Per cohort the revenue and the orders of all months together, with the ends of their intervals."""
        table = self.by_cohort.groupby("cohort", as_index=False, sort=False)[["revenue", "orders"]].sum()
        for name in ("revenue", "orders"):
            table[f"{name}_low"], table[f"{name}_high"] = self._ends(self.drawn[name].sum(axis=2))
        return table

    def total(self, measure: str) -> Estimate:
        """Sum over all months."""
        low, high = self._ends(self.drawn[measure].sum(axis=(1, 2)))
        return Estimate(float(self.by_cohort[measure].sum()), float(low), float(high), n=self.n)


def months_in_words(observation_end) -> tuple[str, ...]:
    """The word to explain where the months of a forecast are not the calendar's: the data do not end with one.

    Examples
    --------
    >>> months_in_words("2026-06-30"), months_in_words("2011-12-09")
    ((), ('month',))
    """
    return () if pd.Timestamp(observation_end).is_month_end else ("month",)


def months_ahead(
    customers: pd.DataFrame,
    cohorts,
    model,
    spend_model,
    *,
    months: int,
    time_unit: str,
    acquisition: Acquisition | None = None,
    first_spends=(),
    newcomers: str = "newcomers",
    orders_total: float | None = None,
    level: float = 0.9,
    level_uncertainty: float = 0.12,
    lengths: Sequence[float] | np.ndarray = (),
    season: Sequence[float] = (),
    month_uncertainty: float = 0.0,
    draws: int = DRAWS,
    seed: int = 0,
) -> MonthByMonth:
    """Foretell revenue, orders and active customers of each month ahead.

    Parameters
    ----------
    customers : pandas.DataFrame
        frequency, recency, T, monetary_value (0 or missing: none is known), one row per customer.
    cohorts : array of str or pandas.Categorical
        Cohort of each customer; the categories' order is that of the answer.
    model : BetaGeoFitter
        Fitted on them.
    spend_model : GammaGammaFitter
        Fitted on them.
    months : int
        Horizon; a month has 30.4375 days.
    time_unit : {"day", "week", "month"}
        Of recency and T, in which the models are fitted.
    acquisition : Acquisition, optional
        Nobody is forecast to come where it is not given or knows nothing.
    first_spends : array of float
        What the customers won last spent on the day of their first order.
    newcomers : str
        What the cohort of customers still to be won is called.
    orders_total : float, optional
        Orders that the headline's forecast expects of the customers there are: months keep their shape and take its
        level.
    level : float
        Of the intervals.
    level_uncertainty : float
        Standard deviation of the level of a total that no model sees, as a share; it is the same in all months. How
        many order moves less than what they order, by `regulars.clv.active`: so with the headline's level and a season.
    lengths : sequence of float
        Days of each month, where they differ: each cohort's total stays, and a shorter month has less of it. Empty: all
        are as long as each other.
    season : sequence of float
        Logarithm of how each month differs from their mean; the total of orders stays. Empty: no season.
    month_uncertainty : float
        Standard deviation of the logarithm of a month's own level, which is its own in each month.
    draws, seed : int
        Futures, and what they are drawn by.

    Returns
    -------
    MonthByMonth

    Notes
    -----
    A customer of the models has r + x, α + T for the rate of orders, a, b + x for the chance to stop. Given the chance
    p to stop, w = t / (α + T) and R = r + x, a customer who is still there orders
    ((1 + p·w₁)^−R − (1 + p·w₂)^−R) / p times between t₁ and t₂, and at least once with probability
    (1 + p·w₁)^−R − (1 + p·w₁ + w₂ − w₁)^−R: the mean over p is exact. What is not known of the parameters moves each
    month's mean by its slope in their logarithms. Of more than 2,000 customers those whose futures are simulated are
    drawn in proportion to what is expected of them; what chance makes of each, less what is expected, then counts with
    the square root of how many such customers there are, so that its variance is that of all.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter, GammaGammaFitter
    >>> orders, spend = BetaGeoFitter(), GammaGammaFitter()
    >>> orders.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    >>> base = pd.DataFrame({"frequency": [2, 0], "recency": [30.43, 0], "T": 38.86, "monetary_value": [22.35, 0]})
    >>> ahead = months_ahead(base, ["1997", "1997"], orders, spend, months=3, time_unit="week",
    ...                      level_uncertainty=0.0)
    >>> ahead.by_cohort[["month", "orders", "customers"]].round(3).to_numpy().tolist()
    [[1.0, 0.184, 0.163], [2.0, 0.176, 0.157], [3.0, 0.169, 0.15]]
    >>> ahead.fan.loc[0, ["orders_low", "orders_high"]].tolist()
    [0.0, 1.0]
    """
    edges = np.array([units(month, time_unit) for month in range(months + 1)])
    streams = [np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(6)]
    there = _Base.of(customers, cohorts, model, spend_model)
    expected, moved = there.expected(edges), _Moved.of(model, spend_model, draws, streams[0])
    factor = 1.0 if orders_total is None else orders_total / float(expected["orders"].sum())
    sizes = np.bincount(there.cohort, minlength=len(there.names)).clip(min=1)
    chance = there.sampled(SIMULATED, edges, streams[1]).chance(edges, draws, streams[2])
    slopes = there.sampled(SLOPED, edges, streams[1]).slopes(edges)
    # who orders anyway is one customer, however many orders there are
    lifted = response(expected["customers"] / sizes[:, None], np.log(max(factor, 1e-300)))
    factors = {"revenue": factor, "orders": factor, "customers": lifted}
    drawn = {name: factors[name] * (expected[name] + chance[name]) * moved.by(slopes, name) for name in MEASURES}
    table = [_long({name: factors[name] * each for name, each in expected.items()}, there.names)]
    if acquisition is not None and acquisition.is_known:
        coming = _Coming(model, spend_model, np.asarray(first_spends, float), edges)
        table.append(_long(coming.expected(acquisition.path), [newcomers]))
        more = coming.drawn(acquisition.path, acquisition.draws, draws, moved, streams[3])
        drawn = {name: np.concatenate([values, more[name][:, None]], axis=1) for name, values in drawn.items()}
        sizes = np.append(sizes, np.inf)
    table = pd.concat(table, ignore_index=True)
    for name in MEASURES if len(lengths) else ():
        equal = table[name].to_numpy().reshape(-1, months)
        shared = equal * np.asarray(lengths, float)
        scale = np.asarray(lengths, float) * (equal.sum(axis=1) / np.maximum(shared.sum(axis=1), 1e-300))[:, None]
        table[name], drawn[name] = (equal * scale).ravel(), drawn[name] * scale
    index = np.ones(months)
    if len(season):
        by_month, index = table.groupby("month")["orders"].sum().to_numpy(), np.exp(np.asarray(season, float)[:months])
        index *= by_month.sum() / (by_month @ index)
    # the level outweighs all else where customers are many: its quantiles, in random order, leave no noise of their own
    common = level_uncertainty * ndtri((streams[4].permutation(draws) + 0.5) / draws)[:, None, None]
    own = month_uncertainty * streams[5].standard_normal((draws, 1, months))
    share = table["customers"].to_numpy().reshape(-1, months) / sizes[:, None]
    told = response(share, np.log(index))
    of_all = index * np.exp(common + own)
    drawn = {name: drawn[name] * of_all for name in ("revenue", "orders")} | {
        "customers": np.minimum(
            drawn["customers"] * told * response(share * told, TABLE["active"] * common + own), sizes[:, None]
        )
    }
    for name in MEASURES:
        table[name] *= told.ravel() if name == "customers" else index[table["month"] - 1]
    return MonthByMonth(table, drawn, level, len(customers))


def _long(expected: dict, names: list) -> pd.DataFrame:
    months = expected["orders"].shape[-1]
    table = {"cohort": np.repeat(names, months), "month": np.tile(np.arange(1, months + 1), len(names))}
    return pd.DataFrame(table | {name: expected[name].ravel() for name in MEASURES})


def if_alive(model, edges, x, T) -> tuple[np.ndarray, np.ndarray]:
    """Orders, and the chance of one, between the edges, of customers who are there: arrays of shape (rows, months).

    Means over p ~ Beta(a, b + x) of the formulas in the notes of `months_ahead`, by the rule that each row needs.
    Edges may differ from row to row.
    """
    r, alpha, a, b = model._numbers()
    R, w = r + x, edges / (alpha + T)[:, None]
    easy, orders = nearly_polynomial(R, w[:, -1]), np.empty((x.size, w.shape[1] - 1))
    active = np.empty_like(orders)
    for rows in (np.flatnonzero(easy), np.flatnonzero(~easy)):
        if not rows.size:
            continue
        levels, here = np.unique(x[rows], return_inverse=True)
        if easy[rows[0]]:
            p, weights = gauss_nodes(a, b + levels)
        else:
            p, _, weights = beta_nodes(a, b + levels, sharpest=float((R * w[:, -1])[rows].max()))
        for part in parts(rows.size, 4 * p.shape[1]):
            row, chance, weight = rows[part], p[here[part]], weights[here[part]]
            power = -R[row, None]
            for month in range(orders.shape[1]):
                since = 1 + chance * w[row, month, None]
                width = (w[row, month + 1] - w[row, month])[:, None] / since
                silent = weight * since**power
                active[row, month] = -(silent * np.expm1(power * np.log1p(width))).sum(axis=1)
                orders[row, month] = -(silent * np.expm1(power * np.log1p(chance * width)) / chance).sum(axis=1)
    return orders, active


@dataclass(frozen=True)
class _Base:
    """Customers there are: histories, P(alive), spend per order to be expected, and how many each stands for."""

    model: "OrderFitter"
    spend_model: "GammaGammaFitter"
    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    spent: np.ndarray
    cohort: np.ndarray
    names: list
    weight: np.ndarray

    @classmethod
    def of(cls, customers, cohorts, model, spend_model) -> "_Base":
        x, t_x, T, spent = (
            np.nan_to_num(customers[name].to_numpy(float)) for name in ("frequency", "recency", "T", "monetary_value")
        )
        cohorts = pd.Categorical(cohorts)
        codes, names = cohorts.codes.astype(np.int64), cohorts.categories.tolist()
        return cls(model, spend_model, x, t_x, T, spent, codes, names, np.ones(x.size))

    def alive(self, model=None) -> np.ndarray:
        return np.asarray((model or self.model)._alive(self.x, self.t_x, self.T), float)

    def money(self, spend_model=None) -> np.ndarray:
        """Spend per order; nothing where the model of spend has no mean (q ≤ 1), as everywhere on the page."""
        found = expected_spend(spend_model or self.spend_model, self.x, self.spent)
        return np.where(np.isfinite(found), found, 0.0)

    def expected(self, edges) -> dict:
        """What each cohort (rows) will bring in each month (columns)."""
        alive, money = self.alive(), self.money()
        (cohort, x, T), back = distinct_rows(self.cohort.astype(float), self.x, self.T)
        back = np.arange(self.x.size) if isinstance(back, slice) else back
        there, worth = (np.bincount(back, each, minlength=x.size) for each in (alive, alive * money))
        orders, active = if_alive(self.model, edges, x, T)

        cohort = cohort.astype(np.int64)
        return {
            "revenue": self._by_cohort(orders * worth[:, None], cohort),
            "orders": self._by_cohort(orders * there[:, None], cohort),
            "customers": self._by_cohort(active * there[:, None], cohort),
        }

    def sampled(self, most, edges, rng) -> "_Base":
        """Systematic sample with chances in proportion to orders and revenue to come; all where they are few."""
        if self.x.size <= most:
            return self
        (x, T), back = distinct_rows(self.x, self.T)
        orders = self.alive() * self.model.orders_if_alive(np.full(x.size, edges[-1]), x, T, T)[back]
        revenue = orders * self.money()
        size = orders / max(orders.sum(), 1e-300) + revenue / max(revenue.sum(), 1e-300)
        size = size / size.sum() if size.sum() > 0 else np.full(size.size, 1 / size.size)
        total = np.cumsum(size)
        chosen = np.searchsorted(total, (np.arange(most) + rng.random()) / most * total[-1])
        chosen = np.minimum(chosen, size.size - 1)
        columns = {name: getattr(self, name)[chosen] for name in ("x", "t_x", "T", "spent", "cohort")}
        return replace(self, **columns, weight=1 / (most * size[chosen]))

    def _by_cohort(self, each, cohort=None) -> np.ndarray:
        """Sums of rows by cohort: (cohorts, months)."""
        cohort = self.cohort if cohort is None else cohort
        return np.array([np.bincount(cohort, month, len(self.names)) for month in each.T]).T

    def slopes(self, edges) -> dict:
        """By how much the logarithm of each mean moves with the logarithm of each parameter: (cohorts, months, params).

        Of the model of orders for all measures, and of the model of spend for revenue.
        """
        money, (orders, _) = self.money(), if_alive(self.model, edges, self.x, self.T)
        brought = (self.weight * self.alive())[:, None] * orders

        def by_orders(model) -> np.ndarray:
            there = (self.weight * self.alive(model))[:, None]
            orders, active = (there * each for each in if_alive(model, edges, self.x, self.T))
            return np.stack([self._by_cohort(each) for each in (orders * money[:, None], orders, active)])

        def by_spend(model) -> np.ndarray:
            return self._by_cohort(brought * self.money(model)[:, None])

        found = dict(zip(MEASURES, _slopes(self.model, by_orders), strict=True))
        return found | {"spend": _slopes(self.spend_model, by_spend)}

    def chance(self, edges, draws, rng) -> dict:
        """What chance makes of each future, less what is expected: arrays of shape (draws, cohorts, months)."""
        alive, root = self.alive(), np.sqrt(self.weight)
        orders, active = (each * (root * alive)[:, None] for each in if_alive(self.model, edges, self.x, self.T))
        mean = {"revenue": orders * self.money()[:, None], "orders": orders, "customers": active}
        mean = {name: self._by_cohort(each) for name, each in mean.items()}
        found, size = [], max(1, AT_A_TIME // self.x.size)
        for start in range(0, draws, size):
            many = min(size, draws - start)
            columns = (np.tile(each, many) for each in (self.x, self.T, alive, self.spent, root))
            row = np.repeat(np.arange(many), self.x.size) * len(self.names) + np.tile(self.cohort, many)
            drawn = _futures(rng, self.model, self.spend_model, edges, row, many * len(self.names), *columns)
            found.append({name: each.reshape(many, len(self.names), -1) for name, each in drawn.items()})
        return {name: np.concatenate([part[name] for part in found]) - mean[name] for name in MEASURES}


def _slopes(model, total) -> np.ndarray:
    """Slope of log(total) in each log-parameter, by differences; zero for parameters that are held.

    ``total`` takes a model and gives an array; the answer has one more axis, the parameters.
    """
    base, params = total(model), model.params_.to_numpy(float)
    slopes = np.zeros((*base.shape, params.size))
    covariance = getattr(model, "log_variance_matrix_", None)
    free: Iterable[int] = [] if covariance is None else np.flatnonzero(np.diag(covariance.to_numpy(float)) > 0)
    for i in free:
        up, down = params.copy(), params.copy()
        up[i] *= np.exp(STEP)
        down[i] *= np.exp(-STEP)
        change = total(with_params(model, up)) - total(with_params(model, down))
        slopes[..., i] = np.divide(change, 2 * STEP * base, out=np.zeros_like(base), where=base > 0)
    return round_significant(slopes, SLOPE_DIGITS)


@dataclass(frozen=True)
class _Moved:
    """How far each drawn set of parameters lies from the estimates, in logarithms: rows are draws."""

    orders: np.ndarray
    spend: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, model, spend_model, draws, rng) -> "_Moved":
        orders, spend = (
            np.log(parameter_draws(each, draws, rng) / each.params_.to_numpy(float)) for each in (model, spend_model)
        )
        return cls(orders, spend, rng.standard_normal(draws))

    def by(self, slopes: dict, measure: str) -> np.ndarray:
        """Factor on each mean: draws, then what the slopes have."""
        exponent = np.tensordot(self.orders, slopes[measure], (1, -1))
        if measure == "revenue":
            exponent = exponent + np.tensordot(self.spend, slopes["spend"], (1, -1))
        return np.exp(np.clip(exponent, -MOST, MOST))


def _futures(rng, model, spend_model, edges, row, rows, x, T, alive, spent, root, began=None) -> dict:
    """Revenue, orders and active customers, times `root`, of customers simulated one by one: arrays (rows, months).

    `row` says in which row each customer counts. Given how many orders come, their days are spread evenly; the
    customer stops at the order that a geometric distribution tells. `began` is when a customer who is still to come
    does so: what follows is counted, and the customer is active by it in later months only.
    """
    r, alpha, a, b = model._numbers()
    months, end = len(edges) - 1, edges[-1]
    here = np.flatnonzero(rng.random(x.size) < alive)
    left = np.full(here.size, end) if began is None else end - began[here]
    coming = rng.poisson(rng.standard_gamma(r + x[here]) / (alpha + T[here]) * left)
    here, left, coming = here[coming > 0], left[coming > 0], coming[coming > 0]
    last, often = coming.copy(), np.flatnonzero(coming > 1)
    last[often] = rng.geometric(np.clip(rng.beta(a, b + x[here[often]]), 1e-12, 1.0))
    owner = np.repeat(np.arange(here.size), coming)
    day = rng.random(owner.size) * left[owner]
    kept = _earliest(owner, day, coming, last)
    owner, day = owner[kept], day[kept] + (0.0 if began is None else began[here[owner[kept]]])
    counts = np.bincount(owner * months + _month(day, end, months), minlength=here.size * months)
    cell = np.flatnonzero(counts)
    owner, month, counts = cell // months, cell % months, counts[cell]
    who = here[owner]
    later = np.ones(who.size) if began is None else (month > _month(began[who], end, months)).astype(float)
    found = {"revenue": _spend(rng, spend_model, x[here], spent[here], owner, counts), "orders": counts}
    place = row[who] * months + month
    return {
        name: np.bincount(place, root[who] * each, minlength=rows * months).reshape(rows, months)
        for name, each in (found | {"customers": later}).items()
    }


def _month(day, end: float, months: int) -> np.ndarray:
    return np.minimum((day * (months / end)).astype(np.int64), months - 1)


def _earliest(owner, day, coming, last) -> np.ndarray:
    """Which orders come before the customer stops: the earliest `last` of each owner, whose orders lie together."""
    kept = np.ones(owner.size, dtype=bool)
    cut = (last < coming)[owner]
    if cut.any():
        part = np.flatnonzero(cut)
        part = part[np.lexsort((day[part], owner[part]))]
        starts = np.flatnonzero(np.diff(owner[part], prepend=-1))
        size = np.diff(starts, append=part.size)
        rank = np.arange(part.size) - np.repeat(starts, size)
        kept[part] = rank < last[owner[part]]
    return kept


def _spend(rng, spend_model, x, spent, owner, counts) -> np.ndarray:
    """What so many orders bring together; a customer's own level of spend is the same in all months."""
    p, q = spend_model._unload_params("p", "q")
    own = np.where(spent > 0, x, 0.0)
    level = rng.standard_gamma(q + p * own) / (spend_model._spend_scale(own) + own * spent)
    return rng.standard_gamma(p * counts) / level[owner]


@dataclass(frozen=True)
class _Coming:
    """Customers still to be won: what one brings at each age in months, first order and those that follow apart."""

    model: "OrderFitter"
    spend_model: "GammaGammaFitter"
    first_spends: np.ndarray
    edges: np.ndarray

    @property
    def months(self) -> int:
        return len(self.edges) - 1

    @property
    def first_spend(self) -> float:
        return float(self.first_spends.mean()) if self.first_spends.size else 0.0

    @property
    def per_order(self) -> float:
        mean = float(self.spend_model.population_mean)
        return mean if np.isfinite(mean) else 0.0

    def later(self, model=None) -> np.ndarray:
        """Repeat orders, and chance to order in a month after the first, by age: shape (2, months).

        Newcomers come on any day of a month: what they do in the rest of it, and in the months after, is averaged.
        """
        model = model or self.model
        nodes, weights = np.polynomial.legendre.leggauss(ARRIVALS)
        rest, none = (nodes + 1) / 2 * self.edges[1], np.zeros(ARRIVALS)
        edges = np.column_stack([none, rest[:, None] + self.edges[:-1]])
        orders, active = if_alive(model, edges, none, none)
        active[:, 0] = 0.0  # active in the month of the first order by that order
        return np.stack([weights / 2 @ orders, weights / 2 @ active])

    def brought(self, won, later) -> tuple[dict, dict]:
        """By first orders, and by what follows, of so many won per month: arrays (futures, months)."""
        orders, active = (won @ _by_age(each) for each in later)
        first = {"revenue": won * self.first_spend, "orders": won, "customers": won}
        return first, {"revenue": orders * self.per_order, "orders": orders, "customers": active}

    def expected(self, path) -> dict:
        first, then = self.brought(np.asarray(path)[None], self.later())
        return {name: (first[name] + then[name])[0] for name in MEASURES}

    def slopes(self, path) -> dict:
        """As `_Base.slopes`, of what follows the first orders: (months, parameters)."""

        def by_orders(model) -> np.ndarray:
            return np.stack([path @ _by_age(each) for each in self.later(model)])

        def by_spend(model) -> np.ndarray:
            return np.full(self.months, model.population_mean)

        orders, active = _slopes(self.model, by_orders)
        params = len(self.spend_model.params_)
        spend = _slopes(self.spend_model, by_spend) if self.per_order else np.zeros((self.months, params))
        return {"revenue": orders, "orders": orders, "customers": active, "spend": spend}

    def drawn(self, path, futures, draws, moved: _Moved, rng) -> dict:
        """Possible futures of what they bring together: arrays of shape (draws, months)."""
        won = futures[np.arange(draws) % len(futures)]
        stands_for = np.maximum(won.sum(axis=1, keepdims=True) / SIMULATED, 1.0)
        # whole customers where each is simulated; of many, each that is stands for several
        whole = np.floor(won / stands_for + rng.random(won.shape))
        won = np.where(stands_for > 1, won, whole)
        later, slopes = self.later(), self.slopes(np.asarray(path, float))
        first, then = self.brought(won, later)
        error = self.first_spends.std() / np.sqrt(max(self.first_spends.size, 1)) if self.first_spends.size else 0.0
        first["revenue"] = won * (self.first_spend + error * moved.first[:, None])
        chance = self._chance(whole.astype(np.int64), np.sqrt(stands_for[:, 0]), later, rng)
        return {name: first[name] + then[name] * moved.by(slopes, name) + chance[name] for name in MEASURES}

    def _chance(self, whole, root, later, rng) -> dict:
        """What chance makes of those simulated, less what is expected of them, times `root` of each future."""
        draws, month = len(whole), np.tile(np.arange(self.months), len(whole))
        found = {name: np.zeros(whole.shape) for name in MEASURES}
        size = max(1, int(AT_A_TIME / max(whole.sum(axis=1).max(), 1)))
        for start in range(0, draws, size):
            part = slice(start, min(start + size, draws))
            many = part.stop - part.start
            each = whole[part].ravel()
            future = np.repeat(np.repeat(np.arange(many), self.months), each)
            came = np.repeat(month[: many * self.months], each)
            began = (came + rng.random(came.size)) * self.edges[1]
            none, one = np.zeros(came.size), np.ones(came.size)
            columns = (none, none, one, none, one, began)
            after = _futures(rng, self.model, self.spend_model, self.edges, future, many, *columns)
            # by a first order a customer is active in its month, whatever follows within it
            first, then = self.brought(whole[part].astype(float), later)
            paid = self._first_paid(rng, came, future, many)
            found["revenue"][part] = after["revenue"] - then["revenue"] + paid - first["revenue"]
            found["orders"][part] = after["orders"] - then["orders"]
            found["customers"][part] = after["customers"] - then["customers"]
        return {name: each * root[:, None] for name, each in found.items()}

    def _first_paid(self, rng, came, future, many) -> np.ndarray:
        """What the first orders of those simulated bring, drawn from those of the customers won last."""
        if not self.first_spends.size:
            return np.zeros((many, self.months))
        paid = self.first_spends[rng.integers(0, self.first_spends.size, came.size)]
        return np.bincount(future * self.months + came, paid, minlength=many * self.months).reshape(many, self.months)


def _by_age(each: np.ndarray) -> np.ndarray:
    """Row j, column k: what a customer won in month j brings in month k, from what one brings at each age."""
    months = len(each)
    return np.array([np.r_[np.zeros(j), each[: months - j]] for j in range(months)])
