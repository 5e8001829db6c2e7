"""Generators for tests of the models: simulated moments against closed forms, quoted from the papers."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1
from scipy.stats import chi2

from regulars.simulate import bg_nbd_customers, gamma_gamma_spend, order_log, pareto_nbd_customers, stream
from regulars.simulate.purchasing import purchases_until_death, purchases_until_dropout, summary

BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}  # Fader, Hardie & Lee (2005), table 2
MBG = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}  # Batislam et al. (2007)
PARETO = {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.66}  # Fader, Hardie & Lee (2005), table 2
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}  # Fader & Hardie (2013)
STANDARD_ERRORS = 4  # one false alarm in 16,000 tests


def bg_nbd_mean(t, r, alpha, a, b):
    """Fader, Hardie & Lee (2005), equation 9."""
    z = t / (alpha + t)
    return (a + b - 1) / (a - 1) * (1 - (1 - z) ** r * hyp2f1(r, b, a + b - 1, z))


def mbg_nbd_mean(t, r, alpha, a, b):
    """Batislam et al. (2007): mean repeat orders of a new customer."""
    z = t / (alpha + t)
    return b / (a - 1) * (1 - (1 - z) ** r * hyp2f1(r, b + 1, a + b, z))


def pareto_nbd_mean(t, r, alpha, s, beta):
    """Schmittlein, Morrison & Colombo (1987): mean repeat orders of a new customer."""
    return r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + t)) ** (s - 1))


def bg_nbd_log_likelihood(x, t_x, T, r, alpha, a, b):
    """Log-likelihood of each customer, the overflow-free form of Fader, Hardie & Lee (2005), equation 6."""
    a1 = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    a2 = betaln(a, b + x) - betaln(a, b)
    a3 = -(r + x) * np.log(alpha + T)
    a4 = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
    return a1 + a2 + np.where(x > 0, np.logaddexp(a3, a4), a3), a3 - a4


def agrees(values, expected):
    values = np.asarray(values, float)
    return abs(values.mean() - np.mean(expected)) <= STANDARD_ERRORS * values.std() / np.sqrt(values.size)


def truth_is_not_rejected(x, t_x, T, alpha, a, **truth):
    """Likelihood-ratio test of the true parameters against the maximum, at 1 in 1,000."""
    start = np.log([truth["r"], alpha, a, truth["b"]])

    def loss(log_parameters):
        return -bg_nbd_log_likelihood(x, t_x, T, *np.exp(log_parameters))[0].sum()

    best = minimize(loss, start, method="L-BFGS-B")
    return 2 * (loss(start) - best.fun) < chi2.ppf(0.999, 4)


def test_closed_forms_are_those_published():
    """Values 2: expected repeat orders of a new customer."""
    assert bg_nbd_mean(np.array([1, 3, 6]), **BG) == pytest.approx([0.0532678911717, 0.150865230893, 0.280755893577])
    assert mbg_nbd_mean(np.array([1, 3, 6]), **MBG) == pytest.approx(
        [0.0530847952637, 0.150863288607, 0.281360223983], rel=1e-9
    )
    exact = {"r": 0.5534, "alpha": 10.5802, "s": 0.6061, "beta": 11.6562}
    assert pareto_nbd_mean(6, **exact) == pytest.approx(0.275050637429)


@pytest.mark.parametrize("t", [6.0, 39.0, 150.0])
def test_bg_nbd_orders_have_the_mean_of_the_model(t):
    customers = bg_nbd_customers(100_000, **BG, T=t, seed=1, future=0)
    assert agrees(customers["frequency"], bg_nbd_mean(t, **BG))
    assert agrees(customers["frequency"] == 0, (BG["alpha"] / (BG["alpha"] + t)) ** BG["r"])


def test_mbg_nbd_orders_have_the_mean_of_the_model():
    customers = bg_nbd_customers(100_000, **MBG, T=39, seed=1, future=0, dropout_at_first=True)
    assert agrees(customers["frequency"], mbg_nbd_mean(39, **MBG))
    assert not customers.loc[customers["frequency"] == 0, "alive"].all()


def test_pareto_nbd_orders_have_the_mean_of_the_model():
    customers = pareto_nbd_customers(100_000, **PARETO, T=39, seed=1, future=0)
    assert agrees(customers["frequency"], pareto_nbd_mean(39, **PARETO))
    assert agrees(customers["alive"], (PARETO["beta"] / (PARETO["beta"] + 39)) ** PARETO["s"])


def test_bg_nbd_alive_agrees_with_the_model_for_those_who_look_alike():
    """P(alive) given x, t_x and T: as many are alive as the model says, decile by decile."""
    customers = bg_nbd_customers(100_000, **BG, T=39, seed=2, future=0)
    assert customers.loc[customers["frequency"] == 0, "alive"].all()
    bought = customers[customers["frequency"] > 0]
    x, t_x, T = (bought[name].to_numpy() for name in ("frequency", "recency", "T"))
    p_alive = expit(bg_nbd_log_likelihood(x, t_x, T, **BG)[1])
    for part in np.array_split(np.argsort(p_alive), 10):
        assert agrees(bought["alive"].to_numpy()[part] - p_alive[part], 0)


def test_bg_nbd_future_agrees_with_the_model():
    """Fader, Hardie & Lee (2005), equation 10, in the form of Euler's transformation."""
    customers = bg_nbd_customers(50_000, **BG, T=39, seed=3, future=39)
    x, t_x, T, t = customers["frequency"].to_numpy(), customers["recency"].to_numpy(), 39.0, 39.0
    r, alpha, a, b = BG.values()
    z = t / (alpha + T + t)
    raw = (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z))
    log_odds = bg_nbd_log_likelihood(x, t_x, T, **BG)[1]
    expected = raw * np.where(x > 0, expit(log_odds), 1)
    for part in (x == 0, x == 1, (x > 1) & (x < 6), x >= 6):
        assert agrees(customers["future_orders"].to_numpy()[part] - expected[part], 0)


