"""Months that begin within one are named after calendar months: each once, none before the data, none left out."""

import pandas as pd
import pytest

from regulars.clv.sections import _named
from regulars.purchases import months_on


@pytest.mark.parametrize(
    ("last", "latest"),
    [
        ("1998-06-30", "1998-06"), ("2026-06-30", "2026-06"), ("2026-02-28", "2026-02"), ("2026-12-31", "2026-12"),
        # within a month: named after the month in which each ends
        ("2024-06-15", "2024-06"), ("2026-03-10", "2026-03"), ("2026-01-20", "2026-01"), ("2011-12-09", "2011-12"),
    ],
)  # fmt: skip
def test_each_month_once(last, latest):
    """Counted back from the end of the data, within a month or, as cdnow's, at its end: 18 from 1 January 1997."""
    starts = months_on(pd.Timestamp(last) + pd.Timedelta(days=1), range(-36, 0))
    named = _named(pd.DataFrame({"start": starts, "revenue": 1.0}), last)["start"]
    expected = pd.period_range(end=pd.Period(latest, "M"), periods=36, freq="M")
    assert named.dt.to_period("M").tolist() == expected.tolist()


def test_what_was_told_earlier_stands_in_the_same_months():
    """Told at the end of March, drawn where the data end on 15 June: two and a half months before, each month once."""
    starts = months_on("2024-04-01", range(12))
    named = _named(pd.DataFrame({"start": starts}), "2024-06-15")["start"].dt.to_period("M")
    assert named.tolist() == pd.period_range("2024-05", periods=12, freq="M").tolist()
