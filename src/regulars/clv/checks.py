"""Does the fitted model describe the base? Orders counted against orders expected, by number and over time."""

from datetime import date
from math import fsum

import numpy as np
import pandas as pd

from regulars.finding import may_refuse
from regulars.purchases import Purchases, dates_of, day_number, unit_days


@may_refuse
def frequency_check(model, frequency, T, largest: int = 7) -> pd.DataFrame:
    """How many customers have ordered again 0, 1, 2 … times, beside how many the model expects.

    Parameters
    ----------
    model : fitter of orders
        Fitted on these customers.
    frequency, T : array_like
        Repeat orders and age of each customer, in the model's time unit.
    largest : int
        The last row holds this number and more.

    Returns
    -------
    pandas.DataFrame
        repeat_orders (0 … ``largest``), customers (counted), expected (Σ over customers of P(X(T) = n)).

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24, figure 2.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> summary = purchases.summary("2025-12-31")
    >>> model = BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
    >>> frequency_check(model, summary["frequency"], summary["T"], largest=2).round()
       repeat_orders  customers  expected
    0              0         57      60.0
    1              1         75      71.0
    2              2        118     119.0
    """
    frequency = np.asarray(frequency)
    ages, counts = np.unique(np.asarray(T, dtype=float), return_counts=True)
    below = [float(counts @ _probability(model, ages, n)) for n in range(largest)]
    counted = np.bincount(np.minimum(frequency, largest).astype(int), minlength=largest + 1)
    return pd.DataFrame(
        {
            "repeat_orders": np.arange(largest + 1),
            "customers": counted,
            "expected": [*below, float(counts.sum() - fsum(below))],
        }
    )


def _probability(model, ages: np.ndarray, n: int) -> np.ndarray:
    return np.asarray(model.probability_of_n_purchases_up_to_time(ages, n), dtype=float)


@may_refuse
def tracking(model, purchases: Purchases, until: date, time_unit: str = "week") -> pd.DataFrame:
    """Repeat orders of all customers week by week, cumulated: what came, beside what the model expects.

    Parameters
    ----------
    model : fitter of orders
        Fitted on the calibration period.
    purchases : regulars.purchases.Purchases
        Only of customers of the calibration period.
    until : date
        Last day.
    time_unit : str
        The model's.

    Returns
    -------
    pandas.DataFrame
        One row per full week since the first purchase: week_end (date), came (repeat orders so far), expected
        (Σ over customers of E[X(t)], t counted from each one's first order).

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24, figures 3 and 4.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> summary = purchases.summary("2025-12-31")
    >>> model = BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
    >>> tracking(model, purchases, "2025-12-31").tail(1).round({"expected": 0})
          week_end  came  expected
    103 2025-12-29   635     638.0
    """
    born, customers = np.unique(purchases.first_days, return_counts=True)
    weeks = (day_number(until) - born[0]) // 7
    ends = born[0] + 7 * np.arange(1, weeks + 1)
    repeats = np.sort(purchases.day[~purchases.is_first])
    # a purchase on the day of week_end belongs to the next week
    ages = (ends[:, None] - born[None, :]) / unit_days(time_unit)
    alive_ages, back = np.unique(np.maximum(ages, 0.0), return_inverse=True)
    expected = np.asarray(model.expected_number_of_purchases_up_to_time(alive_ages), dtype=float)
    return pd.DataFrame(
        {
            "week_end": dates_of(ends),
            "came": np.searchsorted(repeats, ends, side="left"),
            "expected": expected[back].reshape(ages.shape) @ customers,
        }
    )
