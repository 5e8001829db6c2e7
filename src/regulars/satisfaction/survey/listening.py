"""What else is heard: channels side by side, and who switches."""

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding, may_refuse, tells
from regulars.labels import ListeningChannel, SatisfactionState
from regulars.satisfaction.cases.tickets import only_complaints
from regulars.satisfaction.survey.between import scaled_visits
from regulars.satisfaction.survey.gap import gap_states, gaps
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import difference, from_row, wilson

MIDDLE = 50.0  # of a scale from 0 to 100
PUBLISHED_SWITCHING = 0.44  # of the satisfied, as it is told without a source that can be checked: a prior


class ChannelsVerdict(StrEnum):
    """Whether all channels hear of the same topic most."""

    SAME = "same"
    APART = "apart"


class SwitchingVerdict(StrEnum):
    """Whether fewer of the highly satisfied switch than of the dissatisfied, beyond noise; few: too few of a state."""

    FALLS = "falls"
    UNCLEAR = "unclear"
    FEW = "few"


def listening_channels(
    heard: Mapping[str, tuple[pd.Series, pd.Series | None]], customers: int, level: float = 0.9
) -> pd.DataFrame:
    """What each channel hears, side by side.

    Parameters
    ----------
    heard : dict
        Channel (`regulars.labels.ListeningChannel`) to its topics, one per voice (missing: nothing to complain of),
        and the customer of each (``None``: not of customers). Channels that are not supplied are left out.
    customers : int
        All customers.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        ``channel``, ``voices``, ``reach`` (share of customers heard; NaN where they are not customers' voices),
        ``topic`` (the most frequent), ``share`` (of the channel's topics) with limits, ``n`` (voices with a topic).

    Examples
    --------
    >>> heard = {"complaints": (pd.Series(["late", "late", "broken"]), pd.Series(["a", "b", "b"]))}
    >>> listening_channels(heard, customers=10)[["topic", "reach"]].to_numpy().tolist()
    [['late', 0.2]]
    """
    rows = []
    for channel in ListeningChannel:
        if channel.value not in heard:
            continue
        topics, who = heard[channel.value]
        counts = topics.dropna().value_counts()
        n = int(counts.sum())
        first = sorted(counts.index[counts == counts.max()])[0] if n else None
        hits = int(counts.max()) if n else 0
        low, high = wilson(hits, n, level)
        reach = float("nan") if who is None else who.nunique() / customers
        share = hits / n if n else float("nan")
        rows.append((channel.value, len(topics), reach, first, share, low, high, n))
    names = ["channel", "voices", "reach", "topic", "share", "share_low", "share_high", "n"]
    return pd.DataFrame(rows, columns=names).astype({"channel": "string", "topic": "string"})


@may_refuse
def voices(
    survey: Survey,
    tolerance_steps: float,
    *,
    tickets: pd.DataFrame | None = None,
    visits: pd.DataFrame | None = None,
    lost: pd.DataFrame | None = None,
) -> dict[str, tuple[pd.Series, pd.Series | None]]:
    """What each channel hears, voice by voice, of the tables that are supplied.

    Parameters
    ----------
    survey : Survey
        The topic of a respondent is the item that falls furthest short of what was expected, if it falls short at all.
    tolerance_steps : float
        Scale steps around zero that do not count as falling short.
    tickets : pandas.DataFrame, optional
        Clean table; the topic is the category of a complaint.
    visits : pandas.DataFrame, optional
        Clean table ``mystery_visits``; the topic is the item with the lowest score, if below the middle of its scale.
    lost : pandas.DataFrame, optional
        Clean table ``lost_reasons``; the topic is the reason.

    Returns
    -------
    dict
        As `listening_channels` takes it.
    """
    heard = {ListeningChannel.SURVEYS.value: _survey_topics(survey, tolerance_steps)}
    if tickets is not None:
        cases = only_complaints(tickets)
        heard[ListeningChannel.COMPLAINTS.value] = cases["category"], cases["customer_id"]
    if visits is not None:
        heard[ListeningChannel.MYSTERY_VISITS.value] = _lowest_items(visits, survey), None
    if lost is not None:
        heard[ListeningChannel.LOST_REASONS.value] = lost["reason"], lost["customer_id"]
    return heard


def _survey_topics(survey: Survey, tolerance_steps: float) -> tuple[pd.Series, pd.Series]:
    both = gaps(survey.surveys)
    if both.empty:
        return pd.Series(dtype="string"), pd.Series(dtype="string")
    short = gap_states(both["gap"], tolerance_steps) == SatisfactionState.DISSATISFIED
    both = both.assign(topic=both["item"].map(survey.wordings).where(short))
    worst = both.sort_values(["wave", "respondent", "gap", "item"], kind="stable")
    worst = worst.drop_duplicates(["wave", "respondent"])
    return worst["topic"], worst["customer_id"]


