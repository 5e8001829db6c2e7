"""How many calls, what they bring and from when on they pay: by hand."""

import pandas as pd
import pytest

from regulars.retention import at_risk, calls_finding, risk_finding
from regulars.retention.calls import CallsFinding
from regulars.statistics.intervals import Estimate

NOTHING = Estimate(float("nan"), n=0)
LISTED = pd.DataFrame({"customer_id": ["a", "b"], "value_at_risk": [60.0, 40.0]})
DUE = pd.DataFrame({"customer_id": ["b", "c", "d"]})


def test_customers_on_both_lists_are_called_once():
    calls = calls_finding(LISTED, DUE, 5.0, NOTHING)
    assert (calls.number, calls.listed, calls.due) == (4, 2, 2)
    assert (calls.worth, calls.cost, calls.pays) == (100, 10, 0.1)
    assert calls.finding is CallsFinding.ASSUMED


@pytest.mark.parametrize(
    ("effect", "finding"),
    [
        (Estimate(0.2, 0.1, 0.3, 90), CallsFinding.MEASURED),
        (Estimate(0.2, -0.1, 0.5, 90), CallsFinding.ASSUMED),  # may be chance
        (NOTHING, CallsFinding.ASSUMED),
    ],
)
def test_what_calls_bring_is_told_only_where_contacts_have_been_shown_to_keep_customers(effect, finding):
    calls = calls_finding(LISTED, DUE, 5.0, effect)
    assert calls.finding is finding
    if finding is CallsFinding.MEASURED:
        assert (calls.brings.value, calls.brings.low, calls.brings.high) == pytest.approx((20, 10, 30))
        assert set(calls.facts) == {"worth", "brings"}
    else:
        assert set(calls.facts) == {"worth", "pays"}


def test_calls_that_cost_more_than_is_at_risk_are_not_made():
    calls = calls_finding(LISTED, DUE, 50.0, Estimate(0.2, 0.1, 0.3, 90))
    assert (calls.finding, calls.number) == (CallsFinding.TOO_DEAR, 2)  # those who are due are called all the same


def test_nobody_at_risk():
    calls = calls_finding(LISTED.iloc[:0], DUE.iloc[:0], 5.0, NOTHING)
    assert (calls.finding, calls.number, calls.facts) == (CallsFinding.NONE, 0, {})


def test_every_finding_tells_what_its_sentences_need():
    value = pd.DataFrame({"customer_id": list("ab"), "frequency": [2, 3], "p_alive": [0.4, 0.5],
                          "value_at_risk": [60.0, 40.0]})  # fmt: skip
    listed = at_risk(value)
    risk = risk_finding(value, listed, 0.1)
    told = calls_finding(listed, DUE, 5.0, NOTHING).telling(risk, listed, 7, 12, 0.1)
    assert told.verdict == "assumed" and told.facts["untold_share"] == 0 and told.facts["share"] == 1
    assert list(told.frames) == ["list"]
