"""The quickstarts of lifetimes and of pymc-marketing's CLV guide, ported by their imports alone: what they print.

https://github.com/CamDavidsonPilon/lifetimes/blob/master/docs/Quickstart.md; pymc-marketing,
docs/source/notebooks/clv/clv_quickstart.ipynb.
"""

import numpy as np
import pandas as pd
import pytest

from regulars.clv._lifetimes import utils as theirs
from regulars.errors import UserError
from regulars.lifetimes import (
    BetaGeoFitter,
    GammaGammaFitter,
    calculate_alive_path,
    calibration_and_holdout_data,
    load_cdnow_summary,
    load_cdnow_summary_data_with_monetary_value,
    load_dataset,
    load_transaction_data,
    plot_calibration_purchases_vs_holdout_purchases,
    plot_expected_repeat_purchases,
    plot_frequency_recency_matrix,
    plot_history_alive,
    plot_period_transactions,
    plot_probability_alive_matrix,
    rfm_summary,
    summary_data_from_transaction_data,
)
from regulars.purchases import Purchases

AS_PRINTED = {"rel": 1e-4}  # their search stops a few digits before the maximum


@pytest.fixture(scope="module")
def log():
    return load_transaction_data()


@pytest.fixture(scope="module")
def summary(log):
    return summary_data_from_transaction_data(log, "id", "date", observation_period_end="2014-12-31")


@pytest.fixture(scope="module")
def bgf(summary):
    return BetaGeoFitter(penalizer_coef=0.0).fit(summary["frequency"], summary["recency"], summary["T"])


@pytest.fixture(scope="module")
def held_out(log):
    return calibration_and_holdout_data(
        log, "id", "date", calibration_period_end="2014-09-01", observation_period_end="2014-12-31"
    )


def test_basic_frequency_and_recency():
    data = load_cdnow_summary(index_col=[0])
    assert data.head(2).to_numpy().tolist() == [[2, 30.43, 38.86], [1, 1.71, 38.86]]
    bgf = BetaGeoFitter(penalizer_coef=0.0)
    bgf.fit(data["frequency"], data["recency"], data["T"])
    assert bgf.summary["coef"].to_dict() == pytest.approx(
        {"r": 0.242593, "alpha": 4.413532, "a": 0.792886, "b": 2.425752}, **AS_PRINTED
    )
    assert bgf.summary["se(coef)"].tolist() == pytest.approx([0.012557, 0.378221, 0.185719, 0.705345], rel=2e-3)
    assert bgf.summary["upper 95% bound"].tolist() == pytest.approx([0.267205, 5.154846, 1.156895, 3.808229], rel=1e-3)
    expected = bgf.conditional_expected_number_of_purchases_up_to_time(1, data["frequency"], data["recency"], data["T"])
    best = data.assign(predicted_purchases=expected).sort_values("predicted_purchases").tail(5)["predicted_purchases"]
    assert best.index.tolist() == [509, 841, 1981, 157, 1516]
    assert best.tolist() == pytest.approx([0.424877, 0.474738, 0.486526, 0.662396, 0.710623], **AS_PRINTED)
    # a map of what histories lead to: who has bought most and latest is the best, who bought much long ago the worst
    assert type(plot_frequency_recency_matrix(bgf)).__name__ == "Picture"
    told = bgf.history_map().set_index(["frequency", "recency"])
    assert told["expected_orders"].idxmax() == (29, 38)
    assert told.loc[(29, 3), "p_alive"] < 1e-6
    assert type(plot_probability_alive_matrix(bgf)).__name__ == "Picture"


def test_how_often_the_model_expects_them_to_buy(bgf, summary):
    counted = bgf.expected_frequencies(7)
    actual = summary["frequency"].clip(upper=7).value_counts().sort_index()
    assert counted["actual"].tolist() == actual.tolist()
    # by the probability of n purchases, customer by customer, and as a simulation of the same customers has it
    for n in (0, 3):
        ages = summary["T"].value_counts()
        by_customer = sum(number * bgf.probability_of_n_purchases_up_to_time(T, n) for T, number in ages.items())
        assert counted["expected"][n] == pytest.approx(by_customer)
    assert counted["expected"].sum() == pytest.approx(5000)
    drawn = np.random.default_rng(1)
    orders = bgf.draw_orders(drawn, summary["T"].to_numpy(), *np.zeros((3, 5000)))
    came = np.bincount(np.minimum(orders, 7).astype(int), minlength=8)
    assert np.abs(came - counted["expected"]).max() < 4 * np.sqrt(counted["expected"].max())
    assert type(plot_period_transactions(bgf)).__name__ == "Picture"
    assert type(plot_expected_repeat_purchases(bgf)).__name__ == "Picture"


