"""What the satisfaction index tells: how high it is, what drives it, what that is worth, and how it was measured."""

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from regulars.errors import UntoldError
from regulars.finding import Finding, Refusal, Remark, tells
from regulars.labels import Change, SatisfactionLevel
from regulars.satisfaction.index.index import SatisfactionIndex
from regulars.satisfaction.index.worth import ValueLost, driver_worth
from regulars.settings import Economics, SatisfactionSettings
from regulars.statistics.intervals import Estimate, change, from_row, z_value

MOST_TIMES = 10.0  # as large: an effect whose interval goes further is not told

# share of draws in which a driver is first, from which it is called the first: of two with the same effect one or the
# other passes 0.96 in 9 simulations of 100 (0.90: in 19, 0.95: in 11), of more drivers in fewer
SURE = 0.96
LEAST_AVE, LEAST_RELIABILITY, MOST_HTMT = 0.5, 0.7, 0.9  # usual bounds of sound measurement
QUESTIONS = 8  # shown on the page
NO_ARROW = "No arrow of the model leads to satisfaction: add one (satisfaction.model in params.yaml)."


class IndexVerdict(StrEnum):
    """Which part is lowest, if the index can be interpreted.

    Close: the lowest and the next are too close to call. Negative: one of the index's questions counts negatively.
    """

    TOLD = "told"
    CLOSE = "close"
    NEGATIVE = "negative"


class WhyVerdict(StrEnum):
    """Whether the driver with the largest effect is surely the first."""

    CLEAR = "clear"
    CLOSE = "close"


class MeasuredVerdict(StrEnum):
    """How well the model measures its parts; doubtful: some less well than is usual."""

    SOUND = "sound"
    DOUBTFUL = "doubtful"
    NEGATIVE = "negative"


class LeversVerdict(StrEnum):
    """Whether the value of a point can be told from nothing."""

    TOLD = "told"
    NOISE = "noise"


def with_index(waves: pd.DataFrame, index: SatisfactionIndex | Refusal) -> pd.DataFrame:
    """Waves with the index as their satisfaction; as they are where there is no index.

    Parameters
    ----------
    waves : pandas.DataFrame
        Of `regulars.satisfaction.survey_waves`.
    index : SatisfactionIndex or Refusal
        Of `measure_index`, or of `satisfaction_index`.

    Returns
    -------
    pandas.DataFrame
        The same columns.
    """
    if isinstance(index, Refusal):
        return waves
    own, by_wave = waves["measure"] == "satisfaction", index.by_wave.set_index("wave")
    rows = waves[own].copy()
    for column in by_wave:
        rows[column] = rows["wave"].map(by_wave[column]).astype(rows[column].dtype)
    return pd.concat([rows, waves[~own]], ignore_index=True)


@tells
def tell_satisfied(index: SatisfactionIndex) -> Finding:
    """How satisfied customers are, and with which side of us least and most.

    Parameters
    ----------
    index : SatisfactionIndex
        Of `measure_index`, or of `satisfaction_index`.

    Returns
    -------
    Finding
        Verdict an `IndexVerdict`; frame ``constructs``.
    """
    table = index.performance.sort_values(["performance", "construct"], ignore_index=True)
    others = table[table["construct"] != index.construct]
    own = index.weights[index.weights["construct"] == index.construct]
    heaviest = own.loc[own["share"].idxmax()]
    low, high = (from_row(others.iloc[place], "performance") for place in (0, -1))
    facts = {
        "now": index.value,
        "lowest": str(others["construct"].iloc[0]),
        "low": low,
        "highest": str(others["construct"].iloc[-1]),
        "high": high,
        "questions": len(own),
        "heaviest": str(index.wordings[heaviest["item"]]),
        "share": float(heaviest["share"]),
        "equal": index.equal,
    }
    verdict = IndexVerdict.TOLD if index.is_interpretable else IndexVerdict.NEGATIVE
    after = from_row(others.iloc[min(1, len(others) - 1)], "performance")
    if verdict == IndexVerdict.TOLD and len(others) > 1 and change(after, low) != Change.UP:
        verdict = IndexVerdict.CLOSE
        facts |= {"next": str(others["construct"].iloc[1]), "next_low": after}
    return Finding(verdict, facts, {"constructs": table.iloc[::-1].reset_index(drop=True)})


@tells
def tell_why(index: SatisfactionIndex) -> Finding:
    """What moves satisfaction most, and the question to begin with.

    Parameters
    ----------
    index : SatisfactionIndex
        Of `measure_index`, or of `satisfaction_index`.

    Returns
    -------
    Finding
        Verdict a `WhyVerdict`; frames ``map`` and ``questions``.

    Raises
    ------
    UntoldError
        Where no arrow leads to satisfaction (told as a finding).
    """
    effects = index.effects
    if effects.empty:
        raise UntoldError(NO_ARROW)
    first = effects.iloc[0]
    items = index.item_effects.assign(wording=index.item_effects["item"].map(index.wordings))
    question = items[items["driver"] == first["driver"]].iloc[0]
    facts = {
        "driver": str(first["driver"]),
        "effect": from_row(first, "effect"),
        "level_now": from_row(first, "performance"),
        "chance": float(first["rank_first"]),
        "question": str(question["wording"]),
        "room": from_row(question, "room"),
        "explained": float(index.effects["share"].sum()),
    }
    verdict = WhyVerdict.CLEAR if first["rank_first"] >= SURE else WhyVerdict.CLOSE
    return Finding(verdict, facts, {"map": effects, "questions": items.head(QUESTIONS)})


