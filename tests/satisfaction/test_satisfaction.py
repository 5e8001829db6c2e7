import numpy as np
import pandas as pd
import pytest

from regulars.labels import Change, Outcome, SatisfactionState
from regulars.satisfaction import rate, survey_of, survey_waves
from regulars.satisfaction.cases.complaints import (
    complaint_rate,
    complaint_shares,
    outcome_shares,
    resolution_table,
    resolution_times,
    tell_complaints,
)
from regulars.satisfaction.cases.tickets import Cases, only_complaints
from regulars.satisfaction.survey import csat, customer_satisfaction, gaps, nps
from regulars.satisfaction.survey.answers import Answers, item_answers, sound_answers
from regulars.satisfaction.survey.gap import gap_states, respondent_gaps, shortfalls, state_shares
from regulars.satisfaction.survey.indices import by_group, groups_differ, mean, recommendation
from regulars.satisfaction.survey.waves import latest, wave_changes, waves_side_by_side
from regulars.settings import stage_settings
from regulars.statistics.intervals import wilson

SETTINGS = stage_settings("satisfaction")
ITEMS = pd.DataFrame(
    {
        "item": ["q1", "q2", "s1", "s2", "recommend"],
        "construct": ["quality", "quality", "satisfaction", "satisfaction", "recommendation"],
        "scale_min": [1.0, 1, 1, 1, 0],
        "scale_max": [10.0, 10, 10, 5, 10],
    }
)


def answers_of(*rows) -> pd.DataFrame:
    """Rows of (response, customer, date, item, score, kind)."""
    frame = pd.DataFrame(rows, columns=["response_id", "customer_id", "answered_at", "item", "score", "kind"])
    return frame.assign(answered_at=pd.to_datetime(frame["answered_at"]), score=frame["score"].astype(float))


ANSWERS = answers_of(
    ("r1", "a", "2026-01-10", "q1", 9, "expected"), ("r1", "a", "2026-01-10", "q1", 6, "perceived"),
    ("r1", "a", "2026-01-10", "q2", 8, "expected"), ("r1", "a", "2026-01-10", "q2", 8, "perceived"),
    ("r1", "a", "2026-01-10", "s1", 10, "perceived"), ("r1", "a", "2026-01-10", "s2", 3, "perceived"),
    ("r2", "b", "2026-02-10", "q1", 5, "expected"), ("r3", "b", "2026-03-10", "q1", 8, "perceived"),
    ("r4", None, "2026-02-01", "q1", 7, "expected"), ("r4", None, "2026-02-01", "q1", 7, "perceived"),
    ("r4", None, "2026-02-01", "s1", 1, "perceived"),
    ("r5", "a", "2026-05-10", "s1", 1, "perceived"),
    ("r6", "c", "2026-05-11", "q1", 8, "perceived"),
)  # fmt: skip


class TestAnswers:
    def test_unknown_item_score_outside_and_flat_scale_are_told_by_name(self):
        assert sound_answers(ANSWERS, ITEMS).left_out == []
        wrong = answers_of(
            ("r9", "a", "2026-01-01", "q7", 3, "perceived"), ("r8", "a", "2026-01-01", "s2", 6, "perceived")
        )
        kept, items, left_out = sound_answers(pd.concat([ANSWERS, wrong]), ITEMS)
        assert kept.equals(ANSWERS) and items.equals(ITEMS)
        unknown, outside = left_out
        assert (unknown.code, unknown.facts) == ("unknown_item", {"item": "q7", "response": "r9", "answers": 1})
        assert outside.code == "outside_scale"
        assert outside.facts == {"item": "s2", "response": "r8", "score": 6, "low": 1, "high": 5, "answers": 1}
        flat = ITEMS.assign(scale_max=ITEMS["scale_max"].mask(ITEMS["item"] == "q1", 1))
        kept, items, (remark,) = sound_answers(ANSWERS, flat)
        answered = int((ANSWERS["item"] == "q1").sum())
        assert (remark.code, remark.facts["item"], remark.facts["answers"]) == ("flat_scale", "q1", answered)
        assert "q1" not in set(kept["item"]) | set(items["item"])

    def test_one_answer_per_respondent_and_wave_the_latest(self):
        answers = answers_of(
            ("r1", "a", "2026-01-10", "s1", 2, "perceived"),
            ("r2", "a", "2026-02-10", "s1", 9, "perceived"),
            ("r3", "a", "2026-05-10", "s1", 5, "perceived"),
            ("r4", None, "2026-01-10", "s1", 4, "perceived"),
        )
        latest = item_answers(answers, "s1")
        assert latest[["respondent", "wave", "score"]].to_numpy().tolist() == [
            ["customer a", "2026-Q1", 9],
            ["response r4", "2026-Q1", 4],
            ["customer a", "2026-Q2", 5],
        ]
        assert item_answers(answers, "s9").empty

    def test_supplied_waves_are_kept(self):
        answers = ANSWERS.assign(wave="spring")
        assert item_answers(answers, "s1")["wave"].unique().tolist() == ["spring"]


