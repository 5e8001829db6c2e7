"""What a shop system's export has beside clean sales, each row of it accounted for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.products import Products
from regulars.simulate.retailer import Retailer, year_position
from regulars.simulate.streams import stream
from regulars.simulate.text import clock, day_first, money
from regulars.simulate.untidy import copies, in_rows, repeated, row_numbers, untidied

FIRST_ORDER_NO = 500001
FIRST_ADDED_NO = 900001  # of orders that campaigns and programmes add
LATEST_CANCELLATION = 21.0  # days after the sale
FULL_ORDER = 0.4  # of the rows that cancel a sale exactly: whole orders
DISCONTINUED = tuple(f"OL{number}" for number in range(901, 913))  # sold before the export begins
CODES = {"POST": (0.70, "POSTAGE"), "MANUAL": (0.25, "MANUAL"), "BANK CHARGES": (0.05, "BANK CHARGES")}
POSTAGE = (3.95, 5.95, 7.95)
ADJUSTMENTS = ("damaged", "check", "lost", "thrown away", "wrongly coded")

NUMBERS = ("document", "sale", "quantity", "price", "cost", "moment")
TEXTS = ("kind", "customer", "channel", "product", "description", "category")
PADDED, RECASED = ("customer", "product", "description"), ("channel", "category")
KINDS = ("sale", "guest", "non_product", "gift", "adjustment", "cancellation", "duplicate")


@dataclass(frozen=True)
class Export:
    """The raw order lines as text, and what was done to them, rows counted from 1 below the header."""

    order_lines: pd.DataFrame
    kinds: np.ndarray  # of each row: sale, guest, non_product, gift, adjustment, cancellation or duplicate
    sale: np.ndarray  # of each row: the key of the sale line it is or cancels, −1 for none
    truth: dict


def soil(retailer: Retailer, sales: pd.DataFrame, products: Products, seed: int) -> Export:
    """Add to clean sale lines what makes a real export hard to read.

    Added rows never replace a sale, so that what customers bought stays exactly what the simulation says: guests are
    people beside the registered customers, postage and gifts are further lines of ordinary orders, and cancellations
    are rows of their own that point at the sale they take back.

    Parameters
    ----------
    retailer : Retailer
    sales : pandas.DataFrame
        Clean lines, guests among them: the columns `NUMBERS` and `TEXTS`.
    products : Products
    seed : int

    Returns
    -------
    Export
    """
    rng = stream(seed, "dirt")
    share = (
        retailer.duplicate_share + retailer.cancellation_share + retailer.non_product_share
        + retailer.adjustment_share + retailer.gift_share
    )  # fmt: skip
    total = len(sales) / (1 - share)
    cancelled = _cancellations(retailer, sales, round(total * retailer.cancellation_share), rng)
    rows = pd.concat(
        [
            sales,
            _non_products(sales, round(total * retailer.non_product_share), rng),
            _gifts(retailer, sales, products, round(total * retailer.gift_share), rng),
            _adjustments(retailer, products, round(total * retailer.adjustment_share), rng),
            cancelled,
        ],
        ignore_index=True,
    )
    rows = _numbered(rows.assign(how=rows["how"].fillna("")))
    rows, untidy = untidied(rows, round(total * retailer.untidy_share), PADDED, RECASED, rng=rng)
    rows = repeated(rows, round(total * retailer.duplicate_share), rng)
    return _export(retailer, rows, in_rows(untidy, rows))


def _rows(columns: dict) -> pd.DataFrame:
    return pd.DataFrame(columns).astype(dict.fromkeys(TEXTS, object))


def _of_orders(sales, count, rng) -> pd.DataFrame:
    """One line of each of so many orders of registered customers, to take document, customer and moment from."""
    first = np.flatnonzero((sales["kind"] == "sale") & ~sales["document"].duplicated())
    return sales.iloc[np.sort(rng.choice(first, min(count, first.size), replace=False))]


def _non_products(sales, count, rng) -> pd.DataFrame:
    orders = _of_orders(sales, count, rng)
    n = len(orders)
    code = rng.choice(list(CODES), n, p=[share for share, _ in CODES.values()])
    manual = np.round(rng.uniform(1, 40, n), 2)
    price = np.select([code == "POST", code == "MANUAL"], [rng.choice(POSTAGE, n), manual], 15.0)
    return _rows(
        {
            "document": orders["document"].to_numpy(), "sale": -1, "quantity": 1, "price": price, "cost": np.nan,
            "moment": orders["moment"].to_numpy(), "kind": "non_product", "customer": orders["customer"].to_numpy(),
            "channel": orders["channel"].to_numpy(), "product": code,
            "description": np.array([CODES[name][1] for name in code], object), "category": "",
        }
    )  # fmt: skip


def _gifts(retailer, sales, products, count, rng) -> pd.DataFrame:
    orders = _of_orders(sales, count, rng)
    product = rng.integers(0, len(products.code), len(orders))
    return _product_rows(
        retailer, products, product,
        {"document": orders["document"].to_numpy(), "sale": -1, "quantity": 1, "price": 0.0,
         "moment": orders["moment"].to_numpy(), "kind": "gift", "customer": orders["customer"].to_numpy(),
         "channel": orders["channel"].to_numpy()},
    )  # fmt: skip


def _adjustments(retailer, products, count, rng) -> pd.DataFrame:
    product = rng.integers(0, len(products.code), count)
    rows = _product_rows(
        retailer, products, product,
        {"document": -2 - np.arange(count), "sale": -1, "quantity": -rng.integers(1, 60, count), "price": 0.0,
         "moment": np.sort(rng.uniform(0, retailer.days, count)), "kind": "adjustment", "customer": "", "channel": ""},
    )  # fmt: skip
    return rows.assign(description=np.array(rng.choice(ADJUSTMENTS, count), object))


def _product_rows(retailer, products, product, columns) -> pd.DataFrame:
    year = year_position(retailer.first_day, columns["moment"])
    return _rows(
        {
            **columns,
            "cost": np.round(products.cost[product] * products.index[year], 2),
            "product": products.code[product],
            "description": products.name[product],
            "category": np.array(products.categories, object)[products.category[product]],
        }
    )


def _cancellations(retailer, sales, count, rng) -> pd.DataFrame:
    """Rows that take back sales: exactly (whole orders or one line), in part, or of a sale the export does not hold."""
    exact = round(count * retailer.cancellation_exact)
    partial = round(count * retailer.cancellation_partial)
    document = sales["document"].to_numpy()
    open_to = np.flatnonzero(_without_rival(sales) & (sales["moment"].to_numpy() + LATEST_CANCELLATION < retailer.days))
    whole = _whole_orders(document, open_to, round(exact * FULL_ORDER), rng)
    rest = rng.permutation(np.setdiff1d(open_to, whole))
    single = rest[: max(exact - whole.size, 0)]
    rest = rest[single.size :]
    several = rest[sales["quantity"].to_numpy()[rest] > 1][:partial]
    absent = np.setdiff1d(rest, several)[: max(count - exact - several.size, 0)]
    taken = np.concatenate([whole, single, several, absent])
    how = np.repeat(["exact", "exact", "partial", "none"], [whole.size, single.size, several.size, absent.size])
    rows = sales.iloc[taken].reset_index(drop=True)
    pieces = rows["quantity"].to_numpy()
    back = np.where(how == "partial", 1 + np.floor(rng.random(taken.size) * (pieces - 1)).astype(int), pieces)
    # the lines of one cancelled order share one document
    own = -1 - np.arange(taken.size)
    groups, group = np.unique(np.where(how == "exact", document[taken], own), return_inverse=True)
    delay = rng.uniform(0.02, LATEST_CANCELLATION, groups.size)[group]
    rows = rows.assign(
        document=-1_000_000 - group, kind="cancellation", quantity=-back, moment=rows["moment"] + delay, how=how
    )
    old = np.flatnonzero(how == "none")
    rows.loc[old, "sale"] = -1
    rows.loc[old, "product"] = rng.choice(DISCONTINUED, old.size).astype(object)
    rows.loc[old, "description"] = "DISCONTINUED ARTICLE"
    return rows


def _without_rival(sales) -> np.ndarray:
    """Whether the customer bought the product just once: only then is it beyond doubt which sale is taken back."""
    buyer = np.where(sales["customer"] == "", sales["document"].astype(str), sales["customer"])
    return ~pd.DataFrame({"buyer": buyer, "product": sales["product"]}).duplicated(keep=False).to_numpy()


def _whole_orders(document, open_to, rows_wanted, rng) -> np.ndarray:
    """Positions of all lines of some orders, about so many lines together."""
    orders, size = np.unique(document[open_to], return_counts=True)
    complete = size == np.unique(document, return_counts=True)[1][np.searchsorted(np.unique(document), orders)]
    orders, size = orders[complete], size[complete]
    shuffled = rng.permutation(orders.size)
    chosen = orders[shuffled[np.cumsum(size[shuffled]) <= rows_wanted]]
    return np.flatnonzero(np.isin(document, chosen))


def _numbered(rows) -> pd.DataFrame:
    """Number the documents by moment; sort rows by document, then as they were added."""
    first = rows.groupby("document", sort=True)["moment"].min()
    order = np.lexsort((first.index.to_numpy(), first.to_numpy()))
    number = pd.Series(np.argsort(order), index=first.index)
    rank = rows["document"].map(number).to_numpy()
    text = np.char.add(np.where(rows["kind"] == "cancellation", "C", ""), (FIRST_ORDER_NO + rank).astype(str))
    return rows.assign(order_no=text.astype(object)).iloc[np.argsort(rank, kind="stable")].reset_index(drop=True)


def with_clean_orders(retailer: Retailer, export: Export, sales: pd.DataFrame) -> Export:
    """The export with orders behind it that nothing befell, numbered in a series of their own.

    Parameters
    ----------
    retailer : Retailer
    export : Export
    sales : pandas.DataFrame
        Lines of such orders: the columns `NUMBERS` and `TEXTS`; ``document`` counts from 0.

    Returns
    -------
    Export
    """
    if sales.empty:
        return export
    rows = sales.assign(order_no=(FIRST_ADDED_NO + sales["document"]).astype(str).astype(object))
    kinds = np.concatenate([export.kinds, np.full(len(rows), "sale")])
    pence = int((np.round(rows["price"].to_numpy() * 100).astype(int) * rows["quantity"].to_numpy().astype(int)).sum())
    truth = {
        **export.truth,
        "rows": export.truth["rows"] | {"sale": export.truth["rows"]["sale"] + len(rows)},
        "amount": export.truth["amount"] | {"sale": round(export.truth["amount"]["sale"] + pence / 100, 2)},
    }
    lines = pd.concat([export.order_lines, _as_text(retailer, rows)], ignore_index=True)
    return Export(lines, kinds, np.concatenate([export.sale, np.full(len(rows), -1)]), truth)


def _export(retailer, rows, untidy) -> Export:
    kind = np.where(rows["is_copy"], "duplicate", rows["kind"]).astype(str)
    frame = _as_text(retailer, rows)
    return Export(frame, kind, rows["sale"].to_numpy().astype(int), _accounts(rows, kind, untidy))


def _as_text(retailer, rows) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_no": rows["order_no"],
            "customer": rows["customer"],
            "date": day_first(clock(retailer.first_day, rows["moment"].to_numpy())),
            "product": rows["product"],
            "description": rows["description"],
            "category": rows["category"],
            "qty": rows["quantity"].to_numpy().astype(int).astype(str).astype(object),
            "price": money(rows["price"]),
            "cost": money(rows["cost"]),
            "channel": rows["channel"],
        }
    )


def _accounts(rows, kind, untidy) -> dict:
    """Every row of dirt by its number; the kinds do not overlap and add up to all rows."""
    pence = np.round(rows["price"].to_numpy() * 100).astype(int) * rows["quantity"].to_numpy().astype(int)
    sale, sold = rows["sale"].to_numpy().astype(int), np.flatnonzero(np.isin(kind, ["sale", "guest"]))
    row_of_sale = dict(zip(sale[sold].tolist(), row_numbers(sold), strict=True))
    back, extra = np.flatnonzero(kind == "cancellation"), np.flatnonzero(kind == "non_product")
    return {
        "rows": {name: int((kind == name).sum()) for name in KINDS},
        "amount": {name: round(int(pence[kind == name].sum()) / 100, 2) for name in KINDS},
        "duplicates": copies(rows),
        "cancellations": {
            "row": row_numbers(back),
            "how": rows["how"].to_numpy()[back].astype(str).tolist(),
            "of_row": [row_of_sale.get(key) for key in sale[back].tolist()],
        },
        "guests": {"row": row_numbers(np.flatnonzero(kind == "guest"))},
        "non_products": {
            "row": row_numbers(extra),
            "code": np.char.strip(rows["product"].to_numpy()[extra].astype(str)).tolist(),
        },
        "gifts": {"row": row_numbers(np.flatnonzero(kind == "gift"))},
        "adjustments": {"row": row_numbers(np.flatnonzero(kind == "adjustment"))},
        "missing_customers": {"row": row_numbers(np.flatnonzero(rows["customer"].to_numpy() == ""))},
        "untidy": untidy,
    }
