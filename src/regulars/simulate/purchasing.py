"""When customers buy and when they stop, event by event; no formula of a fitter is used here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.streams import stream


@dataclass(frozen=True)
class SimulatedPurchases:
    """Every purchase of every customer, by customer and then by time.

    Parameters
    ----------
    customer : numpy.ndarray of int
        Position of the customer, 0 … n − 1, one entry per purchase.
    time : numpy.ndarray of float
        Since the customer's first purchase (which is at 0).
    dropped_at : numpy.ndarray of float
        Per customer: when the customer left for good; infinite where that lies beyond what was simulated.
    """

    customer: np.ndarray
    time: np.ndarray
    dropped_at: np.ndarray


def purchases_until_dropout(rate, dropout, duration, rng, dropout_at_first=False) -> SimulatedPurchases:
    """Purchases of customers who may leave after each purchase (the story of BG/NBD and MBG/NBD).

    While alive a customer buys as a Poisson process; after every repeat purchase a coin with the customer's own
    probability decides whether that was the last one.

    Parameters
    ----------
    rate : array of float
        Purchases per unit of time while alive, per customer (λ).
    dropout : array of float
        Probability of leaving after a repeat purchase, per customer (p).
    duration : array of float
        How long each customer is watched.
    rng : numpy.random.Generator
    dropout_at_first : bool
        Whether the coin is thrown after the first purchase too: False is BG/NBD (Fader, Hardie & Lee 2005),
        True is MBG/NBD (Batislam, Denizel & Filiztekin 2007).

    Returns
    -------
    SimulatedPurchases

    Examples
    --------
    >>> rng = stream(1, "example")
    >>> watched = purchases_until_dropout(np.full(3, .5), np.full(3, .2), np.full(3, 10.), rng)
    >>> bool((watched.time <= 10).all()), int((watched.time == 0).sum())
    (True, 3)
    """
    customers = len(rate)
    now, dropped_at = np.zeros(customers), np.full(customers, np.inf)
    staying = np.arange(customers)
    who, when = [staying], [now.copy()]
    if dropout_at_first:
        staying = _throw_coins(staying, now, dropped_at, dropout, rng)
    while staying.size:
        now[staying] += _gaps(rate[staying], rng)
        staying = staying[now[staying] <= duration[staying]]
        who.append(staying)
        when.append(now[staying])
        staying = _throw_coins(staying, now, dropped_at, dropout, rng)
    return _purchases(who, when, dropped_at)


def purchases_until_death(rate, lifetime, duration, rng) -> SimulatedPurchases:
    """Purchases of customers who leave at a moment of their own, unrelated to purchases (Pareto/NBD's story).

    Parameters
    ----------
    rate : array of float
        Purchases per unit of time while alive (λ).
    lifetime : array of float
        Time from the first purchase to leaving.
    duration : array of float
        How long each customer is watched.
    rng : numpy.random.Generator

    Returns
    -------
    SimulatedPurchases
        Its `dropped_at` is `lifetime`.
    """
    now = np.zeros(len(rate))
    staying = np.arange(len(rate))
    who, when = [staying], [now.copy()]
    until = np.minimum(lifetime, duration)
    while staying.size:
        now[staying] += _gaps(rate[staying], rng)
        staying = staying[now[staying] <= until[staying]]
        who.append(staying)
        when.append(now[staying])
    return _purchases(who, when, np.asarray(lifetime, float))


def _gaps(rate, rng):
    with np.errstate(divide="ignore", over="ignore"):  # a rate that underflows to zero: no purchase ever
        return rng.standard_exponential(rate.size) / rate


def _throw_coins(staying, now, dropped_at, dropout, rng):
    leaves = rng.random(staying.size) < dropout[staying]
    dropped_at[staying[leaves]] = now[staying[leaves]]
    return staying[~leaves]


def _purchases(who, when, dropped_at) -> SimulatedPurchases:
    customer, time = np.concatenate(who), np.concatenate(when)
    order = np.argsort(customer, kind="stable")  # the rounds are in time order already
    return SimulatedPurchases(customer[order], time[order], dropped_at)


def summary(purchases: SimulatedPurchases, T, future: float) -> pd.DataFrame:
    """What an analyst sees at the end of the watch, and what only the simulation knows.

    Parameters
    ----------
    purchases : SimulatedPurchases
        Simulated up to ``T + future``.
    T : array of float
        End of the watch, per customer.
    future : float
        Time after `T` in which future orders are counted.

    Returns
    -------
    pandas.DataFrame
        One row per customer: ``frequency`` (repeat purchases), ``recency`` (time of the last one), ``T``;
        then the truth: ``alive`` at T, ``dropped_at``, ``future_orders`` within (T, T + future] and
        ``next_order_in`` (time from T to the next order, missing where none comes within `future`).
    """
    n = len(purchases.dropped_at)
    T = np.broadcast_to(np.asarray(T, float), n).copy()
    end = T[purchases.customer]
    seen = purchases.time <= end
    ahead = ~seen & (purchases.time <= end + future)
    recency, next_order = np.zeros(n), np.full(n, np.inf)
    np.maximum.at(recency, purchases.customer[seen], purchases.time[seen])
    np.minimum.at(next_order, purchases.customer[ahead], (purchases.time - end)[ahead])
    return pd.DataFrame(
        {
            "frequency": np.bincount(purchases.customer[seen], minlength=n) - 1,
            "recency": recency,
            "T": T,
            "alive": purchases.dropped_at > T,
            "dropped_at": purchases.dropped_at,
            "future_orders": np.bincount(purchases.customer[ahead], minlength=n),
            "next_order_in": np.where(np.isfinite(next_order), next_order, np.nan),
        }
    )


def bg_nbd_customers(
    n, r, alpha, a, b, T, seed, future=52.0, dropout_at_first=False, score=None, rate_effect=0.0, dropout_effect=0.0
) -> pd.DataFrame:
    """Customers who behave as BG/NBD says, simulated event by event.

    λ ~ Gamma(r, rate α) × exp(rate_effect · score); p ~ Beta(a × exp(dropout_effect · score), b); after every repeat
    purchase the customer leaves with probability p.

    Parameters
    ----------
    n : int
        Customers.
    r, alpha, a, b : float
        Parameters of Fader, Hardie & Lee (2005, Marketing Science 24); `alpha` in the unit of `T`.
    T : float or array of float
        Length of the watch from the first purchase.
    seed : int
    future : float
        Time after `T` that is simulated too.
    dropout_at_first : bool
        True gives MBG/NBD: the customer may leave after the first purchase already.
    score : array of float, optional
        A covariate per customer (satisfaction), as in Fader & Hardie (2007): α = α₀ exp(−γ₁ s), a = a₀ exp(γ₂ s).
    rate_effect, dropout_effect : float
        γ₁ and γ₂.

    Returns
    -------
    pandas.DataFrame
        The columns of `summary`, then ``rate`` (λ), ``dropout`` (p) and ``score``.

    Examples
    --------
    >>> customers = bg_nbd_customers(1000, .243, 4.414, .793, 2.426, T=39, seed=1)
    >>> customers[["frequency", "recency", "T"]].iloc[0].tolist()[2]
    39.0
    >>> bool(customers.loc[customers.frequency == 0, "alive"].all())
    True
    """
    rng = stream(seed, "bg_nbd")
    score = np.zeros(n) if score is None else np.asarray(score, float)
    rate = rng.gamma(r, 1 / alpha, n) * np.exp(rate_effect * score)
    dropout = rng.beta(a * np.exp(dropout_effect * score), b, n)
    T = np.broadcast_to(np.asarray(T, float), n)
    bought = purchases_until_dropout(rate, dropout, T + future, rng, dropout_at_first)
    return summary(bought, T, future).assign(rate=rate, dropout=dropout, score=score)


def pareto_nbd_customers(n, r, alpha, s, beta, T, seed, future=52.0) -> pd.DataFrame:
    """Customers who behave as Pareto/NBD says (Schmittlein, Morrison & Colombo 1987), event by event.

    λ ~ Gamma(r, rate α), μ ~ Gamma(s, rate β), lifetime ~ Exponential(μ).

    Parameters
    ----------
    n : int
        Customers.
    r, alpha, s, beta : float
        `alpha` and `beta` in the unit of `T`.
    T : float or array of float
    seed : int
    future : float
        Time after `T` that is simulated too.

    Returns
    -------
    pandas.DataFrame
        The columns of `summary`, then ``rate`` (λ) and ``death_rate`` (μ).

    Examples
    --------
    >>> customers = pareto_nbd_customers(500, .553, 10.58, .606, 11.66, T=39, seed=1)
    >>> bool((customers.alive == (customers.dropped_at > 39)).all())
    True
    """
    rng = stream(seed, "pareto_nbd")
    rate = rng.gamma(r, 1 / alpha, n)
    death_rate = rng.gamma(s, 1 / beta, n)
    with np.errstate(divide="ignore", over="ignore"):
        lifetime = rng.standard_exponential(n) / death_rate
    T = np.broadcast_to(np.asarray(T, float), n)
    bought = purchases_until_death(rate, lifetime, T + future, rng)
    return summary(bought, T, future).assign(rate=rate, death_rate=death_rate)
