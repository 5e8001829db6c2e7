"""Complaints made whole: who comes back, further contacts, hand-overs, calls after repairs, what is asked twice."""

import numpy as np
import pandas as pd
import pytest

from bought import purchases_on
from regulars import satisfaction
from regulars.finding import UNUSABLE, Finding
from regulars.pages.declared import writer_of
from regulars.satisfaction.cases.complaints import tell_phase
from regulars.satisfaction.cases.goods import repaired_parts, tell_goods
from regulars.satisfaction.cases.handover import hand_overs, tell_handed
from regulars.satisfaction.cases.knowledge import questions_asked, tell_knowledge
from regulars.satisfaction.cases.recovery import (
    experience_at,
    tell_comeback,
    tell_followup,
    tell_further,
)
from regulars.settings import stage_settings
from regulars.statistics.intervals import share
from regulars.statistics.slope import robust_slope
from regulars.told import Report
from satisfaction_page import ABOUT

SETTINGS = stage_settings("satisfaction")
DAY = pd.Timestamp("2025-06-01")
END = "2026-06-30"


def said(found: Finding) -> str:
    """What the page says of a finding: a fact that no sentence uses, or a verdict without words, is an error."""
    writer = writer_of(Report("satisfaction", ABOUT).told.page, "en")
    writer.tell(found.key, found)
    return " ".join(str(block.get(name, "")) for block in writer.blocks for name in ("title", "text", "caption"))


def cases_of(n: int, **columns) -> satisfaction.cases.tickets.Cases:
    """So many complaints, each of its own customer, closed a day after they were opened."""
    log = pd.DataFrame({"ticket_id": [f"t{k}" for k in range(n)], "customer_id": [f"c{k}" for k in range(n)],
                        "kind": "complaint", "opened_at": DAY, "resolved_at": DAY + pd.Timedelta(days=1),
                        "outcome": "resolved"})  # fmt: skip
    return satisfaction.sound_cases(log.assign(**columns))


# ---- who comes back --------------------------------------------------------------------------------------------


def answered(scores, bought, since=5) -> tuple[pd.DataFrame, satisfaction.survey.questionnaire.Survey]:
    """Answers of customers c0, c1, … so many days after DAY, who are as loyal as satisfied; and their survey."""
    ids = [f"c{k}" for k in range(len(scores))]
    items = pd.DataFrame({"item": ["s", "l"], "construct": ["satisfaction", "loyalty"], "scale_min": 0.0,
                          "scale_max": 100.0, "wording": "?"})  # fmt: skip
    told = pd.DataFrame({"response_id": ids, "customer_id": ids, "answered_at": DAY + pd.Timedelta(days=since),
                         "wave": "1", "kind": "perceived"})  # fmt: skip
    told = pd.concat([told.assign(item=item, score=np.asarray(scores, float)) for item in ("s", "l")])
    survey = satisfaction.survey_of(satisfaction.sound_answers(told, items))
    rows = survey.latest_satisfaction.set_index("customer_id").loc[ids]
    return rows.assign(bought=np.asarray(bought, bool)), survey


def comeback(scores, bought, cases, referrals=None):
    followed, survey = answered(scores, bought)
    return tell_comeback(followed, survey, cases, referrals, settings=SETTINGS)


def test_what_had_become_of_complaints_is_known_at_the_answer_only():
    log = pd.DataFrame({
        "customer_id": ["b", "c", "c", "d", "e"],
        "opened_at": DAY,
        "resolved_at": [DAY, DAY, DAY + pd.Timedelta(days=2), None, DAY + pd.Timedelta(days=9)],
        "outcome": ["resolved_quickly", "resolved", "not_satisfied", None, "resolved"],
    })  # fmt: skip
    told = experience_at(pd.Series(DAY + pd.Timedelta(days=3), index=list("abcde")), log)
    assert told.fillna("open").tolist() == ["never", "righted", "unrighted", "open", "open"]
    assert experience_at(pd.Series(DAY - pd.Timedelta(days=1), index=list("abcde")), log).unique().tolist() == ["never"]


