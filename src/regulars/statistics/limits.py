"""Whether a month's figure is more than noise: limits from the months before it, and lights for many figures at once.

Limits that are right for one figure in one month alarm in every second quiet year of twenty figures. The lights are
therefore judged together: Benjamini–Hochberg over the lights of a month, at the level that leaves nine of ten quiet
years without any light changed.
"""

import numpy as np
import pandas as pd
from scipy.special import bdtr, stdtr, stdtrit
from scipy.stats import binom, chi2

from regulars.errors import UserError
from regulars.labels import Light
from regulars.statistics.intervals import Estimate

E2 = 3 * np.sqrt(np.pi) / 2  # three standard deviations, in mean moving ranges of neighbours
D2 = 2 / np.sqrt(np.pi)  # mean moving range, in standard deviations
D4 = 1 + 3 * np.sqrt(np.pi / 2 - 1)  # upper limit of a moving range, in mean moving ranges
LEAST_MONTHS = 12  # before which no light is judged
MOST_MONTHS = 25  # behind the limits: what lies further back was another time
DRIFT_Z = 1.645  # one month in twenty of a steady figure is taken for drifting
JUMP_CHANCE = 0.001  # that the largest step of figures that walk is taken for a move to another level
PER_YEAR = 12
STEP_WORTH = 1.5  # 1 + 2ρ² of the squares of steps whose neighbours correlate by ρ = −½


