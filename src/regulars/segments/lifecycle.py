"""The ladder from suspect to partner: who stands where, how they climb, how long it takes, where it leads."""

from collections.abc import Mapping

import pandas as pd

from regulars.finding import Finding
from regulars.labels import LifecycleStage
from regulars.purchases import Purchases
from regulars.segments.ladder import (
    LADDER,
    LadderRules,
    climbs,
    ladder_forecast,
    prospects_on_ladder,
    transition_counts,
    transition_matrix,
)
from regulars.statistics.intervals import share


def ladder_finding(
    stages: pd.DataFrame, purchases: Purchases, end, rules: LadderRules, *,
    prospects=None, memberships=None, referrals=None,
    months: int = 12, ahead: int = 6, level: float = 0.9, min_cell: int = 1, seed: int = 0,
) -> Finding:  # fmt: skip
    """Tell how customers stand on the ladder and climb it.

    Parameters
    ----------
    stages : pandas.DataFrame
        Of `ladder_at` at `end`.
    purchases, end, rules, prospects, memberships, referrals
        As `climbs`.
    months, ahead : int
        Months whose moves are counted; months that are forecast.
    level, min_cell, seed
        Of intervals; smallest step shown; of the draws.

    Returns
    -------
    Finding
        Verdict ``known``, or ``no_moves`` where the log is too short for a month to be counted.
    """
    from regulars.segments.stay import days_on_step, time_on_steps

    others = {"memberships": memberships, "referrals": referrals}
    counted = stages["lifecycle_stage"].astype(object).value_counts()
    if prospects is not None:
        counted = counted.add(
            prospects_on_ladder(prospects, rules)["lifecycle_stage"].astype(object).value_counts(), fill_value=0
        )
    steps = pd.DataFrame(
        {
            "lifecycle_stage": pd.Series(LADDER, dtype="string"),
            "customers": counted.reindex(LADDER).fillna(0).astype(int).to_numpy(),
        }
    )
    steps = steps[steps["customers"] >= max(min_cell, 1)].reset_index(drop=True)
    climbing = climbs(purchases, end, rules, prospects, level=level, **others)
    frames = {"steps": steps, "climbs": climbing}
    second = climbing[climbing["lifecycle_stage"] == LifecycleStage.FIRST_TIME.value].iloc[0]
    reached = share(int(second["reached"]), int(second["n"]), level)
    silent = share(int((stages["lifecycle_stage"] == LifecycleStage.INACTIVE.value).sum()), len(stages), level)
    facts = {"silent": silent, "reached": reached, "client_orders": rules.client_orders}
    counts = transition_counts(purchases, end, rules, months, **others)
    if counts.empty:
        return Finding("no_moves", facts, _shown(frames))
    matrix = transition_matrix(counts)
    n = counts.sum(axis=1)
    long = matrix.rename_axis(index="before", columns="now").stack().rename("share").reset_index()
    long["n"] = long["before"].map(n).astype(int)
    forecast = ladder_forecast(stages["lifecycle_stage"], counts, ahead, level, seed=seed)
    days = days_on_step(stages, purchases, end, rules, **others)
    stays = time_on_steps(stages, days, counts, end, rules, prospects, level, min_cell)
    frames |= {"stays": stays, "matrix": long[long["n"] >= min_cell].reset_index(drop=True), "forecast": forecast}
    return Finding("known", facts | {"ahead": ahead, "months": months}, _shown(frames))


def _shown(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Frames in which a step has customers enough to be shown."""
    return {name: frame for name, frame in frames.items() if len(frame)}