@tells
def tell_measured(index: SatisfactionIndex) -> Finding:
    """How well the path model measures its parts, and the rule by which questions are weighed.

    Parameters
    ----------
    index : SatisfactionIndex
        Of `measure_index`, or of `satisfaction_index`.

    Returns
    -------
    Finding
        Verdict a `MeasuredVerdict`; frames ``quality`` and ``weights``.
    """
    quality = index.model.quality.reset_index(names="construct").astype({"construct": "string"})
    quality["r_squared"] = quality["construct"].map(index.model.r_squared).astype(float)
    ratios = index.model.htmt.to_numpy(copy=True)
    np.fill_diagonal(ratios, -np.inf)
    quality["htmt"] = ratios.max(axis=1)
    several = quality[quality["items"] > 1]
    weak = several[
        (several["ave"] < LEAST_AVE)
        | (several["composite_reliability"] < LEAST_RELIABILITY)
        | (several["htmt"] > MOST_HTMT)
    ]
    weights = index.weights.assign(wording=index.weights["item"].map(index.wordings))
    own = weights["construct"] == index.construct
    weights = pd.concat([weights[own], weights[~own]], ignore_index=True)
    negative = weights.loc[weights["weight"] < 0, "wording"]
    facts: dict[str, object] = {"constructs": len(quality), "weak": len(weak), "respondents": index.model.n}
    verdict = MeasuredVerdict.DOUBTFUL if len(weak) else MeasuredVerdict.SOUND
    if len(negative):
        verdict, facts = MeasuredVerdict.NEGATIVE, facts | {"item": str(negative.iloc[0])}
    flat = index.flat.idxmax()
    undrawn: dict[str, Any] = {"item": str(index.wordings[flat]), "share": float(index.flat[flat])}
    remarks = [Remark("flat", undrawn)] if undrawn["share"] > 0 else []
    return Finding(verdict, facts, {"quality": quality, "weights": weights}, remarks=remarks)


@tells
def tell_worth(lost: ValueLost, economics: Economics, settings: SatisfactionSettings) -> Finding:
    """What satisfaction is worth over the horizon, and on which assumptions that rests.

    Parameters
    ----------
    lost : ValueLost
        Of `regulars.satisfaction.index.value_lost_to_dissatisfaction`.
    economics : Economics
        By which it was reckoned.
    settings : SatisfactionSettings
        Its ``dissatisfied_below``.

    Returns
    -------
    Finding
        Verdict a `WorthVerdict`; frames ``value`` and ``assumptions``.
    """
    effects, worth = lost.effects.set_index("effect"), lost.by_satisfaction.set_index("position")
    facts = {
        "at_risk": lost.at_risk,
        "share": lost.dissatisfied_share,
        "below": settings.dissatisfied_below,
        "point": lost.point_value,
        "low": from_row(worth.loc[-1], "value"),
        "high": from_row(worth.loc[1], "value"),
        "faster": _factor(effects.loc["rate"]),
        "leaving": _factor(effects.loc["dropout"]),
        "months": economics.horizon_months,
        "margin": economics.margin,
        "discount": economics.annual_discount_rate,
        "reliability": lost.reliability,
        "left": lost.answer_if_left,
        "chance": lost.asymmetry["p_value"],
    }
    more = {f"{name}_pct": np.expm1(lost.sensitivity[name]) for name in ("rate", "dropout")}
    positions = [level.value for level in SatisfactionLevel]
    frames = {"value": lost.by_satisfaction.assign(position=positions), "assumptions": lost.sensitivity.assign(**more)}
    return Finding(lost.verdict, facts, frames)


def _factor(row) -> Estimate:
    """exp(γ) − 1: by what share purchase rate or dropout is higher, one SD of satisfaction up."""
    told = Estimate.of((np.expm1(row[c]) for c in ("value", "value_low", "value_high")), int(row["n"]))
    return told if told.high <= MOST_TIMES else Estimate(float("nan"), n=told.n)  # nothing is known of it


@tells
def tell_levers(
    index: SatisfactionIndex, lost: ValueLost, economics: Economics, settings: SatisfactionSettings
) -> Finding:
    """What one point more of each driver is worth: driver → index → purchase rate and dropout → lifetime value.

    Parameters
    ----------
    index : SatisfactionIndex
        Of `measure_index`, or of `satisfaction_index`.
    lost : ValueLost
        Its ``point_value`` is the value of one point of satisfaction.
    economics : Economics
        By which it was reckoned.
    settings : SatisfactionSettings
        Its ``seed``, of the draws behind intervals.

    Returns
    -------
    Finding
        Verdict a `LeversVerdict`; frame ``map``.

    Raises
    ------
    UntoldError
        Where no arrow leads to satisfaction (told as a finding).
    """
    point, effects = lost.point_value, index.effects
    if effects.empty:
        raise UntoldError(NO_ARROW)
    table = driver_worth(effects, point, level=settings.interval_level, seed=settings.seed)
    table = table.join(effects.set_index("driver")[["performance_low", "performance_high"]], on="driver")
    table["room"] = table["left"].clip(lower=0)
    first = table.iloc[0]
    facts = {
        "driver": str(first["driver"]),
        "each": from_row(first, "worth"),
        "chance": float(first["rank_first"]),
        "point": point,
        "positive": float(norm.cdf(z_value(settings.interval_level) * 2 * point.value / (point.high - point.low))),
        "months": economics.horizon_months,
    }
    return Finding(LeversVerdict.TOLD if point.low > 0 else LeversVerdict.NOISE, facts, {"map": table})