def prediction_limits(values, level: float = 0.9973) -> Estimate:
    """Where the next of some figures should lie if nothing changes: x̄ ± t s √(1 + 1/m).

    Unlike limits of three standard deviations they hold their level however few figures there are: their width counts
    that mean and standard deviation are themselves estimated.

    Parameters
    ----------
    values : array-like, shape (m,)
        One per month; NaN where there is none.
    level : float
        Share of next figures inside, for normal figures that do not depend on one another.

    Returns
    -------
    Estimate
        Mean, and both limits; n is m. Without limits where m < 2.

    References
    ----------
    Hahn, G. J. (1970), Statistical intervals for a normal population, Journal of Quality Technology 2, 115-125.

    Examples
    --------
    >>> print(prediction_limits([39, 41, 41, 41, 43, 44, 41, 42, 40, 41, 44, 40]))
    41.4167 (35.1485 to 47.6849), n = 12
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    m = known.size
    if m < 2:
        return Estimate(float(known.mean()) if m else float("nan"), n=m)
    reach = stdtrit(m - 1, (1 + level) / 2) * known.std(ddof=1) * np.sqrt(1 + 1 / m)
    return Estimate(float(known.mean()), float(known.mean() - reach), float(known.mean() + reach), m)


def moving_range_limits(values) -> tuple[Estimate, float]:
    """Limits of single figures by the ranges of neighbours (an XmR chart), for comparison with `prediction_limits`.

    Parameters
    ----------
    values : array-like, shape (m,)
        In their order.

    Returns
    -------
    (Estimate, float)
        Mean with limits x̄ ± E₂ m̄R̄, E₂ = 3√π/2; and the upper limit of a moving range, D₄ m̄R̄.

    References
    ----------
    Wheeler, D. J. and Chambers, D. S. (1992), Understanding Statistical Process Control, 2nd ed.

    Examples
    --------
    >>> limits, ranges = moving_range_limits([39, 41, 41, 41, 43, 44, 41, 42, 40, 41, 44, 40])
    >>> print(limits, round(ranges, 3))
    41.4167 (36.8244 to 46.0089), n = 12 5.642
    """
    x = np.asarray(values, float)
    mean_range = float(np.abs(np.diff(x)).mean())
    mean, reach = float(x.mean()), float(E2 * mean_range)
    return Estimate(mean, mean - reach, mean + reach, x.size), float(D4 * mean_range)


def laney_limits(counts, n, sigmas: float = 3.0, *, wobble: bool = True) -> pd.DataFrame:
    """Limits of a rate by month that allow for months differing by more than chance (Laney's p′ chart).

    With large n an ordinary p chart takes every wobble of the true rate for an alarm. Here the limits are as wide as
    neighbouring months differ.

    Parameters
    ----------
    counts, n : array-like, shape (m,)
        How many of how many, by month, in their order.
    sigmas : float
        Half the distance of the limits.
    wobble : bool
        False gives the ordinary p chart.

    Returns
    -------
    pandas.DataFrame
        One row per month: ``rate``, ``centre``, ``limit_low``, ``limit_high`` (within 0 and 1), ``is_outside``.

    References
    ----------
    Laney, D. B. (2002), Improved control charts for attributes, Quality Engineering 14, 531-537.

    Examples
    --------
    >>> laney_limits([12, 15, 8, 10], [50, 50, 50, 50], wobble=False)["limit_high"].round(4).tolist()
    [0.4022, 0.4022, 0.4022, 0.4022]
    """
    k, size = np.asarray(counts, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(size > 0, k / size, np.nan)
        centre = np.nansum(k) / np.nansum(size)
        error = np.sqrt(centre * (1 - centre) / size)
        z = (rate - centre) / error
    wide = wobble_of(z) if wobble else 1.0
    low, high = centre - sigmas * wide * error, centre + sigmas * wide * error
    return pd.DataFrame(
        {
            "rate": rate,
            "centre": centre,
            "limit_low": np.clip(low, 0, 1),
            "limit_high": np.clip(high, 0, 1),
            "is_outside": (rate < low) | (rate > high),
        }
    )


def wobble_of(z) -> float:
    """Standard deviation of figures in standard errors, by how much neighbours differ: 1 where only chance moves them.

    Examples
    --------
    >>> round(wobble_of([0.0, 2.0, float("nan"), -2.0, 1.0]), 3), wobble_of([0.5])
    (2.659, 1.0)
    """
    known = np.asarray(z, float)
    known = known[np.isfinite(known)]
    return float(np.abs(np.diff(known)).mean() / D2) if known.size > 1 else 1.0


def coverage_band(months: int, level: float = 0.9, band: float = 0.95) -> tuple[int, int]:
    """How many of some intervals hold the truth, where each holds it with its level.

    Parameters
    ----------
    months : int
        Intervals that were told.
    level : float
        Of each.
    band : float
        Central share of what can be expected.

    Returns
    -------
    (int, int)
        Fewest and most.

    Examples
    --------
    >>> [coverage_band(months) for months in (12, 24, 36)]
    [(8, 12), (18, 24), (29, 35)]
    """
    low, high = binom.ppf([(1 - band) / 2, (1 + band) / 2], months, level)
    return int(low), int(high)


def kupiec(misses: int, n: int, share: float = 0.1) -> tuple[float, float]:
    """Whether as many forecasts missed as should have: Kupiec's likelihood ratio of the share of misses.

    Parameters
    ----------
    misses, n : int
        How many of how many intervals did not hold the truth.
    share : float
        That should have missed: 0.1 for intervals of 90 %.

    Returns
    -------
    (float, float)
        Statistic, and its p value (χ² with one degree of freedom).

    References
    ----------
    Kupiec, P. (1995), Techniques for verifying the accuracy of risk measurement models, J. of Derivatives 3, 73-84.

    Examples
    --------
    >>> [kupiec(k, 255, share=0.05)[1] >= 0.05 for k in (6, 7, 20, 21)]
    [False, True, True, False]
    """

    def likelihood(p: float) -> float:
        return sum(k * np.log(q) for k, q in ((misses, p), (n - misses, 1 - p)) if k)

    statistic = max(2 * (likelihood(misses / n) - likelihood(share)), 0.0)
    return float(statistic), float(chi2.sf(statistic, 1))


def month_level(quiet_years: float = 0.9) -> float:
    """Chance that any light of a quiet month changes, where at least such a share of quiet years stays without any.

    A twelfth of the share of the others (Bonferroni), however the months of a year depend on one another, less a little
    since limits of rates hold their level only nearly.

    Examples
    --------
    >>> round(month_level(0.9), 5), round(month_level(0.9) / 20, 6)   # a month; a light and month of twenty
    (0.00769, 0.000385)
    """
    return (1 - quiet_years) / (PER_YEAR + 1)


def lights(frame: pd.DataFrame, *, quiet_years: float = 0.9, least_months: int = LEAST_MONTHS) -> pd.DataFrame:
    """Light of each indicator in the last month of a table.

    A month is judged by those before it except the one just before, so that what changed a month ago does not hide
    itself: the last two years, or, where they drift, the last year. Where that drifts as well (neighbouring months
    resemble each other more than chance allows) there is no usual level: the step from one month to the next is judged,
    which makes the limits wider; where the steps of the last year drift too, nothing is judged. One step beyond all
    others, after which the figure stays where it went (another way to count, a machine bought), is no drift but another
    level: only the months since are held to one another, and there must be enough of them.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per indicator and month: ``indicator``, ``month`` (sorts in time), ``value``; for rates also ``n``, of
        how many; ``better`` (``up``, ``down`` or empty where neither side is good). What is missing is NaN.
    quiet_years : float
        Share of years in which nothing happens that stay without any light changed.
    least_months : int
        Months before this one below which nothing is judged.

    Returns
    -------
    pandas.DataFrame
        One row per indicator, in the order in which they come: ``indicator``, ``month``, ``value``, ``centre``,
        ``limit_low``, ``limit_high`` (of one light at the level of a single light and month), ``months`` (behind the
        limits), ``p``, ``by_step`` (whether it is judged by the step), ``light`` (`Light`).

    Raises
    ------
    UserError
        Where a column is missing.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995), J. Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> months = pd.period_range("2025-01", periods=14, freq="M").astype(str)
    >>> quiet = [39, 41, 41, 43, 40, 44, 41, 42, 40, 41, 44, 40, 42]
    >>> table = pd.DataFrame({"indicator": "orders", "month": months, "value": [*quiet, 60], "better": "up"})
    >>> [str(lights(table.head(size))["light"].iloc[0]) for size in (14, 13, 9)]
    ['better', 'steady', 'early']
    """
    missing = {"indicator", "month", "value"} - set(frame)
    if missing:
        raise UserError(f"The table of indicators has no column {min(missing)!r}: it has {', '.join(frame)}.")
    names = list(dict.fromkeys(frame["indicator"]))
    months = np.sort(frame["month"].unique())
    places = (pd.Index(names).get_indexer(frame["indicator"]), np.searchsorted(months, frame["month"]))
    values, sizes = (np.full((len(names), len(months)), np.nan) for _ in range(2))
    values[places] = frame["value"].astype(float)
    if "n" in frame:
        sizes[places] = frame["n"].astype(float)
    level = month_level(quiet_years)
    one = level / max(len(names), 1)
    told = [judge(row, size, chance=one, least_months=least_months) for row, size in zip(values, sizes, strict=True)]
    rows = pd.DataFrame(told)
    hits = _discovered(rows["p"].to_numpy(float), level)
    wished = np.full(len(names), "", object)
    if "better" in frame:
        wished[places[0]] = frame["better"].fillna("")
    side = np.where(rows["value"] > rows["centre"], "up", "down")
    moved = np.select([wished == "", wished == side], [Light.CHANGED, Light.BETTER], Light.WORSE)
    rows.insert(0, "indicator", names)
    rows.insert(1, "month", months[-1] if len(months) else None)
    return rows.assign(light=[m if hit else was for m, hit, was in zip(moved, hits, rows["light"], strict=True)])


def judge(values, sizes, *, chance: float, least_months: int = LEAST_MONTHS) -> dict:
    """Whether the last of some monthly figures leaves the range that those before it lead to expect; see `lights`.

    Parameters
    ----------
    values, sizes : array-like, shape (m,)
        Figures in their order, NaN where there is none; of how many, for shares, NaN for others.
    chance : float
        That it leaves the range where nothing has changed.
    least_months : int
        Before the last one, below which nothing is judged.

    Returns
    -------
    dict
        ``value``, ``centre``, ``limit_low``, ``limit_high``, ``months``, ``p``, ``by_step`` and ``light``, which is
        steady wherever there are limits.

    Examples
    --------
    >>> told = judge([39, 41, 41, 43, 40, 44, 41, 42, 40, 41, 44, 40, 60], [float("nan")] * 13, chance=0.1)
    >>> bool(told["limit_low"] < 41 < told["limit_high"] < told["value"]), told["months"]
    (True, 11)
    """
    values, sizes = np.asarray(values, float), np.asarray(sizes, float)
    value, known = float(values[-1]), np.flatnonzero(np.isfinite(values[:-1]))
    told = {"value": value, "centre": np.nan, "limit_low": np.nan, "limit_high": np.nan, "months": len(known)}
    told |= {"p": np.nan, "by_step": False}
    if np.isnan(value):
        return told | {"light": Light.ABSENT}
    if len(known) < least_months:
        return told | {"light": Light.EARLY}
    steady = steady_stretch(values[:-1])
    if not steady.size:
        since = moved_since(values[:-1])
        if not since:
            return _judged_by_step(values, told, chance=chance, least=least_months)
        steady = known[known >= since]
        if len(steady) < least_months:
            return told | {"months": len(steady), "light": Light.JUMPED}
    base = steady[:-1]
    rated = bool(np.isfinite(sizes[base]).all() and sizes[-1] > 0)
    centre, error = _rate(values[base], sizes[base], sizes[-1]) if rated else _level(values[base])
    # of a rate both its level and what months differ beyond chance are estimated
    found = _within(told | {"months": len(base)}, centre, error, free=len(base) - 1 - rated, chance=chance)
    if rated:  # few cases are far from normal: no light changes that their exact chance would not change
        p = max(found["p"], _by_cases(values[base], sizes[base], value, sizes[-1]))
        found |= {"limit_low": max(found["limit_low"], 0.0), "limit_high": min(found["limit_high"], 1.0), "p": p}
    return found


def _judged_by_step(values: np.ndarray, told: dict, *, chance: float, least: int) -> dict:
    steps = np.diff(values[-MOST_MONTHS - 1 : -1])
    steps = steps[steady_stretch(steps)]
    if len(steps) < least - 1 or np.isnan(values[-2]):
        return told | {"light": Light.DRIFTS}
    usual, error = _level(steps)
    # steps of figures that only seem to drift hang together by −½: as good as two thirds of so many
    free = (len(steps) - 1) / STEP_WORTH
    return _within(told, float(values[-2]) + usual, error, free=free, chance=chance) | {
        "months": len(steps),
        "by_step": True,
    }


def _within(told: dict, centre: float, error: float, *, free: float, chance: float) -> dict:
    value = told["value"]
    if not error > 0:  # it never moved: there is no usual range to tell a move by
        return told | {"centre": centre, "light": Light.STEADY if value == centre else Light.EARLY}
    reach = stdtrit(free, 1 - chance / 2) * error
    p = float(2 * stdtr(free, -abs(value - centre) / error))
    limits = {"centre": centre, "limit_low": centre - reach, "limit_high": centre + reach}
    return told | limits | {"p": p, "light": Light.STEADY}


def _by_cases(rates: np.ndarray, sizes: np.ndarray, value: float, n: float) -> float:
    """Two-sided p value of this month's cases among all cases so far: each falls into it by its share of the size."""
    now, all_cases = round(value * n), round(float((rates * sizes).sum()) + value * n)
    part = n / (sizes.sum() + n)
    tails = bdtr(now, all_cases, part), 1 - bdtr(now - 1, all_cases, part) if now else 1.0
    return float(min(2 * min(tails), 1.0))


