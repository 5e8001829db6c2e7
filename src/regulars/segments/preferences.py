"""What each customer likes: categories and price level, and the next product with its chance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln, polygamma

from regulars.finding import NotSupplied, Refusal, may_refuse
from regulars.segments.coded import Coded, counted, places, there
from regulars.segments.products import descriptions, named
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, share, to_row, z_value
from regulars.statistics.newton import maximise

SUGGESTIONS = 5
SAMPLE = 20_000  # customers by whom the weight of the own history is fitted
LEAST_WEIGHT, INFINITE_WEIGHT = 1e-2, 1e5  # of the own history: from the latter on all customers are the same


@dataclass(frozen=True)
class Tastes:
    """What `fit_tastes` found.

    Parameters
    ----------
    customers : pandas.Index
        Ids.
    categories : pandas.Index
        Names of those in which something was bought.
    products : pandas.Index
        Ids.
    counts : numpy.ndarray
        Customer × category, purchases.
    base : numpy.ndarray
        Share of each category in all purchases.
    weight : float
        Purchases of the base that are added to each customer's own: small, tastes differ much; infinite, not at all.
    within : numpy.ndarray
        Share of each product within its category.
    category_of : numpy.ndarray
        Place of each product's category.
    """

    customers: pd.Index
    categories: pd.Index
    products: pd.Index
    counts: np.ndarray
    base: np.ndarray
    weight: float
    within: np.ndarray
    category_of: np.ndarray

    def shares(self) -> np.ndarray:
        """Customer × category: chance that the next purchase is of that category; rows sum to one."""
        if not np.isfinite(self.weight):
            return np.broadcast_to(self.base, self.counts.shape)
        return (self.counts + self.weight * self.base) / (self.counts.sum(axis=1, keepdims=True) + self.weight)


def fit_tastes(lines: pd.DataFrame | Coded) -> Tastes:
    """How tastes vary over customers, from what each has bought.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, order_id, product_id [, category]; each product counts once per order.

    Returns
    -------
    Tastes

    Notes
    -----
    A customer's purchases spread over categories as a multinomial whose shares vary over customers as a Dirichlet
    around those of all; its weight is fitted by maximum likelihood. Within a category products are bought as by all.
    Chance of a product = chance of its category × its share within.

    References
    ----------
    Goodhardt, G. J., Ehrenberg, A. S. C. and Chatfield, C. (1984), J. Royal Statistical Society A 147, 621-655 (the
    Dirichlet model of buying).

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "order_id": ["1", "2", "3"],
    ...                       "product_id": ["x", "x", "y"], "category": ["tea", "tea", "rice"]})
    >>> fit_tastes(lines).base.round(2).tolist()
    [0.33, 0.67]
    """
    lines = Coded.of(lines)
    customers, products, categories = len(lines.customers), len(lines.products), len(lines.categories)
    category_of = lines.category_of()
    # each product counts once per order; an order is one customer's
    once, _ = counted(lines.order * products + lines.product)
    of_order = np.empty(int(lines.order.max(initial=-1)) + 1, dtype=np.int64)
    of_order[lines.order] = lines.customer
    code, item = of_order[once // products], once % products
    counts = np.bincount(code * categories + category_of[item], minlength=customers * categories)
    counts = counts.reshape(customers, categories).astype(float)
    used = np.unique(category_of)  # a category may be no product's most frequent
    counts, category_of = counts[:, used], np.searchsorted(used, category_of)
    sales = np.bincount(item, minlength=products).astype(float)
    base = counts.sum(axis=0) / counts.sum()
    within = sales / np.bincount(category_of, sales, minlength=len(used))[category_of]
    weight = _weight(counts, base)
    return Tastes(lines.customers, lines.categories[used], lines.products, counts, base, weight, within, category_of)


def _weight(counts, base) -> float:
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


@may_refuse
def next_products(tastes: Tastes, customers=None, *, most: int = SUGGESTIONS) -> pd.DataFrame:
    """The likeliest next products of each customer.

    Parameters
    ----------
    tastes : Tastes
        Of `fit_tastes`.
    customers : sequence, optional
        Ids; all without it. Ids that are not known get what is popular.
    most : int
        Products per customer.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``customer_id``, ``rank`` (from 1), ``product_id``, ``probability`` that a piece bought next is this product.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "order_id": ["1", "2", "3"],
    ...                       "product_id": ["x", "x", "y"], "category": ["tea", "tea", "rice"]})
    >>> next_products(fit_tastes(lines), ["stranger"], most=1)[["product_id", "probability"]].round(2).values.tolist()
    [['x', 0.67]]
    """
    ids = tastes.customers if customers is None else pd.Index(customers)
    best, score = _likeliest(tastes, tastes.customers.get_indexer(ids) if customers is not None else None, most)
    rows = np.repeat(np.arange(len(ids)), best.shape[1])
    return pd.DataFrame(
        {
            "customer_id": pd.Series(ids.to_numpy()[rows], dtype="string"),
            "rank": np.tile(np.arange(1, best.shape[1] + 1), len(ids)),
            "product_id": pd.Series(tastes.products[best.ravel()].to_numpy(), dtype="string"),
            "probability": score.ravel(),
        }
    )


def _likeliest(tastes: Tastes, place=None, most: int = SUGGESTIONS) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the likeliest products of each customer and their chances, by place; -1 is nobody known."""
    shares = tastes.shares()
    chance = shares if place is None else np.where((place >= 0)[:, None], shares[np.maximum(place, 0)], tastes.base)
    # only the first few of each category can be among the first few of all
    candidates = []
    for k in range(len(tastes.categories)):
        own = np.flatnonzero(tastes.category_of == k)
        candidates.append(own[np.argsort(-tastes.within[own], kind="stable")][:most])
    candidates = np.sort(np.concatenate(candidates))
    score = chance[:, tastes.category_of[candidates]] * tastes.within[candidates]
    best = np.argsort(-score, axis=1, kind="stable")[:, :most] if most > 1 else score.argmax(axis=1)[:, None]
    return candidates[best], np.take_along_axis(score, best, axis=1)


