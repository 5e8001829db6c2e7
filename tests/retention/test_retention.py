import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.labels import Change, CustomerState
from regulars.purchases import Purchases
from regulars.retention import (
    Rhythm,
    active_bands,
    at_risk,
    cohort_retention,
    compare_cohorts,
    customer_states,
    kept_change,
    money_at_risk,
    of_newcomers,
    silence_probability,
    time_to_second_order,
)
from regulars.retention.cohorts import pooled_retention, recent_cells
from regulars.retention.comparison import CohortsVerdict, cohorts_verdict, older_and_newer
from regulars.retention.groups import restricted_mean
from regulars.retention.kept import kept_share
from regulars.retention.risk import can_tell_alive, risk_total
from regulars.retention.second_order import cohort_curves
from regulars.retention.states import first_gap_probability
from regulars.settings import Certainty, Thresholds
from regulars.statistics.intervals import wilson
from regulars.statistics.survival import kaplan_meier, log_rank


def orders_of(*rows) -> pd.DataFrame:
    """Rows of (customer, date) or (customer, date, amount)."""
    frame = pd.DataFrame([(*row, 10.0)[:3] for row in rows], columns=["customer_id", "ordered_at", "amount"])
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


ORDERS = orders_of(
    ("a", "2026-01-05"), ("a", "2026-01-20"), ("a", "2026-03-02", 30.0),
    ("b", "2026-01-31"), ("b", "2026-02-01"),
    ("c", "2026-02-10"), ("c", "2026-04-09"),
    ("d", "2026-02-28"),
    ("e", "2026-04-01"),
)  # fmt: skip
END, BOUGHT = "2026-04-10", Purchases.of(ORDERS)


class TestKept:
    def test_kept_share_by_hand(self):
        purchases = BOUGHT
        # the month from 11 March to 10 April; in the one before, 11 February to 10 March, a and d bought: none came
        kept = kept_share(purchases, END)
        assert (kept.value, kept.n) == (0, 2)
        both = kept_change(purchases, END)
        # the months before: 11 January to 10 February: a, b and c, of whom a came back by 10 March
        assert (both.before.value, both.before.n, both.change) == (pytest.approx(1 / 3), 3, Change.UNCLEAR)
        # 11 December to 10 January had begun before the data did
        assert np.isnan(kept_share(purchases, "2026-02-10").value)

    def test_months_end_where_months_end(self):
        """From the last day of a month the month before ends with its own last day, however short it is."""
        rows = [("first", "2026-01-01"), ("a", "2026-02-01"), ("a", "2026-03-31"), ("b", "2026-02-28")]
        kept = kept_share(Purchases.of(orders_of(*rows)), "2026-03-31")
        assert (kept.value, kept.n) == (0.5, 2)


