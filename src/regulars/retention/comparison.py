"""Whether newer cohorts come back sooner than older ones, with the chance of a false alarm held down."""

from enum import StrEnum

import numpy as np
import pandas as pd
from scipy.stats import chi2, false_discovery_control, norm
from scipy.stats import t as student

from regulars.finding import Finding, Remark, tells
from regulars.labels import Change
from regulars.retention.cohorts import Mixture, Triangles, recent_cells
from regulars.retention.second_order import cohort_curves
from regulars.statistics.intervals import Estimate, difference, z_value
from regulars.statistics.survival import kaplan_meier, log_rank


class CohortsVerdict(StrEnum):
    """Whether newer cohorts come back for a second order more often than older ones."""

    BETTER = "better"
    WORSE = "worse"
    MIXED = "mixed"  # they differ, and not in one direction
    ALIKE = "alike"
    TOO_FEW = "too_few"


def compare_cohorts(
    times: pd.DataFrame, horizon_days: float, *, level: float = 0.9, min_customers: int = 30
) -> pd.DataFrame:
    """Whether each cohort comes back for a second order sooner or later than the one before it.

    Parameters
    ----------
    times : pandas.DataFrame
        ``cohort``, ``days``, ``returned``, as `regulars.retention.time_to_second_order` gives them.
    horizon_days : float
        The share with a second order is read off at this age; only cohorts of which somebody was observed that long
        are compared.
    level : float
        Of the intervals; 1 − `level` is also the rate of false discoveries allowed among the verdicts.
    min_customers : int
        Smaller cohorts are left out.

    Returns
    -------
    pandas.DataFrame
        One row per cohort, sorted: ``cohort``, ``n``, ``share`` with ``share_low`` and ``share_high`` (second order
        by the horizon, Kaplan–Meier), ``median_days``; against the cohort before: ``difference`` with
        ``difference_low`` and ``difference_high`` (shares), ``p_value`` (log-rank), ``p_adjusted``
        (Benjamini–Hochberg), ``change`` (a `regulars.labels.Change`: missing in the first row).

    Examples
    --------
    >>> months = pd.to_datetime(["2025-01-01"] * 200 + ["2025-02-01"] * 200)
    >>> came = np.array([True, False, False, False] * 50 + [True, False] * 100)
    >>> times = pd.DataFrame({"cohort": months, "days": np.where(came, 10.0, 40.0), "returned": came})
    >>> compare_cohorts(times, 30)["change"].tolist()[1]
    'up'

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995), J. Royal Statistical Society B 57, 289-300.
    """
    rows, previous = [], None
    for cohort, group in times.groupby("cohort", sort=True):
        curve = kaplan_meier(group["days"], group["returned"], level)
        share = curve.share_by(horizon_days)
        if len(group) < min_customers or np.isnan(share.value):
            continue
        row = {
            "cohort": cohort, "n": len(group), "share": share.value, "share_low": share.low, "share_high": share.high,
            "median_days": curve.quantile().value,
        }  # fmt: skip
        if previous is not None:
            gap = difference(share, previous[1])
            both = pd.concat([previous[0], group])
            row |= {"difference": gap.value, "difference_low": gap.low, "difference_high": gap.high}
            row["p_value"] = log_rank(both["days"], both["returned"], both["cohort"])[1]
        rows.append(row)
        previous = (group, share)
    columns = [
        "cohort", "n", "share", "share_low", "share_high", "median_days", "difference", "difference_low",
        "difference_high", "p_value", "p_adjusted", "change",
    ]  # fmt: skip
    table = pd.DataFrame(rows).reindex(columns=columns)
    tested = table["p_value"].notna().to_numpy()
    if tested.any():
        table.loc[tested, "p_adjusted"] = false_discovery_control(table.loc[tested, "p_value"].astype(float))
    real = table["p_adjusted"].astype(float) < 1 - level
    change = np.where(
        ~real, Change.UNCLEAR.value, np.where(table["difference"] > 0, Change.UP.value, Change.DOWN.value)
    )
    table["change"] = pd.Series(change, table.index, dtype="string").where(table["difference"].notna())
    return table


