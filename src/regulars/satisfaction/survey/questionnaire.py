"""A whole survey, in the shapes that its analyses take."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from regulars.errors import UserError
from regulars.finding import NotSupplied
from regulars.satisfaction.survey.answers import Answers, scores_by_item
from regulars.satisfaction.survey.indices import customer_satisfaction, latest_satisfaction
from regulars.satisfaction.survey.wide import latest_answers, wide_answers


@dataclass(frozen=True, eq=False)
class Survey:
    """A survey that can be read, as `survey_of` makes it.

    Parameters
    ----------
    surveys, items : pandas.DataFrame
        Clean tables: one row per answer, one row per item.
    wide : pandas.DataFrame
        One row per respondent and wave, one column per item, each answer from 0 to 100 (`wide_answers`).
    satisfaction : pandas.DataFrame
        One row per respondent and wave: ``customer_id``, ``answered_at``, ``satisfaction`` from 0 to 100
        (`customer_satisfaction`).
    """

    surveys: pd.DataFrame
    items: pd.DataFrame
    wide: pd.DataFrame
    satisfaction: pd.DataFrame

    @property
    def latest(self) -> pd.DataFrame:
        """Rows of ``wide`` of the latest wave that each respondent answered."""
        return latest_answers(self.wide)

    @property
    def latest_satisfaction(self) -> pd.DataFrame:
        """Rows of ``satisfaction`` of the latest wave that each respondent answered."""
        return latest_satisfaction(self.satisfaction)

    @property
    def scores(self) -> pd.Series:
        """Satisfaction (0 to 100) by customer_id, of the latest wave answered; anonymous answers are left out."""
        return self.latest_satisfaction.dropna(subset="customer_id").set_index("customer_id")["satisfaction"]

    @property
    def wordings(self) -> pd.Series:
        """Question by item, without its full stop."""
        return self.items.drop_duplicates("item").set_index("item")["wording"].str.rstrip(".")

    def last_answers(self, items: Collection[str]) -> pd.DataFrame:
        """What respondents answered to some items, on the items' own scales.

        Parameters
        ----------
        items : collection of str
            Names of items.

        Returns
        -------
        pandas.DataFrame
            Respondent × item, of each respondent the last wave that asked for any of them.
        """
        told = scores_by_item(self.surveys[self.surveys["item"].isin(list(items))])
        return told[~told.index.get_level_values("respondent").duplicated(keep="last")]

    def one_respondent(self, construct: str = "satisfaction") -> pd.DataFrame:
        """How the satisfaction of one respondent, the first, is reckoned: each answer, its scale, and where it lies.

        Parameters
        ----------
        construct : str
            Whose items are shown.

        Returns
        -------
        pandas.DataFrame
            One row per item: ``wording``, ``score``, ``scale_min``, ``scale_max``, ``points`` = 100
            (score - min) / (max - min); their mean is the respondent's row in ``satisfaction``.

        Raises
        ------
        UserError
            Where nobody answered any of them.
        """
        own = self.items[self.items["construct"] == construct].set_index("item")
        told = self.wide[list(own.index)].dropna(how="all")
        if told.empty:
            raise UserError(f"Table surveys: nobody answered an item of the construct '{construct}'.")
        points = told.iloc[0].astype(float)
        table = own[["wording", "scale_min", "scale_max"]].assign(points=points)
        scale = table["scale_max"] - table["scale_min"]
        table.insert(1, "score", table["scale_min"] + points / 100 * scale)
        return table.round(1)

    def __repr__(self) -> str:
        """How many answers, of whom, to what."""
        people, waves = self.wide["respondent"].nunique(), self.wide["wave"].nunique()
        asked = f"{self.surveys['item'].nunique()} items in {waves} waves"
        return f"survey: {len(self.surveys):,} answers of {people:,} respondents to {asked}"


def survey_of(answers: Answers, construct: str = "satisfaction") -> Survey | NotSupplied:
    """Bring the answers of a survey into shape, once.

    Parameters
    ----------
    answers : Answers
        Of `sound_answers`.
    construct : str
        Whose items make the satisfaction from 0 to 100.

    Returns
    -------
    Survey or NotSupplied
        The latter where there is no answer.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["s1"], "construct": "satisfaction", "scale_min": 1.0, "scale_max": 5.0,
    ...                       "wording": "All in all?"})
    >>> told = pd.DataFrame({"response_id": "r", "customer_id": "a", "answered_at": pd.Timestamp("2026-01-01"),
    ...                      "item": ["s1"], "kind": "perceived", "score": [4.0]})
    >>> survey = survey_of(Answers(told, items, []))
    >>> survey, survey.scores.to_dict()
    (survey: 1 answers of 1 respondents to 1 items in 1 waves, {'a': 75.0})
    >>> survey_of(Answers(told.head(0), items, []))
    It cannot be told: what it needs is not supplied (surveys).
    """
    surveys, items, _ = answers
    if not len(surveys):
        return NotSupplied("surveys")
    wide = wide_answers(surveys, items, latest=False)
    return Survey(surveys, items, wide, customer_satisfaction(surveys, items, construct, latest=False))
