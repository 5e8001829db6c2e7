"""Channels, points, problems, frequency, best channels, ways to an order: by hand, and where the truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import report_sample
from regulars import interaction
from regulars.errors import UserError
from regulars.finding import Finding, Refusal
from regulars.interaction import sections
from regulars.interaction.channels import begun_by, channel_table, first_asked, outbound, teaching, tied
from regulars.interaction.consistency import agents, consistency
from regulars.interaction.customers import best_channels, frequency_response, journeys, markov_credit
from regulars.interaction.outcomes import claim_level, differences, slope, standardised
from regulars.interaction.points import plan_records, problems, touch_points
from regulars.pages.declared import PAGES, writer_of
from regulars.settings import stage_settings
from regulars.statistics.intervals import share
from regulars.statistics.slope import clustered
from regulars.told import Report

SETTINGS = stage_settings("interaction", "cdnow")
CHANNELS, PURPOSES = ("phone", "chat", "web"), ("delivery", "product", "invoice")
SOLVED = np.array([0.8, 0.6, 0.4])  # by purpose
MIX = np.array([[0.2, 0.3, 0.5], [0.7, 0.2, 0.1], [0.4, 0.4, 0.2]])  # of purposes, by channel
SIZE = np.array([1200, 600, 400])
PLANTED = (0.06, -0.06, 0.0)


def world(rng, effects=(0.0, 0.0, 0.0), size=SIZE) -> pd.DataFrame:
    """Contacts whose chance to be solved hangs on purpose and channel alone."""
    channel = np.repeat(np.arange(3), size)
    purpose = (rng.random(channel.size)[:, None] > np.cumsum(MIX, axis=1)[channel][:, :-1]).sum(axis=1)
    solved = rng.random(channel.size) < SOLVED[purpose] + np.array(effects)[channel]
    return pd.DataFrame(
        {"channel": np.array(CHANNELS)[channel], "purpose": np.array(PURPOSES)[purpose], "resolved": solved,
         "initiator": "customer"}
    )  # fmt: skip


def true_difference(effects, channel: int) -> float:
    """Of a channel from all others at the mix of all: of the others each purpose has a mix of channels of its own."""
    by_purpose = MIX * SIZE[:, None]
    weight = by_purpose.sum(axis=0) / by_purpose.sum()
    others = [k for k in range(3) if k != channel]
    effect = np.array(effects)[others] @ (by_purpose[others] / by_purpose[others].sum(axis=0))
    return float((weight * (effects[channel] - effect)).sum())


# ---- by hand ----


def test_simpsons_paradox_by_hand():
    """Each channel solves 60 and 20 of 80, the mix decides the bare share; at one mix they are equal."""
    log = pd.DataFrame(
        {"channel": ["a"] * 100 + ["b"] * 100, "purpose": (["x"] * 80 + ["y"] * 20) + (["x"] * 20 + ["y"] * 80),
         "resolved": [True] * 60 + [False] * 20 + [True] * 5 + [False] * 15
         + [True] * 15 + [False] * 5 + [True] * 20 + [False] * 60}
    )  # fmt: skip
    table = standardised(log, "channel", "purpose").set_index("channel")
    assert table["raw"].tolist() == [0.65, 0.35]
    assert table["share"].tolist() == [0.5, 0.5] and table["covered"].tolist() == [1.0, 1.0]


def test_a_purpose_that_a_channel_never_gets_is_left_out_and_told():
    log = pd.DataFrame(
        {"channel": ["a"] * 100 + ["b"] * 100, "purpose": ["x"] * 100 + ["x"] * 50 + ["y"] * 50, "resolved": True}
    )
    assert standardised(log, "channel", "purpose")["covered"].tolist() == [0.75, 0.75]
    told = sections.tell_solved(channel_table(log.assign(initiator="customer")))
    assert [(remark.code, remark.facts["covered"]) for remark in told.remarks] == [("covered", 0.75)]


def test_one_channel_and_few_contacts_are_not_compared():
    log = world(np.random.default_rng(1))
    one = sections.tell_solved(channel_table(log[log["channel"] == "phone"]))
    assert one.verdict == "one" and one.facts["channel"] == "phone"
    few = sections.tell_solved(channel_table(log.head(20)))
    assert few.verdict == "unrecorded"
    bare = sections.tell_solved(channel_table(log.drop(columns="resolved")))
    assert bare.verdict == "unrecorded" and bare.facts["contacts"] == len(log)


def test_given_qualities_stand_beside_measured_ones():
    assert teaching(pd.Series(["E-Mail", "shop", "Internet", "pigeon"])).tolist()[:3] == [
        "email",
        "face_to_face",
        "web",
    ]
    log = pd.DataFrame(
        {"channel": ["letter", "shop", "phone"], "initiator": "customer", "purpose": "x", "cost": [1, 2, 3]}
    )
    table = channel_table(log).set_index("channel")
    assert table.loc["letter", ["given_cost", "given_speed", "given_richness"]].tolist() == ["medium", "slow", "rich"]
    assert table.loc["shop", "given_interactivity"] == "strong" and table.loc["phone", "given_richness"] == "not_rich"


def test_who_began_and_who_it_was():
    log = pd.DataFrame(
        {"channel": ["phone", "web", "store", "fax"], "initiator": ["customer", "customer", "company", "company"],
         "customer_id": ["a", None, None, "b"]}
    )  # fmt: skip
    table = begun_by(log).set_index(["initiator", "distance", "medium"])["share"]
    assert table["customer", "without_people", "electronic"] == 0.25
    assert table["customer", "through_people", "voice"] == 0.25 and table["company", "other", "other"] == 0.25
    assert tied(log).value == 0.5


def test_first_asked_by_staff_where_transfers_are_not_noted():
    log = pd.DataFrame(
        {"initiator": "customer", "resolved": [True, True, False, False], "first_staff": ["a", "a", "a", "b"],
         "staff": ["a", "b", "b", "b"]}
    )  # fmt: skip
    told = first_asked(log)
    assert told["kept"].value == 0.5 and told["passed_solved"].value == 0.5
    assert first_asked(log.drop(columns="first_staff")) == {}


def test_own_calls_by_hour():
    at = pd.to_datetime(["2026-06-01 09:00"] * 4 + ["2026-06-01 15:00"] * 4)
    log = pd.DataFrame(
        {"at": at, "channel": "phone", "initiator": "company", "answered": [True] + [False] * 3 + [True] * 4}
    )
    assert outbound(log)[["hour", "share"]].to_numpy().tolist() == [[9, 0.25], [15, 1.0], [-1, 0.625]]


def test_gaps_are_beyond_noise_and_count_what_is_left():
    rng = np.random.default_rng(3)
    log = world(rng).assign(at=pd.Timestamp("2026-06-15"), contact_id=range(SIZE.sum()))
    table = touch_points(log, "2026-06-30", met_from=0.7)
    gaps = table[table["gap"]]
    assert set(gaps["purpose"]) == {"product", "invoice"}
    assert table["lost"].sum() * 16 / 30.4375 == pytest.approx((~log["resolved"]).sum() - _rest(log, table))
    assert table["gap"].is_monotonic_decreasing
    assert sections.tell_points(table, SETTINGS).verdict == "gaps"
    assert table["rank"].isna().all(), "nobody notes it"
    ranks = (["manager"] + ["adviser"] * 2 + [None]) * len(log)
    ranked = touch_points(log.assign(staff_rank=ranks[: len(log)]), "2026-06-30", met_from=0.7)
    assert set(ranked["rank"]) == {"adviser"}, "two of three who noted it"
    assert set(sections.tell_points(ranked, SETTINGS).frames["gaps"]["rank"]) == {"adviser"}
    assert sections.tell_points(touch_points(log, "2026-06-30", met_from=0.1), SETTINGS).verdict == "met"
    assert sections.tell_points(touch_points(log.head(5), "2026-06-30"), SETTINGS).verdict == "few"


def _rest(log, table):
    kept = log.merge(table[["purpose", "channel"]], on=["purpose", "channel"])
    return (~log["resolved"]).sum() - (~kept["resolved"]).sum()


def test_plan_tells_which_goals_can_be_checked():
    plan = pd.DataFrame(
        {
            "plan_id": ["1", "2", "3", "4"], "object": ["loyal", "loyal", "new", "new"], "goal": "x",
            "channel": ["phone", "email", "email", "email"], "target": [0.5, None, 0.3, 0.2],
            "due": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-01", None]), "reached": [0.4, None, None, None],
            "times_per_year": [2.0, 1.0, 1.0, 1.0],
        }
    )  # fmt: skip
    contacts = pd.DataFrame(
        {"customer_id": ["a", "a", "b"], "at": pd.to_datetime(["2026-05-01"] * 3), "initiator": "company",
         "channel": ["phone", "phone", "email"]}
    )  # fmt: skip
    segments = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["loyal", "new"]})
    table = plan_records(plan, contacts, segments, "2026-06-30")
    assert table["checkable"].tolist() == [True, False, False, False]
    assert table["reached"].tolist()[0] == pytest.approx(0.8) and table["done_per_year"].tolist() == [
        2.0,
        0.0,
        1.0,
        1.0,
    ]
    told = sections.tell_plan(table)
    assert told.frames["records"]["state"].tolist() == ["checkable", "no_target", "clashes", "no_date"]
    assert (
        plan_records(plan[["plan_id", "object", "goal", "channel"]], None, None, "2026-06-30")["checkable"].sum() == 0
    )


def test_further_contacts_about_one_problem_by_hand():
    log = pd.DataFrame(
        {
            "ticket_id": ["p", "q", "q", "r"], "customer_id": ["a", "b", "b", "c"], "initiator": "customer",
            "at": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-03", "2026-01-02"]),
            "score": [80.0, 99.0, 60.0, 80.0], "cost": [2.0, 2.0, 2.0, 2.0],
        }
    )  # fmt: skip
    orders = pd.DataFrame({"customer_id": ["a", "b"], "ordered_at": pd.to_datetime(["2026-02-01", "2025-12-01"])})
    told = problems(log, orders=orders, end="2026-06-30")
    assert told["at_once"].value == pytest.approx(2 / 3) and told["points"].value == pytest.approx(-20)
    assert told["cost_more"].value == pytest.approx(2), "one contact costs 2, two cost 4"
    assert told["cost_second"].value == pytest.approx(2) and told["solved_at_once"].n == 0
    assert told["table"]["back"].tolist() == [0.5, 0.0]
    with pytest.raises(UserError, match="no ticket_id"):
        problems(log.drop(columns="ticket_id"))
    bare = problems(log.drop(columns=["score", "cost"]))
    assert sections.tell_problems(bare, SETTINGS).verdict == "unscored"
    assert bare["table"]["cost"].isna().all(), "what nobody knows is not nothing"
    some = problems(log.assign(cost=[2.0, 2.0, np.nan, 5.0]))["table"]
    assert some["cost"].iloc[0] == 3.5 and np.isnan(some["cost"].iloc[1]), "q cost 2 and nobody knows what more"
    uncosted = sections.tell_problems(problems(log.drop(columns="cost")), SETTINGS)
    for name in ("steps", "table"):
        declared = PAGES["interaction"].section("problems").parts[name].columns
        assert set(declared) <= set(uncosted.frames[name]), "the page shows these columns"


def test_an_error_comes_from_leaving_out_each_customer_in_turn():
    """Worked by fits without each: rows of one customer together, a row of nobody by itself; Student's limits."""
    rng = np.random.default_rng(4)
    x = np.stack([np.ones(60), rng.exponential(2, 60), rng.integers(0, 2, 60)], axis=1)
    y, who = x @ [1.0, 0.3, -0.5] + rng.normal(size=60), np.array([f"c{k}" for k in rng.integers(0, 12, 60)], object)
    who[:2] = None
    parts = [np.array([name is not None and name == one for name in who]) for one in sorted(set(who) - {None})]
    parts += [np.arange(60) == k for k in (0, 1)]
    left = [np.linalg.lstsq(x[~part], y[~part], rcond=None)[0] for part in parts]
    fit = np.linalg.lstsq(x, y, rcond=None)[0]
    error = np.sqrt((len(parts) - 1) / len(parts) * ((left - fit) ** 2).sum(axis=0))
    found = clustered(x, y, who, 0.9)
    assert [one.value for one in found] == pytest.approx(fit)
    assert [one.high - one.value for one in found] == pytest.approx(stats.t(len(parts) - 1).ppf(0.95) * error)
    alone = clustered(np.stack([np.ones(4), [0.0, 0, 0, 1]], axis=1), [1.0, 2, 3, 9], None, 0.9)[1]
    assert alone.low < 0 < alone.high, "what one row alone tells is not claimed"


