"""Published and independently computed numbers of the CDNOW data."""

from importlib import resources

import numpy as np
import pandas as pd
import pytest

from regulars.clv import (
    BetaGeoFitter,
    GammaGammaFitter,
    ModifiedBetaGeoFitter,
    NBDFitter,
    ParetoNBDFitter,
    RegularBetaGeoFitter,
)


@pytest.fixture(scope="module")
def summary():
    """Recency and T in weeks, rounded to two decimals: flavour (a)."""
    name = "datasets/cdnow_customers_summary_with_transactions.csv"
    with resources.files("lifetimes").joinpath(name).open() as file:
        return pd.read_csv(file).rename(columns={"x": "frequency", "t_x": "recency", "zbar": "monetary_value"})


@pytest.fixture(scope="module")
def sample():
    """Exact days / 7 from the sample's log, calibration to 1997-09-30, orders of the next 39 weeks: flavour (b)."""
    with resources.files("lifetimes").joinpath("datasets/CDNOW_sample.txt").open() as file:
        log = pd.read_csv(
            file, sep=r"\s+", header=None, usecols=[1, 2, 4], names=["master", "id", "date", "cds", "amount"]
        )
    log["date"] = pd.to_datetime(log["date"].astype(str))
    days = log.drop_duplicates(["id", "date"])
    end = pd.Timestamp("1997-09-30")
    known = days[days["date"] <= end].groupby("id")["date"].agg(["min", "max", "size"])
    later = days[(days["date"] > end) & (days["date"] <= pd.Timestamp("1998-06-30"))].groupby("id").size()
    return pd.DataFrame(
        {
            "frequency": known["size"] - 1,
            "recency": (known["max"] - known["min"]).dt.days / 7,
            "T": (end - known["min"]).dt.days / 7,
            "later": later.reindex(known.index, fill_value=0),
        }
    )


def history(frame):
    return frame["frequency"], frame["recency"], frame["T"]


def at(fitter, **params):
    fitter.params_ = pd.Series(params)
    return fitter


PAPER = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


def test_counts_of_the_sample(sample):
    assert len(sample) == 2357
    assert sample["frequency"].sum() == 2457
    assert (sample["frequency"] == 0).sum() == 1411
    assert len(sample[["frequency", "recency", "T"]].drop_duplicates()) == 1016
    assert sample["later"].sum() == 1882


@pytest.mark.parametrize(
    ("fitter", "expected", "log_likelihood"),
    [
        # Fader, Hardie & Lee (2005): .243 4.414 .793 2.426, −9582.4
        (BetaGeoFitter(), (0.2425929072, 4.4135315612, 0.7928861481, 2.4257534365), -9582.42556057),
        # Batislam et al. (2007): .525 6.183 .891 1.614
        (ModifiedBetaGeoFitter(), (0.5248379837, 6.1829920197, 0.8913561553, 1.6139993347), -9582.13268490),
        (RegularBetaGeoFitter(k=1), (0.5248379837, 6.1829920197, 0.8913561553, 1.6139993347), -9582.13268490),
    ],
)
def test_fit_on_the_rounded_summary(summary, fitter, expected, log_likelihood):
    fitter.fit(*history(summary))
    np.testing.assert_allclose(fitter.params_, expected, rtol=1e-9)
    assert fitter.log_likelihood_ == pytest.approx(log_likelihood, abs=1e-7)
    assert fitter.gradient_norm_ < 1e-9
    assert fitter.findings_ == []


def test_beta_geo_on_exact_days(sample):
    fitter = BetaGeoFitter().fit(*history(sample))
    np.testing.assert_allclose(fitter.params_, (0.2425945224, 4.4136020190, 0.7929220172, 2.4259067768), rtol=1e-9)
    np.testing.assert_allclose(fitter.standard_errors_, (0.012557, 0.378224, 0.185734, 0.705414), rtol=1e-4)
    assert fitter.log_likelihood_ == pytest.approx(-9582.42920667, abs=1e-7)
    # customer 1516 of the literature
    assert fitter.predict(52, 26, 30 + 6 / 7, 31) == pytest.approx(25.7573369703, rel=1e-9)
    assert fitter.conditional_probability_alive(26, 30 + 6 / 7, 31) == pytest.approx(0.9688544414, rel=1e-9)


def test_hold_out_of_the_sample(sample):
    expected = BetaGeoFitter().fit(*history(sample)).predict(39, *history(sample))
    later = sample["later"]
    assert expected.sum() == pytest.approx(1653.4087, abs=5e-5)
    assert (expected - later).abs().mean() == pytest.approx(0.785454, abs=5e-7)
    assert ((expected - later) ** 2).mean() ** 0.5 == pytest.approx(1.607982, abs=5e-7)
    assert np.corrcoef(expected, later)[0, 1] == pytest.approx(0.625647, abs=5e-7)


