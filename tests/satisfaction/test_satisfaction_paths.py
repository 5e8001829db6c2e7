"""PLS path model, satisfaction index and drivers: published numbers, bad input, and intervals that hold the truth."""

import warnings

import numpy as np
import pandas as pd
import pytest

import ecsi_mobi
from memory_dataset import ECONOMICS
from places import SHARED_DATA
from regulars import satisfaction
from regulars.errors import UserError
from regulars.finding import Finding, Refusal
from regulars.satisfaction import satisfaction_index
from regulars.satisfaction.index import path_model, pls, survey_model
from regulars.satisfaction.index.drivers import lmg_shares
from regulars.satisfaction.index.pls import path_model_of
from regulars.satisfaction.index.told import SURE, tell_levers, tell_measured, tell_satisfied, tell_why
from regulars.satisfaction.index.worth import ValueLost
from regulars.satisfaction.screen import first_screen, to_do
from regulars.satisfaction.survey.answers import Answers
from regulars.satisfaction.survey.indices import by_group
from regulars.satisfaction.survey.waves import tell_waves, wave_changes
from regulars.settings import stage_settings
from regulars.statistics.intervals import Estimate, wilson

MOBI = SHARED_DATA / "ecsi_mobi" / "mobi.csv"
# SmartPLS 2.0.M3, centroid scheme, standardised
PATHS = {
    ("Image", "Expectation"): 0.50470564,
    ("Image", "Satisfaction"): 0.17883348,
    ("Image", "Loyalty"): 0.19535971,
    ("Expectation", "Quality"): 0.55724786,
    ("Expectation", "Value"): 0.05078755,
    ("Expectation", "Satisfaction"): 0.06442534,
    ("Quality", "Value"): 0.55721686,
    ("Quality", "Satisfaction"): 0.51254524,
    ("Value", "Satisfaction"): 0.19181566,
    ("Satisfaction", "Complaints"): 0.52609731,
    ("Satisfaction", "Loyalty"): 0.48347472,
    ("Complaints", "Loyalty"): 0.07123241,
}
R_SQUARED = {
    "Expectation": 0.254728, "Quality": 0.310525, "Value": 0.344610, "Satisfaction": 0.680281, "Complaints": 0.276778,
    "Loyalty": 0.457286,
}  # fmt: skip


@pytest.fixture(scope="module")
def mobi() -> pd.DataFrame:
    if not MOBI.exists():
        pytest.skip("the ECSI survey is not beside the project")
    return pd.read_csv(MOBI)


@pytest.fixture(scope="module")
def correlations() -> pd.DataFrame:
    return ecsi_mobi.correlations()


def scale(items, low=1, high=10) -> pd.DataFrame:
    return pd.DataFrame({"item": list(items), "scale_min": low, "scale_max": high})


# ---- published numbers ------------------------------------------------------------------------------------------


def published(told):
    assert told.paths.to_dict() == pytest.approx(PATHS, abs=1e-7)
    weights = told.weights["Satisfaction"].tolist()
    assert weights == pytest.approx([0.37718684, 0.38156707, 0.44105872], abs=1e-7)
    assert told.r_squared.to_dict() == pytest.approx(R_SQUARED, abs=5e-7)
    assert told.total_effects["Image", "Loyalty"] == pytest.approx(0.39877911, abs=1e-7)


def test_the_published_path_model_from_correlations_alone(correlations):
    published(path_model_of(correlations, ecsi_mobi.MODEL))


def test_the_published_path_model_from_the_answers(mobi, correlations):
    told = path_model(mobi.assign(unused="text"), ecsi_mobi.MODEL)
    published(told)
    assert mobi.corr().to_numpy() == pytest.approx(correlations.to_numpy(), abs=1e-10)
    assert told.scores.mean().to_numpy() == pytest.approx(np.zeros(7), abs=1e-12)
    assert told.scores.std(ddof=0).to_numpy() == pytest.approx(np.ones(7))
    assert told.scores.corr().to_numpy() == pytest.approx(told.construct_correlations.to_numpy())
    assert told.n == 250 and told.scores.index.equals(mobi.index)


@pytest.mark.parametrize(
    ("scheme", "first", "last"), [("factorial", 0.50494314, 0.48305917), ("path", 0.50491393, 0.48547762)]
)
def test_the_other_schemes(correlations, scheme, first, last):
    told = path_model_of(correlations, ecsi_mobi.MODEL, scheme).paths
    assert [told["Image", "Expectation"], told["Satisfaction", "Loyalty"]] == pytest.approx([first, last], abs=1e-7)


