"""How many customers were kept, and how much of their revenue came again, month after month."""

import numpy as np
import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import Finding, tells
from regulars.purchases import Purchases, day_number, month_before
from regulars.retention.kept import kept_share
from regulars.statistics.intervals import Estimate, from_row, share, z_value

MOST_MONTHS = 24  # that are looked back
MEASURES = ("kept", "net", "gross")


def kept_over_time(purchases: Purchases, observation_end, days: int, *, level: float = 0.9) -> pd.DataFrame:
    """Customers and revenue kept from one window to the next, with the window ending on each month's last day.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought, and for how much.
    observation_end : date
        Last day of the data; months are counted back from it, as long as both windows are inside the data.
    days : int
        Length of the windows.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        The oldest first: ``end`` (date), ``measure``, ``value`` with its ends, ``n`` (customers of the first window).
        Kept: the share of them that bought in the second. Net: of their revenue what they spent in the second.
        Gross: the same, of each at most what was spent in the first. Month: the share of one calendar month's
        customers that bought in the next.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., sec. 6.3 (the ratio).

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "b"], "amount": [10.0, 4.0, 6.0, 9.0],
    ...     "ordered_at": pd.to_datetime(["2026-01-01", "2026-02-10", "2026-01-20", "2026-02-11"])})
    >>> found = kept_over_time(Purchases.of(orders), "2026-03-01", 30)
    >>> found[["measure", "value"]].to_numpy().tolist()
    [['kept', 1.0], ['net', 0.8125], ['gross', 0.625], ['month', 1.0]]
    """
    rows: list[dict] = []
    end = pd.Timestamp(observation_end).normalize()
    first = int(purchases.day.min()) if len(purchases.day) else 0
    while day_number(end) - 2 * days + 1 >= first and len(rows) < MOST_MONTHS * (len(MEASURES) + 1):
        told = dict(zip(MEASURES, _of_windows(purchases, day_number(end), days, level), strict=True))
        told["month"] = kept_share(purchases, end, level=level)
        rows += [
            {"end": end, "measure": name, "value": one.value, "value_low": one.low, "value_high": one.high, "n": one.n}
            for name, one in list(told.items())[::-1]
        ]
        end = pd.Timestamp(month_before(end))
    return pd.DataFrame(rows[::-1], columns=["end", "measure", "value", "value_low", "value_high", "n"])


def _of_windows(purchases: Purchases, end: int, days: int, level: float) -> tuple[Estimate, Estimate, Estimate]:
    """Share of customers, net and gross revenue kept from the window before to that which ends on a day."""
    day, size = purchases.day, len(purchases.customers)
    inside = {"now": (day > end - days) & (day <= end), "before": (day > end - 2 * days) & (day <= end - days)}
    came, was = (np.bincount(purchases.code[rows], minlength=size) > 0 for rows in inside.values())
    now, before = (np.bincount(purchases.code[rows], purchases.amount[rows], size) for rows in inside.values())
    after, then = now[was], before[was]
    kept = share(int((came & was).sum()), int(was.sum()), level)
    return kept, _ratio(after, then, level), _ratio(np.minimum(after, then), then, level)


def _ratio(above: np.ndarray, below: np.ndarray, level: float) -> Estimate:
    total = below.sum()
    if not total > 0:
        return Estimate(float("nan"), n=len(below))
    ratio = float(above.sum() / total)
    reach = float(z_value(level) * np.sqrt(((above - ratio * below) ** 2).sum()) / total)
    return Estimate(ratio, max(ratio - reach, 0.0), ratio + reach, len(below))


@tells
def tell_kept(purchases: Purchases, observation_end, *, days: int, level: float = 0.9) -> Finding:
    """How many customers were kept, and how much of their revenue came again.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought, and for how much.
    observation_end : date
        Last day of the data.
    days : int
        Length of the two windows that are compared.
    level : float
        Of the intervals.

    Returns
    -------
    Finding
        Facts ``kept``, ``net`` and ``gross`` of the last two windows; frames ``windows`` and ``months``.
    """
    table = kept_over_time(purchases, observation_end, days, level=level)
    if table.empty:
        raise UntoldError(f"the data are shorter than two stretches of {days} days.")
    last = table[table["end"] == table["end"].max()].set_index("measure")
    facts = {name: from_row(last.loc[name], "value") for name in MEASURES}
    of_months = table["measure"] == "month"
    frames = {"windows": table[~of_months], "months": table[of_months].drop(columns="measure").dropna(subset=["value"])}
    return Finding(None, {"days": days, **facts}, {name: frame for name, frame in frames.items() if len(frame)})