def _level(values: np.ndarray) -> tuple[float, float]:
    """Mean, and the error of the next figure around it."""
    return float(values.mean()), float(values.std(ddof=1) * np.sqrt(1 + 1 / len(values)))


def _rate(rates: np.ndarray, sizes: np.ndarray, n: float) -> tuple[float, float]:
    """The same of a rate: chance by its size, and what months differ beyond it; never less than chance.

    Where all months are of one size these are the limits of Laney's p′ chart, with the standard deviation in place of
    the moving range; sizes that differ need the two kinds of variation apart (DerSimonian and Laird 1986).
    """
    m, pooled = len(rates), float((rates * sizes).sum() / sizes.sum())
    # none or all so far is no certainty: half a case more
    half = (pooled * sizes.sum() + 0.5) / (sizes.sum() + 1)
    chance = half * (1 - half) / sizes
    excess = float(((rates - pooled) ** 2 / chance).sum()) - (m - 1)
    between = max(excess / float((1 / chance).sum() - (chance**-2).sum() / (1 / chance).sum()), 0.0)
    variance = chance + between
    centre = float((rates / variance).sum() / (1 / variance).sum())
    wide = max(float(((rates - centre) ** 2 / variance).sum() / (m - 1)), 1.0)
    return centre, float(np.sqrt(wide * (half * (1 - half) / n + between + 1 / (1 / variance).sum())))


