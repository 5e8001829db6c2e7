"""Worlds in which nothing happens, and worlds in which something does: how often the page would claim it."""

import numpy as np
import pandas as pd
import pytest

from club_worlds import club_world
from regulars.actions import corrected_levels, judge_campaigns, sample_ratio_test, sections, watch_campaigns
from regulars.actions.asking import Ask, Asking
from regulars.actions.campaigns import Judged, bonds_compared
from regulars.actions.effects import Redrawn, limits_from_lots, welch
from regulars.actions.programmes import Headline, judge_club
from regulars.actions.uncontrolled import placebo, spend_around, without_control
from regulars.labels import Change
from regulars.settings import CampaignRules
from regulars.statistics.intervals import Estimate, against

RULES = CampaignRules(outcome_days=90, false_discovery_rate=0.05, draws=1000, cooldown_days=28, groups_min=200)
# customers drawn and kept back of the eight campaigns of the shop as it was first simulated
SIZES = ((382, 72), (304, 58), (181, 36), (387, 79), (603, 142), (817, 158), (242, 44), (519, 118))


def spend(rng, n):
    """What customers spend in 90 days: most of them nothing, a few very much."""
    mean = 180 / rng.gamma(4, 1, n)
    return rng.gamma(6.0, mean / 6) * rng.poisson(rng.gamma(0.5, 0.8, n))


def claims(worlds: int, seed: int) -> float:
    """Share of worlds without any effect in which at least one campaign is told to have one."""
    rng = np.random.default_rng(seed)
    shops = []
    for n, controls in SIZES:
        y, z = spend(rng, n), np.arange(n) >= controls
        again = Redrawn.of(z, 2000, seed)
        shops.append((y, z, again.statistics(y)))
    false = 0
    for _ in range(worlds):
        p_values, lots = [], []
        for y, z, drawn in shops:
            lot = rng.permutation(z)
            one, other = y[lot], y[~lot]
            value = one.mean() - other.mean()
            error = np.sqrt(one.var(ddof=1) / one.size + other.var(ddof=1) / other.size)
            above, below = 1 + (drawn >= value / error - 1e-9).sum(), 1 + (drawn <= value / error + 1e-9).sum()
            p_values.append(min(1.0, 2 * min(above, below) / (drawn.size + 1)))
            lots.append((value, error, drawn, other.size))
        levels = corrected_levels(p_values, 0.05)
        verdicts = [
            against(limits_from_lots(value, error, drawn, level=level, n=n))
            for (value, error, drawn, n), level in zip(lots, levels, strict=True)
        ]
        false += any(verdict is not Change.UNCLEAR for verdict in verdicts)
    return false / worlds


def test_where_nothing_happens_little_is_claimed():
    assert claims(300, 1) <= 0.08


@pytest.mark.full
def test_of_a_thousand_worlds_without_an_effect_few_claim_one():
    assert claims(1000, 2) <= 0.065


def covered(controls: int, draws: int, seed: int) -> float:
    """Share of draws in which the limits of a single planted effect, of very different size by customer, hold it."""
    rng, inside = np.random.default_rng(seed), 0
    n = 4 * controls
    everybody = spend(rng, 40_000)
    moved = everybody + spend(rng, 40_000) * (rng.random(40_000) < 0.15)
    truth = float((moved - everybody).mean())
    for one in range(draws):
        drawn = rng.choice(40_000, n, replace=False)
        z = np.arange(n) >= controls
        y = np.where(z, moved[drawn], everybody[drawn])
        told = Redrawn.of(z, 400, seed + one).judge(y, 0.9) if controls < 1000 else welch(y, z, 0.9)
        inside += told.low <= truth <= told.high
    return inside / draws


def test_limits_of_a_planted_effect_hold_it():
    assert 0.84 <= covered(200, 250, 3) <= 0.96


