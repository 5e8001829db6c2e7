"""The path that keeps customers in the engine says what the path through pandas says."""

from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ibis.util import gen_name

from memory_dataset import ECONOMICS
from regulars.clv import fit_models, score_customers, whole_base
from regulars.clv.headline import times
from regulars.clv.in_engine import score_in_engine
from regulars.engine.embedded import as_table, embedded
from regulars.errors import UserError
from regulars.purchases import Purchases
from regulars.settings import Certainty

END = date(1998, 6, 30)
SURE = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=20)


@pytest.fixture(scope="module", params=[True, False], ids=["zero_days_count", "zero_days_do_not"])
def both(request, cdnow_master):
    """The same customers by both paths."""
    summary = Purchases.of(cdnow_master, zero_spend_is_purchase=request.param).summary(END)
    models = fit_models(summary)
    scored = score_customers(models, economics=ECONOMICS, certainty=SURE)
    log = embedded({}).create_table(gen_name("log"), pa.Table.from_pandas(cdnow_master), temp=True)
    found = score_in_engine(log, END, economics=ECONOMICS, certainty=SURE, zero_spend_is_purchase=request.param)
    table = found.scores.order_by("customer_id").to_pyarrow().to_pandas()
    return scored, models, found, table


def test_summaries_are_the_same(both):
    scored, _, found, table = both
    assert len(table) == found.customers == len(scored.customers)
    assert found.histories < found.customers
    assert table["customer_id"].tolist() == scored.customers["customer_id"].tolist()
    for name in ("frequency", "recency", "T", "monetary_value", "spend"):
        np.testing.assert_array_equal(table[name].to_numpy(float), scored.customers[name].to_numpy(float), name)
    for name in ("first_ordered_at", "last_ordered_at"):
        assert (pd.to_datetime(table[name]).to_numpy() == scored.customers[name].to_numpy()).all()


def test_parameters_agree(both):
    _, models, found, _ = both
    for ours, theirs in zip((found.model, found.spend_model), (models.orders, models.spend), strict=True):
        np.testing.assert_allclose(ours.params_, theirs.params_, rtol=1e-6)
        np.testing.assert_allclose(ours.standard_errors_, theirs.standard_errors_, rtol=1e-5)


def test_scores_agree_to_a_millionth(both):
    scored, _, _, table = both
    names = ["expected_orders", "p_alive", "p_active", "spend_per_order", "clv", "value_if_alive"]
    for name in names:
        np.testing.assert_allclose(table[name], scored.customers[name], rtol=1e-6, err_msg=name)
    # a difference of nearly equal numbers, so held against the larger one
    apart = np.abs(table["value_at_risk"] - scored.customers["value_at_risk"])
    assert (apart <= 1e-6 * scored.customers["value_if_alive"]).all()
    assert table["spend_is_prior"].tolist() == scored.customers["spend_is_prior"].tolist()


def test_totals_agree_and_add_up(both):
    scored, _, found, table = both
    for ours, theirs, column in (
        (found.orders_total, scored.orders_total, "expected_orders"),
        (found.clv_total, scored.clv_total, "clv"),
    ):
        assert ours.value == pytest.approx(theirs.value, rel=1e-6)
        assert ours.value == pytest.approx(table[column].sum(), rel=1e-9)
        assert ours.n == theirs.n
        # without chance, which is drawn in the other, the interval is hardly narrower
        assert np.log(ours.high / ours.low) == pytest.approx(np.log(theirs.high / theirs.low), rel=0.02)


def test_orders_without_a_repeat_are_told():
    days = pd.date_range("2024-01-01", periods=30)
    log = pd.DataFrame({"customer_id": [f"c{i}" for i in range(30)], "ordered_at": days, "amount": 5.0})
    with pytest.raises(UserError, match=r"These orders cannot be modelled.* without a single repeat order") as told:
        score_in_engine(as_table(log), date(2024, 12, 31), economics=ECONOMICS, certainty=SURE)
    assert "\n" not in str(told.value)


def scored_in(parts, cdnow_master, folder=None):
    """Scores of the master log, its customers dealt out to so many parts."""
    log = embedded({}).create_table(gen_name("log"), pa.Table.from_pandas(cdnow_master), temp=True)
    rows = -(-len(cdnow_master) // parts)
    found = score_in_engine(log, END, economics=ECONOMICS, certainty=SURE, folder=folder, rows_per_part=rows)
    return found, found.scores.order_by("customer_id").to_pyarrow().to_pandas()


def test_the_number_of_parts_changes_no_number(cdnow_master, tmp_path):
    whole, expected = scored_in(1, cdnow_master)
    for parts in (2, 7):
        found, table = scored_in(parts, cdnow_master, tmp_path / "parts")
        assert (found.parts, whole.parts) == (parts, 1)
        pd.testing.assert_frame_equal(table, expected, check_exact=True)
        assert found.model.params_.equals(whole.model.params_)
        assert found.spend_model.params_.equals(whole.spend_model.params_)
        assert (found.orders_total, found.clv_total) == (whole.orders_total, whole.clv_total)
        assert (found.customers, found.histories, found.spenders) == (whole.customers, whole.histories, whole.spenders)
    # the customers' parts stay as long as their scores are read; the orders' parts are gone
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["regulars_customers"]


def test_parts_in_no_folder_of_ones_own_go_with_the_scores(cdnow_master, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found, _ = scored_in(3, cdnow_master)
    assert len(list(tmp_path.iterdir())) == 1
    del found
    assert not list(tmp_path.iterdir())


def test_parts_leave_nothing_behind_where_the_orders_cannot_be_read(tmp_path):
    days = pd.Timestamp("2024-01-01")
    log = as_table(pd.DataFrame({"customer_id": [f"c{i}" for i in range(30)], "ordered_at": days, "amount": "much"}))
    with pytest.raises(duckdb.Error, match="much"):
        score_in_engine(log, date(2024, 12, 31), economics=ECONOMICS, certainty=SURE, folder=tmp_path, rows_per_part=10)
    assert not list(tmp_path.iterdir())


def test_totals_are_of_everybody_where_a_part_is_in_memory(cdnow_master):
    """A tenth of the customers is scored; the totals are the engine's, moved as the forecast moves the part's."""
    few = cdnow_master[cdnow_master["customer_id"].str.endswith("7")]
    part = score_customers(fit_models(Purchases.of(few).summary(END)), economics=ECONOMICS, certainty=SURE)
    told = replace(part, orders_total=times(part.orders_total, 1.5), clv_total=times(part.clv_total, 2.0))
    log = as_table(cdnow_master)
    found = score_in_engine(log, END, economics=ECONOMICS, certainty=SURE)
    whole = whole_base(told, part, orders=log, share=0.1, observation_end=END, economics=ECONOMICS, certainty=SURE)
    assert whole.customers == found.customers == 23_502
    assert whole.orders_total.value == pytest.approx(1.5 * found.orders_total.value)
    assert whole.clv_total.high == pytest.approx(2.0 * found.clv_total.high)
