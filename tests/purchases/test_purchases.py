"""Purchases: hand-worked days, loops, the engine's own expressions, and the published CDNOW summary."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.engine.embedded import as_frame, as_table
from regulars.errors import UserError
from regulars.purchases import COLUMNS, Purchases, by_number, day_number, day_numbers, unit_days
from regulars.purchases_in_engine import purchase_days, rfm_expression


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


def summary_in_engine(orders: pd.DataFrame, end, unit: str = "week", zero: bool = False) -> pd.DataFrame:
    table = as_table(orders[list(COLUMNS)])
    return as_frame(rfm_expression(table, end, unit, zero_spend_is_purchase=zero))


def days_in_engine(orders: pd.DataFrame, zero: bool):
    return purchase_days(as_table(orders[list(COLUMNS)]), zero_spend_is_purchase=zero)


def test_a_day_is_one_purchase_and_its_net_spend_must_be_positive():
    orders = log(
        ("a", "2026-01-01", 10.0), ("a", "2026-01-01", -10.0), ("a", "2026-01-02", 10.0), ("b", "2026-01-01", -1)
    )
    assert Purchases.of(orders).frame()["day"].dt.day.tolist() == [2]
    with_zero = Purchases.of(orders, zero_spend_is_purchase=True).frame()
    assert with_zero[["customer_id", "amount", "occasion"]].to_numpy().tolist() == [["a", 0, 0], ["a", 10, 1]]


def test_hand_worked_summary():
    table = Purchases.of(ORDERS).summary(END, "day").set_index("customer_id")
    assert list(table.index) == ["ann", "bob"]
    assert table.loc["ann", ["frequency", "recency", "T", "monetary_value", "spend"]].tolist() == [1, 1, 28, 25, 35]
    assert table.loc["bob", ["frequency", "recency", "T", "spend"]].tolist() == [0, 0, 19, 0]  # it came back
    assert np.isnan(table.loc["bob", "monetary_value"])
    assert table.loc["ann", "last_ordered_at"] == pd.Timestamp("2024-01-02")


def test_what_comes_back_later_is_no_longer_spent_and_before_that_it_is():
    orders = log(
        ("ann", "2024-01-01", 10.0), ("ann", "2024-01-03", 20.0), ("ann", "2024-01-05", -12.5),
        ("bob", "2024-01-04", -5.0), ("bob", "2024-01-04", 9.0),  # less came back than was bought: one occasion of 4
        ("cat", "2024-01-06", 7.0), ("cat", "2024-01-08", -7.0), ("dan", "2024-01-02", -3.0),
    )  # fmt: skip
    purchases = Purchases.of(orders)
    spent = {day: purchases.summary(day)["spend"].tolist() for day in ("2024-01-04", "2024-01-05", "2024-01-08")}
    assert spent == {"2024-01-04": [30.0, 4.0], "2024-01-05": [17.5, 4.0], "2024-01-08": [17.5, 4.0, 0.0]}
    for day in spent:
        pd.testing.assert_frame_equal(purchases.summary(day), summary_in_engine(orders, day), check_exact=True)
    assert purchases.until("2024-01-07").summary("2024-01-08")["spend"].tolist() == [17.5, 4.0, 7.0]
    # how often and for how much per order they bought is untouched
    assert purchases.frequency.tolist() == [1, 0, 0]
    drawn = purchases.sample(2, seed=3)
    whole = purchases.summary("2024-01-08").set_index("customer_id")["spend"]
    assert drawn.summary("2024-01-08")["spend"].tolist() == whole[drawn.customers].tolist()


def test_days_without_spend_count_as_purchases_where_the_rule_says_so():
    table = Purchases.of(ORDERS, zero_spend_is_purchase=True).summary(END).set_index("customer_id")
    assert table.loc["ann", ["frequency", "recency", "T"]].tolist() == [2, 2, 4]
    # but never in the mean spend
    assert table.loc["ann", "monetary_value"] == 25


def test_published_sample_summary(cdnow_sample):
    """Fader, Hardie & Lee (2005): 2,357 customers, 2,457 repeat purchases, 1,411 without one, 946 with."""
    split = Purchases.of(cdnow_sample, zero_spend_is_purchase=True).split(date(1997, 9, 30), END_OF_CDNOW)
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
    table = Purchases.of(cdnow_master, zero_spend_is_purchase=True).summary(END_OF_CDNOW)
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
    by_day, by_week = (Purchases.of(orders).summary(date(2024, 3, 31), unit) for unit in ("day", "week"))
    np.testing.assert_allclose(by_day["recency"], by_week["recency"] * 7, rtol=1e-14)
    np.testing.assert_allclose(by_day["T"], by_week["T"] * 7, rtol=1e-14)
    pd.testing.assert_frame_equal(by_day.drop(columns=["recency", "T"]), by_week.drop(columns=["recency", "T"]))
    # an independent count in pandas
    expected = orders.groupby("customer_id")["ordered_at"].nunique() - 1
    assert by_day["frequency"].tolist() == expected.sort_index().tolist()


def test_order_of_rows_does_not_matter(cdnow_sample):
    shuffled = cdnow_sample.sample(frac=1, random_state=1)
    summaries = (Purchases.of(orders).summary(END_OF_CDNOW) for orders in (cdnow_sample, shuffled))
    pd.testing.assert_frame_equal(*summaries)


def test_unknown_unit_and_impossible_cutoff_say_what_to_do():
    with pytest.raises(UserError, match=r"^time_unit is 'fortnight': write one of day, week, month"):
        unit_days("fortnight")
    with pytest.raises(UserError, match="cutoff 2023-12-31 lies outside the orders"):
        Purchases.of(ORDERS).split(date(2023, 12, 31), END)


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_the_engine_gives_the_same_summary_to_the_last_bit(cdnow_master, zero, unit):
    purchases = Purchases.of(cdnow_master, zero_spend_is_purchase=zero)
    for cutoff in (date(1997, 1, 2), date(1997, 9, 30)):
        engine = summary_in_engine(cdnow_master, cutoff, unit, zero)
        pd.testing.assert_frame_equal(purchases.summary(cutoff, unit), engine, check_exact=True)
    days = days_in_engine(cdnow_master, zero)
    after = days.filter(days.day > cutoff)
    came = after.group_by("customer_id").aggregate(
        holdout_orders=after.count(), holdout_spend=after.amount.sum().cast("float64")
    )
    split = engine.merge(as_frame(came), on="customer_id", how="left").fillna(
        {"holdout_orders": 0, "holdout_spend": 0.0}
    )
    split = split.astype({"holdout_orders": "int64"})
    pd.testing.assert_frame_equal(purchases.split(cutoff, END_OF_CDNOW, unit), split, check_exact=True)


def test_by_hand_beside_the_engine():
    purchases = Purchases.of(ORDERS)
    pd.testing.assert_frame_equal(
        purchases.summary(END, "day"), summary_in_engine(ORDERS, END, "day"), check_exact=True
    )
    early = purchases.summary(date(2023, 1, 1))
    assert len(early) == 0
    pd.testing.assert_frame_equal(early, summary_in_engine(ORDERS, date(2023, 1, 1)), check_exact=True)
    # first and last are those of orders, purchases or not
    assert (purchases.first, purchases.last) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01"))
    assert purchases.until("2024-01-29").last == pd.Timestamp("2024-01-29")


@pytest.mark.parametrize("zero", [False, True])
def test_purchases_are_those_of_the_engine_whatever_the_ids(zero):
    rng = np.random.default_rng(1)
    ids = np.array(["b", "B", "ß", "é", "10", "9", "𝄞", "￥"])
    orders = pd.DataFrame(
        {
            "customer_id": pd.array(rng.choice(ids, 200), dtype="string"),
            "ordered_at": pd.Timestamp("1969-12-20 23:59:59") + pd.to_timedelta(rng.integers(0, 30, 200), unit="D"),
            "amount": rng.integers(-3, 4, 200) / 10_000,
        }
    )
    days = days_in_engine(orders, zero)
    engine = as_frame(days.mutate(amount=days.amount.cast("float64")).order_by("customer_id", "day"))
    purchases = Purchases.of(orders, zero_spend_is_purchase=zero)
    pd.testing.assert_frame_equal(purchases.frame().drop(columns="occasion"), engine, check_exact=True)
    numbered, names = by_number(orders)
    assert numbered["customer_id"].nunique() == orders["customer_id"].nunique()
    same = Purchases.of(numbered, names, zero_spend_is_purchase=zero)
    pd.testing.assert_frame_equal(same.frame(), purchases.frame(), check_exact=True)


def drawn(customers: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return log(
        *[(f"c{i}", pd.Timestamp("2025-01-01 18:00") + pd.Timedelta(days=int(day)), 7.0)
          for i in range(customers) for day in rng.integers(0, 300, rng.integers(1, 6))]
    )  # fmt: skip


def test_what_is_known_of_a_customer_is_that_of_a_loop():
    end = pd.Timestamp("2025-07-31")
    whole = Purchases.of(drawn())
    told, frame = whole.until(end), whole.frame()
    for place, (customer, group) in enumerate(frame[frame["day"] <= end].groupby("customer_id")):
        days = day_numbers(group["day"])
        assert told.customers[place] == customer
        assert (told.first_days[place], told.last_days[place]) == (days[0], days[-1])
        assert (told.frequency[place], told.days_before_last[place]) == (len(days) - 1, days[max(len(days) - 2, 0)])
        mine = told.code == place
        assert told.gaps[mine].tolist() == [0, *np.diff(days)]
        assert told.occasion[mine].tolist() == list(range(len(days)))
        assert told.is_first[mine].tolist() == (days == days[0]).tolist()
        assert told.is_last[mine].tolist() == (days == days[-1]).tolist()
    assert len(told.customers) == place + 1
    assert told.first_gaps.tolist() == [g.iloc[1] for _, g in pd.Series(told.gaps).groupby(told.code) if len(g) > 1]
    cut = Purchases.of(drawn()[lambda orders: orders["ordered_at"] < end + pd.Timedelta(days=1)])
    pd.testing.assert_frame_equal(told.frame(), cut.frame())
    assert whole.customers[whole.known(end)].tolist() == told.customers.tolist()
    assert whole.until("2026-01-01") is whole


def test_counts_up_to_a_day_of_ones_own_are_those_of_a_loop():
    purchases, rng = Purchases.of(drawn()), np.random.default_rng(4)
    places = rng.integers(-1, len(purchases.customers), 500)
    days = day_number("2025-01-01") + rng.integers(-100, 500, 500)
    upto, following = purchases.up_to(places, days), purchases.next_days(places, days)
    for place, day, count, later in zip(places, days, upto, following, strict=True):
        mine = purchases.day[purchases.code == place]
        assert count == (mine <= day).sum()
        np.testing.assert_equal(later, mine[mine > day].min() if (mine > day).any() else np.nan)


def test_who_bought_between_two_days():
    purchases = Purchases.of(ORDERS)
    assert purchases.customers.tolist() == ["ann", "bob", "dan"]
    assert purchases.between("2024-01-01", "2024-01-10").tolist() == [1, 1, 0]
    assert purchases.bought("2024-01-02", "2024-02-01").tolist() == [False, True, True]


def test_a_log_without_purchases():
    nobody = Purchases.of(ORDERS[ORDERS["customer_id"] == "cat"])
    for purchases in (nobody, Purchases.of(ORDERS.head(0)), Purchases.of(ORDERS).until("2020-01-01")):
        assert (len(purchases), len(purchases.customers), len(purchases.summary(END))) == (0, 0, 0)
        assert purchases.places(pd.Series(["ann"])).tolist() == [-1]
        assert purchases.up_to(np.array([-1]), np.array([0])).tolist() == [0]
        assert np.isnan(purchases.next_days(np.array([-1]), np.array([0]))).all()
        assert purchases.frame().empty
    assert nobody.first == pd.Timestamp("2024-01-05")