@pytest.mark.full
@pytest.mark.parametrize("controls", [50, 200, 2000])
def test_limits_hold_a_planted_effect_as_often_as_they_say(controls):
    assert 0.87 <= covered(controls, 1000, controls) <= 0.93


# ---- clubs ----


def false_clubs(worlds: int) -> tuple[float, float, float]:
    """Share of worlds with a claim; with the headline told; and the mean of what members do against all others."""
    told = []
    for seed in range(worlds):
        purchases, members, end = club_world(seed)
        told.append(judge_club(members, purchases, end, margin=0.3, level=0.95))
    claim = np.mean([club.verdict in (Change.UP, Change.DOWN) for club in told])
    return claim, np.mean([club.headline is Headline.TOLD for club in told]), np.mean([club.raw.value for club in told])


def test_a_club_that_does_nothing_is_seldom_told_to():
    claim, told, raw = false_clubs(6)
    assert claim <= 0.2 and told >= 0.6
    assert raw > 1.6, "members order far more than others, and the club did nothing"


@pytest.mark.full
def test_of_a_thousand_clubs_that_do_nothing_few_are_told_to():
    claim, told, _ = false_clubs(1000)
    assert claim <= 0.065 and told >= 0.85


def test_members_who_join_as_they_order_are_not_judged():
    purchases, members, end = club_world(1)
    days = purchases.frame()
    repeat = days.groupby("customer_id")["day"].nth(1)
    joined = members.merge(days.loc[repeat.index, ["customer_id", "day"]], on="customer_id").assign(left_at=pd.NaT)
    at_order = joined.assign(joined_at=joined["day"]).drop(columns="day")
    club = judge_club(at_order, purchases, end, margin=0.3)
    assert club.headline is Headline.ON_ORDER and club.verdict is Change.UNKNOWN


# ---- bad input ----


def tables(**contacts):
    start = pd.Timestamp("2026-01-01")
    n = 60
    frame = pd.DataFrame(
        {
            "campaign_id": "c", "customer_id": [f"k{i}" for i in range(n)], "is_control": np.arange(n) < 20,
            "contacted_at": [pd.NaT] * 20 + [start] * 40, "attended": [None] * 20 + [True, False] * 20,
            "responded": None,
        }
    ).assign(**contacts)  # fmt: skip
    frame = frame.astype(
        {"campaign_id": "string", "customer_id": "string", "attended": "boolean", "responded": "boolean"}
    )
    campaigns = pd.DataFrame({"campaign_id": ["c"], "name": ["Mail"], "starts_at": [start], "actual_cost": [-5.0]})
    orders = pd.DataFrame({"customer_id": [f"k{i}" for i in range(n)], "ordered_at": start + pd.Timedelta(days=3),
                           "amount": np.linspace(1, 30, n)})  # fmt: skip
    return campaigns.astype({"campaign_id": "string"}), frame, orders.astype({"customer_id": "string"})


def judged(*supplied, end="2026-12-31"):
    watched = watch_campaigns(*supplied, end, outcome_days=30)
    return watched, judge_campaigns(watched, margin=0.3, rules=RULES, level=0.9, seed=1)


def test_what_cannot_be_is_counted_and_the_rest_stands():
    campaigns, contacts, orders = tables()
    contacts.loc[0, "contacted_at"] = pd.Timestamp("2026-01-02")  # a control, contacted
    contacts.loc[30, "contacted_at"] = pd.Timestamp("2025-12-01")  # before the campaign
    contacts.loc[40, "contacted_at"] = pd.NaT  # attended, not contacted
    stranger = contacts.iloc[[5]].assign(campaign_id="other", customer_id="k99")
    contacts = pd.concat([contacts, stranger], ignore_index=True).astype({"campaign_id": "string"})
    watched, told = judged(campaigns, contacts, orders)
    assert dict(watched.notes.to_numpy().tolist()) == {"unknown_campaign": 1, "before_start": 1, "control_contacted": 1,
                                                       "attended_uncontacted": 1, "negative_cost": 1}  # fmt: skip
    assert told.effects["lot"].tolist() == ["honest"] and told.effects["controls"].tolist() == [20]
    assert told.effects["cost"].isna().all(), "a cost below zero is missing"


