"""Customers × products: margin per cell with its sign, and what to do about each cell and each product."""

import numpy as np
import pandas as pd

from regulars.finding import may_refuse
from regulars.labels import ProductAction, Tier
from regulars.segments.coded import Coded, counted, places
from regulars.settings import ProductRules
from regulars.statistics.cells import large_enough

REST = "other products"
EVERYBODY = "all"  # the group of all customers, where no group is known
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
        From which share of revenue, or of buyers, something is to be done.

    Returns
    -------
    pandas.DataFrame
        The cells with ``buyers_share``, ``action`` (`regulars.labels.ProductAction`; unknown where no cost is known or
        more came back than was sold) and ``worth`` (margin, had the group `cross_sell_below` of the best group's share
        of buyers; NaN but for cross-selling).

    Examples
    --------
    >>> cells = pd.DataFrame({"group": ["vip", "small"], "item": "x", "customers": [8, 10], "revenue": [900.0, 90.0],
    ...                       "margin": [300.0, 30.0]})
    >>> told = with_actions(cells, pd.Series({"vip": 10, "small": 100}), ProductRules(0.002, 0.5, 0.002, 100, 0.05))
    >>> told["action"].tolist(), told["worth"].round(2).tolist()
    (['keep', 'cross_sell'], [nan, 90.0])
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
        group, item, revenue, margin, customers (of several items the most that one has), ordered so that items whose
        margin spreads alike over the groups stand together (average linkage on the shares of the groups). The sums are
        those of `cells`.

    Examples
    --------
    >>> cells = pd.DataFrame({"group": "vip", "item": list("abc"), "revenue": 9.0, "margin": [5.0, 2.0, -1.0],
    ...                       "customers": 7})
    >>> readable(cells, 2)[["item", "margin"]].to_numpy().tolist()
    [['a', 5.0], ['other products', 1.0]]
    """
    size = cells["margin"].fillna(0.0).abs().groupby(cells["item"]).sum()
    weight = size + 1e-9 * cells["revenue"].groupby(cells["item"]).sum().abs()
    kept = weight.sort_values(ascending=False, kind="stable").index
    kept = kept if len(kept) <= most else kept[: most - 1]
    item = cells["item"].where(cells["item"].isin(kept), REST)
    parts = cells.assign(item=item).groupby(["group", "item"], sort=False)
    small = parts[["revenue", "margin"]].sum(min_count=1)
    small["customers"] = parts["customers"].max()  # of several items at least so many
    small = small.reset_index()
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


@may_refuse
def product_margins(lines: pd.DataFrame | Coded, groups: pd.Series, rules: ProductRules) -> pd.DataFrame:
    """What each product brings with each group of customers, and what to do about it.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        As for `profit_cells`.
    groups : pandas.Series
        Group of each customer, by customer_id; where nobody's is known all are one group.
    rules : ProductRules
        As for `with_actions`.

    Returns
    -------
    pandas.DataFrame or Refusal
        Of `with_actions`: one row per group and product (``item``).

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a"], "product_id": ["x", "y"], "quantity": 1.0,
    ...                       "unit_price": 3.0, "unit_cost": [4.0, 1.0]})
    >>> table = product_margins(lines, pd.Series({"a": pd.NA}), ProductRules(0.002, 0.5, 0.002, 100, 0.05))
    >>> table[["group", "item", "margin", "action"]].to_numpy().tolist()
    [['all', 'x', -1.0, 'raise_price'], ['all', 'y', 2.0, 'keep']]
    """
    groups = _known(groups)
    return with_actions(profit_cells(lines, groups), groups.value_counts(), rules)


@may_refuse
def margin_map(margins: pd.DataFrame, lines: pd.DataFrame | Coded, groups: pd.Series, names: pd.Series) -> pd.DataFrame:
    """Margin by kind of product and step of the pyramid, small enough to read.

    Parameters
    ----------
    margins : pandas.DataFrame
        Of `product_margins`.
    lines : pandas.DataFrame or Coded
        The same lines: kinds are their categories where most of them have one, else the products.
    groups : pandas.Series
        Tier of each customer, by customer_id.
    names : pandas.Series
        Of `descriptions`.

    Returns
    -------
    pandas.DataFrame or Refusal
        Of `readable`, with ``tier`` in place of group, by item and from the top of the pyramid.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "b"], "product_id": ["x", "y"], "quantity": 1.0, "unit_price": 3.0,
    ...                       "unit_cost": 1.0, "category": "tea"})
    >>> tiers = pd.Series({"a": "small", "b": "vip"})
    >>> margins = product_margins(lines, tiers, ProductRules(0.002, 0.5, 0.002, 100, 0.05))
    >>> margin_map(margins, lines, tiers, descriptions(lines))[["tier", "item", "margin"]].to_numpy().tolist()
    [['vip', 'tea', 2.0], ['small', 'tea', 2.0]]
    """
    coded = Coded.of(lines)
    has_kinds = "category" in coded.lines and coded.lines["category"].notna().mean() > 0.5
    table = readable(profit_cells(coded, _known(groups), "category") if has_kinds else margins)
    table = table if has_kinds else table.assign(item=named(table["item"], names))
    table = table.assign(group=pd.Categorical(table["group"], [*Tier, EVERYBODY], ordered=True))
    place = {name: k for k, name in enumerate(dict.fromkeys(table["item"]))}
    table = table.sort_values(["item", "group"], key=lambda c: c.map(place) if c.name == "item" else c, kind="stable")
    return table.assign(group=table["group"].astype("string")).rename(columns={"group": "tier"}).reset_index(drop=True)


def _known(groups: pd.Series) -> pd.Series:
    """Groups of customers; one of everybody where nobody's is known."""
    return pd.Series(EVERYBODY, groups.index, dtype=object) if groups.isna().all() else groups


