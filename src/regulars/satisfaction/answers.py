"""Survey answers as they are used: checked against the survey's items, with a wave and one respondent per row."""

import pandas as pd

from regulars.clv.limits import Remark
from regulars.errors import UserError

PERCEIVED = "perceived"
EXPECTED = "expected"


def check_answers(surveys: pd.DataFrame, survey_items: pd.DataFrame) -> None:
    """Refuse answers that cannot be read: to items that are not described, or outside their scale.

    Parameters
    ----------
    surveys : pandas.DataFrame
        ``response_id``, ``item``, ``score``.
    survey_items : pandas.DataFrame
        ``item``, ``scale_min``, ``scale_max``.

    Raises
    ------
    UserError
        That names table, column, row and value.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["q1"], "scale_min": [1.0], "scale_max": [10.0]})
    >>> check_answers(pd.DataFrame({"response_id": ["r1"], "item": ["q1"], "score": [11.0]}), items)
    Traceback (most recent call last):
    regulars.errors.UserError: Table surveys, column score, response r1: 11 to item q1 is outside its scale ...
    """
    known = survey_items.drop_duplicates("item").set_index("item")
    unknown = surveys[~surveys["item"].isin(known.index)]
    if len(unknown):
        row = unknown.iloc[0]
        raise UserError(
            f"Table surveys, column item, response {row['response_id']}: '{row['item']}' is not in survey_items; "
            "describe it there with its scale."
        )
    flat = known[known["scale_max"] <= known["scale_min"]]
    if len(flat):
        row = flat.iloc[0]
        raise UserError(
            f"Table survey_items, column scale_max, item {flat.index[0]}: {row['scale_max']:g} is not above scale_min "
            f"{row['scale_min']:g}; give the ends of the scale."
        )
    low, high = surveys["item"].map(known["scale_min"]), surveys["item"].map(known["scale_max"])
    outside = (surveys["score"] < low) | (surveys["score"] > high) | surveys["score"].isna()
    if outside.any():
        row = surveys[outside].iloc[0]
        ends = known.loc[row["item"]]
        raise UserError(
            f"Table surveys, column score, response {row['response_id']}: {row['score']:g} to item {row['item']} is "
            f"outside its scale {ends['scale_min']:g} to {ends['scale_max']:g}; mend the answer or the scale."
        )


def sound_answers(
    surveys: pd.DataFrame | None, survey_items: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame, list[Remark]]:
    """Answers that can be read, the items that they answer, and what was left out: a wrong answer spoils no page.

    Parameters
    ----------
    surveys, survey_items : pandas.DataFrame or None
        As of `check_answers`, which refuses what is left out here; without either there are no answers.

    Returns
    -------
    surveys, survey_items : pandas.DataFrame
        Without answers to items that are not described or outside their scale, and without items whose scale has no
        length.
    remarks : list of Remark
        ``flat_scale`` (item, low, high, answers), ``unknown_item`` (item, response, answers) for each such item,
        ``outside_scale`` (item, response, score, low, high, answers) once, of the first.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["q1"], "scale_min": [1.0], "scale_max": [10.0]})
    >>> told = pd.DataFrame({"response_id": ["r1", "r2", "r3"], "item": ["q1", "q1", "q9"], "score": [11.0, 5.0, 3.0]})
    >>> kept, _, remarks = sound_answers(told, items)
    >>> kept["score"].tolist(), [remark.code for remark in remarks]
    ([5.0], ['unknown_item', 'outside_scale'])
    """
    if surveys is None or survey_items is None:
        return pd.DataFrame(), pd.DataFrame(), []
    remarks = []
    flat = survey_items[~(survey_items["scale_max"] > survey_items["scale_min"])]
    for row in flat.drop_duplicates("item").itertuples():
        count = int((surveys["item"] == row.item).sum())
        facts = {"item": str(row.item), "low": float(row.scale_min), "high": float(row.scale_max), "answers": count}
        remarks.append(Remark("flat_scale", facts))
    items = survey_items[~survey_items["item"].isin(flat["item"])]
    surveys = surveys[~surveys["item"].isin(flat["item"])]
    known = items.drop_duplicates("item").set_index("item")
    strange = surveys[~surveys["item"].isin(known.index)]
    for item, rows in strange.groupby("item", sort=True):
        first = str(rows["response_id"].iloc[0])
        remarks.append(Remark("unknown_item", {"item": str(item), "response": first, "answers": len(rows)}))
    surveys = surveys[surveys["item"].isin(known.index)]
    low, high = (surveys["item"].map(known[end]).astype(float) for end in ("scale_min", "scale_max"))
    outside = ~((surveys["score"] >= low) & (surveys["score"] <= high))
    if outside.any():
        row, ends = surveys[outside].iloc[0], (float(low[outside].iloc[0]), float(high[outside].iloc[0]))
        facts = {"item": str(row["item"]), "response": str(row["response_id"]), "score": float(row["score"])}
        facts |= {"low": ends[0], "high": ends[1], "answers": int(outside.sum())}
        remarks.append(Remark("outside_scale", facts))
    return surveys[~outside], items, remarks


def with_wave(surveys: pd.DataFrame) -> pd.DataFrame:
    """Answers with a wave: the one supplied, or the quarter of the answer where none is.

    Parameters
    ----------
    surveys : pandas.DataFrame
        ``answered_at`` and, perhaps, ``wave``.

    Returns
    -------
    pandas.DataFrame
        The same with ``wave`` (string) complete. Waves sort by their name: number or date them.

    Examples
    --------
    >>> with_wave(pd.DataFrame({"answered_at": pd.to_datetime(["2026-02-03", "2026-05-01"])}))["wave"].tolist()
    ['2026-Q1', '2026-Q2']
    """
    dates = surveys["answered_at"]
    quarter = dates.dt.year.astype("string") + "-Q" + dates.dt.quarter.astype("string")
    return surveys.assign(wave=quarter if "wave" not in surveys else surveys["wave"].astype("string").fillna(quarter))


def respondents(surveys: pd.DataFrame) -> pd.Series:
    """Who answered: the customer, or the response itself where it is anonymous.

    Examples
    --------
    >>> respondents(pd.DataFrame({"customer_id": ["a", None], "response_id": ["r1", "r2"]})).tolist()
    ['customer a', 'response r2']
    """
    named = "customer " + surveys["customer_id"].astype("string")
    return named.fillna("response " + surveys["response_id"].astype("string")).rename("respondent")


def item_answers(surveys: pd.DataFrame, item: str, kind: str = PERCEIVED) -> pd.DataFrame:
    """Answers to one item, one per respondent and wave: the latest.

    Parameters
    ----------
    surveys : pandas.DataFrame
        Columns of the surveys table.
    item : str
    kind : {"perceived", "expected"}

    Returns
    -------
    pandas.DataFrame
        ``respondent``, ``customer_id`` (missing where anonymous), ``wave``, ``answered_at``, ``score``, sorted by
        wave and respondent. Empty where nobody answered it.
    """
    chosen = with_wave(surveys[(surveys["item"] == item) & (surveys["kind"] == kind)])
    chosen = chosen.assign(respondent=respondents(chosen))
    chosen = chosen.sort_values(["wave", "respondent", "answered_at", "response_id"], kind="stable")
    latest = chosen.drop_duplicates(["wave", "respondent"], keep="last")
    return latest[["respondent", "customer_id", "wave", "answered_at", "score"]].reset_index(drop=True)
