"""What a unit of revenue leaves: by the costs that are known, by an assumption where none are."""

from dataclasses import replace

import numpy as np
import pandas as pd

from regulars.labels import MarginOrigin
from regulars.settings import Economics

ENOUGH = 0.5  # share of revenue whose cost must be known, for the rest to be taken to cost as much


def known_margin(revenue: float, cost: float, of_all: float) -> tuple[float, float]:
    """Margin of the revenue whose cost is known, and the share of all revenue that it is.

    Parameters
    ----------
    revenue, cost : float
        Of the orders whose cost is known.
    of_all : float
        Revenue of all orders.

    Returns
    -------
    (float, float)
        NaN and 0 where no cost is known.

    Examples
    --------
    >>> known_margin(80.0, 60.0, of_all=100.0)
    (0.25, 0.8)
    """
    if not (revenue > 0 and of_all > 0):
        return float("nan"), 0.0
    return float(1 - cost / revenue), float(revenue / of_all)


def with_known_costs(economics: Economics, orders: pd.DataFrame, *, tried: bool = False) -> Economics:
    """Economics whose margin is that of the orders, where costs are supplied: known costs win over an assumption.

    Parameters
    ----------
    economics : Economics
        With the margin that is assumed.
    orders : pandas.DataFrame
        amount [, cost (missing: not known)].
    tried : bool
        Whether an analyst tries a margin by hand, which then stands.

    Returns
    -------
    Economics
        As given where the cost of less than half of revenue is known; ``costs_known`` tells that share.

    Examples
    --------
    >>> assumed = Economics(0.3, 0.1, 12, "week", 90)
    >>> known = with_known_costs(assumed, pd.DataFrame({"amount": [60.0, 40.0], "cost": [30.0, 20.0]}))
    >>> known.margin, known.costs_known, with_known_costs(assumed, pd.DataFrame({"amount": [60.0]})).margin
    (0.5, 1.0, 0.3)
    """
    if tried or "cost" not in orders:
        return economics
    known = orders[orders["cost"].notna()]
    amount, cost = (float(known[name].astype(float).sum()) for name in ("amount", "cost"))
    return taken(economics, *known_margin(amount, cost, of_all=float(orders["amount"].sum())))


def origin_of(economics: Economics) -> MarginOrigin:
    """Whether the margin is that of known costs, or assumed.

    Examples
    --------
    >>> origin_of(Economics(0.3, 0.1, 12, "week", 90))
    <MarginOrigin.ASSUMED: 'assumed'>
    """
    return MarginOrigin.KNOWN if economics.costs_known else MarginOrigin.ASSUMED


def taken(economics: Economics, margin: float, share: float) -> Economics:
    """Economics with the margin of known costs, where they are those of enough of the revenue.

    Examples
    --------
    >>> taken(Economics(0.3, 0.1, 12, "week", 90), 0.35, 0.2).margin
    0.3
    """
    return replace(economics, margin=margin, costs_known=share) if share >= ENOUGH else economics


def earned_so_far(orders: pd.DataFrame, economics: Economics) -> pd.Series:
    """Margin that each customer has brought so far: amount less cost, or times the margin where the cost is not known.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, amount [, cost].
    economics : Economics
        Its margin stands for costs that are not known, and for all where it is an assumption.

    Returns
    -------
    pandas.Series
        Currency, by customer_id.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [10.0, 6.0, 4.0], "cost": [7.0, np.nan, 1.0]})
    >>> earned_so_far(orders, Economics(0.5, 0.1, 12, "week", 90, costs_known=0.9)).to_dict()
    {'a': 6.0, 'b': 3.0}
    """
    margin = pd.Series(order_margins(orders, economics))
    return margin.groupby(orders["customer_id"].to_numpy()).sum().rename_axis("customer_id")


def order_margins(orders: pd.DataFrame, economics: Economics) -> np.ndarray:
    """Margin of each order, currency: as `earned_so_far` takes it.

    Examples
    --------
    >>> order_margins(pd.DataFrame({"amount": [10.0]}), Economics(0.3, 0.1, 12, "week", 90)).tolist()
    [3.0]
    """
    amount = orders["amount"].to_numpy(float)
    margin = economics.margin * amount
    if not economics.costs_known:
        return margin
    cost = orders["cost"].astype(float).to_numpy()
    return np.where(np.isnan(cost), margin, amount - cost)
