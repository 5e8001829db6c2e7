"""What a household uses up: how much it takes of it each time, and the lines of the export that say so."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders
from regulars.simulate.dirt import Export
from regulars.simulate.products import RANGE, Products
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream

CATEGORY = "pantry"
# code: name, pence per piece, unit cost in pence; their prices do not rise
CONSUMABLES = {"PA1001": ("TEALIGHT", 5, 2), "PA1002": ("TEA BAG", 4, 2), "PA1003": ("PAPER NAPKIN", 3, 1)}
BUNDLE = "MIXED {} BUNDLE"  # put together in the shop, at a price of its own: what is left of the line's money
BUNDLES = tuple(f"{code}2000" for code, _, _ in RANGE.values())
HOUSEHOLDS = {1: 0.30, 2: 0.35, 3: 0.15, 4: 0.14, 5: 0.06}  # persons: share of the customers
PER_HEAD = 0.45  # pieces a day of the middle household, by each of its persons
APART = 0.3  # standard deviation of the logarithm of that between households
FEWEST_DAYS = 2.0  # that a refill is to last
MOST_OF_LINE = 0.8  # of the money of the line in whose place it is bought


@dataclass(frozen=True)
class Refills:
    """Households, and how many pieces each order should hold of what the household uses up.

    Parameters
    ----------
    household : numpy.ndarray of int
        Persons, one entry per customer.
    consumable : numpy.ndarray of int
        Position in `CONSUMABLES` of what the household uses up; −1 for those that buy nothing of the kind here.
    per_day : numpy.ndarray of float
        Pieces that it uses up.
    pieces : numpy.ndarray of int
        One entry per order; 0 where there is nothing to take.
    """

    household: np.ndarray
    consumable: np.ndarray
    per_day: np.ndarray
    pieces: np.ndarray

    def truth(self) -> dict[str, np.ndarray]:
        """What only the simulation knows of each customer."""
        names = np.array(["", *CONSUMABLES], object)
        return {"consumable": names[self.consumable + 1], "pieces_per_day": self.per_day}


def draw_refills(retailer: Retailer, base: Base, everything: Orders, seed: int) -> Refills:
    """Draw households, and let each order of some of them hold what lasts until the next one.

    Order days are those of the shop, and stay: what is taken is the days until the next order × what a day uses up ×
    noise, which is the same world as one in which an empty jar brings the customer back. Who never comes back takes
    what would have lasted a wait of the same kind. Where the retailer has no such effect (``refill_effect`` false) the
    days are those of a wait that never was, so that the quantity tells nothing.

    Parameters
    ----------
    retailer : Retailer
    base : Base
    everything : Orders
        Orders beyond the observation among them.
    seed : int

    Returns
    -------
    Refills
        ``pieces`` in the order of `everything`.
    """
    rng, n = stream(seed, "refills"), base.rate.size
    household = rng.choice(list(HOUSEHOLDS), n, p=list(HOUSEHOLDS.values()))
    consumable = np.where(rng.random(n) < retailer.refill_share, rng.integers(0, len(CONSUMABLES), n), -1)
    per_day = PER_HEAD * household * np.exp(APART * rng.standard_normal(n))
    who, moment = everything.customer, everything.moment
    order = np.lexsort((moment, who))
    wait = np.full(who.size, np.inf)
    same = who[order[1:]] == who[order[:-1]]
    wait[order[:-1][same]] = np.diff(moment[order])[same]
    drawn = rng.standard_exponential(who.size) * 7 / np.maximum(base.rate[who], 1e-9)
    days = np.where(np.isfinite(wait) & retailer.refill_effect, wait, drawn)
    lasting = np.maximum(days, FEWEST_DAYS) * np.exp(retailer.refill_noise * rng.standard_normal(who.size))
    pieces = np.where(consumable[who] >= 0, np.minimum(np.maximum(np.round(per_day[who] * lasting), 1), 10_000), 0)
    return Refills(household, consumable, per_day, pieces.astype(int))


def with_refills(
    export: Export, sales: pd.DataFrame, refills: Refills, *, orders: Orders, products: Products, spoken_of
) -> tuple[Export, pd.DataFrame]:
    """The export in which a line of such an order is a refill, fewer pieces and a bundle, for the same money and cost.

    So no order, and nothing that is told of orders, changes. Taken is the line that leaves the least for the bundle,
    or, where none has room for the refill, the dearest for as much as it has room for; none that anything refers to:
    cancelled, copied, untidy, complained of, under warranty, sold below cost, or one of a planted pair.

    Parameters
    ----------
    export : Export
    sales : pandas.DataFrame
        Clean lines by key: ``document``, ``sale``, ``quantity``, ``price``, ``cost``, ``product``, ``category``.
    refills : Refills
        ``pieces`` of the orders observed.
    orders : Orders
        Observed; `sales` has their positions as ``document``.
    products : Products
    spoken_of : set of tuple
        Customers and products that cases or warranties name.

    Returns
    -------
    export : Export
        Bundles stand behind all else, so that rows keep their numbers.
    new : pandas.DataFrame
        Refills and bundles: ``customer``, ``product``, ``moment``; ``share``, of them among all lines of the customer.
    """
    times = np.bincount(export.sale[export.sale >= 0], minlength=len(sales))[: len(sales)]
    untidy = np.array(export.truth["untidy"]["row"], int) - 1
    row = np.full(len(sales), -1)
    is_sale = (export.kinds == "sale") & (export.sale >= 0) & (export.sale < len(sales))
    is_sale[untidy] = False
    row[export.sale[is_sale]] = np.flatnonzero(is_sale)
    paired = set(products.companion[products.companion >= 0]) | set(np.flatnonzero(products.companion >= 0))
    paired = set(products.code[sorted(paired)])
    price, cost = (np.round(sales[name].to_numpy(float) * 100).astype(int) for name in ("price", "cost"))
    quantity, document = sales["quantity"].to_numpy(int), sales["document"].to_numpy()
    kind, pieces = refills.consumable[orders.customer[document]], refills.pieces[document]
    prices, costs = (np.array([entry[place] for entry in CONSUMABLES.values()])[kind] for place in (1, 2))
    room = (MOST_OF_LINE * price * quantity // prices).astype(int)
    taken = np.minimum(pieces, room)
    left, cost_left = price * quantity - taken * prices, cost * quantity - taken * costs
    # a penny at least is left for the bundle, of cost and of margin, so that money and cost add up
    own = price - cost
    kept = np.minimum((cost_left - 1) // np.maximum(cost, 1), (left - cost_left - 1) // np.maximum(own, 1))
    kept = np.maximum(kept, 0)
    left, cost_left = left - kept * price, cost_left - kept * cost
    pairs = zip(sales["customer"], sales["product"], strict=True)
    fits = (taken > 0) & (row >= 0) & (times == 1) & (own > 0) & (left > cost_left) & (cost_left > 0)
    fits &= ~sales["product"].isin(paired).to_numpy() & np.array([pair not in spoken_of for pair in pairs], bool)
    chosen = pd.DataFrame({"document": document, "short": pieces > room, "left": left, "line": np.arange(len(sales))})
    chosen["first"] = np.where(chosen["short"], -room, left)
    chosen = chosen[fits].sort_values(["document", "short", "first", "line"]).drop_duplicates("document")
    line = chosen["line"].to_numpy()
    was = export.order_lines.iloc[row[line]]
    category = sales["category"].to_numpy()[line]
    named = list(CONSUMABLES.items())
    refill = was.assign(
        product=[named[number][0] for number in kind[line]],
        description=[named[number][1][0] for number in kind[line]],
        category=CATEGORY,
        qty=taken[line].astype(str),
        price=_pounds(prices[line]),
        cost=_pounds(costs[line]),
    )
    rest = was.assign(qty=kept[line].astype(str))[kept[line] > 0]
    bundle = was.assign(
        product=[BUNDLES[list(RANGE).index(name)] for name in category],
        description=[BUNDLE.format(name.upper()) for name in category],
        qty="1",
        price=_pounds(left[line]),
        cost=_pounds(cost_left[line]),
    )
    table = export.order_lines.astype(object)
    table.iloc[row[line]] = refill.to_numpy(object)
    bundles = pd.concat([rest, bundle])
    truth = {**export.truth, "rows": export.truth["rows"] | {"sale": export.truth["rows"]["sale"] + len(bundles)}}
    kinds = np.concatenate([export.kinds, np.full(len(bundles), "sale")])
    sale = np.concatenate([export.sale, np.full(len(bundles), -1)])
    bought = pd.concat([refill, bundle])
    buyer = sales["customer"].to_numpy()
    new = pd.DataFrame({"customer": buyer[np.tile(line, 2)], "product": bought["product"].array})
    new["moment"] = orders.moment[np.tile(document[line], 2)]
    lines = pd.Series(np.concatenate([buyer, buyer[line], buyer[line[kept[line] > 0]]])).value_counts()
    new["share"] = new.groupby("customer")["product"].transform("size") / new["customer"].map(lines).to_numpy()
    return Export(pd.concat([table, bundles], ignore_index=True), kinds, sale, truth), new


def about_refills(retailer: Retailer, tickets: pd.DataFrame, new: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Cases of which as many are about refills and bundles as about any other line: no goods are better than others.

    Parameters
    ----------
    retailer : Retailer
    tickets : pandas.DataFrame
        The raw table before it is soiled.
    new : pandas.DataFrame
        Of `with_refills`.
    seed : int

    Returns
    -------
    pandas.DataFrame
        The same, but for ``product`` of some.
    """
    rng, product = stream(seed, "cases of refills"), tickets["product"].to_numpy(object).copy()
    place, which = rng.random(len(tickets)), rng.random(len(tickets))
    opened = pd.to_datetime(tickets["opened"]).to_numpy("datetime64[m]") - retailer.first_day.astype("datetime64[m]")
    of = dict(list(new.groupby("customer", sort=False)))
    for row, (customer, day) in enumerate(zip(tickets["customer"], opened.astype(float) / 1440, strict=True)):
        if customer not in of or place[row] >= of[customer]["share"].iloc[0]:
            continue
        before = of[customer].loc[of[customer]["moment"] < day, "product"].to_numpy()
        if before.size:
            product[row] = before[int(which[row] * before.size)]
    return tickets.assign(product=product)


def _pounds(pence) -> list[str]:
    return [f"{value // 100}.{value % 100:02d}" for value in np.asarray(pence).tolist()]
