"""The blocks that a page is made of."""

from collections.abc import Mapping, Sequence

from regulars.report.wording import Wording
from regulars.statistics.intervals import Estimate


def tile_block(wording: Wording, keys: Mapping[str, str], facts: Mapping, estimate: Estimate, *, unit: str, mark: str):
    """Block of one key figure."""
    words = wording.compose(keys, facts)
    has_interval = estimate.low == estimate.low and estimate.high == estimate.high
    interval = wording.format(estimate, f"{unit}:interval") if has_interval else None
    parts = {"interval": interval, "n": estimate.n}
    used = [name for name, there in (("interval", has_interval), ("n", estimate.n)) if there]
    under = wording.say(f"tile.{'_'.join(used)}", {name: parts[name] for name in used}) if used else ""
    bar = None
    if has_interval:
        low, high = bar_range(estimate, unit)
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
    """
    values = [value for _, value in points]
    low, span = min(values), (max(values) - min(values)) or 1.0
    across, up = SPARK[0] / (len(points) - 1), SPARK[1] - 4
    places = [(i * across, SPARK[1] - 2 - up * (value - low) / span) for i, value in enumerate(values)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


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
