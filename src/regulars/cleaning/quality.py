"""What the quality page says: its first screen, each of its sections, and what to do about the data."""

from enum import StrEnum

import pandas as pd

from regulars.cleaning.ledger_tables import RAW, copies_kept, main_account, netted_rest, waterfall
from regulars.finding import Action, Finding, FirstScreen, Remark, Tile, tells
from regulars.labels import Fate, Reason
from regulars.statistics.intervals import Estimate

MOST = 0.9  # share of rows kept from which the log counts as mostly usable
# set aside because the mapping says so, and nothing that anybody has to mend
BY_RULE = frozenset({
    Reason.EXACT_DUPLICATE, Reason.IN_EARLIER_FILE, Reason.SAME_PERSON, Reason.FURTHER_LINE, Reason.REFUNDED,
    Reason.CANCELLED_SALE, Reason.CANCELLATION, Reason.RETURN_OF_PART, Reason.GUEST, Reason.TEST_ORDER,
    Reason.ORDER_WITHOUT_LINES, Reason.VOID_ORDER, Reason.BEFORE_OBSERVATION, Reason.AFTER_OBSERVATION,
    Reason.NON_PRODUCT, Reason.NEGATIVE_QUANTITY, Reason.ZERO_AMOUNT, Reason.REPEATED_KEY,
})  # fmt: skip
WORTH_ACTING = 0.01  # share of the raw money from which a reason is worth acting upon


class LedgerVerdict(StrEnum):
    """How much of the order log is usable."""

    WHOLE = "whole"  # every row arrived as it came
    MOST = "most"  # at least nine tenths are kept
    RULED = "ruled"  # fewer than a tenth are wrong, the mapping's rules set the others aside
    PART = "part"


class ReasonsVerdict(StrEnum):
    """Whether rows were set aside or changed."""

    WHOLE = "whole"
    SOME = "some"


class GapsVerdict(StrEnum):
    """Whether stretches of time are missing."""

    NONE = "none"
    SOME = "some"


class SufficiencyVerdict(StrEnum):
    """Whether there is enough to conclude from."""

    ENOUGH = "enough"
    THIN = "thin"


def first_screen(ledger: dict, figures: pd.DataFrame, checks: pd.DataFrame) -> FirstScreen:
    """What the page opens with: how much of the order log is usable, in rows and in money, and of how many customers.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.
    figures : pandas.DataFrame
        Of `figures`.
    checks : pandas.DataFrame
        Of `sufficiency`.

    Returns
    -------
    FirstScreen
        Its answer as of `usable`.
    """
    account = main_account(ledger)
    rows, money = account["rows"], account["amount"]
    days = checks.set_index("check")["value"]["days"]
    return FirstScreen(
        usable(ledger),
        [
            Tile("kept", Estimate(rows[Fate.KEPT] / rows[RAW]), "percent1", facts={"raw": rows[RAW]}),
            Tile("money", Estimate(money[Fate.KEPT]), "money_short", facts={"money": money[RAW]}),
            Tile("customers", Estimate(figures["customers"][0]), verdict=enough(checks)),
            Tile("days", Estimate(days)),
        ],
    )


