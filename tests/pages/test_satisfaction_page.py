"""The satisfaction page on real surveys, and on answers that cannot be used: one sentence each, and the rest stands."""

import re

import numpy as np
import pandas as pd
import pytest

import ecsi_mobi
from memory_dataset import blocks_of
from places import SHARED_DATA
from regulars import cleaning
from regulars.satisfaction.survey.indices import mean
from regulars.sources.ingest import ingest
from regulars.statistics.intervals import difference, from_row
from satisfaction_page import ABOUT, run, survey_tables

MANAGERS = {
    "factors": ["quality", "value", "image"],
    "pairwise": [[1, 2, 3], [0.5, 1, 2], [0.333, 0.5, 1]],
}  # fmt: skip


@pytest.fixture
def page(monkeypatch, tmp_path):
    """Run the notebook on a survey of 240 customers after a change to its tables."""

    def made(change=None, **settings):
        tables = survey_tables()
        settings = {"managers": MANAGERS} | settings
        return run(tables if change is None else change(tables), monkeypatch, tmp_path, **settings)

    return made


def stands(told, *without: str) -> None:
    """Sections that hang on nothing that is wrong are there, with their sentences."""
    there = {"waves", "who", "gap", "sample"} - set(without)
    for name in there:
        verdict = told.sections[name].verdict
        assert verdict not in ("unusable", "not_supplied"), name
    assert told.saved["customer_id"].is_unique


def scored(tables, item, change):
    """Tables with the scores of an item changed."""
    surveys = tables["surveys"]
    here = surveys["item"] == item
    surveys.loc[here, "score"] = change(surveys.loc[here, "score"])
    return tables


def test_a_usual_survey_says_everything(page):
    told = page()
    assert "The satisfaction index" in told.words
    stands(told)
    # orders of these customers come from no answer, and the simulated model leads from quality to satisfaction
    assert told.verdict_of("methods") == told.verdict_of("recommend") == told.verdict_of("worth") == "none"
    assert told.verdict_of("importance") == "same"
    assert told.sections["importance"].facts["customers_first"] == "quality"
    assert told.saved["satisfaction"].notna().sum() == 240
    assert not told.scope["answers"].left_out
    tiles = {tile.key: tile for tile in told.scope["report"].told.tiles}
    assert list(tiles) == ["satisfaction", "nps", "second", "stake", "loyalty"]
    assert not tiles["loyalty"].on_page, "on the index, beside the four of the page"
    shares = told.frame("loyalty.types").set_index("loyalty_type")
    assert tiles["loyalty"].estimate == from_row(shares.loc["true"], "share")


def test_orders_alone_are_an_answer_and_two_lines(monkeypatch, tmp_path):
    told = run({"orders": survey_tables()["orders"]}, monkeypatch, tmp_path)
    assert "cannot be told: no survey has been supplied" in told.words
    assert [line.partition(":")[0] for line in told.lines] == [
        "There is no survey in this dataset", "There are no complaints in this dataset",
    ]  # fmt: skip
    assert {finding.verdict for finding in told.sections.values()} == {"not_supplied"}
    assert not told.titles and not told.scope["report"].told.actions
    assert told.saved[["satisfaction", "loyalty_type", "loyalty_type_probability"]].isna().all(axis=None)
    assert told.scope["report"].told.metrics["answered"]["value"] == 0


def test_sections_without_data_are_one_line_each_that_says_what_to_supply(page):
    told = page(managers={})
    for part, wanted in {
        "kano": "params.yaml (offer, kano)", "delivered": "params.yaml (offer, delivered)",
        "importance": "params.yaml (managers)",
        "levels": "mystery_visits with a service_level", "channels": "tickets, mystery_visits",
        "between": "customers with a region", "cases": "supply tickets with customers",
    }.items():  # fmt: skip
        assert told.verdict_of(part) == "not_supplied"
        assert sum(wanted in line for line in told.lines) == 1, part


# ---- bad input -------------------------------------------------------------------------------------------------


def test_scores_outside_the_scale_are_left_out_and_named(page):
    told = page(lambda t: scored(t, "satisfaction1", lambda s: s.where(np.arange(len(s)) > 1, 77.0)))
    sentence = "response R0: 77 to item satisfaction1 is outside its scale 1 to 10; 2 such answers are left out"
    assert sentence in told.words
    stands(told)
    assert told.sections["satisfied"].verdict == "close"