def _lowest_items(visits: pd.DataFrame, survey: Survey) -> pd.Series:
    rows = scaled_visits(visits, survey.items).sort_values(["visit_id", "score", "item"], kind="stable")
    rows = rows.drop_duplicates("visit_id")
    return rows["item"].map(survey.wordings).where(rows["score"] < MIDDLE)


@tells
def tell_channels(heard: Mapping, customers: int, settings: SatisfactionSettings) -> Finding:
    """Whether listening channels hear of the same; not supplied where at most one hears of a topic.

    Parameters
    ----------
    heard : mapping
        Of `voices`.
    customers : int
        All customers.
    settings : SatisfactionSettings
        Its ``interval_level``.

    Returns
    -------
    Finding
        Verdict a `ChannelsVerdict`; frame ``table``.
    """
    table = listening_channels(heard, customers, settings.interval_level)
    if (table["n"] > 0).sum() < 2:
        return Finding(NOT_SUPPLIED)
    topics = table["topic"].dropna()
    widest = table.loc[table["reach"].fillna(-1).idxmax()]
    facts = {"count": len(table), "widest": str(widest["channel"]), "reach": float(widest["reach"])}
    if topics.nunique() > 1:
        return Finding(ChannelsVerdict.APART, facts, {"table": table})
    return Finding(ChannelsVerdict.SAME, facts | {"topic": str(topics.iloc[0]), "by": len(topics)}, {"table": table})


def switching_rates(
    satisfaction: pd.Series, bought: pd.Series, *, low: float = 50.0, high: float = 80.0, level: float = 0.9
) -> pd.DataFrame:
    """Share of customers who did not order again, by how satisfied they had been before.

    Parameters
    ----------
    satisfaction : pandas.Series
        0 to 100, measured before the window.
    bought : pandas.Series of bool
        Whether they ordered in the window, on the same index.
    low, high : float
        Below `low` dissatisfied, from `high` on highly satisfied, satisfied in between.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        ``state`` (`regulars.labels.SatisfactionState`), ``switched``, ``n``, ``share`` with limits, ``published`` (44 %
        of the satisfied, a prior without a source that can be checked).

    Examples
    --------
    >>> switching_rates(pd.Series([40.0, 60, 60, 90]), pd.Series([False, True, False, True]))["share"].tolist()
    [1.0, 0.5, 0.0]
    """
    known = satisfaction.notna() & bought.notna()
    score, gone = satisfaction[known], ~bought[known].astype(bool)
    band = np.select([score < low, score < high], [0, 1], default=2)
    rows = []
    for place, state in enumerate(SatisfactionState):
        here = band == place
        n, hits = int(here.sum()), int(gone[here].sum())
        prior = PUBLISHED_SWITCHING if state is SatisfactionState.SATISFIED else float("nan")
        rows.append((state.value, hits, n, hits / n if n else float("nan"), *wilson(hits, n, level), prior))
    names = ["state", "switched", "n", "share", "share_low", "share_high", "published"]
    return pd.DataFrame(rows, columns=names).astype({"state": "string"})


@tells
def tell_switching(followed: pd.DataFrame, settings: SatisfactionSettings) -> Finding:
    """Whether fewer leave of those who are more satisfied.

    Parameters
    ----------
    followed : pandas.DataFrame
        Of `regulars.satisfaction.repurchases`: ``satisfaction`` (0 to 100) and ``bought`` after it, a row per customer.
    settings : SatisfactionSettings
        Its ``dissatisfied_below``, ``questions.highly_satisfied_from`` and ``handling.return_days``.

    Returns
    -------
    Finding
        Verdict a `SwitchingVerdict`; frame ``rates``.
    """
    low, high = settings.dissatisfied_below, settings.questions.highly_satisfied_from
    table = switching_rates(
        followed["satisfaction"], followed["bought"], low=low, high=high, level=settings.interval_level
    )
    rows = table.set_index("state")
    unhappy, happy, delighted = (from_row(rows.loc[state.value], "share") for state in SatisfactionState)
    if min(unhappy.n, happy.n, delighted.n) < settings.min_answers:
        verdict = SwitchingVerdict.FEW
    else:
        verdict = SwitchingVerdict.FALLS if difference(unhappy, delighted).low > 0 else SwitchingVerdict.UNCLEAR
    facts = {"satisfied": happy, "dissatisfied": unhappy, "highly": delighted, "days": settings.handling.return_days,
             "published": PUBLISHED_SWITCHING, "low": low, "high": high}  # fmt: skip
    return Finding(verdict, facts, {"rates": table} if table["share"].notna().any() else {})