@pytest.mark.parametrize(
    ("is_control", "lot"),
    [(np.zeros(60, bool), "none"), (np.ones(60, bool), "too_few"), (np.arange(60) < 1, "too_few")],
)
def test_nobody_everybody_or_one_kept_back(is_control, lot):
    _, told = judged(*tables(is_control=is_control))
    assert told.effects["lot"].tolist() == [lot] and told.effects["verdict"].tolist() == ["unknown"]


def test_a_window_beyond_the_data_is_cut_for_both_sides_and_its_limits_are_wider():
    supplied = tables()
    _, whole = judged(*supplied)
    watched, cut = judged(*supplied, end="2026-01-20")
    assert watched.campaigns["days"].tolist() == [20] and cut.effects["is_cut"].tolist() == [True]
    width = [one.effects["effect_high"][0] - one.effects["effect_low"][0] for one in (whole, cut)]
    assert width[1] > width[0]
    _, before = judged(*supplied, end="2025-12-31")
    assert before.effects["lot"].tolist() == ["not_yet"]


def test_a_lot_that_was_not_kept_to_is_not_told():
    campaigns, contacts, orders = tables()
    campaigns["control_share"] = 0.75
    assert sample_ratio_test([20, 40], [0.75, 0.25]).p_value < 0.001
    watched, told = judged(campaigns, contacts, orders)
    assert told.effects["lot"].tolist() == ["broken"] and told.effects["effect"].isna().all()
    remarks = sections.tell_campaigns(told, watched, margin=0.3, level=0.9).remarks
    said = {one.code: one.facts for one in remarks if one.code.startswith("broken")}
    assert set(said) == {"broken_size"} and (said["broken_size"]["planned"], said["broken_size"]["seen"]) == (
        0.75,
        1 / 3,
    )


def test_a_campaign_with_two_ways_counts_once_among_the_bonds():
    """Effects of 4 and 0 of one campaign are 2 of one; beside another of 2 the bond's effect is 2, of two campaigns."""
    rows = pd.DataFrame({"campaign_id": ["a", "a", "b"], "effect": [4.0, 0.0, 2.0], "contacted": [10, 20, 30]})
    rows = rows.assign(bond="financial", lot="honest", standard_error=1.0)
    told = bonds_compared(Judged(rows, pooled=None, rate=0.05))
    assert told[["campaigns", "contacted", "effect"]].to_numpy().tolist() == [[2, 60, 2.0]]


def test_what_pays_for_all_is_told_with_the_half_of_whom_it_is_not_proved():
    sure, none = Estimate(5.0, 3.0, 7.0, 100), Estimate(0.0, -1.0, 1.0, 100)
    half = {"group": "orders", "cut": 3.0, "n": 50, "p_adjusted": 0.001, "effect": 9.0, "effect_low": 6.0,
            "effect_high": 12.0, "others": 1.0, "others_low": -2.0, "others_high": 4.0}  # fmt: skip
    asking = Asking(Ask.ALL, "card", "contacted", 1.0, 100, sure, none, none, pd.DataFrame([half]), None, none, 0.5)
    told = sections.tell_next(asking, margin=0.3)
    assert (told.verdict, told.facts["half"]) == ("all_unproved", "less_orders")
    assert told.remarks[0].facts["others"] == Estimate(1.0, -2.0, 4.0, 50)
    alike = asking._replace(groups=asking.groups.assign(p_adjusted=0.5))
    assert sections.tell_next(alike, margin=0.3).verdict == "all"