class TestGap:
    def test_by_hand(self):
        table = gaps(ANSWERS)
        assert table[["respondent", "item", "gap"]].to_numpy().tolist() == [
            ["customer a", "q1", -3.0],
            ["customer a", "q2", 0.0],
            ["customer b", "q1", 3.0],  # expected and perceived in two responses of one wave
            ["response r4", "q1", 0.0],
        ]
        assert table["customer_id"].isna().tolist() == [False, False, False, True]

    def test_everybody_counts_once(self):
        table = respondent_gaps(gaps(ANSWERS))
        assert table[["respondent", "items", "gap"]].to_numpy().tolist() == [
            ["customer a", 2, -1.5],
            ["customer b", 1, 3.0],
            ["response r4", 1, 0.0],
        ]

    def test_states_have_a_tolerance_of_one_step_on_both_sides(self):
        states = gap_states(pd.Series([-9, -2, -1.1, -1, 0, 1, 1.1, 9, np.nan]))
        low, same, high = (state.value for state in SatisfactionState)
        assert states.iloc[:8].tolist() == [low, low, low, same, same, same, high, high]
        assert pd.isna(states.iloc[8])
        assert gap_states(pd.Series([-1.0, 0.0, 0.5]), tolerance_steps=0).tolist() == [low, same, high]
        assert gap_states(pd.Series([-0.4, 0.6]), step=0.5).tolist() == [same, high]

    def test_shortfall_and_gap_agree_on_the_states(self):
        # a shortfall is ideal − actual: beyond the tolerance it is what a gap is below it
        table = gaps(ANSWERS)
        shortfall = table["expected"] - table["perceived"]
        swapped = {"dissatisfied": "highly_satisfied", "highly_satisfied": "dissatisfied", "satisfied": "satisfied"}
        assert gap_states(table["gap"]).tolist() == gap_states(shortfall).map(swapped).tolist()

    def test_shares_sum_to_one_with_wilsons_intervals(self):
        states = gap_states(pd.Series([-3.0, -2, 0, 0, 0, 2, 3, 4, 0, 0]))
        shares = state_shares(states, min_answers=30)
        assert shares["customers"].tolist() == [2, 5, 3] and shares["n"].eq(10).all()
        assert shares["share"].sum() == pytest.approx(1)
        low, high = wilson(2, 10)
        assert (shares["share_low"][0], shares["share_high"][0]) == (pytest.approx(low), pytest.approx(high))
        assert not shares["enough"].any()

    def test_shares_by_group(self):
        states = pd.Series(["satisfied", "dissatisfied", "satisfied", None])
        table = state_shares(states, by=pd.Series(["x", "x", "y", "y"]))
        assert table.groupby("group")["share"].sum().tolist() == [1, 1]
        assert table.groupby("group")["n"].first().to_dict() == {"x": 2, "y": 1}