def test_transactions_become_a_summary(log, summary, bgf):
    assert log.head(2).to_numpy().tolist() == [["2014-03-08 00:00:00", 0], ["2014-05-21 00:00:00", 1]]
    first = [[0, 0, 298], [0, 0, 224], [6, 142, 292], [0, 0, 147], [2, 9, 183]]
    assert summary.head().to_numpy().tolist() == first
    printed = {"a": 1.85, "alpha": 1.86, "b": 3.18, "r": 0.16}
    assert bgf.params_.round(2).to_dict() == pytest.approx(printed, abs=0.011)
    assert summary.attrs == {"time_unit": "day"}


@pytest.mark.parametrize("freq, multiplier", [("D", 1), ("D", 7), ("W", 1)])
def test_the_summary_is_theirs_wherever_theirs_still_runs(freq, multiplier):
    names = ["_id", "id", "date", "cds", "spent"]
    log = load_dataset("CDNOW_sample.txt", sep=r"\s+", names=names, dtype={"date": str})
    given = (log.assign(date=pd.to_datetime(log["date"])), "id", "date", "spent")
    options = {"observation_period_end": "1998-06-30", "freq": freq, "freq_multiplier": multiplier}
    for more in ({}, {"include_first_transaction": True}):
        ours = summary_data_from_transaction_data(*given, **options, **more)
        their = theirs.summary_data_from_transaction_data(*given, **options, **more)
        pd.testing.assert_frame_equal(ours, their.sort_index(), rtol=1e-12)
    if freq == "D":  # and that of Purchases, where every day has positive spend
        paid = given[0][given[0]["spent"] > 0]
        days = Purchases.of(paid, customer_id_col="id", datetime_col="date", monetary_value_col="spent")
        unit = {1: "day", 7: "week"}[multiplier]
        plain = summary_data_from_transaction_data(paid, *given[1:], **options)
        same = days.summary("1998-06-30", unit).set_index("customer_id")[["frequency", "recency", "T"]]
        np.testing.assert_allclose(same, plain[["frequency", "recency", "T"]], rtol=1e-12)
        assert plain.attrs["time_unit"] == unit


def test_a_hold_out_is_kept_back(held_out, log, summary):
    columns = ["frequency_cal", "recency_cal", "T_cal", "frequency_holdout", "duration_holdout"]
    assert held_out.columns.tolist() == columns
    first = [[0, 0, 177, 0, 121], [0, 0, 103, 0, 121], [6, 142, 171, 0, 121], [0, 0, 26, 0, 121], [2, 9, 62, 0, 121]]
    assert held_out.head().to_numpy().tolist() == first
    # an independent count, customer by customer
    day = pd.to_datetime(log["date"]).dt.normalize()
    later = day[(pd.to_datetime(log["date"]) > "2014-09-01") & (pd.to_datetime(log["date"]) <= "2014-12-31")]
    came = log.assign(day=later).groupby("id")["day"].nunique()
    assert (held_out["frequency_holdout"] == came.reindex(held_out.index)).all()
    model = BetaGeoFitter().fit(held_out["frequency_cal"], held_out["recency_cal"], held_out["T_cal"])
    one = summary.iloc[20]
    assert model.predict(10, one["frequency"], one["recency"], one["T"]) == pytest.approx(0.0576511, rel=1e-3)
    for kind in ("frequency_cal", "recency_cal", "T_cal", "time_since_last_purchase"):
        picture = plot_calibration_purchases_vs_holdout_purchases(model, held_out, kind)
        assert type(picture).__name__ == "Picture"
    once = held_out["frequency_cal"] == 0
    told = plot_calibration_purchases_vs_holdout_purchases(model, held_out)
    ends = sorted(float(trace.y[0]) for trace in told.data if trace.mode == "lines" and len(trace.y) == 7)
    expected = model.predict(121, *(held_out.loc[once, name] for name in columns[:3])).mean()
    assert ends == pytest.approx(sorted([float(held_out.loc[once, "frequency_holdout"].mean()), float(expected)]))
    with pytest.raises(UserError, match="nothing was bought after 2020-01-01"):
        calibration_and_holdout_data(log, "id", "date", "2020-01-01", "2021-01-01")
    with pytest.raises(UserError, match="no axis 'T'"):
        plot_calibration_purchases_vs_holdout_purchases(model, held_out, "T")


