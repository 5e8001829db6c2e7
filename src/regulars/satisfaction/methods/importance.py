"""What managers think important beside what customers show to be, and the weights that follow."""

from enum import StrEnum

import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.labels import Change
from regulars.satisfaction.methods.hierarchy import Agreement, Hierarchy, ahp, expert_weights, points_of_ranking
from regulars.satisfaction.methods.methods import rank_correlation
from regulars.satisfaction.methods.ordered import OrderedLogit
from regulars.satisfaction.offer.delivered import asked_of_offers
from regulars.satisfaction.offer.kano import asked_of_features
from regulars.satisfaction.survey.quality import asked_of_importance
from regulars.satisfaction.survey.wide import usual_factors
from regulars.settings import Managers, SatisfactionSettings
from regulars.statistics.intervals import change, from_row


class ImportanceVerdict(StrEnum):
    """Whether what managers put first moves customers most.

    Apart: another factor moves customers more than the managers' first, beyond noise. Same: the managers' first moves
    customers more than every other, beyond noise. Divided: managers' weights do not tell which factor they put first.
    """

    APART = "apart"
    SAME = "same"
    UNCLEAR = "unclear"
    DIVIDED = "divided"


def factors_of(items: pd.DataFrame, settings: SatisfactionSettings) -> list[str]:
    """Constructs that satisfaction is judged by: those that managers name, else all with two items that may explain it.

    Parameters
    ----------
    items : pandas.DataFrame
        ``item``, ``construct``.
    settings : SatisfactionSettings
        Its ``managers.factors``; items of ``offer`` and the constructs of satisfaction and loyalty explain nothing.

    Returns
    -------
    list of str

    Raises
    ------
    UntoldError
        Where there is none.
    """
    offer = settings.offer
    apart = asked_of_features(offer) | asked_of_offers(offer) | set(offer.attitudes.values())
    apart |= asked_of_importance(items)
    outcomes = settings.satisfaction_construct, settings.questions.loyalty_construct
    found = list(settings.managers.factors) or usual_factors(items[~items["item"].isin(apart)], without=outcomes)
    if not found:
        raise UntoldError("Table survey_items: no construct but the outcomes has two items: nothing explains them.")
    return found


def factor_weights(factors: list[str], managers: Managers) -> pd.Series:
    """Weights of the factors: of managers' pairwise comparisons, else of their rankings, else all the same.

    Parameters
    ----------
    factors : list of str
        Constructs, in the order in which managers compare them.
    managers : Managers
        Its ``pairwise`` and ``rankings``.

    Returns
    -------
    pandas.Series
        By factor; they sum to 1.

    Raises
    ------
    UserError
        As of `regulars.satisfaction.methods.ahp` and `regulars.satisfaction.points_of_ranking`.

    Examples
    --------
    >>> told = Managers(factors=(), rankings={"ann": ("quality", "price")}, pairwise=(), offers={})
    >>> factor_weights(["price", "quality"], told).round(2).to_dict()
    {'price': 0.33, 'quality': 0.67}
    """
    if len(managers.pairwise):
        return ahp(managers.pairwise, factors).weights
    if managers.rankings:
        return expert_weights(points_of_ranking(managers.rankings)).table["weight"].reindex(factors)
    return pd.Series(1 / len(factors), index=factors)


@tells
def tell_importance(shown: OrderedLogit, managers: Managers, settings: SatisfactionSettings) -> Finding:
    """What managers rank as important beside what customers show to be; not supplied where managers were not asked.

    Parameters
    ----------
    shown : OrderedLogit
        Of customers' answers: the effect of each factor.
    managers : Managers
        Their ``rankings``, the first first, and their ``pairwise`` comparisons of the factors, in their order.
    settings : SatisfactionSettings
        Its ``interval_level``.

    Returns
    -------
    Finding
        Verdict an `ImportanceVerdict`; frame ``table``.
    """
    if not managers.rankings and not len(managers.pairwise):
        return Finding(NOT_SUPPLIED)
    level = settings.interval_level
    hierarchy = ahp(managers.pairwise, list(shown.drivers.index)) if len(managers.pairwise) else None
    table, agreement = _beside(shown, managers, hierarchy, level)
    first, by_customers = str(table["factor"].iloc[0]), table.loc[table["effect"].idxmax()]
    facts = {
        "managers_first": first,
        "customers_first": str(by_customers["factor"]),
        "effect": from_row(by_customers, "effect"),
        "likeness": rank_correlation(table["weight"], table["effect"], level),
        "factors": len(table),
        "w": agreement.w,
        "by_chance": agreement.p_value,
        "managers": len(managers.rankings),
        "ratio": float("nan") if hierarchy is None else hierarchy.consistency_ratio,
    }
    ahead, behind = (from_row(table.iloc[place], "weight") for place in (0, min(1, len(table) - 1)))
    if len(managers.rankings) > 1 and change(ahead, behind) != Change.UP:
        facts |= {"next": str(table["factor"].iloc[1]), "ahead": ahead, "behind": behind}
        return Finding(ImportanceVerdict.DIVIDED, facts, {"table": table})
    return Finding(_verdict(shown, list(table["factor"]), facts["customers_first"], level), facts, {"table": table})


def _beside(shown: OrderedLogit, managers: Managers, hierarchy: Hierarchy | None, level: float):
    """Weights of managers and effects on customers, factor by factor, and how far managers agree."""
    table = shown.drivers[["effect", "effect_low", "effect_high", "n"]].reset_index()
    table = table.rename(columns={"driver": "factor"})
    table["rank_customers"] = table["effect"].rank(ascending=False)
    agreement = Agreement(float("nan"), float("nan"), len(managers.rankings), len(table))
    if managers.rankings:
        told = expert_weights(points_of_ranking(managers.rankings), level)
        agreement = told.agreement
        table = table.join(told.table[["weight", "weight_low", "weight_high"]], on="factor")
    table["pairwise"] = float("nan") if hierarchy is None else table["factor"].map(hierarchy.weights)
    if not managers.rankings:
        table = table.assign(weight=table["pairwise"], weight_low=float("nan"), weight_high=float("nan"))
    table = table.dropna(subset=["weight"])
    table = table.sort_values(["weight", "factor"], ascending=[False, True], ignore_index=True)
    return table.assign(rank_managers=table["weight"].rank(ascending=False)), agreement


def _verdict(shown: OrderedLogit, factors: list[str], customers_first: str, level: float) -> ImportanceVerdict:
    """Of the factors in the order of managers."""
    managers_first = factors[0]
    if customers_first != managers_first:
        ahead = shown.ahead(customers_first, managers_first, level)
        return ImportanceVerdict.APART if ahead else ImportanceVerdict.UNCLEAR
    ahead = all(shown.ahead(customers_first, other, level) for other in factors if other != customers_first)
    return ImportanceVerdict.SAME if ahead else ImportanceVerdict.UNCLEAR
