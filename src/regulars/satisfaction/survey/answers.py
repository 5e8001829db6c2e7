"""Survey answers as they are used: checked against the survey's items, with a wave and one respondent per row."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.finding import Remark, shows
from regulars.frames import moments_of

PERCEIVED = "perceived"
EXPECTED = "expected"


@shows
class Answers(NamedTuple):
    """Answers of a survey that can be read.

    Parameters
    ----------
    surveys : pandas.DataFrame
        One row per answer: those to items that are described, on their scale.
    items : pandas.DataFrame
        One row per item whose scale has a length.
    left_out : list of Remark
        What was left out, and why.
    """

    surveys: pd.DataFrame
    items: pd.DataFrame
    left_out: list[Remark]


def sound_answers(surveys: pd.DataFrame | None, survey_items: pd.DataFrame | None) -> Answers:
    """Answers that can be read, the items that they answer, and what was left out: a wrong answer spoils no page.

    Parameters
    ----------
    surveys : pandas.DataFrame or None
        Clean table: ``response_id``, ``item``, ``score``; None where it is not supplied.
    survey_items : pandas.DataFrame or None
        Clean table: ``item``, ``scale_min``, ``scale_max``; None where it is not supplied.

    Returns
    -------
    Answers
        Without answers to items that are not described or outside their scale, and without items whose scale has no
        length; left out: ``flat_scale`` (item, low, high, answers), ``unknown_item`` (item, response, answers) for each
        such item, ``outside_scale`` (item, response, score, low, high, answers) once, of the first.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["q1"], "scale_min": [1.0], "scale_max": [10.0]})
    >>> told = pd.DataFrame({"response_id": ["r1", "r2", "r3"], "item": ["q1", "q1", "q9"], "score": [11.0, 5.0, 3.0]})
    >>> kept, _, remarks = sound_answers(told, items)
    >>> kept["score"].tolist(), [remark.code for remark in remarks]
    ([5.0], ['unknown_item', 'outside_scale'])
    """
    if surveys is None or survey_items is None:
        return Answers(pd.DataFrame(), pd.DataFrame(), [])
    remarks = []
    code, names = pd.factorize(surveys["item"])  # of a dozen texts, not of millions
    names = pd.Index(names).astype(object)
    counts = pd.Series(np.bincount(code[code >= 0], minlength=len(names)), index=names)
    flat = survey_items[~(survey_items["scale_max"] > survey_items["scale_min"])]
    for row in flat.drop_duplicates("item").itertuples():
        facts = {"item": str(row.item), "low": float(row.scale_min), "high": float(row.scale_max)}
        remarks.append(Remark("flat_scale", facts | {"answers": int(counts.get(row.item, 0))}))
    items = survey_items[~survey_items["item"].isin(flat["item"])]
    items = items.assign(wording=told_apart(items)) if "wording" in items else items
    ends = items.drop_duplicates("item").set_index("item")[["scale_min", "scale_max"]].astype(float)
    ends.index = ends.index.astype(object)
    known = np.append(names.isin(ends.index), False)  # the last for an answer without an item
    for item in sorted(set(names[~known[:-1]]) - set(flat["item"])):
        first = str(surveys["response_id"].iloc[int((code == names.get_loc(item)).argmax())])
        remarks.append(Remark("unknown_item", {"item": str(item), "response": first, "answers": int(counts[item])}))
    here = known[code]
    surveys, code = surveys[here], code[here]
    low, high = (ends[end].reindex(names).to_numpy()[code] for end in ("scale_min", "scale_max"))
    score = surveys["score"].to_numpy(float, na_value=np.nan)
    outside = ~((score >= low) & (score <= high))
    if outside.any():
        at = int(outside.argmax())
        facts = {"item": str(names[code[at]]), "response": str(surveys["response_id"].iloc[at])}
        facts |= {"score": float(score[at]), "low": float(low[at]), "high": float(high[at])}
        remarks.append(Remark("outside_scale", facts | {"answers": int(outside.sum())}))
    return Answers(surveys[~outside], items, remarks)


def told_apart(survey_items: pd.DataFrame) -> pd.Series:
    """Wording of each item; with the item's name where two items have the same, and that alone where there is none.

    Parameters
    ----------
    survey_items : pandas.DataFrame
        ``item``, ``wording``.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["q1", "q2", "q3"], "wording": ["All in all?", "All in all?", None]})
    >>> told_apart(items).tolist()
    ['All in all? (q1)', 'All in all? (q2)', 'q3']
    """
    item, wording = survey_items["item"], survey_items["wording"].astype("string")
    wording = wording.where(wording.str.strip() != "")
    bare = wording.str.rstrip(".")
    same = bare.duplicated(keep=False) & ~item.duplicated(keep=False) & wording.notna()
    return wording.where(~same, bare + " (" + item.astype("string") + ")").fillna(item)


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
    if "wave" in surveys and not surveys["wave"].isna().any():
        return surveys.assign(wave=surveys["wave"].astype("string"))
    dates = surveys["answered_at"]
    quarter = dates.dt.year.astype("string") + "-Q" + dates.dt.quarter.astype("string")
    return surveys.assign(wave=quarter if "wave" not in surveys else surveys["wave"].astype("string").fillna(quarter))


def respondents(surveys: pd.DataFrame) -> pd.Series:
    """Who answered: the customer, or the response itself where it is anonymous.

    Parameters
    ----------
    surveys : pandas.DataFrame
        ``customer_id`` (missing where anonymous), ``response_id``.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> respondents(pd.DataFrame({"customer_id": ["a", None], "response_id": ["r1", "r2"]})).tolist()
    ['customer a', 'response r2']
    """
    named = "customer " + surveys["customer_id"].astype("string")
    return named.fillna("response " + surveys["response_id"].astype("string")).rename("respondent")


def scores_by_item(surveys: pd.DataFrame) -> pd.DataFrame:
    """What each respondent perceived, one row per respondent and wave, one column per item.

    Parameters
    ----------
    surveys : pandas.DataFrame
        Columns of the surveys table.

    Returns
    -------
    pandas.DataFrame
        Scores (several answers to one item in one wave are averaged; missing where not answered), indexed by
        ``respondent`` and ``wave``, sorted.

    Examples
    --------
    >>> surveys = pd.DataFrame({"response_id": "r", "customer_id": "a", "answered_at": pd.Timestamp("2026-01-01"),
    ...                         "item": ["s1", "s2"], "kind": "perceived", "score": [10.0, 3.0]})
    >>> scores_by_item(surveys).to_numpy().tolist()
    [[10.0, 3.0]]
    """
    return shaped(surveys).scores


class Shaped(NamedTuple):
    """Perceived answers in the shape of a table, one row per respondent and wave, in the order of both.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `scores_by_item` gives them.
    people : pandas.DataFrame
        On the same rows, counted from 0: ``respondent``, ``customer_id`` (missing where anonymous), ``wave``,
        ``answered_at`` (the latest answer in the wave).
    """

    scores: pd.DataFrame
    people: pd.DataFrame


def shaped(surveys: pd.DataFrame) -> Shaped:
    """Bring perceived answers into the shape of a table; of codes, since millions of texts are slow to group by.

    Parameters
    ----------
    surveys : pandas.DataFrame
        Clean table.

    Returns
    -------
    Shaped
    """
    told = surveys[(surveys["kind"] == PERCEIVED).to_numpy()] if "kind" in surveys else surveys
    told = with_wave(told[told["score"].notna().to_numpy()])
    who, names = _respondent_codes(told)
    wave, waves = pd.factorize(told["wave"], sort=True)
    item, items = pd.factorize(told["item"], sort=True)
    rows, first, place = np.unique(
        who.astype(np.int64) * max(len(waves), 1) + wave, return_index=True, return_inverse=True
    )
    cell = place * len(items) + item
    size = len(rows) * len(items)
    total = np.bincount(cell, weights=told["score"].to_numpy(float), minlength=size)
    count = np.bincount(cell, minlength=size)
    with np.errstate(invalid="ignore"):
        table = np.where(count > 0, total / count, np.nan).reshape(len(rows), len(items))
    respondent, of_wave = names[rows // max(len(waves), 1)], pd.Index(waves)[rows % max(len(waves), 1)]
    index = pd.MultiIndex.from_arrays([respondent, of_wave], names=["respondent", "wave"])
    scores = pd.DataFrame(table, index=index, columns=pd.Index(items, dtype=object))
    if "answered_at" not in told:
        return Shaped(scores, pd.DataFrame(index=range(len(rows))))
    moment = told["answered_at"].to_numpy()
    latest = np.full(len(rows), np.iinfo(np.int64).min)  # as numpy writes a date that is not known
    np.maximum.at(latest, place, moment.view(np.int64))
    people = pd.DataFrame(
        {"respondent": respondent, "customer_id": told["customer_id"].iloc[first].to_numpy(), "wave": of_wave,
         "answered_at": latest.view(moment.dtype)}
    )  # fmt: skip
    kinds = {"respondent": "string", "wave": "string", "customer_id": told["customer_id"].dtype}
    return Shaped(scores, people.astype(kinds))


def _respondent_codes(surveys: pd.DataFrame) -> tuple[np.ndarray, pd.Index]:
    """Number of who gave each answer, and the name to each number, in the order of names, as `respondents` has them."""
    code, ids = pd.factorize(surveys["customer_id"], sort=True)
    names = [f"customer {name}" for name in pd.Index(ids).astype(object)]
    anonymous = code < 0
    if anonymous.any():
        other, responses = pd.factorize(surveys["response_id"][anonymous], sort=True)
        code = code.copy()
        code[anonymous] = len(ids) + other
        names += [f"response {name}" for name in pd.Index(responses).astype(object)]
    return code, pd.Index(names, dtype=object)


def among(ids, known) -> np.ndarray:
    """Whether each id is one of those known, by hashing both as Python's text: pandas' own way converts them each time.

    Parameters
    ----------
    ids : sequence
        Ids to be looked up.
    known : sequence
        Ids that are known.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> among(pd.Series(["a", "b"], dtype="string"), pd.Index(["b"])).tolist()
    [False, True]
    """
    return pd.Index(ids).astype(object).isin(pd.Index(known).astype(object))


def days_of(ids: pd.Series, moments: pd.Series) -> pd.Series:
    """Day of each id, by the moments of some; missing where an id is not known.

    Examples
    --------
    >>> days_of(pd.Series(["a", "b"]), pd.Series(pd.to_datetime(["2026-03-01 10:00"]), index=["a"])).dt.day.tolist()
    [1.0, nan]
    """
    return pd.to_datetime(moments_of(ids.astype(object), moments)).dt.normalize()


def item_answers(surveys: pd.DataFrame, item: str, kind: str = PERCEIVED) -> pd.DataFrame:
    """Answers to one item, one per respondent and wave: the latest.

    Parameters
    ----------
    surveys : pandas.DataFrame
        Columns of the surveys table.
    item : str
        Name of the question.
    kind : {"perceived", "expected"}
        What customers got, or what they had expected.

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
