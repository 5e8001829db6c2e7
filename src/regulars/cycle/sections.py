"""What the cycle page tells: last month's words against what came, the plan, the scorecard, what is put right."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from regulars.cycle.festivals import POOLED, festival_day
from regulars.cycle.indicators import KINDS, PER_YEAR, UNJUDGED
from regulars.cycle.plans import Plan
from regulars.cycle.scoring import LEAST_BEFORE, Tracked
from regulars.errors import UserError
from regulars.finding import Finding, FirstScreen, Remark, Tile, tells
from regulars.labels import Festival, Indicator, Light, PlanOutcome, PlanStatus
from regulars.statistics.intervals import Estimate, against
from regulars.statistics.limits import month_level, year_on_year

CHANGED = (Light.BETTER, Light.WORSE, Light.CHANGED)


class ForecastsVerdict(StrEnum):
    """How last month's forecast and all before it have held."""

    HELD = "held"  # the last one of revenue inside, and as many of all as could be expected
    MISSED = "missed"  # the last one outside, as some must be
    OFTEN_MISSED = "often_missed"  # fewer inside than the level promises, beyond chance


class LightsVerdict(StrEnum):
    """What the scorecard shows."""

    STEADY = "steady"
    BETTER = "better"  # some beyond their range, all to the good
    WORSE = "worse"  # at least one to the bad
    EARLY = "early"  # nothing can be judged yet


class PlansVerdict(StrEnum):
    """What became of what was planned."""

    NONE = "none"  # no plan expects a change
    EARLY = "early"
    MOVED = "moved"
    NOISE = "noise"
    AGAINST = "against"


class PlannedVerdict(StrEnum):
    """State of the plan of the month to come."""

    NONE = "none"  # there is none
    EMPTY = "empty"  # nobody has written into it
    PAST = "past"  # the latest is for a month that is over
    LATE = "late"  # some of it is overdue
    UNOWNED = "unowned"  # some of it has no owner
    COMPLETE = "complete"


class CorrectiveVerdict(StrEnum):
    """Whether what went wrong is being put right."""

    NONE = "none"
    OPEN = "open"  # a cause or an owner is missing
    CAME_BACK = "came_back"
    HOLDS = "holds"


class RestatedVerdict(StrEnum):
    """Whether the past has been told anew."""

    NONE = "none"
    SOME = "some"  # figures moved, no verdict with them
    TURNED = "turned"  # a forecast that held no longer does, or the other way


@tells
def tell_forecasts(tracked: dict[str, Tracked], *, level: float = 0.9) -> Finding:
    """What was said of each closed month, and what came.

    Parameters
    ----------
    tracked : dict of str to Tracked
        Of `regulars.cycle.track`, by measure: revenue, orders, customers.
    level : float
        Of the intervals.

    Returns
    -------
    Finding
        Verdict `ForecastsVerdict`; frames ``last`` (the last month, each measure) and ``months`` (revenue month by
        month).
    """
    months = pd.concat([one.months for one in tracked.values()], ignore_index=True)
    last_day = months["told_on"].max()
    months["inside"] = held_words(months["inside"])
    last = months[months["told_on"] == last_day].drop(columns=["told_on", "start"])
    money = tracked["revenue"]
    low = money.band[0]
    hits = int(money.months["inside"].sum())
    held = last["inside"] == "inside"
    verdict = ForecastsVerdict.HELD if _of(last, "revenue")["inside"] == "inside" else ForecastsVerdict.MISSED
    if hits < low:
        verdict = ForecastsVerdict.OFTEN_MISSED
    facts = {
        "day": last_day.date(), "told": _told(last, "revenue"), "came": float(_of(last, "revenue")["came"]),
        "inside": int(held.sum()), "of": len(last), "months": len(money.months), "hits": hits,
        "fewest": low, "most": money.band[1], "inside_share": money.inside, "bias": money.bias,
        "nearer": against(money.gain),
    }  # fmt: skip
    line = money.months.rename(columns={"told": "told_revenue", "came": "came_revenue"})
    drawn = pd.DataFrame(
        {
            "month": np.tile(line["start"], 2),
            "series": ["told"] * len(line) + ["came"] * len(line),
            "revenue": [*line["told_revenue"], *line["came_revenue"]],
            "revenue_low": [*line["low"], *[np.nan] * len(line)],
            "revenue_high": [*line["high"], *[np.nan] * len(line)],
        }
    )
    return Finding(verdict, facts, {"last": last.reset_index(drop=True), "months": drawn})