def test_a_complaint_put_right_beside_none_and_the_silent_beside_those_who_spoke():
    # 40 whose complaint was put right (30 came back), 40 without one (10 came back), all satisfied; then the
    # dissatisfied: 40 who complained in vain (20 came back) and 40 who kept silent (4 came back)
    scores = [80] * 80 + [20] * 80
    bought = [k < 30 for k in range(40)] + [k < 10 for k in range(40)] + [k < 20 for k in range(40)]
    bought += [k < 4 for k in range(40)]
    log = cases_of(80).tickets
    log.loc[40:, ["customer_id", "outcome"]] = [[f"c{k}", "not_satisfied"] for k in range(80, 120)]
    referrals = pd.DataFrame({"referrer_id": ["c0", "c1", "c2", "c40"], "referred_id": list("wxyz"),
                              "at": [DAY + pd.Timedelta(days=k) for k in (5, 6, 300, 50)]})  # fmt: skip
    told = comeback(scores, bought, satisfaction.sound_cases(log), referrals)
    rows = told.frames["groups"].set_index("experience")
    assert rows["n"].to_dict() == {"never": 80, "righted": 40, "unrighted": 40, "complained": 40, "silent": 40}
    assert told.facts["righted"] == share(30, 40) and told.facts["never"] == share(14, 80) and told.verdict == "more"
    assert rows["share"].round(3).tolist() == [0.175, 0.75, 0.5, 0.5, 0.1]
    assert told.facts["attitude_gap"].value == pytest.approx(80 - 50)
    assert [remark.code for remark in told.remarks] == ["voice_up", "mouth_unclear"]
    # on the day of the answer, and after the window, nobody was brought by it
    assert told.remarks[1].facts["righted"] == share(1, 40) and told.remarks[1].facts["never"] == share(1, 80)
    assert "9% to 37% without a complaint" in said(told)


def test_the_same_after_a_complaint_as_without_is_not_called_better():
    rng, claims, log = np.random.default_rng(4), 0, cases_of(60)
    followed, survey = answered([80] * 200, [True] * 200)
    for _ in range(60):
        now = followed.assign(bought=rng.random(200) < 0.5)
        claims += tell_comeback(now, survey, log, None, settings=SETTINGS).verdict != "alike"
    assert claims <= 12  # a tenth in the long run


def test_few_answers_after_complaints_and_missing_columns_are_said():
    told = comeback([80] * 50, [True] * 50, cases_of(5))
    assert told.verdict == "few" and "cannot be told from 5 customers" in said(told)
    assert [remark.code for remark in told.remarks] == ["voice_unknown", "mouth_missing"]
    told = comeback([80] * 50, [True] * 50, cases_of(5, outcome=None))
    assert told.verdict == UNUSABLE and told.facts["why"].startswith("Table tickets has no outcome: supply")


# ---- further contacts ------------------------------------------------------------------------------------------


def further(scores, contacts, categories, costs=None):
    log = cases_of(len(scores), contacts=contacts, category=categories)
    followed, _ = answered(scores, [True] * len(scores))
    return tell_further(followed.reset_index(), log, costs, SETTINGS)


def test_points_of_each_further_contact_within_a_category():
    contacts, hard = [1, 2, 3, 1, 2, 3] * 10, np.repeat(["easy", "hard"], [3, 3]).tolist() * 10
    # hard cases please 30 points less at any number of contacts, so that only the slope within counts
    scores = [90 - 10 * n - (30 if kind == "hard" else 0) for n, kind in zip(contacts, hard, strict=True)]
    told = further(scores, contacts, hard)
    assert told.verdict == "falls" and told.facts["slope"].value == pytest.approx(-10)
    assert told.frames["steps"][["contacts", "n", "satisfaction", "cost"]].to_numpy().tolist() == [
        ["1", 20, 65, 4], ["2", 20, 55, 8], ["3", 20, 45, 12],
    ]  # fmt: skip
    assert told.facts["each"] == 4 and [remark.code for remark in told.remarks] == ["assumed"]
    at = pd.date_range("2026-01-01", periods=5)
    paid = pd.DataFrame({"ticket_id": ["t0", "t1", "t0", "t0", None], "at": at, "cost": [60.0, 60.0, 6.0, 8.0, 99.0]})
    told = further(scores, contacts, hard, paid)
    assert told.facts["each"] == 7 and told.remarks == [] and "falls by" in said(told)  # what came after the first
    scored = pd.DataFrame({"ticket_id": [f"t{i}" for i in range(40)], "at": at[0], "score": 50.0})
    told = further(scores, contacts, hard, scored)
    assert told.verdict == "elsewhere" and not told.frames and "the interaction page" in said(told)


def test_the_slope_has_the_robust_error_of_statsmodels():
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(2)
    seen = pd.DataFrame({"contacts": rng.integers(1, 5, 80).astype(float), "category": rng.choice(list("abc"), 80)})
    seen["satisfaction"] = 70 - 3 * seen["contacts"] + rng.normal(0, 5 + 3 * seen["contacts"])
    told = robust_slope(seen["contacts"], seen["satisfaction"], seen["category"], 0.95)
    other = smf.ols("satisfaction ~ contacts + C(category)", seen).fit(cov_type="HC1")
    assert told.value == pytest.approx(other.params["contacts"])
    assert (told.high - told.low) / 2 == pytest.approx(1.959963985 * other.bse["contacts"])


