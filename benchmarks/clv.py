"""Fits and forecasts beside those of `lifetimes`, as ratios in one run on one machine: ``python benchmarks/clv.py``."""

import argparse
import time
from importlib import resources

import numpy as np
import pandas as pd

from regulars.clv import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter, predictive_intervals
from regulars.clv._lifetimes import lifetimes
from regulars.clv.resampling import bootstrap
from regulars.settings import Certainty, Economics


def seconds(work, repeats=1):
    """Shortest of some runs, and what the last one returned."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def synthetic(customers, seed=1):
    """Histories of BG/NBD customers in days, told in weeks, with spend."""
    rng = np.random.default_rng(seed)
    rate, stop = rng.gamma(0.25, 1 / 4.4, customers), rng.beta(0.8, 2.4, customers)
    T = rng.integers(70, 560, customers) / 7
    last = rng.geometric(stop)
    x = np.minimum(rng.poisson(rate * T), last)
    # given x orders in T the last is the largest of x uniform times, or earlier where the customer stopped there
    share = rng.beta(np.maximum(x, 1), np.where(x < last, 1, 3))
    t_x = np.where(x > 0, np.floor(share * T * 7) / 7, 0.0)
    spend = np.where(
        x > 0, rng.gamma(6.0 * np.maximum(x, 1)) / rng.gamma(3.7, 1 / 15.0, customers) / np.maximum(x, 1), 0
    )
    return pd.DataFrame({"frequency": x, "recency": t_x, "T": T, "monetary_value": spend})


def cdnow():
    """Histories of the CDNOW master log to its end, in weeks."""
    with resources.files("lifetimes").joinpath("datasets/CDNOW_master.txt").open() as file:
        log = pd.read_csv(file, sep=r"\s+")
    log["date"] = pd.to_datetime(log["date"].astype(str))
    days = log.groupby(["customer_id", "date"]).size().reset_index().groupby("customer_id")["date"]
    known = days.agg(["min", "max", "size"])
    return pd.DataFrame(
        {
            "frequency": known["size"] - 1,
            "recency": (known["max"] - known["min"]).dt.days / 7,
            "T": (pd.Timestamp("1998-06-30") - known["min"]).dt.days / 7,
        }
    )


def tell(what, ours, theirs=None, note=""):
    ratio = f"{theirs:8.2f} s   {theirs / ours:6.1f} times" if theirs is not None else " " * 25
    print(f"{what:<44}{ours:8.2f} s{ratio}   {note}", flush=True)


def history(frame):
    return frame["frequency"], frame["recency"], frame["T"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--without-lifetimes", action="store_true", help="skip its runs, which take minutes")
    options = parser.parse_args()
    many, master = synthetic(options.customers), cdnow()
    own = many[many["frequency"] > 0]
    BetaGeoFitter().fit(*history(many.head(1000)))  # libraries loaded, threads started
    print(f"{'':<44}{'ours':>10}{'lifetimes':>10}{'faster':>14}")

    def against(what, ours, theirs):
        mine, fitted = seconds(ours, repeats=2)
        if options.without_lifetimes:
            tell(what, mine)
            return fitted
        other, known = seconds(theirs)
        off = float(np.abs(fitted.params_ / known.params_ - 1).max())
        tell(what, mine, other, f"parameters {off:.1e} apart")
        return fitted

    orders = against(
        f"BG/NBD fit, {options.customers:,} customers",
        lambda: BetaGeoFitter().fit(*history(many)),
        lambda: lifetimes.BetaGeoFitter().fit(*history(many)),
    )
    spend = against(
        f"Gamma-Gamma fit, {len(own):,} customers",
        lambda: GammaGammaFitter().fit(own["frequency"], own["monetary_value"]),
        lambda: lifetimes.GammaGammaFitter().fit(own["frequency"], own["monetary_value"]),
    )
    against(
        "Pareto/NBD fit with standard errors, CDNOW",
        lambda: ParetoNBDFitter().fit(*history(master)),
        lambda: lifetimes.ParetoNBDFitter().fit(*history(master)),
    )

    their_orders, their_spend = lifetimes.BetaGeoFitter(), lifetimes.GammaGammaFitter()
    their_orders.params_, their_spend.params_ = orders.params_, spend.params_
    their_orders.predict = their_orders.conditional_expected_number_of_purchases_up_to_time
    columns = (*history(many), many["monetary_value"])
    for what, ours, theirs in (
        (
            "expected orders in 52 weeks",
            lambda: orders.predict(52, *history(many)),
            lambda: their_orders.predict(52, *history(many)),
        ),
        (
            "12-month lifetime value, the same recipe",
            lambda: spend.customer_lifetime_value(orders, *columns, freq="W"),
            lambda: their_spend.customer_lifetime_value(their_orders, *columns, freq="W"),
        ),
    ):
        mine, answer = seconds(ours)
        if options.without_lifetimes:
            tell(what, mine)
            continue
        with np.errstate(all="ignore"):
            other, known = seconds(theirs)
        finite = np.isfinite(known) & (known != 0)
        off = float(np.abs(answer[finite] / known[finite] - 1).max())
        tell(what, mine, other, f"{off:.1e} apart where lifetimes is finite ({finite.mean():.2%})")

    tell("200 bootstrap fits", seconds(lambda: bootstrap(orders, draws=200))[0])
    cd_orders = BetaGeoFitter().fit(*history(master))
    money = np.where(master["frequency"] > 0, 35.0 + np.arange(len(master)) / 1000, np.nan)
    base = master.assign(monetary_value=money)
    economics = Economics(
        margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week", active_within_days=90
    )
    certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=400)
    tell(
        f"intervals of {len(master):,} customers, 400 draws",
        seconds(lambda: predictive_intervals(cd_orders, spend, base, economics=economics, certainty=certainty))[0],
    )


if __name__ == "__main__":
    main()