def _first_orders(lines: pd.DataFrame, coded: Coded, inside) -> np.ndarray:
    """Number of each customer's first order among the lines that are asked for; -1 where there is none."""
    at, who = lines["ordered_at"].to_numpy()[inside], coded.customer[inside]
    name, _ = pd.factorize(lines.loc[inside, "order_id"], sort=True)  # of orders at one time the first by its id
    order = np.lexsort((name, at, who))
    found, place = np.unique(who[order], return_index=True)
    first = np.full(len(coded.customers), -1)
    first[found] = coded.order[inside][order[place]]
    return first


def profiles(lines: pd.DataFrame | Coded, tastes: Tastes) -> pd.DataFrame:
    """What each customer likes, in one row.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, product_id, quantity, unit_price [, category].
    tastes : Tastes
        Of the same lines.

    Returns
    -------
    pandas.DataFrame
        By customer_id: ``favourite`` (category with the greatest chance), ``favourite_share`` (that chance), ``bought``
        (products, each once per order), ``price_level`` (what is paid for a piece, in means of the category: 1 is
        usual; NaN where nothing is priced).

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "product_id": ["x", "y"],
    ...                       "quantity": 1.0, "unit_price": [1.0, 3.0], "category": "tea"})
    >>> profiles(lines, fit_tastes(lines))[["favourite", "price_level"]].to_numpy().tolist()
    [['tea', 0.5], ['tea', 1.5]]
    """
    coded = Coded.of(lines)
    lines, shares = coded.lines, tastes.shares()
    best = shares.argmax(axis=1)
    price = lines["unit_price"].to_numpy(float)
    priced = (price > 0) & (lines["quantity"].to_numpy(float) > 0)
    who, kind, price = coded.customer[priced], coded.category[priced], price[priced]
    with np.errstate(invalid="ignore"):
        usual = np.bincount(kind, price, len(coded.categories)) / np.bincount(kind, minlength=len(coded.categories))
        level = np.bincount(who, price / usual[kind], len(coded.customers)) / np.bincount(
            who, minlength=len(coded.customers)
        )
    return pd.DataFrame(
        {
            "favourite": pd.Series(
                pd.array(tastes.categories.to_numpy(), dtype="string").take(best), index=tastes.customers
            ),
            "favourite_share": shares[np.arange(len(best)), best],
            "bought": tastes.counts.sum(axis=1).astype(int),
            "price_level": level,
        }
    ).rename_axis("customer_id")


