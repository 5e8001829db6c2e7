"""When each customer should order next, by when to call, and whether such dates have been right."""

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import may_refuse, refused
from regulars.purchases import unit_days
from regulars.retention.risk import can_tell_alive
from regulars.settings import DateRules
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.intervals import Estimate, share

DATES = ("next_order_low", "next_order_median", "next_order_high")


@may_refuse
def next_order(
    model, value: pd.DataFrame, observation_end, *, days_per_unit: float = 7.0, rules: DateRules | None = None
) -> pd.DataFrame:
    """Chance that no order ever comes and, given that one does, when: for every customer.

    Parameters
    ----------
    model : fitter
        Of orders, fitted: `probability_never`, `next_order_quantile`.
    value : pandas.DataFrame
        ``customer_id``, ``frequency``, ``recency``, ``T`` (in the unit of the model), ``p_alive``.
    observation_end : date
        Last day of the data; dates are counted from it.
    days_per_unit : float
        Days in the time unit of the model.
    rules : DateRules, optional
        When a date is worth telling, and how wide a window is; the usual ones without them.

    Returns
    -------
    pandas.DataFrame
        One row per customer, as they come: ``customer_id``, ``p_never`` (missing for one-time buyers of whom the
        model cannot tell whether they have left), ``next_order_low``, ``next_order_median``, ``next_order_high``
        (dates of the predictive distribution given an order; missing where later than the horizon, and the ends
        wherever the median is: a range without a middle tells nothing), ``call_by``
        (missing where the rules forbid it), ``window_days`` (width; infinite where its end cannot be told).

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> model = BetaGeoFitter()
    >>> model.params_ = pd.Series({"r": 2.0, "alpha": 2.0, "a": 0.3, "b": 6.0})
    >>> value = pd.DataFrame({"customer_id": ["often", "gone"], "frequency": [50, 50], "recency": [51.5, 20.0],
    ...                       "T": [52.0, 52.0], "p_alive": [1.0, 0.0]})
    >>> found = next_order(model, value, "2026-06-30")
    >>> str(found["call_by"][0].date()), found["call_by"].isna().tolist(), found["p_never"].round(2).tolist()
    ('2026-07-03', [False, True], [0.01, 1.0])
    """
    unit = getattr(model, "time_unit_", None)
    if unit and unit_days(unit) != days_per_unit:
        raise UserError(
            f"next_order: the model is in {unit}s, of {unit_days(unit):g} days, and days_per_unit is {days_per_unit:g}."
        )
    rules = rules or DateRules()
    history, back = distinct_rows(*(value[name].to_numpy(float) for name in ("frequency", "recency", "T")))
    tail = (1 - rules.window_level) / 2

    def days_until(chance: float) -> np.ndarray:
        found = np.asarray(model.next_order_quantile(chance, *history, given_order=True)) * days_per_unit
        # an order on the first day comes within a unit of a day: days are counted whole, from 1
        return np.where(np.isfinite(found), np.maximum(np.ceil(found), 1), np.inf)[back]

    low, median, high = (days_until(chance) for chance in (tail, 0.5, 1 - tail))
    early = days_until(rules.call_share)
    never = np.where(can_tell_alive(value), np.asarray(model.probability_never(*history))[back], np.nan)
    is_told = median <= rules.horizon_days
    is_narrow = (never <= rules.max_never) & is_told & (high - low <= rules.max_window_days)
    end = pd.Timestamp(observation_end).normalize()

    def dates(days, keep=True):
        within = np.where(keep & (days <= rules.horizon_days), days, np.nan)
        return (end + pd.to_timedelta(within, unit="D")).astype("datetime64[us]")

    return pd.DataFrame(
        {
            "customer_id": value["customer_id"].to_numpy(),
            "p_never": never,
            "next_order_low": dates(low, is_told),
            "next_order_median": dates(median),
            "next_order_high": dates(high, is_told),
            "call_by": dates(early, is_narrow),
            "window_days": np.where(np.isfinite(high), high - low, np.inf),
        }
    )


@may_refuse
def dated_share(dates: pd.DataFrame, frequency, *, level: float = 0.9) -> Estimate:
    """Share of the customers with a call-by date; one-time buyers have no rhythm and are left out.

    Parameters
    ----------
    dates : pandas.DataFrame
        As `next_order` gives them.
    frequency : array of int
        Repeat purchase days of the same customers.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        Between 0 and 1; n counts those who ordered more than once; missing where nobody did.

    Examples
    --------
    >>> dates = pd.DataFrame({"call_by": pd.to_datetime(["2026-07-03", None, None])})
    >>> dated_share(dates, [3, 2, 0]).value
    0.5
    """
    repeat = dates[np.asarray(frequency) > 0]
    return share(int(repeat["call_by"].notna().sum()), len(repeat), level)


