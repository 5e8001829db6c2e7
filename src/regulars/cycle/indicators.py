"""Figures of every calendar month, recomputed from the data: what the scorecard watches and plans aim at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.labels import Indicator, Light, Quadrant
from regulars.purchases import Purchases, dates_of
from regulars.statistics.limits import LEAST_MONTHS, PER_YEAR, lights

SECOND_ORDER_DAYS = 90  # within which a second order counts as coming back
KEPT_MONTHS = 3  # before a month, whose customers are asked whether they came in it
KEPT_DAYS = 1  # after its day, within which a planned visit counts as kept, as on the actions page
FEWEST = 5  # cases behind a figure; fewer say nothing, and could be recognised
UNJUDGED = (Light.EARLY, Light.ABSENT, Light.DRIFTS, Light.JUMPED, Light.WIDE)
WIDEST_SHARE, MOST_TIMES = 0.75, 4.0  # of a usual range: wider, and beyond so many times the usual, it says nothing
BOARD = ("indicator", "quadrant", "value", "n", "before", "usual", "usual_low", "usual_high", "months", "light")
COLUMNS = ("quadrant", "indicator", "month", "value", "n")


@dataclass(frozen=True)
class Month:
    """What the figures are made of.

    Parameters
    ----------
    tables : mapping
        Clean tables by name.
    purchases : Purchases
    months : pandas.PeriodIndex
        Whole calendar months observed.
    construct : str
        Of the survey's items that ask how satisfied one is.
    """

    tables: Mapping[str, pd.DataFrame]
    purchases: Purchases
    months: pd.PeriodIndex
    construct: str = "satisfaction"

    def days(self) -> pd.DataFrame:
        """Purchase days: customer_id, month, whether it is the customer's first month."""
        frame = self.purchases.frame()
        month = frame["day"].dt.to_period("M")
        first = month.groupby(frame["customer_id"]).transform("min")
        return frame.assign(month=month, is_new=month == first)


@dataclass(frozen=True)
class Kind:
    """One figure.

    Parameters
    ----------
    quadrant : Quadrant
    better : {"up", "down", ""}
        Which side is good.
    unit : str
        A format of the wording.
    measure : callable
        `Month` to a frame with value and, for shares, n, indexed by month.
    needs : tuple of str
        Tables, and columns as ``table.column``, without which it is absent.
    is_sum : bool
        Whether it is a sum that follows the season: held against the same month of the year before where there are
        years enough.
    """

    quadrant: Quadrant
    better: str
    unit: str
    measure: Callable[[Month], pd.DataFrame]
    needs: tuple[str, ...] = ()
    is_sum: bool = False


def monthly_indicators(
    tables: Mapping[str, pd.DataFrame], purchases: Purchases, end, *, construct: str = "satisfaction"
) -> pd.DataFrame:
    """Every figure of every whole month that the tables allow.

    Parameters
    ----------
    tables : mapping
        Clean tables by name; what was not supplied is left out, and its figures are absent.
    purchases : regulars.purchases.Purchases
    end : date
        Last day observed; a month that it cuts is left out.
    construct : str
        Of the survey's items that ask how satisfied one is.

    Returns
    -------
    pandas.DataFrame
        One row per figure and month, in the order of the scorecard: ``quadrant``, ``indicator``, ``month`` (first day),
        ``value``, ``n`` (of how many, for shares). Figures of fewer than five cases are missing.

    Raises
    ------
    UntoldError
        Where nobody has bought anything, or no whole calendar month is observed.
    """
    if not len(purchases):
        raise UntoldError("nobody has bought anything.")
    first, last = (
        pd.Timestamp(day).to_period("M") for day in (dates_of(purchases.first_days.min(keepdims=True))[0], end)
    )
    if pd.Timestamp(end).normalize() != last.end_time.normalize():
        last -= 1
    if last < first:
        raise UntoldError("no calendar month is observed from its first day to its last.")
    months = pd.period_range(first, last, freq="M")
    data = Month(tables, purchases, months, construct)
    made = [_of_kind(indicator, data) for indicator, kind in KINDS.items() if _supplied(tables, kind.needs)]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=list(COLUMNS))


def _supplied(tables, needs) -> bool:
    for need in needs:
        table, _, column = need.partition(".")
        if table not in tables or (column and column not in tables[table]):
            return False
    return True


