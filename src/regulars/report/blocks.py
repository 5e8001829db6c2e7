"""The blocks that a page is made of, and a chart as one of them."""

from collections.abc import Mapping

from regulars.report.wording import Wording
from regulars.rounding import plain
from regulars.statistics.intervals import Estimate

PLOTLY_TYPE = "application/vnd.plotly.v1+json"


def tile_block(wording: Wording, keys: Mapping[str, str], facts: Mapping, estimate: Estimate, unit: str, mark: str):
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
    }


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


def plain_figure(fig) -> dict:
    """Plotly figure as JSON with rounded floats and plain lists, the same bytes for the same numbers."""
    # the whole figure's own JSON packs arrays into base64, with every last bit
    return {
        "data": [_safe(plain(trace.to_plotly_json())) for trace in fig.data],
        "layout": _safe(plain(fig.layout.to_plotly_json())),
    }


def _safe(content):
    """Text in charts as text: of the markup that plotly knows only the line break is let through."""
    if isinstance(content, dict):
        return {name: _safe(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_safe(value) for value in content]
    return (
        "<br>".join(part.replace("<", "&lt;") for part in content.split("<br>"))
        if isinstance(content, str)
        else content
    )
