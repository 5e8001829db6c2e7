"""What counting days instead of orders does to the parameters: a bias that no standard error covers."""

import copy
from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.clv._inputs import distinct
from regulars.finding import may_refuse, shows
from regulars.purchases import UNIT_DAYS

MOST = 20_000  # customers simulated at a time


@shows
@dataclass(frozen=True)
class NettingBias:
    """Bias of the fitted parameters.

    Parameters
    ----------
    table : pandas.DataFrame
        Per parameter: fitted, bias (in the parameter's unit: fitted on days less fitted on exact times), bias_error
        (its simulation error), standard_error (of the fit), corrected.
    is_material : bool
        Whether some bias is larger than the standard error of its parameter.
    """

    table: pd.DataFrame
    is_material: bool

    @property
    def largest(self) -> float:
        """Largest bias of a parameter, in its standard errors."""
        return float((self.table["bias"].abs() / self.table["standard_error"]).max())

    @property
    def corrected(self) -> pd.Series:
        """Parameters less their bias."""
        return self.table["corrected"]


@may_refuse
def day_netting_bias(model, *, time_unit: str, repeats: int = 4, seed: int = 0) -> NettingBias:
    """Estimate by simulation how far day-netting and rounding to days shift the parameters.

    Customers are simulated from the fitted model over the T of the data, to the second; the same customers are then
    seen through a calendar: orders of one day are one, times are whole days. The difference between the two fits is
    the bias; both share their chance, so that little of it remains.

    Parameters
    ----------
    model : fitter of orders
        Fitted.
    time_unit : {"day", "week", "month"}
        Unit that it was fitted in.
    repeats : int
        Number of simulated bases of customers.
    seed : int
        Of what is drawn.

    Returns
    -------
    NettingBias

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> rng = np.random.default_rng(1)
    >>> x = rng.poisson(3, 200)
    >>> t_x, T = np.where(x > 0, rng.uniform(10, 40, 200), 0), np.full(200, 40.0)
    >>> found = day_netting_bias(BetaGeoFitter().fit(x, t_x, T), time_unit="week", repeats=2)
    >>> list(found.table)
    ['fitted', 'bias', 'bias_error', 'standard_error', 'corrected']
    """
    if time_unit not in UNIT_DAYS:
        raise ValueError(f"time_unit is {time_unit!r}; it is one of {', '.join(UNIT_DAYS)}.")
    if repeats < 2:
        raise ValueError(f"repeats is {repeats}; two or more are needed to tell the simulation's own error.")
    day = 1 / UNIT_DAYS[time_unit]
    rng = np.random.default_rng(seed)
    rows = model._rows
    chance = rows.weights / rows.weights.sum()
    size = int(min(MOST, rows.customers))
    shifts = []
    for _ in range(repeats):
        T = rng.choice(rows.T, size=max(size, 1000), p=chance)
        exact, netted = _seen_twice(model, T, day, rng)
        if exact[0].max() > 0 and netted[0].max() > 0:
            shifts.append(np.log(_fit(model, netted)) - np.log(_fit(model, exact)))
    fitted = model.params_
    moved = np.array(shifts) if shifts else np.zeros((1, len(fitted)))
    factor = np.exp(moved.mean(axis=0))
    table = pd.DataFrame(
        {
            "fitted": fitted,
            "bias": fitted * (1 - 1 / factor),
            "bias_error": fitted * moved.std(axis=0, ddof=1) / np.sqrt(len(moved)) if len(moved) > 1 else np.nan,
            "standard_error": model.standard_errors_,
            "corrected": fitted / factor,
        }
    )
    return NettingBias(table, bool((table["bias"].abs() > table["standard_error"]).any()))


def _seen_twice(model, T, day, rng):
    """Histories of simulated customers: as they were, and through the calendar."""
    # T counts whole days from the first day to the last; the first order falls at some hour of its day
    hour = rng.random(T.size) * day
    orders = model.simulate_orders(T + day - hour, rng)
    who, when = orders["customer"].to_numpy(), orders["time"].to_numpy()
    exact = _history(who, when, T + day - hour)
    dates = np.floor((when + hour[who]) / day + 1e-9)
    kept = pd.DataFrame({"who": who, "date": dates})[dates > 0].drop_duplicates()
    return exact, _history(kept["who"].to_numpy(), kept["date"].to_numpy() * day, T)


def _history(who, when, T):
    x = np.bincount(who, minlength=T.size).astype(float)
    t_x = np.zeros(T.size)
    np.maximum.at(t_x, who, when)
    return x, np.minimum(t_x, T), T


def _fit(model, history):
    other = copy.copy(model)
    return other._fit_rows(distinct(*history)).params_.to_numpy(float)
