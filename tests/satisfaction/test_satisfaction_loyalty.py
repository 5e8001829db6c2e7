"""Loyalty two by two, its benefits, and what else a survey page tells: value, Kano, branches, sampling, channels."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from bought import purchases_on
from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, UNUSABLE
from regulars.labels import Attitude, ServiceLevel
from regulars.satisfaction import survey_of, visits_of
from regulars.satisfaction.methods import ordered_logit
from regulars.satisfaction.methods.importance import tell_importance
from regulars.satisfaction.methods.recommending import nps_points, tell_recommend, wave_measures
from regulars.satisfaction.offer import delivered_value, kano_table
from regulars.satisfaction.offer.delivered import against, answered_value, tell_delivered, value_bridge
from regulars.satisfaction.offer.kano import kano_classes, kano_coefficients, service_levels, tell_kano, tell_levels
from regulars.satisfaction.survey import nps, sampling_plan, variance_between
from regulars.satisfaction.survey.answers import Answers
from regulars.satisfaction.survey.attitudes import attitudes_of, by_region, tell_attitudes
from regulars.satisfaction.survey.benefits import benefits_of_loyalty, tell_benefits
from regulars.satisfaction.survey.between import Visits, agents_between_branches, tell_between
from regulars.satisfaction.survey.gap import gap_states, shortfalls
from regulars.satisfaction.survey.listening import listening_channels, switching_rates, tell_channels, tell_switching
from regulars.satisfaction.survey.loyalty import (
    attitude,
    behaviour,
    cronbach_alpha,
    loyalty_of,
    loyalty_types,
    type_migration,
    type_shares,
)
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.satisfaction.survey.sampling import draw_sample, tell_sample
from regulars.settings import stage_settings
from regulars.simulate.attitudes import item_of, shares_in
from regulars.simulate.base import REGIONS
from regulars.statistics.control import control_limits, needed_answers
from regulars.statistics.intervals import wilson

SETTINGS = stage_settings("satisfaction")
OURS = {"product": 50, "service": 20, "personnel": 10, "image": 10, "money": 40, "time": 5, "energy": 5, "effort": 10}


PARTS = list(OURS)
ITEMS_OF = {offer: {part: f"{part}_{offer}" for part in PARTS} for offer in ("us", "them")}


def changed(**changes):
    """Settings that differ."""
    return stage_settings("satisfaction", changes=changes)


def asks(delivered):
    """Settings in which customers are asked for the parts of these offers."""
    return changed(offer={"delivered": delivered})


def why(finding) -> str:
    """Why a section cannot be told."""
    assert finding.verdict == UNUSABLE
    return finding.facts["why"]


def judged(gains):
    """Answers to the eight parts of two offers: every gain as given (respondent × offer), every cost 2."""
    columns = {}
    for place, offer in enumerate(ITEMS_OF):
        for part, item in ITEMS_OF[offer].items():
            cost = np.where(np.isnan(gains[:, place]), np.nan, 2.0)
            columns[item] = gains[:, place] if part in PARTS[:4] else cost
    return pd.DataFrame(columns)


def shop_with_known_loyalty(n=3000, seed=1, items=3):
    """Customers whose true attitude and true rate of orders are known, what they answer and when they order."""
    rng = np.random.default_rng(seed)
    names = np.array([f"c{k:05d}" for k in range(n)])
    true = rng.normal(60, 15, n)
    rate = rng.gamma(1.5, 1.5, n)
    answers = pd.DataFrame(true[:, None] + rng.normal(0, 15, (n, items)), index=names)
    count = rng.poisson(rate)
    day = [pd.Timestamp("2024-06-30") + pd.to_timedelta(np.sort(rng.uniform(1, 364, k)), "D").floor("D") for k in count]
    log = pd.DataFrame({"customer_id": np.repeat(names, count), "day": np.concatenate([d.to_numpy() for d in day])})
    first = pd.DataFrame({"customer_id": names, "day": pd.Timestamp("2024-01-01")})
    log = purchases_on(pd.concat([first, log], ignore_index=True))
    until = pd.Series(pd.Timestamp("2025-06-30"), index=names)
    return answers, log, until, true, rate


BOTH = asks(ITEMS_OF)


class TestLoyalty:
    def test_alpha_is_that_of_its_definition_for_parallel_items(self):
        rng = np.random.default_rng(2)
        true = rng.normal(0, 1, 20_000)
        items = pd.DataFrame(true[:, None] + rng.normal(0, 1, (20_000, 3)))
        assert cronbach_alpha(items) == pytest.approx(3 * 0.5 / (1 + 2 * 0.5), abs=0.01)
        assert np.isnan(cronbach_alpha(items[[0]]))

    def test_stated_chances_of_error_are_those_that_occur(self):
        answers, log, until, true, rate = shop_with_known_loyalty()
        said, done = attitude(answers, 55), behaviour(log, until, 365, cut=2.0)
        types = loyalty_types(said, done)
        high, often = pd.Series(true >= 55, answers.index), pd.Series(rate >= 2.0, answers.index)
        truth = np.select([high & often, high, often], ["true", "latent", "spurious"], default="none")
        wrong = types["loyalty_type"].to_numpy() != pd.Series(truth, answers.index)[types.index]
        error = 4 * np.sqrt(0.25 / len(types))
        assert types["p_wrong"].mean() == pytest.approx(wrong.mean(), abs=error)
        for low, top in ((0, 0.1), (0.1, 0.3), (0.3, 0.75)):
            band = (types["p_wrong"] >= low) & (types["p_wrong"] < top)
            assert types.loc[band, "p_wrong"].mean() == pytest.approx(
                wrong[band].mean(), abs=4 * np.sqrt(0.25 / band.sum())
            )
        assert types[["p_true", "p_latent", "p_spurious", "p_none"]].sum(axis=1).to_numpy() == pytest.approx(1)
        assert said.reliability == pytest.approx(0.75, abs=0.03)
        assert (done.r, done.alpha) == (pytest.approx(1.5, rel=0.15), pytest.approx(1 / 1.5, rel=0.15))

    def test_missing_answers_make_the_class_less_sure(self):
        answers, *_ = shop_with_known_loyalty(500)
        one = answers.copy()
        one.iloc[:, 1:] = np.nan
        full, short = attitude(answers, 55, 0.75).table["p_high"], attitude(one, 55, 0.75).table["p_high"]
        assert (short - 0.5).abs().mean() < (full - 0.5).abs().mean()
        assert np.isnan(attitude(answers[[0]], 55).table["p_high"]).all()

    def test_shares_and_migration(self):
        types = pd.DataFrame({"loyalty_type": ["true", "true", "none", "latent"], "p_wrong": 0.2}, index=list("abcd"))
        shares = type_shares(types).set_index("loyalty_type")
        assert shares["share"].to_dict() == {"true": 0.5, "latent": 0.25, "spurious": 0, "none": 0.25}
        later = pd.DataFrame({"loyalty_type": ["true", "none", "none"]}, index=list("abc"))
        moved = type_migration(types, later)
        assert moved.set_index("before").loc["true", ["n", "stayed", "to_none"]].tolist() == [2, 0.5, 0.5]
        assert "latent" not in set(moved["before"])
        assert type_migration(types, later, min_cell=5).empty

    def test_behaviour_by_hand_and_bad_input(self):
        log = pd.DataFrame(
            {"customer_id": ["a", "a", "a", "b", "b", "c"],
             "day": pd.to_datetime(
                 ["2023-01-01", "2024-03-01", "2025-03-01", "2025-01-01", "2025-02-01", "2026-01-01"])}
        )  # fmt: skip
        until = pd.Series(pd.to_datetime(["2025-06-30"] * 3), index=list("abc"))
        table = behaviour(purchases_on(log), until, 365).table
        assert table["orders"].to_dict() == {"a": 1, "b": 1}
        assert table["years"].round(3).to_dict() == {"a": 0.999, "b": 0.493}
        with pytest.raises(UserError, match="nobody ordered again"):
            behaviour(purchases_on(log[log["customer_id"] == "c"]), until)
        with pytest.raises(UserError, match="one customer who answered ordered before"):
            behaviour(purchases_on(log[log["customer_id"] == "a"]), until)

    def test_types_of_today_stand_where_too_few_answered_before(self):
        answers, log, until, _, _ = shop_with_known_loyalty(200)
        now = answers.rename_axis("customer_id").reset_index().assign(answered_at=until.to_numpy(), wave="2")
        first = now.head(1).assign(answered_at=until.iloc[0] - pd.Timedelta(days=300), wave="1")
        told = loyalty_of(pd.concat([first, now]), list(answers), log, until.iloc[0], within_days=180)
        assert len(told.now) == 200 and told.migration.empty and told.asked.empty

    def test_benefits_come_after_the_answer(self):
        types = pd.Series(["true", "true", "none", "none"], index=list("abcd"))
        since = pd.Series(pd.to_datetime(["2025-01-01"] * 3 + ["2025-12-01"]), index=list("abcd"))
        orders = pd.DataFrame(
            {"customer_id": ["a", "a", "a", "c"], "category": ["x", "y", "z", "x"],
             "ordered_at": pd.to_datetime(["2025-01-01", "2025-01-11", "2025-02-01", "2025-12-31"])}
        )  # fmt: skip
        days = pd.to_datetime(["2025-03-01", "2025-03-01", "2024-12-01", "2025-12-01"])
        referrals = pd.DataFrame({"referrer_id": ["a", "a", "b", "c"], "at": days})  # b's too early, c's too late
        table = benefits_of_loyalty(
            types, since, orders, "2025-12-31", categories=orders, referrals=referrals, min_cell=1
        )
        rows = table.set_index("loyalty_type")
        assert rows["n"].to_dict() == {"true": 2, "none": 1}  # the window of d is not over
        assert rows.loc["true", ["repeat", "faster", "crossing", "referral"]].tolist() == [0.5, 10, 2, 0.5]
        assert rows.loc["none", ["repeat", "referral"]].tolist() == [0, 0]
        assert np.isnan(rows.loc["none", "faster"])
        assert rows["immunity"].isna().all()
        assert tell_benefits(table, SETTINGS).verdict == "unclear"
        assert tell_benefits(table.head(1), SETTINGS).verdict == NOT_SUPPLIED


class TestGap:
    def test_shortfall_is_the_gap_with_the_other_sign_and_the_three_states_agree(self):
        # ideal − actual, as a teaching text prints it: above zero is dissatisfied there, below zero delighted
        gap = pd.Series(np.arange(-9, 10) / 2)
        shortfall = -gap
        by_text = np.select([shortfall > 1, shortfall < -1], ["dissatisfied", "highly_satisfied"], default="satisfied")
        assert gap_states(gap).tolist() == by_text.tolist()

    def test_shares_have_wilsons_interval(self):
        gaps = pd.DataFrame({"item": "q1", "gap": [-2.0] * 3 + [0.0] * 7})
        table = shortfalls(
            gaps.assign(state=gap_states(gaps["gap"])), pd.DataFrame({"item": ["q1"], "wording": ["Fine."]}), level=0.95
        )
        first = table[table["state"] == "dissatisfied"].iloc[0]
        assert (first["share_low"], first["share_high"]) == (
            pytest.approx(0.1078, abs=1e-4),
            pytest.approx(0.6032, abs=1e-4),
        )


class TestDelivered:
    def test_net_and_ratio_by_hand_and_the_bridge_adds_up(self):
        told = delivered_value({"us": OURS, "them": OURS | {"money": 30, "image": 0}})
        assert told["net"].to_dict() == {"us": 30, "them": 30}
        assert told.loc["us", "ratio"] == 1.5
        assert told.loc["them", "ratio"] == pytest.approx(80 / 50)
        bridge = value_bridge(told.loc["us"])
        assert bridge.loc[~bridge["is_total"], "amount"].sum() == bridge["amount"].iloc[-1] == 30

    def test_verdicts(self):
        def stated(offers):
            return tell_delivered(pd.DataFrame(), changed(managers={"offers": offers}))

        assert stated({}).verdict == NOT_SUPPLIED
        assert stated({"us": OURS}).verdict == "alone"
        assert stated({"us": OURS, "them": OURS}).verdict == "level"
        assert stated({"us": OURS | {"money": 60}, "them": OURS}).verdict == "behind"
        ahead = stated({"us": OURS, "them": OURS | {"money": 60}})
        assert (ahead.verdict, ahead.facts["gap"].value, ahead.facts["rival"]) == ("ahead", 20, "them")
        assert np.isnan(ahead.facts["net"].low)  # what managers state has no interval

    @pytest.mark.parametrize(
        ("change", "told"),
        [({"money": -1}, "money is -1"), ({"price": 3}, "'price' is no part"), ({"time": None}, "time is None")],
    )
    def test_bad_input(self, change, told):
        with pytest.raises(UserError, match=told):
            delivered_value({"us": OURS | change})

    def test_answers_by_hand(self):
        answers = judged(np.array([[6.0, 5.0], [8.0, 5.0], [7.0, np.nan]]))
        own = answered_value(answers, ITEMS_OF["us"], level=0.9)
        # gains 4 x, costs 4 · 2: net 16, 24, 20
        assert (own["net"].value, own["net"].n) == (20.0, 3)
        assert own["net"].high - own["net"].value == pytest.approx(2.919986 * 4 / np.sqrt(3), abs=1e-5)
        assert own["ratio"].value == pytest.approx(28 / 8)
        found = against(answers, ITEMS_OF["us"], ITEMS_OF["them"])
        assert (found.gap.value, found.gap.n) == (8.0, 2)  # who does not know the other shop is left out
        steps = found.bridge.set_index("part")["amount"]
        assert steps["rival_net"] + steps.drop(["rival_net", "our_net"]).sum() == pytest.approx(steps["our_net"])

    def test_a_competitor_is_beaten_only_beyond_noise(self):
        rng = np.random.default_rng(3)
        level = rng.normal(6, 1, 200)  # who rates all high
        same = level[:, None] + rng.normal(0, 1, (200, 2))
        same += 6 - same.mean(axis=0)
        assert tell_delivered(judged(same), BOTH).verdict == "unclear"
        assert tell_delivered(judged(same + np.array([1, 0])), BOTH).verdict == "more"
        assert tell_delivered(judged(same - np.array([1, 0])), BOTH).verdict == "less"
        alone = tell_delivered(judged(same), asks({"us": ITEMS_OF["us"]}))
        assert alone.verdict == "asked"
        assert "rival" not in alone.frames
        bridge = alone.frames["bridge"].set_index("part")
        assert bridge.loc["money", "amount_low"] <= bridge.loc["money", "amount"] <= bridge.loc["money", "amount_high"]

    def test_what_cannot_be_asked_is_said(self):
        answers = judged(np.array([[6.0, np.nan], [8.0, np.nan]]))
        missing = tell_delivered(answers, asks({"us": ITEMS_OF["us"] | {"money": "price_us"}}))
        assert "the item 'price_us' for money is not in the survey" in why(missing)
        unknown = tell_delivered(answers, asks({"us": ITEMS_OF["us"] | {"price": "money_us"}}))
        assert "'price' is no part" in why(unknown)
        assert "call your own offer 'us'" in why(tell_delivered(answers, asks({"them": ITEMS_OF["them"]})))
        with pytest.raises(UserError, match="nobody judged both offers"):
            against(answers, ITEMS_OF["us"], ITEMS_OF["them"])
        assert "1 respondents judged all eight parts" in why(tell_delivered(answers.head(1), BOTH))
        assert tell_delivered(answers, BOTH).verdict == "asked"

    @pytest.mark.full
    def test_intervals_of_gap_and_ratio_cover_and_false_claims_are_few(self):
        rng, hits, claims = np.random.default_rng(4), np.zeros(2), 0
        for _ in range(1000):
            scores = np.clip(np.round(rng.normal(6, 1, 120)[:, None] + rng.normal(0, 1.6, (120, 2))), 0, 10)
            answers = judged(scores)
            gap = against(answers, ITEMS_OF["us"], ITEMS_OF["them"]).gap
            ratio = answered_value(answers, ITEMS_OF["us"])["ratio"]
            hits += [gap.low <= 0 <= gap.high, ratio.low <= 3.0 <= ratio.high]
            claims += tell_delivered(answers, BOTH).verdict != "unclear"
        assert (hits / 1000 >= 0.87).all()
        assert (hits / 1000 <= 0.93).all()
        assert claims <= 120


class TestKano:
    def test_published_coefficients(self):
        found = kano_coefficients({"attractive": 30, "one_dimensional": 40, "must_be": 20, "indifferent": 10})
        assert found["better"][0] == 0.7
        assert found["worse"][0] == -0.6
        assert found["worse"][1] < -0.6 < found["worse"][2]

    def test_every_cell_of_the_evaluation_table(self):
        kinds = ["attractive", "reverse", "questionable", "must_be", "one_dimensional", "indifferent"]
        names = dict(zip("ARQMOI", kinds, strict=True))
        table = ["QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"]
        for row, with_it in zip(table, (5, 4, 3, 2, 1), strict=True):
            for letter, without in zip(row, (5, 4, 3, 2, 1), strict=True):
                assert kano_classes([with_it], [without]).tolist() == [names[letter]]
        with pytest.raises(UserError, match="A Kano answer is 6"):
            kano_classes([6], [1])

    def test_table(self):
        answers = pd.DataFrame(
            {
                "a1": [5] * 60 + [3] * 40,
                "a0": [3] * 100,
                "m1": [4] * 100,
                "m0": [1] * 51 + [3] * 49,
                "x": [np.nan] * 100,
            }
        )
        table = kano_table(answers, {"wrapping": ["a1", "a0"], "invoice": ["m1", "m0"]}).set_index("feature")
        assert table["kano"].to_dict() == {"invoice": "must_be", "wrapping": "attractive"}
        assert table["is_clear"].to_dict() == {"invoice": False, "wrapping": True}
        assert table.loc["wrapping", ["better", "worse"]].tolist() == [0.6, 0]

        def told(pairs):
            return tell_kano(answers, changed(offer={"kano": pairs}))

        assert told({"invoice": ["m1", "m0"]}).verdict == "close"
        both = told({"wrapping": ["a1", "a0"], "invoice": ["m1", "m0"]})
        assert (both.verdict, both.facts["feature"], both.facts["liked"]) == ("clear", "invoice", "wrapping")
        assert both.facts["missed"].value == pytest.approx(0.51)
        assert (both.facts["features"], both.facts["clear"]) == (2, 1)
        first = both.frames["map"].iloc[0]
        assert first["missed_low"] < first["missed"] < first["missed_high"]
        assert first["held"] == pytest.approx(0.51)
        assert told({}).verdict == NOT_SUPPLIED
        with pytest.raises(UserError, match="both in the survey; m9 is not"):
            kano_table(answers, {"invoice": ["m1", "m9"]})
        assert "Nobody answered both items of any Kano feature" in why(told({"app": ["x", "m1"]}))

    @pytest.mark.full
    def test_features_that_are_alike_are_seldom_told_apart(self):
        rng, claims = np.random.default_rng(5), 0
        settings = changed(offer={"kano": {name: [f"{name}1", f"{name}0"] for name in "abcde"}})
        for _ in range(1000):
            answers = {}
            for name in "abcde":
                must = rng.random(200) < 0.4
                answers |= {f"{name}1": np.where(must, 4, 3), f"{name}0": np.where(must, 1, 3)}
            claims += tell_kano(pd.DataFrame(answers), settings).verdict == "clear"
        assert claims <= 100

    def test_service_levels_follow_the_four_taxis(self):
        # brought there safely, greeted politely, luggage carried, the forgotten telephone brought back
        assert [level.value for level in ServiceLevel] == ["basic", "satisfying", "exceeding", "unforgettable"]
        table = service_levels(pd.Series(["basic"] * 5 + ["satisfying"] * 3 + ["exceeding"] * 2 + [None]))
        assert table["share"].sum() == 1
        assert table["at_least"].tolist() == [1, 0.5, 0.2, 0]
        assert tell_levels(None, SETTINGS).verdict == NOT_SUPPLIED
        log = pd.DataFrame({"visit_id": ["v1", "v1", "v2"], "service_level": ["basic", "basic", "exceeding"]})
        log = log.assign(item="q", score=5.0)
        visits = visits_of(log, pd.DataFrame({"item": ["q"], "scale_min": 1.0, "scale_max": 10.0}))
        assert tell_levels(visits, SETTINGS).facts["exceeding"].value == 0.5
        assert tell_between(pd.Series([1.0]), None, visits, SETTINGS).verdict == NOT_SUPPLIED


def branches(rng, sizes, spread, noise=15.0):
    group = np.repeat(np.arange(len(sizes)), sizes)
    return pd.Series(
        60 + (spread * rng.standard_normal(len(sizes)))[group] + noise * rng.standard_normal(len(group))
    ), (pd.Series(group.astype(str)))


def nested(rng, branch_sd, agent_sd=10.0, noise=15.0, visits=12):
    """Six branches with four agents each, who serve twelve visits each."""
    branch = np.repeat(np.arange(6), 4 * visits)
    agent = np.repeat(np.arange(24), visits)
    score = 60 + branch_sd * rng.standard_normal(6)[branch] + agent_sd * rng.standard_normal(24)[agent]
    score = pd.Series(score + noise * rng.standard_normal(len(agent)))
    return Visits(score, pd.Series(agent).map("agent {}".format), pd.Series(branch).map("branch {}".format))


FEW = changed(min_answers=5)


class TestBetween:
    def test_agrees_with_anova_and_a_mixed_model(self):
        import statsmodels.formula.api as smf
        from scipy.stats import f_oneway

        y, group = branches(np.random.default_rng(6), [30] * 12, 6.0)
        found = variance_between(y, group)
        other = f_oneway(*(y[group == name] for name in group.unique()))
        assert found.p_value == pytest.approx(other.pvalue)
        mixed = smf.mixedlm("y ~ 1", pd.DataFrame({"y": y, "g": group}), groups="g").fit(reml=True)
        # with groups of one size both estimates are the same
        assert found.spread**2 == pytest.approx(float(mixed.cov_re.iloc[0, 0]), rel=1e-3)
        effects = {name: effect.iloc[0] for name, effect in mixed.random_effects.items()}
        ours = found.table.set_index("group")["value"] - found.all
        assert ours.to_dict() == pytest.approx(effects, abs=0.01)

    def test_no_difference_is_called_alike_and_values_are_drawn_in(self):
        y, group = branches(np.random.default_rng(7), [40] * 8, 0.0)
        found = variance_between(y, group)
        assert found.verdict == "alike"
        assert found.table["value"].std() < found.table["mean"].std()

    def test_bad_input(self):
        with pytest.raises(UserError, match="2 groups have at least 2 answers: 3 are needed"):
            variance_between(pd.Series([1.0, 2, 3, 4]), pd.Series(list("aabb")))
        with pytest.raises(UserError, match="are the same"):
            variance_between(pd.Series([1.0, 1, 2, 2, 3, 3]), pd.Series(list("aabbcc")))
        assert tell_between(pd.Series([1.0]), None, None, SETTINGS).verdict == NOT_SUPPLIED

    def test_branches_are_not_blamed_for_their_agents(self):
        """Agents differ much and branches not at all beyond them: comparing visits by branch would see differences."""
        naive = told = 0
        for seed in range(60):
            visits = nested(np.random.default_rng(seed), branch_sd=0.0)
            told += agents_between_branches(visits).verdict == "differ"
            naive += variance_between(visits.scores, visits.branches).verdict == "differ"
        assert told <= 12
        assert naive >= 30
        found = agents_between_branches(nested(np.random.default_rng(1), branch_sd=20.0))
        assert (found.verdict, found.share.n, len(found.table)) == ("differ", 24, 6)

    def test_variance_between_branches_and_agents_side_by_side(self):
        visits = nested(np.random.default_rng(2), branch_sd=0.0)
        y, group = branches(np.random.default_rng(6), [30] * 12, 6.0)
        told = tell_between(y, group, visits, FEW)
        shares = told.frames["shares"].set_index("between")
        assert list(shares.index) == ["answers_by_branch", "visits_by_agent", "agents_by_branch"]
        assert shares["groups"].tolist() == [12, 24, 6]
        assert shares.loc["answers_by_branch", "share"] == told.facts["share"].value
        assert (shares["share_low"] <= shares["share"]).all()
        assert (shares["share"] <= shares["share_high"]).all()
        assert told.verdict == "differ" and "groups" in told.frames
        flat = pd.Series(np.random.default_rng(6).normal(70, 10, len(y)), index=y.index)
        alone = tell_between(flat, group, visits, FEW)
        assert alone.verdict == "agents" and "groups" not in alone.frames, "branches alike need no chart"
        assert len(alone.frames["branches"]) == 12
        agents, ends = (list(alone.frames[name]["group"]) for name in ("agents", "ends"))
        assert ends == agents[:3] + agents[-3:]
        assert tell_between(flat, group, None, FEW).verdict == "alike"
        one = visits._replace(branches=pd.Series(None, index=visits.scores.index, dtype=object))
        assert list(tell_between(y, group, one, FEW).frames["shares"]["between"]) == [
            "answers_by_branch", "visits_by_agent",
        ]  # fmt: skip

    @pytest.mark.full
    def test_intervals_of_branches_beyond_agents_cover(self):
        rng, hits, alarms = np.random.default_rng(9), 0, 0
        # of agents' means: 8² between branches, 10² between agents and 15²/12 of their visits within
        truth = 64 / (64 + 100 + 225 / 12)
        for _ in range(1000):
            share = agents_between_branches(nested(rng, branch_sd=8.0)).share
            hits += share.low <= truth <= share.high
            alarms += agents_between_branches(nested(rng, branch_sd=0.0)).verdict == "differ"
        assert 0.87 <= hits / 1000 <= 0.93
        assert alarms <= 120

    @pytest.mark.full
    def test_intervals_cover_where_groups_differ_in_size(self):
        rng, hits, alarms = np.random.default_rng(12), 0, 0
        sizes = [5, 8, 12, 15, 20, 25, 30, 40, 60, 85]
        for _ in range(1000):
            share = variance_between(*branches(rng, sizes, 5.0)).share
            hits += share.low <= 25 / (25 + 225) <= share.high
            alarms += variance_between(*branches(rng, sizes, 0.0)).verdict == "differ"
        assert 0.87 <= hits / 1000 <= 0.93
        assert alarms <= 120

    @pytest.mark.full
    def test_intervals_cover_and_false_alarms_are_as_many_as_said(self):
        rng, hits, alarms = np.random.default_rng(8), 0, 0
        for _ in range(1000):
            share = variance_between(*branches(rng, [20] * 10, 5.0)).share
            hits += share.low <= 25 / (25 + 225) <= share.high
            alarms += variance_between(*branches(rng, [20] * 10, 0.0)).verdict == "differ"
        assert 0.87 <= hits / 1000 <= 0.93
        assert alarms <= 120


class TestSampling:
    def test_width_is_that_of_repeated_samples(self):
        rng = np.random.default_rng(9)
        strata = pd.Series(np.repeat(["loyal", "new"], [400, 1600]), index=[f"c{k}" for k in range(2000)])
        score = pd.Series(rng.normal(60, np.where(strata == "loyal", 5, 20)), index=strata.index)
        spread = score.groupby(strata).std(ddof=1)
        plan = sampling_plan(strata.value_counts(), spread, 1.0, target_width=2.0, least=0)
        means = []
        for seed in range(150):
            drawn = draw_sample(strata, plan, seed)
            by = score[drawn["customer"]].groupby(drawn["stratum"].to_numpy()).mean()
            means.append((by * strata.value_counts(normalize=True)).sum())
        assert plan.width <= 2.0
        assert plan.width > 1.9
        assert 1.645 * np.std(means) == pytest.approx(plan.width, rel=0.2)

    def test_neymans_rule_and_limits(self):
        plan = sampling_plan(
            pd.Series({"a": 10_000, "b": 10_000}), pd.Series({"a": 10.0, "b": 30.0}), 0.5, 1.0, least=0
        )
        rows = plan.table.set_index("stratum")
        assert rows.loc["b", "answers"] / rows.loc["a", "answers"] == pytest.approx(3, rel=0.01)
        assert rows["invite"].tolist() == [2 * n for n in rows["answers"]]
        few = sampling_plan(pd.Series({"a": 50}), 20.0, 0.1, 1.0)
        assert not few.is_reached
        assert few.invite <= 50
        with pytest.raises(UserError, match="points above 0"):
            sampling_plan(pd.Series({"a": 50}), 20.0, 0.1, 0)
        with pytest.raises(UserError, match="above 0 and at most at 1"):
            sampling_plan(pd.Series({"a": 50}), 20.0, 0.0, 1)

    def test_list_is_seeded_without_repetition_and_whatever_the_order(self):
        strata = pd.Series(np.tile(["a", "b"], 200), index=[f"c{k:03d}" for k in range(400)])
        plan = sampling_plan(strata.value_counts(), 20.0, 0.5, 3.0, least=10)
        drawn = draw_sample(strata, plan, 5)
        assert drawn["customer"].is_unique
        assert drawn.equals(draw_sample(strata.sample(frac=1, random_state=1), plan, 5))
        assert not drawn.equals(draw_sample(strata, plan, 6))
        assert (strata[drawn["customer"]].to_numpy() == drawn["stratum"].to_numpy()).all()

    def test_who_refused_is_not_asked(self):
        strata = pd.Series("a", index=[f"c{k}" for k in range(300)])
        may = pd.Series(np.arange(300) % 3 > 0, index=strata.index)
        names = pd.Series([f"C-{k}" for k in range(300)], index=strata.index)
        scores = pd.Series(np.random.default_rng(1).normal(60, 15, 300), index=strata.index)
        answered = pd.DataFrame({"customer_id": scores.index, "wave": "1", "satisfaction": scores.to_numpy()}).iloc[::2]
        people = pd.DataFrame({"customer_id": strata.index, "consent": may.to_numpy()})
        survey = Survey(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), answered)
        told = tell_sample(survey, strata, people, names=names, settings=changed(questions={"target_width": 3.0}))
        assert told.verdict == "reached"
        assert told.facts["refused"] == 100
        assert not told.frames["list"]["customer"].isin(names[~may]).any()


class TestControl:
    def test_a_stable_score_stays_within_and_a_fall_does_not(self):
        rng = np.random.default_rng(10)
        waves = pd.Series(np.repeat(["1", "2", "3", "4"], 200))
        steady = pd.Series(rng.choice([0.0, 7, 10], 800))
        assert not control_limits(nps_points(steady), waves)["is_outside"].any()
        fallen = steady.where(waves != "4", 0)
        assert control_limits(nps_points(fallen), waves)["is_outside"].iloc[-1]
        assert nps_points(steady).mean() == pytest.approx(nps(steady).value)
        assert not control_limits(nps_points(steady.head(5)), waves.head(5))["is_outside"].any()

    def test_large_waves_that_wobble_are_no_alarm(self):
        """With 10,000 answers and a true rate that moves by a point, limits of chance alarm in every fourth wave."""
        rng, outside = np.random.default_rng(4), []
        waves = pd.Series(np.repeat([f"{k:02d}" for k in range(12)], 10_000))
        for _ in range(40):
            true = 0.3 + rng.normal(scale=0.01, size=12)
            answers = pd.Series((rng.random((12, 10_000)) < true[:, None]).astype(float).ravel())
            outside += control_limits(answers, waves)["is_outside"].tolist()
        assert np.mean(outside) <= 0.05
        fallen = answers.where(waves != "11", (rng.random(len(waves)) < 0.2).astype(float))
        assert control_limits(fallen, waves)["is_outside"].iloc[-1]

    def test_needed_answers_give_the_width(self):
        n = needed_answers(10_000 * 0.64, 5.0, 0.9)
        scores = np.repeat([10, 8, 3], [round(n * 0.6), round(n * 0.2), round(n * 0.2)])
        told = nps(scores, 0.9)
        assert (told.high - told.low) / 2 == pytest.approx(5.0, rel=0.02)
        with pytest.raises(UserError, match="above 0"):
            needed_answers(100, 0)

    def test_top_answers_and_effort_are_held_within_limits_too(self):
        rng = np.random.default_rng(21)
        n, waves = 150, ("2024H1", "2024H2", "2025H1", "2025H2")
        rows = []
        for k, wave in enumerate(waves):
            told = {
                "recommendation": rng.choice([3, 8, 10], n, p=[0.2, 0.3, 0.5]),
                "overall": rng.choice([2, 4, 5], n, p=[0.9, 0.05, 0.05] if k == 3 else [0.3, 0.4, 0.3]),
                "effort": rng.choice([4, 6], n),
            }
            wide = pd.DataFrame(told).assign(
                customer_id=[f"c{j}" for j in range(n)],
                wave=wave,
                answered_at=pd.Timestamp("2024-03-01") + pd.DateOffset(months=6 * k),
            )
            rows.append(wide.iloc[:12] if k == 0 else wide)  # fmt: skip
        wide = pd.concat(rows).assign(response_id=lambda t: t["customer_id"] + t["wave"], kind="perceived")
        long = wide.melt(["response_id", "customer_id", "wave", "answered_at", "kind"], var_name="item",
                         value_name="score").astype({"score": float})  # fmt: skip
        items = pd.DataFrame({"item": ["recommendation", "overall", "effort"], "construct": list("roe"),
                              "scale_min": [0.0, 1, 1], "scale_max": [10.0, 5, 7]})  # fmt: skip
        asked = {name: name for name in items["item"]}
        measures, limits = wave_measures(long, items, asked)
        table = measures.set_index("score")
        assert table["outside"].to_dict()["recommendation"] == 0
        assert limits["overall"]["is_outside"].iloc[-1]
        # twelve answers are shown and not judged
        assert table["waves"].tolist() == [3, 3, 3]
        assert limits["effort"].loc[0, ["n", "is_outside"]].tolist() == [12, False]
        assert np.isnan(limits["effort"].loc[0, "limit_low"])
        last = long[long["wave"] == "2025H2"].pivot(index="response_id", columns="item", values="score")
        assert table.loc["overall", "value"] == pytest.approx(100 * (last["overall"] > 3).mean())
        assert table.loc["effort", "value"] == pytest.approx(100 * (last["effort"].mean() - 1) / 6)
        assert table.loc["recommendation", "value"] == pytest.approx(nps(last["recommendation"]).value)
        assert wave_measures(long, items.iloc[:1], asked)[0]["score"].tolist() == ["recommendation"]

    def test_recommendation_is_not_taken_for_best(self):
        rng = np.random.default_rng(11)
        n = 800
        s = rng.standard_normal(n)
        buys = rng.random(n) < 1 / (1 + np.exp(-s))
        names = [f"c{k}" for k in range(n)]
        wide = pd.DataFrame({"recommendation": np.clip(np.round(7 + rng.normal(0, 2, n)), 0, 10)})
        for k in range(3):
            wide[f"s{k}"] = np.clip(np.round(5 + 2 * s + rng.normal(0, 1, n)), 1, 10)
        long = wide.assign(customer_id=names, response_id=names).melt(["customer_id", "response_id"], var_name="item",
                                                                      value_name="score")  # fmt: skip
        long = long.assign(kind="perceived", answered_at=pd.Timestamp("2025-01-01"), wave="1")
        items = pd.DataFrame({"item": list(wide), "construct": ["r", "s", "s", "s"], "scale_min": [0.0, 1, 1, 1],
                              "scale_max": 10.0})  # fmt: skip
        log = purchases_on({"customer_id": np.array(names)[buys], "day": pd.Timestamp("2025-02-01")})
        settings = changed(**{"satisfaction.satisfaction_construct": "s", "questions": {"loyalty_construct": "l"}})
        told = tell_recommend(survey_of(Answers(long, items, []), "s"), log, "2025-12-31", settings)
        assert (told.verdict, told.facts["best"]) == ("no", "satisfaction")
        assert told.facts["customers"] == n
        asked = long[long["item"] != "recommendation"]
        nothing = tell_recommend(survey_of(Answers(asked, items.iloc[1:], []), "s"), log, "2025-12-31", settings)
        assert nothing.verdict == NOT_SUPPLIED


def alike_factors(seed, n=300):
    """Ordered logit of three factors that go together and have the same effect."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.standard_normal((n, 3)) + rng.standard_normal((n, 1)), columns=list("abc"))
    return ordered_logit(pd.Series(np.digitize(x.sum(axis=1) / 3 + rng.logistic(size=n), [-1, 0, 1])), x)


