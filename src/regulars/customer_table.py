"""One row per customer with all that the stages found: the tables of the scored layer, joined."""

import pandas as pd

from regulars import catalog
from regulars.errors import UserError

PARTS = ("scored.segments", "scored.satisfaction", "scored.retention", "scored.interaction")


def join_scores(dataset: str, settings: dict | None = None) -> None:
    """Join the scored tables of a dataset and write ``data/scored/<dataset>/customers.parquet``."""
    value = catalog.load("scored.value", dataset)
    parts = {name: catalog.load(name, dataset) for name in PARTS if catalog.exists(name, dataset)}
    table = joined(value, parts)
    if catalog.exists("scored.preferences", dataset):
        table = with_tastes(table, catalog.load("scored.preferences", dataset))
    catalog.save(table, "scored.customers", dataset)


def with_tastes(customers: pd.DataFrame, preferences: pd.DataFrame) -> pd.DataFrame:
    """Customers with what each of them likes beside them.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer.
    preferences : pandas.DataFrame
        Of those with order lines; without a row nothing is added.

    Returns
    -------
    pandas.DataFrame
        The same rows with ``favourite``, ``next_product``, ``next_probability``; missing for who has no order line.

    Examples
    --------
    >>> likes = pd.DataFrame({"customer_id": ["b"], "favourite": "tea", "next_product": "x", "next_probability": 0.1})
    >>> with_tastes(pd.DataFrame({"customer_id": ["a", "b"]}), likes)["next_product"].tolist()
    [nan, 'x']
    """
    if preferences.empty:
        return customers
    tastes = preferences[["customer_id", *catalog.JOINED_TASTES]]
    return customers.merge(tastes, on="customer_id", how="left", validate="one_to_one")


def joined(value: pd.DataFrame, parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Value table with the columns of the other scored tables beside it.

    Parameters
    ----------
    value : pandas.DataFrame
        One row per customer; it decides who is in.
    parts : dict of str to pandas.DataFrame
        The other tables, one row per customer each; columns of a table that is not there stay absent.

    Returns
    -------
    pandas.DataFrame
        The rows of ``value``, in their order.

    Raises
    ------
    UserError
        Where a part names a customer twice, or one that the value table does not have, or misses one.

    Examples
    --------
    >>> value = pd.DataFrame({"customer_id": ["a", "b"], "clv": [1.0, 2.0]})
    >>> joined(value, {"segments": pd.DataFrame({"customer_id": ["b", "a"], "segment": ["loyal", "new"]})})
      customer_id  clv segment
    0           a  1.0     new
    1           b  2.0   loyal
    """
    result = value
    for name, part in parts.items():
        if part["customer_id"].equals(value["customer_id"]):  # as they are written: no text needs to be matched
            result = pd.concat([result, part.drop(columns="customer_id")], axis=1)
            continue
        if part["customer_id"].duplicated().any() or set(part["customer_id"]) != set(value["customer_id"]):
            raise UserError(
                f"Table {name} does not hold exactly the {len(value)} customers of scored.value once each: "
                "run both stages again with `dvc repro --force`."
            )
        result = result.merge(part, on="customer_id", how="left", validate="one_to_one")
    return result
