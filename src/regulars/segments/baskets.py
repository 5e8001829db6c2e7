"""What is bought together: one basket of each customer, and the rules among them that are more than chance."""

import warnings

import numpy as np
import pandas as pd

from regulars.finding import may_refuse
from regulars.segments.coded import Coded
from regulars.settings import ProductRules
from regulars.statistics.intervals import z_value

TOGETHER = " + "  # between the products of a rule
LEAST = 5  # baskets that a combination is seen in


@may_refuse
def one_basket_each(lines: pd.DataFrame | Coded, most: int, *, of=None, seed: int = 0) -> pd.DataFrame:
    """One order of each customer, drawn at random: what the same customer repeats cannot look like a rule.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, order_id, product_id [, quantity: what comes back is no basket].
    most : int
        Customers at most.
    of : array_like of str, optional
        Ids of the customers that are told of: an order of goods given away, or taken back the same day, makes none.
    seed : int
        Of the draw of customers, and of an order of each.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``basket`` (number), ``product_id``, each pair once.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "order_id": ["1", "2", "3"], "product_id": "tea"})
    >>> one_basket_each(lines, 100).to_numpy().tolist()
    [[0, 'tea'], [1, 'tea']]
    """
    rng = np.random.default_rng(seed)
    coded = Coded.of(lines)
    lines, code, customers = coded.lines, coded.customer, coded.customers
    if "quantity" in lines:
        bought = (lines["quantity"] > 0).to_numpy()
        lines, code = lines[bought], code[bought]
    if of is not None:
        inside = customers.isin(of)[code]
        lines, code = lines[inside], code[inside]
    if len(customers) > most:  # of the others no order need be looked at
        chosen = np.zeros(len(customers), dtype=bool)
        chosen[rng.choice(len(customers), most, replace=False)] = True
        lines = lines[chosen[code]]
    orders = lines[["customer_id", "order_id"]].drop_duplicates().sort_values(["customer_id", "order_id"])
    orders = orders.assign(_draw=rng.random(len(orders))).sort_values(["customer_id", "_draw"], kind="stable")
    chosen = orders.drop_duplicates("customer_id")
    chosen = chosen.assign(basket=np.arange(len(chosen)))[["customer_id", "order_id", "basket"]]
    pairs = lines[["customer_id", "order_id", "product_id"]].merge(chosen, on=["customer_id", "order_id"])
    return pairs[["basket", "product_id"]].drop_duplicates().sort_values(["basket", "product_id"], ignore_index=True)