@dataclass(frozen=True)
class Liked:
    """Order lines with what they tell of each customer, made once for all that is asked about them.

    Parameters
    ----------
    coded : Coded
        The lines by number.
    tastes : Tastes
        Of `fit_tastes`.
    own : pandas.DataFrame
        Of `profiles`.
    names : pandas.Series
        Of products, by product_id.
    """

    coded: Coded
    tastes: Tastes
    own: pd.DataFrame
    names: pd.Series

    def __repr__(self) -> str:
        """How much there is."""
        return (
            f"Liked: {len(self.coded.customer):,} lines of {len(self.coded.customers):,} customers, "
            f"{len(self.coded.products):,} products in {len(self.coded.categories):,} categories"
        )

    @classmethod
    def of(cls, lines: pd.DataFrame | None) -> "Liked | Refusal":
        """What order lines tell.

        Parameters
        ----------
        lines : pandas.DataFrame or None
            customer_id, order_id, product_id, quantity, unit_price [, ordered_at, unit_cost, category, description];
            None where they are not supplied.

        Returns
        -------
        Liked or Refusal

        Examples
        --------
        >>> lines = pd.DataFrame({"customer_id": ["a", "a"], "order_id": ["1", "2"], "product_id": ["x", "y"],
        ...                       "quantity": 1.0, "unit_price": [3.0, 5.0]})
        >>> Liked.of(lines).own["bought"].to_dict()
        {'a': 2}
        >>> Liked.of(None)
        It cannot be told: what it needs is not supplied (order_lines).
        """
        if lines is None:
            return NotSupplied("order_lines")
        coded = Coded.of(lines)
        tastes = fit_tastes(coded)
        return cls(coded, tastes, profiles(coded, tastes), descriptions(lines))


@may_refuse
def hit_rates(
    liked: "Liked", observation_end, *, days: int, most: int = SUGGESTIONS, level: float = 0.9
) -> pd.DataFrame:
    """How often the suggestions held on orders kept back, beside suggesting what is popular.

    Parameters
    ----------
    liked : Liked
        Order lines: customer_id, order_id, ordered_at, product_id [, category].
    observation_end : date
        Last day observed.
    days : int
        Kept back: the last so many.
    most : int
        Products suggested.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame or Refusal
        Rows ``own``, ``popular`` (share of the customers whose first order kept back holds one of the suggestions) and
        ``gain`` (their difference, paired by customer): ``share`` with limits, ``n``. No row where nobody known before
        ordered again.

    References
    ----------
    Agresti, A. and Min, Y. (2005), Statistics in Medicine 24, 729-740 (interval of a paired difference of shares).

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": "a", "order_id": ["1", "2"], "product_id": "x", "quantity": 1.0,
    ...                       "unit_price": 3.0, "ordered_at": pd.to_datetime(["2026-01-05", "2026-06-05"])})
    >>> hit_rates(Liked.of(lines), "2026-06-30", days=60)[["share", "n"]].to_numpy().tolist()
    [[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]]
    """
    coded = liked.coded
    lines = coded.lines
    cutoff = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1 - days)
    past = (lines["ordered_at"] < cutoff).to_numpy()
    later = ~past & there(coded.customer[past], len(coded.customers))[coded.customer]
    if not past.any() or not later.any():
        return pd.DataFrame(columns=["share", "share_low", "share_high", "n"])
    before = coded.part(past)
    tastes, known = fit_tastes(before), np.flatnonzero(there(coded.customer[past], len(coded.customers)))
    first = _first_orders(lines, coded, later)
    came = later & (first[coded.customer] == coded.order)
    customers = np.flatnonzero(there(coded.customer[came], len(coded.customers)))
    ids = np.searchsorted(known, customers)
    best, _ = _likeliest(tastes, ids, most)
    bought = before.products.get_indexer(coded.products)[coded.product[came]]
    row = np.searchsorted(customers, coded.customer[came])
    sales = tastes.base[tastes.category_of] * tastes.within
    popular = np.argsort(-sales, kind="stable")[:most]
    ours, theirs = (
        np.bincount(row, hit, len(ids)) > 0
        for hit in ((best[row] == bought[:, None]).any(axis=1), np.isin(bought, popular))
    )
    n, more, less = len(ids), int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    # Wald with half a pair added to each cell keeps its level for few pairs
    wide, up, down = n + 2, more + 0.5, less + 0.5
    middle = (up - down) / wide
    reach = z_value(level) * np.sqrt(up + down - (up - down) ** 2 / wide) / wide
    told = {
        "own": share(int(ours.sum()), n, level),
        "popular": share(int(theirs.sum()), n, level),
        "gain": Estimate((more - less) / n, float(middle - reach), float(middle + reach), n),
    }
    return pd.DataFrame([to_row(one, "share") | {"n": one.n} for one in told.values()], index=list(told))


