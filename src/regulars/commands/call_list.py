"""Whom to call first, with real ids: written on demand, for one pair of eyes, outside everything that travels."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from regulars import catalog, lots, privacy, retention, segments
from regulars.actions import lately_contacted
from regulars.catalog.places import csv_text
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.private_files import private_place, write_for_owner

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
    contacted_lately : int
        Customers who belong on it and were contacted within the cooldown, where the list heeds it.
    kept_back : int
        Customers who belong on it and are controls of a lot that still runs.
    """

    file: Path
    customers: int
    without_consent: int
    contacted_lately: int = 0
    kept_back: int = 0


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
    listed = _with_attributes(listed, base)
    refused = listed["customer_id"].isin(segments.refusing(base))
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
    opened = Dataset(dataset)
    settings = opened.settings("retention")
    file = private_place(output, dataset, "call-list.csv")
    scored = opened.customers
    privacy.need_key_of_pages(dataset)
    base = opened.tables.get(BASE)
    listed, refused = call_list(scored, base, dataset, length=settings.list_length, min_alive=settings.call_min_alive)
    listed, kept = _without_controls(listed, opened)
    write_for_owner(file, _as_csv(listed))
    return Written(file, len(listed), refused, kept_back=kept)


def write_monday(dataset: str, output: Path | None = None) -> Written | None:
    """Write Monday's list of all pages under real ids, with channel and reason; None where the stage has not run.

    Parameters
    ----------
    dataset : str
    output : Path, optional
        Default: ``private/<dataset>/monday.csv``.

    Returns
    -------
    Written or None
    """
    if not catalog.exists("scored.monday", dataset):
        return None
    opened = Dataset(dataset)
    listed = catalog.load("scored.monday", dataset)
    listed.insert(2, "customer", listed["customer_id"].astype("string"))
    known = listed["customer_id"].notna()
    listed.loc[known, "customer"] = privacy.pseudonyms(listed.loc[known, "customer_id"], dataset)
    listed = _with_attributes(listed, opened.tables.get(BASE))
    file = private_place(output, dataset, "monday.csv")
    write_for_owner(file, _as_csv(listed))
    return Written(file, len(listed), 0)


def write_segment(dataset: str, segment: str, output: Path | None = None) -> Written:
    """Write the customers of one segment, tier, state or stage for a mailing tool; who said no is left off.

    Parameters
    ----------
    dataset : str
    segment : str
        A value of any label of ``customers.parquet``, such as ``champions`` or ``vip``; ``tier=vip`` where two columns
        have it.
    output : Path, optional
        Default: ``private/<dataset>/segment-<segment>.csv``.

    Returns
    -------
    Written

    Raises
    ------
    UserError
        Where no customer is in it.
    """
    opened = Dataset(dataset)
    scored = opened.customers
    column, _, value = segment.rpartition("=")
    labels = [name for name in scored.select_dtypes("string") if name != "customer_id"]
    found = [name for name in labels if (not column or name == column) and scored[name].eq(value).any()]
    if not found:
        raise UserError(f"No customer of {dataset} is in '{segment}': name a value of {', '.join(labels)}.")
    if len(found) > 1:
        raise UserError(f"'{value}' stands in {' and '.join(found)}: write {found[0]}={value}.")
    rows = scored.loc[scored[found[0]].eq(value), ["customer_id", *labels]]
    base = opened.tables.get(BASE)
    rows = _with_attributes(rows, base)
    refused = rows["customer_id"].isin(segments.refusing(base))
    listed, kept = _without_controls(rows[~refused], opened)
    file = private_place(output, dataset, f"segment-{value}.csv")
    write_for_owner(file, _as_csv(listed))
    return Written(file, len(listed), int(refused.sum()), kept_back=kept)


