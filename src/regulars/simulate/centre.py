"""The contact centre of the shop's last months: calls that queue for agents, what else comes in, and shifts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import money

OPENS, CLOSES = 9, 18  # hours, Monday to Friday
HALF_HOUR = 1800.0  # seconds
DAY_LOAD = (1.35, 1.05, 0.95, 0.9, 0.95)  # Monday to Friday, mean 1.04
# load of each half hour from nine o'clock on, mean about 1
HOUR_LOAD = (0.8, 1.2, 1.5, 1.5, 1.3, 1.2, 1.0, 0.8, 0.8, 1.0, 1.1, 1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
DAY_SPREAD = 0.12  # coefficient of variation of a day's load
CUSTOMERS = 5000  # for which the rate of calls stands
AGENTS = tuple(f"C{number:02d}" for number in range(1, 100))
KNOWN_SHARE = 0.35  # of calls and the like that are tied to a customer
LATE_SHIFT, SHIFT_HOURS = 11.0, 7.0  # the early shift starts when the centre opens
# channel: contacts per call, cost, purposes (delivery, product, invoice), expected share solved above the purpose's own
CHANNELS = {
    "phone": (1.00, 4.0, (0.15, 0.30, 0.55), 0.06),
    "chat": (0.25, 1.8, (0.75, 0.18, 0.07), -0.06),
    "email": (0.20, 1.5, (0.40, 0.35, 0.25), -0.03),
    "web": (0.20, 0.1, (0.55, 0.35, 0.10), 0.0),
    "store": (0.10, 6.0, (0.25, 0.55, 0.20), 0.05),
}
PURPOSES = {"delivery": 0.82, "product": 0.66, "invoice": 0.48}  # share solved
REASONS = {"information": 0.5, "product": 0.3, "complaint": 0.15, "suggestion": 0.05}
CONTENTS = {"information": 0.45, "product": 0.35, "emotion": 0.1, "policy": 0.07, "ideas": 0.03}
MOODS = {"comfortable": (0.5, 0.03), "undecided": (0.25, 0.0), "insistent": (0.15, -0.05), "angry": (0.1, -0.12)}
TRANSFERRED, TRANSFER_EFFECT = 0.18, -0.15
WEAK_AGENT, WEAK_EFFECT = 1, -0.15  # the second agent solves less
OWN_SHARE, OWN_EFFECT = 0.5, 0.2  # of the contacts of a customer by the favourite channel; solved more often there
FOLLOWED = 0.6  # of problems that are not solved, after so many days again
DAYS_UNTIL_AGAIN = 2.5
SCORED, SCORE, SCORE_NOISE, SCORE_PER_CONTACT = 0.4, 74.0, 14.0, -6.0
ASKED, QUESTIONS = 0.5, tuple(f"Q{number:02d}" for number in range(1, 13))
DEPARTMENTS = {"service": (0.5, 0.92), "sales": (0.3, 0.88), "accounts": (0.2, 0.7)}  # share; gives the right answer
ALIKE_RIGHT = 0.88  # where departments do not differ
RENEWED = 3  # questions whose right answer changed at half of the time
SAME_DEPARTMENT = 0.6  # of follow-ups that come to the department which ended the last
AGAIN_ASKED = 0.3  # of follow-ups in which the same question is asked
COST_SPREAD = 0.25


@dataclass(frozen=True)
class Centre:
    """Contacts of the centre, the shifts of its agents, and what the truth keeps."""

    contacts: pd.DataFrame
    shifts: pd.DataFrame
    truth: dict


def draw_centre(retailer: Retailer, base: Base, seed: int) -> Centre:
    """Draw what the contact centre's own system recorded in the last weeks; it moves no purchase.

    Calls come by half hour and weekday and wait for the agents on shift, first come, first served. Patience is drawn
    for each caller, so that a wait is the smaller of patience and of what the queue would have asked for.

    Parameters
    ----------
    retailer : Retailer
        Its ``calls_per_hour``, ``patience_seconds``, ``handling_seconds``, ``centre_weeks``; with
        ``interaction_effects`` false nothing moves what is solved but its purpose.
    base : Base
    seed : int

    Returns
    -------
    Centre
    """
    days = _working_days(retailer)
    rate = retailer.calls_per_hour * min(base.rate.size / CUSTOMERS, 10.0)
    arrived = _arrivals(days, _weekday(retailer, days), rate, stream(seed, "calls"))
    shifts = _shifts(days, rate * retailer.handling_seconds / 3600, stream(seed, "shifts"))
    calls = _queue(retailer, arrived, shifts, stream(seed, "queue"))
    first = _with_others(retailer, calls, days, stream(seed, "other contacts"))
    contacts = _followed(retailer, base, first, seed)
    table = _table(retailer, base, contacts)
    starts = retailer.first_day.astype("datetime64[m]")
    spells = pd.DataFrame(
        {
            "staff": np.array(AGENTS, object)[shifts["agent"]],
            "from": _minute(starts, shifts["from"].to_numpy()),
            "to": _minute(starts, shifts["to"].to_numpy()),
        }
    )
    return Centre(table, spells.sort_values(["from", "staff"], ignore_index=True), _truth(retailer, rate))


def _truth(retailer, rate) -> dict:
    on = float(retailer.interaction_effects)
    return {
        "patience_seconds": retailer.patience_seconds,
        "handling_seconds": retailer.handling_seconds,
        "calls_per_hour": rate,
        "effects": bool(retailer.interaction_effects),
        "solved_by_purpose": PURPOSES,
        "channel_effects": {name: on * effect for name, (_, _, _, effect) in CHANNELS.items()},
        "mood_effects": {name: on * effect for name, (_, effect) in MOODS.items()},
        "transfer_effect": on * TRANSFER_EFFECT,
        "own_channel_effect": on * OWN_EFFECT,
        "weak_agent": AGENTS[WEAK_AGENT] if on else None,
        "score_per_further_contact": on * SCORE_PER_CONTACT,
        "right_answers": {name: right if on else ALIKE_RIGHT for name, (_, right) in DEPARTMENTS.items()},
    }


def _working_days(retailer) -> np.ndarray:
    day = np.arange(max(retailer.days - 7 * retailer.centre_weeks, 0), retailer.days)
    return day[_weekday(retailer, day) < 5]


def _weekday(retailer, day):
    return ((retailer.first_day.astype("datetime64[D]").astype(int) + 3) % 7 + day) % 7


def _arrivals(days, weekday, rate, rng) -> pd.DataFrame:
    """Second of the day at which each call comes: Poisson by half hour, the day's level drawn."""
    level = rng.gamma(1 / DAY_SPREAD**2, DAY_SPREAD**2, days.size) if days.size else np.empty(0)
    mean = rate / 2 * level[:, None] * np.array(DAY_LOAD)[weekday][:, None] * np.array(HOUR_LOAD)
    count = rng.poisson(mean)
    day, slot = (np.repeat(grid.ravel(), count.ravel()) for grid in np.indices(count.shape))
    second = OPENS * 3600 + (slot + rng.random(slot.size)) * HALF_HOUR
    order = np.lexsort((second, days[day] if days.size else day))
    return pd.DataFrame({"day": days[day] if days.size else day, "second": second}).iloc[order].reset_index(drop=True)


