"""What the same models would have said on an earlier day, so that who moved can be told from who was measured anew."""

import pandas as pd

from regulars.clv.in_memory import Models
from regulars.clv.value import lifetime_value
from regulars.finding import may_refuse
from regulars.purchases import Purchases
from regulars.settings import Economics


@may_refuse
def values_at(purchases: Purchases, day, models: Models, *, economics: Economics) -> pd.Series:
    """Expected value of each customer known on a day, by models fitted at another time.

    Parameters
    ----------
    purchases : Purchases
        What came after the day is not looked at.
    day : date
        Last day known.
    models : Models
        Of today: what moves is what customers did, not the models.
    economics : Economics
        Margin, annual discount rate, horizon and time unit.

    Returns
    -------
    pandas.Series
        clv in currency, indexed by the customer's place in ``purchases.customers``: numbers are faster than ids. Empty
        where nobody was known.

    Examples
    --------
    >>> from regulars.clv.in_memory import fit_models
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> summary = purchases.summary("2025-12-31")
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> models = fit_models(summary)
    >>> [round(values_at(purchases, day, models, economics=economics).sum()) for day in ("2025-06-30", "2025-12-31")]
    [4694, 6541]
    """
    table = purchases.summary(day, economics.time_unit)
    if not len(table):
        return pd.Series(dtype=float, name="clv")
    table["monetary_value"] = table["monetary_value"].clip(upper=models.capped.cap)
    worth = lifetime_value(models.orders, models.spend, table, economics=economics)
    return worth["clv"].set_axis(purchases.known(day))
