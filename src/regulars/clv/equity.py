"""Customer equity: what the customers there are and those still to be won are worth, less what winning them costs."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from regulars.clv.acquisition import Acquisition, forecast_acquisition
from regulars.clv.uncertainty import parameter_draws, total_spread, with_params
from regulars.clv.value import continuous_rate, expected_spend, units
from regulars.finding import Finding
from regulars.labels import EquityLever, EquityPart, Purpose
from regulars.purchases import day_number
from regulars.statistics.distinct import distinct_rows
from regulars.statistics.intervals import Estimate, z_value

NEWCOMERS = 4000  # simulated for the chance in what a newcomer brings
COST_DAYS = 365  # of the latest campaigns whose cost is counted
STEP = 0.01  # by which a driver is moved to see what it moves
LEAVING = 1e-4  # odds of leaving after an order below which nobody leaves
SAMPLE = 150  # histories on which the intervals of the elasticities are computed
UNKNOWN = Estimate(float("nan"))


@dataclass(frozen=True)
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
    """

    existing: Estimate
    to_come: Estimate
    before_cost: Estimate
    cost: Estimate
    total: Estimate
    months: pd.DataFrame

    @property
    def told(self) -> Estimate:
        """The widest sum that is known: the total, that before cost, or the existing customers alone."""
        known = [part for part in (self.total, self.before_cost) if np.isfinite(part.value)]
        return known[0] if known else self.existing


def first_order_spend(orders: pd.DataFrame, observation_end, days: int = 365, level: float = 0.9) -> Estimate:
    """Mean spend on the day of the first order, of the customers won last.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_end : date
    days : int
        How long ago they were won at most.
    level : float

    Returns
    -------
    Estimate
        Currency; n customers. NaN where nobody was won.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [10.0, 99.0, 20.0],
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-01-05"])})
    >>> first_order_spend(orders, "2025-03-01").value
    15.0
    """
    spend = first_order_spends(orders, observation_end, days)
    if not len(spend):
        return UNKNOWN
    error = z_value(level) * float(spend.std(ddof=1)) / np.sqrt(len(spend)) if len(spend) > 1 else np.nan
    mean = float(spend.mean())
    return Estimate(mean, mean - error, mean + error, len(spend))


def first_order_spends(orders: pd.DataFrame, observation_end, days: int = 365) -> np.ndarray:
    """Spend on the day of the first order, of each customer won last; parameters as of `first_order_spend`.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [10.0, 99.0, 20.0],
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-01-05"])})
    >>> first_order_spends(orders, "2025-03-01").tolist()
    [10.0, 20.0]
    """
    day = orders["ordered_at"].to_numpy("datetime64[D]").astype(np.int64)
    customer, people = pd.factorize(orders["customer_id"])
    amount, never = orders["amount"].to_numpy(float), np.iinfo(np.int64).max
    began = np.full(len(people), never)
    paid = amount >= 0
    np.minimum.at(began, customer[paid], day[paid])
    recent = (began > day_number(observation_end) - int(days)) & (began < never)
    on_it = recent[customer] & (day == began[customer])
    return np.bincount(customer[on_it], amount[on_it], len(people))[recent]


def acquisition_cost(campaigns: pd.DataFrame | None, first_orders, observation_end, level: float = 0.9) -> Estimate:
    """What winning a customer has cost: cost of the campaigns that aim at it, over the customers won while they ran.

    Customers who would have come by themselves are among them, so it is the mean cost and not that of one more.

    Parameters
    ----------
    campaigns : pandas.DataFrame or None
        starts_at, ends_at, purpose, actual_cost or planned_cost, as the catalog has them.
    first_orders : pandas.Series of datetime
        Of every customer.
    observation_end : date
    level : float
        Of the interval, by Student's t over the campaigns (ratio estimator).

    Returns
    -------
    Estimate
        Currency per customer; n campaigns. NaN where there is no such campaign, or none whose cost is known.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., sec. 6.4.

    Examples
    --------
    >>> campaigns = pd.DataFrame({"purpose": ["acquire"] * 2, "actual_cost": [30.0, 10.0],
    ...     "starts_at": pd.to_datetime(["2025-01-01", "2025-02-01"]),
    ...     "ends_at": pd.to_datetime(["2025-01-31", "2025-02-28"])})
    >>> acquisition_cost(campaigns, pd.Series(pd.to_datetime(["2025-01-05", "2025-02-05"])), "2025-03-01").value
    20.0
    """
    table = acquisition_campaigns(campaigns, first_orders, observation_end)
    won, spent = table["won"].to_numpy(float), table["cost"].to_numpy(float)
    if not won.sum():
        return UNKNOWN
    ratio = float(spent.sum() / won.sum())
    if len(won) < 2:
        return Estimate(ratio, n=len(won))
    rest = spent - ratio * won
    error = float(np.sqrt(len(won) / (len(won) - 1) * (rest @ rest)) / won.sum())
    reach = float(stdtrit(len(won) - 1, (1 + level) / 2)) * error
    return Estimate(ratio, max(ratio - reach, 0.0), ratio + reach, len(won))


