"""Score customers where their orders lie, in DuckDB or in Spark: none of them comes to Python, however many there are.

The same expressions run on either. The engine nets days, aggregates customers and counts distinct histories; Python
fits on histories with weights, and says once per history what is to be expected; the engine joins that back. Money
enters the fit by frequency and logarithm of spend in bins of a five-hundredth, which moves no parameter by more than a
millionth. Where there are more orders than DuckDB can group in memory, customers are dealt out to parts on disk first,
and each part is grouped on its own (Spark does so by itself): all sums are of whole numbers, so that the number of
parts changes no digit.
"""

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa

from regulars.clv._progress import with_progress
from regulars.clv.beta_geo import BetaGeoFitter
from regulars.clv.gamma_gamma import GammaGammaFitter
from regulars.clv.spend import choose_spend_model
from regulars.clv.uncertainty import spread_interval, total_spread
from regulars.clv.value import check_margin, continuous_rate, expected_spend, if_alive, units
from regulars.engine.embedded import bring, fetch, set_aside
from regulars.errors import UserError
from regulars.purchases import unit_days
from regulars.purchases_in_engine import customer_days
from regulars.settings import Certainty, Economics
from regulars.statistics.intervals import Estimate

if TYPE_CHECKING:
    import ibis.expr.types as ir

SPEND_BINS = 512  # per unit of the natural logarithm of spend
SPREAD_HISTORIES = 50_000  # on which the part of the parameters in a total's interval is reckoned
ROWS_PER_PART = 40_000_000  # orders that are grouped at a time: about 3 GB
HISTORY = ("frequency", "recency_days", "T_days")  # what distinguishes one history from another
MICRO = 1e6  # money is summed in whole millionths: sums of floats depend on the order in which threads finish


@dataclass(frozen=True)
class EngineScores:
    """Scores that stay in the engine.

    Parameters
    ----------
    scores : ibis Table
        One row per customer in no order: customer_id, first_ordered_at, last_ordered_at, frequency, recency, T,
        monetary_value, spend, expected_orders, p_alive, spend_per_order, spend_is_prior, clv, value_if_alive,
        p_active, value_at_risk. To be written by the engine.
    customers, histories, spenders : int
        How many customers, distinct histories, and rows of spend the models were fitted on.
    model, spend_model : fitters
        Of orders, and of spend.
    orders_total, clv_total : Estimate
        Over the horizon. Their intervals hold the doubt about the level and the parameters; chance, less than a
        thousandth of a total of a million orders, is left out.
    parts : int
        In how many the customers were grouped. With more than one they lie on disk, in the folder that was given or in
        a temporary one, which goes when this object does.
    """

    scores: "ir.Table"
    customers: int
    histories: int
    spenders: int
    model: BetaGeoFitter
    spend_model: GammaGammaFitter
    orders_total: Estimate
    clv_total: Estimate
    parts: int = 1


