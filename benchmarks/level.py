"""How far a forecast of a total is off, learnt from simulated shops: the study behind regulars/clv/level.json.

    python benchmarks/level.py worlds 1400 worlds.csv     # forecasts of so many shops, and what came
    python benchmarks/level.py learn worlds.csv           # the table of the package, and what it covers

Each shop (`worlds.py`) is cut at a day, forecast by the package's own models and by scenarios of dropout in time, and
held against what came. What is learnt is tested on kinds of shops that were left out.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import worlds

from regulars.clv import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
from regulars.clv.combining import columns
from regulars.clv.nbd import NBDFitter
from regulars.clv.scenarios import YEARLY, TimedDropoutFitter
from regulars.clv.signs import read_signs
from regulars.clv.value import units
from regulars.purchases import Purchases, day_number

SEED = 20261122
MONTHS = 12


def forecasts(purchases: Purchases, cutoff, days: int, time_unit: str = "week") -> dict:
    """Totals by every model and scenario, what came, and the signs of the log."""
    table = purchases.split(cutoff, cutoff + pd.Timedelta(days=days), time_unit)
    history, horizon = columns(table), units(days=days, time_unit=time_unit)
    came = table["holdout_orders"].to_numpy(float)
    row = {"came": came.sum(), "active": (came > 0).sum(), "known": len(table)}
    fitted = {
        "bg": BetaGeoFitter(), "mbg": ModifiedBetaGeoFitter(), "pareto": ParetoNBDFitter(), "nbd": NBDFitter(),
    } | {f"d{yearly}": TimedDropoutFitter(yearly, time_unit) for yearly in YEARLY}  # fmt: skip
    for name, model in fitted.items():
        model.fit(*history)
        each = np.asarray(model.predict(horizon, *history), float)
        row[name] = each.sum()
        row[f"active_{name}"] = float(np.sum(model.probability_active(horizon, *history)))
    x, _, T = history
    row["naive"] = float((np.divide(x, T, out=np.zeros_like(x), where=T > 0) * horizon).sum())
    lately = min(days, int((cutoff - purchases.first).days))
    since = cutoff - pd.Timedelta(days=lately)
    before = purchases.between(since, cutoff)[purchases.known(cutoff)]
    new = purchases.first_days[purchases.known(cutoff)] > day_number(since)
    row["last"] = float(before.sum() - new.sum()) * days / lately  # repeat orders of as many days, carried on
    # months: what came, and the share of it that the mean of the models expects
    month = 365.25 / 12
    many = min(MONTHS, int(days / month))
    edges = [round(month * k) for k in range(many + 1)]
    known = purchases.known(cutoff)
    for k in range(1, many + 1):
        counted = purchases.between(cutoff + pd.Timedelta(days=edges[k - 1]), cutoff + pd.Timedelta(days=edges[k]))
        row[f"came_{k}"] = float(counted[known].sum())
        for name in ("pareto", "mbg", "d0.25", "d0.6"):
            row[f"{name}_{k}"] = float(
                np.sum(fitted[name].predict(units(days=edges[k], time_unit=time_unit), *history))
            )
    # money: spend per order expected, by frequency and own mean
    own = (x > 0) & (table["monetary_value"].to_numpy(float) > 0)
    model = GammaGammaFitter().fit(x[own], table["monetary_value"].to_numpy(float)[own])
    spend = np.asarray(model.conditional_expected_average_profit(
        np.where(own, x, 0), np.where(own, table["monetary_value"].fillna(0.0), 0.0)
    ))  # fmt: skip
    each = np.asarray(fitted["mbg"].predict(horizon, *history), float)
    row["spend_expected"] = float((each * spend).sum() / each.sum())
    row["spend_came"] = float(table["holdout_spend"].sum() / max(came.sum(), 1))
    return row | asdict(read_signs(purchases, cutoff, days, time_unit))


def simulate_worlds(many: int, path: Path, seed: int = SEED) -> None:
    """Forecast so many shops, kind after kind; those that cannot be forecast are left out."""
    found = []
    for number in range(many):
        rng = np.random.default_rng([seed, number])
        world = worlds.simulate(worlds.KINDS[number % len(worlds.KINDS)], rng, customers=int(rng.integers(500, 1500)))
        purchases = worlds.purchases_of(world, rng)
        cutoff = pd.Timestamp(worlds.START) + pd.Timedelta(days=world.history - 1)
        try:
            row = forecasts(purchases, cutoff, world.horizon)
        except ValueError:
            continue
        found.append({"world": number, "kind": world.kind, "age": world.age} | row)
        if number % 50 == 49 or number == many - 1:
            pd.DataFrame(found).to_csv(path, index=False)
            print(number + 1, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "worlds":
        simulate_worlds(int(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:]))
