"""How customers have moved between groups since an earlier day: counts that add up, and rows that sum to one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from regulars.finding import shows
from regulars.labels import Segment
from regulars.purchases import Purchases, month_before
from regulars.segments.clusters import Clustering, cluster_features
from regulars.segments.rfm import name_segments, rfm_scores
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, against, z_value

LEAST_MONTHS, LEAST_CUSTOMERS = 6, 10  # on record, and in a segment, for its moves to tell what is usual


def groups_at(purchases: Purchases, day, found: Clustering | None = None) -> pd.DataFrame:
    """Segment, and cluster by the rule found now, of each customer as they stood on an earlier day.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers.
    day : date
        Later purchases are not known yet.
    found : Clustering, optional
        Clusters of today.

    Returns
    -------
    pandas.DataFrame
        ``segment`` and, where clusters were found, ``cluster``, by customer_id; no row where nobody had bought by then.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "b"], "ordered_at": pd.to_datetime(["2026-01-05", "2026-03-05"])})
    >>> groups_at(Purchases.of(orders.assign(amount=9.0)), "2026-02-01")["segment"].to_dict()
    {'a': 'lost'}
    """
    then = purchases.summary(day).set_index("customer_id")
    if then.empty:
        return pd.DataFrame({"segment": pd.Series(dtype="string"), "cluster": pd.Series(dtype="string")})
    groups = pd.DataFrame({"segment": name_segments(rfm_scores(then))})
    if found is not None and found.rule is not None:
        groups["cluster"] = found.rule(cluster_features(then, day))
    return groups


def moves(
    before: pd.Series, now: pd.Series, order: Sequence[str], *, by: str = "segment", level: float = 0.9
) -> pd.DataFrame:
    """Customers of each group then and now, and what lies between.

    Parameters
    ----------
    before : pandas.Series
        Group of each customer then, by customer_id; who is missing is a new customer now.
    now : pandas.Series
        Group of each customer now, by customer_id; who is missing has left the data.
    order : sequence of str
        Groups in the order shown.
    by : str
        Name of the column of groups.
    level : float
        Of the interval of the net move between groups.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``before``, ``entered`` (from another group), ``won`` (new customers), ``left`` (to another group or
        out), ``now``, ``net`` (entered − left) with ``net_low`` and ``net_high``, ``n``. In every row,
        before + entered + won − left = now.

    Notes
    -----
    Who stays adds nothing to chance: the variance of a difference of paired counts is the number of those who moved.

    References
    ----------
    McNemar, Q. (1947), Psychometrika 12, 153-157 (paired counts).

    Examples
    --------
    >>> before, now = pd.Series({"a": "new", "b": "loyal"}), pd.Series({"a": "loyal", "b": "loyal", "c": "new"})
    >>> moves(before, now, ["new", "loyal"])[["segment", "before", "entered", "won", "left", "now"]].values.tolist()
    [['new', 1, 0, 1, 1, 1], ['loyal', 1, 1, 0, 0, 2]]
    """
    names = list(dict.fromkeys([*order, *before.dropna().unique(), *now.dropna().unique()]))
    both = pd.DataFrame({"before": _codes(before, names), "now": _codes(now, names)}).fillna(-1).astype(np.int64)
    then, stands = both["before"].to_numpy(), both["now"].to_numpy()
    differs, new = then != stands, then < 0
    counted = {
        "before": then[~new],
        "entered": stands[(stands >= 0) & differs & ~new],
        "won": stands[(stands >= 0) & differs & new],
        "left": then[~new & differs],
        "now": stands[stands >= 0],
    }
    table = pd.DataFrame(
        {name: np.bincount(codes, minlength=len(names))[: len(order)] for name, codes in counted.items()}, list(order)
    )
    table = table[(table["before"] > 0) | (table["now"] > 0)]
    reach = z_value(level) * np.sqrt(table["entered"] + table["left"])
    table["net"] = table["entered"] - table["left"]
    table["net_low"], table["net_high"] = table["net"] - reach, table["net"] + reach
    table["n"] = table[["before", "now"]].max(axis=1)
    return table.rename_axis(by).reset_index().astype({by: "string"})


def _codes(groups: pd.Series, names: list) -> pd.Series:
    """Place of each customer's group among the names, which are compared once; -1 where there is none of them."""
    return pd.Series(pd.Categorical(groups.astype(object), names).codes, index=groups.index)