def usable(ledger: dict) -> Finding:
    """Answer of the quality page: how much of the order log is usable, and what most of the rest is.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.

    Returns
    -------
    Finding
        Verdict of `LedgerVerdict`. Facts: raw (rows), money (raw money); unless ``whole`` also kept (share of rows),
        kept_money, and reason, rows, amount of the reason that set most rows aside: with ``ruled`` of the rules, with
        ``part`` of what is wrong. With ``ruled`` also by_rule (rows).

    Examples
    --------
    >>> account = {"rows": {"raw": 4, "kept": 3}, "amount": {"raw": 9, "kept": 7},
    ...            "reasons": {"missing_customer": {"fate": "rejected", "rows": 1, "amount": 2}}}
    >>> finding = usable({"tables": {"orders": account}})
    >>> str(finding.verdict), finding.facts["reason"], finding.facts["kept"]
    ('part', <Reason.MISSING_CUSTOMER: 'missing_customer'>, 0.75)
    """
    account = main_account(ledger)
    facts = {"raw": account["rows"][RAW], "money": float(account["amount"][RAW])}
    aside = {code: reason for code, reason in account["reasons"].items() if reason["fate"] != Fate.KEPT}
    if not aside:
        return Finding(LedgerVerdict.WHOLE, facts)
    rows, kept = account["rows"][RAW], account["rows"][Fate.KEPT]
    ruled = {code: reason for code, reason in aside.items() if code in BY_RULE}
    by_rule = sum(reason["rows"] for reason in ruled.values())
    wrong = {code: reason for code, reason in aside.items() if code not in ruled}
    if kept >= MOST * rows:
        verdict, of = LedgerVerdict.MOST, aside
    else:
        verdict, of = (LedgerVerdict.RULED, ruled) if kept + by_rule > MOST * rows else (LedgerVerdict.PART, wrong)
    code, worst = max(of.items(), key=lambda item: item[1]["rows"])
    facts |= {"kept": kept / rows, "kept_money": float(account["amount"][Fate.KEPT])}
    facts |= {"reason": Reason(code), "rows": worst["rows"], "amount": float(worst["amount"])}
    return Finding(verdict, facts | ({"by_rule": by_rule} if verdict is LedgerVerdict.RULED else {}))


@tells
def tell_ledger(ledger: dict, overview: pd.DataFrame) -> Finding:
    """Where the rows went: steps from raw to kept, in rows and in money, and every table.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.
    overview : pandas.DataFrame
        Of `tables_overview`.

    Returns
    -------
    Finding
        Verdict of `LedgerVerdict`; frames ``tables`` and, where a row was set aside, ``waterfall``, ``money``.
    """
    account, verdict = main_account(ledger), usable(ledger).verdict
    money = {name: account["amount"][name] for name in (Fate.KEPT.value, Fate.MERGED.value, Fate.REJECTED.value)}
    facts, frames = {"raw": account["rows"][RAW], "money": account["amount"][RAW]}, {"tables": overview}
    if verdict is LedgerVerdict.WHOLE:  # two bars of one length would say nothing
        return Finding(verdict, facts, frames, remarks=_remarks(ledger))
    frames |= {"waterfall": waterfall(ledger, "rows"), "money": waterfall(ledger, "amount")}
    facts |= {"kept_rows": account["rows"][Fate.KEPT]} | money
    return Finding(verdict, facts, frames, remarks=_remarks(ledger))


def _remarks(ledger: dict) -> list[Remark]:
    """What the numbers alone do not say: copies that stay, what came off amounts, what is no row or forgotten."""
    account, remarks = main_account(ledger), []
    if copies := copies_kept(ledger):
        remarks.append(Remark("copies", {"copies": copies}))
    if rest := netted_rest(account):
        remarks.append(Remark("credits_in_part", {"amount": rest}))
    for code, part in account.get("adjusted", {}).items():
        amount = {"rows": part["rows"], "amount": abs(float(part["amount"])), "written": float(account["written"])}
        remarks.append(Remark(f"money_{code}", amount))
    for name, table in ledger["tables"].items():
        for place, found in table.get("passed_over", {}).items():
            what = {"names": ", ".join(found), "sheets": len(found)} if place == "sheets" else {"lines": found}
            remarks.append(Remark(f"passed_{place}", {"table": name} | what))
    if largest := account.get("largest_customer"):
        remarks.append(Remark("largest", largest))
    if gone := ledger.get("forgotten"):
        remarks.append(Remark("forgotten", {"rows": sum(gone.values())}))
    if moved := account.get("reattributed"):
        remarks.append(Remark("reattributed", {"rows": moved["rows"], "amount": float(moved["amount"])}))
    return remarks