def test_gamma_gamma(summary):
    own = summary[summary["frequency"] > 0]
    fitter = GammaGammaFitter().fit(own["frequency"], own["monetary_value"])
    # Fader & Hardie (2013): 6.25 3.74 15.44
    np.testing.assert_allclose(fitter.params_, (6.2488024897, 3.7445884533, 15.4477480095), rtol=1e-9)
    assert fitter.log_likelihood_ == pytest.approx(-4055.92324350, abs=1e-7)
    assert fitter.population_mean == pytest.approx(35.17100209, rel=1e-9)
    spend = fitter.conditional_expected_average_profit(summary["frequency"], summary["monetary_value"])
    np.testing.assert_allclose(
        spend.iloc[[0, 1, 2, 5, 8]], (24.658616, 18.91148, 35.171002, 71.462851, 27.282408), atol=5e-7
    )
    assert np.corrcoef(own["frequency"], own["monetary_value"])[0, 1] == pytest.approx(0.1138839105, abs=1e-9)


def test_twelve_months_by_the_recipe_of_lifetimes(summary):
    own = summary[summary["frequency"] > 0]
    spend = GammaGammaFitter().fit(own["frequency"], own["monetary_value"])
    orders = BetaGeoFitter().fit(*history(summary))
    clv = spend.customer_lifetime_value(orders, *history(summary), summary["monetary_value"], freq="W")
    np.testing.assert_allclose(clv.iloc[[0, 1, 5]], (36.27849649, 4.63746679, 283.52357238), rtol=1e-8)


def test_point_values_of_beta_geo():
    fitter = at(BetaGeoFitter(), **PAPER)
    assert fitter.conditional_probability_alive(2, 30.43, 38.86) == pytest.approx(0.726578570080673, rel=1e-12)
    assert fitter.predict(39, 2, 30.43, 38.86) == pytest.approx(1.22602817476714, rel=1e-12)
    assert fitter.probability_of_n_purchases_up_to_time(39, 0) == pytest.approx(0.573786352096, abs=5e-13)
    np.testing.assert_allclose(
        fitter.expected_number_of_purchases_up_to_time(np.array([1, 3, 6])),
        (0.0532678911717, 0.150865230893, 0.280755893577),
        rtol=1e-11,
    )
    assert fitter.predict(365, 2000, 365, 366) == pytest.approx(1354.5622249645, rel=1e-12)
    np.testing.assert_allclose(
        fitter.conditional_probability_alive(np.array([5, 10, 15, 20]), 30, 39),
        (0.705626847158, 0.571551734243, 0.375091892890, 0.196820444467),
        rtol=1e-11,
    )


def test_dropout_so_heterogeneous_that_a_plus_b_is_below_one():
    # one week behind the customer, thirty ahead
    fitter = at(BetaGeoFitter(), r=0.11, alpha=2.24, a=0.31, b=0.5)
    assert fitter.predict(30, 0, 0, 1) == pytest.approx(0.56458861553278, rel=1e-13)


def test_point_values_of_modified_beta_geo():
    fitter = at(ModifiedBetaGeoFitter(), r=0.525, alpha=6.183, a=0.891, b=1.614)
    np.testing.assert_allclose(
        fitter.expected_number_of_purchases_up_to_time(np.array([1, 3, 6])),
        (0.0530847952637, 0.150863288607, 0.281360223983),
        rtol=1e-11,
    )


def test_pareto_nbd_on_exact_days(sample):
    """Schmittlein, Morrison & Colombo's model; the paper's fit is .553 10.578 .606 11.669 with −9595.0."""
    fitter = ParetoNBDFitter().fit(*history(sample))
    assert list(fitter.params_.index) == ["r", "alpha", "s", "beta"]
    np.testing.assert_allclose(fitter.params_, (0.5532770469, 10.5776834633, 0.6062399891, 11.6687352889), rtol=1e-7)
    assert fitter.log_likelihood_ == pytest.approx(-9594.97617894, abs=1e-6)
    np.testing.assert_allclose(fitter.standard_errors_, (0.047628, 0.842723, 0.187281, 6.211114), rtol=2e-5)


def test_nbd_on_exact_days(sample):
    fitter = NBDFitter().fit(*history(sample))
    np.testing.assert_allclose(fitter.params_, (0.3847661358, 12.0720228448), rtol=1e-9)
    assert fitter.log_likelihood_ == pytest.approx(-9763.65761467, abs=1e-6)


def test_point_values_of_pareto_nbd():
    fitter = at(ParetoNBDFitter(), r=0.5534, alpha=10.5802, s=0.6061, beta=11.6562)
    assert fitter.conditional_probability_alive(26, 30.86, 31) == pytest.approx(0.997917766551907, rel=1e-12)
    # r β / (α (s − 1)) · [1 − (β / (β + t))^(s − 1)], worked out at 40 digits
    np.testing.assert_allclose(
        fitter.expected_number_of_purchases_up_to_time(np.array([1, 3, 6])),
        (0.0510045340023, 0.146124272222, 0.275050637429),
        rtol=1e-11,
    )
