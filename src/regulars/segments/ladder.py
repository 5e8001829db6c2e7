"""The ladder from suspect to partner: its steps, who stands where, and for how long."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.labels import LifecycleStage
from regulars.purchases import Purchases, day_number, day_numbers
from regulars.settings import LadderRules
from regulars.statistics.cells import too_small

STEPS = tuple(stage.value for stage in LifecycleStage)
EITHER = "advocate_or_partner"  # the highest two as one, where one of them holds too few to be shown
HIGHEST = (LifecycleStage.ADVOCATE.value, LifecycleStage.PARTNER.value)
TOLD = tuple(name for step in STEPS for name in ((EITHER, step) if step == HIGHEST[0] else (step,)))
BEFORE_FIRST = (LifecycleStage.SUSPECT, LifecycleStage.PROSPECT, LifecycleStage.DISQUALIFIED)  # steps of no customers


@dataclass(frozen=True)
class Ladder:
    """The ladder of a firm: its rules, and what it knows beside purchases.

    Parameters
    ----------
    rules : LadderRules
        When a customer stands on which step.
    memberships : pandas.DataFrame, optional
        customer_id, joined_at [, left_at]; without it nobody is a member.
    referrals : pandas.DataFrame, optional
        referrer_id, referred_id, at; without it nobody is an advocate.
    prospects : pandas.DataFrame, optional
        prospect_id, created_at, stage [, customer_id once won]; without it the ladder begins with customers.
    """

    rules: LadderRules
    memberships: pd.DataFrame | None = field(default=None, repr=False)
    referrals: pd.DataFrame | None = field(default=None, repr=False)
    prospects: pd.DataFrame | None = field(default=None, repr=False)

    def numbered(self, ids: pd.Index) -> "Ladder":
        """The same with customers by their place among some ids, as numbers are compared faster; strangers are -1.

        Parameters
        ----------
        ids : pandas.Index
            Of customers.
        """
        tables = {"memberships": "customer_id", "referrals": "referrer_id"}
        numbered = {
            name: table.assign(**{key: ids.get_indexer(table[key])})
            for name, key in tables.items()
            if (table := getattr(self, name)) is not None
        }
        return replace(self, **numbered)

    def waiting(self) -> pd.DataFrame | None:
        """The prospects who have not become customers, with their step; None where no prospects are supplied."""
        return None if self.prospects is None else prospects_on_ladder(self.prospects, self.rules)


def ladder_at(purchases: Purchases, day, ladder: Ladder) -> pd.DataFrame:
    """Step on which each customer stands on a day.

    A customer is inactive once silent for longer than `inactive_days` and than `inactive_gaps` own mean gaps; otherwise
    the highest step whose condition holds counts: partner (member, with `partner_referrals` referred), advocate
    (`advocate_referrals` referred), member (membership running), client (`client_orders` purchase days), repeat (two),
    first-time (one).

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers.
    day : date
        Later events are not known yet.
    ladder : Ladder
        Its rules, memberships and referrals.

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
    >>> ladder = Ladder(LadderRules(4, 180, 3, 1, 3, 1.25, {}))
    >>> ladder_at(Purchases.of(orders), "2026-03-01", ladder)["lifecycle_stage"].to_dict()
    {'a': 'repeat', 'b': 'inactive'}
    """
    table, step = steps_at(purchases, day, ladder)
    names = np.array(STEPS, dtype=object)[step]
    table.insert(0, "lifecycle_stage", pd.Series(names, index=table.index, dtype="string"))
    return table


def steps_at(purchases: Purchases, day, ladder: Ladder) -> tuple[pd.DataFrame, np.ndarray]:
    """What decides the step of each customer known on a day, and the step's place in `STEPS`.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers.
    day : date
        Later events are not known yet.
    ladder : Ladder
        Its rules, memberships and referrals.

    Returns
    -------
    (pandas.DataFrame, numpy.ndarray of int)
        As `ladder_at` without ``lifecycle_stage``; the step of each row.
    """
    end, rules = pd.Timestamp(day).normalize(), ladder.rules
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
    table["is_member"] = _members(table.index, ladder.memberships, end)
    table["referred"] = _referred(table.index, ladder.referrals, end)
    step = np.select(
        [
            table["days_since_order"] > table["patience"],
            table["is_member"] & (table["referred"] >= rules.partner_referrals),
            table["referred"] >= rules.advocate_referrals,
            table["is_member"],
            table["orders"] >= rules.client_orders,
            table["orders"] >= 2,
        ],
        [STEPS.index(stage) for stage in (
            LifecycleStage.INACTIVE, LifecycleStage.PARTNER, LifecycleStage.ADVOCATE, LifecycleStage.MEMBER,
            LifecycleStage.CLIENT, LifecycleStage.REPEAT)],
        STEPS.index(LifecycleStage.FIRST_TIME),
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


def count_steps(stages: pd.DataFrame, ladder: Ladder, *, min_cell: int = 1) -> pd.DataFrame:
    """How many customers and prospects stand on each step.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `ladder_at`.
    ladder : Ladder
        Its prospects.
    min_cell : int
        Steps of fewer are left out.

    Returns
    -------
    pandas.DataFrame
        ``lifecycle_stage``, ``customers`` (prospects on the steps that customers cannot stand on), in the order of the
        ladder.

    Examples
    --------
    >>> stages = pd.DataFrame({"lifecycle_stage": ["repeat", "repeat", "client"]})
    >>> count_steps(stages, Ladder(LadderRules(4, 180, 3, 1, 3, 1.25, {}))).to_numpy().tolist()
    [['repeat', 2], ['client', 1]]
    """
    counted = stages["lifecycle_stage"].astype(object).value_counts()
    if (waiting := ladder.waiting()) is not None:
        waiting = waiting[waiting["lifecycle_stage"].isin(BEFORE_FIRST)]  # who was lost is no customer gone quiet
        counted = counted.add(waiting["lifecycle_stage"].astype(object).value_counts(), fill_value=0)
    customers = counted.reindex(TOLD).fillna(0).astype(int).to_numpy()
    table = pd.DataFrame({"lifecycle_stage": pd.Series(TOLD, dtype="string"), "customers": customers})
    return steps_shown(table[table["customers"] > 0], "customers", min_cell).reset_index(drop=True)


def join_few(stages: pd.DataFrame, moves: pd.DataFrame, least: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Steps and moves to be told: advocates and partners are one step where either are too few.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `ladder_at`.
    moves : pandas.DataFrame
        Of `monthly_moves`.
    least : int
        The smallest number of customers that may be shown.

    Returns
    -------
    (pandas.DataFrame, pandas.DataFrame)
        The same, with ``advocate_or_partner`` in place of the two.

    Examples
    --------
    >>> stages = pd.DataFrame({"lifecycle_stage": ["advocate"] * 9 + ["partner"]})
    >>> join_few(stages, pd.DataFrame(), 5)[0]["lifecycle_stage"].value_counts().to_dict()
    {'advocate_or_partner': 10}
    """
    named = stages["lifecycle_stage"].astype(object)
    many = named.value_counts().reindex(HIGHEST).dropna()
    if len(many) < len(HIGHEST) or (many >= least).all():
        return stages, moves
    as_one = dict.fromkeys(HIGHEST, EITHER)
    if not moves.empty:
        moves = moves.rename(as_one, level="before").rename(columns=as_one)
        moves = moves.groupby(level=["month", "before"], sort=False).sum().T.groupby(level=0, sort=False).sum().T
    return stages.assign(lifecycle_stage=named.replace(as_one).astype("string")), moves