def test_bg_nbd_truth_is_not_rejected_by_its_likelihood():
    customers = bg_nbd_customers(20_000, **BG, T=np.linspace(20, 60, 20_000), seed=4)
    x, t_x, T = (customers[name].to_numpy() for name in ("frequency", "recency", "T"))
    assert truth_is_not_rejected(x, t_x, T, **BG)
    assert not truth_is_not_rejected(x, t_x, T, **(BG | {"a": 1.1}))


def test_score_moves_rate_and_dropout_as_told():
    """Fader & Hardie (2007): α = α₀ exp(−γ₁ s), a = a₀ exp(γ₂ s); at s = 2 the moments are those of such α and a."""
    customers = bg_nbd_customers(
        100_000, **BG, T=39, seed=5, future=0, score=np.full(100_000, 2.0), rate_effect=0.2, dropout_effect=-0.3
    )
    moved = BG | {"alpha": BG["alpha"] * np.exp(-0.4), "a": BG["a"] * np.exp(-0.6)}
    assert agrees(customers["frequency"], bg_nbd_mean(39, **moved))
    without = bg_nbd_customers(1000, **BG, T=39, seed=5, score=np.full(1000, 2.0))
    assert without.drop(columns="score").equals(bg_nbd_customers(1000, **BG, T=39, seed=5).drop(columns="score"))


def test_purchases_without_dropout_are_a_poisson_process():
    n, rate, T = 20_000, 0.7, 10.0
    watched = purchases_until_dropout(np.full(n, rate), np.zeros(n), np.full(n, T), stream(1, "poisson"))
    seen = summary(watched, T, 0)
    assert seen["alive"].all()
    assert agrees(seen["frequency"], rate * T)
    assert agrees((seen["frequency"] - rate * T) ** 2, rate * T)
    gaps = np.diff(watched.time)[np.diff(watched.customer) == 0]
    assert (gaps > 0).all()


