"""What each customer likes: categories and price level, the next product with its chance, and how old the record is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from regulars.finding import Finding
from regulars.intervals import Estimate, from_row, median_interval, share, z_value
from regulars.segments.products import descriptions, named

SUGGESTIONS = 5
OLD_DAYS = 365  # since a record was touched, from which it is old
UNKNOWN = "no category"
SAMPLE = 20_000  # customers by whom the weight of the own history is fitted


@dataclass(frozen=True)
class Tastes:
    """What `fit_tastes` found.

    Parameters
    ----------
    customers : pandas.Index
    categories, products : pandas.Index
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


def fit_tastes(lines: pd.DataFrame) -> Tastes:
    """How tastes vary over customers, from what each has bought.

    Parameters
    ----------
    lines : pandas.DataFrame
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
    """
    bought = lines[["customer_id", "order_id", "product_id"]].drop_duplicates()
    category = _category(lines)
    products = pd.Index(np.sort(category.index.to_numpy(dtype=object)))
    categories = pd.Index(np.sort(category.unique()))
    category_of = categories.get_indexer(category.reindex(products))
    code, customers = pd.factorize(bought["customer_id"], sort=True)
    item = products.get_indexer(bought["product_id"])
    counts = np.zeros((len(customers), len(categories)))
    np.add.at(counts, (code, category_of[item]), 1.0)
    sales = np.bincount(item, minlength=len(products)).astype(float)
    base = counts.sum(axis=0) / counts.sum()
    within = sales / np.bincount(category_of, sales, minlength=len(categories))[category_of]
    weight = _weight(counts, base)
    return Tastes(pd.Index(customers), categories, products, counts, base, weight, within, category_of)


def _category(lines: pd.DataFrame) -> pd.Series:
    """Category of each product: the most frequent, the first by alphabet where equally frequent."""
    if "category" not in lines:
        return pd.Series(UNKNOWN, index=lines["product_id"].astype(object).unique())
    pairs = lines[["product_id", "category"]].astype(object).fillna(UNKNOWN).value_counts().reset_index(name="lines")
    pairs = pairs.sort_values(["product_id", "lines", "category"], ascending=[True, False, True])
    return pairs.drop_duplicates("product_id").set_index("product_id")["category"]


def _weight(counts, base) -> float:
    counts = counts[np.linspace(0, len(counts) - 1, min(len(counts), SAMPLE)).astype(int)]
    n = counts.sum(axis=1)

    def loss(log_weight):
        k = np.exp(log_weight)
        each = (gammaln(counts + k * base) - gammaln(k * base)).sum()
        return -(each + (gammaln(k) - gammaln(n + k)).sum())

    if counts.shape[1] < 2 or not (n > 1).any():
        return float("inf")
    best = minimize_scalar(loss, bounds=(np.log(1e-2), np.log(1e5)), method="bounded")
    return float("inf") if best.x > np.log(9e4) else float(np.exp(best.x))


def next_products(tastes: Tastes, customers=None, most: int = SUGGESTIONS) -> pd.DataFrame:
    """The likeliest next products of each customer.

    Parameters
    ----------
    tastes : Tastes
    customers : sequence, optional
        Ids; all without it. Ids that are not known get what is popular.
    most : int
        Products per customer.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``rank`` (from 1), ``product_id``, ``probability`` that a piece bought next is this product.
    """
    ids = tastes.customers if customers is None else pd.Index(customers)
    place = tastes.customers.get_indexer(ids)
    chance = np.where((place >= 0)[:, None], tastes.shares()[np.maximum(place, 0)], tastes.base)
    # only the first few of each category can be among the first few of all
    candidates = []
    for k in range(len(tastes.categories)):
        own = np.flatnonzero(tastes.category_of == k)
        candidates.append(own[np.argsort(-tastes.within[own], kind="stable")][:most])
    candidates = np.sort(np.concatenate(candidates))
    score = chance[:, tastes.category_of[candidates]] * tastes.within[candidates]
    best = np.argsort(-score, axis=1, kind="stable")[:, :most]
    rows = np.repeat(np.arange(len(ids)), best.shape[1])
    return pd.DataFrame(
        {
            "customer_id": pd.Series(ids.to_numpy()[rows], dtype="string"),
            "rank": np.tile(np.arange(1, best.shape[1] + 1), len(ids)),
            "product_id": pd.Series(tastes.products[candidates[best.ravel()]].to_numpy(), dtype="string"),
            "probability": np.take_along_axis(score, best, axis=1).ravel(),
        }
    )