def steps_shown(table: pd.DataFrame, count: str, least: int) -> pd.DataFrame:
    """Steps that may be shown: those of customers add up to all of them, which everybody knows, and so do the others.

    Examples
    --------
    >>> table = pd.DataFrame({"lifecycle_stage": ["prospect", "repeat", "advocate", "partner"], "n": [9, 90, 30, 4]})
    >>> steps_shown(table, "n", 5)["lifecycle_stage"].tolist()
    ['prospect', 'repeat']
    """
    before = table["lifecycle_stage"].isin(BEFORE_FIRST)
    return table[~too_small(table[count], least, before)]


def prospects_on_ladder(prospects: pd.DataFrame, rules: LadderRules) -> pd.DataFrame:
    """Step of the ladder on which each prospect stands who has not become a customer.

    Parameters
    ----------
    prospects : pandas.DataFrame
        prospect_id, stage [, customer_id once won].
    rules : LadderRules
        The step of each stage of the sales desk.

    Returns
    -------
    pandas.DataFrame
        The prospects that are no customers, with ``lifecycle_stage``.

    Raises
    ------
    UserError
        For a stage that the rules do not name.

    Examples
    --------
    >>> prospects = pd.DataFrame({"prospect_id": ["p", "q"], "stage": ["lead", "won"]})
    >>> rules = LadderRules(4, 180, 3, 1, 3, 1.25, {"lead": "suspect"})
    >>> prospects_on_ladder(prospects, rules)["lifecycle_stage"].tolist()
    ['suspect']
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


def days_on_step(stages: pd.DataFrame, purchases: Purchases, end, ladder: Ladder) -> pd.Series:
    """Days since each customer came to stand on the present step.

    A step is reached on the day on which its rule is first met: the first, second or later purchase day, the day of
    joining, of the referral that counts, or the day after which the silence is too long. Who was inactive since then is
    back on the step from the order that ended the silence, and who has left a programme from the day of leaving.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `ladder_at` at `end`.
    purchases : regulars.purchases.Purchases
        Of all customers.
    end : date
        Last day observed.
    ladder : Ladder
        Its rules, memberships and referrals.

    Returns
    -------
    pandas.Series
        Whole days, by the index of `stages`.

    Raises
    ------
    ValueError
        Where the steps are of other customers than those known at `end`.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-02-19"])})
    >>> ladder, purchases = Ladder(LadderRules(4, 180, 3, 1, 3, 1.25, {})), Purchases.of(orders)
    >>> days_on_step(ladder_at(purchases, "2026-03-01", ladder), purchases, "2026-03-01", ladder).to_dict()
    {'a': 28, 'b': 10}
    """
    last, told, rules = day_number(end), purchases.until(end), ladder.rules
    if len(told.customers) != len(stages):
        raise ValueError("the steps are of other customers than those known on that day")

    def of_order(number: int) -> np.ndarray:
        """Day of each customer's order of that number; missing for those who have not placed it."""
        days = np.full(len(stages), np.nan)
        some = told.frequency >= number - 1
        days[some] = told.day[told.starts[some] + number - 1]
        return days

    ids = pd.Index(stages.index)
    joined, left = (_by_customer(ids, days) for days in _programme_days(ladder.memberships, last))
    first, enough = (
        _by_customer(ids, _referral_days(ladder.referrals, number, last))
        for number in (rules.advocate_referrals, rules.partner_referrals)
    )
    step = pd.Categorical(stages["lifecycle_stage"], list(STEPS)).codes
    since = {
        LifecycleStage.FIRST_TIME: np.fmax(of_order(1), left),
        LifecycleStage.REPEAT: np.fmax(of_order(2), left),
        LifecycleStage.CLIENT: np.fmax(of_order(rules.client_orders), left),
        LifecycleStage.MEMBER: joined,
        LifecycleStage.ADVOCATE: first,
        LifecycleStage.PARTNER: np.fmax(joined, enough),
    }
    reached = np.select([step == STEPS.index(stage.value) for stage in since], list(since.values()), np.nan)
    reached = np.fmax(reached, _returned(told, rules))
    silence = stages["days_since_order"].to_numpy(float) - np.floor(stages["patience"].to_numpy(float)) - 1
    answer = np.where(step == STEPS.index(LifecycleStage.INACTIVE.value), silence, last - reached)
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


