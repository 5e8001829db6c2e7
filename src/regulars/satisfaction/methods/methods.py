"""Satisfaction measured four ways on the same answers: how groups rank, how far the ways agree, which one foretells."""

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from regulars.finding import Finding, shows, tells
from regulars.purchases import Purchases
from regulars.satisfaction.methods.components import component_scores, principal_components
from regulars.satisfaction.methods.fuzzy import fuzzy_evaluation, memberships
from regulars.satisfaction.methods.hierarchy import Agreement, kendall_w
from regulars.satisfaction.methods.ordered import ordered_logit
from regulars.satisfaction.methods.repurchase import Foretold, folds_of, foretell, repurchases
from regulars.satisfaction.survey.answers import among
from regulars.satisfaction.survey.indices import mean, top_box
from regulars.satisfaction.survey.raking import Raked, rake, weighted_share
from regulars.satisfaction.survey.wide import factor_scores, overall_answers
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import Estimate, from_row, z_value

METHODS = ("survey", "fuzzy", "components", "ordered_logit")
RANK_DRAWS = 2000
LEAST_RANKED = 3  # groups: two are in the same order half the time by chance


class Design(NamedTuple):
    """What is measured with what.

    Parameters
    ----------
    weights : pandas.Series
        Weight of each factor (a construct of ``survey_items``) in the fuzzy evaluation.
    overall_item : str
        The answer whose top boxes the survey score counts and which the ordered logit explains.
    top_boxes : int
    operator : str
        Of `regulars.satisfaction.methods.fuzzy_evaluation`.
    """

    weights: pd.Series
    overall_item: str = "overall"
    top_boxes: int = 2
    operator: str = "product_sum"


def respondent_scores(
    answers: pd.DataFrame, survey_items: pd.DataFrame, design: Design, learnt_from: pd.Series | None = None
) -> pd.DataFrame:
    """Score of each respondent under each of the four methods.

    Parameters
    ----------
    answers : pandas.DataFrame
        As `wide_answers` gives them.
    survey_items : pandas.DataFrame
        Clean table: ``item``, ``construct``, ``scale_min``, ``scale_max``.
    design : Design
        Which factors weigh how much, and what is the overall question.
    learnt_from : pandas.Series of bool, optional
        Respondents from whom components and the ordered logit are learnt; all without it.

    Returns
    -------
    pandas.DataFrame
        ``survey`` (whether the overall answer is a top box, 0 or 1), ``fuzzy`` (weighted mean of the factors, which is
        the evaluation of a single respondent under M(·,+), 0–100), ``components`` and ``ordered_logit`` (both
        standardised units), on the index of `answers`.
    """
    learnt = pd.Series(True, index=answers.index) if learnt_from is None else learnt_from
    factors = factor_scores(answers, survey_items, list(design.weights.index))
    items = _items_of(survey_items, design)
    overall = overall_answers(answers, design.overall_item)
    weights = design.weights / design.weights.sum()
    known = factors.notna() * weights
    components = principal_components(answers.loc[learnt, items])
    logit = ordered_logit(overall[learnt].round(6), factors[learnt])
    return pd.DataFrame(
        {
            "survey": _top(overall, survey_items, design).astype("Float64").astype("float64"),
            "fuzzy": (factors * weights).sum(axis=1, min_count=1) / known.sum(axis=1),
            "components": component_scores(components, answers),
            "ordered_logit": logit.index_of(factors),
        },
        index=answers.index,
    )


def _items_of(survey_items, design) -> list[str]:
    return survey_items.loc[survey_items["construct"].isin(design.weights.index), "item"].tolist()


def _top(overall, survey_items, design) -> pd.Series:
    ends = survey_items.drop_duplicates("item").set_index("item").loc[design.overall_item]
    low, high = float(ends["scale_min"]), float(ends["scale_max"])
    return top_box((overall / 100 * (high - low) + low).round(6), high, design.top_boxes)


class Ranks(NamedTuple):
    """How the four methods rank groups.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per group, the best by the survey first: ``group``, ``n``; per method its value (``survey`` …) with
        ``_low``, ``_high`` and ``rank_<method>`` (1: most satisfied) with ``_low``, ``_high``.
    agreement : Agreement
        Kendall's W of the four rankings.
    correlations : pandas.DataFrame
        One row per pair: ``first``, ``second``, ``correlation`` (Spearman) with limits, ``n`` (groups).
    """

    table: pd.DataFrame
    agreement: Agreement
    correlations: pd.DataFrame


@shows
class FourWays(NamedTuple):
    """What the four methods make of all respondents, and of the groups.

    Parameters
    ----------
    groups : dict of Ranks
        By the name of the grouping.
    operators : pandas.DataFrame
        Fuzzy evaluation of all: one row per ``operator``, memberships by grade, ``chosen``.
    disagree : bool
        Whether the four operators choose different grades.
    raked : Raked
    kept, kept_by_share : int
        Components by parallel analysis and by the rule of 85 %.
    """

    groups: dict[str, Ranks]
    operators: pd.DataFrame
    disagree: bool
    raked: Raked
    kept: int
    kept_by_share: int


