"""Which rows of which tables are about one customer."""

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import pandas as pd

from regulars import catalog
from regulars.engine.embedded import in_pandas
from regulars.errors import UserError
from regulars.privacy import need_key_of_pages, pseudonyms

if TYPE_CHECKING:
    import ibis.expr.types as ir

NAMED_BY = ("customer_id", "referrer_id", "referred_id", "referred_by")  # columns that hold a customer's number
# table whose rows follow what is the customer's though they need not name anybody: whose, and by which key
FOLLOWS = {
    "ticket_events": ("tickets", "ticket_id"),
    "contacts": ("tickets", "ticket_id"),
    "prospect_events": ("prospects", "prospect_id"),
    "activities": ("prospects", "prospect_id"),
}
# what else of another table stands beside a row, by the key that they share
BESIDE = {
    "campaign_contacts": ("campaigns", "campaign_id", ("name", "purpose", "starts_at")),
    "surveys": ("survey_items", "item", ("construct",)),
}
PSEUDONYM = r"C-[A-Z2-7]{12}"


def rows_of(tables, customer_id: str) -> dict[str, pd.DataFrame]:
    """Every row of every clean table that names a customer, or follows a case or prospect of the customer's.

    Tables are read where they lie, also those of customers who are not drawn.

    Parameters
    ----------
    tables : regulars.dataset.Tables
    customer_id : str
        As the clean tables have it.

    Returns
    -------
    dict of str to pandas.DataFrame
        Table to rows, columns as in `regulars.catalog.TABLES`, in the order of the key; without those that have none.
        Beside the contacts of campaigns stand name, purpose and start of the campaign, beside answers the construct. A
        row that follows and names another customer is that one's, and left out.
    """
    found: dict[str, pd.DataFrame] = {}
    # first the tables that others follow
    for name in sorted(tables, key=lambda table: table in FOLLOWS):
        rows = tables.in_engine(name)
        named = [rows[column] == customer_id for column in NAMED_BY if column in rows.columns]
        whose, key = FOLLOWS.get(name, ("", ""))
        if whose in found and key in rows.columns:
            follows = rows[key].isin(found[whose][key].tolist())
            named.append(follows & rows["customer_id"].isnull() if "customer_id" in rows.columns else follows)
        if named:
            found[name] = _with_beside(tables, _read(rows.filter(reduce(or_, named)), name), name)
    return {name: found[name] for name in tables if len(found.get(name, ()))}


def _read(rows: "ir.Table", name: str) -> pd.DataFrame:
    frame = in_pandas(rows.order_by(list(catalog.TABLES[name].key)).to_pyarrow())
    return catalog.typed(frame, name)


def _with_beside(tables, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    other, key, columns = BESIDE.get(name, ("", "", ()))
    if other not in tables or rows.empty:
        return rows
    known = _read(tables.in_engine(other), other)
    new = [column for column in columns if column in known and column not in rows]
    return rows.merge(known[[key, *new]], on=key, how="left")


def whose(dataset, who: str) -> str:
    """Number of the customer whom a number or a pseudonym names.

    Parameters
    ----------
    dataset : regulars.dataset.Dataset
    who : str

    Returns
    -------
    str

    Raises
    ------
    UserError
        Where no table names such a customer, or pseudonyms are made under another key than the pages'.
    """
    who = str(who).strip()
    if re.fullmatch(PSEUDONYM, who):
        need_key_of_pages(dataset.name)
        for some in _numbers(dataset.tables):
            known = pd.Series(some, dtype="string")
            if (hit := pseudonyms(known, dataset.name) == who).any():
                return known[hit].iloc[0]
    if any(who in some for some in _numbers(dataset.tables, who)):
        return who
    raise UserError(
        f"No table of {dataset.name} names a customer '{who}': give the number as the source writes it, or the "
        "pseudonym of a page."
    )


def _numbers(tables, who: str | None = None) -> Iterator[Iterable[str]]:
    """Numbers of customers that each table names, of one alone where it is asked for."""
    for name in tables:
        rows = tables.in_engine(name)
        for column in NAMED_BY:
            if column in rows.columns:
                own = rows.filter(rows[column].notnull() if who is None else rows[column] == who)
                yield own.select(column).distinct().order_by(column).to_pyarrow().column(0).to_pylist()
