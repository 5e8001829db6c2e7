"""What an order log shows of how far a forecast of its total may be off: how long it is, what its seasons do."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.clv.combining import columns, fitted
from regulars.clv.value import units
from regulars.purchases import Purchases, day_number, unit_days
from regulars.rounding import round_significant

if TYPE_CHECKING:
    from regulars.clv._orders import OrderFitter

YEAR = 365  # days
MONTH = 30
FEWEST = 15.0  # orders expected in a month whose pace is looked at
SEASON_DIGITS = 6  # of a season; those behind are noise
NOISE = 1.5  # variance of a month's orders, in units of their mean: customers differ, and come more than once
LATELY = 90  # days whose level is held against the whole history
START = 8  # part of the history in which customers of a log that began late are taken for new ones


@dataclass(frozen=True)
class Signs:
    """What is known of a log on the day from which is forecast; of logarithms 0 says that there is nothing to see.

    Parameters
    ----------
    history_days, horizon_days : int
        Known, and to be forecast.
    customers, repeats : int
        Known customers, and their repeat orders.
    dropout : float
        Log of what would be ordered if nobody left over what is expected.
    start : float
        Log of first orders a day in the first eighth of the history over those of the second half; 0 where nobody came
        in the second half.
    inner : float
        Log of what came over what was expected in the last part of the history, forecast from the part before.
    lately : float
        Log of repeat orders of the last 90 days over what the fitted model expects of them, to that of all days.
    season : float
        The same of as many days a year ago as the horizon has, to that of the year that began with them. Missing where
        the history is shorter than a year.
    swings : float
        Standard deviation of the logarithm of what came in a month over what was expected, without its noise and its
        trend.
    drift : float
        That trend, per year.
    """

    history_days: int
    horizon_days: int
    customers: int
    repeats: int
    dropout: float
    start: float
    inner: float
    lately: float
    season: float
    swings: float
    drift: float


def read_signs(purchases: Purchases, day, horizon_days: int, time_unit: str = "week") -> Signs:
    """Signs of what is known on a day.

    Parameters
    ----------
    purchases : Purchases
        What came after the day is not looked at.
    day : date
        Last day known.
    horizon_days : int
        To be forecast.
    time_unit : {"day", "week", "month"}
        In which the models count.

    Returns
    -------
    Signs

    Examples
    --------
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> signs = read_signs(purchases, "2025-12-31", 365)
    >>> signs.history_days, signs.customers, signs.repeats
    (731, 250, 639)
    """
    known = purchases.until(day)
    end = day_number(day) + 1
    first = day_number(known.first)
    history = end - first
    table = known.summary(day, time_unit)
    x, t_x, T = columns(table)
    model = fitted("mbg_nbd", (x, t_x, T))  # kept: the combination asks for the same
    horizon = units(days=horizon_days, time_unit=time_unit)
    expected = float(model.predict(horizon, x, t_x, T).sum())
    staying = float(fitted("nbd", (x, t_x, T)).predict(horizon, x, t_x, T).sum())
    pace = _Pace.of(known, model, time_unit)
    whole = pace.between(first, end)
    length, ago = min(int(horizon_days), YEAR), end - YEAR

    born = known.first_days - first
    early, late = (born < history / START).sum() * START, (born >= history / 2).sum() * 2
    return Signs(
        history_days=int(history),
        horizon_days=int(horizon_days),
        customers=len(table),
        repeats=int(x.sum()),
        dropout=_log(staying, expected),
        start=_log(float(early), float(late)) if late else 0.0,
        inner=_inner(known, pd.Timestamp(day), horizon_days, time_unit),
        lately=pace.between(end - LATELY, end) - whole if history > 2 * LATELY else 0.0,
        season=pace.between(ago, ago + length) - pace.between(ago, end) if history >= YEAR else float("nan"),
        **pace.by_month(first, end),
    )


def _log(came: float, expected: float, least: float = 0.5) -> float:
    return float(np.log(max(came, least) / max(expected, least)))


@dataclass(frozen=True)
class _Pace:
    """Repeat orders of a log over time, beside what a model expects of customers with such first orders."""

    born: np.ndarray
    many: np.ndarray
    repeats: np.ndarray
    model: "OrderFitter"
    per_unit: float

    @classmethod
    def of(cls, purchases: Purchases, model, time_unit: str) -> "_Pace":
        born, many = np.unique(purchases.first_days, return_counts=True)
        return cls(born, many, np.sort(purchases.day[~purchases.is_first]), model, unit_days(time_unit))

    def expected(self, day: int) -> float:
        """Repeat orders expected before a day."""
        age = np.maximum(day - self.born, 0) / self.per_unit
        return float(self.many @ np.asarray(self.model.expected_number_of_purchases_up_to_time(age), float))

    def between(self, begin: int, end: int) -> float:
        """Log of what came from one day to before another, over what was expected."""
        came = np.searchsorted(self.repeats, end) - np.searchsorted(self.repeats, begin)
        return _log(float(came), self.expected(end) - self.expected(begin))

    def by_month(self, first: int, end: int) -> dict:
        """How much the pace swings from month to month, and how it drifts over the years, by the last two of them."""
        edges = np.arange(end, max(first, end - 2 * YEAR) - 1, -MONTH)[::-1]
        came = np.diff(np.searchsorted(self.repeats, edges)).astype(float)
        expected = np.diff([self.expected(int(edge)) for edge in edges])
        enough = expected >= FEWEST
        if enough.sum() < 4:
            return {"swings": 0.0, "drift": 0.0}
        pace = np.log(np.maximum(came[enough], 0.5) / expected[enough])
        years = edges[1:][enough] / YEAR
        # slope and its rest, drawn towards none by as much as a year of data tells
        centred = years - years.mean()
        slope = float(centred @ pace / (centred @ centred + 1.0))
        rest = pace - pace.mean() - slope * centred
        noise = (NOISE / expected[enough]).mean()
        return {"swings": float(np.sqrt(max((rest**2).mean() - noise, 0.0))), "drift": slope}


def _inner(known: Purchases, day: pd.Timestamp, horizon_days: int, time_unit: str) -> float:
    """Log of what came over what was forecast, in the last part of the history."""
    days = int(min(horizon_days, (day - known.first).days // 3))
    if days < 14:
        return 0.0
    start = day - timedelta(days=days)
    table = known.split(start, day, time_unit)
    if len(table) < 2 or not table["frequency"].max() > 0:
        return 0.0
    history = columns(table)
    expected = fitted("mbg_nbd", history).predict(units(days=days, time_unit=time_unit), *history).sum()
    return _log(float(table["holdout_orders"].sum()), float(expected))


def season_ahead(purchases: Purchases, day, months: int, time_unit: str = "week") -> np.ndarray:
    """Logarithm of how much more or less than on average will be ordered in each month ahead, by the two last years.

    The year before the last is held against the last: where its season does not bring the months of the last nearer to
    what came, there is none to tell. Else the mean of both is, drawn towards none by their noise.

    Parameters
    ----------
    purchases : Purchases
        What came after the day is not looked at.
    day : date
        Last day known.
    months : int
        Ahead, of 30.4 days each.
    time_unit : {"day", "week", "month"}
        In which the models count.

    Returns
    -------
    numpy.ndarray
        Zeros where the history is shorter than two years or shows no season.

    Examples
    --------
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> season_ahead(purchases, "2025-12-31", 3).tolist()
    [0.0, 0.0, 0.0]
    """
    none, known, end = np.zeros(months), purchases.until(day), day_number(day) + 1
    if end - day_number(known.first) < 2 * YEAR:
        return none
    x, t_x, T = columns(known.summary(day, time_unit))
    pace = _Pace.of(known, fitted("mbg_nbd", (x, t_x, T)), time_unit)
    starts = np.rint(np.arange(13) * YEAR / 12).astype(int)
    found, noise = np.zeros((2, 12)), 0.0
    for row, years in enumerate((2, 1)):
        begin = end - YEAR * years
        year = pace.between(begin, begin + YEAR)
        for month in range(12):
            edges = begin + starts[month], begin + starts[month + 1]
            found[row, month] = pace.between(*edges) - year
            noise += NOISE / max(pace.expected(edges[1]) - pace.expected(edges[0]), 1.0) / 24
    before, last = found
    told = max(float((before * last).sum()), 0.0) / max(float((before**2).sum()), 1e-12)
    if ((last - min(told, 1.0) * before) ** 2).sum() >= (last**2).sum() - 2 * noise:
        return none
    mean = found.mean(axis=0)
    kept = max(1 - noise / 2 / max(float((mean**2).mean()), 1e-12), 0.0)
    return round_significant(kept * mean[np.arange(months) % 12], SEASON_DIGITS)
