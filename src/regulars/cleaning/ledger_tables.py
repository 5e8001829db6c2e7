"""The ledger in tables: from raw to kept, table by table, reason by reason, with rows to look at."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import ibis
import ibis.expr.types as ir
import pandas as pd

from regulars.catalog.tables import CLEAN_TABLES
from regulars.labels import Fate, Reason

RAW = "raw"
CLEAN = tuple(table.name for table in CLEAN_TABLES)
EXAMPLE_COLUMNS = ("table", "reason", "row", "ordered_at", "product_id", "quantity", "amount")


class Supply(StrEnum):
    """Where a clean table comes from."""

    SUPPLIED = "supplied"
    DERIVED = "derived"
    ABSENT = "absent"


def main_account(ledger: dict) -> dict:
    """Account of the table that says what customers spent: of the orders where they are supplied, else of their lines.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.

    Returns
    -------
    dict
        ``rows`` and ``amount`` by fate, ``reasons``, ``found``.

    Examples
    --------
    >>> main_account({"tables": {"order_lines": {"rows": {"raw": 4}}}})
    {'rows': {'raw': 4}}
    """
    tables = ledger["tables"]
    return tables["orders"] if "orders" in tables else tables["order_lines"]


def waterfall(ledger: dict, what: str = "rows") -> pd.DataFrame:
    """From raw to kept, reason by reason, in rows or in money.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.
    what : {"rows", "amount"}
        In money the pairs that undo each other are left out: they sum to nothing.

    Returns
    -------
    pandas.DataFrame
        step (raw, a `regulars.labels.Reason`, kept), the column `what` (totals as they are, steps negative), is_total.

    Examples
    --------
    >>> account = {"rows": {"raw": 4, "kept": 3}, "amount": {"raw": 9, "kept": 7},
    ...            "reasons": {"missing_customer": {"fate": "rejected", "rows": 1, "amount": 2}}}
    >>> waterfall({"tables": {"orders": account}})["rows"].tolist()
    [4, -1, 3]
    """
    account = main_account(ledger)
    number = int if what == "rows" else float
    rows = [(RAW, number(account[what][RAW]), True)]
    for code, reason in account["reasons"].items():
        pairs = what == "amount" and reason["fate"] == Fate.NETTED
        if reason["fate"] != Fate.KEPT and reason[what] and not pairs:
            rows.append((code, -number(reason[what]), False))
    rows.append((Fate.KEPT.value, number(account[what][Fate.KEPT]), True))
    return pd.DataFrame(rows, columns=["step", what, "is_total"]).astype({"step": "string"})


def copies_kept(ledger: dict) -> int:
    """Rows of the order log that are exact copies and are kept all the same, because the mapping says so.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.

    Examples
    --------
    >>> copies_kept({"tables": {"orders": {"reasons": {}, "found": {"exact_duplicate": 2}}}})
    2
    """
    account = main_account(ledger)
    merged = account["reasons"].get(Reason.EXACT_DUPLICATE.value)
    return 0 if merged else account["found"].get(Reason.EXACT_DUPLICATE.value, 0)


def netted_rest(account: dict) -> float:
    """What the netted rows of a table leave, as they are listed: undone by credits that stay for another part.

    Parameters
    ----------
    account : dict
        Of `main_account`.

    Examples
    --------
    >>> sale, back = {"fate": "netted", "amount": 9.0}, {"fate": "netted", "amount": -7.0}
    >>> netted_rest({"reasons": {"cancelled_sale": sale, "cancellation": back}})
    2.0
    """
    parts = account["reasons"].items()
    netted = [reason for code, reason in parts if reason["fate"] == Fate.NETTED or code == Reason.REDUCED_BY_RETURN]
    return round(sum(float(reason["amount"]) for reason in netted), 2)


def tables_overview(ledger: dict, names: Sequence[str] = CLEAN) -> pd.DataFrame:
    """Every table of the catalogue: supplied or not, and what became of its rows.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.
    names : sequence of str
        Clean tables, in the order of the result: without it all of the catalogue.

    Returns
    -------
    pandas.DataFrame
        table, supply (`Supply`), raw, kept, merged, netted, rejected (rows; missing where not supplied).

    Examples
    --------
    >>> account = {"rows": {"raw": 4, "kept": 3, "merged": 0, "netted": 0, "rejected": 1}}
    >>> tables_overview({"tables": {"orders": account}}, ["orders", "surveys"])[["table", "supply", "kept"]]
         table    supply  kept
    0   orders  supplied     3
    1  surveys    absent  <NA>
    """
    columns = [RAW, *(fate.value for fate in Fate)]
    rows = []
    for name in names:
        account = ledger["tables"].get(name)
        supply = Supply.SUPPLIED if account else Supply.DERIVED if name == "orders" else Supply.ABSENT
        counts = account["rows"] if account else {}
        rows.append({"table": name, "supply": supply.value} | {column: counts.get(column) for column in columns})
    kinds = {"table": "string", "supply": "string"} | dict.fromkeys(columns, "Int64")
    return pd.DataFrame(rows, columns=["table", "supply", *columns]).astype(kinds)


def worst_reasons(ledger: dict, n: int = 10) -> pd.DataFrame:
    """Reasons that touched most rows, over all tables.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.
    n : int
        Reasons at most.

    Returns
    -------
    pandas.DataFrame
        table, reason, fate, rows, share (of the table's raw rows), amount (currency; missing where a table holds no
        money); most rows first, at most n.

    Examples
    --------
    >>> reasons = {"missing_customer": {"fate": "rejected", "rows": 1, "amount": 2}}
    >>> table = worst_reasons({"tables": {"orders": {"rows": {"raw": 4}, "reasons": reasons}}})
    >>> table[["reason", "share"]].to_numpy().tolist()
    [['missing_customer', 0.25]]
    """
    rows = [
        (name, code, reason["fate"], reason["rows"], reason["rows"] / account["rows"][RAW], reason.get("amount"))
        for name, account in ledger["tables"].items()
        for code, reason in account["reasons"].items()
    ]
    table = pd.DataFrame(rows, columns=["table", "reason", "fate", "rows", "share", "amount"])
    kinds = {"table": "string", "reason": "string", "fate": "string", "rows": "int64", "share": float, "amount": float}
    return table.astype(kinds).sort_values("rows", ascending=False, kind="stable", ignore_index=True).head(n)


def example_rows(changed: Mapping[str, ir.Table], reasons: pd.DataFrame, n: int = 5) -> pd.DataFrame:
    """First rows that fell under each of some reasons, without personal columns.

    Parameters
    ----------
    changed : mapping of str to ibis Table
        By table the rows that did not arrive as they came, as `regulars.cleaning.clean` gives them.
    reasons : pandas.DataFrame
        Columns table and reason, as `worst_reasons` gives them.
    n : int
        Rows of each reason.

    Returns
    -------
    pandas.DataFrame
        table, reason, row (counted from 1 in the raw table), ordered_at, product_id, quantity, amount; taking turns
        by reason, so that the first rows show as many reasons as there are.
    """
    found = [_first_rows(changed[name], sorted(codes), n) for name, codes in reasons.groupby("table")["reason"]]
    if not found:
        return pd.DataFrame(columns=list(EXAMPLE_COLUMNS))
    known = reasons[["table", "reason"]].assign(_place=range(len(reasons)))
    chosen = pd.concat(found).astype({"table": "string", "reason": "string"}).merge(known, on=["table", "reason"])
    chosen = chosen.sort_values(["_turn", "_place"], kind="stable", ignore_index=True)
    return chosen[list(EXAMPLE_COLUMNS)]


def _first_rows(changed: ir.Table, codes: list[str], n: int) -> pd.DataFrame:
    shown = changed.filter(changed.reason.isin(codes)).select(*EXAMPLE_COLUMNS)
    turn = ibis.row_number().over(ibis.window(group_by="reason", order_by="row"))
    shown = shown.mutate(amount=shown.amount.cast("float64"), _turn=turn)
    return shown.filter(shown._turn < n).to_pyarrow().to_pandas()
