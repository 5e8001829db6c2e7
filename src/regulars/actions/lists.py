"""Monday's list: whom to call, write to or visit this week, over all pages in one place, nobody twice."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.finding import shows
from regulars.labels import Errand

COLUMNS = ["errand", "customer_id", "prospect_id", "channel", "about", "worth", "cost", "net", "net_low", "net_high"]
# what waits for an answer first, then what is proved to gain, then what may
ORDER = (
    Errand.COMPLAINT,
    Errand.ASK,
    Errand.PROSPECT,
    Errand.CALL,
    Errand.WIN_BACK,
    Errand.NEXT_PRODUCT,
    Errand.CONQUEST,
)


@shows
class Monday(NamedTuple):
    """The list of a week.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``rank``, ``errand`` (an `Errand`), ``customer_id``, ``prospect_id``, ``channel``, ``about`` (a product,
        a case), ``worth`` (what is at stake, currency), ``cost``, ``net`` with limits where the effect of asking is
        measured, ``pays_from`` (share of what is at stake that must be gained because of it, where it is not).
    without_consent, contacted_lately, kept_back, twice, tiny : int
        Left off: said no, was contacted within the cooldown, is a control of a lot that runs, stood there already with
        something more urgent, has less at stake than `floor`.
    floor : float
        Currency.
    """

    rows: pd.DataFrame
    without_consent: int
    contacted_lately: int
    kept_back: int
    twice: int
    tiny: int = 0
    floor: float = 0.0

    @property
    def waiting(self) -> int:
        """Calls and letters to win back of which no lot has shown yet what they gain."""
        return int((_of_margin(self.rows) & self.rows["net"].isna()).sum())


def _of_margin(rows: pd.DataFrame) -> pd.Series:
    return rows["errand"].isin([Errand.CALL, Errand.WIN_BACK])


def errands(
    errand: Errand,
    rows: pd.DataFrame | None,
    *,
    channel: str,
    worth: str,
    cost: float,
    about: str | None = None,
    each: tuple[float, float, float] | None = None,
    share: tuple[float, float, float] | None = None,
) -> pd.DataFrame:
    """Candidates of one kind for the list, the most urgent first.

    Parameters
    ----------
    errand : Errand
    rows : pandas.DataFrame or None
        ``customer_id`` or ``prospect_id``, the column `worth`, and others; None: there are none.
    channel : str
        By which, where the rows name none of their own (``channel``).
    worth : str
        Column with what is at stake, currency.
    cost : float
        Of one contact.
    about : str, optional
        Column with what it is about.
    each : tuple, optional
        Margin that one contact gains, and its limits, where a lot has shown it.
    share : tuple, optional
        Share of what is at stake that a contact gains, and its limits, where a lot has shown it.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a"], "value_at_risk": [40.0]})
    >>> found = errands(Errand.CALL, rows, channel="phone", worth="value_at_risk", cost=5.0, share=(0.5, 0.25, 0.75))
    >>> found[["net", "net_low", "net_high"]].to_numpy().tolist()
    [[15.0, 5.0, 25.0]]
    """
    if rows is None or rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    at_stake = rows[worth].astype(float)
    gain = [np.nan] * 3
    if each is not None:
        gain = [pd.Series(one, index=rows.index) for one in each]
    elif share is not None:
        gain = [at_stake * one for one in share]
    none = pd.Series(pd.NA, index=rows.index, dtype="string")
    said = rows["channel"].astype("string").fillna(channel) if "channel" in rows else channel
    return pd.DataFrame(
        {
            "errand": errand.value,
            "customer_id": rows["customer_id"].astype("string") if "customer_id" in rows else none,
            "prospect_id": rows["prospect_id"].astype("string") if "prospect_id" in rows else none,
            "channel": said,
            "about": none if about is None else rows[about].astype("string"),
            "worth": at_stake,
            "cost": float(cost),
            **{name: one - cost for name, one in zip(("net", "net_low", "net_high"), gain, strict=True)},
        }
    )[COLUMNS].reset_index(drop=True)


def mondays_list(
    candidates: Sequence[pd.DataFrame],
    *,
    length: int,
    refused: Sequence[str] = (),
    lately: Sequence[str] = (),
    controls: Sequence[str] = (),
    floor: float = 0.0,
) -> Monday:
    """Put candidates of all kinds into one list: nobody twice, against their will, asked just now or kept back by lot.

    What is measured not to pay (its whole interval below zero) is left off, and so is what has less at stake than a
    contact is taken to cost. A complaint that waits is answered whenever it was and whatever is at stake, since it is
    the customer who asked.

    Parameters
    ----------
    candidates : sequence of pandas.DataFrame
        Of `errands`.
    length : int
    refused : sequence of str
        Customers who said no to being contacted.
    lately : sequence of str
        Customers whom the firm contacted within the cooldown.
    controls : sequence of str
        Customers whom a lot that still runs keeps back.
    floor : float
        At stake, below which no errand of which no gain is measured takes a place.

    Returns
    -------
    Monday

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "b", "c"], "w": [3.0, 2.0, 1.0]})
    >>> calls, asks = (errands(one, rows, channel="phone", worth="w", cost=1.0) for one in (Errand.CALL, Errand.ASK))
    >>> found = mondays_list([calls, asks], length=9, refused=["a"], lately=["b"])
    >>> found.rows["customer_id"].tolist(), found.without_consent, found.contacted_lately, found.twice
    (['c'], 1, 1, 3)
    """
    parts = [part for part in candidates if len(part)]
    if not parts:
        return Monday(pd.DataFrame(columns=["rank", *COLUMNS, "pays_from"]), 0, 0, 0, 0)
    turn = {errand.value: place for place, errand in enumerate(ORDER)}
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[~(rows["net_high"] < 0)]
    small = (rows["worth"] < floor) & rows["net"].isna() & (rows["errand"] != Errand.COMPLAINT.value)
    rows, tiny = rows[~small], int(small.sum())
    rows = rows.iloc[np.argsort(rows["errand"].map(turn).to_numpy(), kind="stable")].reset_index(drop=True)
    who = rows["customer_id"].fillna("prospect " + rows["prospect_id"].fillna(""))
    again = who.duplicated()
    rows, twice = rows[~again], int(again.sum())
    asked_us = rows["errand"] == Errand.COMPLAINT.value
    no = rows["customer_id"].isin(list(refused)) & ~asked_us
    just = rows["customer_id"].isin(list(lately)) & ~no & ~asked_us
    back = rows["customer_id"].isin(list(controls)) & ~no & ~just & ~asked_us
    kept = _mixed(rows[~no & ~just & ~back], length).reset_index(drop=True)
    # of a claim, a quote or what is spent elsewhere no part is margin by itself; beyond all of it nothing would do
    pays = (kept["cost"] / kept["worth"].where(kept["worth"] > 0)).where(_of_margin(kept) & kept["net"].isna())
    kept = kept.assign(pays_from=pays.where(pays <= 1))
    kept.insert(0, "rank", np.arange(1, len(kept) + 1))
    return Monday(kept, int(no.sum()), int(just.sum()), int(back.sum()), twice, tiny, floor)


def _mixed(rows: pd.DataFrame, length: int) -> pd.DataFrame:
    """So many rows that every kind has its fair part: kinds with fewer leave their places to the others."""
    sizes = rows["errand"].value_counts()
    places, left, kinds = dict.fromkeys(sizes.index, 0), length, sorted(sizes.index, key=lambda kind: sizes[kind])
    for number, kind in enumerate(kinds):
        places[kind] = min(int(sizes[kind]), int(np.ceil(left / (len(kinds) - number))))
        left -= places[kind]
    turn = rows.groupby("errand").cumcount()
    return rows[turn < rows["errand"].map(places)]


def lately_contacted(tables, end, days: int) -> list[str]:
    """Customers whom the firm contacted within so many days up to the end: by campaigns, and by hand.

    Parameters
    ----------
    tables : mapping
        ``contacts`` and ``campaign_contacts`` where supplied.
    end : date
    days : int

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": ["a", "b"], "contacted_at": pd.to_datetime(["2026-01-05", "2026-01-20"])})
    >>> lately_contacted({"campaign_contacts": table}, "2026-01-22", 7)
    ['b']
    """
    last, found = pd.Timestamp(end).normalize() + pd.Timedelta(days=1), set()
    if (contacts := tables.get("contacts")) is not None:
        at = pd.to_datetime(contacts["at"])
        ours = (contacts["initiator"] == "company") & (at >= last - pd.Timedelta(days=days))
        found |= set(contacts.loc[ours, "customer_id"].dropna())
    if (drawn := tables.get("campaign_contacts")) is not None and "contacted_at" in drawn:
        at = pd.to_datetime(drawn["contacted_at"])
        found |= set(drawn.loc[at >= last - pd.Timedelta(days=days), "customer_id"])
    return sorted(found)


def open_complaints(tickets: pd.DataFrame | None, end) -> pd.DataFrame | None:
    """Complaints without an outcome, the longest waiting first: customer_id, ticket_id, days, at_stake."""
    if tickets is None:
        return None
    rows = tickets[tickets["outcome"].isna()]
    if "kind" in rows:
        rows = rows[rows["kind"].fillna("complaint").eq("complaint")]
    opened = pd.to_datetime(rows["opened_at"])
    stake = rows["amount_at_stake"].astype(float) if "amount_at_stake" in rows else np.nan
    table = pd.DataFrame({"customer_id": rows["customer_id"], "ticket_id": rows["ticket_id"], "at_stake": stake})
    table["days"] = (pd.Timestamp(end).normalize() - opened.dt.normalize()).dt.days
    return table.sort_values("days", ascending=False, kind="stable", ignore_index=True)


def due_prospects(desk) -> pd.DataFrame:
    """Open prospects whose next contact is due or past, by what they should bring: ``prospect_id``, ``expected``."""
    rows = desk.open
    rows = rows[rows["is_overdue"]]
    stated = rows["stated"].fillna(rows["stated"].mean()).fillna(0.0)
    expected = (rows["quoted_amount"].fillna(rows["quoted_amount"].median()) * stated).fillna(0.0)
    table = pd.DataFrame({"prospect_id": rows["prospect_id"], "expected": expected, "owner": rows["owner"]})
    return table.sort_values("expected", ascending=False, kind="stable", ignore_index=True)
