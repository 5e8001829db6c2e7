"""What a case leaves behind: satisfaction of those who had one before they answered, beside those who had none."""

import numpy as np
import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding
from regulars.satisfaction.survey.answers import among
from regulars.satisfaction.survey.indices import mean_score
from regulars.statistics.intervals import difference, from_row, to_row, z_value


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
    answer = pd.to_datetime(cases["customer_id"].astype(object).map(told["answered_at"])).dt.normalize()
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


def cases_finding(
    answered: pd.DataFrame,
    tickets: pd.DataFrame | None,
    within_days: int = 180,
    level: float = 0.9,
    min_answers: int = 30,
    min_cell: int = 1,
) -> Finding:
    """Whether those who had a case score lower, for the page.

    Parameters
    ----------
    answered, tickets, within_days, level
        As `scores_after_cases`; ``None`` where there are no tickets.
    min_answers : int
        Categories with fewer answers are not judged.
    min_cell : int
        Categories with fewer are not shown.

    Returns
    -------
    Finding
        Of the category that differs most (in standard errors): verdict ``lower`` or ``higher`` beyond noise, as strict
        as with every category at once (Bonferroni), ``unclear`` within it, ``few`` without a category that has enough
        answers.
    """
    if tickets is None:
        return Finding(NOT_SUPPLIED)
    table = scores_after_cases(answered, tickets, within_days, level)
    enough = table[(table["n"] >= min_answers) & (table["others_n"] >= min_answers)]
    if enough.empty:
        return Finding("few", {"least": min_answers})
    error = (enough["gap_high"] - enough["gap_low"]) / (2 * z_value(level))
    apart = (enough["gap"] / error).replace([np.inf, -np.inf], np.nan).fillna(0.0)
    first = enough.loc[apart.abs().idxmax()]
    step = float(apart[apart.abs().idxmax()])
    facts = {
        "category": str(first["category"]),
        "told": from_row(first, "score"),
        "others": from_row(first, "others", "others_n"),
        "gap": from_row(first, "gap"),
        "days": within_days,
    }
    strict = z_value(1 - (1 - level) / len(enough))
    verdict = "unclear" if abs(step) <= strict else "lower" if step < 0 else "higher"
    return Finding(verdict, facts, {"scores": table[table["n"] >= max(min_cell, 2)]})
