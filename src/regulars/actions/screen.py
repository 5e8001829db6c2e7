"""What the actions page opens with, and what it says is to be done."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from regulars.actions.activities import Plan
from regulars.actions.asking import Asking
from regulars.actions.campaign_sections import Changed, campaigns_in, estimate, label, pays_next
from regulars.actions.campaigns import Judged
from regulars.actions.lists import Monday
from regulars.actions.prospects import Desk, Pipeline
from regulars.actions.wallet import Wallet
from regulars.finding import Action, Finding, FirstScreen, Refusal, Tile, refused
from regulars.labels import Change
from regulars.statistics.intervals import Estimate

NOTHING = "nothing"  # none of the tables is supplied


def first_screen(
    judged: Judged | Refusal,
    desk: Desk | Refusal,
    worth: Mapping[str, Pipeline] | Refusal,
    *,
    plan: Plan | Refusal,
    wallet: Wallet | Refusal,
    tree: Finding,
    monday: Monday,
    level: float,
) -> FirstScreen:
    """Whether campaigns paid, what the pipeline brings, whether the plan is kept, the share of wallet.

    Parameters
    ----------
    judged, desk, worth, plan, wallet : as told by their makers, or a refusal
    tree : Finding
        As `tell_tree` tells it.
    monday : Monday
    level : float

    Returns
    -------
    FirstScreen
        The verdict of the answer is that of the campaigns, ``sales`` where there are none but a sales desk, ``tree``
        where only the tree tells something, or ``nothing``.
    """
    facts: dict[str, Any] = {"listed": len(monday.rows)}
    tiles, verdict = [], NOTHING
    if refused(desk, worth) is None and worth:
        best = worth.get("recalibrated") or next(iter(worth.values()))
        told = best.interval(level)
        tiles.append(Tile("pipeline", told, "money_short", facts={"open": len(desk.open)}))
        facts, verdict = facts | {"pipeline": told, "open": len(desk.open)}, "sales"
    if refused(judged) is None and len(judged.told):
        told = judged.told
        up, down = (told[told["verdict"] == way.value] for way in (Change.UP, Change.DOWN))
        row = (up if len(up) else down if len(down) else told).sort_values("effect", ascending=False).iloc[0]
        verdict = Changed.SOME if len(up) else Changed.LESS if len(down) else Changed.NONE
        facts = {"campaign": label(row), "effect": estimate(row, "effect")}
        facts |= {"n": campaigns_in(told), "up": campaigns_in(up)}
        facts |= {"pays_up_to": estimate(row, "break_even"), "detectable": float(told["detectable"].median())}
        tiles.insert(0, Tile("pays_up_to", estimate(row, "break_even"), "money", facts={"campaign": label(row)}))
    if refused(plan) is None:
        tiles.append(Tile("plan", plan.kept, "percent", facts={"missed": plan.missed}))
    if refused(wallet) is None:
        tiles.append(Tile("wallet", wallet.share, "percent"))
    if verdict == NOTHING and tree.verdict == Change.UP:
        verdict, facts = "tree", facts | {name: tree.facts[name] for name in ("rule", "share", "rate", "outcome")}
    if not tiles:
        tiles.append(Tile("listed", Estimate(len(monday.rows)), "count"))
    return FirstScreen(Finding(verdict, facts), tiles[:4])


def to_do(
    judged: Judged | Refusal, asking: Asking | Refusal, desk: Desk | Refusal, *, monday: Monday, contact_cost: float
) -> list[Action]:
    """What is to be done: ask again where it pays, keep a group back, see to what is overdue.

    Parameters
    ----------
    judged, asking, desk : as told by their makers, or a refusal
    monday : Monday
    contact_cost : float
        Of one call.

    Returns
    -------
    list of Action
        Gain, cost and net only where a lot has shown the gain.
    """
    found = []
    if refused(asking, judged) is None and pays_next(asking):
        told = judged.told
        row = told[(told["name"] == asking.campaign) & (told["arm"] == asking.arm)].iloc[0]
        n = int(row["contacted"])
        gain = Estimate.of((n * float(row[f"break_even{end}"]) for end in ("", "_low", "_high")), int(row["controls"]))
        cost = Estimate(n * asking.cost_each)
        net = Estimate.of((one - cost.value for one in (gain.value, gain.low, gain.high)), gain.n)
        facts = {"campaign": label(row), "customers": n, "days": int(row["days"])}
        found.append(Action("ask", facts=facts, gain=gain, cost=cost, net=net))
    if refused(judged) is None:
        claimed = judged.told.loc[judged.told["verdict"] != Change.UNCLEAR.value, "campaign_id"]
        unclear = judged.told[~judged.told["campaign_id"].isin(claimed)]
        if len(unclear):
            facts = {"n": campaigns_in(unclear), "all": campaigns_in(judged.told)}
            facts |= {"detectable": float(unclear["detectable"].median())}
            found.append(Action("keep_back", facts=facts))
    if refused(desk) is None and desk.open["is_overdue"].any():
        overdue = desk.open[desk.open["is_overdue"]]
        facts = {
            "n": len(overdue),
            "quoted": float(overdue["quoted_amount"].sum()),
            "spent": contact_cost * len(overdue),
        }
        found.append(Action("overdue", facts=facts))
    if len(monday.rows):
        facts = {"n": len(monday.rows), "spent": float(monday.rows["cost"].sum())}
        facts |= {"measured": int(monday.rows["net"].notna().sum())}
        waits = {"waiting": monday.waiting} if monday.waiting else {}
        found.append(Action("monday_waits" if waits else "monday", facts=facts | waits))
    return found


def metrics(judged: Judged | Refusal) -> pd.DataFrame:
    """Effect of each campaign that is told, for who reads figures."""
    if refused(judged) is not None:
        return pd.DataFrame(columns=["campaign", "effect", "effect_low", "effect_high", "verdict"])
    told = judged.told
    return told.assign(campaign=[label(row) for _, row in told.iterrows()])[
        ["campaign", "effect", "effect_low", "effect_high", "verdict"]
    ]
