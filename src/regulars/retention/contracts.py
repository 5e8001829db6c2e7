"""Customers under contract: who has ended theirs, how long the others will stay, what that is worth."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.beta_discrete_weibull import DurationDependence, duration_dependence
from regulars.finding import NOT_SUPPLIED, Finding, Remark, shows, tells
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, wilson, z_value
from regulars.statistics.roots import triangular_root
from regulars.statistics.survival import Curve, kaplan_meier

NEXT_DAY = pd.Timedelta(days=1)  # where the end is the last day paid, the next contract starts a day later
TERMS = 2400  # renewals that are summed up: two hundred years of months


class ContractsVerdict(StrEnum):
    """What becomes of a customer's own chance of leaving, the longer the customer is under contract."""

    ALIKE = "alike"  # one chance of leaving for all, renewal after renewal
    STEADY = "steady"  # differences between customers alone explain how retention changes
    RISING = "rising"
    FALLING = "falling"
    UNTOLD = "untold"  # nobody has left, or fewer than three renewals were watched


@shows
class Contracts(NamedTuple):
    """How long each customer has been under contract.

    Parameters
    ----------
    spells : pandas.DataFrame
        One row per customer, sorted: ``customer_id``, ``started_at``, ``ended_at`` (missing where the contract runs),
        ``periods`` (whole periods under contract, the one in which it ended included), ``has_ended``.
    reversed : int
        Contracts left out because they end before they start.
    later : int
        Contracts left out because they start after the end of the data.
    overlapping : int
        Contracts taken together with an earlier one of the same customer that had not ended; one that starts on the
        day on which another ends, or on the day after, is taken together with it as well, and is no fault.
    returned : int
        Contracts left out because the customer had ended an earlier one: a second life is not the first.
    """

    spells: pd.DataFrame
    reversed: int
    later: int
    overlapping: int
    returned: int


def contract_spells(contracts: pd.DataFrame, observation_end, period_months: int = 1) -> Contracts:
    """Make one spell per customer of contracts that may be wrong, overlap or follow each other.

    Parameters
    ----------
    contracts : pandas.DataFrame
        ``customer_id``, ``started_at``, ``ended_at`` (missing while it runs; later than the end of the data counts
        as running).
    observation_end : date
        Last day of the data; contracts that start later are left out.
    period_months : int
        Months from one renewal to the next; renewals fall on the day of the month on which the contract started.

    Returns
    -------
    Contracts

    Examples
    --------
    >>> contracts = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "c"], "started_at": pd.to_datetime(["2025-01-01"] * 4),
    ...     "ended_at": pd.to_datetime(["2025-03-01", "2025-05-10", None, "2024-12-01"])})
    >>> found = contract_spells(contracts, "2025-06-30")
    >>> found.spells[["customer_id", "periods", "has_ended"]].to_numpy().tolist(), found.reversed, found.overlapping
    ([['a', 5, True], ['b', 5, False]], 1, 1)

    An upgrade on the day after the last day paid is no end:

    >>> plans = pd.DataFrame({
    ...     "customer_id": "a", "started_at": pd.to_datetime(["2025-01-01", "2025-03-01"]),
    ...     "ended_at": pd.to_datetime(["2025-02-28", None])})
    >>> contract_spells(plans, "2025-06-30").spells["has_ended"].tolist()
    [False]
    """
    end = pd.Timestamp(observation_end).normalize()
    table = contracts[["customer_id", "started_at", "ended_at"]].copy()
    backwards = table["ended_at"] < table["started_at"]
    later = table["started_at"] > end
    table = table[~(backwards | later)].sort_values(["customer_id", "started_at", "ended_at"], kind="stable")
    table["until"] = table["ended_at"].where(table["ended_at"] <= end).fillna(end + pd.Timedelta(days=1))
    reach = table.groupby("customer_id")["until"].cummax()
    before = reach.groupby(table["customer_id"]).shift()
    overlaps = before.notna() & (table["started_at"] <= before + NEXT_DAY)
    gap = before.notna() & ~overlaps
    first_life = ~gap.groupby(table["customer_id"]).cummax()
    kept = table[first_life]
    grouped = kept.groupby("customer_id", sort=True)
    spells = grouped.agg(started_at=("started_at", "min"), until=("until", "max")).reset_index()
    spells["has_ended"] = spells["until"] <= end
    spells["ended_at"] = spells["until"].where(spells["has_ended"])
    until = spells["until"].clip(upper=end)
    whole, renewal = _whole_periods(spells["started_at"], until, period_months)
    # who leaves on the day of a renewal has had all of the period before it, and nothing of the next
    spells["periods"] = np.where(spells["has_ended"] & ((until > renewal) | (whole == 0)), whole + 1, whole)
    columns = ["customer_id", "started_at", "ended_at", "periods", "has_ended"]
    doubled = overlaps & (table["started_at"] < before) & first_life
    counts = (int(rows.sum()) for rows in (backwards, later, doubled, ~first_life))
    return Contracts(spells[columns], *counts)


