"""What a lot proves: the difference between those drawn to be contacted and those drawn not to be."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit
from scipy.stats import norm

from regulars.errors import UserError
from regulars.finding import shows
from regulars.showing import forest
from regulars.statistics.intervals import Estimate, z_value
from regulars.statistics.trials import sample_ratio_test as sample_ratio_test

DRAWS = 2000  # lots drawn again
FEW_CONTROLS = 1000  # below so many, limits come from drawing the lot again
SEED = 20261122


@shows
class Effect(NamedTuple):
    """Difference of two means.

    Parameters
    ----------
    estimate, standard_error, low, high : float
        In the unit of the outcome, per customer drawn.
    variance_ratio : float
        Variance with the covariate over that without: 1 where it saves nothing, or there is none.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    variance_ratio: float

    def plot(self):
        """The effect with its limits."""
        return forest({"effect": (self.estimate, self.low, self.high)}, "effect per customer drawn", from_zero=True)


@shows
class Came(NamedTuple):
    """Effect on those who came because they were asked.

    Parameters
    ----------
    estimate, standard_error : float
        Effect of being asked over the share whom asking made come (instrumental variable, HC0).
    compliance : float
        That share.
    """

    estimate: float
    standard_error: float
    compliance: float


def campaign_effect(outcome, treated, covariate=None, level: float = 0.95) -> Effect:
    """Difference between those contacted and those kept back by lot.

    Parameters
    ----------
    outcome : array of float
        One per customer drawn: 0 or 1, or money.
    treated : array of bool
        Whether the lot said to contact the customer, whether or not it was done (intention to treat).
    covariate : array of float, optional
        Known before the lot, such as expected spend: what it explains is taken out (CUPED).
    level : float
        Of the limits, normal with unpooled errors. Those of the page come from drawing the lot again where there are
        fewer than 1,000 controls (`permuted`).

    Returns
    -------
    Effect

    Raises
    ------
    UserError
        Where fewer than two customers stand on one side.

    References
    ----------
    Deng, A., Xu, Y., Kohavi, R. and Walker, T. (2013), WSDM, 123-132 (CUPED).

    Examples
    --------
    >>> found = campaign_effect([1, 1, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0])
    >>> found.estimate, round(found.standard_error, 4)
    (0.5, 0.3536)
    """
    y, z = np.asarray(outcome, float), np.asarray(treated, bool)
    _refuse_single(z)
    value, error = _gap(y, z)
    ratio = 1.0
    if covariate is not None:
        raw = error
        value, error = _gap(adjusted(y, covariate), z)
        ratio = (error / raw) ** 2 if raw > 0 else 1.0
    reach = z_value(level) * error
    return Effect(float(value), float(error), float(value - reach), float(value + reach), float(ratio))


def adjusted(outcome, covariate) -> np.ndarray:
    """Outcome less what a covariate of before explains of it, pooled over both sides; a constant one explains nothing.

    Examples
    --------
    >>> adjusted([1.0, 2.0, 3.0], [10.0, 20.0, 30.0]).tolist(), adjusted([1.0, 2.0], [5.0, 5.0]).tolist()
    ([2.0, 2.0, 2.0], [1.0, 2.0])
    """
    y, x = np.asarray(outcome, float), np.asarray(covariate, float)
    centred = x - x.mean()
    spread = float(centred @ centred)
    if not spread > 1e-12 * max(float(x @ x), 1e-300):
        return y.copy()
    return y - float(centred @ y) / spread * centred


def permuted(outcome, treated, level: float = 0.9, *, draws: int = DRAWS, seed: int = SEED) -> tuple[Estimate, float]:
    """Difference, with limits and p-value from drawing the same lot again and again.

    The difference in standard errors is held against what it is when the lot is drawn anew among the same customers, so
    that few controls, and spend of which a handful has most, do not alarm too often. The limits leave zero out exactly
    where the p-value is below 1 − `level`.

    Parameters
    ----------
    outcome : array of float
    treated : array of bool
    level : float
    draws, seed : int
        Lots drawn again.

    Returns
    -------
    (Estimate, float)
        n counts the controls; the two-sided p-value, twice that of the nearer tail.

    References
    ----------
    Janssen, A. (1997), Statistics and Probability Letters 36, 9-21.
    Chung, E. and Romano, J. P. (2013), Annals of Statistics 41, 484-507.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found, p = permuted(rng.normal(size=200) + np.repeat([1.0, 0.0], 100), np.repeat([True, False], 100))
    >>> found.low > 0, p < 0.01
    (True, True)
    """
    again = Redrawn.of(treated, draws, seed)
    return again.judge(outcome, level), again.p_value(outcome)


