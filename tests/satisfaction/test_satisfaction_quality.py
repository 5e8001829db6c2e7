"""Quality of service by five factors and 26 key factors, and sayings beside the firm's own figures."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bought import purchases_on
from places import ROOT
from regulars import satisfaction
from regulars.finding import NOT_SUPPLIED, Finding
from regulars.labels import KeyFactor, Saying, ServiceFactor
from regulars.pages.declared import writer_of
from regulars.satisfaction import own_figures, services_that_mend
from regulars.satisfaction.folk import tell_folk
from regulars.satisfaction.methods.importance import factors_of
from regulars.satisfaction.survey.quality import importance_and_performance, scores_of_factors, tell_quality
from regulars.settings import stage_settings
from regulars.statistics.intervals import Estimate, share
from regulars.statistics.slope import robust_slope
from regulars.told import Report
from satisfaction_page import ABOUT

SETTINGS = stage_settings("satisfaction")
DAY = pd.Timestamp("2025-06-01")
ASKED = pd.read_csv(ROOT / "docs/sources/service_items.csv")


def said(found: Finding) -> str:
    """What the page says of a finding: a fact that no sentence uses, or a verdict without words, is an error."""
    writer = writer_of(Report("satisfaction", ABOUT).told.page, "en")
    writer.tell(found.key, found)
    return " ".join(str(block.get(name, "")) for block in writer.blocks for name in ("title", "text", "caption"))


def survey_of(scores: dict[str, np.ndarray], constructs: dict[str, str]):
    """A survey of items from 0 to 100, one answer of each respondent."""
    n = len(next(iter(scores.values())))
    ids = [f"c{k:03d}" for k in range(n)]
    who = pd.DataFrame({"response_id": ids, "customer_id": ids, "answered_at": DAY, "wave": "1", "kind": "perceived"})
    told = [who.assign(item=item, score=np.asarray(values, float)) for item, values in scores.items()]
    items = pd.DataFrame({"item": list(scores), "construct": [constructs.get(one, one) for one in scores],
                          "scale_min": 0.0, "scale_max": 100.0, "wording": "?"})  # fmt: skip
    return satisfaction.survey_of(satisfaction.sound_answers(pd.concat(told), items))


# ---- quality of service ----------------------------------------------------------------------------------------


def test_the_questions_to_be_asked_are_the_26_key_factors_of_the_five_factors():
    assert ASKED["item"].str.removeprefix("key_").tolist() == [factor.value for factor in KeyFactor]
    assert len(ASKED) == 26 and set(ASKED["construct"]) == {factor.value for factor in ServiceFactor}
    assert not ASKED["wording"].duplicated().any() and (ASKED[["scale_min", "scale_max"]] == [1, 10]).all(axis=None)


def test_what_matters_and_falls_behind_is_found_and_a_factor_is_the_mean_of_its_items():
    rng, n = np.random.default_rng(5), 400
    waits, manners, choice = (rng.normal(mean, 10, n).clip(0, 100) for mean in (40, 80, 60))
    satisfied = (20 + 0.6 * waits + 0.2 * manners + rng.normal(0, 5, n)).clip(0, 100)
    scores = {"key_no_long_waits": waits, "key_polite_manners": manners, "key_complete_choice": choice,
              "ease": 0.5 * waits, "key_polite_manners_importance": np.full(n, 30.0),
              "calm_importance": np.full(n, 70.0), "sat": satisfied}  # fmt: skip
    constructs = {"key_no_long_waits": "calm", "ease": "calm", "key_polite_manners": "warmth", "sat": "satisfaction",
                  "key_complete_choice": "promise", "key_polite_manners_importance": "importance",
                  "calm_importance": "importance"}  # fmt: skip
    survey = survey_of(scores, constructs)
    told = tell_quality(survey, SETTINGS)
    assert told.verdict == "mend" and told.facts["factor"] == KeyFactor.NO_LONG_WAITS
    keys = told.frames["keys"].set_index("factor")
    assert keys["place"].to_dict() == {"no_long_waits": "mend", "polite_manners": "keep", "complete_choice": "open"}
    other = robust_slope(waits, scores["sat"])
    assert keys.loc["no_long_waits", "effect"] == pytest.approx(other.value) and other.low < 0.6 < other.high
    assert keys.loc["polite_manners", "stated"] == 30 and np.isnan(keys.loc["no_long_waits", "stated"])
    factors = told.frames["factors"].set_index("factor")
    assert set(factors.index) == {"calm", "warmth", "promise"} and factors.loc["calm", "stated"] == 70
    assert factors.loc["calm", "performance"] == pytest.approx(np.mean((waits + 0.5 * waits) / 2))
    assert scores_of_factors(survey)["factors"]["calm"].notna().all() and told.remarks == []
    assert "“No long waits” matters" in said(told)
    assert factors_of(survey.items, SETTINGS) == ["calm"]  # two items; how important a thing is called explains nothing


def test_factors_that_do_not_matter_are_not_to_be_mended():
    rng, claims = np.random.default_rng(8), 0
    names = [factor.value for factor in list(KeyFactor)[:12]]
    for _ in range(15):
        scores = pd.DataFrame({name: rng.normal(rng.uniform(40, 80), 10, 120) for name in names})
        table = importance_and_performance(scores, pd.Series(rng.uniform(0, 100, 120)), pd.DataFrame())
        claims += (table["place"] == "mend").any()
    assert claims <= 2  # at most a twentieth in the long run
    scores = {f"key_{name}": rng.normal(60, 10, 120).clip(0, 100) for name in names}
    found = tell_quality(survey_of(scores | {"sat": rng.uniform(0, 100, 120)}, {"sat": "satisfaction"}), SETTINGS)
    assert "No part of the service" in said(found) and [remark.code for remark in found.remarks] == ["unstated"]


def test_few_answers_and_no_question_are_said():
    few = tell_quality(survey_of({"key_calm": [1.0] * 9, "key_dignity": [50.0] * 9, "sat": [5.0] * 9}, {}), SETTINGS)
    assert few.verdict == "few" and "none has 30 answers" in said(few)
    none = tell_quality(survey_of({"sat": [5.0] * 40}, {"sat": "satisfaction"}), SETTINGS)
    assert none.verdict == NOT_SUPPLIED and none.facts == {}


# ---- sayings ---------------------------------------------------------------------------------------------------


def test_how_many_good_services_mend_a_bad_one():
    # satisfaction is 60 − 24 for each bad and + 2 for each good case, and an error that the design does not see
    bad, good = np.tile([0, 0, 1, 1, 0, 2], 40), np.tile([0, 3, 0, 3, 1, 1], 40)
    error = np.repeat([1.0, -1.0], 120)
    answered = pd.DataFrame({"customer_id": [f"c{k}" for k in range(240)], "answered_at": DAY,
                             "satisfaction": 60 - 24.0 * bad + 2 * good + error})  # fmt: skip
    ends = ("not_satisfied", bad), ("resolved", good)
    rows = [(f"c{k}", ending) for ending, times in ends for k in range(240) for _ in range(times[k])]
    tickets = pd.DataFrame(rows, columns=["customer_id", "outcome"]).assign(resolved_at=DAY - pd.Timedelta(days=9))
    later = tickets.assign(resolved_at=DAY + pd.Timedelta(days=9))  # what came after the answer is not known in it
    told = services_that_mend(answered, pd.concat([tickets, later]), 180)
    assert told.value == pytest.approx(12) and told.low < 12 < told.high < 13 and told.n == 240
    flat = answered.assign(satisfaction=60 + error)
    assert np.isnan(services_that_mend(flat, tickets, 180).value)
    assert np.isnan(services_that_mend(answered, None, 180).value)


def test_fieller_holds_the_truth():
    rng, hits, runs = np.random.default_rng(3), 0, 80
    for _ in range(runs):
        bad, good = rng.poisson(0.5, 300), rng.poisson(1.0, 300)
        who = np.array([f"c{k}" for k in range(300)])
        answered = pd.DataFrame({"customer_id": who, "answered_at": DAY,
                                 "satisfaction": 60 - 12.0 * bad + 4 * good + rng.normal(0, 10, 300)})  # fmt: skip
        tickets = pd.DataFrame({"customer_id": np.concatenate([np.repeat(who, bad), np.repeat(who, good)]),
                                "outcome": ["not_satisfied"] * bad.sum() + ["resolved"] * good.sum(),
                                "resolved_at": DAY})  # fmt: skip
        told = services_that_mend(answered, tickets, 180)
        hits += told.low <= 3 <= told.high
    assert 0.82 <= hits / runs <= 0.96


def test_own_figures_by_hand():
    days = [("a", "2025-01-01"), ("a", "2025-02-01"), ("a", "2025-03-01"), ("b", "2025-01-01"), ("c", "2025-01-01"),
            ("c", "2025-07-01"), ("d", "2025-01-01")]  # fmt: skip
    loyalty = SimpleNamespace(now=pd.DataFrame({"loyalty_type": ["true", "true", "none"]}, index=list("abc")))
    followed = pd.DataFrame({"satisfaction": [20.0, 30, 90, 40], "answered_at": DAY}, index=list("bcda"))
    told = own_figures(loyalty, followed, purchases_on(days), "2026-06-30", below=50)
    assert told[Saying.LOYAL].value == 1.0 and told[Saying.LOYAL].n == 2  # two repeat orders of a, none of b
    assert told[Saying.GONE] == share(2, 3)  # of a, b, c only c has ordered since; d is satisfied


def test_sayings_stand_beside_own_figures_with_what_is_missing():
    own = {Saying.LOYAL: Estimate(14.0, 12.0, 16.0, 90), Saying.GONE: share(4, 5)}
    told = tell_folk(own, Estimate(4.5, 3.9, 5.1, 3), Estimate(float("nan"), n=200), won=400, settings=SETTINGS)
    table = told.frames["sayings"]
    assert table[["saying", "said", "own", "n", "beside"]].to_numpy().tolist() == [
        ["loyal", 10.0, 14.0, 90, "above"], ["dearer", 60.0, 4.5, 400, "below"],
    ]  # fmt: skip
    assert [remark.code for remark in told.remarks] == ["untold_mend", "untold_gone"]
    assert "our figures can judge 2; not borne out: 2" in said(told)
    # a lifetime is not over, and who has not ordered since may yet: neither is judged
    own = {Saying.LOYAL: Estimate(4.0, 3.0, 5.0, 90), Saying.GONE: share(40, 90)}
    nothing = Estimate(float("nan"))
    told = tell_folk(own, nothing, nothing, won=0, settings=SETTINGS)
    assert told.frames["sayings"]["beside"].tolist() == ["other", "other"] and told.facts["judged"] == 0
    none = tell_folk({}, nothing, nothing, won=0, settings=SETTINGS)
    assert none.verdict == "few" and len(none.remarks) == 4 and said(none)