def of_newcomers(times: pd.DataFrame, since: pd.Timestamp | None) -> pd.DataFrame:
    """Customers of cohorts in which everybody was new.

    Parameters
    ----------
    times : pandas.DataFrame
        ``cohort``, as `regulars.retention.time_to_second_order` gives it.
    since : date or None
        Of `regulars.clv.newcomers_since`.

    Returns
    -------
    pandas.DataFrame
        Without the cohorts that began before that day; all where it is None.

    Examples
    --------
    >>> months = pd.DataFrame({"cohort": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01"])})
    >>> len(of_newcomers(months, pd.Timestamp("2025-01-20"))), len(of_newcomers(months, None))
    (2, 3)
    """
    return times if since is None else times[times["cohort"] >= since]


def older_and_newer(
    times: pd.DataFrame, comparison: pd.DataFrame, horizon_days: float, *, level: float = 0.9
) -> dict[str, Estimate]:
    """Share with a second order of the older and of the newer half of the compared cohorts, for a title's numbers.

    Parameters
    ----------
    times : pandas.DataFrame
        Of `regulars.retention.time_to_second_order`.
    comparison : pandas.DataFrame
        What `compare_cohorts` made of them.
    horizon_days : float
        Age at which the share is read off.
    level : float
        Of the intervals.

    Returns
    -------
    dict
        ``older`` and ``newer``; empty with fewer than two cohorts. Of an odd number the middle one is left out.

    Examples
    --------
    >>> months = pd.to_datetime(["2025-01-01"] * 200 + ["2025-02-01"] * 200)
    >>> came = np.array([True, False, False, False] * 50 + [True, False] * 100)
    >>> times = pd.DataFrame({"cohort": months, "days": np.where(came, 10.0, 40.0), "returned": came})
    >>> halves = older_and_newer(times, compare_cohorts(times, 30), 30)
    >>> round(halves["older"].value, 2), round(halves["newer"].value, 2)
    (0.25, 0.5)
    """
    cohorts = comparison["cohort"].tolist()
    half = len(cohorts) // 2
    if not half:
        return {}
    parts = {
        "older": times[times["cohort"].isin(cohorts[:half])],
        "newer": times[times["cohort"].isin(cohorts[-half:])],
    }
    curves = {name: kaplan_meier(part["days"], part["returned"], level) for name, part in parts.items()}
    return {name: curve.share_by(horizon_days) for name, curve in curves.items()}


def cohorts_verdict(comparison: pd.DataFrame, *, chance: float | None = None, level: float = 0.9) -> CohortsVerdict:
    """What may be said about newer against older cohorts as a whole.

    A weighted straight line through the cohorts' shares with a second order decides between better and worse; where
    the cohorts scatter around it by more than their intervals allow, its slope must stand out from that scatter. Where
    it does not, and the curves differ all the same by the log-rank test, they are called mixed.

    Parameters
    ----------
    comparison : pandas.DataFrame
        As `compare_cohorts` gives it.
    chance : float, optional
        Of curves so different by luck, of the log-rank test over all cohorts; without it the scatter of the shares
        decides.
    level : float
        Of the decision.

    Returns
    -------
    CohortsVerdict
        ``better``, ``worse``, ``mixed``, ``alike`` or, with fewer than two comparable cohorts, ``too_few``.

    Examples
    --------
    >>> shares = pd.DataFrame({"share": [.30, .40, .50], "share_low": [.28, .38, .48], "share_high": [.32, .42, .52]})
    >>> cohorts_verdict(shares)
    <CohortsVerdict.BETTER: 'better'>
    >>> cohorts_verdict(shares.iloc[:1])
    <CohortsVerdict.TOO_FEW: 'too_few'>
    """
    if len(comparison) < 2:
        return CohortsVerdict.TOO_FEW
    z = z_value(level)
    alarm = (1 - level) / 2  # two looks, at the line and at the curves, share the chance of a false alarm
    error = ((comparison["share_high"] - comparison["share_low"]) / (2 * z)).to_numpy(float)
    if not (error > 0).all():
        return CohortsVerdict.ALIKE
    weight = error**-2.0
    share = comparison["share"].to_numpy(float)
    place = np.arange(len(share), dtype=float)
    centred = place - np.average(place, weights=weight)
    slope = (weight * centred * share).sum() / (weight * centred**2).sum()
    residual = (weight * (share - np.average(share, weights=weight) - slope * centred) ** 2).sum()
    freedom = len(share) - 2
    limit = norm.ppf(1 - alarm / 2)
    if freedom > 0 and chi2.sf(residual, freedom) < alarm:  # the cohorts do not lie on a line: ask for more
        limit = student.ppf(1 - alarm / 2, freedom) * np.sqrt(residual / freedom)
    if abs(slope) * np.sqrt((weight * centred**2).sum()) > limit:
        return CohortsVerdict.BETTER if slope > 0 else CohortsVerdict.WORSE
    if chance is None:
        chance = chi2.sf((weight * (share - np.average(share, weights=weight)) ** 2).sum(), len(share) - 1)
    return CohortsVerdict.MIXED if chance < alarm else CohortsVerdict.ALIKE