@may_refuse
def basket_rules(baskets: pd.DataFrame, rules: ProductRules, *, level: float = 0.9, longest: int = 3) -> pd.DataFrame:
    """Which products make another one likelier in the same basket.

    Parameters
    ----------
    baskets : pandas.DataFrame
        basket, product_id; baskets independent of each other, as `one_basket_each` gives them.
    rules : ProductRules
        Least share of baskets that holds a combination; share of the rules told that may be chance.
    level : float
        Of the interval of the lift.
    longest : int
        Products in a rule at most.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``when``, ``then`` (products; several joined by " + "), ``n`` (baskets), ``together`` (with both), ``share`` (of
        the baskets with `when`, those with `then`), ``usual`` (of all), ``lift`` with limits, ``p_value`` (Fisher,
        one-sided; of a longer rule also within the baskets of each shorter one, the larger), ``q_value``; those whose
        q-value stays within the false discovery rate, by lift.

    Notes
    -----
    Itemsets by FP-growth and rules by ``mlxtend``. The limits of the lift are those of its logarithm by the delta
    method: n · var = Σ p g² − 1 over the cells of the 2 × 2 table. Every rule tested counts for the false discovery
    rate.

    References
    ----------
    Han, J., Pei, J. and Yin, Y. (2000), SIGMOD Record 29, 1-12 (FP-growth).
    Benjamini, Y. and Hochberg, Y. (1995), J. Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> pairs = [(k, product) for k in range(100) for product in (("tea", "milk") if k < 40 else ("rice",))]
    >>> baskets = pd.DataFrame(pairs, columns=["basket", "product_id"])
    >>> table = basket_rules(baskets, ProductRules(0.01, 0.8, 0.002, 100, 0.05))
    >>> table[["when", "then", "share", "lift"]].to_numpy().tolist()
    [['milk', 'tea', 1.0, 2.5], ['tea', 'milk', 1.0, 2.5]]
    """
    from scipy.sparse import csr_matrix
    from scipy.stats import false_discovery_control, hypergeom

    columns = ["when", "then", "n", "together", "share", "usual", "lift", "lift_low", "lift_high", "p_value", "q_value"]
    n = int(baskets["basket"].nunique())
    counts = baskets["product_id"].value_counts()
    least = max(rules.min_support * n, LEAST)
    kept = counts.index[counts >= least].sort_values()
    if len(kept) < 2:
        return pd.DataFrame(columns=columns)
    with warnings.catch_warnings():  # its import would show every deprecation of every library from here on
        from mlxtend.frequent_patterns import association_rules, fpgrowth

    some = baskets[baskets["product_id"].isin(kept)]
    row, column = (
        pd.factorize(baskets["basket"])[0][baskets["product_id"].isin(kept)],
        kept.get_indexer(some["product_id"]),
    )
    held = csr_matrix((np.ones(len(some), dtype=bool), (row, column)), shape=(n, len(kept)))
    frame = pd.DataFrame.sparse.from_spmatrix(held, columns=list(range(len(kept))))
    sets = fpgrowth(frame, min_support=least / n, max_len=longest)
    if (sets["itemsets"].map(len) > 1).sum() == 0:
        return pd.DataFrame(columns=columns)
    with np.errstate(divide="ignore", invalid="ignore"):  # of measures that are not used, for what is in every basket
        found = association_rules(sets, metric="lift", min_threshold=0.0, num_itemsets=n)
    found = found[found["consequents"].map(len) == 1].reset_index(drop=True)
    a, b, both = (
        np.rint(found[name].to_numpy(float) * n).astype(int)
        for name in ("antecedent support", "consequent support", "support")
    )
    p = np.maximum(hypergeom.sf(both - 1, n, a, b), _beyond_shorter(sets, found, n))
    cells = np.stack([both, a - both, b - both, n - a - b + both]) / n
    pa, pb = a / n, b / n
    slopes = np.stack([1 / cells[0] - 1 / pa - 1 / pb, -1 / pa, -1 / pb, np.zeros(len(a))])
    spread = np.sqrt(np.maximum((cells * slopes**2).sum(axis=0) - 1, 0) / n) * z_value(level)
    lift = both * n / (a * b)
    result = pd.DataFrame(
        {
            "when": [TOGETHER.join(str(kept[i]) for i in sorted(items)) for items in found["antecedents"]],
            "then": [str(kept[next(iter(items))]) for items in found["consequents"]],
            "n": a, "together": both, "share": both / a, "usual": pb,
            "lift": lift, "lift_low": lift * np.exp(-spread), "lift_high": lift * np.exp(spread),
            "p_value": p, "q_value": false_discovery_control(p),
        }
    )  # fmt: skip
    result = result[(result["q_value"] <= rules.false_discovery_rate) & (result["lift_low"] > 1)]
    return result.sort_values(["lift", "when", "then"], ascending=[False, True, True], ignore_index=True)[columns]


def _beyond_shorter(sets: pd.DataFrame, found: pd.DataFrame, n: int) -> np.ndarray:
    """Fisher's p-value of each longer rule within the baskets of each shorter one, the largest; 0 for pairs."""
    from scipy.stats import hypergeom

    held = dict(zip(sets["itemsets"], np.rint(sets["support"].to_numpy(float) * n).astype(int), strict=True))
    place, both, whole, hits, size = [], [], [], [], []
    for k, (items, then) in enumerate(zip(found["antecedents"], found["consequents"], strict=True)):
        for item in items if len(items) > 1 else ():
            rest = items - {item}
            place.append(k)
            both.append(held[items | then])
            whole.append(held[rest])
            hits.append(held[rest | then])
            size.append(held[items])
    p = np.zeros(len(found))
    if place:
        np.maximum.at(p, place, hypergeom.sf(np.array(both) - 1, whole, hits, size))
    return p


@may_refuse
def with_names(rules: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Rules of baskets with the names of products in place of their ids.

    Parameters
    ----------
    rules : pandas.DataFrame
        Of `basket_rules`.
    names : pandas.Series
        Of `regulars.segments.products.descriptions`.

    Returns
    -------
    pandas.DataFrame
        The same rows.

    Examples
    --------
    >>> rules, names = pd.DataFrame({"when": ["1 + 2"], "then": ["3"]}), pd.Series({"1": "Tea", "3": "Rice"})
    >>> with_names(rules, names).to_numpy().tolist()
    [['Tea + 2', 'Rice']]
    """

    def worded(text: str) -> str:
        return TOGETHER.join(str(names.get(part, part)) for part in text.split(TOGETHER))

    return rules.assign(when=rules["when"].map(worded), then=rules["then"].map(worded))
