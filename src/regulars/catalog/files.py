"""Tables and records read and written, checked on load and on save, the same bytes for the same rows."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.catalog.places import path, write_parquet
from regulars.catalog.schemas import typed, validate
from regulars.catalog.tables import ARROW_TYPES, TABLES
from regulars.errors import UserError

if TYPE_CHECKING:
    import ibis.expr.types as ir


def load(name: str, dataset: str, share: float = 1.0, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Read a table and check it.

    Parameters
    ----------
    name : str
        A name in `TABLES`.
    dataset : str
    share : float
        Of the customers whose rows are read; below 1 they are drawn by a hash of the id, the same in every table, and
        the others never leave the engine. Rows without a customer are drawn by their own key, events go with their
        case or prospect; items, visits and plans are read whole; of campaigns' cost, which is spent on all customers,
        this share is told.
    columns : tuple of str, optional
        All that is read and checked; whether the key is unique is then left to what `save` has checked.

    Returns
    -------
    pandas.DataFrame
        Columns as in `TABLES`; text as ``string``, dates as ``datetime64``, money as ``float64``.

    Raises
    ------
    UserError
        Where the table is absent or breaks its schema.
    """
    file = path(name, dataset)
    if not file.is_file():
        raise UserError(f"{TABLES[name].relative_path(dataset)} is not there: run `regulars reports {dataset}`.")
    from regulars.engine.embedded import in_pandas

    if share >= 1:
        rows = pq.read_table(file, columns=None if columns is None else list(columns))
    else:
        rows = _drawn(name, dataset, share)
        rows = rows if columns is None else rows.select(list(columns))
    return validate(typed(in_pandas(rows), name), name, columns)


def in_engine(name: str, dataset: str) -> "ir.Table":
    """A clean table where it lies, as an Ibis table of the embedded engine: no row of it comes to Python."""
    from regulars.engine.embedded import embedded

    return embedded().read_parquet(path(name, dataset))


HEX_DIGITS = 8  # of the hash by which customers are drawn


EVENTS_OF = {"ticket_events": ("tickets", "ticket_id"), "prospect_events": ("prospects", "prospect_id")}
OWN_ID = {"identities": "external_id"}  # by which rows without a customer are drawn, where the key begins otherwise
READ_WHOLE = ("survey_items", "mystery_visits", "interaction_plan")


def _drawn(name: str, dataset: str, share: float) -> pa.Table:
    """Rows of the customers that are drawn: the first digits of an id's MD5 are as good as random, on any machine."""
    below = _digits(share)
    rows = in_engine(name, dataset)
    if name in EVENTS_OF:  # they go with what they are events of
        other, by = EVENTS_OF[name]
        rows = rows.semi_join(_with_owner_drawn(in_engine(other, dataset), other, below), by)
    elif name == "referrals":  # either side: whoever is drawn knows whom they referred, and who was referred
        rows = rows.filter(_is_drawn(rows, below, "referrer_id") | _is_drawn(rows, below, "referred_id"))
    elif name == "campaigns":
        paid = [column for column in ("planned_cost", "actual_cost") if column in rows.columns]
        rows = rows.mutate(**{column: rows[column].cast("float64") * share for column in paid})
    elif name not in READ_WHOLE:
        rows = _with_owner_drawn(rows, name, below)
    return rows.order_by(list(TABLES[name].key)).to_pyarrow()


def rows_of_some(rows: "ir.Table", share: float) -> "ir.Table":
    """Rows of a share of the customers, the same ones on any engine; all of them where the share is 1.

    Parameters
    ----------
    rows : ibis Table
        With a customer_id.
    share : float
        Of the customers.

    Returns
    -------
    ibis Table

    Examples
    --------
    >>> import pandas as pd
    >>> from regulars.engine.embedded import as_table
    >>> orders = as_table(pd.DataFrame({"customer_id": [f"c{n % 40}" for n in range(80)]}))
    >>> some = rows_of_some(orders, 0.5)
    >>> 10 < some.customer_id.nunique().to_pyarrow().as_py() < 30, some.count().to_pyarrow().as_py() % 2
    (True, 0)
    """
    return rows if share >= 1 else rows.filter(_is_drawn(rows, _digits(share), "customer_id"))


def _digits(share: float) -> str:
    """The hash below which a customer is drawn."""
    return f"{min(round(share * 16**HEX_DIGITS), 16**HEX_DIGITS - 1):0{HEX_DIGITS}x}"


def _with_owner_drawn(rows: "ir.Table", name: str, below: str) -> "ir.Table":
    who = ("customer_id",) if "customer_id" in rows.columns else ()
    return rows.filter(_is_drawn(rows, below, *who, OWN_ID.get(name, TABLES[name].key[0])))


def _is_drawn(rows: "ir.Table", below: str, *columns: str) -> "ir.BooleanValue":
    """Whether the first of some ids that a row has is drawn."""
    ids = [rows[column].cast("string") for column in columns]
    return (ids[0] if len(ids) == 1 else ids[0].coalesce(*ids[1:])).hexdigest("md5") < below


def save(frame: pd.DataFrame, name: str, dataset: str) -> Path:
    """Check a table and write it, sorted by its key, floats rounded to 10 significant digits.

    Returns
    -------
    pathlib.Path
        The file written: under the stage's staging folder, or under ``scratch/`` when run by hand.
    """
    table, rows = TABLES[name], typed(frame, name)
    number = _key_numbers([rows[column] for column in table.key])
    place = np.argsort(number, kind="stable")
    is_unique = bool((np.diff(number[place]) > 0).all())
    checked = validate(rows, name, keyed=not is_unique)
    is_in_order = bool((np.diff(place) == 1).all())
    checked = checked if is_in_order else checked.iloc[place]
    return write_parquet(checked, table.relative_path(dataset), {c.name: ARROW_TYPES[c.kind] for c in table.columns})


def _key_numbers(columns: list[pd.Series]) -> np.ndarray:
    """One number per row, in the order of the key: text is compared once, for the order and for what is double."""
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        code, found = pd.factorize(column)
        rank = np.empty(len(found) + 1, dtype=np.int64)
        rank[pd.Series(found, dtype=found.dtype).argsort(kind="stable").to_numpy()] = np.arange(len(found))
        rank[-1] = len(found)  # what is missing comes last
        number = pd.factorize(number, sort=True)[0] if number.size and number.max() > 2**31 else number
        number = number * (len(found) + 1) + rank[code]
    return number