class Redrawn(NamedTuple):
    """The same lot drawn again: which customers were kept back each time.

    Parameters
    ----------
    treated : numpy.ndarray of bool
    controls : numpy.ndarray of int, draws × controls
        Places of those kept back.
    """

    treated: np.ndarray
    controls: np.ndarray

    @classmethod
    def of(cls, treated, draws: int = DRAWS, seed: int = SEED) -> "Redrawn":
        """Draw the lot again, with as many controls each time; of the two sides the smaller one is drawn."""
        z = np.asarray(treated, bool)
        _refuse_single(z)
        rng, few = np.random.default_rng(seed), int(min(z.sum(), (~z).sum()))
        drawn = np.empty((draws, few), dtype=np.int32)
        for row in drawn:
            row[:] = rng.choice(z.size, few, replace=False, shuffle=False)
        return cls(z, drawn)

    def statistics(self, outcome) -> np.ndarray:
        """Differences in standard errors of the lots drawn again, sorted."""
        y = np.asarray(outcome, float)
        y = y - y.mean()  # so that sums of squares do not cancel
        few, many = self.controls.shape[1], self.treated.size - self.controls.shape[1]
        picked = y[self.controls]
        one, one_square = picked.sum(axis=1), (picked**2).sum(axis=1)
        other, other_square = y.sum() - one, float(y @ y) - one_square
        value = other / many - one / few
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (one_square - one**2 / few) / (few - 1) / few + (other_square - other**2 / many) / (
                many - 1
            ) / many
            scaled = value / np.sqrt(np.maximum(spread, 0.0))
        if self.treated.sum() < (~self.treated).sum():
            scaled = -scaled
        # a lot without any spread on either side is as far out as can be, or shows nothing at all
        beyond = np.where(value > 0, np.inf, np.where(value < 0, -np.inf, 0.0))
        return np.sort(np.where(np.isfinite(scaled), scaled, beyond))

    def seen(self, outcome) -> tuple[float, float]:
        """The difference of the lot that was drawn, and its standard error."""
        return _gap(np.asarray(outcome, float), self.treated)

    def judge(self, outcome, level: float) -> Estimate:
        """The difference with limits of a level."""
        return self.at_levels(outcome, [level])[0]

    def at_levels(self, outcome, levels: Sequence[float]) -> list[Estimate]:
        """The difference with limits of several levels."""
        value, error = self.seen(outcome)
        drawn, n = self.statistics(outcome), int((~self.treated).sum())
        return [limits_from_lots(value, error, drawn, level=level, n=n) for level in levels]

    def p_value(self, outcome) -> float:
        """Two-sided: twice the share of lots, that which was drawn among them, as far out on its side."""
        value, error = self.seen(outcome)
        if not error > 0:
            return 1.0
        return _p_value(value / error, self.statistics(outcome))


def _p_value(seen: float, drawn: np.ndarray) -> float:
    above = 1 + int((drawn >= seen - 1e-9).sum())
    below = 1 + int((drawn <= seen + 1e-9).sum())
    return min(1.0, 2 * min(above, below) / (len(drawn) + 1))


def limits_from_lots(value: float, error: float, drawn: np.ndarray, *, level: float, n: int) -> Estimate:
    """Limits of a difference by those of `Redrawn.statistics`."""
    # which of the drawn lots, counted from outside, ends the interval: p > 1 − level inside, as `_p_value` counts
    cut = int(np.floor((1 - level) / 2 * (len(drawn) + 1) + 1e-9))
    if cut < 1:  # more certainty than so many lots can give: the normal tail beyond the outermost
        wide = max(float(np.abs(drawn[np.isfinite(drawn)]).max(initial=0.0)), z_value(level))
        return Estimate(value, value - wide * error, value + wide * error, n)
    low, high = value - drawn[-cut] * error, value - drawn[cut - 1] * error
    return Estimate(value, float(low), float(high), n)


