"""Whom to call, what that brings and from when on it pays: by hand."""

import numpy as np
import pandas as pd
import pytest

from regulars.labels import CostOrigin
from regulars.retention import at_risk, money_at_risk, weekly_calls
from regulars.retention.calls import CallsVerdict, tell_calls
from regulars.retention.costs import ContactCost
from regulars.retention.screen import to_do
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate

NOTHING = Estimate(float("nan"), n=0)
LISTED = pd.DataFrame({"customer_id": ["a", "b"], "value_at_risk": [60.0, 40.0], "p_alive": [0.4, 0.6]})
SURE = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)
VALUE = pd.DataFrame(
    {
        "customer_id": list("abcdef"),
        "frequency": [2, 3, 4, 5, 6, 0],
        "p_alive": [0.4, 0.5, 0.05, 0.2, 0.9, 1.0],
        "value_at_risk": [60.0, 40.0, 90.0, 80.0, 7.0, 0.0],
        "customer_state": ["dormant", "slipping", "dormant", "lost", "active", "slipping"],
    }
)


def test_one_model_makes_the_list():
    """Of six: d is lost and c silent with too small a chance, e's silence is short, of f it cannot be told."""
    assert at_risk(VALUE, min_alive=0.1)["customer_id"].tolist() == ["a", "b"]


def test_money_to_win_back_is_parted_without_a_rest():
    risk = money_at_risk(VALUE, at_risk(VALUE, min_alive=0.1), min_alive=0.1, certainty=SURE)
    assert (risk.reachable.value, risk.gone.value, risk.early.value) == (100, 170, 7)
    assert risk.reachable.value + risk.gone.value + risk.early.value == VALUE["value_at_risk"].sum()
    assert (risk.listed_share, risk.untold) == (1, 1)


@pytest.mark.parametrize(
    ("effect", "verdict", "gain"),
    [
        (Estimate(0.2, 0.15, 0.3, 90), CallsVerdict.PAYS, (20, 15, 30)),
        (Estimate(0.2, 0.05, 0.3, 90), CallsVerdict.UNSURE, (20, 5, 30)),  # 5 saved at worst, 10 spent
        (Estimate(0.2, -0.1, 0.5, 90), CallsVerdict.UNSURE, (20, -10, 50)),  # may be chance
        (NOTHING, CallsVerdict.UNTESTED, None),
    ],
)
def test_verdict_follows_the_interval_of_the_net(effect, verdict, gain):
    calls = weekly_calls(LISTED, contact_cost=5.0, effect=effect)
    assert (calls.verdict, calls.number, calls.worth, calls.cost, calls.pays) == (verdict, 2, 100, 10, 0.1)
    told = (calls.gain.value, calls.gain.low, calls.gain.high)
    assert told == pytest.approx(gain) if gain else np.isnan(calls.gain.value)


def test_calls_that_cost_more_than_can_be_won_back_do_not_pay():
    calls = weekly_calls(LISTED, contact_cost=50.0, effect=Estimate(0.2, 0.1, 0.3, 90))
    assert (calls.verdict, calls.cost) == (CallsVerdict.TOO_DEAR, 100)


def test_nobody_to_call():
    calls = weekly_calls(LISTED.iloc[:0], contact_cost=5.0, effect=NOTHING)
    assert (calls.verdict, calls.number, calls.facts) == (CallsVerdict.NONE, 0, {})


def test_a_test_as_large_as_told_shows_the_effect_four_times_in_five():
    """Two arms of half as many customers each, shares 0.5 ± half the effect, where all have left."""
    calls = weekly_calls(LISTED.assign(p_alive=0.0), contact_cost=5.0, effect=NOTHING)
    half = weekly_calls(LISTED.assign(p_alive=0.5), contact_cost=5.0, effect=NOTHING)
    assert half.needed == pytest.approx(4 * calls.needed), "only who has left can be brought back"
    rng, arm = np.random.default_rng(1), round(calls.needed / 2)
    gap = (rng.binomial(arm, 0.55, 4000) - rng.binomial(arm, 0.45, 4000)) / arm
    assert np.mean(gap > 1.645 * np.sqrt(2 * 0.25 / arm)) == pytest.approx(0.8, abs=0.02)


def test_actions_have_a_sum_where_control_groups_tell_it():
    listed = at_risk(VALUE, n=1, min_alive=0.1)
    effect, reminders = Estimate(0.2, 0.15, 0.3, 90), {"months": 12, "min_alive": 0.1, "reminder_cost": 5.0}
    calls = weekly_calls(listed, contact_cost=5.0, effect=effect)
    call, remind = to_do(VALUE, listed, calls, **reminders, effect=effect)
    assert (call.net.value, call.net.low, call.pays) == (pytest.approx(7), pytest.approx(4), True)
    # the other one who is quiet and may still be here: 40 to win back; for c, with 90, it is too late
    assert (remind.facts["customers"], remind.facts["worth"], remind.cost.value) == (1, 40, 5)
    few = to_do(VALUE, listed, calls._replace(gain=NOTHING), **reminders, effect=NOTHING)
    assert few == [], "so few cannot tell what a call brings"
    many = pd.concat([VALUE, *(VALUE.assign(customer_id=f"x{n}", value_at_risk=0.0) for n in range(1500))])
    untested = to_do(many, listed, calls._replace(gain=NOTHING), **reminders, effect=NOTHING)
    assert [(one.key, one.verdict, one.net) for one in untested] == [
        ("call", "untested", None)
    ]  # reminders are too many
    assert (untested[0].facts["spent"], untested[0].facts["part"]) == (5, pytest.approx(1 / 12))
    # at 35 each the one call of 60 has to save 58%, the one reminder of 40 as much as 88%: not to be tried
    dear = weekly_calls(listed, contact_cost=35.0, effect=NOTHING)
    assert to_do(VALUE, listed, dear, **reminders | {"reminder_cost": 35.0}, effect=NOTHING) == []


def test_every_finding_tells_what_its_sentences_need():
    listed = at_risk(VALUE, min_alive=0.1)
    risk = money_at_risk(VALUE, listed, min_alive=0.1, certainty=SURE)
    calls = weekly_calls(listed, contact_cost=5.0, effect=NOTHING)
    contact = ContactCost(5.0, CostOrigin.CONTACTS, 20)
    page = {"contact": contact, "pseudonyms": lambda ids: "C-" + ids, "customers": 6, "months": 12, "min_alive": 0.1}
    found = tell_calls(calls, risk, listed, **page)
    assert (found.key, found.verdict) == ("calls", CallsVerdict.UNTESTED)
    assert [one.code for one in found.remarks] == ["no_test", "untold"] and found.remarks[1].facts["untold"] == 1
    assert found.remarks[0].facts == {"needed": calls.needed, "quiet": risk.reachable.n}
    assert (found.facts["each"], found.facts["origin"]) == (5.0, "contacts")
    assert found.remarks[1].facts["untold_share"] == pytest.approx(1 / 6) and found.facts["share"] == 1
    enough = calls._replace(needed=risk.reachable.n)
    assert [one.code for one in tell_calls(enough, risk._replace(untold=0), listed, **page).remarks] == ["test"]
    assert found.frames["list"][["rank", "customer", "customer_state"]].to_numpy().tolist() == [
        [1, "C-a", "dormant"], [2, "C-b", "slipping"],
    ]  # fmt: skip
    assert "customer_id" not in found.frames["list"]
