"""What complaints tell: the silent part, the step of handling that fails, and who comes back."""

from enum import StrEnum

import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding, Remark, tells
from regulars.labels import Change, Loss, Outcome
from regulars.satisfaction.cases.iceberg import Iceberg, complaint_iceberg, retention_after_complaint, word_of_mouth
from regulars.satisfaction.cases.service import handling_steps, ticket_times
from regulars.satisfaction.cases.tickets import FEW_CASES, Cases, need_closing
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import change, difference, from_row, share


class ServiceVerdict(StrEnum):
    """What can be told of those who keep silent.

    Silent: how many, by a survey. Prior: no surveyed dissatisfied customer complained, so that the size of the silent
    part would rest on a published rate alone. Unspoken: cases are recorded, and none of them is a complaint. Seen:
    without a survey. Few: too few cases to single a step out.
    """

    SILENT = "silent"
    PRIOR = "prior"
    UNSPOKEN = "unspoken"
    SEEN = "seen"
    FEW = "few"


class ReturnedVerdict(StrEnum):
    """Whether those whose complaint was put right order again more often, or less, than the others, beyond noise."""

    MORE = "more"
    LESS = "less"
    UNCLEAR = "unclear"
    FEW = "few"


BY_CHANGE = {Change.UP: ReturnedVerdict.MORE, Change.DOWN: ReturnedVerdict.LESS}


@tells
def tell_service(cases: Cases, scored: pd.DataFrame, end, settings: SatisfactionSettings) -> Finding:
    """How many of the dissatisfied keep silent, and the step of handling that fails most often.

    Parameters
    ----------
    cases : Cases
        Of `sound_cases`.
    scored : pandas.DataFrame
        ``customer_id``, ``satisfaction`` (0 to 100; missing without an answer), one row per customer.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``handling`` (hours promised) and ``dissatisfied_below``.

    Returns
    -------
    Finding
        Verdict a `ServiceVerdict`; frames ``steps`` and ``sla``.
    """
    tickets, promised, level = cases.tickets, settings.handling, settings.interval_level
    need_closing(tickets)
    times = ticket_times(
        tickets, end, response_hours=promised.response_hours, resolution_hours=promised.resolution_hours, level=level
    )
    if len(tickets) < FEW_CASES:
        return Finding(ServiceVerdict.FEW, {"cases": len(tickets), "few": FEW_CASES})
    steps = handling_steps(tickets, times, level)
    facts = {"step": str(steps["step"].iloc[0]), "fails": from_row(steps.iloc[0], "share")}
    facts["hours"] = promised.resolution_hours
    frames = {"steps": steps, "sla": times.sla}
    if not scored["satisfaction"].notna().any():
        return Finding(ServiceVerdict.SEEN, facts | {"cases": len(tickets)}, frames)
    if cases.complaints.empty:
        return Finding(ServiceVerdict.UNSPOKEN, facts | {"cases": len(tickets)}, frames)
    berg = silent_part(cases.complaints, scored, settings.dissatisfied_below, level)
    heard = word_of_mouth(berg.dissatisfied)
    facts |= {"silent": berg.silent, "rate": berg.rate, "complainants": berg.complainants, "heard": heard,
              "prior": berg.prior, "below": settings.dissatisfied_below}  # fmt: skip
    if berg.is_prior_only:
        return Finding(ServiceVerdict.PRIOR, facts, frames)
    facts |= {"counted": berg.counted, "dissatisfied": berg.dissatisfied}
    return Finding(ServiceVerdict.SILENT, facts, frames)


@tells
def tell_returned(cases: Cases, orders: pd.DataFrame, end, settings: SatisfactionSettings) -> Finding:
    """Whether those whose complaint was put right order again more often than those whose complaint was not.

    Parameters
    ----------
    cases : Cases
        Of `sound_cases`.
    orders : pandas.DataFrame
        Clean table: all orders of the customers.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``handling``: ``return_days``, ``small_loss``, ``large_loss``; cells with fewer customers than
        ``privacy_min_cell`` are not shown.

    Returns
    -------
    Finding
        Verdict a `ReturnedVerdict`; frame ``cells``. Not supplied where no outcome or loss is recorded.
    """
    complaints, desk, level = cases.complaints, settings.handling, settings.interval_level
    if not {"outcome", "amount_at_stake"} <= set(complaints.columns[complaints.notna().any()]):
        return Finding(NOT_SUPPLIED)
    need_closing(cases.complaints)
    table = retention_after_complaint(
        complaints, orders, end, within_days=desk.return_days, small_loss=desk.small_loss,
        large_loss=desk.large_loss, level=level, min_cell=settings.privacy_min_cell,
    )  # fmt: skip
    lost = table["outcome"] == Outcome.NOT_SATISFIED
    righted, unrighted = (
        share(int(table.loc[kind, "returned"].sum()), int(table.loc[kind, "n"].sum()), level) for kind in (~lost, lost)
    )
    facts = {"righted": righted, "unrighted": unrighted, "days": desk.return_days}
    if min(righted.n, unrighted.n) < FEW_CASES:
        return Finding(ReturnedVerdict.FEW, facts | {"few": FEW_CASES})
    verdict = BY_CHANGE.get(change(righted, unrighted), ReturnedVerdict.UNCLEAR)
    facts |= {"gap": difference(righted, unrighted), "small": desk.small_loss, "large": desk.large_loss}
    shown = table[(table["loss"] != Loss.MEDIUM) & table["share"].notna()].reset_index(drop=True)
    return Finding(verdict, facts, {"cells": shown})


def silent_part(complaints: pd.DataFrame, scores: pd.DataFrame, below: float, level: float = 0.9) -> Iceberg:
    """`complaint_iceberg` of a firm: who is dissatisfied and who complained, by customer.

    Parameters
    ----------
    complaints : pandas.DataFrame
        ``customer_id``.
    scores : pandas.DataFrame
        ``customer_id``, ``satisfaction`` (0–100), one row per surveyed customer.
    below : float
        Satisfaction below which a customer is dissatisfied.
    level : float
        Of the intervals.

    Returns
    -------
    Iceberg
    """
    known = scores.dropna(subset=["customer_id", "satisfaction"])
    complained = known["customer_id"].isin(complaints["customer_id"])
    low = known["satisfaction"] < below
    return complaint_iceberg(
        int(complaints["customer_id"].nunique()),
        int((complained & low).sum()),
        int(low.sum()),
        satisfied_complained=int((complained & ~low).sum()),
        level=level,
    )


def are_enough(complaints: Finding, service: Finding) -> bool:
    """Whether there are enough cases, and complaints among them, to say what to do.

    Parameters
    ----------
    complaints : Finding
        Of `tell_complaints`.
    service : Finding
        Of `tell_service`.

    Returns
    -------
    bool
    """
    return "unhappy" in complaints.facts and "step" in service.facts


def first_to_mend(complaints: Finding, service: Finding) -> list[Remark]:
    """The step of handling that fails most often, to be said on the first screen; nothing of too few cases.

    Parameters
    ----------
    complaints, service : Finding
        Of `tell_complaints` and of `tell_service`.

    Returns
    -------
    list of Remark
        ``mend``, or none.
    """
    if not are_enough(complaints, service):
        return []
    return [Remark("mend", {name: service.facts[name] for name in ("step", "fails")})]