def held_words(inside: pd.Series) -> pd.Series:
    """Whether each forecast held, as a label."""
    return pd.Series(np.where(inside.astype(bool), "inside", "outside"), inside.index)


def _of(rows: pd.DataFrame, measure: str) -> pd.Series:
    return rows[rows["measure"] == measure].iloc[0]


def _told(rows: pd.DataFrame, measure: str) -> Estimate:
    row = _of(rows, measure)
    return Estimate(float(row["told"]), float(row["low"]), float(row["high"]))


class YearsVerdict(StrEnum):
    """Whether revenue grew on the year before by more than noise."""

    UP = "up"
    DOWN = "down"
    FOLLOWED = "followed"  # down, of customers who were all won before the months compared
    UNCLEAR = "unclear"


@tells
def tell_plans(scored: pd.DataFrame) -> Finding:
    """What became of the changes that plans expected.

    Parameters
    ----------
    scored : pandas.DataFrame
        Of `regulars.cycle.score_plans`.

    Returns
    -------
    Finding
        Verdict `PlansVerdict` of the latest month that can be judged; frame ``cells``, the latest first.
    """
    cells = scored.sort_values(["plan", "indicator"], ascending=[False, True], ignore_index=True)
    count = cells["outcome"].value_counts()
    judged = cells[~cells["outcome"].isin([PlanOutcome.EARLY, PlanOutcome.UNKNOWN])]
    facts = {str(one): int(count.get(one, 0)) for one in PlanOutcome}
    if judged.empty:
        if cells.empty:
            return Finding(PlansVerdict.NONE)
        return Finding(PlansVerdict.EARLY if facts[PlanOutcome.EARLY] else PlansVerdict.NONE, facts, {"cells": cells})
    latest = set(judged.loc[judged["plan"] == judged["plan"].max(), "outcome"])
    order = (PlanOutcome.AGAINST, PlanOutcome.MOVED)
    verdict = next((PlansVerdict(str(one)) for one in order if one in latest), PlansVerdict.NOISE)
    return Finding(verdict, facts, {"cells": cells})


@tells
def tell_planned(plans: Sequence[Plan], end) -> Finding:
    """What is planned for the month to come: its cells, what is overdue, what has no owner.

    Parameters
    ----------
    plans : sequence of Plan
    end : date
        Last day observed; dates are overdue as of it.

    Returns
    -------
    Finding
        Verdict `PlannedVerdict`; frame ``cells``: those of the latest plan with a text (of a month that is over: that
        are neither done nor dropped), then those of earlier plans that are overdue.
    """
    if not plans:
        return Finding(PlannedVerdict.NONE)
    day = pd.Timestamp(end)
    every = pd.concat([plan.cells.assign(month=plan.month.start_time) for plan in plans], ignore_index=True)
    running = ~every["status"].isin([PlanStatus.DONE, PlanStatus.DROPPED]) & every["text"].notna()
    overdue = (running & (every["due"] < day)).to_numpy(bool)
    every["overdue"] = np.where(overdue, "overdue", "in_time")
    every["owned"] = every["owner"].notna().to_numpy(bool)
    now, is_over = every["month"] == plans[-1].month.start_time, plans[-1].month.end_time.normalize() <= day
    cells = every[(now & (running if is_over else every["text"].notna())) | overdue]
    cells = cells.sort_values("month", ascending=False, kind="stable").reset_index(drop=True)
    unowned = int((~cells["owned"] & cells["status"].ne(PlanStatus.DONE)).sum())
    late = int(cells["overdue"].eq("overdue").sum())
    facts = {"month": plans[-1].month.start_time.date(), "cells": len(cells), "unowned": unowned, "late": late}
    if cells.empty:
        return Finding(PlannedVerdict.PAST if is_over else PlannedVerdict.EMPTY, facts)
    verdict = PlannedVerdict.LATE if late else PlannedVerdict.UNOWNED if unowned else PlannedVerdict.COMPLETE
    verdict = PlannedVerdict.PAST if is_over else verdict
    columns = ["month", "area", "step", "text", "indicator", "owner", "due", "status", "overdue"]
    return Finding(verdict, facts, {"cells": cells[columns]})


