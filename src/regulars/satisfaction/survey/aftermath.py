"""What a case leaves behind: satisfaction of those who had one before they answered, beside those who had none."""

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.labels import Change
from regulars.satisfaction.survey.answers import among, days_of
from regulars.satisfaction.survey.indices import mean_score
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import against, difference, from_row, to_row, z_value


class CasesVerdict(StrEnum):
    """Whether those who had a case score lower or higher beyond noise, as strict as with every category at once.

    Few: no category has enough answers.
    """

    LOWER = "lower"
    HIGHER = "higher"
    UNCLEAR = "unclear"
    FEW = "few"


def scores_after_cases(
    answered: pd.DataFrame, tickets: pd.DataFrame, within_days: int = 180, level: float = 0.9
) -> pd.DataFrame:
    """Satisfaction by category of the case that came before the answer.

    Parameters
    ----------
    answered : pandas.DataFrame
        ``customer_id``, ``answered_at``, ``satisfaction`` (0-100), one row per customer; anonymous ones are left out.
    tickets : pandas.DataFrame
        Clean cases of any kind: ``customer_id``, ``opened_at``, ``category``.
    within_days : int
        A case counts that was opened on the day of the answer or so many days before. Who had several categories counts
        in each.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    pandas.DataFrame
        One row per category, the most frequent first: ``category``, ``n``, ``score`` with limits, ``others`` (score of
        those without a case) with limits and ``others_n``, ``gap`` (score less others) with limits.

    Examples
    --------
    >>> answered = pd.DataFrame({"customer_id": list("abcd"), "answered_at": pd.Timestamp("2026-03-01"),
    ...                          "satisfaction": [80.0, 90.0, 20.0, 30.0]})
    >>> tickets = pd.DataFrame({"customer_id": ["c", "d", "a"], "category": "late",
    ...                         "opened_at": pd.to_datetime(["2026-02-01", "2026-03-01", "2026-03-02"])})
    >>> scores_after_cases(answered, tickets)[["n", "score", "others", "gap"]].to_numpy().tolist()
    [[2.0, 25.0, 85.0, -60.0]]
    """
    told = answered.dropna(subset=["customer_id", "satisfaction"]).drop_duplicates("customer_id", keep="last")
    told = told.set_index("customer_id")
    cases = tickets[among(tickets["customer_id"], told.index)]
    answer = days_of(cases["customer_id"], told["answered_at"])
    ago = answer - pd.to_datetime(cases["opened_at"]).dt.normalize()
    before = ((ago >= pd.Timedelta(0)) & (ago <= pd.Timedelta(days=within_days))).to_numpy()
    pairs = cases.loc[before, ["customer_id", "category"]].drop_duplicates()
    others = mean_score(told.loc[~among(told.index, pairs["customer_id"]), "satisfaction"], level)
    rows = []
    for category, who in pairs.dropna(subset=["category"]).groupby("category")["customer_id"]:
        score = mean_score(told.loc[who, "satisfaction"], level)
        row = {"category": str(category), "n": score.n, "others_n": others.n}
        gap = difference(score, others)
        rows.append(row | to_row(score, "score") | to_row(others, "others") | to_row(gap, "gap"))
    names = [
        "category",
        "n",
        "others_n",
        *(f"{n}{e}" for n in ("score", "others", "gap") for e in ("", "_low", "_high")),
    ]
    table = pd.DataFrame(rows, columns=names).astype({"category": "string"})
    return table.sort_values(["n", "category"], ascending=[False, True], ignore_index=True)


@tells
def tell_cases(answered: pd.DataFrame, tickets: pd.DataFrame | None, settings: SatisfactionSettings) -> Finding:
    """Whether those who had a case score lower; not supplied without tickets.

    Parameters
    ----------
    answered : pandas.DataFrame
        ``customer_id``, ``answered_at``, ``satisfaction`` (0-100), one row per customer.
    tickets : pandas.DataFrame or None
        Clean cases of any kind.
    settings : SatisfactionSettings
        Its ``handling.return_days`` (days before an answer in which a case counts), ``min_answers`` and
        ``privacy_min_cell``: categories with fewer answers are not judged, and not shown.

    Returns
    -------
    Finding
        Verdict a `CasesVerdict`, of the category that differs most (in standard errors); frame ``scores``.
    """
    level, least, within_days = settings.interval_level, settings.min_answers, settings.handling.return_days
    if tickets is None:
        return Finding(NOT_SUPPLIED)
    table = scores_after_cases(answered, tickets, within_days, level)
    enough = table[(table["n"] >= least) & (table["others_n"] >= least)]
    if enough.empty:
        return Finding(CasesVerdict.FEW, {"least": least})
    # differences are judged together, so that their intervals hold all at once; those of few answers have none
    strict = z_value(1 - (1 - level) / len(enough)) / z_value(level)
    judged = table.index.isin(enough.index)
    for end in ("gap_low", "gap_high"):
        table[end] = (table["gap"] + strict * (table[end] - table["gap"])).where(judged)
    enough = table[judged]
    error = (enough["gap_high"] - enough["gap_low"]) / 2
    apart = (enough["gap"] / error).replace([np.inf, -np.inf], np.nan).fillna(0.0)
    first = enough.loc[apart.abs().idxmax()]
    facts: dict[str, Any] = {
        "category": str(first["category"]),
        "told": from_row(first, "score"),
        "others": from_row(first, "others", "others_n"),
        "gap": from_row(first, "gap"),
        "days": within_days,
        "least": least,
    }
    verdicts = {Change.UP: CasesVerdict.HIGHER, Change.DOWN: CasesVerdict.LOWER}
    verdict = verdicts.get(against(facts["gap"]), CasesVerdict.UNCLEAR)
    return Finding(verdict, facts, {"scores": table[table["n"] >= max(settings.privacy_min_cell, 2)]})
