"""What was told and planned, held against what came: forecasts, plans, and figures that have been restated since."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from regulars.clv.month_by_month import MEASURES
from regulars.cycle.indicators import UNJUDGED, scored_months
from regulars.cycle.plans import Plan
from regulars.errors import UntoldError
from regulars.finding import may_refuse, shows
from regulars.history.closed import (
    HELD,
    HELD_COLUMNS,
    INDICATOR_COLUMNS,
    INDICATORS,
    MONTHS,
    closed_days,
    read_summary,
    read_table,
)
from regulars.history.months import COLUMNS as MONTH_COLUMNS
from regulars.history.months import hold_months
from regulars.labels import Light, PlanOutcome, PlanStatus
from regulars.purchases import month_before
from regulars.statistics.intervals import Estimate, share
from regulars.statistics.limits import coverage_band, judge, kupiec

LEAST_BEFORE = 6  # months before a planned one, below which its usual range is not known
SAME = 1e-9  # figures that differ by less, as a share, are the same


@shows
class Tracked(NamedTuple):
    """How what was told of single months has held.

    Parameters
    ----------
    months : pandas.DataFrame
        One row per closed month and measure: told_on, start, measure, told, low, high, came, inside, naive (what the
        stretch before brought, carried on).
    inside : Estimate
        Share of them inside their interval, with its own.
    band : (int, int)
        How many of the months could be expected inside, and p of as many misses by Kupiec's test.
    bias : Estimate
        Mean of log(came ÷ told): above 0 more came than was told.
    gain : Estimate
        Mean of |log(came ÷ naive)| − |log(came ÷ told)|: above 0 the forecast was nearer than carrying on.
    """

    months: pd.DataFrame
    inside: Estimate
    band: tuple[int, int, float]
    bias: Estimate
    gain: Estimate


def held_forecasts(dataset: str, orders: pd.DataFrame, end, *, share_drawn: float = 1.0) -> pd.DataFrame:
    """First month ahead of every closed month that is over by now, and what came in it.

    Parameters
    ----------
    dataset : str
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    end : date
        Last day observed.
    share_drawn : float
        Of the customers that the pages are made from; months closed with another share are left out.

    Returns
    -------
    pandas.DataFrame
        One row per closed month and measure, the earliest first: ``told_on``, ``start``, ``measure``, ``told``,
        ``low``, ``high``, ``came``, ``inside``, ``naive``.
    """
    found = []
    for day in closed_days(dataset, end, file=MONTHS):
        read_summary(dataset, day)  # refuses what belongs elsewhere
        saved = read_table(dataset, day, MONTHS, columns=MONTH_COLUMNS, dates=("start",))
        ahead = saved[saved["month"] == 1]
        told = hold_months(orders, day, ahead, end).frames.get("months")
        if told is None or abs(float(ahead["share"].iloc[0]) - share_drawn) > SAME:
            continue
        before = hold_months(orders, month_before(day), ahead.assign(with_new=True), day).frames["months"]
        found += [_row(day, told.iloc[0], measure, before.iloc[0]) for measure in MEASURES]
    return pd.DataFrame(found, columns=list(HELD_COLUMNS))


def _row(day, told: pd.Series, measure: str, before: pd.Series) -> tuple:
    low, high, came = (float(told[f"{measure}_{end}"]) for end in ("low", "high", "came"))
    start = pd.Timestamp(told["start"])
    return (
        pd.Timestamp(day), start, measure, float(told[measure]), low, high, came, low <= came <= high,
        float(before[f"{measure}_came"]),
    )  # fmt: skip


def track(months: pd.DataFrame, *, measure: str, level: float = 0.9) -> Tracked:
    """Coverage, bias and gain over carrying on, of one measure over all closed months.

    Parameters
    ----------
    months : pandas.DataFrame
        Of `held_forecasts`.
    measure : str
    level : float
        Of the intervals that were told, and of those told of them here.

    Returns
    -------
    Tracked

    Raises
    ------
    UntoldError
        Where no month that was told of is over.

    Examples
    --------
    >>> rows = pd.DataFrame({"measure": "orders", "told": [100.0] * 12, "low": 80.0, "high": 120.0,
    ...     "came": [101.0, 99] * 5 + [130, 110], "naive": [150.0] * 12})
    >>> rows["inside"] = rows["came"].between(80, 120)
    >>> told = track(rows, measure="orders")
    >>> told.inside.value.__round__(3), told.band[:2], told.gain.low > 0
    (0.917, (8, 12), True)
    """
    rows = months[months["measure"] == measure]
    n = len(rows)
    if not n:
        raise UntoldError(
            "no month of a saved forecast is over yet; once one is, forecast and result stand here side by side."
        )
    hits = int(rows["inside"].sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        off, naive = (
            np.log(rows["came"] / rows[name]).replace([np.inf, -np.inf], np.nan) for name in ("told", "naive")
        )
    return Tracked(
        rows,
        share(hits, n, level),
        (*coverage_band(n, level), kupiec(n - hits, n, 1 - level)[1]),
        _mean(off.dropna(), level),
        _mean((naive.abs() - off.abs()).dropna(), level),
    )


def _mean(values: pd.Series, level: float) -> Estimate:
    n = len(values)
    if n < 2:
        return Estimate(float(values.mean()), n=n)
    reach = float(stdtrit(n - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(n))
    return Estimate(float(values.mean()), float(values.mean() - reach), float(values.mean() + reach), n)


def score_plans(
    plans: Sequence[Plan], indicators: pd.DataFrame, last: pd.Timestamp, *, pooled: tuple[int, ...] = (), level=0.9
) -> pd.DataFrame:
    """What became of every change that a plan expected.

    The figure of the month in which it was due is held against the months before the plan's own.

    Parameters
    ----------
    plans : sequence of Plan
    indicators : pandas.DataFrame
        Of `regulars.cycle.monthly_indicators`.
    last : pandas.Timestamp
        First day of the last whole month observed.
    pooled : tuple of int
        Calendar months that a festival moves between.
    level : float
        Of the usual range.

    Returns
    -------
    pandas.DataFrame
        One row per cell with an expected change: ``plan``, ``area``, ``step``, ``text``, ``owner``, ``indicator``,
        ``change_low``, ``change_high`` (expected), ``change``, ``usual_low``, ``usual_high`` (shares of the figure:
        what came, and what nothing would have brought), ``outcome`` (`PlanOutcome`).
    """
    rows = []
    for plan in plans:
        wanted = plan.cells[plan.cells["change_low"].notna() & (plan.cells["status"] != PlanStatus.DROPPED)]
        for cell in wanted.to_dict("records"):
            due = plan.month.start_time if pd.isna(cell["due"]) else max(plan.month.start_time, _first(cell["due"]))
            moved = _moved(indicators, cell, plan.month.start_time, due=due, last=last, pooled=pooled, level=level)
            kept = {
                name: cell[name] for name in ("area", "step", "text", "owner", "indicator", "change_low", "change_high")
            }
            rows.append({"plan": plan.month.start_time, **kept, **moved})
    columns = ["plan", "area", "step", "text", "owner", "indicator", "change_low", "change_high"]
    return pd.DataFrame(rows, columns=[*columns, "change", "usual_low", "usual_high", "outcome"])


def _first(day) -> pd.Timestamp:
    return pd.Timestamp(day).to_period("M").start_time


def _moved(indicators, cell: Mapping, start, *, due, last, pooled, level) -> dict:
    told = dict.fromkeys(("change", "usual_low", "usual_high"), float("nan"))
    if due > last:
        return told | {"outcome": PlanOutcome.EARLY}
    rows = indicators[indicators["indicator"] == cell["indicator"]]
    if rows.empty:
        return told | {"outcome": PlanOutcome.UNKNOWN}
    rows = scored_months(rows[rows["month"] <= due], pooled).set_index("month")
    rows = rows[(rows.index < start) | (rows.index == due)]
    if due not in rows.index:
        return told | {"outcome": PlanOutcome.UNKNOWN}
    found = judge(rows["score"], rows["size"], chance=1 - level, least_months=LEAST_BEFORE)
    if np.isnan(found["limit_low"]):
        return told | {"outcome": PlanOutcome.UNKNOWN}
    by_year, centre = np.isfinite(rows["before"][due]), found["centre"]

    def relative(score: float) -> float:
        return float(np.expm1(score - centre)) if by_year else score / centre - 1

    ends = {"change": "value", "usual_low": "limit_low", "usual_high": "limit_high"}
    told = {name: relative(found[of]) for name, of in ends.items()}
    up = cell["change_low"] + cell["change_high"] > 0
    if told["usual_low"] <= told["change"] <= told["usual_high"]:
        return told | {"outcome": PlanOutcome.NOISE}
    return told | {"outcome": PlanOutcome.MOVED if (told["change"] > 0) == up else PlanOutcome.AGAINST}


def _saved(dataset: str, end, file: str, **read) -> list[pd.DataFrame]:
    """A table of every closed month, the earliest first, with the day as ``closed_on``."""
    found = []
    for day in closed_days(dataset, end, file=file):
        read_summary(dataset, day)  # refuses what belongs elsewhere
        found.append(read_table(dataset, day, file, **read).assign(closed_on=pd.Timestamp(day)))
    return found


def restated(dataset: str, indicators: pd.DataFrame, end) -> pd.DataFrame:
    """Figures of earlier months that are not what they were when the month was closed.

    Late returns, answers that came in later and corrected exports move the past; what was judged by the old figure may
    be judged otherwise by the new one.

    Parameters
    ----------
    dataset : str
    indicators : pandas.DataFrame
        Of `regulars.cycle.monthly_indicators`, now.
    end : date
        Last day observed.

    Returns
    -------
    pandas.DataFrame
        ``closed_on``, ``indicator``, ``month``, ``was``, ``now``, ``change`` (share), the largest change first; the
        first closing that told a figure counts.
    """
    saved = _saved(dataset, end, INDICATORS, columns=INDICATOR_COLUMNS, dates=("month",))
    columns = ["closed_on", "indicator", "month", "was", "now", "change"]
    if not saved:
        return pd.DataFrame(columns=columns)
    # a month's figure as it was first told in full: later closings tell it again, perhaps restated already
    first = pd.concat(saved).drop_duplicates(["indicator", "month"]).rename(columns={"value": "was"})
    both = first.merge(indicators.rename(columns={"value": "now"})[["indicator", "month", "now"]], how="inner")
    both = both[both["was"].notna() & both["now"].notna()]
    both["change"] = both["now"] / both["was"].where(both["was"] != 0) - 1
    moved = (both["now"] - both["was"]).abs() > SAME * both["was"].abs().clip(lower=1e-12)
    both = both[moved]  # before it is given a column: a frame without rows would take those of the column
    return (
        both.assign(order=both["change"].abs().fillna(np.inf))
        .sort_values(["order", "indicator", "month"], ascending=[False, True, True])[columns]
        .reset_index(drop=True)
    )


def turned(dataset: str, months: pd.DataFrame, end) -> pd.DataFrame:
    """Forecasts that held when they were first judged and do not hold by today's figures, or the other way.

    Parameters
    ----------
    dataset : str
    months : pandas.DataFrame
        Of `held_forecasts`, now.
    end : date
        Last day observed.

    Returns
    -------
    pandas.DataFrame
        ``told_on``, ``start``, ``measure``, ``low``, ``high``, ``was`` (what had come by the closing that first judged
        it), ``came`` (by now), ``inside`` (now).
    """
    saved = _saved(dataset, end, HELD, columns=HELD_COLUMNS, dates=("told_on", "start"))
    columns = ["told_on", "start", "measure", "low", "high", "was", "came", "inside"]
    if not saved or months.empty:
        return pd.DataFrame(columns=columns)
    first = pd.concat(saved).drop_duplicates(["told_on", "measure"])
    first = first.rename(columns={"came": "was", "inside": "was_inside"})[["told_on", "measure", "was", "was_inside"]]
    both = months.merge(first, on=["told_on", "measure"])
    return both.loc[both["inside"] != both["was_inside"].astype(bool), columns].reset_index(drop=True)


def deviations(board: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """Figures that left their usual range to the bad in a month: what a corrective action answers.

    Parameters
    ----------
    board : pandas.DataFrame
        Of `regulars.cycle.scorecard`.
    month : pandas.Timestamp
        First day of the month that it judges.

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``month``, ``value``, ``usual_low``, ``usual_high``.
    """
    bad = board[board["light"] == Light.WORSE]
    return bad[["indicator", "value", "usual_low", "usual_high"]].assign(month=month).reset_index(drop=True)


def corrective(plans: Sequence[Plan], history_lights: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Every deviation that a plan took up: cause, action, owner, due, and whether it came back after it was dealt with.

    Parameters
    ----------
    plans : sequence of Plan
    history_lights : pandas.DataFrame
        indicator, month, light of each month.
    last : pandas.Timestamp
        First day of the last whole month.

    Returns
    -------
    pandas.DataFrame
        The columns of `Plan.corrective`, ``came_back`` (months after its due day, or after its own month, in which the
        figure left its range to the bad again) and ``watched`` (months since in which it was judged).
    """
    rows = []
    for plan in plans:
        for one in plan.corrective.to_dict("records"):
            since = one["month"] if pd.isna(one["due"]) else max(one["month"], _first(one["due"]))
            later = history_lights[
                (history_lights["indicator"] == one["indicator"])
                & (history_lights["month"] > since)
                & (history_lights["month"] <= last)
            ]
            judged = later[~later["light"].isin(UNJUDGED)]
            rows.append({**one, "came_back": int((judged["light"] == Light.WORSE).sum()), "watched": len(judged)})
    return pd.DataFrame(rows)


@may_refuse
def track_all(months: pd.DataFrame, *, level: float = 0.9) -> dict[str, Tracked]:
    """`track` of every measure.

    Where no month that was told of is over, a `regulars.finding.Refusal`.
    """
    return {measure: track(months, measure=measure, level=level) for measure in MEASURES}
