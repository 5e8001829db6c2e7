"""Campaigns without a control: what adjusting for the past seems to show, and whether it can be believed."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from regulars.actions.campaigns import Watched
from regulars.engine.embedded import as_frame
from regulars.errors import UserError
from regulars.finding import may_refuse, shows
from regulars.labels import Change
from regulars.statistics.intervals import Estimate, against
from regulars.statistics.trials import NOTHING


@shows
class Placebo(NamedTuple):
    """A campaign that kept nobody back: what adjusting for the past seems to show, during it and before it.

    Parameters
    ----------
    during, before : Estimate
        Adjusted difference between those reached and all others, while it ran, and in as many days before it began.
    naive : float
        Difference without any adjustment.
    reached : int
    is_clean : bool
        Whether `before` holds zero, as it must if the adjustment is to be believed.
    """

    during: Estimate
    before: Estimate
    naive: float
    reached: int
    is_clean: bool


def placebo(spend: pd.DataFrame, level: float = 0.95) -> Placebo:
    """Ask the adjustment what it "finds" where there was nothing yet.

    Parameters
    ----------
    spend : pandas.DataFrame
        One row per customer: ``reached``, and spend in equally long windows: ``during``, ``w1`` (just before), ``w2``.
    level : float

    Returns
    -------
    Placebo
        Analysis of covariance on the windows before, with robust errors (HC1): `during` on both, `before` (the first of
        them) on the one that is left.

    References
    ----------
    Angrist, J. D. and Pischke, J.-S. (2009), Mostly Harmless Econometrics, ch. 5.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> level = rng.gamma(2, 50, 800)
    >>> frame = pd.DataFrame({name: level + rng.normal(0, 5, 800) for name in ("during", "w1", "w2")})
    >>> placebo(frame.assign(reached=rng.random(800) < 0.5)).is_clean
    True
    """
    d = spend["reached"].to_numpy(bool)
    if min(d.sum(), (~d).sum()) < 10:
        raise UserError(f"{int(d.sum())} customers were reached and {int((~d).sum())} were not: too few to compare.")
    during = _ancova(spend["during"], d, spend[["w1", "w2"]], level)
    before = _ancova(spend["w1"], d, spend[["w2"]], level)
    y = spend["during"].to_numpy(float)
    return Placebo(during, before, float(y[d].mean() - y[~d].mean()), int(d.sum()), against(before) is Change.UNCLEAR)


def _ancova(outcome, d: np.ndarray, past: pd.DataFrame, level: float) -> Estimate:
    x = np.column_stack([np.ones(d.size), d, past.to_numpy(float)])
    y = np.asarray(outcome, float)
    inverse = np.linalg.pinv(x.T @ x)
    beta = inverse @ (x.T @ y)
    rest = y - x @ beta
    n, k = x.shape
    meat = (x * rest[:, None] ** 2).T @ x
    error = float(np.sqrt((inverse @ meat @ inverse)[1, 1] * n / (n - k)))
    reach = float(t.ppf((1 + level) / 2, n - k)) * error
    return Estimate(float(beta[1]), float(beta[1]) - reach, float(beta[1]) + reach, int(d.sum()))


def spend_around(orders: pd.DataFrame, reached, customers, begin, until) -> pd.DataFrame:
    """Spend of every customer while a campaign ran, and in the two windows of the same length before it.

    Parameters
    ----------
    orders : pandas.DataFrame
        ``customer_id``, ``ordered_at``, ``amount``.
    reached : collection of str
        Customers who were contacted.
    customers : sequence of str
        All who could have been.
    begin, until : date
        First and last day of the campaign.
    """
    begin, until = pd.Timestamp(begin), pd.Timestamp(until)
    length = (until - begin).days + 1
    day = pd.to_datetime(orders["ordered_at"]).dt.normalize()
    window = -((day - begin).dt.days // length)  # 0 during, 1 just before, 2
    frame = pd.DataFrame({"customer_id": orders["customer_id"], "window": window, "amount": orders["amount"]})
    frame = frame[frame["window"].between(0, 2)]
    wide = frame.pivot_table(index="customer_id", columns="window", values="amount", aggfunc="sum")
    wide = wide.reindex(index=pd.Index(customers, name="customer_id"), columns=range(3)).fillna(0.0)
    wide.columns = ["during", "w1", "w2"]
    return wide.assign(reached=wide.index.isin(list(reached))).reset_index()


@may_refuse
def without_control(watched: Watched, orders: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Campaigns that kept nobody back: reach, cost, response, and the placebo.

    Parameters
    ----------
    watched : regulars.actions.campaigns.Watched
    orders : pandas.DataFrame
        ``customer_id``, ``ordered_at``, ``amount``.
    level : float
        Of the limits.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``name``, ``starts_at``, ``reached``, ``cost``, ``responded``, ``during`` and ``before`` with limits,
        ``is_clean``. Where fewer than ten customers with orders before were reached, or were not, there are no figures;
        campaigns that begin after the data are not listed.
    """
    rows = watched.rows
    kept_back = rows.filter(rows.is_control).select("campaign_id").distinct()
    rows = as_frame(rows.anti_join(kept_back, "campaign_id").order_by(["campaign_id", "customer_id"]))
    first = pd.to_datetime(orders.groupby("customer_id")["ordered_at"].min())
    found = []
    for campaign in watched.campaigns.itertuples(index=False):
        part = rows[rows["campaign_id"] == campaign.campaign_id]
        if part.empty:
            continue
        cost = [float(getattr(campaign, name, np.nan) or np.nan) for name in ("actual_cost", "planned_cost")]
        told = {
            "name": campaign.name, "starts_at": campaign.begin, "reached": len(part),
            "cost": cost[0] if np.isfinite(cost[0]) else cost[1],
            "responded": part["responded"].astype("boolean").mean(),
        }  # fmt: skip
        length = (campaign.until - campaign.begin).days + 1
        could = first.index[first < campaign.begin - pd.Timedelta(days=2 * length)]
        try:
            spend = spend_around(orders, set(part["customer_id"]), could, campaign.begin, campaign.until)
            one = placebo(spend, level)
        except UserError:
            one = Placebo(NOTHING, NOTHING, np.nan, len(part), False)
        for name in ("during", "before"):
            value = getattr(one, name)
            told |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
        found.append(told | {"is_clean": one.is_clean})
    names = ["name", "starts_at", "reached", "cost", "responded", "during", "during_low", "during_high", "before",
             "before_low", "before_high", "is_clean"]  # fmt: skip
    return pd.DataFrame(found, columns=names)
