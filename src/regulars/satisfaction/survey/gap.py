"""The gap between what customers perceived and what they had expected, and the three states of satisfaction."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.finding import Finding, tells
from regulars.labels import SatisfactionState
from regulars.satisfaction.survey.answers import EXPECTED, PERCEIVED, shaped, with_wave
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import from_row, wilson


class GapVerdict(StrEnum):
    """Whether customers were asked what they expect."""

    ASKED = "asked"
    NOT_ASKED = "not_asked"


def gaps(surveys: pd.DataFrame) -> pd.DataFrame:
    """Gap = perceived − expected, for each item, respondent and wave that has both.

    Parameters
    ----------
    surveys : pandas.DataFrame
        Columns of the surveys table; ``kind`` is perceived or expected. The two need not be in one response: a
        customer's expectation is matched with the same customer's perception of the same item in the same wave.

    Returns
    -------
    pandas.DataFrame
        ``respondent``, ``customer_id``, ``wave``, ``item``, ``perceived``, ``expected``, ``gap`` (scale points;
        several answers of one kind are averaged), sorted by wave, respondent and item.

    Notes
    -----
    A well-known teaching text prints "ideal − actual"; that is the shortfall, −gap.

    References
    ----------
    Oliver, R. L. (1980), J. Marketing Research 17, 460-469.

    Examples
    --------
    >>> answers = pd.DataFrame({"response_id": "r", "customer_id": "a", "answered_at": pd.Timestamp("2026-01-01"),
    ...                         "item": "service", "kind": ["perceived", "expected"], "score": [6.0, 8.0]})
    >>> gaps(answers)["gap"].tolist()
    [-2.0]
    """
    asked = surveys.loc[(surveys["kind"] == EXPECTED).to_numpy(), "item"].unique()
    told = with_wave(surveys[surveys["item"].isin(asked).to_numpy()])
    parts = {
        kind: shaped(told[(told["kind"] == kind).to_numpy()].drop(columns="kind")) for kind in (PERCEIVED, EXPECTED)
    }
    names = ["respondent", "wave", "item"]
    long = {k: part.scores.rename_axis(columns="item").stack().dropna().rename(k) for k, part in parts.items()}
    scores = long[PERCEIVED].to_frame().join(long[EXPECTED], how="inner").reset_index()
    people = parts[PERCEIVED].people
    ids = people.drop_duplicates("respondent").set_index("respondent")["customer_id"]
    scores["customer_id"] = scores["respondent"].map(ids)
    scores = scores.astype(dict.fromkeys(names, "string"))
    scores["gap"] = scores[PERCEIVED] - scores[EXPECTED]
    scores = scores.sort_values(["wave", "respondent", "item"], kind="stable", ignore_index=True)
    return scores[["respondent", "customer_id", "wave", "item", PERCEIVED, EXPECTED, "gap"]]


def respondent_gaps(item_gaps: pd.DataFrame) -> pd.DataFrame:
    """Mean gap of each respondent in each wave over the items answered, so that everybody counts once.

    Parameters
    ----------
    item_gaps : pandas.DataFrame
        As `gaps` gives them.

    Returns
    -------
    pandas.DataFrame
        ``respondent``, ``customer_id``, ``wave``, ``items`` (number), ``gap`` (scale points), sorted by wave and
        respondent.
    """
    grouped = item_gaps.groupby(["wave", "respondent"], sort=True)
    table = grouped.agg(
        customer_id=("customer_id", "first"), items=("item", "nunique"), gap=("gap", "mean")
    ).reset_index()
    return table[["respondent", "customer_id", "wave", "items", "gap"]]


def gap_states(gap: pd.Series, tolerance_steps: float = 1, step: float = 1.0) -> pd.Series:
    """State of satisfaction by the gap: satisfied within the tolerance, dissatisfied below, highly satisfied above.

    Parameters
    ----------
    gap : pandas.Series
        Perceived − expected, in scale points. Missing gaps have no state.
    tolerance_steps : float
        Scale steps around zero that still count as satisfied; the ends belong to satisfied.
    step : float
        Scale points in one step.

    Returns
    -------
    pandas.Series
        Values of `regulars.labels.SatisfactionState`, named ``state``, on the same index.

    Examples
    --------
    >>> gap_states(pd.Series([-2.0, -1.0, 0.5, 1.5])).tolist()
    ['dissatisfied', 'satisfied', 'satisfied', 'highly_satisfied']
    """
    limit = tolerance_steps * step + 1e-9  # a mean of tenths may miss the end by its last bit
    names = np.select(
        [gap < -limit, gap > limit],
        [SatisfactionState.DISSATISFIED.value, SatisfactionState.HIGHLY_SATISFIED.value],
        default=SatisfactionState.SATISFIED.value,
    )
    return pd.Series(names, index=gap.index, name="state", dtype="string").where(gap.notna())


def state_shares(
    states: pd.Series, by: pd.Series | None = None, level: float = 0.9, min_answers: int = 0
) -> pd.DataFrame:
    """Share of each state, with Wilson's interval, for all or for each group.

    Parameters
    ----------
    states : pandas.Series
        Of `gap_states`: one per respondent.
    by : pandas.Series, optional
        Group of each respondent, on the same index.
    level : float
        Of the intervals.
    min_answers : int
        Fewer answers in a group are marked as not enough.

    Returns
    -------
    pandas.DataFrame
        One row per group and state: ``group`` (absent without `by`), ``state``, ``n`` (answers in the group),
        ``customers`` (in that state), ``share``, ``share_low``, ``share_high``, ``enough``. The three shares of a
        group sum to 1.

    Examples
    --------
    >>> state_shares(pd.Series(["satisfied", "satisfied", "dissatisfied", "highly_satisfied"]))["share"].tolist()
    [0.25, 0.5, 0.25]
    """
    known = states.notna()
    groups = pd.Series("", index=states.index) if by is None else by
    names = [state.value for state in SatisfactionState]
    table = pd.crosstab(groups[known].astype(object), states[known].astype(object)).reindex(columns=names, fill_value=0)
    sizes = table.sum(axis=1)
    long = table.rename_axis(index="group", columns="state").stack().rename("customers").reset_index()
    long["n"] = long["group"].map(sizes)
    long["share"] = long["customers"] / long["n"]
    long["share_low"], long["share_high"] = wilson(long["customers"], long["n"], level)
    long["enough"] = long["n"] >= min_answers
    columns = ["group", "state", "n", "customers", "share", "share_low", "share_high", "enough"]
    return long[columns[1:] if by is None else columns].astype({"state": "string"})


def shortfalls(item_gaps: pd.DataFrame, survey_items: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """Where customers get less than they expected: the items in the order of the share who do.

    Parameters
    ----------
    item_gaps : pandas.DataFrame
        As `gaps` gives them, of one wave so that everybody counts once per item, with ``state`` of `gap_states`.
    survey_items : pandas.DataFrame
        ``item``, ``wording``.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        One row per item and state, the item with most dissatisfied first: ``item``, ``wording`` (without a full stop),
        ``state``, ``n``, ``customers``, ``share``, ``share_low``, ``share_high``, ``gap`` (mean of the item,
        scale points).
    """
    table = state_shares(item_gaps["state"], by=item_gaps["item"], level=level).rename(columns={"group": "item"})
    table["wording"] = table["item"].map(survey_items.set_index("item")["wording"].str.rstrip("."))
    table["gap"] = table["item"].map(item_gaps.groupby("item")["gap"].mean())
    short = table[table["state"] == SatisfactionState.DISSATISFIED].set_index("item")["share"]
    table["order"] = -table["item"].map(short)
    table = table.sort_values(["order", "item"], kind="stable", ignore_index=True)
    return table[["item", "wording", "state", "n", "customers", "share", "share_low", "share_high", "gap"]]


@tells
def tell_gap(survey: Survey, settings: SatisfactionSettings) -> Finding:
    """Where customers get less than they expected, question by question, in the last wave that asked for both.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    settings : SatisfactionSettings
        Its ``tolerance_steps``: scale steps around zero that still count as satisfied.

    Returns
    -------
    Finding
        Verdict a `GapVerdict`; facts ``worst`` and ``short``: the question that falls short most often, and how often.
    """
    both = gaps(survey.surveys)
    if both.empty:
        return Finding(GapVerdict.NOT_ASKED)
    both["state"] = gap_states(both["gap"], settings.tolerance_steps)
    last = both[both["wave"] == both["wave"].max()]
    short = shortfalls(last, survey.items, settings.interval_level)
    first = short.iloc[0]
    facts = {"worst": first["wording"], "short": from_row(first, "share"), "steps": settings.tolerance_steps}
    return Finding(GapVerdict.ASKED, facts, {"items": short})
