"""Whether intervals hold what they state, on past hold-outs, and how far they must be widened to hold it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.clv.backtesting import Fold
from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.combining import columns
from regulars.clv.value import units
from regulars.statistics.intervals import Estimate, share

STATED = (0.5, 0.8, 0.9)
WIDEST = 0.999


@dataclass(frozen=True)
class Coverage:
    """Stated and real coverage of the intervals of single customers.

    Parameters
    ----------
    table : pandas.DataFrame
        Per cutoff and stated level: cutoff, stated, n, covered (share of customers whose orders lay inside), low, high
        (Wilson).
    level : float
        Stated on the page.
    customer_level : float
        At which intervals have to be computed to hold ``level``, from the last hold-out; never below ``level``.
    real : Estimate or None
        Share inside on the last hold-out, of intervals computed at ``level``.
    widened : Estimate or None
        The same for intervals as wide as the hold-out before had asked for; None with one hold-out only.
    """

    table: pd.DataFrame
    level: float
    customer_level: float
    real: Estimate | None
    widened: Estimate | None


def randomised_pit(model, t, frequency, recency, T, came, rng) -> np.ndarray:
    """Place of what came in each customer's forecast distribution: uniform where the forecast is right.

    F(y − 1) + u · P(y), u uniform: counts are discrete, and without u every interval would hold more than it states.

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
    rng : numpy.random.Generator
        For the uniform numbers.

    Returns
    -------
    numpy.ndarray

    References
    ----------
    Czado, C., Gneiting, T. and Held, L. (2009), Biometrics 65, 1254-1261.
    """
    history = [np.asarray(column, float) for column in (frequency, recency, T)]
    came = np.asarray(came)
    below, here = np.zeros(came.size), np.zeros(came.size)
    for n in range(int(came.max(initial=0)) + 1):
        left = np.flatnonzero(came >= n)
        mass = model.conditional_probability_of_n_purchases_up_to_time(n, t, *(column[left] for column in history))
        below[left] += here[left]
        here[left] = mass
    return np.clip(below + rng.uniform(size=came.size) * here, 0.0, 1.0)


def holdout_coverage(
    folds: Iterable[Fold],
    horizon_days: int,
    *,
    time_unit: str = "week",
    fitter: Callable = BetaGeoFitter,
    level: float = 0.9,
    stated: Iterable[float] = STATED,
    seed: int = 0,
) -> Coverage:
    """Real coverage of predictive intervals on past hold-outs, and the level that would have been honest.

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
    stated : iterable of float
        Levels in the table.
    seed : int
        Of what is drawn.

    Returns
    -------
    Coverage
    """
    horizon, levels = units(days=horizon_days, time_unit=time_unit), sorted({*stated, level})
    rows, apart = [], []
    for fold in sorted(folds, key=lambda fold: fold.cutoff):
        history, came = columns(fold.customers), fold.customers["holdout_orders"].to_numpy()
        pit = randomised_pit(fitter().fit(*history), horizon, *history, came, np.random.default_rng(seed))
        apart.append(np.abs(2 * pit - 1))  # a central interval of this level is the first that holds what came
        for one in levels:
            found = _held(apart[-1], one)
            rows.append((fold.cutoff, one, found.n, found.value, found.low, found.high))
    table = pd.DataFrame(rows, columns=["cutoff", "stated", "n", "covered", "low", "high"])
    return Coverage(
        table=table,
        level=level,
        customer_level=_honest_level(apart[-1], level) if apart else level,
        real=_held(apart[-1], level) if apart else None,
        widened=_held(apart[-1], _honest_level(apart[-2], level)) if len(apart) > 1 else None,
    )


def _held(apart, level) -> Estimate:
    return share(int((apart <= level).sum()), len(apart))


def _honest_level(apart, level) -> float:
    """Level whose intervals held `level` of the customers: only ever wider than stated."""
    return float(np.clip(np.quantile(apart, level), level, WIDEST))