class TestIndices:
    def test_recommendation_score_with_its_adjusted_wald_interval(self):
        # 60 promoters, 20 passives, 20 detractors: 40, 95 % [23.38, 54.29]
        result = nps([9, 10] * 30 + [7, 8] * 10 + [0, 6] * 10, level=0.95)
        assert result.value == pytest.approx(40)
        assert (result.low, result.high) == (pytest.approx(23.38, abs=0.005), pytest.approx(54.29, abs=0.005))
        assert result.n == 100

    def test_recommendation_score_at_the_ends(self):
        assert nps([10] * 20).value == 100 and nps([10] * 20).high <= 100
        assert nps([0] * 20).value == -100 and nps([0] * 20).low >= -100
        assert np.isnan(nps([]).value) and nps([None, 9.0]).n == 1
        with pytest.raises(ValueError, match="0 to 10"):
            recommendation(pd.Series([11]))

    def test_recommendation_intervals_cover(self):
        rng = np.random.default_rng(3)
        p, truth = [0.15, 0.35, 0.5], 35.0
        draws = rng.choice([3.0, 8.0, 10.0], p=p, size=(1000, 150))
        covered = [result.low <= truth <= result.high for result in (nps(row) for row in draws)]
        assert 0.87 <= np.mean(covered) <= 0.93

    def test_top_two_share(self):
        result = csat([10, 9, 9, 8, 5, 1], scale_max=10)
        assert (result.value, result.n) == (0.5, 6)
        assert (result.low, result.high) == pytest.approx(wilson(3, 6))
        assert csat([5, 4, 3], scale_max=5, boxes=1).value == pytest.approx(1 / 3)

    def test_mean_of_one_and_of_none(self):
        assert mean(pd.Series([5.0])).value == 5 and np.isnan(mean(pd.Series([5.0])).low)
        assert np.isnan(mean(pd.Series([], dtype=float)).value)

    def test_by_group_marks_too_few_answers(self):
        table = by_group(
            pd.Series([10.0, 9, 0, 10]), pd.Series(["x", "x", "x", "y"]), nps, min_answers=2, order=["y", "z", "x"]
        )
        assert table["group"].tolist() == ["y", "x"]
        assert table["enough"].tolist() == [False, True]
        assert table["value"].tolist() == pytest.approx([100, 100 / 3])
        assert by_group(pd.Series([], dtype=float), pd.Series([], dtype=str), rate).empty

    def test_groups_of_one_population_seldom_differ_and_real_differences_show(self):
        rng = np.random.default_rng(5)
        groups = pd.Series(np.repeat(list("abcd"), 100))
        alike = [groups_differ(by_group(pd.Series(rng.normal(70, 15, 400)), groups, mean)) for _ in range(300)]
        assert 0.05 <= np.mean([verdict == "differ" for verdict in alike]) <= 0.15
        shifted = pd.Series(rng.normal(70, 15, 400)) + 8 * (groups == "d")
        assert groups_differ(by_group(shifted, groups, mean)) == "differ"
        assert groups_differ(by_group(shifted, groups, mean, min_answers=101)) == "few"

    def test_customer_satisfaction_rescales_each_item_on_its_own_scale(self):
        table = customer_satisfaction(ANSWERS, ITEMS, latest=False)
        assert table[["respondent", "wave", "items", "satisfaction"]].to_numpy().tolist() == [
            ["customer a", "2026-Q1", 2, 75.0],  # 10 of 1–10 is 100, 3 of 1–5 is 50
            ["customer a", "2026-Q2", 1, 0.0],
            ["response r4", "2026-Q1", 1, 0.0],
        ]
        assert customer_satisfaction(ANSWERS, ITEMS)["satisfaction"].tolist() == [0.0, 0.0]

    def test_all_lowest_is_zero_all_highest_is_a_hundred(self):
        for ends, expected in (("scale_min", 0), ("scale_max", 100)):
            scores = ITEMS.set_index("item")[ends]
            answers = answers_of(*[("r", "a", "2026-01-01", item, scores[item], "perceived") for item in ("s1", "s2")])
            assert customer_satisfaction(answers, ITEMS)["satisfaction"].tolist() == [expected]


class TestWaves:
    def waves(self, *values, n=400, enough=True):
        half = 0.04
        return pd.DataFrame(
            {
                "group": [f"w{i}" for i in range(len(values))], "n": n, "value": values,
                "low": [v - half for v in values], "high": [v + half for v in values], "enough": enough,
            }
        )  # fmt: skip

    def test_changes_by_hand(self):
        table = wave_changes(self.waves(0.5, 0.6, 0.58, 0.4))
        assert table["change"].iloc[1:].tolist() == [Change.UP, Change.UNCLEAR, Change.DOWN]
        assert pd.isna(table["change"].iloc[0])
        assert table["difference_high"].iloc[1] == pytest.approx(0.1 + np.hypot(0.04, 0.04))

    def test_nothing_is_said_of_one_wave_or_of_few_answers(self):
        assert wave_changes(self.waves(0.5))["change"].isna().tolist() == [True]
        assert wave_changes(self.waves(0.5, 0.9, enough=[False, True]))["change"].isna().tolist() == [True, True]

    def test_waves_of_one_population_rarely_seem_to_change(self):
        rng = np.random.default_rng(17)
        scores = rng.choice([3.0, 8.0, 10.0], p=[0.2, 0.4, 0.4], size=(250, 2, 150))
        groups = pd.Series(np.repeat(["w1", "w2"], 150))
        found = [wave_changes(by_group(pd.Series(pair.ravel()), groups, nps))["change"].iloc[1] for pair in scores]
        assert np.mean([verdict != Change.UNCLEAR for verdict in found]) <= 0.12


