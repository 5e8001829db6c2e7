"""Whether suggestions held on orders kept back, and how many products they reach."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from regulars.finding import may_refuse
from regulars.labels import SuggestionSource
from regulars.segments.coded import Coded, there
from regulars.segments.suggesting import SOURCES, SUGGESTIONS, Recommender, first_orders, fit_recommender, suggest
from regulars.statistics.intervals import Estimate, share, to_row, z_value

GROUPS = 20  # of customers, left out in turn for the interval of coverage


@dataclass(frozen=True)
class KeptBack:
    """A recommender as of some days ago, and what its customers first bought since.

    Parameters
    ----------
    model : Recommender or None
        None where there is nothing to judge it by.
    rows, items : numpy.ndarray
        Places of customer and product (-1: not suggested to anybody) of each piece of the first orders kept back.
    """

    model: Recommender | None
    rows: np.ndarray
    items: np.ndarray


@may_refuse
def keep_back(lines: pd.DataFrame | Coded, observation_end, *, days: int) -> KeptBack:
    """Learn without the last days, and keep what was bought in them.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        As for `fit_recommender`.
    observation_end : date
        Last day observed.
    days : int
        Kept back: the last so many; the sources are weighed by as many before them.

    Returns
    -------
    KeptBack or Refusal
        Without a model where nobody known before ordered again.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": "a", "order_id": ["1", "2"], "product_id": "x",
    ...                       "ordered_at": pd.to_datetime(["2026-01-05", "2026-06-05"])})
    >>> keep_back(lines, "2026-06-30", days=60).items.tolist()
    [0]
    """
    coded = Coded.of(lines)
    at = coded.lines["ordered_at"]
    end = pd.Timestamp(observation_end).normalize()
    cutoff = end + pd.Timedelta(days=1 - days)
    quantity = coded.lines["quantity"].to_numpy(float) if "quantity" in coded.lines else np.ones(len(at))
    past = (at < cutoff).to_numpy() & (quantity > 0)
    later = (at >= cutoff).to_numpy() & (at < end + pd.Timedelta(days=1)).to_numpy() & (quantity > 0)
    later &= there(coded.customer[past], len(coded.customers))[coded.customer] if past.any() else False
    if not later.any():
        return KeptBack(None, np.empty(0, int), np.empty(0, int))
    model = fit_recommender(coded, cutoff - pd.Timedelta(days=1), days=days)
    return KeptBack(model, *first_orders(coded, later, model))


@may_refuse
def hit_rates(kept: KeptBack, *, most: int = SUGGESTIONS, level: float = 0.9) -> pd.DataFrame:
    """How often suggestions held on orders kept back, and how many products they reach, beside what is popular.

    Parameters
    ----------
    kept : KeptBack
        Of `keep_back`.
    most : int
        Products suggested.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame or Refusal
        Rows ``own``, ``popular`` (share of the customers whose first order kept back holds one of the suggestions),
        ``gain`` (their difference, paired by customer), the same of products that the customer had not bought before
        (``own_new``, ``popular_new``, ``gain_new``), and ``own_reach``, ``popular_reach`` (share of all products that
        is suggested to anybody): ``share`` with limits, ``n`` customers. No row where nobody known before ordered
        again.

    References
    ----------
    Agresti, A. and Min, Y. (2005), Statistics in Medicine 24, 729-740 (interval of a paired difference of shares).
    Efron, B. and Stein, C. (1981), Annals of Statistics 9, 586-596 (the jackknife of the share reached).

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": "a", "order_id": ["1", "2"], "product_id": "x",
    ...                       "ordered_at": pd.to_datetime(["2026-01-05", "2026-06-05"])})
    >>> hit_rates(keep_back(lines, "2026-06-30", days=60))["share"].to_dict()["own"]
    1.0
    """
    model = kept.model
    told: dict[str, Estimate] = {}
    if model is None:
        return pd.DataFrame(columns=["share", "share_low", "share_high", "n"])
    judges, row = np.unique(kept.rows, return_inverse=True)
    ids = model.customers[judges]
    seller = _alone(model, SuggestionSource.POPULAR)
    for end, is_new in (("", False), ("_new", True)):
        lists = [suggest(one, ids, most=most, is_new=is_new)[0] for one in (model, seller)]
        fresh = np.ones(len(row), bool)
        if is_new:
            had = np.asarray(model.bought[kept.rows, np.maximum(kept.items, 0)]).ravel() > 0
            fresh = ~had | (kept.items < 0)
        ours, theirs = (_hits(best, row, kept.items, among=fresh) for best in lists)
        told |= {
            f"own{end}": share(int(ours.sum()), len(judges), level),
            f"popular{end}": share(int(theirs.sum()), len(judges), level),
            f"gain{end}": _paired(ours, theirs, level),
        }
        if not is_new:
            for name, best in zip(("own_reach", "popular_reach"), lists, strict=True):
                told[name] = _reach(best, model.known, level)
    return pd.DataFrame([to_row(one, "share") | {"n": one.n} for one in told.values()], index=list(told))


def _alone(model: Recommender, source: str) -> Recommender:
    return replace(model, weights=dict.fromkeys(SOURCES, 0.0) | {str(source): 1.0})


@may_refuse
def by_source(kept: KeptBack, *, most: int = SUGGESTIONS, level: float = 0.9) -> pd.DataFrame:
    """What each source of suggestions weighs, and how it would do alone.

    Parameters
    ----------
    kept : KeptBack
        Of `keep_back`.
    most : int
        Products suggested.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``source`` (`regulars.labels.SuggestionSource`; all together last), ``weight``, ``hit`` (share of the customers
        whose first order kept back holds a suggestion) and ``reach`` (share of all products that is suggested to
        anybody) with limits, ``n`` customers. No row where nobody known before ordered again.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": "a", "order_id": ["1", "2"], "product_id": "x",
    ...                       "ordered_at": pd.to_datetime(["2026-01-05", "2026-06-05"])})
    >>> by_source(keep_back(lines, "2026-06-30", days=60))[["source", "hit"]].values.tolist()[0]
    ['habit', 1.0]
    """
    model = kept.model
    if model is None:
        return pd.DataFrame(columns=["source", "weight", "hit", "reach", "n"])
    judges, row = np.unique(kept.rows, return_inverse=True)
    rows = []
    for source in SuggestionSource:
        one = model if source is SuggestionSource.ALL else _alone(model, source)
        best, _ = suggest(one, model.customers[judges], most=most)
        hits = _hits(best, row, kept.items)
        weight = model.weights.get(source.value, 1.0)
        told = share(int(hits.sum()), len(judges), level), _reach(best, model.known, level)
        rows.append({"source": source.value, "weight": weight, **to_row(told[0], "hit"), **to_row(told[1], "reach")})
    return pd.DataFrame(rows).assign(n=len(judges))


def _hits(best: np.ndarray, row: np.ndarray, items: np.ndarray, among: np.ndarray | bool = True) -> np.ndarray:
    """Whether one of the products suggested to each customer is among the pieces of the first order kept back."""
    return np.bincount(row, (best[row] == items[:, None]).any(axis=1) & among, len(best)) > 0


def _paired(ours: np.ndarray, theirs: np.ndarray, level: float) -> Estimate:
    n, more, less = len(ours), int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    # Wald with half a pair added to each cell keeps its level for few pairs
    wide, up, down = n + 2, more + 0.5, less + 0.5
    middle = (up - down) / wide
    reach = z_value(level) * np.sqrt(up + down - (up - down) ** 2 / wide) / wide
    return Estimate((more - less) / n, float(middle - reach), float(middle + reach), n)


def _reach(best: np.ndarray, known: int, level: float) -> Estimate:
    """Share of the products suggested to anybody; leaving out groups of customers in turn tells how sure that is."""
    value = len(np.unique(best)) / known
    groups = min(GROUPS, len(best))
    if groups < 2:
        return Estimate(value, n=len(best))
    of = np.arange(len(best)) % groups
    left = np.array([len(np.unique(best[of != k])) / known for k in range(groups)])
    reach = z_value(level) * float(np.sqrt((groups - 1) / groups * ((left - left.mean()) ** 2).sum()))
    return Estimate(value, max(value - reach, 0.0), min(value + reach, 1.0), len(best))