def tastes_of(customer_ids: pd.Series, liked: Liked | Refusal) -> pd.DataFrame:
    """Profile and likeliest next product of each customer.

    Parameters
    ----------
    customer_ids : pandas.Series
        Customers wanted; those without a line are left out.
    liked : Liked or Refusal
        What order lines tell, where they are supplied.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, the columns of `profiles`, ``next_product``, ``next_probability``; empty without lines.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a"], "order_id": ["1", "2"], "product_id": "x", "quantity": 1.0,
    ...                       "unit_price": [3.0, 5.0]})
    >>> tastes_of(pd.Series(["a"]), Liked.of(lines))[["next_product", "next_probability"]].to_numpy().tolist()
    [['x', 1.0]]
    """
    columns = ["favourite", "favourite_share", "bought", "price_level", "next_product", "next_probability"]
    if not liked:
        return pd.DataFrame(columns=["customer_id", *columns]).astype({"favourite_share": float})
    best, chance = _likeliest(liked.tastes, most=1)
    product = pd.array(liked.tastes.products.to_numpy(), dtype="string").take(best[:, 0])
    own = liked.own.assign(next_product=product, next_probability=chance[:, 0])
    return own[places(own.index, pd.Index(customer_ids)) >= 0].reset_index()[["customer_id", *columns]]


@may_refuse
def by_favourite(liked: Liked, *, min_cell: int = 1) -> pd.DataFrame:
    """Customers by the category that they like best, the most frequent first.

    Parameters
    ----------
    liked : Liked
        What order lines tell.
    min_cell : int
        Categories of fewer customers are left out.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``category``, ``customers``, ``favourite_share`` (mean chance that the next purchase is of it), ``price_level``
        (mean), ``next_product`` (name of the likeliest), ``probability`` (of it).

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "product_id": "x", "category": "tea",
    ...                       "quantity": 1.0, "unit_price": 3.0, "description": "Earl grey"})
    >>> by_favourite(Liked.of(lines))[["category", "customers", "next_product"]].to_numpy().tolist()
    [['tea', 2, 'Earl grey']]
    """
    groups = liked.own.groupby(liked.own["favourite"].astype(object))
    table = pd.DataFrame(
        {
            "customers": groups.size(),
            "favourite_share": groups["favourite_share"].mean(),
            "price_level": groups["price_level"].mean(),
        }
    )
    tastes = liked.tastes
    products = pd.Series(tastes.within, index=tastes.products).groupby(tastes.categories[tastes.category_of])
    table["next_product"] = named(products.idxmax().reindex(table.index), liked.names)
    table["probability"] = table["favourite_share"] * products.max().reindex(table.index)
    table = large_enough(table, "customers", min_cell).sort_values("customers", ascending=False, kind="stable")
    return table.rename_axis("category").reset_index()
