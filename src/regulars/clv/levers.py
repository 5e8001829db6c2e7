"""What moves customer equity: by how many percent, for one percent more retention, margin, cost or discount."""

from dataclasses import replace

import numpy as np
import pandas as pd

from regulars.clv.acquisition import Acquisition
from regulars.clv.equity import Coming, Equity
from regulars.clv.uncertainty import parameter_draws, with_params
from regulars.clv.value import continuous_rate, expected_spend, units
from regulars.finding import may_refuse
from regulars.labels import EquityLever
from regulars.settings import Certainty, Economics
from regulars.statistics.distinct import distinct_rows

STEP = 0.01  # by which a driver is moved to see what it moves
LEAVING = 0.01  # odds of leaving after an order, below which no more than all of them could stay one in a hundred more
SAMPLE = 150  # histories on which the intervals of the elasticities are computed


@may_refuse
def elasticities(
    equity: Equity,
    customers: pd.DataFrame,
    model,
    spend_model,
    *,
    economics: Economics,
    certainty: Certainty,
    draws: int = 40,
) -> pd.DataFrame:
    """By how many percent customer equity moves when a driver moves by one percent, all else left as it is.

    Retention is the mean chance of staying after an order, b / (a + b). It moves from today on: who has left already
    stays away. The acquisition cost moves the cost alone and not how many are won.

    Parameters
    ----------
    equity : Equity
        As `customer_equity` gives it, with the acquisition behind it.
    customers : pandas.DataFrame
        frequency, recency, T, monetary_value, as `regulars.purchases.Purchases.summary` gives them.
    model : BetaGeoFitter
        Fitted on these customers.
    spend_model : GammaGammaFitter
        Fitted on these customers.
    economics : Economics
        Margin, annual discount rate, horizon and time unit.
    certainty : Certainty
        Level of the intervals, and seed.
    draws : int
        Futures of acquisition and parameters of the model of orders behind the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per driver: lever (`EquityLever`), elasticity, elasticity_low, elasticity_high (percent per percent).
        What cannot be told is left out: retention where nobody leaves, the cost where it is not known.

    References
    ----------
    Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004), Valuing customers, J. of Marketing Research 41, 7-18, table 5.

    Examples
    --------
    >>> from regulars.clv.in_memory import fit_models
    >>> from regulars.clv import customer_equity, first_order_spend, forecast_acquisition, score_customers
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
    >>> levers = elasticities(equity, summary, models.orders, models.spend, economics=economics, certainty=certainty)
    >>> levers[["lever", "elasticity"]].round(2).to_numpy().tolist()
    [['retention', 0.91], ['margin', 1.0], ['discount_rate', -0.05]]
    """
    acquisition, first_spend, level = equity.acquisition, equity.first_spend, certainty.level
    margin, annual_discount_rate, time_unit = economics.margin, economics.annual_discount_rate, economics.time_unit
    known = np.isfinite(equity.to_come.value)
    discounts = _discounts(acquisition, annual_discount_rate, time_unit) if known else np.ones(0)
    path = acquisition.path if known else np.zeros(0)
    price = equity.cost.value / float(path @ discounts) if np.isfinite(equity.cost.value) else 0.0
    horizon = units(economics.horizon_months, time_unit)

    def worth(histories, other, path, yearly, *, changed) -> tuple[float, float]:
        """Margin of all, and cost, at other parameters; `changed` is the model from today on."""
        x, t_x, T, money = histories
        rate = continuous_rate(yearly, time_unit)
        ahead, rows = distinct_rows(x, T)
        orders = changed.discounted_if_alive(np.full(ahead[0].size, horizon), *ahead, ahead[1], rate)[rows]
        value = margin * float(money @ (other._alive(x, t_x, T) * orders))
        if not known:
            return value, 0.0
        at_rate = replace(economics, annual_discount_rate=yearly)
        coming = Coming.of(acquisition, changed, spend_model, first_spend=first_spend, economics=at_rate, level=level)
        value += margin * float(path @ (coming.discount * first_spend.value + coming.repeat_margin))
        return value, price * float(path @ coming.discount)

    def moved(histories, other, path) -> dict:
        r, alpha, a, b = (float(other.params_[name]) for name in ("r", "alpha", "a", "b"))
        better = with_params(other, [r, alpha, a * (1 - STEP), b + a * STEP])
        value, paid = worth(histories, other, path, annual_discount_rate, changed=other)
        more, _ = worth(histories, other, path, annual_discount_rate, changed=better)
        dear, dear_paid = worth(histories, other, path, annual_discount_rate * (1 + STEP), changed=other)
        net, odds = value - paid, a / b
        return {
            EquityLever.RETENTION: (more - value) / net / (STEP * odds) if odds > LEAVING else np.nan,
            EquityLever.MARGIN: value / net,
            EquityLever.ACQUISITION_COST: -paid / net if paid else np.nan,
            EquityLever.DISCOUNT_RATE: (dear - dear_paid - net) / net / STEP if annual_discount_rate else np.nan,
        }

    everyone = _histories(customers, spend_model)
    few = _sampled(everyone, everyone[3] * model._alive(*everyone[:3]))
    found, base = moved(everyone, model, path), moved(few, model, path)
    drawn = [
        moved(few, with_params(model, params), acquisition.draws[i % len(acquisition.draws)] if known else path)
        for i, params in enumerate(parameter_draws(model, draws, np.random.default_rng(certainty.seed)))
    ]
    ends = pd.DataFrame(drawn).quantile([(1 - level) / 2, (1 + level) / 2]).to_numpy(float)
    point, apart = np.array(list(found.values())), np.array(list(found.values())) - np.array(list(base.values()))
    table = pd.DataFrame(
        {
            "lever": [str(lever) for lever in found],
            "elasticity": point,
            "elasticity_low": ends[0] + apart,
            "elasticity_high": ends[1] + apart,
        }
    )
    return table.dropna(subset="elasticity").reset_index(drop=True)


def _histories(customers: pd.DataFrame, spend_model) -> tuple[np.ndarray, ...]:
    """Distinct frequency, recency and T, with the spend per order of all customers who share them."""
    names = ("frequency", "recency", "T", "monetary_value")
    x, t_x, T, m = (np.nan_to_num(customers[name].to_numpy(float)) for name in names)
    found, back = distinct_rows(x, t_x, T)
    money = expected_spend(spend_model, x, m)
    return *found, money if isinstance(back, slice) else np.bincount(back, money, minlength=found[0].size)


def _sampled(histories, size) -> tuple[np.ndarray, ...]:
    """Systematic sample of histories with chances in proportion to size; money so weighted that sums stay unbiased."""
    total = np.cumsum(size)
    if len(size) <= SAMPLE or not total[-1] > 0:
        return histories
    chosen = np.searchsorted(total, (np.arange(SAMPLE) + 0.5) / SAMPLE * total[-1])
    x, t_x, T, money = (values[chosen] for values in histories)
    return x, t_x, T, money / size[chosen] * total[-1] / SAMPLE


def _discounts(acquisition: Acquisition, annual_discount_rate: float, time_unit: str) -> np.ndarray:
    rate = continuous_rate(annual_discount_rate, time_unit)
    return np.exp(-rate * np.array([units(at + 0.5, time_unit) for at in range(len(acquisition.path))]))
