"""Score customers where their orders lie: none of them passes through pandas, however many there are.

The engine nets days, aggregates customers and counts distinct histories; Python fits on histories with weights, and
says once per history what is to be expected; the engine joins that back. Money enters the fit by frequency and
logarithm of spend in bins of a five-hundredth, which moves no parameter by more than a millionth. Where there are more
orders than the engine can group in memory, customers are dealt out to parts on disk first, and each part is grouped on
its own: all sums are of whole numbers, so that the number of parts changes no digit.
"""

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.clv._progress import with_progress
from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.spend import choose_spend_model
from regulars.clv.uncertainty import spread_interval, total_spread
from regulars.clv.value import _check_margin, _if_alive, continuous_rate, expected_spend, units
from regulars.errors import UserError
from regulars.intervals import Estimate
from regulars.rfm import unit_days

if TYPE_CHECKING:
    import duckdb

SPEND_BINS = 512  # per unit of the natural logarithm of spend
SPREAD_HISTORIES = 50_000  # on which the part of the parameters in a total's interval is reckoned
ROWS_PER_PART = 40_000_000  # orders that are grouped at a time: about 3 GB
MICRO = 1e6  # money is summed in whole millionths: sums of floats depend on the order in which threads finish

# decimals and arg_min give the same numbers as `regulars.rfm.rfm_expression`, without a window over all purchase days
_CUSTOMERS = """
WITH purchase_days AS (
    SELECT customer_id, CAST(ordered_at AS DATE) AS day,
        CAST(sum(CAST(amount AS DECIMAL(18, 4))) AS DECIMAL(18, 4)) AS net
    FROM {orders} WHERE ordered_at < TIMESTAMP '{after}'
    GROUP BY ALL HAVING net {sign} 0
), known AS (
    SELECT customer_id, min(day) AS first_ordered_at, max(day) AS last_ordered_at, count(*) - 1 AS repeats,
        count(*) FILTER (net > 0) AS paid, arg_min(net, day) AS first_net, sum(net) AS spend
    FROM purchase_days GROUP BY customer_id
)
SELECT customer_id, first_ordered_at, last_ordered_at, CAST(repeats AS INTEGER) AS frequency,
    CAST(last_ordered_at - first_ordered_at AS INTEGER) AS recency_days,
    CAST(DATE '{end}' - first_ordered_at AS INTEGER) AS T_days,
    CASE WHEN paid > CAST(first_net > 0 AS INTEGER) THEN CAST(spend - first_net AS DOUBLE)
        / (paid - CAST(first_net > 0 AS INTEGER)) END AS monetary_value,
    CAST(spend AS DOUBLE) AS spend
FROM known"""

_DEAL = """
COPY (
    SELECT customer_id, CAST(ordered_at AS DATE) AS ordered_at, CAST(amount AS DECIMAL(18, 4)) AS amount,
        CAST(hash(customer_id) % {parts} AS INTEGER) AS part
    FROM {orders} WHERE ordered_at < TIMESTAMP '{after}'
) TO '{folder}' (FORMAT parquet, PARTITION_BY (part), OVERWRITE)"""

_HISTORIES = """
SELECT frequency, recency_days, T_days, count(*) AS customers, count(monetary_value) AS paying,
    coalesce(sum(CAST(round(monetary_value * {micro}) AS BIGINT)), 0) AS money
FROM {customers} GROUP BY ALL ORDER BY ALL"""

_SPENDERS = """
SELECT frequency, CAST(floor(ln(monetary_value) * {bins}) AS INTEGER) AS bin, count(*) AS customers,
    sum(CAST(round(monetary_value * {micro}) AS BIGINT)) AS money
FROM {customers} WHERE frequency > 0 AND monetary_value > 0 GROUP BY ALL ORDER BY ALL"""

_SCORES = """
CREATE OR REPLACE TEMP VIEW {scores} AS
WITH joined AS (
    SELECT *, frequency > 0 AND monetary_value > 0 IS TRUE AS own,
        CASE WHEN own THEN spend_base + spend_slope * monetary_value ELSE spend_prior END AS spend_per_order
    FROM {customers} JOIN {histories} USING (frequency, recency_days, T_days)
)
SELECT customer_id, first_ordered_at, last_ordered_at, CAST(frequency AS BIGINT) AS frequency, recency, T,
    monetary_value, spend, expected_orders, p_alive, spend_per_order, NOT own AS spend_is_prior,
    spend_per_order * margin_orders AS clv, spend_per_order * margin_if_alive AS value_if_alive, p_active,
    spend_per_order * (margin_if_alive - margin_orders) AS value_at_risk
FROM joined"""


