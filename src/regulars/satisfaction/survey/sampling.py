"""Sampling plan for the next survey wave: how many of each stratum to ask for a target width, and whom."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UntoldError, UserError
from regulars.finding import Finding, tells
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import share, z_value

MOST_STEPS = 100
LEAST_TOLD = 5  # answers of a stratum of which a width is told


ALL_ANSWER = 0.9  # share of customers who have answered from which all are asked already, and none needs be drawn


class SampleVerdict(StrEnum):
    """Whether the wished width can be had with the customers there are; everybody: nearly all have answered already."""

    EVERYBODY = "everybody"
    REACHED = "reached"
    SHORT = "short"


class SamplingPlan(NamedTuple):
    """Plan of the next wave.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per stratum: ``stratum``, ``customers``, ``spread`` (standard deviation of a score), ``answers`` needed,
        ``response`` (share expected to answer), ``invite`` (customers to ask) and ``width`` (half the interval of the
        stratum's own mean with these answers).
    answers, invite : int
        In all.
    width : float
        Half width of the interval of the mean of all customers that the plan reaches.
    is_reached : bool
        Whether the target can be met with the customers there are.
    """

    table: pd.DataFrame
    answers: int
    invite: int
    width: float
    is_reached: bool


def sampling_plan(
    customers: pd.Series,
    spread: pd.Series | float,
    response: pd.Series | float,
    target_width: float,
    *,
    level: float = 0.9,
    least: int = 30,
) -> SamplingPlan:
    """How many customers of each stratum to ask so that the mean of all has the wished interval.

    Answers go to strata by size times spread (Neyman), at least `least` each where there are so many customers; a
    stratum is drawn without replacement, so the correction for finite populations counts.

    Parameters
    ----------
    customers : pandas.Series
        Number of customers who may be asked, by stratum.
    spread : pandas.Series or float
        Standard deviation of the score within each stratum (0–100).
    response : pandas.Series or float
        Share of those asked who answer, by stratum.
    target_width : float
        Half the width of the interval, in points.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    least : int
        Answers that each stratum shall have for a mean of its own.

    Returns
    -------
    SamplingPlan

    Raises
    ------
    UserError
        Where the width is not above 0 or a share of answers lies outside 0 to 1.

    References
    ----------
    Neyman, J. (1934), J. Royal Statistical Society 97, 558-625.
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., ch. 5.

    Examples
    --------
    >>> plan = sampling_plan(pd.Series({"loyal": 1000, "new": 3000}), 20.0, 0.1, target_width=2.0, least=0)
    >>> plan.answers, plan.invite, round(plan.width, 2)
    (254, 2540, 2.0)
    """
    if not target_width > 0:
        raise UserError(f"The target width of the next survey is {target_width}: give points above 0.")
    size = customers[customers > 0].astype(float)
    sd = pd.Series(spread, index=size.index).astype(float).to_numpy()
    rate = pd.Series(response, index=size.index).astype(float).to_numpy()
    if not ((rate > 0) & (rate <= 1)).all():
        raise UserError("The share of customers who answer must lie above 0 and at most at 1 in every stratum.")
    if not (np.isfinite(sd) & (sd >= 0)).all():
        raise UserError(
            "How much answers differ is not known, since fewer than two were given: ask some customers first."
        )
    N, total, z = size.to_numpy(), float(size.sum()), z_value(level)
    reachable = np.maximum(np.floor(N * rate), 1)  # all are asked, and so many answer
    floor = np.minimum(least, reachable)
    low, high = 0.0, 1.0
    if _half(reachable, N, sd, total, z) < target_width:
        for _ in range(MOST_STEPS):
            middle = (low + high) / 2
            wide = _half(_allocated(middle, N, sd, floor, reachable), N, sd, total, z) > target_width
            low, high = (middle, high) if wide else (low, middle)
    answers = _allocated(high, N, sd, floor, reachable)
    width = _half(answers, N, sd, total, z)
    invite = np.minimum(np.ceil(np.round(answers / rate, 9)), N)
    # of fewer answers a stratum has no mean to speak of
    own = np.where(answers >= LEAST_TOLD, z * sd * np.sqrt((1 - answers / N) / answers), np.nan)
    table = pd.DataFrame(
        {"stratum": size.index.astype("string"), "customers": N.astype(int), "spread": sd,
         "answers": answers.astype(int), "response": rate, "invite": invite.astype(int), "width": own}
    )  # fmt: skip
    return SamplingPlan(table, int(answers.sum()), int(invite.sum()), float(width), bool(width <= target_width + 1e-9))


def _allocated(share: float, N, sd, floor, most) -> np.ndarray:
    """Answers by stratum for a share, 0 to 1, of the largest sample under Neyman's rule."""
    rule = N * sd / max((N * sd).max(), 1e-300)
    return np.clip(np.ceil(share * rule * most.max() / max(rule.min(), 1e-6)), np.maximum(floor, 1), most)


def _half(answers, N, sd, total, z) -> float:
    variance = (N / total) ** 2 * sd**2 / answers * (1 - answers / N)
    return float(z * np.sqrt(variance.sum()))


def draw_sample(strata: pd.Series, plan: SamplingPlan, seed: int) -> pd.DataFrame:
    """Whom to ask: customers of each stratum by chance, in the order in which they are drawn.

    Parameters
    ----------
    strata : pandas.Series
        Stratum by customer id or pseudonym, of those who may be asked.
    plan : SamplingPlan
        Of `sampling_plan`.
    seed : int
        The same seed draws the same customers, in whatever order they come.

    Returns
    -------
    pandas.DataFrame
        ``stratum``, ``draw`` (1 … within the stratum), ``customer``.

    Examples
    --------
    >>> strata = pd.Series("new", index=[f"c{k}" for k in range(100)])
    >>> plan = sampling_plan(strata.value_counts(), 20.0, 0.5, target_width=10.0, least=0)
    >>> len(draw_sample(strata, plan, seed=1)) == plan.invite
    True
    """
    rng = np.random.default_rng(seed)
    parts = []
    for row in plan.table.sort_values("stratum").itertuples():
        those = np.sort(strata.index[(strata == row.stratum).to_numpy()].to_numpy(dtype=str))
        drawn = rng.permutation(those)[: row.invite]
        parts.append(pd.DataFrame({"stratum": row.stratum, "draw": np.arange(1, len(drawn) + 1), "customer": drawn}))
    return pd.concat(parts, ignore_index=True)


def asked_next(
    strata: pd.Series, satisfaction: pd.DataFrame, may_ask: pd.Series, settings: SatisfactionSettings
) -> SamplingPlan:
    """Plan of the next wave by what is known of the last: how scores spread, and how many answered.

    Parameters
    ----------
    strata : pandas.Series
        Segment of every customer, by customer_id.
    satisfaction : pandas.DataFrame
        ``customer_id``, ``wave``, ``satisfaction`` (0 to 100), one row per respondent and wave.
    may_ask : pandas.Series of bool
        Whether a customer has consented, by customer_id.
    settings : SatisfactionSettings
        Its ``questions.target_width`` and ``min_answers`` (answers that each segment shall have).

    Returns
    -------
    SamplingPlan

    Raises
    ------
    UserError
        As of `sampling_plan`.
    """
    told = satisfaction.dropna(subset=["customer_id"])
    last = told[told["wave"] == told["wave"].max()].drop_duplicates("customer_id").set_index("customer_id")
    scores = last["satisfaction"]
    answered = strata.reindex(last.index).value_counts().reindex(strata.unique()).fillna(0) / strata.value_counts()
    counts = strata[may_ask].value_counts().sort_index()
    overall = float(scores.std(ddof=1))
    spread = scores.groupby(strata.reindex(scores.index)).std(ddof=1).reindex(counts.index)
    rate = answered.reindex(counts.index).fillna(float(answered.mean())).clip(0.01, 1.0)
    return sampling_plan(
        counts, spread.fillna(overall).clip(lower=overall / 2), rate, settings.questions.target_width,
        level=settings.interval_level, least=settings.min_answers,
    )  # fmt: skip


def may_be_asked(customers: pd.DataFrame | None, strata: pd.Series) -> pd.Series:
    """Whether each customer has consented; everybody where nobody was asked for consent.

    Parameters
    ----------
    customers : pandas.DataFrame or None
        Clean table: ``customer_id`` and, perhaps, ``consent``.
    strata : pandas.Series
        By customer_id: those of whom it is told.

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": ["a", "b"], "consent": [True, False]})
    >>> may_be_asked(people, pd.Series("loyal", index=["b", "a"])).tolist()
    [False, True]
    """
    if customers is None or "consent" not in customers:
        return pd.Series(True, index=strata.index)
    return customers.set_index("customer_id")["consent"].reindex(strata.index).fillna(False).astype(bool)


@tells
def tell_sample(
    survey: Survey,
    strata: pd.Series,
    customers: pd.DataFrame | None,
    *,
    names: pd.Series,
    settings: SatisfactionSettings,
) -> Finding:
    """Whom to ask next, so that satisfaction is told as closely as wished.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    strata : pandas.Series
        Segment of every customer, by customer_id.
    customers : pandas.DataFrame or None
        Clean table, whose ``consent`` says who may be asked.
    names : pandas.Series
        Pseudonym of every customer, in the order of ``strata``.
    settings : SatisfactionSettings
        Its ``questions.target_width``, ``min_answers`` of each segment, and ``seed``, which draws the customers.

    Returns
    -------
    Finding
        Verdict a `SampleVerdict`; frames ``plan`` and ``list``.
    """
    answered = share(int(strata.index.isin(survey.satisfaction["customer_id"]).sum()), len(strata))
    if answered.value >= ALL_ANSWER:
        return Finding(SampleVerdict.EVERYBODY, {"answered": answered})
    may = may_be_asked(customers, strata)
    if not may.any():
        raise UntoldError("No customer may be asked: none has given consent (table customers).")
    plan = asked_next(strata, survey.satisfaction, may, settings)
    by_name = pd.Series(strata[may].to_numpy(), index=names[may.to_numpy()].to_numpy())
    facts = {
        "answers": plan.answers, "invite": plan.invite, "target": settings.questions.target_width, "width": plan.width,
        "refused": int((~may).sum()), "seed": str(settings.seed),
    }  # fmt: skip
    frames = {"plan": plan.table, "list": draw_sample(by_name, plan, settings.seed)}
    frames = {name: frame.rename(columns={"stratum": "segment"}) for name, frame in frames.items()}
    return Finding(SampleVerdict.REACHED if plan.is_reached else SampleVerdict.SHORT, facts, frames)
