"""Queues of a contact centre in their steady state: Erlang C, where nobody hangs up, and Erlang A, with patience."""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import betainc, gammaln, logsumexp

from regulars.errors import UserError

MOST_AGENTS = 100_000
TAIL = 1e-18  # share of the time in states beyond which nothing is summed


@dataclass(frozen=True)
class Queue:
    """What callers meet, and how busy agents are.

    Parameters
    ----------
    p_wait : float
        Share of calls that wait at all.
    service_level : float
        Share answered within the seconds, of all offered.
    mean_wait_seconds : float
        Of all calls, those included that do not wait and those that hang up.
    occupancy : float
        Share of the agents' time in calls.
    abandoned : float
        Share of calls that hang up; 0 in Erlang C.
    queue : float
        Callers waiting, on average.
    """

    p_wait: float
    service_level: float
    mean_wait_seconds: float
    occupancy: float
    abandoned: float = 0.0
    queue: float = 0.0
    _states: tuple = field(default=(), repr=False, compare=False)

    def waits_longer(self, seconds: float) -> float:
        """Share of calls that wait longer than `seconds`, whether they are answered then or hang up.

        Examples
        --------
        >>> round(erlang_a(48 * 60, 60, 50, 20, patience_seconds=120).waits_longer(20), 6)
        0.027136
        """
        return self._states[0](float(seconds))

    def wait_quantile(self, share: float) -> float:
        """Seconds within which the wait of `share` of all calls ends.

        Examples
        --------
        >>> round(erlang_c(48 * 60, 60, 50, 20).wait_quantile(0.9), 4)
        58.1387
        """
        from scipy.optimize import brentq

        over = 1 - share
        if self.p_wait <= over:
            return 0.0
        high = 1.0
        while self.waits_longer(high) > over:
            high *= 2
        return float(brentq(lambda seconds: self.waits_longer(seconds) - over, 0.0, high, xtol=1e-12, rtol=1e-15))


def erlang_c(calls_per_hour: float, handling_seconds: float, agents: int, within_seconds: float) -> Queue:
    """Waits where every caller stays until answered.

    Parameters
    ----------
    calls_per_hour : float
    handling_seconds : float
        Mean time that a call takes an agent.
    agents : int
    within_seconds : float
        Of the service level.

    Returns
    -------
    Queue

    Raises
    ------
    UserError
        Where the agents are overloaded: without patience the queue then grows without end.

    References
    ----------
    Erlang, A. K. (1917), Elektrotkeknikeren 13, 5-13.

    Examples
    --------
    >>> queue = erlang_c(200, 180, 14, 20)
    >>> round(queue.service_level, 6), round(queue.mean_wait_seconds, 4)
    (0.88835, 7.8359)
    """
    load = _load(calls_per_hour, handling_seconds, agents)
    if not load:
        return Queue(0.0, 1.0, 0.0, 0.0, _states=(lambda seconds: 0.0,))
    if load >= agents:
        raise UserError(
            f"{agents} agents have {load:.4g} agents' worth of calls: without patience the queue grows without end; "
            f"take more than {int(np.floor(load))}, or Erlang A, where callers hang up."
        )
    blocked = _erlang_b(load, agents)
    p_wait = blocked / (1 - load / agents * (1 - blocked))
    drain = (agents - load) / handling_seconds

    def longer(seconds: float) -> float:
        return float(p_wait * np.exp(-drain * seconds))

    mean = p_wait / drain
    return Queue(
        float(p_wait), 1 - longer(within_seconds), float(mean), load / agents, 0.0,
        float(calls_per_hour / 3600 * mean), (longer,),
    )  # fmt: skip


def erlang_a(
    calls_per_hour: float, handling_seconds: float, agents: int, within_seconds: float, *, patience_seconds: float
) -> Queue:
    """Waits where callers hang up when their patience ends (exponential, of the given mean).

    Parameters
    ----------
    calls_per_hour, handling_seconds, agents, within_seconds
        As for `erlang_c`; overload is no obstacle.
    patience_seconds : float
        Mean patience.

    Returns
    -------
    Queue
        Share abandoned = mean wait ÷ patience, as it must be.

    References
    ----------
    Palm, C. (1957), Research on telephone traffic carried by full availability groups, Tele 1.
    Garnett, O., Mandelbaum, A. and Reiman, M. (2002), Manufacturing & Service Operations Management 4, 208-227.

    Examples
    --------
    >>> queue = erlang_a(48 * 60, 60, 50, 20, patience_seconds=120)
    >>> round(queue.abandoned, 6), round(queue.mean_wait_seconds / 120, 6)
    (0.030912, 0.030912)
    """
    load = _load(calls_per_hour, handling_seconds, agents)
    if not patience_seconds > 0:
        raise UserError(f"Mean patience is {patience_seconds} seconds: it must be more than 0.")
    if not load:
        return Queue(0.0, 1.0, 0.0, 0.0, _states=(lambda seconds: 0.0,))
    leave = handling_seconds / patience_seconds  # callers hang up so many times as fast as one agent finishes
    # chances of 0 … agents callers being there, and of 1, 2 … waiting, relative to all agents busy and nobody waiting
    served = np.arange(agents + 1)
    below = gammaln(agents + 1) - gammaln(served + 1) + (served - agents) * np.log(load)
    waiting = np.arange(1, _longest(load, agents, leave) + 1)
    above = np.cumsum(np.log(load) - np.log(agents + leave * waiting))
    log_p = np.concatenate([below, above])
    p = np.exp(log_p - logsumexp(log_p))
    full, queued = p[agents:], np.arange(p.size - agents)
    queue = float((full * queued).sum())
    rate = calls_per_hour / 3600
    abandoned = queue / (patience_seconds * rate)

    def longer(seconds: float) -> float:
        return float((full * _virtual_wait_over(queued, seconds, agents / handling_seconds, patience_seconds)).sum())

    # answered within t: offered wait at most t and patience at least the wait
    level = (
        1
        - abandoned
        - float((full * _answered_after(queued, within_seconds, agents / handling_seconds, patience_seconds)).sum())
    )
    return Queue(
        float(full.sum()), float(min(max(level, 0.0), 1.0)), queue / rate,
        float(min(load * (1 - abandoned) / agents, 1.0)), float(abandoned), queue, (longer,),
    )  # fmt: skip


