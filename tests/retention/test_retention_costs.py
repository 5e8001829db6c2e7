"""Cost to win against cost to keep, and what referrals bring: by hand, and on the demo, where nothing works."""

import numpy as np
import pandas as pd
import pytest

from regulars.actions.campaigns import judge_campaigns, watch_campaigns
from regulars.finding import NOT_SUPPLIED
from regulars.purchases import Purchases
from regulars.retention import campaign_costs, referral_value
from regulars.retention.costs import CostsVerdict, ReferralsVerdict, tell_costs, tell_referrals
from regulars.retention.economics import Point, equity_by_point
from regulars.settings import CampaignRules, Certainty
from regulars.statistics.intervals import Estimate

END = "2025-12-31"


def campaigns_of(*rows) -> pd.DataFrame:
    columns = ["campaign_id", "purpose", "starts_at", "ends_at", "actual_cost", "planned_cost"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(starts_at=pd.to_datetime(frame["starts_at"]), ends_at=pd.to_datetime(frame["ends_at"]))


def frame_of(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at"]).assign(amount=10.0)
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


def orders_of(*rows) -> Purchases:
    return Purchases.of(frame_of(*rows))


def mailing(contacted: int, controls: int, came: int, came_anyway: int):
    """One campaign to keep, with so many who ordered of either arm; everyone had ordered before."""
    contacts, orders = drawn(contacted, controls, came, came_anyway)
    return contacts, orders_of(*orders)


def drawn(contacted: int, controls: int, came: int, came_anyway: int):
    """Whom that campaign drew, and the customer and day of each order."""
    names = [f"t{i}" for i in range(contacted)] + [f"c{i}" for i in range(controls)]
    contacts = pd.DataFrame({"campaign_id": "k", "customer_id": names})
    contacts["is_control"] = contacts["customer_id"].str.startswith("c")
    orders = [(name, "2025-01-01") for name in names]
    orders += [(f"t{i}", "2025-07-01") for i in range(came)] + [(f"c{i}", "2025-07-01") for i in range(came_anyway)]
    return contacts, orders


class TestCosts:
    def test_by_hand(self):
        contacts, purchases = mailing(400, 400, 200, 100)
        table = campaigns_of(
            ("a", "acquire", "2025-01-01", "2025-01-31", 8000.0, 1.0),
            ("b", "acquire", "2025-12-01", "2026-02-28", 9999.0, 1.0),  # not over yet
            ("k", "keep", "2025-06-15", None, None, 600.0),  # the plan stands in
        )
        found = campaign_costs(table, contacts, purchases, END, within_days=90)
        assert (found.win.value, found.win.n, found.won) == (10.0, 1, 800)
        assert np.isnan(found.win.high)  # one campaign says nothing of how campaigns differ
        assert (found.contact.value, found.contact.n) == (1.5, 400)
        assert (found.effect.value, found.effect.n) == (0.25, 400)
        assert found.keep.value == pytest.approx(1.5 / 0.25)
        assert found.keep.low < 6 < found.keep.high
        assert found.ratio.value == pytest.approx(10 / 1.5)

    def test_an_order_on_the_day_counts_and_one_too_late_does_not(self):
        contacts, purchases = mailing(100, 100, 50, 50)
        table = campaigns_of(("k", "keep", "2025-07-01", None, 100.0, None))
        assert campaign_costs(table, contacts, purchases, END, within_days=30).effect.value == 0
        contacts, purchases = mailing(100, 100, 50, 0)
        assert campaign_costs(table, contacts, purchases, END, within_days=30).effect.value == 0.5
        early = campaigns_of(("k", "keep", "2025-05-01", None, 100.0, None))
        assert campaign_costs(early, contacts, purchases, END, within_days=30).effect.value == 0

    def test_a_campaign_has_one_gap_on_two_pages_and_a_broken_lot_none(self):
        contacts, rows = drawn(300, 100, 120, 25)
        orders, purchases = frame_of(*rows), orders_of(*rows)
        table = campaigns_of(("k", "keep", "2025-06-15", None, 100.0, None)).assign(name="k", outcome_days=20)
        found = campaign_costs(table, contacts, purchases, END, within_days=5).effect
        watched = watch_campaigns(table, contacts, orders, END, outcome_days=5)
        rules = CampaignRules(outcome_days=5, false_discovery_rate=0.05, draws=200, cooldown_days=0, groups_min=1000)
        told = judge_campaigns(watched, margin=0.3, rules=rules, level=0.9, seed=1).effects.iloc[0]
        assert found.value == pytest.approx(told["ordered_gap"], rel=1e-12) == pytest.approx(0.15)
        assert found.high - found.low == pytest.approx(told["ordered_gap_high"] - told["ordered_gap_low"], rel=1e-12)
        honest = campaign_costs(table.assign(control_share=0.25), contacts, purchases, END, within_days=5).effect
        broken = campaign_costs(table.assign(control_share=0.5), contacts, purchases, END, within_days=5).effect
        assert honest == found
        assert np.isnan(broken.value)

    def test_chance_is_not_called_an_effect(self):
        """Where contacts do nothing, one of twenty mailings seems to help: no more than that is called proved."""
        rng, proved = np.random.default_rng(3), 0
        table = campaigns_of(("a", "acquire", "2025-01-01", "2025-01-31", 1.0, 1.0),
                             ("k", "keep", "2025-06-15", None, 100.0, None))  # fmt: skip
        for _ in range(60):
            contacts, purchases = mailing(300, 100, *rng.binomial([300, 100], 0.3))
            costs = campaign_costs(table, contacts, purchases, END, within_days=90)
            proved += tell_costs(costs, within_days=90).verdict is CostsVerdict.PROVED
        assert proved <= 8

    def test_what_is_not_supplied_is_not_told(self):
        _, purchases = mailing(10, 10, 5, 5)
        table = campaigns_of(("a", "acquire", "2025-01-01", "2025-01-31", 8000.0, 1.0))
        found = campaign_costs(table, None, purchases, END, within_days=90)
        plain = campaign_costs(table[["campaign_id", "starts_at"]], None, purchases, END, within_days=90)
        none = campaign_costs(None, None, purchases, END, within_days=90)
        told = [tell_costs(costs, within_days=90).verdict for costs in (found, plain, none)]
        assert told == [CostsVerdict.UNTOLD, CostsVerdict.UNTOLD, NOT_SUPPLIED]
        assert found.win.value == 400
        assert np.isnan([found.contact.value, found.ratio.value, found.keep.value]).all()


class TestReferrals:
    def test_each_side_counts_by_itself(self):
        """Of a part of the customers the other side is often not there; who never ordered counts on neither."""
        value = pd.DataFrame({"customer_id": list("abcdef"), "clv": [1.0, 2.0, 3.0, 40.0, 50.0, 3.0]})
        referrals = pd.DataFrame({"referrer_id": ["a", "a", "x", "b"], "referred_id": ["d", "e", "c", "y"]})
        found = referral_value(referrals, value)
        assert (found.rate.value, found.rate.n) == (pytest.approx(2 / 6), 6)  # a and b, not x
        assert found.brought.value == pytest.approx(3 / 6)  # c, d and e, not y
        assert (found.worth.value, found.others.value) == (31.0, 2.0)
        assert found.per_referrer == 46.5
        assert tell_referrals(referrals.iloc[:2], value).verdict is ReferralsVerdict.MORE
        assert tell_referrals(referrals.iloc[2:], value).verdict is ReferralsVerdict.UNTOLD

    def test_the_referred_of_the_demo_are_like_others(self):
        from regulars.simulate import demo

        raw = demo(seed=20261122)
        truth = raw["truth_customers"].rename(columns={"future_spend": "clv"})
        referrals = raw["referrals"].rename(columns={"referrer": "referrer_id", "referred": "referred_id"})
        found = tell_referrals(referrals, truth, level=0.99)
        assert found.verdict is ReferralsVerdict.ALIKE
        assert found.facts["brought"].n == 5000


def test_equity_moves_by_the_point_alone():
    point = Point(Estimate(5.0, 4.0, 6.0, 9), Estimate(8.0, 7.0, 9.0, 9), 1.0, 5.0, Estimate(0.1), 9)
    certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    table = equity_by_point(100.0, point, 50, certainty=certainty).set_index("step")
    assert table["equity"].to_dict() == {"fewer": 92.0, "same": 100.0, "more": 105.0}
    assert table.loc["fewer", ["moved_low", "moved_high"]].tolist() == [-9.0, -7.0]
    assert (table["equity_low"] < table["equity"]).all()
