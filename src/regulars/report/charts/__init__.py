"""Charts: frames in, drawings out, in one form: one idea each, direct labels, intervals, no legend, no frame.

Text comes from the caller, already in the page's language: titles of axes as text (``report.word("axis.months")``),
numbers through functions (``report.format("percent")``). Colour means the same on every page: ``NOW`` blue, ``BEFORE``
grey, ``RISK`` orange, ``GAIN`` green, ``OTHER`` wine; in grey print dashes, places and words tell series apart.
Each is laid out anew for a width; `regulars.report.svg` draws it for a page, `regulars.report.interactive` with plotly.
"""

from regulars.report.charts.curves import lines, lorenz
from regulars.report.charts.maps import bubbles, heatmap
from regulars.report.charts.over_time import columns, stacked
from regulars.report.charts.rows import bars, dots, shares, waterfall
from regulars.report.drawing import BEFORE, GAIN, NOW, OTHER, RISK

# hues of the series that several pages draw
SERIES = {"past": BEFORE, "naive": BEFORE, "future": NOW, "forecast": NOW, "expected": NOW, "came": BEFORE}

__all__ = [
    "BEFORE", "GAIN", "NOW", "OTHER", "RISK", "SERIES", "bars", "bubbles", "columns", "dots", "heatmap", "lines",
    "lorenz", "shares", "stacked", "waterfall",
]  # fmt: skip