def simulated_survey(mean_score, wave, n, rng, start=0) -> pd.DataFrame:
    """Answers of n customers: quality expected at 8, perceived and satisfied around the mean; recommend from it."""
    perceived = rng.normal(mean_score, 1.5, n).round().clip(1, 10)
    columns = {
        ("quality1", "expected"): np.full(n, 8.0), ("quality1", "perceived"): perceived,
        ("satisfaction1", "perceived"): perceived, ("recommendation", "perceived"): perceived,
        ("overall", "perceived"): (perceived / 2).round().clip(1, 5),
    }  # fmt: skip
    parts = [
        pd.DataFrame(
            {"customer_id": [f"c{i}" for i in range(start, start + n)], "item": item, "kind": kind, "score": s}
        )
        for (item, kind), s in columns.items()
    ]
    answers = pd.concat(parts, ignore_index=True)
    return answers.assign(wave=wave, response_id=wave + answers["customer_id"], answered_at=pd.Timestamp("2026-01-01"))


SURVEY_ITEMS = pd.DataFrame(
    {
        "item": ["quality1", "satisfaction1", "recommendation", "overall"],
        "construct": ["quality", "satisfaction", "recommendation", "overall"],
        "scale_min": [1.0, 1, 0, 1],
        "scale_max": [10.0, 10, 10, 5],
        "wording": ["Well made.", "Satisfied.", "Recommend?", "Overall?"],
    }
)


class TestSurvey:
    def test_a_fall_is_found_in_every_measure_and_its_item_named(self):
        rng = np.random.default_rng(12)
        surveys = pd.concat([simulated_survey(7.5, "2025", 300, rng), simulated_survey(6.0, "2026", 300, rng)])
        waves = survey_waves(survey_of(Answers(surveys, SURVEY_ITEMS, [])), SETTINGS)
        for name, change in (("satisfaction", "down"), ("nps", "down"), ("csat", "down"), ("dissatisfied", "up")):
            assert latest(waves, name).change == change
        now = latest(waves, "satisfaction").now
        assert now.n == 300 and now.value == pytest.approx(100 * (6.0 - 1) / 9, abs=2)
        by_hand = surveys.query("wave == '2026' and item == 'recommendation'")["score"]
        assert latest(waves, "nps").now.value == pytest.approx(nps(by_hand).value)
        table = waves_side_by_side(waves)
        assert table["wave"].tolist() == ["2026", "2025"] and table["n"].tolist() == [300, 300]
        assert table["csat"].tolist() == [latest(waves, "csat").now.value, latest(waves, "csat").before.value]

    def test_a_measure_whose_item_is_absent_is_left_out(self):
        surveys = simulated_survey(7.5, "2025", 50, np.random.default_rng(1))
        asked = surveys[surveys["item"] != "recommendation"]
        waves = survey_waves(survey_of(Answers(asked, SURVEY_ITEMS, [])), SETTINGS)
        assert set(waves["measure"]) == {"satisfaction", "dissatisfied", "csat"}
        assert np.isnan(latest(waves, "nps").now.value) and latest(waves, "nps").change == Change.UNKNOWN
        assert latest(waves, "csat").change == Change.UNKNOWN and np.isnan(latest(waves, "csat").before.value)

    def test_items_in_the_order_of_their_shortfall(self):
        table = gaps(ANSWERS)
        table["state"] = gap_states(table["gap"])
        items = ITEMS.assign(wording=ITEMS["item"].str.upper())
        short = shortfalls(table, items)
        assert short["item"].unique().tolist() == ["q1", "q2"] and short["wording"].iloc[0] == "Q1"
        assert short.groupby("item")["share"].sum().tolist() == pytest.approx([1, 1])
        assert short["customers"].iloc[:3].tolist() == [1, 1, 1] and short["gap"].iloc[0] == 0


TICKETS = pd.DataFrame(
    {
        "ticket_id": list("123456"),
        "customer_id": ["a", "a", "b", "c", "d", "e"],
        "opened_at": pd.to_datetime(["2026-01-01"] * 6),
        "resolved_at": pd.to_datetime(["2026-01-02", "2026-01-03", None, "2026-01-04", None, "2026-01-06"]),
        "category": ["late", "late", "broken", "late", "broken", "bill"],
        "outcome": ["resolved_quickly", "resolved", None, "not_satisfied", None, "resolved"],
    }
)