def test_a_slope_is_least_squares_and_its_error_comes_from_clusters():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=50), rng.normal(size=50)
    assert slope(x, y).value == pytest.approx(np.polyfit(x, y, 1)[0])
    doubled = slope(np.tile(x, 2), np.tile(y, 2), groups=np.tile(np.arange(50), 2))
    single = slope(x, y, groups=np.arange(50))
    assert doubled.high - doubled.low == pytest.approx(single.high - single.low), (
        "a row that comes twice says nothing new"
    )
    assert np.isnan(slope([1, 1, 1], [1, 2, 3]).value)


def test_credit_of_channels_as_printed():
    """Two ways G, one M, one G→M, all with an order, and G without: conversion .8, removal .75 and .5."""
    ways = [(("G",), True)] * 2 + [(("M",), True), (("G", "M"), True), (("G",), False)]
    table = markov_credit(ways).set_index("channel")
    assert table["removal"].tolist() == pytest.approx([0.75, 0.5])
    assert table["credit"].tolist() == pytest.approx([2.4, 1.6])
    assert table["share"].sum() == pytest.approx(1)


def test_ways_are_cut_where_nobody_comes_for_long_and_those_still_open_do_not_count():
    def moments(*texts):
        return pd.to_datetime([f"2026-{text}" for text in texts])

    contacts = pd.DataFrame(
        {"customer_id": ["a", "a", "b", "c", "d"], "channel": ["phone", "web", "web", "phone", "web"],
         "at": moments("01-01", "01-05", "01-01", "01-01", "06-25")}
    )  # fmt: skip
    orders = pd.DataFrame({"customer_id": ["a", "c"], "ordered_at": moments("01-06", "04-01")})
    table = journeys(contacts, orders, "2026-06-30").set_index("channel")
    assert table["n"].to_dict() == {"web": 2, "phone": 2}, "the way of d is open, the order of c came too late"
    assert table["credit"].sum() == pytest.approx(1)
    with pytest.raises(UserError, match="No order follows a contact"):
        journeys(contacts, orders.tail(1), "2026-06-30")