@tells
def tell_scorecard(board: pd.DataFrame, indicators: pd.DataFrame, *, quiet_years: float = 0.9) -> Finding:
    """Four quadrants, a light each: what moved last month by more than noise.

    Parameters
    ----------
    board : pandas.DataFrame
        Of `regulars.cycle.scorecard`.
    indicators : pandas.DataFrame
        Of `regulars.cycle.monthly_indicators`.
    quiet_years : float
        As given to `scorecard`.

    Returns
    -------
    Finding
        Verdict `LightsVerdict`; frame ``lights``, whose column ``year`` holds each figure's last twelve months, the
        oldest first (``.`` where a month has none). Where the last month has no figure, as between two waves of a
        survey, the last one of those twelve stands there, its month in ``as_of``.
    """
    if board.empty:
        raise UserError("No whole month is observed: supply at least one.")
    month = indicators["month"].max()
    judged = board[~board["light"].isin(UNJUDGED)]
    changed = board[board["light"].isin(CHANGED)]
    facts = {
        "month": month.date(), "lights": len(board), "changed": len(changed), "unjudged": len(board) - len(judged),
        "chance": month_level(quiet_years) / len(board), "quiet_years": quiet_years,
    }  # fmt: skip
    if len(judged):
        seen_from = float(seen_change(judged).median())
        facts |= {"judged": len(judged), "steady": len(judged) - len(changed), "seen_from": seen_from}
    order = changed.assign(worse=changed["light"].eq(Light.WORSE)).sort_values("worse", ascending=False, kind="stable")
    if len(changed):
        first = order.iloc[0]
        facts["first"] = Indicator(first["indicator"])
    verdict = LightsVerdict.EARLY if judged.empty else LightsVerdict.STEADY
    if len(changed):
        verdict = LightsVerdict.WORSE if (changed["light"] == Light.WORSE).any() else LightsVerdict.BETTER
    return Finding(verdict, facts, {"lights": _shown(_with_year(board, indicators))})


def seen_change(board: pd.DataFrame) -> pd.Series:
    """Change, as a share of the usual, by which each figure must differ at most to leave its usual range.

    Examples
    --------
    >>> board = pd.DataFrame({"usual": [100.0, 0.0], "usual_low": [60.0, 0.0], "usual_high": [150.0, 59.0]})
    >>> seen_change(board).tolist()
    [0.5, nan]
    """
    usual = board["usual"].where(board["usual"] > 0)
    return np.maximum(board["usual_high"] / usual - 1, 1 - board["usual_low"] / usual)


