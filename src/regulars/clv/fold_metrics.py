"""Forecasts against what came: the metrics of each model at each cutoff, with intervals over customers."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pandas as pd

from regulars.clv.backtesting import Fold, backtest_folds
from regulars.clv.combining import poisson_deviance
from regulars.purchases import Purchases

RANKED_DECIMALS = 11  # of probabilities, orders and money, by which customers are ranked
COMMON_METRICS = ("deviance", "rmse", "correlation", "calibration_slope", "bias_pct", "mae", "top_decile_capture")
COLUMNS = ["cutoff", "model", "unit", "metric", "value", "low", "high"]
ORDER_METRICS = (*COMMON_METRICS, "log_loss", "auc", "brier")


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


def metrics_by_model(
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
            yield (cutoff, name, unit, metric, *point_and_ends(found[metric], level))


def score_folds(folds: Iterable[Fold], *, level: float = 0.9, bootstraps: int = 200, seed: int = 0) -> pd.DataFrame:
    """Metrics of each model in each fold, with bootstrap intervals over customers.

    Parameters
    ----------
    folds : iterable of Fold
        As `regulars.clv.backtesting.backtest_folds` gives them.
    level : float
        Of the intervals.
    bootstraps : int
        Resamples of the customers.
    seed : int
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        One row per fold, model, unit and metric, as `backtest` has them.
    """
    rows = [row for fold in folds for row in _rows(fold.cutoff, metrics_by_model(fold, bootstraps, seed), level)]
    return pd.DataFrame(rows, columns=COLUMNS)


def compare_folds(
    folds: Iterable[Fold], reference: str = "bg_nbd", *, level: float = 0.9, bootstraps: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Differences of each model's metrics to the reference's, with paired bootstrap intervals.

    Both forecasts are judged on the same resampled customers, so that what they have in common cancels.

    Parameters
    ----------
    folds : iterable of Fold
        As `regulars.clv.backtesting.backtest_folds` gives them.
    reference : str
        Name of the model that the others are held against.
    level : float
        Of the intervals.
    bootstraps : int
        Resamples of the customers.
    seed : int
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        cutoff, model, unit, metric, value, low, high: model minus reference.
    """
    rows = []
    for fold in folds:
        scored = metrics_by_model(fold, bootstraps, seed)
        if (reference, "orders") not in scored:
            raise ValueError(f"the reference {reference!r} is not among the models of the folds.")
        apart = {
            (name, unit): {metric: values - scored[reference, unit][metric] for metric, values in found.items()}
            for (name, unit), found in scored.items()
            if name != reference
        }
        rows += _rows(fold.cutoff, apart, level)
    return pd.DataFrame(rows, columns=COLUMNS)


def point_and_ends(values, level):
    drawn = values[1:][np.isfinite(values[1:])]
    if not drawn.size:
        return float(values[0]), np.nan, np.nan
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(values[0]), float(low), float(high)


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
        Of all customers to be judged.
    cutoffs : iterable of dates
        Last days that the models see.
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
        Of recency and T, in which the models are fitted.
    level : float
        Of the bootstrap intervals over customers.
    bootstraps : int
        Resamples of the customers.
    seed : int
        Of what is drawn.

    Returns
    -------
    pandas.DataFrame
        One row per cutoff × model × unit (orders, spend) × metric: cutoff, model, unit, metric, value, low, high. A
        cutoff that cannot be used is left out and told in ``attrs["left_out"]``, one sentence each.

    Raises
    ------
    ValueError
        Where no cutoff can be used, naming the first.

    Examples
    --------
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> scores = backtest(purchases, ["2025-09-30"], 90, ["bg_nbd", "naive"], bootstraps=20)
    >>> scores[(scores["metric"] == "bias_pct") & (scores["unit"] == "orders")][["model", "value"]].round()
         model  value
    4   bg_nbd    8.0
    21   naive   75.0
    """
    folds, left_out = backtest_folds(
        purchases, cutoffs, horizon_days, models, observation_end=observation_end, time_unit=time_unit
    )
    table = score_folds(folds, level=level, bootstraps=bootstraps, seed=seed)
    table.attrs["left_out"] = left_out
    return table
