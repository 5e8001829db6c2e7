"""What each customer likes: kinds of goods and price level."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.finding import NotSupplied, Refusal, may_refuse, refused
from regulars.segments.coded import Coded, counted, places
from regulars.segments.products import descriptions, named
from regulars.segments.suggesting import SUGGESTIONS, Recommender, dirichlet_weight, suggest
from regulars.statistics.cells import large_enough


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
    weight = dirichlet_weight(counts, base)
    return Tastes(lines.customers, lines.categories[used], lines.products, counts, base, weight, within, category_of)


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
        coded, bought = Coded.of(lines), lines["quantity"] > 0  # what came back says nothing of what is liked
        taken = coded if bought.all() else Coded.of(lines[bought])
        tastes = fit_tastes(taken)
        return cls(coded, tastes, profiles(taken, tastes), descriptions(lines))


def tastes_of(customer_ids: pd.Series, liked: Liked | Refusal, model: Recommender | Refusal) -> pd.DataFrame:
    """Profile and likeliest next products of each customer.

    Parameters
    ----------
    customer_ids : pandas.Series
        Customers wanted; those without a line are left out.
    liked : Liked or Refusal
        What order lines tell, where they are supplied.
    model : Recommender or Refusal
        Of `fit_recommender`, of the same lines.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, the columns of `profiles`, ``next_product``, ``next_probability``, and the next likeliest,
        ``next_product_2`` to ``next_product_5`` (missing where there are fewer products); empty without lines.

    Examples
    --------
    >>> from regulars.segments import fit_recommender
    >>> lines = pd.DataFrame({"customer_id": ["a", "a"], "order_id": ["1", "2"], "product_id": "x", "quantity": 1.0,
    ...                       "unit_price": [3.0, 5.0], "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    >>> table = tastes_of(pd.Series(["a"]), Liked.of(lines), fit_recommender(lines, "2026-06-30", days=90))
    >>> table[["next_product", "next_probability"]].to_numpy().tolist()
    [['x', 1.0]]
    """
    further = [f"next_product_{rank}" for rank in range(2, SUGGESTIONS + 1)]
    columns = ["favourite", "favourite_share", "bought", "price_level", "next_product", "next_probability", *further]
    if refused(liked) is not None or isinstance(model, Refusal):
        return pd.DataFrame(columns=["customer_id", *columns]).astype({"favourite_share": float})
    best, chance = suggest(model, liked.own.index)
    names = pd.array(model.products.to_numpy(), dtype="string")
    own = liked.own.assign(next_product=names.take(best[:, 0]), next_probability=chance[:, 0])
    for rank, name in enumerate(further, start=1):
        own[name] = names.take(best[:, rank]) if rank < best.shape[1] else pd.NA
    own = own.astype(dict.fromkeys(further, "string"))
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