def _of_kind(indicator: Indicator, data: Month) -> pd.DataFrame:
    kind = KINDS[indicator]
    found = kind.measure(data).reindex(data.months)
    found = found.rename_axis("month").reset_index()
    if "n" not in found:
        found["n"] = np.nan
    found.loc[found["n"] < FEWEST, "value"] = np.nan
    found["month"] = found["month"].dt.start_time
    return found.assign(quadrant=str(kind.quadrant), indicator=str(indicator))[list(COLUMNS)]


def scorecard(indicators: pd.DataFrame, *, quiet_years: float = 0.9, pooled: tuple[int, ...] = ()) -> pd.DataFrame:
    """Light of every figure in the last month.

    Parameters
    ----------
    indicators : pandas.DataFrame
        Of `monthly_indicators`.
    quiet_years : float
        Share of years in which nothing happens that stay without any light changed.
    pooled : tuple of int
        Calendar months that a festival moves between: told together, in the last of them.

    Returns
    -------
    pandas.DataFrame
        One row per figure: ``quadrant``, ``indicator``, ``value``, ``n``, ``usual`` (what would have come if
        nothing had changed) with ``usual_low`` and ``usual_high``, ``before``
        (same month of the year before, where it is held against that), ``months`` (behind the limits), ``light``.
    """
    if indicators.empty:
        return pd.DataFrame(columns=list(BOARD))
    compared = pd.concat([scored_months(rows, pooled) for _, rows in indicators.groupby("indicator", sort=False)])
    better = compared["indicator"].map(lambda name: KINDS[Indicator(name)].better)
    told = lights(compared.assign(better=better, value=compared["score"], n=compared["size"]), quiet_years=quiet_years)
    now = compared[compared["month"] == compared["month"].max()].set_index("indicator").loc[told["indicator"]]
    base, told = now["before"].to_numpy(), told.set_index("indicator")
    by_year = np.isfinite(base)
    ends = {}
    of = {"usual": "centre", "usual_low": "limit_low", "usual_high": "limit_high"}
    for name, told_as in of.items():
        limit = told[told_as].to_numpy(float)
        ends[name] = np.maximum(np.where(by_year, base * np.exp(np.where(by_year, limit, 0.0)), limit), 0.0)
    is_share = [KINDS[Indicator(name)].unit.startswith("percent") for name in told.index]
    ends["usual_high"] = np.where(is_share, np.minimum(ends["usual_high"], 1.0), ends["usual_high"])
    light = told["light"].mask(told["light"].eq(Light.STEADY) & says_nothing(**ends, is_share=is_share), Light.WIDE)
    columns = now[["quadrant", "value", "n", "before"]].assign(**ends, months=told["months"], light=light)
    columns.loc[columns["value"].notna() & (columns["light"] == Light.ABSENT), "light"] = Light.EARLY
    return columns.reset_index()[list(BOARD)]


def says_nothing(usual, usual_low, usual_high, *, is_share) -> np.ndarray:
    """Whether usual ranges hold nearly all that can be, so that staying inside them is no news.

    Parameters
    ----------
    usual, usual_low, usual_high : array of float
        What would have come if nothing had changed, and its range; NaN where there is none.
    is_share : array of bool
        Whether the figure lies between 0 and 1; the others are not negative.

    Returns
    -------
    numpy.ndarray of bool
        Of shares: a range of more than three quarters of all; of the others: both nothing and four times the usual.

    Examples
    --------
    >>> says_nothing([0.4, 0.5, 1_090, 2_400], [0, 0.2, 0, 630], [0.97, 0.9, 9_500, 4_200], is_share=[1, 1, 0, 0])
    array([ True, False,  True, False])
    """
    centre, low, high = (np.asarray(one, float) for one in (usual, usual_low, usual_high))
    far = (low <= 0) & (high > MOST_TIMES * centre) & (centre > 0)
    return np.where(np.asarray(is_share, bool), high - low > WIDEST_SHARE, far)


def lights_of_year(indicators: pd.DataFrame, *, quiet_years: float = 0.9, pooled: tuple[int, ...] = ()) -> pd.DataFrame:
    """Light of every figure in each of the last twelve months, by what was known then of the months before.

    Parameters
    ----------
    indicators, quiet_years, pooled
        As of `scorecard`.

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``month``, ``light``.
    """
    told = [
        scorecard(indicators[indicators["month"] <= month], quiet_years=quiet_years, pooled=pooled).assign(month=month)
        for month in sorted(indicators["month"].unique())[-PER_YEAR:]
    ]
    columns = ["indicator", "month", "light"]
    return pd.concat(told)[columns] if told else pd.DataFrame(columns=columns)


