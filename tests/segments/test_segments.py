from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoFitter
from regulars.finding import Refusal
from regulars.labels import Cluster, Segment, Tier
from regulars.purchases import Purchases
from regulars.segments import (
    assign_tiers,
    cluster_features,
    cross_table,
    find_clusters,
    group_summary,
    leading_group,
    name_segments,
    rfm_scores,
    share_of,
    tier_thresholds,
    world_of,
)
from regulars.segments.groups import largest_group
from regulars.segments.rfm import RULES
from regulars.settings import Certainty
from regulars.simulate import order_log

SCORE_PAIRS = [(r, fm) for r in range(1, 6) for fm in range(1, 6)]


def customers_of(**columns) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    return frame.assign(last_ordered_at=pd.to_datetime(frame["last_ordered_at"]))


class TestScores:
    def test_hand_worked_table(self):
        customers = customers_of(
            last_ordered_at=[f"2026-01-{day:02d}" for day in range(1, 11)],
            frequency=[0, 0, 0, 0, 0, 0, 1, 1, 2, 9],
            spend=[5.0, 5, 5, 10, 10, 20, 20, 30, 40, 100],
        )
        scores = rfm_scores(customers)
        assert scores["r_score"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        assert scores["f_score"].tolist() == [1] * 6 + [4, 4, 5, 5]
        assert scores["m_score"].tolist() == [1, 1, 1, 2, 2, 3, 3, 4, 5, 5]
        assert scores["fm_score"].tolist() == [1, 1, 1, 2, 2, 2, 4, 4, 5, 5]

    def test_equal_customers_score_alike_in_any_order(self):
        rng = np.random.default_rng(3)
        customers = customers_of(
            last_ordered_at=pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 20, 500), unit="D"),
            frequency=rng.poisson(1, 500),
            spend=rng.choice([10.0, 20.0, 50.0], 500),
        )
        scores = rfm_scores(customers)
        shuffled = rfm_scores(customers.sample(frac=1, random_state=1)).sort_index()
        pd.testing.assert_frame_equal(scores, shuffled)
        for column, score in (("last_ordered_at", "r_score"), ("frequency", "f_score"), ("spend", "m_score")):
            assert (scores[score].groupby(customers[column]).nunique() == 1).all()
            assert scores.sort_values(score)[score].is_monotonic_increasing

    def test_a_score_says_how_many_fifths_have_less(self):
        customers = customers_of(last_ordered_at=["2026-01-01"] * 7, frequency=[0] * 4 + [1, 2, 3], spend=[1.0] * 7)
        scores = rfm_scores(customers)
        below = customers["frequency"].rank(method="min") - 1
        for n_below, score in zip(below, scores["f_score"], strict=True):
            assert (score - 1) / 5 <= n_below / 7 < score / 5
        assert (scores[["r_score", "m_score"]] == 1).all(axis=None)

    def test_one_customer_and_none(self):
        one = customers_of(last_ordered_at=["2026-01-01"], frequency=[3], spend=[9.0])
        assert rfm_scores(one).iloc[0].tolist() == [1, 1, 1, 1]
        assert rfm_scores(one.iloc[:0]).empty


