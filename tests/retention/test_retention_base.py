"""The ledger of the customer base: by hand, as identities over random logs, against the states at any day."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.clv import BetaGeoFitter, revenue_move
from regulars.labels import CustomerState
from regulars.purchases import Purchases
from regulars.retention import (
    Rhythm,
    customer_ledger,
    customer_states,
    presence,
    revenue_retention,
    state_transitions,
)
from regulars.retention.base import BaseVerdict, Revenue, base_change, stopped_since, tell_base
from regulars.settings import Certainty, Thresholds
from regulars.simulate.logs import order_log
from regulars.statistics.intervals import Estimate

USUAL = Rhythm(r=0.8, alpha=8.0)
SOON = Thresholds(lost_below=0.2, dormant_below=0.3, slipping_below=0.5, new_days=20, reactivated_days=20)
QUICK = Rhythm(r=0.8, alpha=8.0, thresholds=SOON)
LOGS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 500)), min_size=1, max_size=80)


FIRST_DAY = pd.Timestamp("2025-01-01")


def orders_of(rows) -> pd.DataFrame:
    """Orders of rows (customer, day number[, amount])."""
    frame = pd.DataFrame([(*row, 10.0)[:3] for row in rows], columns=["customer_id", "day", "amount"])
    return frame.assign(ordered_at=FIRST_DAY + pd.to_timedelta(frame["day"], unit="D"))


def purchases_of(rows) -> Purchases:
    """Purchase days of rows (customer, day number[, amount])."""
    return Purchases.of(orders_of(rows))


class TestLedger:
    def test_a_customer_lost_and_back_by_hand(self):
        days = purchases_of([("a", 0), ("a", 7), ("a", 300), ("b", 40)])
        spells = presence(days, "2025-12-31", QUICK)
        # after the second order: (8 + 1)(0.2^(-1 / 1.8) - 1) = 13.0 weeks; day 7 + 92 = 9 April
        limit = (8 + 1) * (0.2 ** (-1 / 1.8) - 1) * 7
        assert spells["lapse_day"].iloc[1] == pd.Timestamp("2025-01-08") + pd.Timedelta(days=int(limit) + 1)
        assert spells["is_back"].tolist() == [False, False, True, False]
        ledger = customer_ledger(spells, "2025-12-31").set_index("month")
        assert ledger["reactivated"].to_numpy().nonzero()[0].tolist() == [9]
        assert ledger.loc["2025-04-01", ["opening", "lost", "closing"]].tolist() == [2, 1, 1]
        assert ledger["revenue"].sum() == 40
        assert ledger.loc["2025-10-01", "revenue_reactivated"] == 10
        assert np.isnan(ledger.loc["2025-01-01", "quick_ratio"])

    @given(LOGS, st.integers(0, 520))
    @settings(max_examples=60, deadline=None)
    def test_the_identity_holds_and_closing_counts_those_not_lost(self, rows, last):
        purchases = purchases_of(rows)
        days = purchases.frame()
        end = max(pd.Timestamp("2025-01-01") + pd.Timedelta(days=last), days["day"].min())
        ledger = customer_ledger(presence(purchases, end, QUICK), end)
        flows = ledger["opening"] + ledger["new"] + ledger["reactivated"] - ledger["lost"]
        assert (flows == ledger["closing"]).all()
        assert (ledger["closing"].shift(fill_value=0) == ledger["opening"]).all()
        assert (ledger[["opening", "closing"]] >= 0).all(axis=None)
        seen = days[days["day"] <= end]
        assert ledger["new"].sum() == seen["customer_id"].nunique()
        parts = ledger[["revenue_new", "revenue_reactivated", "revenue_kept"]].sum(axis=1)
        np.testing.assert_allclose(parts, ledger["revenue"])
        assert ledger["revenue"].sum() == pytest.approx(seen["amount"].sum())
        states = customer_states(purchases, end, QUICK)["customer_state"]
        assert ledger["closing"].iloc[-1] == (states != CustomerState.LOST).sum()

    def test_closing_is_that_of_the_states_with_first_gaps_as_well(self):
        orders = order_log(customers=300, seed=4)
        purchases = Purchases.of(orders)
        for end in purchases.frame()["day"].quantile([0.4, 0.7, 1.0]).dt.normalize():
            part = purchases.until(end)
            ledger = customer_ledger(presence(part, end, USUAL), end)
            states = customer_states(part, end, USUAL)["customer_state"]
            assert ledger["closing"].iloc[-1] == (states != CustomerState.LOST).sum()

    def test_the_running_month_is_not_mature(self):
        days = purchases_of([("a", 0), ("b", 40)])
        assert customer_ledger(presence(days, "2025-03-15", USUAL), "2025-03-15")["mature"].tolist() == [1, 1, 0]
        assert customer_ledger(presence(days, "2025-03-31", USUAL), "2025-03-31")["mature"].all()


def ledger_of(**columns) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    return frame.assign(month=pd.date_range("2025-01-01", periods=len(frame), freq="MS"), mature=True)


PLAIN = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)
SHOP_DAYS = 1000


def ordered_in_january(stopped: int) -> pd.DataFrame:
    """Twice as many customers who ordered in the month of `ledger_of`, each with an even chance of having left."""
    days = pd.to_datetime(["2025-01-20"] * 2 * stopped)
    return pd.DataFrame({"last_ordered_at": days, "p_alive": 0.5})


class LeavingShop(NamedTuple):
    """Customers with their summary (weeks), the day of the first order, and the day on which each really left."""

    table: pd.DataFrame
    born: np.ndarray
    left: np.ndarray
    model: BetaGeoFitter


def leaving_shop(customers: int, seed: int) -> LeavingShop:
    """A shop as BG/NBD has it, day by day, fitted."""
    rng = np.random.default_rng(seed)
    born = rng.integers(0, SHOP_DAYS, customers)
    rate, drop = rng.gamma(0.9, 1 / 9.0, customers) / 7, rng.beta(0.6, 2.2, customers)
    now, alive = born.astype(float), np.ones(customers, bool)
    left, x, last = np.full(customers, np.inf), np.zeros(customers), born.astype(float)
    while alive.any():
        now = np.where(alive, now + rng.exponential(1 / rate), now)
        came = alive & (now <= SHOP_DAYS)
        x, last = x + came, np.where(came, now, last)
        gone = came & (rng.random(customers) < drop)
        left[gone] = now[gone]
        alive = came & ~gone
    table = pd.DataFrame({"frequency": x, "recency": (last - born) / 7, "T": (SHOP_DAYS - born) / 7})
    return LeavingShop(table, born, left, BetaGeoFitter().fit(*table.to_numpy().T))


class TestChange:
    @pytest.mark.parametrize(
        ("new", "stopped", "verdict"),
        [
            (300, 100, BaseVerdict.GREW),
            (100, 300, BaseVerdict.SHRANK),
            (100, 106, BaseVerdict.HELD),
            (0, 300, BaseVerdict.CLOSED),
        ],
    )
    def test_only_more_than_chance_is_a_change(self, new, stopped, verdict):
        ledger = ledger_of(opening=[900], new=[new], reactivated=[20], lost=[9], closing=[911 + new])
        base = base_change(ledger, ordered_in_january(stopped), certainty=PLAIN)
        assert (base.verdict, base.won, base.lost) == (verdict, new, 9)  # what the ledger calls lost decides nothing
        assert base.stopped.value == pytest.approx(stopped) and base.net.value == pytest.approx(new - stopped)
        if verdict is not BaseVerdict.CLOSED:
            assert base.quick_ratio.value == pytest.approx(new / stopped)
            assert base.quick_ratio.low < base.quick_ratio.value < base.quick_ratio.high

    def test_a_quick_ratio_where_hardly_anybody_leaves_is_missing(self):
        ledger = ledger_of(opening=[0], new=[50], reactivated=[0], lost=[0], closing=[50])
        base = base_change(ledger, ordered_in_january(2), certainty=PLAIN)
        assert base.verdict is BaseVerdict.UNKNOWN and np.isnan(base.quick_ratio.value)

    def test_losses_seen_late_are_told_by_when_customers_stopped(self):
        """Simulated, with the day on which each customer left: told within the range, at three stretches."""
        shop = leaving_shop(customers=6000, seed=3)
        value = shop.table.assign(
            last_ordered_at=FIRST_DAY + pd.to_timedelta(shop.table["recency"] * 7 + shop.born, unit="D"),
            p_alive=shop.model.conditional_probability_alive(*shop.table[["frequency", "recency", "T"]].to_numpy().T),
        )
        for since in (90, 180, 365):
            day = FIRST_DAY + pd.Timedelta(days=SHOP_DAYS - since)
            told = stopped_since(value, day, PLAIN)
            left = ((shop.left > SHOP_DAYS - since) & (shop.left <= SHOP_DAYS)).sum()
            assert told.value == pytest.approx(left, rel=0.1)
        assert abs(value["p_alive"].sum() - (shop.left > SHOP_DAYS).sum()) < 0.03 * len(value)

    def test_a_cliff_of_one_time_buyers_is_explained(self):
        nobody, lost = [0] * 5, [10, 11, 9, 12, 400]
        ledger = ledger_of(opening=nobody, new=[9] * 5, reactivated=nobody, lost=lost, closing=nobody)
        ledger = ledger.assign(lost_once=[1, 1, 1, 1, 390], arrived=9)
        nothing = Revenue(pd.DataFrame(), Estimate(1.0), Estimate(1.0))
        rules = {"months": 12, "window_days": 90, "lost_below": 0.01, "certainty": PLAIN}
        told = tell_base(ledger, ordered_in_january(40), nothing, **rules)
        assert [(one.code, one.facts["lost"], one.facts["once"]) for one in told.remarks] == [("cliff", 400, 390)]
        few = ledger.assign(new=900, reactivated=[0, 0, 0, 0, 3])
        assert not tell_base(few, ordered_in_january(40), nothing, min_cell=5, **rules).remarks, (
            "its losses would tell the three"
        )
        assert not tell_base(ledger.assign(lost_once=1), ordered_in_january(40), nothing, **rules).remarks

    def test_zeros_of_a_young_log_are_told_as_its_start(self):
        nobody = [0] * 5
        ledger = ledger_of(opening=nobody, new=[9] * 5, reactivated=nobody, lost=[0, 0, 4, 0, 5], closing=nobody)
        ledger = ledger.assign(lost_once=0, arrived=9)
        nothing = Revenue(pd.DataFrame(), Estimate(1.0), Estimate(1.0))
        rules = {"window_days": 90, "lost_below": 0.01, "certainty": PLAIN}
        told = tell_base(ledger, ordered_in_january(40), nothing, months=12, **rules)
        assert [(one.code, one.facts["first"]) for one in told.remarks] == [("young", ledger["month"][2])]
        assert not tell_base(ledger, ordered_in_january(40), nothing, months=3, **rules).remarks, "they are not shown"

    def test_no_whole_month(self):
        ledger = ledger_of(opening=[0], new=[5], reactivated=[0], lost=[0], closing=[5]).assign(mature=False)
        assert base_change(ledger, ordered_in_january(5), certainty=PLAIN).verdict is BaseVerdict.TOO_SHORT


class TestRevenue:
    def test_by_hand(self):
        rows = [("a", 5, 10.0), ("a", 35, 4.0), ("b", 6, 3.0), ("b", 40, 9.0), ("c", 7, 5.0), ("d", 41, 8.0)]
        rows += [("e", 0, 2.0), ("e", 45, 1.0)]
        found = revenue_retention(
            orders_of(rows), FIRST_DAY, "2025-03-01", days=30, level=0.9
        )  # windows from day 0 and from day 30
        amounts = found.bridge.set_index("step")["amount"]
        assert amounts.to_dict() == {
            "before": 20, "new": 8, "returned": 0, "more": 6, "less": -7, "paused": -5, "now": 22,
        }  # fmt: skip
        assert (found.net.value, found.gross.value, found.net.n) == (14 / 20, 8 / 20, 4)

    @given(LOGS, st.integers(1, 200))
    @settings(max_examples=40, deadline=None)
    def test_the_bridge_leads_from_one_window_to_the_next(self, rows, length):
        orders = orders_of([(*row, 1.0 + row[1] % 7) for row in rows])
        end = pd.Timestamp("2026-05-20")
        bridge = revenue_retention(orders, FIRST_DAY, end, days=length, level=0.9).bridge.set_index("step")
        moved = revenue_move(orders, FIRST_DAY, end, length).steps.set_index("step")  # as the value page tells it
        steps = bridge.loc[~bridge["is_total"], "amount"].sum()
        assert bridge.loc["before", "amount"] + steps == pytest.approx(bridge.loc["now", "amount"])
        inside = orders["ordered_at"].gt(end - pd.Timedelta(days=length)) & orders["ordered_at"].le(end)
        assert bridge.loc["now", "amount"] == pytest.approx(orders.loc[inside, "amount"].sum())
        same = [step for step in ("before", "new", "returned", "paused", "now") if step in moved.index]
        assert moved.loc[same, "amount"].tolist() == pytest.approx(bridge.loc[same, "amount"].tolist())

    def test_interval_is_that_of_resampled_customers(self):
        orders = order_log(customers=400, seed=5)
        purchases = Purchases.of(orders)
        days, end = purchases.frame(), purchases.last
        found = revenue_retention(orders, days["day"].min(), end, days=90, level=0.9)
        rng = np.random.default_rng(1)
        middle, start = end - pd.Timedelta(days=90), end - pd.Timedelta(days=180)
        before = days[days["day"].gt(start) & days["day"].le(middle)].groupby("customer_id")["amount"].sum()
        now = days[days["day"].gt(middle)].groupby("customer_id")["amount"].sum().reindex(before.index, fill_value=0)
        draws = rng.integers(0, len(before), (2000, len(before)))
        ratios = now.to_numpy()[draws].sum(axis=1) / before.to_numpy()[draws].sum(axis=1)
        width = np.diff(np.quantile(ratios, [0.05, 0.95]))[0]
        assert found.net.high - found.net.low == pytest.approx(width, rel=0.1)


class TestTransitions:
    def test_shares_of_each_state_sum_to_one(self):
        purchases = Purchases.of(order_log(customers=300, seed=6))
        end = purchases.last
        now = customer_states(purchases, end, USUAL)
        earlier = end - pd.DateOffset(months=1)
        cells = state_transitions(purchases, earlier, now, USUAL)
        np.testing.assert_allclose(cells.groupby("before")["share"].sum(), 1)
        assert cells["customers"].sum() == len(purchases.until(earlier).customers)
        # nobody who had ordered becomes new
        assert cells.query("after == 'new' and before != 'new'")["customers"].sum() == 0

    def test_before_the_first_order_there_is_nothing(self):
        days = purchases_of([("a", 30)])
        now = customer_states(days, "2025-02-10", USUAL)
        assert state_transitions(days, "2025-01-10", now, USUAL).empty