def _with_year(board: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """The board with each figure's last twelve months, and the last known of them where the last one is not."""
    months = indicators.pivot(index="month", columns="indicator", values=["value", "n"]).sort_index().tail(PER_YEAR)
    known, sizes = months["value"][board["indicator"]], months["n"][board["indicator"]]
    year = [" ".join("." if pd.isna(x) else f"{x:.10g}" for x in known[name]) for name in board["indicator"]]
    as_of = known.apply(pd.Series.last_valid_index).to_numpy("datetime64[us]", copy=True)
    as_of[board["value"].notna().to_numpy()] = np.datetime64("NaT")
    value, n = known.ffill().iloc[-1].to_numpy(), sizes.where(known.notna()).ffill().iloc[-1].to_numpy()
    return board.assign(value=value, n=n, year=year, as_of=as_of)


def with_units(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the format of each row's figure as ``unit``."""
    return frame.assign(unit=[KINDS[Indicator(name)].unit for name in frame["indicator"]])


def _shown(board: pd.DataFrame) -> pd.DataFrame:
    """The board with what changed on top of each quadrant, and what nobody can judge at its end."""
    rank = board["light"].map(lambda light: 0 if light in CHANGED else 2 if light in UNJUDGED else 1)
    place = board["quadrant"].map({name: at for at, name in enumerate(board["quadrant"].unique())})
    columns = ["quadrant", "indicator", "light", "value", "as_of", "usual", "usual_low", "usual_high", "year", "n"]
    columns += ["months", "unit", "seen_from"]
    return (
        with_units(board)
        .assign(seen_from=seen_change(board).mask(board["light"].isin(UNJUDGED)))
        .assign(place=place, rank=rank)
        .sort_values(["place", "rank"], kind="stable")
        .drop(columns=["place", "rank"])[columns]
        .reset_index(drop=True)
    )


@tells
def tell_corrective(steps: pd.DataFrame, found: pd.DataFrame) -> Finding:
    """What left its range to the bad, why, what is done about it, and whether it came back.

    Parameters
    ----------
    steps : pandas.DataFrame
        Of `regulars.cycle.corrective`.
    found : pandas.DataFrame
        Of `regulars.cycle.deviations`: those of the last month.

    Returns
    -------
    Finding
        Verdict `CorrectiveVerdict`; frame ``steps``.
    """
    facts = {"found": len(found), "taken_up": len(steps), "untold": 0, "came_back": 0}
    if steps.empty:
        return Finding(CorrectiveVerdict.OPEN, facts) if len(found) else Finding(CorrectiveVerdict.NONE)
    untold = steps["cause"].isna() | steps["owner"].isna()
    facts |= {"untold": int(untold.sum()), "came_back": int((steps["came_back"] > 0).sum())}
    verdict = CorrectiveVerdict.HOLDS
    if untold.any():
        verdict = CorrectiveVerdict.OPEN
    elif facts["came_back"]:
        verdict = CorrectiveVerdict.CAME_BACK
    return Finding(verdict, facts, {"steps": steps.sort_values("month", ascending=False, ignore_index=True)})


@tells
def tell_restated(moved: pd.DataFrame, turned: pd.DataFrame) -> Finding:
    """Figures of closed months that are no longer what they were, and verdicts that turned with them.

    Parameters
    ----------
    moved : pandas.DataFrame
        Of `regulars.cycle.restated`.
    turned : pandas.DataFrame
        Of `regulars.cycle.turned`.

    Returns
    -------
    Finding
        Verdict `RestatedVerdict`; frames ``figures`` and ``turned``.
    """
    facts = {"figures": len(moved), "months": int(moved["month"].nunique()), "turned": len(turned)}
    verdict = RestatedVerdict.TURNED if len(turned) else RestatedVerdict.SOME
    if not len(moved) and not len(turned):
        return Finding(RestatedVerdict.NONE)
    turned = turned.assign(inside=held_words(turned["inside"]))
    frames = {name: frame for name, frame in (("figures", with_units(moved)), ("turned", turned)) if len(frame)}
    return Finding(verdict, facts, frames)


@tells
def tell_years(indicators: pd.DataFrame, *, festival: str = "none", level: float = 0.9) -> Finding:
    """Revenue of each month beside the same month of the year before, festival months together.

    Parameters
    ----------
    indicators : pandas.DataFrame
        Of `regulars.cycle.monthly_indicators`.
    festival : str
        Of `regulars.cycle.festivals.POOLED`.
    level : float
        Of the interval of the growth.

    Returns
    -------
    Finding
        Verdict `YearsVerdict`; frame ``months``; a remark names the days of the festival. Growth is that of the sums of
        the months shown, its interval that of a ratio of two sums, linearised.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., ch. 6.
    """
    rows = indicators[indicators["indicator"] == Indicator.REVENUE]
    values = rows.set_index(pd.PeriodIndex(rows["month"], freq="M"))["value"]
    table = year_on_year(values, pooled=POOLED[festival])
    table = table[table["change"].notna()].tail(PER_YEAR)
    if len(table) < LEAST_BEFORE:
        raise UserError("There is no year before to compare with: supply at least eighteen months.")
    now, before = table["value"].to_numpy(float), table["before"].to_numpy(float)
    ratio = now.sum() / before.sum()
    error = np.sqrt(len(now) * np.var(now - ratio * before, ddof=1)) / now.sum()  # of the logarithm of the ratio
    reach = float(stdtrit(len(now) - 1, (1 + level) / 2)) * error
    grown = Estimate.of((ratio * np.exp(x) - 1 for x in (0.0, -reach, reach)), len(table))
    shown = table.assign(month=table["month"].dt.start_time)
    remarks = []
    for month in table.loc[table["is_pooled"], "month"]:
        days = {name: festival_day(festival, year) for name, year in (("day", month.year), ("before", month.year - 1))}
        remarks.append(Remark("festival", {"festival": Festival(festival), **days}))
    facts = {"grown": grown, "months": len(table)}
    verdict = YearsVerdict(against(grown))
    won = indicators[(indicators["indicator"] == Indicator.NEWCOMERS) & indicators["month"].isin(shown["month"])]
    if verdict == YearsVerdict.DOWN and len(won) and not won["value"].any():
        verdict = YearsVerdict.FOLLOWED
    return Finding(verdict, facts, {"months": shown}, remarks=remarks[-1:])


@tells
def tell_months(indicators: pd.DataFrame) -> Finding:
    """Every figure of every month."""
    table = indicators.dropna(subset=["value"]).sort_values(["month", "indicator"], ascending=[False, True])
    facts = {"figures": int(table["indicator"].nunique()), "months": int(table["month"].nunique())}
    columns = ["month", "quadrant", "indicator", "value", "n", "unit"]
    return Finding(None, facts, {"all": with_units(table)[columns].reset_index(drop=True)})


def first_screen(board: Finding, forecasts: Finding, planned: Finding) -> FirstScreen:
    """How many figures moved as usual, how often forecasts held, what is planned and owned by nobody.

    Parameters
    ----------
    board, forecasts, planned : Finding
        Of `tell_scorecard`, `tell_forecasts` and `tell_planned`.

    Returns
    -------
    FirstScreen
        Its verdict is that of the scorecard, ``steady_but`` where all is steady but a figure that is on a new level.
    """
    if board.verdict not in list(LightsVerdict):
        return FirstScreen(Finding("untold"))
    names = ("month", "lights") if board.verdict == LightsVerdict.EARLY else ("month", "steady", "judged")
    facts, verdict = {name: board.facts[name] for name in names}, str(board.verdict)
    lights = board.frames["lights"]
    jumped = lights.loc[lights["light"] == Light.JUMPED, "indicator"]
    if board.verdict == LightsVerdict.STEADY and len(jumped):
        facts |= {"jumped": Indicator(jumped.iloc[0])}
        verdict = "steady_but"
    if "first" in board.facts:
        facts |= {"first": board.facts["first"], "changed": board.facts["changed"]}
    tiles = []
    if board.facts.get("judged"):
        steady = Estimate(board.facts["steady"] / board.facts["judged"], n=board.facts["judged"])
        tiles.append(Tile("steady", steady, "percent", str(board.verdict), mark=_mark(board.verdict)))
    if "inside_share" in forecasts.facts:
        mark = "bad" if forecasts.verdict == ForecastsVerdict.OFTEN_MISSED else "held"
        tiles.append(Tile("held", forecasts.facts["inside_share"], "percent", str(forecasts.verdict), mark=mark))
    for name in ("late", "unowned"):
        if name in planned.facts:
            tiles.append(Tile(name, Estimate(planned.facts[name]), "count"))
    return FirstScreen(Finding(verdict, facts), tiles)


def _mark(verdict) -> str:
    return {LightsVerdict.WORSE: "bad", LightsVerdict.BETTER: "good"}.get(verdict, "neutral")
