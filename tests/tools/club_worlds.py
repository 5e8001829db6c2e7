"""Small simulated shops with a club that does nothing: what they order, and who joined when."""

import numpy as np
import pandas as pd

from regulars.purchases import Purchases
from regulars.simulate import Retailer
from regulars.simulate.base import Orders, draw_base, draw_orders
from regulars.simulate.contracts import draw_contracts


def club_world(seed: int, customers: int = 1500):
    """Purchases, memberships and the last day of a shop in which membership moves no purchase."""
    retailer = Retailer(future_weeks=0)
    base = draw_base(retailer, customers, seed)
    everything = draw_orders(retailer, base, seed)
    seen = everything.moment < retailer.days
    orders = Orders(everything.customer[seen], everything.moment[seen], everything.worth[seen], everything.dropped_at)
    first = np.datetime64(retailer.start, "D")
    log = pd.DataFrame(
        {
            "customer_id": pd.array(base.customer_id[orders.customer], dtype="string"),
            "ordered_at": pd.to_datetime(first + orders.day),
            "amount": orders.worth.round(2),
        }
    )
    members = draw_contracts(retailer, base, orders, seed).memberships
    told = pd.DataFrame(
        {
            "customer_id": members["customer"].astype("string"),
            "programme": members["programme"],
            "joined_at": pd.to_datetime(members["joined"]),
            "left_at": pd.to_datetime(members["left"].replace("", None)),
            "reward_cost": members["reward_cost"].astype(float),
        }
    )
    return Purchases.of(log), told, retailer.end
