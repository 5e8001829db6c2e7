"""Which customers order again sooner: by segment, channel, first product, first-order size and satisfaction."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from regulars.finding import Finding, shows, tells
from regulars.labels import GroupsVerdict, Third
from regulars.purchases import Purchases, dates_of, day_number, day_numbers
from regulars.segments.rfm import name_segments, rfm_scores
from regulars.statistics.intervals import Estimate, z_value
from regulars.statistics.survival import Curve, kaplan_meier, log_rank

GROUPS_MOST = 6  # of one grouping: no more can be told apart
THIRDS = [third.value for third in Third]
EARLIER = "segment"  # made of the customers' own orders, so that it cannot be the news


@shows
class Waiting(NamedTuple):
    """Customers waiting for their next order, from a day of their own.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``customer_id``, ``group``, ``days`` (until the next order, or the end of the data), ``returned``.
    start : str
        What the days count from: ``first_order``, ``answer`` or ``cutoff``.
    """

    frame: pd.DataFrame
    start: str


def restricted_mean(curve: Curve, until: float, *, level: float = 0.9) -> Estimate:
    """Mean time without the event, within the first `until`: the area under the Kaplan–Meier curve.

    Parameters
    ----------
    curve : Curve
        Of `kaplan_meier`, which takes it from statsmodels.
    until : float
        End of the window, in the unit of the durations.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        NaN where nobody was watched for so long.

    References
    ----------
    Klein, J. P. and Moeschberger, M. L. (2003), Survival Analysis, 2nd ed., sec. 4.5 (variance of the area).

    Examples
    --------
    >>> restricted_mean(kaplan_meier([1, 2, 3, 4], [1, 1, 0, 1]), 2).value
    1.75
    """
    if not curve.knows(until):
        return Estimate(float("nan"), n=curve.n)
    inside = curve.times < until
    times = np.concatenate([[0.0], curve.times[inside], [until]])
    height = np.concatenate([[1.0], curve.survival[inside]])
    area = np.diff(times) * height
    later = np.cumsum(area[::-1])[::-1][1:]  # area to the right of each event
    at_risk, events = curve.at_risk[inside].astype(float), curve.events[inside].astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(at_risk > events, later**2 * events / (at_risk * (at_risk - events)), 0.0)
    reach = float(z_value(level) * np.sqrt(parts.sum()))
    mean = float(area.sum())
    return Estimate(mean, max(mean - reach, 0.0), min(mean + reach, float(until)), curve.n)


def since_first_order(times: pd.DataFrame, group: pd.Series) -> Waiting:
    """Customers from their first order on, in groups that were known that day.

    Parameters
    ----------
    times : pandas.DataFrame
        As `time_to_second_order` gives them.
    group : pandas.Series
        Group by customer id; customers without one are left out.

    Returns
    -------
    Waiting

    Examples
    --------
    >>> times = pd.DataFrame({"customer_id": ["a", "b"], "days": [5.0, 9.0], "returned": [True, False]})
    >>> since_first_order(times, pd.Series({"a": "web"})).frame["group"].tolist()
    ['web']
    """
    frame = times[["customer_id", "days", "returned"]].assign(group=times["customer_id"].map(group))
    return Waiting(frame.dropna(subset=["group"]), "first_order")


def since_day(purchases: Purchases, starts: pd.DataFrame, observation_end, start: str) -> Waiting:
    """Customers from a day of their own on, until their next purchase day.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    starts : pandas.DataFrame
        ``customer_id``, ``day`` (one row per customer), ``group``, which was known on that day.
    observation_end : date
        Last day of the data.
    start : str
        What the day is: ``answer``, ``cutoff`` ….

    Returns
    -------
    Waiting

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "ordered_at": pd.to_datetime(["2026-01-01", "2026-03-01"])})
    >>> purchases = Purchases.of(orders.assign(amount=1.0))
    >>> starts = pd.DataFrame({"customer_id": ["a", "b"], "day": pd.to_datetime(["2026-02-01"] * 2), "group": "x"})
    >>> since_day(purchases, starts, "2026-03-31", "answer").frame[["days", "returned"]].to_numpy().tolist()
    [[28.0, True], [58.0, False]]
    """
    end = pd.Timestamp(observation_end).normalize()
    known = starts[starts["day"] <= end].sort_values("customer_id", ignore_index=True)
    seen = purchases.until(end)
    following = seen.next_days(seen.places(known["customer_id"]), day_numbers(known["day"]))
    returned = np.isfinite(following)
    until = dates_of(np.where(returned, following, day_number(end)).astype(np.int64))
    days = (until - known["day"]).dt.days.astype(float)
    return Waiting(known[["customer_id", "group"]].assign(days=days, returned=returned), start)


def thirds(values: pd.Series) -> pd.Series:
    """Third of the customers into which each value falls: low, middle, high; equal values share one.

    Parameters
    ----------
    values : pandas.Series of float
        One per customer; missing ones fall into none.

    Returns
    -------
    pandas.Series of str
        With the same index.

    Examples
    --------
    >>> thirds(pd.Series([1.0, 2.0, 3.0])).tolist()
    ['low', 'middle', 'high']
    """
    place = values.rank(method="average", pct=True)
    cut = np.ceil(place.to_numpy() * len(THIRDS) - 1e-9).clip(1, len(THIRDS)) - 1
    known = values.notna().to_numpy()
    names = np.full(len(values), None, object)
    names[known] = np.array(THIRDS, object)[cut[known].astype(int)]
    return pd.Series(names, index=values.index)


def groupings(
    orders: pd.DataFrame,
    purchases: Purchases,
    times: pd.DataFrame,
    observation_end,
    *,
    within_days: int,
    tables: Mapping[str, pd.DataFrame] | None = None,
    answers: pd.DataFrame | None = None,
) -> dict[str, Waiting]:
    """Every grouping for which the tables are there, each from a day on which the group was known.

    A segment, or an answer to a survey, says nothing of the orders before it: time counts from the day for which
    segments are worked out, and from the first answer. What was known at the first order counts from there.

    Parameters
    ----------
    orders : pandas.DataFrame
        The log: ``order_id``, ``customer_id``, ``ordered_at`` and, where supplied, ``channel``.
    purchases : regulars.purchases.Purchases
        What counts in it, and for how much.
    times : pandas.DataFrame
        As `time_to_second_order` gives them.
    observation_end : date
        Last day of the data.
    within_days : int
        Segments are those of so many days before.
    tables : mapping, optional
        Of the clean tables, where supplied: ``customers`` (their ``channel`` is that of acquisition; else it is that
        of the first order, if orders have one) and ``order_lines`` (the first product is the category, or the product,
        on which most was spent on the first day).
    answers : pandas.DataFrame, optional
        ``customer_id``, ``answered_at``, ``satisfaction``.

    Returns
    -------
    dict
        ``segment``, ``channel``, ``first_product``, ``first_size``, ``satisfaction``: those that can be made.
    """
    tables = tables or {}
    cutoff = pd.Timestamp(observation_end).normalize() - pd.Timedelta(days=within_days)
    found = {EARLIER: _segments(purchases, cutoff, observation_end)}
    channel, lines = _channel(orders, tables.get("customers")), tables.get("order_lines")
    if channel is not None:
        found["channel"] = since_first_order(times, _most_frequent(channel))
    if lines is not None and len(lines):
        found["first_product"] = since_first_order(times, _most_frequent(_first_product(lines)))
    first = pd.Series(purchases.amount[purchases.starts], index=pd.Index(purchases.customers))
    found["first_size"] = since_first_order(times, thirds(first))
    if answers is not None:
        known = answers.dropna(subset=["customer_id", "satisfaction"]).sort_values("answered_at", kind="stable")
        known = known.drop_duplicates("customer_id").rename(columns={"answered_at": "day"})
        known["group"] = thirds(known["satisfaction"])
        found["satisfaction"] = since_day(purchases, known[["customer_id", "day", "group"]], observation_end, "answer")
    return {name: waiting for name, waiting in found.items() if len(waiting.frame)}


def _segments(purchases: Purchases, cutoff: pd.Timestamp, observation_end) -> Waiting:
    table, known = purchases.summary(cutoff), purchases.known(cutoff)
    then, end = day_number(cutoff), day_number(observation_end)
    following = purchases.until(observation_end).next_days(known, np.full(len(known), then))
    returned = np.isfinite(following)
    names = name_segments(rfm_scores(table)) if len(table) else pd.Series(dtype="string")
    waited = {"days": np.where(returned, following, end) - float(then), "returned": returned}
    return Waiting(table[["customer_id"]].assign(group=names.to_numpy(), **waited), "cutoff")


def _channel(orders: pd.DataFrame, customers: pd.DataFrame | None) -> pd.Series | None:
    if customers is not None and "channel" in customers and customers["channel"].notna().any():
        return customers.set_index("customer_id")["channel"].dropna()
    if "channel" not in orders or not orders["channel"].notna().any():
        return None
    first = orders.sort_values(["ordered_at", "order_id"], kind="stable").drop_duplicates("customer_id")
    return first.set_index("customer_id")["channel"].dropna()


def _first_product(lines: pd.DataFrame) -> pd.Series:
    name = "category" if "category" in lines and lines["category"].notna().any() else "product_id"
    day = lines["ordered_at"].dt.normalize()
    first = lines[day == day.groupby(lines["customer_id"]).transform("min")]
    spent = first.assign(spent=first["quantity"] * first["unit_price"]).groupby(["customer_id", name])["spent"].sum()
    spent = spent.reset_index().sort_values(["customer_id", "spent", name], ascending=[True, False, True])
    return spent.drop_duplicates("customer_id").set_index("customer_id")[name]


def _most_frequent(group: pd.Series) -> pd.Series:
    """Only the largest groups: the others are too many to be read."""
    counts = group.value_counts()
    kept = sorted(counts.index, key=lambda name: (-counts[name], name))[:GROUPS_MOST]
    return group[group.isin(kept)]


@shows
class Compared(NamedTuple):
    """Groups of each grouping, and whether they differ.

    Parameters
    ----------
    groups : dict
        Grouping to a frame, one row per group: ``group``, ``n``, ``share`` with limits (ordered within the window),
        ``waiting`` with limits (restricted mean, days).
    tests : pandas.DataFrame
        One row per grouping: ``grouping``, ``start``, ``groups``, ``n``, ``lowest`` and ``highest`` share,
        ``p_value`` (log-rank), ``p_adjusted`` (Benjamini–Hochberg over the groupings), ``differs``.
    """

    groups: dict[str, pd.DataFrame]
    tests: pd.DataFrame


def compare_groups(
    waiting: Mapping[str, Waiting], within_days: int, *, level: float = 0.9, min_customers: int = 30
) -> Compared:
    """Hold the groups of each grouping against each other.

    Parameters
    ----------
    waiting : mapping
        Of `groupings`.
    within_days : int
        Window of the share and of the restricted mean.
    level : float
        Of the intervals; 1 − `level` is also the rate of false discoveries allowed among the groupings.
    min_customers : int
        Smaller groups are left out.

    Returns
    -------
    Compared

    Examples
    --------
    >>> from regulars.retention import time_to_second_order
    >>> from regulars.simulate import order_log
    >>> orders = order_log(customers=300, seed=2)
    >>> purchases = Purchases.of(orders)
    >>> times = time_to_second_order(purchases, "2025-12-31")
    >>> waiting = groupings(orders, purchases, times, "2025-12-31", within_days=90)
    >>> compare_groups(waiting, 90).tests[["grouping", "groups"]].to_numpy().tolist()
    [['segment', 4], ['first_size', 3]]
    """
    parts, rows = {}, []
    for name, (frame, start) in waiting.items():
        table = _groups_of(frame, within_days, level, min_customers)
        if len(table) < 2:
            continue
        tested = frame[frame["group"].isin(table["group"])]
        days = tested["days"].clip(upper=within_days)
        came = tested["returned"] & (tested["days"] <= within_days)
        p_value = log_rank(days, came, tested["group"].astype(object))[1]
        parts[name] = table
        rows.append(
            {
                "grouping": name, "start": start, "groups": len(table), "n": len(tested),
                "lowest": table["share"].min(), "highest": table["share"].max(), "p_value": p_value,
            }
        )  # fmt: skip
    columns = ["grouping", "start", "groups", "n", "lowest", "highest", "p_value"]
    tests = pd.DataFrame(rows, columns=columns).dropna(subset=["p_value"]).reset_index(drop=True)
    adjusted = false_discovery_control(tests["p_value"].astype(float)) if len(tests) else np.array([])
    return Compared(parts, tests.assign(p_adjusted=adjusted, differs=adjusted < 1 - level))


def _groups_of(frame: pd.DataFrame, within_days: int, level: float, min_customers: int) -> pd.DataFrame:
    rows = []
    for group, part in frame.groupby("group", sort=True):
        curve = kaplan_meier(part["days"], part["returned"], level)
        share, mean = curve.share_by(within_days), restricted_mean(curve, within_days, level=level)
        if len(part) < min_customers or np.isnan(share.value) or np.isnan(mean.value):
            continue
        rows.append(
            {
                "group": group, "n": len(part), "share": share.value, "share_low": share.low, "share_high": share.high,
                "waiting": mean.value, "waiting_low": mean.low, "waiting_high": mean.high,
            }
        )  # fmt: skip
    columns = ["group", "n", "share", "share_low", "share_high", "waiting", "waiting_low", "waiting_high"]
    table = pd.DataFrame(rows, columns=columns)
    order = THIRDS if set(table["group"]) <= set(THIRDS) else None
    key = table["group"].map(order.index) if order else -table["share"].astype(float)
    return table.assign(key=key).sort_values(["key", "group"], kind="stable").drop(columns="key").reset_index(drop=True)


@tells
def tell_groups(compared: Compared, *, within_days: int, level: float = 0.9) -> Finding:
    """Who orders again sooner.

    Parameters
    ----------
    compared : Compared
        Of `compare_groups`.
    within_days : int
        Window of the shares.
    level : float
        At which they were compared: the rest is the share of false alarms among the groupings.

    Returns
    -------
    Finding
        ``differ`` names the grouping with the smallest chance of being luck, segments last since they are made of
        orders; ``wait`` does where as many of each group order in the end, in whole percent; ``alike``; ``too_few``
        where no grouping has two groups. Frames ``tests`` and the groups of every grouping that differs.
    """
    tests = compared.tests
    if tests.empty:
        return Finding(GroupsVerdict.TOO_FEW)
    facts = {"days": within_days, "groupings": len(tests), "alarms": 1 - level}
    differs = np.where(tests["differs"], GroupsVerdict.DIFFER.value, GroupsVerdict.ALIKE.value)
    differ = tests[tests["differs"]]
    frames = {"tests": tests.assign(differs=differs)} | {name: compared.groups[name] for name in differ["grouping"]}
    if differ.empty:
        return Finding(GroupsVerdict.ALIKE, facts, frames)
    ranked = differ.sort_values(["p_adjusted", "grouping"], kind="stable")
    first = ranked.sort_values("grouping", key=lambda names: names == EARLIER, kind="stable").iloc[0]
    facts |= {"grouping": first["grouping"]}
    if round(first["lowest"], 2) == round(first["highest"], 2):
        waits = compared.groups[first["grouping"]]["waiting"]
        return Finding(GroupsVerdict.WAIT, facts | {"shortest": waits.min(), "longest": waits.max()}, frames)
    return Finding(GroupsVerdict.DIFFER, facts | {name: first[name] for name in ("lowest", "highest")}, frames)
