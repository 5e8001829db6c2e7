"""The ladder from suspect to partner: its steps, who stands where, who climbs, and what is to come."""

from dataclasses import replace

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.labels import LifecycleStage
from regulars.purchases import Purchases, day_number
from regulars.settings import LadderRules
from regulars.statistics.intervals import Estimate, share
from regulars.statistics.survival import kaplan_meier

LADDER = tuple(stage.value for stage in LifecycleStage)


def ladder_at(purchases: Purchases, day, rules: LadderRules, memberships=None, referrals=None) -> pd.DataFrame:
    """Step on which each customer stands on a day.

    A customer is inactive once silent for longer than `inactive_days` and than `inactive_gaps` own mean gaps; otherwise
    the highest step whose condition holds counts: partner (member, with `partner_referrals` referred), advocate
    (`advocate_referrals` referred), member (membership running), client (`client_orders` purchase days), repeat (two),
    first-time (one).

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
    day : date
        Later events are not known yet.
    rules : LadderRules
    memberships : pandas.DataFrame, optional
        customer_id, joined_at [, left_at].
    referrals : pandas.DataFrame, optional
        referrer_id, referred_id, at.

    Returns
    -------
    pandas.DataFrame
        Customers with an order by then, by customer_id: ``lifecycle_stage``, ``orders`` (purchase days),
        ``days_since_order``, ``patience`` (days of silence after which the customer is inactive), ``is_member``,
        ``referred``.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-01", "2026-02-01", "2025-01-01"])})
    >>> rules = LadderRules(4, 180, 3, 1, 3, 1.25, {})
    >>> ladder_at(Purchases.of(orders), "2026-03-01", rules)["lifecycle_stage"].to_dict()
    {'a': 'repeat', 'b': 'inactive'}
    """
    table, step = _steps_at(purchases, day, rules, memberships, referrals)
    names = np.array(LADDER, dtype=object)[step]
    table.insert(0, "lifecycle_stage", pd.Series(names, index=table.index, dtype="string"))
    return table


def _steps_at(purchases: Purchases, day, rules, memberships=None, referrals=None) -> tuple[pd.DataFrame, np.ndarray]:
    """What decides the step of each customer known on a day, and the step's number on the ladder."""
    end = pd.Timestamp(day).normalize()
    told = purchases.until(end)
    # the rhythm of someone who has bought once is not known: that of all repeat customers stands in
    span, repeats = (told.last_days - told.first_days).astype(float), told.frequency
    gap = np.divide(span, repeats, out=np.full(span.size, span.sum() / max(repeats.sum(), 1)), where=repeats > 0)
    table = pd.DataFrame(
        {
            "orders": repeats + 1,
            "days_since_order": (day_number(end) - told.last_days).astype(float),
            "patience": np.maximum(float(rules.inactive_days), rules.inactive_gaps * gap),
        },
        index=pd.Index(told.customers, name="customer_id"),
    )
    table["is_member"] = _members(table.index, memberships, end)
    table["referred"] = _referred(table.index, referrals, end)
    step = np.select(
        [
            table["days_since_order"] > table["patience"],
            table["is_member"] & (table["referred"] >= rules.partner_referrals),
            table["referred"] >= rules.advocate_referrals,
            table["is_member"],
            table["orders"] >= rules.client_orders,
            table["orders"] >= 2,
        ],
        [LADDER.index(stage) for stage in (
            LifecycleStage.INACTIVE, LifecycleStage.PARTNER, LifecycleStage.ADVOCATE, LifecycleStage.MEMBER,
            LifecycleStage.CLIENT, LifecycleStage.REPEAT)],
        LADDER.index(LifecycleStage.FIRST_TIME),
    )  # fmt: skip
    return table, step


def _members(index, memberships, end) -> pd.Series:
    if memberships is None:
        return pd.Series(False, index=index)
    runs = memberships["joined_at"] <= end
    if "left_at" in memberships:
        runs &= memberships["left_at"].isna() | (memberships["left_at"] > end)
    return pd.Series(index.isin(memberships.loc[runs, "customer_id"]), index=index)


