"""How revenue moved: hand-worked windows, and identities over random logs."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.clv.revenue import revenue_move
from regulars.labels import RevenueStep

START, END = date(2023, 1, 1), date(2024, 12, 30)  # two windows of 365 days


def log(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


def amounts(move) -> dict:
    return move.steps.set_index("step")["amount"].to_dict()


def test_only_the_number_of_customers_changes():
    """Two customers, then three, each with one order of 50: the newcomer brings exactly 50."""
    orders = log(
        ("a", "2023-03-01", 50), ("b", "2023-04-01", 50), ("a", "2024-03-01", 50), ("b", "2024-04-01", 50),
        ("c", "2024-05-01", 50),
    )  # fmt: skip
    move = revenue_move(orders, START, END)
    found = amounts(move)
    assert found[RevenueStep.NEW] == pytest.approx(50)
    assert [found[step] for step in ("paused", "returned", "orders", "spend")] == pytest.approx([0, 0, 0, 0])
    assert (move.verdict, move.largest, move.before, move.now) == ("up", "new", 100, 150)
    assert move.existing == pytest.approx(2 / 3)


def test_orders_and_spend_share_the_change_by_their_growth():
    """One customer, from 1 order of 10 to 2 orders of 20: both factors doubled, so each brings half of 30."""
    move = revenue_move(log(("a", "2023-05-01", 10), ("a", "2024-05-01", 20), ("a", "2024-06-01", 20)), START, END)
    found = amounts(move)
    assert found["orders"] == pytest.approx(15)
    assert found["spend"] == pytest.approx(15)


def test_who_left_and_who_came_back():
    orders = log(
        ("old", "2022-12-01", 30), ("left", "2023-02-01", 30), ("stays", "2023-02-02", 30),
        ("stays", "2024-02-02", 30), ("old", "2024-03-01", 30),
    )  # fmt: skip
    move = revenue_move(orders, date(2022, 12, 1), END)
    found = move.steps.set_index("step")
    assert found.loc[["new", "paused", "returned"], "customers"].tolist() == [0, 1, 1]
    assert found.loc[["paused", "returned"], "amount"].tolist() == pytest.approx([-30, 30])
    assert move.existing == 1.0


def test_each_customer_counts_with_the_own_money():
    """A small customer leaves and a large one comes: -5 and +500, not an average customer's amount each."""
    orders = log(("small", "2023-03-01", 5), ("stays", "2023-04-01", 100), ("stays", "2024-04-01", 100),
                 ("large", "2024-05-01", 500))  # fmt: skip
    found = amounts(revenue_move(orders, START, END))
    assert (found["new"], found["paused"], found["orders"], found["spend"]) == (500, -5, 0, 0)


def test_credits_alone_are_spend():
    """A customer who ordered before both windows returns goods: nobody paused, and the money is not lost."""
    orders = log(("a", "2022-12-01", 90), ("b", "2023-04-01", 50), ("b", "2024-04-01", 50), ("a", "2024-05-01", -20))
    found = amounts(revenue_move(orders, date(2022, 12, 1), END))
    assert (found["new"], found["returned"], found["paused"], found["spend"]) == (0, 0, 0, -20)


def test_cdnow_by_its_own_money(cdnow_master):
    """Customers who paused had spent $174k and those who came back brought $107k, summed by hand from the log."""
    found = amounts(revenue_move(cdnow_master, date(1997, 1, 1), date(1998, 6, 30), days=180))
    day, by = cdnow_master["ordered_at"], cdnow_master["customer_id"]
    now, before = day >= "1998-01-02", (day >= "1997-07-06") & (day < "1998-01-02")
    here, there = set(by[now]), set(by[before])
    assert found["paused"] == pytest.approx(-cdnow_master.loc[before & ~by.isin(here), "amount"].sum())
    assert found["returned"] == pytest.approx(cdnow_master.loc[now & ~by.isin(there), "amount"].sum())
    assert round(found["paused"], -3) == -174_000 and round(found["returned"], -3) == 107_000


def test_a_log_of_one_cohort_is_not_called_shrinking(cdnow_master):
    move = revenue_move(cdnow_master, date(1997, 1, 1), date(1998, 6, 30), days=180)
    assert move.verdict == "one_cohort"
    assert amounts(move)["new"] == 0
    inside = cdnow_master["ordered_at"] >= "1998-01-02"
    assert move.now == pytest.approx(cdnow_master.loc[inside, "amount"].sum(), abs=1e-6)


@pytest.mark.parametrize(
    "orders",
    [log(("a", "2024-05-01", 10)), log(("a", "2023-05-01", 10))],
    ids=["nothing before", "nothing now"],
)
def test_without_revenue_in_a_window_nothing_is_compared(orders):
    move = revenue_move(orders, START, END)
    assert move.verdict == "short"
    assert len(move.steps) == 2


def test_data_that_begin_within_the_earlier_window_are_not_compared():
    orders = log(("a", "2024-01-05", 10), ("a", "2024-05-01", 10))
    assert revenue_move(orders, date(2024, 1, 1), END).verdict == "short"


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_steps_lead_from_one_revenue_to_the_other(seed, size):
    rng = np.random.default_rng(seed)
    orders = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 12, size).astype(str),
            "ordered_at": pd.Timestamp(START) + pd.to_timedelta(rng.integers(0, 730, size), unit="D"),
            "amount": rng.integers(-500, 5000, size) / 100,
        }
    )
    move = revenue_move(orders, START, END)
    window = orders["ordered_at"] > pd.Timestamp(END) - pd.Timedelta(days=365)
    assert move.now == pytest.approx(orders.loc[window, "amount"].sum(), abs=1e-9)
    if move.verdict != "short":
        steps = move.steps.loc[~move.steps["is_total"], "amount"].sum()
        assert move.before + steps == pytest.approx(move.now, abs=1e-8)
        heads = move.steps.set_index("step")["customers"]
        assert heads["before"] + heads["new"] + heads["returned"] - heads["paused"] == heads["now"]
