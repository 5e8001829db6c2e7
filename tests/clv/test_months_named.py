"""Stretches of a month's length are named after calendar months: each once, none before the data, none left out."""

import pandas as pd
import pytest

from regulars.clv.sections import _named
from regulars.clv.value import DAYS_PER_MONTH


@pytest.mark.parametrize("last", ["1998-06-30", "2026-06-30", "2026-02-28", "2026-12-31"])
def test_each_month_once(last):
    """Counted back from the last day of a month, as cdnow's: 18 stretches from 1 January 1997."""
    ends = pd.Timestamp(last) + pd.Timedelta(days=1)
    starts = [(ends - pd.Timedelta(days=back * DAYS_PER_MONTH)).normalize() for back in range(36, 0, -1)]
    named = _named(pd.DataFrame({"start": starts, "revenue": 1.0}))["start"]
    expected = pd.period_range(end=pd.Period(last, "M"), periods=36, freq="M")
    assert named.dt.to_period("M").tolist() == expected.tolist()
