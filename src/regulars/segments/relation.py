"""How far each relationship has come: acquired, growing, mature."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betainc, gammainc

from regulars.errors import UntoldError
from regulars.finding import Finding
from regulars.labels import RelationStage
from regulars.purchases import Purchases
from regulars.segments.coded import places
from regulars.segments.findings import NO_VALUE
from regulars.statistics.intervals import Estimate, z_value

if TYPE_CHECKING:
    from regulars.clv.record import ModelsRecord


def relation_stages(
    customers: pd.DataFrame, purchases: Purchases, end, r: float, alpha: float, horizon_days: float, unit_days,
    growth_from: float,
):  # fmt: skip
    """Whether the relationship with each customer is still being won, growing or mature, with its probability.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, frequency, T (in time units).
    purchases : Purchases
    end : date
    r, alpha : float
        Of BG/NBD: rates vary over customers as Gamma(r, α), α in time units.
    horizon_days, unit_days : float
        A rate below one order per horizon is no relationship yet; days of a time unit.
    growth_from : float
        g, times the earlier rate from which a rate has grown.

    Returns
    -------
    pandas.DataFrame
        By the index of `customers`: ``relation_stage``, ``relation_probability`` (of that stage), ``p_acquisition``,
        ``p_growth``, ``p_maturity``, which sum to one.

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
    x, T = customers["frequency"].to_numpy(float), customers["T"].to_numpy(float)
    last = pd.Timestamp(end).to_datetime64().astype("datetime64[D]").astype(int)
    at = places(pd.Index(purchases.customers), pd.Index(customers["customer_id"]))[purchases.code]
    inside = (at >= 0) & (purchases.day <= last)
    at, day = at[inside], purchases.day[inside]
    later = day > last - T[at] * unit_days / 2
    second = np.bincount(at[later], minlength=len(x)).astype(float)
    second = np.minimum(second, x)
    first = x - second
    acquisition = gammainc(r + x, (alpha + T) * unit_days / horizon_days)
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


def relation_finding(
    customers: pd.DataFrame, purchases: Purchases, end, models: "ModelsRecord", growth_from: float, level: float = 0.9
) -> Finding:
    """Tell how many relationships are being won, grow or are mature.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, frequency, T, clv (currency).
    purchases, end, growth_from
        As for `relation_stages`.
    models : ModelsRecord
        Rates, time unit, horizon.
    level : float
        Of the intervals: sums of the customers' probabilities.

    Returns
    -------
    Finding
        Verdict: the stage of most customers.
    """
    from regulars.clv.value import units

    if models.untold:
        raise UntoldError(NO_VALUE)
    rates = models.orders.params_
    unit, horizon = 1 / units(days=1, time_unit=models.time_unit), models.horizon_months / 12 * 365.25
    relations = relation_stages(customers, purchases, end, rates["r"], rates["alpha"], horizon, unit, growth_from)
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
    table = pd.DataFrame(rows)
    top = table.loc[table["customers"].idxmax()]
    part = Estimate(top["share"], top["share_low"], top["share_high"], int(top["n"]))
    return Finding(str(top["relation_stage"]), {"share": part}, {"table": table})
