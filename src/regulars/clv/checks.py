"""Does the fitted model describe the base? Orders counted against orders expected, by number and over time."""

from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import norm

from regulars.intervals import Estimate
from regulars.rfm import unit_days


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
    """
    frequency = np.asarray(frequency)
    ages, counts = np.unique(np.asarray(T, dtype=float), return_counts=True)
    below = [float(counts @ _probability(model, ages, n)) for n in range(largest)]
    counted = np.bincount(np.minimum(frequency, largest).astype(int), minlength=largest + 1)
    return pd.DataFrame(
        {
            "repeat_orders": np.arange(largest + 1),
            "customers": counted,
            "expected": [*below, float(counts.sum() - sum(below))],
        }
    )


def _probability(model, ages: np.ndarray, n: int) -> np.ndarray:
    return np.asarray(model.probability_of_n_purchases_up_to_time(ages, n), dtype=float)


def tracking(model, purchases: pd.DataFrame, until: date, time_unit: str = "week") -> pd.DataFrame:
    """Repeat orders of all customers week by week, cumulated: what came, beside what the model expects.

    Parameters
    ----------
    model : fitter of orders
        Fitted on the calibration period.
    purchases : pandas.DataFrame
        One row per customer and purchase day: customer_id, day. Only customers of the calibration period.
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
    """
    first = purchases.groupby("customer_id")["day"].min()
    start = first.min()
    weeks = (pd.Timestamp(until) - start).days // 7
    ends = start + pd.to_timedelta(7 * np.arange(1, weeks + 1), unit="D")
    repeats = np.sort(purchases.loc[purchases["day"] > purchases["customer_id"].map(first), "day"].to_numpy())
    born, customers = np.unique(first.to_numpy(), return_counts=True)
    # a purchase on the day of week_end belongs to the next week
    ages = (ends.to_numpy()[:, None] - born[None, :]) / np.timedelta64(1, "D") / unit_days(time_unit)
    alive_ages, back = np.unique(np.maximum(ages, 0.0), return_inverse=True)
    expected = np.asarray(model.expected_number_of_purchases_up_to_time(alive_ages), dtype=float)
    return pd.DataFrame(
        {
            "week_end": ends,
            "came": np.searchsorted(repeats, ends.to_numpy(), side="left"),
            "expected": expected[back].reshape(ages.shape) @ customers,
        }
    )


def holdout_path(
    model,
    split: pd.DataFrame,
    purchases: pd.DataFrame,
    cutoff: date,
    until: date,
    total: Estimate,
    *,
    time_unit: str = "week",
    interval_level: float = 0.9,
    level_uncertainty: float = 0.12,
) -> pd.DataFrame:
    """Orders after a cutoff, week by week: what was forecast then, its interval, what a plain rate says, what came.

    Parameters
    ----------
    model : fitter of orders
        Fitted on what was known at the cutoff.
    split : pandas.DataFrame
        `regulars.rfm.holdout_split`: the customers known at the cutoff.
    purchases : pandas.DataFrame
        One row per customer and purchase day: customer_id, day.
    cutoff, until : date
        Last day of the calibration and of the hold-out.
    total : Estimate
        Forecast of the whole hold-out with its interval, whose width gives that of the weeks before it.
    time_unit, interval_level, level_uncertainty
        As for the forecast.

    Returns
    -------
    pandas.DataFrame
        Per week, the last one ending at ``until``, three rows: week_end (date), series (``forecast``, ``naive``: each
        customer's past orders per unit of time, carried on, or ``came``), orders since the cutoff, and low, high of
        the forecast.
    """
    start, end = pd.Timestamp(cutoff), pd.Timestamp(until)
    days = np.unique(np.append(np.arange(7, (end - start).days, 7), (end - start).days))
    ends = start + pd.to_timedelta(days, unit="D")
    later = purchases[purchases["customer_id"].isin(split["customer_id"]) & (purchases["day"] > start)]
    came = np.searchsorted(np.sort(later["day"].to_numpy()), ends.to_numpy(), side="right")
    horizon = days / unit_days(time_unit)
    history = split.groupby(["frequency", "recency", "T"]).size().rename("customers").reset_index()
    columns = [history[name].to_numpy() for name in ("frequency", "recency", "T")]
    customers = history["customers"].to_numpy()
    forecast = np.array([customers @ np.asarray(model.predict(t, *columns), dtype=float) for t in horizon])
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(columns[2] > 0, columns[0] / columns[2], 0.0)
    # chance and parameters weigh less as orders add up; the doubt about the level stays
    z = norm.ppf((1 + interval_level) / 2)
    rest = max((np.log(total.high / total.value) / z) ** 2 - level_uncertainty**2, 0.0)
    spread = np.exp(z * np.sqrt(level_uncertainty**2 + rest * total.value / forecast))
    series = {"forecast": forecast, "naive": customers @ rate * horizon, "came": came.astype(float)}
    path = pd.concat(
        [pd.DataFrame({"week_end": ends, "series": name, "orders": values}) for name, values in series.items()],
        ignore_index=True,
    )
    of_forecast = (path["series"] == "forecast").to_numpy()
    path.loc[of_forecast, "low"], path.loc[of_forecast, "high"] = forecast / spread, forecast * spread
    return path


def forecast_verdict(forecast: Estimate, came: float) -> str:
    """Whether what came lies inside the forecast's interval.

    Returns
    -------
    {"inside", "low", "high"}
        Low: the forecast was too low, more came than its interval holds.

    Examples
    --------
    >>> forecast_verdict(Estimate(100, 80, 120), 130)
    'low'
    """
    if forecast.low <= came <= forecast.high:
        return "inside"
    return "low" if came > forecast.high else "high"
