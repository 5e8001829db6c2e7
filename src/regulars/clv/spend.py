"""Spend per order: whether it is independent of how often customers order, and what outliers do to it."""

from dataclasses import dataclass, field

import numpy as np

from regulars.clv._inputs import check_lengths, vector
from regulars.clv.gamma_gamma import GammaGammaFitter, TiltedGammaGammaFitter
from regulars.finding import shows
from regulars.statistics.intervals import Estimate, z_value


@shows
@dataclass(frozen=True, repr=False)
class SpendChoice:
    """The model of spend that the data call for.

    Parameters
    ----------
    model : GammaGammaFitter
        Tilted where frequency and spend are not independent.
    is_independent : bool
        Whether spend does not go with frequency, beyond what is too small to matter.
    correlation : Estimate
        Of frequency and mean spend among repeat buyers (Fisher's interval); near 0 is what the plain model assumes.
    tilt : Estimate
        Factor by which spend per order changes when the number of orders doubles.
    plain : GammaGammaFitter
        The model that assumes independence, to tell by how much the choice matters.
    """

    model: GammaGammaFitter = field(repr=False)
    is_independent: bool
    correlation: Estimate
    tilt: Estimate
    plain: GammaGammaFitter = field(repr=False)


def choose_spend_model(frequency, monetary_value, weights=None, *, level: float = 0.9) -> SpendChoice:
    """Fit spend, and test whether it goes with frequency.

    Independence is given up where the tilt of mean spend, (log tilt / standard error)², exceeds the logarithm of the
    number of customers (Schwarz's criterion): unlike a test at a fixed level it does not reject what is too small to
    matter once there are many customers.

    Parameters
    ----------
    frequency, monetary_value : array_like
        Of customers with a repeat order of positive spend.
    weights : array_like, optional
        Customers that each row stands for.
    level : float
        Of the intervals.

    Returns
    -------
    SpendChoice

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.integers(1, 9, 2000)
    >>> m = rng.gamma(6.0 * x) / rng.gamma(3.7, 1 / 15.0, 2000) / x
    >>> choose_spend_model(x, m).is_independent
    True
    >>> choose_spend_model(x, m * x**0.3).is_independent
    False
    """
    plain = GammaGammaFitter(level=level).fit(frequency, monetary_value, weights)
    tilted = TiltedGammaGammaFitter(level=level).fit(frequency, monetary_value, weights)
    tilt, n = float(tilted.params_["tilt"]), plain.customers_
    error = float(tilted.standard_errors_["tilt"]) / tilt
    half = float(np.exp(z_value(level) * error))
    independent = bool(np.log(tilt) ** 2 <= np.log(n) * error**2)
    return SpendChoice(
        model=plain if independent else tilted,
        is_independent=independent,
        correlation=correlation(frequency, monetary_value, weights, level=level),
        tilt=Estimate(tilt, tilt / half, tilt * half, int(n)),
        plain=plain,
    )


def correlation(frequency, monetary_value, weights=None, *, level: float = 0.9) -> Estimate:
    """Correlation of frequency and mean spend, with Fisher's interval.

    Parameters
    ----------
    frequency : array_like
        Repeat orders of each customer.
    monetary_value : array_like
        Mean spend of each.
    weights : array_like, optional
        Customers that each row stands for.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        Between −1 and 1; NaN where one of them does not vary, or there are fewer than four customers.

    Examples
    --------
    >>> found = correlation([1, 2, 3, 4, 5], [10.0, 12.0, 9.0, 15.0, 13.0])
    >>> round(found.value, 4), found.n
    (0.596, 5)
    """
    x, m = vector(frequency, "frequency"), vector(monetary_value, "monetary_value")
    w = np.ones(len(x)) if weights is None else vector(weights, "weights")
    check_lengths(frequency=x, monetary_value=m, weights=w)
    n = float(w.sum())
    x, m = x - np.average(x, weights=w), m - np.average(m, weights=w)
    size = np.sqrt((w @ x**2) * (w @ m**2))
    if not size > 0 or n < 4:
        return Estimate(np.nan, n=int(n))
    r = float(np.clip(w @ (x * m) / size, -1, 1))
    with np.errstate(divide="ignore"):
        middle, half = np.arctanh(r), z_value(level) / np.sqrt(n - 3)
    return Estimate(r, float(np.tanh(middle - half)), float(np.tanh(middle + half)), int(n))


@dataclass(frozen=True)
class Winsorised:
    """Mean spends after the largest were brought down.

    Parameters
    ----------
    monetary_value : numpy.ndarray
        Mean spend of each customer, after that.
    cap : float
        Money per order that none exceeds; infinite where nothing was done.
    customers : int
        How many were brought down.
    money : float
        What was taken off in all: Σ frequency · (spend − cap).
    """

    monetary_value: np.ndarray
    cap: float
    customers: int
    money: float


def winsorise(frequency, monetary_value, share: float = 0.0) -> Winsorised:
    """Bring the largest mean spends down to the one at the edge of the top `share`, and tell what that costs.

    Parameters
    ----------
    frequency, monetary_value : array_like
        Of all customers; those without repeat spend (NaN or 0) are left alone.
    share : float
        Of the customers with repeat spend: 0.001 brings one in a thousand down, 0 nobody.

    Returns
    -------
    Winsorised

    Examples
    --------
    >>> found = winsorise([1, 2, 1, 4], [10.0, 20.0, 30.0, 5000.0], share=0.25)
    >>> found.monetary_value.tolist(), found.cap, found.customers, found.money
    ([10.0, 20.0, 30.0, 30.0], 30.0, 1, 19880.0)
    """
    if not 0 <= share < 1:
        raise ValueError(f"share is {share}; it is the share of customers to bring down, such as 0.001.")
    x, m = vector(frequency, "frequency"), vector(monetary_value, "monetary_value").copy()
    check_lengths(frequency=x, monetary_value=m)
    known = np.flatnonzero((x > 0) & (m > 0))
    count = int(np.floor(share * known.size + 1e-9))
    if not count:
        return Winsorised(m, np.inf, 0, 0.0)
    cap = float(np.sort(m[known])[known.size - count - 1])
    above = known[m[known] > cap]
    money = float(x[above] @ (m[above] - cap))
    m[above] = cap
    return Winsorised(m, cap, int(above.size), money)
