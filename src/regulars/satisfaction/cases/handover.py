"""Cases handed from one to another: how often, between whom, after how long, and how such cases end."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import Finding, Remark, tells
from regulars.labels import Change, Outcome
from regulars.satisfaction.cases.tickets import FEW_CASES, Cases
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import change, difference, median_interval, share, to_row

CUSTOMER = "customer"  # an actor of the trail who is no member of staff
MOST_TRANSFERS = 3  # and more, in one row


class HandedVerdict(StrEnum):
    """Whether cases that were handed over end without satisfaction more or less often than those that were not."""

    WORSE = "worse"
    BETTER = "better"
    ALIKE = "alike"
    FEW = "few"


BY_CHANGE = {Change.UP: HandedVerdict.WORSE, Change.DOWN: HandedVerdict.BETTER}


def hand_overs(events: pd.DataFrame) -> pd.DataFrame:
    """Every time that a case went from one member of staff to another.

    Parameters
    ----------
    events : pandas.DataFrame
        ``ticket_id``, ``at``, ``actor``: what the customer does hands nothing over.

    Returns
    -------
    pandas.DataFrame
        ``ticket_id``, ``before``, ``after`` (members of staff), ``at``, ``hours`` (since the first of them took it up).

    Examples
    --------
    >>> events = pd.DataFrame({"ticket_id": "1", "actor": ["customer", "ann", "ann", "bob"],
    ...                        "at": pd.to_datetime(["2026-01-01 08:00", "2026-01-01 09:00", "2026-01-01 10:00",
    ...                                              "2026-01-01 12:00"])})
    >>> hand_overs(events)[["before", "after", "hours"]].to_numpy().tolist()
    [['ann', 'bob', 3.0]]
    """
    staff = events[events["actor"].notna() & (events["actor"] != CUSTOMER)]
    staff = staff.sort_values(["ticket_id", "at"], kind="stable")
    case, actor = staff["ticket_id"].astype(object), staff["actor"].astype(object)
    first = (case != case.shift()) | (actor != actor.shift())
    taken = staff[first.to_numpy()].assign(ticket_id=case[first], actor=actor[first])
    grouped = taken.groupby("ticket_id", sort=False)
    moves = pd.DataFrame(
        {
            "ticket_id": taken["ticket_id"],
            "before": grouped["actor"].shift(),
            "after": taken["actor"],
            "at": taken["at"],
            "hours": (taken["at"] - grouped["at"].shift()).dt.total_seconds() / 3600,
        }
    )
    return moves.dropna(subset=["before"]).reset_index(drop=True)


@tells
def tell_handed(cases: Cases, events: pd.DataFrame | None, settings: SatisfactionSettings) -> Finding:
    """How often cases change hands, between whom, and whether those that do end worse.

    Parameters
    ----------
    cases : Cases
        ``transfers`` (how often each was handed over), ``outcome`` and ``resolved_at``.
    events : pandas.DataFrame or None
        Clean table ``ticket_events`` with ``actor``: between whom.
    settings : SatisfactionSettings
        Its ``interval_level``; rows of fewer cases than ``privacy_min_cell`` are left out.

    Returns
    -------
    Finding
        Verdict a `HandedVerdict`; frames ``transfers`` (``transfers``, ``n``, ``share`` that ended without satisfaction
        and ``hours`` until resolved, with limits) and ``hands`` (``before``, ``after``, ``n``, ``hours``).
    """
    tickets, level, least = cases.tickets, settings.interval_level, settings.privacy_min_cell
    needed = {"transfers", "outcome", "resolved_at"} - set(tickets.columns[tickets.notna().any()])
    if needed:
        raise UntoldError(
            f"Table tickets has no {' and no '.join(sorted(needed))}: supply how often each case was handed over, "
            "and how it ended."
        )
    closed = tickets.dropna(subset=["transfers", "outcome", "resolved_at"])
    closed = closed.assign(
        times=closed["transfers"].astype(int).clip(upper=MOST_TRANSFERS),
        unhappy=closed["outcome"] == Outcome.NOT_SATISFIED,
        hours=(closed["resolved_at"] - closed["opened_at"]).dt.total_seconds() / 3600,
    )
    rows = []
    for times, those in closed.groupby("times", sort=True):
        name = f"{times}+" if times == MOST_TRANSFERS else str(times)
        told = share(int(those["unhappy"].sum()), len(those), level)
        middle = dict(zip(("hours", "hours_low", "hours_high"), median_interval(those["hours"], level), strict=True))
        rows.append({"transfers": name, "n": len(those)} | to_row(told, "share") | middle)
    table = large_enough(pd.DataFrame(rows).astype({"transfers": "string"}), "n", least)
    frames = {"transfers": table.reset_index(drop=True)}
    moves = hand_overs(events) if events is not None and "actor" in events else None
    facts = {"part": share(int((closed["times"] > 0).sum()), len(closed), level)}
    remarks = [Remark("untraced")]
    if moves is not None and len(moves):
        pairs = moves.groupby(["before", "after"])["hours"].agg(n="size", hours="median").reset_index()
        pairs = large_enough(pairs, "n", least).sort_values(["n", "before", "after"], ascending=[False, True, True])
        frames["hands"] = pairs.reset_index(drop=True).astype({"before": "string", "after": "string"})
        remarks = [Remark("traced", {"moves": len(moves), "hours": median_interval(moves["hours"], level)[0]})]
    handed = (closed["times"] > 0).to_numpy()
    sides = [share(int(closed.loc[side, "unhappy"].sum()), int(np.sum(side)), level) for side in (handed, ~handed)]
    facts |= {"handed": sides[0], "kept": sides[1]}
    if min(one.n for one in sides) < FEW_CASES:
        return Finding(HandedVerdict.FEW, facts | {"few": FEW_CASES}, frames, remarks=remarks)
    verdict = BY_CHANGE.get(change(*sides), HandedVerdict.ALIKE)
    return Finding(verdict, facts | {"gap": difference(*sides)}, frames, remarks=remarks)
