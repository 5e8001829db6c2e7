"""What the same models would have said on an earlier day, so that who moved can be told from who was measured anew."""

import pandas as pd

from regulars.clv.in_memory import Models
from regulars.clv.value import lifetime_value
from regulars.purchases import Purchases


def values_at(
    purchases: Purchases,
    day,
    models: Models,
    *,
    time_unit: str,
    margin: float,
    annual_discount_rate: float,
    horizon_months: float,
    **_,
) -> pd.Series:
    """Expected value of each customer known on a day, by models fitted at another time.

    Parameters
    ----------
    purchases : Purchases
        What came after the day is not looked at.
    day : date
    models : Models
        Of today: what moves is what customers did, not the models.
    time_unit : {"day", "week", "month"}
    margin, annual_discount_rate, horizon_months
        As for `regulars.clv.score_customers`.

    Returns
    -------
    pandas.Series
        clv in currency, indexed by the customer's place in ``purchases.customers``: numbers are faster than ids. Empty
        where nobody was known.
    """
    table = purchases.summary(day, time_unit)
    if not len(table):
        return pd.Series(dtype=float, name="clv")
    cap = models.capped.cap
    money = table["monetary_value"] if cap is None or pd.isna(cap) else table["monetary_value"].clip(upper=cap)
    worth = lifetime_value(
        models.orders, models.spend, table["frequency"], table["recency"], table["T"], money,
        margin=margin, annual_discount_rate=annual_discount_rate, months=horizon_months, time_unit=time_unit,
    )  # fmt: skip
    return worth["clv"].set_axis(purchases.known(day))