def hit_rates(lines: pd.DataFrame, observation_end, days: int, most: int = SUGGESTIONS, level: float = 0.9) -> dict:
    """How often the suggestions held on orders kept back, against suggesting what is popular.

    Parameters
    ----------
    lines : pandas.DataFrame
        customer_id, order_id, ordered_at, product_id [, category].
    observation_end : date
    days : int
        Kept back: the last so many.
    most : int
        Products suggested.
    level : float

    Returns
    -------
    dict of Estimate
        ``own``, ``popular``: share of the customers whose first order kept back holds one of the suggestions;
        ``gain``: their difference, paired by customer; empty where nobody known before ordered again.

    References
    ----------
    Agresti, A. and Min, Y. (2005), Statistics in Medicine 24, 729-740 (interval of a paired difference of shares).
    """
    cutoff = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1 - days)
    before, after = lines[lines["ordered_at"] < cutoff], lines[lines["ordered_at"] >= cutoff]
    after = after[after["customer_id"].isin(before["customer_id"])]
    if before.empty or after.empty:
        return {}
    tastes = fit_tastes(before)
    first = after.sort_values(["ordered_at", "order_id"], kind="stable").drop_duplicates("customer_id")
    came = after.merge(first[["customer_id", "order_id"]], on=["customer_id", "order_id"])[
        ["customer_id", "product_id"]
    ]
    came = came.drop_duplicates().astype("string")
    ids = np.sort(first["customer_id"].to_numpy(dtype=object))
    own = next_products(tastes, ids, most)
    sales = tastes.base[tastes.category_of] * tastes.within
    popular = tastes.products[np.argsort(-sales, kind="stable")[:most]]
    hits = own.merge(came, on=["customer_id", "product_id"])["customer_id"].unique()
    naive = came.loc[came["product_id"].isin(popular), "customer_id"].unique()
    ours, theirs = (pd.Index(ids).isin(found) for found in (hits, naive))  # numpy compares texts one by one
    n, more, less = len(ids), int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    # Wald with half a pair added to each cell keeps its level for few pairs
    wide, up, down = n + 2, more + 0.5, less + 0.5
    middle = (up - down) / wide
    reach = z_value(level) * np.sqrt(up + down - (up - down) ** 2 / wide) / wide
    return {
        "own": share(int(ours.sum()), n, level),
        "popular": share(int(theirs.sum()), n, level),
        "gain": Estimate((more - less) / n, float(middle - reach), float(middle + reach), n),
    }


def profiles(lines: pd.DataFrame, tastes: Tastes) -> pd.DataFrame:
    """What each customer likes, in one row.

    Parameters
    ----------
    lines : pandas.DataFrame
        customer_id, product_id, quantity, unit_price [, category].
    tastes : Tastes
        Of the same lines.

    Returns
    -------
    pandas.DataFrame
        By customer_id: ``favourite`` (category with the greatest chance), ``favourite_share`` (that chance), ``bought``
        (products, each once per order), ``price_level`` (what is paid for a piece, in means of the category: 1 is
        usual; NaN where nothing is priced).
    """
    shares = tastes.shares()
    best = shares.argmax(axis=1)
    priced = lines[(lines["unit_price"] > 0) & (lines["quantity"] > 0)]
    key = priced["category"].astype(object).fillna(UNKNOWN) if "category" in priced else UNKNOWN
    usual = priced["unit_price"].groupby(key).transform("mean") if "category" in priced else priced["unit_price"].mean()
    level = (priced["unit_price"] / usual).groupby(priced["customer_id"]).mean()
    return pd.DataFrame(
        {
            "favourite": pd.Series(tastes.categories[best].to_numpy(), index=tastes.customers, dtype="string"),
            "favourite_share": shares[np.arange(len(best)), best],
            "bought": tastes.counts.sum(axis=1).astype(int),
            "price_level": level.reindex(tastes.customers).astype(float),
        }
    ).rename_axis("customer_id")


def tastes_of(customer_ids: pd.Series, lines: pd.DataFrame | None) -> pd.DataFrame:
    """Profile and likeliest next product of each customer.

    Parameters
    ----------
    customer_ids : pandas.Series
        Customers wanted; those without a line are left out.
    lines : pandas.DataFrame or None
        As for `profiles`.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, the columns of `profiles`, ``next_product``, ``next_probability``; empty without lines.
    """
    columns = ["favourite", "favourite_share", "bought", "price_level", "next_product", "next_probability"]
    if lines is None:
        return pd.DataFrame(columns=["customer_id", *columns]).astype({"favourite_share": float})
    tastes = fit_tastes(lines)
    own = profiles(lines, tastes)
    likeliest = next_products(tastes, most=1).set_index("customer_id")
    own["next_product"] = likeliest["product_id"].reindex(own.index)
    own["next_probability"] = likeliest["probability"].reindex(own.index)
    return own[own.index.isin(customer_ids)].reset_index()[["customer_id", *columns]]


