"""How far a forecast of a total may be off, and how many leave unseen: what many logs teach of one.

No model sees the level of the next year: seasons, prices, competitors, and customers who are out of season or gone. How
far it misses depends on what can be seen: the horizon over the history, full seasons, how much the pace of orders
swings and drifts, how the last part of the history was forecast from the part before.
`regulars.clv.level_table` says how; it was learnt on simulated shops of many kinds by ``benchmarks/level.py``, each of
which was forecast from a day of its past, and holds on kinds that were left out.
"""

from dataclasses import dataclass, replace
from math import fsum

import numpy as np
import pandas as pd

from regulars.clv.level_table import TABLE
from regulars.clv.scenarios import YEARLY
from regulars.clv.signs import YEAR, Signs, read_signs, season_ahead
from regulars.clv.value import DAYS_PER_MONTH
from regulars.finding import shows
from regulars.purchases import Purchases
from regulars.rounding import round_significant
from regulars.settings import Certainty
from regulars.statistics.intervals import z_value

SEASONS_DAYS = 730.0  # two seasons: from here on a history is not short
MOST = {"dropout": 1.0, "inner": 0.5, "lately": 0.5, "drift": 0.5, "swings": 0.6, "season": 0.7, "trend": 0.2}
DIGITS = 6  # of weights and logarithms: those behind differ from one processor to the next
OF_SWINGS = 0.45  # by which single months swing around what is told: left-out shops' months are held so
OF_BEYOND = 0.7  # by which a pace is doubted that has left the history's: ranges reach from its going on to its return
LEAST_WEIGHT = 0.02  # of all scenarios together, below which the models are told alone


NAMES = {  # what the table weighs: of the scenarios' weight, of the shift, of the spread
    "weight": ("one", "short", "ratio", "dropout", "often"),
    "shift": ("season", "trend"),
    "spread": (
        "one",
        "short",
        "ratio",
        "swings",
        "inner_size",
        "drift_size",
        "dropout",
        "swings_part",
        "no_year",
        "unseen",
    ),
}


def terms(signs: pd.DataFrame) -> dict[str, np.ndarray]:
    """What the table weighs, one row per log and one column per name of `NAMES`; and what lies beyond it.

    Parameters
    ----------
    signs : pandas.DataFrame
        Columns as `Signs`.

    Returns
    -------
    dict of numpy.ndarray

    Examples
    --------
    >>> signs = Signs(365, 365, 4000, 12000, 0.1, 0.0, 0.05, 0.0, float("nan"), 0.1, 0.0)
    >>> terms(pd.DataFrame([vars(signs)]))["weight"].tolist()
    [[1.0, 0.5, 0.0, 0.1, 1.0986122886681098]]
    """
    signs = signs.assign(trend=going_on(signs))
    seen = {name: signs[name].fillna(0.0).clip(-most, most) for name, most in MOST.items()}
    seen["dropout"] = seen["dropout"].clip(lower=0)
    seen |= {
        "one": pd.Series(1.0, signs.index),
        "short": 1 - (signs["history_days"] / SEASONS_DAYS).clip(upper=1),
        "ratio": np.log(signs["horizon_days"] / signs["history_days"]),
        "often": np.log((signs["repeats"] / signs["customers"]).clip(lower=0.2, upper=30)),
        "no_year": (signs["history_days"] < 365).astype(float),
        "swings_part": seen["swings"] * (1 - (signs["horizon_days"] / 365).clip(upper=1)),
        "unseen": (signs["history_days"] < 365) * (1 - (signs["horizon_days"] / 365).clip(upper=1)),
        "inner_size": seen["inner"].abs(),
        "drift_size": seen["drift"].abs(),
    }
    lately, trend = ((signs[name] - seen[name]).to_numpy(float) for name in ("lately", "trend"))
    beyond = np.where(np.abs(trend) > np.abs(lately), trend, lately)
    return {part: np.column_stack([seen[name] for name in names]) for part, names in NAMES.items()} | {"beyond": beyond}


