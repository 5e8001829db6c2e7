"""RFM scores (recency, frequency, money in fifths) and the segments that they name."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.labels import Segment

SCORES = 5


@dataclass(frozen=True)
class Rule:
    """Rectangle of recency scores × frequency-and-money scores that carries one name; both ends included."""

    segment: Segment
    recency: tuple[int, int]
    frequency_money: tuple[int, int]


RULES = (
    Rule(Segment.CHAMPIONS, (5, 5), (4, 5)),
    Rule(Segment.LOYAL, (3, 4), (4, 5)),
    Rule(Segment.POTENTIAL_LOYAL, (4, 5), (2, 3)),
    Rule(Segment.NEW, (5, 5), (1, 1)),
    Rule(Segment.PROMISING, (4, 4), (1, 1)),
    Rule(Segment.NEED_ATTENTION, (3, 3), (3, 3)),
    Rule(Segment.ABOUT_TO_SLEEP, (3, 3), (1, 2)),
    Rule(Segment.CANNOT_LOSE, (1, 2), (5, 5)),
    Rule(Segment.AT_RISK, (1, 2), (3, 4)),
    Rule(Segment.HIBERNATING, (2, 2), (1, 2)),
    Rule(Segment.HIBERNATING, (1, 1), (2, 2)),
    Rule(Segment.LOST, (1, 1), (1, 1)),
)


def rfm_scores(customers: pd.DataFrame) -> pd.DataFrame:
    """Where each customer stands within this base on recency, frequency and money, in scores from 1 to 5.

    A score says how many fifths of the customers have strictly less: 5 means that at least four fifths have less,
    1 that fewer than one fifth have. Equal customers therefore always get equal scores, whatever the order of
    the rows, and one-time buyers score 1 on frequency however many they are. The fifths need not be
    equally full: where half of the customers bought once, nobody scores 2 on frequency.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer: ``last_ordered_at`` (date), ``frequency`` (repeat purchase days), ``spend``
        (currency, total so far).

    Returns
    -------
    pandas.DataFrame
        On the same index: ``r_score``, ``f_score``, ``m_score`` (int, 1 to 5) and ``fm_score``, the mean of the
        latter two, halves upwards.

    References
    ----------
    Hughes, A. M. (1994), Strategic Database Marketing, ch. 3 (fifths by recency, frequency and money).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "last_ordered_at": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"]),
    ...     "frequency": [0, 0, 0, 2, 5], "spend": [10.0, 10.0, 40.0, 30.0, 90.0]})
    >>> rfm_scores(customers).to_numpy().tolist()
    [[1, 1, 1, 1], [2, 1, 1, 1], [3, 1, 4, 3], [4, 4, 3, 4], [5, 5, 5, 5]]
    """
    scores = pd.DataFrame(
        {
            "r_score": _fifths(customers["last_ordered_at"]),
            "f_score": _fifths(customers["frequency"]),
            "m_score": _fifths(customers["spend"]),
        },
        index=customers.index,
    )
    return scores.assign(fm_score=(scores["f_score"] + scores["m_score"] + 1) // 2)


def _fifths(values: pd.Series) -> np.ndarray:
    below = values.rank(method="min").to_numpy() - 1
    return (1 + (SCORES * below) // max(len(values), 1)).astype(int)


def name_segments(scores: pd.DataFrame) -> pd.Series:
    """Name of each customer's segment, by the one rectangle of `RULES` into which the scores fall.

    Names are relative to this base and to the end of the data: where nobody has ordered for long, the most recent
    fifth is still called recent.

    Parameters
    ----------
    scores : pandas.DataFrame
        ``r_score`` and ``fm_score`` of `rfm_scores`.

    Returns
    -------
    pandas.Series
        Values of `regulars.labels.Segment`, named ``segment``, on the same index.

    Raises
    ------
    ValueError
        Where a score is not a whole number from 1 to 5.

    Examples
    --------
    >>> name_segments(pd.DataFrame({"r_score": [5, 1, 1], "fm_score": [5, 5, 1]})).tolist()
    ['champions', 'cannot_lose', 'lost']
    """
    recency, frequency_money = scores["r_score"].to_numpy(), scores["fm_score"].to_numpy()
    grid = _grid()
    valid = np.isin(recency, range(1, SCORES + 1)) & np.isin(frequency_money, range(1, SCORES + 1))
    if not valid.all():
        row = scores.index[~valid][0]
        raise ValueError(f"row {row}: scores are whole numbers from 1 to {SCORES}")
    names = grid[recency.astype(int) - 1, frequency_money.astype(int) - 1]
    return pd.Series(names, index=scores.index, name="segment", dtype="string")


def _grid() -> np.ndarray:
    grid = np.full((SCORES, SCORES), "", dtype=object)
    for rule in RULES:
        (r_low, r_high), (fm_low, fm_high) = rule.recency, rule.frequency_money
        grid[r_low - 1 : r_high, fm_low - 1 : fm_high] = rule.segment.value
    return grid