def goods_list(
    model: segments.Recommender, asked: str, base: pd.DataFrame | None, lately=(), *, dataset: str
) -> tuple[pd.DataFrame, int, int]:
    """Whom to tell that goods have arrived: the likeliest buyers first.

    Parameters
    ----------
    model : Recommender
        Of `regulars.segments.fit_recommender`.
    asked : str
        A product by its id, or goods such as ``category=garden``: of new goods those that they are like.
    base : pandas.DataFrame or None
        The clean table of customers: who said no is left off.
    lately : sequence of str
        Customers who were contacted within the cooldown: left off too.
    dataset : str
        Of which the pseudonyms are.

    Returns
    -------
    list : pandas.DataFrame
        rank, customer (the pseudonym), customer_id, ``chance`` that a piece bought next is of them, ``times_usual``
        (that of all is 1; from `regulars.segments.TOLD_FROM` on), bought_before (orders that hold such goods), and
        attributes; of equal chances by id.
    without_consent, contacted_lately : int

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": list("aabbcc"), "order_id": list("123456"), "product_id": list("xxyyzz"),
    ...                       "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02"] * 3)})
    >>> model = segments.fit_recommender(lines, "2026-01-02", days=1)
    >>> listed, *left_off = goods_list(model, "x", None, dataset="demo")
    >>> listed[["rank", "customer_id", "bought_before"]].values.tolist(), left_off
    ([[1, 'a', 2]], [0, 0])
    """
    is_such = segments.such_goods(model, asked)
    chance = segments.chance_of(model, is_such)
    listed = pd.DataFrame({"customer_id": model.customers.astype("string"), "chance": chance})
    listed["times_usual"] = chance / model.popular[is_such].sum()
    listed["bought_before"] = np.asarray(model.bought[:, is_such].sum(axis=1)).ravel().astype(int)
    listed = listed[listed["times_usual"] >= segments.TOLD_FROM]
    listed = listed.sort_values(["chance", "customer_id"], ascending=[False, True])
    no = listed["customer_id"].isin(segments.refusing(base))
    just = listed["customer_id"].isin(list(lately)) & ~no
    left = listed[~no & ~just].reset_index(drop=True)
    left.insert(0, "rank", np.arange(1, len(left) + 1))
    left.insert(1, "customer", privacy.pseudonyms(left["customer_id"], dataset))
    return _with_attributes(left, base), int(no.sum()), int(just.sum())


def write_goods(dataset: str, asked: str, output: Path | None = None) -> Written:
    """Write whom to tell that goods have arrived, as CSV that only its owner may read.

    Parameters
    ----------
    dataset : str
        One whose pages are built, with order lines.
    asked : str
        A product by its id, or goods such as ``category=garden``.
    output : Path, optional
        Default: ``private/<dataset>/goods-<asked>.csv``.

    Returns
    -------
    Written

    Raises
    ------
    UserError
        Where there are no order lines, or no such goods.
    """
    opened = Dataset(dataset)
    if (lines := opened.tables.get("order_lines")) is None:
        raise UserError(f"{dataset} has no order_lines: supply them, and the list names whom goods will please.")
    model = segments.fit_recommender(lines, opened.end, days=opened.settings("segments").next_product_days)
    rules, shown = opened.settings("actions").campaigns, opened.tables.supplied("contacts", "campaign_contacts")
    lately = lately_contacted(shown, opened.end, rules.cooldown_days)
    name = re.sub(r"[^\w-]+", "-", asked).strip("-")
    file = private_place(output, dataset, f"goods-{name}.csv")
    privacy.need_key_of_pages(dataset)
    listed, refused, just = goods_list(model, asked, opened.tables.get(BASE), lately, dataset=dataset)
    listed, kept = _without_controls(listed, opened)
    write_for_owner(file, _as_csv(listed))
    return Written(file, len(listed), refused, just, kept)


def _without_controls(listed: pd.DataFrame, opened: Dataset) -> tuple[pd.DataFrame, int]:
    """The list without whom a lot that still runs keeps back, and how many those are."""
    days = opened.settings("actions").campaigns.outcome_days
    ids = opened.customers["customer_id"]
    back = listed["customer_id"].isin(lots.kept_back(opened.name, ids, end=opened.end, days=days))
    return listed[~back].reset_index(drop=True), int(back.sum())


def _with_attributes(listed: pd.DataFrame, base: pd.DataFrame | None) -> pd.DataFrame:
    if base is None:
        return listed
    new = [name for name in base if name == "customer_id" or name not in listed]
    return listed.merge(base[new], on="customer_id", how="left")


def _as_csv(table: pd.DataFrame) -> bytes:
    return csv_text(table).encode("utf-8-sig")
