"""How customers climb the ladder, how long they stay on a step, and where that leads."""

from dataclasses import replace

import numpy as np
import pandas as pd

from regulars.labels import LifecycleStage
from regulars.purchases import Purchases, day_number, day_numbers
from regulars.segments.ladder import BEFORE_FIRST, STEPS, TOLD, Ladder, steps_at, steps_shown
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate, median_interval, share, to_row, wilson
from regulars.statistics.survival import kaplan_meier

LEAST_MONTHS = 6  # whose moves say what a month does
LONGEST_STAY = 60.0  # months; a mean stay beyond that cannot be told from monthly moves


def monthly_moves(purchases: Purchases, end, ladder: Ladder, *, months: int = 12, ahead: int = 1) -> pd.DataFrame:
    """How many customers went from each step to each within a month, or more, from each of the last months.

    Nobody can be silent for longer than the log is old: stretches that begin before anybody could have become inactive
    are left out, as all in them stay who in others leave.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers.
    end : date
        Last day observed.
    ladder : Ladder
        Its rules, memberships and referrals.
    months : int
        Stretches that are counted, the last up to `end`, each a month before the next; fewer where the log is shorter.
    ahead : int
        Months from the first look at a customer to the second.

    Returns
    -------
    pandas.DataFrame
        By ``month`` (the day on which a stretch begins) and step ``before``, one column per step after: customers;
        steps that occur. Empty where fewer than `LEAST_MONTHS` can be counted.

    Examples
    --------
    >>> from regulars.settings import LadderRules
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2025-01-01", "2026-02-20", "2025-01-01"])})
    >>> moves = monthly_moves(Purchases.of(orders), "2026-02-28", Ladder(LadderRules(4, 180, 0, 1, 3, 1.25, {})))
    >>> moves.loc["2026-01-28"].loc["inactive"].to_dict()
    {'repeat': 1, 'inactive': 1}
    """
    last, ids = pd.Timestamp(end).normalize(), pd.Index(purchases.customers)
    possible = purchases.first + pd.Timedelta(days=ladder.rules.inactive_days)
    ladder = ladder.numbered(ids)
    purchases = replace(purchases, customers=pd.Series(np.arange(len(ids)), name=purchases.customers.name))
    days = [last - pd.DateOffset(months=k) for k in range(months + ahead)]
    days = [day for day in days if day >= possible][::-1]
    if len(days) - ahead < LEAST_MONTHS:
        return pd.DataFrame()
    size, pairs, stood = len(STEPS), {}, []
    for day in days:
        table, step = steps_at(purchases, day, ladder)
        stood.append(np.full(len(ids), -1))
        stood[-1][table.index] = step
    for day, before, now in zip(days, stood, stood[ahead:], strict=False):
        known = before >= 0
        codes = np.bincount(before[known] * size + now[known], minlength=size**2)
        pairs[day] = pd.DataFrame(codes.reshape(size, size), STEPS, STEPS)
    table = pd.concat(pairs)
    total = table.groupby(level=1, sort=False).sum()
    seen = [step for step in STEPS if total.loc[step].sum() or total[step].sum()]
    return table.loc[(slice(None), seen), seen].rename_axis(["month", "before"])


def transition_counts(moves: pd.DataFrame) -> pd.DataFrame:
    """How many customers went from each step to each in a month, summed over months.

    Parameters
    ----------
    moves : pandas.DataFrame
        Of `monthly_moves`.

    Returns
    -------
    pandas.DataFrame
        Step before × step after, customers.

    Examples
    --------
    >>> months = pd.MultiIndex.from_product([["2026-01-31", "2026-02-28"], ["repeat"]], names=["month", "before"])
    >>> transition_counts(pd.DataFrame({"repeat": [3, 4], "client": [1, 0]}, months)).to_numpy().tolist()
    [[7, 1]]
    """
    return moves if moves.empty else moves.groupby(level="before", sort=False).sum()


