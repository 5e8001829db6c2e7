"""The backtest as a table to read: one row per model, one column per metric."""

import pandas as pd

METRICS = ("bias_pct", "deviance", "correlation", "auc", "top_decile_capture")


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
