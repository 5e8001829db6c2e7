"""Simulated shops: customers won month by month, who order and leave as BG/NBD says and spend as Gamma-Gamma does."""

import numpy as np
import pandas as pd

from regulars.simulate.purchasing import purchases_until_dropout

START, MONTH, WEEK = pd.Timestamp("2022-01-01"), 30.4375, 7.0
HISTORY, AHEAD = 30, 12  # months
NOW = HISTORY * MONTH / WEEK
BG = {"r": 0.6, "alpha": 7.0, "a": 0.6, "b": 2.4}
GG = {"p": 6.0, "q": 5.0, "v": 30.0}


def simulated_orders(seed, per_month=40.0, yearly=0.0, wander=0.0) -> pd.DataFrame:
    """Orders of the history and of the months ahead: customer_id, week (since the start), amount."""
    rng = np.random.default_rng(seed)
    months = np.arange(HISTORY + AHEAD)
    level = np.log1p(yearly) * months / 12 + np.cumsum(wander * rng.standard_normal(months.size))
    won = rng.poisson(per_month * np.exp(level - level[HISTORY - 1]))
    born = (np.repeat(months, won) + rng.random(won.sum())) * MONTH / WEEK
    end = (HISTORY + AHEAD) * MONTH / WEEK
    rate, leaves = rng.gamma(BG["r"], 1 / BG["alpha"], born.size), rng.beta(BG["a"], BG["b"], born.size)
    bought = purchases_until_dropout(rate, leaves, end - born, rng)
    scale = rng.gamma(GG["q"], 1 / GG["v"], born.size)
    amount = rng.gamma(GG["p"], 1 / scale[bought.customer])
    return pd.DataFrame({"customer_id": bought.customer, "week": born[bought.customer] + bought.time, "amount": amount})


def summary_of(past) -> pd.DataFrame:
    """Frequency, recency, T and monetary_value by NOW, and the week of the first order, by customer."""
    grouped = past.groupby("customer_id")["week"]
    first, last, count = grouped.min(), grouped.max(), grouped.size()
    repeat = past[past["week"] > past["customer_id"].map(first)]
    spend = repeat.groupby("customer_id")["amount"].mean().reindex(first.index).fillna(0.0)
    table = {"frequency": count - 1, "recency": last - first, "T": NOW - first, "monetary_value": spend}
    return pd.DataFrame(table | {"first_week": first}).reset_index(drop=True)


def dated(past) -> pd.DataFrame:
    """The same orders by calendar day."""
    return past.assign(ordered_at=START + pd.to_timedelta(past["week"] * WEEK, unit="D"))


END = START + pd.Timedelta(days=int(HISTORY * MONTH))