def transition_matrix(counts: pd.DataFrame) -> pd.DataFrame:
    """Chance of each step after a month, from each step; a step on which nobody stood is stayed on.

    Parameters
    ----------
    counts : pandas.DataFrame
        Of `transition_counts`.

    Returns
    -------
    pandas.DataFrame
        Step before × step after; rows sum to one.

    Examples
    --------
    >>> transition_matrix(pd.DataFrame([[3, 1], [0, 0]], ["repeat", "client"], ["repeat", "client"])).values.tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    rows = np.array(counts, dtype=float)
    empty = rows.sum(axis=1) == 0
    rows[empty] = np.eye(len(rows))[empty]
    return pd.DataFrame(rows / rows.sum(axis=1, keepdims=True), counts.index, counts.columns)


def ladder_forecast(stages: pd.Series, moves: pd.DataFrame, *, certainty: Certainty, draws: int = 400) -> pd.DataFrame:
    """Customers of today on each step after a stretch of time, if it goes as those counted.

    Parameters
    ----------
    stages : pandas.Series
        Step of each customer today.
    moves : pandas.DataFrame
        Of `monthly_moves` over stretches as long as the one ahead: moves of single months, one after the other, would
        tell too much, as a customer's chance to leave a step hangs on the time on it.
    certainty : Certainty
        Level of the interval, and the seed.
    draws : int
        Futures behind the interval: each goes as one of the stretches counted, and customers move by chance.

    Returns
    -------
    pandas.DataFrame
        ``lifecycle_stage``, ``now``, ``ahead`` with ``ahead_low``, ``ahead_high``, ``n``; both sum to the customers.
        No row without moves.

    Examples
    --------
    >>> months = pd.MultiIndex.from_product([["2026-01-31"], ["repeat", "client"]], names=["month", "before"])
    >>> moves = pd.DataFrame({"repeat": [80, 10], "client": [20, 90]}, months)
    >>> stages = pd.Series(["repeat"] * 50 + ["client"] * 50)
    >>> ladder_forecast(stages, moves, certainty=Certainty(0.9, 0.0, 1, 0))["ahead"].round(6).tolist()
    [45.0, 55.0]
    """
    if moves.empty:
        return pd.DataFrame(columns=["lifecycle_stage", "now", "ahead", "ahead_low", "ahead_high", "n"])
    pooled = transition_matrix(transition_counts(moves))
    now = stages.value_counts().reindex(pooled.index).fillna(0).to_numpy()
    counts = moves.to_numpy(float).reshape(-1, len(pooled), len(pooled))
    size = counts.sum(axis=2, keepdims=True)
    each = np.where(size > 0, counts / np.maximum(size, 1), pooled.to_numpy())
    rng = np.random.default_rng(certainty.seed)
    drawn = np.empty((draws, len(now)))
    for d in range(draws):
        rows = each[rng.integers(len(each))]
        drawn[d] = sum(rng.multinomial(int(k), p / p.sum()) for k, p in zip(now, rows, strict=True))
    low, high = np.quantile(drawn, [(1 - certainty.level) / 2, (1 + certainty.level) / 2], axis=0)
    return pd.DataFrame(
        {
            "lifecycle_stage": pd.Series(pooled.index, dtype="string"),
            "now": now.astype(int),
            "ahead": now @ pooled.to_numpy(),
            "ahead_low": low,
            "ahead_high": high,
            "n": int(now.sum()),
        }
    )


def climbs(purchases: Purchases, end, ladder: Ladder, *, level: float = 0.9) -> pd.DataFrame:
    """Share that reached each next step, and how long it took, those still on their way counted right.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers.
    end : date
        Last day observed.
    ladder : Ladder
        Its rules, and the tables that it has; a prospect without a decision is still on the way.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``lifecycle_stage`` (from), ``next_stage``, ``n`` (who reached the first), ``reached``, ``share`` with limits
        (Wilson), ``median_days`` with limits (Kaplan–Meier; NaN where half of them have not got there).

    Examples
    --------
    >>> from regulars.settings import LadderRules
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-01", "2026-02-20", "2026-01-01"])})
    >>> table = climbs(Purchases.of(orders), "2026-02-28", Ladder(LadderRules(4, 180, 3, 1, 3, 1.25, {})))
    >>> table[["lifecycle_stage", "next_stage", "n", "reached"]].to_numpy().tolist()
    [['first_time', 'repeat', 2, 1], ['repeat', 'client', 1, 0]]
    """
    told, now = purchases.until(end), day_number(end)
    ladder = ladder.numbered(pd.Index(told.customers))
    rules, prospects, memberships, referrals = ladder.rules, ladder.prospects, ladder.memberships, ladder.referrals
    code, day, nth = told.code, told.day, told.occasion
    moment = {k: pd.Series(day[nth == k - 1], index=code[nth == k - 1]) for k in (1, 2, rules.client_orders)}
    steps = [
        (LifecycleStage.FIRST_TIME, LifecycleStage.REPEAT, moment[1], moment[2]),
        (LifecycleStage.REPEAT, LifecycleStage.CLIENT, moment[2], moment[rules.client_orders]),
    ]
    if prospects is not None and "customer_id" in prospects:
        noted = _days(prospects.set_index("prospect_id")["created_at"])
        won = prospects.dropna(subset="customer_id")
        place = pd.Series(told.places(won["customer_id"]))
        won = pd.Series(place.map(moment[1]).to_numpy(), index=won["prospect_id"]).dropna()
        steps.insert(0, (LifecycleStage.PROSPECT, LifecycleStage.FIRST_TIME, noted, won))
    if memberships is not None:
        joined = _days(memberships.groupby("customer_id")["joined_at"].min())
        steps.append((LifecycleStage.CLIENT, LifecycleStage.MEMBER, moment[rules.client_orders], joined[joined <= now]))
    if referrals is not None:
        first = _days(referrals.groupby("referrer_id")["at"].min())
        steps.append((LifecycleStage.REPEAT, LifecycleStage.ADVOCATE, moment[2], first[first <= now]))
    rows = []
    for source, target, since, reached in steps:
        until = reached.reindex(since.index)
        happened = until.notna().to_numpy()
        took = np.where(happened, until.fillna(0).to_numpy(float), now) - since.to_numpy(float)
        part = share(int(happened.sum()), len(since), level)
        half = kaplan_meier(took.clip(min=0), happened, level).quantile() if len(since) else Estimate(float("nan"))
        rows.append(
            {
                "lifecycle_stage": source.value, "next_stage": target.value,
                "n": len(since), "reached": int(happened.sum()),
                **to_row(part, "share"), **to_row(half, "median_days"),
            }
        )  # fmt: skip
    return pd.DataFrame(rows).astype({"lifecycle_stage": "string", "next_stage": "string"})


def _days(moments: pd.Series) -> pd.Series:
    return pd.Series(day_numbers(moments), index=moments.index)


def time_on_steps(
    stages: pd.DataFrame, days: pd.Series, counts: pd.DataFrame, ladder: Ladder, *,
    end, level: float = 0.9, min_cell: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """How long customers stand on each step: so far, and how soon a step is left.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `regulars.segments.ladder_at`.
    days : pandas.Series
        Of `regulars.segments.days_on_step`.
    counts : pandas.DataFrame
        Of `transition_counts`.
    ladder : Ladder
        Its prospects: those who have not become customers stand on their step since they were noted.
    end : date
        Last day observed.
    level : float
        Of the intervals.
    min_cell : int
        Steps of fewer are left out.

    Returns
    -------
    pandas.DataFrame
        ``lifecycle_stage``, ``customers``, ``days`` with limits (median so far), ``leaves`` with limits (share that
        stands elsewhere a month later) and ``stay_months`` with limits (mean stay if each month goes like that, one
        over ``leaves``); the last two are missing for prospects, whose moves are not in the log.

    Examples
    --------
    >>> from regulars.settings import LadderRules
    >>> stages = pd.DataFrame({"lifecycle_stage": ["repeat", "repeat"]})
    >>> counts = pd.DataFrame([[3, 1], [0, 0]], ["repeat", "client"], ["repeat", "client"])
    >>> ladder = Ladder(LadderRules(4, 180, 3, 1, 3, 1.25, {}))
    >>> table = time_on_steps(stages, pd.Series([10, 30]), counts, ladder, end="2026-03-01")
    >>> table[["days", "leaves", "stay_months"]].to_numpy().tolist()
    [[20.0, 0.25, 4.0]]
    """
    rows = []
    own = days.groupby(stages["lifecycle_stage"].astype(object))
    parts = {stage: values.to_numpy(float) for stage, values in own}
    if (rest := ladder.waiting()) is not None:
        waited = (pd.Timestamp(end).normalize() - rest["created_at"].dt.normalize()).dt.days
        for stage, values in waited.groupby(rest["lifecycle_stage"].astype(object)):
            if stage in BEFORE_FIRST and stage not in parts:
                parts[stage] = values.to_numpy(float)
    standing = pd.DataFrame({"lifecycle_stage": TOLD, "customers": [len(parts.get(step, ())) for step in TOLD]})
    for stage in steps_shown(standing[standing["customers"] > 0], "customers", min_cell)["lifecycle_stage"]:
        middle, low, high = median_interval(parts[stage], level)
        row = {"lifecycle_stage": stage, "customers": len(parts[stage])}
        row |= {"days": middle, "days_low": low, "days_high": high}
        rows.append(row | _leaving(counts, stage, level))
    return pd.DataFrame(rows).astype({"lifecycle_stage": "string"}) if rows else pd.DataFrame()


def _leaving(counts: pd.DataFrame, stage: str, level: float) -> dict:
    n = int(counts.loc[stage].sum()) if stage in counts.index else 0
    gone = n - int(counts.loc[stage, stage]) if n else 0
    low, high = wilson(gone, n, level)
    part = gone / n if n else np.nan
    leaving = {"": part, "_low": high, "_high": low}
    stay = {f"stay_months{end}": 1 / of if of > 0 else np.nan for end, of in leaving.items()}
    if not stay["stay_months"] <= LONGEST_STAY:  # nobody has been watched for so long
        stay = dict.fromkeys(stay, np.nan)
    return {"leaves": part, "leaves_low": low, "leaves_high": high, **stay}
