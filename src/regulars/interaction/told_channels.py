"""What the page tells of channels and touch points."""

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import Finding, Remark, tells
from regulars.interaction.channels import QUALITIES, Verdict, begun_by, cells, moods, tied
from regulars.interaction.customers import BestChannels, Frequency
from regulars.interaction.outcomes import FALSE_PAGES, FEW
from regulars.labels import Change, ChannelBasis
from regulars.settings import InteractionSettings
from regulars.statistics.intervals import from_row

MEASURED = ("channel", "n", "customer_share", "cost_per_contact", "hours", "answered", "self_service", "satisfaction",
            "satisfaction_low", "satisfaction_high")  # fmt: skip
STRICT: dict[str, Any] = {"false_pages": FALSE_PAGES}


@tells
def tell_solved(table: pd.DataFrame) -> Finding:
    """Through which channel problems are solved, at one mix of purposes, beside what the bare shares would say.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `channel_table`.

    Returns
    -------
    Finding
        Verdict a `Verdict`; remark ``turned`` where the bare share says the opposite of the fair one.
    """
    measured = table[[name for name in MEASURED if name in table]].reset_index(drop=True)
    given = table[["channel", *(f"given_{quality}" for quality in QUALITIES)]].dropna(thresh=2).reset_index(drop=True)
    frames = {"measured": measured} | ({"given": given} if len(given) else {})
    known = table[table["share"].notna()] if "share" in table else table.iloc[:0]
    if known.empty:
        return Finding(Verdict.UNRECORDED, {"contacts": int(table["n"].sum()), "channels": len(table)}, frames)
    known = known.sort_values(["share", "channel"], ascending=[False, True], ignore_index=True)
    frames = {"fair": known[["channel", "n", "share", "share_low", "share_high", "raw", "difference", "difference_low",
                             "difference_high"]]} | frames  # fmt: skip
    best = known.iloc[0]
    if len(known) == 1:
        return Finding(Verdict.ONE, {"channel": best["channel"], "solved": from_row(best, "share")}, frames)
    claimed = known[known["change"].isin([Change.UP, Change.DOWN])]
    remarks = [Remark("covered", {"covered": float(best["covered"])})] if best["covered"] < 1 else []
    if claimed.empty:
        return Finding(Verdict.ALIKE, {**STRICT, "channels": len(known)}, frames, remarks=remarks)
    # whoever stands at an end may do so by chance: named is the channel that differs most, beyond noise
    far = claimed.loc[claimed["difference"].abs().idxmax()]
    more = far["difference"] > 0
    facts = {
        "named": far["channel"],
        "difference": from_row(far, "difference"),
        "named_solved": from_row(far, "share"),
    } | STRICT
    turned = claimed[np.sign(claimed["raw_difference"]) != np.sign(claimed["difference"])]
    remarks += [
        Remark(
            "turned",
            {"channel": row["channel"], "raw": float(row["raw_difference"]), "fair": from_row(row, "difference")},
        )
        for _, row in turned.iterrows()
    ]
    return Finding(Change.UP if more else Change.DOWN, facts, frames, remarks=remarks)


class PointsVerdict(StrEnum):
    """Whether a need is not met at some point."""

    GAPS = "gaps"
    MET = "met"
    FEW = "few"


@tells
def tell_points(table: pd.DataFrame, settings: InteractionSettings) -> Finding:
    """Where customers' needs are not met: needs × points, and the gaps with most that is left unsolved.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `touch_points`.
    settings : InteractionSettings
        Its ``met_from``.

    Returns
    -------
    Finding
        Verdict a `PointsVerdict`; frames ``map`` and ``gaps``.
    """
    if table.empty:
        return Finding(PointsVerdict.FEW, {"few": FEW})
    order = table.groupby("channel")["n"].sum().sort_values(ascending=False, kind="stable")
    cells_ = table.assign(_at=table["channel"].map({name: at for at, name in enumerate(order.index)}))
    shown = cells_.sort_values(["purpose", "_at"]).drop(columns="_at")
    frames = {"map": shown[["purpose", "channel", "n", "per_month", "need_share", "share", "share_low", "share_high"]]}
    facts: dict[str, object] = {"points": len(table), "met_from": settings.met_from, "lost": float(table["lost"].sum())}
    gaps = table[table["gap"]]
    if gaps.empty:
        return Finding(PointsVerdict.MET, facts, frames)
    worst = gaps.iloc[0]
    frames["gaps"] = gaps[
        ["purpose", "channel", "level", "rank", "per_month", "share", "share_low", "share_high", "short", "lost", "n"]
    ]
    facts |= {
        "gaps": len(gaps), "purpose": worst["purpose"], "channel": worst["channel"], "solved": from_row(worst, "share"),
        "a_month": float(worst["lost"]), "in_gaps": float(gaps["lost"].sum()),
    }  # fmt: skip
    return Finding(PointsVerdict.GAPS, facts, frames)


@tells
def tell_dealings(contacts: pd.DataFrame, level: float = 0.9, min_cell: int = 5) -> Finding:
    """Who begins, how near the two sides are, and what is talked about where.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Of `in_full`.
    level : float
    min_cell : int
        Cells with fewer contacts are left out.

    Returns
    -------
    Finding
        Frames ``begun`` and, where it is noted, ``content``.
    """
    begun = begun_by(contacts)
    own = float((contacts["initiator"] == "customer").mean())
    frames = {"begun": begun[begun["n"] >= min_cell].reset_index(drop=True)}
    content = cells(contacts, "content", level, min_cell)
    if len(content):
        frames["content"] = content
    near = begun.groupby("distance")["n"].sum() / max(len(contacts), 1)
    facts = {
        "contacts": len(contacts), "own": own, "near": float(near.get("face_to_face", 0.0)),
        "people": float(near.get("through_people", 0.0)), "tied": tied(contacts, level),
        "since": contacts["at"].min().date(),
    }  # fmt: skip
    return Finding("told", facts, frames)


