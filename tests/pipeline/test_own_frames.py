"""Frames of one's own: what is wrong with them is one sentence at whichever door they come in."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from regulars import clv, interaction, retention
from regulars.clv.headline import with_headline
from regulars.errors import UserError
from regulars.purchases import Purchases
from regulars.settings import Certainty, Economics
from regulars.simulate.logs import order_log

WEEKS = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week", active_within_days=90)
CERTAINTY = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
LOG = pd.DataFrame({"id": [7, 7, 9], "date": [19970101, 19970301, 19970102], "spent": [1.0, 2.0, 3.0]})
NAMES = {"customer_id_col": "id", "datetime_col": "date", "monetary_value_col": "spent"}


@pytest.fixture(scope="module")
def purchases():
    return Purchases.of(order_log(customers=250, seed=2))


def test_columns_of_any_name_and_dates_of_any_writing():
    told = Purchases.of(LOG, **NAMES, datetime_format="%Y%m%d").summary("1997-03-31", "day")
    assert told[["customer_id", "frequency", "recency", "T"]].to_numpy().tolist() == [[7, 1, 59, 89], [9, 0, 0, 88]]
    american = Purchases.of(LOG.assign(date=["01/01/1997", "03/01/1997", "01/30/1997"]), **NAMES)  # the last row tells
    assert american.summary("1997-03-31", "day")["T"].tolist() == [89, 60]
    moments = pd.to_datetime(LOG["date"].astype(str))
    for dates in (moments, moments.dt.strftime("%Y-%m-%d"), moments.dt.date, moments.dt.tz_localize("Asia/Shanghai")):
        same = Purchases.of(LOG.assign(date=dates), **NAMES).summary("1997-03-31", "day")
        pd.testing.assert_frame_equal(same, told)


@pytest.mark.parametrize(
    "log, sentence",
    [
        ([1, 2], "takes a pandas.DataFrame with id, date, spent; a list came"),
        (
            LOG.drop(columns="spent"),
            r"no column 'spent' \(it has id, date\): name yours, as in monetary_value",
        ),
        (LOG, "column 'date' holds numbers, such as 19970101 in row 0, where dates are expected: give their format"),
        (
            LOG.assign(date=["soon", "1997-01-01", "1997-01-02"]),
            r"column 'date' holds 'soon' in row 0, which is no date that pandas reads: give their format, as in",
        ),
        (
            LOG.assign(spent=["1", "2", "3"]),
            "column 'spent' holds text, such as '1' in row 0, where numbers",
        ),
        (
            LOG.assign(date=["01.01.2026", "03.04.2026", "05.04.2026"]),
            "column 'date' holds '03.04.2026' in row 1, and no row tells whether the day or the month stands first",
        ),
        (
            LOG.assign(date=["03.04.2026", "17.04.2026", "05.04.2026"]),
            "column 'date' holds '17.04.2026' in row 1, which is no date that pandas reads: give their format",
        ),
        (LOG.assign(spent=[1.0, None, 2.0]), "column 'spent' is empty in row 1: fill it in, or leave the row out"),
    ],
)
def test_an_order_log_that_is_none(log, sentence):
    with pytest.raises(UserError, match=f"^Purchases.of.*{sentence}"):
        Purchases.of(log, **NAMES)


def test_every_public_function_names_what_it_misses(purchases):
    summary = purchases.summary("2025-12-31")
    log = pd.DataFrame({"customer_id": ["a"], "ordered_at": [19970101], "amount": [1.0]})
    with pytest.raises(UserError, match=r"fit_models: the frame 'summary' has no column 'T' \(it has customer_id, "):
        clv.fit_models(summary.drop(columns="T"))
    with pytest.raises(UserError, match="fit_models, summary: column 'T' holds text, such as"):
        clv.fit_models(summary.assign(T=summary["T"].astype(str)))
    with pytest.raises(
        UserError, match=r"channel_table: the frame 'contacts' has no column 'channel' \(it has kanal\)"
    ):
        interaction.channel_table(pd.DataFrame({"kanal": ["phone"]}))
    with pytest.raises(UserError, match=r"channel_table takes a pandas\.DataFrame as 'contacts'; a dict came"):
        interaction.channel_table({"channel": ["phone"]})
    with pytest.raises(UserError, match="column 'ordered_at' holds numbers, such as 19970101"):
        clv.customer_revenue(log, "1997-02-01", 9)
    with pytest.raises(UserError, match="column 'T' stands in the frame 2 times"):
        clv.fit_models(pd.concat([summary, summary[["T"]]], axis=1))


def test_a_summary_in_another_unit_is_refused(purchases):
    """Scored in silence before: 2,779 for 11,742."""
    days, weeks = (purchases.summary("2025-12-31", unit) for unit in ("day", "week"))
    assert (days.attrs, weeks.attrs) == ({"time_unit": "day"}, {"time_unit": "week"})
    of_days = clv.fit_models(days)
    with pytest.raises(UserError, match="is in days and the economics in weeks: one unit for both"):
        clv.score_customers(of_days, economics=WEEKS, certainty=CERTAINTY)
    for ask in ("predict", "probability_active"):
        with pytest.raises(UserError, match="the summary is in weeks and the model in days"):
            getattr(of_days.orders, ask)(10, weeks["frequency"], weeks["recency"], weeks["T"])
    with pytest.raises(UserError, match="the summary is in weeks and the model in days"):
        of_days.orders.conditional_probability_alive(weeks["frequency"], weeks["recency"], weeks["T"])
    value = weeks.assign(p_alive=1.0)
    with pytest.raises(UserError, match="next_order: the model is in days, of 1 days, and days_per_unit is 7"):
        retention.next_order(of_days.orders, value, "2025-12-31")
    # in one unit both give the same, and what carries no unit is taken as it is
    of_weeks = clv.fit_models(weeks)
    scored = clv.score_customers(of_weeks, economics=WEEKS, certainty=CERTAINTY)
    asked = of_days.orders.predict(365.25, *(days[name].to_numpy() for name in ("frequency", "recency", "T")))
    np.testing.assert_allclose(asked, scored.customers["expected_orders"], rtol=1e-4)


def test_estimates_lie_inside_their_ranges(purchases):
    models = clv.fit_models(purchases.summary("2025-12-31"))
    once = {"level": 0.5, "level_uncertainty": 0.12, "seed": 0, "draws": 50}
    for certainty in (CERTAINTY, Certainty(**once)):
        told = clv.score_customers(models, economics=WEEKS, certainty=certainty).customers
        for name in ("expected_orders", "clv"):
            assert told[name].between(told[f"{name}_low"], told[f"{name}_high"]).all()
    # of one who is likelier than that not to order again the range ends at what is expected, of others at whole orders
    ends = told["expected_orders_high"]
    rare = ends < 1
    assert 0 < rare.sum() < len(told)
    assert (ends[rare] == told["expected_orders"][rare]).all()
    forecast = told[["customer_id", "expected_orders"]].assign(expected_orders=told["expected_orders"] * 0.7)
    moved = with_headline(clv.score_customers(models, economics=WEEKS, certainty=certainty), forecast).customers
    for name in ("expected_orders", "clv"):
        assert moved[name].between(moved[f"{name}_low"], moved[f"{name}_high"]).all()
    np.testing.assert_allclose(moved["expected_orders_high"][rare], 0.7 * ends[rare], rtol=1e-12)


@pytest.mark.parametrize(
    ("economics", "certainty", "sentence"),
    [
        ({"time_unit": "weeks"}, {}, "time_unit is 'weeks'; it is one of day, week, month"),
        ({}, {"level": 90}, "level is 90; it is a probability"),
        ({}, {"level_uncertainty": 12}, "level_uncertainty is 12; it is a share"),
        ({}, {"draws": 0}, "draws is 0; at least one future"),
    ],
)
def test_economics_and_certainty_in_other_units_are_refused(purchases, economics, certainty, sentence):
    models = clv.fit_models(purchases.summary("2025-12-31"))
    given = {"economics": replace(WEEKS, **economics), "certainty": replace(CERTAINTY, **certainty)}
    with pytest.raises(ValueError, match=sentence):
        clv.score_customers(models, **given)


def test_a_level_in_percent_is_refused(purchases):
    assert "level is 90; it is a probability" in str(clv.fit_models(purchases.summary("2025-12-31"), level=90))


def test_a_range_of_dates_has_a_middle():
    model = clv.BetaGeoFitter()
    model.params_ = pd.Series({"r": 0.25, "alpha": 20.0, "a": 0.3, "b": 6.0})
    value = pd.DataFrame({"customer_id": list("abc"), "frequency": [40, 2, 0], "recency": [51.0, 20.0, 0.0], "T": 52.0})
    dates = retention.next_order(model, value.assign(p_alive=0.9), "2026-06-30")
    has = dates[["next_order_low", "next_order_median", "next_order_high"]].notna()
    assert has["next_order_median"].any()
    assert not has["next_order_median"].all()
    assert not (has["next_order_low"] & ~has["next_order_median"]).any()
    assert not (has["next_order_high"] & ~has["next_order_median"]).any()