def test_contacts_that_cost_nothing_are_not_said_to():
    rng, claims = np.random.default_rng(9), 0
    log, who = cases_of(60, contacts=1, category="a").tickets, answered([50.0] * 60, [True] * 60)[0].reset_index()
    for _ in range(60):
        cases = satisfaction.sound_cases(
            log.assign(contacts=rng.integers(1, 4, 60), category=rng.choice(["a", "b"], 60))
        )
        found = tell_further(who.assign(satisfaction=rng.uniform(40, 90, 60)), cases, None, SETTINGS)
        claims += found.verdict != "unclear"
    assert claims <= 12
    few = further([50.0] * 10, [1, 2] * 5, ["a"] * 10)
    assert few.verdict == "few" and "from 10 customers" in said(few)
    assert further([50.0] * 40, None, ["a"] * 40).facts["why"].startswith("Table tickets has no contacts: supply")


# ---- hand-overs ------------------------------------------------------------------------------------------------


def test_hand_overs_go_from_one_member_of_staff_to_another():
    events = pd.DataFrame({
        "ticket_id": ["1"] * 6 + ["2"] * 2,
        "at": DAY + pd.to_timedelta([0, 1, 2, 5, 6, 9, 0, 3], unit="h"),
        "actor": ["customer", "ann", "ann", "bob", "customer", "ann", "bob", "bob"],
    })  # fmt: skip
    moves = hand_overs(events.sample(frac=1, random_state=1))
    assert moves[["ticket_id", "before", "after", "hours"]].to_numpy().tolist() == [
        ["1", "ann", "bob", 4.0], ["1", "bob", "ann", 4.0],
    ]  # fmt: skip


def test_cases_that_change_hands_are_said_to_end_worse_only_beyond_chance():
    moved = np.arange(400) % 2
    bad = np.where(np.arange(400) % (np.where(moved, 4, 12)) < 2, "not_satisfied", "resolved")
    log = cases_of(400, transfers=moved * 2, outcome=bad)
    told = tell_handed(log, None, SETTINGS)
    assert told.verdict == "worse" and told.facts["part"] == share(200, 400)
    assert told.frames["transfers"]["transfers"].tolist() == ["0", "2"]
    assert told.frames["transfers"]["hours"].tolist() == [24.0, 24.0]
    assert [remark.code for remark in told.remarks] == ["untraced"] and "end without satisfaction more often" in said(
        told
    )
    events = pd.DataFrame({"ticket_id": np.repeat([f"t{k}" for k in range(10)], 2), "actor": ["ann", "bob"] * 10,
                           "at": [DAY, DAY + pd.Timedelta(hours=6)] * 10})  # fmt: skip
    told = tell_handed(log, events, SETTINGS)
    assert told.frames["hands"].to_numpy().tolist() == [["ann", "bob", 10, 6.0]]
    assert told.remarks[0].facts == {"moves": 10, "hours": 6.0} and "holds 10 hand-overs" in said(told)
    rng = np.random.default_rng(1)
    ends = [rng.choice(["resolved", "not_satisfied"], 400) for _ in range(40)]
    even = [tell_handed(cases_of(400, transfers=moved, outcome=end), None, SETTINGS) for end in ends]
    assert sum(one.verdict != "alike" for one in even) <= 9
    assert "no transfers: supply" in tell_handed(cases_of(40), None, SETTINGS).facts["why"]


# ---- calls after a repair --------------------------------------------------------------------------------------


def test_calls_after_a_repair_count_within_two_weeks_and_orders_only_after_them():
    n = 80
    log = cases_of(n, verdict=["repair", "refund"] * 40)
    closed = DAY + pd.Timedelta(days=1)
    calls = pd.DataFrame({"customer_id": [f"c{k}" for k in range(40)] + ["c40", "c41"], "initiator": "company",
                          "purpose": "Follow-up", "at": closed + pd.Timedelta(days=3)})  # fmt: skip
    calls.loc[40, "at"] = closed + pd.Timedelta(days=15)  # too late
    calls.loc[41, "initiator"] = "customer"
    days = [(f"c{k}", "2025-08-01") for k in range(30)] + [(f"c{k}", "2025-08-01") for k in range(40, 50)]
    days += [(f"c{k}", "2025-06-10") for k in range(50, 80)]  # within the two weeks: no coming back
    told = tell_followup(log, calls, purchases_on(days), END, settings=SETTINGS)
    assert told.verdict == "more" and told.facts["part"] == share(40, 80)
    assert (told.facts["called"], told.facts["uncalled"]) == (share(30, 40), share(10, 40))
    assert told.frames["remedies"][["verdict", "n", "share"]].to_numpy().tolist() == [
        ["refund", 40, 0.5], ["repair", 40, 0.5],
    ]  # fmt: skip
    assert "75%" in said(told)
    few = tell_followup(log, calls.head(5), purchases_on(days), END, settings=SETTINGS)
    assert few.verdict == "few" and "from 5 customers called" in said(few)
    none = tell_followup(log, calls.assign(purpose="offer"), purchases_on(days), END, settings=SETTINGS)
    assert none.verdict == UNUSABLE and "with the purpose follow-up" in none.facts["why"]


