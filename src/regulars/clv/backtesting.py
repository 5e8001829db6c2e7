"""How far a forecast can be trusted: every model against what came after past cutoffs, by honest rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd

from regulars.clv._logistic import fit_logistic
from regulars.clv._progress import with_progress
from regulars.clv.combining import (
    FITTERS,
    Combination,
    Cut,
    columns,
    combine,
    fitted,
)
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.level import Level, read_level
from regulars.clv.scenarios import forecast_scenarios
from regulars.clv.value import expected_spend, has_spend
from regulars.purchases import Purchases
from regulars.statistics.distinct import distinct_rows

RULES = ("naive", "recency", "last_period")
COMBINED = "combined"
COMBINATIONS = {COMBINED: None, "fixed": "fixed", "shape": "shape"}  # to the kind that is asked for
DEFAULT = ("bg_nbd", "mbg_nbd", "pareto_nbd", "regular_k2", COMBINED, *RULES)


@dataclass(frozen=True)
class Fold:
    """What each model said at one cutoff, and what came.

    ``customers`` has a row per customer known at the cutoff: customer_id, frequency, recency, T, monetary_value,
    holdout_orders, holdout_spend (what came). ``orders``, ``p_order`` and ``spend`` have a column of forecasts
    per model. ``combination`` says which kind the combined forecast is, "fixed" or "shape", and ``regularity`` the k of
    the MBG/CNBD-k in it. ``told`` holds the orders of models and rules as they would be told by ``level``, where that
    was asked for.
    """

    cutoff: pd.Timestamp
    customers: pd.DataFrame
    orders: pd.DataFrame
    p_order: pd.DataFrame
    spend: pd.DataFrame
    regularity: int | None
    combination: str | None = None
    told: pd.DataFrame | None = None
    level: Level | None = None

    def as_judged(self) -> "Fold":
        """The same with rules of thumb at the total of the models, so that who orders more decides and not the level.

        Models stay as they are: scenarios of dropout are common to all that is told, and would hide what sets them
        apart.
        """
        if self.told is None:
            return self
        total = float(self.orders[COMBINED if COMBINED in self.orders else self.orders.columns[0]].sum())
        rules = {name: self.orders[name] for name in RULES if name in self.orders}
        scaled = {name: each * (total / each.sum()) for name, each in rules.items() if each.sum() > 0}
        return replace(self, orders=self.orders.assign(**scaled))


class CutoffError(ValueError):
    """A cutoff that leaves too little before or after it; the sentence names it.

    Parameters
    ----------
    cutoff : pandas.Timestamp
        Last day that the models were to see.
    code : {"outside", "horizon", "one_customer", "no_repeat", "model"}
        Outside the data; a horizon longer than what follows; fewer than two customers known; nobody who came back; a
        model that cannot be fitted on what was known.
    sentence : str
        What is wrong, without the cutoff.
    """

    def __init__(self, cutoff, code: str, sentence: str):
        """Make the sentence."""
        self.cutoff, self.code = pd.Timestamp(cutoff), code
        super().__init__(f"cutoff {self.cutoff.date()}: {sentence}")


class LeftOut(str):
    """Sentence on a cutoff that was left out, with its day (``cutoff``) and the ``code`` of what is wrong."""

    cutoff: pd.Timestamp
    code: str

    @classmethod
    def of(cls, cutoff, error: ValueError) -> "LeftOut":
        """Sentence of an error; one that does not name the cutoff comes from the fit of a model."""
        if not isinstance(error, CutoffError):
            error = CutoffError(cutoff, "model", str(error))
        told = cls(str(error))
        told.cutoff, told.code = error.cutoff, error.code
        return told


def forecast_fold(
    purchases: Purchases,
    cutoff,
    horizon_days: int,
    models: Iterable[str] | Mapping[str, object] = DEFAULT,
    *,
    observation_end=None,
    time_unit: str = "week",
    uncertainty: float | str | None = None,
) -> Fold:
    """Forecast the days after a cutoff from the days up to it, and lay what came beside it.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers to be judged.
    cutoff : date
        Last day that the models see.
    horizon_days : int
        Length of the hold-out, which begins the day after.
    models : iterable of names, or mapping from name to unfitted fitter
        Which forecast.
    observation_end : date, optional
        Last day observed; by default that of the last order.
    time_unit : {"day", "week", "month"}
        Of recency and T, in which the models are fitted.
    uncertainty : float or "auto", optional
        Of the level, as `regulars.clv.level.read_level` takes it; where it is given forecasts are also told by it.

    Returns
    -------
    Fold

    Raises
    ------
    ValueError
        Naming the cutoff that leaves too little before or after it.
    """
    cutoff = pd.Timestamp(cutoff).normalize()
    if len(purchases) == 0:
        raise ValueError(f"cutoff {cutoff.date()}: there are no orders.")
    cut = Cut(purchases, cutoff, horizon_days, time_unit)
    table = _known_and_came(cut, observation_end)
    said, combination = _forecasts(cut, models)
    counts = pd.DataFrame({name: np.asarray(expected, float) for name, (expected, _) in said.items()})
    level = None if uncertainty is None else level_at(cut, uncertainty)
    return Fold(
        cutoff=cutoff,
        customers=table,
        orders=counts,
        p_order=pd.DataFrame({name: np.asarray(p, float) for name, (_, p) in said.items()}),
        spend=_money(cut, counts, table),
        regularity=combination.regularity if combination else None,
        combination=combination.kind if combination else None,
        told=None if level is None else pd.DataFrame({name: one[0] for name, one in told_by(level, cut, said).items()}),
        level=level,
    )


def level_at(cut: Cut, uncertainty: float | str) -> Level:
    """What many logs teach of the forecast from a cut."""
    return read_level(cut.purchases, cut.day, cut.horizon_days, uncertainty=uncertainty, time_unit=cut.time_unit)


def told_by(level: Level, cut: Cut, said: dict[str, tuple], learn_from: Cut | None = None) -> dict[str, tuple]:
    """Forecasts as they are told: models mixed with scenarios of dropout and moved to the level that signs teach.

    A rule of thumb keeps its shape and takes the total of a model that is told.

    Parameters
    ----------
    level : Level
        Weights, and shift.
    cut : Cut
        Whose customers are forecast.
    said : dict
        Name to (expected orders, probability of one).
    learn_from : Cut, optional
        Customers on whom rates of ordering are learnt; their own by default.

    Returns
    -------
    dict
        Name to (expected orders, probability of one, part of P(alive) that comes from the scenarios).
    """
    history = columns(cut.table)
    by_scenario = np.zeros((3, len(cut.table)))
    if level.is_mixed:
        seen = history if learn_from is None else columns(learn_from.table)
        by_scenario = np.stack(
            forecast_scenarios(level.scenarios or {}, cut.horizon, seen, history, time_unit=cut.time_unit)
        )
    moved, told = np.exp(level.shift), {}
    for name, (orders, p) in said.items():
        if name in RULES:
            continue
        mixed = level.models * np.asarray(orders, float) + by_scenario[0]
        chance = np.minimum(level.models * np.asarray(p, float) + by_scenario[1], 1 - 1e-12)
        told[name] = mixed * moved, -np.expm1(moved * np.log1p(-chance)), by_scenario[2]
    total = max((float(each[0].sum()) for name, each in told.items() if name == COMBINED), default=0.0)
    total = total or next((float(each[0].sum()) for each in told.values()), 0.0)
    for name in said:
        if name in RULES:
            orders = np.asarray(said[name][0], float)
            orders = orders * (total / orders.sum()) if total and orders.sum() > 0 else orders
            told[name] = orders, -np.expm1(-orders), by_scenario[2]
    return told


def forecast_now(
    purchases: Purchases,
    observation_end,
    horizon_days: int,
    model: str = COMBINED,
    *,
    time_unit: str = "week",
    learn_from: Purchases | None = None,
    level: Level | None = None,
) -> pd.DataFrame:
    """What a model of the backtest says of the days after the end of the data.

    Parameters
    ----------
    purchases : Purchases
        Of the customers who are forecast.
    observation_end : date
        Last day that is known.
    horizon_days : int
        Length of what is forecast.
    model : str
        Name of a model, a combination or a rule.
    time_unit : {"day", "week", "month"}
        In which the models count.
    learn_from : Purchases, optional
        Customers on whom models and shape are learnt, such as a sample of many; all by default.
    level : Level, optional
        Scenarios of dropout in it, and the level it is moved to; as it is by default.

    Returns
    -------
    pandas.DataFrame
        One row per customer: customer_id, expected_orders, p_order and, with a level, p_alive (the scenarios' part of
        P(alive)).
    """
    cut = Cut(purchases, pd.Timestamp(observation_end).normalize(), horizon_days, time_unit)
    learnt = None if learn_from is None or learn_from is purchases else replace(cut, purchases=learn_from)
    names = ["bg_nbd", model] if level is not None and model in RULES else [model]
    said = _forecasts(cut, names, learnt)[0]
    if level is None:
        told = dict(zip(("expected_orders", "p_order"), said[model], strict=True))
    else:
        by_level = told_by(level, cut, said, learnt)[model]
        told = dict(zip(("expected_orders", "p_order", "p_alive"), by_level, strict=True))
    told = {name: np.asarray(values, float) for name, values in told.items()}
    return pd.DataFrame({"customer_id": cut.table["customer_id"], **told})


def _forecasts(
    cut: Cut, models: Iterable[str] | Mapping, learn_from: Cut | None = None
) -> tuple[dict[str, tuple], Combination | None]:
    """Expected orders and probability of one, by model; each model is fitted once, whoever asks for it."""
    history, horizon = columns(cut.table), cut.horizon
    seen, asked, back = history, history, slice(None)
    if learn_from is not None:
        seen = columns(learn_from.table)
        asked, back = distinct_rows(*history)
    own = dict(models) if isinstance(models, Mapping) else {}
    told: dict[str, tuple] = {}

    def forecast(name):
        if name not in told:
            if name not in own and name not in FITTERS:
                known = ", ".join((*FITTERS, *COMBINATIONS, *RULES))
                raise ValueError(f"there is no model named {name!r}; known are {known}.")
            model = own[name].fit(*seen) if name in own else fitted(name, seen)
            answers = model.predict(horizon, *asked), model.probability_active(horizon, *asked)
            told[name] = tuple(np.asarray(values)[back] for values in answers)
        return told[name]

    said, combination = {}, None
    for name in models:
        if name in COMBINATIONS and name not in own:
            combination = combine(cut, forecast, kind=COMBINATIONS[name], learn_from=learn_from)
            said[name] = combination.orders, combination.p_order
        elif name in RULES and name not in own:
            said[name] = _by_rule(name, cut)
        else:
            said[name] = forecast(name)
    return said, combination


def _known_and_came(cut: Cut, observation_end) -> pd.DataFrame:
    """What is known at a cutoff, with what came in the days after it; refused where either is too little."""
    first, last_order = cut.purchases.first, cut.purchases.last
    last = last_order if observation_end is None else pd.Timestamp(observation_end).normalize()
    end = cut.day + timedelta(days=int(cut.horizon_days))
    if not first <= cut.day < last:
        lies = f"it lies outside the data, which run from {first.date()} to {last.date()}."
        raise CutoffError(cut.day, "outside", lies)
    if end > last:
        longer = f"the {int(cut.horizon_days)} days after it end on {end.date()}, the data on {last.date()}; take an"
        raise CutoffError(cut.day, "horizon", f"{longer} earlier cutoff or a shorter horizon.")
    table = cut.purchases.split(cut.day, end, cut.time_unit)
    if len(table) < 2:
        known = f"{len(table)} customer is known at that day; two are needed."
        raise CutoffError(cut.day, "one_customer", known)
    if not table["frequency"].max() > 0:
        raise CutoffError(cut.day, "no_repeat", "no customer has a repeat order by that day; take a later one.")
    return table


def _by_rule(name: str, cut: Cut) -> tuple[np.ndarray, np.ndarray]:
    """Expected orders and probability of an order, by a rule of thumb."""
    x, t_x, T = columns(cut.table)
    if name == "recency":
        return _by_recency(cut, T - t_x)
    if name == "naive":
        expected = np.divide(x, T, out=np.zeros_like(x), where=T > 0) * cut.horizon
    else:
        expected = _last_period(cut)
    return expected, -np.expm1(-expected)


def _last_period(cut: Cut) -> np.ndarray:
    """Repeat orders in the last days before the cutoff, as many as the horizon has."""
    x = cut.table["frequency"].to_numpy(float)
    before = cut.day - timedelta(days=int(cut.horizon_days))
    if before < cut.purchases.first:
        return x  # the whole history is no longer than one period
    came = cut.purchases.split(before, cut.day, cut.time_unit).set_index("customer_id")["holdout_orders"]
    known = cut.table["customer_id"].map(came)
    return np.where(known.isna(), x, known.fillna(0)).astype(float)


def _by_recency(cut: Cut, quiet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P(order) by a logistic curve in the time since the last order, learnt in the inner hold-out, and orders."""
    inner = cut.inner
    if inner is None or not (0 < (inner.table["holdout_orders"] > 0).sum() < len(inner.table)):
        return np.zeros_like(quiet), np.full_like(quiet, 0.5)
    came = inner.table["holdout_orders"].to_numpy(float)
    intercept, slope = fit_logistic((inner.table["T"] - inner.table["recency"]).to_numpy(float), came > 0)
    longer = cut.horizon_days / inner.days
    p = -np.expm1(-longer * np.logaddexp(0.0, intercept + slope * quiet))  # −log(1 − p) grows with the period
    return p * came[came > 0].mean() * longer, p