def acquisition_campaigns(campaigns: pd.DataFrame | None, first_orders, observation_end) -> pd.DataFrame:
    """Campaigns of the latest year that aim at winning customers: what each cost and whom it won.

    Parameters
    ----------
    campaigns, first_orders, observation_end
        As for `acquisition_cost`. Campaigns that are not over are left out.

    Returns
    -------
    pandas.DataFrame
        One row per campaign: ``cost`` (actual, else planned), ``won`` (customers who came while it ran; a customer who
        came while several ran counts in equal parts for each).

    Examples
    --------
    >>> campaigns = pd.DataFrame({"purpose": ["acquire"] * 2, "actual_cost": [30.0, 10.0],
    ...     "starts_at": pd.to_datetime(["2025-01-01", "2025-01-15"]),
    ...     "ends_at": pd.to_datetime(["2025-01-31", "2025-02-28"])})
    >>> came = pd.Series(pd.to_datetime(["2025-01-05", "2025-01-20", "2025-02-05"]))
    >>> acquisition_campaigns(campaigns, came, "2025-03-01")["won"].tolist()
    [1.5, 1.5]
    """
    if campaigns is None or not {"purpose", "ends_at"} <= set(campaigns):
        return pd.DataFrame({"cost": [], "won": []})
    cost = pd.Series(np.nan, index=campaigns.index)
    for name in ("actual_cost", "planned_cost"):
        cost = cost.fillna(campaigns[name].astype(float)) if name in campaigns else cost
    end = pd.Timestamp(observation_end).normalize()
    of = (campaigns["purpose"] == Purpose.ACQUIRE) & cost.notna() & campaigns["ends_at"].between(
        end - pd.Timedelta(days=COST_DAYS), end
    )  # fmt: skip
    days = np.sort(pd.Series(first_orders).dt.normalize().to_numpy())
    begins, ends = (campaigns.loc[of, name].to_numpy().astype(days.dtype) for name in ("starts_at", "ends_at"))
    inside = [slice(*at) for at in zip(
        np.searchsorted(days, begins, "left"), np.searchsorted(days, ends, "right"), strict=True
    )]  # fmt: skip
    running = np.zeros(len(days))
    for part in inside:
        running[part] += 1
    won = [float((1 / running[part]).sum()) for part in inside]
    return pd.DataFrame({"cost": cost[of].to_numpy(float), "won": np.array(won, float)})


def customer_equity(
    existing: Estimate,
    acquisition: Acquisition,
    model,
    spend_model,
    first_spend: Estimate,
    cost: Estimate = UNKNOWN,
    *,
    margin: float,
    annual_discount_rate: float,
    time_unit: str,
    level: float = 0.9,
    level_uncertainty: float = 0.12,
    seed: int = 0,
    **_,
) -> Equity:
    """Add up what existing customers and those still to be won bring over the horizon, less what winning them costs.

    A customer won in month j brings the margin of the first order and of the repeat orders that the model expects in
    what is left of the horizon; all is discounted to today. Acquisition, parameters, chance and the level that no
    model sees are drawn together; the level is shared by existing customers and those to come.

    Parameters
    ----------
    existing : Estimate
        Of the customers there are over the same horizon (`regulars.clv.score_customers`), with
        `level_uncertainty` in its interval.
    acquisition : Acquisition
        Its draws have one column per month of the horizon.
    model, spend_model
        Fitted on these customers.
    first_spend : Estimate
        Spend on the day of the first order.
    cost : Estimate
        Per customer won.
    margin, annual_discount_rate, time_unit
        As for `regulars.clv.lifetime_value`.
    level, level_uncertainty, seed
        As for `regulars.clv.predictive_intervals`.

    Returns
    -------
    Equity

    References
    ----------
    Rust, R. T., Lemon, K. N. and Zeithaml, V. A. (2004), J. of Marketing 68(1), 109-127. Gupta, S., Lehmann, D. R. and
    Stuart, J. A. (2004), J. of Marketing Research 41, 7-18 (customers to come and their acquisition cost).
    """
    empty = pd.DataFrame({"month": [], "customers": [], "margin": []})
    if not acquisition.is_known or not np.isfinite(first_spend.value):
        return Equity(existing, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, empty)
    coming = _Coming.of(acquisition, model, spend_model, first_spend, margin, annual_discount_rate, time_unit, level)
    rng = np.random.default_rng(seed)
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
        return Estimate(value, *map(float, np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])), n=of)

    return Equity(
        existing=existing,
        to_come=estimate(to_come, worth * common, acquisition.total.n),
        before_cost=estimate(both, (own + worth) * common, n),
        cost=estimate(spent, paid, cost.n),
        total=estimate(both - spent, (own + worth) * common - paid, n),
        months=pd.DataFrame({"month": np.arange(1, len(path) + 1), "customers": path, "margin": margins}),
    )


