"""What the actions page tells of clubs, the tree, the sales desk, the plan, the wallet, and Monday's list."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.actions.activities import Plan
from regulars.actions.lists import Monday
from regulars.actions.programmes import Club, Headline
from regulars.actions.prospects import Chances, Desk, Pipeline, correction, ends_by_age, funnel, slippage, win_rates
from regulars.actions.tree import ResponseTree
from regulars.actions.wallet import FAR_TIMES, Mind, Wallet
from regulars.finding import Finding, Refusal, Remark, tells
from regulars.labels import Change
from regulars.statistics.intervals import Estimate, against, from_row

MOST_TIMES = 20  # the members of a club, to be drawn by a lot
# ---- clubs ----


class Clubs(StrEnum):
    """What may be said of clubs."""

    MORE = "more"  # one at least makes members order more
    LESS = "less"
    UNCLEAR = "unclear"
    UNTOLD = "untold"


@tells
def tell_clubs(clubs: Sequence[Club], points: pd.DataFrame, *, level: float) -> Finding:
    """Whether members order more because they are members, and what the rewards cost.

    Parameters
    ----------
    clubs : sequence of Club
    points : pandas.DataFrame
        Of `regulars.actions.checklist`.
    level : float
        Of the intervals.

    Returns
    -------
    Finding
        Its verdict is a `Clubs`; frames ``ways``, ``rewards``, ``points``.
    """
    told = [club for club in clubs if club.headline is Headline.TOLD]
    up, down = ([club for club in told if club.verdict is way] for way in (Change.UP, Change.DOWN))
    verdict = Clubs.MORE if up else Clubs.LESS if down else Clubs.UNCLEAR if told else Clubs.UNTOLD
    one = max(up or down or told or clubs, key=lambda club: club.members)
    facts = {
        "n": len(clubs), "club": one.programme, "members": one.members, "raw": one.raw, "own": one.own,
        "adjusted": one.adjusted, "reward_cost": one.reward_cost, "break_even": one.break_even, "club_level": level,
    }  # fmt: skip
    ways = [
        (club.programme, way, *_ends(value)) for club in clubs
        for way, value in (("raw", club.raw), ("adjusted", club.adjusted), ("own", club.own))
        if np.isfinite(value.value) and (way != "own" or club.headline is Headline.TOLD)
    ]  # fmt: skip
    ways = pd.DataFrame(ways, columns=["programme", "way", "ratio", "ratio_low", "ratio_high", "n"])
    rewards = pd.concat([club.rewards.assign(programme=club.programme) for club in clubs], ignore_index=True)
    frames = {
        "ways": ways[ways["programme"] == one.programme].drop(columns=["programme"]),
        "all": ways if len(clubs) > 1 else ways.head(0),
        "rewards": rewards.reindex(columns=["programme", "tier", "members", "spend", "reward_cost", "reward_share"]),
        "points": points,
    }
    remarks = []
    for club in clubs:
        if club.headline is Headline.ON_ORDER:
            remarks.append(Remark("on_order", {"club": club.programme, "on_order": club.on_order}))
        elif club.headline is Headline.TREND:
            remarks.append(Remark("trend", {"club": club.programme}))
        elif club is not one and club.headline is Headline.TOLD:
            told_of = {"club": club.programme, "own": club.own, "break_even": club.break_even}
            remarks.append(Remark("other", told_of))
    if np.isfinite(one.needed):
        needed, members = int(np.ceil(one.needed)), int(frames["ways"]["n"].max())
        code = "lot" if needed <= MOST_TIMES * members else "no_lot"  # nobody draws so many
        remarks.append(Remark(code, {"needed": needed, "break_even": one.break_even}))
    return Finding(verdict, facts, {name: frame for name, frame in frames.items() if len(frame)}, remarks=remarks)


def _ends(value: Estimate) -> tuple:
    return value.value, value.low, value.high, value.n


# ---- the tree ----


class TreeOutcome(StrEnum):
    """What the table's outcome says, where it is true."""

    UNPAID = "unpaid"
    ANSWERED = "answered"
    LEFT = "left"


class Leaf(StrEnum):
    """What to do with the customers of a leaf."""

    TRUST = "trust"
    REFUSE = "refuse"
    ASK = "ask"
    LEAVE_OUT = "leave_out"
    HOLD = "hold"
    LET_BE = "let_be"
    LOOK = "look"


