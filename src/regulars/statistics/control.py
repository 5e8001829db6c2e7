"""Control limits of a measure over waves, and how many answers a wished width needs."""

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.statistics.intervals import z_value
from regulars.statistics.limits import wobble_of

SIGMAS = 3.0
LEAST_OTHERS = 3  # waves beside the one that is judged, below which nobody can say how much waves differ


def control_limits(values: pd.Series, waves: pd.Series, sigmas: float = SIGMAS, least: int = 2) -> pd.DataFrame:
    """Mean of each wave beside limits that only one wave in some hundred passes by chance.

    Large waves differ by more than chance whether or not anything has happened: the limits are as wide as the other
    waves differ, where there are three of them (Laney), and never narrower than chance.

    Parameters
    ----------
    values : pandas.Series
        One per answer: `nps_points`, 0 or 1 for a top answer, a score.
    waves : pandas.Series
        Of each answer; they sort by their name.
    sigmas : float
        Half the distance of the limits in standard errors of a wave.
    least : int
        Answers below which a wave is shown and not judged: so few have no normal error.

    Returns
    -------
    pandas.DataFrame
        ``wave``, ``n``, ``value``, ``centre`` (mean of all answers of the other waves), ``limit_low``, ``limit_high``
        (of the wave against the others, the error of both counted, as much wider as the others differ) and
        ``is_outside``; NaN and False for a single wave and for one with fewer answers than `least`.

    References
    ----------
    Shewhart, W. A. (1931), Economic Control of Quality of Manufactured Product.
    Laney, D. B. (2002), Improved control charts for attributes, Quality Engineering 14, 531-537.

    Examples
    --------
    >>> waves = pd.Series(["1"] * 50 + ["2"] * 50)
    >>> control_limits(pd.Series([0.0, 1.0] * 25 + [1.0] * 49 + [0.0]), waves)["is_outside"].tolist()
    [True, True]
    """
    known = values.notna() & waves.notna()
    y, wave = values[known].astype(float), waves[known].astype(object)
    told = y.groupby(wave).agg(["size", "mean", "var"]).sort_index()
    rows = []
    for name, row in told.iterrows():
        others = told.drop(index=name)
        n = float(others["size"].sum())
        if not n or row["size"] < least:
            rows.append((name, int(row["size"]), row["mean"], np.nan, np.nan, np.nan, False))
            continue
        centre = float((others["size"] * others["mean"]).sum() / n)
        variance = float(y[(wave != name).to_numpy()].var(ddof=1))
        apart = (others["mean"] - centre) / np.sqrt(variance / others["size"])
        wide = max(wobble_of(apart), 1.0) if len(others) >= LEAST_OTHERS else 1.0
        reach = sigmas * wide * np.sqrt(variance / row["size"] + variance / n)
        outside = bool(abs(row["mean"] - centre) > reach)
        rows.append((name, int(row["size"]), row["mean"], centre, centre - reach, centre + reach, outside))
    names = ["wave", "n", "value", "centre", "limit_low", "limit_high", "is_outside"]
    return pd.DataFrame(rows, columns=names).astype({"wave": "string"})


def needed_answers(variance: float, half_width: float, level: float = 0.9) -> int:
    """How many answers a mean needs for an interval of ± the half width: z² σ²/h², rounded up.

    Parameters
    ----------
    variance : float
        Of a single answer; of `nps_points` 10,000 (p + d − (p − d)²).
    half_width : float
        In the unit of the answers.
    level : float

    Raises
    ------
    UserError
        Where the half width is not above 0.

    Examples
    --------
    >>> needed_answers(10_000 * (0.6 + 0.2 - 0.4**2), half_width=5, level=0.95)
    984
    """
    if not half_width > 0:
        raise UserError(f"The half width is {half_width}: give points above 0.")
    return int(np.ceil(z_value(level) ** 2 * variance / half_width**2 - 1e-9))
