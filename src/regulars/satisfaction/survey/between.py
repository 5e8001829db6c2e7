"""Do branches or agents differ: variance between them beside the variance within, and what each is worth believing."""

from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import f as f_distribution

from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, Finding, may_refuse, shows, tells
from regulars.labels import Difference, VarianceBetween
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import Estimate, from_row, z_value

LEAST_GROUPS = 3
ENDS = 3  # agents at the top, and at the bottom, that are shown in front
LEAST_PER_AGENT = 5  # visits: each agent's value is drawn in by how little is known of it


class Between(NamedTuple):
    """One-way random effects.

    Parameters
    ----------
    verdict : regulars.labels.Difference
        Whether the groups differ by more than chance at the level.
    share : Estimate
        Share of the variance that lies between groups (intraclass correlation); n is the number of answers.
    spread : float
        Standard deviation between groups, in points.
    p_value : float
        Of the F test of no difference.
    table : pandas.DataFrame
        One row per group, the best first: ``group``, ``n``, ``mean`` (as measured) and ``value`` (drawn to the mean of
        all by how little it is known) with ``value_low``, ``value_high``.
    all : float
        Mean of the groups' means, weighted as the model says.
    """

    verdict: Difference
    share: Estimate
    spread: float
    p_value: float
    table: pd.DataFrame
    all: float


def variance_between(scores: pd.Series, groups: pd.Series, level: float = 0.9, min_answers: int = 2) -> Between:
    """How much branches or agents differ in their customers' answers, beyond chance.

    Answers are y = μ + a_g + e with a_g ~ (0, σ_a²), e ~ (0, σ²); variances by analysis of variance, with the interval
    of the share σ_a²/(σ_a² + σ²) by Wald's F ratio, which is exact however much groups differ in size.

    Parameters
    ----------
    scores : pandas.Series
        One per answer, 0 to 100.
    groups : pandas.Series
        Branch or agent of each, on the same index.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    min_answers : int
        Groups with fewer answers are left out.

    Returns
    -------
    Between

    Raises
    ------
    UserError
        With fewer than 3 groups that have enough answers, or without any variance within them.

    References
    ----------
    Searle, S. R., Casella, G. and McCulloch, C. E. (1992), Variance Components, ch. 3.
    Wald, A. (1940), A Note on the Analysis of Variance with Unequal Class Frequencies, Annals of Mathematical
    Statistics 11, 96-100 (the interval).

    Examples
    --------
    >>> scores = pd.Series([50.0, 52, 48, 60, 62, 58, 70, 72, 68])
    >>> found = variance_between(scores, pd.Series(list("aaabbbccc")))
    >>> found.verdict.value, round(found.share.value, 3), found.table["group"].tolist()
    ('differ', 0.961, ['c', 'b', 'a'])
    """
    known = scores.notna() & groups.notna()
    y, group = scores[known].astype(float), groups[known].astype(object)
    sizes = group.map(group.value_counts())
    y, group = y[sizes >= max(min_answers, 2)], group[sizes >= max(min_answers, 2)]
    told = y.groupby(group).agg(["size", "mean", "var"])
    k, n = len(told), int(told["size"].sum())
    if k < LEAST_GROUPS:
        raise UserError(
            f"{k} groups have at least {max(min_answers, 2)} answers: {LEAST_GROUPS} are needed to tell whether they "
            "differ."
        )
    size, means = told["size"].to_numpy(float), told["mean"].to_numpy()
    within = float(((size - 1) * told["var"]).sum() / (n - k))
    if not within > 0:
        raise UserError("All answers within each group are the same, so their variance cannot be compared.")
    between = float((size * (means - y.mean()) ** 2).sum() / (k - 1))
    n0 = (n - float((size**2).sum()) / n) / (k - 1)  # the size that groups have in effect
    ratio = between / within
    p_value = float(f_distribution.sf(ratio, k - 1, n - k))
    variance = max((between - within) / n0, 0.0)
    quantiles = f_distribution.ppf([(1 + level) / 2, (1 - level) / 2], k - 1, n - k)
    low, high = (_variance_ratio(size, means, within * q) for q in quantiles)
    share = Estimate(variance / (variance + within), low / (1 + low), high / (1 + high), n)
    table, centre = _drawn_in(told, within, variance, level)
    verdict = Difference.DIFFER if p_value < 1 - level else Difference.ALIKE
    return Between(verdict, share, float(np.sqrt(variance)), p_value, table, centre)


