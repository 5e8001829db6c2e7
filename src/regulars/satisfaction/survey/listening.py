"""What else is heard: channels side by side, who switches, what managers and customers find important."""

import numpy as np
import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding
from regulars.labels import ListeningChannel, SatisfactionState
from regulars.satisfaction.methods.hierarchy import Hierarchy, expert_weights, points_of_ranking
from regulars.satisfaction.methods.methods import rank_correlation
from regulars.satisfaction.methods.ordered import OrderedLogit
from regulars.statistics.intervals import difference, from_row, wilson

PUBLISHED_SWITCHING = 0.44  # of the satisfied, as it is told without a source that can be checked: a prior


def listening_channels(
    heard: dict[str, tuple[pd.Series, pd.Series | None]], customers: int, level: float = 0.9
) -> pd.DataFrame:
    """What each channel hears, side by side.

    Parameters
    ----------
    heard : dict
        Channel (`regulars.labels.ListeningChannel`) to its topics, one per voice (missing: nothing to complain of),
        and the customer of each (``None``: not of customers). Channels that are not supplied are left out.
    customers : int
        All customers.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        ``channel``, ``voices``, ``reach`` (share of customers heard; NaN where they are not customers' voices),
        ``topic`` (the most frequent), ``share`` (of the channel's topics) with limits, ``n`` (voices with a topic).

    Examples
    --------
    >>> heard = {"complaints": (pd.Series(["late", "late", "broken"]), pd.Series(["a", "b", "b"]))}
    >>> listening_channels(heard, customers=10)[["topic", "reach"]].to_numpy().tolist()
    [['late', 0.2]]
    """
    rows = []
    for channel in ListeningChannel:
        if channel.value not in heard:
            continue
        topics, who = heard[channel.value]
        counts = topics.dropna().value_counts()
        n = int(counts.sum())
        first = sorted(counts.index[counts == counts.max()])[0] if n else None
        hits = int(counts.max()) if n else 0
        low, high = wilson(hits, n, level)
        reach = float("nan") if who is None else who.nunique() / customers
        share = hits / n if n else float("nan")
        rows.append((channel.value, len(topics), reach, first, share, low, high, n))
    names = ["channel", "voices", "reach", "topic", "share", "share_low", "share_high", "n"]
    return pd.DataFrame(rows, columns=names).astype({"channel": "string", "topic": "string"})


def channels_finding(heard, customers: int, level: float = 0.9) -> Finding:
    """Listening channels for the page; not supplied where at most one hears of a topic."""
    table = listening_channels(heard, customers, level)
    if (table["n"] > 0).sum() < 2:
        return Finding(NOT_SUPPLIED)
    topics = table["topic"].dropna()
    widest = table.loc[table["reach"].fillna(-1).idxmax()]
    facts = {
        "count": len(table),
        "topic": str(topics.mode().sort_values().iloc[0]),
        "by": int((topics == topics.mode().sort_values().iloc[0]).sum()),
        "widest": str(widest["channel"]),
        "reach": float(widest["reach"]),
    }
    return Finding("same" if topics.nunique() == 1 else "apart", facts, {"table": table})


def switching_rates(
    satisfaction: pd.Series, bought: pd.Series, low: float = 50.0, high: float = 80.0, level: float = 0.9
) -> pd.DataFrame:
    """Share of customers who did not order again, by how satisfied they had been before.

    Parameters
    ----------
    satisfaction : pandas.Series
        0 to 100, measured before the window.
    bought : pandas.Series of bool
        Whether they ordered in the window, on the same index.
    low, high : float
        Below `low` dissatisfied, from `high` on highly satisfied, satisfied in between.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        ``state`` (`regulars.labels.SatisfactionState`), ``switched``, ``n``, ``share`` with limits, ``published`` (44 %
        of the satisfied, a prior without a source that can be checked).

    Examples
    --------
    >>> switching_rates(pd.Series([40.0, 60, 60, 90]), pd.Series([False, True, False, True]))["share"].tolist()
    [1.0, 0.5, 0.0]
    """
    known = satisfaction.notna() & bought.notna()
    score, gone = satisfaction[known], ~bought[known].astype(bool)
    band = np.select([score < low, score < high], [0, 1], default=2)
    rows = []
    for place, state in enumerate(SatisfactionState):
        here = band == place
        n, hits = int(here.sum()), int(gone[here].sum())
        prior = PUBLISHED_SWITCHING if state is SatisfactionState.SATISFIED else float("nan")
        rows.append((state.value, hits, n, hits / n if n else float("nan"), *wilson(hits, n, level), prior))
    names = ["state", "switched", "n", "share", "share_low", "share_high", "published"]
    return pd.DataFrame(rows, columns=names).astype({"state": "string"})