def preferences_finding(lines: pd.DataFrame, observation_end, days: int, level=0.9, min_cell=1) -> Finding:
    """Tell what customers like and whether the next product can be told.

    Parameters
    ----------
    lines : pandas.DataFrame
        As for `hit_rates` and `profiles`.
    observation_end : date
    days : int
        Kept back for the check.
    level, min_cell
        Of the intervals; smallest group shown.

    Returns
    -------
    Finding
        Verdict ``better``, ``worse`` or ``alike`` (than popularity, paired), or ``unchecked``.
    """
    tastes = fit_tastes(lines)
    own = profiles(lines, tastes)
    groups = own.groupby(own["favourite"].astype(object))
    table = pd.DataFrame(
        {
            "customers": groups.size(),
            "favourite_share": groups["favourite_share"].mean(),
            "price_level": groups["price_level"].mean(),
        }
    )
    products = pd.Series(tastes.within, index=tastes.products).groupby(tastes.categories[tastes.category_of])
    table["next_product"] = products.idxmax().reindex(table.index)
    table["next_product"] = named(table["next_product"], descriptions(lines))
    table["probability"] = table["favourite_share"] * products.max().reindex(table.index)
    table = table[table["customers"] >= min_cell].sort_values("customers", ascending=False, kind="stable")
    frames = {"categories": table.rename_axis("category").reset_index()}
    facts = {"weight": min(tastes.weight, 1e5), "suggested": SUGGESTIONS}
    rates = hit_rates(lines, observation_end, days, level=level)
    if not rates:
        return Finding("unchecked", facts | {"days": days}, frames)
    gain = rates["gain"]
    verdict = "better" if gain.low > 0 else "worse" if gain.high < 0 else "alike"
    return Finding(verdict, facts | rates | {"days": days}, frames)


def record_age(people: pd.DataFrame, customer_ids: pd.Series, observation_end, level: float = 0.9) -> pd.DataFrame:
    """How complete the customer record is, field by field, and how old.

    Parameters
    ----------
    people : pandas.DataFrame
        Table customers: customer_id and its fields [, updated_at].
    customer_ids : pandas.Series
        Those who have ordered.
    observation_end : date
    level : float

    Returns
    -------
    pandas.DataFrame
        ``field``, ``filled`` with limits (share of those who ordered; Wilson), ``n``, ``age_days`` with limits (median
        days since the record with this field was touched: updated_at, else joined_at; NaN where neither is known),
        ``old`` with limits (share of those that was not touched for more than a year). The emptiest field first.
    """
    here = people.drop_duplicates("customer_id").set_index("customer_id").reindex(customer_ids.to_numpy())
    touched = pd.Series(pd.NaT, index=here.index, dtype="datetime64[us]")
    for name in ("updated_at", "joined_at"):
        if name in here:
            touched = touched.fillna(pd.to_datetime(here[name]))
    age = (pd.Timestamp(observation_end).normalize() - touched.dt.normalize()).dt.days
    rows = []
    for name in (column for column in people if column != "customer_id"):
        has = here[name].notna().to_numpy()
        part = share(int(has.sum()), len(here), level)
        ages = age[has].dropna().to_numpy(float)
        old = share(int((ages > OLD_DAYS).sum()), len(ages), level)
        rows.append((name, *_ends(part), len(here), *median_interval(ages, level), *_ends(old)))
    ends = [f"{of}{end}" for of in ("age_days", "old") for end in ("", "_low", "_high")]
    table = pd.DataFrame(rows, columns=["field", "filled", "filled_low", "filled_high", "n", *ends])
    return table.sort_values(["filled", "field"], kind="stable", ignore_index=True)


def _ends(of: Estimate) -> tuple[float, float, float]:
    return of.value, of.low, of.high


def record_finding(people: pd.DataFrame, customer_ids: pd.Series, observation_end, level: float = 0.9) -> Finding:
    """Tell which field of the customer record is emptiest; parameters as `record_age`.

    Returns
    -------
    Finding
        Verdict ``full`` (every field filled for every customer), ``gaps``, or ``empty`` (no field at all).
    """
    table = record_age(people, customer_ids, observation_end, level)
    if table.empty:
        return Finding("empty")
    worst, frames = table.iloc[0], {"fields": table}
    if table["age_days"].notna().any():
        frames["ages"] = table.sort_values(["age_days", "field"], ascending=[False, True], ignore_index=True)
    if worst["filled"] == 1:
        return Finding("full", {}, frames)
    return Finding("gaps", {"field": str(worst["field"]), "filled": from_row(worst, "filled")}, frames)