def test_the_history_of_one_customer(log, bgf):
    own = log.loc[log["id"] == 35]
    path = calculate_alive_path(bgf, own, "date", 200)
    days = (pd.to_datetime(own["date"]).dt.normalize().drop_duplicates() - pd.Timestamp(own["date"].min())).dt.days
    assert len(path) == 201
    for age in (0, 50, 200):
        known = sorted(day for day in days if day <= age)
        alive = bgf.conditional_probability_alive(len(known) - 1, known[-1], age)[0]
        assert path[age] == pytest.approx(alive)
    picture = plot_history_alive(bgf, 200, own, "date")
    assert len(picture.data[0].x) in (2, 201)
    assert type(plot_history_alive(bgf, 200, own, "date", start_date="2014-06-01")).__name__ == "Picture"


def test_lifetime_value_with_gamma_gamma():
    table = load_cdnow_summary_data_with_monetary_value()
    back = table[table["frequency"] > 0]
    assert back[["monetary_value", "frequency"]].corr().iloc[0, 1] == pytest.approx(0.113884, abs=1e-6)
    ggf = GammaGammaFitter(penalizer_coef=0).fit(back["frequency"], back["monetary_value"])
    assert ggf.params_.to_dict() == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.45}, abs=0.006)
    profit = ggf.conditional_expected_average_profit(table["frequency"], table["monetary_value"])
    assert profit.head(7).tolist() == pytest.approx(
        [24.658619, 18.911489, 35.170981, 35.170981, 35.170981, 71.462843, 18.911489], rel=1e-3
    )
    assert profit.mean() == pytest.approx(35.2529588256, rel=1e-3)
    bgf = BetaGeoFitter().fit(table["frequency"], table["recency"], table["T"])
    value = ggf.customer_lifetime_value(
        bgf, table["frequency"], table["recency"], table["T"], table["monetary_value"], time=12, discount_rate=0.01
    )
    printed = {1: 140.096211, 2: 18.943467, 3: 38.180574, 6: 1003.868107, 7: 28.109683, 9: 167.418216}
    assert value[list(printed)].to_dict() == pytest.approx(printed, rel=1e-3)


@pytest.fixture(scope="module")
def guide():
    """Table and models of pymc-marketing's guide."""
    names = ["_id", "id", "date", "cds_bought", "spent"]
    raw = load_dataset("CDNOW_sample.txt", sep=r"\s+", names=names)
    assert raw.head(1).to_numpy().tolist() == [[4, 1, 19970101, 2, 29.33]]
    options = {"monetary_value_col": "spent", "datetime_format": "%Y%m%d", "time_unit": "W"}
    table = rfm_summary(raw, customer_id_col="id", datetime_col="date", **options)
    model = BetaGeoFitter().fit(table["frequency"], table["recency"], table["T"])
    back = table[table["frequency"] > 0]
    return table, model, GammaGammaFitter().fit(back["frequency"], back["monetary_value"])


