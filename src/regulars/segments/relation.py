"""How far each relationship has come: acquired, growing, mature."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betainc, gammainc

from regulars.errors import UntoldError
from regulars.finding import may_refuse
from regulars.labels import RelationStage
from regulars.purchases import Purchases, day_number, unit_days
from regulars.segments.coded import places
from regulars.segments.groups import NO_VALUE
from regulars.statistics.intervals import z_value

if TYPE_CHECKING:
    from regulars.clv.record import ModelsRecord

YEAR, MONTHS = 365.25, 12


@may_refuse
def relation_stages(
    customers: pd.DataFrame, purchases: Purchases, models: "ModelsRecord", *, end, growth_from: float
) -> pd.DataFrame:
    """Whether the relationship with each customer is still being won, growing or mature, with its probability.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, frequency, T (in time units).
    purchases : regulars.purchases.Purchases
        Of these customers, and perhaps others.
    models : ModelsRecord
        Rates of BG/NBD (they vary over customers as Gamma(r, α), α in time units), time unit, horizon: a rate below one
        order per horizon is no relationship yet.
    end : date
        Last day observed.
    growth_from : float
        g, times the earlier rate from which a rate has grown.

    Returns
    -------
    pandas.DataFrame or Refusal
        By the index of `customers`: ``relation_stage``, ``relation_probability`` (of that stage), ``p_acquisition``,
        ``p_growth``, ``p_maturity``, which sum to one. Why not, where the orders allow no model.

    Notes
    -----
    A customer's rate λ given x repeat orders in T is Gamma(r + x, α + T). Acquisition: P(λ · horizon < 1). Growth,
    else: P(λ₂ > g λ₁) of the rates in the second and first half of the time as a customer, each
    Gamma(r + xᵢ, α + T/2), so that λ₂ / (λ₁ + λ₂) is Beta(r + x₂, r + x₁). Maturity is the rest.

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24, 275-284 (gamma rates). Johnson, Kotz and Balakrishnan (1994),
    Continuous Univariate Distributions 1, ch. 17 (ratio of gammas).
    """
    if models.untold:
        raise UntoldError(NO_VALUE)
    r, alpha = models.orders.params_["r"], models.orders.params_["alpha"]
    days, horizon = unit_days(models.time_unit), models.horizon_months / MONTHS * YEAR
    x, T = customers["frequency"].to_numpy(float), customers["T"].to_numpy(float)
    last = day_number(end)
    at = places(pd.Index(purchases.customers), pd.Index(customers["customer_id"]))[purchases.code]
    inside = (at >= 0) & (purchases.day <= last)
    at, day = at[inside], purchases.day[inside]
    later = day > last - T[at] * days / 2
    second = np.bincount(at[later], minlength=len(x)).astype(float)
    second = np.minimum(second, x)
    first = x - second
    acquisition = gammainc(r + x, (alpha + T) * days / horizon)
    growing = 1 - betainc(r + second, r + first, growth_from / (1 + growth_from))
    parts = np.column_stack([acquisition, (1 - acquisition) * growing, (1 - acquisition) * (1 - growing)])
    best = parts.argmax(axis=1)
    names = np.array([stage.value for stage in RelationStage], dtype=object)
    return pd.DataFrame(
        {
            "relation_stage": pd.Series(names[best], index=customers.index, dtype="string"),
            "relation_probability": parts[np.arange(len(x)), best],
            **{f"p_{name}": parts[:, k] for k, name in enumerate(names)},
        },
        index=customers.index,
    )


@may_refuse
def relation_table(customers: pd.DataFrame, relations: pd.DataFrame, *, level: float = 0.9) -> pd.DataFrame:
    """How many relationships are being won, grow or are mature, and what they should bring.

    Parameters
    ----------
    customers : pandas.DataFrame
        clv (currency).
    relations : pandas.DataFrame
        Of `relation_stages`, on the same index.
    level : float
        Of the interval of a share.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``relation_stage``, ``customers`` (of whom it is the likeliest), ``share`` with limits (sum of the chances of
        all, over ``n``), ``probability`` (mean, of those counted), ``clv``.

    Examples
    --------
    >>> chances = pd.DataFrame({"p_acquisition": [1.0, 0.2], "p_growth": [0.0, 0.6], "p_maturity": [0.0, 0.2]})
    >>> chances = chances.assign(relation_stage=["acquisition", "growth"], relation_probability=[1.0, 0.6])
    >>> relation_table(pd.DataFrame({"clv": [1.0, 5.0]}), chances)[["share", "clv"]].to_numpy().tolist()
    [[0.6, 1.0], [0.3, 5.0], [0.1, 0.0]]
    """
    rows = []
    for stage in RelationStage:
        p = relations[f"p_{stage.value}"]
        mine = relations["relation_stage"] == stage.value
        reach = z_value(level) * float(np.sqrt((p * (1 - p)).sum()))
        total = float(p.sum())
        rows.append(
            {
                "relation_stage": stage.value, "customers": int(mine.sum()),
                "share": total / len(p), "share_low": max(0.0, total - reach) / len(p),
                "share_high": min(len(p), total + reach) / len(p), "n": len(p),
                "probability": float(relations.loc[mine, "relation_probability"].mean()),
                "clv": float(customers.loc[mine, "clv"].sum()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
