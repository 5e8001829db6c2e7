"""Who orders again sooner: areas under curves by hand, groups known at their start, and no false news."""

import numpy as np
import pandas as pd
import pytest

from regulars.labels import GroupsVerdict
from regulars.purchases import Purchases
from regulars.retention import compare_groups, groupings, time_to_second_order
from regulars.retention.groups import restricted_mean, since_first_order, tell_groups
from regulars.simulate.logs import order_log
from regulars.statistics.survival import kaplan_meier, log_rank

END = "2025-12-31"


class TestRestrictedMean:
    def test_by_hand(self):
        """S falls to .75, .5, .5, 0 at 1, 2, (3 censored), 4: area to 4 is 1 + .75 + .5 + .5."""
        curve = kaplan_meier([1, 2, 3, 4], [1, 1, 0, 1])
        assert restricted_mean(curve, 4).value == pytest.approx(2.75)
        assert restricted_mean(curve, 1.5).value == pytest.approx(1 + 0.5 * 0.75)
        # without censoring before 2 the variance is that of the mean of min(T, 2)
        short = np.minimum([1, 2, 3, 4], 2)
        expected = 1.6448536269514722 * np.sqrt(np.var(short) / 4)
        found = restricted_mean(kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]), 2)
        assert found.high - found.low == pytest.approx(2 * expected, abs=0.26)  # the upper end is cut off at 2
        assert found.value - found.low == pytest.approx(expected)

    def test_nothing_beyond_what_was_watched(self):
        assert np.isnan(restricted_mean(kaplan_meier([1, 2], [1, 0]), 3).value)
        assert np.isnan(restricted_mean(kaplan_meier([], []), 3).value)
        assert restricted_mean(kaplan_meier([5, 6], [0, 0]), 4).value == 4.0

    def test_intervals_cover(self):
        """Exponential waits, censored at random: 90 % intervals hold the truth in about nine of ten samples."""
        rng, hits, truth = np.random.default_rng(5), 0, (1 - np.exp(-2.0)) / 1.0
        for _ in range(400):
            waits, ends = rng.exponential(1.0, 120), rng.uniform(0.5, 4.0, 120)
            found = restricted_mean(kaplan_meier(np.minimum(waits, ends), waits <= ends), 2.0)
            hits += found.low <= truth <= found.high
        assert 0.86 <= hits / 400 <= 0.94


@pytest.fixture(scope="module")
def log():
    orders = order_log(customers=900, seed=4).assign(channel="web")
    orders["order_id"] = [f"{i:06d}" for i in range(len(orders))]
    orders["ordered_at"] = pd.to_datetime(orders["ordered_at"])
    purchases = Purchases.of(orders)
    return orders, purchases, time_to_second_order(purchases, END)