def agents_needed(
    calls_per_hour: float,
    handling_seconds: float,
    *,
    share: float,
    within_seconds: float,
    patience_seconds: float | None = None,
) -> int:
    """Fewest agents with which `share` of all calls are answered within the seconds.

    Parameters
    ----------
    calls_per_hour, handling_seconds, within_seconds
        As for `erlang_c`.
    share : float
        Of the calls offered.
    patience_seconds : float, optional
        Mean patience, by Erlang A; without it by Erlang C.

    Returns
    -------
    int

    Examples
    --------
    >>> agents_needed(200, 180, share=0.8, within_seconds=20)
    14
    """
    if not 0 < share < 1:
        raise UserError(f"The share to be answered is {share}: give one between 0 and 1.")
    load = _load(calls_per_hour, handling_seconds, 1)
    if not load:
        return 0

    def reaches(agents: int) -> bool:
        if patience_seconds is not None:
            queue = erlang_a(
                calls_per_hour, handling_seconds, agents, within_seconds, patience_seconds=patience_seconds
            )
            return queue.service_level >= share
        return (
            load < agents and erlang_c(calls_per_hour, handling_seconds, agents, within_seconds).service_level >= share
        )

    high = max(int(np.ceil(load)), 1)
    while not reaches(high):
        high *= 2
        if high > MOST_AGENTS:
            raise UserError(
                f"{calls_per_hour:.4g} calls an hour need more than {MOST_AGENTS} agents: check the figures."
            )
    low = 0 if high == 1 else 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def _load(calls_per_hour: float, handling_seconds: float, agents: int) -> float:
    """Agents' worth of calls (erlang)."""
    if agents < 1 or not calls_per_hour >= 0 or not handling_seconds > 0:
        raise UserError(
            f"{calls_per_hour} calls an hour of {handling_seconds} seconds for {agents} agents cannot be: give at "
            "least one agent, no fewer than 0 calls, and more than 0 seconds."
        )
    return calls_per_hour * handling_seconds / 3600


def _erlang_b(load: float, agents: int) -> float:
    """Chance that all agents are busy where nobody may wait, by its sum in logarithms: exact for any size."""
    k = np.arange(agents + 1)
    log_terms = k * np.log(load) - gammaln(k + 1)
    return float(np.exp(log_terms[-1] - logsumexp(log_terms)))


def _longest(load: float, agents: int, leave: float) -> int:
    """Queue so long that the centre is hardly ever there."""
    balance = max((load - agents) / leave, 0.0)  # where as many hang up as come
    spread = np.sqrt(load / leave) + 1
    return int(balance + 12 * spread + 60 + 40 / max(np.log1p(leave / max(load, 1e-9)), 1e-3) ** 0.5)


def _virtual_wait_over(queued, seconds: float, service_rate: float, patience: float):
    """Chance that a caller who finds `queued` waiting is still waiting after `seconds`.

    The callers ahead go one by one, at rate service + k ÷ patience where k are left ahead: that the next agent is free
    after the wait is a negative binomial sum, and the caller's own patience must last.
    """
    return _offered_over(queued, seconds, service_rate, patience) * np.exp(-seconds / patience)


def _offered_over(queued, seconds, service_rate, patience):
    """Chance that the offered wait is longer: by a beta law, since the steps form a pure death process."""
    if seconds <= 0:
        return np.ones(len(queued))
    a = service_rate * patience  # deaths of immigrants: queued + 1 steps of rate (a + k) ÷ patience
    # a sum of exponentials with rates (a + k) / patience, k = 0 … queued, is −patience · log of Beta(a, q + 1)
    return betainc(a, np.asarray(queued) + 1.0, np.exp(-seconds / patience))


def _answered_after(queued, seconds, service_rate, patience):
    """Chance that a caller who finds `queued` waiting is answered, and only after `seconds`."""
    a, q = service_rate * patience, np.asarray(queued) + 1.0
    # E[exp(−W / patience); W > t] with exp(−W / patience) ~ Beta(a, q): the beta law tilted by one
    return a / (a + q) * betainc(a + 1, q, np.exp(-seconds / patience))