def test_index_and_weighting_rule_on_the_published_survey(mobi):
    ends, name = scale(mobi), "Satisfaction"
    told = satisfaction_index(mobi, ecsi_mobi.MODEL, ends, name, draws=20)
    shares = told.weights[told.weights["construct"] == name]["share"]
    assert shares.tolist() == pytest.approx([0.394838, 0.279144, 0.326018], abs=5e-7)
    assert told.value.value == pytest.approx(72.54280230, abs=1e-7) and told.value.n == 250
    equal = satisfaction_index(mobi, ecsi_mobi.MODEL, ends, name, draws=20, weighting="equal")
    assert equal.value.value == pytest.approx(71.97037037, abs=1e-7) and told.equal == pytest.approx(equal.value.value)


def test_importance_and_performance_on_the_published_survey(mobi):
    told = satisfaction_index(mobi, ecsi_mobi.MODEL, scale(mobi), "Satisfaction", scheme="path", draws=100)
    rows = told.effects.set_index("driver")
    want = {
        "Quality": (0.6398, 74.98),
        "Expectation": (0.4323, 72.47),
        "Image": (0.4147, 73.53),
        "Value": (0.1383, 62.35),
    }
    for name, (effect, level) in want.items():
        assert rows.loc[name, "effect"] == pytest.approx(effect, abs=5e-5)
        assert rows.loc[name, "performance"] == pytest.approx(level, abs=5e-3)
    assert rows["rank_first"].sum() == pytest.approx(1) and told.effects["driver"].iloc[0] == "Quality"
    assert rows["share"].sum() == pytest.approx(told.model.r_squared["Satisfaction"], abs=1e-6)


def test_published_shares_of_explained_variance(mobi, correlations):
    names = ["PERQ1", "PERV1", "IMAG1", "CUEX1"]
    told = lmg_shares(mobi["CUSA1"], mobi[names])
    assert told.tolist() == pytest.approx([0.234500, 0.041317, 0.096895, 0.043284], abs=5e-7)
    assert told.sum() == pytest.approx(0.415996, abs=5e-7)
    with_y = correlations.loc[["CUSA1", *names], ["CUSA1", *names]].to_numpy()
    slopes = np.linalg.solve(with_y[1:, 1:], with_y[1:, 0])
    assert told.sum() == pytest.approx(slopes @ with_y[1:, 0], abs=1e-9)


# ---- what must hold of any path model ---------------------------------------------------------------------------


def drawn(n=300, seed=0, effect=0.6, load=0.8):
    """Answers on 1 to 10 from a quality that moves satisfaction, and an image that does not."""
    rng = np.random.default_rng(seed)
    quality, image = rng.normal(size=(2, n))
    satisfied = effect * quality + np.sqrt(1 - effect**2) * rng.normal(size=n)
    columns = {}
    for name, source in (("q", quality), ("i", image), ("s", satisfied)):
        for item in range(3):
            noise = rng.normal(size=n)
            columns[f"{name}{item}"] = np.clip(np.round(6 + 1.7 * (load * source + 0.6 * noise)), 1, 10)
    return pd.DataFrame(columns)


MODEL = {
    "constructs": {n: [f"{n[0]}{k}" for k in range(3)] for n in ("quality", "image", "satisfaction")},
    "paths": [["quality", "satisfaction"], ["image", "satisfaction"]],
}


@pytest.mark.parametrize("scheme", pls.SCHEMES)
@pytest.mark.parametrize("modes", [{}, {"quality": "B", "satisfaction": "B"}])
def test_weights_stand_still_in_every_mode_and_scheme(scheme, modes):
    """The estimate is a fixed point of the algorithm, written out once more in scores instead of covariances."""
    answers = drawn()
    told = path_model(answers, MODEL | {"modes": modes}, scheme)
    z = (answers - answers.mean()) / answers.std(ddof=0)
    scores = told.scores
    joined = {"quality": ["satisfaction"], "image": ["satisfaction"], "satisfaction": ["quality", "image"]}
    for name, others in joined.items():
        r = scores.corr().loc[others, name]
        inner = {"centroid": np.sign(r), "factorial": r, "path": r}[scheme]
        if scheme == "path" and name == "satisfaction":
            inner = pd.Series(np.linalg.lstsq(scores[others], scores[name], rcond=None)[0], others)
        proxy = scores[others] @ inner
        items = MODEL["constructs"][name]
        new = z[items].T @ proxy
        if modes.get(name) == "B":
            new = pd.Series(np.linalg.lstsq(z[items], proxy, rcond=None)[0], items)
        ours = told.weights[name]
        assert (new / np.linalg.norm(new)).to_numpy() == pytest.approx(ours / np.linalg.norm(ours), abs=1e-7)


def test_mode_b_explains_most_of_all_weights():
    """Two blocks, both of mode B: the first canonical correlation."""
    answers = drawn()
    model = {"constructs": {n: MODEL["constructs"][n] for n in ("quality", "satisfaction")},
             "paths": [["quality", "satisfaction"]], "modes": {"quality": "B", "satisfaction": "B"}}  # fmt: skip
    r = answers.corr().to_numpy()
    q, s = r[:3, :3], r[6:, 6:]
    canonical = np.linalg.eigvals(np.linalg.solve(q, r[:3, 6:]) @ np.linalg.solve(s, r[6:, :3])).real.max() ** 0.5
    assert path_model(answers, model).paths.iloc[0] == pytest.approx(canonical, abs=1e-8)


