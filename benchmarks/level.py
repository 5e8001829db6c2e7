"""How far a forecast of a total is off, learnt from simulated shops: the study behind regulars/clv/level_table.py.

    python benchmarks/level.py worlds 1400 worlds.csv     # forecasts of so many shops, and what came
    python benchmarks/level.py learn worlds.csv           # the table of the package, and what it covers
    python benchmarks/level.py surges 300 surges.csv      # what it covers where the pace rises or falls for years

Each shop (`worlds.py`) is cut at a day, forecast by the package's own models and by scenarios of dropout in time, and
held against what came. What is learnt is tested on kinds of shops that were left out.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import worlds
from scipy.optimize import minimize

from regulars.clv import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
from regulars.clv.active import active_ends, response
from regulars.clv.combining import columns
from regulars.clv.level import NAMES, applied, month_spread, terms
from regulars.clv.level_table import TABLE
from regulars.clv.nbd import NBDFitter
from regulars.clv.scenarios import YEARLY, TimedDropoutFitter
from regulars.clv.signs import Signs, read_signs, season_ahead
from regulars.clv.value import units
from regulars.purchases import Purchases, day_number
from regulars.settings import Certainty
from regulars.statistics.intervals import z_value

SEED = 20261122
FILE = Path(__file__).parents[1] / "src" / "regulars" / "clv" / "level_table.py"
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
    known, season = purchases.known(cutoff), season_ahead(purchases, cutoff, many, time_unit)
    for k in range(1, many + 1):
        counted = purchases.between(cutoff + pd.Timedelta(days=edges[k - 1]), cutoff + pd.Timedelta(days=edges[k]))
        row[f"came_{k}"] = float(counted[known].sum())
        row[f"season_{k}"] = float(season[k - 1])
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


def shop(number: int, seed: int = SEED, kinds: Sequence[str] = worlds.KINDS) -> tuple:
    """World, its purchases, and the last day known."""
    rng = np.random.default_rng([seed, number])
    world = worlds.simulate(kinds[number % len(kinds)], rng, customers=int(rng.integers(500, 1500)))
    purchases = worlds.purchases_of(world, rng)
    return world, purchases, pd.Timestamp(worlds.START) + pd.Timedelta(days=world.history - 1)


def simulate_worlds(many: int, path: Path, seed: int = SEED, kinds: Sequence[str] = worlds.KINDS) -> None:
    """Forecast so many shops, kind after kind; those that cannot be forecast are left out."""
    found = []
    for number in range(many):
        world, purchases, cutoff = shop(number, seed, kinds)
        try:
            row = forecasts(purchases, cutoff, world.horizon)
        except ValueError:
            continue
        found.append({"world": number, "kind": world.kind, "age": world.age} | row)
        if number % 50 == 49 or number == many - 1:
            pd.DataFrame(found).to_csv(path, index=False)
            print(number + 1, flush=True)


def read_signs_again(path: Path, seed: int = SEED) -> None:
    """Read the signs of the same shops anew, where their definition has changed."""
    table = pd.read_csv(path)
    rows = []
    for number in table["world"]:
        world, purchases, cutoff = shop(int(number), seed)
        rows.append(asdict(read_signs(purchases, cutoff, world.horizon)))
    signs = pd.DataFrame(rows, index=table.index)
    pd.concat([table.drop(columns=signs.columns, errors="ignore"), signs], axis=1).to_csv(path, index=False)


# ---- what is learnt ----

FREEDOM = 6.0  # of the t distribution of the logarithm of what came over what was told
DOUBT = 0.25  # spread that real logs ask for beyond that of simulated ones, where there is hardly any history
DRIFT = 0.04  # spread of what an order brings, from one year to the next
CHANCE = 2.0  # variance of a total of orders, in units of it
PARTS = np.arange(0.3, 1.51, 0.01)  # of the spread of orders, by which the hazard of ordering may be unsure


@dataclass(frozen=True)
class Shops:
    """Shops whose forecasts are judged."""

    table: pd.DataFrame
    terms: dict  # of their signs
    totals: np.ndarray  # of the models, and of each scenario
    came: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Shops":
        table = table[(table["came"] >= 20) & (table["repeats"] >= 50)].reset_index(drop=True).copy()
        table = table.assign(active_models=(table["active_pareto"] + table["active_mbg"]) / 2)
        signs = table[[one.name for one in fields(Signs)]]
        totals = np.column_stack([(table["pareto"] + table["mbg"]) / 2, *(table[f"d{yearly}"] for yearly in YEARLY)])
        return cls(table, terms(signs), totals, table["came"].to_numpy(float))

    def of_kind(self, kinds) -> "Shops":
        """Those of some kinds."""
        return Shops.of(self.table[self.table["kind"].isin(kinds)])

    def told(self, table: dict) -> tuple[np.ndarray, np.ndarray]:
        """Logarithm of the total that is told, and standard deviation of what comes around it."""
        weights, shift, spread = applied(table, self.terms)
        return np.log((weights * self.totals).sum(axis=1)) + shift, np.hypot(spread, np.sqrt(CHANCE / self.came))


def learn(shops: Shops, level: float = 0.9) -> dict:
    """Table of the package: maximum likelihood under a t distribution, its ends set so that they hold the level."""
    sizes = [len(NAMES[part]) for part in NAMES]
    ends = np.cumsum([*sizes, len(YEARLY) - 1, 1])

    def table_of(values) -> dict:
        pieces = np.split(values, ends[:-1])
        table = {
            part: dict(zip(names, piece.tolist(), strict=True))
            for (part, names), piece in zip(NAMES.items(), pieces, strict=False)
        }
        scenarios = [0.0, *pieces[3].tolist()]
        return table | {"scenarios": scenarios, "scenario_slope": float(pieces[4][0]), "doubt": 0.0}

    come = np.log(shops.came)

    def loss(values) -> float:
        told, spread = shops.told(table_of(values))
        apart = ((come - told) / spread) ** 2
        drawn = 1e-3 * (values[: sizes[0]] ** 2).sum() + 1e-3 * (values[ends[2] :] ** 2).sum()
        drawn += 2e-3 * (values[ends[1] + 1 : ends[2]] ** 2).sum()
        return float((np.log(spread) + (FREEDOM + 1) / 2 * np.log1p(apart / FREEDOM)).mean() + drawn)

    start = np.zeros(ends[-1])
    start[0], start[ends[1]] = -0.5, -1.6
    table = table_of(minimize(loss, start, method="BFGS").x)
    told, spread = shops.told(table)
    apart = (come - told) / spread
    down, up = np.quantile(apart, [(1 - level) / 2, (1 + level) / 2])
    table |= {"down": float(down), "up": float(up), "level": level, "doubt": DOUBT}
    held = [active_held(shops, table | {"active": part}).mean() for part in PARTS]
    return table | {"active": float(PARTS[min(np.searchsorted(held, level), len(PARTS) - 1)])}


def active_held(shops: Shops, table: dict) -> np.ndarray:
    """Whether the range of how many customers order held what came, shop by shop; as `regulars.clv.active` tells it."""
    weights, shift, spread = applied(table, shops.terms)
    names = ["active_models", *(f"active_d{yearly}" for yearly in YEARLY)]
    known = shops.table["known"].to_numpy(float)
    told = np.minimum((weights * shops.table[names].to_numpy()).sum(axis=1), 0.995 * known)
    told = told * response(told / known, shift)
    unseen = spread * (table["up"] - table["down"]) / 2 / z_value(table["level"])
    low, high = active_ends(
        told, told * (1 - told / known), known, Certainty(table["level"], unseen, 0, 0), part=table["active"]
    )
    return (shops.table["active"] >= low) & (shops.table["active"] <= high)


def held(shops: Shops, table: dict) -> pd.DataFrame:
    """Of each shop the ends of the interval of its total, as logarithms, and what came."""
    weights, shift, spread = applied(table, shops.terms)
    told = np.log((weights * shops.totals).sum(axis=1)) + shift
    reach = (table["up"] - table["down"]) / 2 * np.hypot(spread, np.sqrt(CHANCE / shops.came))
    return pd.DataFrame({"low": told - reach, "told": told, "high": told + reach, "came": np.log(shops.came)})


def today(shops: Shops, spread: float = 0.12) -> pd.DataFrame:
    """The same of the models alone with one spread for all logs."""
    told = np.log(shops.totals[:, 0])
    reach = 1.645 * np.hypot(spread, np.sqrt(CHANCE / shops.came))
    return pd.DataFrame({"low": told - reach, "told": told, "high": told + reach, "came": np.log(shops.came)})


def judged(found: pd.DataFrame, level: float = 0.9) -> dict:
    """Coverage, error, width and interval score of logarithms."""
    low, told, high, came = (found[name].to_numpy() for name in ("low", "told", "high", "came"))
    missed = np.maximum(low - came, 0) + np.maximum(came - high, 0)
    return {
        "n": len(found), "held": float(((came >= low) & (came <= high)).mean()), "too_high": float((came < low).mean()),
        "too_low": float((came > high).mean()), "bias": float((came - told).mean()),
        "error": float(np.sqrt(((came - told) ** 2).mean())), "width": float((high - low).mean()),
        "score": float((high - low + 2 / (1 - level) * missed).mean()),
    }  # fmt: skip


def other_measures(left: Shops, table: dict) -> dict:
    """Share held of revenue, active customers and single months, by the spread of orders and chance."""
    shops, many = left.table, (table["up"] - table["down"]) / 2
    weights, shift, spread = applied(table, left.terms)
    told = (weights * left.totals).sum(axis=1) * np.exp(shift)

    def share_held(told, came, chance, more=0.0) -> np.ndarray:
        return np.abs(np.log(np.maximum(came, 0.5) / told)) <= many * np.sqrt(spread**2 + chance + more**2)

    revenue = share_held(told * shops["spend_expected"], left.came * shops["spend_came"], 3.5 / left.came, DRIFT)
    every = range(1, MONTHS + 1)
    models, scenarios = (
        shops[[f"{first}_{month}" for month in every]].to_numpy()
        + shops[[f"{second}_{month}" for month in every]].to_numpy()
        for first, second in (("pareto", "mbg"), ("d0.25", "d0.6"))
    )
    until = (weights[:, [0]] * models + (1 - weights[:, [0]]) * scenarios) / 2 * np.exp(shift)[:, None]
    expected = np.diff(until, axis=1, prepend=0.0)
    came, season = (shops[[f"{name}_{month}" for month in every]].to_numpy() for name in ("came", "season"))
    index = np.exp(np.where(np.isnan(season), 0.0, season))
    expected = expected * index * (np.nansum(expected, axis=1) / np.nansum(expected * index, axis=1))[:, None]
    told = np.array([np.nanstd(row) if np.isfinite(row).any() else 0.0 for row in season])
    own = month_spread(shops["swings"].to_numpy(), told)[:, None]
    reach = many * np.sqrt(spread[:, None] ** 2 + 3 / np.maximum(expected, 1) + own**2)
    months = (np.abs(np.log(np.maximum(came, 0.5) / expected)) <= reach)[np.isfinite(came)]
    return {"revenue": revenue.mean(), "active": active_held(left, table).mean(), "months": months.mean()}


def write(table: dict) -> None:
    """The table as a module of the package."""
    lines = [
        '"""What simulated shops teach of the level of a forecast; written by benchmarks/level.py."""',
        "",
        "from typing import Any",
        "",
        "TABLE: dict[str, Any] = {",
    ]
    lines += [f"    {json.dumps(name)}: {json.dumps(value)}," for name, value in table.items()]
    FILE.write_text("\n".join([*lines, "}"]) + "\n", encoding="utf-8")
    subprocess.run(["ruff", "format", "-q", str(FILE)], check=True)


def report(path: Path) -> None:
    """Learn from all shops, write the table; say how it does on kinds that were left out."""
    shops = Shops.of(pd.read_csv(path))
    kinds = sorted(shops.table["kind"].unique())
    apart, rows, more = [], [], []
    for kind in kinds:
        table = learn(shops.of_kind([one for one in kinds if one != kind]))
        left = shops.of_kind([kind])
        apart.append(held(left, table).assign(history=left.table["history_days"]))
        more.append({"left out": kind, "n": len(left.table)} | other_measures(left, table))
        rows += [
            {"left out": kind, "ranges": "learnt"} | judged(apart[-1]),
            {"left out": kind, "ranges": "12 %"} | judged(today(left)),
        ]
    every = pd.concat(apart)
    rows += [
        {"left out": "each in turn", "ranges": "learnt"} | judged(every),
        {"left out": "", "ranges": "12 %"} | judged(today(shops)),
    ]
    for low, high in ((0, 365), (365, 730), (730, 2000)):
        part = every[(every["history"] > low) & (every["history"] <= high)]
        rows.append({"left out": f"history {low} to {high} days", "ranges": "learnt"} | judged(part))
    print(pd.DataFrame(rows).round(3).to_string(index=False))
    others = pd.DataFrame(more).set_index("left out").astype(float)
    others.loc["each in turn"] = others.mul(others["n"], axis=0).sum() / others["n"].sum()
    print(others.round(3).to_string())
    table = learn(shops)
    about = {
        "source": "benchmarks/level.py",
        "worlds": len(shops.table),
        "kinds": kinds,
        "held_left_out": judged(every)["held"],
    }
    digits = json.loads(json.dumps(about | table), parse_float=lambda text: float(f"{float(text):.6g}"))
    write(digits)


def surges(many: int, path: Path) -> None:
    """Forecast shops whose pace rises or falls for years, by the table of the package."""
    simulate_worlds(many, path, kinds=(worlds.SURGE,))
    shops = Shops.of(pd.read_csv(path))
    for name, ends in (("learnt", held(shops, TABLE)), ("12 %", today(shops))):
        for low, high in ((0, 365), (365, 730), (730, 2000)):
            days = shops.table["history_days"]
            told = judged(ends[(days > low) & (days <= high)])
            print(f"history {low} to {high} days, {name}:", {key: round(value, 3) for key, value in told.items()})


if __name__ == "__main__":
    if sys.argv[1] == "surges":
        surges(int(sys.argv[2]), Path(sys.argv[3]))
    if sys.argv[1] == "learn":
        report(Path(sys.argv[2]))
    if sys.argv[1] == "signs":
        read_signs_again(Path(sys.argv[2]), *map(int, sys.argv[3:]))
    if sys.argv[1] == "worlds":
        simulate_worlds(int(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:]))
