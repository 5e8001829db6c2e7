"""How many agents the next weeks need: arrivals by weekday and half hour, Erlang A with the callers' own patience."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import gamma

from regulars.errors import UntoldError, UserError
from regulars.finding import may_refuse, refused, shows
from regulars.interaction.calls import FEW_A_DAY, on_duty
from regulars.interaction.erlang import agents_needed, erlang_a
from regulars.interaction.hanging_up import patience
from regulars.interaction.outcomes import mean_of
from regulars.statistics.intervals import Estimate, share

LEAST_WEEKS = 4  # of calls, before anything is forecast


@shows
class Arrivals(NamedTuple):
    """How many calls come.

    Parameters
    ----------
    table : pandas.DataFrame
        ``weekday``, ``slot``, ``days`` (looked at), ``calls`` (mean of a half hour).
    size : float
        Of the negative binomial that a half hour's calls follow: the larger, the nearer to Poisson.
    minutes : float
        Mean of a call.
    """

    table: pd.DataFrame
    size: float
    minutes: float

    def load_quantile(self, at: float) -> np.ndarray:
        """Mean calls of a half hour on a day that is busier than the share `at` of days, by row of the table.

        The load of a day is Gamma around the forecast, whose own error counts as well. What comes by chance on top of
        the load is a matter of the queue, not of the forecast.
        """
        mean = np.maximum(self.table["calls"].to_numpy(float), 1e-9)
        variance = mean**2 / self.size + mean / np.maximum(self.table["days"].to_numpy(float), 1)
        return np.round(gamma.ppf(at, mean**2 / variance, scale=variance / mean), 1)


@may_refuse
def arrivals(calls: pd.DataFrame) -> Arrivals:
    """Calls of a half hour by weekday, and how much they vary: by Poisson, and from day to day.

    Parameters
    ----------
    calls : pandas.DataFrame
        Of `regulars.interaction.calls.calls_of`.

    Returns
    -------
    Arrivals
        A `regulars.finding.Refusal` where there are fewer than twenty calls a day, or less than four weeks of them.

    Examples
    --------
    >>> at = pd.date_range("2026-01-05 09:00", periods=60 * 24, freq="1h")
    >>> log = pd.DataFrame({"at": at, "wait_seconds": 1.0, "answered": True, "minutes": 4.0})
    >>> from regulars.interaction.calls import with_slots
    >>> round(float(arrivals(with_slots(log)).table["calls"].max()), 2)
    1.0
    """
    grid = counts(calls)
    days = grid["day"].nunique()
    per_day = len(calls) / max(days, 1)
    if per_day < FEW_A_DAY:
        raise UntoldError(f"{per_day:.2g} calls a day are too few to staff by: {FEW_A_DAY:.0f} are needed.")
    if days and (grid["day"].max() - grid["day"].min()).days + 1 < 7 * LEAST_WEEKS:
        raise UntoldError(f"The calls cover less than {LEAST_WEEKS} weeks: too little to forecast by half hour.")
    if not calls["minutes"].gt(0).any():
        raise UntoldError("Table contacts has no minutes: supply how long each answered call took.")
    table = grid.groupby(["weekday", "slot"], as_index=False).agg(days=("calls", "size"), calls=("calls", "mean"))
    table["calls"] = _shrunken(table)
    fitted = grid.merge(table, on=["weekday", "slot"], suffixes=("", "_mean"))
    mean = fitted["calls_mean"].to_numpy()
    # moments: what varies beyond Poisson is mean² ÷ size
    beyond = ((fitted["calls"] - mean) ** 2 - mean).sum()
    size = float(np.clip((mean**2).sum() / beyond, 1.0, 1e6)) if beyond > 0 else 1e6
    return Arrivals(table, size, float(calls["minutes"].mean()))


def counts(calls: pd.DataFrame) -> pd.DataFrame:
    """Calls of each day and half hour, zeros included between the first and the last half hour of each weekday.

    Parameters
    ----------
    calls : pandas.DataFrame
        Of `regulars.interaction.calls.calls_of`.

    Returns
    -------
    pandas.DataFrame
        ``day``, ``weekday``, ``slot``, ``calls``, ``given_up``. Days without any call count as closed.
    """
    seen = calls.groupby(["day", "slot"], as_index=False).agg(calls=("answered", "size"), answered=("answered", "sum"))
    days = pd.DataFrame({"day": np.sort(calls["day"].unique())})
    days["weekday"] = days["day"].dt.day_of_week.astype(int)
    # a half hour belongs to the weekday's opening hours where calls came on a tenth of its days
    often = calls.drop_duplicates(["day", "slot"]).groupby(["weekday", "slot"]).size().rename("seen").reset_index()
    often = often.merge(days.groupby("weekday").size().rename("of").reset_index(), on="weekday")
    open_slots = often.loc[often["seen"] >= 0.1 * often["of"], ["weekday", "slot"]]
    grid = days.merge(open_slots, on="weekday")
    grid = grid.merge(seen, on=["day", "slot"], how="left").fillna({"calls": 0, "answered": 0})
    grid = grid.assign(given_up=(grid["calls"] - grid["answered"]).astype(int), calls=grid["calls"].astype(int))
    return grid.drop(columns="answered").sort_values(["day", "slot"], ignore_index=True)


def _shrunken(table: pd.DataFrame) -> np.ndarray:
    """Each mean drawn to weekday × half hour, the more, the less its own days say and the better that product fits."""
    mean, days = table["calls"].to_numpy(float), table["days"].to_numpy(float)
    weekday, slot = (table[name].to_numpy() for name in ("weekday", "slot"))
    by_day = table.groupby("weekday")["calls"].transform("mean").to_numpy(float)
    # of each weekday's share of the whole, the half hour's mean over the weekdays that have it
    relative = pd.Series(mean / np.maximum(by_day, 1e-12))
    common = by_day * relative.groupby(slot).transform("mean").to_numpy()
    own = common / np.maximum(days, 1)  # Poisson variance of a cell's mean
    apart = max(float(((mean - common) ** 2 - own).sum() / max((common**2).sum(), 1e-12)), 0.0)
    weight = own / np.maximum(own + apart * common**2, 1e-12)
    told = weight * common + (1 - weight) * mean
    return told * np.bincount(weekday, mean)[weekday] / np.maximum(np.bincount(weekday, told)[weekday], 1e-12)


@may_refuse
def staffing(
    expected: Arrivals,
    patience_seconds: Estimate,
    *,
    share: float,
    within_seconds: float,
    load_quantile: float = 0.8,
    shifts: pd.DataFrame | None = None,
    days=None,
    level: float = 0.9,
) -> pd.DataFrame:
    """Agents for each half hour of a week, so that the service level holds on four of five days.

    Parameters
    ----------
    expected : Arrivals
        Of `arrivals`.
    patience_seconds : Estimate
        Mean patience, as of `regulars.interaction.hanging_up.patience`.
    share, within_seconds
        Service level: so large a share of all calls is to be answered within so many seconds.
    load_quantile : float
        Load by which is staffed: at 0.8 one day in five has more calls.
    shifts : pandas.DataFrame, optional
        Clean table ``shifts``: what stands there today is held beside it.
    days : array of datetime64, optional
        Days of the shifts that count as today's roster.
    level : float
        Of the interval: agents for the calls of a day at its ends.

    Returns
    -------
    pandas.DataFrame
        ``weekday``, ``slot``, ``calls`` (expected), ``calls_high`` (by which is staffed), ``agents`` (Erlang A) with
        ``agents_low`` and ``agents_high``, ``agents_c`` (Erlang C, where nobody hangs up), ``given_up`` (share then, at
        the load staffed for), ``now`` (on duty today; missing without shifts), ``given_up_now``, ``missing`` (agents).
    """
    table = expected.table.copy()
    mean = table["calls"].to_numpy()
    tail = (1 - level) / 2
    loads = {name: expected.load_quantile(at) for name, at in
             {"calls_high": load_quantile, "low": tail, "high": 1 - tail}.items()}  # fmt: skip
    needs = {}
    handling, patient = 60 * expected.minutes, patience_seconds.value

    def agents(calls: float) -> int:
        if calls not in needs:
            needs[calls] = agents_needed(
                2 * calls, handling, share=share, within_seconds=within_seconds, patience_seconds=patient
            )
        return needs[calls]

    found = {name: np.array([agents(float(calls)) for calls in load]) for name, load in loads.items()}
    by_c = {
        load: agents_needed(2 * load, handling, share=share, within_seconds=within_seconds)
        for load in set(loads["calls_high"].tolist())
    }
    table = table.assign(
        calls=mean, calls_high=loads["calls_high"], agents=found["calls_high"], agents_low=found["low"],
        agents_high=found["high"], agents_c=[by_c[load] for load in loads["calls_high"].tolist()],
        given_up=_given_up(loads["calls_high"], found["calls_high"], handling, patient),
    )  # fmt: skip
    if shifts is None or days is None:
        return table.assign(now=np.nan, given_up_now=np.nan, missing=np.nan)
    duty = on_duty(shifts, days)
    duty["weekday"] = duty["day"].dt.day_of_week.astype(int)
    open_days = pd.Series(pd.DatetimeIndex(days)).dt.day_of_week.value_counts()
    now = duty.groupby(["weekday", "slot"])["agents"].sum()
    keys = pd.MultiIndex.from_frame(table[["weekday", "slot"]])
    roster = now.reindex(keys, fill_value=0.0).to_numpy() / open_days.reindex(table["weekday"]).to_numpy()
    there = np.round(roster).astype(int)
    return table.assign(
        now=roster,
        given_up_now=_given_up(loads["calls_high"], there, handling, patient),
        missing=np.maximum(table["agents"] - there, 0),
    )


def _given_up(calls, agents, handling: float, patient: float) -> np.ndarray:
    """Share who hang up in a half hour of so many calls, by Erlang A; all of them where nobody is there."""
    known: dict = {}
    for pair in set(zip(np.asarray(calls, float).tolist(), np.asarray(agents, int).tolist(), strict=True)):
        load, there = pair
        known[pair] = (
            0.0 if load <= 0 else 1.0 if there < 1
            else erlang_a(2 * load, handling, there, 1.0, patience_seconds=patient).abandoned
        )  # fmt: skip
    return np.array(
        [known[pair] for pair in zip(np.asarray(calls, float).tolist(), np.asarray(agents, int).tolist(), strict=True)]
    )


@shows
class Backtest(NamedTuple):
    """Whether staffing by this would have told how many give up.

    Parameters
    ----------
    table : pandas.DataFrame
        Half hours of the weeks kept back: ``day``, ``slot``, ``calls``, ``agents``, ``given_up``, ``expected``,
        ``low``, ``high``, ``inside``.
    inside : Estimate
        Share of half hours in which those who gave up lie in the interval.
    expected, came : float
        Given up in all, as told and as it came.
    why : str
        Why there is none; empty where there is.
    bias : Estimate
        Came more than expected, as a share of it; days stand for themselves.
    """

    table: pd.DataFrame
    inside: Estimate
    expected: float
    came: int
    why: str = ""
    bias: Estimate = Estimate(float("nan"))


@may_refuse
def backtest(
    calls: pd.DataFrame,
    shifts: pd.DataFrame | None,
    *,
    weeks: int = 4,
    draws: int = 400,
    level: float = 0.9,
    seed: int = 1,
) -> Backtest:
    """Giving up in the last weeks, told from the weeks before them and the agents who were on duty.

    The load of a half hour is drawn from the forecast; of its calls so many give up as Erlang A says at that load, and
    scatter as they did before the cut: calls of one half hour share a queue, so that they give up together.

    Parameters
    ----------
    calls : pandas.DataFrame
        Of `regulars.interaction.calls.calls_of`.
    shifts : pandas.DataFrame or None
        Clean table ``shifts``.
    weeks : int
        Kept back.
    draws : int
        Of each half hour.
    level : float
        Of the intervals.
    seed : int

    Returns
    -------
    Backtest
        Empty, with the reason, where there are no shifts, too few calls or too few weeks.
    """
    try:
        return _backtest(calls, shifts, weeks=weeks, draws=draws, level=level, seed=seed)
    except UserError as error:
        return Backtest(pd.DataFrame(), Estimate(float("nan")), float("nan"), 0, str(error))


def _backtest(calls, shifts, *, weeks, draws, level, seed) -> Backtest:
    if shifts is None:
        raise UntoldError("Without the table shifts nobody knows how many agents were there.")
    cut = calls["day"].max() - pd.Timedelta(weeks=weeks)
    before, after = calls[calls["day"] <= cut], calls[calls["day"] > cut]
    expected, patient = arrivals(before), patience(before["wait_seconds"], before["answered"], level)
    if refused(expected, patient) is not None:
        raise UntoldError(f"The calls before the last {weeks} weeks are too few to tell those weeks from.")
    handling, mean_patience = 60 * expected.minutes, patient.mean_seconds.value
    learnt, judged = (_with_agents(counts(part), shifts) for part in (before, after))
    usual = ["weekday", "slot", "calls"]
    learnt = learnt.merge(expected.table[usual], on=usual[:2], suffixes=("", "_mean"))
    chance = _given_up(np.round(learnt["calls_mean"], 1), learnt["agents"], handling, mean_patience)
    spread = _spread(learnt, chance)
    judged = judged.merge(expected.table[usual], on=usual[:2], suffixes=("", "_mean"))
    rng = np.random.default_rng(seed)
    size = expected.size
    mean = np.maximum(judged["calls_mean"].to_numpy(), 1e-9)
    load = np.round(rng.gamma(size, mean[:, None] / size, (len(judged), draws)), 1)
    drawn = rng.poisson(load)
    agents = np.repeat(judged["agents"].to_numpy()[:, None], draws, axis=1)
    p = _given_up(load.ravel(), agents.ravel(), handling, mean_patience).reshape(drawn.shape)
    hung_up = _clumped(drawn, p, spread, rng)
    low, high = np.quantile(hung_up, [(1 - level) / 2, (1 + level) / 2], axis=1, method="inverted_cdf")
    came = judged["given_up"].to_numpy()
    inside = (came >= low) & (came <= high)
    table = judged.assign(expected=hung_up.mean(axis=1), low=low, high=high, inside=inside)
    return Backtest(
        table[["day", "slot", "calls", "agents", "given_up", "expected", "low", "high", "inside"]],
        share(int(inside.sum()), len(inside), level),
        float(table["expected"].sum()),
        int(came.sum()),
        bias=_bias(table, level),
    )


def _bias(table: pd.DataFrame, level: float) -> Estimate:
    """How many more gave up than was told, as a share of what was told (ratio of sums over days, linearised)."""
    days = table.groupby("day")[["given_up", "expected"]].sum()
    told, n = float(days["expected"].mean()), len(days)
    if not told > 0:
        return Estimate(float("nan"), n=n)
    ratio = float(days["given_up"].mean()) / told
    apart = mean_of(days["given_up"] - ratio * days["expected"], level)
    return Estimate(ratio - 1, ratio - 1 + apart.low / told, ratio - 1 + apart.high / told, n)


def _with_agents(grid: pd.DataFrame, shifts: pd.DataFrame) -> pd.DataFrame:
    duty = on_duty(shifts, grid["day"].unique())
    grid = grid.merge(duty, on=["day", "slot"], how="left").fillna({"agents": 0.0})
    return grid.assign(agents=np.round(grid["agents"]).astype(int))


def _spread(grid: pd.DataFrame, chance: np.ndarray) -> float:
    """How much those who give up scatter, in variances of a coin that each call would toss alone."""
    n = grid["calls"].to_numpy(float)
    usable = (chance > 0) & (chance < 1) & (n > 0)
    variance = (n * chance * (1 - chance))[usable]
    if variance.sum() <= 0:
        return 1.0
    beyond = ((grid["given_up"].to_numpy() - n * chance) ** 2)[usable]
    return float(max(beyond.sum() / variance.sum(), 1.0))


def _clumped(calls, p, spread: float, rng) -> np.ndarray:
    """Draws of a beta-binomial whose variance is `spread` times the binomial's."""
    n = np.maximum(calls, 1)
    rho = np.clip((spread - 1) / np.maximum(n - 1, 1), 0.0, 0.9)
    inner = (p > 0) & (p < 1) & (rho > 1e-9)
    strength = np.where(inner, (1 - rho) / np.maximum(rho, 1e-9), 1.0)
    a, b = np.where(inner, p * strength, 1.0), np.where(inner, (1 - p) * strength, 1.0)
    chance = np.where(inner, rng.beta(np.maximum(a, 1e-9), np.maximum(b, 1e-9)), np.clip(p, 0, 1))
    return rng.binomial(calls, np.clip(chance, 0, 1))