def test_the_quickstart_of_pymc_marketing(guide):
    table, model, _ = guide
    assert table.columns.tolist() == ["customer_id", "frequency", "recency", "T", "monetary_value"]
    printed = [[1, 3, 49, 78, 23.723333], [2, 1, 2, 78, 11.77], [3, 0, 0, 78, 0]]
    np.testing.assert_allclose(table.head(3), printed, rtol=1e-6)
    printed = [[2354, 5, 24, 66, 44.928], [2355, 1, 44, 66, 24.6], [2356, 6, 62, 66, 31.871667], [2357, 0, 0, 66, 0]]
    np.testing.assert_allclose(table.tail(4), printed, rtol=1e-6)
    # no step away from the maximum is better: the sum of the log-likelihoods by customer falls on both sides
    best = model.log_likelihood(table["frequency"], table["recency"], table["T"]).sum()
    assert best == pytest.approx(model.log_likelihood_)
    for name in model.params_.index:
        for factor in (0.99, 1.01):
            other = BetaGeoFitter()
            other.params_ = model.params_.copy()
            other.params_[name] *= factor
            assert other.log_likelihood(table["frequency"], table["recency"], table["T"]).sum() < best


def test_the_guide_of_pymc_marketing_goes_on_to_what_customers_will_buy_and_bring(guide):
    table, model, spend = guide
    assert type(plot_frequency_recency_matrix(model)).__name__ == "Picture"
    assert type(plot_probability_alive_matrix(model)).__name__ == "Picture"
    # one customer, weeks ahead, against the same customer's futures drawn one by one
    x, t_x, T = 10.0, 60.0, 75.0
    weeks = np.array([1, 10, 50, 90])
    told = model.predict(weeks, x, t_x, T)
    alive = model.conditional_probability_alive(x, t_x, T)[0]
    drawn = np.random.default_rng(1)
    history = (np.full(20_000, one) for one in (x, t_x, T))
    orders = model.draw_orders(drawn, 50.0, *history)
    assert told[2] == pytest.approx(orders.mean(), abs=4 * orders.std() / np.sqrt(orders.size))
    assert 0 < alive < 1 and (np.diff(told) > 0).all()
    # a new customer: the expectation is the sum over n of n times its probability
    mass = [model.probability_of_n_purchases_up_to_time(52, n) for n in range(150)]
    assert model.expected_number_of_purchases_up_to_time(52) == pytest.approx(np.arange(150) @ mass, rel=1e-6)
    # spend and value by the formulas of the guide's references, a month of 4.345 weeks as in `lifetimes`
    back = table[table["frequency"] > 0]
    p, q, v = spend.params_[["p", "q", "v"]]
    mean = p * (v + back["frequency"] * back["monetary_value"]) / (p * back["frequency"] + q - 1)
    history = [back[name] for name in ("frequency", "recency", "T")]
    np.testing.assert_allclose(
        spend.conditional_expected_average_profit(back["frequency"], back["monetary_value"]), mean, rtol=1e-9
    )
    ahead = [0.0, *(model.predict(4.345 * month, *history) for month in range(1, 13))]
    by_hand = sum((ahead[n] - ahead[n - 1]) * mean / 1.01**n for n in range(1, 13))
    money = {"time": 12, "discount_rate": 0.01, "freq": "W"}
    value = spend.customer_lifetime_value(model, *history, back["monetary_value"], **money)
    np.testing.assert_allclose(value, by_hand, rtol=1e-9)


def test_no_import_of_a_notebook_fails():
    """Whatever `lifetimes` exports is found here, ours or as it is."""
    import lifetimes
    from lifetimes import plotting, utils

    from regulars import lifetimes as ours

    names = {name for name in dir(lifetimes) if name.endswith("Fitter")} - {"BaseFitter"}
    names |= {name for name in dir(plotting) if name.startswith("plot_")}
    names |= {name for name, one in vars(utils).items() if getattr(one, "__module__", "") == utils.__name__}
    public = {name for name in names if not name.startswith("_")} - {"ConvergenceError"}
    assert sorted(name for name in public if not hasattr(ours, name)) == []
    assert not hasattr(ours, "plot_nothing")


def test_plots_that_draw_with_matplotlib_take_our_models(log, summary):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from regulars.lifetimes import plot_cumulative_transactions, plot_transaction_rate_heterogeneity

    model = BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
    assert plot_transaction_rate_heterogeneity(model).get_lines()
    pyplot.figure()
    came, told = plot_cumulative_transactions(model, log, "date", "id", 60, 40).get_lines()[:2]
    assert len(came.get_ydata()) == len(told.get_ydata()) == 60
    pyplot.close("all")
