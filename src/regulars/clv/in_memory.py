"""The table of the value stage: one row per customer, what to expect of each and how sure."""

from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pandas as pd

from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.calibration import Calibration
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.spend import SpendChoice, Winsorised, choose_spend_model, winsorise
from regulars.clv.uncertainty import CustomerLevels, holding, predictive_intervals, spread_interval, total_spread
from regulars.clv.value import has_spend, lifetime_value, units
from regulars.errors import UntoldError
from regulars.finding import Refusal, may_refuse, refused, shows
from regulars.rounding import round_significant
from regulars.settings import Certainty, Economics
from regulars.showing import Shown
from regulars.statistics.intervals import Estimate

HISTORY = ["customer_id", "first_ordered_at", "last_ordered_at", "frequency", "recency", "T", "monetary_value", "spend"]
# columns of a scored table that only models can fill
MODELLED = (
    "spend_per_order", "p_alive", "p_active", "expected_orders", "expected_orders_low", "expected_orders_high", "clv",
    "clv_low", "clv_high", "value_if_alive", "value_at_risk", "tier_probability",
)  # fmt: skip
OUTLIERS = (0.005, 0.01, 0.02, 0.05, 0.1)  # shares of customers brought down in turn until spend has a mean
NO_MONEY = (
    "None of the customers who came back paid an amount, so that nothing can be told of money: supply what each order "
    "was worth."
)
NO_MEAN = (
    "These orders cannot be modelled: customers differ so much in what they spend per order that the model of spend "
    "has no mean, even with one in ten brought down to the others; look for amounts that are mistyped."
)


@shows
@dataclass(frozen=True, repr=False)
class Scored:
    """What customers will bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer: the columns of the RFM summary, then spend_per_order, spend_is_prior, p_alive, p_active,
        expected_orders and clv with their intervals, value_if_alive, value_at_risk.
    orders_total, clv_total : Estimate
        Of all customers over the horizon, with an interval that includes what no model sees of a total's level.
    """

    customers: pd.DataFrame = field(repr=False)
    orders_total: Estimate
    clv_total: Estimate

    def calibrated(self, calibration: Calibration) -> "Scored":
        """The same with P(active) as a probability that may be printed.

        Parameters
        ----------
        calibration : Calibration
            As `regulars.clv.calibrate_p_active` gives it.
        """
        p_active = calibration.apply(self.customers["p_active"])
        return replace(self, customers=self.customers.assign(p_active=p_active))


@dataclass(frozen=True, repr=False)
class Models(Shown):
    """What has been learnt from a base of customers.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row per customer, as `regulars.purchases.Purchases.summary` gives it: those that the models were fitted on.
    orders : BetaGeoFitter
        How often they order.
    spend_choice : SpendChoice
        What an order brings, and whether that goes with how often they order.
    capped : Winsorised
        Mean spend of each customer as the models see it, and what has been taken off the largest.
    """

    summary: pd.DataFrame
    orders: BetaGeoFitter
    spend_choice: SpendChoice
    capped: Winsorised

    @property
    def spend(self) -> GammaGammaFitter:
        """The model of spend that the data call for."""
        return self.spend_choice.model

    @property
    def customers(self) -> pd.DataFrame:
        """The customers as the models see them: the largest mean spends brought down."""
        return self.summary.assign(monetary_value=self.capped.monetary_value)

    @property
    def fitted(self) -> dict:
        """Both models by the names under which they are kept."""
        return {"bg_nbd": self.orders, "gamma_gamma": self.spend}

    @property
    def fitter(self) -> type:
        """Class of the model of orders, with which the past is judged as well."""
        return type(self.orders)

    def __repr__(self) -> str:
        """Both models with their parameters."""
        return f"{self.orders}\n{self.spend}"

    def _frames(self) -> dict[str, pd.DataFrame]:
        return {"orders": self.orders.summary, "spend": self.spend.summary}


