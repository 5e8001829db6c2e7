"""Whether who comes back can be seen at all, and is more than next to nobody: else no forecast is worth telling."""

import pandas as pd

from regulars.finding import Refusal, may_refuse
from regulars.purchases import followed

RARE = 0.05  # of those who had the time, share who came back, below which a forecast is next to nothing in money
HAD_TIME = 90  # days since the first order, after which most who ever come back have done so
FEWEST = 100  # customers who had the time, below which the share says little


class BoughtOnce(Refusal):
    """Stands for a forecast of orders where nearly everybody buys once."""


@may_refuse
def worth_forecasting(summary: pd.DataFrame, observation_end, *, orders_sampled: bool = False) -> pd.DataFrame:
    """A base whose orders are worth a forecast: all of its orders are there, and some customers come back.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row per customer, as `regulars.purchases.Purchases.summary` gives it: first_ordered_at, frequency.
    observation_end : date
        Last day observed.
    orders_sampled : bool
        Whether the source says that its orders are a sample.

    Returns
    -------
    pandas.DataFrame or Refusal
        The summary; `BoughtOnce` where fewer than one in twenty of those who had the time came back.

    Examples
    --------
    >>> once = pd.DataFrame({"first_ordered_at": pd.to_datetime(["2026-01-05"] * 200), "frequency": [0] * 199 + [1]})
    >>> worth_forecasting(once, "2026-12-31")
    It cannot be told: Of 200 customers whose first order is 90 days or more ago, 1 (0.5%) ordered on a second day: ...
    >>> len(worth_forecasting(once, "2026-01-31"))
    200
    """
    known = followed(summary, orders_sampled)
    if isinstance(known, Refusal):
        return known
    had_time = pd.to_datetime(known["first_ordered_at"]) <= pd.Timestamp(observation_end) - pd.Timedelta(days=HAD_TIME)
    n, back = int(had_time.sum()), int((known.loc[had_time, "frequency"] > 0).sum())
    if n < FEWEST or back >= RARE * n:
        return known
    return BoughtOnce(
        f"Of {n:,} customers whose first order is {HAD_TIME} days or more ago, {back:,} ({back / n:.1%}) ordered on a "
        "second day: what customers bring is their first order, and a forecast of more would be next to nothing."
    )
