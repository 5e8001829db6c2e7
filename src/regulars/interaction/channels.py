"""Channels: what each costs, how fast it is, what it solves, beside the qualities that the teaching gives it."""

from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.interaction.outcomes import FEW, claim_level, differences, mean_of, solved
from regulars.statistics.intervals import Estimate, against, difference, share, wilson
from regulars.statistics.log_start import full_since

# channel as the log calls it, to the channel of the teaching; others stand without given qualities
KNOWN_AS = {
    "store": "face_to_face", "visit": "face_to_face", "shop": "face_to_face", "face to face": "face_to_face",
    "phone": "phone", "call": "phone", "customer care call": "phone", "letter": "letter", "mail": "letter",
    "email": "email",
    "e-mail": "email", "web": "web", "website": "web", "internet": "web", "portal": "web", "chat": "chat", "app": "app",
    "event": "event", "club": "club",
}  # fmt: skip
# cost, speed, richness, interactivity, closeness: as the teaching gives them; empty where it gives none
GIVEN = {
    "face_to_face": ("high", "rather_slow", "very_rich", "strong", "near"),
    "phone": ("high", "very_fast", "not_rich", "rather_strong", "middle"),
    "letter": ("medium", "slow", "rich", "weak", "far"),
    "email": ("low", "fast", "rich", "rather_weak", "far"),
    "web": ("low", "fast", "rich", "rather_weak", "far"),
}
QUALITIES = ("cost", "speed", "richness", "interactivity", "closeness")
# how near the two sides are
DISTANCE = {"face_to_face": "face_to_face", "event": "face_to_face", "club": "face_to_face", "phone": "through_people",
            "letter": "through_people", "chat": "through_people", "email": "through_people", "web": "without_people",
            "app": "without_people"}  # fmt: skip
MEDIUM = {"face_to_face": "voice", "phone": "voice", "letter": "writing", "email": "electronic", "web": "electronic",
          "chat": "electronic", "app": "electronic", "event": "environment", "club": "organisation"}  # fmt: skip


class Verdict(StrEnum):
    """What can be said of groups that are compared."""

    DIFFER = "differ"
    ALIKE = "alike"
    ONE = "one"  # there is nothing to compare with
    FEW = "few"
    UNRECORDED = "unrecorded"  # nobody notes whether a contact solved anything


def teaching(channel: pd.Series) -> pd.Series:
    """Channel of the teaching that each name of a log stands for; missing for others.

    Examples
    --------
    >>> teaching(pd.Series(["Phone", "visit", "fax"])).tolist()
    ['phone', 'face_to_face', <NA>]
    """
    return channel.astype("string").str.strip().str.lower().map(KNOWN_AS).astype("string")


