"""What the page tells of the contact centre: waits, giving up, staffing, problems, transfers, agents, own calls."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import Finding, Remark, tells
from regulars.interaction.channels import first_asked, outbound, passing_differs
from regulars.interaction.hanging_up import Patience
from regulars.interaction.outcomes import FALSE_PAGES, FEW, claim_level
from regulars.interaction.roster import Arrivals, Backtest
from regulars.labels import Change
from regulars.settings import InteractionSettings
from regulars.statistics.intervals import Estimate, against, share

TEACHING_POINTS, TEACHING_TIMES = -10.0, 2.0  # of satisfaction, and of cost, per further contact
MOST_SECONDS = 600  # of waiting that a curve shows


class ServiceVerdict(StrEnum):
    """Whether callers are answered as promised."""

    KEPT = "kept"
    MISSED = "missed"
    UNCLEAR = "unclear"


def hour_words(slot) -> pd.Series:
    """Start of a half hour as on a clock.

    Examples
    --------
    >>> hour_words([18, 19]).tolist()
    ['09:00', '09:30']
    """
    slot = np.asarray(slot, int)
    return pd.Series([f"{at // 2:02d}:{30 * (at % 2):02d}" for at in slot], dtype="string")


@tells
def tell_service(
    told: dict[str, Estimate],
    half_hours: pd.DataFrame,
    busy: Estimate,
    settings: InteractionSettings,
) -> Finding:
    """Whether callers are answered in time: how many hang up, when, and the service level in both definitions.

    Parameters
    ----------
    told : dict of str to Estimate
        Of `service`.
    half_hours : pandas.DataFrame
        Of `by_half_hour`.
    busy : Estimate
        Of `occupancy`; NaN where no shifts are supplied.
    settings : InteractionSettings
        Its ``service_share`` and ``within_seconds``.

    Returns
    -------
    Finding
        Verdict a `ServiceVerdict`; frames ``hours`` (of all weekdays) and ``map`` (weekday × hour).
    """
    if half_hours.empty:
        raise UserError("No half hour of a weekday has calls enough to tell of.")
    facts = {
        **{name: told[name] for name in ("given_up", "within", "within_stayed", "wait_median", "wait_p90", "minutes")},
        "seconds": settings.within_seconds, "promised": settings.service_share,
    }  # fmt: skip
    table = half_hours.assign(hour=half_hours["slot"] // 2)
    grid = table.groupby(["weekday", "hour"], as_index=False)[["n", "given_up"]].sum()
    grid["share"] = grid["given_up"] / grid["n"]
    day = pd.Series(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
    grid["weekday_name"] = grid["weekday"].map(day).astype("string")
    hours = table.groupby("slot", as_index=False)[["n", "given_up"]].sum()
    rates = [share(int(k), int(n), 0.9) for k, n in zip(hours["given_up"], hours["n"], strict=True)]
    hours = hours.assign(
        half_hour=hour_words(hours["slot"]), share=[one.value for one in rates], share_low=[one.low for one in rates],
        share_high=[one.high for one in rates], clock=hours["slot"] / 2,
    )  # fmt: skip
    worst = grid.loc[grid["given_up"].idxmax()]
    facts |= {
        "weekday": worst["weekday_name"], "hour": f"{int(worst['hour']):02d}:00", "worst": float(worst["share"]),
        "worst_n": int(worst["n"]),
    }  # fmt: skip
    remarks = [] if np.isnan(busy.value) else [Remark("occupancy", {"busy": busy})]
    change = against(told["within"], settings.service_share)
    verdict = {Change.UP: ServiceVerdict.KEPT, Change.DOWN: ServiceVerdict.MISSED}.get(change, ServiceVerdict.UNCLEAR)
    frames = {
        "hours": hours[["half_hour", "clock", "n", "given_up", "share", "share_low", "share_high"]],
        "map": grid[["weekday_name", "hour", "n", "given_up", "share"]],
    }
    return Finding(verdict, facts, frames, remarks=remarks)


class StaffingVerdict(StrEnum):
    """Whether the roster is enough for the next weeks."""

    SHORT = "short"
    ENOUGH = "enough"
    UNROSTERED = "unrostered"  # no shifts are supplied: what is needed, without what is there


@tells
def tell_staffing(
    table: pd.DataFrame, expected: Arrivals, patient: Patience, tried: Backtest, settings: InteractionSettings
) -> Finding:
    """How many agents the next weeks need by half hour, beside who is there, and whether that would have held.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `staffing`.
    expected : Arrivals
        Of `arrivals`.
    patient : Patience
        Of `patience`.
    tried : Backtest
        Of `backtest`.
    settings : InteractionSettings

    Returns
    -------
    Finding
        Verdict a `StaffingVerdict`; frames ``day`` (the weekday with most calls), ``week`` (all half hours).
    """
    names = pd.Series(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
    week = table.assign(
        weekday_name=table["weekday"].map(names).astype("string"), half_hour=hour_words(table["slot"]).to_numpy(),
        clock=table["slot"] / 2,
    )  # fmt: skip
    busiest = int(week.groupby("weekday")["calls"].sum().idxmax())
    day = week[week["weekday"] == busiest].reset_index(drop=True)
    hours = float(table["agents"].sum() / 2)
    by_c = float(table["agents_c"].sum() / 2)
    facts = {
        "promised": settings.service_share, "seconds": settings.within_seconds, "busy_days": settings.load_quantile,
        "calls": float(table["calls"].sum()), "hours": hours, "minutes": expected.minutes,
        "patience": patient.mean_seconds, "weekday": day["weekday_name"][0], "most": int(table["agents"].max()),
    }  # fmt: skip
    lines = [day.assign(series="needed", agents_shown=day["agents"], low=day["agents_low"], high=day["agents_high"])]
    verdict = StaffingVerdict.UNROSTERED
    if table["now"].notna().all():
        lines.append(day.assign(series="on_duty", agents_shown=day["now"], low=np.nan, high=np.nan))
        short = week[week["missing"] > 0]
        verdict = StaffingVerdict.SHORT if len(short) else StaffingVerdict.ENOUGH
        facts |= {"rostered": float(table["now"].sum() / 2)}
        spare = (np.round(table["now"]) - table["agents"]).clip(lower=0)
        facts |= {"spare_hours": float(spare.sum() / 2)}
        if len(short):
            worst = short.loc[(short["missing"] * short["calls"]).idxmax()]
            facts |= {
                "short": len(short), "half_hours": len(table), "missing_hours": float(short["missing"].sum() / 2),
                "day": worst["weekday_name"], "at": worst["half_hour"], "there": round(worst["now"]),
                "wanted": int(worst["agents"]), "now_give_up": float(worst["given_up_now"]),
                "then_give_up": float(worst["given_up"]),
            }  # fmt: skip
    remarks = [Remark("erlang_c", {"hours_c": by_c, "hours": hours})] if by_c > hours else []
    if not tried.why:
        remarks.append(
            Remark(
                "tried_low" if against(tried.bias) is Change.UP else "tried",
                {
                    "inside": tried.inside,
                    "weeks": settings.backtest_weeks,
                    "expected": tried.expected,
                    "came": tried.came,
                    "bias": tried.bias,
                },
            )
        )
    columns = ["weekday_name", "half_hour", "calls", "calls_high", "agents", "agents_low", "agents_high", "agents_c",
               "given_up", "now", "given_up_now", "missing"]  # fmt: skip
    frames = {
        "day": pd.concat(lines, ignore_index=True)[
            ["clock", "half_hour", "series", "agents_shown", "low", "high", "calls"]
        ],
        "week": week[columns],
    }
    return Finding(verdict, facts, frames, remarks=remarks)


@tells
def tell_patience(found: Patience) -> Finding:
    """How long callers wait before they hang up.

    Parameters
    ----------
    found : Patience
        Of `patience`.

    Returns
    -------
    Finding
        Verdict whether giving up has no memory (``fits``) or does (``bent``).
    """
    curve = found.curve.frame()
    curve = curve[curve["time"] <= MOST_SECONDS]
    step = max(len(curve) // 200, 1)
    thin = curve.iloc[::step].reset_index(drop=True)
    facts = {"mean": found.mean_seconds, "calls": found.calls, "given_up": found.given_up,
             "minute": found.curve.share_by(60.0)}  # fmt: skip
    return Finding("fits" if found.fits else "bent", facts, {"curve": thin})


@tells
def tell_owner(contacts: pd.DataFrame, level: float = 0.9) -> Finding:
    """First asked owns it: how often customers are passed on, and what is solved then.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``transfers``, or ``first_staff`` and ``staff``; ``resolved``.
    level : float

    Returns
    -------
    Finding
        Verdict a `regulars.labels.Change` of what is solved once a customer is passed on.
    """
    told = first_asked(contacts, level)
    if not told:
        raise UserError(
            "Table contacts says of no contact whether it was passed on (transfers, or first_staff beside staff)."
        )
    rows = [(name, told[f"{name}_solved"]) for name in ("kept", "passed")]
    table = pd.DataFrame(
        [(name, one.n, one.value, one.low, one.high) for name, one in rows],
        columns=["handled", "n", "share", "share_low", "share_high"],
    ).astype({"handled": "string"})
    return Finding(passing_differs(contacts), {**told, "false_pages": FALSE_PAGES}, {"solved": table})


@tells
def tell_problems(found: dict, settings: InteractionSettings) -> Finding:
    """What each further contact about one problem costs, in satisfaction and in money, beside the teaching's figures.

    Parameters
    ----------
    found : dict
        Of `problems`.
    settings : InteractionSettings
        Its ``return_days``.

    Returns
    -------
    Finding
        Verdict a `regulars.labels.Change` of satisfaction per further contact.
    """
    points, second = found["points"], found["cost_second"]
    facts = {"at_once": found["at_once"], "points": points, "teaching_points": -TEACHING_POINTS}
    if found["points_change"] is Change.DOWN:
        facts["fewer_points"] = Estimate(-points.value, -points.high, -points.low, points.n)
    remarks = []
    if found["solved_at_once"].n:
        remarks.append(Remark("at_once", {"solved_at_once": found["solved_at_once"]}))
    if np.isfinite([second.value, found["cost_more"].value]).all():
        facts_of = {"more": found["cost_more"], "second": second, "teaching_times": TEACHING_TIMES}
        remarks.append(Remark(f"cost_{against(second, TEACHING_TIMES)}", facts_of))
    if not np.isnan(found["back_points"].value):
        moved = found["back_change"]
        remarks.append(
            Remark(
                f"back_{'unclear' if moved is Change.UNCLEAR else 'moved'}",
                {"back": found["back_points"], "days": settings.return_days},
            )
        )
    table = found["table"]
    if np.isnan(points.value):
        return Finding("unscored", {"at_once": found["at_once"]}, {"table": table}, remarks=remarks)
    return Finding(
        found["points_change"],
        facts,
        {"steps": table[table["satisfaction"].notna()], "table": table},
        remarks=remarks,
    )


class OutboundVerdict(StrEnum):
    """Whether the hour decides if a call reaches somebody."""

    HOURS = "hours"
    ALIKE = "alike"


@tells
def tell_outbound(contacts: pd.DataFrame, level: float = 0.9) -> Finding:
    """The firm's own calls: how many reach somebody, and at which hour.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``channel``, ``initiator``, ``answered``.
    level : float

    Returns
    -------
    Finding
        Verdict an `OutboundVerdict`; frame ``hours``.
    """
    from scipy.stats import chi2_contingency

    table = outbound(contacts, level)
    if table.empty:
        raise UserError("Table contacts holds no call of the firm's own of which is known whether it was answered.")
    whole = table[table["hour"] < 0].iloc[0]
    hours = table[(table["hour"] >= 0) & (table["n"] >= FEW)].reset_index(drop=True)
    facts = {
        "attempts": int(whole["n"]),
        "connected": Estimate(whole["share"], whole["share_low"], whole["share_high"], int(whole["n"])),
    }
    if len(hours) < 2:
        return Finding(OutboundVerdict.ALIKE, facts, {"hours": hours} if len(hours) else {})
    good = np.round(hours["share"] * hours["n"])
    counts = np.array([good, hours["n"] - good])
    p = chi2_contingency(counts)[1] if (counts.sum(axis=1) > 0).all() else 1.0
    best, worst = hours.loc[hours["share"].idxmax()], hours.loc[hours["share"].idxmin()]
    if p >= 1 - claim_level(1):
        return Finding(OutboundVerdict.ALIKE, facts, {"hours": hours})
    facts |= {
        "best_hour": int(best["hour"]), "best": float(best["share"]), "worst_hour": int(worst["hour"]),
        "worst": float(worst["share"]),
    }  # fmt: skip
    return Finding(OutboundVerdict.HOURS, facts, {"hours": hours})


class AgentsVerdict(StrEnum):
    """Whether an agent solves more or less than chance allows."""

    OUTSIDE = "outside"
    INSIDE = "inside"


@tells
def tell_agents(table: pd.DataFrame) -> Finding:
    """What agents solve, as a funnel: only who lies beyond chance is named; the order of the others means nothing.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `agents`.

    Returns
    -------
    Finding
        Verdict an `AgentsVerdict`; frame ``funnel``.
    """
    if table.empty:
        raise UserError("Table contacts says of no contact who dealt with it and whether it was solved.")
    outside = table[table["outside"]]
    facts = {"agents": len(table), "false_pages": FALSE_PAGES}
    if len(outside):
        far = outside.loc[(outside["share"] - outside["expected"]).abs().idxmax()]
        facts |= {
            "outside": len(outside),
            "agent": far["staff"],
            "solved": float(far["share"]),
            "usual": float(far["expected"]),
        }
    shown = table.assign(state=np.where(table["outside"], "outside", "inside")).astype({"state": "string"})
    verdict = AgentsVerdict.OUTSIDE if len(outside) else AgentsVerdict.INSIDE
    return Finding(verdict, facts, {"funnel": shown.drop(columns="outside")})
