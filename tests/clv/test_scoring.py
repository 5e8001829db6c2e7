"""The models of a base and its scored table: the choice of the model of spend, outliers, and what they move."""

from dataclasses import replace

import numpy as np
import pytest

from memory_dataset import ECONOMICS
from regulars.clv import TiltedGammaGammaFitter, day_netting_bias, fit_models, remarks, score_customers
from regulars.clv.in_memory import spend_choice_effect
from regulars.clv.spend import choose_spend_model
from regulars.purchases import Purchases
from regulars.settings import Certainty
from regulars.simulate import bg_nbd_customers, gamma_gamma_spend

FUTURES = {"economics": ECONOMICS, "certainty": Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=20)}


@pytest.fixture(scope="module")
def summary(cdnow_sample):
    return Purchases.of(cdnow_sample, zero_spend_is_purchase=True).summary("1998-06-30", "week")


def test_scored_total_is_the_sum_of_the_customers(summary):
    scored = score_customers(fit_models(summary), **FUTURES)
    assert scored.customers["clv"].sum() == pytest.approx(scored.clv_total.value, rel=1e-9)
    assert scored.customers["expected_orders"].sum() == pytest.approx(scored.orders_total.value, rel=1e-9)
    assert (scored.customers["clv"] <= scored.customers["value_if_alive"] + 1e-9).all()


def test_choice_of_spend_is_told_in_money(summary):
    """Spend that doubles with the number of orders cannot be taken as independent of it."""
    tilted = summary.assign(monetary_value=summary["monetary_value"] * summary["frequency"].clip(lower=1) ** 0.5)
    models = fit_models(tilted)
    assert isinstance(models.spend, TiltedGammaGammaFitter)
    assert not models.spend_choice.is_independent
    plain = replace(models, spend_choice=replace(models.spend_choice, model=models.spend_choice.plain))
    totals = [score_customers(m, **FUTURES).clv_total.value for m in (models, plain)]
    effect = spend_choice_effect(models, ECONOMICS)
    assert effect == pytest.approx(totals[0] / totals[1] - 1, rel=1e-9)
    assert abs(effect) > 0.01


def test_independent_spend_moves_nothing(summary):
    customers = bg_nbd_customers(1500, r=0.9, alpha=9.0, a=0.75, b=3.0, T=60.0, seed=4)
    spend = gamma_gamma_spend(customers["frequency"], p=6.25, q=3.74, v=15.44, seed=5)["monetary_value"]
    base = summary.head(len(customers)).assign(
        **{name: customers[name].to_numpy(float) for name in ("frequency", "recency", "T")},
        monetary_value=spend.to_numpy(),
    )
    models = fit_models(base)
    assert models.spend_choice.is_independent
    assert spend_choice_effect(models, ECONOMICS) == 0.0


def test_outliers_are_brought_down_and_counted(summary):
    worst = summary["monetary_value"].idxmax()
    spoilt = summary.assign(monetary_value=summary["monetary_value"].mask(summary.index == worst, 20_000.0))
    kept, capped = (fit_models(spoilt, share) for share in (0.0, 0.005))
    assert kept.capped.customers == 0
    assert np.isinf(kept.capped.cap)
    assert capped.capped.customers == 5, "of 1,139 with repeat spend"
    assert capped.capped.money > summary["frequency"][worst] * (20_000 - capped.capped.cap) > 400_000
    assert capped.spend.population_mean < kept.spend.population_mean
    scored = score_customers(capped, **FUTURES).customers
    # the table keeps what was paid; only the forecast is held down
    assert scored["monetary_value"].max() == 20_000
    assert scored["spend_per_order"].max() <= capped.capped.cap


def test_where_spend_has_no_mean_outliers_are_brought_down_unasked(summary):
    """One customer who pays 50,000 an order leaves q at 0.82, so that mean spend is infinite."""
    worst = summary["monetary_value"].idxmax()
    spoilt = summary.assign(monetary_value=summary["monetary_value"].mask(summary.index == worst, 50_000.0))
    bought = spoilt[spoilt["monetary_value"] > 0]
    assert choose_spend_model(bought["frequency"], bought["monetary_value"]).model.population_mean == np.inf
    kept, asked = (fit_models(spoilt, share) for share in (0.0, 0.005))
    assert kept.capped.customers == asked.capped.customers == 5
    assert kept.spend.population_mean == asked.spend.population_mean == pytest.approx(33.228, abs=5e-4)


def test_remarks_tell_what_holds_and_nothing_else(summary):
    models = fit_models(summary)
    netting = day_netting_bias(models.orders, time_unit="week", repeats=2)
    said = remarks(models, netting, economics=ECONOMICS)
    assert [remark.code for remark in said] == ["spend_independent", "days_small"]
    thin = remarks(fit_models(summary, 0.01), netting, economics=ECONOMICS, missed=2)
    assert [remark.code for remark in thin][1:] == ["spend_capped", "thin_data", "days_small"]
    assert thin[2].facts == {"conditions": 2}


def test_a_base_that_nobody_leaves_is_named(summary):
    """Steady buyers, seen to the end: the fit says that dropout cannot be told, and the page passes it on."""
    rng = np.random.default_rng(7)
    T = rng.uniform(60, 80, 400)
    x = rng.poisson(rng.gamma(2.0, 0.5, 400) * T).clip(min=1)
    base = summary.head(400).assign(frequency=x, recency=T - rng.uniform(0, 1, 400).clip(max=0.2), T=T)
    models = fit_models(base.assign(monetary_value=rng.gamma(20.0, 2.0, 400)))
    netting = day_netting_bias(models.orders, time_unit="week")
    codes = [remark.code for remark in remarks(models, netting, economics=ECONOMICS)]
    assert "no_dropout" in codes