# ---- what is asked twice ---------------------------------------------------------------------------------------


def test_a_question_is_asked_twice_by_the_same_customer_within_a_month():
    log = pd.DataFrame({
        "customer_id": ["a", "a", "a", "b", None, None],
        "question_id": ["q1", "q1", "q2", "q1", "q2", "q2"],
        "opened_at": DAY + pd.to_timedelta([0, 30, 31, 40, 0, 1], unit="D"),
        "in_knowledge_base": [True, False, True, False, None, None],
    })  # fmt: skip
    log["in_knowledge_base"] = log["in_knowledge_base"].astype("boolean")
    table = questions_asked(log, ("question_id",))
    assert table[["question", "n", "twice", "known"]].to_numpy().tolist() == [["q1", 3, 1, 1 / 3], ["q2", 3, 0, 1.0]]
    assert questions_asked(log, ("question_id",), days=29)["twice"].tolist() == [0, 0]


def test_the_question_asked_twice_stands_out_beyond_chance():
    n = 300
    asked = np.array(["how long", "how much", "where"])[np.arange(n) % 3]
    again = [f"c{k - 3 if k % 3 == 0 and k % 2 else k}" for k in range(n)]  # every second of the first asks again
    log = cases_of(n, question_id=asked, customer_id=again, in_knowledge_base=asked != "how long")
    told = tell_knowledge(log, SETTINGS)
    assert told.verdict == "twice" and told.facts["question"] == "how long" and told.facts["first"] == share(50, 100)
    assert told.frames["questions"]["known"].tolist() == [0.0, 1.0, 1.0] and told.remarks == []
    assert "“how long” has to be asked twice" in said(told)
    log = cases_of(n, category=asked, cause=None)
    told = tell_knowledge(log, SETTINGS)
    assert told.verdict == "alike" and [remark.code for remark in told.remarks] == ["unrecorded", "unnamed"]
    assert said(tell_knowledge(cases_of(10, category="late"), SETTINGS)) and tell_knowledge(
        cases_of(40), SETTINGS
    ).facts["why"].startswith("Table tickets has no question_id")


# ---- phases of the sale, parts ---------------------------------------------------------------------------------


def test_complaints_by_phase_of_the_sale_in_their_order():
    log = cases_of(60, sale_phase=["after"] * 36 + ["during"] * 18 + ["before"] * 6)
    told = tell_phase(log, SETTINGS)
    assert told.frames["phases"]["sale_phase"].tolist() == ["before", "during", "after"]
    assert told.frames["phases"]["share"].tolist() == [0.1, 0.3, 0.6] and told.facts["part"] == share(36, 60)
    assert "after the sale: 60%" in said(told)
    assert tell_phase(cases_of(10, sale_phase="after"), SETTINGS).verdict == "few"
    assert tell_phase(cases_of(60), SETTINGS).verdict == UNUSABLE


def test_the_warranty_of_a_repaired_part_starts_anew():
    units = pd.DataFrame({
        "product_id": "p",
        "part": ["lid", "lid", "leg", None],
        "sold_at": pd.Timestamp("2025-01-01"),
        "warranty_until": pd.to_datetime(["2025-12-31", "2025-12-31", "2026-12-31", "2025-12-31"]),
        "repaired_at": pd.to_datetime(["2025-11-01", "2025-03-01", "2025-11-01", None]),
        "part_warranty_until": pd.to_datetime(["2026-10-31", "2026-02-28", "2026-10-31", None]),
        "repair_cost": [10.0, 5.0, None, None],
    })  # fmt: skip
    table = repaired_parts(units, "2026-03-31")
    assert table[["part", "repaired", "n", "renewed"]].to_numpy().tolist() == [["lid", 2, 3, 1], ["leg", 1, 3, 0]]
    assert table["cost"].fillna(-1).tolist() == [15.0, -1.0]
    many = pd.concat([units] * 10, ignore_index=True)
    told = tell_goods(cases_of(1), None, many, end="2026-03-31", settings=SETTINGS)
    assert told.remarks[0].facts == {"renewed": 10, "repairs": 30} and told.frames["parts"]["renewed"].tolist() == [
        10,
        0,
    ]
    assert told.verdict == "unnamed" and said(told)
    for gone, code in (("part", "partless"), ("part_warranty_until", "undated")):
        found = tell_goods(cases_of(1), None, many.drop(columns=gone), end="2026-03-31", settings=SETTINGS)
        assert [remark.code for remark in found.remarks] == [code]
