"""The shop's products, and what goes into a basket of a given worth."""

from dataclasses import dataclass

import numpy as np

from regulars.simulate.retailer import Retailer

# category: code, share of the price left after unit cost, nouns
RANGE = {
    "kitchen": ("KI", 0.42, "MUG|BOWL|JUG|TEA TOWEL|BREAD BIN|CAKE TIN|EGG CUP|TRAY|STORAGE JAR|APRON"),
    "garden": ("GA", 0.35, "PLANTER|TROWEL|LANTERN|BIRD FEEDER|WATERING CAN|WIND CHIME|HOOK|TWINE|BUCKET|BENCH PAD"),
    "textiles": ("TE", 0.38, "CUSHION|THROW|RUG|BLANKET|TABLE RUNNER|NAPKIN SET|BATH MAT|CURTAIN TIE|QUILT|SCARF"),
    "stationery": ("ST", 0.50, "NOTEBOOK|PENCIL SET|CARD|WRAP ROLL|ALBUM|DIARY|LETTER RACK|STICKERS|RIBBON|PEN POT"),
    "toys": ("TO", 0.33, "PUZZLE|DOLL|KITE|BUILDING BLOCKS|SPINNING TOP|BALL|MONEY BOX|PUPPET|GAME|SKIPPING ROPE"),
    "seasonal": ("SE", 0.15, "WREATH|BAUBLE|CANDLE|GARLAND|STOCKING|EGG HUNT SET|BUNTING|FAIRY LIGHTS|CROWN|STAR"),
}
KINDS = ("BLUE", "VINTAGE", "STRIPED", "LARGE")
PRICES = (1.25, 48.0)  # cheapest and dearest list price in each category, in the first year
BELOW_COST = 6  # products sold below cost: a truth for the profitability matrix
PAIRS = 8  # leading products with a companion: a truth for market baskets
MOST_PIECES = 12  # of one product in a line, as far as the basket's worth allows
MOST_LINES = 8


@dataclass(frozen=True)
class Products:
    """The range, sorted by category and then by price; positions are used as keys within the simulation."""

    code: np.ndarray
    name: np.ndarray
    category: np.ndarray  # position of the category in `categories`
    categories: tuple[str, ...]
    price: np.ndarray  # in the first year
    cost: np.ndarray  # in the first year
    popularity: np.ndarray  # within the category, sums to one there
    companion: np.ndarray  # position of the product that goes with it, −1 for most
    index: np.ndarray  # price level of each year, the first being 1

    def prices(self, year) -> np.ndarray:
        """Price list of a year, in whole pence."""
        return np.round(self.price * self.index[year], 2)

    def costs(self, year) -> np.ndarray:
        """Unit costs of a year, in whole pence."""
        return np.round(self.cost * self.index[year], 2)


def draw_products(retailer: Retailer, years: int, rng) -> Products:
    """Draw the range: 40 products in each of six categories.

    Parameters
    ----------
    retailer : Retailer
    years : int
        Calendar years touched; prices rise on 1 January.
    rng : numpy.random.Generator

    Returns
    -------
    Products
    """
    code, name, category, price, cost, popularity = [], [], [], [], [], []
    for position, (prefix, left, nouns) in enumerate(RANGE.values()):
        titles = np.array([f"{kind} {noun}" for noun in nouns.split("|") for kind in KINDS])
        rng.shuffle(titles)
        size = len(titles)
        listed = np.sort(np.round(np.exp(rng.uniform(*np.log(PRICES), size)) * 20) / 20)
        listed[[0, -1]] = PRICES
        code += [f"{prefix}{number}" for number in range(1001, 1001 + size)]
        name += titles.tolist()
        category += [position] * size
        price += listed.tolist()
        cost += np.round(listed * (1 - left) * rng.uniform(0.85, 1.15, size), 2).tolist()
        share = rng.permutation(1 / np.arange(1, size + 1) ** 0.7)
        popularity += (share / share.sum()).tolist()
    price, cost = np.array(price), np.array(cost)
    dear = rng.choice(np.flatnonzero(np.array(category) == len(RANGE) - 1), BELOW_COST, replace=False)
    cost[dear] = np.round(price[dear] * 1.1, 2)
    return Products(
        code=np.array(code),
        name=np.array(name),
        category=np.array(category),
        categories=tuple(RANGE),
        price=price,
        cost=cost,
        popularity=np.array(popularity),
        companion=_companions(price, rng),
        index=(1 + retailer.price_rise) ** np.arange(years),
    )


