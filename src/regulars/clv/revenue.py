"""How revenue moved between two windows of equal length: whom it came from, how often they ordered, what they spent."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from regulars.clv.verdicts import RevenueVerdict
from regulars.labels import RevenueFactor
from regulars.purchases import day_number

ONE_COHORT = 0.5  # no first order in this last part of the data: the log follows customers won in one stretch


@dataclass(frozen=True)
class RevenueMove:
    """Revenue of the last window beside that of the window before.

    Parameters
    ----------
    steps : pandas.DataFrame
        step (`RevenueFactor`), customers (how many are behind it; missing where the step is none of heads), amount
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


def revenue_move(orders: pd.DataFrame, observation_start: date, observation_end: date, days: int = 365) -> RevenueMove:
    """Split the change of revenue into customers won, come back and lost, orders per customer and spend per order.

    Revenue = customers × orders per customer × spend per order. The logarithmic mean (Divisia) index gives each factor
    its part without a rest and without a choice of base year: a factor that grew from f₀ to f₁ brings
    L(R₁, R₀) · ln(f₁ / f₀), with L(a, b) = (a − b) / ln(a / b). The part of the number of customers is handed on to
    those who joined, came back and left, each with the same amount L(R₁, R₀) / L(N₁, N₀).

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
    Ang, B. W. (2005), Energy Policy 33, 867-871 (the index); Sato, K. (1976), Review of Economics and Statistics 58.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "b", "c"], "amount": [10.0, 30.0, 20.0, 40.0],
    ...     "ordered_at": pd.to_datetime(["2024-01-05", "2024-01-06", "2024-01-15", "2024-01-16"])})
    >>> move = revenue_move(orders, date(2024, 1, 1), date(2024, 1, 20), days=10)
    >>> move.steps[["step", "customers", "amount"]].to_numpy().tolist()[:3]
    [['before', 2.0, 40.0], ['won', 1.0, 24.663034623764318], ['lost', 1.0, -24.663034623764318]]
    >>> move.verdict, float(move.steps["amount"][1:-1].sum().round(10)), move.change, round(move.existing, 3)
    (<RevenueVerdict.UP: 'up'>, 20.0, 20.0, 0.333)
    """
    end = pd.Timestamp(observation_end).normalize()
    opens = end - timedelta(days=int(days) - 1)
    earlier = opens - timedelta(days=int(days))
    customer, people = pd.factorize(orders["customer_id"])  # numbers are compared faster than text
    day, amount = orders["ordered_at"].to_numpy("datetime64[D]").astype(np.int64), orders["amount"].to_numpy(float)
    first = np.full(len(people), np.iinfo(np.int64).max)
    np.minimum.at(first, customer, day)
    starts, last = day_number(opens), day_number(end)
    is_now, was_before = (day >= starts) & (day <= last), (day >= day_number(earlier)) & (day < starts)
    now, before = (_Window.of(customer[part], amount[part], len(people)) for part in (is_now, was_before))
    is_short = earlier < pd.Timestamp(observation_start) or not (before.revenue > 0 and now.revenue > 0)
    existing = float(amount[is_now & (first < starts)[customer]].sum())
    share = existing / now.revenue if now.revenue > 0 else float("nan")
    if is_short:
        return RevenueMove(
            _totals_only(before, now), before.revenue, now.revenue, share, "", RevenueVerdict.SHORT, days
        )
    steps = _steps(before, now, int((first[now.customers] >= starts).sum()))
    inner = steps[~steps["is_total"] & (steps["amount"] != 0)]
    largest = str(inner.loc[inner["amount"].abs().idxmax(), "step"]) if len(inner) else ""
    verdict = _verdict(before, now, first, observation_start, end)
    return RevenueMove(steps, before.revenue, now.revenue, share, largest, verdict, days)


@dataclass(frozen=True)
class _Window:
    revenue: float
    orders: int
    customers: np.ndarray

    @classmethod
    def of(cls, customer: np.ndarray, amount: np.ndarray, people: int) -> "_Window":
        paid = customer[amount >= 0]
        return cls(float(amount.sum()), len(paid), np.flatnonzero(np.bincount(paid, minlength=people)))


def _log_mean(a: float, b: float) -> float:
    return a if np.isclose(a, b, rtol=1e-12) else (a - b) / np.log(a / b)


def _steps(before: _Window, now: _Window, won: int) -> pd.DataFrame:
    n0, n1 = len(before.customers), len(now.customers)
    weight = _log_mean(now.revenue, before.revenue)
    per_customer = weight / _log_mean(n1, n0)
    stayed = len(np.intersect1d(before.customers, now.customers, assume_unique=True))
    back, lost = n1 - stayed - won, n0 - stayed  # who was won was not there before
    orders = weight * np.log((now.orders / n1) / (before.orders / n0))
    spend = weight * np.log((now.revenue / now.orders) / (before.revenue / before.orders))
    return _table(
        (RevenueFactor.BEFORE, n0, before.revenue, True),
        (RevenueFactor.WON, won, won * per_customer, False),
        (RevenueFactor.LOST, lost, -lost * per_customer, False),
        (RevenueFactor.BACK, back, back * per_customer, False),
        (RevenueFactor.ORDERS, np.nan, orders, False),
        (RevenueFactor.SPEND, np.nan, spend, False),
        (RevenueFactor.NOW, n1, now.revenue, True),
    )


def _totals_only(before: _Window, now: _Window) -> pd.DataFrame:
    return _table(
        (RevenueFactor.BEFORE, len(before.customers), before.revenue, True),
        (RevenueFactor.NOW, len(now.customers), now.revenue, True),
    )


def _table(*rows) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["step", "customers", "amount", "is_total"])
    return table.assign(step=table["step"].astype("string").astype(object))


def _verdict(before: _Window, now: _Window, first: np.ndarray, start: date, end: pd.Timestamp) -> RevenueVerdict:
    half = pd.Timestamp(start) + (end - pd.Timestamp(start)) * ONE_COHORT
    if pd.Timestamp(int(first.max()), unit="D") < half:
        return RevenueVerdict.ONE_COHORT
    if now.revenue == before.revenue:
        return RevenueVerdict.SAME
    return RevenueVerdict.UP if now.revenue > before.revenue else RevenueVerdict.DOWN
