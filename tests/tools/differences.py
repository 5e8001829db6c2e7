"""What a curious reader finds out about few people from the tables of a dataset: cells read off, differences taken."""

from collections import defaultdict

import pandas as pd

COUNTS = ("customers", "buyers", "tickets", "voices", "n")
LABELS = (
    "before", "after", "now", "segment", "group", "tier", "step", "customer_state", "lifecycle_stage", "cohort",
    "period", "loyalty_type", "category", "cluster", "portfolio_class", "relation_stage", "repeat_orders", "reason",
    "cause", "requested_remedy", "owner", "r_score", "fm_score", "status",
)  # fmt: skip
# rows of files, cases by month, what is counted in groups, and customers moved in thought
NOT_PEOPLE = (
    "flow.", "groups.tests", "ladder.matrix", "ledger.", "methods.agreement", "pyramid.up", "reasons.", "sufficiency.",
    "trust.",
)  # fmt: skip


PROSPECTS = ("suspect", "prospect", "disqualified")


def of_people(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables of cells: no list of customers by their pseudonyms, nothing of months to come."""
    kept = {key: table for key, table in tables.items() if "customer" not in table and not key.startswith(NOT_PEOPLE)}
    past = {key: table[~table["is_forecast"].astype(bool)] for key, table in kept.items() if "is_forecast" in table}
    # on the ladder stand prospects too; of the forecast the customers of today are people
    steps = {
        key: table[~table["lifecycle_stage"].astype(str).isin(PROSPECTS)].rename(columns={"now": "customers"})
        for key, table in kept.items()
        if key.startswith("ladder.") and "lifecycle_stage" in table
    }
    return kept | past | steps


def read_off(tables: dict[str, pd.DataFrame], least: int) -> list[str]:
    """Cells of 1 to least − 1 people that stand in a table."""
    found = []
    for key, table in of_people(tables).items():
        for name in (name for name in COUNTS if name in table and pd.api.types.is_numeric_dtype(table[name])):
            few = table[(table[name] > 0) & (table[name] < least)]
            found += [f"{key}: {name} is {value:g}" for value in few[name]]
    return found


def by_difference(tables: dict[str, pd.DataFrame], customers: int, least: int) -> list[str]:
    """Numbers of 1 to least − 1 people that a total less the cells shown gives, with the totals of all tables."""
    cells = {key: table for key, table in of_people(tables).items() if "customers" in table}
    totals = defaultdict(set)  # of a label, wherever it is told alone
    for table in cells.values():
        labels = [name for name in LABELS if name in table]
        if len(labels) == 1:
            for label, number in zip(table[labels[0]].astype(str), table["customers"], strict=True):
                totals[label].add(float(number))
    found = []
    for key, table in cells.items():
        labels = [name for name in LABELS if name in table]
        ways = [("", pd.Series("", table.index))] if labels else []
        ways += [(label, table[label].astype(str)) for label in labels if len(labels) > 1]
        for name, by in ways:
            for label, part in table.groupby(by):
                known = set(part["n"].astype(float)) if "n" in part else set()
                # of a group as it was before, the table itself has the number
                known |= {float(customers)} if not name else set() if name == "before" else totals[label]
                shown = part["customers"].astype(float).sum()
                found += [f"{key} {label}: {total:g} − {shown:g}" for total in known if 0 < total - shown < least]
    return found


def side_by_side(table: pd.DataFrame, cells: list[str], least: int) -> list[str]:
    """Rows of which one cell alone is blank, so that their total tells it, or a cell is of few people."""
    shown = table[cells].astype(float)
    told = (shown.isna().sum(axis=1) == 1) | ((shown.abs() > 0) & (shown.abs() < least)).any(axis=1)
    return [str(row.to_dict()) for _, row in shown[told].iterrows()]
