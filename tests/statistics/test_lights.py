"""Limits and lights: the values of the books, quiet years, and what a step needs to be seen."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import gamma

from regulars.labels import Light
from regulars.statistics.intervals import z_value
from regulars.statistics.limits import (
    D2,
    D4,
    E2,
    coverage_band,
    drifts,
    judge,
    kupiec,
    laney_limits,
    lights,
    month_level,
    moved_since,
    moving_range_limits,
    prediction_limits,
    year_on_year,
)

VALUES = [39, 41, 41, 41, 43, 44, 41, 42, 40, 41, 44, 40]
# Montgomery's frozen orange juice: nonconforming cans in samples of 50
JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
LIGHTS = 20


def table(values: np.ndarray, **more) -> pd.DataFrame:
    """One row per indicator and month, of a matrix of indicators by months."""
    size, months = values.shape
    rows = {"indicator": np.repeat(np.arange(size), months), "month": np.tile(np.arange(months), size)}
    return pd.DataFrame(rows | {"value": values.ravel()} | {name: made.ravel() for name, made in more.items()})


def changed_of(values: np.ndarray, month: int, **more) -> np.ndarray:
    """Which lights change in one month, of all that is known until then."""
    seen = {name: made[:, : month + 1] for name, made in more.items()}
    found = lights(table(values[:, : month + 1], **seen))["light"]
    return found.isin([Light.BETTER, Light.WORSE, Light.CHANGED]).to_numpy()


def test_constants_of_the_books():
    assert pytest.approx(2.6586807766, abs=1e-9) == E2
    assert pytest.approx(3.2665319193, abs=1e-10) == D4
    assert pytest.approx(1.1283791671, abs=1e-10) == D2


def test_moving_range_limits_of_the_worked_values():
    limits, upper = moving_range_limits(VALUES)
    assert limits.value == pytest.approx(41.4166667, abs=1e-7)
    # the book rounds E2 to 2.66 and D4 to 3.27
    reach = (limits.high - limits.value) * 2.66 / E2
    assert [limits.value - reach, limits.value + reach] == pytest.approx([36.8221212, 46.0112121], abs=1e-7)
    assert upper * 3.27 / D4 == pytest.approx(5.6481818, abs=1e-7)


@pytest.mark.parametrize(("m", "half"), [(6, 5.7), (12, 3.9), (24, 3.4)])
def test_prediction_limits_are_as_wide_as_few_months_need(m, half):
    """In true standard deviations, on average: that of few months is estimated too small (c₄)."""
    values = np.tile([-1.0, 1.0], m // 2)
    limits = prediction_limits(values)
    small = np.sqrt(2 / (m - 1)) * gamma(m / 2) / gamma((m - 1) / 2)
    assert (limits.high - limits.value) / values.std(ddof=1) * small == pytest.approx(half, abs=0.05)


@pytest.mark.parametrize("m", [6, 12, 24])
def test_prediction_limits_hold_their_level_at_every_length(m):
    drawn = np.random.default_rng(m).normal(size=(20_000, m + 1))
    out = 0
    for row in drawn:
        limits = prediction_limits(row[:-1])
        out += not limits.low <= row[-1] <= limits.high
    assert out / len(drawn) == pytest.approx(0.0027, abs=0.0015)


def test_p_chart_of_the_orange_juice():
    chart = laney_limits(JUICE, [50] * 30, wobble=False)
    assert chart["centre"].iloc[0] == pytest.approx(0.2313333333, abs=1e-10)
    assert chart["limit_low"].iloc[0] == pytest.approx(0.0524275481, abs=1e-10)
    assert chart["limit_high"].iloc[0] == pytest.approx(0.4102391186, abs=1e-10)
    assert (np.flatnonzero(chart["is_outside"]) + 1).tolist() == [15, 23]
    kept = [k for number, k in enumerate(JUICE, 1) if number not in (15, 23)]
    again = laney_limits(kept, [50] * 28, wobble=False).iloc[0]
    assert again["centre"] == pytest.approx(0.215, abs=1e-12)
    assert [again["limit_low"], again["limit_high"]] == pytest.approx([0.0407028400, 0.3892971600], abs=1e-10)


def test_a_wobble_is_no_alarm_to_laney():
    rng = np.random.default_rng(3)
    alarms = {True: [], False: []}
    for _ in range(400):
        true = 0.3 + rng.normal(scale=0.01, size=12)
        counts = rng.binomial(10_000, true)
        for wobble, seen in alarms.items():
            seen.append(laney_limits(counts, [10_000] * 12, wobble=wobble)["is_outside"].mean())
    assert np.mean(alarms[False]) > 0.15
    assert np.mean(alarms[True]) < 0.03


def test_coverage_bands_and_kupiec_of_the_paper():
    assert [coverage_band(months) for months in (12, 24, 36)] == [(8, 12), (18, 24), (29, 35)]

    def accepted(n: int, share: float) -> tuple[int, int]:
        fine = [k for k in range(n) if kupiec(k, n, share)[1] >= 0.05]
        return fine[0], fine[-1]

    assert [accepted(n, 0.05) for n in (255, 510, 1000)] == [(7, 20), (17, 35), (38, 64)]
    assert [accepted(n, 0.01) for n in (255, 510, 1000)] == [(1, 6), (2, 10), (5, 16)]
    assert [accepted(n, 0.1) for n in (255, 1000)] == [(17, 35), (82, 119)]
    assert kupiec(0, 255, 0.01)[0] == pytest.approx(5.13, abs=0.005)


def quiet_years(years: int, seed: int) -> float:
    """Share of quiet years in which any light changes: half are levels, half rates that wobble."""
    rng = np.random.default_rng(seed)
    any_changed = 0
    for _ in range(years):
        levels = rng.normal(100, 10, size=(LIGHTS // 2, 24))
        n = rng.integers(300, 3000, size=(LIGHTS // 2, 24)).astype(float)
        rates = rng.binomial(n.astype(int), np.clip(0.2 + rng.normal(scale=0.02, size=n.shape), 0, 1)) / n
        values, sizes = np.vstack([levels, rates]), np.vstack([np.full(levels.shape, np.nan), n])
        any_changed += any(changed_of(values, month, n=sizes).any() for month in range(12, 24))
    return any_changed / years


def test_quiet_years_stay_quiet():
    assert quiet_years(60, seed=5) <= 0.2  # of 60 with a chance of 10 %: more than 12 once in some hundred


@pytest.mark.full
def test_a_thousand_quiet_years_of_twenty_lights():
    assert quiet_years(1000, seed=6) <= 0.10
    assert month_level(0.9) / LIGHTS == pytest.approx(0.0004, abs=0.0001)


@pytest.mark.parametrize(("months", "step"), [(12, 5.0), (24, 4.0)])
def test_a_step_is_found_within_two_months(months, step):
    """Five standard deviations with a year of history, four with two: at the level of one of twenty lights."""
    rng, chance, none = np.random.default_rng(3), month_level() / LIGHTS, np.full(months + 2, np.nan)
    found, shops = 0, 8000
    for _ in range(shops):
        values = rng.normal(size=months + 2)
        values[months:] += step
        seen = (judge(values[:end], none[:end], chance=chance) for end in (months + 1, months + 2))
        found += any(told["p"] < chance for told in seen)
    assert found / shops >= 0.60


def test_what_drifts_is_judged_by_its_steps():
    assert drifts(np.arange(12.0))
    assert not drifts(np.full(12, 3.0))
    rng = np.random.default_rng(2)
    walks = np.cumsum(rng.normal(size=(LIGHTS, 25)), axis=1)
    told = lights(table(walks))
    assert told["by_step"].mean() >= 0.8
    found = told["light"]
    assert (found == Light.STEADY).all()


def test_lights_say_which_side_is_good_and_what_is_missing():
    history = np.tile([10.0, 11, 9, 10.5, 9.5, 10, 11.2, 8.8, 10.1, 9.9, 10.4, 9.6, 10.2], (4, 1))
    values = np.hstack([history, [[20.0], [20.0], [20.0], [np.nan]]])
    rows = table(values).assign(better=lambda t: t["indicator"].map({0: "up", 1: "down", 2: "", 3: "up"}))
    assert lights(rows)["light"].tolist() == [Light.BETTER, Light.WORSE, Light.CHANGED, Light.ABSENT]
    assert set(lights(rows[rows["month"] > 5])["light"]) == {Light.EARLY, Light.ABSENT}


def test_a_figure_that_never_moved_has_no_usual_range():
    rows = table(np.vstack([np.full(14, 5.0), np.r_[np.full(13, 5.0), 6.0]]))
    assert lights(rows)["light"].tolist() == [Light.STEADY, Light.EARLY]


def test_a_rate_of_none_is_judged_by_its_size():
    n = np.full((1, 14), 1000.0)
    calm, loud = np.zeros((1, 14)), np.zeros((1, 14))
    calm[0, -1], loud[0, -1] = 0.001, 0.02
    assert lights(table(calm, n=n))["light"].tolist() == [Light.STEADY]
    assert lights(table(loud, n=n))["light"].tolist() == [Light.CHANGED]


def test_a_festival_between_two_months_is_no_change():
    months = pd.period_range("2024-01", "2025-12", freq="M")
    sales = pd.Series(100.0, months)
    sales["2024-02"], sales["2025-01"] = 180.0, 180.0  # the festival moves from February to January
    apart = year_on_year(sales).set_index("month")["change"]
    assert apart["2025-01"] == pytest.approx(0.8)
    together = year_on_year(sales, pooled=(1, 2))
    assert together["change"].abs().max() == 0
    assert together.loc[together["is_pooled"], "month"].astype(str).tolist() == ["2025-02"]


def test_a_table_without_its_columns_is_refused():
    from regulars.errors import UserError

    with pytest.raises(UserError, match="no column 'value'"):
        lights(pd.DataFrame({"indicator": ["a"], "month": [1]}))


def test_the_usual_limits_would_alarm_in_every_second_year():
    """Twenty figures beside limits of three standard deviations that are known: 48 % of quiet years."""
    alone = 2 * (1 - 0.5 * (1 + (1 - 0.0027)))
    assert z_value(1 - alone) == pytest.approx(3.0, abs=0.01)
    assert 1 - (1 - alone) ** (12 * LIGHTS) == pytest.approx(0.477342, abs=0.002)


def test_steps_that_follow_one_another_are_not_judged():
    growing = np.cumsum(np.cumsum(np.ones(24)))[None, :]
    assert lights(table(growing))["light"].tolist() == [Light.DRIFTS]


@pytest.mark.parametrize("since", range(1, 16))
def test_a_cliff_is_told_twice_and_then_another_level(since):
    """From one month to the next 41 % of contacts are of known customers, not all: another way to count them."""
    rng = np.random.default_rng(since)
    n = np.r_[rng.integers(80, 200, 24), rng.integers(9000, 10_000, since)].astype(float)[None, :]
    rates = np.r_[np.ones(24), rng.binomial(n[0, 24:].astype(int), 0.41) / n[0, 24:]][None, :]
    told = lights(table(rates, n=n)).iloc[0]
    assert told["light"] == (Light.CHANGED if since < 3 else Light.JUMPED if since <= 12 else Light.STEADY)
    if told["light"] == Light.JUMPED:
        assert (told["months"], np.isnan(told["limit_low"])) == (since - 1, True)


def test_a_peak_and_a_walk_are_no_other_level():
    rng = np.random.default_rng(8)
    noise = rng.normal(size=25)
    assert moved_since(np.r_[noise[:12], noise[12] + 40, noise[13:]]) == 0  # it came back
    walks = np.cumsum(rng.normal(size=(2000, 25)), axis=1)
    assert np.mean([moved_since(walk) > 0 for walk in walks]) <= 0.01
    assert moved_since(np.r_[noise[:15], noise[15:] + 40]) == 15
    assert moved_since([1.0, 2.0]) == 0


def test_sums_whose_first_year_is_growth_are_judged_by_the_steps_of_the_last():
    """Growth on the year before falls steeply at first: that two years of steps drift is no reason to judge nothing."""
    rng = np.random.default_rng(2)
    growth = np.r_[1.5 * 0.75 ** np.arange(12), np.cumsum(rng.normal(scale=0.05, size=13))][None, :]
    assert lights(table(growth))["light"].tolist() == [Light.STEADY]
