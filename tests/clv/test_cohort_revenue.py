"""Revenue by cohort: the past is the ledger's, and the forecast is the sum over customers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from memory_dataset import ECONOMICS
from regulars import clv
from regulars.clv.acquisition import forecast_acquisition
from regulars.clv.cohort_revenue import MOST_COHORTS, cohort_names, forecast_cohorts, past_by_cohort
from regulars.clv.sections import tell_cohorts
from regulars.finding import NOT_SUPPLIED, Finding, Refusal
from regulars.history import hold_months
from regulars.purchases import Purchases
from regulars.settings import Certainty

SURE = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
NOTHING_EARLIER = Finding(NOT_SUPPLIED)
END = pd.Timestamp("2024-06-15")


@pytest.fixture(scope="module")
def shop():
    rng = np.random.default_rng(3)
    born = pd.Timestamp("2021-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 1260, 900)), unit="D")
    rate = rng.gamma(0.9, 1 / 60, 900)
    parts = [
        pd.DataFrame({"customer_id": f"c{i}", "ordered_at": start + pd.to_timedelta(np.r_[0, later], unit="D")})
        for i, start in enumerate(born)
        for later in [np.cumsum(rng.exponential(1 / rate[i], rng.geometric(0.25))).round()]
    ]
    log = pd.concat(parts, ignore_index=True)
    level = dict(zip(log["customer_id"].unique(), rng.gamma(5, 8, 900), strict=True))
    log["amount"] = (log["customer_id"].map(level) * rng.gamma(8, 1 / 8, len(log))).round(2) + 0.01
    return log


@pytest.fixture(scope="module")
def found(shop):
    orders = shop[shop["ordered_at"] <= END]
    summary = Purchases.of(orders, zero_spend_is_purchase=True).summary(END, "week")
    models = clv.fit_models(summary)
    settings = {"economics": replace(ECONOMICS, annual_discount_rate=0.0), "certainty": SURE}
    scored = clv.score_customers(models, **settings)
    coming = forecast_acquisition(summary["first_ordered_at"], "2021-01-01", END, 12)
    cohorts = forecast_cohorts(orders, scored, models, coming, observation_end=END, **settings)
    return orders, scored, coming, tell_cohorts(cohorts, NOTHING_EARLIER, summary)


def test_the_past_is_the_ledger_to_the_cent(found):
    orders, _, _, told = found
    past = told.frames["revenue"].query("not is_forecast")
    assert past["revenue"].sum() == pytest.approx(orders["amount"].sum(), abs=0.005)
    months = told.frames["months"]
    assert months.loc[months["revenue_low"].isna(), "revenue"].sum() == pytest.approx(orders["amount"].sum(), abs=0.005)
    assert told.frames["cohorts"]["past"].sum() == pytest.approx(orders["amount"].sum(), abs=0.005)
    by_year = orders.groupby(orders.groupby("customer_id")["ordered_at"].transform("min").dt.year)["amount"].sum()
    drawn = past.groupby("cohort")["revenue"].sum()
    np.testing.assert_allclose(drawn.loc[[str(year) for year in by_year.index]], by_year, atol=0.005)


def test_existing_customers_add_up_to_the_scored_table(found):
    """Without discounting, revenue ahead × margin is the customers' value, and orders are their expected orders."""
    _, scored, _, told = found
    ahead = told.frames["revenue"].query("is_forecast")
    existing = ahead[~ahead["cohort"].str.startswith(">")]["revenue"].sum()
    assert 0.3 * existing == pytest.approx(scored.customers["clv"].sum(), rel=1e-9)


def test_customers_to_come_bring_no_less_than_their_first_orders(found):
    _, scored, coming, told = found
    ahead = told.frames["orders"].query("is_forecast")["orders"].sum()
    assert ahead > scored.customers["expected_orders"].sum() + coming.total.value
    assert told.verdict == "with_new" and 0 < told.facts["new_share"] < 1


def test_the_ends_of_every_interval_stand_in_order(found):
    ahead = found[3].frames["months"].dropna(subset="revenue_low")
    assert len(ahead) == 12 and ahead["month"].tolist() == list(range(1, 13))
    for name in ("revenue", "orders", "customers"):
        assert (ahead[f"{name}_low"] < ahead[name]).all() and (ahead[name] < ahead[f"{name}_high"]).all()


def test_the_newest_cohort_stands_first_and_every_cohort_is_told(found):
    orders, _, coming, told = found
    table = told.frames["cohorts"]
    assert table["cohort"].tolist() == ["> 2024-06-15", "2024", "2023", "2022", "2021"]
    won = orders.groupby("customer_id")["ordered_at"].min().dt.year.value_counts()
    assert table["customers"].tolist()[1:] == [won[year] for year in (2024, 2023, 2022, 2021)]
    assert table["customers"].iloc[0] == coming.total.value
    assert table["ahead"].sum() == pytest.approx(told.facts["ahead"].value, rel=1e-12)
    assert (table["ahead_low"] < table["ahead"]).all() and (table["ahead"] < table["ahead_high"]).all()
    lately = orders.loc[orders["ordered_at"] > END - pd.DateOffset(years=1), "amount"].sum()
    assert [table["year"].sum(), told.facts["before"]] == pytest.approx([lately, lately], rel=1e-9)