def going_on(signs: pd.DataFrame) -> pd.Series:
    """Logarithm of what a trend of the pace will add over the horizon if it goes on; 0 where there may be none.

    A trend is one where the months, the last test and the last 90 days all say so; and in the first year nothing parts
    it from a season, from the second on more and more.

    Parameters
    ----------
    signs : pandas.DataFrame
        ``drift``, ``inner``, ``lately``, ``history_days``, ``horizon_days`` as `Signs` has them.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> rows = [[1095, 365, -0.5, -0.4, -0.3], [1095, 365, -0.5, 0.1, -0.3], [365, 365, -0.5, -0.4, -0.3]]
    >>> columns = ["history_days", "horizon_days", "drift", "inner", "lately"]
    >>> going_on(pd.DataFrame(rows, columns=columns)).abs().tolist()
    [0.5, 0.0, 0.0]
    """
    sides = np.sign(signs[["drift", "inner", "lately"]].to_numpy(float))
    agreed = np.abs(sides.sum(axis=1)) == sides.shape[1]
    sure = (signs["history_days"] / YEAR - 1).clip(0, 1)
    return agreed * sure * signs["drift"] * signs["horizon_days"] / YEAR


def applied(table: dict, found: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of the models' own forecast and of each scenario, shift, and spread without its multiples.

    To the spread is added what real shops do that simulated ones do not: the more, the shorter the history. A pace that
    has left that of the history by more than a factor of e^½ in the last days is followed for the rest, and doubted,
    and so is a trend that would add more than a factor of e^⅕: such a shop is dying, or another one than it was.

    Parameters
    ----------
    table : mapping
        As `regulars.clv.level_table.TABLE`.
    found : dict of numpy.ndarray
        As `terms` gives it.

    Returns
    -------
    (array of shape (logs, 1 + scenarios), array, array)
    """
    weight, shift, spread = (found[part] @ np.array([table[part][name] for name in NAMES[part]]) for part in NAMES)
    away = 1 / (1 + np.exp(-weight))
    base, dropout = np.array(table["scenarios"]), found["weight"][:, NAMES["weight"].index("dropout")]
    logits = base + table["scenario_slope"] * np.arange(len(base)) * dropout[:, None]
    each = np.exp(logits - logits.max(axis=1, keepdims=True))
    weights = np.column_stack([1 - away, away[:, None] * each / each.sum(axis=1, keepdims=True)])
    doubt = table["doubt"] * found["spread"][:, NAMES["spread"].index("short")]
    spread = np.sqrt(np.exp(2 * spread) + doubt**2 + (OF_BEYOND * found["beyond"]) ** 2)
    return weights, shift + found["beyond"], spread


def month_spread(swings, told) -> np.ndarray:
    """Standard deviation of the logarithm of a month's own level: of the swings what a season does not tell.

    Examples
    --------
    >>> [round(float(month_spread(swings, told)), 6) for swings, told in ((0.4, 0.0), (0.5, 0.3), (0.2, 0.3))]
    [0.18, 0.18, 0.0]
    """
    return OF_SWINGS * np.sqrt(np.maximum(np.minimum(swings, MOST["swings"]) ** 2 - np.asarray(told) ** 2, 0.0))


@shows
@dataclass(frozen=True)
class Level:
    """What is added to models where a log cannot show who leaves, and how far the total may be off.

    Parameters
    ----------
    models : float
        Weight of the models' own forecast.
    scenarios : dict
        Share who leave within a year to the weight of that scenario; empty where the models are told alone.
    shift : float
        Logarithm by which all are moved: by a season of last year, by a trend that may go on, and by a pace that has
        left the history's behind.
    spread : float
        Standard deviation of the logarithm of what comes over what is told, without chance.
    signs : Signs or None
        Of the log; None where nothing was read.
    season : tuple of float
        Logarithm of how each month ahead differs from their mean; empty where no season is told.
    """

    models: float = 1.0
    scenarios: dict[float, float] | None = None
    shift: float = 0.0
    spread: float = 0.12
    signs: Signs | None = None
    season: tuple[float, ...] = ()

    @property
    def month_spread(self) -> float:
        """Standard deviation of the logarithm of a month's own level: what is left of the swings without a season."""
        if self.signs is None:
            return 0.0
        return float(month_spread(self.signs.swings, np.std(self.season) if self.season else 0.0))

    @property
    def trend(self) -> float:
        """Logarithm by which a trend that may go on moves what is told."""
        if self.signs is None:
            return 0.0
        seen = pd.DataFrame([vars(self.signs)])
        told, without = (applied(TABLE, terms(one))[1][0] for one in (seen, seen.assign(drift=0.0)))
        return float(round_significant(told - without, DIGITS))

    @property
    def is_mixed(self) -> bool:
        """Whether scenarios of dropout decide with the models."""
        return bool(self.scenarios)

    @property
    def yearly(self) -> float:
        """Share of the customers who leave within a year, on average over the scenarios; NaN without any."""
        if not self.scenarios:
            return float("nan")
        return fsum(yearly * weight for yearly, weight in self.scenarios.items()) / fsum(self.scenarios.values())

    def certainty(self, certainty: Certainty) -> Certainty:
        """The same certainty with this spread."""
        return replace(certainty, level_uncertainty=self.spread)


def level_of(signs: Signs, uncertainty: float | str = "auto") -> Level:
    """What many logs teach of one with such signs.

    Parameters
    ----------
    signs : Signs
        Of the log.
    uncertainty : float or "auto"
        A number replaces the spread.

    Returns
    -------
    Level

    Examples
    --------
    >>> year = Signs(373, 365, 4000, 12000, 0.0, 1.2, 0.05, 0.0, float("nan"), 0.1, 0.0)
    >>> long = Signs(1460, 365, 4000, 12000, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    >>> short, calm = level_of(year), level_of(long)
    >>> short.is_mixed, short.spread > calm.spread
    (True, True)
    """
    table = TABLE
    weights, shift, spread = applied(TABLE, terms(pd.DataFrame([vars(signs)])))
    weights = round_significant(weights[0], DIGITS)
    mixed = weights[1:].sum() >= LEAST_WEIGHT
    told = float(round_significant(spread[0] * (table["up"] - table["down"]) / 2 / z_value(table["level"]), DIGITS))
    return Level(
        models=float(weights[0]) if mixed else 1.0,
        scenarios=dict(zip(YEARLY, weights[1:].tolist(), strict=True)) if mixed else None,
        shift=float(round_significant(shift[0], DIGITS)),
        spread=told if uncertainty == "auto" else float(uncertainty),
        signs=signs,
    )


def read_level(
    purchases: Purchases, day, horizon_days: int, *, uncertainty: float | str = "auto", time_unit: str = "week"
) -> Level:
    """What many logs teach of the forecast of one: scenarios, shift and spread.

    Parameters
    ----------
    purchases : Purchases
        What came after the day is not looked at.
    day : date
        Last day known.
    horizon_days : int
        To be forecast.
    uncertainty : float or "auto"
        A number replaces the spread that the signs of the log teach.
    time_unit : {"day", "week", "month"}
        In which the models count.

    Returns
    -------
    Level
        The models alone, where the log has no repeat orders to read.

    Examples
    --------
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> read_level(purchases, "2025-12-31", 365, uncertainty=0.2).spread
    0.2
    """
    try:
        level = level_of(read_signs(purchases, day, horizon_days, time_unit), uncertainty)
        season = season_ahead(purchases, day, round(horizon_days / DAYS_PER_MONTH), time_unit)
        return replace(level, season=tuple(season.tolist()) if season.any() else ())
    except ValueError:
        return Level(spread=Level.spread if uncertainty == "auto" else float(uncertainty))