def test_an_item_missing_from_survey_items_is_left_out_and_named(page):
    def change(tables):
        items = tables["survey_items"]
        return tables | {"survey_items": items[items["item"] != "quality2"]}

    told = page(change)
    assert "“quality2” (response R0) is not in survey_items, so its 480 answers are left out" in told.words
    stands(told)
    assert told.sections["satisfied"].verdict == "close"


def test_a_scale_without_length_is_left_out_and_named(page):
    def change(tables):
        items = tables["survey_items"]
        return tables | {
            "survey_items": items.assign(scale_max=items["scale_max"].where(items["item"] != "image1", 1.0))
        }

    told = page(change)
    assert (
        "item image1: scale_max 1 is not above scale_min 1, so the item and its 240 answers are left out" in told.words
    )
    stands(told)


def test_one_respondent(page):
    def change(tables):
        return tables | {"surveys": tables["surveys"][tables["surveys"]["response_id"] == "R0"]}

    told = page(change)
    assert "1 respondent answered: a path model needs many" in told.words
    assert told.saved["satisfaction"].notna().sum() == 1
    assert told.verdict_of("waves") == "unknown"


def test_no_answer_that_can_be_used(page):
    def change(tables):
        return tables | {"surveys": tables["surveys"].assign(score=99.0)}

    told = page(change)
    assert "is outside its scale" in told.words
    assert "cannot be told: no survey has been supplied" in told.words


def test_an_item_that_everybody_answered_alike(page):
    told = page(lambda t: scored(t, "quality3", lambda s: s * 0 + 7))
    assert "Everybody answered 7 to item 'quality3': leave it out of the model" in told.words
    assert "Table surveys, item quality3: all answers are the same" in " ".join(told.lines)
    stands(told)


def test_items_that_repeat_one_another_are_fitted_with_a_remark(page):
    def change(tables):
        surveys = tables["surveys"]
        first = surveys[(surveys["item"] == "quality1") & (surveys["kind"] == "perceived")].set_index("response_id")[
            "score"
        ]
        here = (surveys["item"] == "quality2") & (surveys["kind"] == "perceived")
        surveys.loc[here, "score"] = surveys.loc[here, "response_id"].map(first).astype(float)
        return tables

    told = page(change)
    assert ("collinear", {"construct": "quality"}) in told.scope["index"].remarks
    stands(told)
    with_b = page(change, model={"constructs": {"quality": [], "satisfaction": []}, "modes": {"quality": "B"},
                                 "paths": [["quality", "satisfaction"]]})  # fmt: skip
    assert "Items of construct 'quality' repeat one another exactly ('quality1' and 'quality2')" in with_b.words
    stands(with_b)


def test_a_construct_with_one_item(page):
    model = {"constructs": {"value": ["value1"], "satisfaction": []}, "paths": [["value", "satisfaction"]]}
    told = page(model=model)
    assert ("single_item", {"construct": "value"}) in told.scope["index"].remarks
    stands(told)


def test_most_answers_missing(page):
    def change(tables):
        rng = np.random.default_rng(1)
        return tables | {"surveys": tables["surveys"][rng.random(len(tables["surveys"])) < 0.05]}

    told = page(change)
    assert "respondents, too few to be analysed: leave it out of the model" in told.words
    assert told.saved["satisfaction"].notna().sum() < 60


def test_a_question_that_runs_against_the_others_makes_the_index_uninterpretable(page):
    told = page(lambda t: scored(t, "satisfaction2", lambda s: 11 - s))
    assert "cannot be interpreted: one of its questions counts negatively" in told.words
    stands(told)