@may_refuse
def paid_orders(orders: pd.DataFrame) -> pd.DataFrame:
    """Orders of a log that has money; of one in which no order has an amount nothing of money is told.

    Parameters
    ----------
    orders : pandas.DataFrame
        Clean table: amount.

    Returns
    -------
    pandas.DataFrame or Refusal
        The orders.

    Examples
    --------
    >>> paid_orders(pd.DataFrame({"amount": [0.0, 0.0]}))
    It cannot be told: No order has an amount: supply what each order was worth.
    """
    if not orders["amount"].any():
        raise UntoldError("No order has an amount: supply what each order was worth.")
    return orders


class OrdersOnly(Refusal):
    """Stands for the models of a log without money: how often customers order is modelled, what that brings is not.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row per customer, as `regulars.purchases.Purchases.summary` gives it.
    orders : BetaGeoFitter
        How often they order.
    """

    def __init__(self, summary: pd.DataFrame, orders: BetaGeoFitter):
        super().__init__(NO_MONEY)
        self.summary, self.orders, self.fitter = summary, orders, type(orders)

    def ahead(self, economics: Economics, certainty: Certainty) -> Estimate:
        """Orders of all customers within the horizon; the interval holds the parameters and the level."""
        until = np.full(len(self.summary), units(months=economics.horizon_months, time_unit=economics.time_unit))
        history = [self.summary[name].to_numpy(float) for name in ("frequency", "recency", "T")]

        def total(model) -> float:
            return float(np.sum(model.predict(until, *history)))

        value = total(self.orders)
        relative = float(np.hypot(total_spread(self.orders, total) / value, certainty.level_uncertainty))
        return spread_interval(value, relative, certainty.level, len(self.summary))


@may_refuse
def fit_models(summary: pd.DataFrame, spend_outliers: float = 0.0, level: float = 0.9) -> Models:
    """Fit the reference models of orders and of spend.

    Spend is learnt from the customers with a paid repeat order: of one-time buyers it is not known.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row per customer, as `regulars.purchases.Purchases.summary` gives it.
    spend_outliers : float
        Share of those customers whose mean spend is brought down to the largest of the others; more of them, up to
        one in ten, where spend differs so much that its model has no mean otherwise (q ≤ 1).
    level : float
        Of the intervals of the parameters, and behind the choice of the model of spend.

    Returns
    -------
    Models
        A `regulars.finding.Refusal` where the orders do not allow a fit: too few customers, or nobody who came back;
        `OrdersOnly` where nobody who came back paid anything.

    Examples
    --------
    >>> once = pd.DataFrame({"frequency": [0, 0], "recency": 0.0, "T": [5.0, 9.0], "monetary_value": np.nan})
    >>> fit_models(once)
    It cannot be told: These orders cannot be modelled: none of the 2 customers ordered on a second day; supply ...
    """
    frequency = summary["frequency"].to_numpy()
    paid = (summary["monetary_value"] > 0).to_numpy()
    _refuse_few(len(summary), int((frequency > 0).sum()), int(paid.sum()))
    try:
        orders = BetaGeoFitter(level=level).fit(summary["frequency"], summary["recency"], summary["T"])
        if not paid.any():
            return cast(Models, OrdersOnly(summary, orders))  # a refusal, typed as what it stands for
        for share in (spend_outliers, *(share for share in OUTLIERS if share > spend_outliers)):
            capped = winsorise(frequency, summary["monetary_value"], share)
            spend = choose_spend_model(frequency[paid], capped.monetary_value[paid], level=level)
            if np.isfinite(spend.model.population_mean):
                return Models(summary, orders, spend, capped)
    except ValueError as error:
        raise UntoldError(f"These orders cannot be modelled: {error}") from error
    raise UntoldError(NO_MEAN)


def _refuse_few(customers: int, back: int, paid: int) -> None:
    """Say in words what a fitter would say of rows."""
    short = None
    if not customers:
        raise UntoldError(
            "No order has an amount above 0: name the column of amounts in the mapping, or write amount: {constant: 0} "
            "where there is none."
        )
    if customers < 2:
        short = "there is one customer only, and how customers differ is learnt from many"
    elif not back:
        short = f"none of the {customers} customers ordered on a second day"
    elif paid == 1:
        short = "fewer than two customers paid for a repeat order, so that spend per order cannot be told"
    if short:
        raise UntoldError(f"These orders cannot be modelled: {short}; supply more customers, or a longer history.")