# ---- what is planted is found, and nothing else ----


def covered(runs: int, effects, seed: int):
    """Share of intervals that hold the truth, and of worlds with any claim; raw differences of the first channel."""
    rng = np.random.default_rng(seed)
    inside, claims, raw = [], [], []
    for _ in range(runs):
        table = differences(world(rng, effects), "channel", "purpose").set_index("channel")
        raw.append(table.loc["phone", "raw_difference"])
        for place, name in enumerate(CHANNELS):
            truth = true_difference(effects, place)
            inside.append(table.loc[name, "difference_low"] <= truth <= table.loc[name, "difference_high"])
        claims.append(table["change"].isin(["up", "down"]).any())
    return np.mean(inside), np.mean(claims), np.mean(raw)


def test_a_planted_paradox_is_told_the_right_way_round():
    inside, claims, raw = covered(60, PLANTED, 1)
    assert 0.83 < inside < 0.97 and claims > 0.8
    assert raw < -0.02 and true_difference(PLANTED, 0) > 0.07
    table = channel_table(world(np.random.default_rng(2), PLANTED, 4 * SIZE))
    told = sections.tell_solved(table)
    turned = {remark.facts["channel"]: remark.facts for remark in told.remarks}
    assert turned["phone"]["raw"] < 0 < turned["phone"]["fair"].low
    # by chat more is solved as it comes, less at the same purposes: the page names it, and says less
    assert (told.facts["named"], told.verdict.value) == ("chat", "down")
    assert turned["chat"]["raw"] > 0 > turned["chat"]["fair"].high


