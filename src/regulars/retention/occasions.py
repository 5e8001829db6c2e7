"""Purchase occasions, the one set of facts under every figure on retention, and who is kept from period to period."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.labels import Change
from regulars.rfm import day_number, month_before, purchase_log
from regulars.statistics.intervals import Estimate, change, share


def purchase_occasions(orders: pd.DataFrame, *, zero_spend_is_purchase: bool = False) -> pd.DataFrame:
    """Days on which customers bought, numbered: what cohorts, survival and states all count, as frequency does.

    Parameters
    ----------
    orders : pandas.DataFrame
        ``customer_id``, ``ordered_at``, ``amount``, one row per order.
    zero_spend_is_purchase : bool
        Whether a day with a net spend of exactly zero counts; the value stage's setting.

    Returns
    -------
    pandas.DataFrame
        One row per customer and purchase day, sorted: ``customer_id``, ``day`` (date), ``amount`` (net spend of the
        day, currency), ``occasion`` (0 for the customer's first), ``first_day``.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "a", "b"],
    ...     "ordered_at": pd.to_datetime(["2026-01-05", "2026-01-05", "2026-02-01", "2026-01-09"]),
    ...     "amount": [10.0, 5.0, 7.0, 0.0]})
    >>> purchase_occasions(orders)[["customer_id", "amount", "occasion"]].to_numpy().tolist()
    [['a', 15.0, 0], ['a', 7.0, 1]]
    """
    days = purchase_log(orders, zero_spend_is_purchase=zero_spend_is_purchase)
    per_customer = days.groupby("customer_id", sort=False)
    return days.assign(occasion=per_customer.cumcount(), first_day=per_customer["day"].transform("min"))


@dataclass(frozen=True)
class Histories:
    """Purchase days up to an end, customer by customer, as arrays: nothing needs to be grouped by a text again.

    Parameters
    ----------
    frame : pandas.DataFrame
        Purchase occasions, those of a customer one below the other in order of time.
    starts : numpy.ndarray of int
        Row of each customer's first.
    """

    frame: pd.DataFrame
    starts: np.ndarray

    @classmethod
    def of(cls, occasions: pd.DataFrame, observation_end) -> "Histories":
        """Histories as they were known at the end of a day.

        Parameters
        ----------
        occasions : pandas.DataFrame
            As `purchase_occasions` gives them.
        observation_end : date
            Later purchases are left out.

        Examples
        --------
        >>> rows = {"customer_id": ["a", "a", "b"], "day": pd.to_datetime(["2026-01-05", "2026-02-01", "2026-01-09"])}
        >>> told = Histories.of(pd.DataFrame(rows).assign(occasion=[0, 1, 0]), "2026-01-31")
        >>> told.customers.tolist(), told.frequency.tolist()
        (['a', 'b'], [0, 0])
        """
        seen = occasions["day"] <= pd.Timestamp(observation_end).normalize()
        frame = (occasions if seen.all() else occasions[seen]).reset_index(drop=True)
        place, ids = frame["occasion"].to_numpy(), frame["customer_id"].array
        follows = (place[1:] == place[:-1] + 1) & np.asarray(ids[1:] == ids[:-1], bool)
        if not ((place[1:] == 0) | follows).all():
            frame = frame.sort_values(["customer_id", "occasion"], ignore_index=True)
        return cls(frame, np.flatnonzero(frame["occasion"].to_numpy() == 0))

    @cached_property
    def day(self) -> np.ndarray:
        """Days since 1970 of each occasion."""
        return self.frame["day"].to_numpy("datetime64[D]").astype(np.int64)

    @property
    def customers(self) -> pd.Series:
        """Id of each customer."""
        return self.frame["customer_id"].iloc[self.starts].reset_index(drop=True)

    def places(self, customer_id: pd.Series) -> np.ndarray:
        """Place of each of some ids among the customers; −1 where it is none of them.

        Examples
        --------
        >>> rows = {"customer_id": ["a", "b"], "day": pd.to_datetime(["2026-01-05"] * 2), "occasion": [0, 0]}
        >>> Histories.of(pd.DataFrame(rows), "2026-01-31").places(pd.Series(["b", "c"])).tolist()
        [1, -1]
        """
        known = self.customers
        if len(known) == len(customer_id) and (known.to_numpy() == customer_id.to_numpy()).all():
            return np.arange(len(known))  # the usual case, and by far the fastest
        return pd.Index(known).get_indexer(pd.Index(customer_id))

    def bought(self, after: int, until: int) -> np.ndarray:
        """Whether each customer bought after one day since 1970 and up to another."""
        return np.bincount(self.code[(self.day > after) & (self.day <= until)], minlength=len(self.starts)) > 0

    @cached_property
    def frequency(self) -> np.ndarray:
        """Repeat purchase days of each customer."""
        return np.diff(self.starts, append=len(self.frame)) - 1

    @cached_property
    def code(self) -> np.ndarray:
        """Place of the customer of each occasion."""
        return np.repeat(np.arange(len(self.starts)), self.frequency + 1)

    @property
    def first(self) -> np.ndarray:
        """First purchase day of each customer."""
        return self.day[self.starts]

    @property
    def last(self) -> np.ndarray:
        """Last purchase day of each customer."""
        return self.day[self.starts + self.frequency]

    @property
    def before(self) -> np.ndarray:
        """Last but one purchase day of each customer; of one-time buyers the only one."""
        return self.day[self.starts + np.maximum(self.frequency - 1, 0)]

    @property
    def first_gaps(self) -> np.ndarray:
        """Days between first and second purchase of those who came back."""
        back = self.starts[self.frequency > 0]
        return self.day[back + 1] - self.day[back]

    @property
    def is_first(self) -> np.ndarray:
        """Whether each occasion is the customer's first."""
        return self._marked(self.starts)

    @property
    def is_last(self) -> np.ndarray:
        """Whether each occasion is the customer's last."""
        return self._marked(self.starts + self.frequency)

    def _marked(self, rows: np.ndarray) -> np.ndarray:
        marked = np.zeros(len(self.frame), bool)
        marked[rows] = True
        return marked


