"""Products × customers by the profit that each has brought: where they meet, its sign, its money, and what to do."""

from dataclasses import replace

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import may_refuse
from regulars.labels import ProfitAction, ProfitClass, ProfitSign
from regulars.segments.coded import Coded, counted
from regulars.segments.products import PARTS, money_parts, profit_cells
from regulars.statistics.cells import too_small

HIGH_MAKES = 0.5  # of the profit of all that earn: the fewest that make so much are highly profitable
NOTHING_BELOW = 0.05  # of revenue: a margin from 0 up to it brings nothing once goods are handled

_HIGH, _SOME, _NONE, _LOSS = ProfitClass
_EARNING = (_HIGH, _SOME)
# what to do where product class (first) and customer class (second) meet, by the sign of the cell
ACTIONS = {
    ProfitSign.PLUS: {
        (_HIGH, _HIGH): ProfitAction.PROTECT,
        **dict.fromkeys([(_HIGH, _SOME), (_SOME, _HIGH), (_NONE, _HIGH), (_LOSS, _HIGH)], ProfitAction.GROW),
        **{(product, _SOME): ProfitAction.KEEP for product in (_SOME, _NONE, _LOSS)},
        **{(product, customer): ProfitAction.STEER for product in ProfitClass for customer in (_NONE, _LOSS)},
    },
    ProfitSign.ZERO: {
        (product, customer): ProfitAction.BUNDLE if customer in _EARNING else ProfitAction.REPRICE
        for product in ProfitClass for customer in ProfitClass
    },
    ProfitSign.MINUS: {
        (product, customer): {_HIGH: ProfitAction.BUNDLE, _LOSS: ProfitAction.STOP}.get(customer, ProfitAction.REPRICE)
        for product in ProfitClass for customer in ProfitClass
    },
}  # fmt: skip


def profit_classes(margin, costed) -> np.ndarray:
    """Class of each product, or customer, by the margin that it has brought.

    Parameters
    ----------
    margin, costed : array of float
        Margin, and the revenue whose cost is known; NaN margin where none is. In the order of ids: of equal margins
        the first counts as the larger.

    Returns
    -------
    numpy.ndarray of object
        `regulars.labels.ProfitClass`: loss below zero; none up to `NOTHING_BELOW` of revenue; of the rest high, the
        fewest that make `HIGH_MAKES` of their profit, and profit. None where it is not known.

    References
    ----------
    Kotler, P. and Keller, K. L., Marketing Management (customer-product profitability analysis).

    Examples
    --------
    >>> profit_classes([60.0, 30.0, 20.0, 1.0, -5.0, float("nan")], [100.0] * 6).tolist()
    ['high', 'profit', 'profit', 'none', 'loss', None]
    """
    margin, costed = (np.asarray(each, dtype=float) for each in (margin, costed))
    with np.errstate(invalid="ignore"):
        lost, earns = margin < 0, margin > np.maximum(NOTHING_BELOW * costed, 0)
    found = np.where(lost, _LOSS.value, _NONE.value).astype(object)
    found[np.isnan(margin)] = None
    order = np.flatnonzero(earns)[np.argsort(-margin[earns], kind="stable")]
    before = np.cumsum(margin[order]) - margin[order]
    is_high = before < HIGH_MAKES * margin[earns].sum()
    found[order] = np.where(is_high, _HIGH.value, _SOME.value)
    return found


