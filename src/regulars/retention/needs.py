"""When customers need us: what the page tells of dates of the next order."""

from collections.abc import Callable
from enum import StrEnum

import pandas as pd

from regulars.finding import Finding, Remark, tells
from regulars.retention.calls import under_pseudonyms
from regulars.retention.hindsight import Judged, LookBack
from regulars.retention.risk import Risk, expected_active
from regulars.settings import Certainty, DateRules
from regulars.statistics.intervals import Estimate

MOST, SOME = 0.5, 0.01  # shares of the customers with a call-by date from which on it can be told for most, for some


class DatesVerdict(StrEnum):
    """For how many customers the date of the next order can be told."""

    MOST = "most"
    SOME = "some"
    NONE = "none"


def dates_verdict(dated: Estimate) -> DatesVerdict:
    """For how many the date can be told, by the share of the customers with a call-by date.

    Parameters
    ----------
    dated : Estimate
        Of `regulars.retention.dated_share`.

    Returns
    -------
    DatesVerdict
        ``most`` from a half on; ``none`` also where fewer than one in a hundred have a date.

    Examples
    --------
    >>> dates_verdict(Estimate(0.4)), dates_verdict(Estimate(float("nan")))
    (<DatesVerdict.SOME: 'some'>, <DatesVerdict.NONE: 'none'>)
    """
    if dated.value >= MOST:
        return DatesVerdict.MOST
    return DatesVerdict.SOME if dated.value >= SOME else DatesVerdict.NONE


@tells
def tell_needs(
    dated: Estimate,
    due: pd.DataFrame,
    bands: pd.DataFrame,
    value: pd.DataFrame,
    *,
    month: LookBack,
    judged: Judged,
    risk: Risk,
    rules: DateRules,
    within_days: int,
    certainty: Certainty,
    pseudonyms: Callable[[pd.Series], pd.Series],
) -> Finding:
    """When customers need us, how many should order soon, and whether such dates have been right.

    Parameters
    ----------
    dated : Estimate
        Share of the customers with a call-by date: of `regulars.retention.dated_share`.
    due : pandas.DataFrame
        Of `regulars.retention.due_this_week`.
    bands : pandas.DataFrame
        Of `regulars.retention.active_bands`.
    value : pandas.DataFrame
        ``p_active``, one row per customer.
    month : LookBack
        How the dates of a month ago did.
    judged : Judged
        How windows did on the days kept back.
    risk : Risk
        Counts those of whom nothing can be told.
    rules : DateRules
        When a date is worth telling.
    within_days : int
        Days of ``p_active``.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's.
    pseudonyms : callable
        Gives what stands for each customer on the page.

    Returns
    -------
    Finding
        Its verdict is a `DatesVerdict`; frames ``expected``, ``list`` and, where an empty jar made a date, ``jars``.
    """
    expected = expected_active(value, certainty)
    facts = {"told": dated, "limit": rules.max_window_days, "within": within_days, "expected": expected}
    facts |= {"n": expected.n, "hits": month.hits}
    facts |= {"days": judged.days, **judged.window_facts}
    shown = under_pseudonyms(due, pseudonyms)
    jars = shown[shown["product_id"].notna()]
    frames = {"expected": bands, "list": shown} | ({"jars": jars} if len(jars) else {})
    remarks = [Remark("untold", {"untold": risk.untold})] if risk.untold else []
    return Finding(dates_verdict(dated), facts, frames, remarks=remarks)
