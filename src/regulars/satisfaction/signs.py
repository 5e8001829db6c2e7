"""Ten signs of loyalty that teaching texts name, where data show them: who shows each, and who orders again."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import NOT_SUPPLIED, Finding, Remark, tells
from regulars.labels import LoyaltySign
from regulars.purchases import Purchases, day_number, day_numbers
from regulars.satisfaction.cases.tickets import only_complaints
from regulars.satisfaction.survey.answers import among
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, difference, from_row, share, to_row

QUICK_DAYS = 30  # from the first talk to a yes: quick for things that are talked over
OURS = "us"
MOST_SIGNS = 4  # and more, in one row
OF_ORDERS = {LoyaltySign.REPEAT.value, LoyaltySign.LASTING.value}


class SignsVerdict(StrEnum):
    """Whether those who show a sign order again more often than those who do not, beyond chance among all signs.

    None: no sign foretells. Few: too few customers to judge any.
    """

    FORETELLS = "foretells"
    NONE = "none"
    FEW = "few"


class _Seen:
    """What was known of the customers by a day."""

    def __init__(self, purchases: Purchases, tables: Mapping, until, settings: SatisfactionSettings):
        self.purchases, self.tables, self.settings = purchases, tables, settings
        self.until = pd.Timestamp(until).normalize()
        self.place = purchases.known(self.until)
        self.customers = pd.Index(purchases.customers[self.place].astype(object), name="customer_id")
        self.year = self.until - pd.Timedelta(days=settings.questions.loyalty_days)

    def log(self, name: str, at: str, *columns: str, since=None) -> pd.DataFrame | None:
        """Rows of a table up to the day that fill the columns; None where the table or all of a column is missing."""
        table = self.tables.get(name)
        if table is None or any(column not in table or not table[column].notna().any() for column in (at, *columns)):
            return None
        day = pd.to_datetime(table[at]).dt.normalize()
        inside = (day <= self.until) & (day > since if since is not None else True)
        return table[inside.to_numpy(bool)].dropna(subset=list(columns))

    def bought(self, since, until) -> np.ndarray:
        """How many days each customer bought on, after the one and up to the other."""
        ends = (np.full(len(self.place), day_number(day)) for day in (until, since))
        upper, lower = (self.purchases.up_to(self.place, end) for end in ends)
        return upper - lower

    def among(self, ids) -> pd.Series:
        """Which of the customers are among some ids."""
        return pd.Series(among(self.customers, ids), index=self.customers)


def _repeat(seen: _Seen) -> pd.Series:
    return pd.Series(seen.bought(seen.year, seen.until) >= 2, index=seen.customers)


def _lasting(seen: _Seen) -> pd.Series:
    before = seen.purchases.up_to(seen.place, np.full(len(seen.place), day_number(seen.year))) > 0
    return pd.Series(before & (seen.bought(seen.year, seen.until) > 0), index=seen.customers)


def _crossing(seen: _Seen) -> pd.Series | None:
    lines = seen.log("order_lines", "ordered_at", "category", "customer_id", since=seen.year)
    if lines is None:
        return None
    kinds = lines[lines["quantity"] > 0].groupby(lines["customer_id"].astype(object))["category"].nunique()
    return kinds.reindex(seen.customers, fill_value=0) >= 2


def _referral(seen: _Seen) -> pd.Series | None:
    referrals = seen.log("referrals", "at", "referrer_id")
    return None if referrals is None else seen.among(referrals["referrer_id"])


def _ideas(seen: _Seen) -> pd.Series | None:
    contacts = seen.log("contacts", "at", "customer_id", "initiator", "reason", since=seen.year)
    if contacts is None:
        return None
    given = contacts[(contacts["initiator"] == "customer") & (contacts["reason"] == "suggestion")]
    return seen.among(given["customer_id"])


def _price(seen: _Seen) -> pd.Series | None:
    asked, items = seen.settings.questions, seen.tables.get("survey_items")
    answers = seen.log("surveys", "answered_at", "customer_id")
    scale = None if items is None else items[items["item"] == asked.immunity_item]
    if answers is None or scale is None or scale.empty:
        return None
    own = answers[(answers["item"] == asked.immunity_item) & (answers["kind"] == "perceived")]
    last = own.sort_values("answered_at", kind="stable").drop_duplicates("customer_id", keep="last")
    low, high = scale[["scale_min", "scale_max"]].iloc[0].astype(float)
    if not high > low:
        return None
    points = 100 * (last["score"].to_numpy(float) - low) / (high - low)
    return _of_customers(points >= asked.attitude_from, last["customer_id"], seen)


def _tolerance(seen: _Seen) -> pd.Series | None:
    tickets, days = seen.tables.get("tickets"), seen.settings.handling.return_days
    if tickets is None:
        return None
    log = only_complaints(tickets).dropna(subset=["customer_id"])
    opened = pd.to_datetime(log["opened_at"]).dt.normalize()
    log = log.assign(day=opened)[(opened + pd.Timedelta(days=days) <= seen.until).to_numpy()]
    log = log.sort_values("day", kind="stable").drop_duplicates("customer_id", keep="last")
    place, day = seen.purchases.places(log["customer_id"]), day_numbers(log["day"])
    back = seen.purchases.up_to(place, day + days) > seen.purchases.up_to(place, day)
    return _of_customers(back, log["customer_id"], seen)


def _quick(seen: _Seen) -> pd.Series | None:
    won = seen.log("prospects", "decided_at", "customer_id", "created_at")
    if won is None:
        return None
    wait = (pd.to_datetime(won["decided_at"]) - pd.to_datetime(won["created_at"])).dt.days
    return _of_customers(wait.to_numpy() <= QUICK_DAYS, won["customer_id"], seen)


def _of_customers(shown: np.ndarray, who: pd.Series, seen: _Seen) -> pd.Series | None:
    """Whether a sign was shown, of the customers of whom it can be told, by the last that is known; None of nobody."""
    told = pd.Series(shown, index=who.astype(object))
    told = told[~told.index.duplicated(keep="last") & told.index.isin(seen.customers)]
    return told if len(told) else None


# what each sign is read off; those of the wallet and of recall have no day, so that they can be told and not judged
READ: Mapping[LoyaltySign, Callable[[_Seen], pd.Series | None]] = {
    LoyaltySign.REPEAT: _repeat,
    LoyaltySign.LASTING: _lasting,
    LoyaltySign.CROSSING: _crossing,
    LoyaltySign.REFERRAL: _referral,
    LoyaltySign.IDEAS: _ideas,
    LoyaltySign.PRICE: _price,
    LoyaltySign.TOLERANCE: _tolerance,
    LoyaltySign.QUICK: _quick,
}


def signs_by(
    purchases: Purchases, tables: Mapping[str, pd.DataFrame], until, settings: SatisfactionSettings
) -> pd.DataFrame:
    """Which signs of loyalty each customer had shown by a day.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Every purchase day.
    tables : mapping
        Clean tables by name, those that are supplied: ``order_lines``, ``referrals``, ``contacts``, ``surveys`` with
        ``survey_items``, ``tickets``, ``prospects``.
    until : date
        What came later is not looked at.
    settings : SatisfactionSettings
        Its ``questions`` (``loyalty_days``: the year that is looked at; ``immunity_item``, ``attitude_from``) and
        ``handling.return_days``.

    Returns
    -------
    pandas.DataFrame
        By customer_id, of all who had bought by then: a column of each sign that the tables show (`LoyaltySign`), 1
        shown, 0 not, missing where it cannot be told of the customer (nobody asked, no complaint).

    Examples
    --------
    >>> from regulars.settings import stage_settings
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-01-05"])})
    >>> brought = pd.DataFrame({"referrer_id": ["b"], "referred_id": ["a"], "at": [pd.Timestamp("2026-01-05")]})
    >>> signs_by(Purchases.of(orders), {"referrals": brought}, "2026-03-01", stage_settings("satisfaction")).astype(int)
                 repeat  lasting  referral
    customer_id
    a                 1        0         0
    b                 0        0         1
    """
    seen = _Seen(purchases, tables, until, settings)
    told = {sign.value: read(seen) for sign, read in READ.items()}
    return pd.DataFrame(
        {name: shown.astype(float).reindex(seen.customers) for name, shown in told.items() if shown is not None},
        index=seen.customers,
    )


def undated_signs(tables: Mapping[str, pd.DataFrame], level: float = 0.9) -> dict[str, Estimate]:
    """Signs of tables that have no day of each customer: our part of the purse, and whom people think of first.

    Parameters
    ----------
    tables : mapping
        ``wallet``: ``customer_id``, ``period``, ``competitor`` (``us``: this firm), ``spend``; the latest period of
        each customer counts. ``recall``: ``respondent_id``, ``brand``, ``named_first``.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    dict of str to Estimate
        ``wallet``: share of customers who spend at least half with us; ``first``: share who name us first.

    Examples
    --------
    >>> wallet = pd.DataFrame({"customer_id": ["a", "a", "b", "b"], "period": "2026", "spend": [60.0, 40, 10, 90],
    ...                        "competitor": ["us", "other"] * 2})
    >>> undated_signs({"wallet": wallet})["wallet"].value
    0.5
    """
    told, wallet, recall = {}, tables.get("wallet"), tables.get("recall")
    if wallet is not None and "spend" in wallet and wallet["spend"].notna().any():
        known = wallet.dropna(subset=["spend"]).astype({"customer_id": object})
        known = known[known["period"] == known.groupby("customer_id")["period"].transform("max")]
        spend = known["spend"].astype(float)
        whole = spend.groupby(known["customer_id"]).sum()
        ours = spend.where(known["competitor"] == OURS, 0.0).groupby(known["customer_id"]).sum()
        most = (2 * ours >= whole)[whole > 0]
        told[LoyaltySign.WALLET.value] = share(int(most.sum()), len(most), level)
    if recall is not None and (recall["brand"] == OURS).any():
        first = recall.loc[recall["brand"] == OURS, "named_first"].astype(bool)
        told[LoyaltySign.FIRST.value] = share(int(first.sum()), len(first), level)
    return told


@tells
def tell_signs(
    purchases: Purchases, tables: Mapping[str, pd.DataFrame], end, settings: SatisfactionSettings
) -> Finding:
    """Which of ten signs of loyalty customers show, and which of them foretell that somebody orders again.

    Parameters
    ----------
    purchases, tables : Purchases, mapping
        As of `signs_by` and `undated_signs`.
    end : date
        Last day of the data. Signs are judged by what was known ``handling.return_days`` before it and orders since.
    settings : SatisfactionSettings
        As of `signs_by`; groups of fewer customers than ``min_answers`` are not judged, those of fewer than
        ``privacy_min_cell`` not shown.

    Returns
    -------
    Finding
        Not supplied where orders alone are known. Else verdict a `SignsVerdict`; frames ``signs`` (``sign``, ``n``,
        ``share`` who show it today; ``judged`` customers, ``shown`` and ``others``: share of those with and without it
        who ordered again, ``gap`` between them, all with limits, those of ``gap`` for all signs at once) and
        ``strength`` (``signs`` shown, ``n``, ``share`` who ordered again); a remark on each sign that cannot be told
        says what to supply.
    """
    level, days = settings.interval_level, settings.handling.return_days
    end = pd.Timestamp(end).normalize()
    now, cutoff = signs_by(purchases, tables, end, settings), end - pd.Timedelta(days=days)
    if now.empty:
        raise UntoldError("Table orders: nobody has bought, so no sign of loyalty can be told.")
    undated = undated_signs(tables, level)
    if not undated and set(now) <= OF_ORDERS and "surveys" not in tables:
        return Finding(NOT_SUPPLIED, {"table": "surveys"})
    then = signs_by(purchases, tables, cutoff, settings)
    place = purchases.places(then.index.to_series())
    ends = (purchases.up_to(place, np.full(len(place), day_number(day))) for day in (end, cutoff))
    again = pd.Series(np.subtract(*ends) > 0, index=then.index)
    told = {name: share(int(now[name].sum()), int(now[name].notna().sum()), level) for name in now}
    told |= undated
    sides = {name: _sides(then[name], again, settings.min_answers) for name in then}
    strict = 1 - (1 - level) / max(sum(one is not None for one in sides.values()), 1)
    rows = [
        {"sign": name, "n": one.n} | to_row(one, "share") | _judged(sides.get(name), level, strict)
        for name, one in told.items()
    ]
    table = pd.DataFrame(rows).astype({"sign": "string"})
    table = table[table["n"] >= max(settings.privacy_min_cell, 1)].sort_values(
        ["gap", "share", "sign"], ascending=[False, False, True], ignore_index=True
    )  # fmt: skip
    absent = [sign.value for sign in LoyaltySign if sign.value not in set(table["sign"])]
    remarks = [Remark(f"missing_{name}") for name in absent]
    facts: dict[str, object] = {"told": len(table), "of": len(LoyaltySign), "days": days, "quick": QUICK_DAYS}
    frames = {"signs": table, "strength": _strength(then, again, settings)}
    if table["gap"].isna().all():
        return Finding(SignsVerdict.FEW, facts | {"least": settings.min_answers}, frames, remarks=remarks)
    apart = table[table["gap_low"] > 0]  # the widest gap may be of few, and within noise
    first = (apart if len(apart) else table).iloc[0]
    facts |= {name: from_row(first, name, "judged") for name in ("shown", "others", "gap")}
    facts["sign"] = str(first["sign"])
    verdict = SignsVerdict.FORETELLS if len(apart) else SignsVerdict.NONE
    return Finding(verdict, facts, frames, remarks=remarks)


def _sides(shown: pd.Series, again: pd.Series, least: int) -> list[tuple[int, int]] | None:
    """Ordered again, and how many, of those who show a sign and of those who do not; None where they are too few."""
    sides = [again[shown == one] for one in (1.0, 0.0)]
    return None if min(map(len, sides)) < least else [(int(one.sum()), len(one)) for one in sides]


def _judged(sides: list[tuple[int, int]] | None, level: float, strict: float) -> dict:
    nothing = Estimate(float("nan"))
    if sides is None:
        rows = [to_row(nothing, name) for name in ("shown", "others", "gap")]
        return {"judged": 0} | rows[0] | rows[1] | rows[2]
    shown, others = (share(k, n, level) for k, n in sides)
    gap = difference(*(share(k, n, strict) for k, n in sides))
    return {"judged": shown.n + others.n} | to_row(shown, "shown") | to_row(others, "others") | to_row(gap, "gap")


def _strength(then: pd.DataFrame, again: pd.Series, settings: SatisfactionSettings) -> pd.DataFrame:
    """Who ordered again by how many signs they had shown."""
    count = then.sum(axis=1).clip(upper=MOST_SIGNS).astype(int)
    table = again.groupby(count).agg(n="size", hits="sum").rename_axis("signs").reset_index()
    ends = [share(int(k), int(n), settings.interval_level) for k, n in zip(table["hits"], table["n"], strict=True)]
    told = pd.DataFrame([to_row(one, "share") for one in ends], columns=["share", "share_low", "share_high"])
    table = pd.concat([table, told], axis=1)
    names = [f"{k}+" if k == MOST_SIGNS else str(k) for k in table["signs"]]
    table = table.assign(signs=pd.array(names, dtype="string")).drop(columns="hits")
    return large_enough(table, "n", settings.privacy_min_cell).reset_index(drop=True)