def test_with_nothing_planted_hardly_a_page_claims():
    inside, claims, raw = covered(60, (0.0, 0.0, 0.0), 3)
    assert raw < -0.1, "the bare shares differ all the same"
    assert claims <= 0.05 and 0.83 < inside < 0.97


@pytest.mark.full
def test_coverage_in_five_hundred_runs():
    planted, found, _ = covered(500, PLANTED, 11)
    zero, false_claims, _ = covered(500, (0.0, 0.0, 0.0), 12)
    assert 0.87 <= planted <= 0.93 and 0.87 <= zero <= 0.93
    assert found > 0.8 and false_claims <= 0.05


def firm(rng, customers=400, months=20, per_contact=0.0, kind=0.0):
    """Customers who are contacted by chance, more often the better they are (`kind`), and order by month."""
    quality = rng.random(customers)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 60, customers), unit="D")
    frames, orders = [], []
    for month in range(months):
        n = rng.poisson(0.3 + kind * quality)
        buys = rng.random(customers) < 0.05 + 0.2 * quality + per_contact * np.minimum(n, 3) - 0.003 * month
        at = start + pd.to_timedelta(month * 30.4375 + 3, unit="D")
        frames.append(pd.DataFrame({"who": np.repeat(np.arange(customers), n), "at": np.repeat(at, n)}))
        orders.append(pd.DataFrame({"who": np.flatnonzero(buys), "at": at[buys] + pd.Timedelta(days=10)}))
    orders.append(pd.DataFrame({"who": np.arange(customers), "at": start}))
    contacts, orders = (pd.concat(part, ignore_index=True) for part in (frames, orders))
    contacts = pd.DataFrame({"customer_id": contacts["who"].astype(str), "at": contacts["at"], "initiator": "company"})
    orders = pd.DataFrame({"customer_id": orders["who"].astype(str), "ordered_at": orders["at"]})
    return contacts.astype({"customer_id": "string"}), orders.astype({"customer_id": "string"})


