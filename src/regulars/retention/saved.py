"""Were we right last time: what was really told and saved, beside what came."""

import pandas as pd

from regulars.finding import Finding
from regulars.statistics.intervals import share


def saved_finding(
    told: dict | None, customers: pd.DataFrame | None, first: pd.Series | None, observation_end, level: float = 0.9
) -> Finding:
    """Hold what was told on an earlier day against what came since.

    Parameters
    ----------
    told : dict or None
        ``observation_end``, ``active_within_days``, ``expected_active`` (value, low, high, n); None where nothing has
        been saved.
    customers : pandas.DataFrame
        ``customer``, ``call_by``, ``next_order_low``, ``next_order_high``, ``on_list``.
    first : pandas.Series
        First purchase day after that day, by customer.
    observation_end : date
    level : float
        Of the intervals.

    Returns
    -------
    Finding
        ``none`` without anything saved; ``open`` while the window of the forecast lasts; ``held``, ``over`` or
        ``under`` (more, or less, was told than came) once it is over.
    """
    if told is None:
        return Finding("none")
    end, day = pd.Timestamp(observation_end).normalize(), pd.Timestamp(told["observation_end"])
    until = day + pd.Timedelta(days=told["active_within_days"])
    next_day = customers["customer"].map(first)
    came = int((next_day <= min(until, end)).sum())
    due = (customers["call_by"].notna() & (customers["next_order_high"] <= end)).to_numpy()
    inside = next_day.between(customers["next_order_low"], customers["next_order_high"]).to_numpy()
    on_list = customers["on_list"].astype(bool).to_numpy()
    expected = told["expected_active"]
    facts = {
        "day": day, "within": told["active_within_days"], "expected": expected["value"], "came": came,
        "n": len(customers), "hits": share(int((inside & due).sum()), int(due.sum()), level),
        "listed": share(int((next_day.notna().to_numpy() & on_list).sum()), int(on_list.sum()), level),
    }  # fmt: skip
    if until > end:
        return Finding("open", facts)
    held = expected["low"] <= came <= expected["high"]
    return Finding("held" if held else "over" if expected["value"] > came else "under", facts)
