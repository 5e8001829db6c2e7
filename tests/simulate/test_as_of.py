"""The simulated shop as of an earlier day: nothing of what came later, and all of what was there."""

import numpy as np
import pandas as pd
import pytest

from regulars.simulate import demo
from regulars.simulate.as_of import CUTS, _days

DAY = "2025-08-31"


@pytest.fixture(scope="module")
def whole():
    return demo(customers=150, seed=3)


def test_nothing_of_later_days_is_left(whole):
    cut, end = demo(customers=150, seed=3, as_of=DAY), pd.Timestamp(DAY) + pd.Timedelta(days=1)
    for name, how in CUTS.items():
        if name not in cut:
            continue
        for column in (how.at, *how.later):
            if column in cut[name]:
                assert not (_days(cut[name][column]) >= end).any(), (name, column)


def test_all_that_was_there_stays(whole):
    cut, end = demo(customers=150, seed=3, as_of=DAY), pd.Timestamp(DAY) + pd.Timedelta(days=1)
    for name in ("order_lines", "surveys", "tickets", "contacts", "contracts"):
        assert len(cut[name]) == int((_days(whole[name][CUTS[name].at]) < end).sum())
    assert demo(customers=150, seed=3, as_of="2026-06-30")["order_lines"].equals(whole["order_lines"])


def test_a_case_that_was_open_then_is_open(whole):
    cut = demo(customers=150, seed=3, as_of=DAY)["tickets"]
    assert (cut.loc[cut["resolved"] == "", "outcome"] == "").all()
    assert not cut.loc[cut["resolved"] == "", "status"].eq("closed").any()


def test_a_campaign_brings_orders_and_worse_quality_complaints(whole):
    pushed = demo(customers=150, seed=3, push_on="2026-03-01", push_percent=80)
    day = pd.to_datetime(pushed["order_lines"]["date"], format="%d/%m/%Y %H:%M")
    was = pd.to_datetime(whole["order_lines"]["date"], format="%d/%m/%Y %H:%M")
    fortnight = [(one >= "2026-03-01") & (one < "2026-03-15") for one in (day, was)]
    assert fortnight[0].sum() > 1.5 * fortnight[1].sum()
    worse = demo(customers=150, seed=3, worse_from="2025-07-01", worse_times=8)
    late = [
        (table["opened"] >= "2025-07-01") & (table["type"] == "complaint")
        for table in (worse["tickets"], whole["tickets"])
    ]
    assert late[0].sum() > 2 * np.maximum(late[1].sum(), 1)