def score_in_engine(
    orders: "ir.Table",
    observation_end: date,
    *,
    economics: Economics,
    certainty: Certainty,
    zero_spend_is_purchase: bool = False,
    folder: Path | str | None = None,
    rows_per_part: int = ROWS_PER_PART,
) -> EngineScores:
    """Summarise, fit and score any number of customers inside the engine that holds their orders.

    Parameters
    ----------
    orders : ibis Table
        customer_id, ordered_at, amount, of an engine from `regulars.engine.embedded.connect`, whose settings say how
        much memory may be used and where to spill.
    observation_end : date
        Last day observed; later orders are left out.
    economics : Economics
        Margin, annual discount rate, horizon, time unit of the models, and the days of P(active).
    certainty : Certainty
        Level of the totals' intervals, and what no model sees of their level; nothing is drawn.
    zero_spend_is_purchase : bool
        Whether a day with a net spend of exactly zero is a purchase day.
    folder : path, optional
        Where the parts are kept, as long as the scores are in use; by default a temporary folder.
    rows_per_part : int
        Orders above which DuckDB deals customers out to parts on disk, each of about so many orders: what one part
        takes has to fit into its memory or is spilled.

    Returns
    -------
    EngineScores

    Raises
    ------
    UserError
        Where the orders do not allow a fit.

    Examples
    --------
    >>> import pandas as pd
    >>> from regulars.engine.embedded import as_table
    >>> days = pd.date_range("2024-01-01", periods=200)
    >>> log = pd.DataFrame({"customer_id": [f"c{n * n % 53}" for n in range(200)], "ordered_at": days,
    ...                     "amount": [9.0 + n % 7 for n in range(200)]})
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=0)
    >>> found = score_in_engine(as_table(log), date(2024, 12, 31), economics=economics, certainty=certainty)
    >>> found.customers, (found.scores.clv > 0).sum().to_pyarrow().as_py()
    (27, 27)
    """
    margin, time_unit = economics.margin, economics.time_unit
    check_margin(margin)
    known = _Customers(orders, observation_end, zero_spend_is_purchase, folder, rows_per_part)
    customers = known.table
    histories, spenders = (_columns(expression) for expression in (_histories(customers), _spenders(customers)))
    weights = histories["customers"].astype(float)
    history = _history(histories, unit_days(time_unit))
    model, spend_model = _fit(history, weights, spenders)

    horizon = units(economics.horizon_months, time_unit)
    rate = continuous_rate(economics.annual_discount_rate, time_unit)
    x, t_x, T = history
    alive = model._alive(x, t_x, T)
    orders_if_alive, discounted = if_alive(model, x, t_x, T, horizon, rate)
    by_frequency = np.unique(history[0], return_inverse=True)
    base, slope, prior = _spend_line(spend_model, *by_frequency)
    active = units(days=economics.active_within_days, time_unit=time_unit)
    told = pa.table(
        {
            **{name: histories[name] for name in HISTORY},
            "recency": history[1],
            "T": history[2],
            "expected_orders": alive * orders_if_alive,
            "p_alive": alive,
            "p_active": model._active(np.full(weights.size, active), *history),
            "margin_orders": margin * alive * discounted,
            "margin_if_alive": margin * discounted,
            "spend_base": base,
            "spend_slope": slope,
            "spend_prior": np.full(weights.size, prior),
        }
    )
    scores = _scores(customers, bring(customers, told))
    own = history[0] > 0
    sums = [weights] + [np.where(own, histories[name].astype(float), 0.0) for name in ("paying", "money")]
    sums[2] /= MICRO
    said = alive, orders_if_alive, margin * discounted
    orders_total, clv_total = _totals(
        model, spend_model, history, by_frequency, sums=sums, said=said, horizon=horizon, certainty=certainty
    )
    found = EngineScores(
        scores,
        customers=int(weights.sum()),
        histories=weights.size,
        spenders=spenders["frequency"].size,
        model=model,
        spend_model=spend_model,
        orders_total=orders_total,
        clv_total=clv_total,
        parts=known.parts,
    )
    if known.temporary:
        weakref.finalize(found, shutil.rmtree, known.temporary, ignore_errors=True)
    return found


