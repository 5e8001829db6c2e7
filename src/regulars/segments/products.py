"""Customers × products: margin per cell with its sign, what to do about each cell, and what is bought together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from regulars.finding import Finding
from regulars.labels import ProductAction
from regulars.segments.coded import Coded, counted, places
from regulars.settings import ProductRules
from regulars.statistics.intervals import Estimate, z_value

REST = "other products"
PARTS = 10_000  # money is counted in whole ten-thousandths, so that cells add up to the ledger
ITEMS_SHOWN = 12


def profit_cells(lines: pd.DataFrame | Coded, groups: pd.Series, item: str = "product_id") -> pd.DataFrame:
    """Revenue and margin of each item with each group of customers.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, quantity, unit_price, the column `item` [, unit_cost (missing: unknown)].
    groups : pandas.Series
        Group of each customer, by customer_id.
    item : str
        ``product_id`` or ``category``.

    Returns
    -------
    pandas.DataFrame
        One row per pair: ``group``, ``item``, ``customers`` (buyers), ``revenue``, ``margin`` (of the lines whose cost
        is known; NaN where none is), ``uncosted`` (revenue without a cost). The revenues sum to that of all lines, to
        the cent.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a"], "product_id": ["x", "y"], "quantity": [2.0, 1.0],
    ...                       "unit_price": [3.0, 5.0], "unit_cost": [4.0, 1.0]})
    >>> profit_cells(lines, pd.Series({"a": "vip"}))[["item", "revenue", "margin"]].values.tolist()
    [['x', 6.0, -2.0], ['y', 5.0, 4.0]]
    """
    coded = Coded.of(lines)
    lines, who = coded.lines, coded.customer
    what, items = {"product_id": (coded.product, coded.products), "category": (coded.category, coded.categories)}[item]
    label, names = pd.factorize(groups.astype("string"))
    at = places(coded.customers, groups.index)
    group_of = np.where(at >= 0, label[at], -1)
    # whole numbers are summed, so that no cell hangs on the order of the lines
    cost = lines["unit_cost"] if "unit_cost" in lines else pd.Series(np.nan, index=lines.index)
    revenue = np.rint((lines["quantity"] * lines["unit_price"]).to_numpy(float) * PARTS)
    spent = np.rint((lines["quantity"] * cost).to_numpy(float) * PARTS)
    known = ~np.isnan(spent)
    parts = revenue, np.where(known, revenue - spent, 0), np.where(known, revenue, 0), known
    wide = len(items)
    cell = (group_of[who] + 1) * wide + what
    order = np.argsort(cell)
    cell = cell[order]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    revenue, margin, costed, known = (np.add.reduceat(each.astype(np.int64)[order], starts) for each in parts)
    # a customer is of one group, and a buyer of an item however often it is bought
    bought, _ = counted(who * wide + what)
    buyers = np.bincount((group_of[bought // wide] + 1) * wide + bought % wide, minlength=int(cell[-1]) + 1)
    cells = pd.DataFrame(
        {
            "group": names.take(cell[starts] // wide - 1, allow_fill=True),
            "item": pd.array(items.to_numpy(object), dtype="string").take(cell[starts] % wide),
            "customers": buyers[cell[starts]],
            "revenue": revenue / PARTS,
            "margin": np.where(known > 0, margin / PARTS, np.nan),
            "uncosted": (revenue - costed) / PARTS,
        }
    )
    return cells.sort_values(["group", "item"], ignore_index=True)


def with_actions(cells: pd.DataFrame, sizes: pd.Series, rules: ProductRules) -> pd.DataFrame:
    """What to do about each cell.

    Drop or raise the price where the cell loses money (by the item's share of all revenue); cross-sell where it earns
    and the group has fewer buyers of the item than `cross_sell_below` of the best group's share; keep otherwise.

    Parameters
    ----------
    cells : pandas.DataFrame
        Of `profit_cells`.
    sizes : pandas.Series
        Customers of each group.
    rules : ProductRules

    Returns
    -------
    pandas.DataFrame
        The cells with ``buyers_share``, ``action`` (`regulars.labels.ProductAction`; unknown where no cost is known or
        more came back than was sold) and ``worth`` (margin, had the group `cross_sell_below` of the best group's share
        of buyers; NaN but for cross-selling).
    """
    size = cells["group"].map(sizes).astype(float)
    share = cells["customers"] / size
    best = share.groupby(cells["item"]).transform("max")
    part = cells["revenue"].groupby(cells["item"]).transform("sum") / cells["revenue"].sum()
    action = np.select(
        [
            cells["margin"].isna() | (cells["revenue"] <= 0),
            (cells["margin"] < 0) & (part < rules.drop_below_share),
            cells["margin"] < 0,
            share < rules.cross_sell_below * best,
        ],
        [ProductAction.UNKNOWN.value, ProductAction.DROP.value, ProductAction.RAISE_PRICE.value,
         ProductAction.CROSS_SELL.value],
        ProductAction.KEEP.value,
    )  # fmt: skip
    missing = (rules.cross_sell_below * best - share).clip(lower=0) * size
    worth = (missing * cells["margin"] / cells["customers"]).where(action == ProductAction.CROSS_SELL.value)
    actions = pd.Series(action, index=cells.index, dtype="string")
    return cells.assign(buyers_share=share, action=actions, worth=worth)


def readable(cells: pd.DataFrame, most: int = ITEMS_SHOWN) -> pd.DataFrame:
    """Matrix small enough to read: the items with the largest margins, either sign, the others as one; alike together.

    Parameters
    ----------
    cells : pandas.DataFrame
        Of `profit_cells`.
    most : int
        Items shown at most, the rest included.

    Returns
    -------
    pandas.DataFrame
        group, item, revenue, margin, ordered so that items whose margin spreads alike over the groups stand together
        (average linkage on the shares of the groups). The sums are those of `cells`.
    """
    size = cells["margin"].fillna(0.0).abs().groupby(cells["item"]).sum()
    weight = size + 1e-9 * cells["revenue"].groupby(cells["item"]).sum().abs()
    kept = weight.sort_values(ascending=False, kind="stable").index
    kept = kept if len(kept) <= most else kept[: most - 1]
    item = cells["item"].where(cells["item"].isin(kept), REST)
    small = cells.assign(item=item).groupby(["group", "item"], sort=False)
    small = small[["revenue", "margin"]].sum(min_count=1).reset_index()
    wide = small.pivot(index="item", columns="group", values="margin").fillna(0.0)
    rows = [name for name in wide.index if name != REST]
    if len(rows) > 2:
        from scipy.cluster.hierarchy import leaves_list, linkage
        from scipy.spatial.distance import pdist

        profile = wide.loc[rows]
        scaled = profile.div(profile.abs().sum(axis=1).replace(0, 1), axis=0)
        rows = [rows[k] for k in leaves_list(linkage(pdist(scaled), "average", optimal_ordering=True))]
    place = {name: k for k, name in enumerate([*rows, REST])}
    return small.sort_values("item", key=lambda names: names.map(place), kind="stable", ignore_index=True)


def products_finding(
    lines: pd.DataFrame | Coded, groups: pd.Series, order: Sequence[str], rules: ProductRules, min_cell: int = 1
) -> Finding:
    """Tell with which products and customers margin is made and lost.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        As for `profit_cells`, with ``category`` and ``description`` where known.
    groups : pandas.Series
        Tier of each customer, by customer_id.
    order : sequence of str
        Groups in the order shown.
    rules : ProductRules
    min_cell : int
        Cells with fewer buyers are not shown.

    Returns
    -------
    Finding
        Verdict ``losses`` (some product loses money), ``no_losses`` or ``no_costs``; ``no_steps``, product by product,
        where no customer stands on a step.
    """
    untold = groups.isna().all()
    groups = groups.astype(object).where(groups.notna(), "all") if untold else groups
    sizes = groups.value_counts()
    coded = Coded.of(lines)
    lines = coded.lines
    cells = with_actions(profit_cells(coded, groups), sizes, rules)
    whole = cells.groupby("item")[["revenue", "margin", "uncosted"]].sum(min_count=1)
    whole["buyers"] = cells.groupby("item")["customers"].sum()
    total = whole["revenue"].sum()
    whole["margin_share"] = whole["margin"] / (whole["revenue"] - whole["uncosted"]).where(lambda x: x != 0)
    loses = (whole["margin"] < 0) & (whole["revenue"] > 0)  # a product that only came back is no loss-maker
    whole["action"] = np.select(
        [
            whole["margin"].isna() | (whole["revenue"] <= 0),
            loses & (whole["revenue"] < rules.drop_below_share * total),
            loses,
        ],
        [ProductAction.UNKNOWN.value, ProductAction.DROP.value, ProductAction.RAISE_PRICE.value],
        ProductAction.KEEP.value,
    )
    whole = whole.rename_axis("product_id").reset_index()
    whole["loses"] = loses.to_numpy()
    whole = whole.sort_values(["loses", "margin"], ascending=[False, True], kind="stable", ignore_index=True)
    names = descriptions(lines)
    whole["name"] = named(whole["product_id"], names)
    if untold:
        frames = {"worst": whole} if whole["margin"].notna().any() else {}
        return Finding("no_steps", {"products": len(whole), "revenue": float(total)}, frames)
    by_category = "category" in lines and lines["category"].notna().mean() > 0.5
    kind = "category" if by_category else "product_id"
    coarse = with_actions(profit_cells(coded, groups, kind), sizes, rules) if by_category else cells
    shown = readable(coarse)
    shown["item"] = named(shown["item"], names) if kind == "product_id" else shown["item"]
    shown["group"] = pd.Categorical(shown["group"], list(order), ordered=True)
    place = {name: k for k, name in enumerate(dict.fromkeys(shown["item"]))}
    shown = shown.sort_values(["item", "group"], key=lambda c: c.map(place) if c.name == "item" else c, kind="stable")
    shown = shown.assign(group=shown["group"].astype("string")).rename(columns={"group": "tier"}).reset_index(drop=True)
    value = "margin" if cells["margin"].notna().any() else "revenue"
    counts = cells["action"].value_counts()
    detailed = cells[cells["customers"] >= min_cell].rename(columns={"group": "tier", "item": "product_id"})
    detailed = detailed.assign(name=named(detailed["product_id"], names))
    offers = detailed[detailed["action"] == ProductAction.CROSS_SELL.value]
    offers = offers.sort_values("worth", ascending=False, kind="stable", ignore_index=True)
    facts = {"products": len(whole), "revenue": float(total), "uncosted": float(whole["uncosted"].sum() / total)}
    if value == "revenue":
        top = {"top": float(whole["revenue"].max() / total)}
        facts.pop("uncosted")
        return Finding("no_costs", facts | top, {"revenue": shown})
    frames = {"map": shown, "worst": whole, "offers": offers}
    facts |= {
        "margin": float(whole["margin"].sum()),
        "losing": int(loses.sum()),
        "lost": float(-whole.loc[whole["loses"], "margin"].sum()),
        "cross_sell": int(counts.get(ProductAction.CROSS_SELL.value, 0)),
    }
    if loses.any():
        return Finding("losses", facts | {"worst": str(whole["name"].iloc[0])}, frames)
    return Finding("no_losses", {k: v for k, v in facts.items() if k not in ("losing", "lost")}, frames)


def named(products: pd.Series, names: pd.Series) -> pd.Series:
    """Names of products; who has none keeps its id."""
    return products.astype(object).map(lambda product: names.get(product, product))


def descriptions(lines: pd.DataFrame) -> pd.Series:
    """Name of each product: its most frequent description, the first by alphabet where equally frequent.

    Products that share a name have their id behind it: "who takes burritos takes burritos" says nothing.
    """
    if "description" not in lines:
        return pd.Series(dtype=object)
    known = lines[["product_id", "description"]].dropna().astype(object)
    counts = known.value_counts().reset_index(name="lines")
    counts = counts.sort_values(["product_id", "lines", "description"], ascending=[True, False, True])
    names = counts.drop_duplicates("product_id").set_index("product_id")["description"].str.strip().str.capitalize()
    ids = pd.Series(names.index.astype(object), index=names.index)
    return names.mask(names.duplicated(keep=False), names + " (" + ids + ")")


# ---- baskets ----


def one_basket_each(lines: pd.DataFrame | Coded, most: int, seed: int = 0) -> pd.DataFrame:
    """One order of each customer, drawn at random: what the same customer repeats cannot look like a rule.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, order_id, product_id.
    most : int
        Customers at most.
    seed : int

    Returns
    -------
    pandas.DataFrame
        ``basket`` (number), ``product_id``, each pair once.
    """
    rng = np.random.default_rng(seed)
    coded = Coded.of(lines)
    lines, code, customers = coded.lines, coded.customer, coded.customers
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


def basket_rules(baskets: pd.DataFrame, rules: ProductRules, level: float = 0.9, longest: int = 3) -> pd.DataFrame:
    """Which products make another one likelier in the same basket.

    Parameters
    ----------
    baskets : pandas.DataFrame
        basket, product_id; baskets independent of each other, as `one_basket_each` gives them.
    rules : ProductRules
        `min_support`, `false_discovery_rate`.
    level : float
        Of the interval of the lift.
    longest : int
        Products in a rule at most.

    Returns
    -------
    pandas.DataFrame
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
    """
    from scipy.sparse import csr_matrix
    from scipy.stats import false_discovery_control, hypergeom

    columns = ["when", "then", "n", "together", "share", "usual", "lift", "lift_low", "lift_high", "p_value", "q_value"]
    n = int(baskets["basket"].nunique())
    counts = baskets["product_id"].value_counts()
    least = max(rules.min_support * n, 5)
    kept = counts.index[counts >= least].sort_values()
    if len(kept) < 2:
        return pd.DataFrame(columns=columns)
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
            "when": [" + ".join(str(kept[i]) for i in sorted(items)) for items in found["antecedents"]],
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


def baskets_finding(lines: pd.DataFrame | Coded, rules: ProductRules, level: float = 0.9, seed: int = 0) -> Finding:
    """Tell what is bought together more often than by chance.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, order_id, product_id [, description].
    rules : ProductRules
    level, seed
        Of the interval of the lift; of the draw of baskets.

    Returns
    -------
    Finding
        Verdict ``found`` or ``none``.
    """
    coded = Coded.of(lines)
    baskets = one_basket_each(coded, rules.baskets_max, seed)
    table = basket_rules(baskets, rules, level)
    n = int(baskets["basket"].nunique())
    facts = {"baskets": n, "rate": rules.false_discovery_rate}
    if table.empty:
        return Finding("none", facts)
    names = descriptions(coded.lines)
    top = table.iloc[0]

    def worded(text: str) -> str:
        return " + ".join(str(names.get(part, part)) for part in text.split(" + "))

    table = table.assign(when=table["when"].map(worded), then=table["then"].map(worded))
    lift = Estimate(float(top["lift"]), float(top["lift_low"]), float(top["lift_high"]), int(top["n"]))
    facts |= {"when": table["when"].iloc[0], "then": table["then"].iloc[0], "lift": lift, "rules": len(table)}
    facts |= {"share": float(top["share"]), "usual": float(top["usual"])}
    return Finding("found", facts, {"rules": table})