class TestListening:
    def test_channels(self):
        heard = {
            "surveys": (pd.Series(["delivery", None, "price"]), pd.Series(["a", "b", "c"])),
            "complaints": (pd.Series(["delivery"] * 3), pd.Series(["a", "a", "d"])),
            "mystery_visits": (pd.Series(["staff"]), None),
        }
        table = listening_channels(heard, 10).set_index("channel")
        assert table["voices"].to_dict() == {"surveys": 3, "complaints": 3, "mystery_visits": 1}
        assert table["reach"].fillna(-1).to_dict() == {"surveys": 0.3, "complaints": 0.2, "mystery_visits": -1}
        assert table.loc["surveys", ["topic", "share", "n"]].tolist() == ["delivery", 0.5, 2]
        assert tell_channels(heard, 10, SETTINGS).verdict == "apart"
        del heard["mystery_visits"]
        assert tell_channels(heard, 10, SETTINGS).facts["topic"] == "delivery"
        assert tell_channels({}, 10, SETTINGS).verdict == NOT_SUPPLIED

    def test_switching_by_level_beside_the_published_share(self):
        score = pd.Series([30.0] * 100 + [60.0] * 100 + [90.0] * 100)
        bought = pd.Series([True] * 30 + [False] * 70 + [True] * 60 + [False] * 40 + [True] * 80 + [False] * 20)
        table = switching_rates(score, bought).set_index("state")
        assert table["share"].to_dict() == {"dissatisfied": 0.7, "satisfied": 0.4, "highly_satisfied": 0.2}
        assert table["published"].dropna().to_dict() == {"satisfied": 0.44}
        followed = pd.DataFrame({"satisfaction": score, "bought": bought})
        assert tell_switching(followed, SETTINGS).verdict == "falls"
        assert tell_switching(followed.assign(bought=bought.to_numpy()[::-1]), SETTINGS).verdict == "unclear"
        assert tell_switching(followed.head(120), SETTINGS).verdict == "few"

    def test_managers_against_customers(self):
        rng = np.random.default_rng(12)
        x = pd.DataFrame(rng.standard_normal((500, 3)), columns=["quality", "price", "image"])
        y = pd.Series(np.digitize(2 * x["quality"] + 0.5 * x["price"] + rng.logistic(size=500), [-1, 1]))
        shown = ordered_logit(y, x)
        rankings = {"ann": ["price", "quality", "image"], "bob": ["price", "quality", "image"]}
        told = tell_importance(shown, changed(managers={"rankings": rankings}).managers, SETTINGS)
        assert told.verdict == "apart"
        assert (told.facts["managers_first"], told.facts["customers_first"]) == ("price", "quality")
        assert told.frames["table"]["rank_customers"].tolist() == [2, 1, 3]
        rankings["bob"] = ["quality", "price", "image"]
        told = tell_importance(shown, changed(managers={"rankings": rankings}).managers, SETTINGS)
        assert told.verdict == "divided" and told.facts["by_chance"] == pytest.approx(np.exp(-1.5))  # W 0.75, 2 raters
        assert shown.ahead("quality", "price")
        assert not shown.ahead("price", "quality")
        pairwise = [[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]]  # quality, price, image
        told = tell_importance(shown, changed(managers={"pairwise": pairwise}).managers, SETTINGS)
        assert told.verdict == "same"
        assert told.facts["ratio"] == pytest.approx(0.033199, abs=5e-7)
        assert tell_importance(shown, SETTINGS.managers, SETTINGS).verdict == NOT_SUPPLIED

    def test_where_all_factors_move_customers_alike_nobody_is_told_wrong(self):
        ann = changed(managers={"rankings": {"ann": ["a", "b", "c"]}}).managers
        claims = [tell_importance(alike_factors(seed), ann, SETTINGS).verdict for seed in range(40)]
        assert claims.count("unclear") >= 32

    @pytest.mark.full
    def test_claims_about_managers_are_false_in_no_more_than_a_tenth(self):
        ann, claims = changed(managers={"rankings": {"ann": ["a", "b", "c"]}}).managers, 0
        for seed in range(1000):
            claims += tell_importance(alike_factors(seed), ann, SETTINGS).verdict != "unclear"
        assert claims <= 100


