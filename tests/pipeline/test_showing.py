"""Results show themselves: in a notebook as text and tables, as pictures that are saved without a browser."""

import inspect
import xml.etree.ElementTree as ET
from contextlib import suppress
from importlib import import_module
from typing import get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest

from browser import browser, needs_browser, visit
from regulars import clv, plots, showing
from regulars.actions.effects import campaign_effect
from regulars.errors import UserError
from regulars.finding import Finding
from regulars.paths import STAGING_VARIABLE
from regulars.purchases import Purchases
from regulars.satisfaction.index.pls import path_model
from regulars.simulate.logs import order_log
from regulars.statistics.intervals import Estimate
from regulars.statistics.survival import kaplan_meier
from regulars.statistics.trials import Pooled
from regulars.told import Report

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def purchases():
    return Purchases.of(order_log(customers=250, seed=2))


@pytest.fixture(scope="module")
def summary(purchases):
    return purchases.summary("2025-12-31")


@pytest.fixture(scope="module")
def results(purchases, summary):
    """One of each kind, and a word that it must show."""
    history = summary["frequency"], summary["recency"], summary["T"]
    score = np.random.default_rng(1).standard_normal(len(summary))
    models = clv.fit_models(summary)
    rng = np.random.default_rng(2)
    answers = pd.DataFrame(rng.normal(size=(90, 1)) + rng.normal(size=(90, 4)), columns=["a1", "a2", "b1", "b2"])
    structure = {"constructs": {"image": ["a1", "a2"], "loyalty": ["b1", "b2"]}, "paths": [["image", "loyalty"]]}
    fitters = (clv.ModifiedBetaGeoFitter(), clv.ParetoNBDFitter(), clv.NBDFitter(), clv.RegularBetaGeoFitter(2))
    return {
        "estimate": (Estimate(12.5, 3, 40, 7), "12.5 (3 to 40), n = 7"),
        "curve": (kaplan_meier([1, 2, 2, 3, 4, 5], [1, 1, 0, 1, 0, 1]), "n = 6, events = 4"),
        "finding": (Finding("up", {"share": 0.4}, {"months": summary.head(12)}), "months"),
        "purchases": (purchases, f"{len(purchases.customers):,} customers"),
        "path": (path_model(answers, structure), "loyalty"),
        "effect": (campaign_effect([1, 1, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]), "estimate = 0.5"),
        "pooled": (Pooled(Estimate(2.0, 1.0, 3.0, 2), 0.01, 0.5, 0.0), "2 (1 to 3)"),
        "bg": (models.orders, "lower 90% bound"),
        "spend": (models.spend, "se(coef)"),
        "models": (models, "lower 90% bound"),
        "contracts": (clv.ShiftedBetaGeoFitter().fit([1000, 631, 468, 382]), "beta"),
        "covariates": (clv.BetaGeoCovariateFitter().fit(*history, {"score": score}), "rate_score"),
    } | {type(one).__name__: (one.fit(*history), "lower 95% bound") for one in fitters}


def test_each_shows_itself_where_jupyter_reads_no_mathematics(results):
    for name, (result, word) in results.items():
        shown = result._repr_html_()
        assert shown.startswith('<div class="mathjax_ignore regulars"'), name
        assert word in shown, name
        assert len(repr(result)) < 600, name


def test_the_pipeline_draws_nothing(results, monkeypatch):
    monkeypatch.setenv(STAGING_VARIABLE, "here")
    for name, (result, _) in results.items():
        assert result._repr_html_() is None, name
        if hasattr(result, "plot"):
            assert isinstance(result.plot(), pd.DataFrame), name


