"""Customer equity: what the customers there are and those still to be won are worth, less what winning them costs."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from regulars.clv.acquisition import Acquisition
from regulars.clv.uncertainty import total_spread
from regulars.clv.value import continuous_rate, units
from regulars.clv.verdicts import EquityVerdict
from regulars.clv.winning import UNKNOWN
from regulars.finding import may_refuse, shows
from regulars.labels import EquityPart
from regulars.settings import Certainty, Economics
from regulars.statistics.intervals import Estimate, z_value

NEWCOMERS = 4000  # simulated for the chance in what a newcomer brings


@shows
@dataclass(frozen=True, repr=False)
class Equity:
    """Customer equity over a horizon.

    Parameters
    ----------
    existing, to_come, before_cost : Estimate
        Discounted margin, in currency, of the customers there are, of those still to be won, and of both; the last
        two are NaN where the customers to come cannot be told.
    cost : Estimate
        Discounted cost of winning the customers to come; NaN where it is not known.
    total : Estimate
        Before cost less cost; NaN where either is not known.
    months : pandas.DataFrame
        Per month of the horizon: customers to be won and the discounted margin (``margin``) that those of it bring.
    acquisition : Acquisition
        Behind the customers to come.
    first_spend : Estimate
        Spend on the day of the first order.
    cost_each : Estimate
        Of winning a customer; NaN where it is not known.
    """

    existing: Estimate
    to_come: Estimate
    before_cost: Estimate
    cost: Estimate
    total: Estimate
    months: pd.DataFrame = field(repr=False)
    acquisition: Acquisition = field(repr=False)
    first_spend: Estimate = UNKNOWN
    cost_each: Estimate = UNKNOWN

    @property
    def told(self) -> Estimate:
        """The widest sum that is known: the total, that before cost, or the existing customers alone."""
        known = [part for part in (self.total, self.before_cost) if np.isfinite(part.value)]
        return known[0] if known else self.existing

    @property
    def verdict(self) -> EquityVerdict:
        """How much of it is known."""
        if not self.acquisition.is_known:
            return EquityVerdict(self.acquisition.verdict)
        if not np.isfinite(self.before_cost.value):
            return EquityVerdict.SHORT
        return EquityVerdict.TOTAL if np.isfinite(self.total.value) else EquityVerdict.BEFORE_COST


@may_refuse
def customer_equity(
    existing: Estimate,
    acquisition: Acquisition,
    model,
    spend_model,
    *,
    first_spend: Estimate,
    cost: Estimate = UNKNOWN,
    economics: Economics,
    certainty: Certainty,
) -> Equity:
    """Add up what existing customers and those still to be won bring over the horizon, less what winning them costs.

    A customer won in month j brings the margin of the first order and of the repeat orders that the model expects in
    what is left of the horizon; all is discounted to today. Acquisition, parameters, chance and the level that no
    model sees are drawn together; the level is shared by existing customers and those to come.

    Parameters
    ----------
    existing : Estimate
        Of the customers there are over the same horizon (`regulars.clv.score_customers`), with what no model sees of
        the level in its interval.
    acquisition : Acquisition
        Its draws have one column per month of the horizon.
    model : BetaGeoFitter
        Fitted on these customers.
    spend_model : GammaGammaFitter
        Fitted on these customers.
    first_spend : Estimate
        Spend on the day of the first order.
    cost : Estimate
        Per customer won.
    economics : Economics
        Margin, annual discount rate and time unit.
    certainty : Certainty
        Level of the intervals, what no model sees of a total's level, seed; there are as many draws as of acquisition.

    Returns
    -------
    Equity

    References
    ----------
    Rust, R. T., Lemon, K. N. and Zeithaml, V. A. (2004), J. of Marketing 68(1), 109-127. Gupta, S., Lehmann, D. R. and
    Stuart, J. A. (2004), J. of Marketing Research 41, 7-18 (customers to come and their acquisition cost).

    Examples
    --------
    >>> from regulars.clv.in_memory import fit_models
    >>> from regulars.clv import first_order_spend, forecast_acquisition, score_customers
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> orders = order_log(customers=250, seed=2)
    >>> summary = Purchases.of(orders).summary("2025-12-31")
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
    >>> models = fit_models(summary)
    >>> scored = score_customers(models, economics=economics, certainty=certainty)
    >>> coming = forecast_acquisition(summary["first_ordered_at"], "2024-01-01", "2025-12-31")
    >>> equity = customer_equity(scored.clv_total, coming, models.orders, models.spend,
    ...                          first_spend=first_order_spend(orders, "2025-12-31"), economics=economics,
    ...                          certainty=certainty)
    >>> equity.verdict.value, round(equity.existing.value), round(equity.to_come.value), round(equity.before_cost.value)
    ('before_cost', 6541, 6606, 13147)
    """
    known: dict[str, Any] = {"acquisition": acquisition, "first_spend": first_spend, "cost_each": cost}
    empty = pd.DataFrame({"month": [], "customers": [], "margin": []})
    if not acquisition.is_known or not np.isfinite(first_spend.value):
        return Equity(existing, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, empty, **known)
    level, level_uncertainty, margin = certainty.level, certainty.level_uncertainty, economics.margin
    coming = Coming.of(acquisition, model, spend_model, first_spend=first_spend, economics=economics, level=level)
    rng = np.random.default_rng(certainty.seed)
    draws, z = acquisition.draws, z_value(level)
    size = len(draws)
    first_error = (first_spend.high - first_spend.low) / (2 * z) if np.isfinite(first_spend.high) else 0.0
    first = first_spend.value + first_error * rng.standard_normal(size)
    repeat = np.exp(coming.repeat_error(model, spend_model) * rng.standard_normal(size))
    chance = np.sqrt(draws @ coming.variance(rng, model, spend_model)) * rng.standard_normal(size)
    worth = margin * ((draws @ coming.discount) * first + (draws @ coming.repeat_margin) * repeat) + chance
    common = np.exp(level_uncertainty * rng.standard_normal(size))
    own = existing.value * np.exp(_own_spread(existing, z, level_uncertainty) * rng.standard_normal(size))
    price = cost.value * np.ones(size)
    if np.isfinite(cost.high):
        price = cost.value + (cost.high - cost.low) / (2 * z) * rng.standard_normal(size)
    paid = (draws @ coming.discount) * price
    n, path = existing.n, acquisition.path
    margins = margin * path * (coming.discount * first_spend.value + coming.repeat_margin)
    to_come, spent = float(margins.sum()), float(path @ coming.discount * cost.value)
    both = existing.value + to_come

    def estimate(value, drawn, of) -> Estimate:
        if not np.isfinite(value):
            return UNKNOWN
        return Estimate.of((value, *np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])), of)

    return Equity(
        existing=existing,
        to_come=estimate(to_come, worth * common, acquisition.total.n),
        before_cost=estimate(both, (own + worth) * common, n),
        cost=estimate(spent, paid, cost.n),
        total=estimate(both - spent, (own + worth) * common - paid, n),
        months=pd.DataFrame({"month": np.arange(1, len(path) + 1), "customers": path, "margin": margins}),
        **known,
    )


def _own_spread(existing: Estimate, z: float, level_uncertainty: float) -> float:
    """Standard deviation of the logarithm of the existing customers' value, without the level that all share."""
    if not (existing.low > 0 and existing.high > existing.low):
        return 0.0
    return float(np.sqrt(max((np.log(existing.high / existing.low) / (2 * z)) ** 2 - level_uncertainty**2, 0.0)))


