"""How long customers stand on a step of the ladder: how long they have so far, and how soon one is left."""

import numpy as np
import pandas as pd

from regulars.labels import LifecycleStage
from regulars.purchases import Purchases, day_number
from regulars.segments.ladder import LadderRules, prospects_on_ladder
from regulars.statistics.intervals import median_interval, wilson

DAY = "datetime64[D]"


def days_on_step(
    stages: pd.DataFrame, purchases: Purchases, end, rules: LadderRules, memberships=None, referrals=None
) -> pd.Series:
    """Days since each customer came to stand on the present step.

    A step is reached on the day on which its rule is first met: the first, second or later purchase day, the day of
    joining, of the referral that counts, or the day after which the silence is too long. Who was inactive since then is
    back on the step from the order that ended the silence, and who has left a programme from the day of leaving.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `regulars.segments.ladder_at` at `end`.
    purchases, end, rules, memberships, referrals
        As there.

    Returns
    -------
    pandas.Series
        Whole days, by the index of `stages`.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-02-19"])})
    >>> rules, purchases = LadderRules(4, 180, 3, 1, 3, 1.25, {}), Purchases.of(orders)
    >>> from regulars.segments import ladder_at
    >>> days_on_step(ladder_at(purchases, "2026-03-01", rules), purchases, "2026-03-01", rules).to_dict()
    {'a': 28, 'b': 10}
    """
    last, told = day_number(end), purchases.until(end)
    if len(told.customers) != len(stages):
        raise ValueError("the steps are of other customers than those known on that day")

    def of_order(number: int) -> np.ndarray:
        """Day of each customer's order of that number; missing for those who have not placed it."""
        days = np.full(len(stages), np.nan)
        some = told.frequency >= number - 1
        days[some] = told.day[told.starts[some] + number - 1]
        return days

    ids = pd.Index(stages.index)
    joined, left = (_by_customer(ids, days) for days in _programme_days(memberships, last))
    first, enough = (
        _by_customer(ids, _referral_days(referrals, number, last))
        for number in (rules.advocate_referrals, rules.partner_referrals)
    )
    names = [stage.value for stage in LifecycleStage]
    step = pd.Categorical(stages["lifecycle_stage"], names).codes
    since = {
        LifecycleStage.FIRST_TIME: np.fmax(of_order(1), left),
        LifecycleStage.REPEAT: np.fmax(of_order(2), left),
        LifecycleStage.CLIENT: np.fmax(of_order(rules.client_orders), left),
        LifecycleStage.MEMBER: joined,
        LifecycleStage.ADVOCATE: first,
        LifecycleStage.PARTNER: np.fmax(joined, enough),
    }
    reached = np.select([step == names.index(stage.value) for stage in since], list(since.values()), np.nan)
    reached = np.fmax(reached, _returned(told, rules))
    silence = stages["days_since_order"].to_numpy(float) - np.floor(stages["patience"].to_numpy(float)) - 1
    answer = np.where(step == names.index(LifecycleStage.INACTIVE.value), silence, last - reached)
    return pd.Series(np.maximum(np.nan_to_num(answer), 0).astype(np.int64), index=stages.index, name="days_on_step")


def _by_customer(ids: pd.Index, days: pd.Series) -> np.ndarray:
    """Days of those who have one, by place; missing for the others."""
    found = np.full(len(ids), np.nan)
    if len(days):
        at = ids.get_indexer(days.index)
        found[at[at >= 0]] = days.to_numpy(float)[at >= 0]
    return found


def _returned(told: Purchases, rules: LadderRules) -> np.ndarray:
    """Per customer the day of the last order that ended a silence longer than the patience then; NaN where none did."""
    if not len(told):
        return np.empty(0)
    day, gap, nth, first = told.day, told.gaps, told.occasion, told.first_days[told.code]
    repeats = nth >= 1
    typical = gap[repeats].mean() if repeats.any() else 0.0
    before = np.where(nth >= 2, (day - gap - first) / np.maximum(nth - 1, 1), typical)
    patience = np.maximum(rules.inactive_days, rules.inactive_gaps * before)
    found = np.maximum.reduceat(np.where(repeats & (gap > patience), day.astype(float), -np.inf), told.starts)
    return np.where(np.isfinite(found), found, np.nan)