def steady_stretch(values) -> np.ndarray:
    """Places of the latest figures that do not drift: of the last two years, or the last one; none where both drift.

    Examples
    --------
    >>> steady_stretch([3.0, float("nan"), 4.0, 3.0, 5.0]).tolist(), steady_stretch(range(30)).tolist()
    ([0, 2, 3, 4], [])
    """
    x = np.asarray(values, float)
    known = np.flatnonzero(np.isfinite(x))
    stretches = (known[-MOST_MONTHS:], known[-LEAST_MONTHS - 1 :])
    return next((months for months in stretches if not drifts(x[months])), known[:0])


def moved_since(values) -> int:
    """Place of the first figure at another level, where one step stands out from all others and is not undone; or 0.

    Examples
    --------
    >>> moved_since([9.0, 9.1, 9.0, 9.2, 9.1, 9.0, 9.1, 4.0, 4.1, 4.0]), moved_since([9.0, 9.1, 9.0, 4.0, 9.2, 9.1])
    (7, 0)
    """
    x = np.asarray(values, float)
    known = np.flatnonzero(np.isfinite(x))[-MOST_MONTHS:]
    steps = np.diff(x[known])
    if len(steps) < 3:
        return 0
    at = int(np.abs(steps).argmax())
    others = np.delete(steps, at)
    usual, error = _level(others)
    chance = JUMP_CHANCE / len(steps)
    stays = abs(x[known[at + 1 :]].mean() - x[known[: at + 1]].mean()) > abs(steps[at]) / 2
    far = abs(steps[at] - usual) > stdtrit((len(others) - 1) / STEP_WORTH, 1 - chance / 2) * error
    return int(known[at + 1]) if stays and far else 0