def _variance_ratio(size, means, wanted: float) -> float:
    """The ratio θ = σ_a²/σ² at which the means, each weighted by how little it then varies, differ as much as wanted.

    The mean square Σ w (ȳ - ȳ_w)²/(k - 1) with w = n/(1 + nθ) falls as θ rises; zero where it is below from the start.
    """

    def excess(theta):
        weight = size / (1 + size * theta)
        centre = (weight * means).sum() / weight.sum()
        return float((weight * (means - centre) ** 2).sum() / (len(size) - 1) - wanted)

    if excess(0.0) <= 0:
        return 0.0
    # with θ → ∞ every weight is 1/θ: beyond this bound even the plain variance of the means is too little
    bound = float(np.var(means, ddof=1)) / wanted
    return float(brentq(excess, 0.0, bound, xtol=1e-15))


def _drawn_in(told: pd.DataFrame, within: float, variance: float, level: float) -> tuple[pd.DataFrame, float]:
    """Group means, drawn to the mean of all (best linear unbiased prediction)."""
    error = within / told["size"]
    weight = 1 / (variance + error)
    centre = float((weight * told["mean"]).sum() / weight.sum())
    keep = variance / (variance + error)
    value = centre + keep * (told["mean"] - centre)
    reach = z_value(level) * np.sqrt(keep * error + (1 - keep) ** 2 / weight.sum())
    table = pd.DataFrame({"n": told["size"], "mean": told["mean"], "value": value})
    table = table.assign(value_low=value - reach, value_high=value + reach).rename_axis("group").reset_index()
    table = table.astype({"group": "string"})
    return table.sort_values(["value", "group"], ascending=[False, True], kind="stable", ignore_index=True), centre


@shows
class Visits(NamedTuple):
    """Scores of encounters, each with who served and where.

    Parameters
    ----------
    scores : pandas.Series
        One per encounter, 0 to 100.
    agents, branches : pandas.Series
        On the same index; missing where it is not known.
    levels : pandas.Series, optional
        `regulars.labels.ServiceLevel` by visit; missing where it is not recorded.
    """

    scores: pd.Series
    agents: pd.Series
    branches: pd.Series
    levels: pd.Series | None = None


def agents_between_branches(visits: Visits, level: float = 0.9) -> Between:
    """How far branches differ beyond their agents: agents' means compared between branches.

    A branch with a weak agent has lower scores without being a weaker branch. With agents nested in branches the error
    of a branch is how much its agents differ, so that agents' means are the observations.

    Parameters
    ----------
    visits : Visits
        Agents with fewer than 5 encounters are left out.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    Between
        Its share is of the variance of agents' means; n is the number of agents.

    Raises
    ------
    UserError
        As `variance_between`, of branches with at least two agents.

    References
    ----------
    Searle, S. R., Casella, G. and McCulloch, C. E. (1992), Variance Components, ch. 5 (the nested classification).
    """
    known = visits.scores.notna() & visits.agents.notna() & visits.branches.notna()
    by_agent = pd.DataFrame({"score": visits.scores[known], "branch": visits.branches[known]})
    told = by_agent.groupby([by_agent["branch"].astype(object), visits.agents[known].astype(object)])["score"]
    means = told.agg(["size", "mean"]).reset_index(names=["branch", "agent"])
    means = means[means["size"] >= LEAST_PER_AGENT]
    return variance_between(means["mean"], means["branch"], level)


def branch_of(customers: pd.DataFrame | None) -> pd.Series | None:
    """Branch of each customer, by customer_id: the region that serves them.

    Parameters
    ----------
    customers : pandas.DataFrame or None
        Clean table: ``customer_id`` and, perhaps, ``region``.

    Returns
    -------
    pandas.Series or None
        None where no region is known.

    Examples
    --------
    >>> branch_of(pd.DataFrame({"customer_id": ["a", "b"], "region": ["north", "south"]})).to_dict()
    {'a': 'north', 'b': 'south'}
    """
    if customers is None or "region" not in customers:
        return None
    return customers.drop_duplicates("customer_id").set_index("customer_id")["region"]


