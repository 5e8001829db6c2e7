"""How far a forecast can be trusted: every model against what came after past cutoffs, by honest rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from regulars.clv._logistic import fit_logistic
from regulars.clv._progress import with_progress
from regulars.clv.combining import (
    FITTERS,
    Combination,
    columns,
    combine,
    fitted,
    inner_windows,
    poisson_deviance,
)
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.value import expected_spend, has_spend, units
from regulars.purchases import Purchases
from regulars.statistics.distinct import distinct_rows

RULES = ("naive", "recency", "last_period")
COMBINED = "combined"
COMBINATIONS = {COMBINED: None, "fixed": "fixed", "shape": "shape"}  # to the kind that is asked for
DEFAULT = ("bg_nbd", "mbg_nbd", "pareto_nbd", "regular_k2", COMBINED, *RULES)

RANKED_DECIMALS = 11  # of probabilities, orders and money, by which customers are ranked
COMMON_METRICS = ("deviance", "rmse", "correlation", "calibration_slope", "bias_pct", "mae", "top_decile_capture")
COLUMNS = ["cutoff", "model", "unit", "metric", "value", "low", "high"]
ORDER_METRICS = (*COMMON_METRICS, "log_loss", "auc", "brier")


@dataclass(frozen=True)
class Fold:
    """What each model said at one cutoff, and what came.

    ``customers`` has a row per customer known at the cutoff: customer_id, frequency, recency, T, monetary_value,
    holdout_orders, holdout_spend (what came). ``orders``, ``p_order`` and ``spend`` have a column of forecasts
    per model. ``combination`` says which kind the combined forecast is, "fixed" or "shape", and ``regularity`` the k of
    the MBG/CNBD-k in it.
    """

    cutoff: pd.Timestamp
    customers: pd.DataFrame
    orders: pd.DataFrame
    p_order: pd.DataFrame
    spend: pd.DataFrame
    regularity: int | None
    combination: str | None = None


class CutoffError(ValueError):
    """A cutoff that leaves too little before or after it; the sentence names it.

    Parameters
    ----------
    cutoff : pandas.Timestamp
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
) -> Fold:
    """Forecast the days after a cutoff from the days up to it, and lay what came beside it.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
    cutoff : date
        Last day that the models see.
    horizon_days : int
        Length of the hold-out, which begins the day after.
    models : iterable of names, or mapping from name to unfitted fitter
    observation_end : date, optional
        Last day observed; by default that of the last order.
    time_unit : {"day", "week", "month"}

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
    table = _known_and_came(purchases, cutoff, horizon_days, observation_end, time_unit)
    said, combination = _forecasts(purchases, table, cutoff, horizon_days, models, time_unit)
    counts = pd.DataFrame({name: np.asarray(expected, float) for name, (expected, _) in said.items()})
    return Fold(
        cutoff=cutoff,
        customers=table,
        orders=counts,
        p_order=pd.DataFrame({name: np.asarray(p, float) for name, (_, p) in said.items()}),
        spend=counts.mul(_spend_per_order(table), axis=0),
        regularity=combination.regularity if combination else None,
        combination=combination.kind if combination else None,
    )


def forecast_now(
    purchases: Purchases,
    observation_end,
    horizon_days: int,
    model: str = COMBINED,
    *,
    time_unit: str = "week",
    learn_from: Purchases | None = None,
) -> pd.DataFrame:
    """What a model of the backtest says of the days after the end of the data.

    Parameters
    ----------
    purchases, observation_end, horizon_days, time_unit
        As for `forecast_fold`.
    model : str
        Name of a model, a combination or a rule.
    learn_from : Purchases, optional
        Customers on whom models and shape are learnt, such as a sample of many; all by default.

    Returns
    -------
    pandas.DataFrame
        One row per customer: customer_id, expected_orders, p_order.
    """
    end = pd.Timestamp(observation_end)
    table = purchases.summary(end, time_unit)
    said, _ = _forecasts(purchases, table, end.normalize(), horizon_days, [model], time_unit, learn_from)
    expected, p = said[model]
    told = {"expected_orders": np.asarray(expected, float), "p_order": np.asarray(p, float)}
    return pd.DataFrame({"customer_id": table["customer_id"], **told})


def _forecasts(
    purchases, table, cutoff, horizon_days, models, time_unit, learn_from=None
) -> tuple[dict[str, tuple], Combination | None]:
    """Expected orders and probability of one, by model; each model is fitted once, whoever asks for it."""
    history, horizon = columns(table), units(days=horizon_days, time_unit=time_unit)
    seen, asked, back = history, history, slice(None)
    if learn_from is not None and learn_from is not purchases:
        seen = columns(learn_from.summary(cutoff, time_unit))
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
            combination = combine(
                purchases,
                table,
                cutoff,
                horizon_days,
                forecast,
                kind=COMBINATIONS[name],
                time_unit=time_unit,
                learn_from=learn_from,
            )
            said[name] = combination.orders, combination.p_order
        elif name in RULES and name not in own:
            said[name] = _by_rule(name, purchases, table, cutoff, horizon_days, time_unit)
        else:
            said[name] = forecast(name)
    return said, combination


def _known_and_came(purchases, cutoff, horizon_days, observation_end, time_unit) -> pd.DataFrame:
    first, last_order = purchases.first, purchases.last
    last = last_order if observation_end is None else pd.Timestamp(observation_end).normalize()
    end = cutoff + timedelta(days=int(horizon_days))
    if not first <= cutoff < last:
        lies = f"it lies outside the data, which run from {first.date()} to {last.date()}."
        raise CutoffError(cutoff, "outside", lies)
    if end > last:
        longer = (
            f"the {int(horizon_days)} days after it end on {end.date()}, the data on {last.date()}; take an earlier "
        )
        raise CutoffError(cutoff, "horizon", f"{longer}cutoff or a shorter horizon.")
    table = purchases.split(cutoff, end, time_unit)
    if len(table) < 2:
        known = f"{len(table)} customer is known at that day; two are needed."
        raise CutoffError(cutoff, "one_customer", known)
    if not table["frequency"].max() > 0:
        raise CutoffError(cutoff, "no_repeat", "no customer has a repeat order by that day; take a later one.")
    return table


def _by_rule(name, purchases, table, cutoff, horizon_days, time_unit):
    """Expected orders and probability of an order, by a rule of thumb."""
    x, t_x, T = (table[column].to_numpy(float) for column in ("frequency", "recency", "T"))
    if name == "recency":
        return _by_recency(purchases, T - t_x, cutoff, horizon_days, time_unit)
    if name == "naive":
        expected = np.divide(x, T, out=np.zeros_like(x), where=T > 0) * units(days=horizon_days, time_unit=time_unit)
    else:
        expected = _last_period(purchases, table, cutoff, horizon_days, time_unit)
    return expected, -np.expm1(-expected)


def _last_period(purchases, table, cutoff, horizon_days, time_unit):
    """Repeat orders in the last days before the cutoff, as many as the horizon has."""
    x = table["frequency"].to_numpy(float)
    before = cutoff - timedelta(days=int(horizon_days))
    if before < purchases.first:
        return x  # the whole history is no longer than one period
    came = purchases.split(before, cutoff, time_unit).set_index("customer_id")["holdout_orders"]
    known = table["customer_id"].map(came)
    return np.where(known.isna(), x, known.fillna(0)).astype(float)


def _by_recency(purchases, quiet, cutoff, horizon_days, time_unit):
    """P(order) by a logistic curve in the time since the last order, learnt in the inner hold-out, and orders."""
    windows = inner_windows(purchases, cutoff, horizon_days, time_unit)
    inner = windows[0].table if windows else None
    if inner is None or not (0 < (inner["holdout_orders"] > 0).sum() < len(inner)):
        return np.zeros_like(quiet), np.full_like(quiet, 0.5)
    came = inner["holdout_orders"].to_numpy(float)
    intercept, slope = fit_logistic((inner["T"] - inner["recency"]).to_numpy(float), came > 0)
    longer = horizon_days / windows[0].days
    p = -np.expm1(-longer * np.logaddexp(0.0, intercept + slope * quiet))  # −log(1 − p) grows with the period
    return p * came[came > 0].mean() * longer, p


def _spend_per_order(table) -> np.ndarray:
    x, m = table["frequency"].to_numpy(float), table["monetary_value"].to_numpy(float)
    own = has_spend(x, m)
    if own.sum() < 2:
        return np.full(len(table), float(np.nanmean(m[own])) if own.any() else 0.0)
    model = GammaGammaFitter().fit(x[own], m[own])
    spend = expected_spend(model, x, m)
    return np.where(np.isfinite(spend), spend, float(m[own].mean()))


# ---- scores --------------------------------------------------------------------------------------------------------


def _as_ranked(score):
    """Scores without their last digits: what is equal but for rounding is a tie, on every processor."""
    return np.round(score, RANKED_DECIMALS)


def _captured(y, f):
    """Share of each customer that is among the tenth with the highest forecast: 1, 0, or in part at the edge."""
    order = np.argsort(-_as_ranked(f), kind="stable")
    share = np.empty(len(y))
    share[order] = np.clip(0.1 * len(y) - np.arange(len(y)), 0.0, 1.0)
    return share


def _ranking(happened, score):
    """Each customer's part in the area under the ROC curve, such that their weighted mean is the area.

    DeLong's placements: exact for equal weights, its linear approximation under others.
    """
    score = _as_ranked(score)
    ones, zeros = np.sort(score[happened]), np.sort(score[~happened])
    if not len(ones) or not len(zeros):
        return np.full(len(score), np.nan)

    def below(sample, values):
        return (np.searchsorted(sample, values, "left") + np.searchsorted(sample, values, "right")) / (2 * len(sample))

    placed = np.where(happened, below(zeros, score), 1 - below(ones, score))
    area = placed[happened].mean()
    size = np.where(happened, len(ones), len(zeros))
    return area + (placed - area) * len(score) / size


def _ingredients(y, f, p) -> np.ndarray:
    """What each customer adds to the sums from which the metrics are made: one column each."""
    columns = [np.ones_like(y), y, f, y * y, f * f, y * f, poisson_deviance(y, f), np.abs(y - f), _captured(y, f) * y]
    if p is not None:
        happened = y > 0
        clipped = np.clip(p, 0.5 / y.size, 1 - 0.5 / y.size)
        log_loss = -np.log(np.where(happened, clipped, 1 - clipped))
        columns += [log_loss, (happened - clipped) ** 2, _ranking(happened, p)]
    return np.column_stack(columns)


def _assemble(sums) -> dict[str, np.ndarray]:
    """Metrics from the sums of `_ingredients`, one row per draw."""
    n, y, f, yy, ff, yf, deviance, mae, captured, *chance = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):  # of a few customers a resample may draw none
        joint, var_y, var_f = yf / n - y * f / n**2, yy / n - (y / n) ** 2, ff / n - (f / n) ** 2
        flat = var_f <= 1e-14 * np.maximum(ff / n, 1e-300)
        found = {
            "deviance": deviance / n,
            "rmse": np.sqrt(np.maximum(yy - 2 * yf + ff, 0.0) / n),
            "correlation": np.where((var_y > 0) & ~flat, joint / np.sqrt(var_y * var_f), np.nan),
            "calibration_slope": np.where(flat, np.nan, joint / var_f),
            "bias_pct": 100 * (f / y - 1),
            "mae": mae / n,
            "top_decile_capture": captured / y,
        }
        found |= dict(zip(("log_loss", "brier", "auc"), (total / n for total in chance), strict=False))
    return found


def metrics(y, f, p=None, weights=None) -> dict[str, np.ndarray]:
    """All metrics of one forecast, under each row of weights.

    Parameters
    ----------
    y : array
        What came: orders or money per customer.
    f : array
        What was expected.
    p : array, optional
        Probability of at least one order.
    weights : array of shape (draws, customers), optional
        Weight of each customer; one row of ones by default. Under other weights ``auc`` is linearised and
        ``top_decile_capture`` keeps the tenth of the unweighted data.

    Returns
    -------
    dict
        Metric to an array with a value per row of weights.

    Examples
    --------
    >>> y, f = np.array([0.0, 2.0, 1.0, 0.0]), np.array([0.5, 1.5, 1.0, 0.0])
    >>> found = metrics(y, f, p=f / 2)
    >>> round(float(found["rmse"][0]), 4), float(found["bias_pct"][0]), float(found["auc"][0])
    (0.3536, 0.0, 1.0)
    """
    y, f = np.asarray(y, float), np.asarray(f, float)
    table = _ingredients(y, f, None if p is None else np.asarray(p, float))
    return _assemble(np.ones((1, y.size)) @ table if weights is None else weights @ table)


@lru_cache(maxsize=2)  # the same for every model and question of a fold
def _draws(customers: int, bootstraps: int, seed: int) -> np.ndarray:
    """Poisson weights of the customers: the first row is the data themselves."""
    rng = np.random.default_rng(seed)
    return np.vstack([np.ones((1, customers)), rng.poisson(1.0, (bootstraps, customers))])


def _scored(
    fold: Fold, bootstraps: int, seed: int, kinds: tuple[str, ...] = ("orders", "spend")
) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    """Metrics of every (model, unit) of a fold: in the data, then in each resample, the same for all models."""
    y, spend = (fold.customers[name].to_numpy(float) for name in ("holdout_orders", "holdout_spend"))
    tables = {}
    for name in fold.orders:
        if "orders" in kinds:
            tables[name, "orders"] = _ingredients(y, fold.orders[name].to_numpy(), fold.p_order[name].to_numpy())
        if "spend" in kinds:
            tables[name, "spend"] = _ingredients(spend, fold.spend[name].to_numpy(), None)
    sums = _draws(len(y), bootstraps, seed) @ np.hstack(list(tables.values()))
    edges = np.cumsum([table.shape[1] for table in tables.values()])[:-1]
    return {key: _assemble(part) for key, part in zip(tables, np.split(sums, edges, axis=1), strict=True)}


def _rows(cutoff, found_by_key, level):
    for (name, unit), found in found_by_key.items():
        for metric in ORDER_METRICS if unit == "orders" else COMMON_METRICS:
            yield (cutoff, name, unit, metric, *_point_and_ends(found[metric], level))


def score_folds(folds: Iterable[Fold], *, level: float = 0.9, bootstraps: int = 200, seed: int = 0) -> pd.DataFrame:
    """Metrics of each model in each fold, with bootstrap intervals over customers; see `backtest`."""
    rows = [row for fold in folds for row in _rows(fold.cutoff, _scored(fold, bootstraps, seed), level)]
    return pd.DataFrame(rows, columns=COLUMNS)


def compare_folds(
    folds: Iterable[Fold], reference: str = "bg_nbd", *, level: float = 0.9, bootstraps: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Differences of each model's metrics to the reference's, with paired bootstrap intervals.

    Both forecasts are judged on the same resampled customers, so that what they have in common cancels.

    Returns
    -------
    pandas.DataFrame
        cutoff, model, unit, metric, value, low, high: model minus reference.
    """
    rows = []
    for fold in folds:
        scored = _scored(fold, bootstraps, seed)
        if (reference, "orders") not in scored:
            raise ValueError(f"the reference {reference!r} is not among the models of the folds.")
        apart = {
            (name, unit): {metric: values - scored[reference, unit][metric] for metric, values in found.items()}
            for (name, unit), found in scored.items()
            if name != reference
        }
        rows += _rows(fold.cutoff, apart, level)
    return pd.DataFrame(rows, columns=COLUMNS)