def four_ways(
    answers: pd.DataFrame,
    survey_items: pd.DataFrame,
    groups: Mapping[str, pd.Series],
    cells: pd.DataFrame,
    *,
    design: Design,
    level: float = 0.9,
    min_answers: int = 30,
    seed: int = 0,
) -> FourWays:
    """Rank groups of customers by four methods of measuring satisfaction.

    Parameters
    ----------
    answers : pandas.DataFrame
        As `wide_answers` gives them, one row per customer; anonymous ones belong to no group and are left out.
    survey_items : pandas.DataFrame
        Clean table: ``item``, ``construct``, ``scale_min``, ``scale_max``.
    groups : mapping
        Name of a grouping (segment, branch …) to the group of each customer, by customer_id.
    cells : pandas.DataFrame
        Margins of all customers by customer_id (`rfm_cells`): what non-response is weighted by.
    design : Design
        Which factors weigh how much, and what is the overall question.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    min_answers : int
        Groups with fewer answers are left out of ranks.
    seed : int
        Of the draws behind the intervals of ranks.

    Returns
    -------
    FourWays

    Raises
    ------
    UserError
        Where answers do not allow one of the methods; the sentence says why.

    References
    ----------
    Bonett, D. G. and Wright, T. A. (2000), Psychometrika 65, 23-28 (intervals of Spearman's correlation).
    """
    answers = answers.dropna(subset=["customer_id"]).set_index("customer_id", drop=False)
    answers = answers[among(answers.index, cells.index)]
    raked = rake(cells, answers.index)
    scores = respondent_scores(answers, survey_items, design)
    factors = factor_scores(answers, survey_items, list(design.weights.index))
    ranked = {
        name: _ranks(scores, raked, of.reindex(answers.index), level=level, min_answers=min_answers, seed=seed)
        for name, of in groups.items()
    }
    whole = fuzzy_evaluation(
        design.weights, memberships(factors, sample_weights=raked.weights.reindex(factors.index)), design.operator
    )
    operators = whole.memberships.rename_axis("operator").reset_index().assign(chosen=whole.chosen.to_numpy())
    parts = principal_components(answers[_items_of(survey_items, design)])
    return FourWays(ranked, operators, whole.disagree, raked, parts.kept, parts.kept_by_share)


def _ranks(scores: pd.DataFrame, raked: Raked, group: pd.Series, *, level, min_answers, seed) -> Ranks:
    rows = []
    for name in sorted(group.dropna().unique()):
        here = group == name
        if here.sum() < min_answers:
            continue
        told = {method: mean(scores.loc[here, method], level) for method in METHODS[1:]}
        told["survey"] = weighted_share(scores.loc[here, "survey"], raked.weights, level)
        rows.append({"group": name, "n": int(here.sum()), **_spread(told)})
    ends = [f"{method}{end}" for method in METHODS for end in ("", "_low", "_high")]
    table = _ranked(pd.DataFrame(rows, columns=["group", "n", *ends]), level, seed)
    agreement = kendall_w(table[[f"rank_{method}" for method in METHODS]].to_numpy(float).T)
    return Ranks(table, agreement, _correlations(table, level))


def _spread(told: Mapping[str, Estimate]) -> dict:
    ends: dict[str, float] = {}
    for method in METHODS:
        ends |= {method: told[method].value, f"{method}_low": told[method].low, f"{method}_high": told[method].high}
    return ends


def _ranked(table: pd.DataFrame, level: float, seed: int) -> pd.DataFrame:
    """Ranks of the groups with intervals: how they move when each value moves within its error."""
    rng = np.random.default_rng(seed)
    for method in METHODS:
        value = table[method].to_numpy(float)
        error = (table[f"{method}_high"] - table[f"{method}_low"]).to_numpy(float) / (2 * z_value(level))
        draws = rng.normal(value, error, (RANK_DRAWS, len(value)))
        places = rankdata(-draws, axis=1) if len(value) else draws
        table[f"rank_{method}"] = rankdata(-value)
        ends = np.quantile(places, [(1 - level) / 2, (1 + level) / 2], axis=0) if len(value) else np.empty((2, 0))
        table[f"rank_{method}_low"], table[f"rank_{method}_high"] = ends
    return table.sort_values(["rank_survey", "group"], kind="stable", ignore_index=True)


def _correlations(ranks: pd.DataFrame, level: float) -> pd.DataFrame:
    rows = []
    for first, second in combinations(METHODS, 2):
        found = rank_correlation(ranks[first], ranks[second], level)
        rows.append((first, second, found.value, found.low, found.high, found.n))
    return pd.DataFrame(rows, columns=["first", "second", "correlation", "correlation_low", "correlation_high", "n"])