def _money(cut: Cut, counts: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Spend of each customer by every forecast of orders; by the rule of the last period what was spent in it."""
    spend = counts.mul(_spend_per_order(table), axis=0)
    if "last_period" not in spend:
        return spend
    before = cut.day - timedelta(days=int(cut.horizon_days))
    if before < cut.purchases.first:
        return spend
    came = cut.purchases.split(before, cut.day, cut.time_unit).set_index("customer_id")["holdout_spend"]
    known = table["customer_id"].map(came).to_numpy(float)
    return spend.assign(last_period=np.where(np.isnan(known), spend["last_period"], known))


def _spend_per_order(table) -> np.ndarray:
    x, m = table["frequency"].to_numpy(float), table["monetary_value"].to_numpy(float)
    own = has_spend(x, m)
    if own.sum() < 2:
        return np.full(len(table), float(np.nanmean(m[own])) if own.any() else 0.0)
    model = GammaGammaFitter().fit(x[own], m[own])
    spend = expected_spend(model, x, m)
    return np.where(np.isfinite(spend), spend, float(m[own].mean()))


def backtest_folds(
    purchases: Purchases,
    cutoffs: Iterable,
    horizon_days: int,
    models=None,
    *,
    observation_end=None,
    time_unit: str = "week",
    uncertainty: float | str | None = None,
) -> tuple[list[Fold], list[LeftOut]]:
    """Forecasts at each cutoff, and a sentence for each cutoff that had to be left out.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers to be judged.
    cutoffs : iterable of dates
        Last days that the models see.
    horizon_days : int
        Length of each hold-out.
    models : iterable of names, or mapping from name to unfitted fitter, optional
        Those of `regulars.clv.backtest` by default.
    observation_end : date, optional
        Last day observed; by default that of the last order.
    time_unit : {"day", "week", "month"}
        In which the models count.
    uncertainty : float or "auto", optional
        As for `forecast_fold`.

    Returns
    -------
    (list of Fold, list of LeftOut)
        Both in the order of the cutoffs.

    Raises
    ------
    ValueError
        Where no cutoff is left, naming the first.
    """
    folds, left_out = [], []
    for cutoff in with_progress(cutoffs, "cutoffs"):
        try:
            folds.append(
                forecast_fold(
                    purchases,
                    cutoff,
                    horizon_days,
                    DEFAULT if models is None else models,
                    observation_end=observation_end,
                    time_unit=time_unit,
                    uncertainty=uncertainty,
                )
            )
        except ValueError as error:
            if "there is no model named" in str(error):
                raise
            left_out.append(LeftOut.of(cutoff, error))
    if not folds:
        raise ValueError(str(left_out[0]) if left_out else "no cutoff was given; name at least one day.")
    return folds, left_out