def _shifts(days, load, rng) -> pd.DataFrame:
    """Two shifts that overlap around noon, every day the same: too few for a Monday morning."""
    early = max(round(load * 1.15 + 0.6 * np.sqrt(load)), 1)
    late = max(round(load * 0.8 + 0.5 * np.sqrt(load)), 1)
    team = early + late
    rows = []
    for day in days.tolist():
        turn = rng.permutation(team)
        rows += [(int(agent), day, OPENS, OPENS + SHIFT_HOURS) for agent in turn[:early]]
        rows += [(int(agent), day, LATE_SHIFT, LATE_SHIFT + SHIFT_HOURS) for agent in turn[early:]]
    frame = pd.DataFrame(rows, columns=["agent", "day", "start", "end"])
    frame["agent"] = frame["agent"].astype(int) % len(AGENTS)
    return frame.assign(**{"from": frame["day"] + frame["start"] / 24, "to": frame["day"] + frame["end"] / 24})


def _queue(retailer, arrived, shifts, rng) -> pd.DataFrame:
    """Who answered each call after which wait: each takes the agent free first, unless patience ends before."""
    n = len(arrived)
    patience = rng.exponential(retailer.patience_seconds, n)
    handling = rng.exponential(retailer.handling_seconds, n)
    wait, agent = np.empty(n), np.full(n, -1)
    on_duty = dict(list(shifts.groupby("day")))
    begin = np.searchsorted(arrived["day"].to_numpy(), list(on_duty), side="left")
    end = np.searchsorted(arrived["day"].to_numpy(), list(on_duty), side="right")
    seconds = arrived["second"].to_numpy()
    for (_, duty), low, high in zip(on_duty.items(), begin, end, strict=True):
        names = duty["agent"].to_numpy()
        free = (duty["start"].to_numpy(float) * 3600).tolist()
        until = (duty["end"].to_numpy(float) * 3600).tolist()
        for call in range(low, high):
            second = seconds[call]
            begins = [
                max(at, second) if max(at, second) < stop else np.inf for at, stop in zip(free, until, strict=True)
            ]
            # of those idle, whoever has waited longest
            chosen = min(range(len(free)), key=lambda k: (begins[k], free[k]))
            offered = begins[chosen] - second
            wait[call] = min(offered, patience[call])
            if offered <= patience[call]:
                agent[call] = names[chosen]
                free[chosen] = begins[chosen] + handling[call]
    answered = agent >= 0
    return arrived.assign(wait=wait, agent=agent, answered=answered, minutes=np.where(answered, handling / 60, np.nan))


