"""The shop as it was on an earlier day: what its systems would have exported then."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

ORDER_DATES = "%d/%m/%Y %H:%M"


@dataclass(frozen=True)
class Cut:
    """How one table is cut.

    Parameters
    ----------
    at : str
        Column of the day on which a row came to be; rows without one stay.
    later : mapping
        Columns of days that were still to come, each to what else was not known before it.
    undone : mapping
        Column to what it held before the first of those days.
    """

    at: str
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    undone: Mapping[str, str] = field(default_factory=dict)


CUTS = {
    "order_lines": Cut("date"),
    "customers": Cut("joined"),
    "surveys": Cut("date"),
    "tickets": Cut(
        "opened",
        {"first_response": (), "resolved": ("outcome", "verdict", "in_knowledge_base")},
        {"status": "in progress"},
    ),
    "ticket_events": Cut("at"),
    "units": Cut("sold", {"repaired": ("repair_cost",)}),
    "contacts": Cut("at"),
    "shifts": Cut("from"),
    "mystery_visits": Cut("date"),
    "lost_reasons": Cut("date"),
    "prospects": Cut("created", {"decided": ("customer",)}, {"stage": "quoted"}),
    "prospect_events": Cut("at"),
    "activities": Cut("planned", {"done": ("result",)}),
    "contracts": Cut("started", {"ended": ("reason",)}),
    "memberships": Cut("joined", {"left": ()}),
    "referrals": Cut("at"),
    "campaigns": Cut("starts"),
    "campaign_contacts": Cut("contacted_at"),
    "credit": Cut("observed"),
    "recall": Cut("asked"),
}


def as_of(raw: Mapping[str, pd.DataFrame], day: str) -> dict:
    """Tables of the simulated shop as they stood at the end of a day.

    Parameters
    ----------
    raw : mapping
        Of `regulars.simulate.demo`; texts.
    day : str
        ISO date.

    Returns
    -------
    dict
        The same tables with what came later taken out: rows that were not there yet, and dates that were still to come
        with what hangs on them. The truth is left as it is: it tells of the whole shop.

    Examples
    --------
    >>> raw = {"contracts": pd.DataFrame({"started": ["2025-01-05", "2025-03-01"], "ended": ["2025-04-01", ""],
    ...     "reason": ["price", ""]}, dtype=str)}
    >>> as_of(raw, "2025-02-28")["contracts"].values.tolist()
    [['2025-01-05', '', '']]
    """
    end = pd.Timestamp(day) + pd.Timedelta(days=1)
    made = {name: _cut(frame, CUTS[name], end) if name in CUTS else frame for name, frame in raw.items()}
    if "campaigns" in made and "campaign_contacts" in made:
        # those kept back by lot have no day of their own: they are there when their campaign is
        begun = made["campaign_contacts"]["campaign"].isin(made["campaigns"]["campaign"])
        made["campaign_contacts"] = made["campaign_contacts"][begun].reset_index(drop=True)
    return made


def _cut(frame: pd.DataFrame, cut: Cut, end: pd.Timestamp) -> pd.DataFrame:
    if cut.at not in frame:
        return frame
    frame = frame[~(_days(frame[cut.at]) >= end)].reset_index(drop=True)
    for column, known_then in cut.later.items():
        if column not in frame:
            continue
        coming = _days(frame[column]) >= end
        empty = [name for name in (column, *known_then) if name in frame]
        frame.loc[coming, empty] = ""
        for name, before in cut.undone.items():
            if column == list(cut.later)[-1] and name in frame:
                frame.loc[coming, name] = before
    return frame


def _days(texts: pd.Series) -> pd.Series:
    """Moments of texts as the shop's systems write them; NaT where there is none."""
    order_dates = texts.str.contains("/", regex=False)
    iso = pd.to_datetime(texts.where(~order_dates), errors="coerce", format="ISO8601")
    return iso.fillna(pd.to_datetime(texts.where(order_dates), errors="coerce", format=ORDER_DATES))
