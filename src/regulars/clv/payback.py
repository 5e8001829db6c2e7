"""What a new customer has brought month after month since the first order, and in which month that pays the cost."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.margins import order_margins
from regulars.clv.value import DAYS_PER_MONTH
from regulars.clv.verdicts import PaybackVerdict
from regulars.errors import UntoldError
from regulars.finding import Finding, Remark, may_refuse, shows, tells
from regulars.labels import Change, Purpose
from regulars.purchases import day_number, day_numbers
from regulars.settings import Economics
from regulars.statistics.intervals import Estimate, against, z_value

MOST_MONTHS = 24  # after the first order
FEWEST = 30  # customers watched for so long, below which a month is not told
BLOCK = 100_000  # customers added up at a time
MOST_QUARTERS = 12  # of cohorts; of a longer log they are years
MOST_GROUPS = 6  # of one way to group
NEVER = np.iinfo(np.int64).max  # the first day of who has never ordered
STOPS = (3, 6, 12, 24)  # months at which cohorts are compared


class Cumulative(NamedTuple):
    """Mean margin of a customer from the first order up to each month after it.

    Parameters
    ----------
    mean : numpy.ndarray
        Currency; entry 0 is the first month.
    error : numpy.ndarray
        Standard error of each.
    n : numpy.ndarray
        Customers who have been watched for so long.
    """

    mean: np.ndarray
    error: np.ndarray
    n: np.ndarray

    def after(self, month: int, level: float) -> Estimate:
        """Margin after so many months; NaN where too few have been watched for so long."""
        if month > len(self.mean):
            return Estimate(float("nan"), n=0)
        value, reach = float(self.mean[month - 1]), float(z_value(level) * self.error[month - 1])
        return Estimate(value, value - reach, value + reach, int(self.n[month - 1]))

    def paid_in(self, cost: Estimate, level: float) -> Estimate:
        """First month in which the margin has reached a cost, and the first in which it may, or surely has.

        NaN where it has not within the months that are known.
        """
        of_cost = 0.0 if cost.low != cost.low else (cost.high - cost.low) / (2 * z_value(level))
        left, reach = self.mean - cost.value, z_value(level) * np.hypot(self.error, of_cost)
        months = (_first(left >= 0), _first(left + reach >= 0), _first(left - reach >= 0))
        return Estimate.of(months, int(self.n[0]) if len(self.n) else 0)


def _first(reached: np.ndarray) -> float:
    return float(np.argmax(reached) + 1) if reached.any() else float("nan")


@shows
class Ages(NamedTuple):
    """Margins by customer and month after the first order.

    Parameters
    ----------
    customer, month : numpy.ndarray
        Of each order: place of the customer, and month after the first order, from 0.
    margin : numpy.ndarray
        Of each order, currency.
    people : pandas.DataFrame
        One row per customer, in those places: ``customer_id``, ``first_day`` (date), ``observed`` (whole months).
    """

    customer: np.ndarray
    month: np.ndarray
    margin: np.ndarray
    people: pd.DataFrame

    def cumulative(self, members: np.ndarray | None = None) -> Cumulative:
        """Mean margin up to each month, of all customers or of some.

        A month's mean is that of the customers who were watched through it, and the means are added up: so customers
        won last count for as long as they were there. The error is that of each customer's part in the sum.

        Parameters
        ----------
        members : numpy.ndarray of bool, optional
            Of each customer, whether to count.

        References
        ----------
        Lin, D. Y., Feuer, E. J., Etzioni, R. and Wax, Y. (1997), Biometrics 53, 419-434 (costs in intervals, each
        estimated from those watched through it).
        """
        observed = self.people["observed"].to_numpy()
        inside = np.ones(len(observed), bool) if members is None else members
        n = np.array([(observed[inside] > month).sum() for month in range(MOST_MONTHS)])
        months = int(((n >= FEWEST).cumprod()).sum())
        n = n[:months]
        kept = inside[self.customer] & (self.month < np.minimum(observed[self.customer], months))
        sums = np.bincount(self.month[kept], self.margin[kept], months)[:months]
        mean = sums / n
        places = np.flatnonzero(inside)
        at = np.full(len(observed), -1)
        at[places] = np.arange(len(places))
        who, month, margin = at[self.customer[kept]], self.month[kept], self.margin[kept]
        order = np.argsort(who, kind="stable")
        who, month, margin = who[order], month[order], margin[order]
        squares = np.zeros(months)
        for start in range(0, len(places), BLOCK):
            some = observed[places[start : start + BLOCK], None] > np.arange(months)
            rows = slice(*np.searchsorted(who, [start, start + BLOCK]))
            cell = (who[rows] - start) * months + month[rows]
            brought = np.bincount(cell, margin[rows], some.size).reshape(some.shape)
            squares += (np.cumsum(np.where(some, brought - mean, 0.0) / n, axis=1) ** 2).sum(axis=0)
        return Cumulative(np.cumsum(mean), np.sqrt(squares), n)


def margins_by_age(
    orders: pd.DataFrame,
    observation_end,
    economics: Economics,
    *,
    won: pd.DataFrame | None = None,
    since: pd.Timestamp | None = None,
) -> Ages:
    """Put each order's margin at its customer and month after the first order.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount [, cost].
    observation_end : date
        Last day observed.
    economics : Economics
        Of `regulars.clv.with_known_costs`: the cost of an order where it is known, else the margin.
    won : pandas.DataFrame, optional
        ``customer_id``, ``first_ordered_at`` of those who count; by default everybody from the first order on that is
        no credit.
    since : date, optional
        Of `regulars.clv.newcomers_since`: who came before it was there before the log began, and is left out.

    Returns
    -------
    Ages

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [10.0, 20.0, 8.0], "cost": [4.0, None, 2.0],
    ...     "ordered_at": pd.to_datetime(["2026-01-01", "2026-03-15", "2026-02-01"])})
    >>> ages = margins_by_age(orders, "2026-06-30", Economics(0.5, 0.1, 12, "week", 90, costs_known=0.8))
    >>> ages.margin.tolist(), ages.month.tolist(), ages.people["observed"].tolist()
    ([6.0, 10.0, 6.0], [0, 2, 0], [5, 4])
    """
    margin, paid = order_margins(orders, economics), orders["amount"].to_numpy(float) >= 0
    day = day_numbers(orders["ordered_at"])
    customer, people = pd.factorize(orders["customer_id"])
    first = np.full(len(people), NEVER)
    if won is None:
        np.minimum.at(first, customer[paid], day[paid])
    else:
        places = pd.Index(people).get_indexer(won["customer_id"])
        first[places[places >= 0]] = day_numbers(won["first_ordered_at"])[places >= 0]
    counts = (first < NEVER) & (True if since is None else first >= day_number(since))
    age = day - first[customer]
    kept = counts[customer] & (age >= 0)  # a credit before any order is of no first order
    first, place = first[counts], np.cumsum(counts) - 1
    watched = np.floor((day_number(observation_end) + 1 - first) / DAYS_PER_MONTH).clip(0).astype(int)
    began = pd.Series(pd.to_datetime(first, unit="D"))
    table = pd.DataFrame({"customer_id": people[counts], "first_day": began, "observed": watched})
    return Ages(place[customer[kept]], (age[kept] / DAYS_PER_MONTH).astype(int), margin[kept], table)


def winning_costs(campaigns: pd.DataFrame | None, first_days: pd.Series, cohorts: pd.Series) -> pd.Series:
    """What it cost to win one customer of each cohort: the campaigns' cost of its days, over all whom it won.

    Parameters
    ----------
    campaigns : pandas.DataFrame or None
        starts_at, ends_at, purpose, actual_cost or planned_cost; a cost is spread evenly over a campaign's days.
    first_days : pandas.Series of datetime
        Of every customer.
    cohorts : pandas.Series of pandas.Period
        Of every customer, on the same index.

    Returns
    -------
    pandas.Series
        Currency per customer, by cohort; missing where no such campaign ran.

    Examples
    --------
    >>> campaigns = pd.DataFrame({"purpose": ["acquire"], "actual_cost": [90.0],
    ...     "starts_at": pd.to_datetime(["2026-01-01"]), "ends_at": pd.to_datetime(["2026-03-31"])})
    >>> days = pd.Series(pd.to_datetime(["2026-01-05", "2026-02-07", "2026-04-01"]))
    >>> winning_costs(campaigns, days, days.dt.to_period("Q")).to_dict()
    {Period('2026Q1', 'Q-DEC'): 45.0}
    """
    if campaigns is None or not {"purpose", "ends_at"} <= set(campaigns):
        return pd.Series(dtype=float)
    cost = pd.Series(np.nan, index=campaigns.index)
    for name in ("actual_cost", "planned_cost"):
        cost = cost.fillna(campaigns[name].astype(float)) if name in campaigns else cost
    last = first_days.max()
    of = (campaigns["purpose"] == Purpose.ACQUIRE) & cost.notna() & campaigns["ends_at"].notna()
    spans = [
        pd.Series(float(one) / (end - start).days, pd.date_range(start, end, inclusive="left"))
        for one, start, end in zip(
            cost[of],
            campaigns.loc[of, "starts_at"].dt.normalize(),
            campaigns.loc[of, "ends_at"].dt.normalize() + pd.Timedelta(days=1),
            strict=True,
        )
        if end > start
    ]
    if not spans:
        return pd.Series(dtype=float)
    spent = pd.concat(spans)
    spent = spent[spent.index <= last]
    by_cohort = spent.groupby(spent.index.to_period(cohorts.dtype.freq)).sum()
    return (by_cohort / cohorts.value_counts()).dropna().sort_index()


@shows
class Payback(NamedTuple):
    """In which month a new customer has paid what winning one cost.

    Parameters
    ----------
    verdict : PaybackVerdict
    all : Cumulative
        Of all customers.
    cost : Estimate
        Of winning one; NaN where it is not known.
    month : Estimate
        In which it is paid back; NaN where it is not within the months that are known.
    cohorts : pandas.DataFrame
        One row per cohort, the newest first: ``cohort``, ``customers``, ``cost``, ``margin_<months>`` with its ends,
        ``paid`` (month).
    groups : pandas.DataFrame
        One row per group of each way to group: ``grouping``, ``group``, ``customers``, ``margin`` with its ends (at the
        horizon), ``paid``.
    months : int
        Horizon.
    level : float
        Of the intervals.
    """

    verdict: PaybackVerdict
    all: Cumulative
    cost: Estimate
    month: Estimate
    cohorts: pd.DataFrame
    groups: pd.DataFrame
    months: int
    level: float


@may_refuse
def payback_of(
    ages: Ages,
    cost: Estimate,
    *,
    campaigns: pd.DataFrame | None = None,
    groupings: Mapping[str, pd.Series] | None = None,
    months: int = 12,
    min_cell: int = 5,
    level: float = 0.9,
) -> Payback:
    """Hold what new customers have brought against what winning one cost, over all, by cohort and by group.

    Parameters
    ----------
    ages : Ages
        Of `margins_by_age`.
    cost : Estimate
        Of winning a customer, as `regulars.clv.acquisition_cost` gives it; NaN where it is not known.
    campaigns : pandas.DataFrame, optional
        For the cost of each cohort.
    groupings : mapping, optional
        Name of each way to group (channel, region …) to the group by customer id.
    months : int
        After the first order, at which groups are compared.
    min_cell : int
        Groups with fewer customers are left out.
    level : float
        Of the intervals.

    Returns
    -------
    Payback
        A refusal where too few customers have been watched for a month.

    Examples
    --------
    >>> from regulars.simulate import order_log
    >>> ages = margins_by_age(order_log(customers=300, seed=2), "2025-12-31", Economics(0.3, 0.1, 12, "week", 90))
    >>> found = payback_of(ages, Estimate(40.0, 36.0, 44.0))
    >>> found.verdict, found.month.value
    (<PaybackVerdict.PAID: 'paid'>, 5.0)
    """
    everybody = ages.cumulative()
    if not len(everybody.mean):
        raise UntoldError(f"fewer than {FEWEST} customers have been watched for a month after their first order.")
    known = cost.value == cost.value
    month = everybody.paid_in(cost, level) if known else Estimate(float("nan"))
    return Payback(
        _verdict(everybody, cost, month, level) if known else PaybackVerdict.NO_COST,
        everybody,
        cost,
        month,
        _cohorts(ages, campaigns, min_cell, level),
        _groups(ages, cost, groupings or {}, months, min_cell, level),
        months,
        level,
    )


def _verdict(everybody: Cumulative, cost: Estimate, month: Estimate, level: float) -> PaybackVerdict:
    if month.high == month.high:
        return PaybackVerdict.PAID
    last = everybody.after(len(everybody.mean), level)
    ends = (cost.low, cost.high) if cost.low == cost.low else (cost.value, cost.value)
    reach = np.hypot(last.high - last.value, (ends[1] - ends[0]) / 2)
    left = Estimate(last.value - cost.value, last.value - cost.value - reach, last.value - cost.value + reach)
    return PaybackVerdict.NOT_YET if against(left) == Change.DOWN else PaybackVerdict.UNCLEAR


def _cohorts(ages: Ages, campaigns: pd.DataFrame | None, min_cell: int, level: float) -> pd.DataFrame:
    first = ages.people["first_day"]
    quarters = first.dt.to_period("Q")
    cohorts = quarters if quarters.nunique() <= MOST_QUARTERS else first.dt.to_period("Y")
    costs, rows = winning_costs(campaigns, first, cohorts), []
    for name in sorted(cohorts.unique(), reverse=True):
        members = (cohorts == name).to_numpy()
        if members.sum() < min_cell:
            continue
        brought = ages.cumulative(members)
        cost = float(costs.get(name, np.nan))
        row = {"cohort": str(name).replace("Q", " Q"), "customers": int(members.sum()), "cost": cost}
        for stop in STOPS:
            row |= _ends(f"margin_{stop}", brought.after(stop, level))
        rows.append(row | {"paid": brought.paid_in(Estimate(cost), level).value if cost == cost else np.nan})
    return pd.DataFrame(rows)


def _groups(ages, cost: Estimate, groupings: Mapping, months: int, min_cell: int, level: float) -> pd.DataFrame:
    rows, known = [], cost.value == cost.value
    for grouping, by_customer in groupings.items():
        group = ages.people["customer_id"].map(by_customer)
        sizes = group.value_counts()
        sizes = sizes[sizes >= max(min_cell, FEWEST)].head(MOST_GROUPS)
        for name in sizes.index if len(sizes) > 1 else ():
            brought = ages.cumulative((group == name).to_numpy())
            row = {"grouping": grouping, "group": str(name), "customers": int(sizes[name])}
            row |= _ends("margin", brought.after(months, level))
            rows.append(row | {"paid": brought.paid_in(cost, level).value if known else np.nan})
    return pd.DataFrame(rows)


def _ends(name: str, told: Estimate) -> dict[str, float]:
    return {name: told.value, f"{name}_low": told.low, f"{name}_high": told.high}


def first_groups(tables: Mapping) -> dict[str, pd.Series]:
    """Ways to group customers by what was known when they were won: channel, region, first product.

    Parameters
    ----------
    tables : mapping
        Clean tables that are supplied: customers (channel, region), order_lines.

    Returns
    -------
    dict
        Name to the group by customer id.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "channel": ["web", "shop"]})
    >>> first_groups({"customers": customers})["channel"].to_dict()
    {'a': 'web', 'b': 'shop'}
    """
    customers, lines, found = tables.get("customers"), tables.get("order_lines"), {}
    for name in ("channel", "region"):
        if customers is not None and name in customers:
            found[name] = customers.dropna(subset=[name]).set_index("customer_id")[name].astype(str)
    if lines is not None:
        product = "description" if "description" in lines else "product_id"
        first = lines.dropna(subset=[product]).sort_values(["ordered_at", "order_id"], kind="stable")
        named = first.groupby("customer_id")[product].first().astype(str)
        # as products are named on every page
        found["first_product"] = named.str.strip().str.capitalize() if product == "description" else named
    return found


@tells
def tell_payback(found: Payback, *, since: pd.Timestamp | None = None) -> Finding:
    """What a new customer may cost, and in which month that has come back.

    Parameters
    ----------
    found : Payback
        Of `payback_of`.
    since : date, optional
        Day before which customers are left out, as of `margins_by_age`.

    Returns
    -------
    Finding
        Verdict of `PaybackVerdict`; frames ``curve``, ``cohorts`` and ``groups``.
    """
    last, level = len(found.all.mean), found.level
    months = min(found.months, last)
    facts = {"worth": found.all.after(months, level), "months": months}
    remarks = [] if since is None else [Remark("late_start", {"since": since.date()})]
    curve = [_curve_row(month, "margin", found.all.after(month, level)) for month in range(1, last + 1)]
    if found.verdict != PaybackVerdict.NO_COST:
        facts |= {"cost": found.cost, "month": found.month}
        if found.verdict == PaybackVerdict.PAID and found.month.low < found.month.high:
            remarks.append(Remark("between", {"month": found.month}))
        facts |= {} if found.verdict == PaybackVerdict.PAID else {"last": last}
        # of the customers beside whom it is drawn: the campaigns behind a cost are no people
        curve += [_curve_row(month, "cost", found.cost) | {"n": found.all.after(month, level).n} for month in (1, last)]
    frames = {"curve": pd.DataFrame(curve), "cohorts": found.cohorts, "groups": found.groups}
    marked = found.month.value == found.month.value
    shown = {"curve": {"marks": {f"{found.month.value:g}": "paid"}}} if marked else {}
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    return Finding(found.verdict, facts, frames, shown, remarks=remarks)


def _curve_row(month: int, series: str, told: Estimate) -> dict:
    return {"month": month, "series": series, "n": told.n, **_ends("amount", told)}
