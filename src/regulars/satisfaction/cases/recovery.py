"""What a complaint put right leaves behind: who comes back and speaks well, what a further contact and a call do."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import Finding, Remark, tells
from regulars.labels import CaseExperience, Change, Outcome
from regulars.purchases import Purchases, day_numbers
from regulars.satisfaction.cases.iceberg import PUBLISHED
from regulars.satisfaction.cases.service import cost_of_further
from regulars.satisfaction.cases.tickets import FEW_CASES, Cases, need_closing
from regulars.satisfaction.survey.answers import among, days_of
from regulars.satisfaction.survey.indices import mean_score
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, against, change, difference, from_row, share, to_row
from regulars.statistics.slope import robust_slope

MOST_CONTACTS = 4  # and more, in one row
# a further contact is said to cost ten points of satisfaction and to double the cost: teaching texts, without a study
PUBLISHED_POINTS = 10.0
FOLLOW_UP, FOLLOW_UP_DAYS = "follow-up", 14  # purpose of a contact; a call later than that follows up nothing
GOOD = (Outcome.RESOLVED.value, Outcome.RESOLVED_QUICKLY.value)


class ComebackVerdict(StrEnum):
    """Whether those whose complaint was put right order again more or less often than those who never had one."""

    MORE = "more"
    LESS = "less"
    ALIKE = "alike"
    FEW = "few"


class FurtherVerdict(StrEnum):
    """Whether satisfaction falls, or rises, with each further contact that a case takes, beyond noise.

    Elsewhere: contacts that name their case are scored, so that the interaction page tells it from all of them.
    """

    FALLS = "falls"
    RISES = "rises"
    UNCLEAR = "unclear"
    FEW = "few"
    ELSEWHERE = "elsewhere"


class FollowupVerdict(StrEnum):
    """Whether those who were called after their case was solved order again more or less often than the others."""

    MORE = "more"
    LESS = "less"
    UNCLEAR = "unclear"
    FEW = "few"


BY_CHANGE = {Change.UP: ComebackVerdict.MORE, Change.DOWN: ComebackVerdict.LESS}
BY_SLOPE = {Change.UP: FurtherVerdict.RISES, Change.DOWN: FurtherVerdict.FALLS}
BY_CALL = {Change.UP: FollowupVerdict.MORE, Change.DOWN: FollowupVerdict.LESS}


def experience_at(answered_at: pd.Series, complaints: pd.DataFrame) -> pd.Series:
    """What had become of the complaints of each customer by the day of an answer.

    Parameters
    ----------
    answered_at : pandas.Series
        Day of the answer by customer_id, each customer once.
    complaints : pandas.DataFrame
        ``customer_id``, ``opened_at``, ``resolved_at`` (missing while open), ``outcome``.

    Returns
    -------
    pandas.Series
        By customer_id: never, or righted or unrighted by the complaint closed last (`CaseExperience`); missing where
        none was closed by then.

    Examples
    --------
    >>> day = pd.Timestamp("2026-03-01")
    >>> log = pd.DataFrame({"customer_id": ["b", "c"], "opened_at": day, "resolved_at": [day, pd.NaT],
    ...                     "outcome": ["resolved", None]})
    >>> experience_at(pd.Series(day, index=list("abc")), log).tolist()
    ['never', 'righted', nan]
    """
    known = complaints[among(complaints["customer_id"], answered_at.index)]
    who = known["customer_id"].astype(object)
    asked = days_of(who, answered_at)
    came = (pd.to_datetime(known["opened_at"]).dt.normalize() <= asked).to_numpy()
    ended = (pd.to_datetime(known["resolved_at"]).dt.normalize() <= asked).to_numpy() & known["outcome"].notna()
    last = known[ended].sort_values("resolved_at", kind="stable").drop_duplicates("customer_id", keep="last")
    righted = pd.Series(np.where(last["outcome"].isin(GOOD), CaseExperience.RIGHTED.value,
                                 CaseExperience.UNRIGHTED.value), index=last["customer_id"].astype(object))  # fmt: skip
    told = pd.Series(CaseExperience.NEVER.value, index=answered_at.index, dtype=object)
    told[among(told.index, who[came])] = np.nan
    return told.where(~among(told.index, righted.index), righted.reindex(told.index.astype(object)).to_numpy())


@tells
def tell_comeback(
    followed: pd.DataFrame,
    survey: Survey,
    cases: Cases,
    referrals: pd.DataFrame | None,
    *,
    settings: SatisfactionSettings,
) -> Finding:
    """Whether a complaint put right makes customers as loyal as none at all, and whether speaking up brings one back.

    Parameters
    ----------
    followed : pandas.DataFrame
        Of `regulars.satisfaction.repurchases`: by customer_id ``answered_at``, ``satisfaction`` (0 to 100), ``bought``.
    survey : Survey
        Its items of loyalty make the attitude.
    cases : Cases
        Complaints before the answer; what came after it is not known at the answer.
    referrals : pandas.DataFrame or None
        ``referrer_id``, ``at``: whom customers brought after the answer.
    settings : SatisfactionSettings
        Its ``dissatisfied_below``, ``handling.return_days``, ``min_answers``, ``questions``, ``privacy_min_cell``.

    Returns
    -------
    Finding
        Verdict a `ComebackVerdict`; frame ``groups``: ``experience`` (`CaseExperience`), ``n``, with limits ``share``
        (ordered again), ``satisfaction``, ``attitude`` and ``referred`` (share who brought somebody).
    """
    for column in ("resolved_at", "outcome"):
        if column not in cases.complaints or not cases.complaints[column].notna().any():
            raise UntoldError(f"Table tickets has no {column}: supply when each was closed, and how it ended.")
    level, days = settings.interval_level, settings.handling.return_days
    told = followed.assign(
        experience=experience_at(followed["answered_at"], cases.complaints),
        attitude=_attitude(followed, survey, settings),
        referred=_referred(followed["answered_at"], referrals, days),
    )  # fmt: skip
    low = told["satisfaction"] < settings.dissatisfied_below
    silent = told["experience"] == CaseExperience.NEVER
    groups = {kind: told["experience"] == kind for kind in CaseExperience}
    groups |= {CaseExperience.COMPLAINED: low & ~silent, CaseExperience.SILENT: low & silent}
    rows = {kind: _row(told[those], level) for kind, those in groups.items()}
    found = {kind.value: from_row(row, "share") for kind, row in rows.items()}
    table = pd.DataFrame([{"experience": kind.value} | row for kind, row in rows.items()])
    table = table[table["n"] >= max(settings.privacy_min_cell, 1)].reset_index(drop=True)
    never, righted = found["never"], found["righted"]
    facts = {"never": never, "righted": righted, "days": days, "below": settings.dissatisfied_below}
    remarks = [_voice(found, settings.min_answers), _mouth(rows, settings.min_answers, referrals is not None)]
    if min(never.n, righted.n) < settings.min_answers:
        return Finding(ComebackVerdict.FEW, facts | {"least": settings.min_answers}, {"groups": table}, remarks=remarks)
    attitudes = [from_row(rows[kind], "attitude") for kind in (CaseExperience.RIGHTED, CaseExperience.NEVER)]
    facts |= {"gap": difference(righted, never), "attitude_gap": difference(*attitudes)}
    verdict = BY_CHANGE.get(change(righted, never), ComebackVerdict.ALIKE)
    return Finding(verdict, facts, {"groups": table}, remarks=remarks)


def _attitude(followed, survey, settings):
    """Mean of the items of loyalty in the very answer that was followed; missing without such items."""
    asked = settings.questions
    items = survey.items.loc[survey.items["construct"] == asked.loyalty_construct, "item"]
    items = [item for item in items.drop_duplicates() if item != asked.immunity_item and item in survey.wide]
    known = survey.wide.dropna(subset=["customer_id"])
    answer = days_of(known["customer_id"], followed["answered_at"])
    known = known[(pd.to_datetime(known["answered_at"]).dt.normalize() == answer).to_numpy()]
    known = known.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    return known[items].mean(axis=1).reindex(followed.index)


def _referred(answered_at, referrals, days):
    """Whether a customer brought somebody in the days after the answer; missing where referrals are not supplied."""
    if referrals is None:
        return pd.Series(np.nan, index=answered_at.index)
    who = referrals["referrer_id"].astype(object)
    wait = pd.to_datetime(referrals["at"]).dt.normalize() - days_of(who, answered_at)
    inside = ((wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=days))).to_numpy()
    return pd.Series(among(answered_at.index, who[inside]), index=answered_at.index).astype(float)


def _row(those: pd.DataFrame, level: float) -> dict:
    referred = those["referred"].dropna()
    told = {
        "share": share(int(those["bought"].sum()), len(those), level),
        "satisfaction": mean_score(those["satisfaction"], level),
        "attitude": mean_score(those["attitude"], level),
        "referred": share(int(referred.sum()), len(referred), level),
    }
    row: dict[str, object] = {"n": len(those)}
    for name, estimate in told.items():
        row |= to_row(estimate, name)
    return row


def _voice(found: dict[str, Estimate], least: int) -> Remark:
    """Those dissatisfied who complained beside those who kept silent, and what a published study has of them."""
    spoke, silent = found["complained"], found["silent"]
    moved = Change.UNKNOWN if min(spoke.n, silent.n) < least else change(spoke, silent)
    facts: dict[str, object] = {"spoke": spoke, "silent": silent} | (
        {"least": least} if moved is Change.UNKNOWN else {}
    )
    for name, key in (("quiet", "no_complaint"), ("vain", Outcome.NOT_SATISFIED.value)):
        facts |= {f"{name}_small": PUBLISHED[key][0], f"{name}_large": PUBLISHED[key][1]}
    return Remark(f"voice_{moved.value}", facts)


def _mouth(rows: dict[CaseExperience, dict], least: int, supplied: bool) -> Remark:
    """Whom those whose complaint was put right brought, beside those who never had one."""
    righted, never = (from_row(rows[kind], "referred") for kind in (CaseExperience.RIGHTED, CaseExperience.NEVER))
    if not supplied:
        return Remark("mouth_missing")
    moved = Change.UNKNOWN if min(righted.n, never.n) < least else change(righted, never)
    return Remark(
        f"mouth_{moved.value}",
        {"righted": righted} | ({"least": least} if moved is Change.UNKNOWN else {"never": never}),
    )


def last_case_before(answered: pd.DataFrame, tickets: pd.DataFrame, within_days: int) -> pd.DataFrame:
    """The last case of each customer that was closed before the answer, with the satisfaction told in it.

    Parameters
    ----------
    answered : pandas.DataFrame
        ``customer_id``, ``answered_at``, ``satisfaction`` (0 to 100), one row per customer.
    tickets : pandas.DataFrame
        Clean cases of any kind: ``customer_id``, ``resolved_at``, ``contacts``, ``category``.
    within_days : int
        Closed on the day of the answer or so many days before.

    Returns
    -------
    pandas.DataFrame
        ``contacts``, ``category``, ``satisfaction``, one row per customer.

    Examples
    --------
    >>> day = pd.Timestamp("2026-03-01")
    >>> answers = pd.DataFrame({"customer_id": ["a"], "answered_at": day, "satisfaction": 60.0})
    >>> log = pd.DataFrame({"customer_id": ["a", "a"], "resolved_at": [day, day + pd.Timedelta(days=1)],
    ...                     "contacts": [3, 1], "category": "late"})
    >>> last_case_before(answers, log, 180)["contacts"].tolist()
    [3.0]
    """
    known = answered.dropna(subset=["customer_id", "satisfaction"]).drop_duplicates("customer_id", keep="last")
    known = known.set_index(known["customer_id"].astype(object))
    rows = tickets[among(tickets["customer_id"], known.index)].dropna(subset=["resolved_at", "contacts", "category"])
    who = rows["customer_id"].astype(object)
    asked = days_of(who, known["answered_at"])
    ago = asked - pd.to_datetime(rows["resolved_at"]).dt.normalize()
    inside = ((ago >= pd.Timedelta(0)) & (ago <= pd.Timedelta(days=within_days))).to_numpy()
    last = rows[inside].sort_values("resolved_at", kind="stable").drop_duplicates("customer_id", keep="last")
    last = last.assign(satisfaction=last["customer_id"].astype(object).map(known["satisfaction"]))
    return last[["contacts", "category", "satisfaction"]].astype({"contacts": float, "category": object})


@tells
def tell_further(
    answered: pd.DataFrame, cases: Cases, contacts: pd.DataFrame | None, settings: SatisfactionSettings
) -> Finding:
    """What each further contact that a case takes costs, in satisfaction and in money.

    Parameters
    ----------
    answered : pandas.DataFrame
        ``customer_id``, ``answered_at``, ``satisfaction`` (0 to 100), one row per customer.
    cases : Cases
        Cases of any kind, with ``contacts``.
    contacts : pandas.DataFrame or None
        ``ticket_id``, ``cost``, ``score``: where they name their cases, what a further contact has cost; else what the
        settings assume. Where such contacts are scored nothing is told here: the interaction page does, from more.
    settings : SatisfactionSettings
        Its ``handling`` (``return_days`` before the answer in which a case counts, ``call_back_cost``), ``min_answers``
        and ``privacy_min_cell``.

    Returns
    -------
    Finding
        Verdict a `FurtherVerdict`; frame ``steps``: ``contacts``, ``n``, ``satisfaction`` with limits, ``cost`` (of all
        contacts of a case, currency).
    """
    tickets, level = cases.tickets, settings.interval_level
    if "contacts" not in tickets or not tickets["contacts"].notna().any():
        raise UntoldError("Table tickets has no contacts: supply how many contacts each case took.")
    need_closing(tickets)
    seen = last_case_before(answered, tickets, settings.handling.return_days)
    scored = pd.DataFrame() if contacts is None else contacts.reindex(columns=["ticket_id", "score"]).dropna()
    if len(scored) >= settings.min_answers:
        return Finding(FurtherVerdict.ELSEWHERE)
    each = cost_of_further(contacts)
    facts: dict[str, object] = {"n": len(seen), "days": settings.handling.return_days}
    slope = robust_slope(seen["contacts"], seen["satisfaction"], seen["category"], level)
    if len(seen) < settings.min_answers or np.isnan(slope.value):
        return Finding(FurtherVerdict.FEW, facts | {"least": settings.min_answers})
    measured = np.isfinite(each)
    each = each if measured else settings.handling.call_back_cost
    facts["each"] = each
    number = seen["contacts"].clip(upper=MOST_CONTACTS).astype(int)
    rows = []
    for contacts_of, those in seen.groupby(number, sort=True):
        name = f"{contacts_of}+" if contacts_of == MOST_CONTACTS else str(contacts_of)
        row = {"contacts": name, "n": len(those), "cost": those["contacts"].mean() * each}
        rows.append(row | to_row(mean_score(those["satisfaction"], level), "satisfaction"))
    table = large_enough(pd.DataFrame(rows).astype({"contacts": "string"}), "n", settings.privacy_min_cell)
    verdict = BY_SLOPE.get(against(slope), FurtherVerdict.UNCLEAR)
    facts |= {"slope": slope, "published": PUBLISHED_POINTS}
    remarks = [] if measured else [Remark("assumed")]
    return Finding(verdict, facts, {"steps": table.reset_index(drop=True)}, remarks=remarks)


@tells
def tell_followup(
    cases: Cases, contacts: pd.DataFrame | None, purchases: Purchases, end, *, settings: SatisfactionSettings
) -> Finding:
    """Whether customers are asked after a case was solved or a repair made, and whether those who were order again.

    Parameters
    ----------
    cases : Cases
        Complaints with ``resolved_at``, ``outcome`` and, where it is recorded, ``verdict``.
    contacts : pandas.DataFrame or None
        ``customer_id``, ``at``, ``initiator``, ``purpose``: a contact of the firm's with the purpose ``follow-up``
        within 14 days after a case was closed follows it up.
    purchases : regulars.purchases.Purchases
        Every purchase day. Orders count from the day after those 14 days, so that who ordered at once, and was called
        about that, is on neither side ahead.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``handling.return_days`` and ``privacy_min_cell``.

    Returns
    -------
    Finding
        Verdict a `FollowupVerdict`; frame ``remedies``: ``verdict`` (granted), ``n``, ``share`` who were called.
    """
    level, days = settings.interval_level, settings.handling.return_days
    complaints = cases.complaints
    calls = _follow_ups(contacts)
    if calls.empty:
        raise UntoldError(
            f"Table contacts has no contact of the firm's with the purpose {FOLLOW_UP}: record the calls after a "
            "case is solved or a repair made."
        )
    if not {"resolved_at", "outcome"} <= set(complaints.columns[complaints.notna().any()]):
        raise UntoldError("Table tickets has no resolved_at or no outcome: supply when each case was closed, and how.")
    solved = complaints[complaints["outcome"].isin(GOOD)].dropna(subset=["resolved_at", "customer_id"])
    called = _called(solved, calls)
    closed = day_numbers(solved["resolved_at"]) + FOLLOW_UP_DAYS
    over = solved["resolved_at"].dt.normalize() + pd.Timedelta(days=FOLLOW_UP_DAYS + days) <= pd.Timestamp(end)
    place = purchases.places(solved["customer_id"])
    again = purchases.up_to(place, closed + days) > purchases.up_to(place, closed)
    sides = solved.assign(called=called, again=again)[over.to_numpy()].sort_values("resolved_at", kind="stable")
    sides = sides.drop_duplicates("customer_id", keep="last")
    back = {
        name: share(int(sides.loc[side, "again"].sum()), int(side.sum()), level)
        for name, side in (("called", sides["called"]), ("uncalled", ~sides["called"]))
    }
    facts = {"part": share(int(called.sum()), len(solved), level), "within": FOLLOW_UP_DAYS, "days": days}
    frames = {}
    if "verdict" in solved and solved["verdict"].notna().any():
        kinds = solved.assign(called=called, verdict=solved["verdict"].astype(object)).groupby("verdict")["called"]
        table = kinds.agg(n="size", hits="sum").reset_index()
        ends = [share(int(hits), int(n), level) for hits, n in zip(table["hits"], table["n"], strict=True)]
        table = table.join(pd.DataFrame([to_row(one, "share") for one in ends])).drop(columns="hits")
        table = large_enough(table, "n", settings.privacy_min_cell).astype({"verdict": "string"})
        frames["remedies"] = table.sort_values(["n", "verdict"], ascending=[False, True], ignore_index=True)
    if min(one.n for one in back.values()) < FEW_CASES:
        return Finding(FollowupVerdict.FEW, facts | {"called": back["called"], "few": FEW_CASES}, frames)
    verdict = BY_CALL.get(change(back["called"], back["uncalled"]), FollowupVerdict.UNCLEAR)
    return Finding(verdict, facts | back | {"gap": difference(back["called"], back["uncalled"])}, frames)


def _follow_ups(contacts) -> pd.DataFrame:
    if contacts is None or "purpose" not in contacts:
        return pd.DataFrame()
    purpose = contacts["purpose"].astype(object).fillna("").str.strip().str.lower()
    return contacts[((purpose == FOLLOW_UP) & (contacts["initiator"] == "company")).to_numpy(bool)]


def _called(solved: pd.DataFrame, calls: pd.DataFrame) -> np.ndarray:
    """Whether each solved case was followed by a call within the days."""
    cases = pd.DataFrame({"who": solved["customer_id"].astype(object), "place": np.arange(len(solved)),
                          "at": solved["resolved_at"].astype("datetime64[us]")}).sort_values("at")  # fmt: skip
    later = pd.DataFrame({"who": calls["customer_id"].astype(object), "at": calls["at"].astype("datetime64[us]")})
    later = later.dropna().assign(found=True).sort_values("at")
    joined = pd.merge_asof(cases, later, on="at", by="who", direction="forward", allow_exact_matches=False,
                           tolerance=pd.Timedelta(days=FOLLOW_UP_DAYS))  # fmt: skip
    return joined.sort_values("place")["found"].eq(True).to_numpy()
