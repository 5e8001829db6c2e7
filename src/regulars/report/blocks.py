"""The blocks that a page is made of."""

from collections.abc import Mapping, Sequence

from regulars.report.wording import Wording
from regulars.statistics.intervals import Estimate


def tile_block(
    wording: Wording,
    keys: Mapping[str, str],
    facts: Mapping,
    estimate: Estimate,
    *,
    unit: str,
    mark: str,
    scale: tuple[float, float] | None = None,
):
    """Block of one key figure; its bar stands for the scale, or for what `bar_range` makes of it."""
    words = wording.compose(keys, facts)
    has_interval = estimate.low == estimate.low and estimate.high == estimate.high
    interval = wording.format(estimate, f"{unit}:interval") if has_interval else None
    parts = {"interval": interval, "n": estimate.n}
    used = [name for name, there in (("interval", has_interval), ("n", estimate.n)) if there]
    under = wording.say(f"tile.{'_'.join(used)}", {name: parts[name] for name in used}) if used else ""
    bar = None
    if has_interval:
        low, high = scale or bar_range(estimate, unit)
        at = {end: (getattr(estimate, end) - low) / (high - low) for end in ("low", "value", "high")}
        bar = at | {"words": wording.say("tile.bar", interval=interval)}
    return {
        "kind": "tile",
        "label": words["label"],
        "value": wording.format(estimate, unit),
        "under": under,
        "note": words.get("note"),
        "state": words.get("state"),
        "mark": mark,
        "bar": bar,
        "line": None,
    }


SPARK = (100.0, 24.0)  # units of a tile's line, across and up


def spark(points: Sequence[tuple[object, float]]) -> str:
    """Path of a line over time that fills its box, from the lowest to the highest.

    Examples
    --------
    >>> spark([("2026-01-01", 2.0), ("2026-02-01", 4.0), ("2026-03-01", 3.0)])
    'M0.0 22.0L50.0 2.0L100.0 12.0'
    >>> spark([(1, 2.0), (2, 4.0), (3, float("nan")), (4, 3.0), (5, 3.0)])  # a month without a figure breaks the line
    'M0.0 22.0L25.0 2.0M75.0 12.0L100.0 12.0'
    """
    values = [value for _, value in points]
    known = [value for value in values if value == value]
    low, span = min(known), (max(known) - min(known)) or 1.0
    across, up = SPARK[0] / (len(points) - 1), SPARK[1] - 4
    path, drawn = "", False
    for i, value in enumerate(values):
        if value == value:
            path += f"{'L' if drawn else 'M'}{i * across:.1f} {SPARK[1] - 2 - up * (value - low) / span:.1f}"
        drawn = value == value
    return path


class Line(str):
    """Cell of a table that is drawn: what it says to those who do not see it, and its path."""

    path: str


def line_cell(text: str, wording: Wording, spec: str) -> Line | str:
    """Line of the figures that a cell holds, the oldest first; what it says where fewer than two are known.

    Parameters
    ----------
    text : str
        Figures with blanks between them; ``.`` for one that is missing.
    wording : Wording
    spec : str
        Format of the figures.

    Examples
    --------
    >>> cell = line_cell("2 . 4 3", Wording("en"), "count")
    >>> cell, cell.path
    ('from 2 to 3, between 2 and 4', 'M0.0 22.0M66.7 2.0L100.0 12.0')
    """
    values = [float("nan") if one == "." else float(one) for one in str(text).split()]
    known = [value for value in values if value == value]
    if len(known) < 2:
        return wording.missing
    worded = wording.formatter(spec).all([known[0], known[-1], min(known), max(known)])
    line = Line(wording.say("table.line", dict(zip(("first", "last", "low", "high"), worded, strict=True))))
    line.path = spark(list(enumerate(values)))
    return line


def bar_range(estimate: Estimate, unit: str) -> tuple[float, float]:
    """Range that a tile's bar stands for: all shares, or from nothing to twice the estimate.

    So the width of the bar shows how large the uncertainty is against the figure itself.

    Examples
    --------
    >>> bar_range(Estimate(0.71, 0.70, 0.72), "percent"), bar_range(Estimate(400.0, 350.0, 460.0), "money")
    ((0.0, 1.0), (0.0, 800.0))
    """
    ends = (estimate.low, estimate.value, estimate.high)
    if unit.startswith("percent") and min(ends) >= 0 and max(ends) <= 1:
        return 0.0, 1.0
    reach = max(2 * abs(estimate.value), 1.1 * max(map(abs, ends))) or 1.0
    return (0.0 if min(ends) >= 0 else -reach), reach
