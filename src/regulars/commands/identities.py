"""Who may be one person: candidates written for decision, by rules, and by Splink where it is installed."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from regulars.catalog.places import csv_text, edited_rows
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.interaction.identity import contradicts, identity_candidates, normal, records, without_placeholders
from regulars.interaction.linking import linked_pairs
from regulars.paths import project_root
from regulars.private_files import write_for_owner

COLUMNS = ("customer_id", "other_id", "rules", "probability", "contradicts", "decision")
LIKELY = 0.99  # probability from which Splink alone proposes a pair
SIDE_BY_SIDE = ("given_name", "surname", "birth", "postcode", "address", "phone", "email", "card")


@dataclass(frozen=True)
class Proposed:
    """What was written.

    Parameters
    ----------
    decisions : pathlib.Path
        Pairs with room for a decision: ids, rules and probability, nothing else of a person.
    values : pathlib.Path
        What is known of both sides of each pair, for the eyes of whoever decides.
    pairs, decided : int
        Pairs in all, and those that bear a decision already.
    by_rules_alone : str
        Why Splink took no part; empty where it did.
    """

    decisions: Path
    values: Path
    pairs: int
    decided: int
    by_rules_alone: str


def proposals(identities: pd.DataFrame, earlier: pd.DataFrame, *, seed: int = 1) -> tuple[pd.DataFrame, str]:
    """Pairs of customers that may be one person, with what was decided earlier.

    Parameters
    ----------
    identities : pandas.DataFrame
        Clean table ``identities``.
    earlier : pandas.DataFrame
        The decision file as it is, text; empty where there is none. No decision of it is lost.
    seed : int

    Returns
    -------
    pairs : pandas.DataFrame
        The columns of the decision file, likely pairs first.
    by_rules_alone : str
        Why Splink took no part; empty where it did.

    Examples
    --------
    >>> rows = [("a", "name", "Ann Barton"), ("a", "email", "ann@x.org"), ("b", "name", "A Barton"),
    ...         ("b", "email", "Ann@x.org")]
    >>> log = pd.DataFrame(rows, columns=["customer_id", "kind", "value"]).assign(source="shop", external_id="1")
    >>> pairs, _ = proposals(log, pd.DataFrame(columns=list(COLUMNS)))
    >>> pairs[["customer_id", "other_id", "rules", "decision"]].to_numpy().tolist()
    [['a', 'b', 'email', '']]
    """
    pairs = identity_candidates(identities).pairs.drop(columns="contradicts")
    known, why = without_placeholders(normal(identities).dropna(subset=["customer_id"]))[0], ""
    try:
        linked = linked_pairs(records(known), at_least=LIKELY, seed=seed)
        pairs = pairs.merge(linked, on=["customer_id", "other_id"], how="outer")
    except UserError as error:
        why, pairs = str(error), pairs.assign(probability=float("nan"))
    pairs["contradicts"] = contradicts(pairs, known)
    pairs = pairs.sort_values(
        ["contradicts", "probability", "customer_id", "other_id"],
        ascending=[True, False, True, True],
        na_position="last",
    )
    text = pd.DataFrame(
        {
            "customer_id": pairs["customer_id"].astype(object),
            "other_id": pairs["other_id"].astype(object),
            "rules": pairs["rules"].astype(object).fillna(""),
            "probability": [f"{value:.4f}" if value == value else "" for value in pairs["probability"]],
            "contradicts": ["yes" if value else "no" for value in pairs["contradicts"]],
        }
    )
    key = ["customer_id", "other_id"]
    made = text.merge(earlier[[*key, "decision"]], on=key, how="left").fillna({"decision": ""})
    # what was merged already is no candidate any more: its decision stands all the same
    kept = earlier[earlier["decision"].str.strip() != ""].merge(made[key], on=key, how="left", indicator=True)
    kept = kept[kept["_merge"] == "left_only"].reindex(columns=list(COLUMNS)).fillna("")
    return pd.concat([kept, made], ignore_index=True)[list(COLUMNS)], why


def write_proposals(dataset: str) -> Proposed:
    """Find candidates of a dataset and write them to be decided, keeping what was decided before.

    Parameters
    ----------
    dataset : str
        One that is cleaned and has the table ``identities``.

    Returns
    -------
    Proposed

    Raises
    ------
    UserError
        Where there is no such table.
    """
    opened, root = Dataset(dataset), project_root()
    if "identities" not in opened.tables:
        raise UserError(
            f"{dataset} has no table identities: map what each source knows of a person (data/sources/demo.yaml)."
        )
    identities = opened.tables["identities"]
    file = root / "data" / "identities" / f"{dataset}.csv"
    earlier = _earlier(file)
    pairs, why = proposals(identities, earlier, seed=opened.settings("interaction").seed)
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(csv_text(pairs, exact=True), encoding="utf-8")
    aside.replace(file)
    values = root / "private" / dataset / "identity-candidates.csv"
    beside = _side_by_side(pairs, records(normal(identities)))
    write_for_owner(values, csv_text(beside).encode("utf-8-sig"))
    return Proposed(file, values, len(pairs), int((pairs["decision"] != "").sum()), why)


def _earlier(file: Path) -> pd.DataFrame:
    if not file.is_file():
        return pd.DataFrame(columns=list(COLUMNS), dtype=object)
    frame = pd.DataFrame(edited_rows(file), dtype=object).reindex(columns=list(COLUMNS)).fillna("")
    return frame.drop_duplicates(["customer_id", "other_id"], keep="last")


def _side_by_side(pairs: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    shown = [name for name in SIDE_BY_SIDE if name in known]
    one = known[["customer_id", *shown]].add_suffix("_1").rename(columns={"customer_id_1": "customer_id"})
    two = known[["customer_id", *shown]].add_suffix("_2").rename(columns={"customer_id_2": "other_id"})
    table = pairs.drop(columns="decision").astype({"customer_id": "string", "other_id": "string"})
    table = table.merge(one, on="customer_id", how="left").merge(two, on="other_id", how="left")
    order = [f"{name}_{side}" for name in shown for side in (1, 2)]
    return table[[*(name for name in COLUMNS if name != "decision"), *order]]
