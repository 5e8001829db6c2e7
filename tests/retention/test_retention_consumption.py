"""The call before the jar is empty: simulate, learn, and see whether the dates are right and narrower."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoFitter
from regulars.finding import NOT_SUPPLIED
from regulars.purchases import Purchases
from regulars.retention import (
    dated_share,
    due_this_week,
    learn_consumption,
    next_order,
    sharpened,
    try_jars,
)
from regulars.retention.consumption import JarVerdict, tell_jar
from regulars.retention.jars import JarsTried, _by_customer
from regulars.settings import DateRules
from regulars.simulate.jars import jar_lines

END = pd.Timestamp("2025-12-31")
WIDE = DateRules(horizon_days=10**5, max_window_days=10**6)


@pytest.fixture(scope="module")
def world() -> dict:
    """A rice merchant's customers, known until the end, and when each really came next."""
    lines = jar_lines(customers=1500, seed=4, end="2028-12-31", pace=20)
    known = lines["ordered_at"] < END + pd.Timedelta(days=1)
    past, later = lines[known], lines[~known]
    table = Purchases.of(past.assign(amount=past["quantity"] * past["unit_price"])).summary(END)
    model = BetaGeoFitter().fit(table["frequency"], table["recency"], table["T"])
    history = (table["frequency"], table["recency"], table["T"])
    value = table.assign(p_alive=model.conditional_probability_alive(*history), clv=1.0, spend_per_order=2.0)
    came = later.groupby("customer_id")["ordered_at"].min().dt.normalize().reindex(table["customer_id"].array)
    return {"lines": past, "value": value, "model": model, "came": came.reset_index(drop=True)}


@pytest.fixture(scope="module")
def dates(world) -> tuple[pd.DataFrame, pd.DataFrame]:
    plain = next_order(world["model"], world["value"], END, rules=WIDE)
    return plain, sharpened(plain, learn_consumption(world["lines"], END), END, rules=WIDE)


class TestLearning:
    @pytest.mark.parametrize("slope", [1.0, 0.5])
    def test_the_slope_is_recovered(self, slope):
        used = learn_consumption(jar_lines(customers=400, seed=2, slope=slope), END, level=0.99)
        assert used.slope.low <= slope <= used.slope.high
        assert used.slope.high - used.slope.low < 0.1
        assert used.verdict is JarVerdict.SHARPENS

    def test_where_quantity_means_nothing_it_is_rarely_used(self):
        """Of ten shops in which the quantity means nothing one may be taken for one in which it does, or two."""
        verdicts = [
            learn_consumption(jar_lines(customers=150, seed=seed, slope=0.0, pace=20), END).verdict
            for seed in range(20)
        ]
        assert sum(verdict is JarVerdict.SHARPENS for verdict in verdicts) <= 3
        assert JarVerdict.TOO_FEW not in verdicts

    def test_large_households_do_not_pass_for_slow_eaters(self):
        """Who always takes much and comes often: across customers the slope is negative, within it is 1."""
        lines = jar_lines(customers=400, seed=5)
        gone = pd.factorize(lines["customer_id"])[0] % 2 == 0
        lines.loc[gone, "quantity"] *= 20  # pallets instead of jars, used up just as fast
        used = learn_consumption(lines, END, level=0.99)
        assert used.slope.low <= 1 <= used.slope.high

    def test_who_comes_for_other_things_in_between_is_left_to_the_rhythm(self):
        """The same jars, but of customers who come every few days anyway: the next order does not wait for the jar."""
        lines = jar_lines(customers=200, seed=7, pace=20)
        rng = np.random.default_rng(7)
        days = pd.date_range("2024-01-01", END, freq="D")
        other = [(name, day) for name in lines["customer_id"].unique() for day in days[rng.random(len(days)) < 0.2]]
        bread = pd.DataFrame(other, columns=["customer_id", "ordered_at"]).assign(product_id="bread", quantity=1.0)
        both = pd.concat([lines, bread.astype({"customer_id": "string"})], ignore_index=True)
        used = learn_consumption(both, END)
        assert used.verdict is JarVerdict.NO_LINK
        assert used.slope.high < 0.1 and used.narrower < 0.01

    def test_last_waits_fall_into_their_windows_as_often_as_told(self, world):
        used = learn_consumption(world["lines"], END)
        assert used.inside.low <= 0.8 <= used.inside.high
        assert used.inside.n > 600  # of every second customer; the others make the windows as wide as they must be

    def test_too_little_is_said(self):
        few = jar_lines(customers=20, seed=1)
        assert learn_consumption(few, END).verdict is JarVerdict.TOO_FEW
        same = jar_lines(customers=200, seed=1).assign(quantity=5.0)
        assert learn_consumption(same, END).verdict is JarVerdict.TOO_FEW
        none = jar_lines(customers=200, seed=1).iloc[:0]
        assert learn_consumption(none, END).verdict is JarVerdict.TOO_FEW

    def test_the_future_is_not_looked_at(self):
        lines = jar_lines(customers=200, seed=6, end="2026-12-31")
        cut = learn_consumption(lines[lines["ordered_at"] < END + pd.Timedelta(days=1)], END)
        whole = learn_consumption(lines, END)
        assert cut.slope == whole.slope
        pd.testing.assert_frame_equal(cut.staples, whole.staples)