@tells
def tell_cohorts(
    times: pd.DataFrame,
    both: Triangles,
    comparison: pd.DataFrame,
    mixture: Mixture,
    *,
    again: Estimate,
    days: int,
    within_days: int,
    most: int,
    since: pd.Timestamp | None = None,
    level: float = 0.9,
) -> Finding:
    """Whether cohorts are better or worse than those before them, and how many of each still buy.

    Parameters
    ----------
    times : pandas.DataFrame
        Of `of_newcomers`: those who are compared.
    both : Triangles
        Of `regulars.retention.triangles`.
    comparison : pandas.DataFrame
        Of `compare_cohorts` at `days`.
    mixture : Mixture
        Of `regulars.retention.mixture_curves`.
    again : Estimate
        Share of all customers with a second order within `within_days`.
    days : int
        After the first order, at which cohorts are compared.
    within_days : int
        Of `again`.
    most : int
        Cohorts, and periods, of the triangle that are drawn.
    since : date, optional
        Day before which cohorts are not compared.
    level : float
        Of the intervals.

    Returns
    -------
    Finding
        Its verdict is a `CohortsVerdict`; frames ``curves``, ``table`` (``soon``: the share within `within_days`, of
        which `again` is that of all), ``triangle`` and, where a model could be laid
        over them, ``mixture``.
    """
    curves, cells = cohort_curves(times, level=level), recent_cells(both.on, most)
    halves = older_and_newer(times, comparison, days, level=level)
    facts = {"days": days, "within": within_days, "again": again, "cohorts": cells["cohort"].nunique(), **halves}
    if halves:
        facts["chance"] = log_rank(times["days"], times["returned"], times["cohort"])[1]
    soon = {
        cohort: kaplan_meier(group["days"], group["returned"], level).share_by(within_days).value
        for cohort, group in times.groupby("cohort")
    }
    table = comparison.iloc[::-1].assign(soon=lambda rows: rows["cohort"].map(soon))
    frames = {"curves": curves, "table": table, "triangle": cells}
    if mixture.periods:
        facts, frames = facts | mixture.facts, frames | {"mixture": mixture.curves}
    grain = curves["grain"].iloc[0]
    if grain == "quarter":
        curves["cohort"] = curves["cohort"].dt.to_period("Q").dt.strftime("%Y Q%q")
    format = {"month": "month_short", "quarter": "cohort"}.get(grain, "year")
    verdict = cohorts_verdict(comparison, chance=facts.get("chance"), level=level)
    remarks = [] if since is None else [Remark("late_start", {"since": since.date()})]
    return Finding(verdict, facts, frames, columns={"curves": {"cohort": format}}, remarks=remarks)
