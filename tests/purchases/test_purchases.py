"""RFM summaries: hand-worked days, and the published CDNOW summary."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from regulars.rfm import Purchases, holdout_split, log_of, purchase_log, rfm_summary, unit_days

from regulars.errors import UserError


def log(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    return frame.astype({"customer_id": "string"}).assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


ORDERS = log(
    ("ann", "2024-01-01 23:00", 10.0),
    ("ann", "2024-01-02 01:00", 20.0),  # two hours later, but another day
    ("ann", "2024-01-02 18:00", 5.0),  # the same day: one occasion of 25
    ("ann", "2024-01-15 09:00", 0.0),  # a day without spend
    ("bob", "2024-01-10 12:00", 40.0),
    ("bob", "2024-01-12 12:00", -40.0),  # a credit day is no purchase
    ("cat", "2024-01-05 12:00", -3.0),  # never bought anything
    ("dan", "2024-02-01 00:00", 9.0),  # after the end
)
END = date(2024, 1, 29)
END_OF_CDNOW = date(1998, 6, 30)


def test_hand_worked_summary():
    table = rfm_summary(ORDERS, END, "day").set_index("customer_id")
    assert list(table.index) == ["ann", "bob"]
    assert table.loc["ann", ["frequency", "recency", "T", "monetary_value", "spend"]].tolist() == [1, 1, 28, 25, 35]
    assert table.loc["bob", ["frequency", "recency", "T", "spend"]].tolist() == [0, 0, 19, 40]
    assert np.isnan(table.loc["bob", "monetary_value"])
    assert table.loc["ann", "last_ordered_at"] == pd.Timestamp("2024-01-02")


def test_days_without_spend_count_as_purchases_where_the_rule_says_so():
    table = rfm_summary(ORDERS, END, "week", zero_spend_is_purchase=True).set_index("customer_id")
    assert table.loc["ann", ["frequency", "recency", "T"]].tolist() == [2, 2, 4]
    # but never in the mean spend
    assert table.loc["ann", "monetary_value"] == 25


def test_published_sample_summary(cdnow_sample):
    """Fader, Hardie & Lee (2005): 2,357 customers, 2,457 repeat purchases, 1,411 without one, 946 with."""
    split = holdout_split(cdnow_sample, date(1997, 9, 30), date(1998, 6, 30), zero_spend_is_purchase=True)
    assert len(split) == 2357
    assert split["frequency"].sum() == 2457
    assert (split["frequency"] == 0).sum() == 1411
    assert len(split[["frequency", "recency", "T"]].drop_duplicates()) == 1016
    assert split["holdout_orders"].sum() == 1882
    assert split["monetary_value"].gt(0).sum() == 946
    # recency and T are the published weeks, which are rounded to two decimals
    assert split.loc[0, ["recency", "T"]].round(2).tolist() == [30.43, 38.86]
    assert split["holdout_spend"].sum() == pytest.approx(70976.39, abs=0.005)


def test_spend_adds_up_to_the_cent(cdnow_master):
    table = rfm_summary(cdnow_master, date(1998, 6, 30), zero_spend_is_purchase=True)
    assert len(table) == 23570
    cents = (cdnow_master["amount"] * 100).round().astype(int).sum()
    assert round(table["spend"].sum() * 100) == cents


@settings(max_examples=15, deadline=None)
@given(
    days=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60), st.integers(1, 900)), min_size=1, max_size=40)
)
def test_unit_changes_the_scale_and_nothing_else(days):
    start = pd.Timestamp("2024-01-01")
    orders = log(*[(who, start + pd.Timedelta(days=day), cents / 100) for who, day, cents in days])
    by_day, by_week = (rfm_summary(orders, date(2024, 3, 31), unit) for unit in ("day", "week"))
    np.testing.assert_allclose(by_day["recency"], by_week["recency"] * 7, rtol=1e-14)
    np.testing.assert_allclose(by_day["T"], by_week["T"] * 7, rtol=1e-14)
    pd.testing.assert_frame_equal(by_day.drop(columns=["recency", "T"]), by_week.drop(columns=["recency", "T"]))
    # an independent count in pandas
    expected = orders.groupby("customer_id")["ordered_at"].nunique() - 1
    assert by_day["frequency"].tolist() == expected.sort_index().tolist()


def test_order_of_rows_does_not_matter(cdnow_sample):
    shuffled = cdnow_sample.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(rfm_summary(cdnow_sample, END), rfm_summary(shuffled, END))


def test_unknown_unit_and_impossible_cutoff_say_what_to_do():
    with pytest.raises(UserError, match=r"value\.time_unit is 'fortnight': write one of day, week, month"):
        unit_days("fortnight")
    with pytest.raises(UserError, match="cutoff 2023-12-31 lies outside the orders"):
        holdout_split(ORDERS, date(2023, 12, 31), END)


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_occasions_in_memory_give_the_engines_summary_to_the_last_bit(cdnow_master, zero, unit):
    log = Purchases.of(cdnow_master, zero_spend_is_purchase=zero)
    for cutoff in (date(1997, 1, 2), date(1997, 9, 30)):
        engine = rfm_summary(cdnow_master, cutoff, unit, zero_spend_is_purchase=zero)
        pd.testing.assert_frame_equal(log.summary(cutoff, unit), engine, check_exact=True)
    split = holdout_split(cdnow_master, cutoff, END_OF_CDNOW, unit, zero_spend_is_purchase=zero)
    pd.testing.assert_frame_equal(log.split(cutoff, END_OF_CDNOW, unit), split, check_exact=True)


def test_occasions_in_memory_by_hand():
    log = Purchases.of(ORDERS)
    pd.testing.assert_frame_equal(log.summary(END, "day"), rfm_summary(ORDERS, END, "day"), check_exact=True)
    assert Purchases.of(log) is log
    assert len(log.summary(date(2023, 1, 1))) == 0
    assert list(log.summary(date(2023, 1, 1))) == list(rfm_summary(ORDERS, END))
    with pytest.raises(UserError, match="cutoff 2023-12-31 lies outside the orders"):
        log.split(date(2023, 12, 31), END)


@pytest.mark.parametrize("zero", [False, True])
def test_occasions_are_those_of_the_engine_whatever_the_ids(zero):
    rng = np.random.default_rng(1)
    ids = np.array(["b", "B", "ß", "é", "10", "9", "𝄞", "￥"])
    orders = pd.DataFrame(
        {
            "customer_id": pd.array(rng.choice(ids, 200), dtype="string"),
            "ordered_at": pd.Timestamp("1969-12-20 23:59:59") + pd.to_timedelta(rng.integers(0, 30, 200), unit="D"),
            "amount": rng.integers(-3, 4, 200) / 10_000,
        }
    )
    told = Purchases.of_days(purchase_log(orders, zero_spend_is_purchase=zero))
    log, numbered = log_of(orders, zero_spend_is_purchase=zero)
    assert log.customers.tolist() == told.customers.tolist()
    for name in ("code", "day", "money"):
        assert getattr(log, name).tolist() == getattr(told, name).tolist()
    assert numbered["customer_id"].nunique() == orders["customer_id"].nunique()
    place, occasions, first, last = log.histories("1970-01-01")
    known = log.summary("1970-01-01", "day")
    assert log.customers.iloc[place].tolist() == known["customer_id"].tolist()
    assert (occasions - 1).tolist() == known["frequency"].tolist()
    assert (last - first).tolist() == known["recency"].tolist()
