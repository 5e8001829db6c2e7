"""Which score says beforehand who will order again: areas under the curve, compared on the same customers."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from regulars.finding import may_refuse, shows
from regulars.purchases import Purchases, day_numbers
from regulars.statistics.intervals import z_value
from regulars.statistics.ranking import areas_under_curve

FEWEST = 30  # customers of either kind, who ordered and who did not, below which nothing is told


class ForetoldVerdict(StrEnum):
    """Whether a score foretells better than every other, beyond noise.

    Unclear: some foretell, none is best. None: no score is better than a coin. Few: too few customers.
    """

    BEST = "best"
    UNCLEAR = "unclear"
    NONE = "none"
    FEW = "few"


@shows
class Foretold(NamedTuple):
    """How well scores foretell.

    Parameters
    ----------
    verdict : ForetoldVerdict
    best : str or None
        The score with the largest area.
    table : pandas.DataFrame
        One row per score, the best first: ``score``, ``auc`` (chance that who ordered again had scored higher than who
        did not; 0.5: a coin) with ``auc_low``, ``auc_high``, ``behind`` (the best one's area less this one's) with
        ``behind_low``, ``behind_high``, ``n``.
    n, bought : int
        Customers, and those who ordered again.
    """

    verdict: ForetoldVerdict
    best: str | None
    table: pd.DataFrame
    n: int
    bought: int


@may_refuse
def repurchases(answered: pd.DataFrame, purchases: Purchases, observation_end, within_days: int = 180) -> pd.DataFrame:
    """Whether customers ordered within so many days after their answer.

    Parameters
    ----------
    answered : pandas.DataFrame
        ``customer_id``, ``answered_at`` and whatever else is known of the answer; anonymous ones are left out.
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    observation_end : date
        Last day of the data.
    within_days : int
        The window begins the day after the answer. Answers whose window is not over are left out; of each customer's
        others the latest is taken.

    Returns
    -------
    pandas.DataFrame
        By customer_id: the columns of `answered` and ``bought`` (bool).

    Examples
    --------
    >>> answered = pd.DataFrame({"customer_id": ["a", "b"], "answered_at": pd.to_datetime(["2026-01-01"] * 2)})
    >>> orders = pd.DataFrame({"customer_id": ["a", "b"], "ordered_at": pd.to_datetime(["2026-01-01", "2026-03-01"])})
    >>> repurchases(answered, Purchases.of(orders.assign(amount=1.0)), "2026-12-31")["bought"].tolist()
    [False, True]
    """
    length = pd.Timedelta(days=within_days)
    known = answered.dropna(subset=["customer_id"])
    known = known[known["answered_at"] + length <= pd.Timestamp(observation_end)]
    known = known.sort_values(["answered_at"], kind="stable").drop_duplicates("customer_id", keep="last")
    table = known.set_index("customer_id").sort_index()
    if known.empty:  # of no rows pandas cannot tell what kind they are
        return table.assign(bought=pd.Series(dtype=bool))
    place, asked = purchases.places(table.index), day_numbers(table["answered_at"])
    return table.assign(bought=purchases.up_to(place, asked + within_days) > purchases.up_to(place, asked))


def foretell(scores: pd.DataFrame, bought: pd.Series, level: float = 0.9) -> Foretold:
    """Compare scores as forecasts of who orders again, all on the same customers.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per customer, one column per score, the higher the better; customers with a missing score are left out
        of all.
    bought : pandas.Series
        On the same index.
    level : float
        Of the intervals; of those of the differences from the best, on the same customers, all at once (Bonferroni),
        since the best of many is ahead by chance. The verdict follows from them: intervals of single areas may overlap
        although one score is better, and the other way round.

    Returns
    -------
    Foretold

    References
    ----------
    DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988), Biometrics 44, 837-845.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> bought = pd.Series(rng.random(400) < 0.5)
    >>> scores = pd.DataFrame({"good": bought + rng.random(400), "coin": rng.random(400)})
    >>> found = foretell(scores, bought)
    >>> found.verdict.value, found.best
    ('best', 'good')
    """
    known = scores.notna().all(axis=1) & bought.notna()
    values, outcome = scores[known].to_numpy(dtype=float), bought[known].to_numpy(dtype=bool)
    n, hits = len(outcome), int(outcome.sum())
    if min(hits, n - hits) < FEWEST or scores.shape[1] == 0:
        empty = ["score", "auc", "auc_low", "auc_high", "behind", "behind_low", "behind_high", "n"]
        return Foretold(ForetoldVerdict.FEW, None, pd.DataFrame(columns=empty), n, hits)
    areas, covariance = areas_under_curve(values, outcome)
    z, first = z_value(level), int(np.argmax(areas))
    behind = areas[first] - areas
    spread = np.sqrt(np.maximum(covariance[first, first] + np.diag(covariance) - 2 * covariance[first], 0))
    spread[first] = 0.0
    low, high = _logit_ends(areas, np.sqrt(np.diag(covariance)), z)
    others = np.arange(len(areas)) != first
    strict = float(ndtri(1 - (1 - level) / 2 / max(others.sum(), 1)))
    table = pd.DataFrame(
        {"score": list(scores.columns), "auc": areas, "auc_low": low, "auc_high": high, "behind": behind,
         "behind_low": behind - strict * spread, "behind_high": behind + strict * spread}
    ).assign(n=n)  # fmt: skip
    ahead = bool((behind[others] > strict * spread[others]).all())
    told = ForetoldVerdict.BEST if ahead else ForetoldVerdict.UNCLEAR
    verdict = ForetoldVerdict.NONE if low[first] <= 0.5 else told
    table = table.sort_values(["behind", "score"], kind="stable", ignore_index=True).astype({"score": "string"})
    return Foretold(verdict, str(scores.columns[first]), table, n, hits)


def folds_of(customers: pd.Index, folds: int = 5, seed: int = 0) -> pd.Series:
    """Fold, 0 to folds − 1, of each customer, by chance and of nearly equal sizes.

    Parameters
    ----------
    customers : pandas.Index
        Each once.
    folds : int
        How many.
    seed : int
        Of the draw.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> sorted(folds_of(pd.Index(["a", "b", "c", "d"]), folds=2).tolist())
    [0, 0, 1, 1]
    """
    place = np.random.default_rng(seed).permutation(len(customers))
    return pd.Series(place % folds, index=customers)


def _logit_ends(areas, errors, z):
    """Ends of intervals of areas on the logit scale, so that they stay between 0 and 1."""
    inside = np.clip(areas, 1e-6, 1 - 1e-6)
    centre, reach = np.log(inside / (1 - inside)), z * errors / (inside * (1 - inside))
    return 1 / (1 + np.exp(reach - centre)), 1 / (1 + np.exp(-reach - centre))