# where more than elsewhere do what is told of, beyond noise, and where fewer
WHERE_MORE = {TreeOutcome.UNPAID: Leaf.REFUSE, TreeOutcome.ANSWERED: Leaf.ASK, TreeOutcome.LEFT: Leaf.HOLD}
WHERE_FEWER = {TreeOutcome.UNPAID: Leaf.TRUST, TreeOutcome.ANSWERED: Leaf.LEAVE_OUT, TreeOutcome.LEFT: Leaf.LET_BE}


@tells
def tell_tree(tree: ResponseTree, *, outcome: str = TreeOutcome.UNPAID) -> Finding:
    """Who will pay, answer or stay, in words.

    Parameters
    ----------
    tree : ResponseTree
    outcome : TreeOutcome
        What its outcome says, where it is true.

    Returns
    -------
    Finding
        Its verdict is whether the tree tells anything beyond noise (a `Change`); frames ``leaves``, ``fields``.
    """
    leaves, n = tree.leaves, int(tree.leaves["n"].sum())
    base, outcome = float(leaves["events"].sum() / n), TreeOutcome(outcome)
    todo = [
        WHERE_MORE[outcome] if row.rate_low > base else WHERE_FEWER[outcome] if row.rate_high < base else Leaf.LOOK
        for row in leaves.itertuples()
    ]
    leaves = leaves.assign(todo=[one.value for one in todo])
    worst, best = leaves.iloc[0], leaves.iloc[-1]
    facts = {
        "auc": tree.validation, "logistic": tree.logistic, "n": n, "base": base,
        "outcome": outcome.value,
        "rule": worst["rule"], "rate": from_row(worst, "rate"),
        "best": best["rule"], "best_rate": float(best["rate"]), "same_first": tree.same_first,
        "same_second": tree.same_second, "gain": float(worst["gain"]), "share": float(worst["share_of_all"]),
    }  # fmt: skip
    moved = against(tree.cost)
    unread = [] if moved is Change.UNKNOWN else [Remark(f"score_{moved}", {"cost": tree.cost})]
    shifted = tree.balance[tree.balance["psi"] > tree.balance["limit"]]
    remarks = [Remark("refused_field", {"field": row.field, "reason": row.why}) for row in tree.refused.itertuples()]
    remarks += unread
    if len(shifted):
        remarks.append(Remark("shifted", {"n": len(shifted), "all": len(tree.balance)}))
    fields = tree.values.merge(tree.balance, on="field").head(8)
    shown = ["rule", "n", "rate", "rate_low", "rate_high", "lift", "todo"]
    return Finding(against(tree.validation, 0.5), facts, {"leaves": leaves[shown], "fields": fields}, remarks=remarks)


# ---- the sales desk ----


class Worth(StrEnum):
    """What the pipeline is worth, beside what is stated."""

    LESS = "less"
    AGREES = "agrees"
    MORE = "more"
    STATED = "stated"  # nothing was decided yet that could put it right
    EMPTY = "empty"


@tells
def tell_desk(desk: Desk, worth: Mapping[str, Pipeline], *, level: float) -> Finding:
    """What the open deals should bring, and what is overdue.

    Parameters
    ----------
    desk : Desk
    worth : mapping
        Of `regulars.actions.pipelines`.
    level : float

    Returns
    -------
    Finding
        Its verdict is a `Worth`, which follows what decided prospects say of stated chances: how few open deals happen
        to fall says nothing of that. Frames ``ways``, ``funnel``, ``ends``.
    """
    opened = desk.open
    facts: dict[str, object] = {
        "n": len(opened), "overdue": int(opened["is_overdue"].sum()), "past": int(opened["is_past_close"].sum()),
    }  # fmt: skip
    slips = slippage(desk)
    code = {Change.UP: "late", Change.DOWN: "early", Change.UNCLEAR: "on_day"}.get(against(slips))
    remarks = [Remark(code, {"slips": slips})] if code else []
    frames = {"funnel": funnel(desk), "ends": ends_by_age(desk, level)}
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    if "stated" not in worth:
        return Finding(Worth.EMPTY, facts, frames, remarks=remarks)
    ways = {name: one.interval(level) for name, one in worth.items()}
    frames["ways"] = pd.DataFrame(
        [(name, *_ends(one)) for name, one in ways.items()], columns=["way", "worth", "worth_low", "worth_high", "n"]
    )
    facts |= {"stated": ways["stated"].value, "quoted": int(ways["stated"].n)}
    right = ways.get("recalibrated")
    if right is None:
        return Finding(Worth.STATED, facts, frames, remarks=remarks)
    off = correction(desk, level)
    facts |= {"worth": right, "off": off}
    verdict = {Change.UP: Worth.MORE, Change.DOWN: Worth.LESS}.get(against(off), Worth.AGREES)
    return Finding(verdict, facts, frames, remarks=remarks)


