"""How accurate forecasts are on real logs, and what was told against what came: one run, the whole table.

    python benchmarks/accuracy.py [accuracy.svg]

Every model, combination and rule, and the forecast that is told, on each log and cutoff of `real_logs.TRIPLES`; then
each total with its range. Nothing was tuned to these logs but one number, `level.DOUBT`.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from real_logs import LOGS, TRIPLES, cdnow

from regulars.clv.backtesting import COMBINED, RULES, forecast_fold
from regulars.clv.fold_metrics import metrics_by_model, point_and_ends
from regulars.clv.headline import fold_totals
from regulars.clv.trust import with_told

MODELS = ("bg_nbd", "mbg_nbd", "pareto_nbd", "nbd", "fixed", COMBINED, *RULES)
METRICS = {
    "orders": ("bias_pct", "mae", "rmse", "correlation", "deviance", "auc", "log_loss"),
    "spend": ("bias_pct", "mae", "deviance"),
}
BOOTSTRAPS = 200
CUSTOMERS = 30_000


def fold_of(name: str, cutoff: str, days: int):
    """Forecasts of one log and cutoff, with what is told."""
    purchases = cdnow(sample=True) if name == "cdnow_sample" else LOGS[name]()
    days = min(days, (purchases.last - pd.Timestamp(cutoff)).days)
    part = purchases.sample(CUSTOMERS)
    return with_told(forecast_fold(part, cutoff, days, MODELS, uncertainty="auto"), COMBINED), days


def scores(name: str, cutoff: str, fold) -> pd.DataFrame:
    """Metrics of every forecast, and by how much each differs from BG/NBD beyond noise (paired)."""
    found, rows = metrics_by_model(fold, BOOTSTRAPS, 0), []
    for model in fold.orders:
        row = {"log": name, "from": cutoff, "forecast": model}
        for unit, metrics in METRICS.items():
            for metric in metrics:
                values = found[model, unit][metric]
                row[f"{metric}" if unit == "orders" else f"money {metric}"] = float(values[0])
        _, low, high = point_and_ends(found[model, "orders"]["deviance"] - found["bg_nbd", "orders"]["deviance"], 0.9)
        row["against BG/NBD"] = "better" if high < 0 else "worse" if low > 0 else ""
        best = [found[one, "orders"]["deviance"] for one in MODELS if one not in ("fixed", COMBINED)]
        best = min(best, key=lambda values: values[0])
        _, low, high = point_and_ends(found[model, "orders"]["deviance"] - best, 0.9)
        row["against the best single"] = "better" if high < 0 else "worse" if low > 0 else ""
        rows.append(row)
    return pd.DataFrame(rows)


def main(picture: Path | None) -> None:
    """Print both tables; draw what was told against what came."""
    told, tables = [], []
    for name, cutoff, days in [*TRIPLES[:1], ("cdnow_sample", "1997-09-30", 273), *TRIPLES[1:]]:
        fold, days = fold_of(name, cutoff, days)
        tables.append(scores(name, cutoff, fold))
        total = fold_totals([fold], COMBINED, days).iloc[0]
        told.append(
            {"log": name, "from": cutoff, "days": days}
            | total[["low", "expected", "high", "came", "miss", "verdict"]].to_dict()
        )
    pd.set_option("display.width", 250)
    print(pd.concat(tables).round(3).to_string(index=False))
    table = pd.DataFrame(told)
    print(table.round(3).to_string(index=False))
    if picture:
        picture.write_text(drawn(table), encoding="utf-8")


def drawn(table: pd.DataFrame) -> str:
    """Told, with its range, over what came, one row per log and cutoff; as SVG."""
    width, left, step, top = 720, 260, 26, 34
    ratio = table[["low", "expected", "high"]].div(table["came"], axis=0)
    edge = float(np.ceil(np.log2(max(ratio["high"].max(), 1 / ratio["low"].min())) * 2) / 2)

    def x(value: float) -> float:
        return left + (width - left - 20) * (np.log2(value) + edge) / (2 * edge)

    height = top + step * len(table) + 40
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="13">',
        "<title>What was told of the orders to come, over what came</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for mark in (0.5, 0.7, 1.0, 1.4, 2.0):
        if abs(np.log2(mark)) <= edge:
            stroke = "#555" if mark == 1 else "#ddd"
            lines.append(f'<path d="M{x(mark):.1f} {top - 6}V{height - 34}" stroke="{stroke}"/>')
            lines.append(f'<text x="{x(mark):.1f}" y="{height - 16}" text-anchor="middle" fill="#555">{mark:g}</text>')
    lines.append(
        f'<text x="{x(1):.1f}" y="16" text-anchor="middle" fill="#555">told, with its 90 % range, over what came</text>'
    )
    for number, row in table.iterrows():
        y = top + step * number + 10
        low, told, high = (x(row[name] / row["came"]) for name in ("low", "expected", "high"))
        lines.append(f'<text x="8" y="{y + 4}">{row["log"]} from {row["from"]}, {row["days"]} days</text>')
        lines.append(f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="#0072b2" stroke-width="3"/>')
        lines.append(f'<circle cx="{told:.1f}" cy="{y}" r="5" fill="#0072b2"/>')
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
