"""A clean order log of a small shop, for tests that start from orders."""

import numpy as np
import pandas as pd

from regulars.simulate.purchasing import purchases_until_dropout
from regulars.simulate.retailer import DAYS_PER_WEEK
from regulars.simulate.spending import mean_spend, order_values
from regulars.simulate.streams import stream


def order_log(
    customers=300,
    seed=0,
    start="2024-01-01",
    end="2025-12-31",
    *,
    r=0.9,
    alpha=9.0,
    a=0.75,
    b=3.0,
    p=6.0,
    q=4.0,
    v=30.0,
) -> pd.DataFrame:
    """Orders of customers who join evenly over time, buy as BG/NBD and spend as Gamma-Gamma.

    Parameters
    ----------
    customers : int
    seed : int
    start, end : str
        First and last day, both inside.
    r, alpha, a, b : float
        BG/NBD, in weeks.
    p, q, v : float
        Gamma-Gamma.

    Returns
    -------
    pandas.DataFrame
        A clean ``orders`` table: ``order_id``, ``customer_id`` (text), ``ordered_at`` (datetime64[us]), ``amount``
        (two decimals, at least 0.01), sorted by time.

    Examples
    --------
    >>> orders = order_log(customers=20, seed=3)
    >>> orders.columns.tolist(), orders["customer_id"].nunique()
    (['order_id', 'customer_id', 'ordered_at', 'amount'], 20)
    """
    rng = stream(seed, "order_log")
    first_day = np.datetime64(start, "D")
    days = int((np.datetime64(end, "D") - first_day).astype(int)) + 1
    joined = np.sort(rng.uniform(0, days, customers))
    rate = rng.gamma(r, 1 / alpha, customers) / DAYS_PER_WEEK
    bought = purchases_until_dropout(rate, rng.beta(a, b, customers), days - joined, rng)
    moment = joined[bought.customer] + bought.time
    amount = order_values(mean_spend(customers, p, q, v, rng=rng)[bought.customer], p, rng)
    order = np.argsort(moment, kind="stable")
    stamp = first_day.astype("datetime64[s]") + np.floor(moment[order] * 86400).astype("timedelta64[s]")
    width = len(str(customers))
    return pd.DataFrame(
        {
            "order_id": pd.array([str(number) for number in range(1, order.size + 1)], dtype="string"),
            "customer_id": pd.array([f"{number + 1:0{width}d}" for number in bought.customer[order]], dtype="string"),
            "ordered_at": stamp.astype("datetime64[us]"),
            "amount": np.maximum(np.round(amount[order], 2), 0.01),
        }
    )