def scored_table(value: pd.DataFrame, dates: pd.DataFrame, *, customers: pd.Series) -> pd.DataFrame:
    """State and next order of each customer, as the scored table of the stage has them.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_id``, ``customer_state``, one row per customer.
    dates : pandas.DataFrame
        As `next_order`, or `regulars.retention.sharpened`, gives them.
    customers : pandas.Series
        Ids, which stand there with nothing told where the orders allow no model.

    Returns
    -------
    pandas.DataFrame
        One row per customer: ``customer_id``, ``customer_state``, ``p_never``, ``next_order_low``,
        ``next_order_median``, ``next_order_high``, ``call_by``.

    Examples
    --------
    >>> from regulars.finding import Refusal
    >>> none = Refusal("there is one customer only.")
    >>> scored_table(none, none, customers=pd.Series(["a"], name="customer_id")).notna().sum().sum()
    np.int64(1)
    """
    if refused(value, dates) is not None:
        state = pd.Series(pd.NA, customers.index, dtype="string")
        days = dict.fromkeys((*DATES, "call_by"), pd.NaT)
        return customers.to_frame().assign(customer_state=state, p_never=np.nan, **days)
    dated = dates[["customer_id", "p_never", *DATES, "call_by"]]
    return value[["customer_id", "customer_state"]].merge(dated, on="customer_id")


@may_refuse
def due_this_week(
    dates: pd.DataFrame, value: pd.DataFrame, observation_end, *, within_days: int = 7, n: int = 50
) -> pd.DataFrame:
    """Customers whose call-by date falls into the next days, the one with the highest expected margin first.

    Parameters
    ----------
    dates : pandas.DataFrame
        As `next_order` gives them.
    value : pandas.DataFrame
        ``customer_id``, ``clv``, ``spend_per_order``.
    observation_end : date
        Last day of the data; the days are counted from it.
    within_days : int
        A week of calls.
    n : int
        Length of the list.

    Returns
    -------
    pandas.DataFrame
        At most `n` rows: ``customer_id``, ``call_by``, the dates of the window, ``p_never``, ``spend_per_order`` and
        ``clv`` (currency), ``product_id`` and ``quantity`` of what runs out, where that made the date.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-07-03", "2026-07-20"])
    >>> dates = pd.DataFrame({"customer_id": ["a", "b"], "call_by": days})
    >>> value = pd.DataFrame({"customer_id": ["a", "b"], "clv": [1.0, 9.0], "spend_per_order": 2.0})
    >>> due_this_week(dates, value, "2026-06-30")["customer_id"].tolist()
    ['a']
    """
    end = pd.Timestamp(observation_end).normalize()
    soon = dates[dates["call_by"].notna() & (dates["call_by"] <= end + pd.Timedelta(days=within_days))]
    found = soon.merge(value[["customer_id", "spend_per_order", "clv"]], on="customer_id")
    found = found.sort_values(["clv", "customer_id"], ascending=[False, True], kind="stable").head(n)
    columns = ["customer_id", "call_by", *DATES, "p_never", "spend_per_order", "clv", "product_id", "quantity"]
    return found.reindex(columns=columns).reset_index(drop=True)


def next_order_pit(
    model, past: pd.DataFrame, days_until, *, horizon_days: int, days_per_unit: float = 7.0, seed: int = 0
) -> np.ndarray:
    """Where the next order fell in its predicted distribution: evenly between 0 and 1 if the distribution is right.

    Parameters
    ----------
    model : fitter
        Fitted on what was known at the cutoff.
    past : pandas.DataFrame
        ``frequency``, ``recency``, ``T`` as of the cutoff.
    days_until : array of float
        Days from the cutoff to the next purchase day (1, 2 …); NaN where none came within the horizon.
    horizon_days : int
        Days watched after the cutoff.
    days_per_unit : float
        Days in the time unit of the model.
    seed : int
        Of the places that are drawn.

    Returns
    -------
    numpy.ndarray
        Between 0 and 1. An order on day d is drawn evenly between F(d − 1) and F(d), since days are whole; where none
        came, between F(horizon) and 1, since all that is known is that it comes later or never.

    References
    ----------
    Czado, C., Gneiting, T. and Held, L. (2009), Predictive model assessment for count data, Biometrics 65, 1254-1261.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> model = BetaGeoFitter()
    >>> model.params_ = pd.Series({"r": 2.0, "alpha": 2.0, "a": 0.3, "b": 6.0})
    >>> past = pd.DataFrame({"frequency": [5, 5], "recency": [9.0, 9.0], "T": [10.0, 10.0]})
    >>> places = next_order_pit(model, past, [1.0, np.nan], horizon_days=70)
    >>> bool(places[0] < 0.15), bool(places[1] > 0.9)
    (True, True)
    """
    history = tuple(past[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    day = np.asarray(days_until, float)
    came = np.isfinite(day)
    until = np.where(came, day, horizon_days)

    def by(days):
        return np.asarray(model.probability_active(days / days_per_unit, *history))

    below, above = by(np.where(came, until - 1, until)), np.where(came, by(until), 1.0)
    return below + np.random.default_rng(seed).random(len(day)) * (above - below)


def dates_calibration(places: np.ndarray, *, window_level: float = 0.8, level: float = 0.9) -> dict[str, Estimate]:
    """How often the window of the next order held it, and how often the order came earlier or later.

    Parameters
    ----------
    places : array
        As `next_order_pit` gives them.
    window_level : float
        Chance that the window is meant to hold it.
    level : float
        Of the intervals.

    Returns
    -------
    dict
        ``inside``, ``early``, ``late``: shares, which sum to 1.

    Examples
    --------
    >>> dates_calibration(np.linspace(0.005, 0.995, 100))["inside"].value
    0.8
    """
    places = np.asarray(places)
    tail = (1 - window_level) / 2
    early, late = places < tail, places > 1 - tail
    counts = {"inside": ~(early | late), "early": early, "late": late}
    return {name: share(int(mask.sum()), len(places), level) for name, mask in counts.items()}