def channel_table(contacts: pd.DataFrame, *, score_scale=(0.0, 100.0), level: float = 0.9) -> pd.DataFrame:
    """What the firm's contacts show of each channel, beside the qualities given by the teaching.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Clean table ``contacts``; what it does not record stays missing.
    score_scale : (float, float)
        Lowest and highest score of a contact.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per channel, the most used first: ``channel``, ``n``, ``customer_share`` (begun by customers),
        ``cost_per_contact``, ``hours`` (median until an answer), ``self_service``, ``answered`` (share),
        ``satisfaction`` (0 to 100) with limits, ``raw`` and ``share`` (solved, as it is and at one mix of purposes)
        with limits, ``difference`` from all others with limits, ``change``, ``given_cost``, ``given_speed``,
        ``given_richness``, ``given_interactivity``, ``given_closeness``.

    Examples
    --------
    >>> log = pd.DataFrame({"channel": ["phone", "phone", "web"], "initiator": "customer", "purpose": "x",
    ...                     "cost": [4.0, 2.0, 0.1]})
    >>> channel_table(log)[["channel", "n", "cost_per_contact", "given_speed"]].to_numpy().tolist()
    [['phone', 2, 3.0, 'very_fast'], ['web', 1, 0.1, 'fast']]
    """
    frame = contacts.assign(channel=contacts["channel"].astype("string"))
    low, high = score_scale
    empty = pd.Series(np.nan, index=frame.index)

    def number(name: str) -> pd.Series:
        return frame[name].astype(float) if name in frame else empty

    own = frame["initiator"] == "customer"
    hours = number("response_hours").fillna(number("wait_seconds") / 3600)
    columns = {
        "own": own.astype(float),
        "cost": number("cost"),
        "hours": hours.where(own),
        "self_service": number("self_service"),
        "answered": number("answered"),
        "satisfaction": 100 * (number("score") - low) / (high - low),
    }
    grouped = pd.DataFrame(columns).assign(channel=frame["channel"]).groupby("channel")
    table = grouped.agg(
        n=("own", "size"), customer_share=("own", "mean"), cost_per_contact=("cost", "mean"), hours=("hours", "median"),
        self_service=("self_service", "mean"), answered=("answered", "mean"),
    )  # fmt: skip
    told = {name: mean_of(part["satisfaction"], level) for name, part in grouped}
    table["satisfaction"] = [told[name].value for name in table.index]
    table["satisfaction_low"] = [told[name].low for name in table.index]
    table["satisfaction_high"] = [told[name].high for name in table.index]
    fair = differences(solved(frame), "channel", "purpose", level=level)
    fair = (
        fair.drop(columns=["n"]).set_index("channel") if len(fair) else pd.DataFrame(index=pd.Index([], name="channel"))
    )
    table = table.join(fair).reset_index()
    table["channel"] = table["channel"].astype("string")
    given = [GIVEN.get(name, ("",) * len(QUALITIES)) for name in teaching(table["channel"]).fillna("")]
    for place, quality in enumerate(QUALITIES):
        table[f"given_{quality}"] = pd.Series([row[place] or pd.NA for row in given], dtype="string")
    return table.sort_values(["n", "channel"], ascending=[False, True], ignore_index=True)


def begun_by(contacts: pd.DataFrame) -> pd.DataFrame:
    """Contacts by who began, how near the two sides were, and by what medium.

    Returns
    -------
    pandas.DataFrame
        ``initiator``, ``distance`` (face_to_face, through_people, without_people, other), ``medium`` (voice, writing,
        electronic, organisation, environment, other), ``n``, ``share`` (of all).
    """
    known = teaching(contacts["channel"])
    named = {"distance": known.map(DISTANCE), "medium": known.map(MEDIUM)}
    named = {name: values.fillna("other").astype("string") for name, values in named.items()}
    table = contacts.assign(**named).groupby(["initiator", *named], as_index=False).size()
    return table.rename(columns={"size": "n"}).assign(share=table["size"] / max(len(contacts), 1))


def cells(contacts: pd.DataFrame, row: str, level: float = 0.9, min_cell: int = 5) -> pd.DataFrame:
    """Contacts by another column and channel: how many, and which share was answered and solved.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Clean table ``contacts``.
    row : str
        ``content``, ``purpose`` ….
    level : float
    min_cell : int
        Cells with fewer contacts are left out.

    Returns
    -------
    pandas.DataFrame
        `row`, ``channel``, ``n``, ``answered`` (share), ``share`` (solved) with limits; empty where it is not recorded.
    """
    columns = [row, "channel", "n", "answered", "share", "share_low", "share_high"]
    if row not in contacts or contacts[row].isna().all():
        return pd.DataFrame(columns=columns)
    frame = contacts.dropna(subset=[row])
    number = {name: frame[name].astype(float) if name in frame else np.nan for name in ("answered", "resolved")}
    frame = frame[[row, "channel"]].assign(**number)
    table = frame.groupby([row, "channel"], as_index=False).agg(
        n=("channel", "size"), answered=("answered", "mean"), known=("resolved", "count"), good=("resolved", "sum")
    )
    table = table[table["n"] >= min_cell].reset_index(drop=True)
    low, high = wilson(table["good"], table["known"], level)
    with np.errstate(invalid="ignore"):
        rate = np.where(table["known"] > 0, table["good"] / table["known"].where(table["known"] > 0), np.nan)
    return table.assign(share=rate, share_low=low, share_high=high)[columns]