class Kept(NamedTuple):
    """Share of last month's customers kept this month, beside the same share one month earlier."""

    now: Estimate
    before: Estimate
    change: Change

    @property
    def mark(self) -> str | None:
        """Whether the change is good or bad; None where there is none beyond noise."""
        return {Change.UP: "good", Change.DOWN: "bad"}.get(self.change)


def kept_change(occasions: pd.DataFrame, end, level: float = 0.9) -> Kept:
    """Whether customers are kept better or worse than a month ago, beyond noise; parameters as `kept_share`.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a", "a", "b"],
    ...                      "day": pd.to_datetime(["2026-01-10", "2026-02-10", "2026-01-20"]),
    ...                      "occasion": [0, 1, 0]})
    >>> kept_change(days, "2026-02-28").change
    <Change.UNKNOWN: 'unknown'>
    """
    now, before = (kept_share(occasions, day, level) for day in (end, month_before(end)))
    return Kept(now, before, change(now, before))


def kept_share(occasions: pd.DataFrame, end, level: float = 0.9) -> Estimate:
    """Share of the customers who bought in one month that bought in the next one, too.

    Parameters
    ----------
    occasions : pandas.DataFrame
        As `purchase_occasions` gives them.
    end : date
        Last day of the second month; months are counted back from it.
    level : float
        Of Wilson's interval.

    Returns
    -------
    Estimate
        Share between 0 and 1; n is the number who bought in the first month. NaN where the data start after it does.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a", "a", "b"],
    ...                      "day": pd.to_datetime(["2026-01-01", "2026-02-10", "2026-01-20"]),
    ...                      "occasion": [0, 1, 0]})
    >>> kept = kept_share(days, "2026-02-28")
    >>> kept.value, kept.n
    (0.5, 2)
    """
    days = [pd.Timestamp(end).normalize()]
    days += [month_before(days[0]), month_before(month_before(days[0]))]
    last, middle, start = map(day_number, days)
    told = Histories.of(occasions, days[0])
    if not len(told.frame) or told.day.min() > start + 1:
        return Estimate(float("nan"))
    before, after = told.bought(start, middle), told.bought(middle, last)
    return share(int((before & after).sum()), int(before.sum()), level)
