"""What was told at the end of a month, saved as it was, and read by the pages of later months."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from regulars import privacy, retention
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.finding import Finding, attempted
from regulars.history.months import COLUMNS as MONTH_COLUMNS
from regulars.history.months import FOLDER, MONTHS, TOLD, read_told, saved_days
from regulars.paths import project_root
from regulars.purchases import Purchases, dates_of, day_number
from regulars.rounding import plain, round_frame

CUSTOMERS = "customers.csv"
DATES = ("next_order_low", "next_order_median", "next_order_high", "call_by")
COLUMNS = ("customer", "p_active", "p_never", *DATES, "clv", "value_at_risk", "on_list")


@dataclass(frozen=True)
class Saved:
    """What was told on a day.

    Parameters
    ----------
    told : dict
        ``dataset``, ``observation_end``, ``active_within_days``, ``horizon_months``, ``expected_active`` (value, low,
        high, n), ``clv``, ``value_at_risk``.
    customers : pandas.DataFrame
        One row per customer, by pseudonym: ``customer``, ``p_active``, ``p_never``, the dates, ``clv``,
        ``value_at_risk``, ``on_list``.
    """

    told: dict
    customers: pd.DataFrame

    @property
    def day(self) -> date:
        """Last day that was known."""
        return date.fromisoformat(self.told["observation_end"])


def close_month(shop: Dataset) -> Path:
    """Save what the pages of a dataset tell now.

    Parameters
    ----------
    shop : Dataset
        One whose pages are built.

    Returns
    -------
    pathlib.Path
        The folder written, from the project's root.

    Raises
    ------
    UserError
        Where the pages are not built, or something else has been saved for that day.
    """
    settings, models = shop.settings("retention"), shop.models
    if models.untold:
        raise UserError(f"There is nothing to hold {shop.name} to later: {models.untold}")
    if models.months_ahead is None:
        raise UserError(f"models/{shop.name}/clv.json tells no months ahead: build the pages again first.")
    scored = shop.customers
    expected = retention.expected_active(scored, models.certainty.level_uncertainty, settings.interval_level)
    listed = retention.at_risk(scored, settings.list_length, settings.call_min_alive)["customer_id"]
    told = {
        "dataset": shop.name, "observation_end": shop.end.isoformat(),
        "active_within_days": models.economics.active_within_days, "horizon_months": models.horizon_months,
        "expected_active": vars(expected), "clv": float(scored["clv"].sum()),
        "value_at_risk": float(scored["value_at_risk"].sum()),
    }  # fmt: skip
    table = scored.assign(customer=shop.pseudonyms(scored["customer_id"]), on_list=scored["customer_id"].isin(listed))
    table = round_frame(table.reindex(columns=list(COLUMNS)).sort_values("customer", ignore_index=True))
    folder = FOLDER / shop.name / told["observation_end"]
    _write_once(folder / TOLD, json.dumps(plain(told), indent=2, sort_keys=True) + "\n")
    _write_once(folder / CUSTOMERS, _text(table))
    months = pd.DataFrame(models.months_ahead).assign(share=shop.about.share)
    _write_once(folder / MONTHS, _text(round_frame(months[list(MONTH_COLUMNS)])))
    return folder


def _text(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")


def _write_once(relative: Path, content: str) -> None:
    file = project_root() / relative
    if file.is_file() and file.read_text(encoding="utf-8") != content:
        raise UserError(
            f"{relative.as_posix()} is there and says something else: what was told is not rewritten; if it was never "
            "shown to anybody, delete it and close the month again."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def read_latest(dataset: str, observation_end) -> Saved | None:
    """What was told last before a day; None where nothing has been saved.

    Parameters
    ----------
    dataset : str
    observation_end : date
        Only what was told before it.

    Returns
    -------
    Saved or None

    Raises
    ------
    UserError
        Where a file is of another dataset or another day than its folder says, or lacks a column.
    """
    days = saved_days(dataset, observation_end)
    if not days:
        return None
    told, place = read_told(dataset, days[-1]), FOLDER / dataset / days[-1]
    try:
        customers = pd.read_csv(
            project_root() / place / CUSTOMERS, parse_dates=list(DATES), dtype={"customer": "string"}
        )
    except (ValueError, OSError) as error:
        raise UserError(f"{place.as_posix()} cannot be read ({error}): restore it from the repository.") from None
    missing = [name for name in COLUMNS if name not in customers]
    if missing:
        raise UserError(f"{(place / CUSTOMERS).as_posix()} has no column {missing[0]!r}: restore it.")
    return Saved(told, customers)


def score(dataset: str, purchases: Purchases, observation_end, level: float = 0.9) -> Finding:
    """Score what was told last against what came: the finding for the page.

    Parameters
    ----------
    dataset : str
    purchases : regulars.purchases.Purchases
    observation_end : date
    level : float

    Returns
    -------
    regulars.finding.Finding
        Of `regulars.retention.saved_finding`; ``unusable``, with the sentence, where what was saved cannot be used.
    """
    return attempted(_scored, dataset, purchases, observation_end, level)


def _scored(dataset: str, purchases: Purchases, observation_end, level: float) -> Finding:
    saved = read_latest(dataset, observation_end)
    if saved is None:
        return retention.saved_finding(None, None, None, observation_end)
    everyone = np.arange(len(purchases.customers))
    came = purchases.next_days(everyone, np.full(len(everyone), day_number(saved.day)))
    later = np.isfinite(came)
    names = privacy.pseudonyms(purchases.customers[later], dataset)
    first = dates_of(came[later].astype(np.int64)).set_axis(pd.Index(names.array, name="customer"))
    return retention.saved_finding(saved.told, saved.customers, first, observation_end, level)