def scored_months(rows: pd.DataFrame, pooled: tuple[int, ...] = ()) -> pd.DataFrame:
    """What is judged of each month of one figure.

    Parameters
    ----------
    rows : pandas.DataFrame
        month, value, n and indicator of one figure.
    pooled : tuple of int
        Calendar months that a festival moves between.

    Returns
    -------
    pandas.DataFrame
        With ``score``: the figure, or, of a sum with years enough, the logarithm of its growth on the year before;
        ``before``: what it was then (NaN where the figure itself is judged); ``size``: of how many.
    """
    rows = rows.sort_values("month").assign(
        before=np.nan, score=lambda told: told["value"], size=lambda told: told["n"]
    )
    if not KINDS[Indicator(rows["indicator"].iloc[0])].is_sum:
        return rows
    values = rows.set_index("month")["value"]
    for month in rows["month"][rows["month"].dt.month.isin(pooled)]:
        together = [month - pd.DateOffset(months=step) for step in range(len(pooled))]
        is_last = month.month == pooled[-1] and values.index.isin(together).sum() == len(together)
        rows.loc[rows["month"] == month, "value"] = values.reindex(together).sum() if is_last else np.nan
    values = rows.set_index("month")["value"]
    earlier = values.reindex(values.index - pd.DateOffset(years=1)).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.log(values.to_numpy() / earlier)
    growth = np.where(np.isfinite(growth), growth, np.nan)
    if np.isfinite(growth[:-1]).sum() < LEAST_MONTHS:
        return rows.assign(score=rows["value"])
    return rows.assign(before=earlier, score=growth)


# ---- the figures ----


def _shares(hits: pd.Series, of: pd.Series) -> pd.DataFrame:
    """Share by month, of booleans and the months they fall in."""
    told = hits.astype(float).groupby(of).agg(["mean", "size"])
    return told.set_axis(["value", "n"], axis=1)


def _values(by_month: pd.Series) -> pd.DataFrame:
    return by_month.astype(float).to_frame("value")


def _month(moments: pd.Series) -> pd.Series:
    return pd.to_datetime(moments).dt.to_period("M")


def _counts(data: Month, moments: pd.Series) -> pd.Series:
    """How many fall into each month; none is nought."""
    return moments.groupby(moments).size().reindex(data.months, fill_value=0)


def _orders(data: Month) -> pd.DataFrame:
    return _values(_counts(data, data.days()["month"]))


def _revenue_by_month(data: Month) -> pd.Series:
    orders = data.tables["orders"]
    return orders["amount"].astype(float).groupby(_month(orders["ordered_at"])).sum().reindex(data.months, fill_value=0)


def _revenue(data: Month) -> pd.DataFrame:
    return _values(_revenue_by_month(data))


def _active(data: Month) -> pd.DataFrame:
    return _values(data.days().groupby("month")["customer_id"].nunique().reindex(data.months, fill_value=0))


def _newcomers(data: Month) -> pd.DataFrame:
    return _values(_counts(data, pd.Series(dates_of(data.purchases.first_days)).dt.to_period("M")))


def _spend_per_order(data: Month) -> pd.DataFrame:
    orders = _counts(data, data.days()["month"])
    return _values(_revenue_by_month(data) / orders.where(orders >= FEWEST))


def _from_existing(data: Month) -> pd.DataFrame:
    days = data.days()
    spend = days["amount"].astype(float)
    total = spend.groupby(days["month"]).sum()
    return _values(spend.where(~days["is_new"], 0.0).groupby(days["month"]).sum() / total.where(total > 0))


def _repurchase(data: Month) -> pd.DataFrame:
    """Share with a second order in time, of those whose time for it ended in the month."""
    purchases = data.purchases
    second = purchases.next_days(np.arange(len(purchases.customers)), purchases.first_days)
    in_time = second - purchases.first_days <= SECOND_ORDER_DAYS  # nobody who never came is
    over = pd.Series(dates_of(purchases.first_days + SECOND_ORDER_DAYS)).dt.to_period("M")
    return _shares(pd.Series(in_time), over)


