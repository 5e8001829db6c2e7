"""Revenue by cohort: the past is the ledger's, and the forecast is the sum over customers."""

import numpy as np
import pandas as pd
import pytest

from regulars import clv, rfm
from regulars.clv.acquisition import forecast_acquisition
from regulars.clv.cohort_revenue import MOST_COHORTS, cohort_finding, cohort_names, past_by_cohort

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
    summary = rfm.Purchases.of(orders, zero_spend_is_purchase=True).summary(END, "week")
    models = clv.fit_models(summary)
    scored = clv.score_customers(
        summary, models, margin=0.3, annual_discount_rate=0.0, horizon_months=12, active_within_days=90,
        time_unit="week", draws=50,
    )  # fmt: skip
    coming = forecast_acquisition(summary["first_ordered_at"], "2021-01-01", END, 12)
    return orders, scored, coming, cohort_finding(orders, scored, models, coming, END, 12, "week")


def test_the_past_is_the_ledger_to_the_cent(found):
    orders, _, _, told = found
    past = told.frames["revenue"].query("not is_forecast")
    assert past["revenue"].sum() == pytest.approx(orders["amount"].sum(), abs=0.005)
    assert told.frames["totals"]["revenue"][lambda s: s.index < past["start"].nunique()].sum() == pytest.approx(
        orders["amount"].sum(), abs=0.005
    )
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
    first_month = told.frames["totals"].query("is_forecast")["orders"].sum()
    assert first_month > scored.customers["expected_orders"].sum() + coming.total.value
    assert told.verdict == "with_new" and 0 < told.facts["new_share"] < 1


def test_the_ends_of_every_interval_stand_in_order(found):
    ahead = found[3].frames["totals"].query("is_forecast")
    assert len(ahead) == 12
    for name in ("revenue", "orders"):
        assert (ahead[f"{name}_low"] < ahead[name]).all() and (ahead[name] < ahead[f"{name}_high"]).all()


def test_old_cohorts_are_one_and_a_credit_reduces(shop):
    years = pd.Series(pd.to_datetime([f"{year}-02-01" for year in range(2015, 2024)]))
    assert cohort_names(years).nunique() == MOST_COHORTS
    assert cohort_names(years)[0] == "≤ 2020"
    orders = pd.DataFrame(
        {"customer_id": ["a", "a"], "ordered_at": pd.to_datetime(["2024-06-01", "2024-06-02"]), "amount": [10.0, -4.0]}
    )
    past = past_by_cohort(orders, END)
    assert past[["revenue", "orders", "customers"]].to_numpy().tolist() == [[6.0, 1.0, 1.0]]
