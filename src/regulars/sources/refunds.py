"""Refunds that come in a file of their own, with other columns than the orders: set below the orders that they undo.

A refund is written as one more row of its order: everything that the file of refunds does not say itself (the customer,
the currency, the status) is what the order says, and its money is negative. The rules for money that comes back do the
rest (`regulars.cleaning.settling`).
"""

import re

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.sources.files import Text
from regulars.sources.mapping import LINE_TOTAL, REFUNDED

REFUND_OF = "undoes"  # column of ours: the order that a row undoes; empty in rows of the orders themselves
AS_IT_CAME = "undoing row as it came"  # by which one is told from another
MONEY = ("amount", "cost", "unit_price", "unit_cost", REFUNDED, LINE_TOTAL)


def under_their_orders(orders: Text, refunds: Text, table: dict) -> Text:
    """Rows of the orders, and below them those of the refunds.

    Parameters
    ----------
    orders, refunds : Text
    table : dict
        Of `regulars.sources.mapping.Mapping.tables`.

    Returns
    -------
    Text
        With the columns `REFUND_OF` and `AS_IT_CAME` more.

    Examples
    --------
    >>> row = {"c0": ["7"], "c1": ["ann"], "c2": ["1 May"], "c3": ["20"]}
    >>> orders = Text(("no", "who", "on", "paid"), pa.table(row))
    >>> refunds = Text(("of", "back"), pa.table({"c0": ["7", "9"], "c1": ["5", "-1"]}))
    >>> columns = {"order_id": "no", "customer_id": "who", "ordered_at": "on", "amount": "paid"}
    >>> table = {"columns": {name: {"column": column} for name, column in columns.items()}, "money": {}}
    >>> table["refunds"] = {"columns": {"of": "of", "amount": "back"}}
    >>> for row in under_their_orders(orders, refunds, table).data.to_pylist():
    ...     print(*row.values(), sep="|")
    7|ann|1 May|20||
    7|ann|1 May|-5|7|7; 5
    9|||-1|9|9; -1
    """
    given = table["refunds"]["columns"]
    there = {name: _texts(refunds, column) for name, column in given.items()}
    columns = {target: spec["column"] for target, spec in table["columns"].items() if "column" in spec}
    spec = table["columns"]["order_id"]
    names = [order_name(spec, one) for one in _texts(orders, spec["column"])]
    place = pd.Series(np.arange(orders.data.num_rows), names)
    first = place[~place.index.duplicated()].reindex([order_name(spec, one) for one in there["of"]])
    rows = {name: _taken(orders, name, first) for name in orders.header}
    money = [columns[one] for one in MONEY if one in columns]
    for name in (*money, *(one for side in table["money"].values() for one in side)):
        rows[name] = [""] * len(first)
    rows[columns["order_id"]] = there["of"]
    back = [_below_zero(text) for text in there["amount"]]
    if "amount" in columns:
        rows[columns["amount"]] = back
    else:
        if "quantity" in columns:
            rows[columns["quantity"]] = ["-1" if text else "" for text in back]
        by = LINE_TOTAL if LINE_TOTAL in columns else "unit_price"
        rows[columns[by]] = back if by == LINE_TOTAL else [text.removeprefix("-") for text in back]
    for name in ("ordered_at", "customer_id"):
        if name in there:
            rows[columns[name]] = [own or of for own, of in zip(there[name], rows[columns[name]], strict=True)]
    below = pa.table([pa.array(rows[name], pa.string()) for name in orders.header], names=orders.data.column_names)
    whole = pa.concat_tables([orders.data, below])
    came = ["; ".join(row) for row in zip(*(column.to_pylist() for column in refunds.data.columns), strict=True)]
    for number, beside in enumerate((there["of"], came), len(orders.header)):
        whole = whole.append_column(f"c{number}", pa.array([""] * orders.data.num_rows + beside, pa.string()))
    return Text((*orders.header, REFUND_OF, AS_IT_CAME), whole, orders.passed_over, orders.without_text)


def _texts(text: Text, name: str) -> list[str]:
    return text.data.column(text.header.index(name)).to_pylist()


def _taken(orders: Text, name: str, first: pd.Series) -> list[str]:
    texts = _texts(orders, name)
    return ["" if at != at else texts[int(at)] for at in first]


def order_name(spec: dict, number: str) -> str:
    """The number of an order as every file writes it.

    Parameters
    ----------
    spec : dict
        Of ``order_id`` in the mapping.
    number : str

    Examples
    --------
    >>> order_name({"column": "no", "number_id": True}, "0017850.0"), order_name({"column": "no"}, "007")
    ('17850', '007')
    """
    return re.sub(r"^0+(?=\d)|\.0*$", "", number) if spec.get("number_id") else number


def _below_zero(text: str) -> str:
    """Money that came back, which files write with and without a sign.

    Examples
    --------
    >>> [_below_zero(text) for text in ("5.00", "-5.00", "(5.00)", "5.00-", "")]
    ['-5.00', '-5.00', '-5.00', '-5.00', '']
    """
    size = text.strip("()- \u2212")
    return f"-{size}" if size else ""