@may_refuse
def score_customers(
    models: Models, *, economics: Economics, certainty: Certainty, customer_levels: CustomerLevels | None = None
) -> Scored:
    """Expected orders, lifetime value and the value at risk of every customer whom models were fitted on.

    Parameters
    ----------
    models : Models
        As `fit_models` gives them.
    economics : Economics
        Margin, annual discount rate, horizon, time unit of the models, and the days of P(active).
    certainty : Certainty
        Level of the intervals, what no model sees of a total's level, futures per customer, seed.
    customer_levels : CustomerLevels, optional
        Levels at which the intervals of single customers hold the one that is stated, as hold-outs have shown.

    Returns
    -------
    Scored

    Examples
    --------
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> summary = purchases.summary("2025-12-31")
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
    >>> scored = score_customers(fit_models(summary), economics=economics, certainty=certainty)
    >>> round(scored.orders_total.value), round(scored.clv_total.value)
    (422, 6541)
    """
    seen = models.customers
    value = lifetime_value(models.orders, models.spend, seen, economics=economics)
    sure = predictive_intervals(
        models.orders, models.spend, seen, economics=economics, certainty=certainty, customer_levels=customer_levels
    )
    soon = units(days=economics.active_within_days, time_unit=economics.time_unit)
    history = (seen[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    p_active = models.orders._active(np.full(len(seen), soon), *history)
    value = value.drop(columns="discounted_orders").assign(p_active=p_active)
    customers = pd.concat([models.summary[HISTORY], value, sure.customers], axis=1)
    customers["value_at_risk"] = at_risk(customers["value_if_alive"], customers["clv"])
    return Scored(holding(customers), sure.orders_total, sure.clv_total)


def scored_table(summary: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Table of the value stage: customers as they were scored or, where no model could be fitted, their history alone.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row per customer, as `regulars.purchases.Purchases.summary` gives it.
    customers : pandas.DataFrame or Refusal
        `Scored.customers`, with tier and tier_probability.

    Returns
    -------
    pandas.DataFrame
        One row per customer; nothing, never zero, where a model would say something and there is none.

    Examples
    --------
    >>> from regulars.finding import Refusal
    >>> from regulars.purchases import Purchases
    >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "ordered_at": pd.to_datetime(["2025-01-05", "2025-02-01"]),
    ...                        "amount": [10.0, 20.0]}).astype({"customer_id": "string"})
    >>> table = scored_table(Purchases.of(orders).summary("2025-03-01"), Refusal("there is one customer only."))
    >>> table[["frequency", "spend", "clv"]].to_numpy().tolist()
    [[1.0, 30.0, nan]]
    """
    if refused(customers) is None:
        return customers
    known = summary[HISTORY]
    none = dict.fromkeys(MODELLED, np.nan)
    prior = ~has_spend(known["frequency"], known["monetary_value"])
    return known.assign(**none, spend_is_prior=prior, tier=pd.Series(pd.NA, known.index, dtype="string"))


def at_risk(value_if_alive, clv) -> np.ndarray:
    """Difference of both as they are written: of nearly equal numbers the digits behind those are noise.

    Examples
    --------
    >>> at_risk([10.0, 1 / 3], [9.0, 1 / 3 - 1e-14]).tolist()
    [1.0, 0.0]
    """
    return round_significant(value_if_alive) - round_significant(clv)


def spend_choice_effect(models: Models, economics: Economics) -> float:
    """By how much the choice of the model of spend moves the value of all customers together.

    Parameters
    ----------
    models : Models
        With both models of spend.
    economics : Economics
        Of the value.

    Returns
    -------
    float
        Value under the model chosen ÷ value under plain Gamma-Gamma − 1; 0 where that was chosen.

    Examples
    --------
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> summary = purchases.summary("2025-12-31")
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> spend_choice_effect(fit_models(summary), economics)
    0.0
    """
    choice = models.spend_choice
    if choice.is_independent:
        return 0.0
    chosen, plain = (
        lifetime_value(models.orders, spend, models.customers, economics=economics)["clv"].sum()
        for spend in (choice.model, choice.plain)
    )
    return float(chosen / plain - 1)