def welch(outcome, treated, level: float = 0.9) -> Estimate:
    """Difference of means with Student's limits and unequal variances; n counts the controls.

    Examples
    --------
    >>> found = welch([1.0, 2.0, 3.0, 1.0, 1.0, 2.0], [1, 1, 1, 0, 0, 0])
    >>> round(found.value, 4), round(found.low, 4)
    (0.6667, -0.8631)
    """
    y, z = np.asarray(outcome, float), np.asarray(treated, bool)
    _refuse_single(z)
    one, other = ((int(part.size), float(part.mean()), float(part.var(ddof=1))) for part in (y[z], y[~z]))
    return welch_of(one, other, level=level)


def welch_of(one: tuple, other: tuple, level: float = 0.9) -> Estimate:
    """The same from n, mean and variance of each side; n counts the second."""
    (n1, mean1, var1), (n2, mean2, var2) = one, other
    a, b = var1 / n1, var2 / n2
    value, error = mean1 - mean2, np.sqrt(a + b)
    if not error > 0:
        return Estimate(float(value), float(value), float(value), int(n2))
    df = (a + b) ** 2 / (a**2 / (n1 - 1) + b**2 / (n2 - 1))
    reach = float(stdtrit(df, (1 + level) / 2)) * error
    return Estimate(float(value), float(value - reach), float(value + reach), int(n2))


def welch_p(one: tuple, other: tuple) -> float:
    """Two-sided p-value of `welch_of`."""
    from scipy.stats import t

    (n1, mean1, var1), (n2, mean2, var2) = one, other
    a, b = var1 / n1, var2 / n2
    if not a + b > 0:
        return 1.0
    df = (a + b) ** 2 / (a**2 / (n1 - 1) + b**2 / (n2 - 1))
    return float(2 * t.sf(abs(mean1 - mean2) / np.sqrt(a + b), df))


def effect_on_those_who_came(outcome, treated, came) -> Came:
    """What asking did to those who came because of it; who came against who did not would compare different people.

    Parameters
    ----------
    outcome : array of float
    treated : array of bool
        By lot.
    came : array of bool
        Who came, whatever the lot said.

    Returns
    -------
    Came
        NaN where asking made nobody come.

    References
    ----------
    Imbens, G. W. and Angrist, J. D. (1994), Econometrica 62, 467-475.

    Examples
    --------
    >>> effect_on_those_who_came([1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0]).estimate
    1.0
    """
    y, z, d = np.asarray(outcome, float), np.asarray(treated, bool), np.asarray(came, float)
    _refuse_single(z)
    compliance = float(d[z].mean() - d[~z].mean())
    if not abs(compliance) > 0:
        return Came(float("nan"), float("nan"), compliance)
    value = float((y[z].mean() - y[~z].mean()) / compliance)
    rest = y - value * d
    error = np.sqrt(rest[z].var() / z.sum() + rest[~z].var() / (~z).sum()) / abs(compliance)
    return Came(value, float(error), compliance)


# ---- several at once ----


def corrected_levels(p_values, rate: float = 0.05) -> np.ndarray:
    """Level of each interval so that those that leave zero out are exactly what Benjamini and Hochberg find.

    Of m tests R are found. Their intervals have the level 1 − R q/m (false coverage rate), all others 1 − (R + 1) q/m:
    what is not found has a p-value above that, so that its interval keeps zero inside. A verdict by the interval shown
    is then the corrected one.

    Parameters
    ----------
    p_values : array of float
        NaN for what was not tested.
    rate : float
        q: share of the findings that may be false; with no effect anywhere, chance of any finding.

    Returns
    -------
    numpy.ndarray

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995), J. Royal Statistical Society B 57, 289-300.
    Benjamini, Y. and Yekutieli, D. (2005), J. American Statistical Association 100, 71-81.

    Examples
    --------
    >>> corrected_levels([0.001, 0.2, 0.03]).round(4).tolist()
    [0.9667, 0.95, 0.9667]
    """
    p = np.asarray(p_values, float)
    known = np.isfinite(p)
    m = int(known.sum())
    if not m:
        return np.full(p.shape, 1 - rate)
    ordered = np.sort(p[known])
    under = np.flatnonzero(ordered <= rate * np.arange(1, m + 1) / m)
    found = int(under[-1]) + 1 if under.size else 0
    is_found = known & (p <= (ordered[found - 1] if found else -1))
    return np.where(is_found, 1 - found * rate / m, 1 - min(found + 1, m) * rate / m)


