"""Seconds that the path model, its bootstrap and the index take: `python benchmarks/satisfaction.py`."""

import time
from itertools import product

import numpy as np
import pandas as pd

from regulars.satisfaction import explain, path_model, satisfaction_index, survey_model
from regulars.simulate.answers import CONSTRUCTS, ITEMS, construct_correlations

RESPONDENTS, WAVES, ASKED = 200_000, 4, 24


def respondents(n: int, seed: int = 1) -> pd.DataFrame:
    """Answers to 24 items, drawn from the demo's path model; three in a hundred missing."""
    rng = np.random.default_rng(seed)
    constructs = rng.multivariate_normal(np.zeros(len(CONSTRUCTS)), construct_correlations(), n)
    chosen = [item for item in ITEMS if item.construct in CONSTRUCTS]
    columns = {}
    for copy, item in product(("", "b"), chosen):
        told = item.loading * constructs[:, CONSTRUCTS.index(item.construct)]
        score = item.mean + item.sd * (told + np.sqrt(1 - item.loading**2) * rng.normal(size=n))
        if len(columns) < ASKED:
            columns[f"{item.item}{copy}"] = np.clip(np.round(score), *item.scale)
    table = pd.DataFrame(columns)
    return table.mask(rng.random(table.shape) < 0.03)


def survey(n: int):
    """The two tables of a survey of so many respondents, one row per answer."""
    answers = respondents(n)
    long = answers.assign(response_id=np.arange(n).astype(str), wave=(np.arange(n) % WAVES).astype(str))
    long = long.melt(id_vars=["response_id", "wave"], var_name="item", value_name="score").dropna()
    long = long.assign(customer_id=long["response_id"], kind="perceived", answered_at=pd.Timestamp("2026-01-01"))
    return long, described(answers)


def described(answers: pd.DataFrame) -> pd.DataFrame:
    """The items with their construct, scale and wording."""
    names = pd.Series(answers.columns)
    construct = names.str.extract(r"^([a-z]+)\d", expand=False)
    return pd.DataFrame({"item": names, "construct": construct, "scale_min": 1, "scale_max": 10, "wording": names})


def timed(name: str, work, times: int = 1) -> None:
    """Do it and say how long it took by the clock and in processor time, each time."""
    started, used = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    clock, used = (time.perf_counter() - started) / times, (time.process_time() - used) / times
    print(f"{name:60s} {clock:8.3f} s {used:8.3f} s of processor")


def main() -> None:
    """Measure, and print one line each."""
    small = respondents(250)
    items = described(small)
    model = survey_model("ecsi", items)
    timed("path model, 250 x 24, with gaps", lambda: path_model(small, model), 20)
    full = small.fillna(small.mean().round())
    timed("path model, 250 x 24, complete", lambda: path_model(full, model), 20)
    timed(
        "index with 1,000 bootstraps, 250 x 24, with gaps", lambda: satisfaction_index(small, model, items, draws=1000)
    )
    timed("index with 1,000 bootstraps, 250 x 24, complete", lambda: satisfaction_index(full, model, items, draws=1000))
    surveys, items = survey(RESPONDENTS)
    timed(f"index, drivers and quality of {len(surveys):,} answers", lambda: explain(surveys, items, "ecsi", draws=200))


if __name__ == "__main__":
    main()