class Held(StrEnum):
    """Whether stated chances hold."""

    TOO_HIGH = "too_high"
    TOO_LOW = "too_low"
    HOLD = "hold"


@tells
def tell_chances(desk: Desk, chances: Chances | None, *, level: float) -> Finding:
    """Whether stated chances came true, and what deals were won by.

    Parameters
    ----------
    desk : Desk
    chances : Chances or None
        Of `regulars.actions.chances_held`.
    level : float

    Returns
    -------
    Finding
        Its verdict is a `Held`; frames ``reliability``, ``reasons``, ``within``.
    """
    if chances is None:
        return Finding("unusable", {"why": "No chance was stated before a deal was decided: keep prospect_events."})
    moved = against(chances.won, chances.stated.value)
    verdict = {Change.UP: Held.TOO_LOW, Change.DOWN: Held.TOO_HIGH}.get(moved, Held.HOLD)
    split = chances.split
    facts = {
        "stated": chances.stated.value, "won": chances.won, "n": chances.won.n, "brier": split.brier,
        "uncertainty": split.uncertainty, "right": chances.right.brier,
    }  # fmt: skip
    rates = [win_rates(desk, by, level).assign(by=by) for by in ("key_factor", "competitor", "source", "client_type")]
    reasons = pd.concat([one for one in rates if len(one)], ignore_index=True) if any(map(len, rates)) else None
    frames = {"reliability": chances.table}
    remarks = [Remark("worse" if split.brier > split.uncertainty else "better", {})]
    if reasons is not None:
        order = ["by", "group", "n", "won", "won_low", "won_high", "gap", "gap_low", "gap_high"]
        frames["reasons"] = reasons[order]
    within = _within(desk, level)
    if within is not None:
        frames["within"] = within
        sure = within[within["gap_low"] > 0]
        if len(sure):
            row = sure.iloc[0]
            gap = Estimate(float(row["gap"]), float(row["gap_low"]), float(row["gap_high"]), int(row["n"]))
            remarks.append(Remark("factor", {"source": row["source"], "factor": row["group"], "gap": gap}))
    return Finding(verdict, facts, frames, remarks=remarks)


def _within(desk: Desk, level: float) -> pd.DataFrame | None:
    """What deals were won by, for each source by itself: one that matters for a single source is lost among all."""
    sources = sorted(desk.decided["source"].dropna().unique())
    if len(sources) < 2:
        return None
    each = 1 - (1 - level) / len(sources)
    parts = []
    for source in sources:
        part = desk._replace(rows=desk.rows[desk.rows["source"] == source])
        parts.append(win_rates(part, "key_factor", each).assign(source=source))
    table = pd.concat(parts, ignore_index=True)
    names = ["source", "group", "n", "won", "won_low", "won_high", "gap", "gap_low", "gap_high"]
    table = table[names].sort_values("gap", ascending=False, kind="stable", ignore_index=True)
    return table if len(table) else None


# ---- the plan of activities ----


@tells
def tell_plan(plan: Plan) -> Finding:
    """Whether the plan of visits and calls is kept, and what is ahead.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Finding
        Its verdict is ``differ`` where somebody keeps it more or less than the others beyond noise, else ``alike``;
        frames ``weeks``, ``months``, ``owners``.
    """
    owners = plan.owners
    differ = owners[(owners["gap_low"] > 0) | (owners["gap_high"] < 0)]
    facts = {
        "kept": plan.kept, "missed": plan.missed, "late_days": plan.late_days, "ahead": len(plan.ahead),
    }  # fmt: skip
    facts |= {"differ": len(differ)} if len(differ) else {}
    remarks = [Remark("mended", {"n": plan.mended})] if plan.mended else []
    frames = {"months": plan.months.tail(12).reset_index(drop=True), "weeks": plan.weeks, "owners": owners}
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    return Finding("differ" if len(differ) else "alike", facts, frames, remarks=remarks)


