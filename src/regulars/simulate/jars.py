"""Customers who come back when what they took last is used up, for tests of the call before the jar is empty."""

import numpy as np
import pandas as pd

from regulars.simulate.streams import stream

SIZES = (1.0, 2.0, 5.0, 10.0)  # what the shop sells of it, in units


def jar_lines(
    customers=200, seed=0, start="2024-01-01", end="2025-12-31", *, slope=1.0, noise=0.25, pace=8.0, apart=0.5
) -> pd.DataFrame:
    """Order lines of one product, of customers who join in the first quarter and never leave.

    Parameters
    ----------
    customers : int
    seed : int
    start, end : str
        First and last day, both inside.
    slope : float
        Of the logarithm of the wait on that of the quantity: 1 for a steady use, 0 where the quantity means nothing.
    noise : float
        Standard deviation of the logarithm of one wait.
    pace : float
        Days that one unit lasts the middle customer.
    apart : float
        Standard deviation of the logarithm of the pace between customers.

    Returns
    -------
    pandas.DataFrame
        ``order_id``, ``customer_id``, ``ordered_at``, ``product_id``, ``quantity``, ``unit_price``; sorted by customer
        and time. Which of the sizes is taken is chance.

    Examples
    --------
    >>> lines = jar_lines(customers=3, seed=1)
    >>> lines["customer_id"].nunique(), lines["product_id"].unique().tolist()
    (3, ['rice'])
    """
    rng = stream(seed, "jars")
    first, days = pd.Timestamp(start), int((pd.Timestamp(end) - pd.Timestamp(start)).days)
    own = pace * np.exp(apart * rng.standard_normal(customers))
    most = int(np.ceil(days / (own.min() * min(1.0, min(SIZES) ** slope)) * 4)) + 1
    taken = rng.choice(SIZES, (customers, most))
    waits = own[:, None] * taken**slope * np.exp(noise * rng.standard_normal((customers, most)))
    joined = rng.uniform(0, min(90, days), customers)[:, None]
    moment = np.concatenate([joined, joined + np.cumsum(np.maximum(waits, 1.0), axis=1)[:, :-1]], axis=1)
    who, which = np.nonzero(moment < days + 1)
    width = len(str(customers))
    return pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(who))],
            "customer_id": pd.array([f"{number + 1:0{width}d}" for number in who], dtype="string"),
            "ordered_at": (first + pd.to_timedelta(moment[who, which], unit="D")).astype("datetime64[us]"),
            "product_id": pd.array(["rice"] * len(who), dtype="string"),
            "quantity": taken[who, which],
            "unit_price": 3.0,
        }
    )
