"""The sales desk, competing ends, chances, wallets: fractions worked by hand, and published values."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from regulars.actions import (
    chances_held,
    mondays_list,
    pipelines,
    plan_kept,
    sales_desk,
    sections,
    share_of_wallet,
    wallet_shares,
    weighted_pipeline,
)
from regulars.actions.lists import errands
from regulars.actions.prospects import correction, ends_by_age, funnel, win_rates
from regulars.actions.wallet import conquest, dirichlet_market, share_of_life, share_of_mind
from regulars.errors import UserError
from regulars.labels import Errand
from regulars.statistics import aalen_johansen, calibration_of_chances, out_of_fold, recalibrated

TIME, CAUSE = [2, 3, 3, 5, 6, 7, 8, 8, 10, 12], [1, 2, 0, 1, 2, 0, 1, 2, 0, 1]


def test_competing_ends_as_fractions():
    told = aalen_johansen(TIME, CAUSE).set_index(["time", "cause"])["share"]
    for time, share in ((2, Fraction(1, 10)), (5, Fraction(3, 14)), (8, Fraction(5, 14)), (12, Fraction(9, 14))):
        assert told[time, 1] == pytest.approx(float(share), abs=1e-15)
    for time, share in ((3, Fraction(1, 10)), (6, Fraction(3, 14)), (8, Fraction(5, 14))):
        assert told[time, 2] == pytest.approx(float(share), abs=1e-15)
    still = 1 - told.unstack().sum(axis=1)
    assert still.tolist() == pytest.approx([9 / 10, 4 / 5, 24 / 35, 4 / 7, 2 / 7, 0], abs=1e-15)


def test_competing_ends_and_their_errors_agree_with_statsmodels():
    from statsmodels.duration.survfunc import CumIncidenceRight

    rng = np.random.default_rng(3)
    time, cause = np.round(rng.exponential(10, 300), 0) + 1, rng.integers(0, 3, 300)
    with np.errstate(all="ignore"):
        theirs, ours = CumIncidenceRight(time, cause), aalen_johansen(time, cause, 0.9)
    for place in (1, 2):
        own = ours[ours["cause"] == place].set_index("time")
        assert own["share"].to_numpy() == pytest.approx(
            np.interp(own.index, theirs.times, theirs.cinc[place - 1]), abs=1e-12
        )


def test_nobody_has_ended_yet():
    assert aalen_johansen([1, 2], [0, None]).empty
    with pytest.raises(ValueError, match="none missing"):
        aalen_johansen([1, np.nan], [1, 1])


def test_chances_as_fractions():
    told = calibration_of_chances([0.1] * 3 + [0.3] * 4 + [0.7] * 3, [0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    exact = (Fraction(173, 10_500), Fraction(16, 525), Fraction(6, 25), Fraction(113, 500))
    assert told[:4] == tuple(pytest.approx(float(part), abs=1e-15) for part in exact)
    p = [0.1] * 3 + [0.3] * 4 + [0.7] * 3
    assert sorted(set(recalibrated(p, [0, 0, 1, 0, 1, 0, 0, 1, 1, 0]).round(12))) == pytest.approx([2 / 7, 2 / 3])
    assert recalibrated(range(8), [0, 1, 0, 0, 1, 0, 1, 1]).tolist() == pytest.approx(
        [0, 1 / 3, 1 / 3, 1 / 3, 0.5, 0.5, 1, 1]
    )


def test_the_weather_of_the_textbook():
    """Wilks, table 7.3: 12,402 forecasts of rain; shares and observed rates by stated chance."""
    y = [0, 0.05, *np.arange(0.1, 1.01, 0.1)]
    rate = np.array([0.006, 0.019, 0.059, 0.15, 0.277, 0.377, 0.511, 0.587, 0.723, 0.779, 0.934, 0.933])
    share = np.array([0.4112, 0.0671, 0.1833, 0.0986, 0.0616, 0.0366, 0.0303, 0.0275, 0.0245, 0.022, 0.017, 0.0203])
    share = share / share.sum()
    base = share @ rate
    reliability, resolution = share @ (np.array(y) - rate) ** 2, share @ (rate - base) ** 2
    counts = np.round(share * 1_000_000).astype(int)
    won = np.round(counts * rate).astype(int)
    stated = np.repeat(y, counts)
    came = np.concatenate([np.repeat([1, 0], [k, n - k]) for k, n in zip(won, counts, strict=True)])
    told = calibration_of_chances(stated, came)
    assert told.uncertainty == pytest.approx(0.1354200518, abs=2e-4) and told.brier == pytest.approx(
        0.0734610400, abs=2e-4
    )
    # the rates rise with the chances but for one pair, so that the isotonic split is nearly the binned one
    assert told.miscalibration == pytest.approx(reliability, abs=1e-4)
    assert told.discrimination == pytest.approx(resolution, abs=1e-4)


def test_a_chance_is_no_chance():
    with pytest.raises(UserError, match="lie between 0 and 1"):
        calibration_of_chances([1.5], [1])
    assert np.isnan(calibration_of_chances([], []).brier)
    assert out_of_fold([0.2, 0.8, 0.2, 0.8], [0, 1, 0, 1]).tolist() == [1.0, 0.0, 1.0, 0.0], (
        "each half taught by the other"
    )


def test_the_exact_pipeline():
    told = weighted_pipeline([1000, 2500, 400, 8000], [0.6, 0.3, 0.9, 0.1])
    assert (told.mean, told.variance) == (2510, pytest.approx(7_326_900))
    assert np.sqrt(told.variance) == pytest.approx(2706.8247080297)
    assert told.probability_up_to(1400) == pytest.approx(0.63) and told.probability_up_to(3900) == pytest.approx(0.9)
    assert told.probability_up_to(0) == pytest.approx(0.0252)
    interval = told.interval(0.9)
    assert (interval.low, interval.high) == (0, 9400)


def test_many_deals_are_still_one_distribution():
    rng = np.random.default_rng(2)
    a, p = rng.lognormal(6, 1, 150), rng.random(150)
    told = weighted_pipeline(a, p)
    assert told.distribution["probability"].sum() == pytest.approx(1)
    mean = float((told.distribution["amount"] * told.distribution["probability"]).sum())
    assert mean == pytest.approx(told.mean, rel=1e-3)
    beyond = weighted_pipeline(np.tile(a, 2), np.tile(p, 2))
    assert beyond.distribution.empty and beyond.interval(0.9).low > 0


@pytest.mark.parametrize(("deals", "worlds"), [(8, 400), (60, 200)])
def test_pipeline_intervals_cover_what_comes(deals, worlds):
    rng, inside = np.random.default_rng(deals), 0
    for _ in range(worlds):
        amount, chance = rng.lognormal(6, 0.7, deals), rng.beta(1.5, 3, deals)
        interval = weighted_pipeline(amount, chance).interval(0.9)
        came = float(amount @ (rng.random(deals) < chance))
        inside += interval.low - 1e-6 <= came <= interval.high + 1e-6
    assert 0.85 <= inside / worlds <= 0.97 if deals < 20 else 0.85 <= inside / worlds <= 0.95


def test_bad_deals_are_refused():
    for amounts, chances, said in (
        ([1], [0.5, 0.5], "needs both"),
        ([-1], [0.5], "negative"),
        ([1], [2], "outside 0 to 1"),
    ):
        with pytest.raises(UserError, match=said):
            weighted_pipeline(amounts, chances)


# ---- a desk worked by hand ----


@pytest.fixture
def desk():
    day = pd.Timestamp("2026-01-01")
    prospects = pd.DataFrame(
        {
            "prospect_id": list("abcdef"), "created_at": [day] * 6,
            "stage": ["won", "lost", "won", "lost", "quoted", "lead"],
            "win_probability": [1.0, 0.0, 1.0, 0.0, 0.4, 0.9],  # overwritten at the decision
            "quoted_amount": [100.0, 100, 100, 100, 1000, np.nan],
            "next_contact_at": pd.to_datetime([None] * 4 + ["2026-02-01", "2026-04-01"]),
            "expected_close": pd.to_datetime(["2026-01-20"] * 4 + ["2026-02-10", "2026-05-01"]),
            "key_factor": ["price", "price", "price", "range", None, None],
        }
    )  # fmt: skip
    events = pd.DataFrame(
        {
            "prospect_id": ["a", "a", "b", "b", "c", "c", "d", "d", "e", "f"],
            "at": pd.to_datetime(["2026-01-02", "2026-01-22"] * 4 + ["2026-01-05", "2026-01-01"]),
            "stage": ["quoted", "won", "quoted", "lost", "quoted", "won", "quoted", "lost", "quoted", "lead"],
            "win_probability": [0.8, 1.0, 0.8, 0.0, 0.4, 1.0, 0.4, 0.0, 0.4, 0.9],
        }
    )
    return sales_desk(prospects, events, "2026-03-01")


def test_only_what_was_stated_before_the_decision_counts(desk):
    assert desk.decided["stated"].tolist() == [0.8, 0.8, 0.4, 0.4]
    told = chances_held(desk)
    assert told.stated.value == pytest.approx(0.6) and told.won.value == 0.5
    alone = sales_desk(desk.rows[["prospect_id", "created_at", "stage", "win_probability"]], None, "2026-03-01")
    assert chances_held(alone) is None, "without events nobody knows what was stated before"


def test_what_is_open_overdue_and_worth(desk):
    told = funnel(desk)
    assert told[["stage", "prospects", "overdue", "past_close"]].to_numpy().tolist() == [
        ["lead", 1, 0, 0],
        ["quoted", 1, 1, 1],
    ]
    worth = pipelines(desk)
    assert worth["stated"].mean == pytest.approx(400) and worth["recalibrated"].mean == pytest.approx(500)
    assert worth["stated"].deals == 1, "a deal without an amount is in no sum"


def test_open_prospects_are_not_lost(desk):
    ends = ends_by_age(desk).set_index(["time", "cause"])["share"]
    assert ends[21.0, "won"] == pytest.approx(1 / 3) and ends[21.0, "lost"] == pytest.approx(1 / 3)


def test_a_factor_that_matters_for_one_source_is_found():
    rng = np.random.default_rng(1)
    n = 1200
    source, factor = rng.choice(["fair", "web"], n), rng.choice(["price", "person"], n)
    won = rng.random(n) < 0.3 + 0.35 * ((source == "fair") & (factor == "person"))
    prospects = pd.DataFrame({"prospect_id": np.arange(n).astype(str), "created_at": pd.Timestamp("2026-01-01"),
                              "stage": np.where(won, "won", "lost"), "source": source,
                              "key_factor": factor})  # fmt: skip
    desk = sales_desk(prospects, None, "2026-03-01")
    fair = desk._replace(rows=desk.rows[desk.rows["source"] == "fair"])
    web = desk._replace(rows=desk.rows[desk.rows["source"] == "web"])
    assert win_rates(fair, "key_factor").set_index("group").loc["person", "gap_low"] > 0
    assert win_rates(web, "key_factor").set_index("group").loc["person", "gap_low"] < 0


def test_the_plan_is_held_against_what_was_done():
    plan = pd.DataFrame(
        {
            "activity_id": list("abcde"), "owner": ["x", "x", "y", "y", "y"],
            "planned_at": pd.to_datetime(["2026-01-05"] * 4 + ["2026-02-20"]),
            "done_at": pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-20", "2026-01-02", None]),
        }
    )  # fmt: skip
    told = plan_kept(plan, "2026-01-31")
    assert told.kept.value == 0.5 and told.mended == 1, "done before it was planned for counts as done, not as kept"
    assert told.missed == 0 and len(told.ahead) == 1 and told.late_days == 15
    assert told.months["planned"].tolist() == [4, 1]


# ---- wallets ----


def test_wallet_allocation_rule():
    assert wallet_shares([1]).tolist() == [1]
    assert wallet_shares([1, 2]).tolist() == pytest.approx([2 / 3, 1 / 3])
    assert wallet_shares([1, 2, 3]).tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 6])
    assert wallet_shares([1, 2, 3, 4]).tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert wallet_shares([1, 2, 3, 4, 5]).round(4).tolist() == [0.3333, 0.2667, 0.2, 0.1333, 0.0667]
    assert wallet_shares([1.5, 1.5, 3]).round(7).tolist() == [0.4166667, 0.4166667, 0.1666667]
    assert wallet_shares([1, 1, 3]).tolist() == wallet_shares([1.5, 1.5, 3]).tolist(), "ties are found"


def test_the_businessman():
    bought = {"A": [15, 17], "B": [18], "C": [20, 15, 25, 18]}
    assert sum(map(sum, bought.values())) == 128
    assert round(share_of_life(bought)["C"], 2) == 0.61


def test_the_toothpaste_of_1973():
    told = dirichlet_market(1.456, 0.7788158828, 1.3, [0.25, 0.19, 0.10, 0.09, 0.08, 0.03, 0.02])
    assert [one.penetration for one in told] == pytest.approx(
        [0.2000518330, 0.1569018849, 0.0866469841, 0.0784049547, 0.0700719325, 0.0270037803, 0.0181017235], abs=1e-10
    )
    assert [one.purchases_per_buyer for one in told] == pytest.approx(
        [1.819528442, 1.763140068, 1.680381625, 1.671322947, 1.662291818, 1.617551306, 1.608686599], abs=5.1e-10
    )
    assert told[0].category_per_buyer == pytest.approx(3.162173490, abs=5.1e-10)
    assert told[-1].category_per_buyer == pytest.approx(3.381957913, abs=5.1e-10)
    assert [one.share_of_requirements for one in told] == pytest.approx(
        [0.5754043691, 0.5480334551, 0.5087758534, 0.5045459125, 0.5003421874, 0.4797148558, 0.4756672438], abs=5.1e-11
    )


def wallets(**columns):
    rows = {"customer_id": ["a", "a", "b", "b"], "period": "2026", "competitor": ["us", "x", "us", "x"]}
    return pd.DataFrame(rows | columns)


def test_shares_of_wallets_by_money_and_by_ranks():
    told = share_of_wallet(wallets(spend=[30.0, 70.0, 50.0, 50.0]), None)
    assert told.share.value == pytest.approx(0.4) and told.elsewhere == 60 and told.by == "spend"
    ranked = share_of_wallet(wallets(rank=[1.0, 2.0, 2.0, 1.0]), None)
    assert ranked.share.value == pytest.approx(0.5) and ranked.by == "rank" and np.isnan(ranked.elsewhere)
    with pytest.raises(UserError, match="neither spend nor rank"):
        share_of_wallet(wallets(), None)
    asked = conquest(told, pd.DataFrame({"customer_id": ["a", "b"], "p_active": [0.5, 0.9]}), share_below=0.6)
    assert asked["customer_id"].tolist() == ["b", "a"], "45 elsewhere likely against 35"


def test_share_of_mind_counts_who_named_nobody():
    told = share_of_mind(pd.DataFrame({"respondent_id": ["1", "2", "3"], "brand": ["us", "x", "x"],
                                       "named_first": [True, True, False], "named": [True, True, True]}))  # fmt: skip
    assert told.first.value == pytest.approx(1 / 3) and told.brands["n"].tolist() == [3, 3]


def test_an_answer_far_beyond_the_others_is_to_be_checked_before_a_visit():
    """Of nine who spend 10 to 90 elsewhere and one who says 9,000, the last is more than 50 times the median of 55."""
    other = [*np.arange(10.0, 100.0, 10.0), 9000.0]
    names = [f"c{k}" for k in range(10)]
    rows = pd.concat([pd.DataFrame({"customer_id": names, "competitor": shop, "spend": spend})
                      for shop, spend in (("us", [1.0] * 9 + [9000.0]), ("x", other))])  # fmt: skip
    told = share_of_wallet(rows.assign(period="2026"), None)
    assert told.customers.loc[told.is_far, "customer_id"].tolist() == ["c9"]
    asked = conquest(told, pd.DataFrame({"customer_id": names, "p_active": 0.5}), length=3)
    found = sections.tell_wallet(told, asked, pseudonyms=lambda ids: ids, below=0.51)
    assert (found.facts["median"], found.facts["below_n"], found.facts["listed"]) == (55.0, 10, 3)
    assert found.remarks[0].facts == {"far": 1, "times": 50, "part": pytest.approx(9000 / 9450)}
    assert (
        sections.tell_wallet(told, asked.assign(is_far=True), pseudonyms=lambda ids: ids, below=0.5)
        .frames["list"]["check"]
        .tolist()
        == ["yes"] * 3
    )


# ---- stated chances and the pipeline ----


def test_a_pipeline_is_judged_by_what_came_of_stated_chances_not_by_how_few_deals_fall():
    """Of 400 stated at 70% half were won: two open deals of 100 are worth 100 in place of 140, though 0 to 200 may
    come. Where 70% of them were won nothing is taken off.
    """
    events = pd.DataFrame({"prospect_id": [f"p{k}" for k in range(402)], "stage": "quoted", "win_probability": 0.7,
                           "at": pd.Timestamp("2026-01-02")})  # fmt: skip

    def desk_of(won: int):
        rows = pd.DataFrame({"prospect_id": events["prospect_id"], "quoted_amount": 100.0, "win_probability": 0.7,
                             "created_at": pd.Timestamp("2026-01-01"), "decided_at": pd.Timestamp("2026-02-01"),
                             "stage": ["won"] * won + ["lost"] * (400 - won) + ["quoted"] * 2})  # fmt: skip
        return sales_desk(
            rows.assign(decided_at=rows["decided_at"].where(rows["stage"] != "quoted")), events, "2026-03-01"
        )

    high = desk_of(200)
    off = correction(high)
    assert (
        off.value == pytest.approx(-40)
        and off.low == pytest.approx(-48, abs=2)
        and off.high == pytest.approx(-32, abs=2)
    )
    told = sections.tell_desk(high, pipelines(high), level=0.9)
    assert told.verdict == "less" and told.facts["worth"].low == 0 and told.facts["worth"].high == 200
    fair = desk_of(280)
    assert sections.tell_desk(fair, pipelines(fair), level=0.9).verdict == "agrees"
    assert np.isnan(correction(desk_of(400)).value), "all were won: nothing teaches where chances end"


# ---- Monday's list ----


def test_an_errand_with_less_at_stake_than_a_contact_costs_takes_no_place():
    rows = pd.DataFrame({"customer_id": ["a", "b", "c"], "w": [0.3, 4.0, 9.0], "ticket_id": ["1", "2", "3"]})
    likes = errands(Errand.NEXT_PRODUCT, rows, channel="e-mail", worth="w", cost=0.2)
    calls = errands(Errand.CALL, rows.assign(customer_id=["d", "e", "f"]), channel="phone", worth="w", cost=4.0)
    waits = errands(Errand.COMPLAINT, rows.head(1).assign(customer_id="g"), channel="phone", worth="w", cost=4.0)
    told = mondays_list([likes, calls, waits], length=9, floor=5.0)
    assert told.rows["customer_id"].tolist() == ["g", "f", "c"] and (told.tiny, told.waiting) == (4, 1)
    sure = errands(Errand.CALL, rows, channel="phone", worth="w", cost=0.1, share=(0.9, 0.8, 1.0))
    assert len(mondays_list([sure], length=9, floor=5.0).rows) == 3, "what is measured to gain stays"
    said = {one.code: one.facts for one in sections.tell_monday(told, pseudonyms=lambda ids: ids, days=7).remarks}
    assert said["tiny"] == {"many": 4, "floor": 5.0} and said["waiting"] == {"many": 1}