def _programme_days(memberships, last: int) -> tuple[pd.Series, pd.Series]:
    """Day of joining the running membership, and the last day of leaving one, by customer."""
    none = pd.Series(dtype=float)
    if memberships is None or memberships.empty:
        return none, none
    joined = pd.Series(day_numbers(memberships["joined_at"]), index=memberships["customer_id"].to_numpy())
    ends = memberships["left_at"] if "left_at" in memberships else pd.Series(pd.NaT, index=memberships.index)
    day = np.where(ends.isna(), np.inf, day_numbers(ends.fillna(pd.Timestamp("1970-01-01"))))
    gone = day <= last
    left = pd.Series(day, index=joined.index)[gone]
    running = joined[~gone & (joined <= last).to_numpy()]
    return running.groupby(level=0).min(), left.groupby(level=0).max()


def _referral_days(referrals, number: int, last: int) -> pd.Series:
    """Day of each customer's referral of that number."""
    if referrals is None or referrals.empty:
        return pd.Series(dtype=float)
    days = pd.DataFrame({"who": referrals["referrer_id"].to_numpy(), "day": day_numbers(referrals["at"])})
    days = days[days["day"] <= last].sort_values("day", kind="stable")
    nth = days.groupby("who").cumcount()
    return days[nth == number - 1].set_index("who")["day"]