@dataclass(frozen=True)
class Coming:
    """What one customer won in each month brings, per unit of margin."""

    path: np.ndarray
    discount: np.ndarray
    left: np.ndarray
    rate: float
    margin: float
    repeat_margin: np.ndarray
    first_variance: float

    @classmethod
    def of(
        cls, acquisition: Acquisition, model, spend_model, *, first_spend: Estimate, economics: Economics, level: float
    ) -> "Coming":
        months, time_unit = len(acquisition.path), economics.time_unit
        middle = np.arange(months) + 0.5  # customers of a month come in its middle on average
        rate = continuous_rate(economics.annual_discount_rate, time_unit)
        left = np.array([units(months - at, time_unit) for at in middle])
        discount = np.exp(-rate * np.array([units(at, time_unit) for at in middle]))
        deviation = (first_spend.high - first_spend.low) / 2 / z_value(level) * np.sqrt(max(first_spend.n, 1))
        variance = float(np.nan_to_num(deviation) ** 2)
        coming = cls(acquisition.path, discount, left, rate, economics.margin, np.zeros(months), variance)
        return replace(coming, repeat_margin=coming.orders(model) * float(spend_model.population_mean))

    def orders(self, model) -> np.ndarray:
        """Repeat orders of a customer won in each month within the horizon, discounted to today."""
        none = np.zeros(self.left.size)
        return self.discount * model.discounted_expected_orders(self.left, none, none, none, self.rate)

    def repeat_error(self, model, spend_model) -> float:
        """Relative standard error of the repeat orders' worth that comes from the models' parameters."""
        orders = total_spread(model, lambda other: float(self.path @ self.orders(other)))
        total = float(self.path @ self.orders(model))
        spend = total_spread(spend_model, lambda other: float(other.population_mean))
        if not total > 0:
            return 0.0
        return float(np.hypot(orders / total, spend / float(spend_model.population_mean)))

    def variance(self, rng, model, spend_model) -> np.ndarray:
        """Variance of what a single customer won in each month brings, by simulation."""
        none, found = np.zeros(NEWCOMERS), []
        for left, discount in zip(self.left, self.discount, strict=True):
            counts = model.draw_orders(rng, np.full(NEWCOMERS, left), none, none, none)
            spend = np.zeros(NEWCOMERS)
            some = np.flatnonzero(counts > 0)
            spend[some] = spend_model.draw_spend(rng, counts[some], none[some], none[some])
            # a heavy tail has no variance that a sample could tell: the largest in a thousand are cut off
            spend = np.minimum(spend, np.quantile(spend, 0.999))
            found.append((self.margin * discount) ** 2 * (spend.var() + self.first_variance))
        return np.array(found)