def test_the_months_of_the_chart_are_those_of_the_table(found):
    """Twelve months from 16 June 2024 on; the first ends in July, and each month stands once."""
    told = found[3]
    table = told.frames["months"].dropna(subset="revenue_low")
    assert table["start"].iloc[[0, 1, -1]].dt.strftime("%Y-%m-%d").tolist() == [
        "2024-06-16",
        "2024-07-16",
        "2025-05-16",
    ]
    for name in ("revenue", "orders", "customers"):
        ahead = told.frames[name].query("is_forecast").groupby("start")[name].sum()
        assert ahead.index.tolist() == pd.date_range("2024-07-01", periods=12, freq="MS").tolist()
        np.testing.assert_allclose(ahead, table[name], rtol=1e-12)


def test_a_month_that_began_before_the_data_is_no_whole_one(found):
    """Data from 1 January 2021 to 15 June 2024: counted back, the first month begins on 16 December 2020."""
    months = found[3].frames["months"].query("~is_ahead").sort_values("start")
    assert months["is_whole"].tolist() == [False] + [True] * 41
    assert months["named"].tolist() == pd.date_range("2021-01-01", periods=42, freq="MS").tolist()


def test_what_is_saved_is_what_is_told(shop, found):
    orders = found[0]
    summary = Purchases.of(orders).summary(END, "week")
    models = clv.fit_models(summary)
    settings = {"economics": ECONOMICS, "certainty": SURE}
    scored = clv.score_customers(models, **settings)
    nobody = forecast_acquisition(summary["first_ordered_at"], "2024-01-01", END, 12)
    forecast = forecast_cohorts(orders, scored, models, nobody, observation_end=END, **settings)
    assert nobody.verdict == "short" and forecast.verdict == "existing_only"
    record = pd.DataFrame(forecast.record)
    assert record["start"].iloc[0] == "2024-06-16" and not record["with_new"].any()
    came = shop[shop["ordered_at"] > END]
    assert len(came), "the simulated shop goes on after the end"
    held = hold_months(shop, END, record, shop["ordered_at"].max())
    assert held.facts["months"] == len(held.frames["months"]) > 0
    earlier = tell_cohorts(forecast, held, summary)
    assert earlier.shown["revenue"]["told"].columns.tolist() == ["start", "revenue", "low", "high"]


def test_old_cohorts_are_one_and_a_credit_reduces(shop):
    years = pd.Series(pd.to_datetime([f"{year}-02-01" for year in range(2015, 2024)]))
    assert cohort_names(years).nunique() == MOST_COHORTS
    assert cohort_names(years)[0] == "≤ 2020"
    orders = pd.DataFrame(
        {"customer_id": ["a", "a"], "ordered_at": pd.to_datetime(["2024-06-01", "2024-06-02"]), "amount": [10.0, -4.0]}
    )
    past = past_by_cohort(orders, END)
    assert past[["revenue", "orders", "customers"]].to_numpy().tolist() == [[6.0, 1.0, 1.0]]


def test_without_a_model_the_past_is_told_alone(found):
    orders, _, coming, _ = found
    why = Refusal("there is one customer only.")
    cohorts = forecast_cohorts(orders, why, why, coming, observation_end=END, economics=ECONOMICS, certainty=SURE)
    told = tell_cohorts(cohorts, NOTHING_EARLIER, pd.DataFrame(index=range(900)))
    assert told.verdict == "past_only" and cohorts.record == []
    assert told.facts == {"past": pytest.approx(orders["amount"].sum()), "customers": 900}
    assert list(told.frames) == ["past"] and not told.frames["past"]["is_forecast"].any()


def test_months_in_which_few_of_an_older_cohort_bought_are_told_over_all_cohorts(found):
    """240 customers, ten each month of two years, of whom two of the first year come back in the second."""
    days = pd.date_range("2023-01-15", periods=24, freq="MS")
    orders = pd.DataFrame({"customer_id": [f"c{number}" for number in range(240)], "ordered_at": np.repeat(days, 10)})
    back = pd.DataFrame({"customer_id": ["c1", "c2"], "ordered_at": pd.Timestamp("2024-06-05")})
    orders = pd.concat([orders, back], ignore_index=True).assign(amount=5.0).astype({"customer_id": "string"})
    why, end = Refusal("hardly anybody comes back."), "2025-01-31"
    cohorts = forecast_cohorts(orders, why, why, found[2], observation_end=end, economics=ECONOMICS, certainty=SURE)
    told = tell_cohorts(cohorts, NOTHING_EARLIER, orders, min_cell=5).frames["past"].set_index("start")
    assert told["cohort"].unique().tolist() == ["2023–2025"] and told["customers"].min() == 10
    assert told.loc["2024-06-01", "revenue"] == 60 and told["revenue"].sum() == 1210
    apart = tell_cohorts(cohorts, NOTHING_EARLIER, orders).frames["past"]
    assert sorted(apart["cohort"].unique()) == ["2023", "2024", "2025"]
