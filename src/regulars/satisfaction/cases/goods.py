"""Goods that fail: products complained of more than others, and repairs within the warranty."""

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import pandas as pd
from scipy.special import gammaincinv
from scipy.stats import poisson

from regulars.errors import UserError
from regulars.finding import Finding, Remark, tells
from regulars.satisfaction.cases.tickets import FEW_CASES, Cases
from regulars.segments.products import descriptions
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import from_row, wilson

ROWS = 8  # of a table on a page
LEAST_ORDERED = 50  # times; of a product that was ordered less often a single complaint would put it first


class GoodsVerdict(StrEnum):
    """Whether a product is complained of more than chance explains.

    Few: too few complaints name a product. Unnamed: none does, or what was ordered is not known.
    """

    HIGH = "high"
    ALIKE = "alike"
    FEW = "few"
    UNNAMED = "unnamed"


def defects(tickets: pd.DataFrame, sold: Mapping[str, float], level: float = 0.9, min_sold: float = 1) -> pd.DataFrame:
    """Complaints for each thousand pieces sold of a product, with Poisson limits and whether they exceed the average.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``product_id``.
    sold : mapping
        Product to pieces sold.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    min_sold : float
        Products with fewer pieces are left out.

    Returns
    -------
    pandas.DataFrame
        ``product_id``, ``complaints``, ``n`` (sold), ``per_thousand`` with limits, ``is_high`` (Bonferroni).
    """
    pieces = pd.Series(sold, dtype=float)
    pieces = pieces[pieces >= min_sold]
    count = tickets["product_id"].astype(object).value_counts().reindex(pieces.index, fill_value=0)
    tail = (1 - level) / 2
    low = np.where(count > 0, gammaincinv(np.maximum(count, 1), tail), 0.0)
    table = pd.DataFrame(
        {
            "product_id": pieces.index.astype(str),
            "complaints": count.to_numpy(int),
            "n": pieces.to_numpy(),
            "per_thousand": 1000 * (count / pieces).to_numpy(),
            "per_thousand_low": 1000 * low / pieces.to_numpy(),
            "per_thousand_high": 1000 * gammaincinv(count.to_numpy() + 1.0, 1 - tail) / pieces.to_numpy(),
        }
    )
    usual = count.sum() / pieces.sum() if pieces.sum() else 0.0
    chance = poisson.sf(count.to_numpy() - 1, usual * pieces.to_numpy())
    table["is_high"] = chance < (1 - level) / max(len(table), 1)
    return table.sort_values(["per_thousand", "product_id"], ascending=[False, True], ignore_index=True)


def warranty_cost(units: pd.DataFrame, observation_end, level: float = 0.9) -> pd.DataFrame:
    """Repairs within the warranty by product: how many of the units sold, and what they cost.

    Parameters
    ----------
    units : pandas.DataFrame
        One row per unit sold: ``product_id``, ``sold_at``, ``warranty_until``, ``repaired_at`` (missing: never) and,
        where it is known, ``repair_cost``.
    observation_end : date
        Last day of the data: whose warranty runs on is counted.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        ``product_id``, ``n`` (units), ``repaired`` (in warranty), ``share`` with limits, ``cost`` (currency),
        ``under_warranty`` (units whose warranty still runs); the dearest first.
    """
    if "repair_cost" in units and (units["repair_cost"] < 0).any():
        row = units[units["repair_cost"] < 0].iloc[0]
        raise UserError(f"Table units, product {row['product_id']}: repair_cost is {row['repair_cost']:g}, below 0.")
    end = pd.Timestamp(observation_end)
    inside = (units["repaired_at"].notna() & (units["repaired_at"] <= units["warranty_until"])).astype(bool)
    cost = units["repair_cost"].astype(float).where(inside, 0.0) if "repair_cost" in units else float("nan")
    frame = units.assign(_inside=inside, _cost=cost, _runs=units["warranty_until"] >= end)
    table = frame.groupby(frame["product_id"].astype(object)).agg(
        n=("_inside", "size"), repaired=("_inside", "sum"), cost=("_cost", "sum"), under_warranty=("_runs", "sum")
    )
    table = table.rename_axis("product_id").reset_index()
    table["share"] = table["repaired"] / table["n"]
    table["share_low"], table["share_high"] = wilson(table["repaired"], table["n"], level)
    return table.sort_values(["cost", "product_id"], ascending=[False, True], ignore_index=True)


