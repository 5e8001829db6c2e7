"""What retention is worth, when a win-back pays, whether all figures agree: by hand and against the definitions."""

import numpy as np
import pandas as pd
import pytest

from bought import purchases_on
from regulars.purchases import Purchases
from regulars.retention import (
    Rhythm,
    active_bands,
    customer_ledger,
    customer_states,
    mixture_curves,
    point_of_retention,
    presence,
    reconciled,
    time_to_second_order,
    triangles,
    win_back,
)
from regulars.retention.cohorts import Triangles
from regulars.settings import Certainty
from regulars.simulate.logs import order_log
from regulars.statistics.survival import kaplan_meier

RHYTHM = Rhythm(r=0.9, alpha=9.0)
PLAIN = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)
DOUBT = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
END = pd.Timestamp("2025-12-31")


@pytest.fixture(scope="module")
def parts() -> dict:
    orders = order_log(customers=400, seed=3)
    purchases = Purchases.of(orders)
    value = purchases.summary(END).merge(customer_states(purchases, END, RHYTHM), on="customer_id")
    value = value.assign(p_alive=0.6, p_active=0.4, clv=10.0, value_at_risk=20.0)
    times = time_to_second_order(purchases, END)
    return {
        "purchases": purchases, "value": value, "times": times,
        "second": kaplan_meier(times["days"], times["returned"]), "both": triangles(purchases, END),
        "ledger": customer_ledger(presence(purchases, END, RHYTHM), END), "bands": active_bands(value),
    }  # fmt: skip


class TestPoint:
    def test_by_hand(self):
        days = purchases_on([(name, "2025-08-01") for name in "abcdefgh"] + [("a", "2025-11-01"), ("b", "2025-11-01")])
        value = pd.DataFrame(
            {
                "customer_id": list("abcdefgh"), "frequency": [3] * 7 + [0], "p_alive": [0.9] * 7 + [1.0],
                "clv": [80, 60, 10, 10, 10, 10, 10, 5], "value_at_risk": [1, 1, 30, 20, 40, 30, 30, 0],
            }
        )  # fmt: skip
        point = point_of_retention(value, days, END, days=92, certainty=PLAIN)
        # h ordered once and cannot be told: 7 customers, 5 of them not kept, with 30 at risk on average
        assert (point.n, point.customers, point.each) == (7, pytest.approx(0.07), 30)
        assert point.up.value == pytest.approx(0.07 * 30)
        assert point.down.value == pytest.approx(0.07 * 70)
        # 1 % of the kept share 2/7 is .0028571 of 7 customers = .02, worth .6 of 190
        assert point.elasticity.value == pytest.approx(100 * 0.6 / 190)
        deviation = np.std([30, 20, 40, 30, 30], ddof=1) / np.sqrt(5)
        assert point.up.high - point.up.low == pytest.approx(2 * 1.6448536 * deviation * 0.07)

    def test_the_level_widens_the_interval(self, parts):
        narrow = point_of_retention(parts["value"], parts["purchases"], END, days=90, certainty=PLAIN)
        wide = point_of_retention(parts["value"], parts["purchases"], END, days=90, certainty=DOUBT)
        assert narrow.up.low == narrow.up.high == narrow.up.value  # all customers are worth the same here
        assert wide.up.high - wide.up.value == pytest.approx(1.6448536 * 0.12 * wide.up.value)

    def test_without_anybody_to_keep_it_is_missing(self, parts):
        point = point_of_retention(parts["value"], parts["purchases"], "2020-01-01", days=90, certainty=PLAIN)
        assert np.isnan(point.up.value)
        assert point.n == 0


class TestWinBack:
    def test_break_even_is_cost_by_gain(self, parts):
        table = win_back(parts["value"], parts["purchases"], END, RHYTHM, contact_cost=5.0).set_index("customer_state")
        assert table["break_even"].dropna().eq(0.25).all()
        counts = parts["value"]["customer_state"].value_counts()
        assert table["customers"].to_dict() == {name: counts.get(name, 0) for name in table.index}

    def test_a_contact_that_cannot_pay_has_no_break_even(self, parts):
        table = win_back(parts["value"], parts["purchases"], END, RHYTHM, contact_cost=25.0)
        assert table["break_even"].isna().all()

    def test_unasked_is_the_share_of_those_in_that_state_who_have_come_back(self, parts):
        table = win_back(parts["value"], parts["purchases"], END, RHYTHM, contact_cost=5.0, days=60)
        ago = END - pd.Timedelta(days=60)
        known = parts["purchases"].until(ago)
        back = known.customers[known.frequency > 0]
        states = customer_states(parts["purchases"], ago, RHYTHM).set_index("customer_id").loc[back, "customer_state"]
        bought = parts["purchases"].frame()
        since = set(bought.loc[bought["day"] > ago, "customer_id"])
        for row in table.itertuples():
            members = states.index[states == row.customer_state]
            assert (row.n, row.unasked) == (len(members), pytest.approx(np.mean([who in since for who in members])))
            assert row.unasked_low <= row.unasked < row.unasked_high


