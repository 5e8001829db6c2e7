"""What simulated shops teach of the level of a forecast; written by benchmarks/level.py."""

from typing import Any

TABLE: dict[str, Any] = {
    "source": "benchmarks/level.py",
    "worlds": 1386,
    "kinds": ["cohort", "mixed_dropout", "order_dropout", "regular", "season", "time_dropout", "trend", "wander"],
    "held_left_out": 0.919913,
    "weight": {"one": -0.761015, "short": 1.48716, "ratio": 0.412551, "dropout": 0.196933, "often": -0.380147},
    "shift": {"season": 0.81846},
    "spread": {
        "one": -2.09675,
        "short": -0.263763,
        "ratio": 0.259484,
        "swings": 1.03863,
        "inner_size": 0.38736,
        "drift_size": 0.392789,
        "dropout": 0.355601,
        "swings_part": 0.641026,
        "no_year": 0.248597,
        "unseen": 0.461453,
    },
    "scenarios": [0.0, -0.289276, -0.139983, 0.949032],
    "scenario_slope": 0.455727,
    "doubt": 0.25,
    "down": -1.81908,
    "up": 1.90664,
    "level": 0.9,
    "active": 0.71,
}
