"""Whom to call first, with real ids: written on demand, for one pair of eyes, outside everything that travels."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from regulars import privacy, retention
from regulars.catalog.places import harmless
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.paths import project_root

OWNER_ONLY = 0o600
BASE = "customers"
WHEN = ("call_by", "next_order_low", "next_order_median", "next_order_high", "best_channel")


@dataclass(frozen=True)
class Written:
    """What was written.

    Parameters
    ----------
    file : pathlib.Path
        Where it lies.
    customers : int
        Rows of the list.
    without_consent : int
        Customers who belong on it and said no to being contacted.
    """

    file: Path
    customers: int
    without_consent: int


def call_list(
    scored: pd.DataFrame, base: pd.DataFrame | None, dataset: str, *, length: int, min_alive: float
) -> tuple[pd.DataFrame, int]:
    """Customers with the most money at risk, as the retention page lists them, under their real ids.

    Parameters
    ----------
    scored : pandas.DataFrame
        ``data/scored/<dataset>/customers.parquet``.
    base : pandas.DataFrame or None
        The clean table of customers, where it is supplied: its attributes stand beside each customer, and whoever
        said no to being contacted (``consent``) is left off.
    dataset : str
        Of which the pseudonyms are.
    length : int
        Customers of the page's list.
    min_alive : float
        Least chance of still being a customer.

    Returns
    -------
    list : pandas.DataFrame
        rank and customer (the pseudonym) as on the page, customer_id, and what is known of each.
    without_consent : int

    Examples
    --------
    >>> scored = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [2, 3], "p_alive": [0.4, 0.9],
    ...                        "value_at_risk": [30.0, 10.0], "customer_state": "dormant"})
    >>> scored = scored.astype({"customer_id": "string"})
    >>> base = pd.DataFrame({"customer_id": ["a", "b"], "consent": [False, True]}).astype({"customer_id": "string"})
    >>> listed, refused = call_list(scored, base, "demo", length=50, min_alive=0.1)
    >>> listed["customer_id"].tolist(), refused
    (['b'], 1)
    """
    listed = retention.at_risk(scored, length, min_alive=min_alive)
    listed.insert(1, "customer", privacy.pseudonyms(listed["customer_id"], dataset))
    when = [name for name in WHEN if name in scored and name not in listed]
    listed = listed.merge(scored[["customer_id", *when]], on="customer_id", how="left", validate="one_to_one")
    if base is None:
        return listed, 0
    new = [name for name in base if name == "customer_id" or name not in listed]
    listed = listed.merge(base[new], on="customer_id", how="left", validate="one_to_one")
    if "consent" not in listed:
        return listed, 0
    refused = listed["consent"].eq(False).fillna(False).astype(bool)
    return listed[~refused].reset_index(drop=True), int(refused.sum())


def write_call_list(dataset: str, output: Path | None = None) -> Written:
    """Write a dataset's call list as CSV that only its owner may read.

    Parameters
    ----------
    dataset : str
        One whose pages are built.
    output : Path, optional
        Default: ``private/<dataset>/call-list.csv``, which neither git nor DVC looks at.

    Returns
    -------
    Written

    Raises
    ------
    UserError
        Where the pages are not built, or the list would land among what the pipeline publishes.
    """
    opened, root = Dataset(dataset), project_root()
    settings = opened.settings("retention")
    file = (output.expanduser() if output else root / "private" / dataset / "call-list.csv").absolute()
    for shared in ("reports", "data", "models", "docs"):
        if file.resolve().is_relative_to(root / shared):
            raise UserError(f"{shared}/ is passed on, and the list holds real ids: write it elsewhere.")
    scored = opened.customers
    privacy.need_key_of_pages(dataset)
    base = opened.tables.get(BASE)
    listed, refused = call_list(scored, base, dataset, length=settings.list_length, min_alive=settings.call_min_alive)
    write_for_owner(file, harmless(listed).to_csv(index=False, lineterminator="\n").encode("utf-8-sig"))
    return Written(file, len(listed), refused)


def write_for_owner(file: Path, content: bytes) -> None:
    """Write a file that is never readable by others, not even while it is being written."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = file.with_name(f".{file.name}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY), "wb") as target:
        target.write(content)
    aside.replace(file)
