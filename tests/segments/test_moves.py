"""Moves between segments, on the ladder and in the relationship: worked by hand, adding up."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from memory_dataset import models_of
from regulars import segments
from regulars.clv import BetaGeoFitter
from regulars.errors import UserError
from regulars.purchases import Purchases
from regulars.segments import clusters, drift, sections
from regulars.segments.ladder import prospects_on_ladder
from regulars.segments.rfm import name_segments, rfm_scores
from regulars.settings import Certainty, stage_settings
from regulars.simulate import order_log

END = date(2026, 6, 30)
CERTAINTY = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=100)


@pytest.fixture(scope="module")
def settings():
    return stage_settings("segments")


@pytest.fixture
def ladder(settings):
    return segments.Ladder(settings.ladder)


def log_of(*rows) -> Purchases:
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    return Purchases.of(frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]), amount=10.0))


def test_moves_add_up_and_rows_sum_to_one():
    rng = np.random.default_rng(3)
    order = ["a", "b", "c"]
    before = pd.Series(rng.choice(order, 300), index=[f"k{i}" for i in range(300)])
    now = pd.Series(rng.choice(order, 350), index=[f"k{i}" for i in range(350)])
    table = drift.moves(before, now, order)
    assert (table["before"] + table["entered"] + table["won"] - table["left"] == table["now"]).all()
    assert table["now"].sum() == 350 and table["won"].sum() == 50
    assert table["entered"].sum() == table["left"].sum()
    shares = drift.transition_shares(before, now[before.index], order)
    np.testing.assert_allclose(shares.groupby("before")["share"].sum(), 1)


def test_drift_without_a_past_says_so():
    customers = pd.DataFrame({"customer_id": ["a"], "segment": ["new"], "cluster": ["none"]})
    log = log_of(("a", "2026-06-20"))
    found = segments.find_clusters(pd.DataFrame({name: [1.0] for name in clusters.FEATURES}))
    moved = segments.drift_since("2026-05-31", log, customers, end=END, found=found)
    assert sections.tell_drift(moved).verdict == "no_past"
    assert sections.tell_clusters(found, pd.DataFrame(), months=12, bootstraps=20).verdict == "too_few"


def test_a_month_like_any_other_is_no_news():
    """Simulated: a shop that stands still, 30 times; a move is told in one of ten at most, though all segments move."""
    found, told = segments.find_clusters(pd.DataFrame({name: [1.0] for name in clusters.FEATURES})), []
    for seed in range(30):
        orders = order_log(customers=600, seed=400 + seed, start="2024-01-01", end="2025-12-31")
        purchases = Purchases.of(orders)
        customers = purchases.summary("2025-12-31")
        customers = customers.assign(segment=name_segments(rfm_scores(customers)), cluster="none")
        moved = segments.drift_since("2025-11-30", purchases, customers, end="2025-12-31", found=found)
        told.append(sections.tell_drift(moved).verdict)
    assert told.count("still") >= 27, told  # of 80 such shops, small and large, 6 told one


def test_what_a_month_usually_does():
    """Seven months by hand: mean share gained or lost, and the range for one more with both segments in it."""
    ids, many = [f"k{k:03d}" for k in range(100)], [50, 45, 50, 40, 48, 48, 60, 54]
    stands = [pd.Series(["new"] * k + ["loyal"] * (100 - k), ids) for k in many]
    rates = np.diff(many) / many[:-1]
    usual = drift.usual_net(stands, ["new", "loyal"], level=0.9).loc["new"]
    luck = np.mean(np.abs(np.diff(many)) / np.square(many[:-1]))  # the counts' own chance, which is smaller here
    assert luck < rates.var(ddof=1)
    reach = t.ppf(1 - 0.05 / 2, 6) * rates.std(ddof=1) * np.sqrt(1 + 1 / 7)
    assert usual.tolist() == pytest.approx([rates.mean(), rates.mean() - reach, rates.mean() + reach])
    assert drift.usual_net(stands[:4], ["new", "loyal"]).isna().all(axis=None)


def test_no_more_customers_usually_move_than_there_are():
    """A range reaches from all leaving to all others entering; one wider than the segment says nothing."""
    usual = pd.DataFrame(
        {"usual": [-1.0, 0.4, 0.1], "usual_low": [-1.6, -2.1, -0.2], "usual_high": [-0.4, 2.8, 0.4]},
        ["new", "champions", "loyal"],
    )
    told = drift._possible(usual, pd.Series([60, 500, 800], usual.index))
    assert told.loc["new"].tolist() == [-60, -60, -24]
    assert told.loc["champions"].isna().all()
    assert told.loc["loyal"].tolist() == pytest.approx([80, -160, 320])


def test_steps_of_the_ladder_by_hand(ladder):
    log = log_of(
        ("one", "2026-06-01"), ("two", "2026-05-01"), ("two", "2026-06-01"), ("gone", "2024-01-01"),
        *((name, f"2026-0{m}-01") for name in ("four", "club", "friend", "partner") for m in (3, 4, 5, 6)),
        ("slow", "2023-06-01"), ("slow", "2024-06-01"), ("slow", "2025-06-01"),
    )  # fmt: skip
    memberships = pd.DataFrame(
        {"customer_id": ["club", "partner", "four"], "joined_at": pd.to_datetime(["2026-04-01"] * 3),
         "left_at": pd.to_datetime([None, None, "2026-05-01"])}
    )  # fmt: skip
    referrals = pd.DataFrame(
        {"referrer_id": ["friend", *["partner"] * 3, "one"], "referred_id": list("abcde"),
         "at": pd.to_datetime(["2026-04-01"] * 4 + ["2027-01-01"])}
    )  # fmt: skip
    told = replace(ladder, memberships=memberships, referrals=referrals)
    stood = segments.ladder_at(log, END, told)
    assert stood["lifecycle_stage"].to_dict() == {
        "one": "first_time", "two": "repeat", "gone": "inactive", "four": "client", "club": "member",
        "friend": "advocate", "partner": "partner", "slow": "repeat",
    }  # fmt: skip
    bare = segments.ladder_at(log, END, ladder)["lifecycle_stage"]
    assert bare[["club", "friend", "partner"]].tolist() == ["client"] * 3
    # gone: silent for 911 days, of which 226 (three mean gaps of all) are patience; slow: the first gap was longer than
    # that and the second was not, so that the second order began the stay
    days = segments.days_on_step(stood, log, END, told)
    assert days.to_dict() == {
        "one": 29, "two": 29, "gone": 684, "four": 29, "club": 90, "friend": 90, "partner": 90, "slow": 759,
    }  # fmt: skip


def test_who_comes_back_from_a_silence_begins_a_new_stay(ladder):
    log = log_of(("back", "2024-01-01"), ("back", "2024-02-01"), ("back", "2026-06-20"), ("new", "2026-06-30"))
    stood = segments.ladder_at(log, END, ladder)
    assert stood["lifecycle_stage"].to_dict() == {"back": "repeat", "new": "first_time"}
    assert segments.days_on_step(stood, log, END, ladder).to_dict() == {"back": 10, "new": 0}


def test_time_on_each_step_of_the_ladder(ladder):
    rng = np.random.default_rng(8)
    rows = [(f"k{i}", pd.Timestamp(END) - pd.Timedelta(days=int(d))) for i in range(300)
            for d in rng.integers(0, 700, rng.integers(1, 6))]  # fmt: skip
    log = log_of(*rows)
    prospects = pd.DataFrame(
        {"prospect_id": ["p", "q"], "stage": ["lead", "quoted"], "customer_id": [pd.NA, pd.NA],
         "created_at": pd.to_datetime(["2026-06-20", "2026-05-01"])}
    )  # fmt: skip
    ladder = replace(ladder, prospects=prospects)
    stood = segments.ladder_at(log, END, ladder)
    counts = segments.transition_counts(segments.monthly_moves(log, END, ladder, months=12))
    days = segments.days_on_step(stood, log, END, ladder)
    table = segments.time_on_steps(stood, days, counts, ladder, end=END).set_index("lifecycle_stage")
    stayed = counts.loc["repeat", "repeat"] / counts.loc["repeat"].sum()
    assert table.loc["repeat", "leaves"] == pytest.approx(1 - stayed)
    assert table.loc["repeat", "stay_months"] == pytest.approx(1 / (1 - stayed))
    assert table.loc["repeat", "stay_months_low"] == pytest.approx(1 / table.loc["repeat", "leaves_high"])
    assert (table["days_low"] <= table["days"]).all() and (table["days"] <= table["days_high"]).all()
    assert table.loc[["suspect", "prospect"], "days"].tolist() == [10, 60]
    assert table.loc[["suspect", "prospect"], "stay_months"].isna().all()
    assert table["customers"].sum() == 302


def test_moves_on_the_ladder_sum_to_one_and_forecasts_to_all(ladder):
    rng = np.random.default_rng(8)
    rows = [(f"k{i}", pd.Timestamp(END) - pd.Timedelta(days=int(d))) for i in range(200)
            for d in rng.integers(0, 700, rng.integers(1, 6))]  # fmt: skip
    log = log_of(*rows)
    moves = segments.monthly_moves(log, END, ladder, months=12)
    matrix = segments.transition_matrix(segments.transition_counts(moves))
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    stood = segments.ladder_at(log, END, ladder)["lifecycle_stage"]
    ahead = segments.ladder_forecast(stood, segments.monthly_moves(log, END, ladder, ahead=6), certainty=CERTAINTY)
    assert ahead["now"].sum() == 200 and ahead["ahead"].sum() == pytest.approx(200)
    assert ((ahead["ahead_low"] <= ahead["ahead"]) & (ahead["ahead"] <= ahead["ahead_high"])).all()
    climbing = segments.climbs(log, END, ladder)
    assert climbing["n"].iloc[0] == 200 and climbing["reached"].iloc[0] == climbing["n"].iloc[1]


def test_months_in_which_nobody_could_become_inactive_are_left_out(ladder):
    """A log of 13 months and 180 days of patience: who leaves in each month is told by the seven that follow these."""
    start, wait = pd.Timestamp("2025-05-31"), pd.Timedelta(days=ladder.rules.inactive_days)
    rows = [(f"k{i}_{m}", start + pd.DateOffset(months=m)) for m in range(14) for i in range(10)]
    moves = segments.monthly_moves(log_of(*rows), END, ladder, months=12)
    begins = moves.index.get_level_values("month").unique()
    assert begins.min() >= start + wait and len(begins) == 7
    leaving = moves.xs("first_time", level="before")["inactive"]
    assert leaving.tolist() == [10] * 7  # those won seven months before, every month
    assert segments.monthly_moves(log_of(*rows[30:]), END, ladder, months=12).empty  # too few are left


def test_the_forecast_of_the_ladder_holds_what_came(ladder):
    """Eight simulated shops, half a year kept back: the range of each step held what came in 23 of 24 cases."""
    held = []
    for seed in range(8):
        log = Purchases.of(order_log(customers=800, seed=seed, start="2023-01-01", end="2025-12-31"))
        days = "2025-06-30", "2025-12-31"
        before, after = (segments.ladder_at(log, day, ladder)["lifecycle_stage"] for day in days)
        moves = segments.monthly_moves(log, days[0], ladder, ahead=6)
        told = segments.ladder_forecast(before, moves, certainty=CERTAINTY).set_index("lifecycle_stage")
        came = after[before.index].value_counts().reindex(told.index).fillna(0)
        many = ["repeat", "client", "inactive"]
        held += [*((told["ahead_low"] <= came) & (came <= told["ahead_high"]))[many]]
    assert sum(held) >= 20, held


def test_a_step_of_few_is_told_with_the_one_below(ladder, settings):
    """Four partners beside 34 advocates: together they are one step, and steps add up to all customers."""
    names = ["client"] * 60 + ["advocate"] * 34 + ["partner"] * 4
    stages = pd.DataFrame({"lifecycle_stage": pd.array(names, dtype="string")})
    index = pd.MultiIndex.from_product([["2026-05-31"], ["client", "advocate", "partner"]], names=["month", "before"])
    moves = pd.DataFrame([[50, 9, 1], [2, 30, 2], [0, 1, 3]], index, ["client", "advocate", "partner"])
    told, joined = segments.join_few(stages, moves, 5)
    assert segments.count_steps(told, ladder, min_cell=5).to_numpy().tolist() == [
        ["client", 60], ["advocate_or_partner", 38],
    ]  # fmt: skip
    assert joined.to_numpy().tolist() == [[50, 10], [2, 36]]
    ahead = segments.ladder_forecast(told["lifecycle_stage"], joined, certainty=CERTAINTY, draws=20)
    assert ahead["now"].tolist() == [60, 38] and ahead["ahead"].sum() == pytest.approx(98)


def test_a_stage_of_the_sales_desk_without_a_step_is_named(ladder):
    prospects = pd.DataFrame({"prospect_id": ["p"], "stage": ["maybe"], "customer_id": [pd.NA]})
    with pytest.raises(UserError, match="'maybe' has no step"):
        prospects_on_ladder(prospects, ladder.rules)


def test_stages_of_the_relationship_are_chances():
    rng = np.random.default_rng(2)
    end = pd.Timestamp(END)
    rows = [("up", end - pd.Timedelta(days=int(d))) for d in np.r_[728, np.arange(5, 300, 12)]]
    rows += [("even", end - pd.Timedelta(days=int(d))) for d in range(0, 721, 20)]
    rows += [("once", end - pd.Timedelta(days=700))]
    log = log_of(*rows)
    known = log.summary(END, "week")
    models = models_of(bg_nbd=BetaGeoFitter().fit([0, 1, 3], [0.0, 5.0, 20.0], [30.0, 30.0, 30.0]))
    models.orders.params_[["r", "alpha"]] = 0.9, 9.0
    told = segments.relation_stages(known, log, models, end=END, growth_from=1.25)
    told = told.set_index(known["customer_id"].to_numpy())
    np.testing.assert_allclose(told[["p_acquisition", "p_growth", "p_maturity"]].sum(axis=1), 1)
    assert told["relation_stage"].to_dict() == {"up": "growth", "even": "maturity", "once": "acquisition"}
    table = segments.relation_table(known.assign(clv=1.0), told.reset_index(drop=True))
    being_won = known.assign(first_ordered_at=[end - pd.Timedelta(days=600), end, end])
    assert sections.tell_relation(table, being_won, growth_from=1.25).facts["growth"] == 0.25
    one_stretch = sections.tell_relation(table, known, growth_from=1.25)
    assert "all won in one stretch" in one_stretch.facts["why"]
    assert table["share"].sum() == pytest.approx(1) and table["customers"].tolist() == [1, 1, 1]
    # the chance of growth against draws of the two rates
    x = 24
    draws = rng.gamma(0.9 + x, 1, 20000) > 1.25 * rng.gamma(0.9, 1, 20000)
    assert told.loc["up", "p_growth"] / (1 - told.loc["up", "p_acquisition"]) == pytest.approx(draws.mean(), abs=0.02)