def _own_spread(existing: Estimate, z: float, level_uncertainty: float) -> float:
    """Standard deviation of the logarithm of the existing customers' value, without the level that all share."""
    if not (existing.low > 0 and existing.high > existing.low):
        return 0.0
    return float(np.sqrt(max((np.log(existing.high / existing.low) / (2 * z)) ** 2 - level_uncertainty**2, 0.0)))


@dataclass(frozen=True)
class _Coming:
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
        cls, acquisition, model, spend_model, first_spend, margin, annual_discount_rate, time_unit, level
    ) -> "_Coming":
        months = len(acquisition.path)
        middle = np.arange(months) + 0.5  # customers of a month come in its middle on average
        rate = continuous_rate(annual_discount_rate, time_unit)
        left = np.array([units(months - at, time_unit) for at in middle])
        discount = np.exp(-rate * np.array([units(at, time_unit) for at in middle]))
        deviation = (first_spend.high - first_spend.low) / 2 / z_value(level) * np.sqrt(max(first_spend.n, 1))
        variance = float(np.nan_to_num(deviation) ** 2)
        coming = cls(acquisition.path, discount, left, rate, margin, np.zeros(months), variance)
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
            counts = model._draw_orders(rng, np.full(NEWCOMERS, left), none, none, none)
            spend = np.zeros(NEWCOMERS)
            some = np.flatnonzero(counts > 0)
            spend[some] = spend_model._draw_spend(rng, counts[some], none[some], none[some])
            # a heavy tail has no variance that a sample could tell: the largest in a thousand are cut off
            spend = np.minimum(spend, np.quantile(spend, 0.999))
            found.append((self.margin * discount) ** 2 * (spend.var() + self.first_variance))
        return np.array(found)


def elasticities(
    customers: pd.DataFrame,
    equity: Equity,
    acquisition: Acquisition,
    model,
    spend_model,
    first_spend: Estimate,
    *,
    margin: float,
    annual_discount_rate: float,
    horizon_months: float,
    time_unit: str,
    level: float = 0.9,
    draws: int = 40,
    seed: int = 0,
    **_,
) -> pd.DataFrame:
    """By how many percent customer equity moves when a driver moves by one percent, all else left as it is.

    Retention is the mean chance of staying after an order, b / (a + b). It moves from today on: who has left already
    stays away. The acquisition cost moves the cost alone and not how many are won.

    Parameters
    ----------
    customers : pandas.DataFrame
        frequency, recency, T, monetary_value, as `regulars.purchases.Purchases.summary` gives them.
    equity, acquisition, first_spend
        As in `customer_equity`.
    model : BetaGeoFitter
    spend_model : GammaGammaFitter
    margin, annual_discount_rate, horizon_months, time_unit
        As for `regulars.clv.lifetime_value`.
    level, draws, seed
        Of the intervals: futures of acquisition and parameters of the model of orders are drawn.

    Returns
    -------
    pandas.DataFrame
        lever (`EquityLever`), elasticity, elasticity_low, elasticity_high; NaN where it cannot be told: retention
        where nobody leaves, the cost where it is not known.

    References
    ----------
    Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004), Valuing customers, J. of Marketing Research 41, 7-18, table 5.
    """
    known = np.isfinite(equity.to_come.value)
    discounts = _discounts(acquisition, annual_discount_rate, time_unit) if known else np.ones(0)
    path = acquisition.path if known else np.zeros(0)
    price = equity.cost.value / float(path @ discounts) if np.isfinite(equity.cost.value) else 0.0
    horizon = units(horizon_months, time_unit)

    def worth(histories, other, path, yearly, changed) -> tuple[float, float]:
        """Margin of all, and cost, at other parameters; `changed` is the model from today on."""
        x, t_x, T, money = histories
        rate = continuous_rate(yearly, time_unit)
        ahead, rows = distinct_rows(x, T)
        orders = changed._discounted_if_alive(np.full(ahead[0].size, horizon), *ahead, ahead[1], rate)[rows]
        value = margin * float(money @ (other._alive(x, t_x, T) * orders))
        if not known:
            return value, 0.0
        coming = _Coming.of(acquisition, changed, spend_model, first_spend, margin, yearly, time_unit, level)
        value += margin * float(path @ (coming.discount * first_spend.value + coming.repeat_margin))
        return value, price * float(path @ coming.discount)

    def moved(histories, other, path) -> dict:
        r, alpha, a, b = (float(other.params_[name]) for name in ("r", "alpha", "a", "b"))
        better = with_params(other, [r, alpha, a * (1 - STEP), b + a * STEP])
        value, paid = worth(histories, other, path, annual_discount_rate, other)
        more, _ = worth(histories, other, path, annual_discount_rate, better)
        dear, dear_paid = worth(histories, other, path, annual_discount_rate * (1 + STEP), other)
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
        for i, params in enumerate(parameter_draws(model, draws, np.random.default_rng(seed)))
    ]
    ends = pd.DataFrame(drawn).quantile([(1 - level) / 2, (1 + level) / 2]).to_numpy(float)
    point, apart = np.array(list(found.values())), np.array(list(found.values())) - np.array(list(base.values()))
    return pd.DataFrame(
        {
            "lever": [str(lever) for lever in found],
            "elasticity": point,
            "elasticity_low": ends[0] + apart,
            "elasticity_high": ends[1] + apart,
        }
    )


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


