"""Models as JSON and back."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from memory_dataset import ECONOMICS
from regulars.catalog import About
from regulars.clv import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter, RegularBetaGeoFitter, predictive_intervals
from regulars.clv.model_entries import data_hash, restore_models
from regulars.clv.record import ModelsRecord, models_record
from regulars.errors import UserError
from regulars.finding import Refusal
from regulars.paths import STAGING_VARIABLE
from regulars.rounding import plain
from regulars.settings import stage_settings

HISTORY = ([2, 1, 0, 3, 0, 5], [8.0, 4.0, 0.0, 9.0, 0.0, 9.5], [10.0, 9.0, 10.0, 10.0, 7.0, 10.0])
SPEND = ([2, 1, 3, 5], [20.0, 31.5, 25.0, 44.0])
SETTINGS = replace(stage_settings("value"), seed=7, interval_draws=50)
ABOUT = About("shop", "Shop", "GBP", False, "UTC", date(2024, 1, 1), date(2024, 3, 11), (), 1, 1)


def saved(record: ModelsRecord) -> dict:
    return json.loads(json.dumps(plain(record.to_json())))


@pytest.fixture
def models():
    return {
        "bg_nbd": BetaGeoFitter().fit(*HISTORY),
        "pareto_nbd": ParetoNBDFitter().fit(*HISTORY),
        "regular_k3": RegularBetaGeoFitter(3).fit(*HISTORY),
        "gamma_gamma": GammaGammaFitter().fit(*SPEND),
    }


@pytest.fixture
def record(models):
    return saved(models_record(models, SETTINGS, ABOUT, economics=SETTINGS.economics, champion="bg_nbd"))


def test_round_trip(models, record):
    again = restore_models(record, time_unit="week", data={name: model.data for name, model in models.items()})
    assert list(again) == list(models)
    assert again["regular_k3"].k == 3
    for name, model in models.items():
        assert type(again[name]) is type(model)
        np.testing.assert_allclose(again[name].params_, model.params_, rtol=1e-9)
        np.testing.assert_allclose(again[name].variance_matrix_, model.variance_matrix_, rtol=1e-8, atol=1e-300)
    np.testing.assert_allclose(again["bg_nbd"].predict(5, *HISTORY), models["bg_nbd"].predict(5, *HISTORY), rtol=1e-8)
    base = pd.DataFrame(dict(zip(("frequency", "recency", "T"), HISTORY, strict=True)))
    base["monetary_value"] = [20.0, 31.5, np.nan, 25.0, np.nan, 44.0]
    sure = predictive_intervals(
        again["bg_nbd"], again["gamma_gamma"], base, economics=ECONOMICS, certainty=SETTINGS.certainty
    )
    assert sure.clv_total.low < sure.clv_total.value < sure.clv_total.high


def test_a_record_is_the_same_after_it_was_saved(models):
    ahead, levers = [{"month": 1, "revenue": 5.0}], pd.DataFrame({"lever": ["margin"], "elasticity": [1.0]})
    record = models_record(
        models,
        SETTINGS,
        ABOUT,
        economics=SETTINGS.economics,
        champion="combined",
        months_ahead=ahead,
        elasticities=levers,
    )
    again = ModelsRecord.from_json(saved(record), seed=7, draws=50)
    assert saved(again) == saved(record) and list(saved(again)) == list(saved(record))
    assert (again.economics, again.certainty) == (record.economics, record.certainty)
    assert (again.horizon_months, again.time_unit, again.untold) == (12, "week", "")
    assert (
        again.months_ahead == ahead
        and again.elasticities == [{"lever": "margin", "elasticity": 1.0}]
        and again.observation_end == date(2024, 3, 11)
    )
    np.testing.assert_allclose(again.orders.params_, models["bg_nbd"].params_, rtol=1e-9)
    np.testing.assert_allclose(again.spend.params_, models["gamma_gamma"].params_, rtol=1e-9)
    with pytest.raises(ValueError, match="the champion 'best' is none of the models bg_nbd"):
        models_record(models, SETTINGS, ABOUT, economics=SETTINGS.economics, champion="best")


def test_a_model_that_was_saved_draws_the_customers_that_it_is_told_of(models, monkeypatch):
    monkeypatch.setenv(STAGING_VARIABLE, "here")  # the frame of a picture instead of the picture
    summary = pd.DataFrame(dict(zip(("frequency", "recency", "T"), HISTORY, strict=True)))
    summary["monetary_value"] = [20.0, 31.5, np.nan, 25.0, np.nan, 44.0]
    record = models_record(models, SETTINGS, ABOUT, economics=SETTINGS.economics, champion="bg_nbd")
    again = ModelsRecord.from_json(saved(record), histories=lambda: summary)
    for name, model in again.fitted.items():
        assert data_hash(model.data) == record.entries[name]["data_sha256"], "the rows that it was fitted on"
        pd.testing.assert_frame_equal(model.plot(), models[name].plot(), rtol=1e-6)
    with pytest.raises(UserError, match="customers are not known: fit one"):
        ModelsRecord.from_json(saved(record)).orders.plot()


def test_a_record_without_models_says_why_and_one_of_an_earlier_version_tells_no_months():
    refusal = Refusal("there is one customer only")
    record = saved(
        models_record(refusal, SETTINGS, ABOUT, economics=SETTINGS.economics, champion=refusal, months_ahead=refusal)
    )
    assert (record["champion"], record["models"], record["months_ahead"]) == (None, {}, [])
    again = ModelsRecord.from_json(record)
    assert again.untold == again.orders.why == "there is one customer only" and not again.entries
    assert saved(replace(again, untold="")) == {name: value for name, value in record.items() if name != "untold"}
    del record["months_ahead"]
    assert ModelsRecord.from_json(record).months_ahead is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "model 'bg_nbd' was saved in format 99"),
        ({"fitter": "BetaGeo"}, "model 'bg_nbd' is a 'BetaGeo'; known are BetaGeoFitter"),
        ({"parameters": {"r": 1.0, "alpha": 2.0}}, "has the parameters r, alpha; expected r, alpha, a, b"),
    ],
)
def test_what_does_not_fit_is_refused(record, change, message):
    record["models"]["bg_nbd"] |= change
    with pytest.raises(ValueError, match=message):
        restore_models(record, time_unit="week")


def test_other_units_and_other_data_are_refused(models, record):
    with pytest.raises(ValueError, match="fitted in the unit 'week', not in 'day'"):
        restore_models(record, time_unit="day")
    other = models["bg_nbd"].data.assign(T=models["bg_nbd"].data["T"] + 1)
    with pytest.raises(ValueError, match="fitted on other data"):
        restore_models(record, time_unit="week", data={"bg_nbd": other})


def test_the_fingerprint_knows_weights_from_repeated_rows():
    rows = pd.DataFrame({"frequency": [1, 1, 0], "recency": [2.0, 2.0, 0.0], "T": [5.0, 5.0, 5.0], "weights": 1})
    short = pd.DataFrame({"frequency": [0, 1], "recency": [0.0, 2.0], "T": [5.0, 5.0], "weights": [1, 2]})
    assert data_hash(rows) == data_hash(short)
    assert data_hash(rows) != data_hash(short.assign(weights=[1, 3]))
