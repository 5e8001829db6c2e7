"""Purchases of which only customers and days matter."""

import pandas as pd

from regulars.purchases import Purchases


def purchases_on(days) -> Purchases:
    """Purchases of a frame with customer_id and day, or of rows of them; each of an amount of 1."""
    frame = pd.DataFrame(days, columns=["customer_id", "day"])
    return Purchases.of(pd.DataFrame(
        {"customer_id": frame["customer_id"], "ordered_at": pd.to_datetime(frame["day"]), "amount": 1.0}
    ))  # fmt: skip