def repaired_parts(units: pd.DataFrame, observation_end, level: float = 0.9) -> pd.DataFrame:
    """Parts by how many of the repairs they make; the warranty of a repaired part starts anew.

    Parameters
    ----------
    units : pandas.DataFrame
        ``part``, ``repaired_at``, ``warranty_until``; ``repair_cost`` and ``part_warranty_until`` where recorded.
    observation_end : date
        Last day of the data.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        ``part``, ``repaired``, ``n`` (all repairs with a part), ``share`` with limits, ``cost`` (currency), ``renewed``
        (units whose own warranty is over while that of the part still runs); the most frequent first.

    Examples
    --------
    >>> day = pd.Timestamp("2026-01-01")
    >>> units = pd.DataFrame({"part": ["lid", "lid", "leg"], "repaired_at": day, "warranty_until": day,
    ...                       "part_warranty_until": [pd.Timestamp("2027-01-01"), day, day]})
    >>> repaired_parts(units, "2026-06-30")[["part", "repaired", "renewed"]].to_numpy().tolist()
    [['lid', 2, 1], ['leg', 1, 0]]
    """
    end = pd.Timestamp(observation_end)
    done = units[units["part"].notna() & units["repaired_at"].notna() & (units["repaired_at"] <= end)]
    until = done["part_warranty_until"] if "part_warranty_until" in done else pd.Series(pd.NaT, index=done.index)
    cost = done["repair_cost"].astype(float) if "repair_cost" in done else float("nan")
    done = done.assign(_cost=cost, _renewed=((done["warranty_until"] < end) & (until >= end)).astype(bool))
    table = done.groupby(done["part"].astype(object)).agg(
        repaired=("_renewed", "size"), cost=("_cost", lambda paid: paid.sum(min_count=1)), renewed=("_renewed", "sum")
    )
    table = table.rename_axis("part").reset_index().astype({"part": "string"}).assign(n=len(done))
    table["share"] = table["repaired"] / table["n"]
    table["share_low"], table["share_high"] = wilson(table["repaired"], table["n"], level)
    return table.sort_values(["repaired", "part"], ascending=[False, True], ignore_index=True)


@tells
def tell_goods(
    cases: Cases, lines: pd.DataFrame | None, units: pd.DataFrame | None, *, end, settings: SatisfactionSettings
) -> Finding:
    """Which products are complained of more than others, and what repairs within the warranty cost.

    Parameters
    ----------
    cases : Cases
        Complaints count that name their ``product_id``.
    lines : pandas.DataFrame or None
        ``product_id``, ``quantity`` and, where it is known, ``description``: what was ordered. Complaints are set
        beside the number of times that a product was ordered, not beside pieces: who orders a hundred complains once.
    units : pandas.DataFrame or None
        Clean table ``units``, as of `warranty_cost`.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``interval_level``.

    Returns
    -------
    Finding
        Verdict a `GoodsVerdict`; frames ``products``, ``units`` and ``parts``.
    """
    level = settings.interval_level
    facts: dict[str, object] = {}
    frames: dict[str, pd.DataFrame] = {}
    remarks: list[Remark] = []
    names = pd.Series(dtype=object) if lines is None else descriptions(lines)
    if units is not None and len(units) and "repaired_at" in units:
        facts |= _repairs(units, end, level, frames, names)
        remarks = _parts(units, end, settings, frames)
    named = cases.complaints
    named = named.dropna(subset=["product_id"]) if "product_id" in named else named.head(0)
    if lines is None or named.empty:
        return Finding(GoodsVerdict.UNNAMED, facts, frames, remarks=remarks)
    ordered = lines.loc[lines["quantity"] > 0, "product_id"].astype(object).value_counts()
    table = defects(named, ordered, level, LEAST_ORDERED)
    facts["cases"] = len(named)
    if len(named) < FEW_CASES or table.empty:
        return Finding(GoodsVerdict.FEW, facts | {"few": FEW_CASES}, frames, remarks=remarks)
    table["product"] = _called(table["product_id"], names)
    high = table[table["is_high"]]
    table = pd.concat([high, table[~table["is_high"]]], ignore_index=True)
    frames["products"] = table.head(ROWS).astype({"product": "string"})
    first = table.iloc[0]
    facts |= {"product": str(first["product"]), "rate": from_row(first, "per_thousand"), "least": LEAST_ORDERED}
    facts |= {"usual": float(1000 * table["complaints"].sum() / table["n"].sum()), "products": len(table)}
    facts["cases"] = int(table["complaints"].sum())
    if high.empty:
        return Finding(GoodsVerdict.ALIKE, facts, frames, remarks=remarks)
    return Finding(GoodsVerdict.HIGH, facts | {"high": len(high)}, frames, remarks=remarks)


def _called(products: pd.Series, names: pd.Series) -> pd.Series:
    """Name of each product with its id behind it, once; its id alone where it has no name."""

    def called(product) -> str:
        name = names.get(product)
        return product if name is None else name if name.endswith(f"({product})") else f"{name} ({product})"

    return products.astype(object).map(called).astype("string")


def _repairs(units, observation_end, level, frames, names):
    table = warranty_cost(units, observation_end, level)
    frames["units"] = table.head(ROWS).assign(product=lambda rows: _called(rows["product_id"], names))
    known = table["cost"].notna().any() and "repair_cost" in units
    return {
        "units": int(table["n"].sum()),
        "repaired": int(table["repaired"].sum()),
        "repair_cost": float(table["cost"].sum()) if known else None,
        "running": int(table["under_warranty"].sum()),
    }


def _parts(units, end, settings, frames) -> list[Remark]:
    """Parts that were repaired, and units that only the warranty of a repaired part still covers."""
    if "part" not in units or not units["part"].notna().any():
        return [Remark("partless")]
    table = repaired_parts(units, end, settings.interval_level)
    shown = large_enough(table, "repaired", settings.privacy_min_cell).reset_index(drop=True)
    if len(shown):
        frames["parts"] = shown.head(ROWS)
    if "part_warranty_until" not in units or not units["part_warranty_until"].notna().any():
        return [Remark("undated")]
    return [Remark("renewed", {"renewed": int(table["renewed"].sum()), "repairs": int(table["repaired"].sum())})]
