"""How long customers stand on a step of the ladder: how long they have so far, and how soon one is left."""

import numpy as np
import pandas as pd

from regulars.intervals import median_interval, wilson
from regulars.labels import LifecycleStage
from regulars.rfm import Purchases
from regulars.segments.lifecycle import LadderRules, prospects_on_ladder

DAY = "datetime64[D]"


def days_on_step(
    stages: pd.DataFrame, log: Purchases, end, rules: LadderRules, memberships=None, referrals=None
) -> pd.Series:
    """Days since each customer came to stand on the present step.

    A step is reached on the day on which its rule is first met: the first, second or later purchase day, the day of
    joining, of the referral that counts, or the day after which the silence is too long. Who was inactive since then is
    back on the step from the order that ended the silence, and who has left a programme from the day of leaving.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `regulars.segments.ladder_at` at `end`.
    log, end, rules, memberships, referrals
        As there.

    Returns
    -------
    pandas.Series
        Whole days, by the index of `stages`.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-02-19"])})
    >>> rules, log = LadderRules(4, 180, 3, 1, 3, 1.25, {}), Purchases.of(orders)
    >>> from regulars.segments import ladder_at
    >>> days_on_step(ladder_at(log, "2026-03-01", rules), log, "2026-03-01", rules).to_dict()
    {'a': 28, 'b': 10}
    """
    last = int(pd.Timestamp(end).to_datetime64().astype(DAY).astype(np.int64))
    known = log.day <= last
    code, day = log.code[known], log.day[known]
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    names = pd.Index(log.customers.iloc[code[starts]])
    nth = np.arange(code.size) - np.repeat(starts, np.diff(starts, append=code.size))

    def of_order(number: int) -> pd.Series:
        """Day of each customer's order of that number; missing for those who have not placed it."""
        at = nth == number - 1
        return pd.Series(day[at], index=names[np.searchsorted(code[starts], code[at])], dtype=float)

    joined, left = _programme_days(memberships, last)
    since = {
        LifecycleStage.FIRST_TIME: of_order(1),
        LifecycleStage.REPEAT: of_order(2),
        LifecycleStage.CLIENT: of_order(rules.client_orders),
        LifecycleStage.MEMBER: joined,
        LifecycleStage.ADVOCATE: _referral_days(referrals, rules.advocate_referrals, last),
        LifecycleStage.PARTNER: _later(joined, _referral_days(referrals, rules.partner_referrals, last)),
    }
    reached = pd.Series(np.nan, index=stages.index)
    for stage, days in since.items():
        on_it = (stages["lifecycle_stage"] == stage.value).to_numpy()
        reached[on_it] = days.reindex(stages.index[on_it]).to_numpy()
    below = stages["lifecycle_stage"].isin(
        [LifecycleStage.FIRST_TIME.value, LifecycleStage.REPEAT.value, LifecycleStage.CLIENT.value]
    )
    reached[below] = _later(reached[below], left.reindex(stages.index[below]))
    back = pd.Series(_returned(code, day, starts, nth, rules), index=names).reindex(stages.index)
    reached = _later(reached, back)
    inactive = stages["lifecycle_stage"] == LifecycleStage.INACTIVE.value
    silence = stages["days_since_order"] - np.floor(stages["patience"]) - 1
    answer = (last - reached).where(~inactive, silence.clip(lower=0))
    return answer.fillna(0).clip(lower=0).astype(np.int64).rename("days_on_step")


def _later(one: pd.Series, other: pd.Series) -> pd.Series:
    """The later of two days, by customer; either may be missing."""
    both = pd.concat([one, other], axis=1)
    return both.max(axis=1)


def _returned(code, day, starts, nth, rules: LadderRules) -> np.ndarray:
    """Per customer the day of the last order that ended a silence longer than the patience then; NaN where none did."""
    gap = np.diff(day, prepend=day[:1] if day.size else day)
    first = day[starts][np.cumsum(nth == 0) - 1] if day.size else day
    repeats = nth >= 1
    typical = gap[repeats].mean() if repeats.any() else 0.0
    before = np.where(nth >= 2, (day - gap - first) / np.maximum(nth - 1, 1), typical)
    patience = np.maximum(rules.inactive_days, rules.inactive_gaps * before)
    back = np.where(repeats & (gap > patience), day.astype(float), -np.inf)
    found = np.maximum.reduceat(back, starts) if starts.size else back
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
    gone = ends.notna().to_numpy() & (_numbers(ends.fillna(pd.Timestamp("1970-01-01"))) <= last)
    left = pd.Series(_numbers(ends.fillna(pd.Timestamp("1970-01-01"))), index=joined.index)[gone]
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