class TestComplaints:
    def test_rate_counts_customers_not_tickets(self):
        assert complaint_rate(TICKETS, 50).value == pytest.approx(5 / 50)

    def test_shares_by_category(self):
        table = complaint_shares(TICKETS)
        assert table["category"].tolist() == ["late", "broken", "bill"]
        assert table["tickets"].tolist() == [3, 2, 1]
        assert table["share"].sum() == pytest.approx(1)
        assert (table["share_low"][0], table["share_high"][0]) == pytest.approx(wilson(3, 6))

    def test_outcomes_of_closed_ones_with_open_ones_apart(self):
        table = outcome_shares(TICKETS)
        assert table["outcome"].tolist() == [outcome.value for outcome in Outcome]
        assert table["tickets"].tolist() == [1, 2, 1]
        assert table["n"].eq(4).all() and table["open"].eq(2).all()
        assert table["share"].sum() == pytest.approx(1)
        by_category = outcome_shares(TICKETS, "category")
        assert by_category["category"].unique().tolist() == ["bill", "late"]  # nothing about "broken" has been closed

    def test_a_category_too_small_takes_one_more_along(self):
        """Of 1 on the bill and 3 late, with 4 in all known, neither may be shown; with 4 on prices, these may."""
        assert outcome_shares(TICKETS, "category", min_cell=2).empty
        prices = pd.DataFrame({"category": ["price"] * 4, "outcome": ["resolved"] * 4})
        table = outcome_shares(pd.concat([TICKETS, prices], ignore_index=True), "category", min_cell=2)
        assert table["category"].unique().tolist() == ["price"]
        assert table["tickets"].tolist() == [0, 4, 0]

    def test_open_complaints_are_censored_not_dropped(self):
        # to 5 January inclusive: closed after 1, 2, 3 days; three still open after 5
        curve = resolution_times(TICKETS, "2026-01-05")[""]
        assert curve.survival.tolist() == pytest.approx([5 / 6, 4 / 6, 3 / 6])
        assert curve.quantile().value == 3
        closed_only = TICKETS.dropna(subset="resolved_at")
        assert resolution_times(closed_only, "2026-01-31")[""].quantile().value == 2

    def test_table_of_medians_puts_the_slowest_first(self):
        table = resolution_table(TICKETS, "2026-01-31")
        assert table["category"].tolist() == ["bill", "late", "broken"]
        assert table["median_days"].tolist()[:2] == [5, 2] and np.isnan(table["median_days"][2])
        assert resolution_table(TICKETS, "2026-01-31", min_cell=3)["category"].tolist() == ["late"]

    def test_what_is_told_agrees_with_its_parts(self):
        """Six complaints ten times over, so that there are enough to tell of."""
        many = pd.concat(
            [TICKETS.assign(customer_id=TICKETS["customer_id"] + str(k)) for k in range(10)], ignore_index=True
        )
        told = tell_complaints(Cases(many, many, []), 500, "2026-01-31", SETTINGS)
        facts, endings = told.facts, told.frames["endings"]
        assert (facts["category"], facts["part"].value, facts["open"]) == ("late", 0.5, 20)
        assert (facts["unhappy"].value, facts["quickly"].value, facts["rate"].value) == (0.25, 0.25, 0.1)
        assert endings["category"].tolist() == ["late", "broken", "bill"]
        assert endings["not_satisfied"].tolist() == pytest.approx([1 / 3, np.nan, 0], nan_ok=True)
        assert endings["open"].tolist() == [0, 20, 0]
        few = tell_complaints(Cases(TICKETS, TICKETS, []), 50, "2026-01-31", SETTINGS)
        assert (few.verdict, few.facts) == ("few", {"cases": 6, "few": 30})

    def test_service_cases_are_no_complaints(self):
        kinds = TICKETS.assign(kind=["complaint"] * 4 + ["service"] * 2)
        assert len(only_complaints(kinds)) == 4
        assert len(only_complaints(TICKETS)) == 6

    def test_by_category_and_after_the_end(self):
        curves = resolution_times(TICKETS, "2026-01-31", by="category")
        assert sorted(curves) == ["bill", "broken", "late"]
        assert np.isnan(curves["broken"].quantile().value) and curves["broken"].n == 2
        assert resolution_times(TICKETS, "2025-12-31") == {}
