"""Customers × products: margin per cell with its sign, and what to do about each cell and each product."""

import numpy as np
import pandas as pd
from scipy.stats import binom, false_discovery_control

from regulars.finding import may_refuse
from regulars.labels import ProductAction, Tier
from regulars.segments.coded import Coded, counted, places
from regulars.settings import ProductRules
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, z_value

REST = "other products"
EVERYBODY = "all"  # the group of all customers, where no group is known
PARTS = 10_000  # money is counted in whole ten-thousandths, so that cells add up to the ledger
ITEMS_SHOWN = 12
YEAR_DAYS = 365


def money_parts(lines: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Money of each line in whole ten-thousandths, so that no sum hangs on the order of the lines.

    Parameters
    ----------
    lines : pandas.DataFrame
        quantity, unit_price [, unit_cost (missing: unknown)].

    Returns
    -------
    revenue, margin, costed : numpy.ndarray
        Margin and costed revenue are 0 where the cost is not known.
    known : numpy.ndarray of bool
        Whether it is.

    Examples
    --------
    >>> lines = pd.DataFrame({"quantity": [2.0, 1.0], "unit_price": 3.0, "unit_cost": [4.0, None]})
    >>> [part.tolist() for part in money_parts(lines)]
    [[60000.0, 30000.0], [-20000.0, 0.0], [60000.0, 0.0], [True, False]]
    """
    cost = lines["unit_cost"] if "unit_cost" in lines else pd.Series(np.nan, index=lines.index)
    revenue = np.rint((lines["quantity"] * lines["unit_price"]).to_numpy(float) * PARTS)
    spent = np.rint((lines["quantity"] * cost).to_numpy(float) * PARTS)
    known = ~np.isnan(spent)
    return revenue, np.where(known, revenue - spent, 0), np.where(known, revenue, 0), known


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
    parts = money_parts(lines)
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


def expected_buyers(lines: pd.DataFrame | Coded, groups: pd.Series) -> pd.DataFrame:
    """Part of each item's buyers in each group, if its customers took what all take, at their own number of lines.

    Who buys often buys more of everything, so that shares of buyers are no yardstick between groups. A customer of n
    lines takes an item of share s among all lines with the chance 1 − (1 − s)ⁿ; these chances part the buyers that the
    item has among the groups.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, product_id, quantity; credits count for nothing.
    groups : pandas.Series
        Group of each customer, by customer_id.

    Returns
    -------
    pandas.DataFrame
        Items by groups: the part of an item's buyers that each group should have; rows sum to 1.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": list("aab"), "product_id": list("xyx"), "quantity": 1.0})
    >>> expected_buyers(lines, pd.Series({"a": "vip", "b": "small"})).loc["y"].round(2).to_dict()
    {'small': 0.38, 'vip': 0.62}
    """
    coded = Coded.of(lines)
    sold = (coded.lines["quantity"] > 0).to_numpy()
    many = np.bincount(coded.customer[sold], minlength=len(coded.customers))
    of = np.bincount(coded.product[sold], minlength=len(coded.products)) / max(sold.sum(), 1)
    with np.errstate(divide="ignore"):
        rest = np.log1p(-of)[:, None]
    group = groups.astype("string").reindex(coded.customers).fillna("").to_numpy(object)  # "": of a group nobody knows
    takes = {}
    for name in sorted({one for one in group if one}):
        counts = np.bincount(many[group == name])
        kinds = np.flatnonzero(counts[1:]) + 1
        takes[name] = (counts[kinds] * -np.expm1(kinds * rest)).sum(axis=1)
    table = pd.DataFrame(takes, index=coded.products.astype(object))
    return table.div(table.sum(axis="columns").replace(0, np.nan), axis="index")


def with_actions(cells: pd.DataFrame, parts: pd.DataFrame, customers: int, rules: ProductRules) -> pd.DataFrame:
    """What to do about each cell.

    Drop or raise the price where the cell loses money (by the share of the customers who buy the item); cross-sell
    where it earns and the group has fewer buyers than `cross_sell_below` of those to be expected, by more than chance
    (binomial, false discovery rate over all cells); keep otherwise.

    Parameters
    ----------
    cells : pandas.DataFrame
        Of `profit_cells`.
    parts : pandas.DataFrame
        Of `expected_buyers`.
    customers : int
        All there are.
    rules : ProductRules
        From which share of buyers something is to be done, and how many cells told may be chance.

    Returns
    -------
    pandas.DataFrame
        The cells with ``expected`` (buyers), ``few`` (whether too few buy the item to keep it at another price),
        ``action`` (`regulars.labels.ProductAction`; unknown where no cost is known or more came back than was sold) and
        ``worth`` (margin over the time observed, had the group as many buyers as expected, each like its own; NaN but
        for cross-selling).

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995), J. Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> cells = pd.DataFrame({"group": ["vip", "small"], "item": "x", "customers": [40, 20], "revenue": [900.0, 90.0],
    ...                       "margin": [300.0, 30.0]})
    >>> parts = pd.DataFrame({"vip": [0.25], "small": [0.75]}, index=["x"])
    >>> told = with_actions(cells, parts, 200, ProductRules(0.01, 0.8, 0.002, 100, 0.05))
    >>> told["action"].tolist(), told["worth"].round(2).tolist()
    (['keep', 'cross_sell'], [nan, 37.5])
    """
    all_buyers = cells["customers"].groupby(cells["item"]).transform("sum")
    part = parts.stack().reindex(pd.MultiIndex.from_frame(cells[["item", "group"]])).to_numpy(float)
    expected = pd.Series(all_buyers * part, index=cells.index)
    chance = np.nan_to_num(binom.cdf(cells["customers"], all_buyers, part), nan=1.0)
    few = all_buyers < rules.drop_below_share * customers
    fewer = false_discovery_control(chance) < rules.false_discovery_rate if len(cells) else np.zeros(0, bool)
    action = np.select(
        [
            cells["margin"].isna() | (cells["revenue"] <= 0),
            (cells["margin"] < 0) & few,
            cells["margin"] < 0,
            fewer & (cells["customers"] < rules.cross_sell_below * expected),
        ],
        [ProductAction.UNKNOWN.value, ProductAction.DROP.value, ProductAction.RAISE_PRICE.value,
         ProductAction.CROSS_SELL.value],
        ProductAction.KEEP.value,
    )  # fmt: skip
    worth = (expected - cells["customers"]) * cells["margin"] / cells["customers"]
    worth = worth.where(action == ProductAction.CROSS_SELL.value)
    actions = pd.Series(action, index=cells.index, dtype="string")
    return cells.assign(expected=expected, few=few, action=actions, worth=worth)


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
    >>> table = product_margins(lines, pd.Series({"a": pd.NA}), ProductRules(0.01, 0.8, 0.002, 100, 0.05))
    >>> table[["group", "item", "margin", "action"]].to_numpy().tolist()
    [['all', 'x', -1.0, 'raise_price'], ['all', 'y', 2.0, 'keep']]
    """
    groups, coded = _known(groups), Coded.of(lines)
    cells = profit_cells(coded, groups)
    return with_actions(cells, expected_buyers(coded, groups), len(coded.customers), rules)


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
    >>> margins = product_margins(lines, tiers, ProductRules(0.01, 0.8, 0.002, 100, 0.05))
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
def per_piece(lines: pd.DataFrame | Coded) -> pd.DataFrame:
    """What a piece of each product has brought on average, and from which price on it loses nothing.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        product_id, quantity, unit_price [, unit_cost].

    Returns
    -------
    pandas.DataFrame or Refusal
        By product: ``price``, ``break_even`` (currency), of the pieces sold whose cost is known.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": "a", "product_id": "x", "quantity": [1.0, 3.0], "unit_price": [4.0, 2.0],
    ...                       "unit_cost": 3.0})
    >>> per_piece(lines).loc["x"].to_dict()
    {'price': 2.5, 'break_even': 3.0}
    """
    coded = Coded.of(lines)
    table = coded.lines
    cost = table["unit_cost"].to_numpy(float) if "unit_cost" in table else np.full(len(table), np.nan)
    many, price = (table[name].to_numpy(float) for name in ("quantity", "unit_price"))
    known, wide = (many > 0) & ~np.isnan(cost), len(coded.products)
    pieces, paid, spent = (
        np.bincount(coded.product[known], (many * of)[known], wide) for of in (np.ones(len(many)), price, cost)
    )
    pieces = np.where(pieces > 0, pieces, np.nan)
    return pd.DataFrame({"price": paid / pieces, "break_even": spent / pieces}, index=coded.products.astype(object))