def switching_finding(satisfaction, bought, days: int, low=50.0, high=80.0, level=0.9, least: int = 30) -> Finding:
    """Switching by satisfaction for the page: verdict ``falls`` (beyond noise), ``unclear`` or ``few``."""
    table = switching_rates(satisfaction, bought, low, high, level)
    rows = table.set_index("state")
    told = {state.value: from_row(rows.loc[state.value], "share") for state in SatisfactionState}
    ends = told["dissatisfied"], told["highly_satisfied"]
    if min(told[state.value].n for state in SatisfactionState) < least:
        verdict = "few"
    else:
        verdict = "falls" if difference(*ends).low > 0 else "unclear"
    facts = {"satisfied": told["satisfied"], "dissatisfied": ends[0], "highly": ends[1], "days": days,
             "published": PUBLISHED_SWITCHING, "low": low, "high": high}  # fmt: skip
    return Finding(verdict, facts, {"rates": table} if table["share"].notna().any() else {})


def importance_finding(
    rankings: dict | None, hierarchy: Hierarchy | None, shown: OrderedLogit, level: float = 0.9
) -> Finding:
    """What managers rank as important beside what customers show to be.

    Parameters
    ----------
    rankings : dict or None
        Manager to the factors in order of importance, the first first.
    hierarchy : Hierarchy or None
        Weights of pairwise comparisons.
    shown : OrderedLogit
        Of customers' answers: the effect of each factor.
    level : float

    Returns
    -------
    Finding
        Verdict ``apart`` (another factor moves customers more than the managers' first, beyond noise), ``same`` (the
        managers' first moves customers more than every other, beyond noise) or ``unclear``; not supplied where managers
        were not asked.
    """
    if not rankings and hierarchy is None:
        return Finding(NOT_SUPPLIED)
    effects = shown.drivers
    table = effects[["effect", "effect_low", "effect_high", "n"]].reset_index().rename(columns={"driver": "factor"})
    table["rank_customers"] = table["effect"].rank(ascending=False)
    w, managers = float("nan"), 0
    if rankings:
        told = expert_weights(points_of_ranking(rankings), level)
        weights = told.table
        w, managers = told.agreement.w, len(rankings)
        table = table.join(weights[["weight", "weight_low", "weight_high"]], on="factor")
    if hierarchy is not None:
        table["pairwise"] = table["factor"].map(hierarchy.weights)
        if not rankings:
            table["weight"] = table["pairwise"]
            table["weight_low"] = table["weight_high"] = float("nan")
    else:
        table["pairwise"] = float("nan")
    table = table.dropna(subset=["weight"])
    table = table.sort_values(["weight", "factor"], ascending=[False, True], ignore_index=True)
    table["rank_managers"] = table["weight"].rank(ascending=False)
    likeness = rank_correlation(table["weight"], table["effect"], level)
    by_customers = table.loc[table["effect"].idxmax()]
    facts = {
        "managers_first": str(table["factor"].iloc[0]),
        "customers_first": str(by_customers["factor"]),
        "effect": from_row(by_customers, "effect"),
        "likeness": likeness,
        "factors": len(table),
        "w": w,
        "managers": managers,
        "ratio": float("nan") if hierarchy is None else hierarchy.consistency_ratio,
    }
    first, told = facts["customers_first"], facts["managers_first"]
    others = [factor for factor in table["factor"] if factor != first]
    if first != told:
        verdict = "apart" if shown.ahead(first, told, level) else "unclear"
    else:
        verdict = "same" if all(shown.ahead(first, other, level) for other in others) else "unclear"
    return Finding(verdict, facts, {"table": table})
