"""The lots behind campaigns: drawn once, kept by pseudonym, with the real ids outside everything that travels."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

from regulars import privacy
from regulars.errors import UserError
from regulars.paths import LOTS, project_root

COLUMNS = ["customer", "group", "stratum"]
CONTACT, CONTROL = "contact", "control"


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
    folder = project_root() / LOTS / dataset
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
