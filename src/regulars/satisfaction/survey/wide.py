"""Answers as a table of respondents and items, each from 0 to 100, and the mean of the items of each construct."""

from collections.abc import Sequence

import pandas as pd

from regulars.errors import UserError
from regulars.satisfaction.survey.answers import shaped

PEOPLE = ["respondent", "customer_id", "wave", "answered_at"]


def wide_answers(surveys: pd.DataFrame, survey_items: pd.DataFrame, latest: bool = True) -> pd.DataFrame:
    """One row per respondent, one column per item, each answer brought to 0 to 100.

    Parameters
    ----------
    surveys, survey_items : pandas.DataFrame
        The clean tables; perceived answers count.
    latest : bool
        Of each respondent the latest wave only; otherwise one row per respondent and wave.

    Returns
    -------
    pandas.DataFrame
        ``respondent``, ``customer_id``, ``wave``, ``answered_at``, then the items in the order of `survey_items`;
        unanswered ones are missing.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["s1", "s2"], "construct": "s", "scale_min": 1.0, "scale_max": [10.0, 5.0]})
    >>> told = pd.DataFrame({"response_id": "r", "customer_id": "a", "answered_at": pd.Timestamp("2026-01-01"),
    ...                      "item": ["s1"], "kind": "perceived", "score": [10.0]})
    >>> wide_answers(told, items)[["s1", "s2"]].to_numpy().tolist()
    [[100.0, nan]]
    """
    known = survey_items.drop_duplicates("item").set_index("item")
    surveys = surveys[surveys["item"].isin(known.index).to_numpy()]
    told = shaped(surveys)
    low, high = known["scale_min"].to_numpy(float), known["scale_max"].to_numpy(float)
    table = 100 * (told.scores.reindex(columns=known.index) - low) / (high - low)
    every = pd.concat([told.people[PEOPLE], table.set_axis(told.people.index)], axis=1)
    return latest_answers(every) if latest else every


def latest_answers(every: pd.DataFrame) -> pd.DataFrame:
    """Of each respondent the latest wave; parameters as `wide_answers` gives them without ``latest``.

    Parameters
    ----------
    every : pandas.DataFrame
        One row per respondent and wave, as `wide_answers` gives them without ``latest``.

    Returns
    -------
    pandas.DataFrame
    """
    order = every.sort_values(["respondent", "answered_at", "wave"], kind="stable")
    return order.drop_duplicates("respondent", keep="last").reset_index(drop=True)


def factor_scores(answers: pd.DataFrame, survey_items: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Mean of the answered items of each factor, 0 to 100; missing where none was answered.

    Parameters
    ----------
    answers : pandas.DataFrame
        As `wide_answers` gives them.
    survey_items : pandas.DataFrame
        Clean table: ``item``, ``construct``, ``scale_min``, ``scale_max``.
    factors : sequence of str
        Constructs.

    Raises
    ------
    UserError
        Where a factor has no item; it names it.
    """
    found = {}
    for factor in factors:
        items = survey_items.loc[survey_items["construct"] == factor, "item"]
        if not len(items):
            raise UserError(f"Table survey_items, column construct: no item belongs to the factor '{factor}'.")
        found[factor] = answers[list(items)].mean(axis=1)
    return pd.DataFrame(found, index=answers.index)


def usual_factors(survey_items: pd.DataFrame, without: Sequence[str] = ()) -> list[str]:
    """Constructs with at least two items, but for those named: what satisfaction may come from.

    Parameters
    ----------
    survey_items : pandas.DataFrame
        ``construct`` of each item.
    without : sequence of str
        Constructs that explain nothing.

    Returns
    -------
    list[str]

    Examples
    --------
    >>> items = pd.DataFrame({"construct": ["quality", "quality", "overall", "loyalty", "loyalty"]})
    >>> usual_factors(items, without=["loyalty"])
    ['quality']
    """
    counts = survey_items["construct"].value_counts(sort=False)
    return [name for name, count in counts.items() if count > 1 and name not in without]


def overall_answers(answers: pd.DataFrame, overall_item: str) -> pd.Series:
    """Answers to the overall question.

    Parameters
    ----------
    answers : pandas.DataFrame
        Of `wide_answers`.
    overall_item : str
        Name of the question.

    Returns
    -------
    pandas.Series

    Raises
    ------
    UserError
        Where the survey does not ask it.
    """
    if overall_item not in answers:
        raise UserError(f"Table survey_items has no item '{overall_item}': name the overall question (overall_item).")
    return answers[overall_item]
