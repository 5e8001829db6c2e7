"""What the interaction page opens with, and what it says is to be done."""

from typing import Any

import numpy as np

from regulars.finding import Action, Finding, FirstScreen, Refusal, Tile, refused
from regulars.interaction.channels import tied
from regulars.interaction.customers import share_solved
from regulars.interaction.told_identity import agreement_of
from regulars.settings import InteractionSettings

NOTHING, CONTACTS, CALLS = "nothing", "contacts", "calls"  # what is supplied: no contact; contacts; calls that wait


def first_screen(contacts, served, staffed: Finding, answers, *, settings: InteractionSettings) -> FirstScreen:
    """What the page answers first: what is solved, who hangs up, whom we know, whether we say the same.

    Parameters
    ----------
    contacts : pandas.DataFrame or Refusal
        Of `in_full`.
    served : dict of str to Estimate, or Refusal
        Of `service`.
    staffed : Finding
        Of `tell_staffing`.
    answers : Consistency or Refusal
        Of `consistency`.
    settings : InteractionSettings

    Returns
    -------
    FirstScreen
        Answer `NOTHING`, `CONTACTS` or `CALLS`; ``short`` where agents are missing as well.
    """
    level = settings.interval_level
    if isinstance(contacts, Refusal):
        return FirstScreen(Finding(NOTHING))
    good, known = share_solved(contacts, level), tied(contacts, level)
    tiles = [Tile("solved", good, "percent")] if good.n else []
    facts: dict[str, Any] = {"since": contacts["at"].min().date()} | ({"solved": good} if good.n else {})
    verdict = CONTACTS if good.n else "unrecorded"
    if not isinstance(served, Refusal):
        facts |= {"given_up": served["given_up"], "within": served["within"], "seconds": settings.within_seconds}
        tiles.append(Tile("given_up", served["given_up"], "percent"))
        verdict = CALLS if good.n else "calls_only"
        if good.n and staffed.facts.get("short"):
            facts |= {name: staffed.facts[name] for name in ("missing_hours", "short", "half_hours")}
            verdict = "short"
    if verdict not in (CALLS, "short"):
        facts |= {"tied": known, "contacts": len(contacts)}
    tiles.append(Tile("tied", known, "percent"))
    if not np.isnan(agreement_of(answers).value):
        tiles.append(Tile("agreement", agreement_of(answers), "percent"))
    return FirstScreen(Finding(verdict, facts), tiles)


def to_do(
    staffed: Finding, points: Finding, people: Finding, answers: Finding, *, settings: InteractionSettings
) -> list[Action]:
    """What to do on Monday, of what the sections tell.

    What an answered call or a solved problem is worth is not known here, so that no sum stands behind any of it;
    staffing says from which worth of an answered call on it pays.

    Parameters
    ----------
    staffed, points, people, answers : Finding
        Of `tell_staffing`, `tell_points`, `tell_identity` and `tell_answers`.
    settings : InteractionSettings
        Its ``agent_cost_per_hour``.

    Returns
    -------
    list of Action
    """
    found = []
    if staffed.facts.get("short"):
        facts: dict[str, Any] = {
            name: staffed.facts[name]
            for name in ("missing_hours", "short", "spare_hours", "day", "at", "there", "wanted")
        }
        hours, rate = float(facts["missing_hours"]), settings.agent_cost_per_hour
        cost, bought = hours * rate, max(hours - float(facts["spare_hours"]), 0.0) * rate
        week = staffed.frames["week"]
        fewer = (week["given_up_now"] - week["given_up"]).where(week["missing"] > 0, 0.0)
        saved = round((week["calls"] * fewer).sum())
        each, each_moved = (one / saved if saved > 0 else float("nan") for one in (cost, bought))
        facts |= {"a_week": cost, "bought": bought, "saved": saved, "each": each, "each_moved": each_moved}
        found.append(Action("staff", facts=facts))
    if points.verdict == "gaps":
        found.append(
            Action("gap", facts={name: points.facts[name] for name in ("purpose", "channel", "a_month", "met_from")})
        )
    if people.verdict == "some":
        found.append(Action("decide", facts={"pairs": people.facts["pairs"]}))
    if answers.verdict == "differ":
        found.append(
            Action("answer", facts={"department": answers.facts["department"], "usual": answers.facts["usual"]})
        )
    return found


def words_used(*found) -> tuple[str, ...]:
    """Words that the page explains: none of what is not there.

    Parameters
    ----------
    *found : object
        Contacts, calls and people, or what stands for them.
    """
    keys = ("standardised", "service_level", "one_person")
    return (*(key for key, one in zip(keys, found, strict=True) if refused(one) is None), "interval", "n")