def benjamini_hochberg(p_values) -> np.ndarray:
    """P-values that hold for all tests together.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.04, 0.04]
    """
    from statsmodels.stats.multitest import multipletests

    p = np.asarray(p_values, float)
    known, out = np.isfinite(p), np.full(p.shape, np.nan)
    if known.any():
        out[known] = multipletests(p[known], method="fdr_bh")[1]
    return out


# ---- how much would have been seen ----


def needed_customers(
    effect: float, variances: tuple[float, float], *, level: float = 0.95, power: float = 0.8
) -> float:
    """Customers on each side that show an effect so often.

    Parameters
    ----------
    effect : float
        That is to be seen.
    variances : tuple of float
        Of the outcome on each side; p(1 − p) of a share.
    level, power : float

    Examples
    --------
    >>> round(needed_customers(0.01, (0.11 * 0.89, 0.1 * 0.9)), 3)
    14748.045
    """
    z = z_value(level) + float(norm.ppf(power))
    return float(z**2 * sum(variances) / effect**2)


def smallest_effect(error: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """Smallest effect that a design with such a standard error shows so often.

    Examples
    --------
    >>> round(smallest_effect(11.5882 * (2 / 21_306) ** 0.5), 6)
    0.314546
    """
    return (z_value(level) + float(norm.ppf(power))) * error


def needed_share(effect: float, variance: float, customers: int, *, level: float = 0.95, power: float = 0.8) -> float:
    """Smallest share to keep back of so many customers that shows an effect so often; NaN where even half does not.

    Examples
    --------
    >>> round(needed_share(5.0, 900.0, 4000), 3)
    0.076
    """
    z = z_value(level) + float(norm.ppf(power))
    product = z**2 * variance / (effect**2 * customers) if effect else np.inf  # s(1 − s) must reach it
    return float((1 - np.sqrt(1 - 4 * product)) / 2) if product <= 0.25 else float("nan")


def running_half_width(n, sigma: float = 1.0, *, planned: float = 5000, level: float = 0.95):
    """Half width of an interval that may be looked at every day: it holds at all times at once.

    Parameters
    ----------
    n : float or array
        Customers so far.
    sigma : float
        Standard deviation of one of them.
    planned : float
        Customers at which it is to be tightest.
    level : float

    References
    ----------
    Waudby-Smith, I. et al. (2024), Annals of Statistics 52, 2613-2640 (asymptotic confidence sequences).

    Examples
    --------
    >>> round(float(running_half_width(1000)), 10)
    0.1063754701
    """
    alpha = 1 - level
    rho2 = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / planned
    n = np.asarray(n, float)
    return sigma * np.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * np.log(np.sqrt(n * rho2 + 1) / alpha))


def e_value(ratio: float) -> float:
    """How strongly something unseen would have to go with both joining and ordering to explain a ratio away.

    References
    ----------
    VanderWeele, T. J. and Ding, P. (2017), Annals of Internal Medicine 167, 268-274.

    Examples
    --------
    >>> round(e_value(2.0), 4)
    3.4142
    """
    ratio = max(ratio, 1 / ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def _gap(y: np.ndarray, z: np.ndarray) -> tuple[float, float]:
    one, other = y[z], y[~z]
    return (
        float(one.mean() - other.mean()),
        float(np.sqrt(one.var(ddof=1) / one.size + other.var(ddof=1) / other.size)),
    )


def _refuse_single(z: np.ndarray) -> None:
    treated, controls = int(z.sum()), int((~z).sum())
    if min(treated, controls) < 2:
        raise UserError(
            f"The lot left {treated} to contact and {controls} to keep back: with fewer than two on a side nothing "
            "can be compared."
        )


def as_frame(effects: Sequence[Estimate]) -> pd.DataFrame:
    """Estimates as columns ``effect``, ``effect_low``, ``effect_high``, ``controls``."""
    rows = [(one.value, one.low, one.high, one.n) for one in effects]
    return pd.DataFrame(rows, columns=["effect", "effect_low", "effect_high", "controls"])
