"""What the page tells of complaints handled, of who comes back and of what dissatisfaction costs: three findings."""

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, Finding
from regulars.labels import Change, Outcome
from regulars.purchases import Purchases
from regulars.satisfaction.cases.complaints import only_complaints
from regulars.satisfaction.cases.iceberg import complaint_iceberg, retention_after_complaint, word_of_mouth
from regulars.satisfaction.cases.service import FEW_CASES, handling_steps, sound_tickets, ticket_times
from regulars.satisfaction.index.worth import Money, value_lost_to_dissatisfaction
from regulars.satisfaction.methods.repurchase import whole
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import Estimate, change, difference, from_row, share


def service_finding(
    tickets: pd.DataFrame,
    observation_end,
    settings: SatisfactionSettings,
    *,
    scores: pd.DataFrame | None = None,
    level: float = 0.9,
) -> Finding:
    """What complaints tell: the silent part, and the step of handling that fails.

    Parameters
    ----------
    tickets : pandas.DataFrame
        Clean table; all kinds of cases.
    observation_end : date
    settings : SatisfactionSettings
    scores : pandas.DataFrame, optional
        ``customer_id``, ``satisfaction`` of the surveyed, one row each.
    level : float

    Returns
    -------
    Finding
        Verdict ``silent`` (with a survey), ``prior`` (no surveyed dissatisfied customer complained, so that the size of
        the silent part would rest on a published rate alone), ``seen`` (without a survey) or ``few`` (too few cases to
        single a step out).
    """
    tickets = sound_tickets(tickets)
    complaints, promised = only_complaints(tickets), settings.handling
    times = ticket_times(
        tickets, observation_end, response_hours=promised.response_hours, resolution_hours=promised.resolution_hours,
        level=level,
    )  # fmt: skip
    if len(tickets) < FEW_CASES:
        return Finding("few", {"cases": len(tickets), "few": FEW_CASES})
    steps = handling_steps(tickets, times, level)
    facts = {"step": str(steps["step"].iloc[0]), "fails": from_row(steps.iloc[0], "share")}
    frames = {"steps": steps, "sla": times.sla}
    if scores is None or not len(scores):
        return Finding("seen", facts | {"cases": len(tickets)}, frames)
    berg = silent_part(complaints, scores, settings.dissatisfied_below, level)
    heard = word_of_mouth(berg.dissatisfied)
    facts |= {"silent": berg.silent, "rate": berg.rate, "complainants": berg.complainants, "heard": heard,
              "prior": berg.prior, "below": settings.dissatisfied_below}  # fmt: skip
    return Finding("prior" if berg.is_prior_only else "silent", facts, frames)


def returned_finding(
    tickets: pd.DataFrame,
    orders: pd.DataFrame | None,
    observation_end,
    settings: SatisfactionSettings,
    *,
    level: float = 0.9,
    min_cell: int = 1,
) -> Finding:
    """Whether those whose complaint was put right order again more often than those whose complaint was not.

    Parameters
    ----------
    tickets : pandas.DataFrame
        Clean table; only complaints count.
    orders : pandas.DataFrame or None
        Clean table; None where it is a sample of the orders.
    observation_end : date
    settings : SatisfactionSettings
    level, min_cell
        As everywhere.

    Returns
    -------
    Finding
        Verdict ``more``, ``less`` (beyond noise) or ``unclear``; ``few`` where either kind has too few customers;
        ``not_supplied`` where no outcome or loss is recorded.

    Raises
    ------
    UserError
        Where the order log is a sample, or a loss is negative.
    """
    complaints, desk = only_complaints(sound_tickets(tickets)), settings.handling
    if not {"outcome", "amount_at_stake"} <= set(complaints.columns[complaints.notna().any()]):
        return Finding(NOT_SUPPLIED)
    table = retention_after_complaint(
        complaints, whole(orders), observation_end, within_days=desk.return_days, small_loss=desk.small_loss,
        large_loss=desk.large_loss, level=level, min_cell=min_cell,
    )  # fmt: skip
    lost = table["outcome"] == Outcome.NOT_SATISFIED
    righted, unrighted = (
        share(int(table.loc[kind, "returned"].sum()), int(table.loc[kind, "n"].sum()), level) for kind in (~lost, lost)
    )
    few = min(righted.n, unrighted.n) < FEW_CASES
    apart = change(righted, unrighted)
    verdict = "few" if few else {Change.UP: "more", Change.DOWN: "less"}.get(apart, "unclear")
    facts = {"righted": righted, "unrighted": unrighted, "days": desk.return_days}
    if few:
        return Finding(verdict, facts | {"few": FEW_CASES})
    facts |= {"gap": difference(righted, unrighted), "small": desk.small_loss, "large": desk.large_loss}
    shown = table[(table["loss"] != "medium") & table["share"].notna()].reset_index(drop=True)
    return Finding(verdict, facts, {"cells": shown})


