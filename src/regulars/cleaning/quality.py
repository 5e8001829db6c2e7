"""What the data are good for: the ledger told in steps, gaps in time, and whether there is enough to conclude from.

Rows are counted and summed where they lie, by the engine; what comes here has a row per day, per reason or per example.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from regulars.finding import Finding, Remark, tells
from regulars.labels import Fate, Reason

RAW = "raw"
MOST = 0.9  # share of rows kept from which the log counts as mostly usable
# set aside because the mapping says so, and nothing that anybody has to mend
BY_RULE = frozenset({
    Reason.EXACT_DUPLICATE, Reason.CANCELLED_SALE, Reason.CANCELLATION, Reason.RETURN_OF_PART, Reason.TEST_ORDER,
    Reason.ORDER_WITHOUT_LINES, Reason.VOID_ORDER, Reason.BEFORE_OBSERVATION, Reason.AFTER_OBSERVATION,
    Reason.NON_PRODUCT, Reason.NEGATIVE_QUANTITY, Reason.ZERO_AMOUNT, Reason.REPEATED_KEY,
})  # fmt: skip
WORTH_ACTING = 0.01  # share of the raw money from which a reason is worth acting upon
GAP_ORDERS = 20.0  # orders that one would have expected in a stretch without any, for it to be called a gap
SMOOTHING_DAYS = 57
WEEK = 7
EXAMPLE_COLUMNS = ("table", "reason", "row", "ordered_at", "product_id", "quantity", "amount")


class Supply(StrEnum):
    """Where a clean table comes from."""

    SUPPLIED = "supplied"
    DERIVED = "derived"
    ABSENT = "absent"


class Sufficiency(StrEnum):
    """What there has to be enough of."""

    CUSTOMERS = "customers"
    DAYS = "days"
    RECENT = "recent"
    REPEATERS = "repeaters"


def main_table(ledger: dict) -> str:
    """Table that says what customers spent: orders where they are supplied, else order_lines."""
    return "orders" if "orders" in ledger["tables"] else "order_lines"


def ledger_finding(ledger: dict) -> Finding:
    """Answer of the quality page: how much of the order log is usable, and what most of the rest is.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean.clean` gives it.

    Returns
    -------
    Finding
        ``whole`` where every row arrived as it came, ``most`` where at least nine tenths are kept, ``ruled`` where what
        is wrong with rows set fewer than a tenth aside and the mapping's rules the others, else ``part``.
        Facts: raw (rows), money (raw money); unless ``whole`` also kept (share of rows), kept_money, and reason, rows,
        amount of the reason that set most rows aside: with ``ruled`` of the rules, with ``part`` of what is wrong.
        With ``ruled`` also by_rule (rows).

    Examples
    --------
    >>> account = {"rows": {"raw": 4, "kept": 3}, "amount": {"raw": 9, "kept": 7},
    ...            "reasons": {"missing_customer": {"fate": "rejected", "rows": 1, "amount": 2}}}
    >>> finding = ledger_finding({"tables": {"orders": account}})
    >>> finding.verdict, finding.facts["reason"], finding.facts["kept"]
    ('part', <Reason.MISSING_CUSTOMER: 'missing_customer'>, 0.75)
    """
    account = ledger["tables"][main_table(ledger)]
    facts = {"raw": account["rows"][RAW], "money": float(account["amount"][RAW])}
    aside = {code: reason for code, reason in account["reasons"].items() if reason["fate"] != Fate.KEPT}
    if not aside:
        return Finding("whole", facts)
    rows, kept = account["rows"][RAW], account["rows"][Fate.KEPT]
    ruled = {code: reason for code, reason in aside.items() if code in BY_RULE}
    by_rule = sum(reason["rows"] for reason in ruled.values())
    verdict = "most" if kept >= MOST * rows else "ruled" if kept + by_rule > MOST * rows else "part"
    wrong = {code: reason for code, reason in aside.items() if code not in ruled}
    code, worst = max({"most": aside, "ruled": ruled, "part": wrong}[verdict].items(), key=lambda item: item[1]["rows"])
    facts |= {"kept": kept / rows, "kept_money": float(account["amount"][Fate.KEPT])}
    facts |= {"reason": Reason(code), "rows": worst["rows"], "amount": float(worst["amount"])}
    return Finding(verdict, facts | ({"by_rule": by_rule} if verdict == "ruled" else {}))


def waterfall(ledger: dict, what: str = "rows") -> pd.DataFrame:
    """From raw to kept, reason by reason, in rows or in money.

    Parameters
    ----------
    ledger : dict
    what : {"rows", "amount"}
        In money the pairs that undo each other are left out: they sum to nothing.

    Returns
    -------
    pandas.DataFrame
        step (raw, a `regulars.labels.Reason`, kept), the column `what` (totals as they are, steps negative), is_total.

    Examples
    --------
    >>> account = {"rows": {"raw": 4, "kept": 3}, "amount": {"raw": 9, "kept": 7},
    ...            "reasons": {"missing_customer": {"fate": "rejected", "rows": 1, "amount": 2}}}
    >>> waterfall({"tables": {"orders": account}})["rows"].tolist()
    [4, -1, 3]
    """
    account = ledger["tables"][main_table(ledger)]
    number = int if what == "rows" else float
    rows = [(RAW, number(account[what][RAW]), True)]
    for code, reason in account["reasons"].items():
        pairs = what == "amount" and reason["fate"] == Fate.NETTED
        if reason["fate"] != Fate.KEPT and reason[what] and not pairs:
            rows.append((code, -number(reason[what]), False))
    rows.append((Fate.KEPT.value, number(account[what][Fate.KEPT]), True))
    return pd.DataFrame(rows, columns=["step", what, "is_total"]).astype({"step": "string"})


@tells
def tell_ledger(ledger: dict, names: list[str]) -> Finding:
    """Where the rows went: steps from raw to kept, in rows and in money, and every table.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean.clean` gives it.
    names : list of str
        All clean tables.

    Returns
    -------
    Finding
        Verdict as of `ledger_finding`; frames ``waterfall``, ``money`` (where a row was set aside), ``tables``.
    """
    account, verdict = ledger["tables"][main_table(ledger)], ledger_finding(ledger).verdict
    money = {name: account["amount"][name] for name in (Fate.KEPT.value, Fate.MERGED.value, Fate.REJECTED.value)}
    facts = {"raw": account["rows"][RAW], "kept_rows": account["rows"][Fate.KEPT], "money": account["amount"][RAW]}
    frames = {"waterfall": waterfall(ledger, "rows"), "tables": tables_overview(ledger, names)}
    if verdict != "whole":
        frames["money"] = waterfall(ledger, "amount")
    copies = copies_kept(ledger)
    remarks = [Remark("copies", {"copies": copies})] if copies else []
    return Finding(verdict, facts | money, frames, remarks=remarks)


@tells
def tell_reasons(reasons: pd.DataFrame, examples: pd.DataFrame) -> Finding:
    """Why rows were set aside, with some to look at; of `worst_reasons` and `example_rows`."""
    if reasons.empty:
        return Finding("whole")
    first = reasons.iloc[0]
    facts = {"reason": first["reason"], "share": float(first["share"])}
    return Finding("some", facts, {"worst": reasons, "examples": examples})


@tells
def tell_gaps(days: pd.DataFrame, start: date, end: date) -> Finding:
    """Whether stretches of time are missing from the log; parameters as of `gaps`."""
    weeks, found = weekly_orders(days, start, end), gaps(days, start, end)
    seen = {"least": weeks["orders"].min(), "most": weeks["orders"].max()}
    if found.empty:
        return Finding("none", seen, {"weeks": weeks})
    worst = found.nlargest(1, "expected")
    facts = {"gaps": len(found), "days": worst["days"].sum(), "expected": worst["expected"].sum()}
    return Finding("some", facts | seen, {"weeks": weeks, "list": found})


@tells
def tell_sufficiency(checks: pd.DataFrame, min_orders: int) -> Finding:
    """Whether there is enough to conclude from.

    Parameters
    ----------
    checks : pandas.DataFrame
        Of `sufficiency`.
    min_orders : int
        Orders from which a customer came often.
    """
    found = sufficiency_finding(checks)
    state = checks["is_met"].map({True: "met", False: "not_met"})
    table = checks.assign(state=state, affects=checks["check"])
    return Finding(found.verdict, {**found.facts, "min_orders": min_orders}, {"conditions": table})


def copies_kept(ledger: dict) -> int:
    """Rows of the order log that are exact copies and are kept all the same, because the mapping says so."""
    account = ledger["tables"][main_table(ledger)]
    merged = account["reasons"].get(Reason.EXACT_DUPLICATE.value)
    return 0 if merged else account["found"].get(Reason.EXACT_DUPLICATE.value, 0)


def tables_overview(ledger: dict, names: list[str]) -> pd.DataFrame:
    """Every table of the catalogue: supplied or not, and what became of its rows.

    Parameters
    ----------
    ledger : dict
    names : list of str
        Clean tables, in the order of the result.

    Returns
    -------
    pandas.DataFrame
        table, supply (`Supply`), raw, kept, merged, netted, rejected (rows; missing where not supplied).
    """
    columns = [RAW, *(fate.value for fate in Fate)]
    rows = []
    for name in names:
        account = ledger["tables"].get(name)
        supply = Supply.SUPPLIED if account else Supply.DERIVED if name == "orders" else Supply.ABSENT
        counts = account["rows"] if account else {}
        rows.append({"table": name, "supply": supply.value} | {column: counts.get(column) for column in columns})
    kinds = {"table": "string", "supply": "string"} | dict.fromkeys(columns, "Int64")
    return pd.DataFrame(rows, columns=["table", "supply", *columns]).astype(kinds)


def worst_reasons(ledger: dict, n: int = 10) -> pd.DataFrame:
    """Reasons that touched most rows, over all tables.

    Returns
    -------
    pandas.DataFrame
        table, reason, fate, rows, share (of the table's raw rows), amount (currency; missing where a table holds no
        money); most rows first, at most n.
    """
    rows = [
        (name, code, reason["fate"], reason["rows"], reason["rows"] / account["rows"][RAW], reason.get("amount"))
        for name, account in ledger["tables"].items()
        for code, reason in account["reasons"].items()
    ]
    table = pd.DataFrame(rows, columns=["table", "reason", "fate", "rows", "share", "amount"])
    kinds = {"table": "string", "reason": "string", "fate": "string", "rows": "int64", "share": float, "amount": float}
    return table.astype(kinds).sort_values("rows", ascending=False, kind="stable", ignore_index=True).head(n)


def example_rows(changed: Mapping[str, ir.Table], reasons: pd.DataFrame, n: int = 5) -> pd.DataFrame:
    """First rows that fell under each of some reasons, without personal columns.

    Parameters
    ----------
    changed : mapping of str to ibis Table
        By table the rows that did not arrive as they came, as `regulars.cleaning.clean.clean` gives them.
    reasons : pandas.DataFrame
        Columns table and reason, as `worst_reasons` gives them.
    n : int
        Rows of each reason.

    Returns
    -------
    pandas.DataFrame
        table, reason, row (counted from 1 in the raw table), ordered_at, product_id, quantity, amount; taking turns
        by reason, so that the first rows show as many reasons as there are.
    """
    found = [_first_rows(changed[name], sorted(codes), n) for name, codes in reasons.groupby("table")["reason"]]
    if not found:
        return pd.DataFrame(columns=list(EXAMPLE_COLUMNS))
    known = reasons[["table", "reason"]].assign(_place=range(len(reasons)))
    chosen = pd.concat(found).astype({"table": "string", "reason": "string"}).merge(known, on=["table", "reason"])
    chosen = chosen.sort_values(["_turn", "_place"], kind="stable", ignore_index=True)
    return chosen[list(EXAMPLE_COLUMNS)]


def _first_rows(changed: ir.Table, codes: list[str], n: int) -> pd.DataFrame:
    shown = changed.filter(changed.reason.isin(codes)).select(*EXAMPLE_COLUMNS)
    turn = ibis.row_number().over(ibis.window(group_by="reason", order_by="row"))
    shown = shown.mutate(amount=shown.amount.cast("float64"), _turn=turn)
    return shown.filter(shown._turn < n).to_pyarrow().to_pandas()


# ---- the orders in figures -------------------------------------------------------------------------------------


def figures(orders: ir.Table) -> pd.DataFrame:
    """The range of an order log, in one row.

    Parameters
    ----------
    orders : ibis Table
        customer_id, ordered_at, amount.

    Returns
    -------
    pandas.DataFrame
        orders, customers, first, last (day), least, median, mean, most (amount of an order).

    Examples
    --------
    >>> from regulars.engine.embedded import as_table
    >>> log = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [1.0, 2.0, 6.0],
    ...                     "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-05", "2024-03-01"])})
    >>> figures(as_table(log))[["orders", "customers", "median", "mean"]].to_numpy().tolist()
    [[3.0, 2.0, 2.0, 3.0]]
    """
    amount, moment = orders.amount.cast("float64"), orders.ordered_at
    row = orders.aggregate(
        orders=orders.count(), customers=orders.customer_id.nunique(), first=moment.min(), last=moment.max(),
        least=amount.min(), median=amount.median(), mean=amount.mean(), most=amount.max(),
    ).to_pyarrow().to_pandas()  # fmt: skip
    return row.assign(first=row["first"].dt.normalize(), last=row["last"].dt.normalize())


def by_day(orders: ir.Table) -> pd.DataFrame:
    """Orders and revenue of each day that has any.

    Parameters
    ----------
    orders : ibis Table
        ordered_at, amount.

    Returns
    -------
    pandas.DataFrame
        day, orders, revenue (currency); in order of time.
    """
    dated = orders.select("amount", day=orders.ordered_at.date())
    days = dated.group_by("day").aggregate(orders=dated.count(), revenue=dated.amount.sum().cast("float64"))
    table = days.order_by("day").to_pyarrow().to_pandas(date_as_object=False)
    return table.astype({"day": "datetime64[us]"})


# ---- gaps in time ----------------------------------------------------------------------------------------------


def daily_orders(days: pd.DataFrame, start: date, end: date) -> pd.Series:
    """Orders of each day from start to end, days without any included."""
    return days.set_index("day")["orders"].reindex(pd.date_range(start, end, freq="D"), fill_value=0)


def weekly_orders(days: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """Orders and revenue of each whole week, counted back from the end.

    Parameters
    ----------
    days : pandas.DataFrame
        As `by_day` gives it.
    start, end : datetime.date
        First and last day observed.

    Returns
    -------
    pandas.DataFrame
        week_end (last day of the week), orders, revenue (currency).
    """
    last = pd.Timestamp(end)
    weeks_back = (last - days["day"]).dt.days // WEEK
    weeks = (last - pd.Timestamp(start)).days // WEEK + 1
    whole = ((last - pd.Timestamp(start)).days + 1) // WEEK
    grouped = days.groupby(weeks_back)[["orders", "revenue"]].sum().reindex(range(weeks), fill_value=0)
    grouped = grouped.head(max(whole, 1)).iloc[::-1]
    week_end = last - pd.to_timedelta(grouped.index.to_numpy() * WEEK, unit="D")
    return pd.DataFrame(
        {"week_end": week_end, "orders": grouped["orders"].to_numpy(), "revenue": grouped["revenue"].to_numpy()}
    )


def gaps(days: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    """Stretches without a single order that are too long to be chance.

    What one would have expected in a stretch is the level of the weeks around it times each weekday's share, so that
    a shop that is closed on Sundays has no gap every week.

    Parameters
    ----------
    days : pandas.DataFrame
        As `by_day` gives it.
    start, end : datetime.date
        First and last day observed.

    Returns
    -------
    pandas.DataFrame
        first_day, last_day, days, expected (orders); in order of time. Empty where there is no gap.
    """
    counts = daily_orders(days, start, end).astype(float)
    by_weekday = counts.groupby(counts.index.day_of_week).transform("mean") / max(counts.mean(), 1e-12)
    around = counts.rolling(SMOOTHING_DAYS, center=True, min_periods=1).mean()
    quiet = counts.eq(0)
    stretch = (quiet != quiet.shift()).cumsum()[quiet]
    table = pd.DataFrame({"day": stretch.index, "expected": (around * by_weekday)[quiet]})
    table = table.groupby(stretch.to_numpy()).agg(
        first_day=("day", "min"), last_day=("day", "max"), days=("day", "size"), expected=("expected", "sum")
    )
    return table[table["expected"] >= GAP_ORDERS].reset_index(drop=True)


# ---- is it enough? ---------------------------------------------------------------------------------------------


def sufficiency(
    orders: ir.Table,
    start: date,
    end: date,
    min_customers: int = 500,
    min_days: int = 180,
    max_quiet_days: int = 30,
    min_orders: int = 3,
) -> pd.DataFrame:
    """Whether there is enough to conclude from: customers, days, a recent order, customers who came often.

    Parameters
    ----------
    orders : ibis Table
        customer_id, ordered_at, amount.
    start, end : datetime.date
        First and last day observed.
    min_customers, min_days : int
        Fewest customers and days observed.
    max_quiet_days : int
        Most days from the last order to the end.
    min_orders : int
        Orders from which a customer came often; at least one such customer is needed.

    Returns
    -------
    pandas.DataFrame
        check (`Sufficiency`), value, needed, is_met. ``recent`` has days: its value must not exceed what is needed.

    Examples
    --------
    >>> from regulars.engine.embedded import as_table
    >>> log = pd.DataFrame({"customer_id": ["a"] * 3, "amount": 1.0,
    ...                     "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-05", "2024-03-01"])})
    >>> sufficiency(as_table(log), date(2024, 1, 1), date(2024, 3, 10))["is_met"].tolist()
    [False, False, True, True]
    """
    by_customer = orders.group_by("customer_id").aggregate(
        bought=orders.count(where=orders.amount >= 0), last=orders.ordered_at.max()
    )
    found = by_customer.aggregate(
        customers=by_customer.count(), last=by_customer.last.max(),
        often=by_customer.count(where=by_customer.bought >= min_orders),
    ).to_pyarrow().to_pylist()[0]  # fmt: skip
    rows = [
        (Sufficiency.CUSTOMERS, found["customers"], min_customers),
        (Sufficiency.DAYS, (end - start).days + 1, min_days),
        (Sufficiency.RECENT, (end - found["last"].date()).days, max_quiet_days),
        (Sufficiency.REPEATERS, found["often"], 1),
    ]
    table = pd.DataFrame(rows, columns=["check", "value", "needed"]).astype({"check": "string"})
    at_most = table["check"] == Sufficiency.RECENT
    met = np.where(at_most, table["value"] <= table["needed"], table["value"] >= table["needed"])
    return table.assign(is_met=met)


def sufficiency_finding(checks: pd.DataFrame) -> Finding:
    """Which wording of the verdict: ``enough``, or ``thin`` with the number of conditions that are not met."""
    failed = int((~checks["is_met"]).sum())
    return Finding("thin", {"failed": failed, "checks": len(checks)}) if failed else Finding("enough", {})


def actions(ledger: dict) -> dict[str, dict]:
    """What to do about the data.

    Parameters
    ----------
    ledger : dict

    Returns
    -------
    dict
        Facts of each action that is worth its while: ``customers`` (rows without a customer) and ``credits`` (credits
        without a sale) with rows and amount where they move at least a hundredth of the raw money; ``reconcile`` with
        money, always.
    """
    account = ledger["tables"][main_table(ledger)]
    money = float(account["amount"][RAW])
    found: dict[str, dict] = {}
    for key, code in {"customers": Reason.MISSING_CUSTOMER, "credits": Reason.UNMATCHED_CREDIT}.items():
        reason = account["reasons"].get(code.value)
        if reason and abs(float(reason["amount"])) >= WORTH_ACTING * abs(money):
            found[key] = {"rows": reason["rows"], "amount": abs(float(reason["amount"]))}
    return found | {"reconcile": {"money": money}}
