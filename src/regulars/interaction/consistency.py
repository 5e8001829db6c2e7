"""One answer: whether departments say the same, whether customers are asked twice, how old what is said is."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import shows
from regulars.frames import moments_of
from regulars.interaction.outcomes import FEW, claim_level, mean_of, solved
from regulars.statistics.intervals import Estimate, against, difference, share, z_value

FOLLOWS_DAYS = 30  # a contact of the same customer within so many days goes on with the last one
SMALLEST = 5  # answers of a department to a question


@shows
class Consistency(NamedTuple):
    """Whether a customer hears the same, whoever is asked.

    Parameters
    ----------
    agreement : Estimate
        Chance that two departments give the same answer to the same question, over all questions.
    departments : pandas.DataFrame
        ``department``, ``n``, ``share`` (answers that are the usual one of that question) with limits, ``change``
        (against the others, beyond noise).
    questions : pandas.DataFrame
        ``question_id``, ``n``, ``share`` (the usual answer) with limits, ``days`` (since the usual answer came up).
    until_right : Estimate
        Departments until the right one, per contact (passed on, plus one).
    asked_twice : Estimate
        Share of contacts that follow another in which the same question is asked again.
    picked_up : Estimate
        Share of contacts that follow another and begin where that one ended: in the same department, and not with
        the same question.
    knowledge_days : Estimate
        Age of the usual answers, weighted by how often they are given.
    """

    agreement: Estimate
    departments: pd.DataFrame
    questions: pd.DataFrame
    until_right: Estimate
    asked_twice: Estimate
    picked_up: Estimate
    knowledge_days: Estimate


def consistency(contacts: pd.DataFrame, end, level: float = 0.9) -> Consistency:
    """How consistent answers are.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``question_id``, ``department``, ``answer_id``, ``transfers``, ``customer_id``, ``at``.
    end : date
    level : float

    Returns
    -------
    Consistency

    Raises
    ------
    UserError
        Where questions, departments and answers are not recorded.
    """
    missing = [
        name
        for name in ("question_id", "department", "answer_id")
        if name not in contacts or contacts[name].isna().all()
    ]
    if missing:
        raise UserError(
            f"Table contacts has no {' and no '.join(missing)}: supply who answered what to which question."
        )
    said = contacts.dropna(subset=["question_id", "department", "answer_id"])
    if said.empty:
        raise UserError("Table contacts: no contact has a question_id, a department and an answer_id at once.")
    # what is usual may change with time: by quarter of a year
    said = said.assign(period=said["at"].dt.to_period("Q").astype(str))
    key = ["question_id", "period"]
    count = said.groupby([*key, "answer_id"]).size().rename("times").reset_index()
    usual = count.sort_values([*key, "times", "answer_id"], ascending=[True, True, False, True]).drop_duplicates(key)
    said = said.merge(usual[[*key, "answer_id"]].rename(columns={"answer_id": "usual"}), on=key)
    said["is_usual"] = said["answer_id"] == said["usual"]
    return Consistency(
        _agreement(said, level),
        _departments(said, level),
        _questions(said, end, level),
        *_dialogues(contacts, level),
        _age(said, end, level),
    )


def _agreement(said: pd.DataFrame, level: float) -> Estimate:
    """Chance that answers of two departments to one question are the same; its interval from the questions."""
    key = ["question_id", "period"]
    answers = said.groupby([*key, "department", "answer_id"]).size().rename("n").reset_index()
    total = answers.groupby([*key, "department"])["n"].transform("sum")
    answers = answers[total >= SMALLEST].assign(part=answers["n"] / total)
    pairs = answers.merge(answers, on=[*key, "answer_id"], suffixes=("", "_other"))
    pairs = pairs[pairs["department"] < pairs["department_other"]]
    # each pair of departments that both answered a question counts, agreeing or not
    who = answers[[*key, "department"]].drop_duplicates()
    both = who.merge(who, on=key, suffixes=("", "_other"))
    both = both[both["department"] < both["department_other"]]
    if both.empty:
        return Estimate(float("nan"))
    same = pairs.assign(same=pairs["part"] * pairs["part_other"])
    names = [*key, "department", "department_other"]
    each = both.merge(same.groupby(names, as_index=False)["same"].sum(), on=names, how="left").fillna({"same": 0.0})
    by_question = each.groupby("question_id")["same"].mean()
    told = mean_of(by_question, level)
    low, high = (np.clip(end, 0, 1) for end in (told.low, told.high))
    return Estimate(told.value, float(low), float(high), len(said))


def _departments(said: pd.DataFrame, level: float) -> pd.DataFrame:
    table = said.groupby("department")["is_usual"].agg(n="size", good="sum").reset_index()
    table = table[table["n"] >= FEW].reset_index(drop=True)
    all_n, all_good = int(table["n"].sum()), int(table["good"].sum())
    strict = claim_level(len(table))
    rows = []
    for n, good in zip(table["n"], table["good"].astype(int), strict=True):
        told = share(good, n, level)
        gap = difference(share(good, n, strict), share(all_good - good, all_n - n, strict)) if all_n > n else None
        rows.append((told.value, told.low, told.high, against(gap).value if gap else "unknown"))
    made = pd.DataFrame(rows, columns=["share", "share_low", "share_high", "change"]).astype({"change": "string"})
    return pd.concat([table[["department", "n"]], made], axis=1)


def _questions(said: pd.DataFrame, end, level: float) -> pd.DataFrame:
    now = said.sort_values("at").groupby("question_id")["usual"].last()
    first = said[said["answer_id"] == said["question_id"].map(now)].groupby("question_id")["at"].min()
    table = said.groupby("question_id")["is_usual"].agg(n="size", good="sum").reset_index()
    told = [share(int(good), int(n), level) for n, good in zip(table["n"], table["good"], strict=True)]
    days = (pd.Timestamp(end) - moments_of(table["question_id"], first)).dt.days
    return table.assign(
        share=[one.value for one in told], share_low=[one.low for one in told], share_high=[one.high for one in told],
        days=days
    ).drop(columns="good").sort_values(["share", "question_id"], ignore_index=True)  # fmt: skip


def _dialogues(contacts: pd.DataFrame, level: float) -> tuple[Estimate, Estimate, Estimate]:
    passed = contacts["transfers"].dropna().astype(float) + 1 if "transfers" in contacts else pd.Series(dtype=float)
    until = mean_of(passed, level)
    own = contacts[
        (contacts["initiator"] == "customer") & contacts["customer_id"].notna() & contacts["department"].notna()
    ]
    own = own.sort_values(["customer_id", "at", "contact_id"], kind="stable")
    last = own.groupby("customer_id")[["at", "department", "question_id"]].shift()
    follows = last["at"].notna() & (own["at"] - last["at"] <= pd.Timedelta(days=FOLLOWS_DAYS))
    if "ticket_id" in own and own["ticket_id"].notna().any():
        follows &= own["ticket_id"] == own.groupby("customer_id")["ticket_id"].shift()
    follows = follows.fillna(False).astype(bool)
    again = (own["question_id"] == last["question_id"]).fillna(False).astype(bool)[follows]
    same = (own["department"] == last["department"]).fillna(False).astype(bool)[follows]
    n = int(follows.sum())
    had = last["question_id"].notna()[follows]
    return until, share(int(again[had].sum()), int(had.sum()), level), share(int((same & ~again).sum()), n, level)


def _age(said: pd.DataFrame, end, level: float) -> Estimate:
    table = _questions(said, end, level)
    told = mean_of(table["days"].astype(float), level)
    weighted = float(np.average(table["days"], weights=table["n"]))
    return Estimate(
        weighted, max(weighted - (told.value - told.low), 0.0), weighted + (told.high - told.value), len(table)
    )


def agents(contacts: pd.DataFrame, level: float = 0.9, min_cell: int = 30) -> pd.DataFrame:
    """What each agent solves beside what is usual for the same purposes and channels: a funnel, never a ranking.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``staff``, ``resolved``, ``purpose``, ``channel``.
    level : float
    min_cell : int
        Agents with fewer contacts are left out.

    Returns
    -------
    pandas.DataFrame
        ``staff``, ``n``, ``share`` (solved), ``expected``, ``low`` and ``high`` (limits of chance at that number of
        contacts, all agents allowed for), ``outside`` (bool); by name. Empty where it is not recorded.
    """
    columns = ["staff", "n", "share", "expected", "low", "high", "outside"]
    seen = solved(contacts)
    if "staff" not in seen or seen["staff"].isna().all():
        return pd.DataFrame(columns=columns)
    seen = seen.dropna(subset=["staff"])
    usual = seen.groupby(["purpose", "channel"], dropna=False)["resolved"].transform("mean")
    frame = seen.assign(usual=usual, spread=usual * (1 - usual), good=seen["resolved"].astype(float))
    table = frame.groupby("staff", as_index=False).agg(
        n=("good", "size"), share=("good", "mean"), expected=("usual", "mean"), variance=("spread", "sum")
    )
    table = table[table["n"] >= min_cell].reset_index(drop=True)
    reach = z_value(claim_level(max(len(table), 1))) * np.sqrt(table["variance"]) / table["n"]
    # around the agent in the middle: one who solves much less may not make all the others look good
    middle = table["expected"] + (table["share"] - table["expected"]).median()
    table = table.assign(expected=middle, low=middle - reach, high=middle + reach)
    outside = (table["share"] < table["low"]) | (table["share"] > table["high"])
    return table.assign(outside=outside)[columns].sort_values("staff", ignore_index=True)
