"""Whether intervals hold what they state, on past hold-outs, and how far they must be widened to hold it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.clv.backtesting import Fold
from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.combining import columns
from regulars.clv.uncertainty import CustomerLevels
from regulars.clv.value import units
from regulars.statistics.intervals import Estimate, share

GROUPS = (0, 1, 2, 5, 10, 25)  # repeat orders from which a group of customers begins
FEWEST = 100  # customers of a group; with fewer it shares the level of the group before
NARROWEST, WIDEST = 0.5, 0.999  # levels at which intervals are computed


@dataclass(frozen=True)
class Coverage:
    """Stated and real coverage of the intervals of single customers.

    Parameters
    ----------
    table : pandas.DataFrame
        Per group of customers, on all hold-outs together: from_orders (repeat orders from which it begins), n, covered
        (share whose orders lay in the interval computed at ``level``), covered_low, covered_high (Wilson), at (level at
        which it has to be computed to hold ``level``).
    level : float
        Stated on the page.
    customer_levels : CustomerLevels
        At which intervals have to be computed, group by group.
    real : Estimate or None
        Share inside on the last hold-out, of intervals computed at ``level``.
    adjusted : Estimate or None
        The same for intervals at the levels that the hold-outs before had asked for; None with one hold-out only.
    """

    table: pd.DataFrame
    level: float
    customer_levels: CustomerLevels
    real: Estimate | None
    adjusted: Estimate | None


def first_holding_level(model, t, frequency, recency, T, *, came) -> np.ndarray:
    """Lowest level at which each customer's interval holds what came.

    The interval of a level runs from the smallest number whose distribution function F lies above its lower tail to
    the smallest at which F reaches its upper one: y is inside where 1 − 2·F(y) and 2·F(y − 1) − 1 lie below the level.

    Parameters
    ----------
    model : fitter of orders
        Fitted.
    t : float
        Length of the hold-out, in the unit of the data.
    frequency, recency, T : array
        History of each customer, in the unit of the data.
    came : array
        Orders in the hold-out.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> model = BetaGeoFitter()
    >>> model.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> first_holding_level(model, 39.0, [2, 2], [30.43, 30.43], [38.86, 38.86], came=[1, 5]).round(3).tolist()
    [0.0, 0.907]
    """
    history = [np.asarray(column, float) for column in (frequency, recency, T)]
    came = np.asarray(came)
    below, here = np.zeros(came.size), np.zeros(came.size)
    for n in range(int(came.max(initial=0)) + 1):
        left = np.flatnonzero(came >= n)
        mass = model.conditional_probability_of_n_purchases_up_to_time(n, t, *(column[left] for column in history))
        below[left] += here[left]
        here[left] = mass
    return np.clip(np.maximum(1 - 2 * (below + here), 2 * below - 1), 0.0, 1.0)


def holdout_coverage(
    folds: Iterable[Fold],
    horizon_days: int,
    *,
    time_unit: str = "week",
    fitter: Callable = BetaGeoFitter,
    level: float = 0.9,
) -> Coverage:
    """Real coverage of predictive intervals on past hold-outs, and the levels that would have been honest.

    Parameters
    ----------
    folds : iterable of Fold
        As `regulars.clv.backtest_folds` gives them.
    horizon_days : int
        Length of their hold-outs.
    time_unit : {"day", "week", "month"}
        Of the folds' recency and T.
    fitter : callable
        Makes the model whose intervals are judged; it is fitted on what each cutoff knew.
    level : float
        Stated on the page.

    Returns
    -------
    Coverage
    """
    horizon, judged = units(days=horizon_days, time_unit=time_unit), []
    for fold in sorted(folds, key=lambda fold: fold.cutoff):
        history, came = columns(fold.customers), fold.customers["holdout_orders"].to_numpy()
        holding = first_holding_level(fitter().fit(*history), horizon, *history, came=came)
        judged.append(pd.DataFrame({"frequency": history[0], "holding": holding}))
    if not judged:
        return Coverage(pd.DataFrame(), level, CustomerLevels((0,), (level,)), None, None)
    together, last = pd.concat(judged, ignore_index=True), judged[-1]
    levels = _levels(together, level)
    before = _levels(pd.concat(judged[:-1]), level) if len(judged) > 1 else None
    return Coverage(
        table=_by_group(together, levels, level),
        level=level,
        customer_levels=levels,
        real=_held(last, level),
        adjusted=None if before is None else _held(last, before.of(last["frequency"])),
    )


def _held(judged: pd.DataFrame, level) -> Estimate:
    return share(int((judged["holding"] < level).sum()), len(judged))


def _levels(judged: pd.DataFrame, level: float) -> CustomerLevels:
    """Level of each group whose intervals held ``level`` of its customers."""
    frequency, begins = judged["frequency"].to_numpy(float), [0]
    for begin in GROUPS[1:]:
        if (frequency >= begin).sum() >= FEWEST and ((frequency >= begins[-1]) & (frequency < begin)).sum() >= FEWEST:
            begins.append(begin)
    place = np.searchsorted(begins, frequency, side="right") - 1
    found = [
        float(np.clip(np.quantile(judged["holding"].to_numpy()[place == group], level), NARROWEST, WIDEST))
        for group in range(len(begins))
    ]
    return CustomerLevels(tuple(begins), tuple(found))


def _by_group(judged: pd.DataFrame, levels: CustomerLevels, level: float) -> pd.DataFrame:
    place, rows = np.searchsorted(levels.begins, judged["frequency"], side="right") - 1, []
    for group, (begin, at) in enumerate(zip(levels.begins, levels.levels, strict=True)):
        found = _held(judged[place == group], level)
        rows.append((begin, found.n, found.value, found.low, found.high, at))
    return pd.DataFrame(rows, columns=["from_orders", "n", "covered", "covered_low", "covered_high", "at"])