class _Customers:
    """One row per customer, in the engine: a temporary table, or Parquet files of one part each."""

    def __init__(self, orders, observation_end, zero_spend_is_purchase, folder, rows_per_part):
        self.parts, self.temporary = 1, None
        engine = orders.get_backend()

        def known(log):
            return customer_days(log, observation_end, zero_spend_is_purchase=zero_spend_is_purchase)

        if engine.name == "duckdb":
            self.parts = max(1, -(-orders.count().to_pyarrow().as_py() // int(rows_per_part)))
        if self.parts == 1:
            self.table = known(orders).cache()
            return
        if folder is None:
            folder = self.temporary = tempfile.mkdtemp(prefix="regulars-parts-")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        dealt, kept = folder / "regulars_orders", folder / "regulars_customers"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        try:
            narrow = orders.select(
                "customer_id",
                ordered_at=orders.ordered_at.cast("date"),
                amount=orders.amount.cast("decimal(18, 4)"),
                part=(_hash(orders.customer_id) % self.parts).cast("int32"),
            )
            set_aside(narrow, dealt, by="part")
            # an empty part has no folder
            for number, part in enumerate(with_progress(sorted(dealt.glob("part=*")), "parts")):
                log = engine.read_parquet(part / "*.parquet", hive_partitioning=False)
                set_aside(known(log), kept / f"{number:04}.parquet")
                shutil.rmtree(part)
        except BaseException:
            shutil.rmtree(self.temporary or kept, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(dealt, ignore_errors=True)
        self.table = engine.read_parquet(kept / "*.parquet")


@ibis.udf.scalar.builtin(name="hash", signature=(("string",), "uint64"))
def _hash(customer_id):
    """DuckDB's own."""


def _histories(customers: "ir.Table") -> "ir.Table":
    """Distinct histories: how many customers share each, how many of them paid again, and the sum of their means."""
    return customers.group_by(list(HISTORY)).aggregate(
        customers=customers.count(),
        paying=customers.monetary_value.count(),
        money=_micros(customers.monetary_value).sum().fill_null(0).cast("int64"),
    ).order_by(list(HISTORY))  # fmt: skip


def _spenders(customers: "ir.Table") -> "ir.Table":
    """Customers who paid again, by frequency and by the bin of their mean spend."""
    paying = customers.filter((customers.frequency > 0) & (customers.monetary_value > 0))
    paying = paying.mutate(bin=(paying.monetary_value.ln() * SPEND_BINS).floor().cast("int32"))
    binned = paying.group_by("frequency", "bin").aggregate(
        customers=paying.count(), money=_micros(paying.monetary_value).sum().cast("int64")
    )
    return binned.order_by("frequency", "bin")


def _micros(money: "ir.FloatingValue") -> "ir.IntegerValue":
    return (money * MICRO).round().cast("int64")


def _columns(expression: "ir.Table") -> dict[str, np.ndarray]:
    return {name: column.to_numpy() for name, column in zip(expression.columns, fetch(expression).columns, strict=True)}


def _scores(customers: "ir.Table", told: "ir.Table") -> "ir.Table":
    """What is told of each history, joined back to the customers who have it."""
    joined = customers.inner_join(told, list(HISTORY))
    own = ((joined.frequency > 0) & (joined.monetary_value > 0)).fill_null(False)
    own_spend = joined.spend_base + joined.spend_slope * joined.monetary_value
    joined = joined.mutate(spend_is_prior=~own, spend_per_order=own.ifelse(own_spend, joined.spend_prior))
    return joined.select(
        "customer_id",
        "first_ordered_at",
        "last_ordered_at",
        frequency=joined.frequency.cast("int64"),
        recency=joined.recency,
        T=joined["T"],
        monetary_value=joined.monetary_value,
        spend=joined.spend,
        expected_orders=joined.expected_orders,
        p_alive=joined.p_alive,
        spend_per_order=joined.spend_per_order,
        spend_is_prior=joined.spend_is_prior,
        clv=joined.spend_per_order * joined.margin_orders,
        value_if_alive=joined.spend_per_order * joined.margin_if_alive,
        p_active=joined.p_active,
        value_at_risk=joined.spend_per_order * (joined.margin_if_alive - joined.margin_orders),
    )


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


def _totals(model, spend_model, history, by_frequency, *, sums, said, horizon, certainty):
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
            return float(chosen @ (other._alive(*few) * other.orders_if_alive(t, *few)))

        by_model.append(total_spread(model, so_many))
    by_spend = total_spread(spend_model, lambda other: float((alive * worth) @ spend(other)))
    n, unseen = int(customers.sum()), certainty.level_uncertainty
    return [
        spread_interval(total, float(np.hypot(unseen, np.hypot(*errors) / total)), certainty.level, n)
        if total > 0
        else Estimate(total, total, total, n)  # a margin of zero or less
        for total, errors in zip(totals, ((by_model[0], 0.0), (by_model[1], by_spend)), strict=True)
    ]
