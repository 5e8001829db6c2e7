"""The lots behind campaigns: drawn once, kept by pseudonym, with the real ids outside everything that travels."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from regulars import privacy, retention, segments
from regulars.actions.lists import lately_contacted
from regulars.catalog.places import csv_text
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.paths import LOTS, project_root
from regulars.private_files import private_place, write_for_owner

FOLDER = LOTS
NAME = re.compile(r"[\w][\w.-]{0,60}")
COLUMNS = ["customer", "group", "stratum"]
CONTACT, CONTROL = "contact", "control"


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


def drawn(customers: pd.DataFrame, campaign: str, control: float, version: int = 1) -> pd.DataFrame:
    """Draw a control group: in each stratum so large a part, those whose hash comes first.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``customer_id``, ``stratum``.
    campaign : str
    control : float
        Share kept back.
    version : int
        Another one is another lot.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``stratum``, ``group`` (contact, control), by customer_id: the same on any machine.

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": [str(i) for i in range(100)], "stratum": ["a"] * 60 + ["b"] * 40})
    >>> drawn(people, "spring", 0.1).groupby("stratum")["group"].agg(lambda group: (group == "control").sum()).tolist()
    [6, 4]
    """
    rows = customers[["customer_id", "stratum"]].sort_values("customer_id", ignore_index=True)
    texts = rows["customer_id"].astype(str) + f"|{campaign}|{version}"
    digest = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    rows["_hash"] = digest
    place = rows.groupby("stratum")["_hash"].rank(method="first")
    size = rows.groupby("stratum")["_hash"].transform("size")
    # whether one more is kept back for what a stratum's part leaves over is drawn as well
    exact = (control * size).to_numpy(float)
    shares = {one: _uniform(f"{one}|{campaign}|{version}") for one in rows["stratum"].unique()}
    left = rows["stratum"].map(shares).to_numpy(float)
    most = np.floor(exact + 1e-9) + (left < exact - np.floor(exact + 1e-9))
    rows["group"] = np.where(place.to_numpy(float) <= most, CONTROL, CONTACT)
    return rows[["customer_id", "stratum", "group"]]


def _uniform(text: str) -> float:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 16**8


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
    place = root / FOLDER / dataset / (campaign if version == 1 else f"{campaign}.{version}")
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


def read_lots(dataset: str, customer_ids: pd.Series) -> pd.DataFrame | None:
    """Lots of a dataset under real ids; the latest version of each campaign.

    Parameters
    ----------
    dataset : str
    customer_ids : pandas.Series
        All customers, whose pseudonyms are looked up.

    Returns
    -------
    pandas.DataFrame or None
        ``campaign_id``, ``customer_id``, ``is_control``, ``drawn_from`` (last day of the data it was drawn from); None
        where no lot was drawn.

    Raises
    ------
    UserError
        Where a file is not as `draw_lot` wrote it.
    """
    folder = project_root() / FOLDER / dataset
    about = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not about:
        return None
    latest: dict[str, tuple] = {}
    for file in about:
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            if told["version"] >= latest.get(told["campaign"], (0, None))[0]:
                day = pd.Timestamp(told["drawn_from"])
                latest[told["campaign"]] = (told["version"], file.with_suffix(".csv"), day)
        except (ValueError, KeyError, TypeError):
            raise _damaged(file) from None
    ids = pd.Series(customer_ids).astype("string").reset_index(drop=True)
    named = pd.Series(ids.to_numpy(), index=privacy.pseudonyms(ids, dataset).to_numpy())
    parts = []
    for campaign, (_, file, day) in sorted(latest.items()):
        try:
            rows = pd.read_csv(file, dtype="string")[COLUMNS]
        except (OSError, ValueError, KeyError):
            raise _damaged(file) from None
        who = rows["customer"].map(named)
        parts.append(
            pd.DataFrame(
                {"campaign_id": campaign, "customer_id": who, "is_control": rows["group"] == CONTROL, "drawn_from": day}
            )
        )
    table = pd.concat(parts, ignore_index=True).dropna(subset=["customer_id"])
    return table.astype({"campaign_id": "string", "customer_id": "string", "is_control": bool}).reset_index(drop=True)


def kept_back(dataset: str, customer_ids: pd.Series, *, end, days: int) -> list[str]:
    """Controls of the lots that still run: whoever contacts one of them spoils what that lot is to show.

    Parameters
    ----------
    dataset : str
    customer_ids : pandas.Series
        All customers.
    end : date
        Last day observed.
    days : int
        For which the orders after a lot count.

    Returns
    -------
    list of str
        Their ids, sorted.
    """
    table = read_lots(dataset, customer_ids)
    if table is None:
        return []
    runs = table["drawn_from"] > pd.Timestamp(end) - pd.Timedelta(days=days)
    return sorted(set(table.loc[runs & table["is_control"], "customer_id"]))


def _damaged(file: Path) -> UserError:
    name = file.relative_to(project_root()).as_posix()
    return UserError(f"{name} is not as `regulars draw-lot` wrote it: take it back from the repository.")
