"""Who is kept from month to month."""

from typing import NamedTuple

from regulars.finding import shows
from regulars.labels import Change
from regulars.purchases import Purchases, day_number, month_before
from regulars.statistics.intervals import Estimate, change, share


@shows
class Kept(NamedTuple):
    """Share of last month's customers kept this month, beside the same share one month earlier.

    Parameters
    ----------
    now, before : Estimate
        Of `kept_share` this month and one month earlier.
    change : Change
        By the interval of their difference.
    """

    now: Estimate
    before: Estimate
    change: Change

    @property
    def mark(self) -> str | None:
        """Whether the change is good or bad; None where there is none beyond noise."""
        return {Change.UP: "good", Change.DOWN: "bad"}.get(self.change)


def kept_change(purchases: Purchases, end, *, level: float = 0.9) -> Kept:
    """Whether customers are kept better or worse than a month ago, beyond noise.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
    end : date
        Last day of the month; the others are counted back from it.
    level : float
        Of the intervals, and so of the verdict.

    Returns
    -------
    Kept

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-10", "2026-02-10", "2026-01-20"])})
    >>> kept_change(Purchases.of(orders), "2026-02-28").change
    <Change.UNKNOWN: 'unknown'>
    """
    now, before = (kept_share(purchases, day, level=level) for day in (end, month_before(end)))
    return Kept(now, before, change(now, before))


def kept_share(purchases: Purchases, end, *, level: float = 0.9) -> Estimate:
    """Share of the customers who bought in one month that bought in the next one, too.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought.
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
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-01", "2026-02-10", "2026-01-20"])})
    >>> kept = kept_share(Purchases.of(orders), "2026-02-28")
    >>> kept.value, kept.n
    (0.5, 2)
    """
    middle = month_before(end)
    start = month_before(middle)
    seen = purchases.until(end)
    if not len(seen) or seen.day.min() > day_number(start) + 1:
        return Estimate(float("nan"))
    before, after = seen.bought(start, middle), seen.bought(middle, end)
    return share(int((before & after).sum()), int(before.sum()), level)
