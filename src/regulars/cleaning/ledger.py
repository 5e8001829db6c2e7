"""The ledger: every raw row in exactly one heap, in rows and in money, shown by anti-joins."""

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from regulars.cleaning.heaps import ORDER_TABLES, Heaps, count_rows, order_log
from regulars.cleaning.money import ADJUSTED, WRITTEN
from regulars.cleaning.one_person import reattributed
from regulars.labels import Fate, Reason
from regulars.sources.mapping import Mapping
from regulars.sources.raw import ROW

ENGINE_NAMES = {"pyspark": "spark"}


class LedgerError(RuntimeError):
    """The ledger does not add up: a fault of the program, never of the data."""


def account_of(heaps: Heaps) -> dict:
    """Ledger of one table, after it has been held against the raw rows."""
    check_rows(heaps)
    fates = heaps.fates
    summed = fates.group_by("fate", "reason").aggregate(
        rows=fates.count(), raw=fates.amount_raw.sum(), kept=fates.amount_kept.fill_null(fates.amount_raw).sum()
    )
    turn = [*Fate], ["", *(reason.value for reason in Reason)]
    groups = sorted(
        summed.to_pyarrow().to_pylist(),
        key=lambda group: (turn[0].index(group["fate"]), turn[1].index(group["reason"] or "")),
    )
    has_money = heaps.raw.name in ORDER_TABLES
    counts = {fate.value: sum(group["rows"] for group in groups if group["fate"] == fate) for fate in Fate}
    account: dict = {"rows": {"raw": heaps.raw.source.rows} | counts}
    if sum(counts.values()) != heaps.raw.source.rows:
        raise LedgerError(f"table {heaps.raw.name}: the heaps hold another number of rows than the file")
    if has_money:
        account["amount"] = _amounts(heaps, groups)
        account |= _as_written(heaps, account["amount"]["raw"])
    account["reasons"] = {
        group["reason"]: {"fate": group["fate"], "rows": group["rows"]}
        | ({"amount": _amount_of(group)} if has_money else {})
        for group in groups
        if group["reason"]
    }
    account["found"] = heaps.found
    if (moved := reattributed(heaps.kept)) is not None:
        account["reattributed"] = moved
    if passed := heaps.raw.source.passed_over:
        account["passed_over"] = passed
    return account


def _as_written(heaps: Heaps, raw: Decimal) -> dict:
    """Money as the file says it, and what makes the raw money another: refunds in a column, tax, signs."""
    rows = heaps.raw.rows
    if WRITTEN not in rows.columns:
        return {}
    parts = [name for name in ADJUSTED if name in rows.columns]
    sums = {name: rows[name].sum() for name in (WRITTEN, *parts)} | {
        f"{name}_rows": (rows[name] != 0).sum() for name in parts
    }
    found = rows.aggregate(**sums).to_pyarrow().to_pylist()[0]
    adjusted = {
        name.removeprefix("_"): {"rows": int(found[f"{name}_rows"]), "amount": found[name]}
        for name in parts if found[f"{name}_rows"]
    }  # fmt: skip
    total = sum((part["amount"] for part in adjusted.values()), found[WRITTEN] or Decimal(0))
    if total != raw:
        raise LedgerError(f"table {heaps.raw.name}: as written and adjusted it is {total}, the rows hold {raw}")
    return {"written": found[WRITTEN], "adjusted": adjusted} if adjusted else {}


def _amounts(heaps: Heaps, groups: list[dict]) -> dict[str, Decimal]:
    """Money by fate; raw money is summed from the rows as they were read, not from the heaps."""

    def total(fate: Fate, what: str) -> Decimal:
        return sum((group[what] or Decimal(0) for group in groups if group["fate"] == fate), Decimal(0))

    kept, rejected = total(Fate.KEPT, "kept"), total(Fate.REJECTED, "kept")
    # what returns took from rows that stay, or are rejected later, belongs to the pairs that undo each other
    taken = total(Fate.KEPT, "raw") - kept + total(Fate.REJECTED, "raw") - rejected
    amounts = {
        "raw": heaps.raw.rows.amount_raw.sum().to_pyarrow().as_py() or Decimal(0),
        Fate.KEPT.value: kept,
        Fate.MERGED.value: total(Fate.MERGED, "raw"),
        Fate.NETTED.value: total(Fate.NETTED, "raw") + taken,
        Fate.REJECTED.value: rejected,
    }
    parts = sum(amounts[fate.value] for fate in Fate)
    if parts != amounts["raw"]:
        raise LedgerError(f"table {heaps.raw.name}: raw money is {amounts['raw']}, its parts add up to {parts}")
    if amounts[Fate.NETTED]:
        raise LedgerError(f"table {heaps.raw.name}: what returns undid leaves {amounts[Fate.NETTED]}, not nothing")
    return amounts


