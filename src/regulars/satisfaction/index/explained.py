"""What the page tells of the satisfaction index: how high it is, what drives it, in money, and how it was measured."""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import Finding
from regulars.satisfaction.index.index import SatisfactionIndex, satisfaction_index
from regulars.satisfaction.index.structure import survey_model
from regulars.satisfaction.index.worth import driver_worth
from regulars.satisfaction.survey.answers import scores_by_item
from regulars.satisfaction.survey.waves import latest
from regulars.statistics.intervals import Estimate, from_row

# share of draws in which a driver is first, from which it is called the first: of two with the same effect one or the
# other passes 0.96 in 9 simulations of 100 (0.90: in 19, 0.95: in 11), of more drivers in fewer
SURE = 0.96
LEAST_AVE, LEAST_RELIABILITY, MOST_HTMT = 0.5, 0.7, 0.9  # usual bounds of sound measurement
QUESTIONS = 8  # shown on the page


class Explained(NamedTuple):
    """The index and the findings made of it.

    Parameters
    ----------
    satisfied, why, measured : Finding
        Sections *How satisfied?*, *Why?*, *How was this measured?*; verdict ``short`` where there is no index.
    index : SatisfactionIndex or None
    """

    satisfied: Finding
    why: Finding
    measured: Finding
    index: SatisfactionIndex | None


def explain(
    surveys: pd.DataFrame,
    survey_items: pd.DataFrame,
    model,
    construct: str = "satisfaction",
    *,
    scheme: str = "centroid",
    draws: int = 200,
    level: float = 0.9,
    min_answers: int = 30,
    seed: int = 0,
) -> Explained:
    """Measure the index and tell of it; what cannot be measured is told in one sentence.

    Parameters
    ----------
    surveys, survey_items : pandas.DataFrame
        The clean tables.
    model : str or mapping
        As of `regulars.satisfaction.survey_model`.
    construct, scheme, draws, level, min_answers, seed
        As of `regulars.satisfaction.satisfaction_index`.
    """
    settings = {"scheme": scheme, "draws": draws, "level": level, "min_answers": min_answers, "seed": seed}
    try:
        resolved = survey_model(model, survey_items)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the page says it
            answers = scores_by_item(surveys)
            index = satisfaction_index(answers, resolved, survey_items, construct, **settings)
    except UserError as error:
        return Explained(Finding("short", {"why": str(error)}), Finding("short"), Finding("short"), None)
    words = survey_items.drop_duplicates("item").set_index("item")["wording"].str.rstrip(".")
    return Explained(
        _satisfied(index, construct, words),
        _why(index, words),
        _measured(index, construct, words),
        index,
    )


def with_index(waves: pd.DataFrame, told: Explained) -> pd.DataFrame:
    """Waves of `survey_waves` with the index as their satisfaction; as they are where there is no index.

    Parameters
    ----------
    waves : pandas.DataFrame
    told : Explained
    """
    if told.index is None:
        return waves
    own = waves["measure"] == "satisfaction"
    index = told.index.by_wave.set_index("wave")
    rows = waves[own].copy()
    for column in index:
        rows[column] = rows["wave"].map(index[column]).astype(rows[column].dtype)
    return pd.concat([rows, waves[~own]], ignore_index=True)


def driver_to_fix(told: Explained) -> dict:
    """The driver to work on and the question to begin with, for the action: facts of *Why?*; empty where unknown."""
    return {name: told.why.facts[name] for name in ("driver", "question", "effect", "room") if name in told.why.facts}


def levers_told(told: Explained, worth: Finding, level: float = 0.9, seed: int = 0) -> Finding:
    """What one point more of each driver is worth: driver → index → purchase rate and dropout → lifetime value.

    Parameters
    ----------
    told : Explained
    worth : Finding
        Of `regulars.satisfaction.worth_finding`, whose fact ``point`` is the value of one point of satisfaction.
    level : float
    seed : int
        Of the draws behind intervals and ranks.

    Returns
    -------
    Finding
        Verdict ``told``, ``noise`` (the value of a point cannot be told from nothing) or ``short``.
    """
    point = worth.facts.get("point")
    if told.index is None or point is None or told.index.effects.empty:
        return Finding("short")
    effects = told.index.effects
    table = driver_worth(effects, point, level, seed=seed)
    ends = effects.set_index("driver")[["performance_low", "performance_high"]]
    table = table.join(ends, on="driver")
    table["left"] = (table["worth"] * (100 - table["performance"])).clip(lower=0)
    first = table.iloc[0]
    facts = {
        "driver": str(first["driver"]),
        "each": from_row(first, "worth"),
        "chance": float(first["rank_first"]),
        "point": point,
        "months": worth.facts["months"],
    }
    return Finding("told" if point.low > 0 else "noise", facts, {"map": table})


def _satisfied(index: SatisfactionIndex, construct: str, words: pd.Series) -> Finding:
    table = index.performance.sort_values(["performance", "construct"], ignore_index=True)
    others = table[table["construct"] != construct]
    own = index.weights[index.weights["construct"] == construct]
    heaviest = own.loc[own["share"].idxmax()]
    low, high = others.iloc[0], others.iloc[-1]
    facts = {
        "now": index.value,
        "lowest": str(low["construct"]),
        "low": from_row(low, "performance"),
        "highest": str(high["construct"]),
        "high": from_row(high, "performance"),
        "questions": len(own),
        "heaviest": str(words[heaviest["item"]]),
        "share": float(heaviest["share"]),
        "equal": index.equal,
    }
    verdict = "told" if index.is_interpretable else "negative"
    return Finding(verdict, facts, {"constructs": table.iloc[::-1].reset_index(drop=True)})


def _why(index: SatisfactionIndex, words: pd.Series) -> Finding:
    effects = index.effects
    if effects.empty:
        return Finding("short")
    first = effects.iloc[0]
    items = index.item_effects.assign(wording=index.item_effects["item"].map(words))
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
    verdict = "clear" if first["rank_first"] >= SURE else "close"
    return Finding(verdict, facts, {"map": effects, "questions": items.head(QUESTIONS)})


def _measured(index: SatisfactionIndex, construct: str, words: pd.Series) -> Finding:
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
    weights = index.weights.assign(wording=index.weights["item"].map(words))
    own = weights["construct"] == construct
    weights = pd.concat([weights[own], weights[~own]], ignore_index=True)
    negative = weights.loc[weights["weight"] < 0, "wording"]
    facts = {"constructs": len(quality), "weak": len(weak), "respondents": index.model.n}
    if len(negative):
        return Finding("negative", facts | {"item": str(negative.iloc[0])}, {"quality": quality, "weights": weights})
    return Finding("doubtful" if len(weak) else "sound", facts, {"quality": quality, "weights": weights})


def first_screen(told: Explained, waves: pd.DataFrame, worth: Finding) -> Finding:
    """What the page answers first: the index, its change, the driver to fix, and the value at stake.

    Parameters
    ----------
    told : Explained
    waves : pandas.DataFrame
        Of `with_index`.
    worth : Finding
        Of `regulars.satisfaction.worth_finding`.

    Returns
    -------
    Finding
        Verdict a `regulars.labels.Change`, or ``unexplained`` where there is no driver to name.
    """
    now, before, change, _ = latest(waves, "satisfaction")
    facts = {"now": now, "before": before, "at_risk": worth.facts.get("at_risk", Estimate(float("nan")))}
    if told.why.verdict == "short":
        return Finding("unexplained", facts)
    names = ("driver", "question", "effect", "chance")
    return Finding(change, facts | {name: told.why.facts[name] for name in names})
