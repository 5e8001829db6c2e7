"""The customer pyramid: the field's worked example, who belongs at the top, who moved, what moving up would bring."""

import numpy as np
import pandas as pd
import pytest

from memory_dataset import ECONOMICS
from regulars.purchases import Purchases
from regulars.segments import assign_tiers, group_summary, tier_thresholds
from regulars.segments.pyramid import (
    _half_as_much_again,
    add_inactive,
    migration,
    moving_up,
    tell_pyramid,
    tier_probability,
)
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate

R, P, Q = 0.6, 6.0, 5.0


def base(n=400, seed=1):
    """Customers whose long-run worth is known, with what would be expected of them after a year."""
    rng = np.random.default_rng(seed)
    rate, scale = rng.gamma(R, 1 / 7.0, n), rng.gamma(Q, 1 / 30.0, n)
    x = rng.poisson(52 * rate)
    spend = rng.gamma(P * np.maximum(x, 1e-9), 1 / scale) / np.maximum(x, 1)
    expected = (R + x) / (7 + 52) * P * (30 + x * spend * (x > 0)) / (Q + P * x - 1)
    table = pd.DataFrame(
        {
            "customer_id": [f"c{i:04d}" for i in range(n)],
            "frequency": x,
            "spend_is_prior": x == 0,
            "p_alive": 1.0,
            "clv": expected,
            "clv_low": expected * 0.5,
            "clv_high": expected * 2,
            "expected_orders": (R + x) / 59 * 52,
            "spend": x * spend,
        }
    )
    table["tier"] = assign_tiers(table["clv"])
    return table, rate * P / scale


def test_worked_example_of_2125_customers():
    """Published: 21 customers above 58,900, 85 down to 19,000, 319 down to 4,820: exactly 1, 4 and 15 %."""
    values = np.r_[np.linspace(58_900, 200_000, 21), np.linspace(19_000, 58_800, 85), np.linspace(4_820, 18_900, 319)]
    values = pd.Series(np.r_[values, np.linspace(1, 4_800, 1_700)])
    table = tier_thresholds(values, assign_tiers(values))
    assert table["customers"].tolist() == [21, 85, 319, 1700]
    assert table["threshold"].tolist()[:3] == [58_900, 19_000, 4_820]


def test_worked_example_of_lifetime_purchases():
    """Published: one customer's purchases from the age of 20 to that of 70, in order, at three firms (ten thousand)."""
    bought = [("A", 15), ("B", 18), ("A", 17), ("C", 20), ("C", 15), ("C", 25), ("C", 18)]
    orders = pd.DataFrame(bought, columns=["customer_id", "amount"]).astype({"customer_id": "string"})
    orders["ordered_at"] = pd.to_datetime([f"{1970 + 8 * nth}-06-01" for nth in range(len(bought))])
    purchases = Purchases.of(orders).summary("2020-01-01", "month")  # what each firm has seen of the customer
    assert purchases.set_index("customer_id")["spend"].to_dict() == {"A": 32, "B": 18, "C": 78}
    wallet = group_summary(purchases, "customer_id").set_index("customer_id")["spend_share"]
    assert (100 * wallet).round().to_dict() == {"A": 25, "B": 14, "C": 61}
    # as the page tells them: in all and each, beside the value to come and never discounted
    told = purchases.assign(
        tier="small", tier_probability=np.nan, clv=1.0, clv_low=0.5, clv_high=2.0, expected_orders=1.0
    )
    facts = pyramid_of(told, told["tier"], told["tier"]).facts
    assert (facts["bought"], facts["each"]) == (128, pytest.approx(128 / 3))


def test_chance_to_belong_is_how_often_customers_do():
    """Simulated: of those who were given a chance of about c, the share c stands on the step by their true rank."""
    table, truth = base(40_000)
    chance = tier_probability(table, R, P, Q)
    real = assign_tiers(pd.Series(truth)).to_numpy(object)
    belongs = pd.Series(real == table["tier"].to_numpy(object))
    for tier in ("vip", "large", "medium", "small"):
        of = (table["tier"] == tier).to_numpy()
        error = np.sqrt(belongs[of].mean() * (1 - belongs[of].mean()) / of.sum())
        assert chance[of].mean() == pytest.approx(belongs[of].mean(), abs=3 * error + 0.02)


def test_vip_by_rate_and_vip_by_luck():
    table, _ = base()
    two = table.head(2).assign(tier=["vip", "vip"], clv=[100.0, 100.0], frequency=[200, 2], spend_is_prior=False)
    rest = table.iloc[2:].assign(clv=lambda frame: frame["clv"] / frame["clv"].max() * 60, tier="small")
    # the threshold of the step is 70, well below both
    third = table.head(1).assign(tier="vip", clv=70.0, frequency=50, spend_is_prior=False)
    chance = tier_probability(pd.concat([two, third, rest], ignore_index=True), R, P, Q)
    assert chance[0] > 0.95 and chance[1] < 0.75


def test_who_has_left_belongs_at_the_base():
    table, _ = base()
    quiet = table.assign(p_alive=0.2)
    assert (tier_probability(quiet, R, P, Q)[quiet["tier"] == "vip"] <= 0.2).all()


