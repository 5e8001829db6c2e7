"""Customers under contract: who has ended theirs, how long the others will stay, what that is worth."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.beta_discrete_weibull import DurationDependence, duration_dependence
from regulars.retention.survival import Curve, kaplan_meier


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
        Contracts taken together with an earlier one of the same customer that had not ended.
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
        Last day of the data.
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
    """
    end = pd.Timestamp(observation_end).normalize()
    table = contracts[["customer_id", "started_at", "ended_at"]].copy()
    backwards = table["ended_at"] < table["started_at"]
    later = table["started_at"] > end
    table = table[~(backwards | later)].sort_values(["customer_id", "started_at", "ended_at"], kind="stable")
    table["until"] = table["ended_at"].where(table["ended_at"] <= end).fillna(end + pd.Timedelta(days=1))
    reach = table.groupby("customer_id")["until"].cummax()
    before = reach.groupby(table["customer_id"]).shift()
    overlaps = before.notna() & (table["started_at"] <= before)
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
    return Contracts(
        spells[columns], int(backwards.sum()), int(later.sum()), int((overlaps & first_life).sum()),
        int((~first_life).sum()),
    )  # fmt: skip


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
    to_come : float
        Discounted renewals to be expected of a customer who is there now, on average over them.
    """

    curve: Curve
    dependence: DurationDependence
    table: pd.DataFrame
    to_come: float


def contract_story(
    spells: pd.DataFrame, annual_discount_rate: float, periods_per_year: float = 12, ahead: int = 12, level=0.9
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

    Returns
    -------
    ContractStory

    Raises
    ------
    ValueError
        Where nobody has left, or fewer than three periods were watched.
    """
    curve = kaplan_meier(spells["periods"], spells["has_ended"], level)
    found = duration_dependence(survivors_of(spells["periods"], spells["has_ended"]), level)
    longest = int(spells["periods"].max())
    period = np.arange(longest + ahead + 1)
    seen = [curve.share_by(age) for age in period]
    table = pd.DataFrame(
        {
            "period": period, "seen": [1 - share.value for share in seen],
            "seen_low": [1 - share.high for share in seen], "seen_high": [1 - share.low for share in seen],
            "projected": found.general.survival(period), "simple": found.simple.survival(period),
        }
    )  # fmt: skip
    rate = (1 + annual_discount_rate) ** (1 / periods_per_year) - 1
    now = spells.loc[~spells["has_ended"], "periods"]
    to_come = float(np.mean(found.simple.derl(now.to_numpy() + 1, rate))) if len(now) else float("nan")
    return ContractStory(curve, found, table, to_come)