@dataclass(frozen=True)
class EngineScores:
    """Scores that stay in the engine.

    Parameters
    ----------
    scores : str
        Name of a temporary view in the connection, one row per customer in no order: customer_id, first_ordered_at,
        last_ordered_at, frequency, recency, T, monetary_value, spend, expected_orders, p_alive, spend_per_order,
        spend_is_prior, clv, value_if_alive, p_active, value_at_risk.
    customers, histories, spenders : int
        How many customers, distinct histories, and rows of spend the models were fitted on.
    model, spend_model : fitters
    orders_total, clv_total : Estimate
        Over the horizon. Their intervals hold the doubt about the level and the parameters; chance, less than a
        thousandth of a total of a million orders, is left out.
    parts : int
        In how many the customers were grouped. With more than one they lie on disk, in the folder that was given or in
        a temporary one, which goes when this object does.
    """

    scores: str
    customers: int
    histories: int
    spenders: int
    model: BetaGeoFitter
    spend_model: GammaGammaFitter
    orders_total: Estimate
    clv_total: Estimate
    parts: int = 1


def score_in_engine(
    connection: "duckdb.DuckDBPyConnection",
    orders: str,
    observation_end: date,
    *,
    margin: float,
    annual_discount_rate: float,
    horizon_months: float,
    active_within_days: float,
    time_unit: str = "week",
    zero_spend_is_purchase: bool = False,
    interval_level: float = 0.9,
    level_uncertainty: float = 0.12,
    name: str = "regulars",
    folder: Path | str | None = None,
    rows_per_part: int = ROWS_PER_PART,
) -> EngineScores:
    """Summarise, fit and score any number of customers inside DuckDB.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Its settings say how much memory may be used and where to spill.
    orders : str
        SQL of a relation with customer_id, ordered_at, amount: a table's name, or ``read_parquet('orders.parquet')``.
    observation_end : date
        Last day observed; later orders are left out.
    margin, annual_discount_rate, horizon_months, active_within_days, time_unit
        As for `regulars.clv.scoring.score_customers`.
    zero_spend_is_purchase : bool
        As for `regulars.rfm.rfm_summary`.
    interval_level, level_uncertainty : float
        Of the totals.
    name : str
        Beginning of the names of the temporary tables.
    folder : path, optional
        Where the parts are kept, as long as the scores are in use; by default a temporary folder.
    rows_per_part : int
        Orders above which customers are dealt out to parts on disk, each of about so many orders: what one part takes
        has to fit into the engine's memory or is spilled.

    Returns
    -------
    EngineScores

    Raises
    ------
    UserError
        Where the orders do not allow a fit.

    Examples
    --------
    >>> import duckdb
    >>> connection = duckdb.connect()
    >>> _ = connection.sql('''CREATE TABLE log AS SELECT 'c' || hash(i) % 50 AS customer_id,
    ...     DATE '2024-01-01' + CAST(hash(-i) % 300 AS INTEGER) AS ordered_at, 9 + hash(i + 500) % 7 AS amount
    ...     FROM range(200) t(i)''')
    >>> found = score_in_engine(connection, "log", date(2024, 12, 31), margin=0.3, annual_discount_rate=0.1,
    ...                         horizon_months=12, active_within_days=90)
    >>> found.customers, connection.sql(f"FROM {found.scores} WHERE clv > 0").df().shape[0]
    (50, 50)
    """
    _check_margin(margin)
    sign = ">=" if zero_spend_is_purchase else ">"
    end = pd.Timestamp(observation_end).normalize()
    days = {"end": end.date().isoformat(), "after": (end + pd.Timedelta(days=1)).date().isoformat()}
    known = _Customers(connection, orders, name, {"sign": sign, **days}, folder, rows_per_part)
    names = {part: f'"{name}_{part}"' for part in ("histories", "scores")} | {"customers": known.relation}
    histories = connection.sql(_HISTORIES.format(micro=MICRO, **names)).fetchnumpy()
    spenders = connection.sql(_SPENDERS.format(micro=MICRO, bins=SPEND_BINS, **names)).fetchnumpy()
    weights = histories["customers"].astype(float)
    history = _history(histories, unit_days(time_unit))
    model, spend_model = _fit(history, weights, spenders)

    horizon, rate = units(horizon_months, time_unit), continuous_rate(annual_discount_rate, time_unit)
    alive = model._alive(*history)
    orders_if_alive, discounted = _if_alive(model, *history, horizon, rate)
    by_frequency = np.unique(history[0], return_inverse=True)
    base, slope, prior = _spend_line(spend_model, *by_frequency)
    active = units(days=active_within_days, time_unit=time_unit)
    told = pd.DataFrame(
        {
            "frequency": histories["frequency"],
            "recency_days": histories["recency_days"],
            "T_days": histories["T_days"],
            "recency": history[1],
            "T": history[2],
            "expected_orders": alive * orders_if_alive,
            "p_alive": alive,
            "p_active": model._active(np.full(weights.size, active), *history),
            "margin_orders": margin * alive * discounted,
            "margin_if_alive": margin * discounted,
            "spend_base": base,
            "spend_slope": slope,
            "spend_prior": prior,
        }
    )
    connection.register("regulars_histories_frame", told)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {names['histories']} AS SELECT * FROM regulars_histories_frame")
    connection.unregister("regulars_histories_frame")
    connection.execute(_SCORES.format(**names))
    own = history[0] > 0
    sums = [weights] + [np.where(own, histories[name].astype(float), 0.0) for name in ("paying", "money")]
    sums[2] /= MICRO
    futures = horizon, interval_level, level_uncertainty
    totals = _totals(
        model, spend_model, history, by_frequency, sums, (alive, orders_if_alive, margin * discounted), *futures
    )
    sizes = int(weights.sum()), weights.size, spenders["frequency"].size
    found = EngineScores(names["scores"], *sizes, model, spend_model, *totals, known.parts)
    if known.temporary:
        weakref.finalize(found, shutil.rmtree, known.temporary, ignore_errors=True)
    return found


