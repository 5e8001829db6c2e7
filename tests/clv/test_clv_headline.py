"""Which forecast may be told: the rule, by hand and on data of which the truth is known; totals and coverage."""

import io
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from memory_dataset import ECONOMICS
from regulars.clv import BetaGeoFitter, fit_models, judge_forecasts, score_customers
from regulars.clv._progress import bar
from regulars.clv.backtesting import Fold, backtest_folds, forecast_now
from regulars.clv.coverage import first_holding_level, holdout_coverage
from regulars.clv.headline import choose_headline, fold_totals, rolling_cutoffs, with_headline
from regulars.clv.uncertainty import CustomerLevels
from regulars.errors import UserError
from regulars.purchases import Purchases
from regulars.settings import Certainty

MODELS = ["bg_nbd", "combined", "naive"]
CDNOW = {"zero_spend_is_purchase": True}
SURE = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=100)


def fold(cutoff, seed, **scales):
    """Customers with known rates; each model forecasts the rate to a power: 1 is right, 0 knows nothing."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.5, 2.0, 4000) + 0.01
    forecasts = {name: rate**power * (rate.sum() / (rate**power).sum()) for name, power in scales.items()}
    orders = pd.DataFrame(forecasts)
    customers = pd.DataFrame({"holdout_orders": rng.poisson(rate), "holdout_spend": 0.0})
    return Fold(pd.Timestamp(cutoff), customers, orders, -np.expm1(-orders), orders, None)


def test_candidate_that_wins_two_folds_is_told():
    folds = [fold(f"2024-0{i}-01", i, bg_nbd=0.7, combined=1.0, naive=0.2) for i in (1, 2)]
    found = choose_headline(folds, bootstraps=100)
    assert (found.model, found.verdict, found.wins, found.losses, found.beat_naive) == (
        "combined",
        "candidate",
        2,
        0,
        2,
    )
    rows = found.comparisons.query("model == 'combined' and against == 'bg_nbd'")
    assert (rows["high"] < 0).all()
    assert set(rows["metric"]) == {"deviance", "rmse"}


def test_one_win_is_enough_of_one_test_alone_and_a_win_for_each_loss_never():
    won, lost = {"bg_nbd": 0.7, "combined": 1.0}, {"bg_nbd": 1.0, "combined": 0.7}
    once, again = fold("2024-01-01", 1, **won, naive=0.2), fold("2024-02-01", 2, bg_nbd=1.0, combined=1.0, naive=0.2)
    assert choose_headline([once], bootstraps=100).verdict == "candidate", "nothing else can be tried"
    assert choose_headline([once, again], bootstraps=100).verdict == "reference"
    assert choose_headline([once, again], bootstraps=100, folds_needed=1).verdict == "candidate"
    rule = fold("2024-01-01", 1, bg_nbd=0.4, combined=0.5, naive=0.3, last=1.0)
    assert choose_headline([rule], bootstraps=100, rules=("naive", "last")).model == "combined", "a rule needs two"
    even = [fold(f"2024-0{i}-01", i, **(won if i < 3 else lost), naive=0.2) for i in (1, 2, 3, 4)]
    found = choose_headline(even, bootstraps=100)
    assert (found.model, found.wins, found.losses) == ("bg_nbd", 2, 2)


def test_a_combination_that_is_the_reference_to_the_last_digits_beats_nobody():
    one = fold("2024-01-01", 1, bg_nbd=0.9, combined=0.9, naive=0.2)
    rate = one.orders["bg_nbd"] * (1 + 1e-7 * (one.customers["holdout_orders"] > 0))  # better beyond noise, by nothing
    one = replace(
        one, orders=one.orders.assign(combined=rate), p_order=one.p_order.assign(combined=one.p_order["bg_nbd"])
    )
    found = choose_headline([one], bootstraps=100)
    assert (found.model, found.wins) == ("bg_nbd", 0)


def test_naive_rate_is_told_where_nothing_beats_it_and_strict_stops():
    folds = [fold(f"2024-0{i}-01", i, bg_nbd=0.4, combined=0.5, naive=1.0) for i in (1, 2)]
    found = choose_headline(folds, bootstraps=100)
    assert (found.model, found.verdict, found.beat_naive) == ("naive", "naive", 0)
    assert found.wins == 2  # the better of two that are both worse than the naive rate is not told
    with pytest.raises(UserError, match=r"value\.strict is true, and after 2024-01-01, 2024-02-01 no model"):
        choose_headline(folds, bootstraps=100, strict=True)


def test_a_rule_that_expects_nothing_of_most_is_beaten_though_its_misses_are_as_large():
    """Right for those who order much, nothing for the others: their orders are no surprise to any model."""
    folds = [fold(f"2024-0{i}-01", i, bg_nbd=1.0, combined=1.0, naive=1.0) for i in (1, 2)]
    for one in folds:
        one.orders["naive"] = one.orders["naive"].where(one.orders["naive"] > 0.05, 1e-6)
    found = choose_headline(folds, bootstraps=100)
    rmse = found.comparisons.query("model == 'bg_nbd' and against == 'naive' and metric == 'rmse'")
    assert (rmse["high"] > 0).any(), "not better by its misses alone"
    assert (found.model, found.verdict, found.beat_naive) == ("bg_nbd", "reference", 2)


def test_a_rule_of_thumb_that_no_model_beats_is_told():
    folds = [fold(f"2024-0{i}-01", i, bg_nbd=0.5, combined=0.5, naive=0.4, last_period=1.0) for i in (1, 2)]
    found = choose_headline(folds, rules=("naive", "last_period"), bootstraps=100)
    assert (found.model, found.verdict) == ("last_period", "naive")
    alone = choose_headline(folds, bootstraps=100)
    assert alone.verdict == "reference"


def test_a_missing_forecast_is_named():
    with pytest.raises(ValueError, match="cutoff 2024-01-01: the folds lack a forecast by naive"):
        choose_headline([fold("2024-01-01", 1, bg_nbd=1.0, combined=1.0)])


def test_cutoffs_follow_one_another_and_leave_enough_before_them():
    found = rolling_cutoffs(date(2022, 1, 1), date(2024, 1, 1), 180, folds=3)
    assert np.diff(found).astype("timedelta64[D]").astype(int).tolist() == [180, 180]
    assert found[-1] + pd.Timedelta(days=180) == pd.Timestamp("2024-01-01")
    assert rolling_cutoffs(date(2024, 1, 1), date(2024, 3, 1), 180) == []


@pytest.fixture(scope="module")
def cdnow_folds(cdnow_master):
    cutoffs = rolling_cutoffs(date(1997, 1, 1), date(1998, 6, 30), 180)
    return backtest_folds(Purchases.of(cdnow_master, **CDNOW), cutoffs, 180, MODELS, observation_end="1998-06-30")[0]


def test_combination_beats_the_reference_on_real_orders(cdnow_folds):
    found = choose_headline(cdnow_folds, bootstraps=100)
    assert (found.folds, found.verdict) == (2, "candidate")


def test_stated_band_of_the_total_holds_what_came_on_the_last_holdout(cdnow_folds):
    totals = fold_totals(cdnow_folds, "combined", 180)
    last = totals.iloc[-1]
    assert last["until"] == pd.Timestamp("1998-06-30")
    assert last["came"] == cdnow_folds[-1].customers["holdout_orders"].sum()
    assert last["low"] <= last["came"] <= last["high"]
    assert last["verdict"] == "inside"
    assert last["miss"] == pytest.approx(last["expected"] / last["came"] - 1)


def test_everything_in_one_call(cdnow_sample):
    found = judge_forecasts(Purchases.of(cdnow_sample, **CDNOW), date(1998, 6, 30), 180, certainty=SURE, bootstraps=50)
    assert found.headline.model == "combined"
    assert found.combination == "fixed"
    later = cdnow_sample.drop_duplicates(["customer_id", "ordered_at"]).query("ordered_at > '1998-01-01'")
    assert found.totals["came"].iloc[-1] == len(later)
    assert found.scores["model"].unique().tolist() == ["bg_nbd", "combined", "naive", "recency", "last_period"]
    assert found.scores["cutoff"].unique().tolist() == [pd.Timestamp("1998-01-01")]
    assert found.coverage.real.n == 2357
    assert found.left_out == []
    with pytest.raises(UserError, match=r"value\.holdout_days is 400"):
        judge_forecasts(Purchases.of(cdnow_sample), date(1998, 6, 30), 400, certainty=SURE)


def test_a_cutoff_that_cannot_be_used_is_told_and_the_others_stand(cdnow_sample):
    late = cdnow_sample.copy()
    early = late["ordered_at"] < "1998-03-01"
    late.loc[early, "customer_id"] = "once" + late.loc[early].index.astype(str)  # nobody comes back before March
    found = judge_forecasts(Purchases.of(late, **CDNOW), date(1998, 6, 30), 60, folds=3, certainty=SURE, bootstraps=20)
    assert [sentence[:18] for sentence in found.left_out] == ["cutoff 1998-01-01:"]
    assert found.headline.folds == 2


def test_misses_are_told_in_order_and_cutoffs_left_out_are_named(cdnow_sample):
    found = judge_forecasts(
        Purchases.of(cdnow_sample, **CDNOW), date(1998, 6, 30), 90, folds=4, certainty=SURE, bootstraps=20
    )
    told = found.misses[0]
    assert told.code == "last_3"
    facts = [told.facts[place] for place in ("first", "second", "third")]
    assert facts == found.totals["miss"].tolist()[-3:] == pytest.approx([-0.0877, -0.0340, 0.2954], abs=5e-5)
    assert [told.facts[f"{place}_way"] for place in ("first", "second", "third")] == ["low", "low", "high"]
    assert told.facts["days"] == 90
    late = cdnow_sample.copy()
    early = late["ordered_at"] < "1998-03-01"
    late.loc[early, "customer_id"] = "once" + late.loc[early].index.astype(str)
    some = judge_forecasts(Purchases.of(late, **CDNOW), date(1998, 6, 30), 60, folds=3, certainty=SURE, bootstraps=20)
    said = [(remark.code, str(remark.facts["cutoff"])) for remark in some.misses[1:]]
    assert said == [("no_repeat", "1998-01-01")]


BAD_FOLDS = {
    "1997-01-01": "no_repeat",
    "1990-01-01": "outside",
    "2001-01-01": "outside",
    "1998-05-01": "horizon",
}


def test_each_bad_cutoff_has_its_own_sentence_and_the_others_stand(cdnow_sample):
    folds, left_out = backtest_folds(Purchases.of(cdnow_sample, **CDNOW), [*BAD_FOLDS, "1997-09-30"], 90, ["naive"])
    assert {str(one.cutoff.date()): one.code for one in left_out} == BAD_FOLDS
    assert all(one.startswith(f"cutoff {one.cutoff.date()}: ") and "\n" not in one for one in left_out)
    assert [str(fold.cutoff.date()) for fold in folds] == ["1997-09-30"]
    first = cdnow_sample.sort_values("ordered_at", kind="stable")["customer_id"].iloc[0]
    alone = cdnow_sample[(cdnow_sample["customer_id"] == first) | (cdnow_sample["ordered_at"] > "1997-02-01")]
    folds, left_out = backtest_folds(Purchases.of(alone, **CDNOW), ["1997-01-31", "1997-09-30"], 90, ["naive"])
    assert [(one.code, len(folds)) for one in left_out] == [("one_customer", 1)]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["terminal", "pipe"])
def test_a_bar_per_cutoff_on_a_terminal_and_nothing_elsewhere(cdnow_sample, monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    backtest_folds(Purchases.of(cdnow_sample, **CDNOW), ["1997-09-30", "1997-12-31"], 90, ["naive"])
    told = stream.getvalue()
    if stream.isatty():
        assert told.split("\r")[1:] == [bar("cutoffs", n, 2)[1:] + ("\n" if n == 2 else "") for n in (0, 1, 2)]
    else:
        assert told == ""


def test_customers_get_the_headline_and_wider_intervals(cdnow_sample):
    summary = Purchases.of(cdnow_sample, **CDNOW).summary(date(1998, 6, 30))
    models = fit_models(summary)
    plain = score_customers(models, economics=ECONOMICS, certainty=SURE)
    wide = score_customers(models, economics=ECONOMICS, certainty=SURE, customer_levels=CustomerLevels((0,), (0.97,)))
    assert (wide.customers["clv_high"] >= plain.customers["clv_high"]).all()
    assert wide.customers["clv_high"].sum() > 1.1 * plain.customers["clv_high"].sum()
    assert wide.clv_total == plain.clv_total
    forecast = forecast_now(Purchases.of(cdnow_sample, **CDNOW), date(1998, 6, 30), 365)
    told = with_headline(plain, forecast)
    np.testing.assert_allclose(told.customers["expected_orders"], forecast["expected_orders"])
    ratio = told.customers["clv"] / plain.customers["clv"]
    np.testing.assert_allclose(ratio, forecast["expected_orders"] / plain.customers["expected_orders"])
    assert told.orders_total.value == pytest.approx(forecast["expected_orders"].sum())
    assert told.clv_total.value == pytest.approx(told.customers["clv"].sum())
    for name in ("expected_orders", "clv"):
        assert (told.customers[f"{name}_low"] <= plain.customers[f"{name}_low"]).all()
        assert (told.customers[f"{name}_high"] >= plain.customers[f"{name}_high"]).all()
    assert (told.customers["value_at_risk"] >= 0).all()
    lost = told.customers["value_if_alive"] - told.customers["clv"]
    np.testing.assert_allclose(told.customers["value_at_risk"], lost)
    with pytest.raises(ValueError, match="has no forecast of orders"):
        with_headline(plain, forecast.iloc[1:])


def simulated(seed, customers=1500):
    """Orders of BG/NBD customers in days, over two years: the world in which the reference is right."""
    model = BetaGeoFitter()
    model.params_ = pd.Series({"r": 0.6, "alpha": 60.0, "a": 0.8, "b": 2.5})
    rng = np.random.default_rng(seed)
    birth = rng.integers(0, 360, customers)
    repeats = model.simulate_orders(720.0 - birth, seed)
    who = np.concatenate([np.arange(customers), repeats["customer"].to_numpy()])
    day = np.concatenate([birth, birth[repeats["customer"]] + np.ceil(repeats["time"]).astype(int)])
    log = pd.DataFrame({"customer_id": who, "day": day}).query("day <= 720")
    when = pd.Timestamp("2022-01-01") + pd.to_timedelta(log["day"], "D")
    return pd.DataFrame({"customer_id": log["customer_id"].astype("string"), "ordered_at": when, "amount": 10.0})


def claims(seed, candidate="fixed", customers=1500) -> bool:
    models = ["bg_nbd", candidate, "naive"]
    log = simulated(seed, customers)
    folds, _ = backtest_folds(
        Purchases.of(log), ["2022-12-27", "2023-06-25"], 180, models, observation_end="2023-12-22"
    )
    assert {fold.combination for fold in folds} == {candidate}
    return choose_headline(folds, candidate=candidate, bootstraps=100, seed=seed).verdict == "candidate"


@pytest.mark.full
@pytest.mark.parametrize(("candidate", "customers"), [("fixed", 1500), ("shape", 4000)])
def test_no_claim_where_the_reference_is_the_truth(candidate, customers):
    """In at most 10 of 100 worlds of BG/NBD customers."""
    assert sum(claims(seed, candidate, customers) for seed in range(100)) <= 10


def test_no_claim_in_a_few_such_worlds():
    assert sum(claims(seed) for seed in range(3)) <= 1
    assert sum(claims(seed, "shape") for seed in range(2)) <= 1


def test_ranges_of_single_customers_hold_what_they_state_group_by_group():
    folds, _ = backtest_folds(
        Purchases.of(simulated(11, 6000)), ["2022-12-27", "2023-06-25"], 180, ["bg_nbd"], observation_end="2023-12-22"
    )
    found = holdout_coverage(folds, 180)
    assert found.customer_levels.begins == (0, 1, 2, 5, 10)
    assert (found.table["covered"] >= 0.88).all()  # of the right model; counts are whole, so that more than 90 % may be
    assert (found.table["at"] <= 0.92).all()
    assert found.adjusted.low <= 0.93
    holding = first_holding_level_of(folds[-1], BetaGeoFitter())
    assert (holding < found.customer_levels.of(folds[-1].customers["frequency"])).mean() >= 0.89


def first_holding_level_of(fold, fitter):
    history = [fold.customers[name].to_numpy(float) for name in ("frequency", "recency", "T")]
    came = fold.customers["holdout_orders"].to_numpy()
    return first_holding_level(fitter.fit(*history), 180 / 7, *history, came=came)


def test_an_interval_holds_from_the_level_at_which_its_ends_reach_what_came():
    model = BetaGeoFitter()
    model.params_ = pd.Series({"r": 0.8, "alpha": 5.0, "a": 0.9, "b": 3.0})
    mass = [float(model.conditional_probability_of_n_purchases_up_to_time(n, 20.0, 3, 18.0, 20.0)) for n in range(9)]
    below = np.cumsum(mass)
    for y in range(9):
        level = float(first_holding_level(model, 20.0, [3], [18.0], [20.0], came=[y])[0])
        for stated in (level - 0.01, level + 0.01):
            if 0 < stated < 1:
                low, high = (int(np.argmax(below > (1 - stated) / 2)), int(np.argmax(below >= (1 + stated) / 2)))
                high = high if below[-1] >= (1 + stated) / 2 else 9
                assert (low <= y <= high) == (stated > level)


def test_ranges_are_set_by_what_holdouts_show_of_each_group(cdnow_folds):
    found = holdout_coverage(cdnow_folds, 180)
    assert found.table["n"].sum() == sum(len(fold.customers) for fold in cdnow_folds)
    heavy, once = found.customer_levels.of([30, 0])
    assert heavy > once  # 96 % of one-time buyers' ranges held at the level stated
    assert abs(found.adjusted.value - found.level) < abs(found.real.value - found.level)
    alone = holdout_coverage(cdnow_folds[:1], 180)
    assert alone.adjusted is None


def test_many_customers_are_judged_and_learnt_from_by_a_sample(cdnow_master):
    log = Purchases.of(cdnow_master, zero_spend_is_purchase=True)
    part = log.sample(6000, seed=1)
    found = judge_forecasts(part, date(1998, 6, 30), 180, certainty=SURE, bootstraps=20)
    assert found.drawn_from == 23570
    assert found.scored_customers == 6000
    assert ("sampled", {"customers": 6000, "base": 23570}) in [(one.code, one.facts) for one in found.misses]
    whole, learnt = (forecast_now(log, date(1998, 6, 30), 180, learn_from=one) for one in (None, part))
    assert learnt["customer_id"].equals(whole["customer_id"])
    assert learnt["expected_orders"].sum() == pytest.approx(whole["expected_orders"].sum(), rel=0.1)
    assert np.corrcoef(learnt["expected_orders"], whole["expected_orders"])[0, 1] > 0.95
    same = forecast_now(log, date(1998, 6, 30), 180, learn_from=log)
    pd.testing.assert_frame_equal(same, whole, check_exact=True)


def test_a_sample_of_customers_keeps_their_histories(cdnow_sample):
    log = Purchases.of(cdnow_sample, zero_spend_is_purchase=True)
    part = log.sample(300, seed=4)
    kept = log.summary("1998-06-30").set_index("customer_id").loc[part.customers].reset_index()
    pd.testing.assert_frame_equal(part.summary("1998-06-30"), kept, check_exact=True)
    assert log.sample(300, seed=4).customers.equals(part.customers)
    assert not log.sample(300, seed=5).customers.equals(part.customers)
    assert log.sample(2357) is log