@may_refuse
def profit_matrix(lines: pd.DataFrame | Coded, *, min_cell: int = 1) -> pd.DataFrame:
    """Margin where classes of products and classes of customers meet.

    Parameters
    ----------
    lines : pandas.DataFrame or Coded
        customer_id, product_id, quantity, unit_price, unit_cost (missing: unknown).
    min_cell : int
        A cell of fewer buyers keeps its place and says nothing, nor does another that would tell it by a difference.

    Returns
    -------
    pandas.DataFrame or Refusal
        One row per pair of `regulars.labels.ProfitClass` that met: ``product_class``, ``customer_class``, ``products``,
        ``customers`` (buyers), ``revenue``, ``margin`` (of the lines whose cost is known), ``margin_share`` (of their
        revenue), ``sign`` (plus, zero, minus: `NOTHING_BELOW` of revenue), ``action``. Margins sum to that of all
        lines, to the cent. Why not, where no cost is known.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": list("aab"), "product_id": list("xyy"), "quantity": 1.0,
    ...                       "unit_price": [9.0, 5.0, 5.0], "unit_cost": [1.0, 6.0, 6.0]})
    >>> profit_matrix(lines)[["product_class", "customer_class", "margin", "sign", "action"]].values.tolist()
    [['high', 'high', 8.0, 'plus', 'protect'], ['loss', 'high', -1.0, 'minus', 'bundle'], \
['loss', 'loss', -1.0, 'minus', 'stop']]
    """
    coded = Coded.of(lines)
    revenue, margin, costed, known = money_parts(coded.lines)
    if not known.any():
        raise UntoldError("No line has a cost: supply unit_cost with the order lines.")

    def classes(code, many) -> np.ndarray:
        sums = (np.bincount(code, each, many) / PARTS for each in (margin, costed))
        has_cost = np.bincount(code, known, many) > 0
        made, sold = sums
        return profit_classes(np.where(has_cost, made, np.nan), sold)

    product_class = classes(coded.product, len(coded.products))
    sales = np.bincount(coded.product, revenue, len(coded.products))
    product_class[(product_class == _LOSS) & (sales <= 0)] = _NONE.value  # one that only came back is no loss-maker
    customer_class = pd.Series(classes(coded.customer, len(coded.customers)), index=coded.customers, dtype="string")
    code, names = pd.factorize(pd.Series(product_class, dtype="string").fillna("unknown"), sort=True)
    by_class = replace(coded, category=code[coded.product], categories=pd.Index(names.astype(object)))
    cells = profit_cells(by_class, customer_class, "category").dropna(subset=["margin"])
    cells = cells.rename(columns={"item": "product_class", "group": "customer_class"})
    met, _ = counted(coded.product[known] * len(coded.customers) + coded.customer[known])
    pairs = pd.DataFrame({"product": met // len(coded.customers), "customer": met % len(coded.customers)})
    pairs["product_class"] = product_class[pairs["product"]]
    pairs["customer_class"] = customer_class.to_numpy(object)[pairs["customer"]]
    many = pairs.groupby(["product_class", "customer_class"])["product"].nunique().rename("products").reset_index()
    place = {name.value: k for k, name in enumerate(ProfitClass)}
    table = cells.astype({"product_class": object, "customer_class": object}).merge(many)
    table = table.sort_values(
        ["product_class", "customer_class"], key=lambda names: names.map(place), ignore_index=True
    )
    sold = table["revenue"] - table["uncosted"]
    sign = np.select(
        [table["margin"] < 0, table["margin"] > NOTHING_BELOW * sold.clip(lower=0)],
        [ProfitSign.MINUS, ProfitSign.PLUS],
        ProfitSign.ZERO,
    )
    meets = zip(sign, table["product_class"], table["customer_class"], strict=True)
    table["sign"] = pd.array([ProfitSign(one).value for one in sign], dtype="string")
    table["action"] = pd.array([ACTIONS[ProfitSign(one)][a, b].value for one, a, b in meets], dtype="string")
    hidden = too_small(table["customers"], min_cell, table["product_class"])  # what classes of products bring is told
    table["margin_share"] = table["margin"] / sold.where(sold > 0)
    columns = ["revenue", "margin", "margin_share", "sign", "action"]
    table = table.assign(**{name: table[name].mask(hidden) for name in columns})
    return table[["product_class", "customer_class", "products", "customers", *columns]]
