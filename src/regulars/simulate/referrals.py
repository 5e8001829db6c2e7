"""Who brought whom: satisfied customers refer more; those who were referred are like all others."""

import numpy as np
import pandas as pd

from regulars.simulate.base import Base, Orders
from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream
from regulars.simulate.text import iso_day

REFERRING_SATISFACTION = 0.6  # log weight, per SD of satisfaction, of being the one who refers
RECORDED_SHARE = 0.9  # of customers who come by referral: the one who referred them is on record


def draw_referrals(retailer: Retailer, base: Base, orders: Orders, seed: int) -> tuple[pd.DataFrame, dict]:
    """Give each customer who came by referral one who came before and had not left, drawn by satisfaction.

    Returns
    -------
    frame : pandas.DataFrame
    truth : dict
    """
    rng = stream(seed, "referrals")
    weight = np.exp(REFERRING_SATISFACTION * base.satisfaction)
    came = np.flatnonzero(base.acquisition_channel == "referral")
    recorded, place = rng.random(came.size) < RECORDED_SHARE, rng.random(came.size)
    referrer = np.full(came.size, -1)
    for number, customer in enumerate(came):  # some hundreds: each has others to choose from
        moment = base.first_moment[customer]
        there = np.where((base.first_moment < moment) & (orders.dropped_at > moment), weight, 0.0)
        total = np.cumsum(there)
        if total[-1] > 0:
            referrer[number] = np.searchsorted(total, place[number] * total[-1], side="right")
    kept = recorded & (referrer >= 0)
    frame = pd.DataFrame(
        {
            "referrer": base.customer_id[referrer[kept]],
            "referred": base.customer_id[came[kept]],
            "at": iso_day(retailer.first_day, np.floor(base.first_moment[came[kept]]).astype(int)),
        }
    )
    truth = {
        "referring_per_sd_of_satisfaction": REFERRING_SATISFACTION, "recorded_share": RECORDED_SHARE,
        "referred_differ": False, "referrals": len(frame),
    }  # fmt: skip
    return frame, truth