def test_frequency_is_told_within_customers_and_not_between_them():
    rng = np.random.default_rng(8)
    contacts, orders = firm(rng, kind=1.5)
    told = frequency_response(contacts, orders, "2025-09-15")
    assert told.between.low > 0.01, "good customers are contacted more"
    assert told.change == "unclear" and abs(told.per_contact.value) < 0.02
    contacts, orders = firm(rng, kind=1.5, per_contact=0.06)
    found = frequency_response(contacts, orders, "2025-09-15")
    assert found.change == "up" and found.per_contact.low < 0.06 < found.per_contact.high + 0.02
    assert found.table["difference"][0] < found.table["difference"][1]
    with pytest.raises(UserError, match="no contact with a customer who ordered"):
        frequency_response(contacts.assign(initiator="customer"), orders, "2025-09-15")


def favourites(rng, effect: float, contacts=24, customers=300):
    """Each customer has a channel by which more is solved, and comes by it half of the time."""
    liked = rng.integers(0, 3, customers)
    who = np.repeat(np.arange(customers), contacts)
    channel = np.where(rng.random(who.size) < 0.5, liked[who], rng.integers(0, 3, who.size))
    purpose = rng.integers(0, 3, who.size)
    solved = rng.random(who.size) < SOLVED[purpose] - 0.1 + effect * (channel == liked[who])
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.random(who.size) * 150, unit="D")
    frame = pd.DataFrame(
        {"contact_id": np.arange(who.size).astype(str), "customer_id": who.astype(str), "at": at,
         "initiator": "customer",
         "channel": np.array(CHANNELS)[channel], "purpose": np.array(PURPOSES)[purpose], "resolved": solved}
    )  # fmt: skip
    return frame.astype({"customer_id": "string"}), liked


