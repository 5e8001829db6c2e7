"""Kano's classes of features and their better/worse coefficients; service levels of encounters."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from regulars.errors import UntoldError, UserError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.labels import KanoClass, ServiceLevel
from regulars.satisfaction.survey.between import Visits
from regulars.settings import Offer, SatisfactionSettings
from regulars.statistics.intervals import from_row, wilson, z_value

# answers 5: I like it, 4: it must be so, 3: I do not care, 2: I can live with it, 1: I dislike it
# rows: how is it with the feature, from 5 down; columns: how is it without, from 5 down
EVALUATION = ("QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ")
LETTERS = {
    "M": KanoClass.MUST_BE,
    "O": KanoClass.ONE_DIMENSIONAL,
    "A": KanoClass.ATTRACTIVE,
    "I": KanoClass.INDIFFERENT,
    "R": KanoClass.REVERSE,
    "Q": KanoClass.QUESTIONABLE,
}


class KanoVerdict(StrEnum):
    """Whether one feature is missed more than every other beyond noise, as the same respondents say."""

    CLEAR = "clear"
    CLOSE = "close"


def kano_classes(functional, dysfunctional) -> pd.Series:
    """Kano's class of each respondent's pair of answers.

    Parameters
    ----------
    functional, dysfunctional : array of float
        How is it if the feature is there, and if it is not: 5 like, 4 must be, 3 neutral, 2 live with, 1 dislike.
        A pair with a missing answer has no class.

    Returns
    -------
    pandas.Series
        Values of `regulars.labels.KanoClass`.

    Raises
    ------
    UserError
        Where an answer is none of the five.

    References
    ----------
    Kano, N. et al. (1984), J. Japanese Society for Quality Control 14(2), 39-48.

    Examples
    --------
    >>> kano_classes([5, 5, 3, 3], [1, 3, 1, 3]).tolist()
    ['one_dimensional', 'attractive', 'must_be', 'indifferent']
    """
    with_it, without = (pd.Series(np.asarray(part, dtype=float)) for part in (functional, dysfunctional))
    known = with_it.notna() & without.notna()
    for part in (with_it[known], without[known]):
        wrong = part[~part.isin([1, 2, 3, 4, 5])]
        if len(wrong):
            raise UserError(f"A Kano answer is {wrong.iloc[0]:g}: answers are 1 (dislike) to 5 (like).")
    names = [
        LETTERS[EVALUATION[5 - int(a)][5 - int(b)]].value if ok else None
        for a, b, ok in zip(with_it.fillna(1), without.fillna(1), known, strict=True)
    ]
    index = functional.index if isinstance(functional, pd.Series) else None
    return pd.Series(names, index=index, dtype="string", name="kano")


def kano_coefficients(counts: Mapping[str, int], level: float = 0.9) -> dict[str, tuple[float, float, float]]:
    """Better and worse of a feature, with Wilson's intervals.

    better = (A + O)/(A + O + M + I): share whom the feature makes more satisfied; worse = −(O + M)/(A + O + M + I):
    share whom its absence makes less satisfied, with a minus sign.

    Parameters
    ----------
    counts : mapping
        `regulars.labels.KanoClass` to number of respondents.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    dict
        ``better`` and ``worse``: value, low, high.

    References
    ----------
    Berger, C. et al. (1993), Center for Quality of Management Journal 2(4), 3-36.

    Examples
    --------
    >>> found = kano_coefficients({"attractive": 30, "one_dimensional": 40, "must_be": 20, "indifferent": 10})
    >>> found["better"][0], found["worse"][0]
    (0.7, -0.6)
    """
    attractive, linear, must, idle = (int(counts.get(LETTERS[letter].value, 0)) for letter in "AOMI")
    n = attractive + linear + must + idle
    better, worse = wilson(attractive + linear, n, level), wilson(linear + must, n, level)
    share = (float("nan"), float("nan")) if not n else ((attractive + linear) / n, (linear + must) / n)
    return {"better": (share[0], *better), "worse": (-share[1], -worse[1], -worse[0])}


def asked_of_features(offer: Offer) -> set[str]:
    """Items that ask for features, with them and without.

    Parameters
    ----------
    offer : Offer
        Its ``kano``.

    Returns
    -------
    set[str]

    Examples
    --------
    >>> sorted(asked_of_features(Offer(kano={"app": ("app_with", "app_without")}, delivered={})))
    ['app_with', 'app_without']
    """
    return {item for pair in offer.kano.values() for item in pair}


def kano_table(answers: pd.DataFrame, pairs: Mapping[str, Sequence[str]], level: float = 0.9) -> pd.DataFrame:
    """Class of each feature by most respondents, whether that is more than noise, and its coefficients.

    Parameters
    ----------
    answers : pandas.DataFrame
        Respondent × item, answers 1 to 5.
    pairs : mapping
        Feature to its functional and its dysfunctional item.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    pandas.DataFrame
        One row per feature, the largest worse first: ``feature``, ``kano`` (the most frequent class; of equal ones
        must-be before one-dimensional before attractive before indifferent), ``is_clear`` (it leads the next by more
        than noise), ``n``, the number in each class, ``better``, ``worse`` with limits.

    Raises
    ------
    UserError
        Where an item of a pair is not in the answers.
    """
    rows = []
    for feature, pair in pairs.items():
        missing = [item for item in pair if item not in answers]
        if missing or len(pair) != 2:
            raise UserError(
                f"Kano feature {feature}: give its functional and its dysfunctional item, both in the survey"
                + (f"; {', '.join(missing)} is not." if missing else ".")
            )
        classes = kano_classes(answers[pair[0]], answers[pair[1]]).dropna()
        counts = {kind.value: int((classes == kind.value).sum()) for kind in KanoClass}
        found = kano_coefficients(counts, level)
        ends = {f"{name}{end}": found[name][k] for name in found for k, end in enumerate(("", "_low", "_high"))}
        best, clear = _leading(counts, len(classes), level)
        rows.append({"feature": feature, "kano": best, "is_clear": clear, "n": len(classes)} | counts | ends)
    table = pd.DataFrame(rows).astype({"feature": "string", "kano": "string"})
    return table.sort_values(["worse", "feature"], kind="stable", ignore_index=True)


def _leading(counts, n, level):
    """The class that leads and whether it leads the second beyond noise (two shares of one multinomial)."""
    if not n:
        return None, False
    names = sorted(counts, key=lambda name: -counts[name])  # stable: the enum's order decides ties
    first, second = (counts[name] / n for name in names[:2])
    spread = np.sqrt(max(first + second - (first - second) ** 2, 0) / n)
    return names[0], bool(first - second > z_value(level) * spread)


@tells
def tell_kano(answers: pd.DataFrame, settings: SatisfactionSettings) -> Finding:
    """Which features are missed most and which delight; not supplied without pairs of items.

    Parameters
    ----------
    answers : pandas.DataFrame
        Respondent × item, answers 1 to 5.
    settings : SatisfactionSettings
        Its ``offer.kano``: feature to its functional and its dysfunctional item.

    Returns
    -------
    Finding
        Verdict a `KanoVerdict`; frame ``map`` with ``missed`` (worse without its minus sign) and ``held`` (share who
        are of the feature's class).
    """
    pairs, level = settings.offer.kano, settings.interval_level
    if not pairs:
        return Finding(NOT_SUPPLIED)
    table = kano_table(answers, pairs, level)
    if not table["n"].max():
        raise UntoldError("Nobody answered both items of any Kano feature: ask how it is with it and how without.")
    ends = {"missed": -table["worse"], "missed_low": -table["worse_high"], "missed_high": -table["worse_low"]}
    of_class = [row[row["kano"]] / row["n"] if row["n"] else float("nan") for row in table.to_dict("records")]
    table = table.assign(**ends, held=of_class)
    missed, liked = table.iloc[0], table.loc[table["better"].idxmax()]
    facts: dict[str, Any] = {
        "feature": str(missed["feature"]),
        "kano": str(missed["kano"]),
        "missed": from_row(missed, "missed"),
        "liked": str(liked["feature"]),
        "better": from_row(liked, "better"),
        "features": len(table),
        "clear": int(table["is_clear"].sum()),
    }
    said = {name: _missing(answers, pair) for name, pair in pairs.items()}
    first = facts["feature"]
    ahead = len(said) > 1 and all(_ahead(said[first], said[n], level, len(said) - 1) for n in said if n != first)
    return Finding(KanoVerdict.CLEAR if ahead else KanoVerdict.CLOSE, facts, {"map": table})


def _missing(answers: pd.DataFrame, pair: Sequence[str]) -> pd.Series:
    """Of each respondent whether the feature is missed, 1 or 0; NaN where the answers are of no use."""
    kinds = kano_classes(answers[pair[0]], answers[pair[1]])
    values = dict.fromkeys((LETTERS["O"], LETTERS["M"]), 1.0) | dict.fromkeys((LETTERS["A"], LETTERS["I"]), 0.0)
    return kinds.map({kind.value: value for kind, value in values.items()}).astype("float64")


def _ahead(first: pd.Series, other: pd.Series, level: float, others: int) -> bool:
    """Whether more miss the first than the other beyond noise, on those who told of both; as strict as with all."""
    step = (first - other).dropna()
    strict = ndtri(1 - (1 - level) / 2 / others)
    return len(step) > 1 and bool(step.mean() > strict * step.std(ddof=1) / np.sqrt(len(step)))


def service_levels(levels: pd.Series, level: float = 0.9) -> pd.DataFrame:
    """Share of encounters on each level of service, and that went at least so far.

    Parameters
    ----------
    levels : pandas.Series
        `regulars.labels.ServiceLevel` of each encounter; missing ones are left out.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        One row per level from basic to unforgettable: ``service_level``, ``encounters``, ``share`` with limits,
        ``at_least`` with limits, ``n``.

    Examples
    --------
    >>> service_levels(pd.Series(["basic", "basic", "satisfying", "unforgettable"]))["at_least"].tolist()
    [1.0, 0.5, 0.25, 0.25]
    """
    known = levels.dropna()
    names = [kind.value for kind in ServiceLevel]
    counts = np.array([int((known == name).sum()) for name in names])
    n = int(counts.sum())
    reached = counts[::-1].cumsum()[::-1]
    table = pd.DataFrame({"service_level": pd.Series(names, dtype="string"), "encounters": counts, "n": n})
    for name, hits in (("share", counts), ("at_least", reached)):
        table[name] = hits / n if n else np.nan
        table[f"{name}_low"], table[f"{name}_high"] = wilson(hits, n, level)
    return table


@tells
def tell_levels(visits: Visits | None, settings: SatisfactionSettings) -> Finding:
    """How far service goes, by mystery visits; not supplied without visits that say so.

    Parameters
    ----------
    visits : Visits or None
        Of `regulars.satisfaction.visits_of`.
    settings : SatisfactionSettings
        Its ``interval_level``.

    Returns
    -------
    Finding
        Without a verdict; frame ``shares``.
    """
    if visits is None or visits.levels is None or not visits.levels.notna().any():
        return Finding(NOT_SUPPLIED)
    table = service_levels(visits.levels, settings.interval_level)
    above = from_row(table.iloc[2], "at_least")
    return Finding(None, {"exceeding": above, "basic": from_row(table.iloc[0], "share")}, {"shares": table})
