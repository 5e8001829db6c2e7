"""How revenue moved between two windows of equal length: each customer's own money, by what that customer did."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from regulars.clv.verdicts import RevenueVerdict
from regulars.finding import shows
from regulars.labels import RevenueStep
from regulars.purchases import day_number, day_numbers

ONE_COHORT = 0.5  # no first order in this last part of the data: the log follows customers won in one stretch


@shows
@dataclass(frozen=True)
class RevenueMove:
    """Revenue of the last window beside that of the window before.

    Parameters
    ----------
    steps : pandas.DataFrame
        step (`RevenueStep`), customers (how many are behind it; missing where the step is none of heads), amount
        (currency), is_total: from the revenue before, through the steps, to the revenue now; adds up exactly.
    before, now : float
        Revenue of the two windows, as `orders` sums it.
    existing : float
        Share of the revenue now that comes from customers won before the window.
    largest : str
        Step that moved revenue most.
    verdict : RevenueVerdict
        One_cohort: the log follows customers who were all won early, so that nobody could join. Short: one of the
        windows has no revenue, or the data begin within the earlier one, and nothing can be compared.
    days : int
        Length of each window.
    """

    steps: pd.DataFrame
    before: float
    now: float
    existing: float
    largest: str
    verdict: RevenueVerdict
    days: int

    @property
    def change(self) -> float:
        """Revenue now less revenue before, in currency."""
        return self.now - self.before

    @property
    def moved(self) -> float:
        """What the largest step moved, in currency; 0 where none moved anything."""
        return float(self.steps.set_index("step").loc[self.largest, "amount"]) if self.largest else 0.0


def customer_revenue(orders: pd.DataFrame, observation_end: date, days: int) -> pd.DataFrame:
    """What each customer spent in two windows of equal length, and what that customer did from one to the other.

    The one set of facts under every bridge of revenue: a customer who is new, came back or paused counts with the own
    money, not with an average customer's.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount; an order is one row, credits (below zero) reduce the spend.
    observation_end : date
        Last day of the second window.
    days : int
        Length of each window.

    Returns
    -------
    pandas.DataFrame
        One row per customer, in the order of first appearance: ``before``, ``now`` (currency), ``orders_before``,
        ``orders_now`` (without credits), ``step`` (`regulars.labels.RevenueStep`): new (first order in the second
        window), returned (ordered earlier, nothing in the first window), paused (nothing in the second), more or less;
        "absent" where nothing was ordered in either and a credit at most is counted.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "b", "c"], "amount": [10.0, 30.0, 20.0, 40.0],
    ...     "ordered_at": pd.to_datetime(["2024-01-05", "2024-01-06", "2024-01-15", "2024-01-16"])})
    >>> customer_revenue(orders, date(2024, 1, 20), 10)[["before", "now", "step"]].to_numpy().tolist()
    [[10.0, 0.0, 'paused'], [30.0, 20.0, 'less'], [0.0, 40.0, 'new']]
    """
    customer, people = pd.factorize(orders["customer_id"])  # numbers are compared faster than text
    day, amount = day_numbers(orders["ordered_at"]), orders["amount"].to_numpy(float)
    end, paid, size = day_number(observation_end), amount >= 0, len(people)
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, customer[paid], day[paid])
    is_now = (day > end - days) & (day <= end)
    was_before = (day > end - 2 * days) & (day <= end - days)
    now, before = (np.bincount(customer[part], amount[part], size) for part in (is_now, was_before))
    came, was = (np.bincount(customer[part & paid], minlength=size) for part in (is_now, was_before))
    step = np.select(
        [
            (first > end - days) & (came > 0),
            (was == 0) & (came > 0),
            (was > 0) & (came == 0),
            (was > 0) & (now >= before),
            was > 0,
        ],
        [RevenueStep.NEW, RevenueStep.RETURNED, RevenueStep.PAUSED, RevenueStep.MORE, RevenueStep.LESS],
        "absent",
    )
    return pd.DataFrame({"before": before, "now": now, "orders_before": was, "orders_now": came, "step": step})


def revenue_move(orders: pd.DataFrame, observation_start: date, observation_end: date, days: int = 365) -> RevenueMove:
    """Split the change of revenue into customers won, come back and paused, and what the others changed.

    Who is new, came back or paused counts with the own money. Of those who ordered in both windows each one's change
    is shared between how often and for how much they ordered by the logarithmic mean (Divisia) index, which leaves no
    rest: of a customer's revenue R = orders × spend per order, a factor that grew from f₀ to f₁ brings
    L(R₁, R₀) · ln(f₁ / f₀), with L(a, b) = (a − b) / ln(a / b). Where credits leave a customer without revenue in one
    of the windows, and where there are credits alone, all of the change is spend.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount; an order is one row, credits reduce the spend.
    observation_start, observation_end : date
        First and last day observed.
    days : int
        Length of each window.

    Returns
    -------
    RevenueMove

    References
    ----------
    Ang, B. W. (2005), Energy Policy 33, 867-871 (the index; it is consistent in aggregation, so that it may be summed
    over customers); Sato, K. (1976), Review of Economics and Statistics 58.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "b", "c"], "amount": [10.0, 30.0, 20.0, 40.0],
    ...     "ordered_at": pd.to_datetime(["2024-01-05", "2024-01-06", "2024-01-15", "2024-01-16"])})
    >>> move = revenue_move(orders, date(2024, 1, 1), date(2024, 1, 20), days=10)
    >>> move.steps[["step", "customers", "amount"]].to_numpy().tolist()[:3]
    [['before', 2.0, 40.0], ['new', 1.0, 40.0], ['paused', 1.0, -10.0]]
    >>> move.verdict, float(move.steps["amount"][1:-1].sum().round(10)), move.change, round(move.existing, 3)
    (<RevenueVerdict.UP: 'up'>, 20.0, 20.0, 0.333)
    """
    each = customer_revenue(orders, observation_end, days)
    before, now = float(each["before"].sum()), float(each["now"].sum())
    existing = float(each.loc[each["step"] != RevenueStep.NEW, "now"].sum())
    share = existing / now if now > 0 else float("nan")
    begins = pd.Timestamp(observation_end).normalize() - pd.Timedelta(days=2 * int(days) - 1)
    if begins < pd.Timestamp(observation_start) or not (before > 0 and now > 0):
        table = _table(each, before, now).loc[lambda rows: rows["is_total"]].reset_index(drop=True)
        return RevenueMove(table, before, now, share, "", RevenueVerdict.SHORT, days)
    steps = _table(each, before, now)
    inner = steps[~steps["is_total"] & (steps["amount"] != 0)]
    largest = str(inner.loc[inner["amount"].abs().idxmax(), "step"]) if len(inner) else ""
    verdict = _verdict(before, now, orders, (observation_start, observation_end))
    return RevenueMove(steps, before, now, share, largest, verdict, days)


def _table(each: pd.DataFrame, before: float, now: float) -> pd.DataFrame:
    change = each["now"] - each["before"]
    heads, money = each["step"].value_counts(), change.groupby(each["step"]).sum()
    both = each["step"].isin([RevenueStep.MORE, RevenueStep.LESS])
    orders = float(_by_orders(each[both]).sum())
    rest = float(change[both | (each["step"] == "absent")].sum()) - orders
    moved = (RevenueStep.NEW, RevenueStep.PAUSED, RevenueStep.RETURNED)
    rows = [
        (RevenueStep.BEFORE, int((each["orders_before"] > 0).sum()), before, True),
        *((step, int(heads.get(step, 0)), float(money.get(step, 0.0)), False) for step in moved),
        (RevenueStep.ORDERS, np.nan, orders, False),
        (RevenueStep.SPEND, np.nan, rest, False),
        (RevenueStep.NOW, int((each["orders_now"] > 0).sum()), now, True),
    ]
    table = pd.DataFrame(rows, columns=["step", "customers", "amount", "is_total"])
    return table.assign(step=table["step"].map(str).astype(object))


def _by_orders(both: pd.DataFrame) -> np.ndarray:
    """Of each customer who ordered in both windows, what another number of orders brought; 0 without revenue in one."""
    paid = both[(both["before"] > 0) & (both["now"] > 0)]
    growth = np.log((paid["now"] / paid["before"]).to_numpy())
    same = np.isclose(growth, 0.0, atol=1e-12)
    mean = np.where(same, paid["now"], (paid["now"] - paid["before"]) / np.where(same, 1.0, growth))
    return mean * np.log((paid["orders_now"] / paid["orders_before"]).to_numpy())


def _verdict(before: float, now: float, orders: pd.DataFrame, observed: tuple[date, date]) -> RevenueVerdict:
    start, end = (pd.Timestamp(day).normalize() for day in observed)
    first = orders.groupby("customer_id")["ordered_at"].min()
    if first.max() < start + (end - start) * ONE_COHORT:
        return RevenueVerdict.ONE_COHORT
    if now == before:
        return RevenueVerdict.SAME
    return RevenueVerdict.UP if now > before else RevenueVerdict.DOWN
