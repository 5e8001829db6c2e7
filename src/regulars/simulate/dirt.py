"""What a shop system's export has beside clean sales, each row of it accounted for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.simulate.products import Products
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import clock, day_first, money

FIRST_ORDER_NO = 500001
LATEST_CANCELLATION = 21.0  # days after the sale
FULL_ORDER = 0.4  # of the rows that cancel a sale exactly: whole orders
DISCONTINUED = tuple(f"OL{number}" for number in range(901, 913))  # sold before the export begins
CODES = {"POST": (0.70, "POSTAGE"), "MANUAL": (0.25, "MANUAL"), "BANK CHARGES": (0.05, "BANK CHARGES")}
POSTAGE = (3.95, 5.95, 7.95)
ADJUSTMENTS = ("damaged", "check", "lost", "thrown away", "wrongly coded")

NUMBERS = ("document", "sale", "quantity", "price", "cost", "moment")
TEXTS = ("kind", "customer", "channel", "product", "description", "category")


@dataclass(frozen=True)
class Export:
    """The raw order lines as text, and what was done to them, by position of the row (the first is 0)."""

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
            _gifts(sales, products, round(total * retailer.gift_share), rng),
            _adjustments(retailer, products, round(total * retailer.adjustment_share), rng),
            cancelled,
        ],
        ignore_index=True,
    )
    rows = _numbered(rows).assign(how=rows["how"].fillna("") if "how" in rows else "")
    rows, untidy = _untidy(rows, round(total * retailer.untidy_share), rng)
    rows = _duplicated(rows, round(total * retailer.duplicate_share), rng)
    return _export(retailer, rows, untidy)


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


def _gifts(sales, products, count, rng) -> pd.DataFrame:
    orders = _of_orders(sales, count, rng)
    product = rng.integers(0, len(products.code), len(orders))
    return _product_rows(
        products, product,
        {"document": orders["document"].to_numpy(), "sale": -1, "quantity": 1, "price": 0.0,
         "moment": orders["moment"].to_numpy(), "kind": "gift", "customer": orders["customer"].to_numpy(),
         "channel": orders["channel"].to_numpy()},
    )  # fmt: skip


def _adjustments(retailer, products, count, rng) -> pd.DataFrame:
    product = rng.integers(0, len(products.code), count)
    rows = _product_rows(
        products, product,
        {"document": -2 - np.arange(count), "sale": -1, "quantity": -rng.integers(1, 60, count), "price": 0.0,
         "moment": np.sort(rng.uniform(0, retailer.days, count)), "kind": "adjustment", "customer": "", "channel": ""},
    )  # fmt: skip
    return rows.assign(description=np.array(rng.choice(ADJUSTMENTS, count), object))


def _product_rows(products, product, columns) -> pd.DataFrame:
    return _rows(
        {
            **columns,
            "cost": products.cost[product],
            "product": products.code[product],
            "description": products.name[product],
            "category": np.array(products.categories, object)[products.category[product]],
        }
    )


def _cancellations(retailer, sales, count, rng) -> pd.DataFrame:
    """Rows that take back sales: exactly (whole orders or one line), in part, or of a sale the export does not hold."""
    exact = round(count * retailer.cancellation_exact)
    partial = round(count * retailer.cancellation_partial)
    open_to = np.flatnonzero(sales["moment"].to_numpy() + LATEST_CANCELLATION < retailer.days)
    document = sales["document"].to_numpy()
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


def _whole_orders(document, open_to, rows_wanted, rng) -> np.ndarray:
    """Positions of all lines of some orders, about so many lines together."""
    orders, size = np.unique(document[open_to], return_counts=True)
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


def _untidy(rows, count, rng):
    """Pad or re-case some texts; what the tidy text was goes into the truth."""
    position = np.sort(rng.choice(len(rows), min(count, len(rows)), replace=False))
    column = rng.choice(["customer", "product", "description", "channel", "category"], position.size)
    column = np.where(rows["customer"].to_numpy()[position] == "", "description", column)
    rows = rows.copy()
    tidy = []
    for name in ("customer", "product", "description", "channel", "category"):
        at = position[column == name]
        was = rows[name].to_numpy()[at].astype(str)
        styles = (np.char.upper, np.char.title) if name in ("channel", "category") else (_pad_left, _pad_right)
        now = np.where(rng.random(at.size) < 0.5, styles[0](was), styles[1](was))
        rows.loc[at, name] = now.astype(object)
        changed = now != was
        tidy.append(pd.DataFrame({"position": at[changed], "column": name, "tidy": was[changed]}))
    return rows, pd.concat(tidy, ignore_index=True).sort_values(["position", "column"], ignore_index=True)


def _pad_left(text):
    return np.char.add(" ", text)


def _pad_right(text):
    return np.char.add(text, "  ")


def _duplicated(rows, count, rng) -> pd.DataFrame:
    """Repeat some rows, the copy right below the original."""
    chosen = np.sort(rng.choice(len(rows), min(count, len(rows)), replace=False))
    rows = rows.assign(original=np.arange(len(rows)), is_copy=False)
    both = pd.concat([rows, rows.iloc[chosen].assign(is_copy=True)], ignore_index=True)
    return both.sort_values(["original", "is_copy"], kind="stable", ignore_index=True)


def _export(retailer, rows, untidy) -> Export:
    kind = np.where(rows["is_copy"], "duplicate", rows["kind"]).astype(str)
    frame = pd.DataFrame(
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
    pence = np.round(rows["price"].to_numpy() * 100).astype(int) * rows["quantity"].to_numpy().astype(int)
    sale = rows["sale"].to_numpy().astype(int)
    first_row = np.flatnonzero(~rows["is_copy"].to_numpy())  # of each original, in order of `original`
    sold = np.flatnonzero(np.isin(kind, ["sale", "guest"]))
    row_of_sale = dict(zip(sale[sold].tolist(), sold.tolist(), strict=True))
    back, copies = np.flatnonzero(kind == "cancellation"), np.flatnonzero(kind == "duplicate")
    extra, code = np.flatnonzero(kind == "non_product"), np.char.strip(rows["product"].to_numpy().astype(str))
    truth = {
        "rows": {name: int((kind == name).sum()) for name in KINDS},
        "amount": {name: round(int(pence[kind == name].sum()) / 100, 2) for name in KINDS},
        "duplicates": {"row": copies.tolist(), "of_row": first_row[rows["original"].to_numpy()[copies]].tolist()},
        "cancellations": {
            "row": back.tolist(),
            "how": rows["how"].to_numpy()[back].astype(str).tolist(),
            "of_row": [row_of_sale.get(key) for key in sale[back].tolist()],
        },
        "guests": {"row": np.flatnonzero(kind == "guest").tolist()},
        "non_products": {"row": extra.tolist(), "code": code[extra].tolist()},
        "gifts": {"row": np.flatnonzero(kind == "gift").tolist()},
        "adjustments": {"row": np.flatnonzero(kind == "adjustment").tolist()},
        "missing_customers": {"row": np.flatnonzero(rows["customer"].to_numpy() == "").tolist()},
        "untidy": {
            "row": first_row[untidy["position"].to_numpy()].tolist(),
            "column": untidy["column"].tolist(),
            "tidy": untidy["tidy"].tolist(),
        },
    }
    return Export(frame, kind, sale, truth)


KINDS = ("sale", "guest", "non_product", "gift", "adjustment", "cancellation", "duplicate")