def _whole_periods(start: pd.Series, until: pd.Series, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Periods completed between two days, and the day of the last renewal before or on the later one."""
    first, last = (days.to_numpy("datetime64[D]") for days in (start, until))
    between = (last.astype("datetime64[M]") - first.astype("datetime64[M]")).astype(int)
    between -= _renewal(first, between) > last
    whole = np.maximum(between, 0) // months
    return whole, _renewal(first, whole * months)


def _renewal(first: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Same day some months later, or the last of that month where it is too short."""
    month = first.astype("datetime64[M]")
    later = month + months
    last_of_month = (later + 1).astype("datetime64[D]") - 1
    return np.minimum(later.astype("datetime64[D]") + (first - month.astype("datetime64[D]")), last_of_month)


def survivors_of(periods, has_ended) -> np.ndarray:
    """Survivors as `regulars.clv.ShiftedBetaGeoFitter.fit` takes them, of customers watched for unequal times.

    Parameters
    ----------
    periods : array of int
        Renewal at which the contract ended, or renewals passed so far.
    has_ended : array of bool
        Whether it has.

    Returns
    -------
    numpy.ndarray
        One row for each group of customers of like fate, one column for each number of renewals; NaN where not yet
        known.

    Examples
    --------
    >>> survivors_of([1, 2, 2], [True, False, False]).tolist()
    [[1.0, 0.0, nan], [2.0, 2.0, 2.0]]
    """
    fates = pd.DataFrame({"periods": np.asarray(periods, int), "has_ended": np.asarray(has_ended, bool)})
    groups = fates.groupby(["periods", "has_ended"], sort=True).size().reset_index(name="n")
    age = np.arange(int(fates["periods"].max()) + 1 if len(fates) else 1)
    number, ended, until = (groups[name].to_numpy()[:, None] for name in ("n", "has_ended", "periods"))
    known = np.where(age <= until, number.astype(float), np.nan)
    return np.where(ended & (age == until), 0.0, known)


@shows
class ContractStory(NamedTuple):
    """What may be said of customers under contract.

    Parameters
    ----------
    curve : Curve
        Of the periods until a contract ended (Kaplan–Meier).
    dependence : DurationDependence
        Models of the time under contract, and whether a customer's own chance of leaving changes.
    table : pandas.DataFrame
        ``period``, ``seen`` with ``seen_low`` and ``seen_high`` (share still there; missing beyond what was
        watched), ``projected`` (beta-discrete-Weibull), ``simple`` (shifted beta-geometric).
    to_come : Estimate
        Discounted expected residual lifetime (DERL): renewals to come of a customer who is there now, on average over
        them, by the shifted beta-geometric or, where that is rejected, by the beta-discrete-Weibull; n counts them.
    next_year : Estimate
        Share of those there now who should be there as many renewals ahead as are projected, by the same model.
    """

    curve: Curve
    dependence: DurationDependence
    table: pd.DataFrame
    to_come: Estimate
    next_year: Estimate

    @property
    def verdict(self) -> ContractsVerdict:
        """By the interval of the exponent: whether it holds 1, or which way a customer's own chance goes."""
        if _is_simple(self.dependence):
            return ContractsVerdict.ALIKE if self.dependence.simple.findings_ else ContractsVerdict.STEADY
        return ContractsVerdict.RISING if self.dependence.c.value > 1 else ContractsVerdict.FALLING


def _is_simple(dependence: DurationDependence) -> bool:
    return not (dependence.c.low > 1 or dependence.c.high < 1)


def contract_story(
    spells: pd.DataFrame,
    *,
    annual_discount_rate: float,
    periods_per_year: float = 12,
    ahead: int = 12,
    level: float = 0.9,
    draws: int = 200,
    seed: int = 0,
) -> ContractStory:
    """How long customers under contract stay, seen and projected, and what is to come of those there now.

    Parameters
    ----------
    spells : pandas.DataFrame
        Of `contract_spells`.
    annual_discount_rate : float
        Per year, more than 0.
    periods_per_year : float
        Renewals a year.
    ahead : int
        Periods that are projected beyond those seen.
    level : float
        Of the intervals.
    draws : int
        Parameters drawn from their normal approximation, on the log scale, behind the interval of DERL.
    seed : int
        Of these draws.

    Returns
    -------
    ContractStory

    Raises
    ------
    ValueError
        Where nobody has left, or fewer than three periods were watched.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2010), Customer-base valuation in a contractual setting: the perils of ignoring
    heterogeneity, Marketing Science 29, 85-93 (DERL).

    Examples
    --------
    >>> spells = pd.DataFrame({"periods": [1] * 369 + [2] * 163 + [3] * 86 + [4] * 382})
    >>> spells = spells.assign(has_ended=spells.index < 674)
    >>> story = contract_story(spells, annual_discount_rate=0.1, periods_per_year=1)
    >>> story.verdict, round(story.to_come.value, 2), story.to_come.n
    (<ContractsVerdict.STEADY: 'steady'>, 5.68, 326)
    """
    curve = kaplan_meier(spells["periods"], spells["has_ended"], level)
    found = duration_dependence(survivors_of(spells["periods"], spells["has_ended"]), level)
    longest = int(spells["periods"].max())
    period = np.arange(longest + ahead + 1)
    seen = [curve.share_by(float(age)) for age in period]
    table = pd.DataFrame(
        {
            "period": period, "seen": [1 - share.value for share in seen],
            "seen_low": [1 - share.high for share in seen], "seen_high": [1 - share.low for share in seen],
            "projected": found.general.survival(period), "simple": found.simple.survival(period),
        }
    )  # fmt: skip
    rate = (1 + annual_discount_rate) ** (1 / periods_per_year) - 1
    now = spells.loc[~spells["has_ended"], "periods"].to_numpy()
    model = found.simple if _is_simple(found) else found.general
    root = np.sqrt(found.dispersion) * triangular_root(model.log_variance_matrix_)
    to_come, next_year = _to_come(model, root, now, rate=rate, ahead=ahead, level=level, draws=draws, seed=seed)
    return ContractStory(curve, found, table, to_come, next_year)


def _to_come(
    model, root: np.ndarray, renewals: np.ndarray, *, rate: float, ahead: int, level: float, draws: int, seed: int
) -> tuple[Estimate, Estimate]:
    """Of customers who have passed so many renewals: mean DERL, the next one undiscounted; the share there later.

    Parameters are drawn by ``root``, the triangular root of the variance of their logarithms.
    """
    n = len(renewals)
    if not n:
        return Estimate(float("nan"), n=0), Estimate(float("nan"), n=0)
    period, names = np.arange(TERMS), list(model.params_.index)
    age, customers = np.unique(renewals, return_counts=True)

    def mean(params) -> tuple[float, float]:
        model_drawn = type(model)()
        model_drawn.params_ = pd.Series(dict(zip(names, params, strict=True)))
        alive = model_drawn.survival(period)
        # what is due from each renewal on, worked out once from the end
        due = np.cumsum((alive * (1 + rate) ** -period.astype(float))[::-1])[::-1]
        derl = due[age + 1] / (alive[age] * (1 + rate) ** -(age + 1.0))
        later = alive[age + ahead] / alive[age]
        return float(np.average(derl, weights=customers)), float(np.average(later, weights=customers))

    noise = np.random.default_rng(seed).standard_normal((draws, len(names)))
    logs = np.log(model.params_[names].to_numpy()) + noise @ root.T
    with np.errstate(all="ignore"):  # draws that no curve goes with are left out
        drawn = [mean(np.exp(np.clip(row, -30, 30))) for row in logs]
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    found = mean(model.params_[names])
    derl, later = (
        Estimate(value, min(float(low[k]), value), max(float(high[k]), value), n) for k, value in enumerate(found)
    )
    return derl, later


class Recurring(NamedTuple):
    """Monthly fees of one day against those of the same customers some months later.

    Parameters
    ----------
    before, now : float
        Fees per month of all customers under contract then and now.
    net, gross : Estimate
        Of the fees then, what the same customers pay now: all of it, and at most what each paid then.
    """

    before: float
    now: float
    net: Estimate
    gross: Estimate


def recurring_revenue(contracts: pd.DataFrame, observation_end, *, months: int = 12, level: float = 0.9) -> Recurring:
    """Net and gross revenue retention of those who were under contract some months ago.

    Parameters
    ----------
    contracts : pandas.DataFrame
        ``customer_id``, ``started_at``, ``ended_at``, ``monthly_fee``; of contracts of one customer that overlap, the
        one that started last counts.
    observation_end : date
        Last day of the data: that of the fees now.
    months : int
        Before that day, of the fees then.
    level : float
        Of the intervals, those of a ratio of sums over customers (Cochran 1977, sec. 6.3).

    Returns
    -------
    Recurring
        Ratios are missing where fewer than two customers were under contract then.

    Examples
    --------
    >>> contracts = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "c"], "monthly_fee": [5.0, 8.0, 5.0, 5.0],
    ...     "started_at": pd.to_datetime(["2025-01-01", "2026-01-01", "2025-02-01", "2026-03-01"]),
    ...     "ended_at": pd.to_datetime(["2026-01-01", None, "2026-02-01", None])})
    >>> found = recurring_revenue(contracts, "2026-06-30")
    >>> found.before, found.now, found.net.value, found.gross.value
    (10.0, 13.0, 0.8, 0.5)
    """
    end = pd.Timestamp(observation_end).normalize()
    then, today = (_fees(contracts, day) for day in (end - pd.DateOffset(months=months), end))
    same = today.reindex(then.index).fillna(0.0)
    net, gross = (_ratio(part, then, level) for part in (same, np.minimum(same, then)))
    return Recurring(float(then.sum()), float(today.sum()), net, gross)


def _fees(contracts: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    runs = (contracts["started_at"] <= day) & ~(contracts["ended_at"] <= day)
    ordered = contracts[runs].sort_values(["customer_id", "started_at"], kind="stable")
    return ordered.groupby("customer_id")["monthly_fee"].last().astype(float)


def _ratio(part: pd.Series, whole: pd.Series, level: float) -> Estimate:
    n, total = len(whole), float(whole.sum())
    if n < 2 or not total > 0:
        return Estimate(float("nan"), n=n)
    ratio = float(part.sum()) / total
    error = float(np.sqrt(((part - ratio * whole) ** 2).sum() * n / (n - 1))) / total
    reach = z_value(level) * error
    return Estimate(ratio, max(ratio - reach, 0.0), ratio + reach, n)


def leaving_reasons(
    contracts: pd.DataFrame, spells: pd.DataFrame, *, level: float = 0.9, min_cell: int = 1
) -> pd.DataFrame:
    """Why contracts ended that no other followed.

    Parameters
    ----------
    contracts : pandas.DataFrame
        ``customer_id``, ``ended_at``, ``reason`` (missing where nobody asked).
    spells : pandas.DataFrame
        Of `contract_spells`.
    level : float
        Of Wilson's intervals.
    min_cell : int
        Reasons of fewer customers are left out.

    Returns
    -------
    pandas.DataFrame
        The most frequent first: ``reason``, ``customers``, ``n`` (who left and said why), ``share`` with limits.

    Examples
    --------
    >>> contracts = pd.DataFrame({"customer_id": ["a", "b"], "started_at": pd.to_datetime(["2025-01-01"] * 2),
    ...                           "ended_at": pd.to_datetime(["2025-03-01", None]), "reason": ["price", None]})
    >>> leaving_reasons(contracts, contract_spells(contracts, "2025-06-30").spells)["reason"].tolist()
    ['price']
    """
    last = contracts.merge(spells.loc[spells["has_ended"], ["customer_id", "ended_at"]], on=["customer_id", "ended_at"])
    said = last.dropna(subset=["reason"]).drop_duplicates("customer_id")["reason"]
    counts = said.value_counts().rename_axis("reason").reset_index(name="customers")
    counts = counts.sort_values(["customers", "reason"], ascending=[False, True], kind="stable")
    counts["n"] = len(said)
    counts["share"] = counts["customers"] / max(len(said), 1)
    counts["share_low"], counts["share_high"] = wilson(counts["customers"], counts["n"], level)
    return large_enough(counts, "customers", min_cell).reset_index(drop=True)


@tells
def tell_contracts(
    contracts: pd.DataFrame | None,
    observation_end,
    *,
    annual_discount_rate: float,
    level: float = 0.9,
    min_cell: int = 1,
    months: int = 12,
    seed: int = 0,
) -> Finding:
    """How long contracts last, what is to come of those that run, what became of their fees, and why the others ended.

    Parameters
    ----------
    contracts : pandas.DataFrame or None
        Clean table ``contracts``; None where not supplied.
    observation_end : date
        Last day of the data.
    annual_discount_rate : float
        Per year.
    level : float
        Of the intervals.
    min_cell : int
        Reasons given by fewer customers are not shown.
    months : int
        Months after the start at which the share still there is told, and over which fees are compared.
    seed : int
        Of the draws behind the interval of what is to come.

    Returns
    -------
    Finding
        Its verdict is a `ContractsVerdict`, or ``not_supplied``; frames ``curve`` and, where told, ``reasons``.
    """
    if contracts is None:
        return Finding(NOT_SUPPLIED)
    complete = _with_columns(contracts)
    found = contract_spells(complete, observation_end)
    faults = {name: getattr(found, name) for name in ("reversed", "later", "overlapping", "returned")}
    try:
        story = contract_story(found.spells, annual_discount_rate=annual_discount_rate, level=level, seed=seed)
    except ValueError:
        return Finding(ContractsVerdict.UNTOLD, {"customers": len(found.spells), **faults})
    gone = story.curve.share_by(months)
    still = Estimate(1 - gone.value, 1 - gone.high, 1 - gone.low, gone.n)
    usable = complete.merge(found.spells[["customer_id"]], on="customer_id")
    usable = usable[~(usable["ended_at"] < usable["started_at"])]
    fees = recurring_revenue(usable, observation_end, months=months, level=level)
    reasons = leaving_reasons(usable, found.spells, level=level, min_cell=min_cell)
    frames = {"curve": _curves(story)} | ({"reasons": reasons} if len(reasons) else {})
    facts = {
        "still": still, "months": months, "c": story.dependence.c, "chance": story.dependence.p_value,
        "to_come": story.to_come, "next_year": story.next_year,
        "running": story.to_come.n, "net": fees.net, "gross": fees.gross, "rate": annual_discount_rate, **faults,
    }  # fmt: skip
    if len(reasons):
        facts |= {"left": int(reasons["n"].iloc[0])}
    widened = float(np.sqrt(story.dependence.dispersion))
    remarks = [Remark("uneven", {"widened": widened})] if widened > 1 else []
    return Finding(story.verdict, facts, frames, remarks=remarks)


def _with_columns(contracts: pd.DataFrame) -> pd.DataFrame:
    """Add optional columns, missing where they are not supplied."""
    missing = {"ended_at": pd.NaT, "reason": pd.NA, "monthly_fee": float("nan")}
    return contracts.assign(**{name: value for name, value in missing.items() if name not in contracts})


def _curves(story: ContractStory) -> pd.DataFrame:
    """Share still there, as seen and as projected, one below the other."""
    table = story.table
    seen = (
        table[["period", "seen", "seen_low", "seen_high"]]
        .dropna()
        .set_axis(["period", "share", "share_low", "share_high"], axis=1)
    )
    chosen = table["simple" if _is_simple(story.dependence) else "projected"]
    projected = pd.DataFrame({"period": table["period"], "share": chosen})
    both = pd.concat([seen.assign(curve="seen"), projected.assign(curve="projected")], ignore_index=True)
    return both[["curve", "period", "share", "share_low", "share_high"]]
