"""What the page on customers says: its first screen, each of its sections, and what to do.

Each ``tell_<section>`` makes a `regulars.finding.Finding` out of tables that the room's other functions have made::

    from regulars.segments import sections

    report.tell(sections.tell_groups(named, months=12, certainty=certainty))
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import Action, Finding, FirstScreen, Refusal, Remark, Tile, refused, sums, tells
from regulars.labels import Change, LifecycleStage, PortfolioClass
from regulars.segments.baskets import TOGETHER
from regulars.segments.climbing import transition_counts, transition_matrix
from regulars.segments.clusters import Clustering, profile_long
from regulars.segments.coded import UNKNOWN
from regulars.segments.differences import NEEDS_FROM, SKEWED_FROM, Difference, cells_of
from regulars.segments.drift import Drift
from regulars.segments.groups import Group, Part, largest_group, leading_group
from regulars.segments.ladder import steps_shown
from regulars.segments.preferences import Liked
from regulars.segments.products import EVERYBODY
from regulars.segments.profitability import HIGH_MAKES, NOTHING_BELOW
from regulars.segments.relationship import level_table, recommended_levels
from regulars.segments.suggesting import SUGGESTIONS
from regulars.segments.summary import advice
from regulars.segments.verdicts import (
    ArrivalsVerdict,
    BasketsVerdict,
    CareVerdict,
    ClustersVerdict,
    DriftVerdict,
    GroupsVerdict,
    LadderVerdict,
    PortfolioVerdict,
    PreferencesVerdict,
    ProductsVerdict,
    ProfitVerdict,
    RecordVerdict,
)
from regulars.settings import Certainty, PortfolioRules, ProductRules, SegmentsSettings
from regulars.settings.stages import LEVELS
from regulars.statistics.intervals import Estimate, against, from_row, share

LEAST_BASKETS = 20  # with both sides of a rule that is told first
MOST_WEIGHT = 100.0  # purchases; of the base in a customer's taste: from there on tastes do not differ


# ---- the first screen, and what to do ----


def first_screen(
    customers: pd.DataFrame, best: Group | Refusal, quiet: Part, *, months: float, level: float
) -> FirstScreen:
    """What the page opens with: the group from which most is to come, and who has gone quiet.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``frequency`` (repeat purchase days), one row per customer.
    best : Group or Refusal
        Of `leading_group`, by segment.
    quiet : Part
        Of `part_of`, those who have gone quiet.
    months : float
        Horizon of what is to come.
    level : float
        Of the interval of a share.

    Returns
    -------
    FirstScreen
        Without a leading group its answer is ``untold``, and says why.
    """
    once = share(int((customers["frequency"] == 0).sum()), len(customers), level)
    once_only = Tile("once", once, "percent")
    if not best:
        answer = Finding("untold", {"customers": len(customers), "once": once, "why": best.why})
        return FirstScreen(answer, [Tile("base", Estimate(len(customers))), once_only])
    who = {"best": best.group, "months": months}
    facts = {"share": best.share, "once": once, "worth": best.worth, "future": best.future, "past": best.past}
    facts |= {"quiet": quiet.customers, "quiet_past": quiet.past}
    mark = "bad" if quiet.future.high < quiet.past.low else "neutral"  # less is to come than came, beyond noise
    tiles = [
        Tile("best", best.worth, "money_short", indicator="best", facts=who),
        Tile("best_share", best.future, "percent", "past", facts=who | {"past": best.past}),
        Tile("quiet", quiet.past, "percent", "future", mark=mark, facts={"future": quiet.future}),
    ]
    return FirstScreen(Finding(facts=who | facts), [*tiles, once_only])


def to_do(
    customers: pd.DataFrame, classes: pd.DataFrame | Refusal, products: pd.DataFrame | Refusal, *, loss: Estimate
) -> list[Action]:
    """What to do about customers who cost more than they bring, and about products below their cost.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``portfolio_class``, ``cost_of_ours``: of `with_portfolio`.
    classes : pandas.DataFrame or Refusal
        Of `portfolio_table`.
    products : pandas.DataFrame or Refusal
        Of `margin_by_product`.
    loss : Estimate or Refusal
        Of `loss_ahead`.

    Returns
    -------
    list of Action
        To stop contacts with customers below zero saves what those that the firm began have cost in a year, and costs
        at most all that these customers would bring. A price at which nothing is lost saves the loss, whoever then
        still buys.

    Examples
    --------
    >>> nothing = Refusal("there is one customer only.")
    >>> to_do(pd.DataFrame(), nothing, nothing, loss=nothing)
    []
    """
    return [*_stop(customers, classes), *_reprice(products, loss)]


def _stop(customers: pd.DataFrame, classes: pd.DataFrame | Refusal) -> list[Action]:
    if refused(classes) is not None:
        return []
    told = classes[classes["portfolio_class"] == PortfolioClass.BELOW_ZERO]
    saved = customers.loc[customers["portfolio_class"] == PortfolioClass.BELOW_ZERO, "cost_of_ours"].sum(min_count=1)
    if told.empty or not saved > 0:
        return []
    brings, saved = from_row(told.iloc[0], "clv", "customers"), float(saved)
    net = Estimate(saved - brings.value, saved - brings.high, saved - brings.low, brings.n)
    return [Action("stop", facts={"customers": brings.n}, gain=Estimate(saved, n=brings.n), cost=brings, net=net)]


def _reprice(products: pd.DataFrame | Refusal, loss: Estimate | Refusal) -> list[Action]:
    if refused(products) is not None or isinstance(loss, Refusal) or not loss.value > 0:
        return []
    losing = products[products["loses"]]
    least = losing.iloc[0]
    facts = {"products": len(losing), "worst": str(least["name"]), "price": float(least["price"])}
    return [Action("reprice", facts=facts | {"break_even": float(least["break_even"])}, **sums(loss, 0.0))]


# ---- the named segments ----


@tells
def tell_groups(named: pd.DataFrame, *, months: float, certainty: Certainty) -> Finding:
    """Which segments there are, what they brought and what they should bring.

    Parameters
    ----------
    named : pandas.DataFrame
        Of `group_summary` by segment; without a row where every segment is too small to be shown.
    months : float
        Horizon.
    certainty : Certainty
        What no model sees of a total's level.

    Returns
    -------
    Finding
        Verdict of `GroupsVerdict`.

    Examples
    --------
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    >>> tell_groups(pd.DataFrame({"segment": [], "customers": [], "spend": []}), months=12, certainty=certainty)
    groups: few
    """
    if named.empty:
        return Finding(GroupsVerdict.FEW)
    frames = {"advice": advice(named)}
    if "clv" not in named:
        first = named.loc[named["customers"].idxmax()]
        facts = {"largest": str(first["segment"]), "share": float(first["customers_share"])}
        brought = named.sort_values("spend", ascending=False, kind="stable")
        return Finding(GroupsVerdict.PAST, facts | {"past": float(first["spend_share"])}, {"brought": brought} | frames)
    best, largest = leading_group(named, "segment"), largest_group(named, "segment")
    facts = {"best": best.group, "worth": best.worth, "future": best.future, "past": best.past, "months": months}
    facts |= {"largest": largest.group, "share": largest.share, "its_future": largest.future}
    verdict = GroupsVerdict.SAME if largest.group == best.group else GroupsVerdict.OTHER
    frames |= {"shares": named, "table": named.assign(advice=named["segment"])}
    return Finding(verdict, facts | {"uncertainty": certainty.level_uncertainty}, frames)


@tells
def tell_drift(drift: Drift) -> Finding:
    """Who has changed segment since a day.

    Parameters
    ----------
    drift : Drift
        Of `drift_since`.

    Returns
    -------
    Finding
        Verdict of `DriftVerdict`: the segment that moved most beyond what its moves usually are; young where
        that cannot be told of the segments of most customers.
    """
    if drift.same is None:
        return Finding(DriftVerdict.NO_PAST, {"day": drift.day})
    frames = _shown(moves=drift.moves, paths=drift.paths, clusters=drift.clusters)
    facts = {"day": drift.day, "same": drift.same}
    known = drift.moves[drift.moves["usual"].notna()]
    news = known[known["change"].isin([Change.UP, Change.DOWN])]
    if news.empty and (known.empty or 2 * known["before"].sum() < drift.moves["before"].sum()):
        return Finding(DriftVerdict.YOUNG, facts, frames)
    if news.empty:
        return Finding(DriftVerdict.STILL, facts, frames)
    row = news.loc[(news["net"] - news["usual"]).abs().idxmax()]
    verdict = DriftVerdict.GROWN if row["change"] == Change.UP else DriftVerdict.SHRUNK
    facts |= {"segment": str(row["segment"]), "net": float(row["net"]), "usual": from_row(row, "usual")}
    return Finding(verdict, facts, frames)


@tells
def tell_quiet(grid: pd.DataFrame, quiet: Part, *, months: float) -> Finding:
    """Who was good and has gone quiet, on the map that the names of segments are cut out of.

    Parameters
    ----------
    grid : pandas.DataFrame
        Of `score_grid`.
    quiet : Part
        Of `part_of`, those who have gone quiet.
    months : float
        Horizon of what is to come.

    Returns
    -------
    Finding
        Why not, where every cell is too small to be shown, or nobody's value is known.
    """
    worth = grid["clv_per_customer"]
    if not worth.notna().any():
        raise UntoldError("It needs what customers will bring, in groups large enough to be shown.")
    facts = {"quiet": quiet.customers, "past": quiet.past, "future": quiet.future, "months": months}
    return Finding(None, facts | {"low": float(worth.min()), "high": float(worth.max())}, {"map": grid})


@tells
def tell_tiers(tiers: pd.DataFrame, crossed: pd.DataFrame, best: Group, *, months: float, level: float) -> Finding:
    """How many of the most valuable customers stand in the segment that should bring most.

    Parameters
    ----------
    tiers : pandas.DataFrame
        Of `group_summary` by tier.
    crossed : pandas.DataFrame
        Of `cross_table`, tiers by segments.
    best : Group
        The segment that should bring most.
    months : float
        Horizon.
    level : float
        Of the interval of a share.

    Returns
    -------
    Finding
        Why not, where there is no best segment, or the first step is too small to be shown.
    """
    first = leading_group(tiers.head(1), "tier")
    if not first:
        raise UntoldError(first.why)
    table = tiers.merge(crossed, on="tier").rename(columns={best.group: "best"})
    facts = {"top": share(int(table["best"].iloc[0]), first.customers, level), "best": best.group, "step": first.share}
    return Finding(None, facts | {"tier": first.group, "future": first.future, "months": months}, {"table": table})


# ---- who deserves what ----


@tells
def tell_relationship(customers: pd.DataFrame, care: pd.DataFrame, *, rules: PortfolioRules, level: float) -> Finding:
    """Where customers are looked after less, or more, than they are worth.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``tier``, ``clv``.
    care : pandas.DataFrame
        Of `care_given`.
    rules : PortfolioRules
        Recommended levels.
    level : float
        Of the intervals of shares.

    Returns
    -------
    Finding
        Verdict of `CareVerdict`; the recommended levels alone where no contacts are supplied.
    """
    wanted = recommended_levels(customers, rules)
    frames = {"recommended": wanted, "cells": level_table(rules)}
    if "actual_level" not in care:
        return Finding(CareVerdict.NO_CONTACTS, {}, frames)
    counts = {name: int(care[name].sum()) for name in ("below", "matching", "above")}
    sums = care.groupby("tier")[[*counts, "clv_below", "cost_above"]].sum(min_count=1)
    table = wanted.join(sums.reindex(wanted["tier"].astype(object)).set_axis(wanted.index))
    table = table.astype(dict.fromkeys(counts, int))
    cross = pd.crosstab(care["tier"], care["actual_level"].astype(object), normalize="index")
    cross = cross.reindex(index=wanted["tier"].astype(object), columns=list(LEVELS), fill_value=0.0)
    actual = cross.rename_axis(index="tier", columns="actual_level").stack().rename("share").reset_index()
    facts = {
        "below": share(counts["below"], len(care), level),
        "above": share(counts["above"], len(care), level),
        "clv_below": float(care["clv_below"].sum()),
        "cost_above": float(care["cost_above"].sum(min_count=1)),
    }
    verdict = CareVerdict.MISMATCH if counts["below"] + counts["above"] else CareVerdict.MATCHED
    return Finding(verdict, facts, {"actual": actual, "tiers": table, **frames})


@tells
def tell_portfolio(
    customers: pd.DataFrame,
    classes: pd.DataFrame,
    *,
    named: Callable,
    rules: PortfolioRules,
    months: float,
    level: float,
) -> Finding:
    """Who is most valuable, who could grow and who costs more than they bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        Of `with_portfolio`, with ``orders``.
    classes : pandas.DataFrame
        Of `portfolio_table`.
    named : callable
        From customer ids to what stands for each on a list, such as the pseudonyms of a dataset.
    rules : PortfolioRules
        From which chance a customer is below zero.
    months : float
        Horizon of what is to come.
    level : float
        Of the interval of a share.

    Returns
    -------
    Finding
        Verdict of `PortfolioVerdict`.
    """
    is_of = {name: (customers["portfolio_class"] == name).astype(bool) for name in PortfolioClass}
    grow, below = customers[is_of[PortfolioClass.MOST_GROWABLE]], is_of[PortfolioClass.BELOW_ZERO]
    ends = grow[["growth", "growth_low", "growth_high"]].sum()
    who = grow.assign(customer=np.asarray(named(grow["customer_id"])))
    who = who.sort_values(["growth", "customer_id"], ascending=[False, True], ignore_index=True)
    frames = {"classes": classes, "growable": who[["customer", "segment", "clv", "potential", "growth", "orders"]]}
    facts: dict[str, object] = {
        "best": int(is_of[PortfolioClass.MOST_VALUABLE].sum()),
        "growable": len(grow),
        "months": months,
    }
    facts["growth"] = Estimate.of(ends, len(grow))
    facts["carry"] = float(customers.loc[is_of[PortfolioClass.MOST_VALUABLE], "clv"].sum())
    if customers["cost_to_serve"].isna().all():
        return Finding(PortfolioVerdict.NO_COSTS, facts, frames)
    facts["below"] = share(int(below.sum()), len(customers), level)
    facts["cost"] = float(customers.loc[below, "cost_to_serve"].sum())
    if not below.any():
        return Finding(PortfolioVerdict.NONE_BELOW, facts, frames)
    loses = customers[below].assign(customer=np.asarray(named(customers.loc[below, "customer_id"])))
    loses = loses.sort_values(["cost_to_serve", "customer_id"], ascending=[False, True], ignore_index=True)
    frames["below_zero"] = loses[["customer", "segment", "clv", "cost_to_serve", "p_below_zero"]]
    return Finding(PortfolioVerdict.COSTS, facts | {"chance": rules.below_zero_probability}, frames)


@tells
def tell_ladder(
    stages: pd.DataFrame,
    steps: pd.DataFrame,
    climbed: pd.DataFrame,
    moves: pd.DataFrame,
    *,
    stays: pd.DataFrame,
    forecast: pd.DataFrame,
    settings: SegmentsSettings,
) -> Finding:
    """How customers stand on the ladder and climb it.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `ladder_at`.
    steps : pandas.DataFrame
        Of `count_steps`.
    climbed : pandas.DataFrame
        Of `climbs`.
    moves : pandas.DataFrame
        Of `monthly_moves`.
    stays : pandas.DataFrame
        Of `time_on_steps`.
    forecast : pandas.DataFrame
        Of `ladder_forecast`.
    settings : SegmentsSettings
        Purchase days of a client, months ahead, level of the intervals, smallest step whose moves
        are shown.

    Returns
    -------
    Finding
        Verdict of `LadderVerdict`.
    """
    second = climbed[climbed["lifecycle_stage"] == LifecycleStage.FIRST_TIME].iloc[0]
    inactive = int((stages["lifecycle_stage"] == LifecycleStage.INACTIVE).sum())
    facts = {
        "silent": share(inactive, len(stages), settings.interval_level),
        "reached": from_row(second, "share"),
        "client_orders": settings.ladder.client_orders,
    }
    if moves.empty:
        return Finding(LadderVerdict.NO_MOVES, facts, _shown(steps=steps, climbs=climbed))
    counts, months = transition_counts(moves), moves.index.get_level_values("month").nunique()
    matrix = transition_matrix(counts).rename_axis(index="before", columns="now").stack().rename("share").reset_index()
    matrix["n"] = matrix["before"].map(counts.sum(axis=1)).astype(int)
    matrix = matrix[matrix["n"] >= settings.privacy_min_cell * months].reset_index(drop=True)
    forecast = steps_shown(forecast, "now", settings.privacy_min_cell).reset_index(drop=True)
    facts |= {"months": months} if len(matrix) else {}
    facts |= {"ahead": settings.ladder_ahead} if len(forecast) else {}
    frames = _shown(steps=steps, climbs=climbed, stays=stays, matrix=matrix, forecast=forecast)
    return Finding(LadderVerdict.KNOWN, facts, frames)


@tells
def tell_relation(table: pd.DataFrame, customers: pd.DataFrame, *, growth_from: float) -> Finding:
    """How many relationships are being won, grow or are mature.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `relation_table`.
    customers : pandas.DataFrame
        ``first_ordered_at``, ``last_ordered_at``.
    growth_from : float
        Times the earlier rate from which a rate has grown.

    Returns
    -------
    Finding
        Verdict: the stage of most customers, a `regulars.labels.RelationStage`. Of customers who were all won in the
        first half of the data it is not told: nobody is being won there.
    """
    first, last = customers["first_ordered_at"], customers["last_ordered_at"].max()
    if first.max() < first.min() + (last - first.min()) / 2:
        raise UntoldError("These data follow customers who were all won in one stretch, so that nobody is being won.")
    top = table.loc[table["customers"].idxmax()]
    facts = {"share": from_row(top, "share"), "growth": growth_from - 1}
    return Finding(str(top["relation_stage"]), facts, {"table": table})


# ---- what they buy ----


@tells
def tell_products(
    margins: pd.DataFrame, products: pd.DataFrame, *, matrix: pd.DataFrame, offered: pd.DataFrame, rules: ProductRules
) -> Finding:
    """With which products and customers margin is made and lost.

    Parameters
    ----------
    margins : pandas.DataFrame
        Of `product_margins`, by tier.
    products : pandas.DataFrame
        Of `margin_by_product`.
    matrix : pandas.DataFrame
        Of `margin_map`.
    offered : pandas.DataFrame
        Of `offers`.
    rules : ProductRules
        Share of the buyers to be expected below which a step is offered a product; how many offers may be chance.

    Returns
    -------
    Finding
        Verdict of `ProductsVerdict`.
    """
    total, known = products["revenue"].sum(), bool(products["margin"].notna().any())
    facts: dict[str, object] = {"products": len(products), "revenue": float(total)}
    if (margins["group"] == EVERYBODY).all():
        return Finding(ProductsVerdict.NO_STEPS, facts, {"worst": products} if known else {})
    if not known:
        top = float(products["revenue"].max() / total)
        return Finding(ProductsVerdict.NO_COSTS, facts | {"top": top}, {"revenue": matrix})
    facts |= {"margin": float(products["margin"].sum()), "cross_sell": len(offered)}
    uncosted = float(products["uncosted"].sum() / total)
    remarks = [Remark("uncosted", {"uncosted": uncosted})] if uncosted > 0 else []
    frames = {"map": matrix, "worst": products}
    if len(offered):
        facts |= {"enough": rules.cross_sell_below, "rate": rules.false_discovery_rate}
        frames["offers"] = offered
    losing = products[products["loses"]]
    if losing.empty:
        return Finding(ProductsVerdict.NO_LOSSES, facts, frames, remarks=remarks)
    facts |= {"losing": len(losing), "lost": float(-losing["margin"].sum()), "worst": str(losing["name"].iloc[0])}
    return Finding(ProductsVerdict.LOSSES, facts, frames, remarks=remarks)


@tells
def tell_profit(matrix: pd.DataFrame, products: pd.DataFrame) -> Finding:
    """Where classes of products and of customers, by the profit of each, earn and lose together.

    Parameters
    ----------
    matrix : pandas.DataFrame
        Of `profit_matrix`.
    products : pandas.DataFrame
        Of `margin_by_product`, of the same lines.

    Returns
    -------
    Finding
        Verdict of `ProfitVerdict`, by the cells that may be shown.
    """
    told = matrix.dropna(subset=["margin"])
    if told.empty:
        raise UntoldError("Every cell is of too few customers to be shown.")
    margin, best = float(products["margin"].sum()), told.loc[told["margin"].idxmax()]
    facts: dict[str, object] = {
        "margin": margin,
        "high": HIGH_MAKES,
        "nothing": NOTHING_BELOW,
        "most": float(best["margin"]),
    }
    facts |= {"product": str(best["product_class"]), "customer": str(best["customer_class"])}
    losing, frames = told[told["margin"] < 0], {"map": told.dropna(subset=["margin_share"]), "matrix": matrix}
    if losing.empty:
        return Finding(ProfitVerdict.NO_LOSSES, facts, frames)
    worst = losing.loc[losing["margin"].idxmin()]
    facts |= {"lost": float(-losing["margin"].sum()), "cells": len(losing), "worst": float(-worst["margin"])}
    facts |= {"bad": str(worst["product_class"]), "with": str(worst["customer_class"]), "do": str(worst["action"])}
    return Finding(ProfitVerdict.LOSSES, facts, frames)


@tells
def tell_baskets(rules: pd.DataFrame, *, baskets: pd.DataFrame, rate: float) -> Finding:
    """What is bought together more often than by chance.

    Parameters
    ----------
    rules : pandas.DataFrame
        Of `basket_rules`, with names.
    baskets : pandas.DataFrame
        Of `one_basket_each`: those in which they were found.
    rate : float
        Share of the rules told that may be chance.

    Returns
    -------
    Finding
        Verdict of `BasketsVerdict`.
    """
    facts: dict[str, object] = {"baskets": int(baskets["basket"].nunique()), "rate": rate}
    if rules.empty:
        return Finding(BasketsVerdict.NONE, facts)
    # by what there is of it, not by what is rarest: baskets with both beyond those that chance would fill
    beyond = (rules["together"] - rules["n"] * rules["usual"]).round(9)
    rules = rules.iloc[np.lexsort((-rules["share"], -beyond))]
    # the same products once before any a second time, from another side
    both = [frozenset(f"{row.when}{TOGETHER}{row.then}".split(TOGETHER)) for row in rules.itertuples()]
    again = pd.Series(both).duplicated().to_numpy()
    rules = pd.concat([rules[~again], rules[again]], ignore_index=True)
    firm = rules[rules["together"] >= LEAST_BASKETS]
    if firm.empty:
        return Finding(BasketsVerdict.THIN, facts | {"rules": len(rules), "least": LEAST_BASKETS}, {"rules": rules})
    top = firm.iloc[0]
    facts |= {"when": top["when"], "then": top["then"], "lift": from_row(top, "lift"), "rules": len(rules)}
    facts |= {"share": float(top["share"]), "usual": float(top["usual"]), "together": int(top["together"])}
    return Finding(BasketsVerdict.FOUND, facts, {"rules": rules})


@tells
def tell_preferences(
    liked: Liked, rates: pd.DataFrame, categories: pd.DataFrame, *, sources: pd.DataFrame, days: int
) -> Finding:
    """What customers like and whether the next product can be told.

    Parameters
    ----------
    liked : Liked
        What order lines tell.
    rates : pandas.DataFrame
        Of `hit_rates`.
    categories : pandas.DataFrame
        Of `by_favourite`; no part of what is told where the lines carry no category.
    sources : pandas.DataFrame
        Of `by_source`.
    days : int
        Kept back for the check.

    Returns
    -------
    Finding
        Verdict of `PreferencesVerdict`, by the paired gain over popularity.
    """
    facts: dict[str, object] = {"suggested": SUGGESTIONS, "days": days}
    has_categories, weight = categories["category"].ne(UNKNOWN).sum() > 1, liked.tastes.weight
    frames = {"categories": categories} if has_categories else {}
    tastes = Remark("habit", {"weight": weight}) if weight < MOST_WEIGHT else Remark("alike")
    remarks = [tastes] if has_categories else []  # tastes are those for kinds of goods
    if rates.empty:
        return Finding(PreferencesVerdict.UNCHECKED, facts, frames, remarks=remarks)
    told = {name: from_row(row, "share") for name, row in rates.iterrows()}
    new = {name: told.pop(name) for name in ("own_new", "popular_new", "gain_new")}
    remarks.append(Remark("new", new))
    frames["sources"] = sources
    verdicts = {Change.UP: PreferencesVerdict.BETTER, Change.DOWN: PreferencesVerdict.WORSE}
    return Finding(verdicts.get(against(told["gain"]), PreferencesVerdict.ALIKE), facts | told, frames, remarks=remarks)


@tells
def tell_arrivals(goods: pd.DataFrame, *, times: float, days: int) -> Finding:
    """Whom to tell when goods of a kind arrive, and whether such lists would have held.

    Parameters
    ----------
    goods : pandas.DataFrame
        Of `arrivals`.
    times : float
        The usual chance, from which a customer is told.
    days : int
        Kept back for the check.

    Returns
    -------
    Finding
        Verdict of `ArrivalsVerdict`: of how many kinds those on the list bought more often than the others, by
        intervals that do not touch.
    """
    if goods.empty:
        raise UntoldError("Every list would name too few customers to be shown.")
    held = goods["told_low"] > goods["others_high"]
    top = goods[held].iloc[0] if held.any() else goods.iloc[0]
    facts = {"kinds": len(goods), "held": int(held.sum()), "times": times, "days": days, "goods": str(top["goods"])}
    facts |= {"customers": int(top["customers"]), "told": from_row(top, "told"), "others": from_row(top, "others")}
    remarks = [Remark("refused", {"entries": int(goods["refused"].sum())})] if goods["refused"].notna().all() else []
    verdict = ArrivalsVerdict.HELD if held.all() else ArrivalsVerdict.PARTLY if held.any() else ArrivalsVerdict.CHANCE
    return Finding(verdict, facts, {"goods": goods}, remarks=remarks)


@tells
def tell_difference(found: Difference, steps: pd.DataFrame) -> Finding:
    """Whether customers ask to be served alike, by niche, by account or one to one, and what is there for it.

    Parameters
    ----------
    found : Difference
        Of `difference_of`.
    steps : pandas.DataFrame
        Of `four_steps`.

    Returns
    -------
    Finding
        Verdict: the cell, a `regulars.labels.DifferenceCell`; ``unsure`` where an interval reaches over an edge.
    """
    facts = {"value": found.value, "needs": found.needs, "skewed": SKEWED_FROM, "differ": NEEDS_FROM}
    remarks = [] if found.is_sure else [Remark("unsure", {"cell": found.cell.value})]
    return Finding(
        found.cell.value if found.is_sure else "unsure",
        facts,
        {"cells": cells_of(found), "steps": steps},
        remarks=remarks,
    )


@tells
def tell_record(table: pd.DataFrame) -> Finding:
    """Which field of the customer record is emptiest.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `record_age`.

    Returns
    -------
    Finding
        Verdict of `RecordVerdict`.
    """
    if table.empty:
        return Finding(RecordVerdict.EMPTY)
    worst, frames = table.iloc[0], {"fields": table}
    if table["age_days"].notna().any():
        frames["ages"] = table.sort_values(["age_days", "field"], ascending=[False, True], ignore_index=True)
    if worst["filled"] == 1:
        return Finding(RecordVerdict.FULL, {}, frames)
    facts = {"fields": len(table), "gaps": int((table["filled"] < 1).sum())}
    return Finding(
        RecordVerdict.GAPS, facts | {"field": str(worst["field"]), "filled": from_row(worst, "filled")}, frames
    )


# ---- groups by themselves ----


@tells
def tell_clusters(found: Clustering, money: pd.DataFrame, *, months: float, bootstraps: int) -> Finding:
    """Whether customers fall into groups by themselves, and into which.

    Parameters
    ----------
    found : Clustering
        Of `find_clusters`.
    money : pandas.DataFrame
        Of `group_summary` by cluster.
    months : float
        Horizon of the money.
    bootstraps : int
        Resamples behind the stability.

    Returns
    -------
    Finding
        Verdict of `ClustersVerdict`.
    """
    if found.stability.empty:
        return Finding(ClustersVerdict.TOO_FEW)
    stability = found.stability
    wide = stability.pivot(index="clusters", columns="method", values="adjusted_rand").reset_index()
    trials = stability.sort_values(["admitted", "silhouette"], ascending=False, kind="stable", ignore_index=True)
    facts: dict[str, object] = {"bootstraps": bootstraps, "best": float(stability["adjusted_rand"].max())}
    frames = {"stability": wide.rename_axis(columns=None), "trials": trials}
    if not found.n_clusters:
        return Finding(ClustersVerdict.NONE, facts, frames)
    taken = stability[(stability["method"] == found.method) & (stability["clusters"] == found.n_clusters)].iloc[0]
    worth = money.reindex(columns=["cluster", "clv", "clv_low", "clv_high"])
    frames |= {"profile": profile_long(found.profile), "table": found.profile.merge(worth, on="cluster")}
    facts |= {"number": found.n_clusters, "method": found.method, "agreement": float(taken["adjusted_rand"])}
    return Finding(ClustersVerdict.FOUND, facts | {"months": months}, frames)


def _shown(**frames: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Frames in which there are customers enough to be shown."""
    return {name: frame for name, frame in frames.items() if len(frame)}