def _with_others(retailer, calls, days, rng) -> pd.DataFrame:
    """Calls with what came by other channels, purposes and the rest of what a system notes."""
    frames = [calls.assign(channel="phone")]
    for name, (share, *_) in list(CHANNELS.items())[1:]:
        n = rng.poisson(share * len(calls))
        frames.append(
            pd.DataFrame(
                {
                    "day": rng.choice(days, n) if days.size else np.empty(0, int),
                    "second": (OPENS + (CLOSES - OPENS) * rng.beta(1.6, 1.8, n)) * 3600,
                    "wait": np.nan, "agent": -1, "answered": True, "minutes": np.nan, "channel": name,
                }
            )
        )  # fmt: skip
    frame = pd.concat(frames, ignore_index=True)
    return frame.sort_values(["day", "second", "channel"], kind="stable", ignore_index=True)


def _followed(retailer, base, first, seed) -> pd.DataFrame:
    """Contacts with their outcome, and those that follow because a problem was not solved."""
    rng = stream(seed, "contact outcomes")
    favourite = rng.integers(0, len(CHANNELS), base.rate.size)
    known = rng.random(len(first)) < KNOWN_SHARE
    there = np.searchsorted(base.first_moment, first["day"].to_numpy())  # customers before that day
    customer = np.where(known & (there > 0), np.floor(rng.random(len(first)) * there).astype(int), -1)
    # of known customers half of what is not a call comes by the channel that they like
    channel = pd.Categorical(first["channel"], list(CHANNELS)).codes.astype(int)
    moves = (customer >= 0) & (channel > 0) & (rng.random(len(first)) < OWN_SHARE) & (favourite[customer] > 0)
    channel = np.where(moves, favourite[customer], channel)
    rows = first.assign(customer=customer, channel=channel, problem=np.arange(len(first)), turn=1, last=-1, question=-1)
    rounds = []
    staff = max(int(first["agent"].max()) + 1, 1) if len(first) else 1
    for _ in range(4):
        rows = _outcome(retailer, rows, favourite, staff, rng)
        rounds.append(rows)
        again = rows[(rows["customer"] >= 0) & ~rows["resolved"] & rows["answered"]]
        again = again[rng.random(len(again)) < FOLLOWED]
        day = again["day"] + 1 + np.floor(rng.exponential(DAYS_UNTIL_AGAIN, len(again))).astype(int)
        day += np.array([0, 0, 0, 0, 0, 2, 1])[_weekday(retailer, day.to_numpy())]
        rows = again.assign(
            day=day, turn=again["turn"] + 1, last=again["department"], question=again["question"],
            channel=2, agent=-1, wait=np.nan, minutes=np.nan,
            second=(OPENS + (CLOSES - OPENS) * rng.random(len(again))) * 3600,
        )[day < retailer.days].reset_index(drop=True)  # fmt: skip
    frame = pd.concat(rounds, ignore_index=True)
    return frame.sort_values(["day", "second", "problem", "turn"], kind="stable", ignore_index=True)