class TestSegments:
    def test_rules_cover_every_pair_of_scores_once(self):
        def matches(r, fm):
            return [
                rule.segment
                for rule in RULES
                if rule.recency[0] <= r <= rule.recency[1] and rule.frequency_money[0] <= fm <= rule.frequency_money[1]
            ]

        assert {pair: len(matches(*pair)) for pair in SCORE_PAIRS} == dict.fromkeys(SCORE_PAIRS, 1)
        named = name_segments(pd.DataFrame(SCORE_PAIRS, columns=["r_score", "fm_score"]))
        assert named.tolist() == [matches(*pair)[0].value for pair in SCORE_PAIRS]

    def test_every_segment_has_a_rule(self):
        assert {rule.segment for rule in RULES} == set(Segment)

    def test_all_125_combinations_of_single_scores_are_named(self):
        f, m, r = (axis.ravel() for axis in np.meshgrid(*[np.arange(1, 6)] * 3))
        named = name_segments(pd.DataFrame({"r_score": r, "fm_score": (f + m + 1) // 2}))
        assert named.isin([segment.value for segment in Segment]).all() and len(named) == 125

    def test_scores_outside_one_to_five_are_refused(self):
        with pytest.raises(ValueError, match="row 1"):
            name_segments(pd.DataFrame({"r_score": [1, 6], "fm_score": [1, 1]}))


class TestTiers:
    def test_published_pyramid_of_2125_customers(self):
        # 21 above 58,900, 85 down to 19,000, 319 down to 4,820: 1, 4 and 15 % of 2,125
        values = pd.Series(
            np.concatenate(
                [
                    np.linspace(58_900, 400_000, 21),
                    np.linspace(19_000, 58_000, 85),
                    np.linspace(4_820, 18_900, 319),
                    np.linspace(1, 4_800, 1_700),
                ]
            )
        ).sample(frac=1, random_state=5)
        table = tier_thresholds(values, assign_tiers(values))
        assert table["tier"].tolist() == [tier.value for tier in Tier]
        assert table["customers"].tolist() == [21, 85, 319, 1700]
        assert table["threshold"].tolist() == [58_900, 19_000, 4_820, 1]
        assert table["value_share"].sum() == pytest.approx(1)
        assert table["value"].sum() == pytest.approx(values.sum())

    @pytest.mark.parametrize("n", [1, 2, 7, 99, 100, 101, 350])
    def test_counts_are_the_cumulated_shares_rounded(self, n):
        counts = assign_tiers(pd.Series(np.arange(n, dtype=float))).value_counts().reindex(list(Tier), fill_value=0)
        ends = [int(share * n + 0.5 + 1e-9) for share in (0.01, 0.05, 0.20, 1.0)]
        assert counts.cumsum().tolist() == ends

    def test_ties_go_by_the_tie_breaker_then_by_index(self):
        values = pd.Series(1.0, index=list("edcba"))
        assert assign_tiers(values).eq("medium").to_dict() == {
            "e": False,
            "d": False,
            "c": False,
            "b": False,
            "a": True,
        }
        spend = pd.Series([9.0, 1, 1, 1, 1], index=values.index)
        assert assign_tiers(values, tie_breaker=spend)["e"] == "medium"

    def test_missing_values_and_wrong_shares_are_refused(self):
        with pytest.raises(ValueError, match="row b"):
            assign_tiers(pd.Series([1.0, np.nan], index=["a", "b"]))
        with pytest.raises(ValueError, match="sum to 1"):
            assign_tiers(pd.Series([1.0]), shares=(0.1, 0.2, 0.3, 0.3))


def simulated_groups(centres, rng, size=500, spread=0.25) -> pd.DataFrame:
    logs = np.vstack([rng.normal(centre, spread, (size, 3)) for centre in centres])
    return pd.DataFrame(np.expm1(logs.clip(min=0.1)), columns=["days_since_order", "orders", "spend_per_order"])


class TestClusters:
    @pytest.mark.parametrize(
        "centres",
        [
            [(3, 2.8, 5.5), (6, 0.9, 2.5)],
            [(3, 2.8, 5.5), (6, 0.9, 3), (3, 0.9, 5.5)],
            [(3, 2.5, 5.5), (6, 0.9, 3), (3, 0.9, 5.5), (6, 2.5, 3)],
        ],
    )
    def test_as_many_groups_are_found_as_were_simulated(self, centres):
        features = simulated_groups(centres, np.random.default_rng(11))
        found = find_clusters(features, bootstraps=10, seed=2)
        assert found.n_clusters == len(centres)
        truth = np.repeat(np.arange(len(centres)), 500)
        purity = pd.crosstab(truth, found.labels.to_numpy(dtype=object)).max(axis=1).sum() / len(features)
        assert purity > 0.98
        assert found.profile["customers"].sum() == len(features)
        assert found.profile["cluster"].is_unique

    def test_names_follow_the_distinguishing_features(self):
        features = simulated_groups([(3, 2.8, 5.5), (6, 0.9, 2.5)], np.random.default_rng(11))
        labels = find_clusters(features, bootstraps=10, seed=2).labels
        assert labels.iloc[0] == Cluster.RECENT_FREQUENT_HIGH
        assert labels.iloc[-1] == Cluster.SILENT_RARE_LOW

    @pytest.mark.parametrize("correlation", [0.0, 0.7])
    def test_one_cloud_round_or_long_has_no_clusters(self, correlation):
        rng = np.random.default_rng(4)
        covariance = 0.3 * (np.eye(3) * (1 - correlation) + correlation)
        logs = rng.multivariate_normal([5, 3, 4], covariance, 2000).clip(min=0.1)
        features = pd.DataFrame(np.expm1(logs), columns=["days_since_order", "orders", "spend_per_order"])
        found = find_clusters(features, bootstraps=10, seed=2)
        assert found.n_clusters == 0
        assert found.labels.eq(Cluster.NONE.value).all()
        assert found.profile.empty and len(found.stability) == 10

    def test_a_base_whose_customers_differ_by_degrees_has_no_clusters(self):
        """Simulated: who has left is silent, who has not is recent, and k-means cuts between them; no groups."""
        claimed = 0
        for seed in range(6):
            purchases = Purchases.of(order_log(customers=1200, seed=700 + seed, start="2023-01-01", end="2025-12-31"))
            customers = purchases.summary("2025-12-31", "week")
            model = BetaGeoFitter().fit(customers["frequency"], customers["recency"], customers["T"])
            spend = SimpleNamespace(params_=pd.Series({"p": 6.0, "q": 4.0, "v": 15.0}))
            models = SimpleNamespace(untold="", time_unit="week", orders=model, spend=spend)
            features = cluster_features(customers, "2025-12-31")
            world = world_of(customers, models)
            claimed += find_clusters(features, clusters_max=3, bootstraps=6, seed=seed, world=world).n_clusters > 0
        assert claimed == 0

    def test_same_seed_same_clusters(self):
        features = simulated_groups([(3, 2.8, 5.5), (6, 0.9, 2.5)], np.random.default_rng(1), size=200)
        first, second = (find_clusters(features, clusters_max=3, bootstraps=5, seed=9) for _ in range(2))
        pd.testing.assert_series_equal(first.labels, second.labels)
        pd.testing.assert_frame_equal(first.stability, second.stability)

    def test_equal_customers_and_few_customers_have_no_clusters(self):
        equal = pd.DataFrame({"days_since_order": [3.0] * 200, "orders": 1.0, "spend_per_order": 5.0})
        assert find_clusters(equal).n_clusters == 0
        assert find_clusters(equal.iloc[:1]).n_clusters == 0


class TestSummary:
    def table(self):
        customers = pd.DataFrame(
            {
                "segment": ["loyal", "loyal", "lost", "new"],
                "spend": [60.0, 20.0, 15.0, 5.0],
                "clv": [30.0, 10.0, 0.0, 10.0],
                "clv_low": [20.0, 5.0, 0.0, 5.0],
                "clv_high": [40.0, 15.0, 0.0, 15.0],
                "value_at_risk": [3.0, 1.0, 2.0, 0.0],
            }
        )
        return customers, group_summary(
            customers, "segment", ["new", "loyal", "lost"], certainty=Certainty(0.9, 0.1, 0, 0)
        )

    def test_hand_worked(self):
        _, table = self.table()
        assert table["segment"].tolist() == ["new", "loyal", "lost"]
        assert table["customers"].tolist() == [1, 2, 1]
        assert table["spend"].tolist() == [5, 80, 15]
        assert table["clv"].tolist() == [10, 40, 0]
        assert table["clv_per_customer"].tolist() == [10, 20, 0]
        assert table["value_at_risk"].tolist() == [0, 4, 2]
        # z = 1.644854: own (10, 5 either side) and shared (10 % of 40) errors add in squares
        reach = np.sqrt(10**2 + 5**2 + (1.6448536 * 4) ** 2)
        assert table["clv_high"][1] == pytest.approx(40 * np.exp(reach / 40), rel=1e-6)
        assert table["clv_low"][1] == pytest.approx(40 / np.exp(reach / 40), rel=1e-6)

    def test_shares_sum_to_one_and_totals_agree(self):
        customers, table = self.table()
        for column in ("customers_share", "spend_share", "clv_share"):
            assert table[column].sum() == pytest.approx(1)
        assert table["spend"].sum() == customers["spend"].sum()
        assert table["customers"].sum() == len(customers)

    def test_intervals_of_shares_are_those_of_resampled_customers(self):
        rng = np.random.default_rng(6)
        values = pd.Series(rng.lognormal(3, 1, 800))
        mask = pd.Series(rng.random(800) < 0.2) | (values > 60)
        drawn = [rng.integers(0, 800, 800) for _ in range(2000)]
        shares = [values.iloc[rows][mask.iloc[rows]].sum() / values.iloc[rows].sum() for rows in drawn]
        result = share_of(values, mask)
        assert result.value == pytest.approx(values[mask].sum() / values.sum())
        np.testing.assert_allclose([result.low, result.high], np.quantile(shares, [0.05, 0.95]), atol=0.01)
        assert result.n == mask.sum()

    def test_share_of_nobody_and_of_nothing(self):
        assert share_of(pd.Series([1.0, 2.0]), pd.Series([False, False])).value == 0
        assert np.isnan(share_of(pd.Series([0.0, 0.0]), pd.Series([True, False])).value)

    def test_days_since_the_last_order(self):
        customers, _ = self.table()
        customers["last_ordered_at"] = pd.to_datetime(["2026-01-01", "2026-01-11", "2026-01-21", "2026-01-31"])
        table = group_summary(customers, "segment", observation_end="2026-01-31").set_index("segment")
        assert table["days_since_order"].to_dict() == {"loyal": 25, "lost": 10, "new": 0}

    def test_leading_and_largest_group(self):
        customers, table = self.table()
        customers.loc[2, "clv"] = 100.0
        leading = leading_group(group_summary(customers, "segment"), "segment")
        assert (leading.group, leading.customers, leading.worth.value) == ("lost", 1, 100)
        assert leading.future.value == pytest.approx(2 / 3) and leading.past.value == pytest.approx(0.15)
        assert largest_group(table, "segment").group == "loyal"
        none = leading_group(table.iloc[:0], "segment")
        assert isinstance(none, Refusal)
        assert "every segment has fewer customers than the smallest that may be shown" in none.why

    def test_small_groups_are_left_out(self):
        customers, _ = self.table()
        assert group_summary(customers, "segment", min_cell=2)["segment"].tolist() == ["loyal"]

    def test_cross_table_counts_every_customer_once(self):
        customers, _ = self.table()
        customers["tier"] = ["vip", "small", "small", "small"]
        table = cross_table(customers, "segment", "tier", row_order=["loyal", "new", "lost"], column_order=list(Tier))
        assert table.set_index("segment").loc["loyal"].to_dict() == {"vip": 1, "large": 0, "medium": 0, "small": 1}
        assert table.drop(columns="segment").to_numpy().sum() == len(customers)
