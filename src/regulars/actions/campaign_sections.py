"""What the page tells of campaigns: what they changed, their plans, those without a control, whom to ask next."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.actions.asking import Ask, Asking
from regulars.actions.campaigns import MEANT, Judged, Lot, Watched, bonds_compared
from regulars.finding import Finding, Refusal, Remark, refused, tells
from regulars.labels import Change
from regulars.statistics.intervals import Estimate, against, from_row
from regulars.statistics.trials import ALARM

EFFECT = ["effect", "effect_low", "effect_high"]
# how the lower half by each thing known on the eve is called
LOWER_HALF = {
    "days_since_order": "less_days_since_order",
    "orders": "less_orders",
    "spend_per_order": "less_spend_per_order",
    "days_known": "less_days_known",
}
# which test a lot failed, its p-value, and what is said of it
BROKEN_BY = (
    ("size", "ratio_p", {"seen": "control_share", "planned": "planned_share"}),
    ("before", "earlier_p", {"gap": "earlier_gap"}),
)


class Changed(StrEnum):
    """What may be said of all campaigns."""

    SOME = "some"
    LESS = "less"
    NONE = "none"
    UNTOLD = "untold"


def label(row) -> str:
    """Name of a campaign, its way where it had several, and its month: campaigns of one name are told apart."""
    return f"{_with_way(row['name'], row['arm'])}, {pd.Timestamp(row['starts_at']):%Y-%m}"


def _with_way(campaign: str, arm: str) -> str:
    return campaign if arm == MEANT else f"{campaign}: {arm}"


def campaigns_in(rows: pd.DataFrame) -> int:
    """How many campaigns the rows are of: one with several ways to contact is one.

    Examples
    --------
    >>> campaigns_in(pd.DataFrame({"campaign_id": ["a", "a", "b"], "arm": ["mail", "call", "contacted"]}))
    2
    """
    return int(rows["campaign_id"].nunique())


def estimate(row, name: str, n: str = "controls") -> Estimate:
    """Estimate in one row of the effects."""
    return from_row(row, name, n)


@tells
def tell_campaigns(judged: Judged, watched: Watched, *, margin: float, level: float) -> Finding:
    """Which campaigns changed what customers spend, and at which cost they pay.

    Parameters
    ----------
    judged : Judged
    watched : Watched
    margin, level : float

    Returns
    -------
    Finding
        Its verdict is a `Changed`; frames ``effects``, ``money``, ``several``, ``bonds``.
    """
    told = judged.told
    several = campaigns_in(told)
    facts: dict[str, object] = {"n": several, "rate": judged.rate}
    remarks = _doubts(judged.effects, watched.notes)
    if told.empty:
        return Finding(Changed.UNTOLD, facts, remarks=remarks)
    shown = told.assign(campaign=[label(row) for _, row in told.iterrows()])
    shown = shown.sort_values("effect", ascending=False, kind="stable")
    up, down = (shown[shown["verdict"] == way.value] for way in (Change.UP, Change.DOWN))
    verdict = Changed.SOME if len(up) else Changed.LESS if len(down) else Changed.NONE
    best = (up if len(up) else shown).iloc[0] if verdict is not Changed.LESS else down.iloc[-1]
    facts |= {
        "up": campaigns_in(up), "best": best["campaign"], "effect": estimate(best, "effect"),
        "pays_up_to": estimate(best, "break_even"), "contacted": int(best["contacted"]),
        "in_all": Estimate.of((float(best[one]) * int(best["contacted"]) for one in EFFECT), int(best["controls"])),
        "detectable": float(told["detectable"].median()), "saved": 1 - float(told["variance_ratio"].median()),
        "margin": margin,
    }  # fmt: skip
    if several > 1:
        remarks.append(Remark("pooled", {"pooled": judged.pooled.effect, "n": several}))
    if len(shown) > several:
        remarks.append(Remark("ways", {"n": several, "compared": len(shown)}))
    if shown["is_cut"].any():
        remarks.append(Remark("running", {"n": campaigns_in(shown[shown["is_cut"]])}))
    came = shown[shown["on_attending"].notna()]
    if len(came):
        one = came.loc[came["p_value"].idxmin()]
        remarks.append(
            Remark("came", {"campaign": one["campaign"], "on_attending": estimate(one, "on_attending"),
                            "attended": one["attended"]})
        )  # fmt: skip
    frames = {"effects": shown[["campaign", "contacted", "controls", *EFFECT, "verdict"]].reset_index(drop=True)}
    frames["money"] = shown[
        ["campaign", "contacted", "cost_each", "break_even", "break_even_low", "break_even_high", "net", "net_low",
         "net_high"]
    ].reset_index(drop=True)  # fmt: skip
    frames["several"] = shown[
        ["campaign", "ordered_gap", "ordered_gap_low", "ordered_gap_high", "raw", "effect", "single_low", "single_high",
         "variance_ratio", "detectable", "needed_share"]
    ].rename(columns={"single_low": "effect_low", "single_high": "effect_high"}).reset_index(drop=True)  # fmt: skip
    bonds = bonds_compared(judged, level)
    if len(bonds) > 1:
        frames["bonds"] = bonds
    return Finding(verdict, facts, frames, remarks=remarks)


def _doubts(effects: pd.DataFrame, notes: pd.DataFrame) -> list[Remark]:
    broken = effects[effects["lot"] == Lot.BROKEN.value].drop_duplicates("campaign_id")
    few = effects[effects["lot"] == Lot.TOO_FEW.value].drop_duplicates("campaign_id")
    remarks = [
        Remark(f"broken_{code}", {"campaign": label(row)} | {name: row[column] for name, column in facts.items()})
        for _, row in broken.iterrows()
        for code, test, facts in BROKEN_BY
        if row[test] < ALARM
    ]
    remarks += [
        Remark("too_few", {"campaign": label(row), "controls": int(row["controls"])}) for _, row in few.iterrows()
    ]
    return remarks + [Remark(row.code, {"n": int(row.n)}) for row in notes.itertuples()]


class Planned(StrEnum):
    """Whether the goals of campaigns can be checked."""

    CHECKED = "checked"
    VAGUE = "vague"


MARKS = ("is_specific", "is_achievable", "is_dated", "is_compatible")


@tells
def tell_plans(planned: pd.DataFrame, *, rows: int = 12) -> Finding:
    """Whether campaigns went as planned, and whether their goals could be checked.

    Parameters
    ----------
    planned : pandas.DataFrame
        Of `regulars.actions.plans`.
    rows : int
        Campaigns shown, the latest.

    Returns
    -------
    Finding
        Its verdict is a `Planned`; frames ``plans``, ``goals``.
    """
    vague = ~(planned["is_specific"] & planned["is_dated"])
    unreachable = planned["is_achievable"].eq(False).fillna(False)
    over = planned["over"].dropna()
    cost = planned.dropna(subset=["planned_cost", "actual_cost"])
    facts = {
        "n": len(planned), "vague": int(vague.sum()), "unreachable": int(unreachable.sum()),
        "over": float(cost["actual_cost"].sum() / cost["planned_cost"].sum() - 1) if len(over) else float("nan"),
        "clashing": int((~planned["is_compatible"]).sum()),
    }  # fmt: skip
    latest = planned[planned["contacted"].notna()].tail(rows).iloc[::-1]
    plans = latest[["name", "starts_at", "planned_cost", "actual_cost", "contacted", "reached", "attended", "responded",
                    "bought", "target"]]  # fmt: skip
    goals = latest[["name", "starts_at"]].assign(**{name: _answer(latest[name]) for name in MARKS})
    frames = {"plans": plans.reset_index(drop=True), "goals": goals.reset_index(drop=True)}
    return Finding(
        Planned.VAGUE if vague.any() else Planned.CHECKED, facts, {k: f for k, f in frames.items() if len(f)}
    )


def _answer(values: pd.Series) -> pd.Series:
    return values.astype("boolean").map({True: "yes", False: "no"}).astype("string").fillna("open")


class Believed(StrEnum):
    """What a campaign without a control lets one say."""

    NONE = "none"  # all kept somebody back
    UNBELIEVED = "unbelieved"  # the adjustment finds something where there was nothing yet
    CLEAN = "clean"
    UNKNOWN = "unknown"


@tells
def tell_uncontrolled(table: pd.DataFrame, judged: Judged) -> Finding:
    """What may be said of campaigns that kept nobody back: reach, cost, answers, and whether any adjustment holds.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `regulars.actions.without_control`.
    judged : Judged
        Whose spread says how many would have had to be kept back.

    Returns
    -------
    Finding
        Its verdict is a `Believed`; frame ``placebo``.
    """
    if table.empty:
        return Finding(Believed.NONE)
    known = table.dropna(subset=["before"])
    verdict = Believed.UNKNOWN if known.empty else Believed.CLEAN if known["is_clean"].all() else Believed.UNBELIEVED
    one = (known if len(known) else table).iloc[0]
    facts = {"n": len(table), "campaign": one["name"], "reached": int(table["reached"].sum())}
    if len(known):
        facts |= {name: from_row(one, name, "reached") for name in ("before", "during")}
    return Finding(verdict, facts, {"placebo": table.drop(columns=["is_clean"])})


@tells
def tell_next(asking: Asking | Refusal, *, margin: float) -> Finding:
    """Whom to ask next, where asking is known to pay.

    Parameters
    ----------
    asking : Asking or Refusal
    margin : float

    Returns
    -------
    Finding
        Its verdict is an `Ask`; frames ``groups``, ``leaves``.
    """
    tree = asking.tree
    facts = {
        "campaign": _with_way(asking.campaign, asking.arm), "cost_each": asking.cost_each, "n": asking.customers,
        "all_over": asking.all_over_nobody, "rule_over": asking.rule_over_all, "asked": asking.asked,
        "qini": asking.qini, "margin": margin,
        "in_sample": float(np.mean(tree.in_sample)) if tree is not None else float("nan"),
    }  # fmt: skip
    frames = {"groups": asking.groups}
    if tree is not None:
        frames["leaves"] = tree.leaves[["rule", "n", "built", *EFFECT]]
    differ = asking.groups[asking.groups["p_adjusted"] < 0.05] if len(asking.groups) else asking.groups
    remarks, verdict = [], str(asking.verdict)
    if len(differ):
        row = differ.iloc[differ["p_adjusted"].to_numpy().argmin()]
        remarks.append(
            Remark(
                "differ", {"group": row["group"], "effect": from_row(row, "effect"), "others": from_row(row, "others")}
            )
        )
        halves = {row["group"]: "effect", LOWER_HALF.get(row["group"], ""): "others"}
        unproved = [half for half, name in halves.items() if against(from_row(row, name)) is not Change.UP]
        if asking.verdict is Ask.ALL and unproved:
            verdict, facts["half"] = "all_unproved", unproved[0]
    return Finding(verdict, facts, {name: frame for name, frame in frames.items() if len(frame)}, remarks=remarks)


def pays_next(asking: Asking | Refusal) -> bool:
    """Whether somebody is to be asked next."""
    return refused(asking) is None and asking.verdict in (Ask.ALL, Ask.CHOOSE)