class _Customers:
    """One row per customer, as the relation of that name: a temporary table, or Parquet files of one part each."""

    def __init__(self, connection, orders, name, words, folder, rows_per_part):
        rows = connection.sql(f"SELECT count(*) FROM {orders}").fetchall()[0][0]
        self.parts, self.temporary = max(1, -(-rows // int(rows_per_part))), None
        if self.parts == 1:
            self.relation = f'"{name}_customers"'
            query = _CUSTOMERS.format(orders=orders, **words)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {self.relation} AS {query}")
            return
        if folder is None:
            folder = self.temporary = tempfile.mkdtemp(prefix="regulars-parts-")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        dealt, kept = folder / f"{name}_orders", folder / f"{name}_customers"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        try:
            text = {key: _text(path) for key, path in (("dealt", dealt), ("kept", kept))}
            connection.execute(_DEAL.format(orders=orders, parts=self.parts, folder=text["dealt"], **words))
            # an empty part has no folder
            for number, part in enumerate(with_progress(sorted(dealt.glob("part=*")), "parts")):
                files = f"read_parquet('{_text(part)}/*.parquet', hive_partitioning = false)"
                query = _CUSTOMERS.format(orders=files, **words)
                connection.execute(f"COPY ({query}) TO '{text['kept']}/{number:04}.parquet' (FORMAT parquet)")
                shutil.rmtree(part)
        except BaseException:
            shutil.rmtree(self.temporary or kept, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(dealt, ignore_errors=True)
        self.relation = f"read_parquet('{text['kept']}/*.parquet')"


def _text(path) -> str:
    """Path inside a text of SQL."""
    return str(path).replace("'", "''")


def _history(histories, days_per_unit):
    """Frequency, recency and T in the time unit."""
    x = histories["frequency"].astype(float)
    return x, histories["recency_days"] / days_per_unit, histories["T_days"] / days_per_unit


def _fit(history, weights, spenders):
    count = spenders["customers"].astype(float)
    money = spenders["money"].astype(float) / MICRO / count
    try:
        model = BetaGeoFitter().fit(*history, weights=weights)
        return model, choose_spend_model(spenders["frequency"].astype(float), money, weights=count).model
    except ValueError as error:
        raise UserError(f"These orders cannot be modelled: {error}") from error


def _spend_line(spend_model, frequencies, back):
    """Expected spend per order is a line in a customer's own mean: base and slope by frequency, and the prior.

    Reckoned once per distinct frequency, handed out to the histories that have it.
    """
    x = frequencies
    once, twice = (expected_spend(spend_model, x, np.full(x.size, m)) for m in (1.0, 2.0))
    slope = np.where(x > 0, twice - once, 0.0)
    prior = float(expected_spend(spend_model, np.zeros(1), np.zeros(1))[0])
    return (once - slope)[back], slope[back], prior


def _totals(model, spend_model, history, by_frequency, sums, said, horizon, level, level_uncertainty):
    """Orders and value of all customers, from the sums of each history: customers, those who paid, their means."""
    customers, paying, money = sums
    alive, orders, worth = said
    expected = alive * orders

    def spend(other):
        base, slope, prior = _spend_line(other, *by_frequency)
        return base * paying + slope * money + prior * (customers - paying)

    each = spend(spend_model)
    totals = float(customers @ expected), float((alive * worth) @ each)
    # how totals move with the parameters is told by a part of the histories, evenly spaced in their order
    part = slice(None, None, -(-customers.size // SPREAD_HISTORIES))
    few, t = [column[part] for column in history], np.full(customers[part].size, horizon)
    per_order = np.divide(worth, orders, out=np.zeros_like(worth), where=orders > 0)  # margin and discount of one order
    by_model = []
    for weights, total in zip((customers, per_order * each), totals, strict=True):
        chosen = weights[part] / max(weights[part] @ expected[part], 1e-300) * total

        def so_many(other, chosen=chosen):
            return float(chosen @ (other._alive(*few) * other._orders_if_alive(t, *few)))

        by_model.append(total_spread(model, so_many))
    by_spend = total_spread(spend_model, lambda other: float((alive * worth) @ spend(other)))
    n = int(customers.sum())
    return [
        spread_interval(total, float(np.hypot(level_uncertainty, np.hypot(*errors) / total)), level, n)
        if total > 0
        else Estimate(total, total, total, n)  # a margin of zero or less
        for total, errors in zip(totals, ((by_model[0], 0.0), (by_model[1], by_spend)), strict=True)
    ]