class TestDates:
    def test_windows_hold_and_are_narrower_than_those_of_the_rhythm(self, world, dates):
        plain, sharp = dates
        made = sharp["product_id"].notna() & world["came"].notna()
        assert made.mean() > 0.8
        came = world["came"][made]
        inside = (came >= sharp["next_order_low"][made]) & (came <= sharp["next_order_high"][made])
        assert 0.77 <= inside.mean() <= 0.83
        assert (came <= sharp["next_order_median"][made]).mean() == pytest.approx(0.5, abs=0.04)
        assert (came < sharp["call_by"][made & sharp["call_by"].notna()]).mean() <= 0.25
        assert sharp["window_days"][made].median() < 0.5 * plain["window_days"][made].median()

    def test_more_customers_have_a_date(self, world):
        plain = next_order(world["model"], world["value"], END)
        sharp = sharpened(plain, learn_consumption(world["lines"], END), END)
        before, after = (dated_share(found, world["value"]["frequency"]).value for found in (plain, sharp))
        assert after > before + 0.1
        called = sharp[sharp["call_by"].notna()]
        assert called["window_days"].le(28).all() and called["p_never"].le(0.5).all()
        assert (called["call_by"] > END).all()
        due = due_this_week(sharp, world["value"], END)
        assert due["product_id"].eq("rice").any() and due["quantity"].notna().any()

    def test_a_jar_that_should_have_been_empty_long_ago_changes_nothing(self, world):
        plain = next_order(world["model"], world["value"], END)
        used = learn_consumption(world["lines"], END)
        late = used.staples.assign(last_day=used.staples["last_day"] - pd.Timedelta(days=2000))
        again = sharpened(plain, replace(used, staples=late), END)
        pd.testing.assert_frame_equal(again[plain.columns], plain)
        assert again["product_id"].isna().all()

    def test_without_lines_or_a_link_dates_stay_as_they_are(self, world):
        plain = next_order(world["model"], world["value"], END)
        useless = learn_consumption(jar_lines(customers=150, seed=3, slope=0.0, pace=20), END)
        for used in (None, useless):
            pd.testing.assert_frame_equal(sharpened(plain, used, END)[plain.columns], plain)

    def test_what_the_page_says(self, world, dates):
        _, sharp = dates
        found = tell_jar(learn_consumption(world["lines"], END), sharp)
        assert found.verdict is JarVerdict.SHARPENS
        assert found.facts["twice"].value == pytest.approx(2, abs=0.1)
        assert found.facts["sharpened"] == sharp["product_id"].notna().sum()
        assert tell_jar(None, sharp).verdict == NOT_SUPPLIED


def test_a_day_s_lines_are_one_purchase_and_returns_none():
    days = pd.date_range("2025-01-01", periods=4, freq="30D")
    lines = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(40) for _ in range(6)],
            "ordered_at": [*days, days[0], days[1]] * 40,
            "product_id": "rice", "quantity": [2.0, 1.0, 2.0, 1.0, 3.0, -4.0] * 40,
        }
    )  # fmt: skip
    staples = learn_consumption(lines, END).staples
    assert len(staples) == 40
    found = learn_consumption(lines.assign(ordered_at=lines["ordered_at"] + pd.Timedelta(hours=9)), END)
    assert found.slope.n == 120  # three waits of each: the two lines of the first day are one purchase of five
    assert np.isfinite(found.slope.value)