def transition_shares(before: pd.Series, now: pd.Series, order: Sequence[str], *, min_cell: int = 1) -> pd.DataFrame:
    """Where the customers of each group went: one row per pair, shares that sum to one over each group.

    Parameters
    ----------
    before : pandas.Series
        Group of each customer then.
    now : pandas.Series
        Group of each customer now, on the same index.
    order : sequence of str
        Groups in the order shown.
    min_cell : int
        Groups that had fewer customers are left out.

    Returns
    -------
    pandas.DataFrame
        ``before``, ``now``, ``share``, ``n`` (customers of the group before), every pair of groups present.

    Examples
    --------
    >>> pairs = transition_shares(pd.Series(["a", "a"]), pd.Series(["a", "b"]), ["a", "b"])
    >>> pairs[["before", "now", "share"]].values.tolist()
    [['a', 'a', 0.5], ['a', 'b', 0.5]]
    """
    then, stands = (_codes(one, list(order)).to_numpy(np.int64) for one in (before, now))
    known, size = (then >= 0) & (stands >= 0), len(order)
    pairs = np.bincount(then[known] * size + stands[known], minlength=size**2).reshape(size, size)
    there = pairs.any(axis=1)
    counts = pd.DataFrame(pairs, list(order), list(order)).loc[there, there | pairs.any(axis=0)]
    n = counts.sum(axis=1)
    shares = counts.div(n, axis=0)[n >= min_cell]
    long = shares.rename_axis(index="before", columns="now").stack().rename("share").reset_index()
    return long.assign(n=long["before"].map(n).astype(int)).astype({"before": "string", "now": "string"})


@shows
@dataclass(frozen=True)
class Drift:
    """How customers have moved between groups since a day.

    Parameters
    ----------
    day : date
        Since which.
    same : float or None
        Share of the customers known then who have stayed in their segment; None where nobody was known then.
    moves : pandas.DataFrame
        Of `moves`, by segment; groups of too few customers are left out; with ``usual``, ``usual_low``,
        ``usual_high`` of `usual_net` in customers (missing where the history is too short, or the range is wider than
        the segment), and ``change``: whether the net move lies above or below what is usual.
    paths : pandas.DataFrame
        Ways from one segment to another, the most travelled first: ``before``, ``now``, ``share`` (of those who stood
        there then), ``n`` (these), ``customers``.
    clusters : pandas.DataFrame
        Of `moves`, by cluster, by the rule found now; empty where there are no clusters.
    """

    day: pd.Timestamp
    same: float | None = None
    moves: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    paths: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    clusters: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)


def usual_net(stands: Sequence[pd.Series], order: Sequence[str], *, level: float = 0.9) -> pd.DataFrame:
    """What a month's net move of each segment usually is, as a share of those who stood there.

    Time alone moves customers: everybody leaves the newest segment within months, and scores are fifths of a base that
    grows. What a month before did is what a month like any other would do again.

    Parameters
    ----------
    stands : sequence of pandas.Series
        Segment of each customer by customer_id, month after month, the latest last.
    order : sequence of str
        Segments.
    level : float
        Chance with which all segments together lie in their ranges in a month like the others.

    Returns
    -------
    pandas.DataFrame
        By segment: ``usual``, ``usual_low``, ``usual_high``; missing with fewer than `LEAST_MONTHS` moves on record
        of a segment of `LEAST_CUSTOMERS` or more.

    References
    ----------
    Hahn, G. J. and Meeker, W. Q. (1991), Statistical Intervals, sec. 4.7 (prediction of one more observation);
    Bonferroni's inequality over the segments.

    Examples
    --------
    >>> stands = [pd.Series(["new"] * 10 + ["loyal"] * 20)] * 8
    >>> usual_net(stands, ["new", "loyal"])["usual"].tolist()
    [0.0, 0.0]
    """
    tables = [moves(one, other, order).set_index("segment") for one, other in pairwise(stands)]
    many = [table["before"].where(table["before"] >= LEAST_CUSTOMERS) for table in tables]
    rates = pd.DataFrame([table["net"] / n for table, n in zip(tables, many, strict=True)]).reindex(columns=list(order))
    # no less than chance alone spreads the difference of two counts
    luck = pd.DataFrame([(table["entered"] + table["left"]) / n**2 for table, n in zip(tables, many, strict=True)])
    k, mean, spread = rates.count(), rates.mean(), np.sqrt(np.maximum(rates.var(), luck.mean().reindex(rates.columns)))
    reach = stdtrit(k - 1, 1 - (1 - level) / 2 / len(order)) * spread * np.sqrt(1 + 1 / k)
    table = pd.DataFrame({"usual": mean, "usual_low": mean - reach, "usual_high": mean + reach})
    return table.where(k >= LEAST_MONTHS)


