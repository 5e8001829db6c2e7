"""What is told at the end of a month, saved as it was, for the pages of later months."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from regulars import retention
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.history.closed import CUSTOMERS, FOLDER, MONTHS, SUMMARY
from regulars.history.customers import COLUMNS
from regulars.history.months import COLUMNS as MONTH_COLUMNS
from regulars.paths import project_root
from regulars.rounding import plain, round_frame


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
    certainty = replace(models.certainty, level=settings.interval_level)
    expected = retention.expected_active(scored, certainty)
    listed = retention.at_risk(scored, settings.list_length, min_alive=settings.call_min_alive)["customer_id"]
    summary = {
        "dataset": shop.name, "observation_end": shop.end.isoformat(),
        "active_within_days": models.economics.active_within_days, "horizon_months": models.horizon_months,
        "expected_active": vars(expected), "clv": float(scored["clv"].sum()),
        "value_at_risk": float(scored["value_at_risk"].sum()),
    }  # fmt: skip
    table = scored.assign(customer=shop.pseudonyms(scored["customer_id"]), on_list=scored["customer_id"].isin(listed))
    table = round_frame(table.reindex(columns=list(COLUMNS)).sort_values("customer", ignore_index=True))
    folder = FOLDER / shop.name / summary["observation_end"]
    _write_once(folder / SUMMARY, json.dumps(plain(summary), indent=2, sort_keys=True) + "\n")
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