def test_own_best_channels_are_told_where_they_hold_on_contacts_kept_back():
    rng = np.random.default_rng(4)
    log, liked = favourites(rng, 0.35)
    told = best_channels(log, [str(k) for k in range(300)])
    assert told.basis == "own" and told.gain.low > 0.03
    best = told.customers.set_index("customer_id")["best_channel"]
    right = [best[str(k)] == CHANNELS[liked[k]] for k in range(300)]
    assert np.mean(right) > 0.8
    none = best_channels(favourites(rng, 0.0)[0], [str(k) for k in range(300)])
    assert none.basis is None and none.customers["best_channel"].isna().all()
    assert sections.tell_best(none).verdict == "none"
    anonymous = best_channels(log.assign(customer_id=pd.NA), ["1", "2"])
    assert sections.tell_best(anonymous).verdict == "few" and anonymous.customers["contacts"].tolist() == [0, 0]


def desk(rng, right=(0.9, 0.9, 0.9), n=6000):
    department = rng.integers(0, 3, n)
    question = rng.integers(0, 8, n)
    answer = np.where(rng.random(n) < np.array(right)[department], 0, 1)
    at = pd.Timestamp("2026-04-02") + pd.to_timedelta(rng.random(n) * 80, unit="D")
    return pd.DataFrame(
        {"contact_id": np.arange(n).astype(str), "customer_id": rng.integers(0, 2000, n).astype(str), "at": at,
         "initiator": "customer", "department": np.array(["a", "b", "c"])[department],
         "question_id": question.astype(str), "answer_id": [f"{q}-{a}" for q, a in zip(question, answer, strict=True)],
         "transfers": rng.binomial(1, 0.25, n)}
    )  # fmt: skip


def test_departments_that_answer_otherwise_are_found():
    rng = np.random.default_rng(6)
    told = consistency(desk(rng, (0.9, 0.9, 0.6)), "2026-06-30")
    by_name = told.departments.set_index("department")
    assert by_name.loc["c", "change"] == "down" and abs(by_name.loc["c", "share"] - 0.6) < 0.03
    # two of equal answers agree with .9² + .1², two others with .9 × .6 + .1 × .4
    assert told.agreement.value == pytest.approx((0.82 + 2 * 0.58) / 3, abs=0.02)
    assert told.until_right.value == pytest.approx(1.25, abs=0.03)
    alike = consistency(desk(rng), "2026-06-30")
    assert sections.tell_answers(alike).verdict == "alike"
    with pytest.raises(UserError, match="no answer_id"):
        consistency(desk(rng).drop(columns="answer_id"), "2026-06-30")


def test_dialogues_go_on_where_they_ended_by_hand():
    log = pd.DataFrame(
        {
            "contact_id": ["1", "2", "3", "4"], "customer_id": ["x", "x", "x", "y"], "initiator": "customer",
            "at": pd.to_datetime(["2026-05-01", "2026-05-02", "2026-05-03", "2026-05-03"]),
            "department": ["a", "a", "b", "b"],
            "question_id": ["q", "q", "p", "q"], "answer_id": ["1", "1", "2", "1"],
        }
    )  # fmt: skip
    told = consistency(log, "2026-06-30")
    assert told.asked_twice.value == 0.5 and told.asked_twice.n == 2
    assert told.picked_up.value == 0.0, "the first follow-up asks the same, the second starts elsewhere"


