"""State of each customer by the customer's own rhythm: whether this silence is long for them."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from regulars.finding import may_refuse, shows
from regulars.labels import CustomerState
from regulars.purchases import Purchases, day_number, unit_days
from regulars.settings import Thresholds

FIRST_GAP_MIN = 30


@shows
@dataclass(frozen=True)
class Rhythm:
    """How often customers order, as they differ in it, and from which silence on they count as slipping or lost.

    Parameters
    ----------
    r, alpha : float
        Shape and rate of the gamma distribution of purchase rates across customers, as BG/NBD fits them; `alpha` in
        units of `days_per_unit` days.
    days_per_unit : float
        Days in the time unit of the model: 1, 7 or 30.4375.
    thresholds : Thresholds
        Chances of a silence below which the state of a customer changes.
    """

    r: float
    alpha: float
    days_per_unit: float = 7.0
    thresholds: Thresholds = field(default_factory=Thresholds)


@may_refuse
def rhythm_of(model, *, time_unit: str = "week", thresholds: Thresholds | None = None) -> Rhythm:
    """Rhythm of the customers on whom a model of orders was fitted.

    Parameters
    ----------
    model : fitter
        BG/NBD, fitted: its ``params_`` name r and alpha.
    time_unit : {"day", "week", "month"}
        Of the model.
    thresholds : Thresholds, optional
        Where one state of a customer ends and the next begins; the usual ones without it.

    Returns
    -------
    Rhythm

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> model = BetaGeoFitter()
    >>> model.params_ = pd.Series({"r": 0.25, "alpha": 4.5, "a": 0.8, "b": 2.5})
    >>> rhythm_of(model).alpha
    4.5
    """
    rates = model.params_
    return Rhythm(float(rates["r"]), float(rates["alpha"]), unit_days(time_unit), thresholds or Thresholds())


@may_refuse
def silence_probability(frequency, recency, T, rhythm: Rhythm) -> np.ndarray:
    """Chance of a silence as long as the present one if the customer is still there, P(gap > T − t_x | alive).

    A customer's purchase rate, given x repeat purchases by t_x, is Gamma(r + x, α + t_x); the chance of no purchase
    in the following T − t_x, averaged over that rate, is ((α + t_x) / (α + T))^(r + x).

    Parameters
    ----------
    frequency : array of int
        Repeat purchase days, x in the literature.
    recency, T : array of float
        Age at the last purchase (t_x) and now (T), in the unit of the model.
    rhythm : Rhythm
        Of which r and alpha are used.

    Returns
    -------
    numpy.ndarray
        Between 0 and 1, one per customer.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Marketing Science 24, 275-284, eqs. 2 and 3 (the mixture
    over the rates).

    Examples
    --------
    >>> silence_probability([2, 2], [30.0, 30.0], [30.0, 60.0], Rhythm(r=0.243, alpha=4.414)).round(4).tolist()
    [1.0, 0.2451]
    """
    x, t_x, T = (np.asarray(values, dtype=float) for values in (frequency, recency, T))
    return np.exp((rhythm.r + x) * (np.log(rhythm.alpha + t_x) - np.log(rhythm.alpha + T)))


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


def rhythm_chance(frequency, last_days, age_days, *, gaps_days, rhythm: Rhythm) -> np.ndarray:
    """Chance of a silence as long as the present one in the own rhythm; one-time buyers by the first gaps of others.

    Parameters
    ----------
    frequency : array of int
        Repeat purchase days.
    last_days, age_days : array of int
        Days from the first purchase to the last one, and to the day that is asked about.
    gaps_days : array of float
        Days between first and second purchase of those who came back.
    rhythm : Rhythm
        In which all others order.

    Returns
    -------
    numpy.ndarray
        Between 0 and 1, one per customer.

    Examples
    --------
    >>> gaps, rhythm = np.arange(1, 40), Rhythm(1.0, 5.0)
    >>> rhythm_chance(np.array([0, 9]), np.array([0, 63]), np.array([30, 93]), gaps_days=gaps, rhythm=rhythm).round(3)
    array([0.25 , 0.069])
    """
    unit = rhythm.days_per_unit
    own = silence_probability(frequency, last_days / unit, age_days / unit, rhythm)
    first = first_gap_probability(age_days - last_days, gaps_days)
    return np.where((frequency == 0) & np.isfinite(first), first, own)


@may_refuse
def customer_states(purchases: Purchases, observation_end, rhythm: Rhythm) -> pd.DataFrame:
    """State of each customer at the end of the data: new, active, slipping, dormant, lost, or back again.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Last day of the data; later purchases are not looked at.
    rhythm : Rhythm
        In which customers order, and where one state ends and the next begins.

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

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-06", "2025-01-13", "2025-01-20", "2025-01-27", "2025-05-26"])
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "a", "a", "b"], "ordered_at": days, "amount": 10.0})
    >>> customer_states(Purchases.of(orders), "2025-06-30", Rhythm(0.8, 8.0))[["customer_id", "customer_state"]]
      customer_id customer_state
    0           a        dormant
    1           b            new
    """
    limits = rhythm.thresholds
    seen = purchases.until(observation_end)
    frequency, first, gaps = seen.frequency, seen.first_days, seen.first_gaps
    last, before, end = (days - first for days in (seen.last_days, seen.days_before_last, day_number(observation_end)))
    now = rhythm_chance(frequency, last, end, gaps_days=gaps, rhythm=rhythm)
    repeats = frequency > 0
    earlier = np.ones(len(frequency))
    earlier[repeats] = rhythm_chance(
        frequency[repeats] - 1, before[repeats], last[repeats], gaps_days=gaps, rhythm=rhythm
    )
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
            "customer_id": seen.customers,
            "customer_state": pd.Series(state, dtype="string"),
            "silence_days": silence.astype(float),
            "silence_chance": now,
            "usual_days": usual,
        }
    )


@may_refuse
def with_states(value: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """What is known of each customer, with the state beside it.

    Parameters
    ----------
    value : pandas.DataFrame
        One row per customer: ``customer_id`` and anything else.
    states : pandas.DataFrame
        Of `customer_states`.

    Returns
    -------
    pandas.DataFrame
        Columns of both, one row per customer.

    Examples
    --------
    >>> value, states = (pd.DataFrame({"customer_id": ["a"], name: [1]}) for name in ("clv", "silence_days"))
    >>> with_states(value, states).columns.tolist()
    ['customer_id', 'clv', 'silence_days']
    """
    return value.merge(states, on="customer_id")
