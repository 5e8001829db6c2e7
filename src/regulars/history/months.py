"""Months ahead as they were told when an earlier month was closed, held against what came."""

from datetime import date

import pandas as pd

from regulars.clv.month_by_month import MEASURES
from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.history.closed import FOLDER, MONTHS, closed_days, read_summary, read_table
from regulars.history.told_months import hold_against

ENDS = tuple(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high"))
COLUMNS = ("month", "start", "with_new", "share", *ENDS)
LOOK_BACK_DAYS = 366  # the earliest forecast within a year is drawn: it has most months to be held against


def read_months(dataset: str, observation_end, *, share: float = 1.0) -> tuple[date, pd.DataFrame] | None:
    """Months ahead as they were told within the last year, by the earliest forecast that was saved in it.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    observation_end : date
        Only what was told before it.
    share : float
        Of the customers that the pages are made from; what was told must be of the same.

    Returns
    -------
    (date, pandas.DataFrame) or None
        The day on which it was told and one row per month ahead; None where nothing was saved.

    Raises
    ------
    UserError
        Where a file cannot be read, belongs elsewhere, or lacks a column.
    """
    days = closed_days(dataset, observation_end, file=MONTHS)
    if not days:
        return None
    since = (pd.Timestamp(observation_end) - pd.Timedelta(days=LOOK_BACK_DAYS)).date().isoformat()
    day = next((one for one in days if one >= since), days[-1])
    read_summary(dataset, day)  # refuses what belongs elsewhere
    months = read_table(dataset, day, MONTHS, columns=COLUMNS, dates=("start",))
    place = (FOLDER / dataset / day / MONTHS).as_posix()
    if months.empty:
        raise UserError(f"{place} has no rows: restore it.")
    if abs(float(months["share"].iloc[0]) - share) > 1e-9:
        raise UserError(
            f"{place} was made from {months['share'].iloc[0]:.3g} of the customers and the pages now from "
            f"{share:.3g}: their sums cannot be compared; close the month again with the present setting."
        )
    return date.fromisoformat(day), months


@tells
def tell_earlier(dataset: str, orders: pd.DataFrame, *, observation_end, share: float = 1.0) -> Finding:
    """Hold the months ahead that were told before against what came.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_end : date
        Last day of the data.
    share : float
        Of the customers that the pages are made from.

    Returns
    -------
    regulars.finding.Finding
        Of `regulars.history.told_months.hold_against`; ``not_supplied`` where nothing was saved, ``unusable`` where a
        file cannot be read, belongs elsewhere, or lacks a column.
    """
    saved = read_months(dataset, observation_end, share=share)
    return hold_against(orders, *saved, observation_end) if saved else Finding(NOT_SUPPLIED)
