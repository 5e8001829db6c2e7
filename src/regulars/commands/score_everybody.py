"""From raw orders to scores where the orders lie: no customer comes to this process, however many there are."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars import cleaning
from regulars.catalog.files import rows_of_some
from regulars.cleaning.heaps import order_log
from regulars.clv.in_engine import EngineScores, score_in_engine
from regulars.clv.level import Level, read_level
from regulars.clv.margins import known_margin, taken
from regulars.engine import embedded as engine
from regulars.errors import UserError
from regulars.paths import project_root
from regulars.purchases import Purchases
from regulars.settings import Economics, ValueSettings, stage_settings
from regulars.sources.mapping import Mapping, load_mapping
from regulars.sources.raw import RawTable, check_header, read_manifest, read_raw

if TYPE_CHECKING:
    import ibis.expr.types as ir

PUBLISHED = ("reports", "models", "docs")


@dataclass(frozen=True)
class Scored:
    """What was done.

    Parameters
    ----------
    found : EngineScores
    orders : ibis Table
        Clean orders, in the engine.
    account : dict
        The order log's part of the ledger.
    level : Level
        What many logs teach of one like this: how far totals may be off, and whether scenarios of dropout would decide.
    """

    found: EngineScores
    orders: "ir.Table"
    account: dict
    level: Level


def score(dataset: str, settings: dict | None = None) -> Scored:
    """Clean the orders of a dataset, summarise, fit and score, all in the engine that ``params.yaml`` names.

    Parameters
    ----------
    dataset : str
        Its orders are read where they lie if that is the engine's own Spark; else from ``data/raw``.
    settings : dict, optional
        Of the engine, in place of those of ``params.yaml``.

    Returns
    -------
    Scored

    Raises
    ------
    UserError
        Where the engine does not answer, does not hold the orders, or the orders do not allow a fit.
    """
    mapping = load_mapping(dataset)
    value: Any = stage_settings("value", dataset)
    settings = engine.limits() if settings is None else settings
    name = order_log(mapping.tables)
    with engine.sentences(f"{mapping.file}: tables.{name}"):
        _refuse_elsewhere(mapping, name, settings)
        place = engine.connect(settings)
        raw = _raw(place, mapping, name)
        orders, account = cleaning.clean_orders(place, mapping, raw)
        orders = orders.cache()
        end = mapping.observation_end or orders.ordered_at.max().to_pyarrow().as_py().date()
        level = level_of_some(orders, end, value)
        found = score_in_engine(
            orders,
            end,
            economics=known_costs(value.economics, orders),
            certainty=level.certainty(value.certainty),
            zero_spend_is_purchase=value.zero_spend_is_purchase,
        )
    return Scored(found, orders, account, level)


def level_of_some(orders: "ir.Table", observation_end: date, value: ValueSettings) -> Level:
    """What many logs teach of one like this, read from customers drawn by a hash of their ids.

    Parameters
    ----------
    orders : ibis Table
        customer_id, ordered_at, amount.
    observation_end : date
    value : ValueSettings
        Its ``in_memory_rows`` (orders that may come here), ``judged_customers`` and ``level_uncertainty``.

    Returns
    -------
    Level
    """
    share = value.in_memory_rows / max(orders.count().to_pyarrow().as_py(), 1)
    some = rows_of_some(orders, share).select("customer_id", "ordered_at", "amount")
    purchases = Purchases.of(engine.in_pandas(some.to_pyarrow()), zero_spend_is_purchase=value.zero_spend_is_purchase)
    return read_level(
        purchases.sample(value.judged_customers, value.seed), observation_end, value.horizon_days,
        uncertainty=value.level_uncertainty, time_unit=value.time_unit,
    )  # fmt: skip


def known_costs(economics: Economics, orders) -> Economics:
    """Economics with the margin of known costs, summed where the orders lie."""
    if "cost" not in orders.columns:
        return economics
    known = orders.cost.notnull()
    row = orders.aggregate(
        revenue=orders.amount.sum(where=known), cost=orders.cost.sum(where=known), of_all=orders.amount.sum()
    )
    revenue, cost, of_all = (float(value or 0) for value in row.to_pyarrow().to_pylist()[0].values())
    return taken(economics, *known_margin(revenue, cost, of_all=of_all))


def destination(dataset: str, output: str = "", settings: dict | None = None) -> str:
    """Where the scores will be written, settled before the work begins.

    Parameters
    ----------
    dataset : str
    output : str
        A Parquet file; of Spark a folder or a URI that all its workers see. Default, for DuckDB alone:
        ``private/<dataset>/scores.parquet``.
    settings : dict, optional
        As for `score`.

    Returns
    -------
    str

    Raises
    ------
    UserError
        Where Spark is not told where to write, DuckDB is given a URI, or the place is one that is passed on.
    """
    root, url = project_root(), (engine.limits() if settings is None else settings).get("url", engine.EMBEDDED)
    if url.startswith(engine.SPARK) and not output:
        raise UserError("Spark's workers write the scores: name a folder or a URI that all of them see with --output.")
    if "://" in output:
        if url.startswith(engine.SPARK):
            return output
        raise UserError(f"{output}: only Spark writes there; name a file, or a Spark as engine.url in params.yaml.")
    target = (root / (output or f"private/{dataset}/scores.parquet")).resolve()
    for shared in PUBLISHED:
        if target.is_relative_to(root / shared):
            raise UserError(f"{shared}/ is passed on, and the scores hold real ids: write them elsewhere.")
    return str(target)


def write(scored: Scored, target: str) -> None:
    """Have the engine write the scores, one row per customer under the real ids.

    Parameters
    ----------
    scored : Scored
    target : str
        From `destination`.

    Raises
    ------
    UserError
        Where Spark finds something there already.
    """
    scores = scored.found.scores
    place = scores.get_backend()
    with engine.sentences(target):
        if place.name != "duckdb":
            place._session.sql(place.compile(scores)).write.mode("errorifexists").parquet(target)
            return
        file = Path(target)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = file.with_name(f".{file.name}.new")
        before = os.umask(0o077)  # never readable by others, not even while it is being written
        try:
            scores.to_parquet(aside)
        finally:
            os.umask(before)
        aside.replace(file)


def _refuse_elsewhere(mapping: Mapping, name: str, settings: dict) -> None:
    """Stop where the orders lie in a Spark that is not the engine: what is done there cannot be done here."""
    from regulars.engine.spark import master

    url = mapping.tables[name].get("url", "")
    if url.startswith(engine.SPARK) and master(url) != master(settings.get("url", "")):
        raise UserError(
            f"{mapping.file}: tables.{name}: the orders lie in Spark at {master(url)}, where only Spark can work on "
            "them; name it in params.yaml as engine.url, or build the pages, for which they are copied."
        )


def _raw(place, mapping: Mapping, name: str) -> RawTable:
    table = mapping.tables[name]
    if not table.get("url", "").startswith(engine.SPARK):
        return read_raw(mapping, name, read_manifest(mapping.name))
    from regulars.engine import spark

    label = f"{mapping.file}: tables.{name}"
    if table["fill_down"]:
        raise UserError(
            f"{label}.fill_down: rows that lie in Spark do not stand above one another; fill the cells in the "
            "query (such as first_value over the order), or build the pages, for which the rows are copied."
        )
    if "path" in table["refunds"]:
        raise UserError(
            f"{label}.refunds.path: a file of refunds cannot be set beside rows in Spark; join it in the query, "
            "or build the pages, for which the rows are copied."
        )
    header, data, rows = spark.read_text(place, table, mapping.time_zone, label)
    shown = f"{spark.master(table['url'])}, {table.get('table', 'the query')}"
    if not rows:
        raise UserError(f"{label}: {shown} has no rows; supply some.")
    check_header(mapping, name, header, shown)
    return RawTable(name, data, header, ((shown, rows),))
