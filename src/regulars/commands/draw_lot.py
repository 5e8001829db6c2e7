"""Draw the lot of a campaign: with real ids for the mailing, by pseudonym for the page."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from regulars import privacy, retention, segments
from regulars.actions import lately_contacted
from regulars.catalog.places import csv_text
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.lots import COLUMNS, CONTROL, drawn, kept_back
from regulars.paths import LOTS, project_root
from regulars.private_files import private_place, write_for_owner

NAME = re.compile(r"[\w][\w.-]{0,60}")


@dataclass(frozen=True)
class Lot:
    """A lot that was drawn.

    Parameters
    ----------
    file : pathlib.Path
        With real ids.
    kept : pathlib.Path
        By pseudonym.
    contacted, controls : int
    without_consent, contacted_lately, kept_back : int
        Customers who were left out: they said no, were contacted lately, or are controls of a lot that still runs.
    """

    file: Path
    kept: Path
    contacted: int
    controls: int
    without_consent: int
    contacted_lately: int
    kept_back: int


def draw_lot(
    dataset: str, campaign: str, control: float, *, of_calls: bool = False, version: int = 1, output: Path | None = None
) -> Lot:
    """Draw the next control group and save it: with real ids for the mailing, by pseudonym for the page.

    Parameters
    ----------
    dataset : str
        One whose pages are built.
    campaign : str
        As ``campaigns.campaign_id`` will call it.
    control : float
        Share kept back, above 0 and at most 0.5.
    of_calls : bool
        Draw from the call list of the retention page alone, to see what calls bring.
    version : int
    output : Path, optional
        Default: ``private/<dataset>/lot-<campaign>.csv``.

    Returns
    -------
    Lot

    Raises
    ------
    UserError
        Where the share is none, the lot was drawn already, or nobody is left to draw from.
    """
    if not 0 < control <= 0.5:
        raise UserError(f"The share to keep back is {control:g}: give one above 0 and up to 0.5.")
    if not NAME.fullmatch(campaign):
        raise UserError(f"'{campaign}' cannot be a file's name: call the campaign by letters, digits, - and _.")
    shop, root = Dataset(dataset), project_root()
    rules = shop.settings("actions").campaigns
    place = root / LOTS / dataset / (campaign if version == 1 else f"{campaign}.{version}")
    kept = place.with_name(f"{place.name}.csv")
    if kept.exists():
        raise UserError(
            f"{kept.relative_to(root).as_posix()} is drawn already: another lot needs --draw {version + 1}."
        )
    value = _called(shop) if of_calls else shop.value[["customer_id", "tier"]]
    no = segments.refusing(shop.tables.get("customers"))
    just = lately_contacted(shop.tables.supplied("contacts", "campaign_contacts"), shop.end, rules.cooldown_days)
    without, lately = value["customer_id"].isin(no), value["customer_id"].isin(just)
    running = kept_back(dataset, shop.value["customer_id"], end=shop.end, days=rules.outcome_days)
    back = value["customer_id"].isin(running)
    may = value[~without & ~lately & ~back]
    if len(may) < 4:
        raise UserError(f"{dataset} has {len(may)} customers who may be contacted now: there is no lot to draw.")
    lot = drawn(may.assign(stratum=may["tier"].astype("string").fillna("none")), campaign, control, version)
    file = private_place(output, dataset, f"lot-{place.name}.csv")
    write_for_owner(file, csv_text(lot).encode("utf-8-sig"))
    shown = lot.assign(customer=privacy.pseudonyms(lot["customer_id"], dataset))[COLUMNS]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(csv_text(shown.sort_values("customer")), encoding="utf-8")
    about = {"campaign": campaign, "control": control, "version": version, "drawn_from": str(shop.end), "n": len(lot)}
    kept.with_suffix(".json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    controls = int((lot["group"] == CONTROL).sum())
    left_out = without, lately & ~without, back & ~without & ~lately
    return Lot(file, kept, len(lot) - controls, controls, *(int(rows.sum()) for rows in left_out))


def _called(shop: Dataset) -> pd.DataFrame:
    """Whom the retention page says to call, with their tiers."""
    rules, scored = shop.settings("retention"), shop.customers
    listed = retention.at_risk(scored, rules.list_length, min_alive=rules.call_min_alive)
    return scored.loc[scored["customer_id"].isin(listed["customer_id"]), ["customer_id", "tier"]]