def test_a_part_that_cannot_be_told_says_why_and_the_rest_stands():
    contradicting = changed(managers={"pairwise": [[1, 2], [2, 1]]}).managers
    rng = np.random.default_rng(1)
    x = pd.DataFrame(rng.standard_normal((300, 2)), columns=["quality", "price"])
    shown = ordered_logit(pd.Series(np.digitize(x["quality"] + rng.logistic(size=300), [-1, 1])), x)
    assert "not reciprocal" in why(tell_importance(shown, contradicting, SETTINGS))


class TestAttitudes:
    """Who agrees with which statement most, region by region."""

    ITEMS: ClassVar = {kind.value: item_of(kind) for kind in Attitude}

    def survey(self, kinds, customers=None):
        """Answers of 5 to the own statement and 2 to all others."""
        rows = [
            (f"r{who}", None if customers is None else customers[who], item, 5.0 if name == kind else 2.0)
            for who, kind in enumerate(kinds)
            for name, item in self.ITEMS.items()
        ]
        told = pd.DataFrame(rows, columns=["response_id", "customer_id", "item", "score"])
        told = told.assign(answered_at=pd.Timestamp("2026-01-01"), kind="perceived")
        told["customer_id"] = told["customer_id"].astype("string")
        items = pd.DataFrame({"item": list(self.ITEMS.values()), "construct": "attitudes"})
        return survey_of(Answers(told, items.assign(scale_min=1.0, scale_max=5.0, wording="?"), []))

    def test_shares_by_hand_with_wilson_s_interval(self):
        kinds = pd.Series(["venturer"] * 30 + ["laggard"] * 10 + ["venturer"] * 6 + ["laggard"] * 34)
        table = by_region(kinds, pd.Series(["east"] * 40 + ["west"] * 40)).set_index(["region", "attitude"])
        assert table["share"].tolist() == [0.75, 0.25, 0.15, 0.85]
        assert table["verdict"].tolist() == ["up", "down", "down", "up"]
        low, high = wilson(30, 40, 0.9)
        assert table.loc[("east", "venturer"), ["share_low", "share_high"]].tolist() == pytest.approx([low, high])
        assert table["n"].tolist() == [40] * 4

    def test_small_cells_are_left_out_with_those_that_would_tell_them(self):
        kinds = pd.Series(["venturer"] * 38 + ["laggard"] * 2 + ["venturer"] * 30 + ["laggard"] * 20)
        region = pd.Series(["east"] * 40 + ["west"] * 50)
        table = by_region(kinds, region, least=5).set_index(["region", "attitude"])
        assert table["share"].isna().all() and table["customers"].isna().all()
        assert by_region(kinds, region, least=1)["share"].notna().all()
        few = pd.concat([region, pd.Series(["north"] * 29)], ignore_index=True)
        more = pd.concat([kinds, pd.Series(["laggard"] * 29)], ignore_index=True)
        assert "north" not in by_region(more, few)["region"].tolist()
        with pytest.raises(UserError, match="No region has 30 respondents"):
            by_region(kinds.head(20), region.head(20))

    def test_two_statements_in_the_first_place_make_no_kind(self):
        answers = pd.DataFrame({"a": [5.0, 5.0, np.nan], "b": [1.0, 5.0, 2.0]})
        assert attitudes_of(answers, {"venturer": "a", "laggard": "b"}).isna().tolist() == [False, True, True]
        for items, told in (
            ({"dreamer": "a"}, "'dreamer' is no attitude"),
            ({"laggard": "c"}, "answered the item 'c'"),
        ):
            with pytest.raises(UserError, match=told):
                attitudes_of(answers, items)

    def test_what_the_page_says(self):
        settings = changed(offer={"attitudes": self.ITEMS})
        ids = [f"c{who}" for who in range(100)]
        people = pd.DataFrame({"customer_id": ids, "region": ["east"] * 50 + ["west"] * 50})
        kinds = ["venturer"] * 40 + ["laggard"] * 10 + ["venturer"] * 10 + ["laggard"] * 40
        told = tell_attitudes(self.survey(kinds, ids), people, settings)
        assert told.verdict == "differ" and told.facts["n"] == 100 and told.facts["untold"] == 0
        assert (told.facts["share"].value, told.facts["others"]) in [(0.8, 0.2), (0.2, 0.8)]
        alike = tell_attitudes(self.survey(["venturer", "laggard"] * 50, ids), people, settings)
        assert alike.verdict == "alike" and "region" not in alike.facts
        for absent in (None, people[["customer_id"]]):
            assert tell_attitudes(self.survey(kinds, ids), absent, settings).verdict == NOT_SUPPLIED
        assert tell_attitudes(self.survey(kinds, ids), people, changed()).verdict == NOT_SUPPLIED

    def test_the_planted_region_is_found_and_no_other_where_there_is_none(self):
        """2,000 respondents in seven regions: of 20 shops without an effect at most four claim one (level .9)."""
        rng = np.random.default_rng(4)
        names, chances = list(REGIONS), np.array(list(REGIONS.values()))
        claims = 0
        for effects in [True] + [False] * 20:
            region = pd.Series(rng.choice(names, 2000, p=chances / chances.sum()))
            shares = {name: list(shares_in(name, effects).values()) for name in names}
            kinds = pd.Series([rng.choice([kind.value for kind in Attitude], p=shares[name]) for name in region])
            clear = by_region(kinds, region).query("verdict != 'unclear'")
            if effects:
                assert set(clear["region"]) >= {"London"}
                assert clear[clear["attitude"] == "venturer"].set_index("region").loc["London", "verdict"] == "up"
            else:
                claims += len(clear) > 0
        assert claims <= 4
