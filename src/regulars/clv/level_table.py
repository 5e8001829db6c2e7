"""What simulated shops teach of the level of a forecast; written by benchmarks/level.py."""

from typing import Any

TABLE: dict[str, Any] = {
    "source": "benchmarks/level.py",
    "worlds": 1386,
    "kinds": ["cohort", "mixed_dropout", "order_dropout", "regular", "season", "time_dropout", "trend", "wander"],
    "held_left_out": 0.919913,
    "weight": {"one": -0.757895, "short": 1.48887, "ratio": 0.415534, "dropout": 0.197924, "often": -0.383996},
    "shift": {"season": 0.817758},
    "spread": {
        "one": -2.09954,
        "short": -0.262919,
        "ratio": 0.259708,
        "swings": 1.04306,
        "inner_size": 0.396117,
        "drift_size": 0.398423,
        "dropout": 0.362389,
        "swings_part": 0.635806,
        "no_year": 0.245311,
        "unseen": 0.465061,
    },
    "scenarios": [0.0, -0.287814, -0.139607, 0.944197],
    "scenario_slope": 0.456131,
    "doubt": 0.25,
    "down": -1.81769,
    "up": 1.90607,
    "level": 0.9,
    "active": 0.71,
}