def test_pictures_are_saved_as_pages_print_them(results, tmp_path):
    pictures = {name: result.plot() for name, (result, _) in results.items() if hasattr(result, "plot")}
    assert len(pictures) == len(results) - 4, "all but an estimate, a finding, pooled effects and both models together"
    assert len(repr(pictures["bg"])) < 80
    pictures |= {kind: results["bg"][0].plot(kind) for kind in ("orders", "alive")}
    for name, picture in pictures.items():
        root = ET.parse(picture.save(tmp_path / f"{name}.svg")).getroot()
        # every class of a mark has its colour in the file's own style
        style = root.find(f"{SVG}style").text
        assert "var(" not in style
        marks = [one.get("class", "").split() for one in root.iter(f"{SVG}path")]
        hues = {name for classes in marks for name in classes} - set("axltvkmeh")
        assert hues
        assert all(f".{hue}{{" in style for hue in hues), name
    assert "plotly.js" in pictures["bg"].save(tmp_path / "scratch" / "x.html").read_text(encoding="utf-8")
    with pytest.raises(UserError, match="is not saved as 'x"):
        pictures["bg"].save(tmp_path / "x.png")
    with pytest.raises(UserError, match="no picture 'heat'"):
        results["bg"][0].plot("heat")


def test_rows_of_a_picture_are_named_by_days_and_dots_at_its_edge_are_whole():
    frame = pd.DataFrame({"cutoff": pd.to_datetime(["1997-07-05", "1998-01-01"]), "expected": [0.5, 1.0]})
    for draw in (plots.dots, plots.bars):
        picture = draw(frame, category="cutoff", value="expected")
        words = {note.text for note in picture.layout.annotations} | set(picture.layout.yaxis.ticktext)
        assert {"1997-07-05", "1998-01-01"} <= words
    seen = plots.dots(frame, category="cutoff", value="expected")
    (dots,) = [trace for trace in seen.data if trace.mode == "markers" and trace.marker.opacity is None]
    assert dots.cliponaxis is False


def test_what_is_drawn_of_purchases_are_whole_weeks(purchases, monkeypatch):
    monkeypatch.setenv(STAGING_VARIABLE, "here")
    drawn = purchases.plot().pivot(index="week", columns="kind", values="purchases")
    assert (drawn.index.to_series().diff().dropna() == pd.Timedelta(days=7)).all()
    assert drawn.index[-1] + pd.Timedelta(days=6) <= purchases.last
    inside = purchases.frame()["day"] < drawn.index[-1] + pd.Timedelta(days=7)
    first = purchases.frame()["occasion"] == 0
    assert drawn.sum().to_dict() == {"first": (first & inside).sum(), "repeat": (~first & inside).sum()}


def test_the_model_of_spend_is_drawn_beside_the_customers(results, monkeypatch):
    monkeypatch.setenv(STAGING_VARIABLE, "here")
    model, drawn = results["spend"][0], results["spend"][0].plot()
    # customers whose mean spend is drawn anew from the model lie where the model's line says
    x = np.repeat(model.data["frequency"].to_numpy(), 400)
    m = model.draw_spend(np.random.default_rng(1), x, np.zeros(x.size), np.zeros(x.size)) / x
    line = drawn[drawn["of"] == "model"].iloc[[5, 30, 55]]
    assert [(m <= at).mean() for at in line["spend"]] == pytest.approx(line["share"].tolist(), abs=0.006)


def test_the_level_of_the_settings_is_that_of_the_summary(summary):
    wide, narrow = (clv.fit_models(summary, level=level).orders.summary for level in (0.95, 0.8))
    assert list(narrow) == ["coef", "se(coef)", "lower 80% bound", "upper 80% bound"]
    reach = narrow["upper 80% bound"] - narrow["coef"]
    np.testing.assert_allclose(reach, 1.2815515655 * narrow["se(coef)"], rtol=1e-9)
    assert (wide["upper 95% bound"] > narrow["upper 80% bound"]).all()


def test_what_was_told_is_handed_back_and_shows_nothing_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    about = type("About", (), dict.fromkeys(("name", "title", "currency"), "x") | {"simulated": False, "share": 1.0}
                 | {"observation_start": "2026-01-01", "observation_end": "2026-02-01", "orders_sampled": False}
                 | dict.fromkeys(("rows_raw", "rows_kept"), 1))  # fmt: skip
    frame = pd.DataFrame({"month": [1], "n": [20]})
    telling = Report("value", about).tell(Finding("up", frames={"a": frame}, key="one"), Finding("up", key="two"))
    pd.testing.assert_frame_equal(telling.frames["one.a"], frame)
    assert telling.figures == {}
    assert telling._ipython_display_() is None
    assert Report("value", about).tell(Finding("up", frames={"a": frame}, key="one")).frames.keys() == {"a"}