def other_goods(lines: pd.DataFrame, product: str, seed: int) -> pd.DataFrame:
    """Of every order something else as well, as many pieces as chance will have it."""
    pieces = np.random.default_rng(seed).integers(1, 9, len(lines)).astype(float)
    return lines.assign(product_id=product, quantity=pieces)


class TestConsumables:
    def test_what_is_used_up_is_found_among_other_goods(self):
        lines = jar_lines(customers=200, seed=8)
        both = pd.concat([lines, *(other_goods(lines, f"toy {k}", k) for k in range(8))], ignore_index=True)
        used = learn_consumption(both, END, level=0.99)
        assert used.products == ["rice"] and used.verdict is JarVerdict.SHARPENS
        assert used.slope.low <= 1 <= used.slope.high
        assert used.staples["product_id"].eq("rice").all()

    def test_one_who_varies_makes_no_consumable(self):
        """All but one always take the same: what that one does says nothing of the others."""
        lines = jar_lines(customers=60, seed=9)
        one = lines["customer_id"] == lines["customer_id"].iloc[0]
        used = learn_consumption(lines.assign(quantity=lines["quantity"].where(one, 5.0)), END)
        assert used.products == []

    def test_larger_households_are_found_to_use_it_up_sooner(self):
        """Half of the households have twice the persons and use it up in half the time."""
        lines = jar_lines(customers=600, seed=10, end="2026-12-31", apart=0.2)
        people = pd.DataFrame({"customer_id": lines["customer_id"].unique()})
        people["household_size"] = np.where(np.arange(len(people)) % 2, 4, 2)
        start = lines["ordered_at"].min()
        double = lines["customer_id"].map(people.set_index("customer_id")["household_size"]) == 4
        sooner = start + (lines["ordered_at"] - start) / 2
        lines["ordered_at"] = lines["ordered_at"].where(~double, sooner)
        used = learn_consumption(lines, END, level=0.99, customers=people)
        assert used.household.low <= -1 <= used.household.high and used.household.high < -0.8
        assert used.household.n == 600
        unknown = learn_consumption(lines, END, customers=people[["customer_id"]])
        assert np.isnan(unknown.household.value) and unknown.slope == learn_consumption(lines, END).slope
        found = tell_jar(used, pd.DataFrame({"product_id": ["rice"], "call_by": [END]}))
        double = next(remark for remark in found.remarks if remark.code == "household").facts["double"]
        assert double.value == pytest.approx(2**used.household.value) and double.low < double.value < double.high


class TestTried:
    def test_dates_of_dates_and_customers_by_hand(self):
        """Two customers, one with two dates: 1, 0 and 1 are right. Deviations sum to −1/3 and 1/3 by customer."""
        told = _by_customer(pd.Series([1.0, 0.0, 1.0]), pd.Series(["a", "a", "b"]), 0.9)
        reach = 1.6448536 * np.sqrt((1 / 9 + 1 / 9) * 2 / 1) / 3
        assert told.value == pytest.approx(2 / 3) and told.n == 3
        assert told.high - told.value == pytest.approx(reach) == told.value - told.low

    def test_the_jar_beats_the_usual_gap_where_it_tells_and_is_not_used_where_not(self):
        for slope, verdict in ((1.0, JarsTried.BETTER), (0.0, JarsTried.TOO_FEW)):
            lines = jar_lines(customers=400, seed=11, pace=8, slope=slope)
            purchases = Purchases.of(lines.assign(amount=1.0))
            found = try_jars(BetaGeoFitter(), purchases, lines, END, days=90, cutoffs=2)
            assert found.verdict is verdict
            if verdict is JarsTried.BETTER:
                assert found.hits.value > 0.7 and found.gap.low > 0.2
                assert found.gap.value == pytest.approx(found.hits.value - found.usual.value)
                assert found.customers <= found.hits.n <= 2 * found.customers
                # whoever comes late may stand first by the id: customers are never taken for one another
                late = lines.groupby("customer_id")["ordered_at"].transform("min").rank(method="dense", ascending=False)
                other = lines.assign(customer_id=("x" + late.astype(int).astype(str).str.zfill(4)).astype("string"))
                again = try_jars(
                    BetaGeoFitter(), Purchases.of(other.assign(amount=1.0)), other, END, days=90, cutoffs=2
                )
                assert again.hits.value == pytest.approx(found.hits.value, abs=0.03)
        assert try_jars(BetaGeoFitter(), purchases, None, END, days=90) is None