def test_whoever_was_drawn_stays_in_the_group_of_the_lot():
    campaigns, contacts, orders = tables()
    lots = contacts[["campaign_id", "customer_id", "is_control"]].assign(is_control=np.arange(60) < 30)
    watched = watch_campaigns(campaigns, contacts.iloc[:50], orders, "2026-12-31", outcome_days=30, lots=lots)
    told = judge_campaigns(watched, margin=0.3, rules=RULES, level=0.9, seed=1)
    assert told.effects[["controls", "contacted"]].to_numpy().tolist() == [[30, 30]], (
        "who is not in the contacts as well"
    )


# ---- campaigns without a control ----


def test_complete_journey_tells_no_effect_and_why():
    """27 campaigns that kept nobody back: the adjustment finds more before they began than while they ran."""
    from places import SHARED_DATA

    folder = SHARED_DATA / "complete_journey"
    if not folder.is_dir():
        pytest.skip("the households do not lie beside the project")
    about = pd.read_parquet(folder / "campaign_descriptions.parquet").set_index("campaign_id")
    reached = pd.read_parquet(folder / "campaigns.parquet")
    bought = pd.read_parquet(folder / "transactions.parquet",
                             columns=["household_id", "transaction_timestamp", "sales_value"])  # fmt: skip
    assert (len(about), reached["household_id"].nunique(), bought["household_id"].nunique()) == (27, 1559, 2469)
    orders = bought.set_axis(["customer_id", "ordered_at", "amount"], axis=1)
    households = sorted(orders["customer_id"].unique())
    for campaign, n, naive, during, error, before, before_error in (
        (8, 1076, 251.86, 17.99, 8.51, 40.85, 9.74),
        (13, 1077, 264.02, 16.30, 10.41, 42.08, 9.01),
        (18, 1133, 307.43, 14.53, 9.10, 32.83, 9.75),
    ):
        row, who = about.loc[campaign], set(reached.loc[reached["campaign_id"] == campaign, "household_id"])
        told = placebo(spend_around(orders, who, households, row["start_date"], row["end_date"]))
        assert (told.reached, told.naive) == (n, pytest.approx(naive, abs=0.006))
        assert told.during.value == pytest.approx(during, abs=0.006) and told.before.value == pytest.approx(
            before, abs=0.006
        )
        for value, expected in ((told.during, error), (told.before, before_error)):
            assert (value.high - value.low) / 2 / 1.961 == pytest.approx(expected, abs=0.01)
        assert not told.is_clean, "so no effect is told"


def test_campaigns_without_a_control_that_reach_few_have_no_figures():
    rng = np.random.default_rng(4)
    level, days = rng.gamma(2, 50, 60), pd.date_range("2025-10-01", "2026-06-30", freq="15D")
    orders = pd.DataFrame(
        {"customer_id": np.repeat(np.arange(60).astype(str), len(days)), "ordered_at": np.tile(days, 60),
         "amount": np.repeat(level, len(days)) + rng.normal(0, 1, 60 * len(days))}
    )  # fmt: skip
    begins = {"past": "2026-05-01", "later": "2027-01-01", "few": "2026-05-01"}
    campaigns = pd.DataFrame({"campaign_id": list(begins), "name": list(begins), "starts_at": begins.values()})
    campaigns["starts_at"] = pd.to_datetime(campaigns["starts_at"])
    who = {"past": range(30), "later": range(30), "few": range(5)}
    contacts = pd.DataFrame([(name, str(k), False) for name in who for k in who[name]],
                            columns=["campaign_id", "customer_id", "is_control"])  # fmt: skip
    watched = watch_campaigns(campaigns, contacts, orders, "2026-06-30", outcome_days=60)
    told = without_control(watched, orders).set_index("name")
    assert told["reached"].to_dict() == {"past": 30, "few": 5}, "what begins later has reached nobody yet"
    assert told.loc["few", ["during", "before"]].isna().all() and not told.loc["few", "is_clean"]
    # 60 days hold four of everybody's orders, each of the same amount but for noise
    assert abs(told.loc["past", "during"]) < 2 and told.loc["past", "during_low"] < 0 < told.loc["past", "during_high"]
