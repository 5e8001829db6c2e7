"""The next product of each customer, of habit, taste, what goes together and what all buy; whom to tell of goods."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.special import digamma, gammaln, polygamma

from regulars.errors import UntoldError, UserError
from regulars.finding import may_refuse
from regulars.labels import SuggestionSource
from regulars.segments.coded import Coded, counted, there
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, share, to_row, z_value
from regulars.statistics.newton import maximise

SUGGESTIONS = 5
SOURCES = tuple(source.value for source in SuggestionSource if source is not SuggestionSource.ALL)
LABELS = ("category", "colour", "size")  # columns of order lines by whose values tastes may differ
PRICE = "price"  # the third of its kind, by price, in which a product lies
THIRDS = 3
MOST_PRODUCTS = 2_000  # by buyers: rarer ones cannot be told, and are suggested to nobody
MOST_RECENT = 50  # products of a customer, the latest, by which others are found: older ones say less
SHRINKAGE = 20.0  # pairs as all buy, added to those that were bought with a product
PRIOR = 1.0  # purchase of each source, added when they are weighed: without any to judge by all weigh the same
ROUNDS, STILL = 500, 1e-7
JUDGES = 2_000  # customers by whom the sources are weighed
CHUNK = 500  # customers scored at once
DIGITS = 12  # decimals by which chances are ranked: equal ones stay equal on every processor
TOLD_FROM = 1.5  # times the usual chance of such goods, from which a customer is told of them
SAMPLE = 20_000  # customers by whom the weight of the own history is fitted
LEAST_WEIGHT, INFINITE_WEIGHT = 1e-2, 1e5  # of the own history: from the latter on all customers are the same
GROUPS = 20  # of customers, left out in turn for the interval of coverage


def dirichlet_weight(counts: np.ndarray, base: np.ndarray) -> float:
    """Purchases as all make them that tell as much of a customer as the customer's own, by maximum likelihood.

    Parameters
    ----------
    counts : numpy.ndarray
        Customer × value, purchases.
    base : numpy.ndarray
        Share of each value in all purchases.

    Returns
    -------
    float
        Infinite where customers do not differ by more than chance.

    Examples
    --------
    >>> dirichlet_weight(np.array([[5, 5], [4, 6], [6, 4]]), np.array([0.5, 0.5]))
    inf
    """
    counts = counts[np.linspace(0, len(counts) - 1, min(len(counts), SAMPLE)).astype(int)]
    n = counts.sum(axis=1)

    def likelihood(log_weight):
        """Of the Dirichlet-multinomial, with slope and curvature in the logarithm."""
        k = np.exp(log_weight[0])
        prior, after = k * base, counts + k * base
        value, slope, bend = (
            (weight * (f(after) - f(prior))).sum() + (f(k) - f(n + k)).sum()
            for f, weight in ((gammaln, 1.0), (digamma, base), (_trigamma, base**2))
        )
        return value, np.array([k * slope]), np.array([[k * slope + k**2 * bend]])

    if counts.shape[1] < 2 or not (n > 1).any():
        return float("inf")
    found = maximise(likelihood, [0.0], np.log([LEAST_WEIGHT]), np.log([INFINITE_WEIGHT]))
    return float(np.exp(found.point[0])) if found.free[0] else float("inf") if found.point[0] > 0 else LEAST_WEIGHT


def _trigamma(x):
    return polygamma(1, x)


@dataclass(frozen=True)
class Taste:
    """How one label of products parts customers.

    Parameters
    ----------
    name : str
        Column of the lines, or ``price``.
    values : pandas.Index
    of : numpy.ndarray
        Place of each product's value.
    weight : float
        Purchases as all make them that are added to each customer's own; infinite where tastes do not differ.
    shares : numpy.ndarray
        Customer × value: chance that a piece bought next is of it, in times that of all.
    """

    name: str
    values: pd.Index
    of: np.ndarray
    weight: float
    shares: np.ndarray


@dataclass(frozen=True)
class Recommender:
    """What `fit_recommender` learnt.

    Parameters
    ----------
    customers, products : pandas.Index
        Ids, sorted; products that may be suggested.
    known : int
        Products there are.
    popular : numpy.ndarray
        Share of each product in all purchases, each once per order.
    bought : scipy.sparse.csr_matrix
        Customer × product: orders that hold it.
    size : numpy.ndarray
        Purchases of each customer, of all products.
    recent : scipy.sparse.csr_matrix
        Customer × product: 1 for the latest `MOST_RECENT`.
    together : numpy.ndarray
        Product × product: chance of the second for who bought the first.
    tastes : tuple of Taste
    weights : dict of str to float
        Part of each of `SOURCES`; they sum to one.
    judged : int
        Purchases by which they were weighed.
    """

    customers: pd.Index
    products: pd.Index
    known: int
    popular: np.ndarray
    bought: csr_matrix
    size: np.ndarray
    recent: csr_matrix
    together: np.ndarray
    tastes: tuple[Taste, ...]
    weights: dict[str, float]
    judged: int

    def __repr__(self) -> str:
        """How much there is, and what counts."""
        parts = ", ".join(f"{name} {part:.2f}" for name, part in self.weights.items())
        return (
            f"Recommender: {len(self.products):,} of {self.known:,} products for {len(self.customers):,} customers\n"
            f"  weights of {self.judged:,} purchases: {parts}"
        )


@may_refuse
def fit_recommender(lines: pd.DataFrame | Coded, observation_end, *, days: int) -> Recommender:
    """Learn what each customer is likely to buy next.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, order_id, ordered_at, product_id [, quantity, unit_price, category, colour, size].
    observation_end : date
        Last day observed; later lines are left out.
    days : int
        The last so many weigh the sources: what was bought before tells each customer's first order in them.

    Returns
    -------
    Recommender or Refusal

    Notes
    -----
    The chance of a product is a mixture. *Habit*: its share in what the customer bought. *Taste*: its share in all
    purchases times, for each label (kind, third by price within the kind, colour, size), the customer's share of the
    label's value over that of all; shares vary over customers as a Dirichlet, fitted by maximum likelihood, so that a
    label by which nobody differs changes nothing. *Together*: the mean over the customer's latest products of the
    chance of the second product for who bought the first, shrunk towards what all buy. *Popular*: share in all
    purchases. The parts are those under which the orders kept back are likeliest (expectation maximisation), one
    purchase of each added. Equal chances are ranked by product id.

    References
    ----------
    Deshpande, M. and Karypis, G. (2004), ACM Trans. Information Systems 22, 143-177 (item-based top-N).
    Dempster, A. P., Laird, N. M. and Rubin, D. B. (1977), J. Royal Statistical Society B 39, 1-38.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": list("aabbc"), "order_id": list("12345"), "product_id": list("xyxyx"),
    ...                       "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02"] * 2 + ["2026-01-01"])})
    >>> model = fit_recommender(lines, "2026-03-31", days=30)
    >>> model.together[0].round(2).tolist()  # two of two who bought x and more bought y, shrunk to .6 and .4
    [0.55, 0.45]
    """
    coded = Coded.of(lines)
    at = coded.lines["ordered_at"].to_numpy("datetime64[us]")
    after = np.datetime64(pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1), "us")
    quantity = coded.lines["quantity"].to_numpy(float) if "quantity" in coded.lines else np.ones(len(at))
    inside = (at < after) & (quantity > 0)
    early = inside & (at < after - np.timedelta64(days, "D"))
    weights, judged = dict.fromkeys(SOURCES, 1 / len(SOURCES)), 0
    if early.any():
        before = _learnt(coded, early, at)
        weights, judged = _weighed(before, *_first_orders(coded, inside & ~early, before))
    return replace(_learnt(coded, inside, at), weights=weights, judged=judged)


def _learnt(coded: Coded, inside: np.ndarray, at: np.ndarray) -> Recommender:
    part = coded.part(inside)
    lines, at = coded.lines[inside], at[inside]
    wide = len(part.products)
    buyers = np.bincount(counted(part.customer * wide + part.product)[0] % wide, minlength=wide)
    kept = np.sort(np.lexsort((np.arange(wide), -buyers))[:MOST_PRODUCTS])  # of equally many buyers the first by id
    place = np.full(wide, -1)
    place[kept] = np.arange(len(kept))
    once, first = np.unique(part.order * wide + part.product, return_index=True)  # each product once per order
    who, what, total = part.customer[first], place[once % wide], len(once)
    size = np.bincount(who, minlength=len(part.customers)).astype(float)
    who, what = who[what >= 0], what[what >= 0]
    shape = len(part.customers), len(kept)
    bought = csr_matrix((np.ones(len(who)), (who, what)), shape=shape)
    popular = np.bincount(what, minlength=shape[1]) / total
    recent = _recent(part.customer, place[part.product], at, shape)
    tastes = []
    for name, values, of in _labels(part, lines, kept):
        used, of = np.unique(of, return_inverse=True)  # a value may be no product's most frequent
        values = values[used]
        inner = bought @ csr_matrix((np.ones(len(of)), (np.arange(len(of)), of)), shape=(len(of), len(values)))
        counts, base = inner.toarray(), np.bincount(of, popular, len(values))
        base = base / base.sum()
        weight = dirichlet_weight(counts, base)
        if np.isfinite(weight):
            ratio = (counts + weight * base) / (counts.sum(axis=1, keepdims=True) + weight) / base
            tastes.append(Taste(name, values, of, weight, ratio))
    return Recommender(
        part.customers, part.products[kept], wide, popular, bought, size, recent, _beside(recent, popular),
        tuple(tastes), {}, 0,
    )  # fmt: skip


def _recent(who, what, at, shape) -> csr_matrix:
    """The latest products of each customer; of those bought at one time the first by id."""
    who, what, at = who[what >= 0], what[what >= 0], at[what >= 0]
    order = np.lexsort((-at.astype(np.int64), what, who))
    _, newest = np.unique((who * shape[1] + what)[order], return_index=True)
    who, what, at = (each[order][newest] for each in (who, what, at))
    order = np.lexsort((what, -at.astype(np.int64), who))
    who, what = who[order], what[order]
    rank = np.arange(len(who)) - np.searchsorted(who, who)
    who, what = who[rank < MOST_RECENT], what[rank < MOST_RECENT]
    return csr_matrix((np.ones(len(who)), (who, what)), shape=shape)


def _beside(recent: csr_matrix, popular: np.ndarray) -> np.ndarray:
    pairs = (recent.T @ recent).toarray()  # whole numbers: exact in any order
    np.fill_diagonal(pairs, 0.0)
    return (pairs + SHRINKAGE * popular) / (pairs.sum(axis=1, keepdims=True) + SHRINKAGE)


def _labels(part: Coded, lines: pd.DataFrame, kept: np.ndarray):
    """Of each label that lines carry: its name, its values, and the place of each product's most frequent value."""
    kind = np.zeros(len(kept), dtype=int)
    for name in LABELS:
        if name not in lines or lines[name].notna().mean() <= 0.5:
            continue
        if name == "category":
            own, values = part.category_of(), part.categories
        else:
            code, values = pd.factorize(lines[name].fillna("not told").astype(object), sort=True)
            own = replace(part, category=code, categories=pd.Index(values)).category_of()
        kind = own[kept] if name == "category" else kind
        yield name, pd.Index(values), own[kept]
    if "unit_price" not in lines:
        return
    price = lines["unit_price"].to_numpy(float)
    paid, pieces = (
        np.bincount(part.product[price > 0], each, len(part.products))[kept]
        for each in (price[price > 0], np.ones(int((price > 0).sum())))
    )
    mean = np.divide(paid, pieces, out=np.zeros(len(kept)), where=pieces > 0).round(DIGITS // 2)
    order = np.lexsort((np.arange(len(kept)), mean, kind))
    rank = np.empty(len(kept), dtype=int)
    rank[order] = np.arange(len(kept)) - np.searchsorted(kind[order], kind[order])
    yield PRICE, pd.Index(range(1, THIRDS + 1)), rank * THIRDS // np.bincount(kind)[kind]


def _first_orders(coded: Coded, inside: np.ndarray, before: Recommender) -> tuple[np.ndarray, np.ndarray]:
    """Customer's place and product's place in `before` (-1: not there) of each piece of the first later orders."""
    at, who = coded.lines["ordered_at"].to_numpy()[inside], coded.customer[inside]
    name, _ = pd.factorize(coded.lines.loc[inside, "order_id"], sort=True)  # of orders at one time the first by its id
    order = np.lexsort((name, at, who))
    found, place = np.unique(who[order], return_index=True)
    first = np.full(len(coded.customers), -1)
    first[found] = coded.order[inside][order[place]]
    came = inside & (first[coded.customer] == coded.order)
    rows = before.customers.get_indexer(coded.customers)[coded.customer[came]]
    items = before.products.get_indexer(coded.products)[coded.product[came]]
    wide = len(before.products) + 1
    pairs = np.unique(rows[rows >= 0] * wide + items[rows >= 0] + 1)
    return pairs // wide, pairs % wide - 1


def _sources(model: Recommender, rows: np.ndarray, wanted=SOURCES) -> dict[str, np.ndarray]:
    """By each source alone: customer × product, the chance of each product."""
    popular = np.broadcast_to(model.popular, (len(rows), len(model.popular)))
    found = {"popular": popular}
    if "habit" in wanted:
        found["habit"] = model.bought[rows].toarray() / np.maximum(model.size[rows], 1)[:, None]
    if "taste" in wanted:
        taste = popular.copy()
        for one in model.tastes:
            taste *= one.shares[rows][:, one.of]
        found["taste"] = taste * (model.popular.sum() / taste.sum(axis=1, keepdims=True))
    if "together" in wanted:
        recent = model.recent[rows]
        many = np.asarray(recent.sum(axis=1))
        found["together"] = np.where(many > 0, (recent @ model.together) / np.maximum(many, 1), popular)
    return {name: found[name] for name in wanted}


def _weighed(model: Recommender, rows: np.ndarray, items: np.ndarray) -> tuple[dict[str, float], int]:
    judges = np.unique(rows)
    judges = judges[np.linspace(0, len(judges) - 1, min(len(judges), JUDGES)).astype(int)] if len(judges) else judges
    chances = []
    for start in range(0, len(judges), CHUNK):
        chunk = judges[start : start + CHUNK]
        own = np.isin(rows, chunk) & (items >= 0)
        at = np.searchsorted(chunk, rows[own]), items[own]
        chances.append(np.stack([part[at] for part in _sources(model, chunk).values()]))
    by = np.concatenate(chances, axis=1) if chances else np.zeros((len(SOURCES), 0))
    weights = np.full(len(SOURCES), 1 / len(SOURCES))
    for _ in range(ROUNDS):
        told = weights[:, None] * by
        new = (told / told.sum(axis=0)).sum(axis=1) + PRIOR
        new /= new.sum()
        still, weights = np.abs(new - weights).max() < STILL, new
        if still:
            break
    weights = weights.round(4)  # so coarse that they are the same on every processor
    return dict(zip(SOURCES, (weights / weights.sum()).tolist(), strict=True)), by.shape[1]


def chances(model: Recommender, customers=None):
    """Chance of each product, some customers at a time.

    Parameters
    ----------
    model : Recommender
    customers : sequence, optional
        Ids; all without it. Who is not known gets what is popular.

    Yields
    ------
    numpy.ndarray, numpy.ndarray
        Places among `customers`; customer × product, chance that a piece bought next is this product.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": "a", "order_id": ["1", "2"], "product_id": ["x", "x"],
    ...                       "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    >>> [rows.tolist() for _, rows in chances(fit_recommender(lines, "2026-03-31", days=30), ["a", "stranger"])]
    [[[1.0], [1.0]]]
    """
    place = np.arange(len(model.customers)) if customers is None else model.customers.get_indexer(pd.Index(customers))
    weights = {name: weight for name, weight in model.weights.items() if weight > 0}
    for start in range(0, len(place), CHUNK):
        at = np.arange(start, min(start + CHUNK, len(place)))
        score = np.broadcast_to(model.popular, (len(at), len(model.popular))).copy()
        is_known = place[at] >= 0
        if is_known.any():
            parts = _sources(model, place[at][is_known], tuple(weights))
            score[is_known] = sum(weight * parts[name] for name, weight in weights.items())
        yield at, score.round(DIGITS)


def suggest(model: Recommender, customers=None, *, most: int = SUGGESTIONS, is_new: bool = False):
    """Places of the likeliest products of each customer, the likeliest first, and their chances.

    Parameters
    ----------
    model : Recommender
    customers : sequence, optional
        Ids; all without it.
    most : int
        Products per customer.
    is_new : bool
        Whether only products are asked for that the customer has not bought.

    Returns
    -------
    numpy.ndarray of int, numpy.ndarray of float
        Customer × rank; of equal chances the first product by id.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": list("aab"), "order_id": list("123"), "product_id": list("xyy"),
    ...                       "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-02"])})
    >>> best, _ = suggest(fit_recommender(lines, "2026-03-31", days=30), ["b"], most=1, is_new=True)
    >>> best.tolist()
    [[0]]
    """
    ids = model.customers if customers is None else pd.Index(customers)
    most = min(most, len(model.products))
    best, chance = np.empty((len(ids), most), dtype=int), np.empty((len(ids), most))
    for at, score in chances(model, None if customers is None else ids):
        if is_new:
            place = model.customers.get_indexer(ids[at])
            score[place >= 0] -= 2.0 * (model.bought[place[place >= 0]].toarray() > 0)
        best[at] = np.argsort(-score, axis=1, kind="stable")[:, :most]
        chance[at] = np.take_along_axis(score, best[at], axis=1)
    return best, chance


@may_refuse
def next_products(model: Recommender, customers=None, *, most: int = SUGGESTIONS) -> pd.DataFrame:
    """The likeliest next products of each customer.

    Parameters
    ----------
    model : Recommender
        Of `fit_recommender`.
    customers : sequence, optional
        Ids; all without it. Who is not known gets what is popular.
    most : int
        Products per customer.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``customer_id``, ``rank`` (from 1), ``product_id``, ``probability`` that a piece bought next is this product.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "order_id": ["1", "2", "3"],
    ...                       "product_id": ["x", "x", "y"], "ordered_at": pd.to_datetime(["2026-01-01"] * 3)})
    >>> model = fit_recommender(lines, "2026-03-31", days=30)
    >>> next_products(model, ["stranger"], most=1)[["product_id", "probability"]].round(2).values.tolist()
    [['x', 0.67]]
    """
    ids = model.customers if customers is None else pd.Index(customers)
    best, chance = suggest(model, customers, most=most)
    rows = np.repeat(np.arange(len(ids)), best.shape[1])
    return pd.DataFrame(
        {
            "customer_id": pd.Series(ids.to_numpy()[rows], dtype="string"),
            "rank": np.tile(np.arange(1, best.shape[1] + 1), len(ids)),
            "product_id": pd.Series(model.products[best.ravel()].to_numpy(), dtype="string"),
            "probability": chance.ravel(),
        }
    )


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
    return KeptBack(model, *_first_orders(coded, later, model))


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


def chance_of(model: Recommender, is_such: np.ndarray) -> np.ndarray:
    """Chance that a piece which each customer buys next is one of such goods.

    Parameters
    ----------
    model : Recommender
    is_such : numpy.ndarray of bool
        Which of its products; of goods that are new, those that are like them.

    Returns
    -------
    numpy.ndarray
        By the model's customers.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": "a", "order_id": ["1", "2"], "product_id": ["x", "y"],
    ...                       "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    >>> chance_of(fit_recommender(lines, "2026-03-31", days=30), np.array([True, True])).round(6).tolist()
    [1.0]
    """
    return _chances_of(model, [is_such])[:, 0]


def _chances_of(model: Recommender, kinds: Sequence[np.ndarray]) -> np.ndarray:
    """As `chance_of`, customer × kind: every customer is gone through once, however many kinds there are."""
    chance = np.empty((len(model.customers), len(kinds)))
    for at, score in chances(model):
        for place, is_such in enumerate(kinds):
            chance[at, place] = score[:, is_such].sum(axis=1)
    return chance.round(DIGITS)


def such_goods(model: Recommender, asked: str) -> np.ndarray:
    """Products of a description, such as ``category=garden,colour=blue``, or one product by its id.

    Parameters
    ----------
    model : Recommender
    asked : str
        An id, or ``label=value`` of `LABELS`, several joined by commas.

    Returns
    -------
    numpy.ndarray of bool

    Raises
    ------
    UserError
        Where no product is such.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "product_id": ["x", "y"],
    ...                       "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    >>> such_goods(fit_recommender(lines, "2026-03-31", days=30), "y").tolist()
    [False, True]
    """
    if "=" not in asked:
        found = np.asarray(model.products == asked)
    else:
        found = np.ones(len(model.products), bool)
        labels = {one.name: one for one in model.tastes if one.name in LABELS}
        for part in asked.split(","):
            name, _, value = (text.strip() for text in part.partition("="))
            if name not in labels:
                known = ", ".join(labels) or "none"
                raise UserError(f"'{name}' tells no tastes apart here: goods are named by id, or by {known}.")
            found &= np.isin(labels[name].of, np.flatnonzero(labels[name].values == value))
    if not found.any():
        raise UserError(f"No product is '{asked}': name an id, or values that the order lines carry.")
    return found


@may_refuse
def arrivals(
    model: Recommender, kept: KeptBack, refusing: Collection[str] = (), *, min_cell: int = 1, level: float = 0.9
) -> pd.DataFrame:
    """Whom to tell when goods of a kind arrive, and whether those told would have bought them.

    Parameters
    ----------
    model : Recommender
        Of all days.
    kept : KeptBack
        Of the days kept back.
    refusing : collection of str
        Customers who said no to being contacted.
    min_cell : int
        Kinds of fewer customers to tell are left out.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame or Refusal
        The kinds of the first label that parts customers: ``label``, ``goods``, ``customers`` (at least `TOLD_FROM`
        times as likely as all, who may be told), ``refused`` (as likely, who said no), ``told`` (of the customers of
        the first orders kept back who would have been told, those whose order holds such goods) and ``others`` (of the
        rest) with limits, ``n`` (would have been told). Why not, where lines carry no such label.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-03-20"] * 4)
    >>> lines = pd.DataFrame({"customer_id": [who for who in "abcd" for _ in range(3)], "ordered_at": days,
    ...                       "order_id": [str(k) for k in range(12)], "product_id": list("xxxyyyzzzzzz")})
    >>> lines["category"] = lines["product_id"].map({"x": "tea", "y": "rice", "z": "oil"})
    >>> model, kept = (make(lines, "2026-03-31", days=30) for make in (fit_recommender, keep_back))
    >>> arrivals(model, kept)[["goods", "customers", "told", "others"]].values.tolist()[1:]
    [['rice', 1, 1.0, 0.0], ['tea', 1, 1.0, 0.0]]
    """
    label = next((one for one in model.tastes if one.name in LABELS), None)
    if kept.model is None:
        raise UntoldError("Nobody known before ordered in the days kept back.")
    earlier = next((one for one in kept.model.tastes if label and one.name == label.name), None)
    if label is None or earlier is None:
        raise UntoldError("Order lines carry no category, colour or size by which tastes differ.")
    asked = ~np.isin(model.customers.astype(object), list(refusing))
    judges = np.unique(kept.rows)
    old = {goods: np.flatnonzero(earlier.values == goods) for goods in label.values}
    known = [place for place, goods in enumerate(label.values) if len(old[goods]) and (label.of == place).any()]
    now = [label.of == place for place in known]
    then = [earlier.of == old[label.values[place]][0] for place in known]
    rows = []
    for place, such, likely, would in zip(known, then, _likelier(model, now), _likelier(kept.model, then), strict=True):
        goods, would = label.values[place], would[judges]
        bought = np.isin(judges, kept.rows[(kept.items >= 0) & such[np.maximum(kept.items, 0)]])
        told, others = (share(int(bought[one].sum()), int(one.sum()), level) for one in (would, ~would))
        rows.append(
            {"label": label.name, "goods": str(goods), "customers": int((likely & asked).sum()),
             "refused": int((likely & ~asked).sum())}
            | to_row(told, "told") | to_row(others, "others") | {"n": told.n}
        )  # fmt: skip
    table = large_enough(pd.DataFrame(rows), "customers", min_cell)
    return table.sort_values(["customers", "goods"], ascending=[False, True], ignore_index=True)


def _likelier(model: Recommender, kinds: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Of each kind who is so much likelier than all to buy it that he would be told."""
    usual = [TOLD_FROM * model.popular[is_such].sum() for is_such in kinds]
    return list((_chances_of(model, kinds) >= np.array(usual)).T)