def test_quality_of_measurement_by_hand(correlations):
    told = path_model_of(correlations, ecsi_mobi.MODEL)
    loadings = told.loadings["Value"]
    assert told.ave["Value"] == pytest.approx((loadings**2).mean())
    assert told.composite_reliability["Value"] == pytest.approx(
        loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())
    )
    r = correlations.loc["PERV1", "PERV2"]
    assert told.alpha["Value"] == pytest.approx(2 * r / (1 + r)) and np.isnan(told.alpha["Complaints"])
    between = correlations.loc[["PERV1", "PERV2"], ["CUSA1", "CUSA2", "CUSA3"]].to_numpy().mean()
    among = correlations.loc[["CUSA1", "CUSA2", "CUSA3"], ["CUSA1", "CUSA2", "CUSA3"]].to_numpy()
    own = (among.sum() - 3) / 6
    assert told.htmt.loc["Value", "Satisfaction"] == pytest.approx(between / np.sqrt(r * own))
    assert told.communalities["Value"].tolist() == pytest.approx((loadings**2).tolist())


def test_centring_only_keeps_the_scale_of_the_items():
    answers = drawn() * np.array([1, 1, 1, 1, 1, 1, 1, 1, 5.0])
    told = path_model(answers, MODEL, standardise=False)
    centred = answers - answers.mean()
    ours = centred[["s0", "s1", "s2"]] @ told.weights["satisfaction"]
    assert told.scores["satisfaction"].to_numpy() == pytest.approx(ours.to_numpy())
    assert ours.std(ddof=0) == pytest.approx(1)
    assert path_model(answers, MODEL).paths.tolist() == pytest.approx(path_model(drawn(), MODEL).paths.tolist())


def test_what_others_rely_on():
    """The promises of `path_model`: defaults, what is ignored, and how each result is indexed."""
    import inspect

    parameters = inspect.signature(path_model).parameters
    assert list(parameters) == ["answers", "model", "scheme", "standardise"]
    assert (parameters["scheme"].default, parameters["standardise"].default) == ("centroid", True)
    answers = drawn()
    told = path_model(answers, MODEL)
    for modes in ({}, None, {"quality": "A"}, dict.fromkeys(MODEL["constructs"], "A")):
        same = path_model(answers.assign(comment="none", other=np.nan), {**MODEL, "modes": modes})
        assert same.paths.equals(told.paths)
        assert same.scores.equals(told.scores)
    assert told.paths.index.names == ["source", "target"]
    assert sorted(told.paths.index) == [("image", "satisfaction"), ("quality", "satisfaction")]
    assert told.weights.index.names == ["construct", "item"]
    assert set(told.weights.index) == {(name, item) for name, items in MODEL["constructs"].items() for item in items}
    assert list(told.r_squared.index) == ["satisfaction"]
    assert told.total_effects.index.names == ["source", "target"]
    assert told.total_effects["quality", "satisfaction"] == pytest.approx(told.paths["quality", "satisfaction"])
    assert list(told.scores) == ["quality", "image", "satisfaction"]
    assert told.scores.index.equals(answers.index)


def test_missing_answers_stay_missing_and_the_model_stands():
    full = drawn(3000)
    rng = np.random.default_rng(4)
    gaps = full.mask(rng.random(full.shape) < 0.2)
    gaps.iloc[0] = np.nan
    told = path_model(gaps, MODEL)
    whole, names = path_model(full, MODEL), ["quality", "satisfaction"]  # the weights of what has no effect are noise
    assert told.paths[tuple(names)] == pytest.approx(whole.paths[tuple(names)], abs=0.02)
    assert told.loadings[names].tolist() == pytest.approx(whole.loadings[names].tolist(), abs=0.02)
    assert told.n == 2999 and told.scores.iloc[0].isna().all() and len(told.scores) == 3000


def test_turning_every_item_of_a_construct_round_turns_it_round():
    answers = drawn()
    turned = answers.assign(**{f"q{k}": 11 - answers[f"q{k}"] for k in range(3)})
    ours, other = path_model(answers, MODEL), path_model(turned, MODEL)
    assert other.paths["quality", "satisfaction"] == pytest.approx(-ours.paths["quality", "satisfaction"])
    assert (other.loadings["quality"] > 0).all()


# ---- the index --------------------------------------------------------------------------------------------------