# ---- wallet and mind ----


@tells
def tell_wallet(
    wallet: Wallet, conquest: pd.DataFrame, *, pseudonyms: Callable[[pd.Series], pd.Series], below: float
) -> Finding:
    """What customers spend elsewhere, and where there is something to conquer.

    Parameters
    ----------
    wallet : Wallet
    conquest : pandas.DataFrame
        Of `regulars.actions.conquest`.
    pseudonyms : callable
    below : float
        Share of the wallet below which a customer is on the list.

    Returns
    -------
    Finding
        Its verdict is ``spend`` or ``rank``: how it was asked; frames ``segments``, ``competitors``, ``list``.
    """
    other = wallet.customers["wallet"] * (1 - wallet.customers["share"])
    far = wallet.is_far
    facts = {
        "share": wallet.share, "n": wallet.share.n, "elsewhere": wallet.elsewhere, "listed": len(conquest),
        "below_n": int((wallet.customers["share"] < below).sum()),
    }  # fmt: skip
    if wallet.by == "spend":
        facts["median"] = float(other.median())
    said = {
        "far": int(far.sum()),
        "times": FAR_TIMES,
        "part": float(other[far].sum() / other.sum()) if far.any() else 0.0,
    }
    remarks = [Remark("far", said)] if far.any() else []
    frames = {"segments": wallet.segments, "competitors": wallet.competitors}
    listed = conquest.assign(customer_id=pseudonyms(conquest["customer_id"])).rename(
        columns={"customer_id": "customer"}
    )
    listed = listed.assign(check=np.where(listed["is_far"], "yes", "no"))
    frames["list"] = listed[["customer", "wallet", "share", "elsewhere", "p_active", "check"]]
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    return Finding(wallet.by, facts | {"below": below}, frames, remarks=remarks)


@tells
def tell_mind(mind: Mind, wallet: Wallet | Refusal | None = None) -> Finding:
    """Whom people think of first.

    Parameters
    ----------
    mind : Mind
    wallet : Wallet, optional
        Whose share stands beside it.

    Returns
    -------
    Finding
        Frame ``brands``.
    """
    first = mind.brands.sort_values("first", ascending=False, kind="stable").iloc[0]
    facts = {"first": mind.first, "named": mind.named, "leader": first["brand"], "leader_first": float(first["first"])}
    return Finding("told", facts | {"n": int(first["n"])}, {"brands": mind.brands})


# ---- Monday's list ----


@tells
def tell_monday(monday: Monday, *, pseudonyms: Callable[[pd.Series], pd.Series], days: int) -> Finding:
    """Whom to see to this week, over all pages.

    Parameters
    ----------
    monday : Monday
    pseudonyms : callable
    days : int
        Cooldown.

    Returns
    -------
    Finding
        Its verdict is ``some``, ``mixed`` (prospects among them) or ``none``; frames ``list``, ``kinds``; a remark for
        each reason for which somebody was left off.
    """
    rows = monday.rows
    left_off = {
        "refused": monday.without_consent, "lately": monday.contacted_lately, "kept_back": monday.kept_back,
        "twice": monday.twice, "tiny": monday.tiny,
    }  # fmt: skip
    more: dict[str, dict] = {"lately": {"days": days}, "tiny": {"floor": monday.floor}}
    remarks = [Remark(code, {"many": many, **more.get(code, {})}) for code, many in left_off.items() if many]
    if rows.empty:
        return Finding("none", remarks=remarks)
    if waiting := monday.waiting:
        remarks.append(Remark("waiting", {"many": waiting}))
    customers = rows["customer_id"].notna()
    who = rows["prospect_id"].astype("string").copy()
    who[customers] = pseudonyms(rows.loc[customers, "customer_id"]).astype("string").to_numpy()
    listed = rows.assign(who=who)[
        ["rank", "errand", "who", "channel", "worth", "cost", "net", "net_low", "net_high", "pays_from"]
    ]
    kinds = rows.groupby("errand").agg(n=("rank", "size"), worth=("worth", "sum"), cost=("cost", "sum"))
    facts = {"n": len(rows), "measured": int(rows["net"].notna().sum())}
    frames = {"list": listed, "kinds": kinds.reset_index()}
    return Finding("some" if customers.all() else "mixed", facts, frames, remarks=remarks)
