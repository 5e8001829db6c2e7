"""The backtest as a table to read: one row per model, one column per metric."""

import numpy as np
import pandas as pd

from regulars.clv.backtesting import Fold
from regulars.clv.fold_metrics import RANKED_DECIMALS

METRICS = ("bias_pct", "deviance", "correlation", "auc", "top_decile_capture")
MONEY_METRICS = ("bias_pct", "mae", "deviance", "correlation", "top_decile_capture")
DECILES = 10


def scorecard(scores: pd.DataFrame, unit: str = "orders", metrics=METRICS) -> pd.DataFrame:
    """One cutoff's scores, a row per model.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `regulars.clv.backtest` gives them, of one cutoff.
    unit : {"orders", "spend"}
        Whether orders or money were forecast.
    metrics : sequence of str
        Which, in this order.

    Returns
    -------
    pandas.DataFrame
        model, and per metric its value and the ends of its interval (``<metric>_low``, ``<metric>_high``); bias_pct
        becomes ``bias``, a share.

    Examples
    --------
    >>> scores = pd.DataFrame({"model": ["naive"], "unit": ["orders"], "metric": ["auc"], "value": [0.6],
    ...                        "low": [0.5], "high": [0.7]})
    >>> scorecard(scores, metrics=["auc"]).to_dict("records")
    [{'model': 'naive', 'auc': 0.6, 'auc_low': 0.5, 'auc_high': 0.7}]
    """
    chosen = scores[(scores["unit"] == unit) & scores["metric"].isin(metrics)]
    models = chosen["model"].unique()
    wide = chosen.set_index(["model", "metric"])[["value", "low", "high"]]
    table = pd.DataFrame({"model": models})
    for metric in metrics:
        scale = 100.0 if metric == "bias_pct" else 1.0
        for end, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
            found = wide[end].xs(metric, level="metric").reindex(models) / scale
            table[metric.removesuffix("_pct") + suffix] = found.to_numpy()
    return table


def by_decile(fold: Fold, model: str) -> pd.DataFrame:
    """What was forecast and what came, orders and money, of customers in ten groups by their forecast.

    Parameters
    ----------
    fold : Fold
        As `regulars.clv.backtesting.forecast_fold` gives it.
    model : str
        Whose forecast.

    Returns
    -------
    pandas.DataFrame
        tenth (1: the lowest forecasts), n, expected, came (orders), money_expected, money_came (currency); groups are
        of about equal size, equal forecasts stay together.

    Examples
    --------
    >>> came = pd.DataFrame({"holdout_orders": [0, 1, 2, 4], "holdout_spend": [0.0, 10.0, 20.0, 50.0]})
    >>> told = pd.DataFrame({"naive": [0.5, 1.0, 1.5, 4.0]})
    >>> table = by_decile(Fold(pd.Timestamp("2025-01-01"), came, told, told, told * 10, None), "naive")
    >>> table[["tenth", "expected", "came"]].to_numpy().tolist()
    [[3.0, 0.5, 0.0], [5.0, 1.0, 1.0], [8.0, 1.5, 2.0], [10.0, 4.0, 4.0]]
    """
    expected = fold.orders[model].round(RANKED_DECIMALS)
    tenth = np.ceil(expected.rank(method="max") / len(expected) * DECILES - 1e-9).astype(int)
    table = pd.DataFrame(
        {
            "tenth": tenth,
            "expected": fold.orders[model],
            "came": fold.customers["holdout_orders"].astype(float),
            "money_expected": fold.spend[model],
            "money_came": fold.customers["holdout_spend"].astype(float),
        }
    )
    return table.groupby("tenth").agg(
        n=("came", "size"), **{name: (name, "sum") for name in table.columns[1:]}
    ).reset_index()  # fmt: skip