def moods(contacts: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """What is solved by the customer's mood, at one mix of purposes, each against all others.

    Returns
    -------
    pandas.DataFrame
        As `regulars.interaction.outcomes.differences`, by ``mood``; empty where nobody notes it.
    """
    seen = solved(contacts)
    if "mood" not in seen or seen["mood"].isna().all():
        return pd.DataFrame(columns=["mood", "n", "share", "change"])
    return differences(seen.dropna(subset=["mood"]), "mood", "purpose", level=level)


def first_asked(contacts: pd.DataFrame, level: float = 0.9) -> dict[str, Estimate]:
    """First asked owns it: share that nobody passed on, and what passing on goes with.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``transfers``, or ``first_staff`` and ``staff``; ``resolved``.
    level : float

    Returns
    -------
    dict of str to Estimate
        ``kept`` (share not passed on), ``kept_solved``, ``passed_solved`` (share solved of each), ``difference``
        (passed on − kept); empty where it is not recorded.

    Examples
    --------
    >>> log = pd.DataFrame({"initiator": "customer", "resolved": [True, True, False, False], "transfers": [0, 0, 1, 0]})
    >>> told = first_asked(log)
    >>> told["kept"].value, round(told["kept_solved"].value, 3)
    (0.75, 0.667)
    """
    seen = solved(contacts)
    if "transfers" in seen and seen["transfers"].notna().any():
        seen = seen[seen["transfers"].notna()]
        passed = seen["transfers"].astype(float) > 0
    elif {"first_staff", "staff"} <= set(seen) and seen["first_staff"].notna().any():
        seen = seen[seen["first_staff"].notna() & seen["staff"].notna()]
        passed = seen["first_staff"] != seen["staff"]
    else:
        return {}
    passed = passed.astype(bool)
    good = seen["resolved"]
    kept = share(int(good[~passed].sum()), int((~passed).sum()), level)
    on = share(int(good[passed].sum()), int(passed.sum()), level)
    return {
        "kept": share(int((~passed).sum()), len(passed), level),
        "kept_solved": kept,
        "passed_solved": on,
        "difference": difference(on, kept),
    }


def passing_differs(contacts: pd.DataFrame) -> str:
    """Whether what is passed on is solved more or less often, beyond noise: a `regulars.labels.Change`."""
    told = first_asked(contacts, claim_level(1))
    if not told or min(told["kept_solved"].n, told["passed_solved"].n) < FEW:
        return "unknown"
    return against(told["difference"]).value


def outbound(contacts: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """The firm's own calls: attempts, and the share that reached somebody, by hour of the day.

    Returns
    -------
    pandas.DataFrame
        ``hour``, ``n``, ``share`` with limits; a last row of all with hour −1. Empty without such calls.
    """
    columns = ["hour", "n", "share", "share_low", "share_high"]
    if "answered" not in contacts:
        return pd.DataFrame(columns=columns)
    is_call = teaching(contacts["channel"]).eq("phone").fillna(False).astype(bool)
    calls = contacts[is_call & (contacts["initiator"] == "company") & contacts["answered"].notna()]
    if calls.empty:
        return pd.DataFrame(columns=columns)
    good = calls["answered"].astype(bool)
    rows = []
    for hour, part in [*good.groupby(calls["at"].dt.hour), (-1, good)]:
        told = share(int(part.sum()), len(part), level)
        rows.append((int(hour), told.n, told.value, told.low, told.high))
    return pd.DataFrame(rows, columns=columns)


def in_full(contacts: pd.DataFrame, end) -> pd.DataFrame:
    """Contacts from the day on which the log holds what both sides begin: shares of a longer one mix two logs.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Clean table ``contacts``.
    end : date
        Last day observed.

    Examples
    --------
    >>> own = pd.DataFrame({"at": pd.date_range("2025-01-01", "2026-06-30"), "initiator": "company"})
    >>> asked = pd.DataFrame({"at": pd.date_range("2026-02-11", "2026-06-30"), "initiator": "customer"})
    >>> in_full(pd.concat([own, asked], ignore_index=True), "2026-06-30").groupby("initiator")["at"].min().nunique()
    1
    """
    starts = [full_since(at, end) for _, at in contacts["at"].groupby(contacts["initiator"])]
    known = [start for start in starts if start is not pd.NaT]
    return contacts[contacts["at"] >= max(known)] if known else contacts


def tied(contacts: pd.DataFrame, level: float = 0.9) -> Estimate:
    """Share of contacts that are tied to a customer.

    Examples
    --------
    >>> tied(pd.DataFrame({"customer_id": ["a", None]})).value
    0.5
    """
    return share(int(contacts["customer_id"].notna().sum()), len(contacts), level)
