"""What every page says of its dataset: title, currency, window, what was supplied, how much was kept."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from regulars.catalog.places import exists, path, read_json


@dataclass(frozen=True)
class About:
    """What every page says of its dataset.

    Parameters
    ----------
    name, title, currency, time_zone : str
    simulated : bool
        Whether the numbers are of a simulated firm.
    observation_start, observation_end : datetime.date
        First and last day observed.
    supplied : tuple of str
        Tables that the firm supplied; orders are derived from order lines where only lines are.
    rows_raw, rows_kept : int
        Rows of the order log as it came, and those that cleaning kept.
    share : float
        Of the customers whose rows the pages are made from; 1 where all of them fit into memory.
    orders_sampled : bool
        Whether the log holds orders drawn from all, so that whether a customer comes back cannot be seen.
    """

    name: str
    title: str
    currency: str
    simulated: bool
    time_zone: str
    observation_start: date
    observation_end: date
    supplied: tuple[str, ...]
    rows_raw: int
    rows_kept: int
    share: float = 1.0
    orders_sampled: bool = False


def about_from_ledger(ledger: dict) -> About:
    """`About` from the block ``dataset`` of a ledger."""
    block = ledger["dataset"]

    def day(value) -> date:
        return date.fromisoformat(value) if isinstance(value, str) else value

    return About(
        **{key: block[key] for key in ("name", "title", "currency", "simulated", "time_zone", "rows_raw", "rows_kept")},
        observation_start=day(block["observation_start"]),
        observation_end=day(block["observation_end"]),
        supplied=tuple(block["supplied"]),
        orders_sampled=block.get("orders_sampled", False),
    )


def about(dataset: str, in_memory_rows: int = 0) -> About:
    """What the ledger of a cleaned dataset says of it.

    Parameters
    ----------
    dataset : str
    in_memory_rows : int
        Orders that may be read into memory; with more, the pages are made from a share of the customers. 0: any number.

    Raises
    ------
    UserError
        Where the dataset has not been cleaned.
    """
    found = about_from_ledger(read_json(Path("data", "clean", dataset, "ledger.json")))
    if not in_memory_rows or not exists("orders", dataset):
        return found
    rows = pq.read_metadata(path("orders", dataset)).num_rows
    return replace(found, share=min(1.0, in_memory_rows / max(rows, 1)))
