"""State of each customer by the customer's own rhythm: whether this silence is long for them."""

import numpy as np
import pandas as pd

from regulars.labels import CustomerState
from regulars.purchases import Purchases, day_number
from regulars.settings import Thresholds

FIRST_GAP_MIN = 30


def silence_probability(frequency, recency, T, r: float, alpha: float) -> np.ndarray:
    """Chance of a silence as long as the present one if the customer is still there, P(gap > T − t_x | alive).

    A customer's purchase rate, given x repeat purchases by t_x, is Gamma(r + x, α + t_x); the chance of no purchase
    in the following T − t_x, averaged over that rate, is ((α + t_x) / (α + T))^(r + x).

    Parameters
    ----------
    frequency, recency, T : array
        x, t_x and T as in the literature, times in the unit of `alpha`.
    r, alpha : float
        Shape and rate of the purchase rates across customers, as BG/NBD fits them.

    Returns
    -------
    numpy.ndarray
        Between 0 and 1.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284, eqs. 2 and 3 (the mixture
    over the rates).

    Examples
    --------
    >>> silence_probability([2, 2], [30.0, 30.0], [30.0, 60.0], r=0.243, alpha=4.414).round(4).tolist()
    [1.0, 0.2451]
    """
    x, t_x, T = (np.asarray(values, dtype=float) for values in (frequency, recency, T))
    return np.exp((r + x) * (np.log(alpha + t_x) - np.log(alpha + T)))


def first_gap_probability(silence_days, gaps_days) -> np.ndarray:
    """Chance that the gap before a second order is longer than this, among customers who did come back.

    One-time buyers have no rhythm of their own; that of those who came back after their first order stands in.

    Parameters
    ----------
    silence_days : array of float
        Days since the only purchase.
    gaps_days : array of float
        Days between first and second purchase of those who came back.

    Returns
    -------
    numpy.ndarray
        (1 + number of longer gaps) / (1 + number of gaps): never 0. NaN where fewer than 30 came back.

    Notes
    -----
    Customers won lately have had no time to show long gaps, which shortens the gaps on record; give only the gaps
    of customers observed long enough where that matters.

    Examples
    --------
    >>> first_gap_probability([5.0, 50.0], np.arange(1.0, 40.0)).tolist()
    [0.875, 0.025]
    """
    gaps = np.sort(np.asarray(gaps_days, dtype=float))
    silence = np.asarray(silence_days, dtype=float)
    if len(gaps) < FIRST_GAP_MIN:
        return np.full(silence.shape, np.nan)
    longer = len(gaps) - np.searchsorted(gaps, silence, side="right")
    return (1 + longer) / (1 + len(gaps))


def rhythm_chance(frequency, last_days, age_days, gaps_days, r: float, alpha: float, days_per_unit: float = 7.0):
    """Chance of a silence as long as the present one in the own rhythm; one-time buyers by the first gaps of others.

    Parameters
    ----------
    frequency, last_days, age_days : array
        Repeat purchase days; days from the first purchase to the last, and to the day that is asked about.
    gaps_days : array
        As for `first_gap_probability`.
    r, alpha, days_per_unit : float
        As for `customer_states`.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> rhythm_chance(np.array([0, 9]), np.array([0, 63]), np.array([30, 93]), np.arange(1, 40), 1.0, 5.0).round(3)
    array([0.25 , 0.069])
    """
    own = silence_probability(frequency, last_days / days_per_unit, age_days / days_per_unit, r, alpha)
    first = first_gap_probability(age_days - last_days, gaps_days)
    return np.where((frequency == 0) & np.isfinite(first), first, own)


def customer_states(
    purchases: Purchases,
    observation_end,
    r: float,
    alpha: float,
    days_per_unit: float = 7.0,
    thresholds: Thresholds | None = None,
) -> pd.DataFrame:
    """State of each customer at the end of the data: new, active, slipping, dormant, lost, or back again.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
    observation_end : date
        Last day of the data; later purchases are not looked at.
    r, alpha : float
        Of BG/NBD, `alpha` in units of `days_per_unit` days.
    days_per_unit : float
        Days in the time unit of the model: 1, 7 or 30.4375.
    thresholds : Thresholds, optional

    Returns
    -------
    pandas.DataFrame
        One row per customer, sorted by id: ``customer_id``, ``customer_state`` (a `regulars.labels.CustomerState`),
        ``silence_days`` (since the last purchase), ``silence_chance`` (of so long a silence, in the own rhythm),
        ``usual_days`` (the mean gap so far, NaN for one-time buyers).

    Notes
    -----
    In this order: first purchase within ``new_days``: new. Last purchase within ``reactivated_days``, and the
    silence before it was as long as a dormant customer's: reactivated, until the silence since is long again.
    Otherwise by the chance of the present silence. One-time buyers are measured by the first gaps of those who came
    back (`first_gap_probability`), or, where those are too few, by the model.
    """
    limits = thresholds or Thresholds()
    told = purchases.until(observation_end)
    frequency, first, gaps = told.frequency, told.first_days, told.first_gaps
    last, before, end = (days - first for days in (told.last_days, told.days_before_last, day_number(observation_end)))
    now = rhythm_chance(frequency, last, end, gaps, r, alpha, days_per_unit)
    repeats = frequency > 0
    earlier = np.ones(len(frequency))
    past = frequency[repeats] - 1, before[repeats], last[repeats]
    earlier[repeats] = rhythm_chance(*past, gaps, r, alpha, days_per_unit)
    silence = end - last
    back = repeats & (earlier < limits.dormant_below) & (silence < limits.reactivated_days)
    rules = {  # the first that holds decides
        CustomerState.NEW: end < limits.new_days,
        CustomerState.LOST: now < limits.lost_below,
        CustomerState.DORMANT: now < limits.dormant_below,
        CustomerState.SLIPPING: now < limits.slipping_below,
        CustomerState.REACTIVATED: back,
    }
    state = np.select(list(rules.values()), [name.value for name in rules], default=CustomerState.ACTIVE.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = np.where(repeats, last / frequency, np.nan)
    return pd.DataFrame(
        {
            "customer_id": told.customers,
            "customer_state": pd.Series(state, dtype="string"),
            "silence_days": silence.astype(float),
            "silence_chance": now,
            "usual_days": usual,
        }
    )
