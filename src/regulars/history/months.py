"""Where what was told at the end of a month lies, and the months ahead that were told then: read, and checked."""

import json
from datetime import date
from pathlib import Path

import pandas as pd

from regulars.clv.month_by_month import MEASURES
from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, Finding, tells
from regulars.history.told_months import hold_against
from regulars.paths import project_root

FOLDER = Path("data", "history")
TOLD, MONTHS = "told.json", "months.csv"
ENDS = tuple(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high"))
COLUMNS = ("month", "start", "with_new", "share", *ENDS)
LOOK_BACK_DAYS = 366  # the earliest forecast within a year is drawn: it has most months to be held against


def saved_days(dataset: str, observation_end, file: str = TOLD) -> list[str]:
    """Days before a day on which something was told, the earliest first.

    Parameters
    ----------
    dataset : str
        Whose history is read.
    observation_end : date
        Only what was told before it.
    file : str
        Which must be there.

    Returns
    -------
    list of str
        ISO dates, names of folders.
    """
    end = pd.Timestamp(observation_end).date().isoformat()
    folder = project_root() / FOLDER / dataset
    return sorted(path.parent.name for path in folder.glob(f"*/{file}") if path.parent.name < end)


def read_told(dataset: str, day: str) -> dict:
    """What was told on a day, from its ``told.json``.

    Parameters
    ----------
    dataset, day : str
        Whose history is read, and the day on which it was told.

    Returns
    -------
    dict

    Raises
    ------
    UserError
        Where the file cannot be read, or is of another dataset or day than its folder says.
    """
    place = FOLDER / dataset / day
    try:
        told = json.loads((project_root() / place / TOLD).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UserError(f"{place.as_posix()} cannot be read ({error}): restore it from the repository.") from None
    for name, wanted in (("dataset", dataset), ("observation_end", day)):
        if told.get(name) != wanted:
            raise UserError(
                f"{(place / TOLD).as_posix()}: {name} is {told.get(name)!r}, not {wanted!r}: the file belongs "
                "elsewhere; move it to its own folder."
            )
    return told


def read_months(dataset: str, observation_end, share: float = 1.0) -> tuple[date, pd.DataFrame] | None:
    """Months ahead as they were told within the last year, by the earliest forecast that was saved in it.

    Parameters
    ----------
    dataset : str
        Whose history is read.
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
    days = saved_days(dataset, observation_end, MONTHS)
    if not days:
        return None
    since = (pd.Timestamp(observation_end) - pd.Timedelta(days=LOOK_BACK_DAYS)).date().isoformat()
    day = next((one for one in days if one >= since), days[-1])
    read_told(dataset, day)
    place = FOLDER / dataset / day / MONTHS
    try:
        months = pd.read_csv(project_root() / place, parse_dates=["start"])
    except (ValueError, OSError) as error:
        raise UserError(f"{place.as_posix()} cannot be read ({error}): restore it from the repository.") from None
    missing = [name for name in COLUMNS if name not in months]
    if missing or not len(months):
        raise UserError(f"{place.as_posix()} has no {f'column {missing[0]!r}' if missing else 'rows'}: restore it.")
    if abs(float(months["share"].iloc[0]) - share) > 1e-9:
        raise UserError(
            f"{place.as_posix()} was made from {months['share'].iloc[0]:.3g} of the customers and the pages now from "
            f"{share:.3g}: their sums cannot be compared; close the month again with the present setting."
        )
    return date.fromisoformat(day), months


@tells
def tell_earlier(dataset: str, orders: pd.DataFrame, *, observation_end, share: float = 1.0) -> Finding:
    """Hold the months ahead that were told before against what came.

    Parameters
    ----------
    dataset : str
        Whose history is read.
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    observation_end : date
        Only what was told before it.
    share : float
        Of the customers that the pages are made from; what was told must be of the same.

    Returns
    -------
    regulars.finding.Finding
        Of `regulars.history.told_months.hold_against`; ``not_supplied`` where nothing was saved, ``unusable`` where a
        file cannot be read, belongs elsewhere, or lacks a column.
    """
    saved = read_months(dataset, observation_end, share)
    return hold_against(orders, *saved, observation_end) if saved else Finding(NOT_SUPPLIED)