@may_refuse
def margin_by_product(margins: pd.DataFrame, rules: ProductRules, names: pd.Series) -> pd.DataFrame:
    """What each product brings with all customers, those that lose most first.

    Parameters
    ----------
    margins : pandas.DataFrame
        Of `product_margins`.
    rules : ProductRules
        From which share of revenue a product that loses money is kept, at another price.
    names : pandas.Series
        Of `descriptions`.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``product_id``, ``revenue``, ``margin``, ``uncosted``, ``buyers``, ``margin_share`` (of the revenue whose cost
        is known), ``action`` (keep, raise_price, drop; unknown as in `with_actions`), ``loses`` (bool), ``name``.

    Examples
    --------
    >>> margins = pd.DataFrame({"item": ["x", "y"], "revenue": [3.0, 3.0], "margin": [2.0, -1.0], "uncosted": 0.0,
    ...                         "customers": 1})
    >>> table = margin_by_product(margins, ProductRules(0.002, 0.5, 0.002, 100, 0.05), pd.Series({"y": "Yoyo"}))
    >>> table[["name", "margin", "action"]].to_numpy().tolist()
    [['Yoyo', -1.0, 'raise_price'], ['x', 2.0, 'keep']]
    """
    whole = margins.groupby("item")[["revenue", "margin", "uncosted"]].sum(min_count=1)
    whole["buyers"] = margins.groupby("item")["customers"].sum()
    whole["margin_share"] = whole["margin"] / (whole["revenue"] - whole["uncosted"]).where(lambda x: x != 0)
    loses = (whole["margin"] < 0) & (whole["revenue"] > 0)  # one that only came back is no loss-maker
    whole["action"] = np.select(
        [
            whole["margin"].isna() | (whole["revenue"] <= 0),
            loses & (whole["revenue"] < rules.drop_below_share * whole["revenue"].sum()),
            loses,
        ],
        [ProductAction.UNKNOWN.value, ProductAction.DROP.value, ProductAction.RAISE_PRICE.value],
        ProductAction.KEEP.value,
    )
    whole = whole.assign(loses=loses).rename_axis("product_id").reset_index()
    whole = whole.sort_values(["loses", "margin"], ascending=[False, True], kind="stable", ignore_index=True)
    return whole.assign(name=named(whole["product_id"], names))


@may_refuse
def offers(margins: pd.DataFrame, names: pd.Series, *, min_cell: int = 1) -> pd.DataFrame:
    """Products that earn money with a group and few of it buy: the largest gain first.

    Parameters
    ----------
    margins : pandas.DataFrame
        Of `product_margins`.
    names : pandas.Series
        Of `descriptions`.
    min_cell : int
        Fewer buyers are not told.

    Returns
    -------
    pandas.DataFrame or Refusal
        Rows of `margins` with ``tier`` and ``product_id`` in place of group and item, and ``name``.

    Examples
    --------
    >>> margins = pd.DataFrame({"group": "vip", "item": ["x", "y"], "customers": 9, "action": ["keep", "cross_sell"],
    ...                         "worth": [float("nan"), 7.0]})
    >>> offers(margins, pd.Series({"y": "Tea"}))[["tier", "name", "worth"]].to_numpy().tolist()
    [['vip', 'Tea', 7.0]]
    """
    table = large_enough(margins, "customers", min_cell)
    table = table.rename(columns={"group": "tier", "item": "product_id"})
    table = table.assign(name=named(table["product_id"], names))
    table = table[table["action"] == ProductAction.CROSS_SELL.value]
    return table.sort_values("worth", ascending=False, kind="stable", ignore_index=True)


def named(products: pd.Series, names: pd.Series) -> pd.Series:
    """Names of products; one that has none keeps its id.

    Parameters
    ----------
    products : pandas.Series
        Ids.
    names : pandas.Series
        Of `descriptions`.

    Returns
    -------
    pandas.Series
        On the index of `products`.

    Examples
    --------
    >>> named(pd.Series(["1", "2"]), pd.Series({"1": "Tea"})).tolist()
    ['Tea', '2']
    """
    return products.astype(object).map(lambda product: names.get(product, product))


def descriptions(lines: pd.DataFrame) -> pd.Series:
    """Name of each product: its most frequent description, the first by alphabet where equally frequent.

    Products that share a name have their id behind it: "who takes burritos takes burritos" says nothing.

    Parameters
    ----------
    lines : pandas.DataFrame
        product_id [, description].

    Returns
    -------
    pandas.Series
        Text, by product_id; of those that have a description.

    Examples
    --------
    >>> lines = pd.DataFrame({"product_id": ["1", "2", "3"], "description": ["TEA", "tea ", "milk"]})
    >>> descriptions(lines).to_dict()
    {'1': 'Tea (1)', '2': 'Tea (2)', '3': 'Milk'}
    """
    if "description" not in lines:
        return pd.Series(dtype=object)
    known = lines[["product_id", "description"]].dropna().astype(object)
    counts = known.value_counts().reset_index(name="lines")
    counts = counts.sort_values(["product_id", "lines", "description"], ascending=[True, False, True])
    names = counts.drop_duplicates("product_id").set_index("product_id")["description"].str.strip().str.capitalize()
    ids = pd.Series(names.index.astype(object), index=names.index)
    return names.mask(names.duplicated(keep=False), names + " (" + ids + ")")