def _kept(data: Month) -> pd.DataFrame:
    """Share that ordered in the month, of those who ordered in the three before it."""
    seen = data.days()[["customer_id", "month"]].drop_duplicates()
    there = np.zeros((len(data.purchases.customers), len(data.months)), bool)
    column = data.months.get_indexer(seen["month"])
    inside = column >= 0
    there[data.purchases.places(seen["customer_id"])[inside], column[inside]] = True
    before = np.zeros_like(there)
    for step in range(1, min(KEPT_MONTHS, len(data.months) - 1) + 1):
        before[:, step:] |= there[:, :-step]
    n = before.sum(axis=0).astype(float)
    n[:KEPT_MONTHS] = np.nan  # not all of the months before are seen
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame({"value": (there & before).sum(axis=0) / n, "n": n}, index=data.months)


def _per_active(table: str, at: str, select: Callable[[pd.DataFrame], pd.Series] | None = None):
    """Cases of a table in the month, per customer who ordered in it."""

    def measure(data: Month) -> pd.DataFrame:
        rows = data.tables[table]
        cases = _counts(data, _month(rows.loc[select(rows), at] if select else rows[at]))
        active = _active(data)["value"]
        return pd.DataFrame({"value": cases / active.where(active >= FEWEST), "n": active})

    return measure


def _share_of(table: str, at: str, hit: Callable[[pd.DataFrame], pd.Series], among=None):
    """Share of the rows of a table in the month of which something holds."""

    def measure(data: Month) -> pd.DataFrame:
        rows = data.tables[table]
        rows = rows[rows[at].notna() & (among(rows) if among else True)]
        return _shares(hit(rows), _month(rows[at]))

    return measure


def _satisfied(data: Month) -> pd.DataFrame:
    """Share of answers in the upper half of their scale, over all items asked of what was perceived."""
    answers, items = data.tables["surveys"], data.tables["survey_items"].set_index("item")
    if "kind" in answers:
        answers = answers[answers["kind"].fillna("perceived") == "perceived"]
    satisfaction = items.index[items["construct"] == data.construct] if "construct" in items else items.index
    answers = answers[answers["item"].isin(satisfaction)]
    low, high = (answers["item"].map(items[f"scale_{end}"]).astype(float) for end in ("min", "max"))
    whole = (answers["score"].astype(float) - low) / (high - low)
    person = whole.groupby(answers["response_id"]).mean()
    at = _month(answers.groupby("response_id")["answered_at"].first())
    return _shares(person > 0.5, at)


def _wait(data: Month) -> pd.DataFrame:
    contacts = data.tables["contacts"]
    seconds = contacts["wait_seconds"].astype(float)
    told = seconds.groupby(_month(contacts["at"])).agg(["median", "count"])
    return _values(told["median"].where(told["count"] >= FEWEST))


def _visits_kept(data: Month) -> pd.DataFrame:
    """Share done on their day or the day after, of planned visits and calls whose time ended in the month."""
    rows = data.tables["activities"]
    planned, done = (pd.to_datetime(rows[name]).dt.normalize() for name in ("planned_at", "done_at"))
    return _shares((done - planned).dt.days.between(0, KEPT_DAYS), _month(planned + pd.Timedelta(days=KEPT_DAYS)))


def _records(data: Month) -> pd.DataFrame:
    """Share of the fields supplied that are filled, of customers who joined in the month."""
    people = data.tables["customers"]
    filled = people.drop(columns=["customer_id", "joined_at"]).notna().mean(axis=1)
    told = filled.groupby(_month(people["joined_at"])).agg(["mean", "size"])
    return _values(told["mean"].where(told["size"] >= FEWEST))


def _is_case(rows: pd.DataFrame) -> pd.Series:
    return rows["kind"].eq("complaint") if "kind" in rows else pd.Series(True, rows.index)


def _inbound(rows: pd.DataFrame) -> pd.Series:
    return rows["initiator"].eq("customer") if "initiator" in rows else pd.Series(True, rows.index)


def _answered_within_a_day(rows: pd.DataFrame) -> pd.Series:
    waited = pd.to_datetime(rows["first_response_at"]) - pd.to_datetime(rows["opened_at"])
    return waited <= pd.Timedelta(days=1)