def silent_part(complaints: pd.DataFrame, scores: pd.DataFrame, below: float, level: float = 0.9):
    """`complaint_iceberg` of a firm: who is dissatisfied and who complained, by customer.

    Parameters
    ----------
    complaints : pandas.DataFrame
        ``customer_id``.
    scores : pandas.DataFrame
        ``customer_id``, ``satisfaction`` (0–100), one row per surveyed customer.
    below : float
        Satisfaction below which a customer is dissatisfied.
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


def worth_finding(
    purchases: Purchases | None,
    scores: pd.DataFrame,
    spend_per_order: pd.Series,
    observation_end,
    money: Money,
    dissatisfied_below: float,
    level: float = 0.9,
) -> Finding:
    """What satisfaction is worth; parameters as `value_lost_to_dissatisfaction`.

    Returns
    -------
    Finding
        Verdict ``costs``, ``unclear``, ``none``, or ``short`` where too little can be followed (its fact ``why`` is the
        sentence).
    """
    try:
        lost = value_lost_to_dissatisfaction(
            whole(purchases), scores, spend_per_order, observation_end, money=money,
            dissatisfied_below=dissatisfied_below, level=level,
        )  # fmt: skip
    except UserError as error:
        return Finding("short", {"why": str(error)})
    effects = lost.effects.set_index("effect")
    worth = lost.by_satisfaction.set_index("position")
    facts = {
        "at_risk": lost.at_risk,
        "share": lost.dissatisfied_share,
        "below": dissatisfied_below,
        "point": lost.point_value,
        "low": from_row(worth.loc[-1], "value"),
        "high": from_row(worth.loc[1], "value"),
        "faster": _factor(effects.loc["rate"]),
        "leaving": _factor(effects.loc["dropout"]),
        "months": money.months,
        "margin": money.margin,
        "discount": money.annual_discount_rate,
        "reliability": lost.reliability,
        "left": lost.answer_if_left,
        "chance": lost.asymmetry["p_value"],
    }
    frames = {
        "value": lost.by_satisfaction.assign(position=["low", "mean", "high"]),
        "assumptions": lost.sensitivity.assign(
            rate_pct=np.expm1(lost.sensitivity["rate"]), dropout_pct=np.expm1(lost.sensitivity["dropout"])
        ),
    }
    return Finding(lost.verdict, facts, frames)


def first_to_mend(finding: Finding) -> dict:
    """The step of handling that fails most often and how often, of a `service_finding` that tells of enough cases."""
    return {name: finding.facts[name] for name in ("step", "fails")}


def stake(finding: Finding) -> Estimate:
    """Value at risk that a `worth_finding` tells; missing where it cannot be told."""
    return finding.facts.get("at_risk", Estimate(float("nan")))


def _factor(row) -> Estimate:
    """exp(γ) − 1: by what share purchase rate or dropout is higher, one SD of satisfaction up."""
    return Estimate(*(float(np.expm1(row[c])) for c in ("value", "value_low", "value_high")), int(row["n"]))
