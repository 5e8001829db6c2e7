"""What the customer base did: who came, came back and was lost, month by month, and what that did to revenue."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.active import active_ends
from regulars.clv.revenue import customer_revenue
from regulars.disclosure import shown_frames
from regulars.finding import Finding, Remark, may_refuse, shows, tells
from regulars.labels import Change, CustomerState, RevenueStep
from regulars.purchases import Purchases
from regulars.retention.states import Rhythm, customer_states, first_gap_probability
from regulars.settings import Certainty
from regulars.statistics.intervals import Estimate, against, difference, wilson, z_value


class BaseVerdict(StrEnum):
    """What the customer base did over the last months."""

    GREW = "grew"
    SHRANK = "shrank"
    HELD = "held"
    CLOSED = "closed"  # nobody was new: the log follows customers won earlier
    TOO_SHORT = "too_short"
    UNKNOWN = "unknown"  # hardly anybody leaves, by the model: a ratio would be one of noise


FEW = 5.0  # customers who stopped, below which nothing is divided by them
CLIFF = 3.0  # times the median of a month's losses, from which those of one month are explained
LONGEST_DAYS = 36_525  # a silence that no one will see the end of


@may_refuse
def presence(purchases: Purchases, observation_end, rhythm: Rhythm) -> pd.DataFrame:
    """From each purchase, how long the customer counts as one, and whether the next came in time.

    After a purchase the customer is in the base until the silence is so long that the rule of
    `regulars.retention.customer_states` calls the customer lost.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    observation_end : date
        Last day of the data; later purchases are not looked at.
    rhythm : Rhythm
        In which customers order; of its thresholds ``lost_below`` and ``new_days`` are used.

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

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "amount": 10.0,
    ...                        "ordered_at": pd.to_datetime(["2024-01-01", "2025-06-01"])})
    >>> spells = presence(Purchases.of(orders), "2025-06-30", Rhythm(2.0, 4.0))
    >>> spells["lapse_day"].dt.strftime("%Y-%m-%d").tolist(), spells["is_back"].tolist()
    (['2024-09-09', '2030-11-07'], [False, True])
    """
    limits, unit = rhythm.thresholds, rhythm.days_per_unit
    end = pd.Timestamp(observation_end).normalize()
    seen = purchases.until(end)
    table, x = seen.frame(), seen.occasion.astype(float)
    since = (seen.day - np.repeat(seen.first_days, seen.frequency + 1)).astype(float)
    t_x = since / unit
    with np.errstate(over="ignore"):
        own = (rhythm.alpha + t_x) * np.expm1(-np.log(limits.lost_below) / (rhythm.r + x)) * unit
    patience = np.minimum(np.floor(np.minimum(own, LONGEST_DAYS)) + 1, LONGEST_DAYS)
    first = _first_patience(seen.first_gaps, limits.lost_below)
    if first is not None:
        patience[x == 0] = first
    patience = np.maximum(patience, limits.new_days - since)
    lapse = table["day"] + pd.to_timedelta(patience, unit="D")
    following = table["day"].shift(-1).where(~seen.is_last)
    lost = lapse < following.fillna(end + pd.Timedelta(days=1))
    back = np.append(False, lost.to_numpy()[:-1]) & ~seen.is_first
    return table.assign(lapse_day=lapse, next_day=following, is_lost=lost, is_back=back)


def _first_patience(gaps: np.ndarray, below: float) -> float | None:
    """Days after which a one-time buyer is lost, by the first gaps of those who came back; None: too few of them."""
    days = np.arange(gaps.max() + 2) if len(gaps) else np.arange(1)
    chance = first_gap_probability(days, gaps)
    if np.isnan(chance).any():
        return None
    longer = np.flatnonzero(chance < below)
    return float(days[longer[0]]) if len(longer) else float(LONGEST_DAYS)


@may_refuse
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
        others, of all), ``lost_once`` (of the lost, those who had ordered once), ``quick_ratio`` (arrived / lost;
        missing where nobody was lost), ``mature`` (whether the month was over). A customer lost and back within one
        month counts in both columns.

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
    gone = spells[spells["is_lost"]]
    month, left = _month(spells["day"]), _month(gone["lapse_day"])
    last, begin = int(_month(pd.Series([end]))[0]), int(month.min())
    months = np.arange(begin, last + 1)
    kind = np.select([spells["occasion"] == 0, spells["is_back"]], [0, 1], 2)  # new, reactivated, kept
    cell = (month - begin) * 3 + kind
    counts = np.bincount(cell, minlength=3 * len(months)).reshape(-1, 3)
    money = np.bincount(cell, spells["amount"].to_numpy(float), 3 * len(months)).reshape(-1, 3)
    new, back = counts[:, 0], counts[:, 1]
    lost, once = (np.bincount(some - begin, minlength=len(months)) for some in (left, left[gone["occasion"] == 0]))
    closing = np.cumsum(new + back - lost)
    return pd.DataFrame(
        {
            "month": months.astype("datetime64[M]").astype("datetime64[s]"),
            "opening": closing - (new + back - lost), "new": new, "reactivated": back, "lost": lost,
            "closing": closing, "arrived": new + back, "lost_once": once,
            "revenue_new": money[:, 0], "revenue_reactivated": money[:, 1], "revenue_kept": money[:, 2],
            "revenue": money.sum(axis=1),
            "quick_ratio": np.where(lost > 0, (new + back) / np.maximum(lost, 1), np.nan),
            "mature": (months < last) | ((end + pd.Timedelta(days=1)).day == 1),
        }
    )  # fmt: skip


def _month(days: pd.Series) -> np.ndarray:
    return days.to_numpy().astype("datetime64[M]").astype(np.int64)


@shows
class BaseChange(NamedTuple):
    """How the base moved over the last months.

    Parameters
    ----------
    verdict : BaseVerdict
        Grew, shrank or held by the interval of `net`; ``closed`` where nobody was new: then the log follows customers
        won earlier, and shrinking is how it was made; ``too_short`` without a whole month; ``unknown`` where the model
        finds that hardly anybody leaves.
    months : int
        Whole months that are looked at.
    closing : int
        Customers whom the ledger counts at the end of them.
    alive : Estimate
        Customers who are so by the model at the end of the data; n is all who ever were.
    won : int
        Customers new in those months.
    lost : int
        Those whom the ledger calls lost in them: by a silence that began long before.
    stopped : Estimate
        Customers who ordered for the last time in those months, as the model expects: what the ledger will tell later.
    net : Estimate
        `won` − `stopped`.
    quick_ratio : Estimate
        `won` / `stopped`; missing where hardly anybody stopped.
    last_new : pandas.Timestamp
        First day of the last month in which anybody was new.
    """

    verdict: BaseVerdict
    months: int
    closing: int
    alive: Estimate
    won: int
    lost: int
    stopped: Estimate
    net: Estimate
    quick_ratio: Estimate
    last_new: pd.Timestamp


def stopped_since(value: pd.DataFrame, day, certainty: Certainty) -> Estimate:
    """Customers who ordered for the last time after a day, as the model expects it.

    A loss is seen late: the silence has to grow. By BG/NBD customers leave after an order, so that whose last order
    fell after the day has left since then with the chance 1 − P(alive), and whoever else has left had left before.

    Parameters
    ----------
    value : pandas.DataFrame
        ``last_ordered_at``, ``p_alive``, one row per customer.
    day : date
    certainty : Certainty
        Level of the interval, and what no model sees of a total's.

    Returns
    -------
    Estimate
        Luck, Σ p (1 − p), and the level are in its interval; n counts those who ordered since. One-time buyers of whom
        the model cannot tell whether they have left are not among those who stopped.

    Examples
    --------
    >>> value = pd.DataFrame({"last_ordered_at": pd.to_datetime(["2026-06-01", "2026-05-01", "2025-01-01"]),
    ...                       "p_alive": [0.75, 0.5, 0.01]})
    >>> stopped_since(value, "2026-03-31", Certainty(level=0.9, level_uncertainty=0.0, seed=0, draws=0)).value
    0.75
    """
    return _expected(1 - value.loc[value["last_ordered_at"] > pd.Timestamp(day), "p_alive"], certainty)


def _expected(chance: pd.Series, certainty: Certainty) -> Estimate:
    total, n = float(chance.sum()), len(chance)
    spread = np.hypot(np.sqrt((chance * (1 - chance)).sum()), certainty.level_uncertainty * total)
    reach = float(z_value(certainty.level) * spread)
    return Estimate(total, max(total - reach, 0.0), min(total + reach, float(n)), n)


def _alive(chance: pd.Series, certainty: Certainty) -> Estimate:
    """Customers who are so by the model: what makes more of them leave makes fewer of those who are sure to stay."""
    total, n = float(chance.sum()), len(chance)
    low, high = active_ends(total, (chance * (1 - chance)).sum(), n, certainty)
    return Estimate(total, float(low), float(high), n)


@may_refuse
def base_change(ledger: pd.DataFrame, value: pd.DataFrame, months: int = 3, *, certainty: Certainty) -> BaseChange:
    """Whether the base grew or shrank over the last whole months by more than chance would.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `customer_ledger` gives it.
    value : pandas.DataFrame
        ``last_ordered_at``, ``p_alive``, one row per customer.
    months : int
        Months at most.
    certainty : Certainty
        Level of the intervals, and so of the verdict; what no model sees of a total's.

    Returns
    -------
    BaseChange

    Examples
    --------
    >>> ledger = pd.DataFrame({"month": pd.to_datetime(["2026-01-01"]), "opening": [500], "new": [100],
    ...                        "reactivated": [20], "lost": [60], "closing": [560], "mature": [True]})
    >>> value = pd.DataFrame({"last_ordered_at": pd.to_datetime(["2026-01-20"] * 200), "p_alive": 0.75})
    >>> found = base_change(ledger, value, certainty=Certainty(level=0.9, level_uncertainty=0.1, seed=0, draws=0))
    >>> found.verdict, found.net.value, found.quick_ratio.value
    (<BaseVerdict.GREW: 'grew'>, 50.0, 2.0)
    """
    whole = ledger[ledger["mature"]].tail(months)
    last_new = ledger.loc[ledger["new"] > 0, "month"].max()
    alive = _alive(value["p_alive"], certainty)
    if whole.empty:
        nothing = Estimate(float("nan"), n=0)
        return BaseChange(BaseVerdict.TOO_SHORT, 0, 0, alive, 0, 0, nothing, nothing, nothing, last_new)
    new, lost = int(whole["new"].sum()), int(whole["lost"].sum())
    stopped = stopped_since(value, whole["month"].iloc[0] - pd.Timedelta(days=1), certainty)
    won = Estimate(new, new, new, new)  # counted, not estimated
    net = difference(won, stopped)
    verdict = {Change.UP: BaseVerdict.GREW, Change.DOWN: BaseVerdict.SHRANK}.get(against(net), BaseVerdict.HELD)
    ratio = Estimate(float("nan"), n=new)
    if new == 0:
        verdict = BaseVerdict.CLOSED
    elif stopped.low < FEW:
        verdict = BaseVerdict.UNKNOWN
    else:
        ratio = Estimate(new / stopped.value, won.low / stopped.high, won.high / stopped.low, net.n)
    closing = int(whole["closing"].iloc[-1])
    return BaseChange(verdict, len(whole), closing, alive, new, lost, stopped, net, ratio, last_new)


@shows
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


def revenue_retention(orders: pd.DataFrame, observation_start, observation_end, *, days: int, level: float) -> Revenue:
    """Revenue of the last window against the one before, split by who spent it.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_start, observation_end : date
        First day of the data, last day of the second window.
    days : int
        Length of both windows.
    level : float
        Of the intervals, those of a ratio of sums over customers.

    Returns
    -------
    Revenue
        By `regulars.clv.customer_revenue`, as the value page tells it.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., sec. 6.3 (the ratio).

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "amount": [10.0, 4.0, 7.0],
    ...     "ordered_at": pd.to_datetime(["2026-01-05", "2026-02-10", "2026-02-11"])})
    >>> found = revenue_retention(orders, "2026-01-05", "2026-03-01", days=30, level=0.9)
    >>> found.bridge["amount"].tolist(), found.net.value
    ([10.0, 7.0, 0.0, 0.0, -6.0, 0.0, 11.0], nan)
    """
    each = customer_revenue(orders, observation_end, days)
    was, came = each["orders_before"] > 0, each["orders_now"] > 0
    step = each["step"].mask(each["step"] == "absent", RevenueStep.LESS)  # a credit alone
    moved = [RevenueStep.NEW, RevenueStep.RETURNED, RevenueStep.MORE, RevenueStep.LESS, RevenueStep.PAUSED]
    money = (each["now"] - each["before"]).groupby(step).sum().reindex(moved, fill_value=0.0)
    heads = each["step"].value_counts().reindex(moved, fill_value=0)
    rows = [
        (RevenueStep.BEFORE.value, each["before"].sum(), int(was.sum()), True),
        *((name.value, money[name], int(heads[name]), False) for name in moved),
        (RevenueStep.NOW.value, each["now"].sum(), int(came.sum()), True),
    ]
    bridge = pd.DataFrame(rows, columns=["step", "amount", "customers", "is_total"])
    opens = pd.Timestamp(observation_end).normalize() - pd.Timedelta(days=2 * days - 1)
    then = each[was] if pd.Timestamp(observation_start) <= opens else each[:0]
    before, now = then["before"].to_numpy(), then["now"].to_numpy()
    return Revenue(bridge, _ratio(now, before, level), _ratio(np.minimum(now, before), before, level))


def _ratio(above: np.ndarray, below: np.ndarray, level: float) -> Estimate:
    total = below.sum()
    if not total > 0:
        return Estimate(float("nan"), n=len(below))
    ratio = above.sum() / total
    reach = z_value(level) * np.sqrt(((above - ratio * below) ** 2).sum()) / total
    return Estimate(float(ratio), float(max(ratio - reach, 0.0)), float(ratio + reach), len(below))


@may_refuse
def state_transitions(
    purchases: Purchases, earlier, now: pd.DataFrame, rhythm: Rhythm, *, level: float = 0.9
) -> pd.DataFrame:
    """From which state customers went to which.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    earlier : date
        Day of the states before.
    now : pandas.DataFrame
        ``customer_id``, ``customer_state``: the states now.
    rhythm : Rhythm
        By which the states are told, those before and those now.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        One row per pair of states that occurs or could, in the order of the enum: ``before``, ``after``,
        ``customers``, ``n`` (in the state before), ``share``, ``share_low``, ``share_high``. The shares of each state
        before sum to 1. Customers won since are not in it.

    Examples
    --------
    >>> from regulars.simulate import order_log
    >>> purchases, rhythm = Purchases.of(order_log(customers=300, seed=2)), Rhythm(0.9, 9.0)
    >>> moves = state_transitions(purchases, "2025-11-30", customer_states(purchases, "2025-12-31", rhythm), rhythm)
    >>> moves.groupby("before")["share"].sum().round(6).unique().tolist()
    [1.0]
    """
    order = [state.value for state in CustomerState]
    columns = ["before", "after", "customers", "n", "share", "share_low", "share_high"]
    known = purchases.until(earlier)
    if not len(known):
        return pd.DataFrame(columns=columns)
    then = customer_states(known, earlier, rhythm)
    both = then[["customer_id", "customer_state"]].merge(now[["customer_id", "customer_state"]], on="customer_id")
    table = pd.crosstab(both["customer_state_x"].astype(object), both["customer_state_y"].astype(object))
    table = table.reindex(index=[name for name in order if name in table.index], columns=order, fill_value=0)
    cells = table.rename_axis(index="before", columns="after").stack().rename("customers").reset_index()
    cells["n"] = cells.groupby("before")["customers"].transform("sum")
    cells["share"] = cells["customers"] / cells["n"]
    cells["share_low"], cells["share_high"] = wilson(cells["customers"], cells["n"], level)
    return cells[columns]


@tells
def tell_base(
    ledger: pd.DataFrame,
    value: pd.DataFrame,
    revenue: Revenue,
    *,
    months: int,
    window_days: int,
    lost_below: float,
    certainty: Certainty,
    min_cell: int = 1,
) -> Finding:
    """What the base did over the last months, and what that did to revenue.

    Parameters
    ----------
    ledger : pandas.DataFrame
        Of `customer_ledger`.
    value : pandas.DataFrame
        ``last_ordered_at``, ``p_alive``, one row per customer.
    revenue : Revenue
        Of `revenue_retention`.
    months : int
        Of the ledger that are shown, the newest.
    window_days : int
        Length of the windows of `revenue`.
    lost_below : float
        Chance of a silence below which a customer counts as lost in the ledger.
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's.
    min_cell : int
        Customers of a group of which a number may be told: of a month with fewer the losses are not explained.

    Returns
    -------
    Finding
        Its verdict is a `BaseVerdict`; frames ``ledger`` and ``revenue``.
    """
    found = base_change(ledger, value, certainty=certainty)
    facts = {"net_kept": revenue.net, "gross": revenue.gross, "days": window_days, "below": lost_below}
    told = {"closing": found.closing, "alive": found.alive, "won": found.won, "lost": found.lost}
    told |= {"months": found.months}
    if found.verdict is BaseVerdict.CLOSED:
        facts |= {"last_new": found.last_new, "closing": found.closing, "alive": found.alive}
    elif found.verdict is BaseVerdict.UNKNOWN:
        facts |= told
    elif found.verdict is not BaseVerdict.TOO_SHORT:
        net = found.net if found.net.value >= 0 else Estimate.of((-end for end in _turned(found.net)), found.net.n)
        facts |= told | {"net": net, "stopped": found.stopped, "ratio": found.quick_ratio}
    shown_months = ledger.tail(months)
    frames = {"ledger": shown_months, "revenue": revenue.bridge}
    told_months = shown_frames("base", {"ledger": shown_months}, min_cell).get("ledger", shown_months.head(0))
    cliffs = _cliff(told_months.dropna(subset=["lost"]))
    shown = {"ledger": {"marks": {f"{one.facts['month']:%Y-%m-%d}": one.code for one in cliffs}}} if cliffs else {}
    return Finding(found.verdict, facts, frames, shown, remarks=cliffs + _young(ledger, shown_months))


def _turned(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.high, estimate.low


def _young(ledger: pd.DataFrame, shown: pd.DataFrame) -> list[Remark]:
    """Months in which nobody could be lost yet: a 0 there is no success."""
    first = ledger.loc[ledger["lost"] > 0, "month"].min()
    return [Remark("young", {"first": first})] if first > shown["month"].iloc[0] else []


def _cliff(ledger: pd.DataFrame) -> list[Remark]:
    """A month whose losses are one-time buyers who crossed the threshold together: no event, but the rule."""
    if ledger.empty:
        return []
    worst = ledger.loc[ledger["lost"].idxmax()]
    if worst["lost"] <= CLIFF * ledger["lost"].median() or worst["lost_once"] < worst["lost"] / 2:
        return []
    return [Remark("cliff", {"month": worst["month"], "lost": int(worst["lost"]), "once": int(worst["lost_once"])})]