def _point_and_ends(values, level):
    drawn = values[1:][np.isfinite(values[1:])]
    if not drawn.size:
        return float(values[0]), np.nan, np.nan
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(values[0]), float(low), float(high)


def backtest_folds(
    purchases: Purchases, cutoffs: Iterable, horizon_days: int, models=None, **settings
) -> tuple[list[Fold], list[LeftOut]]:
    """Forecasts at each cutoff, and a sentence for each cutoff that had to be left out.

    Raises
    ------
    ValueError
        Where no cutoff is left.
    """
    folds, left_out = [], []
    for cutoff in with_progress(cutoffs, "cutoffs"):
        try:
            chosen = DEFAULT if models is None else models
            folds.append(forecast_fold(purchases, cutoff, horizon_days, chosen, **settings))
        except ValueError as error:
            if "there is no model named" in str(error):
                raise
            left_out.append(LeftOut.of(cutoff, error))
    if not folds:
        raise ValueError(str(left_out[0]) if left_out else "no cutoff was given; name at least one day.")
    return folds, left_out


def backtest(
    purchases: Purchases,
    cutoffs: Iterable,
    horizon_days: int,
    models=None,
    *,
    observation_end=None,
    time_unit: str = "week",
    level: float = 0.9,
    bootstraps: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Score every model's forecast on what came after past cutoffs.

    At each cutoff the models see the orders up to that day, last one included; everyone with a purchase occasion by
    then is forecast and judged, also who never came back. Nothing after the cutoff is used, for any choice.

    Never judge by ``mae``: a forecast of no orders at all wins it on sparse data. Use ``deviance`` (Poisson, per
    customer), ``rmse`` and ``correlation`` for how many, ``log_loss``, ``brier`` and ``auc`` for whether at all (P(at
    least one order)), ``bias_pct`` apart for the level, ``calibration_slope`` (regression of what came on the forecast;
    1 is right, below 1 too extreme) and ``top_decile_capture`` (share of what came that the best tenth brought).

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
    cutoffs : iterable of dates
    horizon_days : int
        Length of each hold-out.
    models : iterable of names or mapping from name to unfitted fitter, optional
        By default bg_nbd, mbg_nbd, pareto_nbd, regular_k2, combined, and the rules naive (own rate goes on), recency
        (a curve in the time since the last order) and last_period (as many as in the last period of that length).
        ``combined`` is .9 · mean(Pareto/NBD, MBG/CNBD-k) + .1 · NBD, with k chosen inside the calibration period, and
        from 5,000 repeat orders on a shape learnt there; ``fixed`` and ``shape`` ask for one of the two.
    observation_end : date, optional
        Last day observed; by default that of the last order.
    time_unit : {"day", "week", "month"}
    level : float
        Of the bootstrap intervals over customers.
    bootstraps : int
    seed : int

    Returns
    -------
    pandas.DataFrame
        One row per cutoff × model × unit (orders, spend) × metric: cutoff, model, unit, metric, value, low, high. A
        cutoff that cannot be used is left out and told in ``attrs["left_out"]``, one sentence each.

    Raises
    ------
    ValueError
        Where no cutoff can be used, naming the first.
    """
    folds, left_out = backtest_folds(
        purchases, cutoffs, horizon_days, models, observation_end=observation_end, time_unit=time_unit
    )
    table = score_folds(folds, level=level, bootstraps=bootstraps, seed=seed)
    table.attrs["left_out"] = left_out
    return table