def _referred(index, referrals, end) -> pd.Series:
    if referrals is None:
        return pd.Series(0, index=index)
    counts = referrals.loc[referrals["at"] <= end + pd.Timedelta(days=1), "referrer_id"].value_counts()
    return counts.reindex(index).fillna(0).astype(int)


def prospects_on_ladder(prospects: pd.DataFrame, rules: LadderRules) -> pd.DataFrame:
    """Step of the ladder on which each prospect stands who has not become a customer.

    Parameters
    ----------
    prospects : pandas.DataFrame
        prospect_id, stage [, customer_id once won].
    rules : LadderRules

    Returns
    -------
    pandas.DataFrame
        The prospects that are no customers, with ``lifecycle_stage``.

    Raises
    ------
    UserError
        For a stage that the rules do not name.
    """
    won = prospects["customer_id"].notna() if "customer_id" in prospects else prospects["stage"].eq("won")
    rest = prospects[~won].copy()
    unknown = sorted(set(rest["stage"]) - set(rules.prospect_stages))
    if unknown:
        raise UserError(
            f"Table prospects, column stage: '{unknown[0]}' has no step on the ladder; name it in params.yaml under "
            "segments.ladder.prospect_stages."
        )
    return rest.assign(lifecycle_stage=rest["stage"].map(rules.prospect_stages).astype("string"))


def transition_counts(purchases: Purchases, end, rules: LadderRules, months: int = 12, **others) -> pd.DataFrame:
    """How many customers went from each step to each in a month, summed over the last months.

    Parameters
    ----------
    purchases, end, rules
        As `ladder_at`.
    months : int
        Months that are counted, back from `end`; fewer where the log is shorter.
    **others
        memberships, referrals.

    Returns
    -------
    pandas.DataFrame
        Step before × step after, customers; steps that occur.
    """
    last = pd.Timestamp(end).normalize()
    purchases, others = _numbered(purchases, **others)
    days = [last - pd.DateOffset(months=k) for k in range(months + 1)]
    days = [day for day in days if day >= purchases.first][::-1]
    if len(days) < 2:
        return pd.DataFrame()
    size, pairs, earlier = len(LADDER), np.zeros(len(LADDER) ** 2, dtype=np.int64), None
    for day in days:
        table, step = _steps_at(purchases, day, rules, **others)
        now = np.full(len(purchases.customers), -1)
        now[table.index] = step
        if earlier is not None:
            known = earlier >= 0
            pairs += np.bincount(earlier[known] * size + now[known], minlength=pairs.size)
        earlier = now
    if not pairs.any():
        return pd.DataFrame()
    total = pd.DataFrame(pairs.reshape(size, size), list(LADDER), list(LADDER))
    seen = [step for step in LADDER if total.loc[step].sum() or total[step].sum()]
    counts = total.loc[seen, seen]
    return counts.set_axis(list(seen), axis=0).set_axis(list(seen), axis=1)


def _numbered(purchases: Purchases, memberships=None, referrals=None) -> tuple[Purchases, dict]:
    """The same with customers by number: numbers are compared faster than text, month by month. Strangers are -1."""
    place = pd.Index(purchases.customers)
    tables = {"memberships": (memberships, "customer_id"), "referrals": (referrals, "referrer_id")}
    others = {
        name: table if table is None else table.assign(**{key: place.get_indexer(table[key])})
        for name, (table, key) in tables.items()
    }
    return replace(purchases, customers=pd.Series(np.arange(len(place)), name=purchases.customers.name)), others