def test_judgements_that_are_not_reciprocal(page):
    told = page(managers=MANAGERS | {"pairwise": [[1, 2, 3], [2, 1, 2], [0.333, 0.5, 1]]})
    sentence = (
        "The matrix of pairwise comparisons is not reciprocal: quality against value is 2 and value against quality"
    )
    (line,) = (line for line in told.lines if sentence in line)
    assert line.startswith("Not told: ") and line.count("“") >= 2  # importance, and the fuzzy evaluation that it weighs
    stands(told)
    assert told.sections["satisfied"].verdict == "close"


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"constructs": {"value": [], "satisfaction": []},
          "paths": [["value", "satisfaction"], ["satisfaction", "value"]]},
         "The model's arrows run in a circle (value -> satisfaction -> value): take one of them out."),
        ({"constructs": {"value": ["value9"], "satisfaction": []}, "paths": [["value", "satisfaction"]]},
         "satisfaction.model gives 'value9' to 'value', which is not in survey_items"),
        ({"constructs": {"value": []}, "paths": [["value", "satisfaction"]]},
         "The model's paths name 'satisfaction', which is no construct"),
    ],
)  # fmt: skip
def test_a_model_that_is_none(page, model, sentence):
    told = page(model=model)
    assert sentence in told.words
    stands(told)


def test_answers_to_features_that_are_not_on_their_scale_or_not_asked(page):
    told = page(offer={"kano": {"trust": ["image1", "image2"]}})
    assert any("A Kano answer is" in line for line in told.lines)
    told = page(offer={"kano": {"trust": ["image1", "no_image"]}, "delivered": {"us": {"product": "quality1"}}})
    assert any("both in the survey; no_image is not" in line for line in told.lines)
    assert any("the item 'None' for service is not in the survey" in line for line in told.lines)
    stands(told)


@pytest.mark.parametrize("zero", [True, False])
def test_purchases_are_those_of_the_datasets_setting(zero, monkeypatch, tmp_path):
    """Whether a day without spend is a purchase is settled once for all pages, in the value stage."""
    orders = survey_tables()["orders"]
    free = orders["customer_id"] == orders["customer_id"].iloc[0]
    zeros = {"orders": orders.assign(amount=orders["amount"].mask(free, 0.0))}
    told = run(zeros, monkeypatch, tmp_path, zero_spend_is_purchase=zero)
    assert len(told.scope["purchases"].customers) == orders["customer_id"].nunique() - (not zero)


def test_a_log_that_is_a_sample_tells_nothing_of_coming_back(monkeypatch, tmp_path):
    from dataclasses import replace

    sampled = replace(ABOUT, orders_sampled=True)
    told = run(survey_tables(), monkeypatch, tmp_path, about=sampled, managers=MANAGERS)
    why = "The order log is a sample"
    parts = ("switching", "loyalty", "benefits", "signs", "comeback", "folk", "methods", "recommend")
    assert {told.verdict_of(part) for part in parts} == {"unusable"}
    lines = [line for line in told.lines if why in line]
    assert len(lines) == 2, "one in front, one in the details"
    asked = sum(len(re.findall("“[A-Z]", line)) for line in lines)
    assert asked == len(parts) + 2, lines  # and what satisfaction is worth, by driver too
    assert told.verdict_of("worth") == told.verdict_of("levers") == "unusable"
    assert "of most customers some orders are missing" in told.html
    assert [block["label"] for block in blocks_of(told.scope["report"]) if block["kind"] == "tile"] == [
        "Satisfaction index, 0 to 100", "Recommendation (NPS), −100 to 100",
    ]  # fmt: skip
    stands(told)
    assert told.saved["loyalty_type"].isna().all()


# ---- real surveys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["centroid", "path"])
def test_the_published_survey_as_a_page(scheme, monkeypatch, tmp_path):
    """The ECSI survey of mobile telephones: 250 anonymous answers beside an order log that is none of theirs."""
    file = SHARED_DATA / "ecsi_mobi" / "mobi.csv"
    if not file.exists():
        pytest.skip("the ECSI data lie beside the project on some machines only")
    answers = pd.read_csv(file)
    items = [(item, name.lower()) for name, block in ecsi_mobi.MODEL["constructs"].items() for item in block]
    long = answers[[item for item, _ in items]].assign(response_id=[f"r{k}" for k in range(len(answers))])
    long = long.melt(id_vars="response_id", var_name="item", value_name="score").astype({"score": float})
    long = long.assign(customer_id=pd.Series(pd.NA, long.index, dtype="string"), kind="perceived", wave="2004",
                       answered_at=pd.Timestamp("2025-06-01"))  # fmt: skip
    described = pd.DataFrame(items, columns=["item", "construct"]).assign(scale_min=1.0, scale_max=10.0)
    described["wording"] = described["item"]
    tables = survey_tables() | {"surveys": long, "survey_items": described}
    about = ABOUT.__class__(**{**ABOUT.__dict__, "title": "Mobile telephones", "simulated": False})
    told = run(tables, monkeypatch, tmp_path, about=about, scheme=scheme)
    assert told.saved["satisfaction"].isna().all()  # nobody is known by name
    index, why = told.scope["index"], told.scope["why"]
    assert index.value.n == 250
    assert why.facts["driver"] == "quality"
    if scheme == "centroid":
        assert index.value.value == pytest.approx(72.54280230, abs=1e-7)
        assert "stands at 72.5 of 100" in told.words
        weights = told.frame("measured.weights").set_index("item")["share"]
        assert weights[["CUSA1", "CUSA2", "CUSA3"]].tolist() == pytest.approx([0.394838, 0.279144, 0.326018], abs=5e-7)
    else:
        rows = why.frames["map"].set_index("driver")
        assert rows["effect"].to_dict() == pytest.approx(
            {"quality": 0.6398, "expectation": 0.4323, "image": 0.4147, "value": 0.1383}, abs=5e-5
        )
        assert rows["performance"].to_dict() == pytest.approx(
            {"quality": 74.98, "expectation": 72.47, "image": 73.53, "value": 62.35}, abs=5e-3
        )


