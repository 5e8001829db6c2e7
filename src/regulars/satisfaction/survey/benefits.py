"""Five benefits of loyalty by loyalty type, each from what happened after the type was measured."""

from enum import StrEnum
from typing import Any

import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.labels import LoyaltyType
from regulars.satisfaction.survey.indices import mean
from regulars.settings import SatisfactionSettings
from regulars.statistics.intervals import Estimate, difference, from_row, share, to_row


class BenefitsVerdict(StrEnum):
    """Whether more of the truly loyal order again than of the type that does least, beyond noise."""

    MORE = "more"
    UNCLEAR = "unclear"


def benefits_of_loyalty(
    types: pd.Series,
    since: pd.Series,
    orders: pd.DataFrame,
    observation_end,
    *,
    within_days: int = 180,
    categories: pd.DataFrame | None = None,
    referrals: pd.DataFrame | None = None,
    immunity: pd.Series | None = None,
    level: float = 0.9,
    min_cell: int = 5,
) -> pd.DataFrame:
    """Five benefits of loyalty by loyalty type, each from what happened after the type was measured.

    Parameters
    ----------
    types : pandas.Series
        Loyalty type by customer_id.
    since : pandas.Series
        Day on which it was measured, by customer_id; customers whose window is not over are left out.
    orders : pandas.DataFrame
        ``customer_id``, ``ordered_at``.
    observation_end : date
        Last day of the data.
    within_days : int
        Window after the answer.
    categories : pandas.DataFrame, optional
        ``customer_id``, ``ordered_at``, ``category`` of what was bought, for cross-buying.
    referrals : pandas.DataFrame, optional
        ``referrer_id``, ``at``: whom customers brought. What they say they would do is no referral.
    immunity : pandas.Series, optional
        0 to 100 by customer_id: would stay although another is cheaper.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    min_cell : int
        Types with fewer customers are left out.

    Returns
    -------
    pandas.DataFrame
        One row per type, in the order of the types: ``loyalty_type``, ``n``; ``repeat`` (share who ordered in the
        window), ``faster`` (mean days until the next order, of those who ordered), ``crossing`` (mean number of
        categories bought, of those who ordered), ``referral`` (share who brought somebody in the window), ``immunity``
        (mean), each with limits; NaN where it is not supplied.

    Raises
    ------
    UntoldError
        Where the window of no answer is over.

    References
    ----------
    Reichheld, F. F. and Sasser, W. E. (1990), Harvard Business Review 68(5), 105-111.
    """
    length, end = pd.Timedelta(days=within_days), pd.Timestamp(observation_end)
    known = types.dropna().index.intersection(since.dropna().index)
    known = known[(since[known] + length <= end).to_numpy()]
    if known.empty:
        raise UntoldError(
            f"Table surveys: no answer that tells a type of loyalty is {within_days} days old, so what followed it "
            "cannot be told yet: wait."
        )
    bought = _inside(orders, since[known], length)
    first = bought["ordered_at"].groupby(bought["customer_id"].astype(object)).min()
    asked = since[known].to_numpy()[known.get_indexer(first.index)].astype("datetime64[D]")
    wait = pd.Series((first.to_numpy().astype("datetime64[D]") - asked).astype(float), index=first.index)
    crossing = None
    if categories is not None:
        inside = _inside(categories.dropna(subset=["category"]), since[known], length)
        crossing = inside.groupby("customer_id")["category"].nunique()
    brought = None
    if referrals is not None:
        log = referrals[["referrer_id", "at"]].set_axis(["customer_id", "ordered_at"], axis=1)
        brought = _inside(log, since[known], length)["customer_id"].astype(object)
    rows = []
    for kind in LoyaltyType:
        those = known[(types[known] == kind.value).to_numpy()]
        if len(those) < max(min_cell, 1):
            continue
        days = wait.reindex(those).dropna()
        told = {
            "repeat": share(len(days), len(those), level),
            "faster": mean(days, level),
            "crossing": _mean_of(crossing, those, level),
            "referral": _share_of(brought, those, level),
            "immunity": _mean_of(immunity, those, level),
        }
        row: dict[str, Any] = {"loyalty_type": kind.value, "n": len(those)}
        for name, found in told.items():
            row |= to_row(found, name)
        rows.append(row)
    return pd.DataFrame(rows)


def _inside(log, since, length) -> pd.DataFrame:
    rows = log[log["customer_id"].isin(since.index)]
    start = pd.to_datetime(rows["customer_id"].astype(object).map(since)).dt.normalize() + pd.Timedelta(days=1)
    day = pd.to_datetime(rows["ordered_at"])
    return rows[((day >= start) & (day < start + length)).to_numpy()].assign(ordered_at=day)


def _share_of(who, those, level) -> Estimate:
    return Estimate(float("nan")) if who is None else share(int(those.isin(who).sum()), len(those), level)


def _mean_of(values, those, level) -> Estimate:
    return Estimate(float("nan")) if values is None else mean(values.reindex(those), level)


@tells
def tell_benefits(table: pd.DataFrame, settings: SatisfactionSettings) -> Finding:
    """What true loyalty brings beside the other types; not supplied without two types to compare.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `benefits_of_loyalty`.
    settings : SatisfactionSettings
        Its ``handling.return_days``: days after the answer in which an order counts.

    Returns
    -------
    Finding
        Verdict a `BenefitsVerdict`; frame ``table``.
    """
    if len(table) < 2 or LoyaltyType.TRUE.value not in set(table["loyalty_type"]):
        return Finding(NOT_SUPPLIED)
    rows = table.set_index("loyalty_type")
    loyal, others = from_row(rows.loc[LoyaltyType.TRUE.value], "repeat"), rows.drop(index=LoyaltyType.TRUE.value)
    other = others["repeat"].idxmin()
    weakest = from_row(others.loc[other], "repeat")
    verdict = BenefitsVerdict.MORE if difference(loyal, weakest).low > 0 else BenefitsVerdict.UNCLEAR
    facts = {"true": loyal, "other": str(other), "weakest": weakest, "days": settings.handling.return_days}
    return Finding(verdict, facts, {"table": table})