def drift_since(
    day,
    purchases: Purchases,
    customers: pd.DataFrame,
    *,
    end,
    found: Clustering,
    months: int = 12,
    level: float = 0.9,
    min_cell: int = 1,
) -> Drift:
    """Who has moved to another segment, or cluster, since a day.

    Parameters
    ----------
    day : date
        With which today is compared.
    purchases : regulars.purchases.Purchases
        Of all customers.
    customers : pandas.DataFrame
        ``customer_id``, ``segment``, ``cluster`` as of `end`.
    end : date
        Last day of the data.
    found : Clustering
        The clusters of today.
    months : int
        Before `day`, whose moves say what is usual.
    level : float
        Of the interval of a net move, and of what is usual.
    min_cell : int
        Groups, and ways between them, of fewer customers are left out.

    Returns
    -------
    Drift

    Examples
    --------
    >>> from regulars.segments import find_clusters, cluster_features
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "b"], "amount": 9.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-05", "2026-01-08", "2026-03-05"])})
    >>> purchases = Purchases.of(orders)
    >>> customers = purchases.summary("2026-03-31")
    >>> customers = customers.assign(segment=name_segments(rfm_scores(customers)), cluster="none")
    >>> found = find_clusters(cluster_features(customers, "2026-03-31"))
    >>> drift_since("2026-02-28", purchases, customers, end="2026-03-31", found=found).same
    0.5
    """
    day, now = pd.Timestamp(day), customers.set_index("customer_id")
    then = groups_at(purchases, day, found)
    if then.empty:
        return Drift(day)
    known = purchases.known(end)
    if pd.Index(purchases.customers.iloc[known]).equals(now.index):
        # the same customers in the same order: numbers are compared faster than ids
        then.index, now.index = purchases.known(day), known
    order = list(Segment)
    table = _beside_usual(
        moves(then["segment"], now["segment"], order, level=level), purchases, day, months, level=level
    )
    stayed = then["segment"].reindex(now.index).dropna()
    today = now["segment"].reindex(stayed.index)
    paths = transition_shares(stayed, today, order, min_cell=min_cell)
    paths["customers"] = (paths["share"] * paths["n"]).round().astype(int)
    went = large_enough(paths[paths["customers"] > 0], "customers", min_cell, "before")
    went = went[went["before"] != went["now"]]
    clusters = pd.DataFrame()
    if "cluster" in then:
        names = list(dict.fromkeys([*found.profile["cluster"], *then["cluster"].unique()]))
        clusters = moves(then["cluster"], now["cluster"], names, by="cluster", level=level)
    return Drift(
        day=day,
        same=float((stayed == today).mean()),
        moves=large_enough(table, "n", min_cell).reset_index(drop=True),
        paths=went.sort_values("customers", ascending=False, kind="stable", ignore_index=True),
        clusters=clusters,
    )


def _beside_usual(table: pd.DataFrame, purchases: Purchases, day, months: int, *, level: float) -> pd.DataFrame:
    """Net moves beside those that are usual, in customers."""
    days = [pd.Timestamp(day)]
    while len(days) <= months and month_before(days[-1]) > purchases.first:
        days.append(month_before(days[-1]))
    stands = [groups_at(purchases, one)["segment"] for one in reversed(days)]
    usual = usual_net(stands, list(Segment), level=level).reindex(table["segment"].astype(object))
    table = table.join(_possible(usual.set_axis(table.index), table["before"]))
    beside = [
        against(Estimate(row["net"] - row["usual"], row["net"] - row["usual_high"], row["net"] - row["usual_low"]))
        for _, row in table.iterrows()
    ]
    return table.assign(change=pd.array([one.value for one in beside], dtype="string"))


def _possible(usual: pd.DataFrame, before: pd.Series) -> pd.DataFrame:
    """Usual moves in customers: no more leave than are there, or enter than are elsewhere.

    Examples
    --------
    >>> usual = pd.DataFrame({"usual": [-0.9, 0.1], "usual_low": [-1.5, -2.0], "usual_high": [-0.3, 2.2]})
    >>> _possible(usual, pd.Series([100, 500])).to_numpy().tolist()
    [[-90.0, -100.0, -30.0], [nan, nan, nan]]
    """
    told = usual.mul(before, axis="index").clip(-before, before.sum() - before, axis="index")
    return told.where(told["usual_high"] - told["usual_low"] <= before)