def test_the_ends_of_the_scale_are_0_and_100():
    answers = drawn(60)
    for value, want, change in ((1.0, 0.0, "down"), (10.0, 100.0, "up")):
        wave = pd.DataFrame(value, index=answers.index, columns=answers.columns)
        both = pd.concat({"1": answers, "2": wave}, names=["wave", "respondent"]).swaplevel()
        told = satisfaction_index(both, MODEL, scale(answers), draws=10)
        assert told.value.value == pytest.approx(want) and told.verdict == change


def test_negative_weights_are_warned_of():
    answers = drawn()
    answers["s2"] = 11 - answers["s2"]
    with pytest.warns(UserWarning, match="'s2' has a negative weight .* index is not interpretable"):
        told = satisfaction_index(answers, MODEL, scale(answers), draws=20)
    assert not told.is_interpretable and "negative_weight" in [code for code, _ in told.remarks]


def bad(**changes):
    return {**MODEL, **changes}


@pytest.mark.parametrize(
    ("answers", "model", "sentence"),
    [
        (drawn().assign(q1=7.0), MODEL, "Everybody answered 7 to item 'q1'"),
        (drawn().head(1), MODEL, "1 respondent answered"),
        (drawn().assign(q1=np.where(np.arange(300) % 20, np.nan, 3)), MODEL, "'q1' was answered by 15 of 300"),
        (drawn().assign(q1="seven"), MODEL, "answers to item 'q1' are not numbers"),
        (drawn().drop(columns="s1"), MODEL, "names item 's1', which is not in the answers"),
        (drawn(), bad(paths=[*MODEL["paths"], ["satisfaction", "image"]]), r"circle \(image -> satis.* -> image\)"),
        (drawn(), bad(paths=[["quality", "satisfaction"], ["price", "satisfaction"]]), "'price', which is no con"),
        (drawn(), bad(paths=[["quality", "satisfaction"]]), "'image' has no arrow"),
        (drawn(), bad(modes={"quality": "C"}), "mode of 'quality' is 'C'"),
        (drawn(), bad(constructs={**MODEL["constructs"], "image": []}), "'image' has no item"),
        (drawn(), bad(constructs={**MODEL["constructs"], "image": ["q0"]}), "gives item 'q0' to"),
        (drawn().assign(q1=lambda t: t["q0"]), bad(modes={"quality": "B"}), "'q0' and 'q1'"),
        (drawn(), {"constructs": {}}, "needs constructs"),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_is_said_in_one_sentence(answers, model, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        path_model(answers, model)
    assert "\n" not in str(caught.value)


def test_what_can_be_fitted_is_fitted_with_a_remark():
    answers = drawn().assign(q1=lambda t: t["q0"])
    told = path_model(answers, bad(constructs={**MODEL["constructs"], "image": ["i0"]}))
    assert {code for code, _ in told.remarks} == {"collinear", "single_item"}
    assert told.ave["image"] == pytest.approx(1) and np.isfinite(told.paths).all()
    with pytest.raises(UserError, match="unknown: name one of centroid"):
        path_model(answers, MODEL, "best")
    with pytest.raises(UserError, match="outside its scale"):
        satisfaction_index(drawn(), MODEL, scale(drawn(), high=5))


def test_a_survey_gives_its_items_to_the_model_that_the_library_brings():
    items = pd.DataFrame({"item": ["q1", "s1", "v1"], "construct": ["quality", "satisfaction", "value"]})
    model = survey_model("ecsi", items)
    assert model["constructs"] == {"quality": ["q1"], "value": ["v1"], "satisfaction": ["s1"]}
    assert model["paths"] == [["quality", "value"], ["quality", "satisfaction"], ["value", "satisfaction"]]
    own = {"constructs": {"value": ["v1"], "satisfaction": []}, "paths": [["value", "satisfaction"]]}
    assert survey_model(own, items)["constructs"] == {"value": ["v1"], "satisfaction": ["s1"]}
    with pytest.raises(UserError, match="'v9' to 'value', which is not in survey_items"):
        survey_model({**own, "constructs": {"value": ["v9"]}}, items)
    with pytest.raises(UserError, match="give ecsi, or constructs and paths"):
        survey_model("acsi2", items)


# ---- what the page tells ----------------------------------------------------------------------------------------


def survey(answers: pd.DataFrame, waves: pd.Series | str = "2026"):
    """The tables of a survey, from respondents × items."""
    long = answers.assign(wave=waves, response_id=[f"r{k}" for k in range(len(answers))]).melt(
        id_vars=["response_id", "wave"], var_name="item", value_name="score"
    )
    long = long.assign(customer_id=long["response_id"], kind="perceived", answered_at=pd.Timestamp("2026-01-01"))
    names = {"q": "quality", "i": "image", "s": "satisfaction"}
    items = scale(answers).assign(construct=[names[item[0]] for item in answers], wording=[f"{i}?" for i in answers])
    return long.dropna(subset="score"), items


def taken(answers: pd.DataFrame, waves: pd.Series | str = "2026"):
    """The survey of respondents × items, brought into shape."""
    return satisfaction.survey_of(Answers(*survey(answers, waves), []))


def settings(draws: int):
    return stage_settings("satisfaction", changes={"draws": draws})


def worth_of(point: Estimate) -> ValueLost:
    """What dissatisfaction costs, of which only the value of a point counts here."""
    return ValueLost(**dict.fromkeys(ValueLost._fields))._replace(point_value=point)


def test_the_page_names_the_driver_that_is_there_and_the_change_that_came():
    answers = drawn(400).drop(columns=["i0", "i1", "i2"])
    waves = pd.Series(np.where(np.arange(400) < 200, "1", "2"))
    answers.loc[200:, ["q0", "s0", "s1", "s2"]] = answers.loc[200:, ["q0", "s0", "s1", "s2"]].sub(2).clip(lower=1)
    asked = settings(60)
    index = satisfaction.measure_index(taken(answers, waves), asked)
    satisfied, why, measured = (tell(index) for tell in (tell_satisfied, tell_why, tell_measured))
    assert satisfied.verdict == "told" and index.verdict == "down"
    assert why.facts["driver"] == "quality" and why.facts["question"] == "q0?"
    assert why.verdict == "clear" and measured.verdict == "sound"
    assert measured.frames["weights"]["construct"].iloc[0] == "satisfaction"
    levers = tell_levers(index, worth_of(Estimate(900.0, 500.0, 1300.0, 50)), ECONOMICS, asked)
    first = levers.frames["map"].iloc[0]
    effect = index.effects.set_index("driver").loc["quality", "effect"]
    assert first["driver"] == "quality" and first["worth"] == pytest.approx(900 * effect)
    assert first["worth_low"] < first["worth"] < first["worth_high"] and levers.verdict == "told"
    nothing = worth_of(Estimate(900.0, -50.0, 1850.0, 50))
    told = tell_levers(index, nothing, ECONOMICS, asked)
    assert told.verdict == "noise" and told.facts["positive"] == pytest.approx(
        0.9404, abs=1e-4
    )  # z = 900 / (950 / 1.645)
    lost = tell_levers(index, worth_of(Estimate(-900.0, -1300.0, -500.0, 50)), ECONOMICS, asked)
    assert lost.facts["driver"] == "quality" and lost.facts["chance"] == told.facts["chance"] == why.facts["chance"]
    last = lost.frames["map"].iloc[0]
    assert last["left_low"] < last["left"] == pytest.approx(last["worth"] * (100 - last["performance"]))
    short = Finding("asked", {"worst": why.facts["question"], "short": Estimate(0.5, 0.4, 0.6, 50)})
    done = [[one.key for one in to_do(why, gap, Finding("few"), Finding("few"), cases=Finding("few"))]
            for gap in (short, Finding("asked", short.facts | {"worst": "p0?"}))]  # fmt: skip
    assert done == [["first"], ["driver", "gap"]]
    assert tell_levers(index, Refusal("too few."), ECONOMICS, asked).facts == {"why": "too few."}


def opened(waves, why, **more):
    """The first screen of a page that tells no more than of the index."""
    nothing = Finding("unusable")
    given = {"cases": nothing, "loyalty": nothing, "again": Refusal("a sample."), "settings": settings(1)}
    return first_screen(waves, why, nothing, **given | more)


def test_waves_take_the_index_in_place_of_the_mean():
    answers = drawn(300)
    whole = taken(answers, pd.Series(np.where(np.arange(300) < 140, "1", "2")))
    index, plain = satisfaction.measure_index(whole, settings(30)), satisfaction.survey_waves(whole, settings(30))
    merged = satisfaction.with_index(plain, index)
    assert merged[merged["measure"] == "satisfaction"]["value"].tolist() == index.by_wave["value"].tolist()
    assert merged["measure"].tolist() == plain["measure"].tolist() and list(merged) == list(plain)
    screen = opened(merged, tell_why(index))
    assert screen.answer.facts["now"].value == index.value.value and screen.answer.verdict == index.verdict
    assert [tile.key for tile in screen.tiles] == ["satisfaction"], "nobody was asked for a recommendation"
    followed = opened(merged, tell_why(index), again=Estimate(0.5))
    assert [tile.key for tile in followed.tiles] == ["satisfaction", "second"], "nothing is told of what is at stake"


def test_a_wave_of_three_answers_is_no_news():
    answers = drawn(303)
    waves = pd.Series(np.repeat(["1", "2", "3"], [100, 200, 3]))
    all_three, two = taken(answers, waves), taken(answers.head(300), waves.head(300))
    index, without = (satisfaction.measure_index(one, settings(30)) for one in (all_three, two))
    performance = index.performance.set_index("construct")
    assert index.by_wave["enough"].tolist() == [True, True, False]
    assert (index.value.n, index.before.n) == (200, 100)
    assert index.value.value == pytest.approx(without.value.value, abs=0.5)  # weights are those of all answers
    assert performance.loc["satisfaction", "performance"] == pytest.approx(index.value.value)
    merged = satisfaction.with_index(satisfaction.survey_waves(all_three, settings(30)), index)
    told = tell_waves(merged, Estimate(0.5, 0.4, 0.6, 600), settings(30))
    assert told.facts["now"].value == index.value.value and told.frames["line"]["n"].tolist() == [100, 200]
    assert told.frames["table"]["satisfaction"].isna().tolist() == [True, False, False]  # the latest first
    assert told.frames["table"]["n"].tolist() == [3, 200, 100]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (drawn().assign(s1=5.0), "Everybody answered 5 to item 's1'"),
        (drawn().head(1), "1 respondent answered"),
        (drawn()[["q0", "i0"]], "the survey has image and quality; add questions of others"),
    ],
)
def test_what_cannot_be_measured_leaves_the_rest_of_the_page_standing(answers, why):
    whole = taken(answers)
    index = satisfaction.measure_index(whole, settings(10))
    assert why in index.why
    told = [tell(index) for tell in (tell_satisfied, tell_why, tell_measured)]
    assert all(one.verdict == "unusable" and why in one.facts["why"] for one in told)
    if "s0" in answers:
        waves = satisfaction.survey_waves(whole, settings(10))
        assert satisfaction.with_index(waves, index) is waves
        assert opened(waves, told[1]).answer.verdict == "unexplained"
        low = Estimate(-50.0, -52.0, -48.0, 90)
        facts = {"category": "late", "gap": low, "told": low, "others": low, "days": 180, "least": 30}
        by_cases = opened(waves, told[1], cases=Finding("lower", facts))
        assert (by_cases.answer.verdict, by_cases.answer.facts["category"]) == ("cases_lower", "late")
        done = to_do(told[1], Finding("not_asked"), Finding("few"), Finding("few"), cases=Finding("lower", facts))
        assert [(one.key, one.facts) for one in done] == [("case", {"category": "late", "gap": low})]
    assert to_do(told[1], Finding("not_asked"), Finding("few"), Finding("few"), cases=Finding("unclear")) == []


def test_a_question_that_runs_against_the_others_is_named():
    answers = drawn()
    answers["s2"] = 11 - answers["s2"]
    index = satisfaction.measure_index(taken(answers), settings(20))
    assert tell_satisfied(index).verdict == "negative" and tell_measured(index).facts["item"] == "s2?"


def test_the_arrows_that_a_survey_was_made_with_come_back():
    """Answers drawn as the simulated retailer's are, but by everybody; the error of the scores taken out by alpha."""
    from regulars.simulate import answers as made

    rng, n = np.random.default_rng(5), 8000
    constructs = rng.multivariate_normal(np.zeros(7), made.construct_correlations(), n)
    items = [item for item in made.ITEMS if item.construct in made.CONSTRUCTS]
    columns, model = {}, {"constructs": {name: [] for name in made.CONSTRUCTS}, "paths": list(made.PATHS)}
    for item in items:
        told = item.loading * constructs[:, made.CONSTRUCTS.index(item.construct)]
        score = item.mean + item.sd * (told + np.sqrt(1 - item.loading**2) * rng.normal(size=n))
        columns[item.item] = np.clip(np.round(score), *item.scale)
        model["constructs"][item.construct].append(item.item)
    fitted = path_model(pd.DataFrame(columns), model)
    scale_of_error = np.sqrt(np.outer(fitted.alpha, fitted.alpha))
    np.fill_diagonal(scale_of_error, 1.0)
    error_free = fitted.construct_correlations / scale_of_error
    for target in fitted.r_squared.index:
        sources = [source for source, at in made.PATHS if at == target]
        slopes = np.linalg.solve(error_free.loc[sources, sources], error_free.loc[sources, target])
        assert slopes == pytest.approx([made.PATHS[source, target] for source in sources], abs=0.05)


def test_the_simulated_retailer_shows_what_came_over_its_last_wave():
    from regulars.simulate import demo

    shop = demo(customers=1200, seed=4)
    surveys = shop["surveys"].rename(columns={"response_no": "response_id", "customer": "customer_id"})
    surveys["customer_id"] = surveys["customer_id"].str.strip().str.upper().replace("", None)
    surveys["score"] = pd.to_numeric(surveys["score"], errors="coerce")
    surveys["answered_at"] = pd.to_datetime(surveys["date"], errors="coerce")
    items = shop["survey_items"].astype({"scale_min": float, "scale_max": float})
    surveys = surveys[surveys["score"].between(0, 10) & surveys["item"].isin(items["item"])]
    index = satisfaction.measure_index(satisfaction.survey_of(Answers(surveys, items, [])), settings(40))
    assert shop["truth"]["surveys"]["waves"][-1]["quality_shift"] < 0
    assert tell_why(index).facts["driver"] == "quality" and index.change.value < 0


# ---- intervals that hold the truth ------------------------------------------------------------------------------


def coverage(runs, draws):
    """How often intervals of index, effect and share hold the value of a very large sample."""
    big = drawn(400_000, seed=999)
    ends = scale(big)
    truth = satisfaction_index(big, MODEL, ends, draws=2)
    share = lmg_shares(big["s0"], big[["q0", "i0"]])
    effect = truth.effects.set_index("driver")["effect"]
    hits = dict.fromkeys(("index", "effect", "share"), 0)
    for run in range(runs):
        sample = drawn(250, seed=run)
        told = satisfaction_index(sample, MODEL, ends, draws=draws, seed=run)
        hits["index"] += told.value.low <= truth.value.value <= told.value.high
        row = told.effects.set_index("driver").loc["quality"]
        hits["effect"] += row["effect_low"] <= effect["quality"] <= row["effect_high"]
        row = satisfaction.index.driver_shares(sample["s0"], sample[["q0", "i0"]], draws=draws, seed=run).set_index(
            "driver"
        )
        hits["share"] += row.loc["q0", "share_low"] <= share["q0"] <= row.loc["q0", "share_high"]
    return {name: count / runs for name, count in hits.items()}


def false_alarms(runs, draws):
    """How often two waves of the same population are called changed; a third of the customers answer both."""
    alarms = 0
    for run in range(runs):
        rows = drawn(300, seed=10_000 + run)
        rng = np.random.default_rng(run)
        again = np.clip(rows.iloc[:100] + rng.integers(-1, 2, (100, rows.shape[1])), 1, 10)
        first, second = rows.iloc[:200], pd.concat([again, rows.iloc[200:]])
        if rng.random() < 0.5:
            first, second = second, first
        both = pd.concat({"1": first, "2": second}, names=["wave", "respondent"]).swaplevel()
        alarms += satisfaction_index(both, MODEL, scale(rows), draws=draws, seed=run).verdict in ("up", "down")
    return alarms / runs


def test_intervals_hold_the_truth():
    assert all(0.8 <= share <= 0.98 for share in coverage(50, 60).values())


def test_two_waves_of_the_same_population_seldom_differ():
    assert false_alarms(50, 60) <= 0.2


@pytest.mark.full
def test_intervals_hold_the_truth_in_a_thousand_runs():
    found = coverage(1000, 200)
    assert all(0.87 <= share <= 0.93 for share in found.values()), found


@pytest.mark.full
def test_two_waves_of_the_same_population_seldom_differ_in_a_thousand_runs():
    assert false_alarms(1000, 200) <= 0.12


@pytest.mark.full
def test_the_interval_of_the_recommendation_score_holds_the_truth():
    scores, chances = np.arange(11), np.array([2, 1, 2, 3, 4, 7, 9, 17, 24, 17, 14]) / 100
    truth, hits = 100 * (chances[9:].sum() - chances[:7].sum()), 0
    rng = np.random.default_rng(8)
    for _ in range(1000):
        told = satisfaction.survey.nps(rng.choice(scores, 150, p=chances))
        hits += told.low <= truth <= told.high
    assert 0.87 <= hits / 1000 <= 0.93


@pytest.mark.full
def test_the_interval_of_a_share_holds_the_truth():
    """Shares of all sizes, of samples of all sizes: the bounds of a single one lie on a saw's teeth."""
    rng, hits = np.random.default_rng(9), 0
    for truth, n in zip(rng.uniform(0.02, 0.98, 1000), rng.integers(30, 500, 1000), strict=True):
        low, high = wilson(rng.binomial(n, truth), n)
        hits += low <= truth <= high
    assert 0.87 <= hits / 1000 <= 0.93


@pytest.mark.full
def test_waves_of_the_same_population_seldom_differ_in_any_measure():
    """Recommendation and top answers, which are compared as if others had answered each time."""
    rng, alarms = np.random.default_rng(10), np.zeros(2)
    scores, chances = np.arange(11), np.array([2, 1, 2, 3, 4, 7, 9, 17, 24, 17, 14]) / 100
    for _ in range(1000):
        told = pd.Series(rng.choice(scores, 300, p=chances))
        waves = pd.Series(np.repeat(["1", "2"], 150))
        for place, (measure, values) in enumerate(((satisfaction.survey.nps, told), (satisfaction.rate, told > 8))):
            table = wave_changes(by_group(values, waves, measure))
            alarms[place] += table["change"].iloc[1] in ("up", "down")
    assert (alarms <= 120).all(), alarms


def alike_drivers(run, drivers, n=250):
    """Answers of a satisfaction that comes from several drivers in equal parts, and their model."""
    rng = np.random.default_rng(50_000 + run)
    names = [f"d{k}" for k in range(drivers)]
    common = rng.standard_normal((n, 1))
    source = np.sqrt(0.3) * common + np.sqrt(0.7) * rng.standard_normal((n, drivers))
    goal = 0.6 * source.mean(axis=1) / source.mean(axis=1).std() + 0.8 * rng.standard_normal(n)
    columns = {}
    for name, values in [*zip(names, source.T, strict=True), ("s", goal)]:
        for item in range(3):
            noise = rng.standard_normal(n)
            columns[f"{name}_{item}"] = np.clip(np.round(6 + 1.7 * (0.8 * values + 0.6 * noise)), 1, 10)
    constructs = {name: [f"{name}_{item}" for item in range(3)] for name in [*names, "s"]}
    return pd.DataFrame(columns), {"constructs": constructs, "paths": [[name, "s"] for name in names]}


def false_drivers(runs, drivers, draws):
    """Share of runs in which one of several drivers of the same effect is called the first."""
    claims = 0
    for run in range(runs):
        answers, model = alike_drivers(run, drivers)
        told = satisfaction_index(answers, model, scale(answers), "s", draws=draws, seed=run)
        claims += told.effects["rank_first"].iloc[0] >= SURE
    return claims / runs


@pytest.mark.parametrize("drivers", [2, 4])
def test_of_alike_drivers_seldom_one_is_called_the_first(drivers):
    assert false_drivers(50, drivers, 60) <= 0.2


@pytest.mark.full
@pytest.mark.parametrize("drivers", [2, 3, 4])
def test_of_alike_drivers_no_more_than_a_tenth_is_called_the_first(drivers):
    assert false_drivers(1000, drivers, 200) <= 0.1


def test_a_share_of_explained_variance_has_its_rank():
    answers = drawn()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = satisfaction.index.driver_shares(answers["s0"], answers[["q0", "i0", "q1"]], draws=100)
    assert told["rank"].tolist() == [1, 2, 3] and told["driver"].iloc[2] == "i0"
    assert (told["share_low"] <= told["share"]).all() and (told["share"] <= told["share_high"]).all()
    with pytest.raises(UserError, match="same in driver 'i0'"):
        lmg_shares(answers["s0"], answers[["q0"]].assign(i0=1.0))
    with pytest.raises(UserError, match="2 complete answers are too few"):
        lmg_shares(answers["s0"].head(2), answers[["q0", "i0"]].head(2))


def few_say_yes(n=150, ones=1) -> tuple[pd.DataFrame, dict, pd.DataFrame]:
    """Answers to a yes-or-no question of which few say yes, beside others; the model and the items."""
    rng = np.random.default_rng(11)
    mood = rng.normal(size=n)
    answers = pd.DataFrame({f"q{k}": np.clip(np.round(3 + mood + rng.normal(size=n)), 1, 5) for k in range(2)})
    answers["q2"] = np.isin(np.arange(n), np.argsort(mood)[-ones:]).astype(float)
    for name in ("s1", "s2"):
        answers[name] = np.clip(np.round(3 + mood + rng.normal(size=n)), 1, 5)
    items = pd.DataFrame({"item": list(answers), "scale_min": [1, 1, 0, 1, 1], "scale_max": [5, 5, 1, 5, 5]})
    constructs = {"quality": ["q0", "q1", "q2"], "satisfaction": ["s1", "s2"]}
    return answers, {"constructs": constructs, "paths": [["quality", "satisfaction"]]}, items


@pytest.mark.parametrize(
    ("ones", "n", "alike"),
    # (149/150)^150 of the resamples have nobody who says yes, and so on
    [(1, 150, 0.367), (2, 150, 0.134), (1, 60, 0.365)],
)
def test_resamples_in_which_a_question_is_answered_alike_are_left_out_and_told(ones, n, alike):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = satisfaction_index(*few_say_yes(n, ones), draws=300, seed=1)
    assert told.flat["q2"] == pytest.approx(alike, abs=0.1)
    assert told.flat.drop("q2").eq(0).all()
    assert told.value.low < told.value.value < told.value.high
    assert np.isfinite(told.effects.select_dtypes("number")).all(axis=None)
    (remark,) = tell_measured(told).remarks
    assert (remark.code, remark.facts["item"]) == ("flat", "q2")


def test_two_questions_have_an_index_and_no_driver():
    answers = few_say_yes()[0][["s1", "q0"]]
    items = pd.DataFrame({"item": ["s1", "q0"], "scale_min": 1, "scale_max": 5})
    model = {"constructs": {"satisfaction": ["s1"], "loyalty": ["q0"]}, "paths": [["satisfaction", "loyalty"]]}
    told = satisfaction_index(answers, model, items, draws=30)
    assert np.isfinite(told.value.value) and told.effects.empty and told.item_effects.empty
    assert "No arrow of the model leads to satisfaction" in tell_why(told).facts["why"]
