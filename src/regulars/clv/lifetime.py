"""What existing customers should bring to the end, not only over the horizon; by the cohort in which they were won."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from regulars.clv.in_memory import Models, Scored
from regulars.clv.level_table import TABLE
from regulars.clv.uncertainty import spread_interval, total_spread
from regulars.clv.value import continuous_rate, expected_spend, histories
from regulars.clv.winning import UNKNOWN
from regulars.errors import UntoldError
from regulars.finding import may_refuse, shows
from regulars.settings import Certainty, Economics
from regulars.statistics.cells import large_enough
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.intervals import Estimate

NODES = 12  # of Gauss and Laguerre: nearer to the sum than a thousandth on the logs of the tests
SAMPLE = 200  # customers by whom the spread that comes from the parameters is reckoned
MOST_QUARTERS = 12  # cohorts by quarter up to here, else by year
YEAR = pd.DateOffset(years=1)


def discounted_to_the_end(model, x, t_x, T, rate: float) -> np.ndarray:
    """Discounted orders of customers who are alive, without a horizon.

    Parameters
    ----------
    model : fitter of orders
        Fitted.
    x, t_x, T : numpy.ndarray
        Frequency, recency and age of each customer.
    rate : float
        Continuous, per unit of time, above 0.

    Returns
    -------
    numpy.ndarray

    Notes
    -----
    With E(t) the orders expected within t, ∫ exp(−rate·t) dE(t) = ∫ exp(−u) E(u / rate) du by parts, which is a sum
    over the nodes of Gauss and Laguerre.

    References
    ----------
    Abramowitz, M. and Stegun, I. A. (1964), Handbook of Mathematical Functions, 25.4.45. Fader, P. S., Hardie, B. G. S.
    and Lee, K. L. (2005), J. of Marketing Research 42, 415-430 (discounted expected residual transactions).

    Examples
    --------
    >>> from regulars.clv import BetaGeoFitter
    >>> model = BetaGeoFitter()
    >>> model.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> one = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    >>> long = model.discounted_if_alive(np.array([40000.0]), *one, 0.002)[0]
    >>> round(float(discounted_to_the_end(model, *one, 0.002)[0] / long), 2)
    1.0
    """
    memoryless = getattr(model, "_memoryless", False)
    found, back = distinct_rows(*((x, T) if memoryless else (x, t_x, T)))
    x1, T1 = found[0], found[-1]
    t_x1 = T1 if memoryless else found[1]
    nodes, weights = np.polynomial.laguerre.laggauss(NODES)
    total = np.zeros(x1.size)
    for node, weight in zip(nodes, weights, strict=True):
        total += weight * model.orders_if_alive(np.full(x1.size, node / rate), x1, t_x1, T1)
    return total[back]


@shows
@dataclass(frozen=True, repr=False)
class Lifetime:
    """What existing customers should bring to the end.

    Parameters
    ----------
    total, horizon : Estimate
        Discounted margin in currency: to the end, and over the horizon.
    new : Estimate
        Part of the total that comes from customers won in the last year; no interval: both hang on the same models. NaN
        where the log holds no others.
    cost_each : Estimate
        Of winning a customer; NaN where it is not known.
    cohorts : pandas.DataFrame
        ``cohort`` (quarter or year of the first order, "2026 Q2"), ``customers``, ``clv`` (over the horizon),
        ``lifetime`` (to the end) with limits; per customer ``brought`` (margin so far), ``lifetime_each``, ``net_each``
        (both less what winning one costs; NaN where that is not known).
    """

    total: Estimate
    horizon: Estimate
    new: float
    cost_each: Estimate
    cohorts: pd.DataFrame = field(repr=False)


@may_refuse
def lifetime_equity(
    models: Models, reference: Scored, scored: Scored, observation_end, *, cost: Estimate = UNKNOWN,
    economics: Economics, certainty: Certainty, min_cell: int = 1,
) -> Lifetime:  # fmt: skip
    """What the customers there are should bring to the end, and those of each cohort.

    The models tell how many times what they expect over the horizon each customer brings to the end; what the headline
    expects of the customer over the horizon is multiplied by it.

    Parameters
    ----------
    models : Models
        Fitted.
    reference, scored : Scored
        Customers as the models score them, and as the headline does.
    observation_end : date
        Last day observed.
    cost : Estimate
        Of winning a customer.
    economics : Economics
        Margin, annual discount rate, time unit.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's level.
    min_cell : int
        Cohorts of fewer customers are left out.

    Returns
    -------
    Lifetime or Refusal
        The interval holds the parameters, and the level as far as simulated shops teach how it grows with the horizon,
        of which none was watched to the end. Why not, without a discount rate, and where hardly anyone leaves: the sum
        has no end that orders tell.

    Examples
    --------
    >>> from regulars.clv import fit_models, score_customers
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> models = fit_models(Purchases.of(order_log(customers=250, seed=2)).summary("2025-12-31"))
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
    >>> scored = score_customers(models, economics=economics, certainty=certainty)
    >>> found = lifetime_equity(models, scored, scored, "2025-12-31", economics=economics, certainty=certainty)
    >>> round(found.horizon.value), found.total.value > 3 * found.horizon.value
    (6541, True)
    """
    rate = continuous_rate(economics.annual_discount_rate, economics.time_unit)
    if rate <= 0:
        raise UntoldError("Without a discount rate (annual_discount_rate) what customers bring to the end has no sum.")
    if any(note.code == "no_dropout" for note in models.orders.findings_):
        raise UntoldError(
            "On these orders hardly anyone seems to leave for good: what customers bring to the end would say how far "
            "the pace of today is carried on, not what customers do."
        )
    seen = models.customers
    x, t_x, T, spent = histories(seen)
    spend = economics.margin * expected_spend(models.spend, x, spent)

    def to_the_end(model, rows=slice(None)) -> np.ndarray:
        one = x[rows], t_x[rows], T[rows]
        return model._alive(*one) * discounted_to_the_end(model, *one, rate) * spend[rows]

    within = reference.customers["clv"].to_numpy(float)
    times = np.divide(to_the_end(models.orders), within, out=np.zeros(len(within)), where=within != 0)
    times = pd.Series(times, index=reference.customers["customer_id"].astype(object))
    customers = scored.customers
    table = pd.DataFrame(
        {
            "first": pd.to_datetime(customers["first_ordered_at"]).to_numpy(),
            "clv": customers["clv"].to_numpy(float),
            "brought": economics.margin * customers["spend"].to_numpy(float),
        }
    )
    table["lifetime"] = table["clv"] * customers["customer_id"].astype(object).map(times).to_numpy(float)
    total = float(table["lifetime"].sum())
    rows = np.linspace(0, len(x) - 1, min(len(x), SAMPLE)).astype(int)
    of_sample = float(to_the_end(models.orders, rows).sum())
    by_params = total_spread(models.orders, lambda model: float(to_the_end(model, rows).sum())) / abs(of_sample)
    # the level is the less certain the longer the horizon, here as many times that of the page as is brought
    longer = max(total / scored.clv_total.value, 1.0) if scored.clv_total.value > 0 else 1.0
    relative = float(np.hypot(by_params, certainty.level_uncertainty * longer ** TABLE["spread"]["ratio"]))

    def estimate(value: float, n: int) -> Estimate:
        return spread_interval(value, relative, certainty.level, n)

    is_new = table["first"] > pd.Timestamp(observation_end).normalize() - YEAR
    new = float(table.loc[is_new, "lifetime"].sum() / total) if total and not is_new.all() else float("nan")
    return Lifetime(
        estimate(total, len(table)), scored.clv_total, new, cost, _by_cohort(table, cost, estimate, min_cell)
    )


def _by_cohort(table: pd.DataFrame, cost: Estimate, estimate, min_cell: int) -> pd.DataFrame:
    quarters = table["first"].dt.to_period("Q")
    periods = quarters if quarters.nunique() <= MOST_QUARTERS else table["first"].dt.to_period("Y")
    groups = table.groupby(periods.astype(str).str.replace("Q", " Q").rename("cohort"))
    sums = groups[["clv", "lifetime", "brought"]].sum()
    sums.insert(0, "customers", groups.size())
    ends = [estimate(value, int(n)) for value, n in zip(sums["lifetime"], sums["customers"], strict=True)]
    sums["lifetime_low"], sums["lifetime_high"] = [one.low for one in ends], [one.high for one in ends]
    sums["brought"] /= sums["customers"]
    sums["lifetime_each"] = sums["lifetime"] / sums["customers"]
    sums["net_each"] = sums["brought"] + sums["lifetime_each"] - cost.value
    return large_enough(sums.reset_index(), "customers", min_cell).reset_index(drop=True)
