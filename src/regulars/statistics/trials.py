"""What a lot shows: whether it was drawn as planned, the gap between two shares, and several campaigns in one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm

from regulars.errors import UserError
from regulars.rounding import six_digits
from regulars.showing import Shown
from regulars.statistics.intervals import Estimate, difference, share, z_value

ALARM = 0.001  # p-value below which a lot is not believed
NOTHING = Estimate(float("nan"), n=0)


@dataclass(frozen=True, repr=False)
class RatioTest(Shown):
    """Whether a lot gave each group its planned share.

    Parameters
    ----------
    statistic : float
        χ².
    df : int
    p_value : float
    """

    statistic: float
    df: int
    p_value: float

    def __repr__(self) -> str:
        """The statistic and what it says."""
        return f"χ² = {six_digits(self.statistic)} on {self.df}, p = {six_digits(self.p_value)}"


def sample_ratio_test(counts: Sequence[float], shares: Sequence[float]) -> RatioTest:
    """Test whether groups are as large as planned: where they are not, the lot was not drawn, or not kept to.

    Parameters
    ----------
    counts : sequence of int
        Customers by group.
    shares : sequence of float
        Planned parts, in any unit.

    Returns
    -------
    RatioTest

    Raises
    ------
    UserError
        Where there are not as many shares as groups, or one is not above 0.

    References
    ----------
    Kohavi, R., Tang, D. and Xu, Y. (2020), Trustworthy Online Controlled Experiments, ch. 3 and 21.

    Examples
    --------
    >>> found = sample_ratio_test([821_588, 815_482], [0.5, 0.5])
    >>> round(found.statistic, 4), found.df
    (22.7744, 1)
    """
    seen, planned = np.asarray(counts, float), np.asarray(shares, float)
    if seen.shape != planned.shape or not (planned > 0).all():
        raise UserError(f"There are {seen.size} groups and planned shares {list(planned)}: give one above 0 for each.")
    expected = planned / planned.sum() * seen.sum()
    if not seen.sum():
        return RatioTest(float("nan"), int(seen.size - 1), float("nan"))
    statistic = float(((seen - expected) ** 2 / expected).sum())
    return RatioTest(statistic, int(seen.size - 1), float(chi2.sf(statistic, seen.size - 1)))


def kept_as_planned(controls: int, treated: int, *, planned: float) -> float:
    """Chance of a control group so far from its planned share, were the lot drawn and kept to; below `ALARM` it is not.

    NaN where nothing is planned, or a side is empty.

    Examples
    --------
    >>> kept_as_planned(50, 50, planned=0.5), kept_as_planned(500, 934, planned=0.3) < ALARM
    (1.0, True)
    """
    if not 0 < planned < 1 or not controls or not treated:
        return float("nan")
    return sample_ratio_test([controls, treated], [planned, 1 - planned]).p_value


def share_gap(happened: int, treated: int, happened_control: int, controls: int, *, level: float = 0.9) -> Estimate:
    """Difference of two shares with Newcombe's hybrid limits; n counts the smaller side.

    Examples
    --------
    >>> found = share_gap(56, 70, 48, 80, level=0.95)
    >>> round(found.low, 10), round(found.high, 10)
    (0.0524314724, 0.333872654)
    """
    return difference(share(happened, treated, level), share(happened_control, controls, level))


@dataclass(frozen=True, repr=False)
class Pooled(Shown):
    """Several effects in one.

    Parameters
    ----------
    effect : Estimate
        Mean over the campaigns of such a firm; n campaigns.
    p_value : float
    heterogeneity_p : float
        Of Cochran's Q: small where the campaigns differ by more than noise.
    between : float
        Standard deviation between their true effects.
    """

    effect: Estimate
    p_value: float
    heterogeneity_p: float
    between: float

    def __repr__(self) -> str:
        """The mean, and how far the campaigns differ."""
        said = (self.p_value, self.heterogeneity_p, self.between)
        p, differ, between = map(six_digits, said)
        return f"{self.effect}, p = {p}; they differ by {between} (p = {differ})"


def pool(values, errors, level: float = 0.9) -> Pooled:
    """Mean effect over campaigns, each weighing by how sure it is (random effects).

    References
    ----------
    DerSimonian, R. and Laird, N. (1986), Controlled Clinical Trials 7, 177-188.

    Examples
    --------
    >>> pool([1.0, 3.0], [1.0, 1.0]).effect.value
    2.0
    """
    value, error = np.asarray(values, float), np.asarray(errors, float)
    known = np.isfinite(value) & (error > 0)
    value, weight = value[known], 1 / error[known] ** 2
    k = value.size
    if not k:
        return Pooled(NOTHING, float("nan"), float("nan"), float("nan"))
    q = float(weight @ (value - weight @ value / weight.sum()) ** 2)
    scale = weight.sum() - weight @ weight / weight.sum()
    between = max(0.0, (q - (k - 1)) / scale) if k > 1 else 0.0
    total = 1 / (1 / weight + between)
    mean, spread = float(total @ value / total.sum()), float(1 / np.sqrt(total.sum()))
    reach = z_value(level) * spread
    p_value, differ = float(2 * norm.sf(abs(mean) / spread)), float(chi2.sf(q, k - 1)) if k > 1 else float("nan")
    return Pooled(Estimate(mean, mean - reach, mean + reach, k), p_value, differ, float(np.sqrt(between)))
