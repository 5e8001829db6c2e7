"""The date of the next order: by hand, on simulated customers whose futures are complete, and looking back."""

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoFitter
from regulars.purchases import Purchases
from regulars.retention import (
    Rhythm,
    customer_states,
    dated_share,
    due_this_week,
    judge,
    look_back,
    next_order,
)
from regulars.retention.dates import dates_calibration, next_order_pit
from regulars.retention.hindsight import HindsightVerdict, RuleVerdict
from regulars.retention.kept import kept_share
from regulars.retention.needs import DatesVerdict, dates_verdict
from regulars.settings import Certainty, DateRules
from regulars.simulate import bg_nbd_customers
from regulars.simulate.logs import order_log

END = "2026-06-30"
PLAIN = Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)
TRUTH = {"r": 2.0, "alpha": 8.0, "a": 0.5, "b": 4.0}


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    customers = bg_nbd_customers(12_000, **TRUTH, T=60.0, seed=5, future=200_000.0)
    return customers.reset_index(drop=True).assign(customer_id=lambda t: [f"c{i:05d}" for i in range(len(t))])


@pytest.fixture(scope="module")
def model(simulated) -> BetaGeoFitter:
    return BetaGeoFitter().fit(simulated["frequency"], simulated["recency"], simulated["T"])


@pytest.fixture(scope="module")
def value(simulated, model) -> pd.DataFrame:
    history = (simulated["frequency"], simulated["recency"], simulated["T"])
    return simulated.assign(p_alive=model.conditional_probability_alive(*history), clv=1.0, spend_per_order=2.0)


class TestDates:
    def test_the_window_holds_the_next_order_of_those_who_return(self, value, model):
        rules = DateRules(horizon_days=10**5, max_window_days=10**6)
        dates = next_order(model, value, END, rules=rules)
        back = value["next_order_in"].notna().to_numpy()
        days = np.ceil(value["next_order_in"].to_numpy()[back] * 7)
        came = pd.Timestamp(END) + pd.to_timedelta(days, unit="D")
        late = (came > dates["next_order_high"][back]).mean()
        inside = ((came >= dates["next_order_low"][back]) & (came <= dates["next_order_high"][back])).mean()
        assert 0.77 <= inside <= 0.83
        assert 0.08 <= late <= 0.12
        assert (came <= dates["next_order_median"][back]).mean() == pytest.approx(0.5, abs=0.03)

    def test_of_those_told_never_so_many_never_return(self, value, model):
        dates = next_order(model, value, END)
        told = dates["p_never"].notna()
        never = value["next_order_in"].isna()
        groups = pd.qcut(dates["p_never"][told], 5)
        table = pd.DataFrame({"said": dates["p_never"], "never": never})[told].groupby(groups, observed=True).mean()
        np.testing.assert_allclose(table["said"], table["never"], atol=0.03)

    def test_rules_for_a_call_by_date(self, value, model):
        dates = next_order(model, value, END)
        called = dates[dates["call_by"].notna()]
        assert 0 < len(called) < len(dates)
        assert called["p_never"].le(0.5).all()
        assert called["window_days"].le(28).all()
        assert (called["call_by"] <= called["next_order_median"]).all()
        assert (called["call_by"] >= called["next_order_low"]).all()
        assert (called["call_by"] > pd.Timestamp(END)).all()
        horizon = pd.Timestamp(END) + pd.Timedelta(days=365)
        for name in ("next_order_low", "next_order_median", "next_order_high"):
            assert dates[name].dropna().le(horizon).all()
        none = next_order(model, value, END, rules=DateRules(max_window_days=0))
        assert none["call_by"].isna().all()
        assert dates_verdict(dated_share(none, value["frequency"])) is DatesVerdict.NONE

    @pytest.mark.parametrize(
        ("history", "rules"),
        [
            ((9, 30.0, 52.0), DateRules(max_window_days=10**6, horizon_days=10**6)),  # most likely gone
            ((2, 50.0, 52.0), DateRules(max_never=1.0, max_window_days=10**6, horizon_days=7)),  # too far away
            ((2, 50.0, 52.0), DateRules(max_never=1.0, horizon_days=10**6)),  # too vague
        ],
    )
    def test_each_rule_alone_forbids_a_call_by_date(self, history, rules):
        """What the other two rules let through is stopped by the one, and told once that one is lifted."""
        sure = BetaGeoFitter()
        sure.params_ = pd.Series({"r": 2.0, "alpha": 8.0, "a": 0.5, "b": 4.0})
        x, t_x, T = history
        one = pd.DataFrame({"customer_id": ["a"], "frequency": [x], "recency": [t_x], "T": [T], "p_alive": [0.9]})
        assert next_order(sure, one, END, rules=rules)["call_by"].isna().all()
        lifted = DateRules(max_never=1.0, max_window_days=10**6, horizon_days=10**6)
        assert next_order(sure, one, END, rules=lifted)["call_by"].notna().all()

    def test_one_time_buyers_under_bg_nbd_are_not_told_anything(self, value, model):
        dates = next_order(model, value, END)
        once = (value["frequency"] == 0).to_numpy()
        assert once.any()
        assert dates.loc[once, "p_never"].isna().all()
        assert dates.loc[once, "call_by"].isna().all()
        assert dates.loc[~once, "p_never"].notna().all()

    def test_due_are_this_weeks_by_value(self):
        days = pd.to_datetime(["2026-07-03", "2026-07-20", None, "2026-07-07"])
        dates = pd.DataFrame({"customer_id": list("abcd"), "call_by": days, "p_never": 0.1})
        dates[["next_order_low", "next_order_median", "next_order_high"]] = pd.Timestamp("2026-07-03")
        value = pd.DataFrame({"customer_id": list("abcd"), "clv": [1.0, 9.0, 9.0, 5.0], "spend_per_order": 1.0})
        assert due_this_week(dates, value, END)["customer_id"].tolist() == ["d", "a"]
        assert due_this_week(dates, value, END, n=1)["customer_id"].tolist() == ["d"]

    def test_without_repeat_buyers_nothing_can_be_told(self):
        found = dated_share(pd.DataFrame({"call_by": pd.to_datetime([None])}), [0])
        assert np.isnan(found.value) and found.n == 0
        assert dates_verdict(found) is DatesVerdict.NONE