class TestGroups:
    def test_shares_and_test_are_those_of_the_survival_module(self, log):
        _, _, times = log
        group = pd.Series(np.where(np.arange(len(times)) % 2, "x", "y"), index=times["customer_id"])
        found = compare_groups({"channel": since_first_order(times, group)}, 180)
        mine = times[group.to_numpy() == "x"]
        share = kaplan_meier(mine["days"], mine["returned"]).share_by(180)
        row = found.groups["channel"].set_index("group").loc["x"]
        assert (row["n"], row["share"], row["share_low"]) == (len(mine), share.value, share.low)
        until = times["days"].clip(upper=180)
        p_value = log_rank(until, times["returned"] & (times["days"] <= 180), group)[1]
        assert found.tests["p_value"].iloc[0] == pytest.approx(p_value, rel=1e-9)

    def test_a_group_of_no_meaning_is_no_news(self, log):
        _, _, times = log
        lots = np.random.default_rng(1).integers(0, 3, len(times))
        group = pd.Series(np.array(["x", "y", "z"])[lots], index=times["customer_id"])
        compared = compare_groups({"channel": since_first_order(times, group)}, 180)
        found = tell_groups(compared, within_days=180)
        assert found.verdict is GroupsVerdict.ALIKE
        assert set(found.frames) == {"tests"}

    def test_false_discovery_rates_are_adjusted_over_the_groupings(self, log):
        from scipy.stats import false_discovery_control

        orders, purchases, times = log
        found = compare_groups(groupings(orders, purchases, times, END, within_days=180), 180)
        assert found.tests["p_adjusted"].tolist() == pytest.approx(
            false_discovery_control(found.tests["p_value"]).tolist()
        )

    def test_segments_are_those_of_the_cutoff(self, log):
        """Nothing that came after the cutoff may move the groups: orders after it can be dropped or doubled."""
        orders, purchases, times = log
        usual = groupings(orders, purchases, times, END, within_days=180)["segment"].frame
        early = purchases.until(pd.Timestamp(END) - pd.Timedelta(days=180))
        blind = groupings(orders, early, times, END, within_days=180)["segment"].frame
        pd.testing.assert_series_equal(usual["group"], blind["group"])
        assert not blind["returned"].any()
        assert usual["returned"].any()

    def test_answers_count_from_their_own_day(self, log):
        orders, purchases, times = log
        last = purchases.frame().groupby("customer_id")["day"].max()
        answers = pd.DataFrame({"customer_id": last.index, "answered_at": last.to_numpy(), "satisfaction": 50.0})
        found = groupings(orders, purchases, times, END, within_days=180, answers=answers)["satisfaction"].frame
        assert not found["returned"].any()  # they answered on the day of their last order
        assert found["days"].tolist() == [(pd.Timestamp(END) - day).days for day in last.sort_index()]

    def test_first_product_is_the_one_most_was_spent_on(self, log):
        _, purchases, times = log
        orders = log[0]
        known = times["customer_id"].iloc[0]
        day = purchases.frame().set_index("customer_id").loc[[known], "day"].iloc[0]
        lines = pd.DataFrame({"customer_id": known, "ordered_at": [day, day, day + pd.Timedelta(days=1)],
                              "product_id": ["cheap", "dear", "later"], "quantity": [2.0, 1.0, 9.0],
                              "unit_price": [1.0, 5.0, 9.0]})  # fmt: skip
        found = groupings(orders, purchases, times, END, within_days=180, tables={"order_lines": lines})[
            "first_product"
        ].frame
        assert found["group"].tolist() == ["dear"]

    def test_one_customer_leaves_nothing_to_tell(self):
        orders = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-01"]),
                               "amount": [5.0]})  # fmt: skip
        purchases = Purchases.of(orders)
        waiting = groupings(orders, purchases, time_to_second_order(purchases, END), END, within_days=180)
        assert tell_groups(compare_groups(waiting, 180), within_days=180).verdict is GroupsVerdict.TOO_FEW


def test_the_demo_tells_satisfaction_and_nothing_else(request):
    """Channel, first product and first-order size move nothing in the simulated shop; satisfaction does.

    Without refills: who comes back late takes more of them, which moves what the first order held most of. With them
    first products differ at p < .05 in 5 of 24 seeds, without them in 1.
    """
    from regulars.satisfaction import answers_of
    from regulars.simulate import demo

    raw = demo(seed=20261122, refill_share=0.0)
    lines = raw["order_lines"]
    lines = lines[~lines["order_no"].str.startswith("C") & (lines["customer"].str.strip() != "")]
    orders = pd.DataFrame(
        {
            "order_id": lines["order_no"], "customer_id": lines["customer"].str.strip(),
            "ordered_at": pd.to_datetime(lines["date"], format="%d/%m/%Y %H:%M"), "product_id": lines["product"],
            "quantity": lines["qty"].astype(float), "unit_price": lines["price"].astype(float),
            "category": lines["category"].str.lower(),
        }
    )  # fmt: skip
    orders["amount"] = orders["quantity"] * orders["unit_price"]
    people = raw["customers"].assign(customer_id=raw["customers"]["customer"].str.strip())
    people = people.drop_duplicates("customer_id")[["customer_id", "channel"]]
    answers = raw["surveys"].assign(customer_id=raw["surveys"]["customer"].str.strip().replace("", None))
    answers["item"] = answers["item"].str.strip()
    answers = answers.rename(columns={"response_no": "response_id", "date": "answered_at"})
    answers["answered_at"], answers["score"] = pd.to_datetime(answers["answered_at"]), answers["score"].astype(float)
    items = raw["survey_items"].astype({"scale_min": float, "scale_max": float})
    known = answers_of({"surveys": answers.drop_duplicates(), "survey_items": items})
    purchases = Purchases.of(orders[["order_id", "customer_id", "ordered_at", "amount"]])
    times = time_to_second_order(purchases, "2026-06-30")
    tables = {"customers": people, "order_lines": orders}
    found = compare_groups(
        groupings(orders, purchases, times, "2026-06-30", within_days=180, tables=tables, answers=known), 180
    )
    assert set(found.tests.loc[found.tests["differs"], "grouping"]) == {"segment", "satisfaction"}
    assert len(found.tests) == 5
    thirds = found.groups["satisfaction"]
    assert thirds["group"].tolist() == ["low", "middle", "high"]
    assert thirds["share"].is_monotonic_increasing
