"""Customers and revenue kept, month after month: worked by hand, and in a shop that does not change."""

import pandas as pd
import pytest

from regulars.purchases import Purchases
from regulars.retention.kept import kept_share
from regulars.retention.kept_over_time import kept_over_time, tell_kept
from regulars.simulate import order_log


def purchases(*rows: tuple) -> Purchases:
    table = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    return Purchases.of(table.assign(ordered_at=pd.to_datetime(table["ordered_at"])))


def test_net_is_of_the_same_customers_and_gross_of_what_each_had_spent():
    found = kept_over_time(
        purchases(
            ("a", "2026-01-01", 30.0),
            ("a", "2026-02-10", 45.0),  # half as much again
            ("b", "2026-01-15", 50.0),
            ("b", "2026-02-20", 10.0),
            ("c", "2026-01-20", 20.0),  # paused
            ("d", "2026-02-25", 99.0),  # new: of nobody before
        ),
        "2026-03-01",
        30,
    ).set_index("measure")
    assert found.loc["kept", ["value", "n"]].tolist() == pytest.approx([2 / 3, 3])
    assert found.loc["net", "value"] == pytest.approx((45 + 10) / 100)
    assert found.loc["gross", "value"] == pytest.approx((30 + 10) / 100)


def test_months_go_back_as_far_as_both_windows_are_in_the_data():
    bought = Purchases.of(order_log(customers=300, seed=4, start="2024-01-01", end="2025-12-31"))
    found = kept_over_time(bought, "2025-12-31", 90)
    assert found["end"].is_monotonic_increasing
    ends = found["end"].drop_duplicates()
    assert str(ends.iloc[-1].date()) == "2025-12-31" and str(ends.iloc[0].date()) == "2024-06-30"
    wide = found.pivot(index="end", columns="measure", values="value")
    assert (wide["gross"] <= wide["net"]).all() and (wide["gross"] <= 1).all()
    last = found[(found["end"] == ends.iloc[-1]) & (found["measure"] == "month")].iloc[0]
    assert last["value"] == kept_share(bought, "2025-12-31").value, "the tile's own figure ends its line"


def test_too_short_a_log_says_so():
    told = tell_kept(purchases(("a", "2026-01-01", 1.0), ("b", "2026-01-02", 1.0)), "2026-02-01", days=90)
    assert "shorter than two stretches of 90 days" in told.facts["why"]