def test_certain_dropout_ends_after_one_repeat_purchase():
    n = 1000
    watched = purchases_until_dropout(np.full(n, 3.0), np.ones(n), np.full(n, 50.0), stream(1, "certain"))
    seen = summary(watched, 50.0, 0)
    assert (seen["frequency"] == 1).all()
    assert (seen["dropped_at"] == seen["recency"]).all()
    at_once = purchases_until_dropout(
        np.full(n, 3.0), np.ones(n), np.full(n, 50.0), stream(1, "once"), dropout_at_first=True
    )
    assert (summary(at_once, 50.0, 0)["frequency"] == 0).all()


def test_summary_by_hand():
    """Two customers: orders at 0, 2, 5, 9, 12 with T = 8, and a single order with T = 3 who left at 1."""
    watched = purchases_until_death(np.array([1.0, 0.0]), np.array([20.0, 1.0]), np.array([1.0, 1.0]), stream(1, "x"))
    by_hand = type(watched)(np.array([0, 0, 0, 0, 0, 1]), np.array([0.0, 2, 5, 9, 12, 0]), np.array([20.0, 1.0]))
    seen = summary(by_hand, [8.0, 3.0], future=3.5)
    assert seen["frequency"].tolist() == [2, 0]
    assert seen["recency"].tolist() == [5, 0]
    assert seen["alive"].tolist() == [True, False]
    assert seen["future_orders"].tolist() == [1, 0]  # 12 lies beyond 8 + 3.5
    assert seen["next_order_in"].iloc[0] == 1
    assert seen["next_order_in"].isna().tolist() == [False, True]


@pytest.mark.parametrize("customers", [
    bg_nbd_customers(3000, **BG, T=np.linspace(1, 80, 3000), seed=6),
    pareto_nbd_customers(3000, **PARETO, T=np.linspace(1, 80, 3000), seed=6),
])  # fmt: skip
def test_columns_agree_with_each_other(customers):
    assert ((customers["recency"] == 0) == (customers["frequency"] == 0)).all()
    assert (customers["recency"] <= customers["T"]).all()
    assert (customers["next_order_in"].notna() == (customers["future_orders"] > 0)).all()
    assert (customers.loc[~customers["alive"], "future_orders"] == 0).all()
    assert (customers.loc[~customers["alive"], "recency"] <= customers.loc[~customers["alive"], "dropped_at"]).all()


def test_gamma_gamma_spend_has_the_moments_of_the_model():
    """Fader & Hardie (2013): E(M) = p v / (q − 1), and the conditional mean given x and the average."""
    p, q, v = SPEND.values()
    frequency = np.tile([1, 2, 5, 10], 50_000)
    spend = gamma_gamma_spend(frequency, **SPEND, seed=1)
    population = p * v / (q - 1)
    assert agrees(spend["monetary_value"], population)
    weight = p * frequency / (p * frequency + q - 1)
    expected = (1 - weight) * population + weight * spend["monetary_value"]
    for x in (1, 2, 5, 10):
        error = (spend["mean_spend"] - expected)[frequency == x]
        for part in np.array_split(np.argsort(expected[frequency == x].to_numpy()), 4):
            assert agrees(error.to_numpy()[part], 0)


def test_order_log_is_a_clean_table():
    from regulars.catalog.schemas import typed, validate

    orders = order_log(customers=300, seed=5)
    assert validate(typed(orders, "orders"), "orders")["amount"].min() > 0
    assert orders["ordered_at"].is_monotonic_increasing
    assert str(orders["ordered_at"].min().date()) >= "2024-01-01"
    assert str(orders["ordered_at"].max().date()) <= "2025-12-31"
    assert orders["customer_id"].nunique() == 300
    assert orders.equals(order_log(customers=300, seed=5))
    assert not orders.equals(order_log(customers=300, seed=6))