def drifts(values, z: float = DRIFT_Z) -> bool:
    """Whether neighbouring figures resemble each other more than chance allows (lag-one autocorrelation).

    Examples
    --------
    >>> drifts([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), drifts([1, 9, 2, 8, 3, 7, 4, 6, 5, 5, 1, 9])
    (True, False)
    """
    x = np.asarray(values, float) - np.mean(values)
    total = float((x**2).sum())
    if not total > 0:
        return False
    m = x.size
    # the estimate of no correlation lies 1/m low, with a standard error of about 1/√m
    return bool((float((x[1:] * x[:-1]).sum()) / total + 1 / m) * np.sqrt(m) > z)


def _discovered(p: np.ndarray, level: float) -> np.ndarray:
    """Which of some p values stand out, by Benjamini–Hochberg; NaN never does."""
    known = np.isfinite(p)
    ordered = np.sort(p[known])
    if not ordered.size:
        return known
    passed = np.flatnonzero(ordered <= level * np.arange(1, ordered.size + 1) / ordered.size)
    return known & (p <= (ordered[passed[-1]] if passed.size else -1.0))


def year_on_year(values: pd.Series, *, pooled: tuple[int, ...] = ()) -> pd.DataFrame:
    """Each month beside the same month a year before, with festival months taken together.

    A festival that moves between two months (the Spring Festival between January and February, Easter between March and
    April) makes both look like a change in every year; together they hold it always.

    Parameters
    ----------
    values : pandas.Series
        Sums or counts by month, indexed by `pandas.Period` of months.
    pooled : tuple of int
        Calendar months taken together, the earlier first: ``(1, 2)``. They are told in the row of the last of them.

    Returns
    -------
    pandas.DataFrame
        ``month``, ``value``, ``before``, ``change`` (share), ``is_pooled``; months without a year before are left out.

    Examples
    --------
    >>> months = pd.period_range("2024-01", "2025-03", freq="M")
    >>> sales = pd.Series([50.0, 150, 100] + [100] * 9 + [140, 60, 110], months)
    >>> year_on_year(sales, pooled=(1, 2))[["value", "before", "change"]].values.tolist()
    [[200.0, 200.0, 0.0], [110.0, 100.0, 0.1]]
    """
    known = values.dropna().sort_index()
    rows = []
    for month in known.index:
        together = [month]
        if month.month in pooled:
            if month.month != pooled[-1]:
                continue
            together = [month - step for step in range(len(pooled))]
        earlier = [one - PER_YEAR for one in together]
        if known.index.isin([*together, *earlier]).sum() != 2 * len(together):
            continue
        now, before = (float(known[stretch].sum()) for stretch in (together, earlier))
        change = now / before - 1 if before > 0 else float("nan")
        rows.append((month, now, before, round(change, 12), len(together) > 1))
    return pd.DataFrame(rows, columns=["month", "value", "before", "change", "is_pooled"])