def _numbers(days: pd.Series) -> np.ndarray:
    return days.to_numpy(DAY).astype(np.int64).astype(float)


def _programme_days(memberships, last: int) -> tuple[pd.Series, pd.Series]:
    """Day of joining the running membership, and the last day of leaving one, by customer."""
    none = pd.Series(dtype=float)
    if memberships is None or memberships.empty:
        return none, none
    joined = pd.Series(_numbers(memberships["joined_at"]), index=memberships["customer_id"].to_numpy())
    ends = memberships["left_at"] if "left_at" in memberships else pd.Series(pd.NaT, index=memberships.index)
    day = np.where(ends.isna(), np.inf, _numbers(ends.fillna(pd.Timestamp("1970-01-01"))))
    gone = day <= last
    left = pd.Series(day, index=joined.index)[gone]
    running = joined[~gone & (joined <= last).to_numpy()]
    return running.groupby(level=0).min(), left.groupby(level=0).max()


def _referral_days(referrals, number: int, last: int) -> pd.Series:
    """Day of each customer's referral of that number."""
    if referrals is None or referrals.empty:
        return pd.Series(dtype=float)
    days = pd.DataFrame({"who": referrals["referrer_id"].to_numpy(), "day": _numbers(referrals["at"])})
    days = days[days["day"] <= last].sort_values("day", kind="stable")
    nth = days.groupby("who").cumcount()
    return days[nth == number - 1].set_index("who")["day"]


def time_on_steps(
    stages: pd.DataFrame, days: pd.Series, counts: pd.DataFrame, end, rules: LadderRules, prospects=None,
    level: float = 0.9, min_cell: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """How long customers stand on each step: so far, and how soon a step is left.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `regulars.segments.ladder_at`.
    days : pandas.Series
        Of `days_on_step`.
    counts : pandas.DataFrame
        Of `regulars.segments.transition_counts`.
    end : date
    rules : LadderRules
    prospects : pandas.DataFrame, optional
        created_at, stage: those who have not become customers stand on their step since they were noted.
    level, min_cell
        Of the intervals; smallest step shown.

    Returns
    -------
    pandas.DataFrame
        ``lifecycle_stage``, ``customers``, ``days`` with limits (median so far), ``leaves`` with limits (share that
        stands elsewhere a month later) and ``stay_months`` with limits (mean stay if each month goes like that, one
        over ``leaves``); the last two are missing for prospects, whose moves are not in the log.
    """
    rows = []
    own = days.groupby(stages["lifecycle_stage"].astype(object))
    parts = {stage: values.to_numpy(float) for stage, values in own}
    if prospects is not None:
        rest = prospects_on_ladder(prospects, rules)
        waited = (pd.Timestamp(end).normalize() - rest["created_at"].dt.normalize()).dt.days
        for stage, values in waited.groupby(rest["lifecycle_stage"].astype(object)):
            if stage not in parts:
                parts[stage] = values.to_numpy(float)
    for stage in (stage.value for stage in LifecycleStage if len(parts.get(stage.value, ())) >= max(min_cell, 1)):
        middle, low, high = median_interval(parts[stage], level)
        row = {"lifecycle_stage": stage, "customers": len(parts[stage])}
        row |= {"days": middle, "days_low": low, "days_high": high}
        rows.append(row | _leaving(counts, stage, level))
    return pd.DataFrame(rows).astype({"lifecycle_stage": "string"}) if rows else pd.DataFrame()


def _leaving(counts: pd.DataFrame, stage: str, level: float) -> dict:
    n = int(counts.loc[stage].sum()) if stage in counts.index else 0
    gone = n - int(counts.loc[stage, stage]) if n else 0
    low, high = wilson(gone, n, level)
    share = gone / n if n else np.nan
    leaving = {"": share, "_low": high, "_high": low}
    stay = {f"stay_months{end}": 1 / of if of > 0 else np.nan for end, of in leaving.items()}
    return {"leaves": share, "leaves_low": low, "leaves_high": high, **stay}
