"""One forecast out of several: the average of models that err differently, and a shape learnt where data are rich.

"fixed" is .9 · mean(Pareto/NBD, MBG/CNBD-k) + .1 · NBD. "shape" takes who orders more than whom from the calibration
period's own inner hold-out: half a non-negative stack of the three models, half gradient boosting that starts from
Pareto/NBD's expectation. The inner hold-out keeps its own total and the outer total is the models', because
the level of the last inner hold-out is no guide to that of the next period.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache, partial
from math import fsum

import numpy as np
import pandas as pd

from regulars.clv._fitter import PARAMETER_DIGITS
from regulars.clv.beta_geo import BetaGeoFitter, ModifiedBetaGeoFitter, RegularBetaGeoFitter
from regulars.clv.nbd import NBDFitter
from regulars.clv.pareto_nbd import ParetoNBDFitter
from regulars.clv.value import units
from regulars.purchases import Purchases
from regulars.rounding import round_significant

FITTERS: dict[str, Callable] = {
    "bg_nbd": BetaGeoFitter,
    "mbg_nbd": ModifiedBetaGeoFitter,
    "pareto_nbd": ParetoNBDFitter,
    "nbd": NBDFitter,
    "regular_k2": lambda: RegularBetaGeoFitter(2),
    "regular_k3": lambda: RegularBetaGeoFitter(3),
}
KEPT = 12  # fitted models: those of two cutoffs
NBD_SHARE = 0.1  # of the combined forecast; the rest is the mean of Pareto/NBD and MBG/CNBD-k
EARLIER = (0.5,)  # lengths of the last inner hold-out, by which earlier ones end before it; more of them taught no more
LEARNT_ROWS = 60_000  # customers of all inner hold-outs together, at most
SHAPE_FROM = 5_000  # repeat orders below which a shape is noise
BOOSTING = {"learning_rate": 0.05, "max_iter": 100, "max_leaf_nodes": 8, "min_samples_leaf": 200, "max_bins": 32}
MANY = 200_000  # numbers, from which on a sum is made of whole parts
RIDGE = 10.0  # orders by which a leaf of the boosting is drawn towards no change


@dataclass(frozen=True)
class Combination:
    """The combined forecast of one cutoff.

    Parameters
    ----------
    orders, p_order : numpy.ndarray
        Expected orders and probability of at least one, per customer.
    kind : {"fixed", "shape"}
        By fixed shares, or with a shape learnt from inner hold-outs.
    reason : {"", "few", "short"}
        Why it is not "shape": fewer repeat orders than asked for; no inner hold-out.
    regularity : int
        k of the MBG/CNBD-k in it.
    """

    orders: np.ndarray
    p_order: np.ndarray
    kind: str
    reason: str
    regularity: int


@dataclass(frozen=True)
class Window:
    """An inner hold-out: what was known at a day of the calibration period, and what came in the days after it."""

    start: pd.Timestamp
    days: int
    table: pd.DataFrame


@dataclass(frozen=True)
class Cut:
    """What is known on a day, and how far ahead is forecast.

    Parameters
    ----------
    purchases : Purchases
        What comes after the day is not looked at.
    day : pandas.Timestamp
        Last day that is known.
    horizon_days : int
        Length of what is forecast.
    time_unit : {"day", "week", "month"}
        Of recency and T, in which the models are fitted.
    """

    purchases: Purchases
    day: pd.Timestamp
    horizon_days: int
    time_unit: str

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per customer known: `regulars.purchases.Purchases.summary` of the day."""
        return self.purchases.summary(self.day, self.time_unit)

    @property
    def horizon(self) -> float:
        """Length of what is forecast, in the time unit."""
        return units(days=self.horizon_days, time_unit=self.time_unit)

    @cached_property
    def inner(self) -> Window | None:
        """Hold-out that ends with the day, as long as the horizon or a third of the history.

        None where there are not two customers and a repeat order before it.
        """
        return self.window(0.0)

    def window(self, back: float) -> Window | None:
        """The hold-out of that length which ends so many of its lengths before the day; None as of `inner`."""
        days = int(min(self.horizon_days, (self.day - self.purchases.first).days // 3))
        end = self.day - timedelta(days=round(back * days))
        start = end - timedelta(days=days)
        if days < 1 or start <= self.purchases.first:
            return None
        table = self.purchases.split(start, end, self.time_unit)
        return Window(start, days, table) if len(table) > 1 and table["frequency"].max() > 0 else None


def fitted(name: str, history: tuple[np.ndarray, ...]):
    """Model of that name, fitted on frequency, recency and T; those asked for last are kept.

    The day at which an inner hold-out begins is often a cutoff of its own, with the same customers.
    """
    return _fitted(name, *(np.asarray(values, float).tobytes() for values in history))


@lru_cache(maxsize=KEPT)
def _fitted(name: str, *history: bytes):
    make: Callable = FITTERS.get(name) or partial(RegularBetaGeoFitter, int(name.removeprefix("regular_k")))
    return make().fit(*(np.frombuffer(values) for values in history))


def poisson_deviance(y, expected):
    """Poisson deviance of each customer; a forecast of 0 is taken as half an order among all customers."""
    expected = np.maximum(expected, 0.5 / len(y))
    with np.errstate(divide="ignore", invalid="ignore"):
        return 2 * (np.where(y > 0, y * np.log(y / expected), 0.0) - (y - expected))


def best_regularity(window: Window, time_unit: str, choices: Iterable[int] = (1, 2, 3)) -> int:
    """Regularity k of MBG/CNBD-k that forecast an inner hold-out best, by Poisson deviance.

    The likelihood is no guide: it prefers k = 2 by hundreds where hold-outs do not.
    """
    history, came = columns(window.table), window.table["holdout_orders"].to_numpy(float)
    horizon = units(days=window.days, time_unit=time_unit)
    loss = {}
    for k in choices:
        expected = fitted(part_names(k)[1], history).predict(horizon, *history)
        loss[k] = poisson_deviance(came, expected).mean()
    return min(loss, key=loss.__getitem__)


def columns(table: pd.DataFrame) -> tuple[np.ndarray, ...]:
    """Frequency, recency and T as arrays of floats."""
    return tuple(table[name].to_numpy(float) for name in ("frequency", "recency", "T"))


def part_names(regularity: int) -> tuple[str, str, str]:
    """Models that the combined forecast is made of.

    Examples
    --------
    >>> part_names(1)
    ('pareto_nbd', 'mbg_nbd', 'nbd')
    """
    return "pareto_nbd", "mbg_nbd" if regularity == 1 else f"regular_k{regularity}", "nbd"


def combine_fixed(parts: list[np.ndarray]) -> np.ndarray:
    """Average of Pareto/NBD, MBG/CNBD-k and NBD by fixed shares.

    Examples
    --------
    >>> combine_fixed([np.array([1.0]), np.array([2.0]), np.array([3.0])]).round(3)
    array([1.65])
    """
    return np.tensordot([(1 - NBD_SHARE) / 2, (1 - NBD_SHARE) / 2, NBD_SHARE], parts, 1)


def combine(cut: Cut, forecast: Callable, *, kind: str | None = None, learn_from: Cut | None = None) -> Combination:
    """Combined forecast of the customers known on a day.

    Parameters
    ----------
    cut : Cut
        Whose customers are forecast.
    forecast : callable
        From the name of a model to (expected orders, probability of an order) of these customers.
    kind : {"fixed", "shape"}, optional
        By default "shape" from `SHAPE_FROM` repeat orders on.
    learn_from : Cut, optional
        Whose inner hold-out is learnt from, such as that of a sample of the customers; their own by default.

    Returns
    -------
    Combination
    """
    rich = kind == "shape" or (kind is None and cut.table["frequency"].sum() >= SHAPE_FROM)
    learnt = cut if learn_from is None else learn_from
    window = learnt.inner
    regularity = best_regularity(window, cut.time_unit) if window else 1
    names = part_names(regularity)
    counts, chances = ([np.asarray(forecast(name)[i], float) for name in names] for i in (0, 1))
    expected, p = combine_fixed(counts), combine_fixed(chances)
    if not rich or window is None or not window.table["holdout_orders"].sum() > 0:
        return Combination(expected, p, "fixed", "few" if not rich else "short", regularity)
    shape = _learn_shape(learnt, names)
    share = shape(counts, _features(cut, window.days, counts))
    # an order is as much likelier, by its hazard, as the shape lifts the customer's share of all expected orders
    lift = share * expected.sum() / np.maximum(expected, 1e-12)
    p = -np.expm1(lift * np.log1p(-np.minimum(p, 1 - 1e-12)))
    level = (_exact_sum(counts[0]) + _exact_sum(counts[1])) / 2
    return Combination(share * level, p, "shape", "", regularity)


def _learn_shape(cut: Cut, names: tuple[str, ...]) -> Callable:
    """Function from the models' expectations and the customers' features to each customer's share of all orders."""
    learnt = [_seen_in(cut, window, names) for window in _windows(cut)]
    came, parts, features = (np.concatenate(each) for each in zip(*learnt, strict=True))
    weights = stack_weights(came, parts)
    boost = _boost(features, single(parts[:, 0]), came)

    def shape(counts, features):
        shares = np.column_stack([_share(values) for values in counts])
        return (_share(shares @ weights) + _share(shares[:, 0] * boost(features))) / 2

    return shape


def _windows(cut: Cut) -> list[Window]:
    """Hold-outs that a shape is learnt from: the last, and earlier ones as far as the base is small enough."""
    found: list[Window] = [] if cut.inner is None else [cut.inner]
    for back in EARLIER:
        window = cut.window(back)
        if window is None or not window.table["holdout_orders"].sum() > 0:
            break
        if sum(len(each.table) for each in (*found, window)) > LEARNT_ROWS:
            break
        found.append(window)
    return found


def _seen_in(cut: Cut, window: Window, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What came in a hold-out, what each model expected at the hold-out's own total, and the customers' features."""
    before = Cut(cut.purchases, window.start, window.days, cut.time_unit)
    came, history = window.table["holdout_orders"].to_numpy(float), columns(window.table)
    counts = [np.asarray(fitted(name, history).predict(before.horizon, *history), float) for name in names]
    parts = np.column_stack([_share(values) for values in counts]) * came.sum()
    return came, parts, _features(before, window.days, counts)


def _share(values):
    """Parts of the total; nobody's is exactly zero."""
    values = np.maximum(values, 1e-9 * _exact_sum(values) / len(values))
    return values / _exact_sum(values)


def _exact_sum(values: np.ndarray) -> float:
    """Sum without rounding, so that no processor sums in another order; a list is gone through twice as fast.

    Many are summed as whole parts of the largest, 2⁻⁴⁰ of it each, which is faster still and as sure.
    """
    if values.size < MANY:
        return fsum(values.tolist())
    _, exponent = np.frexp(np.abs(values).max())
    whole = np.rint(np.ldexp(values, 40 - exponent)).astype(np.int64)
    parts = np.add.reduceat(whole, np.arange(0, whole.size, 2**20))  # 2²⁰ of at most 2⁴⁰ stay within 2⁶³
    return float(np.ldexp(float(sum(parts.tolist())), exponent - 40))


def stack_weights(y, parts, steps: int = 300) -> np.ndarray:
    """Non-negative weights of forecasts under which what came has the highest Poisson likelihood, by EM.

    Parameters
    ----------
    y : array
        What came.
    parts : array of shape (customers, forecasts)
        What each forecast expected.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> parts = np.array([[1.0, 3.0], [2.0, 1.0], [4.0, 2.0]])
    >>> stack_weights(parts @ [0.7, 0.3], parts).round(3)
    array([0.7, 0.3])
    """
    weights, totals = np.full(parts.shape[1], 1 / parts.shape[1]), parts.sum(axis=0)
    for _ in range(steps):
        weights = weights * (parts.T @ (y / (parts @ weights))) / totals
    return round_significant(weights, PARAMETER_DIGITS)


def _boost(features, start, y):
    """Factor on the starting forecast, learnt by gradient boosting of the Poisson likelihood.

    With y / start as target and start as weight the likelihood is that of y with log(start) as offset.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(
        loss="poisson", l2_regularization=RIDGE, early_stopping=False, random_state=0, **BOOSTING
    )
    with threadpool_limits(1):  # sums in one order: the same trees on every machine
        model.fit(features, y / start, sample_weight=start)

    def factor(features):
        # each row is summed on its own: threads change nothing, and of few rows they wait for one another
        with threadpool_limits(1 if len(features) < MANY else None):
            return single(model.predict(features))

    return factor


def _features(cut: Cut, days: int, counts) -> np.ndarray:
    """What may bend the models' shape: ratios, and times within the customer's own history, free of the horizon."""
    table, purchases = cut.table, cut.purchases
    x, t_x, T = columns(table)
    quiet, scale = T - t_x, units(days=days, time_unit=cut.time_unit)
    # quotients are the same on every processor, logarithms are not
    pareto, other, nbd = (np.log(_share(values) * len(x)) for values in counts)
    money = table["spend"].to_numpy(float) / (x + 1)
    spent = single(np.log1p(money / max(money.mean(), 1e-9)))
    told = [single(pareto), single(other - pareto), single(nbd - pareto), x, t_x / np.maximum(T, 1e-9), quiet / scale]
    told += [quiet * np.maximum(x, 1) / np.maximum(t_x, scale / 10), spent]
    known = purchases.known(cut.day)  # the customers of the table, in its order
    for part in (1.0, 0.5, 0.25):
        recent = purchases.between(cut.day - timedelta(days=round(part * days)), cut.day)
        told.append(recent[known].astype(float))
    return np.column_stack(told)


def single(values: np.ndarray) -> np.ndarray:
    """Values at single precision: what differs from one processor to the next lies behind that, and moves no tree."""
    return values.astype(np.float32).astype(float)