@tells
def tell_moods(contacts: pd.DataFrame, level: float = 0.9) -> Finding:
    """Whether a customer's mood goes with what is solved.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``mood``, ``resolved``, ``purpose``.
    level : float

    Returns
    -------
    Finding
        Verdict a `Verdict`.
    """
    table = moods(contacts, level)
    if table.empty or "difference" not in table:
        raise UserError("Table contacts says of no contact in which mood the customer was and whether it was solved.")
    table = table.sort_values(["share", "mood"], ascending=[False, True], ignore_index=True)
    frames = {"moods": table[["mood", "n", "share", "share_low", "share_high", "raw"]]}
    claimed = table[table["change"].isin([Change.UP, Change.DOWN])]
    if len(table) < 2:
        return Finding(Verdict.ONE, {"mood": table["mood"][0]}, frames)
    if claimed.empty:
        return Finding(Verdict.ALIKE, {**STRICT, "moods": len(table)}, frames)
    far = claimed.loc[claimed["difference"].abs().idxmax()]
    facts = {"mood": far["mood"], "difference": from_row(far, "difference"), "solved": from_row(far, "share")} | STRICT
    return Finding(Verdict.DIFFER, facts, frames)


class PlanVerdict(StrEnum):
    """Whether the goals of the plan can be checked."""

    SOUND = "sound"
    SOME = "some"


@tells
def tell_plan(records: pd.DataFrame) -> Finding:
    """The interaction plan, record by record: can its goal be checked, and what was done.

    Parameters
    ----------
    records : pandas.DataFrame
        Of `plan_records`.

    Returns
    -------
    Finding
        Verdict a `PlanVerdict`; frame ``records``.
    """
    state = np.select(
        [~records["concrete"], ~records["dated"], ~records["compatible"]],
        ["no_target", "no_date", "clashes"],
        "checkable",
    )
    objects = records["object"].astype("string").str.replace("_", " ")  # a segment by its code
    table = records.assign(state=pd.Series(state, dtype="string"), object=objects)
    facts = {"records": len(table), "checkable": int(table["checkable"].sum())}
    behind = table[table["done_per_year"] < table["times_per_year"]]
    facts |= {"behind": len(behind), "judged": int(table["reached"].notna().sum())}
    if table["checkable"].all():
        facts.pop("checkable")
    shown = table[["plan_id", "object", "goal", "channel", "due", "target", "reached", "times_per_year",
                   "done_per_year",
                   "state", "problems", "novelty"]]  # fmt: skip
    return Finding(PlanVerdict.SOUND if table["checkable"].all() else PlanVerdict.SOME, facts, {"records": shown})


@tells
def tell_frequency(found: Frequency) -> Finding:
    """Whether customers order more in months in which they are contacted more, each against the own other months.

    Parameters
    ----------
    found : Frequency
        Of `frequency_response`.

    Returns
    -------
    Finding
        Verdict a `regulars.labels.Change`, allowed for the page's comparisons.
    """
    facts = {"per_contact": found.per_contact, "between": found.between, "months": found.per_contact.n} | STRICT
    frames = {"steps": found.table} if len(found.table) else {}
    return Finding(found.change, facts, frames)


class BestVerdict(StrEnum):
    """Whose channel is told."""

    OWN = "own"
    SEGMENT = "segment"
    NONE = "none"
    FEW = "few"


@tells
def tell_best(found: BestChannels) -> Finding:
    """Through which channel each customer is best served, where that holds on contacts kept back.

    Parameters
    ----------
    found : BestChannels
        Of `best_channels`.

    Returns
    -------
    Finding
        Verdict a `BestVerdict`; frame ``channels``.
    """
    told = found.customers.dropna(subset=["best_channel"])
    facts = {"gain": found.gain, "gain_of_segment": found.gain_of_segment, "customers": len(told)} | STRICT
    if found.basis is None:
        few = np.isnan(found.gain.value) and np.isnan(found.gain_of_segment.value)
        facts.pop("customers")
        return Finding(BestVerdict.FEW if few else BestVerdict.NONE, {} if few else facts)
    table = told.groupby("best_channel", as_index=False).agg(
        customers=("customer_id", "size"), rate=("best_channel_rate", "mean")
    )
    table = table.rename(columns={"best_channel": "channel"}).sort_values(
        ["customers", "channel"], ascending=[False, True], ignore_index=True
    )
    table["customer_share"] = table["customers"] / len(found.customers)
    if found.basis is ChannelBasis.OWN:
        facts.pop("gain_of_segment")
        return Finding(BestVerdict.OWN, facts, {"channels": table})
    facts.pop("customers")
    return Finding(BestVerdict.SEGMENT, facts | {"channel": table["channel"][0]}, {"channels": table})


@tells
def tell_journeys(credit: pd.DataFrame, settings: InteractionSettings) -> Finding:
    """On which way orders come: credit by channel, which is no effect.

    Parameters
    ----------
    credit : pandas.DataFrame
        Of `journeys`.
    settings : InteractionSettings
        Its ``journey_days``.

    Returns
    -------
    Finding
    """
    first = credit.iloc[0]
    facts = {
        "channel": first["channel"], "credit": float(first["share"]), "orders": float(credit["credit"].sum()),
        "days": settings.journey_days,
    }  # fmt: skip
    return Finding("told", facts, {"credit": credit[["channel", "n", "removal", "credit", "share"]]})