KINDS = {
    Indicator.RECORDS: Kind(Quadrant.KNOWLEDGE, "up", "percent1", _records, ("customers.joined_at",)),
    Indicator.CONSENT: Kind(
        Quadrant.KNOWLEDGE,
        "up",
        "percent1",
        _share_of("customers", "joined_at", lambda rows: rows["consent"].eq(True)),
        ("customers.joined_at", "customers.consent"),
    ),
    Indicator.CALLERS_KNOWN: Kind(
        Quadrant.KNOWLEDGE,
        "up",
        "percent1",
        _share_of("contacts", "at", lambda rows: rows["customer_id"].notna(), _inbound),
        ("contacts.customer_id",),
    ),
    Indicator.FIRST_CONTACT: Kind(
        Quadrant.INTERACTION,
        "up",
        "percent1",
        _share_of("tickets", "resolved_at", lambda rows: rows["contacts"].le(1)),
        ("tickets.resolved_at", "tickets.contacts"),
    ),
    Indicator.IN_TIME: Kind(
        Quadrant.INTERACTION,
        "up",
        "percent1",
        _share_of("tickets", "promised_at", lambda rows: rows["resolved_at"] <= rows["promised_at"]),
        ("tickets.resolved_at", "tickets.promised_at"),
    ),
    Indicator.ANSWERED_FAST: Kind(
        Quadrant.INTERACTION,
        "up",
        "percent1",
        _share_of("tickets", "opened_at", _answered_within_a_day),
        ("tickets.first_response_at",),
    ),
    Indicator.CALLS_ANSWERED: Kind(
        Quadrant.INTERACTION,
        "up",
        "percent1",
        _share_of(
            "contacts",
            "at",
            lambda rows: rows["answered"].eq(True),
            lambda rows: rows["answered"].notna() & _inbound(rows),
        ),
        ("contacts.answered",),
    ),
    Indicator.SOLVED: Kind(
        Quadrant.INTERACTION,
        "up",
        "percent1",
        _share_of("contacts", "at", lambda rows: rows["resolved"].eq(True), lambda rows: rows["resolved"].notna()),
        ("contacts.resolved",),
    ),
    Indicator.PASSED_ON: Kind(
        Quadrant.INTERACTION,
        "down",
        "percent1",
        _share_of("contacts", "at", lambda rows: rows["transfers"].gt(0), lambda rows: rows["transfers"].notna()),
        ("contacts.transfers",),
    ),
    Indicator.SELF_SERVED: Kind(
        Quadrant.INTERACTION,
        "",  # cheaper, and farther from the customer
        "percent1",
        _share_of(
            "contacts",
            "at",
            lambda rows: rows["self_service"].eq(True),
            lambda rows: rows["self_service"].notna() & _inbound(rows),
        ),
        ("contacts.self_service",),
    ),
    Indicator.WAIT: Kind(Quadrant.INTERACTION, "down", "count", _wait, ("contacts.wait_seconds",)),
    Indicator.VISITS_KEPT: Kind(
        Quadrant.INTERACTION, "up", "percent1", _visits_kept, ("activities.planned_at", "activities.done_at")
    ),
    Indicator.ORDERS: Kind(Quadrant.VALUE, "up", "count", _orders, is_sum=True),
    Indicator.REVENUE: Kind(Quadrant.VALUE, "up", "money_short", _revenue, ("orders",), is_sum=True),
    Indicator.ACTIVE: Kind(Quadrant.VALUE, "up", "count", _active, is_sum=True),
    Indicator.NEWCOMERS: Kind(Quadrant.VALUE, "up", "count", _newcomers, is_sum=True),
    Indicator.SPEND_PER_ORDER: Kind(Quadrant.VALUE, "up", "money", _spend_per_order, ("orders",)),
    Indicator.FROM_EXISTING: Kind(Quadrant.VALUE, "", "percent1", _from_existing),
    Indicator.WON: Kind(
        Quadrant.VALUE,
        "up",
        "percent1",
        _share_of(
            "prospects",
            "decided_at",
            lambda rows: rows["stage"].eq("won"),
            lambda rows: rows["stage"].isin(["won", "lost"]),
        ),
        ("prospects.decided_at", "prospects.stage"),
    ),
    Indicator.SATISFIED: Kind(Quadrant.SATISFACTION, "up", "percent1", _satisfied, ("surveys", "survey_items")),
    Indicator.COMPLAINTS: Kind(
        Quadrant.SATISFACTION, "down", "percent1", _per_active("tickets", "opened_at", _is_case), ("tickets",)
    ),
    Indicator.REPURCHASE: Kind(Quadrant.SATISFACTION, "up", "percent1", _repurchase),
    Indicator.KEPT: Kind(Quadrant.SATISFACTION, "up", "percent1", _kept),
    Indicator.REFERRED: Kind(Quadrant.SATISFACTION, "up", "percent1", _per_active("referrals", "at"), ("referrals",)),
}
