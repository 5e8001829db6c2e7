"""What an order is worth: the Gamma-Gamma story (Fader & Hardie 2013), order by order."""

import numpy as np
import pandas as pd

from regulars.simulate.streams import stream


def mean_spend(n, p, q, v, rng) -> np.ndarray:
    """Mean order value of each customer: p / ν with ν ~ Gamma(q, rate v)."""
    return p / rng.gamma(q, 1 / v, n)


def order_values(mean, p, rng) -> np.ndarray:
    """One order value for each mean given: Gamma with shape p around it."""
    return rng.gamma(p, np.asarray(mean) / p)


def gamma_gamma_spend(frequency, p, q, v, seed) -> pd.DataFrame:
    """Average spend of customers with so many orders, order by order.

    Parameters
    ----------
    frequency : array of int
        Orders of each customer that are averaged.
    p, q, v : float
        Parameters; the population mean is p v / (q − 1).
    seed : int

    Returns
    -------
    pandas.DataFrame
        ``frequency``, ``monetary_value`` (mean of the orders, missing where there is none) and the truth
        ``mean_spend`` (the customer's own mean).

    Examples
    --------
    >>> spend = gamma_gamma_spend([3, 1, 0], p=6.25, q=3.74, v=15.44, seed=1)
    >>> spend["monetary_value"].isna().tolist()
    [False, False, True]
    """
    rng = stream(seed, "gamma_gamma")
    frequency = np.asarray(frequency, int)
    mean = mean_spend(frequency.size, p, q, v, rng)
    customer = np.repeat(np.arange(frequency.size), frequency)
    total = np.bincount(customer, order_values(mean[customer], p, rng), minlength=frequency.size)
    average = np.where(frequency > 0, total / np.maximum(frequency, 1), np.nan)
    return pd.DataFrame({"frequency": frequency, "monetary_value": average, "mean_spend": mean})
