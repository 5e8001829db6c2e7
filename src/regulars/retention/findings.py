"""Which finding a title may state: comparisons of cohorts, with the chance of a false alarm held down."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2, false_discovery_control, norm
from scipy.stats import t as student

from regulars.finding import Finding
from regulars.labels import Change, CohortFinding
from regulars.retention.cohorts import mixture_curves, recent_cells
from regulars.retention.second_order import cohort_curves
from regulars.statistics.intervals import Estimate, difference, z_value
from regulars.statistics.survival import kaplan_meier, log_rank


class CohortStory(NamedTuple):
    """What may be said of newer against older cohorts.

    Parameters
    ----------
    comparison : pandas.DataFrame
        Of `compare_cohorts`.
    finding : CohortFinding
    halves : dict
        Of `older_and_newer`; empty with fewer than two cohorts.
    chance : float
        Of differences as large as these between all cohorts' curves if there were none (log-rank).
    """

    comparison: pd.DataFrame
    finding: CohortFinding
    halves: dict[str, Estimate]
    chance: float

    def telling(self, times, triangles, again: Estimate, days: int, within: int, most: int, level: float) -> Finding:
        """What the page tells.

        Parameters
        ----------
        times : pandas.DataFrame
            The story's own.
        triangles : sequence
            Of `regulars.retention.triangles`.
        again : Estimate
            Share of all customers with a second order within `within` days.
        days : int
            At which the story compares cohorts.
        most : int
            Cohorts, and periods, of the triangle that are drawn.
        level : float
        """
        curves, cells = cohort_curves(times, level=level), recent_cells(triangles[0], most)
        mixture = mixture_curves(*triangles, level)
        facts = {"days": days, "within": within, "again": again, "cohorts": cells["cohort"].nunique(), **self.halves}
        if self.halves:
            facts["chance"] = self.chance
        frames = {"curves": curves, "table": self.comparison.iloc[::-1], "triangle": cells}
        if mixture.periods:
            facts, frames = facts | mixture.facts, frames | {"mixture": mixture.curves}
        format = "month_short" if curves["grain"].iloc[0] in ("month", "quarter") else "year"
        return Finding(self.finding, facts, frames, columns={"curves": {"cohort": format}})


def cohort_story(times: pd.DataFrame, horizon_days: float, level: float = 0.9) -> CohortStory:
    """Compare the cohorts and choose what a title may say; parameters as `compare_cohorts`."""
    comparison = compare_cohorts(times, horizon_days, level)
    halves = older_and_newer(times, comparison, horizon_days, level)
    chance = log_rank(times["days"], times["returned"], times["cohort"])[1]
    return CohortStory(comparison, cohort_finding(comparison, level), halves, chance)


def compare_cohorts(
    times: pd.DataFrame, horizon_days: float, level: float = 0.9, min_customers: int = 30
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


def older_and_newer(
    times: pd.DataFrame, comparison: pd.DataFrame, horizon_days: float, level: float = 0.9
) -> dict[str, Estimate]:
    """Share with a second order of the older and of the newer half of the compared cohorts, for a title's numbers.

    Parameters
    ----------
    times, horizon_days, level
        As for `compare_cohorts`.
    comparison : pandas.DataFrame
        What `compare_cohorts` gave.

    Returns
    -------
    dict
        ``older`` and ``newer``; empty with fewer than two cohorts. Of an odd number the middle one is left out.
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


def cohort_finding(comparison: pd.DataFrame, level: float = 0.9) -> CohortFinding:
    """What may be said about newer against older cohorts as a whole.

    A weighted straight line through the cohorts' shares with a second order decides between better and worse; where
    the cohorts scatter around it by more than their intervals allow, its slope must stand out from that scatter. Where
    it does not, and the shares differ all the same, they are called mixed.

    Parameters
    ----------
    comparison : pandas.DataFrame
        As `compare_cohorts` gives it.
    level : float
        Of the decision.

    Returns
    -------
    CohortFinding
        ``better``, ``worse``, ``mixed``, ``alike`` or, with fewer than two comparable cohorts, ``too_few``.

    Examples
    --------
    >>> shares = pd.DataFrame({"share": [.30, .40, .50], "share_low": [.28, .38, .48], "share_high": [.32, .42, .52]})
    >>> cohort_finding(shares)
    <CohortFinding.BETTER: 'better'>
    >>> cohort_finding(shares.iloc[:1])
    <CohortFinding.TOO_FEW: 'too_few'>
    """
    if len(comparison) < 2:
        return CohortFinding.TOO_FEW
    z = z_value(level)
    chance = (1 - level) / 2  # two looks, at the line and at the scatter, share the chance of a false alarm
    error = ((comparison["share_high"] - comparison["share_low"]) / (2 * z)).to_numpy(float)
    if not (error > 0).all():
        return CohortFinding.ALIKE
    weight = error**-2.0
    share = comparison["share"].to_numpy(float)
    place = np.arange(len(share), dtype=float)
    centred = place - np.average(place, weights=weight)
    slope = (weight * centred * share).sum() / (weight * centred**2).sum()
    residual = (weight * (share - np.average(share, weights=weight) - slope * centred) ** 2).sum()
    freedom = len(share) - 2
    limit = norm.ppf(1 - chance / 2)
    if freedom > 0 and chi2.sf(residual, freedom) < chance:  # the cohorts do not lie on a line: ask for more
        limit = student.ppf(1 - chance / 2, freedom) * np.sqrt(residual / freedom)
    if abs(slope) * np.sqrt((weight * centred**2).sum()) > limit:
        return CohortFinding.BETTER if slope > 0 else CohortFinding.WORSE
    scatter = (weight * (share - np.average(share, weights=weight)) ** 2).sum()
    return CohortFinding.MIXED if chi2.sf(scatter, len(share) - 1) < chance else CohortFinding.ALIKE
