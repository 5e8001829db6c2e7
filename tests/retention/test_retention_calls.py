"""How many calls, what they bring and from when on they pay: by hand."""

import pandas as pd
import pytest

from regulars.retention import at_risk, money_at_risk, weekly_calls
from regulars.retention.calls import CallsVerdict, tell_calls
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate

NOTHING = Estimate(float("nan"), n=0)
LISTED = pd.DataFrame({"customer_id": ["a", "b"], "value_at_risk": [60.0, 40.0]})
DUE = pd.DataFrame({"customer_id": ["b", "c", "d"]})


def test_customers_on_both_lists_are_called_once():
    calls = weekly_calls(LISTED, DUE, contact_cost=5.0, effect=NOTHING)
    assert (calls.number, calls.listed, calls.due) == (4, 2, 2)
    assert (calls.worth, calls.cost, calls.pays) == (100, 10, 0.1)
    assert calls.verdict is CallsVerdict.ASSUMED


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        (Estimate(0.2, 0.1, 0.3, 90), CallsVerdict.MEASURED),
        (Estimate(0.2, -0.1, 0.5, 90), CallsVerdict.ASSUMED),  # may be chance
        (NOTHING, CallsVerdict.ASSUMED),
    ],
)
def test_what_calls_bring_is_told_only_where_contacts_have_been_shown_to_keep_customers(effect, verdict):
    calls = weekly_calls(LISTED, DUE, contact_cost=5.0, effect=effect)
    assert calls.verdict is verdict
    if verdict is CallsVerdict.MEASURED:
        assert (calls.brings.value, calls.brings.low, calls.brings.high) == pytest.approx((20, 10, 30))
        assert set(calls.facts) == {"worth", "brings"}
    else:
        assert set(calls.facts) == {"worth", "pays"}


def test_calls_that_cost_more_than_is_at_risk_are_not_made():
    calls = weekly_calls(LISTED, DUE, contact_cost=50.0, effect=Estimate(0.2, 0.1, 0.3, 90))
    assert (calls.verdict, calls.number) == (CallsVerdict.TOO_DEAR, 2)  # those who are due are called all the same


def test_nobody_at_risk():
    calls = weekly_calls(LISTED.iloc[:0], DUE.iloc[:0], contact_cost=5.0, effect=NOTHING)
    assert (calls.verdict, calls.number, calls.facts) == (CallsVerdict.NONE, 0, {})


def test_every_finding_tells_what_its_sentences_need():
    value = pd.DataFrame({"customer_id": list("ab"), "frequency": [2, 3], "p_alive": [0.4, 0.5],
                          "value_at_risk": [60.0, 40.0]})  # fmt: skip
    listed = at_risk(value)
    certainty = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)
    risk = money_at_risk(value, listed, min_alive=0.1, certainty=certainty)
    calls = weekly_calls(listed, DUE, contact_cost=5.0, effect=NOTHING)
    page = {"pseudonyms": lambda ids: "C-" + ids, "customers": 7, "months": 12, "min_alive": 0.1}
    found = tell_calls(calls, risk, listed, **page)
    assert (found.key, found.verdict) == ("calls", CallsVerdict.ASSUMED)
    assert found.facts["untold_share"] == 0 and found.facts["share"] == 1
    assert found.frames["list"][["rank", "customer"]].to_numpy().tolist() == [[1, "C-a"], [2, "C-b"]]
    assert "customer_id" not in found.frames["list"]