class TestCohorts:
    def test_on_by_hand(self):
        table = cohort_retention(BOUGHT, END)
        counts = table.pivot(index="cohort", columns="period", values="customers").to_numpy()
        np.testing.assert_array_equal(counts, [[2, 1, 1, 0], [2, 0, 1, np.nan], [1, np.nan, np.nan, np.nan]])
        assert table["n"].tolist() == [2, 2, 2, 2, 2, 2, 2, 1]
        assert table["orders"].tolist() == [3, 1, 1, 0, 2, 0, 1, 1]
        assert table["revenue"].tolist() == [30, 10, 30, 0, 20, 0, 10, 10]
        assert table["cohort"].dt.strftime("%Y-%m-%d").unique().tolist() == ["2026-01-01", "2026-02-01", "2026-04-01"]

    def test_on_or_after_by_hand(self):
        counts = cohort_retention(BOUGHT, END, kind="on_or_after").pivot(
            index="cohort", columns="period", values="customers"
        )
        np.testing.assert_array_equal(counts, [[2, 2, 1, 0], [2, 1, 1, np.nan], [1, np.nan, np.nan, np.nan]])

    def test_the_running_month_is_immature_and_a_finished_one_is_not(self):
        immature = cohort_retention(BOUGHT, END).query("~mature")
        assert immature["period"].tolist() == [3, 2, 0]
        assert cohort_retention(BOUGHT, "2026-04-30")["mature"].all()

    def test_rolling_windows_by_hand(self):
        orders = orders_of(("a", "2026-01-01"), ("a", "2026-02-05"), ("b", "2026-01-25"), ("b", "2026-02-27"))
        table = cohort_retention(Purchases.of(orders), "2026-03-04", window="rolling")
        # a has been observed for 63 days = two whole windows of 30.4375, b for 39 = one
        assert table[["period", "n", "customers", "mature"]].to_numpy().tolist() == [[0, 2, 2, True], [1, 1, 1, False]]
        later = cohort_retention(Purchases.of(orders), "2026-03-04", window="rolling", kind="on_or_after")
        assert later["customers"].tolist() == [2, 1]

    def test_intervals_are_wilsons(self):
        table = cohort_retention(BOUGHT, END).query("period > 0")
        low, high = wilson(table["customers"], table["n"])
        np.testing.assert_allclose(table["share_low"], low)
        np.testing.assert_allclose(table["share_high"], high)

    @given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 400)), min_size=1, max_size=60))
    @settings(max_examples=30, deadline=None)
    def test_sums_of_the_triangle_are_those_of_the_log(self, rows):
        orders = orders_of(*[(customer, pd.Timestamp("2025-01-01") + pd.Timedelta(days=day)) for customer, day in rows])
        days = Purchases.of(orders)
        on = cohort_retention(days, "2026-03-15")
        assert on["orders"].sum() == len(days)
        assert on["revenue"].sum() == pytest.approx(orders["amount"].sum())
        assert on.loc[on["period"] == 0, "n"].sum() == orders["customer_id"].nunique()
        assert on.loc[on["period"] == 0, "share"].eq(1).all()
        after = cohort_retention(days, "2026-03-15", kind="on_or_after")
        assert (after["customers"] >= on["customers"]).all()
        falls = after.groupby("cohort")["customers"].diff().dropna()
        assert (falls <= 0).all()
        pd.testing.assert_series_equal(after["orders"], on["orders"])

    def test_rolling_counts_agree_with_a_loop(self):
        rng = np.random.default_rng(2)
        rows = [
            (f"c{i}", pd.Timestamp("2025-01-01") + pd.Timedelta(days=int(d)))
            for i in range(40)
            for d in rng.integers(0, 300, 4)
        ]
        orders, end = orders_of(*rows), pd.Timestamp("2025-11-15")
        for kind in ("on", "on_or_after"):
            table = cohort_retention(Purchases.of(orders), end, kind=kind, window="rolling").set_index(
                ["cohort", "period"]
            )
            for (cohort, period), cell in table.iterrows():
                n = customers = 0
                for _, dates in orders.groupby("customer_id")["ordered_at"]:
                    first = dates.min()
                    whole = int(((end - first).days + 1) // 30.4375)
                    if first.to_period("M") != cohort.to_period("M") or whole <= period:
                        continue
                    n += 1
                    windows = {int((date - first).days // 30.4375) for date in dates}
                    customers += any(w == period or (kind == "on_or_after" and w > period) for w in windows)
                assert (cell["n"], cell["customers"]) == (n, customers)

    def test_recent_cells_are_a_part_of_the_triangle(self):
        table = recent_cells(cohort_retention(BOUGHT, END), most=2)
        assert table["cohort"].dt.month.unique().tolist() == [1, 2]
        assert table["period"].tolist() == [1, 2, 1, 2]
        assert table["open"].tolist() == [False, False, False, True]

    def test_both_kinds_pooled(self):
        on, later = (pooled_retention(cohort_retention(BOUGHT, END, kind=kind)) for kind in ("on", "on_or_after"))
        assert on["period"].tolist() == later["period"].tolist() == [0, 1, 2]
        assert on["share"].tolist() == [1, 0.25, 0.5] and later["share"].tolist() == [1, 0.75, 0.5]

    def test_unknown_settings_are_refused(self):
        with pytest.raises(ValueError, match="unit is one of month, quarter, year"):
            cohort_retention(BOUGHT, END, unit="fortnight")

    def test_pooled_curve_weighs_cohorts_by_size_and_leaves_immature_cells_out(self):
        pooled = pooled_retention(cohort_retention(BOUGHT, END))
        assert pooled[["period", "cohorts", "n", "customers"]].to_numpy().tolist() == [
            [0, 2, 4, 4],
            [1, 2, 4, 1],
            [2, 1, 2, 1],
        ]
        assert (pooled["share_low"][0], pooled["share_high"][0]) == (1, 1)


class TestSurvival:
    def test_kaplan_meier_by_hand(self):
        # 6 at risk: one event at 1 → 5/6; one of 5 at 2 → 4/6; one censored at 2; one of 3 at 3 → 4/9; at 5 the last
        curve = kaplan_meier([1, 2, 2, 3, 4, 5], [1, 1, 0, 1, 0, 1], level=0.95)
        np.testing.assert_allclose(curve.survival, [5 / 6, 4 / 6, 4 / 9, 0], atol=1e-12)
        assert curve.times.tolist() == [1, 2, 3, 5] and curve.at_risk.tolist() == [6, 5, 3, 1]
        # Greenwood at 2: S² (1/(6·5) + 1/(5·4)); limits S^exp(± z σ / (S ln S)), Kalbfleisch & Prentice (1980), 1.4
        survival = 4 / 6
        sigma = survival * np.sqrt(1 / 30 + 1 / 20)
        reach = 1.959964 * sigma / (survival * np.log(survival))
        assert curve.low[1] == pytest.approx(survival ** np.exp(-reach), rel=1e-6)
        assert curve.high[1] == pytest.approx(survival ** np.exp(reach), rel=1e-6)
        assert curve.quantile().value == 3

    def test_quantiles_agree_with_statsmodels(self):
        from statsmodels.duration.survfunc import SurvfuncRight

        rng = np.random.default_rng(1)
        durations, ends = rng.exponential(30, 400).round() + 1, rng.uniform(10, 90, 400).round()
        events, observed = durations <= ends, np.minimum(durations, ends)
        fit, median = SurvfuncRight(observed, events.astype(float)), kaplan_meier(observed, events).quantile()
        assert median.value == fit.quantile(0.5)
        assert (median.low, median.high) == fit.quantile_ci(0.5, alpha=0.1)

    def test_without_censoring_it_is_the_plain_share(self):
        durations = np.arange(1, 21)
        curve = kaplan_meier(durations, np.ones(20))
        assert [curve.share_by(t).value for t in (1, 10, 20)] == pytest.approx([0.05, 0.5, 1.0])
        assert curve.share_by(0.5).value == 0

    def test_nothing_is_said_beyond_the_horizon(self):
        curve = kaplan_meier([5, 10, 20], [1, 0, 0])
        assert curve.share_by(20).value == pytest.approx(1 / 3)
        assert np.isnan(curve.share_by(21).value)
        assert np.isnan(curve.quantile().value)
        nobody = kaplan_meier([5.0, 8.0], [0, 0])
        assert nobody.share_by(8).value == 0 and np.isnan(nobody.share_by(9).value) and nobody.n == 2
        assert np.isnan(kaplan_meier([], []).share_by(1).value)

    def test_after_it_has_happened_to_all_more_is_known(self):
        curve = kaplan_meier([5, 10, 7], [1, 1, 0])
        assert curve.share_by(400).value == 1 and curve.share_by(400).low == curve.share_by(10).low < 1
        assert restricted_mean(curve, 400).value == pytest.approx(5 + 5 * 2 / 3)
        assert restricted_mean(curve, 400).value == restricted_mean(curve, 10).value

    def test_missing_and_negative_durations_are_refused(self):
        for bad in (-1.0, np.nan):
            with pytest.raises(ValueError, match="durations"):
                kaplan_meier([1.0, bad], [1, 1])

    def test_the_last_to_be_watched_does_not_undo_what_was_known_of_all_before(self):
        """Of 400 all but one came within a day, and that one later: no more than 1.7 % had not come by then."""
        curve = kaplan_meier(np.r_[np.ones(399), 9.0], np.ones(400), 0.9)
        before, at_the_end = curve.share_by(5), curve.share_by(9)
        assert at_the_end.value == 1 and at_the_end.low == before.low > 0.983
        assert kaplan_meier([1.0, 1.0], [1, 1], 0.9).share_by(1).low == pytest.approx(1 - wilson(0, 2, 0.9)[1])

    def test_frame_starts_at_zero(self):
        frame = kaplan_meier([1, 2, 3], [1, 0, 1]).frame()
        assert frame["time"].tolist() == [0, 1, 3]
        assert frame["share"].tolist() == pytest.approx([0, 1 / 3, 1])
        assert frame["at_risk"].tolist() == [3, 3, 1]

    def test_cohort_curves_take_cohorts_together_until_few_are_left(self):
        rng = np.random.default_rng(4)
        times = simulated_times((0.3,) * 12, 50, rng)
        assert cohort_curves(times, most=4)["grain"].unique().tolist() == ["quarter"]
        assert cohort_curves(times, most=12)["cohort"].nunique() == 12
        assert cohort_curves(times, most=1)["grain"].unique().tolist() == ["year"]
        quarters = cohort_curves(times)
        assert quarters.groupby("cohort")["n"].first().tolist() == [150] * 4
        first = kaplan_meier(*times.loc[times["cohort"] < "2025-04-01", ["days", "returned"]].to_numpy().T)
        assert quarters.loc[quarters["cohort"] == "2025-01-01", "share"].max() == pytest.approx(
            first.share_by(199).value
        )

    def test_log_rank_on_freireichs_leukaemia_trial(self):
        # Freireich et al. (1963), Blood 21, as in Cox & Oakes (1984), p. 7: remission in weeks; χ² 16.79, p = 4e-5
        treated = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
        seen = [1] * 9 + [0] * 12
        control = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
        statistic, p = log_rank(treated + control, seen + [1] * 21, ["6-MP"] * 21 + ["placebo"] * 21)
        assert statistic == pytest.approx(16.79, abs=0.005)
        assert p == pytest.approx(4.17e-5, rel=0.01)
        curve = kaplan_meier(treated, seen)
        assert curve.survival.round(4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
        assert curve.quantile().value == 23
        assert kaplan_meier(control, [1] * 21).quantile().value == 8

    def test_log_rank_without_two_groups_or_events_says_nothing(self):
        assert np.isnan(log_rank([1, 2], [1, 1], ["a", "a"])).all()
        assert np.isnan(log_rank([1, 2], [0, 0], ["a", "b"])).all()

    def test_time_to_second_order_by_hand(self):
        times = time_to_second_order(BOUGHT, END)
        assert times["customer_id"].tolist() == list("abcde")
        assert times["days"].tolist() == [15, 1, 58, 41, 9]
        assert times["returned"].tolist() == [True, True, True, False, False]
        assert times["cohort"].dt.month.tolist() == [1, 1, 2, 2, 4]

    def test_triangle_and_curve_count_the_same_customers(self):
        times = time_to_second_order(BOUGHT, END)
        ever = BOUGHT.frame().groupby("customer_id")["occasion"].max().gt(0).sum()
        assert times["returned"].sum() == ever


def simulated_times(shares, size, rng) -> pd.DataFrame:
    """Cohorts whose customers come back within 100 days with the given shares, all observed for 200 days."""
    parts = []
    for month, share in enumerate(shares, start=1):
        returned = rng.random(size) < share
        days = np.where(returned, rng.integers(1, 100, size), 200)
        parts.append(
            pd.DataFrame({"cohort": pd.Timestamp(2025, month, 1), "days": days.astype(float), "returned": returned})
        )
    return pd.concat(parts, ignore_index=True).assign(age_days=200.0)


class TestCohortsCompared:
    @pytest.mark.parametrize(
        ("shares", "verdict"),
        [
            ((0.3, 0.36, 0.42), CohortsVerdict.BETTER),
            ((0.42, 0.36, 0.3), CohortsVerdict.WORSE),
            ((0.3, 0.45, 0.3), CohortsVerdict.MIXED),
            ((0.3, 0.3, 0.3), CohortsVerdict.ALIKE),
        ],
    )
    def test_simulated_cohorts_are_told_apart(self, shares, verdict):
        comparison = compare_cohorts(simulated_times(shares, 2000, np.random.default_rng(8)), 120)
        assert cohorts_verdict(comparison) is verdict
        assert comparison["share"].tolist() == pytest.approx(list(shares), abs=0.03)
        assert comparison["change"].isna().tolist() == [True, False, False]

    def test_neighbours_that_differ_are_marked_with_direction(self):
        comparison = compare_cohorts(simulated_times((0.3, 0.45, 0.3), 2000, np.random.default_rng(8)), 120)
        assert comparison["change"].iloc[1:].tolist() == [Change.UP, Change.DOWN]
        assert (comparison["p_adjusted"].iloc[1:] >= comparison["p_value"].iloc[1:]).all()

    def test_equal_cohorts_are_rarely_called_different(self):
        rng = np.random.default_rng(21)
        verdicts = [cohorts_verdict(compare_cohorts(simulated_times((0.3,) * 4, 150, rng), 120)) for _ in range(60)]
        # two tests at 10 %, line and scatter: at most 19 % are expected
        assert sum(verdict is not CohortsVerdict.ALIKE for verdict in verdicts) <= 0.3 * len(verdicts)

    def test_older_and_newer_half(self):
        times = simulated_times((0.3, 0.3, 0.9, 0.5, 0.5), 400, np.random.default_rng(2))
        halves = older_and_newer(times, compare_cohorts(times, 120), 120)
        assert halves["older"].value == pytest.approx(0.3, abs=0.03) and halves["older"].n == 800
        assert halves["newer"].value == pytest.approx(0.5, abs=0.03)
        assert older_and_newer(times, compare_cohorts(times, 120).head(1), 120) == {}

    def test_young_and_small_cohorts_are_not_compared(self):
        times = simulated_times((0.3, 0.4), 100, np.random.default_rng(1))
        young = times.assign(days=times["days"].clip(upper=50), returned=times["returned"] & times["days"].le(50))
        assert compare_cohorts(young, 120).empty
        assert cohorts_verdict(compare_cohorts(young, 120)) is CohortsVerdict.TOO_FEW

        assert len(compare_cohorts(times, 120, min_customers=101)) == 0

    def test_the_log_rank_test_decides_whether_curves_differ_at_all(self):
        shares = pd.DataFrame(
            {"share": [0.30, 0.42, 0.29], "share_low": [0.27, 0.39, 0.26], "share_high": [0.33, 0.45, 0.32]}
        )
        assert cohorts_verdict(shares) is cohorts_verdict(shares, chance=0.001) is CohortsVerdict.MIXED
        assert cohorts_verdict(shares, chance=0.3) is CohortsVerdict.ALIKE


VALUE = pd.DataFrame(
    {
        "customer_id": list("abcdef"),
        "last_ordered_at": pd.to_datetime(["2026-01-01"] * 6),
        "frequency": [0, 0, 3, 5, 2, 1],
        "p_alive": [1.0, 1.0, 0.2, 0.9, 0.5, 1.0],
        "p_active": [0.05, 0.2, 0.1, 0.8, 0.4, 1.0],
        "clv": [1.0, 2.0, 10.0, 90.0, 20.0, 5.0],
        "value_if_alive": [1.0, 2.0, 50.0, 100.0, 40.0, 5.0],
        "value_at_risk": [0.0, 0.0, 40.0, 10.0, 20.0, 0.0],
        "customer_state": "slipping",
    }
)


SURE = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)


class TestRisk:
    def test_bands_by_hand(self):
        table = active_bands(VALUE)
        assert table["customers"].tolist() == [2, 2, 0, 2]
        assert table["one_time_untold"].tolist() == [1, 1, 0, 0]
        assert table["value_at_risk"].tolist() == [40, 20, 0, 10]
        assert table["expected_active"].tolist() == pytest.approx([0.15, 0.6, 0, 1.8])
        reach = 1.6448536 * np.sqrt(0.2 * 0.8 + 0.4 * 0.6)
        assert table["expected_active_high"][1] == pytest.approx(0.6 + reach, rel=1e-6)
        assert table["expected_active_low"][1] == 0

    def test_bands_add_up(self):
        table = active_bands(VALUE, (0, 0.3, 1))
        assert table["customers"].sum() == len(VALUE)
        assert table["customers_share"].sum() == pytest.approx(1)
        assert table["clv"].sum() == pytest.approx(VALUE["clv"].sum())
        assert table["expected_active"].sum() == pytest.approx(VALUE["p_active"].sum())

    def test_edges_must_ascend_from_zero_to_one(self):
        for edges in ((0, 1.1), (0.1, 1), (0, 0.5, 0.5, 1), (0,)):
            with pytest.raises(ValueError, match="ascend"):
                active_bands(VALUE, edges)

    def test_one_time_buyers_with_certain_life_cannot_be_told(self):
        assert can_tell_alive(VALUE).tolist() == [False, False, True, True, True, True]

    def test_list_is_by_money_at_risk_and_leaves_out_who_has_none(self):
        ranked = at_risk(VALUE, n=2)
        assert ranked["customer_id"].tolist() == ["c", "e"] and ranked["rank"].tolist() == [1, 2]
        assert at_risk(VALUE)["customer_id"].tolist() == ["c", "e", "d"]
        tied = VALUE.assign(value_at_risk=7.0)
        assert at_risk(tied)["customer_id"].tolist() == ["c", "d", "e", "f"]

    def test_those_who_are_almost_surely_gone_can_be_left_out(self):
        assert at_risk(VALUE, min_alive=0.3)["customer_id"].tolist() == ["e", "d"]

    def test_money_that_a_call_can_reach_and_money_that_is_gone_add_up(self):
        risk = money_at_risk(VALUE, at_risk(VALUE, n=1, min_alive=0.3), min_alive=0.3, certainty=SURE)
        assert (risk.reachable.value, risk.gone.value, risk.early.value) == (30, 40, 0)
        assert risk.reachable.value + risk.gone.value == risk_total(VALUE, SURE).value
        assert (risk.listed, risk.listed_share, risk.untold) == (20, pytest.approx(2 / 3), 2)

    def test_total(self):
        total = risk_total(VALUE, SURE)
        assert (total.value, total.n) == (70, 3)
        assert total.high == pytest.approx(70 * (1 + 1.6448536 * 0.12), rel=1e-6)


USUAL = Rhythm(r=1.0, alpha=5.0)


class TestStates:
    def test_silence_probability_is_the_gamma_mixture(self):
        rng = np.random.default_rng(5)
        r, alpha, x, t_x, T = 0.8, 5.0, 3, 20.0, 32.0
        rates = rng.gamma(r + x, 1 / (alpha + t_x), 400_000)
        simulated = np.exp(-rates * (T - t_x)).mean()
        assert silence_probability(x, t_x, T, Rhythm(r, alpha)) == pytest.approx(simulated, rel=2e-3)

    def test_bg_nbd_p_alive_follows_from_it(self):
        # Fader, Hardie & Lee (2005): 1 / (1 + a / (b + x − 1) / P(silence)); customer 1 of CDNOW
        silence = silence_probability(2, 30.43, 38.86, Rhythm(0.243, 4.414))
        assert 1 / (1 + 0.793 / (2.426 + 2 - 1) / silence) == pytest.approx(0.726578570080673, rel=1e-12)

    def test_first_gaps_of_those_who_came_back(self):
        gaps = np.arange(1.0, 100.0)
        assert first_gap_probability([0.0, 50.0, 99.0, 500.0], gaps).tolist() == [1.0, 0.5, 0.01, 0.01]
        assert np.isnan(first_gap_probability([1.0], [1.0, 2.0])).all()

    def test_states_of_clear_cases(self):
        weekly = [("w", f"2025-{m:02d}-{d:02d}") for m in range(1, 13) for d in (1, 8, 15, 22)]
        rows = [
            *[(f"keen{c}", date) for c, date in weekly],
            *[("quiet", date) for _, date in weekly[:24]],  # weekly until 22 June
            *[("back", date) for _, date in weekly[:16]],  # weekly until April, then once more in December
            ("back", "2025-12-20"),
            ("fresh", "2025-12-10"),
        ]
        states = customer_states(Purchases.of(orders_of(*rows)), "2025-12-31", USUAL)
        found = states.set_index("customer_id")["customer_state"].to_dict()
        assert found == {
            "keenw": CustomerState.ACTIVE,
            "quiet": CustomerState.LOST,
            "back": CustomerState.REACTIVATED,
            "fresh": CustomerState.NEW,
        }

    def test_the_same_silence_is_short_for_one_and_long_for_another(self):
        dates = pd.date_range("2025-01-01", "2025-10-01", freq="D")
        rows = [("often", d) for d in dates[::7]] + [("seldom", d) for d in dates[::90]]
        states = customer_states(Purchases.of(orders_of(*rows)), "2025-12-01", USUAL).set_index("customer_id")
        assert states.loc["often", "silence_days"] < states.loc["seldom", "silence_days"] + 10
        assert states.loc["often", "customer_state"] in (CustomerState.DORMANT, CustomerState.LOST)
        assert states.loc["seldom", "customer_state"] == CustomerState.ACTIVE
        assert states.loc["often", "usual_days"] == 7

    def test_living_customers_are_flagged_as_seldom_as_the_thresholds_say(self):
        rng = np.random.default_rng(13)
        r, alpha, n, length = 2.0, 4.0, 3000, 60.0
        rates = rng.gamma(r, 1 / alpha, n)
        counts = rng.poisson(rates * length)
        rows = [
            (f"c{i:04d}", pd.Timestamp("2025-01-01") + pd.Timedelta(days=float(d)))
            for i in range(n)
            for d in np.concatenate([[0.0], rng.uniform(0, length * 7, counts[i])])
        ]
        purchases = Purchases.of(orders_of(*rows))
        end = pd.Timestamp("2025-01-01") + pd.Timedelta(days=length * 7)
        states = customer_states(purchases, end, Rhythm(r, alpha, thresholds=Thresholds(reactivated_days=0)))
        repeat = states[states["usual_days"].notna()]["customer_state"]
        slipping_or_worse = repeat.isin(["slipping", "dormant", "lost"]).mean()
        assert 0.15 < slipping_or_worse < 0.22
        assert repeat.isin(["dormant", "lost"]).mean() < 0.06

    def test_the_future_is_not_looked_at(self):
        past = customer_states(BOUGHT, "2026-03-31", USUAL)
        cut = customer_states(Purchases.of(ORDERS[ORDERS["ordered_at"] < "2026-04-01"]), "2026-03-31", USUAL)
        pd.testing.assert_frame_equal(past, cut)


def test_cohorts_from_before_the_log_are_not_compared():
    """Of a shop in which nothing changes: whom the first months show came long ago, and comes back more often."""
    times = simulated_times((0.6, 0.3, 0.3, 0.3), 2000, np.random.default_rng(8))
    since = sorted(times["cohort"].unique())[1]
    assert cohorts_verdict(compare_cohorts(times, 120)) is CohortsVerdict.MIXED
    assert cohorts_verdict(compare_cohorts(of_newcomers(times, since), 120)) is CohortsVerdict.ALIKE
