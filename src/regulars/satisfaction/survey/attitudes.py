"""Attitude segments: what kind of customer each respondent is by what she agrees with most, region by region."""

from collections.abc import Mapping

import pandas as pd

from regulars.errors import UntoldError, UserError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.labels import Attitude, Change
from regulars.satisfaction.survey.answers import respondents
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import too_small
from regulars.statistics.groups import compare_means
from regulars.statistics.intervals import from_row, wilson

FEWEST = 30  # respondents of known attitude, with fewer nothing is said of a region


def attitudes_of(answers: pd.DataFrame, items: Mapping[str, str]) -> pd.Series:
    """The attitude whose statement each respondent agrees with most.

    Parameters
    ----------
    answers : pandas.DataFrame
        Respondent × item; the more somebody agrees, the higher.
    items : mapping
        Attitude to its item.

    Returns
    -------
    pandas.Series
        `regulars.labels.Attitude` by respondent; missing where two statements share the first place, or one was not
        answered.

    Raises
    ------
    UserError
        Where an attitude or an item is not known.

    Examples
    --------
    >>> answers = pd.DataFrame({"a1": [5.0, 3.0, 4.0], "a2": [2.0, 3.0, 5.0]}, index=["x", "y", "z"])
    >>> attitudes_of(answers, {"venturer": "a1", "price_first": "a2"}).tolist()
    ['venturer', <NA>, 'price_first']
    """
    names = [kind.value for kind in Attitude]
    unknown = [name for name in items if name not in names]
    missing = [item for item in items.values() if item not in answers]
    if unknown:
        raise UserError(f"offer.attitudes: '{unknown[0]}' is no attitude; take {', '.join(names)}.")
    if missing:
        raise UserError(f"offer.attitudes: nobody answered the item '{missing[0]}'; take an item of the survey.")
    scores = answers[list(items.values())].set_axis(list(items), axis=1)
    whole = scores.dropna()
    best = whole.eq(whole.max(axis=1), axis=0)
    kinds = best.idxmax(axis=1).where(best.sum(axis=1) == 1)
    return kinds.reindex(answers.index).astype("string")


def by_region(kinds: pd.Series, region: pd.Series, level: float = 0.9, least: int = 5) -> pd.DataFrame:
    """Share of each attitude in each region, with Wilson's interval, and whether it differs from all other regions.

    Parameters
    ----------
    kinds : pandas.Series
        Of `attitudes_of`.
    region : pandas.Series
        Of the same respondents, on the same index.
    level : float
        Of the intervals; a difference is told where there is none with a chance of at most 1 − `level` (Bonferroni over
        the attitudes, Benjamini–Hochberg over the regions of each).
    least : int
        Cells of fewer respondents are left out, with those by which they could be told.

    Returns
    -------
    pandas.DataFrame
        One row per region of 30 respondents or more and attitude: ``region``, ``attitude``, ``customers``, ``share``
        with limits (missing where the cell is too small), ``n`` (of the region), ``verdict`` (`Change`: the share lies
        above or below that of the others; unclear where the cell is not shown).

    Examples
    --------
    >>> kinds = pd.Series(["venturer"] * 30 + ["laggard"] * 30 + ["venturer"] * 10 + ["laggard"] * 50)
    >>> told = by_region(kinds, pd.Series(["north"] * 60 + ["south"] * 60))
    >>> told[["region", "attitude", "share", "verdict"]].head(2).to_numpy().tolist()
    [['north', 'venturer', 0.5, 'up'], ['north', 'laggard', 0.5, 'down']]
    """
    known = kinds.notna() & region.notna()
    kinds, region = kinds[known].astype(object), region[known].astype(object)
    sizes = region.value_counts()
    large = sorted(sizes[sizes >= FEWEST].index)
    if not large:
        raise UntoldError(f"No region has {FEWEST} respondents of known attitude: ask more customers.")
    here = region.isin(large)
    names = [kind.value for kind in Attitude if (kinds == kind.value).any()]
    table = pd.crosstab(region[here], kinds[here]).reindex(index=large, columns=names, fill_value=0)
    long = table.rename_axis(index="region", columns="attitude").stack().rename("customers").reset_index()
    long["n"] = long["region"].map(sizes)
    long["share"] = long["customers"] / long["n"]
    long["share_low"], long["share_high"] = wilson(long["customers"], long["n"], level)
    long["verdict"] = str(Change.UNCLEAR)
    if len(large) > 1:
        strict = 1 - (1 - level) / len(names)  # of all attitudes together
        apart = {
            (row["group"], name): str(row["verdict"])
            for name in names
            for row in compare_means(kinds[here] == name, region[here], level=strict).to_dict("records")
        }
        long["verdict"] = [apart[pair] for pair in zip(long["region"], long["attitude"], strict=True)]
    hidden = too_small(long["customers"], least, long["region"], long["attitude"])
    long.loc[hidden, ["customers", "share", "share_low", "share_high"]] = float("nan")
    long.loc[hidden, "verdict"] = str(Change.UNCLEAR)
    return long.astype({"customers": "Int64"})


@tells
def tell_attitudes(survey: Survey, customers: pd.DataFrame | None, settings: SatisfactionSettings) -> Finding:
    """Which attitudes customers have, and whether that differs by region beyond chance.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    customers : pandas.DataFrame or None
        ``customer_id``, ``region``.
    settings : SatisfactionSettings
        Its ``offer.attitudes``: attitude to the item that asks for it.

    Returns
    -------
    Finding
        ``not_supplied`` without such items or regions; else ``differ`` or ``alike``; frame ``shares``.
    """
    items = settings.offer.attitudes
    if not items or customers is None or "region" not in customers:
        return Finding(NOT_SUPPLIED)
    answers = survey.last_answers(items.values())
    kinds = attitudes_of(answers, items)
    told = survey.surveys[survey.surveys["item"].isin(list(items.values()))]
    whose = told.assign(respondent=respondents(told)).drop_duplicates("respondent")
    whose = whose.set_index("respondent")["customer_id"]
    region = customers.drop_duplicates("customer_id").set_index("customer_id")["region"]
    who = pd.Series(kinds.index.get_level_values("respondent"), index=kinds.index)
    where = who.map(whose).map(region)
    table = by_region(kinds, where, settings.interval_level, settings.privacy_min_cell)
    number = int((kinds.notna() & where.notna()).sum())
    facts = {"n": number, "untold": int(len(kinds) - number), "regions": table["region"].nunique()}
    clear = table[table["verdict"] != str(Change.UNCLEAR)]
    if clear.empty:
        return Finding("alike", facts, {"shares": table})
    others = table.groupby("attitude")[["customers", "n"]].transform("sum")
    rest = (others["customers"] - table["customers"]) / (others["n"] - table["n"])
    far = (clear["share"] - rest[clear.index]).abs().astype(float).idxmax()
    facts |= {"region": table.loc[far, "region"], "attitude": table.loc[far, "attitude"], "apart": len(clear)}
    facts |= {"share": from_row(table.loc[far], "share"), "others": float(rest[far])}
    return Finding("differ", facts, {"shares": table})
