"""What simulated shops teach of the level of a forecast; written by benchmarks/level.py."""

from typing import Any

TABLE: dict[str, Any] = {
    "source": "benchmarks/level.py",
    "worlds": 1386,
    "kinds": ["cohort", "mixed_dropout", "order_dropout", "regular", "season", "time_dropout", "trend", "wander"],
    "held_left_out": 0.924964,
    "weight": {"one": -0.67541, "short": 1.44083, "ratio": 0.46087, "dropout": -0.0769705, "often": -0.494954},
    "shift": {"season": 0.829853, "trend": 0.222997},
    "spread": {
        "one": -2.15644,
        "short": -0.157222,
        "ratio": 0.244959,
        "swings": 1.2782,
        "inner_size": 0.304375,
        "drift_size": 0.262607,
        "dropout": 0.362252,
        "swings_part": 0.611044,
        "no_year": 0.240347,
        "unseen": 0.447997,
    },
    "scenarios": [0.0, -0.300442, -0.142923, 1.01226],
    "scenario_slope": 0.00631705,
    "doubt": 0.25,
    "down": -1.8172,
    "up": 1.88913,
    "level": 0.9,
    "active": 0.74,
}
