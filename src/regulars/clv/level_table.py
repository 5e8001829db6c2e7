"""What simulated shops teach of the level of a forecast; written by benchmarks/level.py."""

from typing import Any

TABLE: dict[str, Any] = {
    "source": "benchmarks/level.py",
    "worlds": 1140,
    "kinds": ["cohort", "mixed_dropout", "order_dropout", "regular", "season", "time_dropout", "trend", "wander"],
    "held_left_out": 0.922807,
    "weight": {
        "one": -0.781457,
        "short": 1.30417,
        "ratio": 0.523701,
        "dropout": 0.0534495,
        "often": -0.592111,
        "inner": 0.63888,
    },
    "shift": {"start_rare": -0.0960155, "inner": 0.00312567, "lately": -0.106021, "season": 1.0226, "drift": 0.256562},
    "spread": {
        "one": -2.24708,
        "short": -0.32203,
        "ratio": 0.243004,
        "swings": 1.03292,
        "inner_size": 0.344363,
        "drift_size": 0.643521,
        "dropout": 0.505808,
        "swings_part": 0.493999,
        "no_year": 0.36025,
        "unseen": 0.623506,
    },
    "scenarios": [0.0, -0.194431, -0.0744311, 0.569386],
    "scenario_slope": 0.409687,
    "doubt": 0.25,
    "down": -1.90249,
    "up": 1.9415,
    "level": 0.9,
}