def bridge(equity: Equity) -> pd.DataFrame:
    """Customer equity step by step: existing customers, those to come, before cost, cost, total.

    Parameters
    ----------
    equity : Equity
        As `customer_equity` gives it.

    Returns
    -------
    pandas.DataFrame
        part (`EquityPart`), amount (currency, with its sign), amount_low, amount_high, is_total; adds up exactly. What
        is not known is left out: without a cost the last row is the sum before acquisition cost.

    Examples
    --------
    >>> nothing = Estimate(float("nan"))
    >>> equity = Equity(Estimate(5.0, 4.0, 6.0), nothing, nothing, nothing, nothing, pd.DataFrame(), None)
    >>> bridge(equity)["part"].tolist()
    ['existing']
    """
    rows = [(EquityPart.EXISTING, equity.existing, 1, True)]
    if np.isfinite(equity.before_cost.value):
        rows += [(EquityPart.TO_COME, equity.to_come, 1, False), (EquityPart.BEFORE_COST, equity.before_cost, 1, True)]
    if np.isfinite(equity.total.value):
        rows += [(EquityPart.COST, equity.cost, -1, False), (EquityPart.TOTAL, equity.total, 1, True)]
    return pd.DataFrame(
        [
            (str(part), sign * e.value, *sorted((sign * e.low, sign * e.high)), is_total)
            for part, e, sign, is_total in rows
        ],
        columns=["part", "amount", "amount_low", "amount_high", "is_total"],
    )
