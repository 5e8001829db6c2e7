"""The monthly cycle: what was told and planned last month held against what came, and the plan of the next.

Examples
--------
Figures of every month, and whether the last one is more than noise::

    from regulars import cycle

    months = cycle.monthly_indicators(shop.tables, shop.purchases(), shop.end)
    board = cycle.scorecard(months)                       # a light each, that leaves nine of ten quiet years quiet
    plans = cycle.read_plans("demo")                      # data/plans/demo/<month>.yaml
    cycle.score_plans(plans, months, "2026-06")           # what each wanted to move, and did
"""

from regulars.lazy import exports

_HOMES = {
    "indicators": ("KINDS", "lights_of_year", "monthly_indicators", "scorecard"),
    "festivals": ("POOLED", "festival_day"),
    "plans": ("Plan", "new_plan", "parse_plan", "plan_text", "read_plans"),
    "scoring": (
        "corrective", "deviations", "held_forecasts", "restated", "score_plans", "track", "track_all", "turned",
    ),
}  # fmt: skip
__getattr__, __dir__ = exports(__name__, _HOMES)