def transition_matrix(counts: pd.DataFrame) -> pd.DataFrame:
    """Chance of each step after a month, from each step; rows sum to one, and a step that nobody left is stayed on.

    Examples
    --------
    >>> transition_matrix(pd.DataFrame([[3, 1], [0, 0]], ["repeat", "client"], ["repeat", "client"])).values.tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    rows = np.array(counts, dtype=float)
    empty = rows.sum(axis=1) == 0
    rows[empty] = np.eye(len(rows))[empty]
    return pd.DataFrame(rows / rows.sum(axis=1, keepdims=True), counts.index, counts.columns)


def ladder_forecast(stages: pd.Series, counts: pd.DataFrame, months: int, level=0.9, draws=400, seed=0) -> pd.DataFrame:
    """Customers of today on each step some months ahead, if the coming months go as those counted.

    Parameters
    ----------
    stages : pandas.Series
        Step of each customer today.
    counts : pandas.DataFrame
        Of `transition_counts`.
    months : int
        How far ahead.
    level, draws, seed
        Of the interval: matrices drawn from what the counts leave open (Dirichlet), then customers by chance.

    Returns
    -------
    pandas.DataFrame
        ``lifecycle_stage``, ``now``, ``ahead`` with ``ahead_low``, ``ahead_high``, ``n``; both sum to the customers.
    """
    matrix = transition_matrix(counts).to_numpy()
    now = stages.value_counts().reindex(counts.index).fillna(0).to_numpy()
    ahead = now @ np.linalg.matrix_power(matrix, months)
    rng = np.random.default_rng(seed)
    drawn = np.empty((draws, len(now)))
    for d in range(draws):
        rows = np.array([_row(rng, row, point) for row, point in zip(counts.to_numpy(float), matrix, strict=True)])
        power = np.linalg.matrix_power(rows, months)
        drawn[d] = sum(rng.multinomial(int(k), p / p.sum()) for k, p in zip(now, power, strict=True))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame(
        {
            "lifecycle_stage": pd.Series(counts.index, dtype="string"),
            "now": now.astype(int),
            "ahead": ahead,
            "ahead_low": low,
            "ahead_high": high,
            "n": int(now.sum()),
        }
    )


def _row(rng, counts, point):
    some = counts > 0
    row = point.copy()
    if some.any():
        row[some] = rng.dirichlet(counts[some])
    return row


def climbs(purchases: Purchases, end, rules: LadderRules, prospects=None, memberships=None, referrals=None, level=0.9):
    """Share that reached each next step, and how long it took, those still on their way counted right.

    Parameters
    ----------
    purchases, end, rules, memberships, referrals
        As `ladder_at`.
    prospects : pandas.DataFrame, optional
        created_at, stage, customer_id; a prospect without a decision is still on the way.
    level : float

    Returns
    -------
    pandas.DataFrame
        ``lifecycle_stage`` (from), ``next_stage``, ``n`` (who reached the first), ``reached``, ``share`` with limits
        (Wilson), ``median_days`` with limits (Kaplan–Meier; NaN where half of them have not got there).
    """
    told, now = purchases.until(end), day_number(end)
    _, others = _numbered(told, memberships, referrals)
    memberships, referrals = others["memberships"], others["referrals"]
    code, day, nth = told.code, told.day, told.occasion
    moment = {k: pd.Series(day[nth == k - 1], index=code[nth == k - 1]) for k in (1, 2, rules.client_orders)}
    steps = [
        (LifecycleStage.FIRST_TIME, LifecycleStage.REPEAT, moment[1], moment[2]),
        (LifecycleStage.REPEAT, LifecycleStage.CLIENT, moment[2], moment[rules.client_orders]),
    ]
    if prospects is not None and "customer_id" in prospects:
        noted = _day_numbers(prospects.set_index("prospect_id")["created_at"])
        won = prospects.dropna(subset="customer_id")
        place = pd.Series(told.places(won["customer_id"]))
        won = pd.Series(place.map(moment[1]).to_numpy(), index=won["prospect_id"]).dropna()
        steps.insert(0, (LifecycleStage.PROSPECT, LifecycleStage.FIRST_TIME, noted, won))
    if memberships is not None:
        joined = _day_numbers(memberships.groupby("customer_id")["joined_at"].min())
        steps.append((LifecycleStage.CLIENT, LifecycleStage.MEMBER, moment[rules.client_orders], joined[joined <= now]))
    if referrals is not None:
        first = _day_numbers(referrals.groupby("referrer_id")["at"].min())
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
                "share": part.value, "share_low": part.low, "share_high": part.high,
                "median_days": half.value, "median_days_low": half.low, "median_days_high": half.high,
            }
        )  # fmt: skip
    return pd.DataFrame(rows).astype({"lifecycle_stage": "string", "next_stage": "string"})


def _day_numbers(days: pd.Series) -> pd.Series:
    return pd.Series(days.to_numpy("datetime64[D]").astype(np.int64), index=days.index)