@may_refuse
def loss_ahead(
    lines: pd.DataFrame | Coded, products: pd.DataFrame, observation_end, *, months: float, level: float
) -> Estimate:
    """What products below their cost will lose over the horizon, if it goes on as in the last year.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, ordered_at, product_id, quantity, unit_price, unit_cost.
    products : pandas.DataFrame
        ``product_id``, ``loses``: of `margin_by_product`.
    observation_end : date
        Last day of the data.
    months : float
        Horizon.
    level : float
        Of the interval, that of a sum over customers.

    Returns
    -------
    Estimate or Refusal
        Currency, a loss above zero; n counts those who bought one of them in the year.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": list("ab"), "product_id": "x", "quantity": 1.0, "unit_price": 2.0,
    ...                       "unit_cost": 5.0, "ordered_at": pd.to_datetime(["2026-05-01", "2020-05-01"])})
    >>> losing = pd.DataFrame({"product_id": ["x"], "loses": True})
    >>> loss_ahead(lines, losing, "2026-06-30", months=12, level=0.9).value
    3.0
    """
    coded = Coded.of(lines)
    table = coded.lines
    is_losing = np.isin(coded.products.astype(object), products.loc[products["loses"], "product_id"].to_numpy(object))
    end = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    recent = ((table["ordered_at"] >= end - pd.Timedelta(days=YEAR_DAYS)) & (table["ordered_at"] < end)).to_numpy()
    chosen = is_losing[coded.product] & recent
    if not chosen.any() or "unit_cost" not in table:
        return Estimate(0.0, 0.0, 0.0, 0)
    of = table[chosen]
    loss = (of["quantity"].astype(float) * (of["unit_cost"].astype(float) - of["unit_price"].astype(float))).fillna(0.0)
    each = loss.groupby(coded.customer[chosen]).sum().to_numpy() * months / 12
    reach = z_value(level) * np.sqrt((each**2).sum())
    total = float(each.sum())
    return Estimate(total, float(total - reach), float(total + reach), len(each))


