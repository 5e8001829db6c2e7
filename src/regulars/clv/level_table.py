"""What simulated shops teach of the level of a forecast; written by benchmarks/level.py."""

TABLE = {
    "source": "benchmarks/level.py",
    "worlds": 1140,
    "kinds": ["cohort", "mixed_dropout", "order_dropout", "regular", "season", "time_dropout", "trend", "wander"],
    "held_left_out": 0.926316,
    "weight": {"one": -1.21105, "short": 1.75971, "ratio": 0.63363, "dropout": -0.112915},
    "shift": {"start": -0.0235283, "inner": 0.00109797, "lately": -0.116351, "season": 1.01416, "drift": 0.224525},
    "spread": {
        "one": -2.21082,
        "short": -0.269628,
        "ratio": 0.251367,
        "swings": 0.983625,
        "inner_size": 0.339678,
        "drift_size": 0.575327,
        "dropout": 0.481647,
        "swings_part": 0.584093,
        "no_year": 0.326375,
        "unseen": 0.565441,
    },
    "scenarios": [0.0, -0.211653, -0.110673, 0.596496],
    "scenario_slope": 0.491286,
    "doubt": 0.25,
    "down": -1.80632,
    "up": 2.054,
    "centre": -0.0629963,
    "level": 0.9,
}