def test_steps_add_up_and_inactive_stand_beside():
    table, _ = base()
    table.loc[table["frequency"] == 0, "expected_orders"] = 0.01
    finding = _told(table)
    steps = finding.frames["steps"]
    assert steps["customers"].sum() == len(table)
    assert steps["spend"].sum() == pytest.approx(table["spend"].sum(), abs=0.005)
    assert steps["margin"].sum() == pytest.approx(0.3 * table["spend"].sum(), abs=0.005)
    idle = (table["tier"] == "small") & (table["frequency"] == 0)
    assert steps.set_index("step").loc["inactive", "customers"] == idle.sum()
    assert set(add_inactive(table)) == {"vip", "large", "medium", "small", "inactive"}


def _told(table, before=None):
    by_customer = table.set_index("customer_id")["tier"]
    table = table.assign(tier_probability=tier_probability(table, R, P, Q))
    return pyramid_of(table, by_customer, by_customer if before is None else before)


def pyramid_of(table, now, before):
    certainty = Certainty(level=0.9, level_uncertainty=0.0, seed=1, draws=0)
    earned = table.set_index("customer_id")["spend"] * 0.3
    return tell_pyramid(
        table,
        now=now,
        before=before,
        earned=earned,
        pseudonyms=lambda ids: "C-" + ids,
        economics=ECONOMICS,
        certainty=certainty,
    )


def test_moving_up_by_hand():
    """50 of 5 in the upper step have mean 80, 100 below have mean 20: two of the hundred, 60 more each."""
    table = pd.DataFrame({"tier": ["medium"] * 5 + ["small"] * 100, "clv": [80.0] * 5 + [20.0] * 100})
    up = moving_up(table)
    assert up[["tier", "to", "customers", "gain", "gain_low", "gain_high"]].to_numpy().tolist() == [
        ["small", "medium", 2, 120.0, 120.0, 120.0]
    ]
    # all are worth 2,400: for 1,200 more 20 have to move, a fifth of the hundred
    halves = ["half", "half_low", "half_high", "half_share"]
    assert up[halves].to_numpy().tolist() == [[20.0, 20.0, 20.0, 0.2]]
    # values of 5 × 2 and 10 × 1 are worth 20: 10 of the ten could make 10 more, were they all like any of the five
    few = pd.DataFrame({"tier": ["medium"] * 5 + ["small"] * 10, "clv": [1.0, 3.0, 2.0, 2.0, 2.0] + [1.0] * 10})
    assert moving_up(few)[halves].isna().all(axis=None)


def test_half_as_much_again_by_the_move_of_fewest_customers():
    """All are worth 2,600; 1,300 more are 14 of 100 from 10 up, while a move from 100 up cannot surely make them."""
    up = pd.DataFrame(
        {"tier": ["large", "medium"], "to": ["vip", "large"], "customers": [1, 2], "gain": [200.0, 180.0],
         "gain_low": [100.0, 180.0], "gain_high": [300.0, 180.0], "half": [np.nan, 14.4], "half_low": [np.nan, 14.4],
         "half_high": [np.nan, 14.4], "half_share": [np.nan, 0.144]}
    )  # fmt: skip
    together, half = _half_as_much_again(up, 2600.0)
    ends = together.facts["together"]
    assert (ends.value, ends.low, ends.high) == pytest.approx((380 / 2600, 280 / 2600, 480 / 2600)) and ends.n == 3
    assert (half.code, half.facts["from_step"], half.facts["half"].value) == ("half", "medium", 14.4)
    _, never = _half_as_much_again(up.assign(half=np.nan), 2600.0)
    assert never.code == "half_never"


def test_migration_rows_sum_to_one_and_to_all_customers():
    table, _ = base()
    now = table.set_index("customer_id")["tier"]
    before = now.iloc[:350].sample(frac=1, random_state=1).set_axis(now.index[:350])
    moved = migration(now, before)
    assert moved["customers"].sum() == len(now)
    np.testing.assert_allclose(moved.groupby("before")["share"].sum(), 1.0, rtol=1e-12)
    assert moved.loc[moved["before"] == "new", "customers"].sum() == 50
    with pytest.raises(ValueError, match="'gone' stood on a step before"):
        migration(now, pd.Series({"gone": "vip"}))


@pytest.mark.parametrize("n", [1, 5])
def test_one_customer_and_a_single_step(n):
    table, _ = base(n)
    finding = _told(table.assign(tier="small"))
    assert finding.verdict == "single" and list(finding.frames) == ["steps", "best"]


def test_equal_spends_and_negative_values_stand():
    table, _ = base()
    same = table.assign(clv=5.0, clv_low=5.0, clv_high=5.0)
    same["tier"] = assign_tiers(same["clv"])
    finding = _told(same)
    assert finding.facts["gain"] == Estimate(0.0, 0.0, 0.0, finding.facts["moved"])
    minus = table.assign(clv=-table["clv"], clv_low=-table["clv_high"], clv_high=-table["clv_low"])
    minus["tier"] = assign_tiers(minus["clv"])
    finding = _told(minus)
    assert finding.verdict == "loss" and finding.frames["steps"]["customers"].sum() == len(table)


def test_many_customers_share_curves_that_say_the_same(monkeypatch):
    table, _ = base(20_000)
    each = tier_probability(table, R, P, Q)
    monkeypatch.setattr("regulars.segments.pyramid.EXACT", 100)
    shared = tier_probability(table, R, P, Q)
    assert (shared - each).abs().max() < 2e-5 and shared.isna().equals(each.isna())
