"""How long callers wait before they hang up: seen only of those who do, so the answered count as far as they waited."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import gamma

from regulars.errors import UntoldError
from regulars.finding import may_refuse
from regulars.statistics.intervals import Estimate
from regulars.statistics.survival import Curve, kaplan_meier

FEW_GIVEN_UP = 10  # fewer, and nothing can be said of patience


class Patience(NamedTuple):
    """How patient callers are.

    Parameters
    ----------
    curve : regulars.statistics.survival.Curve
        Share who would have hung up by so many seconds, had nobody answered (Kaplan–Meier).
    mean_seconds : Estimate
        Mean patience, if giving up has no memory (exponential): all waits over those who gave up.
    calls : int
    given_up : int
    fits : bool
        Whether the exponential lies within the curve's band, at the curve's quartiles.
    """

    curve: Curve
    mean_seconds: Estimate
    calls: int
    given_up: int
    fits: bool

    def __repr__(self) -> str:
        """Mean patience, calls, and whether giving up has no memory."""
        return (
            f"Patience\n  mean_seconds = {self.mean_seconds}\n  calls = {self.calls}\n  given_up = {self.given_up}"
            f"\n  fits = {self.fits}"
        )

    @property
    def theta(self) -> Estimate:
        """Rate of giving up per second of waiting."""
        told = self.mean_seconds
        return Estimate(1 / told.value, 1 / told.high, 1 / told.low, told.n)


@may_refuse
def patience(wait_seconds, answered, level: float = 0.9) -> Patience:
    """Patience of callers, from waits that ended by an answer or by hanging up.

    Parameters
    ----------
    wait_seconds : array of float
        Until answered or given up, whichever came first; missing ones are left out.
    answered : array of bool
        False: hung up, which is the event; answered calls are censored.
    level : float
        Of the intervals.

    Returns
    -------
    Patience
        A `regulars.finding.Refusal` where fewer than ten gave up.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), J. American Statistical Association 53, 457-481.
    Brown, L. et al. (2005), J. American Statistical Association 100, 36-50 (patience in a call centre).

    Examples
    --------
    >>> told = patience([30] * 10 + [60] * 30, [False] * 10 + [True] * 30)
    >>> told.mean_seconds.value, round(told.curve.share_by(40).value, 2)
    (210.0, 0.25)
    """
    frame = pd.DataFrame({"wait": np.asarray(wait_seconds, float), "answered": pd.array(answered, dtype="boolean")})
    frame = frame.dropna()
    given_up = int((~frame["answered"]).sum())
    if given_up < FEW_GIVEN_UP or frame["wait"].sum() <= 0:
        raise UntoldError(
            f"{given_up} callers gave up; from {FEW_GIVEN_UP} on it can be told how long callers wait before they do."
        )
    curve = kaplan_meier(frame["wait"], ~frame["answered"].astype(bool), level)
    total = float(frame["wait"].sum())
    tail = (1 - level) / 2
    # the number of events is Poisson in the time under risk, so the rate has a gamma interval
    high, low = total / gamma.ppf(tail, given_up), total / gamma.ppf(1 - tail, given_up + 1)
    mean = Estimate(total / given_up, float(low), float(high), given_up)
    return Patience(curve, mean, len(frame), given_up, _is_memoryless(curve, mean.value))


def _is_memoryless(curve: Curve, mean: float) -> bool:
    places = [mean * at for at in (0.25, 0.5, 1.0) if curve.knows(mean * at)]
    told = [curve.share_by(place) for place in places]
    return all(one.low <= 1 - np.exp(-place / mean) <= one.high for one, place in zip(told, places, strict=True))
