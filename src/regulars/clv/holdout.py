"""How the same method would have done: put back to an earlier day, it forecasts what has come since."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from regulars.clv.scoring import fit_models, score_customers
from regulars.clv.value import DAYS_PER_MONTH
from regulars.intervals import Estimate, z_value
from regulars.rfm import holdout_split, purchase_log, unit_days

# of a total only the spread by chance is drawn, a small part of its interval: so many futures tell it to a few percent
TOTAL_DRAWS = 100


@dataclass(frozen=True)
class HoldoutCheck:
    """A forecast made on a past day, and what came.

    Parameters
    ----------
    cutoff : date
        Last day that the forecast knew.
    forecast : Estimate
        Orders of the customers known then until the end of the data.
    came : int
        Orders that they placed.
    naive : float
        What each customer's past orders per unit of time, carried on, would have said.
    miss : float
        forecast / came − 1; NaN where nothing came.
    verdict : {"inside", "low", "high"}
        As `forecast_verdict` says it.
    path : pandas.DataFrame
        As `holdout_path` gives it.
    """

    cutoff: date
    forecast: Estimate
    came: int
    naive: float
    miss: float
    verdict: str
    path: pd.DataFrame


def holdout_check(
    orders: pd.DataFrame,
    observation_end: date,
    holdout_days: int,
    zero_spend_is_purchase: bool,
    economics: dict,
    futures: dict,
    spend_outliers: float = 0.0,
) -> HoldoutCheck:
    """Forecast the last days of the data from what was known before them.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_end : date
    holdout_days : int
        Length of the stretch that is kept back.
    zero_spend_is_purchase : bool
        As for `regulars.rfm.rfm_summary`.
    economics : dict
        margin, annual_discount_rate, active_within_days, time_unit, as for `regulars.clv.scoring.score_customers`.
    futures : dict
        interval_level, draws, level_uncertainty, seed, as there.
    spend_outliers : float
        As for `regulars.clv.scoring.fit_models`.

    Returns
    -------
    HoldoutCheck

    Raises
    ------
    UserError
        Where the data are too short for such a hold-out, or what precedes it cannot be modelled.
    """
    cutoff = observation_end - timedelta(days=holdout_days)
    unit = economics["time_unit"]
    split = holdout_split(orders, cutoff, observation_end, unit, zero_spend_is_purchase=zero_spend_is_purchase)
    models = fit_models(split, spend_outliers)
    futures = futures | {"draws": min(futures["draws"], TOTAL_DRAWS)}
    scored = score_customers(split, models, horizon_months=holdout_days / DAYS_PER_MONTH, **economics, **futures)
    log = purchase_log(orders, zero_spend_is_purchase=zero_spend_is_purchase)
    path = holdout_path(
        models.orders, split, log, cutoff, observation_end, scored.orders_total,
        time_unit=unit, interval_level=futures["interval_level"], level_uncertainty=futures["level_uncertainty"],
    )  # fmt: skip
    came = int(split["holdout_orders"].sum())
    forecast = scored.orders_total
    return HoldoutCheck(
        cutoff=cutoff,
        forecast=forecast,
        came=came,
        naive=float(path.loc[path["series"] == "naive", "orders"].iloc[-1]),
        miss=forecast.value / came - 1 if came else float("nan"),
        verdict=forecast_verdict(forecast, came),
        path=path,
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
    z = z_value(interval_level)
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
