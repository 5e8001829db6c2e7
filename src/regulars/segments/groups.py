"""Sections on the named segments: what each brings, who has gone quiet, how the pyramid lies across them."""

import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import Finding
from regulars.labels import Segment, Tier
from regulars.segments.findings import Part, largest_group, leading_group
from regulars.segments.summary import advice, cross_table, group_summary, score_grid
from regulars.statistics.intervals import share


def groups_finding(named: pd.DataFrame, months: float, uncertainty: float) -> Finding:
    """Tell which segments there are, what they brought and what they should bring.

    Parameters
    ----------
    named : pandas.DataFrame
        Of `regulars.segments.group_summary`, by segment.
    months : float
        Horizon.
    uncertainty : float
        Standard deviation of the level of a total that no model sees.

    Returns
    -------
    Finding
        Verdict ``same`` where the largest segment is the one that should bring most, else ``other``.

    Raises
    ------
    UntoldError
        As `leading_group`.
    """
    best, largest = leading_group(named, "segment"), largest_group(named, "segment")
    facts = {"best": best.group, "worth": best.worth, "future": best.future, "past": best.past, "months": months}
    facts |= {"largest": largest.group, "share": largest.share, "its_future": largest.future}
    frames = {"shares": named, "table": named, "advice": advice(named)}
    return Finding("same" if largest.group == best.group else "other", facts | {"uncertainty": uncertainty}, frames)


def past_finding(named: pd.DataFrame) -> Finding:
    """Tell which segments there are and what they brought, where what they should bring is not known.

    Parameters
    ----------
    named : pandas.DataFrame
        Of `regulars.segments.group_summary`, by segment; without a row where every segment is too small to be shown.

    Returns
    -------
    Finding
        Verdict ``known``, or ``few``.

    Examples
    --------
    >>> past_finding(pd.DataFrame({"segment": [], "customers": [], "spend": []})).verdict
    'few'
    """
    if named.empty:
        return Finding("few")
    first = named.loc[named["customers"].idxmax()]
    facts = {"largest": str(first["segment"]), "share": float(first["customers_share"])}
    frames = {"table": named.sort_values("spend", ascending=False, kind="stable"), "advice": advice(named)}
    return Finding("known", facts | {"past": float(first["spend_share"])}, frames)


def quiet_finding(customers: pd.DataFrame, scores: pd.DataFrame, quiet: Part, months: float, min_cell: int) -> Finding:
    """Tell who was good and has gone quiet, on the map that the names of segments are cut out of.

    Parameters
    ----------
    customers : pandas.DataFrame
        As for `score_grid`.
    scores : pandas.DataFrame
        Of `regulars.segments.rfm_scores`.
    quiet : Part
    months : float
    min_cell : int

    Returns
    -------
    Finding

    Raises
    ------
    UntoldError
        Where every cell is too small to be shown, or nobody's value is known.
    """
    grid = score_grid(customers, scores, min_cell)
    if not grid["clv_per_customer"].notna().any():
        raise UntoldError("It needs what customers will bring, in groups large enough to be shown.")
    facts = {"quiet": quiet.customers, "past": quiet.past, "future": quiet.future, "months": months}
    facts |= {"low": float(grid["clv_per_customer"].min()), "high": float(grid["clv_per_customer"].max())}
    return Finding(None, facts, {"map": grid})


def tiers_finding(customers: pd.DataFrame, named: pd.DataFrame, months: float, *, level: float, **money) -> Finding:
    """Tell how many of the most valuable customers stand in the segment that should bring most.

    Parameters
    ----------
    customers : pandas.DataFrame
        tier, segment, and what `group_summary` needs.
    named : pandas.DataFrame
        Of `group_summary`, by segment.
    months : float
    level, **money
        As for `group_summary`.

    Returns
    -------
    Finding

    Raises
    ------
    UntoldError
        As `leading_group`, of segments and of tiers.
    """
    best = leading_group(named, "segment")
    tiers = group_summary(customers, "tier", list(Tier), level=level, **money)
    first = leading_group(tiers.head(1), "tier")
    tiers = tiers.merge(cross_table(customers, "tier", "segment", list(Tier), list(Segment)), on="tier")
    tiers = tiers.rename(columns={best.group: "best"})
    facts = {"top": share(int(tiers["best"].iloc[0]), first.customers, level), "best": best.group}
    return Finding(None, facts | {"tier": first.group, "future": first.future, "months": months}, {"table": tiers})
