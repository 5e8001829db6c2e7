"""The next product of each customer, of habit, taste, what goes together and what all buy."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.special import digamma, gammaln, polygamma

from regulars.finding import may_refuse
from regulars.labels import SuggestionSource
from regulars.segments.coded import Coded, counted
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
SAMPLE = 20_000  # customers by whom the weight of the own history is fitted
LEAST_WEIGHT, INFINITE_WEIGHT = 1e-2, 1e5  # of the own history: from the latter on all customers are the same


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
        weights, judged = _weighed(before, *first_orders(coded, inside & ~early, before))
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


def first_orders(coded: Coded, inside: np.ndarray, before: Recommender) -> tuple[np.ndarray, np.ndarray]:
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