def _amount_of(group: dict) -> Decimal:
    """Money of a reason: what a return took from a sale that stays, what a credit still takes away, or all of it."""
    raw, kept = group["raw"] or Decimal(0), group["kept"] or Decimal(0)
    if group["reason"] == Reason.REDUCED_BY_RETURN:
        return raw - kept
    return kept if group["fate"] in (Fate.KEPT, Fate.REJECTED) else raw


def check_rows(heaps: Heaps) -> None:
    """Hold the heaps against the raw rows: none lost, none made up, none in two heaps."""
    raw, fates = heaps.raw.text.select(ROW), heaps.fates.select(ROW)
    counted = fates.group_by(ROW).aggregate(times=fates.count())
    faults = {
        "lost": raw.anti_join(fates, ROW),
        "made up": fates.anti_join(raw, ROW),
        "in two heaps": counted.filter(counted.times > 1).select(ROW),
    }
    found = ibis.union(*(rows.mutate(fault=ibis.literal(fault)) for fault, rows in faults.items()))
    for fault in found.order_by("fault", ROW).limit(1).to_pyarrow().to_pylist():
        raise LedgerError(f"table {heaps.raw.name}: row {fault[ROW]} is {fault['fault']}")


def check_tables(kept: dict[str, ir.Table], accounts: dict[str, dict]) -> dict:
    """The tables that are handed over hold the rows and the money that the ledger says; figures of the orders."""
    for name, account in accounts.items():
        if count_rows(kept[name]) != account["rows"][Fate.KEPT]:
            raise LedgerError(f"table {name}: the clean table has another number of rows than the ledger")
    main, orders = accounts[order_log(accounts)], kept["orders"]
    found = orders.aggregate(
        rows=orders.count(), amount=orders.amount.sum(), first=orders.ordered_at.min(), last=orders.ordered_at.max()
    )
    found = found.to_pyarrow().to_pylist()[0]
    tolerance = Decimal("0.00005") * found["rows"]  # an order is kept to four decimals
    if abs(found["amount"] - main["amount"][Fate.KEPT]) > tolerance:
        raise LedgerError(f"the orders hold {found['amount']}, the ledger says {main['amount'][Fate.KEPT]}")
    return found


def dataset_block(mapping: Mapping, orders: dict, main: dict, engine: str) -> dict:
    return {
        "name": mapping.name,
        "title": mapping.title,
        "source": mapping.source,
        "currency": mapping.currency,
        "simulated": mapping.simulated,
        "time_zone": mapping.time_zone,
        "observation_start": mapping.observation_start or orders["first"].date(),
        "observation_end": mapping.observation_end or orders["last"].date(),
        "supplied": list(mapping.tables),
        "rows_raw": main["rows"]["raw"],
        "rows_kept": main["rows"][Fate.KEPT],
        "engine": engine,
    } | _only_where_told(mapping)


def _only_where_told(mapping: Mapping) -> dict:
    """The rates by which money was converted, as the mapping has them; whether the log is a sample of the orders."""
    rates = {code: {str(since or "always"): rate for since, rate in steps} for code, steps in mapping.rates.items()}
    return ({"rates": rates} if rates else {}) | ({"orders_sampled": True} if mapping.orders_sampled else {})


def nothing_left(heaps: Heaps, account: dict) -> str:
    reason, worst = max(account["reasons"].items(), key=lambda item: item[1]["rows"])
    return (
        f"{heaps.raw.source.files[0][0]}: no row of {heaps.raw.name} is left after cleaning; {worst['rows']} of "
        f"{account['rows']['raw']} rows are {worst['fate']} as '{reason}'; check the mapping of that column."
    )
