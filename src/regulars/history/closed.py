"""Where closed months lie, and what each says of itself: read, and checked."""

import json
from pathlib import Path

import pandas as pd

from regulars.errors import UserError
from regulars.paths import HISTORY, project_root

FOLDER = HISTORY
SUMMARY, CUSTOMERS, MONTHS = "told.json", "customers.csv", "months.csv"
INDICATORS, HELD, ACTIONS, PROSPECTS = "indicators.csv", "held.csv", "actions.json", "prospects.csv"
INDICATOR_COLUMNS = ("indicator", "month", "value", "n")
# a month that was told and is over: by which closing, what was told, what came, what carrying on would have said
HELD_COLUMNS = ("told_on", "start", "measure", "told", "low", "high", "came", "inside", "naive")


def closed_days(dataset: str, observation_end, *, file: str = SUMMARY) -> list[str]:
    """Days before a day at which a month was closed, the earliest first.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    observation_end : date
        Only what was closed before it.
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


def read_summary(dataset: str, day: str) -> dict:
    """What a closed month says of itself.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    day : str
        One of `closed_days`.

    Returns
    -------
    dict
        ``dataset``, ``observation_end``, ``active_within_days``, ``horizon_months``, ``expected_active`` (value, low,
        high, n), ``clv``, ``value_at_risk``.

    Raises
    ------
    UserError
        Where the file cannot be read, or is of another dataset or day than its folder says.
    """
    place = FOLDER / dataset / day
    try:
        content = json.loads((project_root() / place / SUMMARY).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise _damaged(place, error) from None
    for name, wanted in (("dataset", dataset), ("observation_end", day)):
        if content.get(name) != wanted:
            raise UserError(
                f"{(place / SUMMARY).as_posix()}: {name} is {content.get(name)!r}, not {wanted!r}: the file belongs "
                "elsewhere; move it to its own folder."
            )
    return content


def read_table(dataset: str, day: str, file: str, *, columns: tuple[str, ...], dates: tuple[str, ...]) -> pd.DataFrame:
    """One table of a closed month.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    day : str
        One of `closed_days`.
    file : str
        ``customers.csv`` or ``months.csv``.
    columns : tuple of str
        That must be there.
    dates : tuple of str
        Those of them that are dates.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UserError
        Where the file cannot be read, or lacks a column.
    """
    place = FOLDER / dataset / day / file
    try:
        table = pd.read_csv(project_root() / place, dtype={"customer": "string"})
        # of a table without rows too, such as the forecasts that the first month to be closed can hold to anything
        table = table.astype({name: "datetime64[us]" for name in dates if name in table})
    except (ValueError, OSError) as error:
        raise _damaged(place, error) from None
    missing = [name for name in columns if name not in table]
    if missing:
        raise UserError(f"{place.as_posix()} has no column {missing[0]!r}: restore it.")
    return table


def _damaged(place: Path, error: Exception) -> UserError:
    return UserError(f"{place.as_posix()} cannot be read ({error}): restore it from the repository.")