def _outcome(retailer, rows, favourite, staff, rng) -> pd.DataFrame:
    n, on = len(rows), float(retailer.interaction_effects)
    channel, customer = rows["channel"].to_numpy(), rows["customer"].to_numpy()
    mixes = np.array([mix for _, _, mix, _ in CHANNELS.values()])
    purpose = (rng.random(n)[:, None] > np.cumsum(mixes, axis=1)[channel][:, :-1]).sum(axis=1)
    purpose = np.where(rows["turn"] > 1, rows.get("purpose", pd.Series(0, index=rows.index)), purpose).astype(int)
    is_web, is_answered = channel == list(CHANNELS).index("web"), rows["answered"].to_numpy(bool)
    human = is_answered & ~is_web
    agent = np.where(rows["agent"] >= 0, rows["agent"], np.where(human, rng.integers(0, staff, n), -1))
    mood = rng.choice(len(MOODS), n, p=[share for share, _ in MOODS.values()])
    transfers = np.where(human, (rng.random(n) < TRANSFERRED) * (1 + (rng.random(n) < 0.15)), 0)
    chance = (
        np.array(list(PURPOSES.values()))[purpose]
        + on * np.array([effect for *_, effect in CHANNELS.values()])[channel]
        + on * np.array([effect for _, effect in MOODS.values()])[mood]
        + on * TRANSFER_EFFECT * transfers
        + on * WEAK_EFFECT * (agent == WEAK_AGENT)
        + on * OWN_EFFECT * ((customer >= 0) & (favourite[customer] == channel))
    )
    resolved = is_answered & (rng.random(n) < np.clip(chance, 0.02, 0.98))
    department = rng.choice(len(DEPARTMENTS), n, p=[share for share, _ in DEPARTMENTS.values()])
    department = np.where((rows["last"] >= 0) & (rng.random(n) < SAME_DEPARTMENT), rows["last"], department)
    asks = human & (rng.random(n) < ASKED)
    again = (rows["question"] >= 0) & (rng.random(n) < AGAIN_ASKED)
    question = np.where(asks, rng.integers(0, len(QUESTIONS), n), -1)
    question = np.where(human & again, rows["question"], question)
    right = np.array([right if on else ALIKE_RIGHT for _, right in DEPARTMENTS.values()])[department]
    answer = np.where(rng.random(n) < right, 0, 1 + rng.integers(0, 2, n))
    renewed = (question < RENEWED) & (rows["day"].to_numpy() >= retailer.days - 7 * retailer.centre_weeks / 2)
    noise = SCORE_NOISE * rng.standard_normal(n)
    score = np.clip(np.round(SCORE + on * SCORE_PER_CONTACT * (rows["turn"] - 1) + noise), 0, 100)
    return rows.assign(
        purpose=purpose, agent=agent, mood=mood, transfers=transfers, resolved=resolved, department=department,
        question=question, answer=answer + 3 * renewed, 
        first_agent=np.where(transfers > 0, rng.integers(0, staff, n), agent),
        score=np.where((customer >= 0) & is_answered & (rng.random(n) < SCORED), score, np.nan),
        reason=rng.choice(len(REASONS), n, p=list(REASONS.values())),
        content=rng.choice(len(CONTENTS), n, p=list(CONTENTS.values())),
        ended_by=np.where(is_answered, np.where(rng.random(n) < 0.7, 1, 2), 0),
        cost=np.array([cost for _, cost, *_ in CHANNELS.values()])[channel]
        * rng.gamma(1 / COST_SPREAD**2, COST_SPREAD**2, n),
        hours=np.where(channel == 2, np.exp(np.log(6.0) + 0.8 * rng.standard_normal(n)), np.nan),
    )  # fmt: skip