def _companions(price, rng) -> np.ndarray:
    """Pairs of modest price, so that there is mostly room for the second one."""
    chosen = rng.choice(np.flatnonzero((price > 3) & (price < 12)), 2 * PAIRS, replace=False)
    companion = np.full(price.size, -1)
    companion[chosen[:PAIRS]] = chosen[PAIRS:]
    return companion


@dataclass(frozen=True)
class Lines:
    """Lines of orders: position of the order, position of the product, pieces; one line per product and order."""

    order: np.ndarray
    product: np.ndarray
    quantity: np.ndarray


def fill_baskets(products: Products, taste, worth, year, *, retailer: Retailer, rng) -> Lines:
    """Fill baskets with products so that each is worth, on average, what it should be.

    Every line takes a share of what is left of the basket's worth; the last one takes all of it, and the number of its
    pieces is rounded up or down by chance so that the expected total is the worth itself.

    Parameters
    ----------
    products : Products
    taste : numpy.ndarray
        Order × category: probabilities of the customer who orders.
    worth : numpy.ndarray of float
        What each order should be worth.
    year : numpy.ndarray of int
        Position of the calendar year of each order.
    retailer : Retailer
    rng : numpy.random.Generator

    Returns
    -------
    Lines
        By order, then in the order of picking.
    """
    picker = _Picker(products)
    wanted = np.minimum(1 + rng.poisson(retailer.extra_lines, worth.size), MOST_LINES)
    left = worth.copy()
    last_product = np.full(worth.size, -1)
    orders, chosen, pieces = [np.empty(0, int)], [np.empty(0, int)], [np.empty(0, int)]
    for line in range(int(wanted.max(initial=0))):
        order = np.flatnonzero((wanted > line) & (left > 0))
        lines_left = wanted[order] - line
        is_last = lines_left == 1
        budget = left[order] * np.where(is_last, 1, rng.uniform(0.5, 1.5, order.size) / np.maximum(lines_left, 2))
        product = picker.pick(taste[order], budget, year[order], rng)
        product = _with_companions(products, last_product[order], product, left[order], year[order], retailer, rng)
        price = picker.price[year[order], product]
        exact = np.where(is_last, left[order], budget) / price
        quantity = np.floor(exact + np.where(is_last, rng.random(order.size), 0)).astype(int)
        if line == 0:
            quantity = np.maximum(quantity, 1)
        left[order] = np.where(is_last, 0, left[order] - quantity * price)
        last_product[order] = product
        taken = quantity > 0
        orders.append(order[taken])
        chosen.append(product[taken])
        pieces.append(quantity[taken])
    return _merged(np.concatenate(orders), np.concatenate(chosen), np.concatenate(pieces), len(products.code))


class _Picker:
    """Picks a product of a category by popularity among those whose price suits the budget."""

    def __init__(self, products: Products):
        self.price = np.array([products.prices(year) for year in range(len(products.index))])
        self.first = np.searchsorted(products.category, np.arange(len(products.categories)))
        self.cumulative = np.concatenate([[0.0], np.cumsum(products.popularity)])
        self.category = products.category
        self.keys = [self._key(products.category, prices) for prices in self.price]

    @staticmethod
    def _key(category, price):
        return category * 1e6 + price

    def pick(self, taste, budget, year, rng):
        category = (rng.random(len(budget))[:, None] > np.cumsum(taste, axis=1)[:, :-1]).sum(axis=1)
        above, below = np.empty(len(budget), int), np.empty(len(budget), int)
        for position, keys in enumerate(self.keys):
            rows = year == position
            above[rows] = np.searchsorted(keys, self._key(category[rows], budget[rows] + 1e-9), side="right")
            below[rows] = np.searchsorted(keys, self._key(category[rows], budget[rows] / MOST_PIECES))
        above = np.maximum(above, self.first[category] + 1)
        below = np.minimum(below, above - 1)
        low, high = self.cumulative[below], self.cumulative[above]
        found = np.searchsorted(self.cumulative, low + rng.random(len(budget)) * (high - low), side="right") - 1
        return np.clip(found, below, above - 1)


def _with_companions(products, before, product, left, year, retailer, rng):
    companion = np.where(before >= 0, products.companion[before], -1)
    price = np.round(products.price[companion] * products.index[year], 2)
    takes = (companion >= 0) & (price <= left) & (rng.random(product.size) < retailer.companion_share)
    return np.where(takes, companion, product)


def _merged(order, product, quantity, products: int) -> Lines:
    """One line per product and order, at the place of its first appearance."""
    _, first, line = np.unique(order * products + product, return_index=True, return_inverse=True)
    pieces = np.bincount(line, quantity).astype(int)
    place = np.lexsort((first, order[first]))
    return Lines(order[first][place], product[first][place], pieces[place])
