"""Sayings of teaching texts beside a firm's own figures: ten orders, sixty times, twelve services, gone for ever."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.finding import Finding, Remark, may_refuse, tells
from regulars.labels import Change, LoyaltyType, Outcome, OwnFigure, Saying
from regulars.purchases import Purchases, day_number, day_numbers
from regulars.satisfaction.survey.answers import among, days_of
from regulars.satisfaction.survey.indices import mean
from regulars.satisfaction.survey.loyalty import Loyalty
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import Estimate, against, share, to_row, z_value

# numbers that teaching texts print without a study: priors of nothing, shown beside the firm's own
SAID = {Saying.LOYAL: 10.0, Saying.DEARER: 60.0, Saying.MEND: 12.0, Saying.GONE: 0.81}
UNITS = {Saying.LOYAL: "number1", Saying.DEARER: "number1", Saying.MEND: "number1", Saying.GONE: "percent"}

BY_CHANGE = {Change.UP: OwnFigure.ABOVE, Change.DOWN: OwnFigure.BELOW, Change.UNCLEAR: OwnFigure.ALIKE}
# orders so far may still grow, and who has not ordered since may yet: the first can only be told from above, the second
# not at all
LIKE = {Saying.LOYAL: (OwnFigure.ABOVE,), Saying.GONE: ()}


class FolkVerdict(StrEnum):
    """Whether a saying can be held against own figures at all."""

    TOLD = "told"
    FEW = "few"


@may_refuse
def services_that_mend(
    answered: pd.DataFrame, tickets: pd.DataFrame | None, within_days: int, level: float = 0.9
) -> Estimate:
    """How many well-ended cases raise satisfaction by as much as one that ended badly lowers it.

    Parameters
    ----------
    answered : pandas.DataFrame
        ``customer_id``, ``answered_at``, ``satisfaction`` (0 to 100), one row per customer.
    tickets : pandas.DataFrame or None
        Clean cases of any kind: ``customer_id``, ``resolved_at``, ``outcome``.
    within_days : int
        A case counts that was closed on the day of the answer or so many days before.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        −(points with each bad case) ÷ (points with each good one), by least squares on both counts with robust errors
        (HC1) and Fieller's interval. Missing, with n customers, where bad ones are not seen to lower it or good ones
        to raise it: then no number of services mends one.

    References
    ----------
    Fieller, E. C. (1954), J. Royal Statistical Society B 16, 175-185.
    """
    if tickets is None or not {"resolved_at", "outcome"} <= set(tickets):
        return Estimate(float("nan"), n=0)
    known = answered.dropna(subset=["customer_id", "satisfaction"]).drop_duplicates("customer_id", keep="last")
    known = known.set_index(known["customer_id"].astype(object))
    rows = tickets[among(tickets["customer_id"], known.index)].dropna(subset=["resolved_at", "outcome"])
    who = rows["customer_id"].astype(object)
    ago = days_of(who, known["answered_at"]) - pd.to_datetime(rows["resolved_at"]).dt.normalize()
    inside = ((ago >= pd.Timedelta(0)) & (ago <= pd.Timedelta(days=within_days))).to_numpy()
    bad = (rows["outcome"] == Outcome.NOT_SATISFIED).to_numpy()
    count = [who[inside & side].value_counts().reindex(known.index, fill_value=0) for side in (bad, ~bad)]
    design = np.column_stack([np.ones(len(known)), *count]).astype(float)
    nothing, free = Estimate(float("nan"), n=len(known)), len(known) - 3
    if free < 1 or np.linalg.matrix_rank(design) < 3:
        return nothing
    inverse, y = np.linalg.inv(design.T @ design), known["satisfaction"].to_numpy(float)
    slopes = inverse @ design.T @ y
    left = y - design @ slopes
    errors = len(known) / free * inverse @ (design.T * left**2) @ design @ inverse
    lost, won = -slopes[1], slopes[2]
    var_lost, var_won, joint = errors[1, 1], errors[2, 2], -errors[1, 2]
    z = z_value(level)
    if lost - z * np.sqrt(var_lost) <= 0 or won - z * np.sqrt(var_won) <= 0:
        return nothing
    a, b, c = won**2 - z**2 * var_won, lost * won - z**2 * joint, lost**2 - z**2 * var_lost
    reach = np.sqrt(max(b**2 - a * c, 0.0))
    return Estimate(float(lost / won), float((b - reach) / a), float((b + reach) / a), len(known))


@may_refuse
def own_figures(
    loyalty: Loyalty, followed: pd.DataFrame, purchases: Purchases, end, *, below: float, level: float = 0.9
) -> dict[Saying, Estimate]:
    """Orders of a loyal customer after the first, and the part of the dissatisfied who have not ordered since.

    Parameters
    ----------
    loyalty : Loyalty
        Of `regulars.satisfaction.measure_loyalty`: types of today.
    followed : pandas.DataFrame
        Of `regulars.satisfaction.repurchases`: by customer_id ``answered_at`` and ``satisfaction``.
    purchases : regulars.purchases.Purchases
        Every purchase day.
    end : date
        Last day of the data.
    below : float
        Satisfaction below which a customer is dissatisfied.
    level : float
        Of the intervals.

    Returns
    -------
    dict
        Of `Saying` to its estimate.
    """
    types = loyalty.now["loyalty_type"]

    def bought(who: pd.Index) -> tuple[np.ndarray, np.ndarray]:
        place = purchases.places(who.to_series())
        return place, purchases.up_to(place, np.full(len(place), day_number(end)))

    _, loyal = bought(types.index[(types == LoyaltyType.TRUE).to_numpy()])
    unhappy = followed[followed["satisfaction"] < below]
    place, ever = bought(unhappy.index)
    since = ever - purchases.up_to(place, day_numbers(unhappy["answered_at"]))
    return {
        Saying.LOYAL: mean(pd.Series(loyal[loyal > 0] - 1.0), level),
        Saying.GONE: share(int((since == 0).sum()), len(unhappy), level),
    }


@tells
def tell_folk(
    own: Mapping[Saying, Estimate], dearer: Estimate, mend: Estimate, *, won: int, settings: SatisfactionSettings
) -> Finding:
    """What teaching texts say of loyal, new and lost customers beside what the firm's own figures say.

    Parameters
    ----------
    own : mapping
        Of `own_figures`.
    dearer : Estimate
        How many times winning a customer costs what contacting one to keep does; missing where it cannot be told.
    mend : Estimate
        Of `services_that_mend`; missing where it cannot be told.
    won : int
        Customers behind `dearer`.
    settings : SatisfactionSettings
        Its ``min_answers``: of fewer customers nothing is judged; ``dissatisfied_below`` and ``handling.return_days``.

    Returns
    -------
    Finding
        Verdict a `FolkVerdict`; frame ``sayings``: ``saying``, ``said`` and ``own`` with limits in the format ``unit``,
        ``n``, ``beside`` (`OwnFigure`: where the own figure lies, of those that count the same); a remark on each that
        cannot be told.
    """
    told = dict(own) | {Saying.DEARER: replace(dearer, n=won), Saying.MEND: mend}
    rows, remarks = [], []
    for saying, said in SAID.items():
        figure = told.get(saying, Estimate(float("nan"), n=0))
        beside = BY_CHANGE.get(against(figure, said))
        if beside is None or figure.n < settings.min_answers:
            remarks.append(Remark(f"untold_{saying.value}"))
            continue
        beside = beside if beside in LIKE.get(saying, OwnFigure) else OwnFigure.OTHER
        row: dict[str, object] = {
            "saying": saying.value,
            "unit": UNITS[saying],
            "said": said,
            "n": figure.n,
            "beside": beside.value,
        }
        rows.append(row | to_row(figure, "own"))
    if not rows:
        return Finding(FolkVerdict.FEW, remarks=remarks)
    table = pd.DataFrame(rows).astype(dict.fromkeys(("saying", "unit", "beside"), "string"))
    apart = int(table["beside"].isin([OwnFigure.ABOVE, OwnFigure.BELOW]).sum())
    judged = int((table["beside"] != OwnFigure.OTHER).sum())
    facts = {"judged": judged, "apart": apart, "below": settings.dissatisfied_below}
    facts["days"] = settings.handling.return_days
    return Finding(FolkVerdict.TOLD, facts, {"sayings": table}, remarks=remarks)