def test_a_tiny_number_does_not_turn_the_others_into_powers_of_ten_and_days_are_not_broken():
    days = pd.to_datetime(["2026-01-01 15:02", "2026-02-01 00:00"])
    frame = pd.DataFrame({"value": [2.1e-7, 901.3989], "plain": [0.5, np.nan], "at": days}, index=days.date)
    made = showing.table(frame)
    assert "901.399<" in made and "2.1e-07<" in made and "0.5<" in made and "NaN<" in made
    assert made.count('class="day">2026-0') == 4


PLAIN = {"Remark", "Economics", "Saying", "Queue", "Reliability", "Plan", "KeptBack"}  # short, or models of their own
ROOMS = ("clv", "retention", "segments", "satisfaction", "interaction", "actions", "cycle")


def public_results() -> list[type]:
    """Classes that public functions of the domain rooms hand back."""
    found = set()
    for room in map(import_module, (f"regulars.{name}" for name in ROOMS)):
        for function in (getattr(room, name) for name in dir(room) if not name.startswith("_")):
            told = None
            with suppress(NameError):  # of a name that only type checkers see
                told = get_type_hints(inspect.unwrap(function)).get("return") if inspect.isfunction(function) else None
            found |= {one for one in (told, *get_args(told)) if getattr(one, "__module__", "").startswith("regulars.")}
    return sorted((one for one in found if inspect.isclass(one)), key=lambda one: one.__name__)


def test_whatever_a_public_function_hands_back_shows_itself():
    """By tables, or by a text of its own: what Python makes by itself writes out every number."""
    results = [one for one in public_results() if not hasattr(one, "_repr_html_")]
    silent = {one.__name__ for one in results if "def __repr__" not in inspect.getsource(one)}
    assert silent - PLAIN - {"NotSupplied"} == set()
    assert len(public_results()) > 60


def test_what_is_made_of_other_results_shows_them():
    level = clv.read_level(Purchases.of(order_log(customers=120, seed=3)), "2025-12-31", 180)
    assert repr(level).startswith("Level\n")
    assert "  signs = Signs(" in repr(level)


SHOWN = "() => Array.from(document.querySelectorAll('table')[0].tBodies[0].rows).filter(r => !r.hidden).map(r => r.cells[0].textContent)"  # noqa: E501


@needs_browser
def test_tables_sort_by_a_click_and_show_the_rows_that_hold_some_words(tmp_path):
    """Numbers by size, days and words in order, what is missing last; of two tables each by itself."""
    frame = pd.DataFrame(
        {
            "worth": [9.5, -2, 10, None, 1200, 0.25, 3, 4, 5],
            "name": ["Ö", "anna", "Bo", "carl", "dora", "emil", "fred", "gerd", "hans"],
            "day": pd.to_datetime([f"2026-01-0{n}" for n in range(9, 0, -1)]),
        }
    )
    page = tmp_path / "page.html"
    both = showing.live(showing.table(frame)) + showing.live(showing.table(frame.head(2)))
    page.write_text(f"<!doctype html><html lang=en><meta charset=utf-8><title>t</title>{both}", encoding="utf-8")
    with browser() as opened, visit(opened, page) as seen:
        assert seen.complaints == [] and seen.requests == []
        heads, searches = (
            seen.page.locator("table:first-of-type >> nth=0").locator("thead button"),
            seen.page.locator("input"),
        )
        assert searches.count() == 1, "a short table needs none"
        heads.nth(1).click()
        assert seen.evaluate(SHOWN) == ["1", "5", "6", "7", "8", "0", "2", "4", "3"]
        heads.nth(1).click()
        assert seen.evaluate(SHOWN) == ["4", "2", "0", "8", "7", "6", "5", "1", "3"]
        heads.nth(2).click()
        assert seen.evaluate(SHOWN)[:4] == ["1", "2", "3", "4"]
        heads.nth(3).click()
        assert seen.evaluate(SHOWN) == list("876543210")
        searches.fill("AN")  # a missing worth reads NaN
        assert seen.evaluate(SHOWN) == ["8", "3", "1"]