@may_refuse
def visits_of(visits: pd.DataFrame | None, items: pd.DataFrame) -> Visits | None:
    """Encounters of mystery visitors: the mean of the items of each visit, 0 to 100, with staff, branch and level.

    Parameters
    ----------
    visits : pandas.DataFrame or None
        Clean table ``mystery_visits``: ``visit_id``, ``item``, ``score`` and, where known, ``staff``, ``branch``,
        ``service_level``.
    items : pandas.DataFrame
        ``item``, ``scale_min``, ``scale_max``.

    Returns
    -------
    Visits or None
        None where the table is not supplied.
    """
    if visits is None:
        return None
    scores = scaled_visits(visits, items)
    each = scores.groupby("visit_id")["score"].mean()
    unknown = pd.Series(pd.NA, each.index)
    agents, branches = (
        scores.groupby("visit_id")[name].first() if name in visits else unknown for name in ("staff", "branch")
    )
    first = visits.drop_duplicates("visit_id").set_index("visit_id")
    return Visits(each, agents, branches, first.get("service_level"))


def scaled_visits(visits: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Scores of mystery visits from 0 to 100; parameters as of `visits_of`.

    Parameters
    ----------
    visits : pandas.DataFrame
        Clean table ``mystery_visits``: ``item``, ``score``.
    items : pandas.DataFrame
        ``item``, ``scale_min``, ``scale_max``.

    Returns
    -------
    pandas.DataFrame
    """
    ends = items.drop_duplicates("item").set_index("item")
    low, high = visits["item"].map(ends["scale_min"]), visits["item"].map(ends["scale_max"])
    return visits.assign(score=100 * (visits["score"] - low) / (high - low)).dropna(subset=["score"])


class BetweenVerdict(StrEnum):
    """Who differs by more than chance."""

    DIFFER = "differ"  # branches
    AGENTS = "agents"  # agents alone
    ALIKE = "alike"


@tells
def tell_between(
    scores: pd.Series, branch: pd.Series | None, visits: Visits | None, settings: SatisfactionSettings
) -> Finding:
    """Variance between branches, and between agents where their scores are given; not supplied without branches.

    Parameters
    ----------
    scores : pandas.Series
        Satisfaction (0 to 100) by customer_id.
    branch : pandas.Series or None
        Of `branch_of`: None where no branch is known.
    visits : Visits or None
        Of `visits_of`: encounters of mystery visitors.
    settings : SatisfactionSettings
        Its ``min_answers``: branches with fewer are left out.

    Returns
    -------
    Finding
        Verdict a `BetweenVerdict`; frames ``groups`` (``branches`` where they are all alike), ``agents`` and
        its ``ends``, ``shares``: the variance between branches and between agents side by side.
    """
    groups = pd.Series(dtype=object) if branch is None else scores.index.to_series().map(branch)
    if not groups.notna().any():
        return Finding(NOT_SUPPLIED)
    found = variance_between(scores, groups, settings.interval_level, settings.min_answers)
    rows = found.table
    facts = {
        "best": str(rows["group"].iloc[0]),
        "worst": str(rows["group"].iloc[-1]),
        "high": from_row(rows.iloc[0], "value"),
        "low": from_row(rows.iloc[-1], "value"),
        "share": found.share,
        "all": found.all,
    }
    verdict = BetweenVerdict(found.verdict)
    frames = {"groups" if verdict == BetweenVerdict.DIFFER else "branches": rows}
    sides = {VarianceBetween.ANSWERS_BY_BRANCH: found}
    if visits is not None and visits.agents.notna().any():
        staff = variance_between(visits.scores, visits.agents, settings.interval_level, LEAST_PER_AGENT)
        sides[VarianceBetween.VISITS_BY_AGENT] = staff
        frames["agents"] = staff.table
        frames["ends"] = pd.concat([staff.table.head(ENDS), staff.table.iloc[ENDS:].tail(ENDS)], ignore_index=True)
        facts |= {"agents": staff.share, "agent_count": len(staff.table)}
        if verdict == BetweenVerdict.ALIKE and staff.verdict == Difference.DIFFER:
            verdict = BetweenVerdict.AGENTS
        with suppress(UserError):  # agents of one branch only, or of none that is known
            sides[VarianceBetween.AGENTS_BY_BRANCH] = agents_between_branches(visits, settings.interval_level)
    frames["shares"] = _side_by_side(sides)
    return Finding(verdict, facts, frames)


def _side_by_side(sides: dict[VarianceBetween, Between]) -> pd.DataFrame:
    rows = [
        {"between": name.value, "groups": len(found.table), "n": found.share.n, "share": found.share.value,
         "share_low": found.share.low, "share_high": found.share.high, "spread": found.spread,
         "p_value": found.p_value, "differ": found.verdict.value}
        for name, found in sides.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"between": "string", "differ": "string"})
