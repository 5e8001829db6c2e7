"""Whether dates on which a jar should be empty have held, against the customer's usual gap."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.finding import may_refuse, shows
from regulars.labels import Change
from regulars.purchases import Purchases, unit_days
from regulars.retention.consumption import FEWEST_CUSTOMERS, NOTHING, learn_consumption, sharpened
from regulars.retention.dates import next_order
from regulars.retention.hindsight import past_of
from regulars.settings import DateRules
from regulars.statistics.intervals import Estimate, against, z_value


class JarsTried(StrEnum):
    """Whether dates from the jar came nearer than the customer's usual gap."""

    BETTER = "better"
    ALIKE = "alike"
    WORSE = "worse"
    TOO_FEW = "too_few"


@shows
class Tried(NamedTuple):
    """Dates from the jar, as they would have been told on earlier days, beside what came.

    Parameters
    ----------
    verdict : JarsTried
        By the interval of `gap`; ``too_few`` below 30 dates.
    within : int
        Days by which an order may come sooner or later than the date.
    days, cutoffs : int
        Watched after each day on which dates were made, and how many such days there were.
    customers : int
        Whose dates are judged.
    hits : Estimate
        Share of the dates about which the customer ordered; n counts dates.
    usual : Estimate
        The same for the rule: last order + the mean gap of the same customer (the next day where that has passed).
    gap : Estimate
        `hits` − `usual`, date by date.
    """

    verdict: JarsTried
    within: int
    days: int
    cutoffs: int
    customers: int = 0
    hits: Estimate = NOTHING
    usual: Estimate = NOTHING
    gap: Estimate = NOTHING


@may_refuse
def try_jars(
    model,
    purchases: Purchases,
    lines: pd.DataFrame | None,
    observation_end,
    *,
    days: int,
    within: int = 7,
    cutoffs: int = 3,
    time_unit: str = "week",
    rules: DateRules | None = None,
    level: float = 0.9,
    customers: pd.DataFrame | None = None,
) -> Tried | None:
    """Make the dates of earlier days anew, from what was known then, and hold them against what came.

    Only dates that would have been told then (a narrow window, made by the jar) and whose days are over count. Who
    never came has been missed, by both rules.

    Parameters
    ----------
    model : fitter
        Of orders: one of its kind is fitted on what was known on each day.
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    lines : pandas.DataFrame or None
        As `regulars.retention.learn_consumption` takes them.
    observation_end : date
        Last day of the data.
    days : int
        Watched after each of the days; these lie as far apart, so that nothing is watched twice.
    within : int
        Days before and after the date that count as right.
    cutoffs : int
        How many days to make dates on.
    time_unit : {"day", "week", "month"}
        Of the model.
    rules : DateRules, optional
        When a date was worth telling; the usual ones without them.
    level : float
        Of the intervals, in which dates of one customer count as one piece of evidence.
    customers : pandas.DataFrame, optional
        ``customer_id``, ``household_size``.

    Returns
    -------
    Tried or None
        None without lines.

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> from regulars.simulate.jars import jar_lines
    >>> lines = jar_lines(customers=200, seed=1, pace=20)
    >>> purchases = Purchases.of(lines.assign(amount=1.0))
    >>> found = try_jars(BetaGeoFitter(), purchases, lines, "2025-12-31", days=90)
    >>> found.verdict.value, bool(found.hits.value > found.usual.value)
    ('better', True)
    """
    if lines is None:
        return None
    end = pd.Timestamp(observation_end).normalize()
    parts = [
        _dated(
            (model, purchases, lines), end - pd.Timedelta(days=days * place), days=days, within=within,
            time_unit=time_unit, rules=rules, level=level, customers=customers,
        )
        for place in range(1, cutoffs + 1)
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    n = table["customer_id"].nunique()
    if len(table) < FEWEST_CUSTOMERS:
        return Tried(JarsTried.TOO_FEW, within, days, cutoffs, n)
    found = {name: _by_customer(table[name], table["customer_id"], level) for name in ("hits", "usual", "gap")}
    verdicts = {Change.UP: JarsTried.BETTER, Change.DOWN: JarsTried.WORSE}
    return Tried(verdicts.get(against(found["gap"]), JarsTried.ALIKE), within, days, cutoffs, n, **found)


def _dated(known, cutoff, *, days, within, time_unit, rules, level, customers) -> pd.DataFrame:
    """Customers with a date from the jar on one day: whether each rule was right."""
    model, purchases, lines = known
    nothing = pd.DataFrame({"customer_id": [], "hits": [], "usual": [], "gap": []})
    until = cutoff + pd.Timedelta(days=days)
    # customers who came later are not among those of `until`: places are those of one and the same log
    past = past_of(model, purchases.until(until), until, cutoff=cutoff, time_unit=time_unit, level=level)
    used = learn_consumption(lines, cutoff, level=level, rules=rules, customers=customers)
    if past is None or used is None:
        return nothing
    table = past.table.assign(p_alive=np.asarray(past.model.conditional_probability_alive(*past.history)))
    dates = next_order(past.model, table, cutoff, days_per_unit=unit_days(time_unit), rules=rules)
    dates = sharpened(dates, used, cutoff, rules=rules)
    told = (dates["next_order_median"] - cutoff).dt.days.to_numpy(float)
    due = (dates["call_by"].notna() & dates["product_id"].notna()).to_numpy() & (told + within <= days)
    frequency, recency, age = past.history
    usual = np.maximum(np.rint((recency + recency / np.maximum(frequency, 1) - age) * unit_days(time_unit)), 1.0)
    right, plain = (np.abs(past.days_until - date) <= within for date in (told, usual))  # who never came: missing
    found = pd.DataFrame({"customer_id": table["customer_id"], "hits": right * 1.0, "usual": plain * 1.0})
    return found.assign(gap=found["hits"] - found["usual"])[due]


def _by_customer(values: pd.Series, customer_id: pd.Series, level: float) -> Estimate:
    """Mean of all dates, with the interval of customers who were drawn with all their dates."""
    mean = float(values.mean())
    apart = (values - mean).groupby(customer_id).sum()
    n = len(apart)
    reach = z_value(level) * float(np.sqrt((apart**2).sum() * n / (n - 1))) / len(values) if n > 1 else float("inf")
    return Estimate(mean, mean - reach, mean + reach, len(values))