@may_refuse
def margin_by_product(margins: pd.DataFrame, names: pd.Series, pieces: pd.DataFrame) -> pd.DataFrame:
    """What each product brings with all customers, those that lose most first.

    Parameters
    ----------
    margins : pandas.DataFrame
        Of `product_margins`.
    names : pandas.Series
        Of `descriptions`.
    pieces : pandas.DataFrame
        Of `per_piece`.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``product_id``, ``revenue``, ``margin``, ``uncosted``, ``buyers``, ``margin_share`` (of the revenue whose cost
        is known), ``action`` (keep, raise_price, drop; unknown as in `with_actions`, or where margin is above revenue),
        ``loses`` (bool), ``name``, ``price``, ``break_even`` (of a piece).

    Examples
    --------
    >>> margins = pd.DataFrame({"item": ["x", "y"], "revenue": [3.0, 3.0], "margin": [2.0, -1.0], "uncosted": 0.0,
    ...                         "customers": 1, "few": False})
    >>> pieces = pd.DataFrame({"price": [3.0, 3.0], "break_even": [1.0, 4.0]}, index=["x", "y"])
    >>> table = margin_by_product(margins, pd.Series({"y": "Yoyo"}), pieces)
    >>> table[["name", "margin", "action"]].to_numpy().tolist()
    [['Yoyo', -1.0, 'raise_price'], ['x', 2.0, 'keep']]
    """
    whole = margins.groupby("item")[["revenue", "margin", "uncosted"]].sum(min_count=1)
    whole["buyers"] = margins.groupby("item")["customers"].sum()
    few = margins.groupby("item")["few"].any()
    loses = (whole["margin"] < 0) & (whole["revenue"] > 0)  # one that only came back is no loss-maker
    costed = whole["revenue"] - whole["uncosted"]
    whole["margin_share"] = whole["margin"] / costed.where(costed > 0)
    whole["action"] = np.select(
        [
            # credits that give back more cost than money leave more margin than revenue
            whole["margin"].isna() | (whole["revenue"] <= 0) | (whole["margin"] > costed),
            loses & few,
            loses,
        ],
        [ProductAction.UNKNOWN.value, ProductAction.DROP.value, ProductAction.RAISE_PRICE.value],
        ProductAction.KEEP.value,
    )
    whole = whole.assign(loses=loses).join(pieces).rename_axis("product_id").reset_index()
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