def _minute(start, moment) -> np.ndarray:
    stamps = start + np.round(np.asarray(moment) * 1440).astype("timedelta64[m]")
    return np.char.replace(stamps.astype(str), "T", " ").astype(object)


def _named(names, code) -> np.ndarray:
    """Name of each code; empty where it is negative."""
    return np.array([*names, ""], object)[np.asarray(code, int)]


def _number(values, form) -> np.ndarray:
    values = np.asarray(values, float)
    return np.where(np.isnan(values), "", np.char.mod(form, np.nan_to_num(values)))


def _table(retailer, base: Base, rows: pd.DataFrame) -> pd.DataFrame:
    answered, channel = rows["answered"].to_numpy(bool), rows["channel"].to_numpy()
    is_phone, is_web = (channel == 0) & rows["wait"].notna().to_numpy(), channel == list(CHANNELS).index("web")
    stamp = _minute(retailer.first_day.astype("datetime64[m]"), rows["day"] + np.floor(rows["second"] / 60) / 1440)
    question = rows["question"].to_numpy()
    answer = np.char.add(
        np.char.add(_named(QUESTIONS, question).astype(str), "-"), rows["answer"].astype(str).to_numpy(str)
    )
    problem = np.char.add("V", (60_001 + rows["problem"]).astype(str).to_numpy(str))
    return pd.DataFrame(
        {
            "contact_no": [f"N{number}" for number in range(2_000_001, 2_000_001 + len(rows))],
            "customer": _named(base.customer_id, rows["customer"]),
            "at": stamp,
            "channel": _named(CHANNELS, channel),
            "initiator": "customer",
            "purpose": _named(PURPOSES, rows["purpose"]),
            "staff": _named(AGENTS, rows["agent"]),
            "cost": np.where(answered, money(rows["cost"]), ""),
            "minutes": _number(rows["minutes"], "%.1f"),
            "wait_seconds": np.where(is_phone, _number(rows["wait"], "%.1f"), ""),
            "answered": np.where(answered, "yes", "no"),
            "self_service": np.where(is_web, "yes", "no"),
            "content": _named(CONTENTS, rows["content"]),
            "score": _number(rows["score"], "%.0f"),
            "reason": _named(REASONS, rows["reason"]),
            "mood": np.where(answered & ~is_web, _named(MOODS, rows["mood"]), ""),
            "queue": np.where(is_phone, "service line", ""),
            "transfers": np.where(answered & ~is_web, rows["transfers"].astype(str), ""),
            "first_staff": _named(AGENTS, np.where(answered, rows["first_agent"], -1)),
            "resolved": np.where(answered, np.where(rows["resolved"], "yes", "no"), ""),
            "ticket": np.where(rows["customer"] >= 0, problem, ""),
            "question": _named(QUESTIONS, question),
            "department": np.where(answered & ~is_web, _named(DEPARTMENTS, rows["department"]), ""),
            "answer": np.where(question >= 0, answer, ""),
            "ended_by": _named(["customer", "staff"], np.where(answered, rows["ended_by"] - 1, 0)),
            "response_hours": _number(rows["hours"], "%.2f"),
        }
    )  # fmt: skip