class TestReconciled:
    def test_all_parts_of_one_log_agree(self, parts):
        assert reconciled(**parts)["holds"].all()

    @pytest.mark.parametrize(
        ("part", "column", "identity"),
        [
            ("value", "frequency", "orders_cohorts"),
            ("value", "spend", "revenue_ledger"),
            ("ledger", "lost", "ledger_flows"),
            ("ledger", "closing", "ledger_states"),
            ("bands", "customers", "customers_bands"),
        ],
    )
    def test_one_wrong_number_fails_the_stage(self, parts, part, column, identity):
        wrong = parts[part].copy()
        wrong.loc[wrong.index[-1], column] += 1
        with pytest.raises(RuntimeError, match=rf"must be equal are not: .*{identity}: "):
            reconciled(**(parts | {part: wrong}))

    def test_a_wrong_cell_of_a_triangle_fails_the_stage(self, parts):
        wrong = parts["both"].on.copy()
        wrong.loc[wrong.index[-1], "revenue"] += 1
        with pytest.raises(RuntimeError, match="revenue_cohorts"):
            reconciled(**(parts | {"both": parts["both"]._replace(on=wrong)}))

    def test_a_lost_customer_fails_the_stage(self, parts):
        with pytest.raises(RuntimeError, match="customers_cohorts"):
            reconciled(**(parts | {"value": parts["value"].iloc[1:]}))


class TestMixture:
    def test_retention_rises_in_data_and_model_alike(self):
        rng = np.random.default_rng(0)
        left_in = rng.geometric(rng.beta(0.7, 1.2, 50_000))
        later = pd.DataFrame({"cohort": 1, "period": range(13), "n": 50_000, "mature": True})
        later["customers"] = [(left_in > period).sum() for period in later["period"]]
        found = mixture_curves(Triangles(later, later))
        assert found.periods == 6
        assert found.first < 0.7 < 0.85 < found.last
        assert found.model_first == pytest.approx(found.first, abs=0.01)
        assert found.model_last == pytest.approx(found.last, abs=0.02)
        model = found.curves.query("curve == 'mixture'").set_index("period")["share"]
        assert model.loc[12] == pytest.approx((left_in > 12).mean(), abs=0.01)

    def test_cohorts_seen_for_longer_raise_no_curve(self):
        """Good ones are seen for two periods, bad ones for one: 590 of 1,100 stay on, then 81 of 90, not 81 of 100."""
        good = pd.DataFrame({"cohort": 1, "period": range(5), "customers": [100, 90, 81, 80, 79], "n": 100})
        bad = pd.DataFrame({"cohort": 2, "period": range(3), "customers": [1000, 500, 400], "n": 1000})
        later = pd.concat([good, bad], ignore_index=True).assign(mature=True)
        curve = mixture_curves(Triangles(later, later)).curves.query("curve == 'later'").reset_index(drop=True)
        assert curve["share"].tolist() == pytest.approx([590 / 1100, 590 / 1100 * 0.9])
        # Greenwood: the sum of lost / (at risk × kept)
        error = curve["share"] * np.sqrt(np.cumsum([510 / (1100 * 590), 9 / (90 * 81)]))
        assert (curve["share"] - curve["share_low"]).tolist() == pytest.approx((1.645 * error).tolist(), rel=1e-3)
        assert curve["n"].tolist() == [1100, 90]

    def test_a_log_of_one_month_has_no_curve(self):
        orders = order_log(customers=30, seed=1, start="2025-12-01", end="2025-12-31")
        found = mixture_curves(triangles(Purchases.of(orders), END))
        assert found.periods == 0
        assert np.isnan(found.first)