@pytest.mark.usefixtures("id_key")
def test_the_marketplace_as_a_page(monkeypatch, tmp_path, shop, root):
    """Late against on time, from the files as they are published; no word on who comes back, and why not."""
    folder = SHARED_DATA / "olist"
    if not folder.is_dir():
        pytest.skip("the Olist sample lies beside the project on some machines only")
    mapping = (root / "docs/sources/olist.yaml").read_text(encoding="utf-8").replace("'olist/", f"'{folder}/")
    mapping = mapping.replace("observation_end: 2018-08-31", "observation_end: 2018-10-17")  # to the last answer
    shop.map(mapping.replace("simulated: false\n", "simulated: false\norders_sampled: true\n"))
    ingest("shop", {"seed": 1})
    cleaned = cleaning.clean("shop")
    assert cleaned.about.orders_sampled
    names = ("orders", "order_lines", "surveys", "survey_items", "tickets")
    tables = {name: cleaned.tables[name] for name in names}
    told = run(tables, monkeypatch, tmp_path, about=cleaned.about)
    found = told.sections["cases"]
    assert (found.verdict, found.facts["category"]) == ("lower", "late delivery")
    # three answers of a quarter that has just begun are no news, and no mean ends beyond its scale
    waves = told.scope["waves"]
    assert waves["n"].iloc[-1] < 30 < told.sections["waves"].facts["now"].n == waves["n"].iloc[-2]
    assert waves["high"].max() <= 100
    assert told.frame("waves.line")["n"].min() >= 30
    assert "the survey has satisfaction; add questions of others" in told.words
    # worked out once more from the clean tables: of each customer the latest quarter, late deliveries before it
    reviews = tables["surveys"].assign(quarter=lambda t: t["answered_at"].dt.to_period("Q"))
    reviews = reviews.groupby(["customer_id", "quarter"]).agg(
        answered_at=("answered_at", "max"), score=("score", "mean")
    )
    reviews = reviews.reset_index().drop_duplicates("customer_id", keep="last")
    late = reviews.merge(tables["tickets"][["customer_id", "opened_at"]], on="customer_id")
    days = (late["answered_at"].dt.normalize() - late["opened_at"].dt.normalize()).dt.days
    slow = reviews["customer_id"].isin(late.loc[days.between(0, 180), "customer_id"])
    score = 25 * (reviews["score"] - 1)
    gap = difference(mean(score[slow]), mean(score[~slow]))
    assert found.facts["gap"].value == pytest.approx(gap.value)
    assert (found.facts["gap"].low, found.facts["gap"].high) == pytest.approx((gap.low, gap.high))
    assert (found.facts["told"].n, found.facts["others"].n) == (slow.sum(), (~slow).sum())
    assert found.facts["gap"].high < -25  # more than a star
    assert f"who had a case of “late delivery” scores {-gap.value:.1f} points lower than who had none" in told.html
    assert "The order log is a sample" in told.sections["switching"].facts["why"]
    assert told.verdict_of("worth") == "unusable"
    assert "order again" not in " ".join(told.titles)
    assert "of most customers some orders are missing" in told.html