class TestCalibration:
    @pytest.mark.parametrize("horizon", [90, 400])
    def test_places_are_even_under_the_right_model_though_futures_are_cut(self, value, model, horizon):
        days = np.ceil(value["next_order_in"].to_numpy() * 7)
        places = next_order_pit(model, value, np.where(days <= horizon, days, np.nan), horizon_days=horizon)
        counts, _ = np.histogram(places, bins=10, range=(0, 1))
        np.testing.assert_allclose(counts / len(places), 0.1, atol=0.012)
        found = dates_calibration(places)
        assert found["inside"].low <= 0.8 <= found["inside"].high

    def test_a_wrong_model_shows(self, value, model):
        slow = BetaGeoFitter()
        slow.params_ = model.params_ * [50, 50, 1, 1]  # all alike
        days = np.ceil(value["next_order_in"].to_numpy() * 7)
        found = dates_calibration(next_order_pit(slow, value, np.where(days <= 400, days, np.nan), horizon_days=400))
        assert found["inside"].high < 0.8
        assert found["early"].low > 0.1

    def test_shares_sum_to_one(self):
        found = dates_calibration(np.random.default_rng(0).random(50))
        assert sum(share.value for share in found.values()) == pytest.approx(1)


class TestHindsight:
    def test_a_forecast_on_simulated_customers_holds(self):
        orders = order_log(customers=3000, seed=8)
        purchases = Purchases.of(orders)
        days = purchases.frame()
        doubt = Certainty(level=0.9, level_uncertainty=0.05, seed=0, draws=0)
        told = look_back(BetaGeoFitter(), purchases, "2025-12-31", cutoff="2025-11-30", certainty=doubt)
        assert told.verdict is HindsightVerdict.HELD
        after = days[days["day"] > "2025-11-30"]
        known = days.loc[days["day"] <= "2025-11-30", "customer_id"].unique()
        assert told.came == after.loc[after["customer_id"].isin(known), "customer_id"].nunique()
        assert told.forecast.n == len(known)
        assert told.kept_forecast.low <= told.kept.value <= told.kept_forecast.high
        assert told.kept == kept_share(purchases, "2025-12-31")
        assert told.top.n == 50 and told.top.low > told.came / told.forecast.n  # a list that is better than chance

    def test_days_kept_back_are_judged(self):
        orders = order_log(customers=3000, seed=8)
        purchases = Purchases.of(orders)
        days = purchases.frame()
        found = judge(BetaGeoFitter(), purchases, "2025-12-31", days=90, fixed_days=[90], certainty=PLAIN)
        assert found.cutoff == pd.Timestamp("2025-10-02")
        known = days.loc[days["day"] <= found.cutoff]
        after = days.loc[days["day"] > found.cutoff, "customer_id"]
        assert found.came == known["customer_id"].drop_duplicates().isin(after).sum()
        assert found.reliability["n"].sum() == known["customer_id"].nunique() == found.forecast.n
        assert found.windows["inside"].low <= 0.8 <= found.windows["inside"].high
        silent = (found.cutoff - known.groupby("customer_id")["day"].max()).dt.days > 90
        away = ~silent.index.isin(after)
        order = np.random.default_rng(PLAIN.seed).permutation(len(away))
        learn, test = (
            silent.to_numpy()[order[::2]],
            silent.to_numpy()[order[1::2]],
        )  # chosen on one half, judged on the other
        gone_learn, gone_test = away[order[::2]], away[order[1::2]]
        assert found.rules[["caught", "wrong"]].iloc[0].tolist() == pytest.approx(
            [learn[gone_learn].mean(), learn[~gone_learn].mean()]
        )
        assert found.flagged.caught["fixed"] == pytest.approx(test[gone_test].mean())
        assert found.flagged.wrong["fixed"] == pytest.approx(test[~gone_test].mean())
        rates = BetaGeoFitter().fit(*purchases.summary(found.cutoff)[["frequency", "recency", "T"]].to_numpy().T)
        states = customer_states(purchases, found.cutoff, Rhythm(rates.params_["r"], rates.params_["alpha"]))
        gone = (states["silence_chance"] < 0.05).to_numpy()
        assert found.flagged.caught["own"] == pytest.approx(gone[order[1::2]][gone_test].mean())
        assert found.rankings["score"].tolist() == ["p_active", "expected_orders", "own_rhythm", "recency"]

    def test_nothing_after_the_cutoff_enters_the_forecast(self):
        orders = order_log(customers=600, seed=9)
        past = orders[orders["ordered_at"] < "2025-10-01"]
        more = pd.concat([past, past.tail(300).assign(ordered_at=pd.Timestamp("2025-11-11"))])
        both = [
            look_back(BetaGeoFitter(), Purchases.of(log), "2025-12-31", cutoff="2025-09-30", certainty=PLAIN)
            for log in (orders, more)
        ]
        assert both[0].forecast == both[1].forecast
        assert both[0].came != both[1].came

    @pytest.mark.parametrize("rows", [[("a", "2026-06-20")], [("a", "2026-01-05"), ("b", "2026-02-05")]])
    def test_without_history_it_is_unknown(self, rows):
        orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"]).assign(amount=5.0)
        orders["ordered_at"] = pd.to_datetime(orders["ordered_at"])
        told = look_back(BetaGeoFitter(), Purchases.of(orders), END, cutoff="2026-05-31", certainty=PLAIN)
        assert told.verdict is HindsightVerdict.UNKNOWN
        assert np.isnan(told.forecast.value)
        late = judge(BetaGeoFitter(), Purchases.of(orders), END, days=90, fixed_days=[90], certainty=PLAIN)
        assert late.verdict is RuleVerdict.TOO_SHORT
        assert np.isnan(late.windows["inside"].value)

    def test_a_fixed_rule_that_flags_nobody_is_not_compared(self):
        purchases = Purchases.of(order_log(customers=600, seed=9))
        found = judge(BetaGeoFitter(), purchases, "2025-12-31", days=90, fixed_days=[2000], certainty=PLAIN)
        assert found.verdict is RuleVerdict.UNKNOWN
        assert len(found.rankings) == 4