def test_agents_are_a_funnel():
    rng = np.random.default_rng(9)
    log = world(rng).assign(staff=rng.choice(list("abcdef"), SIZE.sum()))
    assert not agents(log)["outside"].any()
    weak = log.assign(resolved=log["resolved"] & ~((log["staff"] == "b") & (rng.random(len(log)) < 0.4)))
    assert agents(weak).loc[lambda table: table["outside"], "staff"].tolist() == ["b"]
    assert agents(log.drop(columns="resolved")).empty
    assert sections.tell_agents(agents(log)).verdict == "inside"


def test_what_a_further_contact_adds_is_told_by_means_and_held_against_the_teaching():
    """Problems of 0.1 or 6.9, 3.5 on average, cost 3.5 more with a second contact: twice as much, though by logarithms
    the cheap ones pull it to seven times.
    """
    one = [0.1, 6.9] * 40
    cost = [*one, *(part for first in one for part in (first, 3.5))]
    log = pd.DataFrame({"cost": cost, "ticket_id": [*range(80), *np.repeat(range(80, 160), 2)]}).astype(
        {"ticket_id": str}
    )
    log = log.assign(customer_id=log["ticket_id"], initiator="customer", score=50.0, at=pd.Timestamp("2026-01-01"))
    log["resolved"] = pd.array([True] * 60 + [False] * 20 + [True] * 160, dtype="boolean")
    told = problems(log)
    assert told["cost_more"].value == pytest.approx(3.5) and told["cost_second"].value == pytest.approx(2.0)
    assert told["cost_second"].low < 2 < told["cost_second"].high
    assert (told["at_once"].value, told["solved_at_once"].value) == (0.5, 60 / 160)
    codes = {remark.code: remark.facts for remark in sections.tell_problems(told, SETTINGS).remarks}
    assert set(codes) >= {"at_once", "cost_unclear"}
    dear = problems(log.assign(cost=np.where(log["cost"] == 3.5, 1.5, log["cost"])))
    assert any(remark.code == "cost_down" for remark in sections.tell_problems(dear, SETTINGS).remarks)


def test_claims_allow_for_all_comparisons_of_a_page():
    assert claim_level(1) == 0.995 and claim_level(5) == 0.999


def test_without_contacts_every_section_says_so():
    nothing = interaction.supplied({}, "contacts")
    table = interaction.channel_table(nothing)
    told = [
        sections.tell_solved(table),
        sections.tell_points(interaction.touch_points(nothing, "2026-06-30"), SETTINGS),
        sections.tell_problems(interaction.problems(nothing), SETTINGS),
        sections.tell_moods(nothing),
        sections.tell_owner(nothing),
        sections.tell_answers(interaction.consistency_of(nothing, "2026-06-30")),
    ]
    assert {one.verdict for one in told} == {"not_supplied"}
    assert (
        sections.first_screen(nothing, nothing, told[0], answers=nothing, settings=SETTINGS).answer.verdict == "nothing"
    )


SERVED = {"given_up": share(10, 100), "within": share(80, 100)}
SHORT = Finding("short", {"short": 3, "half_hours": 90, "missing_hours": 4.5, "spare_hours": 1.0})


@pytest.mark.parametrize("resolved", [True, None])
@pytest.mark.parametrize("served", [SERVED, Refusal("nobody waits.")])
@pytest.mark.parametrize("staffed", [SHORT, Finding("enough")])
def test_every_answer_of_the_page_can_be_said(resolved, served, staffed):
    """Whatever of solved problems, waits and staff is recorded: each fact that is given has its sentence."""
    contacts = pd.DataFrame({"customer_id": ["a", None] * 10, "initiator": "customer", "channel": "phone"})
    contacts["resolved"] = pd.array([resolved] * 20, dtype="boolean")
    contacts["at"] = pd.Timestamp("2026-06-01 10:00")
    none = Refusal("nobody answered twice.")
    found = sections.first_screen(contacts, served, staffed, answers=none, settings=SETTINGS).answer
    page = Report("interaction", report_sample.ABOUT).told.page
    writer_of(page, "en").answer(found.verdict, **found.facts)
