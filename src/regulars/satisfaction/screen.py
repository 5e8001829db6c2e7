"""What the satisfaction page opens with, what it says is to be done, and which words it explains."""

import numpy as np
import pandas as pd

from regulars.finding import Action, Finding, FirstScreen, Refusal, Tile
from regulars.labels import Change
from regulars.satisfaction.cases.handled import are_enough
from regulars.satisfaction.survey.aftermath import CasesVerdict
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.satisfaction.survey.waves import latest
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import Estimate, against

NO_SURVEY, UNEXPLAINED = "no_survey", "unexplained"  # the answer where nobody was asked, and where no driver is known
BY_CASES = "cases_lower"  # where no driver is known, and those who had a case score lower
ALWAYS = ("interval", "n")
OF_SURVEYS = ("index", "driver", "satisfaction", "gap", "nps", "csat")


def first_screen(
    waves: pd.DataFrame | Refusal,
    why: Finding,
    worth: Finding,
    *,
    cases: Finding,
    loyalty: Finding,
    again: Estimate | Refusal,
    settings: SatisfactionSettings,
) -> FirstScreen:
    """What the page answers first: the index, its change, the driver to fix, and the value at stake.

    Parameters
    ----------
    waves : pandas.DataFrame or Refusal
        Of `with_index`.
    why, worth, cases, loyalty : Finding
        Of `tell_why`, `tell_worth`, `tell_cases` and `tell_loyalty`.
    again : Estimate or Refusal
        Of `second_order`; a refusal where customers cannot be followed: nothing is said of who comes back then.
    settings : SatisfactionSettings
        Its ``repurchase_days``, of `again`, and ``questions.loyalty_days``.

    Returns
    -------
    FirstScreen
        Answer: a `regulars.labels.Change` of the index; where there is no driver to name `BY_CASES`, or `UNEXPLAINED`
        where those with a case do not score lower either; `NO_SURVEY` without a survey.
    """
    if isinstance(waves, Refusal):
        return FirstScreen(Finding(NO_SURVEY))
    now, nps = latest(waves, "satisfaction"), latest(waves, "nps")
    stake = worth.facts.get("at_risk", Estimate(float("nan")))
    tiles = [
        Tile("satisfaction", now.now, "number1", now.change, now.mark, "satisfaction", facts={"before": now.before}),
    ]
    if np.isfinite(nps.now.value):
        told = {"before": nps.before}
        tiles.append(Tile("nps", nps.now, "number0", nps.change, nps.mark, "word_of_mouth", facts=told))
    if not isinstance(again, Refusal):
        tiles.append(Tile("second", again, "percent", facts={"days": settings.repurchase_days}))
        if np.isfinite(stake.value):
            noise = "noise" if against(stake) == Change.UNCLEAR else None
            tiles.append(Tile("stake", stake, "money_short", noise, indicator="stake"))
    true = loyalty.facts.get("true_share")
    if true is not None and true.n:
        days = {"days": settings.questions.loyalty_days}
        tiles.append(Tile("loyalty", true, "percent", indicator="loyalty", on_page=False, facts=days))
    facts = {"now": now.now, "before": now.before}
    if _cases_explain(why, cases):
        facts |= {name: cases.facts[name] for name in ("category", "gap", "told", "others", "days")}
        return FirstScreen(Finding(BY_CASES, facts), tiles)
    facts["at_risk"] = stake
    if "driver" not in why.facts:
        return FirstScreen(Finding(UNEXPLAINED, facts), tiles)
    facts |= {name: why.facts[name] for name in ("driver", "question", "effect", "chance")}
    return FirstScreen(Finding(now.change, facts), tiles)


def _cases_explain(why: Finding, cases: Finding) -> bool:
    """Whether a case is what is known to go with low scores, as no driver is."""
    return "driver" not in why.facts and cases.verdict == CasesVerdict.LOWER


def to_do(why: Finding, gap: Finding, complaints: Finding, service: Finding, *, cases: Finding) -> list[Action]:
    """What to do on Monday, of what the sections tell: the driver, the gap, the step of handling, those left unhappy.

    Without a driver, the cases after which customers score lower stand in its place.

    Parameters
    ----------
    why, gap, complaints, service, cases : Finding
        Of `tell_why`, `tell_gap`, `tell_complaints`, `tell_service` and `tell_cases`; of one that tells nothing
        nothing follows.

    Returns
    -------
    list of Action
    """
    wanted = {"driver": (why, ("driver", "question", "effect", "room")), "gap": (gap, ("worst", "short"))}
    if why.facts.get("question", "") == gap.facts.get("worst"):  # one thing, told once
        both = Finding(why.verdict, {**why.facts, **gap.facts})
        wanted = {"first": (both, ("question", "short", "room"))}
    if _cases_explain(why, cases):
        wanted["case"] = cases, ("category", "gap")
    if are_enough(complaints, service):
        wanted |= {"handling": (service, ("step", "fails")), "unhappy": (complaints, ("unhappy",))}
    return [
        Action(key, facts={name: told.facts[name] for name in names})
        for key, (told, names) in wanted.items()
        if names[0] in told.facts
    ]


def words_used(survey: Survey | Refusal) -> tuple[str, ...]:
    """Words that the page explains: fewer where there is no survey.

    Parameters
    ----------
    survey : Survey or Refusal
        Of `survey_of`.

    Returns
    -------
    tuple[str, ...]
    """
    return ALWAYS if isinstance(survey, Refusal) else OF_SURVEYS + ALWAYS