def bridge(equity: Equity) -> pd.DataFrame:
    """Customer equity step by step: existing customers, those to come, before cost, cost, total.

    Parameters
    ----------
    equity : Equity

    Returns
    -------
    pandas.DataFrame
        part (`EquityPart`), amount (currency, with its sign), amount_low, amount_high, is_total; adds up exactly. What
        is not known is left out: without a cost the last row is the sum before acquisition cost.

    Examples
    --------
    >>> nothing = Estimate(float("nan"))
    >>> bridge(Equity(Estimate(5.0, 4.0, 6.0), nothing, nothing, nothing, nothing, pd.DataFrame()))["part"].tolist()
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


def equity_finding(equity: Equity, acquisition: Acquisition, levers: pd.DataFrame, cost: Estimate) -> Finding:
    """What the base is worth with the customers still to come, as a section tells it.

    Parameters
    ----------
    equity, acquisition
        As `customer_equity` and `forecast_acquisition` give them.
    levers : pandas.DataFrame
        As `elasticities` gives them.
    cost : Estimate
        Per customer won.

    Returns
    -------
    Finding
        Verdict ``total``, ``before_cost``, ``one_cohort`` or ``short``; frames ``bridge`` and ``levers``.
    """
    levers = levers.dropna(subset="elasticity").reset_index(drop=True)
    if not acquisition.is_known or not np.isfinite(equity.before_cost.value):
        verdict = acquisition.verdict if not acquisition.is_known else "short"
        return Finding(verdict, {"existing": equity.existing}, {"levers": levers})
    facts = {"equity": equity.told, "existing": equity.existing, "to_come": equity.to_come}
    facts |= {"won": acquisition.total, "growth": acquisition.growth}
    frames = {"bridge": bridge(equity), "levers": levers}
    if np.isfinite(equity.total.value):
        return Finding("total", facts | {"cost": equity.cost, "per_customer": cost}, frames)
    return Finding("before_cost", facts, frames)


def equity_story(
    scored,
    summary: pd.DataFrame,
    models,
    orders: pd.DataFrame,
    campaigns: pd.DataFrame | None,
    window: tuple,
    *,
    level: float = 0.9,
    level_uncertainty: float = 0.12,
    seed: int = 0,
    **economics,
) -> tuple[Equity, Acquisition, Finding]:
    """From scored customers to customer equity, the forecast of new customers, and what a section tells of both.

    Parameters
    ----------
    scored : Scored
        As `regulars.clv.score_customers` gives them.
    summary : pandas.DataFrame
        As `regulars.purchases.Purchases.summary` gives it.
    models : Models
        As `regulars.clv.fit_models` gives them.
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    campaigns : pandas.DataFrame or None
        As for `acquisition_cost`.
    window : (date, date)
        First and last day observed.
    level, level_uncertainty, seed
        As for `customer_equity`.
    **economics
        margin, annual_discount_rate, horizon_months, time_unit.

    Returns
    -------
    (Equity, Acquisition, Finding)
    """
    begin, end = window
    first_orders, months = summary["first_ordered_at"], round(economics["horizon_months"])
    coming = forecast_acquisition(first_orders, begin, end, months, level=level, seed=seed)
    began = first_order_spend(orders, end, level=level)
    cost = acquisition_cost(campaigns, first_orders, end, level)
    both = models.orders, models.spend
    settings = {"level": level, "seed": seed, **economics}
    equity = customer_equity(
        scored.clv_total, coming, *both, began, cost, level_uncertainty=level_uncertainty, **settings
    )
    levers = elasticities(summary, equity, coming, *both, began, **settings)
    return equity, coming, equity_finding(equity, coming, levers, cost)