def rank_correlation(x, y, level: float = 0.9) -> Estimate:
    """Spearman's rank correlation with the interval of Bonett and Wright; no interval with fewer than 4 pairs.

    Parameters
    ----------
    x : sequence of float
        One value per object.
    y : sequence of float
        The other, in the same order.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> found = rank_correlation([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5])
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.943, 0.552, 0.994)
    """
    n = len(x)
    if n < 2:
        return Estimate(float("nan"), n=n)
    value = round(float(spearmanr(x, y).statistic), 12)
    if n < 4 or np.isnan(value):
        return Estimate(value, n=n)
    centre = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    reach = z_value(level) * np.sqrt((1 + value**2 / 2) / (n - 3))
    low, high = (value, value) if abs(value) == 1 else np.tanh([centre - reach, centre + reach])
    return Estimate(value, float(low), float(high), n)


def out_of_sample_scores(
    answers: pd.DataFrame, survey_items: pd.DataFrame, design: Design, *, folds: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Scores of customers under the four methods, each learnt from other customers only.

    Parameters
    ----------
    answers : pandas.DataFrame
        As `wide_answers` gives them, one row per customer.
    survey_items : pandas.DataFrame
        Clean table: ``item``, ``construct``, ``scale_min``, ``scale_max``.
    design : Design
        Which factors weigh how much, and what is the overall question.
    folds : int
        Folds by customer.
    seed : int
        Of all that is drawn at random.

    Returns
    -------
    pandas.DataFrame
        As `respondent_scores` gives them, standardised by what the other folds show.
    """
    fold = folds_of(answers.index, folds, seed)
    parts = []
    for k in range(folds):
        held = fold == k
        scores = respondent_scores(answers, survey_items, design, ~held)
        centre, spread = scores[~held].mean(), scores[~held].std(ddof=1).replace(0, np.nan)
        parts.append(((scores - centre) / spread)[held])
    return pd.concat(parts).reindex(answers.index)


def which_foretells(
    answers: pd.DataFrame,
    survey_items: pd.DataFrame,
    purchases: Purchases,
    observation_end,
    *,
    design: Design,
    within_days: int = 180,
    level: float = 0.9,
    seed: int = 0,
) -> Foretold:
    """Which of the four methods foretells orders after the answer, on customers that it has not seen.

    Parameters
    ----------
    answers : pandas.DataFrame
        As ``wide_answers(…, latest=False)`` gives them.
    survey_items : pandas.DataFrame
        Clean table: ``item``, ``construct``, ``scale_min``, ``scale_max``.
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    observation_end : date
        Last day of the data.
    design : Design
        Which factors weigh how much, and what is the overall question.
    within_days : int
        An order within so many days after the answer is a repurchase.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    seed : int
        Of all that is drawn at random.

    Returns
    -------
    regulars.satisfaction.methods.repurchase.Foretold
    """
    followed = repurchases(answers, purchases, observation_end, within_days)
    scores = out_of_sample_scores(followed, survey_items, design, seed=seed)
    return foretell(scores, followed["bought"], level)


@tells
def tell_methods(ways: FourWays, told: Foretold, settings: SatisfactionSettings) -> Finding:
    """Four ways to measure satisfaction side by side: how far they agree, and which foretells who orders again.

    Parameters
    ----------
    ways : FourWays
        Of groups ``segment`` and, where known, ``branch``.
    told : Foretold
        Of `which_foretells`.
    settings : SatisfactionSettings
        Its ``handling.return_days``: days after the answer in which an order counts.

    Returns
    -------
    Finding
        Verdict a `regulars.satisfaction.methods.repurchase.ForetoldVerdict`; frames ``ranks`` and ``branches``, the
        latter where three of them can be ranked.
    """
    segments = ways.groups["segment"]
    pairs = segments.correlations
    least = pairs.loc[pairs["correlation"].idxmin()] if pairs["correlation"].notna().any() else None
    facts = {
        "w": segments.agreement.w,
        "groups": segments.agreement.objects,
        "days": settings.handling.return_days,
        "customers": told.n,
        "bought": told.bought,
        "effective": ways.raked.effective_n,
        "answered": len(ways.raked.weights),
        "operators": int((ways.operators["chosen"] == ways.operators["chosen"].mode().iloc[0]).sum()),
        "kept": ways.kept,
        "kept_by_share": ways.kept_by_share,
        "first": None if least is None else str(least["first"]),
        "second": None if least is None else str(least["second"]),
        "least": Estimate(float("nan")) if least is None else from_row(least, "correlation"),
    }
    frames = {"ranks": segments.table, "operators": ways.operators, "agreement": pairs}
    branches = ways.groups.get("branch")
    if branches is not None and branches.agreement.objects >= LEAST_RANKED:
        frames["branches"] = branches.table
        facts |= {"branches": branches.agreement.objects, "w_branches": branches.agreement.w}
    if len(told.table):
        frames["foretell"] = told.table
        facts |= {"best": told.best, "auc": from_row(told.table.iloc[0], "auc")}
    return Finding(told.verdict, facts, frames)
