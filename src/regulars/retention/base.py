"""What the customer base did: who came, came back and was lost, month by month, and what that did to revenue."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.finding import Finding
from regulars.labels import CustomerState
from regulars.purchases import Purchases, day_number
from regulars.retention.states import Thresholds, customer_states, first_gap_probability
from regulars.statistics.intervals import Estimate, wilson, z_value


class BaseFinding(StrEnum):
    """What the customer base did over the last months."""

    GREW = "grew"
    SHRANK = "shrank"
    HELD = "held"
    CLOSED = "closed"  # nobody was new: the log follows customers won earlier
    TOO_SHORT = "too_short"


LONGEST_DAYS = 36_525  # a silence that no one will see the end of


def presence(
    purchases: Purchases,
    observation_end,
    r: float,
    alpha: float,
    days_per_unit: float = 7.0,
    thresholds: Thresholds | None = None,
) -> pd.DataFrame:
    """From each purchase, how long the customer counts as one, and whether the next came in time.

    Parameters
    ----------
    purchases, observation_end, r, alpha, days_per_unit, thresholds
        As for `regulars.retention.customer_states`: after a purchase the customer is in the base until the silence
        is so long that the same rule calls the customer lost.

    Returns
    -------
    pandas.DataFrame
        One row per customer and purchase day up to the end, sorted: ``customer_id``, ``day``, ``amount``,
        ``occasion``, ``lapse_day`` (the first day on which the customer would count as lost), ``next_day`` (missing
        where no purchase follows), ``is_lost`` (lost before the next purchase, or before the end), ``is_back`` (this
        purchase ended such an absence).

    Notes
    -----
    The rates are those fitted on all of the data, for every month alike: figures of past months are restated when
    the model is, and months can be compared with each other.
    """
    limits = thresholds or Thresholds()
    end = pd.Timestamp(observation_end).normalize()
    told = purchases.until(end)
    table, x = told.frame(), told.occasion.astype(float)
    since = (told.day - np.repeat(told.first_days, told.frequency + 1)).astype(float)
    t_x = since / days_per_unit
    with np.errstate(over="ignore"):
        own = (alpha + t_x) * np.expm1(-np.log(limits.lost_below) / (r + x)) * days_per_unit
    patience = np.minimum(np.floor(np.minimum(own, LONGEST_DAYS)) + 1, LONGEST_DAYS)
    first = _first_patience(told.first_gaps, limits.lost_below)
    if first is not None:
        patience[x == 0] = first
    patience = np.maximum(patience, limits.new_days - since)
    lapse = table["day"] + pd.to_timedelta(patience, unit="D")
    following = table["day"].shift(-1).where(~told.is_last)
    lost = lapse < following.fillna(end + pd.Timedelta(days=1))
    back = np.append(False, lost.to_numpy()[:-1]) & ~told.is_first
    return table.assign(lapse_day=lapse, next_day=following, is_lost=lost, is_back=back)


def _first_patience(gaps: np.ndarray, below: float) -> float | None:
    """Days after which a one-time buyer is lost, by the first gaps of those who came back; None: too few of them."""
    days = np.arange(gaps.max() + 2) if len(gaps) else np.arange(1)
    chance = first_gap_probability(days, gaps)
    if np.isnan(chance).any():
        return None
    longer = np.flatnonzero(chance < below)
    return float(days[longer[0]]) if len(longer) else float(LONGEST_DAYS)


def customer_ledger(spells: pd.DataFrame, observation_end) -> pd.DataFrame:
    """Opening + new + reactivated − lost = closing, month by month, in customers, with the revenue that each brought.

    Parameters
    ----------
    spells : pandas.DataFrame
        As `presence` gives them.
    observation_end : date
        Last day of the data.

    Returns
    -------
    pandas.DataFrame
        One row per calendar month: ``month`` (its first day), ``opening``, ``new``, ``reactivated``, ``lost``,
        ``closing``, ``arrived`` (new + reactivated; customers), ``revenue_new``, ``revenue_reactivated``,
        ``revenue_kept``, ``revenue`` (currency: of first purchases, of purchases that ended an absence, of all
        others, of all), ``quick_ratio`` (arrived / lost; missing where nobody was lost), ``mature`` (whether the
        month was over). A customer lost
        and back within one month counts in both columns.

    Examples
    --------
    >>> spells = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "day": pd.to_datetime(["2026-01-05", "2026-02-03"]), "amount": [10.0, 7.0],
    ...     "occasion": [0, 0], "lapse_day": pd.to_datetime(["2026-02-20", "2026-09-01"]),
    ...     "is_lost": [True, False], "is_back": [False, False]})
    >>> columns = ["opening", "new", "reactivated", "lost", "closing"]
    >>> customer_ledger(spells, "2026-03-15")[columns].to_numpy().tolist()
    [[0, 1, 0, 0, 1], [1, 1, 0, 1, 1], [1, 0, 0, 0, 1]]
    """
    end = pd.Timestamp(observation_end).normalize()
    month, left = _month(spells["day"]), _month(spells.loc[spells["is_lost"], "lapse_day"])
    last, begin = int(_month(pd.Series([end]))[0]), int(month.min())
    months = np.arange(begin, last + 1)
    kind = np.select([spells["occasion"] == 0, spells["is_back"]], [0, 1], 2)  # new, reactivated, kept
    cell = (month - begin) * 3 + kind
    counts = np.bincount(cell, minlength=3 * len(months)).reshape(-1, 3)
    money = np.bincount(cell, spells["amount"].to_numpy(float), 3 * len(months)).reshape(-1, 3)
    new, back = counts[:, 0], counts[:, 1]
    lost = np.bincount(left - begin, minlength=len(months))
    closing = np.cumsum(new + back - lost)
    return pd.DataFrame(
        {
            "month": months.astype("datetime64[M]").astype("datetime64[s]"),
            "opening": closing - (new + back - lost), "new": new, "reactivated": back, "lost": lost,
            "closing": closing, "arrived": new + back,
            "revenue_new": money[:, 0], "revenue_reactivated": money[:, 1], "revenue_kept": money[:, 2],
            "revenue": money.sum(axis=1),
            "quick_ratio": np.where(lost > 0, (new + back) / np.maximum(lost, 1), np.nan),
            "mature": (months < last) | ((end + pd.Timedelta(days=1)).day == 1),
        }
    )  # fmt: skip


def _month(days: pd.Series) -> np.ndarray:
    return days.to_numpy().astype("datetime64[M]").astype(np.int64)


class Base(NamedTuple):
    """What may be said of the base over the last months.

    Parameters
    ----------
    finding : BaseFinding
    months : int
        Whole months that are looked at.
    opening, closing, new, reactivated, lost : int
        Customers, over those months.
    net : int
        `closing` − `opening`.
    quick_ratio : Estimate
        (new + reactivated) / lost, with its interval as a ratio of two counts; missing where nobody was lost.
    last_new : pandas.Timestamp
        First day of the last month in which anybody was new.
    """

    finding: BaseFinding
    months: int
    opening: int
    closing: int
    new: int
    reactivated: int
    lost: int
    net: int
    quick_ratio: Estimate
    last_new: pd.Timestamp

    @property
    def facts(self) -> dict:
        """What the sentence of this finding needs."""
        if self.finding is BaseFinding.CLOSED:
            return {"last_new": self.last_new, "closing": self.closing}
        if self.finding is BaseFinding.TOO_SHORT:
            return {}
        return {"net": abs(self.net), "arrived": self.new + self.reactivated, "lost": self.lost, "months": self.months}


def base_finding(ledger: pd.DataFrame, months: int = 3, level: float = 0.9) -> Base:
    """Whether the base grew or shrank over the last whole months by more than chance would.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `customer_ledger` gives it.
    months : int
        Months at most.
    level : float
        Of the decision and of the interval.

    Returns
    -------
    Base
        ``closed`` where nobody was new in all of them: then the log follows customers won earlier, and shrinking is
        how it was made.

    Examples
    --------
    >>> ledger = pd.DataFrame({"month": pd.to_datetime(["2026-01-01"]), "opening": [500], "new": [100],
    ...                        "reactivated": [20], "lost": [60], "closing": [560], "mature": [True]})
    >>> found = base_finding(ledger)
    >>> found.finding, found.net, found.quick_ratio.value
    (<BaseFinding.GREW: 'grew'>, 60, 2.0)
    """
    whole = ledger[ledger["mature"]].tail(months)
    came_last = ledger.loc[ledger["new"] > 0, "month"].max()
    if whole.empty:
        return Base(BaseFinding.TOO_SHORT, 0, 0, 0, 0, 0, 0, 0, Estimate(float("nan"), n=0), came_last)
    new, back, lost = (int(whole[name].sum()) for name in ("new", "reactivated", "lost"))
    opening, closing = int(whole["opening"].iloc[0]), int(whole["closing"].iloc[-1])
    z = z_value(level)
    if new == 0:
        finding = BaseFinding.CLOSED
    elif abs(closing - opening) <= z * np.sqrt(new + back + lost):
        finding = BaseFinding.HELD
    else:
        finding = BaseFinding.GREW if closing > opening else BaseFinding.SHRANK
    ratio = Estimate(float("nan"), n=new + back)
    if lost and new + back:
        value, reach = (new + back) / lost, z * np.sqrt(1 / (new + back) + 1 / lost)
        ratio = Estimate(value, float(value * np.exp(-reach)), float(value * np.exp(reach)), new + back + lost)
    return Base(finding, len(whole), opening, closing, new, back, lost, closing - opening, ratio, came_last)


class Revenue(NamedTuple):
    """How revenue moved from one window to the next, customer by customer.

    Parameters
    ----------
    bridge : pandas.DataFrame
        ``step`` (before, new, returned, more, less, paused, now), ``amount`` (currency, steps with their sign),
        ``customers``, ``is_total``. Before + steps = now, to rounding.
    net, gross : Estimate
        Of the revenue of the window before, what the same customers spent in the next: all of it, and at most what
        each had spent; n counts those customers. Missing where the data start within the window before.
    """

    bridge: pd.DataFrame
    net: Estimate
    gross: Estimate


def revenue_retention(purchases: Purchases, observation_end, days: int, level: float = 0.9) -> Revenue:
    """Revenue of the last window against the one before, split by who spent it.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
    observation_end : date
        Last day of the second window.
    days : int
        Length of both windows.
    level : float
        Of the intervals, those of a ratio of sums over customers.

    Returns
    -------
    Revenue
        New: first purchase in the second window. Returned: a customer from earlier who spent nothing in the first
        window. Paused: spent in the first window and nothing in the second.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., sec. 6.3 (the ratio).

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "amount": [10.0, 4.0, 7.0],
    ...     "ordered_at": pd.to_datetime(["2026-01-05", "2026-02-10", "2026-02-11"])})
    >>> found = revenue_retention(Purchases.of(orders), "2026-03-01", 30)
    >>> found.bridge["amount"].tolist(), found.net.value
    ([10.0, 7.0, 0.0, 0.0, -6.0, 0.0, 11.0], nan)
    """
    end = day_number(observation_end)
    told = purchases.until(observation_end)
    code, day, amount = told.code, told.day, told.amount
    inside = {"now": day > end - days, "before": (day > end - 2 * days) & (day <= end - days)}
    size = len(told.customers)
    came, was = (np.bincount(code[inside[name]], minlength=size) > 0 for name in ("now", "before"))
    now, before = (np.bincount(code[rows], amount[rows], size) for rows in inside.values())
    is_new = told.first_days > end - days
    step = np.select(
        [is_new, ~was & came, was & ~came, was & came & (now >= before), was & came],
        ["new", "returned", "paused", "more", "less"],
        "absent",
    )
    change = pd.DataFrame({"amount": now - before, "customers": 1}).groupby(step).sum()
    change = change.reindex(["new", "returned", "more", "less", "paused"], fill_value=0)
    totals = pd.DataFrame(
        {"amount": [before.sum(), now.sum()], "customers": [was.sum(), came.sum()]}, index=["before", "now"]
    )
    bridge = pd.concat([totals.iloc[:1], change, totals.iloc[1:]]).rename_axis("step").reset_index()
    bridge["is_total"] = bridge["step"].isin(["before", "now"])
    bridge = bridge.astype({"customers": int, "amount": float})
    watched = size > 0 and day.min() <= end - 2 * days + 1
    then, after = before[was], now[was]
    if not watched:
        then = then[:0]
    after = after[: len(then)]
    return Revenue(bridge, _ratio(after, then, level), _ratio(np.minimum(after, then), then, level))


def _ratio(above: np.ndarray, below: np.ndarray, level: float) -> Estimate:
    total = below.sum()
    if not total > 0:
        return Estimate(float("nan"), n=len(below))
    ratio = above.sum() / total
    reach = z_value(level) * np.sqrt(((above - ratio * below) ** 2).sum()) / total
    return Estimate(float(ratio), float(max(ratio - reach, 0.0)), float(ratio + reach), len(below))


def state_transitions(
    purchases: Purchases,
    earlier,
    now: pd.DataFrame,
    r: float,
    alpha: float,
    days_per_unit: float = 7.0,
    thresholds: Thresholds | None = None,
    level: float = 0.9,
) -> pd.DataFrame:
    """From which state customers went to which.

    Parameters
    ----------
    purchases, r, alpha, days_per_unit, thresholds
        As for `regulars.retention.customer_states`.
    earlier : date
        Day of the states before.
    now : pandas.DataFrame
        ``customer_id``, ``customer_state``: the states now.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        One row per pair of states that occurs or could, in the order of the enum: ``before``, ``after``,
        ``customers``, ``n`` (in the state before), ``share``, ``share_low``, ``share_high``. The shares of each state
        before sum to 1. Customers won since are not in it.
    """
    order = [state.value for state in CustomerState]
    columns = ["before", "after", "customers", "n", "share", "share_low", "share_high"]
    known = purchases.until(earlier)
    if not len(known):
        return pd.DataFrame(columns=columns)
    then = customer_states(known, earlier, r, alpha, days_per_unit, thresholds)
    both = then[["customer_id", "customer_state"]].merge(now[["customer_id", "customer_state"]], on="customer_id")
    table = pd.crosstab(both["customer_state_x"].astype(object), both["customer_state_y"].astype(object))
    table = table.reindex(index=[name for name in order if name in table.index], columns=order, fill_value=0)
    cells = table.rename_axis(index="before", columns="after").stack().rename("customers").reset_index()
    cells["n"] = cells.groupby("before")["customers"].transform("sum")
    cells["share"] = cells["customers"] / cells["n"]
    cells["share_low"], cells["share_high"] = wilson(cells["customers"], cells["n"], level)
    return cells[columns]


class BaseStory(NamedTuple):
    """What the base did.

    Parameters
    ----------
    ledger : pandas.DataFrame
        Of `customer_ledger`.
    found : Base
    revenue : Revenue
    """

    ledger: pd.DataFrame
    found: Base
    revenue: Revenue

    def telling(self, months: int, window_days: int, lost_below: float) -> Finding:
        """What the page tells: the newest `months` of the ledger; window and limit are those it was made with."""
        facts = {"ratio": self.found.quick_ratio, "net_kept": self.revenue.net, "gross": self.revenue.gross}
        facts |= {"days": window_days, "below": lost_below, **self.found.facts}
        return Finding(self.found.finding, facts, {"ledger": self.ledger.tail(months), "revenue": self.revenue.bridge})


def base_story(purchases: Purchases, observation_end, rhythm, window_days: int, level: float = 0.9) -> BaseStory:
    """Ledger, finding and revenue of the base; `rhythm` holds r, alpha, days_per_unit and thresholds of `presence`."""
    ledger = customer_ledger(presence(purchases, observation_end, *rhythm), observation_end)
    revenue = revenue_retention(purchases, observation_end, window_days, level)
    return BaseStory(ledger, base_finding(ledger, level=level), revenue)
