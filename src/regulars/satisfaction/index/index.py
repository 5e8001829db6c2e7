"""Customer satisfaction index in the manner of ACSI and ECSI: from 0 to 100, with its weights, interval and change."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from regulars.errors import UserError
from regulars.finding import shows
from regulars.labels import Change
from regulars.satisfaction.index.drivers import lmg_of
from regulars.satisfaction.index.pls import (
    PathModel,
    answer_table,
    as_possible,
    fit,
    path_model,
    respondents_in,
    treated,
)
from regulars.satisfaction.index.structure import Structure, structure_of
from regulars.satisfaction.survey.indices import SCALE, latest_of
from regulars.statistics.intervals import Estimate, from_row

FLAT = 1e-9  # of an item's variance, that counts as none
ROWS_AT_ONCE = 4096  # of answers, whose products are held in memory


@shows
@dataclass(frozen=True)
class SatisfactionIndex:
    """An index with what it rests on.

    Parameters
    ----------
    value : Estimate
        Index, 0 to 100, of the latest wave with enough answers; of the latest of all where none has.
    before, change : Estimate
        Of the wave before that one and the difference to it (points); NaN without one.
    verdict : Change
        Whether the change is more than noise.
    by_wave : pandas.DataFrame
        ``wave``, ``n``, ``value``, ``low``, ``high``, ``enough``, ``difference``, ``difference_low``,
        ``difference_high``, ``change``.
    weights : pandas.DataFrame
        The rule: ``construct``, ``item``, ``weight`` (of the standardised item), ``share`` (of the item's raw score in
        its construct's index, 1 in all), ``loading``.
    performance : pandas.DataFrame
        All constructs, latest wave: ``construct``, ``performance`` (0–100) with limits, ``n``.
    effects : pandas.DataFrame
        Of constructs from which a path leads to satisfaction: ``driver``, ``effect`` (points of the index per point of
        the driver, both 0–100, over all paths) with limits, ``performance`` with limits, ``share`` (Shapley value of
        R², of those with an arrow to satisfaction) with limits, ``rank_first`` (probability that its effect is
        largest), ``n``.
    item_effects : pandas.DataFrame
        The same item by item of the drivers: ``driver``, ``item``, ``effect``, ``performance``, ``room`` (points of the
        index won if the item were at 100) with limits, ``rank_first`` (probability that its room is largest), ``n``.
    equal : float
        Index of the latest wave if all its items weighed the same.
    model : PathModel
        On all waves together.
    remarks : tuple
        As of `PathModel`.
    is_interpretable : bool
        False where an item of the index has a negative weight.
    construct : str
        Whose index it is.
    wordings : pandas.Series
        Question by item, without its full stop; the item's name where it has none.
    flat : pandas.Series
        By item, share of the draws in which all answered it alike: such draws tell nothing and are left out.
    """

    value: Estimate
    before: Estimate
    change: Estimate
    verdict: Change
    by_wave: pd.DataFrame
    weights: pd.DataFrame
    performance: pd.DataFrame
    effects: pd.DataFrame
    item_effects: pd.DataFrame
    equal: float
    model: PathModel
    remarks: tuple
    is_interpretable: bool
    construct: str
    wordings: pd.Series
    flat: pd.Series


def satisfaction_index(
    answers: pd.DataFrame,
    model: Mapping,
    survey_items: pd.DataFrame,
    construct: str = "satisfaction",
    *,
    scheme: str = "centroid",
    weighting: str = "path",
    draws: int = 400,
    level: float = 0.9,
    min_answers: int = 30,
    seed: int = 0,
) -> SatisfactionIndex:
    """Satisfaction from 0 to 100 by a path model, with bootstrap intervals, wave by wave.

    Index = 100 (Σ s x̄ − Σ s min) / Σ s (max − min), where s are the weights of the items' raw scores: path-model weight
    over standard deviation, brought to sum 1. All answers at the lowest end give 0, at the highest 100. Weights are
    those of all waves together, so that a change is one of answers and not of weights.

    Parameters
    ----------
    answers : pandas.DataFrame
        Respondents × items. An index level ``wave`` tells waves apart; a level ``respondent`` tells who answered twice:
        a respondent is drawn with all that he answered.
    model : mapping
        Constructs with their items, and paths, as `regulars.satisfaction.index.survey_model` gives them.
    survey_items : pandas.DataFrame
        ``item``, ``scale_min``, ``scale_max`` and, where known, ``wording``.
    construct : str
        Whose index it is.
    scheme : {"centroid", "factorial", "path"}
        Inner weights of the path model; they differ little.
    weighting : {"path", "equal"}
        Equal: all items of a construct weigh the same. The rule moves the index by a point or more.
    draws : int
        Of the bootstrap.
    level : float
        Of the intervals.
    min_answers : int
        A wave with fewer is not compared.
    seed : int
        Of all that is drawn at random.

    Returns
    -------
    SatisfactionIndex

    Raises
    ------
    UserError
        As `path_model`, and where an item has no scale or an answer lies outside it.

    Warns
    -----
    UserWarning
        Where an item of the construct has a negative weight: the index is not interpretable.

    References
    ----------
    Fornell, C. et al. (1996), J. Marketing 60(4), 7-18 (the index). Efron, B. and Tibshirani, R. (1993), An
    Introduction to the Bootstrap, ch. 6 and 12 (standard errors, Student's interval). Ringle, C. M. and Sarstedt, M.
    (2016), Industrial Management & Data Systems 116, 1865-1886 (importance and performance).

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> answers = pd.DataFrame(np.clip(np.round(7 + rng.normal(size=(80, 1)) + rng.normal(size=(80, 4))), 1, 10),
    ...                        columns=["q1", "q2", "s1", "s2"])
    >>> model = {"constructs": {"quality": ["q1", "q2"], "satisfaction": ["s1", "s2"]},
    ...          "paths": [["quality", "satisfaction"]]}
    >>> items = pd.DataFrame({"item": list(answers), "scale_min": 1, "scale_max": 10})
    >>> told = satisfaction_index(answers, model, items, draws=50)
    >>> told.value.low < told.value.value < told.value.high, round(float(told.weights["share"].sum()), 6)
    (True, 2.0)
    """
    structure = structure_of(model)
    goal = structure.place(construct)
    table = answer_table(answers, structure)
    low, high = _scales(table, structure, survey_items)
    fitted = path_model(answers, model, scheme)
    waves, names = _level(answers, "wave")
    sample = _Resampled(table, waves, _level(answers, "respondent")[0], n_waves=len(names), draws=draws, seed=seed)
    counts = np.array([respondents_in(table[waves == wave]) for wave in range(len(names))])
    now = latest_of(counts >= min_answers)
    runs = _Runs(sample, structure, scheme=scheme, weighting=weighting, low=low, high=high, goal=goal, now=now)
    interval = _Interval(level, sample.clusters)
    by_wave = _by_wave(runs, names, counts, interval=interval, min_answers=min_answers)
    last = by_wave.iloc[now]
    found = [Estimate.of((row[end] for end in ("value", "low", "high")), int(row["n"])) for row in
             by_wave.iloc[max(now - 1, 0) : now + 1].to_dict("records")]  # fmt: skip
    nothing = Estimate(float("nan"))
    before = found[0] if len(found) > 1 else nothing
    change = from_row(last, "difference")
    weights = _weights(fitted, runs, structure)
    negative = weights[(weights["construct"] == construct) & (weights["share"] < 0)]
    if len(negative):
        warnings.warn(
            f"Item '{negative['item'].iloc[0]}' has a negative weight in '{construct}': the index is not "
            "interpretable; turn its scale round or leave it out.",
            stacklevel=2,
        )
    return SatisfactionIndex(
        found[-1],
        before,
        change if len(found) > 1 else nothing,
        Change(last["change"]) if isinstance(last["change"], str) else Change.UNKNOWN,
        by_wave,
        weights,
        _performance(runs, structure, interval, int(counts[now])),
        _effects(runs, structure, interval, respondents_in(table)),
        _item_effects(runs, structure, interval, respondents_in(table)),
        runs.equal,
        fitted,
        fitted.remarks,
        negative.empty,
        construct,
        _wordings(survey_items),
        pd.Series(runs.flat, list(structure.items)),
    )


def _wordings(survey_items: pd.DataFrame) -> pd.Series:
    items = survey_items.drop_duplicates("item").set_index("item")
    if "wording" not in items:
        return items.index.to_series()
    return items["wording"].str.rstrip(".")


# ---- drawing respondents anew ------------------------------------------------------------------------------------


class _Resampled:
    """Means by wave and covariances of the answers as they are (first) and of respondents drawn anew."""

    def __init__(self, table: np.ndarray, waves: np.ndarray, who: np.ndarray, *, n_waves: int, draws: int, seed: int):
        rng = np.random.default_rng(seed)
        self.clusters = int(who.max()) + 1
        counts = np.ones((draws + 1, self.clusters), dtype=np.uint8)
        for draw in range(1, draws + 1):
            counts[draw] = np.bincount(rng.integers(0, self.clusters, self.clusters), minlength=self.clusters)
        told = ~np.isnan(table)
        self.centre = np.nanmean(table, axis=0)
        centred = np.where(told, table - self.centre, 0.0)
        size, upper = table.shape[1], np.triu_indices(table.shape[1])
        gaps = not told.all()
        sums = np.zeros((n_waves, draws + 1, size))
        numbers = np.zeros_like(sums)
        products = np.zeros((draws + 1, len(upper[0])))
        pairs = np.zeros_like(products)
        for wave in range(n_waves):
            rows = np.flatnonzero(waves == wave)
            for start in range(0, len(rows), ROWS_AT_ONCE):
                part = rows[start : start + ROWS_AT_ONCE]
                times, x, m = counts[:, who[part]].astype(float), centred[part], told[part].astype(float)
                sums[wave] += times @ x
                products += times @ (x[:, upper[0]] * x[:, upper[1]])
                numbers[wave] += times @ m if gaps else times.sum(axis=1)[:, None]
                if gaps:
                    pairs += times @ (m[:, upper[0]] * m[:, upper[1]])
        with np.errstate(invalid="ignore", divide="ignore"):
            self.means = sums / numbers + self.centre
        total, number = sums.sum(axis=0), numbers.sum(axis=0)
        mean = total / np.maximum(number, 1.0)
        count = np.maximum(_square(pairs, size), 1.0) if gaps else number[:, :1, None]
        # with gaps, those who answered both items are taken to have the means of all who answered each; as the scores
        # are centred this is exact for the estimate, and of order 1/n for the draws
        self.covariance = _square(products, size) / count - mean[:, :, None] * mean[:, None, :]
        if gaps:
            self.covariance = as_possible(self.covariance)


def _square(upper: np.ndarray, size: int) -> np.ndarray:
    matrices = np.empty((len(upper), size, size))
    row, column = np.triu_indices(size)
    matrices[:, row, column] = upper
    matrices[:, column, row] = upper
    return matrices


class _Runs:
    """The model of every draw, in the units of the index; draws × …, the first that of the answers as they are."""

    def __init__(
        self, sample: _Resampled, structure: Structure, *, scheme: str, weighting: str, low, high, goal: int, now: int
    ):
        if weighting not in ("path", "equal"):
            raise UserError(f"The weighting '{weighting}' is unknown: name path or equal.")
        variance = np.diagonal(sample.covariance, axis1=1, axis2=2)
        flat = variance <= FLAT * variance[0]
        kept = ~flat.any(axis=1)  # of respondents who all answered a question alike no model can be drawn
        self.flat = flat.mean(axis=0)
        spread, means = np.sqrt(variance[kept]), sample.means[:, kept]
        self.fitted = fit(treated(sample.covariance[kept], True), structure, scheme)
        raw = self.fitted.weights / spread
        by_construct = np.eye(len(structure.constructs))[structure.owner]  # items × constructs
        used = raw if weighting == "path" else np.ones_like(raw)
        self.shares = used / (used @ by_construct)[:, structure.owner]
        ranges = (self.shares * (high - low)) @ by_construct
        self.points = 100 * self.shares * (high - low) / ranges[:, structure.owner]  # of the construct per item at 100
        self.items = 100 * (means - low) / (high - low)  # waves × draws × items
        self.constructs = (self.items * (self.points / 100)) @ by_construct  # waves × draws × constructs
        # points of each construct's index in one standard deviation of its score
        unit = 100 / ((raw * (high - low)) @ by_construct)
        own = structure.blocks[goal]
        self.equal = 100 * float((means[now, 0] - low)[own].sum() / (high - low)[own].sum())
        self.goal, self.structure, self.now = goal, structure, now
        self.totals = self.fitted.totals()
        self.effects = self.totals[:, :, goal] * unit[:, goal, None] / unit


@dataclass(frozen=True)
class _Interval:
    """Student's interval with the bootstrap's standard error."""

    level: float
    n: int

    def of(self, draws: np.ndarray) -> tuple[float, float]:
        """Ends around the first of the draws, which is the estimate.

        Parameters
        ----------
        draws : numpy.ndarray
            The estimate, and then that of each draw.

        Returns
        -------
        tuple[float, float]
        """
        drawn = draws[1:][np.isfinite(draws[1:])]
        if self.n < 2 or len(drawn) < 2:
            return float("nan"), float("nan")
        reach = stdtrit(self.n - 1, (1 + self.level) / 2) * drawn.std(ddof=1) * np.sqrt(self.n / (self.n - 1))
        return float(draws[0] - reach), float(draws[0] + reach)


# ---- tables ------------------------------------------------------------------------------------------------------


def _level(answers: pd.DataFrame, name: str) -> tuple[np.ndarray, list]:
    """Code of each row by a level of the index, and its values; without it all rows are of one wave, each by itself."""
    if name in (answers.index.names or []):
        codes, names = pd.factorize(answers.index.get_level_values(name), sort=True)
        return codes, list(names)
    return (np.arange(len(answers)), []) if name == "respondent" else (np.zeros(len(answers), int), [""])


def _scales(table: np.ndarray, structure: Structure, survey_items: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    known = survey_items.drop_duplicates("item").set_index("item")
    for item in structure.items:
        if item not in known.index:
            raise UserError(f"Table survey_items, column item: '{item}' of the model is not there; add it, with scale.")
    low, high = (known.loc[list(structure.items), end].to_numpy(float) for end in ("scale_min", "scale_max"))
    outside = (table < low) | (table > high)
    if outside.any():
        row, place = np.argwhere(outside)[0]
        raise UserError(
            f"An answer of {table[row, place]:g} to item '{structure.items[place]}' is outside its scale "
            f"{low[place]:g} to {high[place]:g}: mend the answer or the scale."
        )
    return low, high


def _by_wave(runs: _Runs, names: list, counts: np.ndarray, *, interval: _Interval, min_answers: int) -> pd.DataFrame:
    values = runs.constructs[:, :, runs.goal]
    rows: list[dict] = []
    for place, name in enumerate(names):
        low, high = interval.of(values[place])
        enough = bool(counts[place] >= min_answers)
        row = {"wave": str(name), "n": int(counts[place]), "value": float(values[place, 0])}
        row |= dict(zip(("low", "high"), np.clip((low, high), *SCALE).tolist(), strict=True)) | {"enough": enough}
        gap = (float("nan"),) * 3
        if place and enough and rows[-1]["enough"]:
            drawn = values[place] - values[place - 1]
            gap = (float(drawn[0]), *interval.of(drawn))
        row |= dict(zip(("difference", "difference_low", "difference_high"), gap, strict=True))
        row["change"] = None if np.isnan(gap[1]) else _change(*gap[1:]).value
        rows.append(row)
    return pd.DataFrame(rows).astype({"wave": "string", "change": "string"})


def _change(low: float, high: float) -> Change:
    """Of the interval of a difference whose two ends are of the same respondents."""
    return Change.UP if low > 0 else Change.DOWN if high < 0 else Change.UNCLEAR


def _weights(fitted: PathModel, runs: _Runs, structure: Structure) -> pd.DataFrame:
    table = fitted.weights.reset_index()
    return table.assign(share=runs.shares[0], loading=fitted.loadings.to_numpy())


def _ends(name: str, draws: np.ndarray, interval: _Interval, scale=(-np.inf, np.inf)) -> dict:
    low, high = np.clip(interval.of(draws), *scale).tolist()
    return {name: float(draws[0]), f"{name}_low": low, f"{name}_high": high}


def _performance(runs: _Runs, structure: Structure, interval: _Interval, n: int) -> pd.DataFrame:
    rows = [
        {"construct": name} | _ends("performance", runs.constructs[runs.now][:, place], interval, SCALE) | {"n": n}
        for place, name in enumerate(structure.constructs)
    ]
    return pd.DataFrame(rows).astype({"construct": "string"})


def _first(draws: np.ndarray) -> np.ndarray:
    """Share of draws in which each column is the largest; of all draws but the first."""
    if not draws.size:
        return np.zeros(draws.shape[1])
    best = draws[1:].argmax(axis=1)
    return np.bincount(best, minlength=draws.shape[1]) / max(len(best), 1)


def _effects(runs: _Runs, structure: Structure, interval: _Interval, n: int) -> pd.DataFrame:
    drivers = np.flatnonzero(structure.reach[:, runs.goal])
    first = _first(runs.effects[:, drivers])
    direct = structure.sources[runs.goal]
    shares = lmg_of(runs.fitted.correlations, runs.goal, direct)
    rows = []
    for place, driver in enumerate(drivers):
        row = {"driver": structure.constructs[driver]} | _ends("effect", runs.effects[:, driver], interval)
        row |= _ends("performance", runs.constructs[runs.now][:, driver], interval, SCALE)
        at = np.flatnonzero(direct == driver)
        row |= _ends("share", shares[:, at[0]], interval) if at.size else {}
        row |= {"rank_first": float(first[place]), "n": n}
        rows.append(row)
    columns = ["driver", "effect", "effect_low", "effect_high", "performance", "performance_low", "performance_high"]
    columns += ["share", "share_low", "share_high", "rank_first", "n"]
    table = pd.DataFrame(rows, columns=columns).astype({"driver": "string", "share": float})
    return table.sort_values(["effect", "driver"], ascending=[False, True], ignore_index=True)


def _item_effects(runs: _Runs, structure: Structure, interval: _Interval, n: int) -> pd.DataFrame:
    items = np.flatnonzero(structure.reach[structure.owner, runs.goal])
    effect = runs.effects[:, structure.owner[items]] * runs.points[:, items] / 100
    level = runs.items[runs.now][:, items]
    room = effect * (100 - level)
    first = _first(room)
    rows = [
        {"driver": structure.constructs[structure.owner[item]], "item": structure.items[item]}
        | _ends("effect", effect[:, place], interval)
        | _ends("performance", level[:, place], interval, SCALE)
        | _ends("room", room[:, place], interval)
        | {"rank_first": float(first[place]), "n": n}
        for place, item in enumerate(items)
    ]
    names = [f"{name}{end}" for name in ("effect", "performance", "room") for end in ("", "_low", "_high")]
    table = pd.DataFrame(rows, columns=["driver", "item", *names, "rank_first", "n"])
    table = table.astype({"driver": "string", "item": "string"})
    return table.sort_values(["room", "item"], ascending=[False, True], ignore_index=True)