@tells
def tell_reasons(reasons: pd.DataFrame, examples: pd.DataFrame) -> Finding:
    """Why rows were set aside, with some to look at.

    Parameters
    ----------
    reasons : pandas.DataFrame
        Of `worst_reasons`.
    examples : pandas.DataFrame
        Of `example_rows`.

    Returns
    -------
    Finding
        Verdict of `ReasonsVerdict`.
    """
    if reasons.empty:
        return Finding(ReasonsVerdict.WHOLE)
    first = reasons.iloc[0]
    facts = {"reason": first["reason"], "share": float(first["share"])}
    return Finding(ReasonsVerdict.SOME, facts, {"worst": reasons, "examples": examples})


@tells
def tell_gaps(weeks: pd.DataFrame, found: pd.DataFrame) -> Finding:
    """Whether stretches of time are missing from the log.

    Parameters
    ----------
    weeks : pandas.DataFrame
        Of `weekly_orders`.
    found : pandas.DataFrame
        Of `gaps`.

    Returns
    -------
    Finding
        Verdict of `GapsVerdict`.
    """
    seen = {"least": weeks["orders"].min(), "most": weeks["orders"].max()}
    if found.empty:
        return Finding(GapsVerdict.NONE, seen, {"weeks": weeks})
    worst = found.nlargest(1, "expected")
    facts = {"gaps": len(found), "days": worst["days"].sum(), "expected": worst["expected"].sum()}
    return Finding(GapsVerdict.SOME, facts | seen, {"weeks": weeks, "list": found})


@tells
def tell_sufficiency(checks: pd.DataFrame, min_orders: int) -> Finding:
    """Whether there is enough to conclude from.

    Parameters
    ----------
    checks : pandas.DataFrame
        Of `sufficiency`.
    min_orders : int
        Orders from which a customer came often.

    Returns
    -------
    Finding
        Verdict of `SufficiencyVerdict`.
    """
    state = checks["is_met"].map({True: "met", False: "not_met"})
    table = checks.assign(state=state, affects=checks["check"])
    verdict, missed = enough(checks), conditions_missed(checks)
    counts = {"failed": missed, "checks": len(checks)} if missed else {}
    return Finding(verdict, counts | {"min_orders": min_orders}, {"conditions": table})


def conditions_missed(checks: pd.DataFrame) -> int:
    """How many of the conditions are not met.

    Parameters
    ----------
    checks : pandas.DataFrame
        Of `sufficiency`.

    Examples
    --------
    >>> conditions_missed(pd.DataFrame({"is_met": [True, False, False]}))
    2
    """
    return int((~checks["is_met"]).sum())


def enough(checks: pd.DataFrame) -> SufficiencyVerdict:
    """Whether every condition is met.

    Parameters
    ----------
    checks : pandas.DataFrame
        Of `regulars.cleaning.sufficiency`.

    Examples
    --------
    >>> str(enough(pd.DataFrame({"is_met": [True, False]})))
    'thin'
    """
    return SufficiencyVerdict.THIN if conditions_missed(checks) else SufficiencyVerdict.ENOUGH


def to_do(ledger: dict) -> list[Action]:
    """What to do about the data.

    Parameters
    ----------
    ledger : dict
        As `regulars.cleaning.clean` gives it.

    Returns
    -------
    list of Action
        ``customers`` (rows without a customer) and ``credits`` (credits without a sale) where they move at least a
        hundredth of the raw money; ``reconcile``, always.

    Examples
    --------
    >>> to_do({"tables": {"orders": {"amount": {"raw": 9}, "reasons": {}}}})
    [reconcile: money = 9]
    """
    account = main_account(ledger)
    money, found = float(account["amount"][RAW]), []
    for key, code in {"customers": Reason.MISSING_CUSTOMER, "credits": Reason.UNMATCHED_CREDIT}.items():
        reason = account["reasons"].get(code.value)
        if reason and abs(float(reason["amount"])) >= WORTH_ACTING * abs(money):
            found.append(Action(key, facts={"rows": reason["rows"], "amount": abs(float(reason["amount"]))}))
    return [*found, Action("reconcile", facts={"money": money})]
