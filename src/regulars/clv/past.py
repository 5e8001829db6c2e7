"""What the same models would have said on an earlier day, so that who moved can be told from who was measured anew."""

from datetime import timedelta

import pandas as pd

from regulars.clv.scoring import Models
from regulars.clv.value import lifetime_value
from regulars.rfm import rfm_summary


def values_at(
    orders: pd.DataFrame,
    day,
    models: Models,
    *,
    time_unit: str,
    zero_spend_is_purchase: bool,
    margin: float,
    annual_discount_rate: float,
    horizon_months: float,
    **_,
) -> pd.Series:
    """Expected value of each customer known on a day, by models fitted at another time.

    Parameters
    ----------
    orders : pandas.DataFrame
        What came after the day is not looked at.
    day : date
    models : Models
        Of today: what moves is what customers did, not the models.
    time_unit, zero_spend_is_purchase
        As for `regulars.rfm.rfm_summary`.
    margin, annual_discount_rate, horizon_months
        As for `regulars.clv.score_customers`.

    Returns
    -------
    pandas.Series
        clv in currency, indexed by customer_id. Empty where nobody was known.
    """
    day = pd.Timestamp(day).normalize()
    seen = orders[orders["ordered_at"] < day + timedelta(days=1)]
    if not len(seen):
        return pd.Series(dtype=float, name="clv")
    table = rfm_summary(seen, day, time_unit=time_unit, zero_spend_is_purchase=zero_spend_is_purchase)
    if not len(table):
        return pd.Series(dtype=float, name="clv")
    cap = models.capped.cap
    money = table["monetary_value"] if cap is None or pd.isna(cap) else table["monetary_value"].clip(upper=cap)
    worth = lifetime_value(
        models.orders, models.spend, table["frequency"], table["recency"], table["T"], money,
        margin=margin, annual_discount_rate=annual_discount_rate, months=horizon_months, time_unit=time_unit,
    )  # fmt: skip
    return worth["clv"].set_axis(table["customer_id"].to_numpy())
